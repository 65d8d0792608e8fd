"""The page's money: cost by group as one picture, the account as a table, and money against risk."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.cost_kinds import GROUPS, CostKind
from aftersale_simulator.books.money import CONTRIBUTION, LINE, TOTAL
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.results import COST
from aftersale_simulator.runs.run import run
from aftersale_simulator.runs.statistics import Estimate
from aftersale_simulator.scenario.document import ScenarioFile
from aftersale_simulator.show import plots
from aftersale_simulator.show.plots import Spot
from aftersale_simulator.show.section import Section, Table
from aftersale_simulator.show.wording import LANGUAGES, speaking, text
from aftersale_simulator.whatif import charts
from aftersale_simulator.whatif.answer import warnings
from aftersale_simulator.whatif.comparison import Comparison, Figure, VariantResult, compare_variants
from aftersale_simulator.whatif.money_charts import costs
from aftersale_simulator.whatif.page import page, parts
from aftersale_simulator.whatif.record import record
from aftersale_simulator.whatif.variants import plan

RAW: dict[str, Any] = {
    "name": "shop",
    "currency": "EUR",
    "replications": 3,
    "rates": {"on": date(2026, 1, 5), "CLP": "0.001"},
    "period": {"start": date(2026, 1, 5), "measured": "21 d", "warm_up": "14 d"},
    "marketplace": {
        "REF": {"orders_per_day": 30.0, "price": {"median": "25"}},
        "ALT": {"orders_per_day": 15.0, "price": {"median": "20000"}},
    },
    "team": {
        "day": {
            "zone": "Asia/Shanghai",
            "agents": 1,
            "cost_per_hour": "10",
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-18:00"}],
        }
    },
    "handling": {"reply": {"mean": "15 min"}},
    "targets": {"late_reply_rate": 0.2},
    "variant": [
        {"name": "every day", "set": {"team.day.shifts.0.days": "Mon-Sun"}},
        {"name": "three", "set": {"team.day.agents": 3}},
    ],
}
ORDER = ["variants", "chances", "money", "trade", "backlog"]
CENT = 0.005


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    from aftersale.testing import reference

    return load_plugins((), {"reference": reference})


@pytest.fixture(scope="module")
def comparison(plugins: Plugins) -> Comparison:
    return compared(plugins)


@pytest.fixture(scope="module")
def unrated(plugins: Plugins) -> Comparison:
    return compared(plugins, rates={}, replications=1)


def compared(plugins: Plugins, **changes: Any) -> Comparison:
    file = ScenarioFile.of("test", {**RAW, **changes}, Path())

    def compare(variants: Any, numbers: Any) -> Any:
        return [[run(resolve(scenario, plugins), number) for number in numbers] for _, scenario in variants]

    return compare_variants(plan(file), compare)


def section(comparison: Comparison, *kinds: CostKind) -> Section:
    found = costs(comparison, kinds)
    assert found is not None
    return found


def names(comparison: Comparison) -> list[str]:
    return [found.name for part in parts() if (found := part(comparison)) is not None]


def with_means(variant: VariantResult, means: Mapping[str, float], met: int | None = None) -> VariantResult:
    """Return a variant with other means, all equal in each replication, and other verdicts."""
    figures = {name: Figure(Estimate(mean, 0.0, 3), Estimate(0.0, 0.0, 3)) for name, mean in means.items()}
    return evolve(
        variant,
        metrics={**variant.metrics, **figures},
        targets_met=variant.targets_met if met is None else met,
    )


def bars(found: Section) -> dict[str, list[float]]:
    return {str(trace.name): list(trace.x) for trace in found.pictures[0].figure.data if trace.type == "bar"}


def rows(found: Section) -> dict[str, tuple[str, ...]]:
    (table,) = found.below
    return {row[0]: row[1:] for row in table.rows}


def amounts(cells: tuple[str, ...]) -> list[Decimal]:
    return [Decimal(cell.split(" ")[0].replace(",", "")) for cell in cells]


def test_the_picture_has_each_groups_means_and_they_add_up_to_the_total(comparison: Comparison) -> None:
    found = section(comparison)
    told = {text(f"money.{group}"): f"cost_{group}" for group in GROUPS}
    drawn = bars(found)
    assert drawn["refunds"][0] > 0
    assert {mark.name: mark.colour for mark in found.marks} == {
        str(trace.name): trace.marker.color for trace in found.pictures[0].figure.data if trace.type == "bar"
    }
    for name, values in drawn.items():
        means = [variant.mean(told[name]) for variant in comparison.variant_results]
        assert values == pytest.approx(means, abs=CENT)
    totals = [sum(column) for column in zip(*drawn.values(), strict=True)]
    means = [variant.mean(TOTAL) for variant in comparison.variant_results]
    diamonds = [trace.x[0] for trace in found.pictures[0].figure.select_traces({"mode": "markers"})]
    assert totals == pytest.approx(means, abs=CENT)
    assert diamonds == pytest.approx(means, abs=CENT)


def test_what_comes_to_nothing_in_all_variants_is_left_out(comparison: Comparison) -> None:
    first, *others = comparison.variant_results
    nothing = {f"cost_{group}": 0.0 for group in GROUPS} | {name: 0.0 for name in first.metrics if LINE in name}
    some = with_means(first, {**nothing, "cost_recovered": -20.0, f"{LINE}safe_t_recovered": -20.0})
    bare = evolve(comparison, variant_results=(some, *(with_means(variant, nothing) for variant in others)))
    found = section(bare)
    assert bars(found) == {"recovered": [-20.0, 0.0, 0.0]}
    assert [mark.name for mark in found.marks] == ["recovered"]
    told = list(rows(found))
    assert told[: told.index("total cost of after-sales")] == [
        "recovered",
        "· what the marketplace reimburses of a return",
    ]


def test_the_table_adds_up_from_lines_to_what_is_left_of_the_sales(comparison: Comparison) -> None:
    found = section(comparison)
    (table,) = found.below
    told = rows(found)
    start = list(told).index("total cost of after-sales")
    lines = [amounts(row[1:]) for place, row in enumerate(table.rows[:start]) if place not in table.sums]
    groups = [amounts(row[1:]) for place, row in enumerate(table.rows[:start]) if place in table.sums]
    total = amounts(told["total cost of after-sales"])
    for counted in (lines, groups):
        for column, whole in zip(zip(*counted, strict=True), total, strict=True):
            assert abs(sum(column) - whole) <= Decimal("0.5") * (len(column) + 1)
    spent = ("− selling fees", "− goods at landed cost", "− parcels out", "− total cost of after-sales")
    left = [
        revenue - sum(parts)
        for revenue, *parts in zip(amounts(told["revenue"]), *(amounts(told[name]) for name in spent), strict=True)
    ]
    for counted, whole in zip(left, amounts(told["= contribution"]), strict=True):
        assert abs(counted - whole) <= 3
    means = [variant.mean(CONTRIBUTION) for variant in comparison.variant_results]
    assert [float(amount) for amount in amounts(told["= contribution"])] == pytest.approx(means, abs=0.5)
    assert {table.rows[place][0] for place in table.sums} >= {"refunds", "total cost of after-sales", "= contribution"}


def test_each_order_and_thirty_days_of_both_are_told(comparison: Comparison) -> None:
    (table,) = section(comparison).below
    first = comparison.variant_results[0]
    told = [row[1] for row in table.rows if row[0] == "· per 30 days"]
    days = [first.mean(name) for name in (f"{TOTAL}_per_30_days", f"{CONTRIBUTION}_per_30_days")]
    assert told == [comparison.numbers.bare(mean, TOTAL) for mean in days]
    each = [row[1] for row in table.rows if row[0] == "· per order"]
    assert each == [f"{first.mean(name):.2f}" for name in (f"{TOTAL}_per_order", f"{CONTRIBUTION}_per_order")]


def test_a_plugins_line_stands_in_its_group_in_its_own_words(comparison: Comparison) -> None:
    kind = CostKind("protection", "claims", "cost", "a protection claim that was won", "胜诉的保障索赔")
    first, *others = comparison.variant_results
    changed = with_means(first, {f"{LINE}protection": 7.0, "cost_claims": 7.0})
    own = evolve(comparison, variant_results=(changed, *others))
    told = list(rows(section(own, kind)))
    claims = told[told.index("claims and chargebacks") :]
    assert claims.index("· a protection claim that was won") < claims.index("labour")
    with speaking("zh"):
        assert "· 胜诉的保障索赔" in rows(section(own, kind))
    # A notebook knows no plugins: the line is told all the same, by its name.
    unnamed = list(rows(section(own)))
    assert unnamed[unnamed.index("total cost of after-sales") - 1] == "· protection"


def test_the_heading_says_what_counts_and_the_note_what_may_come_yet(comparison: Comparison) -> None:
    first, *others = comparison.variant_results
    missed = {"orders_missed": 12.0, "revenue_missed": 300.0, "contribution_missed": 100.0}
    told = {"cases_standing": 4.0, "at_stake": 80.0}
    nothing = dict.fromkeys((*missed, *told), 0.0)
    own = evolve(
        comparison,
        variant_results=(
            with_means(first, {**missed, **told}),
            *(with_means(variant, nothing) for variant in others),
        ),
    )
    found = section(own)
    assert found.title == "What after-sales costs, of cases opened and orders bought on the measured days"
    assert "21 days from 2026-01-05" in found.lead
    assert found.note == (
        "Open at the end, and may cost more yet, on average (with what their orders were paid): base 4 (80 EUR). "
        "Orders never placed, with the revenue and the contribution before after-sales that they would have brought: "
        "base 12 (300 EUR, 100 EUR)."
    )


def test_money_stands_between_the_targets_and_money_against_risk(comparison: Comparison) -> None:
    assert names(comparison)[:5] == ORDER
    with speaking("zh"):
        assert names(comparison)[:5] == ORDER
        assert next(mark.name for mark in section(comparison).marks) == "退款"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_comparison_gives_the_same_bytes(comparison: Comparison, language: str) -> None:
    with speaking(language):
        pages = [page(comparison, record(comparison), parts()) for _ in range(2)]
    assert pages[0] == pages[1]


def test_without_rates_a_warning_says_what_to_add_and_labour_is_drawn(unrated: Comparison) -> None:
    assert costs(unrated) is None
    assert "money" not in names(unrated)
    (warning,) = [told for told in warnings(unrated) if "[rates]" in told]
    assert "CLP = the amount" in warning
    found = charts.trade(unrated)
    assert found is not None
    assert found.title == "Cost against risk"
    assert captions(unrated)[-1] == "labour, EUR"


def captions(comparison: Comparison) -> list[str]:
    return [picture.caption for picture in charts.variants(comparison).pictures]


def test_total_cost_and_contribution_are_drawn_where_money_is_known(comparison: Comparison) -> None:
    drawn = captions(comparison)
    assert drawn[-2:] == ["total cost of after-sales, EUR", "contribution, EUR"]
    assert "labour, EUR" not in drawn


def test_all_metrics_are_on_the_page_folded_away(comparison: Comparison) -> None:
    (table,) = charts.variants(comparison).below
    known = list(comparison.variant_results[0].metrics)
    assert [row[0] for row in table.rows] == [comparison.numbers.label(name) for name in known]
    found = page(comparison, record(comparison), [lambda _: Section("own", "Own", "A sentence.", below=(table,))])
    assert f'<details class="folded"><summary>{text("variants.all")}</summary>' in found


def test_sums_are_told_apart_on_the_page(comparison: Comparison) -> None:
    table = Table(("what", "how much"), (("one", "1"), ("all", "1")), marked=frozenset({1}), sums=frozenset({1}))
    found = page(comparison, record(comparison), [lambda _: Section("own", "Own", "A sentence.", below=(table,))])
    assert '<tr class="marked sum"><td class="word">all</td>' in found
    assert '<tr><td class="word">one</td>' in found


@pytest.fixture
def three(comparison: Comparison) -> Comparison:
    """Three variants: the first earns least and is safe, the second most and is not, the third less and is no safer."""
    base, second, third = comparison.variant_results
    return evolve(
        comparison,
        variant_results=(
            with_means(base, {CONTRIBUTION: 100.0, TOTAL: 10.0, COST: 7.0}, 3),
            with_means(second, {CONTRIBUTION: 300.0, TOTAL: 40.0, COST: 6.0}, 1),
            with_means(third, {CONTRIBUTION: 200.0, TOTAL: 30.0, COST: 5.0}, 1),
        ),
    )


@pytest.mark.parametrize(
    ("cheapest", "title", "axis", "money", "joined"),
    [
        ("contribution", "Contribution against risk", "contribution, EUR", [100, 300, 200], [300, 100]),
        ("total", "Cost against risk", "total cost of after-sales, EUR", [10, 40, 30], [10]),
        ("labour", "Cost against risk", "labour, EUR", [7, 6, 5], [5, 7]),
    ],
)
def test_the_unbeaten_line_follows_what_variants_are_ranked_by(
    three: Comparison, cheapest: Any, title: str, axis: str, money: list[float], joined: list[float]
) -> None:
    found = charts.trade(evolve(three, scenario=evolve(three.scenario, cheapest=cheapest)))
    assert found is not None
    line, marks = found.pictures[0].figure.data
    assert (found.title, found.pictures[0].figure.layout.xaxis.title.text) == (title, axis)
    assert (list(marks.x), list(line.x)) == (money, joined)
    side = "right" if cheapest == "contribution" else "left"
    assert found.lead.startswith(f"Up and to the {side} is better")


def test_no_line_is_drawn_among_variants_whose_money_cannot_be_compared(three: Comparison) -> None:
    first, *others = three.scenarios
    name, sales = next(iter(first.marketplace.items()))
    fba = evolve(first, marketplace={**first.marketplace, name: evolve(sales, channels={"FBA": 1.0})})
    found = charts.trade(evolve(three, scenarios=(fba, *others)))
    assert found is not None
    line, marks = found.pictures[0].figure.data
    assert (list(line.x), list(marks.x)) == ([], [100, 300, 200])
    assert found.lead == text("answer.channels")


SPOTS = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e5)), min_size=1, max_size=5)


@given(SPOTS)
def test_the_axis_of_dots_has_zero_and_all_intervals(values: list[tuple[float, float]]) -> None:
    spots = [Spot("one", "1", mean, mean - half, mean + half) for mean, half in values]
    least, most = plots.dots(spots, "EUR").layout.xaxis.range
    assert least <= min(0.0, *(spot.low for spot in spots))
    assert most >= max(0.0, *(spot.high for spot in spots))


def test_long_numbers_beside_a_plot_have_room() -> None:
    short, long = Spot("one", "12", 12, 12, 12), Spot("one", "1,234,567,890", 1e9, 1e9, 1e9)
    assert plots.dots([short], "EUR").layout.margin.r < plots.dots([short, long], "EUR").layout.margin.r
