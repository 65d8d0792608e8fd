"""Health formats: the names in a marketplace's own report for what we call metric, count, status and so on.

Plugins carry them in `health.toml`. Each name is a list of spellings, since documents and files of one marketplace
differ; `defects.count` is the key `count` inside the table `defects`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any, Literal

from attrs import field, fields, frozen

from aftersale.base.errors import PluginError, Problem
from aftersale.base.toml_files import read
from aftersale.documents.scalars import Count, Word, ZoneName
from aftersale.documents.structure import structure
from aftersale.rules import Grade

StateName = Literal["healthy", "at_risk", "review", "deactivated"]
"""The state of an account; the words of `aftersale.metrics.readings.STATES`, which takes longer to import."""
Condition = Literal["below", "above", "equal"]
"""On which side of the target a value must be; only `equal` is met by the target itself."""
Verdict = Literal["met", "missed", "unjudged"]
"""What a marketplace's word means for a metric."""
Spellings = tuple[Word, ...]
_PATH = re.compile(r"[^.]+(\.[^.]+)*")


@frozen
class StatedAccounts:
    """Where the account statuses are, one table for each marketplace, and what their words mean."""

    list: Spellings
    marketplace: Spellings
    status: Spellings
    states: dict[str, StateName]


@frozen
class StatedRating:
    """Where a marketplace's block has an overall rating, and what its words mean."""

    keys: Spellings
    status: Spellings
    states: dict[str, StateName]
    score: Spellings = ()


@frozen
class StatedWarnings:
    """Where a marketplace's block lists warnings, and which fields of a warning have its kind and status."""

    keys: Spellings
    kind: Spellings
    status: Spellings


@frozen
class Fields:
    """The fields that metrics have in common; the words of `channel` are the keys of the metric's `blocks`."""

    since: Spellings
    until: Spellings
    status: Spellings
    rate: Spellings
    target: Spellings
    condition: Spellings
    channel: Spellings = ()


@frozen
class StatedPart:
    """One sort of what a metric counts; `metric` is the name of the metric of this sort alone, if we have one."""

    name: Word
    count: Spellings
    status: Spellings = ()
    metric: Word = Word("")


@frozen
class StatedMetric:
    """One metric: our `name`, the `keys` of its table, and where its counts are.

    Without `denominator` it is a plain count. `blocks` are tables inside, one for each channel, by key.
    `denominator_of` names the metric whose numerator must be this one's denominator over the same days. The `parts`
    together are the whole, and may overlap. An `optional` metric may be left out of a report.
    """

    name: Word
    keys: Spellings
    numerator: Spellings
    denominator: Spellings = ()
    numerator_status: Spellings = ()
    denominator_of: Word = Word("")
    blocks: dict[str, Word] = field(factory=dict)
    parts: tuple[StatedPart, ...] = ()
    optional: bool = False


@frozen
class HealthFormat:
    """How to read one kind of account health report: JSON with a block of metrics for each marketplace.

    A file is of this format when it has one of the lists of `accounts` or `blocks`. Rates have at least `decimals`
    digits after the point, though zeros at their end may be left out; times without an offset are of `zone`.
    """

    name: Word
    accounts: StatedAccounts
    blocks: Spellings
    marketplace: Spellings
    fields: Fields
    conditions: dict[str, Condition]
    verdicts: dict[str, Verdict]
    metrics: tuple[StatedMetric, ...]
    decimals: Count
    zone: ZoneName
    source: Word
    read: date
    grade: Grade
    rating: StatedRating | None = None
    warnings: StatedWarnings | None = None

    def __attrs_post_init__(self) -> None:
        if faults := [*_bad_spellings(self), *_bad_names(self)]:
            raise ValueError("; ".join(faults))

    def belongs(self, keys: Iterable[str]) -> bool:
        """Whether a file with these keys at the top is of this format."""
        return bool({*self.accounts.list, *self.blocks} & set(keys))


def _bad_spellings(form: HealthFormat) -> Iterator[str]:
    needed = {
        "blocks": form.blocks,
        "marketplace": form.marketplace,
        **{f"accounts.{key}": getattr(form.accounts, key) for key in ("list", "marketplace", "status")},
        **{f"{metric.name}.keys": metric.keys for metric in form.metrics},
        **{f"{metric.name}.numerator": metric.numerator for metric in form.metrics},
    }
    for where, spellings in needed.items():
        if not spellings:
            yield f"{where} lists at least one spelling"
        elif malformed := [text for text in spellings if not _PATH.fullmatch(text)]:
            yield f"{where} has {malformed[0]!r}: write keys with dots between them"


def _bad_names(form: HealthFormat) -> Iterator[str]:
    names = [metric.name for metric in form.metrics]
    names += [part.metric for metric in form.metrics for part in metric.parts if part.metric]
    yield from (f"metrics has {name!r} twice" for name, times in Counter(names).items() if times > 1)
    for metric in form.metrics:
        if metric.denominator_of and metric.denominator_of not in names:
            yield f"{metric.name}.denominator_of is {metric.denominator_of!r}; the metrics are {', '.join(names)}"


@frozen
class _HealthDocument:
    report: tuple[HealthFormat, ...]


def parse_health_formats(data: Mapping[str, Any], source: str) -> list[HealthFormat]:
    """Return the `[[report]]` tables of a parsed document; raises DocumentError with all its problems."""
    return list(structure(_HealthDocument, data, source).report)


def load_health_formats(package: str, name: str = "health.toml") -> list[HealthFormat]:
    """Return the health formats that an installed package carries in `health.toml`."""
    return parse_health_formats(read(files(package) / name), f"{package}/{name}")


def merge_health_formats(formats: Iterable[tuple[str, HealthFormat]]) -> list[HealthFormat]:
    """Return one format per name, from pairs of a plugin's name and a format.

    Raises PluginError that names every field of a format on which two plugins do not agree.
    """
    merged: dict[str, tuple[str, HealthFormat]] = {}
    problems: list[Problem] = []
    for plugin, form in formats:
        first, earlier = merged.setdefault(form.name, (plugin, form))
        different = [attribute.name for attribute in fields(HealthFormat) if _differ(earlier, form, attribute.name)]
        hint = f"let {plugin} and {first} agree, or give the format of {plugin} a name of its own"
        problems += [
            Problem(plugin, f"health format {form.name}", f"{name} is not what it is in another plugin", hint)
            for name in different
        ]
    if problems:
        raise PluginError(tuple(problems))
    return [form for _, form in merged.values()]


def _differ(earlier: HealthFormat, form: HealthFormat, name: str) -> bool:
    return bool(getattr(earlier, name) != getattr(form, name))
