"""Money: the metrics of a run that are money, from its books, in the scenario's currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from attrs import field, frozen

from aftersale.base.money import decimals
from aftersale.costs.account import SALE, Account, Sums, account, missing, together
from aftersale.costs.labour import shared
from aftersale.costs.ledger import line_place
from aftersale.policies.cost_kinds import GROUPS
from aftersale.worth.parameters import Parameters
from aftersale_simulator.books.book import WORKED, Book
from aftersale_simulator.resolved.scenario import ResolvedScenario

IDLE, LABOUR = "labour_idle", "labour"
TOTAL, CONTRIBUTION = "total_cost", "contribution"
MONTH = 30
"""Days of the period that money of periods of any length is told for."""
GROUP_METRICS = tuple(f"cost_{group}" for group in GROUPS)
LINE = "cost_line_"
"""How the metrics of the lines begin."""
PER_ORDER = (f"{TOTAL}_per_order", f"{CONTRIBUTION}_per_order")
PER_MONTH = (f"{TOTAL}_per_{MONTH}_days", f"{CONTRIBUTION}_per_{MONTH}_days")
MONEY = (
    TOTAL,
    CONTRIBUTION,
    *SALE,
    *GROUP_METRICS,
    *PER_ORDER,
    *PER_MONTH,
    "at_stake",
    "revenue_missed",
    "contribution_missed",
)
"""The metrics that are money, beside those of the lines."""
COUNTS = ("orders_sold", "cases_standing", "orders_missed")
"""What is counted beside the money: orders that were not cancelled, cases still open, orders that were never placed."""
Metrics = dict[str, float | None]
_ZERO = Decimal(0)


@frozen
class Rest:
    """A declared number that money rests on: its value, its range, and by how much one more of it lifts contribution.

    That is a straight line through what the run booked, in the scenario's currency.
    """

    value: float
    low: float
    high: float
    slope: float


@frozen
class Money:
    """The money of a run: metrics of the whole desk and by marketplace, and the declared numbers that it rests on.

    Where `unrated` currencies have no rate, all but labour is None.
    """

    metrics: Metrics
    by_marketplace: dict[str, Metrics]
    rests: dict[str, Rest] = field(factory=dict)
    unrated: tuple[str, ...] = ()


def money_of(resolved: ResolvedScenario, books: Mapping[str, Book], labour_cost: Decimal) -> Money:
    """Return what the books of a run come to.

    `labour_cost` is what the rosters' hours of the measured days cost: it is in the account once, shared to the
    marketplaces by the minutes of the tasks that were done for them.
    """
    scenario = resolved.scenario
    into, rates = scenario.currency, scenario.worth
    unrated = missing(set().union(*(book.currencies for book in books.values())), into, rates)
    idle = _idle(books, resolved.numbers, labour_cost, into)
    days = resolved.horizon.days
    parts = {name: [_Part.of(book, idle[name], into, None if unrated else rates)] for name, book in books.items()}
    whole = [part for each in parts.values() for part in each]
    return Money(
        _metrics(whole, into, days),
        {name: _metrics(each, into, days) for name, each in parts.items()},
        {} if unrated else _rests(books.values(), resolved),
        unrated,
    )


def _idle(books: Mapping[str, Book], numbers: Parameters, labour_cost: Decimal, into: str) -> dict[str, int]:
    """Return what of the labour each marketplace bears beside the tasks that were done for it, in minor units."""
    minutes = {
        name: sum((numbers.value(numbers.minutes(task)) * count for task, count in book.work.items()), Decimal(0))
        for name, book in books.items()
    }
    worked = sum(book.lines.get((WORKED, into), 0) for book in books.values())
    return shared(int(labour_cost.scaleb(decimals(into))) - worked, minutes)


@frozen
class _Part:
    """One marketplace's account in the scenario's currency, with what is counted and told beside it.

    Without rates only its labour is known.
    """

    account: Account
    rated: bool
    orders: int
    standing: int
    at_stake: int
    missed_orders: int
    missed: Account

    @classmethod
    def of(cls, book: Book, idle: int, into: str, rates: Mapping[str, Decimal] | None) -> _Part:
        lines: Sums = {**book.lines, (IDLE, into): idle}
        if rates is None:
            lines = {
                (line, currency): amount for (line, currency), amount in lines.items() if book.groups[line] == LABOUR
            }
        known = rates if rates is not None else {}
        sale, missed = (book.sale, book.missed) if rates is not None else ({}, {})
        at_stake = {("at_stake", book.currency): book.at_stake} if rates is not None else {}
        return cls(
            account(sale, lines, book.groups, into, known),
            rates is not None,
            book.orders,
            book.standing,
            account(at_stake, {}, {}, into, known).sale.get("at_stake", 0),
            book.missed_orders,
            account(missed, {}, {}, into, known),
        )


def _metrics(parts: Sequence[_Part], into: str, days: int) -> Metrics:
    """Return the metrics of some marketplaces together; money without rates is None, all but labour."""
    whole, missed = together([part.account for part in parts], into), together([part.missed for part in parts], into)
    rated, orders = all(part.rated for part in parts), sum(part.orders for part in parts)
    minor: dict[str, int] = {
        TOTAL: whole.total_cost,
        CONTRIBUTION: whole.contribution,
        **{name: whole.sale.get(name, 0) for name in SALE},
        **{f"cost_{group}": amount for group, amount in whole.by_group().items()},
        **{f"{LINE}{line}": whole.lines.get(line, 0) for line in sorted(whole.groups, key=line_place)},
        "at_stake": sum(part.at_stake for part in parts),
        "revenue_missed": missed.sale.get(SALE[0], 0),
        "contribution_missed": missed.contribution,
    }
    labour = {f"cost_{LABOUR}", *(f"{LINE}{line}" for line, group in whole.groups.items() if group == LABOUR)}
    unit = 10 ** decimals(into)
    money: Metrics = {name: amount / unit if rated or name in labour else None for name, amount in minor.items()}
    for name in (TOTAL, CONTRIBUTION):
        amount = money[name]
        money[f"{name}_per_order"] = None if amount is None or not orders else amount / orders
        money[f"{name}_per_{MONTH}_days"] = None if amount is None else amount * MONTH / days
    counts = {
        "orders_sold": float(orders),
        "cases_standing": float(sum(part.standing for part in parts)),
        "orders_missed": float(sum(part.missed_orders for part in parts)),
    }
    return {**{name: money[name] for name in MONEY}, **money, **counts}


def _rests(books: Iterable[Book], resolved: ResolvedScenario) -> dict[str, Rest]:
    """Return the declared numbers on which money rests, none of the seller's own."""
    scenario, numbers = resolved.scenario, resolved.numbers
    units: dict[str, Decimal] = {}
    slopes: dict[str, Decimal] = {}
    for book in books:
        for (name, currency), amount in book.rests.items():
            unit = units.get(currency)
            if unit is None:
                rate = Decimal(1) if currency == scenario.currency else scenario.worth[currency]
                unit = units[currency] = rate.scaleb(-decimals(currency))
            slopes[name] = slopes.get(name, _ZERO) + amount * unit
    rests = {}
    for name, slope in slopes.items():
        if not slope:
            continue  # asking for the number would count as using it
        declared = numbers.by_name[name]
        if declared.default and declared.grade != "own":
            value, low, high = (float(number) for number in (declared.default, declared.low, declared.high))
            rests[name] = Rest(value, low, high, float(slope) / value)
    return rests
