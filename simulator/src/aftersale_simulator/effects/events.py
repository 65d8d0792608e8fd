"""Events: settings of what lasts for a while that changed nothing: events, sales of plugins, presets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aftersale.clocks import local_date
from aftersale_simulator.effects.handbook import unasked
from aftersale_simulator.effects.trace import Setting, Trace
from aftersale_simulator.scenario.events import Event
from aftersale_simulator.world.sales import known_sales


def of_events(trace: Trace) -> Iterator[Setting]:
    """Yield the settings of the scenario's events."""
    horizon, scenario = trace.resolved.horizon, trace.resolved.scenario
    for index, event in enumerate(scenario.event):
        first, after_last = event.days(scenario.period.start)
        path = f"event[{index}]"
        if first > horizon.last or after_last <= horizon.first:
            yield Setting(path, "outside")
            continue
        places = [name for name in trace.orders if event.concerns(name)]
        yield from _of_world(trace, event, path, places)
        yield from _of_teams(trace, event, path)
        yield from _scopes(event, path)
        for name in event.rules:
            yield Setting(f"{path}.rules.{name}", "" if _changes_rule(trace, event, name, places) else "same")


def _of_world(trace: Trace, event: Event, path: str, places: Sequence[str]) -> Iterator[Setting]:
    if float(event.orders) != 1:
        yield Setting(f"{path}.orders", "file" if trace.from_file else "category" if event.categories else "")
    read = trace.read_for_orders(places)
    sold = not event.categories or bool(trace.categories(places) & set(map(str, event.categories)))
    for key, values in (("factors", event.factors), ("world", event.world)):
        for name in values:
            yield Setting(f"{path}.{key}.{name}", "order" if not sold else "" if name in read else "unread")


def _of_teams(trace: Trace, event: Event, path: str) -> Iterator[Setting]:
    first, after_last = event.days(trace.resolved.scenario.period.start)
    teams = {name: team for name, team in trace.resolved.scenario.team.items() if event.befalls(name)}
    works = any(
        first <= local_date(window.start, team.zone) < after_last
        for name, team in teams.items()
        for window in trace.resolved.windows(name)
    )
    for key, changes in (("absent", bool(event.absent)), ("handling", float(event.handling) != 1)):
        if changes:
            yield Setting(f"{path}.{key}", "" if works else "nobody")


def _scopes(event: Event, path: str) -> Iterator[Setting]:
    """Yield the words that narrow an event to what it does not change."""
    of_orders = bool(event.factors or event.world)
    narrowed = {
        "marketplaces": of_orders or float(event.orders) != 1 or bool(event.rules),
        "teams": bool(event.absent) or float(event.handling) != 1,
        "categories": of_orders or float(event.orders) != 1,  # which keep the orders from changing
    }
    for key, acts in narrowed.items():
        if getattr(event, key):
            yield Setting(f"{path}.{key}", "" if acts else "unread")


def _changes_rule(trace: Trace, event: Event, name: str, places: Sequence[str]) -> bool:
    """Whether an event sets the amount of a row of a marketplace of the run, or of the handbook."""
    resolved, source = trace.resolved, f"event '{event.name}'"
    rules = resolved.rules.history() if resolved.rules is not None else ()
    rows = [rule for rule in rules if rule.marketplace in places]
    rows += [rule for rule in resolved.handbook.rules.history() if rule.marketplace in ("*", *places)]
    return any(rule.name == name and rule.source.startswith(source) for rule in rows)


def of_plugins(trace: Trace) -> Iterator[Setting]:
    """Yield what the scenario says of the sales and presets of plugins."""
    scenario, resolved = trace.resolved.scenario, trace.resolved
    if not scenario.sale_events:
        sales = known_sales(scenario, resolved.plugins, scenario.horizon.first, scenario.horizon.last)
        yield Setting("sale_events", "" if any(sales) else "outside")
    for index, name in enumerate(scenario.presets):
        presets = [world.presets[name] for world in resolved.worlds.values() if name in world.presets]
        values = {str(parameter) for preset in presets for parameter in preset.values} - scenario.world.keys()
        reason = "" if values & trace.reads else "unread" if presets else "place"
        yield Setting(f"presets[{index}] '{name}'", reason)


def of_reactions(trace: Trace) -> Iterator[Setting]:
    """Yield the rows that override reactions; one that held for no order of the run when it was asked has no effect."""
    for number, row in enumerate(trace.resolved.scenario.reaction):
        applied = any(number in world.applied for world in trace.resolved.worlds.values())
        yield Setting(f"reaction[{number}] '{', '.join(row.overrides)}'", "" if applied else "unread")


def of_versions(trace: Trace) -> Iterator[Setting]:
    """Yield the versions of rules that the scenario names; one whose rows nothing in the run asks for has no effect."""
    resolved = trace.resolved
    rows = resolved.rules.history() if resolved.rules is not None else ()
    policies = [trace.docket.policy(name) for name in trace.orders]
    for index, name in enumerate(resolved.scenario.rule_versions):
        reasons = [unasked(trace, row, policy) for policy in policies for row in rows if row.version == name]
        reason = "" if "" in reasons else next((reason for reason in reasons if reason != "place"), "place")
        yield Setting(f"rule_versions[{index}] '{name}'", reason)
