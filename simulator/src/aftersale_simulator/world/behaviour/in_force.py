"""Reactions in force: what one marketplace's reactions are, with what plugins and the scenario make of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Literal

from attrs import evolve, field, frozen

from aftersale.documents.scalars import NumberOrName, Word
from aftersale.policies.reactions import CHANGES, SAYINGS, Mark, Reaction
from aftersale.policies.worlds import Contact, WorldDefaults
from aftersale_simulator.assumptions.reactions import SOURCE, CaseName, load_reactions
from aftersale_simulator.world.behaviour.order_bits import OrderBits

Author = Literal["simulator", "plugin", "scenario"]
"""Who states a row, in order: of two that are equally narrow a scenario's wins over a plugin's."""
OrderClass = tuple[str, str, str]
"""An order's channel, category and product: what a reaction may be narrowed to."""


@frozen
class Stated:
    """A row of reactions, who states it, and where: `number` is its place in the scenario, -1 for others' rows."""

    row: Reaction
    author: Author
    origin: str
    number: int = -1

    @property
    def order(self) -> tuple[tuple[bool, ...], int]:
        """Of two rows that override one reaction the greater wins."""
        return self.row.narrowness, ("simulator", "plugin", "scenario").index(self.author)


@frozen(eq=False)
class InForce:
    """One reaction of a marketplace: the row that states it, and those that override it there, the weakest first."""

    stated: Stated
    overrides: tuple[Stated, ...] = ()
    _known: dict[OrderClass, Reaction] = field(factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """The reaction's name."""
        return self.stated.row.called

    @property
    def group(self) -> tuple[str, str]:
        """Whose choice it belongs to: of one group at most one reaction happens."""
        return self.stated.origin, self.stated.row.choice or ""

    @property
    def usual(self) -> Reaction:
        """The reaction as it is for orders that nothing narrower names."""
        return _overlaid(self.stated.row, (above.row for above in self.overrides if not _is_narrow(above.row)))

    @property
    def is_narrowed(self) -> bool:
        """Whether it is another one for some channels, categories or products."""
        return any(_is_narrow(above.row) for above in self.overrides)

    @property
    def has_classes(self) -> bool:
        """Whether anything but what its fact says hangs on channels, categories or products, or rows of a scenario."""
        narrow = (above for above in self.overrides if _is_narrow(above.row))
        return any(above.number >= 0 or _is_more_than_said(above.row) for above in narrow)

    def of(self, orders: OrderClass) -> Reaction:
        """Return the reaction as it is for orders of a channel, category and product."""
        known = self._known.get(orders)
        if known is None:
            holding = (above.row for above in self.overrides if _holds(above.row, orders))
            known = self._known[orders] = _overlaid(self.stated.row, holding)
        return known

    def deciding(self, orders: OrderClass) -> Iterator[int]:
        """Yield the numbers of the scenario's rows that hold for orders of a class."""
        yield from (above.number for above in self.overrides if above.number >= 0 and _holds(above.row, orders))


def _overlaid(row: Reaction, above: Iterable[Reaction]) -> Reaction:
    for other in above:
        row = row.overlaid(other)
    return row


def _is_more_than_said(row: Reaction) -> bool:
    return any(getattr(row, key) is not None for key in CHANGES if key not in SAYINGS)


def _is_narrow(row: Reaction) -> bool:
    return bool(row.channels or row.categories or row.products)


def _holds(row: Reaction, orders: OrderClass) -> bool:
    named = (row.channels, row.categories, row.products)
    return all(not words or word in words for words, word in zip(named, orders, strict=True))


@frozen(eq=False, slots=False)
class Behaviour:
    """All that happens of itself on one marketplace: reactions in the order of their statement, marks, and cases.

    `answers` says which fact a finished task becomes, `absent` which facts never happen there. `codes` are how the
    marketplace calls what facts say, by (fact, the simulator's word).
    """

    reactions: tuple[InForce, ...]
    marks: tuple[Mark, ...]
    cases: dict[str, CaseName]
    answers: dict[str, str]
    absent: frozenset[str]
    codes: dict[tuple[str, str], str] = field(factory=dict)

    @cached_property
    def bits(self) -> OrderBits:
        """The conditions of orders that any of its rows names."""
        rows = (stated.row for each in self.reactions for stated in (each.stated, *each.overrides))
        return OrderBits.of(word for row in rows for word in conditions_of(row))

    @property
    def reactions_said(self) -> tuple[tuple[Stated, tuple[Stated, ...]], ...]:
        """What states each reaction, and what overrides it."""
        return tuple((reaction.stated, reaction.overrides) for reaction in self.reactions)

    @property
    def contacts(self) -> frozenset[str]:
        """The kinds of case by which buyers turn to the seller."""
        return frozenset(kind for kind, case in self.cases.items() if case.contact)

    def case(self, kind: str) -> CaseName:
        """Return how an order's case of a kind is called; those of plugins by their kind."""
        return self.cases.get(kind) or CaseName(Word(kind), Word(kind))

    def called(self, fact: str, word: str) -> str:
        """Return how the marketplace calls a word of the simulator's that a fact says."""
        return self.codes.get((fact, word), word)

    def on(self, trigger: str) -> list[InForce]:
        """Return the reactions with such a trigger, a key of the form such as `since`."""
        return [reaction for reaction in self.reactions if getattr(reaction.stated.row, trigger)]


def conditions_of(row: Reaction) -> Iterator[str]:
    """Yield the conditions that a row names."""
    for words in (row.when, row.still, row.times, row.at_least, row.details_when):
        yield from words or ()


def behaviour(marketplace: str, plugins: Iterable[WorldDefaults], scenario: Sequence[Reaction] = ()) -> Behaviour:
    """Return what happens of itself on a marketplace; rows that override what does not exist change nothing.

    `plugins` are what they say of their worlds, `scenario` the rows of a scenario.
    """
    worlds = list(plugins)
    ours = load_reactions()
    rows = [Stated(row, "simulator", SOURCE) for row in ours.reaction]
    answers = {str(answer.task): str(answer.fact) for answer in ours.answer}
    absent: set[str] = set()
    codes: dict[tuple[str, str], str] = {}
    for world in worlds:
        rows += (Stated(_of_plugin(row), "plugin", world.origin) for row in world.reaction)
        rows += (Stated(of_contact(contact), "plugin", world.origin) for contact in world.contact)
        answers |= {str(answer.task): str(answer.fact) for answer in world.answer}
        codes |= {
            (str(fact), str(word)): str(code)
            for row in world.codes
            if marketplace in row.marketplaces
            for fact in row.facts
            for word, code in row.words.items()
        }
        absent.update(fact for row in world.absent if marketplace in row.marketplaces for fact in row.facts)
    rows += (Stated(row, "scenario", "scenario", number) for number, row in enumerate(scenario))
    here = [stated for stated in rows if not stated.row.marketplaces or marketplace in stated.row.marketplaces]
    above = sorted((stated for stated in here if stated.row.overrides), key=lambda stated: stated.order)
    return Behaviour(
        tuple(
            InForce(stated, tuple(other for other in above if stated.row.called in other.row.overrides))
            for stated in here
            if not stated.row.overrides
        ),
        (*ours.mark, *(mark for world in worlds for mark in world.mark)),
        {str(case.kind): case for case in ours.case},
        answers,
        frozenset(absent),
        codes,
    )


def of_contact(contact: Contact) -> Reaction:
    """Return a plugin's stream of cases as the reaction that it is."""
    name = Word(f"contact.{contact.fact}")
    return Reaction(
        fact=contact.fact,
        marketplaces=contact.marketplaces,
        share=NumberOrName(contact.rate),
        delay_days=NumberOrName(contact.delay_days),
        name=name,
        since=contact.since,
        choice=name,
        draw=name,
    )


def _of_plugin(row: Reaction) -> Reaction:
    """Return a plugin's reaction: where it does not say otherwise it must still be possible when its time comes."""
    if row.overrides or row.still is not None or row.since is not None:
        return row
    possible: Reaction = evolve(row, still=(Word("possible"),))
    return possible
