"""What must hold among the three Amazon plugins when they are installed side by side."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tomli

import aftersale_amazon_eu
import aftersale_amazon_jp
import aftersale_amazon_na
from aftersale.reports.orders.formats import load_formats, merge_formats
from aftersale.reports.orders.headers import find_format
from aftersale.reports.orders.reading import read_orders
from aftersale.rules import RuleSet

pytestmark = pytest.mark.plugins
PLUGINS = (aftersale_amazon_na, aftersale_amazon_eu, aftersale_amazon_jp)
STORES = [store for plugin in PLUGINS for store in plugin.aftersale_marketplaces()]
RULES = RuleSet(rule for plugin in PLUGINS for rule in plugin.aftersale_rules())
NAMES = (
    "appeal", "auto_authorise", "first_reply", "information_request", "order_defect_rate",
    "refund_after_receipt", "return_decision", "return_window", "silence",
)  # fmt: skip
HEADER = [
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "order-channel",
    "ship-service-level",
    "product-name",
    "sku",
    "asin",
    "item-status",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "promotion-ids",
    "cpf",
    "is-business-order",
    "purchase-order-number",
    "price-designation",
]


def test_no_two_plugins_claim_the_same_store_id_or_sales_channel() -> None:
    for claimed in (
        [store.name for store in STORES],
        [store.id for store in STORES],
        [channel for store in STORES for channel in store.sales_channels],
    ):
        assert [what for what, times in Counter(claimed).items() if times > 1] == []
    assert len(STORES) == 15


def test_every_store_has_rules_and_every_rule_has_a_store() -> None:
    assert RULES.marketplaces == tuple(sorted(store.name for store in STORES))


@pytest.mark.parametrize("marketplace", [store.name for store in STORES])
def test_each_question_has_exactly_one_general_answer_on_every_day(marketplace: str) -> None:
    turns = RULES.turns(marketplace)
    for day in (*turns, *(turn - timedelta(days=1) for turn in turns)):
        rulebook = RULES.rulebook(marketplace, day)
        general = Counter(
            (rule.name, rule.channel, rule.amount if rule.kind == "metric" else None)
            for rule in rulebook.rows
            if not rule.when.weight
        )
        assert set(general.values()) == {1}, day
        assert {name for name, *_ in general} >= set(NAMES), day


def test_the_plugins_speak_of_the_same_facts() -> None:
    starts = {(rule.name, rule.starts) for rule in RULES.history()}
    assert [name for name, times in Counter(name for name, _ in starts).items() if times > 1] == []


def _all_orders(plugin: ModuleType) -> dict[str, Any]:
    data = tomli.loads((files(plugin.__name__) / "formats.toml").read_text(encoding="utf-8"))
    (found,) = (entry for entry in data["orders"] if entry["name"] == "all_orders")
    return dict(found)


def test_the_plugins_read_the_all_orders_report_in_the_same_way_but_for_its_encodings() -> None:
    first, *others = ({**_all_orders(plugin), "encodings": None} for plugin in PLUGINS)
    assert others == [first, first]


def test_the_columns_they_ask_for_are_in_the_report_and_its_header_has_all_that_they_require() -> None:
    found = _all_orders(PLUGINS[0])
    # The report names a buyer by the tax number of some countries alone; other columns are joined in by sellers.
    buyers = found["columns"].pop("buyer")
    assert [header for header in buyers if header in HEADER] == ["cpf"]
    assert buyers[0] == "buyer-email"
    assert set(found["columns"].values()) <= set(HEADER)
    assert set(found["required"]) == set(found["columns"].values()) - {"item-status", "item-promotion-discount"}
    assert found["columns"] == {
        "order": "amazon-order-id",
        "purchased_at": "purchase-date",
        "marketplace": "sales-channel",
        "channel": "fulfillment-channel",
        "status": "order-status",
        "item_status": "item-status",
        "sku": "sku",
        "quantity": "quantity",
        "currency": "currency",
        "price": "item-price",
        "discount": "item-promotion-discount",
    }
    assert found["channels"] == {"Amazon": "FBA", "Merchant": "MFN", "AFN": "FBA", "MFN": "MFN"}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.__name__)
def test_the_core_can_load_each_plugin_s_formats(plugin: ModuleType) -> None:
    assert [known.name for known in load_formats(plugin.__name__)] == ["all_orders"]


def _report(*rows: dict[str, str]) -> str:
    lines = ["\t".join(HEADER), *("\t".join(row.get(word, "") for word in HEADER) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(order: str, channel: str, currency: str, price: str, **told: str) -> dict[str, str]:
    row = {
        "amazon-order-id": order,
        "purchase-date": "2025-08-01T10:00:00+00:00",
        "order-status": "Shipped",
        "item-status": "Shipped",
        "fulfillment-channel": "Merchant",
        "sales-channel": channel,
        "sku": "A",
        "quantity": "2",
        "currency": currency,
        "item-price": price,
    }
    return row | {word.replace("_", "-"): text for word, text in told.items()}


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_one_all_orders_report_of_three_regions_is_read_by_what_the_plugins_say(tmp_path: Path, encoding: str) -> None:
    text = _report(
        _row("1", "Amazon.com", "USD", "24.90"),
        _row("2", "Amazon.co.uk", "GBP", "19.99", fulfillment_channel="Amazon"),
        _row("3", "Amazon.co.jp", "JPY", "2480", product_name="折りたたみ傘"),
        _row("4", "Amazon.de", "EUR", "9.99", order_status="Cancelled"),
        _row("5", "Amazon.de", "EUR", "9.99", item_status="Cancelled"),
        _row("6", "Non-Amazon", "EUR", ""),
        _row("7", "Amazon.de", "USD", "9.99"),
    )
    path = tmp_path / "orders.txt"
    path.write_bytes(text.encode(encoding))
    formats = merge_formats((plugin.__name__, form) for plugin in PLUGINS for form in load_formats(plugin.__name__))
    found = read_orders(path, find_format(path, formats), {store.name: store for store in STORES})
    orders = [found.orders.order(index) for index in range(len(found.orders))]
    assert [(order.id, order.marketplace, order.channel, order.price, order.currency) for order in orders] == [
        ("1", "US", "MFN", 2490, "USD"),
        ("2", "UK", "FBA", 1999, "GBP"),
        ("3", "JP", "MFN", 2480, "JPY"),
    ]
    assert (found.encoding, found.rows_skipped) == ({"utf-8": "utf-8-sig"}.get(encoding, encoding), 3)
    assert [row.line for row in found.rejected] == [8]
