"""Options: options that several commands share, with the same types and help."""

from __future__ import annotations

from pathlib import Path

import click

STOPPED = 130
"""The exit code after Ctrl-C, as shells expect it."""
A_FILE = click.Path(path_type=Path, dir_okay=False)
A_FOLDER = click.Path(path_type=Path, file_okay=False)
settings = click.option(
    "settings",
    "--set",
    metavar="PATH=VALUE",
    multiple=True,
    help="Set a value of the scenario, for all variants.",
)
orders = click.option("--orders", type=A_FILE, help="Replay the orders of this file instead of synthetic ones.")
salt = click.option(
    "--salt",
    metavar="TEXT",
    help="Know the buyers of the order file by keyed hashes, the same in every file; by default by numbers.",
)
seed = click.option("--seed", type=click.IntRange(min=0), help="Meet other buyers; by default the scenario's seed.")
workers = click.option("--workers", type=click.IntRange(min=1), help="Processes to use; by default one per processor.")
engine = click.option(
    "--engine",
    type=click.Choice(["auto", "compiled", "plain", "simpy"]),
    default="auto",
    show_default=True,
    help="What runs the replications, with the same figures: the kernel, compiled or as plain Python, or SimPy; auto "
    "takes the fastest that is here.",
)
page = click.option(
    "page_file",
    "--report",
    type=click.Path(path_type=Path),
    help="Write a page with pictures to this HTML file, over one of that name; it opens without a network.",
)
language = click.option(
    "language",
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Speak English or Simplified Chinese.",
)
dask = click.option(
    "--dask", metavar="ADDRESS", help="Use the workers of the Dask cluster at this address instead of processes here."
)
