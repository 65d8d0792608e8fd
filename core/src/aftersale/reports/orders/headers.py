"""Headers: which format a file has, and the message for a file that has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aftersale.base.errors import DocumentError, Problem
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import OrderFormat
from aftersale.reports.sheets.layout import Layout, find_layout, looks_like_data, normalised, top
from aftersale.reports.sheets.text import GARBAGE, LONGEST_LINE, encoding_of, opened

_WRITTEN = {",": "','", ";": "';'", "\t": '"\\t"', "|": "'|'"}
_SHOWN = 40, 60  # headers, and characters of each header
_TOP = 1000
"""Lines at the top among which the first that is not empty is looked for."""


def find_format(path: Path | str, formats: Iterable[OrderFormat]) -> OrderFormat:
    """Return the format that a file has by its header.

    Raises DocumentError when the file cannot be read, is empty, or fits no format; it then lists which headers each
    format misses, what the header is, and how to map the columns in the scenario.
    """
    path, formats = Path(path), list(formats)
    fitting = [form for form in formats if _layout(path, form)]
    if not fitting:
        raise _unfit(path, formats)
    return max(fitting, key=lambda form: len(form.needed))


def _layout(path: Path, form: OrderFormat) -> Layout | None:
    return find_layout(path, form.encodings, form.delimiter, form.quoted, lambda header: not form.missing(header))


def layout_of(path: Path, form: OrderFormat) -> Layout:
    """Return how a file of that format is laid out; raises DocumentError when it has no header, or another one."""
    layout = _layout(path, form)
    if layout is not None:
        return layout
    if not first_row(path, form):
        hint = "give a file whose first row names the columns"
        raise DocumentError(str(path), (Problem(str(path), "", "has no header: it is empty", hint),))
    raise _unfit(path, [form])


def first_row(path: Path, form: OrderFormat) -> list[str]:
    """Return the cells of the first row that is not empty, as a file of that format is read; none for an empty file."""
    quotes = form.delimiter != "\t" if form.quoted is None else form.quoted
    return next((cells for _, cells in top(path, encoding_of(path, form.encodings), form.delimiter, quotes)), [])


def places_of(header: Sequence[str], form: OrderFormat, path: Path) -> dict[str, int]:
    """Return the index in a row of each of our words; raises DocumentError for a header that has one of them twice."""
    words = [normalised(word) for word in header]
    wanted = {key: normalised(word) for key, word in form.columns.headers.items()}
    twice = sorted({word for word in wanted.values() if words.count(word) > 1})
    if twice:
        hint = "give each of them a name of its own in the file"
        what = f"more than one column is called {', '.join(twice)}"
        raise DocumentError(str(path), (Problem(str(path), "line 1", what, hint),))
    return {key: words.index(word) for key, word in wanted.items() if word in words}


def checked(form: OrderFormat, marketplaces: Mapping[str, Marketplace], source: str) -> None:
    """Check the format's constants; raises DocumentError when they fit no marketplace, so that no row could be read."""
    where, place = form.place.source or f"order format {form.name}", form.values.marketplace
    names = ", ".join(marketplaces) or "none"
    if not marketplaces or (place is not None and place not in marketplaces):
        hint = f"known: {names}; install the plugin that brings it, or make one: aftersale plugins new {_word(place)}"
        what = f"no marketplace is called {place!r}" if place else "there is no marketplace to sell on"
        raise DocumentError(source, (_problem(form, where, "values.marketplace", what, hint),))
    currency = form.values.currency
    if place is not None and currency not in (None, marketplaces[place].currency):
        sellers = [name for name, store in marketplaces.items() if store.currency == currency]
        what = f"{place} sells in {marketplaces[place].currency}, not in {currency}"
        others = f"name one that sells in {currency}: {', '.join(sellers)}" if sellers else "no other one does"
        hint = f"{others}; or make one of your own: aftersale plugins new NAME; amounts are never converted"
        raise DocumentError(source, (_problem(form, where, "values.currency", what, hint),))


def _problem(form: OrderFormat, where: str, path: str, what: str, hint: str) -> Problem:
    place = form.place.inside(path)
    return Problem(where, place.path, what, hint, line=place.line)


def _word(place: str | None) -> str:
    return place if place is not None and place.isalnum() and place.isascii() else "NAME"


def _unfit(path: Path, formats: Sequence[OrderFormat]) -> DocumentError:
    problems = []
    for form in formats:
        missing = form.missing(first_row(path, form))
        what = f"is not of the format {form.name}: there is no {format_words(missing)}"
        needs = f"it needs {format_words(form.needed)}"
        hint = f"{needs}{_elsewhere(form, missing)}" if len(formats) == 1 else needs
        problems.append(Problem(str(path), "line 1", what, hint))
    return DocumentError(str(path), (*problems, _header_problem(path)))


def _elsewhere(form: OrderFormat, missing: Sequence[str]) -> str:
    """Return a hint that a second file may have what this one lacks, where this one has the orders."""
    lacks_orders = {form.columns.order, form.columns.purchased_at} & set(missing)
    return "" if lacks_orders else "; if a second file has the others: lines = {file = '…'}"


def _header_problem(path: Path) -> Problem:
    line = _first_line(path)
    if GARBAGE in line or "\0" in line:
        hint = "save it as CSV or as text with tabs, in UTF-8"
        return Problem(str(path), "line 1", "does not look like text", hint)
    delimiter = max(_WRITTEN, key=line.count)
    words = [word.strip().strip('"') for word in line.split(delimiter)]
    mapping = (
        f"[orders.mapping] delimiter = {_WRITTEN[delimiter]}, "
        "columns = {order = '…', purchased_at = '…', price = '…'}, values = {marketplace = '…', channel = '…'}"
    )
    if looks_like_data(words):
        what = f"holds {len(words)} cells that look like data, not like names of columns"
        return Problem(str(path), "line 1", what, f"put the names in the first row, and map them: {mapping}")
    return Problem(
        str(path),
        "line 1",
        f"has the columns {format_words(words)}",
        f"if this is right, map them in the scenario: {mapping}",
    )


def _first_line(path: Path) -> str:
    with opened(path, encoding_of(path, ("utf-8-sig",))) as text:
        lines = (text.readline(LONGEST_LINE) for _ in range(_TOP))
        return next(filter(str.strip, lines), "")


def format_words(words: Sequence[str]) -> str:
    """Return headers as a message shows them: quoted, shortened, and not too many."""
    many, _ = _SHOWN
    more = [f"{len(words) - many} more"] if len(words) > many else []
    return ", ".join([*map(_format_word, words[:many]), *more])


def _format_word(word: str) -> str:
    _, long = _SHOWN
    return repr("".join(char if char.isprintable() else "?" for char in word.strip()[:long]))
