"""Due dates: how long it takes to make the tables of every marketplace's clocks, and to ask them.

    python core/benchmarks/due_dates.py --days 120 --starts 100000

Times are processor time, the best of five. `clock` is what the row itself takes for one start.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from aftersale.clocks import DAY, instant
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.due_dates.due_tables import DueTables
from aftersale.policies.due_dates.policy_clocks import timed_rows


def _best(call: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        begun = time.process_time()
        call()
        times.append(time.process_time() - begun)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--starts", type=int, default=100_000)
    days, starts = vars(parser.parse_args()).values()
    since = instant("2026-01-05T00:00Z")
    until = since + days * DAY
    drawn = np.random.default_rng(1).integers(since, until, starts)
    few = drawn[:2000].tolist()
    for name, policy in load_plugins().policies().items():
        tables = DueTables(policy, since, until)
        made = _best(lambda policy=policy: DueTables(policy, since, until))
        print(f"{name}: {len(tables.tables)} tables in {made * 1e3:.1f} ms")
        rows = {tables.table(row)[0]: row for row in timed_rows(policy, since, until) if not row.due and not row.until}
        calendar = policy.marketplace.calendar
        for table, row in rows.items():
            amount = tables.table(row)[1]
            asked = _best(lambda table=table, amount=amount: table.due(drawn, amount)) / starts
            by_clock = _best(lambda row=row, calendar=calendar: [row.due_after(at, calendar) for at in few]) / len(few)
            knots = f"{len(table.running.knots)} + {len(table.dues.knots)} knots"
            print(f"  {row.clock} {row.ends}, {knots}: {asked * 1e9:.0f} ns, clock {by_clock * 1e9:.0f} ns")


if __name__ == "__main__":
    main()
