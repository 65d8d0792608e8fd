"""Order files as sellers' spreadsheets and shop systems export them, with the truth about every row.

A dialect is a `Style`: how a file is encoded, delimited, quoted and spelt. `dialect_file` writes orders in it, a row
for a line, among rows that count for nothing: blank ones, the header again, rows of cancelled orders and rows spoilt
in a way that has a name (`SPOILS`). These come on top of the sound rows of an order: its sales stay exact.
"""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random  # noqa: TID251  an instance, of which a seed decides everything
from typing import Any, Literal

from attrs import evolve, field, frozen
from hypothesis import strategies as st

Fate = Literal["used", "skipped", "rejected"]
Cells = dict[str, str]
"""The text of a row's cells, by the fields of `LAYOUTS`."""


@frozen
class Row:
    """A row below the header: the physical line on which it begins, from 1, and what becomes of it and why."""

    line: int
    fate: Fate
    why: str


@frozen
class DialectFile:
    """A file, what a seller writes of it in `[[orders]]`, and the truth: its rows, and minor units by order id."""

    dialect: str
    name: str
    content: bytes
    mapping: dict[str, Any]
    rows: tuple[Row, ...]
    sales: dict[str, int]


@frozen
class Style:
    """Everything in which two files with the same orders differ."""

    market: str = "DE"
    encoding: str = "utf-8"
    delimiter: str = ","
    quoting: str = "needed"  # or "text": all but numbers; or "all"
    newline: str = "\n"
    number: tuple[str, str] = (".", "")  # decimal mark, thousands separator
    whole: bool = False  # prices without decimals in a currency that has them
    sign: str = "{}"
    date: str = "%Y-%m-%d %H:%M"
    language: str = "en"
    spelling: str = "words"
    header_copy: bool = True  # the mapping has the file's very header, not the same words in another spelling
    layout: str = "price last"
    status_place: str = "every row"  # or "first row" of an order; or "any order": every row, and rows are shuffled
    cancel_word: str = "Cancelled"
    decimal_quantity: bool = False
    price_is: str = "line"
    padding: str = ""
    sep_line: bool = False
    titles: int = 0
    blanks: int = 0  # above the header
    trail: int = 0  # empty columns at the end
    void: str = ""  # what stands in an empty optional cell
    compression: bool = False
    id_form: str = "{}"
    last_newline: bool = True
    wide_digits: bool = False
    rich_names: bool = True  # names of products with delimiters, quotes and line breaks
    statements: tuple[str, ...] = ()  # what the mapping states although the file shows it
    spoils: tuple[str, ...] = field(factory=lambda: tuple(SPOILS))

    @property
    def minor_digits(self) -> int:
        return 0 if self.market == "JP" else 2


@frozen
class Line:
    """The text of a row, line breaks in its cells included, with what becomes of it."""

    text: str
    fate: Fate
    why: str


CURRENCIES = {"DE": "EUR", "US": "USD", "JP": "JPY"}
OFFSETS = {"DE": "+01:00", "US": "-08:00", "JP": "+09:00"}
NUMBER_FIELDS = ("price", "quantity")
CODECS = {
    "utf-8": (b"", "utf-8"),
    "utf-8-bom": (codecs.BOM_UTF8, "utf-8"),
    "utf-16-le": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16-be": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "cp1252": (b"", "cp1252"),
    "cp932": (b"", "cp932"),
}
NAMED_ENCODINGS = {"cp1252": ["utf-8-sig", "cp1252"], "cp932": ["cp932"]}
"""What the mapping says of an encoding that no byte order mark and no UTF-8 shows."""
SUFFIXES = {",": ".csv", ";": ".csv", "\t": ".tsv", "|": ".txt"}
LAYOUTS = {
    "price last": ("order", "purchased_at", "status", "sku", "name", "note", "quantity", "currency", "price"),
    "date last": ("order", "sku", "name", "quantity", "price", "currency", "note", "status", "purchased_at"),
    "date first": ("purchased_at", "order", "status", "name", "price", "currency", "quantity", "sku", "note"),
}
COLUMNS = ("order", "purchased_at", "price", "sku", "quantity", "currency", "status")
HEADERS = {
    language: dict(zip((*COLUMNS, "name", "note"), words.split("/"), strict=True))
    for language, words in {
        "en": "Order ID/Purchase Date/Item Price/SKU/Quantity/Currency/Order Status/Product Name/Note",
        "de": "Bestell-Nr/Kauf Datum/Preis gesamt/Artikel-Nr/Menge/Währung/Status/Bezeichnung/Notiz",
        "ja": "注文番号/購入日時/価格/商品コード/数量/通貨/状態/商品名/備考",
    }.items()
}
SPELLINGS: dict[str, Callable[[str], str]] = {
    "words": str,
    "snake": lambda words: re.sub("[ -]", "_", words.lower()),
    "shout": lambda words: words.replace(" ", "-").upper(),
}
TITLES = ("Orders, all shops", "January 2025 to December 2026")
NAMES = {
    "DE": ("Café-Tasse, blau", 'Rohr 3"', '"Beste" Lampe; groß', "Matte\nrutschfest", "Hemd | rot", "Tee\tgrün"),
    "US": ("Mug, blue", 'Pipe 3"', '"Best" lamp; large', "Mat\nnon-slip\nsoft", "Shirt | red", "Tea\tgreen"),
    "JP": ("マグカップ, 青", '棚 "大"', "ランプ; 小", "敷物\n滑り止め", "シャツ | 赤", "お茶\t緑"),
}
SIGNS = {
    "DE": ("{}", "{} €", "{}\u00a0€", "{}€", "€{}", "€ {}", "EUR {}", "{} EUR"),
    "US": ("{}", "${}", "$ {}", "US${}", "US$ {}", "USD {}", "{} USD"),
    "JP": ("{}", "￥{}", "¥{}", "JPY {}"),
}
FOREIGN_SIGNS = {"DE": ("${}", "{} £", "£{}"), "US": ("€{}", "£{}", "CA${}"), "JP": ("${}", "US$ {}")}
POINT, COMMA = (".", ","), (",", ".")
NUMBERS = {
    "DE": (COMMA, (",", ""), (".", ""), POINT, (",", " "), (",", "\u00a0"), (",", "\u202f"), (".", "'")),
    "US": ((".", ""), POINT),
    "JP": ((".", ""), POINT),
}
ISO_DATES = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S{offset}", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S UTC")
OTHER_DATES = {"DE": "%d.%m.%Y %H:%M", "US": "%m/%d/%Y", "JP": "%Y/%m/%d %H:%M"}
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
BREAK = re.compile("\r\n|\r|\n")
DAYS = 730
DEAR_YEN = 1_000_000
"""A price from which two separators of thousands stand in it: no decimal mark stands twice in a number."""


def number_text(style: Style, minor: int) -> str:
    """Return an amount of minor units as the file writes numbers, without a sign."""
    major, rest = divmod(minor, 10**style.minor_digits)
    decimal, thousands = style.number
    text = f"{major:,}".replace(",", thousands)
    if style.minor_digits and not style.whole:
        text += f"{decimal}{rest:02d}"
    return digits_text(style, text)


def digits_text(style: Style, text: str) -> str:
    return text.translate(WIDE) if style.wide_digits else text


def quantity_text(style: Style, quantity: int) -> str:
    return digits_text(style, f"{quantity}{style.number[0]}0" if style.decimal_quantity else str(quantity))


def date_text(style: Style, moment: datetime) -> str:
    return moment.strftime(style.date).replace("{offset}", OFFSETS[style.market])


def header_text(style: Style, name: str) -> str:
    return SPELLINGS[style.spelling](HEADERS[style.language][name])


def name_text(style: Style, chance: Random) -> str:
    name = chance.choice(NAMES[style.market])
    if not style.rich_names:
        return re.sub(r"\W+", " ", name).strip()
    return name.replace("\n", chance.choice(("\n", style.newline)))


def cell_text(style: Style, text: str, name: str) -> str:
    """Return a cell with its padding, and in quotes where they are needed or the style wants them.

    An id as a formula (="0012") stays bare where quotes are only for need: shop systems write it so.
    """
    formula = text.startswith('="')
    text = f"{style.padding}{text}{style.padding}"
    need = any(mark in text for mark in (style.delimiter, "\n", "\r")) or ('"' in text and not formula)
    taste = style.quoting == "all" or (style.quoting == "text" and name not in NUMBER_FIELDS)
    return '"' + text.replace('"', '""') + '"' if need or taste else text


def row_texts(style: Style, cells: Cells) -> list[str]:
    return [cell_text(style, cells[name], name) for name in LAYOUTS[style.layout]]


def row_text(style: Style, cells: Cells) -> str:
    return style.delimiter.join(row_texts(style, cells)) + style.delimiter * style.trail


def header_row(style: Style) -> str:
    return row_text(style, {name: header_text(style, name) for name in LAYOUTS[style.layout]})


def delimiters_row(style: Style) -> str:
    return style.delimiter * (len(LAYOUTS[style.layout]) - 1 + style.trail)


def cut_text(style: Style, cells: Cells, chance: Random) -> str:
    """Return a row that ends before its price, or, where columns follow the price, after its first digit."""
    texts, place = row_texts(style, cells), LAYOUTS[style.layout].index("price")
    if place + 1 < len(texts) and chance.random() < 0.5:
        beginning = re.match(r"\D*\d", cells["price"])
        assert beginning
        return style.delimiter.join([*texts[:place], cell_text(style, beginning[0], "price")])
    return style.delimiter.join(texts[: chance.randint(1, place)])


def no_date(style: Style, cells: Cells, chance: Random) -> Cells:
    never = date_text(style, datetime(2026, 11, 22, 10, tzinfo=UTC)).replace("22", "31")
    return {"purchased_at": chance.choice((never, "soon"))}


def negative_price(style: Style, cells: Cells, chance: Random) -> Cells:
    number = number_text(style, draw_price(style, chance))
    return {"price": chance.choice((style.sign.format(f"-{number}"), f"-{style.sign.format(number)}"))}


def foreign_sign(style: Style, cells: Cells, chance: Random) -> Cells:
    sign = chance.choice(FOREIGN_SIGNS[style.market])
    return {"price": sign.format(number_text(style, draw_price(style, chance)))}


SPOILS: dict[str, Callable[[Style, Cells, Random], Cells | str]] = {
    "cut short": cut_text,
    "price no number": lambda style, cells, chance: {"price": "abc"},
    "no date": no_date,
    "no order id": lambda style, cells, chance: {"order": ""},
    "quantity a word": lambda style, cells, chance: {"quantity": "two"},
    "negative price": negative_price,
    "foreign currency": lambda style, cells, chance: {"currency": chance.choice(("GBP", "CNY"))},
    "foreign sign": foreign_sign,
}
"""What spoils a row, by its name: the cells that are no longer sound, or the text of the whole row."""


def spoilt_line(style: Style, cells: Cells, chance: Random) -> Line:
    why = chance.choice(style.spoils)
    change = SPOILS[why](style, cells, chance)
    text = change if isinstance(change, str) else row_text(style, cells | change)
    return Line(text, "rejected", why)


def draw_price(style: Style, chance: Random) -> int:
    """Return what the price column says, in minor units: now and then enough for a separator of thousands."""
    if style.market == "JP":
        return chance.choice((chance.randint(80, 999), chance.randint(1_000, 250_000)))
    minor = chance.choice((chance.randint(1, 999_99), chance.randint(1_000_00, 19_999_99)))
    return (minor // 100 + 1) * 100 if style.whole else minor


def draw_line(style: Style, cells: Cells, price: int, chance: Random) -> tuple[Cells, int]:
    """Return the cells of one more line of the order whose cells are given, and the line's minor units."""
    quantity = chance.randint(1, 5)
    line = {
        "sku": f"SKU-{chance.randrange(10**6):06d}",
        "name": name_text(style, chance),
        "note": chance.choice((style.void, "gift")),
        "quantity": quantity_text(style, quantity),
        "price": style.sign.format(number_text(style, price)),
    }
    return cells | line, price * quantity if style.price_is == "unit" else price


def order_id(style: Style, place: int) -> str:
    return f"302-{place:07d}" if style.id_form == "{}" else f"{place:05d}"


def order_cells(style: Style, place: int, status: str, chance: Random) -> Cells:
    """Return what all rows of an order share; hours of the night are left out, since clocks change in them."""
    moment = datetime(2025, 1, 1, 4, tzinfo=UTC) + timedelta(
        days=chance.randrange(DAYS), hours=chance.randrange(18), minutes=chance.randrange(60)
    )
    return {
        "order": style.id_form.format(order_id(style, place)),
        "purchased_at": date_text(style, moment),
        "currency": CURRENCIES[style.market],
        "status": status,
    }


def order_lines(style: Style, place: int, chance: Random) -> tuple[list[Line], int]:
    """Return the rows of an order, spoilt ones after its first, and its sales: 0 for a cancelled one.

    The first order of a file is a sale, and so dear in yen that its separators cannot be decimal marks.
    """
    sale = place == 1 or chance.random() < 0.8
    common = order_cells(style, place, chance.choice(("Shipped", "delivered")) if sale else style.cancel_word, chance)
    lines: list[Line] = []
    total = 0
    for number in range(chance.choice((1, 1, 2, 3))):
        dear = DEAR_YEN if style.market == "JP" and place == 1 and number == 0 else 0
        cells, amount = draw_line(style, common, dear + draw_price(style, chance), chance)
        lines.append(Line(row_text(style, cells), *(("used", "sale") if sale else ("skipped", "cancelled status"))))
        total += amount
        if style.status_place == "first row":
            common["status"] = style.void
    if sale and style.spoils and chance.random() < 0.4:
        cells, _ = draw_line(style, common, draw_price(style, chance), chance)
        lines.insert(chance.randint(1, len(lines)), spoilt_line(style, cells, chance))
    return lines, total if sale else 0


def totals_line(style: Style, total: int) -> Line:
    fields = LAYOUTS[style.layout]
    price = style.sign.format(number_text(style, total))
    return Line(row_text(style, dict.fromkeys(fields, "") | {fields[0]: "Total", "price": price}), "rejected", "totals")


def noisy_lines(style: Style, lines: Sequence[Line], total: int, chance: Random) -> list[Line]:
    """Return the lines with rows that no order wrote; an empty one is never the last, where nobody could see it."""
    result = list(lines)
    empty, delimiters = Line("", "skipped", "blank"), Line(delimiters_row(style), "skipped", "blank")
    for noise in (empty, delimiters, Line(header_row(style), "skipped", "header again")):
        for _ in range(chance.choice((0, 1, 2))):
            result.insert(chance.randrange(len(result)), noise)
    end = [totals_line(style, total)] * (bool(style.spoils) and chance.random() < 0.5)
    return [*result, *[delimiters] * chance.choice((0, 0, 2)), *end]


def body(style: Style, orders: int, chance: Random) -> tuple[list[Line], dict[str, int]]:
    """Return everything below the header, and the sales."""
    lines: list[Line] = []
    sales: dict[str, int] = {}
    for place in range(1, orders + 1):
        rows, total = order_lines(style, place, chance)
        lines += rows
        if total:
            sales[order_id(style, place)] = total
    if style.status_place == "any order":
        chance.shuffle(lines)
    return noisy_lines(style, lines, sum(sales.values()), chance), sales


def head(style: Style) -> list[str]:
    """Return the lines down to the header; a spreadsheet that has empty columns has them beside a title too."""
    rest = delimiters_row(style) if style.trail else ""
    titles = [cell_text(style, title, "name") + rest for title in TITLES[: style.titles]]
    separator = [f"sep={style.delimiter}"] if style.sep_line else []
    return [*separator, *titles, *[rest] * style.blanks, header_row(style)]


def mapping_of(style: Style) -> dict[str, Any]:
    seller = style if style.header_copy else evolve(style, spelling="words" if style.spelling != "words" else "snake")
    mapping: dict[str, Any] = {
        "name": "own",
        "columns": {name: header_text(seller, name) for name in COLUMNS},
        "values": {"marketplace": style.market, "channel": "MFN"},
        "price_is": style.price_is,
        "skip_status": ["Cancelled"],
    }
    if style.encoding in NAMED_ENCODINGS:
        mapping["encodings"] = NAMED_ENCODINGS[style.encoding]
    if style.date not in ISO_DATES:
        mapping["date_formats"] = [style.date]
    if "delimiter" in style.statements:
        mapping["delimiter"] = style.delimiter
    if "decimal" in style.statements or style.whole:
        mapping["decimal"] = style.number[0]
    return mapping


def place_rows(texts: Sequence[str], lines: Sequence[Line]) -> tuple[Row, ...]:
    """Return the lines as rows, each with the physical line on which it begins, below the texts of the head."""
    rows = []
    place = 1 + sum(1 + len(BREAK.findall(text)) for text in texts)
    for line in lines:
        rows.append(Row(place, line.fate, line.why))
        place += 1 + len(BREAK.findall(line.text))
    return tuple(rows)


def file_in(style: Style, dialect: str, orders: int, chance: Random) -> DialectFile:
    lines, sales = body(style, orders, chance)
    texts = head(style)
    text = style.newline.join([*texts, *(line.text for line in lines)]) + style.newline * style.last_newline
    mark, codec = CODECS[style.encoding]
    content = mark + text.encode(codec)
    name = f"orders{SUFFIXES[style.delimiter]}"
    if style.compression:
        content, name = gzip.compress(content, mtime=0), f"{name}.gz"
    return DialectFile(dialect, name, content, mapping_of(style), place_rows(texts, lines), sales)


def survives(text: str, encoding: str) -> bool:
    """Return whether a text comes back from an encoding as it went in: a yen sign does not from cp932."""
    codec = CODECS[encoding][1]
    return text.encode(codec, "replace").decode(codec) == text


ENCODINGS = {
    "DE": ("utf-8", "utf-8-bom", "utf-16-le", "utf-16-be", "cp1252"),
    "US": ("utf-8", "utf-8-bom", "utf-16-le", "utf-16-be", "cp1252"),
    "JP": ("utf-8", "utf-8-bom", "utf-16-le", "utf-16-be", "cp932"),
}
LANGUAGES = {"DE": ("en", "de"), "US": ("en",), "JP": ("en", "ja")}
OPTIONS: dict[str, tuple[Any, ...]] = {
    "delimiter": (",", ";", "\t", "|"),
    "quoting": ("needed", "text", "all"),
    "newline": ("\n", "\r\n", "\r"),
    "spelling": tuple(SPELLINGS),
    "header_copy": (True, False),
    "layout": tuple(LAYOUTS),
    "status_place": ("every row", "first row", "any order"),
    "cancel_word": ("Cancelled", "CANCELLED", "cancelled"),
    "decimal_quantity": (False, True),
    "price_is": ("line", "unit"),
    "padding": ("", " ", "  "),
    "sep_line": (False, True),
    "titles": (0, 1, 2),
    "blanks": (0, 1, 2),
    "trail": (0, 1, 3),
    "void": ("", "NULL", "nan"),
    "compression": (False, True),
    "id_form": ("{}", "'{}", '="{}"'),
    "last_newline": (True, False),
    "rich_names": (False, True),
    "statements": (("delimiter", "decimal"), ("decimal",), ("delimiter",), ()),
}
"""What the dialect "mixed" draws from, whatever the marketplace."""


def mixed_style(choose: Callable[[Sequence[Any]], Any]) -> Style:
    """Return a style of which every property is chosen for itself, among those that its encoding can write."""
    market = choose(tuple(CURRENCIES))
    encoding = choose(ENCODINGS[market])
    return Style(
        market=market,
        encoding=encoding,
        number=choose([number for number in NUMBERS[market] if survives("".join(number), encoding)]),
        sign=choose([sign for sign in SIGNS[market] if survives(sign, encoding)]),
        date=choose((*ISO_DATES, OTHER_DATES[market])),
        language=choose(LANGUAGES[market]),
        whole=market != "JP" and choose((False, False, True)),
        wide_digits=market == "JP" and choose((False, True)),
        **{name: choose(options) for name, options in OPTIONS.items()},
    )


_GERMAN = Style(delimiter=";", newline="\r\n", number=COMMA, date=OTHER_DATES["DE"], language="de")
_JAPANESE = Style(market="JP", language="ja", number=POINT, date=OTHER_DATES["JP"], newline="\r\n", layout="date last")
STYLES: dict[str, Style] = {
    "american spreadsheet": Style(
        "US", "utf-8-bom", newline="\r\n", number=POINT, sign="${}", date=OTHER_DATES["US"], last_newline=False
    ),
    "american accounts": Style("US", number=POINT, sign="US$ {}", quoting="text", spelling="shout", price_is="unit"),
    "german spreadsheet": evolve(_GERMAN, encoding="cp1252", sign="{} €", sep_line=True, status_place="any order"),
    "german whole prices": evolve(_GERMAN, whole=True, sign="{}€", layout="date first", statements=("delimiter",)),
    "french spaces": evolve(_GERMAN, number=(",", "\u202f"), sign="{}\u00a0€", encoding="utf-8-bom", language="en"),
    "hard spaces": evolve(_GERMAN, number=(",", "\u00a0"), sign="EUR {}", encoding="cp1252", layout="date last"),
    "soft spaces": evolve(_GERMAN, number=(",", " "), delimiter="|", padding=" ", spelling="shout"),
    "swiss apostrophes": Style(number=(".", "'"), sign="EUR {}", delimiter=";", date=ISO_DATES[3], header_copy=False),
    "unicode text": evolve(_GERMAN, encoding="utf-16-le", delimiter="\t", sign="{} EUR", layout="date first"),
    "old carriage returns": Style("US", "cp1252", newline="\r", number=POINT, layout="date last", last_newline=False),
    "shop system": Style(
        quoting="all", date=ISO_DATES[1], status_place="first row", cancel_word="cancelled", layout="date last"
    ),
    "shop database": Style(
        delimiter="|", status_place="first row", void="NULL", spelling="snake", rich_names=False, date=ISO_DATES[3]
    ),
    "data frame": Style(
        "US", spelling="snake", decimal_quantity=True, void="nan", date=ISO_DATES[1], compression=True, price_is="unit"
    ),
    "sheet with titles": evolve(_GERMAN, titles=2, blanks=1, trail=3, cancel_word="CANCELLED", padding=" "),
    "formula ids": Style("US", id_form='="{}"', number=POINT, titles=1, header_copy=False, statements=("delimiter",)),
    "apostrophe ids": Style(id_form="'{}", delimiter="\t", rich_names=False, number=(",", ""), quoting="all"),
    "japanese system": evolve(_JAPANESE, encoding="cp932", quoting="all", sign="￥{}"),
    "japanese typing": evolve(_JAPANESE, encoding="utf-8-bom", wide_digits=True, sign="￥{}", status_place="first row"),
    "japanese plain": evolve(_JAPANESE, encoding="utf-16-be", number=(".", ""), sign="¥{}", delimiter="\t", trail=1),
}
MIXED = "mixed"
DIALECTS: tuple[str, ...] = (*STYLES, MIXED)


def dialect_file(dialect: str, seed: int, orders: int = 30) -> DialectFile:
    """Return the file with that many orders, at least 1, that a seed writes in a dialect of `DIALECTS`."""
    chance = Random(f"{dialect} {seed}")
    style = mixed_style(chance.choice) if dialect == MIXED else STYLES[dialect]
    return file_in(style, dialect, orders, chance)


@st.composite
def dialect_files(draw: st.DrawFn, most_orders: int = 12) -> DialectFile:
    """Draw a file in any dialect; "mixed" shrinks property by property, spoilt rows kind by kind."""
    dialect = draw(st.sampled_from(DIALECTS))
    style = mixed_style(lambda options: draw(st.sampled_from(options))) if dialect == MIXED else STYLES[dialect]
    spoils = draw(st.lists(st.sampled_from(tuple(SPOILS)), unique=True))
    orders, seed = draw(st.integers(1, most_orders)), draw(st.integers(0, 2**32 - 1))
    return file_in(evolve(style, spoils=tuple(spoils)), dialect, orders, Random(seed))
