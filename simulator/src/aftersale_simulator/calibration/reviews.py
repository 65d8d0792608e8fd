"""Reviews: how many buyers rate badly, by how late their order was, and when."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log, sqrt

import numpy as np
import polars as pl
from attrs import evolve
from numpy.typing import NDArray

from aftersale.clocks import DAY
from aftersale.order_columns import Orders
from aftersale.orders import DELIVERED, NEVER
from aftersale_simulator.assumptions.reactions import lateness_classes
from aftersale_simulator.calibration.deliveries import never_arrived
from aftersale_simulator.calibration.numbers import Fitted, mean, qualities, share, short, within_range
from aftersale_simulator.runs.statistics import normal_margin, wilson
from aftersale_simulator.show.wording import text
from aftersale_simulator.world.carriers import outcomes

Instants = NDArray[np.int64]
Flags = NDArray[np.bool_]
NEGATIVE_STARS = 2
"""Up to so many stars a review is negative, as `negative_stars` of all metrics that the marketplaces' plugins state."""
LEAST_ORDERS = 30
"""A class with fewer orders says nothing of its ratings: if none of so few is bad, one in ten may be bad even so.

Three over their number bounds the share of what never happened, at 95 %: Hanley and Lippman-Hand, JAMA 249 (1983),
1743-1745.
"""


def fit_reviews(reviews: pl.DataFrame, orders: Orders, name: str) -> Iterator[Fitted]:
    """Yield the world's numbers of bad ratings that reviews of these orders speak of.

    `reviews` has the columns order, stars (1 to 5) and left_at (an instant, or null); `name` is the file's. An order is
    rated badly by a review of at most NEGATIVE_STARS. Each number is what `assumptions/reactions.toml` makes of it:

    - `negative_feedback_rate`: share of the orders delivered by their promise, reviewed or not, that are rated badly.
    - `late_feedback_factor_*`: that share among orders so many days late, or never delivered, relative to it. Its
      interval is that of the logarithm of a ratio of two shares, by its normal approximation. Left out are classes of
      fewer than LEAST_ORDERS orders, and all where no order in time is rated badly.
    - `feedback_delay_days`: mean days from delivery, or else the promise, to an order's first bad rating, exponential.
    """
    ratings = _Ratings(reviews, orders)
    if ratings.matched:
        for number in (*_rates(ratings, name), *_delay(ratings, name)):
            yield within_range(number)


class _Ratings:
    """Orders by how late they were, which of them are rated badly, and when first: NEVER where that is not known."""

    def __init__(self, reviews: pl.DataFrame, orders: Orders) -> None:
        rows = pl.DataFrame({"order": list(orders.ids[:])}, {"order": pl.String}).with_row_index("row")
        known = reviews.join(rows, on="order")
        self.matched, self.unmatched = known.height, reviews.join(rows, on="order", how="anti").height
        bad = known.filter(pl.col("stars") <= NEGATIVE_STARS).group_by("row").agg(pl.col("left_at").min()).sort("row")
        index = bad["row"].to_numpy()
        self.bad: Flags = np.zeros(len(orders), bool)
        self.bad[index] = True
        self.left_at: Instants = np.full(len(orders), NEVER)
        self.left_at[index] = bad["left_at"].dt.timestamp("us").fill_null(NEVER).to_numpy()
        self._arrive(orders)

    def _arrive(self, orders: Orders) -> None:
        promised = orders.promised_at != NEVER
        arrived = (outcomes(orders) == DELIVERED) & (orders.delivered_at != NEVER)
        lost = never_arrived(orders)
        late = arrived & promised & (orders.delivered_at > orders.promised_at)
        self.on_time: Flags = arrived & promised & ~late
        days = np.where(late, orders.delivered_at - orders.promised_at, 0) / DAY
        self.since: Instants = np.where(arrived, orders.delivered_at, np.where(lost, orders.promised_at, NEVER))
        self.classes: dict[str, Flags] = {}
        least, (lateness, latest) = 0, lateness_classes()
        for most, factor in lateness:
            self.classes[factor] = late & (days > least) & (days <= most)
            least = most
        self.classes[latest] = (late & (days > least)) | lost


def _rates(ratings: _Ratings, name: str) -> Iterator[Fitted]:
    """Yield how many orders in time are rated badly, and how many times as many of the late ones."""
    size, bad = _counts(ratings, ratings.on_time)
    if not size:
        return
    unmatched = text("fitted.unmatched", count=ratings.unmatched) if ratings.unmatched else ""
    quality = qualities(text("fitted.ratings", stars=NEGATIVE_STARS), unmatched)
    yield share("world.negative_feedback_rate", bad, size, name, quality)
    if not bad:
        return
    for factor, where in ratings.classes.items():
        late, bad_late = _counts(ratings, where)
        if late >= LEAST_ORDERS:
            low, high = _ratio_interval(bad_late, late, bad, size)
            quality = text("fitted.ratio", count=bad_late)
            yield Fitted(f"world.{factor}", short(bad_late / late / (bad / size)), low, high, late, name, quality)


def _counts(ratings: _Ratings, where: Flags) -> tuple[int, int]:
    return int(where.sum()), int((where & ratings.bad).sum())


def _ratio_interval(count: int, size: int, base: int, base_size: int) -> tuple[float, float]:
    """Return the interval of a ratio of two shares, `base` of `base_size` the lower one.

    The logarithm of the ratio is nearly normal: Katz, Baptista, Azen, Pike, Biometrics 34 (1978), 469-474. Without a
    count it has no variance; then the upper end is that of the share alone.
    """
    ratio = count / size / (base / base_size)
    if not count:
        return 0.0, wilson(0, size)[1] / (base / base_size)
    deviation = sqrt(1 / count - 1 / size + 1 / base - 1 / base_size)
    half = normal_margin() * deviation
    return exp(log(ratio) - half), exp(log(ratio) + half)


def _delay(ratings: _Ratings, name: str) -> Iterator[Fitted]:
    """Yield how long after the delivery buyers rate badly."""
    dated = ratings.bad & (ratings.left_at != NEVER) & (ratings.since != NEVER)
    after = dated & (ratings.left_at > ratings.since)
    if after.any():
        number = mean("world.feedback_delay_days", (ratings.left_at - ratings.since)[after] / DAY, name)
        before = int((dated & ~after).sum())
        yield evolve(number, quality=qualities(number.quality, text("fitted.before", count=before) if before else ""))
