"""A shop on no marketplace that is known: from its export in two files to a fitted what-if, with a user's mistakes.

The export is made here, in the manner of a Brazilian marketplace: orders and their items in two files, dates with the
month first, prices as 1,099.00, the day of the promise as its midnight. All is compared to what the generator knows.
"""

from __future__ import annotations

import csv
import importlib
import inspect
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import tomli
from attrs import define, frozen
from click.testing import CliRunner, Result

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins

pytestmark = pytest.mark.once

# Newer releases of click keep stderr apart by themselves.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
ORDERS = (
    "order_id",
    "customer_id",
    "order_status",
    "order_purchase_timestamp",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
    "order_estimated_delivery_date",
)
ITEMS = ("order_id", "order_item_id", "product_id", "price", "freight_value")
REVIEWS = ("review_id", "order_id", "review_score", "review_comment_message", "review_creation_date")
ZONE = ZoneInfo("America/Sao_Paulo")
FIRST, SIZE = datetime(2025, 3, 3, tzinfo=ZONE), 300
COMMENT = 'Não recebi, "péssimo"\nnunca mais'
NO_DATE, NO_PRICE, NO_ITEM, TWICE = 40, 80, 120, 160
"""The orders whose rows are spoilt: no date, a price in words, no line, and a row that stands there twice."""
SCENARIO = """
name = "Minha loja"
currency = "BRL"
replications = 1
period = { start = 2025-03-03, measured = "120 d" }

[marketplace.LOJA]
orders_per_day = 9
price = { median = "80" }

[team.desk]
zone = "America/Sao_Paulo"
agents = 1
shifts = [{ days = "Mon-Fri", hours = "09:00-18:00" }]

[handling]
reply = { mean = "6 min" }

[orders]
file = "export/orders.csv"
lines = { file = "order_items.csv" }
date_formats = ["%m/%d/%Y 00:00", "%m/%d/%Y %H:%M"]
known_status = ["processing"]
states = { delivered = ["delivered"], shipped = ["shipped"], cancelled = ["canceled", "unavailable"] }

[orders.columns]
order = "order_id"
purchased_at = "order_purchase_timestamp"
status = "order_status"
promised_at = "order_estimated_delivery_date"
delivered_at = "order_delivered_customer_date"
shipped_at = "order_delivered_carrier_date"
sku = "product_id"
price = "price"

[orders.values]
marketplace = "LOJA"
channel = "MFN"
currency = "BRL"
"""


@frozen
class Sale:
    """One order as it went; `cents` are the prices of its items, `stars` None without a review."""

    order: str
    status: str
    purchased: datetime
    shipped: datetime | None
    delivered: datetime | None
    promised: datetime
    cents: tuple[int, ...]
    stars: int | None

    @property
    def late(self) -> bool:
        """Whether it arrived after the day of the promise."""
        return self.delivered is not None and self.delivered.date() > self.promised.date()


def sales() -> list[Sale]:
    """Return the shop's orders: one in twelve is late, two in a hundred never arrive, one in fifty is cancelled."""
    chance = np.random.default_rng(7)
    return [_sale(number, chance) for number in range(SIZE)]


def _sale(number: int, chance: np.random.Generator) -> Sale:
    purchased = FIRST + timedelta(days=number * 0.4, minutes=int(chance.integers(500)))
    shipped = purchased + timedelta(hours=int(chance.integers(20, 70)))
    delivered = shipped + timedelta(hours=int(chance.integers(48, 300)))
    late = number % 12 == 5
    days = int(-chance.integers(1, 4) if late else chance.integers(12))
    promised = (delivered + timedelta(days=days)).replace(hour=0, minute=0)
    status = {7: "shipped", 57: "processing", 21: "canceled", 71: "unavailable"}.get(number % 100, "delivered")
    arrives, leaves = status == "delivered", status in ("delivered", "shipped")
    cents = (5890, 109900, int(chance.integers(500, 30000)))[number % 3 :]
    stars = None if number % 10 == 9 else 1 if late or not arrives or number % 20 == 3 else 5
    return Sale(
        chance.bytes(16).hex(),
        status,
        purchased,
        shipped if leaves else None,
        delivered if arrives else None,
        promised,
        cents,
        stars,
    )


def usable(shop: list[Sale]) -> list[Sale]:
    """Return the orders that are not spoilt in the files."""
    return [sale for number, sale in enumerate(shop) if number not in (NO_DATE, NO_PRICE, NO_ITEM)]


def _written(at: datetime | None) -> str:
    return at.strftime("%m/%d/%Y %H:%M") if at else ""


def _table(path: Path, header: Sequence[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def export(folder: Path, shop: list[Sale]) -> None:
    """Write the shop's files, a few of their rows spoilt, and the reviews once more with the headers asked for."""
    orders: list[list[Any]] = []
    for sale in shop:
        dates = (sale.purchased, sale.shipped, sale.delivered, sale.promised)
        orders.append([sale.order, "c" + sale.order, sale.status, *map(_written, dates)])
    orders[NO_DATE][3] = "13/45/2025 10:00"
    items = [
        [sale.order, place, f"p{place}", "abc" if number == NO_PRICE else f"{cents / 100:,.2f}", "19.90"]
        for number, sale in enumerate(shop)
        for place, cents in enumerate(sale.cents, 1)
        if number != NO_ITEM
    ]
    reviews = [
        [f"r{sale.order}", sale.order, sale.stars, COMMENT, _written((sale.delivered or sale.promised) + timedelta(1))]
        for sale in shop
        if sale.stars
    ]
    folder.mkdir()
    _table(folder / "orders.csv", ORDERS, [*orders, orders[TWICE]])
    _table(folder / "order_items.csv", ITEMS, items)
    _table(folder / "items_pedido.csv", ("pedido", *ITEMS[1:]), items)
    _table(folder / "order_reviews.csv", REVIEWS, reviews)
    _table(folder / "reviews.csv", ("order", "stars", "left_at"), [[row[1], row[2], row[4]] for row in reviews])


@define(eq=False)
class Walk:
    """The shop's folder and its orders, and the program with the marketplace that the shop has made for itself."""

    folder: Path
    shop: list[Sale]
    plugins: Plugins

    def run(self, *words: object) -> Result:
        """Run a command; paths in what it says are as seen from the folder."""
        return CliRunner(**APART).invoke(cli, [str(word) for word in words], obj=self.plugins)

    def out(self, *words: object) -> str:
        """Return what a command prints, its lines unwrapped."""
        ended = self.run(*words)
        assert ended.exit_code == 0, ended.output
        return " ".join(ended.stdout.split())

    def error(self, *words: object) -> str:
        """Return how a command refuses."""
        ended = self.run(*words)
        assert (ended.exit_code, ended.stdout) == (2, "")
        return ended.stderr.replace(f"{self.folder}/", "")

    def scenario(self, *changes: tuple[str, str]) -> Path:
        """Write the shop's scenario with texts replaced."""
        text = SCENARIO
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = self.folder / "shop.toml"
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The shop after `plugins new` and its export; its plugin is loaded from where it was written."""
    folder = tmp_path_factory.mktemp("shop")
    words = ["--marketplace", "LOJA", "--country", "BR", "--currency", "BRL", "--zone", "America/Sao_Paulo"]
    begun = CliRunner().invoke(cli, ["plugins", "new", "minha_loja", "--folder", str(folder / "plugin"), *words])
    assert begun.exit_code == 0, begun.output
    shop = sales()
    export(folder / "export", shop)
    sys.path.insert(0, str(folder / "plugin" / "src"))
    try:
        yield Walk(folder, shop, load_plugins(None, {"minha_loja": importlib.import_module("aftersale_minha_loja")}))
    finally:
        sys.path.remove(str(folder / "plugin" / "src"))


@pytest.fixture(scope="module")
def fitted(walk: Walk) -> dict[str, Any]:
    """What `calibrate` fits to the export; the scenario stands in a folder of its own."""
    (walk.folder / "fits").mkdir()
    files = ("--orders", walk.folder / "export" / "orders.csv", "--reviews", walk.folder / "export" / "reviews.csv")
    out = walk.folder / "fits" / "fitted.toml"
    ended = walk.run("calibrate", walk.scenario(), *files, "--out", out, "--json")
    assert ended.exit_code == 0, ended.output
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'channel = "MFN"',
            'channel = "Olist"',
            "values.channel has 'Olist', which is no channel: say who ships, 'MFN' the seller",
        ),
        ('marketplace = "LOJA"', 'marketplace = "Olist"', "or make one: aftersale plugins new Olist"),
        ("[marketplace.LOJA]", "[marketplace.LOJINHA]", "did you mean 'LOJA'?"),
        ("[marketplace.LOJA]", "[marketplace.XX]", "or make one of your own: aftersale plugins new NAME"),
        (
            'marketplace = "LOJA"',
            'marketplace = "US"',
            "US sells in USD, not in BRL (name one that sells in BRL: LOJA; or make one of your own",
        ),
        (
            'date_formats = ["%m/%d/%Y 00:00", "%m/%d/%Y %H:%M"]',
            "",
            'Its dates could be read with date_formats = ["%m/%d/%Y %H:%M"].',
        ),
        ('"order_items.csv"', '"order_item.csv"', "export/order_item.csv: cannot be read: No such file or directory"),
        (
            '"order_items.csv"',
            '"items_pedido.csv"',
            "items_pedido.csv: line 1: has no column 'order_id' of the order "
            "(name it: lines.order = '…'; columns there: 'pedido', 'order_item_id',",
        ),
        ('price = "price"', 'price = "prices"', "'prices': neither this file nor orders.csv has such a column "),
        ('price = "price"', 'price = "prices"', "(correct columns: did you mean 'price'?)"),
        ("promised_at =", "promissed_at =", "orders.columns.promissed_at: unknown key (did you mean 'promised_at'?)"),
        ("lines =", "line =", "orders.line: unknown key (did you mean 'lines'?)"),
        ("cancelled = [", "canceled = [", "orders.states.canceled: expected one of"),
        ('lines = { file = "order_items.csv" }', "", "if a second file has the others: lines = {file = '…'}"),
    ],
)
def test_a_mistake_is_refused_and_the_message_says_what_to_do(walk: Walk, old: str, new: str, message: str) -> None:
    assert message in walk.error("scenario", walk.scenario((old, new)))


def test_a_mistake_that_leaves_something_to_read_is_told(walk: Walk) -> None:
    reverse = walk.out("scenario", walk.scenario(("%m/%d", "%d/%m")))
    assert 'Its dates could be read with date_formats = ["%m/%d/%Y %H:%M"].' in reverse
    status = walk.out("scenario", walk.scenario(('"canceled"', '"cancelled"')))
    assert "have a status that is not known, and count as sold: canceled (" in status
    midnights = walk.out("scenario", walk.scenario(('"%m/%d/%Y 00:00", ', "")))
    assert 'If the whole day is meant: date_formats = ["%m/%d/%Y 00:00", "%m/%d/%Y %H:%M"].' in midnights


def test_the_headers_that_reviews_need_are_told(walk: Walk) -> None:
    reviews = walk.folder / "export" / "order_reviews.csv"
    message = walk.error("calibrate", walk.scenario(), "--reviews", reviews)
    assert "order_reviews.csv: order: this column is missing (rename 'order_id'? columns there: review_id," in message
    assert "order_reviews.csv: stars: this column is missing" in message


def test_scenario_tells_how_much_there_is_how_it_ended_and_which_rows_are_spoilt(walk: Walk) -> None:
    text = walk.out("scenario", walk.scenario())
    shop = usable(walk.shop)
    rows = sum(len(sale.cents) for sale in shop)
    spoilt = len(walk.shop[NO_DATE].cents) + len(walk.shop[NO_PRICE].cents) + 1
    assert (
        f"orders.csv: {len(shop)} orders from {rows} of {rows + spoilt + 1} rows; cancellations 0, skipped 1," in text
    )
    assert f"LOJA: {len(shop)} orders from 2025-03-03 to 2025-06-30, 2.48 a day, in BRL" in text
    status = Counter(sale.status for sale in shop)
    cancelled, undelivered = status["canceled"] + status["unavailable"], status["shipped"] + status["processing"]
    assert f"{status['delivered']} delivered, {cancelled} cancelled, 0 lost, {undelivered} without a delivery" in text
    assert f"could not be used: line {NO_DATE + 2}, order_purchase_timestamp: not a date; line {SIZE + 2}" in text
    assert "not known" not in text
    assert "midnight" not in text


def test_what_the_files_say_is_fitted(walk: Walk, fitted: dict[str, Any]) -> None:
    numbers = {number["path"]: number["value"] for number in fitted["fitted"]}
    shop = usable(walk.shop)
    live = [sale for sale in shop if sale.status not in ("canceled", "unavailable")]
    days = [(sale.promised + timedelta(1) - sale.purchased) / timedelta(1) for sale in shop]
    on_time = [sale for sale in shop if sale.delivered and not sale.late]
    bad = sum(sale.stars is not None and sale.stars <= 2 for sale in on_time)
    assert numbers["world.promise_days"] == pytest.approx(sum(days) / len(days), abs=0.01)
    assert numbers["world.late_delivery_rate"] == pytest.approx(sum(sale.late for sale in live) / len(live), abs=0.01)
    left = [sale for sale in live if sale.status != "processing"]
    assert numbers["world.lost_rate"] == pytest.approx(sum(not sale.delivered for sale in left) / len(left), abs=0.005)
    assert numbers["world.seller_cancel_rate"] == pytest.approx(1 - len(live) / len(shop), abs=0.005)
    assert numbers["world.negative_feedback_rate"] == pytest.approx(bad / len(on_time), abs=0.005)
    assert [account["file"] for account in fitted["files"]] == ["orders.csv", "reviews.csv"]


@pytest.mark.usefixtures("fitted")
def test_the_fitted_scenario_reads_both_files_from_where_it_stands(walk: Walk) -> None:
    path = walk.folder / "fits" / "fitted.toml"
    document, before = tomli.loads(path.read_text(encoding="utf-8")), tomli.loads(SCENARIO)
    assert document["orders"] == {**before["orders"], "file": "../export/orders.csv"}
    assert f"orders.csv: {len(usable(walk.shop))} orders from" in walk.out("scenario", path)
    vary = ("--vary", "world.lost_rate=0,0.5", "--workers", "1")
    text = walk.out("whatif", path, *vary, "--set", "period.measured=28 d", "--workers", "1")
    assert "in every replication 'lost_rate 0.5' came out exactly as 'lost_rate 0'" in text


@pytest.mark.usefixtures("fitted")
def test_a_run_agrees_with_the_file_on_every_order(walk: Walk) -> None:
    walk.out("simulate", walk.folder / "fits" / "fitted.toml", "--csv", "--out", walk.folder / "run")
    with (walk.folder / "run" / "orders.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["order"]: row for row in csv.DictReader(file)}
    shop = {sale.order: sale for sale in usable(walk.shop) if sale.purchased < FIRST + timedelta(119)}
    assert shop.keys() <= rows.keys()
    for order, sale in shop.items():
        row, delivered = rows[order], sale.delivered
        assert int(row["price"]) == sum(sale.cents)
        assert bool(row["cancelled_at"]) == (sale.status in ("canceled", "unavailable"))
        assert bool(row["delivered_at"]) == (delivered is not None)
        if delivered is not None:
            assert datetime.fromisoformat(row["delivered_at"]) == delivered
