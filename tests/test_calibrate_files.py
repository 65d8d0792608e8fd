"""`aftersale calibrate`: what becomes of each row of a seller's files, and the numbers that they are right for."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.cli import cli
from aftersale.clocks import HOUR
from aftersale.journal.reading import read_journal
from aftersale.journal.replay import replay
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.calibration.fit import Files, calibrated
from aftersale_simulator.calibration.logs import FileAccount
from aftersale_simulator.runs.statistics import wilson
from aftersale_simulator.scenario.document import load_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

# Newer releases of click keep stderr apart by themselves.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
ALL_ORDERS = (
    "amazon-order-id\tpurchase-date\torder-status\tfulfillment-channel\tsales-channel\tsku\titem-status\tquantity\t"
    "currency\titem-price"
)
MAPPED = """
name = "Corner shop"
currency = "USD"
period = { start = 2026-01-01, measured = "30 d" }
marketplace = { US = { orders_per_day = 3, price = { median = "20" } } }
team = { berlin = { zone = "Europe/Berlin", agents = 1, shifts = [{ days = "Mon-Fri", hours = "09:00-17:00" }] } }
handling = { reply = { mean = "8 min" } }

[orders]
file = "orders.csv"
columns = { order = "Order", purchased_at = "Date", delivered_at = "Delivered", price = "Price" }
values = { marketplace = "US", channel = "MFN", zone = "UTC" }
"""


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    scenario = files("aftersale_simulator.scenario.shipped") / "default.toml"
    args = ["simulate", str(scenario), "--csv", "--out", str(folder), "--set", "period.measured=21 d"]
    ended = CliRunner().invoke(cli, args, obj=installed())
    assert ended.exit_code == 0, ended.output
    return folder


def calibrate(*args: object) -> Result:
    return CliRunner(**APART).invoke(cli, ["calibrate", *map(str, args)], obj=installed())


def read(*args: object) -> dict[str, Any]:
    ended = calibrate(*args, "--json")
    assert ended.exit_code == 0, ended.output
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def fitted(document: dict[str, Any]) -> dict[str, Any]:
    return {number["path"]: number for number in document["fitted"]}


def accounts(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {account["file"]: account for account in document["files"]}


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join([*lines, ""]), encoding=encoding)
    return path


def amazon_orders(folder: Path, channel: str = "Merchant", count: int = 100) -> Path:
    rows = (
        f"111-{n}\t2026-01-{1 + n % 28:02d}T10:00:00+00:00\tShipped\t{channel}\tAmazon.com\tS\tShipped\t1\tUSD\t20.00"
        for n in range(count)
    )
    return write(folder / "amazon.txt", ALL_ORDERS, *rows)


def shop(folder: Path, count: int = 40) -> Path:
    """Write a scenario with an order file beside it; order `O<n>` is bought on day n % 28 and delivered four later."""
    rows = (
        f"O{n},2026-01-{1 + n % 28:02d}T10:00:00Z,2026-02-{1 + n % 28:02d}T10:00:00Z,{10 + n}.00" for n in range(count)
    )
    write(folder / "orders.csv", "Order,Date,Delivered,Price", *rows)
    return write(folder / "shop.toml", MAPPED)


# Returns


def test_the_return_rate_needs_no_delivery_and_a_lag_counts_from_what_there_is(tmp_path: Path) -> None:
    returns = write(tmp_path / "r.csv", "order,opened_at", *(f"111-{n},2026-02-{10 + n}T10:00:00Z" for n in range(10)))
    found = read("--orders", amazon_orders(tmp_path), "--returns", returns)
    number = fitted(found)["world.return_rate"]
    ends = pytest.approx(wilson(10, 100), rel=1e-11)  # JSON has twelve digits
    assert (number["value"], (number["low"], number["high"]), number["n"]) == (0.1, ends, 100)
    # 40 days from each purchase, less 6 days of the promise and half of 3 early ones.
    assert fitted(found)["world.return_lag_days"]["value"] == pytest.approx(40 - 4.5)
    assert any("the order file has no deliveries, so lags count from the purchase" in note for note in found["notes"])


def test_amazons_reports_of_returns_are_read_as_they_are(tmp_path: Path) -> None:
    seller = (
        "Order ID\tOrder date\tReturn request date\tReturn request status\tAmazon RMA ID\tMerchant RMA ID\tItem Name\n"
        "111-1\t02-Jan-2026\t12-Jan-2026\tApproved\tD1\t\tMug\n111-2\t03-Jan-2026\t03-Jan-2026\tPending\tD2\t\tMug\n"
        "222-9\t03-Jan-2026\t13-Jan-2026\tApproved\tD3\t\tMug\n"
    )
    (tmp_path / "seller.txt").write_text(seller, encoding="cp1252")
    found = read("--orders", amazon_orders(tmp_path), "--returns", tmp_path / "seller.txt")
    assert fitted(found)["world.return_rate"]["value"] == 0.02
    assert accounts(found)["seller.txt"]["skipped"] == {"order: an order that the order file does not have": 1}
    fba = (
        "return-date\torder-id\tsku\tasin\tfnsku\tproduct-name\tquantity\tfulfillment-center-id\t"
        "detailed-disposition\treason\tstatus\tlicense-plate-number\tcustomer-comments\n"
        "2026-01-20T08:00:00+00:00\t111-1\tS\tB0\tX0\tMug\t1\tLEX1\tSELLABLE\tUNWANTED_ITEM\tUnit returned\tLPN1\t\n"
    )
    (tmp_path / "fba.txt").write_text(fba, encoding="utf-8")
    found = read("--orders", amazon_orders(tmp_path, "Amazon"), "--returns", tmp_path / "fba.txt")
    number = fitted(found)["world.return_rate"]
    assert (number["value"], number["quality"]) == (0.01, "of the orders that the marketplace ships")
    assert "world.return_lag_days" not in fitted(found)
    assert any("the arrival at the fulfilment centre" in note for note in found["notes"])
    # Orders that the seller ships are not what that report is about.
    found = read("--orders", amazon_orders(tmp_path), "--returns", tmp_path / "fba.txt")
    assert "world.return_rate" not in fitted(found)
    assert accounts(found)["fba.txt"]["rows_skipped"] == 1


def test_a_journal_s_own_orders_are_an_order_file(run: Path) -> None:
    found = read("--orders", run / "orders.csv", "--returns", run / "returns.csv")
    orders = read_journal(run).orders
    account = accounts(found)["orders.csv"]
    assert (account["rows_read"], account["rows_used"]) == (len(orders), len(orders))
    code = orders.marketplaces.index("US")
    median = float(np.exp(np.log(orders.price[orders.marketplace == code] / 100).mean()))
    assert float(fitted(found)["marketplace.US.price"]["value"]["median"]) == pytest.approx(median, abs=0.005)


# Messages


def test_a_buyer_waits_from_the_first_message_that_nobody_answered_to_the_first_answer_of_a_person(
    tmp_path: Path,
) -> None:
    rows = [
        "O3,buyer,2026-03-10T10:00:00Z",
        "O3,buyer,2026-03-10T11:00:00Z",
        "O3,Automatic,2026-03-10T11:00:30Z",
        "O3,Seller,2026-03-10T12:00:00Z",
        "O3,seller,2026-03-10T12:30:00Z",
        "O3,buyer,2026-03-10T14:00:00Z",
        "O3,seller,2026-03-10T18:00:00Z",
        "O4,buyer,2026-03-10T14:00:00Z",
    ]
    messages = write(tmp_path / "m.csv", "order,sender,sent_at", *rows)
    found = read(shop(tmp_path), "--messages", messages)
    observed = {figure["name"]: (figure["value"], figure["n"]) for figure in found["observed"]}
    assert observed["mean_reply_hours"] == (3.0, 2)
    assert fitted(found)["world.follow_up_rate"]["n"] == 3
    assert accounts(found)["m.csv"]["skipped"] == {"sender: an automatic message answers nobody": 1}
    assert any("1 buyers still wait" in note for note in found["notes"])


def test_reply_times_are_those_that_the_engine_counts(run: Path) -> None:
    found = read("--messages", run / "messages.csv")
    plugins = load_plugins()
    docket = replay(read_journal(run), plugins.policies()).docket
    waits = np.concatenate([_answer_times(docket, place) for place in ("US", "DE", "JP")]) / HOUR
    observed = {figure["name"]: (figure["value"], figure["n"]) for figure in found["observed"]}
    assert observed["mean_reply_hours"] == (pytest.approx(waits.mean()), len(waits))
    assert observed["p90_reply_hours"] == (pytest.approx(np.percentile(waits, 90)), len(waits))


def _answer_times(docket: Any, place: str) -> Any:
    endings = docket.tally.endings(place, "first_reply")
    return (endings.ended - endings.started)[endings.met > 0]


def test_conversations_of_two_orders_stay_apart_even_under_one_number(tmp_path: Path) -> None:
    rows = [
        "O1,buyer,2026-03-10T10:00:00Z,1",
        "O2,buyer,2026-03-10T11:00:00Z,1",
        "O2,seller,2026-03-10T12:00:00Z,1",
        "O1,seller,2026-03-10T13:00:00Z,1",
    ]
    found = read(shop(tmp_path), "--messages", write(tmp_path / "m.csv", "order,sender,sent_at,case", *rows))
    assert {figure["name"]: (figure["value"], figure["n"]) for figure in found["observed"]}["mean_reply_hours"] == (
        2,
        2,
    )


def test_a_log_without_a_row_that_counts_fits_no_rate(tmp_path: Path) -> None:
    returns = write(tmp_path / "r.csv", "order,opened_at", "O1,10.02.2026", "#O2,2026-02-10T10:00:00Z")
    messages = write(tmp_path / "m.csv", "order,sender,sent_at", "X,buyer,2026-02-10T10:00:00Z")
    paths = fitted(read(shop(tmp_path), "--returns", returns, "--messages", messages))
    assert not {"world.return_rate", "world.message_rate"} & paths.keys()


def test_days_without_a_time_are_compared_as_days(tmp_path: Path) -> None:
    returns = write(tmp_path / "r.csv", "order,opened_at", "O1,2026-01-02", "O2,2026-01-02", "O3,2026-01-10")
    account = accounts(read(shop(tmp_path), "--returns", returns))["r.csv"]
    assert account["rejected"] == {"opened_at: before its order was bought": 1}


# Tasks and claims


def test_tasks_that_make_no_sense_are_told_and_the_others_used(tmp_path: Path) -> None:
    seconds = ["0", "-5", "480", "480,5", "nan", "1e9", "soon"]
    rows = [*(f'Reply,"{text}"' for text in seconds), "nosuch,10", "refund,300", ",5"]
    found = read(shop(tmp_path), "--tasks", write(tmp_path / "t.csv", "kind,seconds", *rows))
    account = accounts(found)["t.csv"]
    assert (account["rows_read"], account["rows_used"]) == (10, 2)
    assert [(row["line"], row["outcome"], row["column"]) for row in account["left_out"]] == [
        (2, "rejected", "seconds"),
        (3, "rejected", "seconds"),
        (6, "rejected", "seconds"),
        (7, "rejected", "seconds"),
        (8, "rejected", "seconds"),
        (9, "rejected", "kind"),
        (10, "skipped", "kind"),
        (11, "rejected", "kind"),
    ]
    assert fitted(found)["handling.reply"]["n"] == 2


def test_claims_of_unknown_orders_and_before_the_purchase_are_left_out(tmp_path: Path) -> None:
    rows = [
        "O1,Denied,2026-02-10",
        "O1,denied,2026-02-10",
        "O2,granted,2026-02-10",
        "O3,open,2026-02-10",
        "X,denied,2026-02-10",
        "O4,denied,2025-02-10",
    ]
    found = read(shop(tmp_path), "--claims", write(tmp_path / "c.csv", "order,state,opened_at", *rows))
    assert fitted(found)["world.claim_win_rate"]["value"] == 0.5
    account = accounts(found)["c.csv"]
    assert (account["rows_used"], account["rows_skipped"], account["rows_rejected"]) == (3, 2, 1)
    assert found["observed"] == [{"name": "claims_per_order", "value": 3 / 40, "n": 3, "source": "c.csv"}]


def test_reviews_fit_bad_ratings(tmp_path: Path) -> None:
    scenario = shop(tmp_path)
    text = scenario.read_text("utf-8").replace('"Delivered", ', '"Delivered", promised_at = "Delivered", ')
    scenario.write_text(text, encoding="utf-8")
    rows = ["O1,1,2026-02-09", "O2,5,", "O3,6,", "X,1,", "O4,2.0,2026-02-09"]
    found = read(scenario, "--reviews", write(tmp_path / "v.csv", "order,stars,left_at", *rows))
    assert fitted(found)["world.negative_feedback_rate"]["value"] == 2 / 40
    account = accounts(found)["v.csv"]
    assert (account["rows_used"], account["rows_skipped"], account["rows_rejected"]) == (3, 1, 1)


# What order files forgive


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_logs_may_be_written_as_order_files_may(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = ["Küche", "", "Kind, SECONDS ,note", "reply,480,", "REPLY,490", ",,", "kind,seconds,note", "reply,500,é,"]
    text = "\r\n".join(rows).replace(",", delimiter)
    (tmp_path / "t.csv").write_text(text, encoding=encoding, newline="")
    found = read(shop(tmp_path), "--tasks", tmp_path / "t.csv")
    account = accounts(found)["t.csv"]
    assert account["skipped"] == {"an empty row": 1, "the header again": 1}
    assert account["rejected"] == {"2 columns instead of 3": 1}
    assert fitted(found)["handling.reply"]["value"]["mean"] == "490 s"


def test_dates_of_a_log_may_be_those_of_the_order_file_s_mapping(tmp_path: Path) -> None:
    scenario = shop(tmp_path)
    text = scenario.read_text("utf-8").replace("columns =", 'date_formats = ["%m/%d/%Y %H:%M"]\ncolumns =')
    scenario.write_text(text.replace('zone = "UTC"', 'zone = "America/New_York"'), encoding="utf-8")
    write(tmp_path / "orders.csv", "Order,Date,Delivered,Price", "O1,01/02/2026 10:00,01/05/2026 10:00,20.00")
    returns = write(tmp_path / "r.csv", "order,opened_at", "O1,01/09/2026 10:00", "O1,2026-01-09T10:00:00Z")
    account = accounts(read(scenario, "--returns", returns))["r.csv"]
    assert account["skipped"] == {"order: a further return of its order": 1}


def test_without_a_usable_row_it_says_so_names_the_likely_fix_and_writes_nothing(tmp_path: Path) -> None:
    scenario, out = shop(tmp_path), tmp_path / "fitted.toml"
    rows = (f"O{n},01/{1 + n:02d}/2026 10:00,,20.00" for n in range(28))
    write(tmp_path / "orders.csv", "Order,Date,Delivered,Price", *rows)
    ended = calibrate(scenario, "--out", out)
    assert (ended.exit_code, out.exists()) == (1, False)
    assert 'date_formats = ["%m/%d/%Y %H:%M"]' in " ".join(ended.stdout.split())
    assert "nothing was written" in ended.stderr
    logs = write(tmp_path / "m.csv", "order,sender,sent_at", "O1,nobody,x", "")
    shop(tmp_path)
    found = read(scenario, "--messages", logs)
    assert any("m.csv: not one of its 2 rows could be used" in note for note in found["notes"])
    ended = calibrate()
    assert (ended.exit_code, "no file to fit to" in ended.stderr) == (2, True)


def test_the_fitted_scenario_still_reads_the_order_file_with_its_mapping(tmp_path: Path) -> None:
    scenario, out = shop(tmp_path), tmp_path / "deeper" / "fitted.toml"
    out.parent.mkdir()
    assert calibrate(scenario, "--out", out).exit_code == 0
    orders = tomli.loads(out.read_text("utf-8"))["orders"]
    assert orders["file"] == "../orders.csv"
    assert orders["columns"]["delivered_at"] == "Delivered"
    ended = CliRunner(**APART).invoke(
        cli, ["whatif", str(out), "--replications", "1", "--workers", "1", "--json"], obj=installed()
    )
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["orders"]["orders"] == 40


# Whatever comes

KINDS = {
    "returns": "order,opened_at",
    "messages": "order,sender,sent_at",
    "claims": "order,state,opened_at",
    "tasks": "kind,seconds",
    "reviews": "order,stars,left_at",
}
CELLS = st.one_of(
    st.sampled_from(
        ["", "O1", "O2", "X", "buyer", "seller", "2026-02-02", "1", "5", "reply", "480", "won", "nan", "-"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=',"\r\n'), max_size=6),
)


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], FileAccount]:
    """What becomes of the rows of a log of some kind with this text, in a shop of four orders."""
    folder, plugins = tmp_path_factory.mktemp("logs"), load_plugins()
    source = load_scenario(shop(folder, 4), vocabulary(plugins))

    def account(kind: str, text: str) -> FileAccount:
        (folder / "log.csv").write_text(text, encoding="utf-8")
        return calibrated(source, plugins, Files(**{kind: folder / "log.csv"})).files[-1]

    return account


@pytest.mark.once
@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=8))
def test_whatever_the_rows_of_a_log_hold_each_is_accounted_for(
    fit: Callable[[str, str], FileAccount], kind: str, rows: list[list[str]]
) -> None:
    account = fit(kind, "\n".join([KINDS[kind], *map(",".join, rows), ""]))
    assert account.rows_read == len(rows)
    assert account.rows_used + len(account.left_out) == len(rows)
    assert sum(account.skipped.values()) + sum(account.rejected.values()) == len(account.left_out)
