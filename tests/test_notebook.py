"""The calls for notebooks: tables of polars and pictures, and the same figures as the commands print."""

import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from aftersale.base.errors import DocumentError
from aftersale.base.json_documents import significant
from aftersale.cli import cli
from aftersale_simulator.notebook import calibrate, staff, whatif
from aftersale_simulator.runs.timeline import REPLY_EDGES

SHOP = """
name = "Corner <shop>"
currency = "EUR"
replications = 3
period = { start = 2026-03-02, measured = "14 d", warm_up = "7 d" }
targets = { late_reply_rate = 0.10, order_defect_rate = 0.01, share_of_replications = 0.6 }

[marketplace.DE]
orders_per_day = 40
price = { median = "24.90" }

[team.berlin]
zone = "Europe/Berlin"
agents = 1
cost_per_hour = "24"
shifts = [{ days = "Mon-Fri", hours = "09:00-13:00" }]

[staffing.berlin]
most = 2
pattern.week = { days = "Mon-Fri", hours = "09:00-13:00" }
pattern.weekend = { days = "Sat-Sun", hours = "09:00-13:00" }

[handling]
reply = { mean = "8 min" }
"""

HEADER = (
    "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\t"
    "ship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\tcurrency\titem-price"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notebook") / "shop.toml"
    path.write_text(SHOP, encoding="utf-8")
    return path


def as_written(frame: pl.DataFrame) -> dict[str, float | None]:
    """The means of a table by metric, with the digits that JSON has."""
    pairs = zip(frame["metric"], frame["mean"], strict=True)
    return {name: None if mean is None else significant(mean) for name, mean in pairs}


def test_whatif_returns_a_table_of_all_figures_those_that_the_command_prints(shop: Path) -> None:
    found = whatif(shop, vary={"team.berlin.shifts.0.days": ["Mon-Fri", "Mon-Sun"]}, settings={"seed": 7})
    frame = found.frame()
    assert frame.columns == [
        "variant",
        "metric",
        "mean",
        "low",
        "high",
        "difference",
        "difference_low",
        "difference_high",
    ]
    asked = ["whatif", str(shop), "--vary", "team.berlin.shifts.0.days=Mon-Fri,Mon-Sun", "--seed", "7", "--json"]
    told = json.loads(CliRunner().invoke(cli, [*asked, "--workers", "1"]).output)
    for variant in told["variants"]:
        own = frame.filter(frame["variant"] == variant["name"])
        assert as_written(own) == {name: figure["mean"] for name, figure in variant["metrics"].items()}
    assert told["answer"] in found.answer


def order_report(path: Path) -> Path:
    """Write a report of 3 orders a day in Germany over the simulated days and the week before them."""
    rows = [HEADER]
    for day in range(21):
        for number in range(3):
            bought = f"{date(2026, 2, 23) + timedelta(day)}T{8 + number:02d}:15:00+00:00"
            rows.append(
                f"303-{day:07d}-{number:07d}\t{bought}\t{bought}\tShipped\tMerchant\tAmazon.de\t"
                "Standard\tA cup\tCUP\tB000000000\tShipped\t1\tEUR\t24.90"
            )
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return path


def test_an_order_file_of_the_scenario_is_replayed_as_the_commands_replay_it(shop: Path, tmp_path: Path) -> None:
    report = order_report(tmp_path / "orders.txt")
    settings = {"orders.file": str(report), "seed": 7}
    asked = [str(shop), "--orders", str(report), "--seed", "7", "--json", "--workers", "1"]
    runner = CliRunner()
    compared = json.loads(runner.invoke(cli, ["whatif", *asked]).output)["variants"][0]["metrics"]
    found = whatif(shop, settings=settings)
    frame = found.frame()
    assert as_written(frame) == {name: figure["mean"] for name, figure in compared.items()}
    days = found.days()
    assert days.filter(days["replication"] == 1)["orders"].to_list() == [3] * 21
    roster = json.loads(runner.invoke(cli, ["staff", *asked]).output)
    assert f" {roster['answer']}" in staff(shop, settings=settings).answer


def test_days_have_a_row_for_each_day_of_each_replication(shop: Path) -> None:
    days = whatif(shop).days()
    assert days.columns[:3] == ["variant", "replication", "day"]
    assert days.height == 3 * 21
    assert (days["day"].min(), days["day"].max()) == (-7, 13)
    assert days.filter(days["day"] >= 0)["paid"].sum() == pytest.approx(3 * 10 * 4)


def test_pictures_are_those_of_the_report(shop: Path) -> None:
    pictures = whatif(shop).pictures()
    assert {"backlog", "late", "replies", "hours", "warmup-1"} <= set(pictures)
    assert len(pictures["replies"].data[0].x) == len(REPLY_EDGES)


def test_staff_returns_the_roster_and_what_else_was_tried(shop: Path) -> None:
    found = staff(shop, probability=0.6)
    frame = found.frame()
    assert frame.filter(frame["role"] == "fresh")["roster"].to_list() == ["1 × week, 1 × weekend"]
    today, _, answer = found.answer.partition(" The cheapest roster that keeps the targets is ")
    assert today.startswith("The desk as it is today")
    assert answer.startswith("1 × week, 1 × weekend: ")
    assert list(found.scenario()) == ["team.berlin.agents", "team.berlin.shifts"]
    again = whatif(shop, settings=found.scenario()).frame()
    best = frame.filter(frame["role"] == "", frame["roster"] == "1 × week, 1 × weekend")
    assert again.filter(again["metric"] == "labour_cost")["mean"].to_list() == best["cost"].to_list()


def test_the_page_of_a_search_has_the_answer_the_roster_and_the_frontier_in_both_languages(
    shop: Path, tmp_path: Path
) -> None:
    asked = ["staff", str(shop), "--workers", "1", "--probability", "0.6", "--report"]
    texts = {}
    for language in ("en", "zh"):
        page = tmp_path / f"{language}.html"
        ended = CliRunner().invoke(cli, [*asked, str(page), "--lang", language])
        assert ended.exit_code == 0, ended.output
        texts[language] = page.read_text(encoding="utf-8")
        assert all(f'id="{name}"' in texts[language] for name in ("roster", "frontier"))
        assert "Corner &lt;shop&gt;" in texts[language]
        assert "Corner <shop>" not in texts[language]
    assert "The cheapest roster that keeps the targets is 1 × week, 1 × weekend" in texts["en"]
    assert "能守住目标且成本最低的排班是 1 × week, 1 × weekend" in texts["zh"]


def test_calibrate_returns_its_numbers_as_a_table(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("kind,seconds\nreply,300\nreply,500\nrefund,60\n", encoding="utf-8")
    found = calibrate(shop, tasks=tmp_path / "tasks.csv")
    assert found.frame().select("path", "n").rows() == [("handling.reply", 2)]
    assert found.document["handling"]["reply"]["mean"] == "400 s"


def test_mistakes_are_told_as_the_commands_tell_them(shop: Path) -> None:
    with pytest.raises(DocumentError, match="did you mean 'agents'"):
        whatif(shop, vary={"team.berlin.agnets": [1, 2]})


def test_the_page_about_python_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[1] / "simulator" / "docs" / "python.md"
    shown = page.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, object] = {}
    exec(compile(shown, "python.md", "exec"), names)
    assert "variant" in capsys.readouterr().out
