"""Parameters: the command `parameters`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins
    from aftersale.policies.worlds import Parameter


@click.command()
@click.option("json_", "--json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def parameters(plugins: Plugins, json_: bool) -> None:
    """List what the simulated world assumes: each number with its range, its unit and its source.

    Where a plugin declares a number for its marketplaces, they stand behind its name.
    """
    from attrs import asdict

    from aftersale.base.json_documents import as_json
    from aftersale_simulator.scenario.vocabulary import vocabulary

    declared = [parameter for group in vocabulary(plugins).parameters.values() for parameter in group]
    if json_:
        click.echo(as_json([asdict(parameter) for parameter in declared]))
        return
    from aftersale.base.tables import show
    from aftersale_simulator.show import tables
    from aftersale_simulator.show.wording import text

    lines = [
        (
            _name(parameter),
            f"{parameter.default:g}",
            f"{parameter.low:g}–{parameter.high:g}",
            parameter.unit,
            parameter.told,
        )
        for parameter in declared
    ]
    header = [text(f"parameters.{word}") for word in ("name", "default", "range", "unit", "source")]
    show(tables.rows(header, lines))


def _name(parameter: Parameter) -> str:
    return f"{parameter.name} {' '.join(parameter.marketplaces)}".rstrip()
