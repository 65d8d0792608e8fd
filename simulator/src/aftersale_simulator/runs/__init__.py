"""Runs: what did one replication come to?

Everything that compares replications may import it; it imports the resolved scenario.
"""
