import functools
import importlib.metadata
import inspect
import pickle
import sys
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import attrs
import click
import pytest
import tomli

from aftersale import hookimpl
from aftersale.advice.advice import advice
from aftersale.base.errors import DocumentError, PluginError, UnknownMarketplace
from aftersale.base.watch import Watch
from aftersale.cases.workflow import CaseKind, Move, State, load_kinds, parse_workflow
from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.plugins.plugins import load_plugins, survey
from aftersale.policies.handbook import load_handbook
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.rules import Condition, load_rules, parse_rules
from aftersale.testing import fact, order, plugin, reference
from aftersale.testing.factories import MONDAY

pytestmark = pytest.mark.plugins

REFERENCE = "aftersale.testing.reference"
MARKETPLACES = load_marketplaces(REFERENCE)
RULES = load_rules(REFERENCE)


def refusal(**modules):
    with pytest.raises(PluginError) as caught:
        load_plugins((), modules)
    return [str(problem) for problem in caught.value.problems]


def where(function):
    return f"test_plugins.py:{function.__code__.co_firstlineno}"


def line(function, more=0):
    """Return the line so many below the first of a function, as messages name it."""
    return f"test_plugins.py:{function.__code__.co_firstlineno + more}"


def loaded(**members):
    """The reference marketplaces and rules in a plugin of our own, with these hooks beside them."""
    members.setdefault("aftersale_marketplaces", lambda: MARKETPLACES)
    members.setdefault("aftersale_rules", lambda: RULES)
    return load_plugins((), {"shop": plugin("shop", **members)})


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a distribution whose plugin module has this source."""
    monkeypatch.syspath_prepend(tmp_path)

    def installed(name, source, value=None, distribution=None):
        distribution = distribution or f"{name}-dist"
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        about = tmp_path / f"{distribution.replace('-', '_')}-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (about / "entry_points.txt").write_text(f"[aftersale]\n{name} = {value or name}\n")
        importlib.invalidate_caches()

    yield installed
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(file.stem, None)


# --- what a working installation offers ---


def test_the_reference_plugin_brings_marketplaces_rules_and_an_order_format():
    plugins = load_plugins((), {"reference": reference})
    assert list(plugins.marketplaces) == ["REF", "ALT"]
    assert plugins.owner("ALT") == "reference"
    assert plugins.rules.marketplaces == ("ALT", "REF")
    assert [form.name for form in plugins.order_formats] == ["journal", "reference"]
    assert [form.name for form in plugins.return_formats] == ["reference_returns"]
    assert plugins.commands() == {}
    assert plugins.observers() is None
    assert plugins.about() == [
        {
            "name": "reference",
            "distribution": "not installed",
            "version": "",
            "marketplaces": ["REF", "ALT"],
            "hooks": [
                "aftersale_marketplaces",
                "aftersale_order_formats",
                "aftersale_return_reports",
                "aftersale_rules",
            ],
            "problems": [],
        }
    ]


def test_the_reference_rules_have_a_dated_change():
    rules = load_plugins((), {"reference": reference}).rules
    before, after = (
        rules.rulebook("REF", day).rule("refund_after_receipt", order())
        for day in (date(2025, 12, 31), date(2026, 1, 1))
    )
    assert (before.amount, before.clock) == (2, "business_days")
    assert (after.amount, after.clock) == (4, "calendar_days")


def test_no_plugins_at_all_is_an_installation_too():
    plugins = load_plugins(names=())
    assert plugins.about() == []
    assert plugins.policies() == {}


def test_an_unknown_marketplace_is_refused_with_those_that_are_known():
    plugins = load_plugins((), {"reference": reference})
    for ask in (plugins.owner, plugins.policy):
        with pytest.raises(UnknownMarketplace) as caught:
            ask("RFE")
        assert caught.value.known == ("ALT", "REF")


def test_plugins_that_are_installed_but_left_out_are_named_when_a_marketplace_is_missing(install):
    install("corner_shop", "AFTERSALE_API = 1")
    with pytest.raises(UnknownMarketplace) as caught:
        load_plugins(names=()).owner("CORNER")
    (note,) = caught.value.__notes__
    assert note.startswith("installed but left out by AFTERSALE_PLUGINS: ")
    assert "corner_shop" in note


def test_policies_are_those_of_the_marketplaces_asked_for_or_of_all():
    plugins = load_plugins((), {"reference": reference})
    assert list(plugins.policies()) == ["REF", "ALT"]
    assert [policy.marketplace.name for policy in plugins.policies(["ALT"]).values()] == ["ALT"]


def test_plugins_are_sorted_by_name_whatever_the_order_in_which_they_are_found():
    modules = {name: plugin(name) for name in ("pear", "apple", "fig")}
    assert [record["name"] for record in load_plugins((), modules).about()] == ["apple", "fig", "pear"]


def test_a_house_plugin_may_add_rules_for_the_marketplace_of_another():
    extra = attrs.evolve(RULES[0], when=Condition(category="cups"), origin="house")
    plugins = load_plugins((), {"reference": reference, "house": plugin(aftersale_rules=lambda: [extra])})
    assert extra in plugins.rules.history("REF")


def test_a_rule_that_nothing_asks_for_is_refused_with_the_one_that_is_meant():
    extra = attrs.evolve(RULES[0], name="first_replay", origin="house")
    with pytest.raises(PluginError, match=r"nothing asks for a rule named 'first_replay'.*did you mean 'first_reply'"):
        load_plugins((), {"reference": reference, "house": plugin(aftersale_rules=lambda: [extra])})


def test_plugins_load_again_in_another_process():
    again = pickle.loads(pickle.dumps(load_plugins((), {"reference": reference})))
    assert again.owner("REF") == "reference"


def test_plugins_that_were_found_to_fit_say_the_same_when_that_is_not_looked_at_again():
    first = load_plugins((), {"reference": reference})
    again = load_plugins((), {"reference": reference}, fit=True)
    assert again.about() == first.about()
    assert again.rules.history() == first.rules.history()
    assert list(again.policies()) == list(first.policies())


def test_a_plugin_that_no_longer_is_what_was_found_to_fit_is_refused_all_the_same():
    house, unfit = plugin(api=0), attrs.evolve(RULES[0], name="first_replay", origin="house")
    with pytest.raises(PluginError, match="is built for hook API 0"):
        load_plugins((), {"reference": reference, "house": house}, fit=True)
    changed = load_plugins((), {"reference": reference, "house": plugin(aftersale_rules=lambda: [unfit])}, fit=True)
    with pytest.raises(DocumentError, match="nothing asks for a rule named 'first_replay'"):
        changed.policies()


# --- which of the installed plugins are loaded ---


def test_an_installed_plugin_is_loaded_with_its_distribution_and_version(install):
    install("corner_shop", "AFTERSALE_API = 1", distribution="the-corner-shop")
    (record,) = load_plugins(["corner_shop"]).about()
    assert (record["name"], record["distribution"], record["version"]) == (
        "corner_shop",
        "the-corner-shop",
        "1.2",
    )


def test_a_name_that_is_not_installed_is_refused_with_the_one_that_was_meant(install):
    install("corner_shop", "AFTERSALE_API = 1")
    with pytest.raises(PluginError) as caught:
        load_plugins(["corner_shp"])
    assert str(caught.value) == (
        "plugin 'corner_shp' (not installed): no installed plugin has this name (did you mean 'corner_shop'?)"
    )


def test_two_distributions_with_a_plugin_of_one_name_are_refused(install):
    install("corner_shop", "AFTERSALE_API = 1", distribution="shop-a")
    install("corner_shop", "AFTERSALE_API = 1", distribution="shop-b")
    with pytest.raises(PluginError) as caught:
        load_plugins(["corner_shop"])
    what = "stands for more than one plugin: shop-a 1.2 and shop-b 1.2 (uninstall all but one of them)"
    assert [str(problem) for problem in caught.value.problems] == [
        f"plugin 'corner_shop' (shop-a 1.2): {what}",
        f"plugin 'corner_shop' (shop-b 1.2): {what}",
    ]


def test_a_plugin_that_cannot_be_imported_is_told_by_entry_point_distribution_and_version(install):
    install("corner_shop", "import a_module_that_is_missing")
    with pytest.raises(PluginError) as caught:
        load_plugins(["corner_shop"])
    assert str(caught.value) == (
        "plugin 'corner_shop' (corner_shop-dist 1.2): entry point corner_shop = 'corner_shop': "
        "cannot be imported: ModuleNotFoundError: No module named 'a_module_that_is_missing', at corner_shop.py:1 "
        "(install what provides 'a_module_that_is_missing', or uninstall corner_shop-dist)"
    )
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_plugin_that_ends_the_program_when_imported_is_told_like_any_other(install):
    install("corner_shop", "raise SystemExit('no licence')")
    with pytest.raises(PluginError, match="cannot be imported: SystemExit: no licence"):
        load_plugins(["corner_shop"])


def test_an_entry_point_that_names_a_class_is_refused(install):
    install("corner_shop", "class Shop: AFTERSALE_API = 1", value="corner_shop:Shop")
    with pytest.raises(PluginError) as caught:
        load_plugins(["corner_shop"])
    assert str(caught.value) == (
        "plugin 'corner_shop' (corner_shop-dist 1.2): entry point corner_shop = 'corner_shop:Shop': "
        "is the class Shop, not a module "
        "(let the entry point name the module that holds the hooks, without ':')"
    )


def test_an_object_that_is_no_module_is_refused():
    (problem,) = refusal(shop=object())
    assert "is an object of type object, not a module" in problem


# --- every mistake in a plugin is caught at the start ---


def test_a_misspelt_hook_is_refused_with_the_one_that_was_meant():
    @hookimpl
    def aftersale_decide_returns():
        return None

    assert refusal(shop=plugin(aftersale_decide_returns=aftersale_decide_returns)) == [
        f"plugin 'shop' (not installed): {where(aftersale_decide_returns)} aftersale_decide_returns: "
        "implements unknown hook 'aftersale_decide_returns' (did you mean 'aftersale_decide_return'?)"
    ]


def test_a_misspelt_argument_is_refused_with_the_one_that_was_meant():
    def decide(order, requested, in_policy):
        return None

    assert refusal(shop=plugin(aftersale_decide_return=decide)) == [
        f"plugin 'shop' (not installed): {where(decide)} aftersale_decide_return: "
        "unknown argument 'requested' (did you mean 'requested_at'?)"
    ]


def test_an_argument_for_a_hook_without_arguments_is_refused():
    def rules(today):
        return []

    assert refusal(shop=plugin(aftersale_rules=rules)) == [
        f"plugin 'shop' (not installed): {where(rules)} aftersale_rules: "
        "unknown argument 'today' (the hook has no arguments)"
    ]


def test_an_argument_with_a_default_is_refused():
    def decide(order, in_policy=True):
        return None

    assert refusal(shop=plugin(aftersale_decide_return=decide)) == [
        f"plugin 'shop' (not installed): {where(decide)} aftersale_decide_return: "
        "argument 'in_policy' has a default (drop the default; leave the argument out if you do not need it)"
    ]


def test_a_keyword_only_argument_is_refused():
    def decide(*, order):
        return None

    assert refusal(shop=plugin(aftersale_decide_return=decide)) == [
        f"plugin 'shop' (not installed): {where(decide)} aftersale_decide_return: "
        "argument 'order' is keyword-only (remove the '*' before it)"
    ]


def test_arguments_without_number_are_refused():
    def decide(*args, **kwargs):
        return None

    head = f"plugin 'shop' (not installed): {where(decide)} aftersale_decide_return: "
    hint = "which would always be empty (name what you need: order, requested_at, in_policy, proposed)"
    assert refusal(shop=plugin(aftersale_decide_return=decide)) == [
        f"{head}takes *args, {hint}",
        f"{head}takes **kwargs, {hint}",
    ]


def test_an_async_hook_is_refused():
    async def decide(order):
        return None

    assert refusal(shop=plugin(aftersale_decide_return=decide)) == [
        f"plugin 'shop' (not installed): {where(decide)} aftersale_decide_return: "
        "is async (make it a plain function: hooks are called, not awaited)"
    ]


def test_a_generator_is_refused():
    def rules():
        yield from RULES

    assert refusal(shop=plugin(aftersale_rules=rules)) == [
        f"plugin 'shop' (not installed): {where(rules)} aftersale_rules: "
        "is a generator (return the answer instead of yielding)"
    ]


def test_a_function_named_like_a_hook_without_the_decorator_is_refused():
    shop = plugin("shop")
    names = ("aftersale_rules", "aftersale_rule", "aftersale_opening_hours")
    exec(compile("\n".join(f"def {name}(): return []" for name in names), "shop.py", "exec"), shop.__dict__)
    what = "is named like a hook but is not marked as one (put @hookimpl above it"
    assert refusal(shop=shop) == [
        f"plugin 'shop' (not installed): shop.py:2 aftersale_rule: {what}, did you mean 'aftersale_rules'?)",
        f"plugin 'shop' (not installed): shop.py:1 aftersale_rules: {what})",
    ]


def test_a_hook_that_is_no_plain_function_is_refused_rather_than_ignored():
    cached = functools.cache(hookimpl(lambda: []))
    assert refusal(shop=plugin(aftersale_rules=cached)) == [
        "plugin 'shop' (not installed): aftersale_rules: is marked as a hook but is an object of type "
        "_lru_cache_wrapper, not a plain function "
        "(put @hookimpl on a plain function, above all other decorators)"
    ]


@pytest.mark.parametrize("option", ["tryfirst", "trylast", "wrapper", "hookwrapper", "optionalhook"])
def test_a_plugin_may_not_ask_for_a_place_in_the_order(option):
    def rules():
        yield

    marked = hookimpl(**{option: True})(rules if "wrapper" in option else lambda: [])
    assert refusal(shop=plugin(aftersale_rules=marked)) == [
        f"plugin 'shop' (not installed): {where(marked)} aftersale_rules: asks for {option}=True "
        "(drop it: one plugin answers for a marketplace, and no order is kept)"
    ]


def test_a_hook_that_is_implemented_twice_is_refused():
    second = hookimpl(specname="aftersale_rules")(lambda: [])
    assert refusal(shop=plugin(aftersale_rules=lambda: [], more_rules=second)) == [
        f"plugin 'shop' (not installed): {where(second)} more_rules: "
        "implements 'aftersale_rules' a second time (keep one of the two)"
    ]


def test_a_plugin_for_another_api_is_refused():
    assert refusal(shop=plugin(api=0)) == [
        "plugin 'shop' (not installed): is built for hook API 0, this is API 1 "
        "(install a release of the plugin for API 1)"
    ]


def test_a_plugin_that_does_not_name_its_api_is_refused():
    assert refusal(shop=plugin("corner_shop", api=None)) == [
        "plugin 'shop' (not installed): corner_shop: does not say for which hook API it is built "
        "(add AFTERSALE_API = 1 to the module)"
    ]


def test_one_module_under_two_names_is_refused():
    shop = plugin("corner_shop")
    (problem,) = refusal(first=shop, second=shop)
    assert problem.startswith("plugin 'second' (not installed): corner_shop: cannot be registered: ")


@pytest.mark.parametrize(("answer", "told"), [(None, "None"), ({}, "{}"), ("rules", "'rules'")])
def test_an_answer_that_is_no_list_is_refused(answer, told):
    def rules():
        return answer

    assert refusal(shop=plugin(aftersale_rules=rules)) == [
        f"plugin 'shop' (not installed): {where(rules)} aftersale_rules: returned {told} "
        "(return a list of Rule, or leave the hook out)"
    ]


def test_a_list_of_the_wrong_things_is_refused_item_by_item():
    def marketplaces():
        return [MARKETPLACES[0], "ALT", 3]

    head = f"plugin 'shop' (not installed): {where(marketplaces)} aftersale_marketplaces: returned"
    hint = "(every item of the list is a Marketplace)"
    assert refusal(shop=plugin(aftersale_marketplaces=marketplaces)) == [
        f"{head} 'ALT' at [1] {hint}",
        f"{head} 3 at [2] {hint}",
    ]


def test_an_exception_while_contributing_is_told_and_kept_as_the_cause():
    def rules():
        raise LookupError("no rules today")

    with pytest.raises(PluginError) as caught:
        load_plugins((), {"shop": plugin(aftersale_rules=rules)})
    assert str(caught.value) == (
        f"plugin 'shop' (not installed): {where(rules)} aftersale_rules: failed: LookupError: no rules today, "
        f"at {line(rules, 1)} (correct it, or leave the plugin out)"
    )
    assert isinstance(caught.value.__cause__, LookupError)


def test_the_problems_of_a_document_are_told_one_by_one():
    shop = plugin(aftersale_marketplaces=lambda: load_marketplaces(REFERENCE, "rules.toml"))
    problems = refusal(shop=shop)
    assert len(problems) > 1
    head = f"plugin 'shop' (not installed): {REFERENCE}/rules.toml:"
    assert [problem for problem in problems if not problem.startswith(head)] == []


def test_all_problems_of_all_plugins_are_told_at_once_and_all_causes_kept():
    def fails():
        raise LookupError("no rules today")

    with pytest.raises(PluginError) as caught:
        load_plugins(
            ["nowhere"],
            {
                "apple": plugin(api=0, aftersale_rules=lambda: []),
                "fig": plugin(aftersale_rules=fails),
                "pear": plugin(aftersale_rules=fails, aftersale_commands=lambda: None),
            },
        )
    blamed = [problem.where.split("'")[1] for problem in caught.value.problems]
    assert blamed == ["apple", "fig", "nowhere", "pear", "pear"]
    assert isinstance(caught.value.__cause__, BaseExceptionGroup)


# --- what is wrong only between plugins ---


def test_a_marketplace_with_two_owners_names_both():
    owns = {"aftersale_marketplaces": lambda: MARKETPLACES[:1]}
    assert refusal(first=plugin("a", **owns), second=plugin("b", **owns)) == [
        "marketplace 'REF': is owned by plugin 'first' (not installed) and plugin 'second' (not installed) "
        "(uninstall one of them, or leave one out of AFTERSALE_PLUGINS)"
    ]


def test_rules_for_a_marketplace_that_nobody_owns_are_refused_once():
    rules = [attrs.evolve(rule, marketplace="RFE") for rule in RULES if rule.marketplace == "REF"][:3]
    shop = plugin(aftersale_marketplaces=lambda: MARKETPLACES, aftersale_rules=lambda: rules)
    assert refusal(shop=shop) == [
        f"plugin 'shop' (not installed): {rules[0].origin}:{rules[0].place.line}: {rules[0].name}: "
        "states 3 rules for marketplace 'RFE', "
        "which no plugin owns (did you mean 'REF'?)"
    ]


def test_rules_are_not_called_orphans_while_their_owner_cannot_be_imported():
    (problem,) = refusal(owner=object(), house=plugin(aftersale_rules=lambda: RULES))
    assert "plugin 'owner'" in problem


def test_rules_of_two_plugins_that_overlap_are_told_as_the_later_one_s():
    again = attrs.evolve(RULES[0], origin="house/rules.toml")
    (problem,) = refusal(reference=reference, zoo=plugin(aftersale_rules=lambda: [again]))
    assert problem.startswith("plugin 'zoo' (not installed): house/rules.toml:3: REF first_reply: ")
    assert "overlap" in problem


def test_an_expiry_that_the_workflow_does_not_allow_is_refused():
    silly = [
        attrs.evolve(rule, on_expiry="refunded") if rule.name == "first_reply" and rule.marketplace == "REF" else rule
        for rule in RULES
    ]
    shop = plugin(aftersale_marketplaces=lambda: MARKETPLACES, aftersale_rules=lambda: silly)
    (problem,) = refusal(shop=shop)
    assert problem.startswith(f"plugin 'shop' (not installed): {REFERENCE}/rules.toml:3: REF first_reply")
    assert "on_expiry 'refunded' cannot follow in state 'awaiting_reply' of a message" in problem


def test_a_command_of_two_plugins_is_refused():
    adds = {"aftersale_commands": lambda: [click.Command("greet")]}
    assert refusal(first=plugin("a", **adds), second=plugin("b", **adds)) == [
        "command 'greet': is added by plugin 'first' (not installed) and plugin 'second' (not installed) "
        "(uninstall one of them, or leave one out of AFTERSALE_PLUGINS)"
    ]


def test_a_command_may_not_take_a_name_of_the_program():
    (problem,) = refusal(shop=plugin(aftersale_commands=lambda: [click.Command("rules")]))
    assert problem.startswith("plugin 'shop' (not installed): aftersale_commands: the command cannot be named 'rules' ")


def test_an_order_format_on_which_two_plugins_do_not_agree_is_refused():
    (form,) = reference.aftersale_order_formats()
    other = plugin(aftersale_order_formats=lambda: [attrs.evolve(form, delimiter=";")])
    (problem,) = refusal(reference=reference, zoo=other)
    assert problem.startswith("plugin 'zoo' (not installed): order format reference: delimiter is ")


def test_commands_of_plugins_are_found_by_name():
    greet = click.Command("greet")
    assert load_plugins((), {"shop": plugin(aftersale_commands=lambda: [greet])}).commands() == {"greet": greet}


# --- decisions: the owner first, then house plugins ---


RULE = "rule: REF auto_authorise"


def decided(plugins, marketplace="REF", proposed="return_authorised", sold=None):
    """What becomes of a return that the rules would authorise, and who decided."""
    decisions = plugins.policy(marketplace).at(MONDAY).decisions
    return decisions.on_return("C-1", sold or order(marketplace=marketplace), MONDAY, True, proposed, RULE)


@pytest.mark.parametrize("decision", ["return_authorised", "return_declined", "returnless", "manual"])
def test_the_owner_decides_a_return_and_is_named(decision):
    assert decided(loaded(aftersale_decide_return=lambda order: decision)) == (decision, "plugin: shop")


def test_an_owner_that_says_nothing_leaves_it_to_the_rules():
    assert decided(loaded(aftersale_decide_return=lambda in_policy: None)) == ("return_authorised", RULE)


def test_an_owner_is_given_the_arguments_that_it_asks_for():
    asked = []

    def decide(requested_at, order, proposed):
        asked.append((order.id, requested_at, proposed))

    decided(loaded(aftersale_decide_return=decide), "ALT", sold=order("O-7", "ALT"))
    assert asked == [("O-7", MONDAY, "return_authorised")]


def test_only_the_owner_of_the_marketplace_is_asked_and_not_another_s():
    first = plugin("a", aftersale_marketplaces=lambda: MARKETPLACES[:1], aftersale_decide_return=lambda: "manual")
    second = plugin("b", aftersale_marketplaces=lambda: MARKETPLACES[1:])
    plugins = load_plugins((), {"first": first, "second": second})
    assert decided(plugins, "REF") == ("manual", "plugin: first")
    assert decided(plugins, "ALT") == ("return_authorised", RULE)


def test_a_house_plugin_sees_what_stands_and_overrules_it_by_name():
    seen = []

    def overrule(order, proposed):
        seen.append(proposed)
        return "return_authorised" if order.category == "parts" else None

    house = {"house": plugin("house", aftersale_decide_return=overrule)}
    owner = plugin("a", aftersale_marketplaces=lambda: MARKETPLACES, aftersale_decide_return=lambda: "manual")
    plugins = load_plugins((), {"shop": owner, **house})
    assert decided(plugins) == ("manual", "plugin: shop")
    assert decided(plugins, sold=order(category="parts")) == ("return_authorised", "plugin: house, over plugin: shop")
    assert seen == ["manual", "manual"]
    alone = load_plugins((), {"reference": reference, **house})
    told = decided(alone, proposed="manual", sold=order(category="parts"))
    assert told == ("return_authorised", f"plugin: house, over {RULE}")


def test_house_plugins_that_disagree_fail_the_case_and_both_are_named():
    house = {name: plugin(name, aftersale_decide_return=_answering(said)) for name, said in HOUSES}
    plugins = load_plugins((), {"reference": reference, **house})
    decision, by = decided(plugins)
    assert decision == "manual"
    assert by == (
        "failed: aftersale_decide_return of plugin 'cellar' (not installed): answered 'return_declined', and plugin "
        "'attic' (not installed) 'return_authorised' (keep one of the two)"
    )
    agreed = {name: plugin(name, aftersale_decide_return=_answering("return_declined")) for name, _ in HOUSES}
    told = decided(load_plugins((), {"reference": reference, **agreed}))
    assert told == ("return_declined", f"plugin: attic, over {RULE}")
    confirmed = {"attic": plugin("attic", aftersale_decide_return=_answering("return_authorised"))}
    told = decided(load_plugins((), {"reference": reference, **confirmed}))
    assert told == ("return_authorised", "plugin: attic")


def test_a_house_plugin_that_fails_leaves_what_the_owner_and_the_other_house_plugins_say():
    shop = plugin("shop", aftersale_marketplaces=lambda: MARKETPLACES, aftersale_classify=_answering("ticket"))
    houses = {"attic": _answering(7), "cellar": lambda proposed: f"urgent {proposed}"}
    made = {name: plugin(name, aftersale_classify=said) for name, said in houses.items()}
    plugins = load_plugins((), {"shop": shop, **made})
    docket = Docket(plugins.policies())
    docket.record(fact(), order())
    hints = advice(docket.cases["C-1"], docket.dossiers["O-1"], plugins.policy("REF"))
    assert [(each.says, each.told) for each in hints] == [("urgent ticket", "plugin: cellar, over plugin: shop")]
    cause = "aftersale_classify of plugin 'attic' (not installed): answered 7 (return a word, or None)"
    assert [each.cause for each in plugins.watch.failures] == [cause]


@pytest.mark.parametrize("answer", ["authorised", "returnless_refund", True, 0, ["manual"]])
def test_any_other_decision_puts_the_case_before_a_person_and_says_whose_mistake_it_was(answer):
    plugins = loaded(aftersale_decide_return=_answering(answer))
    cause = (
        f"aftersale_decide_return of plugin 'shop' (not installed): answered {answer!r} "
        "(return one of 'return_authorised', 'return_declined', 'returnless', 'manual', or None)"
    )
    assert decided(plugins) == ("manual", f"failed: {cause}")
    assert list(plugins.watch.told()) == [f"case C-1: {cause}"]


def test_an_exception_while_deciding_fails_that_case_alone():
    def decide(order):
        return {"O-1": 1 / 0}[order.id] if order.id == "O-1" else "return_declined"

    plugins = loaded(aftersale_decide_return=decide)
    where = f"at {line(decide, 1)}"
    cause = f"aftersale_decide_return of plugin 'shop' (not installed): ZeroDivisionError: division by zero, {where}"
    assert decided(plugins) == ("manual", f"failed: {cause}")
    assert decided(plugins, sold=order("O-2")) == ("return_declined", "plugin: shop")
    assert list(plugins.watch.told()) == [f"case C-1: {cause}"]


def test_a_failed_case_stands_before_a_person_with_the_reason_in_its_record():
    def decide():
        raise ValueError("no such shelf")

    docket = Docket(loaded(aftersale_decide_return=decide).policies())
    case = docket.record(fact("return_requested"), order()).case
    assert (case.state, case.task.kind) == ("requested", "decide_return")
    assert case.decided_by == (
        "failed: aftersale_decide_return of plugin 'shop' (not installed): ValueError: no such shelf, "
        f"at {line(decide, 1)}"
    )


def test_what_plugins_say_about_cases_is_seen_on_the_task_with_who_said_it():
    house = plugin(
        "house",
        aftersale_classify=lambda proposed: f"parts {proposed}",
        aftersale_prioritise=lambda proposed: proposed + 3,
        aftersale_decide_evidence=lambda proposed: [*proposed, "serial_number"],
        aftersale_decide_claim=lambda missing: f"refund, for want of {len(missing)}",
        aftersale_decide_refund=lambda proposed: proposed - 100,
    )
    plugins = load_plugins((), {"reference": reference, "house": house})
    policy, docket = plugins.policy("REF"), Docket(plugins.policies())
    docket.record(fact("claim_filed", MONDAY + 5 * DAY, detail="not_received"), order())
    docket.record(fact("return_requested", MONDAY + 5 * DAY, case="R-1"), order())
    docket.record(fact("return_received", MONDAY + 6 * DAY, case="R-1"), order())
    dossier = docket.dossiers["O-1"]
    claim = {each.name: (each.says, each.told) for each in advice(dossier.cases["C-1"], dossier, policy)}
    assert claim["classification"] == ("parts claim", "plugin: house")
    assert claim["priority"] == ("3", "plugin: house")
    assert claim["evidence_missing"][0].endswith("serial_number")
    assert claim["contest_claim"][0].startswith("refund, for want of ")
    back = {each.name: each.says for each in advice(dossier.cases["R-1"], dossier, policy)}
    assert back["refund"] == "24.00 EUR"
    assert plugins.watch.failures == ()


@pytest.mark.parametrize(
    ("hook", "answer", "told"),
    [
        ("aftersale_classify", " ", "return a word, or None"),
        ("aftersale_prioritise", 1.5, "return a whole number, or None"),
        ("aftersale_decide_claim", 3, "return a word, or None"),
        ("aftersale_decide_evidence", "photos", "return a list of words, or None"),
    ],
)
def test_an_answer_that_makes_no_sense_leaves_what_was_proposed(hook, answer, told):
    plugins = loaded(**{hook: _answering(answer)})
    docket = Docket(plugins.policies())
    docket.record(fact("claim_filed", detail="not_received"), order())
    advice(docket.cases["C-1"], docket.dossiers["O-1"], plugins.policy("REF"))
    cause = f"{hook} of plugin 'shop' (not installed): answered {answer!r} ({told})"
    assert [each.cause for each in plugins.watch.failures] == [cause]


# --- observers are told ---


def test_every_observer_is_told_of_facts_missed_deadlines_and_ends():
    told = []
    first = plugin(
        "a",
        aftersale_fact_recorded=lambda case, fact: told.append(("fact", case.state, fact.kind)),
        aftersale_deadline_missed=lambda case, deadline: told.append(("missed", case.id, deadline.name)),
        aftersale_case_closed=lambda case, fact: told.append(("closed", case.id, fact.kind)),
    )
    second = plugin("b", aftersale_fact_recorded=lambda fact: told.append(("second", fact.kind)))
    plugins = load_plugins((), {"reference": reference, "first": first, "second": second})
    docket = Docket(plugins.policies(), plugins.observers())
    docket.record(fact("buyer_message", MONDAY), order())
    docket.advance(MONDAY + 30 * HOUR)
    docket.record(fact("return_requested", MONDAY + 5 * DAY, case="R-1"), order(exempt=True))
    docket.record(fact("return_closed", MONDAY + 5 * DAY + HOUR, case="R-1"), order(exempt=True))
    assert told[:3] == [
        ("fact", "awaiting_reply", "buyer_message"),
        ("second", "buyer_message"),
        ("missed", "C-1", "first_reply"),
    ]
    assert told[-1] == ("closed", "R-1", "return_closed")
    assert [each for each in told if each[0] == "closed"] == told[-1:]


def test_without_an_observer_nobody_is_told():
    assert loaded().observers() is None


@pytest.mark.parametrize(
    ("watch", "what"),
    [
        (lambda fact: "noted", "answered 'noted' (return nothing)"),
        (lambda fact: 1 / 0, "ZeroDivisionError: division by zero, at {line}"),
    ],
)
def test_an_observer_that_answers_or_raises_stops_nothing_and_is_named(watch, what):
    plugins = loaded(aftersale_fact_recorded=watch)
    docket = Docket(plugins.policies(), plugins.observers())
    docket.record(fact(), order())
    assert docket.cases["C-1"].state == "awaiting_reply"
    what = what.format(line=line(watch))
    assert list(plugins.watch.told()) == [f"case C-1: aftersale_fact_recorded of plugin 'shop' (not installed): {what}"]


# --- the watch ---


def test_a_hook_that_takes_too_long_is_told_once_by_name():
    # What is asked once, at the start, may take ten times as long.
    ticks, lines = iter([0.0, 1.9, 2.0, 11.5, 12.0, 14.5, 15.0, 20.0, 20.0, 20.0, 20.0, 20.0]), []
    shop = plugin(
        "shop",
        aftersale_marketplaces=lambda: MARKETPLACES,
        aftersale_decide_return=lambda: None,
    )
    plugins = load_plugins((), {"shop": shop}, watch=Watch(lambda: next(ticks), None, lines.append))
    decided(plugins)
    decided(plugins)
    assert lines == [
        "slow: aftersale_decide_return of plugin 'shop' (not installed) took 2.5 s on case C-1, more than 1 s"
    ]


def test_a_cause_that_fails_many_cases_is_told_in_one_line():
    watch = Watch()
    for case in ("C-1", "C-2", "C-1", "C-3"):
        watch.failed("aftersale_classify", "plugin 'shop'", case, "KeyError: 'x'")
    assert list(watch.told()) == ["case C-1 and 2 more: aftersale_classify of plugin 'shop': KeyError: 'x'"]
    assert (watch.failed_cases(), watch.another().failures) == (frozenset({"C-1", "C-2", "C-3"}), ())


def _answering(answer):
    return lambda: answer


HOUSES = (("attic", "return_authorised"), ("cellar", "return_declined"))


# --- looking at an installation ---


def test_a_survey_shows_broken_plugins_beside_working_ones():
    def decide(order, requested):
        return None

    records = survey((), {"reference": reference, "shop": plugin(aftersale_decide_return=decide)})
    assert [(record["name"], record["marketplaces"], len(record["problems"])) for record in records] == [
        ("reference", ["REF", "ALT"], 0),
        ("shop", [], 1),
    ]
    assert records[1]["hooks"] == ["aftersale_decide_return"]


def test_a_survey_shows_a_clash_at_both_plugins():
    owns = {"aftersale_marketplaces": lambda: MARKETPLACES}
    records = survey((), {"first": plugin("a", **owns), "second": plugin("b", **owns)})
    assert records[0]["problems"] == records[1]["problems"]
    assert len(records[0]["problems"]) == 2


def test_a_survey_shows_names_that_are_not_installed():
    assert [record["name"] for record in survey(["nowhere"])] == ["nowhere"]


def test_tracing_writes_every_call_with_who_is_asked_and_the_answer(capsys):
    shop = plugin(aftersale_marketplaces=lambda: MARKETPLACES[:1], aftersale_decide_return=lambda in_policy: "manual")
    plugins = load_plugins((), {"shop": shop}, trace=True)
    capsys.readouterr()
    decided(plugins)
    asks, answers = capsys.readouterr().err.splitlines()
    assert asks.startswith("aftersale_decide_return(order=Order(id='O-1'")
    assert asks.endswith("in_policy=True, proposed='return_authorised') asks shop")
    assert answers == "aftersale_decide_return answered 'manual'"


def test_nobody_but_the_plugins_module_calls_a_hook():
    package = Path(str(files("aftersale")))
    texts = {str(path.relative_to(package)): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    callers = [name for name, text in texts.items() if "hook_caller" in text or ".hook." in text]
    assert callers == ["plugins/plugins.py"]


def test_the_factories_make_what_they_say():
    assert order().total.amount == 25
    assert fact(at=5).known_at == 5
    assert isinstance(plugin(), ModuleType)
    assert inspect.getdoc(order)


def test_a_plugin_is_asked_about_a_return_once_however_many_moves_depend_on_it():
    asked = []
    shop = plugin(
        aftersale_marketplaces=lambda: MARKETPLACES[:1], aftersale_decide_return=lambda order: asked.append(order.id)
    )
    decided(load_plugins((), {"shop": shop}))
    assert asked == ["O-1"]


# --- kinds of case that plugins add ---

TICKETS = """
[[kind]]
name = "ticket"
state = [
  { name = "open", task = "answer_ticket", opens = ["first_response"] },
  { name = "answered" },
  { name = "solved", final = true },
  { name = "given_up", final = true, defect = "ticket_unsolved" },
]
move = [
  { fact = "ticket_opened", to = "open" },
  { after = ["open"], fact = "ticket_answered", to = "answered" },
  { after = ["answered"], fact = "ticket_reopened", to = "open", counts_as = "ticket_opened" },
  { after = ["answered"], fact = "ticket_solved", to = "solved" },
  { after = ["open", "answered"], fact = "ticket_given_up", to = "given_up" },
]
"""


def tickets(text=TICKETS):
    return list(parse_workflow(tomli.loads(text), "kinds.toml").kinds.values())


def response(hours, place="REF"):
    clock = {"clock": "wall_hours", "amount": hours, "starts": "ticket_opened", "on_expiry": "late"}
    row = {"name": "first_response", "marketplaces": [place], "source": "our terms", "grade": "S", **clock}
    return parse_rules({"rule": [row]}, f"rules for {place}")


@pytest.fixture
def help_desk():
    """A marketplace with a kind of case of its own, and the deadline that it opens."""
    shop = plugin(
        "help_desk",
        aftersale_marketplaces=lambda: MARKETPLACES[:1],
        aftersale_rules=lambda: response(8),
        aftersale_workflow=lambda: tickets(),
    )
    return load_plugins((), {"help_desk": shop})


def test_a_kind_of_case_that_a_plugin_adds_goes_through_the_engine_like_any_other(help_desk):
    docket = Docket(help_desk.policies())
    opened = docket.record(fact("ticket_opened", MONDAY), order()).case
    assert (opened.kind, opened.task.kind, opened.task.due) == ("ticket", "answer_ticket", MONDAY + 8 * HOUR)
    docket.record(fact("ticket_answered", MONDAY + 9 * HOUR), order())
    assert docket.record(fact("ticket_reopened", MONDAY + 10 * HOUR), order()).case.task.due == MONDAY + 18 * HOUR
    assert docket.record(fact("ticket_given_up", MONDAY + 11 * HOUR), order()).defect == 1
    assert docket.record(fact("buyer_message", MONDAY, case="M-1"), order()).case.kind == "message"


def test_the_seller_s_handbook_may_speak_of_what_added_cases_ask_for(help_desk, tmp_path):
    path = tmp_path / "sop.toml"
    path.write_text(
        '[[rule]]\nname = "first_response"\nmarketplaces = ["*"]\nclock = "wall_hours"\namount = 4\n'
        'starts = "ticket_opened"\non_expiry = "late"\nsource = "ours"\ngrade = "S"\n',
        encoding="utf-8",
    )
    docket = Docket(help_desk.policies(handbook=load_handbook(path, help_desk.workflow)))
    task = docket.record(fact("ticket_opened", MONDAY), order()).case.task
    assert (task.due, task.set_by) == (MONDAY + 4 * HOUR, "handbook")
    with pytest.raises(DocumentError, match="first_response: unknown name"):
        load_handbook(path)


def test_kinds_are_read_from_the_package_that_carries_them(tmp_path, monkeypatch):
    package = tmp_path / "carries_kinds"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "kinds.toml").write_text(TICKETS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_kinds("carries_kinds") == tickets()


def test_a_kind_made_by_hand_with_a_guard_that_nobody_knows_is_refused_before_it_runs():
    opens = (Move("ticket_opened", "open", guard="unherd"), Move("ticket_opened", "open"))
    moves = (*opens, Move("ticket_shut", "shut", ("open",)))
    kind = CaseKind("ticket", [State("open"), State("shut", final=True)], moves)
    assert refusal(shop=plugin(aftersale_workflow=lambda: [kind])) == [
        "plugin 'shop' (not installed): aftersale_workflow: ticket: unknown guard 'unherd' (did you mean 'unheard'?)"
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'name = "ticket"',
            'name = "message"',
            "aftersale_workflow: message: two kinds have this name (rename one of them)",
        ),
        (
            '"ticket_opened"',
            '"buyer_message"',
            "aftersale_workflow: ticket: 'buyer_message' also opens a case of kind 'message' "
            "(give one of the two kinds an opening fact of its own)",
        ),
    ],
)
def test_a_kind_that_clashes_with_the_shipped_ones_is_refused_at_its_plugin(old, new, told):
    made = tickets(TICKETS.replace(old, new))
    assert refusal(shop=plugin(aftersale_workflow=lambda: made)) == [f"plugin 'shop' (not installed): {told}"]


def test_a_rule_for_a_deadline_that_no_case_asks_for_is_refused_without_the_kind():
    (problem,) = refusal(
        shop=plugin(aftersale_marketplaces=lambda: MARKETPLACES[:1], aftersale_rules=lambda: response(8))
    )
    assert "nothing asks for a rule named 'first_response'" in problem
