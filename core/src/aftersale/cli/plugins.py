"""Commands about plugins: what is installed, what is wrong with it, and what one of them brings."""

from __future__ import annotations

import click

from aftersale.cli.options import as_json_option, print_json, show
from aftersale.cli.program import allowed, loaded, text
from aftersale.errors import meant


@click.group("plugins", invoke_without_command=True)
@as_json_option
@click.pass_context
def show_plugins(ctx: click.Context, as_json: bool) -> None:
    """List the plugins and what is wrong with them; `show` tells all of one."""
    if ctx.invoked_subcommand is not None:
        return
    from aftersale.plugins import survey

    records = survey(allowed()) if ctx.obj is None else ctx.obj.about()
    if as_json:
        print_json(records)
        return
    from aftersale.listings import plugin_listing

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
    from aftersale.pluginviews import plugin_view, plugin_view_listing

    plugins = loaded(ctx)
    known = [each["name"] for each in plugins.about()]
    if name not in known:
        hint = meant(name, known) or f"loaded are: {', '.join(known) or '–'}"
        raise click.UsageError(text("plugins.unknown", name=name, hint=hint))
    found = plugin_view(plugins, name)
    print_json(found) if as_json else show(plugin_view_listing(found, plugins))
