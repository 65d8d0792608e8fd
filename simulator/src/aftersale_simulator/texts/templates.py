"""Templates: what buyers write and sellers answer, by topic and language, all of it our own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from attrs import fields, frozen

from aftersale.base.toml_files import read
from aftersale.documents.scalars import Word
from aftersale.documents.structure import structure

LANGUAGES = ("en", "de", "fr", "it", "es", "ja", "zh")
"""The languages that there are texts in; the first is taken for all others."""
REMINDER = "reminder"
"""The topic that is no question of its own: answered is the message before it."""
USUAL = "question"
"""The topic whose texts are taken for a topic without any."""


@frozen
class Exchange:
    """What a buyer writes, and what a seller answers to it; `{name}` is the buyer's, `{order}` the order's."""

    buyer: Word
    seller: Word | None = None


@frozen
class Templates:
    """The texts of one language by topic: the words that messages of buyers say."""

    question: tuple[Exchange, ...]
    where_is_it: tuple[Exchange, ...]
    problem: tuple[Exchange, ...]
    late: tuple[Exchange, ...]
    lost: tuple[Exchange, ...]
    cancelled: tuple[Exchange, ...]
    reminder: tuple[Exchange, ...]
    follow_up: tuple[Exchange, ...]

    def of(self, topic: str) -> tuple[Exchange, ...]:
        """Return the texts of a topic."""
        exchanges: tuple[Exchange, ...] = getattr(self, topic if topic in TOPICS else USUAL)
        return exchanges


TOPICS = tuple(str(spec.name) for spec in fields(Templates))
"""The topics of which there are texts."""


@cache
def load_templates(language: str) -> Templates:
    """Return the texts of a language, or of the first where there are none."""
    name = f"{language if language in LANGUAGES else LANGUAGES[0]}.toml"
    return structure(Templates, read(files(__package__) / name), f"{__package__}/{name}")
