"""Staffing: which roster is the cheapest that keeps the targets?

The command line and the notebook may import it; it imports show and what is below it.
"""
