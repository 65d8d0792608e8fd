import gzip
import io
import os
import socket

import pytest

from aftersale.base import files
from aftersale.base.errors import DocumentError
from aftersale.base.files import (
    DEEPEST,
    LIMIT,
    MEGABYTE,
    MOST,
    MOST_OF_DOCUMENT,
    check,
    check_depth,
    limited,
    most,
    open_bounded,
    read_bounded,
)
from aftersale.base.toml_files import read

READERS = [check, open_bounded, read_bounded]


def refusal(act, path):
    with pytest.raises(DocumentError) as caught:
        act(path)
    return str(caught.value).replace(str(path), "FILE")


def whole(path):
    with open_bounded(path) as content:
        return content.read()


def in_lines(path):
    with open_bounded(path) as content:
        return list(io.TextIOWrapper(content, "utf-8"))


@pytest.mark.parametrize("act", READERS)
def test_a_pipe_is_refused_before_it_is_opened(tmp_path, act):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    hint = "(name a file; what a pipe or a device yields, save to a file first)"
    assert refusal(act, path) == f"FILE: is a pipe {hint}"
    link = tmp_path / "link"
    link.symlink_to(path)
    assert refusal(act, link) == f"FILE: is a pipe {hint}"


@pytest.mark.parametrize("act", READERS)
def test_a_folder_a_device_and_a_socket_are_refused(tmp_path, monkeypatch, act):
    monkeypatch.chdir(tmp_path)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        assert refusal(act, tmp_path / "socket").startswith("FILE: is a socket (")
    assert refusal(act, tmp_path).startswith("FILE: is a folder (")
    assert refusal(act, type(tmp_path)("/dev/null")).startswith("FILE: is a device (")


@pytest.mark.parametrize("act", READERS)
def test_what_is_not_there_is_left_to_the_reader_to_tell(tmp_path, act):
    with pytest.raises(FileNotFoundError):
        act(tmp_path / "none")


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    assert refusal(check, tmp_path / "a\0b").endswith("is no name that a file can have (name a file)")


@pytest.mark.parametrize("act", [whole, in_lines])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_as_many_bytes_as_the_limit_are_read_and_one_more_is_refused(tmp_path, act, pack):
    path = tmp_path / "table"
    with limited(MEGABYTE):
        path.write_bytes(pack(b"0123456\n" * (MEGABYTE // 8)))
        assert len(act(path)) in (MEGABYTE, MEGABYTE // 8)
        path.write_bytes(pack(b"0123456\n" * (MEGABYTE // 8) + b"\n"))
        what = "is larger" if pack is bytes else "holds more, unpacked,"
        hint = f"(if it is meant to be so large, set {LIMIT} to more, such as {LIMIT}=2)"
        assert refusal(act, path) == f"FILE: {what} than the limit of 1 MB {hint}"


def test_members_of_a_packed_file_count_together_and_reading_stops_at_the_limit(tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b"\0" * MEGABYTE) * 500)
    with limited(3 * MEGABYTE), open_bounded(path) as content:
        with pytest.raises(DocumentError, match="limit of 3 MB"):
            content.read()
        assert content._content.tell() == 3 * MEGABYTE + 1


def test_a_file_that_grows_after_it_was_looked_at_is_refused(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"1\n")
    with limited(MEGABYTE), open_bounded(path) as content:
        path.write_bytes(b"1\n" * MEGABYTE)
        with pytest.raises(DocumentError, match="limit of 1 MB"):
            content.read()


def test_a_document_has_a_smaller_limit_of_its_own(tmp_path):
    assert (most(), most(MOST_OF_DOCUMENT)) == (MOST, MOST_OF_DOCUMENT)
    path = tmp_path / "x.toml"
    with path.open("wb") as file:
        file.truncate(MOST_OF_DOCUMENT + 1)
    check(path)
    assert "than the limit of 64 MB" in refusal(read_bounded, path)
    assert "than the limit of 64 MB" in refusal(read, path)


def test_a_limit_holds_for_tables_and_documents_and_ends_with_its_block(tmp_path):
    with limited(3):
        assert (most(), most(MOST_OF_DOCUMENT)) == (3, 3)
        with limited(None):
            assert most() == 3
    assert most() == MOST


@pytest.mark.parametrize("text", [b"a = [1, 2, 3]\n", b"\n\n\n"])
def test_a_document_has_as_many_lines_and_commas_as_it_may_have_values(tmp_path, monkeypatch, text):
    path = tmp_path / "some.toml"
    path.write_bytes(text)
    monkeypatch.setattr(files, "MOST_PARTS", 2)
    with limited(1280):
        assert "has more than 2 lines and commas (" in refusal(read, path)
        assert LIMIT in refusal(read_bounded, path)
    with limited(1920):
        assert read_bounded(path) == text


def test_a_document_is_as_deep_as_it_may_be_and_not_deeper():
    value = 1
    for step in range(DEEPEST):
        value = [value, 2] if step % 2 else {"inner": value}
    check_depth(value)
    with pytest.raises(RecursionError):
        check_depth([value])
