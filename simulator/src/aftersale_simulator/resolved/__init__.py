"""Resolved: what does a scenario mean with the plugins that are installed?

Runs and all that is above them may import it; it imports the desk, the world and the scenario.
"""
