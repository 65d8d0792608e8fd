"""Rows: all of them are accounted for, however many are left out."""

from pathlib import Path

import pytest

from aftersale.base.errors import DocumentError
from aftersale.base.files import MEGABYTE, limited
from aftersale.reports import reader
from aftersale.reports.service_logs.kinds import TASKS
from aftersale.reports.sheets import rows


def tasks(folder: Path, *lines: str) -> Path:
    path = folder / "tasks.csv"
    path.write_text("\n".join(["kind,seconds", *lines, ""]), encoding="utf-8")
    return path


def test_of_each_reason_the_first_rows_are_kept_and_all_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "KEPT", 2)
    report = TASKS.read(tasks(tmp_path, *[""] * 4, *["reply"] * 3, *["reply,soon"] * 5, *["reply,"] * 2, "reply,480"))
    assert (report.rows_read, report.rows_used, report.rows_skipped, report.rows_rejected) == (15, 1, 4, 10)
    assert report.skips.counts == {"an empty row": 4}
    assert report.rejections.by_cause() == {
        "seconds: no clear number of seconds": 5,
        "1 columns instead of 2": 3,
        "seconds: no value": 2,
    }
    assert [row.line for row in report.rejected] == [6, 7, 9, 10, 14, 15]


def test_a_file_of_more_rows_than_any_holds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "MOST_ROWS", 3)
    monkeypatch.setattr(rows, "_SIZE", MEGABYTE)
    file = tasks(tmp_path, "reply,1", "", "reply,2", "reply,3")
    with limited(3 * MEGABYTE), pytest.raises(DocumentError) as caught:
        TASKS.read(file)
    assert [problem.what for problem in caught.value.problems] == ["has more than 3 rows"]
    assert "AFTERSALE_MOST_MB" in str(caught.value)
    with limited(4 * MEGABYTE):
        assert TASKS.read(file).rows_read == 4
