"""Mutants of the kernel: its file with one small fault each, and whether the comparison with the desk finds it.

    python simulator/benchmarks/kernel_mutants.py [--mutants 100] [--seed 1] [--scenarios 40] [--number N]

A mutant has another comparison, sign, number or condition, or lacks a statement, on a line that the plain kernel comes
to; none is made of what by its form or by the lists here only changes the speed. Each is run in a process of its own on
the corners of the identity tests and on scenarios made at random, small and large, until something differs from what
the desk left, or it fails, or takes too long. The faults that nothing found are printed as they are met; with a number
that mutant alone is.
"""

from __future__ import annotations

import argparse
import ast
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random  # noqa: TID251  an instance, of which a seed decides everything
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "identity"))

from comparison import compared, desk_run, kernel_run, left_by, left_by_kernel, plan_of, uncompiled
from corners import corners
from identity_runs import random_documents, resolved

from aftersale.order_columns import Orders
from aftersale_simulator.kernel.extension import SOURCE
from aftersale_simulator.resolved.scenario import ResolvedScenario

REPLICATIONS = 1, 2
PATIENCE = 60
"""In seconds: how long a mutant may take for one scenario."""
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
CONTRARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
COUNTED: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}


TIES = ("self.sequence", "self.events", "self.pushed")
DRAWN = ("draw", "chance", "share", "rate", "quiet")
KEYS = ("key", "asked")
PASSING = ("call", "simulate", "put")
_REUSED = "an earlier run's columns are used again only to save time"
_AGAIN = "the end of a deadline is noted after each that has ended, whatever was noted before"
_EARLY = "a deadline that is looked for too early is looked for again: nothing happens before it has ended"
_LATER = "whatever is told comes after all deadlines that have ended"
_NO_QUEUE = "a task that is in no queue is never worked on"
_WRITTEN = "it is written before it is read"
EQUIVALENT = {
    "expire: for _ in range(self.t.slots):": _AGAIN,
    "expire: self.o.at[order * ORDER + ORDER_LAST] = at": _LATER,
    "expire: self.p_ends.add(self.c.at[slot + DEADLINE_END])": _AGAIN,
    "expire: self.p_open.add(self.c.at[case * self.width + CASE_DEADLINES] if opened else 0)": _AGAIN,
    "expire: slot += DEADLINE": _AGAIN,
    "expire: slot = case * self.width + CASE": _AGAIN,
    "leave: self.t.spare.extend(reversed(self.taken))": _REUSED,
    "take: column: Longs = spare.pop() if spare else Longs()": _REUSED,
    "take: self.taken.append(column)": _REUSED,
    "follow_passed: -1 - place * self.t.slots,": _AGAIN,
    "moved: self.j.at[task * JOB + JOB_DUE],": _NO_QUEUE,
    "moved: self.j.at[task * JOB + JOB_OPENED],": _NO_QUEUE,
    "moved: self.j.at[task * JOB + JOB_TYPE],": _NO_QUEUE,
    "open_case: self.c.at[its + CASE_DEADLINES] = 0": _WRITTEN,
    "open_case: self.c.at[its + CASE_REST] = 0": _WRITTEN,
    "record_late: self.c.at[case * self.width + CASE_DEADLINES] if late[3] else 0,": _EARLY,
    "span: number += 1": "the number of the terms in force is only a part of keys",
    "watch: self.c.at[ends + place * DEADLINE + DEADLINE_END] if ends >= 0 "
    "else self.p_ends.at[-1 - ends + place]": _EARLY,
}
"""Lines on which no mutants are made, with the reason why no result hangs on them, by their function."""


class Source:
    """The kernel's source as a tree, in which each node knows what it is a part of."""

    def __init__(self) -> None:
        """Read it."""
        text = Path(SOURCE).read_text(encoding="utf-8")
        self.lines, self.tree = text.splitlines(), ast.parse(text)
        self.nodes = list(ast.walk(self.tree))
        self.parents = {id(child): node for node in self.nodes for child in ast.iter_child_nodes(node)}
        (self.loop,) = (node for node in self.tree.body if isinstance(node, ast.ClassDef) and node.name == "Kernel")
        self.zeros = {
            node.targets[0].id
            for node in self.tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            if isinstance(node.value, ast.Call) and ast.unparse(node.value).endswith(", 0)")
        }

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node is a part of, from the inside."""
        while (parent := self.parents.get(id(node))) is not None:
            yield parent
            node = parent

    def method(self, node: ast.AST) -> str:
        """Return the name of the function that a node is in."""
        return next((each.name for each in self.around(node) if isinstance(each, ast.FunctionDef)), "")

    def line(self, node: Any) -> str:
        """Return the line that a node begins on, with the name of the function."""
        return f"{self.method(node)}: {self.lines[node.lineno - 1].strip()}"

    def means_the_same(self, node: ast.AST) -> bool:
        """Whether another number, sign or comparison at a node would by its form alone change nothing but the speed.

        Parts of the keys by which answers are remembered may lie further apart, and where an answer is not found
        it is asked for again. Any number below 0 means none. Nothing reads a number with which something
        is called that needs none. What breaks ties may grow by any step. The smaller of two
        that are the same is either; and a random number is never the same as a share to the last bit.
        """
        parent = self.parents[id(node)]
        outer = self.parents.get(id(parent))
        if isinstance(node, ast.Constant):
            if isinstance(parent, ast.Call) and node is parent.args[-1]:
                return ast.unparse(parent.func).rpartition(".")[2] in PASSING
            if isinstance(parent, ast.UnaryOp) and not isinstance(outer, ast.BinOp | ast.Compare):
                return True
            if isinstance(parent, ast.AugAssign) and ast.unparse(parent.target) in TIES:
                return True
            if isinstance(parent, ast.Compare) and isinstance(outer, ast.If):
                return ast.unparse(outer.body[0]).startswith(f"{ast.unparse(parent.left)} = self.learning.")
        if isinstance(node, ast.Compare):
            sides = {ast.unparse(node.left), ast.unparse(node.comparators[0])}
            if any(side in DRAWN or side.startswith("self.number(") for side in sides):
                return True
            if isinstance(parent, ast.IfExp):
                return sides == {ast.unparse(parent.body), ast.unparse(parent.orelse)}
            if isinstance(parent, ast.If) and isinstance(parent.body[0], ast.Assign):
                return sides == {ast.unparse(parent.body[0].targets[0]), ast.unparse(parent.body[0].value)}
        if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Name) and node.right.id in self.zeros:
            return True
        apart = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.LShift) and node is parent.right
        return apart and any(map(self._is_key, (node, *self.around(node))))

    def _is_key(self, node: ast.AST) -> bool:
        parent = self.parents.get(id(node))
        if isinstance(parent, ast.AnnAssign) and node is parent.value:
            return ast.unparse(parent.target) in KEYS
        return (
            isinstance(parent, ast.Call)
            and ast.unparse(parent.func).startswith("self.t.")
            and (ast.unparse(parent.func).endswith(".get"))
        )


def changes(node: ast.AST, source: Source) -> Iterator[Callable[[], None]]:
    """Yield what may be made of a node of the tree, as functions that do it."""
    if not source.means_the_same(node):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
            # Against a number, such as below 0 for unknown, the next one mostly means the same: the contrary does not.
            against = CONTRARY if isinstance(node.comparators[0], ast.Constant) else COMPARED
            yield lambda: node.ops.__setitem__(0, against[type(node.ops[0])]())
        if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in COUNTED:
            yield lambda: setattr(node, "op", COUNTED[type(node.op)]())
        if isinstance(node, ast.Constant) and type(node.value) is int:
            yield lambda: setattr(node, "value", node.value + 1)
    if isinstance(node, ast.BoolOp):
        yield lambda: setattr(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    if isinstance(node, ast.If | ast.While):
        yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.Assign | ast.AugAssign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield lambda: node.__dict__.update(vars(ast.Pass()) | {"gone": True})


class _Without(ast.NodeTransformer):
    """Takes statements out that are gone."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(ast.Pass(), node) if getattr(node, "gone", False) else super().generic_visit(node)


def mutants(lines: set[int]) -> tuple[list[tuple[int, int]], int]:
    """Return all mutants of what stands on these lines, the place of a node and the number of its change.

    They are those of the loop itself: how columns grow and begin is tested by whatever is kept in them. Those on lines
    of EQUIVALENT are not among them; how many there are is returned, too.
    """
    source = Source()
    methods = (each for each in source.loop.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_"))
    inside = {id(node) for method in methods for statement in method.body for node in ast.walk(statement)}
    made, left_out = [], 0
    for place, node in enumerate(source.nodes):
        if id(node) in inside and getattr(node, "lineno", 0) in lines:
            several = [(place, number) for number, _ in enumerate(changes(node, source))]
            if source.line(node) in EQUIVALENT:
                left_out += len(several)
            else:
                made += several
    return made, left_out


def mutated(mutant: tuple[int, int]) -> tuple[str, int, str]:
    """Return the source with a mutant's fault, the line where it is, and what it is."""
    source = Source()
    node = source.nodes[mutant[0]]
    parent, line = source.parents[id(node)], node.lineno  # type: ignore[attr-defined]
    shown = node if isinstance(node, ast.stmt) or isinstance(parent, ast.If | ast.While | ast.For) else parent
    shown = shown.test if isinstance(shown, ast.If | ast.While) else shown
    before, method = ast.unparse(shown), source.method(node)
    list(changes(node, source))[mutant[1]]()
    if isinstance(node, ast.If | ast.While):
        shown = node.test
    after = "nothing" if getattr(node, "gone", False) else ast.unparse(shown)
    changed = ast.unparse(ast.fix_missing_locations(_Without().visit(source.tree)))
    return changed, line, f"{method}: {before}  ->  {after}"


Known = list[tuple[ResolvedScenario, Orders | None]]


def made(count: int, seed: int) -> Known:
    """Return so many scenarios made at random, before these twice as many small ones, and the corners."""
    small, large = random_documents(2 * count, seed, 3.0, 7), random_documents(count, seed + 1)
    found: Known = [(resolved(document), None) for document in small]
    found += [(corner.resolved(), corner.orders) for _, corner in corners()]
    return found + [(resolved(document), None) for document in large]


def lines_met(scenarios: Known) -> set[int]:
    """Return the lines of functions that the plain kernel comes to in these scenarios."""
    kernel, met = uncompiled(), set[int]()
    path = str(kernel.__file__)

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != path:
            return None
        if event == "line":
            met.add(frame.f_lineno)
        return trace

    for scenario, orders in scenarios:
        plan = plan_of(scenario, kernel)
        sys.settrace(trace)
        try:
            kernel_run(plan, scenario, 1, orders)
        finally:
            sys.settrace(None)
    return met


def is_found(source: str, known: list[tuple[ResolvedScenario, Orders | None, list[dict[str, Any]]]]) -> bool:
    """Whether something differs with this source, in a process of its own."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "mutant.py"
            path.write_text(source, encoding="utf-8")
            kernel = uncompiled(path)
        for scenario, orders, expected in known:
            signal.alarm(PATIENCE)
            given = left_by_kernel(kernel, scenario, REPLICATIONS, orders)
            for one, other in zip(expected, given, strict=True):
                if next(compared(one, other), None) is not None:
                    os._exit(1)
        os._exit(0)
    except BaseException:  # whatever it is, the fault was found
        os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenarios", type=int, default=40)
    parser.add_argument("--number", type=int)
    options = parser.parse_args()
    scenarios = made(options.scenarios, options.seed)
    chance, (every, left_out) = Random(options.seed), mutants(lines_met(scenarios))
    chosen = list(enumerate(chance.sample(every, min(options.mutants, len(every)))))
    chosen = [each for each in chosen if options.number in (None, each[0])]
    known = [
        (scenario, orders, [left_by(*desk_run(scenario, each, orders)) for each in REPLICATIONS])
        for scenario, orders in scenarios
    ]
    unchanged = ast.unparse(ast.parse(Path(SOURCE).read_text(encoding="utf-8")))
    if is_found(unchanged, known):
        sys.exit("the kernel itself differs: mend that first")
    survived = 0
    for number, mutant in chosen:
        source, line, fault = mutated(mutant)
        if not is_found(source, known):
            survived += 1
            print(f"{number}, line {line}, {fault}", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} found, of {len(every)} that there could be")
    print(f"{left_out} more stand on lines that are held to mean the same: see EQUIVALENT")


if __name__ == "__main__":
    main()
