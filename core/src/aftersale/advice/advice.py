"""Advice: what rules, handbook and plugins suggest to the people at the desk about a case.

The engine decides what binds; every line of advice names the rule or the plugin that says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from aftersale.advice.evidence import evidence_for
from aftersale.base.money import from_minor
from aftersale.base.translations import core_text as text
from aftersale.cases.model import Case
from aftersale.costs.parameters import default_parameters
from aftersale.costs.refunds import capped
from aftersale.engine import return_terms
from aftersale.engine.dossiers import Dossier
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Rule


@frozen
class Hint:
    """One piece of advice: what it is about, what it says, and who says so."""

    name: str
    says: str
    told: str


def known_about(case: Case, dossier: Dossier) -> Mapping[str, str]:
    """Return what rules may ask about a case beside its order: the reason, the kind of case, the grade of the goods."""
    first = dossier.opening(case)
    graded = [fact.detail for fact in dossier.facts if fact.kind == "return_inspected" and fact.case == case.id]
    about = {"situation": case.kind}
    if first.detail:
        about |= {"reason": first.detail, "claim": first.detail}
    if graded:
        about["grade"] = graded[-1]
    return about


def advice(case: Case, dossier: Dossier, policy: Policy) -> tuple[Hint, ...]:
    """Return what is suggested for a case as it stands, in a fixed order."""
    about = known_about(case, dossier)
    return (
        *_sorting(case, dossier, policy),
        *_for_return(case, policy, dossier, about),
        *_to_refund(case, policy, dossier, about),
        *_for_claim(case, dossier, policy),
    )


def classified(case: Case, dossier: Dossier, policy: Policy) -> str:
    """Return the seller's own class of a case, by plugin or handbook; the kind of case where neither has one."""
    return _class(case, dossier, policy)[0]


def priority(case: Case, dossier: Dossier, policy: Policy) -> int:
    """Return how urgent a case is by plugin or handbook, higher before lower; 0 where neither says anything."""
    return _priority(case, dossier, policy)[0]


def _class(case: Case, dossier: Dossier, policy: Policy) -> tuple[str, str]:
    terms = policy.at(case.opened_at)
    rule = terms.preferred("classification", dossier.order, known_about(case, dossier))
    named, by = (rule.word, rule.told) if rule is not None and rule.word else (case.kind, "")
    return terms.decisions.on_class(case, dossier.order, dossier.opening(case), named, by)


def _priority(case: Case, dossier: Dossier, policy: Policy) -> tuple[int, str]:
    terms = policy.at(case.opened_at)
    rule = terms.preferred("priority", dossier.order, known_about(case, dossier))
    rank, by = (rule.count or 0, rule.told) if rule is not None else (0, "")
    return terms.decisions.on_priority(case, dossier.order, dossier.opening(case), rank, by)


def _sorting(case: Case, dossier: Dossier, policy: Policy) -> Iterator[Hint]:
    for name, (says, by) in (
        ("classification", _class(case, dossier, policy)),
        ("priority", _priority(case, dossier, policy)),
    ):
        if by:
            yield Hint(name, str(says), by)


def _to_refund(case: Case, policy: Policy, dossier: Dossier, about: Mapping[str, str]) -> Iterator[Hint]:
    """Yield how much to refund where a plugin says so; else the price and the restocking fee speak for themselves."""
    if case.task is None or case.task.kind != "refund":
        return
    order, fee = dossier.order, _fee(case, policy, dossier, about)
    left = order.price - (capped(fee, order.price, order.currency) if fee is not None else 0)
    decisions = policy.at(case.moved_at).decisions
    amount, by = decisions.on_refund(case, order, dossier.opening(case), left, "")
    if by:
        money = from_minor(amount, order.currency)
        yield Hint("refund", f"{money.amount} {money.currency.code}", by)
    for rule in policy.at(case.moved_at).rulebook.rules("refund_methods"):
        paid = f"{rule.when.situation}: " if rule.when.situation else ""
        yield Hint("refund_methods", f"{paid}{rule.answer}", rule.told)


def _named(terms: Terms, dossier: Dossier, about: Mapping[str, str], *names: str) -> Iterator[Hint]:
    for name in names:
        rule = terms.preferred(name, dossier.order, about)
        if rule is not None and rule.value is not False:
            yield _hint(name, rule)


def _hint(name: str, rule: Rule) -> Hint:
    return Hint(name, text("advice.yes") if rule.value else str(rule.answer), rule.told)


def _for_return(case: Case, policy: Policy, dossier: Dossier, about: Mapping[str, str]) -> Iterator[Hint]:
    if case.kind not in ("return", "refund", "not_as_described"):
        return
    terms, order = policy.at(case.moved_at), dossier.order
    fault = return_terms.fault(policy.at(case.opened_at), order, about.get("reason", ""))
    if fault is not None:
        yield _hint("fault", fault)
    if case.state in ("requested", "reported"):
        right = return_terms.withdrawal(policy.at(case.opened_at), order, case.opened_at)
        if right is not None:
            yield _hint("statutory_withdrawal", right)
        yield from _named(terms, dossier, about, "partial_refund_offer", "returnless", "returnless_cross_border")
    if case.state == "authorised" and case.task is not None:
        label = return_terms.label(terms, order)
        if label is not None:
            yield _hint("prepaid_label", label)
    fee = _fee(case, policy, dossier, about)
    if fee is not None:
        yield _hint("restocking_fee", fee)


def _fee(case: Case, policy: Policy, dossier: Dossier, about: Mapping[str, str]) -> Rule | None:
    if case.kind != "return" or case.state != "received" or "grade" not in about:
        return None
    order, grade = dossier.order, default_parameters().goods_grade(about["grade"])
    asked = return_terms.situation(policy.at(case.opened_at), order, dossier.opening(case), grade.situation)
    return return_terms.restocking_fee(policy.at(case.moved_at), order, {**about, "situation": asked})


def _for_claim(case: Case, dossier: Dossier, policy: Policy) -> Iterator[Hint]:
    if case.kind != "claim" or case.task is None:
        return
    found = evidence_for(case, dossier, policy)
    if found.missing:
        yield Hint("evidence_missing", ", ".join(found.missing), found.told)
    yield from _of_claims(case, dossier, policy)
    situation = "evidence_complete" if found.complete else "evidence_missing"
    terms, order = policy.at(case.moved_at), dossier.order
    rule = terms.preferred("contest_claim", order, {"situation": situation, "claim": found.claim})
    says, by = (str(rule.word), rule.told) if rule is not None else ("", "")
    says, by = terms.decisions.on_claim(case, order, dossier.opening(case), found.missing, says, by)
    if says:
        yield Hint("contest_claim", says, by)


def _of_claims(case: Case, dossier: Dossier, policy: Policy) -> Iterator[Hint]:
    """Yield what the marketplace's guarantee covers at most, and that files cannot be attached where they cannot."""
    rulebook = policy.at(case.moved_at).rulebook
    cover, files = (rulebook.rule(name, dossier.order) for name in ("claim_cover", "claim_attachments"))
    if cover is not None:
        yield _hint("claim_cover", cover)
    if files is not None and not files.value:
        yield Hint("claim_attachments", text("advice.text_only"), files.told)
