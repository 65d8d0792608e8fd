"""Cost listings: what after-sales cost, as plain data and as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.money import from_minor
from aftersale.base.tables import table
from aftersale.base.translations import core_text as text
from aftersale.base.translations import headers_of
from aftersale.costs.charges import docket_costs
from aftersale.costs.ledger import CostLine
from aftersale.costs.parameters import Parameters, default_parameters
from aftersale.costs.totals import Grouping, grand_total, totals
from aftersale.views.readings import told_instant

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.journal.reading import Journal, Replay
    from aftersale.policies.policy import Policies

SHOWN = 40
"""How many rows a listing shows; the JSON holds all of them."""


class CostRow(TypedDict):
    """What one case, order, product, marketplace or line cost in one currency; money is text, exact.

    `estimated` is the part of the amount that no fact told.
    """

    name: str
    fulfilment: str
    currency: str
    amount: str
    estimated: str
    amounts: int


class CurrencySum(TypedDict):
    """All costs in one currency."""

    currency: str
    amount: str
    estimated: str


class Converted(TypedDict):
    """All costs as one sum; `rates` say what one unit of each other currency was taken for."""

    currency: str
    amount: str
    estimated: str
    rates: dict[str, str]


class Assumption(TypedDict):
    """A parameter that an estimate rests on; `grade` is `own` where the seller set it."""

    name: str
    value: str
    currency: str | None
    unit: str
    source: str
    grade: str


class CostAccounts(TypedDict):
    """The costs of a journal as JSON shows them."""

    journal: str
    until: str
    by: str
    rows: list[CostRow]
    sums: list[CurrencySum]
    converted: Converted | None
    assumptions: list[Assumption]


def cost_accounts(
    journal: Journal,
    replayed: Replay,
    policies: Policies,
    by: Grouping = "line",
    parameters: Parameters | None = None,
    into: str | None = None,
    rates: Mapping[str, Decimal] | None = None,
    high_return: Collection[str] = (),
) -> CostAccounts:
    """Return what the cases of a journal cost by the end of its replay, and the parameters that this rests on.

    With `into`, also as one sum in that currency: `rates` says what one unit of each other is worth in it; raises
    MoneyError where one is missing.
    """
    known = parameters or default_parameters()
    lines = list(docket_costs(replayed.docket, policies, replayed.until, known, high_return))
    return CostAccounts(
        journal=journal.source,
        until=told_instant(replayed.until),
        by=by,
        rows=[
            CostRow(
                name=each.name,
                fulfilment=each.fulfilment,
                currency=each.currency,
                amount=_money(each.amount, each.currency),
                estimated=_money(each.estimated, each.currency),
                amounts=each.amounts,
            )
            for each in totals(lines, by)
        ],
        sums=[_sum(lines, currency) for currency in sorted({each.currency for each in lines})],
        converted=_converted(lines, into, rates) if into is not None else None,
        assumptions=_assumptions(lines, known),
    )


def _sum(lines: Sequence[CostLine], currency: str) -> CurrencySum:
    found = grand_total(each for each in lines if each.currency == currency)
    return CurrencySum(
        currency=currency, amount=_money(found.amount, currency), estimated=_money(found.estimated, currency)
    )


def _converted(lines: Sequence[CostLine], into: str, rates: Mapping[str, Decimal] | None) -> Converted:
    found = grand_total(lines, into, rates)
    return Converted(
        currency=into,
        amount=_money(found.amount, into),
        estimated=_money(found.estimated, into),
        rates={currency: f"{rate:f}" for currency, rate in found.rates},
    )


def _assumptions(lines: Sequence[CostLine], known: Parameters) -> list[Assumption]:
    used = {name for each in lines for name in each.basis}
    return [
        Assumption(
            name=name,
            value=str(each.default),
            currency=each.currency,
            unit=each.unit,
            source=each.source,
            grade=each.grade,
        )
        for name, each in known.by_name.items()
        if name in used
    ]


def _money(amount: int, currency: str) -> str:
    return str(from_minor(amount, currency).amount)


def cost_listing(found: CostAccounts) -> list[Table | str]:
    """Return the costs as tables: the rows, the sum of each currency, and what the estimates rest on."""
    title = text("costs.title", journal=found["journal"], until=found["until"], by=found["by"])
    if not found["rows"]:
        return [title, "", text("costs.nothing")]
    more = len(found["rows"]) - SHOWN
    return [
        title,
        "",
        _table(found),
        *([text("costs.more", count=more)] if more > 0 else []),
        *_together(found["converted"]),
        *_resting(found["assumptions"]),
    ]


def _table(found: CostAccounts) -> Table:
    headers = headers_of("costs", "name", "fulfilment", "currency", "amount", "estimated", "amounts")
    rows = [
        (each["name"], each["fulfilment"], each["currency"], each["amount"], each["estimated"], str(each["amounts"]))
        for each in found["rows"][:SHOWN]
    ]
    counts = {
        currency: sum(each["amounts"] for each in found["rows"] if each["currency"] == currency)
        for currency in {each["currency"] for each in found["rows"]}
    }
    rows += [
        (text("costs.total"), "", each["currency"], each["amount"], each["estimated"], str(counts[each["currency"]]))
        for each in found["sums"]
    ]
    return table(headers, rows, headers[3:])


def _together(converted: Converted | None) -> list[Table | str]:
    if converted is None:
        return []
    into = converted["currency"]
    rates = [text("costs.rate", of=of, rate=rate, into=into) for of, rate in converted["rates"].items()]
    told = text("costs.converted", amount=converted["amount"], currency=into, rates=", ".join(rates))
    return ["", told if rates else f"{text('costs.total')}: {converted['amount']} {into}"]


def _resting(assumptions: Sequence[Assumption]) -> list[Table | str]:
    if not assumptions:
        return []
    headers = headers_of("costs", "assumption", "value", "unit", "source")
    rows = [
        (each["name"], f"{each['value']} {each['currency'] or ''}".rstrip(), each["unit"], _source(each))
        for each in assumptions
    ]
    return ["", text("costs.assumptions"), table(headers, rows, headers[1:2])]


def _source(each: Assumption) -> str:
    return each["source"] if each["grade"] in ("assumed", "own") else f"{each['source']} ({each['grade']})"
