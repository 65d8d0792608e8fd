"""Books: what is booked of a run at once is what its orders cost and bring one by one.

`BOOKED_DOCKETS=500 pytest simulator/tests/books` tries as many made dockets.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings, strategies as st

from aftersale.base.errors import FactRefused
from aftersale.clocks import DAY, HOUR
from aftersale.costs.account import CANCELLED_BY, SALE
from aftersale.costs.at_once.paths import SoldOrders
from aftersale.costs.charges import case_costs, moving_kinds
from aftersale.costs.period import Period, open_cases
from aftersale.engine.docket import Docket
from aftersale.engine.moves import MoveLog
from aftersale.order_columns import Orders
from aftersale.orders import Order
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.worth.sales import sales
from aftersale_simulator.books.book import Book, books_of
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.scenario.document import parse_scenario

EXAMPLES = int(os.environ.get("BOOKED_DOCKETS", "40"))
SHIFT = {"days": "Mon-Fri", "hours": "09:00-18:00"}
RAW: dict[str, Any] = {
    "name": "made",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "14 d", "warm_up": "10 d"},
    "marketplace": {"REF": {"orders_per_day": 1.0, "price": {"median": "25"}, "prices_with_vat": True,
                            "vat_share": "0.19"}},
    "team": {"day": {"zone": "UTC", "agents": 1, "cost_per_hour": "17.30", "shifts": [SHIFT]}},
    "handling": {"reply": {"mean": "8 min"}},
    "goods": {"landed_cost_share": "0.4", "category": {"toys": "0.2"}},
}  # fmt: skip
SINCE, BEFORE = MONDAY - 9 * HOUR, MONDAY - 9 * HOUR + 14 * DAY
OPENERS = ("return_requested", "claim_filed", "buyer_message", "refund_requested", "cancellation_requested",
           "chargeback_filed")  # fmt: skip


@cache
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


@cache
def shop() -> ResolvedScenario:
    return resolve(parse_scenario(RAW, "made.toml"), plugins())


sale = st.fixed_dictionaries(
    {"price": st.integers(0, 30_000), "days": st.integers(-20, 12)},
    optional={
        "channel": st.sampled_from(["FBA", "MFN"]),
        "category": st.sampled_from(["general", "toys"]),
        "cross_border": st.booleans(),
        "product": st.sampled_from(["P-1", "P-2"]),
        "landed_cost": st.none() | st.integers(0, 3_000),
        "delivered_at": st.none(),
    },
)
# order, case, choice, hours since the last fact, hours by which it becomes known late, an amount, what it says
told = st.tuples(
    st.integers(0, 5), st.integers(0, 1), st.integers(0, 30), st.integers(1, 120), st.sampled_from([0, 0, 0, 40, 400]),
    st.none() | st.integers(0, 9_000), st.sampled_from(["", "unwanted", "defective", "damaged", "original"]),
)  # fmt: skip


def bought(number: int, days: int, **changes: Any) -> Order:
    at = MONDAY + days * DAY + number * HOUR
    return order(f"O-{number}", purchased_at=at, **changes)


def dockets(some: Sequence[Order], facts: Sequence[Any], log: MoveLog) -> Iterator[Docket]:
    """Yield a docket with this log and one without, of the same facts."""
    resolved = shop()
    policy = resolved.policies["REF"]
    both = Docket({"REF": policy}, moves=log), Docket({"REF": policy})
    at = MONDAY - 18 * DAY
    for number, slot, choice, hours, late, amount, detail in facts:
        at += hours * HOUR
        sold, case = some[number % len(some)], f"C-{number % len(some)}-{slot}"
        known = both[0].cases.get(case)
        allowed = OPENERS if known is None else policy.workflow.allowed(known.kind, known.state)
        if not allowed or at - late * HOUR < sold.purchased_at:
            continue
        about = {"order": sold.id, "case": case, "amount": amount, "detail": detail}
        happened = fact(allowed[choice % len(allowed)], at - late * HOUR, **about)._replace(known_at=at)
        for docket in both:
            try:
                docket.record(happened, sold)
            except FactRefused:
                continue
    until = max(BEFORE, at + DAY)
    for docket in both:
        docket.advance(until)
        yield docket


def one_by_one(docket: Docket, placed: Orders, until: int) -> dict[str, Any]:
    """What the orders of a docket cost and bring, each replayed and booked by itself."""
    resolved, policy = shop(), shop().policies["REF"]
    lines, gone = Counter[tuple[str, str]](), set[str]()
    for dossier in docket.dossiers.values():
        measured = {name for name, case in dossier.cases.items() if SINCE <= case.opened_at < BEFORE}
        for line in case_costs(dossier, policy, until, resolved.numbers):
            if line.case in measured:
                lines[line.line, line.currency] += line.amount
        if any(move.fact.kind == CANCELLED_BY for move in dossier.moves(policy, until)):
            gone.add(dossier.order.id)
    first, end = np.searchsorted(placed.purchased_at, (SINCE, BEFORE)).tolist()
    own = placed.between(first, end)
    cancelled = np.array([name in gone for name in own.ids], bool)
    brought = sales(own, policy, resolved.numbers, cancelled, until)
    still = open_cases(docket, {"REF": policy}, Period(date(2026, 3, 2), date(2026, 3, 16)))
    return {
        "lines": {key: amount for key, amount in lines.items() if amount},
        "orders": int(brought.placed.sum()),
        "sale": {(name, "EUR"): int(brought.of(name).sum()) for name in SALE},
        "standing": still.cases,
        "at_stake": still.at_stake.get("EUR", 0),
    }


def told_by(book: Book) -> dict[str, Any]:
    return {
        "lines": {key: amount for key, amount in book.lines.items() if amount},
        "orders": book.orders,
        "sale": book.sale,
        "standing": book.standing,
        "at_stake": book.at_stake,
    }


SOLD = {"price": 1000, "days": 1, "delivered_at": None}
LONG = 21 * 24  # from the first instant to the measured days


@example([SOLD, SOLD], [(0, 0, 4, LONG, 0, None, ""), (0, 0, 1, 1, 0, None, "")], 0, [], True)  # is cancelled
@example([SOLD], [(0, 0, 3, LONG, 0, None, ""), (0, 1, 3, 1, 0, None, "")], 0, [], True)  # two cases that stand
@example(
    [SOLD], [(0, 0, 2, LONG, 0, None, ""), *((0, 0, n, 5, 0, None, "") for n in range(6)), (0, 1, 3, 9, 30, None, "")],
    0, [], False,
)  # work, and then a late fact  # fmt: skip
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=EXAMPLES)
@given(
    st.lists(sale, min_size=1, max_size=6),
    st.lists(told, max_size=40),
    st.sampled_from([0, MONDAY - 10 * DAY, MONDAY + 5 * DAY]),
    st.lists(sale, max_size=2),
    st.booleans(),
)
def test_what_is_booked_at_once_is_what_is_booked_one_by_one(
    some: list[dict[str, Any]], facts: list[Any], since: int, closed: list[dict[str, Any]], foreseen: bool
) -> None:
    resolved, sold = shop(), [bought(number, **each) for number, each in enumerate(some)]
    never = [bought(100 + number, **each) for number, each in enumerate(closed)]
    policy = resolved.policies["REF"]
    placed, planned = orders(*sold), orders(*sold, *never)
    log = MoveLog(moving_kinds(policy), since, resolved.classes.movements)
    logged, plain = dockets(sold, facts, log)
    until, known = logged.now, sold if foreseen else []
    plan: Any = SimpleNamespace(orders=planned, sold=SoldOrders.of(known), steps=SimpleNamespace(orders=known))
    run: Any = plan if not never else SimpleNamespace(orders=placed)
    wanted = one_by_one(plain, placed, until)
    for _ in range(2):  # with all that was worked out before
        book = books_of(resolved, logged, [run], [plan], until)["REF"]
        assert told_by(book) == wanted
        all_ = one_by_one(Docket({"REF": policy}), planned, until)["sale"]
        kept = one_by_one(Docket({"REF": policy}), placed, until)["sale"]
        if book.missed_orders:
            assert book.missed == {key: amount - kept[key] for key, amount in all_.items()}
