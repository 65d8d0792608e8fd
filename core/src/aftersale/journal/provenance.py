"""Provenance: what a journal was written with, and what it is read with instead.

A journal holds facts, and what they mean is derived with the rules and the handbook of its reader. Where these are not
the writer's, its cases and costs are not either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from attrs import asdict, fields, frozen

from aftersale.base.digests import digest, plain
from aftersale.base.errors import DocumentError, Problem
from aftersale.base.files import check_depth, read_bounded
from aftersale.policies.handbook import SHIPPED, default_handbook
from aftersale.policies.policy import Policies
from aftersale.rules import digest_of

FILE = "written_with.json"
"""The file beside the tables of a journal."""
HANDBOOK = "handbook.toml"
"""The file beside it with the rows of the writer's handbook that are not the shipped ones."""
_HINT = "write the journal again, or remove the file: what it was written with is not known then"
_MEANING = ("en", "zh")
"""The fields of a metric that say what it means."""


@frozen
class Provenance:
    """What a journal was written with.

    `versions` are those of the program and of plugins by distribution. `handbook` is the file name of the seller's own
    handbook, empty for the shipped one. The others are digests: of the rules and of the handbook by marketplace, of
    what each kind of case and each metric is, and the plugins that decide on each marketplace.
    """

    versions: Mapping[str, str]
    handbook: str
    rules: Mapping[str, str]
    handbooks: Mapping[str, str]
    deciders: Mapping[str, str]
    kinds: Mapping[str, str]
    metrics: Mapping[str, str]


@frozen
class Difference:
    """One thing that the reader has otherwise: `what` names a field of the provenance, `of` its keys."""

    what: str
    of: tuple[str, ...]


def provenance(policies: Policies, distributions: Iterable[str] = ()) -> Provenance:
    """Return what a journal of these policies is written with; `distributions` are those of the plugins."""
    used = list(policies.values())
    sources = {policy.book.source for policy in used if policy.book.source != SHIPPED}
    names = sorted({"aftersale", *filter(None, distributions)})
    workflows = {kind.name: kind for policy in used for kind in policy.workflow.kinds.values()}
    metrics = {kind.name: kind for policy in used for kind in policy.metric_kinds.values()}
    return Provenance(
        versions={name: _version(name) for name in names},
        handbook=min((Path(source).name for source in sources), default=""),
        rules={name: digest_of(policy.rules.history(name)) for name, policy in policies.items()},
        handbooks={name: digest_of(policy.handbook.history()) for name, policy in policies.items()},
        deciders={name: digest(policy.decisions.names()) for name, policy in policies.items()},
        kinds={str(name): digest(plain(kind)) for name, kind in workflows.items()},
        metrics={str(name): digest(plain(kind, leave_out=_MEANING)) for name, kind in metrics.items()},
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def as_text(written: Provenance) -> str:
    """Return a provenance as the text of its file."""
    return json.dumps(asdict(written), indent=2, sort_keys=True) + "\n"


def read_provenance(folder: Path) -> Provenance | Problem | None:
    """Return what the journal of a folder was written with, None where nobody says so; why the file cannot be read."""
    path = folder / FILE
    try:
        document = json.loads(read_bounded(path).decode("utf-8"))
        check_depth(document)
        return _parsed(document)
    except FileNotFoundError:
        return None
    except DocumentError as error:
        return error.problems[0]
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        return Problem(str(path), "", f"cannot be read: {reason}" if reason else "is damaged", _HINT)


def _parsed(document: Any) -> Provenance:
    """Return the provenance of a document; raises ValueError for a wrong one. Its other keys are of later versions."""
    if not isinstance(document, dict):
        raise ValueError
    values: dict[str, Any] = {field.name: document.get(field.name) for field in fields(Provenance)}
    tables = [value for name, value in values.items() if name != "handbook"]
    if not isinstance(values["handbook"], str) or not all(map(_is_texts, tables)):
        raise ValueError
    return Provenance(**values)


def _is_texts(table: Any) -> bool:
    return isinstance(table, dict) and all(isinstance(value, str) for value in table.values())


def by_shipped_handbook(written: Provenance) -> bool:
    """Whether a journal was written with the handbook that this version ships."""
    shipped = default_handbook()
    return all(digest_of(shipped.for_marketplace(name)) == sum_ for name, sum_ in written.handbooks.items())


def differences(written: Provenance, policies: Policies) -> Iterator[Difference]:
    """Yield what these policies have otherwise; what they have beside, and places that they lack, is no difference."""
    here = provenance(policies, written.versions)
    for name in ("handbooks", "rules", "deciders", "kinds", "metrics", "versions"):
        before, now = getattr(written, name), getattr(here, name)
        by_place = name in ("handbooks", "rules", "deciders")
        keys = tuple(key for key in sorted(before) if before[key] != now.get(key) and not (by_place and key not in now))
        if keys:
            yield Difference(name, keys)
