"""The part of a report page on sensitivity: which assumed numbers move what is judged, and how far."""

from __future__ import annotations

from aftersale_simulator.sensitivity.swings import MEASURES, Sensitivity
from aftersale_simulator.sensitivity.table import SHOWN, row, told
from aftersale_simulator.show import plots
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import text


def sensitivity(found: Sensitivity) -> Section:
    """Return on which numbers the answer hangs."""
    header = tuple(
        " ".join(text(f"sensitivity.{key}").split())
        for key in ("value", "late_low", "late_high", "defects_low", "defects_high", "kept")
    )
    rows = tuple(row(one, found.replications) for one in found.swings[:SHOWN])
    drawn = tuple(Picture(text(f"sensitivity.caption_{name}"), _drawn(found, name)) for name in MEASURES)
    marks = (
        Mark(plots.CHOSEN, text("sensitivity.divided")),
        Mark(plots.FIRST, text("sensitivity.multiplied")),
    )
    table = Table((text("parameters.name"), *header), rows)
    return Section("sensitivity", text("sensitivity.title"), told(found), drawn, (table,), marks)


def _drawn(found: Sensitivity, name: str) -> object:
    heaviest = sorted(
        found.swings,
        key=lambda one: -max((abs(end.moved[name].mean or 0.0) for end in (one.low, one.high) if end), default=0.0),
    )[: SHOWN // 2]
    names = [one.name for one in heaviest]
    ends = [
        [0.0 if end is None else 100 * (end.moved[name].mean or 0.0) for end in column]
        for column in ([one.low for one in heaviest], [one.high for one in heaviest])
    ]
    return plots.swings(names, ends, (plots.CHOSEN, plots.FIRST))
