"""Calibrate: the command `calibrate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aftersale_simulator.cli import options
from aftersale_simulator.cli.session import console_of, load

if TYPE_CHECKING:
    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.calibration.fit import Calibration

_SHOWN = 3


@click.command()
@click.argument("scenario", type=options.A_FILE, required=False)
@click.option("--orders", type=options.A_FILE, help="Orders: volume, profiles, scatter, prices, and marked returns.")
@click.option("--returns", type=options.A_FILE, help="Returns, a CSV with order and opened_at.")
@click.option("--messages", type=options.A_FILE, help="Messages, a CSV with order, sender (buyer, seller) and sent_at.")
@click.option("--claims", type=options.A_FILE, help="Claims, a CSV with order, state and opened_at.")
@click.option("--tasks", type=options.A_FILE, help="Handling times, a CSV with kind and seconds.")
@click.option("--out", type=options.A_FILE, help="Write the scenario with the fitted numbers to this new file.")
@click.option("json_", "--json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def calibrate(
    plugins: Plugins,
    scenario: Path | None,
    orders: Path | None,
    returns: Path | None,
    messages: Path | None,
    claims: Path | None,
    tasks: Path | None,
    out: Path | None,
    json_: bool,
) -> None:
    """Fit the numbers of a SCENARIO to a seller's own files, and tell how well each fits.

    The scenario, by default the shipped one, says everything else, and how an order file is to be read. What no file
    speaks of stays as it is there, or as it is assumed.
    """
    from aftersale_simulator.calibration.fit import Files, calibrated
    from aftersale_simulator.output_files import as_toml, check_file, write_file

    if out is not None:
        check_file(out)
    calibration = calibrated(load(scenario, plugins), plugins, Files(orders, returns, messages, claims, tasks))
    if out is not None:
        write_file(out, _comment(calibration) + as_toml(calibration.document))
    if json_:
        click.echo(json.dumps(_record(calibration), indent=2, ensure_ascii=False, default=str))
        return
    _show(calibration, out)


def _record(calibration: Calibration) -> dict[str, Any]:
    from attrs import asdict

    return {
        "fitted": [asdict(number) for number in calibration.fitted],
        "observed": [asdict(figure) for figure in calibration.observed],
        "assumed": calibration.assumed(),
        "rejected": calibration.rejected,
    }


def _comment(calibration: Calibration) -> str:
    """Return the fitted numbers and their data, as comments at the head of a TOML file."""
    from aftersale.base.visible import visible
    from aftersale_simulator.show.wording import text

    lines = [f"# {text('calibrate.head')}"]
    for number in calibration.fitted:
        data = f"{number.source}, n = {number.n}{_span(number.low, number.high)}"
        lines.append(visible(f"#   {number.path}: {data}{f'; {number.quality}' if number.quality else ''}"))
    return "\n".join(lines) + "\n\n"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f", {low:.4g} – {high:.4g}"


def _show(calibration: Calibration, out: Path | None) -> None:
    from aftersale_simulator.show import tables
    from aftersale_simulator.show.wording import text

    console = console_of()
    header = [text(f"calibrate.{word}") for word in ("path", "value", "interval", "n", "source", "quality")]
    rows = [
        (
            number.path,
            _brief(number.value),
            _span(number.low, number.high).lstrip(", "),
            str(number.n),
            number.source,
            number.quality,
        )
        for number in calibration.fitted
    ]
    console.print(tables.rows(header, rows))
    for figure in calibration.observed:
        line = text(
            "calibrate.observed", name=figure.name, value=f"{figure.value:.4g}", n=figure.n, source=figure.source
        )
        console.print(line, markup=False)
    for name, reasons in calibration.rejected.items():
        examples = "; ".join(reasons[:_SHOWN])
        console.print(text("calibrate.rejected", name=name, count=len(reasons), shown=examples), markup=False)
    console.print(text("calibrate.assumed", count=len(calibration.assumed())), markup=False)
    if out is not None:
        console.print(text("report.written", folder=out), markup=False)


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} weights"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return f"{value:g}"
