"""A scaffolded shop, with the mistakes that a test makes in its files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType

import pytest

from aftersale.scaffold.new_plugin import NewPlugin

PACKAGE = "aftersale_corner_shop"
Edits = Mapping[str, tuple[tuple[str, str], ...]]
"""By file of the package: pairs of what is replaced, and by what; an empty first text appends."""


class CornerShop:
    """The package of the scaffold, its example of tickets among its files, in a folder that is on the path."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is written yet."""
        self.folder = folder

    def write(self, edits: Edits | None = None, tickets: bool = True, installed: bool = False) -> None:
        """Write the package after these edits; `installed` as a distribution with its entry point."""
        package = self.folder / PACKAGE
        package.mkdir(exist_ok=True)
        for name, text in _texts(edits or {}, tickets).items():
            (package / name).write_text(text, encoding="utf-8")
        if installed:
            about = self.folder / f"{PACKAGE}-0.1.0.dist-info"
            about.mkdir(exist_ok=True)
            (about / "METADATA").write_text("Metadata-Version: 2.4\nName: aftersale-corner-shop\nVersion: 0.1.0\n")
            (about / "entry_points.txt").write_text(f"[aftersale]\ncorner_shop = {PACKAGE}\n")
        _forget()

    def module(self, edits: Edits | None = None, tickets: bool = True) -> ModuleType:
        """Write the package after these edits, and return its module."""
        self.write(edits, tickets)
        return import_module(PACKAGE)


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    invalidate_caches()


def _texts(edits: Edits, tickets: bool) -> dict[str, str]:
    shop = NewPlugin("corner_shop", "SHOP").texts()
    files = {Path(path).name: text for path, text in shop.items() if path.startswith(f"src/{PACKAGE}/")}
    if tickets:
        examples = {name for name in files if name.endswith(".toml")}
        files |= {name: re.sub(r"(?m)^#([^ ])", r"\1", files[name]) for name in examples}
    for name, pairs in edits.items():
        for old, new in pairs:
            assert old in files[name], f"{name} has no {old!r}"
            files[name] = files[name].replace(old, new) if old else files[name] + new
    return files


@pytest.fixture
def corner_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CornerShop]:
    """A shop to make mistakes in."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file that changes within a second is read again
    yield CornerShop(folder)
    _forget()
