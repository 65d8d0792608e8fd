"""Lookouts: which facts of an order look at other cases than their own, and which cases show what they look for.

A fact whose guard looks at other cases may lead elsewhere where such a case turns out to have stood otherwise. Guards
take the first case that shows a sign; so it makes no difference to them what a later case shows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aftersale.engine.guards import ABOUT, BESIDE, Sign, opening

if TYPE_CHECKING:
    from aftersale.cases.facts import Fact
    from aftersale.cases.model import Case
    from aftersale.cases.workflow import Workflow
    from aftersale.clocks import Instant
    from aftersale.engine.replays import Entry

Opening = tuple["Instant", str]
_SIGNS: tuple[Sign, ...] = tuple(sign for guard, signs in BESIDE.items() if guard != ABOUT for sign in signs)
_ENOUGH = 2
"""How many earlier cases hide a later one: one, and another for a fact of the first."""


class Lookouts:
    """When facts look beside their own case, and which cases show what they look for, the first opened first."""

    def __init__(self, workflow: Workflow) -> None:
        """Begin with nothing noted."""
        self._workflow = workflow
        self._looks: dict[tuple[str, str], list[Instant]] = {}
        self._showing: dict[Sign, list[Opening]] = {sign: [] for sign in _SIGNS}
        self._opened: dict[tuple[Sign, str], Opening] = {}

    def note(self, fact: Fact, stands: Case | None) -> None:
        """Note a fact, and how its case stands after it. A case that shows no more stays noted: it is looked at."""
        for guard in self._workflow.guards(fact.kind) & BESIDE.keys():
            times = self._looks.setdefault((guard, fact.about if guard == ABOUT else ""), [])
            place = bisect_left(times, fact.occurred_at)
            if times[place : place + 1] != [fact.occurred_at]:
                times.insert(place, fact.occurred_at)
        if stands is not None:
            for sign in _SIGNS:
                if sign(stands):
                    self._note_sign(sign, stands)

    def _note_sign(self, sign: Sign, case: Case) -> None:
        known, opened = self._opened.get((sign, case.id)), opening(case)
        if known != opened:
            if known is not None:
                self._showing[sign].remove(known)
            insort(self._showing[sign], opened)
            self._opened[sign, case.id] = opened

    def candidates(self, sign: Sign) -> Sequence[Opening]:
        """Return when the cases were opened that show a sign at some time, with their names, sorted."""
        return self._showing[sign]

    def looks(
        self,
        name: str,
        stood: Case | None,
        stands: Case | None,
        at: Instant,
        of_case: Mapping[str, list[Entry]],
        differing: Collection[str],
    ) -> Iterator[Instant]:
        """Yield the next instants after `at` at which a fact may see that a case stands otherwise than it stood.

        `differing` are the cases whose later entries are not gone through again yet.
        """
        for (guard, about), times in self._looks.items():
            place = bisect_right(times, at)
            if place == len(times) or (guard == ABOUT and name != about):
                continue
            seen = [sign for sign in BESIDE[guard] if _seen(sign, stood) != _seen(sign, stands)]
            first = min(opening(case) for case in (stood, stands) if case is not None) if seen else (at, name)
            if any(guard == ABOUT or not self._is_hidden(sign, first, at, of_case, differing) for sign in seen):
                yield times[place]

    def _is_hidden(
        self,
        sign: Sign,
        first: Opening,
        at: Instant,
        of_case: Mapping[str, list[Entry]],
        differing: Collection[str],
    ) -> bool:
        """Whether earlier cases show the sign from an instant on for ever, so that nobody looks as far as this case."""
        found = 0
        for opened in self._showing[sign]:
            if opened >= first or found == _ENOUGH:
                break
            found += opened[1] not in differing and _shows_for_ever(sign, of_case[opened[1]], at)
        return found == _ENOUGH


def _seen(sign: Sign, case: Case | None) -> tuple[Opening, str] | None:
    """Return what a guard takes of a case that shows a sign: its place among those, and its kind."""
    return (opening(case), case.kind) if case is not None and sign(case) else None


def _shows(sign: Sign, case: Case | None) -> bool:
    return case is not None and sign(case)


def _shows_for_ever(sign: Sign, entries: list[Entry], at: Instant) -> bool:
    place = bisect_right(entries, at, key=lambda entry: entry.at)
    return place > 0 and all(_shows(sign, entries[later].stands) for later in range(place - 1, len(entries)))
