"""Clocks: the tables by which deadlines and windows of one marketplace are counted, as the kernel reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftersale.policies.due_dates.due_tables import DueTables
from aftersale.policies.policy import end_of_day
from aftersale_simulator.plan.tables.rows import add, count

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.clocks.tables.clock_table import ClockTable
    from aftersale.orders import Order
    from aftersale.policies.policy import Policy, Terms
    from aftersale.rules import Rule
    from aftersale_simulator.kernel.kernel import Tables

NO_CLOCK, FIXED = -1, -2
"""In the place of a table: nothing is counted; the end is an instant whatever the beginning."""


class LoweredClocks:
    """The clocks of one marketplace for beginnings from `since` up to `until`, as rows of the kernel's tables."""

    def __init__(self, tables: Tables, policy: Policy, since: Instant, until: Instant) -> None:
        """Ask each clock of the policy once."""
        self.since, self.until = since, until
        self._tables, self._zone = tables, policy.marketplace.zone
        self._due = DueTables(policy, since, until)
        self._rows: dict[int, int] = {}

    def of(self, row: Rule | None) -> tuple[int, int]:
        """Return the clock by which a row counts and how much of its own time, NO_CLOCK for no row."""
        if row is None:
            return NO_CLOCK, 0
        if row.until is not None:
            return FIXED, end_of_day(row.until, self._zone)
        table, amount = self._due.table(row)
        return self._row(table), amount * table.unit

    def window(self, terms: Terms, name: str, order: Order) -> int:
        """Return where the rows of an order's window begin, times 256, with how many there are; 0 for none."""
        rows = list(terms.window_rows(name, order))
        first = count(self._tables, "window_rows")
        for row in rows:
            add(self._tables, "window_rows", self.of(row))
        return first << 8 | len(rows) if rows else 0

    def _row(self, table: ClockTable) -> int:
        number = self._rows.get(id(table))
        if number is None:
            tables = self._tables
            row: list[int] = []
            for piecewise in (table.running, table.dues):
                row += [len(tables.knots), len(piecewise.knots)]
                tables.knots.extend(piecewise.knots.tolist())
                tables.reached.extend(piecewise.values.tolist())
            number = self._rows[id(table)] = add(tables, "clocks", row)
        return number
