from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersale.errors import DocumentError
from aftersale.rules import Rulebook, RuleSet, load_rules, parse_rules, record
from aftersale.testing import order

FIRST, LAST = date(2020, 1, 1), date(2020, 2, 29)


def row(**changes):
    """A `[[rule]]` table: 24 hours for the first reply on REF, from changes without those that are None."""
    usual = {
        "name": "first_reply",
        "marketplaces": ["REF"],
        "clock": "wall_hours",
        "amount": 24,
        "starts": "buyer_message",
        "on_expiry": "late",
        "source": "made up",
        "grade": "assumed",
    }
    return {key: value for key, value in {**usual, **changes}.items() if value is not None}


def metric(**changes):
    usual = {
        "name": "order_defect_rate",
        "marketplaces": ["REF"],
        "amount": 60,
        "target": "0.01",
        "source": "made up",
        "grade": "assumed",
    }
    return {**usual, **changes}


def rules(*rows, metrics=()):
    return parse_rules({"rule": list(rows), "metric": list(metrics)}, "shop/rules.toml")


def refusal(*rows, metrics=()):
    with pytest.raises(DocumentError) as caught:
        RuleSet(rules(*rows, metrics=metrics))
    return [str(problem) for problem in caught.value.problems]


def spanning(first=None, last=None, **changes):
    return row(valid_from=first, valid_until=last, **changes)


# --- rows ---


def test_a_row_is_a_rule_on_each_of_its_marketplaces():
    found = rules(row(marketplaces=["REF", "ALT"]), metrics=[metric()])
    assert [(rule.name, rule.marketplace, rule.kind) for rule in found] == [
        ("first_reply", "REF", "deadline"),
        ("first_reply", "ALT", "deadline"),
        ("order_defect_rate", "REF", "metric"),
    ]
    assert {rule.origin for rule in found} == {"shop/rules.toml"}


def test_a_document_may_hold_metrics_alone_or_nothing():
    assert [rule.name for rule in parse_rules({"metric": [metric()]}, "rules.toml")] == ["order_defect_rate"]
    assert parse_rules({}, "rules.toml") == []


def test_the_keys_of_a_row_tell_its_kind():
    found = rules(
        row(),
        row(name="return_window", on_expiry=None),
        row(name="auto_authorise", clock=None, amount=None, starts=None, on_expiry=None, value=False),
    )
    assert [(rule.name, rule.kind) for rule in found] == [
        ("first_reply", "deadline"),
        ("return_window", "window"),
        ("auto_authorise", "switch"),
    ]


def test_one_fact_that_starts_the_clock_needs_no_list():
    assert rules(row(starts="buyer_message")) == rules(row(starts=["buyer_message"]))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"value": True},
            "rule[0]: a rule has either an amount with its clock, or a value (true or false)",
        ),
        (
            {"amount": None},
            "rule[0]: a rule has either an amount with its clock, or a value (true or false)",
        ),
        ({"clock": None}, "rule[0]: amount and clock go together: amount = 24, clock = 'wall_hours'"),
        ({"starts": None}, "rule[0]: say which fact starts the clock: starts = 'buyer_message'"),
        (
            {"valid_from": date(2026, 1, 2), "valid_until": date(2026, 1, 1)},
            "rule[0]: valid_until 2026-01-01 is before valid_from 2026-01-02",
        ),
        (
            {"valid_until": date(9999, 12, 31)},
            "rule[0]: valid_until 9999-12-31 lies outside the years 1900 to 2199; leave it out for 'always'",
        ),
        (
            {"amount": 900_000},
            "rule[0]: amount = 900000 is too long: at most 876600 wall_hours, a hundred years",
        ),
        (
            {"clock": "hours"},
            "rule[0].clock: expected one of 'wall_hours', 'calendar_days', 'business_days', found 'hours' "
            "(did you mean 'wall_hours'?)",
        ),
        ({"vaild_from": FIRST}, "rule[0].vaild_from: unknown key (did you mean 'valid_from'?)"),
        ({"source": None}, "rule[0].source: missing (add it: a text that is not empty)"),
        (
            {"when": {"price_above": 25.5}},
            "rule[0].when.price_above: expected an amount such as '24.90', found 25.5 "
            "(put it in quotes, to keep it exact)",
        ),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_place(changes, problem):
    assert refusal(row(**changes)) == [f"shop/rules.toml: {problem}"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"clock": "wall_hours"}, "metric[0]: a metric's window counts in calendar_days"),
        ({"lag": 40_000}, "metric[0]: lag = 40000 is too long: at most 36525 calendar_days, a hundred years"),
        ({"amount": 0}, "metric[0].amount: expected a whole number of 1 or more, found 0"),
        (
            {"name": "order_defekt_rate"},
            "metric[0].name: expected one of 'order_defect_rate', 'late_reply_rate', 'mean_first_reply_hours', "
            "found 'order_defekt_rate' (did you mean 'order_defect_rate'?)",
        ),
    ],
)
def test_a_metric_that_makes_no_sense_is_refused_with_its_place(changes, problem):
    assert refusal(metrics=[metric(**changes)]) == [f"shop/rules.toml: {problem}"]


def test_all_mistakes_of_a_document_are_told_at_once():
    assert refusal(row(amount=-1), row(grade="Z"), metrics=[metric(target=0.01)]) == [
        "shop/rules.toml: rule[0].amount: expected a whole number of 0 or more, found -1",
        "shop/rules.toml: rule[1].grade: expected one of 'A', 'B', 'C', 'D', 'K', 'S', 'unknown', 'assumed', found 'Z'",
        "shop/rules.toml: metric[0].target: expected an amount such as '24.90', found 0.01 "
        "(put it in quotes, to keep it exact)",
    ]


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_keys = st.sampled_from(sorted({*row(), *metric(), "when", "value", "lag", "valid_from", "ends"})) | st.text(max_size=4)


@given(st.dictionaries(st.sampled_from(["rule", "metric", "rules"]), _values, max_size=2) | st.none(), st.data())
def test_no_document_of_any_shape_ends_in_anything_but_a_document_error(document, data):
    if document is None:
        mutations = st.dictionaries(_keys, _values, max_size=3)
        document = {"rule": [{**row(), **data.draw(mutations)}], "metric": [{**metric(), **data.draw(mutations)}]}
    problems = []
    try:
        RuleSet(parse_rules(document, "rules.toml"))
    except DocumentError as error:
        problems = [(problem.where, bool(problem.what)) for problem in error.problems]
    assert set(problems) <= {("rules.toml", True)}


# --- rows over time ---


def test_rows_that_follow_each_other_are_in_force_one_after_the_other():
    found = RuleSet(rules(spanning(last=date(2026, 1, 25), amount=48), spanning(date(2026, 1, 26), amount=24)))
    amounts = {
        day: found.rulebook("REF", day).rule("first_reply", order()).amount
        for day in (date.min, date(2026, 1, 25), date(2026, 1, 26), date.max)
    }
    assert amounts == {date.min: 48, date(2026, 1, 25): 48, date(2026, 1, 26): 24, date.max: 24}
    assert list(found.turns("REF")) == [date(2026, 1, 26)]


def test_before_its_first_day_and_after_its_last_a_rule_says_nothing():
    found = RuleSet(rules(spanning(date(2026, 1, 26), date(2026, 1, 27))))
    days = [date(2026, 1, day) for day in (25, 26, 27, 28)]
    assert [len(found.rulebook("REF", day).rows) for day in days] == [0, 1, 1, 0]


def test_a_marketplace_without_rules_has_an_empty_rulebook():
    assert RuleSet(rules(row())).rulebook("ALT", FIRST) == Rulebook("ALT", ())


def test_rows_that_overlap_are_refused():
    assert refusal(spanning(last=date(2026, 1, 26), amount=48), spanning(date(2026, 1, 26), amount=24)) == [
        "shop/rules.toml: REF first_reply: 'REF first_reply 48 wall_hours …–2026-01-26' and "
        "'REF first_reply 24 wall_hours 2026-01-26–…' overlap "
        "(let the earlier row end (valid_until) the day before the later one begins (valid_from))"
    ]


def test_a_hole_between_rows_is_refused_with_the_days_that_are_missing():
    assert refusal(spanning(date(2026, 1, 27)), spanning(last=date(2026, 1, 20))) == [
        "shop/rules.toml: REF first_reply: no row between 'REF first_reply 24 wall_hours …–2026-01-20' and "
        "'REF first_reply 24 wall_hours 2026-01-27–…' "
        "(let one of them reach the other, or add a row for 2026-01-21–2026-01-26)"
    ]


def test_two_rows_without_dates_overlap():
    (problem,) = refusal(row(), row(amount=48))
    assert "'REF first_reply 24 wall_hours …–…' and 'REF first_reply 48 wall_hours …–…' overlap" in problem


def test_every_overlap_with_a_long_row_is_told_and_no_hole_that_it_fills():
    found = refusal(
        spanning(date(2026, 1, 1), date(2026, 12, 31), amount=1),
        spanning(date(2026, 2, 1), date(2026, 2, 2), amount=2),
        spanning(date(2026, 3, 1), date(2026, 3, 2), amount=3),
    )
    assert [problem.split(": ")[2].split(" (")[0] for problem in found] == [
        "'REF first_reply 1 wall_hours 2026-01-01–2026-12-31' and "
        f"'REF first_reply {n} wall_hours 2026-0{n}-01–2026-0{n}-02' overlap"
        for n in (2, 3)
    ]


def test_rows_of_other_marketplaces_names_or_conditions_do_not_overlap():
    found = RuleSet(
        rules(row(), row(marketplaces=["ALT"]), row(name="silence"), row(when={"channel": "SFP"}), metrics=[metric()])
    )
    assert found.marketplaces == ("ALT", "REF")
    assert len(found.history()) == 5
    assert len(found.history("REF")) == 4


_days = st.integers(0, (LAST - FIRST).days).map(lambda ahead: FIRST + timedelta(ahead))
_spans = st.tuples(st.none() | _days, st.none() | _days).filter(lambda span: None in span or span[0] <= span[1])


@given(st.lists(_spans, min_size=1, max_size=4))
def test_rows_are_accepted_exactly_when_each_day_between_them_has_one(spans):
    days = [date.min, *(FIRST + timedelta(ahead) for ahead in range(-1, (LAST - FIRST).days + 2)), date.max]
    speaking = [sum((first or date.min) <= day <= (last or date.max) for first, last in spans) for day in days]
    within = "".join(map(str, speaking)).strip("0")
    try:
        found = RuleSet(rules(*(spanning(*span) for span in spans)))
    except DocumentError:
        assert set(within) - {"1"}
    else:
        assert set(within) == {"1"}
        assert [len(found.rulebook("REF", day).rows) for day in days] == speaking


# --- rows for some orders ---


NARROWED = [
    row(amount=1),
    row(amount=2, when={"category": "electronics"}),
    row(amount=3, when={"category": "electronics", "cross_border": True}),
    row(amount=4, when={"channel": "SFP", "category": "electronics", "price_above": "25.00"}),
]


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({}, 1),
        ({"category": "electronics"}, 2),
        ({"cross_border": True}, 1),
        ({"category": "electronics", "cross_border": True}, 3),
        ({"category": "electronics", "channel": "SFP", "price": 2500}, 2),
        ({"category": "electronics", "channel": "SFP", "price": 2501}, 4),
        ({"category": "electronics", "channel": "SFP", "price": 2501, "cross_border": True}, 4),
    ],
)
def test_of_the_rules_that_an_order_falls_under_the_one_that_asks_most_wins(changes, amount):
    for rows in (NARROWED, NARROWED[::-1]):
        book = RuleSet(rules(*rows)).rulebook("REF", FIRST)
        assert book.rule("first_reply", order(**changes)).amount == amount


def test_an_order_that_no_rule_is_about_has_none():
    book = RuleSet(rules(*NARROWED[1:])).rulebook("REF", FIRST)
    assert book.rule("first_reply", order()) is None
    assert book.rule("silence", order()) is None


def test_a_price_is_compared_in_the_order_s_own_currency():
    book = RuleSet(rules(row(amount=2, when={"price_above": "25"}))).rulebook("REF", FIRST)
    assert book.rule("first_reply", order(currency="CLP", price=25)) is None
    assert book.rule("first_reply", order(currency="CLP", price=26)).amount == 2


def test_a_rule_in_a_line_says_what_it_narrows():
    (found,) = rules(row(when={"channel": "SFP", "price_above": "25.00"}, valid_from=FIRST))
    assert str(found) == "REF first_reply [channel=SFP, price_above=25.00] 24 wall_hours 2020-01-01–…"
    assert found.told == f"rule: {found}"


# --- as JSON ---


def test_a_deadline_as_json():
    (found,) = rules(row(when={"price_above": "25.00", "cross_border": True}, valid_from=FIRST, note="so they say"))
    assert record(found) == {
        "name": "first_reply",
        "marketplace": "REF",
        "kind": "deadline",
        "clock": "wall_hours",
        "amount": 24,
        "ends": "same_time",
        "starts": ["buyer_message"],
        "on_expiry": "late",
        "value": None,
        "when": {"cross_border": True, "price_above": "25.00"},
        "valid_from": "2020-01-01",
        "valid_until": None,
        "lag": None,
        "target": None,
        "strict": None,
        "running": None,
        "negative_stars": None,
        "consequence": None,
        "source": "made up",
        "grade": "assumed",
        "note": "so they say",
    }


def test_a_metric_and_a_switch_as_json_have_their_own_keys_filled_and_the_others_empty():
    metrics = [metric(lag=15, running=30, consequence="review", strict=False)]
    switch = row(name="auto_authorise", clock=None, amount=None, starts=None, on_expiry=None, value=False)
    found = {rule.kind: record(rule) for rule in rules(switch, metrics=metrics)}
    keys = ("clock", "amount", "on_expiry", "value", "lag", "target", "strict", "running", "consequence")
    assert {kind: tuple(each[key] for key in keys) for kind, each in found.items()} == {
        "switch": (None, None, None, False, None, None, None, None, None),
        "metric": ("calendar_days", 60, None, None, 15, 0.01, False, 30, "review"),
    }


def test_the_reference_rules_load():
    assert RuleSet(load_rules("aftersale.testing.reference")).marketplaces == ("ALT", "REF")
