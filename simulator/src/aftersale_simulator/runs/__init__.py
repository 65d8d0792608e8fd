"""Runs: what did one replication come to?

Whatever compares replications may import it; it imports the resolved scenario.
"""
