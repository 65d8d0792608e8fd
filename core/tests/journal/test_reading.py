import gzip
import os
import zlib
from contextlib import suppress
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from polars.testing import assert_frame_equal

from aftersale.base.errors import AftersaleError, JournalError
from aftersale.base.files import MEGABYTE, MOST, limited
from aftersale.clocks import DAY, HOUR, instant
from aftersale.engine.docket import Docket
from aftersale.journal.reading import read_journal
from aftersale.journal.replay import replay
from aftersale.journal.soundness import vouch
from aftersale.journal.writing import case_frame, fact_frame, order_frame, write_table
from aftersale.metrics.readings import readings
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.observers import Observers
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

POLICIES = load_plugins((), {"reference": reference}).policies()
SOLD = [
    order("O-1", category="bulky", cross_border=True),
    order("O-2", purchased_at=MONDAY + HOUR, channel="SFP", delivered_at=None, promised_at=None),
    order("O-3", marketplace="ALT", currency="CLP", purchased_at=MONDAY + 2 * HOUR, exempt=True, category=""),
]
FACTS = [
    fact("buyer_message", MONDAY + DAY, case="M-1"),
    fact("return_requested", MONDAY + DAY, case="R-1"),
    fact("buyer_message", MONDAY + 2 * DAY, case="M-3", order="O-3", marketplace="ALT"),
    fact("claim_filed", MONDAY + 4 * DAY, case="C-1", about="M-1"),
    fact("seller_reply", MONDAY + 4 * DAY, case="M-3", order="O-3", marketplace="ALT", known_at=MONDAY + 5 * DAY),
    fact("feedback_left", MONDAY + 6 * DAY, case="F-2", order="O-2", value=2.0, detail="slow", amount=0),
]


def write(folder, sold=SOLD, facts=FACTS, csv=False):
    folder.mkdir(exist_ok=True)
    write_table(order_frame(orders(*sold)), folder, "orders", csv)
    write_table(fact_frame(facts), folder, "facts", csv)
    return folder


def refusal(folder):
    with pytest.raises(JournalError) as caught:
        read_journal(folder)
    for problem in caught.value.problems:
        assert problem.text(cells=True).replace(f"the cell: {problem.cell}; ", "", 1) == str(problem)
    return [problem.text(cells=True).replace(str(folder), "JOURNAL") for problem in caught.value.problems]


def test_columns_that_a_journal_does_not_have_are_unknown(tmp_path):
    folder = write(tmp_path / "journal")
    assert read_journal(folder).orders.unknown == frozenset()
    write_table(order_frame(orders(*SOLD)).drop("shipped_at", "cancelled_at"), folder, "orders")
    found = read_journal(folder).orders
    assert found.unknown == found.until(MONDAY).unknown == {"shipped_at", "cancelled_at"}


@pytest.fixture
def changed(tmp_path):
    """Writes a journal in which one table is changed, and returns what is refused about it, with the cells."""

    def written(name, change, csv=False):
        folder = write(tmp_path / "journal", csv=csv)
        frame = order_frame(orders(*SOLD)) if name == "orders" else fact_frame(FACTS)
        write_table(change(frame), folder, name, csv)
        return refusal(folder)

    return written


def having(column, *values, dtype=None):
    """A change of a table: a column of other values, cut or filled up to its length with the last one."""

    def change(frame):
        filled = [*values, *[values[-1]] * frame.height][: frame.height]
        return frame.with_columns(pl.Series(column, filled, dtype=dtype, strict=False))

    return change


# --- round trip ---


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
def test_a_journal_that_is_written_is_read_again_as_it_was(tmp_path, csv):
    journal = read_journal(write(tmp_path / "journal", csv=csv))
    assert journal.facts == FACTS
    assert [journal.orders.order(i) for i in range(3)] == SOLD
    assert_frame_equal(order_frame(journal.orders), order_frame(orders(*SOLD)))
    assert journal.source == str(tmp_path / "journal")


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
def test_a_journal_without_orders_and_facts_is_one_too(tmp_path, csv):
    journal = read_journal(write(tmp_path / "journal", (), (), csv=csv))
    assert (len(journal.orders), journal.facts) == (0, [])
    assert replay(journal, POLICIES).docket.cases == {}


def test_facts_are_read_in_order_of_when_they_were_known_and_of_one_instant_as_they_stand(tmp_path):
    facts = [fact("buyer_message", MONDAY, case=f"C-{n}", known_at=MONDAY + known) for n, known in enumerate((2, 1, 2))]
    assert [each.case for each in read_journal(write(tmp_path / "j", facts=facts)).facts] == ["C-1", "C-0", "C-2"]


def test_orders_are_read_in_order_of_their_purchase(tmp_path):
    folder = write(tmp_path / "j")
    write_table(order_frame(orders(*SOLD)).reverse(), folder, "orders")
    assert list(read_journal(folder).orders.ids) == ["O-1", "O-2", "O-3"]


_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
_names = _text.filter(lambda text: text != "")
_instants = st.integers(instant("1900-01-01T00:00:00Z"), instant("2199-12-01T00:00:00Z"))
_optional = st.none() | _instants


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(_names, _instants, _names, _text, st.integers(-(2**63), 2**63 - 1), _optional, st.booleans()),
        max_size=4,
        unique_by=lambda row: row[0],
    ),
    st.data(),
    st.booleans(),
)
def test_any_journal_survives_being_written_and_read(tmp_path_factory, rows, data, csv):
    sold = [
        order(name, purchased_at=at, channel=channel, category=category, price=price, promised_at=then, exempt=exempt)
        for name, at, channel, category, price, then, exempt in rows
    ]
    facts = [
        fact(
            data.draw(_names),
            at := data.draw(_instants),
            order=each.id,
            case=data.draw(st.sampled_from(["c", "d"])) + each.id,
            about=data.draw(_text),
            detail=data.draw(_text),
            amount=data.draw(st.none() | st.integers(0, 2**63 - 1)),
            value=data.draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
            known_at=at + data.draw(st.integers(0, DAY)),
        )
        for each in sold
    ]
    journal = read_journal(write(tmp_path_factory.mktemp("j"), sold, facts, csv))
    assert journal.facts == sorted(facts, key=lambda each: each.known_at)
    assert journal.orders.picked(np.arange(len(sold))) == sorted(sold, key=lambda each: each.purchased_at)


# --- replay ---


def test_a_replay_gives_the_cases_deadlines_and_metrics_of_the_run_that_wrote_it(tmp_path):
    run, by_id = Docket(POLICIES), {each.id: each for each in SOLD}
    for each in FACTS:
        run.record(each, by_id[each.order])
    end = MONDAY + 30 * DAY
    run.advance(end)
    for csv in (False, True):
        journal = read_journal(write(tmp_path / f"csv {csv}", csv=csv))
        again = replay(journal, POLICIES, until=end)
        assert again.docket.cases == run.cases
        assert (again.refused, again.until) == ([], end)
        assert_frame_equal(case_frame(again.docket), case_frame(run))
        for policy in POLICIES.values():
            assert readings(policy, again.docket, journal.orders, end) == readings(policy, run, orders(*SOLD), end)


def test_facts_that_are_refused_are_kept_with_the_reason_and_stop_nothing(tmp_path):
    odd = [
        fact("refunded", MONDAY + DAY, case="M-1"),
        fact("buyer_message", MONDAY + DAY, case="X-1", order="O-9", marketplace="XX"),
        fact("feedback_left", MONDAY + DAY, case="X-2", order="O-9", marketplace="XX"),
    ]
    sold = [*SOLD, order("O-9", marketplace="XX")]
    found = replay(read_journal(write(tmp_path / "j", sold, [FACTS[0], *odd, *FACTS[1:]])), POLICIES)
    unknown = "unknown marketplace 'XX' (known: ALT, REF; or install the plugin that brings it)"
    assert [str(error) for each, error in found.refused if each.marketplace == "XX"] == 2 * [
        unknown.replace(" 'XX'", "")
    ]
    assert [(each, error.text(cells=True)) for each, error in found.refused] == [
        (
            odd[0],
            "case M-1 (message) in state 'awaiting_reply' cannot take the fact 'refunded' "
            "(allowed: automatic_reply, buyer_message, no_reply_needed, seller_reply)",
        ),
        (odd[1], unknown),
        (odd[2], unknown),
    ]
    assert sorted(found.docket.cases) == ["C-1", "F-2", "M-1", "M-3", "R-1"]


def test_a_replay_until_an_instant_knows_what_was_known_then(tmp_path):
    journal = read_journal(write(tmp_path / "j"))
    states = {
        until: {name: case.state for name, case in replay(journal, POLICIES, MONDAY + until * DAY).docket.cases.items()}
        for until in (0, 1, 4, 5)
    }
    awaiting = {"M-1": "awaiting_reply", "R-1": "requested", "M-3": "awaiting_reply"}
    assert states == {
        0: {},
        1: {"M-1": "awaiting_reply", "R-1": "requested"},
        4: {**awaiting, "C-1": "granted"},
        5: {**awaiting, "C-1": "granted", "M-3": "answered"},
    }


def test_a_replay_without_an_end_stops_at_the_last_fact_or_else_at_the_last_order(tmp_path):
    assert replay(read_journal(write(tmp_path / "j")), POLICIES).until == MONDAY + 6 * DAY
    assert replay(read_journal(write(tmp_path / "j", facts=())), POLICIES).until == MONDAY + 2 * HOUR


def test_time_passes_after_the_last_fact(tmp_path):
    journal = read_journal(write(tmp_path / "j"))
    found = [replay(journal, POLICIES, MONDAY + days * DAY).docket.cases["R-1"].state for days in (6, 7)]
    assert found == ["requested", "refunded_by_marketplace"]


def test_the_observer_of_a_replay_is_told_of_every_move(tmp_path):
    seen = []
    observers = Observers(lambda case, each: seen.append(each.kind))
    replay(read_journal(write(tmp_path / "j")), POLICIES, observers=observers)
    told = ["buyer_message", "return_requested", "buyer_message", "claim_filed", "seller_reply", "feedback_left"]
    assert seen == told


def test_a_case_table_shows_where_each_case_stands_and_what_is_due(tmp_path):
    frame = case_frame(replay(read_journal(write(tmp_path / "j")), POLICIES).docket)
    assert frame.filter(pl.col("case") == "R-1").row(0, named=True) == {
        "case": "R-1",
        "kind": "return",
        "marketplace": "REF",
        "order": "O-1",
        "state": "requested",
        "opened_at": datetime.fromisoformat("2026-03-03T09:00:00+00:00"),
        "moved_at": datetime.fromisoformat("2026-03-03T09:00:00+00:00"),
        "deadlines": f"return_decision:{MONDAY + 3 * DAY}:handbook silence:{MONDAY + 3 * DAY}:rule",
        "missed": "silence",
        "decided_by": "",
    }


# --- what is refused ---


COLUMNS = "kind, marketplace, order, case, occurred_at, known_at, about, value, detail, amount"


def test_a_folder_that_is_none_is_refused_with_what_a_journal_is(tmp_path):
    hint = "name the folder that 'aftersale simulate --out FOLDER' wrote, or one like it"
    assert refusal(tmp_path / "none") == [f"JOURNAL: is no folder ({hint})"]
    file = tmp_path / "file"
    file.touch()
    assert refusal(file) == [f"JOURNAL: is no folder ({hint})"]


def test_a_folder_that_cannot_be_looked_at_is_refused(tmp_path):
    assert refusal(tmp_path / ("x" * 5000))[0].startswith("JOURNAL: cannot be read: File name too long (")


def test_missing_files_are_refused_with_what_a_journal_is(tmp_path):
    assert refusal(tmp_path) == [
        f"JOURNAL/{name}.parquet: does not exist "
        f"(a journal is a folder with {name}.parquet (or {name}.csv); 'aftersale simulate' writes one)"
        for name in ("orders", "facts")
    ]


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"PAR1\xff\xfe\x00PAR1", b"\xff\xfea\x00"])
def test_a_file_that_is_no_table_is_refused_with_what_it_should_be(tmp_path, csv, content):
    folder = write(tmp_path / "j", csv=csv)
    file = folder / f"facts.{'csv' if csv else 'parquet'}"
    file.write_bytes(content)
    found = refusal(folder)
    if csv and content:  # the first line of any text can be the names of columns
        assert {problem.split(": ", 2)[2] for problem in found} == {
            f"the column is missing (the columns are: {COLUMNS})"
        }
    else:
        (problem,) = found
        words = "cannot be read: |(write it again as CSV in UTF-8)"
        if not csv:
            what = (
                "is damaged: its end is missing, or is not as it was written"
                if b"PAR1" in content
                else "is no Parquet file"
            )
            words = f"{what}|(get the file once more from where it came, or write the journal again)"
        begin, end = words.split("|")
        assert problem.startswith(f"JOURNAL/{file.name}: {begin}")
        assert problem.endswith(end)


@pytest.mark.parametrize("csv", [False, True], ids=["parquet", "csv"])
def test_a_file_that_is_a_pipe_or_too_large_is_refused_before_it_is_read(tmp_path, csv):
    folder = write(tmp_path / "j", csv=csv)
    file = folder / f"orders.{'csv' if csv else 'parquet'}"
    with limited(10):
        assert [problem.split(" (")[0] for problem in refusal(folder)] == [
            f"JOURNAL/{name}{file.suffix}: is larger than the limit of 0 MB" for name in ("orders", "facts")
        ]
    file.unlink()
    os.mkfifo(file)
    assert [problem.split(" (")[0] for problem in refusal(folder)] == [f"JOURNAL/{file.name}: is a pipe"]


@pytest.mark.parametrize(
    "pack", [lambda text: gzip.compress(gzip.compress(text)), zlib.compress], ids=["twice", "zlib"]
)
def test_a_csv_that_is_packed_in_any_way_but_once_by_gzip_is_refused(tmp_path, pack):
    folder = write(tmp_path / "j", csv=True)
    file = folder / "facts.csv"
    file.write_bytes(gzip.compress(file.read_bytes()))
    assert read_journal(folder).facts == FACTS
    file.write_bytes(pack(b"kind\n"))
    assert refusal(folder) == ["JOURNAL/facts.csv: cannot be read: it is packed (write it again as CSV in UTF-8)"]


@pytest.mark.parametrize(
    ("limit", "what"), [("MOST_COLUMNS", "more than 9 columns"), ("MOST_CELLS", "more than 9 cells")]
)
def test_a_csv_of_more_columns_or_cells_than_any_journal_has_is_refused_before_it_fills_the_memory(
    tmp_path, monkeypatch, limit, what
):
    folder = write(tmp_path / "journal", csv=True)
    monkeypatch.setattr(f"aftersale.journal.reading.{limit}", 9)
    monkeypatch.setattr("aftersale.journal.reading._CELL", MOST)
    assert [what in text for text in refusal(folder)] == [True, True]


def test_a_csv_with_an_endless_first_line_is_refused_before_it_fills_the_memory(tmp_path):
    folder = write(tmp_path / "journal", csv=True)
    (folder / "facts.csv").write_bytes(b" " * MEGABYTE)
    hint = "('aftersale simulate --csv' writes such a file)"
    assert refusal(folder) == [f"JOURNAL/facts.csv: has no first line with the names of its columns {hint}"]


def test_missing_columns_are_refused_with_those_that_should_be_there(changed):
    assert changed("facts", lambda frame: frame.drop("known_at", "value")) == [
        f"JOURNAL/facts.parquet: {name}: the column is missing (the columns are: {COLUMNS})"
        for name in ("known_at", "value")
    ]


def test_columns_that_nobody_asks_for_are_left_alone(tmp_path):
    folder = write(tmp_path / "j")
    write_table(fact_frame(FACTS).with_columns(note=pl.lit("hello")), folder, "facts")
    assert read_journal(folder).facts == FACTS


UTC = pl.Datetime("us", "UTC")
REMEDY = "correct the row, or leave it out"
ROW = f"({REMEDY})"
TEXT = "expected a text that is not empty"
TIME = "expected an instant of 1900 to 2199 such as 2026-03-29T15:00:00+02:00"


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("facts", having("kind", "", "buyer_message"), f"row 1, kind: {TEXT}, found nothing {ROW}"),
        ("facts", having("order", None, "O-1"), f"row 1, order: {TEXT}, found nothing {ROW}"),
        ("facts", having("value", "two", None), f"row 1, value: expected a number (the cell: 'two'; {REMEDY})"),
        ("facts", having("value", float("nan"), 1.0), f"row 1, value: expected a number (the cell: nan; {REMEDY})"),
        (
            "facts",
            having("known_at", "2026-03-02T09:00:00", "2026-03-20T09:00:00Z"),
            f"row 1, known_at: {TIME} (the cell: '2026-03-02T09:00:00'; {REMEDY})",
        ),
        (
            "facts",
            having("occurred_at", "0001-01-01T00:00:00Z", "2026-03-02T09:00:00Z"),
            f"row 1, occurred_at: {TIME} (the cell: '0001-01-01T00:00:00Z'; {REMEDY})",
        ),
        (
            "facts",
            having("occurred_at", 2**62, MONDAY, dtype=UTC),
            f"row 1, occurred_at: {TIME} (the cell: {2**62} us after 1970; {REMEDY})",
        ),
        (
            "facts",
            having("occurred_at", 2**63 - 1, MONDAY // 1000, dtype=pl.Datetime("ms", "UTC")),
            f"row 1, occurred_at: {TIME} (the cell: {2**63 - 1} ms after 1970; {REMEDY})",
        ),
        (
            "facts",
            having("occurred_at", 9 * 10**15, MONDAY // 1000, dtype=pl.Datetime("ms", "Asia/Tokyo")),
            f"row 1, occurred_at: {TIME} (the cell: {9 * 10**15} ms after 1970; {REMEDY})",
        ),
        ("facts", having("occurred_at", MONDAY), f"occurred_at: the column holds Int64 ({TIME} in every row)"),
        (
            "facts",
            having("known_at", MONDAY, dtype=pl.Datetime("us")),
            f"known_at: the column holds Datetime(time_unit='us', time_zone=None) ({TIME} in every row)",
        ),
        ("facts", having("known_at", date(2026, 1, 1)), f"known_at: the column holds Date ({TIME} in every row)"),
        (
            "orders",
            having("price", "24.90", "1"),
            f"row 1, price: expected a whole number (the cell: '24.90'; {REMEDY})",
        ),
        (
            "orders",
            having("price", 24.9, 1.0),
            "price: the column holds Float64 (expected a whole number in every row)",
        ),
        ("orders", having("price", None, 1), f"row 1, price: expected a whole number, found nothing {ROW}"),
        (
            "orders",
            having("exempt", "yes", "true"),
            f"row 1, exempt: expected true or false (the cell: 'yes'; {REMEDY})",
        ),
        ("orders", having("exempt", 1), "exempt: the column holds Int64 (expected true or false in every row)"),
        ("orders", having("delivered_at", "soon", ""), f"row 1, delivered_at: {TIME} (the cell: 'soon'; {REMEDY})"),
        ("orders", having("channel", [1], [2]), f"channel: the column holds List(Int64) ({TEXT} in every row)"),
    ],
)
def test_a_value_that_is_something_else_is_refused_with_its_row(changed, name, change, problem):
    assert changed(name, change) == [f"JOURNAL/{name}.parquet: {problem}"]


def test_a_value_in_csv_is_refused_with_its_row_too(changed):
    assert changed("orders", having("price", 1, 2, "3,0", dtype=pl.String), csv=True) == [
        f"JOURNAL/orders.csv: row 3, price: expected a whole number (the cell: '3,0'; {REMEDY})"
    ]


def test_of_a_long_cell_the_beginning_is_shown(changed):
    (problem,) = changed("orders", having("price", "9" * 10**6, "1"))
    assert problem.startswith("JOURNAL/orders.parquet: row 1, price: expected a whole number (the cell: '999")
    assert len(problem) < 200


def test_many_bad_rows_are_told_by_the_first_and_counted(changed):
    assert changed("facts", having("kind", "")) == [
        *(
            f"JOURNAL/facts.parquet: row {n}, kind: expected a text that is not empty, found nothing {ROW}"
            for n in (1, 2, 3)
        ),
        f"JOURNAL/facts.parquet: the same 3 more times {ROW}",
    ]


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        (
            "facts",
            having("order", "O-1", "O-1", "O-3", "O-1", "O-3", "O-7"),
            "fact about order 'O-7': orders do not have it (add the order, or leave the fact out)",
        ),
        (
            "facts",
            having("marketplace", "ALT", "REF", "ALT", "REF", "ALT", "REF"),
            "fact about order 'O-1': is of another marketplace (a fact belongs to the marketplace of its order)",
        ),
        (
            "facts",
            having("known_at", MONDAY, MONDAY + 9 * DAY, dtype=pl.Datetime("us", "UTC")),
            "fact about order 'O-1': is known before it happened (known_at is the same as occurred_at, or later)",
        ),
        (
            "facts",
            having("case", "C-1"),
            "case 'C-1': is about more than one order (give each order its own case)",
        ),
        (
            "orders",
            lambda frame: pl.concat([frame, frame.head(1)]),
            "order 'O-1': stands there more than once (keep one row per order)",
        ),
        (
            "orders",
            having("currency", "EUR", "USD", "CLP"),
            "marketplace 'REF': has orders in several currencies (keep to one currency in each marketplace)",
        ),
        (
            "orders",
            having("currency", "EUR", "EUR", "PESO"),
            "order 'O-3', currency: is unknown (the cell: 'PESO'; write the code of ISO 4217, such as EUR)",
        ),
    ],
)
def test_orders_and_facts_that_contradict_each_other_are_refused(changed, name, change, problem):
    assert changed(name, change) == [f"JOURNAL: {problem}"]


def test_more_channels_than_orders_can_hold_are_refused(tmp_path):
    sold = [order(f"O-{n}") for n in range(128)]
    frame = order_frame(orders(*sold)).with_columns(channel=pl.col("order"))
    folder = write(tmp_path / "j", sold, ())
    write_table(frame, folder, "orders")
    assert refusal(folder) == ["JOURNAL: channel: holds 128 different words (at most 127)"]


def test_problems_of_both_tables_are_told_at_once(tmp_path):
    folder = write(tmp_path / "j")
    write_table(order_frame(orders(*SOLD)).drop("price"), folder, "orders")
    write_table(fact_frame(FACTS).drop("kind"), folder, "facts")
    assert [problem.split(": ")[:2] for problem in refusal(folder)] == [
        ["JOURNAL/orders.parquet", "price"],
        ["JOURNAL/facts.parquet", "kind"],
    ]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a sound journal by file name, and a folder to spoil."""
    folder = tmp_path_factory.mktemp("sound")
    write(folder)
    write(folder, csv=True)
    return {file.name: file.read_bytes() for file in folder.iterdir()}, tmp_path_factory.mktemp("spoilt")


def read_or_refused(folder, files):
    """Read, and replay what could be read: nothing but errors of the project may come of it."""
    for file in folder.iterdir():
        file.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
        vouch(folder / name)
    try:
        replay(read_journal(folder), POLICIES)
    except JournalError as error:
        return [problem.hint for problem in error.problems]
    return None


@settings(max_examples=60)
@given(st.sampled_from(["parquet", "csv"]), st.sampled_from(["orders", "facts"]), st.binary(max_size=60))
def test_a_file_of_any_bytes_is_refused_with_what_to_do(sound, kind, name, content):
    contents, folder = sound
    files = {f"{each}.{kind}": contents[f"{each}.{kind}"] for each in ("orders", "facts")}
    hints = read_or_refused(folder, {**files, f"{name}.{kind}": content})
    assert hints
    assert all(hints)


@settings(max_examples=60)
@given(
    st.sampled_from(["orders.csv", "facts.csv"]),
    st.integers(0, 400),
    st.integers(0, 8),
    st.text(st.sampled_from('",\n\r0123456789abcTZ:+-. é'), max_size=8),
)
def test_a_csv_file_with_any_damage_is_read_or_refused_with_what_to_do(sound, name, place, length, put):
    contents, folder = sound
    text = contents[name]
    files = {each: content for each, content in contents.items() if each.endswith("csv")}
    hints = read_or_refused(folder, {**files, name: text[:place] + put.encode() + text[place + length :]})
    assert hints is None or all(hints)


_cells = st.one_of(
    st.none(),
    st.text(max_size=4),
    st.sampled_from(
        ["O-1", "O-3", "REF", "buyer_message", "2026-03-02T09:00:00Z", "9999-12-31T23:59:59Z", "true", "1e400"]
    ),
)
_columns = st.one_of(
    st.lists(_cells, min_size=6, max_size=6),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=6, max_size=6),
    st.lists(st.none() | st.floats(), min_size=6, max_size=6),
    st.lists(st.none() | st.booleans(), min_size=6, max_size=6),
    st.lists(st.none() | st.datetimes(), min_size=6, max_size=6),
    st.lists(st.none() | st.binary(max_size=3), min_size=6, max_size=6),
    st.lists(st.lists(st.integers(0, 3), max_size=2), min_size=6, max_size=6),
)


@settings(max_examples=100)
@given(st.sampled_from(["orders", "facts"]), st.data())
def test_columns_of_any_type_and_value_are_read_or_refused_with_what_to_do(sound, name, data):
    contents, folder = sound
    frame = order_frame(orders(*SOLD, *(order(f"P-{n}") for n in range(3)))) if name == "orders" else fact_frame(FACTS)
    for column in data.draw(st.lists(st.sampled_from(frame.columns), min_size=1, max_size=2, unique=True)):
        values = pl.Series(column, data.draw(_columns), strict=False)
        kinds = [values.dtype, pl.Int8, pl.Datetime("ms", "UTC"), pl.Datetime("ns", "Asia/Tokyo"), pl.Categorical]
        with suppress(pl.exceptions.PolarsError):
            values = values.cast(data.draw(st.sampled_from(kinds)), strict=False)
        frame = frame.with_columns(values)
    write_table(frame, folder, name)
    files = {each: content for each, content in contents.items() if each.endswith("parquet")}
    hints = read_or_refused(folder, {**files, f"{name}.parquet": (folder / f"{name}.parquet").read_bytes()})
    assert hints is None or all(hints)


def test_an_error_of_the_journal_is_an_error_of_the_project():
    assert issubclass(JournalError, AftersaleError)


BOUGHT = [
    order(f"O-{row}", buyer=name, purchased_at=MONDAY + row * DAY) for row, name in enumerate(("7", "", "x", "7"))
]


@pytest.mark.parametrize("csv", [False, True])
def test_a_journal_keeps_who_bought_what(tmp_path, csv):
    read = read_journal(write(tmp_path / "journal", BOUGHT, [], csv)).orders
    assert [read.order(row) for row in range(4)] == BOUGHT
    assert read.unknown == frozenset()


@pytest.mark.parametrize("csv", [False, True])
def test_in_a_journal_without_buyers_nobody_is_known(tmp_path, csv):
    folder = write(tmp_path / "journal", BOUGHT, [], csv)
    write_table(order_frame(orders(*BOUGHT)).drop("buyer"), folder, "orders", csv)
    read = read_journal(folder).orders
    assert [read.order(row) for row in range(4)] == [sold._replace(buyer="") for sold in BOUGHT]
    assert (read.unknown, read.buyer.strides) == ({"buyer"}, (0,))


def test_numbers_in_place_of_pseudonyms_are_read_as_texts(tmp_path):
    folder = write(tmp_path / "journal", BOUGHT, [])
    numbers = pl.Series("buyer", [70, None, 8, 70])
    write_table(order_frame(orders(*BOUGHT)).with_columns(numbers), folder, "orders")
    read = read_journal(folder).orders
    assert [read.order(row).buyer for row in range(4)] == ["70", "", "8", "70"]


TOLD = (700, None, 0)
COSTLY = [order(f"O-{row}", landed_cost=told, purchased_at=MONDAY + row * DAY) for row, told in enumerate(TOLD)]


@pytest.mark.parametrize("csv", [False, True])
def test_a_journal_keeps_what_goods_cost(tmp_path, csv):
    read = read_journal(write(tmp_path / "journal", COSTLY, [], csv)).orders
    assert [read.order(row) for row in range(3)] == COSTLY
    assert read.unknown == frozenset()


@pytest.mark.parametrize("csv", [False, True])
def test_in_a_journal_without_landed_costs_none_is_told(tmp_path, csv):
    folder = write(tmp_path / "journal", COSTLY, [], csv)
    write_table(order_frame(orders(*COSTLY)).drop("landed_cost"), folder, "orders", csv)
    read = read_journal(folder).orders
    assert [read.order(row) for row in range(3)] == [sold._replace(landed_cost=None) for sold in COSTLY]
    assert (read.unknown, read.landed_cost.strides) == ({"landed_cost"}, (0,))


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        (
            "-1",
            "JOURNAL: order 'O-1': has a landed cost below zero "
            "(write what its goods cost in minor units, or leave it empty where that is not known)",
        ),
        (
            "7.5",
            "JOURNAL/orders.csv: row 1, landed_cost: expected a whole number "
            "(the cell: '7.5'; correct the row, or leave it out)",
        ),
    ],
)
def test_a_landed_cost_is_a_whole_number_that_is_not_below_zero(changed, told, refused):
    column = pl.Series("landed_cost", [told, *[None] * (len(SOLD) - 1)])
    assert changed("orders", lambda frame: frame.with_columns(column), csv=True) == [refused]
