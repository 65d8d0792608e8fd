"""Entities: the few orders to which something happens, as they pass through the simulation."""

from __future__ import annotations

from attrs import Factory, define

from aftersale.orders import Order
from aftersale_simulator.world.random_streams import Draws


@define(eq=False)
class OrderState:
    """The state of one order in a run: its row of the draws, and what its buyer has been through.

    `bits` are the conditions of orders that hold for it, `marks` counts what it has been through. `behind` is the
    contact that a claim would follow, `turns` counts how often each random number was asked for. `longer` says of a
    case by which parameters, and how often each, its task takes longer than usual.
    """

    order: Order
    draws: Draws
    row: int
    bits: int
    marks: dict[str, int] = Factory(dict)
    behind: str = ""
    turns: dict[str, int] = Factory(dict)
    longer: dict[str, dict[object, int]] = Factory(dict)

    @property
    def answers(self) -> int:
        """How many of its messages were answered: the turn of the conversation, from 0."""
        return self.marks.get("answered", 0)

    def turn(self, draw: str) -> int:
        """Return how often this random number was asked for before, and count this time."""
        turn = self.turns.get(draw, 0)
        self.turns[draw] = turn + 1
        return turn
