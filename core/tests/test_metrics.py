from datetime import date, timedelta

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from aftersale.clocks import DAY, HOUR, MINUTE, instant, local_date, start_of_day
from aftersale.docket import Docket
from aftersale.handbook import Handbook, default_handbook
from aftersale.metrics import (
    Days,
    Reading,
    ReplyFigures,
    daily,
    daily_defects,
    daily_late,
    daily_mean_reply,
    meets,
    readings,
    replies_between,
)
from aftersale.plugins import load_plugins
from aftersale.rules import parse_rules
from aftersale.tally import FOREVER, Blemish, Spans
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

PLUGINS = load_plugins((), {"reference": reference})
POLICIES = PLUGINS.policies()
REF, ALT = POLICIES["REF"], POLICIES["ALT"]
FIRST = date(2026, 3, 2)


def metric(name="order_defect_rate", **changes):
    row = {
        "name": name,
        "marketplaces": ["REF"],
        "amount": 60,
        "target": "0.01",
        "negative_stars": 2,
        "source": "made up",
        "grade": "assumed",
    }
    (rule,) = parse_rules({"metric": [{**row, **changes}]}, "rules.toml")
    return rule


ODR = metric(lag=15)
RTP = metric("late_reply_rate", amount=30, target="0.10", strict=False, running=30)
MEAN = metric("mean_first_reply_hours", amount=30, target="3.2", strict=False)


def instants(*values):
    return np.array(values, np.int64)


def blemish(order="O-1", bought=MONDAY, component="claim", known=0, step=1, stars=None):
    """Something that became known so many days after the purchase."""
    return Blemish(order, "REF", bought, component, bought + known * DAY, step, stars)


def spans(*contacts):
    """First replies or silences: (started, answered or None) in hours from MONDAY, due within a day."""
    started = instants(*(MONDAY + round(begin * HOUR) for begin, _ in contacts))
    ended = instants(*(FOREVER if end is None else MONDAY + round(end * HOUR) for _, end in contacts))
    return Spans(started, started + DAY, ended)


def on(rule, day, blemishes, purchased):
    """Defects and orders as of one day."""
    found = daily_defects(rule, blemishes, purchased, Days.spanning(day, day, "UTC"))
    return int(found.numerator[0]), int(found.denominator[0])


def read(docket, sold, at, policy=REF):
    """The readings of a marketplace by metric and by who set the target."""
    return {(each.metric, each.set_by): each for each in readings(policy, docket, orders(*sold), at)}


# --- order defect rate ---


@pytest.mark.parametrize(
    ("bought", "counts"),
    [("2020-09-05", 0), ("2020-09-06", 1), ("2020-11-04", 1), ("2020-11-05", 0)],
)
def test_the_window_is_sixty_days_and_ends_fifteen_before_as_in_the_sample_report(bought, counts):
    purchased = instants(instant(f"{bought}T12:00:00Z"))
    assert on(ODR, date(2020, 11, 19), [], purchased) == (0, counts)


@pytest.mark.parametrize(("known", "defects"), [(0, 1), (15, 1), (16, 0)])
def test_a_defect_counts_by_the_date_of_its_order_and_from_the_day_on_which_it_is_known(known, defects):
    assert on(ODR, FIRST + timedelta(15), [blemish(known=known)], instants(MONDAY)) == (defects, 1)


def test_the_day_of_an_order_is_the_marketplace_s_own():
    # 01:30 in UTC is still the evening before in Santiago.
    late = instants(instant("2026-03-03T01:30:00Z"))
    days = [FIRST + timedelta(15), FIRST + timedelta(16)]
    found = daily_defects(ODR, [], late, Days.spanning(*days, "America/Santiago"))
    assert found.denominator.tolist() == [1, 1]
    assert daily_defects(ODR, [], late, Days.spanning(*days, "UTC")).denominator.tolist() == [0, 1]


def test_an_order_counts_once_however_many_defects_it_has():
    several = [
        blemish(component="claim"),
        blemish(component="claim", known=1),
        blemish(component="negative_feedback", stars=1.0),
        blemish(component="chargeback"),
        blemish(order="O-2", component="chargeback"),
    ]
    assert on(ODR, FIRST + timedelta(20), several, instants(MONDAY, MONDAY, MONDAY)) == (2, 3)


def test_an_order_is_a_defect_until_the_last_of_its_defects_is_taken_back():
    several = [
        blemish(known=16),
        blemish(component="chargeback", known=17),
        blemish(known=18, step=-1),
        blemish(component="chargeback", known=20, step=-1),
    ]
    days = Days.spanning(FIRST + timedelta(15), FIRST + timedelta(21), "UTC")
    assert daily_defects(ODR, several, instants(MONDAY), days).numerator.tolist() == [0, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(("stars", "defects"), [(1.0, 1), (2.0, 1), (3.0, 0), (5.0, 0), (None, 1)])
def test_a_rating_is_a_defect_by_its_stars_and_when_it_comes_without(stars, defects):
    rating = blemish(component="negative_feedback", stars=stars)
    assert on(ODR, FIRST + timedelta(15), [rating], instants(MONDAY)) == (defects, 1)


def test_a_number_on_a_claim_is_no_rating():
    assert on(ODR, FIRST + timedelta(15), [blemish(stars=50.0)], instants(MONDAY)) == (1, 1)


def test_a_rating_that_is_removed_is_no_defect_any_more():
    left, removed = (blemish(component="negative_feedback", stars=1.0, known=n, step=s) for n, s in ((1, 1), (16, -1)))
    days = Days.spanning(FIRST + timedelta(15), FIRST + timedelta(16), "UTC")
    assert daily_defects(ODR, [left, removed], instants(MONDAY), days).numerator.tolist() == [1, 0]


def test_a_rating_that_is_removed_at_once_never_was_one():
    left, removed = (blemish(component="negative_feedback", step=step) for step in (1, -1))
    assert on(ODR, FIRST + timedelta(15), [left, removed], instants(MONDAY)) == (0, 1)


def test_removing_a_good_rating_excuses_no_claim():
    good = blemish(component="negative_feedback", stars=5.0)
    removed = blemish(component="negative_feedback", known=1, step=-1)
    assert on(ODR, FIRST + timedelta(15), [good, removed, blemish(known=2)], instants(MONDAY)) == (1, 1)


def test_a_claim_granted_and_reversed_weeks_later_gives_both_values_each_on_its_days():
    docket, sold = Docket(POLICIES), order()
    happened = [
        ("claim_filed", 10),
        ("claim_granted", 20),
        ("appeal_submitted", 25),
        ("appeal_granted", 45),
    ]
    for kind, day in happened:
        docket.record(fact(kind, MONDAY + day * DAY), sold)
    series = daily(ODR, docket, orders(sold), "REF", Days.spanning(FIRST, FIRST + timedelta(80), "UTC")).values
    assert np.flatnonzero(~np.isnan(series)).tolist() == list(range(15, 75))
    assert np.flatnonzero(series == 1).tolist() == list(range(20, 45))
    assert np.flatnonzero(series == 0).tolist() == [*range(15, 20), *range(45, 75)]


def test_a_day_is_read_the_same_however_much_later_it_is_looked_at():
    docket, sold, then = Docket(POLICIES), order(), MONDAY + 30 * DAY
    for kind, day in (("claim_filed", 10), ("claim_granted", 20), ("appeal_submitted", 25)):
        docket.record(fact(kind, MONDAY + day * DAY), sold)
    before = read(docket, [sold], then)["order_defect_rate", "rule"]
    docket.record(fact("appeal_granted", MONDAY + 45 * DAY), sold)
    assert read(docket, [sold], then)["order_defect_rate", "rule"] == before
    assert (before.value, before.met) == (1.0, False)
    assert read(docket, [sold], MONDAY + 46 * DAY)["order_defect_rate", "rule"].value == 0.0


@pytest.mark.parametrize(("sold", "bearable"), [(100, 0), (200, 1), (500, 4), (1000, 9)])
def test_few_orders_bear_few_defects_for_one_percent_is_too_much(sold, bearable):
    purchased = instants(*[MONDAY] * sold)
    for defects, met in ((bearable, True), (bearable + 1, False)):
        numerator, denominator = on(
            ODR, FIRST + timedelta(20), [blemish(order=f"O-{i}") for i in range(defects)], purchased
        )
        assert (numerator, denominator) == (defects, sold)
        assert meets(ODR, numerator / denominator) is met


def test_a_target_that_is_not_strict_may_be_reached():
    assert [meets(MEAN, value) for value in (3.2, np.nextafter(3.2, 4))] == [True, False]
    assert [meets(ODR, value) for value in (0.01, np.nextafter(0.01, 0))] == [False, True]


def test_a_reading_says_all_about_a_metric_on_a_day():
    docket, sold = Docket(POLICIES), [order(f"O-{i}") for i in range(1, 51)]
    docket.record(fact("claim_filed", MONDAY + 5 * DAY), sold[0])
    docket.record(fact("claim_granted", MONDAY + 6 * DAY), sold[0])
    docket.record(fact("feedback_left", MONDAY + 7 * DAY, case="", value=1.0), sold[0])
    docket.record(fact("chargeback_filed", MONDAY + 8 * DAY, case="", order="O-2"), sold[1])
    found = read(docket, sold, MONDAY + 20 * DAY)
    components = {"claim": 1, "negative_feedback": 1, "chargeback": 1}
    assert found["order_defect_rate", "rule"] == Reading(
        "order_defect_rate", "REF", "rule", date(2026, 3, 22), 0.04, 2.0, 50, 0.01, False, 1, True, components
    )
    assert found["order_defect_rate", "handbook"] == Reading(
        "order_defect_rate", "REF", "handbook", date(2026, 3, 22), 0.04, 2.0, 50, 0.005, False, 1, True, components
    )


def test_only_orders_and_defects_of_the_marketplace_are_counted():
    other = order("O-2", marketplace="ALT", currency="CLP")
    docket = Docket(POLICIES)
    docket.record(fact("chargeback_filed", MONDAY, case="", order="O-2", marketplace="ALT"), other)
    sold = [order(), other]
    at = MONDAY + 20 * DAY
    found = [read(docket, sold, at, policy)["order_defect_rate", "rule"] for policy in (REF, ALT)]
    assert [(each.numerator, each.denominator) for each in found] == [(0, 1), (1, 1)]


def test_without_anything_to_count_there_is_no_value_and_nothing_is_missed():
    found = read(Docket(POLICIES), [order(marketplace="ALT", currency="CLP")], MONDAY)
    assert {key: (each.value, each.denominator, each.met, each.triggered) for key, each in found.items()} == {
        ("order_defect_rate", "rule"): (None, 0, True, False),
        ("late_reply_rate", "handbook"): (None, 0, True, False),
        ("mean_first_reply_hours", "handbook"): (None, 0, True, False),
        ("order_defect_rate", "handbook"): (None, 0, True, False),
    }


def test_a_target_of_the_handbook_for_one_marketplace_is_the_handbook_s():
    own = evolve(metric(lag=15), marketplace="REF", target=metric(target="0.002").target)
    policy = PLUGINS.policy("REF", default_handbook().overlaid(Handbook([own])))
    found = read(Docket(POLICIES), [order()], MONDAY + 20 * DAY, policy)
    assert {key: each.target for key, each in found.items() if key[0] == "order_defect_rate"} == {
        ("order_defect_rate", "rule"): 0.01,
        ("order_defect_rate", "handbook"): 0.002,
    }


# --- late replies ---


def late_on(day, *contacts, rule=RTP):
    found = daily_late(rule, spans(*contacts), Days.spanning(day, day, "UTC"))
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


def test_a_reading_in_the_middle_of_a_day_does_not_foresee_its_end():
    docket, sold = Docket(POLICIES), order()
    docket.record(fact("buyer_message", MONDAY), sold)
    key = ("late_reply_rate", "handbook")
    found = [read(docket, [sold], MONDAY + at)[key] for at in (DAY - MINUTE, DAY + MINUTE)]
    assert [(each.numerator, each.denominator, each.day) for each in found] == [
        (0, 0, date(2026, 3, 3)),
        (1, 1, date(2026, 3, 3)),
    ]


def rtp(answers, at):
    """The reading of late replies after one contact a day, answered after so many hours."""
    docket = Docket(POLICIES)
    facts = [
        each
        for day, hours in enumerate(answers)
        for each in (
            fact("buyer_message", MONDAY + day * DAY, case=f"C-{day}"),
            fact("seller_reply", MONDAY + day * DAY + round(hours * HOUR), case=f"C-{day}"),
        )
    ]
    for each in sorted(facts, key=lambda each: each.known_at):
        docket.record(each, order())
    return read(docket, [order()], at)["late_reply_rate", "handbook"]


def test_thirty_days_over_ten_percent_trigger_the_review_and_twenty_nine_do_not():
    answers = [25] * 40
    # The first contact is known to be late on the second day, so that is the first day over the target.
    found = [rtp(answers, MONDAY + day * DAY) for day in (29, 30)]
    assert [(each.value, each.running_days, each.triggered) for each in found] == [(1.0, 29, False), (1.0, 30, True)]


def test_ten_percent_itself_is_kept_and_one_day_on_target_starts_the_count_again():
    one_in_ten = ([25] + [1] * 9) * 6
    found = rtp(one_in_ten, MONDAY + 59 * DAY + HOUR)
    assert (found.value, found.met, found.running_days) == (0.1, True, 0)
    # Late on the first day alone: over ten percent until the tenth answer dilutes it.
    assert [rtp([25] + [1] * 11, MONDAY + day * DAY + 2 * HOUR).running_days for day in (1, 8, 9)] == [1, 8, 0]


# --- first replies ---


def test_the_mean_first_reply_is_over_the_contacts_answered_in_the_window():
    days = Days.spanning(FIRST, FIRST + timedelta(31), "UTC")
    found = daily_mean_reply(MEAN, spans((0, 2), (1, 7), (30, 31), (40, None)), days).values
    assert found[0] == 4
    assert found[1:30].tolist() == [3] * 29
    assert (found[30], np.isnan(found[31])) == (1, True)


def test_taking_a_contact_off_the_mean_again_leaves_no_rounding_error():
    days = Days.spanning(FIRST, FIRST + timedelta(31), "UTC")
    found = daily_mean_reply(MEAN, spans((0, 0.1), (0, 0.7), (0, 1 / 3), (24, 27.2)), days).values
    assert (found[30], meets(MEAN, found[30])) == (3.2, True)


def test_the_figures_of_a_period_count_contacts_by_when_they_began():
    replies = spans((-1, 1), (0, 2), (10, 34.5), (20, None), (47, None), (48, 49))
    silence = Spans(replies.started, replies.started + 2 * DAY, replies.ended)
    assert replies_between(replies, silence, MONDAY, MONDAY + 48 * HOUR) == ReplyFigures(
        contacts=4,
        open=2,
        late=2,
        silent=0,
        silence_known=2,
        late_known=3,
        hours=2 + 24.5 + 28 + 1,
        percentiles=(13.25, pytest.approx(26.95), pytest.approx(27.475)),
    )


def test_silence_begins_after_two_days_and_is_known_as_soon_as_they_are_over():
    silence = spans((0, 48), (0, 48 + 1 / 3600), (0, None), (20, None), (20, 30))
    silence = Spans(silence.started, silence.started + 2 * DAY, silence.ended)
    figures = replies_between(spans(), silence, MONDAY, MONDAY + 50 * HOUR)
    assert (figures.silent, figures.silence_known, figures.silence_rate) == (2, 4, 0.5)


def test_an_open_contact_is_late_once_its_deadline_has_passed_and_undecided_before():
    for until, figures in ((24, (0, 0, 1, 0.0)), (25, (1, 1, 1, 1.0))):
        found = replies_between(spans((0, None)), spans(), MONDAY, MONDAY + until * HOUR)
        assert (found.late, found.late_known, found.open, found.late_rate) == figures
        assert found.mean_hours == until


def test_a_period_without_contacts_has_rates_of_nothing():
    found = replies_between(spans(), spans(), MONDAY, MONDAY + DAY)
    assert found == ReplyFigures(0, 0, 0, 0, 0, 0, 0.0, (0.0, 0.0, 0.0))
    assert (found.late_rate, found.silence_rate, found.mean_hours) == (0, 0, 0)


def test_percentiles_are_those_of_the_hours_waited():
    figures = replies_between(spans(*((0, hours) for hours in range(101))), spans(), MONDAY, MONDAY + 1000 * HOUR)
    assert (figures.percentiles, figures.mean_hours) == ((50, 90, 95), 50)


# --- against counting every day anew ---


_zones = st.sampled_from(["UTC", "America/Santiago", "Asia/Tokyo"])
_at = st.integers(0, 90 * 24).map(lambda hour: instant("2026-03-01T00:00:00Z") + hour * HOUR)
_length = st.integers(1, 12)
_blemishes = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["claim", "negative_feedback", "chargeback"]),
        _at,
        st.sampled_from([1, 1, -1]),
        st.sampled_from([None, None, 1.0, 5.0]),
    ),
    max_size=12,
)


def counted_days(zone):
    return Days.spanning(date(2026, 4, 1), date(2026, 4, 20), zone), [
        (date(2026, 4, 1) + timedelta(n), start_of_day(date(2026, 4, 2) + timedelta(n), zone)) for n in range(20)
    ]


def defective(found, until):
    """Whether an order is a defect by what is known before an instant."""
    depths = dict.fromkeys(("claim", "negative_feedback", "chargeback"), 0)
    for each in sorted(found, key=lambda each: each.known_at):
        good = each.component == "negative_feedback" and each.stars == 5
        if each.known_at < until and not good:
            depths[each.component] = max(0, depths[each.component] + each.step)
    return any(depths.values())


@given(st.lists(_at, min_size=5, max_size=5), _blemishes, _length, st.integers(0, 20), _zones)
def test_the_daily_defect_rate_is_what_counting_every_day_anew_gives(bought, happened, window, lag, zone):
    blemishes = [
        Blemish(str(i), "REF", bought[i], component, known, step, stars)
        for i, component, known, step, stars in happened
    ]
    days, each_day = counted_days(zone)
    expected = []
    for day, end in each_day:
        inside = [i for i in range(5) if 0 <= (day - local_date(bought[i], zone)).days - lag < window]
        defects = sum(defective([each for each in blemishes if each.order == str(i)], end) for i in inside)
        expected.append((defects, len(inside)))
    found = daily_defects(metric(amount=window, lag=lag), blemishes, instants(*bought), days)
    assert list(zip(found.numerator, found.denominator, strict=True)) == expected


_contacts = st.lists(st.tuples(_at, st.none() | st.integers(0, 40 * 60)), max_size=12)


def contacts_of(happened):
    started = instants(*(at for at, _ in happened))
    ended = instants(*(FOREVER if after is None else at + after * MINUTE for at, after in happened))
    return Spans(started, started + DAY, ended)


@given(_contacts, _length, _zones)
def test_the_daily_late_rate_is_what_counting_every_day_anew_gives(happened, window, zone):
    contacts = contacts_of(happened)
    days, each_day = counted_days(zone)
    expected = []
    for day, end in each_day:
        late = known = 0
        for start, due, ended in zip(contacts.started, contacts.expires, contacts.ended, strict=True):
            if (day - local_date(int(start), zone)).days in range(window):
                late += bool(ended > due and due < end)
                known += bool(min(due, ended) < end)
        expected.append((late, known))
    found = daily_late(metric("late_reply_rate", amount=window), contacts, days)
    assert list(zip(found.numerator, found.denominator, strict=True)) == expected


@given(_contacts, _length, _zones)
def test_the_daily_mean_reply_is_what_counting_every_day_anew_gives(happened, window, zone):
    contacts = contacts_of(happened)
    days, each_day = counted_days(zone)
    expected = []
    for day, _ in each_day:
        waited = [
            int(ended - start)
            for start, ended in zip(contacts.started, contacts.ended, strict=True)
            if ended != FOREVER and (day - local_date(int(ended), zone)).days in range(window)
        ]
        expected.append((sum(waited) / HOUR, len(waited)))
    found = daily_mean_reply(metric("mean_first_reply_hours", amount=window), contacts, days)
    assert list(zip(found.numerator, found.denominator, strict=True)) == expected


@given(_contacts, st.sampled_from([1, 3, 7]))
def test_a_reading_is_the_last_day_of_the_series_and_counts_the_days_before_it(happened, running):
    contacts = contacts_of(happened)
    rule = metric("late_reply_rate", amount=5, target="0.2", running=running)
    days, _ = counted_days("UTC")
    values = daily_late(rule, contacts, days).values
    missed = [bool(value >= 0.2) for value in values[-running:]]
    expected = next((n for n, miss in enumerate(reversed(missed)) if not miss), running)
    policy = PLUGINS.policy("REF", Handbook([rule]))
    docket = Docket(POLICIES)
    docket.tally.spans = lambda *_: contacts
    at = start_of_day(date(2026, 4, 21), "UTC") - 1
    reading = next(each for each in readings(policy, docket, orders(order()), at) if each.metric == rule.name)
    assert (reading.running_days, reading.triggered) == (expected, expected == running)
    assert reading.value == (None if np.isnan(values[-1]) else values[-1])
