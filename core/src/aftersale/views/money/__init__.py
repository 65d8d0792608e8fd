"""Money: what do people see of fees, costs and contribution?

Only the command line and tests may import it; it imports everything below it.
"""
