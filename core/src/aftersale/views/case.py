"""Case: one case from its opening to its present state, as the desk reads it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypedDict

from attrs import frozen

from aftersale.advice.advice import advice
from aftersale.advice.evidence import evidence_for, keep_until
from aftersale.base.errors import UnknownCase, did_you_mean
from aftersale.base.money import from_minor
from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text, headers_of
from aftersale.views.instants import instant_text
from aftersale.views.journal_notes import JournalNotes, journal_notes, noted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aftersale.cases.model import Case, Deadline
    from aftersale.clocks import Instant
    from aftersale.engine.dossiers import Dossier
    from aftersale.engine.replays import Step
    from aftersale.journal.reading import Journal
    from aftersale.journal.replay import Replay
    from aftersale.policies.policy import Policies, Policy


CONTACTS = ("message", "return", "refund", "replacement", "not_received", "not_as_described")
"""The kinds of case by which buyers turn to the seller first; a claim may be about one of them."""


class StepRecord(TypedDict):
    """One step of a case: when, which fact (or the deadline that ended), what it said, and the state after it."""

    occurred_at: str
    fact: str
    said: str
    state: str
    decided_by: str


class DeadlineRecord(TypedDict):
    """A running deadline: when it is due, what set it, and when the marketplace acts.

    `function` is the plugins' function by which it was set, as its row asks for it, null where a clock counted.
    """

    deadline: str
    due: str
    set_by: str
    function: str | None
    expires_at: str
    on_expiry: str
    missed: bool


class CaseRecord(TypedDict):
    """A case as JSON shows it; `keep_until` is until when its evidence is kept, null where no rule says.

    Of a contact, `claim_from` is from when on a claim about it is granted unheard, past or future; `claim_until` is
    until when the buyer may claim. Both are null for other kinds of case. `refused` says why facts of the case were
    refused, `notes` are those on the whole journal.
    """

    case: str
    kind: str
    marketplace: str
    order: str
    state: str
    steps: list[StepRecord]
    deadlines: list[DeadlineRecord]
    advice: dict[str, str]
    evidence_asked: list[str]
    evidence_at_hand: list[str]
    evidence_missing: list[str]
    claim_from: str | None
    claim_until: str | None
    keep_until: str | None
    refused: list[str]
    notes: JournalNotes


def case_records(
    name: str, journal: Journal, replayed: Replay, policies: Policies, cells: bool = False
) -> list[CaseRecord]:
    """Return the case of that name, or all cases of the order of that name, in the order in which they opened.

    Kinds of refused facts that no workflow has are left out without `cells`.

    Raises UnknownCase when there is no case of that name or of that order: with the closest name, or with how many
    facts were refused.
    """
    docket = replayed.docket
    of_order = docket.dossiers[name].cases.values() if name in docket.dossiers else ()
    cases = sorted(of_order, key=lambda case: (case.opened_at, case.id))
    if not cases and name in docket.cases:
        cases = [docket.cases[name]]
    if not cases:
        raise _unknown(name, journal, replayed)
    notes = journal_notes(journal, replayed, policies)
    told = _told_of_cases(docket.dossiers[cases[0].order], policies[cases[0].marketplace], replayed.until, cells)
    return [_record(case, replayed, policies[case.marketplace], notes, told) for case in cases]


@frozen(eq=False)
class _Told:
    """The steps of the cases of an order, and why facts of them were refused, by case."""

    steps: Mapping[str, list[Step]]
    refused: Mapping[str, list[str]]


def _told_of_cases(dossier: Dossier, policy: Policy, until: Instant, cells: bool) -> _Told:
    steps: defaultdict[str, list[Step]] = defaultdict(list)
    for step in dossier.replayed(policy, until).steps:
        steps[step.outcome.case.id].append(step)
    refused: defaultdict[str, list[str]] = defaultdict(list)
    for fact, error in dossier.refusals:
        refused[fact.case].append(error.text(cells))
    return _Told(steps, refused)


def _unknown(name: str, journal: Journal, replayed: Replay) -> UnknownCase:
    docket = replayed.docket
    is_order = name in journal.orders.ids
    if refused := sum(name in (fact.case, fact.order) for fact, _ in replayed.refused):
        return UnknownCase(name, text("case.all_refused", count=refused), is_order)
    if is_order:
        return UnknownCase(name, text("case.no_fact"), is_order)
    return UnknownCase(name, did_you_mean(name, docket.cases) or did_you_mean(name, docket.dossiers))


def _record(case: Case, replayed: Replay, policy: Policy, notes: JournalNotes, told: _Told) -> CaseRecord:
    dossier = replayed.docket.dossiers[case.order]
    steps = told.steps[case.id]
    kept_until = keep_until(case, dossier, policy)
    required, at_hand, missing = _evidence(case, dossier, policy)
    return CaseRecord(
        case=case.id,
        kind=case.kind,
        marketplace=case.marketplace,
        order=case.order,
        state=case.state,
        steps=[_step(step, dossier) for step in steps],
        deadlines=[_deadline(deadline, case, dossier, policy) for deadline in case.deadlines],
        advice={hint.name: hint.says for hint in advice(case, dossier, policy)},
        evidence_asked=required,
        evidence_at_hand=at_hand,
        evidence_missing=missing,
        claim_from=_instant_text(_unheard_from(case, steps)),
        claim_until=_instant_text(_claim_until(case, dossier, policy)),
        keep_until=_instant_text(kept_until),
        refused=told.refused[case.id],
        notes=notes,
    )


def _instant_text(at: Instant | None) -> str | None:
    return None if at is None else instant_text(at)


def _unheard_from(case: Case, steps: list[Step]) -> Instant | None:
    """Return from when on silence on a contact lets a claim about it be granted unheard, by the steps of its case."""
    opened = [
        deadline
        for step in steps
        for deadline in step.outcome.opened
        if deadline.name == "silence" and deadline.on_expiry == "grant_on_claim"
    ]
    running = {deadline.name for deadline in case.deadlines}
    return opened[-1].expires_at if opened and "silence" in running else None


def _claim_until(case: Case, dossier: Dossier, policy: Policy) -> Instant | None:
    promised = dossier.order.promised_at
    if promised is None or case.kind not in CONTACTS:
        return None
    return policy.at(case.opened_at).window_end("claim_window", promised, dossier.order)


def _evidence(case: Case, dossier: Dossier, policy: Policy) -> tuple[list[str], list[str], list[str]]:
    if case.kind != "claim":
        return [], [], []
    evidence = evidence_for(case, dossier, policy)
    return list(evidence.asked), list(evidence.at_hand), list(evidence.missing)


def _step(step: Step, dossier: Dossier) -> StepRecord:
    fact, deadline = step.fact, step.deadline
    stays = step.before is not None and deadline is not None and step.outcome.case.state == step.before.state
    name = f"{deadline.name}: {deadline.on_expiry}" if stays and deadline is not None else fact.kind
    at = deadline.expires_at if deadline is not None else fact.occurred_at
    after = step.outcome.case
    decided_by = after.decided_by if step.before is None or step.before.decided_by != after.decided_by else ""
    return StepRecord(
        occurred_at=instant_text(at),
        fact=name,
        said=" ".join(_details(step, dossier)),
        state=after.state,
        decided_by=decided_by,
    )


def _details(step: Step, dossier: Dossier) -> Iterator[str]:
    fact = step.fact
    if fact.detail:
        yield fact.detail
    if fact.value is not None:
        yield f"{fact.value:g}"
    if fact.amount is not None:
        money = from_minor(fact.amount, dossier.order.currency)
        yield f"{money.amount} {money.currency.code}"


def _deadline(deadline: Deadline, case: Case, dossier: Dossier, policy: Policy) -> DeadlineRecord:
    terms = policy.at(deadline.started_at)
    book = terms.rulebook if deadline.set_by == "rule" else terms.handbook
    rule = book.rule(deadline.name, dossier.order, {"situation": case.kind})
    return DeadlineRecord(
        deadline=deadline.name,
        due=instant_text(deadline.due),
        set_by=deadline.set_by,
        function=str(rule.answer) if rule is not None and rule.due else None,
        expires_at=instant_text(deadline.expires_at),
        on_expiry=deadline.on_expiry,
        missed=deadline.name in case.missed,
    )


def case_listing(cases: list[CaseRecord]) -> list[Table | str]:
    """Return one case or several as tables: the steps of each case, what is due, and the advice."""
    parts: list[Table | str] = []
    for case in cases:
        parts += [text("case.title", **{key: case[key] for key in ("case", "kind", "marketplace", "order", "state")})]
        headers = headers_of("case", "when", "fact", "said", "state", "decided_by")
        rows = [
            (_minute(step["occurred_at"]), step["fact"], step["said"], step["state"], step["decided_by"])
            for step in case["steps"]
        ]
        parts += [table(headers, rows, keys=2), *_notes(case), ""]
    return noted(parts, cases[0]["notes"])


def _notes(case: CaseRecord) -> Iterator[str]:
    for deadline in case["deadlines"]:
        key = "case.was_due" if deadline["missed"] else "case.due"
        set_by = ": ".join(filter(None, (deadline["set_by"], deadline["function"])))
        yield text(key, deadline=deadline["deadline"], due=_minute(deadline["due"]), set_by=set_by)
    if case["claim_from"] and case["claim_until"]:
        yield text("case.eligible", since=_minute(case["claim_from"]), until=_minute(case["claim_until"]))
    if case["evidence_asked"]:
        yield text("case.evidence", asked=", ".join(case["evidence_asked"]))
        yield text("case.missing", missing=", ".join(case["evidence_missing"]) or text("case.none"))
    for name, says in case["advice"].items():
        yield text("case.advice", name=name, says=says)
    if case["keep_until"]:
        yield text("case.keep", until=case["keep_until"][:10])
    for reason in case["refused"]:
        yield text("case.refused", reason=reason)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
