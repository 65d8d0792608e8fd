"""Recording: writes a run as tables, and as a journal that every live command reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import asdict, field, frozen

from aftersale.base.errors import DocumentError
from aftersale.base.json_documents import as_json
from aftersale.cases.facts import Fact
from aftersale.engine.docket import Docket
from aftersale.journal.provenance import FILE, HANDBOOK, as_text, provenance
from aftersale.journal.writing import case_frame, fact_frame, order_frame, write_table
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.rules import as_document, parse_rules
from aftersale_simulator.output_files import as_toml, new_folder
from aftersale_simulator.world.marketplace_run import MarketplaceRun

if TYPE_CHECKING:
    from aftersale_simulator.resolved.scenario import ResolvedScenario
    from aftersale_simulator.runs.results import Result
    from aftersale_simulator.scenario.model import Scenario


@frozen
class Recording:
    """Where and how a run is written: a new folder, Parquet or CSV, and texts to add, `beside`, by file name.

    The writing happens inside `attempt`, which may keep what fails.
    """

    folder: Path
    csv: bool = False
    beside: Mapping[str, str] = field(factory=dict)
    attempt: Callable[[Path], AbstractContextManager[object]] = nullcontext

    def write(
        self,
        resolved: ResolvedScenario,
        replication: int,
        runs: Sequence[MarketplaceRun],
        facts: Sequence[Fact],
        docket: Docket,
        result: Result,
    ) -> None:
        """Write orders and facts (the journal), cases, returns, claims, messages and metrics.

        Beside them stands what the journal was written with. Writes all or nothing; raises DocumentError if the folder
        is taken or cannot be written.
        """
        figures = asdict(result, filter=lambda attribute, _: attribute.name not in ("timeline", "effects"))
        metrics = as_json({"replication": replication, **figures}, sort_keys=True)
        texts = {"metrics.json": metrics + "\n", **_origin(resolved), **self.beside}
        with self.attempt(self.folder), new_folder(self.folder) as folder:
            for name, frame in _tables(resolved.scenario, replication, runs, facts, docket).items():
                write_table(frame, folder, name, self.csv)
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8", newline="\n")


_ABOVE = "# What this run's handbook has beside the shipped one, for commands that read its journal: --handbook FILE."


def _origin(resolved: ResolvedScenario) -> dict[str, str]:
    """Return by file name what the journal is written with, and the handbook where it is not the shipped one."""
    distributions = [plugin["distribution"] for plugin in resolved.plugins.about()]
    texts = {FILE: as_text(provenance(resolved.policies, distributions))}
    document = as_document(resolved.handbook.beside_shipped())
    if document and _is_readable(document, resolved):
        texts[HANDBOOK] = f"{_ABOVE}\n{as_toml(document)}"
    return texts


def _is_readable(document: dict[str, Any], resolved: ResolvedScenario) -> bool:
    """Whether a handbook may be read again, as a seller's own: no row of it may be looser than a marketplace's.

    Shipped rows may be, and an event that changes one of them makes it a row of the run's own.
    """
    try:
        resolved.plugins.policies(handbook=default_handbook().overlaid(Handbook(parse_rules(document, HANDBOOK))))
    except DocumentError:
        return False
    return True


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
