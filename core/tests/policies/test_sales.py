"""Sales of every year: a dated row wins in its year, in all others the rule has the days, and says so."""

from datetime import date
from typing import Any

import pytest

from aftersale.base.errors import DocumentError
from aftersale.policies.sales import Sale
from aftersale.policies.worlds import parse_world

ROW: dict[str, Any] = {
    "name": "Open house",
    "marketplaces": ["REF"],
    "rule": "fourth Thursday of November - 7",
    "days": 12,
    "source": "assumed; as in 2025",
    "grade": "assumed",
    "dated": [{"start": date(2025, 11, 20), "days": 10, "source": "the shop window", "grade": "C"}],
}


def sale(**changes: Any) -> Sale:
    row = {name: value for name, value in {**ROW, **changes}.items() if value is not None}
    return parse_world({"sale": [row]}, "shop/world.toml").sale[0]


def days(sale: Sale, first: date, last: date) -> list[tuple[str, date, int, str, str]]:
    placed = sale.between(first, last)
    return [(each.name, each.start, each.days, f"{each.source} ({each.grade})", each.rule) for each in placed]


def test_a_dated_row_wins_in_its_year_and_the_rule_in_all_others() -> None:
    rolled = ("assumed; as in 2025 (assumed)", "fourth Thursday of November - 7")
    assert days(sale(), date(2024, 1, 1), date(2026, 12, 31)) == [
        ("Open house 2024", date(2024, 11, 21), 12, *rolled),
        ("Open house 2025", date(2025, 11, 20), 10, "the shop window (C)", ""),
        ("Open house 2026", date(2026, 11, 19), 12, *rolled),
    ]
    assert days(sale(), date(2199, 11, 1), date(2199, 11, 30)) == [("Open house 2199", date(2199, 11, 21), 12, *rolled)]


def test_only_days_between_the_two_count_also_over_the_turn_of_a_year() -> None:
    long = sale(rule="12-20", days=30, dated=None)
    assert [each[0] for each in days(long, date(2028, 1, 18), date(2028, 12, 19))] == ["Open house 2027"]
    assert days(long, date(2028, 1, 19), date(2028, 12, 19)) == []
    assert [each[0] for each in days(long, date(2028, 1, 19), date(2028, 12, 20))] == ["Open house 2028"]


def test_a_sale_is_not_rolled_before_the_year_since_which_there_is_one() -> None:
    assert days(sale(since=2027), date(2026, 1, 1), date(2026, 12, 31)) == []
    assert len(days(sale(since=2027), date(2024, 1, 1), date(2027, 12, 31))) == 2


def test_a_sale_that_happens_once_keeps_its_name() -> None:
    once = sale(rule=None, dated=None, start=date(2026, 3, 16), days=7, grade="C")
    assert days(once, date(2026, 3, 22), date(2030, 1, 1)) == [
        ("Open house", date(2026, 3, 16), 7, "assumed; as in 2025 (C)", "")
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": date(2026, 1, 1)}, "say either start, the day of a sale that happens once, or rule"),
        ({"rule": None}, "say either start"),
        ({"rule": None, "start": date(2026, 1, 1)}, "dated and since go with a rule"),
        ({"dated": ROW["dated"] * 2}, "dated: two rows of 2025"),
        ({"rule": "fifth Monday of May"}, r"sale\[0\].*rule: 'fifth' in 'fifth Monday of May' is none of"),
    ],
)
def test_a_sale_that_makes_no_sense_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        sale(**changes)
