"""What plugins cost: facts a second through the engine with one plugin, with all, and with one that observes each fact.

    python core/benchmarks/plugins.py [--orders 20000] [--repeats 7]

The same facts, all on marketplaces of one plugin, go through a docket with that plugin alone, with every installed one,
and with every installed one and a house plugin beside them that is told of each fact and asked about each return. The
three take turns in one run, each time in another order; the ratios of the medians are what counts. More plugins should
cost under 5 % more than one.
"""

from __future__ import annotations

import argparse
import gc
import time
from statistics import median
from types import ModuleType
from typing import Any

from facts import Step, stream

from aftersale.engine.docket import Docket
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.observers import Observers
from aftersale.policies.policy import Policies
from aftersale.testing import hostile, plugin, reference


def house() -> ModuleType:
    """Return a house plugin that counts every fact, and leaves every return as it is proposed."""
    counts: dict[str, int] = {}

    def count(case: Any, fact: Any) -> None:
        counts[fact.kind] = counts.get(fact.kind, 0) + 1

    return plugin("house", aftersale_fact_recorded=count, aftersale_decide_return=lambda proposed: None)


def setups() -> tuple[str, dict[str, Plugins]]:
    """Return the first plugin's name, and the three installations; the reference plugins where none is installed."""
    owners = [record["name"] for record in load_plugins().about() if record["marketplaces"]]
    names, extra = (owners, {}) if owners else ((), {"hostile": hostile, "reference": reference})
    first = owners[-1] if owners else "reference"
    alone = load_plugins([first]) if owners else load_plugins((), {"reference": reference})
    return first, {
        "one": alone,
        f"all {len(owners) or 2}": load_plugins(names, extra),
        "all and a house plugin": load_plugins(names, {**extra, "house": house()}),
    }


def seconds(facts: list[Step], policies: Policies, observers: Observers | None) -> float:
    """Return how long these facts take through the engine."""
    docket = Docket(policies, observers)
    start = time.perf_counter()
    for fact, order, _ in facts:
        docket.record(fact, order)
    return time.perf_counter() - start


def main() -> None:
    """Run all in turn and print the rates and the ratios of their medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    first, installations = setups()
    facts = stream(arguments.orders, installations["one"].policies())
    bound = {name: (plugins.policies(), plugins.observers()) for name, plugins in installations.items()}
    print(f"{len(facts):,} facts on the marketplaces of {first}")
    times: dict[str, list[float]] = {name: [] for name in bound}
    gc.disable()
    for turn in range(arguments.repeats):
        names = list(bound)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            times[name].append(seconds(facts, *bound[name]))
            gc.collect()
    base = median(times["one"])
    for name, rounds in times.items():
        ratios = [duration / alone for duration, alone in zip(rounds, times["one"], strict=True)]
        rate, spread = len(facts) / median(rounds), f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{name:>24}: {rate:,.0f} facts a second; {median(rounds) / base:.3f} of one's time ({spread})")


if __name__ == "__main__":
    main()
