"""Digests: whether two objects of plain data say the same, by a text that is the same in every process and system."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import attrs

from aftersale.base.toml_lines import is_written


def digest(value: object) -> str:
    """Return the SHA-256 of plain data, in hexadecimal digits: see `plain`."""
    import hashlib  # with the system's cryptography, which no command needs that makes no digest

    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def plain(value: object, leave_out: Collection[str] = ()) -> Any:
    """Return a value as what JSON can hold, objects of attrs classes as tables.

    Fields of that name at the top are left out, those that no document writes, and all that have their default: a field
    that a later version adds changes nothing then. Equal numbers are equal texts (0.10 and 0.1).
    """
    kind: Any = type(value)
    if attrs.has(kind):
        return {
            field.name: plain(content)
            for field in attrs.fields(kind)
            if is_written(field)
            and field.name not in leave_out
            and (content := getattr(value, field.name)) != field.default
        }
    if isinstance(value, Mapping):
        return {str(name): plain(content) for name, content in value.items()}
    if isinstance(value, list | tuple):
        return [plain(content) for content in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value
