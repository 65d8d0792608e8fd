"""Messages: names and texts for the messages of a recorded run, in the language of their marketplace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b

import polars as pl
from faker import Faker
from faker.config import AVAILABLE_LOCALES

from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.texts.templates import REMINDER, USUAL, Exchange, load_templates

POOL = 200
"""Number of different names of one language; Faker is slow, and nobody reads more."""


def locale_of(marketplace: Marketplace) -> str:
    """Return Faker's locale for the marketplace's first language, that of its country if Faker has it."""
    language = marketplace.languages[0]
    exact = f"{language}_{marketplace.country}"
    if exact in AVAILABLE_LOCALES:
        return exact
    return next((locale for locale in sorted(AVAILABLE_LOCALES) if locale.startswith(f"{language}_")), "en_US")


@cache
def _names(locale: str, seed: int) -> tuple[str, ...]:
    fake = Faker(locale)
    fake.seed_instance(seed)
    return tuple(fake.name() for _ in range(POOL))


def with_texts(
    messages: pl.DataFrame, marketplaces: Mapping[str, Marketplace], seed: int, replication: int
) -> pl.DataFrame:
    """Return the messages with a buyer's name and a text; an order always has the same buyer.

    `messages` are in order of time; `topic` is what buyers' say, empty for sellers'. A seller answers what the case's
    buyer wrote last, reminders aside.
    """
    names, texts = [], []
    open_questions: dict[str, Exchange] = {}
    columns = messages.select("case", "order", "marketplace", "sender", "topic", "sent_at")
    for case, order, marketplace, sender, topic, sent_at in columns.iter_rows():
        place, key = marketplaces[marketplace], f"{seed}/{replication}"
        pool, templates = _names(locale_of(place), seed), load_templates(place.languages[0])
        name = pool[_pick(f"{key}/name/{order}", POOL)]
        exchanges = templates.of(topic if sender == "buyer" else USUAL)
        exchange = exchanges[_pick(f"{key}/{sender}/{order}/{sent_at.isoformat()}", len(exchanges))]
        if sender == "buyer":
            texts.append(exchange.buyer.format(name=name, order=order))
            if topic != REMINDER:
                open_questions[case] = exchange
        else:
            answer = open_questions.get(case, exchange).seller
            texts.append("" if answer is None else answer.format(name=name, order=order))
        names.append(name)
    return messages.with_columns(pl.Series("buyer", names, pl.String), pl.Series("text", texts, pl.String))


def _pick(key: str, of: int) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little") % of
