"""Return windows: what is said of many requests at once is what is said of each."""

import numpy as np
import pytest
import tomli
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.clocks import DAY, HOUR
from aftersale.costs.at_once.paths import OrderPaths
from aftersale.costs.at_once.windows import ReturnWindows
from aftersale.engine.moves import Moved, Movements
from aftersale.engine.return_terms import inside_window
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

REF = load_plugins((), {"reference": reference}).policy("REF")
ROW = '[[rule]]\nname = "return_window"\nmarketplaces = ["REF"]\nstarts = "delivered"\n{}\n'
ROW += 'source = "made up"\ngrade = "assumed"\n'
WINDOWS = {
    "none": (),
    "days that change": (
        'clock = "calendar_days"\namount = 14\nvalid_until = 2026-03-15',
        'clock = "calendar_days"\namount = 30\nvalid_from = 2026-03-16',
    ),
    "by category and border": (
        'clock = "business_days"\namount = 10\nends = "end_of_day"',
        'clock = "calendar_days"\namount = 20\nwhen = { category = "toys" }',
        'clock = "wall_hours"\namount = 100\nwhen = { cross_border = true }',
    ),
    "with a last day": ('clock = "calendar_days"\namount = 5', 'until = 2026-03-25\nwhen = { channel = "FBA" }'),
    "by buyer": (
        'clock = "calendar_days"\namount = 5',
        'clock = "calendar_days"\namount = 9\nwhen = { buyer = ["B-1"] }',
    ),
    "by price": (
        'clock = "calendar_days"\namount = 5',
        'clock = "calendar_days"\namount = 9\nwhen = { price_above = "25.00", currency = "EUR" }',
    ),
}


def policy(rows):
    text = "\n".join(ROW.format(row) for row in rows)
    return Policy(REF.marketplace, RuleSet(parse_rules(tomli.loads(text), "rules of the test")), default_handbook())


POLICIES = {name: policy(rows) for name, rows in WINDOWS.items()}
KNOWN = {name: ReturnWindows(each) for name, each in POLICIES.items()}
instants = st.integers(0, 40 * 24).map(lambda hours: MONDAY + hours * HOUR) | st.integers(MONDAY, MONDAY + 40 * DAY)
sold = st.fixed_dictionaries(
    {"delivered_at": st.none() | instants, "promised_at": st.none() | instants},
    optional={
        "category": st.sampled_from(["toys", "general"]),
        "cross_border": st.booleans(),
        "channel": st.sampled_from(["FBA", "MFN"]),
        "buyer": st.sampled_from(["B-1", "B-2"]),
        "price": st.sampled_from([2500, 2501]),
    },
)
asked = st.integers(-3, 3) | st.integers(-10, 50).map(lambda days: days * DAY) | st.integers(-DAY, 50 * DAY)


@pytest.mark.parametrize("name", WINDOWS)
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_many_requests_at_once_are_in_time_where_each_is(name, data):
    under, movements, moved = POLICIES[name], Movements(), []
    for number, (sale, after) in enumerate(data.draw(st.lists(st.tuples(sold, asked), min_size=1, max_size=12))):
        bought = order(f"O-{number}", **sale)
        at = MONDAY + after
        start = bought.delivered_at if bought.delivered_at is not None else bought.promised_at
        if start is not None and data.draw(st.booleans()):  # beside the very end
            end = under.at(MONDAY).window_end("return_window", start, bought)
            at = at if end is None else end + data.draw(st.integers(-1, 1))
        request = fact("return_requested", at, order=bought.id, case=bought.id)
        moved.append((bought, [Moved(request, "", "requested", "", False, (), ())]))
    paths = OrderPaths.of(movements, moved)
    inside = KNOWN[name].inside(under, paths, np.arange(len(paths)), paths.at)
    assert inside.tolist() == [
        inside_window(under.at(moves[0].fact.occurred_at), bought, moves[0].fact.occurred_at) for bought, moves in moved
    ]
