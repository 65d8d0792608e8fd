"""The kernel as others may use it: what its file says to the compiler of Cython is no type that Python knows."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from aftersale.clocks import Instant

Column = Any
"""Whole numbers of 8 bytes: an array of the standard library or of numpy."""

class Longs:
    def __init__(self, values: Sequence[int] = (), room: int = 64) -> None: ...
    def append(self, value: int) -> int: ...
    def extend(self, values: Iterable[int]) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, place: int) -> int: ...
    def __setitem__(self, place: int, value: int) -> None: ...
    def column(self, first: int = 0) -> bytes: ...

class Field:
    def __len__(self) -> int: ...
    def __getitem__(self, place: int) -> int: ...
    def __setitem__(self, place: int, value: int) -> None: ...
    def column(self) -> bytes: ...

class Doubles:
    def __init__(self, values: Sequence[float] = (), room: int = 64) -> None: ...
    def append(self, value: float) -> int: ...
    def extend(self, values: Sequence[float]) -> int: ...
    def __len__(self) -> int: ...
    def __getitem__(self, place: int) -> float: ...
    def __setitem__(self, place: int, value: float) -> None: ...

class Memo:
    def put(self, key: int, value: int) -> None: ...

class Tables:
    responses: Longs
    most: Doubles
    conditions: Longs
    chances: Longs
    tellings: Longs
    said: Longs
    words: Longs
    edges: Doubles
    courses: Longs
    choices: Longs
    items: Longs
    narrowed: Longs
    standings: Longs
    moves: Longs
    recipes: Longs
    tasks: Longs
    automatic: Doubles
    mean: Doubles
    sigma: Doubles
    clocks: Longs
    knots: Longs
    reached: Longs
    windows: Memo
    window_rows: Longs
    varies: Longs
    suffix_rank: Longs
    late: Longs
    columns: Memo
    first_columns: Longs
    symbols: Memo
    kinds: Memo
    needs: Memo
    found: Memo
    holding: Memo
    misses: Memo
    missed: Memo
    widths: dict[str, int]
    spare: list[Any]
    fresh: int
    slots: int
    suffixes: int

class Kernel:
    now: int
    open_tasks: int
    wasted: int
    missing: array[int]
    behind: Field
    newest: Field
    c_order: Field
    c_standing: Field
    c_suffix: Field
    c_opened: Field
    c_moved: Field
    c_task: Field
    c_split: Field
    c_older: Field
    c_deadlines: Field
    d_began: Field
    d_due: Field
    d_end: Field
    d_name: Field
    d_then: Field
    t_case: Field
    t_opened: Field
    t_move: Field
    seen: Longs
    timed: Longs
    applied: Longs
    endings: list[Longs]
    dues: list[Longs]
    openings: list[Longs]
    defects: list[Longs]
    log: Longs
    handled: Longs
    overtime: Longs
    backlog: list[int]
    def __init__(
        self,
        tables: Tables,
        learning: object,
        orders: Sequence[Column],
        steps: Sequence[Column],
        times: tuple[Instant, Instant, Instant, Instant, Instant],
        crews: Sequence[object],
        work: tuple[Column, Column, Column, Column, Column],
        bounds: Sequence[Instant],
        looks: Sequence[tuple[Instant, str, int]],
        spans: tuple[Column, Column, Column],
        dealt: tuple[Doubles, Longs],
    ) -> None: ...
    def run(self) -> None: ...
    def leave(self) -> None: ...
    def facts_of(self, order: int) -> list[tuple[int, int, Instant, int]]: ...
    def cases_of(self, order: int) -> list[int]: ...
    def case_at(self, order: int, suffix: int) -> int: ...
    def channel_of(self, order: int) -> int: ...
    def hand_over(self, order: int) -> None: ...
    def begin_case(self, order: int, suffix: int, at: Instant) -> int: ...
    def begin_task(self, case: int, kind: int, at: Instant, due: Instant) -> int: ...
    def let_stand(self, case: int, standing: int, moved: Instant, rows: Sequence[tuple[int, ...]]) -> None: ...
    def add_row(self, columns: list[Longs], key: int, row: Sequence[int]) -> None: ...
