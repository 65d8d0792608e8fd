"""Numbers: how metrics are rounded, scaled and labelled."""

from __future__ import annotations

import re

from aftersale_simulator.runs.statistics import Estimate, wilson
from aftersale_simulator.show.wording import percent, text

COLUMNS = {
    "late_reply_rate": (100, 1),
    "silence_48h_rate": (100, 1),
    "mean_first_reply_hours": (1, 1),
    "order_defect_rate": (100, 2),
    "claims": (1, 1),
    "occupancy": (100, 1),
    "labour_cost": (1, 0),
}
"""The metrics of the table, each with the factor and the decimals to show it with."""
_DUST = 1e-9  # what arithmetic leaves between equal numbers
OTHER_METRICS = {
    "mean_wait_hours": (1, 1),
    "p50_first_reply_hours": (1, 1),
    "p90_first_reply_hours": (1, 1),
    "p95_first_reply_hours": (1, 1),
    "order_defect_rate_worst_day": (100, 2),
    "contacts": (1, 0),
    "open_at_end": (1, 0),
    "review_days": (1, 0),
}
_OWN = (1, 1)
_OWN_RATE = (100, 2)


def estimate_text(estimate: Estimate, name: str, sign: bool = False) -> str:
    """Return mean and half width as text, on two lines."""
    factor, decimals = scale(name)
    if estimate.mean is None:
        return text("report.none")
    mean = number(estimate.mean * factor, decimals, sign)
    half = estimate.half_width
    return mean if half is None or half * factor < _DUST else f"{mean}\n± {number(half * factor, decimals)}"


def figure_text(value: float | None, name: str) -> str:
    """Return one value of a metric as text, with its unit."""
    factor, decimals = scale(name)
    return text("report.none") if value is None else f"{number(factor * value, decimals)} {_unit(name)}"


def limit_text(limit: float, name: str) -> str:
    """Return a limit of a metric as somebody would write it, with its unit."""
    return f"{scale(name)[0] * limit:g} {_unit(name)}"


def _unit(name: str) -> str:
    return "%" if scale(name)[0] == 100 else "h"


def scale(name: str) -> tuple[int, int]:
    """Return the factor and the decimals to show a metric with."""
    return COLUMNS.get(name) or OTHER_METRICS.get(name) or (_OWN_RATE if is_rate(name) else _OWN)


def is_rate(name: str) -> bool:
    """Whether a plugin's metric is a share, by its name; else it is in hours."""
    return re.sub(r"_\d+d$", "", name).endswith("_rate")


def number(value: float, decimals: int, sign: bool = False) -> str:
    """Return a rounded number as text; never minus zero."""
    rounded = round(value, decimals) + 0.0
    return f"{rounded:+,.{decimals}f}" if sign and rounded else f"{rounded:,.{decimals}f}"


def count_text(count: int, size: int) -> str:
    """Return the number of replications in which something happened, with Wilson's 95 % interval of its probability."""
    low, high = wilson(count, size)
    return f"{count}/{size} ({100 * low:.0f}–{percent(high)})"


def label(name: str, currency: str) -> str:
    """Return the name of a metric with its unit."""
    if name not in COLUMNS and name not in OTHER_METRICS:
        return f"{name}, {text('column.percent')}" if is_rate(name) else name
    values = {"currency": currency} if name == "labour_cost" else {}
    return text(f"metric.{name}", **values)
