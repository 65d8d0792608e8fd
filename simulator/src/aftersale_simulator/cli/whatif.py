"""What-if: the command `whatif`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aftersale_simulator.cli import options
from aftersale_simulator.cli.progress import progress
from aftersale_simulator.cli.session import (
    cells_wanted,
    check_writable,
    early_workers,
    follow,
    load,
    options_of,
    order_notes,
    pool_of,
    prepare,
    runner,
    tell_written,
)

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.calibration.history import History
    from aftersale_simulator.runs.engines import Engine
    from aftersale_simulator.runs.pool import WorkerPool
    from aftersale_simulator.whatif.comparison import Comparison
    from aftersale_simulator.whatif.precision import Precision
    from aftersale_simulator.whatif.record import ComparisonRecord
    from aftersale_simulator.whatif.variants import Plan


@click.command()
@click.argument("scenario", type=options.A_FILE, required=False)
@click.option("--vary", metavar="PATH=V,V,…", multiple=True, help="Compare these values; several options make a grid.")
@options.settings
@options.orders
@options.salt
@click.option("--replications", type=click.IntRange(min=1), help="How often each variant is simulated.")
@click.option(
    "--precision",
    type=click.FloatRange(min=0, min_open=True, max=1),
    metavar="SHARE",
    help="Go on until every share is known within this, such as 0.002, with 95 % confidence.",
)
@click.option(
    "--at-most", type=click.IntRange(min=1), default=500, show_default=True, help="Replications that it may take."
)
@options.seed
@options.workers
@options.dask
@options.engine
@click.option(
    "--out", type=options.A_FOLDER, help="Write whatif.json, whatif.csv and scenario.toml to this new folder."
)
@click.option("--stress", metavar="NAME|FILE", multiple=True, help="Put every variant to a test, such as prime_day.")
@options.page
@options.language
@click.option("--sensitivity", is_flag=True, help="Halve and double every number that the world assumes, one by one.")
@click.option("--by-marketplace", is_flag=True, help="Tell how each variant did where, and what it missed most.")
@click.option(
    "--columns", "wanted", metavar="NAME,…", help="Show these metrics and their differences; all for every one."
)
@click.option(
    "--cheapest",
    type=click.Choice(["contribution", "total", "labour"]),
    help="By what variants are ranked; else as the scenario says, by contribution if it does not.",
)
@click.option("json_", "--json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def whatif(
    plugins: Plugins,
    scenario: Path | None,
    vary: Sequence[str],
    settings: Sequence[str],
    orders: Path | None,
    salt: str | None,
    replications: int | None,
    precision: float | None,
    at_most: int,
    seed: int | None,
    workers: int | None,
    dask: str | None,
    engine: Engine,
    out: Path | None,
    stress: Sequence[str],
    page_file: Path | None,
    language: str,
    sensitivity: bool,
    by_marketplace: bool,
    wanted: str | None,
    cheapest: str | None,
    json_: bool,
) -> None:
    """Compare variants of a SCENARIO: which staffing and which policy keeps the targets, and what it comes to.

    Ctrl-C ends it with the answer of what is done, marked as partial, and exit code 130; a second one ends it at once.

    Without SCENARIO the one that is shipped is taken; with --orders it then follows the file, its
    marketplaces and its days. Paths are those of the scenario file, such as
    team.shenzhen.agents or team.shenzhen.shifts.0.days.
    """
    from aftersale_simulator.show.wording import speaking, text

    check_writable(out, page_file)
    shown = [name.strip() for name in wanted.split(",") if name.strip()] if wanted else []
    with early_workers(workers, dask) as early:
        from aftersale_simulator.whatif.precision import Precision
        from aftersale_simulator.whatif.table import check_columns

        check_columns(shown, plugins)
        source = load(scenario, plugins)
        if scenario is None and orders is not None:
            source = follow(source, orders, plugins)
        given = options_of(seed, replications, orders) | ({"cheapest": cheapest} if cheapest else {})
        plan, history = prepare(source, plugins, vary, settings, given, stress, salt)
        goal = None if precision is None else Precision(precision, at_most)
        with speaking(language), pool_of(plugins, workers, history, dask, engine, early) as pool:
            comparison = _compare(plan, pool, goal, json_)
            if sensitivity and comparison.finished is None:
                comparison = _with_sensitivity(comparison, plan, pool, json_)
    with speaking(language):
        if comparison.finished is not None:
            click.echo(text("report.stopped"), err=True)
        _tell(comparison, plan, plugins, history, out, page_file, by_marketplace, shown, json_)
    if comparison.finished is not None:
        raise click.exceptions.Exit(options.STOPPED)


def _compare(plan: Plan, pool: WorkerPool, goal: Precision | None, quiet: bool) -> Comparison:
    from aftersale_simulator.whatif.comparison import compare_variants

    names = tuple(variant.name for variant in plan.variants)
    at_most = None if goal is None else goal.budget * len(names)
    with progress(quiet=quiet, at_most=at_most, variants=names, scenario=plan.variants[0].scenario) as shown:
        return compare_variants(plan, runner(pool, shown), goal, keep_partial=True)


def _with_sensitivity(comparison: Comparison, plan: Plan, pool: WorkerPool, quiet: bool) -> Comparison:
    """Return the comparison with the sensitivity of the variant that the answer is about; without it after Ctrl-C."""
    from attrs import evolve

    from aftersale_simulator.runs.failures import Stopped
    from aftersale_simulator.sensitivity.swings import sensitivity

    chosen = comparison.cheapest or comparison.nearest
    scenario = next(variant.scenario for variant in plan.variants if variant.name == chosen.name)
    try:
        with progress(quiet=quiet) as shown:
            result = sensitivity(chosen.name, scenario, plan.words, runner(pool, shown))
    except Stopped:
        return evolve(comparison, finished={variant.name: comparison.replications for variant in plan.variants})
    return evolve(comparison, sensitivity=result)


def _tell(
    comparison: Comparison,
    plan: Plan,
    plugins: Plugins,
    history: History | None,
    out: Path | None,
    page_file: Path | None,
    by_marketplace: bool,
    wanted: Sequence[str],
    json_: bool,
) -> None:
    """Write and print the result of a comparison; what cannot be written is told after it."""
    from aftersale_simulator import output_files
    from aftersale_simulator.whatif import record, table
    from aftersale_simulator.whatif.variants import reproduced

    comparison_record = record.record(comparison, order_notes(history, plan, plugins), history, cells_wanted())
    outputs = output_files.Outputs()
    if out is not None:
        document = {**reproduced(plan), "replications": comparison.replications}
        texts = {"whatif.json": record.as_json(comparison_record) + "\n", "whatif.csv": record.as_csv(comparison)}
        with outputs.attempt(out):
            output_files.write_folder(out, {**texts, "scenario.toml": output_files.as_toml(document)})
    if page_file is not None:
        with outputs.attempt(page_file):
            _write_page(page_file, comparison, comparison_record, plugins, history)
    if json_:
        click.echo(record.as_json(comparison_record))
    else:
        table.show(comparison, comparison_record, history, by_marketplace, wanted)
    tell_written(outputs, quiet=json_)


def _write_page(
    page_file: Path, comparison: Comparison, record: ComparisonRecord, plugins: Plugins, history: History | None
) -> None:
    from aftersale_simulator.output_files import write_file
    from aftersale_simulator.resolved.scenario import resolve
    from aftersale_simulator.scenario.vocabulary import vocabulary
    from aftersale_simulator.whatif.drawing import lines_of
    from aftersale_simulator.whatif.page import page, parts

    declared = [parameter for group in vocabulary(plugins).parameters.values() for parameter in group]
    kinds = {kind.name: kind for policy in plugins.policies().values() for kind in policy.costs.kinds}
    sections = parts(declared, lines_of(resolve(comparison.scenario, plugins)), list(kinds.values()))
    write_file(page_file, page(comparison, record, sections, history))
