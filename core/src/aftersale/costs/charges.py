"""Charges: which facts of a case cost what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from aftersale.base.money import decimals
from aftersale.clocks import Instant
from aftersale.costs.fees import limit
from aftersale.costs.goods import net, vat_basis
from aftersale.costs.ledger import CostLedger, CostLine, Unpaid, line_place, part, rounded
from aftersale.costs.own_lines import own_line
from aftersale.costs.parameters import WAGE, Parameters, default_parameters
from aftersale.costs.refunds import (
    chargeback,
    chargeback_reversed,
    claim,
    claim_decided_otherwise,
    claim_refunded,
    claim_reversed,
    order_cancelled,
    refund,
    refund_without_asking,
)
from aftersale.costs.returns import goods, label, received, way_back
from aftersale.engine.docket import Docket
from aftersale.engine.dossiers import Dossier
from aftersale.engine.replays import Step
from aftersale.policies.policy import Policies, Policy

KEPT_OF_REFUND = "restocking_fee"
"""The line of what the seller keeps of a refund: its VAT is in it, as in the refund."""


def case_costs(
    dossier: Dossier,
    policy: Policy,
    until: Instant | None = None,
    parameters: Parameters | None = None,
    high_return: Collection[str] = (),
    unpaid: list[Unpaid] | None = None,
) -> tuple[CostLine, ...]:
    """Return the cost lines of the cases of an order up to an instant, sorted by when each cost arose.

    Facts that no case allows cost nothing. What follows by itself when a deadline ends before `until` does cost, such
    as a refund by the marketplace. Without `until`, it is the last instant of the dossier. What buyers get back is
    without the VAT that prices there are declared to contain. `high_return` are the
    products whose returns a marketplace charges for because they come back unusually often. Without a wage work costs
    nothing: the tasks that were done are added to `unpaid`. Raises MoneyError for a rule whose currency is
    not the order's.
    """
    end = dossier.last + 1 if until is None else until
    replayed = dossier.replayed(policy, end)
    steps, confirmed = replayed.steps, replayed.confirmations()
    known = (parameters or default_parameters()).with_estimates(policy.costs.kinds)
    ledger = CostLedger(dossier.order, policy, known, steps, confirmed, high_return)
    for place in range(len(steps)):
        _charge(ledger, place)
    goods(ledger)
    if unpaid is not None:
        unpaid += ledger.unpaid
    return tuple(sorted(_without_vat(ledger), key=lambda line: (line.at, line.case, line_place(line.line))))


def docket_costs(
    docket: Docket,
    policies: Policies,
    until: Instant,
    parameters: Parameters | None = None,
    high_return: Collection[str] = (),
    unpaid: list[Unpaid] | None = None,
) -> Iterable[CostLine]:
    """Yield the cost lines of all cases of a docket up to an instant, order by order; see `case_costs`."""
    for dossier in docket.dossiers.values():
        yield from case_costs(dossier, policies[dossier.order.marketplace], until, parameters, high_return, unpaid)


def _without_vat(ledger: CostLedger) -> list[CostLine]:
    """Return the lines with what buyers got back of the price less the VAT in it, which the seller does not owe then.

    Their sums are rounded, not each of them: parts that add up to the price add up to the price without VAT.
    """
    place = ledger.order.marketplace
    basis = vat_basis(ledger.parameters, place)
    if not basis:
        return ledger.lines
    taxed, lines, seen = {*ledger.given_back, KEPT_OF_REFUND}, [], 0
    for line in ledger.lines:
        if line.line in taxed:
            before, seen = seen, seen + line.amount
            amount = net(seen, ledger.parameters, place) - net(before, ledger.parameters, place)
            line = line._replace(amount=amount, basis=(*line.basis, *basis))
        lines.append(line)
    return [line for line in lines if line.amount]


def _charge(ledger: CostLedger, place: int) -> None:
    """Book a step; what the engine derived costs what the fact tells that confirms it, which itself costs nothing."""
    step, told = ledger.steps[place], ledger.begin(place)
    charge = CHARGES.get(step.fact.kind) or (own_line if step.fact.kind in ledger.policy.costs.by_fact else None)
    if charge is not None and not step.outcome.confirms:
        charge(ledger, told)
    _labour(ledger, step)
    ledger.end(step.fact)


def _labour(ledger: CostLedger, step: Step) -> None:
    """Book the work of a task that this step did; a task that a deadline or the buyer ended took no work."""
    task = step.before.task if step.before is not None else None
    if task is None or step.deadline is not None:
        return
    work = ledger.parameters.works.get(task.kind)
    if step.fact.kind not in work.done_by if work is not None else step.outcome.case.state == step.outcome.before:
        return
    wage, name = ledger.parameters.wage(), ledger.parameters.minutes(task.kind)
    if wage is None:
        ledger.unpaid.append(Unpaid(step.fact.case, task.kind))
        return
    hour, currency = wage
    minor = hour.scaleb(decimals(currency)) * ledger.parameters.value(name) / 60
    ledger.estimated("labour_worked", step.fact, rounded(minor), name, WAGE, currency=currency)


def _replacement(ledger: CostLedger, step: Step) -> None:
    """Book a replacement when it is sent; one of which no fact says that it was sent, when it is promised.

    The first that was promised is the first that was sent, and so on; the amount may stand with either.
    """
    fact = step.fact
    promised, promises = ledger.of_kind("replaced")
    sent, parcels = ledger.of_kind("replacement_sent")
    if fact.kind == "replaced" and promises <= len(sent):
        return
    place = parcels - 1 if fact.kind == "replacement_sent" else len(promised)
    told = [fact, *promised[place : place + 1]]
    source = next((either for either in told if either.amount is not None), None)
    if source is not None and source.amount is not None:
        ledger.told("replacement", fact, source.amount, by=source.kind)
    else:
        parcel = "fulfilment_fee_share" if ledger.by_marketplace else "outbound_cost_share"
        goods_cost, basis = ledger.landed
        ledger.estimated("replacement", fact, goods_cost + ledger.share(parcel, ledger.order.price), *basis, parcel)


def _safe_t(ledger: CostLedger, step: Step) -> None:
    """Book what the marketplace reimburses of a return: the fact's amount, or the share that its rule allows."""
    fact, order = step.fact, ledger.order
    if fact.amount is not None:
        ledger.told("safe_t_recovered", fact, -fact.amount)
        return
    later = ledger.told_later(fact.case, fact.kind)
    book = ledger.terms(fact).rulebook
    share, most = book.rule("safe_t_damage_share", order), book.rule("safe_t_limit", order)
    if share is not None and share.share is not None:
        amount, basis = part(order.price, share.share), [share.told]
    else:
        amount, basis = ledger.share("safe_t_share", order.price), ["safe_t_share"]
    highest = limit(most, order.currency)
    if most is not None and highest is not None and highest < amount:
        amount, basis = highest, [*basis, most.told]
    ledger.estimated("safe_t_recovered", fact, -max(0, amount - later), *basis)


def _reimbursement(ledger: CostLedger, step: Step) -> None:
    """Book what the marketplace pays for goods that it lost."""
    fact = step.fact
    if fact.amount is not None:
        ledger.told("reimbursement_recovered", fact, -fact.amount)
    else:
        amount = ledger.share("reimbursement_share", ledger.order.price) - ledger.told_later(fact.case, fact.kind)
        ledger.estimated("reimbursement_recovered", fact, -max(0, amount), "reimbursement_share")


def _first_scan(ledger: CostLedger, step: Step) -> None:
    way_back(ledger, step)
    refund(ledger, step)


CHARGES: dict[str, Callable[[CostLedger, Step], None]] = {
    "refunded": refund,
    "returnless_refund": refund,
    "return_requested": refund_without_asking,
    "marketplace_refunded": refund,
    "refunded_at_first_scan": _first_scan,
    "label_sent": label,
    "return_sent": way_back,
    "return_received": received,
    "order_cancelled": order_cancelled,
    "claim_filed": claim,
    "claim_granted": claim,
    "claim_refunded": claim_refunded,
    "claim_denied": claim_decided_otherwise,
    "claim_withdrawn": claim_decided_otherwise,
    "claim_granted_by_marketplace": claim_decided_otherwise,
    "money_reversed": claim_reversed,
    "appeal_granted": claim_reversed,
    "chargeback_lost": chargeback,
    "chargeback_reversed": chargeback_reversed,
    "replaced": _replacement,
    "replacement_sent": _replacement,
    "safe_t_granted": _safe_t,
    "reimbursement_granted": _reimbursement,
}
"""What core books for each kind of fact; plugins add lines for others.

A claim or a chargeback that the marketplace bears costs nothing.
"""
