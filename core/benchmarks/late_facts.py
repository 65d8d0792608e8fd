"""Late facts: what recording a fact costs when all the facts of one order become known in any order.

Usage: `python core/benchmarks/late_facts.py [FACTS …]`. For each number of facts (100, 1,000 and 10,000 without one),
each shape of order and each way to tell them, the facts of one order are recorded in a docket: as they happened, and
shuffled. Prints processor seconds, microseconds a fact, and how many times longer a fact takes than with the number
before: n log n over numbers ten times apart is 1.5 at 100 to 1,000 and 1.3 at 1,000 to 10,000.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from time import process_time

import numpy as np

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.clocks import DAY, HOUR, MINUTE
from aftersale.engine.docket import Docket
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

POLICIES = load_plugins((), {"reference": reference}).policies()
SOLD = order(category="bulky")
WALK = ("return_requested", "return_authorised", "label_sent", "return_sent", "return_received", "refunded")


def one_conversation(facts: int) -> list[Fact]:
    """One message case: the buyer writes and the seller replies, in turns."""
    kinds = ("buyer_message", "seller_reply")
    return [fact(kinds[step % 2], MONDAY + step * HOUR, case="M-1") for step in range(facts)]


def many_conversations(facts: int) -> list[Fact]:
    """As many message cases as half the facts, each answered after half of the others have begun."""
    asked = [fact("buyer_message", MONDAY + step * HOUR, case=f"M-{step}") for step in range(facts // 2)]
    return asked + [
        fact("seller_reply", MONDAY + (step + facts // 4) * HOUR + 1, case=f"M-{step}") for step in range(facts // 2)
    ]


def many_returns(facts: int) -> list[Fact]:
    """Returns of six facts each, all under way at the same time."""
    cases = max(facts // len(WALK), 1)
    return [
        fact(kind, MONDAY + (place * cases + case) * HOUR // 8, case=f"R-{case}")
        for case in range(cases)
        for place, kind in enumerate(WALK)
    ]


def many_replacements(facts: int) -> list[Fact]:
    """Replacements, each asked for and sent while the others are on their way."""
    kinds = ("replacement_requested", "replacement_sent")
    return [fact(kinds[step % 2], MONDAY + step * HOUR, case=f"P-{step // 2}") for step in range(facts)]


def many_disputes(facts: int) -> list[Fact]:
    """Claims and losses by returns in turns: a claim excludes what the marketplace would pay for the loss."""
    kinds = ("claim_filed", "return_loss_found")
    return [fact(kinds[step % 2], MONDAY + step * HOUR, case=f"{kinds[step % 2]}-{step}") for step in range(facts)]


def any_facts(facts: int) -> list[Fact]:
    """Facts of any kind on a hundredth as many cases; about half of them fit nowhere."""
    workflow, draws = POLICIES["REF"].workflow, np.random.default_rng(1)
    kinds = sorted(workflow.kinds)
    words = {kind: sorted({move.fact for move in workflow.kinds[kind].move}) for kind in kinds}
    made = []
    for step in range(facts):
        kind = kinds[draws.integers(len(kinds))]
        case = f"{kind}-{draws.integers(max(facts // 100, 1))}"
        made.append(fact(words[kind][draws.integers(len(words[kind]))], MONDAY + step * HOUR, case=case))
    return made


SHAPES: tuple[Callable[[int], list[Fact]], ...] = (
    one_conversation,
    many_conversations,
    many_returns,
    many_replacements,
    many_disputes,
    any_facts,
)


def seconds(facts: list[Fact]) -> float:
    """Return the processor time that recording these facts takes, in the order in which they become known."""
    docket = Docket(POLICIES)
    began = process_time()
    for each in facts:
        with suppress(FactRefused):
            docket.record(each, SOLD)
    return process_time() - began


def shuffled(facts: list[Fact], seed: int) -> list[Fact]:
    """Return the facts in any order, each known a minute after the one before, once all have happened."""
    last = max(each.occurred_at for each in facts)
    places = np.random.default_rng(seed).permutation(len(facts)).tolist()
    return [facts[row]._replace(known_at=last + DAY + place * MINUTE) for place, row in enumerate(places)]


def main(numbers: list[int]) -> None:
    """Print a table."""
    print(f"{'shape':20} {'told':12} {'facts':>7} {'seconds':>9} {'µs a fact':>10} {'times':>6}")
    for shape in SHAPES:
        for told in ("as happened", "shuffled"):
            before = None
            for number in numbers:
                facts = sorted(shape(number), key=lambda each: each.occurred_at)
                taken = seconds(shuffled(facts, 7) if told == "shuffled" else facts)
                each = taken / len(facts) * 1e6
                times = f"{each / before:6.2f}" if before else ""
                print(f"{shape.__name__:20} {told:12} {number:7} {taken:9.3f} {each:10.1f} {times}")
                before = each


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [100, 1_000, 10_000])
