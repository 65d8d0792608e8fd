"""Known costs: what runs have worked out of costs that other runs of the same rules and numbers need as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple
from weakref import ref

from attrs import define, field

from aftersale.clocks import Instant
from aftersale.costs.at_once.classes import CostClasses
from aftersale.engine.moves import Movements
from aftersale.order_columns import Orders
from aftersale.policies.policy import Policy
from aftersale.worth.parameters import WAGE, Parameters
from aftersale.worth.sales import FeeClasses, Sales

_MINUTES = "minutes_"


class CostBasis(NamedTuple):
    """All that costs of orders hang on beside the orders, their steps and the plugins; work is not among them.

    By marketplace these are what it is itself, the rows of its rulebook and those of the handbook, with their dates.
    `numbers` are all but wage and minutes, by name, and `own` are those of them that the seller set.
    """

    rules: tuple[tuple[object, ...], ...]
    numbers: Mapping[str, object]
    own: frozenset[str]

    @classmethod
    def of(cls, policies: Mapping[str, Policy], numbers: Parameters) -> CostBasis:
        """Return that of a scenario."""
        return cls(
            tuple(
                (name, policy.marketplace, policy.rules.history(name), policy.handbook.history())
                for name, policy in policies.items()
            ),
            {name: number for name, number in numbers.by_name.items() if _is_asked(name)},
            frozenset(filter(_is_asked, numbers.own)),
        )


def _is_asked(number: str) -> bool:
    """Whether anything but the work asks for a number."""
    return number != WAGE and not number.startswith(_MINUTES)


class _Sold(NamedTuple):
    """What some orders bring up to an instant, with the names of the numbers that were read."""

    orders: ref[Orders]
    until: Instant
    sales: Sales
    reads: frozenset[str]


@define(eq=False)
class KnownCosts:
    """What was worked out of costs under one CostBasis: it changes no result. One run at a time has it to itself.

    `classes` are the classes of orders with what was booked of them, `fees` those of sales. `stands` says by
    marketplace, the kind of fact that opened a case and its state whether the case may cost more yet.
    """

    classes: CostClasses = field(factory=lambda: CostClasses(Movements()))
    fees: FeeClasses = field(factory=FeeClasses)
    stands: dict[tuple[str, str, str], bool] = field(factory=dict)
    _sold: dict[str, _Sold] = field(factory=dict, init=False)

    def sales_of(
        self,
        marketplace: str,
        orders: Orders,
        until: Instant,
        numbers: Parameters,
        work_out: Callable[[Parameters], Sales],
    ) -> Sales:
        """Return what orders of a marketplace bring up to an instant: those that it was asked for last are known.

        Else it is worked out by numbers that keep what is read of them; `numbers` have it read in either case.
        """
        known = self._sold.get(marketplace)
        if known is None or known.orders() is not orders or known.until != until:
            reading = numbers.watched()
            known = self._sold[marketplace] = _Sold(ref(orders), until, work_out(reading), reading.reads)
        numbers.note(known.reads)
        return known.sales
