"""Rule tables: rules for a terminal, of a day, over time, and side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aftersale.base.tables import Table, table, width
from aftersale.base.translations import core_text as text, headers_of
from aftersale.base.visible import lines

if TYPE_CHECKING:
    from aftersale.journal.touched import TouchedCase
    from aftersale.rules import Change, Comparison, Rule

DOUBTFUL = ("assumed", "unknown")
"""Grades of rows that nothing that was read states."""
_TABLE = 76
"""Characters that a table of rules needs to be readable."""
_COLUMN = 15
"""Characters that a column of a comparison needs to be readable; with fewer, answers are listed below each other."""


def rule_listing(rules: Sequence[Rule]) -> Table | str:
    """Return rules as a table, or in lines where that is too wide: what each demands, since when, and its source."""
    if not rules:
        return text("rules.silent")
    places: dict[str, int] = {}
    for rule in rules:
        places.setdefault(rule.name, len(places))
    grouped = sorted(rules, key=lambda rule: places[rule.name])
    if width() < _TABLE:
        parts = ((_name(rule), f"  {demand(rule)}; {_span(rule)}", f"  {_source(rule)}") for rule in grouped)
        return lines(*(line for part in parts for line in part))
    rows = [(_folded_name(rule), demand(rule), _span(rule), _source(rule)) for rule in grouped]
    return table(headers_of("rules", "rule", "demand", "in_force", "source"), rows)


def history_listing(name: str, meaning: str, rules: Sequence[Rule], offered: Sequence[Rule] = ()) -> list[Table | str]:
    """Return the meaning of a rule and every row of that name; equal rows of several marketplaces are one.

    Rows that are `offered` hold only where their version is named, and stand in a table of their own.
    """
    title = f"{name}: {meaning}" if meaning else name
    parts: list[Table | str] = [title, _history(rules) if rules else text("rules.silent")]
    return [*parts, "", text("rules.offered_rows"), _history(offered)] if offered else parts


def _history(rules: Sequence[Rule]) -> Table:
    rows = [
        (" ".join(places), f"{demand(rule)}{_condition(rule)}", _span(rule), _source(rule))
        for rule, places in _group_by_demand(rules)
    ]
    return table(headers_of("rules", "marketplace", "demand", "in_force", "source"), rows)


def offer_lines(offered: Iterable[Rule]) -> Iterator[str]:
    """Yield a line for each version that is not taken, with the rules that it would change."""
    names: dict[str, dict[str, None]] = {}
    for rule in offered:
        names.setdefault(str(rule.version), {})[rule.name] = None
    if names:
        yield from ("", text("rules.offered"))
    yield from (text("rules.offer", version=version, rules=", ".join(rules)) for version, rules in names.items())


def change_listing(changes: Iterable[Change]) -> Iterator[str]:
    """Yield what begins and ends, by day: the marketplaces, the old demand, the new demand, and the source."""
    places_by_change: dict[tuple[object, ...], list[str]] = {}
    for change in changes:
        rule, old, new = change.rule, change.old, change.new
        old_demand = demand(old) if old else text("rules.nothing")
        new_demand = demand(new) if new else text("rules.nothing")
        source = _source(rule) if new else text("rules.ends", source=_source(rule))
        key = (change.day, _name(rule), text("rules.change", old=old_demand, new=new_demand), source)
        places_by_change.setdefault(key, []).append(rule.marketplace)
    if not places_by_change:
        yield text("rules.no_changes")
    for (day, name, change_text, origin), places in places_by_change.items():
        yield from (f"{day}  {' '.join(places)}  {name}", f"  {change_text}", f"  {origin}")


NAMED = 8
"""How many cases a line names; JSON has all of them."""
_TOUCHED = {"runs": "rules.touched_runs", "ahead": "rules.touched_ahead", "kept": "rules.touched_kept"}
"""The messages on cases by how a change meets them."""


def touched_listing(met: Iterable[tuple[Change, Sequence[TouchedCase]]]) -> Iterator[str]:
    """Yield the changes that touch open cases, each with these by how it meets them, and how many touch none."""
    changes = list(met)
    touching = [(change, ones) for change, ones in changes if any(one.how != "kept" for one in ones)]
    for change, ones in touching:
        yield from change_listing([change])
        for how, key in _TOUCHED.items():
            names = [one.case.id for one in ones if one.how == how]
            shown = ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
            if names:
                yield f"  {text(key, count=len(names), names=shown)}"
    if not changes:
        yield text("rules.no_changes")
    elif others := len(changes) - len(touching):
        yield text("rules.touched_none", count=others)


def comparison_listing(places: Sequence[str], rows: Sequence[Comparison]) -> Iterator[Table | str]:
    """Yield the answers side by side, or below each other in a narrow terminal; rows that differ are marked."""
    if not rows:
        yield text("rules.silent")
    elif width() < _COLUMN * (len(places) + 2):
        for row in rows:
            yield _marked_name(row)
            yield from (f"  {place}  {_answer(row.rules, place)}" for place in places)
    else:
        cells = [(_marked_name(row), *(_answer(row.rules, place) for place in places)) for row in rows]
        yield table([*headers_of("rules", "rule"), *places], cells)
    if rows:
        yield text("rules.marked")


def demand(rule: Rule) -> str:
    """Return what a rule demands, in words."""
    if rule.kind == "switch":
        return text("rules.yes" if rule.value else "rules.no")
    if rule.kind == "metric":
        return _line(rule)
    if rule.kind in ("word", "count", "list"):
        return str(rule.answer).replace("_", " ")
    if rule.kind == "money":
        return text("rules.money", money=rule.money, currency=rule.currency)
    if rule.kind == "share":
        share = text("rules.share", share=rule.share)
        most = "" if rule.money is None else text("rules.money", money=rule.money, currency=rule.currency)
        return text("rules.lesser", share=share, most=most) if most else share
    if rule.until is not None:
        return text("rules.to_day", day=rule.until)
    if rule.due:
        return text("rules.function", call=rule.answer)
    key = "rules.time" if rule.ends == "same_time" else "rules.to_midnight"
    time = text(key, amount=rule.amount, clock=(rule.clock or "").replace("_", " "))
    return text("rules.without", time=time, days=rule.without.replace(",", ", ")) if rule.without else time


def _line(rule: Rule) -> str:
    signs = (">", "≥") if rule.direction == "above" else ("<", "≤")
    line = {"sign": signs[not rule.strict], "target": rule.target, "window": rule.amount}
    parts = [text("rules.no_line", window=rule.amount) if rule.target is None else text("rules.metric", **line)]
    parts += [text("rules.lag", lag=rule.lag)] if rule.lag else []
    parts += [text("rules.running", days=rule.running)] if rule.running else []
    parts += [volume(rule)] if rule.in_days else []
    parts += [text("rules.judged_on", day=rule.judged_on)] if rule.judged_on else []
    parts += [text("rules.floor", orders=rule.floor_orders)] if rule.floor_orders else []
    parts += [text("rules.floor_cases", cases=rule.floor_cases)] if rule.floor_cases else []
    parts += [text("rules.channels", channels=" ".join(rule.channel))] if rule.channel else []
    return ", ".join(parts)


def volume(rule: Rule) -> str:
    """Return for how many orders a line of a metric holds, in words."""
    least, below, days = rule.if_orders_at_least, rule.if_orders_below, rule.in_days
    if least is None:
        return text("rules.orders_below", below=below, days=days)
    if below is None:
        return text("rules.orders_at_least", least=least, days=days)
    return text("rules.orders_between", least=least, below=below, days=days)


def _group_by_demand(rules: Sequence[Rule]) -> list[tuple[Rule, list[str]]]:
    groups: list[tuple[Rule, list[str]]] = []
    for rule in rules:
        for first, places in groups:
            if first.same_demand(rule) and (_span(first), _source(first)) == (_span(rule), _source(rule)):
                places.append(rule.marketplace)
                break
        else:
            groups.append((rule, [rule.marketplace]))
    return groups


def _condition(row: Rule | Comparison) -> str:
    # Blanks let a long list of words fold.
    return f" [{row.when}]".replace("|", " | ") if row.when.weight else ""


def _name(rule: Rule) -> str:
    return f"{rule.name}{_condition(rule)}"


def _folded_name(rule: Rule) -> str:
    return lines(rule.name, *filter(None, [_condition(rule).lstrip()]))


def _marked_name(row: Comparison) -> str:
    name = f"{row.name}{_condition(row)}"
    return f"≠ {name}" if row.differs else name


def _answer(rules: Mapping[str, Rule | None], place: str) -> str:
    rule = rules[place]
    if rule is None:
        return text("rules.nothing")
    return text("rules.doubtful", demand=demand(rule)) if rule.grade in DOUBTFUL else demand(rule)


def _source(rule: Rule) -> str:
    """Return the source and the grade, once where the source says itself that the row is assumed or unknown."""
    said = rule.grade in DOUBTFUL and rule.source.partition(";")[0] == rule.grade
    return rule.source if said else f"{rule.source} ({rule.grade})"


def _span(rule: Rule) -> str:
    first, last = rule.valid_from, rule.valid_until
    if rule.version is not None:
        return text("rules.version", version=rule.version)
    if first and last:
        return text("rules.from_to", first=first, last=last)
    if first or last:
        return text("rules.since", first=first) if first else text("rules.until", last=last)
    return text("rules.undated")
