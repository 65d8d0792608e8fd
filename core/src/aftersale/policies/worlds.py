"""Worlds: what a plugin knows or assumes of the buyers of its marketplaces, for a simulator.

Core reads and checks it and uses none of it: a live desk has real buyers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from attrs import evolve, field, fields, frozen

from aftersale.base.errors import Problem, did_you_mean
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import NOWHERE, UNWRITTEN, Place, lines_of
from aftersale.cases.workflow import Workflow
from aftersale.documents.scalars import PositiveCount, Rate, Word
from aftersale.documents.structure import structure
from aftersale.policies.metric_kinds import Counted
from aftersale.policies.reactions import Mark, Reaction, reaction_problems
from aftersale.policies.sales import Sale
from aftersale.rules import Grade, rule_names

if TYPE_CHECKING:
    from aftersale.cases.model import Task
    from aftersale.orders import Order


@frozen
class Parameter:
    """A declared number: its default, the bounds between which it may lie, and its source.

    It holds on `marketplaces`; the simulator's own parameters, which hold on all, name none. A plugin may declare one
    of the simulator's again, with another default for its marketplaces, or one of its own.
    """

    name: Word
    default: Rate
    low: Rate
    high: Rate
    unit: Word
    source: Word
    grade: Grade
    marketplaces: tuple[Word, ...] = ()
    note: str = ""

    def __attrs_post_init__(self) -> None:
        if not self.low <= self.default <= self.high:
            raise ValueError(f"default {self.default:g} does not lie between low {self.low:g} and high {self.high:g}")

    @property
    def told(self) -> str:
        """The source with its grade, or that the number is assumed."""
        return self.source if self.grade == "assumed" else f"{self.source} ({self.grade})"


@frozen
class Contact:
    """A stream of cases that buyers open of their own accord by `fact`.

    `rate` and `delay_days` name parameters: the share of orders that it comes from, and the mean of the exponential
    time in days between the order's purchase, promised delivery or delivery and the fact.
    """

    fact: Word
    marketplaces: tuple[Word, ...]
    rate: Word
    delay_days: Word
    since: Literal["purchase", "promise", "delivery"] = "purchase"


@frozen
class Answer:
    """The fact that a finished task becomes."""

    task: Word
    fact: Word


@frozen
class Absence:
    """What buyers and investigators elsewhere do and on these marketplaces cannot, such as filing a claim."""

    marketplaces: tuple[Word, ...]
    facts: tuple[Word, ...]


@frozen
class Codes:
    """How marketplaces call what facts say: `words` has the simulator's words, each with the marketplace's code.

    They hold for these `facts`; a word that stands in no row is said as it is.
    """

    marketplaces: tuple[Word, ...]
    facts: tuple[Word, ...]
    words: dict[Word, Word]
    source: Word
    grade: Grade
    note: str = ""


@frozen
class Preset:
    """Values of declared parameters that belong together and that a scenario may ask for by name."""

    name: Word
    marketplaces: tuple[Word, ...]
    values: dict[Word, Rate]
    source: Word
    grade: Grade
    note: str = ""


@frozen
class Closure:
    """An option of the seller's that a marketplace closes when one of its lines is missed, such as Prime.

    `lines` are rules with a share, each with what it counts, a word of MetricKind: the share is missed below it, for
    what should be rare above it. They are read over the last `days` local days of the orders of `channel`. `share` and
    `lasts_days` name parameters: the share of such orders that are not placed without the option, and for how many
    days.
    """

    name: Word
    marketplaces: tuple[Word, ...]
    channel: Word
    days: PositiveCount
    lines: dict[Word, Counted]
    share: Word
    lasts_days: Word
    source: Word
    grade: Grade
    note: str = ""


@frozen
class _WorldDocument:
    parameter: tuple[Parameter, ...] = ()
    contact: tuple[Contact, ...] = ()
    reaction: tuple[Reaction, ...] = ()
    mark: tuple[Mark, ...] = ()
    answer: tuple[Answer, ...] = ()
    absent: tuple[Absence, ...] = ()
    codes: tuple[Codes, ...] = ()
    sale: tuple[Sale, ...] = ()
    preset: tuple[Preset, ...] = ()
    closure: tuple[Closure, ...] = ()


SortKey = Callable[["Task", "Order"], float]
"""By what tasks are taken, the least first; equals in the order in which they came. It has to be pure."""


@frozen
class WorkOrder:
    """An order in which people take tasks, by a name that a scenario's `work_order` may be."""

    name: Word
    key: SortKey


@frozen
class WorldDefaults(_WorldDocument):
    """What one plugin says of the simulated world, as in `world.toml`.

    `work_orders` are functions, which no file holds: a plugin adds them to what it read.
    """

    work_orders: tuple[WorkOrder, ...] = field(default=(), metadata=UNWRITTEN)
    origin: str = field(default="", eq=False)
    place: Place = field(default=NOWHERE, eq=False, repr=False, metadata=UNWRITTEN)


def parse_world(data: dict[str, Any], source: str) -> WorldDefaults:
    """Return the world of a parsed TOML document; raises DocumentError with all its problems."""
    document = structure(_WorldDocument, data, source)
    rows = {attribute.name: getattr(document, attribute.name) for attribute in fields(_WorldDocument)}
    return WorldDefaults(**rows, origin=source, place=Place(lines_of(data), "", source))


def load_world(package: str, name: str = "world.toml") -> list[WorldDefaults]:
    """Return what an installed package says of the simulated world in `world.toml`, ready to be contributed."""
    return [parse_world(read(files(package) / name), f"{package}/{name}")]


def world_problems(world: WorldDefaults, workflow: Workflow, marketplaces: Iterable[str]) -> Iterator[Problem]:
    """Yield what does not fit together: marketplaces, facts, states, tasks and parameters that do not exist."""
    for problem in _world_problems(world, workflow, marketplaces):
        yield evolve(problem, line=world.place.inside(problem.path).line)


def _world_problems(world: WorldDefaults, workflow: Workflow, marketplaces: Iterable[str]) -> Iterator[Problem]:
    names = set(marketplaces)
    for path, row in _rows(world):
        for marketplace in row.marketplaces:
            if marketplace not in names:
                yield _unknown_word(world, path, "marketplace", marketplace, names)
        if not row.marketplaces:
            what = f"{path.partition('[')[0]}{_called(row)} holds nowhere"
            yield Problem(world.origin, path, what, "name its marketplaces")
        if isinstance(row, Absence | Codes):
            yield from _fact_problems(world, path, row.facts, workflow)
    yield from _stream_problems(world, workflow)
    yield from _code_problems(world)
    yield from _answer_problems(world, workflow)


def _called(row: _Row) -> str:
    """Return the name of a row in quotes; streams have none."""
    return f" '{row.name}'" if isinstance(row, Parameter | Sale | Preset | Closure) else ""


_Row = Parameter | Contact | Reaction | Absence | Codes | Sale | Preset | Closure


def _rows(world: WorldDefaults) -> Iterator[tuple[str, _Row]]:
    for name in ("parameter", "contact", "reaction", "absent", "codes", "sale", "preset", "closure"):
        for index, row in enumerate(getattr(world, name)):
            yield f"{name}[{index}]", row


def _stream_problems(world: WorldDefaults, workflow: Workflow) -> Iterator[Problem]:
    for index, contact in enumerate(world.contact):
        path = f"contact[{index}]"
        kind = workflow.opened_by(contact.fact)
        if kind is None:
            yield _unknown_word(world, f"{path}.fact", "fact that opens a case", contact.fact, workflow.openers())
        names = {"rate": contact.rate, "delay_days": contact.delay_days}
        yield from _undeclared_parameters(world, path, contact.marketplaces, names)
    for index, reaction in enumerate(world.reaction):
        yield from reaction_problems(reaction, workflow, world.origin, f"reaction[{index}]")
        yield from _number_problems(world, f"reaction[{index}]", reaction)
    for index, closure in enumerate(world.closure):
        path = f"closure[{index}]"
        names = {"share": closure.share, "lasts_days": closure.lasts_days}
        yield from _undeclared_parameters(world, path, closure.marketplaces, names)
        shares = {rule.name for rule in rule_names().values() if rule.kind == "share"}
        for line in closure.lines:
            if line not in shares:
                yield _unknown_word(world, f"{path}.lines", "rule with a share", line, shares)


def _code_problems(world: WorldDefaults) -> Iterator[Problem]:
    """Yield the words that a plugin calls twice for one fact on one marketplace."""
    named: dict[tuple[str, str, str], str] = {}
    for index, row in enumerate(world.codes):
        path = f"codes[{index}]"
        for key in product(row.marketplaces, row.facts, row.words):
            before = named.setdefault(key, path)
            if before != path:
                what = f"'{key[2]}' of '{key[1]}' has a code for {key[0]} in {before} already"
                yield Problem(world.origin, f"{path}.words.{key[2]}", what, "keep one of them")


def _number_problems(world: WorldDefaults, path: str, reaction: Reaction) -> Iterator[Problem]:
    """Yield the quantities of a reaction that are no parameters of this plugin for the reaction's marketplaces."""
    quantities = reaction.quantities()
    for key, value in quantities.items():
        if not isinstance(value, str):
            what, hint = f"{value:g} is a number without a range and a source", "declare a [[parameter]] and name it"
            yield Problem(world.origin, f"{path}.{key}", what, hint)
    names = {key: value for key, value in quantities.items() if isinstance(value, str)}
    yield from _undeclared_parameters(world, path, reaction.marketplaces, names)


def _undeclared_parameters(
    world: WorldDefaults, path: str, marketplaces: Iterable[str], names: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield the parameters of a stream that this plugin does not declare for one of the stream's marketplaces."""
    declared: defaultdict[str, set[str]] = defaultdict(set)
    for parameter in world.parameter:
        declared[parameter.name].update(parameter.marketplaces)
    for key, name in names.items():
        if missing := sorted(set(marketplaces) - declared[name]):
            what = f"no [[parameter]] declares '{name}' for {', '.join(missing)}"
            hint = "declare it with default, low, high, unit, source and grade"
            yield Problem(world.origin, f"{path}.{key}", what, hint)


def _answer_problems(world: WorldDefaults, workflow: Workflow) -> Iterator[Problem]:
    answered_tasks = {answer.task for answer in world.answer}
    for index, answer in enumerate(world.answer):
        where = [(kind, state) for kind, state, task in workflow.tasks() if task == answer.task]
        if not where:
            tasks = {task for _, _, task in workflow.tasks()}
            yield _unknown_word(world, f"answer[{index}].task", "task", answer.task, tasks)
        for kind, state in where:
            allowed = workflow.allowed(kind, state)
            if answer.fact not in allowed:
                what = f"fact that a {kind} in state '{state}' allows"
                yield _unknown_word(world, f"answer[{index}].fact", what, answer.fact, allowed)
    for task in answered_tasks:
        if sum(answer.task == task for answer in world.answer) > 1:
            yield Problem(world.origin, "answer", f"two answers to the task '{task}'", "keep one of them")


def _fact_problems(world: WorldDefaults, path: str, facts: Iterable[str], workflow: Workflow) -> Iterator[Problem]:
    names = {move.fact for kind in workflow.kinds.values() for move in kind.move}
    for fact in facts:
        if fact not in names:
            yield _unknown_word(world, f"{path}.facts", "fact", fact, names)


def _unknown_word(world: WorldDefaults, path: str, noun: str, word: str, words: Iterable[str]) -> Problem:
    names = sorted(words)
    hint = did_you_mean(word, names) or f"known: {', '.join(names)}"
    return Problem(world.origin, path, f"there is no {noun} '{word}'", hint)
