from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.clocks import instant
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.metric_kinds import default_metrics
from aftersale.policies.policy import Policy
from aftersale.rules import (
    ANY_ORDER,
    Condition,
    Rulebook,
    RuleSet,
    as_document,
    changes,
    compared,
    load_rules,
    parse_rules,
    record,
    rule_names,
)
from aftersale.rules.names import parse_rule_names
from aftersale.testing import order

ONE_OF = (
    "a rule has exactly one of: amount with its clock, due, until, value (true or false), word, words, share, money, "
    "count; share and money together mean the lesser of the two"
)
ONLY_WALL_HOURS = "without goes with clock = 'wall_hours', and not with ends = 'end_of_day'"
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
            f"rule[0]: {ONE_OF}",
        ),
        (
            {"amount": None},
            f"rule[0]: {ONE_OF}",
        ),
        ({"without": "Sun", "clock": "business_days"}, f"rule[0]: {ONLY_WALL_HOURS}"),
        ({"without": "Sun", "ends": "end_of_day"}, f"rule[0]: {ONLY_WALL_HOURS}"),
        (
            {"without": "Mon-Sun"},
            "rule[0]: without names every day of the week, so no time would run: leave a day at least",
        ),
        (
            {"without": "Sunday"},
            "rule[0].without: expected days such as 'Mon-Fri' or 'Mon,Wed', found 'Sunday' "
            "(days: Mon, Tue, Wed, Thu, Fri, Sat, Sun)",
        ),
        (
            {"without": "Mon-Sat", "amount": 125_229},
            "rule[0]: amount = 125229 is too long: at most 125228 wall_hours, a hundred years",
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
_keys = (
    st.sampled_from(
        sorted({*row(), *metric(), "when", "value", "lag", "valid_from", "ends", "until", "words", "share", "money",
                "currency", "count", "channel", "review_target", "floor_orders", "state",
                "floor_cases", "if_orders_at_least", "if_orders_below", "in_days", "judged_on"})
    )
    | st.text(max_size=4)
)  # fmt: skip


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
    row(amount=5, when={"buyer": ["7", "12", "31"], "price_up_to": "25.00"}),
]


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({}, 1),
        ({"category": "electronics"}, 2),
        ({"cross_border": True}, 1),
        ({"category": "electronics", "cross_border": True}, 3),
        ({"category": "electronics", "channel": "SFP", "price": 2500}, 2),
        ({"category": "electronics", "buyer": "12"}, 5),
        ({"category": "electronics", "buyer": "12", "price": 2501}, 2),
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


@pytest.mark.parametrize(
    ("without", "kept"), [("Sun", "Sun"), ("Sun,Fri", "Fri,Sun"), ("Sat-Sun", "Sat,Sun"), (None, "")]
)
def test_hours_that_leave_days_of_the_week_out_say_so(without, kept):
    (found,) = rules(row(without=without))
    assert (found.without, record(found)["without"]) == (kept, kept or None)
    assert str(found.answer) == ("24 wall_hours" if not kept else f"24 wall_hours without {kept}")


# --- as JSON ---


def test_a_deadline_as_json():
    (found,) = rules(row(when={"price_above": "25.00", "cross_border": True}, valid_from=FIRST, note="so they say"))
    assert record(found) == {
        "name": "first_reply",
        "marketplace": "REF",
        "kind": "deadline",
        "due": None,
        "clock": "wall_hours",
        "amount": 24,
        "ends": "same_time",
        "without": None,
        "starts": ["buyer_message"],
        "on_expiry": "late",
        "until": None,
        "value": None,
        "word": None,
        "words": [],
        "share": None,
        "money": None,
        "currency": None,
        "count": None,
        "when": {"cross_border": True, "price_above": "25.00"},
        "valid_from": "2020-01-01",
        "valid_until": None,
        "channel": [],
        "lag": None,
        "target": None,
        "strict": None,
        "direction": None,
        "floor_orders": None,
        "floor_cases": None,
        "if_orders_at_least": None,
        "if_orders_below": None,
        "in_days": None,
        "judged_on": None,
        "running": None,
        "negative_stars": None,
        "review_target": None,
        "state": None,
        "consequence": None,
        "version": None,
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


# --- other answers than a time ---


def bare(**changes):
    """A `[[rule]]` table without clock, from what it answers."""
    return row(**{"clock": None, "amount": None, "starts": None, "on_expiry": None, **changes})


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        ({"value": True}, "switch", "True"),
        ({"word": "seller"}, "word", "seller"),
        ({"words": ["photos", "messages"]}, "list", "photos, messages"),
        ({"share": "0.20"}, "share", "0.20"),
        ({"money": "5000.00", "currency": "USD"}, "money", "5000.00 USD"),
        ({"share": "0.10", "money": "500", "currency": "JPY"}, "share", "0.10, at most 500 JPY"),
        ({"count": 0}, "count", "0"),
        ({"until": date(2026, 1, 31)}, "window", "until 2026-01-31"),
    ],
)
def test_what_a_row_answers_tells_its_kind_and_stands_in_its_line_and_its_record(answer, kind, told):
    (found,) = rules(bare(**answer))
    assert (found.kind, str(found)) == (kind, f"REF first_reply {told} …–…")
    plain = {"share": float(answer.get("share", 0)), "until": str(answer.get("until"))}
    assert {key: record(found)[key] for key in answer} == {key: plain.get(key, value) for key, value in answer.items()}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"word": "seller", "value": True}, ONE_OF),
        ({"share": "0.5", "count": 1}, ONE_OF),
        ({"marketplaces": []}, "marketplaces is empty, so the row holds nowhere: name one at least"),
        ({"words": []}, "words is empty: name one at least, or leave the row out"),
        ({"share": "1.01"}, "share = '1.01' is above 1: write 20 % as '0.20'"),
        ({"money": "5.00"}, "money and currency go together: money = '5.00', currency = 'USD'"),
        ({"value": True, "currency": "USD"}, "money and currency go together: money = '5.00', currency = 'USD'"),
        (
            {"money": "500.50", "currency": "JPY"},
            "500.50 has too many decimals for JPY (JPY has no decimals; round it first)",
        ),
        (
            {"until": date(2026, 1, 31), "on_expiry": "late"},
            "on_expiry goes with amount and clock: what follows when the time is over",
        ),
        (
            {"until": date(2300, 1, 31)},
            "until 2300-01-31 lies outside the years 1900 to 2199; leave it out for 'always'",
        ),
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_refused(answer, problem):
    assert refusal(bare(**answer)) == [f"shop/rules.toml: rule[0]: {problem}"]


def test_a_metric_says_which_channels_count_which_side_is_good_and_what_missing_it_does():
    found = metric(
        name="on_time_delivery_rate",
        channel="MFN",
        target="0.90",
        review_target="0.95",
        direction="above",
        floor_orders=30,
        state="review",
    )
    (rate,) = rules(metrics=[found])
    assert (rate.channel, rate.direction, rate.floor_orders, rate.state) == (("MFN",), "above", 30, "review")
    assert rate.review_target == Decimal("0.95")
    assert refusal(metrics=[{**found, "review_target": "0.80"}]) == [
        "shop/rules.toml: metric[0]: review_target 0.80 is missed later than target 0.90"
    ]


def test_metrics_of_other_channels_do_not_overlap():
    assert len(RuleSet(rules(metrics=[metric(channel="MFN"), metric(channel="FBA"), metric()])).history()) == 3


# --- other conditions ---


@pytest.mark.parametrize(
    ("when", "met", "missed"),
    [
        ({"category": ["shoes", "apparel"]}, {"category": "shoes"}, {"category": "books"}),
        ({"buyer": ["7", "12"]}, {"buyer": "12"}, {"buyer": "1"}),
        ({"buyer": "7"}, {"buyer": "7"}, {"buyer": ""}),
        ({"buyer": ["7", "77"]}, {"buyer": "77"}, {"buyer": "777"}),
        ({"price_up_to": "25.00"}, {"price": 2500}, {"price": 2501}),
        ({"price_above": "20", "price_up_to": "25"}, {"price": 2001}, {"price": 2000}),
    ],
)
def test_a_condition_about_the_order_holds_up_to_its_edge_and_not_beyond(when, met, missed):
    book = RuleSet(rules(row(when=when))).rulebook("REF", FIRST)
    assert book.rule("first_reply", order(**met)) is not None
    assert book.rule("first_reply", order(**missed)) is None


@pytest.mark.parametrize(
    ("when", "met", "missed"),
    [
        ({"reason": ["defective", "damaged"]}, {"reason": "damaged"}, {"reason": "unwanted"}),
        ({"reason": "defective"}, {"reason": "defective"}, {"situation": "defective"}),
        ({"situation": "late"}, {"situation": "late"}, {"situation": "early"}),
        ({"claim": ["not_received"]}, {"claim": "not_received"}, {"claim": "damaged"}),
        ({"grade": "sellable"}, {"grade": "sellable"}, {"grade": "damaged"}),
        ({"program": "prime"}, {"program": "prime", "reason": "x"}, {}),
    ],
)
def test_a_condition_about_the_question_holds_for_what_is_told_and_never_for_what_is_not(when, met, missed):
    book = RuleSet(rules(row(when=when))).rulebook("REF", FIRST)
    assert book.rule("first_reply", order(), met) is not None
    assert book.rule("first_reply", order(), missed) is None
    assert book.rule("first_reply", order()) is None


@pytest.mark.parametrize(
    ("zone", "bought", "holds"),
    [
        ("Asia/Tokyo", "2025-10-31T14:59:59Z", False),
        ("Asia/Tokyo", "2025-10-31T15:00:00Z", True),
        ("Asia/Tokyo", "2025-12-31T14:59:59Z", True),
        ("Asia/Tokyo", "2025-12-31T15:00:00Z", False),
        (None, "2025-10-31T23:59:59Z", False),
        (None, "2025-11-01T00:00:00Z", True),
    ],
)
def test_days_of_purchase_are_the_marketplace_s_own(zone, bought, holds):
    season = {"purchased_from": date(2025, 11, 1), "purchased_until": date(2025, 12, 31)}
    book = RuleSet(rules(row(when=season))).rulebook("REF", FIRST, zone)
    assert (book.rule("first_reply", order(purchased_at=instant(bought))) is not None) is holds


def test_the_order_of_words_in_a_condition_says_nothing():
    one, other = (Condition(reason=words) for words in (["a", "b", "a"], ("b", "a")))
    assert (one, str(one)) == (other, "reason=a|b")
    assert (Condition(category="shoes").category, ANY_ORDER.weight) == (("shoes",), 0)


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ({"price_above": "25", "price_up_to": "25"}, ".when: no price is above 25 and up to 25"),
        (
            {"purchased_from": date(2025, 12, 1), "purchased_until": date(2025, 11, 1)},
            ".when: purchased_until 2025-11-01 is before purchased_from 2025-12-01",
        ),
        ({"reason": []}, ".when.reason: expected a text or a list of texts, none of them empty, found a list"),
    ],
)
def test_a_condition_that_no_order_can_meet_is_refused(when, problem):
    assert refusal(row(when=when)) == [f"shop/rules.toml: rule[0]{problem}"]


def test_a_season_ends_on_its_own_day_beside_the_ordinary_window():
    season = {"purchased_from": date(2025, 11, 1), "purchased_until": date(2025, 12, 31)}
    found = RuleSet(
        rules(
            row(name="return_window", on_expiry=None),
            bare(name="return_window", until=date(2026, 1, 31), when=season, valid_until=date(2026, 1, 31)),
        )
    )
    bought = order(purchased_at=instant("2025-12-01T12:00:00Z"))
    answers = [found.rulebook("REF", date(2026, *day)).rule("return_window", bought) for day in ((1, 31), (2, 1))]
    assert [rule.until for rule in answers] == [date(2026, 1, 31), None]


# --- the catalogue of names ---


def test_every_name_has_a_kind_and_a_meaning_in_two_languages():
    found = (*rule_names().values(), *default_metrics().values())
    assert [each.name for each in found if each.en.isascii() is False or each.zh.isascii()] == []


def test_a_name_that_stands_twice_in_the_catalogue_is_refused():
    one = {"name": "silence", "kind": "deadline", "en": "how long", "zh": "多久"}
    with pytest.raises(DocumentError) as caught:
        parse_rule_names({"name": [one, one]}, "names.toml")
    assert str(caught.value) == "names.toml: silence: stands there twice (keep one of them)"


def refused(row):
    place = next(each for each in load_marketplaces("aftersale.testing.reference") if each.name == "REF")
    with pytest.raises(DocumentError) as caught:
        Policy(place, RuleSet([row]))
    (found,) = caught.value.problems
    return str(found).split("…–…: ")[1]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("order_defekt_rate", "no metric is named 'order_defekt_rate' (did you mean 'order_defect_rate'?)"),
        ("fault", "'fault' is a word, this row is a metric (give it word = '…')"),
    ],
)
def test_a_policy_refuses_a_metric_that_nobody_defines(name, problem):
    (row,) = parse_rules({"metric": [metric(name=name, marketplaces=["REF"])]}, "rules.toml")
    assert refused(row) == problem


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"name": "refund_at_first_skan", "value": True},
            "nothing asks for a rule named 'refund_at_first_skan' (did you mean 'refund_at_first_scan'?)",
        ),
        ({"name": "fault", "value": True}, "'fault' is a word, this row is a switch (give it word = '…')"),
        (
            {"name": "safe_t_limit", "money": "5.00", "currency": "USD"},
            "its money is in USD, REF sells in EUR (give each currency a row of its own)",
        ),
    ],
)
def test_a_policy_refuses_unknown_names_other_kinds_and_other_currencies(changes, problem):
    (row,) = rules(bare(**changes))
    assert refused(row) == problem


# --- over time and side by side ---


def test_changes_are_what_begins_and_what_ends_from_a_day_on():
    dated = rules(
        spanning(last=date(2026, 1, 25), amount=48),
        spanning(date(2026, 1, 26), amount=24),
        spanning(date(2020, 1, 1), date(2026, 6, 30), name="silence"),
        row(name="appeal"),
    )
    found = [
        (each.day, each.rule.name, each.old and each.old.amount, each.new and each.new.amount)
        for each in changes(dated, date(2026, 1, 26))
    ]
    assert found == [(date(2026, 1, 26), "first_reply", 48, 24), (date(2026, 7, 1), "silence", 24, None)]
    assert [each.day for each in changes(dated, date(2026, 1, 27))] == [date(2026, 7, 1)]
    assert next(each.day for each in changes(dated, FIRST)) == date(2020, 1, 1)


def test_marketplaces_side_by_side_differ_where_they_ask_something_else_or_one_asks_nothing():
    found = RuleSet(
        rules(
            row(marketplaces=["REF"], source="one", grade="A"),
            row(marketplaces=["ALT"], source="another", grade="B", valid_from=FIRST),
            row(name="silence", marketplaces=["REF"], amount=48),
            row(name="silence", marketplaces=["ALT"], amount=72),
            row(name="appeal", marketplaces=["ALT"]),
        )
    )
    rows = compared({place: found.rulebook(place, FIRST) for place in ("REF", "ALT")})
    assert [(each.name, each.differs, [rule and rule.amount for rule in each.rules.values()]) for each in rows] == [
        ("appeal", True, [None, 24]),
        ("first_reply", False, [24, 24]),
        ("silence", True, [48, 72]),
    ]


def test_the_documents_list_every_name_with_its_kind_and_meaning():
    text = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    rows = [f"| `{each.name}` | {each.kind} | {each.en} |" for each in rule_names().values()]
    rows += [f"| `{each.name}` | metric | {each.en} |" for each in default_metrics().values()]
    assert [row for row in rows if row not in text] == []


def test_a_price_in_a_currency_is_about_orders_in_that_currency_and_counts_as_one_condition():
    condition = Condition(price_up_to=Decimal(15), currency="EUR")
    about = [order(price=1500, currency=currency) for currency in ("EUR", "CLP")]
    assert [condition.holds(each) for each in about] == [True, False]
    assert (condition.weight, str(condition)) == (1, "price_up_to=15, currency=EUR")
    with pytest.raises(ValueError, match="currency goes with a price"):
        Condition(currency="EUR")


# --- versions of which nobody knows the dates ---

BOTH = [row(valid_until=FIRST), row(amount=12, valid_from=FIRST + timedelta(1)), row(amount=8, version="new page")]


def amounts(rules, day=FIRST):
    return [rule.amount for rule in rules.rulebook("REF", day).rules("first_reply")]


def rule_set(*rows, versions=()):
    return RuleSet(parse_rules({"rule": list(rows)}, "shop/rules.toml"), versions)


def test_a_version_holds_on_no_day_until_it_is_named_and_then_on_every_day():
    rules = rule_set(*BOTH)
    assert [amounts(rules, day) for day in (FIRST, LAST)] == [[24], [12]]
    assert ([str(rule) for rule in rules.offered()], rules.versions, rules.taken) == (
        ["REF first_reply 8 wall_hours version new page"],
        ("new page",),
        (),
    )
    taken = rules.with_versions(["new page"])
    assert [amounts(taken, day) for day in (FIRST, LAST)] == [[8], [8]]
    assert (taken.offered(), taken.turns("REF"), taken.taken) == ((), [], ("new page",))
    assert amounts(taken.with_versions(()), LAST) == [12]


def test_a_version_leaves_the_rows_of_other_conditions_alone():
    narrowed = row(amount=4, when={"channel": "SFP"})
    rules = rule_set(*BOTH, narrowed, versions=["new page"])
    assert amounts(rules) == [4, 8]
    other = rule_set(row(), row(amount=4, when={"channel": "SFP"}, version="new page"), versions=["new page"])
    assert amounts(other) == [4, 24]


def test_a_version_that_no_row_has_is_refused_with_the_ones_that_there_are():
    with pytest.raises(DocumentError) as caught:
        rule_set(*BOTH, versions=["new pag"])
    assert str(caught.value) == "no rule has a version 'new pag' (did you mean 'new page'? known: new page)"


def test_two_versions_of_one_question_are_each_taken_alone_and_refused_together():
    rules = rule_set(row(), row(amount=8, version="a"), row(amount=6, version="b"))
    assert [amounts(rules.with_versions([name])) for name in ("a", "b")] == [[8], [6]]
    with pytest.raises(DocumentError) as caught:
        rules.with_versions(["a", "b"])
    assert str(caught.value) == (
        "shop/rules.toml: REF first_reply: 'REF first_reply 8 wall_hours version a' and "
        "'REF first_reply 6 wall_hours version b' overlap (two versions answer the same question: name one of them)"
    )


def test_a_version_that_answers_a_question_twice_is_refused_though_nobody_takes_it():
    with pytest.raises(DocumentError) as caught:
        rule_set(row(), row(amount=8, version="a"), row(amount=6, version="a"))
    assert str(caught.value) == (
        "shop/rules.toml: REF first_reply: 'REF first_reply 8 wall_hours version a' and "
        "'REF first_reply 6 wall_hours version a' overlap (keep one of them, or give them versions of different names)"
    )


@pytest.mark.parametrize("dates", [{"valid_from": FIRST}, {"valid_until": FIRST}])
def test_a_version_with_dates_is_refused(dates):
    with pytest.raises(DocumentError) as caught:
        rule_set(row(version="a", **dates))
    assert "nobody knows the dates of a version: keep version, or valid_from and valid_until" in str(caught.value)


def test_a_version_reads_back_from_the_document_that_it_is_written_as():
    (rule,) = parse_rules({"rule": [row(version="a")]}, "shop")
    assert parse_rules(as_document([rule]), "shop") == [rule]
    assert record(rule)["version"] == "a"
    assert rule.same_demand(parse_rules({"rule": [row()]}, "shop")[0])


# --- tiers by a rate ---


@pytest.mark.parametrize(
    ("rate", "expected"), [("0.05", [True, False]), ("0.0501", [False, True]), (None, [False] * 2)]
)
def test_a_tier_holds_for_a_rate_within_it_and_for_none_that_is_not_known(rate, expected):
    tiers = Condition(rate_up_to=Decimal("0.05")), Condition(rate_above=Decimal("0.05"), rate_up_to=Decimal("0.15"))
    about = {} if rate is None else {"rate": rate}
    assert [tier.holds(order(), about) for tier in tiers] == expected


def test_a_tier_that_no_rate_is_in_is_refused():
    with pytest.raises(ValueError, match=r"no rate is above 0\.2 and up to 0\.1"):
        Condition(rate_above=Decimal("0.2"), rate_up_to=Decimal("0.1"))
