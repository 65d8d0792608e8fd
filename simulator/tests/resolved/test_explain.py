"""Explanations: what a marketplace may close, and what of it nothing can miss."""

from datetime import date
from typing import Any

from attrs import evolve

from aftersale.plugins.plugins import load_plugins
from aftersale.policies.worlds import Closure, load_world
from aftersale.testing import hostile, plugin
from aftersale_simulator.resolved.explain import closable
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

DESK = "Ørsted 24/7"
RAW: dict[str, Any] = {
    "name": "A help desk",
    "currency": "EUR",
    "period": {"start": date(2026, 3, 2), "measured": "7 d"},
    "marketplace": {DESK: {"orders_per_day": 4.0, "price": {"median": "25"}}},
    "team": {"desk": {"zone": "UTC", "agents": 1, "shifts": [{"days": "Mon-Sun", "hours": "00:00-24:00"}]}},
    "handling": {"answer_ticket": {"mean": "10 min"}},
}


def test_lines_without_a_share_or_a_metric_are_named_as_unread() -> None:
    lines: Any = {"sfp_on_time_delivery": "deliveries_on_time", "sfp_cancellation": "cancellations"}
    option = Closure("Express", (DESK,), "MFN", 7, lines, "ticket_rate", "ticket_delay_days", "made up", "assumed")  # type: ignore[arg-type]
    (world,) = load_world("aftersale.testing.hostile")
    made = {name: getattr(hostile, name) for name in vars(hostile) if name.startswith("aftersale_")}
    module = plugin(**{**made, "aftersale_world": lambda: [evolve(world, closure=(option,))]})
    plugins = load_plugins((), {"hostile": module})
    resolved = resolve(parse_scenario(RAW, "desk.toml", vocabulary(plugins)), plugins)
    (told,) = closable(resolved)
    assert (told["lines"], told["floors"], told["unread"]) == ({}, {}, list(lines))
