"""Recordings: a run written as files, and as a journal that every live command reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import asdict, field, frozen

from aftersale.cases.facts import Fact
from aftersale.engine.docket import Docket
from aftersale.journal.reading import case_frame, fact_frame, order_frame, write_table
from aftersale_simulator.output_files import new_folder
from aftersale_simulator.world.marketplace_run import MarketplaceRun

if TYPE_CHECKING:
    from aftersale_simulator.runs.results import Result
    from aftersale_simulator.scenario.model import Scenario


@frozen
class Recording:
    """Where a run is written to: a new folder, as Parquet or as CSV, with texts to put `beside`, by file name."""

    folder: Path
    csv: bool = False
    beside: Mapping[str, str] = field(factory=dict)

    def write(
        self,
        scenario: Scenario,
        replication: int,
        places: Sequence[MarketplaceRun],
        facts: Sequence[Fact],
        docket: Docket,
        result: Result,
    ) -> None:
        """Write orders, facts (these two are the journal), cases, returns, claims, messages and metrics.

        All or nothing; raises DocumentError when the folder is taken or cannot be written.
        """
        told = asdict(result, filter=lambda attribute, _: attribute.name != "timeline")
        figures = json.dumps({"replication": replication, **told}, indent=2, sort_keys=True)
        texts = {"metrics.json": figures + "\n", **self.beside}
        with new_folder(self.folder) as made:
            for name, frame in _tables(scenario, replication, places, facts, docket).items():
                write_table(frame, made, name, self.csv)
            for name, text in texts.items():
                (made / name).write_text(text, encoding="utf-8", newline="\n")


def _tables(
    scenario: Scenario, replication: int, places: Sequence[MarketplaceRun], facts: Sequence[Fact], docket: Docket
) -> Mapping[str, pl.DataFrame]:
    from aftersale_simulator.runs.fake_texts import dressed  # Faker takes its time to load, and few runs are written

    journal, cases = fact_frame(facts), case_frame(docket)
    stores = {name: docket.policy(name).marketplace for name in scenario.marketplace}
    return {
        "orders": pl.concat([order_frame(place.orders) for place in places]).sort("purchased_at", "order"),
        "facts": journal,
        "cases": cases,
        "returns": _kind(cases, "return"),
        "claims": _kind(cases, "claim"),
        "messages": dressed(_messages(journal), stores, scenario.seed, replication),
    }


def _kind(cases: pl.DataFrame, kind: str) -> pl.DataFrame:
    return cases.filter(pl.col("kind") == kind).drop("kind")


def _messages(journal: pl.DataFrame) -> pl.DataFrame:
    senders: dict[str, Any] = {"buyer_message": "buyer", "seller_reply": "seller"}
    mine = journal.filter(pl.col("kind").is_in(list(senders)))
    sender = pl.col("kind").replace_strict(senders, return_dtype=pl.String).alias("sender")
    return mine.select("case", "order", "marketplace", sender, pl.col("occurred_at").alias("sent_at"))
