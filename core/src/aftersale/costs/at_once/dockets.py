"""Dockets: the cost lines of all cases of a docket."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from aftersale.clocks import Instant
from aftersale.costs.at_once.booked import Ledgers
from aftersale.costs.at_once.classes import CostClasses
from aftersale.costs.at_once.paths import OrderPaths
from aftersale.costs.ledger import CostLine, Unpaid, in_order
from aftersale.engine.docket import Docket
from aftersale.engine.dossiers import Dossier
from aftersale.engine.moves import Movements
from aftersale.policies.policy import Policies
from aftersale.worth.parameters import Parameters, default_parameters

_AT_ONCE = 4096
"""How many orders are booked at once: more than that takes more memory, and hardly less time."""


def docket_costs(
    docket: Docket,
    policies: Policies,
    until: Instant,
    parameters: Parameters | None = None,
    high_return: Collection[str] = (),
    unpaid: list[Unpaid] | None = None,
) -> Iterable[CostLine]:
    """Yield the cost lines of all cases of a docket up to an instant, order by order; see `case_costs`."""
    classes = CostClasses(Movements(), high_return=high_return)
    dossiers = iter(docket.dossiers.values())
    while some := list(islice(dossiers, _AT_ONCE)):
        for lines, undone in _ledgers(some, policies, until, parameters or default_parameters(), classes):
            if unpaid is not None:
                unpaid += undone
            yield from in_order(lines)


def _ledgers(
    dossiers: Sequence[Dossier], policies: Policies, until: Instant, parameters: Parameters, classes: CostClasses
) -> Iterator[tuple[list[CostLine], list[Unpaid]]]:
    """Yield what each of some orders booked, nothing of those of which no case allows a fact."""
    paths: dict[str, OrderPaths] = {}
    places: list[tuple[str, int]] = []
    for dossier in dossiers:
        name = dossier.order.marketplace
        moves = dossier.moves(policies[name], until)
        if moves:
            of_place = paths.setdefault(name, OrderPaths())
            places.append((name, len(of_place)))
            of_place.add(dossier.order, classes.movements.taken(moves))
    ledgers: dict[str, Ledgers] = {}
    for name, of_place in paths.items():
        known = parameters.with_estimates(policies[name].costs.kinds)
        ledgers[name] = classes.booked(policies[name], known, of_place).ledgers()
    yield from (ledgers[name][place] for name, place in places)
