"""Due dates: when are deadlines and windows of a policy over, for whole columns of starts?

Who lowers a policy to tables may import it; it imports `policies` beside it and `clocks.tables`.

`policy_clocks` says by which clocks a policy counts, and which deadlines functions of plugins set: these have no table.
`DueTables` has one table for each of its clocks.
"""
