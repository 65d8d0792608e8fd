"""Options: what several commands take, and how they print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aftersale.cli.program import text

if TYPE_CHECKING:
    from aftersale.base.tables import Table
    from aftersale.clocks import Instant


def read_day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    """Read an option as a day."""
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(text("rules.not_a_date", value=value)) from error


def read_instant(ctx: click.Context, param: click.Parameter, value: str | None) -> Instant | None:
    """Read an option as an instant."""
    from aftersale.base.errors import ClockError
    from aftersale.clocks import instant

    try:
        return None if value is None else instant(value)
    except ClockError as error:
        raise click.BadParameter(text("replay.not_an_instant", value=value)) from error


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


plain_option = click.option(
    "--plain", is_flag=True, help="Take nothing from the journal itself: neither its handbook nor its numbers."
)


def journal_options(command: Any) -> Any:
    """Add to a command the folder of a journal, the end of the replay, the handbook, `--plain` and `--json`."""
    decorators = (
        click.argument("journal", type=click.Path(path_type=Path)),
        click.option(
            "--until", metavar="INSTANT", callback=read_instant, help="Let time pass to then; else to the last fact."
        ),
        click.option(
            "--handbook",
            type=click.Path(path_type=Path),
            help="The seller's own TOML file, over the standard that is shipped; else the journal's own.",
        ),
        plain_option,
        as_json_option,
        click.pass_context,
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def show(parts: Iterable[Table | str]) -> None:
    """Print tables and lines."""
    from aftersale.base import tables

    tables.show(*parts)


def print_json(data: object) -> None:
    """Print JSON."""
    from aftersale.base.json_documents import as_json

    # ASCII alone reads the same in every encoding.
    click.echo(as_json(data))


def pairs(option: str, given: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and values of an option that takes `NAME=VALUE`; a name that is given twice is refused."""
    names: set[str] = set()
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign:
            raise click.UsageError(text("costs.no_pair", option=option, given=pair))
        if (name := name.strip()) in names:
            raise click.UsageError(text("costs.twice", option=option, name=name))
        names.add(name)
        yield name, value.strip()
