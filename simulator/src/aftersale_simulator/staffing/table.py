"""Table: the result of a roster search in a terminal, with its risk."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aftersale.base.visible import visible
from aftersale_simulator.show.numbers import number
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


def show(outcome: SearchResult, record: StaffRecord, console: Console) -> None:
    """Print the roster, what more and less money buys, the answer, and Erlang C's answer."""
    scenario = outcome.staffing.scenario
    console.print(Text(visible(scenario.name), style="bold"))
    console.print(Text(today_text(outcome), style="bold"))
    console.print(Text(search_text(outcome)))
    console.print()
    if record["roster"]:
        console.print(_roster_table(record))
        console.print()
    console.print(Text(text("staff.frontier")))
    console.print(_trials_table(outcome, record))
    console.print()
    console.print(Text(record["answer"], style="bold"))
    if record["erlang_c"] is not None:
        console.print(Text(erlang_text(record["erlang_c"])))
    for warning in record["warnings"]:
        console.print(Text(text("report.warning", text=warning), style="yellow"))


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for name, is_number in columns:
        table.add_column(name, justify="right" if is_number else "left", vertical="top")
    return table


def _roster_table(record: StaffRecord) -> Table:
    table = _table(
        (text("staff.team"), False),
        (text("staff.pattern"), False),
        (text("staff.people"), True),
        (text("staff.cost", currency=record["currency"]), True),
    )
    for row in record["roster"]:
        table.add_row(
            Text(visible(row["team"])), Text(visible(row["pattern"])), str(row["people"]), number(row["cost"], 0)
        )
    return table


def _trials_table(outcome: SearchResult, record: StaffRecord) -> Table:
    table = _table(
        (text("staff.roster"), False),
        (text("staff.cost", currency=record["currency"]), True),
        (text("staff.kept"), True),
        (text("column.late_reply_rate"), True),
        (text("column.order_defect_rate"), True),
        ("", False),
    )
    for role, candidate in roles(outcome):
        table.add_row(
            Text(visible(roster_text(outcome, candidate.roster))),
            number(cost_of(candidate), 0),
            _share(candidate),
            percentage(candidate, "late_reply_rate", 1),
            percentage(candidate, "order_defect_rate", 2),
            Text(text(f"staff.{role}") if role else ""),
        )
    return table


def percentage(candidate: Candidate, name: str, decimals: int) -> str:
    """Return a rate of a roster in per cent, as text."""
    mean = candidate.figure(name).mean
    return text("report.none") if mean is None else number(100 * mean, decimals)


def _share(candidate: Candidate) -> str:
    if not candidate.judged:
        return text("report.none")
    low, high = candidate.interval()
    return f"{candidate.kept}/{candidate.judged}\n{percent(low).removesuffix(' %')}–{percent(high)}"
