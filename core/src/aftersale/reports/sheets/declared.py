"""Declared encodings and date formats: whether a file can be read by them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

# Python codecs that are no encodings of whole files, or that can yield half a character (a lone surrogate).
_NO_TEXT = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf-7"})
_DIRECTIVES = re.compile(r"%(%|\.f|[YmdyHMSIpbBjFTRz])")


def bad_encodings(names: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with a list of encodings."""
    if not names:
        yield "encodings lists at least one: encodings = ['utf-8-sig']"
    for name in names:
        if not _is_encoding(name):
            yield f"encodings has {name!r}, which is none: 'utf-8-sig', 'cp1252', 'cp932', …"


def _is_encoding(name: str) -> bool:
    try:
        "order".encode(name)
        return codecs.lookup(name).name.replace("-", "_") not in {word.replace("-", "_") for word in _NO_TEXT}
    except (LookupError, ValueError):
        return False


def bad_date_formats(formats: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with a list of date formats."""
    for text in formats:
        if "%" in _DIRECTIVES.sub("", text) or not re.search("%[dF]", text):
            yield f"date_formats has {text!r}: write a date such as '%d/%m/%Y %H:%M' (also %b %y %S %p %z)"
