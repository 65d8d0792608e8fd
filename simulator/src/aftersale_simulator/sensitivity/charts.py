"""Charts: the section of a page on sensitivity, with the assumed numbers that move the answer, and how far."""

from __future__ import annotations

from aftersale_simulator.sensitivity.swings import MEASURES, Sensitivity
from aftersale_simulator.sensitivity.table import SHOWN, row, told
from aftersale_simulator.show import plots
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import text


def sensitivity(result: Sensitivity) -> Section:
    """Return the section on the numbers that the answer depends on."""
    header = tuple(
        " ".join(text(f"sensitivity.{key}").split())
        for key in ("value", "late_low", "late_high", "defects_low", "defects_high", "kept")
    )
    rows = tuple(row(swing, result.replications) for swing in result.swings[:SHOWN])
    pictures = tuple(Picture(text(f"sensitivity.caption_{name}"), _figure(result, name)) for name in MEASURES)
    marks = (
        Mark(plots.CHOSEN, text("sensitivity.divided")),
        Mark(plots.FIRST, text("sensitivity.multiplied")),
    )
    table = Table((text("parameters.name"), *header), rows)
    return Section("sensitivity", text("sensitivity.title"), told(result), pictures, (table,), marks)


def _figure(result: Sensitivity, name: str) -> object:
    heaviest = sorted(
        result.swings,
        key=lambda swing: (
            -max((abs(end.moved[name].mean or 0.0) for end in (swing.low, swing.high) if end), default=0.0)
        ),
    )[: SHOWN // 2]
    names = [swing.name for swing in heaviest]
    ends = [
        [0.0 if end is None else 100 * (end.moved[name].mean or 0.0) for end in column]
        for column in ([swing.low for swing in heaviest], [swing.high for swing in heaviest])
    ]
    return plots.swings(names, ends, (plots.CHOSEN, plots.FIRST))
