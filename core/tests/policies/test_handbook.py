from datetime import date

import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import HOUR
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook, default_handbook, load_handbook
from aftersale.rules import parse_rules
from aftersale.testing import order, reference
from aftersale.testing.factories import MONDAY

ROW = """
[[rule]]
name = "{name}"
marketplaces = ["{marketplace}"]
clock = "wall_hours"
amount = {amount}
starts = "buyer_message"
on_expiry = "late"
source = "house"
grade = "S"
{more}
"""


def row(amount, marketplace="*", name="first_reply", more=""):
    return ROW.format(amount=amount, marketplace=marketplace, name=name, more=more)


@pytest.fixture
def write(tmp_path):
    """Writes rows to a file of the seller and returns its path."""

    def written(*rows):
        path = tmp_path / "sop.toml"
        path.write_text("".join(rows), encoding="utf-8")
        return path

    return written


def said(rules):
    """What rows say: (name, marketplace, amount, condition)."""
    return [(rule.name, rule.marketplace, rule.amount, str(rule.when)) for rule in rules]


def refusal(path):
    with pytest.raises(DocumentError) as caught:
        load_handbook(path)
    return [str(problem) for problem in caught.value.problems]


def test_the_default_handbook_is_the_standard_of_the_seed():
    deadlines = [rule for rule in default_handbook().rules.history() if rule.kind == "deadline"]
    metrics = [rule for rule in default_handbook().rules.history() if rule.kind == "metric"]
    assert [(rule.name, str(rule.when), rule.amount, rule.clock, rule.on_expiry) for rule in deadlines] == [
        ("first_reply", "", 24, "wall_hours", "late"),
        ("return_decision", "", 48, "wall_hours", "late"),
        ("refund_after_receipt", "channel=SFP", 2, "business_days", "late"),
        ("information_request", "", 72, "wall_hours", "claim_granted"),
        ("return_label", "", 48, "wall_hours", "late"),
        ("refund_decision", "", 48, "wall_hours", "late"),
        ("refund_after_approval", "", 2, "business_days", "late"),
        ("replacement_sent", "", 48, "wall_hours", "late"),
        ("replacement_tracking", "", 24, "wall_hours", "late"),
        ("carrier_confirmation", "", 24, "wall_hours", "late"),
        ("not_received_answer", "", 24, "wall_hours", "late"),
        ("not_received_decision", "", 48, "wall_hours", "late"),
        ("solution", "", 48, "wall_hours", "late"),
        ("repair_answer", "", 48, "wall_hours", "late"),
        ("repair_done", "", 14, "calendar_days", "late"),
        ("claim_evidence", "", 72, "wall_hours", "late"),
        ("cancellation_answer", "", 24, "wall_hours", "late"),
    ]
    (window,) = (rule for rule in default_handbook().rules.history() if rule.kind == "window")
    assert (window.name, window.amount, window.clock) == ("evidence_retention", 180, "calendar_days")
    assert [(rule.name, rule.amount, rule.lag, str(rule.target), rule.strict, rule.running) for rule in metrics] == [
        ("late_reply_rate", 30, 0, "0.10", False, 30),
        ("mean_first_reply_hours", 30, 0, "3.2", False, 0),
        ("order_defect_rate", 60, 15, "0.005", False, 0),
    ]


def test_every_row_of_the_default_handbook_holds_everywhere_and_names_its_source():
    rows = default_handbook().rules.history()
    assert {(rule.marketplace, bool(rule.source), rule.origin) for rule in rows} == {
        ("*", True, "aftersale/handbook.toml")
    }


def test_a_row_for_a_marketplace_replaces_the_general_one_there_and_nowhere_else(write):
    own = load_handbook(write(row(12, "REF")))
    first_replies = {
        name: [each for each in said(own.for_marketplace(name)) if each[0] == "first_reply"] for name in ("REF", "ALT")
    }
    assert first_replies == {"REF": [("first_reply", "REF", 12, "")], "ALT": [("first_reply", "*", 24, "")]}


def test_a_narrowed_row_for_a_marketplace_leaves_the_general_row_standing(write):
    own = load_handbook(write(row(12, "REF", more='when = { channel = "SFP" }')))
    found = [each for each in said(own.for_marketplace("REF")) if each[0] == "first_reply"]
    assert found == [("first_reply", "REF", 12, "channel=SFP"), ("first_reply", "*", 24, "")]


def test_rows_of_the_seller_stand_in_place_of_the_default_s(write):
    own = load_handbook(write(row(12)))
    before, after = (
        {each for each in said(handbook.rules.history()) if each[0] != "first_reply"}
        for handbook in (default_handbook(), own)
    )
    assert before == after
    assert [each for each in said(own.rules.history()) if each[0] == "first_reply"] == [("first_reply", "*", 12, "")]
    assert own.source == str(write())


def test_dated_rows_of_the_seller_replace_the_default_on_all_days(write):
    rows = [row(12, more="valid_until = 2026-06-30"), row(6, more="valid_from = 2026-07-01")]
    own = load_handbook(write(*rows))
    amounts = [
        own.rules.rulebook("*", day).rule("first_reply", order()).amount
        for day in (date(2020, 1, 1), date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert amounts == [12, 12, 6]


def test_a_file_without_rows_changes_nothing(write):
    assert load_handbook(write()).rules.history() == default_handbook().rules.history()


def test_a_name_that_nothing_asks_for_is_refused_with_the_names_there_are(write):
    path = write(row(1, name="frist_reply"), row(2, name="coffee"))
    coffee, reply = refusal(path)
    assert coffee.startswith(f"{path}:13: coffee: unknown name (the handbook may speak of: appeal, auto_authorise, ")
    assert reply == f"{path}:2: frist_reply: unknown name (did you mean 'first_reply'?)"


def test_what_only_a_marketplace_can_state_is_refused_so_that_no_row_goes_without_effect(write):
    told = 'marketplaces = ["*"]\nvalue = true\nsource = "x"\ngrade = "S"\n'
    path = write(f'[[rule]]\nname = "handled_by_marketplace"\n{told}')
    (problem,) = refusal(path)
    assert problem.startswith(
        f"{path}:1: handled_by_marketplace: only a marketplace can state this, a row of yours would change nothing "
        "(the handbook may speak of: appeal, "
    )


def test_a_seller_may_set_what_the_default_is_silent_about(write):
    own = load_handbook(write(row(7, name="appeal"), row(14, name="return_window")))
    assert {"appeal", "return_window"} <= set(own.names())


def test_rows_that_overlap_are_refused_as_in_every_set_of_rules(write):
    (problem,) = refusal(write(row(12), row(6)))
    assert problem == (
        f"{write()}:13: * first_reply: '* first_reply 12 wall_hours …–…' and '* first_reply 6 wall_hours …–…' overlap "
        "(let the earlier row end (valid_until) the day before the later one begins (valid_from))"
    )


def test_a_file_that_is_missing_or_no_toml_is_refused_with_what_to_do(tmp_path, write):
    missing = tmp_path / "none.toml"
    assert refusal(missing) == [f"{missing}: does not exist (check the name, or create the file)"]
    path = write("[[rule]\n")
    (problem,) = refusal(path)
    assert problem.startswith(f"{path}:1: column 7: is no valid TOML: ")


def test_a_handbook_binds_beside_the_rules_of_every_marketplace(write):
    policy = load_plugins((), {"reference": reference}).policy("REF", load_handbook(write(row(6))))
    terms = policy.at(MONDAY)
    *_, way = terms.ways["message", "", "buyer_message"]
    found = {each.name: (each.due - MONDAY, each.set_by) for each in terms.deadlines(way, MONDAY, order())}
    assert found == {"first_reply": (6 * HOUR, "handbook"), "silence": (48 * HOUR, "rule")}


@pytest.mark.parametrize("leads_to", ["claim_granted", "buyer_message"])
def test_a_handbook_whose_expiry_does_not_lead_out_of_the_state_is_refused_with_what_does(leads_to):
    text = {"rule": [{**_row(), "on_expiry": leads_to}]}
    handbook = Handbook(parse_rules(text, "sop.toml"), "sop.toml")
    with pytest.raises(DocumentError) as caught:
        load_plugins((), {"reference": reference}).policy("REF", handbook)
    assert str(caught.value) == (
        f"sop.toml: * first_reply 24 wall_hours …–…: on_expiry '{leads_to}' cannot follow in state 'awaiting_reply' "
        "of a message (allowed there: late, grant_on_claim, no_reply_needed, seller_reply)"
    )


def _row():
    return {
        "name": "first_reply",
        "marketplaces": ["*"],
        "clock": "wall_hours",
        "amount": 24,
        "starts": "buyer_message",
        "source": "house",
        "grade": "S",
    }


def test_a_version_in_a_handbook_is_refused_for_what_a_seller_asks_for_holds(write):
    with pytest.raises(DocumentError) as caught:
        load_handbook(write(row(12, "REF", more='version = "new"')))
    assert "the seller's own rows have no versions (leave version out: what you ask for holds" in str(caught.value)
