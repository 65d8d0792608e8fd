"""Effects: which settings of a scenario changed nothing in a run?

It imports what a run is made of; runs import it.
"""
