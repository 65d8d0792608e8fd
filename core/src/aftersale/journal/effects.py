"""Effects: rows of the seller's own handbook that change nothing about a journal, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.base.money import decimals
from aftersale.cases.workflow import ASKED_BESIDE, Workflow
from aftersale.clocks import Instant, local_date
from aftersale.engine.docket import Docket
from aftersale.order_columns import Orders
from aftersale.policies.handbook import SHIPPED
from aftersale.policies.policy import Policies, Policy
from aftersale.rules import EVERYWHERE, Condition, Rule

Reason = Literal["place", "order", "day", "case"]
"""Why a row changes nothing: no order of its marketplace, none that meets its condition, none of the days on which it
is in force, or no case that asks for it."""
_ABOUT_RETURNS = {"authorised_at_once", "declined_at_once", "in_policy"}
"""The guards that ask for the rules that no state names."""


@frozen
class IdleRow:
    """A row of the seller's own that changes nothing, and why."""

    rule: Rule
    reason: Reason


def idle_rows(orders: Orders, docket: Docket, policies: Policies, until: Instant) -> Iterator[IdleRow]:
    """Yield the seller's own rows that change nothing about a journal as of an instant.

    What a row asks of the reason, the claim or the grade is left aside: those words stand in many places.
    """
    sold = {name: policies[name] for name in orders.marketplaces if name in policies}
    books = {id(policy.book): policy.book for policy in policies.values()}
    kinds = {(case.marketplace, case.kind) for case in docket.cases.values()}
    for rule in (row for book in books.values() for row in book.rules.history() if row.origin != SHIPPED):
        places = {name: policy for name, policy in sold.items() if rule.marketplace in (EVERYWHERE, name)}
        if reason := _reason(rule, orders, places, kinds, until):
            yield IdleRow(rule, reason)


def _reason(
    rule: Rule, orders: Orders, places: Mapping[str, Policy], kinds: Collection[tuple[str, str]], until: Instant
) -> Reason | None:
    if not places:
        return "place"
    meant = _meant(rule.when, orders, places)
    if rule.channel:
        meant &= _is_one_of(orders.channel, orders.channels, rule.channel)
    if not meant.any():
        return "order"
    if not _in_force(rule, int(orders.purchased_at[meant].min()), until):
        return "day"
    if rule.kind != "metric" and not any(_asks(rule.name, policy, kinds) for policy in places.values()):
        return "case"
    return None


def _in_force(rule: Rule, first: Instant, until: Instant) -> bool:
    """Whether a row is in force on some day between two instants, by a day more on each side for any zone."""
    day = timedelta(1)
    begins, ends = (local_date(at, "UTC") for at in (first, max(first, until)))
    begun = rule.valid_from is None or rule.valid_from - day <= ends
    return begun and (rule.valid_until is None or rule.valid_until + day >= begins)


def _asks(name: str, policy: Policy, kinds: Collection[tuple[str, str]]) -> bool:
    """Whether some case of the marketplace may ask for rules of that name."""
    asking = _asking(name, policy.workflow)
    place = policy.marketplace.name
    return any(where == place and (kind in asking or not asking) for where, kind in kinds)


def _asking(name: str, workflow: Workflow) -> frozenset[str]:
    """Return the kinds of case with a state that asks for rules of that name; empty where any kind may."""
    if name in ASKED_BESIDE:
        kinds = workflow.kinds.items()
        return frozenset(name for name, kind in kinds if _ABOUT_RETURNS & {move.guard for move in kind.move})
    return frozenset(kind for kind, _ in workflow.opening(name))


def _meant(when: Condition, orders: Orders, places: Iterable[str]) -> NDArray[np.bool_]:
    """Return which orders of these marketplaces meet what a condition says of the order, days of purchase aside."""
    meant = _is_one_of(orders.marketplace, orders.marketplaces, tuple(places))
    if when.channel is not None:
        meant &= _is_one_of(orders.channel, orders.channels, (when.channel,))
    if when.category is not None:
        meant &= _is_one_of(orders.category, orders.categories, when.category)
    if when.buyer is not None:
        meant &= orders.bought_by(when.buyer)
    if when.cross_border is not None:
        meant &= orders.cross_border == when.cross_border
    if when.currency is not None:
        ours = np.array([currency == when.currency for currency in orders.currencies], bool)
        meant &= ours[orders.marketplace]
    if when.price_above is not None:
        meant &= orders.price > _minor(when.price_above, orders)
    if when.price_up_to is not None:
        meant &= orders.price <= _minor(when.price_up_to, orders)
    return meant


def _is_one_of(codes: NDArray[np.signedinteger], names: tuple[str, ...], words: Collection[str]) -> NDArray[np.bool_]:
    return np.isin(codes, [code for code, name in enumerate(names) if name in words])


def _minor(amount: Decimal, orders: Orders) -> NDArray[np.float64]:
    """Return an amount in minor units of each order's own currency."""
    units = [float(amount.scaleb(decimals(currency))) for currency in orders.currencies]
    return np.array(units)[orders.marketplace]
