"""Runs: what did one replication come to?

Show and all that is above it may import it; it imports the resolved scenario, the desk and the world.
"""
