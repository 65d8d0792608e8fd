"""Engines: what takes SimPy and why, line by line of the page; all else runs on the kernel, with the same result."""

import gc
import pickle
import re
import weakref
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from aftersale.orders import Order
from aftersale.plugin import DeadlineFunction
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.decisions import DECIDING, RETURN
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.policies.observers import OBSERVING
from aftersale.rules import load_rules
from aftersale.testing import plugin, reference
from aftersale_simulator.plan.runs import KernelDesk
from aftersale_simulator.plan.tables.names import Unplanned
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs import engines
from aftersale_simulator.runs.failures import EngineUnusable
from aftersale_simulator.runs.job import JobContext
from aftersale_simulator.runs.pool import worker_pool
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.results import Ran, Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.show.wording import engine_notes, engine_word, speaking

PAGE = Path(__file__).parents[2] / "docs/engines.md"
RAW: dict[str, Any] = {
    "name": "a small shop",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "14 d", "warm_up": "7 d"},
    "marketplace": {"REF": {"orders_per_day": 20.0, "price": {"median": "25"}}},
    "team": {"desk": {"zone": "UTC", "agents": 1, "shifts": [{"days": "Mon-Fri", "hours": "09:00-12:00"}]}},
    "handling": {kind: {"mean": "8 min"} for kind in ("reply", "decide_return", "refund", "submit_evidence", "appeal")},
    "world": {"return_rate": 0.2, "message_rate": 0.3, "claim_rate_silence": 0.4},
}
PLUGINS = load_plugins((), {"reference": reference})
KERNEL = ("compiled", "plain")


def scenario(**changes: Any) -> Scenario:
    return parse_scenario({**RAW, **changes}, "test")


def played(plugins: Plugins, engine: engines.Engine = "auto", **changes: Any) -> Result:
    return run(resolve(scenario(**changes), plugins), 1, engine=engine)


def with_house(**hooks: Callable[..., Any]) -> Plugins:
    return load_plugins((), {"reference": reference, "house": plugin("house", **hooks)})


def with_function(asked: bool) -> Plugins:
    """The reference marketplace, with a function for deadlines for which its rows ask, or do not."""

    def rules() -> list[Any]:
        rows = load_rules("aftersale.testing.reference")
        timed = {"amount": None, "clock": None, "due": "late_enough"}
        return [evolve(row, **timed) if asked and row.name == "first_reply" else row for row in rows]

    function = DeadlineFunction("late_enough", lambda start: start + 10**11, "late enough", "足够晚")
    made = plugin(
        "odd",
        aftersale_marketplaces=lambda: load_marketplaces("aftersale.testing.reference"),
        aftersale_rules=rules,
        aftersale_deadlines=lambda: [function],
    )
    return load_plugins((), {"odd": made})


def told(result: Result, language: str = "en") -> list[str]:
    with speaking(language):
        return list(engine_notes({"it": {result.ran}}))


TOLD = "SimPy simulated everything, which takes many times as long and gives the same figures: {}."
CANARIES: dict[str, tuple[Callable[[], Plugins], str]] = {
    "aftersale_deadlines": (
        lambda: with_function(True),
        "deadlines on REF end as a plugin's function says (late_enough)",
    ),
    "aftersale_fact_recorded": (
        lambda: with_house(aftersale_fact_recorded=lambda case, fact: None),
        "the plugin 'house' is told of every fact (aftersale_fact_recorded)",
    ),
    "aftersale_deadline_missed": (
        lambda: with_house(aftersale_deadline_missed=lambda case, deadline: None),
        "the plugin 'house' is told of every missed deadline (aftersale_deadline_missed)",
    ),
    "aftersale_case_closed": (
        lambda: with_house(aftersale_case_closed=lambda case, fact: None),
        "the plugin 'house' is told of every closed case (aftersale_case_closed)",
    ),
}
"""A plugin for each line of the table, and what is told of it."""


def test_every_line_of_the_page_has_a_canary_and_every_canary_a_line() -> None:
    page = PAGE.read_text(encoding="utf-8")
    table = page[page.index("## What takes SimPy") :]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(CANARIES)
    assert set(CANARIES) == {"aftersale_deadlines", *OBSERVING}
    assert set(re.findall(r"`(\w+)`", table.partition("The other deciding hooks")[2])) == {*DECIDING} - {RETURN}


@pytest.mark.parametrize("hook", CANARIES)
@pytest.mark.parametrize("engine", ["auto", "plain"])
def test_what_only_simpy_can_run_takes_simpy_and_says_why(hook: str, engine: engines.Engine) -> None:
    make, why = CANARIES[hook]
    result = played(make(), engine)
    assert (result.engine, told(result)) == ("simpy", [TOLD.format(why)])
    (line,) = told(result, "zh")
    assert line.startswith("全部由 SimPy 模拟")
    assert ("late_enough" if hook == "aftersale_deadlines" else hook) in line


@pytest.mark.parametrize("hook", CANARIES)
def test_whoever_asks_for_simpy_is_told_no_reasons(hook: str) -> None:
    assert played(CANARIES[hook][0](), "simpy").ran == Ran("simpy")


def test_what_the_tables_do_not_hold_takes_simpy_for_that_replication(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(desk: KernelDesk) -> None:
        raise Unplanned("more than 64 ways to tell orders apart")

    on_kernel = played(PLUGINS)
    monkeypatch.setattr(KernelDesk, "run", full)
    result = played(PLUGINS)
    assert result == on_kernel
    why = "the kernel cannot run this: more than 64 ways to tell orders apart"
    assert (result.engine, told(result)) == ("simpy", [TOLD.format(why)])


def test_the_kernel_asks_who_decides_about_returns() -> None:
    def decide(order: Order, requested_at: int) -> str | None:
        return "return_declined" if order.price > 20_00 and requested_at % 2 else None

    result = played(with_house(aftersale_decide_return=decide))
    assert (result.engine in KERNEL, result.reasons) == (True, ())
    assert result == played(with_house(aftersale_decide_return=decide), "simpy")
    assert result != played(PLUGINS)


def test_the_kernel_tells_of_plugins_that_fail_as_simpy_does() -> None:
    def decide(order: Order) -> str | None:
        if order.price < 15_00:
            raise ValueError("too cheap")
        return None

    changes = {"most_failed": 0.9}
    result = played(with_house(aftersale_decide_return=decide), **changes)
    ((cause, failed),) = result.failed.items()
    assert (result.engine in KERNEL, "too cheap" in cause, failed > 0) == (True, True, True)
    assert result == played(with_house(aftersale_decide_return=decide), "simpy", **changes)


@pytest.mark.parametrize("hook", sorted({*DECIDING} - {RETURN}))
def test_hooks_that_advise_people_take_nothing_and_change_nothing(hook: str) -> None:
    def advise(case: Any, order: Any) -> Any:
        raise AssertionError("asked")

    result = played(with_house(**{hook: advise}))
    assert (result.engine in KERNEL, result.reasons) == (True, ())
    assert result == played(PLUGINS, "simpy")


def test_a_function_for_which_no_row_asks_takes_nothing() -> None:
    result = played(with_function(False))
    assert (result.engine in KERNEL, result.reasons) == (True, ())
    assert result == played(with_function(False), "simpy")


def test_each_engine_runs_what_it_is_asked_for_with_one_result(tmp_path: Path) -> None:
    plain, simpy = played(PLUGINS, "plain"), played(PLUGINS, "simpy")
    assert (plain.ran, simpy.ran) == (Ran("plain"), Ran("simpy"))
    auto = played(PLUGINS)
    assert auto.ran == Ran(engines.usual_engine())
    assert auto == plain == simpy
    recorded = run(resolve(scenario(), PLUGINS), 1, record=Recording(tmp_path / "run"))
    assert (recorded.ran, recorded) == (Ran("simpy"), simpy)


def test_a_compiled_kernel_that_is_not_there_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "kernel_is_compiled", lambda: False)
    with pytest.raises(EngineUnusable) as caught:
        played(PLUGINS, "compiled")
    assert str(caught.value) == (
        "--engine compiled: the kernel is not compiled here (take --engine plain for the same figures, "
        "or get a C compiler and install aftersale-simulator again)"
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_the_engine_goes_along_with_the_jobs_to_their_workers() -> None:
    jobs, seen = [(scenario(), 1), (scenario(), 2)], list[tuple[int, str]]()
    wanted = [run(resolve(scenario(), PLUGINS), number, engine="simpy") for number in (1, 2)]
    for engine, ran in (("plain", "plain"), ("simpy", "simpy")):
        with worker_pool(1, PLUGINS, engine=engine) as pool:
            found = pool.work(jobs, lambda position, result: seen.append((position, result.engine)))
        assert found == wanted
        assert sorted(seen) == [(0, ran), (1, ran)]
        seen.clear()
    assert pickle.loads(pickle.dumps(JobContext(PLUGINS, None, "plain"))).engine == "plain"


@pytest.mark.parametrize(
    ("ran", "word"),
    [
        ({"a": ["compiled"], "b": ["compiled"]}, "compiled"),
        ({"a": ["plain"], "b": ["plain"]}, "plain"),
        ({"a": ["simpy"], "b": ["simpy"]}, "simpy"),
        ({"a": ["compiled"], "b": ["simpy"], "c": ["compiled", "simpy"]}, "mixed (SimPy: b, c)"),
        ({"a": ["compiled", "plain"], "b": ["plain"]}, "compiled and plain"),
    ],
)
def test_one_word_says_what_ran(ran: dict[str, list[str]], word: str) -> None:
    assert engine_word({name: [Ran(engine) for engine in found] for name, found in ran.items()}) == word


@pytest.mark.parametrize("engine", ["auto", "simpy"])
def test_what_a_replication_made_goes_with_it_and_waits_for_no_search_for_garbage(engine: engines.Engine) -> None:
    context = JobContext(PLUGINS, engine=engine)
    gc.collect()
    gc.disable()
    try:
        context.work((scenario(), 1))
        (kept,) = context.marketplaces._kept
        made = [weakref.ref(kept.orders), weakref.ref(kept.steps)]
        del kept
        context.work((scenario(team={"desk": {**RAW["team"]["desk"], "agents": 2}}), 1))
        assert all(each() is not None for each in made)
        context.work((scenario(), 2))
        assert [each() for each in made] == [None, None]
    finally:
        gc.enable()
