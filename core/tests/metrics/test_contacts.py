"""Contacts per unit, and metrics that are told without a line."""

from datetime import date, timedelta

import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import DAY
from aftersale.engine.docket import Docket
from aftersale.metrics.days import Days
from aftersale.metrics.readings import daily, readings, standing
from aftersale.plugins.plugins import load_plugins
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.views.readings import reading_records, target_text, unjudged

PLUGINS = load_plugins((), {"reference": reference})
FIRST = date(2026, 3, 2)
LINE = {"name": "contacts_per_unit", "marketplaces": ["REF"], "amount": 10, "source": "x", "grade": "assumed"}


def told(**more):
    return parse_rules({"metric": [{**LINE, **more}]}, "rules.toml")


def policy(rules):
    return PLUGINS.policy("REF", rules=RuleSet([*PLUGINS.rules.history(), *rules]))


def sold(count=4, channel="MFN"):
    return [order(f"O-{i}", purchased_at=MONDAY, channel=channel) for i in range(count)]


def contacted(*contacts, bound, made):
    """A docket in which cases were opened: (fact, order number, days after Monday, known so many days later)."""
    docket = Docket({"REF": bound})
    for number, (kind, one, day, later) in enumerate(contacts):
        at = MONDAY + day * DAY
        docket.record(
            fact(kind, at, order=made[one].id, case=f"C-{number}", known_at=at + later * DAY, detail="defective"),
            made[one],
        )
    return docket


def values(rules, made, docket, bound, last=12):
    series = daily(rules[0], bound, docket, orders(*made), Days.spanning(FIRST, FIRST + timedelta(last), "UTC"))
    return list(zip(series.numerator.tolist(), series.denominator.tolist(), strict=True))


def test_cases_count_by_the_day_they_were_opened_and_from_the_one_on_which_they_are_known():
    rules = told(target="0.05")
    bound, made = policy(rules), sold()
    docket = contacted(
        ("buyer_message", 0, 1, 0),
        ("not_received_reported", 1, 3, 2),
        ("return_requested", 2, 1, 0),
        bound=bound,
        made=made,
    )
    found = values(rules, made, docket, bound)
    assert [found[day] for day in (0, 1, 4, 5, 9, 10, 11, 12)] == [
        (0, 4), (1, 4), (1, 4), (2, 4), (2, 4), (2, 0), (1, 0), (1, 0),
    ]  # fmt: skip


def test_the_contacts_and_units_of_other_channels_are_not_counted():
    rules = told(target="0.05", channel=["MFN"])
    bound = policy(rules)
    made = [*sold(2), *(one._replace(id=f"F-{n}", channel="FBA") for n, one in enumerate(sold(3)))]
    docket = contacted(("buyer_message", 0, 0, 0), ("buyer_message", 3, 0, 0), bound=bound, made=made)
    assert values(rules, made, docket, bound)[0] == (1, 2)


def test_a_metric_without_a_line_is_told_and_nothing_follows_from_it():
    bound, made = policy(told(consequence="none")), sold()
    docket = contacted(("buyer_message", 0, 0, 0), bound=bound, made=made)
    found = [one for one in readings(bound, docket, orders(*made), MONDAY + DAY) if one.metric == "contacts_per_unit"]
    (reading,) = found
    assert (reading.value, reading.target, reading.met, reading.bearable) == (0.25, None, None, None)
    assert not reading.over
    assert (standing(found)[0], reading.running_days, reading.triggered) == ("healthy", 0, False)
    (record,) = reading_records(found)
    assert (record["target"], target_text(record), unjudged(record)) == (None, "–", "no line")
    assert "contacts_per_unit" not in {line.name for line in bound.metrics(MONDAY)}


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"state": "review"}, "leave out state, or give it one"),
        ({"running": 3, "review_target": "0.1"}, "leave out review_target and running, or give it one"),
    ],
)
def test_what_is_said_of_a_line_that_is_not_there_is_refused(more, problem):
    with pytest.raises(DocumentError) as caught:
        told(**more)
    assert f"without a target nothing is missed: {problem}" in str(caught.value)
