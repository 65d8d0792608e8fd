"""Telling: what simulated facts say, against the weights that are declared, and what rules make of it."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tomli
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.costs.charges import docket_costs
from aftersale.documents.scalars import Rate, Word
from aftersale.engine.return_terms import fault
from aftersale.journal.reading import read_journal
from aftersale.journal.replay import replay
from aftersale.metrics.diagnosis import Diagnosis, diagnose
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.reactions import Reaction
from aftersale.policies.worlds import Codes, WorldDefaults
from aftersale.rules import parse_rules
from aftersale.testing import plugin, reference
from aftersale_simulator.assumptions.reactions import load_reactions
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.world.behaviour.in_force import behaviour
from aftersale_simulator.world.behaviour.order_bits import OrderBits
from aftersale_simulator.world.behaviour.telling import Telling, Weighted
from aftersale_simulator.world.entities import OrderState
from aftersale_simulator.world.random_streams import Draws, Streams

pytestmark = pytest.mark.once
ROWS = {row.name: row for row in load_reactions().reaction if row.name}
REASONS = ROWS["return_request"]
FAULT = """
[[rule]]
name = "fault"
marketplaces = ["REF"]
word = "seller"
source = "made up"
grade = "assumed"

[[rule]]
name = "fault"
marketplaces = ["REF"]
word = "buyer"
when = { reason = ["R-UNWANTED", "accidental_order", "better_price"] }
source = "made up"
grade = "assumed"
"""
CODES = Codes(
    (Word("REF"),),
    (Word("return_requested"),),
    {Word("no_longer_needed"): Word("R-UNWANTED"), Word("defective"): Word("R-BROKEN")},
    Word("made up"),
    "assumed",
)


def with_world(**rows: Any) -> Plugins:
    """Return the two made-up marketplaces with a rule of who is at fault, and what a plugin says of their world."""
    made = {name: getattr(reference, name) for name in vars(reference) if name.startswith("aftersale_")}
    rules = [*reference.aftersale_rules(), *parse_rules(tomli.loads(FAULT), "fault.toml")]
    world = WorldDefaults(**rows, origin="reference")
    return load_plugins(
        (), {"reference": plugin(**{**made, "aftersale_rules": lambda: rules, "aftersale_world": lambda: [world]})}
    )


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return with_world(codes=(CODES,))


def scenario(**changes: Any) -> dict[str, Any]:
    tasks = ("reply", "decide_return", "refund", "submit_evidence", "appeal", "send_label")
    return {
        "name": "telling",
        "currency": "EUR",
        "period": {"start": date(2026, 3, 2), "measured": "42 d", "warm_up": "0 d"},
        "marketplace": {
            "REF": {
                "orders_per_day": 200.0,
                "price": {"median": "25"},
                "dispersion": 1.0,
                "categories": {"general": 0.5, "apparel": 0.5},
            }
        },
        "team": {
            "desk": {"zone": "UTC", "agents": 60, "shifts": [{"days": "Mon-Sun", "hours": "00:00-24:00"}]},
        },
        "handling": {task: {"mean": "1 min", "shape": "fixed"} for task in tasks},
        "world": {
            "return_rate": 0.5,
            "return_rate_apparel": 0.5,
            "return_lag_days": 1.0,
            "late_return_factor": 1.0,
            "late_delivery_rate": 0.2,
        },
        **changes,
    }


Record = Callable[..., Path]


@pytest.fixture(scope="module")
def record(plugins: Plugins, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Run six weeks of 200 orders a day and return the journal's folder."""

    def recorded(with_plugins: Plugins = plugins, **changes: Any) -> Path:
        folder = tmp_path_factory.mktemp("telling") / "run"
        raw = parse_scenario(scenario(**changes), "test", vocabulary(with_plugins))
        run(resolve(raw, with_plugins), 1, record=Recording(folder))
        return folder

    return recorded


@pytest.fixture(scope="module")
def usual(record: Record) -> Path:
    return record()


def said(folder: Path, kind: str) -> pl.DataFrame:
    """Return what facts of a kind say, with their orders."""
    facts = pl.read_parquet(folder / "facts.parquet").filter(pl.col("kind") == kind)
    return facts.join(pl.read_parquet(folder / "orders.parquet"), on="order")


def assert_shares(words: Counter[str], weights: Mapping[Any, float]) -> None:
    """Assert that words come with these weights, each to within four standard deviations."""
    whole, total = sum(words.values()), sum(weights.values())
    assert whole > 300
    assert set(words) <= set(map(str, weights))
    for word, weight in weights.items():
        share = weight / total
        margin = 4 * np.sqrt(share * (1 - share) / whole)
        assert words[str(word)] / whole == pytest.approx(share, abs=margin), word


def called(weights: Mapping[Word, Rate] | None) -> dict[str, float]:
    return {str(CODES.words.get(word, word)): float(weight) for word, weight in (weights or {}).items()}


def test_returns_have_the_reasons_of_their_category_and_late_ones_their_own(usual: Path) -> None:
    requests = said(usual, "return_requested")
    late = pl.col("delivered_at") > pl.col("promised_at")
    (worn,) = (row for row in load_reactions().reaction if Word("apparel") in row.categories)
    for category, weights in (("general", REASONS.details), ("apparel", worn.details)):
        chosen = requests.filter((pl.col("category") == category) & ~late)
        assert_shares(Counter(chosen["detail"].to_list()), called(weights))
    assert REASONS.details_when is not None
    assert_shares(Counter(requests.filter(late)["detail"].to_list()), called(REASONS.details_when[Word("late")]))


def test_claims_say_what_they_are_about(record: Record) -> None:
    world = {
        "lost_rate": 0.2,
        "claim_rate_lost": 1.0,
        "message_rate": 0.5,
        "claim_rate_answered": 0.5,
        "late_delivery_rate": 0.0,
    }
    folder = record(world={**world, "return_rate": 0.0, "return_rate_apparel": 0.0, "claim_delay_hours": 1.0})
    claims = said(folder, "claim_filed")
    never = claims.filter(pl.col("delivered_at").is_null())
    assert set(never["detail"].to_list()) == {"not_received"}
    arrived = claims.filter(pl.col("delivered_at").is_not_null() & (pl.col("occurred_at") < pl.col("promised_at")))
    assert_shares(Counter(arrived["detail"].to_list()), ROWS["claim_after_answer"].details or {})


def test_a_claim_after_a_refusal_is_about_it_and_one_after_a_late_refund_too(record: Record) -> None:
    world = {
        "return_rate": 0.5,
        "return_rate_apparel": 0.5,
        "return_lag_days": 1.0,
        "message_rate": 0.0,
        "late_message_rate": 0.0,
    }
    market = scenario()["marketplace"]["REF"]
    folder = record(
        marketplace={"REF": {**market, "exempt": 1.0}},
        world={
            **world,
            "return_authorised_rate": 0.0,
            "claim_rate_declined": 1.0,
            "claim_delay_hours": 1.0,
            "lost_rate": 0.0,
        },
    )
    about = said(folder, "claim_filed").filter(pl.col("about").str.ends_with("-R"))
    assert len(about) > 300
    assert set(about["detail"].to_list()) == {"return_refused"}


def test_messages_have_a_topic_and_bad_ratings_their_stars(usual: Path) -> None:
    messages = said(usual, "buyer_message").sort("occurred_at")
    first = messages.group_by("case", maintain_order=True).first()
    late = pl.col("delivered_at") > pl.col("promised_at")
    in_time = first.filter(~late & pl.col("delivered_at").is_not_null())
    assert_shares(Counter(in_time["detail"].to_list()), ROWS["message"].details or {})
    assert set(first.filter(late)["detail"].to_list()) == {"late"}
    assert set(first.filter(pl.col("delivered_at").is_null())["detail"].to_list()) <= {"lost", "cancelled"}
    later = messages.join(first.select("case", "occurred_at"), on=["case", "occurred_at"], how="anti")
    assert set(later["detail"].to_list()) <= {"reminder", "follow_up"}


def test_stars_come_by_their_weights(record: Record) -> None:
    folder = record(world={"negative_feedback_rate": 0.3, "feedback_delay_days": 0.1})
    stars = said(folder, "feedback_left")["value"].to_list()
    assert_shares(Counter(f"{value:g}" for value in stars), ROWS["bad_rating"].values or {})


def test_every_reaction_says_nothing_or_what_the_rules_and_the_topics_know() -> None:
    silent = {str(row.fact) for row in load_reactions().reaction if row.fact and not row.sayings()}
    telling = {str(row.fact) for row in load_reactions().reaction if row.fact and row.sayings()}
    assert telling == {"buyer_message", "return_requested", "claim_filed", "feedback_left", "chargeback_filed"}
    assert silent & telling == set()


def test_a_rule_by_reason_decides_who_pays_the_way_back(plugins: Plugins, usual: Path) -> None:
    journal, policies = read_journal(usual), plugins.policies()
    replayed = replay(journal, policies)
    lines = docket_costs(replayed.docket, policies, replayed.until)
    paid = {line.case for line in lines if line.line.startswith("return_")}
    sent = {fact.case for fact in journal.facts if fact.kind == "return_sent"}
    by_word = Counter[tuple[str, bool]]()
    for dossier in replayed.docket.dossiers.values():
        for case in dossier.cases.values():
            if case.id in sent:
                opened = dossier.opening(case)
                rule = fault(policies["REF"].at(case.opened_at), dossier.order, opened.detail)
                assert rule is not None
                by_word[str(rule.word), case.id in paid] += 1
    assert by_word["seller", False] == by_word["buyer", True] == 0
    assert min(by_word["seller", True], by_word["buyer", False]) > 300


def test_a_diagnosis_names_products_with_their_reasons_and_the_product_as_a_cause(
    plugins: Plugins, usual: Path
) -> None:
    found: Diagnosis = diagnose(replay(read_journal(usual), plugins.policies()).docket, plugins.policies())
    requests = said(usual, "return_requested")
    for product in found.products:
        chosen = requests.filter(pl.col("category") == product.name)
        assert product.returns == len(chosen)
        assert dict(product.reasons) == Counter(chosen["detail"].to_list())
    bad = requests.filter(~pl.col("detail").is_in(["R-UNWANTED", "accidental_order", "better_price"]))
    assert next(cause.cases for cause in found.causes if cause.name == "product") == len(bad)


def test_a_scenario_overrides_what_is_said_and_changes_nothing_else(record: Record, usual: Path) -> None:
    row = {"overrides": ["return_request"], "categories": ["general"], "details": {"defective": 1, "my_own_word": 3}}
    folder = record(reaction=[row])
    late = pl.col("delivered_at") > pl.col("promised_at")
    words = said(folder, "return_requested").filter((pl.col("category") == "general") & ~late)["detail"]
    assert_shares(Counter(words.to_list()), {"R-BROKEN": 1, "my_own_word": 3})
    moved = said(usual, "return_requested").select("case", "occurred_at")
    assert moved.equals(said(folder, "return_requested").select("case", "occurred_at"))


def test_what_is_said_belongs_to_the_order_whatever_the_desk_does(record: Record, usual: Path) -> None:
    nobody = {"desk": {"zone": "UTC", "agents": 0, "shifts": [{"days": "Mon-Sun", "hours": "00:00-24:00"}]}}
    alone = said(record(team=nobody), "return_requested").select("case", "detail").sort("case")
    assert alone.equals(said(usual, "return_requested").select("case", "detail").sort("case"))


@given(
    st.lists(st.floats(0, 1000), min_size=1, max_size=8).filter(any),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_an_item_is_drawn_where_the_sum_of_the_weights_reaches_the_number(weights: list[float], draw: float) -> None:
    item = Weighted(enumerate(weights)).at(draw)
    assert weights[item] > 0
    whole = sum(weights)
    below = sum(weights[:item]) / whole
    assert below <= draw + 1e-9
    assert draw <= below + weights[item] / whole + 1e-9


def test_the_first_condition_that_holds_says_what_is_said() -> None:
    row = Reaction(
        fact=Word("claim_filed"),
        details={Word("usual"): Rate(1.0)},
        details_when={
            Word("refused"): {Word("one"): Rate(1.0)},
            Word("late"): {Word("two"): Rate(1.0)},
            Word("not late"): {Word("three"): Rate(1.0)},
        },
    )
    bits = OrderBits(("late",))
    telling = Telling(row, "claim", bits, str.upper)
    draws = Draws(Streams(1, 1), np.array([0]), "REF")
    order: Any = None
    marks = {"refused": 1}
    states = [OrderState(order, draws, 0, 1, marks), OrderState(order, draws, 0, 1), OrderState(order, draws, 0, 0)]
    assert [telling.of(state) for state in states] == [(None, "ONE"), (None, "TWO"), (None, "THREE")]


def test_codes_of_a_plugin_are_those_of_its_marketplaces_and_facts_alone(plugins: Plugins) -> None:
    here, there = (behaviour(name, plugins.worlds) for name in ("REF", "ALT"))
    asked = [("return_requested", "defective"), ("claim_filed", "defective"), ("return_requested", "better_price")]
    assert [here.called(*pair) for pair in asked] == ["R-BROKEN", "defective", "better_price"]
    assert [there.called(*pair) for pair in asked] == ["defective", "defective", "better_price"]


ROW = {"overrides": ["return_request"]}
NO_WEIGHT = "nothing has a weight (give one of them a weight above 0)"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({**ROW, "details": {}}, f"details: {NO_WEIGHT}"),
        ({**ROW, "details": {"defective": 0}}, f"details: {NO_WEIGHT}"),
        ({**ROW, "details_when": {"late": {}}}, f"details_when.late: {NO_WEIGHT}"),
        (
            {**ROW, "details": {"defective": 2e6}},
            "details.defective: 2e+06 is out of range (a weight among the others, 0 to 1000000)",
        ),
        (
            {**ROW, "details": {"defective": "often"}},
            "details.defective: expected a number of 0 or more, found 'often'",
        ),
        (
            {**ROW, "details_when": {"lte": {"defective": 1}}},
            "details_when: unknown condition 'lte' (did you mean 'late'?",
        ),
        ({**ROW, "details_when": {"waiting": {"defective": 1}}}, "details_when: unknown condition 'waiting'"),
        (
            {"overrides": ["bad_rating"], "values": {"one": 1}},
            "values.one: 'one' is no number (values are numbers: values = { 1 = 0.6, 2 = 0.4 })",
        ),
        (
            {"overrides": ["claim_lost"], "details": {"lost": 1}},
            "details: 'claim_lost' brings an event, which says nothing (say it in reactions that bring facts)",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_at_its_place(plugins: Plugins, row: dict[str, Any], problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_scenario(scenario(reaction=[row]), "test", vocabulary(plugins))
    assert f"test: reaction[0].{problem}" in str(caught.value)


@pytest.mark.parametrize(
    ("codes", "problem"),
    [
        (
            (evolve(CODES, words={Word("defectiv"): Word("R-BROKEN")}),),
            "reference: codes[0].words.defectiv: no 'return_requested' says 'defectiv' (did you mean 'defective'?",
        ),
        (
            (evolve(CODES, facts=(Word("buyer_message"),)),),
            "codes[0].words.no_longer_needed: no 'buyer_message' says 'no_longer_needed' (allowed: cancelled, ",
        ),
    ],
)
def test_codes_for_what_nothing_says_are_refused(codes: tuple[Codes, ...], problem: str) -> None:
    plugins = with_world(codes=codes)
    with pytest.raises(DocumentError) as caught:
        resolve(parse_scenario(scenario(), "test", vocabulary(plugins)), plugins)
    assert problem in str(caught.value)
