"""Lines for a number of orders, lines that are judged on a day of the month, and how many cases are borne."""

from datetime import date, timedelta

import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.clocks import DAY
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Days
from aftersale.metrics.readings import (
    Account,
    Evaluation,
    Volume,
    binds,
    daily,
    last_evaluation,
    readings,
    standing,
    verdicts,
)
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.views.readings import metric_notes, reading_records, unjudged

PLUGINS = load_plugins((), {"reference": reference})
FIRST = date(2026, 3, 2)
SHORT = {"amount": 10, "if_orders_at_least": 4, "in_days": 5}
LONG = {"amount": 40, "if_orders_below": 4, "in_days": 5}


def metric(name="claim_rate", **changes):
    row = {"name": name, "marketplaces": ["REF"], "amount": 30, "target": "0.10", "state": "deactivated"}
    return {"metric": [{**row, "source": "made up", "grade": "assumed", **changes}]}


def policy(*documents):
    rules = [rule for document in documents for rule in parse_rules(document, "rules.toml")]
    return PLUGINS.policy("REF", Handbook([]), rules=RuleSet(rules))


def lived(bought, claims, terms):
    """Orders bought on these days after Monday, and a docket with a claim, on these days, about the first orders."""
    sold = [order(f"O-{i}", purchased_at=MONDAY + day * DAY) for i, day in enumerate(bought)]
    docket = Docket({"REF": terms})
    for each, day in zip(sold, claims, strict=False):
        for kind in ("claim_filed", "claim_granted"):
            docket.record(fact(kind, MONDAY + day * DAY, case=f"C-{each.id}", order=each.id), each)
    return orders(*sold), docket


def read(terms, sold, docket, day):
    docket.advance(MONDAY + day * DAY)
    return readings(terms, docket, sold, MONDAY + day * DAY)


def notes(found):
    return metric_notes(reading_records(found))


def test_many_orders_are_judged_over_the_short_window_and_few_over_the_long_one():
    terms = policy(metric(**SHORT), metric(**LONG))
    sold, docket = lived([0] * 6 + [15] * 4, [0], terms)
    (before,) = read(terms, sold, docket, 14)
    assert (before.window_days, before.numerator, before.denominator, before.met) == (40, 1, 6, False)
    assert before.volume == Volume(0, 5, None, 4, True)
    assert notes([before]) == ["REF claim_rate: over 40 days, because of 0 orders in 5 days, fewer than 4."]
    (then,) = read(terms, sold, docket, 16)
    assert (then.window_days, then.numerator, then.denominator, then.met) == (10, 0, 4, True)
    assert then.volume == Volume(4, 5, 4, None, True)
    assert notes([then]) == ["REF claim_rate: over 10 days, because of 4 orders in 5 days, 4 or more."]
    assert (standing([before])[0], standing([then])[0]) == ("deactivated", "healthy")


def test_where_no_line_is_for_so_few_orders_it_is_told_and_judged_by_nobody():
    terms = policy(metric(**SHORT))
    sold, docket = lived([0] * 3, [0], terms)
    (found,) = read(terms, sold, docket, 1)
    assert (found.value, found.met, found.state, found.volume) == (1 / 3, None, "healthy", Volume(3, 5, 4, None, False))
    assert (unjudged(reading_records([found])[0]), notes([found])) == ("not with 3 orders in 5 days", [])


def test_a_line_of_the_twentieth_stands_as_on_the_twentieth_until_the_next_one():
    # Monday is 2 March 2026: day 18 is the 20th.
    terms = policy(metric(judged_on=20, amount=90))
    sold, docket = lived([0] * 10, [12, 20], terms)
    told = {day: read(terms, sold, docket, day)[0] for day in (5, 18, 19, 24, 49, 50)}
    assert [each.met for each in told.values()] == [None, False, False, False, False, False]
    assert told[5].evaluation == Evaluation(date(2026, 2, 20), None, 0, 0, date(2026, 3, 20))
    assert told[24].evaluation == Evaluation(date(2026, 3, 20), 0.1, 1, 10, date(2026, 4, 20))
    assert (told[24].value, told[24].running_days, told[24].state, told[24].over) == (0.2, 1, "deactivated", True)
    assert told[50].evaluation == Evaluation(date(2026, 4, 20), 0.2, 2, 10, date(2026, 5, 20))
    assert notes([told[24]]) == ["REF claim_rate: judged on 2026-03-20 at 10.00 % (1 / 10), next judged on 2026-04-20."]


def test_what_went_wrong_since_the_last_day_of_evaluation_changes_nothing_yet():
    terms = policy(metric(judged_on=20, amount=90))
    sold, docket = lived([0] * 20, [], terms)
    assert read(terms, sold, docket, 18)[0].met
    sold, docket = lived([0] * 20, [20, 20, 20, 20], terms)
    (found,) = read(terms, sold, docket, 25)
    assert (found.value, found.over, found.met, found.state) == (0.2, True, True, "healthy")
    assert [each.state for each in read(terms, sold, docket, 49)] == ["deactivated"]


def test_a_line_that_is_younger_than_its_last_day_of_evaluation_waits_for_its_first():
    terms = policy(metric(judged_on=20, amount=90, valid_from=date(2026, 3, 21)))
    sold, docket = lived([0] * 10, [12], terms)
    (found,) = read(terms, sold, docket, 24)
    assert (found.met, found.evaluation) == (None, Evaluation(None, None, 0, 0, date(2026, 4, 20)))
    assert unjudged(reading_records([found])[0]) == "first judged on 2026-04-20"


@pytest.mark.parametrize(
    ("claims", "met", "bearable", "told"),
    [(1, True, 1, ""), (2, None, None, "2 cases, judged from 3"), (3, False, -1, "")],
)
def test_so_many_cases_are_borne_whatever_share_they_are(claims, met, bearable, told):
    terms = policy(metric(floor_cases=3, strict=False))
    sold, docket = lived([0] * 10, [0] * claims, terms)
    (found,) = read(terms, sold, docket, 1)
    assert (found.met, found.bearable, unjudged(reading_records([found])[0])) == (met, bearable, told)


def test_a_floor_of_cases_holds_for_metrics_that_count_contacts_and_cases_too():
    terms = policy(metric("contacts_per_unit", floor_cases=2))
    sold, docket = lived([0] * 3, [], terms)
    for number, met in ((0, None), (1, False)):
        docket.record(fact("buyer_message", MONDAY, case=f"M-{number}", order="O-0"), sold.order(0))
        assert readings(terms, docket, sold, MONDAY + DAY)[0].met is met


def test_the_days_of_a_series_that_are_judged_are_those_of_evaluation_with_orders_for_which_it_holds():
    short, long = (metric(judged_on=20, **row) for row in (SHORT, LONG))
    terms = policy(short, long)
    sold, docket = lived([17] * 4, [17], terms)
    days = Days.spanning(FIRST, FIRST + timedelta(60), "UTC")
    series = [(rule, daily(rule, terms, docket, sold, days)) for _, rule in terms.at(MONDAY).lines]
    judged = [[day for day, bound in enumerate(binds(*each)) if bound] for each in series]
    assert judged == [[18], [49]]
    assert [[day for day, met in enumerate(verdicts(*each)) if met is False] for each in series] == [[18], [49]]


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.integers(1, 28))
def test_the_last_evaluation_is_the_latest_day_of_that_number(day, number):
    (rule,) = parse_rules(metric(judged_on=number), "rules.toml")
    days = [day - timedelta(back) for back in range(31)]
    assert last_evaluation(rule, day) == next(one for one in days if one.day == number)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 60), max_size=30),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=8),
    st.lists(st.integers(1, 25), min_size=1, max_size=6),
)
def test_an_account_read_again_and_again_reads_as_one_that_is_read_once(bought, claims, steps):
    terms = policy(metric(judged_on=20, **SHORT), metric(judged_on=20, **LONG), metric("chargeback_rate", **SHORT))
    sold = [order(f"O-{i}", purchased_at=MONDAY + day * DAY) for i, day in enumerate(sorted(bought))]
    told = sorted(
        (
            fact(kind, max(MONDAY + day * DAY, one.purchased_at), order=one.id, case=f"C-{one.id}")._replace(
                known_at=max(MONDAY + day * DAY, one.purchased_at) + later * DAY
            )
            for one, (day, later) in zip(sold, claims, strict=False)
            for kind in ("claim_filed", "claim_granted")
        ),
        key=lambda each: each.known_at,
    )
    by_id = {one.id: one for one in sold}
    docket, account, at, every = Docket({"REF": terms}), Account(terms), MONDAY, orders(*sold)
    for step in steps:
        at += step * DAY
        while told and told[0].known_at <= at:
            each = told.pop(0)
            docket.record(each, by_id[each.order])
        docket.advance(at)
        found = account.readings(docket, every, at)
        assert found == readings(terms, docket, every, at)
        assert len({each.metric for each in found if each.volume and each.volume.holds}) == len(
            [each for each in found if each.volume and each.volume.holds]
        )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"judged_on": 0}, "judged_on = 0 is no day of every month: name one from 1 to 28"),
        ({"judged_on": 31}, "judged_on = 31 is no day of every month: name one from 1 to 28"),
        ({"judged_on": 20, "running": 3}, "running counts days, and judged_on leaves one of a month"),
        ({"judged_on": 20, "target": None}, "without a target nothing is missed: leave out state and judged_on"),
        ({"if_orders_at_least": -1, "in_days": 9}, "expected a whole number of 1 or more, found -1"),
        ({"if_orders_below": 0, "in_days": 9}, "expected a whole number of 1 or more, found 0"),
        ({"if_orders_below": 400}, "orders and days go together"),
        ({"in_days": 90}, "orders and days go together"),
        (
            {"if_orders_at_least": 4, "if_orders_below": 4, "in_days": 9},
            "no number of orders is 4 at least and below 4",
        ),
        ({"if_orders_at_least": 4, "in_days": 99999}, "in_days = 99999 is too long"),
        ({"floor_cases": 3, "direction": "above"}, "above the target nothing is"),
    ],
)
def test_what_no_account_could_be_judged_by_is_refused_with_its_row(changes, problem):
    row = {key: value for key, value in metric(**changes)["metric"][0].items() if value is not None}
    with pytest.raises(DocumentError) as refused:
        parse_rules({"metric": [row]}, "shop/rules.toml")
    assert "shop/rules.toml: metric[0]" in str(refused.value)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        (SHORT, {**LONG, "if_orders_below": 6}, "with 4 orders in 5 days, '"),
        (SHORT, {**LONG, "in_days": 6}, "one line goes by the orders of 5 days, another by those of 6"),
        (SHORT, {**SHORT, "amount": 11, "if_orders_at_least": 9}, "with 9 orders in 5 days, '"),
        (SHORT, SHORT, "overlap"),
    ],
)
def test_lines_that_contradict_each_other_are_refused(first, second, problem):
    rules = [rule for row in (first, second) for rule in parse_rules(metric(**row), "shop/rules.toml")]
    with pytest.raises(DocumentError, match=r"shop/rules\.toml: REF claim_rate: ") as refused:
        RuleSet(rules)
    assert problem in str(refused.value)


def test_lines_of_other_days_and_two_windows_for_the_same_orders_contradict_nothing():
    beside = [
        metric(**SHORT),
        metric(**{**SHORT, "amount": 20}),
        metric(**LONG),
        metric(**LONG | {"amount": 9, "in_days": 7, "channel": "MFN"}),
    ]
    assert len(policy(*beside).at(MONDAY).lines) == 4


def test_a_floor_of_cases_on_hours_is_refused():
    with pytest.raises(DocumentError, match="floor_cases counts cases, and mean_first_reply_hours adds up hours"):
        policy(metric("mean_first_reply_hours", floor_cases=3, target="3"))


def test_a_line_reads_back_from_its_document():
    from aftersale.rules.demands import as_document

    rules = parse_rules(metric(judged_on=20, floor_cases=3, **SHORT), "rules.toml")
    assert parse_rules(as_document(rules), "rules.toml") == [evolve(rule, origin="rules.toml") for rule in rules]
