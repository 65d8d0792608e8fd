"""A simulated year of 300,000 cases against the bare idiomatic SimPy model, side by side in one run.

    python simulator/benchmarks/year.py [--scale 1.0] [--repeats 3] [--on auto] [--scaling] [--engine]

Ours is the whole model: three million orders, deliveries, buyers, the marketplaces' rules through the engine, the desk,
the metrics. The bare model is what one would first write in SimPy: one process per case on a PriorityResource, agents
off shift blocking their unit, no orders, no rules, no metrics; it gets the arrivals that ours had, and as many touches.
Prints seconds of processor time, their ratio, and the peak memory; the ratio is what counts, and should be 1 or less.
With --engine it prints which share of our seconds on SimPy the rules' engine takes, which should be less than half. How
long the events of a year take by themselves, and how near that is to a kernel in C: engines.py.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple, get_args
from unittest import mock

import numpy as np
import simpy

from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.plugins.plugins import load_plugins
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.plan.runs import KernelDesk
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.engines import Engine
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import Scenario

AGENTS = 16
SITES = {"apac": "Asia/Shanghai", "emea": "Africa/Lagos", "amer": "America/Costa_Rica"}
HOURS = {"days": "Mon-Fri", "hours": "09:00-17:00"}
SCENARIO: dict[str, Any] = {
    "name": "a year of three marketplaces, three sites",
    "sale_events": False,
    "currency": "CNY",
    "period": {"start": date(2026, 1, 5), "measured": "364 d", "warm_up": "0 d"},
    "handling": {
        kind: {"mean": "12 min", "cv": 0.8}
        for kind in ("reply", "decide_return", "refund", "submit_evidence", "appeal")
    },
    "world": {"message_rate": 0.0978, "follow_up_rate": 0.3, "return_rate": 0.015, "suspension_days": 0.0},
}
SHARES = {"US": 0.5, "DE": 0.3, "JP": 0.2}
ORDERS = 3_000_000


def scenario(scale: float) -> Scenario:
    """Return the year, or a part of it by the number of orders and agents."""
    marketplaces = {
        name: {
            "orders_per_day": ORDERS * share * scale / 364,
            "channels": {"MFN": 0.8, "FBA": 0.2},
            "price": {"median": "25"},
        }
        for name, share in SHARES.items()
    }
    teams = {
        site: {"zone": zone, "agents": max(1, round(AGENTS * scale)), "cost_per_hour": "45", "shifts": [HOURS]}
        for site, zone in SITES.items()
    }
    return parse_scenario({**SCENARIO, "marketplace": marketplaces, "team": teams}, "benchmark")


class Year(NamedTuple):
    """A run of ours: its seconds, its result, when its cases opened, and its number of tasks."""

    seconds: float
    result: Result
    opened: array[int]
    touches: int


def ours(scale: float, on: Engine = "auto") -> Year:
    """Run the whole model."""
    plugins = load_plugins()
    opened, noted_for = array("q"), 0.0

    def noting(placed: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def noted(desk: Any) -> Any:
            nonlocal noted_for
            began = time.process_time()
            opened.extend(sorted(case.opened_at for case in desk.docket.cases.values()))
            noted_for += time.process_time() - began
            return placed(desk)

        return noted

    with (
        mock.patch.object(Desk, "placed", noting(Desk.placed)),
        mock.patch.object(KernelDesk, "placed", noting(KernelDesk.placed)),
    ):
        start = time.process_time()
        result = run(resolve(scenario(scale), plugins), 1, engine=on)
        seconds = time.process_time() - start - noted_for
    return Year(seconds, result, opened, result.counts["tasks"])


def bare(opened: array[int], touches: int, scale: float) -> float:
    """Run the idiomatic model on the same arrivals, with as many touches in all, and return its seconds."""
    rng = np.random.default_rng(1)
    begin = opened[0]
    arrivals = [(at - begin) / HOUR for at in opened]
    cases = len(arrivals)
    turns = 1 + rng.poisson(max(0.0, touches / cases - 1), cases)
    sigma = float(np.sqrt(np.log(1 + 0.8**2)))
    handling = np.exp(np.log(0.2) - sigma**2 / 2 + sigma * rng.standard_normal(turns.sum())).tolist()
    pauses = rng.exponential(20.0, turns.sum()).tolist()
    first = np.concatenate([[0], np.cumsum(turns)]).tolist()
    agents = max(1, round(AGENTS * scale))
    start = time.process_time()
    env = simpy.Environment()
    desk = simpy.PriorityResource(env, 3 * agents)

    def case(i: int) -> Any:
        for k in range(first[i], first[i + 1]):
            with desk.request(priority=env.now + 24) as turn:
                yield turn
                yield env.timeout(handling[k])
            yield env.timeout(pauses[k])

    def source() -> Any:
        for i in range(cases):
            yield env.timeout(arrivals[i] - env.now)
            env.process(case(i))

    def off_shift(opens: int) -> Any:
        for day in range(364):
            if day % 7 < 5:
                with desk.request(priority=-1) as turn:
                    yield turn
                    yield env.timeout(max(0.0, day * 24 + opens - env.now))
                yield env.timeout(max(0.0, day * 24 + opens + 8 - env.now))
        with desk.request(priority=-1) as turn:
            yield turn
            yield env.timeout(DAY)

    env.process(source())
    for opens in (1, 8, 15):
        for _ in range(agents):
            env.process(off_shift(opens))
    env.run(until=364 * DAY / HOUR)
    return time.process_time() - start


def report(scale: float, repeats: int, on: Engine) -> None:
    """Print each pair, and the median ratio."""
    ratios = []
    for _ in range(repeats):
        seconds, result, opened, touches = ours(scale, on)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        bare_seconds = bare(opened, touches, scale)
        ratios.append(seconds / bare_seconds)
        cases = result.counts["cases"]
        print(
            f"orders {result.counts['orders']:,}  cases {cases:,}  tasks {touches:,}  "
            f"whole model on {result.engine} {seconds:.1f} s  bare SimPy {bare_seconds:.1f} s  ratio {ratios[-1]:.2f}  "
            f"peak memory {memory:.2f} GiB  {seconds / cases * 1e6:.0f} µs a case"
        )
    print(f"median ratio {np.median(ratios):.2f} over {repeats} pairs")


def engine(scale: float) -> None:
    """Print the share of our seconds that goes through the docket; watching it takes some of both."""
    spent, depth = [0.0], [0]

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            depth[0] += 1
            start = time.process_time()
            try:
                return function(*arguments)
            finally:
                depth[0] -= 1
                if not depth[0]:
                    spent[0] += time.process_time() - start

        return timed

    record, advance = Docket.record, Docket.advance
    Docket.record, Docket.advance = watched(record), watched(advance)  # type: ignore[method-assign]
    try:
        seconds = ours(scale, "simpy").seconds
    finally:
        Docket.record, Docket.advance = record, advance  # type: ignore[method-assign]
    print(f"whole model {seconds:.1f} s  engine {spent[0]:.1f} s  share {spent[0] / seconds:.2f}")


def main() -> None:
    """Run the benchmark as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the year's orders and agents")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--on", choices=get_args(Engine), default="auto", help="what runs our year")
    parser.add_argument("--scaling", action="store_true", help="a tenth, a third and the whole, each in a process")
    parser.add_argument("--engine", action="store_true", help="the share of our seconds that the engine takes")
    arguments = parser.parse_args()
    if arguments.engine:
        engine(arguments.scale)
        return
    if arguments.scaling:
        for scale in (0.1, 0.3, 1.0):
            subprocess.run(
                [sys.executable, __file__, "--scale", str(scale), "--repeats", "1", "--on", arguments.on], check=True
            )
        return
    report(arguments.scale, arguments.repeats, arguments.on)


if __name__ == "__main__":
    main()
