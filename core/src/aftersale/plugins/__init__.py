"""Plugins: which are installed, what do they contribute, and which of them decides?

The door, the command line, the simulator, views and tests may import it; only here are hooks called.
"""
