"""Model: the rule, one dated, sourced line of one marketplace."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cached_property
from math import inf
from typing import Any, Literal

from attrs import evolve, field, frozen

from aftersale.base.money import decimals, rounded
from aftersale.base.toml_lines import NOWHERE, UNWRITTEN, Place
from aftersale.clocks import HOUR, Calendar, Clock, Instant, OpeningHours, due_after, hours_without
from aftersale.documents.scalars import parse_weekdays
from aftersale.rules.conditions import ANY_ORDER, Condition

ClockName = Literal["wall_hours", "calendar_days", "business_days"]
Ends = Literal["same_time", "end_of_day"]
Grade = Literal["A", "B", "C", "D", "K", "S", "unknown", "assumed"]
Kind = Literal["deadline", "window", "switch", "word", "list", "share", "money", "count", "metric"]
Standing = Literal["at_risk", "review", "deactivated"]
"""What a missed metric can do to an account."""
SetBy = Literal["rule", "handbook"]
"""Whose a line of a metric is: the marketplace's, or the seller's own."""
EVERYWHERE = "*"


@frozen(cache_hash=True)  # what is worked out of a row is found by it, again and again
class Rule:
    """One dated line of one marketplace (or of the handbook, whose marketplace is `*`).

    Its kind says which fields hold the answer. A deadline or window: `amount` in the unit of `clock`, or `until`, the
    local day with whose end a window closes; wall hours `without` some days of the week, such as `Sun` or `Fri,Sun`,
    stand still on these; `due` names the function of a plugin by which a deadline ends. A switch: `value`. Others:
    `word`; `words`; `share`, from 0 to 1, with `money` the lesser of the two; `money` in `currency`; `count`. A metric:
    `amount` days with their `target`.

    `valid_from` and `valid_until` are both inside, in the marketplace's local days; None means "as far as is
    known". `on_expiry` is the workflow fact that follows when nobody acts, or a mark (`late`, `grant_on_claim`).
    A metric counts the orders of `channel`, all where it is empty, and is judged from `floor_orders` on; its value has
    to stay below or `above` the target; `state` is what missing it does to the account. Lines of one metric with other
    windows hold beside each other. Fewer than `floor_cases` of what it counts miss no target, whatever share they are.
    A line holds where so many orders were bought `in_days` (`if_orders_at_least`, `if_orders_below`), and is judged on
    every day, or on the day `judged_on` of each month. A row with a `version` holds on no day by itself, as nobody
    knows since when it does: it is taken, for all time, only where that version is named. `set_by` says whose a
    metric's line is, once it is bound to a marketplace.
    """

    name: str
    marketplace: str
    kind: Kind
    source: str
    grade: Grade
    clock: ClockName | None = None
    amount: int | None = None
    ends: Ends = "same_time"
    without: str = ""
    starts: tuple[str, ...] = ()
    on_expiry: str = "late"
    until: date | None = None
    value: bool | None = None
    word: str | None = None
    words: tuple[str, ...] = ()
    share: Decimal | None = None
    money: Decimal | None = None
    currency: str | None = None
    count: int | None = None
    when: Condition = ANY_ORDER
    valid_from: date | None = None
    valid_until: date | None = None
    channel: tuple[str, ...] = ()
    lag: int = 0
    target: Decimal | None = None
    strict: bool = True
    direction: Literal["below", "above"] = "below"
    floor_orders: int = 0
    floor_cases: int = 0
    if_orders_at_least: int | None = None
    if_orders_below: int | None = None
    in_days: int = 0
    judged_on: int | None = None
    running: int = 0
    negative_stars: int | None = None
    review_target: Decimal | None = None
    state: Standing | None = None
    consequence: str = ""
    version: str | None = None
    due: str = ""
    note: str = ""
    set_by: SetBy = field(default="rule", metadata=UNWRITTEN)
    origin: str = field(default="", eq=False)
    place: Place = field(default=NOWHERE, eq=False, repr=False, metadata=UNWRITTEN)

    @cached_property
    def window(self) -> int:
        """The days of a metric's window, which tell lines of one metric apart; 0 for a rule that is no metric."""
        return (self.amount or 0) if self.kind == "metric" else 0

    @cached_property
    def line(self) -> tuple[int, int, int | None, int | None]:
        """What tells lines of one metric apart that hold beside each other: the window, and for how many orders."""
        return self.window, self.in_days, self.if_orders_at_least, self.if_orders_below

    def is_for(self, orders: float) -> bool:
        """Whether the line holds for an account with so many orders `in_days`; a line without such a span always."""
        most = inf if self.if_orders_below is None else self.if_orders_below
        return not self.in_days or (self.if_orders_at_least or 0) <= orders < most

    @cached_property
    def told(self) -> str:
        """The rule as a decision's record names it."""
        return f"rule: {self}"

    @cached_property
    def minor(self) -> int:
        """Its money in the smallest unit of its currency, halves rounded away from zero; 0 where it has none."""
        if self.money is None or self.currency is None:
            return 0
        return rounded(self.money.scaleb(decimals(self.currency)))

    @cached_property
    def answer(self) -> Any:
        """What it demands, in plain words and figures: `24 wall_hours`, True, `seller`, `5.00 USD`."""
        if self.kind == "switch":
            return self.value
        if self.kind in ("word", "count"):
            return self.word if self.kind == "word" else self.count
        if self.kind == "list":
            return ", ".join(self.words)
        money = "" if self.money is None else f"{self.money} {self.currency}"
        if self.kind == "share":
            return f"{self.share}, at most {money}" if money else self.share
        if self.kind == "money":
            return money
        if self.until:
            return f"until {self.until}"
        if self.due:
            return f"{self.due}({'' if self.amount is None else self.amount})"
        return f"{self.amount} {self.clock}" + (f" without {self.without}" if self.without else "")

    def due_after(self, at: Instant, calendar: Calendar) -> Instant:
        """Return when the time of a deadline or window that begins at an instant is over, by the place's calendar.

        Not of a row that a function answers (`due`).
        """
        assert self.amount is not None
        assert self.clock is not None
        if self.without:
            clock, amount = self.counted(calendar)
            return clock.due_after(at, amount)
        # As the clock below would ask it; to make that clock takes half the time again, on the engine's way.
        return due_after(at, self.amount, self.clock, calendar, self.ends)

    def counted(self, calendar: Calendar) -> tuple[Clock | OpeningHours, int]:
        """Return the clock by which a deadline or window counts its time, and the amount in the clock's unit.

        Not of a row that a function answers (`due`), nor of one with a last day (`until`).
        """
        assert self.amount is not None
        assert self.clock is not None
        if self.without:
            return hours_without(calendar.zone, self._days_without), self.amount * HOUR
        return Clock(self.clock, calendar, self.ends), self.amount

    @cached_property
    def _days_without(self) -> frozenset[int]:
        return parse_weekdays(self.without)

    def in_force(self, day: date) -> bool:
        """Whether the rule is in force on that local day."""
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)

    def same_demand(self, other: Rule) -> bool:
        """Whether both demand the same, whatever their marketplaces, dates, sources and notes."""
        return _demand(self) == _demand(other)

    def __str__(self) -> str:
        """Return the rule in a line, as messages quote it."""
        span = f"version {self.version}" if self.version else f"{self.valid_from or '…'}–{self.valid_until or '…'}"
        narrowed = f" [{self.when}]" if self.when.weight else ""
        return f"{self.marketplace} {self.name}{narrowed} {self.answer} {span}"


def _demand(rule: Rule) -> Rule:
    undated = evolve(rule, valid_from=None, valid_until=None, version=None)
    return evolve(undated, marketplace="", source="", grade="assumed", note="")
