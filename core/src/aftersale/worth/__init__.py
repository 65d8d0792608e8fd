"""Worth: what do goods, fees and sales come to, and by which declared numbers?

Costs, views and the command line may import it; it imports the policies. Amounts are whole minor units.
"""
