"""Happenings: everything that may follow of itself in a scenario, with who says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TypedDict

from aftersale.policies.reactions import SCOPE, Reaction
from aftersale_simulator.resolved.scenario import ResolvedScenario
from aftersale_simulator.world.behaviour.in_force import InForce, Stated
from aftersale_simulator.world.behaviour.responses import drawn_by
from aftersale_simulator.world.world import World


class Happening(TypedDict):
    """One reaction as it is on a marketplace, or for some of its channels, categories and products.

    `follows` says what it follows, `brings` the fact, or the event for other reactions. Quantities are numbers, or
    names of parameters: `quantities` has all by their keys, `values` what parameters are on that marketplace. `says`
    has what the fact may say with its weights, by the keys of the form, such as `details_when.late`, in the
    marketplace's own words. `overridden` names who overrode it, the strongest last, `source` is that of the strongest.
    """

    reaction: str
    marketplace: str
    channels: list[str]
    categories: list[str]
    products: list[str]
    follows: str
    choice: str
    when: list[str]
    still: list[str]
    brings: str
    says: dict[str, dict[str, float]]
    share: float | str | None
    times: dict[str, float | str]
    at_least: dict[str, float | str]
    factor: float | str | None
    delay: float | str | None
    unit: str
    spread: str
    repeats: bool
    quantities: dict[str, float | str]
    hourly: bool
    by_category: bool
    draw: str
    values: dict[str, float]
    set_by: str
    overridden: list[str]
    source: str
    grade: str


def happenings(resolved: ResolvedScenario) -> Iterator[Happening]:
    """Yield every reaction in force by marketplace, then as it is where something narrower holds."""
    for marketplace, world in resolved.worlds.items():
        for reaction in world.behaviour.reactions:
            wide = [above for above in reaction.overrides if not _narrows(above.row)]
            yield _happening(marketplace, world, reaction, reaction.usual, wide)
            for above in reaction.overrides:
                if _narrows(above.row):
                    yield _happening(
                        marketplace, world, reaction, _narrowed(reaction, above.row), [*wide, above], above.row
                    )


def _narrows(row: Reaction) -> bool:
    return any(getattr(row, key) for key in SCOPE if key != "marketplaces")


def _narrowed(reaction: InForce, row: Reaction) -> Reaction:
    """Return a reaction as it is for orders of the first channel, category and product that a row names."""
    channel, category, product = (next(iter(names), "") for names in (row.channels, row.categories, row.products))
    return reaction.of((channel, category, product))


def _happening(
    marketplace: str,
    world: World,
    reaction: InForce,
    row: Reaction,
    above: Sequence[Stated],
    scope: Reaction | None = None,
) -> Happening:
    strongest = above[-1] if above else reaction.stated
    delay = row.delay_hours if row.delay_hours is not None else row.delay_days
    return Happening(
        reaction=reaction.name,
        marketplace=marketplace,
        channels=list(map(str, scope.channels if scope else ())),
        categories=list(map(str, scope.categories if scope else ())),
        products=list(map(str, scope.products if scope else ())),
        follows=follows(row),
        choice=row.choice or "",
        when=list(map(str, row.when or ())),
        still=list(map(str, row.still or ())),
        brings=str(row.fact or row.event),
        says=_says(row, world),
        share=_told(row.share),
        times={str(word): _known(value) for word, value in (row.times or {}).items()},
        at_least={str(word): _known(value) for word, value in (row.at_least or {}).items()},
        factor=_told(row.factor),
        delay=_told(delay),
        unit="" if delay is None else "hours" if row.delay_hours is not None else "days",
        spread="" if delay is None else row.spread or "exponential",
        repeats=bool(row.repeats),
        quantities=row.quantities(),
        hourly=bool(row.hourly),
        by_category=bool(row.by_category),
        draw=str(row.draw or drawn_by(row)),
        values={value: world[value] for value in row.quantities().values() if isinstance(value, str)},
        set_by=strongest.author,
        overridden=list(dict.fromkeys(chain(stated.origin for stated in above))),
        source=str(strongest.row.source or "assumed"),
        grade=str(strongest.row.grade),
    )


def _says(row: Reaction, world: World) -> dict[str, dict[str, float]]:
    called = partial(world.behaviour.called, str(row.fact))
    return {
        key: {called(str(word)): float(weight) for word, weight in table.items()}
        for key, table in row.sayings().items()
    }


def _known(quantity: object) -> float | str:
    assert isinstance(quantity, float | str)
    return quantity


def _told(quantity: object) -> float | str | None:
    return None if quantity is None else _known(quantity)


def follows(row: Reaction) -> str:
    """Return what a reaction follows, in the words of its form."""
    kind = f"{row.kind} " if row.kind else ""
    if row.after is not None:
        return f"after {row.after}" + (f" in {'/'.join(row.state)}" if row.state else "")
    if row.since is not None:
        return f"since {row.since}"
    if row.missed is not None:
        return f"{kind}missed {row.missed}"
    if row.done is not None:
        return f"done {row.done}"
    return f"{kind}{'/'.join(row.state)}"
