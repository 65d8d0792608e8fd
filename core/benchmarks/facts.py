"""One fact through the engine against one bare change of state, side by side in one run.

    python -m pip install transitions
    python core/benchmarks/facts.py [--orders 20000] [--repeats 5]

The engine's fact is all of it: the case's new state under dated rules, its deadlines and task, the tally, the order's
dossier. The bare change is `transitions` with the same states and facts of a message, without rules, deadlines or
tasks. Prints microseconds and their ratio; the ratio is what counts, and it should be 1 or less.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from statistics import median

from aftersale.clocks import HOUR
from aftersale.docket import Docket
from aftersale.facts import Fact
from aftersale.orders import Order
from aftersale.plugins import load_plugins
from aftersale.testing import reference
from aftersale.testing.factories import MONDAY, fact, order
from aftersale.workflow import default_workflow

LIFE = ("buyer_message", "seller_reply", "buyer_message", "seller_reply", "case_closed")
"""What happens to each message, an hour apart."""


def stream(orders: int, marketplace: str, currency: str) -> list[tuple[Fact, Order]]:
    """Return the lives of as many messages, mixed as they come in: one order a second."""
    found = []
    for number in range(orders):
        sold = order(f"O-{number}", marketplace=marketplace, currency=currency)
        for hour, kind in enumerate(LIFE):
            at = MONDAY + number * 1_000_000 + hour * HOUR
            told = {"order": sold.id, "case": f"{sold.id}-M", "marketplace": marketplace}
            found.append((fact(kind, at, **told), sold))
    return sorted(found, key=lambda each: each[0].known_at)


def through_the_engine(facts: list[tuple[Fact, Order]], docket: Docket) -> float:
    """Return the seconds that these facts take."""
    start = time.perf_counter()
    for happened, sold in facts:
        docket.record(happened, sold)
    return time.perf_counter() - start


def bare(facts: list[tuple[Fact, Order]]) -> float:
    """Return the seconds that the same changes of state take in `transitions`, its models made beforehand."""
    from transitions import Machine

    class Message:
        pass

    kind = default_workflow().kinds["message"]
    moves = [
        {"trigger": move.fact, "source": start, "dest": move.to}
        for move in kind.move
        if move.guard is None
        for start in move.after
    ]
    machine = Machine(model=None, states=[state.name for state in kind.state], transitions=moves, initial="answered")
    models = {happened.case: Message() for happened, _ in facts}
    for model in models.values():
        machine.add_model(model)
    calls: list[Callable[[], bool]] = [getattr(models[happened.case], happened.kind) for happened, _ in facts]
    start = time.perf_counter()
    for call in calls:
        call()
    return time.perf_counter() - start


def main() -> None:
    """Run both in turn and print each pair and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    try:
        import transitions  # noqa: F401 - told at once, not after the first half of the run
    except ImportError:
        sys.exit("the other side of this comparison is missing: python -m pip install transitions")
    policies = load_plugins((), {"reference": reference}).policies()
    facts, ratios = stream(arguments.orders, "REF", "EUR"), []
    gc.disable()
    for _ in range(arguments.repeats):
        ours = through_the_engine(facts, Docket(policies)) / len(facts) * 1e6
        theirs = bare(facts) / len(facts) * 1e6
        ratios.append(ours / theirs)
        print(f"{len(facts):,} facts  engine {ours:.1f} µs  transitions {theirs:.1f} µs  ratio {ratios[-1]:.2f}")
    print(f"median ratio {median(ratios):.2f} over {len(ratios)} pairs")


if __name__ == "__main__":
    main()
