"""The door for plugin authors: what is promised is there, and hooks from data are like any others."""

import inspect
from types import ModuleType

import pytest

import aftersale
from aftersale import plugin as door, testing
from aftersale.base.errors import PluginError
from aftersale.plugins.admission import location
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.marketplaces import load_marketplaces


def test_every_name_that_is_promised_is_there() -> None:
    assert all(hasattr(door, name) for name in door.__all__)
    assert all(hasattr(testing, name) for name in testing.__all__)
    assert (aftersale.hookimpl, aftersale.AFTERSALE_API) == (door.hookimpl, door.AFTERSALE_API)


def test_a_hook_from_data_stands_where_the_plugin_assigns_it() -> None:
    line = inspect.currentframe().f_lineno + 1
    hook = door.from_data(load_marketplaces, "aftersale.testing.reference")
    assert location(hook, "aftersale_marketplaces") == f"test_plugin.py:{line} aftersale_marketplaces"
    assert [place.name for place in hook()] == ["REF", "ALT"]


def test_what_is_wrong_in_the_data_is_told_with_its_file() -> None:
    shop = ModuleType("aftersale_absent")
    shop.AFTERSALE_API = 1
    shop.aftersale_marketplaces = door.from_data(load_marketplaces, "aftersale.base")
    with pytest.raises(PluginError) as caught:
        load_plugins((), {"absent": shop})
    assert "aftersale/base/profile.toml: does not exist" in str(caught.value)


def test_a_plugin_that_imports_from_a_private_path_is_told_the_door(tmp_path, monkeypatch) -> None:
    (tmp_path / "old_shop.py").write_text("from aftersale.marketplaces import load_marketplaces\n", encoding="utf-8")
    (tmp_path / "old_shop-1.dist-info").mkdir()
    (tmp_path / "old_shop-1.dist-info/METADATA").write_text("Name: old-shop\nVersion: 1\n", encoding="utf-8")
    points = "[aftersale]\nold_shop = old_shop\n"
    (tmp_path / "old_shop-1.dist-info/entry_points.txt").write_text(points, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError) as caught:
        load_plugins(["old_shop"])
    assert "import from aftersale.plugin, or from aftersale.testing in tests: other paths are private" in str(
        caught.value
    )
