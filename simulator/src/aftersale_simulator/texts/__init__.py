"""Texts: What do buyers write, and what do sellers answer?

`runs` may import it. It imports core alone.
"""
