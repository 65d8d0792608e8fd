"""Buyers: the numbers by which they are known; the names that a file has for them stay in the file."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import polars as pl

_DIGEST = 8
"""In bytes: two of a million buyers have the same pseudonym once in thirty million files."""


def numbered(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Return rows with the number of the buyer in place of the name, and the names by number.

    Numbers begin with 1, in order of first appearance; null where the row names nobody.
    """
    names = rows["buyer"].drop_nulls().unique(maintain_order=True)
    if names.is_empty():
        return rows.with_columns(pl.lit(None, pl.Int64).alias("buyer")), names
    numbers = pl.int_range(1, len(names) + 1, eager=True)
    number = rows["buyer"].replace_strict(names, numbers, default=None, return_dtype=pl.Int64)
    return rows.with_columns(number.alias("buyer")), names


def hashed(names: Iterable[str], salt: str) -> list[str]:
    """Return a pseudonym of each name that hangs on the name and the salt alone: 16 hexadecimal digits.

    Without the salt nobody can tell from a name which pseudonym it has.
    """
    # A command line may hold bytes that are no text.
    key = blake2b(salt.encode(errors="surrogateescape")).digest()
    return [blake2b(name.encode(), key=key, digest_size=_DIGEST).hexdigest() for name in names]
