"""Replications until a stated precision, or a budget."""

import json
from collections.abc import Sequence
from math import inf, sqrt
from pathlib import Path
from statistics import stdev

import pytest
import tomli
from click.testing import CliRunner
from scipy.special import stdtrit

from aftersale.cli import cli
from aftersale_simulator.runs.results import Result
from aftersale_simulator.scenario.document import load_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.whatif.answer import warnings
from aftersale_simulator.whatif.comparison import Comparison, compare_variants
from aftersale_simulator.whatif.precision import Precision
from aftersale_simulator.whatif.variants import plan

DEFAULT = load_scenario()


class Faked:
    """Runs whose late replies swing evenly by `swing` around a tenth; it keeps which replications were asked for."""

    def __init__(self, swing: float) -> None:
        self.swing = swing
        self.asked: list[list[int]] = []

    def __call__(self, variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int]) -> list[list[Result]]:
        self.asked.append(list(numbers))
        return [[self.result(number, float(cost)) for number in numbers] for cost, _ in enumerate(variants, 1)]

    def result(self, number: int, cost: float = 1.0) -> Result:
        late = 0.1 + self.swing * (1 if number % 2 else -1)
        figures: dict[str, float | None] = {"late_reply_rate": late, "order_defect_rate": None, "labour_cost": cost}
        return Result(figures, {"US": dict(figures)}, {"late_reply_rate": True}, {})


def compared(swing: float, precision: Precision | None, first: int = 10) -> tuple[Comparison, Faked]:
    faked = Faked(swing)
    made = plan(DEFAULT, ["team.shenzhen.agents=2,3"], options={"replications": first})
    return compare_variants(made, faked, precision), faked


def half_width(swing: float, size: int) -> float:
    """Student's t by the book, over the values of that many replications."""
    spread = stdev(swing * (1 if number % 2 else -1) for number in range(1, size + 1))
    return float(stdtrit(size - 1, 0.975)) * spread / sqrt(size)


def test_it_goes_on_until_the_widest_interval_is_short_enough_and_no_further() -> None:
    found, faked = compared(0.02, Precision(0.004))
    size = found.replications
    assert found.widest == pytest.approx(half_width(0.02, size))
    assert half_width(0.02, size) <= 0.004
    before = sum(map(len, faked.asked[:-1]))
    assert half_width(0.02, before) > 0.004
    assert [number for batch in faked.asked for number in batch] == list(range(1, size + 1))
    assert all(len(variant.targets) == 1 and variant.targets_met == size for variant in found.variant_results)
    assert warnings(found) == []


def test_what_is_precise_already_is_not_run_again() -> None:
    found, faked = compared(0.0, Precision(0.001))
    assert (found.replications, len(faked.asked)) == (10, 1)
    assert compared(0.5, None)[1].asked == [list(range(1, 11))]


def test_one_replication_cannot_tell_so_more_follow() -> None:
    assert Precision(0.01).widest([[Faked(0.1).result(1)]]) == inf
    found, faked = compared(0.0, Precision(0.01), first=1)
    assert [len(batch) for batch in faked.asked] == [1, 10]
    assert found.replications == 11


def test_a_budget_that_is_used_up_is_said() -> None:
    found, _ = compared(0.1, Precision(0.001, 64))
    assert found.replications == 64
    told = warnings(found)[0]
    assert told == (
        f"after 64 replications the widest interval of a share is still ± {half_width(0.1, 64):.4f}, not ± 0.001. "
        "Give --at-most more, or ask for less."
    )


def test_the_command_goes_on_and_writes_a_scenario_that_gives_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aftersale.plugins.plugins import load_plugins
    from aftersale.testing.factories import stores
    from aftersale_simulator.runs import pool

    faked = Faked(0.02)
    monkeypatch.setattr(pool, "run_variants", lambda variants, numbers, *others: faked(variants, numbers))
    zones = {"US": "America/Los_Angeles", "DE": "Europe/Berlin", "JP": "Asia/Tokyo"}
    plugins = load_plugins(["simulator"], {"stores": stores(zones)})
    words = ["whatif", "--precision", "0.004", "--at-most", "1000", "--json", "--out", str(tmp_path / "out")]
    ended = CliRunner().invoke(cli, words, obj=plugins)
    assert ended.exit_code == 0, ended.output
    found = json.loads((tmp_path / "out/whatif.json").read_text(encoding="utf-8"))
    assert found["replications"] == sum(map(len, faked.asked)) > 10
    again = tomli.loads((tmp_path / "out/scenario.toml").read_text(encoding="utf-8"))
    assert again["replications"] == found["replications"]
    for wrong in ("0", "2", "much"):
        assert CliRunner().invoke(cli, ["whatif", "--precision", wrong], obj=plugins).exit_code == 2
