"""Diagnosis: where after-sales goes wrong, with the cases, orders and money behind each cause."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Set
from types import MappingProxyType

from attrs import Factory, define, frozen

from aftersale.base.collector import without_collector
from aftersale.cases.model import LATE, Case
from aftersale.clocks import Instant
from aftersale.engine.docket import Docket
from aftersale.engine.dossiers import Dossier
from aftersale.engine.return_terms import fault
from aftersale.orders import Order
from aftersale.policies.policy import Policies

CAUSES = (
    "late_reply",
    "refused_return",
    "refund_not_given",
    "evidence_missing",
    "late_delivery",
    "product",
)
"""Why after-sales fails: the first four are those of the handbook, the others begin before a buyer writes."""
COMPLAINTS = ("return", "not_as_described")
REFUNDS = ("refund_after_receipt", "refund_after_approval", "refund_decision")
EVIDENCE = ("information_request", "claim_evidence")


@define
class Cause:
    """One cause: its cases, its orders, those of them that are defective, and the orders' prices by currency."""

    name: str
    cases: int = 0
    orders: set[str] = Factory(set)
    defects: set[str] = Factory(set)
    money: Counter[str] = Factory(Counter)


@frozen
class Product:
    """A product that comes back or is complained about: how often, and for which reasons, most frequent first."""

    name: str
    marketplace: str
    returns: int
    complaints: int
    reasons: tuple[tuple[str, int], ...]


@frozen
class BadFeedback:
    """An order that was rated badly, and what went wrong with it before."""

    order: str
    marketplace: str
    stars: float | None
    left_at: Instant
    causes: tuple[str, ...]


@frozen
class Diagnosis:
    """Causes in a fixed order, products by how often they came back or were complained about, and bad ratings."""

    causes: tuple[Cause, ...]
    products: tuple[Product, ...]
    feedback: tuple[BadFeedback, ...]


def diagnose(docket: Docket, policies: Policies) -> Diagnosis:
    """Return what went wrong in all orders of a docket."""
    with without_collector():
        return _diagnose(docket, policies)


def _diagnose(docket: Docket, policies: Policies) -> Diagnosis:
    defects_of = docket.tally.depths()
    causes = {name: Cause(name) for name in CAUSES}
    ratings: list[BadFeedback] = []
    for dossier in docket.dossiers.values():
        components = defects_of.get(dossier.order.id, _SOUND)
        names = list(_causes_of(dossier, components, policies))
        defects = policies[dossier.order.marketplace].order_defects
        defective = any(depth > 0 and component in defects for (component, _), depth in components.items())
        for name in names:
            _count(causes[name], dossier.order, defective)
        ratings += _bad_ratings(dossier, tuple(name for name in CAUSES if name in names))
    ratings.sort(key=lambda rating: (rating.left_at, rating.order))
    return Diagnosis(tuple(causes.values()), tuple(_products(docket)), tuple(ratings))


_SOUND: Mapping[tuple[str, str], int] = MappingProxyType({})


def _causes_of(dossier: Dossier, components: Mapping[tuple[str, str], int], policies: Policies) -> Iterator[str]:
    """Yield each cause of each case of an order."""
    late: defaultdict[str, set[str]] = defaultdict(set)
    for (component, name), depth in components.items():
        if depth > 0 and component.startswith(LATE):
            late[name].add(component.removeprefix(LATE))
    for case in dossier.cases.values():
        for cause, holds in _TESTS.items():
            if holds(case, dossier, late.get(case.id, _IN_TIME), policies):
                yield cause


_IN_TIME: frozenset[str] = frozenset()
_CauseTest = Callable[[Case, Dossier, Set[str], Policies], bool]


def _late_reply(case: Case, dossier: Dossier, late: Set[str], policies: Policies) -> bool:
    return bool(late & {"first_reply", "silence"})


def _refused_return(case: Case, dossier: Dossier, late: Set[str], policies: Policies) -> bool:
    return case.state == "declined_in_policy" or (
        case.kind == "claim" and _opening_detail(case, dossier) == "return_refused"
    )


def _refund_not_given(case: Case, dossier: Dossier, late: Set[str], policies: Policies) -> bool:
    by_marketplace = case.state == "refunded_by_marketplace"
    claimed = case.kind == "claim" and _opening_detail(case, dossier) == "returned_no_refund"
    return bool(late & set(REFUNDS)) or by_marketplace or claimed


def _evidence_missing(case: Case, dossier: Dossier, late: Set[str], policies: Policies) -> bool:
    return bool(late & set(EVIDENCE))


def _late_delivery(case: Case, dossier: Dossier, late: Set[str], policies: Policies) -> bool:
    order = dossier.order
    promised, arrived = order.promised_at, order.delivered_at
    overdue = promised is not None and (arrived is None or arrived > promised) and case.opened_at > promised
    return overdue and case.kind in ("message", "claim", "not_received", "feedback", "refund")


def _product(case: Case, dossier: Dossier, late: Set[str], policies: Policies) -> bool:
    """Whether the seller is at fault by the reason code: damaged, wrong, incomplete, other than described."""
    if case.kind == "not_as_described":
        return True
    if case.kind != "return":
        return False
    reason = _opening_detail(case, dossier)
    rule = fault(policies[case.marketplace].at(case.opened_at), dossier.order, reason)
    return bool(reason) and rule is not None and rule.word == "seller"


_TESTS: dict[str, _CauseTest] = {
    "late_reply": _late_reply,
    "refused_return": _refused_return,
    "refund_not_given": _refund_not_given,
    "evidence_missing": _evidence_missing,
    "late_delivery": _late_delivery,
    "product": _product,
}


def _opening_detail(case: Case, dossier: Dossier) -> str:
    """Return the detail with which a case was opened: a reason code, a type of claim."""
    return dossier.opening(case).detail


def _count(cause: Cause, order: Order, defective: bool) -> None:
    cause.cases += 1
    if order.id not in cause.orders:
        cause.orders.add(order.id)
        cause.money[order.currency] += order.price
    if defective:
        cause.defects.add(order.id)


def _bad_ratings(dossier: Dossier, causes: tuple[str, ...]) -> Iterator[BadFeedback]:
    for case in dossier.cases.values():
        if case.kind == "feedback" and case.state in ("negative", "removal_requested", "stands"):
            where = dossier.order.id, dossier.order.marketplace
            yield BadFeedback(*where, dossier.opening(case).value, case.opened_at, causes)


def _products(docket: Docket) -> list[Product]:
    returns: Counter[tuple[str, str]] = Counter()
    complaints: Counter[tuple[str, str]] = Counter()
    reasons: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for dossier in docket.dossiers.values():
        order = dossier.order
        key = order.product or order.category, order.marketplace
        for case in dossier.cases.values():
            returns[key] += case.kind == "return"
            complaints[key] += case.kind == "not_as_described" or case.kind == "claim"
            if case.kind in COMPLAINTS and (reason := _opening_detail(case, dossier)):
                reasons[key][reason] += 1
    products = [
        Product(*key, returns[key], complaints[key], tuple(reasons[key].most_common()))
        for key in returns.keys() | complaints.keys()
        if returns[key] or complaints[key]
    ]
    return sorted(
        products, key=lambda product: (-product.returns - product.complaints, product.name, product.marketplace)
    )
