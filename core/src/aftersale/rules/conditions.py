"""Conditions: what narrows a rule to some orders, and to some questions about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any, NewType

from attrs import field, fields, frozen

from aftersale.base.money import decimals
from aftersale.clocks import local_date
from aftersale.documents.scalars import CurrencyCode, MoneyAmount, Word
from aftersale.documents.structure import registry
from aftersale.orders import Order

YEARS = range(1900, 2200)
"""The years in which rules may change: those of which the clocks know every day."""
NOTHING: Mapping[str, str] = MappingProxyType({})
"""Nothing is known beside the order."""
Words = NewType("Words", tuple[str, ...])
"""One text or more, from a text or a list of texts."""


def _words(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts:
        raise ValueError
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError
    return tuple(map(str, texts))


registry.hook(Words, _words, "a text or a list of texts, none of them empty")


def _set_of(value: str | Collection[str] | None) -> Words | None:
    """Return words as a condition keeps them, without repetition and sorted: equal sets are equal conditions."""
    if value is None:
        return None
    return Words((value,) if isinstance(value, str) else tuple(sorted(set(value))))


@frozen(cache_hash=True)  # rows are sorted into questions by it, again and again
class Condition:
    """What narrows a rule; a field left out says nothing.

    `channel`, `category`, `buyer`, `cross_border`, the prices and the days of purchase are about the order; a buyer
    goes by the pseudonym that the orders' source gives; prices compare in the order's own currency, which has to be the
    `currency` where that is said; days are the marketplace's local ones, both inside. The rest is about the question:
    the `reason` of a return, the `situation` in which it arises, the type of `claim`, the `grade` of an inspection, the
    `program` that the order is in, and the `rate`, a share that is known, such as a metric's value, for rows in tiers.
    """

    channel: Word | None = None
    category: Words | None = field(default=None, converter=_set_of)
    buyer: Words | None = field(default=None, converter=_set_of)
    cross_border: bool | None = None
    price_above: MoneyAmount | None = None
    price_up_to: MoneyAmount | None = None
    currency: CurrencyCode | None = None
    purchased_from: date | None = None
    purchased_until: date | None = None
    reason: Words | None = field(default=None, converter=_set_of)
    situation: Word | None = None
    claim: Words | None = field(default=None, converter=_set_of)
    grade: Word | None = None
    program: Word | None = None
    rate_above: MoneyAmount | None = None
    rate_up_to: MoneyAmount | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what no order can meet."""
        if self.price_above is not None and self.price_up_to is not None and self.price_above >= self.price_up_to:
            raise ValueError(f"no price is above {self.price_above} and up to {self.price_up_to}")
        if self.rate_above is not None and self.rate_up_to is not None and self.rate_above >= self.rate_up_to:
            raise ValueError(f"no rate is above {self.rate_above} and up to {self.rate_up_to}")
        if self.currency is not None and not self.has_price:
            raise ValueError("currency goes with a price: price_up_to = '15.00', currency = 'EUR'")
        check_span("purchased_from", self.purchased_from, "purchased_until", self.purchased_until)

    def holds(self, order: Order, about: Mapping[str, str] = NOTHING, zone: str | None = None) -> bool:
        """Whether the rule is about this order and this question.

        `about` holds what else is known (`reason`, `situation`, `claim`, `grade`, `program`, `rate`); a condition on
        anything that it leaves out is not met. `zone` is the marketplace's, for the day of purchase; None compares in
        UTC.
        """
        for test, value in self._tests:  # noqa: SIM110 - a generator takes twice as long here, on the engine's way
            if not test(value, order, about, zone):
                return False
        return True

    def may_hold(self, order: Order, words: Collection[str]) -> bool:
        """Whether what it says in some fields about the order is met, whatever it says in others."""
        return all(_TESTS[name](value, order, NOTHING, None) for name, value in self.asks.items() if name in words)

    @cached_property
    def asks(self) -> dict[str, Any]:
        """The fields that say something, with their values."""
        values = {attribute.name: getattr(self, attribute.name) for attribute in fields(Condition)}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def has_price(self) -> bool:
        """Whether it compares prices."""
        return self.price_above is not None or self.price_up_to is not None

    @cached_property
    def _tests(self) -> tuple[tuple[_Test, Any], ...]:
        return tuple((_TESTS[name], value) for name, value in self.asks.items())

    @cached_property
    def weight(self) -> int:
        """How many fields say something, a price with its currency once; of several rules that hold, most wins."""
        return len(self.asks.keys() - {"currency"})

    def __str__(self) -> str:
        """Return the condition as a reader would write it, empty for none."""
        return ", ".join(f"{key}={'|'.join(value) if _is_many(value) else value}" for key, value in self.asks.items())


def check_span(first_name: str, first: date | None, last_name: str, last: date | None) -> None:
    """Raise ValueError for days that no clock reaches, and for a span that ends before it begins."""
    for name, day in ((first_name, first), (last_name, last)):
        if day and day.year not in YEARS:
            span = f"{YEARS[0]} to {YEARS[-1]}"
            raise ValueError(f"{name} {day} lies outside the years {span}; leave it out for 'always'")
    if first and last and last < first:
        raise ValueError(f"{last_name} {last} is before {first_name} {first}")


def _is_many(value: object) -> bool:
    return isinstance(value, tuple)


_Test = Callable[[Any, Order, Mapping[str, str], str | None], bool]


def _minor(amount: Decimal, order: Order) -> Decimal:
    """Return an amount in the smallest unit of the order's currency."""
    return amount.scaleb(decimals(order.currency))


def _purchase_day(order: Order, zone: str | None) -> date:
    return local_date(order.purchased_at, zone or "UTC")


def _is(name: str) -> _Test:
    return lambda value, order, about, zone: about.get(name) == value


def _is_among(name: str) -> _Test:
    return lambda value, order, about, zone: about.get(name) in value


_TESTS: dict[str, _Test] = {
    "channel": lambda value, order, about, zone: order.channel == value,
    "category": lambda value, order, about, zone: order.category in value,
    "buyer": lambda value, order, about, zone: order.buyer in value,
    "cross_border": lambda value, order, about, zone: order.cross_border == value,
    "price_above": lambda value, order, about, zone: order.price > _minor(value, order),
    "price_up_to": lambda value, order, about, zone: order.price <= _minor(value, order),
    "currency": lambda value, order, about, zone: order.currency == value,
    "purchased_from": lambda value, order, about, zone: _purchase_day(order, zone) >= value,
    "purchased_until": lambda value, order, about, zone: _purchase_day(order, zone) <= value,
    "reason": _is_among("reason"),
    "situation": _is("situation"),
    "claim": _is_among("claim"),
    "grade": _is("grade"),
    "program": _is("program"),
    "rate_above": lambda value, order, about, zone: "rate" in about and Decimal(about["rate"]) > value,
    "rate_up_to": lambda value, order, about, zone: "rate" in about and Decimal(about["rate"]) <= value,
}

ANY_ORDER = Condition()
"""The condition that every order meets."""
