"""Catalogue: what one unit of each product costs the seller, for the lines of an order file that do not tell it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path

import polars as pl
from attrs import field, frozen

from aftersale.base.errors import DocumentError, MoneyError, Problem, did_you_mean
from aftersale.base.money import decimals
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.headers import format_words
from aftersale.reports.sheets import numbers
from aftersale.reports.sheets.layout import (
    DELIMITERS,
    Layout,
    find_layout,
    looks_like_data,
    missing_headers,
    normalised,
    top,
)
from aftersale.reports.sheets.rows import Rows
from aftersale.reports.sheets.text import GARBAGE, encoding_of

NEEDED = ("product", "landed_cost")
_CURRENCY = "currency"
_ENCODINGS = ("utf-8-sig",)
_PAGE = 1 << 16
_KEPT = 100
"""How many rows of one mistake are named; of more of them only the number."""
_AMOUNT = r"^-?[0-9]{1,12}(?:\.[0-9]{1,6}0*)?$"
_BETWEEN = "\0"
"""What parts a product from its currency in a key; no cell has it."""


@frozen
class CatalogueUse:
    """What a catalogue came to in an order file.

    `orders` counts those of which it told what some line cost, so that the cost of all is known; `missing` those of
    which a line's cost is still unknown. `unsold` are its products that no line has, of `products` in all, and
    `currencies` those in which amounts without a currency of their own were taken.
    """

    source: str
    products: int
    orders: int
    missing: int
    unsold: tuple[str, ...]
    currencies: tuple[str, ...]


@frozen(eq=False)
class Catalogue:
    """What one unit of each product costs: `costs` has `product`, `currency` and `micros`, in millionths.

    An empty currency is that of the marketplace on which the order was placed.
    """

    source: str
    costs: pl.DataFrame = field(repr=False)

    def priced(self, sales: pl.DataFrame, places: Sequence[Marketplace]) -> tuple[pl.DataFrame, CatalogueUse]:
        """Return the lines with what their units cost by the catalogue, where they do not tell it themselves."""
        rows = sales.with_columns(*self._unit_costs(places))
        unit_cost, scale = pl.coalesce("named", "unnamed"), pl.col("scale")
        cost = (numbers.line_total(unit_cost, pl.col("quantity")) + scale // 2) // scale
        rows = rows.with_columns(
            pl.coalesce("landed_cost", cost).alias("landed_cost"),
            pl.col("landed_cost").is_null().alias("open"),
            unit_cost.is_not_null().alias("listed"),
        )
        return rows.select(sales.columns), self._use(rows)

    def _unit_costs(self, places: Sequence[Marketplace]) -> Iterator[pl.Expr]:
        """Yield what one unit of a line's product costs, in the currency of its marketplace and without any."""
        codes, currencies = list(range(len(places))), [place.currency for place in places]
        scales = [10 ** (6 - decimals(currency)) for currency in currencies]
        currency = pl.col("place").replace_strict(codes, currencies, return_dtype=pl.String)
        keys = self.costs.select(_key("product", pl.col("currency"))).to_series()
        for name, word in (("named", currency), ("unnamed", pl.lit(""))):
            found = _key("sku", word).replace_strict(keys, self.costs["micros"], default=None, return_dtype=pl.Int64)
            yield found.alias(name)
        yield currency.alias("currency")
        yield pl.col("place").replace_strict(codes, scales, return_dtype=pl.Int64).alias("scale")

    def _use(self, rows: pl.DataFrame) -> CatalogueUse:
        missing, was_open = pl.col("landed_cost").is_null().any(), pl.col("open").any()
        by_order = rows.group_by("order").agg(missing.alias("missing"), was_open.alias("open"))
        products = self.costs["product"].unique(maintain_order=True)
        sold = set(rows.filter("listed")["sku"].unique().to_list())
        taken = rows.filter(pl.col("open") & pl.col("named").is_null() & pl.col("unnamed").is_not_null())
        return CatalogueUse(
            self.source,
            len(products),
            by_order.filter(~pl.col("missing") & pl.col("open")).height,
            by_order.filter("missing").height,
            tuple(product for product in products.to_list() if product not in sold),
            tuple(taken["currency"].unique().sort().to_list()),
        )


def _key(product: str, currency: pl.Expr) -> pl.Expr:
    return pl.concat_str([pl.col(product), currency], separator=_BETWEEN)


def read_catalogue(path: Path | str) -> Catalogue:
    """Return the catalogue of a CSV file with the columns `product`, `landed_cost` and perhaps `currency`.

    Raises DocumentError with all its mistakes, each with its line, when it cannot be read, lacks a column, has no
    product, or a row of it cannot be used.
    """
    path = Path(path)
    layout = find_layout(path, _ENCODINGS, ",", None, lambda header: not missing_headers(header, NEEDED))
    if layout is None:
        raise _unfit(path)
    rows = Rows(layout, _places(layout, path))
    read = pl.concat(list(rows.pages(path, _PAGE)))
    if _CURRENCY not in read.columns:
        read = read.with_columns(pl.lit("").alias(_CURRENCY))
    typed = read.with_columns(
        pl.col(_CURRENCY).str.to_uppercase(),
        pl.when(pl.col("landed_cost").str.contains(_AMOUNT))
        .then(numbers.plain_millionths(pl.col("landed_cost")))
        .alias("micros"),
    )
    misshapen = [
        (row.line, Problem(str(path), f"line {row.line}", row.reason, "correct the row"))
        for row in rows.rejected.in_order()
    ]
    problems = [problem for _, problem in sorted([*misshapen, *_problems(typed, str(path))], key=itemgetter(0))]
    if not problems and not len(typed):
        problems = [Problem(str(path), "", "has no product", "add a row for each product, below the header")]
    if problems:
        raise DocumentError(str(path), tuple(problems))
    return Catalogue(str(path), typed.select("product", _CURRENCY, "micros"))


def _places(layout: Layout, path: Path) -> dict[str, int]:
    words = [normalised(word) for word in layout.header]
    wanted = {name: normalised(name) for name in (*NEEDED, _CURRENCY) if normalised(name) in words}
    twice = [name for name, word in wanted.items() if words.count(word) > 1]
    if twice:
        what = f"more than one column is called {', '.join(twice)}"
        hint = "give each column a name of its own"
        raise DocumentError(str(path), (Problem(str(path), f"line {layout.line}", what, hint),))
    return {name: words.index(word) for name, word in wanted.items()}


def _unfit(path: Path) -> DocumentError:
    """Return an error that names the columns that are missing, as the first row stands with the best delimiter."""
    encoding = encoding_of(path, _ENCODINGS)
    headers = [next((cells for _, cells in top(path, encoding, mark, True)), []) for mark in DELIMITERS]
    header = min(headers, key=lambda cells: (len(missing_headers(cells, NEEDED)), -len(cells)))
    if not header:
        hint = f"give a file whose first row names the columns: {', '.join(NEEDED)}"
        return DocumentError(str(path), (Problem(str(path), "", "has no header: it is empty", hint),))
    there = "" if looks_like_data(header) else f"columns there: {format_words(header)}"
    problems = []
    for name in missing_headers(header, NEEDED):
        hint = did_you_mean(name, header) or there or "name the columns in the first row"
        problems.append(Problem(str(path), "line 1", f"there is no column '{name}'", hint))
    return DocumentError(str(path), tuple(problems))


def _problems(rows: pl.DataFrame, source: str) -> Iterator[tuple[int, Problem]]:
    """Yield what is wrong with the rows, with the line, one kind of mistake after the other."""
    amount, micros, product = pl.col("landed_cost"), pl.col("micros"), pl.col("product")
    own = "name the product as the order file names it (its SKU)"
    exact = "write what one unit costs with a point, such as 8.75, without a currency sign"
    named = pl.col(_CURRENCY) != ""
    mistakes = (
        ("product", "is empty", own, product == ""),
        ("product", "has characters that cannot be read", "save the file in UTF-8", _is_garbled(product)),
        ("landed_cost", "is empty", exact, amount == ""),
        ("landed_cost", "is no amount", exact, (amount != "") & micros.is_null()),
        ("landed_cost", "is below zero", "goods cost 0 or more", micros < 0),
        ("landed_cost", "is larger than any price", "write what one unit costs", micros >= numbers.LARGEST),
    )
    for column, what, hint, failed in mistakes:
        yield from _of_rows(rows.filter(failed), column, what, hint, source)
    for (code,), bad_rows in rows.filter(named).group_by(_CURRENCY, maintain_order=True):
        if hint := _unknown(str(code)):
            yield from _of_rows(bad_rows, _CURRENCY, "is no currency that is known", hint, source)
    yield from _repeated(rows.filter(product != ""), source)


def _is_garbled(text: pl.Expr) -> pl.Expr:
    return text.str.contains(f"[{GARBAGE}\\x00]")


def _unknown(currency: str) -> str:
    """Return what to write in place of a currency that nobody knows, an empty text for a known one."""
    try:
        decimals(currency)
    except MoneyError as error:
        return error.hint
    return ""


def _repeated(rows: pl.DataFrame, source: str) -> Iterator[tuple[int, Problem]]:
    """Yield the rows of products that stand above in the same currency; a row without one is of every currency."""
    line, of_all = pl.col("line"), pl.col(_CURRENCY) == ""
    same = pl.min_horizontal(line.min().over("product", _CURRENCY), line.filter(of_all).min().over("product"))
    first = pl.when(of_all).then(line.min().over("product")).otherwise(same)
    above = rows.with_columns(first.alias("above")).filter(line > pl.col("above"))
    hint = "keep one row of a product in a currency; a row without a currency is of every currency"
    for at, before, product in above.select("line", "above", "product").head(_KEPT).iter_rows():
        what, cell = f"stands on line {before} already", format_words([product])
        yield at, Problem(source, f"line {at}, product", what, hint, cell=cell)
    yield from _more(above, "product", "stands above already", hint, source)


def _of_rows(rows: pl.DataFrame, column: str, what: str, hint: str, source: str) -> Iterator[tuple[int, Problem]]:
    """Yield the same mistake of some rows, each with its line, and how many more of them there are."""
    for line, cell in rows.select("line", column).head(_KEPT).iter_rows():
        shown = format_words([cell]) if cell else ""
        yield line, Problem(source, f"line {line}, {column}", what, hint, cell=shown)
    yield from _more(rows, column, what, hint, source)


def _more(rows: pl.DataFrame, column: str, what: str, hint: str, source: str) -> Iterator[tuple[int, Problem]]:
    if (more := len(rows) - _KEPT) > 0:
        yield int(rows["line"][_KEPT]), Problem(source, column, f"{more:,} more rows: {what}", hint)
