"""Small journals as sellers write them by hand: what a metric counts and leaves out, and when it closes an account."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins

ORDER = {
    "marketplace": "US",
    "currency": "USD",
    "purchased_at": "2026-03-02T17:00:00Z",
    "promised_at": "",
    "delivered_at": "",
    "channel": "MFN",
    "category": "",
    "price": "1000",
    "cross_border": "false",
    "exempt": "false",
    "ship_by": "2026-03-04T07:59:59Z",
    "shipped_at": "2026-03-03T08:00:00Z",
    "cancelled_at": "",
    "tracked": "",
}
LATE = {"shipped_at": "2026-03-05T08:00:00Z"}
CANCELLED = {"shipped_at": "", "cancelled_at": "2026-03-03T17:00:00Z"}
ARRIVED = {"shipped_at": "", "delivered_at": "2026-03-06T08:00:00Z"}


def write(
    folder: Path, orders: list[dict[str, str]], facts: Sequence[tuple[str, str, str, str]] = (), without: str = ""
) -> Path:
    """Write a journal; a fact is its kind, order, and when it happened and became known; `without` names a column."""
    columns = [name for name in ORDER if name != without]
    rows = [",".join(["order", *columns])]
    rows += [",".join([f"O{i}", *({**ORDER, **row}[name] for name in columns)]) for i, row in enumerate(orders)]
    (folder / "orders.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    lines = ["kind,marketplace,order,case,occurred_at,known_at,about,value,detail,amount"]
    lines += [f"{kind},US,{order},{order}-1,{at},{known},,,," for kind, order, at, known in facts]
    (folder / "facts.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return folder


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


def read(folder: Path, name: str, until: str = "2026-03-20T00:00:00Z") -> tuple[str, list[dict[str, Any]]]:
    """Return the state of the account and the readings of a metric."""
    ended = CliRunner().invoke(cli, ["health", str(folder), "--until", until, "--json"], obj=installed())
    assert ended.exit_code == 0, ended.output
    (account,) = json.loads(ended.stdout)["accounts"]
    return account["state"], [each for each in account["metrics"] if each["metric"] == name]


@pytest.mark.parametrize(
    ("orders", "without", "expected"),
    [
        # Cancelled a day before it had to be sent.
        ([CANCELLED, {}], "", (0, 1, 0, None, "healthy")),
        ([CANCELLED] * 30 + [{}] * 30, "", (0, 30, 0, True, "healthy")),
        ([{**CANCELLED, "cancelled_at": "2026-03-05T17:00:00Z"}] * 2 + [{}] * 30, "", (2, 32, 0, False, "deactivated")),
        # One of nineteen, and two of forty.
        ([LATE] + [{}] * 18, "", (1, 19, 0, None, "healthy")),
        ([LATE] * 2 + [{}] * 38, "", (2, 40, 0, False, "deactivated")),
        # Delivered, and nobody knows when it was sent; and nobody knows it of any.
        ([ARRIVED] * 3 + [{}] * 30, "", (0, 30, 3, True, "healthy")),
        ([LATE] * 40, "shipped_at", (0, 0, 40, None, "healthy")),
        ([ARRIVED] * 40, "", (0, 0, 40, None, "healthy")),
    ],
)
def test_late_shipments_of_a_journal(
    tmp_path: Path, orders: list[dict[str, str]], without: str, expected: tuple[Any, ...]
) -> None:
    state, (month, decade) = read(write(tmp_path, orders, without=without), "late_shipment_rate")
    assert (month["numerator"], month["denominator"], month["left_out"], month["met"], state) == expected
    assert (month["window_days"], decade["window_days"]) == (30, 10)


def test_ten_days_of_late_shipments_close_an_account_that_keeps_its_month(tmp_path: Path) -> None:
    older = {
        "purchased_at": "2026-02-16T17:00:00Z",
        "ship_by": "2026-02-18T07:59:59Z",
        "shipped_at": "2026-02-17T08:00:00Z",
    }
    folder = write(tmp_path, [older] * 300 + [LATE] * 3 + [{}] * 27)
    state, lines = read(folder, "late_shipment_rate", "2026-03-10T00:00:00Z")
    assert [(line["line"], line["met"]) for line in lines] == [
        ("late_shipment_rate, 30 d", True),
        ("late_shipment_rate, 10 d", False),
    ]
    assert state == "deactivated"


def test_what_the_buyer_wanted_cancelled_is_not_late(tmp_path: Path) -> None:
    facts = [
        (kind, f"O{i}", at, at)
        for i in range(5)
        for kind, at in (
            ("cancellation_requested", "2026-03-02T18:00:00Z"),
            ("order_cancelled", "2026-03-02T20:00:00Z"),
        )
    ]
    state, (month, _) = read(write(tmp_path, [{"shipped_at": ""}] * 5 + [{}] * 30, facts), "late_shipment_rate")
    assert (month["numerator"], month["denominator"], state) == (0, 30, "healthy")


def test_an_answer_that_becomes_known_weeks_later_leaves_no_mean_below_zero(tmp_path: Path) -> None:
    facts = [
        ("buyer_message", "O0", "2026-03-02T18:00:00Z", "2026-03-02T18:00:00Z"),
        ("seller_reply", "O0", "2026-03-05T18:00:00Z", "2026-03-05T18:00:00Z"),
        ("seller_reply", "O0", "2026-03-02T19:00:00Z", "2026-03-25T18:00:00Z"),
        ("buyer_message", "O1", "2026-04-05T10:00:00Z", "2026-04-05T10:00:00Z"),
        ("seller_reply", "O1", "2026-04-05T20:00:00Z", "2026-04-05T20:00:00Z"),
    ]
    _, (mean,) = read(write(tmp_path, [{}, {}], facts), "mean_first_reply_hours", "2026-04-06T23:00:00Z")
    assert (mean["value"], mean["denominator"], mean["met"]) == (10.0, 1, False)


def test_what_had_nothing_to_count_is_neither_met_nor_missed(tmp_path: Path) -> None:
    ended = CliRunner().invoke(
        cli, ["health", str(write(tmp_path, [{}])), "--until", "2026-03-02T18:00:00Z", "--json"], obj=installed()
    )
    (account,) = json.loads(ended.stdout)["accounts"]
    assert account["metrics"]
    assert {metric["met"] for metric in account["metrics"] if metric["value"] is None} == {None}
    assert account["unjudged"] == []
