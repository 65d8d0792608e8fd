"""Session: what every command does around its own work: load, plan, open a worker pool, run variants."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.calibration.history import History
    from aftersale_simulator.cli.progress import Progress
    from aftersale_simulator.output_files import Outputs
    from aftersale_simulator.runs.engines import Engine
    from aftersale_simulator.runs.job import RunVariants
    from aftersale_simulator.runs.pool import WorkerPool
    from aftersale_simulator.runs.processes import EarlyWorkers
    from aftersale_simulator.runs.results import Result
    from aftersale_simulator.scenario.document import ScenarioFile
    from aftersale_simulator.scenario.model import Scenario
    from aftersale_simulator.whatif.variants import Plan


def check_writable(out: Path | None, page_file: Path | None) -> None:
    """Refuse outputs that cannot be written, all of them, before anything runs."""
    from aftersale_simulator.output_files import PAGE_ROOM, Outputs, check_file, check_free

    outputs = Outputs()
    if out is not None:
        with outputs.attempt(out):
            check_free(out)
    if page_file is not None:
        with outputs.attempt(page_file):
            check_file(page_file, PAGE_ROOM)
    outputs.raise_problems()


def tell_written(outputs: Outputs, quiet: bool = False) -> None:
    """Say what was written, unless `quiet`; then raise DocumentError with what could not be."""
    import click

    from aftersale_simulator.show.wording import text

    for path in () if quiet else outputs.written:
        click.echo(text("report.written", folder=path))
    outputs.raise_problems()


def load(path: Path | None, plugins: Plugins) -> ScenarioFile:
    """Return a scenario's file, by default the shipped one, checked against the plugins; raises DocumentError."""
    from aftersale_simulator.scenario.document import load_scenario
    from aftersale_simulator.scenario.vocabulary import vocabulary
    from aftersale_simulator.world.checks import check_marketplaces

    source = load_scenario(path, vocabulary(plugins))
    check_marketplaces(source.scenario, plugins, source.source, source.raw)
    return source


def follow(source: ScenarioFile, orders: Path, plugins: Plugins) -> ScenarioFile:
    """Return a scenario on the marketplaces and days of an order file; raises DocumentError."""
    from aftersale_simulator.calibration.history import follow_orders

    return follow_orders(source, orders, plugins)


def prepare(
    source: ScenarioFile,
    plugins: Plugins,
    vary: Sequence[str],
    settings: Sequence[str],
    options: dict[str, Any],
    stress: Sequence[str] = (),
    salt: str | None = None,
) -> tuple[Plan, History | None]:
    """Return what to simulate and the order history; the plan's world has the returns fitted to the orders.

    With a `salt` the buyers of the order file are known by keyed hashes.
    """
    from aftersale_simulator.whatif import preparation

    return preparation.prepare(source, plugins, vary, settings, options, stress, salt)


def order_notes(history: History | None, plan: Plan, plugins: Plugins) -> list[str]:
    """Return the notes on the order file of a plan; none without an order file."""
    if history is None:
        return []
    from aftersale_simulator.calibration.history import notes

    return notes(history, plan.scenario, plugins, cells_wanted())


def cells_wanted() -> bool:
    """Whether the user wants to see cells that could not be read."""
    import click

    from aftersale.cli.program import show_cells

    return show_cells(click.get_current_context())


def options_of(seed: int | None, replications: int | None, orders: Path | None) -> dict[str, Any]:
    """Return the values that options set, by the paths of a scenario."""
    values = {"seed": seed, "replications": replications, "orders.file": orders and str(orders.absolute())}
    return {path: value for path, value in values.items() if value is not None}


@contextmanager
def early_workers(workers: int | None, cluster: str | None) -> Iterator[EarlyWorkers | None]:
    """Let worker processes start to load, where a pool will want some: what they need takes as long as to prepare."""
    count = workers or os.cpu_count() or 1
    if cluster is not None or count == 1:
        yield None
        return
    from aftersale_simulator.runs.processes import EarlyWorkers

    with EarlyWorkers(count) as early:
        yield early


@contextmanager
def pool_of(
    plugins: Plugins,
    workers: int | None,
    history: History | None,
    cluster: str | None = None,
    engine: Engine = "auto",
    early: EarlyWorkers | None = None,
) -> Iterator[WorkerPool]:
    """Open the pool that runs the replications: processes here, by default one per processor, or a cluster.

    Here it says so, once, where `auto` finds no compiled kernel. Raises EngineUnusable where that is asked for.
    """
    import click

    from aftersale_simulator.runs.engines import check_engine, usual_engine
    from aftersale_simulator.runs.pool import worker_pool
    from aftersale_simulator.show.wording import text

    if cluster is None:  # the kernels of a cluster's workers are their own
        check_engine(engine)
        if engine == "auto" and usual_engine() == "plain":
            click.echo(text("engine.uncompiled"), err=True)
    orders = history.orders if history else None
    with worker_pool(workers or os.cpu_count() or 1, plugins, orders, cluster, engine, early) as pool:
        yield pool


def runner(pool: WorkerPool, progress: Progress) -> RunVariants:
    """Return a function that runs variants on a pool and shows their progress."""
    from aftersale_simulator.runs import pool as pools

    def run(variants: Sequence[tuple[str, Scenario]], replications: Sequence[int]) -> list[list[Result]]:
        def on_done(position: int, result: Result) -> None:
            replication, variant = divmod(position, len(variants))
            progress.done(result, variants[variant][0], replications[replication])

        progress.expect(len(variants) * len(replications))
        return pools.run_variants(variants, replications, pool, on_done)

    return run
