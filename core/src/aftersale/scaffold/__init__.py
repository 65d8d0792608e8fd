"""Scaffold: with which files does a new plugin begin, so that it passes the conformance suite as it is?

The command line may import it; it imports policies.
"""
