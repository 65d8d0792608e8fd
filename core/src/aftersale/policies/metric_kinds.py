"""Metric kinds: what each metric counts, as data; its window and the target it is held to are in dated rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from attrs import field, frozen

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import NOWHERE, UNWRITTEN, Place, placed
from aftersale.cases.model import LATE
from aftersale.cases.workflow import Workflow
from aftersale.documents.scalars import Word
from aftersale.documents.structure import structure

Counted = Literal[
    "orders",
    "cases",
    "deadlines",
    "hours",
    "late_shipments",
    "cancellations",
    "tracked_shipments",
    "deliveries_on_time",
    "contacts",
]
Unit = Literal["share", "hours"]
"""What the values of a metric are: between 0 and 1, or wall hours."""
_NEEDS: dict[str, tuple[str, ...]] = {
    "orders": ("defects",),
    "cases": ("case", "defects"),
    "deadlines": ("deadline",),
    "hours": ("deadline",),
    "contacts": ("cases",),
}
_COUNTED_KEYS = ("defects", "case", "deadline", "cases")


@frozen(cache_hash=True)  # what is worked out of a line is found by its kind, too
class MetricKind:
    """A metric: its name, what it counts, and its meaning in English and Chinese.

    - `orders`: orders with one of `defects`, of all orders, by the order's day.
    - `cases`: cases of the kind `case` with one of `defects`, of all such cases, by the day on which they were opened.
    - `deadlines`: deadlines of the name `deadline` that were missed, of all whose outcome is known.
    - `hours`: mean wall hours from the beginning of `deadline` to its answer; no share.
    - `contacts`: cases of the kinds `cases`, by the day on which they were opened, for each order of the same days: an
      order counts as one unit.
    - `late_shipments`, `cancellations`, `tracked_shipments`, `deliveries_on_time`: orders by what their columns say.

    A defect is one that a state of the workflow names, such as `claim`, or `late:` with the name of a deadline.
    """

    name: Word
    counts: Counted
    en: Word
    zh: Word
    defects: tuple[Word, ...] = ()
    case: Word | None = None
    deadline: Word | None = None
    cases: tuple[Word, ...] = ()
    place: Place = field(default=NOWHERE, eq=False, repr=False, metadata=UNWRITTEN)

    def __attrs_post_init__(self) -> None:
        needed = _NEEDS.get(self.counts, ())
        if missing := [key for key in needed if not getattr(self, key)]:
            raise ValueError(f"a metric that counts {self.counts} says which: give it {' and '.join(missing)}")
        if unused := [key for key in _COUNTED_KEYS if key not in needed and getattr(self, key)]:
            raise ValueError(f"a metric that counts {self.counts} has no {' and no '.join(unused)}: leave it out")

    @property
    def is_share(self) -> bool:
        """Whether its values lie between 0 and 1; else they are wall hours."""
        return self.counts != "hours"

    @property
    def unit(self) -> Unit:
        """What its values are, by what it counts: its name says nothing."""
        return "share" if self.is_share else "hours"


@frozen
class _MetricDocument:
    metric: tuple[MetricKind, ...] = ()


def parse_metrics(data: dict[str, Any], source: str) -> list[MetricKind]:
    """Return the metric kinds of a parsed TOML document; raises DocumentError with all its problems."""
    return list(placed(structure(_MetricDocument, data, source).metric, "metric", data, source))


def load_metrics(package: str, name: str = "metrics.toml") -> list[MetricKind]:
    """Return the metric kinds that an installed package carries in `metrics.toml`, each under `[[metric]]`."""
    return parse_metrics(read(files(package) / name), f"{package}/{name}")


@cache
def default_metrics() -> Mapping[str, MetricKind]:
    """Return the metric kinds that core ships, by name."""
    shipped = read(files("aftersale.policies") / "metrics.toml")
    return {kind.name: kind for kind in parse_metrics(shipped, "aftersale/metrics.toml")}


def metrics_of(more: Iterable[MetricKind], workflow: Workflow) -> Mapping[str, MetricKind]:
    """Return the shipped metric kinds with further ones, by name.

    Raises DocumentError where names clash, or where one counts what no case of the workflow has.
    """
    kinds = tuple(more)
    if problems := list(_problems(kinds, workflow)):
        raise DocumentError("the metrics", tuple(problems))
    return {**default_metrics(), **{kind.name: kind for kind in kinds}}


def _problems(kinds: Collection[MetricKind], workflow: Workflow) -> Iterator[Problem]:
    times = Counter([*default_metrics(), *(kind.name for kind in kinds)])
    deadlines = workflow.asked_for()
    defects = {*workflow.defects(), *(f"{LATE}{name}" for name in deadlines)}
    for kind in kinds:
        if times[kind.name] > 1:
            what, hint = "is the name of another metric", "give it a name of its own"
            yield Problem(kind.place.source, kind.name, what, hint, line=kind.place.line)
        references = ((kind.case, workflow.kinds, "kind of case"), (kind.deadline, deadlines, "deadline"))
        words = (
            *references,
            *((defect, defects, "defect") for defect in kind.defects),
            *((case, workflow.kinds, "kind of case") for case in kind.cases),
        )
        for word, names, noun in words:
            if word and word not in names:
                hint = did_you_mean(word, names) or f"known: {', '.join(sorted(names))}"
                what = f"the workflow knows no {noun} '{word}'"
                yield Problem(kind.place.source, kind.name, what, hint, line=kind.place.line)
