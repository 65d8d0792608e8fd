"""A journal tells with what its costs were booked; what is written is read again, what is damaged is told."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aftersale.base.errors import Problem
from aftersale.clocks import instant
from aftersale.journal.own_numbers import FILE, OwnNumbers, as_text, read_own_numbers

AMOUNTS = st.decimals(0, 10**9, places=2)
RATES = st.dictionaries(st.sampled_from(["USD", "JPY", "GBP"]), st.decimals("0.000001", 10**6, places=6))
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9).filter(str.strip)


@st.composite
def own_numbers(draw):
    since, before = sorted(draw(st.lists(DAYS, min_size=2, max_size=2, unique=True)))
    into = draw(st.sampled_from([None, "CNY", "EUR"]))
    return OwnNumbers(
        since=draw(st.sampled_from([None, since])),
        before=draw(st.sampled_from([None, before])),
        until=draw(st.one_of(st.none(), st.integers(0, 4 * 10**15))),
        into=into,
        labour_cost=None if into is None else draw(st.one_of(st.none(), AMOUNTS)),
        numbers=draw(st.dictionaries(NAMES, NAMES, max_size=4)),
        rates={} if into is None else draw(RATES),
    )


# The file is written anew for each example.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(own_numbers())
def test_what_is_written_is_read_again(tmp_path, own):
    (tmp_path / FILE).write_text(as_text(own), encoding="utf-8", newline="\n")
    assert read_own_numbers(tmp_path) == own


def test_the_file_is_one_that_people_can_write(tmp_path):
    own = OwnNumbers(
        date(2026, 3, 2),
        date(2026, 5, 11),
        instant("2026-05-11T15:00:00Z"),
        "CNY",
        Decimal("25200.00"),
        {"labour_cost_per_hour": "45.00 CNY", "minutes_reply": "8"},
        {"USD": Decimal("7.00")},
    )
    assert as_text(own).splitlines()[1:] == [
        "since = 2026-03-02",
        "before = 2026-05-11",
        'until = "2026-05-11T15:00:00+00:00"',
        'into = "CNY"',
        'labour_cost = "25200.00"',
        "",
        "[set]",
        'labour_cost_per_hour = "45.00 CNY"',
        'minutes_reply = "8"',
        "",
        "[rates]",
        'USD = "7.00"',
    ]


def test_a_journal_that_tells_nothing_has_no_numbers_and_an_empty_file_none_of_each(tmp_path):
    assert read_own_numbers(tmp_path) is None
    (tmp_path / FILE).write_text(as_text(OwnNumbers()), encoding="utf-8")
    assert read_own_numbers(tmp_path) == OwnNumbers()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is no valid TOML"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[sett]\nx = '1'", "did you mean 'set'?"),
        (b"[set]\nminutes_reply = 8", "set.minutes_reply: expected a text that is not empty, found 8"),
        (b"into = 'XYZZY'", "into: expected a currency"),
        (b"since = 2026-03-02\nbefore = 2026-03-02", "before: no day lies between 2026-03-02 and 2026-03-02"),
        (b"until = '2026-03-02T15:00'", "until: '2026-03-02T15:00:00' has no offset from UTC"),
        (
            b"sinse = 1\nuntil = 2",
            "has 2 mistakes: until: expected a text that is not empty, found 2; sinse: unknown key",
        ),
        (b"labour_cost = '5'", "labour_cost: is told in no currency"),
        (b"[rates]\nUSD = '7'", "rates: is told in no currency"),
        (b"into = 'CNY'\n[rates]\nUSD = '0'", "rates.USD: is no rate"),
        (b"into = 'JPY'\nlabour_cost = '5.5'", "labour_cost: 5.5 has too many decimals for JPY"),
    ],
)
def test_a_damaged_file_is_a_problem_and_no_crash(content, told, tmp_path):
    (tmp_path / FILE).write_bytes(content)
    found = read_own_numbers(tmp_path)
    assert isinstance(found, Problem)
    assert str(found).startswith(f"{tmp_path / FILE}:")
    assert told in str(found)


def test_a_folder_in_its_place_is_a_problem(tmp_path):
    (tmp_path / FILE).mkdir()
    found = read_own_numbers(tmp_path)
    assert isinstance(found, Problem)
    assert "is a folder" in str(found)
