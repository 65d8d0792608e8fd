"""Sensitivity: on which assumed numbers does the answer depend?

What-if may import it; it imports show and what is below it.
"""
