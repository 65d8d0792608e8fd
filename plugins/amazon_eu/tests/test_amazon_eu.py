"""The stores and dated rules of Amazon in Europe and Turkey, on both sides of every change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

import aftersale_amazon_eu as plugin
from aftersale.clocks import HOUR, instant
from aftersale.engine import apply
from aftersale.facts import Fact
from aftersale.marketplaces import load_marketplaces
from aftersale.orders import Order
from aftersale.policies import Policy
from aftersale.rules import Rule, RuleSet, load_rules

PACKAGE = "aftersale_amazon_eu"
RULES = RuleSet(load_rules(PACKAGE))
STORES = {store.name: store for store in load_marketplaces(PACKAGE)}
LARGE = ("UK", "DE", "FR", "IT", "ES")
SMALL = ("NL", "SE", "PL", "BE", "IE")
ALL = (*LARGE, *SMALL, "TR")
ALWAYS = date(2010, 1, 1), date(2026, 6, 1)


def said(rule: Rule) -> tuple[object, ...]:
    """Return what a row says: (value, grade) of a switch, else (amount, clock, on_expiry or None, grade)."""
    if rule.kind == "switch":
        return rule.value, rule.grade
    return rule.amount, rule.clock, rule.on_expiry if rule.kind == "deadline" else None, rule.grade


def spoken(marketplace: str, day: date, name: str) -> list[tuple[object, ...]]:
    """Return what the rules of that name say there on that day, the most narrowed first."""
    return [said(rule) for rule in RULES.rulebook(marketplace, day).rules(name)]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("UK", ("A1F83G8C2ARO7P", "GB", "GBP", "Europe/London", ("en",), ("Amazon.co.uk",), "GB", "ENG")),
        ("DE", ("A1PA6795UKMFR9", "DE", "EUR", "Europe/Berlin", ("de",), ("Amazon.de",), "DE", None)),
        ("FR", ("A13V1IB3VIYZZH", "FR", "EUR", "Europe/Paris", ("fr",), ("Amazon.fr",), "FR", None)),
        ("IT", ("APJ6JRA9NG5V4", "IT", "EUR", "Europe/Rome", ("it",), ("Amazon.it",), "IT", None)),
        ("ES", ("A1RKKUPIHCS9HS", "ES", "EUR", "Europe/Madrid", ("es",), ("Amazon.es",), "ES", None)),
        ("NL", ("A1805IZSGTT6HS", "NL", "EUR", "Europe/Amsterdam", ("nl",), ("Amazon.nl",), "NL", None)),
        ("SE", ("A2NODRKZP88ZB9", "SE", "SEK", "Europe/Stockholm", ("sv",), ("Amazon.se",), "SE", None)),
        ("PL", ("A1C3SOZRARQ6R3", "PL", "PLN", "Europe/Warsaw", ("pl",), ("Amazon.pl",), "PL", None)),
        (
            "BE",
            ("AMEN7PMS3EDWL", "BE", "EUR", "Europe/Brussels", ("nl", "fr"), ("Amazon.com.be",), "BE", None),
        ),
        ("IE", ("A28R8C7NBKEWEA", "IE", "EUR", "Europe/Dublin", ("en",), ("Amazon.ie",), "IE", None)),
        ("TR", ("A33AVAJ2PDY3EV", "TR", "TRY", "Europe/Istanbul", ("tr",), ("Amazon.com.tr",), "TR", None)),
    ],
)
def test_each_store_is_what_its_profile_says_and_nothing_else(name: str, row: tuple[object, ...]) -> None:
    store = STORES[name]
    where = store.id, store.country, store.currency, store.zone
    calendar = store.calendar.country, store.calendar.subdivision
    assert (*where, store.languages, store.sales_channels, *calendar) == row
    assert (store.grade, store.calendar.zone) == ("K", store.zone)


def test_there_are_eleven_stores_and_all_have_rules() -> None:
    assert tuple(STORES) == ALL
    assert RULES.marketplaces == tuple(sorted(ALL))


@pytest.mark.parametrize(
    ("marketplace", "day", "name", "expected"),
    [
        ("UK", date(2022, 12, 31), "information_request", (48, "wall_hours", "claim_granted", "A")),
        ("UK", date(2023, 1, 1), "information_request", (3, "calendar_days", "claim_granted", "A")),
        ("DE", date(2023, 1, 1), "information_request", (48, "wall_hours", "claim_granted", "A")),
        *((place, date(2021, 8, 29), "auto_authorise", (False, "unknown")) for place in ALL),
        *((place, date(2021, 8, 30), "auto_authorise", (True, "A")) for place in (*LARGE, *SMALL)),
        ("TR", date(2021, 8, 30), "auto_authorise", (True, "unknown")),
    ],
)
def test_a_dated_rule_changes_on_its_day_and_not_before(
    marketplace: str, day: date, name: str, expected: tuple[object, ...]
) -> None:
    assert spoken(marketplace, day, name) == [expected]


GRADES = {
    "first_reply": {"UK": "B"} | dict.fromkeys((*LARGE[1:], *SMALL), "S"),
    "silence": dict.fromkeys((*LARGE, "PL"), "A"),
    "appeal": {"UK": "A", "DE": "A", "FR": "A", "IT": "B", "ES": "B"},
    "refund_after_receipt": {"UK": "A", "ES": "A", "DE": "C", "FR": "C", "IT": "C"},
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("first_reply", (24, "wall_hours", "late")),
        ("silence", (48, "wall_hours", "grant_on_claim")),
        ("appeal", (30, "calendar_days", "claim_final")),
        ("refund_after_receipt", (2, "business_days", "late")),
    ],
)
def test_a_rule_that_never_changed_is_the_same_everywhere_and_only_its_grade_differs(
    name: str, expected: tuple[object, ...]
) -> None:
    for marketplace in ALL:
        for day in ALWAYS:
            assert spoken(marketplace, day, name) == [(*expected, GRADES[name].get(marketplace, "unknown"))]


@pytest.mark.parametrize("marketplace", [place for place in ALL if place != "UK"])
def test_an_investigator_waits_forty_eight_hours_outside_the_united_kingdom(marketplace: str) -> None:
    grade = "A" if marketplace in LARGE else "unknown"
    for day in ALWAYS:
        assert spoken(marketplace, day, "information_request") == [(48, "wall_hours", "claim_granted", grade)]


@pytest.mark.parametrize("marketplace", ALL)
def test_electronics_go_back_within_fourteen_days_since_march_2024_and_within_thirty_before(
    marketplace: str,
) -> None:
    grade = "B" if marketplace in LARGE else "unknown"
    month, fortnight = (30, "calendar_days", None, grade), (14, "calendar_days", None, grade)
    assert spoken(marketplace, date(2024, 3, 24), "return_window") == [month]
    assert spoken(marketplace, date(2024, 3, 25), "return_window") == [fortnight, month]
    rulebook = RULES.rulebook(marketplace, date(2024, 3, 25))
    for category, expected in {"electronics": fortnight, "home": month}.items():
        found = rulebook.rule("return_window", _order(category=category))
        assert found is not None
        assert said(found) == expected


HOURS = (48, "wall_hours", "late", "A")
FOUR = (4, "calendar_days", "marketplace_refunded", "B")
THREE = (3, "calendar_days", "marketplace_refunded", "B")


@pytest.mark.parametrize("marketplace", ["UK", "DE"])
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 11, 10), [HOURS]),
        (date(2024, 11, 11), [FOUR, HOURS]),
        (date(2025, 8, 10), [FOUR, HOURS]),
        (date(2025, 8, 11), [THREE, HOURS]),
    ],
)
def test_a_return_across_the_border_is_decided_in_four_days_then_in_three(
    marketplace: str, day: date, expected: list[tuple[object, ...]]
) -> None:
    assert spoken(marketplace, day, "return_decision") == expected


@pytest.mark.parametrize("marketplace", [place for place in ALL if place not in ("UK", "DE")])
def test_only_germany_and_the_united_kingdom_have_a_rule_for_returns_across_the_border(
    marketplace: str,
) -> None:
    grade = "A" if marketplace in LARGE else "unknown"
    for day in ALWAYS:
        assert spoken(marketplace, day, "return_decision") == [(48, "wall_hours", "late", grade)]


@pytest.mark.parametrize(("marketplace", "limit"), [("UK", 2000), ("DE", 2500)])
def test_the_rule_for_returns_across_the_border_begins_above_its_price(marketplace: str, limit: int) -> None:
    rulebook = RULES.rulebook(marketplace, date(2025, 8, 11))
    prices = {limit: (HOURS, (True, "A")), limit + 1: (THREE, (False, "B"))}
    for price, expected in prices.items():
        order = _order(marketplace, price=price, cross_border=True)
        found = rulebook.rule("return_decision", order), rulebook.rule("auto_authorise", order)
        assert tuple(said(rule) for rule in found if rule) == expected
    home = rulebook.rule("return_decision", _order(marketplace, price=limit + 1))
    assert home is not None
    assert said(home) == HOURS


@pytest.mark.parametrize("marketplace", ["UK", "DE"])
def test_a_dear_return_across_the_border_stays_with_the_seller_since_november_2024(marketplace: str) -> None:
    assert spoken(marketplace, date(2024, 11, 10), "auto_authorise") == [(True, "A")]
    assert spoken(marketplace, date(2024, 11, 11), "auto_authorise") == [(False, "B"), (True, "A")]


@pytest.mark.parametrize(
    ("requested", "expires"),
    [
        ("2025-08-10T23:59+02:00", "2025-08-14T23:59+02:00"),
        ("2025-08-11T00:00+02:00", "2025-08-14T00:00+02:00"),
    ],
)
def test_a_german_return_asked_for_a_minute_apart_expires_a_day_apart(requested: str, expires: str) -> None:
    at = instant(requested)
    order = _order("DE", price=2501, cross_border=True)
    asked = Fact("return_requested", "DE", order.id, "R-1", at, at)
    case = apply(None, asked, order, Policy(STORES["DE"], RULES).at(at)).case
    (deadline,) = [deadline for deadline in case.deadlines if deadline.name == "return_decision"]
    assert case.state == "requested"
    assert (deadline.expires_at, deadline.on_expiry) == (instant(expires), "marketplace_refunded")
    # The seller's own two days are tighter, so the desk works towards those.
    assert (deadline.due, deadline.set_by) == (at + 48 * HOUR, "handbook")


@pytest.mark.parametrize("marketplace", ALL)
def test_the_order_defect_rate_is_under_one_percent_of_sixty_days_that_end_fifteen_days_ago(
    marketplace: str,
) -> None:
    (rate,) = RULES.rulebook(marketplace, date(2026, 6, 1)).rules("order_defect_rate")
    assert (rate.amount, rate.clock, rate.lag, rate.negative_stars) == (60, "calendar_days", 15, 2)
    assert (rate.target, rate.strict, rate.consequence) == (Decimal("0.01"), True, "deactivation")
    assert rate.grade == ("unknown" if marketplace == "TR" else "A")


def test_every_row_names_its_source_and_an_assumed_one_says_so() -> None:
    for rule in RULES.history():
        assert rule.source.strip(), str(rule)
        assert rule.grade, str(rule)
        if rule.grade == "unknown":
            assert rule.note.startswith("assumed"), str(rule)


def test_nothing_of_turkey_is_given_out_as_known_and_its_law_is_told() -> None:
    rows = RULES.history("TR")
    assert {rule.grade for rule in rows} == {"unknown"}
    assert {rule.name for rule in rows if "Turkish law" in rule.note} == {
        "return_window",
        "refund_after_receipt",
    }


def test_what_follows_each_expiry_is_a_move_that_the_workflow_knows() -> None:
    assert tuple(Policy(store, RULES).marketplace.name for store in STORES.values()) == ALL


def test_the_plugin_hands_out_its_stores_rules_and_order_files() -> None:
    assert plugin.AFTERSALE_API == 1
    assert [store.name for store in plugin.aftersale_marketplaces()] == list(STORES)
    assert plugin.aftersale_rules() == load_rules(PACKAGE)
    assert [known.name for known in plugin.aftersale_order_formats()] == ["all_orders"]


def _order(
    marketplace: str = "DE", *, category: str = "home", price: int = 1000, cross_border: bool = False
) -> Order:
    currency = STORES[marketplace].currency
    bought = instant("2025-08-01T12:00+02:00")
    return Order(
        "1", marketplace, bought, "MFN", price, currency, category=category, cross_border=cross_border
    )
