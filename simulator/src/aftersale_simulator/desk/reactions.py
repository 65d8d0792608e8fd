"""Reactions: what buyers and the marketplace do when a case has moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from aftersale.clocks import Instant
from aftersale_simulator.world.buyers import Buyers, Reactions
from aftersale_simulator.world.entities import OrderState, ScheduledEvent
from aftersale_simulator.world.investigators import Investigators
from aftersale_simulator.world.world import World

Follow = Callable[[OrderState, Instant], Iterable[ScheduledEvent]]


def reactions_of(
    buyers: Buyers, investigators: Investigators, world: World, events: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], Follow]:
    """Return the reactions by (kind, state) of the case, those of plugins after the simulator's.

    `events` are the events by which facts come about that their kind of case shares with another, by (kind, fact).
    """
    reactions: dict[tuple[str, str], Follow] = {
        ("message", "awaiting_reply"): buyers.waiting,
        ("message", "answered"): buyers.replied,
        ("return", "offered"): buyers.offered,
        ("return", "authorised"): buyers.authorised,
        ("return", "labelled"): buyers.authorised,
        ("return", "sent"): buyers.sent,
        ("return", "declined"): buyers.declined,
        ("return", "declined_in_policy"): buyers.declined,
        ("claim", "filed"): investigators.filed,
        ("claim", "under_review"): investigators.reviewed,
        ("claim", "appealed"): investigators.appealed,
    }
    for key, plugin_reactions in world.reactions.items():
        reactions[key] = _join(reactions.get(key), Reactions(world, plugin_reactions, events))
    return reactions


def _join(first: Follow | None, second: Follow) -> Follow:
    return second if first is None else lambda state, at: chain(first(state, at), second(state, at))
