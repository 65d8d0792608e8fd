"""Scenario: what does the user ask for?

Everything above may import it; it imports core alone.
"""
