# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel: the loop of a run on numbers alone: orders, cases, deadlines, tasks and agents are rows of arrays.

It is the desk of `aftersale_simulator.desk` under the engine of `aftersale.engine`, step by step and in the same order,
but it knows no rule: what a fact does to a case, which conditions hold, how much a parameter is, and what the random
numbers are, it asks `learning` the first time that it needs one, which asks the real functions and remembers the answer
under all that it depends on. The same file runs compiled by Cython or as plain Python.
"""

from __future__ import annotations

from array import array
from heapq import heappop, heappush
from math import exp, log

try:
    import cython
except ImportError:  # as for most who run it: only who compiles it needs that package
    from aftersale_simulator.kernel import shadow as cython

if cython.compiled:
    from cython.cimports.libc.math import exp, log

MIXING = cython.declare(cython.ulonglong, 0x2545F4914F6CDD1D)
NARROWED = cython.declare(cython.longlong, 2**60)
FAR = cython.declare(cython.longlong, 2**62)
DAY = cython.declare(cython.longlong, 86_400_000_000)
FOREVER = cython.declare(cython.longlong, 2**63 - 1)

BEGIN = cython.declare(cython.longlong, 0)
HAPPEN = cython.declare(cython.longlong, 1)
EXPIRE = cython.declare(cython.longlong, 2)
FINISH = cython.declare(cython.longlong, 3)

TAKE = cython.declare(cython.longlong, 0)
DONE = cython.declare(cython.longlong, 1)
SHIFT = cython.declare(cython.longlong, 2)
BACKLOG = cython.declare(cython.longlong, 3)
LOOK = cython.declare(cython.longlong, 4)

MISSED = cython.declare(cython.longlong, 0)
MET = cython.declare(cython.longlong, 1)
MET_LATE = cython.declare(cython.longlong, 2)
MISSED_UNDONE = cython.declare(cython.longlong, 3)
MET_UNDONE = cython.declare(cython.longlong, 4)


# The rows of tables and their fields, each by its place in the row.
R_FACT = cython.declare(cython.longlong, 0)
R_EVENT = cython.declare(cython.longlong, 1)
R_SUFFIX = cython.declare(cython.longlong, 2)
R_LONGER = cython.declare(cython.longlong, 3)
R_LATE = cython.declare(cython.longlong, 4)
R_SURE = cython.declare(cython.longlong, 5)
R_HAPPENS = cython.declare(cython.longlong, 6)
R_FRESH = cython.declare(cython.longlong, 7)
R_SHARE = cython.declare(cython.longlong, 8)
R_FACTOR = cython.declare(cython.longlong, 9)
R_GROWTH = cython.declare(cython.longlong, 10)
R_DAYS = cython.declare(cython.longlong, 11)
R_REPEATS = cython.declare(cython.longlong, 12)
R_UNIT = cython.declare(cython.longlong, 13)
R_DELAY = cython.declare(cython.longlong, 14)
R_SPREAD = cython.declare(cython.longlong, 15)
R_WAIT = cython.declare(cython.longlong, 16)
R_SIGMA = cython.declare(cython.longlong, 17)
R_NUMBERED = cython.declare(cython.longlong, 18)
R_TIMES = cython.declare(cython.longlong, 19)
R_TIMES_END = cython.declare(cython.longlong, 20)
R_LEAST = cython.declare(cython.longlong, 21)
R_LEAST_END = cython.declare(cython.longlong, 22)
R_WHEN = cython.declare(cython.longlong, 23)
R_STILL = cython.declare(cython.longlong, 24)
R_TELLING = cython.declare(cython.longlong, 25)
RESPONSE = cython.declare(cython.longlong, 26)
C_MASK = cython.declare(cython.longlong, 0)
C_VALUE = cython.declare(cython.longlong, 1)
C_MARKS = cython.declare(cython.longlong, 2)
C_MARKED = cython.declare(cython.longlong, 3)
C_CASES = cython.declare(cython.longlong, 4)
CONDITION = cython.declare(cython.longlong, 5)
F_MASK = cython.declare(cython.longlong, 0)
F_VALUE = cython.declare(cython.longlong, 1)
F_MARKS = cython.declare(cython.longlong, 2)
F_MARKED = cython.declare(cython.longlong, 3)
F_QUANTITY = cython.declare(cython.longlong, 4)
CHANCE = cython.declare(cython.longlong, 5)
T_VALUES = cython.declare(cython.longlong, 0)
T_WORDS = cython.declare(cython.longlong, 1)
T_CONDITIONS = cython.declare(cython.longlong, 2)
T_CONDITIONS_END = cython.declare(cython.longlong, 3)
T_WIDTH = cython.declare(cython.longlong, 4)
TELLING = cython.declare(cython.longlong, 5)
W_MASK = cython.declare(cython.longlong, 0)
W_VALUE = cython.declare(cython.longlong, 1)
W_MARKS = cython.declare(cython.longlong, 2)
W_MARKED = cython.declare(cython.longlong, 3)
W_WORDS = cython.declare(cython.longlong, 4)
SAID = cython.declare(cython.longlong, 5)
E_EDGES = cython.declare(cython.longlong, 0)
E_EDGES_END = cython.declare(cython.longlong, 1)
E_FIRST = cython.declare(cython.longlong, 2)
WORDS = cython.declare(cython.longlong, 3)
U_MARKS = cython.declare(cython.longlong, 0)
U_ANSWERS = cython.declare(cython.longlong, 1)
U_CHOICES = cython.declare(cython.longlong, 2)
U_CHOICES_END = cython.declare(cython.longlong, 3)
COURSE = cython.declare(cython.longlong, 4)
H_ITEMS = cython.declare(cython.longlong, 0)
H_ITEMS_END = cython.declare(cython.longlong, 1)
CHOICE = cython.declare(cython.longlong, 2)
K_TASK = cython.declare(cython.longlong, 0)
K_COURSE = cython.declare(cython.longlong, 1)
STANDING = cython.declare(cython.longlong, 2)
M_STANDING = cython.declare(cython.longlong, 0)
M_HOW = cython.declare(cython.longlong, 1)
M_CHANGES = cython.declare(cython.longlong, 2)
M_OPENS = cython.declare(cython.longlong, 3)
M_RECIPE = cython.declare(cython.longlong, 4)
M_DEFECT = cython.declare(cython.longlong, 5)
M_COMPONENT = cython.declare(cython.longlong, 6)
M_OPENING = cython.declare(cython.longlong, 7)
M_UNNEEDED = cython.declare(cython.longlong, 8)
M_FACT = cython.declare(cython.longlong, 9)
M_LOG = cython.declare(cython.longlong, 10)
M_CONTACT = cython.declare(cython.longlong, 11)
MOVE = cython.declare(cython.longlong, 12)
D_NAME = cython.declare(cython.longlong, 0)
D_THEN = cython.declare(cython.longlong, 1)
D_CLOCK = cython.declare(cython.longlong, 2)
D_AMOUNT = cython.declare(cython.longlong, 3)
D_SELLERS = cython.declare(cython.longlong, 4)
D_SELLERS_AMOUNT = cython.declare(cython.longlong, 5)
RECIPE = cython.declare(cython.longlong, 6)
CLOCK = cython.declare(cython.longlong, 4)  # where two functions begin, and how many knots each has
WINDOW = cython.declare(cython.longlong, 2)  # a clock and its amount
# A clock of a recipe: its table, or one of these.
NO_CLOCK = cython.declare(cython.longlong, -1)
FIXED = cython.declare(cython.longlong, -2)
Y_REPLY = cython.declare(cython.longlong, 0)
Y_COURSE = cython.declare(cython.longlong, 1)
Y_ANSWER = cython.declare(cython.longlong, 2)
Y_SHAPE = cython.declare(cython.longlong, 3)
TASK = cython.declare(cython.longlong, 4)


def longs(size):
    """Return an array of whole numbers, all 0."""
    return array("q", bytes(8 * size))


def doubles(size):
    """Return an array of numbers, all 0."""
    return array("d", bytes(8 * size))


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def even(number: cython.double) -> cython.longlong:
    """Return the nearest whole number, of two the even one, as `round` does."""
    if not cython.compiled:
        return round(number)
    whole: cython.longlong = cython.cast(cython.longlong, number)
    rest: cython.double = number - whole
    if rest > 0.5 or (rest == 0.5 and whole & 1):
        return whole + 1
    if rest < -0.5 or (rest == -0.5 and whole & 1):
        return whole - 1
    return whole


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def spread(key: cython.longlong) -> cython.longlong:
    """Return a number in which the bits of a key are mixed: a step of xorshift* (Vigna 2016) on 62 bits."""
    mixed: cython.ulonglong = cython.cast(cython.ulonglong, key)
    mixed ^= mixed >> 31
    mixed *= MIXING
    mixed ^= mixed >> 29
    mixed *= MIXING
    return cython.cast(cython.longlong, mixed >> 24)


@cython.cclass
class Longs:
    """A column of whole numbers that grows at its end."""

    at: cython.longlong[::1]
    size: cython.Py_ssize_t
    room: cython.Py_ssize_t

    def __init__(self, values=(), room=64):
        self.size = len(values)
        self.room = max(room, 2 * self.size, 8)
        column = longs(self.room)
        column[: self.size] = array("q", values)
        self.at = column

    @cython.cfunc
    @cython.inline
    def add(self, value: cython.longlong) -> cython.Py_ssize_t:
        if self.size == self.room:
            self.grow()
        self.at[self.size] = value
        self.size += 1
        return self.size - 1

    @cython.cfunc
    def grow(self):
        column = longs(2 * self.room)
        memoryview(column)[: self.room] = memoryview(self.at)
        self.at = column
        self.room *= 2

    @cython.cfunc
    @cython.inline
    def reserve(self, count: cython.Py_ssize_t):
        """Take so many places at the end, whatever stands there."""
        while self.size + count > self.room:
            self.grow()
        self.size += count

    @cython.cfunc
    def reach(self, place: cython.Py_ssize_t, value: cython.longlong):
        """Let there be a value at a place, this one where there was none."""
        while self.size <= place:
            self.add(value)

    def append(self, value):
        """Add a value."""
        return self.add(value)

    def extend(self, values):
        """Add values."""
        for value in values:
            self.add(value)

    def __len__(self):
        return self.size

    def __getitem__(self, place):
        return self.at[place]

    def __setitem__(self, place, value):
        self.at[place] = value

    def column(self, first=0):
        """Return the values from a place on, as bytes of 8 for each."""
        return memoryview(self.at)[first : self.size].tobytes()


@cython.cfunc
@cython.inline
def of_key(columns: list, key: cython.longlong) -> Longs:
    """Return the column of a key, a new one where there was none."""
    if key >= len(columns):
        columns.extend([Longs() for _ in range(1 + key - len(columns))])
    return cython.cast(Longs, columns[key])


@cython.cclass
class Doubles:
    """A column of numbers that grows at its end."""

    at: cython.double[::1]
    size: cython.Py_ssize_t
    room: cython.Py_ssize_t

    def __init__(self, values=(), room=64):
        self.size = len(values)
        self.room = max(room, 2 * self.size, 8)
        column = doubles(self.room)
        column[: self.size] = array("d", values)
        self.at = column

    @cython.cfunc
    def grow(self, least: cython.Py_ssize_t):
        room = 2 * self.room
        while room < least:
            room *= 2
        column = doubles(room)
        memoryview(column)[: self.size] = memoryview(self.at)[: self.size]
        self.at = column
        self.room = room

    @cython.cfunc
    def reach(self, place: cython.Py_ssize_t):
        """Let there be a number at a place, 0 where there was none."""
        while self.size <= place:
            self.append(0.0)

    def append(self, value):
        """Add a value and return its place."""
        if self.size == self.room:
            self.grow(self.size + 1)
        self.at[self.size] = value
        self.size += 1
        return self.size - 1

    def extend(self, values):
        """Add values, an array of them, and return the place of the first."""
        begin = self.size
        many = array("d", values) if not isinstance(values, array) else values
        if begin + len(many) > self.room:
            self.grow(begin + len(many))
        if len(many):
            memoryview(self.at)[begin : begin + len(many)] = memoryview(many)
        self.size = begin + len(many)
        return begin

    def __len__(self):
        return self.size

    def __getitem__(self, place):
        return self.at[place]

    def __setitem__(self, place, value):
        self.at[place] = value


@cython.cclass
class Heap:
    """Numbers in order of their keys, those of one key in order of the numbers, or with `ranks` of their ranks."""

    keys: cython.double[::1]
    numbers: cython.longlong[::1]
    size: cython.Py_ssize_t
    room: cython.Py_ssize_t
    items: list
    ranks: Longs

    def __init__(self, ranks=None, room=256):
        self.size, self.room, self.items, self.ranks = 0, room, [], ranks
        self.keys, self.numbers = doubles(room), longs(room)

    @cython.cfunc
    def grow(self):
        keys, numbers = doubles(2 * self.room), longs(2 * self.room)
        memoryview(keys)[: self.room] = memoryview(self.keys)
        memoryview(numbers)[: self.room] = memoryview(self.numbers)
        self.keys, self.numbers, self.room = keys, numbers, 2 * self.room

    @cython.cfunc
    @cython.inline
    def before(self, number: cython.longlong, other: cython.longlong) -> cython.bint:
        if self.ranks is None:
            return number < other
        rank: cython.longlong = self.ranks.at[number]
        another: cython.longlong = self.ranks.at[other]
        return number < other if rank == another else rank < another

    @cython.cfunc
    def push(self, key: cython.double, number: cython.longlong) -> cython.Py_ssize_t:
        if not cython.compiled:
            heappush(self.items, (key, 0 if self.ranks is None else self.ranks.at[number], number))
            self.size += 1
            return 0
        if self.size == self.room:
            self.grow()
        place: cython.Py_ssize_t = self.size
        parent: cython.Py_ssize_t
        self.size += 1
        while place > 0:
            parent = (place - 1) >> 1
            if self.keys[parent] < key or (self.keys[parent] == key and self.before(self.numbers[parent], number)):
                break
            self.keys[place] = self.keys[parent]
            self.numbers[place] = self.numbers[parent]
            place = parent
        self.keys[place] = key
        self.numbers[place] = number
        return 0

    @cython.cfunc
    def pop(self) -> cython.longlong:
        if not cython.compiled:
            self.size -= 1
            return heappop(self.items)[2]
        first: cython.longlong = self.numbers[0]
        self.size -= 1
        last: cython.Py_ssize_t = self.size
        key: cython.double = self.keys[last]
        number: cython.longlong = self.numbers[last]
        place: cython.Py_ssize_t = 0
        child: cython.Py_ssize_t
        while True:
            child = 2 * place + 1
            if child >= last:
                break
            if child + 1 < last and (
                self.keys[child + 1] < self.keys[child]
                or (
                    self.keys[child + 1] == self.keys[child]
                    and self.before(self.numbers[child + 1], self.numbers[child])
                )
            ):
                child += 1
            if not (self.keys[child] < key or (self.keys[child] == key and self.before(self.numbers[child], number))):
                break
            self.keys[place] = self.keys[child]
            self.numbers[place] = self.numbers[child]
            place = child
        self.keys[place] = key
        self.numbers[place] = number
        return first

    @cython.cfunc
    @cython.inline
    def top(self) -> cython.double:
        if not cython.compiled:
            return self.items[0][0]
        return self.keys[0]

    @cython.cfunc
    @cython.inline
    def first(self) -> cython.longlong:
        if not cython.compiled:
            return self.items[0][2]
        return self.numbers[0]


@cython.cclass
class Memo:
    """Whole numbers by whole numbers, -1 for what is not known."""

    keys: cython.longlong[::1]
    values: cython.longlong[::1]
    mask: cython.longlong
    used: cython.longlong
    known: dict

    def __init__(self):
        self.known = {}
        self.mask, self.used = 1023, 0
        self.keys, self.values = array("q", [-1]) * 1024, longs(1024)

    @cython.cfunc
    @cython.inline
    def get(self, key: cython.longlong) -> cython.longlong:
        if not cython.compiled:
            return self.known.get(key, -1)
        place: cython.longlong = spread(key) & self.mask
        while self.keys[place] != key:
            if self.keys[place] == -1:
                return -1
            place = (place + 1) & self.mask
        return self.values[place]

    def put(self, key, value):
        """Remember a value."""
        if not cython.compiled:
            self.known[key] = value
            return
        if 2 * self.used > self.mask:
            self.double()
        self.insert(key, value)

    @cython.cfunc
    def insert(self, key: cython.longlong, value: cython.longlong):
        place: cython.longlong = spread(key) & self.mask
        while self.keys[place] != -1 and self.keys[place] != key:
            place = (place + 1) & self.mask
        if self.keys[place] == -1:
            self.used += 1
        self.keys[place] = key
        self.values[place] = value

    @cython.cfunc
    def double(self):
        keys, values = self.keys, self.values
        size: cython.longlong = self.mask + 1
        place: cython.longlong
        self.mask, self.used = 2 * size - 1, 0
        self.keys, self.values = array("q", [-1]) * (2 * size), longs(2 * size)
        for place in range(size):
            if keys[place] != -1:
                self.insert(keys[place], values[place])


@cython.cclass
class Tables:
    """What is known of a scenario so far, whatever the run: `learning` adds to it, runs read it.

    Each table is one column with a row after the other. Numbers that are no row of another table are names.
    """

    responses = cython.declare(Longs, visibility="public")
    most = cython.declare(Doubles, visibility="public")
    conditions = cython.declare(Longs, visibility="public")
    chances = cython.declare(Longs, visibility="public")
    tellings = cython.declare(Longs, visibility="public")
    said = cython.declare(Longs, visibility="public")
    words = cython.declare(Longs, visibility="public")
    edges = cython.declare(Doubles, visibility="public")
    courses = cython.declare(Longs, visibility="public")
    choices = cython.declare(Longs, visibility="public")
    items = cython.declare(Longs, visibility="public")
    narrowed = cython.declare(Longs, visibility="public")
    standings = cython.declare(Longs, visibility="public")
    moves = cython.declare(Longs, visibility="public")
    recipes = cython.declare(Longs, visibility="public")
    tasks = cython.declare(Longs, visibility="public")
    automatic = cython.declare(Doubles, visibility="public")
    mean = cython.declare(Doubles, visibility="public")
    sigma = cython.declare(Doubles, visibility="public")
    clocks = cython.declare(Longs, visibility="public")
    knots = cython.declare(Longs, visibility="public")
    reached = cython.declare(Longs, visibility="public")
    windows = cython.declare(Memo, visibility="public")
    window_rows = cython.declare(Longs, visibility="public")
    varies = cython.declare(Longs, visibility="public")
    suffix_rank = cython.declare(Longs, visibility="public")
    late = cython.declare(Longs, visibility="public")
    columns = cython.declare(Memo, visibility="public")
    first_columns = cython.declare(Longs, visibility="public")
    symbols = cython.declare(Memo, visibility="public")
    kinds = cython.declare(Memo, visibility="public")
    needs = cython.declare(Memo, visibility="public")
    found = cython.declare(Memo, visibility="public")
    holding = cython.declare(Memo, visibility="public")
    misses = cython.declare(Memo, visibility="public")
    missed = cython.declare(Memo, visibility="public")
    widths = cython.declare(dict, visibility="public")  # how many fields a row of each table has
    spare = cython.declare(list, visibility="public")
    fresh = cython.declare(cython.longlong, visibility="public")
    slots = cython.declare(cython.longlong, visibility="public")  # how many deadlines a case may have at once
    suffixes = cython.declare(cython.longlong, visibility="public")

    def __init__(self):
        self.responses, self.conditions, self.chances, self.tellings = Longs(), Longs(), Longs(), Longs()
        self.said, self.words, self.courses, self.choices, self.items = Longs(), Longs(), Longs(), Longs(), Longs()
        self.narrowed, self.standings, self.moves, self.recipes = Longs(), Longs(), Longs(), Longs()
        self.tasks, self.varies, self.suffix_rank, self.late = Longs(), Longs(), Longs(), Longs()
        self.clocks, self.knots, self.reached, self.windows, self.window_rows = (
            Longs(), Longs(), Longs(), Memo(), Longs()
        )  # fmt: skip
        self.most, self.edges = Doubles(), Doubles()
        self.automatic, self.mean, self.sigma = Doubles(), Doubles(), Doubles()
        self.columns, self.symbols, self.needs, self.found = Memo(), Memo(), Memo(), Memo()
        self.kinds, self.first_columns = Memo(), Longs()
        self.holding, self.misses, self.missed = Memo(), Memo(), Memo()
        self.fresh = self.suffixes = self.slots = 0
        self.widths = {
            "responses": RESPONSE,
            "conditions": CONDITION,
            "chances": CHANCE,
            "tellings": TELLING,
            "said": SAID,
            "words": WORDS,
            "courses": COURSE,
            "choices": CHOICE,
            "standings": STANDING,
            "moves": MOVE,
            "recipes": RECIPE,
            "tasks": TASK,
            "clocks": CLOCK,
            "window_rows": WINDOW,
        }
        self.spare = []


@cython.cclass
class Kernel:
    """One run: its orders, cases and agents as columns; `run` lets it happen.

    What it is given and what it leaves are columns and tables; see `aftersale_simulator.plan.runs`, which makes one and
    reads what it leaves.
    """

    t: Tables
    taken: list
    learning: object
    start: cython.longlong
    until: cython.longlong
    since: cython.longlong
    now = cython.declare(cython.longlong, visibility="public")
    known: cython.longlong  # the instant to which the deadlines have ended
    watched: cython.longlong
    sequence: cython.longlong
    events: cython.longlong
    open_tasks = cython.declare(cython.longlong, visibility="public")
    wasted = cython.declare(cython.longlong, visibility="public")
    # orders
    row: cython.longlong[::1]
    place: cython.longlong[::1]
    bits: cython.longlong[::1]
    bought: cython.longlong[::1]
    channel: cython.longlong[::1]
    kind: cython.longlong[::1]
    narrow: cython.longlong[::1]
    missing = cython.declare(object, visibility="public")
    lost: cython.longlong[::1]
    marks: cython.longlong[::1]
    answers: cython.longlong[::1]
    behind = cython.declare(Longs, visibility="public")
    newest = cython.declare(Longs, visibility="public")
    last: cython.longlong[::1]
    newest_fact: cython.longlong[::1]
    turns: cython.longlong[::1]
    begins: cython.longlong[::1]
    first_begin: cython.longlong
    last_begin: cython.longlong
    ends: cython.longlong[::1]
    ends_span: cython.longlong[::1]
    # facts as they were told
    f_suffix: Longs
    f_symbol: Longs
    f_at: Longs
    f_behind: Longs
    f_older: Longs
    # first steps
    step_at: cython.longlong[::1]
    step_item: cython.longlong[::1]
    step_order: cython.longlong[::1]
    steps: cython.Py_ssize_t
    step: cython.Py_ssize_t
    # cases
    c_order = cython.declare(Longs, visibility="public")
    c_standing = cython.declare(Longs, visibility="public")
    c_suffix = cython.declare(Longs, visibility="public")
    c_opened = cython.declare(Longs, visibility="public")
    c_moved = cython.declare(Longs, visibility="public")
    c_task = cython.declare(Longs, visibility="public")
    c_split = cython.declare(Longs, visibility="public")  # whether the docket's replay has a copy of its own
    c_waits: Longs
    c_older = cython.declare(Longs, visibility="public")
    c_offered: Longs
    c_rest: Longs
    c_rest_task: Longs
    c_deadlines = cython.declare(Longs, visibility="public")
    d_began = cython.declare(Longs, visibility="public")
    d_due = cython.declare(Longs, visibility="public")
    d_end = cython.declare(Longs, visibility="public")
    d_name = cython.declare(Longs, visibility="public")
    d_then = cython.declare(Longs, visibility="public")
    d_missed = cython.declare(Longs, visibility="public")
    # tasks
    t_case = cython.declare(Longs, visibility="public")
    t_type = cython.declare(Longs, visibility="public")
    t_due = cython.declare(Longs, visibility="public")
    t_opened = cython.declare(Longs, visibility="public")
    t_move = cython.declare(Longs, visibility="public")
    seen = cython.declare(Longs, visibility="public")
    timed = cython.declare(Longs, visibility="public")
    # what is to come
    calls: Heap
    call_what: Longs
    call_a: Longs
    call_b: Longs
    simulated: Heap
    event_what: Longs
    event_a: Longs
    expiries: Heap
    x_case: Longs
    x_rank: Longs
    rank: cython.longlong[::1]
    paired: cython.longlong  # by how many ends of names each order has ranks of its own, 0 where one rank will do
    x_slot: Longs
    # deadlines that ended and that nothing has followed yet
    p_case: Longs
    p_standing: Longs
    p_moved: Longs
    p_changed: Longs
    p_name: Longs
    p_at: Longs
    p_task: Longs
    p_open: Longs
    p_ends: Longs
    # what follows
    due: Longs
    follows: Longs
    top: cython.Py_ssize_t
    # agents, and by kind of task: by what it is sorted, its head start, its queue, and who serves that
    y_order: cython.longlong[::1]
    y_head: cython.longlong[::1]
    y_queue: cython.longlong[::1]
    y_crews: cython.longlong[::1]
    y_crew: cython.longlong[::1]
    queues: list
    pushed: cython.longlong
    queue_task: Longs
    a_crew: cython.longlong[::1]
    a_task: Longs
    a_rest: Longs
    idle: list
    s_on_duty: Longs
    s_busy: Longs
    s_closes: Longs
    s_overtime: Longs
    s_reopens: Longs
    s_next: Longs
    s_finishes: Longs
    s_usual: Longs
    s_queues: Longs
    served: Longs
    plans: list
    # random numbers and parameters
    dealt: Doubles
    column_at: Longs
    values: Doubles
    value_known: Longs
    applied = cython.declare(Longs, visibility="public")
    longer: dict
    bounds: list
    looks: list
    backlog_next: cython.Py_ssize_t
    look_next: cython.Py_ssize_t
    span_first: cython.longlong[::1]
    span_turn: cython.longlong[::1]
    turn_at: cython.longlong[::1]
    # what it leaves
    endings = cython.declare(list, visibility="public")
    dues = cython.declare(list, visibility="public")
    openings = cython.declare(list, visibility="public")
    defects = cython.declare(list, visibility="public")
    log = cython.declare(Longs, visibility="public")
    handled = cython.declare(Longs, visibility="public")
    overtime = cython.declare(Longs, visibility="public")
    backlog = cython.declare(list, visibility="public")

    def __init__(self, tables, learning, orders, steps, times, crews, work, bounds, looks, spans, dealt):
        self.t, self.learning, self.taken = tables, learning, []
        self.start, self.since, self.until, self.first_begin, self.last_begin = times
        self.now, self.known, self.watched = self.start, -(2**63) + 1, self.until + 1
        self.sequence = self.events = self.open_tasks = self.wasted = 0
        self.row, self.place, self.bits, self.bought, self.channel, self.kind, self.narrow, self.begins, self.rank = (
            orders
        )
        count = len(orders[0])
        self.paired = len(self.rank) // count if len(self.rank) > count else 0
        self.missing = longs(count)
        self.lost = self.missing
        self.marks, self.answers, self.last = longs(count), longs(count), array("q", [-(2**62)]) * count
        self.newest_fact, self.ends, self.ends_span = array("q", [-1]) * count, longs(count), array("q", [-1]) * count
        self.behind, self.newest = Longs([-1] * count), Longs([-1] * count)
        self.turns = longs(max(1, count * tables.fresh))
        self.step_at, self.step_item, self.step_order = steps
        self.steps, self.step = len(steps[0]), 0
        self.c_order, self.c_standing, self.c_suffix, self.c_opened = self.take(), self.take(), self.take(), self.take()
        self.c_moved, self.c_task, self.c_waits, self.c_older = self.take(), self.take(), self.take(), self.take()
        self.c_offered, self.c_rest, self.c_rest_task, self.c_deadlines = (
            self.take(),
            self.take(),
            self.take(),
            self.take(),
        )
        self.c_split = self.take()
        self.f_suffix, self.f_symbol, self.f_at = self.take(), self.take(), self.take()
        self.f_behind, self.f_older = self.take(), self.take()
        self.d_began, self.d_due, self.d_end = self.take(), self.take(), self.take()
        self.d_name, self.d_then, self.d_missed = self.take(), self.take(), self.take()
        self.t_case, self.t_type, self.t_due, self.t_opened = self.take(), self.take(), self.take(), self.take()
        self.t_move = self.take()
        self.seen = Longs([0] * (len(tables.tasks) // TASK + 1))
        self.timed = Longs([0] * len(self.seen))
        self.calls, self.call_what, self.call_a, self.call_b = Heap(), Longs([0]), Longs([0]), Longs([0])
        self.simulated, self.event_what, self.event_a = Heap(), self.take(), self.take()
        self.x_rank = self.take()
        self.expiries, self.x_case, self.x_slot = Heap(self.x_rank), self.take(), self.take()
        self.p_case, self.p_standing, self.p_moved, self.p_changed = self.take(), self.take(), self.take(), self.take()
        self.p_name, self.p_at, self.p_task, self.p_open, self.p_ends = (
            self.take(),
            self.take(),
            self.take(),
            self.take(),
            self.take(),
        )
        self.due, self.follows, self.top = Longs([0] * 64), Longs([0] * 64), 0
        self.pushed, self.queue_task, self.longer = 0, self.take(), {}
        self.dealt, self.column_at = dealt
        self.values, self.value_known, self.applied = Doubles(), self.take(), self.take()
        self.y_order, self.y_head, self.y_queue, self.y_crews, self.y_crew = work
        self.bounds, self.looks = bounds, looks
        self.span_first, self.span_turn, self.turn_at = spans
        self.endings, self.dues, self.openings, self.defects = [], [], [], []
        self.log, self.handled, self.overtime, self.backlog = self.take(), self.take(), self.take(), []
        self.backlog_next, self.look_next = 1, 0
        self.plans, self.queues = crews, []
        self._hire()

    def take(self):
        """Return an empty column, one of an earlier run where that has left one: to make one anew takes longer."""
        spare: list = self.t.spare
        column: Longs = spare.pop() if spare else Longs()
        column.size = 0
        self.taken.append(column)
        return column

    def leave(self):
        """Give the columns back for the next run, after which nothing of this one is to be read."""
        self.t.spare.extend(reversed(self.taken))

    # --- time ---------------------------------------------------------------------------------------------------

    @cython.cfunc
    def call(self, at: cython.longlong, what: cython.longlong, a: cython.longlong, b: cython.longlong):
        self.call_what.add(what)
        self.call_a.add(a)
        self.call_b.add(b)
        self.sequence += 1
        self.calls.push(at, self.sequence)

    @cython.cfunc
    def simulate(self, at: cython.longlong, what: cython.longlong, a: cython.longlong):
        self.event_what.add(what)
        self.event_a.add(a)
        self.simulated.push(at, self.events)
        self.events += 1

    def run(self):
        """Let everything happen before the end of the period, and end the deadlines that end before it."""
        at: cython.double
        number: cython.longlong
        self.calls.push(self.until, 0)
        while True:
            at = self.calls.top()
            if self.simulated.size and self.simulated.top() <= at:
                if self.simulated.top() >= self.until:
                    break
                at = self.simulated.top()
                number = self.simulated.pop()
                self.now = cython.cast(cython.longlong, at)
                self.resume(self.event_what.at[number], self.event_a.at[number])
            elif at >= self.until:
                break
            else:
                number = self.calls.pop()
                if at > self.now:
                    self.now = cython.cast(cython.longlong, at)
                self.answer(self.call_what.at[number], self.call_a.at[number], self.call_b.at[number])
        self.now = self.until
        if len(self.backlog) < len(self.bounds) - 1:
            self.backlog.append(self.open_tasks)
        self.advance(self.until)
        self.p_case.size = 0

    @cython.cfunc
    def answer(self, what: cython.longlong, a: cython.longlong, b: cython.longlong):
        if what == HAPPEN:
            self.happen(a, b, self.now)
        elif what == BEGIN:
            self.begin_step(a)
        elif what == EXPIRE:
            self.expire_watched(a)
        else:
            self.finish(a, self.now)

    @cython.cfunc
    def resume(self, what: cython.longlong, a: cython.longlong):
        if what == TAKE:
            self.work(a)
        elif what == DONE:
            self.done(a)
        elif what == SHIFT:
            self.shift(a, True)
        elif what == BACKLOG:
            self.count_backlog(True)
        else:
            self.look(True)

    # --- orders -------------------------------------------------------------------------------------------------

    @cython.cfunc
    def next_step(self):
        if self.step < self.steps:
            self.call(self.step_at[self.step], BEGIN, self.step, 0)
            self.step += 1

    @cython.cfunc
    def begin_step(self, step: cython.longlong):
        order: cython.longlong = self.step_order[step]
        if not self.lost[order]:
            self.happen(self.response_of(self.step_item[step], order), order, self.now)
        self.next_step()

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def field(self, response: cython.longlong, name: cython.longlong) -> cython.longlong:
        return self.t.responses.at[response * RESPONSE + name]

    @cython.cfunc
    @cython.inline
    def response_of(self, item: cython.longlong, order: cython.longlong) -> cython.longlong:
        """Return the response of an item for an order: an item is a response, or -1 less one for each class."""
        if item >= 0:
            return item
        found: cython.longlong = self.t.symbols.get(NARROWED | ((-1 - item) << 24) | self.narrow[order])
        if found < 0:
            found = self.learning.narrowed(self, -1 - item, order, self.narrow[order])
        return found

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def case_of(self, order: cython.longlong, suffix: cython.longlong) -> cython.longlong:
        case: cython.longlong = self.newest.at[order]
        while case >= 0 and self.c_suffix.at[case] != suffix:
            case = self.c_older.at[case]
        return case

    @cython.cfunc
    def happen(self, response: cython.longlong, order: cython.longlong, at: cython.longlong):
        """Let something happen to an order now that its time has come, if it still does."""
        if not self.field(response, R_SURE) and not self.still(response, order):
            return
        suffix: cython.longlong = self.field(response, R_SUFFIX)
        longer: cython.longlong = self.field(response, R_LONGER)
        if longer >= 0:
            self.lengthen(order * self.t.suffixes + suffix, longer)
        if self.field(response, R_FACT):
            self.record(order, suffix, self.said(response, order), at)
            return
        course: cython.longlong = self.field(response, R_EVENT)
        if course < 0:
            return
        begin: cython.Py_ssize_t = self.top
        case: cython.longlong = self.case_of(order, suffix)
        self.follow_course(course, order, at, case, self.c_standing.at[case])
        end: cython.Py_ssize_t = self.top
        place: cython.Py_ssize_t
        for place in range(begin, end):
            if self.due.at[place] <= at:
                self.happen(self.follows.at[place], order, at)
            else:
                self.schedule(place, order)
        self.top = begin

    @cython.cfunc
    @cython.inline
    def schedule(self, place: cython.Py_ssize_t, order: cython.longlong):
        if self.due.at[place] < self.until:
            self.call(self.due.at[place], HAPPEN, self.follows.at[place], order)

    @cython.cfunc
    def lengthen(self, key: cython.longlong, longer: cython.longlong):
        times = self.longer.setdefault(key, {})
        times[longer] = times.get(longer, 0) + 1

    # --- conditions ---------------------------------------------------------------------------------------------

    @cython.cfunc
    def holds(self, condition: cython.longlong, order: cython.longlong, standing: cython.longlong) -> cython.bint:
        """Whether a condition holds of an order and its case, which stands like that, -1 for none."""
        at: cython.longlong = condition * CONDITION
        c: Longs = self.t.conditions
        if self.bits[order] & c.at[at + C_MASK] != c.at[at + C_VALUE]:
            return False
        if self.marks[order] & c.at[at + C_MARKS] != c.at[at + C_MARKED]:
            return False
        if c.at[at + C_CASES] < 0:
            return True
        contact: cython.longlong = self.behind.at[order]
        if contact >= 0:
            contact = self.c_standing.at[contact]
        key: cython.longlong = (c.at[at + C_CASES] << 40) | ((standing + 1) << 20) | (contact + 1)
        found: cython.longlong = self.t.holding.get(key)
        if found < 0:
            found = self.learning.holds(key, c.at[at + C_CASES], standing, contact)
        return found == 1

    @cython.cfunc
    def still(self, response: cython.longlong, order: cython.longlong) -> cython.bint:
        condition: cython.longlong = self.field(response, R_STILL)
        if condition >= 0:
            case: cython.longlong = self.case_of(order, self.field(response, R_SUFFIX))
            if not self.holds(condition, order, self.c_standing.at[case] if case >= 0 else -1):
                return False
        if not self.field(response, R_LATE):
            return True
        return self.number(0, response, 0, order) < self.rate(response, order, self.bought[order])

    # --- random numbers and parameters ----------------------------------------------------------------------------

    @cython.cfunc
    def number(
        self, what: cython.longlong, thing: cython.longlong, turn: cython.longlong, order: cython.longlong
    ) -> cython.double:
        """Return an order's random number of a thing's turn; `what` says of what kind of thing, and for what."""
        column: cython.longlong = -1
        first: cython.longlong = thing * 9 + what
        if turn == 0 and first < self.t.first_columns.size:
            column = self.t.first_columns.at[first]
        if column < 0:
            column = self.column(what, thing, turn)
        if column >= self.column_at.size:
            self.column_at.reach(column, -1)
        begin: cython.longlong = self.column_at.at[column]
        if begin < 0:
            begin = self.dealt.extend(self.learning.deal(self, column))
            self.column_at.at[column] = begin
        return self.dealt.at[begin + self.row[order]]

    @cython.cfunc
    def column(self, what: cython.longlong, thing: cython.longlong, turn: cython.longlong) -> cython.longlong:
        """Return the column of a thing's turn; that of a first turn is found without looking it up from then on."""
        key: cython.longlong = (what << 56) | (thing << 28) | turn
        column: cython.longlong = self.t.columns.get(key)
        if column < 0:
            column = self.learning.column(key, what, thing, turn)
        if turn == 0:
            self.t.first_columns.reach(thing * 9 + what, -1)
            self.t.first_columns.at[thing * 9 + what] = column
        return column

    @cython.cfunc
    def value(self, quantity: cython.longlong, order: cython.longlong, at: cython.longlong) -> cython.double:
        if quantity >= self.values.size:
            self.values.reach(quantity)
            self.value_known.reach(quantity, 0)
        if self.value_known.at[quantity]:
            return self.values.at[quantity]
        if self.t.varies.at[quantity]:
            return self.learning.value(self, quantity, order, at)
        known: cython.double = self.learning.value(self, quantity, order, at)
        self.values.at[quantity] = known
        self.value_known.at[quantity] = 1
        return known

    @cython.cfunc
    def rate(self, response: cython.longlong, order: cython.longlong, at: cython.longlong) -> cython.double:
        """Return the share of a response as it is for an order at an instant; without one it is all that is left."""
        share: cython.longlong = self.field(response, R_SHARE)
        if share < 0:
            return 1.0
        rate: cython.double = self.value(share, order, at)
        least: cython.double
        if self.field(response, R_FACTOR) >= 0:
            rate *= self.value(self.field(response, R_FACTOR), order, at)
        place: cython.longlong
        for place in range(self.field(response, R_TIMES), self.field(response, R_TIMES_END)):
            if self.chance_holds(place, order):
                rate *= self.value(self.t.chances.at[place * CHANCE + F_QUANTITY], order, at)
                break
        for place in range(self.field(response, R_LEAST), self.field(response, R_LEAST_END)):
            if self.chance_holds(place, order):
                least = self.value(self.t.chances.at[place * CHANCE + F_QUANTITY], order, at)
                rate = least if least > rate else rate
        return rate

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def chance_holds(self, place: cython.longlong, order: cython.longlong) -> cython.bint:
        at: cython.longlong = place * CHANCE
        c: Longs = self.t.chances
        if self.bits[order] & c.at[at + F_MASK] != c.at[at + F_VALUE]:
            return False
        return self.marks[order] & c.at[at + F_MARKS] == c.at[at + F_MARKED]

    @cython.cfunc
    def said(self, response: cython.longlong, order: cython.longlong) -> cython.longlong:
        """Return the symbol of the fact of a response with what it says of an order."""
        telling: cython.longlong = self.field(response, R_TELLING)
        number: cython.longlong = 0
        if telling >= 0:
            number = self.told(telling, response, order)
        key: cython.longlong = (response << 24) | number
        symbol: cython.longlong = self.t.symbols.get(key)
        if symbol < 0:
            symbol = self.learning.symbol(key, response, number)
        return symbol

    @cython.cfunc
    def told(self, telling: cython.longlong, response: cython.longlong, order: cython.longlong) -> cython.longlong:
        at: cython.longlong = telling * TELLING
        words: cython.longlong = self.t.tellings.at[at + T_WORDS]
        values: cython.longlong = self.t.tellings.at[at + T_VALUES]
        number: cython.longlong = 0
        place: cython.longlong
        row: cython.longlong
        s: Longs = self.t.said
        if values >= 0:
            number = self.drawn_word(values, 2, response, order) * self.t.tellings.at[at + T_WIDTH]
        for place in range(self.t.tellings.at[at + T_CONDITIONS], self.t.tellings.at[at + T_CONDITIONS_END]):
            row = place * SAID
            if (self.bits[order] & s.at[row + W_MASK] == s.at[row + W_VALUE]) and (
                self.marks[order] & s.at[row + W_MARKS] == s.at[row + W_MARKED]
            ):
                words = s.at[row + W_WORDS]
                break
        if words >= 0:
            number += self.t.words.at[words * WORDS + E_FIRST] + self.drawn_word(words, 3, response, order)
        return number

    @cython.cfunc
    def drawn_word(
        self, words: cython.longlong, what: cython.longlong, response: cython.longlong, order: cython.longlong
    ) -> cython.longlong:
        first: cython.longlong = self.t.words.at[words * WORDS + E_EDGES]
        low: cython.longlong = first
        high: cython.longlong = self.t.words.at[words * WORDS + E_EDGES_END]
        if low == high:
            return 0
        draw: cython.double = self.number(what, response, 0, order)
        while low < high:
            if draw < self.t.edges.at[(low + high) >> 1]:
                high = (low + high) >> 1
            else:
                low = ((low + high) >> 1) + 1
        return low - first

    # --- what follows ---------------------------------------------------------------------------------------------

    @cython.cfunc
    def put(self, due: cython.longlong, response: cython.longlong):
        if self.top == self.due.size:
            self.due.add(0)
            self.follows.add(0)
        self.due.at[self.top] = due
        self.follows.at[self.top] = response
        self.top += 1

    @cython.cfunc
    def follow_course(
        self,
        course: cython.longlong,
        order: cython.longlong,
        at: cython.longlong,
        case: cython.longlong,
        standing: cython.longlong,
    ):
        """Put what follows for an order on top, after it has got its marks."""
        row: cython.longlong = course * COURSE
        place: cython.longlong
        choice: cython.longlong
        response: cython.longlong
        condition: cython.longlong
        self.marks[order] |= self.t.courses.at[row + U_MARKS]
        self.answers[order] += self.t.courses.at[row + U_ANSWERS]
        for choice in range(self.t.courses.at[row + U_CHOICES], self.t.courses.at[row + U_CHOICES_END]):
            for place in range(
                self.t.choices.at[choice * CHOICE + H_ITEMS], self.t.choices.at[choice * CHOICE + H_ITEMS_END]
            ):
                response = self.response_of(self.t.items.at[place], order)
                condition = self.field(response, R_WHEN)
                if condition >= 0 and not self.holds(condition, order, standing):
                    continue
                if self.field(response, R_NUMBERED) and self.field(response, R_HAPPENS):
                    self.applied.reach(response, 0)
                    self.applied.at[response] = 1
                if self.drawn(response, order, at):
                    break

    @cython.cfunc
    def drawn(self, response: cython.longlong, order: cython.longlong, at: cython.longlong) -> cython.bint:
        """Put what follows on top now that its cause has happened; False where it is not drawn."""
        turn: cython.longlong = 0
        fresh: cython.longlong = self.field(response, R_FRESH)
        if fresh >= 0:
            turn = self.turns[order * self.t.fresh + fresh]
            self.turns[order * self.t.fresh + fresh] += 1
        begin: cython.longlong = at
        rate: cython.double
        chance: cython.double
        day: cython.longlong
        if self.field(response, R_SHARE) >= 0:
            rate = self.rate(response, order, at)
            chance = self.number(0, response, turn, order)
            if self.field(response, R_GROWTH) >= 0:
                day = self.day(response, rate, chance, order, at)
                if day < 0:
                    return False
                begin += day * DAY
            elif chance >= rate:
                return False
            elif self.field(response, R_REPEATS):
                self.repeat(response, chance, rate, order, at)
                return True
        if self.field(response, R_HAPPENS):
            self.put(begin + self.delay(response, turn, order, at), response)
        return True

    @cython.cfunc
    def day(
        self,
        response: cython.longlong,
        rate: cython.double,
        chance: cython.double,
        order: cython.longlong,
        at: cython.longlong,
    ) -> cython.longlong:
        growth: cython.double = self.value(self.field(response, R_GROWTH), order, at)
        quiet: cython.double = 1.0
        days: cython.longlong = 0
        day: cython.longlong
        part: cython.double
        if rate != 0 and self.field(response, R_DAYS) >= 0:
            days = even(self.value(self.field(response, R_DAYS), order, at))
        for day in range(days):
            part = rate * (1 + growth * day)
            quiet *= 1 - (part if part < 1.0 else 1.0)
            if chance < 1 - quiet:
                return day
        return -1

    @cython.cfunc
    def repeat(
        self,
        response: cython.longlong,
        chance: cython.double,
        rate: cython.double,
        order: cython.longlong,
        at: cython.longlong,
    ):
        most: cython.double = self.t.most.at[0]
        times: cython.longlong = 0
        if self.field(response, R_HAPPENS):
            times = cython.cast(cython.longlong, int(log(chance) / log(rate if rate < most else most)))
        moment: cython.double = at
        mean: cython.double = 0.0
        number: cython.longlong
        if self.field(response, R_DELAY) >= 0:
            mean = self.value(self.field(response, R_DELAY), order, at) * self.field(response, R_UNIT)
        for number in range(times):
            moment += self.number(4, response, number, order) * mean
            self.put(cython.cast(cython.longlong, int(moment)), response)

    @cython.cfunc
    def delay(
        self, response: cython.longlong, turn: cython.longlong, order: cython.longlong, at: cython.longlong
    ) -> cython.longlong:
        """Return after how many microseconds a response happens."""
        waited: cython.longlong = 0
        quantity: cython.longlong = self.field(response, R_WAIT)
        unit: cython.double = self.field(response, R_UNIT)
        spread: cython.longlong = self.field(response, R_SPREAD)
        delay: cython.double
        sigma: cython.double = 0.0
        scatter: cython.double
        if quantity >= 0:
            waited = cython.cast(cython.longlong, int(self.value(quantity, order, at) * DAY))
        quantity = self.field(response, R_DELAY)
        if quantity < 0:
            return waited
        if spread == 0:
            delay = self.number(1, response, turn, order) * self.value(quantity, order, at)
        elif spread == 1:
            delay = self.value(quantity, order, at)
        else:
            if self.field(response, R_SIGMA) >= 0:
                sigma = self.value(self.field(response, R_SIGMA), order, at)
            scatter = exp(sigma * self.number(5, response, turn, order))
            delay = self.value(quantity, order, at) * scatter
        return waited + cython.cast(cython.longlong, int(delay * unit))

    # --- cases ----------------------------------------------------------------------------------------------------

    @cython.cfunc
    def record(self, order: cython.longlong, suffix: cython.longlong, symbol: cython.longlong, at: cython.longlong):
        """Let a fact move an order's case, or open it, and let follow what follows."""
        if self.expiries.size and self.expiries.top() < at:
            self.advance(at)
        elif at > self.known:
            self.known = at
        case: cython.longlong = self.case_of(order, suffix)
        if at <= self.last[order]:
            late = self.learning.late(self, order, suffix, symbol, at)
            if late is not None:
                self.record_late(order, late)
                return
        move: cython.longlong = self.move_of(order, case, suffix, symbol, at)
        self.last[order] = at
        self.note_fact(order, suffix, symbol, at)
        before: cython.longlong = case
        case = self.moved(order, case, suffix, move, at, at)
        if self.p_case.size:
            self.follow_passed()
        row: cython.longlong = move * MOVE
        if self.t.moves.at[row + M_CHANGES]:
            if before < 0 and self.t.moves.at[row + M_CONTACT]:
                self.behind.at[order] = case
            self.follow(
                order,
                case,
                self.t.moves.at[row + M_STANDING],
                at,
                self.c_task.at[case],
                self.c_deadlines.at[case] if self.t.moves.at[row + M_HOW] == 0 else 0,
                case * self.t.slots,
            )

    @cython.cfunc
    @cython.inline
    def note_fact(self, order: cython.longlong, suffix: cython.longlong, symbol: cython.longlong, at: cython.longlong):
        self.f_suffix.add(suffix)
        self.f_symbol.add(symbol)
        self.f_at.add(at)
        self.f_behind.add(self.behind.at[order])
        self.newest_fact[order] = self.f_older.add(self.newest_fact[order])

    @cython.cfunc
    def record_late(self, order: cython.longlong, late: tuple):
        """Let follow what follows a fact that somebody else has recorded."""
        if self.p_case.size:
            self.follow_passed()
        case: cython.longlong = late[0]
        if not late[1]:
            return
        if late[2]:
            self.behind.at[order] = case
        self.follow(
            order,
            case,
            self.c_standing.at[case],
            self.c_moved.at[case],
            self.c_task.at[case],
            self.c_deadlines.at[case] if late[3] else 0,
            case * self.t.slots,
        )

    def facts_of(self, order):
        """Return the facts of an order as they were told: suffix, symbol, instant, and the contact behind it then."""
        facts, fact = [], self.newest_fact[order]
        while fact >= 0:
            facts.append((self.f_suffix[fact], self.f_symbol[fact], self.f_at[fact], self.f_behind[fact]))
            fact = self.f_older[fact]
        return facts[::-1]

    def cases_of(self, order):
        """Return the cases of an order, the last opened first."""
        cases, case = [], self.newest[order]
        while case >= 0:
            cases.append(case)
            case = self.c_older[case]
        return cases

    def case_at(self, order, suffix):
        """Return the case of an order with that end of its name, -1 for none."""
        return self.case_of(order, suffix)

    def channel_of(self, order):
        """Return the number of an order's channel."""
        return self.channel[order]

    def hand_over(self, order):
        """Let somebody else record all facts of an order from now on."""
        self.last[order] = FAR

    def begin_case(self, order, suffix, at):
        """Open a case that somebody else keeps."""
        return self.open_case(order, suffix, at)

    def begin_task(self, case, kind, at, due):
        """Return a new task."""
        self.t_case.add(case)
        self.t_type.add(kind)
        self.t_opened.add(at)
        self.t_move.add(-1)
        return self.t_due.add(due)

    def let_stand(self, case, standing, moved, rows):
        """Let a case stand as somebody else says, with rows of deadlines: began, due, end, name, then, missed."""
        self.c_standing[case] = standing
        self.c_moved[case] = moved
        self.c_deadlines[case] = len(rows)
        for number, row in enumerate(rows):
            slot = case * self.t.slots + number
            self.d_began[slot], self.d_due[slot], self.d_end[slot] = row[:3]
            self.d_name[slot], self.d_then[slot], self.d_missed[slot] = row[3:]
        self.expect(case)

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def span(self, place: cython.longlong, at: cython.longlong) -> cython.longlong:
        """Return the number of the terms in force, by the turns of a marketplace's rules that lie in the run."""
        number: cython.longlong = self.span_first[place]
        turn: cython.longlong = self.span_turn[place]
        while turn < self.span_turn[place + 1] and at >= self.turn_at[turn]:
            number += 1
            turn += 1
        return number

    @cython.cfunc
    def window_end(
        self, order: cython.longlong, place: cython.longlong, span: cython.longlong, at: cython.longlong
    ) -> cython.longlong:
        """Return until when a return of an order is requested in time, FAR without an end."""
        key: cython.longlong = (self.kind[order] << 16) | (place << 6) | span
        rows: cython.longlong = self.t.windows.get(key)
        begins: cython.longlong = self.begins[order]
        if rows < 0:
            rows = self.learning.windows(key, order, at)
        if rows == 0 or begins < self.first_begin or begins >= self.last_begin:
            return self.learning.window_end(order, at)
        end: cython.longlong = -FAR
        due: cython.longlong
        row: cython.longlong
        for row in range(rows >> 8, (rows >> 8) + (rows & 255)):
            due = self.due_by(self.t.window_rows.at[WINDOW * row], self.t.window_rows.at[WINDOW * row + 1], begins)
            end = due if due > end else end
        return end

    @cython.cfunc
    def move_of(
        self,
        order: cython.longlong,
        case: cython.longlong,
        suffix: cython.longlong,
        symbol: cython.longlong,
        at: cython.longlong,
    ) -> cython.longlong:
        """Return what a fact does to a case, or to none: by all that this may depend on."""
        standing: cython.longlong = self.c_standing.at[case] if case >= 0 else -1
        place: cython.longlong = self.place[order]
        asked: cython.longlong = ((standing + 1) << 30) | (place << 20) | symbol
        needs: cython.longlong = self.t.needs.get(asked)
        if needs < 0:
            needs = self.learning.needed(asked, standing, place, symbol)
        if needs & 8:
            return self.learning.decided(self, order, case, suffix, symbol, at)
        span: cython.longlong = self.span(place, at)
        others: cython.longlong = 0
        bits: cython.longlong = 0
        if needs & 1:
            if self.ends_span[order] != span:
                self.ends[order] = self.window_end(order, place, span, at)
                self.ends_span[order] = span
            bits = 1 if (self.c_opened.at[case] if case >= 0 else at) <= self.ends[order] else 0
        if needs & 2:
            others = self.learning.others(self, order, case)
        if needs & 4:
            bits |= self.learning.instants(order, at) << 1
        kind: cython.longlong = self.t.kinds.get((self.kind[order] << 20) | (needs >> 4))
        if kind < 0:
            kind = self.learning.kind((self.kind[order] << 20) | (needs >> 4), needs >> 4, order)
        key: cython.longlong = (
            (((((((((standing + 1) << 13) | symbol) << 16) | kind) << 6) | span) << 8) | others) << 3
        ) | bits
        move: cython.longlong = self.t.found.get(key)
        if move < 0:
            move = self.learning.move(self, key, order, case, symbol, at)
        return move

    @cython.cfunc
    def moved(
        self,
        order: cython.longlong,
        case: cython.longlong,
        suffix: cython.longlong,
        move: cython.longlong,
        at: cython.longlong,
        known: cython.longlong,
    ) -> cython.longlong:
        """Let a case stand as a move says, count what that changes, and return the case."""
        row: cython.longlong = move * MOVE
        how: cython.longlong = self.t.moves.at[row + M_HOW]
        task: cython.longlong
        if self.t.moves.at[row + M_LOG] >= 0:
            self.log.add(order)
            self.log.add(case if case >= 0 else self.c_order.size)
            self.log.add(self.t.moves.at[row + M_LOG])
            self.log.add(at)
            self.log.add(self.t.moves.at[row + M_FACT])
        if how == 1:
            return case
        if how == 2:
            self.c_standing.at[case] = self.t.moves.at[row + M_STANDING]
            if self.c_split.at[case] and self.c_task.at[case] >= 0:
                # The docket has the task from its replay then: another object, which is in no queue.
                task = self.c_task.at[case]
                self.c_task.at[case] = self.begin_task(
                    case, self.t_type.at[task], self.t_opened.at[task], self.t_due.at[task]
                )
            self.c_split.at[case] = 0
            self.expect(case)
            return case
        if case < 0:
            case = self.open_case(order, suffix, at)
            self.count_opening(self.t.moves.at[row + M_OPENING], at, known, order)
        else:
            self.close_deadlines(case, row, at, known)
        self.c_standing.at[case] = self.t.moves.at[row + M_STANDING]
        self.c_moved.at[case] = at
        self.c_split.at[case] = 0
        self.open_deadlines(order, case, move, at, known)
        task = self.t.standings.at[self.t.moves.at[row + M_STANDING] * STANDING + K_TASK]
        self.c_task.at[case] = self.new_task(case, task, move, at) if task >= 0 else -1
        self.expect(case)
        if self.t.moves.at[row + M_DEFECT]:
            self.count_defect(self.t.moves.at[row + M_COMPONENT], order, case, known, self.t.moves.at[row + M_DEFECT])
        return case

    @cython.cfunc
    def open_case(self, order: cython.longlong, suffix: cython.longlong, at: cython.longlong) -> cython.longlong:
        case: cython.longlong = self.c_order.add(order)
        self.c_standing.add(-1)
        self.c_suffix.add(suffix)
        self.c_opened.add(at)
        self.c_moved.add(at)
        self.c_task.add(-1)
        self.c_waits.add(-1)
        self.c_older.add(self.newest.at[order])
        self.c_offered.add(0)
        self.c_rest.add(0)
        self.c_rest_task.add(-1)
        self.c_deadlines.add(0)
        self.c_split.add(0)
        self.d_began.reserve(self.t.slots)
        self.d_due.reserve(self.t.slots)
        self.d_end.reserve(self.t.slots)
        self.d_name.reserve(self.t.slots)
        self.d_then.reserve(self.t.slots)
        self.d_missed.reserve(self.t.slots)
        self.newest.at[order] = case
        return case

    @cython.cfunc
    def close_deadlines(self, case: cython.longlong, row: cython.longlong, at: cython.longlong, known: cython.longlong):
        order: cython.longlong = self.c_order.at[case]
        slot: cython.longlong
        ending: cython.longlong
        for slot in range(case * self.t.slots, case * self.t.slots + self.c_deadlines.at[case]):
            ending = MET
            ended: cython.longlong = at
            if self.t.moves.at[row + M_UNNEEDED]:
                ending = MISSED_UNDONE if self.d_missed.at[slot] else -1
                ended = FOREVER
            elif self.t.moves.at[row + M_FACT] == self.d_then.at[slot] and at == self.d_end.at[slot]:
                ending, ended = MISSED, FOREVER
            elif self.d_missed.at[slot]:
                ending = MET_LATE
            if ending >= 0:
                self.count_ending(order, case, slot, known, ended, ending)
            if self.d_due.at[slot] < self.d_end.at[slot]:
                self.count_due(order, slot, known, ended, ending)

    @cython.cfunc
    def open_deadlines(
        self,
        order: cython.longlong,
        case: cython.longlong,
        move: cython.longlong,
        at: cython.longlong,
        known: cython.longlong,
    ):
        row: cython.longlong = move * MOVE
        count: cython.longlong = self.t.moves.at[row + M_OPENS]
        recipe: cython.longlong = self.t.moves.at[row + M_RECIPE]
        slot: cython.longlong = case * self.t.slots
        number: cython.longlong
        d: cython.longlong
        by_rule: cython.longlong
        by_seller: cython.longlong
        for number in range(count):
            self.d_began.at[slot] = at
            d = (recipe + number) * RECIPE
            self.d_name.at[slot] = self.t.recipes.at[d + D_NAME]
            self.d_then.at[slot] = self.t.recipes.at[d + D_THEN]
            by_rule = self.due_by(self.t.recipes.at[d + D_CLOCK], self.t.recipes.at[d + D_AMOUNT], at)
            by_seller = self.due_by(self.t.recipes.at[d + D_SELLERS], self.t.recipes.at[d + D_SELLERS_AMOUNT], at)
            self.d_due.at[slot] = by_rule if by_rule <= by_seller else by_seller
            self.d_end.at[slot] = by_rule if by_rule < FAR else by_seller
            self.d_missed.at[slot] = 0
            if self.d_due.at[slot] < self.d_end.at[slot]:
                self.add_due(order, slot, max(self.d_due.at[slot], known), FOREVER, MISSED)
            slot += 1
        self.c_deadlines.at[case] = count

    @cython.cfunc
    @cython.exceptval(check=False)
    def due_by(self, clock: cython.longlong, amount: cython.longlong, at: cython.longlong) -> cython.longlong:
        """Return when a clock is due that begins at an instant, FAR for none; see `aftersale.clocks.tables`."""
        if clock == NO_CLOCK:
            return FAR
        if clock == FIXED:
            return amount
        row: cython.longlong = CLOCK * clock
        return self.table_value(
            self.t.clocks.at[row + 2],
            self.t.clocks.at[row + 3],
            self.table_value(self.t.clocks.at[row], self.t.clocks.at[row + 1], at) + amount,
        )

    @cython.cfunc
    @cython.exceptval(check=False)
    def table_value(self, first: cython.longlong, count: cython.longlong, number: cython.longlong) -> cython.longlong:
        low: cython.longlong = 0
        high: cython.longlong = count - 1
        middle: cython.longlong
        knots: Longs = self.t.knots
        while high - low > 1:
            middle = (low + high) // 2
            if knots.at[first + middle] <= number:
                low = middle
            else:
                high = middle
        grown: cython.longlong = number - knots.at[first + low]
        most: cython.longlong = self.t.reached.at[first + low + 1] - self.t.reached.at[first + low]
        return self.t.reached.at[first + low] + (most if grown > most else grown)

    @cython.cfunc
    def new_task(
        self, case: cython.longlong, kind: cython.longlong, move: cython.longlong, at: cython.longlong
    ) -> cython.longlong:
        due: cython.longlong = self.d_due.at[case * self.t.slots]
        slot: cython.longlong
        for slot in range(case * self.t.slots, case * self.t.slots + self.c_deadlines.at[case]):
            if self.d_due.at[slot] < due:
                due = self.d_due.at[slot]
        self.t_case.add(case)
        self.t_type.add(kind)
        self.t_opened.add(at)
        self.t_move.add(move)
        return self.t_due.add(due)

    @cython.cfunc
    def expect(self, case: cython.longlong):
        """Wait for the case's next deadline that has not been missed yet."""
        first: cython.longlong = -1
        slot: cython.longlong
        for slot in range(case * self.t.slots, case * self.t.slots + self.c_deadlines.at[case]):
            if not self.d_missed.at[slot] and (first < 0 or self.d_end.at[slot] < self.d_end.at[first]):
                first = slot
        self.c_waits.at[case] = -1
        if first >= 0:
            self.x_case.add(case)
            if self.paired:
                self.x_rank.add(self.rank[self.c_order.at[case] * self.paired + self.c_suffix.at[case]])
            else:
                self.x_rank.add(
                    (self.rank[self.c_order.at[case]] << 10) | self.t.suffix_rank.at[self.c_suffix.at[case]]
                )
            self.c_waits.at[case] = self.x_slot.add(first)
            self.expiries.push(self.d_end.at[first], self.c_waits.at[case])

    @cython.cfunc
    def advance(self, until: cython.longlong):
        """End every deadline that ends before this instant."""
        number: cython.longlong
        case: cython.longlong
        while self.expiries.size and self.expiries.top() < until:
            number = self.expiries.pop()
            case = self.x_case.at[number]
            if self.c_waits.at[case] == number:
                self.c_waits.at[case] = -1
                self.expire(case, self.x_slot.at[number])
        if until > self.known:
            self.known = until

    @cython.cfunc
    def expire(self, case: cython.longlong, slot: cython.longlong):
        order: cython.longlong = self.c_order.at[case]
        at: cython.longlong = self.d_end.at[slot]
        name: cython.longlong = self.d_name.at[slot]
        then: cython.longlong = self.d_then.at[slot]
        move: cython.longlong = -1
        changed: cython.longlong = 0
        opened: cython.longlong = 0
        if self.last[order] == FAR:
            changed, opened = self.learning.expire_late(self, order, case, at)
        elif then < 0:
            self.miss(order, case, slot, at)
        else:
            move = self.move_of(order, case, self.c_suffix.at[case], then, at)
            self.moved(order, case, self.c_suffix.at[case], move, at, at)
            changed, opened = self.t.moves.at[move * MOVE + M_CHANGES], 1
        if at > self.last[order]:
            self.last[order] = at
        self.p_case.add(case)
        self.p_standing.add(self.c_standing.at[case])
        self.p_moved.add(self.c_moved.at[case])
        self.p_changed.add(changed)
        self.p_name.add(self.course_of_miss(self.c_standing.at[case], name) if not changed else -1)
        self.p_at.add(at)
        self.p_task.add(self.c_task.at[case])
        self.p_open.add(self.c_deadlines.at[case] if opened else 0)
        place: cython.longlong
        for place in range(self.t.slots):
            self.p_ends.add(self.d_end.at[case * self.t.slots + place])

    @cython.cfunc
    def course_of_miss(self, standing: cython.longlong, name: cython.longlong) -> cython.longlong:
        key: cython.longlong = (standing << 20) | name
        found: cython.longlong = self.t.misses.get(key)
        if found < 0:
            found = self.learning.course_of_miss(key, standing, name)
        return found - 1

    @cython.cfunc
    def miss(self, order: cython.longlong, case: cython.longlong, slot: cython.longlong, at: cython.longlong):
        """Mark a deadline as missed: the case keeps its state."""
        place: cython.longlong = slot - case * self.t.slots
        then: cython.longlong = self.d_then.at[slot]
        key: cython.longlong = (self.c_standing.at[case] << 20) | (place << 3) | -then
        found: cython.longlong = self.t.missed.get(key)
        if found < 0:
            found = self.learning.miss(key, self.c_standing.at[case], place, then)
        log: cython.longlong = found >> 20 if found >= 1 << 20 else 0
        log -= 1
        found &= (1 << 20) - 1
        if log >= 0:
            self.log.add(order)
            self.log.add(case)
            self.log.add(log)
            self.log.add(at)
            self.log.add(-1)
        self.count_ending(order, case, slot, at, FOREVER, MISSED)
        if self.d_due.at[slot] < self.d_end.at[slot]:
            self.count_due(order, slot, at, FOREVER, MISSED)
        self.d_missed.at[slot] = 1
        self.c_split.at[case] = 0
        self.c_standing.at[case] = found
        self.expect(case)

    def add_row(self, columns, key, row):
        """Add a row to `endings`, `dues`, `openings` or `defects`."""
        of_key(columns, key).extend(row)

    # --- what is counted ------------------------------------------------------------------------------------------

    @cython.cfunc
    def count_opening(self, key: cython.longlong, at: cython.longlong, known: cython.longlong, order: cython.longlong):
        o: Longs = of_key(self.openings, key)
        o.add(at)
        o.add(known)
        o.add(1)
        o.add(self.channel[order])

    @cython.cfunc
    def count_ending(
        self,
        order: cython.longlong,
        case: cython.longlong,
        slot: cython.longlong,
        known: cython.longlong,
        ended: cython.longlong,
        ending: cython.longlong,
    ):
        e: Longs = of_key(self.endings, self.d_name.at[slot])
        e.add(self.d_began.at[slot])
        e.add(known)
        e.add(ended)
        e.add(ending)
        e.add(self.channel[order])
        if ending == MISSED or ending == MISSED_UNDONE:  # noqa: SIM109 - in C no tuple is made
            self.count_defect(self.t.late.at[self.d_name.at[slot]], order, case, known, 1 if ending == MISSED else -1)

    @cython.cfunc
    def count_due(
        self,
        order: cython.longlong,
        slot: cython.longlong,
        known: cython.longlong,
        ended: cython.longlong,
        ending: cython.longlong,
    ):
        """Count what the end of a deadline changes that is due before the marketplace's own end."""
        if self.d_missed.at[slot]:
            return
        known = max(known, self.d_due.at[slot])
        if ending == MET and ended > self.d_due.at[slot]:
            self.add_due(order, slot, known, ended, MET_UNDONE)
            self.add_due(order, slot, known, ended, MET_LATE)
        else:
            self.add_due(order, slot, known, FOREVER, MISSED_UNDONE)

    @cython.cfunc
    def add_due(
        self,
        order: cython.longlong,
        slot: cython.longlong,
        known: cython.longlong,
        ended: cython.longlong,
        ending: cython.longlong,
    ):
        e: Longs = of_key(self.dues, self.d_name.at[slot])
        e.add(self.d_began.at[slot])
        e.add(known)
        e.add(ended)
        e.add(ending)
        e.add(self.channel[order])
        e.add(self.d_due.at[slot])

    @cython.cfunc
    def count_defect(
        self,
        key: cython.longlong,
        order: cython.longlong,
        case: cython.longlong,
        known: cython.longlong,
        step: cython.longlong,
    ):
        e: Longs = of_key(self.defects, key)
        e.add(order)
        e.add(case)
        e.add(self.bought[order])
        e.add(self.c_opened.at[case])
        e.add(known)
        e.add(step)
        e.add(self.channel[order])

    # --- what follows a new state ---------------------------------------------------------------------------------

    @cython.cfunc
    def follow_passed(self):
        """Let follow what follows deadlines that have ended."""
        count: cython.Py_ssize_t = self.p_case.size
        place: cython.Py_ssize_t
        case: cython.longlong
        order: cython.longlong
        for place in range(count):
            case = self.p_case.at[place]
            order = self.c_order.at[case]
            if self.p_changed.at[place]:
                self.follow(
                    order,
                    case,
                    self.p_standing.at[place],
                    self.p_moved.at[place],
                    self.p_task.at[place],
                    self.p_open.at[place],
                    -1 - place * self.t.slots,
                )
            elif self.p_name.at[place] >= 0:
                self.follow_and_schedule(
                    self.p_name.at[place], order, self.p_at.at[place], case, self.p_standing.at[place]
                )
        self.p_case.size = self.p_standing.size = self.p_moved.size = self.p_changed.size = 0
        self.p_name.size = self.p_at.size = self.p_task.size = self.p_open.size = self.p_ends.size = 0

    @cython.cfunc
    def follow_and_schedule(
        self,
        course: cython.longlong,
        order: cython.longlong,
        at: cython.longlong,
        case: cython.longlong,
        standing: cython.longlong,
    ):
        begin: cython.Py_ssize_t = self.top
        self.follow_course(course, order, at, case, standing)
        place: cython.Py_ssize_t
        for place in range(begin, self.top):
            self.schedule(place, order)
        self.top = begin

    @cython.cfunc
    def follow(
        self,
        order: cython.longlong,
        case: cython.longlong,
        standing: cython.longlong,
        moved: cython.longlong,
        task: cython.longlong,
        count: cython.longlong,
        ends: cython.longlong,
    ):
        """Let follow what follows a case's new state; `ends` is where the ends of its new deadlines stand."""
        if (task >= 0) != (self.c_offered.at[case] != 0):
            self.open_tasks += 1 if task >= 0 else -1
            self.c_offered.at[case] = 1 if task >= 0 else 0
        if self.longer:
            self.longer.pop(order * self.t.suffixes + self.c_suffix.at[case], None)
        course: cython.longlong = self.t.standings.at[standing * STANDING + K_COURSE]
        if course >= 0:
            self.follow_and_schedule(course, order, moved, case, standing)
        if count:
            self.watch(count, ends)
            if task >= 0:
                self.enqueue(task, order)

    @cython.cfunc
    def watch(self, count: cython.longlong, ends: cython.longlong):
        place: cython.longlong
        expires: cython.longlong
        for place in range(count):
            expires = self.d_end.at[ends + place] if ends >= 0 else self.p_ends.at[-1 - ends + place]
            if expires < self.watched - 1:
                self.watched = expires + 1
                self.call(expires + 1, EXPIRE, expires, 0)

    @cython.cfunc
    def expire_watched(self, expires: cython.longlong):
        if expires + 1 != self.watched:
            return
        self.advance(self.now)
        self.follow_passed()
        self.watched = self.until + 1
        while self.expiries.size and self.c_waits.at[self.x_case.at[self.expiries.first()]] != self.expiries.first():
            self.expiries.pop()
        if self.expiries.size:
            following: cython.longlong = cython.cast(cython.longlong, self.expiries.top())
            if following + 1 < self.until:
                self.watched = following + 1
                self.call(following + 1, EXPIRE, following, 0)

    # --- tasks and agents -----------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def of_task(self, kind: cython.longlong, name: cython.longlong) -> cython.longlong:
        return self.t.tasks.at[kind * TASK + name]

    @cython.cfunc
    @cython.exceptval(check=False)
    def turn(self, kind: cython.longlong, order: cython.longlong) -> cython.longlong:
        return self.answers[order] if self.of_task(kind, Y_REPLY) else 0

    @cython.cfunc
    def enqueue(self, task: cython.longlong, order: cython.longlong):
        kind: cython.longlong = self.t_type.at[task]
        self.seen.at[kind] = 1
        share: cython.double = self.t.automatic.at[kind]
        if share != 0 and self.number(6, kind, self.turn(kind, order), order) < share:
            self.call(self.now, FINISH, task, 0)
            return
        self.offer(task)

    @cython.cfunc
    def sort_key(self, task: cython.longlong, kind: cython.longlong) -> cython.double:
        order: cython.longlong = self.y_order[kind]
        if order == 0:
            return self.t_due.at[task] - self.y_head[kind]
        if order == 1:
            return self.t_opened.at[task]
        return self.learning.sort_key(self, task)

    @cython.cfunc
    def offer(self, task: cython.longlong):
        """Put a task into its queue, and wake an idle agent who can do it."""
        kind: cython.longlong = self.t_type.at[task]
        queue: Heap = cython.cast(Heap, self.queues[self.y_queue[kind]])
        self.pushed += 1
        self.queue_task.add(task)
        queue.push(self.sort_key(task, kind), self.pushed)
        place: cython.longlong
        crew: cython.longlong
        for place in range(self.y_crews[kind], self.y_crews[kind + 1]):
            crew = self.y_crew[place]
            if self.s_busy.at[crew] < self.s_on_duty.at[crew]:
                self.assign(crew)
                return

    def _hire(self):
        """Let every agent wait for work, and begin with the shifts; see `Agents`."""
        crew: cython.longlong
        agents = array("q")
        self.queue_task.add(-1)
        self.idle = []
        self.s_on_duty, self.s_busy, self.s_closes = Longs(), Longs(), Longs()
        self.s_overtime, self.s_reopens, self.s_next = Longs(), Longs(), Longs()
        self.s_finishes, self.s_usual, self.s_queues, self.served = Longs(), Longs(), Longs([0]), Longs()
        queues: cython.longlong = self.learning.queue_count
        self.queues = [Heap() for _ in range(queues)]
        for crew, plan in enumerate(self.plans):
            self.idle.append(Longs(list(range(len(agents), len(agents) + plan.most))))
            agents.extend([crew] * plan.most)
            self.s_on_duty.add(0)
            self.s_busy.add(0)
            self.s_closes.add(plan.closes)
            self.s_overtime.add(-FAR)
            self.s_reopens.add(FAR)
            self.s_next.add(0)
            self.s_finishes.add(plan.finishes)
            self.s_usual.add(plan.usual)
            self.served.extend(plan.queues)
            self.s_queues.add(self.served.size)
            self.shift(crew, False)
        self.a_crew = agents if len(agents) else longs(1)
        self.a_task, self.a_rest = Longs([-1] * len(agents)), Longs([0] * len(agents))
        self.next_step()
        self.count_backlog(False)
        self.look(False)

    @cython.cfunc
    def shift(self, crew: cython.longlong, resumed: cython.bint):
        plan = self.plans[crew]
        number: cython.longlong = self.s_next.at[crew]
        while number < len(plan.at):
            at: cython.longlong = plan.at[number]
            if not resumed and at > self.now:
                self.s_next.at[crew] = number
                self.simulate(at, SHIFT, crew)
                return
            resumed = False
            change: cython.longlong = plan.changes[number]
            self.s_on_duty.at[crew] += change
            self.s_closes.at[crew] = plan.closing[number]
            if change < 0:
                self.s_overtime.at[crew] = at + plan.overtime
                self.s_reopens.at[crew] = plan.reopening[number]
            while self.s_busy.at[crew] < self.s_on_duty.at[crew] and self.assign(crew):
                pass
            number += 1
        self.s_next.at[crew] = number

    @cython.cfunc
    def most_urgent(self, crew: cython.longlong) -> cython.longlong:
        """Return the most urgent task that a crew can do and that stands, -1 for none."""
        queue: Heap
        best: Heap
        task: cython.longlong
        place: cython.longlong
        while True:
            best = None
            for place in range(self.s_queues.at[crew], self.s_queues.at[crew + 1]):
                queue = cython.cast(Heap, self.queues[self.served.at[place]])
                if queue.size and (
                    best is None
                    or queue.top() < best.top()
                    or (queue.top() == best.top() and queue.first() < best.first())
                ):
                    best = queue
            if best is None:
                return -1
            task = self.queue_task.at[best.pop()]
            if self.c_task.at[self.t_case.at[task]] == task:
                return task

    @cython.cfunc
    def assign(self, crew: cython.longlong) -> cython.bint:
        task: cython.longlong = self.most_urgent(crew)
        if task < 0:
            return False
        self.s_busy.at[crew] += 1
        idle: Longs = self.idle[crew]
        idle.size -= 1
        agent: cython.longlong = idle.at[idle.size]
        self.a_task.at[agent] = task
        self.simulate(self.now, TAKE, agent)
        return True

    @cython.cfunc
    def next_job(self, crew: cython.longlong) -> cython.longlong:
        if self.s_busy.at[crew] <= self.s_on_duty.at[crew]:
            return self.most_urgent(crew)
        if self.now < self.s_overtime.at[crew]:
            task: cython.longlong = self.most_urgent(crew)
            if task >= 0:
                if self.t_due.at[task] < self.s_reopens.at[crew]:
                    return task
                self.offer(task)
        return -1

    @cython.cfunc
    def work(self, agent: cython.longlong):
        """Let an agent begin with a task."""
        crew: cython.longlong = self.a_crew[agent]
        task: cython.longlong = self.a_task.at[agent]
        late: cython.bint = self.s_busy.at[crew] > self.s_on_duty.at[crew]
        duration: cython.longlong = self.duration(task, crew)
        rest: cython.longlong = 0
        if not self.s_finishes.at[crew] and not late:
            rest = max(0, self.now + duration - self.s_closes.at[crew])
        self.handled.add(self.t_opened.at[task])
        self.handled.add(crew)
        self.handled.add(self.now)
        self.handled.add(self.now + duration - rest)
        if late and self.since <= self.now < self.until:
            self.overtime.add(crew)
            self.overtime.add(duration)
        self.a_rest.at[agent] = rest
        self.simulate(self.now + duration - rest, DONE, agent)

    @cython.cfunc
    def done(self, agent: cython.longlong):
        crew: cython.longlong = self.a_crew[agent]
        task: cython.longlong = self.a_task.at[agent]
        if self.a_rest.at[agent]:
            self.put_down(task, self.a_rest.at[agent])
        else:
            self.finish(task, self.now)
        task = self.next_job(crew)
        if task >= 0:
            self.a_task.at[agent] = task
            self.work(agent)
            return
        self.s_busy.at[crew] -= 1
        idle: Longs = self.idle[crew]
        idle.add(agent)

    @cython.cfunc
    def put_down(self, task: cython.longlong, rest: cython.longlong):
        case: cython.longlong = self.t_case.at[task]
        if self.c_task.at[case] == task:
            self.c_rest.at[case] = rest
            self.c_rest_task.at[case] = task
            self.offer(task)

    @cython.cfunc
    def duration(self, task: cython.longlong, crew: cython.longlong) -> cython.longlong:
        case: cython.longlong = self.t_case.at[task]
        if self.c_rest_task.at[case] >= 0:
            known: cython.longlong = self.c_rest_task.at[case]
            self.c_rest_task.at[case] = -1
            if known == task:
                return self.c_rest.at[case]
        kind: cython.longlong = self.t_type.at[task]
        order: cython.longlong = self.c_order.at[case]
        shape: cython.longlong = self.of_task(kind, Y_SHAPE)
        turn: cython.longlong = self.turn(kind, order)
        duration: cython.longlong
        self.timed.at[kind] = 1
        if shape == 0:
            duration = cython.cast(cython.longlong, self.t.mean.at[kind])
        elif shape == 1:
            duration = even(self.t.mean.at[kind] * self.number(7, kind, turn, order))
        else:
            duration = even(exp(self.t.mean.at[kind] + self.t.sigma.at[kind] * self.number(8, kind, turn, order)))
        if self.longer:
            longer = self.longer.get(order * self.t.suffixes + self.c_suffix.at[case])
            if longer:
                more: cython.double = 0
                for quantity, times in longer.items():
                    more += self.value(quantity, order, self.now) * times
                duration = even(duration * (1 + more))
        if self.s_usual.at[crew]:
            return duration
        return even(duration * cython.cast(cython.double, self.plans[crew].pace(self.now)))

    @cython.cfunc
    def finish(self, task: cython.longlong, at: cython.longlong):
        """Let a done task become its fact, or what a person decides."""
        self.advance(at)
        if self.p_case.size:
            self.follow_passed()
        case: cython.longlong = self.t_case.at[task]
        order: cython.longlong = self.c_order.at[case]
        if self.c_task.at[case] != task:
            self.wasted += 1
            return
        kind: cython.longlong = self.t_type.at[task]
        course: cython.longlong = self.of_task(kind, Y_COURSE)
        suffix: cython.longlong = self.c_suffix.at[case]
        if course < 0:
            self.record(order, suffix, self.of_task(kind, Y_ANSWER), at)
            return
        begin: cython.Py_ssize_t = self.top
        self.decide(course, order, at, case)
        place: cython.Py_ssize_t
        end: cython.Py_ssize_t = self.top
        for place in range(begin, end):
            if self.due.at[place] <= at:
                self.record(order, suffix, self.said(self.follows.at[place], order), at)
            else:
                self.schedule(place, order)
        self.top = begin

    @cython.cfunc
    def decide(self, course: cython.longlong, order: cython.longlong, at: cython.longlong, case: cython.longlong):
        """Put what follows a done task on top: where nothing is drawn the last that may follow, at once."""
        begin: cython.Py_ssize_t = self.top
        standing: cython.longlong = self.c_standing.at[case]
        self.follow_course(course, order, at, case, standing)
        choice: cython.longlong = self.t.courses.at[course * COURSE + U_CHOICES_END] - 1
        if self.top > begin or choice < self.t.courses.at[course * COURSE + U_CHOICES]:
            return
        place: cython.longlong
        response: cython.longlong
        last: cython.longlong = -1
        for place in range(
            self.t.choices.at[choice * CHOICE + H_ITEMS], self.t.choices.at[choice * CHOICE + H_ITEMS_END]
        ):
            response = self.response_of(self.t.items.at[place], order)
            if self.field(response, R_WHEN) < 0 or self.holds(self.field(response, R_WHEN), order, standing):
                last = response
        if last >= 0:
            self.put(at, last)

    # --- counting days, looking at accounts -----------------------------------------------------------------------

    @cython.cfunc
    def count_backlog(self, resumed: cython.bint):
        while self.backlog_next < len(self.bounds):
            end: cython.longlong = self.bounds[self.backlog_next]
            if not resumed and end > self.now:
                self.simulate(end, BACKLOG, 0)
                return
            resumed = False
            self.backlog.append(self.open_tasks)
            self.backlog_next += 1

    @cython.cfunc
    def look(self, resumed: cython.bint):
        while self.look_next < len(self.looks):
            at, name, day = self.looks[self.look_next]
            if not resumed and at > self.now:
                self.simulate(at, LOOK, 0)
                return
            resumed = False
            self.advance(self.now)
            self.follow_passed()
            self.learning.look(self, name, day, at)
            self.look_next += 1
