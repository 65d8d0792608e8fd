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
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from aftersale.errors import AftersaleError, meant
from aftersale.hookspecs import ALLOW_LIST

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.clocks import Instant
    from aftersale.costs import Grouping
    from aftersale.journal import Journal, Replay
    from aftersale.plugins import Plugins
    from aftersale.policies import Policies

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
@click.argument("marketplace", required=False)
@click.option(
    "--on", "day", metavar="DATE", callback=_day, help="The day, in the marketplace's own time; else today."
)
@click.option("--rule", "name", metavar="NAME", help="What a rule means, and its rows over time.")
@click.option("--changes-since", "since", metavar="DATE", callback=_day, help="What begins or ends from then on.")
@click.option("--compare", metavar="NAMES", help="Marketplaces side by side, such as US,DE,JP.")
@click.option(
    "--handbook",
    type=click.Path(path_type=Path),
    help="The seller's own TOML file, over the standard that is shipped.",
)
@_as_json
@click.pass_context
def show_rules(
    ctx: click.Context,
    marketplace: str | None,
    day: date | None,
    name: str | None,
    since: date | None,
    compare: str | None,
    handbook: Path | None,
    as_json: bool,
) -> None:
    """Show the rules in force on a day.

    Those of MARKETPLACE first, then what the seller's handbook asks for on top. Other options look at all
    marketplaces, or at MARKETPLACE alone.
    """
    from aftersale.handbook import default_handbook, load_handbook
    from aftersale.ruleviews import RuleViews

    if since and (compare is not None or day):
        raise click.UsageError(_text("rules.either" if compare is not None else "rules.day_of_changes"))
    own = load_handbook(handbook) if handbook else default_handbook()
    views = RuleViews(loaded(ctx), own, name, _today)
    if name is not None and not views.known(name):
        hint = meant(name, views.names()) or ", ".join(views.names())
        raise click.UsageError(_text("rules.unknown", rule=name, hint=hint))
    if compare is not None:
        found = views.comparison(_compared(marketplace, compare), day, handbook is not None)
    elif since:
        found = views.changes(marketplace, since)
    elif name:
        found = views.history(marketplace, name, day)
    elif marketplace:
        found = views.of_day(marketplace, day)
    else:
        known = ", ".join(sorted(loaded(ctx).marketplaces)) or "–"
        raise click.UsageError(_text("rules.name_one", known=known))
    if as_json:
        _print_json(found.as_json())
        return
    from aftersale.tables import show

    show(*found.parts())


def _compared(marketplace: str | None, names: str) -> list[str]:
    places = [each.strip() for each in names.split(",") if each.strip()]
    if not places:
        raise click.UsageError(_text("rules.one_at_least"))
    return [marketplace, *places] if marketplace else places


def _today(zone: str) -> date:
    return datetime.now(ZoneInfo(zone)).date()


@cli.command("workflow")
@click.argument("kind", required=False)
@click.option("--mermaid", is_flag=True, help="Print a Mermaid state diagram instead of text.")
def show_workflow(kind: str | None, mermaid: bool) -> None:
    """Show how cases move.

    Each state of KIND (of every kind, without it) with its task, its deadlines, and the facts that lead on.
    """
    from aftersale.listings import workflow_diagram, workflow_listing
    from aftersale.workflow import default_workflow

    kinds = default_workflow().kinds
    if kind is not None and kind not in kinds:
        known = f"{meant(kind, kinds)} {', '.join(kinds)}".strip()
        raise click.UsageError(_text("workflow.unknown", kind=kind, known=known))
    shown = [each for each in kinds.values() if kind in (None, each.name)]
    told = workflow_diagram if mermaid else workflow_listing
    click.echo("\n\n".join("\n".join(told(each)) for each in shown))


def _journal_options(command: Any) -> Any:
    """Give a command the folder of a journal, until when time passes, and the seller's handbook."""
    decorators = (
        click.argument("journal", type=click.Path(path_type=Path)),
        click.option(
            "--until", metavar="INSTANT", callback=_instant, help="Let time pass to then; else to the last fact."
        ),
        click.option(
            "--handbook",
            type=click.Path(path_type=Path),
            help="The seller's own TOML file, over the standard that is shipped.",
        ),
        _as_json,
        click.pass_context,
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def _replayed(
    ctx: click.Context, folder: Path, until: Instant | None, handbook: Path | None
) -> tuple[Journal, Replay, Policies]:
    """Return a journal, what it comes to by an instant, and the policies that say so."""
    from aftersale.handbook import default_handbook, load_handbook
    from aftersale.journal import read_journal, replay

    policies = loaded(ctx).policies(handbook=load_handbook(handbook) if handbook else default_handbook())
    journal = read_journal(folder)
    return journal, replay(journal, policies, until), policies


def _show(parts: Iterable[Table | str]) -> None:
    from aftersale.tables import show

    show(*parts)


@cli.command("replay")
@_journal_options
def show_replay(
    ctx: click.Context, journal: Path, until: Instant | None, handbook: Path | None, as_json: bool
) -> None:
    """Put the facts of a journal through the engine.

    Shows where the cases of the folder JOURNAL stand then, how every metric reads, and which facts were refused.
    """
    from aftersale.accounts import account_listing, accounts

    found = accounts(*_replayed(ctx, journal, until, handbook))
    _print_json(found) if as_json else _show(account_listing(found))


@cli.command("tasks")
@_journal_options
def show_tasks(
    ctx: click.Context, journal: Path, until: Instant | None, handbook: Path | None, as_json: bool
) -> None:
    """List what is to be done, the most pressing first.

    Each open task of the folder JOURNAL with its deadline, whether the marketplace or the handbook sets it, and what
    the handbook advises.
    """
    from aftersale.worklists import worklist, worklist_listing

    found = worklist(*_replayed(ctx, journal, until, handbook))
    _print_json(found) if as_json else _show(worklist_listing(found))


@cli.command("case")
@_journal_options
@click.argument("name")
def show_case(
    ctx: click.Context, journal: Path, name: str, until: Instant | None, handbook: Path | None, as_json: bool
) -> None:
    """Show one case, or all cases of an order.

    What happened to NAME in the folder JOURNAL, what is due, the evidence asked for and missing, and what is advised.
    """
    from aftersale.casefiles import case_listing, case_records

    _, replayed, policies = _replayed(ctx, journal, until, handbook)
    found = case_records(name, replayed, policies)
    _print_json(found) if as_json else _show(case_listing(found))


@cli.command("health")
@click.option("--on", "day", metavar="DATE", callback=_day, help="As of the end of that day in each marketplace.")
@click.option("--why", is_flag=True, help="Also what went wrong: causes, products, and the orders rated badly.")
@_journal_options
def show_health(
    ctx: click.Context,
    journal: Path,
    until: Instant | None,
    handbook: Path | None,
    as_json: bool,
    day: date | None,
    why: bool,
) -> None:
    """Show how the account stands.

    Its state in every marketplace of the folder JOURNAL, the metrics that put it there, and how many more defects it
    can bear. JOURNAL may also be a marketplace's own health report (JSON): it is recomputed, and disagreements told.
    """
    if journal.is_file():
        _show_report(ctx, journal, as_json)
        return
    if day is not None and until is not None:
        raise click.UsageError(_text("health.on_or_until"))
    from aftersale.health import health, health_listing

    if day is not None:
        until = _end_of_day(ctx, journal, day)
    found = health(*_replayed(ctx, journal, until, handbook), why=why)
    _print_json(found) if as_json else _show(health_listing(found, why))


@cli.command("costs")
@click.option(
    "--by",
    type=click.Choice(["line", "marketplace", "product", "order", "case"]),
    default="line",
    show_default=True,
    help="What to add up by.",
)
@click.option("--set", "own", multiple=True, metavar="NAME=VALUE", help="A number of your own for an assumed one.")
@click.option("--into", metavar="CURRENCY", help="One sum in that currency too, by the rates given.")
@click.option("--rate", "rates", multiple=True, metavar="CURRENCY=VALUE", help="What one unit is worth in it.")
@_journal_options
def show_costs(
    ctx: click.Context,
    journal: Path,
    until: Instant | None,
    handbook: Path | None,
    as_json: bool,
    by: Grouping,
    own: tuple[str, ...],
    into: str | None,
    rates: tuple[str, ...],
) -> None:
    """Show what after-sales costs.

    What the facts of the folder JOURNAL tell, and estimates where they tell nothing; what the marketplace ships (FBA)
    and what the seller ships (MFN) apart, each currency for itself.
    """
    from aftersale.costs import cost_accounts, cost_listing, default_parameters

    parameters = default_parameters().with_own(dict(_pairs("--set", own)), "--set")
    given = {name: _decimal(name, value) for name, value in _pairs("--rate", rates)}
    found = cost_accounts(*_replayed(ctx, journal, until, handbook), by, parameters, into, given)
    _print_json(found) if as_json else _show(cost_listing(found))


def _pairs(option: str, given: Iterable[str]) -> Iterator[tuple[str, str]]:
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign:
            raise click.UsageError(_text("costs.no_pair", option=option, given=pair))
        yield name.strip(), value.strip()


def _decimal(name: str, value: str) -> Decimal:
    try:
        found = Decimal(value)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found <= 0:
        raise click.UsageError(_text("costs.no_rate", name=name, value=value))
    return found


def _end_of_day(ctx: click.Context, folder: Path, day: date) -> Instant:
    """Return the last instant of a day on every marketplace of a journal: the latest of their midnights."""
    from datetime import timedelta

    from aftersale.clocks import start_of_day
    from aftersale.journal import read_journal

    known = loaded(ctx).marketplaces
    zones = [known[name].zone for name in read_journal(folder).orders.marketplaces if name in known]
    return max(start_of_day(day + timedelta(1), zone) for zone in zones or ["UTC"]) - 1


def _show_report(ctx: click.Context, path: Path, as_json: bool) -> None:
    from aftersale.healthreports import listing, read_health_report, record

    plugins = loaded(ctx)
    found = read_health_report(path, plugins.health_reports(), plugins.marketplaces)
    _print_json(record(found)) if as_json else _show(listing(found))


def _print_json(data: object) -> None:
    # ASCII alone, so that it means the same in whatever encoding it is written and read.
    click.echo(json.dumps(data, indent=2))


def main() -> None:
    """Run the program; what the terminal's encoding cannot show is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="aftersale")
