"""Plugins: which are installed, what do they contribute, and which of them decides?

The command line, views and tests may import it; only here are hooks called.
"""
