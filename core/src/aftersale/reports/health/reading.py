"""Health reports: what a marketplace itself says of an account, beside what its own counts come to.

`read_health_report` reads a file by the health formats of the plugins. Nothing that the file says twice in two ways is
smoothed over: every disagreement is told, and so is what is missing, ignored and unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.clocks import Instant, moment
from aftersale.documents.scalars import Word
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.health.checks import Statement
from aftersale.reports.health.fields import Node, Notes, read_top
from aftersale.reports.health.figures import AccountStatus, AccountWarning, HealthMetric, HealthRating, HealthReport
from aftersale.reports.health.formats import HealthFormat, StatedMetric, StatedPart


@frozen(eq=False)
class HealthReader:
    """Reads account health reports by the formats of plugins."""

    marketplaces: Mapping[str, Marketplace]
    formats: Sequence[HealthFormat]

    def recognises(self, path: Path) -> bool:
        """Whether one of the formats describes the file, as far as its top tells."""
        try:
            top, _ = read_top(path)
        except DocumentError:
            return False
        return any(form.belongs(top) for form in self.formats)

    def read(self, path: Path) -> HealthReport:
        """Return what the report says; raises as `read_health_report` does."""
        return read_health_report(path, self.formats, self.marketplaces)


def read_health_report(
    path: Path, formats: Iterable[HealthFormat], marketplaces: Mapping[str, Marketplace]
) -> HealthReport:
    """Return what an account health report says.

    Raises DocumentError when the file is no report that one of the formats describes, and with every value in it that
    is of the wrong kind.
    """
    top, notes = read_top(path)
    known = list(formats)
    form = next((form for form in known if form.belongs(top)), None)
    if form is None:
        raise DocumentError(notes.source, (_unfit(notes.source, known),))
    reading = _Reading(form, notes, {place.id: place.name for place in marketplaces.values()})
    report = reading.read(Node(top, "", notes))
    if notes.problems:
        raise DocumentError(notes.source, tuple(dict.fromkeys(notes.problems)))
    return report


def _unfit(source: str, formats: Iterable[HealthFormat]) -> Problem:
    keys = dict.fromkeys(key for form in formats for key in (*form.accounts.list, *form.blocks))
    hint = f"one has {' or '.join(keys)} at the top" if keys else "install the plugin of its marketplace"
    return Problem(source, "", "is no account health report that an installed plugin describes", hint)


class _Reading:
    """One report on its way: gathers what it says, and notes what is wrong with it."""

    def __init__(self, form: HealthFormat, notes: Notes, names: Mapping[str, str]) -> None:
        self._form, self._notes, self._names = form, notes, names
        self._accounts: list[AccountStatus] = []
        self._metrics: list[HealthMetric] = []
        self._ratings: list[HealthRating] = []
        self._warnings: list[AccountWarning] = []

    def read(self, top: Node) -> HealthReport:
        """Return all that the report says."""
        form, notes = self._form, self._notes
        accounts = self._placed(top, form.accounts.list, form.accounts.marketplace)
        blocks = self._placed(top, form.blocks, form.marketplace)
        for one, list_, key in (
            (accounts.keys() - blocks.keys(), form.blocks, form.marketplace),
            (blocks.keys() - accounts.keys(), form.accounts.list, form.accounts.marketplace),
        ):
            notes.missing += [f"{top.at(list_)}[{key[0]}={id_}]" for id_ in sorted(one) if id_]
        for places in accounts.values():
            for place in places:
                self._account(place)
        for places in blocks.values():
            for place in places:
                self._block(place)
        return HealthReport(
            source=notes.source,
            format=form.name,
            accounts=tuple(self._accounts),
            metrics=tuple(self._metrics),
            ratings=tuple(self._ratings),
            warnings=tuple(self._warnings),
            disagreements=tuple(notes.disagreements),
            missing=tuple(notes.missing),
            ignored=tuple(top.ignored()),
            unknown=tuple(notes.unknown),
        )

    def _placed(self, top: Node, spellings: Iterable[str], key: Iterable[str]) -> dict[str, list[Node]]:
        """Return the tables of a list by the marketplace that each names."""
        found: dict[str, list[Node]] = {}
        for place in top.places(spellings):
            id_ = place.text(key) or ""
            place.marketplace = self._names.get(id_, id_)
            if id_ and id_ not in self._names:
                self._notes.unknown.append((place.at(key), id_))
            if id_ in found:
                place.disagree(place.at(key), id_, found[id_][0].at(key), "listed_twice")
            found.setdefault(id_, []).append(place)
        return found

    def _account(self, place: Node) -> None:
        told = place.word(self._form.accounts.status, self._form.accounts.states)
        if told is not None:
            self._accounts.append(AccountStatus(place.marketplace, *told))

    def _block(self, block: Node) -> None:
        read: list[tuple[StatedMetric, Node, HealthMetric]] = []
        for stated in self._form.metrics:
            whole = block.place(stated.keys, not stated.optional)
            if whole is None:
                continue
            blocks: dict[str, Word] = stated.blocks or {"": Word("")}
            for key, channel in blocks.items():
                place = whole.place([key]) if key else whole
                if place is not None:
                    read.append((stated, place, self._metric(stated, place, key, channel)))
        self._compare(read)
        self._rating(block)
        self._warned(block)

    def _metric(self, stated: StatedMetric, place: Node, key: str, channel: str) -> HealthMetric:
        fields, shares = self._form.fields, bool(stated.denominator)
        since, until = self._window(place)
        condition = place.word(fields.condition, self._form.conditions)
        status, verdict = place.word(fields.status, self._form.verdicts) or ("", None)
        told = Statement(
            numerator=place.count(stated.numerator),
            denominator=place.count(stated.denominator),
            shares=shares,
            rate=place.number(fields.rate) if shares else None,
            target=place.number(fields.target),
            condition=condition[1] if condition else None,
            status=status,
            verdict=verdict,
            decimals=self._form.decimals,
            parts={part.name: place.count(part.count) for part in stated.parts},
        )
        self._channel(stated, place, key)
        self._other_status(stated, place, told)
        paths = {part.name: part.count for part in stated.parts}
        paths |= {Word("numerator"): stated.numerator, Word("rate"): fields.rate, Word("status"): fields.status}
        for name, one, other, what in told.contradictions():
            place.disagree(place.at(paths[Word(name)]), one, other, what)
        metric = HealthMetric(
            metric=stated.name,
            marketplace=place.marketplace,
            channel=channel,
            where=place.path,
            since=since,
            until=until,
            numerator=told.numerator,
            denominator=told.denominator,
            told_rate=None if told.rate is None else float(told.rate),
            counted=None if told.counted is None else float(told.counted),
            target=None if told.target is None else float(told.target),
            condition=told.condition,
            status=status,
            verdict=verdict,
            met=told.met,
            components={name: count for name, count in told.parts.items() if count is not None},
        )
        self._metrics.append(metric)
        sorts = [self._part(part, place, metric) for part in stated.parts]
        self._metrics += [sort for sort in sorts if sort.metric]
        return metric

    def _window(self, place: Node) -> tuple[Instant | None, Instant | None]:
        fields, zone = self._form.fields, self._form.zone
        since, until = place.instant(fields.since, zone), place.instant(fields.until, zone)
        if since is not None and until is not None and since > until:
            told, other = (moment(at, "UTC").isoformat() for at in (since, until))
            place.disagree(place.at(fields.since), told, other, "window")
        return since, until

    def _channel(self, stated: StatedMetric, place: Node, key: str) -> None:
        """Note a block that says it is of another channel than the one under whose name it stands."""
        if stated.blocks:
            told = place.word(self._form.fields.channel, stated.blocks, needed=False)
            if told is not None and told[1] is not None and told[1] != stated.blocks[key]:
                place.disagree(place.at(self._form.fields.channel), told[0], key, "channel")

    def _other_status(self, stated: StatedMetric, place: Node, told: Statement) -> None:
        """Note a status of the count that is not the one of the whole metric."""
        other = place.word(stated.numerator_status, self._form.verdicts) if stated.numerator_status else None
        judged = {other[1] if other else None, told.verdict}
        if other and judged == {"met", "missed"}:
            place.disagree(place.at(stated.numerator_status), other[0], told.status, "statuses")

    def _part(self, part: StatedPart, place: Node, whole: HealthMetric) -> HealthMetric:
        """Return one sort of what a metric counts as a metric of its own; the report has no target for it."""
        count = whole.components.get(part.name)
        told = place.word(part.status, self._form.verdicts) if part.status else None
        share = count / whole.denominator if count is not None and whole.denominator else None
        return HealthMetric(
            metric=part.metric,
            marketplace=whole.marketplace,
            channel=whole.channel,
            where=place.at(part.count),
            since=whole.since,
            until=whole.until,
            numerator=count,
            denominator=whole.denominator,
            told_rate=None,
            counted=share,
            target=None,
            condition=None,
            status=told[0] if told else "",
            verdict=told[1] if told else None,
            met=None,
        )

    def _compare(self, read: list[tuple[StatedMetric, Node, HealthMetric]]) -> None:
        """Note denominators that are not the numerator of the metric that counts the same thing."""
        for stated, place, metric in read:
            for other, elsewhere, base in read:
                same = (metric.since, metric.until, metric.channel) == (base.since, base.until, base.channel)
                if other.name != stated.denominator_of or not same:
                    continue
                if None not in (metric.denominator, base.numerator) and metric.denominator != base.numerator:
                    counted = f"{base.numerator} ({elsewhere.at(other.numerator)})"
                    place.disagree(place.at(stated.denominator), str(metric.denominator), counted, "base")

    def _rating(self, block: Node) -> None:
        stated = self._form.rating
        place = block.place(stated.keys) if stated else None
        if stated is None or place is None:
            return
        since, until = self._window(place)
        status, state = place.word(stated.status, stated.states) or ("", None)
        score = place.count(stated.score, needed=False)
        self._ratings.append(HealthRating(place.marketplace, since, until, status, state, score))

    def _warned(self, block: Node) -> None:
        stated = self._form.warnings
        for place in block.places(stated.keys) if stated else ():
            assert stated is not None
            kind, told = place.text(stated.kind), place.word(stated.status, self._form.verdicts)
            self._warnings.append(AccountWarning(place.marketplace, kind or "", *(told or ("", None))))
