from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from moneyed import CURRENCIES, Money

from aftersale.base.errors import MoneyError
from aftersale.base.money import decimals, from_minor, money, to_minor, total


@pytest.mark.parametrize(
    ("amount", "currency", "exact"),
    [
        ("24.90", "EUR", Decimal("24.90")),
        ("24.900", "EUR", Decimal("24.9")),
        (25, "USD", Decimal(25)),
        (Decimal("-3.05"), "USD", Decimal("-3.05")),
        ("1980", "JPY", Decimal(1980)),
        ("1.234", "TND", Decimal("1.234")),
    ],
)
def test_money_keeps_the_amount_exactly(amount, currency, exact):
    assert money(amount, currency) == Money(exact, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "message"),
    [
        (24.9, "EUR", "24.9 is no exact amount (write it as text, such as '24.90')"),
        (True, "EUR", "True is no exact amount (write it as text, such as '24.90')"),
        (None, "EUR", "None is no exact amount (write it as text, such as '24.90')"),
        ("24,90", "EUR", "'24,90' is no amount (write it like '24.90')"),
        ("", "EUR", "'' is no amount (write it like '24.90')"),
        ("NaN", "EUR", "an amount is not finite or has too many digits (use at most 24)"),
        ("Infinity", "EUR", "an amount is not finite or has too many digits (use at most 24)"),
        ("1e400", "EUR", "an amount is not finite or has too many digits (use at most 24)"),
        (10**24, "JPY", "an amount is not finite or has too many digits (use at most 24)"),
        ("24.905", "EUR", "24.905 has too many decimals for EUR (EUR has 2 decimals; round it first)"),
        ("0.5", "JPY", "0.5 has too many decimals for JPY (JPY has no decimals; round it first)"),
        ("1", "EURO", "unknown currency 'EURO' (did you mean 'EUR'?)"),
        ("1", "eur", "unknown currency 'eur' (did you mean 'EUR'?)"),
        ("1", "", "unknown currency '' (write an ISO 4217 code such as EUR)"),
    ],
)
def test_money_refuses_what_is_not_exact(amount, currency, message):
    with pytest.raises(MoneyError) as caught:
        money(amount, currency)
    assert str(caught.value) == message


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("TRY", 2), ("JPY", 0), ("KRW", 0), ("TND", 3)])
def test_currency_has_the_decimals_of_iso_4217(currency, places):
    assert decimals(currency) == places


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(CURRENCIES)))
def test_minor_units_and_money_are_inverse(amount, currency):
    assert to_minor(from_minor(amount, currency)) == amount


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["EUR", "USD", "TND"]))
def test_money_and_minor_units_are_inverse(amount, currency):
    exact = money(amount, currency)
    assert from_minor(to_minor(exact), currency) == exact


def test_total_adds_amounts_of_one_currency():
    assert total([money("0.10", "EUR"), money("0.20", "EUR"), money(3, "EUR")]) == money("3.30", "EUR")


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        (
            [money(1, "USD"), money(1, "EUR"), money(2, "USD")],
            "cannot add EUR and USD (add up each currency by itself)",
        ),
        ([], "nothing to add (give at least one amount: a sum of none has no currency)"),
    ],
)
def test_total_refuses_amounts_that_do_not_add_up(amounts, message):
    with pytest.raises(MoneyError) as caught:
        total(amounts)
    assert str(caught.value) == message
