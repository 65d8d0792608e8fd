"""Headers: which format a file has, and the message for a file that has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from aftersale.base.errors import DocumentError, Problem
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import OrderFormat, choose, normalised
from aftersale.reports.orders.text import GARBAGE, encoding_of, opened, rows

_WRITTEN = {",": "','", ";": "';'", "\t": '"\\t"', "|": "'|'"}
_SHOWN = 40, 60  # headers, and characters of each header


def find_format(path: Path | str, formats: Iterable[OrderFormat]) -> OrderFormat:
    """Return the format that a file has by its header.

    Raises DocumentError when the file cannot be read, is empty, or fits no format; it then lists which headers each
    format misses, what the header is, and how to map the columns in the scenario.
    """
    path, formats = Path(path), list(formats)
    fitting = [form for form in formats if choose(_header(path, form), [form])]
    if not fitting:
        raise _unfit(path, formats)
    return max(fitting, key=lambda form: len(form.needed))


def _header(path: Path, form: OrderFormat) -> list[str]:
    with opened(path, encoding_of(path, form.encodings)) as text:
        return read_header(path, rows(text, form.delimiter, form.quotes))


def read_header(path: Path, records: Iterator[tuple[int, list[str] | None]]) -> list[str]:
    """Return the first row; raises DocumentError when there is none."""
    _, header = next(records, (0, None))
    if header is None:
        hint = "give a file whose first row names the columns"
        raise DocumentError(str(path), (Problem(str(path), "", "has no header: it is empty", hint),))
    return [cell.strip() for cell in header]


def places_of(header: Sequence[str], form: OrderFormat, path: Path) -> dict[str, int]:
    """Return the index in a row of each of our words; raises DocumentError when the header does not fit."""
    if form.missing(header):
        raise _unfit(path, [form])
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
    where, place = f"order format {form.name}", form.values.marketplace
    names = ", ".join(marketplaces) or "none"
    if not marketplaces or (place is not None and place not in marketplaces):
        hint = f"known: {names}; install the plugin that brings it, or name one of these"
        what = f"no marketplace is called {place!r}" if place else "there is no marketplace to sell on"
        raise DocumentError(source, (Problem(where, "values.marketplace", what, hint),))
    currency = form.values.currency
    if place is not None and currency not in (None, marketplaces[place].currency):
        what = f"{place} sells in {marketplaces[place].currency}, not in {currency}"
        raise DocumentError(source, (Problem(where, "values.currency", what, "leave it out"),))


def _unfit(path: Path, formats: Sequence[OrderFormat]) -> DocumentError:
    problems = []
    for form in formats:
        missing = form.missing(_header(path, form))
        what = f"is not of the format {form.name}: there is no {_format_words(missing)}"
        problems.append(Problem(str(path), "line 1", what, f"it needs {_format_words(form.needed)}"))
    return DocumentError(str(path), (*problems, _header_problem(path)))


def _header_problem(path: Path) -> Problem:
    with opened(path, encoding_of(path, ("utf-8-sig",))) as text:
        line = next(filter(str.strip, text), "")
    if GARBAGE in line or "\0" in line:
        hint = "save it as CSV or as text with tabs, in UTF-8"
        return Problem(str(path), "line 1", f"does not look like text: {_format_words([line])}", hint)
    delimiter = max(_WRITTEN, key=line.count)
    hint = (
        f"if this is right, map them in the scenario: [orders.mapping] delimiter = {_WRITTEN[delimiter]}, "
        "columns = {order = '…', purchased_at = '…', price = '…'}, "
        "values = {marketplace = '…', channel = '…'}"
    )
    return Problem(str(path), "line 1", f"has the columns {_format_words(line.split(delimiter))}", hint)


def _format_words(words: Sequence[str]) -> str:
    many, _ = _SHOWN
    more = [f"{len(words) - many} more"] if len(words) > many else []
    return ", ".join([*map(_format_word, words[:many]), *more])


def _format_word(word: str) -> str:
    _, long = _SHOWN
    return repr("".join(char if char.isprintable() else "?" for char in word.strip()[:long]))
