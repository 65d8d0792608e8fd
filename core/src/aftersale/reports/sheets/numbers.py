"""Numbers: what a cell's text is as a number, in the style of its file.

Files write `1,024.50`, `1.024,50`, `1 024,50`, `1'024.50` or `1024.5`, with a currency sign before or behind, with the
minus sign in front, at the end, or as brackets. A file has one style; what shows it is counted over all of its cells.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cache
from typing import Literal

import polars as pl
from attrs import define, frozen
from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_name, get_currency_symbol

Mark = Literal[".", ","]

MILLION = 1_000_000
"""Prices are in millionths of the currency until it is known how many decimals the currency has."""

FINE = 3
"""Decimals of a currency in which `1.024` is an amount like any other."""

LARGEST = 10**16
"""Millionths from which on a line's price is taken for a mistake: ten thousand million of the currency."""

_WIDE = dict(zip("０１２３４５６７８９．，－＋￥（）", "0123456789.,-+¥()", strict=True))
_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_SIGN = r"[^0-9\s.,'()+\-]{1,24}(?: [^0-9\s.,'()+\-]{1,24})?"
_NUMBER = r"[0-9](?:[0-9.,' ]*[0-9])?[.,]?|[.,][0-9]+"
_CELL = rf"^(\()?([+-]?)({_SIGN})? ?([+-]?)({_NUMBER}) ?({_SIGN})?(-?)(\))?$"
_GROUPS = r"[0-9]{1,3}(?:\mark[0-9]{2,3})*\mark[0-9]{3}"


_PLAIN = r"^([+-]?)([0-9]{0,12})(?:\.([0-9]{0,6})0*)?$"


@frozen
class NumberStyle:
    """Which mark of a file is the decimal one, and which may part thousands: one of `. , ' ` and space, or any other.

    `open` says that nothing shows whether a number such as `1.024` is one or a thousand.
    """

    decimal: Mark = "."
    thousands: str | None = None
    open: bool = False

    @property
    def groupings(self) -> tuple[str, ...]:
        """The marks that may part thousands."""
        marks = (",", ".", "'", " ") if self.thousands is None else (self.thousands,)
        return tuple(mark for mark in marks if mark and mark != self.decimal)


POINT = NumberStyle()


@define
class StyleEvidence:
    """How many cells of a file show a decimal mark, and how many could be read either way."""

    points: int = 0
    commas: int = 0
    open_cells: int = 0

    def add(self, cells: pl.Series, decimals: pl.Series) -> None:
        """Count the cells of one column; `decimals` are those of each cell's currency.

        With three of them `1.024` shows nothing; without any, its mark parts thousands.
        """
        number = bare(pl.col("cell")).str.extract(_CELL, 5).str.replace_all("[' ]", "")
        numbers = pl.DataFrame({"cell": cells, "decimals": decimals}).with_columns(number.alias("cell"))
        whole = numbers.filter(pl.col("decimals") == 0)["cell"]
        coarse = numbers.filter(pl.col("decimals").is_between(1, FINE - 1))["cell"]
        points, commas = _patterns(".", ","), _patterns(",", ".")
        self.points += _count(numbers["cell"], points[0]) + _count(whole, commas[1])
        self.commas += _count(numbers["cell"], commas[0]) + _count(whole, points[1])
        self.open_cells += _count(coarse, points[1]) + _count(coarse, commas[1])

    def style(self, thousands: str | None) -> NumberStyle:
        """Return the style that the cells show."""
        if self.points or self.commas:
            return NumberStyle("," if self.commas > self.points else ".", thousands)
        if thousands is not None:
            return NumberStyle("," if thousands == "." else ".", thousands)
        return NumberStyle(open=self.open_cells > 0)


def _patterns(mark: str, other: str) -> tuple[str, str]:
    """Return what shows that a mark is the decimal one, and what could be a decimal or a thousand by it."""
    decimal, thousands = re.escape(mark), re.escape(other)
    shows = (
        rf"^[0-9{thousands}]*{decimal}(?:[0-9]{{0,2}}|[0-9]{{4,}})$|^(?:0|[0-9]{{4,}}){decimal}[0-9]{{3}}$"
        rf"|^[0-9]+(?:{thousands}[0-9]+)+{decimal}[0-9]*$|^[0-9]{{1,3}}(?:{thousands}[0-9]{{3}}){{2,}}$"
    )
    return shows, rf"^[1-9][0-9]{{0,2}}{decimal}[0-9]{{3}}$"


def _count(numbers: pl.Series, pattern: str) -> int:
    return int(numbers.str.contains(pattern).sum() or 0)


def bare(text: pl.Expr) -> pl.Expr:
    """Return a number's text with plain digits, spaces, minus signs and apostrophes."""
    plain = text.str.replace_all(f"[{_SPACES}]", " ").str.replace_all("[−–‒]", "-").str.replace_all("[’‘ʼ`]", "'")
    # `29,-` and `29.–` are how shops write a round price.
    return plain.str.replace_many(list(_WIDE), list(_WIDE.values())).str.replace("[.,] ?[-—]+$", "")


def whole_number(text: pl.Expr, style: NumberStyle) -> pl.Expr:
    """Return the integer that the text is, of nine digits at most; `1.0` is one."""
    micros = millionths(text, style)
    plain = bare(text).str.contains(r"^[+-]?[0-9.,' ]+$")
    return pl.when(plain & (micros % MILLION == 0) & (micros.abs() < 10**9 * MILLION)).then(micros // MILLION)


def millionths(text: pl.Expr, style: NumberStyle) -> pl.Expr:
    """Return a number with at most six decimals in millionths; zeros behind the six do not count.

    Currency signs are left out; `sign_of` returns them. Null for what is no number. Where the style is `open`, a number
    that `is_open` is read with the usual point.
    """
    parts = bare(text).str.extract_groups(_CELL).struct
    minus = [parts.field(group).fill_null("") == "-" for group in ("2", "4", "7")]
    brackets = parts.field("1").is_not_null()
    signs = sum((mark.cast(pl.Int8) for mark in minus), brackets.cast(pl.Int8))
    balanced = brackets == parts.field("8").is_not_null()
    size = _size(parts.field("5"), style)
    return pl.when(balanced & (signs <= 1)).then(pl.when(signs == 1).then(-size).otherwise(size))


def is_plain(cells: pl.Series, style: NumberStyle) -> bool:
    """Whether all cells are digits with at most a point in a style that is not open: what `plain_millionths` reads."""
    return not style.open and style.decimal == "." and bool(cells.str.contains(_PLAIN).all())


def plain_millionths(text: pl.Expr) -> pl.Expr:
    """Return what `millionths` returns, for cells that are plain numbers or empty."""
    parts = text.str.extract_groups(_PLAIN).struct
    whole = parts.field("2").cast(pl.Int64, strict=False) * MILLION
    fraction = parts.field("3").fill_null("").str.pad_end(6, "0").cast(pl.Int64, strict=False)
    sign = pl.when(parts.field("1") == "-").then(-1).otherwise(1)
    return sign * (whole + fraction)


def _size(number: pl.Expr, style: NumberStyle) -> pl.Expr:
    decimal = re.escape(style.decimal)
    shapes = [r"[0-9]{1,12}", *(_GROUPS.replace(r"\mark", re.escape(mark)) for mark in style.groupings)]
    fits = number.str.contains(rf"^(?:{'|'.join(shapes)})?(?:{decimal}[0-9]*)?$")
    for mark in style.groupings:
        number = number.str.replace_all(mark, "", literal=True)
    parts = number.str.extract_groups(rf"^([0-9]{{0,15}})(?:{decimal}([0-9]{{0,6}})0*)?$").struct
    whole = pl.when(parts.field("1") == "").then(pl.lit("0")).otherwise(parts.field("1")).cast(pl.Int64, strict=False)
    fraction = parts.field("2").fill_null("").str.pad_end(6, "0").cast(pl.Int64, strict=False)
    return pl.when(fits & (whole < 10**12)).then(whole * MILLION + fraction)


def is_open(text: pl.Expr) -> pl.Expr:
    """Whether a number could be one or a thousand, by itself."""
    return bare(text).str.extract(_CELL, 5).str.contains(r"^[1-9][0-9]{0,2}[.,][0-9]{3}$")


def sign_of(text: pl.Expr) -> pl.Expr:
    """Return the currency sign at a number in lower case, empty where there is none."""
    parts = bare(text).str.extract_groups(_CELL).struct
    signs = pl.concat_str([parts.field("3").fill_null(""), parts.field("6").fill_null("")])
    return signs.str.strip_chars().str.to_lowercase()


@cache
def currency_signs(currency: str, country: str) -> frozenset[str]:
    """Return how amounts of a currency are marked, in lower case: its code, its names and its signs.

    By Unicode's CLDR, as people in that country and in some large languages write them.
    """
    locales = [Locale.parse(name) for name in ("en", "fr", "de", "es", "ja", "zh")]
    with suppress(UnknownLocaleError, ValueError):
        locales.append(Locale.parse(f"und_{country}"))
    signs = {get_currency_symbol(currency, locale) for locale in locales}
    signs |= {re.sub(r"[A-Za-z]", "", sign) for sign in signs if not sign.isalpha()}
    signs |= {f"{country} {sign}" for sign in signs if len(sign) == 1}
    names = {get_currency_name(currency, count, locale) for locale in locales for count in (1, 2)}
    plain = {"".join(_WIDE.get(letter, letter) for letter in word) for word in {currency, *signs, *names}}
    return frozenset(word.strip("\u200e\u200f.").lower() for word in plain if word)


def line_total(price: pl.Expr, units: pl.Expr) -> pl.Expr:
    """Return the price of so many units; null where it reaches `LARGEST`."""
    size = price.abs().cast(pl.Float64) * units.abs().cast(pl.Float64)
    return pl.when(size < LARGEST).then(price * units)


def belongs(sign: pl.Expr, place: pl.Expr, signs: Sequence[Collection[str]]) -> pl.Expr:
    """Whether a currency sign is one of those of the place that its row belongs to; none is always right."""
    pairs = [f"{code} {word}" for code, words in enumerate(signs) for word in words]
    return (sign == "") | pl.concat_str([place.cast(pl.String), pl.lit(" "), sign]).is_in(pairs)
