"""How sure the rows of the shipped plugins are: nothing is given out as read on a store whose page nobody read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

import pytest

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.handbook import default_handbook
from aftersale.policies.sales import DatedSale, Sale
from aftersale.policies.worlds import Closure, Parameter, WorldDefaults
from aftersale.rules import UNREAD, Rule, declared_sources, silent_clauses

PLUGINS = {name: load_plugins((name,)) for name in ("amazon_na", "amazon_eu", "amazon_jp")}
ALONE = pytest.mark.parametrize("plugins", PLUGINS.values(), ids=PLUGINS)
RULES = [rule for one in PLUGINS.values() for rule in (*one.rules.history(), *one.rules.offered())]
PAGES = ("SC-", "amazon.")
"""With what the name of a help page begins, of the sellers' side or of the buyers'."""


def spoken(plugins: Plugins) -> dict[str, frozenset[str]]:
    return dict(declared_sources((place.name, place.sources) for place in plugins.marketplaces.values()))


@ALONE
def test_no_row_carries_a_grade_whose_source_names_another_store(plugins: Plugins) -> None:
    words = spoken(plugins)
    assert [rule for rule in plugins.rules.history() if _silent(rule, rule.marketplace, words)] == []


def test_no_row_that_claims_a_page_of_its_own_store_names_one_of_another_store() -> None:
    pages = {place.name: f"SC-{place.name}" for place in load_plugins().marketplaces.values()}
    named = [(rule, re.findall(r"(?i)\bSC-[A-Z]+", rule.source)) for rule in RULES if rule.grade == "A"]
    others = [(str(rule), page) for rule, found in named for page in found if page != pages[rule.marketplace]]
    # The common European host says of its pages that they are about the United Kingdom.
    assert [(rule, page) for rule, page in others if page != "SC-EU" or " UK " not in f" {rule} "] == []


def _silent(rule: Rule, marketplace: str, words: dict[str, frozenset[str]]) -> list[str]:
    return [clause for clause, _ in silent_clauses(rule.source, rule.grade, (marketplace,), words)]


@ALONE
def test_a_row_with_a_page_of_a_store_is_refused_when_it_is_given_to_another_one(plugins: Plugins) -> None:
    words, stores = spoken(plugins), {*plugins.marketplaces, "elsewhere"}
    pages = [rule for rule in plugins.rules.history() if rule.grade not in UNREAD and rule.source.startswith(PAGES)]
    refused = {(rule, store) for rule in pages for store in stores if _silent(rule, store, words)}
    assert {rule for rule, store in refused if store == "elsewhere"} == set(pages)
    assert [(str(rule), store) for rule, store in refused if store == rule.marketplace] == []


def _word(clause: str, words: dict[str, frozenset[str]]) -> str:
    return max((word for word in words if clause.startswith(word)), key=len, default="")


def _graded(world: WorldDefaults) -> list[Parameter | Sale | DatedSale | Closure]:
    dated = (row for sale in world.sale for row in sale.dated)
    return [*world.parameter, *world.sale, *dated, *world.closure]


@ALONE
def test_every_source_that_is_declared_is_named_by_some_row(plugins: Plugins) -> None:
    worlds = [row for world in plugins.worlds for row in _graded(world)]
    places = plugins.marketplaces.values()
    rows = [row for row in (*plugins.rules.history(), *worlds, *places) if row.grade not in UNREAD]
    words = spoken(plugins)
    named = {_word(clause, words) for row in rows for clause in row.source.split("; ")}
    assert set(words) - named == set()


def test_an_order_defect_rate_that_was_copied_says_from_where() -> None:
    rates = {rule.marketplace: rule for rule in RULES if rule.name == "order_defect_rate"}
    read = {place: rule.source.partition(";")[0] for place, rule in rates.items() if rule.grade == "A"}
    copied = {place: rule.source for place, rule in rates.items() if rule.grade == "assumed"}
    assert read == {
        "US": "SC-US G200285170",
        "UK": "SC-UK G200285170",
        "DE": "SC-DE 200285170",
        "IT": "SC-IT 200285170",
    }
    american = dict.fromkeys(("CA", "MX", "JP"), "assumed; copied from SC-US G200285170")
    italian = ("FR", "ES", "NL", "SE", "PL", "BE", "IE", "TR")
    assert copied == american | dict.fromkeys(italian, "assumed; copied from SC-IT 200285170")


@pytest.mark.parametrize("marketplace", ["US", "UK"])
def test_of_two_undated_texts_the_newer_holds_and_the_older_is_a_version_without_an_invented_day(
    marketplace: str,
) -> None:
    rows = [rule for rule in RULES if (rule.marketplace, rule.name) == (marketplace, "information_request")]
    assert {rule.valid_from or rule.valid_until for rule in rows} == {None}
    assert (rows[0].version, rows[0].grade) == (None, "A")
    assert "claims_page_1781" in {rule.version for rule in rows[1:]}


def test_the_handbook_claims_to_have_read_nothing() -> None:
    assert {rule.grade for rule in default_handbook().rules.history()} == {"S", "assumed"}


# --- when in their last day times end that are told in days ---

WHOLE = {
    "chargeback_answer": "US CA MX UK DE FR IT ES NL SE PL BE IE TR JP",
    "claim_wait": "US CA MX UK DE FR IT ES NL SE PL BE IE TR JP",
    "claim_window": "US CA MX UK DE FR IT ES NL SE PL BE IE TR JP",
    "fba_reimbursement_filing": "US CA MX JP",
    "invoice": "UK DE FR IT ES",
    "return_window": "US CA MX UK DE FR IT ES NL SE PL BE IE TR",
    "safe_t_filing": "US CA MX",
    "statutory_withdrawal": "UK DE FR IT ES NL SE PL BE IE",
    "withdrawal_refund": "UK DE FR IT ES NL SE PL BE IE",
}
"""Where the last day counts whole: the page, or what it is copied from, counts from a date or says so."""


def in_days() -> Iterator[tuple[str, list[Rule]]]:
    rows = [rule for rule in RULES if rule.kind != "metric" and rule.clock in ("calendar_days", "business_days")]
    for name, named in groupby(sorted(rows, key=lambda rule: rule.name), key=lambda rule: rule.name):
        yield name, list(named)


def test_a_time_in_days_ends_with_its_last_day_where_the_pages_say_so() -> None:
    whole = {name: {rule.marketplace for rule in rows if rule.ends == "end_of_day"} for name, rows in in_days()}
    assert {name: places for name, places in whole.items() if places} == {
        name: set(places.split()) for name, places in WHOLE.items()
    }
    halves = {
        name
        for name, rows in in_days()
        if any(rule.ends != "end_of_day" and rule.marketplace in whole[name] for rule in rows)
    }
    assert halves == set(), "one store counts days in one way"


def test_a_time_in_days_that_ends_within_its_last_day_says_that_nobody_tells_its_end() -> None:
    silent = [
        rule
        for _, rows in in_days()
        for rule in rows
        if rule.ends == "same_time" and (rule.amount or 0) < 100 and "nobody tells when" not in rule.note
    ]
    assert silent == []
