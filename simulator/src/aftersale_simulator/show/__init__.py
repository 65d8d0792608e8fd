"""Show: how do people read a figure?

Tables, charts and pages may import it; it imports runs.
"""
