"""Countries of shipped marketplaces and scenarios have their official lists; every command keeps a team's days."""

import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import holidays
import pytest
import tomli
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.clocks.public_holidays import Official, canonical, official_lists, public_holidays
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator import notebook

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "core/docs/holidays.md"
YEARS = (2025, 2026, 2027)
NOWHERE = {"IS": "a marketplace of the tests", "CL": "a marketplace of the tests", "NZ": "a marketplace of the tests"}


def marketplace_countries() -> set[str]:
    return {canonical(place.calendar.country or "") for place in load_plugins().marketplaces.values()}


def shipped_scenarios() -> Iterator[dict[str, Any]]:
    folders = ("simulator/src/aftersale_simulator/scenario/shipped", "simulator/src/aftersale_simulator/stress/shipped")
    for folder in (*folders, "simulator/examples"):
        for file in sorted((ROOT / folder).glob("*.toml")):
            yield tomli.loads(file.read_text(encoding="utf-8"))


def countries_of_teams(document: Any) -> Iterator[str]:
    """Yield the country of every `holidays` in a document, however deep."""
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        if key == "holidays":
            yield str(value).partition("-")[0]
        elif isinstance(value, dict | list):
            yield from countries_of_teams(value)


def test_every_country_in_use_has_an_official_list() -> None:
    teams = {country for document in shipped_scenarios() for country in countries_of_teams(document)}
    assert teams >= {"CN", "MX", "GB"}
    assert marketplace_countries() >= {"US", "CA", "MX", "GB", "DE", "FR", "JP"}
    used = (marketplace_countries() | teams) - set(NOWHERE)
    assert used - set(official_lists()) == set(), "add a row to public_holidays.toml"
    assert set(official_lists()) - used == set(), "no longer used"


def row(official: Official) -> str:
    """Return a country's line of the table."""
    place = f"`{official.code}-{official.part}`" if official.part else f"`{official.code}`"
    covers = {"all": "everywhere", "most": "most people", "some": "nation-wide only"}[official.covers]
    source = f"{official.source} ({official.grade}, {official.seen})"
    unseen = [f"list of {year} not seen" for year in sorted(official.unpublished)]
    cells = [place, covers, source, *(differences(official, year) for year in YEARS)]
    return f"| {' | '.join([*cells, '; '.join([official.done, *unseen]), official.left_out or '–'])} |"


def differences(official: Official, year: int) -> str:
    """Return the days that the list adds to the library's (+) and takes out (−)."""
    library = set(holidays.country_holidays(official.code, years=year))
    ours = public_holidays(official.code, None, year).closed
    signs = {day: "+" if day in ours else "−" for day in ours ^ library}
    return " ".join(f"{sign}{day:%m-%d}" for day, sign in sorted(signs.items())) or "none"


def test_the_table_of_the_page_is_that_of_the_lists() -> None:
    head, lines = "| place | holds for |", [row(official) for official in official_lists().values()]
    page = PAGE.read_text(encoding="utf-8").split("\n")
    first = next(number for number, line in enumerate(page) if line.startswith(head))
    shown = page[first + 2 : first + 2 + len(lines)]
    assert shown == lines, "\n" + "\n".join(lines)
    assert page[first + 2 + len(lines)] == ""


SCENARIO = """
name = "bavaria"
replications = 2
currency = "EUR"
period = { start = 2026-06-01, measured = "7 d" }
marketplace.DE = { orders_per_day = 4, price = { median = "24.90" } }
handling.reply = { mean = "8 min" }

[team.munich]
zone = "Europe/Berlin"
holidays = "DE-BY"
closed = [2026-06-05]
worked = [2026-06-06]
agents = 1
cost_per_hour = "10"
absence = 0
shifts = [{ days = "Mon-Fri", hours = "09:00-17:00" }]

[staffing.munich]
most = 1
pattern.week = { days = "Mon-Fri", hours = "09:00-17:00" }

[targets]
occupancy = 1.0
"""
HOURS = 4 * 8
"""Corpus Christi and the day after it are off, the Saturday is worked."""


@pytest.fixture
def bavaria(tmp_path: Path) -> Path:
    path = tmp_path / "bavaria.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


def typed(*arguments: str) -> str:
    ended = CliRunner().invoke(cli, list(arguments), obj=installed(), catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_whatif_and_the_notebook_pay_for_the_days_that_are_worked(bavaria: Path) -> None:
    document = json.loads(typed("whatif", str(bavaria), "--json", "--workers", "1"))
    assert document["variants"][0]["metrics"]["labour_cost"]["mean"] == HOURS * 10
    result = notebook.whatif(bavaria, workers=1)
    costs = result.frame().filter(metric="labour_cost")["mean"].to_list()
    assert costs == [HOURS * 10]


def test_stress_and_a_variant_keep_the_days(bavaria: Path) -> None:
    vary = 'team.munich.holidays="DE-BY","DE"'
    arguments = ("whatif", str(bavaria), "--vary", vary, "--stress", "flu", "--json", "--workers", "1")
    document = json.loads(typed(*arguments))
    costs = [variant["metrics"]["labour_cost"]["mean"] for variant in document["variants"]]
    assert costs == [HOURS * 10, HOURS * 10, (HOURS + 8) * 10, (HOURS + 8) * 10]  # each calm and under stress
    (note,) = [warning for warning in document["warnings"] if "nation-wide" in warning]
    assert note == (
        "munich takes the nation-wide holidays of DE only; its parts have more. "
        'Name one, such as holidays = "DE-BY".'
    )  # fmt: skip


def test_staff_counts_the_days(bavaria: Path) -> None:
    document = json.loads(typed("staff", str(bavaria), "--json", "--workers", "1"))
    assert document["cost"] == HOURS * 10


def test_simulate_keeps_the_days(bavaria: Path, tmp_path: Path) -> None:
    printed = typed("simulate", str(bavaria), "--out", str(tmp_path / "run"))
    assert f"{HOURS * 10}" in printed.replace(".00", "")


def test_scenario_tells_the_days(bavaria: Path) -> None:
    days = "2026-06-04, 2026-06-05"
    shown = " ".join(typed("scenario", str(bavaria), "--explain").split())
    assert f"munich: holidays of DE-BY; closed on days of its week: {days}; worked on other days: 2026-06-06." in shown
    (record,) = json.loads(typed("scenario", str(bavaria), "--json"))["team_days"]
    assert record["closed"] == days.split(", ")
    bavaria.write_text(SCENARIO.replace("DE-BY", "DE"), encoding="utf-8")
    assert "its parts have more" in " ".join(typed("scenario", str(bavaria)).split())


def test_warnings_speak_chinese(bavaria: Path) -> None:
    vary = 'team.munich.holidays="DE"'
    printed = typed("whatif", str(bavaria), "--vary", vary, "--lang", "zh", "--workers", "1", "--replications", "1")
    assert "munich 只按 DE 的全国性节假日放假" in printed


@pytest.mark.parametrize(("start", "cost"), [(date(2026, 8, 31), 320), (date(2026, 4, 6), 320)])
def test_a_team_in_london_takes_the_bank_holidays_of_its_marketplace(start: date, cost: int) -> None:
    case = ROOT.parent / "shared/cases/07-uk-team-bank-holidays/gb.toml"
    if not case.is_file():
        pytest.skip("the case is not here")
    changed = ("--set", f"period.start={start}")
    document = json.loads(typed("whatif", str(case), *changed, "--json", "--workers", "1"))
    assert document["variants"][0]["metrics"]["labour_cost"]["mean"] == cost
    assert load_plugins().marketplaces["UK"].calendar.is_holiday(start)


def test_the_data_travel_with_the_package() -> None:
    assert (files("aftersale.clocks") / "public_holidays.toml").is_file()
