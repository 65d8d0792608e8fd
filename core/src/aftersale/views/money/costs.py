"""Costs: what after-sales cost, and the fees for one order, as plain data and as tables for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from typing import TYPE_CHECKING, NotRequired, TypedDict

from attrs import evolve

from aftersale.base.errors import MoneyError
from aftersale.base.money import money, to_minor
from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text, headers_of
from aftersale.cases.workflow import default_workflow
from aftersale.costs.account import Sold, accounts_of, sold, together
from aftersale.costs.charges import docket_costs
from aftersale.costs.labour import WORKED, idle_labour
from aftersale.costs.ledger import CostLine, Unpaid
from aftersale.costs.period import ALWAYS, OpenCases, Period, cases_of, lines_of, open_cases
from aftersale.costs.totals import Grouping, grand_total, totals
from aftersale.documents.scalars import MoneyAmount
from aftersale.orders import UNTOLD
from aftersale.views.journal_notes import JournalNotes, journal_notes, noted
from aftersale.views.money.account import AccountRecord, account_lines, account_record, currencies_of, in_one_currency
from aftersale.views.money.assumptions import Assumption, assumption_parts, assumptions_of, basis_of, money_text
from aftersale.views.readings import instant_text
from aftersale.worth.goods import LANDED, is_vat_declared
from aftersale.worth.parameters import WAGE, Parameter, Parameters, default_parameters

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.journal.reading import Journal
    from aftersale.journal.replay import Replay
    from aftersale.policies.policy import Policies

SHOWN = 40
"""How many rows a listing shows; the JSON holds all of them."""
UNPAID = {"line": "labour_worked", "group": "labour"}
"""The row that has no amount without a wage, by what costs are added up by."""


class CostRow(TypedDict):
    """What one case, order, product, marketplace, group or line cost in one currency; money is exact, as text.

    `estimated` is the estimated part of the amount; `lines` are those that add up to it, where it is a group.
    """

    name: str
    fulfilment: str
    currency: str
    amount: str
    estimated: str
    amounts: int
    lines: NotRequired[list[CostRow]]


class CurrencySum(TypedDict):
    """All costs in one currency."""

    currency: str
    amount: str
    estimated: str


class Converted(TypedDict):
    """All costs as one sum; `rates` are what one unit of each other currency was taken to be worth."""

    currency: str
    amount: str
    estimated: str
    rates: dict[str, str]


class CostPeriod(TypedDict):
    """The days in which the cases were opened that are added up: from the first, before the other; None: no end."""

    since: str | None
    before: str | None


class OpenAtEnd(TypedDict):
    """Cases of the period that are still open and may cost more: how many, and what their orders were paid."""

    cases: int
    at_stake: dict[str, str]


class UnpaidWork(TypedDict):
    """Tasks that were done and cost nothing here, as no wage is told: how many, their minutes, and what to do."""

    tasks: int
    minutes: str
    why: str


class PaidHours(TypedDict):
    """What the rosters' paid hours cost; money is exact, as text."""

    amount: str
    currency: str


class OwnTaken(TypedDict):
    """What is taken from a journal's own `costs.toml`, and a sentence that says so, or why nothing is.

    `set` are numbers by name, `rates` what one unit is worth `into` another currency; `since`, `before` and `until` are
    the days and the end. `paid_hours` are None where the rosters are not told, or not for what is added up:
    `worked_alone` says why.
    """

    set: dict[str, str]
    into: str | None
    rates: dict[str, str]
    since: str | None
    before: str | None
    until: str | None
    paid_hours: PaidHours | None
    worked_alone: str
    says: str


class CostAccounts(JournalNotes):
    """The costs of a journal as JSON shows them.

    `own` is None where nothing of the journal's own numbers is asked for. `unpaid_work` is None where a wage is told,
    or no task was done. `account` has sales and costs in one currency, None where there are several, `unrated`, and no
    rates. `worked_alone` says why labour is the work on tasks alone, None where it is not, or has no amount.
    `vat_undeclared` are the marketplaces of whose prices nobody says how much VAT they contain: none is taken out.
    """

    journal: str
    until: str
    by: str
    rows: list[CostRow]
    sums: list[CurrencySum]
    converted: Converted | None
    account: AccountRecord | None
    unrated: list[str]
    period: CostPeriod
    open: OpenAtEnd
    unpaid_work: UnpaidWork | None
    worked_alone: str | None
    own: OwnTaken | None
    vat_undeclared: list[str]
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
    period: Period = ALWAYS,
    own: OwnTaken | None = None,
) -> CostAccounts:
    """Return what the cases of a journal cost by the end of its replay, and the parameters that estimates rest on.

    Only those that were opened in the `period` are added up; those of them that are still open are counted beside it.
    With `into`, also as one sum in that currency: `rates` has what one unit of each other currency is worth in it;
    raises MoneyError where a rate is missing. `own` is what of all this comes from the journal itself: a rate that is
    missing there is told.
    """
    assumed = _known_parameters(policies, parameters)
    opened = cases_of(replayed.docket, policies, period)

    def costs(numbers: Parameters, unpaid: list[Unpaid] | None = None) -> list[CostLine]:
        return lines_of(docket_costs(replayed.docket, policies, replayed.until, numbers, high_return, unpaid), opened)

    unpaid: list[Unpaid] = []
    lines = costs(assumed, unpaid)
    lines += _idle_labour(own, lines, assumed, journal, replayed.until)
    converted, unconverted = _conversion(lines, into, rates, own)
    watched = assumed.watched()
    sold_orders = sold(journal.orders, replayed.docket, policies, watched, period, replayed.until)
    currency = in_one_currency(lines, sold_orders, into, rates or {})
    read = watched.reads if currency is not None else frozenset()
    of_sales = {name for name in read if assumed.value(name)}
    undone = [each.task for each in unpaid if each.case in opened]
    declared = _known_parameters(policies)
    idle = [
        *_idle_numbers(lines, assumed, declared, costs, read.union(own["set"] if own else ()), journal),
        *_idle_rates((rates or {}).keys() - (own["rates"] if own else ()), converted),
        *unconverted,
        *_unbooked(replayed, policies),
    ]
    return CostAccounts(
        journal=journal.source,
        until=instant_text(replayed.until),
        by=by,
        rows=_group_rows(lines) if by == "group" else _rows(lines, by),
        sums=[_sum(lines, currency) for currency in sorted({line.currency for line in lines})],
        converted=converted,
        account=account_record(lines, sold_orders, currency, rates or {}, not undone) if currency else None,
        unrated=currencies_of(lines, sold_orders) if currency is None else [],
        period=_period(period),
        open=_open(open_cases(replayed.docket, policies, period)),
        unpaid_work=_unpaid_work(undone, assumed),
        worked_alone=_worked_alone(lines, own),
        own=own,
        vat_undeclared=_vat_undeclared(lines, sold_orders, assumed),
        assumptions=assumptions_of(lines, assumed, of_sales),
        **journal_notes(journal, replayed, policies, idle),
    )


def _idle_labour(
    own: OwnTaken | None, lines: Sequence[CostLine], parameters: Parameters, journal: Journal, at: Instant
) -> list[CostLine]:
    """Return what the rosters' paid hours cost beside the work in these lines, none where that is not known."""
    paid = own["paid_hours"] if own is not None else None
    if paid is None:
        return []
    amount, currency = to_minor(money(paid["amount"], paid["currency"])), paid["currency"]
    return idle_labour(amount, currency, lines, parameters, journal.orders.marketplaces, at)


def _worked_alone(lines: Iterable[CostLine], own: OwnTaken | None) -> str | None:
    if not any(line.line == WORKED for line in lines) or (own is not None and own["paid_hours"] is not None):
        return None
    return (own["worked_alone"] if own is not None else "") or text("costs.no_rosters")


def _conversion(
    lines: Sequence[CostLine], into: str | None, rates: Mapping[str, Decimal] | None, own: OwnTaken | None
) -> tuple[Converted | None, list[str]]:
    """Return all as one sum; a sentence instead where only the journal asks for that and lacks a rate."""
    if into is None:
        return None, []
    try:
        return _converted_total(lines, into, rates), []
    except MoneyError as error:
        if own is None or own["into"] is None:
            raise
        return None, [text("costs.not_converted", into=into, problem=error)]


def _period(period: Period) -> CostPeriod:
    since, before = (None if day is None else day.isoformat() for day in (period.since, period.before))
    return CostPeriod(since=since, before=before)


def _open(standing: OpenCases) -> OpenAtEnd:
    at_stake = {currency: money_text(amount, currency) for currency, amount in standing.at_stake.items()}
    return OpenAtEnd(cases=standing.cases, at_stake=at_stake)


def _unpaid_work(tasks: Sequence[str], parameters: Parameters) -> UnpaidWork | None:
    if not tasks:
        return None
    minutes = sum((parameters.value(parameters.minutes(task)) for task in tasks), Decimal(0))
    why = text("costs.unpaid", tasks=len(tasks), minutes=f"{minutes:f}", example=parameters.sellers[WAGE].example)
    return UnpaidWork(tasks=len(tasks), minutes=f"{minutes:f}", why=why)


def _vat_undeclared(lines: Iterable[CostLine], sales: Mapping[str, Sold], parameters: Parameters) -> list[str]:
    places = {line.marketplace for line in lines} | {name for name, each in sales.items() if each.orders}
    return sorted(place for place in places if not is_vat_declared(parameters, place))


def _known_parameters(policies: Policies, parameters: Parameters | None = None) -> Parameters:
    """Return the parameters with the estimates of the lines that plugins add."""
    kinds = (kind for policy in policies.values() for kind in policy.costs.kinds)
    return (parameters or default_parameters()).with_estimates(kinds)


def _rows(lines: Iterable[CostLine], by: Grouping) -> list[CostRow]:
    return [
        CostRow(
            name=total.name,
            fulfilment=total.fulfilment,
            currency=total.currency,
            amount=money_text(total.amount, total.currency),
            estimated=money_text(total.estimated, total.currency),
            amounts=total.amounts,
        )
        for total in totals(lines, by)
    ]


def _group_rows(lines: Sequence[CostLine]) -> list[CostRow]:
    """Return the rows of groups, each with those of the lines that add up to it."""
    rows = _rows(lines, "group")
    for row in rows:
        where = (row["name"], row["fulfilment"], row["currency"])
        row["lines"] = _rows([line for line in lines if (line.group, line.fulfilment, line.currency) == where], "line")
    return rows


def _unbooked(replayed: Replay, policies: Policies) -> Iterator[str]:
    """Yield a sentence about amounts in facts of plugins' own kinds of case which no line of costs books."""
    shipped = default_workflow()
    counts: Counter[str] = Counter()
    for dossier in replayed.docket.dossiers.values():
        booked = policies[dossier.order.marketplace].costs.by_fact
        counts.update(
            fact.kind
            for fact in dossier.facts
            if fact.amount and fact.kind not in booked and not shipped.knows(fact.kind)
        )
    if counts:
        facts = ", ".join(f"{kind} ({count})" for kind, count in sorted(counts.items()))
        yield text("costs.amount_nowhere", facts=facts)


def _idle_numbers(
    lines: Sequence[CostLine],
    parameters: Parameters,
    declared: Parameters,
    costs: Callable[[Parameters], list[CostLine]],
    taken: frozenset[str],
    journal: Journal,
) -> Iterator[str]:
    """Yield a sentence about the seller's own numbers on which no cost rests, nor would with the defaults.

    A number of 0 leaves no line behind, and has an effect all the same. Those that are `taken` from the journal, or by
    sales, are not spoken of.
    """
    idle = parameters.own - taken - basis_of(lines)
    if idle:
        # What only the seller can tell has no default: any other amount shows whether anything hangs on it.
        defaults = {name: declared.by_name.get(name) or _one(parameters.by_name[name]) for name in idle}
        idle -= basis_of(costs(evolve(parameters, by_name={**parameters.by_name, **defaults})))
    is_told = bool((journal.orders.landed_cost != UNTOLD).any())
    told = {name for name in idle if is_told and name.partition(".")[0] == LANDED}
    if told:
        yield text("costs.idle_landed", names=", ".join(sorted(told)))
    if idle - told:
        yield text("costs.idle_number", names=", ".join(sorted(idle - told)))


def _one(parameter: Parameter) -> Parameter:
    one = MoneyAmount(Decimal(1))
    return evolve(parameter, default=one, low=one, high=one)


def _idle_rates(rates: Set[str], converted: Converted | None) -> Iterator[str]:
    idle = sorted(rates - (converted["rates"] if converted else {}).keys())
    if idle:
        yield text("costs.idle_rate" if converted else "costs.idle_rates", names=", ".join(idle))


def _sum(lines: Sequence[CostLine], currency: str) -> CurrencySum:
    total = grand_total(line for line in lines if line.currency == currency)
    return CurrencySum(
        currency=currency, amount=money_text(total.amount, currency), estimated=money_text(total.estimated, currency)
    )


def _converted_total(lines: Sequence[CostLine], into: str, rates: Mapping[str, Decimal] | None) -> Converted:
    total = grand_total(lines, into, rates)
    # As in the account: each line of a marketplace is converted by itself, so that lines add up to the sum.
    whole = together(accounts_of(lines, {}, into, rates or {}).values(), into).total_cost
    return Converted(
        currency=into,
        amount=money_text(whole, into),
        estimated=money_text(total.estimated, into),
        rates={currency: f"{rate:f}" for currency, rate in total.rates},
    )


def cost_listing(accounts: CostAccounts) -> list[Table | str]:
    """Return the costs as tables: the rows, the sum of each currency, and what the estimates rest on."""
    title = [text("costs.title", journal=accounts["journal"], until=accounts["until"], by=accounts["by"])]
    title += _period_lines(accounts["period"])
    title += [accounts["own"]["says"]] if accounts["own"] is not None and accounts["own"]["says"] else []
    if not accounts["rows"]:
        return noted(
            [
                *title,
                "",
                text("costs.nothing"),
                *account_lines(accounts["account"], accounts["unrated"]),
                *_open_lines(accounts["open"]),
                *_unpaid_lines(accounts),
                *(_vat_lines(accounts["vat_undeclared"]) if accounts["account"] is not None else []),
            ],
            accounts,
        )
    more = len(accounts["rows"]) - SHOWN
    parts: list[Table | str] = [
        *title,
        "",
        _table(accounts),
        *([text("costs.more", count=more)] if more > 0 else []),
        *_converted_lines(accounts["converted"]),
        *account_lines(accounts["account"], accounts["unrated"]),
        *_open_lines(accounts["open"]),
        *_unpaid_lines(accounts),
        *assumption_parts(accounts["assumptions"]),
        *_vat_lines(accounts["vat_undeclared"]),
    ]
    return noted(parts, accounts)


def _table(accounts: CostAccounts) -> Table:
    headers = headers_of("costs", "name", "fulfilment", "currency", "amount", "estimated", "amounts")
    rows = [
        (f"{indent}{row['name']}", *_cells(row))
        for group in accounts["rows"][:SHOWN]
        for indent, row in (("", group), *(("  ", line) for line in group.get("lines", [])))
    ]
    work = accounts["unpaid_work"]
    if work is not None and accounts["by"] in ("line", "group"):
        rows.append((UNPAID[accounts["by"]], "", "–", "–", "–", str(work["tasks"])))
    counts = {
        currency: sum(row["amounts"] for row in accounts["rows"] if row["currency"] == currency)
        for currency in {row["currency"] for row in accounts["rows"]}
    }
    rows += [
        (
            text("costs.total"),
            "",
            total["currency"],
            total["amount"],
            total["estimated"],
            str(counts[total["currency"]]),
        )
        for total in accounts["sums"]
    ]
    return table(headers, rows, headers[3:], keys=3)


def _period_lines(period: CostPeriod) -> list[str]:
    since, before = period["since"], period["before"]
    if since is None and before is None:
        return []
    return [text("costs.period", days=days_text(since, before))]


def days_text(since: str | None, before: str | None) -> str:
    """Return the words for the days of a period, one of which is bounded."""
    days = [
        *([text("costs.since", day=since)] if since is not None else []),
        *([text("costs.before", day=before)] if before is not None else []),
    ]
    return " ".join(days) or text("costs.always")


def _open_lines(standing: OpenAtEnd) -> list[Table | str]:
    if not standing["cases"]:
        return []
    paid = ", ".join(f"{amount} {currency}" for currency, amount in standing["at_stake"].items())
    return ["", text("costs.open", cases=standing["cases"], paid=paid)]


def _unpaid_lines(accounts: CostAccounts) -> list[Table | str]:
    work, alone = accounts["unpaid_work"], accounts["worked_alone"]
    told = [work["why"]] if work is not None else [alone] if alone is not None else []
    return ["", *told] if told else []


def _vat_lines(places: Sequence[str]) -> list[Table | str]:
    return ["", text("costs.vat_undeclared", names=", ".join(places), first=places[0])] if places else []


def _cells(row: CostRow) -> tuple[str, ...]:
    return row["fulfilment"], row["currency"], row["amount"], row["estimated"], str(row["amounts"])


def _converted_lines(converted: Converted | None) -> list[Table | str]:
    if converted is None:
        return []
    into = converted["currency"]
    rates = [text("costs.rate", of=of, rate=rate, into=into) for of, rate in converted["rates"].items()]
    line = text("costs.converted", amount=converted["amount"], currency=into, rates=", ".join(rates))
    return ["", line if rates else f"{text('costs.total')}: {converted['amount']} {into}"]
