"""Plan: what does the kernel need to know of a scenario, and how is it lowered to its tables?

The runs may import it; it imports the kernel, the desk and the world. No rule is written here: what a fact does to a
case, which conditions hold, how much a parameter is, is asked of the real functions, once for all that it depends on.
"""
