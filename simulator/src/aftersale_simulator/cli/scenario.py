"""The command `scenario`, as the program's users type it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aftersale_simulator.cli import options
from aftersale_simulator.cli.session import console_of, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.resolved.explain import Dated, Explained
    from aftersale_simulator.scenario.model import Scenario

_HEADER = ("parameters.name", "assumptions.value", "parameters.range", "parameters.unit", "parameters.source")


@click.command()
@click.argument("scenario", type=options.A_FILE, required=False)
@click.option("--explain", is_flag=True, help="List every number of its world: value, range, source, who set it.")
@click.option("json_", "--json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def scenario(plugins: Plugins, scenario: Path | None, explain: bool, json_: bool) -> None:
    """Check a SCENARIO, by default the shipped one, and tell what it simulates and on which numbers.

    Every mistake is told with its path, as whatif tells it.
    """
    from aftersale_simulator.resolved.explain import closable, dated, explained, shapes
    from aftersale_simulator.show import tables
    from aftersale_simulator.show.wording import text

    source = load(scenario, plugins)
    numbers, days = explained(source, plugins), list(shapes(source.scenario))
    active_events, closures = list(dated(source.scenario, plugins)), list(closable(source.scenario, plugins))
    if json_:
        summary = dict(_summary(source.scenario, plugins))
        explained_ = {"parameters": numbers, "shapes": days, "dated": active_events, "closures": closures}
        found = {"scenario": source.scenario.name, **summary, **explained_}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    console = console_of()
    console.print(source.scenario.name, style="bold", markup=False)
    for key, value in _summary(source.scenario, plugins):
        console.print(text(f"scenario.{key}", value=value), markup=False)
    if not explain:
        console.print(text("scenario.more"), markup=False)
        return
    header = [text(word) for word in _HEADER]
    console.print(tables.rows(header, _rows(numbers)))
    for active_event in active_events:
        console.print(text(f"scenario.{active_event['kind']}", **_told(active_event)), markup=False)
    for closure in closures:
        lines = ", ".join(f"{name} {share}" for name, share in closure["lines"].items())
        console.print(text("scenario.closure", **{**closure, "lines": lines}), markup=False)
    for shape in days:
        for name, given in (("hourly", shape["hourly"]), ("weekly", shape["weekly"]), ("season", shape["season"])):
            weights = " ".join(f"{weight:g}" for weight in given)
            told = text(f"scenario.{name}", place=shape["marketplace"], weights=weights, source=shape["source"])
            console.print(told, markup=False)


def _summary(scenario: Scenario, plugins: Plugins) -> Iterator[tuple[str, str]]:
    """Yield in a few words what is sold, who works, for which targets, and what else happens."""
    from aftersale_simulator.scenario.horizon import Horizon
    from aftersale_simulator.scenario.model import Targets
    from aftersale_simulator.world.sales import sale_events

    horizon = Horizon.of(scenario)
    yield "period", f"{horizon.measured_from} – {horizon.last}"
    yield "warm_up", str(horizon.warm_up)
    yield "sold", ", ".join(f"{place} {sales.orders_per_day:g}" for place, sales in scenario.marketplace.items())
    yield "teams", ", ".join(f"{name} {team.agents} ({team.zone})" for name, team in scenario.team.items())
    targets = [
        f"{name} {getattr(scenario.targets, name):g}"
        for name in Targets.__annotations__
        if getattr(scenario.targets, name) is not None
    ]
    yield "targets", ", ".join(targets)
    yield "variants", ", ".join([scenario.base, *(variant.name for variant in scenario.variant)])
    if scenario.event:
        yield "events", ", ".join(event.name for event in scenario.event)
    if sales := sale_events(scenario, plugins):
        mine = [[place for place in sale.marketplaces if place in scenario.marketplace] for sale in sales]
        told = (f"{sale.name} ({' '.join(places)})" for sale, places in zip(sales, mine, strict=True))
        yield "sales", ", ".join(told)
    if scenario.presets:
        yield "presets", ", ".join(scenario.presets)


def _told(active_event: Dated) -> dict[str, object]:
    """Return the words in which a sale, an event or a category is told, with every number of it."""
    changes = {"orders": active_event["orders"], **active_event["factors"], "handling": active_event["handling"]}
    told = [f"{name} × {factor:g}" for name, factor in changes.items() if factor != 1]
    sets = {
        **active_event["world"],
        **active_event["rules"],
        **({"absent": active_event["absent"]} if active_event["absent"] else {}),
    }
    told += [f"{name} = {value:g}" for name, value in sets.items()]
    where = [*active_event["marketplaces"], *active_event["teams"], *active_event["categories"]]
    plain = {
        "name": active_event["name"],
        "start": active_event["start"],
        "days": active_event["days"],
        "source": active_event["source"],
    }
    return {**plain, "where": " ".join(where), "changes": ", ".join(told)}


def _rows(numbers: list[Explained]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each parameter and value; marketplaces that share both share the row."""
    from aftersale_simulator.show.wording import text

    places = list(dict.fromkeys(one["marketplace"] for one in numbers))
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in numbers:
        told = one["source"] if one["grade"] == "assumed" else f"{one['source']} ({one['grade']})"
        if one["set_by"] == "scenario":
            told = text("scenario.own", default=f"{one['default']:g}", source=told)
        key = (one["parameter"], f"{one['value']:g}", f"{one['low']:g}–{one['high']:g}", one["unit"], told)
        rows.setdefault(key, []).append(one["marketplace"])
    for (name, *others), where in rows.items():
        yield (name if where == places else f"{name} {' '.join(where)}", *others)
