"""Order reports: which orders does a file hold?

Plugins and all that is above them may import it; it imports policies, orders.
"""
