"""A week of a real call centre, as the simulated desk predicts it on each engine and as simpler models do."""

from __future__ import annotations

import gzip
from importlib.util import module_from_spec, spec_from_file_location
from math import exp
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.once
SCRIPT = Path(__file__).parents[1] / "simulator" / "benchmarks" / "callcentre.py"
DATA = Path(__file__).parents[2] / "shared" / "data" / "callcentre"
WAIT, WAITS, SOON, ABANDONED, BY_HALF_HOUR = range(5)

Table = dict[str, tuple[float, ...]]


@pytest.fixture(scope="module")
def script() -> Any:
    spec = spec_from_file_location("callcentre", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["auto", "simpy"])
def table(script: Any, request: pytest.FixtureRequest) -> Table:
    if not (DATA / script.FILE).exists():
        pytest.skip(f"the log of calls is not here: {script.FILE}")
    found: Table = script.predictions(script.January.read(DATA, request.param), 2)
    return found


def error(table: Table, way: str, figure: int) -> float:
    return abs(table[way][figure] - table["observed"][figure])


def test_the_week_is_the_one_that_the_log_tells(table: Table) -> None:
    assert table["observed"] == pytest.approx((27.3, 0.416, 0.674, 0.061, 0.0), abs=0.05)


def test_the_desk_comes_near_a_real_week_of_which_it_knows_calls_and_roster(table: Table) -> None:
    assert error(table, "replayed", WAIT) < 8
    assert error(table, "replayed", WAITS) < 0.03
    assert error(table, "replayed", SOON) < 0.03
    assert error(table, "replayed", ABANDONED) < 0.03


@pytest.mark.parametrize("figure", [WAIT, ABANDONED, BY_HALF_HOUR])
@pytest.mark.parametrize("other", ["naive queue", "Erlang C"])
def test_the_desk_errs_less_than_models_that_know_no_patience(table: Table, figure: int, other: str) -> None:
    assert error(table, "replayed", figure) < error(table, other, figure)
    assert error(table, "forecast", figure) < error(table, other, figure)


def test_erlang_a_by_the_half_hour_errs_no_more_than_the_desk(table: Table) -> None:
    assert error(table, "Erlang A", WAIT) < error(table, "replayed", WAIT)
    assert error(table, "Erlang A", ABANDONED) < error(table, "replayed", ABANDONED)
    assert error(table, "Erlang A", BY_HALF_HOUR) == pytest.approx(error(table, "replayed", BY_HALF_HOUR), rel=0.1)
    assert error(table, "Erlang A", WAITS) > error(table, "replayed", WAITS)


def test_a_forecast_from_the_weeks_before_expects_more_calls_than_came(table: Table) -> None:
    assert table["forecast"][WAIT] > table["replayed"][WAIT] > table["observed"][WAIT]


COLUMNS = "call_id,customer,priority,type,date,vru_entry,vru_exit,vru_time,q_start,q_exit,q_time,outcome,"
COLUMNS += "ser_start,ser_exit,ser_time,agent"


def made_up(day: int, minute: int, kind: str, wait: int, taken: bool) -> str:
    """Return a line of a log: a call after ten, taken at once for a minute or hanging up after `wait`."""
    came = f"10:{minute:02d}:{wait:02d}"
    queue = f"{came},10:{minute:02d}:{2 * wait:02d},{wait}" if wait else "0:00:00,0:00:00,0"
    talk = f"AGENT,{came},10:{minute + 1:02d}:00,60,A01" if taken else "HANG,0:00:00,0:00:00,0,NONE"
    return f"1,-,0,{kind},1999-01-{day:02d},{came},{came},0,{queue},{talk}"


@pytest.mark.parametrize("engine", ["auto", "simpy"])
def test_the_script_reads_any_log_of_that_month(script: Any, tmp_path: Path, engine: str) -> None:
    lines = [COLUMNS]
    for day in range(3, 31):
        for place, kind in enumerate(script.TYPES):
            lines.append(made_up(day, 5 * place, kind, 0, taken=True))
            lines.append(made_up(day, 5 * place, kind, 20, taken=False))
    lines.append(made_up(25, 40, "IN", 0, taken=True))  # internet support is another desk
    lines.append(made_up(25, 41, "PS", 0, taken=False))  # who never queued asked for nobody
    (tmp_path / script.FILE).write_bytes(gzip.compress("\n".join(lines).encode()))
    found = script.predictions(script.January.read(tmp_path, engine), 1)
    assert list(found) == ["observed", "forecast", "replayed", "naive queue", "Erlang C", "Erlang A"]
    assert found["observed"] == (10.0, 0.5, 0.5, 0.5, 0.0)
    # One agent talks for a minute; who comes 20 s after that began waits for 40 s, with patience for 20 s on average.
    assert found["replayed"][ABANDONED] == pytest.approx((1 - exp(-2)) / 2, abs=0.06)
    assert found["naive queue"][ABANDONED] == 0
