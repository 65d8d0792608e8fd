"""Rules: what does a marketplace demand, since when, and who says so?

Policies and all that is above them may import it; it imports orders, documents, clocks.

A rule is one row of a plugin's `rules.toml`. Rows of one name never overlap in time and leave no hole between
them, so that every day has one answer.
"""

from aftersale.rules.books import Rulebook, RuleSet, question, unknown_versions
from aftersale.rules.conditions import ANY_ORDER, NOTHING, YEARS, Condition, Words
from aftersale.rules.demands import as_document, digest_of
from aftersale.rules.documents import load_rules, parse_rules
from aftersale.rules.history import Change, Comparison, changes, compared
from aftersale.rules.model import EVERYWHERE, ClockName, Ends, Grade, Kind, Rule, Standing
from aftersale.rules.names import RuleName, name_problems, rule_names
from aftersale.rules.records import RuleRecord, record
from aftersale.rules.sources import UNREAD, declared_sources, names_page, silent_clauses

__all__ = [
    "ANY_ORDER",
    "EVERYWHERE",
    "NOTHING",
    "UNREAD",
    "YEARS",
    "Change",
    "ClockName",
    "Comparison",
    "Condition",
    "Ends",
    "Grade",
    "Kind",
    "Rule",
    "RuleName",
    "RuleRecord",
    "RuleSet",
    "Rulebook",
    "Standing",
    "Words",
    "as_document",
    "changes",
    "compared",
    "declared_sources",
    "digest_of",
    "load_rules",
    "name_problems",
    "names_page",
    "parse_rules",
    "question",
    "record",
    "rule_names",
    "silent_clauses",
    "unknown_versions",
]
