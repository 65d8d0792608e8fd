"""Day charts: the sections of a page that show variants day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
class _DayView:
    """The first and the chosen variant, which are shown day by day, and the days."""

    comparison: Comparison
    variant_results: tuple[VariantResult, ...]
    dates: tuple[str, ...]
    warm_up: int

    @classmethod
    def of(cls, comparison: Comparison) -> _DayView | None:
        """Return what to show, None if the results have no timelines."""
        pair = dict.fromkeys((0, comparison.variant_results.index(chosen(comparison))))
        variant_results = tuple(comparison.variant_results[position] for position in pair)
        if not all(variant.timelines for variant in variant_results):
            return None
        horizon = comparison.scenario.horizon
        dates = tuple((horizon.first + timedelta(day)).isoformat() for day in range(horizon.warm_up + horizon.days))
        return cls(comparison, variant_results, dates, horizon.warm_up)

    @property
    def measured(self) -> tuple[str, ...]:
        """The measured days."""
        return self.dates[self.warm_up :]

    def marks(self) -> tuple[Mark, ...]:
        """Return the meaning of the two colours."""
        return tuple(Mark(colour_of(self.comparison, variant), self._role(variant)) for variant in self.variant_results)

    def _role(self, variant: VariantResult) -> str:
        if variant is not chosen(self.comparison):
            return text("page.first", name=variant.name)
        if self.comparison.cheapest is None and self.comparison.has_verdict:
            return text("page.nearest", name=variant.name)
        best, best_keeping = ("most", "most_keeping") if self.comparison.by == "contribution" else ("cheap", "cheapest")
        return text(f"page.{best_keeping if variant.targets else best}", name=variant.name)

    def strands(self, rows: Sequence[Values], since: int) -> list[Strand]:
        """Return a line for each variant, from the day number `since` on."""
        return [
            Strand(variant.name, band(values[:, since:]), colour_of(self.comparison, variant))
            for variant, values in zip(self.variant_results, rows, strict=True)
        ]

    def section(
        self, name: str, title: str, leads: Sequence[str], pictures: Sequence[Picture], bands: bool = True
    ) -> Section:
        """Return a section on these variants."""
        note = text("page.bands", replications=self.comparison.replications) if bands else ""
        return Section(name, title, joined(leads), tuple(pictures), marks=self.marks(), note=note)

    def worst(self, line: Band) -> tuple[float, str] | None:
        """Return the highest mean and its day, None where no day has anything to count."""
        if not np.isfinite(line.mean).any():
            return None
        day = int(np.nanargmax(line.mean))
        return float(line.mean[day]), self.measured[day]


def backlog(comparison: Comparison) -> Section | None:
    """Return the open tasks at the end of each measured day."""
    view = _DayView.of(comparison)
    if view is None:
        return None
    strands = view.strands([series.backlog(variant.timelines) for variant in view.variant_results], view.warm_up)
    leads = []
    for strand in strands:
        if worst := view.worst(strand.band):
            mean, peak, day = number(float(np.mean(strand.band.mean)), 0), number(worst[0], 0), worst[1]
            leads.append(text("backlog.each", name=strand.name, mean=mean, peak=peak, day=day))
    figure = plots.days(view.measured, strands, text("backlog.unit"), text("page.date"))
    return view.section("backlog", text("backlog.title"), leads, [Picture(text("backlog.caption"), figure, True)])


def late(comparison: Comparison, lines: Lines = NO_LINES) -> Section | None:
    """Return the share of late first replies of seven days, against its target."""
    view = _DayView.of(comparison)
    if view is None:
        return None
    strands = view.strands([series.late(variant.timelines) for variant in view.variant_results], view.warm_up)
    limit = target_of(comparison, "late_reply_rate", lines.everywhere("late_reply_rate"))
    leads = list(_late_leads(view, strands, limit))
    titles = text("late.unit"), text("page.date")
    figure = plots.days(view.measured, strands, *titles, limit=limit, factor=100)
    return view.section("late", text("late.title"), leads, [Picture(text("late.caption"), figure, True)])


def _late_leads(view: _DayView, strands: Sequence[Strand], limit: Limit | None) -> Iterator[str]:
    for strand in strands:
        worst = view.worst(strand.band)
        if worst is None:
            continue
        share, day = f"{number(100 * worst[0], 1)} %", worst[1]
        if limit is None:
            yield text("late.each", name=strand.name, peak=share, day=day)
            continue
        over = int((100 * strand.band.mean > limit.value).sum())
        yield text("late.over", name=strand.name, peak=share, day=day, days=over, total=len(view.measured))


def hours(comparison: Comparison) -> Section | None:
    """Return maps of late replies by the weekday and hour in which the buyer wrote."""
    view = _DayView.of(comparison)
    if view is None:
        return None
    days = [text(f"weekday.{day}") for day in range(7)]
    weeks = [series.week(variant.timelines) for variant in view.variant_results]
    shares = [
        np.divide(missed, contacts, out=np.full_like(missed, np.nan), where=contacts > 0) for missed, contacts in weeks
    ]
    top = max((float(np.nanmax(week)) for week in shares if np.isfinite(week).any()), default=1.0)
    leads, pictures = [text("hours.lead")], []
    for variant, (missed, contacts), week in zip(view.variant_results, weeks, shares, strict=True):
        hovers = [
            [
                text("hours.hover", weekday=day, hour=hour, contacts=number(count / comparison.replications, 1))
                for hour, count in enumerate(row)
            ]
            for day, row in zip(days, contacts.tolist(), strict=True)
        ]
        figure = plots.heat(week, hovers, days, text("hours.unit"), top)
        pictures.append(Picture(text("hours.caption", name=variant.name), figure))
        if total := missed.sum():
            worst = int(missed.sum(axis=1).argmax())
            share = percent(missed[worst].sum() / total)
            leads.append(text("hours.each", name=variant.name, share=share, weekday=text(f"day.{worst}")))
    return Section("hours", text("hours.title"), joined(leads), tuple(pictures))


def defects(comparison: Comparison, lines: Lines = NO_LINES) -> Section | None:
    """Return the order defect rate as of each measured day, a picture for each marketplace that the rate judges."""
    view = _DayView.of(comparison)
    if view is None:
        return None
    marketplaces = list(view.variant_results[0].timelines[0].order_defect_rate)
    by_marketplace = {
        marketplace: view.strands(
            [series.defects(variant.timelines, marketplace) for variant in view.variant_results], view.warm_up
        )
        for marketplace in marketplaces
    }
    if not by_marketplace:
        return None
    limits = {marketplace: target_of(comparison, RATE, lines.at(marketplace, RATE)) for marketplace in marketplaces}
    highest = [100 * strand.band.top for strands in by_marketplace.values() for strand in strands]
    top = max([*highest, *(limit.value for limit in limits.values() if limit)])
    pictures = [
        Picture(
            text("defects.caption", place=marketplace),
            plots.days(
                view.measured,
                strands,
                text("defects.unit"),
                text("page.date"),
                limit=limits[marketplace],
                top=top,
                factor=100,
            ),
        )
        for marketplace, strands in by_marketplace.items()
    ]
    leads = list(_defect_leads(view, by_marketplace))
    return view.section("defects", text("defects.title"), leads, pictures)


def _defect_leads(view: _DayView, by_marketplace: Mapping[str, Sequence[Strand]]) -> Iterator[str]:
    """Yield where each variant's rate is highest, on which day; nothing of one that has nothing to count."""
    for position, variant in enumerate(view.variant_results):
        peaks = [
            (*worst, marketplace)
            for marketplace, strands in by_marketplace.items()
            if (worst := view.worst(strands[position].band)) is not None
        ]
        if peaks:
            peak, day, place = max(peaks, key=lambda entry: entry[0])
            yield text("defects.each", name=variant.name, place=place, peak=f"{number(100 * peak, 2)} %", day=day)


def replies(comparison: Comparison) -> Section | None:
    """Return the shares of first replies by the time that they took."""
    view = _DayView.of(comparison)
    if view is None:
        return None
    shares = [series.replies(variant.timelines) for variant in view.variant_results]
    soon, silent = REPLY_EDGES.index(24.0), REPLY_EDGES.index(48.0)
    leads = [
        text("replies.each", name=variant.name, soon=percent(share[:soon].sum()), silent=percent(share[silent:].sum()))
        for variant, share in zip(view.variant_results, shares, strict=True)
        if share.any()
    ]
    figure = plots.bars(
        [variant.name for variant in view.variant_results],
        shares,
        [mark.colour for mark in view.marks()],
        REPLY_EDGES,
        text("replies.unit"),
        text("replies.hours"),
        Limit(24.0, text("replies.day")),
    )
    pictures = [Picture(text("replies.caption"), figure, True)]
    return view.section("replies", text("replies.title"), leads, pictures, bands=False)


def occupancy(comparison: Comparison, lines: Lines = NO_LINES) -> Section | None:
    """Return the agents' hours of work over their paid hours, of the seven days up to each measured day."""
    view = _DayView.of(comparison)
    if view is None:
        return None
    strands = view.strands([series.occupancy(variant.timelines) for variant in view.variant_results], view.warm_up)
    leads = []
    for variant, strand in zip(view.variant_results, strands, strict=True):
        mean, worst = variant.metrics["occupancy"].value.mean, view.worst(strand.band)
        if mean is not None and worst is not None:
            peak, day = percent(worst[0]), worst[1]
            leads.append(text("occupancy.each", name=variant.name, mean=percent(mean), peak=peak, day=day))
    if any(strand.band.top > 1 for strand in strands):
        leads.append(text("occupancy.over"))
    limit = target_of(comparison, "occupancy", lines.everywhere("occupancy"))
    titles = text("occupancy.unit"), text("page.date")
    figure = plots.days(view.measured, strands, *titles, limit=limit, factor=100)
    pictures = [Picture(text("occupancy.caption"), figure, True)]
    return view.section("occupancy", text("occupancy.title"), leads, pictures)


def warm_up(comparison: Comparison) -> Section | None:
    """Return smoothed backlog and order defect rate from the first warm-up day on, with a mark at its end."""
    view = _DayView.of(comparison)
    if view is None:
        return None
    begins = Limit(view.warm_up, text("warmup.begins")) if view.warm_up else None
    lead = text("warmup.lead", days=view.warm_up) if view.warm_up else text("warmup.none")
    waiting = [series.backlog(variant.timelines) for variant in view.variant_results]
    pictures = [_smooth_picture(view, waiting, "backlog", begins)]
    if view.variant_results[0].timelines[0].order_defect_rate:
        rates = [_mean_rate(variant) for variant in view.variant_results]
        pictures.append(_smooth_picture(view, rates, "defects", begins))
    leads = [
        text(
            "warmup.each",
            name=variant.name,
            early=number(float(tasks[:, view.warm_up :][:, : series.WINDOW].mean()), 0),
            all=number(float(tasks[:, view.warm_up :].mean()), 0),
        )
        for variant, tasks in zip(view.variant_results, waiting, strict=True)
    ]
    return view.section("warmup", text("warmup.title"), [lead, *leads], pictures)


def _mean_rate(variant: VariantResult) -> Values:
    marketplaces = variant.timelines[0].order_defect_rate
    rates = np.array([series.defects(variant.timelines, marketplace) for marketplace in marketplaces])
    return series.mean_of_known(rates)


def _smooth_picture(view: _DayView, rows: Sequence[Values], key: str, begins: Limit | None) -> Picture:
    strands = view.strands([series.smooth(values) for values in rows], 0)
    factor = 100 if key == "defects" else 1
    unit = text("defects.unit") if key == "defects" else text("backlog.unit")
    figure = plots.days(view.dates, strands, unit, text("page.date"), begins=begins, factor=factor)
    return Picture(text("warmup.defects") if key == "defects" else text("warmup.backlog"), figure)
