"""Left: what a run of the kernel leaves, in the form in which a docket leaves it."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aftersale.cases.model import Case
from aftersale.engine.columns import Running
from aftersale.engine.tally import Key, Tally

if TYPE_CHECKING:
    from aftersale.clocks import Instant
    from aftersale.policies.policy import Policy
    from aftersale_simulator.kernel.kernel import Kernel, Longs
    from aftersale_simulator.plan.asking import Asking
    from aftersale_simulator.plan.plan import Plan
    from aftersale_simulator.plan.steps import KernelSteps
    from aftersale_simulator.plan.tables.names import Names


_NO_NUMBERS = np.zeros(0, np.int64)


class _KernelRows(Mapping[Key, "array[int]"]):
    """Rows that the kernel adds to, by marketplace and name; they are read where it keeps them."""

    def __init__(self) -> None:
        self._columns: list[Longs] = []
        self._names: Names[Key] | None = None

    def follow(self, columns: list[Longs], names: Names[Key]) -> None:
        """Begin with what the kernel keeps; `names` are those of its keys."""
        self._columns, self._names = columns, names

    def size(self, key: Key) -> int:
        column = self._column(key)
        return 0 if column is None else len(column)

    def numbers(self, key: Key, first: int = 0) -> NDArray[np.int64]:
        column = self._column(key)
        if column is None or len(column) <= first:
            return _NO_NUMBERS
        return np.frombuffer(column.column(first), np.int64)

    def _column(self, key: Key) -> Longs | None:
        number = None if self._names is None else self._names.known(key)
        return self._columns[number] if number is not None and number < len(self._columns) else None

    def __getitem__(self, key: Key) -> array[int]:
        column = self._column(key)
        if not column:
            raise KeyError(key)
        return array("q", column.column())

    def __iter__(self) -> Iterator[Key]:
        for number, column in enumerate(self._columns):
            if len(column) and self._names is not None:
                yield self._names[number]

    def __len__(self) -> int:
        return sum(1 for _ in self)


class KernelTally(Tally):
    """A tally whose rows the kernel adds."""

    def __init__(self) -> None:
        self.kept: dict[str, _KernelRows] = {}
        super().__init__()

    def _rows(self, what: str) -> _KernelRows:
        rows = self.kept[what] = _KernelRows()
        return rows

    def follow(self, plan: Plan, kernel: Kernel) -> None:
        """Begin with the rows that a kernel keeps."""
        cases = plan.cases
        self.kept["endings"].follow(kernel.endings, cases.endings)
        self.kept["dues"].follow(kernel.dues, cases.endings)
        self.kept["openings"].follow(kernel.openings, cases.openings)
        self.kept["defects"].follow(kernel.defects, cases.components)


class LeftCases(Mapping[str, Case]):
    """The cases of a run by their names, made when one of them is asked for: how many there are is known."""

    def __init__(self, asking: Asking, kernel: Kernel) -> None:
        self._asking, self._kernel = asking, kernel

    def __len__(self) -> int:
        return len(self._kernel.c_order)

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __getitem__(self, name: str) -> Case:
        return self._made[name]

    @cached_property
    def _made(self) -> dict[str, Case]:
        made = (self._asking._case(self._kernel, number) for number in range(len(self)))
        return {case.id: case for case in made}


class LeftDocket:
    """What a docket would say after the run."""

    asking: Asking
    moves: KernelSteps

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self.tally, self._policies = KernelTally(), policies
        self.now = 0
        self.kernel: Kernel | None = None

    def policy(self, marketplace: str) -> Policy:
        """Return the policy of a marketplace."""
        return self._policies[marketplace]

    @property
    def cases(self) -> Mapping[str, Case]:
        """The cases, made when one of them is asked for."""
        assert self.kernel is not None
        return LeftCases(self.asking, self.kernel)

    def running(self) -> Running:
        """Return the deadlines that cases have at the end."""
        assert self.kernel is not None
        kernel, plan = self.kernel, self.asking.plan
        counts = np.frombuffer(kernel.c_deadlines.column(), np.int64)
        began: defaultdict[Key, list[Instant]] = defaultdict(list)
        cases: Counter[str] = Counter()
        # Few cases of a run are open at its end, so that these are read one by one.
        having = np.flatnonzero(counts)
        for case, running in zip(having.tolist(), counts[having].tolist(), strict=True):
            cases[plan.cases.places[self.asking.place[kernel.c_order[case]]]] += 1
            first = case * plan.tables.slots
            for slot in range(first, first + running):
                began[plan.cases.endings[kernel.d_name[slot]]].append(kernel.d_began[slot])
        return Running({key: np.array(starts, np.int64) for key, starts in began.items()}, dict(cases))
