"""The hooks: what a plugin can contribute, decide and observe.

A plugin is a module that an entry point of the group `aftersale` names. It states `AFTERSALE_API = 1` and
implements some of the functions below, each marked with `@hookimpl`, each taking those of the arguments that
it needs:

    [project.entry-points.aftersale]
    corner_shop = "aftersale_corner_shop"

All of them are asked by `aftersale.plugins` and by nobody else. An argument may be added to a hook at any
time; a hook whose meaning changes gets a new name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    import click

    from aftersale.cases import Case
    from aftersale.clocks import Instant
    from aftersale.facts import Fact
    from aftersale.healthformats import HealthFormat
    from aftersale.marketplaces import Marketplace
    from aftersale.orderfiles import OrderFormat
    from aftersale.orders import Order
    from aftersale.rules import Rule

PROJECT = "aftersale"
"""The name under which pluggy knows the project; also the group of the entry points."""
ALLOW_LIST = "AFTERSALE_PLUGINS"
"""The environment variable that names the plugins to load; the program reads it, the loader does not."""
AFTERSALE_API = 1
"""The number of this set of hooks; a plugin states the number that it was written for."""

hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)


# ----------------------------------------------------------------------------------------------------
# Contribute: asked once at the start; the answers of all plugins are put together, clashes are errors
# ----------------------------------------------------------------------------------------------------


@hookspec
def aftersale_marketplaces() -> list[Marketplace]:
    """Name the marketplaces that this plugin owns.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The marketplaces. Each belongs to one plugin alone: two plugins with one name between them are
        refused. A plugin that owns none leaves the hook out; None is refused.

    Raises:
        DocumentError: The profile cannot be read; its problems are told as the plugin's.

    Example:
        from aftersale import hookimpl
        from aftersale.marketplaces import load_marketplaces

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_marketplaces():
            return load_marketplaces("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_rules() -> list[Rule]:
    """State the dated rules of marketplaces, and the metrics by which they judge a seller.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The rules, for marketplaces of this plugin or of another one that is installed. Rows of one name must
        neither overlap nor leave a hole, whoever states them. A plugin without rules leaves the hook out;
        None is refused.

    Raises:
        DocumentError: The rules cannot be read; their problems are told as the plugin's.

    Example:
        from aftersale import hookimpl
        from aftersale.marketplaces import load_marketplaces
        from aftersale.rules import load_rules

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_marketplaces():
            return load_marketplaces("aftersale.testing.reference")

        @hookimpl
        def aftersale_rules():
            return load_rules("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_order_formats() -> list[OrderFormat]:
    """Describe the order files that marketplaces hand out.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The formats. Plugins that bring a format of the same name must agree on it. A plugin without order
        files leaves the hook out; None is refused.

    Raises:
        DocumentError: The formats cannot be read; their problems are told as the plugin's.

    Example:
        from aftersale import hookimpl
        from aftersale.orderfiles import load_formats

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_order_formats():
            return load_formats("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_health_reports() -> list[HealthFormat]:
    """Describe the reports in which marketplaces themselves say how an account stands.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The formats. Plugins that bring a format of the same name must agree on all of it. A plugin without such
        reports leaves the hook out; None is refused.

    Raises:
        DocumentError: The formats cannot be read; their problems are told as the plugin's.

    Example:
        from aftersale import hookimpl
        from aftersale.healthformats import load_health_formats

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_health_reports():
            return load_health_formats("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_commands() -> list[click.Command]:
    """Add commands to the program `aftersale`.

    Called:
        Once, by `load_plugins`. Import what a command needs inside it, so that the others start fast. A
        command that asks for `@click.pass_obj` is given the loaded `aftersale.plugins.Plugins`.

    Returns:
        The commands, each with a name that neither the program nor another plugin uses. A plugin without
        commands leaves the hook out; None is refused.

    Raises:
        Nothing: An exception is told as a problem of the plugin.

    Example:
        import click

        from aftersale import hookimpl

        AFTERSALE_API = 1

        @click.command()
        @click.pass_obj
        def stores(plugins):
            "List the marketplaces."
            click.echo(" ".join(plugins.marketplaces))

        @hookimpl
        def aftersale_commands():
            return [stores]

    Since:
        0.1
    """


# ----------------------------------------------------------------------------------------------------
# Decide: asked during a case; only the owner of the marketplace is, and it must be a pure function
# ----------------------------------------------------------------------------------------------------


@hookspec(firstresult=True)
def aftersale_decide_return(order: Order, requested_at: Instant, in_policy: bool) -> str | None:
    """Decide what becomes of a return at the moment a buyer asks for it.

    Called:
        By the engine, for every `return_requested` on a marketplace of this plugin.

    Args:
        order: The order that the buyer wants to return.
        requested_at: When the buyer asked.
        in_policy: Whether that was inside the marketplace's return window.

    Returns:
        "return_authorised" or "return_declined" decides it at once; "manual" puts it before a person,
        whatever the rules say. None leaves it to the dated rule `auto_authorise`. Anything else is refused.

    Raises:
        Nothing: An exception is a mistake of the plugin; it names hook, plugin and order, and is not
        swallowed.

    Example:
        from aftersale import hookimpl
        from aftersale.marketplaces import load_marketplaces

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_marketplaces():
            return load_marketplaces("aftersale.testing.reference")

        @hookimpl
        def aftersale_decide_return(order, in_policy):
            return "manual" if in_policy and order.price > 100_00 else None

    Since:
        0.1
    """


# ----------------------------------------------------------------------------------------------------
# Observe: told what happened; returns nothing and changes nothing
# ----------------------------------------------------------------------------------------------------


@hookspec
def aftersale_fact_recorded(case: Case, fact: Fact) -> None:
    """Learn of a fact that the engine has applied to a case.

    Called:
        By the docket, after every fact on every marketplace, in the order of `known_at`.

    Args:
        case: The case as it stands after the fact.
        fact: What happened.

    Returns:
        None. Anything else is refused: an observer changes nothing.

    Raises:
        Nothing: An exception is a mistake of the plugin; it names hook, plugin and case, and is not
        swallowed.

    Example:
        from aftersale import hookimpl

        AFTERSALE_API = 1
        granted = []

        @hookimpl
        def aftersale_fact_recorded(case, fact):
            if fact.kind == "claim_granted":
                granted.append(case.order)

    Since:
        0.1
    """
