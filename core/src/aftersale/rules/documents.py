"""Documents of rules: the rows of `rules.toml` and of a handbook, as their authors write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, Literal

from attrs import field, frozen

from aftersale.base.money import money
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import NOWHERE, UNWRITTEN, Place, placed
from aftersale.documents.scalars import WEEKDAYS, Count, CurrencyCode, MoneyAmount, PositiveCount, Weekdays, Word
from aftersale.documents.structure import structure
from aftersale.rules.conditions import ANY_ORDER, Condition, Words, check_span
from aftersale.rules.model import EVERYWHERE, ClockName, Ends, Grade, Kind, Rule, Standing

_LONGEST: dict[ClockName, int] = {"wall_hours": 876_600, "calendar_days": 36_525, "business_days": 36_525}
_KINDS: dict[str, Kind] = {
    "until": "window",
    "value": "switch",
    "word": "word",
    "words": "list",
    "share": "share",
    "money": "money",
    "count": "count",
}
_ONE_OF = (
    "a rule has exactly one of: amount with its clock, due, until, value (true or false), word, words, share, money, "
    "count; share and money together mean the lesser of the two"
)

_WHICH_CURRENCY = (
    "a price without a currency is another amount on every marketplace: add it, "
    "when = { price_up_to = '15.00', currency = 'EUR' }, or name the marketplaces in place of '*'"
)


@frozen
class _RuleRow:
    """A `[[rule]]` table as a plugin writes it, for several marketplaces at once."""

    name: Word
    marketplaces: tuple[Word, ...]
    source: Word
    grade: Grade
    due: Word | None = None
    clock: ClockName | None = None
    amount: Count | None = None
    ends: Ends = "same_time"
    without: Weekdays | None = None
    starts: Words | None = None
    on_expiry: Word | None = None
    until: date | None = None
    value: bool | None = None
    word: Word | None = None
    words: tuple[Word, ...] | None = None
    share: MoneyAmount | None = None
    money: MoneyAmount | None = None
    currency: CurrencyCode | None = None
    count: Count | None = None
    when: Condition = ANY_ORDER
    valid_from: date | None = None
    valid_until: date | None = None
    version: Word | None = None
    note: str = ""
    place: Place = field(default=NOWHERE, eq=False, repr=False, metadata=UNWRITTEN)

    def __attrs_post_init__(self) -> None:
        _check_places(self.marketplaces)
        keys = self._answer_keys()
        if self.due is not None:
            keys = self._keys_beside_due(keys)
        if len(keys) != 1 and keys != ["share", "money"]:
            raise ValueError(_ONE_OF)
        if self.due is None and (self.amount is None) != (self.clock is None):
            raise ValueError("amount and clock go together: amount = 24, clock = 'wall_hours'")
        if (self.amount is not None or self.due is not None) and not self.starts:
            raise ValueError("say which fact starts the clock: starts = 'buyer_message'")
        if self.without is not None:
            self._check_without(self.without)
        if self.amount is not None and self.clock is not None:
            _check_length("amount", self.amount, self.clock, self.without)
        if self.amount is None and self.due is None and self.on_expiry is not None:
            raise ValueError("on_expiry goes with amount and clock: what follows when the time is over")
        self._check_value()
        if EVERYWHERE in self.marketplaces and self.when.has_price and self.when.currency is None:
            raise ValueError(_WHICH_CURRENCY)
        check_span("valid_from", self.valid_from, "valid_until", self.valid_until)
        _check_version(self.version, self.valid_from or self.valid_until)

    def _answer_keys(self) -> list[str]:
        return [name for name in ("amount", *_KINDS) if getattr(self, name) is not None]

    def _keys_beside_due(self, keys: list[str]) -> list[str]:
        """Return the keys that answer; a function counts by itself, and may have an amount beside it."""
        if self.clock is not None or self.without is not None or self.ends != "same_time":
            raise ValueError("due names a function, which counts by itself: leave out clock, ends and without")
        if self.on_expiry is None:
            raise ValueError("a function sets a deadline: say what follows when it is over, on_expiry = 'late'")
        return ["due", *(key for key in keys if key != "amount")]

    def _check_without(self, days: Weekdays) -> None:
        if self.clock != "wall_hours" or self.ends != "same_time":
            raise ValueError("without goes with clock = 'wall_hours', and not with ends = 'end_of_day'")
        if len(days) == len(WEEKDAYS):
            raise ValueError("without names every day of the week, so no time would run: leave a day at least")

    def _check_value(self) -> None:
        check_span("until", self.until, "", None)
        if self.words is not None and not self.words:
            raise ValueError("words is empty: name one at least, or leave the row out")
        if self.share is not None and self.share > 1:
            raise ValueError(f"share = '{self.share}' is above 1: write 20 % as '0.20'")
        if (self.money is None) != (self.currency is None):
            raise ValueError("money and currency go together: money = '5.00', currency = 'USD'")
        if self.money is not None and self.currency is not None:
            money(self.money, self.currency)

    def kind(self) -> Kind:
        """Return the kind that the keys imply."""
        if self.due is not None:
            return "deadline"
        if self.amount is not None:
            return "deadline" if self.on_expiry else "window"
        return _KINDS[self._answer_keys()[0]]

    def rules(self, origin: str) -> Iterable[Rule]:
        for marketplace in self.marketplaces:
            yield Rule(
                self.name,
                marketplace,
                self.kind(),
                self.source,
                self.grade,
                clock=self.clock,
                amount=self.amount,
                ends=self.ends,
                without=",".join(WEEKDAYS[day] for day in sorted(self.without or ())),
                starts=tuple(self.starts or ()),
                on_expiry=self.on_expiry or "late",
                until=self.until,
                value=self.value,
                word=self.word,
                words=tuple(self.words or ()),
                share=self.share,
                money=self.money,
                currency=self.currency,
                count=self.count,
                when=self.when,
                valid_from=self.valid_from,
                valid_until=self.valid_until,
                version=self.version,
                due=self.due or "",
                note=self.note,
                origin=origin,
                place=self.place,
            )


_LAST_EVERYWHERE = 28
"""The last day that every month has."""
_ABOUT_LINES = ("review_target", "state", "running", "floor_cases", "judged_on")
"""What a metric says of its line."""


@frozen
class _MetricRow:
    """A `[[metric]]` table as a plugin writes it.

    The window is `amount` of `clock`. Without a target it is only told.
    """

    name: Word
    marketplaces: tuple[Word, ...]
    source: Word
    grade: Grade
    amount: PositiveCount
    target: MoneyAmount | None = None
    clock: ClockName = "calendar_days"
    channel: Words | None = None
    lag: Count = Count(0)
    strict: bool = True
    direction: Literal["below", "above"] = "below"
    floor_orders: Count = Count(0)
    floor_cases: Count = Count(0)
    if_orders_at_least: PositiveCount | None = None
    if_orders_below: PositiveCount | None = None
    in_days: PositiveCount | None = None
    judged_on: Count | None = None
    running: Count = Count(0)
    negative_stars: PositiveCount | None = None
    review_target: MoneyAmount | None = None
    state: Standing | None = None
    consequence: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    version: Word | None = None
    note: str = ""
    place: Place = field(default=NOWHERE, eq=False, repr=False, metadata=UNWRITTEN)

    def __attrs_post_init__(self) -> None:
        _check_places(self.marketplaces)
        if self.clock != "calendar_days":
            raise ValueError("a metric's window counts in calendar_days")
        spans = (("amount", self.amount), ("lag", self.lag), ("running", self.running), ("in_days", self.in_days or 0))
        for name, days in spans:
            _check_length(name, days, self.clock)
        self._check_volume()
        if self.judged_on is not None and not 1 <= self.judged_on <= _LAST_EVERYWHERE:
            raise ValueError(f"judged_on = {self.judged_on} is no day of every month: name one from 1 to 28")
        if self.judged_on is not None and self.running:
            raise ValueError("running counts days, and judged_on leaves one of a month: keep one of them")
        if self.floor_cases and self.direction == "above":
            raise ValueError("floor_cases is about what may be borne, and above the target nothing is: leave it out")
        if self.target is None and (said := [name for name in _ABOUT_LINES if getattr(self, name)]):
            raise ValueError(f"without a target nothing is missed: leave out {' and '.join(said)}, or give it one")
        if self.target is not None and self.review_target is not None:
            self._check_review(self.target, self.review_target)
        check_span("valid_from", self.valid_from, "valid_until", self.valid_until)
        _check_version(self.version, self.valid_from or self.valid_until)

    def _check_volume(self) -> None:
        least, below = self.if_orders_at_least, self.if_orders_below
        if (self.in_days is None) != (least is None and below is None):
            raise ValueError("orders and days go together: if_orders_at_least (or if_orders_below) = 400, in_days = 90")
        if least is not None and below is not None and least >= below:
            raise ValueError(
                f"no number of orders is {least} at least and below {below}: keep one of them, or widen it"
            )

    def _check_review(self, target: Decimal, review: Decimal) -> None:
        if target > review if self.direction == "above" else target < review:
            raise ValueError(f"review_target {review} is missed later than target {target}")

    def rules(self, origin: str) -> Iterable[Rule]:
        for marketplace in self.marketplaces:
            yield Rule(
                self.name,
                marketplace,
                "metric",
                self.source,
                self.grade,
                clock=self.clock,
                amount=self.amount,
                valid_from=self.valid_from,
                valid_until=self.valid_until,
                version=self.version,
                channel=tuple(self.channel or ()),
                lag=self.lag,
                target=self.target,
                strict=self.strict,
                direction=self.direction,
                floor_orders=self.floor_orders,
                floor_cases=self.floor_cases,
                if_orders_at_least=self.if_orders_at_least,
                if_orders_below=self.if_orders_below,
                in_days=self.in_days or 0,
                judged_on=self.judged_on,
                running=self.running,
                negative_stars=self.negative_stars,
                review_target=self.review_target,
                state=self.state,
                consequence=self.consequence,
                note=self.note,
                origin=origin,
                place=self.place,
            )


@frozen
class _RuleDocument:
    rule: tuple[_RuleRow, ...] = ()
    metric: tuple[_MetricRow, ...] = ()


def _check_version(version: str | None, day: date | None) -> None:
    if version is not None and day is not None:
        raise ValueError("nobody knows the dates of a version: keep version, or valid_from and valid_until")


def _check_places(marketplaces: Sequence[str]) -> None:
    if not marketplaces:
        raise ValueError("marketplaces is empty, so the row holds nowhere: name one at least")


def _check_length(name: str, amount: int, clock: ClockName, without: Weekdays | None = None) -> None:
    longest = _LONGEST[clock] * (len(WEEKDAYS) - len(without or ())) // len(WEEKDAYS)
    if amount > longest:
        raise ValueError(f"{name} = {amount} is too long: at most {longest} {clock}, a hundred years")


def parse_rules(data: dict[str, Any], source: str) -> list[Rule]:
    """Return the rules of a parsed TOML document, one per row and marketplace.

    Raises DocumentError with every problem of the document; `source` names it there.
    """
    document = structure(_RuleDocument, data, source)
    rules = [rule for row in placed(document.rule, "rule", data, source) for rule in row.rules(source)]
    return rules + [rule for row in placed(document.metric, "metric", data, source) for rule in row.rules(source)]


def load_rules(package: str, name: str = "rules.toml") -> list[Rule]:
    """Return the rules that an installed package carries in `rules.toml`."""
    return parse_rules(read(files(package) / name), f"{package}/{name}")
