"""Cost kinds: the lines of what after-sales costs, each with its group and the facts that book it, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal

from attrs import field, frozen

from aftersale.base.errors import DocumentError, MoneyError, Problem, did_you_mean
from aftersale.base.money import money
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import NOWHERE, UNWRITTEN, Place, placed
from aftersale.cases.workflow import Workflow
from aftersale.documents.scalars import CurrencyCode, MoneyAmount, Word
from aftersale.documents.structure import structure
from aftersale.rules import Grade, Words

GROUPS = ("refunds", "goods", "returns", "claims", "fees", "recovered", "labour")
"""What lines of costs belong to, in the order in which groups are shown."""
Sign = Literal["cost", "back"]
"""Whether money costs the seller, or comes back to him."""


def _is_amount(number: object) -> bool:
    return isinstance(number, Decimal) and number.is_finite() and number >= 0


@frozen
class Estimate:
    """What a line is taken to be where no fact has an amount: a `share` of the order's price, or `money`.

    `low` and `high` are the range of a seller's own number, in the same unit.
    """

    low: MoneyAmount
    high: MoneyAmount
    source: Word
    grade: Grade
    share: MoneyAmount | None = None
    money: MoneyAmount | None = None
    currency: CurrencyCode | None = None
    note: str = ""

    @property
    def default(self) -> Decimal:
        """The number itself."""
        return self.share if self.share is not None else self.money or Decimal(0)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with it, and what to do."""
        numbers: list[object] = [self.low, self.high, self.share, self.money]
        if not all(number is None or _is_amount(number) for number in numbers):
            yield "an amount is no exact number of 0 or more", "write it as Decimal('0.30')"
            return
        if (self.share is None) == (self.money is None):
            yield "is to have share or money", "write share = '0.30', or money = '20.00' with its currency"
            return
        if (self.money is None) != (self.currency is None):
            yield "money and currency go together", "write money = '20.00', currency = 'USD'"
        if not self.low <= self.default <= self.high:
            yield f"{self.default} lies outside its range, {self.low} to {self.high}", "correct one of the three"
        if self.money is not None and self.currency is not None:
            try:
                money(self.money, self.currency)
            except MoneyError as error:
                yield error.what, error.hint


def _words(value: str | Iterable[str]) -> Words:
    return Words((value,) if isinstance(value, str) else tuple(value))


@frozen
class CostKind:
    """A line of the costs: its name, its group, its meaning in English and Chinese, and what books it.

    A `fact` books its amount, or the `estimate` where it has none, each time it happens. With the `sign` `back` that
    comes back to the seller. By a line that `gives_back` the buyer gets money back, which counts against what is owed
    to him of the price. The facts `taken_back_by` bring what the case has cost on this line back to the seller.
    """

    name: Word
    group: Word
    sign: Sign
    en: Word
    zh: Word
    fact: Words = field(default=Words(()), converter=_words)
    gives_back: bool = False
    taken_back_by: Words = field(default=Words(()), converter=_words)
    estimate: Estimate | None = None
    place: Place = field(default=NOWHERE, eq=False, repr=False, metadata=UNWRITTEN)

    @property
    def facts(self) -> tuple[str, ...]:
        """All facts that move money on this line."""
        return (*self.fact, *self.taken_back_by)

    @property
    def parameter(self) -> str:
        """The name by which a seller sets the estimate."""
        return f"{self.name}_estimate"


@frozen
class CostKinds:
    """The lines that plugins add, in their order."""

    kinds: tuple[CostKind, ...] = ()

    @cached_property
    def by_fact(self) -> Mapping[str, CostKind]:
        """The line that each fact books."""
        return {fact: kind for kind in self.kinds for fact in kind.facts}

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """The group of each line by its name."""
        return {kind.name: kind.group for kind in self.kinds}

    @cached_property
    def given_back(self) -> tuple[str, ...]:
        """The lines by which a buyer gets money back."""
        return tuple(kind.name for kind in self.kinds if kind.gives_back)

    @cached_property
    def giving_back(self) -> tuple[str, ...]:
        """The facts by which a buyer gets money back."""
        return tuple(fact for kind in self.kinds if kind.gives_back for fact in kind.fact)

    @cached_property
    def taking_back(self) -> tuple[str, ...]:
        """The facts by which the seller gets some of it back."""
        return tuple(fact for kind in self.kinds if kind.gives_back for fact in kind.taken_back_by)


@frozen
class _CostDocument:
    cost: tuple[CostKind, ...] = ()


def parse_costs(data: dict[str, Any], source: str) -> list[CostKind]:
    """Return the lines of a parsed TOML document; raises DocumentError with all its problems."""
    return list(placed(structure(_CostDocument, data, source).cost, "cost", data, source))


def load_costs(package: str, name: str = "costs.toml") -> list[CostKind]:
    """Return the lines of costs that an installed package carries in `costs.toml`, each under `[[cost]]`."""
    return parse_costs(read(files(package) / name), f"{package}/{name}")


@cache
def default_cost_kinds() -> Mapping[str, CostKind]:
    """Return the lines that core books, by name, in the order in which they are shown."""
    shipped = read(files("aftersale.policies") / "cost_kinds.toml")
    return {kind.name: kind for kind in parse_costs(shipped, "aftersale/cost_kinds.toml")}


def cost_kinds_of(more: Iterable[CostKind], workflow: Workflow) -> CostKinds:
    """Return the lines that plugins add.

    Raises DocumentError with all that is wrong: names that are taken, groups that do not exist, facts that no case
    meets or that another line books already, and estimates that are none.
    """
    kinds = tuple(more)
    if problems := list(_problems(kinds, workflow)):
        raise DocumentError("the costs", tuple(problems))
    return CostKinds(kinds)


def _problems(kinds: Collection[CostKind], workflow: Workflow) -> Iterator[Problem]:
    shipped = default_cost_kinds()
    names = Counter([*shipped, *(kind.name for kind in kinds)])
    booked = Counter(fact for kind in (*shipped.values(), *kinds) for fact in kind.facts)
    facts = sorted({str(move.fact) for kind in workflow.kinds.values() for move in kind.move})
    for kind in kinds:
        found = [*_problems_of_row(kind)]
        if names[kind.name] > 1:
            found.append(("is the name of another line", "give it a name of its own"))
        for fact in dict.fromkeys(kind.facts):
            if fact not in facts:
                hint = did_you_mean(fact, facts) or "name a fact of one of your kinds of case"
                found.append((f"the workflow knows no fact '{fact}'", hint))
            elif booked[fact] > 1:
                others = [each.name for each in (*shipped.values(), *kinds) if fact in each.facts and each is not kind]
                what = f"'{fact}' is booked already, on the line '{others[0] if others else kind.name}'"
                found.append((what, "let each fact book one line"))
        for what, hint in found:
            yield Problem(kind.place.source, kind.name, what, hint, line=kind.place.line)


def _problems_of_row(kind: CostKind) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a row by itself, and what to do."""
    if kind.group not in GROUPS:
        yield f"unknown group '{kind.group}'", did_you_mean(kind.group, GROUPS) or f"known: {', '.join(GROUPS)}"
    if not kind.fact:
        yield "no fact books it", "name one: fact = 'ticket_refunded'"
    if kind.sign == "back" and (kind.gives_back or kind.taken_back_by):
        hint = "leave out gives_back and taken_back_by, or write sign = 'cost'"
        yield "what comes back to the seller gives the buyer nothing, and is not taken back", hint
    if kind.estimate is None:
        hint = "add estimate = { share = '…', low = '…', high = '…', source = '…', grade = '…' }"
        yield "says not what it is where a fact has no amount", hint
        return
    for what, hint in kind.estimate.problems():
        yield f"estimate: {what}", hint
    if kind.gives_back and kind.estimate.money is not None:
        yield "estimate: what a buyer gets back is a part of the price", "write share in place of money"
