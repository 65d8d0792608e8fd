"""`aftersale plugins new` and `plugins check`, as the author of a plugin meets them."""

import inspect
import json
import sys
from configparser import ConfigParser
from importlib import import_module

import pytest
import tomli
from click.testing import CliRunner

from aftersale.base.errors import DocumentError
from aftersale.cli import cli
from aftersale.plugins.folders import installed_from
from aftersale.scaffold.new_plugin import NewPlugin
from aftersale.testing.conformance import CHECKS, Subject, findings

APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
RUNNER = CliRunner(**APART)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*words):
    return RUNNER.invoke(cli, ["plugins", "new", *words])


def test_a_new_plugin_is_a_folder_and_what_comes_next_is_said(here):
    ended = new("corner_shop")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[2:] == [
        "  python -m pip install -e 'corner_shop[testing]'",
        "  aftersale plugins check corner_shop",
        "  aftersale whatif corner_shop/scenario.toml        # with aftersale-simulator",
    ]
    found = sorted(str(path.relative_to(here)) for path in here.rglob("*") if path.is_file())
    package = "corner_shop/src/aftersale_corner_shop"
    assert found == sorted(
        [
            "corner_shop/.github/workflows/tests.yml",
            "corner_shop/README.md",
            "corner_shop/pyproject.toml",
            "corner_shop/scenario.toml",
            *(
                f"{package}/{name}"
                for name in ("__init__.py", "costs.toml", "kinds.toml", "metrics.toml", "profile.toml", "py.typed")
            ),
            f"{package}/rules.toml",
            f"{package}/world.toml",
            "corner_shop/tests/test_corner_shop.py",
            "corner_shop/tox.ini",
        ]
    )
    project = tomli.loads((here / "corner_shop/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "aftersale-corner-shop"
    assert project["entry-points"]["aftersale"] == {"corner_shop": "aftersale_corner_shop"}
    assert "class TestCornerShop(MarketplaceConformance)" in (here / "corner_shop/tests/test_corner_shop.py").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("place", [{}, {"country": "JP", "currency": "JPY", "zone": "Asia/Tokyo"}])
def test_what_is_written_passes_the_suite_as_it_is(here, monkeypatch, place):
    NewPlugin("corner_shop", "Café «24»", **place).write(here / "corner_shop")
    monkeypatch.syspath_prepend(here / "corner_shop/src")
    module = import_module("aftersale_corner_shop")
    monkeypatch.delitem(sys.modules, "aftersale_corner_shop")
    subject = Subject("corner_shop", module, {})
    assert [str(finding) for finding in findings(subject) if finding.problems or finding.stopped_by] == []
    assert subject.places == ("Café «24»",)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["corner-shop"], "'corner-shop' cannot be the name of a module (write it in lower case with underscores, "),
        (["Shop"], "'Shop' cannot be the name of a module"),
        (["class"], "'class' is a word of Python's own (take another name)"),
        (["taken"], "exists already (choose another folder, or remove it)"),
        (["shop", "--folder", "x" * 5000], "cannot be made: File name too long (choose another folder)"),
        (["shop", "--folder", "a/b"], "its parent folder does not exist (make "),
        (["shop", "--marketplace", 'a"b'], "a marketplace cannot be named 'a\"b' (take a word such as SHOP)"),
        (
            ["shop", "--zone", "Asia/Nowhere"],
            "zone: expected a time zone such as 'Europe/Berlin', found 'Asia/Nowhere'",
        ),
        (
            ["shop", "--licence", "my own"],
            "'my own' is no licence (write an SPDX expression such as MIT or Apache-2.0)",
        ),
        (["shop", "--author", "a\x07"], "an author cannot be named"),
        (
            ["shop", "--house", "--zone", "UTC", "--country", "FR"],
            "a house plugin owns no store: leave out --country, --zone",
        ),
        (["shop", "--country", "XX", "--currency", "XYZ"], "country: "),
        (["shop", "--country", "XX", "--currency", "XYZ"], "currency: "),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_left_behind(here, words, problem):
    (here / "taken").mkdir()
    ended = new(*words)
    assert ended.exit_code == 2
    assert problem in ended.stderr
    assert [path.name for path in here.iterdir()] == ["taken"]


def test_a_house_plugin_has_functions_and_tests_and_no_store(here):
    ended = new("house", "--house", "--author", "Ann Doe <ann@shop.example>", "--licence", "MIT OR Apache-2.0")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "  python -m pytest house"
    assert not list(here.rglob("*.toml.txt"))
    assert {path.suffix for path in (here / "house/src").rglob("*") if path.is_file()} == {".py", ".typed"}
    project = tomli.loads((here / "house/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["authors"] == [{"name": "Ann Doe", "email": "ann@shop.example"}]
    assert project["license"] == "MIT OR Apache-2.0"


def test_author_and_licence_are_left_out_where_nobody_names_them(here):
    assert new("shop").exit_code == 0
    project = tomli.loads((here / "shop/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"authors", "license"} & set(project) == set()


def test_the_name_and_the_marketplace_of_an_installed_plugin_are_warned_of(here):
    assert new("shop", "--marketplace", "STORE").stderr == ""
    with installed_from(here / "shop"):
        name = new("shop", "--folder", "again")
        place = new("other", "--marketplace", "STORE")
    assert (name.exit_code, place.exit_code) == (0, 0)
    assert name.stderr.startswith("Warning: a plugin 'shop' is installed (aftersale-shop 0.1.0).")
    assert place.stderr.startswith("Warning: the marketplace STORE belongs to the installed plugin 'shop'")
    assert (here / "again/tox.ini").is_file()


@pytest.mark.parametrize("words", [[], ["--house"]])
def test_tox_runs_the_oldest_and_the_newest_and_takes_wheels_of_a_checkout(here, words):
    assert new("shop", *words).exit_code == 0
    tox = ConfigParser(interpolation=None)
    tox.read(here / "shop/tox.ini", encoding="utf-8")
    assert tox["tox"]["env_list"].split() == ["py{311,312,313}-{oldest,newest}", "beside"]
    assert tox["testenv"]["deps"].split("\n")[1:] == ["oldest: aftersale==0.1.0"]
    assert tox["testenv"]["set_env"].endswith("{tox_root}/wheels")
    project = tomli.loads((here / "shop/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == ["aftersale>=0.1,<0.2"]
    last = "aftersale plugins check shop" if words else "aftersale whatif scenario.toml --replications 1"
    assert tox["testenv:beside"]["commands"].split("\n")[1:] == ["pytest {posargs}", last]


def test_a_write_that_fails_leaves_nothing_behind(here, monkeypatch):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.rename", full)
    with pytest.raises(OSError, match="No space left"):
        NewPlugin("shop", "SHOP").write(here / "shop")
    assert list(here.iterdir()) == []


def test_all_reasons_are_told_at_once(here):
    with pytest.raises(DocumentError) as caught:
        NewPlugin("my shop", "\n", "XX", "EUR", "Mars/Base").write(here / "no/where")
    assert len(caught.value.problems) == 5


def test_checking_a_plugin_that_is_not_installed_says_which_are():
    ended = RUNNER.invoke(cli, ["plugins", "check", "corner_shop"])
    assert ended.exit_code == 2
    assert "no plugin 'corner_shop' is installed" in ended.stderr


def test_a_plugin_in_a_folder_is_checked_and_shown_without_being_installed(here):
    assert new("corner_shop").exit_code == 0
    named = RUNNER.invoke(cli, ["plugins", "check", "corner_shop"])
    assert "The one in the folder is tried by: aftersale plugins check ./corner_shop" in named.stderr
    rules = here / "corner_shop/src/aftersale_corner_shop/rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + "[[rule]]\nname = 1\n", encoding="utf-8")
    broken = RUNNER.invoke(cli, ["plugins", "check", "./corner_shop"])
    assert broken.exit_code == 1
    assert "aftersale_corner_shop/rules.toml:" in broken.stdout
    NewPlugin("corner_shop", "SHOP").write(here / "whole")
    shown = json.loads(RUNNER.invoke(cli, ["plugins", "show", "whole/", "--json"]).stdout)
    assert [place["name"] for place in shown["marketplaces"]] == ["SHOP"]
    assert RUNNER.invoke(cli, ["plugins", "check", "./nowhere"]).stderr.strip().endswith("aftersale plugins new NAME)")


def test_what_a_check_says_of_a_plugin(monkeypatch):
    from aftersale.testing import plugin, reference

    stores = reference.aftersale_marketplaces
    shop = plugin("shop", aftersale_marketplaces=stores, aftersale_classify=lambda: 7)
    monkeypatch.setattr("aftersale.plugins.admission.installed", lambda: {"shop"})
    monkeypatch.setattr("aftersale.testing.conformance.Subject", lambda name, limits: Subject(name, shop, {}))
    ended = RUNNER.invoke(cli, ["plugins", "check", "shop"])
    assert ended.exit_code == 1
    lines = ended.stdout.splitlines()
    assert lines[0] == "ok      it can be loaded: every mistake of its module and its data is told (loads)"
    assert lines[4].startswith("ok      no row that is graded as if read")
    assert lines[5].startswith("ok      each of its tasks has a deadline")
    assert lines[6].startswith("FAILED  every case of every kind, opened at any instant")
    assert lines[7].startswith("        - case REF-0-case and ")
    assert "answered 7 (return a word, or None)" in lines[7]
    assert lines[8] == "not run (is_total failed) the same arguments give the same answer (is_pure)"
    assert lines[-1] == f"shop: {len(CHECKS) - 5} of {len(CHECKS)} checks passed"
    found = json.loads(RUNNER.invoke(cli, ["plugins", "check", "shop", "--json"]).stdout)
    assert {each["check"]: (each["passed"], each["stopped_by"]) for each in found if not each["passed"]} == {
        "is_total": (False, ""),
        "is_pure": (False, "is_total"),
        "is_order_independent": (False, "is_total"),
        "lives_with_others": (False, "is_total"),
        "simulates": (False, "is_total"),
    }
