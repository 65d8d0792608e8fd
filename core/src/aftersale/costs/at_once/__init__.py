"""At once: what do many orders cost, without booking each?

The costs of journals and the simulator's books may import it. It writes no rule: `classes` has one order of each class
booked on the ledger, with `formulas` in place of amounts (`noting`), and `booked` works these out for all others.
"""
