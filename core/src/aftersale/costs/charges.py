"""Charges: which facts of a case cost what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from aftersale.base.money import decimals, part, rounded
from aftersale.clocks import Instant
from aftersale.costs.ledger import CostLedger, CostLine, Unpaid, line_place
from aftersale.costs.own_lines import own_line
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
from aftersale.engine.moves import Moved, confirmations
from aftersale.orders import Order
from aftersale.policies.policy import Policies, Policy
from aftersale.worth.fees import limit
from aftersale.worth.goods import net, vat_basis
from aftersale.worth.parameters import WAGE, Parameters, default_parameters

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
    known = (parameters or default_parameters()).with_estimates(policy.costs.kinds)
    ledger = order_costs(dossier.order, dossier.moves(policy, end), policy, known, high_return)
    if unpaid is not None:
        unpaid += ledger.unpaid
    return tuple(sorted(ledger.lines, key=lambda line: (line.at, line.case, line_place(line.line))))


def order_costs(
    order: Order,
    steps: Sequence[Moved],
    policy: Policy,
    parameters: Parameters,
    high_return: Collection[str] = (),
    labour: bool = True,
) -> CostLedger:
    """Return what the cases of an order cost by all its steps, booked step by step; without `labour`, all but the work.

    The `parameters` know the estimates of the policy's own lines. The lines of what buyers get back are without VAT;
    what the ledger has booked on them is with it.
    """
    telling = confirming = False
    for step in steps:
        telling = telling or step.fact.amount is not None
        confirming = confirming or bool(step.confirms)
    confirmed = confirmations(steps) if confirming else {}
    ledger = CostLedger(order, policy, parameters, steps, confirmed, high_return, telling)
    book(ledger, labour)
    return ledger


def book(ledger: CostLedger, labour: bool = True) -> None:
    """Book all steps of a ledger that has nothing booked, in turn; without `labour`, all but the work."""
    own = ledger.policy.costs.by_fact
    for place, step in enumerate(ledger.steps):
        fact = step.fact
        charge = CHARGES.get(fact.kind) or (own_line if own and fact.kind in own else None)
        told = ledger.begin(place)
        if charge is not None and not step.confirms:
            # What the engine derived costs what the fact tells that confirms it, which itself costs nothing.
            charge(ledger, told)
        if labour:
            _labour(ledger, step)
        ledger.end(fact)
    goods(ledger)
    ledger.lines = _without_vat(ledger)


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
    taxed, lines, seen, owed = {*ledger.given_back, KEPT_OF_REFUND}, [], 0, 0
    for line in ledger.lines:
        if line.line in taxed:
            seen += line.amount
            before, owed = owed, net(seen, ledger.parameters, place)
            line = line._replace(amount=owed - before, basis=(*line.basis, *basis))
        if line.amount:
            lines.append(line)
    return lines


def task_done(task: str, fact: str, changed: bool, parameters: Parameters) -> bool:
    """Whether a fact did the task that stood before it; `changed` says whether its case came to another state."""
    work = parameters.works.get(task)
    return fact in work.done_by if work is not None else changed


def price_of_work(task: str, parameters: Parameters) -> tuple[int, str] | None:
    """Return what a task of a kind costs in minor units, and the currency; None where no wage is told."""
    wage = parameters.wage()
    if wage is None:
        return None
    hour, currency = wage
    minutes = parameters.value(parameters.minutes(task))
    return rounded(hour.scaleb(decimals(currency)) * minutes / 60), currency


def _labour(ledger: CostLedger, step: Moved) -> None:
    """Book the work of a task that this step did; one that a deadline or the buyer ended took none."""
    task = step.task
    if not task or step.by_deadline:
        return
    if not task_done(task, step.fact.kind, step.state != step.before, ledger.parameters):
        return
    price = price_of_work(task, ledger.parameters)
    if price is None:
        ledger.unpaid.append(Unpaid(step.fact.case, task))
    else:
        name = ledger.parameters.minutes(task)
        ledger.estimated("labour_worked", step.fact, price[0], name, WAGE, currency=price[1])


def _replacement(ledger: CostLedger, step: Moved) -> None:
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


def _safe_t(ledger: CostLedger, step: Moved) -> None:
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


def _reimbursement(ledger: CostLedger, step: Moved) -> None:
    """Book what the marketplace pays for goods that it lost."""
    fact = step.fact
    if fact.amount is not None:
        ledger.told("reimbursement_recovered", fact, -fact.amount)
    else:
        amount = ledger.share("reimbursement_share", ledger.order.price) - ledger.told_later(fact.case, fact.kind)
        ledger.estimated("reimbursement_recovered", fact, -max(0, amount), "reimbursement_share")


def _first_scan(ledger: CostLedger, step: Moved) -> None:
    way_back(ledger, step)
    refund(ledger, step)


def moving_kinds(policy: Policy) -> set[str]:
    """Return the kinds of case of which some fact moves money: all others cost work alone."""
    booked = CHARGES.keys() | policy.costs.by_fact.keys()
    kinds = policy.workflow.kinds.values()
    return {str(kind.name) for kind in kinds if any(move.fact in booked for move in kind.move)}


CHARGES: dict[str, Callable[[CostLedger, Moved], None]] = {
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
ASKED = frozenset({"offer_accepted", "partial_refund_offered", "return_inspected"})
"""What charges ask for beside what is booked: no other fact changes what an order costs, unless it has an amount."""
ASKED_STATES = frozenset(
    {"borne_by_marketplace", "granted", "granted_without_defect", "lost", "refunded", "with_marketplace"}
)
"""The states that charges ask for: of any other state they ask at most whether a case had one."""
