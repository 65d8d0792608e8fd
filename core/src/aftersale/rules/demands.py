"""Demands: what rows of rules demand, as a digest, and as a document that reads back as the same rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from attrs import fields

from aftersale.base.digests import digest, plain
from aftersale.base.toml_lines import is_written
from aftersale.rules.model import Rule

_BESIDE = ("marketplace", "source", "grade", "note", "origin")
"""What a row says beside its demand: who says so, and why."""
_SETS = ("starts", "channel")
"""Lists whose order demands nothing."""


def digest_of(rules: Iterable[Rule]) -> str:
    """Return the digest of what rows demand and when, whatever their order, sources and notes."""
    rows = []
    for rule in rules:
        row = plain(rule, leave_out=_BESIDE)
        rows.append(row | {name: sorted(row[name]) for name in _SETS if name in row})
    return digest(sorted(rows, key=lambda row: json.dumps(row, sort_keys=True)))


def as_document(rules: Iterable[Rule]) -> dict[str, list[dict[str, Any]]]:
    """Return rows as a TOML document that `parse_rules` reads as the same rows; money and shares are text."""
    document: dict[str, list[dict[str, Any]]] = {}
    for rule in rules:
        document.setdefault("metric" if rule.kind == "metric" else "rule", []).append(_row(rule))
    return document


_ELSEWHERE = ("name", "marketplace", "kind", "origin", "when")
"""The fields of a rule that its row writes otherwise, or not."""


def _row(rule: Rule) -> dict[str, Any]:
    row: dict[str, Any] = {"name": str(rule.name), "marketplaces": [str(rule.marketplace)]}
    for field in fields(Rule):
        value = getattr(rule, field.name)
        if is_written(field) and field.name not in _ELSEWHERE and value != field.default:
            row[field.name] = _written(value)
    if rule.kind == "deadline":  # what tells it from a window
        row["on_expiry"] = str(rule.on_expiry)
    if rule.when.asks:
        row["when"] = {name: _written(value) for name, value in rule.when.asks.items()}
    return row


def _written(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(map(_written, value))
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, bool | int | date) else str(value)
