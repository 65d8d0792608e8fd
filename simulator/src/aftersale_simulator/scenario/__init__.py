"""Scenario: what did somebody ask for?

Everything above may import it; it imports core alone.
"""
