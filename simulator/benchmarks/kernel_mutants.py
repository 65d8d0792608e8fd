"""Mutants of the kernel: its file with one small fault each, and whether the comparison with the desk finds it.

    python simulator/benchmarks/kernel_mutants.py [--mutants 100] [--seed 1] [--scenarios 40] [--number N]

A mutant has another comparison, sign, number or condition, or lacks a statement, on a line that the plain kernel comes
to. Each is run in a process of its own on scenarios made at random, until something differs from what the desk left,
or it fails, or takes too long. The faults that nothing found are printed; with a number that mutant alone is.
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

from comparison import compared, desk_run, kernel_run, left_by, plan_of, uncompiled
from corners import corners
from identity_runs import random_documents, resolved

from aftersale.order_columns import Orders
from aftersale_simulator.kernel.extension import SOURCE
from aftersale_simulator.resolved.scenario import ResolvedScenario

PATIENCE = 60
"""In seconds: how long a mutant may take for one scenario."""
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
CONTRARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
COUNTED: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}


def changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Yield what may be made of a node of the tree, as functions that do it."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        # Against a number, such as below 0 for unknown, the next one mostly means the same: the contrary does not.
        against = CONTRARY if isinstance(node.comparators[0], ast.Constant) else COMPARED
        yield lambda: node.ops.__setitem__(0, against[type(node.ops[0])]())
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in COUNTED:
        yield lambda: setattr(node, "op", COUNTED[type(node.op)]())
    if isinstance(node, ast.BoolOp):
        yield lambda: setattr(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield lambda: setattr(node, "value", node.value + 1)
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


def mutants(lines: set[int]) -> list[tuple[int, int]]:
    """Return all mutants of what stands on these lines: the place of a node, and the number of its change.

    They are those of the loop itself: how columns grow and begin is tested by whatever is kept in them.
    """
    tree = ast.parse(Path(SOURCE).read_text(encoding="utf-8"))
    (loop,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Kernel")
    methods = (each for each in loop.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_"))
    inside = {id(node) for method in methods for statement in method.body for node in ast.walk(statement)}
    return [
        (place, number)
        for place, node in enumerate(ast.walk(tree))
        if id(node) in inside and getattr(node, "lineno", 0) in lines
        for number, _ in enumerate(changes(node))
    ]


def mutated(mutant: tuple[int, int]) -> tuple[str, int]:
    """Return the source with a mutant's fault, and the line where it is."""
    tree = ast.parse(Path(SOURCE).read_text(encoding="utf-8"))
    node = list(ast.walk(tree))[mutant[0]]
    list(changes(node))[mutant[1]]()
    return ast.unparse(ast.fix_missing_locations(_Without().visit(tree))), node.lineno  # type: ignore[attr-defined]


Known = list[tuple[ResolvedScenario, Orders | None]]


def made(count: int, seed: int) -> Known:
    """Return the corners, and made at random as many small scenarios as large ones: those that take least come first."""
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


def is_found(source: str, known: list[tuple[ResolvedScenario, Orders | None, dict[str, Any]]]) -> bool:
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
            given_by = left_by(*kernel_run(plan_of(scenario, kernel), scenario, 1, orders))
            if next(compared(expected, given_by), None) is not None:
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
    chance, every = Random(options.seed), mutants(lines_met(scenarios))
    chosen = list(enumerate(chance.sample(every, min(options.mutants, len(every)))))
    chosen = [each for each in chosen if options.number in (None, each[0])]
    known = [(scenario, orders, left_by(*desk_run(scenario, 1, orders))) for scenario, orders in scenarios]
    text, survived = Path(SOURCE).read_text(encoding="utf-8").splitlines(), 0
    unchanged = ast.unparse(ast.parse("\n".join(text)))
    if is_found(unchanged, known):
        sys.exit("the kernel itself differs: mend that first")
    for number, mutant in chosen:
        source, line = mutated(mutant)
        if not is_found(source, known):
            survived += 1
            fault = next(
                (new for old, new in zip(unchanged.splitlines(), source.splitlines(), strict=False) if old != new), ""
            )
            print(f"{number}, line {line}: {text[line - 1].strip()}  ->  {fault.strip()}", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} found, of {len(every)} that there could be")


if __name__ == "__main__":
    main()
