"""Conversations: who writes, when, how often again, and how long they wait for an answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

import numpy as np
import polars as pl
from attrs import define, field

from aftersale.clocks import DAY, HOUR, Instant
from aftersale.order_columns import Orders
from aftersale.reports.service_logs.kinds import AUTOMATIC, BUYER, SELLER
from aftersale_simulator.calibration.logs import ServiceLog
from aftersale_simulator.calibration.numbers import Fitted, Observed, mean, share
from aftersale_simulator.show.wording import text


def fit_messages(log: ServiceLog, orders: Orders | None) -> Iterator[Fitted | Observed]:
    """Yield how many buyers write, how late, how often they answer a reply, and how long they wait for one.

    A buyer waits from the first message that nobody has answered to the first answer of a person, as the engine
    counts it. Messages of orders that the order file does not have say something of waits, and nothing of rates.
    """
    log.skip(pl.col("sender") == AUTOMATIC, "an automatic message answers nobody", "sender")
    log.skip(~pl.struct("order", "case", "sender", "sent_at").is_first_distinct(), "the same message again")
    if orders is not None:
        yield from _rates(log, orders)
    threads = _Threads()
    for _, thread in groupby(_in_order(log.rows), key=itemgetter(0)):
        threads.read((sender, at) for _, sender, at in thread)
    yield from threads.figures(log)


def _in_order(rows: pl.DataFrame) -> Iterator[tuple[str, str, Instant]]:
    """Yield (conversation, sender, instant); of one instant the buyer writes first."""
    name = pl.struct("order", "case").rank("dense").alias("thread")
    at = pl.col("sent_at").dt.timestamp("us").alias("at")
    columns = rows.select(name, "sender", at, (pl.col("sender") != BUYER).alias("later"))
    yield from columns.sort("thread", "at", "later").select("thread", "sender", "at").iter_rows()


def _rates(log: ServiceLog, orders: Orders) -> Iterator[Fitted]:
    buyers = log.rows.filter(pl.col("sender") == BUYER)
    first = buyers.group_by("order").agg(pl.col("sent_at").min().dt.timestamp("us").alias("first"))
    bought = pl.DataFrame({"order": pl.Series(list(orders.ids[:]), dtype=pl.String), "bought": orders.purchased_at})
    joined = first.join(bought, on="order")
    if unknown := len(first) - len(joined):
        log.notes.append(text("calibrate.strangers", name=log.name, count=unknown))
    if len(joined):
        yield share("world.message_rate", len(joined), len(orders), log.name, text("fitted.all_orders"))
    delays = (joined["first"] - joined["bought"]).to_numpy() / DAY
    if early := int((delays <= 0).sum()):
        log.notes.append(text("calibrate.asked_before", name=log.name, count=early))
    if len(delays[delays > 0]):
        yield mean("world.message_delay_days", delays[delays > 0], log.name)


@define
class _Threads:
    """What conversations show: waits for answers, replies, and how long after a reply the buyer wrote again."""

    waits: list[int] = field(factory=list)
    replies: int = 0
    returns: list[int] = field(factory=list)
    open: int = 0

    def read(self, messages: Iterable[tuple[str, Instant]]) -> None:
        """Read one conversation."""
        waiting: Instant | None = None
        replied: Instant | None = None
        for sender, at in messages:
            if sender == SELLER:
                if waiting is not None:
                    self.waits.append(at - waiting)
                self.replies += 1
                waiting, replied = None, at
            elif waiting is None:
                if replied is not None:
                    self.returns.append(at - replied)
                waiting = at
        self.open += waiting is not None

    def figures(self, log: ServiceLog) -> Iterator[Fitted | Observed]:
        """Yield the numbers that these conversations show."""
        if self.replies:
            quality = text("fitted.end_of_file")
            yield share("world.follow_up_rate", len(self.returns), self.replies, log.name, quality)
        if any(self.returns):
            yield mean("world.follow_up_delay_hours", np.array(self.returns, np.float64), log.name, HOUR)
        if self.open:
            log.notes.append(text("calibrate.waiting", name=log.name, count=self.open))
        if self.waits:
            hours = np.array(self.waits, np.float64) / HOUR
            yield Observed("mean_reply_hours", float(hours.mean()), len(hours), log.name)
            yield Observed("p90_reply_hours", float(np.percentile(hours, 90)), len(hours), log.name)
