"""Tables: how is a clock asked for whole columns of instants, and from compiled code?

Who counts deadlines without calling anybody may import it; it imports the modules of `clocks` beside it.

`ClockTable` holds what a clock answers between two instants, in four sorted arrays; `clock_table` asks the clock for
them. `due_at` reads them in plain loops.
"""
