"""Reactions: what is wrong with rows that override what happens of itself, a scenario's or a plugin's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product

from attrs import frozen

from aftersale.base.errors import Problem
from aftersale.policies.reactions import MOST_REPEATED, Reaction, reaction_problems
from aftersale.policies.worlds import WorldDefaults
from aftersale_simulator.assumptions.conditions import CASE_WORDS, ORDER_WORDS, bare, condition_words, late_by
from aftersale_simulator.assumptions.reactions import load_reactions
from aftersale_simulator.scenario.vocabulary import Vocabulary, allowed_words


@frozen
class Written:
    """A row of reactions with where it is written, such as `reaction[0]` of a file."""

    row: Reaction
    source: str
    path: str

    def problem(self, key: str, what: str, hint: str = "") -> Problem:
        """Return a problem of one of its keys, or of the whole row without one."""
        return Problem(self.source, f"{self.path}.{key}" if key else self.path, what, hint)


def of_scenario(
    rows: Sequence[Reaction], source: str, words: Vocabulary, sold: dict[str, Sequence[str]]
) -> Iterator[Problem]:
    """Yield what is wrong with the rows of a scenario; `sold` has the words of its orders by a row's keys."""
    written = [Written(row, source, f"reaction[{number}]") for number, row in enumerate(rows)]
    for each in written:
        if not each.row.overrides:
            yield each.problem("", "overrides nothing", "say which: overrides = ['…']; new ones are for plugins")
            continue
        yield from reaction_problems(each.row, words.workflow, source, each.path)
        yield from _narrowing_problems(each, sold)
        for key, value in each.row.quantities().items():
            if isinstance(value, str) and value not in words.parameters:
                hint = allowed_words(value, sorted(words.parameters))
                yield each.problem(key, f"unknown parameter '{value}'", hint)
            elif isinstance(value, str):
                yield from _elsewhere(each, key, value, words, sold["marketplaces"])
    yield from row_problems(written, words)


def _elsewhere(each: Written, key: str, name: str, words: Vocabulary, sold: Sequence[str]) -> Iterator[Problem]:
    """Yield the marketplaces of a row on which nobody declares a parameter that it names."""
    declared = words.parameters[name]
    if all(parameter.marketplaces for parameter in declared):
        known = {place for parameter in declared for place in parameter.marketplaces}
        if missing := sorted(set(each.row.marketplaces or sold) - known):
            what = f"nobody declares '{name}' for {', '.join(missing)}"
            yield each.problem(key, what, "name other marketplaces, or write the number")


def _narrowing_problems(each: Written, sold: dict[str, Sequence[str]]) -> Iterator[Problem]:
    for key, known in sold.items():
        for number, word in enumerate(getattr(each.row, key)):
            if known and word not in known:
                what = f"there is no '{word}' in this scenario"
                yield each.problem(f"{key}[{number}]", what, allowed_words(word, known))


def row_problems(written: Sequence[Written], words: Vocabulary) -> Iterator[Problem]:
    """Yield what rows name that does not exist, what does not go together, and rows that are equally narrow."""
    for each in written:
        for number, name in enumerate(each.row.overrides):
            if name not in words.reactions:
                what = f"there is no reaction '{name}'"
                yield each.problem(f"overrides[{number}]", what, allowed_words(name, words.reactions))
        overridden = [words.reactions[name] for name in each.row.overrides if name in words.reactions]
        for row in overridden or [each.row]:
            yield from _condition_problems(each, row, words)
            if overridden and row.event is not None and each.row.sayings():
                what = f"'{row.called}' brings an event, which says nothing"
                yield each.problem(next(iter(each.row.sayings())), what, "say it in reactions that bring facts")
            yield from _quantity_problems(each, row.overlaid(each.row) if overridden else row, words)
    yield from _equal_rows([each for each in written if each.row.overrides])


def _condition_problems(each: Written, of: Reaction, words: Vocabulary) -> Iterator[Problem]:
    """Yield the conditions that are no words, or that nobody can know yet when a buyer takes a first step.

    What a fact says, and factors on a share, go by what the order has been through, and know of no case.
    """
    for key in ("when", "still", "times", "at_least", "details_when"):
        for condition in getattr(each.row, key) or ():
            word, _ = bare(condition)
            of_order, known = word in ORDER_WORDS or late_by(word) is not None, condition_words(words.marks)
            if key in ("details_when", "times", "at_least"):
                known = [name for name in known if name not in CASE_WORDS]
            if not of_order and word not in known:
                yield each.problem(key, f"unknown condition '{word}'", allowed_words(word, known))
            elif of.since is not None and key in ("when", "times") and not of_order:
                what = f"'{word}' is not known of a first step before it is taken"
                yield each.problem(key, what, f"conditions of orders: {', '.join(ORDER_WORDS)}")


def _quantity_problems(each: Written, row: Reaction, words: Vocabulary) -> Iterator[Problem]:
    """Yield shares that are out of range, and keys that mean nothing without another."""
    share = row.share
    most = MOST_REPEATED if row.repeats else 1.0
    if isinstance(share, float) and share > most:
        what = f"what is repeated: 0 to {MOST_REPEATED:g}" if share <= 1 else "a share from 0 to 1"
        yield each.problem("share", f"{share:g} is out of range", what)
    elif isinstance(share, str) and share in words.parameters and words.span(share)[1] > 1:
        yield each.problem("share", f"'{share}' is no share: {words.parameters[share][0].unit}", "name one up to 1")
    for key, other in _TOGETHER:
        if getattr(row, key) is not None and getattr(row, other) is None:
            what = f"means nothing without '{other}'"
            yield each.problem(key, what if each.row.overrides == () else f"{what}, which '{row.called}' does not have")
    if (row.spread == "lognormal") != (row.sigma is not None):
        yield each.problem("spread", "a lognormal delay and a sigma go together", "state both or neither")
    yield from _out_of_place(each, row)


_TOGETHER = (
    ("growth", "for_days"),
    ("for_days", "growth"),
    *((key, "share") for key in ("factor", "times", "at_least", "growth", "repeats", "by_category")),
)
"""Keys that mean nothing without another."""


def _out_of_place(each: Written, row: Reaction) -> Iterator[Problem]:
    """Yield keys that nothing reads where a row follows what it does, or happens as it does."""
    if row.since is None and (row.hourly or row.by_category):
        yield each.problem("hourly" if row.hourly else "by_category", "is for first steps of buyers", "leave it out")
    if row.since is not None and (row.repeats or row.growth is not None):
        yield each.problem("repeats" if row.repeats else "growth", "is for what follows a case", "leave it out")
    if row.repeats:
        unread = [key for key in ("growth", "wait_days", "sigma") if getattr(row, key) is not None]
        unread += ["spread"] if row.spread not in (None, "exponential") else []
        for key in unread:
            yield each.problem(key, "is not for what is repeated", "leave it out")
    if row.done is not None and row.share is None and row.when:
        yield each.problem("when", "something has to come of every task that was done", "leave it out, or add a share")


def _equal_rows(written: Iterable[Written]) -> Iterator[Problem]:
    for first, second in combinations(written, 2):
        both = [name for name in first.row.overrides if name in second.row.overrides]
        if both and first.row.narrowness == second.row.narrowness and first.row.overlaps(second.row):
            what = f"overrides '{both[0]}' for the same orders as {first.path}, and neither is narrower"
            yield second.problem("", what, "keep one of them, or name fewer marketplaces, channels or categories")


def code_problems(worlds: Sequence[WorldDefaults], words: Vocabulary) -> Iterator[Problem]:
    """Yield codes of plugins for words that the facts of no reaction say."""
    rows = [*load_reactions().reaction, *(row for world in worlds for row in world.reaction)]
    said: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        overridden = (words.reactions[name] for name in row.overrides if name in words.reactions)
        for fact in {str(each.fact) for each in (row, *overridden)}:
            said[fact].update(str(word) for key, table in row.sayings().items() if key != "values" for word in table)
    for world in worlds:
        for index, codes in enumerate(world.codes):
            for fact, word in product(codes.facts, codes.words):
                if word not in said[fact]:
                    path, what = f"codes[{index}].words.{word}", f"no '{fact}' says '{word}'"
                    yield Problem(world.origin, path, what, allowed_words(word, sorted(said[fact])))


def name_problems(written: Sequence[Written]) -> Iterator[Problem]:
    """Yield names that plugins give to reactions and that others have, and events that none brings or none follows."""
    ours = load_reactions().reaction
    rows = [*ours, *(each.row for each in written)]
    brought, followed = {row.event for row in rows}, {row.after for row in rows}
    for each in written:
        row = each.row
        same = (other for other in rows if other is not row and other.name == row.name and other.overlaps(row))
        if row.name is not None and any(same):
            what = f"there is a reaction '{row.name}' already"
            yield each.problem("name", what, "call it otherwise, or say: overrides = ['…']")
        if row.after is not None and row.after not in brought:
            hint = allowed_words(row.after, sorted(str(event) for event in brought if event))
            yield each.problem("after", f"no reaction brings the event '{row.after}'", hint)
        if row.event is not None and row.event not in followed:
            yield each.problem("event", f"no reaction comes after the event '{row.event}'", "add one: after = '…'")


def mark_problems(worlds: Sequence[WorldDefaults], words: Vocabulary) -> Iterator[Problem]:
    """Yield marks of plugins that are called as conditions are, or that nothing gives."""
    taken = {*ORDER_WORDS, *CASE_WORDS, *(str(mark.name) for mark in load_reactions().mark)}
    kinds = {str(name): [str(state.name) for state in kind.state] for name, kind in words.workflow.kinds.items()}
    for world in worlds:
        for index, mark in enumerate(world.mark):
            path, states = f"mark[{index}]", kinds.get(mark.kind or "", [])
            if mark.name in taken or late_by(mark.name) is not None:
                yield Problem(world.origin, f"{path}.name", f"there is a condition '{mark.name}' already", "")
            if mark.kind is not None and mark.kind not in kinds:
                hint = allowed_words(mark.kind, sorted(kinds))
                yield Problem(world.origin, f"{path}.kind", f"there is no kind of case '{mark.kind}'", hint)
            for name in mark.state if states else ():
                if name not in states:
                    what = f"there is no state of a {mark.kind} '{name}'"
                    yield Problem(world.origin, f"{path}.state", what, allowed_words(name, states))
            if bool(mark.missed) == bool(mark.state and mark.kind):
                yield Problem(world.origin, path, "nothing gives this mark", "state kind and state, or missed")
