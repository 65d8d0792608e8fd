"""Calibrate: the command `calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aftersale_simulator.cli import options
from aftersale_simulator.cli.session import cells_wanted, load, tell_written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftersale.plugins.plugins import Plugins
    from aftersale_simulator.calibration.fit import Calibration
    from aftersale_simulator.calibration.logs import FileAccount

_SHOWN = 3


@click.command()
@click.argument("scenario", type=options.A_FILE, required=False)
@click.option("--orders", type=options.A_FILE, help="Orders: volume, profiles, scatter, prices, and marked returns.")
@click.option("--returns", type=options.A_FILE, help="Returns: a marketplace's report, or order and opened_at.")
@click.option("--messages", type=options.A_FILE, help="Messages: order, sender (buyer, seller, automatic) and sent_at.")
@click.option("--claims", type=options.A_FILE, help="Claims: order, state and opened_at.")
@click.option("--tasks", type=options.A_FILE, help="Handling times: kind and seconds.")
@click.option("--reviews", type=options.A_FILE, help="Reviews: order, stars and left_at.")
@click.option(
    "--out", type=options.A_FILE, help="Write the scenario with the fitted numbers to this file, over one of that name."
)
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
    reviews: Path | None,
    out: Path | None,
    json_: bool,
) -> None:
    """Fit the numbers of a SCENARIO to a seller's own files, and tell how well each fits.

    The scenario, by default the shipped one, says everything else, and how an order file is to be read. What no file
    speaks of stays as it is there, or as it is assumed.
    """
    from aftersale.base.json_documents import as_json
    from aftersale_simulator.calibration.fit import Files, calibrated
    from aftersale_simulator.output_files import Outputs, check_file
    from aftersale_simulator.show.wording import text

    if out is not None:
        check_file(out)
    source = load(scenario, plugins)
    files = Files(orders, returns, messages, claims, tasks, reviews)
    if files == Files() and source.scenario.orders is None:
        raise click.UsageError(text("calibrate.no_files"))
    calibration = calibrated(source, plugins, files)
    empty = calibration.orders_unusable or not (calibration.fitted or calibration.observed)
    outputs = Outputs()
    if out is not None and not empty:
        with outputs.attempt(out):
            _write(calibration, out)
    if json_:
        click.echo(as_json(_record(calibration), ascii_only=False))
    else:
        _show(calibration)
    tell_written(outputs, quiet=json_)
    if empty:
        click.echo(text("calibrate.no_numbers"), err=True)
        raise click.exceptions.Exit(1)


def _write(calibration: Calibration, out: Path) -> None:
    from aftersale_simulator.output_files import as_toml, write_file

    document = dict(calibration.document)
    if "orders" in document:
        document["orders"] = {**document["orders"], "file": _seen_from(out.parent, calibration)}
    write_file(out, _comment(calibration) + as_toml(document))


def _seen_from(folder: Path, calibration: Calibration) -> str:
    """Return the path of the order file from a folder, as scenarios name it; absolute where there is no way between."""
    import os

    path = calibration.order_file
    try:
        return os.path.relpath(path, folder.absolute())
    except ValueError:
        return path


def _record(calibration: Calibration) -> dict[str, Any]:
    from attrs import asdict

    from aftersale_simulator.calibration.logs import account_record

    return {
        "fitted": [asdict(number) for number in calibration.fitted],
        "observed": [asdict(figure) for figure in calibration.observed],
        "assumed": calibration.assumed(),
        "files": [account_record(account, cells_wanted()) for account in calibration.files],
        "rejected": _rows_left_out(calibration, "rejected"),
        "skipped": _rows_left_out(calibration, "skipped"),
        "notes": calibration.notes,
    }


def _rows_left_out(calibration: Calibration, outcome: str) -> dict[str, list[str]]:
    """Return by file the rows that were skipped, or rejected, each as a text."""
    rows = {
        account.name: [row.text(cells_wanted()) for outcome_, row in account.left_out if outcome_ == outcome]
        for account in calibration.files
    }
    return {name: texts for name, texts in rows.items() if texts}


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


def _show(calibration: Calibration) -> None:
    from aftersale.base.tables import show
    from aftersale_simulator.show import tables
    from aftersale_simulator.show.wording import text

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
    show(tables.rows(header, rows))
    for figure in calibration.observed:
        line = text(
            "calibrate.observed", name=figure.name, value=f"{figure.value:.4g}", n=figure.n, source=figure.source
        )
        show(line)
    for account in calibration.files:
        for line in _account_lines(account):
            show(line)
    for note in calibration.notes:
        show(note)
    show(text("calibrate.assumed", count=len(calibration.assumed())))


def _account_lines(account: FileAccount) -> Iterator[str]:
    """Yield what became of a file's rows: the counts, and each reason with the first lines that it applies to."""
    from aftersale_simulator.show.wording import text

    counts = {"skipped": account.skipped, "rejected": account.rejected}
    yield text(
        "calibrate.rows",
        name=account.name,
        read=account.rows_read,
        used=account.rows_used,
        cancelled=account.rows_cancelled,
        **{outcome: sum(reasons.values()) for outcome, reasons in counts.items()},
    )
    for outcome, reasons in counts.items():
        for reason, count in reasons.items():
            rows = [row for outcome_, row in account.left_out if (outcome_, row.cause) == (outcome, reason)]
            places = list(dict.fromkeys(f"{row.file} {row.line}".lstrip() for row in rows))
            lines = ", ".join(places[:_SHOWN])
            word = text(f"calibrate.{outcome}")
            if len(places) > _SHOWN:
                lines = text("calibrate.more_lines", lines=lines, more=max(len(places), count) - _SHOWN)
            elif places:
                lines = text("calibrate.lines", lines=lines)
            yield text("calibrate.left_out", outcome=word, count=count, reason=reason, lines=lines or "–")


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} weights"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return f"{value:g}"
