"""Choice: whether replications tell the best from the next, by what variants are ranked, and what money hangs on."""

from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from aftersale.documents.scalars import PositiveCount
from aftersale_simulator.books.money import Rest
from aftersale_simulator.judging.choice import Swing, channels_differ, margin, swings, worth
from aftersale_simulator.runs.results import UNITS, LineVerdict, Result
from aftersale_simulator.scenario.document import ScenarioFile, load_scenario
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.whatif import table
from aftersale_simulator.whatif.answer import answer, warnings
from aftersale_simulator.whatif.comparison import Comparison, compare_variants
from aftersale_simulator.whatif.record import record
from aftersale_simulator.whatif.variants import plan

SHIPPED = load_scenario()
Amounts = Callable[[int, int], float]


# whether a difference is told


def test_a_difference_is_told_where_its_interval_lies_on_one_side_of_zero() -> None:
    told = margin([10.0, 11.0, 12.0, 11.0], [5.0, 6.0, 7.0, 5.0], 1)
    assert (told.difference.mean, told.is_told, told.is_none, told.enough) == (5.25, True, False, None)
    worse = margin([5.0, 6.0, 7.0, 5.0], [10.0, 11.0, 12.0, 11.0], 1)
    assert (worse.difference.mean, worse.is_told) == (-5.25, True)
    less = margin([5.0, 6.0, 7.0, 5.0], [10.0, 11.0, 12.0, 11.0], -1)  # of costs less is better
    assert (less.difference.mean, less.is_told) == (5.25, True)


def test_a_difference_that_is_not_told_says_about_how_many_replications_would_tell() -> None:
    untold = margin([3.0, 1.0, 3.0, 1.0], [1.0, 2.0, 1.0, 2.0], 1)
    # Differences 2, -1, 2, -1: mean 0.5, and Student's 3.1824 times 1.7321 / 2 on either side, 5.5132 times the mean.
    assert untold.difference.half_width == pytest.approx(2.7561, abs=1e-4)
    assert (untold.is_told, untold.is_none) == (False, False)
    assert untold.enough == 4 * 30.395 // 1 + 2 == 123


def test_equal_ones_are_none_and_no_number_of_replications_tells_them_apart() -> None:
    equal = margin([3.0, 1.5, 2.25], [3.0, 1.5, 2.25], -1)
    assert (equal.difference.mean, equal.is_told, equal.is_none, equal.enough) == (0.0, False, True, None)
    balanced = margin([1.0, 2.0], [2.0, 1.0], 1)
    assert (balanced.difference.mean, balanced.is_told, balanced.is_none, balanced.enough) == (0.0, False, False, None)


def test_one_replication_tells_nothing() -> None:
    once = margin([10.0], [1.0], 1)
    assert (once.difference.mean, once.difference.half_width) == (9.0, None)
    assert (once.is_told, once.is_none, once.enough) == (False, False, None)


@given(st.lists(st.tuples(st.integers(-(10**7), 10**7), st.integers(-(10**7), 10**7)), min_size=2, max_size=12))
def test_a_margin_is_told_or_untold_both_ways_round_and_enough_is_more_than_there_are(
    pairs: list[tuple[int, int]],
) -> None:
    first, second = [a / 100 for a, _ in pairs], [b / 100 for _, b in pairs]
    there, back = margin(first, second, 1), margin(second, first, 1)
    assert (there.is_told, there.is_none, there.enough) == (back.is_told, back.is_none, back.enough)
    assert back == margin(first, second, -1)
    assert not (there.is_told and there.is_none)
    if there.enough is not None:
        assert not there.is_told
        assert there.enough > len(pairs)


def test_what_is_not_known_in_some_replication_is_ranked_last() -> None:
    assert (worth([1.0, 2.0], 1), worth([1.0, 2.0], -1)) == (1.5, -1.5)
    assert (worth([1.0, None], 1), worth([], -1)) == (-inf, -inf)


# what money hangs on


def rested(**slopes: float) -> Result:
    """Return a result whose money rests on these numbers, each 0.5 in a range from 0.25 to 1."""
    return Result({}, {}, {}, {}, rests={name: Rest(0.5, 0.25, 1.0, slope) for name, slope in slopes.items()})


def test_the_numbers_that_move_money_most_come_first_with_what_it_is_at_either_end() -> None:
    found = swings(1000.0, [rested(small=1.0, up=200.0, down=-400.0, even=-200.0, none=0.0)])
    assert found == [
        Swing("down", 0.5, 0.25, 1.0, 1100.0, 800.0),
        Swing("even", 0.5, 0.25, 1.0, 1050.0, 900.0),
        Swing("up", 0.5, 0.25, 1.0, 950.0, 1100.0),
    ]
    assert [swing.width for swing in found] == [300.0, 150.0, 150.0]
    assert swings(1000.0, [rested(none=0.0)]) == []


def test_a_number_is_halved_and_doubled_within_its_range() -> None:
    rests = {
        "wide": Rest(0.25, 0.0, 1.0, 100.0),
        "narrow": Rest(0.25, 0.2, 0.3, 1000.0),
        "high": Rest(0.8, 0.0, 1.0, 10.0),
    }
    found = swings(0.0, [Result({}, {}, {}, {}, rests=rests)])
    assert [(swing.name, swing.low, swing.high) for swing in found] == [
        ("narrow", 0.2, 0.3),
        ("wide", 0.125, 0.5),
        ("high", 0.4, 1.0),
    ]
    assert [swing.width for swing in found] == pytest.approx([100.0, 37.5, 6.0])


def test_replications_in_which_nothing_rests_on_a_number_count_in_its_mean() -> None:
    (found,) = swings(1000.0, [rested(rare=300.0), rested(), rested()])
    assert (found.at_low, found.at_high) == (975.0, 1050.0)


def test_a_difference_hangs_on_what_both_do_not_share() -> None:
    ours, theirs = [rested(shared=800.0, ours=80.0)], [rested(shared=800.0, theirs=40.0)]
    assert swings(100.0, ours, theirs) == [
        Swing("ours", 0.5, 0.25, 1.0, 80.0, 140.0),
        Swing("theirs", 0.5, 0.25, 1.0, 110.0, 80.0),
    ]


# the answer


def result(scenario: Scenario, replication: int, contribution: float | None, **changes: object) -> Result:
    """Return what a run would that kept the targets and brought this contribution; each agent costs a thousand."""
    labour = 1000.0 * sum(team.agents for team in scenario.team.values())
    money = {"contribution": contribution, "total_cost": None if contribution is None else 50_000.0 - contribution}
    metrics = dict.fromkeys(UNITS, 0.0) | {"late_reply_rate": 0.05, "labour_cost": labour} | money
    line = LineVerdict("late_reply_rate", "US", 0.05, 0.1, True)
    made = Result(metrics, {"US": dict(metrics)}, {"late_reply_rate": True}, {"n": replication}, lines=(line,))
    return evolve(made, **changes)


def compared(
    amounts: Amounts, vary: Sequence[str], size: int = 4, settings: Sequence[str] = (), **changes: object
) -> Comparison:
    """Compare variants of which each brings an amount by its place and the number of the replication."""

    def run(variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int]) -> list[list[Result]]:
        return [
            [result(scenario, n, amounts(place, n), **changes) for n in numbers]
            for place, (_, scenario) in enumerate(variants)
        ]

    source = evolve(
        SHIPPED,
        raw={**SHIPPED.raw, "replications": size},
        scenario=evolve(SHIPPED.scenario, replications=PositiveCount(size)),
    )
    return compare_variants(plan(source, vary, settings), run)


AGENTS = ["team.shenzhen.agents=2,3,4"]


def test_the_best_alone_is_named_where_the_replications_tell_it_from_the_next() -> None:
    found = record(compared(lambda place, n: 1000.0 * (3, 5, 4)[place] + n, AGENTS))
    assert (found["cheapest"], found["cheapest_by"], found["named"]) == ("agents 3", "contribution", ["agents 3"])
    assert found["margin"] == {
        "to": "agents 4",
        "mean": 1000.0,
        "low": 1000.0,
        "high": 1000.0,
        "told": True,
        "enough": None,
    }
    assert "tell them apart" not in found["answer"]


def test_two_are_named_where_the_replications_do_not_tell_them_apart_and_how_many_would() -> None:
    # 'agents 4' brings 200 less and 100 more than 'agents 3', one after the other: 50 less on average.
    amounts: Amounts = lambda place, n: (1000.0, 5000.0, 4800.0 if n % 2 else 5100.0)[place]  # noqa: E731
    found = record(compared(amounts, AGENTS))
    assert (found["cheapest"], found["named"]) == ("agents 3", ["agents 3", "agents 4"])
    margin = found["margin"]
    assert margin is not None
    assert (margin["to"], margin["mean"], margin["told"], margin["enough"]) == ("agents 4", 50.0, False, 123)
    assert (
        "'agents 4' keeps the targets, too, and these replications do not tell them apart: 'agents 3' is better in "
        "contribution by 50 CNY ± 276 CNY; about 123 replications would tell."
    ) in found["answer"]


def test_equal_ones_are_both_named_the_first_of_them_as_the_answer() -> None:
    found = record(compared(lambda place, n: 10.0 * n, AGENTS))
    assert (found["cheapest"], found["named"]) == ("agents 2", ["agents 2", "agents 3"])
    assert "'agents 3' comes to the same contribution, and keeps the targets, too." in found["answer"]
    balanced = record(compared(lambda place, n: 100.0 * ((place + n) % 2), ["team.shenzhen.agents=2,3"]))
    assert balanced["named"] == ["agents 2", "agents 3"]
    assert (
        "'agents 3' keeps the targets, too: on average it comes to the same contribution as 'agents 2' (± 184 CNY)."
    ) in balanced["answer"]


def test_of_one_replication_both_are_named_and_it_is_said_that_one_tells_nothing() -> None:
    found = record(compared(lambda place, n: 1000.0 * place, AGENTS, size=1))
    assert (found["cheapest"], found["named"]) == ("agents 4", ["agents 4", "agents 3"])
    assert found["margin"] == {
        "to": "agents 3",
        "mean": 1000.0,
        "low": None,
        "high": None,
        "told": False,
        "enough": None,
    }
    assert (
        "'agents 3' keeps the targets, too; one replication does not tell which of them is better in contribution."
    ) in found["answer"]


def test_a_variant_alone_has_no_margin() -> None:
    found = record(compared(lambda place, n: 1000.0, ["team.shenzhen.agents=2"]))
    assert (found["named"], found["margin"]) == (["agents 2"], None)


@pytest.mark.parametrize(
    ("by", "best", "mean"),
    [("contribution", "agents 4", 1000.0), ("total", "agents 4", 1000.0), ("labour", "agents 2", 1000.0)],
)
def test_variants_are_ranked_by_what_the_scenario_asks_for(by: str, best: str, mean: float) -> None:
    found = record(compared(lambda place, n: 1000.0 * place, AGENTS, settings=[f"cheapest={by}"]))
    assert (found["cheapest"], found["cheapest_by"], found["named"]) == (best, by, [best])
    assert found["margin"] is not None
    assert found["margin"]["mean"] == mean


def test_the_answer_tells_on_which_assumed_numbers_the_difference_hangs_most() -> None:
    rests = {"landed_cost_share": Rest(0.35, 0.15, 0.65, -1000.0)}

    def run(variants: Sequence[tuple[str, Scenario]], numbers: Sequence[int]) -> list[list[Result]]:
        amounts = (1000.0, 5000.0)
        return [
            [result(scenario, n, amounts[place], rests=rests if place else {}) for n in numbers]
            for place, (_, scenario) in enumerate(variants)
        ]

    found = compare_variants(plan(SHIPPED, ["team.shenzhen.agents=2,3"]), run)
    assert answer(found).endswith(
        "Of the assumed numbers the difference in contribution between 'agents 3' and 'agents 2' hangs most on "
        "landed_cost_share = 0.35 (from 0.175 to 0.65: 4,175 CNY to 3,700 CNY)."
    )
    (told,) = record(found)["money_rests_on"]
    assert (told["name"], told["value"], told["low"], told["high"]) == ("landed_cost_share", 0.35, 0.175, 0.65)
    assert (told["at_low"], told["at_high"]) == (pytest.approx(4175.0), pytest.approx(3700.0))
    by_labour = compare_variants(plan(SHIPPED, ["team.shenzhen.agents=2,3"], ["cheapest=labour"]), run)
    assert (record(by_labour)["money_rests_on"], "hangs" in answer(by_labour)) == ([], False)


def test_a_variant_alone_hangs_on_numbers_by_itself() -> None:
    rests = {"landed_cost_share": Rest(0.35, 0.15, 0.65, -1000.0)}
    found = compared(lambda place, n: 1000.0, ["team.shenzhen.agents=2"], rests=rests)
    assert answer(found).endswith(
        "Of the assumed numbers the contribution of 'agents 2' hangs most on landed_cost_share = 0.35 (from 0.175 to "
        "0.65: 1,175 CNY to 700 CNY)."
    )


# other channels


CHANNELS = ["marketplace.US.channels={MFN = 0.9, FBA = 0.1},{MFN = 0.5, FBA = 0.5}"]


def test_channels_differ_where_a_marketplace_of_both_has_other_shares() -> None:
    first = SHIPPED.scenario
    (us, *others) = first.marketplace
    fba = evolve(first.marketplace[us], channels={"MFN": 0.5, "FBA": 0.5})
    other = evolve(first, marketplace={**first.marketplace, us: fba})
    less = evolve(first, marketplace={name: first.marketplace[name] for name in others})
    same = evolve(first.marketplace[us], channels={**first.marketplace[us].channels, "SFP": 0.0})
    assert channels_differ([first, first, other])
    assert not channels_differ([first, first, less, evolve(first, marketplace={us: same})])
    assert not channels_differ([])


def test_nobody_is_named_among_variants_that_sell_through_other_channels() -> None:
    found = record(compared(lambda place, n: 1000.0 * place, CHANNELS))
    assert (found["cheapest"], found["named"], found["margin"]) == (None, [], None)
    first, second = (variant["name"] for variant in found["variants"])
    assert found["answer"].startswith(
        "No variant is named: they sell through other channels, and returns of what the marketplace ships are "
        "not simulated, so that what it ships would seem to have none."
    )
    assert f"'{first}', '{second}'" in found["answer"]
    assert found["money_rests_on"] == []
    by_labour = record(compared(lambda place, n: 1000.0 * place, CHANNELS, settings=["cheapest=labour"]))
    assert (by_labour["cheapest"], by_labour["named"]) == (None, [])


# currencies without a rate


def test_without_a_rate_the_answer_goes_by_labour_and_says_what_to_add(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(lambda place, n: None, AGENTS, unrated=("JPY", "EUR"))  # type: ignore[arg-type, return-value]
    told = record(found)
    assert (told["cheapest"], told["cheapest_by"], told["named"]) == ("agents 2", "labour", ["agents 2"])
    assert (told["unrated"], told["money_rests_on"]) == (["EUR", "JPY"], [])
    assert told["variants"][1]["metrics"]["contribution"] == {
        "mean": None,
        "low": None,
        "high": None,
        "difference": {"mean": None, "low": None, "high": None},
    }
    assert warnings(found)[0] == (
        "nobody says what one EUR is worth in CNY: total cost and contribution are not known (EUR, JPY), and the "
        "answer goes by labour. Add a table [rates] with on = the day, and EUR = the amount."
    )
    monkeypatch.setenv("COLUMNS", "120")
    table.show(found, told)
    shown = capsys.readouterr().out
    assert "money of cases" not in shown
    header = next(line.split() for line in shown.splitlines() if line.startswith("variant "))
    assert header == ["variant", "late", "order", "claims", "mean", "labour", "difference,", "targets"]
    assert "The cheapest variant that keeps the targets is 'agents 2': 2,000 CNY of labour in 70 days" in shown


def test_where_nobody_says_whether_prices_contain_vat_one_warning_says_so_for_all_variants() -> None:
    raw = {**SHIPPED.raw, "marketplace": {**SHIPPED.raw["marketplace"]}}
    for name in ("DE", "JP"):
        sales = {
            key: value for key, value in raw["marketplace"][name].items() if key not in ("prices_with_vat", "vat_share")
        }
        raw["marketplace"][name] = sales
    source = ScenarioFile.of("s.toml", raw, Path())
    run = lambda variants, numbers: [[result(one, n, 1.0) for n in numbers] for _, one in variants]  # noqa: E731
    assert [warning for warning in warnings(compare_variants(plan(source, AGENTS), run)) if "VAT" in warning] == [
        "nobody says whether prices contain VAT on DE, JP: nothing is taken out. Set marketplace.DE.prices_with_vat to "
        "true, with vat_share, or to false."
    ]
    assert not any("VAT" in warning for warning in warnings(compare_variants(plan(SHIPPED, AGENTS), run)))
