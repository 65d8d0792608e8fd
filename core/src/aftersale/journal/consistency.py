"""Consistency: contradictions between orders and facts whose rows are valid by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from aftersale.base.errors import MoneyError, Problem
from aftersale.base.money import decimals
from aftersale.journal.columns import SHOWN, counted

_MOST = {"marketplace": np.iinfo(np.int16).max, "channel": np.iinfo(np.int8).max, "category": np.iinfo(np.int16).max}
"""How many different words a column may have: orders keep them as numbers of this size."""


def inconsistencies(where: str, orders: pl.DataFrame, facts: pl.DataFrame) -> Iterator[Problem]:
    """Yield the contradictions in the checked columns of a journal, the first of each sort one by one."""
    is_twice = orders["order"].is_duplicated()
    yield from _order_problems(where, orders, is_twice)
    stores = orders.select("order", pl.col("marketplace").alias("store"))
    if is_twice.any():
        stores = stores.unique("order", keep="first")
    matched = facts.select("order", "marketplace").join(stores, on="order", how="left")
    orphans = matched.filter(pl.col("store").is_null())
    yield from _problems(
        where, orphans["order"], "fact about order {}", "orders do not have it", "add the order, or leave the fact out"
    )
    strangers = matched.filter(pl.col("store") != pl.col("marketplace"))
    hint = "a fact belongs to the marketplace of its order"
    yield from _problems(where, strangers["order"], "fact about order {}", "is of another marketplace", hint)
    early = facts.filter(pl.col("known_at") < pl.col("occurred_at"))
    hint = "known_at is the same as occurred_at, or later"
    yield from _problems(where, early["order"], "fact about order {}", "is known before it happened", hint)
    negative = facts.filter(pl.col("amount") < 0)
    hint = "write what was paid, and name the fact for which way it went"
    yield from _problems(where, negative["order"], "fact about order {}", "has a negative amount", hint)
    shared = facts.select("case", "order").filter(pl.col("case") != "").unique()
    shared = shared.filter(pl.col("case").is_duplicated())
    yield from _problems(
        where, shared["case"], "case {}", "is about more than one order", "give each order its own case"
    )


def _order_problems(where: str, orders: pl.DataFrame, is_twice: pl.Series) -> Iterator[Problem]:
    twice = orders["order"].filter(is_twice)
    yield from _problems(where, twice, "order {}", "stands there more than once", "keep one row per order")
    pairs = orders.select("marketplace", "currency").unique()
    mixed = pairs.filter(pl.col("marketplace").is_duplicated())
    hint = "keep to one currency in each marketplace"
    yield from _problems(where, mixed["marketplace"], "marketplace {}", "has orders in several currencies", hint)
    yield from _currency_problems(where, orders)
    negative = orders.filter(pl.col("landed_cost") < 0)
    hint = "write what its goods cost in minor units, or leave it empty where that is not known"
    yield from _problems(where, negative["order"], "order {}", "has a landed cost below zero", hint)
    for name, most in _MOST.items():
        if (count := orders[name].n_unique()) > most:
            yield Problem(where, name, f"holds {count} different words", f"at most {most}")


def _currency_problems(where: str, orders: pl.DataFrame) -> Iterator[Problem]:
    firsts = orders.select("order", "currency").unique("currency", keep="first").sort("currency").rows()
    unknown = [(order, currency) for order, currency in firsts if not _is_currency(currency)]
    hint = "write the code of ISO 4217, such as EUR"
    problems = [
        Problem(where, f"order {order!r}, currency", "is unknown", hint, repr(currency))
        for order, currency in unknown[:SHOWN]
    ]
    if problems:
        yield from counted(problems, len(unknown))


def _is_currency(name: str) -> bool:
    try:
        decimals(name)
    except MoneyError:
        return False
    return True


def _problems(where: str, names: pl.Series, path: str, what: str, hint: str) -> Iterator[Problem]:
    distinct = names.unique().sort()
    problems = [Problem(where, path.format(repr(name)), what, hint) for name in distinct.head(SHOWN)]
    if problems:
        yield from counted(problems, len(distinct))
