"""Samples: a good input of each kind that the program reads of a user's, as bytes.

The tables of a journal are those of a short simulated run, and the logs speak of its orders.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import polars as pl
from attrs import frozen
from click.testing import CliRunner
from mutants import Form

from aftersale.cli import cli
from aftersale.journal.writing import write_table

COMMA, TAB = Form(","), Form("\t")
TOML, BINARY = Form(tree="toml"), Form(text=False)
ALL_ORDERS = (
    "amazon-order-id\tpurchase-date\torder-status\tfulfillment-channel\tsales-channel\tsku\titem-status\tquantity\t"
    "currency\titem-price\titem-promotion-discount"
)
SELLER_RETURNS = (
    "Order ID\tOrder date\tReturn request date\tReturn request status\tAmazon RMA ID\tMerchant RMA ID\tItem Name"
)
FBA_RETURNS = (
    "return-date\torder-id\tsku\tasin\tfnsku\tproduct-name\tquantity\tfulfillment-center-id\tdetailed-disposition\t"
    "reason\tstatus\tlicense-plate-number\tcustomer-comments"
)
SHOP = """
name = "Corner shop"
currency = "EUR"
period = { start = 2026-01-12, measured = "21 d", warm_up = "7 d" }
marketplace = { DE = { orders_per_day = 3, price = { median = "20" } } }
team = { berlin = { zone = "Europe/Berlin", agents = 1, shifts = [{ days = "Mon-Fri", hours = "09:00-17:00" }] } }
handling = { reply = { mean = "8 min" }, refund = { mean = "5 min", cv = 1.1 } }
world = { message_rate = 0.1 }

[orders]
file = "orders.csv"
price_is = "unit"
cancelled = { column = "order", starts_with = "C" }
skip_status = ["Cancelled"]
values = { channel = "MFN", zone = "Europe/Berlin" }

[orders.columns]
order = "Order"
purchased_at = "Bought"
delivered_at = "Delivered"
promised_at = "Promised"
status = "Status"
sku = "Product"
buyer = "Buyer"
quantity = "Pieces"
price = "Price"
currency = "Currency"
category = "Sort"
marketplace = "Store"

[[event]]
name = "A strike"
start = 2026-01-20
lasts = "2 d"
orders = 1.5

[[variant]]
name = "Two people"
set = { "team.berlin.agents" = 2 }
"""
TWO_FILES = """
name = "Two files"
currency = "USD"
period = { start = 2026-01-05, measured = "21 d" }
marketplace = { US = { orders_per_day = 3, price = { median = "20" } } }
team = { berlin = { zone = "Europe/Berlin", agents = 1, shifts = [{ days = "Mon-Fri", hours = "09:00-17:00" }] } }
handling = { reply = { mean = "8 min" } }

[orders]
file = "orders.csv"
lines = { file = "lines.csv", order = "Number" }
columns = { order = "Order", purchased_at = "Bought", price = "Price", quantity = "Pieces", sku = "Product" }
values = { marketplace = "US", channel = "MFN", zone = "UTC" }
"""
HANDBOOK = """
[[rule]]
name = "first_reply"
marketplaces = ["US", "DE"]
clock = "wall_hours"
amount = 12
starts = "buyer_message"
on_expiry = "late"
source = "our standard"
grade = "S"
note = "half of what is asked"

[[metric]]
name = "order_defect_rate"
marketplaces = ["*"]
amount = 30
lag = 15
target = "0.004"
strict = false
negative_stars = 2
state = "at_risk"
consequence = "we look into it"
source = "our standard"
grade = "S"
valid_from = 2025-01-01
"""


@frozen
class Sample:
    """A good input: its files by name, and of those that are mutated what each is."""

    files: Mapping[str, bytes]
    forms: Mapping[str, Form]


def samples(folder: Path) -> dict[str, Sample]:
    """Return a good input of each kind; `folder` is an empty one to work in."""
    run = _run(folder / "run")
    amazon, shop = _all_orders().encode(), _shop_orders().encode()
    logs = {"orders.csv": run["orders.csv"]}
    amazon_logs = {"orders.txt": amazon}
    return {
        "orders_tsv": Sample({"orders.txt": amazon}, {"orders.txt": TAB}),
        "orders_csv": Sample({"shop.toml": SHOP.encode(), "orders.csv": shop}, {"orders.csv": COMMA}),
        "orders_gzip": Sample(
            {"shop.toml": SHOP.encode(), "orders.csv": gzip.compress(shop, mtime=0)},
            {"orders.csv": Form(",", packed=True)},
        ),
        "orders_utf16": Sample(
            {"shop.toml": SHOP.encode(), "orders.csv": shop.decode().replace(",", "\t").encode("utf-16")},
            {"orders.csv": Form("\t", encoding="utf-16")},
        ),
        "orders_two_files": Sample(
            {"shop.toml": TWO_FILES.encode(), **_two_files()}, {"orders.csv": COMMA, "lines.csv": COMMA}
        ),
        "orders_journal": Sample({"orders.csv": run["orders.csv"]}, {"orders.csv": COMMA}),
        "returns": Sample({**logs, "returns.csv": run["returns.csv"]}, {"returns.csv": COMMA}),
        "returns_seller": Sample(
            {**amazon_logs, "returns.txt": _seller_returns().encode("cp1252")}, {"returns.txt": TAB}
        ),
        "returns_fba": Sample({**amazon_logs, "returns.txt": _fba_returns().encode()}, {"returns.txt": TAB}),
        "messages": Sample({**logs, "messages.csv": run["messages.csv"]}, {"messages.csv": COMMA}),
        "claims": Sample({**logs, "claims.csv": run["claims.csv"]}, {"claims.csv": COMMA}),
        "tasks": Sample({"tasks.csv": _tasks().encode()}, {"tasks.csv": COMMA}),
        "reviews": Sample({**logs, "reviews.csv": _reviews(run["orders.csv"])}, {"reviews.csv": COMMA}),
        "health": Sample({"health.json": json.dumps(_health(), indent=1).encode()}, {"health.json": Form(tree="json")}),
        "journal_csv": Sample(
            {name: run[name] for name in ("orders.csv", "facts.csv")},
            dict.fromkeys(("orders.csv", "facts.csv"), Form(",", strict=True)),
        ),
        "journal_parquet": Sample(
            {name: run[name] for name in ("orders.parquet", "facts.parquet")},
            {"orders.parquet": BINARY, "facts.parquet": BINARY},
        ),
        "scenario": Sample(
            {"shop.toml": SHOP.encode(), "orders.csv": shop, "default.toml": _shipped("scenario", "default")},
            {"shop.toml": TOML, "default.toml": TOML},
        ),
        "stress": Sample({"stress.toml": _shipped("stress", "prime_day")}, {"stress.toml": TOML}),
        "handbook": Sample({"handbook.toml": HANDBOOK.encode()}, {"handbook.toml": TOML}),
        "plugin": _plugin(),
    }


def _run(folder: Path) -> dict[str, bytes]:
    """Return the tables of a short run by name."""
    scenario = files("aftersale_simulator.scenario") / "shipped" / "default.toml"
    volumes = (f"marketplace.{place}.orders_per_day={count}" for place, count in (("US", 4), ("DE", 2), ("JP", 2)))
    values = (*volumes, "period.measured=21 d", "period.warm_up=7 d", "world.message_rate=0.3", "world.return_rate=0.2")
    sets = [part for value in (*values, "world.claim_rate_silence=0.9") for part in ("--set", value)]
    ended = CliRunner().invoke(cli, ["simulate", str(scenario), "--csv", "--out", str(folder), *sets])
    if ended.exit_code:
        raise SystemExit(ended.output)
    tables = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    for name in ("orders", "facts"):
        path = write_table(pl.read_csv(folder / f"{name}.csv", try_parse_dates=True), folder, name)
        tables[path.name] = path.read_bytes()
    return tables


def _all_orders() -> str:
    states, channels = ("Shipped", "Shipped - Delivered to Buyer", "Pending", "Cancelled"), ("Merchant", "Amazon")
    stores = (("Amazon.com", "USD", "20.00"), ("Amazon.ca", "CAD", "31.50"), ("Amazon.de", "EUR", "17.95"))
    rows = []
    for n in range(60):
        store, currency, price = stores[n % 7 % 3]
        state, channel = states[n % 11 % 4], channels[n % 3 == 0]
        bought = f"2026-01-{1 + n % 28:02d}T{n % 24:02d}:00:00+00:00"
        item = f"S-{n % 5}\t{state[:7]}\t{1 + n % 3}\t{currency}\t{price}\t"
        rows.append(f"111-{n}\t{bought}\t{state}\t{channel}\t{store}\t{item}")
    return "\n".join([ALL_ORDERS, *rows, ""])


def _shop_orders() -> str:
    rows = ["Order,Bought,Delivered,Promised,Status,Product,Buyer,Pieces,Price,Currency,Sort,Store"]
    for n in range(80):
        mark, pieces, day = ("C", -1, 20 + n % 9) if n % 6 == 5 else ("", 1 + n % 3, 5 + n % 20)
        bought, arrived = f"2026-01-{day:02d} {8 + n % 12:02d}:30:00", f"2026-02-{1 + n % 9:02d} 12:00:00"
        product = ("Mug, large", 'Frame 6"" x 4""', "Küchenmesser", "花瓶\nblau")[n % 4]
        cells = f'"{product}",B{n % 6},{pieces},"{1 + n % 1300 * 7}.{n % 100:02d}",EUR,"Home, garden",DE'
        rows.append(f"{mark}{n // 2 + 1000},{bought},{arrived},2026-02-05,Sent,{cells}")
    return "\n".join([*rows, ""])


def _two_files() -> dict[str, bytes]:
    orders = [f"{n},2026-01-{5 + n % 20:02d}T10:00:00Z,Sent" for n in range(40)]
    lines = [f'{n % 40},P{n % 3},{1 + n % 2},"{5 + n}.50"' for n in range(60)]
    return {
        "orders.csv": "\n".join(["Order,Bought,Status", *orders, ""]).encode(),
        "lines.csv": "\n".join(["Number,Product,Pieces,Price", *lines, ""]).encode(),
    }


def _seller_returns() -> str:
    rows = (f"111-{n}\t02-Jan-2026\t{2 + n % 26:02d}-Feb-2026\tApproved\tD{n}\t\tMug – größer" for n in range(0, 60, 3))
    return "\n".join([SELLER_RETURNS, *rows, ""])


def _fba_returns() -> str:
    rows = (
        f"2026-02-{1 + n % 26:02d}T08:00:00+00:00\t111-{n}\tS\tB0\tX0\tMug\t1\tLEX1\tSELLABLE\tUNWANTED\tUnit\tL\t"
        for n in range(0, 60, 2)
    )
    return "\n".join([FBA_RETURNS, *rows, ""])


def _tasks() -> str:
    kinds = ("reply", "decide_return", "refund", "submit_evidence", "appeal")
    return "\n".join(["kind,seconds,note", *(f'{kinds[n % 5]},{200 + n * 37 % 500}.5,"a, b"' for n in range(60)), ""])


def _reviews(orders: bytes) -> bytes:
    ids = pl.read_csv(orders)["order"].to_list()
    rows = (f"{name},{1 + n % 5},2026-04-{1 + n % 28:02d}T10:00:00Z" for n, name in enumerate(ids[::2]))
    return "\n".join(["order,stars,left_at", *rows, ""]).encode()


def _health() -> dict[str, object]:
    days = {"reportingDateFrom": "2026-01-01T00:00Z", "reportingDateTo": "2026-01-07T23:59Z"}
    judged = {"status": "GOOD", "targetValue": 0.01, "targetCondition": "LESS_THAN", "reportingDateRange": days}
    claims = {"count": 3, "status": "GOOD"}
    defects = {
        **judged,
        **{"rate": 0.007, "orderCount": 1000, "orderWithDefects": {"count": 7, "status": "GOOD"}, "claims": claims},
        **{"chargebacks": claims, "negativeFeedback": claims, "fulfillmentType": "mfn"},
    }
    cancelled = {**judged, "rate": 0.012, "orderCount": 1000, "cancellationCount": 12}
    block = {
        "marketplaceId": "ATVPDKIKX0DER",
        "accountHealthRating": {"accountHealthRatingStatus": "GREAT", "ahrScore": 250, "reportingDateRange": days},
        "orderDefectRate": {"mfn": defects, "afn": {**defects, "fulfillmentType": "afn"}},
        "preFulfillmentCancellationRate": cancelled,
        "warningStates": [{"warningType": "spam", "status": "OPEN"}],
    }
    status = {"marketplaceId": "ATVPDKIKX0DER", "status": "NORMAL"}
    return {"accountStatuses": [status], "performanceMetrics": [block, {**block, "marketplaceId": "A1PA6795UKMFR9"}]}


def _shipped(room: str, name: str) -> bytes:
    return (files(f"aftersale_simulator.{room}") / "shipped" / f"{name}.toml").read_bytes()


def _plugin() -> Sample:
    """Return data files of the two plugins to test with: together they have every kind of table."""
    sources = {
        "reference": ("rules", "formats", "returns", "health", "profile"),
        "hostile": ("world", "metrics", "kinds"),
    }
    tables = {
        f"{name}.toml": (files(f"aftersale.testing.{plugin}") / f"{name}.toml").read_bytes()
        for plugin, names in sources.items()
        for name in names
    }
    return Sample(tables, dict.fromkeys(tables, TOML))
