"""Factories: ready-made orders, facts and plugins; every argument changes one thing about the default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from attrs import evolve

from aftersale.cases.facts import Fact
from aftersale.channels import WORD_OF
from aftersale.clocks import DAY, Instant, instant
from aftersale.engine.docket import Docket
from aftersale.hookspecs import AFTERSALE_API, hookimpl
from aftersale.order_columns import Orders
from aftersale.orders import NEVER, NOBODY, UNTOLD, Order
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.rules import load_rules

MONDAY: Instant = instant("2026-03-02T09:00:00+00:00")
"""A Monday morning without a holiday or a clock change near it."""


def order(id: str = "O-1", marketplace: str = "REF", **changes: Any) -> Order:
    """Return an order of 25.00 EUR bought on MONDAY, promised within five days and delivered in four."""
    purchased_at = changes.pop("purchased_at", MONDAY)
    defaults: dict[str, Any] = {
        "channel": WORD_OF["seller"],
        "price": 2500,
        "currency": "EUR",
        "category": "general",
        "promised_at": purchased_at + 5 * DAY,
        "delivered_at": purchased_at + 4 * DAY,
    }
    return Order(id, marketplace, purchased_at, **{**defaults, **changes})


def orders(*sold: Order) -> Orders:
    """Return these orders as columns, sorted by purchase."""
    rows = sorted(sold, key=lambda row: row.purchased_at)
    currencies = {row.marketplace: row.currency for row in rows}
    channels, categories = sorted({row.channel for row in rows}), sorted({row.category for row in rows})
    places = list(currencies)
    buyers = list(dict.fromkeys(row.buyer for row in rows if row.buyer))
    return Orders(
        places,
        list(currencies.values()),
        channels,
        categories,
        [row.id for row in rows],
        np.array([places.index(row.marketplace) for row in rows], np.int16),
        np.array([row.purchased_at for row in rows], np.int64),
        np.array([channels.index(row.channel) for row in rows], np.int8),
        np.array([categories.index(row.category) for row in rows], np.int16),
        np.array([row.price for row in rows], np.int64),
        np.array([NEVER if row.promised_at is None else row.promised_at for row in rows], np.int64),
        np.array([NEVER if row.delivered_at is None else row.delivered_at for row in rows], np.int64),
        np.array([row.cross_border for row in rows], np.bool_),
        np.array([row.exempt for row in rows], np.bool_),
        buyer=np.array([buyers.index(row.buyer) + 1 if row.buyer else NOBODY for row in rows], np.int64),
        buyers=buyers,
        landed_cost=np.array([UNTOLD if row.landed_cost is None else row.landed_cost for row in rows], np.int64),
    )


def fact(kind: str = "buyer_message", at: Instant = MONDAY + 5 * DAY, **changes: Any) -> Fact:
    """Return a fact about case C-1 of order O-1, known at once unless `known_at` says otherwise."""
    defaults: dict[str, Any] = {"marketplace": "REF", "order": "O-1", "case": "C-1", "known_at": at}
    return Fact(kind, occurred_at=at, **{**defaults, **changes})


def plugin(name: str = "made_up", api: int | None = AFTERSALE_API, **members: Any) -> ModuleType:
    """Return a plugin module with these members; functions named like hooks are marked as hooks."""
    module = ModuleType(name)
    if api is not None:
        members["AFTERSALE_API"] = api
    for key, member in members.items():
        setattr(module, key, _mark_hook(key, member))
    return module


def docket(*names: str, extra: Mapping[str, ModuleType] | None = None) -> Docket:
    """Return an empty docket under the installed plugins of these names, and under modules that are not installed.

    Raises PluginError for broken ones.
    """
    return Docket(load_plugins(names, extra).policies())


def stores(zones: Mapping[str, str]) -> ModuleType:
    """Return a plugin with marketplaces of these names in these zones, under the rules of the reference plugin."""
    reference = "aftersale.testing.reference"
    template = next(marketplace for marketplace in load_marketplaces(reference) if marketplace.name == "REF")
    rules = [rule for rule in load_rules(reference) if rule.marketplace == template.name]
    return plugin(
        "stores",
        aftersale_marketplaces=lambda: [
            evolve(template, name=name, id=name, zone=zone, sales_channels=()) for name, zone in zones.items()
        ],
        aftersale_rules=lambda: [evolve(rule, marketplace=name) for name in zones for rule in rules],
    )


def _mark_hook(key: str, member: Any) -> Any:
    function: Callable[..., Any] = member
    unmarked = callable(member) and not hasattr(member, "aftersale_impl")
    return hookimpl(function) if unmarked and key.startswith("aftersale_") else member
