"""Plugin views: one plugin in full, what it contributes, what it decides, and whose answers it may overrule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from aftersale.base.tables import table
from aftersale.base.translations import core_text as text
from aftersale.base.translations import headers_of
from aftersale.plugins.admission import HOOKS
from aftersale.plugins.hook_phases import does
from aftersale.policies.decisions import DECIDING
from aftersale.policies.marketplaces import MarketplaceRecord
from aftersale.policies.marketplaces import record as marketplace_record
from aftersale.rules.records import RuleRecord, record
from aftersale.views.rule_tables import history_listing

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.plugins.plugins import PluginRecord, Plugins


class HookRecord(TypedDict):
    """A hook that a plugin implements: `does` is contribute, decide or observe.

    `over` are the plugins whose decisions it may overrule, `under` those that may overrule it.
    """

    hook: str
    does: str
    over: list[str]
    under: list[str]


class PluginView(TypedDict):
    """A plugin in full, as JSON shows it."""

    name: str
    distribution: str
    version: str
    marketplaces: list[MarketplaceRecord]
    kinds: list[str]
    metrics: list[str]
    parameters: list[str]
    hooks: list[HookRecord]
    rules: list[RuleRecord]
    elsewhere: list[str]


def plugin_view(plugins: Plugins, name: str) -> PluginView:
    """Return a plugin in full; `elsewhere` are marketplaces of others for which it states rules.

    Raises KeyError when no plugin of that name is loaded.
    """
    about = next((each for each in plugins.about() if each["name"] == name), None)
    if about is None:
        raise KeyError(name)
    rules = plugins.stated(name)
    own = about["marketplaces"]
    return PluginView(
        name=name,
        distribution=about["distribution"],
        version=about["version"],
        marketplaces=[marketplace_record(plugins.marketplaces[place]) for place in own],
        kinds=plugins.kinds(name),
        metrics=plugins.metrics_of(name),
        parameters=plugins.parameters_of(name),
        hooks=[_hook(plugins, name, hook) for hook in about["hooks"]],
        rules=[record(rule) for rule in rules],
        elsewhere=sorted({rule.marketplace for rule in rules} - set(own)),
    )


def _hook(plugins: Plugins, name: str, hook: str) -> HookRecord:
    if hook not in DECIDING:
        return HookRecord(hook=hook, does=does(hook), over=[], under=[])
    others = [each["name"] for each in plugins.about() if hook in each["hooks"] and each["name"] != name]
    owners = {plugins.owner(place) for place in plugins.marketplaces}
    over = [other for other in others if other in owners and name not in owners]
    under = [other for other in others if other not in owners and name in owners]
    return HookRecord(hook=hook, does="decide", over=over, under=under)


def plugin_view_listing(found: PluginView, plugins: Plugins) -> list[Table | str]:
    """Return a plugin as tables: its marketplaces, its hooks, and its rules by name with their dates and sources."""
    shown: list[Table | str] = [f"{found['name']}: {found['distribution']} {found['version']}".rstrip(), ""]
    if found["marketplaces"]:
        headers = [text("plugins.marketplace"), text("plugins.id"), text("plugins.country")]
        headers += [text("plugins.currency"), text("plugins.zone")]
        rows = [
            (each["name"], each["id"], each["country"], each["currency"], each["zone"])
            for each in found["marketplaces"]
        ]
        shown += [table(headers, rows), ""]
    if found["kinds"]:
        shown += [text("plugins.kinds", kinds=", ".join(found["kinds"])), ""]
    if found["metrics"]:
        shown += [text("plugins.metrics", metrics=", ".join(found["metrics"])), ""]
    if found["parameters"]:
        shown += [text("plugins.parameters", parameters=", ".join(found["parameters"])), ""]
    headers = [text("plugins.hook"), text("plugins.arguments"), text("plugins.standing")]
    shown += [table(headers, [(each["hook"], ", ".join(HOOKS[each["hook"]]), _told(each)) for each in found["hooks"]])]
    if found["elsewhere"]:
        shown += ["", text("plugins.elsewhere", places=", ".join(found["elsewhere"]))]
    rules = plugins.stated(found["name"])
    for name in dict.fromkeys(rule.name for rule in rules):
        shown += ["", *history_listing(name, plugins.meaning(name), [rule for rule in rules if rule.name == name])]
    return shown


def _told(hook: HookRecord) -> str:
    does = {"contribute": "plugins.contributes", "decide": "plugins.decides", "observe": "plugins.observes"}
    told = text(does[hook["does"]])
    if hook["over"]:
        told += text("plugins.over", names=", ".join(hook["over"]))
    if hook["under"]:
        told += text("plugins.under", names=", ".join(hook["under"]))
    return told


def plugin_listing(records: Sequence[PluginRecord]) -> list[Table | str]:
    """Return the plugins as a table, with their problems in full below it."""
    if not records:
        return [text("plugins.none")]
    rows = [
        (
            f"{record['name']}\n{record['distribution']} {record['version']}".rstrip(),
            " ".join(record["marketplaces"]),
            " ".join(hook.removeprefix("aftersale_") for hook in record["hooks"]),
            str(len(record["problems"])),
        )
        for record in records
    ]
    headers = headers_of("plugins", "plugin", "marketplaces", "hooks", "problems")
    problems = dict.fromkeys(problem for record in records for problem in record["problems"])
    return [table(headers, rows, headers[-1:]), *(["", *problems] if problems else [])]
