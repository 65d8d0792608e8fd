"""Plugins: who is installed, what do they contribute, and whom is each decision asked of?

The command line, views and tests may import it; only here are hooks called.
"""
