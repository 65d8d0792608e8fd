"""Parts of a run on SimPy in milliseconds of processor time: world, desk, event loop, looks, results, costs, the rest.

    python simulator/benchmarks/parts.py [SCENARIO] [--replications 8] [--json]

Without SCENARIO the shipped one. Prints the median of each part over the replications, after one run that warms up what
is computed once per process. The world is made in each of these runs; variants of one replication share it. To compare
two states of the code, run it in both by turns: replications are the same. Those of a run on the
kernel: engines.py --shipped.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from aftersale.plugins.plugins import load_plugins
from aftersale_simulator.desk.desk import Desk
from aftersale_simulator.desk.suspensions import Suspensions
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs import results, run
from aftersale_simulator.scenario.document import load_scenario
from aftersale_simulator.whatif.preparation import prepare

WITHIN = {"looks": "loop", "costs": "results"}
"""Parts that lie within another one, from which their time is taken."""
ORDER = ("world", "desk", "loop", "looks", "results", "costs", "rest", "total")


def resolved_of(path: Path | None) -> ResolvedScenario:
    """Return the scenario of a file, or the shipped one, as `whatif` resolves it."""
    plugins = load_plugins()
    plan, _ = prepare(load_scenario(path) if path is not None else load_scenario(), plugins)
    return resolve(plan.scenario, plugins)


@contextmanager
def timed(spent: dict[str, float]) -> Iterator[None]:
    """Add up the processor time of each part of what runs within."""
    places: list[tuple[Any, str, str]] = [
        (run, "_marketplace_runs", "world"),
        (run, "_desk", "desk"),
        (Desk, "run", "loop"),
        (Suspensions, "look", "looks"),
        (run, "result_of", "results"),
        (results, "books_of", "costs"),
        (results, "money_of", "costs"),
    ]
    with ExitStack() as stack:
        for owner, name, part in places:
            stack.enter_context(mock.patch.object(owner, name, timing(getattr(owner, name), spent, part)))
        yield


def timing(function: Callable[..., Any], spent: dict[str, float], part: str) -> Callable[..., Any]:
    """Return a function that adds the processor time that it takes to a part."""

    def timing(*args: Any, **keywords: Any) -> Any:
        began = time.process_time()
        try:
            return function(*args, **keywords)
        finally:
            spent[part] += time.process_time() - began

    return timing


def measured(resolved: ResolvedScenario, replication: int) -> dict[str, float]:
    """Return the milliseconds of the parts of one run, each without what lies within it."""
    spent: defaultdict[str, float] = defaultdict(float)
    began = time.process_time()
    with timed(spent):
        run.run(resolved, replication, engine="simpy")
    total = time.process_time() - began
    for part, around in WITHIN.items():
        spent[around] -= spent[part]
    parts = {**spent, "rest": total - sum(spent.values()), "total": total}
    return {part: 1000 * parts.get(part, 0.0) for part in ORDER}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?", type=Path)
    parser.add_argument("--replications", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    resolved = resolved_of(words.scenario)
    measured(resolved, 1)
    runs = [measured(resolved, replication) for replication in range(2, words.replications + 2)]
    medians = {part: round(statistics.median(each[part] for each in runs), 2) for part in ORDER}
    if words.json:
        print(json.dumps(medians))
        return
    for part, milliseconds in medians.items():
        print(f"{part:<8}{milliseconds:>9.1f} ms")


if __name__ == "__main__":
    main()
