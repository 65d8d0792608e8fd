"""The desk against theory: what is known in closed form about queues and clocks, and desks made wrong on purpose.

Every check returns its disagreements: figures whose interval over replications misses the theory, or is wider than the
precision that the check states. Right desks have none, and each desk made wrong has at least one. Each check is made on
the kernel and on SimPy, and reads of both what both leave. The figures are logged:
`pytest simulator/tests/desk/test_theory.py --log-cli-level=INFO` shows them.
"""

from __future__ import annotations

import csv
import logging
import sys
from array import array
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from unittest import mock

import numpy as np
import pytest
from attrs import define, evolve, field, frozen
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.stats import norm, t

from aftersale.cases.model import Case
from aftersale.cases.workflow import CaseKind, parse_workflow
from aftersale.clocks import HOUR, MINUTE, start_of_day
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.marketplaces import Marketplace, parse_marketplaces
from aftersale.policies.worlds import WorkOrder, WorldDefaults, parse_world
from aftersale.rules import Rule, parse_rules
from aftersale.testing import plugin
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.desk.shifts import Window, shift_windows
from aftersale_simulator.kernel import load_kernel
from aftersale_simulator.plan.runs import KernelDesk
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs.engines import Engine
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.runs.statistics import erlang_c
from aftersale_simulator.runs.timeline import REPLY_EDGES
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.world.orders import HourProfile
from aftersale_simulator.world.random_streams import Draws

pytestmark = pytest.mark.once
QUEUE_REFS = Path(__file__).parents[4] / "shared" / "data" / "queue_refs" / "erlang_c_a_table.csv"
CONFIDENCE = 0.99
"""Of all the intervals of one check together."""
LINE = "LINE"
ZONE = "Atlantic/Reykjavik"  # no clock changes
FIRST = date(2026, 3, 2)
ALWAYS = {"days": "Mon-Sun", "hours": "00:00-24:00"}
SOURCE = {"source": "made up", "grade": "assumed"}
NEWEST = "newest"
"""The work order of the line's own: what is due last goes first, and of one line what came last."""
TELL = logging.getLogger(__name__)
on_each_engine = pytest.mark.parametrize("engine", ["auto", "simpy"])
opened_up = pytest.mark.parametrize("engine", ["plain", "simpy"])
"""For faults within the loop: a compiled kernel's cannot be changed, that of the same file as plain Python can."""

Array = NDArray[np.float64]
Wrong = Callable[[pytest.MonkeyPatch], None]


def marketplaces(*names: str) -> list[Marketplace]:
    made = {"country": "IS", "currency": "EUR", "zone": ZONE, "languages": ["en"], **SOURCE}
    return parse_marketplaces({"marketplace": {name: {"id": name, **made} for name in names}}, "line")


def rules(deadlines: dict[str, int]) -> list[Rule]:
    """Return the deadlines of calls, in hours by marketplace; whoever has waited for 48 h has met silence."""
    clock = {"clock": "wall_hours", "starts": "call_opened", **SOURCE}
    replies = [
        {"name": "first_reply", "marketplaces": [name], "amount": hours, "on_expiry": "late", **clock}
        for name, hours in deadlines.items()
    ]
    silence = {"name": "silence", "marketplaces": list(deadlines), "amount": 48, "on_expiry": "grant_on_claim", **clock}
    return parse_rules({"rule": [*replies, silence]}, "line")


def kinds(opens: Sequence[str]) -> list[CaseKind]:
    """Return the call: it waits until it is answered or its caller has no patience left."""
    call = {
        "name": "call",
        "state": [
            {"name": "waiting", "task": "answer_call", "opens": list(opens)},
            {"name": "answered", "final": True},
            {"name": "abandoned", "final": True},
        ],
        "move": [
            {"fact": "call_opened", "to": "waiting"},
            {"after": ["waiting"], "fact": "call_answered", "to": "answered"},
            {"after": ["waiting"], "fact": "call_abandoned", "to": "abandoned"},
            # Who is answered already hangs up for other reasons.
            {"after": ["answered"], "fact": "call_abandoned", "to": "answered"},
        ],
    }
    return list(parse_workflow({"kind": [call]}, "line").kinds.values())


def world(*names: str) -> WorldDefaults:
    """Return callers who call at the instant of their order, once; with `impatient_share` they may hang up."""

    def parameter(name: str, default: float, high: float) -> dict[str, Any]:
        return {"name": name, "marketplaces": names, "default": default, "low": 0, "high": high, "unit": "-", **SOURCE}

    stream = {"fact": "call_opened", "marketplaces": names, "rate": "call_rate", "delay_days": "call_delay_days"}
    hang_up = {"kind": "call", "state": "waiting", "fact": "call_abandoned", "marketplaces": names}
    usual = ("buyer_message", "return_requested", "claim_filed", "feedback_left", "chargeback_filed")
    made = {
        "parameter": [
            parameter("call_rate", 1.0, 1.0),
            parameter("call_delay_days", 0.0, 60.0),
            parameter("impatient_share", 0.0, 1.0),
            parameter("patience_hours", 1.0, 1000.0),
        ],
        "contact": [stream],
        "reaction": [{**hang_up, "share": "impatient_share", "delay_hours": "patience_hours"}],
        "answer": [{"task": "answer_call", "fact": "call_answered"}],
        "absent": [{"marketplaces": names, "facts": usual}],
    }
    return evolve(parse_world(made, "line"), work_orders=(WorkOrder(NEWEST, lambda task, order: -task.due),))


def lines(deadlines: dict[str, int], opens: Sequence[str] = ("first_reply",)) -> ModuleType:
    """Return a plugin with a marketplace for each deadline of its calls."""
    return plugin(
        "line",
        aftersale_marketplaces=lambda: marketplaces(*deadlines),
        aftersale_rules=lambda: rules(deadlines),
        aftersale_workflow=lambda: kinds(opens),
        aftersale_world=lambda: [world(*deadlines)],
    )


@frozen(eq=False)
class Played:
    """One replication: its result, its measured period in hours, and its calls' times.

    `opened` and `ended` are sorted, in hours from the beginning of the measured period; `stays` tells how long each
    call of the measured period took from its coming to its end, of those that came to one.
    """

    result: Result
    hours: float
    opened: Array
    ended: Array
    stays: Array

    @property
    def mean_wait(self) -> float:
        """In hours, of those whom an agent took."""
        return self.figure("mean_wait_hours")

    @property
    def mean_handling(self) -> float:
        """In hours, of those whom an agent took."""
        assert self.result.timeline is not None
        paid = sum(self.result.timeline.paid[self.result.timeline.warm_up :])
        return self.figure("occupancy") * paid / self.result.counts["tasks"]

    @property
    def calls(self) -> int:
        """How many came in the measured period."""
        return len(self.opened) - int(np.searchsorted(self.opened, 0.0))

    def figure(self, name: str) -> float:
        found = self.result.metrics[name]
        assert found is not None
        return found

    @property
    def backlog(self) -> NDArray[np.int64]:
        """How many calls there were as each measured day ended."""
        assert self.result.timeline is not None
        return np.array(self.result.timeline.backlog[self.result.timeline.warm_up :])

    def mean_present(self) -> float:
        """How many calls there were on average over the measured period."""
        came, went = (np.maximum(times, 0.0).sum() for times in (self.opened, self.ended))
        return float((self.hours * (len(self.opened) - len(self.ended)) - came + went) / self.hours)

    def found(self) -> NDArray[np.int64]:
        """How many calls, waiting or at an agent, each call of the measured period found there."""
        mine = self.opened[self.opened >= 0]
        return np.searchsorted(self.opened, mine) - np.searchsorted(self.ended, mine)

    def present(self, at: Array) -> NDArray[np.int64]:
        """How many calls there were at these hours."""
        return np.searchsorted(self.opened, at) - np.searchsorted(self.ended, at)


@define
class Line:
    """One or several queues of calls, which meet the agents of one team; rates by the hour, times in minutes."""

    rates: dict[str, float] = field(factory=lambda: {LINE: 12.0})
    agents: int = 3
    handling: dict[str, Any] = field(factory=lambda: {"mean": "10 min", "shape": "exponential"})
    days: int = 28
    warm_up: int = 2
    world: dict[str, float] = field(factory=dict)
    shifts: Sequence[dict[str, Any]] = (ALWAYS,)
    hourly: Sequence[float] = (1.0,) * 24
    deadlines: dict[str, int] = field(factory=lambda: {LINE: 24})
    opens: Sequence[str] = ("first_reply",)
    first: date = FIRST
    work_order: ClassVar[str] = "deadline"

    def play(self, replications: int, engine: Engine = "auto") -> list[Played]:
        plugins = load_plugins((), {"line": lines(self.deadlines, self.opens)})
        resolved = resolve(parse_scenario(self._raw(), "line", vocabulary(plugins)), plugins)
        numbers = range(1, replications + 1)
        return [_played(*left_by(resolved, number, engine), self.first, 24.0 * self.days) for number in numbers]

    def _raw(self) -> dict[str, Any]:
        flat = {"price": {"median": "25"}, "weekly": [1.0] * 7, "dispersion": 1.0, "hourly": list(self.hourly)}
        return {
            "name": "a line",
            "currency": "EUR",
            "period": {"start": self.first, "measured": f"{self.days} d", "warm_up": f"{self.warm_up} d"},
            "marketplace": {name: {"orders_per_day": 24 * rate, **flat} for name, rate in self.rates.items()},
            "team": {"line": {"zone": ZONE, "agents": self.agents, "shifts": list(self.shifts)}},
            "handling": {"answer_call": self.handling},
            "world": self.world,
            "work_order": self.work_order,
        }


def left_by(resolved: ResolvedScenario, replication: int, engine: Engine) -> tuple[Result, list[Case]]:
    """Run once, and return the result and the cases as they stand at the end, which every engine leaves."""
    cases: list[Case] = []

    def noting(placed: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def noted(desk: Any) -> Any:
            cases.extend(desk.docket.cases.values())
            return placed(desk)

        return noted

    with (
        mock.patch.object(Desk, "placed", noting(Desk.placed)),
        mock.patch.object(KernelDesk, "placed", noting(KernelDesk.placed)),
    ):
        result = run(resolved, replication, engine=engine)
    assert (result.engine == "simpy") == (engine == "simpy")
    return result, cases


def _played(result: Result, cases: Sequence[Case], first: date, hours: float) -> Played:
    start = start_of_day(first, ZONE)
    opened = np.array([case.opened_at - start for case in cases]) / HOUR
    moved = np.array([case.moved_at - start for case in cases]) / HOUR
    over = np.array([case.state != "waiting" for case in cases])
    return Played(result, hours, np.sort(opened), np.sort(moved[over]), (moved - opened)[over & (opened >= 0)])


@frozen
class Figure:
    """What theory says, and what replications found."""

    name: str
    theory: float
    found: Sequence[float]


@define
class Verdict:
    """The figures on which desk and theory disagree, and those that are known too vaguely to tell."""

    wrong: dict[str, str] = field(factory=dict)
    vague: dict[str, str] = field(factory=dict)


AGREED = Verdict()


def verdict(figures: Sequence[Figure], precision: float, luck: Sequence[Sequence[float]] = ()) -> Verdict:
    """Compare figures with theory by Student-t intervals that hold together with the probability CONFIDENCE.

    A figure is wrong when theory lies outside its interval, and vague when the interval reaches further than
    `precision`, relative to theory, to either side. `luck` are control variates: what is known of each replication's
    chances, such as how many calls came, as deviations from what is to be expected; a regression on them takes out the
    noise that they explain.
    """
    told = Verdict()
    for figure in figures:
        mean, error, free = _regressed(np.asarray(figure.found, float), luck)
        half = float(t.ppf(1 - (1 - CONFIDENCE) / 2 / len(figures), free)) * error
        line = f"theory {figure.theory:.5g}, found {mean:.5g} ± {half:.2g} ({half / abs(figure.theory):.1%})"
        TELL.info("%s: %s", figure.name, line)
        if abs(mean - figure.theory) > half:
            told.wrong[figure.name] = line
        if half > precision * abs(figure.theory):
            told.vague[figure.name] = line
    return told


def _regressed(found: Array, luck: Sequence[Sequence[float]]) -> tuple[float, float, int]:
    """Return the mean at no luck, its standard error, and the degrees of freedom that remain."""
    rows = np.column_stack([np.ones(len(found)), *(np.asarray(each, float) for each in luck)])
    inverse = np.linalg.pinv(rows)
    residuals = found - rows @ (inverse @ found)
    free = len(found) - rows.shape[1]
    error = np.sqrt(residuals @ residuals / free) * np.linalg.norm(inverse[0])
    return float(inverse[0] @ found), float(error), free


def chances_of(played: Sequence[Played], rate: float, handling: float) -> tuple[list[float], list[float]]:
    """Return how many calls too many came, and how much too long they took, in shares of what is to be expected."""
    calls = [one.calls / (rate * one.hours) - 1 for one in played]
    return calls, [one.mean_handling / handling - 1 for one in played]


# Desks made wrong show what the checks can find, whatever runs the desk, so it is what runs them soonest.


def everywhere(monkeypatch: pytest.MonkeyPatch, original: Any, wrong: Any) -> None:
    """Put something wrong in the place of a function, wherever the simulator calls it by name."""
    own = [module for name, module in sys.modules.items() if name.startswith("aftersale_simulator")]
    uses = [(module, name) for module in own for name, value in vars(module).items() if value is original]
    assert uses
    for module, name in uses:
        monkeypatch.setattr(module, name, wrong)


def without_spread(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all exponential numbers be the mean that are drawn for purposes of which this is a part."""
    column = Draws.column

    def wrong(draws: Draws, distribution: str, purpose: str) -> Any:
        drawn = column(draws, distribution, purpose)
        return array("d", [1.0]) * len(drawn) if distribution == "exponential" and part in purpose else drawn

    monkeypatch.setattr(Draws, "column", wrong)
    monkeypatch.setattr(Draws, "exponential", lambda draws, purpose, row: wrong(draws, "exponential", purpose)[row])


def one_agent_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> list[Window]:
        return [window._replace(agents=window.agents + 1) for window in shift_windows(*arguments)]

    everywhere(monkeypatch, shift_windows, wrong)


def in_order(work_order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Line, "work_order", work_order)


def slow_to_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks reach the queue two minutes after they began, so that agents idle meanwhile."""
    kernel, noticed = load_kernel(plain=True).Kernel, -1
    enqueue, enqueue_on_kernel, happens_now = Desk._enqueue, kernel.enqueue, kernel.happens_now

    def wrong(desk: Desk, *arguments: Any) -> None:
        later = desk.env.timeout(2 * MINUTE)
        later.callbacks.append(lambda _: enqueue(desk, *arguments))

    def wrong_on_kernel(desk: Any, task: int, order: int) -> None:
        desk.call(desk.now + 2 * MINUTE, noticed, task, order)

    def happening(desk: Any, what: int, *arguments: int) -> None:
        if what == noticed:
            enqueue_on_kernel(desk, *arguments)
        else:
            happens_now(desk, what, *arguments)

    monkeypatch.setattr(Desk, "_enqueue", wrong)
    monkeypatch.setattr(kernel, "enqueue", wrong_on_kernel)
    monkeypatch.setattr(kernel, "happens_now", happening)


def moved(hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> list[Window]:
        return [
            window._replace(start=window.start + hours * HOUR, end=window.end + hours * HOUR)
            for window in shift_windows(*arguments)
        ]

    everywhere(monkeypatch, shift_windows, wrong)


def without_the_first_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> list[Window]:
        return [window._replace(start=window.start + HOUR) for window in shift_windows(*arguments)]

    everywhere(monkeypatch, shift_windows, wrong)


def on_call_at_night(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> list[Window]:
        found = shift_windows(*arguments)
        return sorted([*found, *(Window(each.end + 6 * HOUR, each.end + 7 * HOUR, 1) for each in found)])

    everywhere(monkeypatch, shift_windows, wrong)


def published(agents: int) -> dict[str, float]:
    """Return the row of the published table for so many agents; skips where there is none."""
    if not QUEUE_REFS.exists():
        pytest.skip(f"the table of exact values is not here: {QUEUE_REFS.name}")
    with QUEUE_REFS.open(encoding="utf-8") as table:
        rows = {int(row["n"]): row for row in csv.DictReader(table)}
    return {name: float(value) for name, value in rows[agents].items() if value != "unstable"}


M_M_C = {1: (2.0, 15.0, 56, 1.0, 0.12), 3: (12.0, 10.0, 9, 0.5, 0.16), 10: (24.0, 20.0, 5, 1.0, 0.3)}
"""By agents: calls an hour, mean minutes of handling, days, hours of what is called a long stay, and the precision."""


def against_erlang_c(agents: int, replications: int, engine: Engine = "auto") -> Verdict:
    """Compare a desk that never closes with M/M/c."""
    rate, minutes, days, long, precision = M_M_C[agents]
    line = Line({LINE: rate}, agents, {"mean": f"{minutes} min", "shape": "exponential"}, days, 1)
    played = line.play(replications, engine)
    waits, mean = erlang_c(agents, rate * minutes / 60)
    figures = [
        Figure("chance to wait", waits, [float(np.mean(one.found() >= agents)) for one in played]),
        Figure("mean wait", mean * minutes / 60, [one.mean_wait for one in played]),
        Figure("occupancy", rate * minutes / 60 / agents, [one.figure("occupancy") for one in played]),
        Figure("long stays", longer_than(long, agents, rate, minutes), [np.mean(one.stays > long) for one in played]),
    ]
    return verdict(figures, precision, chances_of(played, rate, minutes / 60))


def longer_than(hours: float, agents: int, rate: float, minutes: float) -> float:
    """Return the chance that a call of M/M/c, first come first served, takes longer from its coming to its end.

    The wait is exponential of rate c·mu - lambda with the chance of Erlang C, else 0; the handling comes on top.
    """
    service = 60 / minutes
    waits, _ = erlang_c(agents, rate / service)
    drain = agents * service - rate
    own = np.exp(-service * hours)
    if drain == service:
        return float(own * (1 + waits * service * hours))
    return float(own + waits * service * (np.exp(-drain * hours) - own) / (service - drain))


@on_each_engine
@pytest.mark.parametrize("agents", M_M_C)
def test_a_desk_that_never_closes_waits_as_erlang_says(agents: int, engine: Engine) -> None:
    assert against_erlang_c(agents, 24 if agents > 9 else 18, engine) == AGREED


@pytest.mark.parametrize("agents", M_M_C)
def test_erlang_s_formula_is_that_of_the_table_of_exact_values(agents: int) -> None:
    row = published(agents)
    hours = row["mean_service_min"] / 60
    waits, mean = erlang_c(agents, row["lam_per_h"] * hours)
    assert waits == pytest.approx(row["C_pwait"], abs=1e-9)
    assert mean * row["mean_service_min"] == pytest.approx(row["C_asa_min"], abs=1e-8)


@pytest.mark.parametrize(
    ("wrong", "seen", "replications"),
    [
        (partial(without_spread, "handling."), "mean wait", 14),
        (one_agent_more, "mean wait", 9),
        (partial(in_order, NEWEST), "long stays", 24),
    ],
)
def test_a_desk_made_wrong_does_not_wait_as_erlang_says(
    wrong: Wrong, seen: str, replications: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong(monkeypatch)
    # A compiled kernel works out exponential numbers by itself.
    assert seen in against_erlang_c(3, replications, "plain").wrong


@opened_up
def test_a_desk_that_is_slow_to_notice_does_not_wait_as_erlang_says(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_to_notice(monkeypatch)
    assert "mean wait" in against_erlang_c(3, 9, engine).wrong


PATIENCE = {8: (60.0, 7.0, 10.0, 2), 6: (40.0, 10.0, 20.0, 2)}
"""By agents: calls an hour, mean minutes of handling and of patience, days; the second line is overloaded."""


@frozen
class ErlangA:
    """The shares of M/M/c+M that abandon and that an agent's time is busy, and the mean wait of those served."""

    abandon: float
    occupancy: float
    wait: float
    wait_of_all: float

    @classmethod
    def of(cls, agents: int, rate: float, service: float, leave: float) -> ErlangA:
        """Solve the chain of the calls present; `rate`, `service` and `leave` are of arrival, agent and patience.

        With k calls ahead in the queue, a call advances when one of the agents ends or one ahead leaves, before its own
        patience is over: that gives the chance to be served and the mean wait until then.
        """
        sizes = np.arange(agents + 400)
        down = service * np.minimum(sizes, agents) + leave * np.maximum(sizes - agents, 0)
        logs = np.concatenate([[0.0], np.cumsum(np.log(rate) - np.log(down[1:]))])
        share = np.exp(logs - logs.max())
        share /= share.sum()
        ahead = np.arange(400)
        out = agents * service + leave * (ahead + 1)
        served = np.cumprod((out - leave) / out)
        waited = np.cumsum(1 / out)
        queued = share[agents:]
        taken = share[:agents].sum() + queued @ served
        left = 1 - taken
        return cls(
            float(left),
            float(share @ np.minimum(sizes, agents) / agents),
            float(queued @ (served * waited) / taken),
            float(left / leave),
        )


def against_erlang_a(agents: int, replications: int, engine: Engine = "auto") -> Verdict:
    """Compare a line whose callers hang up after an exponential time with M/M/c+M, each figure to within 12 %."""
    rate, minutes, patience, days = PATIENCE[agents]
    callers = {"impatient_share": 1.0, "patience_hours": patience / 60}
    line = Line({LINE: rate}, agents, {"mean": f"{minutes} min", "shape": "exponential"}, days, 1, callers)
    played = line.play(replications, engine)
    theory = ErlangA.of(agents, rate, 60 / minutes, 60 / patience)
    # A call taken at its agent counts as abandoned in its case when its patience would have ended later: tasks tell.
    left = [1 - one.result.counts["tasks"] / one.calls for one in played]
    figures = [
        Figure("abandonment", theory.abandon, left),
        Figure("mean wait of those served", theory.wait, [one.mean_wait for one in played]),
        Figure("occupancy", theory.occupancy, [one.figure("occupancy") for one in played]),
    ]
    return verdict(figures, 0.12, chances_of(played, rate, minutes / 60))


@on_each_engine
@pytest.mark.parametrize("agents", PATIENCE)
def test_callers_without_patience_leave_as_erlang_a_says(agents: int, engine: Engine) -> None:
    assert against_erlang_a(agents, 12, engine) == AGREED


@pytest.mark.parametrize("agents", [1, 2, 3, 5, 6, 8, 10, 14, 20, 30, 50])
def test_the_chain_of_impatient_callers_gives_the_exact_values_of_the_table(agents: int) -> None:
    row = published(agents)
    found = ErlangA.of(agents, row["lam_per_h"], 60 / row["mean_service_min"], 60 / row["mean_patience_min"])
    told = [found.abandon, found.occupancy, 60 * found.wait_of_all]
    assert told == pytest.approx([row["A_pab"], row["A_occupancy"], row["A_mean_wait_min"]], rel=1e-7)


@pytest.mark.parametrize(
    ("wrong", "seen"),
    [
        (partial(without_spread, "call_abandoned"), "abandonment"),
        (partial(in_order, NEWEST), "mean wait of those served"),
    ],
)
def test_a_desk_made_wrong_does_not_lose_callers_as_erlang_a_says(
    wrong: Wrong, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong(monkeypatch)
    assert seen in against_erlang_a(6, 8, "plain").wrong


URGENT, ROUTINE = "URGENT", "ROUTINE"
CLASSES = {1: (0.8, 1.6, 18.0, 42), 3: (4.0, 6.0, 12.0, 10)}
"""By agents: urgent and routine calls an hour, mean minutes of handling, days."""


def cobham(agents: int, urgent: float, routine: float, hours: float, squares: float) -> tuple[float, float]:
    """Return the mean waits of two classes of which one goes first without interrupting anybody, in hours.

    After Cobham (Operations Research 2, 1954): the time until an agent is free, over the shares of the agents' time
    that the classes leave. `squares` is the squared coefficient of variation of the handling; for more than one agent
    the formula is exact where that is 1.
    """
    own, both = urgent * hours / agents, (urgent + routine) * hours / agents
    waits, _ = erlang_c(agents, both * agents)
    free = waits * hours / agents * (1 + squares) / 2
    return free / (1 - own), free / (1 - own) / (1 - both)


def against_cobham(agents: int, replications: int, engine: Engine = "auto") -> Verdict:
    """Compare two lines of which one's deadlines always end before the other's; each figure to within 25 %."""
    urgent, routine, minutes, days = CLASSES[agents]
    rates, deadlines = {URGENT: urgent, ROUTINE: routine}, {URGENT: 12, ROUTINE: 24_000}
    spread = {"shape": "lognormal", "cv": 0.8} if agents == 1 else {"shape": "exponential"}
    line = Line(rates, agents, {"mean": f"{minutes} min", **spread}, days, 1, deadlines=deadlines)
    played = line.play(replications, engine)
    waits = dict(zip(rates, cobham(agents, urgent, routine, minutes / 60, spread.get("cv", 1.0) ** 2), strict=True))
    figures = [
        Figure(
            f"{name} wait",
            wait,
            [one.result.by_marketplace[name]["mean_first_reply_hours"] - one.mean_handling for one in played],
        )
        for name, wait in waits.items()
    ]
    figures.append(Figure("all waits", urgent_first(rates, waits), [one.mean_wait for one in played]))
    return verdict(figures, 0.25, chances_of(played, urgent + routine, minutes / 60))


def urgent_first(rates: dict[str, float], waits: dict[str, float]) -> float:
    return sum(rates[name] * waits[name] for name in rates) / sum(rates.values())


@on_each_engine
@pytest.mark.parametrize("agents", CLASSES)
def test_urgent_calls_overtake_routine_ones_as_cobham_says(agents: int, engine: Engine) -> None:
    assert against_cobham(agents, 18, engine) == AGREED


@pytest.mark.parametrize("work_order", ["arrival", NEWEST])
def test_a_desk_that_takes_calls_in_another_order_is_not_as_cobham_says(
    work_order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_order(work_order, monkeypatch)
    told = against_cobham(3, 10)
    assert {"URGENT wait", "ROUTINE wait"} <= set(told.wrong)
    assert "all waits" not in told.wrong


DAY_SHIFT = {"days": "Mon-Sun", "hours": "08:00-20:00", "agents": 3}
PEAKS = {
    "arrivals": (4, [3.0] * 8 + [9.0] * 8 + [6.0] * 8, [4] * 24),
    "arrivals and staffing": (2, [2.0] * 8 + [8.0] * 12 + [7.0] * 4, [2] * 8 + [5] * 12 + [2] * 4),
}
"""Agents round the clock, calls an hour and agents on duty by the hour of the day."""
HALF = {"mean": "30 min", "shape": "exponential"}
SERVICE = 2.0
MOST = 75
"""Calls in the chain; more are all but impossible."""


@frozen
class Day:
    """Calls present at each full hour, 24:00 last, and on average, and the share of the agents' time that is busy."""

    present: list[float]
    mean: float
    occupancy: float


class Chain:
    """Calls and agents of M(t)/M/c(t) as a Markov chain, whose agents finish what they began after their shift.

    A state is (calls present, agents busy). Agents are free only while nobody waits, so that fewer are busy than there
    are calls only when all on duty are, or more than those.
    """

    def __init__(self, rates: Sequence[float], agents: Sequence[int]) -> None:
        self.rates, self.agents = rates, agents
        fewest, most = min(agents), max(agents)
        pairs = [(n, b) for n in range(MOST + 1) for b in range(min(n, most) + 1) if b == n or b >= fewest]
        self.index = {pair: place for place, pair in enumerate(pairs)}
        self.present, self.busy = (np.array(column, float) for column in zip(*pairs, strict=True))

    def _moved(self, n: int, b: int, on_duty: int) -> int:
        return self.index[n, min(n, max(b, on_duty))]

    def _generator(self, rate: float, on_duty: int) -> Array:
        found = np.zeros((len(self.index),) * 2)
        for (n, b), here in self.index.items():
            if b < min(n, on_duty):
                continue  # left as the shift begins
            if n < MOST:
                found[here, self._moved(n + 1, b, on_duty)] += rate
            if b:
                # Agents beyond those on duty go home when they are done; the others take whoever waits.
                found[here, self._moved(n - 1, b - 1, on_duty)] += SERVICE * b
        return found - np.diag(found.sum(axis=1))

    def _begun(self, on_duty: int) -> Array:
        """Return what happens as the agents on duty change: those who come take whoever waits."""
        found = np.zeros((len(self.index),) * 2)
        for (n, b), here in self.index.items():
            found[here, self._moved(n, b, on_duty)] = 1.0
        return found

    def day(self) -> Day:
        """Return the day that every day becomes in the long run."""
        step = 1 / 10
        kept = {pair: expm(self._generator(*pair) * step) for pair in set(zip(self.rates, self.agents, strict=True))}
        begun = {on_duty: self._begun(on_duty) for on_duty in set(self.agents)}
        figures = np.column_stack([self.present, self.busy])
        state = np.zeros(len(self.index))
        state[self.index[0, 0]] = 1.0
        for _ in range(30):
            present, sums = [], np.zeros(2)
            for pair in zip(self.rates, self.agents, strict=True):
                state = state @ begun[pair[1]]
                sums += state @ figures * step / 2
                for _ in range(round(1 / step)):
                    state = state @ kept[pair]
                    sums += state @ figures * step
                sums -= state @ figures * step / 2
                present.append(float(state @ self.present))
        return Day(present, float(sums[0] / 24), float(sums[1] / sum(self.agents)))


@cache
def solved(peak: str) -> Day:
    _, rates, on_duty = PEAKS[peak]
    return Chain(rates, on_duty).day()


def against_its_chain(peak: str, replications: int, engine: Engine = "auto") -> Verdict:
    """Compare a line whose arrivals and staffing change by the hour with its chain, each figure to within 20 %."""
    agents, rates, on_duty = PEAKS[peak]
    shifts = [ALWAYS] if agents == min(on_duty) == max(on_duty) else [ALWAYS, DAY_SHIFT]
    line = Line({LINE: sum(rates) / 24}, agents, HALF, 28, 2, shifts=shifts, hourly=rates)
    played = line.play(replications, engine)
    theory = solved(peak)
    late = [float(one.present(24 * np.arange(28) + 22).mean()) for one in played]
    figures = [
        Figure("present at 22:00", theory.present[21], late),
        Figure("backlog as days end", theory.present[23], [float(one.backlog.mean()) for one in played]),
        Figure("present on average", theory.mean, [one.mean_present() for one in played]),
        Figure("occupancy", theory.occupancy, [one.figure("occupancy") for one in played]),
    ]
    return verdict(figures, 0.2, chances_of(played, sum(rates) / 24, 1 / SERVICE))


@on_each_engine
@pytest.mark.parametrize("peak", PEAKS)
def test_a_line_with_peaks_and_shifts_fills_and_drains_as_its_chain_says(peak: str, engine: Engine) -> None:
    assert against_its_chain(peak, 14, engine) == AGREED


def arrivals_without_peaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HourProfile, "share_of_day", lambda profile, streams: streams)


def home_an_hour_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> list[Window]:
        found = shift_windows(*arguments)
        return [each._replace(end=each.end + HOUR) if each.agents == DAY_SHIFT["agents"] else each for each in found]

    everywhere(monkeypatch, shift_windows, wrong)


@pytest.mark.parametrize(
    ("wrong", "seen"),
    [
        (arrivals_without_peaks, "backlog as days end"),
        (home_an_hour_late, "present at 22:00"),
    ],
)
def test_a_line_that_keeps_other_hours_does_not_fill_and_drain_as_its_chain_says(
    wrong: Wrong, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong(monkeypatch)
    assert seen in against_its_chain("arrivals and staffing", 14).wrong


def against_little(replications: int, engine: Engine = "auto") -> Verdict:
    """Compare calls present with their rate times their stay, to within 1 %.

    How many are present comes from the cases, their rate, wait and handling from what the desk counts of its agents.
    """
    line = Line({LINE: 12.0}, 3, days=14, warm_up=1)
    played = line.play(replications, engine)
    stays = [one.calls / one.hours * (one.mean_wait + one.mean_handling) for one in played]
    found = [one.mean_present() / stay for one, stay in zip(played, stays, strict=True)]
    for one in played:
        assert one.backlog.tolist() == one.present(24.0 * np.arange(1, 15)).tolist()
    return verdict([Figure("present over rate times stay", 1.0, found)], 0.01)


@on_each_engine
def test_calls_present_are_their_rate_times_their_stay(engine: Engine) -> None:
    assert against_little(5, engine) == AGREED


def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose one task in fifty on its way to the queue."""

    def forgetting(enqueue: Callable[..., None]) -> Callable[..., None]:
        count = iter(range(10**9))
        return lambda *arguments: enqueue(*arguments) if next(count) % 50 else None

    for desk, name in ((Desk, "_enqueue"), (load_kernel(plain=True).Kernel, "enqueue")):
        monkeypatch.setattr(desk, name, forgetting(getattr(desk, name)))


@opened_up
def test_at_a_desk_that_forgets_tasks_more_calls_are_present_than_that(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful(monkeypatch)
    assert "present over rate times stay" in against_little(4, engine).wrong


OFFICES = {"Mon-Fri": (63, 15, 15, 15, 15), "Mon-Sat": (39, 15, 15, 15, 15, 15), "Mon-Sun": (15,) * 7}
"""By its days: for how many hours on end an office that works from 09:00 to 18:00 is closed."""
WEEKS = 26
TUESDAY = date(2026, 3, 3)


def office(days: str) -> Line:
    """Return an office that answers everything at once when it is open; calls come evenly over 26 whole weeks.

    They end with a Monday, so that only the last six hours, after closing time, stay without an answer.
    """
    hours = {"days": days, "hours": "09:00-18:00"}
    now = {"mean": "0 min", "shape": "fixed"}
    return Line({LINE: 1.5}, 50, now, 7 * WEEKS, 7, shifts=[hours], opens=("first_reply", "silence"), first=TUESDAY)


def against_closed_hours(days: str, engine: Engine = "auto") -> dict[str, str]:
    """Compare an office that answers at once with the hours in which it is closed: a gap of g h makes g - t h late.

    Which hours of the week are late is exact; shares of calls lie within normal intervals, all together of CONFIDENCE.
    """
    (one,) = office(days).play(1, engine)
    gaps, timeline = OFFICES[days], one.result.timeline
    assert timeline is not None
    told = {}
    begins = {"Mon-Fri": 4 * 24 + 18, "Mon-Sat": 5 * 24 + 18, "Mon-Sun": 0}[days]
    late = set(range(begins, begins + max(0, gaps[0] - 24)))
    for hour, (all_of_it, of_it) in enumerate(zip(timeline.week_contacts, timeline.week_late, strict=True)):
        if of_it != (all_of_it if hour in late else 0):
            told[f"hour {hour} of the week"] = f"{of_it} of {all_of_it} late"
    shares = {"late": (24.0, one.figure("late_reply_rate")), "silent": (48.0, one.figure("silence_48h_rate"))}
    counted = sum(timeline.replies)
    for index, edge in enumerate(REPLY_EDGES[1:], 1):
        shares[f"longer than {edge:g} h"] = edge, sum(timeline.replies[index:]) / counted
    upper = float(norm.ppf(1 - (1 - CONFIDENCE) / 2 / len(shares)))
    for name, (edge, found) in shares.items():
        theory = beyond(gaps, edge, name.startswith("longer"))
        half = upper * np.sqrt(theory * (1 - theory) / counted)
        line = f"theory {theory:.5g}, found {found:.5g} ± {half:.2g}"
        TELL.info("%s %s: %s", days, name, line)
        if abs(found - theory) > half:
            told[name] = line
    return told


def beyond(gaps: Sequence[int], edge: float, answered: bool) -> float:
    """Return which share of all calls, or of those answered, come so early in a gap that its end is later than that."""
    waiting = sum(max(0.0, gap - edge) for gap in gaps)
    unanswered = 6 if answered else 0
    return (waiting - min(max(0.0, 15 - edge), unanswered) / WEEKS) / (168 - unanswered / WEEKS)


@on_each_engine
@pytest.mark.parametrize("days", OFFICES)
def test_an_office_that_answers_at_once_is_late_for_the_closed_hours_beyond_the_deadline(
    days: str, engine: Engine
) -> None:
    assert against_closed_hours(days, engine) == {}


@pytest.mark.parametrize("wrong", [partial(moved, 1), partial(moved, -1), without_the_first_hour, on_call_at_night])
def test_an_office_that_keeps_other_hours_is_not_late_for_those(wrong: Wrong, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong(monkeypatch)
    assert against_closed_hours("Mon-Sat") != {}
