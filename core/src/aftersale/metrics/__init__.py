"""Metrics: how does an account stand, as of a day?

Views and the simulator may import it; it imports the engine.
"""
