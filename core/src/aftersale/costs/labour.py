"""Labour: the paid hours of rosters that no task took, beside the work on the tasks that were done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from aftersale.base.translations import core_text as text
from aftersale.clocks import Instant
from aftersale.costs.ledger import CostLine
from aftersale.policies.cost_kinds import default_cost_kinds
from aftersale.worth.parameters import Parameters

WORKED, IDLE = "labour_worked", "labour_idle"
NONE = "–"
"""The case, order, product and fulfilment of paid hours, which are nobody's of these."""


def shared(amount: int, minutes: Mapping[str, int | Decimal]) -> dict[str, int]:
    """Return what each name bears of an amount by its minutes, in whole minor units that add up to the amount.

    Each gets its share rounded towards 0, and what is left goes one by one to the largest remainders, of equal ones to
    the first by name. Where nobody worked the parts are equal. Raises ValueError for minutes below 0, and where there
    is an amount and nobody to bear it.
    """
    if any(value < 0 for value in minutes.values()):
        raise ValueError("minutes below 0 cannot be shared by")
    if not minutes:
        if amount:
            raise ValueError("there is nobody to bear the amount")
        return {}
    weights = {name: Fraction(value) for name, value in minutes.items()}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, Fraction(1))
    sign, whole = (-1 if amount < 0 else 1), sum(weights.values())
    exact = {name: abs(amount) * weight / whole for name, weight in weights.items()}
    parts = {name: int(part) for name, part in exact.items()}
    left = abs(amount) - sum(parts.values())
    for name in sorted(parts, key=lambda name: (parts[name] - exact[name], name))[:left]:
        parts[name] += 1
    return {name: sign * part for name, part in parts.items()}


def minutes_worked(
    lines: Iterable[CostLine], parameters: Parameters, marketplaces: Collection[str]
) -> dict[str, Decimal]:
    """Return the minutes of the tasks that were done, by marketplace; 0 where none was."""
    minutes = dict.fromkeys(marketplaces, Decimal(0))
    for line in lines:
        if line.line == WORKED:
            task = next(name for name in line.basis if name.startswith("minutes_"))
            minutes[line.marketplace] = minutes.get(line.marketplace, Decimal(0)) + parameters.value(task)
    return minutes


def idle_labour(
    paid: int,
    currency: str,
    lines: Collection[CostLine],
    parameters: Parameters,
    marketplaces: Collection[str],
    at: Instant,
) -> list[CostLine]:
    """Return what rosters cost beside the work in these lines, so that both add up to what was `paid`, minor units.

    It is below zero where the tasks took people less than their means say. One line for each marketplace, by the
    minutes worked there, or one for none of them where there is none; no line where nothing is left.
    """
    idle = paid - sum(line.amount for line in lines if line.line == WORKED)
    parts = shared(idle, minutes_worked(lines, parameters, marketplaces) or {NONE: 0})
    basis, group = (text("costs.told", fact="labour_cost"),), default_cost_kinds()[IDLE].group
    return [
        CostLine(IDLE, NONE, NONE, NONE, marketplace, NONE, at, part, currency, False, basis, group)
        for marketplace, part in parts.items()
        if part
    ]
