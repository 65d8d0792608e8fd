"""Commands about plugins: list, show, check and begin them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
@click.argument("name", metavar="NAME|FOLDER")
@as_json_option
@click.pass_context
def show_plugin(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show all that one plugin brings.

    The marketplaces of the plugin NAME, or of the one in a FOLDER such as ./corner_shop, its kinds of case, its hooks
    and whose answers they overrule, and its rules with their dates and sources.
    """
    with _named_or_tried(name) as plugin:
        _show(ctx, plugin, as_json)


def _show(ctx: click.Context, name: str, as_json: bool) -> None:
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
@click.option("--house", is_flag=True, help="House rules, which decide on marketplaces that other plugins own.")
@click.option("--marketplace", help="How the store is called here; by default NAME in capitals.")
@click.option("--country", default="DE", show_default=True, help="Two letters; decides the public holidays.")
@click.option("--currency", default="EUR", show_default=True, help="Three letters.")
@click.option("--zone", default="Europe/Berlin", show_default=True, help="The time zone of the store's days.")
@click.option("--author", default="", help="Of the plugin, such as 'Ann Doe <ann@shop.example>'.")
@click.option("--licence", default="", help="An SPDX expression such as MIT.")
@click.pass_context
def new_plugin(ctx: click.Context, /, name: str, folder: Path | None, marketplace: str | None, **more: Any) -> None:
    """Write the first files of a plugin for a marketplace of your own, or of your house rules.

    NAME is in lower case with underscores, such as corner_shop. What is written passes `aftersale plugins check` as it
    is; its rules are assumed, and yours to replace. A name or a marketplace that is taken here is warned of.
    """
    from aftersale.scaffold.new_plugin import NewPlugin

    house = bool(more["house"])
    if house and (given := [option for option in _STORE if _is_given(ctx, option)]):
        options = ", ".join(f"--{option}" for option in given)
        raise click.UsageError(text("plugins.house_has_no_store", options=options))
    plugin = NewPlugin(name, "" if house else marketplace or name.upper(), **more)
    folder = folder or Path(name)
    plugin.write(folder)
    for warning in _taken(plugin.name, plugin.marketplace):
        click.echo(warning, err=True)
    click.echo(text("plugins.written_house" if house else "plugins.written", folder=folder, name=name))


_STORE = ("marketplace", "country", "currency", "zone")
"""The options about a store, which a house plugin does not have."""


def _is_given(ctx: click.Context, option: str) -> bool:
    return ctx.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


def _taken(name: str, marketplace: str) -> Iterator[str]:
    """Yield a warning for each installed plugin beside which the new one could not be installed."""
    from aftersale.plugins.plugins import survey

    for record in survey():
        owner = f"{record['distribution']} {record['version']}".strip()
        if record["name"] == name:
            yield text("plugins.name_taken", name=name, owner=owner)
        elif marketplace in record["marketplaces"]:
            yield text("plugins.marketplace_taken", marketplace=marketplace, plugin=record["name"], owner=owner)


@show_plugins.command("check")
@click.argument("name", metavar="NAME|FOLDER")
@as_json_option
def check_plugin(name: str, as_json: bool) -> None:
    """Make every check of the conformance suite on the installed plugin NAME, or on one in a FOLDER.

    A FOLDER is written with a slash, such as ./corner_shop: it has the plugin's pyproject.toml, and is tried as it
    stands, without being installed. The cases come from the plugin's own declarations: every marketplace, every kind of
    case, holidays, ends of days, changes of the clock and of rules. Ends with 1 when a check fails.
    """
    with _named_or_tried(name) as plugin:
        _check(plugin, as_json)


@contextmanager
def _named_or_tried(name: str) -> Iterator[str]:
    """Yield the name of a plugin: the one that is written, or that of a folder, found as if it was installed."""
    if name not in (os.curdir, os.pardir) and not {os.sep, os.altsep or os.sep} & set(name):
        yield name
        return
    from aftersale.plugins.folders import installed_from

    with installed_from(Path(name)) as plugin:
        yield plugin


def _check(name: str, as_json: bool) -> None:
    from aftersale.plugins.admission import installed
    from aftersale.testing.conformance import CHECKS, Subject, findings

    if name not in (names := installed()):
        hint = did_you_mean(name, names) or f"installed are: {', '.join(sorted(names)) or '–'}"
        key = "plugins.not_installed_here" if (Path(name) / "pyproject.toml").is_file() else "plugins.not_installed"
        raise click.UsageError(text(key, name=name, hint=hint))
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
    for note in finding.notes:
        click.echo(text("plugins.note", note=note))


def _record(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check.name,
        "demand": finding.check.demand,
        "passed": finding.passed,
        "stopped_by": finding.stopped_by,
        "not_made": finding.not_made,
        "problems": list(finding.problems),
        "notes": list(finding.notes),
    }
