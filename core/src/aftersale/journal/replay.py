"""Replay: a journal put through the engine, as of any instant."""

from __future__ import annotations

import numpy as np
from attrs import define

from aftersale.base.collector import without_collector
from aftersale.base.errors import AftersaleError, FactRefused
from aftersale.cases.facts import Fact
from aftersale.clocks import Instant
from aftersale.engine.docket import Docket
from aftersale.journal.reading import Journal
from aftersale.orders import Order
from aftersale.policies.observers import Observers
from aftersale.policies.policy import Policies


@define
class Replay:
    """A replayed journal: the docket, and the refused facts, each with the reason."""

    docket: Docket
    refused: list[tuple[Fact, AftersaleError]]
    until: Instant


def replay(
    journal: Journal, policies: Policies, until: Instant | None = None, observers: Observers | None = None
) -> Replay:
    """Record the facts of a journal in a docket, and advance it to `until`.

    Without `until`, it advances to the last fact, or to the last order where there is no fact. Facts known after
    `until` are left out. A fact that the workflow or the rules refuse does not stop the replay; the facts that are
    still refused at the end are returned with their reasons.
    """
    with without_collector():
        return _replay(journal, policies, until, observers)


def _replay(journal: Journal, policies: Policies, until: Instant | None, observers: Observers | None) -> Replay:
    docket = Docket(policies, observers)
    orders = _orders_of_facts(journal)
    refused: list[tuple[Fact, AftersaleError]] = []
    for fact in journal.facts:
        if until is not None and fact.known_at > until:
            break
        try:
            docket.record(fact, orders[fact.order])
        except FactRefused:
            pass  # the docket keeps the fact: a fact that becomes known later may make it fit
        except AftersaleError as error:
            refused.append((fact, error))
    end = _end(journal) if until is None else until
    docket.advance(end)
    docket.passed.clear()
    refused += docket.misfits()
    return Replay(docket, _in_order(refused, journal), end)


def _in_order(refused: list[tuple[Fact, AftersaleError]], journal: Journal) -> list[tuple[Fact, AftersaleError]]:
    """Return refused facts in the order of the journal."""
    names = {id(fact) for fact, _ in refused}
    places = {id(fact): place for place, fact in enumerate(journal.facts) if id(fact) in names} if names else {}
    return sorted(refused, key=lambda refusal: places[id(refusal[0])])


def _end(journal: Journal) -> Instant:
    if journal.facts:
        return journal.facts[-1].known_at
    return int(journal.orders.purchased_at.max(initial=0))


def _orders_of_facts(journal: Journal) -> dict[str, Order]:
    """Return the orders that facts are about, by their ids; other orders never become objects."""
    names = {fact.order for fact in journal.facts}
    rows = [i for i, name in enumerate(journal.orders.ids) if name in names]
    return {order.id: order for order in journal.orders.picked(np.array(rows, np.int64))}
