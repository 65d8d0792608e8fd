"""Sources: for which marketplaces the source of a row speaks.

A source is a clause, or several with semicolons between them: `SC-XX 1781; forum 42`. A plugin declares with which
words clauses begin, and the marketplaces that each word speaks for. Core knows no such word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

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

    Of several words that begin a clause the longest counts; with none, it speaks for no marketplace. A grade of UNREAD
    claims nothing, so nothing is yielded.
    """
    if grade in UNREAD:
        return
    for clause in filter(None, map(str.strip, source.split(";"))):
        speaks_for = _speaks_for(clause, declared)
        if not speaks_for.issuperset(marketplaces):
            yield clause, speaks_for


def _speaks_for(clause: str, declared: Mapping[str, Collection[str]]) -> frozenset[str]:
    words = [word for word in declared if _begins(word, clause)]
    return frozenset(declared[max(words, key=len)]) if words else frozenset()


def _begins(word: str, clause: str) -> bool:
    """Whether a clause begins with a whole word: `shop.com` begins `shop.com 17`, not `shop.com.xx 17`."""
    return clause.startswith(word) and clause[len(word) : len(word) + 1] in _ENDS
