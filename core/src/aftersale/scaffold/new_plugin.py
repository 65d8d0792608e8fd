"""New plugin: its first files, which pass the conformance suite as they are."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from email.utils import parseaddr
from importlib.resources import files
from json import dumps
from keyword import iskeyword
from pathlib import Path
from string import Template
from tempfile import mkdtemp
from typing import Any

from attrs import frozen

from aftersale.base.errors import DocumentError, Problem
from aftersale.hookspecs import PROJECT
from aftersale.policies.marketplaces import parse_marketplaces

_SHARED = {
    "pyproject.toml.txt": "pyproject.toml",
    "tox.ini.txt": "tox.ini",
    "workflow.yml.txt": ".github/workflows/tests.yml",
}
_MARKETPLACE = {
    "README.md.txt": "README.md",
    "scenario.toml.txt": "scenario.toml",
    "module.py.txt": "src/{package}/__init__.py",
    "profile.toml.txt": "src/{package}/profile.toml",
    "rules.toml.txt": "src/{package}/rules.toml",
    "kinds.toml.txt": "src/{package}/kinds.toml",
    "metrics.toml.txt": "src/{package}/metrics.toml",
    "costs.toml.txt": "src/{package}/costs.toml",
    "world.toml.txt": "src/{package}/world.toml",
    "tests.py.txt": "tests/test_{name}.py",
}
_HOUSE = {
    "house_README.md.txt": "README.md",
    "house_module.py.txt": "src/{package}/__init__.py",
    "house_tests.py.txt": "tests/test_{name}.py",
}
"""Where each template goes in the new plugin's folder."""
_OLDEST = "0.1.0"
"""The oldest aftersale that a new plugin allows."""
_LICENCE = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")
"""What a simple SPDX expression looks like."""


@frozen
class NewPlugin:
    """A new plugin: its name, its author and licence where they are known, and its first store.

    A `house` plugin owns no store: it decides on those of others.
    """

    name: str
    marketplace: str = ""
    country: str = "DE"
    currency: str = "EUR"
    zone: str = "Europe/Berlin"
    house: bool = False
    author: str = ""
    licence: str = ""

    @property
    def package(self) -> str:
        """Return the name of its package."""
        return f"{PROJECT}_{self.name}"

    @property
    def distribution(self) -> str:
        """Return the name of its distribution."""
        return self.package.replace("_", "-")

    def texts(self) -> dict[str, str]:
        """Return the text of each file, by its path in the folder."""
        words = {
            "name": self.name,
            "dashed": self.name.replace("_", "-"),
            "camel": "".join(part.capitalize() for part in self.name.split("_")),
            "marketplace": self.marketplace,
            "country": self.country,
            "currency": self.currency,
            "zone": self.zone,
            "oldest": _OLDEST,
            "about": self._about(),
            **(_house_words(self.name) if self.house else _marketplace_words(self.marketplace)),
        }
        texts = {
            path.format(name=self.name, package=self.package): Template(
                (files("aftersale.scaffold") / template).read_text(encoding="utf-8")
            ).substitute(words)
            for template, path in {**_SHARED, **(_HOUSE if self.house else _MARKETPLACE)}.items()
        }
        return {**texts, f"src/{self.package}/py.typed": ""}

    def _about(self) -> str:
        """Return the lines of pyproject.toml on author and licence, none for what is not known."""
        name, mail = parseaddr(self.author) if "<" in self.author else (self.author, "")
        parts = [
            f"{key} = {dumps(value, ensure_ascii=False)}" for key, value in (("name", name), ("email", mail)) if value
        ]
        lines = [f"authors = [{{ {', '.join(parts)} }}]"] if parts else []
        lines += [f'license = "{self.licence}"'] if self.licence else []
        return "".join(f"{line}\n" for line in lines)

    def write(self, folder: Path) -> None:
        """Write all its files to a new folder, or none; raises DocumentError with every reason against it."""
        if problems := tuple(self._problems(folder)):
            raise DocumentError(str(folder), problems)
        draft = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for path, text in self.texts().items():
                (draft / path).parent.mkdir(parents=True, exist_ok=True)
                (draft / path).write_text(text, encoding="utf-8", newline="\n")
            draft.chmod(0o755)
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _problems(self, folder: Path) -> Iterator[Problem]:
        where = str(folder)
        if not self.name.isascii() or not self.name.isidentifier() or self.name.lower() != self.name:
            hint = "write it in lower case with underscores, such as corner_shop"
            yield Problem(where, "", f"'{self.name}' cannot be the name of a module", hint)
        elif iskeyword(self.name):
            yield Problem(where, "", f"'{self.name}' is a word of Python's own", "take another name")
        if not self.house and (any(sign in self.marketplace for sign in '"\\\n') or not self.marketplace.strip()):
            yield Problem(where, "", f"a marketplace cannot be named {self.marketplace!r}", "take a word such as SHOP")
        if not self.author.isprintable():
            yield Problem(
                where, "", f"an author cannot be named {self.author!r}", "write it as 'Ann Doe <ann@shop.example>'"
            )
        if self.licence and not _LICENCE.fullmatch(self.licence):
            hint = "write an SPDX expression such as MIT or Apache-2.0"
            yield Problem(where, "", f"{self.licence!r} is no licence", hint)
        try:
            if folder.exists():
                yield Problem(where, "", "exists already", "choose another folder, or remove it")
            elif not folder.absolute().parent.is_dir():
                yield Problem(where, "", "its parent folder does not exist", f"make {folder.absolute().parent} first")
        except OSError as error:
            yield Problem(where, "", f"cannot be made: {error.strerror or error}", "choose another folder")
        yield from self._profile_problems(where)

    def _profile_problems(self, where: str) -> Iterator[Problem]:
        store: dict[str, Any] = {"country": self.country, "currency": self.currency, "zone": self.zone}
        rest = {"id": "X", "languages": ["en"], "source": "assumed", "grade": "assumed"}
        try:
            parse_marketplaces({"marketplace": {"X": {**store, **rest}}}, where)
        except DocumentError as error:
            for problem in error.problems:
                yield Problem(where, problem.path.removeprefix("marketplace.X."), problem.what, problem.hint)


def _marketplace_words(marketplace: str) -> dict[str, str]:
    return {
        "summary": f"After-sales rules of {marketplace}, for aftersale",
        "beside": "aftersale whatif scenario.toml --replications 1",
    }


def _house_words(name: str) -> dict[str, str]:
    return {
        "summary": "A seller's house rules, for aftersale",
        "beside": f"aftersale plugins check {name}",
    }
