"""Health figures: what an account health report says of an account, in our words, and what follows from its counts."""

from __future__ import annotations

from attrs import field, frozen

from aftersale.clocks import Instant
from aftersale.reports.health.fields import Disagreement
from aftersale.reports.health.formats import Condition, StateName, Verdict


@frozen
class AccountStatus:
    """The state of an account by the marketplace's own word; `state` is None for an unexplained word."""

    marketplace: str
    status: str
    state: StateName | None


@frozen
class HealthRating:
    """The marketplace's overall rating of an account over some days; `score` is None where the report has none."""

    marketplace: str
    since: Instant | None
    until: Instant | None
    status: str
    state: StateName | None
    score: int | None


@frozen
class AccountWarning:
    """A warning of a kind that the marketplace names, with its word for how bad it is and what that means."""

    marketplace: str
    kind: str
    status: str
    verdict: Verdict | None


@frozen
class HealthMetric:
    """One metric of one marketplace as the report states it, and as it follows from the counts.

    `told_rate`, `target`, `status` and `verdict` are the marketplace's own; `counted` is the share computed from the
    counts, or the count itself where the metric is no share (`denominator` None); `met` is whether that meets the
    target. `where` is the place in the file. What the report does not state is None or empty.
    """

    metric: str
    marketplace: str
    channel: str
    where: str
    since: Instant | None
    until: Instant | None
    numerator: int | None
    denominator: int | None
    told_rate: float | None
    counted: float | None
    target: float | None
    condition: Condition | None
    status: str
    verdict: Verdict | None
    met: bool | None
    components: dict[str, int] = field(factory=dict)


@frozen
class HealthReport:
    """An account health report: what it says, and what does not fit together in it.

    Marketplaces have our names; a marketplace whose id no plugin knows keeps the id. `unknown` has that id as (place,
    word), and every word that the format does not explain. `missing` and `ignored` are places in the file.
    """

    source: str
    format: str
    accounts: tuple[AccountStatus, ...]
    metrics: tuple[HealthMetric, ...]
    ratings: tuple[HealthRating, ...]
    warnings: tuple[AccountWarning, ...]
    disagreements: tuple[Disagreement, ...]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]
