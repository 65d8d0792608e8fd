"""Judging: what came of each target over replications, and which of several variants is the best?

Comparisons and roster searches may import it; it imports the runs.
"""
