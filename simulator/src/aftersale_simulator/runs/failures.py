"""Failures: why a run or its workers had to stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aftersale.base.errors import AftersaleError
from aftersale.base.visible import visible

if TYPE_CHECKING:
    from aftersale_simulator.runs.results import Result


class CasesFailed(AftersaleError):
    """Plugins failed more cases of a run than the scenario allows."""

    def __init__(self, failed: int, cases: int, allowed: float, causes: tuple[str, ...]) -> None:
        """Keep the number of failed cases, of all cases, the share that may fail, and a line for each cause."""
        super().__init__(failed, cases, allowed, causes)
        self.failed = failed
        self.cases = cases
        self.allowed = allowed
        self.causes = causes

    def __str__(self) -> str:
        """Return the numbers and the allowed share, then each cause on its own line."""
        problem = f"plugins failed {self.failed} of {self.cases} cases, more than most_failed = {self.allowed:g} allows"
        return "\n  ".join([f"{problem} (correct the plugin, or allow more):", *map(visible, self.causes)])


class WorkerDied(AftersaleError):
    """Every worker dies of one replication of a scenario: it is killed or runs out of memory each time."""

    def __init__(self, scenario: str, replication: int) -> None:
        """Keep the scenario's name and the number of the replication."""
        super().__init__(scenario, replication)
        self.scenario = scenario
        self.replication = replication

    def __str__(self) -> str:
        """Return the replication and what to do."""
        hint = "run it with --workers 1 to see why, or with fewer orders where memory is short"
        return visible(f"replication {self.replication} of '{self.scenario}' killed every worker that ran it ({hint})")


class Stopped(KeyboardInterrupt):
    """Ctrl-C while jobs ran: the results of those that were done.

    `rows` has a list for each variant, or a single one for all jobs, in their order; None stands for what was not done.
    """

    def __init__(self, rows: Sequence[Sequence[Result | None]]) -> None:
        """Keep the results."""
        super().__init__()
        self.rows = rows


class EngineUnusable(AftersaleError):
    """An engine that was asked for is not there."""

    def __init__(self, engine: str) -> None:
        """Keep the engine's name."""
        super().__init__(engine)
        self.engine = engine

    def __str__(self) -> str:
        """Return the problem and what to do."""
        hint = "take --engine plain for the same figures, or get a C compiler and install aftersale-simulator again"
        return visible(f"--engine {self.engine}: the kernel is not compiled here ({hint})")


class ClusterUnusable(AftersaleError):
    """A Dask cluster cannot be used."""

    def __init__(self, address: str, what: str, hint: str) -> None:
        """Keep the scheduler's address, the problem, and what to do."""
        super().__init__(address, what, hint)
        self.address = address
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        """Return the address, the problem and what to do."""
        return visible(f"--dask {self.address}".rstrip() + f": {self.what} ({self.hint})")
