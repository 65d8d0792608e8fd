"""Journal: what happened, and when did we come to know it?

Views, the simulator and the command line may import it; it imports the engine.
"""
