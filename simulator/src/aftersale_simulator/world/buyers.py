"""Buyers: who writes, returns, claims and rates badly, and how this depends on lateness, silence and outcome."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import inf, log
from types import MappingProxyType

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.cases.model import Case
from aftersale.clocks import DAY, HOUR, Instant
from aftersale.orders import NEVER, Order, Orders
from aftersale.policies.worlds import Contact, Reaction
from aftersale_simulator.scenario.horizon import LocalDays
from aftersale_simulator.scenario.parameters import load_parameters
from aftersale_simulator.world.entities import CLAIM_IN_SILENCE, REMINDER, OrderState, ScheduledEvent
from aftersale_simulator.world.orders import HourProfile, fulfilled_by_marketplace, keys_of, objects
from aftersale_simulator.world.random_streams import Draws, Streams
from aftersale_simulator.world.world import World

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]
Flags = NDArray[np.bool_]
_LATE = re.compile(r"late_feedback_factor_(\d+)d")
LATEST = "late_feedback_factor_later"


def _lateness_classes() -> tuple[tuple[int, str], ...]:
    """Return (most days late, name of the declared factor on the rate of bad ratings up to that many days), sorted."""
    matches = (_LATE.fullmatch(parameter.name) for parameter in load_parameters())
    return tuple(sorted((int(match[1]), match[0]) for match in matches if match))


LATENESS = _lateness_classes()
NO_EVENTS: Mapping[tuple[str, str], str] = MappingProxyType({})
SILENCE = "silence"
"""The deadline after which a buyer without an answer may claim."""


@frozen(eq=False)
class FirstSteps:
    """What buyers do by themselves, before they get an answer, sorted by time.

    `kinds` are indices into `names`; `rows` are indices into `draws` and into `orders`, the few orders to which
    something happens.
    """

    names: tuple[str, ...]
    at: Instants
    kinds: NDArray[np.int64]
    rows: NDArray[np.int64]
    orders: tuple[Order, ...]
    draws: Draws


class _Crowd:
    """All orders of a marketplace with their random numbers, as columns."""

    def __init__(self, orders: Orders, streams: Streams, world: World) -> None:
        self.orders, self.streams, self.world = orders, streams, world
        self.keys = keys_of(orders)
        self.marketplace, self.size = orders.marketplaces[0], len(orders)
        self.cancelled: Flags = orders.cancelled_at != NEVER
        self.lost: Flags = (orders.delivered_at == NEVER) & ~self.cancelled
        self.late: Flags = self.lost | (orders.delivered_at > orders.promised_at)
        self.handled_elsewhere: Flags = fulfilled_by_marketplace(orders)
        self.arrived: Instants = np.where(self.lost | self.cancelled, orders.promised_at, orders.delivered_at)

    def uniform(self, purpose: str) -> Floats:
        return self.streams.uniform(self.keys, purpose, self.marketplace)

    def of(self, name: str) -> Floats:
        """The value of a parameter for each order."""
        return self.world.for_orders(name, self.orders)

    def later(self, purpose: str, mean: str, unit: int, where: Flags) -> Instants:
        """Exponential delays of the chosen orders, in microseconds."""
        if not where.any():
            return np.zeros(0, np.int64)
        draws = self.streams.exponential(self.keys[where], purpose, self.marketplace)
        return (draws * self.of(mean)[where] * unit).astype(np.int64)

    def rate(self, usual: str, late: str, lost: str) -> Floats:
        rate = self.instead(self.lost, lost, self.instead(self.late, late, self.of(usual)))
        return self.instead(self.cancelled, "cancelled_message_rate", rate)

    def instead(self, where: Flags, name: str, values: Floats) -> Floats:
        """These values with those of a parameter for the orders so marked; nothing is read where there are none."""
        return np.where(where, self.of(name), values) if where.any() else values


def first_steps(orders: Orders, days: LocalDays, hours: HourProfile, streams: Streams, world: World) -> FirstSteps:
    """Return the first steps of the buyers of one marketplace, within these days."""
    crowd = _Crowd(orders, streams, world)
    writers, written_at = _messages(crowd, days, hours)
    returners, requested_at = _returns(crowd)
    contacts = np.zeros(crowd.size, bool)
    contacts[writers] = contacts[returners] = True
    steps = {
        "buyer_message": (writers, written_at),
        "return_requested": (returners, requested_at),
        "claim_filed": _claims_without_contact(crowd),
        "feedback_left": _ratings(crowd, contacts),
        "chargeback_filed": _chargebacks(crowd),
    }
    steps = {fact: step for fact, step in steps.items() if fact not in world.absent}
    for contact in world.contacts:
        steps[contact.fact] = _join(steps.get(contact.fact), _contacts(crowd, contact))
    return _sort(crowd, steps, int(days.bounds[-1]))


def _sort(crowd: _Crowd, steps: dict[str, tuple[Instants, Instants]], end: Instant) -> FirstSteps:
    buyers = np.concatenate([indices for indices, _ in steps.values()])
    at = np.concatenate([times for _, times in steps.values()])
    kinds = np.repeat(np.arange(len(steps)), [len(indices) for indices, _ in steps.values()])
    inside = np.flatnonzero(at < end)
    order = inside[np.lexsort((kinds[inside], buyers[inside], at[inside]))]
    chosen, rows = np.unique(buyers[order], return_inverse=True)
    draws = Draws(crowd.streams, crowd.keys[chosen], crowd.marketplace)
    return FirstSteps(tuple(steps), at[order], kinds[order], rows, objects(crowd.orders, chosen), draws)


def _messages(crowd: _Crowd, days: LocalDays, hours: HourProfile) -> tuple[Instants, Instants]:
    rate = crowd.rate("message_rate", "late_message_rate", "lost_message_rate")
    factor = crowd.instead(crowd.handled_elsewhere, "message_factor_shipped_elsewhere", np.ones(crowd.size))
    writes = crowd.uniform("message") < rate * factor
    late = crowd.late[writes]
    after_promise = crowd.orders.promised_at[writes] + crowd.later(
        "message.late_delay", "late_message_delay_days", DAY, writes
    )
    after_purchase = crowd.orders.purchased_at[writes] + crowd.later("message.delay", "message_delay_days", DAY, writes)
    moment = np.where(late, after_promise, after_purchase)
    soon = moment < days.bounds[-1]
    writers = np.flatnonzero(writes)[soon]
    share = hours.share_of_day(crowd.streams.uniform(crowd.keys[writers], "message.hour", crowd.marketplace))
    return writers, _at_hours(moment[soon], share, days)


def _at_hours(moment: Instants, share: Floats, days: LocalDays) -> Instants:
    """Move each instant to its buyer's hour of the day: on the same local day, or the next if that is over."""
    last = len(days.bounds) - 2
    day = np.clip(np.searchsorted(days.bounds, moment, side="right") - 1, 0, last)
    at = days.bounds[day] + (share * days.lengths[day]).astype(np.int64)
    over = at < moment
    following = np.minimum(day + 1, last)
    next_day = days.bounds[following] + (share * days.lengths[following]).astype(np.int64)
    beyond = over & (day == last)
    return np.where(beyond, days.bounds[-1], np.where(over, next_day, at))


def _returns(crowd: _Crowd) -> tuple[Instants, Instants]:
    world = crowd.world
    by_category = np.array([world.get(f"return_rate_{name}", "return_rate") for name in crowd.orders.categories])
    rate = world.for_orders("return_rate", crowd.orders, by_category[crowd.orders.category])
    rate = rate * crowd.instead(crowd.late, "late_return_factor", np.ones(crowd.size))
    returns = (crowd.uniform("return") < rate) & ~crowd.lost & ~crowd.cancelled & ~crowd.handled_elsewhere
    returners = np.flatnonzero(returns)
    spread = crowd.streams.normal(crowd.keys[returners], "return.lag", crowd.marketplace)
    lag = crowd.of("return_lag_days")[returners] * np.exp(crowd.of("return_lag_sigma")[returners] * spread) * DAY
    return returners, crowd.orders.delivered_at[returners] + lag.astype(np.int64)


def _claims_without_contact(crowd: _Crowd) -> tuple[Instants, Instants]:
    rate = crowd.instead(crowd.late, "claim_rate_late", crowd.of("denied_rate"))
    rate = crowd.instead(crowd.lost, "claim_rate_lost", rate)
    claims = ~crowd.cancelled & ~crowd.handled_elsewhere & (crowd.uniform("claim.late") < rate)
    wait = (crowd.of("claim_wait_days")[claims] * DAY).astype(np.int64)
    delay = crowd.later("claim.late_delay", "claim_delay_hours", HOUR, claims)
    return np.flatnonzero(claims), crowd.orders.promised_at[claims] + wait + delay


def _ratings(crowd: _Crowd, contacts: Flags) -> tuple[Instants, Instants]:
    """Orders that may be rated badly; whether they are depends on what their buyers have been through by then."""
    rate = crowd.of("negative_feedback_rate") * _lateness(crowd)
    worst = np.maximum(crowd.of("negative_feedback_rate_unheard"), crowd.of("negative_feedback_rate_refused"))
    rate = np.where(contacts, np.maximum(rate, worst), rate)
    rates = crowd.uniform("feedback") < rate
    delay = crowd.later("feedback.delay", "feedback_delay_days", DAY, rates)
    return np.flatnonzero(rates), crowd.arrived[rates] + delay


def _lateness(crowd: _Crowd) -> Floats:
    """Return for each order the factor on the rate of bad ratings that its lateness brings."""
    days = (crowd.orders.delivered_at - crowd.orders.promised_at) / DAY
    conditions = [~crowd.late, *((days <= most) & ~crowd.lost for most, _ in LATENESS)]
    return np.select(conditions, [1.0, *(crowd.of(name) for _, name in LATENESS)], crowd.of(LATEST))


_SINCE = {"purchase": "purchased_at", "promise": "promised_at", "delivery": "delivered_at"}


def _contacts(crowd: _Crowd, contact: Contact) -> tuple[Instants, Instants]:
    """Orders whose buyers open a case as a plugin says; an order that never arrived has no delivery to count from."""
    began = getattr(crowd.orders, _SINCE[contact.since])
    chosen = (crowd.uniform(f"contact.{contact.fact}") < crowd.of(contact.rate)) & (began != NEVER)
    delay = crowd.later(f"contact.{contact.fact}.delay", contact.delay_days, DAY, chosen)
    return np.flatnonzero(chosen), began[chosen] + delay


def _join(first: tuple[Instants, Instants] | None, second: tuple[Instants, Instants]) -> tuple[Instants, Instants]:
    return second if first is None else (np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]]))


def _chargebacks(crowd: _Crowd) -> tuple[Instants, Instants]:
    charged = crowd.uniform("chargeback") < crowd.of("chargeback_rate")
    delay = crowd.later("chargeback.delay", "chargeback_delay_days", DAY, charged)
    return np.flatnonzero(charged), crowd.orders.purchased_at[charged] + delay


class Buyers:
    """What buyers do next, by the state of their cases; every random number belongs to their order."""

    def __init__(self, world: World) -> None:
        """Take the marketplace's world."""
        self._on = world.on

    def claims(self, state: OrderState, cases: Mapping[str, Case], at: Instant) -> str:
        """Return the claim that a buyer is about to file, if it is the first."""
        first, state.claimed = not state.claimed, True
        return "claim_filed" if first else ""

    def claims_in_silence(self, state: OrderState, cases: Mapping[str, Case], at: Instant) -> str:
        """Return the claim of a buyer who has waited long enough, if there is no answer yet."""
        contact = cases.get(state.behind)
        return self.claims(state, cases, at) if contact is not None and SILENCE in contact.missed else ""

    def reminds(self, state: OrderState, cases: Mapping[str, Case], at: Instant) -> str:
        """Return the reminder of a buyer who still waits for an answer."""
        case = cases[state.case(REMINDER)]
        if case.task is None:
            return ""
        state.reminders += 1
        return "buyer_message"

    def rates(self, state: OrderState, cases: Mapping[str, Case], at: Instant) -> str:
        """Return the bad rating of a buyer who may leave one, if what happened until now leads to it."""
        return "feedback_left" if state.draws.uniform("feedback", state.row) < self._rating_rate(state) else ""

    def _rating_rate(self, state: OrderState) -> float:
        at = state.order.purchased_at
        rate = self._on("negative_feedback_rate", state.order, at) * self._lateness(state, at)
        if state.unheard:
            rate = max(rate, self._on("negative_feedback_rate_unheard", state.order, at))
        return max(rate, self._on("negative_feedback_rate_refused", state.order, at)) if state.refused else rate

    def _lateness(self, state: OrderState, at: Instant) -> float:
        if not state.late:
            return 1.0
        promised, delivered = state.order.promised_at, state.order.delivered_at
        days = (delivered - promised) / DAY if promised is not None and delivered is not None else inf
        return self._on(next((name for most, name in LATENESS if days <= most), LATEST), state.order, at)

    def waiting(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After a message: without an answer the buyer writes again, and again, after random delays."""
        rate = self._on("reminder_rate", state.order, at)
        patience = state.draws.uniform(f"reminder.{state.touches}", state.row)
        if patience >= rate:
            return ()
        # The number of reminders is geometric: the probability of one more is always the rate. One draw gives it.
        moment, mean = float(at), self._on("reminder_delay_hours", state.order, at) * HOUR
        reminders = []
        for number in range(int(log(patience) / log(rate))):
            moment += state.draws.exponential(f"reminder.delay.{number}", state.row) * mean
            reminders.append((int(moment), REMINDER, state))
        return reminders

    def replied(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After a reply: the buyer writes again, or claims nevertheless, or is content."""
        turn, state.touches, state.reminders = state.touches, state.touches + 1, 0
        if state.draws.uniform(f"follow_up.{turn}", state.row) < self._on("follow_up_rate", state.order, at):
            delay = state.draws.exponential(f"follow_up.delay.{turn}", state.row)
            mean = self._on("follow_up_delay_hours", state.order, at)
            return ((at + int(delay * mean * HOUR), "buyer_message", state),)
        if state.draws.uniform("claim.answered", state.row) < self._claim_rate("claim_rate_answered", state, at):
            return self._claim(state, at)
        return ()

    def _claim_rate(self, name: str, state: OrderState, at: Instant) -> float:
        rate = self._on(name, state.order, at)
        return rate * self._on("claim_refused_factor", state.order, at) if state.refused else rate

    def unheard(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After a contact without an answer by the silence rule's deadline: the buyer will rate worse, and may claim.

        The probability of a claim grows with every further day without an answer.
        """
        state.unheard = True
        rate, growth = (
            self._claim_rate("claim_rate_silence", state, at),
            self._on("claim_silence_growth", state.order, at),
        )
        patience = state.draws.uniform("claim.silence", state.row)
        quiet = 1.0
        for day in range(round(self._on("claim_silence_days", state.order, at)) if rate else 0):
            quiet *= 1 - min(1.0, rate * (1 + growth * day))
            if patience < 1 - quiet:
                return ((self._claim_at(state, at) + day * DAY, CLAIM_IN_SILENCE, state),)
        return ()

    def offered(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After an offer of a part of the price: the buyer accepts it, or still wants to send the goods back."""
        accepts = state.draws.uniform("offer.accepted", state.row) < self._on("offer_accepted_rate", state.order, at)
        delay = state.draws.exponential("offer.delay", state.row) * self._on("offer_answer_hours", state.order, at)
        return ((at + int(delay * HOUR), "offer_accepted" if accepts else "offer_declined", state),)

    def authorised(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After an authorisation: the return is sent, or given up."""
        if state.draws.uniform("return.sent", state.row) < self._on("return_sent_rate", state.order, at):
            delay = state.draws.exponential("return.send_delay", state.row) * self._on(
                "return_send_days", state.order, at
            )
            return ((at + int(delay * DAY), "return_sent", state),)
        patience = self._on("return_abandoned_days", state.order, at)
        return ((at + int(patience * DAY), "return_abandoned", state),)

    def sent(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After the return was posted: it reaches the seller; the marketplace may refund it on the way."""
        events = []
        if state.draws.uniform("return.first_scan", state.row) < self._on("first_scan_refund_rate", state.order, at):
            delay = state.draws.exponential("return.scan_delay", state.row) * self._on(
                "first_scan_hours", state.order, at
            )
            events.append((at + int(delay * HOUR), "refunded_at_first_scan", state))
        delay = state.draws.exponential("return.transit", state.row) * self._on("return_transit_days", state.order, at)
        return (*events, (at + int(delay * DAY), "return_received", state))

    def declined(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After a declined return: the buyer may claim."""
        state.refused = True
        if state.draws.uniform("claim.declined", state.row) < self._on("claim_rate_declined", state.order, at):
            return self._claim(state, at)
        return ()

    def unpaid(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """After a refund missed its deadline: the marketplace may pay it, or the buyer may claim."""
        if state.draws.uniform("return.automatic_refund", state.row) < self._on(
            "automatic_refund_rate", state.order, at
        ):
            delay = state.draws.exponential("return.automatic_delay", state.row)
            mean = self._on("automatic_refund_days", state.order, at)
            return ((at + int(delay * mean * DAY), "marketplace_refunded", state),)
        if state.draws.uniform("claim.unpaid", state.row) < self._on("claim_rate_refund_late", state.order, at):
            return self._claim(state, at)
        return ()

    def _claim(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        return ((self._claim_at(state, at), "claim_filed", state),)

    def _claim_at(self, state: OrderState, at: Instant) -> Instant:
        delay = state.draws.exponential("claim.delay", state.row) * self._on("claim_delay_hours", state.order, at)
        return at + int(delay * HOUR)


class Reactions:
    """What may follow by the plugins when a case comes into a state: the first reaction that is drawn."""

    def __init__(
        self, world: World, reactions: Sequence[Reaction], events: Mapping[tuple[str, str], str] = NO_EVENTS
    ) -> None:
        """Take the reactions to one state of one kind of case; `events` name those whose fact other kinds share."""
        self._on, self._reactions, self._events = world.on, reactions, events

    def __call__(self, state: OrderState, at: Instant) -> Sequence[ScheduledEvent]:
        """Return what follows, if anything."""
        for reaction in self._reactions:
            purpose = f"{reaction.kind}.{reaction.state}.{reaction.fact}"
            purpose = f"{purpose}.{state.turn(purpose)}"
            if state.draws.uniform(purpose, state.row) < self._on(reaction.share, state.order, at):
                mean = self._on(reaction.delay_hours, state.order, at)
                delay = state.draws.exponential(f"{purpose}.delay", state.row) * mean
                event = self._events.get((reaction.kind, reaction.fact), reaction.fact)
                return ((at + int(delay * HOUR), event, state),)
        return ()
