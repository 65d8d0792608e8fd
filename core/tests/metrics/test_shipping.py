from datetime import date

import numpy as np
import pytest
from attrs import evolve

from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Days
from aftersale.metrics.measures import measure
from aftersale.metrics.readings import Account, readings, verdict_on, verdicts
from aftersale.orders import CANCELLED, DELIVERED, LOST, NEVER, SHIPPED, WAITING
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook
from aftersale.policies.metric_kinds import default_metrics
from aftersale.rules import parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

PLUGINS = load_plugins((), {"reference": reference})
POLICIES = PLUGINS.policies()
FIRST = date(2026, 3, 2)
OUTCOMES = {"shipped": SHIPPED, "delivered": DELIVERED, "lost": LOST, "cancelled": CANCELLED, "waiting": WAITING}
ABOVE = {"target": "0.95", "direction": "above"}


def metric(name, **changes):
    row = {"name": name, "marketplaces": ["REF"], "amount": 7, "target": "0.04", "source": "made up"}
    (rule,) = parse_rules({"metric": [{**row, "grade": "assumed", **changes}]}, "rules.toml")
    return rule


def shipped(*rows, unknown=(), **more):
    """Orders O-0, O-1, …, each bought on the day of its `bought`, the first day where it says none.

    A row has what the columns say, in days from MONDAY; what it leaves out is not known.
    """
    sold = [
        order(f"O-{i}", purchased_at=MONDAY + row.get("bought", 0) * DAY, promised_at=None, delivered_at=None, **more)
        for i, row in enumerate(rows)
    ]
    instants = {
        column: np.array([MONDAY + round(row[key] * DAY) if key in row else NEVER for row in rows], np.int64)
        for column, key in {
            "ship_by": "due",
            "shipped_at": "sent",
            "cancelled_at": "cancelled",
            "promised_at": "promised",
            "delivered_at": "came",
        }.items()
    }
    return evolve(
        orders(*sold),
        **instants,
        tracked=np.array([row.get("tracked", -1) for row in rows], np.int8),
        outcome=np.array([OUTCOMES.get(row.get("outcome"), 0) for row in rows], np.int8),
        unknown=frozenset(unknown),
    )


def series(name, sold, last=9, docket=None, **changes):
    """(numerator, denominator) of each day, and what is left out on the last; however it is read."""
    rule, docket = metric(name, **changes), docket or Docket(POLICIES)
    counted, at_once, on_last = (measure(rule, default_metrics()[name], POLICIES["REF"].marketplace) for _ in range(3))
    days = Days.spanning(FIRST, date(2026, 3, 2 + last), "UTC")
    found, other = counted.read(docket, sold, days), at_once.series(docket, sold, days)
    pairs = list(zip(found.numerator.astype(int).tolist(), found.denominator.astype(int).tolist(), strict=True))
    assert pairs == list(zip(other.numerator, other.denominator, strict=True))
    assert pairs[-1] == on_last.on(docket, sold, days.last)[:2]
    if on_last.is_foretold(docket.tally):
        figures = [on_last.on(docket, sold, day) for day in range(days.first, days.last + 1)]
        by_day = [verdict_on(rule, day, figure) for day, figure in zip(days.dates(), figures, strict=True)]
        assert verdicts(rule, on_last.foretold(sold, days)) == by_day
    return pairs, counted.left_out


def counted(name, sold, day, **changes):
    """(numerator, denominator, left out) on one day."""
    pairs, left_out = series(name, sold, day, **changes)
    return (*pairs[-1], left_out)


SENT = {"due": 2, "sent": 1}
"""An order that was shipped in time, so that the source tells of shipments."""


def test_orders_shipped_after_their_day_or_not_at_all_are_late_shipments():
    sold = shipped({"due": 1, "sent": 1}, {"bought": 1, "due": 2, "sent": 2.1}, {"bought": 2, "due": 3}, {"bought": 3})
    assert series("late_shipment_rate", sold)[0] == [
        *((0, 0), (0, 1), (1, 2), (2, 3), (2, 3), (2, 3), (2, 3), (2, 3), (2, 2), (1, 1))
    ]


@pytest.mark.parametrize(
    ("row", "late", "orders", "left_out"),
    [
        ({"due": 2, "cancelled": 1}, 0, 0, 0),
        ({"due": 2, "cancelled": 2}, 0, 0, 0),
        ({"due": 2, "cancelled": 2.1}, 1, 1, 0),
        ({"due": 2, "cancelled": 1, "sent": 1.5}, 0, 1, 0),
        ({"due": 2, "cancelled": 4, "sent": 3}, 1, 1, 0),
        ({"due": 2}, 1, 1, 0),
        ({"due": 2, "outcome": "waiting"}, 1, 1, 0),
        # It has left, and nobody knows when.
        ({"due": 2, "came": 4}, 0, 0, 1),
        ({"due": 2, "cancelled": 1, "came": 4}, 0, 0, 1),
        ({"due": 2, "outcome": "shipped"}, 0, 0, 1),
        ({"due": 2, "outcome": "delivered"}, 0, 0, 1),
        ({"due": 2, "outcome": "lost"}, 0, 0, 1),
        # Cancelled, and nobody knows when; sent on a day before it was bought; nobody knows by when it was due.
        ({"due": 2, "outcome": "cancelled"}, 0, 0, 1),
        ({"due": 2, "sent": -2}, 0, 0, 1),
        ({"sent": 1}, 0, 0, 1),
        ({"cancelled": 1}, 0, 0, 0),
        # A file of days has the midnight before the purchase.
        ({"due": 2, "sent": -0.3}, 0, 1, 0),
    ],
)
def test_what_did_not_have_to_be_sent_is_not_late_and_what_nobody_knows_is_left_out(row, late, orders, left_out):
    assert counted("late_shipment_rate", shipped(SENT, row), 6) == (late, 1 + orders, left_out)


@pytest.mark.parametrize(
    ("rows", "unknown", "expected"),
    [
        # Without the column nobody knows whether anything was sent; cancelled in time it did not have to be.
        ([{"due": 2}, {"due": 2, "cancelled": 1}, {"due": 2, "cancelled": 3}], ["shipped_at"], (0, 0, 2)),
        ([{"due": 2}, {"due": 2, "outcome": "waiting"}], ["shipped_at"], (1, 1, 1)),
        # An empty column of a seller whose parcels arrive says nothing either; of one who sends nothing it says so.
        ([{"due": 2}, {"due": 2, "came": 5}], [], (0, 0, 2)),
        ([{"due": 2}, {"due": 2}], [], (2, 2, 0)),
    ],
)
def test_where_shipments_are_not_told_no_order_is_late(rows, unknown, expected):
    assert counted("late_shipment_rate", shipped(*rows, unknown=unknown), 6) == expected


def test_what_one_marketplace_tells_says_nothing_of_another():
    there = [order(f"A-{i}", marketplace="ALT", currency="CLP", delivered_at=None) for i in range(2)]
    here = [order(f"O-{i}") for i in range(2)]
    sold = orders(*there, *here)
    at_ref = np.array([sold.marketplaces[code] == "REF" for code in sold.marketplace])
    due = np.full(4, MONDAY + 2 * DAY)
    sold = evolve(sold, ship_by=due, shipped_at=np.where(at_ref, NEVER, MONDAY + DAY))
    assert counted("late_shipment_rate", sold, 6) == (0, 0, 2)


def test_orders_that_the_seller_cancelled_count_once_it_is_known():
    sold = shipped({}, {"bought": 1, "cancelled": 3}, {"bought": 2}, {"bought": 3})
    found, _ = series("cancellation_rate", sold)
    assert found[:5] == [(0, 1), (0, 2), (0, 3), (1, 4), (1, 4)]
    assert found[7:] == [(1, 3), (0, 2), (0, 1)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"cancelled": 1}, (1, 2, 0)),
        ({"cancelled": 3, "sent": 2}, (0, 2, 0)),
        ({"cancelled": 3, "came": 2}, (0, 2, 0)),
        ({"cancelled": 1, "sent": 2}, (1, 2, 0)),
        ({"outcome": "cancelled"}, (0, 1, 1)),
        ({"cancelled": -2}, (0, 1, 1)),
    ],
)
def test_only_what_was_cancelled_before_it_left_counts_as_cancelled(row, expected):
    assert counted("cancellation_rate", shipped({"sent": 1}, row), 4) == expected


def test_without_a_column_of_cancellations_there_is_no_rate_of_them():
    assert counted("cancellation_rate", shipped({}, {}, unknown=["cancelled_at"]), 4) == (0, 0, 2)


def test_shipments_without_a_valid_tracking_number_lower_the_rate():
    rows = [{"bought": day, "sent": sent, "tracked": it} for day, (sent, it) in enumerate([(1, 1), (1, 0), (2, -1)])]
    sold = shipped(*rows, {"bought": 1, "sent": 2, "tracked": 1})
    assert series("valid_tracking_rate", sold, 2, **ABOVE) == ([(0, 0), (1, 2), (2, 3)], 1)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"tracked": 0, "sent": 1}, (1, 2, 0)),
        ({"sent": 1}, (1, 1, 1)),
        ({"tracked": 1, "came": 3}, (1, 1, 1)),
        ({"cancelled": 1}, (1, 1, 0)),
        ({"tracked": 1, "cancelled": 1}, (1, 1, 0)),
        ({}, (1, 1, 0)),
        ({"outcome": "shipped"}, (1, 1, 1)),
    ],
)
def test_a_shipment_of_unknown_tracking_or_day_is_left_out(row, expected):
    assert counted("valid_tracking_rate", shipped({"sent": 1, "tracked": 1}, row), 4, **ABOVE) == expected


def test_deliveries_by_the_promise_count_a_week_later_where_the_rule_lags():
    rows = [
        {"bought": day, "sent": day + 1, "tracked": 1, "promised": day + 5, "came": day + (6 if not day else 4)}
        for day in range(4)
    ]
    found, _ = series("on_time_delivery_rate", shipped(*rows), 14, amount=14, lag=7, **ABOVE)
    assert found[11:] == [(0, 0), (0, 1), (1, 2), (2, 3)]


PARCEL = {"sent": 1, "tracked": 1, "promised": 5}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({**PARCEL, "came": 5.1}, (1, 2, 0)),
        (PARCEL, (1, 2, 0)),
        ({**PARCEL, "outcome": "lost"}, (1, 2, 0)),
        ({**PARCEL, "tracked": 0}, (1, 1, 0)),
        ({**PARCEL, "tracked": -1}, (1, 1, 1)),
        ({**PARCEL, "outcome": "delivered"}, (1, 1, 1)),
        ({**PARCEL, "came": -3}, (1, 1, 1)),
        ({"sent": 1, "tracked": 1, "came": 4}, (1, 1, 1)),
        # A label was bought for it, and then it was cancelled.
        ({"tracked": 1, "promised": 5, "cancelled": 1}, (1, 1, 0)),
        ({"promised": 5, "cancelled": 1}, (1, 1, 0)),
    ],
)
def test_only_parcels_can_be_on_time_and_those_of_unknown_arrival_are_left_out(row, expected):
    assert counted("on_time_delivery_rate", shipped({**PARCEL, "came": 4}, row), 6, **ABOVE) == expected


def test_where_deliveries_are_not_told_no_parcel_is_late():
    sold = shipped(PARCEL, PARCEL, {**PARCEL, "outcome": "lost"})
    assert counted("on_time_delivery_rate", sold, 6, **ABOVE) == (0, 1, 2)


# --- what the buyer cancelled ---


def wished(at, done, *more, known=None):
    """A docket in which the buyer of O-1 wanted the order cancelled, and it was; days from MONDAY."""
    made = Docket(POLICIES)
    steps = [("cancellation_requested", at), ("order_cancelled", done), *more]
    for kind, day in steps:
        happened = MONDAY + round(day * DAY)
        told = max(happened, MONDAY + round((known or 0) * DAY))
        made.record(fact(kind, happened, known_at=told, case="X-1", order="O-1"), order("O-1"))
    return made


@pytest.mark.parametrize(
    ("at", "done", "row", "expected"),
    [
        (1, 1.5, {"due": 2}, (0, 1, 0)),
        # Wanted in time; that the seller agreed a day later makes it no parcel.
        (1, 3, {"due": 2}, (0, 1, 0)),
        (2.5, 3, {"due": 2}, (1, 2, 0)),
        (1, 1.5, {"due": 2, "sent": 3}, (1, 2, 0)),
    ],
)
def test_what_the_buyer_wanted_cancelled_in_time_did_not_have_to_be_sent(at, done, row, expected):
    assert counted("late_shipment_rate", shipped(SENT, row), 6, docket=wished(at, done)) == expected


def test_what_the_orders_alone_say_holds_until_a_buyer_wants_one_cancelled():
    late = measure(metric("late_shipment_rate"), default_metrics()["late_shipment_rate"], POLICIES["REF"].marketplace)
    assert late.is_foretold(Docket(POLICIES).tally)
    assert not late.is_foretold(wished(1, 2).tally)
    replies = measure(metric("late_reply_rate"), default_metrics()["late_reply_rate"], POLICIES["REF"].marketplace)
    assert not replies.is_foretold(Docket(POLICIES).tally)


def test_what_the_buyer_wanted_cancelled_counts_until_it_is_known():
    sold = shipped(SENT, {"due": 2})
    found, _ = series("late_shipment_rate", sold, docket=wished(1, 1.5, known=4))
    assert found == [(0, 0), (0, 0), (1, 2), (1, 2), *[(0, 1)] * 5, (0, 0)]


def test_what_the_buyer_wanted_cancelled_does_not_count_as_the_seller_s_even_where_a_column_says_so():
    sold = shipped({"sent": 1}, {"cancelled": 1.5})
    assert counted("cancellation_rate", sold, 4, docket=wished(1, 1.5)) == (0, 2, 0)


def test_a_wish_that_turns_out_to_have_been_taken_back_counts_again_read_day_by_day_or_at_once():
    book = Handbook([metric("late_shipment_rate", amount=30)])
    policy = PLUGINS.policy("REF", book)
    sold, docket, account = shipped(SENT, {"due": 2}), wished(1, 1.5), Account(policy)

    def late(of):
        return next((each.numerator, each.denominator) for each in of if each.metric == "late_shipment_rate")

    assert late(account.readings(docket, sold, MONDAY + 4 * DAY)) == (0, 1)
    back = fact("cancellation_withdrawn", MONDAY + 30 * HOUR, known_at=MONDAY + 6 * DAY, case="X-1", order="O-1")
    docket.record(back, order("O-1"))
    assert late(account.readings(docket, sold, MONDAY + 7 * DAY)) == (1, 2)
    assert late(readings(policy, docket, sold, MONDAY + 7 * DAY)) == (1, 2)
