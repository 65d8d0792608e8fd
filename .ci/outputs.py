"""Write all that the program says and writes to plain files, so that two checkouts are compared by `diff -r`.

Usage: `python .ci/outputs.py DIRECTORY [--only PART ...] [--root CHECKOUT]`, with the distributions of the checkout
installed for this Python. A change that may not change behaviour leaves every file as it was:

    python .ci/outputs.py before        # in the old checkout, with its own environment
    python .ci/outputs.py after         # in the new one
    diff -r before after

Every command runs in a new folder, without colour, 100 columns wide, in UTC, on one processor. What it is given is made
here, but for the examples and the scenarios in the documents of the checkout. `DIRECTORY/PART/JOB/STEP` has `run` (the
command and how it ended), `stdout`, `stderr`, and in `files` what was written. Paths of this machine, addresses in
memory and remarks on slow calls are left out; a library inside a page and files that are no text stand there as their
hashes.

The plugins that are made here import nothing but `hookimpl` from the program. What reads their data they take from
where the program itself says: the imports of a plugin that `aftersale plugins new` writes, and of the installed ones.

Most of a short command's time goes to loading libraries. Where the system can fork, commands are therefore children of
a process that has loaded those, and nothing of the program.
"""

from __future__ import annotations

import argparse
import ast
import copy
import csv
import gzip
import hashlib
import importlib.util
import io
import json
import os
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from queue import Queue
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
THREADS = 2
PATIENCE = 900
LIBRARY = 200_000
"""Characters from which on a script in a page is somebody else's library."""
HIDDEN = re.compile(r"(^|/)(\.|venv/|site-packages/|build/|dist/|node_modules/)")

Document = dict[str, Any]
Content = str | bytes
Files = dict[str, Content]
Steps = Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """Commands that run one after the other in one folder, with the files that stand there before."""

    part: str
    name: str
    steps: Steps
    files: Mapping[str, Content] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    library: Mapping[str, Content] = field(default_factory=dict)


# --- documents ---

GONE = object()
"""A value that takes a key away."""


def toml(document: Document) -> str:
    """Return a document as TOML, each value of the top level on a line of its own."""
    return "".join(f"{_key(name)} = {_value(value)}\n" for name, value in document.items())


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def changed(document: Document, changes: Mapping[str, Any]) -> Document:
    """Return a copy in which the values at some paths are others, or gone."""
    made = copy.deepcopy(document)
    for path, value in changes.items():
        *above, last = (int(step) if step.isdecimal() else step for step in path.split("/"))
        node: Any = made
        for step in above:
            node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
        if value is GONE:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value
    return made


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV; None is an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


# --- scenarios ---

REPLY = {"reply": {"mean": "8 min"}}
SHOP: Document = {
    "name": "Corner shop",
    "currency": "EUR",
    "replications": 2,
    "period": {"start": date(2026, 3, 2), "measured": "28 d", "warm_up": "14 d"},
    "targets": {"late_reply_rate": 0.10, "order_defect_rate": 0.005, "share_of_replications": 0.7},
    "marketplace": {"DE": {"orders_per_day": 60, "price": {"median": "24.90"}, "cross_border": 0.1, "exempt": 0.05}},
    "team": {
        "berlin": {
            "zone": "Europe/Berlin",
            "holidays": "DE",
            "agents": 1,
            "cost_per_hour": "24",
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-13:00"}],
        }
    },
    "staffing": {
        "berlin": {
            "most": 2,
            "pattern": {
                "week": {"days": "Mon-Fri", "hours": "09:00-13:00"},
                "weekend": {"days": "Sat-Sun", "hours": "09:00-13:00"},
            },
        }
    },
    "handling": {**REPLY, "decide_return": {"mean": "8 min"}, "refund": {"mean": "5 min", "shape": "fixed"}},
    "variant": [
        {"name": "Saturday too", "set": {"team.berlin.shifts.0.days": "Mon-Sat"}},
        {"name": "two people", "set": {"team.berlin.agents": 2}},
    ],
}
LONGER = changed(SHOP, {"period/measured": "42 d", "name": "Corner shop, longer"})
TINY = changed(
    SHOP,
    {
        "name": "A stall",
        "replications": 1,
        "period": {"start": date(2026, 3, 2), "measured": "7 d"},
        "marketplace/DE/orders_per_day": 25,
        "variant": GONE,
    },
)
YEN: Document = {
    "name": "東京の店",
    "base": "ふつう",
    "currency": "JPY",
    "replications": 2,
    "period": {"start": date(2026, 4, 20), "measured": "28 d", "warm_up": "14 d"},
    "targets": {"late_reply_rate": 0.1, "mean_first_reply_hours": 12, "silence_48h_rate": 0.05, "occupancy": 0.85},
    "marketplace": {"JP": {"orders_per_day": 80, "price": {"median": "2980", "sigma": 0.8}, "season": [1] * 12}},
    "team": {
        "tokyo": {
            "zone": "Asia/Tokyo",
            "holidays": "JP",
            "agents": 1,
            "cost_per_hour": "1800",
            "shifts": [{"days": "Mon-Fri", "hours": "10:00-19:00", "breaks": ["13:00-14:00"]}],
        }
    },
    "handling": {"reply": {"mean": "10 min", "cv": 1.2}},
    "variant": [{"name": "weekend", "set": {"team.tokyo.shifts.0.days": "Mon-Sun"}}],
}
LABELS: Document = {
    "rule": [
        {
            "name": "prepaid_label",
            "marketplaces": ["DE"],
            "word": "automatic",
            "source": "the seller",
            "grade": "assumed",
        },
        {
            "name": "priority",
            "marketplaces": ["*"],
            "count": 2,
            "when": {"situation": "claim"},
            "source": "the seller",
            "grade": "S",
        },
    ]
}
EVERYTHING: Document = {
    "name": "All that a scenario can say",
    "base": "as it is",
    "seed": 7,
    "replications": 2,
    "currency": "GBP",
    "handbook": "handbook.toml",
    "work_order": "risk",
    "presets": ["seed_all_sellers"],
    "period": {"start": date(2026, 6, 15), "measured": "28 d", "warm_up": "21 d"},
    "targets": {"late_reply_rate": 0.1, "order_defect_rate": 0.01, "silence_48h_rate": 0.05, "occupancy": 0.9},
    "marketplace": {
        "UK": {
            "orders_per_day": 40,
            "price": {"median": "19.90"},
            "channels": {"MFN": 0.6, "FBA": 0.2, "SFP": 0.2},
            "categories": {"general": 0.5, "gadgets": 0.3, "apparel": 0.2},
            "category": {"gadgets": {"price": {"median": "89"}, "factors": {"return_rate": 1.2}}},
            "cross_border": 0.1,
            "exempt": 0.05,
            "growth": 1.5,
            "dispersion": 3.0,
        },
        "DE": {"orders_per_day": 30, "price": {"median": "24.90"}, "weekly": [1, 1, 1, 1, 1, 0.5, 0.5]},
        "US": {"orders_per_day": 30, "price": {"median": "29.90"}, "hourly": [1] * 12 + [2] * 12},
    },
    "team": {
        "london": {
            "zone": "Europe/London",
            "holidays": "GB",
            "agents": 2,
            "cost_per_hour": "14",
            "serves": ["UK", "US"],
            "absence": 0.05,
            "other_work": 0.1,
            "finishes": False,
            "overtime": "1 h",
            "shifts": [
                {"days": "Mon-Fri", "hours": "09:00-17:00", "breaks": ["12:00-12:30"]},
                {"days": "Sat", "hours": "22:00-02:00", "agents": 1, "pace": 1.3, "hired": date(2026, 6, 1)},
                {"days": "Sun", "hours": "10:00-14:00", "agents": 1, "tasks": ["reply"], "since": date(2026, 6, 20)},
            ],
        },
        "berlin": {
            "zone": "Europe/Berlin",
            "agents": 1,
            "cost_per_hour": "20",
            "shifts": [
                {
                    "days": "Mon-Fri",
                    "hours": "08:00-16:00",
                    "leave": [{"start": date(2026, 6, 22), "until": date(2026, 6, 26)}],
                    "languages": ["de", "en"],
                }
            ],
        },
    },
    "handling": {
        "reply": {"mean": "8 min", "cv": 1.2, "automatic": 0.1, "language": {"de": 1.5}},
        "decide_return": {"mean": "8 min", "shape": "exponential"},
    },
    "world": {"return_rate": 0.08, "claim_win_rate": 0.7},
    "event": [
        {"name": "flu", "after": "7 d", "lasts": "7 d", "absent": 0.4, "world": {"lost_rate": 0.01}},
        {"name": "sale", "start": date(2026, 7, 1), "lasts": "3 d", "orders": 2.0, "marketplaces": ["UK"]},
        {"name": "new terms", "after": "14 d", "lasts": "7 d", "rules": {"first_reply": 12}, "source": "a rumour"},
    ],
    "variant": [{"name": "by deadline", "set": {"work_order": "deadline"}}],
}
STRIKE: Document = {
    "name": "Strike before Christmas",
    "event": [
        {
            "name": "strike",
            "after": "14 d",
            "lasts": "7 d",
            "marketplaces": ["DE"],
            "world": {"late_delivery_rate": 0.6},
            "factors": {"lost_rate": 3.0},
            "source": "the strike of 2015",
        }
    ],
}
STRESSES = (
    "bad_batch",
    "black_friday",
    "carrier_strike",
    "claim_wave",
    "flu",
    "policy_change",
    "prime_day",
    "spring_festival",
)
SHORT = "--set 'period.measured=14 d' --set 'period.warm_up=14 d'"
SCENARIOS = {
    "shop.toml": toml(SHOP),
    "longer.toml": toml(LONGER),
    "tiny.toml": toml(TINY),
    "yen.toml": toml(YEN),
    "everything.toml": toml(EVERYTHING),
    "handbook.toml": toml(LABELS),
    "strike.toml": toml(STRIKE),
}
OWN = ("shop", "yen", "everything")


def documented(root: Path) -> dict[str, str]:
    """Return the whole scenarios that stand in the documents of a checkout, by their own names."""
    found = {}
    for page in sorted(root.rglob("*.md")):
        if HIDDEN.search(page.relative_to(root).as_posix()):
            continue
        for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            named = re.search(r'^name = "(.*)"$', block, re.MULTILINE)
            if named and "[team." in block and "measured" in block:
                found[re.sub(r"\W+", "_", named[1].lower())] = block
    return found


def examples(root: Path) -> dict[str, str]:
    """Return the scenarios of all folders of examples in a checkout."""
    found = (path for path in sorted(root.rglob("examples/*.toml")))
    return {
        path.stem: path.read_text(encoding="utf-8")
        for path in found
        if not HIDDEN.search(path.relative_to(root).as_posix())
    }


# --- order files ---

REPORT = (  # noqa: SIM905
    "amazon-order-id purchase-date last-updated-date order-status fulfillment-channel sales-channel ship-service-level "
    "product-name sku asin item-status quantity currency item-price"
).split()
SOLD = (
    ("Amazon.com", "USD", 12.50),
    ("Amazon.de", "EUR", 21.90),
    ("Amazon.co.uk", "GBP", 17.49),
    ("Amazon.co.jp", "JPY", 2480),
)
BAD_ROWS = {
    3: {"purchase-date": "soon"},
    40: {"item-price": "a lot"},
    77: {"quantity": "0"},
    120: {"currency": "XXX"},
    160: {"sales-channel": "Amazon.mars"},
    200: {"order-status": "Cancelled"},
    240: {"item-status": "Cancelled"},
    280: {"sales-channel": "Non-Amazon"},
    320: {"fulfillment-channel": "Drone"},
}


def all_orders(days: int, a_day: int, stores: int) -> str:
    """Return a made-up report of all orders, as Amazon writes it, with rows that make no sense."""
    lines = ["\t".join(REPORT)]
    for number in range(days * a_day):
        at = datetime(2026, 1, 5, 7, tzinfo=UTC) + timedelta(hours=24 / a_day * number)
        store, currency, price = SOLD[number * 7 % stores]
        amount = price * (1 + number % 11 / 10)
        row = {
            "amazon-order-id": f"114-{number:07d}-{number * 37 % 10**7:07d}",
            "purchase-date": at.isoformat(),
            "last-updated-date": (at + timedelta(days=2)).isoformat(),
            "order-status": "Shipped",
            "fulfillment-channel": "Amazon" if number % 9 == 0 else "Merchant",
            "sales-channel": store,
            "ship-service-level": "Standard",
            "product-name": "折りたたみ傘" if currency == "JPY" else "A cup",
            "sku": f"CUP-{number % 5}",
            "asin": "B000000000",
            "item-status": "Shipped",
            "quantity": str(1 + number % 13 // 12),
            "currency": currency,
            "item-price": f"{amount:.0f}" if currency == "JPY" else f"{amount:.2f}",
        }
        lines.append("\t".join({**row, **BAD_ROWS.get(number, {})}.values()))
    return "\n".join(lines) + "\n"


def german_orders() -> str:
    """Return a shop's own order file: semicolons, decimal commas, local days, goods sent back."""
    lines = ["Nr;Datum;Artikel;Menge;Preis;Kunde;Bezahlt;Zugestellt"]
    for number in range(1400):
        at = datetime(2026, 1, 5, 8) + timedelta(hours=1.2 * number)  # noqa: DTZ001 - the file's own local time
        back = number % 12 == 7 and number > 100
        of = number - 90 if back else number
        price = f"{8 + of % 60},{of % 100:02d}"
        name = f"C{number:05d}" if back else f"{number:05d}"
        units = "-1" if back else str(1 + of % 4 // 3)
        arrived = (at + timedelta(days=3 + number % 4)).strftime("%d.%m.%Y %H:%M")
        item = "PORTO" if number % 50 == 3 else f"A-{of % 17}"
        row = [name, at.strftime("%d.%m.%Y %H:%M"), item, units, price, f"K{of % 400}", "EUR", arrived]
        if number in (11, 500):
            row[1 if number == 11 else 4] = "?"
        lines.append(";".join(row))
    return "\n".join(lines) + "\n"


def yen_orders() -> str:
    """Return an order file in yen, each row with a channel of its own words."""
    lines = ["id,bought,site,by,yen,kind"]
    for number in range(900):
        at = datetime(2026, 2, 2, 9) + timedelta(hours=1.4 * number)  # noqa: DTZ001 - the file's own local time
        by = ("us", "us", "them", "prime")[number % 4]
        lines.append(f"J{number},{at:%Y-%m-%d %H:%M},Tokyo,{by},{900 + number * 71 % 4000},{('books', '')[number % 2]}")
    lines += ["J1,2026-02-03 10:00,Tokyo,us,1000,books", "J901,2026-02-30,Osaka,us,12.5,books", "J902,x"]
    return "\n".join(lines) + "\n"


def invoice_lines() -> str:
    """Return lines of invoices with the headers of the data set that the example of a gift shop is made for."""
    lines = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for number in range(2700):
        at = datetime(2026, 1, 5, 8) + timedelta(hours=2.4 * number)  # noqa: DTZ001 - the file's own local time
        back = number % 11 == 5 and number > 200
        of = number - 97 if back else number
        name, units = (f"C{500000 + number}", -1) if back else (str(500000 + number // 2), 1 + of % 6)
        code = "POST" if number % 60 == 1 else f"{20000 + of % 83}"
        price = f"{1 + of % 40}.{of % 10}5"
        lines.append(f"{name},{code},MUG,{units},{at:%Y-%m-%dT%H:%M},{price},{12000 + of % 500},United Kingdom")
    return "\n".join(lines) + "\n"


GERMAN: Document = {
    "file": "german.csv",
    "delimiter": ";",
    "decimal": ",",
    "date_formats": ["%d.%m.%Y %H:%M"],
    "price_is": "unit",
    "cancelled": {"column": "order", "starts_with": "C"},
    "skip": {"sku": ["PORTO"]},
    "columns": {
        "order": "Nr",
        "purchased_at": "Datum",
        "sku": "Artikel",
        "quantity": "Menge",
        "price": "Preis",
        "buyer": "Kunde",
        "currency": "Bezahlt",
        "delivered_at": "Zugestellt",
    },
    "values": {"marketplace": "DE", "channel": "MFN", "zone": "Europe/Berlin"},
}
MAPPING = {key: value for key, value in GERMAN.items() if key != "file"}
TOKYO: Document = {
    "file": "yen.csv",
    "columns": {
        "order": "id",
        "purchased_at": "bought",
        "marketplace": "site",
        "channel": "by",
        "price": "yen",
        "category": "kind",
    },
    "channels": {"us": "MFN", "them": "FBA", "prime": "SFP"},
    "marketplaces": {"Tokyo": "JP"},
    "values": {"currency": "JPY"},
}
FROM_FILE = {"period/start": date(2026, 2, 2), "period/measured": "14 d", "period/warm_up": "21 d", "variant": GONE}
ORDER_FILES: Files = {
    "all_orders.txt": all_orders(28, 40, 4),
    "us_orders.txt": all_orders(28, 20, 1),
    "german.csv": german_orders(),
    "german.toml": toml(changed(SHOP, {**FROM_FILE, "orders": GERMAN})),
    "mapped.toml": toml(changed(SHOP, {**FROM_FILE, "orders": {"file": "german.csv", "mapping": MAPPING}})),
    "yen.csv": yen_orders(),
    "packed.csv.gz": gzip.compress(yen_orders().encode(), mtime=0),
    "tokyo.toml": toml(changed(YEN, {"period/start": date(2026, 2, 16), "period/measured": "14 d", "orders": TOKYO})),
    "online_retail.csv": invoice_lines(),
}

# --- journals ---

FIRST = datetime(2026, 3, 2, 17, tzinfo=UTC)
"""A Monday morning on the Pacific coast, when every order of the small journal was bought."""
LIVES = (
    # order, channel, product, cents, days to delivery; then hours, fact, case[, detail[, amount[, value[, about]]]]
    ("MESSAGE", "MFN", "kettle", 2500, 4, "110 buyer_message M|140 seller_reply M"),
    ("QUICK", "MFN", "kettle", 2500, 4, "110 buyer_message M|112 seller_reply M"),
    (
        "AUTO",
        "MFN",
        "kettle",
        2500,
        4,
        "120 return_requested R CR-DEFECTIVE|140 return_sent R|200 return_received R|"
        "210 return_inspected R original|220 refunded R - 2500",
    ),
    ("BYHAND", "MFN", "sofa", 60000, 4, "1100 return_requested R CR-UNWANTED_ITEM"),
    ("REFUSED", "MFN", "lamp", 4000, 4, "120 return_requested R CR-DEFECTIVE|130 return_declined R no-reason"),
    ("CLOSE", "MFN", "lamp", 1500, 4, "120 refund_requested W|125 refunded W - 1500"),
    (
        "REPLACED",
        "MFN",
        "vase",
        3000,
        4,
        "110 not_as_described_reported N CR-DAMAGED_BY_CARRIER|112 replacement_requested P - - - N|"
        "115 replacement_sent P|116 tracking_noted P 1Z999|117 replaced N|160 refund_requested W",
    ),
    (
        "MISSING",
        "MFN",
        "watch",
        9000,
        4,
        "110 not_received_reported L|111 carrier_asked L|130 carrier_confirmed L|"
        "140 claim_filed C not_received - - L|150 information_requested C",
    ),
    (
        "CLAIMED",
        "MFN",
        "sofa",
        60000,
        4,
        "110 buyer_message M|170 claim_filed C not_as_described - - M|400 appeal_submitted C|900 appeal_granted C",
    ),
    ("PRIME", "SFP", "kettle", 2500, 2, "120 return_requested R CR-DEFECTIVE|140 return_sent R|200 return_received R"),
    ("STORED", "FBA", "lamp", 1500, 2, "120 return_requested R CR-DEFECTIVE|190 marketplace_refunded R - 1500"),
    ("RATED", "MFN", "vase", 3000, 9, "240 feedback_left F - - 1.0"),
    ("CHARGED", "MFN", "watch", 9000, 4, "300 chargeback_filed B service"),
    (
        "LOSS",
        "MFN",
        "watch",
        9000,
        4,
        "120 return_requested R CR-UNWANTED_ITEM|140 return_sent R|200 return_received R|"
        "205 return_inspected R severe_damage|215 refunded R - 9000|216 return_loss_found S - - - R",
    ),
    ("CANCEL", "MFN", "lamp", 1500, 4, "2 cancellation_requested K"),
    ("INVOICE", "MFN", "lamp", 1500, 4, "30 invoice_requested I|31 seller_reply I"),
)
Rows = list[dict[str, Any]]


def lives() -> tuple[Rows, Rows]:
    """Return orders and facts of a small shop in which everything happens once that a seller's standard speaks of."""
    orders: Rows = []
    facts: Rows = []
    for name, channel, item, price, days, told in LIVES:
        left = {"MESSAGE": 48, "QUICK": 48, "CANCEL": 20}.get(name, 1)
        orders.append(
            {
                "order": name,
                "marketplace": "US",
                "currency": "USD",
                "purchased_at": _hour(0),
                "promised_at": _hour(144),
                "delivered_at": _hour(24 * days),
                "channel": channel,
                "category": "general",
                "price": price,
                "cross_border": "false",
                "exempt": str(name == "REFUSED").lower(),
                "ship_by": _hour(24),
                "shipped_at": _hour(left),
                "cancelled_at": _hour(1) if name == "INVOICE" else None,
                "tracked": "true",
                "product": item,
            }
        )
        facts += [_fact(name, *happened.split()) for happened in told.split("|")]
    return orders, sorted(facts, key=lambda fact: fact["known_at"])


def _hour(hours: float) -> str:
    return (FIRST + timedelta(hours=hours)).isoformat()


def _fact(order: str, hours: str, kind: str, case: str, *more: str) -> dict[str, Any]:
    detail, amount, value, about = (None if word == "-" else word for word in (*more, *"----"[len(more) :]))
    at = _hour(float(hours))
    return {
        "kind": kind,
        "marketplace": "US",
        "order": order,
        "case": f"{order}-{case}",
        "occurred_at": at,
        "known_at": at,
        "about": about and f"{order}-{about}",
        "value": value,
        "detail": detail,
        "amount": amount,
    }


def journal(orders: Rows, facts: Rows, folder: str = "small") -> Files:
    """Return the two tables of a journal as files."""
    return {f"{folder}/orders.csv": table(orders), f"{folder}/facts.csv": table(facts)}


SMALL = journal(*lives())
NOON = "--until 2026-03-11T17:00:00Z"


def broken_journals() -> dict[str, Files]:
    """Return journals that are refused, by what is wrong with them."""
    orders, facts = lives()
    cells: dict[str, tuple[int, dict[str, Any]]] = {
        "fact_without_kind": (1, {"kind": ""}),
        "fact_without_order": (1, {"order": ""}),
        "fact_with_a_word_for_a_number": (1, {"value": "two"}),
        "fact_without_offset": (1, {"known_at": "2026-03-02T09:00:00"}),
        "fact_in_the_year_one": (1, {"occurred_at": "0001-01-01T00:00:00Z"}),
        "fact_about_an_unknown_order": (1, {"order": "NOBODY"}),
        "fact_of_another_marketplace": (1, {"marketplace": "DE"}),
        "fact_known_before_it_happened": (1, {"known_at": "2026-01-01T00:00:00Z"}),
        "case_about_two_orders": (1, {"case": "CANCEL-K"}),
        "fact_of_an_unknown_kind": (1, {"kind": "buyer_mesage"}),
        "price_with_decimals": (0, {"price": "24.90"}),
        "price_missing": (0, {"price": ""}),
        "flag_that_is_none": (0, {"exempt": "yes"}),
        "delivered_soon": (0, {"delivered_at": "soon"}),
        "several_currencies": (0, {"currency": "EUR"}),
        "unknown_currency": (0, {"currency": "PESO"}),
        "unknown_marketplace": (0, {"marketplace": "MARS"}),
    }
    found: dict[str, Files] = {}
    for name, (which, cell) in cells.items():
        rows = copy.deepcopy((orders, facts))
        rows[which][2].update(cell)
        found[name] = journal(*rows)
    nameless = [{**fact, "kind": ""} for fact in facts]
    found["many_bad_rows"] = journal(orders, nameless)
    found["an_order_twice"] = journal([*orders, orders[0]], facts)
    bare = [{key: value for key, value in fact.items() if key not in ("known_at", "value")} for fact in facts]
    found["columns_missing"] = journal(orders, bare)
    priceless = [{key: value for key, value in order.items() if key != "price"} for order in orders]
    found["columns_missing_in_both"] = journal(priceless, bare)
    found["no_facts"] = {"small/orders.csv": table(orders)}
    found["empty_file"] = {**journal(orders, facts), "small/facts.csv": ""}
    found["no_text"] = {**journal(orders, facts), "small/facts.csv": b"\xff\xfea\x00"}
    found["no_parquet"] = {"small/orders.csv": table(orders), "small/facts.parquet": "garbage"}
    found["ragged"] = {**journal(orders, facts), "small/facts.csv": table(facts) + "buyer_message,US\n"}
    found["a_file"] = {"small": "no folder"}
    found["nothing"] = {}
    return found


DAYS = {"reportingDateFrom": "2026-01-01T00:00Z", "reportingDateTo": "2026-01-07T23:59Z"}
JUDGED = {"status": "GOOD", "targetValue": 0.025, "targetCondition": "LESS_THAN", "reportingDateRange": DAYS}
HEALTH: Document = {
    "accountStatuses": [
        {"marketplaceId": "ATVPDKIKX0DER", "status": "NORMAL"},
        {"marketplaceId": "A2EUQ1WTGCTBG2", "status": "SUSPENDED"},
        {"marketplaceId": "A1PA6795UKMFR9", "status": "FROZEN"},
    ],
    "performanceMetrics": [
        {
            "marketplaceId": "ATVPDKIKX0DER",
            "orderDefectRate": {
                "mfn": {
                    **JUDGED,
                    "fulfillmentType": "afn",
                    "rate": 0.009,
                    "orderCount": 1000,
                    "orderWithDefects": {"count": 7, "status": "GOOD"},
                    "claims": {"count": 5, "status": "GOOD"},
                    "chargebacks": {"count": 1, "status": "GOOD"},
                    "negativeFeedback": {"count": 12, "status": "BAD"},
                }
            },
            "preFulfillmentCancellationRate": {**JUDGED, "orderCount": 1000, "cancellationCount": 32, "rate": 0.012},
            "lateShipmentRate": {**JUDGED, "orderCount": 1000, "lateShipmentCount": 40, "rate": 0.04},
            "validTrackingRate": {**JUDGED, "validTrackingCount": 97, "shipmentCount": 90, "rate": 0.97},
            "somethingNew": {"count": 3},
        },
        {"marketplaceId": "A-PLACE-THAT-NOBODY-KNOWS", "lateShipmentRate": {**JUDGED, "orderCount": 0}},
    ],
}

# --- plugins ---

MADE = {"source": "made up", "grade": "assumed"}
HEAD = "from aftersale import hookimpl\n"
API = "AFTERSALE_API = 1\n"
GIVEN = '''
"""What the plugins beside this module are made of."""

from importlib.metadata import entry_points

import click
from attrs import evolve

for _point in entry_points(group="aftersale"):
    if _point.name.startswith("amazon_"):
        globals().update({_name: _made for _name, _made in vars(_point.load()).items() if _name.startswith("load_")})
for _imported in IMPORTS:
    exec(_imported)
PLACES = load_marketplaces("stores")
RULES = load_rules("stores")
'''


def loaders(scaffold: str) -> str:
    """Return a module with all that reads a plugin's data, imported as a plugin that the program wrote imports it."""
    top = ast.parse(scaffold).body
    imported = [ast.unparse(node) for node in top if isinstance(node, ast.Import | ast.ImportFrom)]
    kept = [line for line in imported if "aftersale" in line]
    return GIVEN.replace("IMPORTS", json.dumps(kept), 1).lstrip()


def deadline(name: str, places: list[str], clock: str, amount: int, starts: str, then: str, **more: Any) -> Document:
    """Return a row for a deadline."""
    row = {"name": name, "marketplaces": places, "clock": clock, "amount": amount, "starts": starts, "on_expiry": then}
    return {**row, **more, **MADE}


BOTH = ["REF", "ALT"]
STORE_PLACES: Document = {
    "marketplace": {
        "REF": {
            "id": "REFERENCE-1",
            "country": "IS",
            "currency": "EUR",
            "zone": "Atlantic/Reykjavik",
            "languages": ["en"],
            "holidays": "IS",
            "sales_channels": ["Reference Store"],
            **MADE,
        },
        "ALT": {
            "id": "REFERENCE-2",
            "country": "CL",
            "currency": "CLP",
            "zone": "America/Santiago",
            "languages": ["es", "en"],
            "holidays": "CL",
            "sales_channels": ["Alternative Store"],
            **MADE,
        },
    }
}
STORE_RULES: Document = {
    "rule": [
        deadline("first_reply", BOTH, "wall_hours", 24, "buyer_message", "late"),
        deadline("silence", BOTH, "wall_hours", 48, "buyer_message", "grant_on_claim"),
        deadline("information_request", ["REF"], "calendar_days", 3, "information_requested", "claim_granted"),
        deadline(
            "information_request", ["ALT"], "business_days", 3, "information_requested", "claim_granted",
            ends="end_of_day",
        ),
        deadline("appeal", BOTH, "calendar_days", 30, "claim_granted", "claim_final"),
        {
            "name": "return_window",
            "marketplaces": BOTH,
            "clock": "calendar_days",
            "amount": 30,
            "ends": "end_of_day",
            "starts": "delivered",
            **MADE,
        },
        deadline("return_decision", BOTH, "calendar_days", 3, "return_requested", "late"),
        deadline(
            "return_decision", BOTH, "calendar_days", 5, "return_requested", "marketplace_refunded",
            when={"cross_border": True},
        ),
        deadline(
            "refund_after_receipt", ["REF"], "business_days", 2, "return_received", "late",
            valid_until=date(2025, 12, 31),
        ),
        deadline(
            "refund_after_receipt", ["REF"], "calendar_days", 4, "return_received", "marketplace_refunded",
            valid_from=date(2026, 1, 1),
        ),
        deadline("refund_after_receipt", ["ALT"], "business_days", 2, "return_received", "late"),
        {"name": "auto_authorise", "marketplaces": ["REF"], "value": True, **MADE},
        {"name": "auto_authorise", "marketplaces": ["REF"], "value": False, "when": {"category": "bulky"}, **MADE},
        {"name": "auto_authorise", "marketplaces": ["ALT"], "value": False, **MADE},
    ],
    "metric": [
        {
            "name": "order_defect_rate",
            "marketplaces": BOTH,
            "amount": 60,
            "lag": 15,
            "target": "0.01",
            "strict": True,
            "negative_stars": 2,
            "consequence": "deactivation",
            **MADE,
        }
    ],
}  # fmt: skip
STORE_FORMATS: Document = {
    "orders": [
        {
            "name": "plain",
            "required": ["order", "bought", "store"],
            "skip_status": ["cancelled"],
            "columns": {
                "order": "order",
                "purchased_at": "bought",
                "marketplace": "store",
                "channel": "ships",
                "status": "status",
                "price": "price",
            },
            "channels": {"seller": "MFN", "store": "FBA"},
        }
    ]
}
DESK = "Ørsted 24/7"
DESKS = [DESK, "kiribati"]
DESK_PLACES: Document = {
    "marketplace": {
        DESK: {
            "id": "¡ticket desk!",
            "country": "AU",
            "subdivision": "NSW",
            "currency": "KWD",
            "zone": "Australia/Lord_Howe",
            "languages": ["en", "zh-Hant"],
            **MADE,
        },
        "kiribati": {
            "id": "0",
            "country": "KI",
            "holidays": "NZ",
            "currency": "JPY",
            "zone": "Pacific/Kiritimati",
            "languages": ["en"],
            **MADE,
        },
    }
}
DESK_KINDS: Document = {
    "kind": [
        {
            "name": "ticket",
            "state": [
                {"name": "open", "task": "answer_ticket", "opens": ["first_response"]},
                {"name": "escalated", "task": "answer_ticket", "opens": ["escalation"]},
                {"name": "answered", "opens": ["solved_by_itself"]},
                {"name": "solved", "final": True},
                {"name": "given_up", "final": True, "defect": "ticket_unsolved"},
            ],
            "move": [
                {"fact": "ticket_opened", "to": "open"},
                {"after": ["open"], "fact": "ticket_answered", "to": "answered"},
                {"after": ["escalated"], "fact": "ticket_answered", "to": "answered"},
                {"after": ["open"], "fact": "ticket_escalated", "to": "escalated"},
                {
                    "after": ["answered", "solved"],
                    "fact": "ticket_reopened",
                    "to": "open",
                    "counts_as": "ticket_opened",
                },
                {"after": ["answered"], "fact": "ticket_solved", "to": "solved"},
                {"after": ["open", "escalated", "answered"], "fact": "ticket_given_up", "to": "given_up"},
            ],
        }
    ]
}
DESK_METRICS: Document = {
    "metric": [
        {
            "name": "unsolved_ticket_rate",
            "counts": "cases",
            "case": "ticket",
            "defects": ["ticket_unsolved"],
            "en": "tickets that were given up, of all tickets",
            "zh": "放弃处理的工单占全部工单的比例",
        },
        {
            "name": "mean_first_response_hours",
            "counts": "hours",
            "deadline": "first_response",
            "en": "mean hours to the answer of a ticket",
            "zh": "工单平均答复时长(小时)",
        },
    ]
}
TURN = date(2026, 4, 5)
DESK_RULES: Document = {
    "rule": [
        deadline(
            "first_response", [DESK], "business_days", 1, "ticket_opened", "late",
            ends="end_of_day", valid_until=TURN - timedelta(1),
        ),
        deadline("first_response", [DESK], "wall_hours", 8, "ticket_opened", "late", valid_from=TURN),
        deadline("first_response", ["kiribati"], "business_days", 2, "ticket_opened", "ticket_escalated"),
        deadline("escalation", DESKS, "wall_hours", 0, "ticket_escalated", "late"),
        deadline(
            "solved_by_itself", DESKS, "calendar_days", 7, "ticket_answered", "ticket_solved", ends="end_of_day"
        ),
    ],
    "metric": [
        {
            "name": "unsolved_ticket_rate",
            "marketplaces": DESKS,
            "amount": 28,
            "target": "0.05",
            "consequence": "the shop is taken off the market",
            "state": "deactivated",
            **MADE,
        },
        {
            "name": "mean_first_response_hours",
            "marketplaces": DESKS,
            "amount": 28,
            "target": "12",
            "strict": False,
            **MADE,
        },
    ],
}  # fmt: skip


def assumed(name: str, default: float, high: float, unit: str, *places: str) -> Document:
    """Return a row for a number of the world."""
    row = {"name": name, "marketplaces": list(places or DESKS), "default": default, "low": 0.0, "high": high}
    return {**row, "unit": unit, "source": "assumed", "grade": "assumed"}


def reaction(fact: str, share: str) -> Document:
    """Return a row for what customers make of an answer."""
    row = {"kind": "ticket", "state": "answered", "fact": fact, "marketplaces": DESKS}
    return {**row, "share": share, "delay_hours": "ticket_delay_hours"}


USUAL_FACTS = ["buyer_message", "return_requested", "claim_filed", "feedback_left", "chargeback_filed"]
DESK_WORLD: Document = {
    "parameter": [
        assumed("ticket_rate", 0.2, 1.0, "share of orders"),
        assumed("ticket_delay_days", 3.0, 60.0, "mean days from the purchase to the ticket, exponential"),
        assumed("ticket_given_up_rate", 0.1, 1.0, "share of answered tickets"),
        assumed("ticket_reopened_rate", 0.3, 0.9, "share of answered tickets that are not given up"),
        assumed("ticket_delay_hours", 12.0, 240.0, "mean wall hours from an answer to what follows, exponential"),
        assumed("lost_rate", 0.02, 1.0, "share of orders", "kiribati"),
    ],
    "contact": [
        {
            "fact": "ticket_opened",
            "marketplaces": DESKS,
            "rate": "ticket_rate",
            "delay_days": "ticket_delay_days",
            "since": "purchase",
        }
    ],
    "reaction": [
        reaction("ticket_given_up", "ticket_given_up_rate"),
        reaction("ticket_reopened", "ticket_reopened_rate"),
    ],
    "answer": [{"task": "answer_ticket", "fact": "ticket_answered"}],
    "absent": [{"marketplaces": DESKS, "facts": USUAL_FACTS}],
}
EXPRESS: Document = {
    "name": "Express",
    "marketplaces": ["kiribati"],
    "channel": "MFN",
    "days": 7,
    "lines": {"sfp_on_time_delivery": "deliveries_on_time"},
    "share": "ticket_rate",
    "lasts_days": "ticket_delay_days",
    **MADE,
}
SALE: Document = {
    "name": "Spring sale",
    "marketplaces": ["REF"],
    "start": date(2026, 3, 16),
    "days": 7,
    "orders": 3.0,
    "factors": {"message_rate": 2.0},
    "source": "the shop window",
    "grade": "C",
}
PRESET: Document = {
    "name": "chatty",
    "marketplaces": ["REF"],
    "values": {"message_rate": 0.5},
    "source": "hearsay",
    "grade": "C",
}
DESK_SCENARIO: Document = {
    "name": "A help desk",
    "currency": "EUR",
    "replications": 2,
    "period": {"start": date(2026, 3, 2), "measured": "28 d", "warm_up": "14 d"},
    "marketplace": {DESK: {"orders_per_day": 40.0, "price": {"median": "25"}}},
    "team": {
        "desk": {
            "zone": "Asia/Shanghai",
            "agents": 1,
            "cost_per_hour": "10",
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-17:00"}],
        }
    },
    "handling": {"answer_ticket": {"mean": "10 min"}},
    "variant": [{"name": "every day", "set": {"team.desk.shifts.0.days": "Mon-Sun"}}],
}
REF_SCENARIO = changed(
    DESK_SCENARIO,
    {"name": "Two stores", "marketplace": {"REF": {"orders_per_day": 40.0, "price": {"median": "25"}}}, "handling": {}},
)


def hook(name: str, arguments: str = "", answer: str = "None", mark: str = "@hookimpl") -> str:
    """Return the source of a hook that answers with an expression."""
    return f"\n\n{mark}\ndef aftersale_{name}({arguments}):\n    return {answer}\n"


def module(*hooks: str, before: str = "", api: str = API) -> str:
    """Return the source of a plugin."""
    return f"{HEAD}from given import *\n\n{api}{before}{''.join(hooks)}"


def metadata(name: str, version: str = "1.2") -> str:
    """Return the metadata of a distribution that says nothing but its name."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def installed(name: str, value: str = "", distribution: str = "", about: str = "") -> Files:
    """Return the files by which Python takes a module for an installed plugin."""
    own = distribution or f"{name}-dist"
    folder = f"{own.replace('-', '_')}-1.2.dist-info"
    points = f"[aftersale]\n{name} = {value or name}\n"
    return {f"{folder}/METADATA": about or metadata(own), f"{folder}/entry_points.txt": points}


def plugin(source: str, name: str = "shop", **data: Document) -> Files:
    """Return an installed plugin: a package with its data."""
    files: Files = {f"{name}/__init__.py": source, f"{name}/py.typed": "", **installed(name)}
    return {**files, **{f"{name}/{file}.toml": toml(document) for file, document in data.items()}}


def loading(*names: str) -> list[str]:
    """Return the hooks that read the data files of these names."""
    hooks = {
        "profile": hook("marketplaces", answer="load_marketplaces(__name__)"),
        "rules": hook("rules", answer="load_rules(__name__)"),
        "kinds": hook("workflow", answer="load_kinds(__name__)"),
        "metrics": hook("metrics", answer="load_metrics(__name__)"),
        "world": hook("world", answer="load_world(__name__)"),
        "formats": hook("order_formats", answer="load_formats(__name__)"),
        "health": hook("health_reports", answer="load_health_formats(__name__)"),
    }
    return [hooks[name] for name in names]


def carried(name: str = "shop", **data: Document) -> Files:
    """Return a plugin that is nothing but its data."""
    return plugin(module(*loading(*data)), name, **data)


STORES = carried("stores", profile=STORE_PLACES, rules=STORE_RULES)
OWN_STORES = (hook("marketplaces", answer="PLACES"), hook("rules", answer="RULES"))
DESK_DATA = {
    "profile": DESK_PLACES,
    "rules": DESK_RULES,
    "kinds": DESK_KINDS,
    "metrics": DESK_METRICS,
    "world": DESK_WORLD,
}
DECIDES = [
    hook("decide_return", "in_policy", '"return_authorised" if in_policy else "return_declined"'),
    hook("decide_refund", "", "0"),
    hook("decide_evidence", "", "[]"),
    hook("decide_claim", "proposed", 'proposed or "fight"'),
    hook("classify", "order", 'f"«{order.category}»"'),
    hook("prioritise", "", "-1"),
    hook("fact_recorded", "case, fact"),
    hook("deadline_missed", "case, deadline"),
    hook("case_closed", "case"),
]
HOSTILE = plugin(module(*loading(*DESK_DATA), *DECIDES), "desk", **DESK_DATA)
HOUSE = (
    hook("decide_return", "order, proposed", '"return_authorised" if order.product == "lamp" else None'),
    hook("classify", "case, order", 'f"shelf {order.product}" if case.kind in ("ticket", "return") else None'),
    hook("prioritise", "proposed", "proposed + 3"),
    hook("decide_evidence", "proposed", '[*proposed, "serial_number"]'),
    hook("decide_claim", "missing", 'f"refund, for want of {len(missing)}"'),
    hook("decide_refund", "proposed", "proposed - 100"),
)
KIND_MISTAKES: dict[str, dict[str, Any]] = {
    "unknown_state": {"kind/0/move/1/to": "answred"},
    "unknown_state_before": {"kind/0/move/1/after": ["opne"]},
    "nothing_opens_it": {"kind/0/move/0/after": ["solved"]},
    "state_that_nothing_reaches": {"kind/0/state/5": {"name": "lost", "final": True}},
    "state_without_end": {"kind/0/state/3/final": False, "kind/0/move/4/after": ["answered"]},
    "two_moves": {"kind/0/move/7": {"after": ["open"], "fact": "ticket_answered", "to": "solved"}},
    "two_moves_at_the_opening": {"kind/0/move/7": {"fact": "ticket_opened", "to": "answered"}},
    "only_guarded": {"kind/0/move/1/guard": "unheard"},
    "two_states_of_one_name": {"kind/0/state/1/name": "open"},
    "task_without_deadline": {"kind/0/state/2": {"name": "answered", "task": "refund"}},
    "deadline_at_the_end": {"kind/0/state/3/opens": ["silence"]},
    "unknown_guard": {"kind/0/move/1/guard": "unherd"},
    "unknown_key": {"kind/0/state/1/colour": "red"},
    "name_of_a_shipped_kind": {"kind/0/name": "message"},
    "opened_like_a_shipped_kind": {"kind/0/move/0/fact": "buyer_message"},
    "many": {"kind/0/move/1/to": "x", "kind/0/state/5": {"name": "lost", "final": True}},
}
METRIC_MISTAKES: dict[str, dict[str, Any]] = {
    "orders_without_defects": {"metric/0/counts": "orders", "metric/0/case": GONE, "metric/0/defects": GONE},
    "cases_without_case": {"metric/0/case": GONE},
    "hours_without_deadline": {"metric/1/deadline": GONE},
    "too_much": {"metric/0/counts": "cancellations", "metric/0/deadline": "first_reply", "metric/0/case": GONE},
    "name_of_a_shipped_metric": {"metric/0/name": "claim_rate"},
    "unknown_deadline": {"metric/1/deadline": "first_respnse"},
    "unknown_case": {"metric/0/case": "tickt"},
    "unknown_defect": {"metric/0/defects": ["tickets_unsolved"]},
    "unknown_count": {"metric/0/counts": "stars"},
    "no_chinese": {"metric/0/zh": GONE},
}
WORLD_MISTAKES: dict[str, dict[str, Any]] = {
    "closure_by_an_unknown_rule": {"closure": [{**EXPRESS, "lines": {"sfp_on_time_delivry": "deliveries_on_time"}}]},
    "closure_of_an_unknown_share": {"closure": [{**EXPRESS, "share": "lost_shar"}]},
    "closure_that_nobody_counts": {"closure": [{**EXPRESS, "lines": {"sfp_cancellation": "cancelations"}}]},
    "contact_by_an_unknown_fact": {"contact/0/fact": "ticket_opend"},
    "contact_at_an_unknown_rate": {"contact/0/rate": "ticket_rat"},
    "contact_since_nothing": {"contact/0/since": "birth"},
    "reaction_that_is_not_allowed": {"reaction/0/state": "open", "reaction/0/fact": "ticket_solved"},
    "reaction_of_an_unknown_kind": {"reaction/0/kind": "tickets"},
    "reaction_in_an_unknown_state": {"reaction/0/state": "answred"},
    "answer_to_an_unknown_task": {"answer/0/task": "answer_tickets"},
    "two_answers": {"answer/1": {"task": "answer_ticket", "fact": "ticket_given_up"}},
    "answer_that_is_not_allowed": {"answer/0/fact": "ticket_reopened"},
    "absent_unknown_fact": {"absent/0/facts": ["claims_filed"]},
    "absent_unknown_marketplace": {"absent/0/marketplaces": ["kiribatti"]},
    "parameter_that_holds_nowhere": {"parameter/6": {**assumed("lost_rate", 0.0, 1.0, "share"), "marketplaces": []}},
    "default_out_of_range": {"parameter/0/default": 2.0},
    "parameter_twice": {"parameter/6": assumed("ticket_rate", 0.1, 1.0, "share of orders")},
    "unknown_key": {"parameter/0/deafult": 1.0},
    "sale_of_unknown_parameters": {"sale": [{**SALE, "marketplaces": DESKS, "factors": {"mesage_rate": 2.0}}]},
    "sale_beyond_all_bounds": {"sale": [{**SALE, "marketplaces": DESKS, "orders": 5000.0}]},
    "preset_of_unknown_parameters": {"preset": [{**PRESET, "marketplaces": DESKS, "values": {"retrun_rate": 0.1}}]},
    "preset_out_of_range": {"preset": [{**PRESET, "marketplaces": DESKS, "values": {"message_rate": 1.5}}]},
}
RULE_MISTAKES: dict[str, dict[str, Any]] = {
    "two_kinds_at_once": {"rule/0/value": True},
    "no_kind": {"rule/0/amount": GONE},
    "no_clock": {"rule/0/clock": GONE},
    "no_start": {"rule/0/starts": GONE},
    "ends_before_it_begins": {"rule/0/valid_from": date(2026, 1, 2), "rule/0/valid_until": date(2026, 1, 1)},
    "beyond_the_years": {"rule/0/valid_until": date(9999, 12, 31)},
    "too_long": {"rule/0/amount": 900_000},
    "unknown_clock": {"rule/0/clock": "hours"},
    "unknown_key": {"rule/0/vaild_from": date(2026, 1, 1)},
    "no_source": {"rule/0/source": GONE},
    "inexact_price": {"rule/0/when": {"price_above": 25.5}},
    "unknown_grade": {"rule/0/grade": "Z", "rule/1/amount": -1, "metric/0/target": 0.01},
    "metric_by_another_clock": {"metric/0/clock": "wall_hours"},
    "metric_long_ago": {"metric/0/lag": 40_000},
    "metric_of_no_day": {"metric/0/amount": 0},
    "overlap": {"rule/8/valid_until": date(2026, 1, 5)},
    "hole": {"rule/9/valid_from": date(2026, 2, 1)},
    "name_that_nothing_asks_for": {"rule/0/name": "first_replay"},
    "metric_that_nobody_knows": {"metric/0/name": "unsolved_ticket_rate"},
    "deadline_that_no_case_opens": {"rule/14": DESK_RULES["rule"][1] | {"marketplaces": ["REF"]}},
    "expiry_that_is_not_allowed": {"rule/0/on_expiry": "refunded"},
    "start_that_is_no_fact": {"rule/0/starts": "buyer_mesage"},
    "orphans": {"rule/0/marketplaces": ["RFE", "ALT"], "rule/1/marketplaces": ["RFE"]},
}
PLACE_MISTAKES: dict[str, dict[str, Any]] = {
    "many": {"marketplace/REF/currency": "EURO", "marketplace/REF/zone": "Europe/Berln"},
    "subdivision": {"marketplace/REF/country": "DE", "marketplace/REF/subdivision": "XX"},
    "country": {"marketplace/REF/country": "ISL", "marketplace/REF/holidays": "Iceland"},
    "missing": {"marketplace/REF/id": GONE, "marketplace/ALT/source": GONE, "marketplace/ALT/languages": []},
    "one_id_twice": {"marketplace/ALT/id": "REFERENCE-1"},
    "one_sales_channel_twice": {"marketplace/ALT/sales_channels": ["Reference Store"]},
}
FORMAT_MISTAKES: dict[str, dict[str, Any]] = {
    "no_price": {"orders/0/columns/price": GONE},
    "no_channels": {"orders/0/channels": GONE},
    "unknown_channel": {"orders/0/channels": {"seller": "MFX"}},
    "unknown_encoding": {"orders/0/encodings": ["utf-9"]},
    "unknown_column": {"orders/0/columns/prise": "price"},
    "long_delimiter": {"orders/0/delimiter": ";;"},
    "unknown_marketplace": {"orders/0/columns/marketplace": GONE, "orders/0/values": {"marketplace": "RFE"}},
}
HEALTH_FORMAT: Document = {
    "report": [
        {
            "name": "store_health",
            **MADE,
            "read": date(2026, 1, 1),
            "decimals": 2,
            "zone": "UTC",
            "blocks": ["stores"],
            "marketplace": ["store"],
            "conditions": {"under": "below"},
            "verdicts": {"fine": "met", "bad": "missed"},
            "accounts": {
                "list": ["standing"],
                "marketplace": ["store"],
                "status": ["word"],
                "states": {"ok": "healthy"},
            },
            "fields": {
                "since": ["first"],
                "until": ["last"],
                "status": ["word"],
                "rate": ["share"],
                "target": ["goal"],
                "condition": ["must_be"],
                "channel": ["ships"],
            },
            "rating": {"keys": ["rating"], "status": ["word"], "score": ["points"], "states": {"ok": "healthy"}},
            "warnings": {"keys": ["warnings"], "kind": ["about"], "status": ["word"]},
            "metrics": [
                {"name": "valid_tracking_rate", "keys": ["tracking"], "numerator": ["some"], "denominator": ["all"]}
            ],
        }
    ]
}
HEALTH_MISTAKES: dict[str, dict[str, Any]] = {
    "sound": {},
    "unknown_state": {"report/0/accounts/states": {"ok": "helthy"}},
    "unknown_condition": {"report/0/conditions": {"under": "blow"}},
    "unknown_key": {"report/0/metrics/0/numerater": ["some"]},
    "no_name": {"report/0/name": GONE, "report/0/zone": "Europe/Berln"},
    "unknown_base": {"report/0/metrics/0/denominator_of": "nothing"},
}
OPTIONS = ("tryfirst", "trylast", "wrapper", "hookwrapper", "optionalhook")


def module_mistakes() -> dict[str, Files]:
    """Return plugins that are refused when they are loaded, by what is wrong with their modules."""
    wrong = {
        "misspelt_hook": hook("decide_returns"),
        "misspelt_argument": hook("decide_return", "order, requested, in_policy"),
        "argument_of_a_hook_without": hook("rules", "today", "[]"),
        "argument_with_default": hook("decide_return", "order, in_policy=True"),
        "keyword_only": hook("decide_return", "*, order"),
        "arguments_without_number": hook("decide_return", "*args, **kwargs"),
        "async": hook("decide_return", "order").replace("def ", "async def "),
        "generator": "\n\n@hookimpl\ndef aftersale_rules():\n    yield from RULES\n",
        "without_decorator": "".join(hook(name, "", "[]", "") for name in ("rules", "rule", "opening_hours")),
        "no_plain_function": "\n\nimport functools\naftersale_rules = functools.cache(hookimpl(lambda: []))\n",
        "twice": hook("rules", "", "[]") + hook("more", "", "[]", '@hookimpl(specname="aftersale_rules")'),
        "returns_none": hook("rules"),
        "returns_a_table": hook("rules", "", "{}"),
        "returns_text": hook("rules", "", "'rules'"),
        "wrong_items": hook("marketplaces", "", '[PLACES[0], "ALT", 3]'),
        "wrong_commands": hook("commands", "", "[print]"),
        "raises": hook("rules", "", "{}['no rules today']"),
        "ends_the_program_in_a_hook": hook("rules", "", "exit(3)"),
        "another_document": hook("marketplaces", "", 'load_marketplaces("stores", "rules.toml")'),
        "missing_document": hook("rules", "", 'load_rules("stores", "rulse.toml")'),
        "reserved_command": hook("commands", "", '[click.Command("rules")]'),
        "command_of_the_simulator": hook("commands", "", '[click.Command("whatif")]'),
        "wrong_everywhere": "".join(
            hook(name, "ordr")
            for name in ("decide_return", "decide_refund", "classify", "prioritise", "decide_claim", "decide_evidence")
        ),
    }
    found = {name: plugin(module(source)) for name, source in wrong.items()}
    for option in OPTIONS:
        source = hook("rules", "", "[]", f"@hookimpl({option}=True)")
        yields = source.replace("return []", "yield")
        found[option] = plugin(module(yields if "wrapper" in option else source))
    found["another_api"] = plugin(module(api="AFTERSALE_API = 0\n"))
    found["no_api"] = plugin(module(api=""))
    found["api_that_is_no_number"] = plugin(module(api='AFTERSALE_API = "1"\n'))
    found["missing_import"] = plugin("import a_module_that_is_missing\n")
    found["no_python"] = plugin("def aftersale_rules(:\n")
    found["ends_the_program"] = plugin("raise SystemExit('no licence')\n")
    found["a_class"] = {**plugin(f"class Shop:\n    {API}"), **installed("shop", "shop:Shop")}
    found["an_object"] = {**plugin(f"{API}SHOP = object()\n"), **installed("shop", "shop:SHOP")}
    found["an_attribute_that_is_missing"] = {**plugin(API), **installed("shop", "shop:Shp")}
    found["two_distributions"] = {
        **plugin(API),
        **installed("shop", distribution="shop-a"),
        **installed("shop", distribution="shop-b"),
    }
    found["not_installed"] = plugin(API, "shops")
    return found


def data_mistakes() -> Iterator[tuple[str, Files]]:
    """Yield plugins that are refused when they are loaded, by what is wrong with their data."""
    for name, changes in RULE_MISTAKES.items():
        yield f"rules_{name}", carried(profile=STORE_PLACES, rules=changed(STORE_RULES, changes))
    for name, changes in PLACE_MISTAKES.items():
        yield f"profile_{name}", carried(profile=changed(STORE_PLACES, changes), rules=STORE_RULES)
    for name, changes in FORMAT_MISTAKES.items():
        formats = changed(STORE_FORMATS, changes)
        yield f"formats_{name}", carried(profile=STORE_PLACES, rules=STORE_RULES, formats=formats)
    for name, changes in HEALTH_MISTAKES.items():
        health = changed(HEALTH_FORMAT, changes)
        yield f"health_{name}", carried(profile=STORE_PLACES, rules=STORE_RULES, health=health)
    for file, mistakes in (("kinds", KIND_MISTAKES), ("metrics", METRIC_MISTAKES), ("world", WORLD_MISTAKES)):
        for name, changes in mistakes.items():
            yield f"{file}_{name}", carried("shop", **{**DESK_DATA, file: changed(DESK_DATA[file], changes)})
    broken: Files = {"shop/rules.toml": "[[rule]\n", "shop/profile.toml": "id = \n"}
    yield "no_toml", {**carried(profile=STORE_PLACES, rules=STORE_RULES), **broken}
    missing = carried(profile=STORE_PLACES, rules=STORE_RULES)
    del missing["shop/rules.toml"]
    yield "data_missing", missing


def between() -> dict[str, tuple[str, Files]]:
    """Return plugins that are wrong only together, with the names that are loaded."""
    owner = module(hook("marketplaces", "", "PLACES[:1]"))
    greets = module(hook("commands", "", '[click.Command("greet")]'))
    again = "[evolve(RULES[0], origin='house/rules.toml')]"
    lost = DESK_WORLD["parameter"][5]
    other_format = changed(STORE_FORMATS, {"orders/0/delimiter": ";"})
    stores_and_format = carried("stores", profile=STORE_PLACES, rules=STORE_RULES, formats=STORE_FORMATS)
    fails = module(hook("rules", "", "{}['no rules today']"))
    return {
        "two_owners": ("first,second", {**plugin(owner, "first"), **plugin(owner, "second")}),
        "one_module_twice": ("first,second", {**plugin(module(), "first"), **installed("second", "first")}),
        "owner_that_fails": (
            "house,owner",
            {**plugin(module(hook("rules", "", "RULES")), "house"), **plugin("import missing\n", "owner")},
        ),
        "rules_that_overlap": ("stores,zoo", {**STORES, **plugin(module(hook("rules", "", again)), "zoo")}),
        "one_command_twice": ("first,second", {**plugin(greets, "first"), **plugin(greets, "second")}),
        "one_number_twice": ("desk,house", {**HOSTILE, **carried("house", world={"parameter": [lost]})}),
        "one_kind_twice": ("desk,house", {**HOSTILE, **carried("house", kinds=DESK_KINDS)}),
        "one_metric_twice": ("desk,house", {**HOSTILE, **carried("house", metrics=DESK_METRICS)}),
        "formats_that_differ": ("stores,zoo", {**stores_and_format, **carried("zoo", formats=other_format)}),
        "all_at_once": (
            "apple,fig,nowhere,pear",
            {
                **plugin(module(hook("rules", "", "[]"), api="AFTERSALE_API = 0\n"), "apple"),
                **plugin(fails, "fig"),
                **plugin(fails + hook("commands"), "pear"),
            },
        ),
        "a_name_that_is_close": ("corner_shp", plugin(API, "corner_shop")),
        "an_amazon_store_again": (
            "amazon_na,shop",
            plugin(module(hook("marketplaces", "", "[evolve(PLACES[0], name='US')]"))),
        ),
        "an_amazon_rule_again": (
            "amazon_na,shop",
            plugin(module(hook("rules", "", "[evolve(RULES[0], marketplace='US', origin='house/rules.toml')]"))),
        ),
        "rules_for_a_store_that_is_left_out": (
            "shop,amazon_jp",
            plugin(module(hook("rules", "", "[evolve(RULES[0], marketplace='US', origin='house/rules.toml')]"))),
        ),
    }


FICKLE = """
ASKED = {}


def changing(order):
    ASKED[order.id] = ASKED.get(order.id, 0) + 1
    return "manual" if ASKED[order.id] % 2 else None


SEEN = ["", ""]


def jealous(order):
    if order.id != SEEN[1]:
        SEEN[:] = [SEEN[1], order.id]
    return "manual" if SEEN[0] < SEEN[1] else None
"""
IMPORTS = "import datetime\nimport random\nimport sys\nimport time\nimport uuid\n"
SHORT_STORES = (
    hook("marketplaces", "", "[place for place in PLACES if place.name == 'ALT']"),
    hook("rules", "", "[rule for rule in RULES if rule.marketplace == 'ALT']"),
)


def offenders() -> dict[str, Files]:
    """Return plugins that can be loaded and fail a check of the conformance suite each."""
    alone = {
        "classifies_by_numbers": hook("classify", "", "7"),
        "divides_by_zero": hook("decide_return", "order", "1 / (order.price - 25) and None"),
        "answers_an_observation": hook("case_closed", "case", "case.id"),
        "decides_yes": hook("decide_return", "", "'yes'"),
        "is_fickle": hook("decide_return", "order", "changing(order)"),
        "is_jealous": hook("decide_return", "order", "jealous(order)"),
        "is_noisy": hook("decide_return", "", "print('deciding!')"),
        "asks_the_time": hook("prioritise", "", "1 if time.time() < 0 else None"),
        "asks_the_day": hook("classify", "", "datetime.date.today().isoformat()[:1]"),
        "throws_dice": hook("prioritise", "", "1 if random.random() > 2 else None"),
        "draws_a_ticket": hook("classify", "", "str(bool(uuid.uuid4()))"),
        "is_sound": "",
    }
    before = IMPORTS + FICKLE
    found = {name: plugin(module(*SHORT_STORES, source, before=before)) for name, source in alone.items()}
    chosen = "[rule for rule in RULES if rule.marketplace == 'ALT']"
    backwards = f"[evolve(rule, amount=-5) if rule.name == 'first_reply' else rule for rule in {chosen}]"
    found["goes_backwards"] = plugin(module(SHORT_STORES[0], hook("rules", "", backwards)))
    nameless = f"[evolve(rule, source=' ') if rule.name == 'first_reply' else rule for rule in {chosen}]"
    found["has_no_source"] = plugin(module(SHORT_STORES[0], hook("rules", "", nameless)))
    cover = {"name": "claim_cover", "marketplaces": ["ALT"], "money": "300.5", "currency": "CLP", **MADE}
    dear = changed(STORE_RULES, {f"rule/{len(STORE_RULES['rule'])}": cover})
    found["pays_half_a_peso"] = carried(profile=STORE_PLACES, rules=dear)
    found["cannot_be_loaded"] = plugin(module(*SHORT_STORES, hook("rulse", "", "[]")))
    found["clashes"] = {**plugin(module(*SHORT_STORES)), **STORES}
    company = "\n\nCOMPANY = []\n"
    crowd = {"other/__init__.py": f"{HEAD}import shop\n{API}" + hook("commands", "", "shop.COMPANY.append(1) or []")}
    changes = hook("decide_return", "", "'manual' if COMPANY else None")
    found["goes_otherwise_beside_others"] = {
        **plugin(module(*SHORT_STORES, changes, before=company)),
        **crowd,
        **installed("other"),
    }
    found["desk"] = {**HOSTILE, **STORES}
    found["house"] = {**plugin(module(hook("classify", "order", "order.category and 'part'")), "shop"), **STORES}
    return found


ABOUT = """\
Metadata-Version: 2.4
Name: aftersale-shop
Version: 1.2
Summary: A shop
Requires-Dist: aftersale<0.2,>=0.1
Description-Content-Type: text/markdown

# A shop
"""


def distributions() -> dict[str, Files]:
    """Return plugins whose distributions say something else than the conformance suite demands."""
    texts = {
        "sound": ABOUT,
        "named_otherwise": ABOUT.replace("Name: aftersale-shop", "Name: my-shop"),
        "no_summary": ABOUT.replace("Summary: A shop\n", ""),
        "no_readme": ABOUT.replace("# A shop\n", ""),
        "no_upper_bound": ABOUT.replace("<0.2,>=0.1", ""),
    }
    source = module(*SHORT_STORES)
    found = {}
    for name, text in texts.items():
        package = {"aftersale_shop/__init__.py": source, "aftersale_shop/py.typed": ""}
        found[name] = {**package, **installed("shop", "aftersale_shop", "aftersale-shop", text)}
    found["no_types"] = {key: value for key, value in found["sound"].items() if not key.endswith("py.typed")}
    mine = {"my_shop/__init__.py": source, "my_shop/py.typed": ""}
    found["package_named_otherwise"] = {**mine, **installed("shop", "my_shop", "aftersale-shop", ABOUT)}
    return found


ANSWERS = {
    "return_authorised": hook("decide_return", "order", "'authorised'"),
    "return_true": hook("decide_return", "order", "True"),
    "return_list": hook("decide_return", "order", "['manual']"),
    "return_manual": hook("decide_return", "order", "'manual'"),
    "return_declined": hook("decide_return", "order", "'return_declined'"),
    "return_divided": hook("decide_return", "order", "1 / (order.price - 60000) and None"),
    "class_number": hook("classify", "", "7"),
    "class_blank": hook("classify", "", "' '"),
    "class_key_error": hook("classify", "order", "{}[order.category]"),
    "priority_fraction": hook("prioritise", "", "1.5"),
    "claim_number": hook("decide_claim", "", "3"),
    "evidence_text": hook("decide_evidence", "", "'photos'"),
    "refund_negative": hook("decide_refund", "", "-5"),
    "refund_text": hook("decide_refund", "", "'all'"),
    "observer_answers": hook("fact_recorded", "fact", "'noted'"),
    "observer_fails": hook("fact_recorded", "fact", "1 / 0"),
    "deadline_observer_fails": hook("deadline_missed", "deadline", "1 / 0"),
}

# --- what is run ---


def help_jobs(asked: Callable[..., str]) -> Iterator[Job]:
    """Yield the help of the program and of every command inside it, and what it says of words that it does not know."""

    def below(*words: str) -> Iterator[tuple[str, ...]]:
        yield words
        listed = asked(*words, "--help").partition("\nCommands:\n")[2]
        for found in re.findall(r"^  (\S+)", listed, re.MULTILINE):
            yield from below(*words, found)

    for words in below():
        name = "_".join(("aftersale", *words))
        yield Job("help", name, {"help": shlex.join([*words, "--help"])})
    wrong = {
        "nothing": "",
        "version": "--version",
        "command": "ruls US",
        "option": "--hlep",
        "option_of_a_command": "whatif --stres flu",
        "subcommand": "plugins shwo",
        "argument_missing": "rules --json",
        "too_many": "rules US DE",
        "no_journal": "replay",
        "no_name": "plugins show",
        "no_out": "simulate x.toml",
    }
    yield Job("help", "mistakes", wrong)
    left_out = {"whatif": "whatif", "staff": "staff", "rules": "rules US", "help": "--help", "plugins": "plugins"}
    yield Job("help", "without_plugins", left_out, environment={"AFTERSALE_PLUGINS": ""})


STORES_ON = "US CA MX UK DE FR IT ES NL SE PL BE IE TR JP".split()  # noqa: SIM905
RULE_NAMES = (  # noqa: SIM905
    "appeal chargeback_bearer first_reply late_reply_rate order_defect_rate prepaid_label refund_after_receipt "
    "return_window safe_t sfp_on_time_delivery"
).split()


def rule_jobs() -> Iterator[Job]:
    """Yield looks at rules, at kinds of case and at the handbook."""
    for name in STORES_ON:
        steps = {
            "json": f"rules {name} --on 2026-03-02 --json",
            "changes": f"rules {name} --changes-since 2019-01-01 --json",
        }
        if name in ("US", "DE", "JP"):
            steps["text"] = f"rules {name} --on 2026-03-02"
            steps["earlier"] = f"rules {name} --on 2019-06-01 --json"
            steps["handbook"] = f"rules {name} --on 2026-03-02 --handbook handbook.toml --json"
        yield Job("rules", name, steps, {"handbook.toml": toml(LABELS)})
    for name in RULE_NAMES:
        steps = {"text": f"rules US --rule {name}", "json": f"rules --rule {name} --json"}
        yield Job("rules", f"rule_{name}", steps)
    everywhere = ",".join(STORES_ON)
    looks = {
        "compare": "rules --compare US,DE,JP --on 2026-03-02",
        "compare_json": "rules --compare US,DE,JP --on 2026-03-02 --json",
        "compare_all": f"rules --compare {everywhere} --on 2026-03-02 --json",
        "compare_earlier": "rules --compare US,CA --on 2020-01-01",
        "changes": "rules --changes-since 2024-01-01",
        "changes_json": "rules --changes-since 2024-01-01 --json",
        "turn_before": "rules US --on 2026-01-25 --json",
        "turn_after": "rules US --on 2026-01-26 --json",
        "long_ago": "rules US --on 1900-01-01",
        "far_ahead": "rules JP --on 2199-12-31",
    }
    yield Job("rules", "looks", looks)
    for columns in ("30", "60", "200"):
        steps = {"rules": "rules US --on 2026-03-02", "compare": "rules --compare US,DE,JP --on 2026-03-02"}
        yield Job("rules", f"columns_{columns}", steps, environment={"COLUMNS": columns})
    wrong = {
        "marketplace": "rules USA",
        "day": "rules US --on 2026-13-01",
        "word_for_a_day": "rules US --on tomorrow",
        "year_one": "rules US --on 0001-01-01",
        "year_9999": "rules US --on 9999-12-31",
        "rule": "rules --rule first_replay",
        "compare_one": "rules --compare US,DEE",
        "compare_with": "rules US --compare US,DE",
        "together": "rules --rule first_reply --changes-since 2025-01-01",
        "handbook": "rules US --on 2026-03-02 --handbook nowhere.toml",
    }
    yield Job("rules", "mistakes", wrong)
    flows = {f"mermaid_{kind}": f"workflow {kind} --mermaid" for kind in ("claim", "message", "return")}
    flows |= {"all": "workflow", "drawn": "workflow --mermaid", "unknown": "workflow complaint"}
    yield Job("rules", "workflow", flows)


def plugin_jobs() -> Iterator[Job]:
    """Yield looks at plugins: those that are installed, and two from elsewhere that nobody here knows."""
    yield Job("plugins", "list", {"text": "plugins", "json": "plugins --json"})
    yield Job("plugins", "hooks", {f"hooks{mode}": f"plugins hooks {mode}" for mode in ("", "--json", "--mermaid")})
    for name in ("amazon_na", "amazon_eu", "amazon_jp", "simulator"):
        steps = {
            "show": f"plugins show {name}",
            "json": f"plugins show {name} --json",
            "check": f"plugins check {name}",
        }
        yield Job("plugins", name, steps)
    for number, allowed in enumerate(("amazon_na", "amazon_na, simulator", "amazon_jp,amazon_na,nowhere", " ")):
        steps = {"plugins": "plugins --json", "rules": "rules JP --on 2026-03-02", "parameters": "parameters"}
        yield Job("plugins", f"allowed_{number}", steps, environment={"AFTERSALE_PLUGINS": allowed})
    wrong = {
        "show": "plugins show referense",
        "show_close": "plugins show amazon_an",
        "check": "plugins check corner_shop",
        "check_close": "plugins check amazon_eu2",
    }
    yield Job("plugins", "mistakes", wrong)
    desk = {
        "plugins": "plugins --json",
        "show": "plugins show desk",
        "show_json": "plugins show desk --json",
        "rules": f"rules {shlex.quote(DESK)} --on 2026-04-04 --json",
        "rules_text": f"rules {shlex.quote(DESK)} --on 2026-04-05",
        "rules_far": "rules kiribati --on 2026-04-05",
        "rule": "rules --rule first_response",
        "metric": "rules --rule unsolved_ticket_rate --json",
        "compare": f"rules --compare {shlex.quote(DESK + ',kiribati,US')} --on 2026-04-05",
        "workflow": "workflow ticket",
        "workflow_mermaid": "workflow ticket --mermaid",
        "parameters": "parameters --json",
        "explain": "scenario desk.toml --explain",
        "whatif": "whatif desk.toml --by-marketplace",
        "whatif_json": "whatif desk.toml --json",
        "whatif_zh": "whatif desk.toml --lang zh --vary world.ticket_rate=0.1,0.2",
        "report": "whatif desk.toml --report desk.html",
        "unknown_number": "whatif desk.toml --set world.ticket_raet=0.1",
        "out_of_range": "whatif desk.toml --set world.ticket_rate=1.5",
        "simulate": "simulate desk.toml --csv --out run",
        "replay": "replay run --json",
        "tasks": "tasks run",
        "tasks_json": "tasks run --json",
        "health": "health run --why",
        "costs": "costs run --json",
    }
    scenarios = {"desk.toml": toml(DESK_SCENARIO)}
    yield Job("plugins", "desk", desk, scenarios, library=HOSTILE)
    own = {**SMALL, "shop.toml": toml(TINY)}
    house = {
        "plugins": "plugins",
        "show": "plugins show house",
        "show_json": "plugins show house --json",
        "show_other": "plugins show amazon_na --json",
        "tasks": f"tasks small {NOON}",
        "tasks_json": f"tasks small {NOON} --json",
        "case": "case small LOSS --json",
        "case_text": "case small BYHAND",
        "replay": "replay small --json",
        "whatif": "whatif shop.toml --json",
    }
    yield Job("plugins", "house", house, own, library=plugin(module(*HOUSE), "house"))
    stores = {
        "plugins": "plugins --json",
        "show": "plugins show stores",
        "rules": "rules REF --on 2025-12-31 --json",
        "rules_after": "rules REF --on 2026-01-01",
        "scenario": "scenario stores.toml --explain --json",
        "whatif": "whatif stores.toml --json",
        "presets": "scenario chatty.toml --explain --json",
        "presets_whatif": "whatif chatty.toml --json",
        "unknown_preset": "scenario chaty.toml",
    }
    files = {
        "stores.toml": toml(REF_SCENARIO),
        "chatty.toml": toml({**REF_SCENARIO, "presets": ["chatty"]}),
        "chaty.toml": toml({**REF_SCENARIO, "presets": ["chaty"]}),
    }
    world = {"sale": [SALE], "preset": [PRESET]}
    with_world = carried("stores", profile=STORE_PLACES, rules=STORE_RULES, formats=STORE_FORMATS, world=world)
    yield Job("plugins", "stores", stores, files, library=with_world)
    command = "click.Command('stores', callback=lambda: print('REF ALT'), help='List them.')"
    greets = module(hook("commands", "", f"[{command}]"))
    steps = {"help": "--help", "own_help": "stores --help", "stores": "stores", "plugins": "plugins"}
    yield Job("plugins", "command", steps, library=plugin(greets))
    hard = module(
        before="\n\ndef interrupted():\n    raise KeyboardInterrupt\n",
    ) + hook(
        "commands",
        "",
        "[click.Command('wait', callback=interrupted), "
        "click.Command('fail', callback=lambda: load_rules('stores', 'nowhere.toml'))]",
    )
    yield Job("plugins", "hard_ends", {"interrupted": "wait", "refused": "fail"}, library={**plugin(hard), **STORES})
    for trace in ("1", "0"):
        environment = {"AFTERSALE_TRACE": trace, "AFTERSALE_PLUGINS": "shop,simulator"}
        marked = plugin(module(hook("commands", "", "[]")))
        steps = {"workflow": "workflow message"}
        yield Job("plugins", f"trace_{trace}", steps, environment=environment, library=marked)


def mistake_jobs() -> Iterator[Job]:
    """Yield plugins with mistakes: when they are loaded, only together, in the suite's checks, and on cases."""
    seen = {"plugins": "plugins --json"}
    refused = {"text": "plugins", "rules": "rules REF --on 2026-03-02"}
    library = {**STORES, **module_mistakes()["wrong_everywhere"]}
    yield Job("mistakes", "refused", refused, environment={"AFTERSALE_PLUGINS": "shop"}, library=library)
    for name, files in (*module_mistakes().items(), *data_mistakes()):
        library = {**STORES, **files}
        yield Job("mistakes", f"load_{name}", seen, environment={"AFTERSALE_PLUGINS": "shop"}, library=library)
    for name, (allowed, files) in between().items():
        library = {**STORES, **files}
        yield Job("mistakes", f"between_{name}", seen, environment={"AFTERSALE_PLUGINS": allowed}, library=library)
    broken = {
        **plugin(module(api="AFTERSALE_API = 0\n"), "corner_shop"),
        **plugin(module(hook("decide_returns")), "kiosk"),
    }
    steps = {
        "help": "--help",
        "plugins": "plugins",
        "show": "plugins show kiosk",
        "check": "plugins check kiosk",
        "workflow": "workflow",
        "whatif": "whatif",
        "nonsense": "nonsense",
        "parameters": "parameters --json",
    }
    both = {"AFTERSALE_PLUGINS": "corner_shop, kiosk"}
    yield Job("mistakes", "broken_installation", steps, environment=both, library={**STORES, **broken})
    yield Job("mistakes", "broken_beside_others", steps, library={**STORES, **broken})
    left_out = {"rules": "rules CORNER", "scenario": "scenario shop.toml"}
    nothing = {"AFTERSALE_PLUGINS": "simulator"}
    yield Job("mistakes", "left_out", left_out, {"shop.toml": toml(SHOP)}, nothing, plugin(API, "corner_shop"))
    for name, files in offenders().items():
        checked = "desk" if name == "desk" else "shop"
        steps = {"check": f"plugins check {checked}"}
        named = {"AFTERSALE_PLUGINS": "shop,other,desk,stores"}
        yield Job("mistakes", f"check_{name}", steps, environment=named, library={**_hidden_stores(files), **files})
    for name, files in distributions().items():
        library = {**_hidden_stores(files), **files}
        yield Job("mistakes", f"distribution_{name}", {"check": "plugins check shop"}, library=library)
    for name, source in ANSWERS.items():
        steps = {"tasks": f"tasks small {NOON} --json", "end": "tasks small --json"}
        yield Job("mistakes", f"answer_{name}", steps, SMALL, library=plugin(module(source), "house"))
    disagree = {
        **plugin(module(hook("decide_return", "", "'return_authorised'"), hook("classify", "", "7")), "attic"),
        **plugin(module(hook("decide_return", "", "'return_declined'"), hook("prioritise", "", "4")), "cellar"),
    }
    steps = {"tasks": f"tasks small {NOON} --json", "case": "case small BYHAND --json", "show": "plugins show attic"}
    yield Job("mistakes", "answer_two_houses", steps, SMALL, library=disagree)
    for name, source in (("some", "1 / (order.price % 7) and None"), ("all", "1 / 0")):
        house = plugin(module(hook("decide_return", "order", source)), "house")
        steps = {"whatif": "whatif shop.toml --json", "tolerant": "whatif shop.toml --set most_failed=1.0"}
        yield Job("mistakes", f"simulated_{name}", steps, {"shop.toml": toml(TINY)}, library=house)
    silent = carried("desk", **{**DESK_DATA, "world": changed(DESK_WORLD, {"answer": []})})
    scenarios = {"desk.toml": toml(DESK_SCENARIO)}
    yield Job("mistakes", "simulated_without_answers", {"whatif": "whatif desk.toml"}, scenarios, library=silent)
    ref = {"stores.toml": toml(REF_SCENARIO)}
    for name, world in (
        ("unknown", {"sale": [changed(SALE, {"factors": {"mesage_rate": 2.0}})]}),
        ("bounds", {"sale": [{**SALE, "orders": 5000.0}], "preset": [{**PRESET, "values": {"message_rate": 1.5}}]}),
    ):
        library = carried("stores", profile=STORE_PLACES, rules=STORE_RULES, world=world)
        yield Job("mistakes", f"simulated_sale_{name}", {"whatif": "whatif stores.toml"}, ref, library=library)


def _hidden_stores(files: Files) -> Files:
    """Return the stores as plain data, which no plugin brings, unless these files have a plugin that does."""
    return {} if "stores_dist-1.2.dist-info/METADATA" in files else _uninstalled(STORES)


def _uninstalled(files: Files) -> Files:
    return {name: content for name, content in files.items() if ".dist-info/" not in name}


def scenario_jobs(root: Path) -> Iterator[Job]:
    """Yield what is told of scenarios, and of the numbers that the world assumes."""
    yield Job("scenarios", "parameters", {"text": "parameters", "json": "parameters --json"})

    def looks(name: str = "") -> Steps:
        ways = {"text": "", "explain": "--explain", "json": "--explain --json"}
        return {key: f"scenario {name} {options}" for key, options in ways.items()}

    yield Job("scenarios", "shipped", looks())
    for name in OWN:
        yield Job("scenarios", name, looks(f"{name}.toml"), SCENARIOS)
    found = {**examples(root), **documented(root)}
    for name, text in found.items():
        files: Files = {f"{name}.toml": text, "online_retail.csv.gz": gzip.compress(invoice_lines().encode(), mtime=0)}
        yield Job("scenarios", name, looks(f"{name}.toml"), files)
    for presets in ([], ["seed_chinese_sellers"]):
        document = {**SHOP, "presets": presets, "sale_events": bool(presets)}
        files = {"shop.toml": toml(changed(document, {"period/start": date(2026, 11, 16)}))}
        yield Job("scenarios", f"presets_{len(presets)}", looks("shop.toml"), files)


def whatif_jobs(root: Path) -> Iterator[Job]:
    """Yield comparisons of variants, as documents, tables and files, in both languages."""
    shipped = {
        "json": "whatif --replications 2 --json",
        "zh": f"whatif --replications 2 --lang zh {SHORT}",
        "places": f"whatif --replications 2 --by-marketplace {SHORT}",
        "vary": f"whatif --replications 2 --vary team.shenzhen.agents=2,4 {SHORT}",
        "grid": "whatif --replications 1 --json --vary team.shenzhen.agents=2,4 "
        f"--vary team.shenzhen.shifts.0.days=Mon-Fri,Mon-Sun {SHORT}",
        "seed": f"whatif --seed 4 --replications 1 --vary world.lost_rate=0.01,0.02 {SHORT}",
        "out": f"whatif --replications 2 --out out {SHORT}",
        "again": "whatif out/scenario.toml --json",
    }
    yield Job("whatif", "shipped", shipped)
    for name in OWN:
        steps = {
            "json": f"whatif {name}.toml --json",
            "text": f"whatif {name}.toml --by-marketplace",
            "zh": f"whatif {name}.toml --by-marketplace --lang zh",
            "out": f"whatif {name}.toml --out out --json",
        }
        yield Job("whatif", name, steps, SCENARIOS)
    more = {
        "precision": "whatif shop.toml --precision 0.2 --at-most 4 --json",
        "precision_text": "whatif shop.toml --precision 0.01 --at-most 3",
        "one": "whatif tiny.toml",
        "place_added": "whatif tiny.toml --set marketplace.FR={orders_per_day=9,price={median='9'}} --by-marketplace",
        "two_workers": "whatif shop.toml --json --workers 2",
        "over_a_page": "whatif tiny.toml --replications 12 --json",
        "narrow": "whatif shop.toml --replications 1 --set currency=SEK",
    }
    yield Job("whatif", "options", more, SCENARIOS)
    sensitivity = {
        "text": "whatif tiny.toml --sensitivity --replications 1",
        "json": "whatif tiny.toml --sensitivity --replications 1 --json",
        "zh": "whatif tiny.toml --sensitivity --replications 1 --lang zh --vary team.berlin.agents=1,2",
    }
    for name, command in sensitivity.items():
        yield Job("whatif", f"sensitivity_{name}", {name: command}, SCENARIOS)
    for name, text in documented(root).items():
        steps = {"whatif": f"whatif {name}.toml --replications 1 --json {SHORT}"}
        yield Job("whatif", f"documented_{name}", steps, {f"{name}.toml": text})
    for columns in ("60", "140"):
        steps = {"text": "whatif shop.toml", "zh": "whatif shop.toml --lang zh"}
        yield Job("whatif", f"columns_{columns}", steps, SCENARIOS, {"COLUMNS": columns})


def stress_jobs() -> Iterator[Job]:
    """Yield every stress that is shipped, on a small shop and on the shipped scenario, and one of one's own."""
    for name in STRESSES:
        steps = {
            "json": f"whatif longer.toml --stress {name} --json",
            "shipped": f"whatif --stress {name} --replications 1 --json --vary team.shenzhen.agents=3 "
            "--set 'period.measured=42 d' --set 'period.warm_up=14 d'",
        }
        yield Job("stress", name, steps, SCENARIOS)
    both = {
        "json": "whatif longer.toml --stress flu --stress prime_day --json",
        "text": "whatif longer.toml --stress flu --stress prime_day",
        "zh": "whatif longer.toml --stress flu --stress prime_day --lang zh",
        "own": "whatif longer.toml --stress strike.toml --json",
        "own_text": "whatif longer.toml --stress strike.toml --stress claim_wave --by-marketplace",
        "events": "whatif everything.toml --stress carrier_strike --json",
        "out": "whatif longer.toml --stress flu --out out",
        "unknown": "whatif longer.toml --stress prime_dya",
        "missing": "whatif longer.toml --stress nowhere.toml",
        "no_stress": "whatif longer.toml --stress shop.toml",
    }
    yield Job("stress", "together", both, SCENARIOS)


def report_jobs() -> Iterator[Job]:
    """Yield pages with pictures, in both languages."""
    asked = {
        "shop": "whatif shop.toml",
        "stress": "whatif longer.toml --stress flu --vary team.berlin.agents=1,2",
        "everything": "whatif everything.toml",
        "yen": "whatif yen.toml",
        "staff": "staff shop.toml --replications 2 --at-most 20",
        "sensitivity": "whatif tiny.toml --sensitivity",
        "shipped": f"whatif --replications 1 {SHORT}",
        "orders": "whatif german.toml",
    }
    for name, command in asked.items():
        steps = {lang: f"{command} --report page.{lang}.html --lang {lang}" for lang in ("en", "zh")}
        yield Job("report", name, steps, {**SCENARIOS, **ORDER_FILES} if name == "orders" else SCENARIOS)
    wrong = {"folder": "whatif tiny.toml --report nowhere/page.html", "no_file": "whatif tiny.toml --report ."}
    yield Job("report", "mistakes", wrong, SCENARIOS)


def staff_jobs() -> Iterator[Job]:
    """Yield searches for the cheapest roster."""
    shop = {
        "json": "staff shop.toml --json",
        "text": "staff shop.toml",
        "zh": "staff shop.toml --lang zh",
        "out": "staff shop.toml --out out --json",
        "again": "whatif out/scenario.toml --json",
        "probability": "staff shop.toml --probability 0.5 --replications 3 --seed 3 --json",
        "never": "staff shop.toml --set targets.late_reply_rate=0.0001 --at-most 20",
        "few": "staff shop.toml --at-most 3",
        "two_workers": "staff shop.toml --json --workers 2",
    }
    for group in (("json", "text", "zh"), ("out", "again", "probability"), ("never", "few", "two_workers")):
        yield Job("staff", f"shop_{group[0]}", {name: shop[name] for name in group}, SCENARIOS)
    short = f"staff --replications 2 --at-most 30 {SHORT}"
    yield Job("staff", "shipped", {"json": f"{short} --json", "text": short})
    wrong = {
        "no_staffing": "staff yen.toml",
        "no_scenario": "staff nowhere.toml",
        "replications": "staff shop.toml --replications 1",
        "probability": "staff shop.toml --probability 1",
        "set": "staff shop.toml --set staffing.berlin.mots=3",
    }
    yield Job("staff", "mistakes", wrong, SCENARIOS)


def journal_jobs() -> Iterator[Job]:
    """Yield journals: simulated ones and a small one in which everything happens, and all that reads them."""
    sets = {"shop": "shop.toml", "yen": "yen.toml", "everything": "everything.toml"}
    for name, file in sets.items():
        readings = _readings("run")
        chosen = ("replay_json", "tasks_json", "health", "why_json", "costs_product", "costs_case", "costs")
        steps = {"simulate": f"simulate {file} --csv --out run", **{each: readings[each] for each in chosen}}
        yield Job("journal", name, steps, SCENARIOS)
    yield Job("journal", "small", {**_readings("small"), **_small_steps()}, {**SMALL, "handbook.toml": toml(LABELS)})
    parquet = {
        "simulate": "simulate tiny.toml --out run",
        "replay": "replay run --json",
        "seed": "simulate tiny.toml --out other --csv --seed 9 --replication 2",
        "set": "simulate tiny.toml --out more --csv --set marketplace.DE.channels={FBA=1.0} --set world.lost_rate=0.5",
        "again": "simulate tiny.toml --out run",
        "missing": "simulate nowhere.toml --out next",
        "orders": "simulate german.toml --csv --out german",
        "orders_replay": "replay german --json",
        "orders_costs": "costs german --by product --json",
    }
    yield Job("journal", "written", parquet, {**SCENARIOS, **ORDER_FILES})
    health: dict[str, Document | str] = {
        "report": HEALTH,
        "empty": {"accountStatuses": [], "performanceMetrics": []},
        "unknown": {"weather": "fine"},
        "wrong_kinds": changed(HEALTH, {"accountStatuses": 3, "performanceMetrics/0/lateShipmentRate": "late"}),
        "no_json": "{",
    }
    files = {f"{name}.json": told if isinstance(told, str) else json.dumps(told) for name, told in health.items()}
    steps = {f"{name}_json": f"health {name}.json --json" for name in health}
    steps["report"] = "health report.json"
    yield Job("journal", "health_reports", steps, files)


def _readings(folder: str) -> dict[str, str]:
    """Return every command that reads a journal."""
    steps = {}
    for command in ("replay", "tasks", "health", "costs"):
        steps[command] = f"{command} {folder}"
        steps[f"{command}_json"] = f"{command} {folder} --json"
    steps["why"] = f"health {folder} --why"
    steps["why_json"] = f"health {folder} --why --json"
    steps["on"] = f"health {folder} --on 2026-03-20 --json"
    for by in ("line", "marketplace", "product", "order", "case"):
        steps[f"costs_{by}"] = f"costs {folder} --by {by} --json"
    steps["costs_product_text"] = f"costs {folder} --by product"
    return steps


def _small_steps() -> dict[str, str]:
    """Return what is asked of the small journal beside."""
    names = ("MESSAGE-M", "AUTO-R", "MISSING", "CLAIMED", "REPLACED", "LOSS", "STORED", "CHARGED", "INVOICE", "LOSX")
    cases = {f"case_{name}": f"case small {name}" for name in names}
    documents = {f"case_{name}_json": f"case small {name} --json {NOON}" for name in names}
    own = "--handbook handbook.toml"
    return {
        **cases,
        **documents,
        "tasks_noon": f"tasks small {NOON}",
        "tasks_own": f"tasks small {NOON} {own} --json",
        "tasks_first": "tasks small --until 2026-03-02T17:00Z",
        "replay_own": f"replay small {own} --json",
        "health_early": "health small --on 2026-03-05",
        "health_late": "health small --on 2026-06-05 --why --json",
        "health_twice": f"health small --on 2026-03-05 {NOON}",
        "costs_into": "costs small --into EUR --rate USD=0.9 --rate CNY=0.125",
        "costs_into_json": "costs small --into EUR --rate USD=0.9 --rate CNY=0.125 --json",
        "costs_set": "costs small --set return_label_share=0.5 --json",
        "costs_no_rate": "costs small --into EUR",
        "costs_half_a_rate": "costs small --rate USD",
        "costs_negative_rate": "costs small --rate USD=-1",
        "costs_half_a_value": "costs small --set labour_cost_per_hour",
        "costs_unknown": "costs small --set foo=1 --set return_label_share=3",
        "until": "replay small --until soon",
        "until_no_offset": "replay small --until 2026-03-11T17:00:00",
        "until_before": "replay small --until 2020-01-01T00:00Z --json",
        "by": "costs small --by colour",
        "no_handbook": "tasks small --handbook nowhere.toml",
    }


def order_jobs(root: Path) -> Iterator[Job]:
    """Yield order files in place of synthetic orders: Amazon's, mapped ones, in other currencies, and refused ones."""
    amazon = {
        "json": "whatif --orders all_orders.txt --replications 1 --json --vary team.shenzhen.agents=3",
        "text": "whatif --orders us_orders.txt --replications 1",
        "zh": "whatif --orders us_orders.txt --replications 1 --lang zh --vary team.shenzhen.agents=3",
        "staff": "staff amazon.toml --orders us_orders.txt --at-most 8",
        "simulate": "simulate amazon.toml --orders us_orders.txt --csv --out run",
    }
    sold = {"US": {"orders_per_day": 1, "price": {"median": "1"}}}
    us = changed(SHOP, {**FROM_FILE, "marketplace": sold, "replications": 1})
    files: Files = {**ORDER_FILES, "amazon.toml": toml(us)}
    yield Job("orders", "amazon", amazon, files)
    for name in ("german", "mapped", "tokyo"):
        steps = {
            "json": f"whatif {name}.toml --json",
            "text": f"whatif {name}.toml",
            "moved": f"whatif {name}.toml --json --set orders.move_to=2026-01-05 --set orders.scale=1.5",
            "resampled": f"whatif {name}.toml --json --set orders.resample=true",
        }
        yield Job("orders", name, steps, ORDER_FILES)
    packed = {"whatif": "whatif tokyo.toml --orders packed.csv.gz --json", "scenario": "scenario tokyo.toml --explain"}
    yield Job("orders", "packed", packed, ORDER_FILES)
    for name, text in examples(root).items():
        steps = {
            "json": f"whatif {name}.toml --orders online_retail.csv --replications 1 --json",
            "text": f"whatif {name}.toml --orders online_retail.csv --replications 1 --by-marketplace",
            "missing": f"whatif {name}.toml --replications 1",
            "calibrate": f"calibrate {name}.toml --orders online_retail.csv",
        }
        yield Job("orders", f"example_{name}", steps, {**ORDER_FILES, f"{name}.toml": text})
    wrong: Files = {
        "unknown.csv": "a,b\n1,2\n",
        "semicolons.csv": "InvoiceNo;InvoiceDate;UnitPrice\n1;2;3\n",
        "empty.csv": "",
        "header.csv": "\t".join(REPORT) + "\n",
        "twice.csv": "\t".join([*REPORT, "sku"]) + "\n",
        "picture.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "cut.csv.gz": gzip.compress(yen_orders().encode(), mtime=0)[:-40],
        "none.txt": "\n".join([all_orders(1, 1, 1).splitlines()[0], "x\t" * 13]) + "\n",
        "kept.txt": all_orders(1, 12, 1).replace("Amazon.com", "Amazon.mars"),
    }
    steps = {name.partition(".")[0]: f"whatif --orders {name} --replications 1" for name in wrong}
    steps["missing"] = "whatif --orders nowhere.txt"
    steps["folder"] = "whatif --orders ."
    yield Job("orders", "refused", steps, wrong)
    mappings: dict[str, dict[str, Any]] = {
        "unknown_key": {"orders/colums": {}},
        "no_date": {"orders/columns/purchased_at": GONE},
        "unknown_marketplace": {"orders/values/marketplace": "RFE"},
        "another_currency": {"orders/values/currency": "USD", "orders/columns/currency": GONE},
        "unknown_column": {"orders/columns/prise": "Preis"},
        "header_that_is_missing": {"orders/columns/price": "Prise"},
        "unknown_zone": {"orders/values/zone": "Europe/Berln"},
        "cancelled_column": {"orders/cancelled": {"column": "ordr", "starts_with": "C"}},
        "date_format": {"orders/date_formats": ["%Q"]},
        "price_is": {"orders/price_is": "dozen"},
        "missing_file": {"orders/file": "nowhere.csv"},
        "format_that_is_unknown": {"orders": {"file": "german.csv", "format": "all_ordres"}},
        "format_and_mapping": {"orders/format": "all_orders"},
        "out_of_the_period": {"period/start": date(2030, 1, 7)},
        "scale": {"orders/scale": -1},
        "decimal": {"orders/decimal": "."},
    }
    source = changed(SHOP, {**FROM_FILE, "orders": GERMAN})
    scenarios: Files = {f"{name}.toml": toml(changed(source, changes)) for name, changes in mappings.items()}
    steps = {name: f"whatif {name}.toml --replications 1" for name in mappings}
    yield Job("orders", "refused_mappings", steps, {**scenarios, "german.csv": german_orders()})


FITTED: Document = {
    "file": "run/orders.csv",
    "price_is": "line",
    "columns": {
        "order": "order",
        "purchased_at": "purchased_at",
        "marketplace": "marketplace",
        "price": "price",
        "channel": "channel",
        "delivered_at": "delivered_at",
        "currency": "currency",
    },
    "values": {"zone": "UTC"},
    "channels": {"MFN": "MFN"},
}


def calibrate_jobs() -> Iterator[Job]:
    """Yield numbers that are fitted to files: those of a simulated run, of Amazon's report and of a mapped file."""
    base = changed(SHOP, {"orders": FITTED, "sale_events": False})
    source = changed(SHOP, {"period/measured": "112 d", "period/warm_up": "0 d", "sale_events": False, "variant": GONE})
    tasks = ["kind,seconds", *(f"reply,{120 + number * number % 900}" for number in range(300)), "reply,soon"]
    files: Files = {
        "source.toml": toml(source),
        "base.toml": toml(base),
        "tasks.csv": "\n".join([*tasks, "refund,300", "refund,310"]) + "\n",
        "wrong_tasks.csv": "kind,seconds\nrepyl,20\n",
        "wrong_messages.csv": "order,sendr,sent_at\n",
        "empty.csv": "",
        **{name: content for name, content in ORDER_FILES.items() if name != "online_retail.csv"},
    }
    given = " ".join(f"--{name} run/{name}.csv" for name in ("orders", "returns", "messages", "claims"))
    steps = {
        "simulate": "simulate source.toml --csv --out run",
        "json": f"calibrate base.toml {given} --tasks tasks.csv --json",
        "text": f"calibrate base.toml {given} --tasks tasks.csv",
        "out": f"calibrate base.toml {given} --tasks tasks.csv --out fitted.toml",
        "explain": "scenario fitted.toml --explain --json",
        "whatif": f"whatif fitted.toml --replications 1 --json {SHORT}",
        "exists": f"calibrate base.toml {given} --out fitted.toml",
        "tasks": "calibrate base.toml --tasks tasks.csv",
        "amazon": "calibrate --orders all_orders.txt",
        "amazon_json": "calibrate --orders all_orders.txt --json --out amazon.toml",
        "german": "calibrate german.toml --orders german.csv --json",
        "tokyo": "calibrate tokyo.toml --orders yen.csv",
        "nothing": "calibrate",
        "wrong": "calibrate base.toml --orders run/orders.csv --messages wrong_messages.csv --tasks wrong_tasks.csv",
        "empty": "calibrate base.toml --returns empty.csv --claims nowhere.csv",
    }
    yield Job("calibrate", "run", steps, files)


SHIFT = {"days": "Mon-Fri", "hours": "09:00-18:00"}
EVENT = {"name": "it", "after": "7 d", "lasts": "3 d"}
DE = "marketplace/DE"
TEAM = "team/berlin"
WRONG: dict[str, dict[str, Any]] = {
    "misspelt_key": {"sede": 2},
    "replications": {"replications": 0},
    "duration_without_unit": {"period/measured": "91"},
    "duration_that_is_a_number": {"period/measured": 91},
    "half_days": {"period/measured": "36 h"},
    "year_one": {"period/start": date(1, 1, 1)},
    "start_that_is_a_text": {"period/start": "soon"},
    "channels": {f"{DE}/channels": {"MFN": 0.5, "FBX": 0.25}},
    "weekly": {f"{DE}/weekly": [1, 1, 1]},
    "hourly": {f"{DE}/hourly": [0] * 24},
    "season": {f"{DE}/season": [1, 2]},
    "free": {f"{DE}/price/median": 0},
    "price_that_is_a_float": {f"{DE}/price/median": 24.9},
    "too_many_orders": {f"{DE}/orders_per_day": 1e9},
    "nothing_sold": {"marketplace": {}},
    "unknown_marketplace": {"marketplace/MARS": {"orders_per_day": 1, "price": {"median": "1"}}},
    "marketplace_without_price": {f"{DE}/price": GONE},
    "nobody": {"team": {}, "staffing": GONE},
    "agents_in_quotes": {f"{TEAM}/agents": "3"},
    "too_many_agents": {f"{TEAM}/agents": 10_001},
    "negative_agents": {f"{TEAM}/agents": -1},
    "zone": {f"{TEAM}/zone": "Asia/Nowhere"},
    "holidays": {f"{TEAM}/holidays": "Germany"},
    "serves_what_is_not_sold": {f"{TEAM}/serves": ["DE", "FR"]},
    "nobody_serves": {"marketplace/FR": {"orders_per_day": 1, "price": {"median": "9"}}, f"{TEAM}/serves": ["DE"]},
    "break_outside": {f"{TEAM}/shifts": [{**SHIFT, "breaks": ["17:30-18:30"]}]},
    "hours": {f"{TEAM}/shifts": [{"days": "Mon-Fri", "hours": "9-18"}]},
    "hours_of_no_length": {f"{TEAM}/shifts": [{"days": "Mon-Fri", "hours": "09:00-09:00"}]},
    "hour_25": {f"{TEAM}/shifts": [{"days": "Mon-Fri", "hours": "09:00-25:00"}]},
    "days": {f"{TEAM}/shifts": [{"days": "Mon-Fry", "hours": "09:00-18:00"}]},
    "no_shifts": {f"{TEAM}/shifts": []},
    "until_before_since": {f"{TEAM}/shifts": [{**SHIFT, "since": date(2026, 4, 1), "until": date(2026, 3, 1)}]},
    "shift_tasks": {f"{TEAM}/shifts": [{**SHIFT, "tasks": ["repyl"]}]},
    "tasks_that_nobody_does": {f"{TEAM}/shifts": [{**SHIFT, "tasks": ["reply"]}]},
    "languages_that_nobody_speaks": {f"{TEAM}/shifts": [{**SHIFT, "languages": ["ja"]}]},
    "absence": {f"{TEAM}/absence": 1.5},
    "cost": {f"{TEAM}/cost_per_hour": 24.5},
    "handling_kind": {"handling/replies": {"mean": "3 min"}},
    "handling_cv": {"handling/reply/cv": 101},
    "handling_shape": {"handling/reply/shape": "triangle"},
    "handling_unit": {"handling/reply/mean": "8 minutes"},
    "unknown_parameter": {"world": {"message_rat": 0.1}},
    "parameter_out_of_range": {"world": {"message_rate": 1.5}},
    "parameter_that_is_a_text": {"world": {"message_rate": "often"}},
    "target_in_percent": {"targets/late_reply_rate": 10},
    "unknown_target": {"targets/order_defect_rat": 0.01},
    "currency": {"currency": "EURO"},
    "work_order": {"work_order": "dedline"},
    "preset": {"presets": ["seed_all_seller"]},
    "handbook_missing": {"handbook": "nowhere.toml"},
    "order_file_missing": {"orders": {"file": "nowhere.csv"}},
    "order_key": {"orders": {"file": "f.csv", "colums": {}}},
    "order_mapping": {"orders": {"file": "f.csv", "columns": {"order": "No", "price": "Sum"}, "values": {}}},
    "variant_without_changes": {"variant": [{"name": "more"}]},
    "variant_path": {"variant": [{"name": "more", "set": {"team.berlin.agnets": 2}}]},
    "variant_value": {"variant": [{"name": "more", "set": {"team.berlin.agents": "two"}}]},
    "variant_name_twice": {"variant": [{"name": "more", "set": {}}, {"name": "more", "set": {}}]},
    "variant_of_another_seed": {"variant": [{"name": "more", "set": {"seed": 2}}]},
    "event_start_and_after": {"event": [{**EVENT, "start": date(2026, 3, 2)}]},
    "event_half_days": {"event": [{**EVENT, "after": "36 h"}]},
    "event_no_days": {"event": [{**EVENT, "lasts": "0 d"}]},
    "event_orders": {"event": [{**EVENT, "orders": 5000.0}]},
    "event_factor": {"event": [{**EVENT, "factors": {"lost_rat": 2.0}}]},
    "event_world": {"event": [{**EVENT, "world": {"lost_rate": 2.0}}]},
    "event_team": {"event": [{**EVENT, "teams": ["shenzhen"]}]},
    "event_category": {"event": [{**EVENT, "categories": ["general", "sheos"]}]},
    "event_absent": {"event": [{**EVENT, "absent": 1.5}]},
    "event_rule": {"event": [{**EVENT, "rules": {"first_repl": 12}}]},
    "event_marketplace": {"event": [{**EVENT, "marketplaces": ["FR"]}]},
    "category_that_is_not_sold": {f"{DE}/category": {"gadget": {"factors": {"mesage_rate": 2.0}}}},
    "shares_of_categories": {f"{DE}/categories": {"a": 0.5, "b": 0.6}},
    "staffing_team": {"staffing": {"paris": {"most": 2, "pattern": {"week": SHIFT}}}},
    "staffing_without_patterns": {"staffing/berlin/pattern": {}},
    "staffing_of_nobody": {"staffing/berlin/most": 0},
    "staffing_agents": {"staffing/berlin/pattern/week": {**SHIFT, "agents": 2}},
    "many": {
        f"{TEAM}/zone": "Asia/Nowhere",
        "period/measured": 91,
        "world": {"lost_rate": 2},
        "handling/apeal": {"mean": "1 min"},
    },
    "no_tables": {"marketplace": 3, "period": 4, "team": GONE, "handling": GONE, "staffing": GONE},
}
BROKEN_TEXTS: dict[str, Content] = {
    "half_a_line": "name = ",
    "two_values": 'name = "a"\nname = "b"\n',
    "open_table": "[[variant]\n",
    "nothing": "",
    "no_text": b"\xff\xfe\x00name",
}
HANDBOOKS: dict[str, str] = {
    "unknown_name": toml({"rule": [deadline("frist_reply", ["*"], "wall_hours", 1, "buyer_message", "late")]}),
    "coffee": toml({"rule": [deadline("coffee", ["*"], "wall_hours", 1, "buyer_message", "late")]}),
    "of_the_marketplace": toml(
        {"rule": [{"name": "handled_by_marketplace", "marketplaces": ["*"], "value": True, **MADE}]}
    ),
    "overlap": toml(
        {"rule": [deadline("first_reply", ["*"], "wall_hours", hours, "buyer_message", "late") for hours in (6, 12)]}
    ),
    "expiry": toml({"rule": [deadline("first_reply", ["*"], "wall_hours", 24, "buyer_message", "claim_granted")]}),
    "metric": toml({"metric": [{"name": "claims_rate", "marketplaces": ["*"], "amount": 30, "target": "0.1", **MADE}]}),
    "no_toml": "[[rule]\n",
    "empty": "",
    "stricter": toml({"rule": [deadline("first_reply", ["*"], "wall_hours", 6, "buyer_message", "late")]}),
    "one_marketplace": toml({"rule": [deadline("first_reply", ["US"], "wall_hours", 12, "buyer_message", "late")]}),
}
ARGUMENTS = {
    "vary_values": "whatif shop.toml --vary team.berlin.agents=2,x --vary world.lost_rate=0.1,2",
    "vary_twice": "whatif shop.toml --vary team.berlin.agents=2 --vary team.berlin.agents=3",
    "vary_the_same": "whatif shop.toml --vary team.berlin.agents=2,2",
    "vary_seed": "whatif shop.toml --vary seed=1,2",
    "vary_key": "whatif shop.toml --vary team.berlin.agnets=1,2",
    "vary_team": "whatif shop.toml --vary team.berln.agents=1,2",
    "vary_number": "whatif shop.toml --vary team.berlin.shifts.1.days=Mon",
    "vary_inside": "whatif shop.toml --vary team.berlin.agents.0=1",
    "vary_hours": "whatif shop.toml --vary marketplace.DE.hourly.3=1",
    "vary_world": "whatif shop.toml --vary world.lost_rat=0.1",
    "vary_handling": "whatif shop.toml --vary handling.repl=1",
    "vary_period": "whatif shop.toml --vary period.end=1",
    "set_two": "whatif shop.toml --set team.berlin.agents=2,3 --set seed=x",
    "set_no_value": "whatif shop.toml --set seed=",
    "set_no_path": "whatif shop.toml --set =4",
    "set_no_assignment": "whatif shop.toml --set agents",
    "set_comma": "whatif shop.toml --set seed=4,,6",
    "set_empty": "whatif shop.toml --set ''",
    "set_nothing_like_it": "whatif shop.toml --set xyz=4",
    "set_marketplace": "whatif shop.toml --set marketplace.MARS={orders_per_day=1,price={median='9'}}",
    "missing": "whatif nowhere.toml",
    "folder": "whatif .",
    "stress": "whatif shop.toml --stress chrismas",
    "replications": "whatif shop.toml --replications 0",
    "precision": "whatif shop.toml --precision 2",
    "lang": "whatif shop.toml --lang fr",
    "lang_zh": "whatif nowhere.toml --lang zh",
    "out_exists": "whatif shop.toml --out .",
    "workers": "whatif shop.toml --workers 0",
    "seed": "whatif shop.toml --seed -1",
    "simulate": "simulate shop.toml --out run --replication 0",
    "simulate_set": "simulate shop.toml --out run --set team.berlin.agnets=1",
    "scenario": "scenario nowhere.toml",
    "staff_missing": "staff nowhere.toml",
    "costs": "costs nowhere",
    "case": "case nowhere X",
}


def refusal_jobs() -> Iterator[Job]:
    """Yield scenarios, arguments, handbooks and journals that are refused, with all that is wrong with them."""
    for name, changes in WRONG.items():
        files: Files = {"bad.toml": toml(changed(SHOP, changes))}
        steps = {"whatif": "whatif bad.toml --replications 1"}
        yield Job("refusals", f"scenario_{name}", steps, files)
    for name, text in BROKEN_TEXTS.items():
        yield Job("refusals", f"text_{name}", {"whatif": "whatif bad.toml"}, {"bad.toml": text})
    stresses: dict[str, dict[str, Any]] = {
        "unknown_key": {"event/0/lsats": "3 d"},
        "no_event": {"event": GONE},
        "marketplace": {"event/0/marketplaces": ["FR"]},
        "parameter": {"event/0/world": {"late_delivery_rat": 0.6}},
    }
    scenario = {"shop.toml": toml(TINY)}
    for name, changes in stresses.items():
        files = {**scenario, "bad.toml": toml(changed(STRIKE, changes))}
        yield Job("refusals", f"stress_{name}", {"whatif": "whatif shop.toml --stress bad.toml"}, files)
    yield Job("refusals", "arguments", ARGUMENTS, {"shop.toml": toml(SHOP)})
    for name, text in HANDBOOKS.items():
        steps = {
            "tasks": f"tasks small {NOON} --handbook own.toml",
            "whatif": "whatif shop.toml",
        }
        files = {**SMALL, "own.toml": text, "shop.toml": toml({**TINY, "handbook": "own.toml"})}
        yield Job("refusals", f"handbook_{name}", steps, files)
    for name, files in broken_journals().items():
        steps = {"replay": "replay small"}
        yield Job("refusals", f"journal_{name}", steps, files)


def scaffold_jobs() -> Iterator[Job]:
    """Yield plugins that the program begins: what it writes, and that it works."""
    steps = {
        "new": "plugins new corner_shop",
        "list": "plugins",
        "show": "plugins show corner_shop",
        "check": "plugins check corner_shop",
        "rules": "rules CORNER_SHOP --on 2026-03-02",
        "whatif": "whatif corner_shop/scenario.toml --replications 1 --json",
        "again": "plugins new corner_shop",
    }
    about = ABOUT.replace("aftersale-shop", "aftersale-corner-shop")
    library = installed("corner_shop", "aftersale_corner_shop", "aftersale-corner-shop", about)
    source = {"PYTHONPATH": "corner_shop/src"}
    yield Job("scaffold", "corner_shop", steps, environment=source, library=library)
    place = "--folder desk --marketplace 'Café «24»' --country JP --currency JPY --zone Asia/Tokyo"
    yield Job("scaffold", "tokyo", {"new": f"plugins new ticket_desk {place}"})
    wrong = {
        "hyphen": "plugins new corner-shop",
        "capital": "plugins new Shop",
        "keyword": "plugins new class",
        "taken": "plugins new taken",
        "nowhere": "plugins new shop --folder a/b",
        "quote": "plugins new shop --marketplace 'a\"b'",
        "zone": "plugins new shop --zone Asia/Nowhere",
        "country": "plugins new shop --country XX --currency XYZ",
        "many": "plugins new 'my shop' --country XX --zone Mars/Base --folder no/where",
    }
    yield Job("scaffold", "mistakes", wrong, {"taken/file": ""})


PARTS = (
    "help",
    "rules",
    "plugins",
    "mistakes",
    "scenarios",
    "whatif",
    "stress",
    "report",
    "staff",
    "journal",
    "orders",
    "calibrate",
    "refusals",
    "scaffold",
)


def all_jobs(root: Path, asked: Callable[..., str]) -> dict[str, Callable[[], Iterator[Job]]]:
    """Return what makes the jobs of each part; `asked` answers with what a command prints."""
    return {
        "help": lambda: help_jobs(asked),
        "rules": rule_jobs,
        "plugins": plugin_jobs,
        "mistakes": mistake_jobs,
        "scenarios": lambda: scenario_jobs(root),
        "whatif": lambda: whatif_jobs(root),
        "stress": stress_jobs,
        "report": report_jobs,
        "staff": staff_jobs,
        "journal": journal_jobs,
        "orders": lambda: order_jobs(root),
        "calibrate": calibrate_jobs,
        "refusals": refusal_jobs,
        "scaffold": scaffold_jobs,
    }


# --- running ---

LEFT_OUT = ("AFTERSALE_", "PYTHON", "COLUMNS", "LINES", "FORCE_COLOR", "CLICOLOR", "LC_", "COVERAGE_", "PYTEST_")
FIXED = {
    "COLUMNS": "100",
    "LINES": "40",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONSAFEPATH": "1",
    "POLARS_MAX_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def _outside() -> dict[str, str]:
    """Return the environment that every command has."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    return {**kept, **FIXED}


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    returncode: int
    stdout: bytes
    stderr: bytes


class Stage:
    """A process with the libraries loaded, of which commands are children."""

    def __init__(self, work: Path) -> None:
        """Start it; what its children say goes through files below `work`."""
        command = [sys.executable, str(Path(__file__).resolve()), SERVE]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=_outside(), stdin=pipe, stdout=pipe, text=True, cwd=work)
        self._said = (work / f"{self._process.pid}.out", work / f"{self._process.pid}.err")

    def run(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
        """Run a command in a folder."""
        asked = [list(words), str(folder), dict(environment), [str(path) for path in self._said]]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Ended(code, *(path.read_bytes() for path in self._said))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


SERVE = "--serve"
LIBRARIES = ("attrs", "cattrs", "click", "holidays", "numpy", "pluggy", "polars", "rich.table", "simpy", "tomli")


def serve() -> None:
    """Run commands that are asked for line by line, each in a child of this process, and answer with how they ended."""
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        words, folder, environment, said = json.loads(line)
        child = os.fork()
        if not child:
            signal.alarm(PATIENCE)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            for number, path in enumerate((os.devnull, *said)):
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
                os.dup2(os.open(path, flags), number)
            sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
            sys.argv[:] = ["aftersale", *words]
            runpy.run_module("aftersale", run_name="__main__", alter_sys=True)
            return
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(code, flush=True)


@dataclass
class Runner:
    """Runs jobs in folders of a temporary one, and writes what is seen below a directory."""

    directory: Path
    work: Path
    root: Path
    alone: bool
    stages: Queue[Stage] = field(default_factory=Queue)
    given: str = ""

    def asked(self, *words: str) -> str:
        """Return what a command prints, outside of any job."""
        return self._run(words, self.work, {}).stdout.decode()

    def learn(self) -> None:
        """Let the program write a plugin, and keep how its module imports what reads a plugin's data."""
        self.asked("plugins", "new", "begun", "--folder", "begun")
        sources = [path.read_text(encoding="utf-8") for path in sorted((self.work / "begun" / "src").rglob("*.py"))]
        self.given = "".join(loaders(source) for source in sources if "AFTERSALE_API" in source)

    def run(self, job: Job) -> int:
        """Run the steps of a job, and return how many there were."""
        folder = self.work / job.part / job.name / "here"
        library = folder.parent / "library"
        self._write(folder, job.files)
        if job.library:
            needed = {} if "stores/__init__.py" in job.library else _uninstalled(STORES)
            self._write(library, {"given.py": self.given, **needed, **job.library})
        more = job.environment.get("PYTHONPATH")
        paths = [str(library), *([str(folder / more)] if more else [])]
        environment = {**job.environment, "PYTHONPATH": os.pathsep.join(paths)}
        for name, command in job.steps.items():
            self._step(self.directory / job.part / job.name / name, shlex.split(command), folder, environment)
        return len(job.steps)

    def _step(self, place: Path, words: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        heavy = words[:1] in (["whatif"], ["staff"]) and not {"--workers", "--dask", "--help", "-h"} & set(words)
        words = [*words, "--workers", "1"] if heavy else words
        before = self._seen(folder)
        ended = self._run(words, folder, environment)
        after = self._seen(folder)
        place.mkdir(parents=True)
        said = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
        told = [*(f"{name}={shlex.quote(value)}" for name, value in said.items()), "aftersale", shlex.join(words)]
        gone = [f"gone: {name}\n" for name in sorted(before.keys() - after.keys())]
        text = f"$ {' '.join(told).rstrip()}\nexit {ended.returncode}\n{''.join(gone)}"
        (place / "run").write_text(text, encoding="utf-8")
        for name, content in (("stdout", ended.stdout), ("stderr", ended.stderr)):
            if cleaned := self._cleaned(content):
                (place / name).write_bytes(cleaned)
        for name, content in after.items():
            if before.get(name) != content:
                target = place / "files" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self._cleaned(content))

    def _run(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
        env = {**_outside(), **environment}
        if self.alone or ("--workers" in words and words[-1] != "1"):
            command = [sys.executable, "-m", "aftersale", *words]
            ended = subprocess.run(
                command, cwd=folder, env=env, capture_output=True, check=False, stdin=subprocess.DEVNULL
            )
            return Ended(ended.returncode, ended.stdout, ended.stderr)
        stage = self.stages.get()
        try:
            return stage.run(words, folder, env)
        finally:
            self.stages.put(stage)

    @staticmethod
    def _write(folder: Path, files: Mapping[str, Content]) -> None:
        folder.mkdir(parents=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    @staticmethod
    def _seen(folder: Path) -> dict[str, bytes]:
        found = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}

    def _cleaned(self, content: bytes) -> bytes:
        """Return a content without what differs from run to run, and without large libraries."""
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}\n".encode()
        for path, name in ((self.work, "{work}"), (self.root, "{checkout}"), (Path(sys.prefix), "{python}")):
            text = text.replace(str(path), name)
        text = re.sub(r"(<script[^>]*>)(.*?)(</script>)", _elided, text, flags=re.DOTALL)
        text = re.sub(r"^slow: .*\n", "", text, flags=re.MULTILINE)
        return re.sub(r" at 0x[0-9a-f]+", " at 0x…", text).encode()


def _elided(found: re.Match[str]) -> str:
    begins, script, ends = found.groups()
    if len(script) < LIBRARY:
        return found[0]
    return f"{begins}/* {len(script)} characters, sha256 {hashlib.sha256(script.encode()).hexdigest()} */{ends}"


def belongs(root: Path) -> bool:
    """Tell whether the installed program is that of the checkout, or a copy in the environment of this Python."""
    found = importlib.util.find_spec("aftersale")
    origin = Path(found.origin).resolve() if found and found.origin else Path("/")
    return any(origin.is_relative_to(place) for place in (root, Path(sys.prefix).resolve()))


def main() -> None:
    """Run the parts that are asked for, by default all of them."""
    parser = argparse.ArgumentParser(description="Write all that the program says and writes to plain files.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout; by default that of this script")
    parser.add_argument("--alone", action="store_true", help="start every command by itself, which takes longer")
    options = parser.parse_args()
    root = options.root.resolve()
    if not belongs(root):
        parser.error(f"the installed program is not that of {root}")
    for part in options.only:
        shutil.rmtree(options.directory / part, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(THREADS) as pool:
        alone = options.alone or not hasattr(os, "fork")
        runner = Runner(options.directory.resolve(), Path(temporary).resolve(), root, alone)
        stages = [] if alone else [Stage(runner.work) for _ in range(THREADS)]
        for stage in stages:
            runner.stages.put(stage)
        runner.learn()
        made = all_jobs(root, runner.asked)
        for part in options.only:
            began = datetime.now(UTC)
            jobs = list(made[part]())
            steps = sum(pool.map(runner.run, jobs))
            print(f"{part}: {len(jobs)} jobs, {steps} commands, {(datetime.now(UTC) - began).seconds} s", flush=True)
        for stage in stages:
            stage.close()


if __name__ == "__main__":
    serve() if sys.argv[1:] == [SERVE] else main()
