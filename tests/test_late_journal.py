"""A journal told late, twice, in any order, and with all that follows by rule told as well; every installed rule."""

from __future__ import annotations

from pathlib import Path
from random import Random  # noqa: TID251  an instance, of which a seed decides everything
from typing import Any

import pytest

from aftersale.cases.facts import Fact
from aftersale.clocks import DAY, Instant
from aftersale.costs.charges import docket_costs
from aftersale.journal.reading import Journal, read_journal
from aftersale.journal.replay import Replay, replay
from aftersale.metrics.readings import readings
from aftersale.metrics.replies import first_replies
from aftersale.plugins.plugins import load_plugins

POLICIES = load_plugins().policies()
LATEST = 60 * DAY
"""By how much a fact becomes known late at most."""


def as_of(journal: Journal, facts: list[Fact], at: Instant) -> Replay:
    known = sorted(facts, key=lambda fact: fact.known_at)
    return replay(Journal(journal.orders, known), POLICIES, at)


def figures(journal: Journal, replayed: Replay) -> list[Any]:
    """Every figure of an account, every case and every cost, as of the end of a replay."""
    policies = [POLICIES[name] for name in journal.orders.marketplaces]
    docket, at = replayed.docket, replayed.until
    return [
        [readings(policy, docket, journal.orders, at) for policy in policies],
        [first_replies(policy, docket, at) for policy in policies],
        docket.cases,
        sorted(docket_costs(docket, POLICIES, at)),
        sorted((fact[:5], str(reason)) for fact, reason in replayed.refused),
    ]


def derived(replayed: Replay) -> list[Fact]:
    """A fact for everything that followed by rule, told a day after it."""
    facts = []
    for dossier in replayed.docket.dossiers.values():
        for step in dossier.replayed(POLICIES[dossier.order.marketplace], replayed.until).steps:
            case, before = step.outcome.case, step.before
            if len(case.derived) > len(before.derived if before is not None else ()):
                at = (step.fact.occurred_at if step.deadline is None else step.deadline.expires_at) + DAY
                told = Fact(case.derived[-1][0], case.marketplace, case.order, case.id, at, at)
                facts.append(
                    told._replace(amount=1200) if told.kind in ("marketplace_refunded", "claim_granted") else told
                )
    return facts


@pytest.fixture(scope="module")
def journal(shop_journal: Path) -> Journal:
    return read_journal(shop_journal)


@pytest.mark.parametrize("seed", range(8))
def test_no_figure_as_of_a_later_day_hangs_on_when_facts_became_known(journal: Journal, seed: int) -> None:
    end = max(fact.occurred_at for fact in journal.facts) + LATEST
    random = Random(seed)
    in_time = as_of(journal, list(journal.facts), end)
    more = derived(in_time) if seed % 2 else []
    told = [
        fact._replace(known_at=fact.occurred_at) for fact in (*journal.facts, *more) if fact.occurred_at < end - DAY
    ]
    late = [fact._replace(known_at=random.randrange(fact.occurred_at, end)) for fact in told]
    twice = [fact._replace(known_at=random.randrange(fact.occurred_at, end)) for fact in random.sample(told, 20)]
    random.shuffle(late)
    assert figures(journal, as_of(journal, [*late, *twice], end)) == figures(journal, as_of(journal, told, end))


def test_what_follows_by_rule_changes_no_case_and_no_metric_when_it_is_told(journal: Journal) -> None:
    end = max(fact.occurred_at for fact in journal.facts) + 200 * DAY
    by_rule = as_of(journal, list(journal.facts), end)
    facts = derived(by_rule)
    told = as_of(journal, [*journal.facts, *facts], end)
    assert {fact.kind for fact in facts} >= {"marketplace_refunded", "claim_granted", "return_authorised"}
    before, after = figures(journal, by_rule), figures(journal, told)
    assert after[:2] == before[:2]
    assert {name: case._replace(derived=()) for name, case in after[2].items()} == {
        name: case._replace(derived=()) for name, case in before[2].items()
    }
    assert after[4] == before[4]
    names = {fact.case for fact in facts if fact.amount}
    given = [
        line
        for line in after[3]
        if line.case in names and line.amount > 0 and line.line in ("goods_refunded", "partial_refund", "claim")
    ]
    assert {line.estimated for line in given} == {False}
