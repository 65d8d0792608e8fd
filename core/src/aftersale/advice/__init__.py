"""Advice: what should the seller do about a case?

Views and the conformance suite may import it; it imports costs, the engine.
"""
