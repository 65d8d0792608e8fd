"""Model of a scenario: one TOML file that says what is sold, who works when, in what world, and for which targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from math import fsum, inf
from typing import Any, Literal

from attrs import field, fields, frozen

from aftersale.base.toml_lines import UNWRITTEN, is_written
from aftersale.channels import CHANNELS
from aftersale.clocks import DAY, Calendar, place_of
from aftersale.documents.scalars import (
    Count,
    CurrencyCode,
    Day,
    DayOrAmount,
    Duration,
    ExactShare,
    HolidayPlace,
    MoneyAmount,
    OwnNumber,
    PositiveCount,
    Rate,
    Share,
    TimeRange,
    Weekdays,
    Word,
    ZoneName,
)
from aftersale.policies.reactions import Reaction
from aftersale.reports.orders.formats import OrderFormat
from aftersale_simulator.scenario.events import MOST_FACTOR, Event
from aftersale_simulator.scenario.horizon import Horizon
from aftersale_simulator.scenario.limits import MOST_AGENTS, beyond
from aftersale_simulator.scenario.vocabulary import allowed_words

_YEARS = range(1970, 2200)
_MINUTES_PER_DAY = 24 * 60
SHIPPED_HANDBOOK = "shipped"
"""The word for the handbook that is shipped, for a variant beside others with handbooks of their own."""
Cheapest = Literal["contribution", "total", "labour"]
"""By what variants that keep the targets are ranked: the highest contribution, the lowest total or labour cost."""


@frozen
class Period:
    """The measured days from `start` on, and the warm-up before them, which is not measured.

    Both lengths are whole days, in microseconds.
    """

    start: Day
    measured: Duration
    warm_up: Duration = Duration(0)

    def __attrs_post_init__(self) -> None:
        if self.measured < DAY or self.measured % DAY or self.warm_up % DAY:
            raise ValueError("measured and warm_up are whole days, and measured is at least one: measured = '90 d'")
        if not all(year in _YEARS for year in self._years()):
            raise ValueError(f"the period with its warm-up lies within the years {_YEARS[0]} to {_YEARS[-1]}")

    def _years(self) -> Iterator[int]:
        first = self.start.toordinal() - self.warm_up // DAY
        end = self.start.toordinal() + self.measured // DAY
        return (date.fromordinal(min(max(day, 1), date.max.toordinal())).year for day in (first, end))


@frozen
class Price:
    """What an order costs, in the marketplace's currency: lognormal; `sigma` is the logarithm's standard deviation."""

    median: MoneyAmount
    sigma: Rate = Rate(0.6)

    def __attrs_post_init__(self) -> None:
        if self.median <= 0:
            raise ValueError("the median price is above 0")
        _check([*beyond("median", self.median, 1_000_000_000), *beyond("sigma", self.sigma, 3)])


@frozen
class Product:
    """How one category differs: its own price, and factors on declared parameters, by name.

    A category with more problems has a factor above 1 on `claim_rate_answered` or `negative_feedback_rate`.
    """

    price: Price | None = None
    factors: dict[Word, Rate] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        _check(problem for name, factor in self.factors.items() for problem in beyond(name, factor, MOST_FACTOR))


@frozen
class SoldProduct:
    """One product, by the seller's name of it: how much of it is sold, at which price, and how often it is defective.

    `share` is that of its category's orders; of an order file it is not asked. Without a `category` it belongs to the
    only one. An order costs `price`, by default as others of the category, and its goods cost the seller `landed_cost`,
    both in the marketplace's currency. `defect_rate` is the share of its orders whose goods are defective, by default
    the declared one.
    """

    share: Share | None = None
    category: Word | None = None
    price: MoneyAmount | None = None
    landed_cost: MoneyAmount | None = None
    defect_rate: Share | None = None

    def __attrs_post_init__(self) -> None:
        _check(["price: above 0"] if self.price == 0 else [])
        amounts = (("price", self.price), ("landed_cost", self.landed_cost))
        _check(problem for name, amount in amounts for problem in beyond(name, amount, 1_000_000_000))


@frozen
class Sales:
    """What is sold on one marketplace.

    `channels` and `categories` are shares that sum to 1; `category` says how some of the categories differ, `product`
    tells products apart. What is left of a category's orders is for no product of a name.
    `cross_border` is the share of orders whose return crosses a border, `exempt` the share of those exempt from
    automatic returns. `hourly`, `weekly` and `season` are relative weights of the hours of a day, the days of a week
    and the months of a year in the marketplace's own time, `dispersion` is the variance of a day's orders over their
    mean; None means the world's default. Orders become `growth` times as many in a year; `orders_per_day` holds for the
    first measured day, in an average month. `prices_with_vat` says whether prices contain VAT, of the `vat_share` of
    the price without it; None is undeclared, and nothing is taken out.
    """

    orders_per_day: Rate
    price: Price
    channels: dict[str, Share] = field(factory=lambda: {CHANNELS[0]: Share(1.0)})
    categories: dict[str, Share] = field(factory=lambda: {"general": Share(1.0)})
    category: dict[Word, Product] = field(factory=dict)
    product: dict[Word, SoldProduct] = field(factory=dict)
    cross_border: Share = Share(0.0)
    exempt: Share = Share(0.0)
    hourly: tuple[Rate, ...] | None = None
    weekly: tuple[Rate, ...] | None = None
    season: tuple[Rate, ...] | None = None
    growth: Rate = Rate(1.0)
    dispersion: Rate | None = None
    prices_with_vat: bool | None = None
    vat_share: ExactShare | None = None

    def __attrs_post_init__(self) -> None:
        _check(_sales_problems(self))

    def products_of(self, category: str) -> dict[str, SoldProduct]:
        """Return the products of a category by name; one without a category of its own belongs to the only one."""
        only = next(iter(self.categories)) if len(self.categories) == 1 else None
        return {str(name): product for name, product in self.product.items() if (product.category or only) == category}


@frozen
class Goods:
    """What goods cost the seller, landed in the warehouse, as shares of the price without VAT.

    The share of a product goes before that of its category, and that before the one for all. `catalogue` is a file that
    says what one unit of each product costs, for orders of an order file; it goes before all shares.
    """

    landed_cost_share: ExactShare | None = None
    category: dict[Word, ExactShare] = field(factory=dict)
    product: dict[Word, ExactShare] = field(factory=dict)
    catalogue: Word | None = None


@frozen
class Leave:
    """`agents` people of a shift are away from the day `start` to the day `until`, both included."""

    start: Day
    until: Day
    agents: Count = Count(1)

    def __attrs_post_init__(self) -> None:
        if self.until < self.start:
            raise ValueError("until is not before start")


@frozen
class Shift:
    """When a team works: on which days, from when to when in its own time, less the breaks.

    `hours` and `breaks` count minutes from the local midnight; `agents` replaces the team's number. The shift is worked
    from the day `since` to the day `until`. Its people do the kinds of task in `tasks`, on marketplaces whose first
    language is one of their `languages`; empty means all. A task takes them `pace` times as long as others, and longer
    at first after the day on which they were `hired`. `leave` says who is away when.
    """

    days: Weekdays
    hours: TimeRange
    breaks: tuple[TimeRange, ...] = ()
    agents: Count | None = None
    since: Day | None = None
    until: Day | None = None
    tasks: tuple[Word, ...] = ()
    languages: tuple[Word, ...] = ()
    pace: Rate = Rate(1.0)
    hired: Day | None = None
    leave: tuple[Leave, ...] = ()

    def __attrs_post_init__(self) -> None:
        _check(_shift_problems(self))

    def pauses(self) -> list[tuple[int, int]]:
        """Return the breaks in order; on a shift over midnight, minutes of breaks after midnight count on past 24 h."""
        opens = self.hours[0]
        offsets = (_MINUTES_PER_DAY if begin < opens else 0 for begin, _ in self.breaks)
        return sorted((begin + offset, end + offset) for (begin, end), offset in zip(self.breaks, offsets, strict=True))


@frozen
class Team:
    """People in one place who share a queue: `serves` names their marketplaces, empty for all.

    `cost_per_hour` is what one paid hour of one agent costs, in the scenario's currency. On public holidays of
    `holidays`, a country or a part of it, nobody works; None means that they work on holidays. Nobody works on the days
    `closed` either. On weekend days that the country makes working days, and on the days `worked`, those work whose
    week has the last weekday before. `absence` is the share of working days on
    which an agent does not come, by default the declared one; absent people are paid. `other_work` is the share of
    working time that goes to other work. Without `finishes`, agents put a task down when their shift ends; with
    `overtime` they stay so long after it, while something is due before the next shift begins.
    """

    zone: ZoneName
    agents: Count
    shifts: tuple[Shift, ...]
    holidays: HolidayPlace | None = None
    closed: tuple[Day, ...] = ()
    worked: tuple[Day, ...] = ()
    cost_per_hour: MoneyAmount = MoneyAmount(Decimal(0))
    serves: tuple[Word, ...] = ()
    absence: Share | None = None
    other_work: Share = Share(0.0)
    finishes: bool = True
    overtime: Duration = Duration(0)

    def __attrs_post_init__(self) -> None:
        _check(["other_work: below 1, or nobody does any of this work"] if self.other_work >= 1 else [])
        numbers = (self.agents, *(shift.agents for shift in self.shifts))
        _check(problem for agents in numbers for problem in beyond("agents", agents, MOST_AGENTS))
        _ = self.calendar  # refuses days that are both closed and worked

    @property
    def calendar(self) -> Calendar:
        """The team's own days: its zone, the holidays that it takes, and the days that it names itself."""
        country, part = place_of(self.holidays) if self.holidays else (None, None)
        return Calendar(self.zone, country, part, closed=self.closed, worked=self.worked)


@frozen
class Allowed:
    """What `staff` may choose from for one team: patterns of work by name, and up to `most` people on them.

    Every person works one pattern; a pattern has no `agents`.
    """

    pattern: dict[Word, Shift]
    most: PositiveCount

    def __attrs_post_init__(self) -> None:
        if not self.pattern:
            raise ValueError("pattern: allow at least one, such as { days = 'Mon-Fri', hours = '09:00-18:00' }")
        _check(beyond("most", self.most, MOST_AGENTS))
        _check(f"pattern.{name}: agents is what is looked for" for name, shift in self.pattern.items() if shift.agents)


@frozen
class Handling:
    """How long an agent works on one task: the mean, and `cv`, the standard deviation over the mean.

    `automatic` is the share of these tasks that need no agent: a rule of the handbook or a machine does them at once.
    `language` are factors on the mean by the first language of the marketplace, such as { ja = 1.5 }.
    """

    mean: Duration
    cv: Rate = Rate(0.8)
    shape: Literal["lognormal", "exponential", "fixed"] = "lognormal"
    automatic: Share = Share(0.0)
    language: dict[Word, Rate] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        _check(beyond("cv", self.cv, 100))
        _check(problem for factor in self.language.values() for problem in beyond("language", factor, MOST_FACTOR))


@frozen
class OrderSource:
    """Real orders that replace the synthetic ones.

    `file` is a path from the scenario's folder. `format` names an order format of a plugin; `mapping` says how to read
    any other file, by keys that may also be written in `[orders]` itself; with neither, the format is recognised by the
    header. `move_to` shifts the orders by whole weeks, so that the first order falls into the week from that date. With
    `resample` each simulated week is one of the file's whole weeks, drawn anew in every replication. There are `scale`
    times as many orders: some are left out or repeated.
    """

    file: Word
    format: Word | None = None
    mapping: OrderFormat | None = None
    move_to: Day | None = None
    resample: bool = False
    scale: Rate = Rate(1.0)

    def __attrs_post_init__(self) -> None:
        if self.format and self.mapping:
            raise ValueError("format and mapping exclude each other: keep one of the two")
        _check(beyond("scale", self.scale, 100))


@frozen
class Targets:
    """Limits over the measured period; None is no target.

    They are upper ones, of metrics that are better the higher they are lower ones. `metrics` are those of plugins'
    metrics, which a document has beside the others. A variant meets the targets when all of them hold in at least
    `share_of_replications` of its replications.
    """

    late_reply_rate: Share | None = None
    silence_48h_rate: Share | None = None
    mean_first_reply_hours: Rate | None = None
    order_defect_rate: Share | None = None
    occupancy: Share | None = None
    share_of_replications: Share = Share(0.9)
    metrics: dict[str, float] = field(factory=dict, metadata=UNWRITTEN)

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are set, by metric: shares, loads or wall hours."""
        usual = {name: limit for name in USUAL_TARGETS if (limit := getattr(self, name)) is not None}
        return {**{name: float(limit) for name, limit in usual.items()}, **self.metrics}


USUAL_TARGETS = tuple(
    spec.name for spec in fields(Targets) if is_written(spec) and spec.name != "share_of_replications"
)
"""The metrics that any scenario may set a target on."""


@frozen
class DeclaredVariant:
    """A named change of the scenario: paths such as `team.NAME.agents` with their new values."""

    name: Word
    set: dict[str, Any]


@frozen
class Scenario:
    """A scenario as the simulation takes it.

    `base` names the unchanged scenario among the variants. `handling` says how long each kind of task takes; kinds that
    it leaves out take the declared `other_task_minutes`. `world` overrides declared parameters. `handbook`, the order
    file and the goods' catalogue are paths from the scenario's folder, made absolute when it was read from a file.
    `most_failed` is the share of cases that plugins may fail before a run is worth nothing (default assumed).
    `staffing` says by team what `staff` may choose from. `sale_events` says whether the sales happen that plugins date
    into its days. `presets` names values of plugins, which its own `world` overrides. `rule_versions` names versions of
    rules of which nobody knows the dates: they are taken in place of the dated rows, on every day. `work_order` is the
    order in which tasks are taken: `deadline`, the nearest first; `arrival`, the oldest first; `risk`, where tasks of
    cases that may make an order defective get a head start; or one that a plugin adds. `reaction` has rows that
    override what happens of itself in the world.
    """

    name: Word
    currency: CurrencyCode
    period: Period
    marketplace: dict[str, Sales]
    team: dict[str, Team]
    handling: dict[str, Handling]
    base: Word = Word("base")
    seed: Count = Count(1)
    replications: PositiveCount = PositiveCount(10)
    world: dict[str, Rate] = field(factory=dict)
    targets: Targets = Targets()
    handbook: Word | None = None
    most_failed: Share = Share(0.01)
    orders: OrderSource | None = None
    staffing: dict[str, Allowed] = field(factory=dict)
    event: tuple[Event, ...] = ()
    sale_events: bool = True
    presets: tuple[Word, ...] = ()
    rule_versions: tuple[Word, ...] = ()
    work_order: Word = Word("deadline")
    rates: dict[Word, DayOrAmount] = field(factory=dict)
    costs: dict[Word, OwnNumber] = field(factory=dict)
    goods: Goods = Goods()
    cheapest: Cheapest = "contribution"
    variant: tuple[DeclaredVariant, ...] = ()
    reaction: tuple[Reaction, ...] = ()

    @property
    def horizon(self) -> Horizon:
        """The days of the scenario's period, those of the warm-up first."""
        return Horizon.of(self.period.start, self.period.measured, self.period.warm_up)

    @property
    def worth(self) -> dict[str, Decimal]:
        """What one unit of each currency of `rates` is worth in the scenario's."""
        return {str(name): worth for name, worth in self.rates.items() if isinstance(worth, Decimal)}


def _check(problems: Iterable[str]) -> None:
    if texts := list(problems):
        raise ValueError("; ".join(texts))


_ROUNDING = 1e-9


def _sales_problems(sales: Sales) -> Iterator[str]:
    """Yield what is wrong with shares and weights."""
    for channel in sales.channels:
        if channel not in CHANNELS:
            yield f"channels: unknown channel '{channel}', the channels are {', '.join(CHANNELS)}"
    for name in ("channels", "categories"):
        total = fsum(getattr(sales, name).values())
        if abs(total - 1) > _ROUNDING:
            yield f"{name}: the shares sum to {total:g}, not to 1"
    for name in sales.category:
        if name not in sales.categories:
            yield f"category.{name}: nothing of it is sold: {allowed_words(name, list(map(str, sales.categories)))}"
    yield from _product_problems(sales)
    for name, size in (("hourly", 24), ("weekly", 7), ("season", 12)):
        weights = getattr(sales, name)
        if weights is not None and (len(weights) != size or not 0 < sum(weights) < inf):
            yield f"{name}: {size} weights are needed, not all 0"
    if sales.prices_with_vat and sales.vat_share is None:
        yield "vat_share: how much is it? 0.19 is 19 % of the price without it"
    if sales.vat_share is not None and sales.prices_with_vat is None:
        yield "prices_with_vat: say true where prices contain it, false where they do not"
    yield from beyond("dispersion", sales.dispersion, 1000)
    yield from beyond("growth", sales.growth, 100)
    if sales.growth <= 0:
        yield "growth: above 0; 1.2 is a fifth more in a year"


def _product_problems(sales: Sales) -> Iterator[str]:
    """Yield products of categories of which nothing is sold, and shares of a category's products that exceed it."""
    categories = list(map(str, sales.categories))
    for name, product in sales.product.items():
        if product.category is not None and product.category not in categories:
            what = f"product.{name}.category: nothing of '{product.category}' is sold"
            yield f"{what}: {allowed_words(product.category, categories)}"
        elif product.category is None and len(categories) > 1:
            yield f"product.{name}.category: which one is it? {', '.join(categories)}"
    for category in categories:
        total = fsum(product.share or 0.0 for product in sales.products_of(category).values())
        if total > 1 + _ROUNDING:
            yield f"product: the shares of the products of '{category}' sum to {total:g}, more than 1"


def _shift_problems(shift: Shift) -> Iterator[str]:
    """Yield the breaks that are not within the hours or overlap."""
    opens, closes = shift.hours
    last_end = opens
    for begin, end in shift.pauses():
        if begin < last_end or end > closes:
            span = f"{clock_text(begin)}-{clock_text(end)}"
            yield f"breaks: {span} is not inside the hours, or overlaps another break"
        last_end = max(last_end, end)


def clock_text(minutes: int) -> str:
    """Return minutes from midnight as the time on a clock."""
    hours, rest = divmod(minutes, 60)
    return f"{hours if hours <= 24 else hours - 24:02d}:{rest:02d}"
