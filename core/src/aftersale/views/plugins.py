"""Plugins: one plugin in full, what it contributes, what it decides, and whose decisions it may overrule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.tables import Table, table
from aftersale.base.translations import core_text as text, headers_of
from aftersale.base.visible import lines
from aftersale.plugins.admission import HOOKS
from aftersale.plugins.hook_phases import does
from aftersale.policies.decisions import DECIDING
from aftersale.policies.marketplaces import MarketplaceRecord, record as marketplace_record
from aftersale.rules.records import RuleRecord, record
from aftersale.views.rule_tables import history_listing

if TYPE_CHECKING:
    from aftersale.plugins.plugins import PluginRecord, Plugins


class HookRecord(TypedDict):
    """A hook that a plugin implements: `does` is contribute, decide or observe.

    `over` are the plugins whose decisions it may overrule, `under` the plugins that may overrule it.
    """

    hook: str
    does: str
    over: list[str]
    under: list[str]


class PluginView(TypedDict):
    """A plugin in full, as JSON shows it; `gaps` are what its kinds of case and metrics miss on its marketplaces."""

    name: str
    distribution: str
    version: str
    marketplaces: list[MarketplaceRecord]
    kinds: list[str]
    metrics: list[str]
    costs: list[str]
    functions: list[str]
    parameters: list[str]
    hooks: list[HookRecord]
    rules: list[RuleRecord]
    elsewhere: list[str]
    gaps: list[str]


def plugin_view(plugins: Plugins, name: str) -> PluginView:
    """Return a plugin in full; `elsewhere` are marketplaces of other plugins for which it states rules.

    Raises KeyError when no plugin of that name is loaded.
    """
    about = next((plugin for plugin in plugins.about() if plugin["name"] == name), None)
    if about is None:
        raise KeyError(name)
    rules = plugins.stated(name)
    places = about["marketplaces"]
    return PluginView(
        name=name,
        distribution=about["distribution"],
        version=about["version"],
        marketplaces=[marketplace_record(plugins.marketplaces[place]) for place in places],
        kinds=plugins.kinds(name),
        metrics=plugins.metrics_of(name),
        costs=[f"{kind.name} ({kind.group})" for kind in plugins.costs_of(name)],
        functions=[f"{each.name}: {each.en}" for each in plugins.functions_of(name)],
        parameters=plugins.parameters_of(name),
        hooks=[_hook(plugins, name, hook) for hook in about["hooks"]],
        rules=[record(rule) for rule in rules],
        elsewhere=sorted({rule.marketplace for rule in rules} - set(places)),
        gaps=[str(gap) for gap in plugins.gaps_of(name)],
    )


def _hook(plugins: Plugins, name: str, hook: str) -> HookRecord:
    if hook not in DECIDING:
        return HookRecord(hook=hook, does=does(hook), over=[], under=[])
    names = [plugin["name"] for plugin in plugins.about() if hook in plugin["hooks"] and plugin["name"] != name]
    owners = {plugins.owner(place) for place in plugins.marketplaces}
    over = [plugin for plugin in names if plugin in owners and name not in owners]
    under = [plugin for plugin in names if plugin not in owners and name in owners]
    return HookRecord(hook=hook, does="decide", over=over, under=under)


def plugin_view_listing(view: PluginView, plugins: Plugins) -> list[Table | str]:
    """Return a plugin as tables: its marketplaces, its hooks, and its rules by name with their dates and sources."""
    parts: list[Table | str] = [f"{view['name']}: {view['distribution']} {view['version']}".rstrip(), ""]
    if view["marketplaces"]:
        headers = [text("plugins.marketplace"), text("plugins.id"), text("plugins.country")]
        headers += [text("plugins.currency"), text("plugins.zone")]
        rows = [
            (place["name"], place["id"], place["country"], place["currency"], place["zone"])
            for place in view["marketplaces"]
        ]
        parts += [table(headers, rows), ""]
    if view["kinds"]:
        parts += [text("plugins.kinds", kinds=", ".join(view["kinds"])), ""]
    if view["metrics"]:
        parts += [text("plugins.metrics", metrics=", ".join(view["metrics"])), ""]
    if view["costs"]:
        parts += [text("plugins.costs", costs=", ".join(view["costs"])), ""]
    if view["functions"]:
        parts += [text("plugins.functions"), *view["functions"], ""]
    if view["parameters"]:
        parts += [text("plugins.parameters", parameters=", ".join(view["parameters"])), ""]
    headers = [text("plugins.hook"), text("plugins.arguments"), text("plugins.standing")]
    parts += [
        table(headers, [(hook["hook"], ", ".join(HOOKS[hook["hook"]]), _standing(hook)) for hook in view["hooks"]])
    ]
    if view["elsewhere"]:
        parts += ["", text("plugins.elsewhere", places=", ".join(view["elsewhere"]))]
    if view["gaps"]:
        parts += ["", text("plugins.gaps"), *view["gaps"]]
    rules = plugins.stated(view["name"])
    for name in dict.fromkeys(rule.name for rule in rules):
        parts += ["", *history_listing(name, plugins.meaning(name), [rule for rule in rules if rule.name == name])]
    return parts


def _standing(hook: HookRecord) -> str:
    does = {"contribute": "plugins.contributes", "decide": "plugins.decides", "observe": "plugins.observes"}
    words = text(does[hook["does"]])
    if hook["over"]:
        words += text("plugins.over", names=", ".join(hook["over"]))
    if hook["under"]:
        words += text("plugins.under", names=", ".join(hook["under"]))
    return words


def plugin_listing(records: Sequence[PluginRecord]) -> list[Table | str]:
    """Return the plugins as a table, with their problems in full below it."""
    if not records:
        return [text("plugins.none")]
    rows = [
        (
            lines(record["name"], *filter(None, [f"{record['distribution']} {record['version']}".strip()])),
            " ".join(record["marketplaces"]),
            " ".join(hook.removeprefix("aftersale_") for hook in record["hooks"]),
            str(len(record["problems"])),
        )
        for record in records
    ]
    headers = headers_of("plugins", "plugin", "marketplaces", "hooks", "problems")
    problems = dict.fromkeys(problem for record in records for problem in record["problems"])
    return [table(headers, rows, headers[-1:]), *(["", *problems] if problems else [])]
