"""Real orders behind a scenario: how they are read and moved, what is learnt, and what is told about them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import local_date
from aftersale.documents.structure import structure
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import reference
from aftersale_simulator.calibration.history import (
    History,
    check_overlap,
    endings,
    notes,
    read_history,
    record,
    summary,
)
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.model import OrderSource, Scenario

PLUGINS = load_plugins((), {"reference": reference})
HEADER = "No,Date,Sum,Thing,Pieces,Who\n"
MAPPING = {
    "columns": {
        "order": "No",
        "purchased_at": "Date",
        "price": "Sum",
        "sku": "Thing",
        "quantity": "Pieces",
        "buyer": "Who",
    },
    "values": {"marketplace": "REF", "channel": "MFN"},
    "cancelled": {"column": "order", "starts_with": "C"},
}
SALES = "1,2026-01-07 10:00,5.00,cup,1,ann\n2,2026-01-09 10:00,6.00,pot,1,bob\n"
RETURN = "C1,2026-01-11 10:00,-5.00,cup,-1,ann\n"


def source(tmp_path: Path, rows: str, **others: Any) -> OrderSource:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return structure(OrderSource, {"file": str(path), "mapping": MAPPING, **others}, "s.toml")


def scenario(start: date, *places: str) -> Scenario:
    handling = {kind: {"mean": "5 min"} for kind in ("reply", "decide_return", "refund", "submit_evidence", "appeal")}
    shift = {"days": "Mon-Fri", "hours": "09:00-17:00"}
    raw = {
        "name": "x",
        "currency": "EUR",
        "period": {"start": start, "measured": "2 d", "warm_up": "1 d"},
        "marketplace": {place: {"orders_per_day": 1, "price": {"median": "9"}} for place in places or ["REF"]},
        "team": {"desk": {"zone": "UTC", "agents": 1, "shifts": [shift]}},
        "handling": handling,
    }
    return parse_scenario(raw, "s.toml")


def test_returns_are_learnt_from_cancellations(tmp_path: Path) -> None:
    history = read_history(source(tmp_path, SALES + RETURN), PLUGINS)
    # Four days from the purchase are less than a delivery takes: they tell nothing of lags from delivery.
    assert history.world == {"return_rate": 0.5}
    assert summary(history) == (
        "orders.csv: 2 orders from 2 of 3 rows; cancellations 1, skipped 0, rejected 0. Learnt from the "
        "cancellations of its own purchases (1): 50.0 % of orders come back, half of them within 4.0 "
        "days, nine in ten within 4 "
        "(drawn from the delivery on, lognormal with median 9.4 days and sigma 1.42)."
    )


def test_without_cancellations_nothing_is_learnt_and_that_is_said(tmp_path: Path) -> None:
    history = read_history(source(tmp_path, SALES), PLUGINS)
    assert history.world == {}
    assert notes(history, scenario(date(2026, 1, 8)), PLUGINS) == [
        "no row of the order file is marked as the return of one of its purchases, so the returns are those of [world]."
    ]


def test_orders_are_moved_by_whole_weeks_into_the_week_from_a_date(tmp_path: Path) -> None:
    history = read_history(source(tmp_path, SALES, move_to=date(2027, 3, 1)), PLUGINS)
    days = [local_date(int(at), "Atlantic/Reykjavik") for at in history.orders.purchased_at]
    assert days == [date(2027, 3, 3), date(2027, 3, 5)]


def test_rows_that_cannot_be_used_are_told_and_all_of_them_are_in_the_document(tmp_path: Path) -> None:
    history = read_history(source(tmp_path, SALES + RETURN + "3,soon,5.00,cup,1,ann\n"), PLUGINS)
    (note,) = notes(history, scenario(date(2026, 1, 8)), PLUGINS)
    assert note.startswith("1 of 4 rows of the order file could not be used: line 5, Date: not a date. ")
    assert note.endswith(" whatif --json and simulate list them all.")
    found = record(history)
    assert (found["rows_read"], found["rows_used"], found["rows_cancelled"]) == (4, 2, 1)
    assert [row["line"] for row in found["rejected"]] == [5]


def ended(tmp_path: Path, *rows: str, **mapping: Any) -> History:
    columns = {"order": "No", "purchased_at": "Date", "price": "Sum", "status": "Thing", "delivered_at": "Who"}
    columns |= {"promised_at": "Pieces"}
    states = {"delivered": ["came"], "cancelled": ["void"], "lost": ["gone"]}
    table = {"columns": columns, "values": MAPPING["values"], "states": states, **mapping}
    return read_history(source(tmp_path, "\n".join([*rows, ""]), mapping=table), PLUGINS)


def test_how_orders_ended_is_counted_where_the_file_tells_it(tmp_path: Path) -> None:
    assert endings(read_history(source(tmp_path, SALES), PLUGINS)) == {}
    words = ("came", "came", "void", "gone", "")
    history = ended(tmp_path, *(f"{number},2026-01-08,5.00,{word},," for number, word in enumerate(words)))
    assert endings(history) == {"delivered": 2, "cancelled": 1, "lost": 1, "undelivered": 0, "open": 1}


def test_what_contradicts_itself_or_is_read_otherwise_than_meant_is_told(tmp_path: Path) -> None:
    rows = [f"{day},01/{day:02}/2026 08:00,5.00,void,01/{day + 4:02}/2026 00:00," for day in range(8, 27)]
    late = "27,01/27/2026 08:00,5.00,void,01/31/2026 00:00,01/31/2026 12:00"
    formats = ["%m/%d/%Y %H:%M"]
    both = notes(ended(tmp_path, *rows, late, date_formats=formats), scenario(date(2026, 1, 8)), PLUGINS)
    assert "1 orders are cancelled or lost by their status and have a delivery: they count as delivered." in both
    assert [note for note in both if "midnight" in note] == [
        "all promises of the file stand at midnight, and what comes later on that day counts as late. "
        'If the whole day is meant: date_formats = ["%m/%d/%Y 00:00", "%m/%d/%Y %H:%M"].'
    ]
    swapped = notes(ended(tmp_path, *rows, date_formats=["%d/%m/%Y %H:%M"]), scenario(date(2026, 1, 8)), PLUGINS)
    few = "only 1 orders have dates that the mapping reads. Its dates could be read with "
    assert few + 'date_formats = ["%m/%d/%Y %H:%M"].' in swapped
    assert not any("midnight" in note for note in swapped)


def test_marketplaces_on_one_side_only_are_told(tmp_path: Path) -> None:
    history = read_history(source(tmp_path, SALES + RETURN), PLUGINS)
    assert notes(history, scenario(date(2026, 1, 8), "ALT"), PLUGINS) == [
        "the order file also has orders of REF, which are not in the scenario; add [marketplace.NAME] to replay them.",
        "the order file has no orders of ALT, so none are simulated there.",
    ]


def test_orders_that_cover_only_a_part_of_the_period_are_told(tmp_path: Path) -> None:
    history = read_history(source(tmp_path, SALES + RETURN), PLUGINS)
    assert notes(history, scenario(date(2026, 1, 9)), PLUGINS) == [
        "the order file runs from 2026-01-07 to 2026-01-09, the scenario from 2026-01-08 to 2026-01-10 "
        "with its "
        "warm-up; days without orders are empty. Set orders.move_to or the period."
    ]


def test_orders_outside_the_period_are_refused_with_how_to_move_them(tmp_path: Path) -> None:
    wanted = source(tmp_path, SALES)
    with pytest.raises(DocumentError) as caught:
        check_overlap(read_history(wanted, PLUGINS), scenario(date(2027, 1, 9)), PLUGINS)
    assert str(caught.value) == (
        f"{wanted.file}: its orders run from 2026-01-07 to 2026-01-09, the scenario from 2027-01-08 to "
        "2027-01-10 "
        "with its warm-up (move the orders, --set orders.move_to=2027-01-08, or the period, "
        "--set period.start=2026-01-08)"
    )


def test_a_file_without_a_single_order_is_refused_with_the_reasons(tmp_path: Path) -> None:
    wanted = source(tmp_path, "1,2026-01-07 10:00,,cup,1,ann\n")
    with pytest.raises(DocumentError) as caught:
        check_overlap(read_history(wanted, PLUGINS), scenario(date(2026, 1, 9)), PLUGINS)
    assert str(caught.value) == (f"{wanted.file}: has no order among 1 rows (1 left out: Sum: no price)")


def test_an_unknown_format_is_refused_with_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + SALES, encoding="utf-8")
    wanted = structure(OrderSource, {"file": str(path), "format": "referense"}, "s.toml")
    with pytest.raises(DocumentError) as caught:
        read_history(wanted, PLUGINS)
    assert str(caught.value) == (
        f"{path}: orders.format: unknown order format 'referense' "
        "(did you mean 'reference'? allowed: journal, reference)"
    )
