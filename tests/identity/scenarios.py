"""Scenarios made at random, of everything that a scenario can say and that may change how a run goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]
HANDBOOK = Path(__file__).with_name("handbook.toml")
START = date(2026, 3, 2)
PLACES: Mapping[str, str] = {
    "HOWE": "25", "AZORES": "2500", "REF": "25", "ALT": "25000", "US": "25", "DE": "22", "UK": "20", "JP": "2500",
}  # fmt: skip
"""The marketplaces of the tests with a median price, the wild ones first."""
ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago")
HOLIDAYS = {"Asia/Shanghai": "CN", "Europe/Berlin": "DE", "America/New_York": "US"}
DAYS = ("Mon-Fri", "Mon-Sun", "Mon,Wed,Sat", "Sun-Thu", "Sat-Sun")
HOURS = ("09:00-17:00", "00:00-24:00", "08:00-12:00", "21:00-03:00", "13:00-13:30", "22:00-06:00", "06:00-22:00")
TASKS = (
    *("reply", "decide_return", "refund", "submit_evidence", "appeal", "send_label", "answer_chargeback"),
    *("review_feedback", "grant_wish"),
)
LANGUAGES = ("en", "de", "es", "ja", "pt")
BUSY: Mapping[str, tuple[float, ...]] = {
    "message_rate": (0.0, 0.2, 0.6),
    "return_rate": (0.0, 0.1, 0.4),
    "reminder_rate": (0.0, 0.5, 0.9),
    "follow_up_rate": (0.0, 0.3, 0.8),
    "claim_rate_answered": (0.0, 0.1, 0.3),
    "claim_rate_silence": (0.0, 0.02, 0.3),
    "claim_rate_declined": (0.1, 0.6),
    "late_delivery_rate": (0.0, 0.1, 0.6),
    "lost_rate": (0.0, 0.05),
    "denied_rate": (0.0, 0.05),
    "defect_rate": (0.0, 0.1),
    "negative_feedback_rate": (0.0, 0.1),
    "chargeback_rate": (0.0, 0.05),
    "partial_offer_rate": (0.0, 0.4),
    "information_request_rate": (0.2, 0.9),
    "claim_delay_hours": (0.0, 5.0),
    "claim_wait_days": (0.0, 2.0),
    "offer_answer_hours": (0.0, 12.0),
    "information_request_delay_hours": (0.0, 30.0),
    "feedback_delay_days": (0.0, 5.0),
    "appeal_success_rate": (0.1, 0.9),
    "suspension_days": (0.0, 6.0),
    "account_look_days": (1.0, 3.0),
    "risk_head_start_hours": (0.0, 12.0),
    "other_task_minutes": (0.0, 7.0),
    "new_hire_days": (1.0, 40.0),
}
"""Parameters of the simulator, each with values that make something happen or leave it out."""
WILD: Mapping[str, tuple[float, ...]] = {
    "wish_rate": (0.0, 0.3, 0.8),
    "wish_delay_days": (0.0, 2.0),
    "wish_told_rate": (0.2, 0.7),
    "wish_told_hours": (0.0, 6.0),
    "wish_again_rate": (0.0, 0.5),
    "wish_again_hours": (0.0, 1.5),
    "wish_nag_rate": (0.0, 0.6),
    "wish_claim_rate": (0.0, 0.4),
    "wish_granted_rate": (0.2, 0.9),
    "praise_rate": (0.0, 0.6),
    "fade_days": (0.0, 3.0),
    "echo_rate": (0.0, 0.5, 0.95),
    "never_mind_rate": (0.0, 0.5),
    "pledge_rate": (0.0, 0.3),
    "pledge_ended_rate": (0.0, 0.5, 1.0),
    "whim_rate": (0.0, 0.3),
}
"""Parameters of the wild plugin."""
VARYING = (
    "return_rate",
    "reminder_rate",
    "late_delivery_rate",
    "follow_up_rate",
    "claim_delay_hours",
    "reminder_handling",
    "negative_feedback_rate",
    "message_rate",
)
RULES = ("first_reply", "return_decision", "refund_after_receipt", "silence")
CATEGORIES = ("general", "electronics", "home")
CHANNELS = ("MFN", "FBA", "SFP")


def some(values: Any, most: int) -> st.SearchStrategy[list[Any]]:
    """Return up to so many of these values, none twice."""
    return st.lists(st.sampled_from(list(values)), max_size=most, unique=True)


@st.composite
def documents(draw: Any, orders: float = 25.0, days: int = 21) -> Document:
    """Return a scenario with about so many orders a day over so many measured days."""
    places = draw(some(PLACES, 3)) or ["HOWE"]
    categories = draw(st.sampled_from([CATEGORIES[:1], CATEGORIES]))
    teams = _teams(draw, places)
    document: Document = {
        "name": "made at random",
        "currency": "EUR",
        "seed": draw(st.integers(0, 9)),
        "replications": 1,
        "period": {
            "start": START + timedelta(draw(st.sampled_from((0, 0, 15, 27, 206, 231)))),
            "measured": f"{days} d",
            "warm_up": f"{draw(st.sampled_from((0, 5)))} d",
        },
        "marketplace": {place: _sales(draw, place, orders / len(places), categories) for place in places},
        "team": teams,
        "handling": _handling(draw),
        "world": _world(draw, places),
        "work_order": draw(st.sampled_from(("deadline", "arrival", "risk", "dear_first"))),
    }
    events = [_event(draw, number, places, list(teams), categories) for number in range(draw(st.integers(0, 3)))]
    reactions = _reactions(draw, places, categories, document)
    presets = ["wild_many"] if {"HOWE", "AZORES"} & {*places} and draw(st.booleans()) else []
    versions = ["long_appeal"] if "HOWE" in places and draw(st.booleans()) else []
    handbook = str(HANDBOOK) if draw(st.integers(0, 2)) == 0 else ""
    more = {"handbook": handbook, "event": events, "reaction": reactions, "presets": presets, "rule_versions": versions}
    return {**document, **{name: value for name, value in more.items() if value}}


def _sales(draw: Any, place: str, orders: float, categories: tuple[str, ...]) -> Document:
    channels = draw(st.sampled_from([{"MFN": 1.0}, {"MFN": 0.6, "FBA": 0.2, "SFP": 0.2}]))
    sales: Document = {
        "orders_per_day": orders,
        "price": {"median": PLACES[place]},
        "channels": channels,
        "categories": {name: 1 / len(categories) for name in categories},
        "cross_border": draw(st.sampled_from((0.0, 0.4))),
        "exempt": draw(st.sampled_from((0.0, 0.3))),
    }
    if draw(st.booleans()):
        sales["product"] = {
            "lamp": {"share": 0.4, "category": categories[-1], "defect_rate": 0.3},
            "desk": {"share": 0.3, "category": categories[-1], "price": PLACES[place]},
        }
    if len(categories) > 1 and draw(st.booleans()):
        factors = {"return_rate": 1.5, "claim_rate_answered": 2.0}
        sales["category"] = {"electronics": {"price": {"median": PLACES[place]}, "factors": factors}}
    if draw(st.booleans()):
        sales |= {"hourly": [1.0] * 12 + [2.0] * 12, "weekly": [1, 1, 1, 1, 1, 0.2, 0]}
    return sales


def _teams(draw: Any, places: list[str]) -> Document:
    count = draw(st.integers(1, 3))
    teams: Document = {}
    for number in range(count):
        zone = draw(st.sampled_from(ZONES))
        team: Document = {
            "zone": zone,
            "agents": draw(st.integers(0 if number else 1, 3)),
            "cost_per_hour": "20",
            "shifts": [_shift(draw) for _ in range(draw(st.integers(1, 3)))],
            "finishes": draw(st.booleans()),
            "overtime": draw(st.sampled_from(("0 h", "0 h", "1 h", "5 h"))),
            "absence": draw(st.sampled_from((0.0, 0.2))),
            "other_work": draw(st.sampled_from((0.0, 0.0, 0.25))),
        }
        if zone in HOLIDAYS and draw(st.booleans()):
            team["holidays"] = HOLIDAYS[zone]
        if number and draw(st.booleans()):
            team["serves"] = draw(some(places, 2)) or places[:1]
        teams[f"team{number}"] = team
    # Somebody does whatever comes.
    for key in ("tasks", "languages", "agents", "since"):
        teams["team0"]["shifts"][0].pop(key, None)
    return teams


def _shift(draw: Any) -> Document:
    shift: Document = {"days": draw(st.sampled_from(DAYS)), "hours": draw(st.sampled_from(HOURS))}
    if shift["hours"] in ("09:00-17:00", "06:00-22:00") and draw(st.booleans()):
        shift["breaks"] = ["12:00-13:00"]
    if draw(st.integers(0, 3)) == 0:
        shift["tasks"] = draw(some(TASKS, 4))
    if draw(st.integers(0, 4)) == 0:
        shift["languages"] = draw(some(LANGUAGES, 3))
    if draw(st.integers(0, 3)) == 0:
        shift["agents"] = draw(st.integers(0, 4))
    if draw(st.integers(0, 3)) == 0:
        shift["pace"] = draw(st.sampled_from((0.7, 1.3, 1 + 1 / 1.8e10)))
    if draw(st.integers(0, 3)) == 0:
        shift["hired"] = START + timedelta(draw(st.integers(-10, 10)))
    if draw(st.integers(0, 4)) == 0:
        shift["since"] = START + timedelta(draw(st.integers(-3, 15)))
    if draw(st.integers(0, 5)) == 0:
        shift["leave"] = [{"start": START + timedelta(3), "until": START + timedelta(6), "agents": 1}]
    return shift


def _handling(draw: Any) -> Document:
    handling: Document = {}
    for task in draw(some(TASKS, 6)):
        spec: Document = {
            "mean": draw(st.sampled_from(("0 min", "4 min", "12 min", "2 h", "5 h"))),
            "shape": draw(st.sampled_from(("lognormal", "exponential", "fixed"))),
        }
        if draw(st.booleans()):
            spec["automatic"] = draw(st.sampled_from((0.1, 0.5, 1.0)))
        if draw(st.integers(0, 3)) == 0:
            spec["language"] = {"en": 1.5, "ja": 0.5}
        handling[task] = spec
    return handling or {"reply": {"mean": "5 min"}}


def _world(draw: Any, places: list[str]) -> dict[str, float]:
    known = {**BUSY, **(WILD if {"HOWE", "AZORES"} & {*places} else {})}
    world = {name: draw(st.sampled_from(known[name])) for name in draw(some(known, 14))}
    return {"message_rate": 0.3, **world}


def _event(draw: Any, number: int, places: list[str], teams: list[str], categories: tuple[str, ...]) -> Document:
    event: Document = {
        "name": f"event {number}",
        "after": f"{draw(st.integers(0, 12))} d",
        "lasts": f"{draw(st.integers(1, 9))} d",
        "source": "made up",
    }
    if draw(st.booleans()):
        event["orders"] = draw(st.sampled_from((0.3, 2.0)))
    if draw(st.booleans()):
        event["factors"] = dict.fromkeys(draw(some(VARYING, 2)), 1.7)
    if draw(st.booleans()):
        event["world"] = {name: 0.4 for name in draw(some(VARYING, 2)) if name not in event.get("factors", {})}
    if draw(st.integers(0, 2)) == 0:
        event["categories"] = [categories[-1]]
        event.pop("orders", None) if len(categories) == 1 else None
    if draw(st.booleans()):
        event["marketplaces"] = draw(some(places, 2))
    if draw(st.booleans()):
        event["teams"] = draw(some(teams, 1))
        event |= {"absent": draw(st.sampled_from((0.0, 0.5))), "handling": draw(st.sampled_from((1.0, 1.6)))}
    if draw(st.integers(0, 2)) == 0:
        event["rules"] = {name: draw(st.integers(1, 30)) for name in draw(some(RULES, 2))}
    acts = {"orders", "factors", "world", "absent", "handling", "rules"}
    return event if any(event.get(name) for name in acts) else {**event, "orders": 1.5}


def _reactions(draw: Any, places: list[str], categories: tuple[str, ...], document: Document) -> list[Document]:
    changes = st.sampled_from(
        [
            ("reminder", {"share": 0.7}),
            ("reminder", {"delay_hours": 0.0, "lengthens": 0.5}),
            ("follow_up", {"delay_hours": 0.0, "spread": "fixed"}),
            ("follow_up", {"share": 0.5, "spread": "lognormal", "sigma": 0.7}),
            ("follow_up", {"still": ["not waiting"], "wait_days": 0.5}),
            ("claim_after_answer", {"share": 0.4, "times": {"late": 2.0, "unheard": 0.5}}),
            ("claim_in_silence", {"share": 0.2, "growth": 0.3, "for_days": 2.5}),
            ("return_request", {"details": {"defective": 1.0, "no_longer_needed": 2.0}}),
            ("return_request", {"factor": 2.0}),
            ("message", {"at_least": {"late": 0.5}}),
            ("message", {"delay_days": 0.0, "hourly": False}),
            ("bad_rating", {"share": 0.1, "values": {"1": 1, "3.5": 1, "5": 1}}),
            ("chargeback", {"share": 0.2, "delay_days": 0.0}),
            ("return_sent", {"delay_days": 0.0, "spread": "fixed"}),
            ("authorisation", {"share": 0.6, "when": ["not late"]}),
            ("return_given_up", {"delay_days": 1.0}),
            ("offer", {"share": 0.5}),
        ]
    )
    rows: list[Document] = []
    for name, change in draw(st.lists(changes, max_size=4, unique_by=lambda each: each[0])):
        row: Document = {"overrides": [name], **change}
        narrowed = draw(st.sampled_from(("", "", "marketplaces", "categories", "channels", "products")))
        sold = {product for sales in document["marketplace"].values() for product in sales.get("product", ())}
        channels = {channel for sales in document["marketplace"].values() for channel in sales["channels"]}
        words = {"marketplaces": places[:1], "categories": [categories[-1]], "channels": sorted(channels)[-1:]}
        if narrowed and (known := {**words, "products": sorted(sold)[-1:]}[narrowed]):
            row[narrowed] = known
        rows.append(row)
    return rows


def larger(document: Document, factor: float) -> Document:
    """Return a scenario with so many times the orders, and the people for them."""
    sales = {
        name: {**each, "orders_per_day": each["orders_per_day"] * factor}
        for name, each in document["marketplace"].items()
    }
    teams = {}
    for name, team in document["team"].items():
        shifts = [
            {**shift, "agents": round(shift["agents"] * factor)} if "agents" in shift else shift
            for shift in team["shifts"]
        ]
        teams[name] = {**team, "agents": max(1, round(team["agents"] * factor)), "shifts": shifts}
    return {**document, "marketplace": sales, "team": teams}
