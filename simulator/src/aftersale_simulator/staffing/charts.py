"""Charts: the page of a roster search, with the answer, who works when, and what more and less money buys."""

from __future__ import annotations

from collections.abc import Iterator

from aftersale.clocks import DAY
from aftersale_simulator.runs.results import COST
from aftersale_simulator.show import plots
from aftersale_simulator.show.html import document, header
from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.plots import Limit, Spot
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import percent, text
from aftersale_simulator.staffing.record import StaffRecord, erlang_text, roles, roster_text, search_text, today_text
from aftersale_simulator.staffing.search import Candidate, SearchResult
from aftersale_simulator.staffing.table import percentage


def staff_page(outcome: SearchResult, record: StaffRecord) -> str:
    """Return a search as one HTML document, in the current language; `record` is its record."""
    scenario = outcome.staffing.scenario
    about = [today_text(outcome), search_text(outcome)]
    if record["erlang_c"] is not None:
        about.append(erlang_text(record["erlang_c"]))
    opening = [*header(scenario.name, record["answer"], record["warnings"], about), "</header>"]
    sections = [section for section in _sections(outcome, record) if section is not None]
    footer = text("staff.made", name=scenario.name, seed=scenario.seed)
    return document(text("staff.title", name=scenario.name), opening, sections, footer)


def _sections(outcome: SearchResult, record: StaffRecord) -> Iterator[Section | None]:
    yield _roster(record)
    yield _frontier(outcome)


def _roster(record: StaffRecord) -> Section | None:
    if not record["roster"]:
        return None
    currency = record["currency"]
    keys = ("team", "pattern", "people")
    heads = (*(text(f"staff.{key}") for key in keys), " ".join(text("staff.cost", currency=currency).split()))
    rows = tuple((row["team"], row["pattern"], str(row["people"]), number(row["cost"], 0)) for row in record["roster"])
    return Section("roster", text("staff.roster"), text("staff.roster_lead"), tables=(Table(heads, rows, words=2),))


def _frontier(outcome: SearchResult) -> Section | None:
    entries = list(roles(outcome))
    if not entries or not all(candidate.judged for _, candidate in entries):
        return None
    scenario = outcome.staffing.scenario
    wanted = Limit(100 * outcome.wanted, text("page.target", value=percent(outcome.wanted)))
    names = [f"{position}  {_name(outcome, role, candidate)}" for position, (role, candidate) in enumerate(entries, 1)]
    colours = [{"fresh": plots.CHOSEN, "as_it_is": plots.FIRST}.get(role, plots.OTHER) for role, _ in entries]
    costs = [candidate.figure(COST).mean or 0.0 for _, candidate in entries]
    shares = [candidate.kept / candidate.judged for _, candidate in entries]
    trade = plots.trade(
        names,
        costs,
        shares,
        colours,
        [position for position, (role, _) in enumerate(entries) if not role],
        text("trade.cost", currency=scenario.currency),
        text("trade.share"),
        wanted,
    )
    spots = [
        Spot(name, f"{candidate.kept}/{candidate.judged}", 100 * share, 100 * low, 100 * high, colour)
        for name, (_, candidate), share, colour in zip(names, entries, shares, colours, strict=True)
        for low, high in [candidate.interval()]
    ]
    dots = plots.dots(spots, text("chances.unit"), wanted, (-3, 103))
    pictures = (
        Picture(text("trade.caption"), trade, wide=True),
        Picture(text("chances.all"), dots, wide=True),
    )
    rates = ("column.late_reply_rate", "column.order_defect_rate")
    heads = ("", text("staff.roster"), text("trade.cost", currency=scenario.currency), *map(_line, rates))
    rows = tuple(
        (str(position), _name(outcome, role, candidate), number(cost, 0), *_rates(candidate))
        for position, ((role, candidate), cost) in enumerate(zip(entries, costs, strict=True), 1)
    )
    best = frozenset(position for position, (role, _) in enumerate(entries) if role == "fresh")
    marks = tuple(Mark(colour, name) for colour, name in zip(colours, names, strict=True))
    lead = text("staff.frontier_lead", days=scenario.period.measured // DAY)
    return Section("frontier", text("trade.title"), lead, pictures, (Table(heads, rows, best, 2),), marks)


def _name(outcome: SearchResult, role: str, candidate: Candidate) -> str:
    roster = roster_text(outcome, candidate.roster)
    return f"{roster} ({_line(f'staff.{role}')})" if role else roster


def _line(key: str) -> str:
    return " ".join(text(key).split())


def _rates(candidate: Candidate) -> tuple[str, str]:
    return percentage(candidate, "late_reply_rate", 1), percentage(candidate, "order_defect_rate", 2)
