"""Recordings: a run written as files, and as a journal that every live command reads."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import asdict

from aftersale.docket import Docket
from aftersale.errors import DocumentError, Problem
from aftersale.facts import Fact
from aftersale.journal import case_frame, fact_frame, order_frame, write_table
from aftersale.policies import Policies
from aftersale_simulator.desk import Place
from aftersale_simulator.letters import dressed

if TYPE_CHECKING:
    from aftersale_simulator.runs import Result
    from aftersale_simulator.scenario import Scenario

OPENING = {"message": "buyer_message", "return": "return_requested", "claim": "claim_filed"}


def check_free(folder: Path) -> None:
    """Refuse a folder that holds something; raises DocumentError that says what to do."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = "name a folder that is new or empty; nothing was written"
        raise DocumentError(str(folder), (Problem(str(folder), "", "is there already", hint),))


def write_run(
    folder: Path,
    scenario: Scenario,
    replication: int,
    places: Sequence[Place],
    facts: Sequence[Fact],
    docket: Docket,
    result: Result,
    policies: Policies,
    csv: bool = False,
) -> None:
    """Write orders, facts (these two are the journal), cases, returns, claims, messages and metrics to a folder.

    All or nothing: the files are written beside it and moved there when they are complete.
    """
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, frame in _tables(scenario, replication, places, facts, docket, policies).items():
            write_table(frame, made, name, csv)
        text = json.dumps({"replication": replication, **asdict(result)}, indent=2, sort_keys=True)
        (made / "metrics.json").write_text(text + "\n", encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        made.chmod(0o755)
        made.replace(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _tables(
    scenario: Scenario,
    replication: int,
    places: Sequence[Place],
    facts: Sequence[Fact],
    docket: Docket,
    policies: Policies,
) -> Mapping[str, pl.DataFrame]:
    journal, cases = fact_frame(facts), case_frame(docket)
    languages = {name: policy.marketplace for name, policy in policies.items()}
    return {
        "orders": pl.concat([order_frame(place.orders) for place in places]).sort("purchased_at", "order"),
        "facts": journal,
        "cases": cases,
        "returns": _kind(cases, "return"),
        "claims": _kind(cases, "claim"),
        "messages": dressed(_messages(journal), languages, scenario.seed, replication),
    }


def _kind(cases: pl.DataFrame, kind: str) -> pl.DataFrame:
    return cases.filter(pl.col("kind") == kind).drop("kind")


def _messages(journal: pl.DataFrame) -> pl.DataFrame:
    senders: dict[str, Any] = {"buyer_message": "buyer", "seller_reply": "seller"}
    mine = journal.filter(pl.col("kind").is_in(list(senders)))
    sender = pl.col("kind").replace_strict(senders, return_dtype=pl.String).alias("sender")
    return mine.select("case", "order", "marketplace", sender, pl.col("occurred_at").alias("sent_at"))
