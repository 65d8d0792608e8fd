"""Stress: what breaks first when the world is not as usual?

What-if may import it; it imports show and what is below it.
"""
