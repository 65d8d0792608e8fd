"""Evidence: what a marketplace asks for by type of claim, what is at hand, what is missing, and how long to keep it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from attrs import frozen

from aftersale.base.toml_files import read
from aftersale.cases.model import Case
from aftersale.clocks import Instant
from aftersale.documents.scalars import Word
from aftersale.documents.structure import structure
from aftersale.engine.dossiers import Dossier
from aftersale.policies.policy import Policy

SUBMITTED = "evidence_submitted"
"""The fact whose detail names the kind of evidence that was handed in."""


@frozen
class _Kind:
    name: Word
    facts: tuple[Word, ...]


@frozen
class _Document:
    kind: tuple[_Kind, ...]


@cache
def _kinds() -> dict[str, str]:
    source = "aftersale/evidence.toml"
    document = structure(_Document, read(files("aftersale.advice") / "evidence.toml"), source)
    return {str(fact): str(kind.name) for kind in document.kind for fact in kind.facts}


@frozen
class Evidence:
    """What a claim asks for, by the rules that say so, and which of it is at hand; both sorted as the rule has it."""

    claim: str
    asked: tuple[str, ...]
    at_hand: tuple[str, ...]
    told: str

    @property
    def missing(self) -> tuple[str, ...]:
        """What is asked for and not at hand."""
        return tuple(kind for kind in self.asked if kind not in self.at_hand)

    @property
    def complete(self) -> bool:
        """Whether there is nothing missing of what is asked; False where nobody says what is asked."""
        return bool(self.asked) and not self.missing


def claim_type(case: Case, dossier: Dossier) -> str:
    """Return the type of a claim, which is the detail of the fact that opened it; empty where that told none."""
    return next((fact.detail for fact in dossier.facts if fact.case == case.id and fact.detail), "")


def evidence_for(case: Case, dossier: Dossier, policy: Policy) -> Evidence:
    """Return the evidence on a claim as its order's dossier has it now, under the rules of the day it was filed.

    What the seller's handbook asks for stands behind what the marketplace does.
    """
    claim = claim_type(case, dossier)
    terms = policy.at(case.opened_at)
    order, about = dossier.order, {"claim": claim}
    rules = [book.rule("evidence", order, about) for book in (terms.rulebook, terms.handbook)]
    speak = [rule for rule in rules if rule is not None]
    asked = tuple(dict.fromkeys(word for rule in speak for word in rule.words))
    told = "; ".join(rule.told for rule in speak)
    asked, told = terms.decisions.on_evidence(case, order, dossier.opening(case), asked, told)
    kinds = _kinds()
    found = {kinds.get(fact.kind, "") for fact in dossier.facts}
    found |= {fact.detail for fact in dossier.facts if fact.kind == SUBMITTED}
    at_hand = (*(kind for kind in asked if kind in found), *sorted(found - set(asked) - {""}))
    return Evidence(claim, asked, at_hand, told)


def keep_until(case: Case, dossier: Dossier, policy: Policy) -> Instant | None:
    """Return until when the evidence on a case is kept, counted from its last move; None where nobody says."""
    return policy.at(case.moved_at).window_end("evidence_retention", case.moved_at, dossier.order)
