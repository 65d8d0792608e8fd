"""From how many on a line is judged, and several lines of one metric."""

from datetime import date

import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import DAY
from aftersale.engine.docket import Docket
from aftersale.metrics.readings import lines_of, readings, standing
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.rules import RuleSet, changes, compared, parse_rules
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

PLUGINS = load_plugins((), {"reference": reference})
SOURCE = {"source": "made up", "grade": "assumed"}


def metric(name="claim_rate", **changes):
    row = {"name": name, "marketplaces": ["REF"], "amount": 30, "target": "0.04", "state": "deactivated"}
    return {"metric": [{**row, **SOURCE, **changes}]}


def floor(count, situation="claim_rate", places=("REF",), **changes):
    when = {"when": {"situation": situation}} if situation else {}
    return {
        "rule": [{"name": "metric_floor", "marketplaces": list(places), "count": count, **when, **SOURCE, **changes}]
    }


def rows(*documents):
    return [rule for document in documents for rule in parse_rules(document, "rules.toml")]


def policy(*documents, own=()):
    """REF under these rules, and under a handbook of nothing but `own`."""
    return PLUGINS.policy("REF", Handbook(rows(*own)), rules=RuleSet(rows(*documents)))


def claimed(bought, claims, terms, at=MONDAY + 5 * DAY):
    """The readings of so many orders, bought on as many days as `bought` has numbers, with so many claims."""
    sold = [
        order(f"O-{day}-{i}", purchased_at=MONDAY + day * DAY) for day, count in enumerate(bought) for i in range(count)
    ]
    docket = Docket({"REF": terms})
    for each in sold[:claims]:
        for kind in ("claim_filed", "claim_granted"):
            docket.record(fact(kind, each.purchased_at, case=f"C-{each.id}", order=each.id), each)
    return readings(terms, docket, orders(*sold), at)


@pytest.mark.parametrize(
    ("orders_", "expected"),
    [
        (19, (1 / 19, None, False, "healthy", None)),
        (25, (1 / 25, None, False, "healthy", None)),
        (26, (1 / 26, True, False, "healthy", 0)),
    ],
)
def test_one_order_of_few_is_told_and_leads_to_nothing(orders_, expected):
    (found,) = claimed([orders_], 1, policy(metric(), floor(26)))
    assert (found.value, found.met, found.triggered, found.state, found.bearable) == expected
    assert (found.floor_orders, found.window_days) == (26, 30)


def test_from_the_floor_on_the_line_binds():
    (found,) = claimed([26], 2, policy(metric(), floor(26)))
    assert (found.met, found.triggered, found.state) == (False, True, "deactivated")
    (bare,) = claimed([19], 1, policy(metric()))
    assert (bare.met, bare.state) == (False, "deactivated")


def test_days_below_the_floor_do_not_count_as_running():
    terms = policy(metric(running=3), floor(4))
    # Two orders a day: the floor is reached on the second day, and missed on three days running on the fourth.
    for day, expected in ((2, (2, False)), (3, (3, True))):
        (found,) = claimed([2] * 4, 8, terms, MONDAY + day * DAY)
        assert (found.running_days, found.triggered) == expected


@pytest.mark.parametrize(
    ("documents", "own", "expected"),
    [
        ([metric(), floor(26)], [], 26),
        # The row's own floor goes before the general one, a situation before none.
        ([metric(floor_orders=40), floor(26)], [], 40),
        ([metric(), floor(26), floor(99, None)], [], 26),
        ([metric(), floor(99, None)], [], 99),
        ([metric(), floor(26, "cancellation_rate")], [], 0),
        # The seller may be judged from fewer on, never from more.
        ([metric(), floor(26)], [floor(10, places=["*"])], 10),
        ([metric(), floor(26)], [floor(90, places=["*"])], 26),
        ([metric()], [floor(90, places=["*"])], 0),
        # The shipped handbook's is no wish of the seller's.
        ([metric("late_reply_rate", floor_orders=500)], None, 500),
    ],
)
def test_a_line_of_the_marketplace_has_its_floor_or_the_seller_s_lower_one(documents, own, expected):
    shipped = PLUGINS.policy("REF", default_handbook(), rules=RuleSet(rows(*documents)))
    line, *_ = (shipped if own is None else policy(*documents, own=own)).metrics(MONDAY)
    assert line.floor_orders == expected


@pytest.mark.parametrize(
    ("documents", "own", "expected"),
    [
        ([], [floor(10, places=["*"])], 10),
        ([floor(26)], [], 26),
        ([floor(26)], [floor(90, places=["*"])], 90),
        ([floor(26)], [floor(0, places=["*"])], 0),
    ],
)
def test_a_line_of_the_handbook_has_the_handbook_s_floor_or_else_the_marketplace_s(documents, own, expected):
    (line,) = policy(*documents, own=[metric(marketplaces=["*"]), *own]).metrics(MONDAY)
    assert line.floor_orders == expected


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (floor(26, "claim_rates"), "no metric is named 'claim_rates' (did you mean 'claim_rate'?)"),
        (
            floor(26, None, when={"channel": "MFN"}),
            "a floor holds for all orders (ask about nothing but the situation)",
        ),
    ],
)
def test_a_floor_that_nothing_asks_for_is_refused(row, problem):
    with pytest.raises(DocumentError) as refusal:
        policy(metric(), row)
    assert problem in str(refusal.value)


def test_the_shipped_handbook_judges_no_one_by_one_late_reply():
    floors = {line.name: line.floor_orders for line in PLUGINS.policy("REF", default_handbook()).metrics(MONDAY)}
    assert floors == {"order_defect_rate": 200, "late_reply_rate": 10, "mean_first_reply_hours": 0}


# --- before the line ---


@pytest.mark.parametrize(
    ("claims", "expected"), [(1, (True, "healthy")), (2, (True, "review")), (4, (False, "deactivated"))]
)
def test_an_account_is_under_review_from_the_limit_for_that_on(claims, expected):
    (found,) = claimed([100], claims, policy(metric(review_target="0.02")))
    assert (found.met, found.state) == expected


# --- several windows ---


def two_windows(**changes):
    return policy(metric(**changes), metric(amount=3, **changes))


@pytest.mark.parametrize(
    ("bought", "claims", "states"),
    [
        # The claims are those of the first orders: in the long window only, too few of all, or in both.
        ([40, 0, 0, 0, 0, 40], 10, ["deactivated", "healthy"]),
        ([0, 0, 0, 0, 40], 2, ["deactivated", "deactivated"]),
        ([40], 1, ["healthy", "healthy"]),
    ],
)
def test_two_windows_of_one_metric_are_two_lines_and_the_worse_decides(bought, claims, states):
    found = claimed(bought, claims, two_windows())
    assert [(each.window_days, each.state) for each in found] == list(zip((30, 3), states, strict=True))
    state, because = standing(found)
    assert (state, len(because)) == (max(states, key=["healthy", "deactivated"].index), states.count("deactivated"))


def test_a_short_window_binds_where_the_long_one_is_kept():
    sold = [order(f"O-{i}", purchased_at=MONDAY + (4 if i < 40 else 0) * DAY) for i in range(400)]
    terms = two_windows()
    docket = Docket({"REF": terms})
    for each in sold[:3]:
        for kind in ("claim_filed", "claim_granted"):
            docket.record(fact(kind, each.purchased_at, case=f"C-{each.id}", order=each.id), each)
    found = readings(terms, docket, orders(*sold), MONDAY + 5 * DAY)
    assert [(each.window_days, each.met) for each in found] == [(30, True), (3, False)]
    assert standing(found)[0] == "deactivated"


def test_lines_of_one_metric_are_named_with_their_windows():
    found = claimed([40], 0, policy(metric(), metric(amount=3), metric("chargeback_rate"), own=[metric()]))
    assert lines_of(found) == ["claim_rate, 30 d", "claim_rate, 3 d", "chargeback_rate", "claim_rate"]


def test_two_rows_of_one_window_overlap_and_a_metric_may_not_be_without_any_line_for_a_while():
    first, last = date(2026, 1, 31), date(2026, 3, 1)
    with pytest.raises(DocumentError, match="overlap"):
        RuleSet(rows(metric(valid_until=last), metric(amount=3), metric(valid_from=first)))
    with pytest.raises(DocumentError, match="no row between"):
        RuleSet(rows(metric(valid_until=first), metric(amount=3, valid_from=last)))
    # A second line may come later, and go.
    assert RuleSet(rows(metric(), metric(amount=3, valid_from=first, valid_until=last))).marketplaces == ("REF",)


def test_a_line_follows_the_one_of_its_window_and_another_window_what_ends_the_day_before():
    day, before = date(2026, 2, 1), date(2026, 1, 31)
    lines = rows(
        metric(valid_until=before),
        metric(amount=3, valid_until=before),
        metric(valid_from=day, target="0.03"),
        metric(amount=5, valid_from=day),
        metric("chargeback_rate", amount=60, valid_until=before),
    )
    found = [(each.old and each.old.amount, each.new and each.new.amount) for each in changes(lines, day)]
    assert found == [(60, None), (30, 30), (3, 5)]


def test_side_by_side_no_line_of_a_marketplace_is_lost():
    here = RuleSet(rows(metric(amount=3), metric())).rulebook("REF", date(2026, 3, 2))
    there = RuleSet(rows(metric(marketplaces=["ALT"], amount=60))).rulebook("ALT", date(2026, 3, 2))
    shown = [[rule and rule.amount for rule in row.rules.values()] for row in compared({"REF": here, "ALT": there})]
    assert shown == [[30, 60], [3, None]]


def test_a_seller_s_target_is_compared_with_the_line_of_its_window():
    lines = [metric(), metric(amount=3, target="0.10")]
    assert policy(*lines, own=[metric(amount=3, target="0.08")])
    with pytest.raises(DocumentError, match="is looser"):
        policy(*lines, own=[metric(target="0.08")])
