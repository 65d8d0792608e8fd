"""Commands about plugins: list, show, check and begin them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aftersale.base.errors import did_you_mean
from aftersale.cli.options import as_json_option, print_json, show
from aftersale.cli.program import allowed, hook_limits, loaded, text

if TYPE_CHECKING:
    from aftersale.testing.conformance import Finding


@click.group("plugins", invoke_without_command=True)
@as_json_option
@click.pass_context
def show_plugins(ctx: click.Context, as_json: bool) -> None:
    """List the plugins and what is wrong with them; see one, check it, begin a new one."""
    if ctx.invoked_subcommand is not None:
        return
    from aftersale.plugins.plugins import survey

    records = survey(allowed()) if ctx.obj is None else ctx.obj.about()
    if as_json:
        print_json(records)
        return
    from aftersale.views.plugins import plugin_listing

    show(plugin_listing(records))


@show_plugins.command("show")
@click.argument("name")
@as_json_option
@click.pass_context
def show_plugin(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show all that one plugin brings.

    The marketplaces of the plugin NAME, its kinds of case, its hooks and whose answers they overrule, and its rules
    with their dates and sources.
    """
    from aftersale.views.plugins import plugin_view, plugin_view_listing

    plugins = loaded(ctx)
    names = [record["name"] for record in plugins.about()]
    if broken := plugins.quarantine.refusal([name]):
        raise broken
    if name not in names:
        hint = did_you_mean(name, names) or f"loaded are: {', '.join(names) or '–'}"
        raise click.UsageError(text("plugins.unknown", name=name, hint=hint))
    view = plugin_view(plugins, name)
    print_json(view) if as_json else show(plugin_view_listing(view, plugins))


@show_plugins.command("hooks")
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart instead of a table.")
@as_json_option
def show_hooks(mermaid: bool, as_json: bool) -> None:
    """Show every hook: what it does, what it is given, and when it is called."""
    from aftersale.plugins.hook_phases import lifecycle, lifecycle_diagram, lifecycle_listing

    if as_json:
        print_json(lifecycle())
    elif mermaid:
        click.echo("\n".join(lifecycle_diagram()))
    else:
        show(lifecycle_listing())


@show_plugins.command("new")
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write it; by default ./NAME.")
@click.option("--marketplace", help="How the store is called here; by default NAME in capitals.")
@click.option("--country", default="DE", show_default=True, help="Two letters; decides the public holidays.")
@click.option("--currency", default="EUR", show_default=True, help="Three letters.")
@click.option("--zone", default="Europe/Berlin", show_default=True, help="The time zone of the store's days.")
def new_plugin(name: str, folder: Path | None, marketplace: str | None, country: str, currency: str, zone: str) -> None:
    """Write the first files of a plugin for a marketplace of your own.

    NAME is in lower case with underscores, such as corner_shop. What is written passes `aftersale plugins check` as it
    is; its rules are assumed, and yours to replace.
    """
    from aftersale.scaffold.new_plugin import NewPlugin

    plugin = NewPlugin(name, marketplace or name.upper(), country, currency, zone)
    folder = folder or Path(name)
    plugin.write(folder)
    click.echo(text("plugins.written", folder=folder, name=name))


@show_plugins.command("check")
@click.argument("name")
@as_json_option
def check_plugin(name: str, as_json: bool) -> None:
    """Make every check of the conformance suite on the installed plugin NAME.

    Its cases come from its own declarations: every marketplace, every kind of case, holidays, ends of days, changes of
    the clock and of rules. Ends with 1 when a check fails.
    """
    from aftersale.plugins.admission import installed
    from aftersale.testing.conformance import CHECKS, Subject, findings

    if name not in (names := installed()):
        hint = did_you_mean(name, names) or f"installed are: {', '.join(sorted(names)) or '–'}"
        raise click.UsageError(text("plugins.not_installed", name=name, hint=hint))
    results = []
    for finding in findings(Subject(name, limits=hook_limits(click.get_current_context()))):
        results.append(finding)
        if not as_json:
            _print_finding(finding)
    failed = sum(bool(finding.problems) for finding in results)
    if as_json:
        print_json([_record(finding) for finding in results])
    else:
        click.echo(_summary(name, results, len(CHECKS)))
    raise SystemExit(1 if failed else 0)


def _summary(name: str, results: Sequence[Finding], checks: int) -> str:
    passed, missing = sum(finding.passed for finding in results), sum(bool(finding.not_made) for finding in results)
    if missing:
        return text("plugins.checked_but", name=name, passed=passed, all=checks, missing=missing)
    return text("plugins.checked", name=name, passed=passed, all=checks)


def _print_finding(finding: Finding) -> None:
    if finding.not_made:
        verdict = text("plugins.not_made")
    elif finding.stopped_by:
        verdict = text("plugins.not_run", check=finding.stopped_by)
    else:
        verdict = text("plugins.fails" if finding.problems else "plugins.passes")
    click.echo(text("plugins.finding", verdict=verdict, demand=finding.check.demand, name=finding.check.name))
    for problem in finding.problems:
        click.echo(text("plugins.offence", problem=problem))
    if finding.not_made:
        click.echo(text("plugins.offence", problem=finding.not_made))


def _record(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check.name,
        "demand": finding.check.demand,
        "passed": finding.passed,
        "stopped_by": finding.stopped_by,
        "not_made": finding.not_made,
        "problems": list(finding.problems),
    }
