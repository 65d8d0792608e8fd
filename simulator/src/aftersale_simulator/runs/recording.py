"""Recording: writes a run as tables, and as a journal that every live command reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import asdict, evolve, field, frozen

from aftersale.base.errors import DocumentError
from aftersale.base.json_documents import as_json
from aftersale.base.money import decimals
from aftersale.cases.facts import Fact
from aftersale.engine.docket import Docket
from aftersale.journal.own_numbers import FILE as OWN_NUMBERS, OwnNumbers, as_text as as_own_text
from aftersale.journal.provenance import FILE, HANDBOOK, as_text, provenance
from aftersale.journal.writing import case_frame, fact_frame, order_frame, write_table
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.rules import as_document, parse_rules
from aftersale.worth.goods import landed_costs
from aftersale.worth.parameters import OWN
from aftersale_simulator.output_files import as_toml, new_folder
from aftersale_simulator.runs.results import COST
from aftersale_simulator.world.marketplace_run import MarketplaceRun

if TYPE_CHECKING:
    from aftersale_simulator.resolved.scenario import ResolvedScenario
    from aftersale_simulator.runs.results import Result


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
        costs = as_own_text(_own_numbers(resolved, result))
        texts = {"metrics.json": metrics + "\n", **_origin(resolved), OWN_NUMBERS: costs, **self.beside}
        with self.attempt(self.folder), new_folder(self.folder) as folder:
            for name, frame in _tables(resolved, replication, runs, facts, docket).items():
                write_table(frame, folder, name, self.csv)
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8", newline="\n")


_ABOVE = "# What this run's handbook has beside the shipped one, for commands that read its journal."


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


def _own_numbers(resolved: ResolvedScenario, result: Result) -> OwnNumbers:
    """Return with what the costs of the run were booked: the seller's own numbers, wages and minutes among them."""
    scenario, horizon = resolved.scenario, resolved.horizon
    unit = Decimal(1).scaleb(-decimals(scenario.currency))
    labour = result.metrics[COST]
    return OwnNumbers(
        since=horizon.measured_from,
        before=horizon.last + timedelta(1),
        until=resolved.measured[1],
        into=scenario.currency,
        labour_cost=None if labour is None else Decimal(repr(labour)).quantize(unit),
        numbers={
            name: f"{number.default:f} {number.currency or ''}".rstrip()
            for name, number in resolved.numbers.by_name.items()
            if number.grade == OWN
        },
        rates=scenario.worth,
    )


def _tables(
    resolved: ResolvedScenario, replication: int, runs: Sequence[MarketplaceRun], facts: Sequence[Fact], docket: Docket
) -> Mapping[str, pl.DataFrame]:
    from aftersale_simulator.texts.messages import with_texts  # Faker loads slowly, and few runs are written

    scenario, numbers = resolved.scenario, resolved.numbers
    orders = [evolve(run.orders, landed_cost=landed_costs(run.orders, numbers)) for run in runs]
    journal, cases = fact_frame(facts), case_frame(docket)
    stores = {name: docket.policy(name).marketplace for name in scenario.marketplace}
    return {
        "orders": pl.concat([order_frame(each) for each in orders]).sort("purchased_at", "order"),
        "facts": journal,
        "cases": cases,
        "returns": _kind(cases, "return"),
        "claims": _kind(cases, "claim"),
        "messages": with_texts(_messages(journal), stores, scenario.seed, replication),
    }


def _kind(cases: pl.DataFrame, kind: str) -> pl.DataFrame:
    return cases.filter(pl.col("kind") == kind).drop("kind")


def _messages(journal: pl.DataFrame) -> pl.DataFrame:
    senders: dict[str, Any] = {"buyer_message": "buyer", "seller_reply": "seller"}
    messages = journal.filter(pl.col("kind").is_in(list(senders)))
    sender = pl.col("kind").replace_strict(senders, return_dtype=pl.String).alias("sender")
    topic, sent_at = pl.col("detail").alias("topic"), pl.col("occurred_at").alias("sent_at")
    return messages.select("case", "order", "marketplace", sender, topic, sent_at)
