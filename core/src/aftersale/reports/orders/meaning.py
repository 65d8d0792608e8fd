"""Meaning: the typed columns of an order file's rows, and the reasons for which a row is not used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import polars as pl
from attrs import define, frozen

from aftersale.base.money import decimals
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders import cells
from aftersale.reports.orders.formats import KEYS, OrderFormat
from aftersale.reports.orders.text import GARBAGE

Outcome = Literal["skipped", "rejected"]

_MOMENTS = {"purchased_at": "purchased", "promised_at": "promised", "delivered_at": "delivered"}
_FREE_TEXT = ("order", "sku", "buyer", "category")


@frozen
class Check:
    """One reason to leave a row out: the word of ours that it is about, and the expression that finds such rows."""

    outcome: Outcome
    key: str
    reason: str
    failed: pl.Expr


@define(eq=False, slots=False)
class Meaning:
    """How the rows of one format are read; `places` are the known marketplaces.

    `present` are those of our words that the file has a column for.
    """

    form: OrderFormat
    places: tuple[Marketplace, ...]
    present: frozenset[str]

    def typed(self, text: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with their typed columns, and as `check` the index of the first of `checks` that a row fails.

        Takes one column of text per word of ours that is present. Adds `place` and `channel_code` (indices),
        `cancel`, `units`, `micros` (the line's price in millionths), `scale` (millionths per smallest unit of
        the currency) and, as times in UTC, `purchased`, `promised` and `delivered`.
        """
        filled = text.with_columns(pl.lit("").alias(key) for key in KEYS if key not in self.present)
        typed = filled.with_columns(self._defaults()).with_columns(self._words())
        rows = typed.with_columns(self._counts())
        failures = [pl.when(check.failed).then(pl.lit(code, pl.Int16)) for code, check in enumerate(self.checks)]
        return rows.with_columns(check=pl.coalesce(failures))

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The channels by their codes."""
        constant = [name for name in (self.form.values.channel,) if name]
        return tuple(dict.fromkeys([*self.form.channels.values(), *constant]))

    @cached_property
    def _place_codes(self) -> dict[str, int]:
        codes = {place.name: code for code, place in enumerate(self.places)}
        words = {word: codes[place.name] for place in self.places for word in place.sales_channels}
        mapped = {word: codes[name] for word, name in self.form.marketplaces.items() if name in codes}
        return {**words, **codes, **mapped}

    @cached_property
    def _channel_codes(self) -> dict[str, int]:
        codes = {name: code for code, name in enumerate(self.channels)}
        return {**codes, **{word: codes[name] for word, name in self.form.channels.items()}}

    @cached_property
    def _zones(self) -> dict[str, list[int]]:
        zones: defaultdict[str, list[int]] = defaultdict(list)
        for code, place in enumerate(self.places):
            zones[self.form.values.zone or place.zone].append(code)
        return zones

    def _defaults(self) -> Iterator[pl.Expr]:
        for key in ("marketplace", "channel", "currency", "category"):
            value = getattr(self.form.values, key)
            if value is not None:
                yield pl.when(pl.col(key) == "").then(pl.lit(value)).otherwise(pl.col(key)).alias(key)

    def _words(self) -> Iterator[pl.Expr]:
        yield cells.code_of(pl.col("marketplace"), self._place_codes).alias("place")
        yield cells.code_of(pl.col("channel"), self._channel_codes).alias("channel_code")
        mark = self.form.cancelled
        marked = pl.col(mark.column).str.starts_with(mark.starts_with) if mark else pl.lit(False)
        yield marked.alias("cancel")
        units = cells.whole_number(pl.col("quantity")) if "quantity" in self.present else pl.lit(1, pl.Int64)
        yield units.alias("units")
        yield cells.millionths(pl.col("price"), self.form.decimal).alias("unit_price")
        for key, name in _MOMENTS.items():
            utc, naive = cells.times(pl.col(key), self.form.date_formats, day_end=name != "purchased")
            yield utc.alias(f"{name}_utc")
            yield naive.alias(f"{name}_naive")

    def _counts(self) -> Iterator[pl.Expr]:
        many = pl.col("units").abs() if self.form.price_is == "unit" else pl.lit(1, pl.Int64)
        yield cells.line_total(pl.col("unit_price"), many).alias("micros")
        currencies = [place.currency for place in self.places]
        yield self._by_place([10 ** (6 - decimals(name)) for name in currencies], pl.Int64).alias("scale")
        yield self._by_place(currencies, pl.String).alias("home_currency")
        for name in _MOMENTS.values():
            local = cells.in_zones(pl.col(f"{name}_naive"), pl.col("place"), self._zones)
            yield pl.coalesce(pl.col(f"{name}_utc"), local).alias(name)

    def _by_place(self, values: list[int] | list[str], kind: type[pl.DataType]) -> pl.Expr:
        codes = list(range(len(values)))
        return pl.col("place").replace_strict(codes, values, default=None, return_dtype=kind)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The reasons to leave a row out, in order: skips first, for a row that is no sale need not be well-formed."""
        return (*self._skips(), *self._rejections(), *self._bad_times())

    def _skips(self) -> Iterator[Check]:
        for key, word in self.form.skipped_words():
            if key in self.present:
                same = pl.col(key).str.to_lowercase() == word.lower()
                yield Check("skipped", key, f"{self.form.columns.headers[key]} is {word}", same)

    def _rejections(self) -> Iterator[Check]:
        units, price, cancel = pl.col("units"), pl.col("unit_price"), pl.col("cancel")
        rejections = [
            ("order", "no order id", pl.col("order") == ""),
            *((key, "characters that cannot be read", _is_garbled(key)) for key in _FREE_TEXT),
            ("marketplace", "no marketplace that an installed plugin knows", pl.col("place").is_null()),
            ("channel", "no channel of the format's channels", pl.col("channel_code").is_null()),
            ("currency", "not the currency of the marketplace", self._foreign()),
            ("quantity", "not a whole number", units.is_null()),
            ("quantity", "a quantity of nothing", units == 0),
            ("quantity", "below zero, but not marked as cancelled", (units < 0) & ~cancel),
            ("price", "no price", pl.col("price") == ""),
            ("price", "not a decimal number", price.is_null()),
            ("price", "below zero, but not marked as cancelled", (price < 0) & ~cancel),
            ("price", "larger than any price", pl.col("micros").is_null()),
            ("price", "more decimals than the currency has", pl.col("micros") % pl.col("scale") != 0),
        ]
        yield from (Check("rejected", key, reason, failed) for key, reason, failed in rejections)

    def _foreign(self) -> pl.Expr:
        currency = pl.col("currency")
        return (currency != "") & (currency.str.to_uppercase() != pl.col("home_currency"))

    def _bad_times(self) -> Iterator[Check]:
        for key, name in _MOMENTS.items():
            text, naive, time = pl.col(key), pl.col(f"{name}_naive"), pl.col(name)
            expected = text.is_not_null() if name == "purchased" else text != ""
            reason = "a time that the clocks skipped there"
            yield Check("rejected", key, reason, expected & naive.is_not_null() & time.is_null())
            yield Check("rejected", key, "not a date", expected & time.is_null())
            if name != "purchased":
                yield Check("rejected", key, "before the purchase", time < pl.col("purchased"))


def _is_garbled(key: str) -> pl.Expr:
    return pl.col(key).str.contains(f"[{GARBAGE}\\x00]")
