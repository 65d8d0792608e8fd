"""A small shop in which everything happens once that a seller's standard speaks of, written as a journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aftersale.cases.facts import Fact
from aftersale.clocks import DAY, HOUR, Instant, instant
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.order_columns import Orders
from aftersale.orders import NEVER

FIRST: Instant = instant("2026-03-02T17:00:00Z")
"""A Monday morning on the Pacific coast, when every order of the shop was bought."""
CHANNELS = ("FBA", "MFN", "SFP")
CANCELLED = "INVOICE"
"""The order that the seller cancels."""
SHOP: tuple[tuple[str, str, str, int, int, tuple[tuple[Any, ...], ...]], ...] = (
    # order, channel, product, price in cents, days to delivery, (hours, fact, case, detail, amount, value, about)
    ("MESSAGE", "MFN", "kettle", 2500, 4, ((110, "buyer_message", "M"), (140, "seller_reply", "M"))),
    ("QUICK", "MFN", "kettle", 2500, 4, ((110, "buyer_message", "M"), (112, "seller_reply", "M"))),
    (
        "AUTO",
        "MFN",
        "kettle",
        2500,
        4,
        (
            (120, "return_requested", "R", "CR-DEFECTIVE"),
            (140, "return_sent", "R"),
            (200, "return_received", "R"),
            (210, "return_inspected", "R", "original"),
            (220, "refunded", "R", "", 2500),
        ),
    ),
    ("BYHAND", "MFN", "sofa", 60000, 4, ((1100, "return_requested", "R", "CR-UNWANTED_ITEM"),)),
    (
        "REFUSED",
        "MFN",
        "lamp",
        4000,
        4,
        ((120, "return_requested", "R", "CR-DEFECTIVE"), (130, "return_declined", "R", "no reason")),
    ),
    ("CLOSE", "MFN", "lamp", 1500, 4, ((120, "refund_requested", "W"), (125, "refunded", "W", "", 1500))),
    (
        "REPLACED",
        "MFN",
        "vase",
        3000,
        4,
        (
            (110, "not_as_described_reported", "N", "CR-DAMAGED_BY_CARRIER"),
            (112, "replacement_requested", "P", "", None, None, "N"),
            (115, "replacement_sent", "P", ""),
            (116, "tracking_noted", "P", "1Z999"),
            (117, "replaced", "N"),
            (160, "refund_requested", "W"),
        ),
    ),
    (
        "MISSING",
        "MFN",
        "watch",
        9000,
        4,
        (
            (110, "not_received_reported", "L"),
            (111, "carrier_asked", "L"),
            (130, "carrier_confirmed", "L"),
            (140, "claim_filed", "C", "not_received", None, None, "L"),
            (150, "information_requested", "C"),
        ),
    ),
    (
        "CLAIMED",
        "MFN",
        "sofa",
        60000,
        4,
        (
            (110, "buyer_message", "M"),
            (170, "claim_filed", "C", "not_as_described", None, None, "M"),
            (400, "appeal_submitted", "C"),
            (900, "appeal_granted", "C"),
        ),
    ),
    (
        "PRIME",
        "SFP",
        "kettle",
        2500,
        2,
        ((120, "return_requested", "R", "CR-DEFECTIVE"), (140, "return_sent", "R"), (200, "return_received", "R")),
    ),
    (
        "STORED",
        "FBA",
        "lamp",
        1500,
        2,
        ((120, "return_requested", "R", "CR-DEFECTIVE"), (190, "marketplace_refunded", "R", "", 1500)),
    ),
    ("RATED", "MFN", "vase", 3000, 9, ((240, "feedback_left", "F", "", None, 1.0),)),
    ("CHARGED", "MFN", "watch", 9000, 4, ((300, "chargeback_filed", "B", "service"),)),
    (
        "LOSS",
        "MFN",
        "watch",
        9000,
        4,
        (
            (120, "return_requested", "R", "CR-UNWANTED_ITEM"),
            (140, "return_sent", "R"),
            (200, "return_received", "R"),
            (205, "return_inspected", "R", "severe_damage"),
            (215, "refunded", "R", "", 9000),
            (216, "return_loss_found", "S", "", None, None, "R"),
        ),
    ),
    ("CANCEL", "MFN", "lamp", 1500, 4, ((2, "cancellation_requested", "K"),)),
    ("INVOICE", "MFN", "lamp", 1500, 4, ((30, "invoice_requested", "I"),)),
)


@pytest.fixture(scope="session")
def shop_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of the small shop."""
    return _write(tmp_path_factory.mktemp("small") / "shop")


def _write(folder: Path) -> Path:
    bought = np.full(len(SHOP), FIRST, np.int64)
    arrived = np.array([_arrived_at(name, days) for name, *_, days, _ in SHOP], np.int64)
    flags = np.zeros(len(SHOP), bool)
    orders = Orders(
        marketplaces=("US",),
        currencies=("USD",),
        channels=CHANNELS,
        categories=("general",),
        ids=[name for name, *_ in SHOP],
        marketplace=np.zeros(len(SHOP), np.int16),
        purchased_at=bought,
        channel=np.array([CHANNELS.index(channel) for _, channel, *_ in SHOP], np.int8),
        category=np.zeros(len(SHOP), np.int16),
        price=np.array([price for *_, price, _, _ in SHOP], np.int64),
        promised_at=bought + 6 * DAY,
        delivered_at=arrived,
        cross_border=flags,
        exempt=np.array([name == "REFUSED" for name, *_ in SHOP]),
        ship_by=np.array([NEVER if name == CANCELLED else FIRST + DAY for name, *_ in SHOP], np.int64),
        # One in eight leaves late, and one is cancelled by the seller: both are over their lines.
        shipped_at=np.array([_left_at(name) for name, *_ in SHOP], np.int64),
        cancelled_at=np.array([FIRST + HOUR if name == CANCELLED else NEVER for name, *_ in SHOP], np.int64),
        tracked=np.ones(len(SHOP), np.int8),
        products=[product for _, _, product, *_ in SHOP],
    )
    folder.mkdir(parents=True, exist_ok=True)
    facts = [_fact(name, *told) for name, *_, happened in SHOP for told in happened]
    write_table(order_frame(orders), folder, "orders")
    write_table(fact_frame(sorted(facts, key=lambda fact: fact.known_at)), folder, "facts")
    return folder


def _left_at(name: str) -> Instant:
    if name == CANCELLED:
        return NEVER
    return FIRST + (2 * DAY if name in ("MESSAGE", "QUICK") else 20 * HOUR if name == "CANCEL" else HOUR)


def _arrived_at(name: str, days: int) -> Instant:
    return NEVER if name == CANCELLED else FIRST + days * DAY


def _fact(
    order: str,
    hours: int,
    kind: str,
    case: str,
    detail: str = "",
    amount: int | None = None,
    value: float | None = None,
    about: str = "",
) -> Fact:
    at = FIRST + hours * HOUR
    behind = f"{order}-{about}" if about else ""
    return Fact(kind, "US", order, f"{order}-{case}", at, at, behind, value, detail, amount)
