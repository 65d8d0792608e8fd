"""Staff: the command `staff`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aftersale_simulator.cli import options
from aftersale_simulator.cli.session import (
    cells_wanted,
    check_writable,
    load,
    options_of,
    order_notes,
    pool_of,
    prepare,
    progress_bar,
    tell_written,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aftersale.plugins.plugins import Plugins


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
    out: Path | None,
    page_file: Path | None,
    language: str,
    json_: bool,
) -> None:
    """Find the cheapest roster for a SCENARIO that keeps every target, and say how sure that is.

    Without SCENARIO the one that is shipped is taken. What is allowed, patterns of work and how many people, stands
    in it under [staffing]. All rosters meet the same buyers; the one that is found is run again on fresh ones.
    """
    from aftersale.base.json_documents import as_json
    from aftersale_simulator import output_files
    from aftersale_simulator.calibration.history import record as history_record
    from aftersale_simulator.resolved.scenario import resolve
    from aftersale_simulator.scenario.overrides import changed
    from aftersale_simulator.show.wording import speaking, text
    from aftersale_simulator.staffing import record, table
    from aftersale_simulator.staffing.search import cheapest

    check_writable(out, page_file)
    given = options_of(seed, replications, orders)
    plan, history = prepare(load(scenario, plugins), plugins, (), settings, given, salt=salt)
    with pool_of(plugins, workers, history, dask) as pool, progress_bar(None, quiet=json_) as on_done:
        resolved = resolve(plan.scenario, plugins)
        run = partial(pool.work, on_done=on_done)
        outcome = cheapest(resolved, run, "staffing", probability, at_most, keep_partial=True)
    with speaking(language):
        if outcome.stopped:
            click.echo(text("report.stopped"), err=True)
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
    if outcome.stopped:
        raise click.exceptions.Exit(options.STOPPED)
