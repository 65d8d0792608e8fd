"""The money of runs: what a journal costs is what its run said, to the cent, and both equal sums made by hand.

`ACCOUNT_SCENARIOS=200 pytest tests/test_accounts.py` tries as many made scenarios.
"""

from __future__ import annotations

import inspect
import json
import os
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.cost_kinds import GROUPS
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.scenario.vocabulary import vocabulary

# Before click 8.2 a runner mixes the two streams unless it is told not to.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
SCENARIOS = int(os.environ.get("ACCOUNT_SCENARIOS", "8"))
RATES = {"USD": "7.00", "CAD": "5.12", "MXN": "0.37", "EUR": "8.10", "GBP": "9.333", "JPY": "0.046", "PLN": "1.9"}
SALE = ("revenue", "selling_fees", "landed_cost", "outbound_cost")


@cache
def installed() -> Plugins:
    return load_plugins()


def simulated(raw: dict[str, Any], folder: Path) -> Result:
    scenario = parse_scenario(raw, "test", vocabulary(installed()))
    return run(resolve(scenario, installed()), 1, record=Recording(folder))


def told(folder: Path, *args: str) -> dict[str, Any]:
    """What the command says of a journal, told nothing but the journal itself."""
    found = CliRunner(**APART).invoke(cli, ["costs", str(folder), "--json", *args], obj=installed())
    assert found.exit_code == 0, found.output
    document: dict[str, Any] = json.loads(found.stdout)
    return document


def cents(value: Any) -> int:
    return round(Decimal(str(value)) * 100)


def scenario(**changes: Any) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "name": "made",
        "currency": "CNY",
        "rates": {"on": date(2026, 3, 2), **RATES},
        "period": {"start": date(2026, 3, 2), "measured": "10 d", "warm_up": "12 d"},
        "marketplace": {"US": {"orders_per_day": 40.0, "price": {"median": "24.90"}}},
        "team": {
            "desk": {
                "zone": "Asia/Shanghai",
                "agents": 2,
                "cost_per_hour": "45",
                "shifts": [{"days": "Mon-Sat", "hours": "09:00-18:00"}],
            }
        },
        "handling": {"reply": {"mean": "8 min"}, "refund": {"mean": "5 min"}},
        "world": {"return_rate": 0.2, "claim_rate_answered": 0.02, "chargeback_rate": 0.01},
    }
    return {**raw, **changes}


def marketplaces() -> st.SearchStrategy[dict[str, Any]]:
    sales = st.fixed_dictionaries(
        {
            "orders_per_day": st.sampled_from([10.0, 30.0]),
            "price": st.sampled_from([{"median": "19.90"}, {"median": "180", "sigma": 1.2}]),
            "channels": st.sampled_from([{"MFN": 1.0}, {"MFN": 0.7, "FBA": 0.3}]),
            "categories": st.sampled_from([{"general": 1.0}, {"electronics": 0.5, "jewelry": 0.2, "apparel": 0.3}]),
        },
        optional={"exempt": st.just(0.2), "cross_border": st.just(0.3)},
    )
    vat = st.sampled_from([{}, {"prices_with_vat": False}, {"prices_with_vat": True, "vat_share": "0.19"}])
    places = st.sets(st.sampled_from(["US", "CA", "MX", "UK", "DE", "FR", "IT", "JP"]), min_size=1, max_size=3)
    return places.flatmap(
        lambda names: st.fixed_dictionaries(
            {name: st.builds(lambda a, b: {**a, **b}, sales, vat) for name in sorted(names)}
        )
    )


def scenarios() -> st.SearchStrategy[dict[str, Any]]:
    teams = st.fixed_dictionaries(
        {
            "zone": st.sampled_from(["Asia/Shanghai", "America/Los_Angeles"]),
            "agents": st.integers(1, 4),
            "cost_per_hour": st.sampled_from(["0", "45", "33.33"]),
            "shifts": st.just([{"days": "Mon-Fri", "hours": "09:00-18:00"}]),
        },
        optional={"overtime": st.just("1 h")},
    )
    costs = st.fixed_dictionaries(
        {},
        optional={
            "return_label_share": st.sampled_from(["0", "0.333"]),
            "chargeback_fee": st.sampled_from(["20.00 USD", "137.5 CNY"]),
            "renewed_recovery_share": st.just("0.4"),
            "fee_returned_after_claim": st.just("0.5"),
        },
    )
    goods = st.fixed_dictionaries(
        {}, optional={"landed_cost_share": st.just("0.6"), "category": st.just({"electronics": "0.27"})}
    )
    world = st.fixed_dictionaries(
        {"return_rate": st.sampled_from([0.05, 0.3]), "claim_rate_answered": st.sampled_from([0.0, 0.05])},
        optional={"partial_offer_rate": st.just(0.5), "return_authorised_rate": st.just(0.8)},
    )
    return st.builds(
        lambda places, teams, costs, goods, world, seed: scenario(
            marketplace=places,
            team={f"team{number}": team for number, team in enumerate(teams)},
            costs=costs,
            goods=goods,
            world=world,
            seed=seed,
        ),
        marketplaces(),
        st.lists(teams, min_size=1, max_size=2),
        costs,
        goods,
        world,
        st.integers(0, 9),
    )


def check_sums(figures: dict[str, float | None]) -> None:
    """Lines add up to groups, groups to the total, and contribution is what is left."""
    known = {name: cents(value) for name, value in figures.items() if value is not None}
    lines = sum(amount for name, amount in known.items() if name.startswith("cost_line_"))
    groups = sum(known[f"cost_{group}"] for group in GROUPS)
    assert lines == groups == known["total_cost"]
    revenue, *spent = (known[name] for name in SALE)
    assert known["contribution"] == revenue - sum(spent) - known["total_cost"]


@settings(deadline=None, derandomize=True, max_examples=SCENARIOS, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_a_journal_costs_what_its_run_said_in_every_line_on_every_marketplace(raw: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        result = simulated(raw, Path(folder) / "run")
        account = told(Path(folder) / "run")["account"]
    places = result.by_marketplace
    for figures in (result.metrics, *places.values()):
        check_sums(figures)
    assert cents(result.metrics["cost_labour"]) == cents(result.metrics["labour_cost"])
    for name in ("total_cost", "contribution", *SALE, *(f"cost_{group}" for group in GROUPS)):
        assert cents(result.metrics[name]) == sum(cents(figures[name]) for figures in places.values())
    for figures, record in (
        (result.metrics, account),
        *((places[name], account["marketplaces"][name]) for name in places),
    ):
        assert int(figures["orders_sold"] or 0) == record["orders"]
        for name in ("total_cost", "contribution", *SALE):
            assert cents(figures[name]) == cents(record[name]), name
        lines = {name: cents(value) for name, value in figures.items() if name.startswith("cost_line_") and value}
        assert lines == {f"cost_line_{line}": cents(value) for line, value in record["lines"].items() if cents(value)}


SHOP: dict[str, Any] = scenario(
    period={"start": date(2026, 3, 2), "measured": "21 d", "warm_up": "30 d"},
    marketplace={
        "US": {"orders_per_day": 60.0, "price": {"median": "24.90"}, "prices_with_vat": False},
        "DE": {
            "orders_per_day": 60.0, "price": {"median": "22.90"}, "prices_with_vat": True, "vat_share": "0.19"
        },
        "JP": {"orders_per_day": 40.0, "price": {"median": "2980"}, "prices_with_vat": True, "vat_share": "0.10"},
    },
    world={"return_rate": 0.2, "claim_rate_answered": 0.03, "partial_offer_rate": 0.4},
)  # fmt: skip
RULE = '[[rule]]\nname = "{name}"\nmarketplaces = ["*"]\n{says}\nsource = "our handbook"\ngrade = "S"\n'
POLICIES = {
    "as shipped": "",
    "returnless for everything": RULE.format(name="returnless", says="value = true"),
    "automatic approval": RULE.format(name="auto_authorise", says="value = true"),
    "offers of 0 %": RULE.format(name="partial_refund_offer", says='share = "0"'),
    "offers of 10 %": RULE.format(name="partial_refund_offer", says='share = "0.10"'),
    "offers of 30 %": RULE.format(name="partial_refund_offer", says='share = "0.30"'),
}
OFFERED = {"offers of 0 %": "0", "offers of 10 %": "0.10", "offers of 30 %": "0.30"}
ZONES = {"US": "America/Los_Angeles", "DE": "Europe/Berlin", "JP": "Asia/Tokyo"}
TAX = {"US": Decimal(1), "DE": Decimal("1.19"), "JP": Decimal("1.10")}
WORTH = {"US": Decimal("0.07"), "DE": Decimal("0.081"), "JP": Decimal("0.046")}
"""In the scenario's currency, what a cent or a yen is worth."""
REFUNDS = ("refunded", "returnless_refund", "marketplace_refunded")


LINES = ("goods_refunded", "partial_refund", "claim", "goods_returned", "loss_of_value", "replacement")


def whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def by_hand(folder: Path, offered: str) -> dict[str, int]:
    """Sum what buyers got back and what came back of the goods, from the written tables alone."""
    orders = {row["order"]: row for row in pl.read_parquet(folder / "orders.parquet").iter_rows(named=True)}
    facts = pl.read_parquet(folder / "facts.parquet").sort("occurred_at")
    when = {(row["case"], row["kind"]): row["occurred_at"] for row in facts.iter_rows(named=True)}
    zone = pl.col("marketplace").replace_strict(ZONES, default=None)
    table = pl.read_parquet(folder / "cases.parquet").with_columns(zone.alias("zone"))
    sums = {(line, place): 0 for line in LINES for place in ZONES}
    for (name,), own in table.group_by("order", maintain_order=True):
        order, moves, given = orders[name], [], 0
        place, price = order["marketplace"], order["price"]
        for case in own.iter_rows(named=True):
            if case["kind"] == "return" and case["state"].startswith("refunded"):
                known = [when[case["case"], kind] for kind in REFUNDS if (case["case"], kind) in when]
                accepted = (case["case"], "offer_accepted") in when
                part = whole(price * Decimal(offered)) if accepted else price
                line = "partial_refund" if accepted else "goods_refunded"
                moves.append((min(known, default=case["moved_at"]), line, part, case))
            if case["kind"] == "claim" and case["state"] in ("lost", "granted", "appealed"):
                moves.append((when.get((case["case"], "claim_granted"), case["moved_at"]), "claim", price, case))
        for _, line, most, case in sorted(moves, key=lambda move: move[0]):
            amount = min(most, price - given)
            before, given = given, given + amount
            net = whole(given / TAX[place]) - whole(before / TAX[place])
            sums[line, place] += net if measured(case) else 0
        for case in own.iter_rows(named=True):
            if (case["case"], "return_received") in when and given and measured(case):
                worth = min(order["landed_cost"], whole(given / TAX[place]))
                sums["goods_returned", place] -= worth
                sums["loss_of_value", place] += whole(worth * Decimal("0.20"))
    return {line: sum(whole(100 * sums[line, place] * WORTH[place]) for place in ZONES) for line in LINES}


def measured(case: dict[str, Any]) -> bool:
    from zoneinfo import ZoneInfo

    return date(2026, 3, 2) <= case["opened_at"].astimezone(ZoneInfo(case["zone"])).date() < date(2026, 3, 23)


@pytest.mark.parametrize("policy", POLICIES)
def test_refunds_goods_and_claims_are_those_of_a_sum_made_by_hand(policy: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(POLICIES[policy], encoding="utf-8")
    raw = {**SHOP, "handbook": str(tmp_path / "own.toml")} if POLICIES[policy] else SHOP
    figures = simulated(raw, tmp_path / "run").metrics
    found = {line: cents(figures[f"cost_line_{line}"]) for line in LINES}
    assert found == by_hand(tmp_path / "run", OFFERED.get(policy, "0.30"))


FAULTY = [{"overrides": ["return_request"], "details": {"defective": 1}, "details_when": {"late": {"defective": 1}}}]
"""Every return is for the fault of the goods."""


@cache
def shop(policy: str = "as shipped", faulty: bool = False, **costs: str) -> dict[str, float | None]:
    """The money of the shop under a policy, with own numbers, perhaps only with returns for the fault of the goods."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "own.toml").write_text(POLICIES[policy], encoding="utf-8")
        own = {name: value for name, value in costs.items() if name != "landed_cost_share"}
        goods = {name: value for name, value in costs.items() if name == "landed_cost_share"}
        raw = {**SHOP, "costs": own, "goods": goods, "reaction": FAULTY if faulty else []}
        handbook = {"handbook": str(Path(folder) / "own.toml")} if POLICIES[policy] else {}
        scenario = parse_scenario({**raw, **handbook}, "test", vocabulary(installed()))
        return run(resolve(scenario, installed()), 1).metrics


def changed(before: dict[str, float | None], after: dict[str, float | None]) -> set[str]:
    """The lines of costs that differ."""
    return {name for name in before if name.startswith("cost_line_") and before[name] != after[name]}


def test_a_dearer_label_makes_the_line_of_labels_dearer_and_no_other() -> None:
    shares = ("0", "0.1", "0.2", "0.4")
    runs = [shop(return_label_share=share) for share in shares]
    labels = [cents(figures["cost_line_return_label"]) for figures in runs]
    assert labels == sorted(labels)
    assert labels[0] == 0 < labels[1]
    assert all(changed(runs[0], figures) == {"cost_line_return_label"} for figures in runs[1:])


def test_dearer_goods_make_giving_them_away_dearer_beside_taking_them_back() -> None:
    shares = ("0.2", "0.35", "0.6")
    returned = [shop(landed_cost_share=share) for share in shares]
    gifts = [shop("returnless for everything", landed_cost_share=share) for share in shares]
    beside = [cents(gift["total_cost"]) - cents(back["total_cost"]) for gift, back in zip(gifts, returned, strict=True)]
    assert beside[0] < beside[1] < beside[2]
    # What is given away was in what was sold: its refunds cost the same, whatever the goods cost.
    assert len({cents(gift["cost_refunds"]) for gift in gifts}) == 1
    # Only returns out of the window travel, which nobody refunds unseen.
    for gift, back in zip(gifts, returned, strict=True):
        assert abs(cents(gift["cost_goods"])) < abs(cents(back["cost_goods"])) / 20
    spent = [cents(back["landed_cost"]) for back in returned]
    assert spent == sorted(set(spent))


def test_a_number_that_touches_no_order_changes_nothing() -> None:
    usual = shop()
    assert shop(safe_t_share="0.9") == usual
    assert shop(reimbursement_share="0.9") == usual


def test_a_share_of_the_fee_that_comes_back_changes_the_lines_of_fees_alone() -> None:
    assert changed(shop(), shop(fee_returned_after_claim="0")) == {
        "cost_line_referral_fee_returned",
        "cost_line_refund_administration_fee",
    }


def test_returnless_for_everything_costs_more_than_taking_goods_back_and_spares_the_way_back() -> None:
    # Of the goods' fault only: who changed their mind pays the way back in both.
    usual, gifts = shop(faulty=True), shop("returnless for everything", faulty=True)
    for line in ("return_label", "repackaging"):
        assert cents(gifts[f"cost_line_{line}"]) < cents(usual[f"cost_line_{line}"]) / 20
    assert cents(gifts["cost_refunds"]) > cents(usual["cost_refunds"])
    assert cents(gifts["cost_labour"]) == cents(usual["cost_labour"])  # the desk of both is the same
