"""Late replies by the handbook's end and by the marketplace's, where the marketplace leaves more time."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.rules import load_rules, parse_rules
from aftersale.testing import plugin
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.results import LATE_BY_MARKETPLACE, Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

LINE: dict[str, Any] = {
    "name": "late_reply_rate",
    "marketplaces": ["REF"],
    "amount": 14,
    "target": "0.05",
    "source": "made up",
    "grade": "assumed",
}
# Work is done on Mondays alone, so that a reply takes up to a week.
RAW: dict[str, Any] = {
    "name": "Mondays",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "28 d", "warm_up": "14 d"},
    "marketplace": {"REF": {"orders_per_day": 40.0, "price": {"median": "25"}}},
    "team": {"desk": {"zone": "UTC", "agents": 5, "shifts": [{"days": "Mon", "hours": "00:00-24:00"}]}},
    "handling": {"reply": {"mean": "1 min"}},
    "targets": {"late_reply_rate": 0.1},
}


def plugins(hours: int) -> Plugins:
    """The reference marketplace with so many hours for a first reply and a line of its own on late ones."""

    def rules() -> list[Any]:
        rows = load_rules("aftersale.testing.reference")
        rows = [evolve(row, amount=hours) if row.name == "first_reply" else row for row in rows]
        return [*rows, *parse_rules({"metric": [LINE]}, "rules.toml")]

    made = plugin(
        "patient",
        aftersale_marketplaces=lambda: load_marketplaces("aftersale.testing.reference"),
        aftersale_rules=rules,
    )
    return load_plugins((), {"patient": made})


def played(hours: int, **more: Any) -> Result:
    installed = plugins(hours)
    return run(resolve(parse_scenario({**RAW, **more}, "mondays.toml", vocabulary(installed)), installed), 1)


def test_a_target_counts_from_the_handbook_s_end_and_a_marketplace_s_line_from_its_own() -> None:
    patient, strict = played(24 * 8), played(24)
    figures = {line.target: (line.limit, line.met) for line in patient.lines if line.marketplace == "REF"}
    assert figures["late_reply_rate"] == (0.1, False)
    assert figures[LATE_BY_MARKETPLACE] == (0.05, True)
    # Replies come when the desk is there, whatever the marketplace asks for.
    late = patient.metrics["late_reply_rate"]
    assert late == strict.metrics["late_reply_rate"]
    assert late is not None
    assert 0.5 < late < 0.9
    assert patient.metrics[LATE_BY_MARKETPLACE] == 0.0
    assert strict.metrics[LATE_BY_MARKETPLACE] == pytest.approx(late, abs=0.1)
    assert patient.timeline is not None
    assert strict.timeline is not None
    assert (patient.timeline.week_late, patient.units[LATE_BY_MARKETPLACE]) == (strict.timeline.week_late, "share")


def test_a_scenario_s_targets_take_the_place_of_the_handbook_s_for_one_marketplace_too(tmp_path: Path) -> None:
    """The marketplace's own line stays."""
    handbook = tmp_path / "handbook.toml"
    row = '[[metric]]\nname = "late_reply_rate"\nmarketplaces = ["REF"]\namount = 14\ntarget = "0.04"\n'
    handbook.write_text(f'{row}source = "made up"\ngrade = "assumed"\n', encoding="utf-8")
    own = {"handbook": str(handbook)}
    both = [(line.target, line.limit) for line in played(24 * 8, **own).lines if line.target.startswith("late")]
    assert both == [("late_reply_rate", 0.1), (LATE_BY_MARKETPLACE, 0.05)]
    alone = {line.limit for line in played(24 * 8, targets={}, **own).lines if line.target == "late_reply_rate"}
    assert 0.04 in alone
