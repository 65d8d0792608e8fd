"""JSON documents: how results are written for programs, in the same bytes by every Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DIGITS = 12
"""Significant digits of a number where it is written: versions of Python, and of what counts, disagree on the last of
the 17 that there are. Inside, nothing is rounded.
"""


def as_json(data: object, ascii_only: bool = True, sort_keys: bool = False) -> str:
    """Return data as a JSON text, its numbers with DIGITS; what JSON has no word for, such as a day, is its text.

    Raises ValueError for a number that is none (NaN) or infinite: null says that there is nothing to tell.
    """
    return json.dumps(
        _written(data), indent=2, ensure_ascii=ascii_only, sort_keys=sort_keys, allow_nan=False, default=str
    )


def significant(value: float) -> float:
    """Return a number as it is written, with DIGITS."""
    return float(f"{value:.{DIGITS}g}")


def _written(data: Any) -> Any:
    if isinstance(data, float):
        return significant(data)
    if isinstance(data, Mapping):
        return {key: _written(value) for key, value in data.items()}
    return [_written(value) for value in data] if isinstance(data, list | tuple) else data
