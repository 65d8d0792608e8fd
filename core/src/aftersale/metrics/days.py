"""Days: local days of a time zone, and what is counted on each of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import Instant, local_date, start_of_day

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Return a day as its number since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """Return the day of a number since 1970-01-01."""
    return _EPOCH + timedelta(number)


def day_numbers(instants: Counts, zone: str) -> Counts:
    """Return the local day of each instant, as its number since 1970-01-01."""
    if not instants.size:
        return np.zeros(instants.shape, np.int64)
    first, bounds = _around(instants.min(), instants.max(), zone)
    numbers: Counts = np.searchsorted(bounds, instants, side="right") + (first - 1)
    return numbers


def counts_by_day(instants: Counts, zone: str) -> tuple[Counts, Counts]:
    """Return the local days of some instants as numbers, each once and in order, and how many there are on each.

    To sort them is much faster than to look up the day of each, most of all where they are in order but for a few.
    """
    if not len(instants):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    ordered = np.sort(instants, kind="stable")
    first, bounds = _around(ordered[0], ordered[-1], zone)
    counts = np.diff(np.searchsorted(ordered, bounds))
    days = np.flatnonzero(counts)
    return days + first, counts[days]


def _around(least: np.int64, most: np.int64, zone: str) -> tuple[int, Counts]:
    """Return the day of the first instant, and the bounds of all days from it to that of the last."""
    first, last = (day_number(local_date(int(at), zone)) for at in (least, most))
    return first, _bounds(first, last, zone)


@lru_cache(maxsize=256)
def _bounds(first: int, last: int, zone: str) -> Counts:
    """Return where each of some days begins, and where the last one ends; not to be changed."""
    return np.array([start_of(number, zone) for number in range(first, last + 2)], np.int64)


@cache
def start_of(number: int, zone: str) -> Instant:
    """Return the first instant of the local day of a number since 1970-01-01."""
    return start_of_day(_EPOCH + timedelta(number), zone)


@frozen
class Days:
    """Consecutive local days of one time zone, both ends included, as numbers since 1970-01-01."""

    first: int
    last: int
    zone: str

    @classmethod
    def spanning(cls, first: date, last: date, zone: str) -> Days:
        """Return the days from first to last, both included."""
        return cls(day_number(first), day_number(last), zone)

    def __len__(self) -> int:
        """Return how many days there are."""
        return self.last - self.first + 1

    def dates(self) -> Iterator[date]:
        """Yield each day."""
        return (day_of(number) for number in range(self.first, self.last + 1))


@frozen(eq=False)
class Daily:
    """A metric on each of some days: numerator, denominator, and their quotient (NaN where nothing is counted).

    `orders` are those by whose number it is settled whether the line holds on a day; None for a line that always does.
    """

    days: Days
    numerator: Floats
    denominator: Floats
    orders: Floats | None = None

    @cached_property
    def values(self) -> Floats:
        """The quotient of each day; not to be changed."""
        nothing = np.full(len(self.denominator), np.nan)
        values: Floats = np.divide(self.numerator, self.denominator, out=nothing, where=self.denominator > 0)
        return values


@frozen(eq=False)
class SumsByDay:
    """Two sums of each day from a first one on, `numerator` and `denominator` as the rows of one array; else 0."""

    first: int
    sums: Floats

    def on(self, day: int) -> tuple[float, float]:
        """Return both sums of one day."""
        if not 0 <= day - self.first < self.sums.shape[1]:
            return 0.0, 0.0
        numerator, denominator = self.sums[:, day - self.first].tolist()
        return numerator, denominator

    def of(self, days: Days) -> Daily:
        """Return the sums of some days."""
        totals = np.zeros((2, len(days)))
        begin, end = max(days.first, self.first), min(days.last + 1, self.first + self.sums.shape[1])
        if begin < end:
            totals[:, begin - days.first : end - days.first] = self.sums[:, begin - self.first : end - self.first]
        return Daily(days, *totals)


@frozen(eq=False)
class Entries:
    """What counts over a span of days, a row each: first day, day after the last (as numbers), and the two weights."""

    begins: Counts
    ends: Counts
    numerator: Floats
    denominator: Floats

    @classmethod
    def of(cls, begins: Counts, ends: Counts, numerator: NDArray[Any], denominator: NDArray[Any]) -> Entries:
        """Return entries, with weights of any type of number."""
        return cls(begins, ends, numerator.astype(np.float64), denominator.astype(np.float64))

    def negated(self) -> Entries:
        """Return what takes these entries back."""
        return Entries(self.begins, self.ends, -self.numerator, -self.denominator)

    def sums(self, days: Days) -> Daily:
        """Return the sums of each of some days."""
        spans = self._spans(days)
        return Daily(days, *(_running(spans, weights, len(days)) for weights in (self.numerator, self.denominator)))

    def numerators(self, days: Days) -> Floats:
        """Return the sums of the numerators alone."""
        return _running(self._spans(days), self.numerator, len(days))

    def _spans(self, days: Days) -> tuple[Counts, Counts]:
        """Return where each entry begins and ends among some days, from 0."""
        begins = np.minimum(np.maximum(self.begins, days.first), days.last + 1)
        ends = np.minimum(np.maximum(self.ends, begins), days.last + 1)  # what ends before it begins never counts
        return begins - days.first, ends - days.first

    def by_day(self) -> SumsByDay:
        """Return the sums of all days on which anything counts."""
        if not len(self.begins):
            return SumsByDay(0, np.zeros((2, 0)))
        days = Days(int(self.begins.min()), int(self.ends.max()), "UTC")
        sums = self.sums(days)
        return SumsByDay(days.first, np.stack([sums.numerator, sums.denominator]))

    @classmethod
    def joined(cls, *parts: Entries) -> Entries:
        """Return all the entries of the parts."""
        return cls(
            np.concatenate([part.begins for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.numerator for part in parts]),
            np.concatenate([part.denominator for part in parts]),
        )


def _running(spans: tuple[Counts, Counts], weights: Floats, count: int) -> Floats:
    """Return the sum of the weights on each of so many days, from where their spans begin to where they end."""
    begins, ends = spans
    steps = np.bincount(begins, weights, count + 1) - np.bincount(ends, weights, count + 1)
    sums: Floats = np.cumsum(steps[:-1])
    return sums


class RunningSums:
    """The running sums of entries over days: adding costs time by the entries added, reading by the days read.

    An entry that is added after its first days were read changes only what is read from then on.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._first = 0
        self._steps = np.zeros((2, 0))
        # Days that were read are not summed again: `_sums` are the sums before `_next`, the last day that was read.
        self._next: int | None = None
        self._sums = np.zeros(2)

    def add(self, entries: Entries) -> None:
        """Add the weights of these entries from their first day to their last."""
        nonempty = entries.ends > entries.begins
        if not nonempty.any():
            return
        begins, ends = entries.begins[nonempty], entries.ends[nonempty]
        weights = np.stack([entries.numerator[nonempty], entries.denominator[nonempty]])
        if self._next is not None:
            running = (begins < self._next) & (ends >= self._next)
            self._sums += weights[:, running].sum(axis=1)
            later = begins >= self._next
            self._put(begins[later], weights[:, later])
            self._put(ends[running | later], -weights[:, running | later])
        else:
            self._put(begins, weights)
            self._put(ends, -weights)

    def _put(self, days: Counts, weights: Floats) -> None:
        if not len(days):
            return
        first, last = int(days.min()), int(days.max())
        self._reach(first, last)
        for row in range(2):
            summed = np.bincount(days - first, weights[row], last - first + 1)
            self._steps[row, first - self._first : last + 1 - self._first] += summed

    def _reach(self, first: int, last: int) -> None:
        size = self._steps.shape[1]
        if size and first >= self._first and last < self._first + size:
            return
        old_first, old = (self._first, self._steps) if size else (first, self._steps)
        # Room to spare on the side of the future: days come one by one.
        begin, end = min(first, old_first), max(last + 1 + max(size, 64), old_first + size)
        self._steps = np.zeros((2, end - begin))
        self._steps[:, old_first - begin : old_first - begin + size] = old
        self._first = begin

    def read(self, days: Days) -> Daily:
        """Return the sums of each of these days; of the days read before, only the last can be read again."""
        if self._next is None:
            self._next = min(self._first, days.first) if self._steps.size else days.first
        if days.first < self._next:
            raise ValueError(f"day {days.first} was read before: the sums stand at day {self._next}")
        steps = self._between(self._next, days.last + 1)
        sums = self._sums[:, None] + np.cumsum(steps, axis=1)
        if days.last > self._next:
            self._sums = sums[:, -2].copy()
        self._next = days.last
        totals = sums[:, -len(days) :]
        return Daily(days, totals[0], totals[1])

    def _between(self, first: int, end: int) -> Floats:
        steps = np.zeros((2, end - first))
        begin, stop = max(first, self._first), min(end, self._first + self._steps.shape[1])
        if begin < stop:
            steps[:, begin - first : stop - first] = self._steps[:, begin - self._first : stop - self._first]
        return steps
