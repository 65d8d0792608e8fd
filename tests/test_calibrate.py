"""`aftersale calibrate`: what a run was made with is found again in its files; real orders are drawn as they are."""

import inspect
import json
import os
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tomli
from attrs import evolve
from click.testing import CliRunner
from scipy.stats import ks_2samp

from aftersale.cli import cli
from aftersale.clocks import DAY, HOUR, Calendar, local_date
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.calibration.fit import Files, calibrated
from aftersale_simulator.calibration.history import read_history
from aftersale_simulator.calibration.numbers import lognormal
from aftersale_simulator.calibration.sales import dispersion
from aftersale_simulator.calibration.service import handling
from aftersale_simulator.runs.timeline import by_day
from aftersale_simulator.scenario.document import load_scenario, parse_scenario
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.model import Sales
from aftersale_simulator.world.behaviour.first_steps import first_steps
from aftersale_simulator.world.carriers import delivered
from aftersale_simulator.world.orders import HourProfile, of_marketplace, synthetic
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

DATA = Path(__file__).parents[2] / "shared" / "data"
EXAMPLE = Path(__file__).parents[1] / "simulator" / "examples" / "gift_shop.toml"
# Newer releases of click keep stderr apart by themselves.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
SHOP = """
name = "Corner shop"
currency = "EUR"
sale_events = false
period = { start = 2026-03-02, measured = "280 d" }

[marketplace.DE]
orders_per_day = 90
price = { median = "24.90", sigma = 0.5 }
weekly = [1.5, 1.5, 1.0, 1.0, 1.0, 0.5, 0.5]
dispersion = 6.0

[team.berlin]
zone = "Europe/Berlin"
agents = 3
shifts = [{ days = "Mon-Sun", hours = "08:00-20:00" }]

[handling]
reply = { mean = "8 min" }

[world]
message_rate = 0.12
late_message_rate = 0.12
lost_message_rate = 0.12
cancelled_message_rate = 0.12
late_message_delay_days = 1.0
late_delivery_rate = 0.0
lost_rate = 0.0
late_dispatch_rate = 0.0
seller_cancel_rate = 0.0
message_delay_days = 4.0
follow_up_rate = 0.3
return_rate = 0.1
return_lag_days = 5.0
return_lag_sigma = 0.6
claim_rate_answered = 0.05
"""
MAPPING = """
[orders]
file = "run/orders.csv"
price_is = "line"

[orders.columns]
order = "order"
purchased_at = "purchased_at"
marketplace = "marketplace"
price = "price"
channel = "channel"
delivered_at = "delivered_at"
currency = "currency"

[orders.values]
zone = "UTC"
[orders.channels]
MFN = "MFN"
"""


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibrate")
    (folder / "shop.toml").write_text(SHOP, encoding="utf-8")
    ended = CliRunner().invoke(
        cli, ["simulate", str(folder / "shop.toml"), "--csv", "--out", str(folder / "run")], obj=installed()
    )
    assert ended.exit_code == 0, ended.output
    (folder / "base.toml").write_text(SHOP.partition("[world]")[0] + MAPPING, encoding="utf-8")
    tasks = np.random.default_rng(1).lognormal(6.0, 0.8, 3000)
    lines = ["kind,seconds", *(f"reply,{seconds:.0f}" for seconds in tasks), "reply,soon", "refund,300", "refund,310"]
    (folder / "tasks.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def asked(run: Path, *more: str) -> list[str]:
    files = ["orders", "returns", "messages", "claims"]
    own = [part for name in files for part in (f"--{name}", str(run / "run" / f"{name}.csv"))]
    return ["calibrate", str(run / "base.toml"), *own, "--tasks", str(run / "tasks.csv"), *more]


def test_the_numbers_of_a_run_are_found_again_in_its_files(run: Path) -> None:
    ended = CliRunner(**APART).invoke(cli, asked(run, "--json"), obj=installed())
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    fitted = {one["path"]: one for one in told["fitted"]}
    for path, truth in (
        ("marketplace.DE.orders_per_day", 90),
        ("world.message_rate", 0.12),
        ("world.return_lag_days", 5.0),
        ("world.claim_win_rate", World()["claim_win_rate"]),
    ):
        one = fitted[path]
        room = one["high"] - one["low"]
        assert one["low"] - room / 2 <= truth <= one["high"] + room / 2, one
    assert fitted["marketplace.DE.dispersion"]["value"] == pytest.approx(6.0, rel=0.25)
    assert fitted["marketplace.DE.weekly"]["value"] == pytest.approx([1.5, 1.5, 1, 1, 1, 0.5, 0.5], abs=0.1)
    # The journal counts cents.
    assert float(fitted["marketplace.DE.price"]["value"]["median"]) == pytest.approx(2490, rel=0.03)
    assert fitted["marketplace.DE.price"]["value"]["sigma"] == pytest.approx(0.5, rel=0.03)
    assert fitted["world.return_rate"]["value"] == pytest.approx(0.1, rel=0.1)
    assert fitted["world.follow_up_rate"]["value"] == pytest.approx(0.3, rel=0.1)
    assert fitted["handling.reply"]["value"]["shape"] == "lognormal"
    assert fitted["handling.reply"]["n"] == 3000
    assert [row["line"] for row in told["files"][-1]["left_out"]] == [3002]
    assert told["files"][-1]["rejected"] == {"seconds: no clear number of seconds": 1}
    assert "claim_rate_silence" in told["assumed"]
    assert "message_rate" not in told["assumed"]


def test_the_scenario_that_is_written_says_what_was_fitted_to_what_and_runs(run: Path, tmp_path: Path) -> None:
    ended = CliRunner(**APART).invoke(cli, asked(run, "--out", str(tmp_path / "mine.toml")), obj=installed())
    assert ended.exit_code == 0, ended.output
    text = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    head, first = text.splitlines()[:2]
    assert head == "# Fitted to a seller's own files by aftersale calibrate:"
    assert first.startswith("#   marketplace.DE.orders_per_day: orders.csv, n = 280, ")
    written = tomli.loads(text)
    assert written["orders"]["file"] == os.path.relpath(run / "run" / "orders.csv", tmp_path)
    assert written["orders"]["price_is"] == "line"
    assert parse_scenario(written, "mine").world["message_rate"] == pytest.approx(0.12, rel=0.1)
    assert "stay as assumed" in " ".join(ended.stdout.split())


def test_all_that_is_wrong_with_the_files_is_told_at_once(run: Path, tmp_path: Path) -> None:
    (tmp_path / "messages.csv").write_text("order,sendr,sent_at\n", encoding="utf-8")
    (tmp_path / "tasks.csv").write_text("kind,minutes\nreply,20\n", encoding="utf-8")
    given = ["--orders", str(run / "run/orders.csv"), "--messages", str(tmp_path / "messages.csv")]
    given += ["--tasks", str(tmp_path / "tasks.csv")]
    ended = CliRunner(**APART).invoke(cli, ["calibrate", str(run / "base.toml"), *given])
    assert ended.exit_code == 2
    missing = "messages.csv: sender: this column is missing (rename 'sendr'? columns there: order, sendr, sent_at)"
    assert missing in ended.stderr
    assert "tasks.csv: seconds: this column is missing" in ended.stderr


def test_scatter_handling_and_prices_are_fitted_by_the_book() -> None:
    random = np.random.default_rng(3)
    weekdays = np.arange(700) % 7
    counts = random.poisson(np.array([50, 50, 50, 50, 50, 10, 0])[weekdays]).astype(float)
    assert dispersion(counts, weekdays) == pytest.approx(1.0, abs=0.15)
    fit = lognormal(random.lognormal(2.0, 0.7, 5000))
    assert (fit.centre, fit.sigma) == (pytest.approx(2.0, abs=0.05), pytest.approx(0.7, abs=0.03))
    assert fit.distance < 0.02
    assert handling("reply", random.exponential(300, 5000), "x").value["shape"] == "exponential"


@pytest.mark.once
def test_days_and_returns_drawn_from_a_real_shop_s_calibration_are_like_its_own() -> None:
    path = DATA / "online_retail" / "online_retail_2010-12_2011-08.csv.gz"
    if not path.exists():
        pytest.skip(f"the real orders are not here: {path.name}")
    plugins = load_plugins()
    source = load_scenario(EXAMPLE)
    scenario = parse_scenario(calibrated(source, plugins, Files(orders=path)).document, "fitted")
    assert source.scenario.orders is not None
    history = read_history(evolve(source.scenario.orders, file=str(path), move_to=None), plugins)
    real = of_marketplace(history.orders, "UK")
    place = plugins.marketplaces["UK"]
    first, last = (local_date(int(at), place.zone) for at in real.purchased_at[[0, -1]])
    count = (last - first).days + 1
    days = LocalDays.spanning(first, count, place.zone)
    world = World(scenario.world, "UK", plugins.worlds)
    streams = Streams(1, 1)
    made = delivered(synthetic(scenario.marketplace["UK"], place, first, count, streams, world), streams, world)
    counts = [by_day(orders.purchased_at, days).astype(float) for orders in (real, made)]
    scatter = [dispersion(own, days.weekdays) for own in counts]
    assert scatter[0] == pytest.approx(8.7, abs=0.5)
    assert scatter[1] == pytest.approx(scatter[0], rel=0.3)
    # Total variation: the share of orders that would have to move to another hour, or weekday.
    assert _moved(*(_hours(orders.purchased_at, days) for orders in (real, made))) < 0.03
    weekly = [np.bincount(days.weekdays, own, 7) / own.sum() for own in counts]
    assert _moved(*weekly) < 0.05
    assert ks_2samp(*counts).statistic < 0.15
    # Both end with the file, which cuts off long lags.
    assert history.fit is not None
    steps = first_steps(made, days, HourProfile(scenario.marketplace["UK"].hourly), streams, world)
    returning = [kind for kind, fact in enumerate(steps.facts) if fact == "return_requested"]
    back = np.flatnonzero(np.isin(steps.kinds, returning))
    lags = np.array([(steps.at[step] - steps.orders[steps.rows[step]].purchased_at) / DAY for step in back])
    # What this shop calls a cancellation within the days of a delivery is a correction, no return.
    assert ks_2samp(history.fit.lags, lags).statistic < 0.3
    late = [days[days > 5] for days in (history.fit.lags, lags)]
    assert ks_2samp(*late).statistic < 0.12
    assert np.median(late[1]) == pytest.approx(np.median(late[0]), rel=0.2)


def _hours(instants: Any, days: LocalDays) -> Any:
    begins = days.bounds[np.searchsorted(days.bounds, instants, "right") - 1]
    return np.bincount(np.minimum((instants - begins) // HOUR, 23), minlength=24) / len(instants)


def _moved(one: Any, other: Any) -> float:
    return float(np.abs(one - other).sum() / 2)


def test_days_drawn_like_a_city_s_requests_scatter_like_them() -> None:
    path = DATA / "ottawa311" / "ottawa_service_requests_2014-01_05.csv.gz"
    if not path.exists():
        pytest.skip(f"the real requests are not here: {path.name}")
    came = pl.read_csv(path, columns=["creation_date"])["creation_date"].str.slice(0, 10).str.to_date()
    first, last = date(2014, 1, 1), date(2014, 5, 31)
    size = (last - first).days + 1
    counts = np.zeros(size)
    for day, number in came.value_counts().iter_rows():
        counts[(day - first).days] = number
    weekdays = (np.arange(size) + first.weekday()) % 7
    real = dispersion(counts, weekdays)
    assert 60 < real < 100
    weekly = [float(counts[weekdays == day].mean()) for day in range(7)]
    sales = Sales(orders_per_day=np.mean(weekly), price={"median": 1}, weekly=tuple(weekly), dispersion=real)  # type: ignore[arg-type]
    zone = "America/Toronto"
    place = Marketplace("HERE", "id", "CA", "CAD", zone, ("en",), Calendar(zone, None))
    price = load_scenario().scenario.marketplace["US"].price
    found = []
    for replication in range(1, 9):
        made = synthetic(evolve(sales, price=price), place, first, size, Streams(1, replication), World())
        drawn = by_day(made.purchased_at, LocalDays.spanning(first, size, zone)).astype(float)
        found.append((dispersion(drawn, weekdays), ks_2samp(counts, drawn).statistic, drawn.mean()))
    scatter, distance, mean = np.mean(found, axis=0)
    assert scatter == pytest.approx(real, rel=0.2)
    assert distance < 0.2
    assert mean == pytest.approx(counts.mean(), rel=0.05)
    assert first + timedelta(size - 1) == last
