"""A plugin of a folder, found as if it was installed."""

import sys
from importlib.metadata import PackageNotFoundError, distribution, entry_points

import pytest

from aftersale.base.errors import DocumentError
from aftersale.plugins.folders import installed_from
from aftersale.plugins.plugins import load_plugins

PROJECT = """
[project]
name = "aftersale-corner-shop"
version = "1.2"
description = "Corner   shop"
readme = "README.md"
dependencies = ["aftersale>=0.1,<0.2"]

[project.entry-points.aftersale]
corner_shop = "aftersale_corner_shop"
"""
MODULE = "AFTERSALE_API = 1\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with a plugin that contributes nothing."""
    package = tmp_path / "src/aftersale_corner_shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "README.md").write_text("A corner shop.", encoding="utf-8")
    return tmp_path


def test_it_is_found_inside_the_block_and_nowhere_else(folder):
    before, module = list(sys.meta_path), sys.modules.get("aftersale_corner_shop")
    with installed_from(folder) as name:
        assert name == "corner_shop"
        (record,) = (record for record in load_plugins([name]).about() if record["name"] == name)
        assert (record["distribution"], record["version"]) == ("aftersale-corner-shop", "1.2")
        found = distribution("Aftersale.corner_shop")
        assert (found.metadata["Summary"], found.requires) == ("Corner shop", ["aftersale>=0.1,<0.2"])
        assert found.metadata.json["description"].strip() == "A corner shop."
    assert sys.meta_path == before
    assert sys.modules.get("aftersale_corner_shop") is module
    assert "corner_shop" not in entry_points(group="aftersale").names
    with pytest.raises(PackageNotFoundError):
        distribution("aftersale-corner-shop")


def test_what_was_imported_before_of_the_same_name_is_there_again_afterwards(folder, monkeypatch):
    installed = type(sys)("aftersale_corner_shop")
    monkeypatch.setitem(sys.modules, "aftersale_corner_shop", installed)
    with installed_from(folder) as name:
        assert load_plugins([name]).about()[0]["problems"] == []
        assert sys.modules["aftersale_corner_shop"] is not installed
    assert sys.modules["aftersale_corner_shop"] is installed


def test_a_package_beside_the_project_file_is_found_too(folder):
    (folder / "src/aftersale_corner_shop").rename(folder / "aftersale_corner_shop")
    with installed_from(folder) as name:
        assert load_plugins([name]).about()[0]["name"] == "corner_shop"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            PROJECT.replace("aftersale_corner_shop", "aftersale_crner_shop"),
            ["there is no package 'aftersale_crner_shop' in"],
        ),
        (PROJECT + 'other = "aftersale_corner_shop"\n', ["names more than one plugin: corner_shop, other"]),
        ("[project]\ndescription = 'x'\n", ["project.name: is missing", "it names no plugin"]),
        ("[build-system]\n", ["project.name: is missing", "it names no plugin"]),
        ("project = 1\n", ["project.name: is missing", "it names no plugin"]),
        ("[project\n", ["is no valid TOML"]),
    ],
)
def test_a_folder_without_a_plugin_is_refused_with_every_reason(folder, text, problems):
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError) as caught, installed_from(folder):
        pass
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == len(problems)
    assert [problem for problem, line in zip(problems, told, strict=True) if problem not in line] == []


def test_a_folder_without_a_project_is_refused_with_what_to_do(tmp_path):
    with (
        pytest.raises(DocumentError, match=r"has no pyproject.toml .*aftersale plugins new NAME"),
        installed_from(tmp_path),
    ):
        pass
