"""Commands about plugins: what is installed, and what is wrong with it."""

from __future__ import annotations

import click

from aftersale.cli.options import as_json_option, print_json, show
from aftersale.cli.program import allowed


@click.command("plugins")
@as_json_option
@click.pass_context
def show_plugins(ctx: click.Context, as_json: bool) -> None:
    """List the plugins and what is wrong with them."""
    from aftersale.plugins import survey

    records = survey(allowed()) if ctx.obj is None else ctx.obj.about()
    if as_json:
        print_json(records)
        return
    from aftersale.listings import plugin_listing

    show(plugin_listing(records))
