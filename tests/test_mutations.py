"""A few files damaged by a seed: each is read, or refused in words. `core/benchmarks/mutations.py` has ten thousand."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aftersale.plugins.plugins import Plugins, load_plugins

pytestmark = pytest.mark.once

BENCHMARKS = Path(__file__).resolve().parents[1] / "core" / "benchmarks"
SEED = 20260802
FILES = 7
KINDS = (
    *("orders_tsv", "orders_csv", "orders_gzip", "orders_utf16", "orders_two_files", "orders_journal", "returns"),
    *("returns_seller", "returns_fba", "messages", "claims", "tasks", "reviews", "health", "journal_csv"),
    *("journal_parquet", "scenario", "stress", "handbook", "plugin"),
)


@pytest.fixture(scope="module")
def mutations() -> ModuleType:
    """The script; its modules find one another in its folder."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        importlib.import_module("mutants").LONGEST = 1 << 15
        return importlib.import_module("mutations")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def samples(mutations: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A good input of each kind."""
    return mutations.samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins()


def test_every_kind_is_here(mutations: ModuleType, samples: Any) -> None:
    assert set(KINDS) == samples.keys() == mutations.READINGS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_input_is_read(mutations: ModuleType, samples: Any, plugins: Plugins, tmp_path: Path, kind: str) -> None:
    for name, content in samples[kind].files.items():
        (tmp_path / name).write_bytes(content)
    answer = mutations.attempt(mutations.Reading(plugins, tmp_path, 1), kind)
    assert (answer.outcome, answer.what) == ("read", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_input_is_read_or_refused(
    mutations: ModuleType, samples: Any, plugins: Plugins, tmp_path: Path, kind: str
) -> None:
    for number in range(1 if kind == "journal_parquet" else FILES):
        answer = mutations.one(samples, plugins, SEED, mutations.Task(kind, number), tmp_path)
        assert answer.outcome in ("read", "refused"), f"{kind} {number}: {answer.what}"


def test_the_same_seed_damages_in_the_same_way(mutations: ModuleType, samples: Any, tmp_path: Path) -> None:
    task = mutations.Task("claims", 3)
    for name in ("once", "again"):
        mutations.write(samples["claims"], SEED, task, tmp_path / name)
    once, again = ((tmp_path / name / "claims.csv").read_bytes() for name in ("once", "again"))
    assert once == again != samples["claims"].files["claims.csv"]


def test_what_does_not_hold_is_a_finding(
    mutations: ModuleType, plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(reading: Any) -> None:
        raise ValueError("an index is out of range")

    monkeypatch.setitem(mutations.READINGS, "claims", wrong)
    answer = mutations.attempt(mutations.Reading(plugins, tmp_path, 0), "claims")
    assert (answer.outcome, "an index is out of range" in answer.what) == ("finding", True)
