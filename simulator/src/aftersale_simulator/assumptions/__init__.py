"""Assumptions: what holds in the simulated world where nobody says otherwise?

Its numbers, and what happens of itself. Every other room may import it; it imports none of them.
"""
