"""Hold the changed lines of the packages to a share that tests must reach.

Usage: `python .ci/changed.py measure FOLDER CELL pytest ...` runs pytest, as it is where no package changed, and else
with the coverage of the modules that did, left in FOLDER/CELL. `python .ci/changed.py report FOLDER` then puts together
what the cells left, and compares it with the lines that changed.

Cells of Python 3.12 and later measure: there Python itself counts the lines (PEP 669), which costs next to nothing; on
earlier ones a simulation takes more than twice as long when its lines are counted, and nothing is measured.

What changed is told against the first of these that differs from what is checked out: the variable CHANGED_SINCE, the
place where this branch left its upstream or origin's main branch, and the commit before this one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST = 90
"""Per cent of the changed lines that tests must run."""
COUNTS_BY_ITSELF = (3, 12)
"""The first Python that counts lines by itself."""
UPSTREAM = ("@{upstream}", "origin/HEAD", "origin/main")
CONFIG = """[run]
data_file = {folder}/data
core = sysmon
include =
    {modules}
[paths]
{roots}
[report]
exclude_also =
    if TYPE_CHECKING:
    if __name__ == .__main__.:
    @overload
    \\.\\.\\.$
"""


def git(*words: str) -> str:
    """Return what git prints, or nothing where it refuses or is not there."""
    program = shutil.which("git")
    if program is None:
        return ""
    return subprocess.run([program, "-C", ROOT, *words], capture_output=True, text=True, check=False).stdout.strip()


def base() -> str:
    """Return the commit that changes are told against, or nothing where there is none."""
    named = os.environ.get("CHANGED_SINCE", "")
    if named:
        found = git("merge-base", named, "HEAD")
        if not found:
            sys.exit(f"CHANGED_SINCE={named}: git knows no such commit")
        return found
    head, before = (git("rev-parse", "--verify", "--quiet", commit) for commit in ("HEAD", "HEAD~1"))
    left = (git("merge-base", branch, "HEAD") for branch in UPSTREAM)
    return next((commit for commit in left if commit not in ("", head)), before)


def modules() -> list[Path]:
    """Return every module of every package."""
    return sorted(file for file in ROOT.glob("**/src/**/*.py") if not file.relative_to(ROOT).parts[0].startswith("."))


def changed(since: str) -> list[Path]:
    """Return the modules that changed since a commit, those not committed among them."""
    told = git("diff", "--name-only", "--diff-filter=d", since).splitlines()
    told += git("ls-files", "--others", "--exclude-standard").splitlines()
    return [module for module in modules() if module.relative_to(ROOT).as_posix() in told]


def counts_lines() -> bool:
    """Tell whether this Python counts lines by itself, and what reads them is here."""
    return sys.version_info >= COUNTS_BY_ITSELF and find_spec("pytest_cov") is not None


def config(folder: Path, mine: list[Path]) -> Path:
    """Write how coverage counts the lines of some modules, whether they run from here or from a wheel."""
    packages = sorted({package(module) for module in mine})
    roots = "\n".join(f"{root.name} =\n    {root}\n    */site-packages/{root.name}" for root in packages)
    patterns = "\n    ".join(f"*/{module.relative_to(package(module).parent).as_posix()}" for module in mine)
    file = folder / "coveragerc"
    file.write_text(CONFIG.format(folder=folder, modules=patterns, roots=roots), encoding="utf-8")
    return file


def package(module: Path) -> Path:
    """Return the folder of the import package that a module belongs to."""
    source = next(parent for parent in module.parents if parent.name == "src")
    return source / module.relative_to(source).parts[0]


def measure(folder: Path, command: list[str]) -> int:
    """Run pytest, and leave the coverage of the changed modules where there are any."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    since = base() if counts_lines() else ""
    mine = changed(since) if since else []
    options = ["--cov", f"--cov-config={config(folder, mine)}", "--cov-report="] if mine else []
    return subprocess.run([*command, *options], check=False).returncode


def written_as_xml(folder: Path, mine: list[Path]) -> Path:
    """Put together what the cells measured; a module that none of them imported has no line run."""
    from coverage import Coverage

    coverage = Coverage(data_file=folder / "data", config_file=str(config(folder, mine)))
    coverage.combine([str(cell) for cell in folder.glob("*/data")], keep=True)
    coverage.get_data().touch_files(map(str, mine))
    file = folder / "coverage.xml"
    coverage.xml_report(outfile=str(file))
    return file


def report(folder: Path) -> int:
    """Tell the share of the changed lines that tests run; return 1 where it is too small."""
    since = base()
    if not since:
        print("No earlier commit is known: nothing to compare with.")
        return 0
    print("Changes are told against", git("log", "-1", "--format=%h %s", since))
    mine = changed(since)
    if not mine:
        print("No module of a package changed.")
        return 0
    if not list(folder.glob("*/data")):
        print("Nothing was measured: run the cells of `changed` in tox.ini first, with their Python.", file=sys.stderr)
        return 1
    file = written_as_xml(folder, mine)
    options = [f"--compare-branch={since}", f"--fail-under={LEAST}", "--show-uncovered", "--include-untracked"]
    return subprocess.run(["diff-cover", str(file), *options], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    place = Path(sys.argv[2]).resolve()
    sys.exit(measure(place / sys.argv[3], sys.argv[4:]) if sys.argv[1] == "measure" else report(place))
