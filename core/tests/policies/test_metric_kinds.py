"""Metrics as data: those that are shipped, and those that plugins add."""

import re

import pytest
import tomli

from aftersale.base.errors import DocumentError, PluginError
from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.metrics.readings import readings
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import load_handbook
from aftersale.policies.metric_kinds import MetricKind, default_metrics, load_metrics, parse_metrics
from aftersale.testing import fact, hostile, order, orders, plugin
from aftersale.testing.factories import MONDAY

PLACE = "kiribati"
MEANING = {"en": "what it is", "zh": "含义"}


@pytest.fixture(scope="module")
def help_desk():
    return load_plugins((), {"hostile": hostile})


def ticket(docket, number, *happened):
    """Record a ticket of an order, as (fact, hours after its opening)."""
    sold = order(f"O-{number}", PLACE, currency="JPY")
    for kind, hours in (("ticket_opened", 0), *happened):
        docket.record(fact(kind, MONDAY + hours * HOUR, marketplace=PLACE, order=sold.id, case=f"T-{number}"), sold)
    return sold


def test_a_marketplace_is_judged_by_the_metrics_that_its_plugin_adds(help_desk):
    docket = Docket(help_desk.policies([PLACE]))
    sold = orders(
        ticket(docket, 1, ("ticket_answered", 2)),
        ticket(docket, 2, ("ticket_answered", 6), ("ticket_given_up", 7)),
        ticket(docket, 3, ("ticket_answered", 4)),
        ticket(docket, 4),
    )
    at = MONDAY + DAY
    found = {each.metric: each for each in readings(help_desk.policy(PLACE), docket, sold, at) if each.set_by == "rule"}
    unsolved, mean = found["unsolved_ticket_rate"], found["mean_first_response_hours"]
    assert (unsolved.numerator, unsolved.denominator, unsolved.met, unsolved.state) == (1, 4, False, "deactivated")
    assert (unsolved.value, unsolved.bearable) == (0.25, -1)
    assert (mean.value, mean.met, mean.bearable) == (4.0, True, None)


def test_rules_and_handbook_may_set_lines_for_an_added_metric(help_desk, tmp_path):
    path = tmp_path / "sop.toml"
    path.write_text(
        '[[metric]]\nname = "unsolved_ticket_rate"\nmarketplaces = ["*"]\namount = 28\ntarget = "0.02"\n'
        'source = "ours"\ngrade = "S"\n',
        encoding="utf-8",
    )
    own = load_handbook(path, help_desk.workflow, help_desk.metrics)
    rules = [rule for rule in help_desk.policy(PLACE, own).metrics(MONDAY) if rule.name == "unsolved_ticket_rate"]
    assert {rule.marketplace: str(rule.target) for rule in rules} == {PLACE: "0.05", "*": "0.02"}
    with pytest.raises(DocumentError, match="unsolved_ticket_rate: unknown name"):
        load_handbook(path)


def test_what_a_metric_means_is_told_whoever_adds_it(help_desk):
    assert help_desk.meaning("unsolved_ticket_rate") == "tickets that were given up, of all tickets"
    assert help_desk.meaning("order_defect_rate") == default_metrics()["order_defect_rate"].en
    assert help_desk.meaning("silence").startswith("how long a contact")
    assert help_desk.meaning("nothing_of_the_kind") == ""


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"counts": "orders"}, "a metric that counts orders says which: give it defects"),
        ({"counts": "cases"}, "a metric that counts cases says which: give it case and defects"),
        ({"counts": "hours"}, "a metric that counts hours says which: give it deadline"),
        (
            {"counts": "cancellations", "deadline": "first_reply", "defects": ["claim"]},
            "a metric that counts cancellations has no defects and no deadline: leave it out",
        ),
    ],
)
def test_a_metric_says_what_it_counts_and_nothing_else(row, problem):
    with pytest.raises(DocumentError) as caught:
        parse_metrics({"metric": [{"name": "rate", **MEANING, **row}]}, "metrics.toml")
    assert str(caught.value) == f"metrics.toml: metric[0]: {problem}"


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (
            MetricKind("claim_rate", "orders", **MEANING, defects=("claim",)),
            "claim_rate: is the name of another metric (give it a name of its own)",
        ),
        (
            MetricKind("rate", "deadlines", **MEANING, deadline="first_rely"),
            "rate: the workflow knows no deadline 'first_rely' (did you mean 'first_reply'?)",
        ),
        (
            MetricKind("rate", "cases", **MEANING, case="clam", defects=("claim",)),
            "rate: the workflow knows no kind of case 'clam' (did you mean 'claim'?)",
        ),
        (
            MetricKind("rate", "orders", **MEANING, defects=("late:first_reply", "claims")),
            "rate: the workflow knows no defect 'claims' (did you mean 'claim'?)",
        ),
    ],
)
def test_a_metric_that_fits_nothing_is_refused_at_its_plugin(kind, problem):
    with pytest.raises(PluginError) as caught:
        load_plugins((), {"shop": plugin(aftersale_metrics=lambda: [kind])})
    assert str(caught.value) == f"plugin 'shop' (not installed): aftersale_metrics: {problem}"


def test_the_shipped_metrics_are_those_that_the_seed_and_the_marketplaces_name():
    shares = {name for name, kind in default_metrics().items() if kind.is_share}
    assert set(default_metrics()) - shares == {"mean_first_reply_hours"}
    assert set(default_metrics()["order_defect_rate"].defects) == {"claim", "negative_feedback", "chargeback"}


def test_metrics_are_read_from_the_package_that_carries_them():
    assert [kind.name for kind in load_metrics("aftersale.testing.hostile")] == [
        "unsolved_ticket_rate",
        "mean_first_response_hours",
    ]


def test_a_line_for_a_metric_of_a_plugin_that_is_not_there_is_refused():
    rows = tomli.loads(
        '[[metric]]\nname = "unsolved_ticket_rate"\nmarketplaces = ["REF"]\namount = 28\ntarget = "0.05"\n'
        'source = "made up"\ngrade = "assumed"\n'
    )
    from aftersale.rules import parse_rules
    from aftersale.testing import reference

    more = plugin(aftersale_rules=lambda: parse_rules(rows, "house/rules.toml"))
    with pytest.raises(PluginError, match=re.escape("no metric is named 'unsolved_ticket_rate' (known: ")):
        load_plugins((), {"house": more, "reference": reference})
