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

from aftersale import hookimpl
from aftersale.cases import Case
from aftersale.errors import PluginError, UnknownMarketplace
from aftersale.marketplaces import load_marketplaces
from aftersale.plugins import load_plugins, survey
from aftersale.policies import undecided
from aftersale.rules import Condition, load_rules
from aftersale.testing import fact, order, plugin, reference
from aftersale.testing.factories import MONDAY

REFERENCE = "aftersale.testing.reference"
MARKETPLACES = load_marketplaces(REFERENCE)
RULES = load_rules(REFERENCE)


def refusal(**modules):
    with pytest.raises(PluginError) as caught:
        load_plugins((), modules)
    return [str(problem) for problem in caught.value.problems]


def where(function):
    return f"test_plugins.py:{function.__code__.co_firstlineno}"


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
    assert [form.name for form in plugins.order_formats] == ["reference"]
    assert plugins.commands() == {}
    assert plugins.fact_recorded is None
    assert plugins.about() == [
        {
            "name": "reference",
            "distribution": "not installed",
            "version": "",
            "marketplaces": ["REF", "ALT"],
            "hooks": ["aftersale_marketplaces", "aftersale_order_formats", "aftersale_rules"],
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
        "cannot be imported: ModuleNotFoundError: No module named 'a_module_that_is_missing' "
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
    hint = "which would always be empty (name what you need: order, requested_at, in_policy)"
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
        f"plugin 'shop' (not installed): {where(rules)} aftersale_rules: failed: LookupError: no rules today "
        "(correct it, or leave the plugin out)"
    )
    assert isinstance(caught.value.__cause__, LookupError)


def test_the_problems_of_a_document_are_told_one_by_one():
    shop = plugin(aftersale_marketplaces=lambda: load_marketplaces(REFERENCE, "rules.toml"))
    problems = refusal(shop=shop)
    assert len(problems) > 1
    head = f"plugin 'shop' (not installed): {REFERENCE}/rules.toml: "
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
        "plugin 'shop' (not installed): aftersale_rules: states 3 rules for marketplace 'RFE', "
        "which no plugin owns (did you mean 'REF'?)"
    ]


def test_rules_are_not_called_orphans_while_their_owner_cannot_be_imported():
    (problem,) = refusal(owner=object(), house=plugin(aftersale_rules=lambda: RULES))
    assert "plugin 'owner'" in problem


def test_rules_of_two_plugins_that_overlap_are_told_as_the_later_one_s():
    again = attrs.evolve(RULES[0], origin="house/rules.toml")
    (problem,) = refusal(reference=reference, zoo=plugin(aftersale_rules=lambda: [again]))
    assert problem.startswith("plugin 'zoo' (not installed): house/rules.toml: REF first_reply: ")
    assert "overlap" in problem


def test_an_expiry_that_the_workflow_does_not_allow_is_refused():
    silly = [
        attrs.evolve(rule, on_expiry="refunded")
        if rule.name == "first_reply" and rule.marketplace == "REF"
        else rule
        for rule in RULES
    ]
    shop = plugin(aftersale_marketplaces=lambda: MARKETPLACES, aftersale_rules=lambda: silly)
    (problem,) = refusal(shop=shop)
    assert problem.startswith(f"plugin 'shop' (not installed): {REFERENCE}/rules.toml: REF first_reply")
    assert "on_expiry 'refunded' cannot follow in state 'awaiting_reply' of a message" in problem


def test_a_command_of_two_plugins_is_refused():
    adds = {"aftersale_commands": lambda: [click.Command("greet")]}
    assert refusal(first=plugin("a", **adds), second=plugin("b", **adds)) == [
        "command 'greet': is added by plugin 'first' (not installed) and plugin 'second' (not installed) "
        "(uninstall one of them, or leave one out of AFTERSALE_PLUGINS)"
    ]


def test_a_command_may_not_take_a_name_of_the_program():
    (problem,) = refusal(shop=plugin(aftersale_commands=lambda: [click.Command("rules")]))
    assert problem.startswith(
        "plugin 'shop' (not installed): aftersale_commands: the command cannot be named 'rules' "
    )


def test_an_order_format_on_which_two_plugins_do_not_agree_is_refused():
    (form,) = reference.aftersale_order_formats()
    other = plugin(aftersale_order_formats=lambda: [attrs.evolve(form, delimiter=";")])
    (problem,) = refusal(reference=reference, zoo=other)
    assert problem.startswith("plugin 'zoo' (not installed): order format reference: delimiter is ")


def test_commands_of_plugins_are_found_by_name():
    greet = click.Command("greet")
    assert load_plugins((), {"shop": plugin(aftersale_commands=lambda: [greet])}).commands() == {
        "greet": greet
    }


# --- decisions go to the owner ---


@pytest.mark.parametrize("decision", ["return_authorised", "return_declined", "manual"])
def test_the_owner_decides_a_return_and_is_named(decision):
    policy = loaded(aftersale_decide_return=lambda order: decision).policy("REF")
    assert policy.at(MONDAY).decide_return(order(), MONDAY, True) == (decision, "plugin: shop")


def test_an_owner_that_says_nothing_leaves_it_to_the_rules():
    policy = loaded(aftersale_decide_return=lambda in_policy: None).policy("REF")
    assert policy.at(MONDAY).decide_return(order(), MONDAY, True) == (None, "")


def test_an_owner_is_given_the_arguments_that_it_asks_for():
    asked = []

    def decide(requested_at, order):
        asked.append((order.id, requested_at))

    loaded(aftersale_decide_return=decide).policy("ALT").at(MONDAY).decide_return(order("O-7"), MONDAY, False)
    assert asked == [("O-7", MONDAY)]


def test_only_the_owner_of_the_marketplace_is_asked():
    first = plugin(
        "a",
        aftersale_marketplaces=lambda: MARKETPLACES[:1],
        aftersale_decide_return=lambda: "return_authorised",
    )
    second = plugin(
        "b",
        aftersale_marketplaces=lambda: MARKETPLACES[1:],
        aftersale_decide_return=lambda: "return_declined",
    )
    bystander = plugin("c", aftersale_decide_return=lambda: "manual")
    plugins = load_plugins((), {"first": first, "second": second, "zoo": bystander})
    decisions = [
        plugins.policy(name).at(MONDAY).decide_return(order(marketplace=name), MONDAY, True)
        for name in ("REF", "ALT")
    ]
    assert decisions == [("return_authorised", "plugin: first"), ("return_declined", "plugin: second")]


def test_an_owner_without_the_hook_costs_nothing():
    assert loaded().policy("REF").at(MONDAY).decide_return is undecided


@pytest.mark.parametrize("answer", ["authorised", True, 0, ["manual"]])
def test_any_other_decision_is_refused_with_plugin_hook_and_order(answer):
    def decide(order):
        return answer

    policy = loaded(aftersale_decide_return=decide).policy("REF")
    with pytest.raises(PluginError) as caught:
        policy.at(MONDAY).decide_return(order(), MONDAY, True)
    assert str(caught.value) == (
        f"plugin 'shop' (not installed): {where(decide)} aftersale_decide_return: "
        f"answered {answer!r} for order O-1 "
        "(return one of 'return_authorised', 'return_declined', 'manual', or None)"
    )


def test_an_exception_while_deciding_is_not_swallowed_and_says_where_it_came_from():
    def decide(order):
        raise ZeroDivisionError

    policy = loaded(aftersale_decide_return=decide).policy("REF")
    with pytest.raises(ZeroDivisionError) as caught:
        policy.at(MONDAY).decide_return(order(), MONDAY, True)
    assert caught.value.__notes__ == [
        "in aftersale_decide_return of plugin 'shop' (not installed), order O-1"
    ]


# --- observers are told ---

CASE = Case("C-1", "message", "REF", "O-1", "answered", MONDAY, MONDAY)


def test_every_observer_is_told_of_a_fact():
    told = []
    plugins = load_plugins(
        (),
        {
            "first": plugin(
                "a", aftersale_fact_recorded=lambda case, fact: told.append(("first", case, fact))
            ),
            "second": plugin("b", aftersale_fact_recorded=lambda fact: told.append(("second", fact))),
        },
    )
    plugins.fact_recorded(CASE, fact())
    assert told == [("first", CASE, fact()), ("second", fact())]


def test_an_observer_that_answers_is_refused():
    def watch(fact):
        return "noted"

    with pytest.raises(PluginError) as caught:
        loaded(aftersale_fact_recorded=watch).fact_recorded(CASE, fact())
    assert str(caught.value) == (
        f"plugin 'shop' (not installed): {where(watch)} aftersale_fact_recorded: "
        "answered 'noted' for case C-1 (return nothing)"
    )


def test_an_exception_of_an_observer_says_where_it_came_from():
    def watch(fact):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        loaded(aftersale_fact_recorded=watch).fact_recorded(CASE, fact())
    assert caught.value.__notes__ == ["in aftersale_fact_recorded of plugin 'shop' (not installed), case C-1"]


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
    shop = plugin(
        aftersale_marketplaces=lambda: MARKETPLACES[:1], aftersale_decide_return=lambda in_policy: "manual"
    )
    plugins = load_plugins((), {"shop": shop}, trace=True)
    capsys.readouterr()
    plugins.policy("REF").at(MONDAY).decide_return(order(), MONDAY, True)
    asks, answers = capsys.readouterr().err.splitlines()
    assert asks.startswith("aftersale_decide_return(order=Order(id='O-1'")
    assert asks.endswith("in_policy=True) asks shop")
    assert answers == "aftersale_decide_return answered 'manual'"


def test_nobody_but_the_plugins_module_calls_a_hook():
    package = Path(str(files("aftersale")))
    texts = {str(path.relative_to(package)): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    callers = [name for name, text in texts.items() if "hook_caller" in text or ".hook." in text]
    assert callers == ["plugins.py"]


def test_the_factories_make_what_they_say():
    assert order().total.amount == 25
    assert fact(at=5).known_at == 5
    assert isinstance(plugin(), ModuleType)
    assert inspect.getdoc(order)
