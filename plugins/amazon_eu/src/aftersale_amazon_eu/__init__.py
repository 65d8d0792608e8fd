"""Amazon in Europe and Turkey: UK, DE, FR, IT, ES, NL, SE, PL, BE, IE, TR.

All that this plugin knows is data: the stores in `profile.toml`, their dated rules in `rules.toml`, the order files
that they hand out in `formats.toml`, the reports of returns in `returns.toml`, their account health report in
`health.toml`, and in `world.toml` what simulations take for their sales and buyers. Every rule and number names its
source and how good that source is.
"""

from aftersale.plugin import (
    from_data,
    load_formats,
    load_health_formats,
    load_marketplaces,
    load_return_formats,
    load_rules,
    load_world,
)

AFTERSALE_API = 1

aftersale_marketplaces = from_data(load_marketplaces, __name__)
aftersale_rules = from_data(load_rules, __name__)
aftersale_order_formats = from_data(load_formats, __name__)
aftersale_return_reports = from_data(load_return_formats, __name__)
aftersale_health_reports = from_data(load_health_formats, __name__)
aftersale_world = from_data(load_world, __name__)
