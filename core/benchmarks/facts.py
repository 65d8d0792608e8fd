"""One fact through the engine against one bare change of state, side by side in one run.

    python -m pip install transitions python-statemachine
    python core/benchmarks/facts.py [--orders 20000] [--repeats 5]

The engine's fact is all of it: the case's new state under the dated rules of every installed marketplace, its
deadlines and task, the deadlines that pass meanwhile, the tally, the order's dossier. The bare change is the other
library's with the same states and facts of messages, returns and claims, without rules, deadlines or tasks, its models
made beforehand. Prints microseconds and their ratio; the ratio to `transitions` is what counts, and it should be 1 or
less. What the engine takes of a simulated year is told by simulator/benchmarks/year.py --engine.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from statistics import median
from typing import Any, NamedTuple

from aftersale.base.errors import FactRefused
from aftersale.cases.facts import Fact
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import HOUR, SECOND
from aftersale.engine.docket import Docket
from aftersale.engine.engine import apply
from aftersale.orders import Order
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.policy import Policies, Policy
from aftersale.testing import reference
from aftersale.testing.factories import MONDAY, fact, order

Life = tuple[tuple[float, str], ...]
LIVES: dict[str, Life] = {
    "message": (
        *((0, "buyer_message"), (0.01, "automatic_reply"), (5, "seller_reply"), (9, "buyer_message")),
        *((14, "seller_reply"), (20, "case_closed")),
    ),
    "return": (
        *((0, "return_requested"), (6, "return_authorised"), (9, "label_sent"), (60, "return_sent")),
        *((130, "return_received"), (133, "return_inspected"), (140, "refunded")),
    ),
    "claim": (
        *((0, "claim_filed"), (8, "evidence_submitted"), (30, "claim_granted"), (50, "appeal_submitted")),
        (200, "appeal_granted"),
    ),
}
"""What can happen to a case of each kind, and hours after its beginning; what its marketplace refuses is left out."""
MIX = ("message",) * 6 + ("return",) * 3 + ("claim",)
NEW = "new"
Turn = tuple[str, str, str, str]
"""A change of state: kind of case, state before, fact, state after."""
Machine = Callable[[list[Turn]], Callable[[], Any]]
"""Takes the table of a kind and returns what makes a model of it, whose methods are the facts."""


class Happening(NamedTuple):
    """A fact, its order, and the change of state that it comes to."""

    fact: Fact
    order: Order
    turn: Turn


def stream(orders: int, policies: Policies) -> list[Happening]:
    """Return the lives of as many cases, mixed as they come in: one a second, over all marketplaces and kinds."""
    found: list[Happening] = []
    places = list(policies.values())
    for number in range(orders):
        policy, kind = places[number % len(places)], MIX[number // len(places) % len(MIX)]
        place = policy.marketplace
        sold = order(f"O-{number}", place.name, currency=place.currency)
        found += _life(LIVES[kind], sold, policy, MONDAY + number * SECOND)
    return sorted(found, key=lambda each: each.fact.known_at)


def _life(life: Life, sold: Order, policy: Policy, begin: int) -> Iterator[Happening]:
    case = None
    for hours, kind in life:
        at = begin + round(hours * HOUR)
        told = fact(kind, at, order=sold.id, case=f"{sold.id}-C", marketplace=sold.marketplace)
        try:
            outcome = apply(case, told, sold, policy.at(at))
        except FactRefused:
            continue
        case = outcome.case
        yield Happening(told, sold, (case.kind, outcome.before or NEW, kind, case.state))


def engine(stream: list[Happening], policies: Policies) -> float:
    """Return the seconds that these facts take through the engine."""
    docket = Docket(policies)
    start = time.perf_counter()
    for told, sold, _ in stream:
        docket.record(told, sold)
    return time.perf_counter() - start


def bare(stream: list[Happening], machine: Machine) -> float:
    """Return the seconds that the same changes of state take in machines of that make.

    There is one for each marketplace and kind of case: its table has the ends that the rules there lead to.
    """
    turns: dict[tuple[str, str], set[Turn]] = {}
    for each in stream:
        turns.setdefault((each.order.marketplace, each.turn[0]), set()).add(each.turn)
    makers = {key: machine(_table(key[1], found)) for key, found in turns.items()}
    opened = (each for each in stream if each.turn[1] == NEW)
    models = {each.fact.case: makers[each.order.marketplace, each.turn[0]]() for each in opened}
    changes: list[Callable[[], Any]] = [getattr(models[each.fact.case], each.fact.kind) for each in stream]
    start = time.perf_counter()
    for change in changes:
        change()
    return time.perf_counter() - start


def _table(kind: str, turns: Iterable[Turn]) -> list[Turn]:
    """Return the table of a kind with one end for each start and fact: the one in the stream, else the plain one."""
    ends: dict[tuple[str, str], str] = {
        (start, move.fact): move.to
        for move in sorted(default_workflow().kinds[kind].move, key=lambda move: move.guard is None)
        for start in move.after or (NEW,)
    }
    for _, start, told, end in turns:
        ends[start, told] = end
    return [(kind, start, told, end) for (start, told), end in ends.items()]


def with_transitions(table: list[Turn]) -> Callable[[], Any]:
    """Return what makes a model of this table in `transitions`."""
    from transitions import Machine as Transitions

    class Model:
        pass

    names = dict.fromkeys(name for _, start, _, end in table for name in (start, end))
    moves = [{"trigger": told, "source": start, "dest": end} for _, start, told, end in table]
    machine = Transitions(None, states=list(names), transitions=moves, initial=NEW, auto_transitions=False)

    def made() -> Model:
        model = Model()
        machine.add_model(model)
        return model

    return made


def with_statemachine(table: list[Turn]) -> Callable[[], Any]:
    """Return what makes a model of this table in `python-statemachine`."""
    from statemachine import State, StateMachine

    names = dict.fromkeys(name for _, start, _, end in table for name in (start, end))
    states = {name: State(initial=name == NEW) for name in names}
    events: dict[str, Any] = {}
    for _, start, told, end in table:
        move = states[start].to(states[end])
        events[told] = events[told] | move if told in events else move
    members = {**{f"in_{name}": state for name, state in states.items()}, **events}
    # A table with one end a fact leaves some states that nothing reaches or leaves, which it would refuse.
    members |= dict.fromkeys(("validate_disconnected_states", "validate_trap_states"), False)
    made: Callable[[], Any] = type("Model", (StateMachine,), members)
    return made


OTHERS: dict[str, tuple[str, Machine]] = {
    "transitions": ("transitions", with_transitions),
    "python-statemachine": ("statemachine", with_statemachine),
}
"""The libraries to compare with: the module that each is, and its machines."""


def main() -> None:
    """Run all in turn and print each round and the median ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    others = {name: make for name, (module, make) in OTHERS.items() if find_spec(module)}
    for name in OTHERS.keys() - others.keys():
        print(f"{name} is missing here: python -m pip install {name}", file=sys.stderr)
    plugins = load_plugins()
    policies = (plugins if plugins.marketplaces else load_plugins((), {"reference": reference})).policies()
    facts = stream(arguments.orders, policies)
    print(f"{len(facts):,} facts of {arguments.orders:,} cases on {len(policies)} marketplaces, microseconds a fact")
    ratios: dict[str, list[float]] = {name: [] for name in others}
    gc.disable()
    for _ in range(arguments.repeats):
        ours = engine(facts, policies) / len(facts) * 1e6
        line = f"engine {ours:.1f}"
        for name, machine in others.items():
            theirs = bare(facts, machine) / len(facts) * 1e6
            ratios[name].append(ours / theirs)
            line += f"  {name} {theirs:.1f}  ratio {ours / theirs:.2f}"
            gc.collect()
        print(line)
    for name, found in ratios.items():
        print(f"median ratio to {name} {median(found):.2f} over {len(found)} rounds")


if __name__ == "__main__":
    main()
