"""Evidence: what a marketplace requires by type of claim, what is at hand, what is missing, how long it is kept."""

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
"""The fact whose detail names the kind of evidence that was submitted."""


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
    """What a claim requires (`asked`), by which rules (`told`), and what is at hand, in the order of the rule.

    Evidence at hand that no rule requires is at the end, sorted.
    """

    claim: str
    asked: tuple[str, ...]
    at_hand: tuple[str, ...]
    told: str

    @property
    def missing(self) -> tuple[str, ...]:
        """What is required and not at hand."""
        return tuple(kind for kind in self.asked if kind not in self.at_hand)

    @property
    def complete(self) -> bool:
        """Whether nothing required is missing; False where no rule requires anything."""
        return bool(self.asked) and not self.missing


def claim_type(case: Case, dossier: Dossier) -> str:
    """Return the type of a claim, which is the detail of the fact that opened it; empty where it has no detail."""
    return next((fact.detail for fact in dossier.facts_of(case.id) if fact.detail), "")


def evidence_for(case: Case, dossier: Dossier, policy: Policy) -> Evidence:
    """Return the evidence on a claim as its order's dossier has it now, under the rules of the day it was filed.

    What the seller's handbook requires comes after what the marketplace requires.
    """
    claim = claim_type(case, dossier)
    terms = policy.at(case.opened_at)
    order, about = dossier.order, {"claim": claim}
    rules = [book.rule("evidence", order, about) for book in (terms.rulebook, terms.handbook)]
    stated = [rule for rule in rules if rule is not None]
    required = tuple(dict.fromkeys(word for rule in stated for word in rule.words))
    sources = "; ".join(rule.told for rule in stated)
    required, sources = terms.decisions.on_evidence(case, order, dossier.opening(case), required, sources)
    kinds = _kinds()
    details = dossier.details()
    present = {kinds.get(kind, "") for kind in details} | details.get(SUBMITTED, set())
    at_hand = (*(kind for kind in required if kind in present), *sorted(present - set(required) - {""}))
    return Evidence(claim, required, at_hand, sources)


def keep_until(case: Case, dossier: Dossier, policy: Policy) -> Instant | None:
    """Return until when the evidence on a case is kept, counted from its last move; None where no rule says."""
    return policy.at(case.moved_at).window_end("evidence_retention", case.moved_at, dossier.order)
