"""What became known late, twice or in any order: on a later day every figure is that of a journal told in time."""

from collections import Counter, defaultdict, deque
from contextlib import suppress

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st

from aftersale.base.errors import FactRefused
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import DAY, HOUR, local_date, start_of_day
from aftersale.engine.columns import Running
from aftersale.engine.docket import Docket
from aftersale.engine.tally import Tally
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.metrics.days import Days, day_number, day_of
from aftersale.metrics.diagnosis import diagnose
from aftersale.metrics.measures import Figure, measure
from aftersale.metrics.readings import Account, readings, verdict_on, verdicts
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


# --- columns against going through everything once more ---


ZONE = POLICIES["REF"].marketplace.zone


def measures():
    """A measure with nothing read for every line, by what it counts."""
    policy = POLICIES["REF"]
    lines = [rule for _, rule in policy.at(MONDAY).lines]
    return [(rule, measure(rule, policy.metric_kinds[rule.name], policy.marketplace)) for rule in lines]


def told_late(luck, facts, delay):
    """The facts as they become known, some of them late, and some twice."""
    late = [each._replace(known_at=each.occurred_at + luck.randint(0, delay * 24) * HOUR) for each in facts]
    again = [each._replace(known_at=each.known_at + luck.randint(0, 9 * 24) * HOUR) for each in luck.sample(late, 2)]
    return sorted([*late, *again], key=lambda each: each.known_at)


def days_of(sold, told):
    """Yield a docket at the end of every third day, and that day's number, until well after the last fact."""
    docket, waiting = Docket(POLICIES), deque(told)
    first = day_number(local_date(MONDAY, ZONE))
    last = day_number(local_date(told[-1].known_at, ZONE)) + 20
    bought = {name: sold.order(row) for row, name in enumerate(sold.ids)}
    for day in range(first, last, 3):
        end = start_of_day(day_of(day + 1), ZONE)
        while waiting and waiting[0].known_at < end:
            each = waiting.popleft()
            with suppress(FactRefused):
                docket.record(each, bought[each.order])
        docket.advance(end)
        yield docket, day


def defective(docket, rule, kind, day):
    """How many orders, or cases, of the window are defective by the end of a day, all defects gone through."""
    end, since = start_of_day(day_of(day + 1), ZONE), day - rule.lag - rule.amount + 1
    depths = defaultdict(Counter)
    for each in docket.tally.defects:
        if each.component in kind.defects and each.known_at < end:
            subject = (each.order, each.purchased_at) if kind.counts == "orders" else (each.case, each.opened_at)
            depths[subject][each.case, each.component] += each.step
    return sum(
        any(signs.values()) and since <= day_number(local_date(at, ZONE)) <= day - rule.lag
        for (_, at), signs in depths.items()
    )


@pytest.mark.once
@settings(deadline=None, derandomize=True, max_examples=12)
@given(LUCK, st.sampled_from([0, 1, 20, 60]))
def test_a_day_read_by_its_window_is_what_reading_everything_gives(luck, delay):
    sold = sold_by(luck)
    told, looked = told_late(luck, lived(luck, sold), delay), measures()
    for docket, day in days_of(sold, told):
        for (rule, metric), (_, fresh) in zip(looked, measures(), strict=True):
            kind = default_metrics()[rule.name]
            figure, read = metric.on(docket, sold, day), fresh.read(docket, sold, Days(day, day, ZONE))
            assert figure[:2] == (read.numerator[0], read.denominator[0]), rule
            assert verdict_on(rule, day_of(day), figure) == verdicts(rule, read)[0]
            if kind.counts in ("orders", "cases"):
                assert figure.numerator == defective(docket, rule, kind, day), rule


@pytest.mark.once
@settings(deadline=None, derandomize=True, max_examples=12)
@given(LUCK, st.sampled_from([0, 1, 20, 60]))
def test_a_series_is_what_reading_day_by_day_gives_and_judged_alike(luck, delay):
    sold = sold_by(luck)
    told = told_late(luck, lived(luck, sold), delay)
    *_, (docket, last) = days_of(sold, told)
    days = Days(last - 40, last, ZONE)
    for (rule, one), (_, other) in zip(measures(), measures(), strict=True):
        series, read = one.series(docket, sold, days), other.read(docket, sold, days)
        assert np.array_equal(series.numerator, read.numerator), rule
        assert np.array_equal(series.denominator, read.denominator), rule
        figures = zip(days.dates(), series.numerator.tolist(), series.denominator.tolist(), strict=True)
        one_by_one = [verdict_on(rule, day, Figure(bad, counted)) for day, bad, counted in figures]
        assert verdicts(rule, series) == one_by_one


@pytest.mark.once
@settings(deadline=None, derandomize=True, max_examples=12)
@given(LUCK, st.sampled_from([0, 1, 20, 60]))
def test_columns_hold_what_going_through_the_cases_gives(luck, delay):
    sold = sold_by(luck)
    for docket, _ in days_of(sold, told_late(luck, lived(luck, sold), delay)):
        cases, tally = docket.cases.values(), docket.tally
        running, every = docket.running(), Running.of(cases)
        assert running.cases == every.cases
        starts = {key: sorted(began.tolist()) for key, began in running.began.items()}
        assert starts == {key: sorted(began.tolist()) for key, began in every.began.items()}
        for kind in WORKFLOW.kinds:
            rows = tally.openings("REF", kind)
            opened = Counter(dict.fromkeys(rows.started.tolist(), 0))
            for at, step in zip(rows.started.tolist(), rows.counted.tolist(), strict=True):
                opened[at] += step
            assert +opened == Counter(case.opened_at for case in cases if case.kind == kind)
        depths = defaultdict(Counter)
        for each in tally.defects:
            depths[each.order][each.component, each.case] += each.step
        assert tally.depths() == depths
        other = Tally()
        other.take(tally.defects)
        assert other.defects == tally.defects
