"""Numbers: how the values of metrics are written, by what they count."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from aftersale.base.tables import Table, table
from aftersale.base.visible import lines
from aftersale.costs.account import SALE
from aftersale_simulator.books.money import CONTRIBUTION, GROUP_METRICS, LINE, PER_ORDER, TOTAL
from aftersale_simulator.runs.results import UNITS, Unit
from aftersale_simulator.runs.statistics import UNBOUNDED, Ends, Estimate, wilson
from aftersale_simulator.show.wording import percent, text

COLUMNS = (
    "late_reply_rate",
    "silence_48h_rate",
    "mean_first_reply_hours",
    "order_defect_rate",
    "claims",
    "occupancy",
    "labour_cost",
    TOTAL,
    CONTRIBUTION,
    *SALE,
    *GROUP_METRICS,
)
"""The metrics with a short heading; tables show those of plugins after them."""
_FACTORS = {"share": 100, "load": 100}
_SIGNS = {"share": "column.percent", "load": "column.percent", "hours": "column.hours"}
_DECIMALS = {"share": 2, "load": 1, "hours": 1, "count": 0, "money": 0}
_SHOWN_DECIMALS = {"late_reply_rate": 1, "silence_48h_rate": 1, "claims": 1, **dict.fromkeys(PER_ORDER, 2)}
_ENDS: dict[Unit, Ends] = {"share": (0.0, 1.0), "money": UNBOUNDED}
_FROM_ZERO: Ends = (0.0, UNBOUNDED[1])
_DUST = 1e-9  # what arithmetic leaves between equal numbers


@frozen
class Numbers:
    """How metrics are written: money in this currency, and metrics of marketplaces by their `units`."""

    currency: str = ""
    units: Mapping[str, Unit] = field(factory=dict)

    def unit(self, name: str) -> Unit:
        """Return what the values of a metric are; a count where nobody says."""
        return UNITS.get(name) or self.units.get(name, "count")

    def ends(self, name: str) -> Ends:
        """Return the least and the greatest value that a metric can have."""
        return _ENDS.get(self.unit(name), _FROM_ZERO)

    def factor(self, name: str) -> int:
        """Return what a value is multiplied by to be shown."""
        return _FACTORS.get(self.unit(name), 1)

    def bare(self, value: float | None, name: str, sign: bool = False) -> str:
        """Return a value of a metric as text, without its unit."""
        if value is None:
            return text("report.none")
        return number(self.factor(name) * value, self._decimals(name), sign)

    def figure(self, value: float | None, name: str) -> str:
        """Return a value of a metric as text, with its unit."""
        return text("report.none") if value is None else f"{self.bare(value, name)} {self.sign(name)}".rstrip()

    def limit(self, limit: float, name: str) -> str:
        """Return a limit of a metric as somebody would write it, with its unit."""
        return f"{self.factor(name) * limit:g} {self.sign(name)}".rstrip()

    def estimate(self, estimate: Estimate, name: str, sign: bool = False) -> str:
        """Return mean and half width as text, on two lines; the ends where they were drawn in, "?" for a wild one."""
        mean, half = self.bare(estimate.mean, name, sign), estimate.half_width
        if estimate.mean is None or half is None or half * self.factor(name) < _DUST:
            return mean
        if estimate.is_wild:
            return lines(mean, f"± {text('report.wild')}")
        if estimate.is_cut and not sign:
            return lines(mean, f"{self.bare(estimate.low, name)}–{self.bare(estimate.high, name)}")
        return lines(mean, f"± {self.bare(half, name)}")

    def sign(self, name: str) -> str:
        """Return the sign of a metric's unit, empty for a count."""
        unit = self.unit(name)
        if unit == "money":
            return self.currency
        return text(_SIGNS[unit]) if unit in _SIGNS else ""

    def label(self, name: str) -> str:
        """Return the name of a metric with its unit, in one line."""
        if name in UNITS:
            return text(f"metric.{name}", **self._values(name))
        if name.startswith(LINE):
            return text("metric.cost_line", line=name.removeprefix(LINE), currency=self.currency)
        return text("report.comma").join(filter(None, [name, self.sign(name)]))

    def heading(self, name: str) -> str:
        """Return the name of a metric with its unit as the lines of a column's header."""
        if name in COLUMNS:
            return lines(*text(f"column.{name}", **self._values(name)).split("\n"))
        return lines(*name.split("_"), *filter(None, [self.sign(name)]))

    def _decimals(self, name: str) -> int:
        return _SHOWN_DECIMALS.get(name, _DECIMALS[self.unit(name)])

    def _values(self, name: str) -> dict[str, str]:
        return {"currency": self.currency} if self.unit(name) == "money" else {}


def number(value: float, decimals: int, sign: bool = False) -> str:
    """Return a rounded number as text; never minus zero."""
    rounded = round(value, decimals) + 0.0
    return f"{rounded:+,.{decimals}f}" if sign and rounded else f"{rounded:,.{decimals}f}"


def count_text(count: int, size: int) -> str:
    """Return the number of replications in which something happened, with Wilson's 95 % interval of its probability."""
    low, high = wilson(count, size)
    return f"{count}/{size} ({100 * low:.0f}–{percent(high)})"


def metric_table(metrics: Mapping[str, float | None], numbers: Numbers) -> Table:
    """Return the metrics of one replication, one in each line."""
    header = text("column.metric"), text("column.value")
    lines = [(numbers.label(name), numbers.bare(value, name)) for name, value in metrics.items()]
    return table(header, lines, numbers=header[1:], whole=header[:1])
