"""Kinds of service log: the kinds of table in which a seller keeps returns, messages, claims and handling times.

Instants are ISO 8601; without an offset they are UTC.
"""

from __future__ import annotations

import polars as pl

from aftersale.reports.service_logs.reading import TableReader

RETURNS = TableReader({"order": pl.String, "opened_at": pl.Datetime})
"""Returns, a row each: the order, and when the return was opened."""
MESSAGES = TableReader({"order": pl.String, "sender": pl.String, "sent_at": pl.Datetime})
"""Messages, a row each: the order, `buyer` or `seller`, and when it was sent, as `simulate --csv` writes them."""
CLAIMS = TableReader({"order": pl.String, "state": pl.String, "opened_at": pl.Datetime})
"""Claims, a row each: the order, the present state of the claim, and when it was opened."""
TASKS = TableReader({"kind": pl.String, "seconds": pl.Float64})
"""Handlings, a row each: the kind of task, and how many seconds it took."""
