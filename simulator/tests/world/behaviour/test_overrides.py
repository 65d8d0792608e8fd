"""Reactions as data: what a scenario or a plugin overrides, for whom, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import tomli

from aftersale.base.errors import DocumentError
from aftersale.cases.workflow import default_workflow
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.reactions import Mark, Reaction, reaction_problems
from aftersale.policies.worlds import WorkOrder, WorldDefaults
from aftersale.testing import plugin, reference
from aftersale_simulator.assumptions.conditions import CASE_WORDS, ORDER_WORDS
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.assumptions.reactions import load_reactions
from aftersale_simulator.resolved.happenings import happenings
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.world.behaviour.in_force import behaviour

DOCS = Path(__file__).parents[4] / "simulator/docs/scenario.md"
MESSAGE: dict[str, Any] = {"kind": "message", "state": "answered", "marketplaces": ("REF",)}
BUSY = {"message_rate": 0.6, "reminder_rate": 0.5, "return_rate": 0.3, "claim_rate_answered": 0.2}


def scenario(**changes: Any) -> dict[str, Any]:
    """Return a scenario of a month, whose few people answer late."""
    sales = {"orders_per_day": 60.0, "price": {"median": "25"}, "categories": {"general": 0.5, "electronics": 0.5}}
    return {
        "name": "overrides",
        "currency": "EUR",
        "period": {"start": date(2026, 3, 2), "measured": "35 d", "warm_up": "0 d"},
        "marketplace": {"REF": sales},
        "team": {"desk": {"zone": "UTC", "agents": 3, "shifts": [{"days": "Mon-Fri", "hours": "09:00-13:00"}]}},
        "handling": {"reply": {"mean": "4 min"}},
        "world": BUSY,
        **changes,
    }


def shown() -> list[dict[str, Any]]:
    """Return the rows that the guide shows, for this marketplace."""
    text = DOCS.read_text(encoding="utf-8").replace('["DE"]', '["REF"]')
    (block,) = (body for body in re.findall(r"```toml\n(.*?)```", text, re.S) if body.startswith("[[reaction]]"))
    rows: list[dict[str, Any]] = tomli.loads(block)["reaction"]
    return rows


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


Play = Callable[..., tuple[dict[str, pl.DataFrame], Result]]


@pytest.fixture
def play(plugins: Plugins, tmp_path: Path) -> Play:
    def played(**changes: Any) -> tuple[dict[str, pl.DataFrame], Result]:
        folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        resolved = resolve(parse_scenario(scenario(**changes), "test", vocabulary(plugins)), plugins)
        result = run(resolved, 1, record=Recording(folder))
        return {file.stem: pl.read_parquet(file) for file in folder.glob("*.parquet")}, result

    return played


def of_kind(tables: dict[str, pl.DataFrame], kind: str) -> pl.DataFrame:
    facts = tables["facts"].filter(pl.col("kind") == kind)
    return facts.join(tables["orders"].select("order", "category"), on="order").sort("occurred_at", "order")


@pytest.mark.once
def test_buyers_who_never_remind_claim_twice_for_electronics_and_send_after_three_weeks(play: Play) -> None:
    before, _ = play()
    after, result = play(reaction=shown())
    reminded = of_kind(before, "buyer_message")["order"].is_duplicated().sum()
    assert reminded > of_kind(after, "buyer_message")["order"].is_duplicated().sum()
    claims = [of_kind(each, "claim_filed").group_by("category").len().sort("category") for each in (before, after)]
    (electronics, general), (doubled, same) = (each["len"].to_list() for each in claims)
    assert doubled == pytest.approx(2 * electronics, rel=0.35)
    assert same == pytest.approx(general, rel=0.15)
    sent = of_kind(after, "return_sent").rename({"occurred_at": "sent_at"})
    label = after["facts"].filter(pl.col("kind").is_in(["return_requested", "label_sent", "return_authorised"]))
    since = label.group_by("case").agg(pl.col("occurred_at").max())
    waited = sent.join(since, on="case").select(pl.col("sent_at") - pl.col("occurred_at")).to_series()
    assert len(waited) > 20
    assert set(waited.to_list()) == {timedelta(21)}
    assert not [each for each in result.effects.idle if each.path.startswith("reaction")]


@pytest.mark.once
def test_reminders_stop_where_the_share_is_nothing_and_nowhere_else(play: Play) -> None:
    rows = [{"overrides": ["reminder"], "categories": ["electronics"], "share": 0.0}]
    quiet = {"follow_up_rate": 0.0}
    tables, _ = play(reaction=rows, world={**BUSY, **quiet})
    written = of_kind(tables, "buyer_message")
    again = written.filter(pl.col("order").is_duplicated())
    assert set(again["category"].to_list()) == {"general"}


def test_a_row_that_holds_for_no_order_is_told_to_have_no_effect(play: Play) -> None:
    rows = [
        {"overrides": ["reminder"], "products": ["lamp"], "share": 0.5},
        {"overrides": ["message"], "channels": ["SFP"], "factor": 2},
    ]
    _, result = play(reaction=rows, world={"message_rate": 0.1})
    told = {(each.path, each.reason) for each in result.effects.idle}
    assert {("reaction[0] 'reminder'", "unread"), ("reaction[1] 'message'", "unread")} <= told


def test_the_narrower_row_wins_key_by_key() -> None:
    wide = Reaction(overrides=("reminder",), share=0.1, delay_hours=5.0)
    rows = [
        Reaction(overrides=("reminder",), products=("lamp",), share=0.4),
        Reaction(overrides=("reminder",), categories=("home",), share=0.3),
        Reaction(overrides=("reminder",), channels=("SFP",), share=0.2),
        Reaction(overrides=("reminder",), marketplaces=("REF",), share=0.15),
        wide,
    ]
    (reminder,) = (each for each in behaviour("REF", [], rows).reactions if each.name == "reminder")
    shares = {
        orders: reminder.of(orders).share
        for orders in [("MFN", "", ""), ("SFP", "", ""), ("SFP", "home", ""), ("SFP", "home", "lamp")]
    }
    assert list(shares.values()) == [0.15, 0.2, 0.3, 0.4]
    assert {reminder.of(orders).delay_hours for orders in shares} == {5.0}
    assert reminder.of(("MFN", "", "")).delay_draw == "reminder.delay"
    (elsewhere,) = (each for each in behaviour("DE", [], rows).reactions if each.name == "reminder")
    assert elsewhere.usual.share == 0.1


def test_a_scenario_s_row_wins_over_a_plugin_s_that_is_as_narrow() -> None:
    theirs = Reaction(
        overrides=("reminder",), marketplaces=("REF",), share="reminder_rate", delay_hours="reminder_rate"
    )
    ours = Reaction(overrides=("reminder",), marketplaces=("REF",), share=0.0)
    (reminder,) = (
        each
        for each in behaviour("REF", [WorldDefaults(reaction=(theirs,))], [ours]).reactions
        if each.name == "reminder"
    )
    assert (reminder.usual.share, reminder.usual.delay_hours) == (0.0, "reminder_rate")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"overrides": ["reminders"]}], "reaction[0].overrides[0]: there is no reaction 'reminders' (did you mean"),
        ([{"overrides": ["reminder"], "share": 1.5}], "reaction[0].share: 1.5 is out of range (a share from 0 to 1)"),
        ([{"overrides": ["reminder"], "share": 0.99}], "reaction[0].share: 0.99 is out of range (what is repeated"),
        ([{"overrides": ["reminder"], "share": "reminder_rat"}], "reaction[0].share: unknown parameter 'reminder_rat'"),
        (
            [{"overrides": ["reminder"], "when": ["lat"]}],
            "reaction[0].when: unknown condition 'lat' (did you mean",
        ),
        (
            [{"overrides": ["message"], "when": ["refused"]}],
            "'refused' is not known of a first step",
        ),
        ([{"overrides": ["reminder"], "kind": "return"}], "reaction[0].kind: 'kind' is that of the reaction"),
        (
            [{"overrides": ["reminder"], "fact": "replaced"}],
            "reaction[0].fact: 'fact' is that of the reaction",
        ),
        (
            [{"overrides": ["reminder"], "marketplaces": ["US"]}],
            "reaction[0].marketplaces[0]: there is no 'US'",
        ),
        (
            [{"overrides": ["reminder"], "categories": ["shoes"]}],
            "reaction[0].categories[0]: there is no 'shoes'",
        ),
        ([{"overrides": ["reminder"], "channels": ["FBM"]}], "reaction[0].channels[0]: there is no 'FBM'"),
        ([{"overrides": ["return_sent"], "spread": "lognormal"}], "a lognormal delay and a sigma go together"),
        ([{"overrides": ["reminder"], "growth": 0.1}], "growth: means nothing without 'for_days', which"),
        ([{"kind": "message", "state": "answered", "fact": "claim_filed"}], "reaction[0]: overrides nothing"),
        (
            [{"overrides": ["offer_declined"], "factor": 2}],
            "means nothing without 'share', which 'offer_decl",
        ),
        ([{"overrides": ["follow_up"], "times": {"waiting": 2}}], "reaction[0].times: unknown condition 'waiting'"),
        ([{"overrides": ["follow_up"], "share": "return_lag_days"}], "'return_lag_days' is no share"),
        ([{"overrides": ["reminder"], "spread": "fixed"}], "reaction[0].spread: is not for what is repeated"),
        ([{"overrides": ["message"], "repeats": True}], "reaction[0].repeats: is for what follows a case"),
        ([{"overrides": ["refusal"], "when": ["late"]}], "reaction[0].when: something has to come of every task"),
        (
            [{"overrides": ["reminder"]}, {"overrides": ["reminder"]}],
            "for the same orders as reaction[0]",
        ),
        ([{"overrides": "reminder"}], "reaction[0].overrides: expected a list, found 'reminder' (put it in brackets)"),
        ([{"overrides": ["reminder"], "shar": 1}], "reaction[0].shar: unknown key (did you mean 'share'?)"),
    ],
)
def test_what_cannot_be_overridden_is_refused_with_path_and_hint(rows: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_scenario(scenario(reaction=rows), "test")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "narrower",
    [
        [{"categories": ["general"]}, {"categories": ["electronics"]}],
        [{"channels": ["MFN"]}, {"categories": ["electronics"]}],
        [{}, {"marketplaces": ["REF"]}],
    ],
)
def test_rows_for_other_orders_or_of_another_narrowness_stand_side_by_side(narrower: list[dict[str, Any]]) -> None:
    rows = [{"overrides": ["reminder"], "share": 0.1, **each} for each in narrower]
    assert len(parse_scenario(scenario(reaction=rows), "test").reaction) == 2


def test_a_plugin_s_row_that_overrides_nothing_known_is_refused_when_a_scenario_is_resolved() -> None:
    row = Reaction(overrides=("reminders",), marketplaces=("REF",))
    world = WorldDefaults(reaction=(row,), origin="shop/world.toml")
    plugins = load_plugins((), {"reference": reference, "house": plugin(aftersale_world=lambda: [world])})
    with pytest.raises(DocumentError, match=r"shop/world.toml: reaction\[0\].overrides\[0\]: there is no reaction"):
        resolve(parse_scenario(scenario(), "test", vocabulary(plugins)), plugins)


@pytest.mark.parametrize(
    ("world", "problem"),
    [
        (
            {"reaction": (Reaction(**MESSAGE, fact="buyer_message", name="reminder"),)},
            "reaction[0].name: there is a reaction 'reminder' already",
        ),
        (
            {"reaction": (Reaction(kind="claim", after="rulling", fact="claim_denied", marketplaces=("REF",)),)},
            "reaction[0].after: no reaction brings the event 'rulling' (did you mean 'ruling'?",
        ),
        (
            {"reaction": (Reaction(**MESSAGE, event="anger"),)},
            "reaction[0].event: no reaction comes after the event 'anger'",
        ),
        ({"mark": (Mark("late", "return", "offered"),)}, "mark[0].name: there is a condition 'late' already"),
        ({"mark": (Mark("spoilt", "return", "offred"),)}, "mark[0].state: there is no state of a return 'offred'"),
        ({"mark": (Mark("spoilt", "retrun", "offered"),)}, "mark[0].kind: there is no kind of case 'retrun'"),
        ({"mark": (Mark("spoilt", "return"),)}, "mark[0]: nothing gives this mark"),
    ],
)
def test_what_a_plugin_states_that_nothing_follows_or_others_state_is_refused(
    world: dict[str, Any], problem: str
) -> None:
    ours = WorldDefaults(origin="shop/world.toml", **world)
    plugins = load_plugins((), {"reference": reference, "house": plugin(aftersale_world=lambda: [ours])})
    with pytest.raises(DocumentError) as caught:
        resolve(parse_scenario(scenario(), "test", vocabulary(plugins)), plugins)
    assert problem in str(caught.value)


def test_what_the_simulator_states_fits_the_form_and_names_only_what_is_declared() -> None:
    stated, workflow = load_reactions(), default_workflow()
    for row in stated.reaction:
        assert list(reaction_problems(row, workflow, "ours", row.called)) == []
    names = [row.called for row in stated.reaction if not row.overrides]
    assert {name for row in stated.reaction for name in row.overrides} <= set(names)
    assert len(set(names)) == len(names)
    declared = {str(parameter.name) for parameter in load_parameters()}
    quantities = {value for row in stated.reaction for value in row.quantities().values()}
    assert quantities <= declared
    marks = {str(mark.name) for mark in stated.mark}
    assert not marks & {*ORDER_WORDS, *CASE_WORDS}


def test_every_word_of_conditions_says_what_it_means_and_the_guide_lists_it() -> None:
    guide = DOCS.read_text(encoding="utf-8")
    for word, condition in {**ORDER_WORDS, **CASE_WORDS}.items():
        assert condition.__doc__
        assert f"`{word}`" in guide
    assert all(f"`{mark.name}`" in guide for mark in load_reactions().mark)
    form = {spec for spec in Reaction.__annotations__ if f"`{spec}`" in guide}
    assert form >= {
        "overrides",
        "share",
        "factor",
        "times",
        "at_least",
        "spread",
        "sigma",
        "when",
        "still",
        "lengthens",
        "details",
        "details_when",
        "values",
    }


def test_everything_that_may_happen_is_explained_with_who_says_so(plugins: Plugins) -> None:
    raw = scenario(reaction=[{"overrides": ["reminder"], "categories": ["general"], "share": 0.0, "source": "own"}])
    explained = list(happenings(resolve(parse_scenario(raw, "test", vocabulary(plugins)), plugins)))
    assert {row["reaction"] for row in explained} == {
        row.called for row in load_reactions().reaction if not row.overrides
    }
    usual, own = (row for row in explained if row["reaction"] == "reminder")
    assert (usual["share"], usual["set_by"], usual["values"]["reminder_rate"]) == ("reminder_rate", "simulator", 0.5)
    assert (own["share"], own["set_by"], own["source"], own["categories"]) == (0.0, "scenario", "own", ["general"])
    assert own["follows"] == "message awaiting_reply"
    assert own["quantities"] == {"share": 0.0, "delay_hours": "reminder_delay_hours", "lengthens": "reminder_handling"}
    (grows,) = (row for row in explained if row["reaction"] == "claim_in_silence")
    assert {"growth", "for_days", "times.refused"} <= grows["quantities"].keys()


def test_a_plugin_s_order_of_work_is_taken_by_its_word() -> None:
    dearest = WorkOrder("dearest", lambda task, order: -order.price)
    world = WorldDefaults(origin="shop", work_orders=(dearest,))
    plugins = load_plugins((), {"reference": reference, "house": plugin(aftersale_world=lambda: [world])})
    words = vocabulary(plugins)
    short = {"desk": {"zone": "UTC", "agents": 1, "shifts": [{"days": "Mon-Fri", "hours": "09:00-11:00"}]}}
    raw = scenario(team=short, handling={"reply": {"mean": "20 min", "shape": "fixed"}})
    results = {
        word: run(resolve(parse_scenario({**raw, "work_order": word}, "test", words), plugins), 1)
        for word in ("deadline", "dearest")
    }
    assert results["deadline"].counts["orders"] == results["dearest"].counts["orders"]
    assert results["deadline"].metrics["late_reply_rate"] != results["dearest"].metrics["late_reply_rate"]
    with pytest.raises(DocumentError, match="expected one of 'deadline', 'arrival', 'risk', 'dearest', found 'dearst'"):
        parse_scenario({**raw, "work_order": "dearst"}, "test", words)


def test_an_order_of_work_that_is_called_as_another_is_refused() -> None:
    worlds = [
        WorldDefaults(origin=name, work_orders=(WorkOrder(word, lambda task, order: task.due),))
        for name, word in (("shop", "risk"), ("other", "dearest"), ("third", "dearest"))
    ]
    plugins = load_plugins((), {"reference": reference, "house": plugin(aftersale_world=lambda: worlds)})
    with pytest.raises(DocumentError) as caught:
        resolve(parse_scenario(scenario(), "test", vocabulary(plugins)), plugins)
    told = [(each.where, each.what) for each in caught.value.problems]
    assert told == [
        ("shop", "there is a work order 'risk' already"),
        ("third", "there is a work order 'dearest' already"),
    ]


def test_a_plugin_states_what_follows_events_and_missed_deadlines(plugins: Plugins) -> None:
    rows = (
        Reaction(kind="message", missed="first_reply", event="angry", marketplaces=("REF",), name="anger"),
        Reaction(
            kind="message", after="angry", fact="claim_filed", marketplaces=("REF",), still=("first",), name="claim"
        ),
    )
    world = WorldDefaults(reaction=rows, origin="shop")
    angry = load_plugins((), {"reference": reference, "house": plugin(aftersale_world=lambda: [world])})
    nobody = {"desk": {"zone": "UTC", "agents": 0, "shifts": [{"days": "Mon-Fri", "hours": "09:00-13:00"}]}}
    world_ = {"message_rate": 1.0, "claim_rate_silence": 0.0, "return_rate": 0.0, "claim_rate_lost": 0.0}
    raw = scenario(team=nobody, world=world_)
    claims = [run(resolve(parse_scenario(raw, "test"), each), 1).metrics["claims"] for each in (plugins, angry)]
    assert claims[1] > 500 > claims[0]
