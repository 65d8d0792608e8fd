"""Sections: the parts of a report page, each from a comparison to a sentence with pictures or a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
from attrs import field, frozen

from aftersale.policies.worlds import Parameter
from aftersale_simulator.runs import series
from aftersale_simulator.runs.results import LIMITS, RATE, REACHED
from aftersale_simulator.runs.series import Course, Values, course
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.runs.timeline import REPLY_EDGES
from aftersale_simulator.scenario.horizon import Stage
from aftersale_simulator.show import plots
from aftersale_simulator.show.numbers import label, number, often, scale, shown
from aftersale_simulator.show.plots import Limit, Spot, Strand
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import joined, percent, say, target_name
from aftersale_simulator.whatif.comparison import COST, Comparison, Standing
from aftersale_simulator.whatif.table import columns, reachable

DRAWN = ("late_reply_rate", RATE, "mean_first_reply_hours", COST)
"""The metrics that the variants are drawn by, beside the table of all."""


Part = Callable[[Comparison], Section | None]
"""Makes a section of a comparison, None where the comparison has nothing to say on it."""


@frozen
class Lines:
    """The limits of metrics that hold where the scenario sets none: the handbook's and the marketplaces' own, by place.

    They are in the metric's own unit: shares, or wall hours.
    """

    places: Mapping[str, Mapping[str, float]] = field(factory=dict)

    def at(self, place: str, name: str) -> float | None:
        """Return a metric's limit on one marketplace."""
        return self.places.get(place, {}).get(name)

    def everywhere(self, name: str) -> float | None:
        """Return a metric's limit where it is the same on all marketplaces."""
        found = {own.get(name) for own in self.places.values()}
        return found.pop() if len(found) == 1 else None


_NO_LINES = Lines()


def parts(parameters: Sequence[Parameter] = (), lines: Lines = _NO_LINES) -> list[Part]:
    """Return the parts of a report in their order; `parameters` are those that the world declares."""
    return [
        partial(variants, lines=lines),
        chances,
        trade,
        backlog,
        partial(late, lines=lines),
        hours,
        partial(defects, lines=lines),
        replies,
        partial(occupancy, lines=lines),
        _stress,
        _sensitivity,
        warm_up,
        partial(assumptions, parameters=parameters),
    ]


def _stress(comparison: Comparison) -> Section | None:
    from aftersale_simulator.stress.charts import stress  # it is made of the sections here

    return stress(comparison)


def _sensitivity(comparison: Comparison) -> Section | None:
    from aftersale_simulator.sensitivity.charts import sensitivity  # it is made of the sections here

    return sensitivity(comparison)


def chosen(comparison: Comparison) -> Standing:
    """Return the variant that the answer is about: the cheapest that keeps the targets, else the nearest."""
    return comparison.cheapest or comparison.nearest


def variants(comparison: Comparison, lines: Lines = _NO_LINES) -> Section:
    """Return all variants side by side, in a table and drawn by the metrics of DRAWN."""
    currency = comparison.scenario.currency
    names = columns(comparison)
    header = ("", say("column.variant"), *(label(name, currency) for name in names), say("report.targets"))
    rows = [
        (
            str(place),
            one.name,
            *(shown(one.metrics[name].value, name).replace("\n", " ") for name in names),
            f"{one.targets_met}/{comparison.replications}",
        )
        for place, one in enumerate(comparison.standings, 1)
    ]
    best = frozenset({comparison.standings.index(chosen(comparison))})
    drawn = tuple(Picture(label(name, currency), _dots(comparison, name, lines)) for name in DRAWN if name in names)
    lead = say("variants.lead", replications=comparison.replications)
    return Section("variants", say("variants.title"), lead, drawn, (Table(header, tuple(rows), best, 2),))


def _dots(comparison: Comparison, name: str, lines: Lines) -> Any:
    factor, decimals = scale(name)
    spots = []
    for one in comparison.standings:
        value = one.metrics[name].value
        if value.mean is not None:
            low, high = (value.mean if end is None else end for end in (value.low, value.high))
            told = number(factor * value.mean, decimals)
            ends = (factor * value.mean, factor * max(0.0, low), factor * high)
            spots.append(Spot(_numbered(comparison, one), told, *ends, _colour(comparison, one)))
    limit = _target(comparison, name, lines.everywhere(name))
    return plots.dots(spots, label(name, comparison.scenario.currency), limit)


def _numbered(comparison: Comparison, one: Standing) -> str:
    return f"{comparison.standings.index(one) + 1}  {one.name}"


def _colour(comparison: Comparison, one: Standing) -> str:
    if one is chosen(comparison):
        return plots.CHOSEN
    return plots.FIRST if one is comparison.standings[0] else plots.OTHER


def _target(comparison: Comparison, name: str, line: float | None) -> Limit | None:
    """Return the scenario's own target, else the `line`, in the unit that the metric is shown in."""
    own = getattr(comparison.scenario.targets, name, None) if name in LIMITS else None
    value = line if own is None else float(own)
    if value is None:
        return None
    factor, _ = scale(name)
    return Limit(factor * value, say("page.target", value=f"{factor * value:g}{' %' if factor == 100 else ''}"))


def chances(comparison: Comparison) -> Section | None:
    """Return how often each target was met by each variant, with Wilson's intervals; None without targets."""
    names = list(dict.fromkeys(name for one in comparison.standings for name in one.targets))
    if not names:
        return None
    wanted = comparison.scenario.targets.share_of_replications
    found = [(say("chances.all"), {one.name: one.targets_met for one in comparison.standings})]
    if len(names) > 1:
        found += [(target_name(name), _met(comparison, name)) for name in names]
    drawn = tuple(Picture(told, _shares(comparison, met, float(wanted))) for told, met in found)
    lead = say("chances.lead", share=percent(wanted), replications=comparison.replications)
    return Section("chances", say("chances.title"), lead, drawn, tuple(_consequences(comparison)))


def _consequences(comparison: Comparison) -> Iterator[Table]:
    """Yield how often accounts come to a review or are closed, and how many orders that costs, if they ever do."""
    size = comparison.replications
    if not any(one.orders_lost or any(one.reached.values()) for one in comparison.standings):
        return
    happened = {name for one in comparison.standings for name, count in one.reached.items() if count}
    names = [name for name in reachable(comparison) if name in REACHED or name in happened]
    reached = (say(f"chances.{name}") if name in REACHED else say("chances.closed", name=name) for name in names)
    header = ("", say("column.variant"), *reached, say("chances.orders_lost"))
    rows = [
        (
            str(place),
            one.name,
            *(often(one.reached.get(name, 0), size) for name in names),
            number(one.orders_lost, 0),
        )
        for place, one in enumerate(comparison.standings, 1)
    ]
    yield Table(header, tuple(rows), frozenset({comparison.standings.index(chosen(comparison))}), 2)


def _met(comparison: Comparison, name: str) -> dict[str, int]:
    """Count by variant; one without this target misses it never."""
    return {one.name: one.targets.get(name, comparison.replications) for one in comparison.standings}


def _shares(comparison: Comparison, met: Mapping[str, int], wanted: float) -> Any:
    runs = comparison.replications
    spots = []
    for one in comparison.standings:
        count = met[one.name]
        low, high = wilson(count, runs)
        ends = (100 * count / runs, 100 * low, 100 * high)
        spots.append(Spot(_numbered(comparison, one), f"{count}/{runs}", *ends, _colour(comparison, one)))
    return plots.dots(spots, say("chances.unit"), _wanted(wanted), (-3, 103))


def _wanted(share: float) -> Limit:
    return Limit(100 * share, say("page.target", value=percent(share)))


def trade(comparison: Comparison) -> Section | None:
    """Return cost against risk, with the variants joined that no other beats in both; None without targets."""
    standings = comparison.standings
    if len(standings) < 2 or not any(one.targets for one in standings):
        return None
    shares = [one.targets_met / comparison.replications for one in standings]
    costs = [one.cost() for one in standings]
    best = unbeaten(costs, shares)
    wanted = comparison.scenario.targets.share_of_replications
    figure = plots.trade(
        [_numbered(comparison, one) for one in standings],
        costs,
        shares,
        [_colour(comparison, one) for one in standings],
        best,
        say("trade.cost", currency=comparison.scenario.currency),
        say("trade.share"),
        _wanted(wanted),
    )
    marks = tuple(Mark(_colour(comparison, one), _numbered(comparison, one)) for one in standings)
    lead = say("trade.lead", names=_listed(comparison, best))
    drawn = (Picture(say("trade.caption"), figure, wide=True),)
    return Section("trade", say("trade.title"), lead, drawn, marks=marks)


def _listed(comparison: Comparison, places: Sequence[int]) -> str:
    return say("report.comma").join(_numbered(comparison, comparison.standings[place]) for place in places)


def unbeaten(costs: Sequence[float], shares: Sequence[float]) -> list[int]:
    """Return, cheapest first, the positions to which no other is as cheap and as safe, and better in one of both."""
    order = sorted(range(len(costs)), key=lambda one: (costs[one], -shares[one], one))
    found: list[int] = []
    for one in order:
        if not found or shares[one] > shares[found[-1]]:
            found.append(one)
    return found


@frozen(eq=False)
class _Shown:
    """The variants that are shown day by day, the first and the chosen one, and the days."""

    comparison: Comparison
    standings: tuple[Standing, ...]
    dates: tuple[str, ...]
    warm_up: int

    @classmethod
    def of(cls, comparison: Comparison) -> _Shown | None:
        """Return what to show, None where the results tell of no day."""
        pair = dict.fromkeys((0, comparison.standings.index(chosen(comparison))))
        standings = tuple(comparison.standings[one] for one in pair)
        if not all(one.timelines for one in standings):
            return None
        stage = Stage.of(comparison.scenario)
        dates = tuple((stage.first + timedelta(day)).isoformat() for day in range(stage.warm_up + stage.days))
        return cls(comparison, standings, dates, stage.warm_up)

    @property
    def measured(self) -> tuple[str, ...]:
        """The measured days."""
        return self.dates[self.warm_up :]

    def marks(self) -> tuple[Mark, ...]:
        """Return what the two colours stand for."""
        return tuple(Mark(_colour(self.comparison, one), self._role(one)) for one in self.standings)

    def _role(self, one: Standing) -> str:
        if one is not chosen(self.comparison):
            return say("page.first", name=one.name)
        if self.comparison.cheapest is None:
            return say("page.nearest", name=one.name)
        return say("page.cheapest" if one.targets else "page.cheap", name=one.name)

    def strands(self, rows: Sequence[Values], since: int) -> list[Strand]:
        """Return a line for each variant, of the days from `since`."""
        return [
            Strand(one.name, course(own[:, since:]), _colour(self.comparison, one))
            for one, own in zip(self.standings, rows, strict=True)
        ]

    def section(
        self, name: str, title: str, leads: Sequence[str], drawn: Sequence[Picture], bands: bool = True
    ) -> Section:
        """Return a section on these variants."""
        note = say("page.bands", replications=self.comparison.replications) if bands else ""
        return Section(name, title, joined(leads), tuple(drawn), marks=self.marks(), note=note)

    def worst(self, found: Course) -> tuple[float, str]:
        """Return the highest mean and its day."""
        if not np.isfinite(found.mean).any():
            return 0.0, self.measured[0]
        day = int(np.nanargmax(found.mean))
        return float(found.mean[day]), self.measured[day]


def backlog(comparison: Comparison) -> Section | None:
    """Return the tasks that were left at the end of each measured day."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    strands = shown_.strands([series.backlog(one.timelines) for one in shown_.standings], shown_.warm_up)
    leads = []
    for one in strands:
        peak, day = shown_.worst(one.course)
        mean = number(float(np.mean(one.course.mean)), 0)
        leads.append(say("backlog.each", name=one.name, mean=mean, peak=number(peak, 0), day=day))
    figure = plots.days(shown_.measured, strands, say("backlog.unit"), say("page.date"))
    return shown_.section("backlog", say("backlog.title"), leads, [Picture(say("backlog.caption"), figure, True)])


def late(comparison: Comparison, lines: Lines = _NO_LINES) -> Section | None:
    """Return the share of late first replies of seven days, against its target."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    strands = shown_.strands([series.late(one.timelines) for one in shown_.standings], shown_.warm_up)
    limit = _target(comparison, "late_reply_rate", lines.everywhere("late_reply_rate"))
    leads = list(_late_leads(shown_, strands, limit))
    told = say("late.unit"), say("page.date")
    figure = plots.days(shown_.measured, strands, *told, limit=limit, factor=100)
    return shown_.section("late", say("late.title"), leads, [Picture(say("late.caption"), figure, True)])


def _late_leads(shown_: _Shown, strands: Sequence[Strand], limit: Limit | None) -> Iterator[str]:
    for one in strands:
        peak, day = shown_.worst(one.course)
        told = f"{number(100 * peak, 1)} %"
        if limit is None:
            yield say("late.each", name=one.name, peak=told, day=day)
            continue
        over = int((100 * one.course.mean > limit.value).sum())
        yield say("late.over", name=one.name, peak=told, day=day, days=over, total=len(shown_.measured))


def hours(comparison: Comparison) -> Section | None:
    """Return maps of late replies by the weekday and hour in which the buyer wrote."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    days = [say(f"weekday.{day}") for day in range(7)]
    found = [series.week(one.timelines) for one in shown_.standings]
    shares = [
        np.divide(missed, all_, out=np.full_like(missed, np.nan), where=all_ > 0) for missed, all_ in found
    ]
    top = max((float(np.nanmax(own)) for own in shares if np.isfinite(own).any()), default=1.0)
    leads, drawn = [say("hours.lead")], []
    for one, (missed, all_), own in zip(shown_.standings, found, shares, strict=True):
        hovers = [
            [
                say("hours.hover", weekday=day, hour=hour, contacts=number(count / comparison.replications, 1))
                for hour, count in enumerate(row)
            ]
            for day, row in zip(days, all_.tolist(), strict=True)
        ]
        figure = plots.heat(own, hovers, days, say("hours.unit"), top)
        drawn.append(Picture(say("hours.caption", name=one.name), figure))
        if total := missed.sum():
            worst = int(missed.sum(axis=1).argmax())
            told = percent(missed[worst].sum() / total)
            leads.append(say("hours.each", name=one.name, share=told, weekday=say(f"day.{worst}")))
    return Section("hours", say("hours.title"), joined(leads), tuple(drawn))


def defects(comparison: Comparison, lines: Lines = _NO_LINES) -> Section | None:
    """Return the order defect rate as of each measured day, a picture for each marketplace that is judged by it."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    places = list(shown_.standings[0].timelines[0].order_defect_rate)
    found = {
        place: shown_.strands([series.defects(one.timelines, place) for one in shown_.standings], shown_.warm_up)
        for place in places
    }
    if not found:
        return None
    limits = {place: _target(comparison, RATE, lines.at(place, RATE)) for place in places}
    highest = [100 * one.course.top for strands in found.values() for one in strands]
    top = max([*highest, *(limit.value for limit in limits.values() if limit)])
    drawn = [
        Picture(
            say("defects.caption", place=place),
            plots.days(
                shown_.measured,
                strands,
                say("defects.unit"),
                say("page.date"),
                limit=limits[place],
                top=top,
                factor=100,
            ),
        )
        for place, strands in found.items()
    ]
    leads = []
    for position, one in enumerate(shown_.standings):
        worst = max(places, key=lambda place: shown_.worst(found[place][position].course)[0])
        peak, day = shown_.worst(found[worst][position].course)
        leads.append(say("defects.each", name=one.name, place=worst, peak=f"{number(100 * peak, 2)} %", day=day))
    return shown_.section("defects", say("defects.title"), leads, drawn)


def replies(comparison: Comparison) -> Section | None:
    """Return how the first replies spread over the time that they took."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    found = [series.replies(one.timelines) for one in shown_.standings]
    soon, silent = REPLY_EDGES.index(24.0), REPLY_EDGES.index(48.0)
    leads = [
        say("replies.each", name=one.name, soon=percent(own[:soon].sum()), silent=percent(own[silent:].sum()))
        for one, own in zip(shown_.standings, found, strict=True)
    ]
    figure = plots.bars(
        [one.name for one in shown_.standings],
        found,
        [mark.colour for mark in shown_.marks()],
        REPLY_EDGES,
        say("replies.unit"),
        say("replies.hours"),
        Limit(24.0, say("replies.day")),
    )
    drawn = [Picture(say("replies.caption"), figure, True)]
    return shown_.section("replies", say("replies.title"), leads, drawn, bands=False)


def occupancy(comparison: Comparison, lines: Lines = _NO_LINES) -> Section | None:
    """Return which share of their paid time the agents worked, over seven days up to each measured one."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    strands = shown_.strands([series.occupancy(one.timelines) for one in shown_.standings], shown_.warm_up)
    leads = []
    for one, strand in zip(shown_.standings, strands, strict=True):
        peak, day = shown_.worst(strand.course)
        mean = percent(one.metrics["occupancy"].value.mean or 0.0)
        leads.append(say("occupancy.each", name=one.name, mean=mean, peak=percent(peak), day=day))
    if any(strand.course.top > 1 for strand in strands):
        leads.append(say("occupancy.over"))
    limit = _target(comparison, "occupancy", lines.everywhere("occupancy"))
    told = say("occupancy.unit"), say("page.date")
    figure = plots.days(shown_.measured, strands, *told, limit=limit, factor=100)
    drawn = [Picture(say("occupancy.caption"), figure, True)]
    return shown_.section("occupancy", say("occupancy.title"), leads, drawn)


def warm_up(comparison: Comparison) -> Section | None:
    """Return backlog and order defect rate from the first day of the warm-up on, smoothed, with where it ends."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    begins = Limit(shown_.warm_up, say("warmup.begins")) if shown_.warm_up else None
    lead = say("warmup.lead", days=shown_.warm_up) if shown_.warm_up else say("warmup.none")
    waiting = [series.backlog(one.timelines) for one in shown_.standings]
    drawn = [_smoothed(shown_, waiting, "backlog", begins)]
    if shown_.standings[0].timelines[0].order_defect_rate:
        rates = [_mean_rate(one) for one in shown_.standings]
        drawn.append(_smoothed(shown_, rates, "defects", begins))
    leads = [
        say(
            "warmup.each",
            name=one.name,
            early=number(float(own[:, shown_.warm_up :][:, : series.WINDOW].mean()), 0),
            all=number(float(own[:, shown_.warm_up :].mean()), 0),
        )
        for one, own in zip(shown_.standings, waiting, strict=True)
    ]
    return shown_.section("warmup", say("warmup.title"), [lead, *leads], drawn)


def _mean_rate(one: Standing) -> Values:
    places = one.timelines[0].order_defect_rate
    found: Values = np.mean([series.defects(one.timelines, place) for place in places], axis=0)
    return found


def _smoothed(shown_: _Shown, rows: Sequence[Values], what: str, begins: Limit | None) -> Picture:
    smooth = [series.rolled(own, np.ones_like(own)) for own in rows]
    strands = shown_.strands(smooth, 0)
    factor = 100 if what == "defects" else 1
    unit = say("defects.unit") if what == "defects" else say("backlog.unit")
    figure = plots.days(shown_.dates, strands, unit, say("page.date"), begins=begins, factor=factor)
    return Picture(say("warmup.defects") if what == "defects" else say("warmup.backlog"), figure)


def assumptions(comparison: Comparison, parameters: Sequence[Parameter]) -> Section | None:
    """Return every declared number of the world with the values that were used; None without any."""
    if not parameters:
        return None
    rows, marked = [], set()
    for place, one in enumerate(parameters):
        values = _values(comparison, one)
        if values != [float(one.default)]:
            marked.add(place)
        where = ", ".join(one.marketplaces) or say("assumptions.everywhere")
        used = " / ".join(f"{value:g}" for value in values)
        spread = f"{one.low:g}–{one.high:g}"
        rows.append((one.name, used, f"{one.default:g}", spread, one.unit, where, one.told))
    header = (
        say("parameters.name"),
        say("assumptions.value"),
        say("parameters.default"),
        say("parameters.range"),
        say("parameters.unit"),
        say("assumptions.where"),
        say("parameters.source"),
    )
    lead = say("assumptions.lead", count=len(rows), changed=len(marked))
    table = Table(header, tuple(rows), frozenset(marked), len(header))
    return Section("assumptions", say("assumptions.title"), lead, tables=(table,))


def _values(comparison: Comparison, parameter: Parameter) -> list[float]:
    """Return the values that the variants use, each once, that of the scenario first."""
    own = comparison.scenario.world.get(parameter.name, parameter.default)
    changed = (one.changes.get(f"world.{parameter.name}", own) for one in comparison.standings)
    return list(dict.fromkeys(map(float, changed)))
