"""Commands about journals: open tasks, cases, the state of the account, and costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aftersale.base.collector import without_collector
from aftersale.base.errors import ClockError
from aftersale.cli.handbooks import read_with_handbook
from aftersale.cli.options import journal_options, pairs, print_json, read_day, show
from aftersale.cli.program import loaded, show_cells, text

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.costs.period import Period
    from aftersale.costs.totals import Grouping
    from aftersale.journal.reading import Journal
    from aftersale.journal.replay import Replay
    from aftersale.policies.policy import Policies


def _replay(
    ctx: click.Context, folder: Path, until: Instant | None, handbook: Path | None, plain: bool, day: date | None = None
) -> tuple[Journal, Replay, Policies]:
    """Return a journal, its replay until an instant or the end of a day, and the policies of the replay."""
    from aftersale.journal.replay import replay

    ctx.with_resource(without_collector())
    journal, _, policies = read_with_handbook(loaded(ctx), folder, handbook, plain)
    until = until if day is None else _end_of_day(ctx, journal, day)
    return journal, replay(journal, policies, until), policies


@click.command("replay")
@journal_options
def show_replay(
    ctx: click.Context, journal: Path, until: Instant | None, handbook: Path | None, plain: bool, as_json: bool
) -> None:
    """Put the facts of a journal through the engine.

    Shows where the cases of the folder JOURNAL stand then, how every metric reads, and which facts were refused.
    """
    from aftersale.views.replay import account_listing, accounts

    record = accounts(*_replay(ctx, journal, until, handbook, plain), show_cells(ctx))
    print_json(record) if as_json else show(account_listing(record))


@click.command("tasks")
@journal_options
def show_tasks(
    ctx: click.Context, journal: Path, until: Instant | None, handbook: Path | None, plain: bool, as_json: bool
) -> None:
    """List what is to be done, the most pressing first.

    Each open task of the folder JOURNAL with its deadline, whether the marketplace or the handbook sets it, and what
    the handbook advises.
    """
    from aftersale.views.tasks import worklist, worklist_listing

    tasks = worklist(*_replay(ctx, journal, until, handbook, plain))
    print_json(tasks) if as_json else show(worklist_listing(tasks))


@click.command("case")
@journal_options
@click.argument("name")
def show_case(
    ctx: click.Context,
    journal: Path,
    name: str,
    until: Instant | None,
    handbook: Path | None,
    plain: bool,
    as_json: bool,
) -> None:
    """Show one case, or all cases of an order.

    What happened to NAME in the folder JOURNAL, what is due, the evidence asked for and missing, and what is advised.
    """
    from aftersale.views.case import case_listing, case_records

    cases = case_records(name, *_replay(ctx, journal, until, handbook, plain), show_cells(ctx))
    print_json(cases) if as_json else show(case_listing(cases))


@click.command("health")
@click.option("--on", "day", metavar="DATE", callback=read_day, help="As of the end of that day in each marketplace.")
@click.option("--why", is_flag=True, help="Also what went wrong: causes, products, and the orders rated badly.")
@journal_options
def show_health(
    ctx: click.Context,
    journal: Path,
    until: Instant | None,
    handbook: Path | None,
    plain: bool,
    as_json: bool,
    day: date | None,
    why: bool,
) -> None:
    """Show how the account stands.

    Its state in every marketplace of the folder JOURNAL, the metrics that put it there, and how many more defects it
    can bear. JOURNAL may also be a marketplace's own health report (JSON): it is recomputed, and disagreements told.
    """
    if _is_report(journal):
        given = {"--on": day, "--until": until, "--why": why, "--handbook": handbook, "--plain": plain}
        _show_report(ctx, journal, as_json, [name for name, value in given.items() if value not in (None, False)])
        return
    if day is not None and until is not None:
        raise click.UsageError(text("health.on_or_until"))
    from aftersale.views.health import health, health_listing

    record = health(*_replay(ctx, journal, until, handbook, plain, day), why=why)
    print_json(record) if as_json else show(health_listing(record, why))


@click.command("costs")
@click.option(
    "--by",
    type=click.Choice(["line", "group", "marketplace", "product", "order", "case"]),
    default="line",
    show_default=True,
    help="What to add up by.",
)
@click.option("--set", "own", multiple=True, metavar="NAME=VALUE", help="A number of your own for an assumed one.")
@click.option("--into", metavar="CURRENCY", help="One sum in that currency too, by the rates given.")
@click.option("--rate", "rates", multiple=True, metavar="CURRENCY=VALUE", help="What one unit is worth in it.")
@click.option("--since", metavar="DATE", callback=read_day, help="Cases opened on that local day or later.")
@click.option("--before", metavar="DATE", callback=read_day, help="Cases opened before that local day.")
@click.option("--month", metavar="MONTH", help="Cases opened in that month, such as 2026-05.")
@journal_options
def show_costs(
    ctx: click.Context,
    journal: Path,
    until: Instant | None,
    handbook: Path | None,
    plain: bool,
    as_json: bool,
    by: Grouping,
    own: tuple[str, ...],
    into: str | None,
    rates: tuple[str, ...],
    since: date | None,
    before: date | None,
    month: str | None,
) -> None:
    """Show what after-sales costs.

    What the facts of the folder JOURNAL tell, and estimates where they tell nothing; what the marketplace ships (FBA)
    and what the seller ships (MFN) apart, each currency for itself. Numbers, rates, days and the end that the folder's
    costs.toml tells are taken from there where no option says otherwise.
    """
    from aftersale.cli.own_numbers import Asked, choice, with_minutes
    from aftersale.journal.replay import replay
    from aftersale.views.money.costs import cost_accounts, cost_listing
    from aftersale.worth.parameters import default_parameters

    ctx.with_resource(without_collector())
    rate_of = {name: _decimal(name, value) for name, value in pairs("--rate", rates)}
    asked = Asked(dict(pairs("--set", own)), into, rate_of, _period(since, before, month), until)
    tasks = {task for _, _, task in loaded(ctx).workflow.tasks()}
    declared = default_parameters().with_estimates(loaded(ctx).costs.kinds)
    parameters = with_minutes(declared, tasks, asked.numbers).with_own(asked.numbers, "--set")
    read, _, policies = read_with_handbook(loaded(ctx), journal, handbook, plain)
    chosen = choice(None if plain else read.own_numbers, asked, parameters, tasks)
    record = cost_accounts(
        *(read, replay(read, policies, chosen.until), policies, by, chosen.parameters, chosen.into, chosen.rates),
        period=chosen.period,
        own=chosen.own,
    )
    print_json(record) if as_json else show(cost_listing(record))


def _period(since: date | None, before: date | None, month: str | None) -> Period:
    from aftersale.costs.period import Period

    if month is not None:
        if since is not None or before is not None:
            raise click.UsageError(text("costs.month_or_days"))
        try:
            return Period.month(month)
        except ValueError as error:
            raise click.UsageError(text("costs.no_month", value=month)) from error
    try:
        return Period(since, before)
    except ValueError as error:
        raise click.UsageError(text("costs.no_day", what=error)) from error


def _decimal(name: str, value: str) -> Decimal:
    try:
        rate = Decimal(value)
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or rate <= 0:
        raise click.UsageError(text("costs.no_rate", name=name, value=value))
    return rate


def _end_of_day(ctx: click.Context, journal: Journal, day: date) -> Instant:
    """Return the last instant of a day on the marketplaces of a journal, by the latest of their midnights."""
    from datetime import timedelta

    from aftersale.clocks import start_of_day

    try:
        following = day + timedelta(1)
    except OverflowError as error:
        raise ClockError(f"no day follows {day}", "name an earlier one") from error
    stores = loaded(ctx).marketplaces
    zones = [stores[name].zone for name in journal.orders.marketplaces if name in stores]
    return max(start_of_day(following, zone) for zone in zones or ["UTC"]) - 1


def _is_report(path: Path) -> bool:
    """Whether a path is that of a file; what cannot be looked at is refused as a journal."""
    try:
        return path.is_file()
    except OSError:
        return False


def _show_report(ctx: click.Context, path: Path, as_json: bool, without_effect: list[str]) -> None:
    from aftersale.reports.health.reading import HealthReader
    from aftersale.views.health_report import listing, record

    plugins = loaded(ctx)
    report = HealthReader(plugins.marketplaces, plugins.health_reports()).read(path)
    told = [text("health_report.without_effect", names=", ".join(without_effect))] if without_effect else []
    print_json(record(report) | {"without_effect": told}) if as_json else show([*listing(report), *told])
