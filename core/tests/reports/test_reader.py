"""The family of report readers: each recognises its own files, and accounts for every row."""

from pathlib import Path

import pytest

from aftersale.base.errors import DocumentError
from aftersale.plugins.plugins import load_plugins
from aftersale.reports.health.reading import HealthReader
from aftersale.reports.orders.reading import OrderReader
from aftersale.reports.reader import Reader, RowReport
from aftersale.reports.service_logs.kinds import CLAIMS, MESSAGES, RETURNS, TASKS
from aftersale.testing import reference

PLUGINS = load_plugins((), {"reference": reference})
ORDERS = OrderReader(PLUGINS.marketplaces, PLUGINS.order_formats)
HEALTH = HealthReader(PLUGINS.marketplaces, PLUGINS.health_reports())
FAMILY: dict[str, Reader] = {
    "orders": ORDERS,
    "health": HEALTH,
    "returns": RETURNS,
    "messages": MESSAGES,
    "claims": CLAIMS,
    "tasks": TASKS,
}
FILES = {
    "returns": "order,opened_at\nA,2026-03-02T09:00:00Z\nB,yesterday\nC,2026-03-04T09:00:00Z\n",
    "messages": "order,sender,sent_at\nA,buyer,2026-03-02T09:00:00Z\nA,seller,\n",
    "claims": "order,state,opened_at\nA,denied,2026-03-02T09:00:00Z\n",
    "tasks": "kind,seconds\nreply,300\nreply,soon\n",
}


@pytest.fixture(params=FILES)
def kind(request):
    return request.param


@pytest.fixture
def file(kind, tmp_path) -> Path:
    path = tmp_path / f"{kind}.csv"
    path.write_text(FILES[kind], encoding="utf-8")
    return path


def test_every_row_of_a_table_is_used_or_rejected_with_its_line(kind, file):
    report: RowReport = FAMILY[kind].read(file)
    assert report.source == file.name
    assert report.rows_read == FILES[kind].count("\n") - 1
    assert report.rows_used + report.rows_skipped + len(report.rejected) == report.rows_read
    if kind == "returns":
        assert [str(row) for row in report.rejected] == ["line 3, opened_at: not a date"]


def test_a_reader_recognises_its_own_files_and_refuses_the_others(kind, file):
    recognised = [name for name, reader in FAMILY.items() if reader.recognises(file)]
    # A claim has all that a return has.
    assert recognised == (["returns", "claims"] if kind == "claims" else [kind])
    for name in FAMILY.keys() - set(recognised):
        with pytest.raises(DocumentError):
            FAMILY[name].read(file)


def test_what_is_no_file_is_recognised_by_nobody(tmp_path):
    assert not any(reader.recognises(tmp_path / "absent.csv") for reader in FAMILY.values())
