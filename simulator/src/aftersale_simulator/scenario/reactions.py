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
    yield from row_problems(written, words)


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
            yield from _quantity_problems(each, row.overlaid(each.row) if overridden else row)
    yield from _equal_rows([each for each in written if each.row.overrides])


def _condition_problems(each: Written, of: Reaction, words: Vocabulary) -> Iterator[Problem]:
    """Yield the conditions that are no words, or that nobody can know yet when a buyer takes a first step.

    What a fact says is drawn when it happens, from what the order has been through; it knows of no case.
    """
    for key in ("when", "still", "times", "at_least", "details_when"):
        for condition in getattr(each.row, key) or ():
            word, _ = bare(condition)
            of_order, known = word in ORDER_WORDS or late_by(word) is not None, condition_words(words.marks)
            if key == "details_when":
                known = [name for name in known if name not in CASE_WORDS]
            if not of_order and word not in known:
                yield each.problem(key, f"unknown condition '{word}'", allowed_words(word, known))
            elif of.since is not None and key in ("when", "times") and not of_order:
                what = f"'{word}' is not known of a first step before it is taken"
                yield each.problem(key, what, f"conditions of orders: {', '.join(ORDER_WORDS)}")


def _quantity_problems(each: Written, row: Reaction) -> Iterator[Problem]:
    """Yield numbers that are out of range, and keys that mean nothing without another."""
    share = row.share
    if isinstance(share, float) and share > 1:
        yield each.problem("share", f"{share:g} is out of range", "a share from 0 to 1")
    elif isinstance(share, float) and row.repeats and share > MOST_REPEATED:
        yield each.problem("share", f"{share:g} is out of range", f"what is repeated: 0 to {MOST_REPEATED:g}")
    if (row.spread == "lognormal") != (row.sigma is not None):
        yield each.problem("spread", "a lognormal delay and a sigma go together", "state both or neither")
    if (row.growth is None) != (row.for_days is None):
        yield each.problem("growth", "growth and for_days go together", "state both or neither")
    if row.since is None and (row.hourly or row.by_category):
        yield each.problem("hourly" if row.hourly else "by_category", "is for first steps of buyers", "leave it out")


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
