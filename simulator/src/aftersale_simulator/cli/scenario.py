"""Scenario: the command `scenario`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aftersale_simulator.cli import options
from aftersale_simulator.cli.session import cells_wanted, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.calibration.history import History
    from aftersale_simulator.resolved.explain import Closable, Dated, Explained, ExplainedCost
    from aftersale_simulator.resolved.happenings import Happening
    from aftersale_simulator.resolved.scenario import ResolvedScenario
    from aftersale_simulator.scenario.document import ScenarioFile
    from aftersale_simulator.scenario.model import Scenario
    from aftersale_simulator.world.sales import PlacedSale

_HEADER = ("parameters.name", "assumptions.value", "parameters.range", "parameters.unit", "parameters.source")
_WITH_SHARE, _WITH_DELAY = ("growth", "for_days"), ("wait_days", "sigma", "lengthens")
"""Quantities of reactions that are shown by their keys, beside the share and beside the delay."""
_REACTION_HEADER = ("name", "follows", "share", "brings", "delay", "source")


@click.command()
@click.argument("scenario", type=options.A_FILE, required=False)
@click.option(
    "--explain",
    is_flag=True,
    help="List all numbers of its world and costs, and all that happens of itself: value, range, source, who set it.",
)
@click.option("json_", "--json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def scenario(plugins: Plugins, scenario: Path | None, explain: bool, json_: bool) -> None:
    """Check a SCENARIO, by default the shipped one, and tell what it simulates and on which numbers.

    Every mistake is told with its path, as whatif tells it.
    """
    from aftersale.base.json_documents import as_json
    from aftersale.base.tables import show
    from aftersale_simulator.resolved.days_off import team_days
    from aftersale_simulator.resolved.period import period_report
    from aftersale_simulator.resolved.scenario import resolve
    from aftersale_simulator.show.days_off import day_notes
    from aftersale_simulator.show.period import period_notes
    from aftersale_simulator.show.wording import text

    source = load(scenario, plugins)
    resolved = resolve(source.scenario, plugins)
    history = _order_history(source, plugins)
    report = period_report([resolved])
    notes = [*period_notes(report), *day_notes([source.scenario])]
    if json_:
        of_file, off = _order_record(history, source, plugins), list(team_days(source.scenario))
        told = {**_explained(source, resolved), "order_file": of_file, "team_days": off, "notes": notes}
        told["unknown"] = report.unknown
        click.echo(as_json({"scenario": source.scenario.name, **dict(_summary(resolved)), **told}, ascii_only=False))
        return
    show(source.scenario.name, bold=True)
    for key, value in _summary(resolved):
        show(text(f"scenario.{key}", value=value))
    if history is not None:
        _tell_orders(history, source, plugins)
    for note in notes:
        show(text("report.warning", text=note))
    if explain:
        _explain(source, resolved)
    else:
        show(text("scenario.more"))


def _explained(source: ScenarioFile, resolved: ResolvedScenario) -> dict[str, object]:
    """Return all that explains a scenario, by the keys of the JSON document."""
    from aftersale_simulator.resolved.explain import closable, dated, explained, explained_costs, shapes, versions
    from aftersale_simulator.resolved.happenings import happenings

    return {
        "parameters": explained(resolved, source.words),
        "costs": list(explained_costs(resolved)),
        "shapes": list(shapes(source.scenario)),
        "dated": list(dated(resolved)),
        "closures": list(closable(resolved)),
        "versions": list(versions(resolved)),
        "reactions": list(happenings(resolved)),
    }


def _explain(source: ScenarioFile, resolved: ResolvedScenario) -> None:
    """Show every number of a scenario, all that happens of itself, and what changes for a while."""
    from aftersale.base.tables import show
    from aftersale_simulator.resolved.explain import explained, explained_costs
    from aftersale_simulator.resolved.happenings import happenings
    from aftersale_simulator.show import tables
    from aftersale_simulator.show.days_off import day_lines
    from aftersale_simulator.show.wording import text

    header = [text(word) for word in _HEADER]
    show(tables.rows(header, _rows(explained(resolved, source.words))))
    show(text("scenario.costs"))
    show(tables.rows(header, _cost_rows(list(explained_costs(resolved)))))
    show(text("scenario.reactions"))
    rows = _reaction_rows(list(happenings(resolved)))
    show(tables.rows([text(f"scenario.reaction_{word}") for word in _REACTION_HEADER], rows))
    for line in day_lines(source.scenario):
        show(line)
    _explain_changes(source, resolved)


def _explain_changes(source: ScenarioFile, resolved: ResolvedScenario) -> None:
    """Show what is dated, versions of rules, what may be closed, and the shapes of days, weeks and years."""
    from aftersale.base.tables import show
    from aftersale_simulator.resolved.explain import SHAPES, closable, dated, shapes, versions
    from aftersale_simulator.show.wording import text

    for change in dated(resolved):
        key = "sale_rolled" if change["rule"] else change["kind"]
        show(text(f"scenario.{key}", **_change_values(change)))
    for row in versions(resolved):
        before = "; ".join(row["instead_of"]) or "–"
        show(text("scenario.version", **{**row, "instead_of": before}))
    for closure in closable(resolved):
        show(text("scenario.closure", **_closure_values(closure)))
        if closure["unread"]:
            values = {"name": closure["name"], "marketplace": closure["marketplace"]}
            note = text("scenario.closure_unread", **values, lines=", ".join(closure["unread"]))
            show(text("report.warning", text=note))
    for shape in shapes(source.scenario):
        profiles = dict(zip(SHAPES, (shape["hourly"], shape["weekly"], shape["season"]), strict=True))
        for name, profile in profiles.items():
            weights = " ".join(f"{weight:g}" for weight in profile)
            show(text(f"scenario.{name}", place=shape["marketplace"], weights=weights, source=shape["source"]))


def _order_history(source: ScenarioFile, plugins: Plugins) -> History | None:
    """Return the orders of the scenario's file, None without one; raises DocumentError for one that cannot be used."""
    if source.scenario.orders is None:
        return None
    from aftersale_simulator.calibration.history import check_overlap, read_history

    history = read_history(source.scenario.orders, plugins, catalogue=source.scenario.goods.catalogue)
    check_overlap(history, source.scenario, plugins)
    return history


def _order_record(history: History | None, source: ScenarioFile, plugins: Plugins) -> dict[str, object] | None:
    if history is None:
        return None
    from aftersale_simulator.calibration.history import endings, notes, record, volume

    notes_ = notes(history, source.scenario, plugins, cells_wanted())
    counts = {"volume": volume(history, plugins), "endings": endings(history)}
    return {**record(history, cells_wanted()), **counts, "notes": notes_}


def _tell_orders(history: History, source: ScenarioFile, plugins: Plugins) -> None:
    from aftersale.base.tables import show
    from aftersale_simulator.calibration.history import endings, notes, summary, volume
    from aftersale_simulator.show.wording import text

    show(summary(history))
    for place in volume(history, plugins):
        show(text("orders.volume", **place))
    if counts := endings(history):
        show(text("orders.endings", **counts))
    for note in notes(history, source.scenario, plugins, cells_wanted()):
        show(text("report.warning", text=note))


def _summary(resolved: ResolvedScenario) -> Iterator[tuple[str, str]]:
    """Yield short texts on what is sold, who works, the targets, and what else happens."""
    from aftersale.documents.scalars import Word
    from aftersale_simulator.scenario.rates import ON

    scenario, horizon = resolved.scenario, resolved.horizon
    yield "period", f"{horizon.measured_from} – {horizon.last}"
    yield "warm_up", str(horizon.warm_up)
    yield "sold", ", ".join(f"{place} {sales.orders_per_day:g}" for place, sales in scenario.marketplace.items())
    yield "teams", ", ".join(f"{name} {team.agents} ({team.zone})" for name, team in scenario.team.items())
    shares = {"share_of_replications": float(scenario.targets.share_of_replications)}
    targets = {**scenario.targets.limits, **shares}
    yield "targets", ", ".join(f"{name} {limit:g}" for name, limit in targets.items())
    yield "variants", ", ".join([scenario.base, *(variant.name for variant in scenario.variant)])
    if scenario.worth:
        day = scenario.rates[Word(ON)]
        worths = ", ".join(f"{name} {worth:f}" for name, worth in scenario.worth.items())
        yield "rates", f"{worths} ({scenario.currency}, {day})"
    if scenario.event:
        yield "events", ", ".join(event.name for event in scenario.event)
    if resolved.sales:
        yield "sales", ", ".join(_sale_text(sale, scenario) for sale in resolved.sales)
    if scenario.presets:
        yield "presets", ", ".join(scenario.presets)
    if scenario.rule_versions:
        yield "rule_versions", ", ".join(scenario.rule_versions)


def _sale_text(sale: PlacedSale, scenario: Scenario) -> str:
    """Return a sale's name and marketplaces, and whether its days are assumed."""
    from aftersale_simulator.show.wording import text

    places = " ".join(place for place in sale.event.marketplaces if place in scenario.marketplace)
    return text("scenario.assumed" if sale.rule else "scenario.dated", name=sale.event.name, places=places)


def _closure_values(closure: Closable) -> dict[str, object]:
    from aftersale_simulator.show.wording import text

    floors = closure["floors"]
    values = {name: value for name, value in closure.items() if name not in ("floors", "unread")}
    lines = (
        text("scenario.closure_line", name=name, share=share, floor=floors[name]) if floors[name] else f"{name} {share}"
        for name, share in closure["lines"].items()
    )
    return {**values, "lines": ", ".join(lines) or "–"}


def _change_values(change: Dated) -> dict[str, object]:
    """Return the placeholders of a sale's, an event's or a category's message, with all its numbers."""
    changes = {"orders": change["orders"], **change["factors"], "handling": change["handling"]}
    parts = [f"{name} × {factor:g}" for name, factor in changes.items() if factor != 1]
    sets = {
        **change["world"],
        **change["rules"],
        **({"absent": change["absent"]} if change["absent"] else {}),
    }
    parts += [f"{name} = {value:g}" for name, value in sets.items()]
    scope = [*change["marketplaces"], *change["teams"], *change["categories"]]
    plain = {
        "name": change["name"],
        "start": change["start"],
        "days": change["days"],
        "source": change["source"],
        **({"rule": change["rule"]} if change["rule"] else {}),
    }
    return {**plain, "where": " ".join(scope), "changes": ", ".join(parts)}


def _rows(numbers: list[Explained]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each parameter and value; marketplaces that share both share the row."""
    from aftersale_simulator.show.wording import text

    places = list(dict.fromkeys(number["marketplace"] for number in numbers))
    rows: dict[tuple[str, ...], list[str]] = {}
    for number in numbers:
        source = _source(number)
        if number["set_by"] == "scenario":
            source = text("scenario.own", default=f"{number['default']:g}", source=source)
        key = (
            number["parameter"],
            f"{number['value']:g}",
            f"{number['low']:g}–{number['high']:g}",
            number["unit"],
            source,
        )
        rows.setdefault(key, []).append(number["marketplace"])
    for (name, *cells), marketplaces in rows.items():
        yield (name if marketplaces == places else f"{name} {' '.join(marketplaces)}", *cells)


def _cost_rows(costs: list[ExplainedCost]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each number of costs, by its name under `[costs]` or else by its whole path."""
    from aftersale_simulator.show.wording import text

    for cost in costs:
        source, currency = _source(cost), cost["currency"]
        if cost["set_by"] == "scenario":
            source = text("scenario.own_cost", default=f"{cost['default']:g}", source=source)
        value = f"{cost['value']:g}" if currency is None else f"{cost['value']:g} {currency}"
        limits = f"{cost['low']:g}–{cost['high']:g}"
        yield cost["path"].removeprefix("costs."), value, limits, cost["unit"], source


def _reaction_rows(reactions: list[Happening]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each reaction; marketplaces on which it is the same share the row."""
    places = list(dict.fromkeys(each["marketplace"] for each in reactions))
    rows: dict[tuple[str, ...], list[str]] = {}
    for each in reactions:
        rows.setdefault(_reaction_cells(each), []).append(each["marketplace"])
    for (name, *cells), marketplaces in rows.items():
        yield (name if marketplaces == places else f"{name} {' '.join(marketplaces)}", *cells)


def _reaction_cells(each: Happening) -> tuple[str, ...]:
    from aftersale_simulator.show.wording import text

    def quantity(value: float | str) -> str:
        return f"{value} {each['values'][value]:g}" if isinstance(value, str) else f"{value:g}"

    scope = "/".join([*each["channels"], *each["categories"], *each["products"]])
    share = [text("scenario.reaction_rest") if each["share"] is None else quantity(each["share"])]
    share += [f"× {quantity(each['factor'])}"] if each["factor"] is not None else []
    share += [f"× {quantity(value)} ({word})" for word, value in each["times"].items()]
    share += [f"≥ {quantity(value)} ({word})" for word, value in each["at_least"].items()]
    share += [f"{key}: {quantity(each['quantities'][key])}" for key in _WITH_SHARE if key in each["quantities"]]
    delays = [] if each["delay"] is None else [f"{quantity(each['delay'])} {each['unit']}, {each['spread']}"]
    delays += [f"{key}: {quantity(each['quantities'][key])}" for key in _WITH_DELAY if key in each["quantities"]]
    source = each["source"] if each["grade"] == "assumed" else f"{each['source']} ({each['grade']})"
    if each["set_by"] != "simulator":
        source = text("scenario.reaction_by", who=each["set_by"], source=source)
    conditions = [*each["when"], *(text("scenario.reaction_still", word=word) for word in each["still"])]
    return (
        " ".join(filter(None, (each["reaction"], scope))),
        "; ".join([each["follows"], *conditions]),
        " ".join(share),
        "; ".join([each["brings"], *(_said(key, table) for key, table in each["says"].items())]),
        "; ".join(delays) or "–",
        source,
    )


def _said(key: str, weights: dict[str, float]) -> str:
    """Return what a fact may say as shares, with the condition under which it says it."""
    whole = sum(weights.values())
    words = ", ".join(
        f"{word} {100 * weight / whole:.3g} %" if weight < whole else word for word, weight in weights.items()
    )
    _, _, condition = key.partition(".")
    return f"{condition}: {words}" if condition else words


def _source(number: Explained | ExplainedCost) -> str:
    return number["source"] if number["grade"] == "assumed" else f"{number['source']} ({number['grade']})"
