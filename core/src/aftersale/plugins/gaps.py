"""Gaps: what a plugin's own kinds of case and metrics need on a marketplace, and what nothing there gives them.

All of it can be loaded, and runs: tasks that never come up, cases that never end, metrics that count nothing. So it has
to be told. The shipped kinds of case are not looked at: a marketplace may be silent on what they ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from aftersale.cases.workflow import CaseKind, Move, State
from aftersale.policies.metric_kinds import MetricKind
from aftersale.policies.policy import Policy
from aftersale.rules import Rule


@frozen
class Gap:
    """Something that is missing: on which marketplace (empty for all), where it is asked for, what, and what to do."""

    marketplace: str
    where: str
    what: str
    hint: str

    def __str__(self) -> str:
        """Return `MARKETPLACE: where: what (hint)`."""
        told = f"{self.where}: {self.what} ({self.hint})"
        return f"{self.marketplace}: {told}" if self.marketplace else told


def gaps(policies: Sequence[Policy], kinds: Iterable[str], metrics: Iterable[str]) -> Iterator[Gap]:
    """Yield what these kinds of case and metrics of a plugin miss, on each of its marketplaces.

    Deadlines that are set from some day on, and for good, are none: an author has dated them.
    """
    if not policies:
        return
    workflow, metric_kinds = policies[0].workflow, policies[0].metric_kinds
    own = [workflow.kinds[name] for name in kinds]
    for kind in own:
        yield from _endless(kind)
    for policy in policies:
        for kind in own:
            for state in kind.state:
                yield from _idle_states(policy, kind, state)
    for policy in policies:
        for name in metrics:
            yield from _idle_metrics(policy, metric_kinds[name])


def _endless(kind: CaseKind) -> Iterator[Gap]:
    """Yield the states from which no move leads to an end."""
    ending = {str(state.name) for state in kind.state if state.final}
    while more := {str(before) for move in kind.move if move.to in ending for before in move.after} - ending:
        ending |= more
    if endless := [str(state.name) for state in kind.state if state.name not in ending]:
        what = f"a case in state {' or '.join(map(repr, endless))} never ends"
        yield Gap("", _where(kind, str(kind.name)), what, "add a move from there to a state that is final = true")


def _idle_states(policy: Policy, kind: CaseKind, state: State) -> Iterator[Gap]:
    """Yield the moves into a state after which, as of the last change of rules, none of its deadlines begins."""
    if not state.opens:
        return
    first, terms = policy.last_terms()
    rows = [row for name in state.opens for row in (*terms.rulebook.rules(name), *terms.handbook.rules(name))]
    began = any(rule.name in state.opens for rule in policy.rules.history(policy.marketplace.name))
    since = f" from {first} on" if first is not None and began else ""
    silent = [move for move in kind.move if _enters(move, state) and not _is_started(rows, move)]
    if not silent:
        return
    names, task = " or ".join(map(str, state.opens)), f"the task '{state.task}' does not come up"
    where = _where(kind, f"{kind.name}.{state.name}")
    then = task if state.task else "nothing runs there"
    if not rows:
        starters = " and ".join(dict.fromkeys(f"'{_starter(move)}'" for move in silent))
        what = f"no rule in force{since} sets {names}: {then}"
        yield Gap(policy.marketplace.name, where, what, f"add a [[rule]] named {names} that starts at {starters}")
        return
    for move in silent:
        starts = ", ".join(sorted({f"'{fact}'" for row in rows for fact in row.starts}))
        what = f"after '{move.fact}' {names} does not begin, which starts at {starts}: {then}"
        hint = f"add '{_starter(move)}' to what the rule starts at, or counts_as to the move"
        yield Gap(policy.marketplace.name, where, what, hint)


def _enters(move: Move, state: State) -> bool:
    return move.to == state.name and state.name not in map(str, move.after)


def _starter(move: Move) -> str:
    return str(move.counts_as or move.fact)


def _is_started(rows: Iterable[Rule], move: Move) -> bool:
    return any(_starter(move) in row.starts for row in rows)


def _idle_metrics(policy: Policy, metric: MetricKind) -> Iterator[Gap]:
    """Yield why a metric says nothing on a marketplace: no line, or never a case of what it counts."""
    place, line = policy.marketplace.name, metric.place.line
    where = f"{metric.place.source}:{line}: {metric.name}" if line else f"metric {metric.name}"
    history = (*policy.rules.history(place), *policy.handbook.history())
    names = {rule.name for rule in history if rule.kind == "deadline"}
    if not any(rule.name == metric.name and rule.kind == "metric" for rule in history):
        hint = f"add a [[metric]] named {metric.name} to the rules, with its amount and target"
        yield Gap(place, where, "no row of the rules has a line for it, so it is read nowhere", hint)
    elif metric.deadline and metric.deadline not in names:
        hint = f"add a [[rule]] named {metric.deadline}, or drop the metric"
        yield Gap(place, where, f"no rule sets {metric.deadline}, which it counts: it has no case", hint)


def _where(kind: CaseKind, path: str) -> str:
    return f"{kind.place.source}:{kind.place.line}: {path}" if kind.place.line else f"kind {path}"
