"""Desk: who works on what, and when?

Runs and all that is above them may import it; it imports the world. Only here is anything yielded to SimPy.
"""
