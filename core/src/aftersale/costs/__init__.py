"""Costs: what does after-sales cost a seller, case by case?

Advice, views and the command line may import it; it imports the engine. Refunds count as costs; what comes back
(goods, claims that are reversed, what the marketplace reimburses) counts against them. Amounts are whole minor units;
currencies are never added up without a stated rate.
"""
