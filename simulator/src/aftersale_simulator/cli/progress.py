"""Progress: what a terminal shows while replications run: how many, how fast, how long yet, and the first figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from aftersale_simulator.runs.results import Result
    from aftersale_simulator.scenario.model import Scenario

FIRST = 10
"""From how many replications of every variant on their figures are shown: fewer say nothing about chance."""
_TIMES_A_SECOND = 4
_BAR_COLUMNS = 40
_LEAST_SECONDS = 1e-3


class Progress:
    """Is told of what runs and what is done, and shows nothing of it: the output goes to a file or a program."""

    def expect(self, runs: int) -> None:
        """Add replications that are going to run."""

    def done(self, result: Result, variant: str = "", replication: int = 0) -> None:
        """Count a replication that is done."""


@contextmanager
def progress(
    *, quiet: bool, at_most: int | None = None, variants: tuple[str, ...] = (), scenario: Scenario | None = None
) -> Iterator[Progress]:
    """Show the progress of the runs on stderr, unless `quiet` or the output goes to a file or a program.

    Where nobody knows how many runs there will be, there are `at_most` so many. With a `scenario` the figures of its
    `variants` are shown as far as they are known. All of it is gone at the end.
    """
    if quiet or not (sys.stderr.isatty() and sys.stdout.isatty()):
        yield Progress()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        try:
            yield _Shown(live, at_most, variants, scenario)
        finally:
            live.update("")  # what it shows at its end it shows whole, and could not erase what has scrolled away


class _Shown(Progress):
    """Shows a bar, its figures below it, and the table of the variants below that, as much as the terminal holds."""

    def __init__(self, live: Live, at_most: int | None, variants: tuple[str, ...], scenario: Scenario | None) -> None:
        self._live, self._at_most, self._variants, self._scenario = live, at_most, variants, scenario
        self._expected = self._count = 0
        self._first_done = self._shown = 0.0
        self._waiting: dict[int, dict[str, Result]] = {}
        self._results: dict[str, list[Result]] = {name: [] for name in variants}

    def expect(self, runs: int) -> None:
        """Add replications that are going to run."""
        self._expected += runs
        self._show()

    def done(self, result: Result, variant: str = "", replication: int = 0) -> None:
        """Count a replication that is done; show that a few times a second, and the first figures at once."""
        self._count += 1
        self._first_done = self._first_done or monotonic()
        before = self._each
        if self._scenario is not None:
            self._keep(result, variant, replication)
        if before < FIRST <= self._each or monotonic() - self._shown > 1 / _TIMES_A_SECOND:
            self._show()

    def _keep(self, result: Result, variant: str, replication: int) -> None:
        """Keep a result; the figures of all variants rest on the same replications, those that all have."""
        waiting = self._waiting.setdefault(replication, {})
        waiting[variant] = result
        if len(waiting) == len(self._variants):
            for name, found in self._waiting.pop(replication).items():
                self._results[name].append(found)

    @property
    def _each(self) -> int:
        """How many replications all variants have."""
        return min(map(len, self._results.values()), default=0)

    def _show(self) -> None:
        from rich.console import Group

        self._shown = monotonic()
        self._live.update(Group(self._bar(), *self._figures()), refresh=True)

    def _bar(self) -> RenderableType:
        """Return the bar and its figures; on a narrow terminal these fold below it."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        from aftersale_simulator.show.wording import text

        total = None if self._at_most is not None else self._expected or None
        bar = ProgressBar(total, self._count, _BAR_COLUMNS, pulse=total is None)
        row = Table.grid(padding=(0, 1))
        row.add_row(Text(text("report.running"), no_wrap=True), bar)
        return Group(row, Text(text("report.comma").join(self._facts())))

    def _facts(self) -> Iterator[str]:
        from aftersale_simulator.show.numbers import number
        from aftersale_simulator.show.wording import text

        total = self._at_most or self._expected
        yield text("progress.of" if self._at_most is None else "progress.of_at_most", count=self._count, total=total)
        if self._scenario is not None and self._each < FIRST <= total // len(self._variants):
            yield text("progress.each", each=self._each, first=FIRST)
        if self._count > 1:  # before the first, workers start
            pace = (self._count - 1) / max(monotonic() - self._first_done, _LEAST_SECONDS)
            yield text("progress.pace", pace=number(pace, 1 if pace < FIRST else 0))
            left = _clock(max(0, total - self._count) / pace)
            yield text("progress.left" if self._at_most is None else "progress.left_at_most", left=left)

    def _figures(self) -> Iterator[RenderableType]:
        """Yield the lines of the variants' table, of as many variants as the terminal may have room for."""
        from rich.text import Text

        from aftersale_simulator.show.wording import text
        from aftersale_simulator.whatif.table import so_far

        if self._scenario is None or self._each < FIRST:
            return
        console = self._live.console
        yield Text("\n" + text("progress.so_far", replications=self._each) + "\n")
        names = self._variants[: max(1, console.height // 2)]
        table = so_far({name: self._results[name] for name in names}, self._scenario)
        for line, head in table.lines(console.width):
            yield Text(line, "bold" if head else "", no_wrap=True, overflow="crop")


def _clock(seconds: float) -> str:
    """Return a time as minutes and seconds, with hours where there are any."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
