"""Behaviour: what follows of itself when something happened to an order or a case, and for whom?

The rest of the world and the desk may import it; it imports what is assumed, and the world's numbers, orders and draws.
"""
