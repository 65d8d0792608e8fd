"""Replies: how fast buyers got their first answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aftersale.clocks import HOUR, Instant, local_date, start_of_day
from aftersale.engine.columns import Endings, Running
from aftersale.engine.docket import Docket
from aftersale.engine.tally import Key
from aftersale.policies.policy import Policy

PERCENTILES = (50, 90, 95)


@frozen
class ReplyFigures:
    """First replies to the contacts of one period, as known at its end.

    Rates are shares of `contacts` whose outcome is known; `open` contacts still wait for their answer, and
    enter the mean and the percentiles (50, 90, 95) with the hours that they have waited so far, a lower bound.

    A first reply is late from the time on that was due on the desk: the handbook's where that is the tighter one.
    `by_marketplace` are (late, known) from the marketplace's own end on, None where they are the same.
    """

    contacts: int
    open: int
    late: int
    silent: int
    silence_known: int
    late_known: int
    hours: float
    percentiles: tuple[float, ...]
    by_marketplace: tuple[int, int] | None = None

    @property
    def late_rate(self) -> float | None:
        """Share of first replies that came after their due time or never; None where none is known."""
        return self.late / self.late_known if self.late_known else None

    @property
    def silence_rate(self) -> float | None:
        """Share of contacts that were unanswered past the marketplace's silence rule; None where none is known."""
        return self.silent / self.silence_known if self.silence_known else None

    @property
    def mean_hours(self) -> float | None:
        """Mean first reply in wall hours; None without contacts."""
        return self.hours / self.contacts if self.contacts else None


def replies_between(
    docket: Docket,
    marketplace: str,
    since: Instant,
    until: Instant,
    running: Running | None = None,
    ended: Mapping[Key, tuple[int, int]] | None = None,
    answered: NDArray[np.int64] | None = None,
) -> ReplyFigures:
    """Return the figures for contacts that began in [since, until), as the docket knows them at `until`.

    `running` are the deadlines that its cases have now, `ended` how many of the period are late and how many have
    ended, and `answered` is what `answer_times` says of it, where they were looked for already.
    """
    tally, running = docket.tally, running or docket.running()
    answers, silences = (marketplace, "first_reply"), (marketplace, "silence")
    ended = tally.ended_between(since, until, (answers, silences)) if ended is None else ended
    replies, by_due = tally.endings(*answers), tally.by_due(*answers, until)
    expired = ended.get(answers, _NONE)
    late = expired if by_due is replies else _late_counts(by_due, since, until)
    silent, silence_known = ended.get(silences, _NONE)
    waiting = running.starts(*answers)
    waiting = until - waiting[(waiting >= since) & (waiting < until)]
    answered = answer_times(docket, marketplace, since, until) if answered is None else answered
    waited = np.concatenate([answered, np.sort(waiting)])
    return ReplyFigures(
        len(waited),
        len(waiting),
        late[0],
        silent,
        silence_known,
        late[1],
        # Summed in whole microseconds, so that it does not hang on the order in which answers became known.
        int(waited.sum()) / HOUR,
        _percentiles(waited / HOUR),
        expired if expired != late else None,
    )


_NONE = 0, 0


def _percentiles(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Return PERCENTILES of some values, 0 of no values."""
    return tuple(np.percentile(values, PERCENTILES).tolist()) if len(values) else (0.0,) * len(PERCENTILES)


def _late_counts(endings: Endings, since: Instant, until: Instant) -> tuple[int, int]:
    in_period = endings.began_in(since, until)
    return int(endings.late[in_period].sum(dtype=np.int64)), int(endings.counted[in_period].sum(dtype=np.int64))


def answer_times(docket: Docket, marketplace: str, since: Instant, until: Instant) -> NDArray[np.int64]:
    """Return how long the answered contacts of the period waited, sorted.

    A row that takes an answer back removes its time.
    """
    endings = docket.tally.endings(marketplace, "first_reply")
    in_period = np.flatnonzero(endings.began_in(since, until) & (endings.met != 0))
    waited: NDArray[np.int64] = endings.ended[in_period] - endings.started[in_period]
    met = endings.met[in_period]
    if (met > 0).all():
        return np.sort(waited)
    net = Counter(waited[met > 0].tolist())
    net.subtract(waited[met < 0].tolist())
    return np.sort(np.array(list(net.elements()), np.int64))


def first_replies(policy: Policy, docket: Docket, at: Instant) -> ReplyFigures | None:
    """Return the first replies of one marketplace as of an instant, over the window of its late reply rate.

    The window ends with the local day in which `at` lies, cut off there. None where no metric sets a window.
    """
    rule = next((rule for rule in policy.metrics(at) if rule.name == "late_reply_rate"), None)
    if rule is None:
        return None
    zone = policy.marketplace.zone
    since = start_of_day(local_date(at, zone) - timedelta((rule.amount or 0) - 1), zone)
    # What is known at the instant counts, so the span reaches to just after it.
    return replies_between(docket, policy.marketplace.name, since, at + 1)
