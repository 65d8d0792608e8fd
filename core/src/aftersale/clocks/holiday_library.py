"""The library of holidays: which countries and parts it knows, and the days that it calculates.

Each function loads it by itself, when asked what no official list of ours answers: with the library come the calendars
of all religions, and with any country's days the modules of all countries, which takes longer than the rest of a
command's start. Nothing that rules and marketplaces of ours say needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache

# The library's other languages hang on the machine's.
_NAMES_IN = "en_US"


@cache
def country_codes(aliases: bool = False) -> tuple[str, ...]:
    """Return the ISO codes of two letters of all countries, with `aliases` their other names too."""
    from holidays.registry import EntityLoader

    return tuple(EntityLoader.get_country_codes(include_aliases=aliases))


def parts_of(country: str) -> tuple[str, ...]:
    """Return the parts of a country, by any of its names; none for a country that is not known."""
    import holidays

    return tuple(getattr(holidays, country).subdivisions) if country in country_codes(aliases=True) else ()


def iso_code(country: str) -> str:
    """Return the ISO code of two letters of a country that the library knows under that name."""
    import holidays

    return str(holidays.country_holidays(country).country)


def calculated_days(
    country: str, part: str | None, year: int, categories: Iterable[str]
) -> tuple[frozenset[date], frozenset[date]]:
    """Return the closed days of a year, and the weekend days of it on which work is made up."""
    import holidays

    days = holidays.country_holidays(country, subdiv=part, years=year, categories=tuple(categories))
    worked = frozenset(day for day in getattr(days, "weekend_workdays", ()) if day.year == year)
    return frozenset(days), worked


def names_of_days(
    country: str, part: str | None, year: int, categories: Iterable[str] | None = None
) -> Mapping[date, tuple[str, ...]]:
    """Return the names in English of each closed day of a year, sorted by day; None asks for the usual categories."""
    import holidays

    chosen = None if categories is None else tuple(categories)
    named = holidays.country_holidays(country, subdiv=part, years=year, categories=chosen, language=_NAMES_IN)
    return {day: tuple(named.get_list(day)) for day in sorted(named)}
