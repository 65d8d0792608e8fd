"""Mutants: good files damaged as disks, programs and people damage them, by a seed.

`mutated` takes the bytes of a file and what it is, and returns other bytes; the instance of `Random` decides all.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, time
from random import Random  # noqa: TID251  an instance, of which a seed decides everything
from typing import Any

import tomli
from attrs import evolve, frozen

from aftersale_simulator.output_files import as_toml

LONGEST = 1 << 22
"""In bytes: how long a mutant may become."""
BYTES = (
    *(b"\x00", b"\x00" * 64, b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xed\xa0\x80", b"\xff", b"\xc3", b"\x1f\x8b"),
    *(b"\x1a", b"\r", b"\r\n", b"\n\r", b"\x0b\x0c", b"\x85", b"\xc2\xa0", b"\xf4\x90\x80\x80", b"\x1b[2J"),
)
# fmt: off
TEXTS = (
    "1e400", "-1e400", "NaN", "nan", "inf", "-inf", "Infinity", "-0", "-0.0", "+0", "0x10", "1_000", "1e-400", "1E5",
    "9" * 19, "9" * 30, "1" * 400, "-" + "9" * 5000, "0." + "0" * 300 + "1", "9223372036854775807",
    "-9223372036854775809", "2147483648", "4294967296", "0", "-1", "1.000.000,00", "1,000,000.00", "1.234", "١٢٣",
    "１２３", "一二三", "½", '"', '""', '"""', "'", "'=1+1", '="1"', '"a"b"', 'a"b,"c', "`", "\\", "\\n", "\t",
    "\t" * 300,
    "," * 300, ";", "|", "\r", "\n", "\r\n", "\n\r\n", "\n" * 50, "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029",
    "\ufeff", "\u200b", "\u202e", "\u200f", "\u2066", "\x00", "\x07", "\x1b]0;x\x07", "\ufffd", "\uffff",
    "\U0010ffff", "e" + "\u0301" * 200, "9999-12-31", "9999-12-31T23:59:59Z", "0000-00-00", "0001-01-01T00:00:00Z",
    "-0001-01-01", "10000-01-01", "1969-12-31", "2026-02-30", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
    "2026-01-01T23:59:60Z", "2026-03-29T02:30:00", "2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00+23:59",
    "2026-01-01T00:00:00-25:00", "2262-04-12T00:00:00Z", "2026-01-01T00:00:00.123456789123Z",
    "294247-01-10T04:00:54Z", "99999999-01-01", "31-Dec-9999", "1/1/0001", "00-00-00", "null", "None", "true",
    "#REF!", "=cmd|' /C calc'!A0", "{}", "[]", "[" * 300, "{a=" * 120, "%s%n", "{0}", "$(x)", "../x", "USD", "XXX",
    "ＵＳＤ", "€", "¥", "$", "(5.00)", "5-", "- 5", "\u22125", "1 000", "1\u00a0000", "1'000", "x" * 70_000,
)
# fmt: on
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@frozen
class Form:
    """What a file is: what parts its cells, or which `tree` it is ("json", "toml"; both empty for neither).

    Its encoding, whether it is packed, and whether it is text at all. A `strict` table is refused for any cell that is
    none: half of its mutants have other rows, and cells of one column in others' places, which are sound by themselves.
    """

    delimiter: str = ""
    tree: str = ""
    encoding: str = "utf-8"
    packed: bool = False
    text: bool = True
    strict: bool = False


def mutated(content: bytes, form: Form, chance: Random) -> bytes:
    """Return the bytes with one damage or several; a packed file is damaged inside, or as it lies there."""
    if form.packed and chance.random() < 0.75:
        return gzip.compress(mutated(gzip.decompress(content), evolve(form, packed=False), chance), mtime=0)
    if form.tree and chance.random() < 0.6:
        return _grown(content, form.tree, chance)
    if form.strict and chance.random() < 0.5:
        return _sound(content, form, chance)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 6))):
        content = _damaged(content, form, chance)[:LONGEST]
    return content


def _damaged(content: bytes, form: Form, chance: Random) -> bytes:
    if form.packed or not form.text or chance.random() < 0.3:
        return chance.choice(BYTE_DAMAGES)(content, chance)
    if form.delimiter and chance.random() < 0.6:
        text = chance.choice(TABLE_DAMAGES)(_decoded(content, form), form.delimiter, chance)
    else:
        text = chance.choice(TEXT_DAMAGES)(_decoded(content, form), chance)
    return _encoded(text, form)


def _decoded(content: bytes, form: Form) -> str:
    return content.decode(form.encoding, "surrogateescape" if form.encoding == "utf-8" else "replace")


def _encoded(text: str, form: Form) -> bytes:
    return text.encode(form.encoding, "surrogateescape" if form.encoding == "utf-8" else "surrogatepass")


def _place(content: bytes | str, chance: Random) -> int:
    """Return a place in a text, one in three near its top, where headers are."""
    return chance.randint(0, len(content) if chance.random() < 0.67 else min(len(content), 200))


def _slice(content: bytes | str, chance: Random) -> tuple[int, int]:
    begin = _place(content, chance)
    return begin, min(len(content), begin + chance.choice((1, 2, 8, 40, 400, 4000)))


# Damages to bytes


def _flip(content: bytes, chance: Random) -> bytes:
    if not content:
        return content
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 10))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(content: bytes, chance: Random) -> bytes:
    begin, end = _slice(content, chance)
    return content[:begin] + chance.randbytes(end - begin) + content[end:]


def _delete(content: bytes, chance: Random) -> bytes:
    begin, end = _slice(content, chance)
    return content[:begin] + content[end:]


def _duplicate(content: bytes, chance: Random) -> bytes:
    begin, end = _slice(content, chance)
    return content[:end] + content[begin:end] + content[end:]


def _swap(content: bytes, chance: Random) -> bytes:
    one, two, three, four = sorted(_place(content, chance) for _ in range(4))
    return content[:one] + content[three:four] + content[two:three] + content[one:two] + content[four:]


def _truncate(content: bytes, chance: Random) -> bytes:
    return content[: _place(content, chance)] if chance.random() < 0.7 else content[_place(content, chance) :]


def _repeat(content: bytes, chance: Random) -> bytes:
    begin, end = _slice(content, chance)
    return content[:begin] + content[begin:end] * chance.choice((3, 1000, 5000)) + content[end:]


def _insert(content: bytes, chance: Random) -> bytes:
    place = _place(content, chance)
    word = chance.choice(BYTES) if chance.random() < 0.5 else chance.choice(TEXTS).encode()
    return content[:place] + word + content[place:]


BYTE_DAMAGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_flip, _overwrite, _delete, _duplicate, _swap, _truncate, _repeat, _insert),
)

# Damages to texts


def _special(text: str, chance: Random) -> str:
    begin, end = _slice(text, chance)
    return text[:begin] + chance.choice(TEXTS) + text[end if chance.random() < 0.3 else begin :]


def _number(text: str, chance: Random) -> str:
    numbers = list(NUMBER.finditer(text))
    for match in sorted(chance.sample(numbers, min(len(numbers), chance.choice((1, 1, 5)))), key=lambda m: -m.start()):
        text = text[: match.start()] + _other(match[0], chance) + text[match.end() :]
    return text


def _other(number: str, chance: Random) -> str:
    changes = ("-" + number, number * 20, number + "e9", number.replace(".", ","), number + ".5", "0", "-0")
    return chance.choice((*changes, str(chance.randrange(10**6)), chance.choice(TEXTS)))


def _case(text: str, chance: Random) -> str:
    begin, end = _slice(text, chance)
    return text[:begin] + chance.choice((str.upper, str.lower, str.swapcase))(text[begin:end]) + text[end:]


def _lines(text: str, chance: Random) -> str:
    lines = text.split("\n")
    one, two = (chance.randrange(len(lines)) for _ in range(2))
    match chance.randrange(5):
        case 0:
            chance.shuffle(lines)
        case 1:
            lines[one], lines[two] = lines[two], lines[one]
        case 2:
            del lines[one]
        case 3:
            lines[two:two] = [lines[one]] * chance.choice((1, 1, 30, 3000))
        case _:
            lines[one:two] = []
    return "\n".join(lines)


def _ends(text: str, chance: Random) -> str:
    if chance.random() < 0.5:
        return text.replace("\n", chance.choice(("\r\n", "\r", "\n\n", "\n\r", "\x85", "\x0b")))
    return "".join(chance.choice(("\n", "\r\n", "\r")) if letter == "\n" else letter for letter in text)


def _word(text: str, chance: Random) -> str:
    words = re.findall(r"\w+", text)
    return text.replace(chance.choice(words), chance.choice((*TEXTS, *words[:50]))) if words else text


TEXT_DAMAGES: tuple[Callable[[str, Random], str], ...] = (
    *(_special, _special, _number, _number, _case, _lines, _ends, _word),
)

# Damages to tables


def _cells(text: str, delimiter: str) -> list[list[str]]:
    return [line.split(delimiter) for line in text.split("\n")]


def _text(rows: list[list[str]], delimiter: str) -> str:
    return "\n".join(map(delimiter.join, rows))


def _cell(text: str, delimiter: str, chance: Random) -> str:
    rows = _cells(text, delimiter)
    for _ in range(chance.choice((1, 1, 4, 30))):
        row = chance.choice(rows)
        row[chance.randrange(len(row))] = chance.choice(TEXTS)
    return _text(rows, delimiter)


def _column(text: str, delimiter: str, chance: Random) -> str:
    """Put one word, or each of many, into a whole column."""
    rows = _cells(text, delimiter)
    place, words = chance.randrange(len(rows[0])), chance.sample(TEXTS, chance.choice((1, 1, 3, len(TEXTS))))
    for row in rows[1:]:
        if len(row) > place:
            row[place] = chance.choice(words)
    return _text(rows, delimiter)


def _columns_swapped(text: str, delimiter: str, chance: Random) -> str:
    rows = _cells(text, delimiter)
    one, two = (chance.randrange(len(rows[0])) for _ in range(2))
    below = chance.random() < 0.7
    for row in rows[below:]:
        if len(row) > max(one, two):
            row[one], row[two] = row[two], row[one]
    return _text(rows, delimiter)


def _column_shuffled(text: str, delimiter: str, chance: Random) -> str:
    rows = _cells(text, delimiter)
    place = chance.randrange(len(rows[0]))
    whole = [row for row in rows[1:] if len(row) > place]
    cells = [row[place] for row in whole]
    chance.shuffle(cells)
    for row, cell in zip(whole, cells, strict=True):
        row[place] = cell
    return _text(rows, delimiter)


def _column_gone(text: str, delimiter: str, chance: Random) -> str:
    rows = _cells(text, delimiter)
    place, again = chance.randrange(len(rows[0])), chance.random() < 0.4
    return _text([row[: place + again] + row[place + (not again) :] for row in rows], delimiter)


def _row_alone(text: str, delimiter: str, chance: Random) -> str:
    """Keep the header and a few rows."""
    rows = _cells(text, delimiter)
    return _text([rows[0], *chance.sample(rows[1:], min(len(rows) - 1, chance.choice((0, 1, 1, 2, 3))))], delimiter)


def _quotes(text: str, delimiter: str, chance: Random) -> str:
    rows, share = _cells(text, delimiter), chance.choice((0.01, 0.3))
    marks = chance.choice(('"{}"', '"{}', '{}"', '""{}""', "'{}'", '="{}"', ' "{}" '))
    return _text([[marks.format(cell) if chance.random() < share else cell for cell in row] for row in rows], delimiter)


def _delimiters(text: str, delimiter: str, chance: Random) -> str:
    return text.replace(delimiter, chance.choice((",", ";", "\t", "|", " ", delimiter * 2)))


TABLE_DAMAGES: tuple[Callable[[str, str, Random], str], ...] = (
    *(_cell, _cell, _cell, _column, _column, _columns_swapped, _column_shuffled, _column_gone, _row_alone),
    *(_quotes, _delimiters),
)


def _sound(content: bytes, form: Form, chance: Random) -> bytes:
    """Return a table whose cells are sound each by itself."""
    text = _decoded(content, form)
    for _ in range(chance.choice((1, 1, 2, 4))):
        text = chance.choice((_column_shuffled, _cells_swapped, _row_alone, _rows_gone))(text, form.delimiter, chance)
    return _encoded(text, form)


def _cells_swapped(text: str, delimiter: str, chance: Random) -> str:
    """Put cells of other rows of their column into a few places."""
    rows = _cells(text, delimiter)
    whole = [row for row in rows[1:] if len(row) == len(rows[0])]
    for _ in range(chance.choice((1, 3, 20)) if whole else 0):
        place = chance.randrange(len(rows[0]))
        chance.choice(whole)[place] = chance.choice(whole)[place]
    return _text(rows, delimiter)


def _rows_gone(text: str, delimiter: str, chance: Random) -> str:
    header, *rows = text.split("\n")
    share = chance.choice((0.01, 0.1, 0.7))
    return "\n".join([header, *(row for row in rows if chance.random() > share)])


# Damages to trees

# fmt: off
VALUES: tuple[Any, ...] = (
    0, 1, -1, 2, 10**6, 10**9, 2**31, 2**63 - 1, -(2**63), 10**30, 0.5, -0.0, 1e-9, 1e308, 5e-324, 100.0,
    True, False, "", " ", [], {}, [[]], [{}], {"": ""}, None, date(1, 1, 1), date(9999, 12, 31), date(2026, 2, 28),
    time(0, 0), datetime(9999, 12, 31, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), "9" * 400, "1 d", "0 d", "-1 d",
    "1e9 d", "999999 d", "1 min", "24:00-25:00", "*", "Mon-Sun", "Sun-Mon", "00:00-24:00", "US", "DE",
    "Europe/Berlin", "../../x", "x" * 10_000, float("inf"), float("nan"),
)
# fmt: on
"""What may stand in the place of a value; JSON has no dates, and TOML no nothing: then it is their text."""


def _grown(content: bytes, tree: str, chance: Random) -> bytes:
    """Return a document that is sound as JSON or TOML, with other values, keys and lists."""
    text = content.decode("utf-8")
    document = {"top": json.loads(text) if tree == "json" else tomli.loads(text)}
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        _grow(document, chance)
    top = document["top"] if isinstance(document["top"], dict) else {}
    return json.dumps(top, default=str).encode() if tree == "json" else as_toml(_without_nothing(top)).encode()


def _grow(document: dict[str, Any], chance: Random) -> None:
    """Damage one place of a document."""
    places = list(_places(document))
    home, key = chance.choice(places)
    match chance.randrange(8):
        case 0 | 1:
            home[key] = deepcopy(chance.choice(VALUES))
        case 2:
            home[key] = chance.choice(TEXTS)
        case 3:
            other, name = chance.choice(places)
            home[key] = deepcopy(other[name])
        case 4:
            del home[key]
            document.setdefault("top", {})
        case 5:
            home[key] = _scaled(home[key], chance)
        case 6:
            home[key] = [deepcopy(home[key]) for _ in range(chance.choice((1, 2, 300 if _is_small(home[key]) else 3)))]
        case _:
            if isinstance(home, dict) and home is not document:
                name = chance.choice((chance.choice(TEXTS), chance.choice(list(home))))
                home[name] = home.pop(key)


def _is_small(value: Any) -> bool:
    return sum(1 for _ in _places(value)) < 30


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each value inside a document as what holds it, and its key or index there."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _scaled(value: Any, chance: Random) -> Any:
    factor = chance.choice((-1, 0, 2, 10, 1000, 10**9))
    if isinstance(value, bool) or not isinstance(value, int | float | str | list):
        return [value]
    if isinstance(value, list):
        return value * min(abs(factor), 10)
    if isinstance(value, str):
        return NUMBER.sub(lambda match: f"{float(match[0]) * factor:.0f}", value)
    return value * factor


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nothing(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return "None" if value is None else value
