"""Marketplaces: stores with their country, currency, time zone, languages and holidays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any, TypedDict

from attrs import field, frozen

from aftersale.base.errors import DocumentError, Problem, did_you_mean
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import located
from aftersale.clocks import Calendar, place_of
from aftersale.documents.scalars import CountryCode, CurrencyCode, Day, HolidayPlace, LanguageCode, Word, ZoneName
from aftersale.documents.structure import structure
from aftersale.rules import EVERYWHERE, Grade


@frozen
class Marketplace:
    """One store, as its plugin declares it.

    `id` is the marketplace's own identifier, `name` the word used everywhere here. `sales_channels` are the
    words by which order files name it, `sources` the words with which sources that speak for it begin. `rules_seen` is
    the day on which its rules were last read: they hold what was announced until then. None where nobody says so.
    """

    name: str
    id: str
    country: str
    currency: str
    zone: str
    languages: tuple[str, ...]
    calendar: Calendar
    sales_channels: tuple[str, ...] = ()
    source: str = ""
    grade: str = ""
    sources: tuple[str, ...] = ()
    rules_seen: date | None = None


class MarketplaceRecord(TypedDict):
    """A marketplace as JSON shows it."""

    name: str
    id: str
    country: str
    currency: str
    zone: str
    languages: list[str]
    source: str
    grade: str


def record(marketplace: Marketplace) -> MarketplaceRecord:
    """Return the marketplace as plain data for JSON."""
    return MarketplaceRecord(
        name=marketplace.name,
        id=marketplace.id,
        country=marketplace.country,
        currency=marketplace.currency,
        zone=marketplace.zone,
        languages=list(marketplace.languages),
        source=marketplace.source,
        grade=marketplace.grade,
    )


@frozen
class _Profile:
    id: Word
    country: CountryCode
    currency: CurrencyCode
    zone: ZoneName
    languages: tuple[LanguageCode, ...]
    source: Word
    grade: Grade
    holidays: HolidayPlace | None = None
    subdivision: Word | None = None
    closed: tuple[Day, ...] = ()
    worked: tuple[Day, ...] = ()
    sales_channels: tuple[Word, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not self.languages:
            raise ValueError("languages: name at least one, that of the buyers: languages = ['en']")
        self.calendar()  # refuses a subdivision that the country does not have, at its place in the file

    def calendar(self) -> Calendar:
        country, part = place_of(self.holidays or self.country)
        if part and self.subdivision:
            raise ValueError(f"holidays names a part of the country already ({self.holidays}): leave subdivision out")
        return Calendar(self.zone, country, part or self.subdivision, closed=self.closed, worked=self.worked)

    def marketplace(self, name: str, sources: tuple[str, ...], rules_seen: date | None) -> Marketplace:
        return Marketplace(
            name,
            self.id,
            self.country,
            self.currency,
            self.zone,
            tuple(self.languages),
            self.calendar(),
            tuple(self.sales_channels),
            self.source,
            self.grade,
            sources,
            rules_seen,
        )


@frozen
class _ProfileDocument:
    """A `profile.toml`; `sources` are the words with which sources begin, each with the marketplaces it speaks for."""

    marketplace: dict[str, _Profile]
    sources: dict[str, tuple[Word, ...]] = field(factory=dict)
    rules_seen: Day | None = None

    def words(self, marketplace: str) -> tuple[str, ...]:
        """Return the words that speak for a marketplace, in their order."""
        return tuple(word for word, places in self.sources.items() if {marketplace, EVERYWHERE} & set(places))

    def problems(self, source: str) -> Iterator[Problem]:
        """Yield the sources that speak for nobody, or for a marketplace that is not in the document."""
        known = (*self.marketplace, EVERYWHERE)
        for word, places in self.sources.items():
            path = f"sources.{word}"
            if not word.strip() or not places:
                yield Problem(source, path, "speaks for no marketplace", f"name some of: {', '.join(known)}")
            for place in places:
                if place not in known:
                    hint = did_you_mean(place, known) or f"known: {', '.join(known)}"
                    yield Problem(source, path, f"'{place}' is no marketplace of this file", hint)


def parse_marketplaces(data: dict[str, Any], source: str) -> list[Marketplace]:
    """Return the marketplaces of a parsed profile; raises DocumentError with all its problems."""
    document = structure(_ProfileDocument, data, source)
    if problems := tuple(document.problems(source)):
        raise DocumentError(source, located(problems, data))
    seen = document.rules_seen
    return [profile.marketplace(name, document.words(name), seen) for name, profile in document.marketplace.items()]


def load_marketplaces(package: str, name: str = "profile.toml") -> list[Marketplace]:
    """Return the marketplaces that an installed package carries in `profile.toml`."""
    return parse_marketplaces(read(files(package) / name), f"{package}/{name}")
