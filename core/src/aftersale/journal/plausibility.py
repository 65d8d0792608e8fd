"""Plausibility: what is valid in a journal, and is hardly true or counts nowhere.

Nothing of it is refused: a seller may know better. It is told, because each makes a wrong figure without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

import polars as pl
from attrs import frozen

from aftersale.base.money import decimals, from_minor
from aftersale.base.toml_files import read
from aftersale.cases.money import GIVING_BACK, TAKING_BACK
from aftersale.cases.workflow import default_workflow
from aftersale.channels import CHANNELS
from aftersale.documents.structure import structure
from aftersale.journal.columns import SHOWN
from aftersale.order_columns import Orders
from aftersale.policies.marketplaces import Marketplace
from aftersale.policies.worlds import Parameter

PAID_ON_CONDITION = ("return_requested", "claim_filed", "partial_refund_offered")
"""Facts whose amount goes to the buyer where the case is decided so; another fact may tell it again."""
OF_GOODS = ("return_inspected", "safe_t_granted", "reimbursement_granted")
"""Facts whose amount is what goods lost, or what the marketplace pays for them."""
OF_PARCELS = ("label_sent", "return_sent", "replacement_sent", "replaced")
"""Facts whose amount is what a parcel cost, which may be more than the price."""
WITH_AMOUNT = (*GIVING_BACK, *PAID_ON_CONDITION, *TAKING_BACK, *OF_GOODS, *OF_PARCELS)
"""Facts whose amount counts; it counts nowhere on others."""
RATING = "feedback_left"

_ORDERED = (
    ("shipped_at", "purchased_at"),
    ("delivered_at", "purchased_at"),
    ("cancelled_at", "purchased_at"),
    ("promised_at", "purchased_at"),
    ("ship_by", "purchased_at"),
    ("delivered_at", "shipped_at"),
)
"""Columns of which the first is never before the second."""
_MONEY = ("amount", "price", "taken")
_ANY_FACT = "a fact"
_ROW = "row of the table"


@frozen
class _BoundDocument:
    bound: tuple[Parameter, ...]


@cache
def bounds() -> Mapping[str, float]:
    """Return by name from where on what a journal says is hardly true; `plausibility.toml` declares each."""
    document = read(files("aftersale.journal") / "plausibility.toml")
    declared = structure(_BoundDocument, document, "aftersale/plausibility.toml").bound
    return {bound.name: float(bound.default) for bound in declared}


@frozen
class Doubt:
    """Rows of one sort that are hardly true, or count nowhere.

    `message` is the key of what is said of each; `rows` is how many there are. `examples` are the values of the message
    for the first of them; of these values, `cells` may hold anything.
    """

    message: str
    rows: int
    examples: tuple[Mapping[str, str], ...]
    cells: tuple[str, ...] = ()

    @property
    def sort(self) -> str:
        """What looks wrong, in a word."""
        return self.message.partition(".")[2]


def doubts(orders: pl.DataFrame, facts: pl.DataFrame) -> Iterator[Doubt]:
    """Yield the doubts about the checked columns of a journal whose rows are consistent."""
    yield from _of_orders(orders)
    known = [move.fact for kind in default_workflow().kinds.values() for move in kind.move]
    sold = orders.select("order", "purchased_at", "price", "currency")
    kind = pl.when(pl.col("kind").is_in(known)).then(pl.col("kind")).otherwise(pl.lit(_ANY_FACT)).alias("fact")
    facts = facts.with_row_index(_ROW).join(sold, on="order", how="left").sort(_ROW).with_columns(kind)
    # Of a journal that tells nothing twice no copy is made.
    is_twice = facts.select(_content(facts)).is_duplicated().any()
    once = facts.unique(_content(facts), keep="first", maintain_order=True) if is_twice else facts
    yield from _of_times(facts)
    again = facts.join(once, on=_ROW, how="anti").sort(_ROW) if is_twice else facts.clear()
    yield from _doubts("doubts.twice", again.select("order", "case", "fact", pl.col("occurred_at").alias("at")))
    yield from _of_amounts(once)
    yield from _of_values(facts)
    yield from _of_cases(once)
    yield from _apart(orders, facts)


def doubts_of_place(orders: Orders, marketplaces: Mapping[str, Marketplace]) -> Iterator[Doubt]:
    """Yield the doubts about where orders were sold: marketplaces that no plugin has, or that have other money."""
    for code, (name, currency) in enumerate(zip(orders.marketplaces, orders.currencies, strict=True)):
        rows = (orders.marketplace == code).nonzero()[0]
        names = [{"order": str(orders.ids[row]), "marketplace": name} for row in rows[:SHOWN]]
        place = marketplaces.get(name)
        if place is None:
            yield Doubt("doubts.no_marketplace", len(rows), tuple(names), ("marketplace",))
        elif place.currency != currency:
            money = {"currency": currency, "other": place.currency}
            yield Doubt("doubts.other_money", len(rows), tuple({**values, **money} for values in names))


def _content(facts: pl.DataFrame) -> list[str]:
    """Return the columns that make a fact what it is: when it became known makes no other of it."""
    return [name for name in facts.columns if name not in ("known_at", _ROW)]


# --- orders ---


def _of_orders(orders: pl.DataFrame) -> Iterator[Doubt]:
    for later, earlier in _ORDERED:
        rows = orders.filter(pl.col(later) < pl.col(earlier))
        yield from _doubts("doubts.before", _pair(rows, later, earlier))
    for later in dict.fromkeys(later for later, _ in _ORDERED):
        rows = orders.filter(pl.col(later) - pl.col("purchased_at") > timedelta(bounds()["shipping_days"]))
        yield from _doubts("doubts.long_after", _pair(rows, later, "purchased_at"))
    left = orders.with_columns(pl.coalesce("delivered_at", "shipped_at").alias("left"))
    rows = left.filter(pl.col("left").is_not_null() & pl.col("cancelled_at").is_not_null())
    yield from _doubts("doubts.cancelled_and_left", rows.select("order", "cancelled_at", "left"))
    yield from _doubts("doubts.no_price", orders.filter(pl.col("price") <= 0).select("order", "price", "currency"))
    yield from _of_small_prices(orders)
    strange = orders.filter(~pl.col("channel").is_in(list(CHANNELS)))
    words = strange.select("order", "channel").with_columns(pl.lit(", ".join(CHANNELS)).alias("channels"))
    yield from _doubts("doubts.channel", words, cells=("channel",))


def _pair(rows: pl.DataFrame, later: str, earlier: str) -> pl.DataFrame:
    return rows.select(
        "order",
        pl.lit(later).alias("later"),
        pl.col(later).alias("at"),
        pl.lit(earlier).alias("earlier"),
        pl.col(earlier).alias("since"),
    )


def _of_small_prices(orders: pl.DataFrame) -> Iterator[Doubt]:
    """Yield the marketplaces half of whose prices are below one unit of their money: written in major units."""
    priced = orders.select("marketplace", "order", "price", "currency").filter(pl.col("price") > 0)
    for _, rows in priced.group_by("marketplace", maintain_order=True):
        unit = _unit(rows["currency"][0])
        small = rows.filter(pl.col("price") < unit)
        if unit > 1 and 2 * small.height > rows.height:
            yield from _doubts("doubts.small_prices", small.select("order", "price", "currency"))


def _unit(currency: str) -> int:
    """Return how many minor units a unit of a currency has."""
    return int(10 ** decimals(currency))


# --- facts ---


def _of_times(facts: pl.DataFrame) -> Iterator[Doubt]:
    shown = ("order", "case", "fact")
    since, at = pl.col("purchased_at").alias("since"), pl.col("occurred_at").alias("at")
    early = facts.filter(pl.col("occurred_at") < pl.col("purchased_at"))
    yield from _doubts("doubts.before_purchase", early.select(*shown, at, since))
    span = pl.col("occurred_at") - pl.col("purchased_at")
    yield from _doubts(
        "doubts.years_after", facts.filter(span > timedelta(bounds()["case_days"])).select(*shown, at, since)
    )
    late = facts.filter(pl.col("known_at") - pl.col("occurred_at") > timedelta(bounds()["known_days"]))
    yield from _doubts(
        "doubts.known_long_after", late.select(*shown, pl.col("known_at").alias("at"), at.alias("since"))
    )


def _of_values(facts: pl.DataFrame) -> Iterator[Doubt]:
    """Yield ratings that are none, and numbers that count nowhere."""
    ratings = facts.filter(pl.col("kind") == RATING)
    stars = pl.col("value")
    wrong = ratings.filter(
        ~stars.is_between(bounds()["stars_least"], bounds()["stars_most"]) | (stars != stars.floor())
    )
    yield from _doubts("doubts.stars", wrong.select("order", "case", pl.col("value").alias("stars")))

    useless = pl.col("value").is_not_null() & ~pl.col("fact").is_in([RATING, _ANY_FACT])
    yield from _doubts("doubts.value_nowhere", facts.filter(useless).select("order", "case", "fact", "value"))


def _of_cases(facts: pl.DataFrame) -> Iterator[Doubt]:
    """Yield the facts that name a case behind theirs that no fact is about, and cases that were opened twice."""
    openers = facts.filter(pl.col("kind").is_in(list(default_workflow().openers())))
    openers = openers.with_columns(pl.col("value", "amount").fill_null(-1))  # nothing is joined with nothing
    same = ["kind", "order", "occurred_at", "about", "value", "detail", "amount"]
    first = openers.unique(same, keep="first", maintain_order=True)
    names = first.select(*same, pl.col("case").alias("other"))
    again = openers.join(first, on=_ROW, how="anti").join(names, on=same, how="left").sort(_ROW)
    at = pl.col("occurred_at").alias("at")
    yield from _doubts("doubts.opened_twice", again.select("order", "case", "fact", at, "other"))
    cases = facts.select(pl.col("case").alias("about")).unique()
    lost = facts.filter(pl.col("about") != "").join(cases, on="about", how="anti").sort(_ROW)
    yield from _doubts("doubts.about", lost.select("order", "case", "about"))


# --- amounts ---


def _of_amounts(facts: pl.DataFrame) -> Iterator[Doubt]:
    paid = facts.filter(pl.col("amount") > 0)
    shown = ("order", "case", "fact", "amount", "price", "currency")
    useless = paid.filter((pl.col("fact") != _ANY_FACT) & ~pl.col("kind").is_in(list(WITH_AMOUNT)))
    yield from _doubts("doubts.amount_nowhere", useless.select(*shown[:4], "currency"))
    paid = paid.filter(pl.col("price") > 0)
    bounded = (*GIVING_BACK, *PAID_ON_CONDITION, *TAKING_BACK, *OF_GOODS)
    above = paid.filter(pl.col("kind").is_in(list(bounded)) & (pl.col("amount") > pl.col("price")))
    yield from _doubts("doubts.above_price", above.select(shown))
    parcels = paid.filter(pl.col("kind").is_in(list(OF_PARCELS)))
    dear = parcels.filter(pl.col("amount").cast(pl.Float64) / pl.col("price") > bounds()["parcel_most"])
    yield from _doubts("doubts.dear_parcel", dear.select(shown))
    yield from _of_reversals(paid)
    yield from _of_sums(paid.filter(~pl.col("order").is_in(above["order"].unique().to_list())))
    for _, rows in paid.group_by("currency", maintain_order=True):
        yield from _of_major_units(rows.filter(pl.col("kind").is_in([*GIVING_BACK, *PAID_ON_CONDITION])))


def _of_sums(paid: pl.DataFrame) -> Iterator[Doubt]:
    """Yield the orders whose buyers got more than the price back by several facts."""
    way = pl.when(pl.col("kind").is_in(list(TAKING_BACK))).then(-1).otherwise(1)
    moved = paid.filter(pl.col("kind").is_in([*GIVING_BACK, *TAKING_BACK])).with_columns(pl.col("amount") * way)
    sums = moved.group_by("order", maintain_order=True).agg(pl.col("amount").sum(), pl.first("price", "currency"))
    yield from _doubts("doubts.sum_above_price", sums.filter(pl.col("amount") > pl.col("price")))


def _of_reversals(paid: pl.DataFrame) -> Iterator[Doubt]:
    """Yield the cases by which more came back to the seller than their facts say had been taken: it counts in part."""
    back = pl.col("kind").is_in(list(TAKING_BACK))
    taken = pl.col("kind").is_in([*GIVING_BACK, *PAID_ON_CONDITION])
    sums = paid.group_by("case", maintain_order=True).agg(
        pl.first("order", "currency"),
        pl.col("amount").filter(back).sum(),
        pl.col("amount").filter(taken).sum().alias("taken"),
    )
    more = sums.filter((pl.col("taken") > 0) & (pl.col("amount") > pl.col("taken")))
    yield from _doubts("doubts.reversed_above", more.select("order", "case", "amount", "taken", "currency"))


def _of_major_units(paid: pl.DataFrame) -> Iterator[Doubt]:
    """Yield refunds that are the price in major units, cut or rounded, and marketplaces all of whose refunds are tiny.

    19 or 20 for a price of 1999: a refund of a hundredth of the price, to the cent, is no accident.
    """
    unit = _unit(paid["currency"][0]) if paid.height else 1
    if unit == 1:
        return
    shown = ("order", "case", "fact", "amount", "price", "currency")
    share = pl.col("price") / pl.col("amount").cast(pl.Float64)
    whole = (pl.col("amount").cast(pl.Float64) * unit - pl.col("price")).abs() < unit
    yield from _doubts("doubts.major_units", paid.filter(whole).select(shown))
    for _, rows in paid.filter(~whole).group_by("marketplace", maintain_order=True):
        many = rows.height >= bounds()["small_count"]
        if many and rows.select((share >= bounds()["small_share"]).all()).item():
            yield from _doubts("doubts.all_small", rows.select(shown))


# --- rows apart ---


def _apart(orders: pl.DataFrame, facts: pl.DataFrame) -> Iterator[Doubt]:
    """Yield the rows that lie long before or after all others: time is let pass to the last of them."""
    columns = [orders["purchased_at"].rename("at"), facts["known_at"].rename("at")]
    times = pl.concat(columns).sort()
    most = int(bounds()["apart_share"] * len(times))
    gap = timedelta(bounds()["apart_days"])
    wide = (times.diff() > gap).arg_true().to_list() if most else []
    first = next((times[place] for place in reversed(wide) if place <= most), None)
    last = next((times[place - 1] for place in wide if len(times) - place <= most), None)
    bought, known = (pl.col(name).alias("at") for name in ("purchased_at", "known_at"))
    yield from _outside("doubts.order_apart", orders.select("order", bought), first, last)
    yield from _outside("doubts.fact_apart", facts.select("order", "case", "fact", known), first, last)


def _outside(message: str, rows: pl.DataFrame, first: datetime | None, last: datetime | None) -> Iterator[Doubt]:
    outside = pl.lit(False)
    if first is not None:
        outside = outside | (pl.col("at") < first)
    if last is not None:
        outside = outside | (pl.col("at") > last)
    yield from _doubts(message, rows.filter(outside))


def _doubts(message: str, rows: pl.DataFrame, cells: tuple[str, ...] = ()) -> Iterator[Doubt]:
    """Yield the doubt of these rows, none where there is no row."""
    if rows.height:
        yield Doubt(message, rows.height, tuple(map(_values, rows.head(SHOWN).to_dicts())), cells)


def _values(row: dict[str, object]) -> dict[str, str]:
    """Return the values of a row as text, amounts as money."""
    currency = str(row.pop("currency", ""))
    return {name: _text(value, currency if name in _MONEY else "") for name, value in row.items()}


def _text(value: object, currency: str) -> str:
    if currency and isinstance(value, int):
        money = from_minor(value, currency)
        return f"{money.amount} {money.currency.code}"
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value:g}" if isinstance(value, float) else str(value)
