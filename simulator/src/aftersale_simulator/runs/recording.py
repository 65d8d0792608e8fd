"""Recording: writes a run as tables, and as a journal that every live command reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import asdict, field, frozen

from aftersale.cases.facts import Fact
from aftersale.engine.docket import Docket
from aftersale.journal.writing import case_frame, fact_frame, order_frame, write_table
from aftersale_simulator.output_files import new_folder
from aftersale_simulator.world.marketplace_run import MarketplaceRun

if TYPE_CHECKING:
    from aftersale_simulator.runs.results import Result
    from aftersale_simulator.scenario.model import Scenario


@frozen
class Recording:
    """Where and how a run is written: a new folder, Parquet or CSV, and texts to add, `beside`, by file name."""

    folder: Path
    csv: bool = False
    beside: Mapping[str, str] = field(factory=dict)

    def write(
        self,
        scenario: Scenario,
        replication: int,
        runs: Sequence[MarketplaceRun],
        facts: Sequence[Fact],
        docket: Docket,
        result: Result,
    ) -> None:
        """Write orders and facts (the journal), cases, returns, claims, messages and metrics.

        Writes all or nothing; raises DocumentError if the folder is taken or cannot be written.
        """
        figures = asdict(result, filter=lambda attribute, _: attribute.name != "timeline")
        metrics = json.dumps({"replication": replication, **figures}, indent=2, sort_keys=True)
        texts = {"metrics.json": metrics + "\n", **self.beside}
        with new_folder(self.folder) as folder:
            for name, frame in _tables(scenario, replication, runs, facts, docket).items():
                write_table(frame, folder, name, self.csv)
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _tables(
    scenario: Scenario, replication: int, runs: Sequence[MarketplaceRun], facts: Sequence[Fact], docket: Docket
) -> Mapping[str, pl.DataFrame]:
    from aftersale_simulator.runs.fake_texts import with_fake_texts  # Faker loads slowly, and few runs are written

    journal, cases = fact_frame(facts), case_frame(docket)
    stores = {name: docket.policy(name).marketplace for name in scenario.marketplace}
    return {
        "orders": pl.concat([order_frame(run.orders) for run in runs]).sort("purchased_at", "order"),
        "facts": journal,
        "cases": cases,
        "returns": _kind(cases, "return"),
        "claims": _kind(cases, "claim"),
        "messages": with_fake_texts(_messages(journal), stores, scenario.seed, replication),
    }


def _kind(cases: pl.DataFrame, kind: str) -> pl.DataFrame:
    return cases.filter(pl.col("kind") == kind).drop("kind")


def _messages(journal: pl.DataFrame) -> pl.DataFrame:
    senders: dict[str, Any] = {"buyer_message": "buyer", "seller_reply": "seller"}
    messages = journal.filter(pl.col("kind").is_in(list(senders)))
    sender = pl.col("kind").replace_strict(senders, return_dtype=pl.String).alias("sender")
    return messages.select("case", "order", "marketplace", sender, pl.col("occurred_at").alias("sent_at"))
