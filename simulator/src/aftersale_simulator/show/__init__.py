"""Show: how do people read a figure?

Tables, charts, pages and calibration may import it; it imports runs and the scenario.
"""
