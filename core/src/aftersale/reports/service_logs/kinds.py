"""Kinds of service log: in which files a seller keeps returns, messages, claims, handling times and reviews.

Instants are ISO 8601; without an offset they are UTC.
"""

from __future__ import annotations

from aftersale.reports.service_logs.reading import LogColumn, TableReader

BUYER, SELLER, AUTOMATIC = "buyer", "seller", "automatic"
"""Who wrote a message; what is automatic answers nobody."""
_ORDER = LogColumn("text")
_INSTANT = LogColumn("instant")

RETURNS = TableReader({"order": _ORDER, "opened_at": _INSTANT})
"""Returns, a row each: the order, and when the return was opened."""
MESSAGES = TableReader(
    {
        "order": _ORDER,
        "sender": LogColumn("word", (BUYER, SELLER, AUTOMATIC)),
        "sent_at": _INSTANT,
        "case": LogColumn("text", optional=True),
    }
)
"""Messages, a row each: the order, who sent it, and when, as `simulate --csv` writes them; `case` parts conversations
about one order."""
CLAIMS = TableReader({"order": _ORDER, "state": LogColumn("text"), "opened_at": _INSTANT})
"""Claims, a row each: the order, the present state of the claim, and when it was opened."""
TASKS = TableReader(
    {"kind": LogColumn("text"), "seconds": LogColumn("number", units=("s", "sec", "secs", "second", "seconds"))}
)
"""Handlings, a row each: the kind of task, and how many seconds it took."""
REVIEWS = TableReader({"order": _ORDER, "stars": LogColumn("count"), "left_at": LogColumn("instant", optional=True)})
"""Reviews, a row each: the order, one to five stars, and when it was left, where that is known."""
