"""World: what do buyers, carriers and marketplaces do?

The desk and all that is above it may import it; it imports the scenario.
"""
