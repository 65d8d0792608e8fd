"""Staff: the command `staff`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aftersale_simulator.cli import options
from aftersale_simulator.cli.progress import progress
from aftersale_simulator.cli.session import (
    cells_wanted,
    check_writable,
    early_workers,
    load,
    options_of,
    order_notes,
    pool_of,
    prepare,
    tell_written,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.calibration.history import History
    from aftersale_simulator.runs.engines import Engine
    from aftersale_simulator.runs.pool import WorkerPool
    from aftersale_simulator.staffing.search import SearchResult
    from aftersale_simulator.whatif.variants import Plan


@click.command()
@click.argument("scenario", type=options.A_FILE, required=False)
@options.settings
@options.orders
@options.salt
@click.option(
    "--probability",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Of how many periods all targets are to be kept in; by default the scenario's share_of_replications.",
)
@click.option("--replications", type=click.IntRange(min=2), help="How often a roster is tried before it is chosen.")
@click.option("--at-most", type=click.IntRange(min=1), default=600, show_default=True, help="Replications in all.")
@options.seed
@options.workers
@options.dask
@options.engine
@click.option(
    "--out", type=options.A_FOLDER, help="Write staff.json, and scenario.toml with the roster, to this new folder."
)
@options.page
@options.language
@click.option("json_", "--json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def staff(
    plugins: Plugins,
    scenario: Path | None,
    settings: Sequence[str],
    orders: Path | None,
    salt: str | None,
    probability: float | None,
    replications: int | None,
    at_most: int,
    seed: int | None,
    workers: int | None,
    dask: str | None,
    engine: Engine,
    out: Path | None,
    page_file: Path | None,
    language: str,
    json_: bool,
) -> None:
    """Find the cheapest roster for a SCENARIO that keeps every target, and say how sure that is.

    Without SCENARIO the one that is shipped is taken. What is allowed, patterns of work and how many people, stands
    in it under [staffing]. All rosters meet the same buyers; the one that is found is run again on fresh ones.
    """
    from aftersale_simulator.show.wording import speaking, text

    check_writable(out, page_file)
    given = options_of(seed, replications, orders)
    with early_workers(workers, dask) as early:
        plan, history = prepare(load(scenario, plugins), plugins, (), settings, given, salt=salt)
        with speaking(language), pool_of(plugins, workers, history, dask, engine, early) as pool:
            outcome = _search(plan, plugins, pool, probability, at_most, quiet=json_)
    with speaking(language):
        if outcome.stopped:
            click.echo(text("report.stopped"), err=True)
        _tell(outcome, plan, plugins, history, out, page_file, json_)
    if outcome.stopped:
        raise click.exceptions.Exit(options.STOPPED)


def _search(
    plan: Plan, plugins: Plugins, pool: WorkerPool, probability: float | None, at_most: int, *, quiet: bool
) -> SearchResult:
    from aftersale_simulator.resolved.scenario import resolve
    from aftersale_simulator.staffing.search import cheapest

    with progress(quiet=quiet, at_most=at_most) as shown:
        shown.expect(at_most)
        run = partial(pool.work, on_done=lambda _, result: shown.done(result))
        resolved = resolve(plan.scenario, plugins)
        return cheapest(resolved, run, "staffing", probability, at_most, keep_partial=True)


def _tell(
    outcome: SearchResult,
    plan: Plan,
    plugins: Plugins,
    history: History | None,
    out: Path | None,
    page_file: Path | None,
    json_: bool,
) -> None:
    """Write and print the result of a search; what cannot be written is told after it."""
    from aftersale.base.json_documents import as_json
    from aftersale_simulator import output_files
    from aftersale_simulator.calibration.history import record as history_record
    from aftersale_simulator.scenario.overrides import changed
    from aftersale_simulator.staffing import record, table

    orders_record = history_record(history, cells_wanted()) if history else None
    staff_record = record.record(outcome, order_notes(history, plan, plugins), orders_record)
    document = as_json(staff_record, ascii_only=False)
    outputs = output_files.Outputs()
    if out is not None:
        people = outcome.staffing.document(outcome.check.roster) if outcome.check is not None else {}
        scenario_document = changed({**plan.raw, "variant": []}, people, "staff", plan.words)
        texts = {"staff.json": document + "\n", "scenario.toml": output_files.as_toml(scenario_document)}
        with outputs.attempt(out):
            output_files.write_folder(out, texts)
    if page_file is not None:
        from aftersale_simulator.staffing.charts import staff_page

        with outputs.attempt(page_file):
            output_files.write_file(page_file, staff_page(outcome, staff_record))
    if json_:
        click.echo(document)
    else:
        table.show(outcome, staff_record)
    tell_written(outputs, quiet=json_)
