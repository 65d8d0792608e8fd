"""Own numbers: what `costs` takes from a journal's own `costs.toml`, unless an option says otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from attrs import evolve, field, frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.money import decimals
from aftersale.base.translations import core_text as text
from aftersale.clocks import Instant
from aftersale.costs.period import ALWAYS, Period
from aftersale.journal.own_numbers import OwnNumbers
from aftersale.views.instants import instant_text
from aftersale.views.money.costs import OwnTaken, PaidHours, days_text
from aftersale.worth.parameters import WAGE, Parameters

SOURCE = "the journal's costs.toml"
"""The source of the numbers that are taken."""


@frozen
class Asked:
    """What the user gave himself: numbers, a currency and rates into it, days and the end of the replay."""

    numbers: Mapping[str, str] = field(factory=dict)
    into: str | None = None
    rates: Mapping[str, Decimal] = field(factory=dict)
    period: Period = ALWAYS
    until: Instant | None = None


@frozen
class Choice:
    """With what the costs of a journal are added up; `own` is what of it is the journal's, None where it has none."""

    parameters: Parameters
    into: str | None
    rates: Mapping[str, Decimal]
    period: Period
    until: Instant | None
    own: OwnTaken | None = None


def with_minutes(parameters: Parameters, tasks: Collection[str], numbers: Collection[str]) -> Parameters:
    """Return the parameters with the minutes of those tasks, plugins' own too, that some numbers are about."""
    return parameters.with_tasks(task for task in sorted(tasks) if f"minutes_{task}" in numbers)


def choice(
    own: OwnNumbers | Problem | None, asked: Asked, parameters: Parameters, tasks: Collection[str] = ()
) -> Choice:
    """Return with what to add up: what was asked for, and for the rest a journal's own numbers, where it has some.

    Each option stands for itself: a number by its name, a rate by its currency, any day for all days. A rate of the
    journal is into its own currency: with another `into` none is taken. `parameters` have the user's numbers already,
    and `tasks` are those of all kinds of case. Where a number of the journal is no such number here, nothing of it is
    taken, and that is told.
    """
    as_asked = Choice(parameters, asked.into, asked.rates, asked.period, asked.until)
    if own is None:
        return as_asked
    if isinstance(own, Problem):
        return _not_taken(as_asked, str(own))
    numbers = {name: value for name, value in own.numbers.items() if name not in asked.numbers}
    try:
        known = with_minutes(parameters, tasks, numbers).with_own(numbers, SOURCE, within_range=False)
    except DocumentError as error:
        return _not_taken(as_asked, "; ".join(map(str, error.problems)))
    into = asked.into or own.into
    rates = {name: rate for name, rate in own.rates.items() if into == own.into and name not in asked.rates}
    paid, alone = _paid_hours(own, asked, known)
    taken = OwnTaken(
        set=numbers,
        into=own.into if asked.into is None else None,
        rates={name: f"{rate:f}" for name, rate in rates.items()},
        since=None if asked.period.is_bounded else _day(own.since),
        before=None if asked.period.is_bounded else _day(own.before),
        until=None if asked.until is not None else _moment(own.until),
        paid_hours=paid,
        worked_alone="" if own.labour_cost is None else alone,
        says="",
    )
    taken["says"] = _sentence(taken)
    period = asked.period if asked.period.is_bounded else Period(own.since, own.before)
    until = own.until if asked.until is None else asked.until
    return Choice(known, into, {**rates, **asked.rates}, period, until, taken)


def _paid_hours(own: OwnNumbers, asked: Asked, parameters: Parameters) -> tuple[PaidHours | None, str]:
    """Return what the rosters' paid hours cost in the days that are shown; where that is not known, None and why."""
    wage, measured = parameters.wage(), Period(own.since, own.before)
    if own.labour_cost is None or own.into is None:
        return None, ""
    before = _own_wage(own)
    if wage is None or wage[1] != own.into or before is None or before[1] != own.into:
        return None, text("costs.rosters_of_wage")
    if not before[0] and wage[0]:
        return None, text("costs.rosters_of_wage")
    is_earlier = asked.until is not None and own.until is not None and asked.until < own.until
    if is_earlier or (asked.period.is_bounded and asked.period != measured):
        days = days_text(_day(own.since), _day(own.before))
        end = "" if own.until is None else text("costs.at_the_end", until=_moment(own.until))
        return None, text("costs.rosters_of_days", days=days, end=end)
    return PaidHours(amount=f"{_at_wage(own, wage[0]):f}", currency=own.into), ""


def _at_wage(own: OwnNumbers, wage: Decimal) -> Decimal:
    """Return what the rosters' paid hours cost at a wage: as many hours as they were at the journal's own."""
    paid, before = own.labour_cost or Decimal(0), _own_wage(own)
    if before is None or not before[0]:
        return paid
    unit = Decimal(1).scaleb(-decimals(before[1]))
    return (paid * wage / before[0]).quantize(unit, ROUND_HALF_UP)


def _own_wage(own: OwnNumbers) -> tuple[Decimal, str] | None:
    """Return the wage that the journal itself tells, and its currency."""
    told = own.numbers.get(WAGE, "").split()
    return (Decimal(told[0]), told[1]) if len(told) == 2 else None


def _sentence(taken: OwnTaken) -> str:
    """Return what was taken as a sentence, empty where that is nothing."""
    since, before, until = taken["since"], taken["before"], taken["until"]
    parts = [
        *([text("costs.own_numbers", count=len(taken["set"]))] if taken["set"] else []),
        *([text("costs.own_into", into=taken["into"])] if taken["into"] else []),
        *([text("costs.own_rates", names=", ".join(taken["rates"]))] if taken["rates"] else []),
        *([text("costs.own_days", days=days_text(since, before))] if since or before else []),
        *([text("costs.own_until", until=until)] if until else []),
    ]
    return text("costs.own_taken", what=", ".join(parts)) if parts else ""


def _not_taken(asked: Choice, problem: str) -> Choice:
    """Return what was asked for, with the word that nothing of the journal's own could be taken."""
    says = text("costs.own_not_taken", problem=problem)
    nothing = OwnTaken(
        set={}, into=None, rates={}, since=None, before=None, until=None, paid_hours=None, worked_alone="", says=says
    )
    return evolve(asked, own=nothing)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(until: Instant | None) -> str | None:
    return None if until is None else instant_text(until)
