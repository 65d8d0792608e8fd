"""How near a line came to closing something, against going through its days one by one."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import given, strategies as st

from aftersale.metrics.days import Daily, Days
from aftersale.metrics.readings import verdicts
from aftersale.rules import Rule, parse_rules
from aftersale_simulator.desk.suspensions import ClosureLine, closure_line, first_whole_day

FIRST = date(2026, 3, 2)


def line(**changes: Any) -> Rule:
    row = {"name": "order_defect_rate", "marketplaces": ["REF"], "target": "0.2", "source": "x", "grade": "assumed"}
    (rule,) = parse_rules({"metric": [{**row, "amount": 3, **changes}]}, "rules.toml")
    return rule


def one_by_one(rule: Rule, series: Daily, days: list[int]) -> ClosureLine:
    """The line, each day looked at by itself; of equal days the first is the worst."""
    met, values, above = verdicts(rule, series), series.values.tolist(), rule.direction == "above"
    worst = missed = None
    for day in days:
        if met[day] is None or day < first_whole_day(rule):
            continue
        if worst is None or (values[day] < values[worst] if above else values[day] > values[worst]):
            worst = day
        if missed is None and met[day] is False:
            missed = day
    told: dict[str, Any] = {}
    if worst is not None:
        told = {"worst": values[worst], "worst_on": FIRST + timedelta(worst)}
    if missed is not None:
        told["missed_on"] = FIRST + timedelta(missed)
    return ClosureLine("account", "REF", "figure", float(rule.target or 0), above, **told)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8)), min_size=1, max_size=40),
    st.sampled_from(["above", "below"]),
    st.booleans(),
    st.integers(0, 6),
    st.integers(0, 3),
    st.sampled_from([None, 5]),
    st.integers(1, 4),
)
def test_the_worst_day_and_the_first_missed_one_are_those_of_looking_day_by_day(
    counts: list[tuple[int, int]],
    direction: str,
    strict: bool,
    floor: int,
    lag: int,
    judged_on: int | None,
    every: int,
) -> None:
    bad, counted = np.array(counts, float).T
    changes = {"direction": direction, "strict": strict, "floor_orders": floor, "lag": lag}
    rule = line(**changes, **({} if judged_on is None else {"judged_on": judged_on}))
    days = Days.spanning(FIRST, FIRST + timedelta(len(counts) - 1), "UTC")
    series, looks = Daily(days, bad, counted), list(range(0, len(counts), every))
    assert closure_line("account", "REF", "figure", rule, series, looks) == one_by_one(rule, series, looks)
