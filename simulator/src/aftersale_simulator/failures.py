"""Failures: a run that is worth nothing because plugins failed too many of its cases."""

from __future__ import annotations

from aftersale.errors import AftersaleError


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
