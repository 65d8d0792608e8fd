"""Health checks: contradictions between what an account health report states of one metric."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from attrs import field, frozen

from aftersale.reports.health.formats import Condition, Verdict

SIGNS: dict[Condition, str] = {"below": "<", "above": ">", "equal": "="}
"""How conditions are written."""
_MOST_DECIMALS = 15


@frozen
class Statement:
    """What a report states of one metric; None for what it does not state.

    A rate is exact to `decimals` digits after the point, or to the digits that it shows, whichever are more. `parts`
    are the counts of the metric's sorts by name, None for a sort that the report does not count. Without `shares` the
    metric is a plain count.
    """

    numerator: int | None
    denominator: int | None
    shares: bool
    rate: Decimal | None
    target: Decimal | None
    condition: Condition | None
    status: str
    verdict: Verdict | None
    decimals: int
    parts: dict[str, int | None] = field(factory=dict)

    @property
    def counted(self) -> Fraction | None:
        """The share computed from the counts, or the count itself; None where the denominator is 0 or missing."""
        if self.numerator is None or not self.shares:
            return None if self.numerator is None else Fraction(self.numerator)
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    @property
    def met(self) -> bool | None:
        """Whether the counts meet the target."""
        return None if self.counted is None else self._met(self.counted)

    def inconsistencies(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield (field, told, counted, what) for every two statements that cannot both be true.

        `field` is `rate`, `status`, `numerator`, or the name of a part.
        """
        yield from self._counts()
        yield from self._parts()
        yield from self._rate()
        yield from self._status()

    def _counts(self) -> Iterator[tuple[str, str, str, str]]:
        if self.numerator is not None and self.denominator is not None and self.numerator > self.denominator:
            yield "numerator", str(self.numerator), str(self.denominator), "more_than_all"

    def _parts(self) -> Iterator[tuple[str, str, str, str]]:
        if self.numerator is None:
            return
        counts = {name: count for name, count in self.parts.items() if count is not None}
        for name, count in counts.items():
            if count > self.numerator:
                yield name, str(count), str(self.numerator), "part"
        # A sum above the whole is no contradiction: one order may have defects of several sorts.
        if counts and len(counts) == len(self.parts) and sum(counts.values()) < self.numerator:
            yield "numerator", str(self.numerator), " + ".join(map(str, counts.values())), "parts"

    def _rate(self) -> Iterator[tuple[str, str, str, str]]:
        if self.rate is None or not self.shares or self.numerator is None or self.denominator is None:
            return
        if self.counted is None:
            if self.rate:
                yield "rate", f"{self.rate:f}", f"{self.numerator}/0", "rate"
        elif abs(Fraction(self.rate) - self.counted) > self._slack:
            yield "rate", f"{self.rate:f}", self._counts_text(), "rate"

    def _status(self) -> Iterator[tuple[str, str, str, str]]:
        if self.verdict not in ("met", "missed") or self.target is None or self.condition is None:
            return
        wrong = []
        if self.rate is not None and self._rate_met() not in (None, self.verdict == "met"):
            wrong.append(f"{self.rate:f}")
        if self.counted is not None and self._met(self.counted) != (self.verdict == "met"):
            wrong.append(self._counts_text())
        if wrong:
            yield "status", self.status, f"{'; '.join(wrong)} ({SIGNS[self.condition]} {self.target:f})", "status"

    def _counts_text(self) -> str:
        if not self.shares or self.counted is None:
            return str(self.numerator)
        digits = min(max(self._digits, self.decimals), _MOST_DECIMALS)
        return f"{self.numerator}/{self.denominator} = {float(self.counted):.{digits}f}"

    @property
    def _digits(self) -> int:
        exponent = self.rate.as_tuple().exponent if self.rate is not None else 0
        return -exponent if isinstance(exponent, int) and exponent < 0 else 0

    @property
    def _slack(self) -> Fraction:
        """How far a rate may be from the value that it was rounded from."""
        return Fraction(1, 2 * 10 ** max(self._digits, self.decimals))

    def _rate_met(self) -> bool | None:
        """Return whether the report's own rate meets the target; None where rounding decides."""
        if self.rate is None or self.target is None:
            return None
        rate = Fraction(self.rate)
        if abs(rate - Fraction(self.target)) <= self._slack:
            return None
        return self._met(rate)

    def _met(self, value: Fraction) -> bool | None:
        if self.target is None or self.condition is None:
            return None
        target = Fraction(self.target)
        if self.condition == "equal":
            return value == target
        return value < target if self.condition == "below" else value > target
