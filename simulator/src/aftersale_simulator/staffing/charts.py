"""The page of a search for a roster: the answer first, then who works when, and what more and less money buys."""

from __future__ import annotations

from collections.abc import Iterator

from aftersale.clocks import DAY
from aftersale_simulator.show import plots
from aftersale_simulator.show.html import document, header
from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.plots import Limit, Spot
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import percent, text
from aftersale_simulator.staffing.record import StaffRecord, erlang_told, roles, searched, spelled
from aftersale_simulator.staffing.search import Candidate, Found

COST = "labour_cost"


def staff_page(found: Found, told: StaffRecord) -> str:
    """Return a search as one HTML document, in the language that is being spoken; `told` is its record."""
    scenario = found.staffing.scenario
    about = [searched(found)]
    if told["erlang_c"] is not None:
        about.append(erlang_told(told["erlang_c"]))
    opening = [*header(scenario.name, told["answer"], told["warnings"], about), "</header>"]
    sections = [section for section in _sections(found, told) if section is not None]
    made = text("staff.made", name=scenario.name, seed=scenario.seed)
    return document(text("staff.title", name=scenario.name), opening, sections, made)


def _sections(found: Found, told: StaffRecord) -> Iterator[Section | None]:
    yield _roster(told)
    yield _frontier(found)


def _roster(told: StaffRecord) -> Section | None:
    if not told["roster"]:
        return None
    currency = told["currency"]
    keys = ("team", "pattern", "people")
    heads = (*(text(f"staff.{key}") for key in keys), " ".join(text("staff.cost", currency=currency).split()))
    rows = tuple((row["team"], row["pattern"], str(row["people"]), number(row["cost"], 0)) for row in told["roster"])
    return Section("roster", text("staff.roster"), text("staff.roster_lead"), tables=(Table(heads, rows, words=2),))


def _frontier(found: Found) -> Section | None:
    shown = list(roles(found))
    if not shown:
        return None
    scenario = found.staffing.scenario
    wanted = Limit(100 * found.wanted, text("page.target", value=percent(found.wanted)))
    names = [f"{place}  {_name(found, role, candidate)}" for place, (role, candidate) in enumerate(shown, 1)]
    colours = [plots.CHOSEN if role == "fresh" else plots.OTHER for role, _ in shown]
    costs = [candidate.figure(COST).mean or 0.0 for _, candidate in shown]
    shares = [candidate.share() for _, candidate in shown]
    trade = plots.trade(
        names,
        costs,
        shares,
        colours,
        [place for place, (role, _) in enumerate(shown) if not role],
        text("trade.cost", currency=scenario.currency),
        text("trade.share"),
        wanted,
    )
    spots = [
        Spot(name, f"{candidate.kept}/{len(candidate.results)}", 100 * share, 100 * low, 100 * high, colour)
        for name, (_, candidate), share, colour in zip(names, shown, shares, colours, strict=True)
        for low, high in [candidate.interval()]
    ]
    dots = plots.dots(spots, text("chances.unit"), wanted, (-3, 103))
    drawn = (
        Picture(text("trade.caption"), trade, wide=True),
        Picture(text("chances.all"), dots, wide=True),
    )
    rates = ("column.late_reply_rate", "column.order_defect_rate")
    heads = ("", text("staff.roster"), text("trade.cost", currency=scenario.currency), *map(_line, rates))
    rows = tuple(
        (str(place), _name(found, role, candidate), number(cost, 0), *_rates(candidate))
        for place, ((role, candidate), cost) in enumerate(zip(shown, costs, strict=True), 1)
    )
    best = frozenset(place for place, (role, _) in enumerate(shown) if role == "fresh")
    marks = tuple(Mark(colour, name) for colour, name in zip(colours, names, strict=True))
    lead = text("staff.frontier_lead", days=scenario.period.measured // DAY)
    return Section("frontier", text("trade.title"), lead, drawn, (Table(heads, rows, best, 2),), marks)


def _name(found: Found, role: str, candidate: Candidate) -> str:
    told = spelled(found, candidate.roster)
    return f"{told} ({_line(f'staff.{role}')})" if role else told


def _line(key: str) -> str:
    return " ".join(text(key).split())


def _rates(candidate: Candidate) -> tuple[str, str]:
    late, defects = (candidate.figure(name).mean for name in ("late_reply_rate", "order_defect_rate"))
    return number(100 * (late or 0.0), 1), number(100 * (defects or 0.0), 2)
