"""Sensitivity: every number is changed alone, within its range, and those on which the answer hangs are named."""

from collections.abc import Sequence

from attrs import evolve

from aftersale_simulator.runs.results import METRICS, Result
from aftersale_simulator.scenario.document import load_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.scenario.vocabulary import shipped
from aftersale_simulator.sensitivity.swings import sensitivity
from aftersale_simulator.sensitivity.table import record, told
from aftersale_simulator.world.world import World

SCENARIO = load_scenario().scenario


def compare(variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int]) -> list[list[Result]]:
    """Return late replies that are the message rate, and defects that are a hundredth of the lost rate."""
    found = []
    for _, scenario in variants:
        world = World(scenario.world)
        late = world["message_rate"]
        metrics = dict.fromkeys(METRICS, 0.0) | {"late_reply_rate": late, "order_defect_rate": world["lost_rate"] / 100}
        found.append([Result(metrics, {}, {"late_reply_rate": late <= 0.1}, {}) for _ in numbers])
    return found


def test_each_number_is_halved_and_doubled_within_its_range_and_the_heaviest_comes_first() -> None:
    found = sensitivity("base", SCENARIO, shipped(), compare)
    assert (found.replications, found.kept, found.usual["late_reply_rate"].mean) == (3, 3, 0.067)
    assert {swing.name for swing in found.swings} == set(shipped().parameters)
    first, second = found.swings[:2]
    assert (first.name, second.name) == ("message_rate", "lost_rate")
    assert first.low is not None
    assert first.high is not None
    assert (first.low.value, first.high.value) == (0.0335, 0.134)
    assert (first.low.moved["late_reply_rate"].mean, first.high.moved["late_reply_rate"].mean) == (-0.0335, 0.067)
    assert (first.low.kept, first.high.kept) == (3, 0)
    authorised = next(swing for swing in found.swings if swing.name == "return_authorised_rate")
    assert authorised.high is not None
    assert authorised.high.value == 1.0
    absence = next(swing for swing in found.swings if swing.name == "absence_rate")
    assert (absence.low, absence.high) == (None, None)


def test_it_is_said_whether_the_answer_hangs_on_an_assumption() -> None:
    found = sensitivity("base", SCENARIO, shipped(), compare)
    assert told(found).endswith("whether it keeps its targets hangs on message_rate.")
    calm = sensitivity("base", evolve(SCENARIO, world={"message_rate": 0.01}), shipped(), compare)
    assert told(calm).endswith("whether it keeps its targets hangs on none of them.")
    swing = record(found)["swings"][0]
    assert swing["high"] == {
        "value": 0.134,
        "targets_met": 0,
        "late_reply_rate": 0.067,
        "order_defect_rate": 0.0,
    }
