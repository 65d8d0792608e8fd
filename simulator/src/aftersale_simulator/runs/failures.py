"""Failures: a run that is worth nothing because plugins failed too many of its cases."""

from __future__ import annotations

from aftersale.base.errors import AftersaleError


class CasesFailed(AftersaleError):
    """Plugins failed more of a run's cases than it may lose."""

    def __init__(self, failed: int, cases: int, allowed: float, causes: tuple[str, ...]) -> None:
        """Keep how many of how many cases failed, the share that may, and a line for each cause."""
        super().__init__(failed, cases, allowed, causes)
        self.failed = failed
        self.cases = cases
        self.allowed = allowed
        self.causes = causes

    def __str__(self) -> str:
        """Return the share and the causes, each on a line of its own."""
        what = f"plugins failed {self.failed} of {self.cases} cases, more than most_failed = {self.allowed:g} allows"
        return "\n  ".join([f"{what} (correct the plugin, or allow more):", *self.causes])


class WorkerDied(AftersaleError):
    """No worker survives one replication of a scenario: it is killed, or runs out of memory, each time."""

    def __init__(self, scenario: str, replication: int) -> None:
        """Keep the scenario's name and the number of the replication."""
        super().__init__(scenario, replication)
        self.scenario = scenario
        self.replication = replication

    def __str__(self) -> str:
        """Return which replication it was, and what to do."""
        hint = "run it with --workers 1 to see why, or with fewer orders where memory is short"
        return f"replication {self.replication} of '{self.scenario}' killed every worker that ran it ({hint})"


class ClusterUnusable(AftersaleError):
    """A cluster cannot be worked with."""

    def __init__(self, address: str, what: str, hint: str) -> None:
        """Keep the scheduler's address, what is wrong, and what to do."""
        super().__init__(address, what, hint)
        self.address = address
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        """Return all three."""
        return f"--dask {self.address}".rstrip() + f": {self.what} ({self.hint})"
