"""Fake texts: names and messages of the buyers in a recording, in their marketplace's language, by Faker, seeded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b

import polars as pl
from faker import Faker
from faker.config import AVAILABLE_LOCALES

from aftersale.policies.marketplaces import Marketplace

POOL = 200
"""Number of different names and texts of one language; Faker is slow, and nobody reads more."""


def locale_of(marketplace: Marketplace) -> str:
    """Return Faker's locale for the marketplace's first language, that of its country if Faker has it."""
    language = marketplace.languages[0]
    exact = f"{language}_{marketplace.country}"
    if exact in AVAILABLE_LOCALES:
        return exact
    return next((locale for locale in sorted(AVAILABLE_LOCALES) if locale.startswith(f"{language}_")), "en_US")


@cache
def _pool(locale: str, seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fake = Faker(locale)
    fake.seed_instance(seed)
    return tuple(fake.name() for _ in range(POOL)), tuple(fake.text(max_nb_chars=120) for _ in range(POOL))


def with_fake_texts(
    messages: pl.DataFrame, marketplaces: Mapping[str, Marketplace], seed: int, replication: int
) -> pl.DataFrame:
    """Return the messages with a buyer's name and a text; an order always has the same buyer."""
    names, texts = [], []
    for order, marketplace, sender, sent_at in messages.select("order", "marketplace", "sender", "sent_at").iter_rows():
        name_pool, text_pool = _pool(locale_of(marketplaces[marketplace]), seed)
        names.append(name_pool[_pick(f"{seed}/{replication}/name/{order}")])
        texts.append(text_pool[_pick(f"{seed}/{replication}/{sender}/{order}/{sent_at.isoformat()}")])
    return messages.with_columns(pl.Series("buyer", names, pl.String), pl.Series("text", texts, pl.String))


def _pick(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little") % POOL
