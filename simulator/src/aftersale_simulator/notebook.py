"""Notebook: the commands as calls that return polars tables and plotly figures.

from aftersale_simulator.notebook import whatif
result = whatif("mine.toml", vary={"team.berlin.agents": [1, 2]})
result.frame()
result.pictures()["backlog"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import frozen

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.calibration.fit import Calibration, Files, calibrated
from aftersale_simulator.output_files import toml_value
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.engines import Engine
from aftersale_simulator.runs.pool import run_variants, worker_pool
from aftersale_simulator.runs.results import Result
from aftersale_simulator.scenario.document import ScenarioFile, load_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary
from aftersale_simulator.staffing import record, search
from aftersale_simulator.staffing.search import SearchResult
from aftersale_simulator.whatif.answer import answer, warnings
from aftersale_simulator.whatif.comparison import Comparison, compare_variants
from aftersale_simulator.whatif.page import parts
from aftersale_simulator.whatif.precision import Precision
from aftersale_simulator.whatif.preparation import prepare
from aftersale_simulator.world.checks import check_marketplaces

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Source = str | Path | ScenarioFile | None
"""A scenario's path, a loaded scenario, or None for the shipped one."""


@frozen(eq=False)
class WhatIf:
    """A comparison of variants."""

    comparison: Comparison

    @property
    def answer(self) -> str:
        """The answer in words, then the warnings."""
        return " ".join([answer(self.comparison), *warnings(self.comparison)])

    def frame(self) -> pl.DataFrame:
        """Return variant, metric, mean, low, high and the difference to the first variant, with its interval.

        Rates lie between 0 and 1, times are wall hours; null if there are too few replications.
        """
        rows = [
            (variant.name, name, value.mean, value.low, value.high, difference.mean, difference.low, difference.high)
            for variant in self.comparison.variant_results
            for name, figure in variant.metrics.items()
            for value, difference in [(figure.value, figure.difference)]
        ]
        words = ["variant", "metric"]
        numbers = ["mean", "low", "high", "difference", "difference_low", "difference_high"]
        schema = {**dict.fromkeys(words, pl.String), **dict.fromkeys(numbers, pl.Float64)}
        return pl.DataFrame(rows, schema, orient="row")

    def days(self) -> pl.DataFrame:
        """Return variant, replication, day (0 is the first measured one) and the figures of the day.

        Days of the warm-up are below 0; counts are sums over marketplaces, `busy` and `paid` are agents' hours.
        """
        frames = [
            pl.DataFrame({name: getattr(timeline, name) for name in _DAILY}).with_columns(
                pl.lit(variant.name).alias("variant"),
                pl.lit(number).alias("replication"),
                (pl.int_range(pl.len()) - timeline.warm_up).alias("day"),
            )
            for variant in self.comparison.variant_results
            for number, timeline in enumerate(variant.timelines, 1)
        ]
        return pl.concat(frames).select("variant", "replication", "day", *_DAILY)

    def pictures(self) -> dict[str, Figure]:
        """Return the pictures of the page by the names of its sections, numbered if a section has several."""
        figures: dict[str, Figure] = {}
        for part in parts():
            section = part(self.comparison)
            if section is not None:
                many = len(section.pictures) > 1
                for number, picture in enumerate(section.pictures, 1):
                    figures[f"{section.name}-{number}" if many else section.name] = picture.figure
        return figures


_DAILY = ("orders", "contacts", "late", "claims", "backlog", "busy", "paid")


@frozen(eq=False)
class Staff:
    """A search for the cheapest roster."""

    found: SearchResult

    @property
    def answer(self) -> str:
        """The desk as it is today and the roster in words, how sure it is, and the warnings."""
        return " ".join([record.today_text(self.found), record.answer(self.found), *record.warnings(self.found)])

    def frame(self) -> pl.DataFrame:
        """Return the shown rosters: roster, role, cost, replications that kept all targets, replications, and rates."""
        rows = [
            (
                record.roster_text(self.found, candidate.roster),
                role,
                candidate.figure("labour_cost").mean,
                candidate.kept,
                len(candidate.results),
                candidate.figure("late_reply_rate").mean,
                candidate.figure("order_defect_rate").mean,
            )
            for role, candidate in record.roles(self.found)
        ]
        names = ["roster", "role", "cost", "kept", "replications", "late_reply_rate", "order_defect_rate"]
        kinds = [pl.String, pl.String, pl.Float64, pl.Int64, pl.Int64, pl.Float64, pl.Float64]
        return pl.DataFrame(rows, dict(zip(names, kinds, strict=True)), orient="row")

    def scenario(self) -> dict[str, Any]:
        """Return the settings, by the paths of a scenario, with which the roster works; empty without a roster."""
        check = self.found.check
        return {} if check is None else self.found.staffing.document(check.roster)


def whatif(
    scenario: Source = None,
    *,
    vary: Mapping[str, Sequence[Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
    stress: Sequence[str] = (),
    precision: float | None = None,
    salt: str | None = None,
    workers: int = 1,
    engine: Engine = "auto",
    plugins: Plugins | None = None,
) -> WhatIf:
    """Compare variants of a scenario, as `aftersale whatif` does.

    `vary` maps paths to values to compare, `settings` maps paths to values for all variants. With a `salt` the buyers
    of an order file are known by keyed hashes. `engine` is what runs the replications, with the same figures. Raises
    DocumentError with every mistake, and EngineUnusable. In a program, call it under `if __name__ == "__main__"` for
    more than one worker.
    """
    plugin_set = plugins or load_plugins()
    source = _load(scenario, plugin_set)
    grid = [f"{path}={','.join(map(toml_value, values))}" for path, values in (vary or {}).items()]
    comparison_plan, history = prepare(source, plugin_set, grid, (), settings, stress, salt)
    goal = None if precision is None else Precision(precision)
    with worker_pool(workers, plugin_set, history.orders if history else None, None, engine) as pool:
        run = partial(run_variants, pool=pool, on_done=_silent)
        return WhatIf(compare_variants(comparison_plan, run, goal))


def staff(
    scenario: Source = None,
    *,
    probability: float | None = None,
    settings: Mapping[str, Any] | None = None,
    at_most: int = search.BUDGET,
    salt: str | None = None,
    workers: int = 1,
    engine: Engine = "auto",
    plugins: Plugins | None = None,
) -> Staff:
    """Find the cheapest roster that keeps every target in a share `probability` of all periods, as `aftersale staff`.

    With a `salt` the buyers of an order file are known by keyed hashes. `engine` is what runs the replications, with
    the same figures. Raises DocumentError with every mistake, and if the scenario allows too many rosters, and
    EngineUnusable.
    """
    plugin_set = plugins or load_plugins()
    comparison_plan, history = prepare(_load(scenario, plugin_set), plugin_set, options=settings, salt=salt)
    resolved = resolve(comparison_plan.scenario, plugin_set)
    with worker_pool(workers, plugin_set, history.orders if history else None, None, engine) as pool:
        run = partial(pool.work, on_done=_silent)
        return Staff(search.cheapest(resolved, run, "staffing", probability, at_most))


def calibrate(
    scenario: Source = None,
    *,
    orders: str | Path | None = None,
    returns: str | Path | None = None,
    messages: str | Path | None = None,
    claims: str | Path | None = None,
    tasks: str | Path | None = None,
    reviews: str | Path | None = None,
    plugins: Plugins | None = None,
) -> Calibration:
    """Fit a scenario's numbers to a seller's files, as `aftersale calibrate` does; `frame()` shows them.

    `document` is the scenario with these numbers. Raises DocumentError with the problems of all files.
    """
    plugin_set = plugins or load_plugins()
    paths = (None if path is None else Path(path) for path in (orders, returns, messages, claims, tasks, reviews))
    return calibrated(_load(scenario, plugin_set), plugin_set, Files(*paths))


def _load(scenario: Source, plugins: Plugins) -> ScenarioFile:
    if isinstance(scenario, ScenarioFile):
        return scenario
    source = load_scenario(None if scenario is None else Path(scenario), vocabulary(plugins))
    check_marketplaces(source.scenario, plugins, source.source, source.raw)
    return source


def _silent(position: int, result: Result) -> None:
    """Show no progress."""
