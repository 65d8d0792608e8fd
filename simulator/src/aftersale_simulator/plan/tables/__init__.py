"""Tables: what of a scenario becomes which row of the kernel's tables?

The plan may import it. Clocks, cases and responses are lowered each by its own module, by asking the real functions.
"""
