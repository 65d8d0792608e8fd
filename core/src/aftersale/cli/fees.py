"""The command about fees: what a marketplace takes of one order on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from aftersale.channels import FULFILLED_BY_MARKETPLACE, WORD_OF
from aftersale.cli.options import as_json_option, pairs, print_json, read_day, show
from aftersale.cli.program import loaded, text


@click.command("fees")
@click.argument("marketplace")
@click.option("--price", required=True, metavar="AMOUNT", help="What the buyer paid, in the marketplace's currency.")
@click.option("--category", default="", help="The order's category, as rules name it.")
@click.option("--fba", is_flag=True, help="The marketplace ships it; else the seller does.")
@click.option("--refund", metavar="AMOUNT", help="How much is refunded; else the price.")
@click.option("--often", is_flag=True, help="The product comes back unusually often.")
@click.option("--size", default="", metavar="NAME", help="The size of a unit, as rules name it.")
@click.option(
    "--on", "day", required=True, metavar="DATE", callback=read_day, help="The day, in the marketplace's time."
)
@click.option(
    "--version", "versions", metavar="NAME", multiple=True, help="Take a version of rules; may be given again."
)
@click.option("--set", "own", multiple=True, metavar="NAME=VALUE", help="A number of your own for an assumed one.")
@click.option("--handbook", type=click.Path(path_type=Path), help="The seller's own TOML file.")
@as_json_option
@click.pass_context
def show_fees(
    ctx: click.Context,
    marketplace: str,
    price: str,
    category: str,
    fba: bool,
    refund: str | None,
    often: bool,
    size: str,
    day: date,
    versions: tuple[str, ...],
    own: tuple[str, ...],
    handbook: Path | None,
    as_json: bool,
) -> None:
    """Show the fees for one order.

    What MARKETPLACE takes of an order of that price, of its refund and of its return, by the rows of that day, and the
    numbers that stand in where no row says so. A handbook says where the seller is (seller_established_in).
    """
    from aftersale.base.money import money, to_minor
    from aftersale.clocks import HOUR, start_of_day
    from aftersale.orders import Order
    from aftersale.policies.handbook import default_handbook, load_handbook
    from aftersale.views.money.fees import fee_listing, order_fees
    from aftersale.worth.fees import Fees
    from aftersale.worth.parameters import default_parameters

    plugins = loaded(ctx)
    book = load_handbook(handbook, plugins.workflow, plugins.metrics) if handbook else default_handbook()
    policy = plugins.policy(marketplace, book, rules=plugins.rules.with_versions(versions))
    place = policy.marketplace
    at = start_of_day(day, place.zone) + 12 * HOUR
    terms, currency = policy.at(at), place.currency
    channel = next(iter(FULFILLED_BY_MARKETPLACE)) if fba else WORD_OF["seller"]
    paid, refunded = (None if given is None else to_minor(money(given, currency)) for given in (price, refund))
    if paid is None or paid <= 0 or (refunded or 0) < 0:
        raise click.UsageError(text("costs.no_amount"))
    order = Order("", marketplace, at, channel, paid, currency, category=category)
    where = terms.handbook.rule("seller_established_in", order)
    parameters = default_parameters().with_own(dict(pairs("--set", own)), "--set")
    fees = Fees(terms.rulebook, order, parameters, "" if where is None else where.word or "")
    record = order_fees(fees, day.isoformat(), refunded, often, size)
    print_json(record) if as_json else show(fee_listing(record))
