"""Own lines: what the facts of plugins' own kinds of case cost, by the lines that their `costs.toml` declares."""

from __future__ import annotations

from aftersale.base.money import decimals, rounded
from aftersale.base.translations import core_text as text
from aftersale.cases.facts import Fact
from aftersale.costs.ledger import CostLedger
from aftersale.engine.moves import Moved
from aftersale.policies.cost_kinds import CostKind


def own_line(ledger: CostLedger, step: Moved) -> None:
    """Book a fact on the line that names it: its amount, or the declared estimate; or what comes back of the line."""
    fact = step.fact
    kind = ledger.policy.costs.by_fact[fact.kind]
    if fact.kind in kind.taken_back_by:
        _take_back(ledger, kind, fact)
    elif fact.amount is not None:
        ledger.told(kind.name, fact, _signed(kind, fact.amount))
    else:
        amount, currency = _estimate(ledger, kind)
        if currency == ledger.order.currency:
            amount -= ledger.told_later(fact.case, *kind.fact)
        if kind.gives_back:
            amount = min(amount, ledger.owed(fact.case))
        ledger.estimated(kind.name, fact, _signed(kind, max(0, amount)), kind.parameter, currency=currency)


def _signed(kind: CostKind, amount: int) -> int:
    return -amount if kind.sign == "back" else amount


def _estimate(ledger: CostLedger, kind: CostKind) -> tuple[int, str]:
    """Return what a line is taken to be, and in which currency: a share of the price, or money."""
    if ledger.parameters.by_name[kind.parameter].currency is None:
        return ledger.share(kind.parameter, ledger.order.price), ledger.order.currency
    amount, currency = ledger.parameters.money(kind.parameter)
    return rounded(amount.scaleb(decimals(currency))), currency


def _take_back(ledger: CostLedger, kind: CostKind, fact: Fact) -> None:
    """Book what comes back of a line: at most what the case has cost on it, for nothing else was paid.

    What was estimated in a currency that is not the order's comes back whole: no fact tells of it.
    """
    most = max(0, ledger.booked(kind.name, case=fact.case))
    if fact.amount is not None:
        ledger.told(kind.name, fact, -min(fact.amount, most))
    else:
        later = ledger.told_later(fact.case, *kind.taken_back_by)
        ledger.estimated(kind.name, fact, min(0, later - most), text("costs.taken_back"))
    others = [line for line in ledger.estimates(kind.name, fact.case) if line.currency != ledger.order.currency]
    for currency in sorted({line.currency for line in others}):
        amount = sum(line.amount for line in others if line.currency == currency)
        ledger.estimated(kind.name, fact, -amount, text("costs.taken_back"), currency=currency)
