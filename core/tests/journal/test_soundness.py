import subprocess
from pathlib import Path

import polars as pl
import pytest

from aftersale.base.errors import JournalError
from aftersale.journal import soundness
from aftersale.journal.reading import read_journal
from aftersale.journal.soundness import SUMS, damages
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.testing import fact, order, orders
from aftersale.testing.factories import MONDAY

FLIPPED = 300
"""How many positions of each file are tried; the lengths that make the reader claim petabytes are among the first."""
HINT = "(get the file once more from where it came, or write the journal again)"


@pytest.fixture
def journal(tmp_path):
    folder = tmp_path / "journal"
    folder.mkdir()
    sold = [order(f"O-{number}", purchased_at=MONDAY + number, promised_at=None) for number in range(3)]
    write_table(order_frame(orders(*sold)), folder, "orders")
    write_table(fact_frame([fact("buyer_message", MONDAY + 9, case="M-1", order="O-1")]), folder, "facts")
    return folder


def flipped(content, place, bit=0):
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    return bytes(changed)


def refusal(folder):
    with pytest.raises(JournalError) as caught:
        read_journal(folder)
    return [str(problem).replace(str(folder), "JOURNAL") for problem in caught.value.problems]


def nobody(*_, **__):
    raise OSError("no process can be started")


def test_a_bit_that_is_wrong_anywhere_is_refused_or_read_and_ends_nothing(journal, tmp_path):
    for name in ("orders", "facts"):
        content = (journal / f"{name}.parquet").read_bytes()
        spoilt = [tmp_path / f"{name}-{place}.parquet" for place in range(FLIPPED)]
        for place, path in enumerate(spoilt):
            path.write_bytes(flipped(content, place))
        refused = damages(spoilt)
        assert all(what.startswith(("is damaged: ", "is no Parquet file")) for what in refused.values())
        assert 0 < len(refused) < FLIPPED
        for path in spoilt:
            if path not in refused:
                pl.read_parquet(path)


def test_a_journal_with_a_file_that_ends_its_reader_is_refused_with_what_to_do(journal, monkeypatch):
    (journal / SUMS).unlink()
    monkeypatch.setattr(soundness, "_answers", lambda paths: [])
    assert refusal(journal) == [
        f"JOURNAL/{name}.parquet: is damaged: it makes the program that reads it end {HINT}"
        for name in ("orders", "facts")
    ]


def test_a_file_that_is_cut_short_is_refused_without_being_tried(journal, monkeypatch):
    monkeypatch.setattr(subprocess, "run", nobody)
    file = journal / "facts.parquet"
    content = file.read_bytes()
    damaged = f"JOURNAL/facts.parquet: is damaged: its end is missing, or is not as it was written {HINT}"
    for part, told in (
        (content[:-1], damaged),
        (content[: len(content) // 2], damaged),
        (content[:8] + b"\xff\xff\xff\x7fPAR1", damaged),
        (content[:4], damaged),
        (b"", f"JOURNAL/facts.parquet: is no Parquet file {HINT}"),
        (b"order,marketplace\n", f"JOURNAL/facts.parquet: is no Parquet file {HINT}"),
    ):
        file.write_bytes(part)
        assert refusal(journal) == [told]


def test_a_file_that_may_not_be_read_is_refused(journal, monkeypatch):
    def closed(path, *words, **more):
        if path.suffix == ".parquet":
            raise PermissionError(13, "Permission denied")
        return plain(path, *words, **more)

    plain = type(journal).open
    monkeypatch.setattr(type(journal), "open", closed)
    assert refusal(journal) == [
        f"JOURNAL/{name}.parquet: cannot be read: Permission denied {HINT}" for name in ("orders", "facts")
    ]


def test_files_that_are_as_they_were_written_are_not_tried_and_changed_ones_are(journal, monkeypatch):
    run, tried = subprocess.run, []
    monkeypatch.setattr(subprocess, "run", lambda *words, **more: tried.append(more["input"]) or run(*words, **more))
    assert len(read_journal(journal).facts) == 1
    assert tried == []
    frame = pl.read_parquet(journal / "facts.parquet")
    frame.write_parquet(journal / "facts.parquet", compression="uncompressed")
    assert len(read_journal(journal).facts) == 1
    assert [names.count(".parquet") for names in tried] == [1]
    (journal / SUMS).unlink()
    assert len(read_journal(journal).facts) == 1
    assert [names.count(".parquet") for names in tried] == [1, 2]


def test_sums_are_kept_one_for_each_file_and_can_be_checked_by_others(journal):
    frame = pl.read_parquet(journal / "facts.parquet")
    write_table(frame.head(0), journal, "facts")
    assert [line[64:] for line in (journal / SUMS).read_text().splitlines()] == ["  facts.parquet", "  orders.parquet"]
    assert read_journal(journal).facts == []


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"0  facts.parquet\n"])
def test_sums_that_say_nothing_vouch_for_nothing(journal, monkeypatch, content):
    tried = []
    monkeypatch.setattr(soundness, "_answers", lambda paths: tried.append(list(paths)))
    (journal / SUMS).write_bytes(content)
    read_journal(journal)
    assert tried == [[journal / "orders.parquet", journal / "facts.parquet"]]


def test_where_no_process_can_be_started_files_are_read_here(journal, monkeypatch):
    (journal / SUMS).unlink()
    monkeypatch.setattr(subprocess, "run", nobody)
    assert len(read_journal(journal).facts) == 1
    monkeypatch.undo()
    monkeypatch.setattr("sys.executable", "/bin/echo")
    assert len(read_journal(journal).facts) == 1


def test_no_file_where_the_user_stands_takes_the_place_of_a_module(journal, tmp_path, monkeypatch):
    (journal / SUMS).unlink()
    (tmp_path / "polars.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert soundness._answers([journal / "facts.parquet"]) == [None]


@pytest.mark.parametrize("vouched", [True, False])
def test_a_file_that_nobody_may_read_is_refused(journal, monkeypatch, vouched):
    if not vouched:
        (journal / SUMS).unlink()
    opened = Path.open

    def closed(path, *arguments, **keys):
        if path.name == "facts.parquet":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **keys)

    monkeypatch.setattr(Path, "open", closed)
    assert refusal(journal) == [f"JOURNAL/facts.parquet: cannot be read: Permission denied {HINT}"]
