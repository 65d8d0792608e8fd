"""Day charts: the sections of a page that show a comparison's variants day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
from attrs import frozen

from aftersale_simulator.runs import series
from aftersale_simulator.runs.results import RATE
from aftersale_simulator.runs.series import Band, Values, band
from aftersale_simulator.runs.timeline import REPLY_EDGES
from aftersale_simulator.show import plots
from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.plots import Limit, Strand
from aftersale_simulator.show.section import Mark, Picture, Section
from aftersale_simulator.show.wording import joined, percent, text
from aftersale_simulator.whatif.comparison import Comparison, VariantResult
from aftersale_simulator.whatif.drawing import NO_LINES, Lines, chosen, colour_of, target_of


@frozen(eq=False)
class _Shown:
    """The variants that are shown day by day, the first and the chosen one, and the days."""

    comparison: Comparison
    variant_results: tuple[VariantResult, ...]
    dates: tuple[str, ...]
    warm_up: int

    @classmethod
    def of(cls, comparison: Comparison) -> _Shown | None:
        """Return what to show, None where the results tell of no day."""
        pair = dict.fromkeys((0, comparison.variant_results.index(chosen(comparison))))
        variant_results = tuple(comparison.variant_results[one] for one in pair)
        if not all(one.timelines for one in variant_results):
            return None
        horizon = comparison.scenario.horizon
        dates = tuple((horizon.first + timedelta(day)).isoformat() for day in range(horizon.warm_up + horizon.days))
        return cls(comparison, variant_results, dates, horizon.warm_up)

    @property
    def measured(self) -> tuple[str, ...]:
        """The measured days."""
        return self.dates[self.warm_up :]

    def marks(self) -> tuple[Mark, ...]:
        """Return what the two colours stand for."""
        return tuple(Mark(colour_of(self.comparison, one), self._role(one)) for one in self.variant_results)

    def _role(self, one: VariantResult) -> str:
        if one is not chosen(self.comparison):
            return text("page.first", name=one.name)
        if self.comparison.cheapest is None:
            return text("page.nearest", name=one.name)
        return text("page.cheapest" if one.targets else "page.cheap", name=one.name)

    def strands(self, rows: Sequence[Values], since: int) -> list[Strand]:
        """Return a line for each variant, of the days from `since`."""
        return [
            Strand(one.name, band(own[:, since:]), colour_of(self.comparison, one))
            for one, own in zip(self.variant_results, rows, strict=True)
        ]

    def section(
        self, name: str, title: str, leads: Sequence[str], drawn: Sequence[Picture], bands: bool = True
    ) -> Section:
        """Return a section on these variants."""
        note = text("page.bands", replications=self.comparison.replications) if bands else ""
        return Section(name, title, joined(leads), tuple(drawn), marks=self.marks(), note=note)

    def worst(self, found: Band) -> tuple[float, str]:
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
    strands = shown_.strands([series.backlog(one.timelines) for one in shown_.variant_results], shown_.warm_up)
    leads = []
    for one in strands:
        peak, day = shown_.worst(one.band)
        mean = number(float(np.mean(one.band.mean)), 0)
        leads.append(text("backlog.each", name=one.name, mean=mean, peak=number(peak, 0), day=day))
    figure = plots.days(shown_.measured, strands, text("backlog.unit"), text("page.date"))
    return shown_.section("backlog", text("backlog.title"), leads, [Picture(text("backlog.caption"), figure, True)])


def late(comparison: Comparison, lines: Lines = NO_LINES) -> Section | None:
    """Return the share of late first replies of seven days, against its target."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    strands = shown_.strands([series.late(one.timelines) for one in shown_.variant_results], shown_.warm_up)
    limit = target_of(comparison, "late_reply_rate", lines.everywhere("late_reply_rate"))
    leads = list(_late_leads(shown_, strands, limit))
    told = text("late.unit"), text("page.date")
    figure = plots.days(shown_.measured, strands, *told, limit=limit, factor=100)
    return shown_.section("late", text("late.title"), leads, [Picture(text("late.caption"), figure, True)])


def _late_leads(shown_: _Shown, strands: Sequence[Strand], limit: Limit | None) -> Iterator[str]:
    for one in strands:
        peak, day = shown_.worst(one.band)
        told = f"{number(100 * peak, 1)} %"
        if limit is None:
            yield text("late.each", name=one.name, peak=told, day=day)
            continue
        over = int((100 * one.band.mean > limit.value).sum())
        yield text("late.over", name=one.name, peak=told, day=day, days=over, total=len(shown_.measured))


def hours(comparison: Comparison) -> Section | None:
    """Return maps of late replies by the weekday and hour in which the buyer wrote."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    days = [text(f"weekday.{day}") for day in range(7)]
    found = [series.week(one.timelines) for one in shown_.variant_results]
    shares = [np.divide(missed, all_, out=np.full_like(missed, np.nan), where=all_ > 0) for missed, all_ in found]
    top = max((float(np.nanmax(own)) for own in shares if np.isfinite(own).any()), default=1.0)
    leads, drawn = [text("hours.lead")], []
    for one, (missed, all_), own in zip(shown_.variant_results, found, shares, strict=True):
        hovers = [
            [
                text("hours.hover", weekday=day, hour=hour, contacts=number(count / comparison.replications, 1))
                for hour, count in enumerate(row)
            ]
            for day, row in zip(days, all_.tolist(), strict=True)
        ]
        figure = plots.heat(own, hovers, days, text("hours.unit"), top)
        drawn.append(Picture(text("hours.caption", name=one.name), figure))
        if total := missed.sum():
            worst = int(missed.sum(axis=1).argmax())
            told = percent(missed[worst].sum() / total)
            leads.append(text("hours.each", name=one.name, share=told, weekday=text(f"day.{worst}")))
    return Section("hours", text("hours.title"), joined(leads), tuple(drawn))


def defects(comparison: Comparison, lines: Lines = NO_LINES) -> Section | None:
    """Return the order defect rate as of each measured day, a picture for each marketplace that is judged by it."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    places = list(shown_.variant_results[0].timelines[0].order_defect_rate)
    found = {
        place: shown_.strands([series.defects(one.timelines, place) for one in shown_.variant_results], shown_.warm_up)
        for place in places
    }
    if not found:
        return None
    limits = {place: target_of(comparison, RATE, lines.at(place, RATE)) for place in places}
    highest = [100 * one.band.top for strands in found.values() for one in strands]
    top = max([*highest, *(limit.value for limit in limits.values() if limit)])
    drawn = [
        Picture(
            text("defects.caption", place=place),
            plots.days(
                shown_.measured,
                strands,
                text("defects.unit"),
                text("page.date"),
                limit=limits[place],
                top=top,
                factor=100,
            ),
        )
        for place, strands in found.items()
    ]
    leads = []
    for position, one in enumerate(shown_.variant_results):
        worst = max(places, key=lambda place: shown_.worst(found[place][position].band)[0])
        peak, day = shown_.worst(found[worst][position].band)
        leads.append(text("defects.each", name=one.name, place=worst, peak=f"{number(100 * peak, 2)} %", day=day))
    return shown_.section("defects", text("defects.title"), leads, drawn)


def replies(comparison: Comparison) -> Section | None:
    """Return how the first replies spread over the time that they took."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    found = [series.replies(one.timelines) for one in shown_.variant_results]
    soon, silent = REPLY_EDGES.index(24.0), REPLY_EDGES.index(48.0)
    leads = [
        text("replies.each", name=one.name, soon=percent(own[:soon].sum()), silent=percent(own[silent:].sum()))
        for one, own in zip(shown_.variant_results, found, strict=True)
    ]
    figure = plots.bars(
        [one.name for one in shown_.variant_results],
        found,
        [mark.colour for mark in shown_.marks()],
        REPLY_EDGES,
        text("replies.unit"),
        text("replies.hours"),
        Limit(24.0, text("replies.day")),
    )
    drawn = [Picture(text("replies.caption"), figure, True)]
    return shown_.section("replies", text("replies.title"), leads, drawn, bands=False)


def occupancy(comparison: Comparison, lines: Lines = NO_LINES) -> Section | None:
    """Return which share of their paid time the agents worked, over seven days up to each measured one."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    strands = shown_.strands([series.occupancy(one.timelines) for one in shown_.variant_results], shown_.warm_up)
    leads = []
    for one, strand in zip(shown_.variant_results, strands, strict=True):
        peak, day = shown_.worst(strand.band)
        mean = percent(one.metrics["occupancy"].value.mean or 0.0)
        leads.append(text("occupancy.each", name=one.name, mean=mean, peak=percent(peak), day=day))
    if any(strand.band.top > 1 for strand in strands):
        leads.append(text("occupancy.over"))
    limit = target_of(comparison, "occupancy", lines.everywhere("occupancy"))
    told = text("occupancy.unit"), text("page.date")
    figure = plots.days(shown_.measured, strands, *told, limit=limit, factor=100)
    drawn = [Picture(text("occupancy.caption"), figure, True)]
    return shown_.section("occupancy", text("occupancy.title"), leads, drawn)


def warm_up(comparison: Comparison) -> Section | None:
    """Return backlog and order defect rate from the first day of the warm-up on, smoothed, with where it ends."""
    shown_ = _Shown.of(comparison)
    if shown_ is None:
        return None
    begins = Limit(shown_.warm_up, text("warmup.begins")) if shown_.warm_up else None
    lead = text("warmup.lead", days=shown_.warm_up) if shown_.warm_up else text("warmup.none")
    waiting = [series.backlog(one.timelines) for one in shown_.variant_results]
    drawn = [_smoothed(shown_, waiting, "backlog", begins)]
    if shown_.variant_results[0].timelines[0].order_defect_rate:
        rates = [_mean_rate(one) for one in shown_.variant_results]
        drawn.append(_smoothed(shown_, rates, "defects", begins))
    leads = [
        text(
            "warmup.each",
            name=one.name,
            early=number(float(own[:, shown_.warm_up :][:, : series.WINDOW].mean()), 0),
            all=number(float(own[:, shown_.warm_up :].mean()), 0),
        )
        for one, own in zip(shown_.variant_results, waiting, strict=True)
    ]
    return shown_.section("warmup", text("warmup.title"), [lead, *leads], drawn)


def _mean_rate(one: VariantResult) -> Values:
    places = one.timelines[0].order_defect_rate
    found: Values = np.mean([series.defects(one.timelines, place) for place in places], axis=0)
    return found


def _smoothed(shown_: _Shown, rows: Sequence[Values], what: str, begins: Limit | None) -> Picture:
    smooth = [series.rolled(own, np.ones_like(own)) for own in rows]
    strands = shown_.strands(smooth, 0)
    factor = 100 if what == "defects" else 1
    unit = text("defects.unit") if what == "defects" else text("backlog.unit")
    figure = plots.days(shown_.dates, strands, unit, text("page.date"), begins=begins, factor=factor)
    return Picture(text("warmup.defects") if what == "defects" else text("warmup.backlog"), figure)
