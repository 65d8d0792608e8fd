"""Public holidays: which days a country or a part of it keeps, by its official list or else by the library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from attrs import field, frozen

from aftersale.base.errors import ClockError, did_you_mean
from aftersale.base.toml_files import read
from aftersale.clocks.holiday_library import calculated_days, country_codes, iso_code, names_of_days, parts_of

_PUBLIC = "public"


@frozen
class Days:
    """The days of a year on which a place is closed, and the weekend days on which work is made up."""

    closed: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


@frozen
class Official:
    """What is known of a country's official list: a row of `public_holidays.toml`, whose head says what its keys mean.

    `days` has the closed and the made-up days by year.
    """

    code: str
    covers: str
    source: str
    seen: date
    grade: str
    done: str
    left_out: str
    days: Mapping[int, Days]
    part: str | None = None
    example: str = ""
    parts_too: bool = True
    categories: tuple[str, ...] = (_PUBLIC,)
    without: tuple[str, ...] = ()
    yearly: bool = False
    unpublished: frozenset[int] = field(default=frozenset(), converter=frozenset)

    def published(self, year: int) -> bool:
        """Whether the days of a year are the official ones, or follow from law without being announced."""
        return not self.yearly or (year in self.days and year not in self.unpublished)


@cache
def official_lists() -> Mapping[str, Official]:
    """Return the rows of `public_holidays.toml` by the country's code."""
    rows = read(files("aftersale.clocks") / "public_holidays.toml")["country"]
    return {row["code"]: _official(row) for row in rows}


def _official(row: Mapping[str, Any]) -> Official:
    closed, worked = row["days"], row.get("worked", {})
    days = {
        int(year): Days(_listed(int(year), text), _listed(int(year), worked.get(year, "")))
        for year, text in closed.items()
    }
    values = {key: value for key, value in row.items() if key not in ("days", "worked")}
    for key in ("categories", "without"):
        if key in values:
            values[key] = tuple(values[key])
    return Official(days=days, **values)


def _listed(year: int, text: str) -> frozenset[date]:
    """Return the days of a text such as `01-01 02-15..02-23`."""
    days: set[date] = set()
    for word in text.split():
        first, _, last = word.partition("..")
        day, end = (date.fromisoformat(f"{year}-{part}") for part in (first, last or first))
        while day <= end:
            days.add(day)
            day += timedelta(1)
    return frozenset(days)


def is_country(code: str) -> bool:
    """Whether a text is the ISO code of two letters of a country whose holidays are known."""
    return code in official_lists() or code in country_codes()


def place_of(text: str) -> tuple[str, str | None]:
    """Return country and part of a text such as `DE` or `GB-ENG`; raises ClockError for one that is not known.

    Only the codes of ISO 3166 will do; the hint has the one that is meant.
    """
    country, _, part = text.partition("-")
    if not is_country(country):
        raise ClockError(f"no holidays are known for '{country[:40]}'", _nearest_place(text))
    if text != country:
        check_part(country, part)
    return country, part or None


def _nearest_place(text: str) -> str:
    countries = country_codes()
    country, _, part = text.upper().replace("_", "-").replace(" ", "").partition("-")
    if country in country_codes(aliases=True):
        country = canonical(country)
    elif country not in countries:
        hint = "write two capital letters of ISO 3166 such as DE, or a part of a country such as GB-ENG"
        return did_you_mean(country, countries) or hint
    return f"did you mean '{'-'.join(filter(None, (country, part)))}'?"


def check_country(country: str) -> None:
    """Raise ClockError for a country that is not known by any of its names."""
    if is_country(country) or country in country_codes(aliases=True):
        return
    near = did_you_mean(country, country_codes(aliases=True))
    hint = near or "write an ISO code such as DE, or leave it out for no holidays"
    raise ClockError(f"no holidays are known for country '{country}'", hint)


def check_part(country: str, part: str) -> None:
    """Raise ClockError for a part that the country does not have, with those that it has."""
    official = official_lists().get(country)
    if official and official.part == part:
        return
    parts = parts_of(country)
    if part in parts:
        return
    known = f"known: {', '.join(parts)}" if parts else "leave it out"
    near = did_you_mean(part.upper(), parts)
    raise ClockError(f"country '{country}' has no subdivision '{part[:40]}'", f"{near} {known}" if near else known)


@cache
def canonical(country: str) -> str:
    """Return the ISO code of two letters of a country that is known under that name."""
    return country if country in official_lists() else iso_code(country)


def kept_part(country: str | None, part: str | None) -> str | None:
    """Return the part whose days hold: the named one, or else the one where most of the country's people live."""
    if part or not country:
        return part or None
    official = official_list(country)
    return official.part if official else None


def official_list(country: str | None) -> Official | None:
    """Return what is known of a country's official list, None without a row."""
    return official_lists().get(canonical(country)) if country else None


@lru_cache(maxsize=4096)
def public_holidays(country: str | None, part: str | None, year: int) -> Days:
    """Return the days of a year; those of the official list where there is one, the library's elsewhere.

    In a part of a country, what the country's list changes holds as well, unless the list is that of another part.
    """
    if not country:
        return Days()
    code, part = canonical(country), kept_part(country, part)
    official = official_lists().get(code)
    if official is None:
        return _library(code, part, year)
    listed = official.days.get(year)
    if part == official.part:
        return listed or _library(code, part, year, official.categories, official.without)
    if official.part or not official.parts_too:
        return _library(code, part, year)
    in_part = _library(code, part, year, official.categories, official.without)
    if not listed:
        return in_part
    return _changed(in_part, _library(code, None, year, official.categories, official.without), listed)


def _changed(days: Days, before: Days, after: Days) -> Days:
    """Return days with what is different after from before."""
    return Days(
        (days.closed - (before.closed - after.closed)) | (after.closed - before.closed),
        (days.worked - (before.worked - after.worked)) | (after.worked - before.worked),
    )


def _library(
    country: str, part: str | None, year: int, categories: Iterable[str] = (_PUBLIC,), without: Iterable[str] = ()
) -> Days:
    closed, worked = calculated_days(country, part, year, categories)
    if no_holidays := set(without):
        names = names_of_days(country, part, year, categories)
        closed = frozenset(day for day in closed if not no_holidays >= set(names.get(day, ())))
    return Days(closed, worked)
