"""Calibration: what do a seller's own files say about a scenario's numbers?

What-if and the command line may import it; it imports runs.
"""
