"""Money: the facts by which it moves between buyer and seller."""

from __future__ import annotations

GIVING_BACK = (
    "refunded",
    "returnless_refund",
    "refunded_at_first_scan",
    "marketplace_refunded",
    "claim_granted",
    "claim_refunded",
    "chargeback_lost",
)
"""The facts by which a buyer gets money back."""
TAKING_BACK = ("money_reversed", "appeal_granted", "chargeback_reversed")
"""The facts by which the seller gets some of it back."""
