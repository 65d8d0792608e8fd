"""Simulate: the command `simulate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aftersale_simulator.cli import options
from aftersale_simulator.cli.session import (
    cells_wanted,
    load,
    options_of,
    order_notes,
    prepare,
    tell_written,
)

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins


@click.command()
@click.argument("scenario", type=options.A_FILE)
@click.option(
    "--out", type=options.A_FOLDER, required=True, help="Write orders, facts, cases and metrics to this new folder."
)
@click.option("--csv", is_flag=True, help="Write CSV instead of Parquet.")
@options.seed
@click.option("--replication", type=click.IntRange(min=1), default=1, show_default=True, help="Which one to run.")
@options.orders
@options.salt
@options.settings
@click.pass_obj
def simulate(
    plugins: Plugins,
    scenario: Path,
    out: Path,
    csv: bool,
    seed: int | None,
    replication: int,
    orders: Path | None,
    salt: str | None,
    settings: Sequence[str],
) -> None:
    """Run one replication of a SCENARIO and write all that happened in it, as a journal and as tables."""
    from aftersale.base.json_documents import as_json
    from aftersale.base.tables import show
    from aftersale_simulator import output_files
    from aftersale_simulator.books.money import LINE
    from aftersale_simulator.calibration.history import record as history_record
    from aftersale_simulator.resolved.period import period_report
    from aftersale_simulator.resolved.scenario import resolve
    from aftersale_simulator.runs.recording import Recording
    from aftersale_simulator.runs.run import run
    from aftersale_simulator.show.days_off import day_notes
    from aftersale_simulator.show.effects import idle_sentence, idle_settings
    from aftersale_simulator.show.money import money_notes, not_simulated
    from aftersale_simulator.show.numbers import Numbers, metric_table
    from aftersale_simulator.show.period import period_notes
    from aftersale_simulator.show.wording import failed, target_name, text

    output_files.check_free(out)
    given = options_of(seed, None, orders)
    plan, history = prepare(load(scenario, plugins), plugins, (), settings, given, salt=salt)
    real_orders = history.orders if history else None
    beside = {"order_file.json": as_json(history_record(history, cells_wanted())) + "\n"} if history else {}
    resolved = resolve(plan.scenario, plugins)
    outputs = output_files.Outputs()
    result = run(resolved, replication, orders=real_orders, record=Recording(out, csv, beside, outputs.attempt))
    simulated = plan.scenario
    show(text("simulate.title", name=simulated.name, replication=replication, seed=simulated.seed))
    shown = {name: value for name, value in result.metrics.items() if value or not name.startswith(LINE)}
    show(metric_table(shown, Numbers(simulated.currency, result.units)))
    for name, met in result.targets.items():
        key = "simulate.kept" if met else "simulate.missed"
        show(text(key, target=target_name(name)))
    for name in result.unmeasured:
        show(text("simulate.unmeasured", target=target_name(name)))
    failures = [failed(count, cause, simulated.name) for cause, count in result.failed.items()]
    idle = [setting for setting in result.effects.idle if not setting.path.startswith(plan.beside)]
    sentences = [idle_sentence(idle_settings(idle))] if idle else []
    days = [*period_notes(period_report([resolved])), *day_notes([simulated])]
    money = list(money_notes([simulated], result.unrated))
    if not result.unrated and (names := not_simulated([simulated])):
        show(text("report.shipped", names=text("report.comma").join(names)))
    for note in [*order_notes(history, plan, plugins), *money, *days, *failures, *sentences]:
        show(text("report.warning", text=note))
    tell_written(outputs)
