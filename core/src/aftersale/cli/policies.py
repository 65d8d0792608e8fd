"""Commands about policies: which rules are in force, and how a case moves."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from aftersale.base.errors import did_you_mean
from aftersale.cli.options import as_json_option, plain_option, print_json, read_day, show
from aftersale.cli.program import loaded, text


@click.command("rules")
@click.argument("marketplace", required=False)
@click.option(
    "--on", "day", metavar="DATE", callback=read_day, help="The day, in the marketplace's own time; else today."
)
@click.option("--rule", "name", metavar="NAME", help="What a rule means, and its rows over time.")
@click.option("--changes-since", "since", metavar="DATE", callback=read_day, help="What begins or ends from then on.")
@click.option(
    "--version",
    "versions",
    metavar="NAME",
    multiple=True,
    help="Take a version of rules of which nobody knows the dates; may be given again.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    help="With --changes-since: which open cases of this folder a change touches.",
)
@click.option("--compare", metavar="NAMES", help="Marketplaces side by side, such as US,DE,JP.")
@click.option(
    "--handbook",
    type=click.Path(path_type=Path),
    help="The seller's own TOML file, over the standard that is shipped; with --journal else the journal's own.",
)
@plain_option
@as_json_option
@click.pass_context
def show_rules(
    ctx: click.Context,
    marketplace: str | None,
    day: date | None,
    name: str | None,
    since: date | None,
    versions: tuple[str, ...],
    journal: Path | None,
    compare: str | None,
    handbook: Path | None,
    plain: bool,
    as_json: bool,
) -> None:
    """Show the rules in force on a day.

    Those of MARKETPLACE first, then what the seller's handbook asks for on top. Other options look at all
    marketplaces, or at MARKETPLACE alone.
    """
    from aftersale.cli.handbooks import named_handbook, read_with_handbook
    from aftersale.rules import unknown_versions
    from aftersale.views.rules import RuleViews

    if since and (compare is not None or day):
        raise click.UsageError(text("rules.either" if compare is not None else "rules.day_of_changes"))
    if journal is not None and since is None:
        raise click.UsageError(text("rules.journal_of_changes"))
    if plain and journal is None:
        raise click.UsageError(text("rules.plain_journal"))
    plugins = loaded(ctx)
    if journal is None:
        read, seller_handbook = None, named_handbook(plugins, handbook)
    else:
        read, seller_handbook, _ = read_with_handbook(plugins, journal, handbook, plain)
    if unknown := list(unknown_versions(versions, plugins.rules.versions)):
        raise click.UsageError("; ".join(map(str, unknown)))
    views = RuleViews(plugins, seller_handbook, name, _today, versions)
    if name is not None and not views.known(name):
        hint = did_you_mean(name, views.names()) or ", ".join(views.names())
        raise click.UsageError(text("rules.unknown", rule=name, hint=hint))
    if compare is not None:
        view = views.comparison(_marketplaces(marketplace, compare), day, handbook is not None)
    elif since:
        view = views.touched(read, marketplace, since) if read else views.changes(marketplace, since)
    elif name:
        view = views.history(marketplace, name, day)
    elif marketplace:
        view = views.of_day(marketplace, day)
    else:
        names = ", ".join(sorted(loaded(ctx).marketplaces)) or "–"
        raise click.UsageError(text("rules.name_one", known=names))
    if as_json:
        print_json(view.as_json())
        return
    show(view.parts())


def _marketplaces(marketplace: str | None, names: str) -> list[str]:
    places = [name.strip() for name in names.split(",") if name.strip()]
    if not places:
        raise click.UsageError(text("rules.one_at_least"))
    return [marketplace, *places] if marketplace else places


def _today(zone: str) -> date:
    return datetime.now(ZoneInfo(zone)).date()


@click.command("workflow")
@click.argument("kind", required=False)
@click.option("--mermaid", is_flag=True, help="Print a Mermaid state diagram instead of text.")
@click.pass_context
def show_workflow(ctx: click.Context, kind: str | None, mermaid: bool) -> None:
    """Show how cases move.

    Each state of KIND (of every kind, without it) with its task, its deadlines, and the facts that lead on.
    """
    from aftersale.views.workflow import workflow_diagram, workflow_listing

    kinds = loaded(ctx).workflow.kinds
    if kind is not None and kind not in kinds:
        names = f"{did_you_mean(kind, kinds)} {', '.join(kinds)}".strip()
        raise click.UsageError(text("workflow.unknown", kind=kind, known=names))
    chosen = [case_kind for case_kind in kinds.values() if kind in (None, case_kind.name)]
    render = workflow_diagram if mermaid else workflow_listing
    click.echo("\n\n".join("\n".join(render(case_kind)) for case_kind in chosen))
