"""Costs: what after-sales costs a seller, case by case and line by line, told where it is told and estimated elsewhere.

What is given back counts as a cost, what comes back (goods, claims that are reversed, what the marketplace makes good)
counts against it. Amounts are whole minor units; currencies never meet without a rate that somebody named.
"""

from aftersale.costs.charges import case_costs, docket_costs
from aftersale.costs.ledger import LINES, CostLine
from aftersale.costs.listings import CostAccounts, cost_accounts, cost_listing
from aftersale.costs.parameters import Overrides, Parameter, Parameters, default_parameters
from aftersale.costs.totals import GROUPINGS, GrandTotal, Grouping, Total, grand_total, totals

__all__ = [
    "GROUPINGS",
    "LINES",
    "CostAccounts",
    "CostLine",
    "GrandTotal",
    "Grouping",
    "Overrides",
    "Parameter",
    "Parameters",
    "Total",
    "case_costs",
    "cost_accounts",
    "cost_listing",
    "default_parameters",
    "docket_costs",
    "grand_total",
    "totals",
]
