"""A recorded run says what it was written with, and keeps the handbook with which it reads as it was."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from aftersale.clocks import start_of_day
from aftersale.journal.provenance import Difference, Provenance, differences
from aftersale.journal.reading import read_journal
from aftersale.journal.replay import replay
from aftersale.journal.writing import case_frame
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.handbook import load_handbook
from aftersale.policies.policy import Policies
from aftersale.views.money.costs import cost_accounts
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario

RAW: dict[str, Any] = {
    "name": "a shop that lets goods go",
    "currency": "EUR",
    "period": {"start": date(2026, 1, 12), "measured": "14 d", "warm_up": "14 d"},
    "marketplace": {"REF": {"orders_per_day": 30.0, "price": {"median": "25"}}},
    "team": {
        "day": {
            "zone": "Europe/Berlin",
            "agents": 2,
            "cost_per_hour": "10",
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-18:00"}],
        }
    },
    "handling": {"reply": {"mean": "15 min"}},
    "world": {"return_rate": 0.3},
}
END = date(2026, 1, 26)
RETURNLESS = """
[[rule]]
name = "returnless"
marketplaces = ["*"]
value = true
when = { price_up_to = "40.00", currency = "EUR" }
source = "our handbook"
grade = "S"
"""


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    from aftersale.testing import reference

    return load_plugins((), {"reference": reference})


def recorded(plugins: Plugins, folder: Path, **changes: Any) -> Path:
    run(resolve(parse_scenario({**RAW, **changes}, "test"), plugins), 1, record=Recording(folder))
    return folder


@pytest.fixture(scope="module")
def returnless(plugins: Plugins, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose handbook refunds cheap goods without their return."""
    folder = tmp_path_factory.mktemp("returnless")
    (folder / "own.toml").write_text(RETURNLESS, encoding="utf-8")
    return recorded(plugins, folder / "run", handbook=str(folder / "own.toml"))


def read_with(folder: Path, policies: Policies) -> tuple[bool, str, list[Difference]]:
    """Return whether the cases are those of the run, what they cost, and what is told to differ."""
    journal = read_journal(folder)
    replayed = replay(journal, policies, until=start_of_day(END, policies["REF"].marketplace.zone) - 1)
    accounts = cost_accounts(journal, replayed, policies)
    amount = next(total["amount"] for total in accounts["sums"] if total["currency"] == "EUR")
    assert isinstance(journal.provenance, Provenance)
    same = case_frame(replayed.docket).equals(pl.read_parquet(folder / "cases.parquet"))
    return same, amount, list(differences(journal.provenance, policies))


def test_a_run_is_read_as_it_was_with_the_handbook_beside_it_and_with_no_other(
    plugins: Plugins, returnless: Path
) -> None:
    own = load_handbook(returnless / "handbook.toml", plugins.workflow, plugins.metrics)
    same, cost, told = read_with(returnless, plugins.policies(handbook=own))
    assert (same, told) == (True, [])
    same, other_cost, told = read_with(returnless, plugins.policies())
    assert (same, told) == (False, [Difference("handbooks", ("REF",))])
    # Goods that are refunded without a return are a loss of their whole price; unread, they cost a fraction.
    assert float(other_cost) < float(cost) / 2


def test_the_handbook_of_a_run_has_the_seller_s_rows_alone(plugins: Plugins, returnless: Path) -> None:
    text = (returnless / "handbook.toml").read_text(encoding="utf-8")
    assert text.count("[[rule]]") == 1
    assert 'when = { price_up_to = "40.00", currency = "EUR" }' in text
    journal = read_journal(returnless)
    assert isinstance(journal.provenance, Provenance)
    assert (journal.provenance.handbook, journal.handbook) == ("own.toml", returnless / "handbook.toml")


def test_a_run_with_the_shipped_handbook_writes_none(plugins: Plugins, tmp_path: Path) -> None:
    folder = recorded(plugins, tmp_path / "run")
    assert not (folder / "handbook.toml").exists()
    assert read_with(folder, plugins.policies())[2] == []


def test_rules_that_an_event_changed_are_told(plugins: Plugins, tmp_path: Path) -> None:
    event = {"name": "strict", "start": date(2026, 1, 14), "lasts": "7 d", "rules": {"first_reply": 12}}
    folder = recorded(plugins, tmp_path / "run", event=[event])
    own = load_handbook(folder / "handbook.toml", plugins.workflow, plugins.metrics)
    # No command can be given the rules of an event, only its handbook.
    assert read_with(folder, plugins.policies(handbook=own))[2] == [Difference("rules", ("REF",))]
    assert [each.what for each in read_with(folder, plugins.policies())[2]] == ["handbooks", "rules"]


def test_the_tables_are_the_same_whatever_stands_beside_them(plugins: Plugins, tmp_path: Path) -> None:
    first, second = (recorded(plugins, tmp_path / name) for name in ("a", "b"))
    for table in ("orders", "facts", "cases"):
        assert_frame_equal(pl.read_parquet(first / f"{table}.parquet"), pl.read_parquet(second / f"{table}.parquet"))
    assert (first / "written_with.json").read_bytes() == (second / "written_with.json").read_bytes()
