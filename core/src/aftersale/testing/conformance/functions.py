"""Functions: the deadline functions of a plugin, each tried by itself from sampled starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from aftersale.base.watch import Watch
from aftersale.clocks import DAY, HOUR, Instant, start_of_day
from aftersale.policies.deadline_functions import DeadlineFunction
from aftersale.policies.policy import Policy
from aftersale.rules import Rule
from aftersale.testing.conformance.samples import YEAR, Sample, boundaries

_APART = 17 * HOUR
"""How far the regular starts lie apart: less than a day, and every hour of the day comes up."""


def tried(function: DeadlineFunction, policy: Policy, samples: Sequence[Sample], watch: Watch) -> Iterator[str]:
    """Yield where a function answers the same question differently, or lets a later start end earlier.

    An answer that is none, or lies before the start, is a failure that the watch keeps.
    """
    functions, place = policy.functions.watched(watch), policy.marketplace
    order = next(sample.order for sample in samples if sample.marketplace == place.name)
    for amount in _amounts(function, policy):
        rule = Rule(function.name, place.name, "deadline", "", "assumed", amount=amount, due=function.name)
        before, early = 0, None
        for start in starts(policy):
            first, second = (functions.due_after(rule, start, order, place.calendar, order.id) for _ in range(2))
            if first is None or second is None:
                return
            if first != second:
                yield f"begun at {start}, it ends at {first}, and asked again at {second}"
                return
            if early is not None and first < early:
                yield f"begun at {start}, it ends at {first}, before the one begun at {before}, which ends at {early}"
                return
            before, early = start, first


def _amounts(function: DeadlineFunction, policy: Policy) -> tuple[int | None, ...]:
    """Return the amounts with which rows ask for a function; 1 and 2 where none does, None where it takes none."""
    if "amount" not in function.takes:
        return (None,)
    rows = policy.rules.history(policy.marketplace.name)
    asked = sorted({rule.amount for rule in rows if rule.due == function.name and rule.amount is not None})
    return tuple(asked) or (1, 2)


def starts(policy: Policy) -> list[Instant]:
    """Return instants from which a deadline function is tried, in order: boundaries with what lies around each.

    Also every half hour of the days on which clocks change, and every seventeenth hour past the next leap day.
    """
    zone = policy.marketplace.zone
    first, last = date(YEAR, 1, 1), date(YEAR + 2, 3, 3)
    days = [first + timedelta(number) for number in range((last - first).days)]
    midnights = [start_of_day(day, zone) for day in [*days, last]]
    uneven = [at for at, after in pairwise(midnights) if after - at != DAY]
    around = {at + more for at in boundaries(policy) for more in (-1, 0, 1)}
    halves = {at + half * HOUR // 2 for at in uneven for half in range(54)}
    return sorted({*around, *halves, *range(midnights[0], midnights[-1], _APART)})
