"""Costs: what does after-sales cost a seller, case by case?

Advice and views may import it; it imports the engine. What is given back counts as a cost, what comes back (goods,
claims that are reversed, what the marketplace makes good) counts against it. Amounts are whole minor units; currencies
never meet without a rate that somebody named.
"""
