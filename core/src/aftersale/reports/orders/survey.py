"""Survey: what all rows of an order file together say of how each is to be read."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from attrs import evolve, frozen

from aftersale.reports.orders.meaning import Meaning
from aftersale.reports.sheets import dates
from aftersale.reports.sheets.numbers import NumberStyle, StyleEvidence

_OF_ORDERS = ("status", "marketplace", "channel", "currency", "buyer")
"""What is said of a whole order, by some shops in its first row alone."""
_AMOUNTS = ("price", "discount", "landed_cost")


@frozen(eq=False)
class Survey:
    """How a file's rows are read: the meaning with the file's number style, and what its first rows say of orders.

    `firsts` has for each column of `_OF_ORDERS` with empty cells the first word of each order. `decimal_ids` says that
    every order number ends in `.0`. `date_formats` are those that read the dates, where most are not as declared;
    `day_formats` those by which promises are whole days, where all stand at midnight. `swapped_dates` counts purchases
    that two formats read as different days; `utc_days` says that all of them are midnights of UTC.
    """

    meaning: Meaning
    firsts: tuple[pl.DataFrame, ...]
    decimal_ids: bool
    date_formats: tuple[str, ...]
    day_formats: tuple[str, ...]
    swapped_dates: int
    utc_days: bool

    @classmethod
    def of(cls, pages: Sequence[pl.DataFrame], meaning: Meaning) -> Survey:
        """Look through the pages of a file."""
        ids = pl.concat([page["order"] for page in pages])
        ids = ids.filter(ids != "")
        decimal_ids = bool(len(ids)) and bool(ids.str.contains(r"^[0-9]+\.0$").all())
        long_ids = ids.filter(ids.str.contains("^[0-9]{16,}$")).unique()
        rounded = len(long_ids) > 1 and bool(long_ids.str.contains("^[0-9]{15}0+$").all())
        firsts = tuple(
            _first_words(pages, key) for key in _OF_ORDERS if key in pages[0].columns and _has_gaps(pages, key)
        )
        complete = evolve(meaning, style=_style(pages, meaning), rounded=rounded)
        bought = _texts(pages, "purchased_at")
        return cls(
            complete,
            firsts,
            decimal_ids,
            _date_formats(pages, meaning),
            _day_formats(pages, meaning),
            dates.swapped(bought, meaning.form.date_formats),
            dates.are_utc_days(bought, meaning.form.date_formats),
        )

    def completed(self, page: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with what their order's first row says, and with order numbers as whole ones."""
        for first_words in self.firsts:
            key = next(name for name in first_words.columns if name not in ("order", "first"))
            page = page.join(first_words.drop(key), on="order", how="left")
            empty = (pl.col(key) == "") & pl.col("first").is_not_null()
            filled = pl.when(empty).then(pl.col("first")).otherwise(pl.col(key)).alias(key)
            page = page.with_columns(filled).drop("first").sort("line")
        if self.decimal_ids:
            page = page.with_columns(pl.col("order").str.strip_suffix(".0"))
        return page


def _has_gaps(pages: Sequence[pl.DataFrame], key: str) -> bool:
    empty = [page[key] == "" for page in pages]
    return any(mask.any() for mask in empty) and not all(mask.all() for mask in empty)


def _first_words(pages: Sequence[pl.DataFrame], key: str) -> pl.DataFrame:
    says = (pl.col(key) != "") & (pl.col("order") != "")
    words = pl.concat([page.select("order", key).filter(says) for page in pages])
    return words.unique("order", keep="first", maintain_order=True).with_columns(pl.col(key).alias("first"))


def _style(pages: Sequence[pl.DataFrame], meaning: Meaning) -> NumberStyle:
    form = meaning.form
    if form.decimal is not None:
        return NumberStyle(form.decimal, form.thousands)
    evidence = StyleEvidence()
    for page in pages:
        decimals = meaning.decimals(page)
        for key in _AMOUNTS:
            if key in page.columns:
                evidence.add(page[key], decimals)
    return evidence.style(form.thousands)


def _date_formats(pages: Sequence[pl.DataFrame], meaning: Meaning) -> tuple[str, ...]:
    """Return the formats by which the dates could be read, where most cannot be as the format says."""
    return dates.likely_formats(_texts(pages, "purchased_at"), meaning.form.date_formats)


def _day_formats(pages: Sequence[pl.DataFrame], meaning: Meaning) -> tuple[str, ...]:
    """Return the formats by which promises are whole days, where all of them stand at midnight."""
    if "promised_at" not in meaning.present:
        return ()
    return dates.day_formats(_texts(pages, "promised_at"), meaning.form.date_formats)


def _texts(pages: Sequence[pl.DataFrame], key: str) -> pl.Series:
    texts = pl.concat([page[key] for page in pages])
    return texts.filter(texts != "")
