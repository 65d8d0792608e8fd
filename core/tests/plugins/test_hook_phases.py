"""When hooks are called: what is told of it, against what happens."""

import json

from click.testing import CliRunner

from aftersale.advice.advice import advice, classified, priority
from aftersale.cli import cli
from aftersale.clocks import DAY, HOUR
from aftersale.engine.docket import Docket
from aftersale.plugins.admission import HOOKS
from aftersale.plugins.hook_phases import STAGES, lifecycle, lifecycle_diagram, stage
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.decisions import DECIDING
from aftersale.policies.observers import OBSERVING
from aftersale.testing import fact, hostile, order, plugin, reference
from aftersale.testing.factories import MONDAY

RUNNER = CliRunner()


def test_every_hook_is_called_at_the_stage_that_is_told():
    """A plugin with every hook, which notes at which stage it is asked, goes through a case of each sort."""
    now = ["start"]
    seen: set[tuple[str, str]] = set()

    def noting(hook, answer):
        parameters = ", ".join(HOOKS[hook])
        scope = {"seen": seen, "now": now, "hook": hook, "answer": answer}
        exec(f"def noted({parameters}):\n    seen.add((hook, now[0]))\n    return answer", scope)
        return scope["noted"]

    answers = dict.fromkeys((*DECIDING, *OBSERVING))
    answers |= {hook: [] for hook in HOOKS if hook not in answers}
    answers["aftersale_marketplaces"] = reference.aftersale_marketplaces()
    answers["aftersale_rules"] = reference.aftersale_rules()
    plugins = load_plugins((), {"curious": plugin(**{hook: noting(hook, each) for hook, each in answers.items()})})
    policies = plugins.policies()
    docket = Docket(policies, plugins.observers())

    now[0] = "fact"
    docket.record(fact("return_requested", MONDAY, case="R"), order())
    docket.record(fact("return_sent", MONDAY + HOUR, case="R"), order())
    docket.record(fact("return_received", MONDAY + 2 * HOUR, case="R"), order())
    docket.record(fact("claim_filed", MONDAY + 3 * HOUR, case="C"), order())
    docket.record(fact("buyer_message", MONDAY + 4 * HOUR, case="M"), order())
    now[0] = "desk"
    for case in docket.cases.values():
        dossier, policy = docket.dossiers[case.order], policies["REF"]
        (advice(case, dossier, policy), classified(case, dossier, policy), priority(case, dossier, policy))
    now[0] = "fact"
    docket.record(fact("claim_denied", MONDAY + 5 * HOUR, case="C"), order())
    now[0] = "time"
    docket.advance(MONDAY + 60 * DAY)
    told = {(each["hook"], each["stage"]) for each in lifecycle()}
    assert told <= seen
    # A deadline that ends may close a case, and then these two are told as of any other fact.
    assert seen - told <= {("aftersale_case_closed", "time"), ("aftersale_fact_recorded", "time")}


def test_every_hook_stands_in_the_table_and_in_the_picture_once():
    assert [each["hook"] for each in lifecycle() if each["arguments"] != list(HOOKS[each["hook"]])] == []
    assert sorted(each["hook"] for each in lifecycle()) == sorted(HOOKS)
    drawn = [line for line in lifecycle_diagram() if "<br/>" in line]
    assert sorted(line.split('["')[1].split("<br/>")[0] for line in drawn) == sorted(HOOKS)
    assert {stage(hook) for hook in HOOKS} == set(STAGES)
    assert [each["hook"] for each in lifecycle() if not each["called"].endswith(".")] == []


def test_the_command_prints_a_table_a_picture_or_json():
    table = RUNNER.invoke(cli, ["plugins", "hooks"]).stdout
    assert all(hook in table for hook in HOOKS)
    assert RUNNER.invoke(cli, ["plugins", "hooks", "--mermaid"]).stdout == "\n".join(lifecycle_diagram()) + "\n"
    assert json.loads(RUNNER.invoke(cli, ["plugins", "hooks", "--json"]).stdout) == lifecycle()


def test_the_hostile_plugin_has_every_hook_that_decides_or_observes():
    assert {hook for hook in (*DECIDING, *OBSERVING) if not hasattr(hostile, hook)} == set()
