"""A line of the handbook counts from the handbook's own end on, one of the marketplace from the marketplace's."""

from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st

from aftersale.base.errors import FactRefused
from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.metrics.readings import Account, readings
from aftersale.metrics.replies import replies_between
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

SOURCE = {"source": "made up", "grade": "assumed"}


def deadline(hours, place):
    row = {"name": "first_reply", "marketplaces": [place], "clock": "wall_hours", "amount": hours}
    return {"rule": [row | {"starts": "buyer_message", "on_expiry": "late", **SOURCE}]}


def line(place):
    row = {"name": "late_reply_rate", "marketplaces": [place], "amount": 30, "target": "0.10", "strict": False}
    return {"metric": [row | SOURCE]}


def policy(marketplace=72, handbook=24):
    """REF with a line of its own and one of the handbook's, each with hours for a first reply; None for no hours."""
    own, sellers = (
        [rule for document in documents for rule in parse_rules(document, "rules.toml")]
        for documents in (
            [line("REF"), *([deadline(marketplace, "REF")] if marketplace else [])],
            [line("*"), *([deadline(handbook, "*")] if handbook else [])],
        )
    )
    return load_plugins((), {"reference": reference}).policy("REF", Handbook(sellers), rules=RuleSet(own))


def told(terms, waits, hour):
    """A docket of messages at the same hour, each answered after so many hours or never, as known at an hour."""
    docket, facts = Docket({"REF": terms}), []
    for number, hours in enumerate(waits):
        about = {"case": f"C-{number}", "order": f"O-{number}"}
        facts.append(fact("buyer_message", MONDAY, **about))
        if hours is not None and hours <= hour:
            facts.append(fact("seller_reply", MONDAY + hours * HOUR, **about))
    for each in sorted(facts, key=lambda each: each.known_at):
        docket.record(each, order(each.order))
    docket.advance(MONDAY + hour * HOUR)
    return docket


def counted(terms, docket, hour):
    """(late, counted) by whose line it is, with what the handbook's line tells of the marketplace's end."""
    sold = orders(*(order(f"O-{number}") for number in range(len(docket.cases))))
    found = {each.set_by: each for each in readings(terms, docket, sold, MONDAY + hour * HOUR)}
    assert found["rule"].by_marketplace is None
    return (
        {name: (each.numerator, each.denominator, each.met) for name, each in found.items()},
        found["handbook"].by_marketplace,
    )


def test_a_reply_after_52_hours_is_late_for_a_handbook_of_24_and_in_time_for_a_marketplace_of_72():
    terms = policy()
    docket = told(terms, [52, 52, 52], 60)
    assert counted(terms, docket, 60) == ({"rule": (0, 3, True), "handbook": (3, 3, False)}, (0, 3))
    figures = replies_between(docket, "REF", MONDAY, MONDAY + 60 * HOUR)
    assert (figures.late, figures.late_known, figures.by_marketplace) == (3, 3, (0, 3))
    assert docket.tally.endings("REF", "first_reply").late.sum() == 0


@pytest.mark.parametrize(
    ("wait", "hour", "marketplace", "handbook"),
    [
        (24, 30, (0, 1), (0, 1)),
        (None, 24, (0, 0), (0, 0)),
        (None, 25, (0, 0), (1, 1)),
        (None, 73, (1, 1), (1, 1)),
        (80, 90, (1, 1), (1, 1)),
        (30, 31, (0, 1), (1, 1)),
    ],
)
def test_an_open_message_is_late_for_each_as_soon_as_its_own_end_has_passed(wait, hour, marketplace, handbook):
    terms = policy()
    found, told_apart = counted(terms, told(terms, [wait], hour), hour)
    assert (found["rule"][:2], found["handbook"][:2]) == (marketplace, handbook)
    assert told_apart == (marketplace if marketplace != handbook else None)


@pytest.mark.parametrize(("marketplace", "handbook"), [(24, 24), (24, None), (None, 24)])
def test_where_one_end_binds_both_count_alike(marketplace, handbook):
    terms = policy(marketplace, handbook)
    docket = told(terms, [10, 30, None], 40)
    assert counted(terms, docket, 40) == ({"rule": (2, 3, False), "handbook": (2, 3, False)}, None)
    changes, due = docket.tally.dues("REF", "first_reply")
    assert (len(changes), len(due)) == (0, 0)


def test_a_reply_that_becomes_known_late_takes_back_what_the_handbook_counted():
    terms = policy()
    docket = told(terms, [None], 30)
    assert counted(terms, docket, 30)[0]["handbook"][:2] == (1, 1)
    docket.record(
        fact("seller_reply", MONDAY + 3 * HOUR, known_at=MONDAY + 31 * HOUR, case="C-0", order="O-0"), order("O-0")
    )
    assert counted(terms, docket, 31) == ({"rule": (0, 1, True), "handbook": (0, 1, True)}, None)


@pytest.mark.parametrize("hour", [20, 30, 80])
def test_a_message_that_needs_no_answer_counts_for_nobody(hour):
    terms = policy()
    docket = told(terms, [None], hour)
    docket.record(fact("no_reply_needed", MONDAY + hour * HOUR, case="C-0", order="O-0"), order("O-0"))
    assert counted(terms, docket, hour) == ({"rule": (0, 0, None), "handbook": (0, 0, None)}, None)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.sampled_from(["seller_reply", "no_reply_needed"]), st.integers(0, 90)),
        max_size=4,
    ),
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
)
def test_read_at_any_hours_it_counts_what_is_known_whenever_it_became_known(answers, steps):
    terms = policy()
    docket, account, sold = Docket({"REF": terms}), Account(terms), orders(order("O-0"))
    docket.record(fact("buyer_message", MONDAY, case="C-0", order="O-0"), order("O-0"))
    facts = sorted(
        (
            fact(kind, MONDAY + at * HOUR, known_at=MONDAY + (at + delay) * HOUR, case="C-0", order="O-0")
            for at, kind, delay in answers
        ),
        key=lambda each: each.known_at,
    )
    at = MONDAY
    for step in steps:
        at += step * HOUR
        while facts and facts[0].known_at <= at:
            with suppress(FactRefused):
                docket.record(facts.pop(0), order("O-0"))
        docket.advance(at)
        found = account.readings(docket, sold, at)
        assert found == readings(terms, docket, sold, at)
        assert all(each.numerator in (0, 1) and each.denominator in (0, 1) for each in found)
        figures = replies_between(docket, "REF", MONDAY, at)
        handbook = next(each for each in found if each.set_by == "handbook")
        assert (figures.late, figures.late_known) == (handbook.numerator, handbook.denominator)
    assert at < MONDAY + 30 * DAY
