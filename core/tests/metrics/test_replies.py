import pytest

from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.metrics.replies import ReplyFigures, first_replies, replies_between
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

POLICIES = load_plugins((), {"reference": reference}).policies()


def docket(*told, until):
    """Messages that began and were answered (or not) so many hours from MONDAY, as known at `until` hours."""
    made, facts = Docket(POLICIES), []
    for i, (begin, end) in enumerate(told):
        about = {"case": f"C-{i}", "order": f"O-{i}"}
        facts.append(fact("buyer_message", MONDAY + round(begin * HOUR), **about))
        if end is not None and end < until:
            facts.append(fact("seller_reply", MONDAY + round(end * HOUR), **about))
    for each in sorted(facts, key=lambda each: (each.known_at, each.kind)):
        if each.known_at < MONDAY + until * HOUR:
            made.record(each, order(each.order))
    made.advance(MONDAY + until * HOUR)
    return made


def figures(*told, since=0, until):
    return replies_between(docket(*told, until=until), "REF", MONDAY + since * HOUR, MONDAY + until * HOUR)


def test_the_figures_of_a_period_count_contacts_by_when_they_began():
    assert figures((-1, 1), (0, 2), (10, 34.5), (20, None), (47, None), (48, 49), until=48) == ReplyFigures(
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
    found = figures((0, 48), (0, 48 + 1 / 3600), (0, None), (20, None), (20, 30), until=50)
    assert (found.silent, found.silence_known, found.silence_rate) == (2, 4, 0.5)


@pytest.mark.parametrize(("until", "expected"), [(24, (0, 0, 1, None)), (25, (1, 1, 1, 1.0))])
def test_an_open_contact_is_late_once_its_deadline_has_passed_and_undecided_before(until, expected):
    found = figures((0, None), until=until)
    assert (found.late, found.late_known, found.open, found.late_rate) == expected
    assert found.mean_hours == until


def test_a_period_without_contacts_has_rates_of_nothing():
    found = figures(until=24)
    assert found == ReplyFigures(0, 0, 0, 0, 0, 0, 0.0, (0.0, 0.0, 0.0))
    assert (found.late_rate, found.silence_rate, found.mean_hours) == (None, None, None)


def test_percentiles_are_those_of_the_hours_waited():
    found = figures(*((0, hours) for hours in range(101)), until=1000)
    assert (found.percentiles, found.mean_hours) == ((50, 90, 95), 50)


def test_a_reply_that_turns_out_earlier_than_was_thought_counts_once_with_its_own_hours():
    made = Docket(POLICIES)
    made.record(fact("buyer_message", MONDAY), order())
    made.record(fact("seller_reply", MONDAY + 30 * HOUR), order())
    made.record(fact("seller_reply", MONDAY + 3 * HOUR, known_at=MONDAY + 40 * HOUR), order())
    found = replies_between(made, "REF", MONDAY, MONDAY + 41 * HOUR)
    assert (found.contacts, found.late, found.late_known, found.hours) == (1, 0, 1, 3)


def test_first_replies_look_back_over_the_window_of_the_late_reply_rate():
    made = docket((0, 2), (24 * 40, 24 * 40 + 4), until=24 * 41)
    found = first_replies(POLICIES["REF"], made, MONDAY + 41 * DAY)
    assert found is not None
    assert (found.contacts, found.hours) == (1, 4)
