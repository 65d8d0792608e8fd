"""What `.ci/run` makes of cells that did not run, and what `.ci/changed.py` takes for changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / ".ci"
posix = pytest.mark.skipif(os.name == "nt", reason="the scripts of this test are for a POSIX shell")


def script(name: str) -> Any:
    spec = spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


matrix, changed = script("matrix"), script("changed")


def test_the_pythons_of_the_matrix_are_those_of_the_list_of_environments() -> None:
    assert matrix.wanted() == ["3.11", "3.12", "3.13"]


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@posix
def test_a_python_behind_a_shim_that_refuses_is_found_with_pyenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    executable(tmp_path / "shims/python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    older = executable(tmp_path / "root/versions/3.13.2/bin/python3.13", "echo 3.13")
    newer = executable(tmp_path / "root/versions/3.13.10/bin/python3.13", "echo 3.13")
    executable(tmp_path / "root/versions/3.13.11/bin/python3.13", "exit 1")
    names = "3.13.2 3.13.10 3.13.11 3.13-dev 3.13.2/envs/other system"
    told = f'test "$1" = root && echo {tmp_path}/root || printf "%s\\n" {names}'
    executable(tmp_path / "shims/pyenv", told)
    monkeypatch.setattr(matrix, "wanted", lambda: ["3.13"])
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path / "shims"), "/usr/bin", "/bin")))
    if matrix.on_path("3.13") is not None:
        pytest.skip("the system has a Python 3.13 of its own")
    assert matrix.find() == 0
    assert capsys.readouterr().out == f"{newer.parent}\n"
    monkeypatch.setenv("PATH", os.pathsep.join((os.environ["PATH"], str(older.parent))))
    assert matrix.on_path("3.13") == older
    assert matrix.find() == 0
    assert capsys.readouterr().out == "\n"


def test_a_python_that_is_nowhere_is_told_and_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matrix, "wanted", lambda: ["3.12"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert matrix.find() == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("\n", "Python 3.12: not found on the path or with pyenv\n")


def cell(skipped: bool = False, success: bool = True) -> dict[str, Any]:
    return {"result": {"skipped": skipped, "success": success, "duration": 1.0}}


HERE = {"3.12": Path("/usr/bin/python3.12"), "3.13": None}


@pytest.mark.parametrize(
    ("name", "result", "ci", "told"),
    [
        ("core-py312", cell(), True, ""),
        ("core-py312", cell(success=False), True, ""),
        ("core-py312", cell(skipped=True), False, "core-py312 did not run, though Python 3.12 is here: "),
        ("core-py313", cell(skipped=True), False, ""),
        ("core-py313", cell(skipped=True), True, "core-py313 did not run: no Python 3.13 is here, and CI is set"),
        ("floor", cell(skipped=True), False, "floor did not run"),
    ],
)
def test_a_cell_is_blamed_that_was_skipped_though_its_python_is_here_or_in_ci(
    name: str, result: dict[str, Any], ci: bool, told: str
) -> None:
    found = matrix.blame(name, result, HERE, ci)
    assert found.startswith(told)
    assert bool(found) == bool(told)


def test_every_cell_is_printed_and_one_that_ran_on_another_python_is_blamed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.11.7\n", encoding="utf-8")
    ran = [{"command": [str(tmp_path / "env/bin/pytest"), "tests"]}]
    cells = {"core-py312": {**cell(), "test": ran}, "lint": {**cell(success=False), "test": ran}, ".pkg": {}}
    (tmp_path / "cells.json").write_text(json.dumps({"testenvs": cells}), encoding="utf-8")
    assert matrix.check(tmp_path / "cells.json") == 1
    told = capsys.readouterr()
    assert [line.split()[:3] for line in told.out.splitlines()[2:]] == [
        ["core-py312", "passed", "3.11.7"],
        ["lint", "failed", "3.11.7"],
    ]
    assert told.err == "Error: core-py312 ran on Python 3.11.7\n"


def test_no_cell_at_all_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cells.json").write_text('{"testenvs": {}}', encoding="utf-8")
    assert matrix.check(tmp_path / "cells.json") == 1
    assert capsys.readouterr().err == "Error: no cell ran\n"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit and no upstream, in the place of this one."""
    if shutil.which("git") is None:
        pytest.skip("no git here")
    monkeypatch.setattr(changed, "ROOT", tmp_path)
    monkeypatch.delenv("CHANGED_SINCE", raising=False)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ann@example.com")
    git(tmp_path, "init", "--quiet", "--initial-branch=work")
    commit(tmp_path, "core/src/one.py")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path, file: str) -> str:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"x = {len(file)}\n", encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", file)
    return git(folder, "rev-parse", "HEAD")


def test_changes_are_told_against_the_commit_before_where_no_branch_is_left(clone: Path) -> None:
    assert changed.base() == ""
    first = git(clone, "rev-parse", "HEAD")
    commit(clone, "core/src/two.py")
    assert changed.base() == first
    assert changed.changed(first) == [clone / "core/src/two.py"]


def test_changes_are_told_against_where_the_branch_left_or_what_is_named(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = git(clone, "rev-parse", "HEAD")
    git(clone, "update-ref", "refs/remotes/origin/main", first)
    second = commit(clone, "core/src/two.py")
    commit(clone, "core/tests/test_two.py")
    (clone / "core/src/three.py").write_text("x = 3\n", encoding="utf-8")
    assert changed.base() == first
    assert changed.changed(first) == [clone / "core/src/three.py", clone / "core/src/two.py"]
    monkeypatch.setenv("CHANGED_SINCE", second)
    assert changed.base() == second
    monkeypatch.setenv("CHANGED_SINCE", "nowhere")
    with pytest.raises(SystemExit, match="CHANGED_SINCE=nowhere: git knows no such commit"):
        changed.base()


ARGUMENTS = "import sys; open(sys.argv[1], 'w').write(' '.join(sys.argv[2:])); sys.exit(len(sys.argv))"


def test_pytest_runs_as_it_is_where_no_package_changed(clone: Path, tmp_path: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    commit(clone, "README.md")
    assert changed.base() == first
    told, folder = tmp_path / "told.txt", tmp_path / "lines"
    assert changed.measure(folder / "core", [sys.executable, "-c", ARGUMENTS, str(told), "tests"]) == 3
    assert told.read_text(encoding="utf-8") == "tests"
    assert changed.report(folder) == 0
    commit(clone, "core/src/pack/two.py")
    assert changed.report(folder) == 1, "nothing was measured"


@pytest.mark.parametrize("counts", [True, False])
def test_lines_are_counted_by_a_python_that_does_so_by_itself(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: bool
) -> None:
    commit(clone, "core/src/pack/two.py")
    monkeypatch.setattr(changed, "counts_lines", lambda: counts)
    told, cell = tmp_path / "told.txt", tmp_path / "lines" / "core"
    changed.measure(cell, [sys.executable, "-c", ARGUMENTS, str(told), "tests"])
    options = f" --cov --cov-config={cell / 'coveragerc'} --cov-report=" if counts else ""
    assert told.read_text(encoding="utf-8") == f"tests{options}"


def test_what_several_cells_ran_is_put_together_and_what_none_imported_has_no_line_run(
    clone: Path, tmp_path: Path
) -> None:
    coverage = pytest.importorskip("coverage")
    if sys.version_info < changed.COUNTS_BY_ITSELF:
        pytest.skip("this Python does not count lines by itself")
    modules = [commit(clone, f"core/src/pack/{name}.py") and clone / f"core/src/pack/{name}.py" for name in "abc"]
    here, wheel = modules[0], tmp_path / "venv/site-packages/pack/b.py"
    wheel.parent.mkdir(parents=True)
    shutil.copy(modules[1], wheel)
    for name, module in (("core", here), ("wheels", wheel)):
        cell = tmp_path / "lines" / name
        cell.mkdir(parents=True)
        lines = coverage.CoverageData(cell / "data")
        lines.add_lines({str(module): [1]})
        lines.write()
        lines.close()
    # In a process of its own: coverage leaves connections to its files open.
    call = "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import changed; " + (
        "changed.written_as_xml(*map(Path, sys.argv[2:3]), list(map(Path, sys.argv[3:])))"
    )
    subprocess.run([sys.executable, "-c", call, SCRIPTS, tmp_path / "lines", *modules], check=True)
    report = (tmp_path / "lines/coverage.xml").read_text(encoding="utf-8")
    rates = re.findall(r'filename="[^"]*(\w)\.py" .*?line-rate="(\d)"', report)
    assert rates == [("a", "1"), ("b", "1"), ("c", "0")]
