"""Policies: what holds for one order on one marketplace?

The engine and all that is above it may import it; it imports rules, cases.
"""
