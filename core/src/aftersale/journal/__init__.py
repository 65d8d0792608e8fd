"""Journal: what happened, and when did we come to know it?

Views and the command line may import it; it imports the engine.
"""
