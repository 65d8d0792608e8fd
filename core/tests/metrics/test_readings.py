from datetime import date, timedelta

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.clocks import DAY, HOUR, MINUTE, instant, local_date, start_of_day
from aftersale.engine.columns import Defect
from aftersale.engine.docket import Docket
from aftersale.engine.tally import Tally
from aftersale.metrics.days import Days, RunningSums
from aftersale.metrics.measures import measure
from aftersale.metrics.readings import Account, Reading, bearable, daily, meets, readings, standing
from aftersale.order_columns import Orders
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.policies.metric_kinds import default_metrics
from aftersale.rules import parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

PLUGINS = load_plugins((), {"reference": reference})
POLICIES = PLUGINS.policies()
REF, ALT = POLICIES["REF"], POLICIES["ALT"]
UNFLOORED = PLUGINS.policy(
    "REF", Handbook(rule for rule in default_handbook().rules.history() if rule.name != "metric_floor")
)
"""REF under a handbook that judges from the first contact and the first order on."""
PLACE = REF.marketplace
FIRST = date(2026, 3, 2)


def metric(name="order_defect_rate", **changes):
    row = {
        "name": name,
        "marketplaces": ["REF"],
        "amount": 60,
        "target": "0.01",
        "source": "made up",
        "grade": "assumed",
    }
    (rule,) = parse_rules({"metric": [{**row, **changes}]}, "rules.toml")
    return rule


ODR = metric(lag=15)
RTP = metric("late_reply_rate", amount=30, target="0.10", strict=False, running=30)
MEAN = metric("mean_first_reply_hours", amount=30, target="3.2", strict=False)


def defect(order="O-1", bought=MONDAY, component="claim", known=0, step=1, channel="MFN", case=None):
    """Something that became known so many days after the purchase."""
    name = case or f"{order}-{component}"
    return Defect(order, "REF", channel, name, bought, bought, component, bought + known * DAY, step)


def sold_at(*instants, channel="MFN"):
    """Orders bought then."""
    return orders(*(order(f"O-{i}", purchased_at=at, channel=channel) for i, at in enumerate(sorted(instants))))


def spoiled(*defects):
    made = Docket(POLICIES)
    made.tally.take(defects)
    return made


def series(rule, first, last, defects=(), sold=None, zone="UTC", docket=None):
    """A metric on each of some days."""
    place = evolve(PLACE, zone=zone)
    days = Days.spanning(first, last, zone)
    counted = measure(rule, default_metrics()[rule.name], place)
    return counted.read(docket or spoiled(*defects), sold_at() if sold is None else sold, days)


def on(rule, day, defects, sold):
    """Defects and orders as of one day."""
    found = series(rule, day, day, defects, sold)
    return int(found.numerator[0]), int(found.denominator[0])


def contacts(*told):
    """A docket with a message for each contact: (began, answered or None) in hours from MONDAY."""
    made = Docket(POLICIES)
    facts = []
    for i, (begin, end) in enumerate(told):
        about = {"case": f"C-{i}", "order": f"O-{i}"}
        facts.append(fact("buyer_message", MONDAY + round(begin * HOUR), **about))
        if end is not None:
            facts.append(fact("seller_reply", MONDAY + round(end * HOUR), **about))
    for each in sorted(facts, key=lambda each: (each.known_at, each.kind)):
        made.record(each, order(each.order))
    return made


def replied(rule, first, last, *told, zone="UTC"):
    """A metric of replies on each of some days, all time gone by."""
    made = contacts(*told)
    made.advance(MONDAY + 365 * DAY)
    return series(rule, first, last, docket=made, zone=zone)


def read(docket, sold, at, policy=REF):
    """The readings of a marketplace by metric and by who set the target."""
    return {(each.metric, each.set_by): each for each in readings(policy, docket, orders(*sold), at)}


# --- order defect rate ---


@pytest.mark.parametrize(
    ("bought", "counts"),
    [("2020-09-05", 0), ("2020-09-06", 1), ("2020-11-04", 1), ("2020-11-05", 0)],
)
def test_the_window_is_sixty_days_and_ends_fifteen_before_as_in_the_sample_report(bought, counts):
    assert on(ODR, date(2020, 11, 19), [], sold_at(instant(f"{bought}T12:00:00Z"))) == (0, counts)


@pytest.mark.parametrize(("known", "defects"), [(0, 1), (15, 1), (16, 0)])
def test_a_defect_counts_by_the_date_of_its_order_and_from_the_day_on_which_it_is_known(known, defects):
    assert on(ODR, FIRST + timedelta(15), [defect(known=known)], sold_at(MONDAY)) == (defects, 1)


def test_the_day_of_an_order_is_the_marketplace_s_own():
    # 01:30 in UTC is still the evening before in Santiago.
    late = sold_at(instant("2026-03-03T01:30:00Z"))
    days = [FIRST + timedelta(15), FIRST + timedelta(16)]
    assert series(ODR, *days, sold=late, zone="America/Santiago").denominator.tolist() == [1, 1]
    assert series(ODR, *days, sold=late).denominator.tolist() == [0, 1]


def test_an_order_counts_once_however_many_defects_it_has():
    several = [
        defect(component="claim"),
        defect(component="claim", known=1, case="C-9"),
        defect(component="negative_feedback"),
        defect(component="chargeback"),
        defect(order="O-2", component="chargeback"),
    ]
    assert on(ODR, FIRST + timedelta(20), several, sold_at(MONDAY, MONDAY, MONDAY)) == (2, 3)


def test_an_order_is_a_defect_until_the_last_of_its_defects_is_taken_back():
    several = [
        defect(known=16),
        defect(component="chargeback", known=17),
        defect(known=18, step=-1),
        defect(component="chargeback", known=20, step=-1),
    ]
    found = series(ODR, FIRST + timedelta(15), FIRST + timedelta(21), several, sold_at(MONDAY))
    assert found.numerator.tolist() == [0, 1, 1, 1, 1, 0, 0]


def test_what_is_no_defect_of_the_rate_is_not_counted():
    others = [defect(component="late:first_reply"), defect(component="return_declined_in_policy")]
    assert on(ODR, FIRST + timedelta(15), others, sold_at(MONDAY)) == (0, 1)


@pytest.mark.parametrize(("stars", "defects"), [(1.0, 1), (2.0, 1), (3.0, 0), (5.0, 0), (None, 1)])
def test_a_rating_is_a_defect_by_its_stars_and_when_it_comes_without(stars, defects):
    docket = Docket(POLICIES)
    docket.record(fact("feedback_left", MONDAY + DAY, value=stars), order())
    assert on(ODR, FIRST + timedelta(15), docket.tally.defects, sold_at(MONDAY)) == (defects, 1)


def test_a_rating_that_is_removed_is_no_defect_any_more():
    left, removed = (defect(component="negative_feedback", known=known, step=s) for known, s in ((1, 1), (16, -1)))
    found = series(ODR, FIRST + timedelta(15), FIRST + timedelta(16), [left, removed], sold_at(MONDAY))
    assert found.numerator.tolist() == [1, 0]


def test_a_rating_that_is_removed_at_once_never_was_one():
    left, removed = (defect(component="negative_feedback", step=step) for step in (1, -1))
    assert on(ODR, FIRST + timedelta(15), [left, removed], sold_at(MONDAY)) == (0, 1)


def test_a_claim_granted_and_reversed_weeks_later_gives_both_values_each_on_its_days():
    docket, sold = Docket(POLICIES), order()
    for kind, day in (("claim_filed", 10), ("claim_granted", 20), ("appeal_submitted", 25), ("appeal_granted", 45)):
        docket.record(fact(kind, MONDAY + day * DAY), sold)
    days = Days.spanning(FIRST, FIRST + timedelta(80), "UTC")
    values = daily(ODR, POLICIES["REF"], docket, orders(sold), days).values
    assert np.flatnonzero(~np.isnan(values)).tolist() == list(range(15, 75))
    assert np.flatnonzero(values == 1).tolist() == list(range(20, 45))
    assert np.flatnonzero(values == 0).tolist() == [*range(15, 20), *range(45, 75)]


def test_money_and_defect_are_reversed_independently():
    def defective(*facts):
        docket = Docket(POLICIES)
        for day, kind in enumerate(("claim_filed", "claim_granted", *facts)):
            docket.record(fact(kind, MONDAY + day * DAY), order())
        found = docket.tally.defects
        return docket.cases["C-1"].state, sum(each.step for each in found if each.component == "claim")

    assert defective("money_reversed") == ("money_reversed", 1)
    assert defective("defect_reversed") == ("defect_reversed", 0)
    assert defective("money_reversed", "defect_reversed") == ("reversed", 0)
    assert defective("defect_reversed", "money_reversed") == ("reversed", 0)


def test_a_day_is_read_the_same_however_much_later_it_is_looked_at():
    docket, sold, then = Docket(POLICIES), order(), MONDAY + 30 * DAY
    for kind, day in (("claim_filed", 10), ("claim_granted", 20), ("appeal_submitted", 25)):
        docket.record(fact(kind, MONDAY + day * DAY), sold)
    before = read(docket, [sold], then)["order_defect_rate", "rule"]
    docket.record(fact("appeal_granted", MONDAY + 45 * DAY), sold)
    assert read(docket, [sold], then)["order_defect_rate", "rule"] == before
    assert (before.value, before.met) == (1.0, False)
    assert read(docket, [sold], MONDAY + 46 * DAY)["order_defect_rate", "rule"].value == 0.0


@pytest.mark.parametrize(("sold", "room"), [(100, 0), (200, 1), (500, 4), (1000, 9)])
def test_few_orders_bear_few_defects_for_one_percent_is_too_much(sold, room):
    bought = sold_at(*[MONDAY] * sold)
    for defects, met in ((room, True), (room + 1, False)):
        bad = [defect(order=f"O-{i}") for i in range(defects)]
        found = on(ODR, FIRST + timedelta(20), bad, bought)
        assert found == (defects, sold)
        assert meets(ODR, defects / sold) is met
        assert bearable(ODR, default_metrics()[ODR.name], *found) == room - defects


def test_how_much_more_a_target_that_may_be_reached_bears():
    assert [bearable(RTP, default_metrics()[RTP.name], late, 100) for late in (0, 10, 11)] == [10, 0, -1]
    assert bearable(MEAN, default_metrics()[MEAN.name], 1, 10) is None


def test_without_orders_there_is_no_line_to_be_over_or_under():
    assert bearable(ODR, default_metrics()[ODR.name], 0, 0) is None
    known = load_plugins((), {"reference": reference}).policies()
    none = orders(order()).between(0, 0)
    (found,) = [each for each in readings(known["REF"], Docket(known), none, MONDAY) if each.set_by == "rule"]
    assert (found.value, found.denominator, found.met, found.bearable) == (None, 0, None, None)


def test_a_target_that_is_not_strict_may_be_reached():
    assert [meets(MEAN, value) for value in (3.2, np.nextafter(3.2, 4))] == [True, False]
    assert [meets(ODR, value) for value in (0.01, np.nextafter(0.01, 0))] == [False, True]


def test_a_target_from_above_is_kept_by_more():
    tracking = metric("valid_tracking_rate", amount=30, target="0.95", direction="above", strict=False)
    assert [meets(tracking, value) for value in (0.94, 0.95, 0.96)] == [False, True, True]
    assert bearable(tracking, default_metrics()[tracking.name], 95, 100) is None


def test_a_reading_says_all_about_a_metric_on_a_day():
    docket = Docket(POLICIES)
    sold = [order(f"O-{i}", channel="FBA" if i > 40 else "MFN") for i in range(1, 51)]
    docket.record(fact("claim_filed", MONDAY + 5 * DAY), sold[0])
    docket.record(fact("claim_granted", MONDAY + 6 * DAY), sold[0])
    docket.record(fact("feedback_left", MONDAY + 7 * DAY, case="F-1", value=1.0), sold[0])
    docket.record(fact("chargeback_filed", MONDAY + 8 * DAY, case="B-50", order="O-50"), sold[49])
    found = read(docket, sold, MONDAY + 20 * DAY)["order_defect_rate", "rule"]
    assert found == Reading(
        "order_defect_rate",
        "REF",
        "rule",
        date(2026, 3, 22),
        0.04,
        2.0,
        50,
        0.01,
        False,
        1,
        True,
        {"claim": 1, "negative_feedback": 1, "chargeback": 1},
        {"MFN": (1, 40), "FBA": (1, 10)},
        -2,
        found.state,
        "deactivation",
        60,
        over=True,
    )


def test_only_orders_and_defects_of_the_marketplace_are_counted():
    other = order("O-2", marketplace="ALT", currency="CLP")
    docket = Docket(POLICIES)
    docket.record(fact("chargeback_filed", MONDAY, order="O-2", marketplace="ALT"), other)
    sold = [order(), other]
    at = MONDAY + 20 * DAY
    found = [read(docket, sold, at, policy)["order_defect_rate", "rule"] for policy in (REF, ALT)]
    assert [(each.numerator, each.denominator) for each in found] == [(0, 1), (1, 1)]


def test_without_anything_to_count_there_is_no_value_and_nothing_is_missed():
    found = read(Docket(POLICIES), [order(marketplace="ALT", currency="CLP")], MONDAY)
    assert {key: (each.value, each.denominator, each.met, each.triggered) for key, each in found.items()} == {
        ("order_defect_rate", "rule"): (None, 0, None, False),
        ("late_reply_rate", "handbook"): (None, 0, None, False),
        ("mean_first_reply_hours", "handbook"): (None, 0, None, False),
        ("order_defect_rate", "handbook"): (None, 0, None, False),
    }


def test_a_target_of_the_handbook_for_one_marketplace_is_the_handbook_s():
    own = evolve(metric(lag=15), marketplace="REF", target=metric(target="0.002").target)
    policy = PLUGINS.policy("REF", default_handbook().overlaid(Handbook([own])))
    found = read(Docket(POLICIES), [order()], MONDAY + 20 * DAY, policy)
    assert {key: each.target for key, each in found.items() if key[0] == "order_defect_rate"} == {
        ("order_defect_rate", "rule"): 0.01,
        ("order_defect_rate", "handbook"): 0.002,
    }


# --- how an account stands ---


def reading(state, **changes):
    usual = {"metric": "m", "marketplace": "REF", "set_by": "rule", "day": FIRST, "value": 0.1}
    usual |= {"numerator": 1.0, "denominator": 10, "target": 0.01, "met": state == "healthy", "state": state}
    return Reading(**{**usual, **changes})


def test_an_account_stands_as_its_worst_metric_lets_it_and_says_which():
    worst, bad, good = reading("deactivated"), reading("review"), reading("healthy")
    assert standing([good]) == ("healthy", [])
    assert standing([]) == ("healthy", [])
    assert standing([good, bad]) == ("review", [bad])
    assert standing([good, bad, worst]) == ("deactivated", [worst])
    assert standing([reading("at_risk"), good])[0] == "at_risk"


def test_a_target_missed_for_too_few_days_running_leads_to_nothing_yet():
    late = [(24 * day, 24 * day + 25) for day in range(40)]
    docket = contacts(*late)
    sold = [order(f"O-{i}") for i in range(40)]
    states = {}
    for days in (29, 31):
        docket = contacts(*late[: days + 1])
        docket.advance(MONDAY + days * DAY + 2 * HOUR)
        found = read(docket, sold, MONDAY + days * DAY + 2 * HOUR, UNFLOORED)["late_reply_rate", "handbook"]
        states[days] = (found.triggered, found.state)
    assert states == {29: (False, "healthy"), 31: (True, "review")}


# --- late replies ---


def late_on(day, *told, rule=RTP):
    found = replied(rule, day, day, *told)
    return int(found.numerator[0]), int(found.denominator[0])


def test_a_reply_after_exactly_a_day_is_in_time_and_one_after_more_is_late():
    assert late_on(FIRST + timedelta(1), (0, 24)) == (0, 1)
    assert late_on(FIRST + timedelta(1), (0, 24 + 1 / 3600)) == (1, 1)


def test_a_contact_counts_once_it_is_known_whether_the_answer_is_late():
    # From 09:00 on Monday, due at 09:00 on Tuesday.
    assert [late_on(FIRST + timedelta(n), (0, None)) for n in range(3)] == [(0, 0), (1, 1), (1, 1)]
    assert [late_on(FIRST + timedelta(n), (0, 40)) for n in range(3)] == [(0, 0), (1, 1), (1, 1)]
    assert [late_on(FIRST + timedelta(n), (0, 2)) for n in range(3)] == [(0, 1), (0, 1), (0, 1)]


def test_a_contact_stands_in_the_window_for_thirty_days_from_the_one_on_which_the_buyer_wrote():
    assert [late_on(FIRST + timedelta(n), (0, None)) for n in (29, 30)] == [(1, 1), (0, 0)]


def test_a_reply_that_becomes_known_late_counts_as_late_until_then_and_not_any_more():
    docket, sold = Docket(POLICIES), order()
    docket.record(fact("buyer_message", MONDAY), sold)
    docket.record(fact("seller_reply", MONDAY + 23 * HOUR, known_at=MONDAY + 3 * DAY), sold)
    found = series(RTP, FIRST, FIRST + timedelta(4), docket=docket)
    assert found.numerator.tolist() == [0, 1, 1, 0, 0]
    assert found.denominator.tolist() == [0, 1, 1, 1, 1]


def test_a_reading_in_the_middle_of_a_day_does_not_foresee_its_end():
    docket, sold = Docket(POLICIES), order()
    docket.record(fact("buyer_message", MONDAY), sold)
    found = []
    for at in (MONDAY + DAY - MINUTE, MONDAY + DAY + MINUTE):
        docket.advance(at)
        each = read(docket, [sold], at)["late_reply_rate", "handbook"]
        found.append((each.numerator, each.denominator, each.day))
    assert found == [(0, 0, date(2026, 3, 3)), (1, 1, date(2026, 3, 3))]


def rtp(answers, at):
    """The reading of late replies after one contact a day, answered after so many hours."""
    told = [(24 * day, 24 * day + hours) for day, hours in enumerate(answers) if MONDAY + day * DAY <= at]
    known = [(begin, end if MONDAY + end * HOUR <= at else None) for begin, end in told]
    docket = contacts(*known)
    docket.advance(at)
    return read(docket, [order()], at, UNFLOORED)["late_reply_rate", "handbook"]


def test_thirty_days_over_ten_percent_trigger_the_review_and_twenty_nine_do_not():
    answers = [25] * 40
    # The first contact is known to be late on the second day, so that is the first day over the target.
    found = [rtp(answers, MONDAY + day * DAY + MINUTE) for day in (29, 30)]
    assert [(each.value, each.running_days, each.triggered) for each in found] == [(1.0, 29, False), (1.0, 30, True)]


def test_ten_percent_itself_is_kept_and_one_day_on_target_starts_the_count_again():
    one_in_ten = ([25] + [1] * 9) * 6
    found = rtp(one_in_ten, MONDAY + 59 * DAY + HOUR)
    assert (found.value, found.met, found.running_days) == (0.1, True, 0)
    # Late on the first day alone: over ten percent until the tenth answer dilutes it.
    assert [rtp([25] + [1] * 11, MONDAY + day * DAY + 2 * HOUR).running_days for day in (1, 8, 9)] == [1, 8, 0]


# --- first replies on average ---


def test_the_mean_first_reply_is_over_the_contacts_answered_in_the_window():
    found = replied(MEAN, FIRST, FIRST + timedelta(31), (0, 2), (1, 7), (30, 31), (40, None)).values
    assert found[0] == 4
    assert found[1:30].tolist() == [3] * 29
    assert (found[30], np.isnan(found[31])) == (1, True)


def test_taking_a_contact_off_the_mean_again_leaves_no_rounding_error():
    found = replied(MEAN, FIRST, FIRST + timedelta(31), (0, 0.1), (0, 0.7), (0, 1 / 3), (24, 27.2)).values
    assert (found[30], meets(MEAN, found[30])) == (3.2, True)


def test_an_answer_known_late_counts_on_its_own_days_and_what_it_replaces_ends_with_them():
    # Answered on the fourth day as far as was known; on the 24th it turns out that it was on the first, in an hour.
    docket, sold = Docket(POLICIES), order()
    told = (("buyer_message", 0, 0), ("seller_reply", 72, 72), ("seller_reply", 1, 23 * 24))
    for kind, hour, known in told:
        docket.record(fact(kind, MONDAY + hour * HOUR, known_at=MONDAY + known * HOUR), sold)
    found = series(MEAN, FIRST, FIRST + timedelta(70), docket=docket).values
    known = {day: value for day, value in enumerate(found.tolist()) if not np.isnan(value)}
    assert known == {**dict.fromkeys(range(3, 23), 72.0), **dict.fromkeys(range(23, 30), 1.0)}


@pytest.mark.parametrize("name", ["late_reply_rate", "mean_first_reply_hours"])
def test_contacts_too_count_only_after_the_lag_of_their_metric(name):
    found = replied(metric(name, amount=5, lag=7), FIRST, FIRST + timedelta(20), (0, 2))
    assert np.flatnonzero(found.denominator).tolist() == list(range(7, 12))


# --- returns ---


def test_a_return_is_dissatisfying_once_whatever_went_wrong_with_it():
    rdr = metric("return_dissatisfaction_rate", amount=30, target="0.10")
    docket = Docket(POLICIES)
    exempt = [order(f"O-{i}", exempt=True) for i in range(4)]
    for i, each in enumerate(exempt):
        docket.record(fact("return_requested", MONDAY + 5 * DAY, order=each.id, case=f"R-{i}"), each)
    docket.record(fact("return_authorised", MONDAY + 6 * DAY, order="O-0", case="R-0"), exempt[0])
    docket.record(fact("return_declined", MONDAY + 6 * DAY, order="O-1", case="R-1"), exempt[1])
    docket.record(fact("return_declined", MONDAY + 9 * DAY, order="O-2", case="R-2"), exempt[2])
    docket.advance(MONDAY + 20 * DAY)
    found = series(rdr, FIRST + timedelta(5), FIRST + timedelta(10), docket=docket)
    assert found.denominator.tolist() == [4] * 6
    # Declined within the policy on the next day; the other two are late after three; declining one adds nothing.
    assert found.numerator.tolist() == [0, 1, 1, 3, 3, 3]


def test_a_return_that_the_buyer_calls_unresolved_is_dissatisfying_until_that_is_withdrawn():
    rdr = metric("return_dissatisfaction_rate", amount=30, target="0.10")
    docket, sold = Docket(POLICIES), order()
    for day, kind in (
        (5, "return_requested"),
        (6, "returnless_refund"),
        (8, "return_rated_unresolved"),
        (9, "return_rating_withdrawn"),
    ):
        docket.record(fact(kind, MONDAY + day * DAY), sold)
    found = series(rdr, FIRST + timedelta(5), FIRST + timedelta(10), docket=docket)
    assert (found.numerator.tolist(), found.denominator.tolist()) == ([0, 0, 0, 1, 0, 0], [1] * 6)


def test_a_return_that_began_earlier_than_was_known_counts_on_its_true_days_with_all_that_went_wrong():
    rdr = metric("return_dissatisfaction_rate", amount=10, lag=2, target="0.10")
    docket, sold = Docket(POLICIES), order(exempt=True)
    told = (("return_requested", 8, 8), ("return_declined", 9, 9), ("return_requested", 5, 12))
    for kind, day, known in told:
        docket.record(fact(kind, MONDAY + day * DAY, known_at=MONDAY + known * DAY), sold)
    docket.advance(MONDAY + 30 * DAY)
    found = series(rdr, FIRST, FIRST + timedelta(30), docket=docket)
    assert np.flatnonzero(found.denominator).tolist() == list(range(10, 17))
    assert np.array_equal(found.numerator, found.denominator)


@pytest.mark.parametrize(
    ("name", "counted"), [("return_dissatisfaction_rate", 3), ("late_reply_rate", 2), ("mean_first_reply_hours", 2)]
)
def test_a_metric_of_some_channels_counts_their_cases_and_contacts_alone(name, counted):
    docket = Docket(POLICIES)
    for number, channel in enumerate(["MFN", "FBA", "SFP", "FBA", "MFN"]):
        sold = order(f"O-{number}", channel=channel)
        docket.record(fact("return_requested", MONDAY + 5 * DAY, order=sold.id, case=f"R-{number}"), sold)
        if number < 4:
            docket.record(fact("buyer_message", MONDAY + 5 * DAY, order=sold.id, case=f"M-{number}"), sold)
            docket.record(fact("seller_reply", MONDAY + 6 * DAY, order=sold.id, case=f"M-{number}"), sold)
    rule = metric(name, amount=30, target="0.10", channel=["MFN", "SFP"])
    found = series(rule, FIRST + timedelta(8), FIRST + timedelta(8), docket=docket)
    assert found.denominator.tolist() == [counted]
    every = series(evolve(rule, channel=()), FIRST + timedelta(8), FIRST + timedelta(8), docket=docket)
    assert every.denominator.tolist() == [5 if counted == 3 else 4]


# --- against counting every day anew ---


_zones = st.sampled_from(["UTC", "America/Santiago", "Asia/Tokyo"])
_hours = st.integers(0, 90 * 24)
_at = _hours.map(lambda hour: instant("2026-03-01T00:00:00Z") + hour * HOUR)
_length = st.integers(1, 12)
_defects = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["claim", "negative_feedback", "chargeback"]),
        _at,
        st.sampled_from([1, 1, -1]),
    ),
    max_size=12,
)


def counted_days(zone):
    return [(date(2026, 4, 1) + timedelta(n), start_of_day(date(2026, 4, 2) + timedelta(n), zone)) for n in range(20)]


def sane(happened, bought):
    """Blemishes in order of when they were known, none taken back that is not there."""
    found, depths = [], {}
    for i, component, known, step in sorted(happened, key=lambda each: each[2]):
        key = i, component
        if depths.get(key, 0) + step in (0, 1):
            depths[key] = depths.get(key, 0) + step
            when = bought[i], bought[i]
            found.append(Defect(f"O-{i}", "REF", "MFN", f"{i}-{component}", *when, component, known, step))
    return found


@given(st.lists(_at, min_size=5, max_size=5), _defects, _length, st.integers(0, 20), _zones)
def test_the_daily_defect_rate_is_what_counting_every_day_anew_gives(bought, happened, window, lag, zone):
    bought = sorted(bought)
    defects, each_day = sane(happened, bought), counted_days(zone)
    expected = []
    for day, end in each_day:
        inside = [i for i in range(5) if 0 <= (day - local_date(bought[i], zone)).days - lag < window]
        known = [each for each in defects if each.known_at < end]
        depths = {(each.order, each.component): 0 for each in known}
        for each in known:
            depths[each.order, each.component] += each.step
        defective = {name for (name, _), depth in depths.items() if depth}
        expected.append((sum(f"O-{i}" in defective for i in inside), len(inside)))
    rule = metric(amount=window, lag=lag)
    found = series(rule, each_day[0][0], each_day[-1][0], defects, sold_at(*bought), zone)
    assert list(zip(found.numerator, found.denominator, strict=True)) == expected


_contacts = st.lists(st.tuples(_hours, st.none() | st.integers(0, 40)), max_size=12, unique_by=lambda each: each[0])


def told_of(happened):
    """Contacts as (began, answered) in hours from MONDAY, of hours from the first of March."""
    offset = (instant("2026-03-01T00:00:00Z") - MONDAY) // HOUR
    return [(at + offset, None if after is None else at + offset + after) for at, after in happened]


@given(_contacts, _length, _zones)
def test_the_daily_late_rate_is_what_counting_every_day_anew_gives(happened, window, zone):
    told, each_day = told_of(happened), counted_days(zone)
    expected = []
    for day, end in each_day:
        late = known = 0
        for begin, answered in told:
            start = MONDAY + begin * HOUR
            ended = end + 1 if answered is None else MONDAY + answered * HOUR
            if (day - local_date(start, zone)).days in range(window):
                late += ended > start + DAY and start + DAY < end
                known += min(start + DAY, ended) < end
        expected.append((late, known))
    rule = metric("late_reply_rate", amount=window)
    found = replied(rule, each_day[0][0], each_day[-1][0], *told, zone=zone)
    assert list(zip(found.numerator, found.denominator, strict=True)) == expected


@given(_contacts, _length, _zones)
def test_the_daily_mean_reply_is_what_counting_every_day_anew_gives(happened, window, zone):
    told, each_day = told_of(happened), counted_days(zone)
    expected = []
    for day, _ in each_day:
        waited = [
            answered - begin
            for begin, answered in told
            if answered is not None and (day - local_date(MONDAY + answered * HOUR, zone)).days in range(window)
        ]
        expected.append((sum(waited), len(waited)))
    rule = metric("mean_first_reply_hours", amount=window)
    found = replied(rule, each_day[0][0], each_day[-1][0], *told, zone=zone)
    assert list(zip(found.numerator, found.denominator, strict=True)) == expected


# --- day by day ---


@pytest.mark.once
@given(_contacts, st.lists(st.integers(1, 9), min_size=1, max_size=8), st.sampled_from([1, 3, 7]))
def test_an_account_read_day_by_day_reads_as_one_that_is_read_once(happened, steps, running):
    rule = metric("late_reply_rate", amount=5, target="0.2", running=running)
    policy = PLUGINS.policy("REF", Handbook([rule, metric(lag=3, amount=10, negative_stars=2)]))
    told, sold = told_of(happened), orders(order())
    docket, account, at = Docket({"REF": policy}), Account(policy), MONDAY
    facts = sorted(
        (
            fact(kind, MONDAY + hour * HOUR, case=f"C-{i}", order=f"O-{i}")
            for i, each in enumerate(told)
            for kind, hour in zip(("buyer_message", "seller_reply"), each, strict=True)
            if hour is not None
        ),
        key=lambda each: (each.known_at, each.kind),
    )
    for step in steps:
        at += step * DAY
        while facts and facts[0].known_at <= at:
            each = facts.pop(0)
            docket.record(each, order(each.order))
        docket.advance(at)
        assert account.readings(docket, sold, at) == readings(policy, docket, sold, at)


def test_a_day_s_update_reads_only_what_is_new(monkeypatch):
    docket, account, seen = Docket(POLICIES), Account(REF), []
    original = Tally.endings

    def endings(self, marketplace, name, first=0):
        found = original(self, marketplace, name, first)
        seen.append(len(found))
        return found

    monkeypatch.setattr(Tally, "endings", endings)
    sold = orders(order())
    for day in range(30):
        for i in range(5):
            at = MONDAY + day * DAY + i * MINUTE
            docket.record(fact("buyer_message", at, case=f"C-{day}-{i}", order=f"O-{day}-{i}"), order(f"O-{day}-{i}"))
            docket.record(
                fact("seller_reply", at + HOUR, case=f"C-{day}-{i}", order=f"O-{day}-{i}"), order(f"O-{day}-{i}")
            )
        docket.advance(MONDAY + day * DAY + 12 * HOUR)
        seen.clear()
        account.readings(docket, sold, MONDAY + day * DAY + 12 * HOUR)
        assert set(seen) == {5}


def test_a_ledger_does_not_go_back():
    ledger = RunningSums()
    ledger.read(Days(10, 12, "UTC"))
    assert ledger.read(Days(12, 12, "UTC")).numerator.tolist() == [0]
    with pytest.raises(ValueError, match="day 11 was read before"):
        ledger.read(Days(11, 12, "UTC"))


def test_orders_until_an_instant_are_those_bought_by_then():
    sold = sold_at(MONDAY, MONDAY + DAY, MONDAY + 2 * DAY)
    assert isinstance(sold, Orders)
    assert list(sold.until(MONDAY + DAY).ids) == ["O-0", "O-1"]
    assert len(sold.until(MONDAY - 1)) == 0
