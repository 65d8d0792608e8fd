from datetime import date

import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import Calendar
from aftersale.policies.marketplaces import load_marketplaces, parse_marketplaces, record

PROFILE = {
    "id": "X-1",
    "country": "DE",
    "currency": "EUR",
    "zone": "Europe/Berlin",
    "languages": ["de"],
    "source": "made up",
    "grade": "assumed",
}


def refusal(**changes):
    with pytest.raises(DocumentError) as caught:
        parse_marketplaces({"marketplace": {"X": {**PROFILE, **changes}}}, "profile.toml")
    return [str(problem) for problem in caught.value.problems]


def test_a_marketplace_keeps_the_holidays_of_its_country_unless_it_names_others():
    data = {"marketplace": {"X": PROFILE, "Y": {**PROFILE, "holidays": "AT", "subdivision": "9"}}}
    found = parse_marketplaces(data, "profile.toml")
    assert [(each.name, each.calendar.country, each.calendar.subdivision) for each in found] == [
        ("X", "DE", None),
        ("Y", "AT", "9"),
    ]


def test_a_marketplace_may_name_a_part_of_a_country_and_days_of_its_own():
    own = {"closed": [date(2026, 12, 24)], "worked": [date(2026, 10, 3)]}
    (found,) = parse_marketplaces({"marketplace": {"X": {**PROFILE, "holidays": "DE-BY", **own}}}, "profile.toml")
    assert found.calendar == Calendar("Europe/Berlin", "DE", "BY", closed=own["closed"], worked=own["worked"])
    assert refusal(holidays="DE-BY", subdivision="BE") == [
        "profile.toml: marketplace.X: holidays names a part of the country already (DE-BY): leave subdivision out"
    ]
    assert refusal(closed=[date(2026, 12, 24)], worked=[date(2026, 12, 24)]) == [
        "profile.toml: marketplace.X: both closed and worked: 2026-12-24 (name each day in one of the two lists)"
    ]


def test_a_profile_says_on_which_day_the_rules_of_its_marketplaces_were_read():
    document = {"rules_seen": date(2026, 11, 29), "marketplace": {"X": PROFILE, "Y": PROFILE}}
    assert [each.rules_seen for each in parse_marketplaces(document, "profile.toml")] == [date(2026, 11, 29)] * 2
    (silent,) = parse_marketplaces({"marketplace": {"X": PROFILE}}, "profile.toml")
    assert silent.rules_seen is None


def test_a_marketplace_as_json():
    assert record(load_marketplaces("aftersale.testing.reference")[0]) == {
        "name": "REF",
        "id": "REFERENCE-1",
        "country": "IS",
        "currency": "EUR",
        "zone": "Atlantic/Reykjavik",
        "languages": ["en"],
        "source": "made up",
        "grade": "assumed",
    }


def test_mistakes_of_a_profile_are_refused_with_their_place_all_at_once():
    assert refusal(currency="EURO", zone="Europe/Berln") == [
        "profile.toml: marketplace.X.currency: expected a currency such as 'EUR', found 'EURO' (did you mean 'EUR'?)",
        "profile.toml: marketplace.X.zone: expected a time zone such as 'Europe/Berlin', found 'Europe/Berln' "
        "(did you mean 'Europe/Berlin'?)",
    ]


def test_a_subdivision_that_the_country_does_not_have_is_refused_with_those_it_has():
    (problem,) = refusal(subdivision="XX")
    assert problem.startswith("profile.toml: marketplace.X: country 'DE' has no subdivision 'XX' (known: BB, BE, ")


def test_a_profile_says_for_which_of_its_marketplaces_each_source_speaks():
    sources = {"X help": ["X"], "both": ["*"], "Y help": ["Y"], "X and Y": ["X", "Y"]}
    found = parse_marketplaces({"marketplace": {"X": PROFILE, "Y": PROFILE}, "sources": sources}, "profile.toml")
    assert [each.sources for each in found] == [("X help", "both", "X and Y"), ("both", "Y help", "X and Y")]
    assert parse_marketplaces({"marketplace": {"X": PROFILE}}, "profile.toml")[0].sources == ()


def test_a_source_that_speaks_for_nobody_or_for_a_stranger_is_refused():
    sources = {"help": [], "page": ["XX", "*"], " ": ["*"]}
    with pytest.raises(DocumentError) as caught:
        parse_marketplaces({"marketplace": {"X": PROFILE}, "sources": sources}, "profile.toml")
    assert [str(problem) for problem in caught.value.problems] == [
        "profile.toml: sources.help: speaks for no marketplace (name some of: X, *)",
        "profile.toml: sources.page: 'XX' is no marketplace of this file (did you mean 'X'?)",
        "profile.toml: sources. : speaks for no marketplace (name some of: X, *)",
    ]
