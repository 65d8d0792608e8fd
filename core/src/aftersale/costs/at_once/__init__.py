"""At once: what do many orders cost, without booking each?

The simulator's books may import it; an order of a journal, which is replayed by itself, is booked by itself. It writes
no rule: `classes` has one order of each class booked on the ledger, with `formulas` in place of amounts (`noting`), and
`booked` works these out for all others.
"""
