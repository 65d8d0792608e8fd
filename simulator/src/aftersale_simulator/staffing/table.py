"""Staff reports: the roster that a search found, as plain data and as people read it, with the risk stated."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aftersale_simulator.show.numbers import number
from aftersale_simulator.show.wording import percent, text
from aftersale_simulator.staffing.record import StaffRecord, cost_of, erlang_told, roles, searched, spelled
from aftersale_simulator.staffing.search import Candidate, Found


def show(found: Found, told: StaffRecord, console: Console) -> None:
    """Print the answer, the roster, what more and less money buys, and what Erlang C would have said."""
    scenario = found.staffing.scenario
    console.print(Text(scenario.name, style="bold"))
    console.print(Text(searched(found)))
    console.print()
    if told["roster"]:
        console.print(_roster_table(told))
        console.print()
    console.print(Text(text("staff.frontier")))
    console.print(_trials_table(found, told))
    console.print()
    console.print(Text(told["answer"], style="bold"))
    if told["erlang_c"] is not None:
        console.print(Text(erlang_told(told["erlang_c"])))
    for warning in told["warnings"]:
        console.print(Text(text("report.warning", text=warning), style="yellow"))


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for name, is_number in columns:
        table.add_column(name, justify="right" if is_number else "left", vertical="top")
    return table


def _roster_table(told: StaffRecord) -> Table:
    table = _table(
        (text("staff.team"), False),
        (text("staff.pattern"), False),
        (text("staff.people"), True),
        (text("staff.cost", currency=told["currency"]), True),
    )
    for row in told["roster"]:
        table.add_row(Text(row["team"]), Text(row["pattern"]), str(row["people"]), number(row["cost"], 0))
    return table


def _trials_table(found: Found, told: StaffRecord) -> Table:
    table = _table(
        (text("staff.roster"), False),
        (text("staff.cost", currency=told["currency"]), True),
        (text("staff.kept"), True),
        (text("column.late_reply_rate"), True),
        (text("column.order_defect_rate"), True),
        ("", False),
    )
    for role, candidate in roles(found):
        table.add_row(
            Text(spelled(found, candidate.roster)),
            number(cost_of(candidate), 0),
            _share(candidate),
            number(100 * (candidate.figure("late_reply_rate").mean or 0.0), 1),
            number(100 * (candidate.figure("order_defect_rate").mean or 0.0), 2),
            Text(text(f"staff.{role}") if role else ""),
        )
    return table


def _share(candidate: Candidate) -> str:
    low, high = candidate.interval()
    return f"{candidate.kept}/{len(candidate.results)}\n{percent(low).removesuffix(' %')}–{percent(high)}"
