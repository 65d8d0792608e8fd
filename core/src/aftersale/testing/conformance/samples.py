"""Samples: made-up cases of a marketplace, from what its plugin declares.

Every kind of case is opened at every boundary instant, and taken through every move of the workflow at one instant.
Their orders vary in everything that rules ask about: channel, category, price, border, buyer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import cycle, islice, product
from typing import NamedTuple

from attrs import frozen

from aftersale.base.errors import FactRefused
from aftersale.base.money import decimals
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case
from aftersale.channels import FULFILLED_BY_MARKETPLACE, WORD_OF
from aftersale.clocks import DAY, HOUR, Instant, start_of_day
from aftersale.engine.docket import Docket
from aftersale.engine.dossiers import Dossier
from aftersale.orders import Order
from aftersale.policies.decisions import Decisions
from aftersale.policies.observers import Observers
from aftersale.policies.policy import Policy
from aftersale.rules import Rule

YEAR = 2026
"""The year whose holidays and changes of the clock are boundaries; every calendar knows it."""
_BASE = date(YEAR, 3, 11)
_LONGEST = 40
_VARIANTS = 48
_SETTLED = 400 * DAY
"""How long after the last fact every deadline of a sample has ended."""


@frozen
class Sample:
    """A made-up case: an order and its facts, each an hour after the one before."""

    marketplace: str
    order: Order
    facts: tuple[Fact, ...]

    def __str__(self) -> str:
        """Return the sample's name in messages."""
        opened = self.facts[0]
        return f"{self.marketplace}, {' → '.join(fact.kind for fact in self.facts)} at {opened.occurred_at}"


class Answer(NamedTuple):
    """The outcome of a sample: its cases after each fact and in the end, its order's dossier, and the refusals."""

    cases: tuple[Case, ...]
    dossier: Dossier
    refused: tuple[str, ...]


def play(sample: Sample, policy: Policy, observers: Observers | None = None) -> Answer:
    """Return the outcome of a sample under a policy; `observers` are notified."""
    docket = Docket({sample.marketplace: policy}, observers)
    cases: list[Case] = []
    refused: list[str] = []
    for fact in sample.facts:
        try:
            docket.record(fact, sample.order)
        except FactRefused as error:
            refused.append(str(error))
        else:
            cases.append(docket.cases[fact.case])
    docket.advance(sample.facts[-1].occurred_at + _SETTLED)
    return Answer((*cases, *docket.cases.values()), docket.dossiers[sample.order.id], tuple(refused))


def samples(policy: Policy) -> Iterator[Sample]:
    """Yield the samples of a marketplace, each with an order of its own."""
    place = policy.marketplace.name
    rules = (*policy.rules.history(place), *policy.handbook.history())
    details = cycle(_details(rules))
    numbered = zip(_openings(policy), cycle(_orders(policy, rules)), strict=False)
    for number, ((kinds, at), order) in enumerate(numbered):
        name = f"{place}-{number}"
        sample_order = order._replace(
            id=name, purchased_at=at - 6 * DAY, promised_at=at - 2 * DAY, delivered_at=at - 3 * DAY
        )
        yield Sample(place, sample_order, tuple(_facts(place, name, kinds, at, next(details))))


def _facts(place: str, name: str, kinds: tuple[str, ...], at: Instant, detail: str) -> Iterator[Fact]:
    for number, kind in enumerate(kinds):
        occurred_at = at + number * HOUR
        text = detail if number == 0 else ""
        stars = float(1 + len(name) % 5) if number == 0 else None
        yield Fact(kind, place, name, f"{name}-case", occurred_at, occurred_at, detail=text, value=stars)


def _openings(policy: Policy) -> Iterator[tuple[tuple[str, ...], Instant]]:
    base = start_of_day(_BASE, policy.marketplace.zone) + 10 * HOUR
    place, decisions = policy.marketplace, Decisions()
    plain = Policy(place, policy.rules, None, policy.workflow, decisions, policy.metric_kinds, None, policy.functions)
    for opener in policy.workflow.openers():
        yield from ((path, base) for path in _paths(plain, opener, base))
        yield from (((opener,), at) for at in boundaries(policy))


def _paths(policy: Policy, opener: str, at: Instant) -> Iterator[tuple[str, ...]]:
    """Yield ways through the workflow that together take every move that can be taken after this opening fact."""
    paths: list[tuple[str, ...]] = [(opener,)]
    moves: set[tuple[str, str]] = set()
    place = policy.marketplace
    template = Order("P", place.name, at - 6 * DAY, WORD_OF["seller"], 100, place.currency, "general")
    order = template._replace(promised_at=at - 2 * DAY, delivered_at=at - 3 * DAY)
    while paths:
        path = paths.pop()
        answer = play(Sample(place.name, order, tuple(_facts(place.name, "P", path, at, ""))), policy)
        yield path
        if answer.refused or len(path) >= _LONGEST:
            continue
        case = answer.cases[len(path) - 1]
        for fact in policy.workflow.allowed(case.kind, case.state):
            if (case.state, fact) not in moves:
                moves.add((case.state, fact))
                paths.append((*path, fact))


def boundaries(policy: Policy) -> list[Instant]:
    """Return the instants where mistakes show: dates of rules, changes of the clock, holidays, ends of days."""
    zone, place = policy.marketplace.zone, policy.marketplace.name
    turns = {*policy.rules.turns(place), *policy.handbook.turns(place)}
    days = {day for turn in turns for day in (turn - timedelta(1), turn) if abs(day.year - YEAR) <= 1}
    year = [date(YEAR, 1, 1) + timedelta(number) for number in range(365)]
    days |= {day for day in year if _length(day, zone) != DAY}
    holidays = [day for day in year if day.weekday() < 5 and policy.marketplace.calendar.is_holiday(day)]
    days |= {day - timedelta(offset) for day in holidays[:4] for offset in (0, 1)}
    days |= {date(YEAR, 2, 28), date(YEAR, 12, 31), date(YEAR + 2, 2, 29)}
    starts = [start_of_day(day, zone) for day in sorted(days)]
    ends = [start_of_day(day + timedelta(1), zone) - 1 for day in sorted(days)]
    return sorted({*starts, *ends, *(start + 17 * HOUR for start in starts)})


def _length(day: date, zone: str) -> int:
    return start_of_day(day + timedelta(1), zone) - start_of_day(day, zone)


def _orders(policy: Policy, rules: tuple[Rule, ...]) -> list[Order]:
    """Return orders that differ in what the rules ask about."""
    conditions = [rule.when.asks for rule in rules]
    words = {word for condition in conditions for word in condition.get("category", ())}
    unit = 10 ** decimals(policy.marketplace.currency)
    prices = {
        int(condition[name] * unit) + more
        for condition in conditions
        for name in _PRICES
        if name in condition
        for more in (0, 1)
    }
    channels = (WORD_OF["seller"], *sorted(FULFILLED_BY_MARKETPLACE), WORD_OF["programme"])
    categories = ("general", *sorted(words))
    combinations = product((False, True), sorted({25 * unit, 0, *prices}), categories, channels)
    orders = [
        Order(
            "O", policy.marketplace.name, 0, channel, price, policy.marketplace.currency, category, cross_border=cross
        )
        for cross, price, category, channel in combinations
    ]
    # Samples from all over the grid, not its first ones.
    step = max(1, len(orders) // _VARIANTS)
    buyers = ("", _STRANGER, *sorted({name for condition in conditions for name in condition.get("buyer", ())}))
    chosen = list(islice(orders, 0, None, step)) or orders
    return [order._replace(buyer=name) for order, name in zip(chosen, cycle(buyers), strict=False)]


_STRANGER = "Käufer 1"
"""A buyer whom no rule names: sources may give any pseudonyms, not numbers alone."""


_PRICES = ("price_above", "price_up_to")


def _details(rules: tuple[Rule, ...]) -> list[str]:
    """Return the details of facts: the empty text, and the reasons and types of claim that rules ask about."""
    conditions = [rule.when.asks for rule in rules]
    return [
        "",
        *sorted({word for condition in conditions for name in ("reason", "claim") for word in condition.get(name, ())}),
    ]
