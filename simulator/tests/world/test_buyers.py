"""Buyers and the marketplace: what silence, lateness, refusals and offers lead to, against what was declared."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from attrs import frozen

from aftersale.cases.model import Case
from aftersale.cases.workflow import default_workflow
from aftersale.orders import Order
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.testing import reference
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs.recording import Recording
from aftersale_simulator.runs.results import Result
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import parse_scenario
from aftersale_simulator.world.behaviour.responses import Responses
from aftersale_simulator.world.entities import OrderState
from aftersale_simulator.world.random_streams import Draws, Streams
from aftersale_simulator.world.world import World

pytestmark = pytest.mark.once
QUIET = {
    "message_rate": 0.0,
    "message_delay_days": 0.0,
    "late_delivery_rate": 0.0,
    "lost_rate": 0.0,
    "late_dispatch_rate": 0.0,
    "seller_cancel_rate": 0.0,
    "denied_rate": 0.0,
    "follow_up_rate": 0.0,
    "return_rate": 0.0,
    "claim_rate_answered": 0.0,
    "claim_rate_silence": 0.0,
    "claim_delay_hours": 0.0,
    "reminder_rate": 0.0,
    "negative_feedback_rate": 0.0,
    "negative_feedback_rate_unheard": 0.0,
    "negative_feedback_rate_refused": 0.0,
    "chargeback_rate": 0.0,
    "automatic_refund_rate": 0.0,
    "claim_rate_refund_late": 0.0,
    "return_lag_days": 1.0,
    "return_lag_sigma": 0.0,
    "return_sent_rate": 1.0,
}
"""A world in which nothing happens but what a test says."""
ALWAYS = {"days": "Mon-Sun", "hours": "00:00-24:00"}
NO_DECIDERS = {"zone": "Atlantic/Reykjavik", "agents": 0, "shifts": [ALWAYS]}
EVERYBODY = {"zone": "Atlantic/Reykjavik", "agents": 60, "shifts": [ALWAYS]}


@frozen(eq=False)
class Played:
    """One replication: what was recorded, by table, and its result."""

    tables: dict[str, pl.DataFrame]
    result: Result

    def when(self, kind: str) -> pl.DataFrame:
        """Return when facts of a kind happened, by order."""
        facts = self.tables["facts"].filter(pl.col("kind") == kind)
        return facts.select("order", pl.col("occurred_at").alias(kind))

    def bought_before(self, month: int, day: int) -> pl.DataFrame:
        """Return the orders bought before a day of 2026."""
        until = pl.datetime(2026, month, day, time_zone="UTC")
        return self.tables["orders"].filter(pl.col("purchased_at") < until).select("order")


Play = Callable[..., Played]


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins((), {"reference": reference})


@pytest.fixture
def play(plugins: Plugins, tmp_path: Path) -> Play:
    """Run eight weeks of 300 orders a day, whose returns a person decides, with this world and team."""

    def played(world: dict[str, float], team: dict[str, object], minutes: float = 0.0) -> Played:
        tasks = ("reply", "decide_return", "refund", "submit_evidence", "appeal", "send_label")
        sales = {"orders_per_day": 300.0, "price": {"median": "25"}, "dispersion": 1.0, "exempt": 1.0}
        raw = {
            "name": "buyers",
            "currency": "EUR",
            "period": {"start": date(2026, 3, 2), "measured": "56 d", "warm_up": "0 d"},
            "marketplace": {"REF": {**sales, "hourly": [1.0] * 24, "weekly": [1.0] * 7}},
            "team": {"desk": team},
            "handling": {task: {"mean": f"{minutes} min", "shape": "fixed"} for task in tasks},
            "world": {**QUIET, **world},
        }
        folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        result = run(resolve(parse_scenario(raw, "test"), plugins), 1, record=Recording(folder))
        return Played({file.stem: pl.read_parquet(file) for file in folder.glob("*.parquet")}, result)

    return played


def share(whole: int, expected: float) -> object:
    """Return the expected share of so many, to within four standard deviations."""
    assert whole > 300
    return pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / whole))


def test_the_chance_of_a_claim_grows_with_every_day_of_silence(play: Play) -> None:
    run = play({"message_rate": 1.0, "claim_rate_silence": 0.1, "claim_silence_growth": 1.0}, NO_DECIDERS)
    written = run.when("buyer_message").join(run.bought_before(4, 1), on="order", how="semi")
    claims = run.when("claim_filed").join(written, on="order")
    days = ((claims["claim_filed"] - claims["buyer_message"]).dt.total_hours() // 24 - 2).to_list()
    assert set(days) <= set(range(10))
    quiet = 1.0
    for day in range(10):
        chance = min(1.0, 0.1 * (1 + day))
        assert days.count(day) / written.height == share(written.height, quiet * chance)
        quiet *= 1 - chance


def test_who_is_answered_does_not_claim_of_silence_any_more(play: Play) -> None:
    mondays = {**NO_DECIDERS, "agents": 400, "shifts": [{"days": "Mon", "hours": "00:00-24:00"}]}
    run = play({"message_rate": 1.0, "claim_rate_silence": 0.3, "claim_silence_growth": 0.0}, mondays)
    # Messages of Tuesdays pass the silence rule on Thursdays; on Mondays everybody is answered.
    claimed_on = run.when("claim_filed")["claim_filed"].dt.weekday()
    assert len(claimed_on) > 1000
    assert set(claimed_on.to_list()) == {4, 5, 6, 7}


def test_buyers_remind_while_they_wait_and_no_longer(play: Play) -> None:
    world = {"message_rate": 1.0, "reminder_rate": 0.5, "reminder_delay_hours": 10.0}
    run = play(world, NO_DECIDERS)
    counts = run.when("buyer_message").join(run.bought_before(4, 15), on="order", how="semi").group_by("order").len()
    for count_text in (1, 2, 3):
        assert (counts["len"] == count_text).mean() == share(counts.height, 0.5**count_text)
    answered = play(world, EVERYBODY)
    assert not answered.when("buyer_message")["order"].is_duplicated().any()


def test_reminders_make_the_answer_longer(play: Play) -> None:
    mornings = {**NO_DECIDERS, "agents": 400, "shifts": [{"days": "Mon-Sun", "hours": "09:00-21:00"}]}
    world = {"message_rate": 1.0, "reminder_rate": 0.5, "reminder_delay_hours": 1.0}
    without, more = (play({**world, "reminder_handling": extra}, mornings, 6.0) for extra in (0.0, 1.0))
    reminders = more.when("buyer_message").height - more.tables["orders"].height
    assert reminders > 1000
    longer = more.result.busy_hours - without.result.busy_hours
    # Those that come while somebody answers already, and those of the last night, make nothing longer.
    assert reminders * 0.9 < longer * 10 < reminders


def test_bad_ratings_come_more_often_the_later_the_order_is(play: Play) -> None:
    late = {"late_delivery_rate": 1.0, "late_delivery_days": 4.0, "promise_days": 1.0, "early_days": 0.0}
    factors = {"3d": 2.0, "7d": 4.0, "14d": 6.0, "later": 8.0}
    world = {f"late_feedback_factor_{name}": factor for name, factor in factors.items()}
    run = play({**late, **world, "negative_feedback_rate": 0.1, "feedback_delay_days": 0.0}, NO_DECIDERS)
    orders = run.tables["orders"].filter(pl.col("purchased_at") < pl.datetime(2026, 4, 10, time_zone="UTC"))
    days = (orders["delivered_at"] - orders["promised_at"]).dt.total_microseconds() / 86_400e6
    rated = orders["order"].is_in(run.when("feedback_left")["order"].to_list())
    for low, high, factor in ((0, 3, 2.0), (3, 7, 4.0), (7, 14, 6.0), (14, 99, 8.0)):
        mine = rated.filter((days > low) & (days <= high))
        assert mine.mean() == share(len(mine), 0.1 * factor)


def test_a_cancelled_order_is_not_rated_as_one_that_came_late(play: Play) -> None:
    world = {"seller_cancel_rate": 1.0, "cancelled_message_rate": 1.0, "late_feedback_factor_later": 8.0}
    world |= {"negative_feedback_rate": 0.05, "negative_feedback_rate_unheard": 0.9, "feedback_delay_days": 0.0}
    run = play(world, EVERYBODY)
    rated = run.when("feedback_left").join(run.bought_before(4, 10), on="order", how="semi")
    orders = run.bought_before(4, 10).height
    assert rated.height / orders == share(orders, 0.05)


def test_a_refused_wish_is_rated_and_claimed_more_often(play: Play) -> None:
    wish = {"return_rate": 1.0, "return_authorised_rate": 0.0, "message_rate": 1.0, "claim_rate_declined": 0.0}
    wish |= {"message_delay_days": 12.0, "negative_feedback_rate_refused": 0.4, "feedback_delay_days": 1.0}
    run = play({**wish, "claim_rate_answered": 0.1, "claim_refused_factor": 3.0}, EVERYBODY)
    refused = run.when("return_declined").join(run.bought_before(4, 1), on="order", how="semi")
    asked = refused.join(run.when("buyer_message"), on="order")
    after = asked.filter(pl.col("buyer_message") > pl.col("return_declined"))
    before = asked.filter(pl.col("buyer_message") < pl.col("return_declined"))
    claims = run.when("claim_filed")["order"].to_list()
    for rows, chance in ((after, 0.3), (before, 0.1)):
        assert rows["order"].is_in(claims).mean() == share(rows.height, chance)
    assert run.when("feedback_left").height > 300


def test_an_offer_of_a_part_is_accepted_or_leads_back_to_the_decision(play: Play) -> None:
    world = {"return_rate": 1.0, "partial_offer_rate": 0.5, "offer_accepted_rate": 0.6, "return_authorised_rate": 1.0}
    run = play(world, EVERYBODY)
    mine = run.bought_before(4, 1)
    counts = {
        kind: run.when(kind).join(mine, on="order", how="semi").height
        for kind in ("return_requested", "partial_refund_offered", "offer_accepted", "offer_declined")
    }
    offered = counts["partial_refund_offered"]
    assert offered / counts["return_requested"] == share(counts["return_requested"], 0.5)
    assert counts["offer_accepted"] / offered == share(offered, 0.6)
    assert counts["offer_accepted"] + counts["offer_declined"] == offered
    declined = run.when("offer_declined").join(mine, on="order", how="semi")
    assert declined.join(run.when("return_authorised"), on="order").height == declined.height
    states = run.tables["cases"].filter(pl.col("order").is_in(run.when("offer_accepted")["order"].to_list()))["state"]
    assert states.unique().to_list() == ["refunded"]


def test_what_the_marketplace_refunds_at_the_first_scan_is_paid_before_it_is_back(play: Play) -> None:
    world = {"return_rate": 1.0, "return_authorised_rate": 1.0, "first_scan_refund_rate": 0.7, "first_scan_hours": 1.0}
    run = play({**world, "return_transit_days": 5.0, "return_send_days": 1.0}, EVERYBODY)
    sent = run.when("return_sent").join(run.bought_before(4, 1), on="order", how="semi")
    scanned = sent.join(run.when("refunded_at_first_scan"), on="order")
    # A return that is back within the hour is not scanned any more.
    assert 0.65 < scanned.height / sent.height < 0.71
    refunded = run.when("refunded")["order"].to_list()
    assert not scanned["order"].is_in(refunded).any()


def test_the_marketplace_refunds_what_the_seller_does_not_or_the_buyer_claims() -> None:
    world = World({"automatic_refund_rate": 0.6, "claim_rate_refund_late": 0.5})
    missed = Responses(world, default_workflow()).misses["return", "refund_after_receipt"]
    order, received = Order("O-1", "REF", 0, "MFN", 1, "EUR"), Case("O-1-R", "return", "REF", "O-1", "received", 0, 0)
    draws = Draws(Streams(1, 1), np.arange(4000), "REF")
    states = (OrderState(order, draws, row, 0) for row in range(4000))
    kinds = [response.fact for state in states for _, response, _ in missed.begin(state, 0, received, {})]
    assert kinds.count("marketplace_refunded") / 4000 == share(4000, 0.6)
    assert kinds.count("claim_filed") / 4000 == share(4000, 0.4 * 0.5)


@pytest.mark.parametrize(("team", "won"), [(EVERYBODY, 0.9), (NO_DECIDERS, 0.1)])
def test_claims_are_won_with_evidence_and_lost_without(play: Play, team: dict[str, object], won: float) -> None:
    world = {"late_delivery_rate": 1.0, "claim_rate_late": 1.0, "claim_wait_days": 0.0, "information_request_rate": 0.0}
    rates = {"claim_win_rate": 0.9, "claim_win_rate_undocumented": 0.1, "marketplace_funded_share": 0.0}
    run = play({**world, **rates, "promise_days": 1.0, "claim_decision_days": 1.0}, team)
    denied, granted = run.when("claim_denied").height, run.when("claim_granted").height
    assert denied / (denied + granted) == share(denied + granted, won)


def test_incomplete_evidence_is_none(play: Play) -> None:
    world = {"late_delivery_rate": 1.0, "claim_rate_late": 1.0, "claim_wait_days": 0.0, "information_request_rate": 0.0}
    rates = {"claim_win_rate": 1.0, "claim_win_rate_undocumented": 0.0, "marketplace_funded_share": 0.0}
    run = play({**world, **rates, "promise_days": 1.0, "evidence_complete_rate": 0.3}, EVERYBODY)
    denied, granted = run.when("claim_denied").height, run.when("claim_granted").height
    assert denied / (denied + granted) == share(denied + granted, 0.3)
