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
from aftersale.testing import factories, reference
from aftersale.testing.factories import MONDAY

History = tuple[tuple[float, str], ...]
HISTORIES: dict[str, History] = {
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
"""The facts of a case by kind, each with its hour after the opening; facts that a marketplace refuses are left out."""
MIX = ("message",) * 6 + ("return",) * 3 + ("claim",)
NEW = "new"
Transition = tuple[str, str, str, str]
"""A change of state: kind of case, state before, fact, state after."""
Machine = Callable[[list[Transition]], Callable[[], Any]]
"""Takes the table of a kind and returns a factory of models, whose methods are the facts."""


class Step(NamedTuple):
    """A fact, its order, and the change of state that it makes."""

    fact: Fact
    order: Order
    transition: Transition


def stream(orders: int, policies: Policies) -> list[Step]:
    """Return the steps of as many cases by time: one opens each second, over all marketplaces and kinds in turn."""
    steps: list[Step] = []
    places = list(policies.values())
    for number in range(orders):
        policy, kind = places[number % len(places)], MIX[number // len(places) % len(MIX)]
        place = policy.marketplace
        order = factories.order(f"O-{number}", place.name, currency=place.currency)
        steps += _steps(HISTORIES[kind], order, policy, MONDAY + number * SECOND)
    return sorted(steps, key=lambda step: step.fact.known_at)


def _steps(history: History, order: Order, policy: Policy, begin: int) -> Iterator[Step]:
    case = None
    for hours, kind in history:
        at = begin + round(hours * HOUR)
        fact = factories.fact(kind, at, order=order.id, case=f"{order.id}-C", marketplace=order.marketplace)
        try:
            outcome = apply(case, fact, order, policy.at(at))
        except FactRefused:
            continue
        case = outcome.case
        yield Step(fact, order, (case.kind, outcome.before or NEW, kind, case.state))


def engine(stream: list[Step], policies: Policies) -> float:
    """Return the seconds that these facts take through the engine."""
    docket = Docket(policies)
    start = time.perf_counter()
    for fact, order, _ in stream:
        docket.record(fact, order)
    return time.perf_counter() - start


def bare(stream: list[Step], machine: Machine) -> float:
    """Return the seconds that the same changes of state take in the machines of a library.

    There is one machine for each marketplace and kind of case: its table has the ends that the rules there lead to.
    """
    transitions_by_kind: dict[tuple[str, str], set[Transition]] = {}
    for step in stream:
        transitions_by_kind.setdefault((step.order.marketplace, step.transition[0]), set()).add(step.transition)
    makers = {key: machine(_table(key[1], transitions)) for key, transitions in transitions_by_kind.items()}
    openings = (step for step in stream if step.transition[1] == NEW)
    models = {step.fact.case: makers[step.order.marketplace, step.transition[0]]() for step in openings}
    changes: list[Callable[[], Any]] = [getattr(models[step.fact.case], step.fact.kind) for step in stream]
    start = time.perf_counter()
    for change in changes:
        change()
    return time.perf_counter() - start


def _table(kind: str, transitions: Iterable[Transition]) -> list[Transition]:
    """Return the table of a kind with one end for each start and fact: that in the stream, else the unguarded one."""
    ends: dict[tuple[str, str], str] = {
        (start, move.fact): move.to
        for move in sorted(default_workflow().kinds[kind].move, key=lambda move: move.guard is None)
        for start in move.after or (NEW,)
    }
    for _, start, fact, end in transitions:
        ends[start, fact] = end
    return [(kind, start, fact, end) for (start, fact), end in ends.items()]


def with_transitions(table: list[Transition]) -> Callable[[], Any]:
    """Return a factory of models of this table in `transitions`."""
    from transitions import Machine as Transitions

    class Model:
        pass

    names = dict.fromkeys(name for _, start, _, end in table for name in (start, end))
    moves = [{"trigger": fact, "source": start, "dest": end} for _, start, fact, end in table]
    machine = Transitions(None, states=list(names), transitions=moves, initial=NEW, auto_transitions=False)

    def make() -> Model:
        model = Model()
        machine.add_model(model)
        return model

    return make


def with_statemachine(table: list[Transition]) -> Callable[[], Any]:
    """Return a factory of models of this table in `python-statemachine`."""
    from statemachine import State, StateMachine

    names = dict.fromkeys(name for _, start, _, end in table for name in (start, end))
    states = {name: State(initial=name == NEW) for name in names}
    events: dict[str, Any] = {}
    for _, start, fact, end in table:
        move = states[start].to(states[end])
        events[fact] = events[fact] | move if fact in events else move
    members = {**{f"in_{name}": state for name, state in states.items()}, **events}
    # A table with one end per fact has states that nothing reaches or leaves; the library would refuse them.
    members |= dict.fromkeys(("validate_disconnected_states", "validate_trap_states"), False)
    model: Callable[[], Any] = type("Model", (StateMachine,), members)
    return model


LIBRARIES: dict[str, tuple[str, Machine]] = {
    "transitions": ("transitions", with_transitions),
    "python-statemachine": ("statemachine", with_statemachine),
}
"""The libraries to compare with: the module of each, and its machines."""


def main() -> None:
    """Run all in turn and print each round and the median ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    machines = {name: make for name, (module, make) in LIBRARIES.items() if find_spec(module)}
    for name in LIBRARIES.keys() - machines.keys():
        print(f"{name} is missing here: python -m pip install {name}", file=sys.stderr)
    plugins = load_plugins()
    policies = (plugins if plugins.marketplaces else load_plugins((), {"reference": reference})).policies()
    facts = stream(arguments.orders, policies)
    print(f"{len(facts):,} facts of {arguments.orders:,} cases on {len(policies)} marketplaces, microseconds a fact")
    ratios: dict[str, list[float]] = {name: [] for name in machines}
    gc.disable()
    for _ in range(arguments.repeats):
        engine_time = engine(facts, policies) / len(facts) * 1e6
        line = f"engine {engine_time:.1f}"
        for name, machine in machines.items():
            library_time = bare(facts, machine) / len(facts) * 1e6
            ratios[name].append(engine_time / library_time)
            line += f"  {name} {library_time:.1f}  ratio {engine_time / library_time:.2f}"
            gc.collect()
        print(line)
    for name, rounds in ratios.items():
        print(f"median ratio to {name} {median(rounds):.2f} over {len(rounds)} rounds")


if __name__ == "__main__":
    main()
