"""The command `aftersale`: what is installed, which rules are in force, how a case moves.

Plugins add commands. What a command needs is imported when it runs, so that the others start fast. Only here
are the environment and today's date looked at.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from aftersale.errors import AftersaleError, meant
from aftersale.hookspecs import ALLOW_LIST

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.plugins import Plugins

TRACE = "AFTERSALE_TRACE"
"""The environment variable that shows every call of a hook."""
ELSEWHERE = {"simulate": "aftersale-simulator", "whatif": "aftersale-simulator"}
"""Commands that people look for here, and the distribution that adds them."""


class Refused(click.ClickException):
    """An error of the project, shown without traceback; the program ends with 2."""

    exit_code = 2

    def __init__(self, error: AftersaleError) -> None:
        """Keep the text of the error and whatever was noted on its way."""
        super().__init__("\n".join([str(error), *getattr(error, "__notes__", ())]))


class Interrupted(click.ClickException):
    """Ctrl-C: one line, and the exit code that shells expect."""

    exit_code = 130

    def __init__(self) -> None:
        """Say so in a line."""
        super().__init__(_text("commands.interrupted"))

    def show(self, file: Any = None) -> None:
        """Write the line to stderr."""
        click.echo(self.message, err=True)


class Program(click.Group):
    """The commands of the program and those that plugins add; errors of the project end it cleanly."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the command line; `--help` asks the plugins for their commands meanwhile."""
        with _shown():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _shown():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands; only those of the program itself while a plugin is broken."""
        try:
            return sorted({*self.commands, *loaded(ctx).commands()})
        except AftersaleError:
            return sorted(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the program or of a plugin, or None; raises PluginError for broken plugins."""
        return self.commands.get(cmd_name) or loaded(ctx).commands().get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; every one but `plugins` is refused while a plugin is broken."""
        name = args[0]
        if name != "plugins":
            loaded(ctx)
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise click.UsageError(_missing(name, self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say under the help when plugins are broken, for their commands are then missing from it."""
        try:
            loaded(ctx)
        except AftersaleError:
            formatter.write_paragraph()
            formatter.write_text(_text("plugins.broken"))


@contextmanager
def _shown() -> Iterator[None]:
    try:
        yield
    except AftersaleError as error:
        raise Refused(error) from error
    except KeyboardInterrupt as error:
        raise Interrupted from error


def _missing(name: str, known: Iterable[str]) -> str:
    allowed = _allowed()
    if name in ELSEWHERE and allowed is not None:
        return _text(
            "commands.left_out", command=name, variable=ALLOW_LIST, names=", ".join(allowed) or "none"
        )
    if name in ELSEWHERE:
        return _text("commands.elsewhere", command=name, distribution=ELSEWHERE[name])
    unknown = _text("commands.unknown", command=name)
    return f"{unknown}; {meant(name, known)}".removesuffix("; ")


def _allowed() -> list[str] | None:
    """Return the plugins that AFTERSALE_PLUGINS names, none when it is empty; None when it is not set."""
    value = os.environ.get(ALLOW_LIST)
    return None if value is None else [name.strip() for name in value.split(",") if name.strip()]


def loaded(ctx: click.Context) -> Plugins:
    """Return the plugins, loaded once for a run of the program; raises PluginError for broken ones."""
    root = ctx.find_root()
    if root.obj is None:
        from aftersale.plugins import load_plugins

        root.obj = load_plugins(_allowed(), trace=os.environ.get(TRACE, "0") not in ("", "0"))
    ctx.obj = root.obj
    plugins: Plugins = root.obj
    return plugins


def _text(key: str, **values: object) -> str:
    from aftersale.messages import core_text

    return core_text(key, **values)


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(_text("rules.not_a_date", value=value)) from error


def _instant(ctx: click.Context, param: click.Parameter, value: str | None) -> Instant | None:
    from aftersale.clocks import instant
    from aftersale.errors import ClockError

    try:
        return None if value is None else instant(value)
    except ClockError as error:
        raise click.BadParameter(_text("replay.not_an_instant", value=value)) from error


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aftersale", prog_name="aftersale", message="%(prog)s %(version)s")
def cli() -> None:
    """After-sales cases of marketplace sellers.

    See which rules a marketplace enforces on a day, how a case moves and what is due, and what staffing and
    policies keep it all on target. Marketplaces and some commands come from plugins.
    """


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


@cli.command("plugins")
@_as_json
@click.pass_context
def show_plugins(ctx: click.Context, as_json: bool) -> None:
    """List the plugins and what is wrong with them."""
    from aftersale.plugins import survey

    records = survey(_allowed()) if ctx.obj is None else ctx.obj.about()
    if as_json:
        _print_json(records)
        return
    from aftersale.listings import plugin_listing
    from aftersale.tables import show

    show(*plugin_listing(records))


@cli.command("rules")
@click.argument("marketplace")
@click.option(
    "--on", "day", metavar="DATE", callback=_day, help="The day, in the marketplace's own time; else today."
)
@_as_json
@click.pass_context
def show_rules(ctx: click.Context, marketplace: str, day: date | None, as_json: bool) -> None:
    """Show the rules in force on a day.

    Those of MARKETPLACE first, then what the seller's handbook asks for on top.
    """
    from aftersale.clocks import start_of_day

    policy = loaded(ctx).policy(marketplace)
    zone = policy.marketplace.zone
    day = day or datetime.now(ZoneInfo(zone)).date()
    terms = policy.at(start_of_day(day, zone))
    if as_json:
        from aftersale.rules import record

        books = {"rule": terms.rulebook.rows, "handbook": terms.handbook.rows}
        _print_json([{**record(rule), "set_by": by} for by, rows in books.items() for rule in rows])
        return
    from aftersale.listings import rule_listing
    from aftersale.tables import show

    show(_text("rules.title", marketplace=marketplace, day=day), rule_listing(terms.rulebook.rows), "")
    show(_text("rules.handbook"), rule_listing(terms.handbook.rows))


@cli.command("workflow")
@click.argument("kind", required=False)
def show_workflow(kind: str | None) -> None:
    """Show how cases move.

    Each state of KIND (of every kind, without it) with its task, its deadlines, and the facts that lead on.
    """
    from aftersale.listings import workflow_listing
    from aftersale.workflow import default_workflow

    kinds = default_workflow().kinds
    if kind is not None and kind not in kinds:
        raise click.UsageError(_text("workflow.unknown", kind=kind, known=", ".join(kinds)))
    shown = [each for each in kinds.values() if kind in (None, each.name)]
    click.echo("\n\n".join("\n".join(workflow_listing(each)) for each in shown))


@cli.command("replay")
@click.argument("journal", type=click.Path(path_type=Path))
@click.option(
    "--until", metavar="INSTANT", callback=_instant, help="Let time pass to then; else to the last fact."
)
@click.option(
    "--handbook",
    type=click.Path(path_type=Path),
    help="The seller's own TOML file, over the standard that is shipped.",
)
@_as_json
@click.pass_context
def show_replay(
    ctx: click.Context, journal: Path, until: Instant | None, handbook: Path | None, as_json: bool
) -> None:
    """Put the facts of a journal through the engine.

    Shows where the cases of the folder JOURNAL stand then, how every metric reads, and which facts were refused.
    """
    from aftersale.accounts import account_listing, accounts
    from aftersale.handbook import default_handbook, load_handbook
    from aftersale.journal import read_journal, replay

    policies = loaded(ctx).policies(handbook=load_handbook(handbook) if handbook else default_handbook())
    read = read_journal(journal)
    found = accounts(read, replay(read, policies, until), policies)
    if as_json:
        _print_json(found)
        return
    from aftersale.tables import show

    show(*account_listing(found))


def _print_json(data: object) -> None:
    # ASCII alone, so that it means the same in whatever encoding it is written and read.
    click.echo(json.dumps(data, indent=2))


def main() -> None:
    """Run the program; what the terminal's encoding cannot show is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="aftersale")
