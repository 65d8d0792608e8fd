"""Staffing: which roster is the cheapest that keeps the targets?

The command line may import it; it imports runs.
"""
