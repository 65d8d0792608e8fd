"""Paths: columns of what steps did say what the steps themselves say."""

import numpy as np
from attrs import evolve
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.base.errors import FactRefused
from aftersale.clocks import DAY, HOUR
from aftersale.costs.at_once.paths import OrderPaths, SoldOrders, kept_paths
from aftersale.costs.charges import moving_kinds
from aftersale.engine.docket import Docket
from aftersale.engine.dossiers import UNKEPT
from aftersale.engine.moves import Moved, MoveLog
from aftersale.orders import NEVER
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

POLICIES = load_plugins((), {"reference": reference}).policies()
PLACES = sorted(POLICIES)
OPENERS = ("return_requested", "claim_filed", "buyer_message", "refund_requested")
MANY = settings(deadline=None, suppress_health_check=list(HealthCheck))
# order, case, choice, hours since the last fact, how many hours late it becomes known, and an amount
told = st.tuples(
    st.integers(0, 3), st.integers(0, 1), st.integers(0, 30), st.integers(1, 200), st.sampled_from([0, 0, 0, 30, 300]),
    st.none() | st.integers(0, 900),
)  # fmt: skip


def order_of(number):
    return order(f"O-{number}", marketplace=PLACES[number % len(PLACES)], price=1000 + number)


def docket_of(told_facts, since):
    """A docket with a log of what was told, and the orders' own policies."""
    kinds = frozenset().union(*map(moving_kinds, POLICIES.values()))
    docket, at = Docket(POLICIES, moves=MoveLog(kinds, since)), MONDAY
    for number, slot, choice, hours, late, amount in told_facts:
        at += hours * HOUR
        bought, case = order_of(number), f"C-{number}-{slot}"
        known = docket.cases.get(case)
        workflow = POLICIES[bought.marketplace].workflow
        allowed = OPENERS if known is None else workflow.allowed(known.kind, known.state)
        if allowed:
            about = {"order": bought.id, "case": case, "marketplace": bought.marketplace, "amount": amount}
            happened = fact(allowed[choice % len(allowed)], at - late * HOUR, **about)._replace(known_at=at)
            try:
                docket.record(happened, bought)
            except FactRefused:
                continue
    docket.advance(at + DAY)
    return docket, at + DAY


def written_out(paths):
    """What paths say of each order: its steps with their cases, sums and instants."""
    known = paths.movements.known
    return {
        paths.orders[row].id: [
            (known[paths.steps[place]].by(paths.facts[place]), int(paths.slots[place]), int(paths.amounts[place]),
             int(paths.at[place]), paths.marketplaces[paths.marketplace[row]])
            for place in range(*paths.starts[row : row + 2].tolist())
        ]
        for row in range(len(paths))
    }  # fmt: skip


@MANY
@given(st.lists(told, max_size=40), st.sampled_from([0, MONDAY + 20 * DAY]), st.data())
def test_what_is_kept_of_many_orders_is_what_replays_say_of_them(told_facts, since, data):
    docket, until = docket_of(told_facts, since)
    log = docket.moves
    again, alone = [], []
    for dossier in docket.dossiers.values():
        moves = list(map(Moved.by, dossier.replayed(POLICIES[dossier.order.marketplace], until).steps))
        if dossier.replay is not None or dossier.row == UNKEPT:
            again.append((dossier.order, moves))
            alone.append((dossier.order, moves))
        else:
            cases = {case for case in dossier.cases if dossier.cases[case].kind in log.kinds}
            alone.append((dossier.order, [move for move in moves if move.fact.case in cases]))
    paths = kept_paths(log, PLACES, [each for each in again if each[1]])
    wanted = OrderPaths.of(log.movements, alone)
    assert written_out(paths) == written_out(wanted)
    wanted_rows = np.array([data.draw(st.booleans()) for _ in log.orders], bool)
    left_out = {order.id for order, wants in zip(log.orders, wanted_rows, strict=True) if not wants}
    left_out -= {order.id for order, _ in again}
    fewer = kept_paths(log, PLACES, [each for each in again if each[1]], wanted=wanted_rows)
    assert written_out(fewer) == {name: each for name, each in written_out(paths).items() if name not in left_out}
    rows = np.flatnonzero(np.arange(len(paths)) % 2 == 0)
    some = {paths.orders[row].id for row in rows.tolist()}
    assert written_out(paths.chosen(rows)) == {name: each for name, each in written_out(wanted).items() if name in some}
    cases = paths.cases
    assert {
        (paths.facts[first].case, paths.facts[first].occurred_at, paths.movements.known[paths.steps[last]].state)
        for first, last in zip(cases.first.tolist(), cases.last.tolist(), strict=True)
    } == {
        (case.id, case.opened_at, case.state)
        for dossier in docket.dossiers.values()
        for case in dossier.cases.values()
        if case.kind in log.kinds or dossier.replay is not None or dossier.row == UNKEPT
    }


sales = st.fixed_dictionaries(
    {"price": st.integers(0, 10**6), "purchased_at": st.integers(MONDAY, MONDAY + DAY)},
    optional={
        "channel": st.sampled_from(["FBA", "MFN"]),
        "category": st.sampled_from(["toys", "general"]),
        "cross_border": st.booleans(),
        "product": st.sampled_from(["", "P-1"]),
        "landed_cost": st.none() | st.integers(0, 99),
        "delivered_at": st.none() | st.just(MONDAY + 9 * DAY),
        "promised_at": st.none() | st.just(MONDAY + 8 * DAY),
    },
)


def rows_of(sold):
    return [
        (
            sold.kinds[kind],
            *(int(column[row]) for column in (sold.price, sold.landed_cost, sold.purchased_at, sold.arrives_at)),
        )
        for row, kind in enumerate(sold.kind.tolist())
    ]


@MANY
@given(st.lists(sales, min_size=1, max_size=8), st.data())
def test_columns_of_orders_say_what_the_orders_say(some, data):
    bought = [order(f"O-{number}", **sale) for number, sale in enumerate(some)]
    columns = orders(*bought)
    by_id = {each.id: each for each in bought}
    bought = [by_id[name] for name in columns.ids]
    columns = evolve(columns, products=[each.product for each in bought])
    rows = np.array(data.draw(st.lists(st.integers(0, len(bought) - 1), unique=True)), np.intp)
    chosen = [bought[row] for row in rows.tolist()]
    wanted = rows_of(SoldOrders.of(chosen))
    assert rows_of(SoldOrders.of_columns(columns, rows)) == wanted
    whole, places = SoldOrders.of_columns(columns, np.arange(len(bought))), rows
    assert rows_of(SoldOrders.joined([whole, whole]).chosen(np.concatenate((places, len(bought) + places)))) == [
        *wanted, *wanted,
    ]  # fmt: skip
    assert [each[4] for each in wanted] == [
        NEVER if (arrives := each.promised_at if each.delivered_at is None else each.delivered_at) is None else arrives
        for each in chosen
    ]
