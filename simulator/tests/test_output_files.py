"""Output files: what cannot be written is refused before a run, whole or not at all, and killed runs leave nothing."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aftersale.base.errors import DocumentError, Problem
from aftersale_simulator.output_files import Outputs, check_file, check_free, new_folder, write_file, write_folder


def refusal(path: Path) -> str:
    """Return why a folder is refused, without its name."""
    with pytest.raises(DocumentError) as caught:
        check_free(path)
    return str(caught.value).removeprefix(f"{path}: ")


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """Let no file grow over a size: the system refuses that as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_trial_leaves_nothing_not_even_the_parents_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    check_free(tmp_path / "a" / "b" / "out")
    check_free(tmp_path / "empty")
    check_file(tmp_path / "page.html")
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_full_disk_is_told_before_the_run(tmp_path: Path) -> None:
    with little_room(1000):
        folder = refusal(tmp_path / "a" / "out")
        with pytest.raises(DocumentError) as file:
            check_file(tmp_path / "page.html")
    assert folder == "cannot be written: File too large (name another folder; nothing was written)"
    assert str(file.value).endswith(": cannot be written: File too large (name another file; nothing was written)")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_make_way_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert refusal(Path()) == "is the folder that you are in (name a new folder in it; nothing was written)"
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "disk")
    assert refusal(tmp_path / "disk") == "is where a disk is mounted (name a new folder in it; nothing was written)"

    def busy(path: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "rename", busy)
    (tmp_path / "used").mkdir()
    why = refusal(tmp_path / "used")
    assert why == "cannot be written: Device or resource busy (name another folder; nothing was written)"


def test_links_stay_and_what_they_point_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    for name in ("folder", "page.html"):
        (tmp_path / name).symlink_to(tmp_path / "far" / name)
    check_free(tmp_path / "folder")
    write_folder(tmp_path / "folder", {"a.txt": "a"})
    write_file(tmp_path / "page.html", "old")
    write_file(tmp_path / "page.html", "new")
    assert all((tmp_path / name).is_symlink() for name in ("folder", "page.html"))
    assert [(tmp_path / "far" / name).read_text() for name in ("folder/a.txt", "page.html")] == ["a", "new"]
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    assert refusal(tmp_path / "ring").startswith("cannot be written: ")


def test_a_device_is_not_written_over() -> None:
    with pytest.raises(DocumentError) as caught:
        check_file(Path("/dev/null"))
    why = "is a device, or mounted (name a file that is new or may be replaced; nothing was written)"
    assert str(caught.value) == f"/dev/null: {why}"


def test_a_draft_is_removed_by_the_next_run_when_its_own_has_ended(tmp_path: Path) -> None:
    (tmp_path / ".out.killed_1.part").mkdir()
    (tmp_path / ".out.killed_1.part" / "whatif.json").write_text("{", encoding="utf-8")
    (tmp_path / ".out.mine.part").mkdir()  # no name of ours
    out = tmp_path / "out"
    with new_folder(out) as draft:
        assert {path.name for path in tmp_path.iterdir()} == {".out.mine.part", draft.name}
        check_free(out)  # another run begins meanwhile: this draft is in use
        (draft / "a.txt").write_text("a", encoding="utf-8")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        ".out.mine.part",
        "out",
        "out/a.txt",
    ]


def test_outputs_keep_what_fails_until_all_was_tried(tmp_path: Path) -> None:
    outputs = Outputs()
    with outputs.attempt(tmp_path / "none" / "a.html"):
        write_file(tmp_path / "none" / "a.html", "a")
    with outputs.attempt(tmp_path / "b.html"):
        write_file(tmp_path / "b.html", "b")
    assert outputs.written == [tmp_path / "b.html"]
    with pytest.raises(DocumentError) as caught:
        outputs.raise_problems()
    path = str(tmp_path / "none" / "a.html")
    hint = "make the folder first; nothing was written"
    assert caught.value.problems == (Problem(path, "", "is in a folder that is not there", hint),)
