"""Money: what a run came to adds up to the cent, and rests on the numbers that it says it rests on."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aftersale.base.money import decimals
from aftersale.clocks import DAY, HOUR
from aftersale.costs.account import SALE
from aftersale.costs.at_once.paths import SoldOrders
from aftersale.costs.charges import moving_kinds
from aftersale.engine.docket import Docket
from aftersale.engine.moves import MoveLog
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.cost_kinds import GROUPS
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale_simulator.books.book import Book, books_of
from aftersale_simulator.books.money import COUNTS, MONEY, Metrics, Money, money_of
from aftersale_simulator.resolved.scenario import ResolvedScenario, resolve
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario

SHARES = {"MFN": 0.7, "FBA": 0.2, "SFP": 0.1}
REF: dict[str, Any] = {"orders_per_day": 40.0, "price": {"median": "25"}, "channels": SHARES, "exempt": 0.2}
ALT: dict[str, Any] = {"orders_per_day": 20.0, "price": {"median": "20000"}}
SHIFT = {"days": "Mon-Fri", "hours": "09:00-18:00"}
RAW: dict[str, Any] = {
    "name": "two marketplaces that do not exist",
    "currency": "EUR",
    "rates": {"on": date(2026, 3, 2), "CLP": "0.00093"},
    "period": {"start": date(2026, 3, 2), "measured": "21 d", "warm_up": "14 d"},
    "marketplace": {
        "REF": {**REF, "prices_with_vat": True, "vat_share": "0.19"},
        "ALT": {**ALT, "prices_with_vat": False},
    },
    "team": {"day": {"zone": "Asia/Shanghai", "agents": 2, "cost_per_hour": "10.35", "shifts": [SHIFT]}},
    "handling": {"reply": {"mean": "7.7 min"}},
    "world": {"claim_rate_silence": 0.4, "claim_rate_answered": 0.05, "return_rate": 0.3, "seller_cancel_rate": 0.05},
}
RETURNLESS = """
[[rule]]
name = "returnless"
marketplaces = ["*"]
value = true
source = "our handbook"
grade = "S"
"""


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


def resolved(plugins: Plugins, **changes: Any) -> ResolvedScenario:
    return resolve(parse_scenario({**RAW, **changes}, "shop.toml"), plugins)


def simulated(plugins: Plugins, **changes: Any) -> Result:
    return run(resolved(plugins, **changes), 1)


def minor(value: float | None, currency: str) -> int:
    """Return an amount in the currency's smallest unit, of which it is a whole number."""
    assert value is not None
    exact = value * 10 ** decimals(currency)
    assert exact == pytest.approx(round(exact), abs=1e-4)
    return round(exact)


def sums(figures: Metrics, currency: str) -> dict[str, int]:
    """Return what is a sum of money, in the smallest unit, after it was found to add up."""
    known = {
        name: minor(value, currency)
        for name, value in figures.items()
        if name.startswith("cost_") or (name in MONEY and "_per_" not in name)
    }
    lines = sum(amount for name, amount in known.items() if name.startswith("cost_line_"))
    assert lines == sum(known[f"cost_{group}"] for group in GROUPS) == known["total_cost"]
    revenue, *spent = (known[name] for name in SALE)
    assert known["contribution"] == revenue - sum(spent) - known["total_cost"]
    return known


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"currency": "CLP", "rates": {"on": date(2026, 3, 2), "EUR": "1075.3"}},
        {"goods": {"landed_cost_share": "0.6"}, "costs": {"chargeback_fee": "20.00 USD", "outbound_cost_share": "0.3"},
         "rates": {**RAW["rates"], "USD": "0.92"}},
        {"team": {**RAW["team"], "night": {"zone": "America/Lima", "agents": 1, "cost_per_hour": "3.333",
                                           "serves": ["ALT"], "overtime": "2 h", "shifts": [SHIFT]}}},
        {"team": {"day": {**RAW["team"]["day"], "agents": 0}}},
        {"handbook": RETURNLESS},
    ],
    ids=["plain", "no decimals", "own numbers", "two teams", "nobody", "returnless"],
)  # fmt: skip
def test_lines_add_up_to_groups_groups_to_the_total_and_marketplaces_to_the_desk(
    changes: dict[str, Any], plugins: Plugins, tmp_path: Path
) -> None:
    if "handbook" in changes:
        (tmp_path / "own.toml").write_text(changes["handbook"], encoding="utf-8")
        changes = {**changes, "handbook": str(tmp_path / "own.toml")}
    found, currency = simulated(plugins, **changes), changes.get("currency", "EUR")
    desk, *places = (sums(figures, currency) for figures in (found.metrics, *found.by_marketplace.values()))
    assert desk == {name: sum(place[name] for place in places) for name in desk}
    assert (found.metrics["cost_labour"], found.unrated) == (found.metrics["labour_cost"], ())
    for name in COUNTS:
        assert found.metrics[name] == sum(place[name] or 0.0 for place in found.by_marketplace.values())
    for figures in (found.metrics, *found.by_marketplace.values()):
        for name in ("total_cost", "contribution"):
            amount, sold = figures[name], figures["orders_sold"]
            assert amount is not None
            assert sold is not None
            assert figures[f"{name}_per_order"] == pytest.approx(amount / sold)
            assert figures[f"{name}_per_30_days"] == pytest.approx(amount * 30 / 21)


def test_without_a_rate_money_is_not_known_but_for_labour_and_all_else_is_as_with_one(plugins: Plugins) -> None:
    rated, unrated = simulated(plugins), simulated(plugins, rates={})
    assert (rated.unrated, unrated.unrated, unrated.rests) == ((), ("CLP",), {})
    pairs = (
        (rated.metrics, unrated.metrics),
        *((rated.by_marketplace[name], figures) for name, figures in unrated.by_marketplace.items()),
    )
    labour = {"cost_labour", "cost_line_labour_worked", "cost_line_labour_idle"}
    for known, figures in pairs:
        money = {name for name in known if name in MONEY or name.startswith("cost_line_")} - labour
        assert figures == {**known, **dict.fromkeys(money)}
        assert all(figures[name] is not None for name in labour)
    assert (rated.counts, rated.lines, rated.missed) == (unrated.counts, unrated.lines, unrated.missed)


def test_only_currencies_that_occur_need_a_rate(plugins: Plugins) -> None:
    alone = simulated(plugins, rates={}, marketplace={"REF": RAW["marketplace"]["REF"]})
    assert alone.unrated == ()
    assert alone.metrics["contribution"] is not None


ENDS = {
    "outbound_cost_share": ("costs", "0.09"),
    "fulfilment_fee_share": ("costs", "0.16"),
    "referral_fee_share": ("costs", "0.17"),
    "return_label_share": ("costs", "0.25"),
    "repackaging_share": ("costs", "0.06"),
    "loss_share_ungraded": ("costs", "0.3"),
    "fee_returned_after_claim": ("costs", "0.5"),
    "landed_cost_share": ("goods", "0.37"),
}
"""Another value of each number, and the table in which a scenario states it."""


def test_contribution_moves_with_each_number_as_it_is_said_to(plugins: Plugins) -> None:
    first = simulated(plugins)
    assert first.rests.keys() == ENDS.keys()
    for name, (table, other) in ENDS.items():
        rest = first.rests[name]
        there = simulated(plugins, **{table: {name: other}})
        assert there.counts == first.counts
        assert name not in there.rests  # a number of the seller's own is no assumption
        contribution, before = there.metrics["contribution"], first.metrics["contribution"]
        assert contribution is not None
        assert before is not None
        moved = rest.slope * (float(other) - rest.value)
        assert abs(moved) > 1
        assert contribution - before == pytest.approx(moved, rel=0.02), name
        assert rest.low <= rest.value <= rest.high


def test_what_goods_cost_by_category_rests_on_no_assumption(plugins: Plugins) -> None:
    goods = {"category": {"general": "0.4"}}
    assert "landed_cost_share" not in simulated(plugins, goods=goods).rests


def test_nobody_at_work_costs_no_labour_and_tasks_cost_their_minutes(plugins: Plugins) -> None:
    found = simulated(plugins)
    idle, worked = found.metrics["cost_line_labour_idle"], found.metrics["cost_line_labour_worked"]
    assert idle is not None
    assert worked is not None
    # Two people for nine hours on fifteen days.
    assert found.metrics["labour_cost"] == 2 * 9 * 15 * 10.35 == pytest.approx(idle + worked)
    nobody = simulated(plugins, team={"day": {**RAW["team"]["day"], "agents": 0}})
    assert [nobody.metrics[name] for name in ("labour_cost", "cost_line_labour_worked")] == [0.0, 0.0]


# from made orders


def booked(plugins: Plugins, bought: list[Any], planned: list[Any], *facts: Any) -> tuple[Book, Money]:
    """Return the book of these orders on REF, and what it comes to; an hour's work of 10.00 was paid."""
    shop = resolved(plugins, marketplace={"REF": {**REF, "prices_with_vat": False}}, rates={})
    moves = MoveLog(moving_kinds(shop.policies["REF"]), 0, shop.classes.movements)
    docket, by_id = Docket({"REF": shop.policies["REF"]}, moves=moves), {each.id: each for each in bought}
    for each in facts:
        docket.record(each, by_id[each.order])
    until = MONDAY + 20 * DAY
    docket.advance(until)
    none, steps = SoldOrders.of(()), SimpleNamespace(orders=[])
    runs: list[Any] = [SimpleNamespace(orders=orders(*some), sold=none, steps=steps) for some in (bought, planned)]
    books = books_of(shop, docket, runs[:1], runs[1:], until)
    return books["REF"], money_of(shop, books, Decimal("10.00"))


def sold(id: str, price: int = 10_000, **changes: Any) -> Any:
    return order(id, price=price, purchased_at=MONDAY + HOUR, **{"promised_at": None, "delivered_at": None, **changes})


def test_orders_that_were_never_placed_are_told_by_what_they_would_have_brought(plugins: Plugins) -> None:
    kept, cancelled, never = sold("A"), sold("B"), sold("C", 20_000)
    facts = [
        fact("cancellation_requested", MONDAY + 2 * HOUR, order="B"),
        fact("order_cancelled", MONDAY + 3 * HOUR, order="B"),
    ]
    book, money = booked(plugins, [kept, cancelled], [kept, cancelled, never], *facts)
    figures = money.metrics
    assert (book.orders, book.missed_orders) == (1, 1)
    assert (figures["orders_sold"], figures["orders_missed"]) == (1.0, 1.0)
    # Of 200.00: 30 of referral fee, 70 of goods and 16 for the parcel.
    assert (figures["revenue_missed"], figures["contribution_missed"]) == (200.0, 84.0)
    assert figures["revenue"] == 100.0
    _, none = booked(plugins, [kept, cancelled], [kept, cancelled], *facts)
    assert (none.metrics["orders_missed"], none.metrics["revenue_missed"]) == (0.0, 0.0)


def test_open_cases_that_may_cost_more_are_told_with_their_orders_each_once(plugins: Plugins) -> None:
    delivered = {"delivered_at": MONDAY + DAY}
    asked, two, done = sold("A", 1000, **delivered), sold("B", 2000, **delivered), sold("C", 4000, **delivered)
    book, money = booked(
        plugins,
        [asked, two, done],
        [asked, two, done],
        fact("buyer_message", MONDAY + 2 * DAY, order="A", case="A"),
        fact("refund_requested", MONDAY + 2 * DAY, order="B", case="B"),
        fact("refund_requested", MONDAY + 3 * DAY, order="B", case="B2"),
        fact("refund_requested", MONDAY + 2 * DAY, order="C", case="C"),
        fact("refunded", MONDAY + 3 * DAY, order="C", case="C"),
    )
    assert (book.standing, book.at_stake) == (2, 2000)
    assert (money.metrics["cases_standing"], money.metrics["at_stake"]) == (2.0, 20.0)


def test_a_case_counts_by_the_day_on_which_it_was_opened_and_an_order_by_its_own(plugins: Plugins) -> None:
    # The measured days begin on Monday the second, at midnight in Reykjavik.
    older = order("A", price=10_000, purchased_at=MONDAY - 3 * DAY)
    early = [fact("refund_requested", MONDAY - 10 * HOUR, order="A"), fact("refunded", MONDAY + DAY, order="A")]
    book, _ = booked(plugins, [older], [older], *early)
    assert (book.orders, book.lines) == (0, {})
    late = [fact("refund_requested", MONDAY, order="A"), fact("refunded", MONDAY + DAY, order="A")]
    book, money = booked(plugins, [older], [older], *late)
    assert (book.orders, money.metrics["revenue"]) == (0, 0.0)
    assert money.metrics["cost_line_goods_refunded"] == 100.0
    assert money.metrics["total_cost_per_order"] is None


def test_what_was_booked_of_other_runs_changes_nothing(plugins: Plugins) -> None:
    own = {"return_label_share": "0.3", "restocking_kept_share": "0.4"}
    shop, fresh = resolved(plugins, costs=own), resolved(plugins, costs=own)
    run(shop, 1)
    run(shop, 3)
    after, first = run(shop, 2), run(fresh, 2)
    assert after == first
    assert list(after.rests.items()) == list(first.rests.items())
    assert after.effects == first.effects
