import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Literal, NewType

import pytest
from attrs import Factory, field, frozen, validators
from hypothesis import given, settings, strategies as st

from aftersale.base.errors import DocumentError, MoneyError, Problem
from aftersale.base.toml_files import read
from aftersale.clocks import DAY, MINUTE, SECOND, Calendar
from aftersale.documents.scalars import (
    Count,
    CountryCode,
    CurrencyCode,
    Day,
    Duration,
    MoneyAmount,
    PositiveCount,
    Rate,
    Share,
    TimeRange,
    Weekdays,
    Word,
    ZoneName,
)
from aftersale.documents.structure import Registry, structure


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Channel(StrEnum):
    FBA = "FBA"
    MFN = "MFN"


@frozen
class Shift:
    days: Weekdays
    hours: TimeRange
    people: PositiveCount = 1


@frozen
class Team:
    zone: ZoneName
    shifts: tuple[Shift, ...]
    wage: MoneyAmount
    currency: CurrencyCode
    languages: frozenset[Word] = frozenset()

    def __attrs_post_init__(self) -> None:
        if len(self.shifts) > 2:
            raise ValueError("a team has at most 2 shifts")


@frozen
class Scenario:
    name: Word
    clock: Literal["wall_hours", "calendar_days"]
    team: dict[str, Team] = Factory(dict)
    from_: Day | None = None


@frozen
class Everything:
    text: str = ""
    truth: bool = False
    number: float = 0.0
    whole: int = 0
    day: date = date(2026, 1, 1)
    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    share: Share = 0.0
    rate: Rate = 0.0
    count: Count = 0
    positive: PositiveCount = 1
    word: Word = "x"
    zone: ZoneName = "UTC"
    on: Day = date(2026, 1, 1)
    lasts: Duration = 0
    hours: TimeRange = (0, 1)
    days: Weekdays = frozenset()
    currency: CurrencyCode = "EUR"
    country: CountryCode = "DE"
    amount: MoneyAmount = Decimal(0)
    colour: Colour = Colour.RED
    channel: Channel = Channel.FBA
    choice: Literal["one", "two", 3] = "one"
    maybe: Word | None = None
    words: tuple[Word, ...] = ()
    pair: tuple[float, Word] = (0.0, "x")
    listed: list[Count] = Factory(list)
    several: frozenset[Word] = frozenset()
    chances: dict[Channel, Share] = Factory(dict)
    anything: Any = None
    table: Shift | None = None
    tables: tuple[Team, ...] = ()
    calendar: Calendar | None = None


GOOD = {
    "name": "peak",
    "clock": "wall_hours",
    "from": date(2026, 11, 1),
    "team": {
        "shenzhen": {
            "zone": "Asia/Shanghai",
            "wage": "24.90",
            "currency": "CNY",
            "languages": ["en", "de", "en"],
            "shifts": [{"days": "Mon-Fri", "hours": "22:00-06:00", "people": 3}],
        }
    },
}
# The first misspelt zone reads the names of all zones.
patient = settings(deadline=None)


def problems(cls, data):
    with pytest.raises(DocumentError) as caught:
        structure(cls, data, "x.toml")
    assert {problem.where for problem in caught.value.problems} == {"x.toml"}
    return [str(problem).removeprefix("x.toml: ") for problem in caught.value.problems]


def value_of(key, value):
    return getattr(structure(Everything, {key: value}, "x.toml"), key)


# --- whole documents


def test_document_becomes_an_instance():
    shift = Shift(Weekdays(frozenset(range(5))), TimeRange((1320, 1800)), PositiveCount(3))
    team = Team("Asia/Shanghai", (shift,), Decimal("24.90"), "CNY", frozenset({"en", "de"}))
    assert structure(Scenario, GOOD, "x.toml") == Scenario("peak", "wall_hours", {"shenzhen": team}, date(2026, 11, 1))


def test_every_problem_is_reported_at_once_with_its_path():
    data = {
        "clock": "wall_ours",
        "seed": 3,
        "team": {
            "shenzhen": {
                "zone": "Asia/Shanghay",
                "wage": 24.9,
                "currency": "CNY",
                "shifts": [
                    {"days": "Mon-Fry", "hours": "09:00-18:00", "people": 0},
                    {"days": "Sat", "hour": "09:00-18:00"},
                    "Sun",
                ],
                "languages": "en",
            },
            "two words": [],
        },
    }
    assert problems(Scenario, data) == [
        "name: missing (add it: a text that is not empty)",
        "clock: expected one of 'wall_hours', 'calendar_days', found 'wall_ours' (did you mean 'wall_hours'?)",
        "team.shenzhen.zone: expected a time zone such as 'Europe/Berlin', found 'Asia/Shanghay' "
        "(did you mean 'Asia/Shanghai'?)",
        "team.shenzhen.shifts[0].days: expected days such as 'Mon-Fri' or 'Mon,Wed', found 'Mon-Fry' "
        "(days: Mon, Tue, Wed, Thu, Fri, Sat, Sun)",
        "team.shenzhen.shifts[0].people: expected a whole number of 1 or more, found 0",
        "team.shenzhen.shifts[1].hours: missing (add it: opening hours such as '09:00-18:00')",
        "team.shenzhen.shifts[1].hour: unknown key (did you mean 'hours'?)",
        "team.shenzhen.shifts[2]: expected a table, found 'Sun'",
        "team.shenzhen.wage: expected an amount such as '24.90', found 24.9 (put it in quotes, to keep it exact)",
        "team.shenzhen.languages: expected a list, found 'en' (put it in brackets)",
        "team.'two words': expected a table, found a list",
        "seed: unknown key (allowed here: name, clock, team, from)",
    ]


def test_problems_keep_their_parts():
    with pytest.raises(DocumentError) as caught:
        structure(Shift, {"days": "Mon", "hours": 9}, "x.toml")
    what = "expected opening hours such as '09:00-18:00', found 9"
    assert (caught.value.source, caught.value.problems) == (
        "x.toml",
        (Problem("x.toml", "hours", what, "put it in quotes"),),
    )


def test_document_that_is_no_table_is_refused():
    assert problems(Scenario, []) == ["expected a table, found a list"]


def test_missing_keys_say_what_they_hold():
    assert problems(Team, {}) == [
        "zone: missing (add it: a time zone such as 'Europe/Berlin')",
        "shifts: missing (add it: a list)",
        "wage: missing (add it: an amount such as '24.90')",
        "currency: missing (add it: a currency such as 'EUR')",
    ]
    assert problems(Scenario, {"name": "peak"}) == ["clock: missing (add it: one of 'wall_hours', 'calendar_days')"]


def test_key_of_a_field_with_an_underscore_is_the_keyword():
    good = {"name": "peak", "clock": "wall_hours"}
    assert structure(Scenario, {**good, "from": date(2026, 11, 1)}, "x.toml").from_ == date(2026, 11, 1)
    assert problems(Scenario, {**good, "from_": date(2026, 11, 1)}) == ["from_: unknown key (did you mean 'from'?)"]
    assert problems(Scenario, {**good, "from": 3}) == ["from: expected a date such as 2026-03-29, found 3"]


def test_key_of_a_field_with_an_alias_is_the_alias():
    @frozen
    class Row:
        sources: tuple[Word, ...] = field(alias="after")

    assert structure(Row, {"after": ["new"]}, "x.toml").sources == ("new",)
    assert problems(Row, {"after": [""]}) == ["after[0]: expected a text that is not empty, found ''"]


def test_what_a_class_refuses_itself_is_reported_with_its_path():
    @frozen
    class Checked:
        word: str = field(validator=validators.in_(["a", "b"]))
        price: str

        def __attrs_post_init__(self) -> None:
            raise MoneyError("unknown currency", "write EUR")

    @frozen
    class Outer:
        checked: tuple[Checked, ...]

    rows = [{"word": "a", "price": ""}, {"word": "c", "price": ""}]
    assert problems(Outer, {"checked": rows}) == [
        "checked[0]: unknown currency (write EUR)",
        "checked[1]: 'word' must be in ['a', 'b'] (got 'c')",
    ]
    shift = {"days": "Mon", "hours": "09:00-18:00"}
    team = {"zone": "UTC", "wage": 3, "currency": "EUR", "shifts": [shift] * 3}
    assert problems(Scenario, {"name": "x", "clock": "wall_hours", "team": {"a": team}}) == [
        "team.a: a team has at most 2 shifts"
    ]


def test_calendar_is_refused_with_its_path():
    table = {"zone": "UTC", "country": "??"}
    hint = "write an ISO code such as DE, or leave it out for no holidays"
    assert problems(Everything, {"calendar": table}) == [f"calendar: no holidays are known for country '??' ({hint})"]


def test_fault_of_the_code_is_not_taken_for_a_fault_of_the_document():
    @frozen
    class Faulty:
        word: Word

        def __attrs_post_init__(self) -> None:
            raise KeyError("a fault")

    with pytest.raises(KeyError, match="a fault"):
        structure(Faulty, {"word": "x"}, "x.toml")


# --- values


DATED = "expected a date such as 2026-03-29, found 2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("number", 3, 3.0),
        ("share", 1, 1.0),
        ("rate", 1.5, 1.5),
        ("count", 0, 0),
        ("amount", "24.90", Decimal("24.90")),
        ("amount", 25, Decimal(25)),
        ("lasts", "12 min", 12 * MINUTE),
        ("lasts", "1.5 h", 90 * MINUTE),
        ("lasts", "0.5s", SECOND // 2),
        ("lasts", "3 d", 3 * DAY),
        ("lasts", "2 wk", 14 * DAY),
        ("hours", "09:00-18:00", (540, 1080)),
        ("hours", "22:00-06:00", (1320, 1800)),
        ("hours", "00:00-24:00", (0, 1440)),
        ("hours", "22:00-00:00", (1320, 1440)),
        ("days", "Mon-Fri", frozenset({0, 1, 2, 3, 4})),
        ("days", "Mon-Sun", frozenset(range(7))),
        ("days", "Mon, Wed,Sat", frozenset({0, 2, 5})),
        ("days", "Sat-Mon,Thu", frozenset({5, 6, 0, 3})),
        ("country", "GB", "GB"),
        ("colour", "red", Colour.RED),
        ("channel", "MFN", Channel.MFN),
        ("choice", 3, 3),
        ("pair", [1, "x"], (1.0, "x")),
        ("listed", [1, 2], [1, 2]),
        ("several", ["a", "a"], frozenset({"a"})),
        ("chances", {"FBA": 0.5}, {Channel.FBA: 0.5}),
        ("anything", [1, {"a": None}], [1, {"a": None}]),
        ("moment", datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 9, tzinfo=UTC)),
    ],
)
def test_value_is_read(key, value, expected):
    assert value_of(key, value) == expected


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("text", 3, "expected a text, found 3 (put it in quotes)"),
        ("text", ["x"], "expected a text, found a list"),
        ("truth", "true", "expected true or false, found 'true' (without quotes)"),
        ("truth", 1, "expected true or false, found 1"),
        ("number", True, "expected a number, found true"),
        ("number", float("nan"), "expected a number, found nan"),
        ("number", float("-inf"), "expected a number, found -inf"),
        ("number", 10**400, "expected a number, found a whole number beyond 64 bits"),
        ("number", "1.5", "expected a number, found '1.5' (remove the quotes)"),
        ("whole", 1.0, "expected a whole number, found 1.0"),
        ("whole", False, "expected a whole number, found false"),
        ("whole", 2**63, "expected a whole number, found a whole number beyond 64 bits"),
        (
            "day",
            datetime(2026, 1, 1, tzinfo=UTC),
            DATED,
        ),
        ("on", datetime(2026, 1, 1, tzinfo=UTC), DATED),
        ("on", "2026-01-01", "expected a date such as 2026-03-29, found '2026-01-01' (remove the quotes)"),
        (
            "moment",
            date(2026, 1, 1),
            "expected a date and time such as 2026-03-29T15:00:00+02:00, found 2026-01-01",
        ),
        (
            "moment",
            datetime(2026, 1, 1),  # noqa: DTZ001 - what is refused here
            "expected a date and time such as 2026-03-29T15:00:00+02:00, found 2026-01-01T00:00:00 "
            "(add an offset from UTC)",
        ),
        ("share", 1.01, "expected a share from 0 to 1, found 1.01"),
        ("share", -0.01, "expected a share from 0 to 1, found -0.01"),
        ("rate", -1, "expected a number of 0 or more, found -1"),
        ("count", -1, "expected a whole number of 0 or more, found -1"),
        ("positive", 0, "expected a whole number of 1 or more, found 0"),
        ("word", " ", "expected a text that is not empty, found ' '"),
        ("word", {}, "expected a text that is not empty, found a table"),
        pytest.param(
            "text",
            10**5000,
            "expected a text, found a whole number beyond 64 bits (put it in quotes)",
            id="more digits than Python prints",
        ),
        (
            "zone",
            "x" * 99,
            f"expected a time zone such as 'Europe/Berlin', found '{'x' * 40}'… "
            "(write an IANA name such as Europe/Berlin)",
        ),
        (
            "lasts",
            "12 hours",
            "expected a duration such as '12 min', found '12 hours' (units: s, min, h, d, wk)",
        ),
        ("lasts", "12", "expected a duration such as '12 min', found '12' (units: s, min, h, d, wk)"),
        ("lasts", 12, "expected a duration such as '12 min', found 12 (put it in quotes)"),
        ("lasts", "-1 h", "expected a duration such as '12 min', found '-1 h' (units: s, min, h, d, wk)"),
        ("lasts", "9999 wk", "expected a duration such as '12 min', found '9999 wk' (at most 100 years)"),
        (
            "hours",
            "9-18",
            "expected opening hours such as '09:00-18:00', found '9-18' "
            "(two times of the day, 00:00 to 24:00, with a hyphen between them)",
        ),
        (
            "hours",
            "24:00-06:00",
            "expected opening hours such as '09:00-18:00', found '24:00-06:00' "
            "(a day begins at 00:00 and ends at 24:00)",
        ),
        (
            "hours",
            "00:00-24:30",
            "expected opening hours such as '09:00-18:00', found '00:00-24:30' "
            "(a day begins at 00:00 and ends at 24:00)",
        ),
        (
            "hours",
            "09:00-09:00",
            "expected opening hours such as '09:00-18:00', found '09:00-09:00' (for the whole day write '00:00-24:00')",
        ),
        (
            "days",
            "Mon-Wed-Fri",
            "expected days such as 'Mon-Fri' or 'Mon,Wed', found 'Mon-Wed-Fri' "
            "(days: Mon, Tue, Wed, Thu, Fri, Sat, Sun)",
        ),
        ("currency", "EURO", "expected a currency such as 'EUR', found 'EURO' (did you mean 'EUR'?)"),
        ("country", "UK", "expected a country such as 'DE', found 'UK' (two capital letters of ISO 3166)"),
        ("country", "de", "expected a country such as 'DE', found 'de' (did you mean 'DE'?)"),
        ("amount", "24,90", "expected an amount such as '24.90', found '24,90'"),
        ("amount", -3, "expected an amount such as '24.90', found -3"),
        pytest.param(
            "amount",
            10**5000,
            "expected an amount such as '24.90', found a whole number beyond 64 bits",
            id="an amount of more digits than Python prints",
        ),
        ("amount", True, "expected an amount such as '24.90', found true"),
        ("amount", float("nan"), "expected an amount such as '24.90', found nan"),
        ("colour", "rad", "expected one of 'red', 'blue', found 'rad' (did you mean 'red'?)"),
        ("colour", ["red"], "expected one of 'red', 'blue', found a list"),
        ("channel", 1, "expected one of 'FBA', 'MFN', found 1"),
        ("choice", True, "expected one of 'one', 'two', 3, found true"),
        ("choice", 3.0, "expected one of 'one', 'two', 3, found 3.0"),
        ("maybe", 3, "expected a text that is not empty, found 3 (put it in quotes)"),
        ("words", {}, "expected a list, found a table"),
        ("pair", [1], "expected a list of 2, found a list of 1"),
        ("chances", [], "expected a table, found a list"),
    ],
)
def test_value_is_refused(key, value, message):
    assert problems(Everything, {key: value}) == [f"{key}: {message}"]


def test_bad_keys_and_bad_values_of_a_table_are_reported_together():
    assert problems(Everything, {"chances": {"SFP": 0.5, "FBA": 2}}) == [
        "chances.SFP: expected one of 'FBA', 'MFN', found 'SFP'",
        "chances.FBA: expected a share from 0 to 1, found 2",
    ]


def test_registry_takes_further_types():
    even = NewType("even", int)
    colour_code = NewType("colour_code", str)

    @frozen
    class Row:
        number: even
        colour: colour_code | None = None

    def halved(value):
        if value % 2:
            raise ValueError("add 1")
        return value // 2

    own = Registry()
    own.hook(even, halved, "an even number")
    own.hook(colour_code, {"red": "#f00"}.__getitem__, "a colour")
    assert own.structure(Row, {"number": 4, "colour": "red"}, "x.toml") == Row(2, "#f00")
    with pytest.raises(DocumentError) as caught:
        own.structure(Row, {"number": 3, "colour": "blue"}, "x.toml")
    assert [str(problem) for problem in caught.value.problems] == [
        "x.toml: number: expected an even number, found 3 (add 1)",
        "x.toml: colour: expected a colour, found 'blue'",
    ]


scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, 10**400, -(10**4000)]),
    st.floats(),
    st.text(),
    st.text(alphabet="0123456789:-., MonTueFrihdwks", max_size=12),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["Mon-Fri", "UTC", "12 min", "red", "FBA", "1.5", "DE", "EUR", "America", "../x", "\0"]),
)
KEYS = [each for cls in (Everything, Shift, Team, Scenario, Calendar) for each in cls.__annotations__]
keys = st.text() | st.sampled_from([*KEYS, "from"])
garbage = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=25,
)


def attempt(call, *arguments):
    """The result of the call, or the DocumentError that it raises; any other error is a failure."""
    try:
        return call(*arguments)
    except DocumentError as error:
        return error


@pytest.mark.once
@patient
@given(st.sampled_from([Everything, Scenario, Team, Shift]), garbage | st.dictionaries(keys, garbage))
def test_garbage_raises_nothing_but_document_error(cls, data):
    found = attempt(structure, cls, data, "x.toml")
    assert isinstance(found, cls | DocumentError)
    if isinstance(found, DocumentError):
        assert found.problems
        assert all(problem.what and "\n" not in str(problem) for problem in found.problems)


@patient
@given(st.sampled_from(sorted(Everything.__annotations__)), garbage)
def test_garbage_in_one_field_is_reported_at_or_below_its_key(key, value):
    found = attempt(structure, Everything, {key: value}, "x.toml")
    if isinstance(found, DocumentError):
        assert all(re.match(rf"{key}($|\.|\[)", problem.path) for problem in found.problems)


# --- files


HINT = "(correct it there; https://toml.io shows the format)"


def unreadable(path):
    with pytest.raises(DocumentError) as caught:
        read(path)
    return str(caught.value).replace(str(path), "x.toml")


def test_file_is_read_with_or_without_a_byte_order_mark(tmp_path):
    path = tmp_path / "x.toml"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + 'name = "Größe"\r\n[team]\r\n'.encode())
        assert read(path) == {"name": "Größe", "team": {}}


def test_missing_file_is_named(tmp_path):
    assert unreadable(tmp_path / "x.toml") == "x.toml: does not exist (check the name, or create the file)"


def test_folder_is_no_document(tmp_path):
    assert unreadable(tmp_path) == (
        "x.toml: is a folder (name a file; what a pipe or a device yields, save to a file first)"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"a = 1\nb = \n",
            f":2: column 5: is no valid TOML: invalid value {HINT}",
        ),
        (
            b"a = 1\na = 2\n",
            ":2: column 6: is no valid TOML: cannot overwrite a value "
            "(it stands there a second time; a row of a list has two brackets: [[rule]])",
        ),
        (
            b"a = [1,",
            f":1: end of document: is no valid TOML: invalid value {HINT}",
        ),
        (b"a = 1\nb = '\xe4'\n", ":2: is not UTF-8 text (save the file as UTF-8)"),
    ],
)
def test_file_that_is_no_toml_is_refused_with_its_line(tmp_path, content, message):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    assert unreadable(path) == f"x.toml{message}"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "[" * 101 + "]" * 101, "nested too deeply"),
        (".".join("a" * 1000) + " = 1", "nested too deeply"),
        ("a = " + "9" * 100_000, "a number has too many digits"),
    ],
)
def test_file_with_unreasonable_content_is_refused(tmp_path, content, what):
    path = tmp_path / "x.toml"
    path.write_text(content, encoding="utf-8")
    assert unreadable(path) == f"x.toml: is no valid TOML: {what} {HINT}"


@patient
@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_document_or_a_document_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "garbage.toml"
    path.write_bytes(content)
    found = attempt(read, path)
    assert isinstance(found, dict) or len(found.problems) == 1
