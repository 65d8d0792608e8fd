"""Sales: on which days marketplaces hold them, as dated, or else as a rule rolls them forward to any year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from attrs import field, frozen

from aftersale.base.errors import ClockError
from aftersale.clocks.yearly import YearlyDay, yearly_day
from aftersale.documents.scalars import Day, PositiveCount, Rate, Word
from aftersale.rules import Grade


@frozen
class DatedSale:
    """The days of a sale in the year of its `start`, as a source has them; `days` where they are not the usual ones."""

    start: Day
    source: Word
    grade: Grade
    days: PositiveCount | None = None
    note: str = ""


@frozen
class Sale:
    """A sale event or a season of some marketplaces: `days` local days with other orders than usual.

    It happens once, from `start` on, or else every year by a `rule` such as `fourth Thursday of November - 7`, from the
    year `since` on where that is given. A row of `dated` stands above the rule in the year of its start. `source` and
    `grade` are those of the one start, or of the rule. `orders` is a factor on the orders of a day; `factors` are
    factors on declared parameters, for what is bought then: a larger `return_rate` is the wave of returns that follows.
    """

    name: Word
    marketplaces: tuple[Word, ...]
    days: PositiveCount
    source: Word
    grade: Grade
    start: Day | None = None
    rule: Word | None = None
    since: PositiveCount | None = None
    orders: Rate = Rate(1.0)
    factors: dict[Word, Rate] = field(factory=dict)
    dated: tuple[DatedSale, ...] = ()
    note: str = ""

    def __attrs_post_init__(self) -> None:
        if problems := list(self._problems()):
            raise ValueError("; ".join(problems))

    def _problems(self) -> Iterator[str]:
        if (self.start is None) == (self.rule is None):
            yield "say either start, the day of a sale that happens once, or rule, that of every year"
        if self.rule is None and (self.dated or self.since):
            yield "dated and since go with a rule: without one, write a sale for each start"
        years = [row.start.year for row in self.dated]
        if twice := sorted({year for year in years if years.count(year) > 1}):
            yield f"dated: two rows of {', '.join(map(str, twice))}: a sale that comes twice a year is two sales"
        if self.rule is not None:
            try:
                yearly_day(self.rule)
            except ClockError as error:
                yield f"rule: {error}"

    def between(self, first: date, last: date) -> Iterator[SaleDays]:
        """Yield its days, each time that one of them lies between two days, both included."""
        for sale_days in self._all(range(first.year - 1, last.year + 2)):
            if sale_days.start <= last and sale_days.end > first:
                yield sale_days

    def _all(self, years: range) -> Iterator[SaleDays]:
        if self.rule is None:
            if self.start is not None:
                yield SaleDays(self.name, self.start, int(self.days), self.source, self.grade, "")
            return
        dated, day = {row.start.year: row for row in self.dated}, yearly_day(self.rule)
        for year in years:
            if row := dated.get(year):
                yield SaleDays(self.name_in(year), row.start, int(row.days or self.days), row.source, row.grade, "")
            elif year >= (self.since or year):
                yield self._rolled(year, day)

    def _rolled(self, year: int, day: YearlyDay) -> SaleDays:
        name, rule = self.name_in(year), str(self.rule)
        return SaleDays(name, day.in_year(year), int(self.days), self.source, self.grade, rule)

    def name_in(self, year: int) -> str:
        """Return what a sale of every year is called in one of them."""
        return f"{self.name} {year}"


@frozen
class SaleDays:
    """The days of a sale in one year: `days` from `start` on; `rule` where it was rolled there, so that it is assumed.

    `source` and `grade` are those of the start, or of the rule.
    """

    name: str
    start: date
    days: int
    source: str
    grade: str
    rule: str

    @property
    def end(self) -> date:
        """The day after its last."""
        return self.start + timedelta(self.days)
