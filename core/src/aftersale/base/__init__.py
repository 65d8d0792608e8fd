"""Base: what does everything else here rest on?

Every package may import it; it imports nothing of ours.
"""
