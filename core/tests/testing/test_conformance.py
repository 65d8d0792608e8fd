"""The conformance suite, tested itself: good plugins pass all of it, each broken one fails exactly its own check."""

import datetime
import random  # noqa: TID251  what a plugin must not draw from
import subprocess
import sys
import textwrap
import time
import uuid
from decimal import Decimal
from importlib import import_module
from importlib.metadata import PathDistribution
from typing import ClassVar

import pytest
from attrs import evolve

from aftersale.base.errors import PluginError
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.metric_kinds import default_metrics
from aftersale.policies.worlds import Parameter, WorldDefaults
from aftersale.rules import Condition, Rule, load_rules
from aftersale.testing import hostile, plugin, reference
from aftersale.testing.conformance import CHECKS, MarketplaceConformance, Subject, findings

PLACES = [place for place in load_marketplaces("aftersale.testing.reference") if place.name == "ALT"]
LINE = next(
    rule for rule in load_rules("aftersale.testing.reference") if (rule.kind, rule.marketplace) == ("metric", "ALT")
)
RULES = [rule for rule in load_rules("aftersale.testing.reference") if rule.marketplace == "ALT"]


class TestReference(MarketplaceConformance):
    plugin = "reference"
    module = reference
    beside: ClassVar = {"hostile": hostile}


class TestHostile(MarketplaceConformance):
    plugin = "hostile"
    module = hostile
    beside: ClassVar = {"reference": reference}


HOUSE = plugin("house", aftersale_classify=lambda order: "spare part" if order.category == "bulky" else None)


class TestHousePlugin(MarketplaceConformance):
    plugin = "house"
    module = HOUSE
    beside: ClassVar = {"reference": reference}


def shop(**hooks):
    """A copy of the reference plugin with other hooks."""
    usual = {"aftersale_marketplaces": lambda: PLACES, "aftersale_rules": lambda: RULES}
    return plugin("shop", **{**usual, **hooks})


def offences(module, beside=None, distribution=None):
    """Return what each failing check found, and of the others that were not run which check stopped them."""
    subject = Subject("shop", module, beside or {}, distribution)
    if not isinstance(subject.alone, PluginError):
        subject.__dict__["samples"] = subject.samples[::4]  # enough for mistakes that every case shows
    found = [finding for finding in findings(subject) if not finding.passed]
    failed = {finding.check.name: list(finding.problems) for finding in found if finding.problems}
    assert {finding.stopped_by for finding in found if finding.stopped_by} <= set(failed)
    return failed


def test_every_check_has_a_broken_plugin_below():
    tested = {check for check, _ in BROKEN} | {
        "names_agree",
        "is_typed",
        "lives_with_others",
        "simulates",
        "is_complete",
    }
    assert tested == {check.name for check in CHECKS}


asked: dict[str, int] = {}
seen = ["", ""]


def fickle(order):
    """Answer the same question differently every other time."""
    asked[order.id] = asked.get(order.id, 0) + 1
    return "manual" if asked[order.id] % 2 else None


def jealous(order):
    """Answer by the order that came before this one."""
    if order.id != seen[1]:
        seen[:] = [seen[1], order.id]
    return "manual" if seen[0] < seen[1] else None


def noisy(order):
    """Say what it thinks."""
    sys.stdout.write("deciding!\n")


def clock():
    """Ask what time it is."""
    return 1 if time.time() < 0 else None  # noqa: TID251


def calendar():
    """Ask which day it is."""
    return datetime.date.today().isoformat()[:1]  # noqa: DTZ011


def dice():
    """Throw dice that the whole process shares."""
    return 1 if random.random() > 2 else None


def ticket():
    """Name a case by chance."""
    return str(bool(uuid.uuid4()))  # noqa: TID251


def backwards():
    """Rules with one that is over before it begins."""
    return [evolve(rule, amount=-5) if rule.name == "first_reply" else rule for rule in RULES]


def in_yen_and_a_half():
    """Rules with an amount that its currency does not have."""
    ours = {"source": "made up", "grade": "assumed", "currency": "CLP"}
    return [*RULES, Rule("claim_cover", "ALT", "money", money=Decimal("300.5"), **ours)]


BROKEN = [
    ("loads", lambda: shop(aftersale_rulse=lambda: [])),
    ("has_sources", lambda: shop(aftersale_rules=lambda: [evolve(RULES[0], source=" "), *RULES[1:]])),
    (
        "has_sources",
        lambda: shop(aftersale_marketplaces=lambda: [evolve(PLACES[0], source=""), *PLACES[1:]]),
    ),
    (
        "has_sources",
        lambda: shop(
            aftersale_world=lambda: [
                WorldDefaults((Parameter("lost_rate", 0.1, 0.0, 1.0, "share of orders", " ", "B", ("ALT",)),))
            ]
        ),
    ),
    (
        "has_sources",
        lambda: shop(
            aftersale_metrics=lambda: [evolve(default_metrics()[LINE.name], name="odr_2", zh="")],
            aftersale_rules=lambda: [*RULES, evolve(LINE, name="odr_2")],
        ),
    ),
    ("sources_speak", lambda: shop(aftersale_rules=lambda: [evolve(RULES[0], grade="A"), *RULES[1:]])),
    (
        "sources_speak",
        lambda: shop(
            aftersale_world=lambda: [
                WorldDefaults((Parameter("lost_rate", 0.1, 0.0, 1.0, "share of orders", "press", "B", ("ALT",)),))
            ]
        ),
    ),
    ("is_total", lambda: shop(aftersale_decide_return=lambda order: 1 / (order.price - 25) and None)),
    ("is_total", lambda: shop(aftersale_classify=lambda: 7)),
    ("is_total", lambda: shop(aftersale_case_closed=lambda case: case.id)),
    ("is_pure", lambda: shop(aftersale_decide_return=fickle)),
    ("is_order_independent", lambda: shop(aftersale_decide_return=jealous)),
    ("deadlines_are_monotone", lambda: shop(aftersale_rules=backwards)),
    ("money_fits", lambda: shop(aftersale_rules=in_yen_and_a_half)),
    ("reads_no_clock", lambda: shop(aftersale_prioritise=clock)),
    ("reads_no_clock", lambda: shop(aftersale_classify=calendar)),
    ("draws_nothing", lambda: shop(aftersale_prioritise=dice)),
    ("draws_nothing", lambda: shop(aftersale_classify=ticket)),
    ("prints_nothing", lambda: shop(aftersale_decide_return=noisy)),
]


@pytest.mark.parametrize(("check", "broken"), BROKEN, ids=[f"{check}-{i}" for i, (check, _) in enumerate(BROKEN)])
def test_a_broken_plugin_fails_exactly_its_own_check(check, broken):
    assert list(offences(broken())) == [check]


def test_a_plugin_that_cannot_be_loaded_is_told_every_reason_and_one_that_is_wrong_everywhere_only_some():
    names = ["aftersale_decide_return", "aftersale_decide_refund", "aftersale_classify", "aftersale_prioritise"]
    wrong = {name: lambda ordr: None for name in (*names, "aftersale_decide_claim", "aftersale_decide_evidence")}
    assert len(offences(shop(**wrong))["loads"]) == 6
    jumbled = offences(shop(aftersale_decide_return=jealous))["is_order_independent"]
    assert len(jumbled) == 6
    assert jumbled[-1].startswith("and ")
    assert jumbled[-1].endswith(" more")


def test_a_plugin_that_refunds_without_the_goods_passes():
    assert offences(shop(aftersale_decide_return=lambda order: "returnless" if order.cross_border else None)) == {}


def test_a_mistake_about_a_buyer_whom_a_row_names_is_found():
    row = next(rule for rule in RULES if rule.name == "return_decision")
    rows = [*RULES, evolve(row, when=Condition(buyer="VIP"))]

    def fails(order):
        return "maybe" if order.buyer == "VIP" else None

    assert offences(shop(aftersale_decide_return=fails)) == {}
    found = offences(shop(aftersale_rules=lambda: rows, aftersale_decide_return=fails))
    assert list(found) == ["is_total"]


def test_a_plugin_that_clashes_with_another_is_found_beside_it():
    found = offences(shop(), {"reference": reference})
    assert list(found) == ["lives_with_others"]
    assert "marketplace 'ALT': is owned by" in found["lives_with_others"][0]


def test_a_plugin_that_goes_otherwise_beside_others_is_found():
    company: list[bool] = []
    place = [evolve(PLACES[0], name="SHOP")]
    rules = [evolve(rule, marketplace="SHOP") for rule in RULES if rule.marketplace == "ALT"]

    def changeable():
        return "manual" if company else None

    def crowd():
        company.append(True)
        return []

    module = shop(
        aftersale_marketplaces=lambda: place, aftersale_rules=lambda: rules, aftersale_decide_return=changeable
    )
    other = plugin("other", aftersale_commands=crowd)
    found = offences(module, {"other": other})
    assert list(found) == ["lives_with_others"]


def test_what_a_check_finds_says_which_case_and_what_to_do():
    found = offences(shop(aftersale_decide_return=lambda: "yes"))["is_total"]
    assert found[0].endswith(
        "aftersale_decide_return of plugin 'shop' (not installed): answered 'yes' "
        "(return one of 'return_authorised', 'return_declined', 'returnless', 'manual', or None)"
    )
    (found,) = offences(shop(aftersale_prioritise=clock))["reads_no_clock"]
    assert found.startswith("aftersale_prioritise: test_conformance.py:")
    assert found.endswith(" calls time.time: time is an argument")


# --- whose page was read ---

PAGES = {"REF": ("REF help", "joint page"), "ALT": ("ALT help", "joint page")}


def read_on(marketplace, grade, source):
    """Return what is found when the first rule of a marketplace has that grade and source."""
    places = [evolve(place, sources=PAGES[place.name]) for place in reference.aftersale_marketplaces()]
    rules = reference.aftersale_rules()
    first = next(index for index, rule in enumerate(rules) if rule.marketplace == marketplace)
    rules[first] = evolve(rules[first], grade=grade, source=source)
    module = plugin("shop", aftersale_marketplaces=lambda: places, aftersale_rules=lambda: rules)
    (check,) = (check for check in CHECKS if check.name == "sources_speak")
    return [problem.partition(" is graded ")[2] for problem in check.find(Subject("shop", module, {}))]


@pytest.mark.parametrize("grade", ["A", "B", "C", "D", "K"])
def test_no_row_carries_a_grade_of_a_page_about_another_marketplace(grade):
    assert read_on("ALT", grade, "ALT help 17; joint page, 2026") == []
    for source, clause in (("REF help 17", "REF help 17"), ("ALT help 17; REF help 18", "REF help 18")):
        assert read_on("ALT", grade, source) == [
            f"{grade}, but '{clause}' speaks for REF, not for ALT: name what was read for ALT, or grade it assumed: "
            f"source = 'assumed; copied from {clause}'"
        ]
    assert read_on("REF", grade, "REF help 17") == []


def test_a_source_that_no_word_declares_speaks_for_nobody():
    for source in ("ALT helper 17", "ALT help.net 17", "some page", "assumed; copied from ALT help 17"):
        clause = source.partition(";")[0]
        assert read_on("ALT", "A", source)[0] == (
            f"A, but nothing says for which marketplaces '{clause}' speaks: "
            "add the word with which it begins to [sources] in profile.toml"
        )


@pytest.mark.parametrize("grade", ["S", "unknown", "assumed"])
def test_what_was_not_read_may_name_any_page(grade):
    assert read_on("ALT", grade, "assumed; copied from REF help 17") == []


# --- what a distribution says ---

MODULE = """
from aftersale import hookimpl
from aftersale.testing.reference import aftersale_marketplaces, aftersale_rules
AFTERSALE_API = 1
"""
METADATA = """\
Metadata-Version: 2.4
Name: aftersale-shop
Version: 0.1.0
Summary: A shop
Requires-Dist: aftersale<0.2,>=0.1
Description-Content-Type: text/markdown

# A shop
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return what the checks find in a package `aftersale_shop` with this metadata."""

    def made(metadata=METADATA, package="aftersale_shop", typed=True):
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").write_text(MODULE, encoding="utf-8")
        if typed:
            (folder / "py.typed").touch()
        info = tmp_path / "aftersale_shop-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        module = import_module(package)
        monkeypatch.delitem(sys.modules, package)
        return offences(module, distribution=PathDistribution(info))

    return made


def test_a_distribution_that_is_named_like_its_plugin_passes(installed):
    assert installed() == {}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Name: aftersale-shop", "Name: my-shop", "its distribution is 'my-shop', not 'aftersale-shop'"),
        ("Summary: A shop\n", "", "its metadata has no description: add it to [project] in pyproject.toml"),
        ("# A shop\n", "", "its metadata has no readme: add it to [project] in pyproject.toml"),
        (
            "<0.2,>=0.1",
            "",
            "it does not say below which release of aftersale it works: require 'aftersale>=0.1,<0.2'",
        ),
    ],
)
def test_metadata_that_does_not_agree_is_told(installed, old, new, problem):
    assert installed(METADATA.replace(old, new)) == {"names_agree": [problem]}


def test_a_package_that_is_named_otherwise_is_told(installed):
    found = installed(package="my_shop")
    assert found == {"names_agree": ["the entry point 'shop' leads to 'my_shop', not to 'aftersale_shop'"]}


def test_a_package_without_types_is_told(installed):
    problem = "the package aftersale_shop has no py.typed: add an empty file of that name"
    assert installed(typed=False) == {"is_typed": [problem]}


# --- as a plugin's author meets it ---


@pytest.mark.once
def test_a_whole_test_file_is_three_lines(tmp_path):
    (tmp_path / "test_shop.py").write_text(
        textwrap.dedent(
            """
            from aftersale.testing import plugin, reference
            from aftersale.testing.conformance import MarketplaceConformance

            STORES = reference.aftersale_marketplaces
            SHOP = plugin("shop", aftersale_marketplaces=STORES, aftersale_classify=lambda: 7)

            class TestShop(MarketplaceConformance):
                plugin = "shop"
                module = SHOP
            """
        ),
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfs", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert f"1 failed, {len(CHECKS) - 5} passed, 4 skipped" in run.stdout
    assert "FAILED test_shop.py::TestShop::test_is_total" in run.stdout
    assert "says nothing while 'is_total' fails" in run.stdout
    assert "answered 7 (return a word, or None)" in run.stdout


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("ALT help 17, REF help 18", "A, but 'REF help 18' speaks for REF, not for ALT: "),
        ("ALT help 17 as in ref HELP 18", "A, but 'ref HELP 18' speaks for REF, not for ALT: "),
        ("ALT help 17 (joint page; REF help 18)", "A, but 'REF help 18)' speaks for REF, not for ALT: "),
        (";", "A, but nothing says for which marketplaces ';' speaks: "),
        ("alt help 17", "A, but nothing says for which marketplaces 'alt help 17' speaks: "),
    ],
)
def test_every_word_of_a_source_counts_not_only_the_first(source, problem):
    (told,) = read_on("ALT", "A", source)
    assert told.startswith(problem)


@pytest.mark.parametrize("grade", ["assumed", "unknown"])
def test_a_row_that_nobody_read_does_not_name_a_page_as_if_it_was(grade):
    assert read_on("ALT", grade, "REF help 17; more") == [
        f"{grade}, but its source begins with 'REF help 17' as if that was read for it: "
        f"say what was done with it: source = '{grade}; copied from REF help 17'"
    ]


def test_the_grade_of_a_marketplace_itself_is_that_of_a_page_about_it():
    places = [evolve(place, sources=PAGES[place.name]) for place in reference.aftersale_marketplaces()]
    places[-1] = evolve(places[-1], source="REF help 17", grade="A")
    module = plugin("shop", aftersale_marketplaces=lambda: places)
    (check,) = (check for check in CHECKS if check.name == "sources_speak")
    (told,) = check.find(Subject("shop", module, {}))
    assert told.startswith(f"marketplace {places[-1].name} is graded A, but 'REF help 17' speaks for REF, not for ")
