"""Meaning: the typed columns of an order file's rows, and the reasons for which a row is not used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, get_args

import polars as pl
from attrs import define, frozen

from aftersale.base.money import decimals
from aftersale.channels import CHANNELS
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import KEYS, OrderFormat, State
from aftersale.reports.sheets import cells, numbers
from aftersale.reports.sheets.numbers import POINT, NumberStyle
from aftersale.reports.sheets.text import GARBAGE

Outcome = Literal["skipped", "rejected"]

MOMENTS = {
    "purchased_at": "purchased",
    "promised_at": "promised",
    "delivered_at": "delivered",
    "ship_by": "due",
    "shipped_at": "shipped",
    "cancelled_at": "cancelled",
}
"""Our words for instants, each with the column that has it."""
_DAY_ENDS = tuple(key for key in MOMENTS if key != "purchased_at")
_AMOUNTS = ("price", "discount", "landed_cost")
_NUMBERS = (*_AMOUNTS, "quantity")
_LIMITS = ("promised_at", "ship_by")
_MARKS = ("cross_border", "exempt", "tracked")
_FREE_TEXT = ("order", "sku", "buyer", "category", "status", "item_status")
_OPEN = "could be one or a thousand: say decimal in the mapping"
_USUAL = 2
"""Decimals of most currencies."""
_SHORTENED = r"^[0-9](?:[.,][0-9]+)?[Ee]\+?[0-9]+$"
"""A long number as a spreadsheet shows it: what it leaves out is lost."""


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

    `present` are those of our words that the file has a column for; `style` is how it writes numbers.
    """

    form: OrderFormat
    places: tuple[Marketplace, ...]
    present: frozenset[str]
    style: NumberStyle = POINT
    rounded: bool = False

    def typed(self, text: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with their typed columns, and as `check` the index of the first of `checks` that a row fails.

        Takes one column of text per word of ours that is present. Adds `place` and `channel_code` (indices),
        `cancel`, `units`, `micros` (the line's price in millionths, less its discount), `landed_micros` (what its goods
        cost, null where that is not told), `scale` (millionths per smallest unit of the currency), `state` (an index
        into the states, null for none), and as times in UTC the values of `MOMENTS`.
        """
        filled = text.with_columns(pl.lit("").alias(key) for key in KEYS if key not in self.present)
        plain = {key for key in _NUMBERS if key in self.present and numbers.is_plain(text[key], self.style)}
        typed = filled.with_columns(self._defaults()).with_columns(self._words(plain))
        rows = typed.with_columns(self._counts())
        failures = [pl.when(check.failed).then(pl.lit(code, pl.Int16)) for code, check in enumerate(self.checks)]
        return rows.with_columns(check=pl.coalesce(failures))

    def decimals(self, text: pl.DataFrame) -> pl.Series:
        """Return for each row how many decimals its marketplace's currency has; the usual two where that is unknown."""
        filled = text if "marketplace" in text.columns else text.with_columns(pl.lit("").alias("marketplace"))
        place = cells.code_of(self._default("marketplace"), self._place_codes)
        codes, places = list(range(len(self.places))), [decimals(place.currency) for place in self.places]
        known = place.replace_strict(codes, places, default=_USUAL, return_dtype=pl.Int64)
        return filled.select(known.alias("decimals")).to_series()

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The channels by their codes."""
        return CHANNELS

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

    def _default(self, key: str) -> pl.Expr:
        value = getattr(self.form.values, key)
        return pl.col(key) if value is None else pl.when(pl.col(key) == "").then(pl.lit(value)).otherwise(pl.col(key))

    def _defaults(self) -> Iterator[pl.Expr]:
        for key in ("marketplace", "channel", "currency", "category"):
            yield self._default(key).alias(key)

    def _words(self, plain: Collection[str]) -> Iterator[pl.Expr]:
        """Yield the values of the cells by themselves; numbers of the columns in `plain` are read the short way."""
        yield self._code("marketplace", self._place_codes).alias("place")
        yield self._code("channel", self._channel_codes).alias("channel_code")
        mark = self.form.cancelled
        marked = pl.col(mark.column).str.starts_with(mark.starts_with) if mark else pl.lit(False)
        yield marked.alias("cancel")
        yield self._units("quantity" in plain).alias("units")
        yield self._amount("price", plain).alias("unit_price")
        yield self._amount("discount", plain).abs().alias("discount_micros")
        yield self._amount("landed_cost", plain).alias("unit_cost")
        for key in _AMOUNTS:
            bare = key in plain or key not in self.present
            yield (pl.lit("") if bare else numbers.sign_of(pl.col(key)).fill_null("")).alias(f"{key}_sign")
        yield self._state().alias("state")
        for key in _MARKS:
            yield (cells.truth(pl.col(key)) if key in self.present else pl.lit(None, pl.Boolean)).alias(f"is_{key}")
        for key, name in MOMENTS.items():
            utc, naive = self._times(key)
            yield utc.alias(f"{name}_utc")
            yield naive.alias(f"{name}_naive")

    def _code(self, key: str, codes: Mapping[str, int]) -> pl.Expr:
        """Return the code of a word of the file, or that of the constant in its place."""
        if key in self.present:
            return cells.code_of(pl.col(key), codes)
        return pl.lit(codes.get(getattr(self.form.values, key)), pl.Int64)

    def _units(self, plain: bool) -> pl.Expr:
        if "quantity" not in self.present:
            return pl.lit(1, pl.Int64)
        if not plain:
            return numbers.whole_number(pl.col("quantity"), self.style)
        micros = numbers.plain_millionths(pl.col("quantity"))
        whole = (micros % numbers.MILLION == 0) & (micros.abs() < 10**9 * numbers.MILLION)
        return pl.when(whole).then(micros // numbers.MILLION)

    def _amount(self, key: str, plain: Collection[str]) -> pl.Expr:
        if key not in self.present:
            return pl.lit(None, pl.Int64)
        return numbers.plain_millionths(pl.col(key)) if key in plain else numbers.millionths(pl.col(key), self.style)

    def _times(self, key: str) -> tuple[pl.Expr, pl.Expr]:
        if key not in self.present:
            return pl.lit(None, pl.Datetime("us", "UTC")), pl.lit(None, pl.Datetime("us"))
        return cells.times(pl.col(key), self._date_formats(key), day_end=key in _DAY_ENDS)

    def _date_formats(self, key: str) -> Sequence[str]:
        """Return the date formats in the order in which they are tried.

        A format that reads midnights as days is for what is meant by the day: what happened at midnight was then.
        """
        formats = self.form.date_formats
        return formats if key in _LIMITS else sorted(formats, key=lambda form: not cells.has_time(form))

    def _state(self) -> pl.Expr:
        states = [
            pl.when(cells.is_status(pl.col("status"), word)).then(pl.lit(code, pl.Int8))
            for code, state in enumerate(get_args(State))
            for word in self.form.states.get(state, ())
        ]
        return pl.coalesce([*states, pl.lit(None, pl.Int8)])

    def _counts(self) -> Iterator[pl.Expr]:
        many = pl.col("units").abs() if self.form.price_is == "unit" else pl.lit(1, pl.Int64)
        currencies = [place.currency for place in self.places]
        scale = self._by_place([10 ** (6 - decimals(name)) for name in currencies], pl.Int64)
        gross = numbers.line_total(pl.col("unit_price"), many)
        net = gross - pl.when(gross < 0).then(0).otherwise(pl.col("discount_micros").fill_null(0))
        cost = numbers.line_total(pl.col("unit_cost"), many)
        for amount, name in ((net, "micros"), (cost, "landed_micros")):
            yield (amount * scale // numbers.MILLION if self.form.price_in == "minor" else amount).alias(name)
        yield scale.alias("scale")
        yield self._by_place(currencies, pl.String).alias("home_currency")
        for key, name in MOMENTS.items():
            if key not in self.present:
                yield pl.col(f"{name}_utc").alias(name)
                continue
            local = cells.in_zones(pl.col(f"{name}_naive"), pl.col("place"), self._zones)
            yield pl.coalesce(pl.col(f"{name}_utc"), local).alias(name)

    def _by_place(self, values: list[int] | list[str], kind: type[pl.DataType]) -> pl.Expr:
        codes = list(range(len(values)))
        return pl.col("place").replace_strict(codes, values, default=None, return_dtype=kind)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The reasons to leave a row out, in order: skips first, for a row that is no sale need not be well-formed."""
        return (*self._skips(), *self._rejections(), *self._bad_prices(), *self._bad_costs(), *self._bad_times())

    def _skips(self) -> Iterator[Check]:
        for key, word in self.form.skipped_words():
            if key in self.present:
                same = cells.is_status if key in ("status", "item_status") else cells.is_word
                header = self.form.columns.headers[key]
                yield Check("skipped", key, f"{header} is {word}", same(pl.col(key), word))

    def known_status(self) -> pl.Expr:
        """Whether a status is one that the format knows."""
        states = [word for words in self.form.states.values() for word in words]
        known = [cells.is_status(pl.col("status"), word) for word in (*self.form.known_status, *states)]
        return pl.any_horizontal(pl.col("status") == "", *known)

    def _rejections(self) -> Iterator[Check]:
        units, cancel = pl.col("units"), pl.col("cancel")
        rejections = [
            ("order", "no order id", pl.col("order") == ""),
            ("order", "an order id that a spreadsheet has shortened", self._shortened()),
            *((key, "characters that cannot be read", _is_garbled(key)) for key in _FREE_TEXT if key in self.present),
            ("marketplace", "no marketplace that an installed plugin knows", pl.col("place").is_null()),
            ("channel", "no channel of the format's channels", pl.col("channel_code").is_null()),
            ("currency", "not the currency of the marketplace", self._foreign()),
            ("quantity", _OPEN, self._open("quantity")),
            ("quantity", "not a whole number", units.is_null()),
            ("quantity", "a quantity of nothing", units == 0),
            ("quantity", "below zero, but not marked as cancelled", (units < 0) & ~cancel),
            *((key, "neither true nor false", _is_no_truth(key)) for key in _MARKS if key in self.present),
        ]
        yield from (Check("rejected", key, reason, failed) for key, reason, failed in rejections)

    def _shortened(self) -> pl.Expr:
        shortened = pl.col("order").str.contains(_SHORTENED)
        return shortened | pl.col("order").str.contains(r"^[0-9]{15}0+$") if self.rounded else shortened

    def _foreign(self) -> pl.Expr:
        currency = pl.col("currency")
        return (currency != "") & (currency.str.to_uppercase() != pl.col("home_currency"))

    def _open(self, key: str) -> pl.Expr:
        """Whether a number could be one or a thousand, and nothing in the file or the currency says which."""
        if not self.style.open:
            return pl.lit(False)
        coarse: pl.Expr = pl.col("scale") > 10 ** (6 - numbers.FINE)
        return numbers.is_open(pl.col(key)).fill_null(False) & coarse

    def _bad_prices(self) -> Iterator[Check]:
        price, discount, cancel = pl.col("unit_price"), pl.col("discount"), pl.col("cancel")
        foreign = {key: self._foreign_sign(key) for key in ("price", "discount")}
        scale = pl.col("scale") if self.form.price_in == "major" else pl.lit(1, pl.Int64)
        fraction = price % numbers.MILLION if self.form.price_in == "minor" else pl.col("micros") % scale
        rejections = [
            ("price", "no price", pl.col("price") == ""),
            ("price", _OPEN, self._open("price")),
            ("price", "not a decimal number", price.is_null()),
            ("price", "a currency sign that is not the marketplace's", foreign["price"]),
            ("price", "below zero, but not marked as cancelled", (price < 0) & ~cancel),
            ("discount", "not a decimal number", (discount != "") & pl.col("discount_micros").is_null()),
            ("discount", "a percentage, or a currency sign that is not the marketplace's", foreign["discount"]),
            ("discount", _OPEN, self._open("discount")),
            ("price", "larger than any price", pl.col("micros").is_null()),
            ("discount", "more than the price", (pl.col("micros") < 0) & ~cancel),
            ("price", "more decimals than the currency has", fraction != 0),
        ]
        yield from (Check("rejected", key, reason, failed) for key, reason, failed in rejections)

    def _bad_costs(self) -> Iterator[Check]:
        """Yield what is wrong with a landed cost; an empty one is not told, and one between two cents is rounded."""
        told, cost = pl.col("landed_cost") != "", pl.col("unit_cost")
        rejections = [
            (_OPEN, self._open("landed_cost")),
            ("not a decimal number", told & cost.is_null()),
            ("a percentage, or a currency sign that is not the marketplace's", self._foreign_sign("landed_cost")),
            ("below zero, but not marked as cancelled", (cost < 0) & ~pl.col("cancel")),
            ("larger than any price", told & pl.col("landed_micros").is_null()),
        ]
        yield from (Check("rejected", "landed_cost", reason, failed) for reason, failed in rejections)

    def _foreign_sign(self, key: str) -> pl.Expr:
        """Whether an amount has a sign that is not of its marketplace's currency."""
        return ~numbers.belongs(pl.col(f"{key}_sign"), pl.col("place"), self._signs)

    @cached_property
    def _signs(self) -> list[set[str]]:
        own_signs = [word.lower() for word in self.form.currency_signs]
        return [{*numbers.currency_signs(place.currency, place.country), *own_signs} for place in self.places]

    def _bad_times(self) -> Iterator[Check]:
        for key, name in MOMENTS.items():
            if key not in self.present:
                continue
            text, naive, time = pl.col(key), pl.col(f"{name}_naive"), pl.col(name)
            expected = pl.lit(True) if name == "purchased" else text != ""
            reason = "a time that the clocks skipped there"
            yield Check("rejected", key, reason, expected & naive.is_not_null() & time.is_null())
            yield Check("rejected", key, "not a date", expected & time.is_null())
            if name != "purchased":
                yield Check("rejected", key, "before the purchase", time < pl.col("purchased"))


def _is_garbled(key: str) -> pl.Expr:
    return pl.col(key).str.contains(f"[{GARBAGE}\\x00]")


def _is_no_truth(key: str) -> pl.Expr:
    return (pl.col(key) != "") & pl.col(f"is_{key}").is_null()
