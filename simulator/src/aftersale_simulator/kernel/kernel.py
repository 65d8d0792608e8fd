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

# What may be called: of one instant these come after all that is simulated.
BEGIN = cython.declare(cython.longlong, 0)
HAPPEN = cython.declare(cython.longlong, 1)
EXPIRE = cython.declare(cython.longlong, 2)
FINISH = cython.declare(cython.longlong, 3)
CALLED = cython.declare(cython.longlong, 2**60)  # what is added to the number of a call
# What may be simulated.
TAKE = cython.declare(cython.longlong, 4)
DONE = cython.declare(cython.longlong, 5)
SHIFT = cython.declare(cython.longlong, 6)
BACKLOG = cython.declare(cython.longlong, 7)
LOOK = cython.declare(cython.longlong, 8)

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

# What a run keeps, a row for each: what one step looks at lies side by side.
ORDER_PLACE = cython.declare(cython.longlong, 0)
ORDER_BITS = cython.declare(cython.longlong, 1)
ORDER_MARKS = cython.declare(cython.longlong, 2)
ORDER_LAST = cython.declare(cython.longlong, 3)
ORDER_NEWEST = cython.declare(cython.longlong, 4)
ORDER_BEHIND = cython.declare(cython.longlong, 5)
ORDER_ANSWERS = cython.declare(cython.longlong, 6)
ORDER_FACT = cython.declare(cython.longlong, 7)
ORDER_ITEM = cython.declare(cython.longlong, 8)
ORDER_BOUGHT = cython.declare(cython.longlong, 9)
ORDER_CHANNEL = cython.declare(cython.longlong, 10)
ORDER_KIND = cython.declare(cython.longlong, 11)
ORDER_BEGINS = cython.declare(cython.longlong, 12)
ORDER_ENDS = cython.declare(cython.longlong, 13)
ORDER_SPAN = cython.declare(cython.longlong, 14)
ORDER_RANK = cython.declare(cython.longlong, 15)
ORDER = cython.declare(cython.longlong, 16)
CASE_STANDING = cython.declare(cython.longlong, 0)
CASE_ORDER = cython.declare(cython.longlong, 1)
CASE_SUFFIX = cython.declare(cython.longlong, 2)
CASE_TASK = cython.declare(cython.longlong, 3)
CASE_DEADLINES = cython.declare(cython.longlong, 4)
CASE_WAITS = cython.declare(cython.longlong, 5)
CASE_OLDER = cython.declare(cython.longlong, 6)
CASE_OPENED = cython.declare(cython.longlong, 7)
CASE_MOVED = cython.declare(cython.longlong, 8)
CASE_OFFERED = cython.declare(cython.longlong, 9)
CASE_REST = cython.declare(cython.longlong, 10)
CASE_REST_TASK = cython.declare(cython.longlong, 11)
CASE_SPLIT = cython.declare(cython.longlong, 12)
CASE = cython.declare(cython.longlong, 13)
DEADLINE_BEGAN = cython.declare(cython.longlong, 0)
DEADLINE_DUE = cython.declare(cython.longlong, 1)
DEADLINE_END = cython.declare(cython.longlong, 2)
DEADLINE_NAME = cython.declare(cython.longlong, 3)
DEADLINE_THEN = cython.declare(cython.longlong, 4)
DEADLINE_MISSED = cython.declare(cython.longlong, 5)
DEADLINE = cython.declare(cython.longlong, 6)
JOB_CASE = cython.declare(cython.longlong, 0)
JOB_TYPE = cython.declare(cython.longlong, 1)
JOB_DUE = cython.declare(cython.longlong, 2)
JOB_OPENED = cython.declare(cython.longlong, 3)
JOB_MOVE = cython.declare(cython.longlong, 4)
JOB = cython.declare(cython.longlong, 5)
FACT_SUFFIX = cython.declare(cython.longlong, 0)
FACT_SYMBOL = cython.declare(cython.longlong, 1)
FACT_AT = cython.declare(cython.longlong, 2)
FACT_BEHIND = cython.declare(cython.longlong, 3)
FACT_OLDER = cython.declare(cython.longlong, 4)
FACT = cython.declare(cython.longlong, 5)
LOG_ORDER = cython.declare(cython.longlong, 0)
LOG_CASE = cython.declare(cython.longlong, 1)
LOG_KEPT = cython.declare(cython.longlong, 2)
LOG_AT = cython.declare(cython.longlong, 3)
LOG = cython.declare(cython.longlong, 4)
EVENT_AT = cython.declare(cython.longlong, 0)
EVENT_TIE = cython.declare(cython.longlong, 1)
EVENT_NEXT = cython.declare(cython.longlong, 2)
EVENT_WHAT = cython.declare(cython.longlong, 3)
EVENT_A = cython.declare(cython.longlong, 4)
EVENT_B = cython.declare(cython.longlong, 5)
EVENT = cython.declare(cython.longlong, 6)
# Rows that are counted: deadlines that ended, those due before the marketplace's own end, cases opened, defects, work.
ENDING = cython.declare(cython.longlong, 5)
EARLY = cython.declare(cython.longlong, 6)
OPENING = cython.declare(cython.longlong, 4)
DEFECT = cython.declare(cython.longlong, 7)
HANDLED = cython.declare(cython.longlong, 4)
# Two numbers for each column of random numbers: where it begins among those that were dealt, or one of these; its key.
UNDEALT = cython.declare(cython.longlong, -1)
COMPUTED = cython.declare(cython.longlong, -2)
COMPUTED_LOGARITHM = cython.declare(cython.longlong, -3)
UNIT = cython.declare(cython.double, 2.0**-53)
BUCKET = cython.declare(cython.longlong, 30)  # bits of the microseconds of a bucket: 18 minutes


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
    @cython.exceptval(-1, check=False)
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
    @cython.exceptval(-1, check=False)
    def reserve(self, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Take so many places at the end, whatever stands there, and return the first."""
        while self.size + count > self.room:
            self.grow()
        self.size += count
        return self.size - count

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


@cython.cclass
class Field:
    """A field of rows as a column: there are `several` parts of a width in each row, one after the other."""

    rows: Longs
    first: cython.Py_ssize_t
    width: cython.Py_ssize_t
    several: cython.Py_ssize_t
    part: cython.Py_ssize_t

    def __init__(self, rows, width, first, several=1, part=0):
        self.rows, self.width, self.first, self.several, self.part = rows, width, first, several, part

    @cython.cfunc
    def place(self, number: cython.Py_ssize_t) -> cython.Py_ssize_t:
        return number // self.several * self.width + self.first + number % self.several * self.part

    def __len__(self):
        return self.rows.size // self.width * self.several

    def __getitem__(self, number):
        return self.rows.at[self.place(number)]

    def __setitem__(self, number, value):
        self.rows.at[self.place(number)] = value

    def column(self):
        """Return the values, as bytes of 8 for each."""
        column = longs(len(self))
        values: cython.longlong[::1] = column
        number: cython.Py_ssize_t
        for number in range(len(column)):
            values[number] = self.rows.at[self.place(number)]
        return column.tobytes()


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
    """Things in order of their keys, those of one key in order of the numbers that break the tie."""

    keys: cython.double[::1]
    ties: cython.longlong[::1]
    things: cython.longlong[::1]
    size: cython.Py_ssize_t
    room: cython.Py_ssize_t
    items: list

    def __init__(self, room=256):
        self.size, self.room, self.items = 0, room, []
        self.keys, self.ties, self.things = doubles(room), longs(room), longs(room)

    @cython.cfunc
    def grow(self):
        keys, ties, things = doubles(2 * self.room), longs(2 * self.room), longs(2 * self.room)
        memoryview(keys)[: self.room] = memoryview(self.keys)
        memoryview(ties)[: self.room] = memoryview(self.ties)
        memoryview(things)[: self.room] = memoryview(self.things)
        self.keys, self.ties, self.things, self.room = keys, ties, things, 2 * self.room

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def before(
        self, place: cython.Py_ssize_t, key: cython.double, tie: cython.longlong, thing: cython.longlong
    ) -> cython.bint:
        if self.keys[place] != key:
            return self.keys[place] < key
        return self.ties[place] < tie or (self.ties[place] == tie and self.things[place] < thing)

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def put(
        self, place: cython.Py_ssize_t, key: cython.double, tie: cython.longlong, thing: cython.longlong
    ) -> cython.bint:
        self.keys[place] = key
        self.ties[place] = tie
        self.things[place] = thing
        return True

    @cython.cfunc
    @cython.exceptval(-1, check=False)
    def push(self, key: cython.double, tie: cython.longlong, thing: cython.longlong) -> cython.Py_ssize_t:
        if not cython.compiled:
            heappush(self.items, (key, tie, thing))
            self.size += 1
            return 0
        if self.size == self.room:
            self.grow()
        place: cython.Py_ssize_t = self.size
        parent: cython.Py_ssize_t
        self.size += 1
        while place > 0:
            parent = (place - 1) >> 1
            if self.before(parent, key, tie, thing):
                break
            self.put(place, self.keys[parent], self.ties[parent], self.things[parent])
            place = parent
        self.put(place, key, tie, thing)
        return 0

    @cython.cfunc
    @cython.exceptval(-1, check=False)
    def pop(self) -> cython.longlong:
        """Take out the first thing and return it."""
        if not cython.compiled:
            self.size -= 1
            return heappop(self.items)[2]
        first: cython.longlong = self.things[0]
        self.size -= 1
        last: cython.Py_ssize_t = self.size
        key: cython.double = self.keys[last]
        tie: cython.longlong = self.ties[last]
        thing: cython.longlong = self.things[last]
        place: cython.Py_ssize_t = 0
        child: cython.Py_ssize_t = 1
        while child < last:
            if child + 1 < last and self.before(child + 1, self.keys[child], self.ties[child], self.things[child]):
                child += 1
            if not self.before(child, key, tie, thing):
                break
            self.put(place, self.keys[child], self.ties[child], self.things[child])
            place = child
            child = 2 * place + 1
        self.put(place, key, tie, thing)
        return first

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def top(self) -> cython.double:
        if not cython.compiled:
            return self.items[0][0]
        return self.keys[0]

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def thing(self) -> cython.longlong:
        """Return the first thing."""
        if not cython.compiled:
            return self.items[0][2]
        return self.things[0]

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def first(self) -> cython.longlong:
        """Return the number of the first thing that breaks ties."""
        if not cython.compiled:
            return self.items[0][1]
        return self.ties[0]


@cython.cclass
class Calendar:
    """What is to come, as rows by their instants; of one instant the lower tie comes first.

    What lies further ahead waits in buckets of a quarter of an hour or so, in no order: only those of the bucket that
    has come stand in a heap, which so stays small. Rows that have come are used again.
    """

    rows: Longs
    heads: cython.longlong[::1]
    heap: Heap
    start: cython.longlong
    bucket: cython.longlong
    last: cython.longlong
    spare: cython.longlong

    def __init__(self, rows, start, until):
        self.rows, self.heap, self.start, self.bucket, self.spare = rows, Heap(), start, 0, -1
        self.last = max(0, until - start >> BUCKET) + 1
        self.heads = array("q", [-1]) * (self.last + 1)

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def bucket_of(self, at: cython.longlong) -> cython.longlong:
        if at <= self.start:
            return 0
        bucket: cython.longlong = (at - self.start) >> BUCKET
        return bucket if bucket < self.last else self.last

    @cython.cfunc
    @cython.exceptval(-1, check=False)
    def put(
        self, at: cython.longlong, tie: cython.longlong, what: cython.longlong, a: cython.longlong, b: cython.longlong
    ) -> cython.longlong:
        """Let something come, and return its row."""
        row: cython.longlong = self.spare
        if row >= 0:
            self.spare = self.rows.at[row + EVENT_NEXT]
        else:
            row = self.rows.reserve(EVENT)
        self.rows.at[row + EVENT_AT] = at
        self.rows.at[row + EVENT_TIE] = tie
        self.rows.at[row + EVENT_WHAT] = what
        self.rows.at[row + EVENT_A] = a
        self.rows.at[row + EVENT_B] = b
        bucket: cython.longlong = self.bucket_of(at)
        if bucket <= self.bucket:
            self.heap.push(at, tie, row)
        else:
            self.rows.at[row + EVENT_NEXT] = self.heads[bucket]
            self.heads[bucket] = row
        return row

    @cython.cfunc
    @cython.exceptval(-1, check=False)
    def come(self, bucket: cython.longlong) -> cython.Py_ssize_t:
        """Go on to the next bucket that has anything, at most to this one; return how much has come and is here."""
        row: cython.longlong
        while not self.heap.size and self.bucket < bucket:
            self.bucket += 1
            row = self.heads[self.bucket]
            while row >= 0:
                self.heap.push(self.rows.at[row + EVENT_AT], self.rows.at[row + EVENT_TIE], row)
                row = self.rows.at[row + EVENT_NEXT]
        return self.heap.size

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def first(self) -> cython.longlong:
        """Return when the next comes, FAR for never."""
        if not self.heap.size and not self.come(self.last):
            return FAR
        return cython.cast(cython.longlong, self.heap.top())

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def comes_before(self, at: cython.longlong) -> cython.bint:
        """Whether anything comes before an instant."""
        if not self.heap.size and not self.come(self.bucket_of(at)):
            return False
        return self.heap.top() < at

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1, check=False)
    def pop(self) -> cython.longlong:
        """Take out the next, and return its row: it is free from now on, but keeps what it says until another comes."""
        row: cython.longlong = self.heap.pop()
        self.rows.at[row + EVENT_NEXT] = self.spare
        self.spare = row
        return row


@cython.cclass
class Memo:
    """Whole numbers by whole numbers, -1 for what is not known."""

    pairs: cython.longlong[::1]  # key and value, by turns
    mask: cython.longlong
    used: cython.longlong
    known: dict

    def __init__(self):
        self.known = {}
        self.mask, self.used = 1023, 0
        self.pairs = array("q", [-1]) * 2048

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def place(self, key: cython.longlong) -> cython.longlong:
        """Return where a key stands or may be put."""
        place: cython.longlong = spread(key) & self.mask
        while self.pairs[2 * place] != key and self.pairs[2 * place] != -1:
            place = (place + 1) & self.mask
        return 2 * place

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def get(self, key: cython.longlong) -> cython.longlong:
        if not cython.compiled:
            return self.known.get(key, -1)
        return self.pairs[self.place(key) + 1]

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
        place: cython.longlong = self.place(key)
        if self.pairs[place] == -1:
            self.used += 1
        self.pairs[place] = key
        self.pairs[place + 1] = value

    @cython.cfunc
    def double(self):
        pairs: cython.longlong[::1] = self.pairs
        size: cython.longlong = self.mask + 1
        place: cython.longlong
        self.mask, self.used = 2 * size - 1, 0
        self.pairs = array("q", [-1]) * (4 * size)
        for place in range(size):
            if pairs[2 * place] != -1:
                self.insert(pairs[2 * place], pairs[2 * place + 1])


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
    o: Longs
    narrow: cython.longlong[::1]
    missing = cython.declare(object, visibility="public")
    lost: cython.longlong[::1]
    behind = cython.declare(Field, visibility="public")
    newest = cython.declare(Field, visibility="public")
    turns: cython.longlong[::1]
    first_begin: cython.longlong
    last_begin: cython.longlong
    rank: cython.longlong[::1]
    paired: cython.longlong  # by how many ends of names each order has ranks of its own, 0 where one rank will do
    # facts as they were told
    f: Longs
    # first steps
    step_at: cython.longlong[::1]
    step_item: cython.longlong[::1]
    step_order: cython.longlong[::1]
    steps: cython.Py_ssize_t
    step: cython.Py_ssize_t
    # cases, each with its deadlines
    c: Longs
    width: cython.longlong
    c_order = cython.declare(Field, visibility="public")
    c_standing = cython.declare(Field, visibility="public")
    c_suffix = cython.declare(Field, visibility="public")
    c_opened = cython.declare(Field, visibility="public")
    c_moved = cython.declare(Field, visibility="public")
    c_task = cython.declare(Field, visibility="public")
    c_split = cython.declare(Field, visibility="public")  # whether the docket's replay has a copy of its own
    c_older = cython.declare(Field, visibility="public")
    c_deadlines = cython.declare(Field, visibility="public")
    d_began = cython.declare(Field, visibility="public")
    d_due = cython.declare(Field, visibility="public")
    d_end = cython.declare(Field, visibility="public")
    d_name = cython.declare(Field, visibility="public")
    d_then = cython.declare(Field, visibility="public")
    # tasks
    j: Longs
    t_case = cython.declare(Field, visibility="public")
    t_opened = cython.declare(Field, visibility="public")
    t_move = cython.declare(Field, visibility="public")
    seen = cython.declare(Longs, visibility="public")
    timed = cython.declare(Longs, visibility="public")
    # what is to come
    coming: Calendar
    expiries: Calendar
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
    place_begins: cython.longlong[::1]
    mixing: cython.ulonglong[::1]
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
        place, bits, bought, channel, kind, self.narrow, begins, rank = orders
        count = len(place)
        self.rank = rank
        self.paired = len(rank) // count if len(rank) > count else 0
        self.missing = longs(count)
        self.lost = self.missing
        fields = {
            ORDER_PLACE: place,
            ORDER_BITS: bits,
            ORDER_MARKS: 0,
            ORDER_LAST: -FAR,
            ORDER_NEWEST: -1,
            ORDER_BEHIND: -1,
            ORDER_ANSWERS: 0,
            ORDER_FACT: -1,
            ORDER_ITEM: learning.items,
            ORDER_BOUGHT: bought,
            ORDER_CHANNEL: channel,
            ORDER_KIND: kind,
            ORDER_BEGINS: begins,
            ORDER_ENDS: 0,
            ORDER_SPAN: -1,
            ORDER_RANK: -1 if self.paired else rank,
        }
        self.o = self.take()
        self.o.reserve(count * ORDER)
        for field, values in fields.items():
            self.fill(field, values, count)
        self.place_begins = learning.begins
        self.turns = longs(max(1, count * tables.fresh))
        self.step_at, self.step_item, self.step_order = steps
        self.steps, self.step = len(steps[0]), 0
        self.c, self.j, self.f = self.take(), self.take(), self.take()
        self.width = CASE + tables.slots * DEADLINE
        self._show_fields()
        self.seen = Longs([0] * (len(tables.tasks) // TASK + 1))
        self.timed = Longs([0] * len(self.seen))
        self.coming = Calendar(self.take(), self.start, self.until)
        self.expiries = Calendar(self.take(), self.start, self.until)
        self.p_case, self.p_standing, self.p_moved, self.p_changed = self.take(), self.take(), self.take(), self.take()
        self.p_name, self.p_at, self.p_task, self.p_open, self.p_ends = (
            self.take(),
            self.take(),
            self.take(),
            self.take(),
            self.take(),
        )
        self.due, self.follows, self.top = Longs([0] * 64), Longs([0] * 64), 0
        self.pushed, self.longer = 0, {}
        self.dealt, self.column_at = dealt
        self.mixing = learning.mixing
        self.values, self.value_known, self.applied = Doubles(), self.take(), self.take()
        self.y_order, self.y_head, self.y_queue, self.y_crews, self.y_crew = work
        self.bounds, self.looks = bounds, looks
        self.span_first, self.span_turn, self.turn_at = spans
        self.endings, self.dues, self.openings, self.defects = [], [], [], []
        self.log, self.handled, self.overtime, self.backlog = self.take(), self.take(), self.take(), []
        self.backlog_next, self.look_next = 1, 0
        self.plans, self.queues = crews, []
        self._hire()

    @cython.cfunc
    def fill(self, field: cython.Py_ssize_t, values, count: cython.Py_ssize_t):
        """Write a field of the rows of all orders: a value of each, or the same for all."""
        place: cython.Py_ssize_t
        if not cython.compiled:
            column = array("q", [values]) * count if isinstance(values, int) else array("q", values.tobytes())
            self.o.at[field : count * ORDER : ORDER] = column
            return
        if isinstance(values, int):
            one: cython.longlong = values
            for place in range(count):
                self.o.at[place * ORDER + field] = one
            return
        each: cython.longlong[::1] = values
        for place in range(count):
            self.o.at[place * ORDER + field] = each[place]

    def _show_fields(self):
        """Let others read and write what they need of the rows, by columns."""
        c, width, slots = self.c, self.width, self.t.slots
        self.behind, self.newest = Field(self.o, ORDER, ORDER_BEHIND), Field(self.o, ORDER, ORDER_NEWEST)
        self.c_order, self.c_standing = Field(c, width, CASE_ORDER), Field(c, width, CASE_STANDING)
        self.c_suffix, self.c_opened = Field(c, width, CASE_SUFFIX), Field(c, width, CASE_OPENED)
        self.c_moved, self.c_task = Field(c, width, CASE_MOVED), Field(c, width, CASE_TASK)
        self.c_split, self.c_older = Field(c, width, CASE_SPLIT), Field(c, width, CASE_OLDER)
        self.c_deadlines = Field(c, width, CASE_DEADLINES)
        self.d_began, self.d_due = (
            Field(c, width, CASE + part, slots, DEADLINE) for part in (DEADLINE_BEGAN, DEADLINE_DUE)
        )
        self.d_end, self.d_name, self.d_then = (
            Field(c, width, CASE + part, slots, DEADLINE) for part in (DEADLINE_END, DEADLINE_NAME, DEADLINE_THEN)
        )
        self.t_case, self.t_opened = Field(self.j, JOB, JOB_CASE), Field(self.j, JOB, JOB_OPENED)
        self.t_move = Field(self.j, JOB, JOB_MOVE)

    def take(self):
        """Return an empty column, one of an earlier run where that has left one: to make one anew takes longer."""
        spare: list = self.t.spare
        column: Longs = spare.pop() if spare else Longs()
        column.size = 0
        self.taken.append(column)
        return column

    @cython.cfunc
    @cython.inline
    def of_key(self, columns: list, key: cython.longlong) -> Longs:
        """Return the column of a key, a new one where there was none."""
        while key >= len(columns):
            columns.append(self.take())
        return cython.cast(Longs, columns[key])

    def leave(self):
        """Give the columns back for the next run, after which nothing of this one is to be read."""
        self.t.spare.extend(reversed(self.taken))

    # --- time ---------------------------------------------------------------------------------------------------

    @cython.cfunc
    def call(self, at: cython.longlong, what: cython.longlong, a: cython.longlong, b: cython.longlong):
        self.sequence += 1
        self.coming.put(at, CALLED + self.sequence, what, a, b)

    @cython.cfunc
    def simulate(self, at: cython.longlong, what: cython.longlong, a: cython.longlong):
        self.events += 1
        self.coming.put(at, self.events, what, a, 0)

    def run(self):
        """Let everything happen before the end of the period, and end the deadlines that end before it."""
        at: cython.longlong = self.coming.first()
        row: cython.longlong
        rows: Longs = self.coming.rows
        while at < self.until:
            row = self.coming.pop()
            if at > self.now:
                self.now = at
            self.happens_now(rows.at[row + EVENT_WHAT], rows.at[row + EVENT_A], rows.at[row + EVENT_B])
            at = self.coming.first()
        self.now = self.until
        if len(self.backlog) < len(self.bounds) - 1:
            self.backlog.append(self.open_tasks)
        self.advance(self.until)
        self.p_case.size = 0

    @cython.cfunc
    def happens_now(self, what: cython.longlong, a: cython.longlong, b: cython.longlong):
        if what == HAPPEN:
            self.happen(a, b, self.now)
        elif what == DONE:
            self.done(a)
        elif what == TAKE:
            self.work(a)
        elif what == BEGIN:
            self.begin_step(a)
        elif what == EXPIRE:
            self.expire_watched(a)
        elif what == FINISH:
            self.finish(a, self.now)
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
        case: cython.longlong = self.o.at[order * ORDER + ORDER_NEWEST]
        while case >= 0 and self.c.at[case * self.width + CASE_SUFFIX] != suffix:
            case = self.c.at[case * self.width + CASE_OLDER]
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
        standing: cython.longlong = self.c.at[case * self.width + CASE_STANDING] if case >= 0 else -1
        self.follow_course(course, order, at, case, standing)
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
        if self.o.at[order * ORDER + ORDER_BITS] & c.at[at + C_MASK] != c.at[at + C_VALUE]:
            return False
        if self.o.at[order * ORDER + ORDER_MARKS] & c.at[at + C_MARKS] != c.at[at + C_MARKED]:
            return False
        if c.at[at + C_CASES] < 0:
            return True
        contact: cython.longlong = self.o.at[order * ORDER + ORDER_BEHIND]
        if contact >= 0:
            contact = self.c.at[contact * self.width + CASE_STANDING]
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
            if not self.holds(condition, order, self.c.at[case * self.width + CASE_STANDING] if case >= 0 else -1):
                return False
        if not self.field(response, R_LATE):
            return True
        return self.number(0, response, 0, order) < self.rate(response, order, self.o.at[order * ORDER + ORDER_BOUGHT])

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
        if 2 * column >= self.column_at.size:
            self.column_at.reach(2 * column + 1, UNDEALT)
        begin: cython.longlong = self.column_at.at[2 * column]
        if begin == UNDEALT:
            begin = self.deal(column)
        if begin <= COMPUTED:
            drawn: cython.double = self.uniform(
                self.column_at.at[2 * column + 1], self.o.at[order * ORDER + ORDER_ITEM]
            )
            return drawn if begin == COMPUTED else -log(drawn)
        return self.dealt.at[begin + order - self.place_begins[self.o.at[order * ORDER + ORDER_PLACE]]]

    @cython.cfunc
    def deal(self, column: cython.longlong) -> cython.longlong:
        """Return where the numbers of a column begin, or how each is worked out when it is asked for."""
        begin: cython.longlong = UNDEALT
        if cython.compiled:
            begin, self.column_at.at[2 * column + 1] = self.learning.computed(column)
        if begin == UNDEALT:
            begin = self.dealt.extend(self.learning.deal(self, column))
        self.column_at.at[2 * column] = begin
        return begin

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def uniform(self, key: cython.longlong, item: cython.longlong) -> cython.double:
        """Return the number in (0, 1) of an item; see `_mix` of `aftersale_simulator.world.random_streams`."""
        mixed: cython.ulonglong = cython.cast(cython.ulonglong, item) + 1
        mixed = mixed * self.mixing[0] + cython.cast(cython.ulonglong, key)
        mixed ^= mixed >> self.mixing[1]
        mixed *= self.mixing[2]
        mixed ^= mixed >> self.mixing[3]
        mixed *= self.mixing[4]
        mixed ^= mixed >> self.mixing[5]
        return (cython.cast(cython.double, mixed >> self.mixing[6]) + 0.5) * UNIT

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
        if self.o.at[order * ORDER + ORDER_BITS] & c.at[at + F_MASK] != c.at[at + F_VALUE]:
            return False
        return self.o.at[order * ORDER + ORDER_MARKS] & c.at[at + F_MARKS] == c.at[at + F_MARKED]

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
            if (self.o.at[order * ORDER + ORDER_BITS] & s.at[row + W_MASK] == s.at[row + W_VALUE]) and (
                self.o.at[order * ORDER + ORDER_MARKS] & s.at[row + W_MARKS] == s.at[row + W_MARKED]
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
        self.o.at[order * ORDER + ORDER_MARKS] |= self.t.courses.at[row + U_MARKS]
        self.o.at[order * ORDER + ORDER_ANSWERS] += self.t.courses.at[row + U_ANSWERS]
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
        if self.expiries.comes_before(at):
            self.advance(at)
        elif at > self.known:
            self.known = at
        case: cython.longlong = self.case_of(order, suffix)
        if at <= self.o.at[order * ORDER + ORDER_LAST]:
            late = self.learning.late(self, order, suffix, symbol, at)
            if late is not None:
                self.record_late(order, late)
                return
        move: cython.longlong = self.move_of(order, case, suffix, symbol, at)
        self.o.at[order * ORDER + ORDER_LAST] = at
        self.note_fact(order, suffix, symbol, at)
        before: cython.longlong = case
        case = self.moved(order, case, suffix, move, at, at)
        if self.p_case.size:
            self.follow_passed()
        row: cython.longlong = move * MOVE
        if self.t.moves.at[row + M_CHANGES]:
            if before < 0 and self.t.moves.at[row + M_CONTACT]:
                self.o.at[order * ORDER + ORDER_BEHIND] = case
            self.follow(
                order,
                case,
                self.t.moves.at[row + M_STANDING],
                at,
                self.c.at[case * self.width + CASE_TASK],
                self.c.at[case * self.width + CASE_DEADLINES] if self.t.moves.at[row + M_HOW] == 0 else 0,
                case * self.width + CASE,
            )

    @cython.cfunc
    @cython.inline
    def note_fact(self, order: cython.longlong, suffix: cython.longlong, symbol: cython.longlong, at: cython.longlong):
        begin: cython.Py_ssize_t = self.f.reserve(FACT)
        mine: cython.longlong = order * ORDER
        self.f.at[begin + FACT_SUFFIX] = suffix
        self.f.at[begin + FACT_SYMBOL] = symbol
        self.f.at[begin + FACT_AT] = at
        self.f.at[begin + FACT_BEHIND] = self.o.at[mine + ORDER_BEHIND]
        self.f.at[begin + FACT_OLDER] = self.o.at[mine + ORDER_FACT]
        self.o.at[mine + ORDER_FACT] = begin

    @cython.cfunc
    def record_late(self, order: cython.longlong, late: tuple):
        """Let follow what follows a fact that somebody else has recorded."""
        if self.p_case.size:
            self.follow_passed()
        case: cython.longlong = late[0]
        if not late[1]:
            return
        if late[2]:
            self.o.at[order * ORDER + ORDER_BEHIND] = case
        self.follow(
            order,
            case,
            self.c.at[case * self.width + CASE_STANDING],
            self.c.at[case * self.width + CASE_MOVED],
            self.c.at[case * self.width + CASE_TASK],
            self.c.at[case * self.width + CASE_DEADLINES] if late[3] else 0,
            case * self.width + CASE,
        )

    def facts_of(self, order):
        """Return the facts of an order as they were told: suffix, symbol, instant, and the contact behind it then."""
        facts, fact = [], self.o.at[order * ORDER + ORDER_FACT]
        while fact >= 0:
            facts.append(tuple([self.f.at[fact + field] for field in range(FACT_OLDER)]))
            fact = self.f.at[fact + FACT_OLDER]
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
        return self.o.at[order * ORDER + ORDER_CHANNEL]

    def hand_over(self, order):
        """Let somebody else record all facts of an order from now on."""
        self.o.at[order * ORDER + ORDER_LAST] = FAR

    def begin_case(self, order, suffix, at):
        """Open a case that somebody else keeps."""
        return self.open_case(order, suffix, at)

    def begin_task(self, case, kind, at, due):
        """Return a new task."""
        return self.add_job(case, kind, due, at, -1)

    @cython.cfunc
    @cython.exceptval(-1, check=False)
    def add_job(
        self,
        case: cython.longlong,
        kind: cython.longlong,
        due: cython.longlong,
        at: cython.longlong,
        move: cython.longlong,
    ) -> cython.longlong:
        begin: cython.Py_ssize_t = self.j.reserve(JOB)
        self.j.at[begin + JOB_CASE] = case
        self.j.at[begin + JOB_TYPE] = kind
        self.j.at[begin + JOB_DUE] = due
        self.j.at[begin + JOB_OPENED] = at
        self.j.at[begin + JOB_MOVE] = move
        return begin // JOB

    def let_stand(self, case, standing, moved, rows):
        """Let a case stand as somebody else says, with rows of deadlines: began, due, end, name, then, missed."""
        its: cython.longlong = case * self.width
        self.c.at[its + CASE_STANDING] = standing
        self.c.at[its + CASE_MOVED] = moved
        self.c.at[its + CASE_DEADLINES] = len(rows)
        place: cython.longlong = its + CASE
        for row in rows:
            for value in row:
                self.c.at[place] = value
                place += 1
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
        key: cython.longlong = (self.o.at[order * ORDER + ORDER_KIND] << 16) | (place << 6) | span
        rows: cython.longlong = self.t.windows.get(key)
        begins: cython.longlong = self.o.at[order * ORDER + ORDER_BEGINS]
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
        standing: cython.longlong = self.c.at[case * self.width + CASE_STANDING] if case >= 0 else -1
        place: cython.longlong = self.o.at[order * ORDER + ORDER_PLACE]
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
            if self.o.at[order * ORDER + ORDER_SPAN] != span:
                self.o.at[order * ORDER + ORDER_ENDS] = self.window_end(order, place, span, at)
                self.o.at[order * ORDER + ORDER_SPAN] = span
            bits = (
                1
                if (self.c.at[case * self.width + CASE_OPENED] if case >= 0 else at)
                <= self.o.at[order * ORDER + ORDER_ENDS]
                else 0
            )
        if needs & 2:
            others = self.learning.others(self, order, case)
        if needs & 4:
            bits |= self.learning.instants(order, at) << 1
        kind: cython.longlong = self.t.kinds.get((self.o.at[order * ORDER + ORDER_KIND] << 20) | (needs >> 4))
        if kind < 0:
            kind = self.learning.kind((self.o.at[order * ORDER + ORDER_KIND] << 20) | (needs >> 4), needs >> 4, order)
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
            self.keep(order, case if case >= 0 else self.c.size // self.width, self.t.moves.at[row + M_LOG], at)
        if how == 1:
            return case
        if how == 2:
            self.c.at[case * self.width + CASE_STANDING] = self.t.moves.at[row + M_STANDING]
            if self.c.at[case * self.width + CASE_SPLIT] and self.c.at[case * self.width + CASE_TASK] >= 0:
                # The docket has the task from its replay then: another object, which is in no queue.
                task = self.c.at[case * self.width + CASE_TASK]
                self.c.at[case * self.width + CASE_TASK] = self.begin_task(
                    case,
                    self.j.at[task * JOB + JOB_TYPE],
                    self.j.at[task * JOB + JOB_OPENED],
                    self.j.at[task * JOB + JOB_DUE],
                )
            self.c.at[case * self.width + CASE_SPLIT] = 0
            self.expect(case)
            return case
        if case < 0:
            case = self.open_case(order, suffix, at)
            self.count_opening(self.t.moves.at[row + M_OPENING], at, known, order)
        else:
            self.close_deadlines(case, row, at, known)
        self.c.at[case * self.width + CASE_STANDING] = self.t.moves.at[row + M_STANDING]
        self.c.at[case * self.width + CASE_MOVED] = at
        self.c.at[case * self.width + CASE_SPLIT] = 0
        self.open_deadlines(order, case, move, at, known)
        task = self.t.standings.at[self.t.moves.at[row + M_STANDING] * STANDING + K_TASK]
        self.c.at[case * self.width + CASE_TASK] = self.new_task(case, task, move, at) if task >= 0 else -1
        self.expect(case)
        if self.t.moves.at[row + M_DEFECT]:
            self.count_defect(self.t.moves.at[row + M_COMPONENT], order, case, known, self.t.moves.at[row + M_DEFECT])
        return case

    @cython.cfunc
    @cython.inline
    def keep(
        self,
        order: cython.longlong,
        case: cython.longlong,
        kept: cython.longlong,
        at: cython.longlong,
    ):
        """Keep a step of a case that moves money, or that may have been work."""
        begin: cython.Py_ssize_t = self.log.reserve(LOG)
        self.log.at[begin + LOG_ORDER] = order
        self.log.at[begin + LOG_CASE] = case
        self.log.at[begin + LOG_KEPT] = kept
        self.log.at[begin + LOG_AT] = at

    @cython.cfunc
    @cython.exceptval(-1, check=False)
    def open_case(self, order: cython.longlong, suffix: cython.longlong, at: cython.longlong) -> cython.longlong:
        its: cython.Py_ssize_t = self.c.reserve(self.width)
        case: cython.longlong = its // self.width
        self.c.at[its + CASE_STANDING] = -1
        self.c.at[its + CASE_ORDER] = order
        self.c.at[its + CASE_SUFFIX] = suffix
        self.c.at[its + CASE_TASK] = -1
        self.c.at[its + CASE_DEADLINES] = 0
        self.c.at[its + CASE_WAITS] = -1
        self.c.at[its + CASE_OLDER] = self.o.at[order * ORDER + ORDER_NEWEST]
        self.c.at[its + CASE_OPENED] = at
        self.c.at[its + CASE_MOVED] = at
        self.c.at[its + CASE_OFFERED] = 0
        self.c.at[its + CASE_REST] = 0
        self.c.at[its + CASE_REST_TASK] = -1
        self.c.at[its + CASE_SPLIT] = 0
        self.o.at[order * ORDER + ORDER_NEWEST] = case
        return case

    @cython.cfunc
    def close_deadlines(self, case: cython.longlong, row: cython.longlong, at: cython.longlong, known: cython.longlong):
        its: cython.longlong = case * self.width
        order: cython.longlong = self.c.at[its + CASE_ORDER]
        slot: cython.longlong = its + CASE
        _: cython.longlong
        ending: cython.longlong
        ended: cython.longlong
        for _ in range(self.c.at[its + CASE_DEADLINES]):
            ending, ended = MET, at
            if self.t.moves.at[row + M_UNNEEDED]:
                ending = MISSED_UNDONE if self.c.at[slot + DEADLINE_MISSED] else -1
                ended = FOREVER
            elif (
                self.t.moves.at[row + M_FACT] == self.c.at[slot + DEADLINE_THEN]
                and at == self.c.at[slot + DEADLINE_END]
            ):
                ending, ended = MISSED, FOREVER
            elif self.c.at[slot + DEADLINE_MISSED]:
                ending = MET_LATE
            if ending >= 0:
                self.count_ending(order, case, slot, known, ended, ending)
            if self.c.at[slot + DEADLINE_DUE] < self.c.at[slot + DEADLINE_END]:
                self.count_due(order, slot, known, ended, ending)
            slot += DEADLINE

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
        slot: cython.longlong = case * self.width + CASE
        number: cython.longlong
        d: cython.longlong
        by_rule: cython.longlong
        by_seller: cython.longlong
        for number in range(count):
            self.c.at[slot + DEADLINE_BEGAN] = at
            d = (recipe + number) * RECIPE
            self.c.at[slot + DEADLINE_NAME] = self.t.recipes.at[d + D_NAME]
            self.c.at[slot + DEADLINE_THEN] = self.t.recipes.at[d + D_THEN]
            by_rule = self.due_by(self.t.recipes.at[d + D_CLOCK], self.t.recipes.at[d + D_AMOUNT], at)
            by_seller = self.due_by(self.t.recipes.at[d + D_SELLERS], self.t.recipes.at[d + D_SELLERS_AMOUNT], at)
            self.c.at[slot + DEADLINE_DUE] = by_rule if by_rule <= by_seller else by_seller
            self.c.at[slot + DEADLINE_END] = by_rule if by_rule < FAR else by_seller
            self.c.at[slot + DEADLINE_MISSED] = 0
            if self.c.at[slot + DEADLINE_DUE] < self.c.at[slot + DEADLINE_END]:
                self.add_due(order, slot, max(self.c.at[slot + DEADLINE_DUE], known), FOREVER, MISSED)
            slot += DEADLINE
        self.c.at[case * self.width + CASE_DEADLINES] = count

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
        its: cython.longlong = case * self.width
        slot: cython.longlong = its + CASE
        due: cython.longlong = self.c.at[slot + DEADLINE_DUE]
        _: cython.longlong
        for _ in range(self.c.at[its + CASE_DEADLINES]):
            if self.c.at[slot + DEADLINE_DUE] < due:
                due = self.c.at[slot + DEADLINE_DUE]
            slot += DEADLINE
        return self.add_job(case, kind, due, at, move)

    @cython.cfunc
    def expect(self, case: cython.longlong):
        """Wait for the case's next deadline that has not been missed yet."""
        its: cython.longlong = case * self.width
        first: cython.longlong = -1
        slot: cython.longlong = its + CASE
        _: cython.longlong
        for _ in range(self.c.at[its + CASE_DEADLINES]):
            if not self.c.at[slot + DEADLINE_MISSED] and (
                first < 0 or self.c.at[slot + DEADLINE_END] < self.c.at[first + DEADLINE_END]
            ):
                first = slot
            slot += DEADLINE
        self.c.at[its + CASE_WAITS] = -1
        if first >= 0:
            end: cython.longlong = self.c.at[first + DEADLINE_END]
            self.c.at[its + CASE_WAITS] = self.expiries.put(end, self.rank_of(its), case, first, 0)

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def rank_of(self, its: cython.longlong) -> cython.longlong:
        """Return the rank of a case's name, by where its row begins."""
        order: cython.longlong = self.c.at[its + CASE_ORDER]
        suffix: cython.longlong = self.c.at[its + CASE_SUFFIX]
        if self.paired:
            return self.rank[order * self.paired + suffix]
        return (self.o.at[order * ORDER + ORDER_RANK] << 10) | self.t.suffix_rank.at[suffix]

    @cython.cfunc
    def advance(self, until: cython.longlong):
        """End every deadline that ends before this instant."""
        row: cython.longlong
        case: cython.longlong
        while self.expiries.comes_before(until):
            row = self.expiries.pop()
            case = self.expiries.rows.at[row + EVENT_WHAT]
            if self.c.at[case * self.width + CASE_WAITS] == row:
                self.c.at[case * self.width + CASE_WAITS] = -1
                self.expire(case, self.expiries.rows.at[row + EVENT_A])
        if until > self.known:
            self.known = until

    @cython.cfunc
    def expire(self, case: cython.longlong, slot: cython.longlong):
        order: cython.longlong = self.c.at[case * self.width + CASE_ORDER]
        at: cython.longlong = self.c.at[slot + DEADLINE_END]
        name: cython.longlong = self.c.at[slot + DEADLINE_NAME]
        then: cython.longlong = self.c.at[slot + DEADLINE_THEN]
        move: cython.longlong = -1
        changed: cython.longlong = 0
        opened: cython.longlong = 0
        if self.o.at[order * ORDER + ORDER_LAST] == FAR:
            changed, opened = self.learning.expire_late(self, order, case, at)
        elif then < 0:
            self.miss(order, case, slot, at)
        else:
            move = self.move_of(order, case, self.c.at[case * self.width + CASE_SUFFIX], then, at)
            self.moved(order, case, self.c.at[case * self.width + CASE_SUFFIX], move, at, at)
            changed, opened = self.t.moves.at[move * MOVE + M_CHANGES], 1
        if at > self.o.at[order * ORDER + ORDER_LAST]:
            self.o.at[order * ORDER + ORDER_LAST] = at
        self.p_case.add(case)
        self.p_standing.add(self.c.at[case * self.width + CASE_STANDING])
        self.p_moved.add(self.c.at[case * self.width + CASE_MOVED])
        self.p_changed.add(changed)
        self.p_name.add(self.course_of_miss(self.c.at[case * self.width + CASE_STANDING], name) if not changed else -1)
        self.p_at.add(at)
        self.p_task.add(self.c.at[case * self.width + CASE_TASK])
        self.p_open.add(self.c.at[case * self.width + CASE_DEADLINES] if opened else 0)
        slot = case * self.width + CASE
        _: cython.longlong
        for _ in range(self.t.slots):
            self.p_ends.add(self.c.at[slot + DEADLINE_END])
            slot += DEADLINE

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
        place: cython.longlong = (slot - case * self.width - CASE) // DEADLINE
        then: cython.longlong = self.c.at[slot + DEADLINE_THEN]
        key: cython.longlong = (self.c.at[case * self.width + CASE_STANDING] << 20) | (place << 3) | -then
        found: cython.longlong = self.t.missed.get(key)
        if found < 0:
            found = self.learning.miss(key, self.c.at[case * self.width + CASE_STANDING], place, then)
        log: cython.longlong = found >> 20 if found >= 1 << 20 else 0
        log -= 1
        found &= (1 << 20) - 1
        if log >= 0:
            self.keep(order, case, log, at)
        self.count_ending(order, case, slot, at, FOREVER, MISSED)
        if self.c.at[slot + DEADLINE_DUE] < self.c.at[slot + DEADLINE_END]:
            self.count_due(order, slot, at, FOREVER, MISSED)
        self.c.at[slot + DEADLINE_MISSED] = 1
        self.c.at[case * self.width + CASE_SPLIT] = 0
        self.c.at[case * self.width + CASE_STANDING] = found
        self.expect(case)

    def add_row(self, columns, key, row):
        """Add a row to `endings`, `dues`, `openings` or `defects`."""
        self.of_key(columns, key).extend(row)

    # --- what is counted ------------------------------------------------------------------------------------------

    @cython.cfunc
    def count_opening(self, key: cython.longlong, at: cython.longlong, known: cython.longlong, order: cython.longlong):
        o: Longs = self.of_key(self.openings, key)
        row: cython.Py_ssize_t = o.reserve(OPENING)
        o.at[row] = at
        o.at[row + 1] = known
        o.at[row + 2] = 1
        o.at[row + 3] = self.o.at[order * ORDER + ORDER_CHANNEL]

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
        e: Longs = self.of_key(self.endings, self.c.at[slot + DEADLINE_NAME])
        row: cython.Py_ssize_t = e.reserve(ENDING)
        e.at[row] = self.c.at[slot + DEADLINE_BEGAN]
        e.at[row + 1] = known
        e.at[row + 2] = ended
        e.at[row + 3] = ending
        e.at[row + 4] = self.o.at[order * ORDER + ORDER_CHANNEL]
        if ending == MISSED or ending == MISSED_UNDONE:  # noqa: SIM109 - in C no tuple is made
            self.count_defect(
                self.t.late.at[self.c.at[slot + DEADLINE_NAME]], order, case, known, 1 if ending == MISSED else -1
            )

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
        if self.c.at[slot + DEADLINE_MISSED]:
            return
        known = max(known, self.c.at[slot + DEADLINE_DUE])
        if ending == MET and ended > self.c.at[slot + DEADLINE_DUE]:
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
        e: Longs = self.of_key(self.dues, self.c.at[slot + DEADLINE_NAME])
        row: cython.Py_ssize_t = e.reserve(EARLY)
        e.at[row] = self.c.at[slot + DEADLINE_BEGAN]
        e.at[row + 1] = known
        e.at[row + 2] = ended
        e.at[row + 3] = ending
        e.at[row + 4] = self.o.at[order * ORDER + ORDER_CHANNEL]
        e.at[row + 5] = self.c.at[slot + DEADLINE_DUE]

    @cython.cfunc
    def count_defect(
        self,
        key: cython.longlong,
        order: cython.longlong,
        case: cython.longlong,
        known: cython.longlong,
        step: cython.longlong,
    ):
        e: Longs = self.of_key(self.defects, key)
        row: cython.Py_ssize_t = e.reserve(DEFECT)
        e.at[row] = order
        e.at[row + 1] = case
        e.at[row + 2] = self.o.at[order * ORDER + ORDER_BOUGHT]
        e.at[row + 3] = self.c.at[case * self.width + CASE_OPENED]
        e.at[row + 4] = known
        e.at[row + 5] = step
        e.at[row + 6] = self.o.at[order * ORDER + ORDER_CHANNEL]

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
            order = self.c.at[case * self.width + CASE_ORDER]
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
        if (task >= 0) != (self.c.at[case * self.width + CASE_OFFERED] != 0):
            self.open_tasks += 1 if task >= 0 else -1
            self.c.at[case * self.width + CASE_OFFERED] = 1 if task >= 0 else 0
        if self.longer:
            self.longer.pop(order * self.t.suffixes + self.c.at[case * self.width + CASE_SUFFIX], None)
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
            expires = (
                self.c.at[ends + place * DEADLINE + DEADLINE_END] if ends >= 0 else self.p_ends.at[-1 - ends + place]
            )
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
        following: cython.longlong = self.next_expiry()
        if following + 1 < self.until:
            self.watched = following + 1
            self.call(following + 1, EXPIRE, following, 0)

    @cython.cfunc
    @cython.exceptval(-1, check=False)
    def next_expiry(self) -> cython.longlong:
        """Return when the next deadline ends that a case still waits for, FAR for never."""
        at: cython.longlong = self.expiries.first()
        while at < FAR and not self.still_waits(self.expiries.heap.thing()):
            self.expiries.pop()
            at = self.expiries.first()
        return at

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def still_waits(self, row: cython.longlong) -> cython.bint:
        return self.c.at[self.expiries.rows.at[row + EVENT_WHAT] * self.width + CASE_WAITS] == row

    # --- tasks and agents -----------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def of_task(self, kind: cython.longlong, name: cython.longlong) -> cython.longlong:
        return self.t.tasks.at[kind * TASK + name]

    @cython.cfunc
    @cython.exceptval(check=False)
    def turn(self, kind: cython.longlong, order: cython.longlong) -> cython.longlong:
        return self.o.at[order * ORDER + ORDER_ANSWERS] if self.of_task(kind, Y_REPLY) else 0

    @cython.cfunc
    def enqueue(self, task: cython.longlong, order: cython.longlong):
        kind: cython.longlong = self.j.at[task * JOB + JOB_TYPE]
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
            return self.j.at[task * JOB + JOB_DUE] - self.y_head[kind]
        if order == 1:
            return self.j.at[task * JOB + JOB_OPENED]
        return self.learning.sort_key(self, task)

    @cython.cfunc
    def offer(self, task: cython.longlong):
        """Put a task into its queue, and wake an idle agent who can do it."""
        kind: cython.longlong = self.j.at[task * JOB + JOB_TYPE]
        queue: Heap = cython.cast(Heap, self.queues[self.y_queue[kind]])
        self.pushed += 1
        queue.push(self.sort_key(task, kind), self.pushed, task)
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
            task = best.pop()
            if self.c.at[(self.j.at[task * JOB + JOB_CASE]) * self.width + CASE_TASK] == task:
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
                if self.j.at[task * JOB + JOB_DUE] < self.s_reopens.at[crew]:
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
        row: cython.Py_ssize_t = self.handled.reserve(HANDLED)
        self.handled.at[row] = self.j.at[task * JOB + JOB_OPENED]
        self.handled.at[row + 1] = crew
        self.handled.at[row + 2] = self.now
        self.handled.at[row + 3] = self.now + duration - rest
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
        case: cython.longlong = self.j.at[task * JOB + JOB_CASE]
        if self.c.at[case * self.width + CASE_TASK] == task:
            self.c.at[case * self.width + CASE_REST] = rest
            self.c.at[case * self.width + CASE_REST_TASK] = task
            self.offer(task)

    @cython.cfunc
    def duration(self, task: cython.longlong, crew: cython.longlong) -> cython.longlong:
        case: cython.longlong = self.j.at[task * JOB + JOB_CASE]
        if self.c.at[case * self.width + CASE_REST_TASK] >= 0:
            known: cython.longlong = self.c.at[case * self.width + CASE_REST_TASK]
            self.c.at[case * self.width + CASE_REST_TASK] = -1
            if known == task:
                return self.c.at[case * self.width + CASE_REST]
        kind: cython.longlong = self.j.at[task * JOB + JOB_TYPE]
        order: cython.longlong = self.c.at[case * self.width + CASE_ORDER]
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
            longer = self.longer.get(order * self.t.suffixes + self.c.at[case * self.width + CASE_SUFFIX])
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
        case: cython.longlong = self.j.at[task * JOB + JOB_CASE]
        order: cython.longlong = self.c.at[case * self.width + CASE_ORDER]
        if self.c.at[case * self.width + CASE_TASK] != task:
            self.wasted += 1
            return
        kind: cython.longlong = self.j.at[task * JOB + JOB_TYPE]
        course: cython.longlong = self.of_task(kind, Y_COURSE)
        suffix: cython.longlong = self.c.at[case * self.width + CASE_SUFFIX]
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
        standing: cython.longlong = self.c.at[case * self.width + CASE_STANDING]
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
