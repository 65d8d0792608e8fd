"""Fees: what a marketplace takes of a sale, and of a refund or a return, by its dated rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from attrs import field, frozen

from aftersale.base.errors import MoneyError
from aftersale.base.money import decimals, part, rounded
from aftersale.base.translations import core_text as text
from aftersale.orders import Order
from aftersale.rules import NOTHING, Rule, Rulebook
from aftersale.worth.parameters import Parameters

UNREAD = "unknown"
"""The grade of a row that says that there is a fee, and not how much: its number holds a place."""


class Fee(NamedTuple):
    """One fee in whole minor units of `currency`, and what it rests on: rules in words, parameters by name."""

    amount: int
    currency: str
    basis: tuple[str, ...]


class _Item(NamedTuple):
    """So many units of an order that cost the same, in minor units."""

    price: int
    units: int


class _Exact(NamedTuple):
    """An amount of minor units before it is rounded, and what it rests on."""

    amount: Decimal
    basis: tuple[str, ...]


class ReferralTerms(NamedTuple):
    """How the referral fee of a unit follows from its price.

    It is a `share` of the price up to the `step`, in minor units, and the share `above` of what lies over it. `floor`
    is what it is at least, and the rule that says so in words; `basis` are the rules and parameters behind the shares.
    """

    share: Decimal
    basis: tuple[str, ...]
    step: Decimal | None = None
    above: Decimal = Decimal(0)
    floor: tuple[()] | tuple[int, str] = ()

    def of(self, price: int) -> tuple[Decimal, tuple[str, ...]]:
        """Return the fee in minor units, not rounded, and what it rests on."""
        fee, basis = price * self.share, self.basis
        if self.step is not None:
            fee += (price - self.step) * (self.above - self.share)
        if self.floor and 0 < fee < self.floor[0]:
            fee, basis = Decimal(self.floor[0]), (*basis, self.floor[1])
        return fee, basis


@frozen(slots=False)
class Fees:
    """The fees for one order by the rulebook of a day; `established` is the seller's own word for where he is.

    An order's price is what the buyer paid, shipping included, and its lines share it by their own prices. Steps of
    prices are read for each unit. A referral fee of which no row speaks is the share that the parameter
    `referral_fee_share` sets. Each fee is rounded once, halves away from zero; a fee on a refund once for each line.
    Raises MoneyError for a row whose money is not the order's.
    """

    book: Rulebook
    order: Order
    parameters: Parameters
    established: str = ""
    _terms: dict[int, ReferralTerms] = field(factory=dict, init=False, eq=False, repr=False)

    def referral(self) -> Fee:
        """Return what the marketplace takes for the sale, as a share of each item's price."""
        if not self.order.lines and self.order.price:
            fee, basis = self.referral_terms(self.order.price).of(self.order.price)
            return Fee(rounded(fee), self.order.currency, basis)
        return self._rounded([self._referral(item) for items in self._lines for item in items])

    def closing(self) -> Fee | None:
        """Return what it takes on top for each item, such as a book; None where no row says so."""
        rule = self._rule("closing_fee")
        money = limit(rule, self.order.currency)
        if rule is None or money is None:
            return None
        units = sum(item.units for items in self._lines for item in items)
        return Fee(units * money, self.order.currency, (rule.told,))

    def digital_services(self) -> Fee | None:
        """Return the share of referral and closing fees that it takes for digital services; None where no row says so.

        Rows ask for the seller's word for where he is established; one who has none counts as established elsewhere.
        """
        rule = self._rule("digital_services_fee", {"situation": self.established} if self.established else NOTHING)
        if rule is None or rule.share is None:
            return None
        parts = [_Exact(Decimal(fee.amount), fee.basis) for fee in (self.referral(), self.closing()) if fee is not None]
        whole = self._rounded([_Exact(rule.share * amount, basis) for amount, basis in parts])
        stated = () if self.established else (text("costs.established_elsewhere"),)
        return whole._replace(basis=(rule.told, *stated, *whole.basis))

    def refund_administration(self, refunded: int) -> Fee | None:
        """Return what it keeps of the referral fee when an amount is refunded; None where no row says so.

        The referral fee comes back in the proportion in which the price does. Of that a share is kept, at most the
        rule's sum for each line of the order, or for each unit where the rule `refund_administration_counts` says so.
        A row graded `unknown` says only that there is such a fee: its share is the parameter
        `refund_administration_share`.
        """
        rule = self._rule("refund_administration_fee")
        if rule is None or rule.share is None or refunded <= 0:
            return None
        if self.order.price <= 0:
            free = self.order._replace(price=refunded, lines=())
            return Fees(self.book, free, self.parameters).refund_administration(refunded)
        unread = rule.grade == UNREAD
        share = self.parameters.value("refund_administration_share") if unread else rule.share
        most = limit(rule, self.order.currency)
        amount, names = 0, [rule.told, *(["refund_administration_share"] if unread else [])]
        if not self.order.lines:  # one unit: what the general way comes to, at a fraction of its time
            of, basis = self.referral_terms(self.order.price).of(self.order.price)
            kept = rounded(share * of * refunded / self.order.price)
            return Fee(
                kept if most is None else min(kept, most), self.order.currency, tuple(dict.fromkeys((*names, *basis)))
            )
        for items, back in zip(self._lines, split(refunded, self._weights), strict=True):
            price = sum(item.price * item.units for item in items)
            for of, times, basis in self._counted(items) if price else ():
                kept = rounded(share * of * back / price)
                amount += times * (kept if most is None else min(kept, most))
                names += basis
        return Fee(amount, self.order.currency, tuple(dict.fromkeys(names)))

    def _counted(self, items: Sequence[_Item]) -> Iterator[tuple[Decimal, int, tuple[str, ...]]]:
        """Yield the referral fees for which a fee on a refund is computed: of a line or of a unit, and how often."""
        fees = [self._referral(item) for item in items]
        rule = self._rule("refund_administration_counts")
        if rule is not None and rule.word == "unit":
            yield from ((fee.amount / item.units, item.units, fee.basis) for item, fee in zip(items, fees, strict=True))
        else:
            names = tuple(name for fee in fees for name in fee.basis)
            yield sum((fee.amount for fee in fees), Decimal(0)), 1, names

    def returns_processing(self, often: bool = False, size: str = "") -> Fee | None:
        """Return what it charges for a return that comes back to it; None where it charges nothing.

        It charges for each return where the rule `returns_processing_threshold` is 0, else where the product comes
        back unusually `often`, which nobody computes here. The amount of a unit is the row's of its `size`, or the
        parameter `returns_processing_fee`, whose currency may be another than the order's.
        """
        rule, threshold = self._rule("returns_processing_fee"), self._rule("returns_processing_threshold")
        each = threshold is not None and threshold.share == 0
        if rule is None or not rule.value or not (each or often):
            return None
        units = sum(line.quantity for line in self.order.lines) or 1
        reasons = (rule.told, *([threshold.told] if threshold is not None and each else []))
        row = self._rule("returns_processing_amount", {"situation": size} if size else NOTHING)
        money = limit(row, self.order.currency)
        if row is not None and money is not None:
            return Fee(units * money, self.order.currency, (row.told, *reasons))
        fee, currency = self.parameters.money("returns_processing_fee")
        amount = rounded(units * fee.scaleb(decimals(currency)))
        return Fee(amount, currency, ("returns_processing_fee", *reasons))

    @cached_property
    def _weights(self) -> list[int]:
        """What each line of the order weighs; an order without lines, or with free ones alone, is one line."""
        prices = [max(0, line.price) for line in self.order.lines]
        return prices if sum(prices) else [1]

    @cached_property
    def _lines(self) -> list[list[_Item]]:
        """The items of each line: its part of the order's price over its units."""
        several = len(self._weights) == len(self.order.lines)
        quantities = [line.quantity for line in self.order.lines] if several else [1]
        prices = split(self.order.price, self._weights)
        return [list(_items(price, max(1, count))) for price, count in zip(prices, quantities, strict=True)]

    def _rule(self, name: str, about: Mapping[str, str] = NOTHING) -> Rule | None:
        return self.book.rule(name, self.order, about)

    def _referral(self, item: _Item) -> _Exact:
        fee, basis = self.referral_terms(item.price).of(item.price)
        return _Exact(item.units * fee, basis)

    def referral_terms(self, price: int) -> ReferralTerms:
        """Return how the referral fee of a unit of this price is computed, by the rows or by the parameter."""
        known = self._terms.get(price)
        if known is None:
            known = self._terms[price] = self._referral_terms(price)
        return known

    def _referral_terms(self, price: int) -> ReferralTerms:
        sold = self.order if price == self.order.price else self.order._replace(price=price)
        rule = self.book.rule("referral_fee", sold)
        if rule is None or rule.share is None:
            name = "referral_fee_share"
            return ReferralTerms(self.parameters.value(name), (name,))
        above, minimum = self.book.rule("referral_fee_above", sold), self.book.rule("referral_fee_minimum", sold)
        least = limit(minimum, sold.currency)
        floor = () if minimum is None or least is None else (least, minimum.told)
        if above is None or above.share is None:
            return ReferralTerms(rule.share, (rule.told,), floor=floor)
        step = (above.when.price_above or Decimal(0)).scaleb(decimals(sold.currency))
        return ReferralTerms(rule.share, (rule.told, above.told), step, above.share, floor)

    def _rounded(self, parts: Sequence[_Exact]) -> Fee:
        amount = rounded(sum((each.amount for each in parts), Decimal(0)))
        names = dict.fromkeys(name for each in parts for name in each.basis)
        return Fee(amount, self.order.currency, tuple(names))


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Return whole parts of an amount by weights of which one at least is above 0; they add up to the amount."""
    parts, seen, total = [], 0, sum(weights)
    for weight in weights:
        parts.append(amount * (seen + weight) // total - amount * seen // total)
        seen += weight
    return parts


def _items(price: int, count: int) -> Iterator[_Item]:
    """Yield the units of a line by their prices, which differ by one minor unit at most."""
    each, dearer = divmod(price, count)
    if dearer:
        yield _Item(each + 1, dearer)
    if dearer < count:
        yield _Item(each, count - dearer)


def capped(rule: Rule, of: int, currency: str) -> int:
    """Return the rule's share of an amount, and no more than the rule's own sum.

    Raises MoneyError when that sum is in another currency.
    """
    amount, most = part(of, rule.share or Decimal(0)), limit(rule, currency)
    return amount if most is None else min(amount, most)


def limit(rule: Rule | None, currency: str) -> int | None:
    """Return the sum that a rule names, in minor units, or None; raises MoneyError when it is in another currency."""
    if rule is None or rule.money is None:
        return None
    if rule.currency != currency:
        what = f"the order is in {currency}, and {rule} in {rule.currency}"
        raise MoneyError(what, "give the rule a row in the order's currency")
    return rule.minor
