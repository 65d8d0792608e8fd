"""Worlds: what plugins say of the buyers of their marketplaces, checked before anybody simulates it."""

import pytest
import tomli
from attrs import evolve

from aftersale.base.errors import DocumentError, PluginError
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.reactions import Reaction
from aftersale.policies.worlds import (
    Absence,
    Answer,
    Closure,
    Codes,
    Contact,
    Parameter,
    WorldDefaults,
    load_world,
    parse_world,
)
from aftersale.testing import hostile, plugin

(WORLD,) = load_world("aftersale.testing.hostile")
SAID = {"source": "made up", "grade": "assumed"}
PLACE = ("kiribati",)
OPTION = Closure(
    "Express",
    PLACE,
    "MFN",
    7,
    {"sfp_on_time_delivery": "deliveries_on_time"},
    "ticket_rate",
    "ticket_delay_days",
    "made up",
    "assumed",
)
DECLARED = {"unit": "share of orders", "source": "assumed", "grade": "assumed"}


def refusal(**changes):
    """Return why the help desk is refused with a changed world."""
    made = {name: getattr(hostile, name) for name in vars(hostile) if name.startswith("aftersale_")}
    world = WorldDefaults(**{**_rows(evolve(WORLD)), **changes})
    with pytest.raises(PluginError) as caught:
        load_plugins((), {"hostile": plugin(**{**made, "aftersale_world": lambda: [world]})})
    return [str(problem).removeprefix("plugin 'hostile' (not installed): ") for problem in caught.value.problems]


def _rows(world):
    return {name: getattr(world, name) for name in ("parameter", "contact", "reaction", "answer", "absent")}


def test_the_world_of_a_plugin_reaches_whoever_simulates_it():
    assert load_plugins((), {"hostile": hostile}).worlds == [WORLD]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"closure": (evolve(OPTION, lines={"sfp_on_time_delivry": "deliveries_on_time"}),)},
            "aftersale_world: closure[0].lines: there is no rule with a share 'sfp_on_time_delivry' "
            "(did you mean 'sfp_on_time_delivery'?)",
        ),
        (
            {"closure": (evolve(OPTION, share="lost_shar"),)},
            "aftersale_world: closure[0].share: no [[parameter]] declares 'lost_shar' for kiribati "
            "(declare it with default, low, high, unit, source and grade)",
        ),
        (
            {"contact": (Contact("ticket_opend", PLACE, "ticket_rate", "ticket_delay_days"),)},
            "aftersale_world: contact[0].fact: there is no fact that opens a case 'ticket_opend' "
            "(did you mean 'ticket_opened'?)",
        ),
        (
            {"contact": (Contact("ticket_opened", PLACE, "ticket_rat", "ticket_delay_days"),)},
            "aftersale_world: contact[0].rate: no [[parameter]] declares 'ticket_rat' for kiribati "
            "(declare it with default, low, high, unit, source and grade)",
        ),
        (
            {"reaction": (Reaction("ticket", "open", "ticket_solved", PLACE, "ticket_rate", "ticket_delay_hours"),)},
            "aftersale_world: reaction[0].fact: there is no fact that a ticket in state 'open' allows 'ticket_solved' "
            "(did you mean 'ticket_escalated'?)",
        ),
        (
            {"reaction": (Reaction("tickets", "open", "ticket_solved", PLACE, "ticket_rate", "ticket_delay_hours"),)},
            "aftersale_world: reaction[0].kind: there is no kind of case 'tickets' (did you mean 'ticket'?)",
        ),
        (
            {"answer": (Answer("answer_tickets", "ticket_answered"),)},
            "aftersale_world: answer[0].task: there is no task 'answer_tickets' (did you mean 'answer_ticket'?)",
        ),
        (
            {"answer": (Answer("answer_ticket", "ticket_answered"), Answer("answer_ticket", "ticket_given_up"))},
            "aftersale_world: answer: two answers to the task 'answer_ticket' (keep one of them)",
        ),
        (
            {"absent": (Absence(PLACE, ("claims_filed",)),)},
            "aftersale_world: absent[0].facts: there is no fact 'claims_filed' (did you mean 'claim_filed'?)",
        ),
        (
            {"absent": (Absence(("kiribatti",), ("claim_filed",)),)},
            "aftersale_world: absent[0]: there is no marketplace 'kiribatti' (did you mean 'kiribati'?)",
        ),
        (
            {"codes": (Codes(("kiribatti",), ("claim_filed",), {"lost": "L-1"}, **SAID),)},
            "aftersale_world: codes[0]: there is no marketplace 'kiribatti' (did you mean 'kiribati'?)",
        ),
        (
            {"codes": (Codes((), ("claim_filed",), {"lost": "L-1"}, **SAID),)},
            "aftersale_world: codes[0]: codes holds nowhere (name its marketplaces)",
        ),
        (
            {"codes": (Codes(PLACE, ("claims_filed",), {"lost": "L-1"}, **SAID),)},
            "aftersale_world: codes[0].facts: there is no fact 'claims_filed' (did you mean 'claim_filed'?)",
        ),
        (
            {"codes": tuple(Codes(PLACE, ("claim_filed",), {"lost": code}, **SAID) for code in ("L-1", "L-2"))},
            "aftersale_world: codes[1].words.lost: 'lost' of 'claim_filed' has a code for kiribati in codes[0] already "
            "(keep one of them)",
        ),
        (
            {"parameter": (*WORLD.parameter, Parameter("lost_rate", 0.0, 0.0, 1.0, **DECLARED))},
            "aftersale_world: parameter[6]: parameter 'lost_rate' holds nowhere (name its marketplaces)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(changes, problem):
    assert problem in refusal(**changes)


def test_an_answer_that_its_task_s_state_does_not_allow_is_refused_for_each_state():
    found = refusal(answer=(Answer("answer_ticket", "ticket_reopened"),))
    assert [line.partition(" (")[0] for line in found] == [
        "aftersale_world: answer[0].fact: there is no fact that a ticket in state 'open' allows 'ticket_reopened'",
        "aftersale_world: answer[0].fact: there is no fact that a ticket in state 'escalated' allows 'ticket_reopened'",
    ]


def test_two_plugins_that_declare_one_number_of_a_marketplace_are_both_named():
    again = WorldDefaults((Parameter("lost_rate", 0.5, 0.0, 1.0, **DECLARED, marketplaces=PLACE),))
    with pytest.raises(PluginError) as caught:
        load_plugins((), {"hostile": hostile, "house": plugin(aftersale_world=lambda: [again])})
    assert str(caught.value) == (
        "parameter 'lost_rate' of kiribati: is declared by plugin 'hostile' (not installed) and plugin 'house' "
        "(not installed) (uninstall one of them, or leave one out of AFTERSALE_PLUGINS)"
    )


def test_a_closure_that_counts_what_nobody_can_count_is_refused():
    row = {"name": "Express", "marketplaces": ["REF"], "channel": "SFP", "days": 7, "share": "a", "lasts_days": "b"}
    row |= {"lines": {"sfp_cancellation": "cancelations"}, "source": "made up", "grade": "assumed"}
    with pytest.raises(DocumentError, match=r"closure\[0\]\.lines\.sfp_cancellation: .*did you mean 'cancellations'"):
        parse_world({"closure": [row]}, "shop/world.toml")


def test_a_default_outside_its_range_is_refused_where_it_stands():
    text = '[[parameter]]\nname = "rate"\ndefault = 2.0\nlow = 0.0\nhigh = 1.0\nunit = "share"\nsource = "assumed"\n'
    with pytest.raises(DocumentError) as caught:
        parse_world(tomli.loads(text + 'grade = "assumed"\nmarketplaces = ["REF"]\n'), "shop/world.toml")
    assert str(caught.value) == ("shop/world.toml: parameter[0]: default 2 does not lie between low 0 and high 1")
