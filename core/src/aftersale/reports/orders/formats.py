"""Order formats: the names in a file for what we call order, price, marketplace and so on.

Plugins carry the formats of their marketplaces' reports in `formats.toml`; a seller maps any other file in
the scenario's `[orders.mapping]` table, with the same keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal, get_args

from attrs import evolve, field, fields, frozen

from aftersale.base.errors import PluginError, Problem
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import NOWHERE, UNWRITTEN, Place, is_written
from aftersale.channels import CHANNELS, WORD_OF
from aftersale.documents.scalars import CurrencyCode, Word, ZoneName
from aftersale.documents.structure import structure
from aftersale.reports.sheets.declared import bad_date_formats, bad_encodings
from aftersale.reports.sheets.layout import missing_headers
from aftersale.rules import Words

ColumnKey = Literal[
    "order",
    "purchased_at",
    "price",
    "marketplace",
    "channel",
    "status",
    "item_status",
    "sku",
    "quantity",
    "currency",
    "category",
    "promised_at",
    "delivered_at",
    "buyer",
    "discount",
    "ship_by",
    "shipped_at",
    "cancelled_at",
    "cross_border",
    "exempt",
    "tracked",
    "landed_cost",
]
KEYS: tuple[ColumnKey, ...] = get_args(ColumnKey)
State = Literal["delivered", "shipped", "lost", "cancelled"]
"""How an order ended, as its source tells; of several that its lines have, the first here counts."""


@frozen
class Columns:
    """The file's own header for each of our words; None for what the file does not have.

    Of several headers of the `buyer` the first that a file has counts, and it may have none of them.
    """

    order: Word
    purchased_at: Word
    price: Word
    marketplace: Word | None = None
    channel: Word | None = None
    status: Word | None = None
    item_status: Word | None = None
    sku: Word | None = None
    quantity: Word | None = None
    currency: Word | None = None
    category: Word | None = None
    promised_at: Word | None = None
    delivered_at: Word | None = None
    buyer: Words | None = None
    discount: Word | None = None
    ship_by: Word | None = None
    shipped_at: Word | None = None
    cancelled_at: Word | None = None
    cross_border: Word | None = None
    exempt: Word | None = None
    tracked: Word | None = None
    landed_cost: Word | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Our words that the file has a column for, each with its header."""
        headers = {attribute.name: getattr(self, attribute.name) for attribute in fields(Columns)}
        headers["buyer"] = self.buyer[0] if self.buyer else None
        return {key: header for key, header in headers.items() if header is not None}

    @property
    def expected(self) -> dict[str, str]:
        """Our words with their headers, without those that the file may lack."""
        may_lack = self.buyer is not None and len(self.buyer) > 1
        return {key: header for key, header in self.headers.items() if not (may_lack and key == "buyer")}


@frozen
class Constants:
    """Values for every row, used where a column is missing or empty.

    `zone` is the time zone of times without offset; without it they are the marketplace's own.
    """

    marketplace: Word | None = None
    channel: Word | None = None
    currency: CurrencyCode | None = None
    category: Word | None = None
    zone: ZoneName | None = None


@frozen
class CancelMark:
    """The mark of a cancelled or returned line: how the text of a column begins."""

    column: ColumnKey
    starts_with: Word


@frozen
class LinesFile:
    """The second file of an export that parts orders from their lines, one row per line.

    `file` is found from the folder of the first one; `order` is its header of the order, by default the first file's.
    `columns` of the format that the first file does not have are those of this file.
    """

    file: Word
    order: Word | None = None


@frozen
class OrderFormat:
    """How to read one kind of order file: text with a header, one row per order line.

    A file is of this format when it has every header of `required` (of all `columns`, where that is empty), with any
    delimiter: `delimiter` is tried first. `price` is the total of the row or of one unit (`price_is`), in the currency
    or in its smallest unit (`price_in`), and so is `landed_cost`, what the goods cost the seller; `discount` lowers the
    price, whatever its sign. `marketplaces` and `channels` turn the file's words into ours; a marketplace's own name
    and sales channels, and our words for channels, are always understood.

    Rows whose status (of the order or the item), or whose text in a column of `skip`, is one of those listed are left
    out and counted; `*` stands for any letters. `known_status` are the other ones that mean a sale; a status that is in
    no list is a sale, and is told. `states` says which of them tell how the order ended. What the order's first row
    says of the whole order (its status, marketplace, channel, currency and buyer) holds for its other rows, where they
    say nothing.

    Times are ISO 8601 unless `date_formats` says otherwise; a promise or delivery without a time of day means the end
    of that day. Without `decimal` and `thousands`, the file's numbers show which marks they use; currency signs of the
    marketplace's currency and `currency_signs` are left out. Files with tabs are taken as not quoted, others as quoted,
    unless `quoted` says so. `lines` names a second file with the orders' lines.
    """

    columns: Columns
    name: Word = Word("own")
    delimiter: str = ","
    encodings: tuple[Word, ...] = (Word("utf-8-sig"),)
    required: tuple[Word, ...] = ()
    marketplaces: dict[str, Word] = field(factory=dict)
    channels: dict[str, Word] = field(factory=dict)
    values: Constants = Constants()
    skip_status: tuple[Word, ...] = ()
    skip: dict[str, tuple[Word, ...]] = field(factory=dict)
    cancelled: CancelMark | None = None
    price_is: Literal["line", "unit"] = "line"
    price_in: Literal["major", "minor"] = "major"
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'", ""] | None = None
    currency_signs: tuple[Word, ...] = ()
    date_formats: tuple[Word, ...] = ()
    quoted: bool | None = None
    known_status: tuple[Word, ...] = ()
    states: dict[State, tuple[Word, ...]] = field(factory=dict)
    lines: LinesFile | None = None
    place: Place = field(default=NOWHERE, eq=False, repr=False, metadata=UNWRITTEN)

    def __attrs_post_init__(self) -> None:
        if faults := [*_bad_values(self), *_gaps(self)]:
            raise ValueError("; ".join(faults))

    @property
    def needed(self) -> tuple[str, ...]:
        """The headers that a file of this format must have; with a second file, the first has the order at least."""
        if self.lines is not None:
            return self.required or (self.columns.order, self.columns.purchased_at)
        least = (self.columns.order, self.columns.purchased_at, self.columns.price)
        return tuple(dict.fromkeys((*(self.required or self.columns.expected.values()), *least)))

    def fitted(self, header: Sequence[str]) -> OrderFormat:
        """Return the format with that header of the buyer alone which a file has; as it is where the file has none."""
        found = [Words((word,)) for word in self.columns.buyer or () if not missing_headers(header, [word])]
        return evolve(self, columns=evolve(self.columns, buyer=found[0])) if found else self

    def missing(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the headers that a file of this format must have and this header lacks."""
        return missing_headers(header, self.needed)

    def skipped_words(self) -> Iterator[tuple[str, str]]:
        """Yield each of our words with a text in its column that leaves a row out."""
        for key in ("status", "item_status"):
            if key in self.columns.headers:
                yield from ((key, word) for word in self.skip_status)
        for key, words in self.skip.items():
            yield from ((key, word) for word in words)


def _bad_values(form: OrderFormat) -> Iterator[str]:
    if len(form.delimiter) != 1 or form.delimiter.isalnum() or form.delimiter in '"\r\n .':
        yield f"delimiter is one character that fields do not hold: ',', ';' or '\\t', not {form.delimiter!r}"
    elif form.delimiter == form.decimal and form.quoted is False:
        yield f"delimiter and decimal are both {form.decimal!r} and nothing is quoted: no price could be read"
    if form.decimal is not None and form.decimal == form.thousands:
        yield f"decimal and thousands are both {form.decimal!r}: name the one, or the other"
    yield from bad_encodings(form.encodings)
    yield from bad_date_formats(form.date_formats)


def _gaps(form: OrderFormat) -> Iterator[str]:
    headers = form.columns.headers
    for key in ("marketplace", "channel"):
        if key not in headers and getattr(form.values, key) is None:
            yield f"no {key}: name its column, columns.{key} = '…', or say it once, values.{key} = '…'"
    for name in dict.fromkeys((form.values.channel, *form.channels.values())):
        if name is not None and name not in CHANNELS:
            key = "values.channel" if name == form.values.channel else "channels"
            yield f"{key} has {name!r}, which is no channel: say who ships, {_shippers()}"
    if "channel" in headers and not form.channels:
        yield "channels says what the words of the channel column mean: channels = {Merchant = 'MFN'}"
    if form.skip_status and not {"status", "item_status"} & set(headers):
        yield "skip_status needs the column: columns.status = '…'"
    if form.cancelled and form.cancelled.column not in headers:
        yield f"cancelled.column is {form.cancelled.column!r}; columns has {', '.join(headers)}"
    if form.states and "status" not in headers:
        yield "states needs the column: columns.status = '…'"
    words = Counter(word.lower() for words in (form.skip_status, *form.states.values()) for word in words)
    yield from (f"{word!r} stands in several of skip_status and states: keep one" for word in words if words[word] > 1)
    yield from (f"skip has {key!r}; columns has {', '.join(headers)}" for key in form.skip if key not in headers)


def _shippers() -> str:
    return ", ".join(f"{word!r} the {shipper}" for shipper, word in WORD_OF.items())


@frozen
class _FormatDocument:
    orders: tuple[OrderFormat, ...]


def parse_formats(data: Mapping[str, Any], source: str) -> list[OrderFormat]:
    """Return the `[[orders]]` tables of a parsed document; raises DocumentError with all its problems."""
    return list(structure(_FormatDocument, data, source).orders)


def load_formats(package: str, name: str = "formats.toml") -> list[OrderFormat]:
    """Return the order formats that an installed package carries in `formats.toml`."""
    return parse_formats(read(files(package) / name), f"{package}/{name}")


def own_formats() -> list[OrderFormat]:
    """Return the formats of the order files that this program writes."""
    return load_formats("aftersale.reports.orders")


def choose(header: Sequence[str], formats: Iterable[OrderFormat]) -> OrderFormat | None:
    """Return the format that a file with this header has, or None; the one that needs most headers wins."""
    fitting = [form for form in formats if not form.missing(header)]
    return max(fitting, key=lambda form: len(form.needed), default=None)


def merge_formats(formats: Iterable[tuple[str, OrderFormat]]) -> list[OrderFormat]:
    """Return one format per name, with the sales channels and encodings of all plugins that bring it.

    Takes pairs of a plugin's name and a format. Raises PluginError that names every format on which two plugins
    do not agree, and every word that means two marketplaces.
    """
    merged: dict[str, tuple[str, OrderFormat]] = {}
    problems: list[Problem] = []
    for plugin, form in formats:
        first, earlier = merged.setdefault(form.name, (plugin, form))
        faults = [*_differences(earlier, form), *_double_meanings(earlier, form)]
        hint = f"let {plugin} and {first} agree, or give the format of {plugin} a name of its own"
        problems += [Problem(plugin, f"order format {form.name}", fault, hint) for fault in faults]
        if not faults:
            merged[form.name] = first, _unite(earlier, form)
    if problems:
        raise PluginError(tuple(problems))
    return [form for _, form in merged.values()]


def _differences(earlier: OrderFormat, form: OrderFormat) -> Iterator[str]:
    for attribute in fields(OrderFormat):
        earlier_value, value = getattr(earlier, attribute.name), getattr(form, attribute.name)
        united = attribute.name in ("marketplaces", "encodings") or not is_written(attribute)
        if not united and earlier_value != value:
            yield f"{attribute.name} is {_format_value(value)}, in another plugin {_format_value(earlier_value)}"


def _format_value(value: object) -> object:
    return value.headers if isinstance(value, Columns) else value


def _double_meanings(earlier: OrderFormat, form: OrderFormat) -> Iterator[str]:
    places = {word.lower(): place for word, place in earlier.marketplaces.items()}
    for word, place in form.marketplaces.items():
        if places.get(word.lower(), place) != place:
            yield f"the sales channel {word!r} means {place}, in another plugin {places[word.lower()]}"


def _unite(earlier: OrderFormat, form: OrderFormat) -> OrderFormat:
    # The longer list goes first: it places more encodings before those that take almost any byte.
    lists = sorted((earlier.encodings, form.encodings), key=len, reverse=True)
    encodings = tuple(dict.fromkeys(word for words in lists for word in words))
    return evolve(earlier, encodings=encodings, marketplaces={**earlier.marketplaces, **form.marketplaces})
