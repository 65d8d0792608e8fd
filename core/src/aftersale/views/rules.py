"""Views of the rules: of a day, of one name, over time and side by side, each as plain data and as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from attrs import frozen

from aftersale.base.translations import core_text as text
from aftersale.clocks import start_of_day
from aftersale.rules import Change, Comparison, Rule, Rulebook, changes, compared, record, rule_names

if TYPE_CHECKING:
    from rich.table import Table

    from aftersale.plugins.plugins import Plugins
    from aftersale.policies.handbook import Handbook

HANDBOOK = "handbook"
"""The column of the seller's own standard in a comparison."""


@frozen
class View:
    """Something to look at: `as_json` makes plain data of it, `parts` tables and lines."""

    as_json: Callable[[], Any]
    parts: Callable[[], Iterable[Table | str]]


class RuleViews:
    """Looks at the rules of all installed marketplaces and at the seller's handbook.

    `name` keeps only the rules of that name. `today` tells the present day in a time zone.
    """

    def __init__(self, plugins: Plugins, handbook: Handbook, name: str | None, today: Callable[[str], date]) -> None:
        """Keep what is looked at."""
        self._plugins, self._handbook, self._name, self._today = plugins, handbook, name, today

    def names(self) -> tuple[str, ...]:
        """Return every name that the catalogue knows or a row has, sorted."""
        rows = (*self._plugins.rules.history(), *self._handbook.rules.history())
        return tuple(sorted({*rule_names(), *self._plugins.metrics, *(rule.name for rule in rows)}))

    def known(self, name: str) -> bool:
        """Whether a rule may have that name."""
        return name in self.names()

    def of_day(self, marketplace: str, day: date | None) -> View:
        """Return what the marketplace demands on a local day, and the handbook on top of it."""
        day, demanded, own = self._books(marketplace, day)

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import rule_listing

            yield text("rules.title", marketplace=marketplace, day=day)
            yield from (rule_listing(demanded.rows), "", text("rules.handbook"), rule_listing(own.rows))

        return View(lambda: [*_records(demanded.rows, "rule"), *_records(own.rows, HANDBOOK)], parts)

    def history(self, marketplace: str | None, name: str, day: date | None) -> View:
        """Return the meaning of a rule and its rows, of a marketplace or of all, on a day or over all time."""
        kept = self._kept(self._plugins.rules.history(self._owned(marketplace)), day)
        own = self._kept(self._own_rows(marketplace), day)
        known = rule_names().get(name)
        meaning = self._plugins.meaning(name)

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import history_listing

            return history_listing(name, meaning, [*kept, *own])

        told = "metric" if name in self._plugins.metrics else None
        kind = known.kind if known else next((rule.kind for rule in (*kept, *own)), told)
        rows = [*_records(kept, "rule"), *_records(own, HANDBOOK)]
        return View(lambda: {"name": name, "kind": kind, "meaning": meaning, "rows": rows}, parts)

    def changes(self, marketplace: str | None, since: date) -> View:
        """Return what begins or ends on a day or later, on a marketplace or on all, and in the handbook."""
        rows = self._kept((*self._plugins.rules.history(self._owned(marketplace)), *self._own_rows(marketplace)), None)
        found = changes(rows, since)

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import change_listing

            yield text("rules.changes", day=since)
            yield from change_listing(found)

        return View(lambda: [_change_record(change) for change in found], parts)

    def comparison(self, marketplaces: Sequence[str], day: date | None, with_handbook: bool) -> View:
        """Return the rules of some marketplaces side by side, each on its own local day; the handbook's where asked."""
        places = list(dict.fromkeys(marketplaces))
        books = {place: self._books(place, day) for place in places}
        columns = {place: demanded for place, (_, demanded, _) in books.items()}
        if with_handbook:
            own = {place: book for place, (_, _, book) in books.items()}
            alike = len({book.rows for book in own.values()}) == 1
            shown = {HANDBOOK: own[places[0]]} if alike else {f"{HANDBOOK} {at}": book for at, book in own.items()}
            columns.update(shown)
        rows = compared(columns)
        days = {place: str(at) for place, (at, _, _) in books.items()}

        def parts() -> Iterable[Table | str]:
            from aftersale.views.rule_tables import comparison_listing

            named = " ".join(columns)
            yield (
                text("rules.compared", marketplaces=named, day=day)
                if day
                else text("rules.compared_today", marketplaces=named)
            )
            yield from comparison_listing(list(columns), rows)

        return View(lambda: {"days": days, "rules": [_comparison_record(row) for row in rows]}, parts)

    def _owned(self, marketplace: str | None) -> str | None:
        """Return the marketplace; raises UnknownMarketplace when no plugin owns it."""
        if marketplace is not None:
            self._plugins.owner(marketplace)
        return marketplace

    def _own_rows(self, marketplace: str | None) -> tuple[Rule, ...]:
        if marketplace is None:
            return self._handbook.rules.history()
        return self._handbook.for_marketplace(marketplace)

    def _kept(self, rules: Iterable[Rule], day: date | None) -> list[Rule]:
        named = (rule for rule in rules if self._name in (None, rule.name))
        return [rule for rule in named if day is None or rule.in_force(day)]

    def _books(self, marketplace: str, day: date | None) -> tuple[date, Rulebook, Rulebook]:
        policy = self._plugins.policy(marketplace, self._handbook)
        zone = policy.marketplace.zone
        day = day or self._today(zone)
        terms = policy.at(start_of_day(day, zone))
        demanded, own = (
            Rulebook(marketplace, tuple(self._kept(book.rows, None)), zone) for book in (terms.rulebook, terms.handbook)
        )
        return day, demanded, own


def _records(rules: Iterable[Rule], set_by: str) -> list[dict[str, Any]]:
    return [{**record(rule), "set_by": set_by} for rule in rules]


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


def _comparison_record(row: Comparison) -> dict[str, Any]:
    rules = {place: record(rule) if rule else None for place, rule in row.rules.items()}
    return {"name": row.name, "when": str(row.when), "differs": row.differs, "rules": rules}
