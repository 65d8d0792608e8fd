"""Guards: the conditions that a move of the workflow may have, answered from dated rules wherever there are any.

Each guard is a pure function of a situation. It returns whether the condition holds, and what decided that: a rule, a
plugin, or nothing (an empty text).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING

from attrs import define, field

from aftersale.engine.return_terms import inside_window, label
from aftersale.policies.decisions import MANUAL, RETURNLESS
from aftersale.policies.policy import SILENCE

if TYPE_CHECKING:
    from aftersale.cases.facts import Fact
    from aftersale.cases.model import Case
    from aftersale.clocks import Instant
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
Sign = Callable[["Case"], bool]
"""What a guard looks for on a case."""


class CasesBySign(MutableMapping[str, "Case"]):
    """The cases of an order that are found by what they show, without a look at all of them."""

    @abstractmethod
    def showing(self, sign: Sign) -> Iterator[Case]:
        """Yield the cases that show a sign, those opened first first."""


def _switch(situation: Situation, name: str, about: Mapping[str, str]) -> Answer:
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
    proposed, by = _proposed(situation) if allowed else (MANUAL, "")
    fact = situation.fact
    return situation.terms.decisions.on_return(fact.case, situation.order, fact.occurred_at, allowed, proposed, by)


def _proposed(situation: Situation) -> tuple[str, str]:
    """Return what the dated rules say of a return within the policy, and which of them says it."""
    about = {"reason": situation.fact.detail}
    holds, rule = _switch(situation, "returnless", about) if situation.terms.speaks("returnless") else NO
    if holds:
        return RETURNLESS, rule
    holds, rule = NO if situation.order.exempt else _switch(situation, "auto_authorise", about)
    return ("return_authorised", rule) if holds else (MANUAL, "")


def authorised_at_once(situation: Situation) -> Answer:
    """Whether a return is authorised the moment it is requested: by a plugin, or by rule within the policy."""
    decision, decided_by = situation.return_decision
    return decision == "return_authorised", decided_by


def declined_at_once(situation: Situation) -> Answer:
    """Whether a plugin declines the return the moment it is requested."""
    decision, decided_by = situation.return_decision
    return decision == "return_declined", decided_by


def refunded_without_return(situation: Situation) -> Answer:
    """Whether an order is refunded at once and the goods stay with the buyer: by a plugin, or by rule `returnless`."""
    decision, decided_by = situation.return_decision
    return (True, decided_by) if decision == RETURNLESS else NO


def label_not_due(situation: Situation) -> Answer:
    """Whether no label has to be sent by hand: the marketplace or the seller sends one automatically."""
    if not situation.terms.speaks("prepaid_label"):
        return NO
    rule = label(situation.terms, situation.order)
    if rule is not None and rule.word == "automatic":
        return True, rule.told
    return NO


def unheard(situation: Situation) -> Answer:
    """Whether the contact behind a claim is unanswered past the marketplace's silence rule.

    The rule may ask what the contact was (its kind of case, as `situation`) and what the claim is about (`claim`).
    """
    about = situation.others.get(situation.fact.about)
    if about is None or SILENCE not in about.missed:
        return NO
    told = {"situation": about.kind, "claim": situation.fact.detail}
    rule = situation.terms.rulebook.rule(SILENCE, situation.order, told)
    if rule is None or rule.on_expiry != "grant_on_claim":
        return NO
    return True, rule.told


def verified(situation: Situation) -> Answer:
    """Whether tracking alone decides a claim against the seller, and the order counts as defective."""
    return _verification(situation, "granted")


def verified_without_defect(situation: Situation) -> Answer:
    """Whether tracking alone decides a claim for the buyer, and the order does not count as defective."""
    return _verification(situation, "granted_without_defect")


def _verification(situation: Situation, word: str) -> Answer:
    """Whether the rule says so of what tracking shows: that a parcel came back, or that it was never sent."""
    if not situation.terms.speaks("automatic_verification"):
        return NO
    for sign, shown in ((has_come_back, "came_back"), (was_never_sent, "never_sent")):
        if _first(situation, sign)[0]:
            about = {"situation": shown, "claim": situation.fact.detail}
            rule = situation.terms.rulebook.rule("automatic_verification", situation.order, about)
            if rule is not None and rule.word == word:
                return True, rule.told
    return NO


def has_come_back(case: Case) -> bool:
    """Whether tracking says of what the buyer misses that it could not be delivered, or went back."""
    return case.kind == "not_received" and case.state == "came_back"


def was_never_sent(case: Case) -> bool:
    """Whether tracking says of what the buyer misses that no carrier has had it by the last day to ship."""
    return case.kind == "not_received" and case.state == "never_sent"


def delivered(situation: Situation) -> Answer:
    """Whether the carrier says that the order had been delivered by then."""
    at = situation.order.delivered_at
    return at is not None and at <= situation.fact.occurred_at, ""


def replacement_under_way(situation: Situation) -> Answer:
    """Whether a replacement for the same order is sent and not lost, so that the loss is made up for already."""
    return _first(situation, is_under_way)


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
        if name == "safe_t" or _first(situation, is_refunded_by_marketplace)[0]:
            return True, rule.told
    return _first(situation, is_dispute)


def is_refunded_by_marketplace(case: Case) -> bool:
    """Whether the marketplace had to refund a case."""
    return case.state == "refunded_by_marketplace"


def is_dispute(case: Case) -> bool:
    """Whether a case is a claim, a chargeback or a return that the seller declined."""
    return case.kind in DISPUTES or (case.kind == "return" and case.state in ("declined", "declined_in_policy"))


def _first(situation: Situation, sign: Sign) -> Answer:
    """Return yes for the case opened first, the fact's own aside, that shows a sign, whatever became known first."""
    others, own = situation.others, situation.fact.case
    if isinstance(others, CasesBySign):
        case = next((case for case in others.showing(sign) if case.id != own), None)
    else:
        case = min((case for case in others.values() if case.id != own and sign(case)), key=opening, default=None)
    return NO if case is None else (True, f"{case.kind}: {case.id}")


def opening(case: Case) -> tuple[Instant, str]:
    """Return when a case was opened, and its name: what is told of several cases is told of the first by this."""
    return case.opened_at, case.id


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
        verified,
        verified_without_defect,
        with_marketplace,
    )
}
"""The guards that a workflow may name."""
ASKED_BY: Mapping[str, tuple[str, ...]] = {
    "authorised_at_once": ("return_window", "auto_authorise"),
    "borne_by_marketplace": ("chargeback_bearer",),
    "declined_at_once": ("return_window",),
    "in_policy": ("return_window",),
    "label_not_due": ("prepaid_label",),
    "no_safe_t": ("safe_t", "safe_t_after_marketplace_refund"),
    "refunded_without_return": ("returnless", "return_window"),
    "unheard": (SILENCE,),
    "verified": ("automatic_verification",),
    "verified_without_defect": ("automatic_verification",),
    "with_marketplace": ("handled_by_marketplace",),
}
"""The rules that guards ask for, by guard; the others ask for none."""
ABOUT = "unheard"
"""The guard that looks at the one case that a fact is about."""
BESIDE: Mapping[str, tuple[Sign, ...]] = {
    ABOUT: (lambda case: "silence" in case.missed,),
    "replacement_under_way": (is_under_way,),
    "no_safe_t": (is_refunded_by_marketplace, is_dispute),
    "verified": (has_come_back, was_never_sent),
    "verified_without_defect": (has_come_back, was_never_sent),
}
"""The guards that look at other cases of the order than the fact's own, with the signs that they look for. When a case
turns out to have shown a sign, or not to have, what they answered is asked again."""
OF_WINDOWS = frozenset({"in_policy", "authorised_at_once", "declined_at_once", "refunded_without_return"})
"""The guards that ask whether a return was requested in time."""
OF_INSTANTS = frozenset({"delivered", "sent_already"})
"""The guards that compare an instant of the order with the fact's."""
OF_EXEMPT = frozenset({"authorised_at_once", "declined_at_once", "refunded_without_return"})
"""The guards that ask whether an order is exempt."""
