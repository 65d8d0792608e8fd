"""Service logs and reports of returns: columns in any spelling, typed cells, and reasons for the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftersale.base.errors import DocumentError, PluginError
from aftersale.clocks import instant
from aftersale.reports.service_logs.formats import ReturnFormat, merge_return_formats, parse_return_formats
from aftersale.reports.service_logs.kinds import MESSAGES, RETURNS, REVIEWS, TASKS
from aftersale.reports.service_logs.reading import TableReader


def form(**keys: object) -> ReturnFormat:
    table = {
        "name": "monthly",
        "columns": {"order": "Order", "opened_at": "Asked on"},
        "required": ["Reason"],
        "ships": "seller",
        "counts_from": "the request",
        "source": "made up",
        "grade": "D",
        **keys,
    }
    return parse_return_formats({"returns": [table]}, "returns.toml")[0]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_cells_are_typed_and_every_other_row_has_its_line_and_reason(tmp_path: Path) -> None:
    text = (
        "Sent AT;note;ORDER;sender\n2026-03-02T10:00:00+01:00;x;A; Buyer \n2026-03-02;x;A;seller\n"
        ";x;A;buyer\nsoon;x;A;buyer\n2026-03-02;x;;buyer\n2026-03-02;x;A;nobody\n\n2026-03-02;x\n"
    )
    report = MESSAGES.read(write(tmp_path, text.replace("Sent AT", "sent_at")))
    assert report.rows.select("line", "order", "sender", "case").rows() == [
        (2, "A", "buyer", None),
        (3, "A", "seller", None),
    ]
    assert report.rows["sent_at"].dt.timestamp("us").to_list() == [
        instant("2026-03-02T09:00Z"),
        instant("2026-03-02T00:00Z"),
    ]
    assert list(map(str, report.rejected)) == [
        "line 4, sent_at: no value",
        "line 5, sent_at: not a date",
        "line 6, order: no value",
        "line 7, sender: none of buyer, seller, automatic",
        "line 9: 2 columns instead of 4",
    ]
    assert [(row.line, row.reason) for row in report.skips.rows] == [(8, "an empty row")]
    assert report.rows_read == report.rows_used + report.rows_skipped + len(report.rejected) == 8


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("480", 480),
        ("480.5", 480.5),
        ("480 s", 480),
        ("1e2", 100),
        ("-5", -5),
        ("1.024", None),
        ("8 min", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_seconds_are_numbers_as_programs_write_them(tmp_path: Path, cell: str, seconds: float | None) -> None:
    report = TASKS.read(write(tmp_path, f"kind,seconds\nreply,{cell}\n"))
    assert report.rows["seconds"].to_list() == ([] if seconds is None else [seconds])


def test_numbers_of_a_column_may_have_decimal_commas(tmp_path: Path) -> None:
    report = TASKS.read(write(tmp_path, "kind;seconds\nreply;480,25\nreply;1.024\n"))
    assert report.rows["seconds"].to_list() == [480.25, 1024]


def test_an_optional_column_may_be_missing_or_empty(tmp_path: Path) -> None:
    assert REVIEWS.read(write(tmp_path, "order,stars\nA,5\n")).rows["left_at"].to_list() == [None]
    report = REVIEWS.read(write(tmp_path, "order,stars,left_at\nA,5.0,\nB,4.5,\nC,1,x\n"))
    assert report.rows.select("order", "stars").rows() == [("A", 5)]
    assert [row.line for row in report.rejected] == [3, 4]


def test_dates_may_be_of_declared_formats_in_a_declared_zone(tmp_path: Path) -> None:
    reader = TableReader(RETURNS.columns, (), ("%m/%d/%Y %H:%M",), "America/New_York")
    report = reader.read(write(tmp_path, "order,opened_at\nA,03/02/2026 10:00\nB,2026-03-02T10:00:00Z\n"))
    assert report.rows["opened_at"].dt.timestamp("us").to_list() == [
        instant("2026-03-02T15:00Z"),
        instant("2026-03-02T10:00Z"),
    ]
    report = RETURNS.read(write(tmp_path, "order,opened_at\nA,25.03.2026\nB,26.03.2026\n"))
    assert (report.rows_used, report.date_formats[0]) == (0, "%d.%m.%Y")


def test_a_marketplace_s_report_is_known_by_its_header(tmp_path: Path) -> None:
    reader = TableReader(RETURNS.columns, (form(date_formats=["%d.%m.%Y"]),))
    report = reader.read(write(tmp_path, "ORDER\tasked-on\tReason\nA\t02.03.2026\tx\n"))
    assert (report.format, report.rows["order"].to_list()) == (reader.formats[0], ["A"])
    assert reader.recognises(tmp_path / "log.csv")
    assert not RETURNS.recognises(tmp_path / "log.csv")
    assert reader.read(write(tmp_path, "order,opened_at\nA,2026-03-02\n")).format is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no header"),
        ("order,opend_at\nA,2026-03-02\n", r"opened_at: this column is missing \(rename 'opend_at'\?"),
        ("anna@example.org,2026-03-02\n", "holds 2 cells that look like data"),
    ],
)
def test_a_file_without_the_columns_is_refused_without_its_cells(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        RETURNS.read(write(tmp_path, text))
    assert "anna" not in str(caught.value)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="more than one column is called opened at"):
        RETURNS.read(write(tmp_path, "order,opened_at,Opened-At\nA,2026-03-02,2026-03-03\n"))


def test_a_format_that_nothing_can_be_read_by_is_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        form(encodings=["nonsense"], date_formats=["bogus"])
    assert "encodings has 'nonsense'" in str(caught.value)
    assert "date_formats has 'bogus'" in str(caught.value)
    with pytest.raises(DocumentError, match="ships"):
        form(ships="programme")


def test_plugins_share_a_format_or_are_both_named() -> None:
    assert merge_return_formats([("a", form()), ("b", form()), ("c", form(name="other"))]) == [
        form(),
        form(name="other"),
    ]
    with pytest.raises(PluginError, match="b: report of returns monthly: is another one in another plugin"):
        merge_return_formats([("a", form()), ("b", form(grade="A"))])
