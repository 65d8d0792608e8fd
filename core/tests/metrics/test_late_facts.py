"""What became known late, twice or in any order: on a later day every figure is that of a journal told in time."""

from contextlib import suppress

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st

from aftersale.base.errors import FactRefused
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.metrics.diagnosis import diagnose
from aftersale.metrics.readings import Account, readings
from aftersale.metrics.replies import first_replies
from aftersale.orders import NEVER
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook
from aftersale.policies.metric_kinds import default_metrics
from aftersale.rules import parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

LUCK = st.randoms(use_true_random=True)
WORKFLOW = default_workflow()
ORDERS, RUNNING, HORIZON = 12, 2, 40
"""How many orders a journal has, how many days running its metrics ask for, and the days in which its facts happen."""


def lines():
    """A line for every metric, over a short and over a long window that reach back to the first facts or do not."""
    for name, kind in default_metrics().items():
        above = kind.counts in ("tracked_shipments", "deliveries_on_time")
        for amount, lag in ((12, 0), (90, 5)):
            yield {
                "name": name,
                "marketplaces": ["REF"],
                "amount": amount,
                "lag": lag,
                "target": "0.01" if name == "order_defect_rate" else "0.5" if kind.is_share else "20",
                "direction": "above" if above else "below",
                "running": RUNNING,
                "floor_orders": 2,
                "state": "deactivated",
                "source": "made up",
                "grade": "assumed",
            }


def deadlines():
    """Less time than the marketplace leaves for what its metrics count."""
    for name, start in (("first_reply", "buyer_message"), ("invoice", "invoice_requested")):
        about = {"clock": "wall_hours", "amount": 10, "starts": start, "on_expiry": "late"}
        yield {"name": name, "marketplaces": ["REF"], **about, "source": "made up", "grade": "assumed"}


RULES = parse_rules({"metric": list(lines()), "rule": list(deadlines())}, "rules.toml")
POLICIES = {"REF": load_plugins((), {"reference": reference}).policy("REF", Handbook(RULES))}
KINDS = [*WORKFLOW.kinds, *["message"] * 12, *["return"] * 6, *["invoice", "cancellation", "feedback", "claim"] * 2]
"""The kinds of case, those more often that metrics of their own count."""


def sold_by(luck):
    """Orders with what their columns say of shipping, some of it missing."""
    sold = orders(
        *(order(f"O-{i}", purchased_at=MONDAY + luck.randrange(9 * 24) * HOUR, exempt=luck.random() < 0.5)
          for i in range(ORDERS))
    )  # fmt: skip

    def column(share):
        days = np.array([luck.randrange(12 * 24) * HOUR for _ in range(ORDERS)])
        return np.where(np.array([luck.random() < share for _ in range(ORDERS)]), sold.purchased_at + days, NEVER)

    tracked = np.array([luck.choice([-1, 0, 1, 1]) for _ in range(ORDERS)], np.int8)
    columns = {"ship_by": 0.9, "shipped_at": 0.6, "cancelled_at": 0.3, "delivered_at": 0.5}
    return evolve(sold, **{name: column(share) for name, share in columns.items()}, tracked=tracked)


def lived(luck, sold):
    """Facts of one case or two of every order, told as they happened.

    Now and then one is corrected, by the same at another time, and now and then no case allows one.
    """
    facts = []
    for row in range(ORDERS):
        for kind in dict.fromkeys((luck.choice(KINDS), luck.choice(KINDS))):
            steps = case_of(luck, kind, sold.order(row))
            facts += steps
            if luck.random() < 0.5:
                slip = luck.choice(steps)
                at = slip.occurred_at + luck.choice([-50, -9, 3, 30]) * HOUR
                facts.append(slip._replace(occurred_at=at, known_at=at))
    return facts


def case_of(luck, kind, bought):
    """Facts of one case as its workflow allows them, mostly."""
    docket, case, facts = Docket(POLICIES), f"{bought.id}-{kind}", []
    at, last = bought.purchased_at + luck.randrange(9 * 24) * HOUR, MONDAY + HORIZON * DAY
    for _ in range(luck.choice([1, 2, 3, 5, 7])):
        state = docket.cases[case].state if case in docket.cases else ""
        allowed = set(WORKFLOW.allowed(kind, state)) - {"automatic_reply"}
        senseless = {move.fact for move in WORKFLOW.kinds[kind].move}
        words = allowed if allowed and luck.random() < 0.95 else senseless
        stars = float(luck.randrange(1, 6)) if kind == "feedback" else None
        facts.append(fact(luck.choice(sorted(words)), min(at, last), order=bought.id, case=case, value=stars))
        with suppress(FactRefused):
            docket.record(facts[-1], bought)
        at += luck.choice([1, 5, 20, 30, 60, 100]) * HOUR
    return facts


def figures(sold, facts, end):
    """All that is read of a journal at an instant."""
    journal = Journal(sold, sorted(facts, key=lambda each: each.known_at))
    replayed, policy = replay(journal, POLICIES, end), POLICIES["REF"]
    return (
        readings(policy, replayed.docket, sold, end),
        first_replies(policy, replayed.docket, end),
        diagnose(replayed.docket, POLICIES),
    )


@pytest.mark.once
@settings(deadline=None, derandomize=True, max_examples=20)
@given(LUCK, st.sampled_from([0, 1, 20, 200]))
def test_when_a_fact_became_known_changes_no_figure_of_a_later_day(luck, delay):
    sold = sold_by(luck)
    facts = lived(luck, sold)
    late = [each._replace(known_at=each.occurred_at + luck.randint(0, delay * 24) * HOUR) for each in facts]
    again = [each._replace(known_at=each.known_at + luck.randint(0, 9 * 24) * HOUR) for each in luck.sample(late, 2)]
    told = [*late, *again]
    luck.shuffle(told)
    last = max(each.known_at for each in told)
    # As many days later as a line looks back; and again where most windows have ended.
    for later in (RUNNING, RUNNING + 30):
        end = last + later * DAY
        in_time, in_the_end = figures(sold, facts, end), figures(sold, told, end)
        assert in_the_end == in_time
        assert all(each.value is None or each.value >= 0 for each in in_the_end[0])
        assert all(each.numerator >= 0 and each.denominator >= 0 for each in in_the_end[0])


@pytest.mark.once
@settings(deadline=None, derandomize=True, max_examples=9)
@given(LUCK)
def test_an_account_read_on_every_day_of_late_facts_reads_as_one_that_is_read_once(luck):
    sold = sold_by(luck)
    told = sorted(
        (each._replace(known_at=each.occurred_at + luck.randint(0, 20 * 24) * HOUR) for each in lived(luck, sold)),
        key=lambda each: each.known_at,
    )
    by_id = {sold.ids[row]: sold.order(row) for row in range(ORDERS)}
    docket, account = Docket(POLICIES), Account(POLICIES["REF"])
    for day in range(0, HORIZON + 25, 3):
        at = MONDAY + day * DAY
        while told and told[0].known_at <= at:
            each = told.pop(0)
            with suppress(FactRefused):
                docket.record(each, by_id[each.order])
        docket.advance(at)
        assert account.readings(docket, sold, at) == readings(POLICIES["REF"], docket, sold, at)
