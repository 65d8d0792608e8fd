"""Advice: what rules, handbook and plugins suggest about a case to the people at the desk.

What binds is decided by the engine; every hint names the rule or the plugin that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from aftersale.advice.evidence import evidence_for
from aftersale.base.money import from_minor
from aftersale.base.translations import core_text as text
from aftersale.cases.model import Case
from aftersale.engine import return_terms
from aftersale.engine.dossiers import Dossier
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Rule
from aftersale.worth.fees import capped
from aftersale.worth.parameters import default_parameters


@frozen
class Hint:
    """One piece of advice: what it is about, what it says, and the rule or plugin that it comes from."""

    name: str
    says: str
    told: str


def known_about(case: Case, dossier: Dossier) -> Mapping[str, str]:
    """Return what a rule may depend on beside the order: the reason, the kind of case, the grade of the goods."""
    first = dossier.opening(case)
    grades = [fact.detail for fact in dossier.facts_of(case.id) if fact.kind == "return_inspected"]
    about = {"situation": case.kind}
    if first.detail:
        about |= {"reason": first.detail, "claim": first.detail}
    if grades:
        about["grade"] = grades[-1]
    return about


def advice(case: Case, dossier: Dossier, policy: Policy) -> tuple[Hint, ...]:
    """Return the hints for a case in its present state, in a fixed order."""
    about = known_about(case, dossier)
    return (
        *_for_sorting(case, dossier, policy),
        *_for_return(case, policy, dossier, about),
        *_for_refund(case, policy, dossier, about),
        *_for_claim(case, dossier, policy),
        *_for_not_received(case, policy, dossier, about),
    )


def classified(case: Case, dossier: Dossier, policy: Policy) -> str:
    """Return the seller's own class of a case, by plugin or handbook; the kind of case where neither has one."""
    return _class(case, dossier, policy)[0]


def priority(case: Case, dossier: Dossier, policy: Policy) -> int:
    """Return how urgent a case is by plugin or handbook, higher before lower; 0 where neither has a priority."""
    return _priority(case, dossier, policy)[0]


def _class(case: Case, dossier: Dossier, policy: Policy) -> tuple[str, str]:
    terms = policy.at(case.opened_at)
    rule = terms.preferred("classification", dossier.order, known_about(case, dossier))
    word, source = (rule.word, rule.told) if rule is not None and rule.word else (case.kind, "")
    return terms.decisions.on_class(case, dossier.order, dossier.opening(case), word, source)


def _priority(case: Case, dossier: Dossier, policy: Policy) -> tuple[int, str]:
    terms = policy.at(case.opened_at)
    rule = terms.preferred("priority", dossier.order, known_about(case, dossier))
    rank, source = (rule.count or 0, rule.told) if rule is not None else (0, "")
    return terms.decisions.on_priority(case, dossier.order, dossier.opening(case), rank, source)


def _for_sorting(case: Case, dossier: Dossier, policy: Policy) -> Iterator[Hint]:
    for name, (says, source) in (
        ("classification", _class(case, dossier, policy)),
        ("priority", _priority(case, dossier, policy)),
    ):
        if source:
            yield Hint(name, str(says), source)


def _for_refund(case: Case, policy: Policy, dossier: Dossier, about: Mapping[str, str]) -> Iterator[Hint]:
    """Yield how much to refund where a plugin decides it; else price and restocking fee are enough to know it."""
    if case.task is None or case.task.kind != "refund":
        return
    order, fee = dossier.order, _fee(case, policy, dossier, about)
    remainder = order.price - (capped(fee, order.price, order.currency) if fee is not None else 0)
    decisions = policy.at(case.moved_at).decisions
    amount, source = decisions.on_refund(case, order, dossier.opening(case), remainder, "")
    if source:
        money = from_minor(amount, order.currency)
        yield Hint("refund", f"{money.amount} {money.currency.code}", source)
    for rule in policy.at(case.moved_at).rulebook.rules("refund_methods"):
        prefix = f"{rule.when.situation}: " if rule.when.situation else ""
        yield Hint("refund_methods", f"{prefix}{rule.answer}", rule.told)


def _hints(terms: Terms, dossier: Dossier, about: Mapping[str, str], *names: str) -> Iterator[Hint]:
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
        yield from _hints(terms, dossier, about, "partial_refund_offer", "returnless", "returnless_cross_border")
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
    situation = return_terms.situation(policy.at(case.opened_at), order, dossier.opening(case), grade.situation)
    return return_terms.restocking_fee(policy.at(case.moved_at), order, {**about, "situation": situation})


def _for_claim(case: Case, dossier: Dossier, policy: Policy) -> Iterator[Hint]:
    if case.kind != "claim" or case.task is None:
        return
    evidence = evidence_for(case, dossier, policy)
    if evidence.missing:
        yield Hint("evidence_missing", ", ".join(evidence.missing), evidence.told)
    yield from _claim_limits(case, dossier, policy)
    situation = "evidence_complete" if evidence.complete else "evidence_missing"
    terms, order = policy.at(case.moved_at), dossier.order
    rule = terms.preferred("contest_claim", order, {"situation": situation, "claim": evidence.claim})
    says, source = (str(rule.word), rule.told) if rule is not None else ("", "")
    says, source = terms.decisions.on_claim(case, order, dossier.opening(case), evidence.missing, says, source)
    if says:
        yield Hint("contest_claim", says, source)


def _for_not_received(case: Case, policy: Policy, dossier: Dossier, about: Mapping[str, str]) -> Iterator[Hint]:
    """Yield what keeps the marketplace bearing a claim: who refunds by himself what is protected loses that."""
    if case.kind == "not_received" and case.task is not None:
        yield from _hints(policy.at(case.moved_at), dossier, about, "claims_protection")


def _claim_limits(case: Case, dossier: Dossier, policy: Policy) -> Iterator[Hint]:
    """Yield what the marketplace's guarantee covers at most, and a hint where files cannot be attached."""
    rulebook = policy.at(case.moved_at).rulebook
    cover, files = (rulebook.rule(name, dossier.order) for name in ("claim_cover", "claim_attachments"))
    if cover is not None:
        yield _hint("claim_cover", cover)
    if files is not None and not files.value:
        yield Hint("claim_attachments", text("advice.text_only"), files.told)
