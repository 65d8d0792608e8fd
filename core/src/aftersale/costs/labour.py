"""Labour: the paid hours of rosters that no task took, beside the work on the tasks that were done."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

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
