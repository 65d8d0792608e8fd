"""How a hook that is on its way out says so: by a warning at the line of the plugin that still uses it."""

import pytest

from aftersale import hookspecs
from aftersale.hookspecs import hookspec
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import plugin, reference

pytestmark = pytest.mark.plugins


def shop(**hooks):
    return {"shop": plugin("shop", aftersale_marketplaces=reference.aftersale_marketplaces, **hooks)}


def test_an_argument_on_its_way_out_warns_at_the_plugin_s_own_line(monkeypatch):
    going = {"opened": DeprecationWarning("'opened' goes in 0.3: take 'case'")}

    @hookspec(firstresult=True, warn_on_impl_args=going)
    def aftersale_classify(case, order, opened, proposed):
        """As it is, with an argument that goes."""

    monkeypatch.setattr(hookspecs, "aftersale_classify", aftersale_classify)

    def classify(opened):
        return opened.kind

    with pytest.warns(DeprecationWarning, match="'opened' goes in 0.3: take 'case'") as caught:
        load_plugins((), shop(aftersale_classify=classify))
    (warning,) = caught
    assert (warning.filename, warning.lineno) == (__file__, classify.__code__.co_firstlineno)
    load_plugins((), shop(aftersale_classify=lambda case: case.kind))  # warnings are errors here: none comes


def test_a_hook_on_its_way_out_warns_at_the_plugin_s_own_line(monkeypatch):
    @hookspec(firstresult=True, warn_on_impl=DeprecationWarning("goes in 0.3: classify with the handbook"))
    def aftersale_classify(case, order, opened, proposed):
        """As it is, and on its way out."""

    monkeypatch.setattr(hookspecs, "aftersale_classify", aftersale_classify)

    def classify(case):
        return case.kind

    with pytest.warns(DeprecationWarning, match="goes in 0.3") as caught:
        load_plugins((), shop(aftersale_classify=classify))
    (warning,) = caught
    assert (warning.filename, warning.lineno) == (__file__, classify.__code__.co_firstlineno)
