"""Stress: what breaks first when the world is not as usual?

What-if may import it; it imports runs.
"""
