"""Advice: what should the seller do about a case?

Views may import it; it imports costs, the engine.
"""
