"""Mistakes in what users write are told with file and line, whichever document it is."""

import inspect
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins

SCENARIO = """\
name = "shop"
currency = "EUR"
replications = 1

[period]
start = 2026-03-02
measured = "2 d"

[marketplace.DE]
orders_per_day = 5
price = { median = "24.90" }

[team.desk]
zone = "Europe/Berlin"
agents = 2
shifts = [
  { days = "Mon-Fri", hours = "09:00-18:00" },
  { days = "Sat", hours = "09:00-13:00" },
]

[handling]
reply = { mean = "8 min" }

[[variant]]
name = "more"

[variant.set]
"team.desk.agents" = 3
"""
EVENT = '[[event]]\nname = "x"\nlasts = "1 d"\nafter = "0 d"\n'
RULE = """\
# our own
[[rule]]
name = "first_reply"
marketplaces = ["*"]
clock = "wall_hours"
amount = 12
starts = "buyer_message"
on_expiry = "late"
source = "our handbook"
grade = "S"
"""


APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
WORD = """\
[[rule]]
name = "contest_claim"
marketplaces = ["*"]
word = "fight"
source = "our handbook"
grade = "S"
"""


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


@pytest.fixture
def typed():
    return lambda *args: CliRunner(**APART).invoke(cli, list(args), obj=installed())


@pytest.fixture
def put(tmp_path: Path):
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


SCENARIO_MISTAKES = [
    ("agents = 2", "agents = -1", 15, "team.desk.agents"),
    ('days = "Sat"', 'days = "Sut"', 18, "team.desk.shifts[1].days"),
    ("agents = 2", "agents = 2\nagnets = 3", 16, "team.desk.agnets"),
    ("agents = 2", "agents = 20000", 15, "team.desk"),
    ("\n[handling]", "\n[world]\nlost_rat = 1\n\n[handling]", 22, "world.lost_rat"),
    ("\n[handling]", "\n[world]\nsale_events = false\n\n[handling]", 22, "world.sale_events"),
    ("agents = 2", "agents = 2\nsale_events = false", 16, "team.desk.sale_events"),
    ("\nreply = {", "\nreplies = {", 22, "handling.replies"),
    ('currency = "EUR"\n', "", 1, "currency"),
    ('zone = "Europe/Berlin"\n', "", 13, "team.desk.zone"),
    ("[marketplace.DE]", "[marketplace.XX]", 9, "marketplace.XX"),
    ('"team.desk.agents" = 3', '"team.desk.agents" = "3"', 28, "team.desk.agents"),
    ('"team.desk.agents" = 3', '"team.desk.agnets" = 3', 28, "team.desk.agnets"),
    ('name = "more"', 'name = "base"', 24, ""),
    ("\n[handling]", '\n[orders]\nfile = "no.csv"\nscale = -1\n\n[handling]', 23, "orders.scale"),
    (
        "\n[handling]",
        '\n[[event]]\nname = "x"\nlasts = "1 d"\nafter = "0 d"\nteams = ["dsk"]\n\n[handling]',
        25,
        "event[0]",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "path"), SCENARIO_MISTAKES)
def test_a_mistake_in_a_scenario(typed, put, old, new, line, path):
    assert SCENARIO.count(old) == 1
    file = put("s.toml", SCENARIO.replace(old, new))
    ended = typed("whatif", file)
    assert ended.exit_code == 2
    first = ended.stderr.splitlines()[1] if "problems:" in ended.stderr else ended.stderr
    assert first.strip().removeprefix("Error: ").startswith((f"{file}:{line}: {path}", f"{file}:{line}, variant"))
    assert path in first


def test_a_mistake_in_what_an_option_sets_has_no_line(typed, put):
    file = put("s.toml", SCENARIO)
    ended = typed("whatif", file, "--set", "team.desk.agents=-1")
    assert ended.stderr.startswith("Error: --set: team.desk.agents: ")


def test_a_mistake_in_the_mapping_of_an_order_file_that_only_the_plugins_show(typed, put):
    put("orders.csv", "a,b,c\n1,2026-03-02,3\n")
    mapping = '\n[orders]\nfile = "orders.csv"\n\n[orders.columns]\norder = "a"\npurchased_at = "b"\nprice = "c"\n'
    mapping += '\n[orders.values]\nmarketplace = "DE"\nchannel = "MFN"\ncurrency = "USD"\n'
    file = put("s.toml", SCENARIO + mapping)
    ended = typed("whatif", file)
    assert ended.stderr.startswith(f"Error: {file}:41: orders.values.currency: DE sells in EUR, not in USD ")


def test_a_mistake_in_a_file_of_stress(typed, put):
    file = put("s.toml", SCENARIO)
    stress = put(
        "big.toml", 'name = "big"\n\n[[event]]\nname = "x"\nlasts = "1 d"\nafter = "0 d"\nworld = { lost_rat = 1 }\n'
    )
    ended = typed("whatif", file, "--stress", stress)
    assert ended.stderr.startswith(f"Error: {stress}:7: event[0].world.lost_rat: unknown parameter")
    stress = put("big.toml", 'name = "big"\n\n[[event]]\nname = "x"\nlasts = "1 d"\nafter = 3\n')
    ended = typed("whatif", file, "--stress", stress)
    assert ended.stderr.startswith(f"Error: {stress}:6: event[0].after: expected a duration")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("amount = 12", 'amount = "12"', "6: rule[0].amount: expected a whole number of 0 or more, found '12'"),
        ("first_reply", "frist_reply", "2: frist_reply: unknown name (did you mean 'first_reply'?)"),
        (
            "amount = 12",
            "amount = 999",
            "2: * first_reply 999 wall_hours …–…: '* first_reply 999 wall_hours …–…' is looser",
        ),
        (
            'source = "our handbook"',
            'when = { price_up_to = "15.00" }\nsource = "our handbook"',
            "2: rule[0]: a price without a currency is another amount on every marketplace: add it, "
            "when = { price_up_to = '15.00', currency = 'EUR' }, or name the marketplaces in place of '*'",
        ),
        (
            RULE,
            WORD.replace("fight", "banana"),
            "1: * contest_claim banana …–…: 'contest_claim' cannot be 'banana' "
            "(it is one of: fight, complete the evidence, refund)",
        ),
        (
            RULE,
            WORD.replace("fight", "figth"),
            "1: * contest_claim figth …–…: 'contest_claim' cannot be 'figth' (did you mean 'fight'?)",
        ),
        ('on_expiry = "late"', 'on_expiry = "x"', "2: * first_reply 12 wall_hours …–…: on_expiry 'x' cannot follow"),
    ],
)
def test_a_mistake_in_a_handbook(typed, put, old, new, message):
    book = put("book.toml", RULE.replace(old, new))
    file = put("s.toml", SCENARIO.replace('currency = "EUR"', 'currency = "EUR"\nhandbook = "book.toml"'))
    assert f"{book}:{message}" in typed("whatif", file).stderr
