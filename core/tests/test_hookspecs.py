import inspect
import re
import subprocess
import sys
import textwrap
from types import ModuleType

import pytest

from aftersale import hookspecs
from aftersale.hookspecs import PROJECT
from aftersale.plugins.admission import HOOKS
from aftersale.plugins.plugins import load_plugins

pytestmark = pytest.mark.plugins

HEADINGS = ("Called", "Args", "Returns", "Raises", "Example", "Since")


def contract(hook: str) -> str:
    return inspect.getdoc(getattr(hookspecs, hook)) or ""


def section(hook: str, heading: str) -> str:
    found = re.search(rf"^{heading}:\n((?:    .*\n|\n)+)", contract(hook) + "\n", re.MULTILINE)
    return textwrap.dedent(found.group(1)).strip() if found else ""


def test_there_are_hooks_to_contribute_to_decide_and_to_observe():
    assert set(HOOKS) == {
        "aftersale_marketplaces",
        "aftersale_rules",
        "aftersale_deadlines",
        "aftersale_workflow",
        "aftersale_metrics",
        "aftersale_costs",
        "aftersale_world",
        "aftersale_order_formats",
        "aftersale_return_reports",
        "aftersale_health_reports",
        "aftersale_commands",
        "aftersale_decide_return",
        "aftersale_decide_refund",
        "aftersale_decide_evidence",
        "aftersale_decide_claim",
        "aftersale_classify",
        "aftersale_prioritise",
        "aftersale_fact_recorded",
        "aftersale_deadline_missed",
        "aftersale_case_closed",
    }


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_carries_the_name_of_the_project(hook):
    assert hook.startswith(f"{PROJECT}_")


@pytest.mark.parametrize("hook", HOOKS)
def test_every_contract_has_the_same_headings_in_the_same_order(hook):
    found = re.findall(r"^(\w+):$", contract(hook), re.MULTILINE)
    expected = [heading for heading in HEADINGS if heading != "Args" or HOOKS[hook]]
    assert found == expected


@pytest.mark.parametrize("hook", HOOKS)
def test_every_contract_describes_exactly_the_arguments_of_its_hook(hook):
    assert tuple(re.findall(r"^(\w+): ", section(hook, "Args"), re.MULTILINE)) == HOOKS[hook]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_contract_says_what_none_means(hook):
    assert "None" in section(hook, "Returns")


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_every_contract_is_a_plugin_that_loads(hook):
    example = ModuleType("example")
    exec(compile(section(hook, "Example"), f"<example of {hook}>", "exec"), example.__dict__)
    plugins = load_plugins((), {"example": example})
    assert hook in plugins.about()[0]["hooks"]


def test_importing_aftersale_is_light():
    heavy = "{'attrs', 'cattrs', 'click', 'numpy', 'polars', 'rich', 'holidays', 'moneyed'}"
    program = f"import sys, aftersale; print(sorted({heavy} & sys.modules.keys()), aftersale.AFTERSALE_API)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[] 1\n"


def test_the_package_knows_its_version_and_nothing_else_by_accident():
    import aftersale

    assert re.fullmatch(r"\d+\.\d+\.\d+.*", aftersale.__version__)
    with pytest.raises(AttributeError, match="module 'aftersale' has no attribute 'verison'"):
        aftersale.verison  # noqa: B018
