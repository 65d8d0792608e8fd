"""Events and stresses: what they change, what they leave alone, and what is said of what they break."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aftersale.base.errors import DocumentError
from aftersale.clocks import DAY, Calendar
from aftersale.documents.structure import structure
from aftersale.policies.handbook import default_handbook
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.runs.timeline import REPLY_EDGES, Timeline
from aftersale_simulator.scenario.document import load_scenario, parse_scenario
from aftersale_simulator.scenario.events import Event, active_events, amended
from aftersale_simulator.scenario.model import Sales, Scenario
from aftersale_simulator.stress.table import told
from aftersale_simulator.stress.trials import (
    BACKLOG,
    LATE,
    shipped_stresses,
    stress_document,
    stress_result,
    with_stress,
)
from aftersale_simulator.whatif.variants import plan
from aftersale_simulator.world.orders import synthetic
from aftersale_simulator.world.random_streams import Streams
from aftersale_simulator.world.world import World

FIRST = date(2026, 3, 2)
HERE = Marketplace("HERE", "id", "IS", "EUR", "Atlantic/Reykjavik", ("en",), Calendar("Atlantic/Reykjavik", None))


def event(**given: Any) -> Event:
    return structure(Event, {"name": "it", "after": "7 d", "lasts": "3 d", **given}, "test")


def world(*events: Event, **values: float) -> World:
    return World(values, "HERE", (), active_events(events, FIRST, HERE.zone))


def made(world: World, **changes: Any) -> Any:
    sales = structure(Sales, {"orders_per_day": 300.0, "price": {"median": "25"}, **changes}, "test")
    return synthetic(sales, HERE, FIRST, 21, Streams(1, 1), world)


def test_a_sale_brings_more_orders_on_its_days_and_leaves_all_others_what_they_are() -> None:
    usual, more = made(world()), made(world(event(orders=3.0)))
    begin = usual.purchased_at[0] // DAY
    counts = [np.bincount(orders.purchased_at // DAY - begin, minlength=21) for orders in (usual, more)]
    during = slice(7, 10)
    assert counts[1][during].sum() / counts[0][during].sum() == pytest.approx(3, rel=0.15)
    assert set(usual.ids[:]) < set(more.ids[:])
    price = dict(zip(more.ids[:], more.price.tolist(), strict=True))
    assert all(price[name] == own for name, own in zip(usual.ids[:], usual.price.tolist(), strict=True))


def test_an_event_changes_a_number_while_it_lasts_and_within_its_range() -> None:
    changed = world(event(factors={"lost_rate": 3.0}, world={"late_delivery_rate": 0.5}), lost_rate=0.4)
    (active_event,) = changed.active_events
    at = [active_event.begin - 1, active_event.begin, active_event.end - 1, active_event.end]
    orders = made(changed)
    one = orders.order(0)
    assert [changed.on("late_delivery_rate", one, instant) for instant in at] == [0.04, 0.5, 0.5, 0.04]
    assert [changed.on("lost_rate", one, instant) for instant in at] == [0.4, 1.0, 1.0, 0.4]
    inside = (orders.purchased_at >= active_event.begin) & (orders.purchased_at < active_event.end)
    assert set(changed.for_orders("lost_rate", orders)[inside]) == {1.0}
    assert set(changed.for_orders("lost_rate", orders)[~inside]) == {0.4}


def test_an_event_of_one_category_leaves_the_others_alone() -> None:
    changed = world(event(categories=["shoes"], factors={"return_rate": 2.0}), return_rate=0.1)
    orders = made(changed, categories={"shoes": 0.5, "hats": 0.5})
    (active_event,) = changed.active_events
    inside = (orders.purchased_at >= active_event.begin) & (orders.purchased_at < active_event.end)
    rates = changed.for_orders("return_rate", orders)
    shoes = orders.category == orders.categories.index("shoes")
    assert set(rates[inside & shoes]) == {0.2}
    assert set(rates[~(inside & shoes)]) == {0.1}
    bought = {orders.categories[orders.category[row]]: orders.order(row) for row in range(20)}
    assert changed.on("return_rate", bought["shoes"], active_event.begin) == 0.2
    assert changed.on("return_rate", bought["hats"], active_event.begin) == 0.1


def test_a_rule_is_another_while_an_event_lasts() -> None:
    rows = [rule for rule in default_handbook().rules.history() if rule.name == "first_reply"]
    change = event(rules={"first_reply": 12})
    found = [(rule.amount, rule.valid_from, rule.valid_until) for rule in amended(rows, [change], FIRST, tighter=False)]
    begins, ends = FIRST + timedelta(7), FIRST + timedelta(9)
    assert found == [(24, None, begins - timedelta(1)), (12, begins, ends), (24, ends + timedelta(1), None)]
    looser = event(rules={"first_reply": 36})
    assert amended(rows, [looser], FIRST, tighter=True) == rows


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": FIRST}, "say either start, a day, or after"),
        ({"after": "36 h"}, "whole days"),
        ({"lasts": "0 d"}, "at least one day"),
        ({"orders": 5000.0}, "at most 1000 times"),
        ({"factors": {"lost_rat": 2.0}}, r"unknown parameter \(did you mean 'lost_rate'"),
        ({"world": {"lost_rate": 2.0}}, "2 is out of range"),
        ({"teams": ["berlin"]}, r"event\[0\].teams\[0\]: there is no 'berlin' in this scenario"),
        ({"categories": ["general", "sheos"]}, r"event\[0\].categories\[1\]"),
        ({"absent": 1.5}, "absent"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_with_its_place(given: dict[str, Any], said: str) -> None:
    raw = {**load_scenario().raw, "event": [{"name": "it", "after": "7 d", "lasts": "3 d", **given}]}
    with pytest.raises(DocumentError, match=said):
        parse_scenario(raw, "test")


def test_every_stress_that_is_shipped_suits_the_shipped_scenario() -> None:
    names = shipped_stresses()
    assert names == [
        "bad_batch",
        "black_friday",
        "carrier_strike",
        "claim_wave",
        "flu",
        "policy_change",
        "prime_day",
        "spring_festival",
    ]
    both = parse_scenario(with_stress(load_scenario().raw, names), "test")
    assert len(both.event) == 11
    assert all(event.source for event in both.event)


def test_what_is_wrong_with_a_stress_is_told_once_not_of_every_variant(tmp_path: Path) -> None:
    file = tmp_path / "festival.toml"
    file.write_text('name = "F"\n[[event]]\nname = "f"\nholiday = "CN Spring Festival"\nabsent = 1.0\n', "utf-8")
    with pytest.raises(DocumentError, match="2026-03-02 to 2026-05-10 have no CN Spring Festival") as caught:
        plan(load_scenario(), stress=[str(file)])
    assert [(problem.where, problem.path) for problem in caught.value.problems] == [("--stress", "event[0].holiday")]


def test_a_stress_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(DocumentError, match=r"there is no stress 'prime_dya' \(did you mean 'prime_day'"):
        stress_document("prime_dya")


def test_with_a_stress_each_variant_stands_there_without_and_with_it() -> None:
    planned = plan(load_scenario(), ["team.shenzhen.agents=3,4"], (), {}, ["flu", "prime_day"])
    assert [(one.name, one.calm) for one in planned.variants] == [
        ("agents 3", ""),
        ("agents 3 + Flu, Prime Day", "agents 3"),
        ("agents 4", ""),
        ("agents 4 + Flu, Prime Day", "agents 4"),
    ]
    assert [event.name for event in planned.variants[1].scenario.event] == ["flu", "Prime Day"]
    assert planned.variants[0].scenario.event == ()


def lived(backlog: list[int], late: list[int]) -> Timeline:
    days = len(backlog)
    none, contacts = (0,) * days, (10,) * days
    week = (0,) * 168
    rest = ((0.0,) * days, (0.0,) * days, {"HERE": (0.0,) * days}, week, week, (0,) * len(REPLY_EDGES))
    return Timeline(0, none, contacts, tuple(late), none, tuple(backlog), *rest)


def shop() -> Scenario:
    raw = load_scenario().raw
    return parse_scenario({**raw, "period": {"start": FIRST, "measured": "30 d"}, "variant": []}, "test")


def test_what_breaks_first_when_and_until_when_is_told_to_the_day() -> None:
    calm = lived([4] * 30, [0] * 30)
    backlog = [4] * 10 + [9] * 5 + [4] * 15
    late = [0] * 12 + [10] * 3 + [0] * 15
    found = stress_result("it", shop(), [event(after="9 d", lasts="5 d")], [calm, calm], [lived(backlog, late), calm])
    first, second = found.breaks[:2]
    assert (first.measure, first.line, first.worst) == (BACKLOG, 6.0, 6.5)
    assert (first.broke_on, first.back_on, first.broken) == (date(2026, 3, 12), date(2026, 3, 17), 1)
    # Thirty late of seventy in a week, in one of two replications: 21 % on average, over 10 % from the second day on.
    assert (second.measure, second.line, second.broke_on) == (LATE, 0.1, date(2026, 3, 15))
    assert (second.worst, second.back_on) == (pytest.approx(15 / 70), date(2026, 3, 22))
    assert told(found) == (
        "'it' (2026-03-11 to 2026-03-15): what breaks first is open tasks at the end of the day, on 2026-03-12, day 2 "
        "of the stress, in 1 of 2 replications. All is under its line again from 2026-03-22 on, 6 days after the end."
    )


def test_what_holds_is_said_to_hold_and_what_does_not_mend_not_to() -> None:
    calm = lived([4] * 30, [0] * 30)
    assert told(stress_result("it", shop(), [event()], [calm], [calm])).endswith("nothing goes over its line.")
    never = stress_result("it", shop(), [event()], [calm], [lived([4] * 10 + [20] * 20, [0] * 30)])
    assert told(never).endswith("Not under its line again within the period: open tasks at the end of the day.")


def test_what_missed_its_target_without_a_stress_breaks_only_when_it_gets_worse() -> None:
    calm = lived([4] * 30, [2] * 30)
    same = stress_result("it", shop(), [event()], [calm], [calm])
    late = next(each for each in same.breaks if each.measure == LATE)
    assert (late.broke_on, late.calm_over, late.line) == (None, True, pytest.approx(0.22))
