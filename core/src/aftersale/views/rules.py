"""Rules: views of a day, of one name, over time and side by side, each as plain data and as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from attrs import frozen

from aftersale.base.translations import core_text as text
from aftersale.clocks import start_of_day
from aftersale.rules import Change, Comparison, Rule, Rulebook, changes, compared, record, rule_names
from aftersale.views.instants import instant_text

if TYPE_CHECKING:
    from aftersale.base.tables import Table
    from aftersale.journal.reading import Journal
    from aftersale.journal.touched import TouchedCase
    from aftersale.plugins.plugins import Plugins
    from aftersale.policies.handbook import Handbook

HANDBOOK = "handbook"
"""The column of the seller's own standard in a comparison."""


@frozen
class View:
    """A view: `as_json` returns plain data, `parts` tables and lines."""

    as_json: Callable[[], Any]
    parts: Callable[[], Iterable[Table | str]]


class RuleViews:
    """Views of the rules of all installed marketplaces and of the seller's handbook.

    `name` keeps only the rules of that name. `today` returns the present day in a time zone.
    """

    def __init__(
        self,
        plugins: Plugins,
        handbook: Handbook,
        name: str | None,
        today: Callable[[str], date],
        versions: Sequence[str] = (),
    ) -> None:
        """Keep what the views are of; raises DocumentError for versions that no rule has."""
        self._plugins, self._handbook, self._name, self._today = plugins, handbook, name, today
        self._rules = plugins.rules.with_versions(versions)

    def names(self) -> tuple[str, ...]:
        """Return every name that the catalogue knows or a row has, sorted."""
        rows = (*self._rules.history(), *self._rules.offered(), *self._handbook.rules.history())
        return tuple(sorted({*rule_names(), *self._plugins.metrics, *(rule.name for rule in rows)}))

    def known(self, name: str) -> bool:
        """Whether a rule may have that name."""
        return name in self.names()

    def of_day(self, marketplace: str, day: date | None) -> View:
        """Return what the marketplace demands on a local day, and what the handbook adds to it."""
        day, rulebook, handbook = self._books(marketplace, day)

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import offer_lines, rule_listing

            yield text("rules.title", marketplace=marketplace, day=day)
            yield from (rule_listing(rulebook.rows), "", text("rules.handbook"), rule_listing(handbook.rows))
            yield from offer_lines(self._select(self._rules.offered(marketplace), None))

        return View(lambda: [*_records(rulebook.rows, "rule"), *_records(handbook.rows, HANDBOOK)], parts)

    def history(self, marketplace: str | None, name: str, day: date | None) -> View:
        """Return the meaning of a rule and its rows, of a marketplace or of all, on a day or over all time.

        Rows with a version that is not taken come last, whatever the day.
        """
        rules = self._select(self._rules.history(self._known_marketplace(marketplace)), day)
        offered = self._select(self._rules.offered(marketplace), None)
        handbook_rules = self._select(self._handbook_rows(marketplace), day)
        declared = rule_names().get(name)
        meaning = self._plugins.meaning(name)

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import history_listing

            return history_listing(name, meaning, [*rules, *handbook_rules], offered)

        metric_kind = "metric" if name in self._plugins.metrics else None
        kind = declared.kind if declared else next((rule.kind for rule in (*rules, *handbook_rules)), metric_kind)
        rows = [*_records(rules, "rule"), *_records(handbook_rules, HANDBOOK)]
        rows += [{**row, "taken": False} for row in _records(offered, "rule")]
        return View(lambda: {"name": name, "kind": kind, "meaning": meaning, "rows": rows}, parts)

    def changes(self, marketplace: str | None, since: date) -> View:
        """Return what begins or ends on a day or later, on a marketplace or on all, and in the handbook."""
        rule_changes = self._changes(marketplace, since)

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import change_listing

            yield text("rules.changes", day=since)
            yield from change_listing(rule_changes)

        return View(lambda: [_change_record(change) for change in rule_changes], parts)

    def touched(self, journal: Journal, marketplace: str | None, since: date) -> View:
        """Return the changes of a day or later with the open cases of a journal that they touch."""
        from aftersale.journal.replay import replay
        from aftersale.journal.touched import open_cases, touched
        from aftersale.views.journal_notes import journal_notes, noted

        policies = self._plugins.policies(handbook=self._handbook, rules=self._rules)
        replayed = replay(journal, policies)
        docket = replayed.docket
        cases = open_cases(docket, None if marketplace is None else (marketplace,))
        met = [(change, list(touched(change, cases, docket, policies))) for change in self._changes(marketplace, since)]
        names = {one.case.id for _, meetings in met for one in meetings if one.how != "kept"}
        notes = journal_notes(journal, replayed, policies)
        until = instant_text(replayed.until)
        counts = {"journal": journal.source, "until": until, "open_cases": len(cases), "touched_cases": len(names)}

        def as_json() -> dict[str, Any]:
            rows = [{**_change_record(change), "cases": [_touched_record(one) for one in ones]} for change, ones in met]
            return {**counts, "since": since.isoformat(), "changes": rows, **notes}

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import touched_listing

            yield text("rules.touched", day=since, **counts)
            yield from noted(list(touched_listing(met)), notes)

        return View(as_json, parts)

    def comparison(self, marketplaces: Sequence[str], day: date | None, with_handbook: bool) -> View:
        """Return the rules of some marketplaces side by side, each on its own local day; also the handbook's."""
        places = list(dict.fromkeys(marketplaces))
        books = {place: self._books(place, day) for place in places}
        columns = {place: rulebook for place, (_, rulebook, _) in books.items()}
        if with_handbook:
            handbooks = {place: book for place, (_, _, book) in books.items()}
            same = len({book.rows for book in handbooks.values()}) == 1
            handbook_columns = (
                {HANDBOOK: handbooks[places[0]]}
                if same
                else {f"{HANDBOOK} {at}": book for at, book in handbooks.items()}
            )
            columns.update(handbook_columns)
        rows = compared(columns)
        days = {place: str(at) for place, (at, _, _) in books.items()}

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import comparison_listing

            names = " ".join(columns)
            yield (
                text("rules.compared", marketplaces=names, day=day)
                if day
                else text("rules.compared_today", marketplaces=names)
            )
            yield from comparison_listing(list(columns), rows)

        return View(lambda: {"days": days, "rules": [_comparison_record(row) for row in rows]}, parts)

    def _changes(self, marketplace: str | None, since: date) -> list[Change]:
        rows = (*self._rules.history(self._known_marketplace(marketplace)), *self._handbook_rows(marketplace))
        return changes(self._select(rows, None), since)

    def _known_marketplace(self, marketplace: str | None) -> str | None:
        """Return the marketplace; raises UnknownMarketplace when no plugin owns it."""
        if marketplace is not None:
            self._plugins.owner(marketplace)
        return marketplace

    def _handbook_rows(self, marketplace: str | None) -> tuple[Rule, ...]:
        if marketplace is None:
            return self._handbook.rules.history()
        return self._handbook.for_marketplace(marketplace)

    def _select(self, rules: Iterable[Rule], day: date | None) -> list[Rule]:
        of_name = (rule for rule in rules if self._name in (None, rule.name))
        return [rule for rule in of_name if day is None or rule.in_force(day)]

    def _books(self, marketplace: str, day: date | None) -> tuple[date, Rulebook, Rulebook]:
        policy = self._plugins.policy(marketplace, self._handbook, rules=self._rules)
        zone = policy.marketplace.zone
        day = day or self._today(zone)
        terms = policy.at(start_of_day(day, zone))
        rulebook, handbook = (
            Rulebook(marketplace, tuple(self._select(book.rows, None)), zone)
            for book in (terms.rulebook, terms.handbook)
        )
        return day, rulebook, handbook


def _records(rules: Iterable[Rule], set_by: str) -> list[dict[str, Any]]:
    return [{**record(rule), "set_by": set_by, "taken": True} for rule in rules]


def _change_record(change: Change) -> dict[str, Any]:
    rule = change.rule
    return {
        "day": change.day.isoformat(),
        "marketplace": rule.marketplace,
        "name": rule.name,
        "when": record(rule)["when"],
        "old": record(change.old) if change.old else None,
        "new": record(change.new) if change.new else None,
    }


def _touched_record(one: TouchedCase) -> dict[str, Any]:
    case = one.case
    due = None if case.task is None else instant_text(case.task.due)
    place = {"case": case.id, "order": case.order, "marketplace": case.marketplace}
    return {**place, "kind": case.kind, "state": case.state, "due": due, "how": one.how}


def _comparison_record(row: Comparison) -> dict[str, Any]:
    rules = {place: record(rule) if rule else None for place, rule in row.rules.items()}
    return {"name": row.name, "when": str(row.when), "differs": row.differs, "rules": rules}
