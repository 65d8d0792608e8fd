"""Calibration: what do a seller's own files say about a scenario's numbers?

What-if, the command line and the notebook may import it; it imports show and what is below it.
"""
