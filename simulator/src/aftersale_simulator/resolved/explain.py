"""Explanations: every number of a scenario's world, with its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypedDict

from aftersale.rules import question
from aftersale.worth.parameters import LANDED, VAT, default_parameters
from aftersale_simulator.assumptions.parameters import default_profile
from aftersale_simulator.resolved.costs import declared_numbers
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.scenario.events import Event
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import Vocabulary
from aftersale_simulator.world.sales import categories, free_labels
from aftersale_simulator.world.world import World

if TYPE_CHECKING:
    from aftersale.policies.worlds import Parameter
    from aftersale.worth.parameters import Parameter as Number

SCENARIO, PRESET, PLUGIN, SIMULATOR, CORE = "scenario", "preset", "plugin", "simulator", "core"
"""Who sets a value: the scenario, a preset that it names, a marketplace's plugin, the simulator, or core for costs."""


SHAPES = ("hourly", "weekly", "season")


class Declared(TypedDict):
    """What is declared of a number: its value where nobody sets another, its range, and where that is from."""

    default: float
    low: float
    high: float
    unit: str
    source: str
    grade: str


class Explained(Declared):
    """One number of one marketplace's world, with its declared range and who sets it."""

    parameter: str
    marketplace: str
    value: float
    set_by: str


class ExplainedCost(Declared):
    """One number with which a run's money is booked, with its declared range and who sets it.

    `path` is where a scenario sets it. Money has its `currency`.
    """

    number: str
    path: str
    value: float
    currency: str | None
    set_by: str


class Dated(TypedDict):
    """What changes numbers of the world for a while: an event, a sale, a category; `days` from `start` on.

    `rule` is that by which a sale was rolled to these days, which are then `assumed`.

    `orders` and `factors` multiply, `world` sets; `absent` is a share of people, `handling` a factor on handling times,
    `rules` sets amounts of rules.
    """

    name: str
    kind: str
    start: str
    days: int
    marketplaces: list[str]
    teams: list[str]
    categories: list[str]
    orders: float
    factors: dict[str, float]
    world: dict[str, float]
    absent: float
    handling: float
    rules: dict[str, int]
    source: str
    assumed: bool
    rule: str


class Closable(TypedDict):
    """An option that a marketplace closes when one of its `lines` is missed, by name of the rule and its share.

    `floors` are from how many orders on each line is judged. `unread` are the lines that nothing can miss there: no
    rule says their share, or the marketplace has no metric that counts them.
    """

    name: str
    marketplace: str
    channel: str
    days: int
    lines: dict[str, str]
    floors: dict[str, int]
    unread: list[str]
    share: str
    lasts_days: str
    source: str
    grade: str


class Version(TypedDict):
    """One row of a version of rules that the scenario names, with what it demands in place of which dated rows."""

    version: str
    marketplace: str
    rule: str
    demand: str
    instead_of: list[str]
    source: str
    grade: str


class Shape(TypedDict):
    """The weights of the hours of a marketplace's day, of the days of its week and of the months of its year."""

    marketplace: str
    hourly: list[float]
    weekly: list[float]
    season: list[float]
    source: str


def explained(resolved: ResolvedScenario, words: Vocabulary) -> list[Explained]:
    """Return every declared parameter for every marketplace of the scenario, in the order of their declaration."""
    rows = []
    for name, declarations in words.parameters.items():
        for marketplace, world in resolved.worlds.items():
            declaration = _declaration(declarations, marketplace)
            if declaration is not None:
                rows.append(_explained(name, marketplace, world, declaration, resolved.scenario))
    return rows


def _declaration(declarations: Sequence[Parameter], marketplace: str) -> Parameter | None:
    """Return the declaration that holds on a marketplace: its plugin's, or else the simulator's."""
    plugin_declaration = next(
        (declaration for declaration in declarations if marketplace in declaration.marketplaces), None
    )
    return plugin_declaration or next(
        (declaration for declaration in declarations if not declaration.marketplaces), None
    )


def _explained(name: str, marketplace: str, world: World, declaration: Parameter, scenario: Scenario) -> Explained:
    preset = next((preset for preset in reversed(world.presets.values()) if name in preset.values), None)
    by_plugin = PLUGIN if declaration.marketplaces else SIMULATOR
    source, grade = (declaration.source, declaration.grade) if preset is None else (preset.source, preset.grade)
    return Explained(
        parameter=name,
        marketplace=marketplace,
        value=world[name],
        set_by=SCENARIO if name in scenario.world else by_plugin if preset is None else PRESET,
        default=float(declaration.default),
        low=float(declaration.low),
        high=float(declaration.high),
        unit=declaration.unit,
        source=source,
        grade=grade,
    )


def explained_costs(resolved: ResolvedScenario) -> Iterator[ExplainedCost]:
    """Yield the numbers with which a run's money is booked, in the order of their declaration.

    Minutes of tasks and the wage are no numbers of their own: they are the handling times and what teams cost.
    """
    declared, numbers = declared_numbers(resolved.policies), resolved.numbers
    for name in declared.by_name:
        if name.startswith("minutes_"):
            continue
        keys = resolved.policies if name == VAT else ("", *_own_goods(resolved.scenario)) if name == LANDED else ("",)
        for key in keys:
            full = f"{name}.{key}" if key else name
            if full in numbers.by_name or name == VAT:
                used = numbers.by_name.get(full, declared.by_name[name])
                yield _explained_cost(full, used, declared.by_name[name], resolved)


def _own_goods(scenario: Scenario) -> Iterator[str]:
    yield from dict.fromkeys(map(str, (*scenario.goods.category, *scenario.goods.product)))


def _explained_cost(name: str, used: Number, declared: Number, resolved: ResolvedScenario) -> ExplainedCost:
    core = default_parameters().by_name
    return ExplainedCost(
        number=name,
        path=_path(name, resolved.scenario),
        value=float(used.default),
        currency=used.currency,
        set_by=SCENARIO if name in resolved.numbers.own else CORE if declared.name in core else PLUGIN,
        default=float(declared.default),
        low=float(declared.low),
        high=float(declared.high),
        unit=declared.unit,
        source=declared.source,
        grade=declared.grade,
    )


def _path(name: str, scenario: Scenario) -> str:
    """Return where a scenario sets a number of costs."""
    known, _, key = name.partition(".")
    if known == VAT:
        return f"marketplace.{key}.{VAT}"
    if known == LANDED:
        table = "product" if key in map(str, scenario.goods.product) else "category"
        return f"goods.{table}.{key}" if key else f"goods.{LANDED}"
    return f"costs.{name}"


def dated(resolved: ResolvedScenario) -> Iterator[Dated]:
    """Yield what changes numbers of the world for a while, with its source; the scenario's own events come first."""
    scenario = resolved.scenario
    for event in scenario.event:
        yield _dated("event", event, scenario)
    for sale in resolved.sales:
        yield _dated("sale", sale.event, scenario, sale.rule)
    for marketplace, policy in resolved.policies.items():
        for event in categories(scenario, marketplace):
            yield _dated("category", event, scenario)
        for event in free_labels(scenario, policy, resolved.worlds[marketplace]):
            yield _dated("handbook", event, scenario)


def _dated(kind: str, event: Event, scenario: Scenario, rule: str = "") -> Dated:
    first, after_last = event.days(scenario.period.start)
    on_teams = bool(event.absent) or float(event.handling) != 1
    return Dated(
        name=event.name,
        kind=kind,
        start=str(first),
        days=(after_last - first).days,
        marketplaces=[name for name in scenario.marketplace if event.concerns(name)],
        teams=[team for team in scenario.team if on_teams and event.befalls(team)],
        categories=list(map(str, event.categories)),
        orders=float(event.orders),
        factors={name: float(factor) for name, factor in event.factors.items()},
        world={name: float(value) for name, value in event.world.items()},
        absent=float(event.absent),
        handling=float(event.handling),
        rules={name: int(amount) for name, amount in event.rules.items()},
        source=event.source,
        assumed=bool(rule),
        rule=rule,
    )


def closable(resolved: ResolvedScenario) -> Iterator[Closable]:
    """Yield what may be closed on the scenario's marketplaces besides the account; lines as on its last day."""
    for marketplace, policy in resolved.policies.items():
        terms = policy.at(resolved.horizon.measured([policy.marketplace.zone])[1] - 1)
        rows = terms.rulebook.rows
        for closure in resolved.worlds[marketplace].closures:
            counted = {policy.metric_kinds[row.name].counts for _, row in terms.lines}
            read = {name for name, counts in closure.lines.items() if counts in counted}
            lines = [row for row in rows if row.name in read and row.share is not None]
            yield Closable(
                name=closure.name,
                marketplace=marketplace,
                channel=closure.channel,
                days=int(closure.days),
                lines={str(row.name): f"{row.share:f}" for row in lines},
                floors={str(row.name): terms.floor(row.name) for row in lines},
                unread=[str(name) for name in closure.lines if name not in {row.name for row in lines}],
                share=closure.share,
                lasts_days=closure.lasts_days,
                source=closure.source,
                grade=closure.grade,
            )


def versions(resolved: ResolvedScenario) -> Iterator[Version]:
    """Yield the rows of the versions of rules that the scenario names, on its marketplaces."""
    rules, dated_rows = resolved.rules, resolved.plugins.rules.history()
    taken = () if rules is None else rules.history()
    for row in taken:
        if row.version is not None and row.marketplace in resolved.policies:
            before = [old for old in dated_rows if question(old) == question(row)]
            narrowed = f" [{row.when}]" if row.when.weight else ""
            yield Version(
                version=row.version,
                marketplace=row.marketplace,
                rule=f"{row.name}{narrowed}",
                demand=str(row.answer),
                instead_of=[f"{old.answer} {old.valid_from or '…'}–{old.valid_until or '…'}" for old in before],
                source=row.source,
                grade=row.grade,
            )


def shapes(scenario: Scenario) -> Iterator[Shape]:
    """Yield the shape of each marketplace's day, week and year: the scenario's own, or the declared one."""
    profile = default_profile()
    for marketplace, sales in scenario.marketplace.items():
        names = [name for name in SHAPES if getattr(sales, name) is not None]
        yield Shape(
            marketplace=marketplace,
            hourly=list(map(float, sales.hourly or profile.hourly)),
            weekly=list(map(float, sales.weekly or profile.weekly)),
            season=list(map(float, sales.season or profile.season)),
            source="scenario" if len(names) == len(SHAPES) else profile.source,
        )
