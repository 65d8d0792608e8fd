"""Names: the catalogue of rule names, with what each is about and the kind of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import lines_of
from aftersale.documents.scalars import Word
from aftersale.documents.structure import structure
from aftersale.rules.model import Kind, Rule


@frozen
class RuleName:
    """A name that rules may have, the kind of its rows, and its meaning in English and Chinese.

    `handbook` says that a seller's handbook may have such rows too, beside those deadlines and windows that the
    workflow asks for; rows of other names only a marketplace can state. `words` are all that a row may say, where that
    is a choice; `strictest` is the one with which a marketplace leaves the seller no choice. With `less_is_stricter` a
    seller's own share may be lower than the marketplace's, never higher.
    """

    name: Word
    kind: Kind
    en: Word
    zh: Word
    handbook: bool = False
    words: tuple[Word, ...] = ()
    strictest: Word | None = None
    less_is_stricter: bool = False


@frozen
class _Catalogue:
    name: tuple[RuleName, ...]


def parse_rule_names(data: dict[str, Any], source: str) -> Mapping[str, RuleName]:
    """Return a parsed catalogue by name; raises DocumentError with every problem, names that occur twice among them."""
    rows = structure(_Catalogue, data, source).name
    twice = [name for name, times in Counter(row.name for row in rows).items() if times > 1]
    if twice:
        hint = "keep one of them"
        places = {name: [i for i, row in enumerate(rows) if row.name == name][-1] for name in twice}
        lines = lines_of(data)
        raise DocumentError(
            source,
            tuple(
                Problem(
                    source, name, "stands there twice", hint, line=lines.of(f"name[{places[name]}]") if lines else 0
                )
                for name in twice
            ),
        )
    return {row.name: row for row in rows}


@cache
def rule_names() -> Mapping[str, RuleName]:
    """Return the catalogue that is shipped, by name."""
    return parse_rule_names(read(files("aftersale.rules") / "rulenames.toml"), "aftersale/rulenames.toml")


def name_problems(rule: Rule, asked_for: Collection[str], metrics: Collection[str]) -> Iterator[Problem]:
    """Yield what is wrong with a rule's name: it is unknown, or rules of that name are of another kind.

    `asked_for` are names that count beside those of the catalogue, `metrics` the names that only metrics have.
    """
    entry = rule_names().get(rule.name)
    kind = entry.kind if entry else "metric" if rule.name in metrics else None
    names = set(metrics) if rule.kind == "metric" else {*rule_names(), *asked_for}
    if kind is None and rule.name not in names:
        hint = did_you_mean(rule.name, names) or f"known: {', '.join(sorted(names))}"
        what = f"no metric is named '{rule.name}'" if rule.kind == "metric" else _unused_name(rule.name)
        yield Problem(rule.origin, str(rule), what, hint, line=rule.place.line)
    elif kind is not None and rule.kind != kind:
        what = f"'{rule.name}' is a {kind}, this row is a {rule.kind}"
        yield Problem(rule.origin, str(rule), what, _HOW[kind], line=rule.place.line)
    elif entry is not None and entry.words and rule.word not in entry.words:
        what = f"'{rule.name}' cannot be '{rule.word}'"
        hint = did_you_mean(rule.word or "", entry.words) or f"it is one of: {', '.join(entry.words)}"
        yield Problem(rule.origin, str(rule), what, hint, line=rule.place.line)


def _unused_name(name: str) -> str:
    return f"nothing asks for a rule named '{name}'"


_HOW: dict[Kind, str] = {
    "deadline": "give it amount, clock, starts and on_expiry",
    "window": "give it amount, clock and starts without on_expiry, or until",
    "switch": "give it value = true or false",
    "word": "give it word = '…'",
    "list": "give it words = ['…']",
    "share": "give it share = '0.20'",
    "money": "give it money = '5.00' and currency",
    "count": "give it count = 10",
    "metric": "write it as [[metric]]",
}
