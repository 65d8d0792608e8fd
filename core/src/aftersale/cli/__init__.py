"""Command line: what does a user type?

Only the program loads it; it imports everything. Plugins add commands. A command imports what it needs when it runs,
so that the others start fast.
"""

from __future__ import annotations

import signal
import sys

import click

from aftersale.cli.fees import show_fees
from aftersale.cli.journals import show_case, show_costs, show_health, show_replay, show_tasks
from aftersale.cli.plugins import show_plugins
from aftersale.cli.policies import show_rules, show_workflow
from aftersale.cli.program import TRACE, Program

__all__ = ["TRACE", "cli", "main"]


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aftersale", prog_name="aftersale", message="%(prog)s %(version)s")
@click.option(
    "--show-cells", is_flag=True, help="Show the cells of files that cannot be read; messages leave them out."
)
def cli(show_cells: bool) -> None:
    """After-sales cases of marketplace sellers.

    See which rules a marketplace enforces on a day, how a case moves and what is due, and what staffing and
    policies keep it all on target. Marketplaces and some commands come from plugins.
    """


for _command in (
    show_case,
    show_costs,
    show_fees,
    show_health,
    show_plugins,
    show_replay,
    show_rules,
    show_tasks,
    show_workflow,
):
    cli.add_command(_command)


def main() -> None:
    """Run the program; characters that the terminal's encoding lacks are written as escapes.

    SIGTERM is taken as Ctrl-C: what has begun, files and workers, ends in order.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cli(prog_name="aftersale")
