"""Money: exact amounts that never mix currencies, on py-moneyed."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from math import trunc

from moneyed import CURRENCIES, Money

from aftersale.base.errors import MoneyError, did_you_mean

# More digits than any amount needs, fewer than decimal's default precision: nothing is ever rounded.
_DIGITS = 24


def money(amount: str | int | Decimal, currency: str) -> Money:
    """Return an exact amount; raises MoneyError for a float, an unknown currency, or too many decimals."""
    places = decimals(currency)
    exact = _exact(amount)
    if exact != round(exact, places):
        hint = f"{currency} has {places or 'no'} decimals; round it first"
        raise MoneyError(f"{exact} has too many decimals for {currency}", hint)
    return Money(exact, currency)


def _exact(amount: object) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise MoneyError(f"{amount!r} is no exact amount", "write it as text, such as '24.90'")
    try:
        exact = Decimal(amount)
    except InvalidOperation as error:
        raise MoneyError(f"{amount!r} is no amount", "write it like '24.90'") from error
    if not exact.is_finite() or exact.adjusted() >= _DIGITS or len(exact.as_tuple().digits) > _DIGITS:
        raise MoneyError("an amount is not finite or has too many digits", f"use at most {_DIGITS}")
    return exact


@cache
def decimals(currency: str) -> int:
    """Return how many decimals a currency has: 2 for euros, 0 for yen; raises MoneyError if unknown."""
    if currency not in CURRENCIES:
        hint = did_you_mean(currency.upper(), CURRENCIES) or "write an ISO 4217 code such as EUR"
        raise MoneyError(f"unknown currency {currency!r}", hint)
    return len(str(CURRENCIES[currency].sub_unit)) - 1


def to_minor(amount: Money) -> int:
    """Return the amount in the currency's smallest unit: cents, yen."""
    return int(amount.amount.scaleb(decimals(amount.currency.code)))


def from_minor(amount: int, currency: str) -> Money:
    """Return so many of the currency's smallest units as money; the inverse of `to_minor`."""
    return Money(Decimal(amount).scaleb(-decimals(currency)), currency)


def total(amounts: Iterable[Money]) -> Money:
    """Return the sum of one amount or more; raises MoneyError naming the currencies when there are several."""
    summands = list(amounts)
    currencies = sorted({amount.currency.code for amount in summands})
    if not currencies:
        raise MoneyError("nothing to add", "give at least one amount: a sum of none has no currency")
    if len(currencies) > 1:
        raise MoneyError(f"cannot add {' and '.join(currencies)}", "add up each currency by itself")
    return Money(sum((amount.amount for amount in summands), Decimal(0)), currencies[0])


def part(of: int, share: Decimal) -> int:
    """Return a share of an amount in whole minor units, halves rounded away from zero."""
    return rounded(of * share)


def rounded(amount: Decimal) -> int:
    """Return an amount of minor units as a whole number of them, halves away from zero."""
    return trunc(amount.quantize(Decimal(1), ROUND_HALF_UP))
