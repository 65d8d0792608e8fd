"""Find the Pythons of the matrix before tox runs, and tell afterwards which of its cells ran.

Usage: `python .ci/matrix.py find` prints the directories that PATH lacks, joined as PATH is, and tells on stderr what
was found. `python .ci/matrix.py check FILE` reads what `tox --result-json FILE` wrote, prints every cell, and exits
with 1 when one is to be blamed: see `blame`. Needs nothing but Python 3.8.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FACTOR = re.compile(r"\bpy(\d)(\d+)\b")
ASK = "import sys; print('.'.join(map(str, sys.version_info[:2])))"


def wanted() -> list[str]:
    """Return the Pythons that tox.ini names in its env_list, as `3.11`."""
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    lists = re.findall(r"py\{([\d,]+)\}", tox["tox"]["env_list"])
    factors = {factor for each in lists for factor in each.split(",")}
    return [f"{factor[0]}.{factor[1:]}" for factor in sorted(factors, key=lambda factor: int(factor[1:]))]


def runs(python: str | Path, version: str) -> bool:
    """Tell whether this is a Python of that version which starts: a shim of pyenv may be there and refuse."""
    try:
        ended = subprocess.run([python, "-c", ASK], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return ended.returncode == 0 and ended.stdout.strip() == version


def on_path(version: str) -> Path | None:
    """Return the first Python of this version on the path that starts."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(f"python{version}", path=folder)
        if found is not None and runs(found, version):
            return Path(found)
    return None


def of_pyenv(version: str) -> Path | None:
    """Return pyenv's newest Python of this version that starts; None where there is no pyenv."""
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return None

    def told(*words: str) -> list[str]:
        return subprocess.run([pyenv, *words], capture_output=True, text=True, check=False).stdout.split()

    patches = [name for name in told("versions", "--bare") if re.fullmatch(rf"{re.escape(version)}\.\d+", name)]
    for name in sorted(patches, key=lambda name: int(name.rpartition(".")[2]), reverse=True):
        python = Path(*told("root"), "versions", name, "bin", f"python{version}")
        if runs(python, version):
            return python
    return None


def find() -> int:
    """Print the directories to add to the path."""
    folders = []
    for version in wanted():
        python = on_path(version)
        if python is None and (python := of_pyenv(version)) is not None:
            folders.append(str(python.parent))
        print(f"Python {version}: {python or 'not found on the path or with pyenv'}", file=sys.stderr)
    print(os.pathsep.join(folders))
    return 0


def version_of(cell: str) -> str | None:
    """Return the Python that a cell's name asks for."""
    named = FACTOR.search(cell)
    return None if named is None else f"{named[1]}.{named[2]}"


def ran_on(result: dict[str, Any]) -> str:
    """Return the Python that a cell's commands ran on, as `3.12.1`; nothing where none ran.

    What tox itself tells of a cell's Python is only what it asked for.
    """
    for each in result.get("test", []):
        config = Path(each["command"][0]).parents[1] / "pyvenv.cfg"
        if config.is_file():
            made = re.search(r"^version(?:_info)? *= *([\d.]+)", config.read_text(encoding="utf-8"), re.MULTILINE)
            return made[1] if made else ""
    return ""


def blame(cell: str, result: dict[str, Any], found: dict[str, Path | None], ci: bool) -> str:
    """Return what is wrong with a cell, or nothing.

    A cell that was skipped is wrong where its Python is here, and where the variable CI is set; so is one that ran on
    another Python than that of its name. That a cell failed, tox tells itself.
    """
    version, on = version_of(cell), ran_on(result)
    if not result["result"]["skipped"]:
        right = version is None or not on or f"{on}.".startswith(f"{version}.")
        return "" if right else f"{cell} ran on Python {on}"
    python = found.get(version or "")
    if version is None:
        return f"{cell} did not run"
    if python is not None:
        return f"{cell} did not run, though Python {version} is here: {python}"
    return f"{cell} did not run: no Python {version} is here, and CI is set" if ci else ""


def check(file: Path) -> int:
    """Print every cell with its Python, its time and how it ended; return 1 when one is to be blamed."""
    cells = json.loads(file.read_text(encoding="utf-8"))["testenvs"]
    cells = {cell: result for cell, result in cells.items() if "result" in result}
    found = {version: on_path(version) for version in wanted()}
    print("\nCells:")
    for cell, result in cells.items():
        end = result["result"]
        how = "skipped" if end["skipped"] else "passed" if end["success"] else "failed"
        print(f"  {cell:20} {how:8} {ran_on(result):8} {end['duration']:6.0f} s")
    ci = bool(os.environ.get("CI"))
    wrong = [told for cell, result in cells.items() if (told := blame(cell, result, found, ci))]
    if not cells:
        wrong = ["no cell ran"]
    for told in wrong:
        print(f"Error: {told}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(find() if sys.argv[1] == "find" else check(Path(sys.argv[2])))
