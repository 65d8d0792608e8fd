"""Folders: a plugin of a folder that is not installed, found as if it was.

`importlib.metadata` asks finders for distributions. For the time of a block one of them answers with what the
folder's `pyproject.toml` declares, so that whatever looks for plugins finds this one as after `pip install`. Nothing is
built and nothing is written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, DistributionFinder
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

from aftersale.base.errors import DocumentError, Problem
from aftersale.base.files import read_bounded
from aftersale.base.toml_files import read
from aftersale.hookspecs import PROJECT

_PLACES = ("src", "")
"""Where a folder's packages may be, the first that has one counts."""
_NO_VERSION = "0"
"""The version of a distribution whose build computes it."""


@contextmanager
def installed_from(folder: Path) -> Iterator[str]:
    """Find the plugin of a folder as if it was installed, for the time of the block; yield its name.

    An installed distribution of the same name is hidden meanwhile, and its package is imported from the folder. What
    the plugin depends on has to be installed. Raises DocumentError with every reason why the folder holds no plugin.
    """
    distribution = read_folder(folder)
    (point,) = distribution.entry_points.select(group=PROJECT)
    finder = _Finder(distribution)
    hidden = _forget(distribution.packages)
    sys.meta_path.insert(0, finder)
    try:
        yield point.name
    finally:
        sys.meta_path.remove(finder)
        _forget(distribution.packages)
        sys.modules.update(hidden)


def read_folder(folder: Path) -> FolderDistribution:
    """Return the distribution that a folder's `pyproject.toml` declares.

    Raises DocumentError when there is none, when it names no plugin or several, or when its package is missing.
    """
    path = folder / "pyproject.toml"
    if not path.is_file():
        hint = "name the folder that has it, or begin one: aftersale plugins new NAME"
        raise DocumentError(str(folder), (Problem(str(folder), "", "has no pyproject.toml", hint),))
    project = read(path).get("project", {})
    distribution = FolderDistribution(folder, project if isinstance(project, dict) else {})
    if problems := tuple(distribution.problems(str(path))):
        raise DocumentError(str(path), problems)
    return distribution


class FolderDistribution(Distribution):
    """A distribution as `[project]` of a folder's `pyproject.toml` declares it."""

    def __init__(self, folder: Path, project: Mapping[str, Any]) -> None:
        """Keep the folder and its declarations; `problems` says whether they are of use."""
        self._folder = folder
        self._project = project

    @property
    def roots(self) -> list[str]:
        """The folders in which its packages are looked for."""
        return [str((self._folder / place).resolve()) for place in _PLACES if (self._folder / place).is_dir()]

    @property
    def packages(self) -> list[str]:
        """The names of the top packages of its plugins."""
        return sorted({value.partition(":")[0].partition(".")[0] for value in self._plugins().values()})

    def _plugins(self) -> dict[str, str]:
        return {name: value for name, value in self._points().get(PROJECT, {}).items() if isinstance(value, str)}

    def _points(self) -> dict[str, dict[str, Any]]:
        points = self._project.get("entry-points", {})
        groups = points.items() if isinstance(points, dict) else ()
        return {group: names for group, names in groups if isinstance(names, dict)}

    def problems(self, where: str) -> Iterator[Problem]:
        """Yield why it cannot be found as an installed plugin."""
        if not isinstance(self._project.get("name"), str):
            yield Problem(where, "project.name", "is missing", "give the distribution a name")
        path = f"project.entry-points.{PROJECT}"
        plugins = self._plugins()
        if not plugins:
            yield Problem(where, path, "is missing: it names no plugin", f'add NAME = "{PROJECT}_NAME" there')
        if len(plugins) > 1:
            hint = "give each a distribution of its own"
            yield Problem(where, path, f"names more than one plugin: {', '.join(sorted(plugins))}", hint)
        for name in self.packages:
            if PathFinder.find_spec(name, self.roots) is None:
                places = " and ".join(self.roots)
                yield Problem(where, path, f"there is no package '{name}' in {places}", "put it there, or correct it")

    def read_text(self, filename: str) -> str | None:
        """Return a file of its metadata as an installer would write it, None for those that are not needed."""
        if filename == "METADATA":
            return "\n".join(self._metadata())
        if filename == "entry_points.txt":
            groups = self._points().items()
            return "\n".join(line for group, names in groups for line in (f"[{group}]", *_assigned(names)))
        return None

    def locate_file(self, path: str | PathLike[str]) -> Path:
        """Return where a file of it is."""
        return self._folder / path

    def _metadata(self) -> Iterator[str]:
        project = self._project
        yield "Metadata-Version: 2.1"
        yield f"Name: {_line(project['name'])}"
        yield f"Version: {_line(project.get('version', _NO_VERSION))}"
        if "description" in project:
            yield f"Summary: {_line(project['description'])}"
        for requirement in _texts(project.get("dependencies")):
            yield f"Requires-Dist: {_line(requirement)}"
        yield ""
        yield self._readme()

    def _readme(self) -> str:
        readme = self._project.get("readme")
        table = readme if isinstance(readme, dict) else {"file": readme}
        if isinstance(table.get("text"), str):
            return str(table["text"])
        path = self._folder / str(table.get("file") or "")
        return read_bounded(path).decode("utf-8", "replace") if path.is_file() else ""


class _Finder(DistributionFinder):
    """Finds one distribution, and its packages."""

    def __init__(self, distribution: FolderDistribution) -> None:
        self._distribution = distribution

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterable[Distribution]:
        """Return it, where any or one of its name is looked for."""
        name = None if context is None else context.name
        return [self._distribution] if name is None or _same(name, self._distribution.name) else []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where one of its packages is; None for every other module."""
        if path is None and fullname in self._distribution.packages:
            return PathFinder.find_spec(fullname, self._distribution.roots, target)
        return None


def _forget(packages: Iterable[str]) -> dict[str, ModuleType]:
    """Drop what was imported of these packages, so that the next import looks for them again; return it."""
    tops = set(packages)
    gone = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in tops}
    for name in gone:
        del sys.modules[name]
    return gone


def _same(first: str, second: str) -> bool:
    plain = (name.lower().replace("-", "_").replace(".", "_") for name in (first, second))
    return next(plain) == next(plain)


def _assigned(names: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {value}" for name, value in names.items()]


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _line(value: object) -> str:
    return " ".join(str(value).split())
