"""Period: what is not known of the simulated days, and which events do not stand or act there as one would think."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypedDict

from attrs import frozen

from aftersale.clocks import Calendar, official_list
from aftersale_simulator.resolved.days_off import works
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.scenario.events import Event, PlacedEvent
from aftersale_simulator.scenario.holidays import keepers
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.world.sales import known_sales

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins
    from aftersale.policies.sales import Sale, SaleDays

MOVED, SPARED, NOBODY, TAKEN, OUTSIDE = "moved", "spared", "nobody", "taken", "outside"
NO_SALE, TWICE = "no_sale", "twice"
"""What there is to say of an event: its holiday is not in the period, some teams or all do not take that holiday, the
teams are off then anyway, it has no simulated day; no sale of its name falls on its days, or one does and both act."""


class Unknown(TypedDict):
    """What was not known of a period: days as ISO texts, places and names of sales with their year.

    `rules` has the marketplaces whose rules were last read before the period ends, with that day. `sales` are rolled to
    their days by rule on these marketplaces, `undated` are marketplaces of which no sale is known after a year,
    `holidays` are calculated.
    """

    rules: dict[str, str]
    sales: dict[str, list[str]]
    undated: dict[str, int]
    holidays: list[str]


class EventRemark(TypedDict):
    """Something to know of where events stand: its `kind`, and the values of its message, by name."""

    kind: str
    values: dict[str, str]


@frozen
class PeriodReport:
    """What there is to say of the days of one or more variants."""

    unknown: Unknown
    remarks: tuple[EventRemark, ...]


def period_report(variants: Sequence[ResolvedScenario]) -> PeriodReport:
    """Return what there is to say of the days of these variants, each thing once."""
    scenarios = [variant.scenario for variant in variants]
    remarks = [*_of_holidays(scenarios), *_taken(scenarios), *_outside(scenarios), *_of_sales(variants)]
    return PeriodReport(_unknown(variants), tuple(remarks))


def _unknown(variants: Sequence[ResolvedScenario]) -> Unknown:
    pairs = [(variant, policy.marketplace) for variant in variants for policy in variant.policies.values()]
    rules = {
        place.name: str(place.rules_seen)
        for variant, place in pairs
        if place.rules_seen is not None and place.rules_seen < variant.horizon.last
    }
    undated = {
        name: year
        for variant in variants
        if variant.scenario.sale_events
        for name in variant.policies
        if (year := _last_year(name, variant.plugins)) and year < variant.horizon.last.year
    }
    holidays = {
        f"{calendar.place} {year}"
        for variant in variants
        for calendar in _calendars(variant)
        if (official := official_list(calendar.country))
        for year in range(variant.horizon.first.year, variant.horizon.last.year + 1)
        if not official.published(year)
    }
    return Unknown(rules=rules, sales=_rolled(variants), undated=undated, holidays=sorted(holidays))


def _rolled(variants: Sequence[ResolvedScenario]) -> dict[str, list[str]]:
    """Return the sales that were rolled to their days, with the marketplaces of these variants that have them."""
    sales: dict[str, list[str]] = {}
    for variant in variants:
        for sale in variant.sales:
            if sale.rule:
                places = sales.setdefault(str(sale.event.name), [])
                concerned = map(str, filter(sale.event.concerns, variant.scenario.marketplace))
                places += [name for name in concerned if name not in places]
    return sales


def _calendars(variant: ResolvedScenario) -> Iterator[Calendar]:
    yield from (policy.marketplace.calendar for policy in variant.policies.values())
    yield from (team.calendar for team in variant.scenario.team.values())


def _last_year(marketplace: str, plugins: Plugins) -> int:
    """Return the year after which no sale of a marketplace is known; 0 where a rule has them all, or there are none."""
    sales = [sale for world in plugins.worlds for sale in world.sale if marketplace in sale.marketplaces]
    starts = [sale.start for sale in sales if sale.start is not None]
    return max((start.year for start in starts), default=0) if len(starts) == len(sales) else 0


def _events(scenarios: Iterable[Scenario]) -> Iterator[tuple[Scenario, Event]]:
    return ((scenario, event) for scenario in scenarios for event in scenario.event)


def _placed(scenarios: Iterable[Scenario]) -> Iterator[tuple[Scenario, PlacedEvent]]:
    for scenario, event in _events(scenarios):
        if isinstance(event, PlacedEvent):
            yield scenario, event


def _of_holidays(scenarios: Sequence[Scenario]) -> Iterator[EventRemark]:
    moved: dict[tuple[str, str, str], dict[str, None]] = {}
    names: dict[str, dict[str, None]] = {}
    spared: dict[str, dict[str, None]] = {}
    for scenario, event in _placed(scenarios):
        if event.moved_to is not None:
            key = (event.kept, _span(event.off_from, event.off_until), str(event.moved_to))
            moved.setdefault(key, {})[str(event.name)] = None
        if event.acts_on_people or event.nobody:
            names.setdefault(event.kept, {})[str(event.name)] = None
            keeping = set(keepers(event.kept, scenario))
            spared.setdefault(event.kept, {}).update((str(name), None) for name in scenario.team if name not in keeping)
    for (holiday, off, moved_to), events in moved.items():
        yield _remark(MOVED, names=_quoted(events), holiday=holiday, off=off, moved_to=moved_to)
    for holiday, events in names.items():
        values = {"names": _quoted(events), "place": holiday.partition(" ")[0]}
        if all(event.nobody for _, event in _placed(scenarios) if event.kept == holiday):
            yield _remark(NOBODY, **values)
        elif spared[holiday]:
            yield _remark(SPARED, teams=", ".join(spared[holiday]), **values)


def _taken(scenarios: Sequence[Scenario]) -> Iterator[EventRemark]:
    """Yield the events that keep away only those who are off anyway, by their teams."""
    added: dict[tuple[str, str], bool] = {}
    for scenario, event in _placed(scenarios):
        for name, team in scenario.team.items():
            if event.absent and event.befalls(name):
                on_duty = any(works(team, team.calendar, day) for day in _days(event, scenario))
                key = (str(event.name), str(name))
                added[key] = added.get(key, False) or on_duty
    for event_name in dict.fromkeys(name for name, _ in added):
        if teams := [team for (name, team), adds in added.items() if name == event_name and not adds]:
            yield _remark(TAKEN, name=event_name, teams=", ".join(teams))


def _days(event: Event, scenario: Scenario) -> Iterator[date]:
    first, after_last = event.days(scenario.horizon.measured_from)
    return (first + timedelta(offset) for offset in range((after_last - first).days))


def _outside(scenarios: Sequence[Scenario]) -> Iterator[EventRemark]:
    """Yield the events that have no simulated day in any of the scenarios."""
    spans: dict[str, str] = {}
    inside: set[str] = set()
    for scenario, event in _events(scenarios):
        first, after_last = event.days(scenario.horizon.measured_from)
        spans[str(event.name)] = _span(first, after_last - timedelta(1))
        if first <= scenario.horizon.last and after_last > scenario.horizon.first:
            inside.add(str(event.name))
    for name, span in spans.items():
        if name not in inside:
            yield _remark(OUTSIDE, name=name, span=span)


def _of_sales(variants: Sequence[ResolvedScenario]) -> Iterator[EventRemark]:
    """Yield for each event that stands for a sale where none falls on its days, and where it comes on top of one."""
    said: list[EventRemark] = []
    for variant in variants:
        for event in variant.scenario.event:
            if event.sale is not None:
                said += _of_sale(event, variant)
    yield from (remark for index, remark in enumerate(said) if remark not in said[:index])


def _of_sale(event: Event, variant: ResolvedScenario) -> Iterator[EventRemark]:
    first, after_last = event.days(variant.horizon.measured_from)
    last = after_last - timedelta(1)
    places = [str(name) for name in variant.scenario.marketplace if event.concerns(name)]
    near = list(_named_sales(event, variant, first - timedelta(366), last + timedelta(366)))
    there = [(sale, days) for sale, days in near if days.start <= last and days.end > first]
    held = {str(place) for sale, _ in there for place in sale.marketplaces}
    values = {"name": str(event.name), "span": _span(first, last)}
    if without := [place for place in places if place not in held]:
        others = {days for sale, days in near if set(sale.marketplaces) & set(without)}
        nearest = sorted(others, key=lambda days: abs((days.start - first).days))[:1]
        shown = "; ".join(f"{days.name} {_span(days.start, days.end - timedelta(1))}" for days in nearest)
        yield _remark(NO_SALE, places=", ".join(without), nearest=shown or "–", sale=str(event.sale), **values)
    if there and variant.scenario.sale_events:
        names = dict.fromkeys(days.name for _, days in there)
        both = [place for place in places if place in held]
        yield _remark(TWICE, places=", ".join(both), sales=", ".join(names), **values)


def _named_sales(event: Event, variant: ResolvedScenario, first: date, last: date) -> Iterator[tuple[Sale, SaleDays]]:
    """Yield the sales between two days whose name has that of the event in it."""
    words = str(event.sale).casefold()
    for sale, sale_days in known_sales(variant.scenario, variant.plugins, first, last):
        concerned = any(event.concerns(place) for place in sale.marketplaces if place in variant.scenario.marketplace)
        if concerned and words in sale_days.name.casefold():
            yield sale, sale_days


def _span(first: date, last: date) -> str:
    return f"{first} – {last}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _remark(kind: str, **values: str) -> EventRemark:
    return EventRemark(kind=kind, values=values)
