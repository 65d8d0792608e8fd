"""A week of a real call centre, predicted by the simulated desk, by a naive queue and by Erlang's formulas.

    python simulator/benchmarks/callcentre.py FOLDER [--replications 10] [--engine auto] [--fit]

FOLDER holds `bank_calls_1999-01.csv.gz`: one line per call to a bank in January 1999. What calls are like (when they
come, how long they take by type, how long callers wait before they hang up) is fitted to the days until 23 January; the
week from 24 January is predicted. The desk is the simulator's own: a marketplace for each type of call in
Asia/Jerusalem, an order for each call, a case that waits until an agent takes it or its caller has no patience left.

Two predictions are ours. In `replayed` the calls of that week come when they really came, and the roster is that
week's own. In `forecast` everything is known from the weeks before: calls by weekday and half hour, the spread of days
about that, and the roster.

The log has no roster. Agents on duty in a half hour are taken to be as many as were busy at once for all but a part of
it; which part, LEVELS says for each way of predicting, chosen by --fit so that the mean waits of two earlier weeks come
out best. So each way gets the roster that suits it, read off what the agents of the week did.

The naive queue is the same desk without patience, and with as many agents all day as there are on average. Erlang C and
Erlang A take each half hour by itself, as if it had always been like that; an overloaded half hour has no such wait in
Erlang C and counts as half an hour of waiting. Priorities are left out: the log notes none of callers who are taken at
once, and within an hour those of priority 2 who queue wait only 4 s less than those of priority 1. A head start of 90 s
could not be said anyway: deadlines count whole hours.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from math import exp
from pathlib import Path
from types import ModuleType
from typing import Any, get_args
from unittest import mock

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from aftersale.cases.workflow import parse_workflow
from aftersale.clocks import SECOND, start_of_day
from aftersale.order_columns import Orders
from aftersale.orders import NEVER
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.marketplaces import parse_marketplaces
from aftersale.policies.worlds import parse_world
from aftersale.rules import parse_rules
from aftersale.testing import plugin
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.plan.runs import KernelDesk
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.engines import Engine
from aftersale_simulator.runs.run import run
from aftersale_simulator.runs.statistics import erlang_c
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

FILE = "bank_calls_1999-01.csv.gz"
ZONE = "Asia/Jerusalem"
TYPES = ("PS", "NW", "NE", "TT")
"""Regular banking with the few calls in English, prospective customers, stock trading, technical support."""
FIRST = date(1999, 1, 24)
DAYS = 7
SLOTS, SLOT = 48, 1800
SOON = 20
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SOURCE = {"source": "fitted", "grade": "assumed"}
FIGURES = ("mean wait, s", "share that waits", "served within 20 s", "abandoned", "off by half hour, s")
EARLIER = (date(1999, 1, 3), date(1999, 1, 17))
LEVELS = {"replayed": 0.85, "naive queue": 1.0, "Erlang C": 1.0, "Erlang A": 0.9}
"""The part of a half hour in which no more agents than those on duty were busy, by way of predicting."""
CANDIDATES = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)

Array = NDArray[np.float64]


def requests(folder: Path) -> pl.DataFrame:
    """Return the calls that asked for an agent: day, type, second of the day, wait, whether taken, start, seconds.

    Left out are callers who hung up without queueing, internet support, which has its own agents, and phantom calls.
    A half hour in which nobody was taken is closed, and its calls are left out.
    """

    def seconds(name: str) -> pl.Expr:
        parts = pl.col(name).str.split(":")
        hours, minutes, rest = (parts.list.get(index).cast(pl.Int64) for index in range(3))
        return hours * 3600 + minutes * 60 + rest

    log = pl.read_csv(folder / FILE)
    taken = (pl.col("outcome") == "AGENT").alias("taken")
    queued = pl.col("q_time") > 0
    at = pl.when(queued).then(seconds("q_start")).otherwise(seconds("vru_exit"))
    calls = (
        log.with_columns(pl.col("type").replace({"PE": "PS"}))
        .filter(pl.col("type").is_in(TYPES) & (pl.col("outcome") != "PHANTOM"))
        .filter((pl.col("outcome") == "AGENT") | queued)
        .select(
            pl.col("date").str.to_date().alias("day"),
            "type",
            (at % 86_400).alias("at"),
            pl.col("q_time").clip(0).alias("wait"),
            taken,
            seconds("ser_start").alias("start"),
            pl.col("ser_time").alias("seconds"),
        )
        .with_columns((pl.col("at") // SLOT).alias("slot"))
    )
    opened = calls.filter("taken").select("day", (pl.col("start") // SLOT).alias("slot")).unique()
    return calls.join(opened, on=["day", "slot"], how="semi").sort("day", "at", "wait", "seconds")


@frozen(eq=False)
class Fit:
    """What calls of the first weeks are like.

    `handling` is (mean seconds, spread over mean) and `patience` mean seconds, both by type; `profile` the calls of a
    type by weekday (Monday 0) and half hour of a day; `dispersion` the variance over the mean of a day's calls, against
    the mean of its weekday, and `rosters` the agents on duty by level, weekday and half hour.
    """

    handling: Mapping[str, tuple[float, float]]
    patience: Mapping[str, float]
    profile: Mapping[str, Array]
    dispersion: float
    rosters: Mapping[float, Array]

    @classmethod
    def of(cls, calls: pl.DataFrame) -> Fit:
        """Fit to these calls; patience is censored by being taken, so it is time waited per caller who gave up."""
        served = calls.filter(pl.col("taken") & (pl.col("seconds") > 0))
        handling, patience, profile = {}, {}, {}
        days = calls["day"].unique().sort().to_list()
        occurrences = np.bincount([day.weekday() for day in days], minlength=7)
        for name in TYPES:
            lengths = served.filter(pl.col("type") == name)["seconds"].to_numpy()
            handling[name] = float(lengths.mean()), float(lengths.std() / lengths.mean())
            calls_of_type = calls.filter(pl.col("type") == name)
            patience[name] = float(calls_of_type["wait"].sum() / (~calls_of_type["taken"]).sum())
            profile[name] = _by_weekday(counted(calls_of_type, days), days, occurrences)
        totals = counted(calls, days).sum(axis=1)
        expected = sum(profile.values()).sum(axis=1)[[day.weekday() for day in days]]
        spread = float(((totals - expected) ** 2 / expected).sum() / (len(days) - 7))
        rosters = {level: _by_weekday(on_duty(calls, days, level), days, occurrences) for level in set(LEVELS.values())}
        return cls(handling, patience, profile, max(1.0, spread), rosters)


def _by_weekday(rows: Array, days: Sequence[date], occurrences: NDArray[np.int64]) -> Array:
    weekdays = np.zeros((7, SLOTS))
    for day, row in zip(days, rows, strict=True):
        weekdays[day.weekday()] += row / occurrences[day.weekday()]
    return weekdays


def counted(calls: pl.DataFrame, days: Sequence[date]) -> Array:
    """Return how many of these calls came in each half hour of each day."""
    counts = np.zeros((len(days), SLOTS))
    numbers = {day: index for index, day in enumerate(days)}
    for day, at in calls.select("day", "at").iter_rows():
        counts[numbers[day], at // SLOT] += 1
    return counts


def on_duty(calls: pl.DataFrame, days: Sequence[date], level: float) -> Array:
    """Return the agents on duty in each half hour of each day, as far as the log shows: at least one where it is open.

    No more than so many were busy at once for the part `level` of the half hour.
    """
    agents = []
    for day in days:
        busy = np.zeros(2 * 86_400)
        served = calls.filter((pl.col("day") == day) & pl.col("taken"))
        for start, length in served.select("start", "seconds").iter_rows():
            busy[start : start + length] += 1
        slots = busy[:86_400].reshape(SLOTS, SLOT)
        agents.append(np.maximum(np.quantile(slots, level, axis=1), slots.max(axis=1) > 0))
    return np.array(agents)


Week = NDArray[np.float64]
"""By day, half hour and column: calls, their seconds of wait, those that wait, are taken soon, hang up."""


def tabled(days: Sequence[int], at: Array, waits: Array, taken: NDArray[np.bool_]) -> Week:
    """Return calls as a week: the day of each from 0, the second of that day, its wait, whether it was taken."""
    table = np.zeros((DAYS, SLOTS, 5))
    rows = np.column_stack([np.ones(len(at)), waits, waits > 0, taken & (waits <= SOON), ~taken])
    np.add.at(table, (np.asarray(days), (at // SLOT).astype(int)), rows)
    return table


def figures(predicted: Week, real: Week) -> tuple[float, ...]:
    """Return the FIGURES: means over all calls, and how far the waits of half hours are off, weighted by calls."""
    sums = predicted.sum(axis=(0, 1))
    calls = np.maximum(real[:, :, 0], 1e-9)
    expected = np.maximum(predicted[:, :, 0], 1e-9)
    off = np.abs(predicted[:, :, 1] / expected - real[:, :, 1] / calls)
    return *(sums[1:] / sums[0]).tolist(), float(np.average(off, weights=real[:, :, 0]))


def observed(calls: pl.DataFrame, first: date) -> Week:
    """Return the week from `first` as it was."""
    of_week = calls.filter(pl.col("day").is_in(week(first)))
    days = (of_week["day"] - first).dt.total_days().to_list()
    return tabled(days, of_week["at"].to_numpy(), of_week["wait"].to_numpy(), of_week["taken"].to_numpy())


def centre(fit: Fit, patient: bool) -> ModuleType:
    """Return the call centre as a plugin.

    A call is first picked up, which takes no time, and then worked on: picking up is a task of its own, so that every
    wait is known. What was picked up is more urgent than all that wait, so the agent goes on with it.
    """
    return plugin(
        "centre",
        aftersale_marketplaces=_marketplaces,
        aftersale_rules=_rules,
        aftersale_workflow=lambda: list(parse_workflow({"kind": list(map(_kind, TYPES))}, "centre").kinds.values()),
        aftersale_world=lambda: [parse_world(_world(fit, patient), "centre")],
    )


def _marketplaces() -> Any:
    common = {"country": "IL", "currency": "ILS", "zone": ZONE, "languages": ["he"], **SOURCE}
    return parse_marketplaces({"marketplace": {name: {"id": name, **common} for name in TYPES}}, "centre")


def _rules() -> Any:
    clock = {"marketplaces": list(TYPES), "clock": "wall_hours", "on_expiry": "late", **SOURCE}
    calls, taken = ([f"{fact}_{name}" for name in TYPES] for fact in ("called", "taken"))
    first = {"name": "first_reply", "amount": 48, "starts": calls, **clock}
    return parse_rules({"rule": [first, {"name": "solution", "amount": 1, "starts": taken, **clock}]}, "centre")


def _kind(name: str) -> dict[str, Any]:
    states = [
        {"name": "waiting", "task": f"take_{name}", "opens": ["first_reply"]},
        {"name": "talking", "task": f"talk_{name}", "opens": ["solution"]},
        {"name": "done", "final": True},
        {"name": "abandoned", "final": True},
    ]
    moves = [
        {"fact": f"called_{name}", "to": "waiting"},
        {"after": ["waiting"], "fact": f"taken_{name}", "to": "talking"},
        {"after": ["waiting"], "fact": f"hung_up_{name}", "to": "abandoned"},
        {"after": ["talking"], "fact": f"hung_up_{name}", "to": "talking"},
        {"after": ["done"], "fact": f"hung_up_{name}", "to": "done"},
        {"after": ["talking"], "fact": f"talked_{name}", "to": "done"},
    ]
    return {"name": f"call_{name}", "state": states, "move": moves}


def _world(fit: Fit, patient: bool) -> dict[str, Any]:
    def parameter(name: str, marketplaces: Iterable[str], value: float, high: float = 1e6) -> dict[str, Any]:
        row = {"name": name, "marketplaces": list(marketplaces), "default": value, "low": 0.0, "high": high}
        return {**row, "unit": "-", **SOURCE}

    usual_facts = ["buyer_message", "return_requested", "claim_filed", "feedback_left", "chargeback_filed"]
    hang_up = {"state": "waiting", "share": "impatient", "delay_hours": "patience"}
    call = {"rate": "calls", "delay_days": "delay"}
    tasks = [(f"take_{name}", f"taken_{name}") for name in TYPES] + [
        (f"talk_{name}", f"talked_{name}") for name in TYPES
    ]
    return {
        "parameter": [
            parameter("calls", TYPES, 1.0),
            parameter("delay", TYPES, 0.0),
            parameter("impatient", TYPES, 0.0 if patient else 1.0, 1.0),
            *(parameter("patience", [name], fit.patience[name] / 3600) for name in TYPES),
        ],
        "contact": [{"fact": f"called_{name}", "marketplaces": [name], **call} for name in TYPES],
        "reaction": [
            {"kind": f"call_{name}", "fact": f"hung_up_{name}", "marketplaces": [name], **hang_up} for name in TYPES
        ],
        "answer": [{"task": task, "fact": fact} for task, fact in tasks],
        "absent": [{"marketplaces": list(TYPES), "facts": usual_facts}],
    }


def shifts(roster: Array) -> list[dict[str, Any]]:
    """Return a roster, agents by weekday and half hour, as shifts; a part of an agent is one for a part of it."""
    rows = []
    for weekday, slot in np.argwhere(roster > 0).tolist():
        whole, part = divmod(roster[weekday, slot], 1)
        begin = slot * 30
        for agents, minutes in ((int(whole), 30), (1, round(part * 30))):
            if agents and minutes:
                hours = f"{_clock(begin)}-{_clock(begin + minutes)}"
                rows.append({"days": WEEKDAYS[weekday], "hours": hours, "agents": agents})
    return rows


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


Stream = Sequence[tuple[date, float, str]]
"""Calls as (day, second of the day, type), in order."""


def played(
    fit: Fit,
    roster: Array,
    stream: Stream,
    replication: int,
    first: date,
    patient: bool = False,
    engine: Engine = "auto",
) -> Week:
    """Run the week once on the simulator's desk and return how it went."""
    plugins = load_plugins((), {"centre": centre(fit, patient)})
    talks = {f"talk_{name}": {"mean": f"{mean:.1f} s", "cv": cv} for name, (mean, cv) in fit.handling.items()}
    raw = {
        "name": "a call centre",
        "currency": "ILS",
        "period": {"start": first, "measured": f"{DAYS} d"},
        "marketplace": {name: {"orders_per_day": 1.0, "price": {"median": "1"}} for name in TYPES},
        "team": {"agents": {"zone": ZONE, "agents": 1, "shifts": shifts(roster)}},
        "handling": {**talks, **{f"take_{name}": {"mean": "0 s", "shape": "fixed"} for name in TYPES}},
    }
    scenario = parse_scenario(raw, "callcentre", vocabulary(plugins))
    weeks: list[Week] = []

    def noting(placed: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def noted(desk: Any) -> Any:
            weeks.append(_week_of_desk(desk, first))
            return placed(desk)

        return noted

    with (
        mock.patch.object(Desk, "placed", noting(Desk.placed)),
        mock.patch.object(KernelDesk, "placed", noting(KernelDesk.placed)),
    ):
        result = run(resolve(scenario, plugins), replication, orders=_orders(stream), engine=engine)
    assert not result.failed
    assert (result.engine == "simpy") == (engine == "simpy")
    return weeks[0]


def _orders(stream: Stream) -> Orders:
    at = np.array([start_of_day(day, ZONE) + round(second * SECOND) for day, second, _ in stream], np.int64)
    size, none = len(at), np.zeros(len(at), bool)
    kinds = np.array([TYPES.index(name) for _, _, name in stream], np.int16)
    never = np.full(size, NEVER, np.int64)
    ids = [f"C-{index:06d}" for index in range(size)]
    flat = np.zeros(size, np.int8), np.zeros(size, np.int16), np.ones(size, np.int64)
    return Orders(TYPES, ("ILS",) * len(TYPES), ("MFN",), ("call",), ids, kinds, at, *flat, never, never, none, none)


def _week_of_desk(desk: Desk | KernelDesk, first: date) -> Week:
    """Return the week of a run from what its desk leaves; callers who still wait at the end have waited until then."""
    bounds = np.array([start_of_day(day, ZONE) for day in (*week(first), first + timedelta(DAYS))])
    came, took, done = (np.array(times) for times in (desk.effort.opened, desk.effort.starts, desk.effort.ends))
    picked_up = took == done
    ends = {"waiting": lambda case: int(bounds[-1]), "abandoned": lambda case: case.moved_at}
    untaken = [case for case in desk.docket.cases.values() if case.state in ends]
    at = np.concatenate([came[picked_up], np.array([case.opened_at for case in untaken], np.int64)])
    end = np.concatenate([took[picked_up], np.array([ends[case.state](case) for case in untaken], np.int64)])
    days = np.searchsorted(bounds, at, side="right") - 1
    taken = np.arange(len(at)) < picked_up.sum()
    return tabled(days.tolist(), (at - bounds[days]) / SECOND, (end - at) / SECOND, taken)


def week(first: date) -> list[date]:
    """Return the days of a week."""
    return [first + timedelta(day) for day in range(DAYS)]


def forecast(fit: Fit, replication: int) -> Stream:
    """Return a week of calls as the weeks before let expect it, with the spread of their days."""
    spread = np.random.default_rng([1999, replication])
    calls = []
    for day in week(FIRST):
        means = {name: fit.profile[name][day.weekday()] for name in TYPES}
        total = sum(float(rows.sum()) for rows in means.values())
        factor = (
            spread.gamma(total / (fit.dispersion - 1)) * (fit.dispersion - 1) / total if fit.dispersion > 1 else 1.0
        )
        for name, rows in means.items():
            for slot, count in enumerate(spread.poisson(rows * factor)):
                calls += [(day, float(second), name) for second in SLOT * (slot + spread.random(count))]
    return sorted(calls)


Formula = Callable[[int, float, float, float], tuple[float, ...]]
"""From agents, calls a second, mean seconds of handling and patience to wait, and shares that wait, soon, hang up."""


def by_formula(fit: Fit, roster: Array, calls: pl.DataFrame, first: date, formula: Formula) -> Week:
    """Return the week with every half hour taken as if it had always been like that."""
    table = np.zeros((DAYS, SLOTS, 5))
    counts = np.array([counted(calls.filter(pl.col("type") == name), week(first)) for name in TYPES])
    lengths = np.tensordot([fit.handling[name][0] for name in TYPES], counts, 1)
    patience = np.tensordot([fit.patience[name] for name in TYPES], counts, 1)
    totals = counts.sum(axis=0)
    for index, day in enumerate(week(first)):
        for slot in np.flatnonzero(totals[index]).tolist():
            count, agents = float(totals[index, slot]), round(roster[day.weekday(), slot])
            shares = formula(agents, count / SLOT, lengths[index, slot] / count, patience[index, slot] / count)
            table[index, slot] = np.array([1.0, *shares]) * count
    return table


def erlang_c_slot(agents: int, rate: float, length: float, patience: float) -> tuple[float, ...]:
    """Return a half hour after Erlang C, which knows no patience; nobody is served soon in an overloaded one."""
    if rate * length >= agents:
        return float(SLOT), 1.0, 0.0, 0.0
    waits, mean = erlang_c(agents, rate * length)
    return mean * length, waits, 1 - waits * exp(-(agents - rate * length) * SOON / length), 0.0


def erlang_a_slot(agents: int, rate: float, length: float, patience: float) -> tuple[float, ...]:
    """Return a half hour after Erlang A: the chain of the calls present, whose waiting callers leave.

    How many of them are taken soon is left out.
    """
    sizes = np.arange(1, agents + 600)
    down = np.minimum(sizes, agents) / length + np.maximum(sizes - agents, 0) / patience
    logs = np.concatenate([[0.0], np.cumsum(np.log(rate) - np.log(down))])
    share = np.exp(logs - logs.max())
    share /= share.sum()
    queue = float(share @ np.maximum(np.arange(len(share)) - agents, 0))
    return queue / rate, float(share[agents:].sum()), float("nan"), queue / patience / rate


def naive(roster: Array) -> Array:
    """Return the same roster with as many agents all day as there are on average while anybody is there."""
    means = [np.mean(row[row > 0]) if (row > 0).any() else 0.0 for row in roster]
    return np.where(roster > 0, np.round(means)[:, None], 0.0)


@frozen(eq=False)
class January:
    """The calls of the month, and what those before the predicted week are like."""

    calls: pl.DataFrame
    fit: Fit
    engine: Engine = "auto"

    @classmethod
    def read(cls, folder: Path, engine: Engine = "auto") -> January:
        """Read the calls and fit to those of the first weeks; weeks are run by `engine`."""
        calls = requests(folder)
        return cls(calls, Fit.of(calls.filter(pl.col("day") < FIRST)), engine)

    def roster(self, first: date, level: float) -> Array:
        """Return the roster of one week, by weekday and half hour."""
        return _by_weekday(on_duty(self.calls, week(first), level), week(first), np.ones(7, np.int64))

    def predicted(self, way: str, first: date, level: float, replications: int) -> Week:
        """Return the week from `first` as one way of predicting has it, on average over replications."""
        roster = self.roster(first, level)
        calls = self.calls.filter(pl.col("day").is_in(week(first)))
        if way in FORMULAS:
            return by_formula(self.fit, roster, calls, first, FORMULAS[way])
        stream = list(calls.select("day", pl.col("at").cast(pl.Float64), "type").iter_rows())
        patient = way == "naive queue"
        own_roster = naive(roster) if patient else roster
        numbers = range(1, replications + 1)
        weeks = [played(self.fit, own_roster, stream, number, first, patient, self.engine) for number in numbers]
        return np.mean(weeks, axis=0)

    def forecast(self, replications: int) -> Week:
        """Return the last week as the weeks before let expect it, on average over replications."""
        roster = self.fit.rosters[LEVELS["replayed"]]
        numbers = range(1, replications + 1)
        streams = (forecast(self.fit, number) for number in numbers)
        weeks = [
            played(self.fit, roster, stream, number, FIRST, engine=self.engine)
            for number, stream in zip(numbers, streams, strict=True)
        ]
        return np.mean(weeks, axis=0)

    def fitted(self) -> dict[str, float]:
        """Return the level of each way of predicting at which the mean waits of the earlier weeks come out best."""
        return {way: min(CANDIDATES, key=lambda level: self._wait_error(way, level)) for way in LEVELS}

    def _wait_error(self, way: str, level: float) -> float:
        pairs = [(self.predicted(way, first, level, 1), observed(self.calls, first)) for first in EARLIER]
        return sum(abs(figures(*pair)[0] - figures(pair[1], pair[1])[0]) for pair in pairs)


FORMULAS: dict[str, Formula] = {"Erlang C": erlang_c_slot, "Erlang A": erlang_a_slot}


def predictions(january: January, replications: int) -> dict[str, tuple[float, ...]]:
    """Return the FIGURES of what happened, first, and of what each way of predicting says."""
    real = observed(january.calls, FIRST)
    predicted = {way: january.predicted(way, FIRST, level, replications) for way, level in LEVELS.items()}
    weeks = {"observed": real, "forecast": january.forecast(replications), **predicted}
    return {name: figures(table, real) for name, table in weeks.items()}


def _cell(value: float, true: float | None) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:.4g}" if true is None else f"{value:.4g} ({value - true:+.3g})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help=f"where {FILE} is")
    parser.add_argument("--replications", type=int, default=10)
    parser.add_argument("--engine", choices=get_args(Engine), default="auto", help="what runs our desk")
    parser.add_argument("--fit", action="store_true", help="print the levels that suit the earlier weeks, and stop")
    arguments = parser.parse_args()
    january = January.read(arguments.folder, arguments.engine)
    if arguments.fit:
        print(january.fitted())
        return
    table = predictions(january, arguments.replications)
    real = table["observed"]
    print(f"{'':14}" + "".join(f"{name:>22}" for name in FIGURES))
    for name, row in table.items():
        pairs = zip(row, real, strict=True)
        cells = [_cell(value, None if row is real else true) for value, true in pairs]
        print(f"{name:14}" + "".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()
