"""Drawing: what all charts of a comparison share: limits, colours and the chosen variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import field, frozen

from aftersale.rules import EVERYWHERE
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.runs.results import figures_of
from aftersale_simulator.show import plots
from aftersale_simulator.show.plots import Limit
from aftersale_simulator.show.section import Section
from aftersale_simulator.show.wording import text
from aftersale_simulator.whatif.comparison import Comparison, VariantResult

Part = Callable[[Comparison], Section | None]
"""Makes a section of a comparison; None if the comparison has nothing for it."""


@frozen
class Lines:
    """The limits of metrics that the scenario does not set: the handbook's and the marketplaces' own, by marketplace.

    They are in the metric's own unit: shares, or wall hours.
    """

    marketplaces: Mapping[str, Mapping[str, float]] = field(factory=dict)

    def at(self, marketplace: str, name: str) -> float | None:
        """Return a metric's limit on one marketplace."""
        return self.marketplaces.get(marketplace, {}).get(name)

    def everywhere(self, name: str) -> float | None:
        """Return a metric's limit if it is the same on all marketplaces."""
        limits = {metrics.get(name) for metrics in self.marketplaces.values()}
        return limits.pop() if len(limits) == 1 else None


NO_LINES = Lines()


def lines_of(resolved: ResolvedScenario) -> Lines:
    """Return the marketplaces' limits at the end of the period, and the handbook's if the scenario has no targets."""
    _, until = resolved.measured
    has_targets = bool(resolved.scenario.targets.limits)
    # Of the lines of one figure the marketplace's is the first.
    lines = {name: reversed(list(figures_of(policy.metrics(until - 1)))) for name, policy in resolved.policies.items()}
    return Lines(
        {
            name: {
                figure: float(rule.target or 0)
                for figure, rule in pairs
                if not (has_targets and rule.marketplace == EVERYWHERE)
            }
            for name, pairs in lines.items()
        }
    )


def chosen(comparison: Comparison) -> VariantResult:
    """Return the variant that the answer is about: the best that keeps the targets, else the nearest."""
    return comparison.cheapest or comparison.nearest


def numbered(comparison: Comparison, variant: VariantResult) -> str:
    """Return a variant's name after its number, from 1."""
    return f"{comparison.variant_results.index(variant) + 1}  {variant.name}"


def colour_of(comparison: Comparison, variant: VariantResult) -> str:
    """Return a variant's colour: CHOSEN, else FIRST for the first one, else OTHER."""
    if variant is chosen(comparison):
        return plots.CHOSEN
    return plots.FIRST if variant is comparison.variant_results[0] else plots.OTHER


def target_of(comparison: Comparison, name: str, line: float | None) -> Limit | None:
    """Return the scenario's own target, else the `line`, in the unit of the metric's charts."""
    value = comparison.scenario.targets.limits.get(name, line)
    if value is None:
        return None
    numbers = comparison.numbers
    return Limit(numbers.factor(name) * value, text("page.target", value=numbers.limit(value, name)))
