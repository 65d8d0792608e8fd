"""Scenarios: what is read, how values are set in them, and how every mistake is told."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tomli
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError, Problem
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import DAY, MINUTE
from aftersale.plugins.quarantine import Quarantine
from aftersale_simulator.output_files import as_toml
from aftersale_simulator.scenario.document import load_scenario, parse_scenario
from aftersale_simulator.scenario.overrides import changed, parse_assignment, with_changes
from aftersale_simulator.scenario.vocabulary import shipped
from aftersale_simulator.whatif.variants import plan
from aftersale_simulator.world.checks import check_marketplaces

DEFAULT = load_scenario()
TEAM = "zone, agents, shifts, holidays, closed, worked, cost_per_hour, serves, absence, other_work, finishes, overtime"


def told(raw: dict[str, Any]) -> list[str]:
    """Return what is wrong with a document."""
    with pytest.raises(DocumentError) as caught:
        parse_scenario(raw, "s.toml")
    return [str(problem) for problem in caught.value.problems]


def set_at(path: str, value: Any) -> dict[str, Any]:
    """Return the default scenario with one value set, whatever it is, as no file has it."""
    raw = deepcopy(dict(DEFAULT.raw))
    *above, last = path.split(".")
    node: Any = raw
    for step in above:
        node = node[int(step)] if step.isdecimal() else node.setdefault(step, {})
    node[last] = value
    return raw


# what is read


def test_the_shipped_scenario_is_a_seller_on_three_marketplaces_with_a_team_in_shenzhen() -> None:
    scenario = DEFAULT.scenario
    assert list(scenario.marketplace) == ["US", "DE", "JP"]
    team = scenario.team["shenzhen"]
    shift = team.shifts[0]
    assert (team.zone, team.holidays) == ("Asia/Shanghai", "CN")
    assert (shift.days, shift.hours, shift.breaks) == ({0, 1, 2, 3, 4}, (540, 1080), ((720, 780),))
    assert [scenario.base, *(variant.name for variant in scenario.variant)] == [
        "Monday to Friday",
        "Monday to Saturday",
        "Seven days",
        "One person more",
        "Follow the sun",
    ]


def test_lengths_are_microseconds() -> None:
    assert DEFAULT.scenario.period.warm_up == 75 * DAY
    assert DEFAULT.scenario.handling["reply"].mean == 8 * MINUTE


def test_handling_times_are_of_tasks_that_the_workflow_knows() -> None:
    assert set(DEFAULT.scenario.handling) <= set(shipped().tasks)


def test_tasks_without_a_handling_time_take_the_declared_one() -> None:
    assert parse_scenario({**DEFAULT.raw, "handling": {}}, "s.toml").handling == {}


def test_files_are_found_from_the_scenarios_folder(tmp_path: Path) -> None:
    names = {"handbook": "own.toml", "orders": {"file": "a/orders.txt"}, "goods": {"catalogue": "b/products.csv"}}
    text = as_toml({**DEFAULT.raw, **names})
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    found = load_scenario(tmp_path / "s.toml")
    assert found.scenario.handbook == str(tmp_path / "own.toml")
    assert found.scenario.orders is not None
    assert found.scenario.orders.file == str(tmp_path / "a" / "orders.txt")
    assert found.scenario.goods.catalogue == str(tmp_path / "b" / "products.csv")


def test_an_order_format_may_stand_in_the_orders_table_itself() -> None:
    columns = {"order": "No", "purchased_at": "Date", "price": "Sum"}
    values = {"marketplace": "DE", "channel": "MFN"}
    inline = set_at("orders", {"file": "f.csv", "columns": columns, "values": values})
    apart = set_at("orders", {"file": "f.csv", "mapping": {"columns": columns, "values": values}})
    assert parse_scenario(inline, "s.toml") == parse_scenario(apart, "s.toml")


# every mistake, with its path and the allowed words


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("sede", 2, "sede: unknown key (did you mean 'seed'?)"),
        ("replications", 0, "replications: expected a whole number of 1 or more, found 0"),
        (
            "period.measured",
            "91",
            "period.measured: expected a duration such as '12 min', found '91' (units: s, min, h, d, wk)",
        ),
        (
            "period.measured",
            "36 h",
            "period: measured and warm_up are whole days, and measured is at least one: measured = '90 d'",
        ),
        (
            "period.start",
            date(1, 1, 1),
            "period: the period with its warm-up lies within the years 1970 to 2199",
        ),
        (
            "marketplace.US.channels",
            {"MFN": 0.5, "FBX": 0.25},
            "marketplace.US: channels: unknown channel 'FBX', the channels are MFN, FBA, SFP; "
            "channels: the shares sum to 0.75, not to 1",
        ),
        ("marketplace.US.weekly", [1, 1, 1], "marketplace.US: weekly: 7 weights are needed, not all 0"),
        ("marketplace.JP.price.median", 0, "marketplace.JP.price: the median price is above 0"),
        (
            "marketplace.US.orders_per_day",
            1e9,
            "marketplace: too many orders (at most 100,000,000 in a period with its warm-up; simulate a share of them)",
        ),
        ("marketplace", {}, "marketplace: nothing is sold (add a table [marketplace.NAME])"),
        ("team", {}, "team: nobody works (add a table [team.NAME])"),
        (
            "team.shenzhen.agents",
            "3",
            "team.shenzhen.agents: expected a whole number of 0 or more, found '3' (remove the quotes)",
        ),
        ("team.shenzhen.agents", 10_001, "team.shenzhen: agents: at most 10000"),
        (
            "team.shenzhen.serves",
            ["US", "DE", "JP", "FR"],
            "team.shenzhen.serves[3]: nothing is sold on 'FR' (allowed: US, DE, JP)",
        ),
        (
            "team.shenzhen.serves",
            ["US", "DE"],
            "marketplace.JP: no team serves this marketplace (add it to the serves of one of: shenzhen)",
        ),
        (
            "team.shenzhen.shifts",
            [{"days": "Mon-Fri", "hours": "09:00-18:00", "breaks": ["17:30-18:30"]}],
            "team.shenzhen.shifts[0]: breaks: 17:30-18:30 is not inside the hours, or overlaps another break",
        ),
        (
            "handling.replies",
            {"mean": "3 min"},
            "handling.replies: unknown kind of task (did you mean 'reply'?)",
        ),
        ("handling.reply.cv", 101, "handling.reply: cv: at most 100"),
        (
            "world",
            {"message_rat": 0.1},
            "world.message_rat: unknown parameter (did you mean 'message_rate'?)",
        ),
        (
            "world",
            {"message_rate": 1.5},
            "world.message_rate: 1.5 is out of range (share of orders whose delivery goes well: 0 to 1)",
        ),
        (
            "targets.late_reply_rate",
            10,
            "targets.late_reply_rate: expected a share from 0 to 1, found 10",
        ),
        (
            "orders",
            {"file": "f.csv", "colums": {}},
            "orders.colums: unknown key (did you mean 'columns'?)",
        ),
        (
            "orders",
            {"file": "f.csv", "columns": {"order": "No", "price": "Sum"}, "values": {}},
            "orders.columns.purchased_at: missing (add it: a text that is not empty)",
        ),
        ("variant", [{"name": "more"}], "variant[0].set: missing (add it: a table)"),
    ],
)
def test_a_mistake_is_told_with_its_path_and_what_is_allowed(path: str, value: Any, problem: str) -> None:
    assert told(set_at(path, value)) == [f"s.toml: {problem}"]


def test_all_mistakes_are_told_at_once() -> None:
    raw = set_at("team.shenzhen.zone", "Asia/Nowhere")
    raw["period"]["measured"] = 91
    raw["world"] = {"lost_rate": 2}
    raw["handling"]["apeal"] = {"mean": "1 min"}
    assert [problem.partition(": ")[2].partition(":")[0] for problem in told(raw)] == [
        "handling.apeal",
        "period.measured",
        "team.shenzhen.zone",
        "world.lost_rate",
    ]


def test_a_marketplace_without_plugin_is_told_with_those_that_are_installed() -> None:
    places = {"DE": None, "JP": None}
    plugins: Any = SimpleNamespace(marketplaces=places, worlds=[], workflow=default_workflow(), quarantine=Quarantine())
    with pytest.raises(DocumentError) as caught:
        check_marketplaces(DEFAULT.scenario, plugins, "s.toml")
    assert str(caught.value) == (
        "s.toml: marketplace.US: no installed plugin brings this marketplace "
        "(allowed: DE, JP; or make one of your own: aftersale plugins new NAME)"
    )


def test_a_file_that_is_missing_or_no_toml_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"nowhere\.toml: does not exist"):
        load_scenario(tmp_path / "nowhere.toml")
    (tmp_path / "s.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"s\.toml:1: .*is no valid TOML"):
        load_scenario(tmp_path / "s.toml")


# values set at paths


def test_a_value_is_set_and_the_document_stays_as_it_was() -> None:
    before = deepcopy(DEFAULT.raw)
    assert with_changes(DEFAULT.raw, {"team.shenzhen.agents": 5}, "--set").team["shenzhen"].agents == 5
    assert DEFAULT.raw == before


def test_lists_are_reached_by_number_in_either_spelling() -> None:
    for path in ("team.shenzhen.shifts.0.days", "team.shenzhen.shifts[0].days"):
        scenario = with_changes(DEFAULT.raw, {path: "Sat"}, "--set")
        assert scenario.team["shenzhen"].shifts[0].days == {5}


def test_tables_that_the_file_leaves_out_can_be_set() -> None:
    scenario = with_changes(DEFAULT.raw, {"world.lost_rate": 0.1, "marketplace.US.dispersion": 1.0}, "--set")
    assert (scenario.world, scenario.marketplace["US"].dispersion) == ({"lost_rate": 0.1}, 1.0)


def test_a_team_can_be_added_whole() -> None:
    team = {"zone": "Europe/Warsaw", "agents": 1, "shifts": [{"days": "Mon-Fri", "hours": "08:00-16:00"}]}
    scenario = with_changes(DEFAULT.raw, {"team.warsaw": team}, "--set")
    assert list(scenario.team) == ["shenzhen", "warsaw"]


def test_tables_are_merged_and_shares_are_replaced() -> None:
    changes = {"team": {"shenzhen": {"agents": 7}}, "marketplace.US.channels": {"FBA": 1.0}}
    scenario = with_changes(DEFAULT.raw, changes, "--set")
    assert (scenario.team["shenzhen"].agents, scenario.team["shenzhen"].zone) == (7, "Asia/Shanghai")
    assert scenario.marketplace["US"].channels == {"FBA": 1.0}


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("team.shenzhen.agnets", f"unknown word 'agnets' (did you mean 'agents'? allowed: {TEAM})"),
        ("team.shenzen.agents", "unknown word 'shenzen' (did you mean 'shenzhen'? allowed: shenzhen)"),
        ("team.shenzhen.shifts.1.days", "'1' is not in the list (a number from 0 to 0 is allowed here)"),
        ("team.shenzhen.agents.0", "'team.shenzhen.agents' has nothing inside (set the whole value)"),
        ("marketplace.US.hourly.3", "'marketplace.US.hourly' has nothing inside (set the whole value)"),
        ("world.lost_rat", "unknown word 'lost_rat' (did you mean 'lost_rate'?)"),
        ("handling.repl", "unknown word 'repl' (did you mean 'reply'?)"),
        ("period.end", "unknown word 'end' (allowed: start, measured, warm_up)"),
        ("", "unknown word '' (allowed: currency, period, marketplace, team, handling, seed, replications, "
             "world, targets, handbook, most_failed, orders, staffing, event, sale_events, presets, rule_versions, "
             "work_order, rates, costs, goods, cheapest, reaction)"),
    ],
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_told_with_the_words_allowed_there(path: str, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        changed(DEFAULT.raw, {path: 1}, "--set")
    assert str(caught.value) == str(Problem("--set", path, *_parts(problem)))


def _parts(problem: str) -> tuple[str, str]:
    what, _, hint = problem.partition(" (")
    return what, hint.removesuffix(")")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("team.shenzhen.agents=4,6,8", ("team.shenzhen.agents", [4, 6, 8])),
        ("world.lost_rate=0.1", ("world.lost_rate", [0.1])),
        ("marketplace.US.price.median=24.90,30", ("marketplace.US.price.median", ["24.90", 30])),
        (
            "team.shenzhen.shifts.0.days=Mon-Fri,Mon-Sun",
            ("team.shenzhen.shifts.0.days", ["Mon-Fri", "Mon-Sun"]),
        ),
        ('team.shenzhen.shifts.0.days="Mon,Wed",Sat', ("team.shenzhen.shifts.0.days", ["Mon,Wed", "Sat"])),
        ("handling.reply.mean=5 min, 10 min", ("handling.reply.mean", ["5 min", "10 min"])),
        ("period.start=2026-02-02", ("period.start", [date(2026, 2, 2)])),
        ("team.shenzhen.serves=['US'],['US','DE']", ("team.shenzhen.serves", [["US"], ["US", "DE"]])),
        ("orders.format=a=b", ("orders.format", ["a=b"])),
    ],
)
def test_an_assignment_has_a_path_and_values_in_toml_or_plain_text(text: str, found: object) -> None:
    assert parse_assignment(text, "--vary") == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "agents",
            "--set: 'agents' is not an assignment (write PATH=VALUE, for example team.NAME.agents=4,6,8)",
        ),
        ("=4", "--set: '=4' is not an assignment (write PATH=VALUE, for example team.NAME.agents=4,6,8)"),
        (
            "seed=",
            "--set: 'seed=' is not an assignment (write PATH=VALUE, for example team.NAME.agents=4,6,8)",
        ),
        (
            "seed=4,,6",
            "--set: seed: an empty value in '4,,6' (remove the comma too many, or quote a value that has a comma)",
        ),
    ],
)
def test_what_is_no_assignment_is_told_with_how_to_write_one(text: str, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_assignment(text, "--set")
    assert str(caught.value) == problem


# whatever comes: a scenario or a DocumentError

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**300, 10**310),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.sampled_from(["3 min", "9 h", "00:00-24:00", "Mon", "Asia/Tokyo", "JPY", "-1", "1e400", "24.90"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=4,
)


def places(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in a document."""
    keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [place for key in keys for place in [(*above, key), *places(node[key], (*above, key))]]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The shipped scenario after a few keys were renamed, values replaced or removed."""
    raw: dict[str, Any] = deepcopy(DEFAULT.raw)
    for _ in range(draw(st.integers(1, 4))):
        *above, last = draw(st.sampled_from(places(raw) or [("name",)]))
        node: Any = raw
        for step in above:
            node = node[step]
        match draw(st.sampled_from(["rename", "replace", "remove"])):
            case "replace":
                node[last] = draw(VALUES)
            case "rename" if isinstance(node, dict):
                node[draw(st.text(max_size=8) | st.sampled_from(["agents", "file", "set"]))] = node.pop(last)
            case _:
                node.pop(last, None) if isinstance(node, dict) else node.pop(last)
    return raw


def refusal(attempt: Callable[[], object]) -> tuple[Problem, ...]:
    """Return the problems that a document is refused for, none when it is taken; anything else is a "
    "failure."""
    try:
        attempt()
    except DocumentError as error:
        return error.problems or (Problem("", "", "", "refused without a problem"),)
    return ()


@given(mutated())
def test_a_mutated_scenario_is_a_scenario_or_a_document_error(raw: dict[str, Any]) -> None:
    found = refusal(lambda: parse_scenario(raw, "s.toml"))
    assert all(problem.where == "s.toml" and problem.what for problem in found)


PATHS = st.one_of(
    st.sampled_from([".".join(map(str, place)) for place in places(DEFAULT.raw) if "variant" not in place]),
    st.text(max_size=12),
    st.lists(st.sampled_from(["team", "shenzhen", "0", "world", "orders", "", "x"]), max_size=5).map(".".join),
)


@given(PATHS, VALUES)
def test_a_change_gives_a_scenario_or_a_document_error(path: str, value: Any) -> None:
    assert all(problem.what for problem in refusal(lambda: with_changes(DEFAULT.raw, {path: value}, "--set")))


@given(PATHS, st.text(max_size=20) | st.text("4,[]{}\"'=.- \n", max_size=12))
def test_an_assignment_gives_a_plan_or_a_document_error(path: str, text: str) -> None:
    found = refusal(lambda: plan(DEFAULT, vary=[f"{path}={text}"], settings=["seed=2"]))
    assert all(problem.what for problem in found)


# written again

TOML_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.dates() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), TOML_VALUES, max_size=5))
def test_a_document_reads_back_as_it_was_written(document: dict[str, Any]) -> None:
    assert tomli.loads(as_toml(document)) == document


def test_the_shipped_scenario_reads_back_as_it_was_written() -> None:
    assert tomli.loads(as_toml(DEFAULT.raw)) == DEFAULT.raw
