"""Drawing: what all charts of a comparison share, its limits, its colours and which variant stands out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import field, frozen

from aftersale_simulator.runs.results import LIMITS
from aftersale_simulator.show import plots
from aftersale_simulator.show.numbers import scale
from aftersale_simulator.show.plots import Limit
from aftersale_simulator.show.section import Section
from aftersale_simulator.show.wording import text
from aftersale_simulator.whatif.comparison import Comparison, VariantResult

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


NO_LINES = Lines()


def chosen(comparison: Comparison) -> VariantResult:
    """Return the variant that the answer is about: the cheapest that keeps the targets, else the nearest."""
    return comparison.cheapest or comparison.nearest


def numbered(comparison: Comparison, one: VariantResult) -> str:
    return f"{comparison.variant_results.index(one) + 1}  {one.name}"


def colour_of(comparison: Comparison, one: VariantResult) -> str:
    if one is chosen(comparison):
        return plots.CHOSEN
    return plots.FIRST if one is comparison.variant_results[0] else plots.OTHER


def target_of(comparison: Comparison, name: str, line: float | None) -> Limit | None:
    """Return the scenario's own target, else the `line`, in the unit that the metric is shown in."""
    own = getattr(comparison.scenario.targets, name, None) if name in LIMITS else None
    value = line if own is None else float(own)
    if value is None:
        return None
    factor, _ = scale(name)
    return Limit(factor * value, text("page.target", value=f"{factor * value:g}{' %' if factor == 100 else ''}"))
