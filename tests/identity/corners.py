"""Corners: scenarios of a few orders each, of what those made at random seldom come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
from attrs import field, frozen
from identity_runs import plugins
from scenarios import Document

from aftersale.clocks import DAY, HOUR, MINUTE, start_of_day
from aftersale.order_columns import Orders
from aftersale.orders import NEVER
from aftersale.plugin import hookimpl
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import hostile, plugin, reference
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

START = date(2026, 3, 9)
LOOKING_ON = ("aftersale_fact_recorded", "aftersale_deadline_missed", "aftersale_case_closed")
NIGHTS: Document = {"zone": "Atlantic/Azores", "shifts": [{"days": "Mon-Sun", "hours": "00:00-08:00"}]}
DESK: Document = {
    "name": "a help desk beside a store",
    "currency": "EUR",
    "period": {"start": START, "measured": "28 d", "warm_up": "7 d"},
    "marketplace": {
        "Ørsted 24/7": {"orders_per_day": 20.0, "price": {"median": "25"}},
        "kiribati": {"orders_per_day": 20.0, "price": {"median": "2500"}},
        "REF": {"orders_per_day": 20.0, "price": {"median": "25"}, "cross_border": 0.3},
    },
    "team": {"desk": {"zone": "Asia/Shanghai", "agents": 2, "shifts": [{"days": "Mon-Sun", "hours": "09:00-13:00"}]}},
    "handling": {"answer_ticket": {"mean": "10 min"}},
    "world": {"message_rate": 0.3, "return_rate": 0.3},
}


@frozen
class Corner:
    """A scenario, with its orders where they are not made, and with plugins where these are not those of the others."""

    document: Document
    orders: Orders | None = None
    plugins: Plugins = field(factory=plugins)

    def resolved(self) -> ResolvedScenario:
        """Return what it means."""
        return resolve(parse_scenario(self.document, "a corner", vocabulary(self.plugins)), self.plugins)


def _document(places: Mapping[str, Document], team: Document, world: Mapping[str, float], **more: Any) -> Document:
    return {
        "name": "a corner",
        "currency": "EUR",
        "period": {"start": START, "measured": "9 d", "warm_up": "0 d"},
        "marketplace": places,
        "team": {"desk": {"agents": 1, **team}},
        "handling": {"reply": {"mean": "5 min"}},
        "world": world,
        **more,
    }


def corners() -> Iterator[tuple[str, Corner]]:
    """Yield all of them with what each is about."""
    yield "deadlines end as a shift, a day and a look begin", midnight()
    yield "orders of one instant, whose names begin with one another", crowd()
    yield "tasks go as a deadline ends a microsecond before an account is looked at", crowd(24, 2.0, "HOWE")
    yield "the first case of all is declined after the window in which it was opened", alone()
    yield "tasks are done as the accounts of two marketplaces are looked at", evenings()
    yield "plugins decide on returns", deciding()
    yield "a plugin fails on returns", failing()


def midnight() -> Corner:
    """Deadlines that end with the day at a marketplace where work, a day and a look at the account begin with it."""
    sales = {"orders_per_day": 12.0, "price": {"median": "2500"}, "cross_border": 1.0}
    world = {
        "pledge_rate": 0.7,
        "return_rate": 0.7,
        "return_lag_days": 0.5,
        "message_rate": 0.6,
        "account_look_days": 1.0,
    }
    none = {"mean": "0 min", "shape": "fixed"}
    tasks = ("reply", "decide_return", "keep_pledge", "grant_wish", "send_label")
    return Corner(_document({"AZORES": sales}, NIGHTS, world, handling=dict.fromkeys(tasks, none)))


def alone() -> Corner:
    """One order, sent back hours before its window ends, on which somebody decides hours after that."""
    bought = np.array([start_of_day(START, "UTC") + 6 * HOUR], np.int64)
    no = np.zeros(1, np.bool_)
    zero = np.zeros(1, np.int16)
    orders = Orders(
        marketplaces=("HOWE",),
        currencies=("EUR",),
        channels=("MFN",),
        categories=("home",),
        ids=["1"],
        marketplace=zero,
        purchased_at=bought,
        channel=zero.astype(np.int8),
        category=zero,
        price=np.array([5000], np.int64),
        promised_at=bought + 2 * DAY,
        delivered_at=bought + DAY,
        cross_border=no,
        exempt=no,
    )
    late = {"overrides": ["return_request"], "share": 1.0, "delay_days": 3.9, "sigma": 0.0}
    team = {"zone": "UTC", "shifts": [{"days": "Mon-Sun", "hours": "00:00-24:00"}]}
    world = {"return_authorised_rate": 0.0, "partial_offer_rate": 0.0, "claim_rate_declined": 0.0}
    work = {"decide_return": {"mean": "5 h", "shape": "fixed"}}
    more: Document = {"orders": {"file": "orders.csv"}, "reaction": [late], "handling": work}
    return Corner(_document({"HOWE": {"orders_per_day": 1.0, "price": {"median": "50"}}}, team, world, **more), orders)


def evenings() -> Corner:
    """Tasks that are done as the day ends at two marketplaces of one zone."""
    sales = {"orders_per_day": 8.0, "price": {"median": "22"}}
    world = {"message_rate": 1.0, "account_look_days": 1.0, "late_delivery_rate": 0.3, "claim_rate_late": 0.5}
    team = {"zone": "Europe/Berlin", "agents": 5, "shifts": [{"days": "Mon-Sun", "hours": "19:00-24:00"}]}
    work = {task: {"mean": "5 h", "shape": "fixed"} for task in ("reply", "submit_evidence", "decide_return")}
    return Corner(_document({"DE": sales, "FR": sales}, team, world, handling=work))


def crowd(hours: int = 5, every: float = 1.0, place: str | None = None) -> Corner:
    """Orders bought at the same instants, as a file may have them, of names of which some begin with others.

    A wish that comes as promised ends so many hours later, a microsecond before midnight, when days end and accounts
    are looked at `every` so many days. They are of two marketplaces, or all of one.
    """
    names = [name for name in ("1", "1-", "1-wish", "1-M", "10", "2", "2-C", "a") for _ in range(3)]
    first = start_of_day(START, "UTC")
    bought = np.array([first + DAY + HOUR * (number // 8) for number in range(48)], np.int64)
    count = len(bought)
    zones = "Australia/Lord_Howe", "Atlantic/Azores"
    nights = [start_of_day(START + timedelta(3 + number % 7), zones[number % 2]) for number in range(count)]
    promised = np.array([night - hours * HOUR - 1 for night in nights], np.int64)
    none = np.full(count, NEVER, np.int64)
    orders = Orders(
        marketplaces=("HOWE", "AZORES"),
        currencies=("EUR", "JPY"),
        channels=("MFN",),
        categories=("general", "home"),
        ids=[f"{name}{'+' * (number % 3)}{number // 24 or ''}" for number, name in enumerate([*names, *names])],
        marketplace=np.arange(count, dtype=np.int16) % 2,
        purchased_at=bought,
        channel=np.zeros(count, np.int8),
        category=(np.arange(count, dtype=np.int16) // 2) % 2,
        price=np.full(count, 2500, np.int64),
        promised_at=promised,
        delivered_at=np.where(np.arange(count) % 5, bought + DAY + MINUTE, NEVER),
        cross_border=np.zeros(count, np.bool_),
        exempt=np.zeros(count, np.bool_),
        shipped_at=none,
    )
    sales = {"orders_per_day": 1.0, "price": {"median": "25"}}
    world = {"pledge_rate": 0.8, "wish_rate": 0.8, "pledge_ended_rate": 0.5, "wish_delay_days": 0.0, "whim_rate": 0.5}
    world |= {"account_look_days": every}
    shift = {"days": "Mon-Sun" if place is None else "Sat-Sun", "hours": "06:00-12:00"}
    team = {"zone": "UTC", "shifts": [shift]}
    document = _document(
        {"HOWE": sales, "AZORES": sales} if place is None else {place: sales},
        team,
        world,
        orders={"file": "orders.csv"},
    )
    return Corner(document, orders)


def deciding() -> Corner:
    """A help desk whose plugins decide on returns."""
    hooks = {name: hook for name, hook in vars(hostile).items() if name.startswith("aftersale_")}
    known = plugin(**{name: hook for name, hook in hooks.items() if name not in LOOKING_ON})
    return Corner(DESK, None, load_plugins((), {"hostile": known, "reference": reference}))


def failing() -> Corner:
    """A store of which a plugin fails to decide on some returns."""

    @hookimpl
    def aftersale_decide_return(order: Any, requested_at: int) -> str | None:
        if order.price % 3 == 0:
            raise ValueError(f"no {order.category}")
        return "returnless" if requested_at % 2 else None

    hooks = {name: hook for name, hook in vars(reference).items() if name.startswith("aftersale_")}
    known = plugin(**hooks, aftersale_decide_return=aftersale_decide_return)
    document = {**DESK, "marketplace": {"REF": DESK["marketplace"]["REF"]}, "most_failed": 1.0, "handling": {}}
    return Corner(document, None, load_plugins((), {"reference": known}))
