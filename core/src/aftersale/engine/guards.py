"""Guards: the conditions that a move of the workflow may have, answered from dated rules wherever there are any.

Each guard is a pure function of a situation. It returns whether the condition holds, and what decided that: a rule, a
plugin, or nothing (an empty text).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
"""The states of a replacement that makes up for the loss: sent, and not lost."""
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
        """The decision on a return, and what decided it: computed once for all guards."""
        if self._decision is None:
            self._decision = _return_decision(self)
        return self._decision


Guard = Callable[[Situation], Answer]


def _switch(situation: Situation, name: str, about: Mapping[str, str] | None = None) -> Answer:
    """Return the value of the switch of that name, and the rule that sets it."""
    rule = situation.terms.switch(name, situation.order, about)
    return (True, rule.told) if rule is not None and rule.value else NO


def with_marketplace(situation: Situation) -> Answer:
    """Whether the marketplace handles this kind of case itself for such an order, as it does where it ships."""
    terms, about = situation.terms, {"situation": situation.kind}
    for rule in terms.situated("handled_by_marketplace", situation.kind):
        if rule.when.holds(situation.order, about, terms.marketplace.zone):
            return (True, rule.told) if rule.value else NO
    return NO


def in_policy(situation: Situation) -> Answer:
    """Whether the return was requested inside the window, which counts from delivery, or before that from the promise.

    The rules in force on the day of the request decide, not those of the day of the answer.
    """
    return inside_window(situation.terms, situation.order, _request_time(situation)), ""


def _request_time(situation: Situation) -> int:
    case = situation.others.get(situation.fact.case)
    return situation.fact.occurred_at if case is None else case.opened_at


def _return_decision(situation: Situation) -> tuple[str, str]:
    """Decide a return: the dated rules propose, plugins may decide otherwise, else a person decides (`manual`)."""
    allowed = in_policy(situation)[0]
    rule = situation.terms.switch("auto_authorise", situation.order, {"reason": situation.fact.detail})
    proposed, by = MANUAL, ""
    if allowed and not situation.order.exempt and rule is not None and rule.value:
        proposed, by = "return_authorised", rule.told
    fact = situation.fact
    return situation.terms.decisions.on_return(fact.case, situation.order, fact.occurred_at, allowed, proposed, by)


def authorised_at_once(situation: Situation) -> Answer:
    """Whether a return is authorised the moment it is requested: by a plugin, or by rule within the policy."""
    decision, decided_by = situation.return_decision
    return decision == "return_authorised", decided_by


def declined_at_once(situation: Situation) -> Answer:
    """Whether a plugin declines the return the moment it is requested."""
    decision, decided_by = situation.return_decision
    return decision == "return_declined", decided_by


def refunded_without_return(situation: Situation) -> Answer:
    """Whether a switch `returnless` says that such an order is refunded and the goods stay with the buyer."""
    if not situation.terms.speaks("returnless") or not in_policy(situation)[0]:
        return NO
    return _switch(situation, "returnless", {"reason": situation.fact.detail})


def label_not_due(situation: Situation) -> Answer:
    """Whether no label has to be sent by hand: the marketplace or the seller sends one automatically."""
    if not situation.terms.speaks("prepaid_label"):
        return NO
    rule = label(situation.terms, situation.order)
    if rule is not None and rule.word == "automatic":
        return True, rule.told
    return NO


def unheard(situation: Situation) -> Answer:
    """Whether the contact behind a claim is unanswered past the marketplace's silence rule."""
    about = situation.others.get(situation.fact.about)
    if about is None or "silence" not in about.missed:
        return NO
    rule = situation.terms.rulebook.rule("silence", situation.order)
    if rule is None or rule.on_expiry != "grant_on_claim":
        return NO
    return True, rule.told


def delivered(situation: Situation) -> Answer:
    """Whether the carrier says that the order had been delivered by then."""
    at = situation.order.delivered_at
    return at is not None and at <= situation.fact.occurred_at, ""


def replacement_under_way(situation: Situation) -> Answer:
    """Whether a replacement for the same order is sent and not lost, so that the loss is made up for already."""
    own = situation.fact.case
    return _first(case for case in situation.others.values() if is_under_way(case) and case.id != own)


def is_under_way(case: Case) -> bool:
    """Whether a case is a replacement that is sent and not lost."""
    return case.kind == "replacement" and case.state in UNDER_WAY


def untracked(situation: Situation) -> Answer:
    """Whether a parcel was sent without a tracking number, which is the fact's detail."""
    return not situation.fact.detail, ""


def negative_rating(situation: Situation) -> Answer:
    """Whether a rating is negative by its stars; a rating without stars is negative."""
    stars = situation.fact.value
    return stars is None or stars <= situation.terms.negative_stars, ""


def borne_by_marketplace(situation: Situation) -> Answer:
    """Whether the marketplace bears a chargeback of this reason, as it does for fraud."""
    if not situation.terms.speaks("chargeback_bearer"):
        return NO
    rule = situation.terms.rulebook.rule("chargeback_bearer", situation.order, {"reason": situation.fact.detail})
    return (True, rule.told) if rule is not None and rule.word == "marketplace" else NO


def no_safe_t(situation: Situation) -> Answer:
    """Whether the marketplace reimburses nothing for this order: by rule, or because of another dispute.

    A claim or a chargeback on the order, a return that the seller declined, and, where a rule says so, a refund that
    the marketplace had to make for the seller exclude it.
    """
    for name in ("safe_t", "safe_t_after_marketplace_refund"):
        rule = situation.terms.switch(name, situation.order)
        if rule is None or rule.value:
            continue
        if name == "safe_t" or any(case.state == "refunded_by_marketplace" for case in situation.others.values()):
            return True, rule.told
    return _first(case for case in situation.others.values() if _is_dispute(case))


def _first(cases: Iterable[Case]) -> Answer:
    """Return yes for the first of some cases by name, whatever became known first; no where there is none."""
    case = min(cases, key=lambda case: case.id, default=None)
    return NO if case is None else (True, f"{case.kind}: {case.id}")


def _is_dispute(case: Case) -> bool:
    return case.kind in DISPUTES or (case.kind == "return" and case.state in ("declined", "declined_in_policy"))


def _in_the_way_of_safe_t(case: Case) -> str:
    return "refund" if case.state == "refunded_by_marketplace" else "dispute" if _is_dispute(case) else ""


def sent_already(situation: Situation) -> Answer:
    """Whether the order had left before the buyer wanted it cancelled."""
    departures = (situation.order.shipped_at, situation.order.delivered_at)
    return any(at is not None and at <= situation.fact.occurred_at for at in departures), ""


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
ABOUT = "unheard"
"""The guard that looks at the one case that a fact is about."""
BESIDE: Mapping[str, Callable[[Case], object]] = {
    ABOUT: lambda case: "silence" in case.missed,
    "replacement_under_way": is_under_way,
    "no_safe_t": _in_the_way_of_safe_t,
}
"""The guards that look at other cases of the order than the fact's own, with what they see of such a case. When that
turns out to have been otherwise, what they answered is asked again."""
