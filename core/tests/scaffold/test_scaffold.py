"""`aftersale plugins new` and `plugins check`, as the author of a plugin meets them."""

import inspect
import json
import sys
from importlib import import_module

import pytest
import tomli
from click.testing import CliRunner

from aftersale.base.errors import DocumentError
from aftersale.cli import cli
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
            "corner_shop/README.md",
            "corner_shop/pyproject.toml",
            "corner_shop/scenario.toml",
            *(
                f"{package}/{name}"
                for name in ("__init__.py", "kinds.toml", "metrics.toml", "profile.toml", "py.typed")
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
