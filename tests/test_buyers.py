"""Who buys: from an order file's names to the journal, rules, hooks and commands, where only pseudonyms are met."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from aftersale.cli import cli
from aftersale.clocks import DAY
from aftersale.journal.reading import read_journal
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import fact, order, orders
from aftersale.testing.factories import MONDAY

APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
NAMES = ("Anna-Lena Schmidt-Ötzinger", "bob.builder@example.org", "王小明 东京", "x" * 5000, "=HYPERLINK(1)")
SHOP = """
name = "shop"
currency = "EUR"
replications = 1
period = { start = 2026-03-02, measured = "5 d" }

[marketplace.DE]
orders_per_day = 9
price = { median = "80" }

[team.desk]
zone = "Europe/Berlin"
agents = 2
shifts = [{ days = "Mon-Sun", hours = "08:00-20:00" }]

[handling.reply]
mean = "8 min"

[world]
message_rate = 0.5
return_rate = 0.4
return_lag_days = 1.0
promise_days = 1.0

[orders]
file = "orders.csv"

[orders.columns]
order = "id"
purchased_at = "at"
price = "price"
buyer = ["customer_email", "customer"]

[orders.values]
marketplace = "DE"
channel = "MFN"
currency = "EUR"
"""


@cache
def installed() -> Plugins:
    return load_plugins()


def run(command: str, *args: object) -> Result:
    env = {"COLUMNS": "200", "TERM": "dumb"}
    return CliRunner(**APART).invoke(cli, [command, *map(str, args)], obj=installed(), env=env, prog_name="aftersale")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A scenario with an order file: fifty orders by five people and by nobody, in turn, and a row of two buyers."""
    rows = [f'O{i},2026-03-0{2 + i % 5}T10:{i:02}:00Z,{i + 5}.00,"{(*NAMES, "")[i % 6]}"' for i in range(50)]
    rows.append(f"O0,2026-03-02T10:00:00Z,1.00,{NAMES[1]}")
    (tmp_path / "orders.csv").write_text("\n".join(["id,at,price,customer", *rows, ""]), encoding="utf-8")
    (tmp_path / "shop.toml").write_text(SHOP, encoding="utf-8")
    return tmp_path / "shop.toml"


def simulated(shop: Path, name: str, *args: object) -> Path:
    folder = shop.parent / name
    ended = run("simulate", shop, "--out", folder, *args)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert [name for name in NAMES if name in ended.stdout] == []
    return folder


def cells(folder: Path) -> Iterator[str]:
    """Yield all bytes of a folder's files as text, and all cells of its tables, which are packed."""
    for path in folder.iterdir():
        yield path.read_bytes().decode("utf-8", "ignore")
        if path.suffix == ".parquet":
            yield str(pl.read_parquet(path).rows())


def buyers(journal: Path) -> list[str]:
    """Return the buyers of orders O0 to O49 of a journal."""
    sold = read_journal(journal).orders
    found = {sold.order(row).id: sold.order(row).buyer for row in range(len(sold))}
    return [found[f"O{i}"] for i in range(50)]


def test_a_journal_knows_the_buyers_of_an_order_file_by_numbers(shop: Path) -> None:
    assert buyers(simulated(shop, "journal")) == [["1", "2", "3", "4", "5", ""][i % 6] for i in range(50)]


@pytest.mark.parametrize(
    "args", [(), ("--csv",), ("--salt", "pepper and salt"), ("--csv", "--salt", "pepper and salt")]
)
def test_what_the_file_calls_its_buyers_is_nowhere_in_what_is_written(shop: Path, args: tuple[str, ...]) -> None:
    written = "".join(cells(simulated(shop, "journal", *args)))
    assert "another buyer than" in written
    assert [name for name in (*NAMES, "Schmidt", "bob.builder", "pepper") if name in written] == []


def test_no_command_shows_a_buyer_s_name_even_where_cells_are_asked_for(shop: Path) -> None:
    for command in (["simulate", shop, "--out", shop.parent / "run"], ["scenario", shop, "--json"], ["whatif", shop]):
        ended = run("--show-cells", *command)
        assert ended.exit_code == 0
        assert [name for name in NAMES if name in ended.stdout + ended.stderr] == []


def test_files_with_one_salt_share_their_buyers(shop: Path) -> None:
    one = buyers(simulated(shop, "one", "--salt", "pepper"))
    text = (shop.parent / "orders.csv").read_text(encoding="utf-8").splitlines()
    (shop.parent / "orders.csv").write_text("\n".join([text[0], *text[:0:-1], ""]), encoding="utf-8")
    assert buyers(simulated(shop, "again", "--salt", "pepper"))[1:] == one[1:]
    assert len(set(one)) == 6
    assert all(len(name) in (0, 16) for name in one)
    assert set(one) & set(buyers(simulated(shop, "other", "--salt", "Pepper"))) == {""}


@pytest.mark.parametrize("salt", ["", " ", "\t"])
def test_a_blank_salt_is_refused(shop: Path, salt: str) -> None:
    ended = run("whatif", shop, "--salt", salt)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "salt: is blank (choose one that nobody guesses" in ended.stderr


@pytest.mark.parametrize("command", ["whatif", "staff"])
def test_a_salt_without_an_order_file_is_refused(command: str) -> None:
    ended = run(command, "--salt", "pepper")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "salt: there is no order file with buyers to name" in ended.stderr
    assert "pepper" not in ended.stderr


def test_no_figure_hangs_on_what_buyers_are_called(shop: Path) -> None:
    plain, salted = (run("whatif", shop, "--json", *args) for args in ((), ("--salt", "pepper")))
    assert plain.stdout == salted.stdout
    assert json.loads(plain.stdout)["orders"]["rows_rejected"] == 1


HANDBOOK = """
[[rule]]
name = "returnless"
marketplaces = ["*"]
value = true
when = { buyer = ["7", "12"], price_up_to = "40.00", currency = "EUR" }
source = "our regular buyers"
grade = "S"

[[rule]]
name = "priority"
marketplaces = ["*"]
count = 5
when = { buyer = "8" }
source = "our regular buyers"
grade = "S"

[[rule]]
name = "first_reply"
marketplaces = ["DE"]
clock = "wall_hours"
amount = 2
starts = "buyer_message"
on_expiry = "late"
when = { buyer = "8" }
source = "our regular buyers"
grade = "S"

[[rule]]
name = "priority"
marketplaces = ["*"]
count = 9
when = { buyer = "99" }
source = "somebody who never bought"
grade = "S"
"""


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Path]:
    """A journal of three buyers on one marketplace who ask and return, and a handbook about two of them."""
    sold = [order(f"O-{who}", "DE", buyer=who) for who in ("7", "8", "9")]
    told = [
        fact(kind, MONDAY + 5 * DAY, order=one.id, marketplace="DE", case=f"{letter}-{one.buyer}", detail=detail)
        for one in sold
        for letter, kind, detail in (("R", "return_requested", "defective"), ("M", "buyer_message", ""))
    ]
    folder = tmp_path / "journal"
    folder.mkdir()
    write_table(order_frame(orders(*sold)), folder, "orders")
    write_table(fact_frame(told), folder, "facts")
    (tmp_path / "own.toml").write_text(HANDBOOK, encoding="utf-8")
    return folder, tmp_path / "own.toml"


def asked(command: str, *args: object) -> Any:
    ended = run(command, *args, "--json")
    assert (ended.exit_code, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def test_a_case_tells_the_row_about_its_buyer_that_decided_it(kept: tuple[Path, Path]) -> None:
    journal, own = kept
    found = {who: asked("case", journal, f"R-{who}", "--handbook", own)[0] for who in ("7", "8")}
    rule = "rule: * returnless [buyer=12|7, price_up_to=40.00, currency=EUR] True …–…"
    assert [step["decided_by"] for step in found["7"]["steps"]] == [rule]
    assert found["7"]["state"] == "refunded"
    assert "returnless" not in json.dumps(found["8"])
    due = {who: asked("case", journal, f"M-{who}", "--handbook", own)[0]["deadlines"][0] for who in ("8", "9")}
    assert [due[who]["due"][:13] for who in ("8", "9")] == ["2026-03-07T11", "2026-03-08T09"]


def test_the_rows_about_buyers_stand_in_the_rules_and_idle_ones_are_told(kept: tuple[Path, Path]) -> None:
    journal, own = kept
    listed = run("rules", "DE", "--rule", "priority", "--handbook", own).stdout
    assert "[buyer=8]" in listed
    rows = asked("rules", "DE", "--rule", "returnless", "--handbook", own)["rows"]
    assert [row["when"] for row in rows if row["set_by"] == "handbook"] == [
        {"buyer": ["12", "7"], "price_up_to": "40.00", "currency": "EUR"}
    ]
    tasks = asked("tasks", journal, "--handbook", own)
    assert tasks["without_effect"] == [
        "Rows of the handbook without effect on this journal: 1 (* priority [buyer=99]: no such order)."
    ]


def test_the_priority_of_a_buyer_goes_before_the_deadline(kept: tuple[Path, Path]) -> None:
    journal, own = kept
    found = asked("tasks", journal, "--handbook", own)["tasks"]
    assert {task["order"] for task in found if task["priority"] == 5} == {"O-8"}
