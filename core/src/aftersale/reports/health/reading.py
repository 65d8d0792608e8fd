"""Reading of health reports: what a marketplace itself says of an account, compared with its own counts.

`read_health_report` reads a file by the health formats of the plugins. Every disagreement in the file is reported, and
so is everything that is missing, ignored or unknown.
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
        """Whether one of the formats describes the file, judged by its top."""
        try:
            top, _ = read_top(path)
        except DocumentError:
            return False
        return any(form.belongs(top) for form in self.formats)

    def read(self, path: Path) -> HealthReport:
        """Return the content of the report; raises as `read_health_report` does."""
        return read_health_report(path, self.formats, self.marketplaces)


def read_health_report(
    path: Path, formats: Iterable[HealthFormat], marketplaces: Mapping[str, Marketplace]
) -> HealthReport:
    """Return the content of an account health report.

    Raises DocumentError when none of the formats describes the file, and for values of the wrong kind, with all of
    them.
    """
    top, notes = read_top(path)
    all_formats = list(formats)
    form = next((form for form in all_formats if form.belongs(top)), None)
    if form is None:
        raise DocumentError(notes.source, (_unfit(notes.source, all_formats),))
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
    """One report while it is read: collects its content, and notes what is wrong with it."""

    def __init__(self, form: HealthFormat, notes: Notes, names: Mapping[str, str]) -> None:
        self._form, self._notes, self._names = form, notes, names
        self._accounts: list[AccountStatus] = []
        self._metrics: list[HealthMetric] = []
        self._ratings: list[HealthRating] = []
        self._warnings: list[AccountWarning] = []

    def read(self, top: Node) -> HealthReport:
        """Return the whole content of the report."""
        form, notes = self._form, self._notes
        accounts = self._nodes_by_marketplace(top, form.accounts.list, form.accounts.marketplace)
        blocks = self._nodes_by_marketplace(top, form.blocks, form.marketplace)
        for ids, list_, key in (
            (accounts.keys() - blocks.keys(), form.blocks, form.marketplace),
            (blocks.keys() - accounts.keys(), form.accounts.list, form.accounts.marketplace),
        ):
            notes.missing += [f"{top.at(list_)}[{key[0]}={id_}]" for id_ in sorted(ids) if id_]
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

    def _nodes_by_marketplace(self, top: Node, spellings: Iterable[str], key: Iterable[str]) -> dict[str, list[Node]]:
        """Return the tables of a list by the id of the marketplace that each names."""
        nodes: dict[str, list[Node]] = {}
        for place in top.places(spellings):
            id_ = place.text(key) or ""
            place.marketplace = self._names.get(id_, id_)
            if id_ and id_ not in self._names:
                self._notes.unknown.append((place.at(key), id_))
            if id_ in nodes:
                place.disagree(place.at(key), id_, nodes[id_][0].at(key), "listed_twice")
            nodes.setdefault(id_, []).append(place)
        return nodes

    def _account(self, place: Node) -> None:
        status = place.word(self._form.accounts.status, self._form.accounts.states)
        if status is not None:
            self._accounts.append(AccountStatus(place.marketplace, *status))

    def _block(self, block: Node) -> None:
        metrics: list[tuple[StatedMetric, Node, HealthMetric]] = []
        for stated in self._form.metrics:
            whole = block.place(stated.keys, not stated.optional)
            if whole is None:
                continue
            blocks: dict[str, Word] = stated.blocks or {"": Word("")}
            for key, channel in blocks.items():
                place = whole.place([key]) if key else whole
                if place is not None:
                    metrics.append((stated, place, self._metric(stated, place, key, channel)))
        self._compare(metrics)
        self._rating(block)
        self._warnings_of(block)

    def _metric(self, stated: StatedMetric, place: Node, key: str, channel: str) -> HealthMetric:
        fields, shares = self._form.fields, bool(stated.denominator)
        since, until = self._window(place)
        condition = place.word(fields.condition, self._form.conditions)
        status, verdict = place.word(fields.status, self._form.verdicts) or ("", None)
        statement = Statement(
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
        self._count_status(stated, place, statement)
        paths = {part.name: part.count for part in stated.parts}
        paths |= {Word("numerator"): stated.numerator, Word("rate"): fields.rate, Word("status"): fields.status}
        for name, stated_value, counted_value, what in statement.inconsistencies():
            place.disagree(place.at(paths[Word(name)]), stated_value, counted_value, what)
        metric = HealthMetric(
            metric=stated.name,
            marketplace=place.marketplace,
            channel=channel,
            where=place.path,
            since=since,
            until=until,
            numerator=statement.numerator,
            denominator=statement.denominator,
            told_rate=None if statement.rate is None else float(statement.rate),
            counted=None if statement.counted is None else float(statement.counted),
            target=None if statement.target is None else float(statement.target),
            condition=statement.condition,
            status=status,
            verdict=verdict,
            met=statement.met,
            components={name: count for name, count in statement.parts.items() if count is not None},
        )
        self._metrics.append(metric)
        sorts = [self._part(part, place, metric) for part in stated.parts]
        self._metrics += [sort for sort in sorts if sort.metric]
        return metric

    def _window(self, place: Node) -> tuple[Instant | None, Instant | None]:
        fields, zone = self._form.fields, self._form.zone
        since, until = place.instant(fields.since, zone), place.instant(fields.until, zone)
        if since is not None and until is not None and since > until:
            first, last = (moment(at, "UTC").isoformat() for at in (since, until))
            place.disagree(place.at(fields.since), first, last, "window")
        return since, until

    def _channel(self, stated: StatedMetric, place: Node, key: str) -> None:
        """Note a block that names another channel than its key does."""
        if stated.blocks:
            word = place.word(self._form.fields.channel, stated.blocks, needed=False)
            if word is not None and word[1] is not None and word[1] != stated.blocks[key]:
                place.disagree(place.at(self._form.fields.channel), word[0], key, "channel")

    def _count_status(self, stated: StatedMetric, place: Node, statement: Statement) -> None:
        """Note a status of the count that contradicts the status of the whole metric."""
        status = place.word(stated.numerator_status, self._form.verdicts) if stated.numerator_status else None
        verdicts = {status[1] if status else None, statement.verdict}
        if status and verdicts == {"met", "missed"}:
            place.disagree(place.at(stated.numerator_status), status[0], statement.status, "statuses")

    def _part(self, part: StatedPart, place: Node, whole: HealthMetric) -> HealthMetric:
        """Return one sort of what a metric counts as a metric of its own; the report has no target for a sort."""
        count = whole.components.get(part.name)
        status = place.word(part.status, self._form.verdicts) if part.status else None
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
            status=status[0] if status else "",
            verdict=status[1] if status else None,
            met=None,
        )

    def _compare(self, metrics: list[tuple[StatedMetric, Node, HealthMetric]]) -> None:
        """Note denominators that differ from the numerator of the metric that counts the same thing."""
        for stated, place, metric in metrics:
            for base_stated, base_place, base in metrics:
                same = (metric.since, metric.until, metric.channel) == (base.since, base.until, base.channel)
                if base_stated.name != stated.denominator_of or not same:
                    continue
                if None not in (metric.denominator, base.numerator) and metric.denominator != base.numerator:
                    counted = f"{base.numerator} ({base_place.at(base_stated.numerator)})"
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

    def _warnings_of(self, block: Node) -> None:
        stated = self._form.warnings
        for place in block.places(stated.keys) if stated else ():
            assert stated is not None
            kind, status = place.text(stated.kind), place.word(stated.status, self._form.verdicts)
            self._warnings.append(AccountWarning(place.marketplace, kind or "", *(status or ("", None))))
