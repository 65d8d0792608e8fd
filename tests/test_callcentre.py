"""The desk against a real one: a bank's call centre in January 1999, fitted on three weeks, predicted for the next."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from math import log as log_of
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from attrs import frozen

from aftersale import hookimpl
from aftersale.orders import NEVER, Orders
from aftersale.plugins import Plugins, load_plugins
from aftersale.worlds import WorldDefaults, parse_world
from aftersale_simulator import runs
from aftersale_simulator.calibration import handling
from aftersale_simulator.scenario import parse_scenario
from aftersale_simulator.statistics import erlang_c
from aftersale_simulator.vocabulary import vocabulary

CALLS = Path(__file__).parents[2] / "shared" / "data" / "callcentre" / "bank_calls_1999-01.csv.gz"
TRAINED_UNTIL, TESTED = date(1999, 1, 22), (date(1999, 1, 24), date(1999, 1, 28))
MOVED_TO = date(2026, 3, 1)
"""A Sunday like the first day of the test: today's rules are then in force, of which none matters here."""
SLOTS, SLOT = range(14, 48), 1800  # half hours of a working day, 07:00 to 24:00, and their seconds
WORKING_DAYS = (7, 1, 2, 3, 4)  # Sunday to Thursday
WORLD = {
    "parameter": [
        {"name": name, "marketplaces": ["US"], "default": value, "low": 0.0, "high": 10_000.0, "unit": "test",
         "source": "test", "grade": "assumed"}
        for name, value in (("calls", 1.0), ("at_once", 0.0), ("gives_up", 1.0), ("patience_hours", 0.1))
    ],
    "contact": [{"fact": "buyer_message", "marketplaces": ["US"], "rate": "calls", "delay_days": "at_once"}],
    "reaction": [
        {"kind": "message", "state": "awaiting_reply", "fact": "no_reply_needed", "marketplaces": ["US"],
         "share": "gives_up", "delay_hours": "patience_hours"}
    ],
}  # fmt: skip
SILENT = ("message_rate", "late_message_rate", "lost_message_rate", "cancelled_message_rate", "return_rate",
          "late_delivery_rate", "lost_rate", "denied_rate", "claim_rate_answered", "claim_rate_silence",
          "claim_rate_late", "claim_rate_lost", "negative_feedback_rate", "negative_feedback_rate_late",
          "negative_feedback_rate_unheard", "chargeback_rate", "follow_up_rate")  # fmt: skip

pytestmark = pytest.mark.skipif(not CALLS.exists(), reason=f"the call centre's log is not here: {CALLS.name}")


@hookimpl
def aftersale_world() -> list[WorldDefaults]:
    return [parse_world(WORLD, "test/world.toml")]


def calls_are_orders() -> Plugins:
    """Every order is a call: its buyer writes at once, and gives up after a while if nobody answers."""
    house = ModuleType("callers")
    house.AFTERSALE_API = 1  # type: ignore[attr-defined]
    house.aftersale_world = aftersale_world  # type: ignore[attr-defined]
    return load_plugins(None, {"callers": house})


@frozen
class Week:
    """What came and what became of it: calls, mean wait of those served in seconds, and the share that gave up."""

    calls: int
    wait: float
    lost: float


@frozen(eq=False)
class Centre:
    """What three weeks say: calls and agents seen in each half hour, handling times, mean patience in seconds."""

    calls: Any
    agents: Any
    handled: Any
    patience: float


@cache
def log() -> pl.DataFrame:
    seconds = [pl.col(name).str.to_time("%H:%M:%S", strict=False) for name in ("vru_exit", "q_start")]
    frame = pl.read_csv(CALLS).with_columns(*seconds, pl.col("date").str.to_date())
    frame = frame.filter((pl.col("outcome") != "PHANTOM") & (pl.col("type") != "IN"))
    asked = pl.when(pl.col("q_time") > 0).then(pl.col("q_start")).otherwise(pl.col("vru_exit"))
    at = asked.cast(pl.Duration).dt.total_seconds()
    served = (pl.col("outcome") == "AGENT") & (pl.col("ser_time") > 0)
    found = frame.with_columns(at.alias("at"), served.alias("served"), (at // SLOT).alias("slot"))
    working = pl.col("date").dt.weekday().is_in(WORKING_DAYS) & pl.col("slot").is_in(list(SLOTS))
    return found.filter(working & pl.col("at").is_not_null())


def week(frame: pl.DataFrame) -> Week:
    served = frame.filter("served")
    waits = served["q_time"].to_numpy()
    return Week(frame.height, float(waits.mean()), 1 - served.height / frame.height)


def fitted(frame: pl.DataFrame) -> Centre:
    days = frame["date"].n_unique()
    calls, agents = np.zeros(48), np.zeros(48)
    for slot, count in frame.group_by("slot").len().iter_rows():
        calls[slot] = count / days
    seen = frame.filter("served").group_by("date", "slot").agg(pl.col("agent").n_unique()).group_by("slot")
    for slot, mean in seen.agg(pl.col("agent").sum() / days).iter_rows():
        agents[slot] = mean
    gone = frame.filter(~pl.col("served")).height
    return Centre(calls, agents, frame.filter("served")["ser_time"].to_numpy(), frame["q_time"].sum() / gone)


def as_orders(frame: pl.DataFrame, first: date) -> Orders:
    """Return calls as orders of one marketplace, moved by whole weeks."""
    start = datetime(MOVED_TO.year, MOVED_TO.month, MOVED_TO.day, tzinfo=UTC)
    days = (frame["date"] - first).dt.total_days().to_numpy()
    at = np.sort((int(start.timestamp()) + days * 86_400 + frame["at"].to_numpy()) * 1_000_000)
    size = len(at)
    never, no = np.full(size, NEVER), np.zeros(size, bool)
    zeros = np.zeros(size, np.int16)
    names = [f"call-{number}" for number in range(size)]
    price = np.ones(size, np.int64)
    codes = ("US",), ("USD",), ("MFN",), ("general",)
    return Orders(*codes, names, zeros, at, zeros.astype(np.int8), zeros, price, never, never, no, no)


def predicted(
    centre: Centre, orders: Orders, days: int, attendance: float, patient: bool, times: int = 3
) -> Week:
    """Return what the desk makes of these calls, with so large a share of the agents seen really there."""
    plugins = calls_are_orders()
    shifts = [
        {
            "days": "Sun,Mon,Tue,Wed,Thu",
            "hours": f"{slot // 2:02d}:{slot % 2 * 30:02d}-{(slot + 1) // 2:02d}:{(slot + 1) % 2 * 30:02d}",
            "agents": max(1, round(attendance * float(centre.agents[slot]))),
        }
        for slot in SLOTS
    ]
    raw = {
        "name": "calls",
        "currency": "USD",
        "period": {"start": MOVED_TO, "measured": f"{days} d"},
        "marketplace": {"US": {"orders_per_day": 1.0, "price": {"median": "1"}}},
        "team": {"bank": {"zone": "UTC", "agents": 1, "shifts": shifts}},
        "handling": {"reply": handling("reply", centre.handled, "log").value},
        "world": {
            **dict.fromkeys(SILENT, 0.0),
            "gives_up": 0.0 if patient else 1.0,
            "patience_hours": centre.patience / 3600,
        },
    }
    made = parse_scenario(raw, "calls", vocabulary(plugins))
    results = [runs.run(made, number, plugins, orders=orders) for number in range(1, times + 1)]
    served = float(np.mean([result.counts["tasks"] for result in results]))
    waits = [3600 * (result.metrics["mean_wait_hours"] or 0.0) for result in results]
    return Week(len(orders), float(np.mean(waits)), max(0.0, 1 - served / len(orders)))


def attendance_of(centre: Centre, trained: pl.DataFrame) -> float:
    """Return which share of the agents seen in a half hour explains best how callers waited and how many gave up."""
    first = date(1999, 1, 3)
    orders, days = as_orders(trained.filter(pl.col("date") >= first), first), 19
    real = week(trained.filter(pl.col("date") >= first))
    shares = [round(float(share), 2) for share in np.arange(0.60, 1.01, 0.04)]
    found = {share: predicted(centre, orders, days, share, False, 1) for share in shares}

    def far(share: float) -> float:
        own = found[share]
        return abs(log_of(own.wait / real.wait)) + abs(log_of(own.lost / real.lost))

    return min(shares, key=far)


def by_erlang_c(centre: Centre) -> float:
    """Return the mean wait in seconds that Erlang C gives half hour by half hour, of those that it says are stable."""
    mean = float(centre.handled.mean())
    waits, weights = [], []
    for slot in SLOTS:
        load, agents = centre.calls[slot] / SLOT * mean, max(1, round(float(centre.agents[slot])))
        if load < agents:
            waits.append(erlang_c(agents, load)[1] * mean)
            weights.append(centre.calls[slot])
    return float(np.average(waits, weights=weights))


def figures() -> tuple[Week, Week, Week, float, float]:
    """Return the real week, ours, that of patient callers and all agents seen, Erlang C's wait, and the attendance."""
    trained = log().filter(pl.col("date") < TRAINED_UNTIL)
    tested = log().filter(pl.col("date").is_between(*TESTED))
    centre = fitted(trained)
    attendance = attendance_of(centre, trained)
    orders, days = as_orders(tested, TESTED[0]), (TESTED[1] - TESTED[0]).days + 1
    ours = predicted(centre, orders, days, attendance, False)
    naive = predicted(centre, orders, days, 1.0, True)
    return week(tested), ours, naive, by_erlang_c(centre), attendance


def errors(values: Sequence[float], real: float) -> list[float]:
    return [abs(value - real) for value in values]


def test_a_desk_fitted_on_three_weeks_predicts_the_next_better_than_patient_callers_and_erlang_c() -> None:
    real, ours, naive, erlang, attendance = figures()
    assert real.calls == ours.calls == naive.calls
    wait = errors([ours.wait, naive.wait, erlang], real.wait)
    assert wait[0] < wait[1]
    assert wait[0] < wait[2]
    assert abs(ours.lost - real.lost) < abs(naive.lost - real.lost) / 2
    assert 0.6 <= attendance <= 0.8
