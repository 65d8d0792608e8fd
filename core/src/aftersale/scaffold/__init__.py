"""Scaffold: which first files of a new plugin pass the conformance suite as they are?

The command line may import it; it imports policies.
"""
