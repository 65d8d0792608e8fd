"""Effects: which settings of a scenario changed nothing in a run?

Runs, variants and what shows them may import it; it imports what a run is made of.
"""
