"""The laws of the house: what `core/docs/architecture.md` promises about rooms and words holds.

Arrows between packages are the business of `lint-imports`, by `[tool.importlinter]` in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "aftersale": ROOT / "core/src/aftersale",
    "aftersale_simulator": ROOT / "simulator/src/aftersale_simulator",
}
TESTS = {"aftersale": ROOT / "core/tests", "aftersale_simulator": ROOT / "simulator/tests"}
MOST_MODULES = 12
HEAVY = {"numpy", "polars", "scipy", "plotly", "simpy", "faker", "distributed", "rich"}
"""What a folder's `__init__` may not import: whoever imports one module of a folder would pay for it."""


def folders() -> list[Path]:
    """Return every folder with Python modules of core and simulator, below the packages' own."""
    inits = (init for package in PACKAGES.values() for init in package.rglob("__init__.py"))
    plugins = {PACKAGES["aftersale"] / "testing/hostile", PACKAGES["aftersale"] / "testing/reference"}
    return sorted({init.parent for init in inits} - plugins - set(PACKAGES.values()))


def modules() -> list[Path]:
    return sorted(file for package in PACKAGES.values() for file in package.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


FOLDERS = pytest.mark.parametrize("folder", folders(), ids=_name)


@FOLDERS
def test_a_folder_has_at_most_twelve_modules(folder: Path) -> None:
    own = [file.name for file in folder.glob("*.py") if file.name != "__init__.py"]
    assert len(own) <= MOST_MODULES


@FOLDERS
def test_a_folder_says_which_question_it_answers_and_who_may_import_it(folder: Path) -> None:
    page = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    question, _, rest = page.partition("\n\n")
    assert question.count("?") == 1
    assert question.endswith("?")
    assert re.search(r"\bmay import it\b|\bloads it\b", rest)


@FOLDERS
def test_a_folder_imports_nothing_heavy_by_itself(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    named = {name.partition(".")[0] for node in tree.body for name in _imported(node)}
    assert named & HEAVY == set()


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module


@pytest.mark.parametrize("package", PACKAGES)
def test_tests_mirror_the_tree(package: str) -> None:
    rooms = {folder.relative_to(PACKAGES[package]) for folder in folders() if folder.is_relative_to(PACKAGES[package])}
    homeless = [
        _name(file)
        for file in TESTS[package].rglob("test_*.py")
        if file.parent != TESTS[package] and file.parent.relative_to(TESTS[package]) not in rooms
    ]
    assert homeless == []


def test_only_the_plugins_folder_calls_hooks() -> None:
    callers = [file for file in modules() if re.search(r"hook_caller|\.hook\.", file.read_text(encoding="utf-8"))]
    assert {file.parent for file in callers} == {PACKAGES["aftersale"] / "plugins"}


def test_only_the_desk_yields_to_simpy() -> None:
    desk = PACKAGES["aftersale_simulator"] / "desk"
    yielding = [file for file in modules() if re.search(r"^import simpy|^from simpy", file.read_text("utf-8"), re.M)]
    assert {file.parent for file in yielding} == {desk}


def test_plugins_come_through_the_door() -> None:
    sources = [*(ROOT / "plugins").glob("*/src/*/*.py"), *(ROOT / "core/src/aftersale/testing/hostile").glob("*.py")]
    imported = {
        name for file in sources for node in ast.parse(file.read_text("utf-8")).body for name in _imported(node)
    }
    assert {name for name in imported if name.startswith("aftersale")} == {"aftersale.plugin"}


WORDS = re.compile(
    r"\b(?:MFN|FBA|SFP)\b"
    r"|[\"'](?:US|CA|MX|UK|GB|DE|FR|IT|ES|NL|SE|PL|BE|IE|TR|JP|CN)[\"']"
    r"|\b(?:Africa|America|Asia|Australia|Europe|Pacific)/[A-Z]"
)
"""Words of the plugins' data: channels, marketplaces, countries, zones."""
EXEMPT = {
    "core/src/aftersale/cli/journals.py": "help of `costs`, which speaks to sellers in their words",
    "core/src/aftersale/cli/plugins.py": "defaults of `plugins new`, shown to the author who changes them",
    "core/src/aftersale/scaffold/new_plugin.py": "the same defaults",
    "core/src/aftersale/clocks/zones.py": "an example in a message",
    "core/src/aftersale/documents/scalars.py": "examples in messages",
    "core/src/aftersale/reports/orders/formats.py": "an example in a message",
}
"""The few files that must name them, with the reason."""


def test_code_names_no_channel_no_marketplace_no_country_and_no_zone() -> None:
    named = {_name(file): WORDS.findall(file.read_text(encoding="utf-8")) for file in modules()}
    assert {file: words for file, words in named.items() if words and file not in EXEMPT} == {}
    assert {file for file in EXEMPT if not named[file]} == set(), "no longer needed"


OPENS = re.compile(r"\.read_(?:bytes|text)\(|\.open\(|(?<![\w.])open\(|\.scan_\w+\(")
OPENERS = {
    "core/src/aftersale/base/files.py": "it bounds what it opens",
    "core/src/aftersale/base/toml_files.py": "resources of packages",
    "core/src/aftersale/cli/program.py": "the null device",
    "core/src/aftersale/journal/soundness.py": "sums of files that were checked, a piece at a time",
    "core/src/aftersale/scaffold/new_plugin.py": "resources of the package",
    "simulator/src/aftersale_simulator/kernel/extension.py": "the kernel's source, whose sum names what is compiled",
    "simulator/src/aftersale_simulator/output_files.py": "folders, to lock them",
    "simulator/src/aftersale_simulator/show/html.py": "resources of the package",
}
"""The few files that open others, with the reason."""


def test_a_users_files_are_opened_in_one_place() -> None:
    openers = {_name(file) for file in modules() if OPENS.search(file.read_text(encoding="utf-8"))}
    assert openers == set(OPENERS)


ARCHITECTURE = (ROOT / "core/docs/architecture.md").read_text(encoding="utf-8")


def test_the_plan_names_every_folder() -> None:
    rooms = {
        folder.relative_to(package)
        for package in PACKAGES.values()
        for folder in folders()
        if package in folder.parents
    }
    assert {room.as_posix() for room in rooms if f"`{room.name}/`" not in ARCHITECTURE} == set()


def test_every_file_that_the_plan_names_is_there() -> None:
    paths = re.findall(r"`([\w./*]+\.(?:py|toml))`", ARCHITECTURE)
    bases = [ROOT, *PACKAGES.values()]
    at_home = {"costs.toml", "rules.toml", "world.toml", "kinds.toml"}
    missing = [path for path in paths if path not in at_home and not any((base / path).is_file() for base in bases)]
    assert len(paths) > 40
    assert missing == []
