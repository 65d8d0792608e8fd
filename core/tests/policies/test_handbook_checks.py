from datetime import date
from decimal import Decimal

import pytest

from aftersale.base.errors import DocumentError
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import reference

PLACE = load_plugins((), {"reference": reference}).marketplaces["REF"]
TOLD = {"source": "made up", "grade": "assumed"}
REPLY = {"name": "first_reply", "clock": "wall_hours", "amount": 24, "starts": "buyer_message", "on_expiry": "late"}
REFUND = {"name": "refund_after_receipt", "amount": 4, "clock": "calendar_days", "starts": "return_received"}
REFUND |= {"on_expiry": "marketplace_refunded"}
WINDOW = {"name": "return_window", "clock": "calendar_days", "amount": 30, "starts": "delivered"}
SWITCH = {"name": "auto_authorise", "value": True}
RATE = {"name": "order_defect_rate", "amount": 60, "target": "0.01"}


def parsed(rows, place, key="rule", source="rules.toml"):
    return parse_rules({key: [{**TOLD, "marketplaces": [place], **row} for row in rows]}, source)


def bound(demanded, own, key="rule"):
    """The marketplace's demand and the seller's own row together; raises when they do not go together."""
    rules = RuleSet(parsed([demanded], "REF", key))
    return Policy(PLACE, rules, default_handbook().overlaid(Handbook(parsed([own], "*", key, "own.toml"), "own.toml")))


@pytest.mark.parametrize(
    ("demanded", "own"),
    [
        (REPLY, {"amount": 25}),
        (REFUND, {"amount": 5}),
        (REPLY, {"without": "Sun"}),
        (REFUND, {"clock": "business_days", "amount": 5}),
        (WINDOW, {"amount": 29}),
        (SWITCH, {"value": False}),
        ({"name": "prepaid_label", "word": "automatic"}, {"word": "not_prepaid"}),
        ({"name": "fault", "word": "seller"}, {"word": "buyer"}),
        ({"name": "restocking_fee", "share": "0.20"}, {"share": "0.21"}),
    ],
)
def test_a_row_of_the_seller_that_asks_for_less_is_refused_with_both_quoted(demanded, own):
    with pytest.raises(DocumentError) as caught:
        bound(demanded, {**demanded, **own})
    (problem,) = caught.value.problems
    assert problem.where == "own.toml"
    assert "is looser than what the marketplace demands: 'REF " in problem.what
    assert "(made up, assumed)" in problem.what


@pytest.mark.parametrize(
    ("demanded", "own"),
    [
        (REPLY, {"amount": 24}),
        (REPLY, {"amount": 12}),
        (REFUND, {"clock": "business_days", "amount": 2}),
        (REFUND, {"clock": "business_days", "amount": 3}),  # later over a weekend only: the tighter binds each time
        (WINDOW, {"amount": 60}),
        (SWITCH, {"value": True}),
        ({"name": "prepaid_label", "word": "not_prepaid"}, {"word": "automatic"}),
        ({"name": "fault", "word": "buyer"}, {"word": "seller"}),
        ({"name": "restocking_fee", "share": "0.20"}, {"share": "0"}),
    ],
)
def test_a_row_that_asks_for_as_much_or_more_binds_beside_it(demanded, own):
    bound(demanded, {**demanded, **own})


def test_rows_that_are_never_in_force_together_are_not_compared():
    early, late = {"valid_until": date(2019, 12, 31)}, {"valid_from": date(2020, 1, 1)}
    bound({**REPLY, **late}, {**REPLY, "amount": 36, **early})
    with pytest.raises(DocumentError, match="is looser"):
        bound({**REPLY, **late}, {**REPLY, "amount": 36, "valid_until": date(2020, 1, 1)})


def test_a_looser_target_of_a_metric_is_refused_and_a_stricter_one_is_not():
    with pytest.raises(DocumentError, match="is looser"):
        bound(RATE, {**RATE, "target": "0.02"}, "metric")
    bound(RATE, {**RATE, "target": "0.005"}, "metric")


def test_a_row_is_compared_with_rules_in_force_with_it_not_with_bygone_ones():
    bygone = {**REPLY, "amount": 12, "valid_until": date(2019, 12, 31)}
    bound(bygone, {**REPLY, "amount": 24})


def test_a_rule_about_some_orders_only_is_settled_order_by_order():
    bound({**REPLY, "when": {"channel": "SFP"}}, {**REPLY, "amount": 48})
    with pytest.raises(DocumentError, match="is looser"):
        bound({**REPLY, "when": {"channel": "SFP"}}, {**REPLY, "amount": 48, "when": {"channel": "SFP"}})


def test_the_shipped_standard_may_ask_for_less_than_a_marketplace_that_asks_for_more():
    strict = {**REPLY, "name": "information_request", "starts": "information_requested", "amount": 48}
    Policy(PLACE, RuleSet(parsed([strict], "REF")), default_handbook())


def test_the_narrowest_rule_that_covers_a_row_of_the_seller_s_is_the_one_to_keep():
    told = {"name": "restocking_fee", "marketplaces": ["REF"], **TOLD}
    late = {**told, "share": "0.2", "when": {"situation": "change_of_mind_late"}}
    rules = RuleSet(parse_rules({"rule": [{**told, "share": "0"}, late]}, "rules.toml"))

    def with_own(share):
        rows = [{**late, "marketplaces": ["*"], "share": share}]
        return Policy(PLACE, rules, default_handbook().overlaid(Handbook(parse_rules({"rule": rows}, "own.toml"))))

    assert [rule.share for rule in with_own("0.1").own] == [Decimal("0.1")]
    with pytest.raises(DocumentError, match=r"looser.*'REF restocking_fee .situation=change_of_mind_late. 0.2"):
        with_own("0.3")
