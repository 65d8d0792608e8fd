"""Order files: reports and tables of orders, read by a format that says what their columns mean.

`find_format` tells a file's format by its header, `read_orders` reads it: every row is used, a cancellation,
skipped or rejected, and the rejected ones are listed with line and reason.
"""

from aftersale.orderfiles.formats import (
    CancelMark,
    Columns,
    Constants,
    OrderFormat,
    choose,
    load_formats,
    merge_formats,
    parse_formats,
)
from aftersale.orderfiles.headers import find_format
from aftersale.orderfiles.reading import OrderFile, RejectedRow, read_orders
from aftersale.orderfiles.table import shifted

__all__ = [
    "CancelMark",
    "Columns",
    "Constants",
    "OrderFile",
    "OrderFormat",
    "RejectedRow",
    "choose",
    "find_format",
    "load_formats",
    "merge_formats",
    "parse_formats",
    "read_orders",
    "shifted",
]
