"""Contradictions: what cannot be true of orders and facts together, though each row by itself could be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from aftersale.base.errors import MoneyError, Problem
from aftersale.base.money import decimals
from aftersale.journal.columns import SHOWN, counted

_MOST = {"marketplace": np.iinfo(np.int16).max, "channel": np.iinfo(np.int8).max, "category": np.iinfo(np.int16).max}
"""How many different words a column may have: orders keep them as numbers of this size."""


def contradictions(where: str, orders: pl.DataFrame, facts: pl.DataFrame) -> Iterator[Problem]:
    """Yield what the checked columns of a journal say against each other, the first of each sort one by one."""
    yield from _of_orders(where, orders)
    ours = orders.select("order", pl.col("marketplace").alias("store")).unique("order", keep="first")
    matched = facts.join(ours, on="order", how="left")
    orphans = matched.filter(pl.col("store").is_null())
    yield from _told(
        where, orphans["order"], "fact about order {}", "orders do not have it", "add the order, or leave the fact out"
    )
    strangers = matched.filter(pl.col("store") != pl.col("marketplace"))
    hint = "a fact belongs to the marketplace of its order"
    yield from _told(where, strangers["order"], "fact about order {}", "is of another marketplace", hint)
    early = facts.filter(pl.col("known_at") < pl.col("occurred_at"))
    hint = "known_at is the same as occurred_at, or later"
    yield from _told(where, early["order"], "fact about order {}", "is known before it happened", hint)
    negative = facts.filter(pl.col("amount") < 0)
    hint = "write what was paid, and name the fact for which way it went"
    yield from _told(where, negative["order"], "fact about order {}", "has a negative amount", hint)
    shared = facts.filter(pl.col("case") != "").unique(["case", "order"])
    shared = shared.filter(pl.col("case").is_duplicated())
    yield from _told(where, shared["case"], "case {}", "is about more than one order", "give each order its own case")


def _of_orders(where: str, orders: pl.DataFrame) -> Iterator[Problem]:
    twice = orders.filter(pl.col("order").is_duplicated())
    yield from _told(where, twice["order"], "order {}", "stands there more than once", "keep one row per order")
    pairs = orders.select("marketplace", "currency").unique()
    mixed = pairs.filter(pl.col("marketplace").is_duplicated())
    hint = "keep to one currency in each marketplace"
    yield from _told(where, mixed["marketplace"], "marketplace {}", "has orders in several currencies", hint)
    unknown = pairs["currency"].unique().sort().to_list()
    named = pl.Series([name for name in unknown if not _is_currency(name)], dtype=pl.String)
    yield from _told(where, named, "currency {}", "is unknown", "write the code of ISO 4217, such as EUR")
    for name, most in _MOST.items():
        if (found := orders[name].n_unique()) > most:
            yield Problem(where, name, f"holds {found} different words", f"at most {most}")


def _is_currency(name: str) -> bool:
    try:
        decimals(name)
    except MoneyError:
        return False
    return True


def _told(where: str, names: pl.Series, path: str, what: str, hint: str) -> Iterator[Problem]:
    different = names.unique().sort()
    problems = [Problem(where, path.format(repr(name)), what, hint) for name in different.head(SHOWN)]
    if problems:
        yield from counted(problems, len(different))
