"""Parameters: the declared numbers behind estimated costs, and the seller's own in place of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import evolve, field, frozen

from aftersale.base.errors import DocumentError, MoneyError, Problem, did_you_mean
from aftersale.base.money import money
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import located
from aftersale.documents.scalars import CurrencyCode, MoneyAmount, Word
from aftersale.documents.structure import structure
from aftersale.policies.cost_kinds import CostKind

Overrides = Mapping[str, str | int | Decimal]
"""The seller's own numbers by the names of parameters; money may name its currency: `15.00 EUR`."""
SOURCE = "aftersale/costs.toml"
OTHER_GRADE = "ungraded"
OTHER_TASK = "other"
WAGE = "labour_cost_per_hour"
LANDED = "landed_cost_share"
"""The parameter that says what goods cost where no order tells it, by product or category."""
VAT = "vat_share"
"""The parameter that says how much VAT prices contain, by marketplace."""
OWN = "own"
"""The grade of a number that the seller set."""
_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(?: ([A-Z]{3}))?")


@frozen
class Parameter:
    """A declared number: its default, its range, and its source.

    With a `currency` it is money. The `grade` `own` says that the default is a number of the seller's. `by` says for
    what a seller may set another number beside it, such as a marketplace: by the name, a point and the marketplace's.
    """

    name: Word
    default: MoneyAmount
    low: MoneyAmount
    high: MoneyAmount
    unit: Word
    source: Word
    grade: Word
    currency: CurrencyCode | None = None
    note: str = ""
    by: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse a default outside its own range, and money with more decimals than its currency has."""
        if not self.low <= self.default <= self.high:
            raise ValueError(f"the default {self.default} does not lie between {self.low} and {self.high}")
        if self.currency is not None:
            money(self.default, self.currency)


@frozen
class SellersOwn:
    """Money that only the seller can tell, such as a wage: it has no default, and no currency of its own."""

    name: Word
    unit: Word
    example: Word


@frozen
class _Gone:
    """A parameter that is no more, and what stands in its place now."""

    name: Word
    now: Word


@frozen
class GoodsGrade:
    """The grade of goods that came back: the share of their worth that is lost, and what follows from it.

    `situation` decides the restocking fee when the buyer is at fault, empty for goods as new; `usable` says whether
    there is something to pack again, or to sell renewed.
    """

    name: Word
    loss: MoneyAmount
    low: MoneyAmount
    high: MoneyAmount
    source: Word
    grade: Word
    usable: bool
    situation: str = ""


@frozen
class Work:
    """A kind of task: the minutes it takes a person, and the facts that show that it was done."""

    name: Word
    minutes: MoneyAmount
    high: MoneyAmount
    source: Word
    grade: Word
    done_by: tuple[Word, ...]


@frozen
class CostDocument:
    """The document `costs.toml`."""

    parameter: tuple[Parameter, ...]
    grade: tuple[GoodsGrade, ...]
    task: tuple[Work, ...]
    seller: tuple[SellersOwn, ...] = ()
    gone: tuple[_Gone, ...] = ()


class _Watched(dict[str, Parameter]):
    """Parameters that keep the names of those that are read."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        super().__init__(parameters)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Parameter:
        self.names.add(name)
        return super().__getitem__(name)


@frozen
class Parameters:
    """All parameters, grades of goods and kinds of work by name.

    `sellers` are those that only the seller can tell: they stand in `by_name` once he did. `gone` are names that are no
    more, with what stands in their place. `own` are the names of those that the seller set.
    """

    by_name: Mapping[str, Parameter]
    grades: Mapping[str, GoodsGrade]
    works: Mapping[str, Work]
    sellers: Mapping[str, SellersOwn]
    gone: Mapping[str, str]
    own: frozenset[str] = frozenset()
    _values: dict[str, Decimal] = field(factory=dict, init=False, eq=False, repr=False)
    _ratios: dict[str, tuple[int, int]] = field(factory=dict, init=False, eq=False, repr=False)
    kept: dict[tuple[str, ...], Any] = field(factory=dict, init=False, eq=False, repr=False)
    """What others worked out from these numbers, by what it is for: a run asks the same of each of its orders."""

    def watched(self) -> Parameters:
        """Return the same parameters, which keep from now on what is read of them."""
        return evolve(self, by_name=_Watched(self.by_name))

    @property
    def reads(self) -> frozenset[str]:
        """The names that were read so far; none where nobody watches."""
        return frozenset(self.by_name.names) if isinstance(self.by_name, _Watched) else frozenset()

    def afresh(self) -> Parameters:
        """Return the same parameters; where what is read is kept, of these it is kept from now on."""
        return self.watched() if isinstance(self.by_name, _Watched) else self

    def note(self, names: Collection[str]) -> None:
        """Keep that some were read, where that is kept: what was computed of them before was used once more."""
        if isinstance(self.by_name, _Watched):
            self.by_name.names.update(names)

    def value(self, name: str) -> Decimal:
        """Return the value of a parameter."""
        value = self._values.get(name)
        if value is None:
            value = self._values[name] = self.by_name[name].default
        return value

    def part(self, name: str, of: int) -> int:
        """Return the share of an amount that a parameter sets, in whole minor units, halves away from zero."""
        ratio = self._ratios.get(name)
        if ratio is None:
            ratio = self._ratios[name] = self.value(name).as_integer_ratio()
        above, below = ratio
        size = (2 * abs(of) * above + below) // (2 * below)
        return size if of >= 0 else -size

    def keyed(self, name: str, *keys: str) -> tuple[Decimal, str]:
        """Return the value of a parameter for the first of some keys that has one of its own, and its whole name.

        Without any it is the parameter itself.
        """
        full = next((full for key in keys if key and (full := f"{name}.{key}") in self.by_name), name)
        return self.value(full), full

    def money(self, name: str) -> tuple[Decimal, str]:
        """Return the value of a parameter that is money, and its currency."""
        parameter = self.by_name[name]
        assert parameter.currency is not None
        return parameter.default, parameter.currency

    def wage(self) -> tuple[Decimal, str] | None:
        """Return what an hour of work costs, and in which currency; None where the seller told none."""
        return self.money(WAGE) if WAGE in self.by_name else None

    def goods_grade(self, word: str) -> GoodsGrade:
        """Return a grade of goods; the grade of goods that were not inspected where the word is not known."""
        return self.grades.get(word) or self.grades[OTHER_GRADE]

    def loss(self, grade: GoodsGrade) -> str:
        """Return the name of the parameter that says how much is lost at a grade."""
        return f"loss_share_{grade.name}"

    def minutes(self, task: str) -> str:
        """Return the name of the parameter that says how long a kind of task takes."""
        name = f"minutes_{task}"
        return name if name in self.by_name else f"minutes_{OTHER_TASK}"

    def with_estimates(self, kinds: Iterable[CostKind]) -> Parameters:
        """Return these parameters with the estimates of plugins' own lines beside them."""
        more = {kind.parameter: _of_estimate(kind) for kind in kinds if kind.parameter not in self.by_name}
        return evolve(self, by_name={**self.by_name, **more}) if more else self

    def with_tasks(self, kinds: Iterable[str]) -> Parameters:
        """Return these parameters with the minutes of plugins' own kinds of task; until they are set, of others."""
        other = self.by_name[f"minutes_{OTHER_TASK}"]
        more = {
            name: evolve(other, name=Word(name), unit=Word(f"minutes for a task {kind}"))
            for kind in kinds
            if (name := f"minutes_{kind}") not in self.by_name
        }
        return evolve(self, by_name={**self.by_name, **more}) if more else self

    def with_own(self, own: Overrides, source: str = "the seller's own costs", within_range: bool = True) -> Parameters:
        """Return these parameters with the seller's own numbers in place of the defaults.

        Raises DocumentError with every unknown name and every value that is no exact number, is in a wrong currency, or
        lies outside the parameter's range; `source` names where the numbers come from. Without `within_range` numbers
        may lie anywhere: with what something was booked is known, and is no guess to be checked.
        """
        results = {name: self._own(name, value, source, within_range) for name, value in own.items()}
        problems = tuple(result for result in results.values() if isinstance(result, Problem))
        if problems:
            raise DocumentError(source, located(problems, own))
        replaced = {name: result for name, result in results.items() if isinstance(result, Parameter)}
        return evolve(self, by_name={**self.by_name, **replaced}, own=self.own | replaced.keys())

    def _own(self, name: str, value: object, source: str, within_range: bool) -> Parameter | Problem:
        if (sellers := self.sellers.get(name)) is not None:
            return _told_by_seller(sellers, value, source)
        declared = self.by_name.get(name) or self._for_key(name)
        if declared is None:
            if (now := self.gone.get(name)) is not None:
                return Problem(source, name, "is no more", f"set {now}")
            names = (*self.by_name, *self.sellers)
            hint = did_you_mean(name, names) or f"known: {', '.join(sorted(names))}"
            return Problem(source, name, "no such parameter", hint)
        return _replace(declared, value, source, within_range)

    def _for_key(self, name: str) -> Parameter | None:
        """Return a parameter under a name that has a key behind it, None where it takes none."""
        first, _, key = name.partition(".")
        parameter = self.by_name.get(first)
        return evolve(parameter, name=Word(name)) if parameter is not None and parameter.by and key else None


def _of_estimate(kind: CostKind) -> Parameter:
    estimate = kind.estimate
    assert estimate is not None
    unit = f"money, for {kind.en}" if estimate.currency else f"share of the order's price, for {kind.en}"
    return Parameter(
        Word(kind.parameter),
        MoneyAmount(estimate.default),
        estimate.low,
        estimate.high,
        Word(unit),
        estimate.source,
        Word(estimate.grade),
        estimate.currency,
        estimate.note,
    )


def _number(value: object) -> tuple[Decimal, str | None] | None:
    """Return an exact number, with the currency that it names; None where it is none."""
    exact = isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    match = _NUMBER.fullmatch(f"{value:f}" if isinstance(value, Decimal) else str(value)) if exact else None
    return None if match is None else (Decimal(match[1]), match[2])


def _told_by_seller(declared: SellersOwn, value: object, source: str) -> Parameter | Problem:
    read_number = _number(value)
    if read_number is None or read_number[1] is None:
        what = f"expected an exact number and its currency, found {value!r}"
        return Problem(source, declared.name, what, f"write it as text, such as '{declared.example}'")
    number, currency = MoneyAmount(read_number[0]), CurrencyCode(str(read_number[1]))
    try:
        money(number, currency)
    except MoneyError as error:
        return Problem(source, declared.name, error.what, error.hint)
    return Parameter(declared.name, number, number, number, declared.unit, Word(source), Word(OWN), currency)


def _replace(declared: Parameter, value: object, source: str, within_range: bool) -> Parameter | Problem:
    name, read_number = declared.name, _number(value)
    if read_number is None:
        what = f"expected an exact number, found {value!r}"
        return Problem(source, name, what, f"write it as text, such as '{_format_default(declared)}'")
    number, named = read_number
    if named and declared.currency is None:
        return Problem(source, name, f"is no money, and {value!r} names a currency", f"it is a {declared.unit}")
    currency = named or declared.currency
    # A range is known in the parameter's own currency alone.
    if within_range and currency == declared.currency and not declared.low <= number <= declared.high:
        hint = f"{declared.unit}: {declared.low} to {declared.high}"
        return Problem(source, name, f"{number} lies outside its range", hint)
    try:
        if currency is not None:
            money(number, currency)
    except MoneyError as error:
        return Problem(source, name, error.what, error.hint)
    low, high = min(declared.low, number), max(declared.high, number)
    return evolve(
        declared,
        default=MoneyAmount(number),
        low=MoneyAmount(low),
        high=MoneyAmount(high),
        currency=None if currency is None else CurrencyCode(currency),
        source=Word(source),
        grade=Word(OWN),
    )


def _format_default(parameter: Parameter) -> str:
    return f"{parameter.default} {parameter.currency}" if parameter.currency else str(parameter.default)


def parse_parameters(data: dict[str, Any], source: str) -> Parameters:
    """Return the parameters of a parsed document; raises DocumentError with all its problems."""
    document = structure(CostDocument, data, source)
    parameters: dict[str, Parameter] = {}
    problems: list[Problem] = []
    for parameter in _declared_parameters(document):
        if parameter.name in parameters:
            problems.append(Problem(source, parameter.name, "stands there twice", "keep one of them"))
        parameters[parameter.name] = parameter
    missing = {f"loss_share_{OTHER_GRADE}", f"minutes_{OTHER_TASK}"} - parameters.keys()
    problems += [Problem(source, name, "missing", "declare it: others fall back on it") for name in sorted(missing)]
    if problems:
        raise DocumentError(source, tuple(problems))
    return Parameters(
        parameters,
        {grade.name: grade for grade in document.grade},
        {task.name: task for task in document.task},
        {told.name: told for told in document.seller},
        {each.name: each.now for each in document.gone},
    )


def _declared_parameters(document: CostDocument) -> Iterator[Parameter]:
    yield from document.parameter
    for grade in document.grade:
        unit = Word(f"share of the worth of goods that is lost when they come back {grade.name}")
        name = Word(f"loss_share_{grade.name}")
        yield Parameter(name, grade.loss, grade.low, grade.high, unit, grade.source, grade.grade)
    for work in document.task:
        unit, name = Word(f"minutes for a task {work.name}"), Word(f"minutes_{work.name}")
        none = MoneyAmount(Decimal(0))
        yield Parameter(name, work.minutes, none, work.high, unit, work.source, work.grade)


@cache
def default_parameters() -> Parameters:
    """Return the parameters that the project ships."""
    return parse_parameters(read(files("aftersale.worth") / "costs.toml"), SOURCE)
