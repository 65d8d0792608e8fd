"""Table: the result of a roster search in a terminal, with its risk."""

from __future__ import annotations

from aftersale.base.tables import Table, show as show_parts
from aftersale.base.visible import lines
from aftersale_simulator.books.money import CONTRIBUTION, TOTAL
from aftersale_simulator.show.money import not_simulated
from aftersale_simulator.show.numbers import Numbers, number
from aftersale_simulator.show.tables import rows
from aftersale_simulator.show.wording import percent, text
from aftersale_simulator.staffing.record import (
    StaffRecord,
    cost_of,
    erlang_text,
    roles,
    roster_text,
    search_text,
    today_text,
)
from aftersale_simulator.staffing.search import Candidate, SearchResult


def show(outcome: SearchResult, record: StaffRecord) -> None:
    """Print the roster, what more and less money buys, the answer, and Erlang C's answer."""
    show_parts(outcome.staffing.scenario.name, today_text(outcome), bold=True)
    show_parts(search_text(outcome), *_money_note(outcome), "")
    if record["roster"]:
        show_parts(_roster_table(record), "")
    show_parts(text("staff.frontier"), _trials_table(outcome, record), "")
    show_parts(record["answer"], bold=True)
    if record["erlang_c"] is not None:
        show_parts(erlang_text(record["erlang_c"]))
    show_parts(*(text("report.warning", text=warning) for warning in record["warnings"]), fg="yellow")


def _money_note(outcome: SearchResult) -> list[str]:
    """Return what the money is without."""
    names = not_simulated([outcome.staffing.scenario])
    return [text("report.shipped", names=text("report.comma").join(names))] if names else []


def _roster_table(record: StaffRecord) -> Table:
    header = [text(f"staff.{word}") for word in ("team", "pattern", "people")]
    cost = text("staff.cost", currency=record["currency"])
    roster = ((row["team"], row["pattern"], str(row["people"]), number(row["cost"], 0)) for row in record["roster"])
    return rows([*header, cost], roster, numbers=(2, 3))


def _trials_table(outcome: SearchResult, record: StaffRecord) -> Table:
    header = (
        text("staff.roster"),
        text("staff.cost", currency=record["currency"]),
        *(text(f"column.{name}", currency=record["currency"]) for name in (TOTAL, CONTRIBUTION)),
        text("staff.kept"),
        text("column.late_reply_rate"),
        text("column.order_defect_rate"),
        "",
    )
    lines_ = (
        (
            roster_text(outcome, candidate.roster),
            number(cost_of(candidate), 0),
            *(_money(candidate, name) for name in (TOTAL, CONTRIBUTION)),
            _share(candidate),
            percentage(candidate, "late_reply_rate", 1),
            percentage(candidate, "order_defect_rate", 2),
            lines(*text(f"staff.{role}").split("\n")) if role else "",
        )
        for role, candidate in roles(outcome)
    )
    return rows(header, lines_, numbers=range(1, 7))


def _money(candidate: Candidate, name: str) -> str:
    """Return money of a roster with half of its interval, on two lines."""
    return Numbers().estimate(candidate.figure(name), name)


def percentage(candidate: Candidate, name: str, decimals: int) -> str:
    """Return a rate of a roster in per cent, as text."""
    mean = candidate.figure(name).mean
    return text("report.none") if mean is None else number(100 * mean, decimals)


def _share(candidate: Candidate) -> str:
    if not candidate.judged:
        return text("report.none")
    low, high = candidate.interval()
    return lines(f"{candidate.kept}/{candidate.judged}", f"{percent(low).removesuffix(' %')}–{percent(high)}")
