"""One name, several spellings, many tables: they agree, and a distribution uses only what it declares.

A distribution is a folder with a pyproject.toml: core, simulator, or one under plugins/. Its folder's name
gives its distribution, import and entry-point names, and one line in every table of the root files.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import tomli
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent


@attrs.frozen
class Member:
    """A distribution's folder, relative to the root, and the names that follow from it."""

    folder: str

    @property
    def name(self) -> str:
        """The folder's own name: also its tox environment and its entry point."""
        return self.folder.rpartition("/")[2]

    @property
    def imports(self) -> str:
        """The import package."""
        return "aftersale" if self.folder == "core" else f"aftersale_{self.name}"

    @property
    def distribution(self) -> str:
        """The name that pip knows."""
        return self.imports.replace("_", "-")

    @property
    def extra(self) -> str:
        """What tox installs beside it: core brings the tools of the tests."""
        return "[testing]" if self.folder == "core" else ""


def members(root: Path) -> list[Member]:
    """Return every distribution that the folders declare, whatever the tables say."""
    folders = {path.parent for path in root.glob("*/pyproject.toml")} | {root / "core", root / "simulator"}
    folders |= {path for path in (root / "plugins").iterdir() if path.is_dir()}
    visible = (path for path in folders if not path.name.startswith((".", "_")))
    return [Member(path.relative_to(root).as_posix()) for path in sorted(visible)]


def missing_lines(root: Path) -> list[str]:
    """Return one message for each line or file that a distribution lacks, or that belongs to none."""
    found = members(root)
    messages = [message for member in found for message in _missing_in_member(root, member)]
    return [*messages, *_table_mistakes(root, found)]


def _missing_in_member(root: Path, member: Member) -> Iterator[str]:
    package = f"src/{member.imports}"
    for needed in ("README.md", "CHANGELOG.md", f"{package}/__init__.py", f"{package}/py.typed"):
        if not (root / member.folder / needed).is_file():
            yield f"{member.folder}/{needed}: add this file"
    if not list((root / member.folder / "tests").rglob("test_*.py")):
        yield f"{member.folder}/tests: add a test_*.py file"
    file = f"{member.folder}/pyproject.toml"
    if not (root / file).is_file():
        yield f"{file}: add this file"
        return
    written = tomli.loads((root / file).read_text(encoding="utf-8"))
    for where, line, there in _own_lines(member, written):
        if not there:
            yield f"{file}: {where} lacks the line `{line}`"


def _own_lines(member: Member, written: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield table, line and whether it is there, for each line that a member's own pyproject.toml needs."""
    project = written["project"]
    yield "[project]", f'name = "{member.distribution}"', project["name"] == member.distribution
    build = written.get("tool", {}).get("hatch", {}).get("build", {}).get("targets", {}).get("wheel", {})
    packages = [f"src/{member.imports}"]
    yield (
        "[tool.hatch.build.targets.wheel]",
        f'packages = ["{packages[0]}"]',
        build.get("packages") == packages,
    )
    if member.folder == "core":
        return
    points = project.get("entry-points", {}).get("aftersale", {})
    yield (
        "[project.entry-points.aftersale]",
        f'{member.name} = "{member.imports}"',
        points == {member.name: member.imports},
    )
    core = "aftersale>=0.1,<0.2"
    yield "[project] dependencies", f'"{core}"', core in project.get("dependencies", [])


def _table_mistakes(root: Path, found: list[Member]) -> Iterator[str]:
    """Compare every table of the root files with the folders, both ways."""
    for table, written in _tables(root).items():
        wanted = [line for member in found if (line := _line(table, member)) is not None]
        yield from (f"{table} lacks the line `{line}`" for line in wanted if line not in written)
        yield from (f"{table} names no folder: `{line}`" for line in written if line not in wanted)
    patterns = _root(root)["tool"]["uv"]["workspace"]["members"]
    for member in found:
        if not any(fnmatch(member.folder, pattern) for pattern in patterns):
            yield f"{WORKSPACE} lacks the line `{member.folder}`"


WORKSPACE = "pyproject.toml: [tool.uv.workspace] members"
DEPENDENCIES = "pyproject.toml: [project] dependencies"
SOURCES = "pyproject.toml: [tool.uv.sources]"
TYPED = "pyproject.toml: [tool.mypy] packages"
ENVIRONMENTS = "tox.ini: [tox] env_list"
LOCAL = "tox.ini: [local]"
INSTALLED = "tox.ini: [testenv] deps"
TESTED = "tox.ini: [testenv] commands"
ALL_PLUGINS = "tox.ini: [local] plugins"
JOINT_ENVIRONMENTS = {"pluggy-{oldest,newest}", "wheels", "floor", "types", "lint", "changed"}
PYTHONS = "py{311,312,313}"


def _line(table: str, member: Member) -> str | None:
    """Return the line that a distribution needs in a table of the root files; None where it needs none."""
    if (table == INSTALLED and member.folder == "core") or (
        table == ALL_PLUGINS and not member.folder.startswith("plugins/")
    ):
        return None
    return {
        DEPENDENCIES: f"{member.distribution} @ {{root:uri}}/{member.folder}",
        SOURCES: f"{member.distribution} = {{ workspace = true }}",
        TYPED: member.imports,
        ENVIRONMENTS: f"{member.name}-{PYTHONS}",
        LOCAL: f"{member.name} = -e {{tox_root}}/{member.folder}{member.extra}",
        ALL_PLUGINS: f"{{[local]{member.name}}}",
        INSTALLED: f"{member.name}: {{[local]{member.name}}}",
        TESTED: f"{member.name}: {{[run]measured}} {{posargs:{{[run]most}} {member.folder}/tests}}",
    }[table]


def _tables(root: Path) -> dict[str, list[str]]:
    """Return the lines that stand in each table of the root files."""
    written = _root(root)
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(root / "tox.ini", encoding="utf-8")
    workspace = {"workspace": True}
    sources = [name for name, source in written["tool"]["uv"]["sources"].items() if source == workspace]
    environments = tox["tox"]["env_list"].split()
    local = [f"{name} = {line}" for name, line in tox["local"].items() if name != "plugins"]
    general = {"{[local]core}", "{[run]tools}", "py313: {[run]counting}"}
    return {
        DEPENDENCIES: written["project"]["dependencies"],
        SOURCES: [f"{name} = {{ workspace = true }}" for name in sources],
        TYPED: written["tool"]["mypy"]["packages"],
        ENVIRONMENTS: [name for name in environments if name not in JOINT_ENVIRONMENTS],
        LOCAL: local,
        ALL_PLUGINS: tox["local"]["plugins"].split(),
        INSTALLED: [line for line in tox["testenv"]["deps"].strip().split("\n") if line not in general],
        TESTED: tox["testenv"]["commands"].strip().split("\n"),
    }


def _root(root: Path) -> dict[str, Any]:
    return tomli.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the repository that a test may change."""
    unneeded = shutil.ignore_patterns(".*", "__pycache__", "dist")
    return Path(shutil.copytree(ROOT, tmp_path / "tree", ignore=unneeded))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _add_house_plugin(tree: Path) -> None:
    jp = (tree / "plugins/amazon_jp/pyproject.toml").read_text(encoding="utf-8")
    house = jp.replace("aftersale-amazon-jp", "aftersale-house").replace("amazon_jp", "house")
    _write(tree / "plugins/house/pyproject.toml", house)
    package = "plugins/house/src/aftersale_house"
    for file in (f"{package}/__init__.py", f"{package}/py.typed"):
        _write(tree / file, "")
    for file in ("README.md", "CHANGELOG.md", "tests/test_house.py"):
        _write(tree / "plugins/house" / file, "")


def _new(tree: Path) -> list[str]:
    """Return the messages about a changed copy that the repository itself does not get."""
    before = missing_lines(ROOT)
    return [message for message in missing_lines(tree) if message not in before]


def test_every_distribution_has_its_files_and_its_line_in_every_table() -> None:
    assert missing_lines(ROOT) == []


def test_a_sixth_distribution_is_told_each_line_it_lacks_in_the_root_files(tree: Path) -> None:
    _add_house_plugin(tree)
    assert _new(tree) == [
        "pyproject.toml: [project] dependencies lacks the line `aftersale-house @ {root:uri}/plugins/house`",
        "pyproject.toml: [tool.uv.sources] lacks the line `aftersale-house = { workspace = true }`",
        "pyproject.toml: [tool.mypy] packages lacks the line `aftersale_house`",
        "tox.ini: [tox] env_list lacks the line `house-py{311,312,313}`",
        "tox.ini: [local] lacks the line `house = -e {tox_root}/plugins/house`",
        "tox.ini: [local] plugins lacks the line `{[local]house}`",
        "tox.ini: [testenv] deps lacks the line `house: {[local]house}`",
        "tox.ini: [testenv] commands lacks the line `house: {[run]measured} {posargs:{[run]most} plugins/house/tests}`",
    ]


def test_an_empty_folder_is_told_each_file_it_lacks(tree: Path) -> None:
    (tree / "plugins/house").mkdir()
    assert [message for message in _new(tree) if message.startswith("plugins/")] == [
        "plugins/house/README.md: add this file",
        "plugins/house/CHANGELOG.md: add this file",
        "plugins/house/src/aftersale_house/__init__.py: add this file",
        "plugins/house/src/aftersale_house/py.typed: add this file",
        "plugins/house/tests: add a test_*.py file",
        "plugins/house/pyproject.toml: add this file",
    ]


def test_a_distribution_with_a_name_of_its_own_is_told_its_name_and_entry_point(tree: Path) -> None:
    _add_house_plugin(tree)
    (tree / "plugins/house").rename(tree / "plugins/villa")
    own = [message for message in _new(tree) if message.startswith("plugins/villa/pyproject.toml")]
    table = "plugins/villa/pyproject.toml: "
    assert own == [
        f'{table}[project] lacks the line `name = "aftersale-villa"`',
        f'{table}[tool.hatch.build.targets.wheel] lacks the line `packages = ["src/aftersale_villa"]`',
        f'{table}[project.entry-points.aftersale] lacks the line `villa = "aftersale_villa"`',
    ]


def test_a_distribution_outside_the_workspace_folders_is_told_so(tree: Path) -> None:
    _add_house_plugin(tree)
    (tree / "plugins/house").rename(tree / "house")
    line = "pyproject.toml: [tool.uv.workspace] members lacks the line `house`"
    assert line in _new(tree)


def test_a_removed_distribution_leaves_no_line_behind(tree: Path) -> None:
    shutil.rmtree(tree / "plugins/amazon_jp")
    assert _new(tree) == [
        "pyproject.toml: [project] dependencies names no folder: `aftersale-amazon-jp @ {root:uri}/plugins/amazon_jp`",
        "pyproject.toml: [tool.uv.sources] names no folder: `aftersale-amazon-jp = { workspace = true }`",
        "pyproject.toml: [tool.mypy] packages names no folder: `aftersale_amazon_jp`",
        "tox.ini: [tox] env_list names no folder: `amazon_jp-py{311,312,313}`",
        "tox.ini: [local] names no folder: `amazon_jp = -e {tox_root}/plugins/amazon_jp`",
        "tox.ini: [local] plugins names no folder: `{[local]amazon_jp}`",
        "tox.ini: [testenv] deps names no folder: `amazon_jp: {[local]amazon_jp}`",
        "tox.ini: [testenv] commands names no folder: "
        "`amazon_jp: {[run]measured} {posargs:{[run]most} plugins/amazon_jp/tests}`",
    ]


MEMBERS = pytest.mark.parametrize("member", members(ROOT), ids=lambda member: member.name)


@cache
def _project(member: Member) -> dict[str, Any]:
    text = (ROOT / member.folder / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomli.loads(text)["project"]
    return project


@MEMBERS
def test_installed_entry_points_are_those_that_the_pyproject_declares(member: Member) -> None:
    project = _project(member)
    groups = {"console_scripts": project.get("scripts", {}), **project.get("entry-points", {})}
    declared = {(group, name, value) for group, lines in groups.items() for name, value in lines.items()}
    installed = metadata.distribution(member.distribution).entry_points
    assert {(point.group, point.name, point.value) for point in installed} == declared, "run `tox -r`"


@MEMBERS
def test_installed_requirements_are_those_that_the_pyproject_declares(member: Member) -> None:
    project = _project(member)
    optional = [line for lines in project.get("optional-dependencies", {}).values() for line in lines]
    declared = {_bound(line) for line in [*project["dependencies"], *optional]}
    installed = metadata.requires(member.distribution) or []
    assert {_bound(line) for line in installed} == declared, "run `tox -r`"


def _bound(requirement: str) -> tuple[str, SpecifierSet]:
    """Return the distribution that a requirement names, with its bounds."""
    return _required(requirement), Requirement(requirement).specifier


def _required(requirement: str) -> str:
    """Return the distribution that a requirement names, as indexes spell it."""
    return canonicalize_name(Requirement(requirement).name)


def _modules(member: Member) -> list[Path]:
    return sorted((ROOT / member.folder / "src").rglob("*.py"))


def _imported(file: Path) -> set[str]:
    """Return the top-level packages that a module imports anywhere, in functions and for types too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


UNDECLARED = {
    "simulator/src/aftersale_simulator/kernel/kernel.py: cython": "its compiler's words; `shadow` has them elsewhere",
}
"""The few imports of what may be missing, with the reason."""


@MEMBERS
def test_a_distribution_imports_only_what_it_declares(member: Member) -> None:
    project = _project(member)
    lines = [*project["dependencies"], *project.get("optional-dependencies", {}).get("testing", [])]
    declared = {_required(line) for line in lines} | {member.distribution}
    own = {other.imports: other.distribution for other in members(ROOT)}
    providers = {name: {*dists} for name, dists in metadata.packages_distributions().items()}
    undeclared = {
        f"{file.relative_to(ROOT).as_posix()}: {name}"
        for file in _modules(member)
        for name in _imported(file) - set(sys.stdlib_module_names)
        if not {_required(dist) for dist in providers.get(name, {own.get(name, name)})} & declared
    }
    assert undeclared == {line for line in UNDECLARED if line.startswith(f"{member.folder}/")}


def test_core_imports_no_plugin_no_simulator_and_nothing_of_the_simulator() -> None:
    banned = {member.imports for member in members(ROOT)} - {"aftersale"} | {"simpy"}
    for file in _modules(Member("core")):
        # The factories of aftersale.testing may dress buyers; a live desk never does.
        also = set() if "testing" in file.parts else {"faker"}
        assert _imported(file) & (banned | also) == set(), file


IMPORT_ALL = """
import importlib, pkgutil, sys, aftersale
for module in pkgutil.walk_packages(aftersale.__path__, "aftersale."):
    if not module.name.startswith("aftersale.testing") and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_importing_all_of_core_loads_no_plugin_no_simpy_and_no_faker() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    loaded = run.stdout.split()
    assert [name for name in loaded if name in {"simpy", "faker"} or name.startswith("aftersale_")] == []


def test_the_simulator_names_no_plugin() -> None:
    plugins = [member.name for member in members(ROOT) if member.folder.startswith("plugins/")]
    spelt = re.compile("|".join(plugin.replace("_", "[_-]") for plugin in plugins), re.IGNORECASE)
    texts = [file for ending in ("*.py", "*.toml") for file in (ROOT / "simulator/src").rglob(ending)]
    named = {file.relative_to(ROOT): spelt.findall(file.read_text(encoding="utf-8")) for file in texts}
    assert {file: words for file, words in named.items() if words} == {}


def _tracked() -> list[str]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    run = subprocess.run([git, "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True)
    return run.stdout.split("\n")


def test_no_lock_file_is_tracked() -> None:
    locks = ("*.lock", "pylock*.toml", "*lock.json", "*requirements*.txt")
    assert [file for file in _tracked() if any(fnmatch(Path(file).name, lock) for lock in locks)] == []


def test_uv_may_write_its_lock_file_without_git_noticing() -> None:
    assert "uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_compiled_kernel_is_not_tracked_nor_noticed_by_git() -> None:
    assert [file for file in _tracked() if Path(file).suffix in (".so", ".pyd")] == []
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/simulator/src/aftersale_simulator/kernel/compiled/" in ignored


def test_the_continuous_integration_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
