"""The door for callers of this package: every error that it raises, to catch and to read.

from aftersale.errors import AftersaleError, DocumentError
"""

from aftersale.base.errors import (
    AftersaleError,
    ClockError,
    DocumentError,
    FactRefused,
    HookHangs,
    JournalError,
    MoneyError,
    OtherOrder,
    PluginError,
    Problem,
    UnknownCase,
    UnknownMarketplace,
)

__all__ = [
    "AftersaleError",
    "ClockError",
    "DocumentError",
    "FactRefused",
    "HookHangs",
    "JournalError",
    "MoneyError",
    "OtherOrder",
    "PluginError",
    "Problem",
    "UnknownCase",
    "UnknownMarketplace",
]
