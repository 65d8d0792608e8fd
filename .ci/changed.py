"""Hold the changed lines of the packages to a share that tests must reach.

Usage: `python .ci/changed.py measure FOLDER pytest ...` runs pytest, as it is where no package changed, and else with
the coverage of the modules that did, written to FOLDER/coverage.xml. Tests marked `once` run without it then, after the
others: they are long simulations, which take more than twice as long when their lines are counted. `python
.ci/changed.py report FOLDER` then compares it with the lines that changed.

What changed is told against the first of these that differs from what is checked out: the variable CHANGED_SINCE, the
place where this branch left its upstream or origin's main branch, and the commit before this one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST = 90
"""Per cent of the changed lines that tests must run."""
LONG = "once"
"""The mark of the tests that run without coverage."""
NO_TESTS = 5
"""How pytest ends where it has nothing to run."""
UPSTREAM = ("@{upstream}", "origin/HEAD", "origin/main")
CONFIG = """[run]
data_file = {folder}/data
source =
    {sources}
omit =
    {others}
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


def measure(folder: Path, command: list[str]) -> int:
    """Run pytest, and leave the coverage of the changed modules where there are any."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    since = base()
    mine = changed(since) if since else []
    if mine:
        others = [str(module) for module in modules() if module not in mine]
        sources = sorted({str(next(each for each in module.parents if each.name == "src")) for module in mine})
        config = CONFIG.format(folder=folder, sources="\n    ".join(sources), others="\n    ".join(others))
        (folder / "coveragerc").write_text(config, encoding="utf-8")
        options = ["--cov", f"--cov-config={folder / 'coveragerc'}", f"--cov-report=xml:{folder / 'coverage.xml'}"]
        if "-m" not in command[1:]:
            counted = subprocess.run([*command, *options, "-m", f"not {LONG}"], check=False).returncode
            rest = subprocess.run([*command, "-m", LONG], check=False).returncode
            return counted or (0 if rest == NO_TESTS else rest)
        command += options
    return subprocess.run(command, check=False).returncode


def report(folder: Path) -> int:
    """Tell the share of the changed lines that tests run; return 1 where it is too small."""
    since = base()
    if not since:
        print("No earlier commit is known: nothing to compare with.")
        return 0
    print("Changes are told against", git("log", "-1", "--format=%h %s", since))
    if not changed(since):
        print("No module of a package changed.")
        return 0
    if not (folder / "coverage.xml").is_file():
        print("Nothing was measured: run `tox -e floor,changed`.", file=sys.stderr)
        return 1
    options = [f"--compare-branch={since}", f"--fail-under={LEAST}", "--show-uncovered", "--include-untracked"]
    return subprocess.run(["diff-cover", str(folder / "coverage.xml"), *options], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    place = Path(sys.argv[2]).resolve()
    sys.exit(measure(place, sys.argv[3:]) if sys.argv[1] == "measure" else report(place))
