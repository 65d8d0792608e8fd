"""Sources: for which marketplaces the source of a row speaks.

A source is a clause, or several with semicolons between them: `SC-XX 1781; forum 42`. A plugin declares with which
words clauses begin, and the marketplaces that each word speaks for. Core knows no such word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

UNREAD = frozenset({"S", "unknown", "assumed"})
"""Grades that claim nothing about what was read: the seller's own standard, and values that nobody states."""

_ENDS = frozenset({"", " ", ",", ":"})
"""What may follow the word with which a clause begins."""


def declared_sources(words: Iterable[tuple[str, Collection[str]]]) -> Mapping[str, frozenset[str]]:
    """Return the marketplaces by word, from the words by which sources speak for each marketplace."""
    speakers: defaultdict[str, set[str]] = defaultdict(set)
    for marketplace, names in words:
        for name in names:
            speakers[name].add(marketplace)
    return {word: frozenset(places) for word, places in speakers.items()}


def silent_clauses(
    source: str, grade: str, marketplaces: Collection[str], declared: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each clause that does not speak for all these marketplaces, with those that it does speak for.

    Of several words that begin a clause the longest counts; with none, it speaks for no marketplace. A declared word
    further on begins a part of its own: `SC-XX 17, SC-YY 18` names both stores. Semicolons alone speak for nobody. A
    grade of UNREAD claims nothing, so nothing is yielded.
    """
    if grade in UNREAD:
        return
    clauses = list(filter(None, map(str.strip, source.split(";"))))
    for clause in clauses:
        for part, speaks_for in _parts(clause, declared):
            if not (speaks_for and speaks_for.issuperset(marketplaces)):
                yield part, speaks_for
    if source.strip() and not clauses:
        yield source, frozenset()


def names_page(source: str, declared: Collection[str]) -> str:
    """Return the first clause of a source if it begins with a declared word, as one that was read does; or else ""."""
    clause = source.partition(";")[0].strip()
    return clause if _longest(clause, declared) else ""


def _parts(clause: str, declared: Mapping[str, Collection[str]]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the parts of a clause with what they speak for; each but perhaps the first begins with a declared word."""
    word = _longest(clause, declared)
    begin, speaks_for = 0, frozenset(declared.get(word, ()))
    for at in (match.start() for match in _WORDS.finditer(clause, max(len(word), 1))):
        if other := _longest(clause[at:], declared, _folded):
            yield clause[begin:at].rstrip(" ,(/&+"), speaks_for
            begin, speaks_for = at, frozenset(declared[other])
    yield clause[begin:], speaks_for


_WORDS = re.compile(r"(?<![\w.-])\w")
"""Where a word begins; a host has no words inside."""


def _longest(text: str, declared: Collection[str], begins: Callable[[str, str], bool] | None = None) -> str:
    return max((word for word in declared if (begins or _begins)(word, text)), key=len, default="")


def _begins(word: str, clause: str) -> bool:
    """Whether a clause begins with a whole word: `shop.com` begins `shop.com 17`, not `shop.com.xx 17`."""
    return clause.startswith(word) and clause[len(word) : len(word) + 1] in _ENDS


def _folded(word: str, text: str) -> bool:
    """Whether a text begins with a word, however it is spelled: what is no name to begin with may still be a hint."""
    end = text[len(word) : len(word) + 1]
    return text[: len(word)].casefold() == word.casefold() and not (end.isalnum() or end in ("-", "_", "."))
