"""Lines of costs as data: what an author may not write, told all at once."""

from decimal import Decimal

import pytest
import tomli
from attrs import evolve

from aftersale.base.errors import DocumentError, PluginError
from aftersale.cases.workflow import CaseKind, Move, State
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.cost_kinds import CostKind, Estimate, parse_costs
from aftersale.testing import plugin

TICKET = CaseKind(
    "ticket",
    (State("open"), State("solved", final=True)),
    (Move("ticket_opened", "open"), Move("ticket_solved", "solved", after=("open",))),
)
ESTIMATE = Estimate(Decimal(0), Decimal(1), "made up", "assumed", share=Decimal("0.1"))
GOOD = CostKind("ticket", "refunds", "cost", "what it is", "含义", fact="ticket_solved", estimate=ESTIMATE)


def problems(*kinds, more=()):
    """What is told of the lines of one plugin, without its name."""
    shop = plugin(aftersale_workflow=lambda: [TICKET], aftersale_costs=lambda: list(kinds))
    others = {"other": plugin(aftersale_costs=lambda: list(more))} if more else {}
    try:
        load_plugins((), {"shop": shop, **others})
    except PluginError as error:
        return [str(problem).removeprefix("plugin 'shop' (not installed): ") for problem in error.problems]
    return []


def test_a_line_that_fits_is_kept():
    assert problems(GOOD) == []


MONEY = {"low": Decimal(0), "high": Decimal(50), "source": "made up", "grade": "assumed"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "labour_worked"}, "is the name of another line (give it a name of its own)"),
        (
            {"group": "feess"},
            "unknown group 'feess' (did you mean 'fees'?)",
        ),
        ({"fact": ()}, "no fact books it (name one: fact = 'ticket_refunded')"),
        ({"fact": "ticket_solvd"}, "the workflow knows no fact 'ticket_solvd' (did you mean 'ticket_solved'?)"),
        (
            {"fact": "return_inspected"},
            "'return_inspected' is booked already, on the line 'loss_of_value' (let each fact book one line)",
        ),
        (
            {"taken_back_by": ("ticket_solved",)},
            "'ticket_solved' is booked already, on the line 'ticket' (let each fact book one line)",
        ),
        (
            {"sign": "back", "gives_back": True},
            "what comes back to the seller gives the buyer nothing, and is not taken back "
            "(leave out gives_back and taken_back_by, or write sign = 'cost')",
        ),
        (
            {"estimate": None},
            "says not what it is where a fact has no amount "
            "(add estimate = { share = '…', low = '…', high = '…', source = '…', grade = '…' })",
        ),
        (
            {"estimate": evolve(ESTIMATE, high=Decimal("0.05"))},
            "estimate: 0.1 lies outside its range, 0 to 0.05 (correct one of the three)",
        ),
        (
            {"estimate": evolve(ESTIMATE, share=None)},
            "estimate: is to have share or money (write share = '0.30', or money = '20.00' with its currency)",
        ),
        (
            {"estimate": evolve(ESTIMATE, share=0.1)},
            "estimate: an amount is no exact number of 0 or more (write it as Decimal('0.30'))",
        ),
        (
            {"estimate": Estimate(**MONEY, money=Decimal(1))},
            "estimate: money and currency go together (write money = '20.00', currency = 'USD')",
        ),
        (
            {"estimate": Estimate(**MONEY, money=Decimal("1.5"), currency="JPY")},
            "estimate: 1.5 has too many decimals for JPY (JPY has no decimals; round it first)",
        ),
        (
            {"gives_back": True, "estimate": Estimate(**MONEY, money=Decimal(1), currency="EUR")},
            "estimate: what a buyer gets back is a part of the price (write share in place of money)",
        ),
    ],
)
def test_a_line_that_does_not_fit_is_refused(changes, told):
    name = changes.get("name", "ticket")
    assert problems(evolve(GOOD, **changes)) == [f"aftersale_costs: {name}: {told}"]


def test_two_plugins_share_no_name_and_no_fact():
    other = evolve(GOOD, name="other_ticket")
    assert problems(GOOD, more=[GOOD])[0] == (
        "plugin 'other' (not installed): aftersale_costs: ticket: is the name of another line "
        "(give it a name of its own)"
    )
    assert problems(GOOD, more=[other])[0] == (
        "plugin 'other' (not installed): aftersale_costs: other_ticket: 'ticket_solved' is booked already, "
        "on the line 'ticket' (let each fact book one line)"
    )


@pytest.mark.parametrize("answer", [None, "costs.toml", [ESTIMATE]])
def test_what_is_no_list_of_lines_is_refused(answer):
    with pytest.raises(PluginError, match="aftersale_costs: returned"):
        load_plugins((), {"shop": plugin(aftersale_costs=lambda: answer)})


def test_a_row_that_cannot_be_read_is_told_with_its_key():
    row = tomli.loads('[[cost]]\nname = "x"\ngroup = "fees"\nsign = "cost"\nfact = 3\nen = " "\nmoney = "1"\n')
    with pytest.raises(DocumentError) as caught:
        parse_costs(row, "costs.toml")
    assert [str(problem) for problem in caught.value.problems] == [
        "costs.toml: cost[0].en: expected a text that is not empty, found ' '",
        "costs.toml: cost[0].zh: missing (add it: a text that is not empty)",
        "costs.toml: cost[0].fact: expected a text or a list of texts, none of them empty, found 3",
        "costs.toml: cost[0].money: unknown key (allowed here: name, group, sign, en, zh, fact, gives_back, "
        "taken_back_by, estimate)",
    ]
