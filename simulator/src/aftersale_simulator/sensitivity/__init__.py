"""Sensitivity: on which assumed numbers does the answer hang?

What-if may import it; it imports runs.
"""
