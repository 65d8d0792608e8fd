"""Cases: what is a case, and how does it move?

Everything above rules may import it; it imports documents, clocks, base.
"""
