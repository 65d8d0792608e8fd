"""Guards: the questions that a move of the workflow may depend on, answered from dated rules wherever these can say it.

Each is a pure function of a situation and returns whether it holds and who decided that it does or does not: a rule, a
plugin, or nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attrs import define, field

from aftersale.engine.return_terms import inside_window, label
from aftersale.policies.decisions import MANUAL

if TYPE_CHECKING:
    from aftersale.cases.facts import Fact
    from aftersale.cases.model import Case
    from aftersale.orders import Order
    from aftersale.policies.policy import Terms

Answer = tuple[bool, str]
NO: Answer = (False, "")
UNDER_WAY = ("sent_untracked", "on_its_way", "delivered")
"""Where a replacement stands that makes up for the loss: sent, and not lost."""
DISPUTES = ("claim", "chargeback")


@define(eq=False)
class Situation:
    """A fact that is about to move a case: the kind of case, its order, the terms, and the order's cases by id."""

    kind: str
    fact: Fact
    order: Order
    terms: Terms
    others: Mapping[str, Case]
    _decision: tuple[str, str] | None = field(default=None, init=False)

    @property
    def return_decision(self) -> tuple[str, str]:
        """What becomes of a return, and who decided: asked for once, however many guards want to know."""
        if self._decision is None:
            self._decision = _return_decision(self)
        return self._decision


Guard = Callable[[Situation], Answer]


def _switch(now: Situation, name: str, about: Mapping[str, str] | None = None) -> Answer:
    """Return what the switch of that name says, and the rule that says it."""
    rule = now.terms.switch(name, now.order, about)
    return (True, rule.told) if rule is not None and rule.value else NO


def with_marketplace(now: Situation) -> Answer:
    """Whether the marketplace handles this kind of case itself for such an order, as it does where it ships."""
    terms, about = now.terms, {"situation": now.kind}
    for rule in terms.situated("handled_by_marketplace", now.kind):
        if rule.when.holds(now.order, about, terms.marketplace.zone):
            return (True, rule.told) if rule.value else NO
    return NO


def in_policy(now: Situation) -> Answer:
    """Whether the return was asked for inside the window; it counts from delivery, or from the promise before that.

    The rules in force when it was asked for decide, and the wish is judged by its own day, not by the answer's.
    """
    return inside_window(now.terms, now.order, _asked_at(now)), ""


def _asked_at(now: Situation) -> int:
    case = now.others.get(now.fact.case)
    return now.fact.occurred_at if case is None else case.opened_at


def _return_decision(now: Situation) -> tuple[str, str]:
    """Decide a return: the dated rules propose, plugins may answer otherwise, else it is a person's (`manual`)."""
    allowed = in_policy(now)[0]
    rule = now.terms.switch("auto_authorise", now.order, {"reason": now.fact.detail})
    proposed, by = MANUAL, ""
    if allowed and not now.order.exempt and rule is not None and rule.value:
        proposed, by = "return_authorised", rule.told
    fact = now.fact
    return now.terms.decisions.on_return(fact.case, now.order, fact.occurred_at, allowed, proposed, by)


def authorised_at_once(now: Situation) -> Answer:
    """Whether a return is authorised the moment it is asked for: by a plugin, or by rule within the policy."""
    decision, decided_by = now.return_decision
    return decision == "return_authorised", decided_by


def declined_at_once(now: Situation) -> Answer:
    """Whether a plugin declines the return the moment it is asked for."""
    decision, decided_by = now.return_decision
    return decision == "return_declined", decided_by


def refunded_without_return(now: Situation) -> Answer:
    """Whether a switch `returnless` says that such an order is refunded and the goods stay with the buyer."""
    if not now.terms.speaks("returnless") or not in_policy(now)[0]:
        return NO
    return _switch(now, "returnless", {"reason": now.fact.detail})


def label_not_due(now: Situation) -> Answer:
    """Whether nobody has to send a label by hand: one goes out by itself, the marketplace's or the seller's."""
    if not now.terms.speaks("prepaid_label"):
        return NO
    rule = label(now.terms, now.order)
    if rule is not None and rule.word == "automatic":
        return True, rule.told
    return NO


def unheard(now: Situation) -> Answer:
    """Whether the contact behind a claim stands unanswered past the marketplace's silence rule."""
    about = now.others.get(now.fact.about)
    if about is None or "silence" not in about.missed:
        return NO
    rule = now.terms.rulebook.rule("silence", now.order)
    if rule is None or rule.on_expiry != "grant_on_claim":
        return NO
    return True, rule.told


def delivered(now: Situation) -> Answer:
    """Whether the carrier says that the order had been delivered by then."""
    at = now.order.delivered_at
    return at is not None and at <= now.fact.occurred_at, ""


def replacement_under_way(now: Situation) -> Answer:
    """Whether a replacement for the same order is sent and not lost, so that its loss is made up for already."""
    for case in now.others.values():
        if case.kind == "replacement" and case.state in UNDER_WAY and case.id != now.fact.case:
            return True, f"replacement: {case.id}"
    return NO


def untracked(now: Situation) -> Answer:
    """Whether a parcel was sent without a tracking number, which is the fact's detail."""
    return not now.fact.detail, ""


def negative_rating(now: Situation) -> Answer:
    """Whether a rating is negative by its stars; one that comes without stars is."""
    stars = now.fact.value
    return stars is None or stars <= now.terms.negative_stars, ""


def borne_by_marketplace(now: Situation) -> Answer:
    """Whether the marketplace bears a chargeback of this reason, as it does for fraud."""
    if not now.terms.speaks("chargeback_bearer"):
        return NO
    rule = now.terms.rulebook.rule("chargeback_bearer", now.order, {"reason": now.fact.detail})
    return (True, rule.told) if rule is not None and rule.word == "marketplace" else NO


def no_safe_t(now: Situation) -> Answer:
    """Whether the marketplace makes nothing good for this order: by rule, or because it is disputed otherwise.

    A claim or a chargeback on the order, a return that the seller declined, or a refund that the marketplace had to
    make for the seller, where a rule says so, exclude it.
    """
    for name in ("safe_t", "safe_t_after_marketplace_refund"):
        rule = now.terms.switch(name, now.order)
        if rule is None or rule.value:
            continue
        if name == "safe_t" or any(case.state == "refunded_by_marketplace" for case in now.others.values()):
            return True, rule.told
    for case in now.others.values():
        if case.kind in DISPUTES or (case.kind == "return" and case.state in ("declined", "declined_in_policy")):
            return True, f"{case.kind}: {case.id}"
    return NO


def sent_already(now: Situation) -> Answer:
    """Whether the order had left before the buyer wanted it cancelled."""
    left = (now.order.shipped_at, now.order.delivered_at)
    return any(at is not None and at <= now.fact.occurred_at for at in left), ""


GUARDS: dict[str, Guard] = {
    guard.__name__: guard
    for guard in (
        authorised_at_once,
        borne_by_marketplace,
        declined_at_once,
        delivered,
        in_policy,
        label_not_due,
        negative_rating,
        no_safe_t,
        refunded_without_return,
        replacement_under_way,
        sent_already,
        unheard,
        untracked,
        with_marketplace,
    )
}
"""The guards that a workflow may name."""
