"""Period in words: in one line what is not known of it, then events that do not stand or act as one would think."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from aftersale_simulator.resolved.period import PeriodReport, Unknown
from aftersale_simulator.show.wording import text


def period_notes(report: PeriodReport, without: Collection[str] = ()) -> list[str]:
    """Return what there is to say of a period, but for the kinds of remark `without`."""
    parts = list(_unknown(report.unknown))
    line = [text("period.unknown", parts="; ".join(parts))] if parts else []
    return line + [
        text(f"period.{remark['kind']}", **remark["values"])
        for remark in report.remarks
        if remark["kind"] not in without
    ]


def _unknown(unknown: Unknown) -> Iterator[str]:
    by_day: defaultdict[str, list[str]] = defaultdict(list)
    for place, day in unknown["rules"].items():
        by_day[day].append(place)
    for day, places in by_day.items():
        yield text("period.rules", places=", ".join(places), day=day)
    if unknown["sales"]:
        names = (
            text("scenario.dated", name=name, places=" ".join(places)) for name, places in unknown["sales"].items()
        )
        yield text("period.sales", names=", ".join(names))
    for place, year in unknown["undated"].items():
        yield text("period.undated", place=place, year=year)
    if unknown["holidays"]:
        yield text("period.holidays", places=", ".join(unknown["holidays"]))
