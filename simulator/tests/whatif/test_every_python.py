"""The same JSON from every Python: one digest stands here, and the cell of each Python compares its own with it."""

import json
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy
from attrs import asdict

from aftersale.base.json_documents import as_json
from aftersale.plugins.plugins import load_plugins
from aftersale.testing.factories import stores
from aftersale_simulator.calibration.numbers import mean
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.job import JobContext
from aftersale_simulator.runs.pool import SerialPool, run_variants
from aftersale_simulator.scenario.document import ScenarioFile
from aftersale_simulator.staffing.record import record as staff_record
from aftersale_simulator.staffing.search import cheapest
from aftersale_simulator.whatif.comparison import compare_variants
from aftersale_simulator.whatif.record import record
from aftersale_simulator.whatif.variants import plan

# Where a digest changes on every Python because the world, a rule or a key of JSON did, the new one stands here. Where
# one Python alone has another, something is summed in a way of its own: `math.fsum` is the same everywhere.
DIGESTS = {
    "whatif": "806fb7a516d47c00",
    "whatif with any SciPy": "23dcf6a75eca4cb1",
    "staff": "026955f2bfb3553a",
    "calibrate": "9fcfd8bb90d5a059",
}
SCIPY = "1.17"
ENDS = ("low", "high")
LEFT_OUT = ("answer", "warnings", "engine")
"""Sentences, which round what they tell, and whether the kernel was compiled where this runs."""
RAW: dict[str, Any] = {
    "name": "every Python",
    "currency": "EUR",
    "seed": 7,
    "replications": 3,
    "period": {"start": date(2026, 3, 2), "measured": "14 d", "warm_up": "7 d"},
    "marketplace": {
        "DE": {"orders_per_day": 31.0, "price": {"median": "40"}},
        "UK": {"orders_per_day": 17.3, "price": {"median": "55"}},
    },
    "team": {
        "north": {
            "zone": "Europe/Berlin",
            "agents": 1,
            "cost_per_hour": "17.30",
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-15:00", "breaks": ["12:00-12:20"]}],
        },
        "south": {
            "zone": "Europe/Madrid",
            "agents": 1,
            "cost_per_hour": "11.70",
            "shifts": [{"days": "Mon-Sat", "hours": "10:00-13:00"}],
        },
    },
    "handling": {"reply": {"mean": "7.3 min", "cv": 1.2}},
    "targets": {"late_reply_rate": 0.2},
    "variant": [{"name": "two", "set": {"team.north.agents": 2}}],
}


@pytest.fixture(scope="module")
def documents() -> dict[str, str]:
    plugins = load_plugins((), {"stores": stores({"DE": "Europe/Berlin", "UK": "Europe/London"})})
    planned = plan(ScenarioFile.of("every.toml", RAW, Path()))
    serial = SerialPool(JobContext(plugins))
    comparison = compare_variants(
        planned, lambda variants, times: run_variants(variants, times, serial, lambda *_: None)
    )
    search = cheapest(
        resolve(planned.scenario, plugins), partial(serial.work, on_done=lambda *_: None), "every", None, 9
    )
    fitted = mean("world.message_delay_days", np.random.Generator(np.random.PCG64(7)).exponential(1.7, 999), "file")
    compared: dict[str, Any] = {**record(comparison)}
    records = {
        "whatif": compared,
        "whatif with any SciPy": _with_short_ends(compared),
        "staff": _with_short_ends({**staff_record(search)}),
        "calibrate": {**asdict(fitted), "quality": ""},
    }
    return {
        name: as_json({key: value for key, value in document.items() if key not in LEFT_OUT})
        for name, document in records.items()
    }


def _with_short_ends(document: Any) -> Any:
    """Return a document with seven digits of the ends of its intervals.

    Releases of SciPy disagree on the eleventh of the quantile; an end that lies nearer to zero than the interval is
    wide has lost some more of them.
    """
    if isinstance(document, list):
        return [_with_short_ends(part) for part in document]
    if not isinstance(document, dict):
        return document
    return {
        key: float(f"{value:.7g}") if key in ENDS and isinstance(value, float) else _with_short_ends(value)
        for key, value in document.items()
    }


@pytest.mark.parametrize("name", DIGESTS)
def test_a_document_has_the_same_bytes_on_every_python(documents: dict[str, str], name: str) -> None:
    if name == "whatif" and not scipy.__version__.startswith(f"{SCIPY}."):
        pytest.skip(f"the digest is that of SciPy {SCIPY}")
    assert sha256(documents[name].encode()).hexdigest()[:16] == DIGESTS[name], documents[name]


def test_the_documents_hold_figures_of_several_runs_that_differ(documents: dict[str, str]) -> None:
    variants = json.loads(documents["whatif"])["variants"]
    late = [variant["metrics"]["late_reply_rate"] for variant in variants]
    assert [figure["low"] < figure["mean"] < figure["high"] for figure in late] == [True, True]
    assert late[1]["difference"]["mean"] != 0
    assert json.loads(documents["staff"])["erlang_c"]["offered"] > 0
