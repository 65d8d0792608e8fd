"""Reference plugin: two made-up marketplaces with a rule for everything, all of it data.

REF has a time zone without clock changes and a currency with two decimals. ALT has clock changes, business days and a
currency without decimals, and leaves returns to people.
"""

from aftersale.plugin import from_data, load_formats, load_marketplaces, load_return_formats, load_rules

AFTERSALE_API = 1

aftersale_marketplaces = from_data(load_marketplaces, __name__)
aftersale_rules = from_data(load_rules, __name__)
aftersale_order_formats = from_data(load_formats, __name__)
aftersale_return_reports = from_data(load_return_formats, __name__)
