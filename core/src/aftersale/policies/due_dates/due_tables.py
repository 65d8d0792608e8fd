"""Due tables: one table for each clock by which a policy counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aftersale.base.errors import ClockError
from aftersale.clocks import Instant
from aftersale.clocks.tables.clock_table import ClockTable, clock_table
from aftersale.orders import Order
from aftersale.policies.due_dates.policy_clocks import clock_asked, policy_clocks
from aftersale.policies.policy import Policy, Terms, end_of_day
from aftersale.rules import Rule


class DueTables:
    """The tables of a policy's clocks, for whatever starts from `since` up to `until`.

    They hold under the terms of those days; `clocks` says which these are, and which deadlines have no table.
    """

    def __init__(self, policy: Policy, since: Instant, until: Instant) -> None:
        """Ask each clock of the policy once; raises ClockError for an empty span and for dates that no clock knows."""
        self.clocks = policy_clocks(policy, since, until)
        self.tables = {
            asked: clock_table(asked.clock, since, until, longest) for asked, longest in self.clocks.longest.items()
        }
        self._place = policy.marketplace

    def table(self, row: Rule) -> tuple[ClockTable, int]:
        """Return the table by which a row counts, and its amount, of which `due` of the table is to be asked.

        Raises ClockError for a row that a plugin's function answers or that has a last day, and for one whose clock is
        not in the policy between the two instants.
        """
        if row.due or row.until is not None:
            what = f"'{row}' has no table"
            raise ClockError(what, f"ask the function '{row.due}'" if row.due else "it ends with its last day")
        asked, amount = clock_asked(row, self._place.calendar)
        table = self.tables.get(asked)
        if table is None or amount > table.longest:
            raise ClockError(f"'{row}' has no table", "it is not in force in the span of these tables")
        return table, amount

    def ends(self, row: Rule, starts: ArrayLike) -> NDArray[np.int64]:
        """Return when a deadline or window of that row is over, int64, for a column of starts.

        Raises ClockError for starts outside the span, and for a row that a plugin's function answers.
        """
        if row.until is not None and not row.due:
            return np.full(np.shape(starts), end_of_day(row.until, self._place.zone), np.int64)
        table, amount = self.table(row)
        return table.due(starts, amount)

    def window_ends(self, terms: Terms, name: str, order: Order, starts: ArrayLike) -> NDArray[np.int64] | None:
        """Return when a window ends that begins at each of these starts, as `Terms.window_end`; None where none is set.

        `order` stands for all orders whose windows begin there: conditions of the rows must hold for all of them or for
        none, those on the day of purchase too. Raises ClockError as `ends` does.
        """
        ends = [self.ends(row, starts) for row in terms.window_rows(name, order)]
        return np.maximum.reduce(ends) if ends else None
