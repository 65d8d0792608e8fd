"""Reactions: what may follow by itself when something happened to a case or an order, as data.

One form serves a simulator's own reactions, those that plugins add, and whoever overrides one of them. Core reads and
checks the rows and follows none: a live desk has real buyers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from attrs import evolve, field, fields, frozen

from aftersale.base.errors import Problem, did_you_mean
from aftersale.cases.workflow import Workflow
from aftersale.documents.scalars import NumberOrName, Rate, Word, Words
from aftersale.rules import Grade

Since = Literal["purchase", "promise", "delivery", "arrival"]
"""From which instant of an order a step counts; `arrival` is the delivery, or the promise where there is none."""
Spread = Literal["exponential", "fixed", "lognormal"]
"""How delays scatter: exponentially about their mean, not at all, or lognormally about their median."""
NO_WORDS = Words(())
TRIGGERS = ("state", "missed", "after", "since", "done")
"""The keys of which one says what a reaction follows."""
SCOPE = ("products", "categories", "channels", "marketplaces")
"""What narrows a reaction, the narrowest first."""


def _words(value: str | Words) -> Words:
    """Return a single word as the words of a plugin that is written in Python."""
    return Words((value,)) if isinstance(value, str) else value


@frozen
class Reaction:
    """What buyers or the marketplace may do of themselves, or a row that `overrides` some of what others state.

    It follows one thing: a case of `kind` that comes into a `state`; a deadline that was `missed`; an `event` of the
    world, named by another reaction, which it comes `after` at once; a task that was `done`; or, for an order, the
    instant `since` which it counts. Of the reactions of one author to one thing that share a `choice` at most one
    happens: the first that holds and whose draw falls within its `share`; without a share it takes all that is left.

    `share` is multiplied by `factor`, by the first of `times` whose condition holds, and is no less than each of
    `at_least` whose condition holds. With `by_category` a parameter of the share's name with the category's behind it
    takes its place, where one is declared. `growth` and `for_days` spread the share over days of waiting: on each
    further day the chance is larger by `growth` of itself, for so many days at most.

    What happens is a `fact`, or an `event` for other reactions, after a delay whose mean or median is `delay_hours` or
    `delay_days`, by `spread` (with `sigma` for a lognormal one), which begins `wait_days` later. `hourly` moves it to
    an hour at which buyers act. With `repeats` it happens again and again, each time with the same share. `when` are
    conditions of the draw, `still` those that must hold when its time has come. A task that stands when it happens
    takes longer by `lengthens` of itself.

    What the fact says is a word of `details`, and a number of `values`, which are stars for a rating: each with its
    weight among the others. Of `details_when`, by conditions, the first that holds takes the place of `details`. The
    words are the simulator's own; a marketplace may call them otherwise (`Codes` of its world).

    Random numbers are keyed by `draw` and `delay_draw`. A number is `fresh` each time, or always the same for an order;
    that of what is said always is.

    Quantities are numbers, or names of declared parameters. A row that overrides states only what it changes, and for
    which `marketplaces`, `channels`, `categories` and `products`; nothing named means all.
    """

    kind: Word | None = None
    state: Words = field(default=NO_WORDS, converter=_words)
    fact: Word | None = None
    marketplaces: tuple[Word, ...] = ()
    share: NumberOrName | None = None
    delay_hours: NumberOrName | None = None
    delay_days: NumberOrName | None = None
    name: Word | None = None
    overrides: tuple[Word, ...] = ()
    channels: tuple[Word, ...] = ()
    categories: tuple[Word, ...] = ()
    products: tuple[Word, ...] = ()
    missed: Word | None = None
    after: Word | None = None
    since: Since | None = None
    done: Word | None = None
    event: Word | None = None
    choice: Word | None = None
    when: tuple[Word, ...] | None = None
    still: tuple[Word, ...] | None = None
    factor: NumberOrName | None = None
    times: dict[Word, NumberOrName] | None = None
    at_least: dict[Word, NumberOrName] | None = None
    by_category: bool | None = None
    growth: NumberOrName | None = None
    for_days: NumberOrName | None = None
    wait_days: NumberOrName | None = None
    spread: Spread | None = None
    sigma: NumberOrName | None = None
    hourly: bool | None = None
    repeats: bool | None = None
    lengthens: NumberOrName | None = None
    details: dict[Word, Rate] | None = None
    details_when: dict[Word, dict[Word, Rate]] | None = None
    values: dict[Word, Rate] | None = None
    draw: Word | None = None
    delay_draw: Word | None = None
    fresh: bool | None = None
    source: Word | None = None
    grade: Grade = "assumed"
    note: str = ""

    @property
    def called(self) -> str:
        """Its name, or else what it is about: the kind of case, the state and the fact."""
        return self.name or ".".join((self.kind or "", *self.state, self.fact or ""))

    @property
    def narrowness(self) -> tuple[bool, ...]:
        """What it is narrowed to, the narrowest first: the greater of two rows wins."""
        return tuple(bool(getattr(self, name)) for name in SCOPE)

    def overlaps(self, other: Reaction) -> bool:
        """Whether both may hold for one order."""
        pairs = ((set(getattr(self, name)), set(getattr(other, name))) for name in SCOPE)
        return all(not mine or not others or mine & others for mine, others in pairs)

    def overlaid(self, above: Reaction) -> Reaction:
        """Return it with all that a row which overrides it states; a delay in other units replaces its own."""
        changes = {name: value for name in CHANGES if (value := getattr(above, name)) is not None}
        if above.delay_hours is not None or above.delay_days is not None:
            changes |= {"delay_hours": above.delay_hours, "delay_days": above.delay_days}
        changed: Reaction = evolve(self, **changes)
        return changed

    def sayings(self) -> dict[str, dict[Word, Rate]]:
        """Return the weights of what its fact may say by their keys, such as `details` or `details_when.late`."""
        whole = {"details": self.details, "values": self.values}
        several = {f"details_when.{condition}": table for condition, table in (self.details_when or {}).items()}
        return {key: table for key, table in {**whole, **several}.items() if table is not None}

    def quantities(self) -> dict[str, float | str]:
        """Return its quantities by their keys, such as `share` or `times.late`."""
        single = {name: getattr(self, name) for name in QUANTITIES}
        tables = ((name, getattr(self, name) or {}) for name in ("times", "at_least"))
        several = {f"{name}.{condition}": value for name, table in tables for condition, value in table.items()}
        return {name: value for name, value in {**single, **several}.items() if value is not None}


MOST_REPEATED = 0.95
"""The share up to which something may be repeated: at 1 it would be without end."""
QUANTITIES = ("share", "factor", "growth", "for_days", "wait_days", "delay_hours", "delay_days", "sigma", "lengthens")
"""The keys that are a number or the name of a parameter."""
_PLACE = {"kind", "state", "fact", "event", "name", "overrides", "choice", "missed", "after", "since", "done"}
_FIXED = {*_PLACE, "draw", "delay_draw", "fresh", "source", "grade", "note", *SCOPE}
CHANGES = tuple(spec.name for spec in fields(Reaction) if spec.name not in _FIXED)
"""The keys that a row may change of what it overrides: all but what it follows and brings, and its random numbers."""
SAYINGS = ("details", "details_when", "values")
"""The keys by which a row states what its fact says."""


@frozen
class Mark:
    """What an order has been through: how often a case of `kind` came into a `state`, or a deadline was `missed`.

    Conditions of reactions name it.
    """

    name: Word
    kind: Word | None = None
    state: Words = field(default=NO_WORDS, converter=_words)
    missed: Word | None = None
    note: str = ""


def reaction_problems(reaction: Reaction, workflow: Workflow, where: str, path: str) -> Iterator[Problem]:
    """Yield what does not fit together in a row of reactions, and what it names that the workflow does not know."""
    triggers = [name for name in TRIGGERS if getattr(reaction, name)]
    if reaction.overrides:
        kept = ("kind", "fact", "event", "name", "choice", "draw", "delay_draw", "fresh")
        for name in (*(name for name in kept if getattr(reaction, name) is not None), *triggers):
            what = f"'{name}' is that of the reaction which it overrides"
            yield Problem(where, f"{path}.{name}", what, "leave it out")
        yield from _saying_problems(reaction, where, path)
        return
    of_event = len(triggers) == 2 and "after" in triggers and "state" in triggers
    if len(triggers) != 1 and not of_event:
        found = " and ".join(triggers) or "nothing"
        yield Problem(where, path, f"follows {found}", f"state one of: {', '.join(TRIGGERS)}; or what it overrides")
    if (reaction.fact is None) == (reaction.event is None):
        what = "brings both a fact and an event" if reaction.fact else "brings nothing"
        yield Problem(where, path, what, "state a fact, or an event for other reactions")
    if reaction.event is not None and (reaction.since is not None or reaction.kind is None):
        what = "is brought by a first step" if reaction.since else "is of no kind of case"
        hint = "first steps bring facts" if reaction.since else "add its kind"
        yield Problem(where, f"{path}.event", f"the event {what}", hint)
    if reaction.delay_hours is not None and reaction.delay_days is not None:
        yield Problem(where, f"{path}.delay_hours", "there is a delay_days too", "state one of them")
    if (reaction.spread == "lognormal") != (reaction.sigma is not None):
        yield Problem(where, f"{path}.spread", "a lognormal delay and a sigma go together", "state both or neither")
    if reaction.event is not None and reaction.sayings():
        key = next(iter(reaction.sayings()))
        yield Problem(where, f"{path}.{key}", "an event says nothing", "say it in the reactions that bring facts")
    yield from _saying_problems(reaction, where, path)
    yield from _fact_of_reaction(reaction, workflow, where, path)


def _saying_problems(reaction: Reaction, where: str, path: str) -> Iterator[Problem]:
    """Yield tables of what a fact may say of which nothing can be drawn, and values that are no numbers."""
    for key, table in reaction.sayings().items():
        if not any(table.values()):
            yield Problem(where, f"{path}.{key}", "nothing has a weight", "give one of them a weight above 0")
        for word, weight in table.items():
            if weight > MOST_WEIGHT:
                what = f"{weight:g} is out of range"
                yield Problem(where, f"{path}.{key}.{word}", what, f"a weight among the others, 0 to {MOST_WEIGHT}")
    for word in reaction.values or ():
        if not _NUMBER.fullmatch(word):
            what = f"'{word}' is no number"
            yield Problem(where, f"{path}.values.{word}", what, "values are numbers: values = { 1 = 0.6, 2 = 0.4 }")


MOST_WEIGHT = 1_000_000
"""The most that a word or a number may weigh among the others."""
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


def _fact_of_reaction(reaction: Reaction, workflow: Workflow, where: str, path: str) -> Iterator[Problem]:
    """Yield the kind, the states and the fact of a reaction that do not exist."""
    fact, kind = reaction.fact, reaction.kind
    if reaction.since is not None:
        if fact is not None and workflow.opened_by(fact) is None:
            yield _unknown(where, f"{path}.fact", "fact that opens a case", fact, workflow.openers())
        return
    if reaction.done is not None:
        tasks = {task for _, _, task in workflow.tasks()}
        if reaction.done not in tasks:
            yield _unknown(where, f"{path}.done", "task", reaction.done, tasks)
    if kind is not None and kind not in workflow.kinds:
        yield _unknown(where, f"{path}.kind", "kind of case", kind, workflow.kinds)
        return
    if reaction.state and kind is None:
        yield Problem(where, f"{path}.state", "states of no kind of case", "add its kind")
        return
    states = [str(state.name) for state in workflow.kinds[kind].state] if kind is not None else []
    for name in reaction.state:
        if name not in states:
            yield _unknown(where, f"{path}.state", f"state of a {kind}", name, states)
        elif fact is not None and kind == case_kind(reaction, workflow):
            allowed = workflow.allowed(kind, name)
            if fact not in allowed and reaction.after is None:
                yield _unknown(where, f"{path}.fact", f"fact that a {kind} in state '{name}' allows", fact, allowed)
    if fact is not None and not reaction.state and not workflow.knows(fact):
        facts = {move.fact for each in workflow.kinds.values() for move in each.move}
        yield _unknown(where, f"{path}.fact", "fact", fact, facts)


def case_kind(reaction: Reaction, workflow: Workflow) -> str:
    """Return of which kind the case is that a reaction's fact is about: its own, where that kind knows the fact.

    Else it is the kind of case that the fact opens, as a claim follows a message.
    """
    kind, fact = reaction.kind, reaction.fact
    opened = workflow.opened_by(fact) if fact is not None else None
    if kind is None:
        return opened or ""
    knows = any(move.fact == fact for move in workflow.kinds[kind].move)
    return kind if knows or opened is None else opened


def _unknown(where: str, path: str, noun: str, word: str, words: Iterable[str]) -> Problem:
    names = sorted(words)
    hint = did_you_mean(word, names) or f"known: {', '.join(names)}"
    return Problem(where, path, f"there is no {noun} '{word}'", hint)
