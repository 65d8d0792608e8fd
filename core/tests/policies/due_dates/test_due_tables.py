"""Tables of a policy's clocks: which there are, what has none, and that the engine's deadlines come out of them."""

from datetime import date

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.base.errors import ClockError
from aftersale.clocks import DAY, HOUR, Clock, hours_without, instant
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.deadline_functions import DeadlineFunction, DeadlineFunctions
from aftersale.policies.due_dates.due_tables import DueTables
from aftersale.policies.due_dates.policy_clocks import ClockAsked, policy_clocks, timed_rows
from aftersale.policies.handbook import Handbook
from aftersale.policies.policy import Policy
from aftersale.rules import EVERYWHERE, RuleSet, parse_rules
from aftersale.testing import order, reference

SHOP = load_plugins((), {"reference": reference})
REF, ALT = (SHOP.policy(name) for name in ("REF", "ALT"))
CHANGE = REF.changes[-1]
"""From then on a refund is due after calendar days; before, after business days."""
SPAN = CHANGE - 20 * DAY, CHANGE + 40 * DAY
ORDERS = [order(), order(cross_border=True), order(price=900_000)]


def rows(*changes, marketplaces=("REF",)):
    usual = {"marketplaces": list(marketplaces), "source": "made up", "grade": "assumed"}
    return parse_rules({"rule": [{**usual, **change} for change in changes]}, "rules.toml")


def deadline(name, clock, amount, **changes):
    return {"name": name, "clock": clock, "amount": amount, "on_expiry": "late", **changes}


def policy_of(*changes, handbook=None, functions=None):
    """The policy of a marketplace that has these rows and no others."""
    return Policy(REF.marketplace, RuleSet(rows(*changes)), handbook or Handbook(()), functions=functions)


def window(clock, amount, **changes):
    return {"name": "return_window", "clock": clock, "amount": amount, "starts": "delivered", **changes}


# --- which clocks there are


def named(clocks):
    """The clocks in plain words, with the greatest amount of each."""
    return {
        (asked.clock.name, asked.clock.ends, asked.at_once): amount
        for asked, amount in clocks.longest.items()
        if isinstance(asked.clock, Clock)
    }


def test_clocks_are_those_of_rulebook_and_handbook_with_their_greatest_amounts():
    assert named(policy_clocks(ALT, *SPAN)) == {
        ("wall_hours", "same_time", False): 72,
        ("calendar_days", "same_time", False): 180,
        ("calendar_days", "end_of_day", False): 30,
        ("business_days", "same_time", False): 2,
        ("business_days", "end_of_day", False): 3,
    }
    assert {asked.clock.calendar for asked in policy_clocks(ALT, *SPAN).longest} == {ALT.marketplace.calendar}


def test_a_clock_is_there_while_the_terms_ask_for_it():
    plain = [
        deadline("refund_after_receipt", clock, 2, starts="return_received")
        for clock in ("business_days", "wall_hours")
    ]
    dated = policy_of({**plain[0], "valid_until": date(2025, 12, 31)}, {**plain[1], "valid_from": date(2026, 1, 1)})
    (turn,) = dated.changes
    before, after = ("business_days", "same_time", False), ("wall_hours", "same_time", False)
    assert named(policy_clocks(dated, turn - DAY, turn)) == {before: 2}
    assert named(policy_clocks(dated, turn, turn + DAY)) == {after: 2}
    assert named(policy_clocks(dated, turn - 1, turn + 1)) == {before: 2, after: 2}


def test_no_time_at_all_and_hours_without_days_are_clocks_of_their_own():
    policy = policy_of(
        deadline("first_reply", "wall_hours", 20, starts="buyer_message", without="Sun"),
        deadline("refund_after_receipt", "business_days", 0, starts="return_received"),
    )
    calendar = REF.marketplace.calendar
    assert policy_clocks(policy, *SPAN).longest == {
        ClockAsked(hours_without(calendar.zone, frozenset({6})), False): 20 * HOUR,
        ClockAsked(Clock("business_days", calendar), True): 0,
    }


def test_rows_that_no_state_opens_and_rows_of_other_kinds_ask_no_clock():
    policy = policy_of({"name": "return_window", "clock": "calendar_days", "amount": 30, "starts": "delivered"})
    assert [row.name for row in timed_rows(policy, *SPAN)] == ["return_window"]
    names = {row.name for row in timed_rows(REF, *SPAN)}
    assert all(REF.workflow.opening(name) or name in ("return_window", "evidence_retention") for name in names)
    assert not names & {"contest_claim", "order_defect_rate", "auto_authorise"}


# --- what functions of plugins set


def next_month(start, amount):
    return start + amount * 30 * DAY


MONTHS = DeadlineFunctions([("made up", DeadlineFunction("next_month", next_month, "a month", "一个月"))])


def test_what_a_function_sets_is_named_and_has_no_table():
    own = {"name": "first_reply", "due": "next_month", "amount": 2, "starts": "buyer_message", "on_expiry": "late"}
    usual = deadline("first_reply", "wall_hours", 24, starts="buyer_message", marketplaces=[EVERYWHERE])
    policy = policy_of(own, handbook=Handbook(rows(usual)), functions=MONTHS)
    tables = DueTables(policy, *SPAN)
    assert tables.clocks.functions == {"first_reply": ("next_month",)}
    assert named(tables.clocks) == {("wall_hours", "same_time", False): 24}
    row = policy.at(SPAN[0]).rulebook.rule("first_reply", order())
    for ask in (tables.table, lambda row: tables.ends(row, [SPAN[0]])):
        with pytest.raises(
            ClockError, match=r"first_reply next_month\(2\) .* has no table \(ask the function 'next_month'"
        ):
            ask(row)


# --- deadlines and windows out of tables


def begun(policy, at, order_of_case):
    """The deadlines that each move of each case opens, as the terms say: (due, expires at) by their names."""
    terms = policy.at(at)
    for kind in terms.workflow.kinds.values():
        for move in kind.move:
            for before in move.after or ("",):
                for way in terms.ways[kind.name, before, move.fact]:
                    opened = terms.deadlines(way, at, order_of_case)
                    yield way, {deadline.name: (deadline.due, deadline.expires_at) for deadline in opened}


def looked_up(tables, terms, way, at, order_of_case):
    """The same out of tables: the earlier of both books is due, and the rulebook's end is when the case expires."""
    found = {}
    for name in way.state.opens:
        books = (book.rule(name, order_of_case, {"situation": way.kind}) for book in (terms.rulebook, terms.handbook))
        started = [row for row in books if row is not None and way.started_by in row.starts]
        ends = [int(tables.ends(row, at)) for row in started]
        if ends:
            found[name] = min(ends), ends[0]
    return found


@pytest.mark.parametrize("policy", [REF, ALT], ids=["REF", "ALT"])
def test_every_deadline_that_the_engine_opens_comes_out_of_the_tables(policy):
    tables, told = DueTables(policy, *SPAN), 0
    for at in (SPAN[0], CHANGE - 1, CHANGE, CHANGE + 5 * DAY + 7, SPAN[1] - 1):
        for one in ORDERS:
            sold = one._replace(marketplace=policy.marketplace.name, currency=policy.marketplace.currency)
            for way, expected in begun(policy, at, sold):
                assert looked_up(tables, policy.at(at), way, at, sold) == expected
                told += len(expected)
    assert told > 200


starts = st.lists(st.integers(SPAN[0], SPAN[1] - 1), max_size=9)


def seasonal():
    """A return window: days to their end, business days across borders, a last day for what is bought in a season."""
    season = {"name": "return_window", "until": date(2026, 1, 31)}
    bought = {"purchased_from": date(2025, 11, 1), "purchased_until": date(2025, 12, 31)}
    return policy_of(
        window("calendar_days", 30, ends="end_of_day"),
        window("business_days", 14, when={"cross_border": True}),
        {**season, "when": bought},
        handbook=Handbook(rows(window("calendar_days", 35, marketplaces=[EVERYWHERE]))),
    )


@given(starts, st.booleans(), st.booleans())
def test_the_ends_of_windows_are_those_of_the_terms(given_starts, abroad, in_season):
    policy = seasonal()
    bought = instant("2025-12-01T12:00Z" if in_season else "2025-10-01T12:00Z")
    sold, terms = order(purchased_at=bought, cross_border=abroad), policy.at(CHANGE)
    ends = DueTables(policy, *SPAN).window_ends(terms, "return_window", sold, given_starts)
    assert ends.dtype == np.int64
    assert ends.tolist() == [terms.window_end("return_window", at, sold) for at in given_starts]


def test_a_window_that_nobody_sets_has_no_ends():
    tables = DueTables(REF, *SPAN)
    assert tables.window_ends(REF.at(CHANGE), "statutory_withdrawal", order(), [CHANGE]) is None


def test_rows_of_other_days_and_rows_with_a_last_day_have_no_table():
    policy = seasonal()
    tables = DueTables(policy, *SPAN)
    last_day = next(row for row in timed_rows(policy, *SPAN) if row.until)
    with pytest.raises(ClockError, match=r"has no table \(it ends with its last day\)"):
        tables.table(last_day)
    other = next(row for row in timed_rows(policy, *SPAN) if row.clock == "business_days")
    for row in (evolve(other, amount=15), evolve(other, ends="end_of_day"), evolve(other, amount=0)):
        with pytest.raises(ClockError, match=r"has no table \(it is not in force in the span of these tables\)"):
            tables.table(row)
    with pytest.raises(ClockError, match=f"the start {SPAN[1]} is not in the table"):
        tables.ends(other, [SPAN[1]])
