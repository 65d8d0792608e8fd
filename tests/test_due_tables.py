"""Tables of every installed marketplace's clocks against the rows themselves, start by start."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest

from aftersale.clocks import DAY, instant
from aftersale.orders import Order
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.due_dates.due_tables import DueTables
from aftersale.policies.due_dates.policy_clocks import timed_rows
from aftersale.testing import order

SINCE, UNTIL = instant("2025-10-01T00:00Z"), instant("2026-11-15T00:00Z")
"""Both changes of clocks, two seasons with longer windows, and several changes of rules lie in between."""
STARTS = 100_000
WINDOWS = ("return_window", "statutory_withdrawal", "claim_window")


@cache
def _plugins() -> Plugins:
    return load_plugins()


MARKETPLACES = pytest.mark.parametrize("name", sorted(_plugins().marketplaces))


def _orders(name: str) -> list[Order]:
    """Return an order of each class: who ships it, what it is, across a border or not, and bought in season or not."""
    place = _plugins().marketplaces[name]
    rows = list(timed_rows(_plugins().policy(name), SINCE, UNTIL))
    channels = sorted({row.when.channel for row in rows if row.when.channel} | {"other"})
    categories = sorted({word for row in rows for word in row.when.category or ()} | {"other"})
    bought = [instant("2025-11-20T12:00Z"), instant("2026-06-01T12:00Z")]
    return [
        order("O-1", name, channel=one, category=what, cross_border=abroad, purchased_at=at, currency=place.currency)
        for one, what, abroad, at in product(channels, categories, (False, True), bought)
    ]


@pytest.mark.once
@MARKETPLACES
def test_every_clock_is_due_as_its_rows_are(name: str) -> None:
    policy = _plugins().policy(name)
    tables = DueTables(policy, SINCE, UNTIL)
    rows = {tables.table(row)[0]: row for row in timed_rows(policy, SINCE, UNTIL) if row.until is None}
    assert len(rows) == len(tables.tables) >= 4
    assert tables.clocks.functions == {}
    for number, (table, row) in enumerate(rows.items()):
        changes = np.concatenate([table.running.knots + step for step in (-1, 0, 1)])
        drawn = np.random.default_rng(number).integers(SINCE, UNTIL, STARTS)
        starts = np.append(changes[(changes >= SINCE) & (changes < UNTIL)], drawn)
        expected = [row.due_after(start, policy.marketplace.calendar) for start in starts.tolist()]
        assert tables.ends(row, starts).tolist() == expected


@MARKETPLACES
def test_every_row_is_due_as_its_table_says(name: str) -> None:
    policy = _plugins().policy(name)
    tables = DueTables(policy, SINCE, UNTIL)
    for number, row in enumerate(timed_rows(policy, SINCE, UNTIL)):
        starts = np.random.default_rng(number).integers(SINCE, UNTIL, 50)
        terms = policy.at(SINCE)
        expected = [terms._end(row, start, order("O-1", name), "") for start in starts.tolist()]
        assert tables.ends(row, starts).tolist() == expected


@MARKETPLACES
def test_windows_of_every_class_of_orders_end_as_the_terms_say(name: str) -> None:
    policy = _plugins().policy(name)
    tables = DueTables(policy, SINCE, UNTIL)
    starts = np.random.default_rng(1).integers(SINCE, UNTIL, 40)
    asked = [at for at in (SINCE, *policy.changes, UNTIL - 1) if SINCE <= at < UNTIL]
    known = set()
    for window, sold, at in product(WINDOWS, _orders(name)[:24], asked):
        terms = policy.at(at)
        expected = [terms.window_end(window, start, sold) for start in starts.tolist()]
        ends = tables.window_ends(terms, window, sold, starts)
        assert ([None] * len(starts) if ends is None else ends.tolist()) == expected
        known.update({window} if ends is not None else ())
    assert "return_window" in known
    assert min(tables.window_ends(policy.at(SINCE), "return_window", _orders(name)[0], starts) - starts) > DAY
