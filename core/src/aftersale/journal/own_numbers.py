"""Own numbers: with what the costs of a journal were booked, read from its `costs.toml` and written there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from attrs import field, frozen

from aftersale.base.errors import ClockError, DocumentError, MoneyError, Problem
from aftersale.base.money import money
from aftersale.base.toml_files import read
from aftersale.clocks import Instant, instant, moment
from aftersale.documents.scalars import CurrencyCode, Day, MoneyAmount, Word
from aftersale.documents.structure import structure

FILE = "costs.toml"
"""The file beside the tables of a journal."""
_HINT = "write the journal again, or remove the file: with what its costs were booked is not known then"
_ABOVE = "# With what the costs of this journal were booked, for commands that read it."


@frozen
class OwnNumbers:
    """With what the costs of a journal were booked; whatever nobody tells is None or empty.

    `since` is the first measured local day, `before` the day after the last, and `until` the end of the replay.
    `labour_cost` is what the rosters' paid hours of these days cost in the currency `into`, `rates` what one unit of
    each other currency is worth in it. `numbers` are those of the parameters by name, as `--set` takes them.
    """

    since: date | None = None
    before: date | None = None
    until: Instant | None = None
    into: str | None = None
    labour_cost: Decimal | None = None
    numbers: Mapping[str, str] = field(factory=dict)
    rates: Mapping[str, Decimal] = field(factory=dict)


@frozen
class _Document:
    """The document `costs.toml` of a journal."""

    since: Day | None = None
    before: Day | None = None
    until: Word | None = None
    into: CurrencyCode | None = None
    labour_cost: MoneyAmount | None = None
    numbers: Mapping[Word, Word] = field(factory=dict, alias="set")
    rates: Mapping[CurrencyCode, MoneyAmount] = field(factory=dict)


def read_own_numbers(folder: Path) -> OwnNumbers | Problem | None:
    """Return the numbers of the journal of a folder, None where it tells none; what is wrong with a wrong file."""
    path = folder / FILE
    try:
        if not path.exists():
            return None
        document = structure(_Document, read(path), str(path))
        return _checked(document, str(path))
    except DocumentError as error:
        return _as_one(error.problems, str(path))
    except OSError as error:
        return Problem(str(path), "", f"cannot be read: {error.strerror or error}", _HINT)


def _as_one(problems: Sequence[Problem], source: str) -> Problem:
    first, *others = problems
    if not others:
        return Problem(source, first.path, first.what, first.hint or _HINT, line=first.line)
    mistakes = "; ".join(f"{each.path}: {each.what}" for each in problems)
    return Problem(source, "", f"has {len(problems)} mistakes: {mistakes}", _HINT)


def _checked(document: _Document, source: str) -> OwnNumbers:
    """Return the numbers of a document; raises DocumentError for values that do not go together."""
    if problems := tuple(Problem(source, path, what, _HINT) for path, what in _contradictions(document)):
        raise DocumentError(source, problems)
    return OwnNumbers(
        document.since,
        document.before,
        None if document.until is None else instant(document.until),
        document.into,
        document.labour_cost,
        {str(name): str(value) for name, value in document.numbers.items()},
        {str(currency): Decimal(rate) for currency, rate in document.rates.items()},
    )


def _contradictions(document: _Document) -> Iterator[tuple[str, str]]:
    if document.since is not None and document.before is not None and document.before <= document.since:
        yield "before", f"no day lies between {document.since} and {document.before}"
    if document.until is not None:
        try:
            instant(document.until)
        except ClockError as error:
            yield "until", error.what
    for currency, rate in document.rates.items():
        if rate == 0:
            yield f"rates.{currency}", "is no rate: it is to be above 0"
    if document.into is None:
        told = {"rates": bool(document.rates), "labour_cost": document.labour_cost is not None}
        yield from ((key, "is told in no currency: 'into' is missing") for key, is_told in told.items() if is_told)
    elif document.labour_cost is not None:
        try:
            money(document.labour_cost, document.into)
        except MoneyError as error:
            yield "labour_cost", error.what


def as_text(own: OwnNumbers) -> str:
    """Return the numbers as the text of their file, which reads as the same again."""
    days = {"since": own.since, "before": own.before}
    lines = [_ABOVE, *(f"{key} = {day.isoformat()}" for key, day in days.items() if day is not None)]
    texts = {
        "until": None if own.until is None else moment(own.until, "UTC").isoformat(),
        "into": own.into,
        "labour_cost": None if own.labour_cost is None else f"{own.labour_cost:f}",
    }
    lines += [f"{key} = {_quoted(value)}" for key, value in texts.items() if value is not None]
    tables = {"set": own.numbers, "rates": {currency: f"{rate:f}" for currency, rate in own.rates.items()}}
    for title, table in tables.items():
        if table:
            lines += ["", f"[{title}]", *(f"{_key(name)} = {_quoted(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """Return a text as a string of TOML, which is one of JSON but for the character 127."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
