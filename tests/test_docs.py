"""The documents and the program cannot disagree: sessions are run, tables parsed, keys and options compared."""

import csv
import importlib
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any, ForwardRef

import attrs
import pytest
import tomli
from click.testing import CliRunner

from aftersale import hookspecs
from aftersale.advice.evidence import SUBMITTED
from aftersale.base.errors import DocumentError
from aftersale.base.files import LIMIT
from aftersale.base.toml_lines import is_written
from aftersale.cases.facts import Fact
from aftersale.cases.model import Case, Deadline, Task
from aftersale.cases.workflow import CaseKind, Move, State, default_workflow
from aftersale.cli import TRACE, cli
from aftersale.costs.charges import CHARGES
from aftersale.engine.docket import Docket
from aftersale.engine.guards import GUARDS
from aftersale.hookspecs import ALLOW_LIST, PROJECT
from aftersale.journal.columns import FACT_COLUMNS, ORDER_COLUMNS
from aftersale.journal.own_numbers import OwnNumbers, read_own_numbers
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.orders import Order, OrderLine
from aftersale.plugins.admission import HOOKS
from aftersale.plugins.hook_phases import lifecycle_diagram
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.cost_kinds import GROUPS, CostKind, Estimate, default_cost_kinds, parse_costs
from aftersale.policies.deadline_functions import ARGUMENTS
from aftersale.policies.decisions import RETURNS
from aftersale.policies.handbook import default_handbook, load_handbook
from aftersale.policies.marketplaces import Marketplace, parse_marketplaces
from aftersale.policies.metric_kinds import MetricKind, default_metrics
from aftersale.policies.reactions import Reaction
from aftersale.policies.sales import DatedSale, Sale
from aftersale.policies.worlds import Absence, Answer, Codes, Contact, Parameter, WorldDefaults
from aftersale.reports.orders.formats import CancelMark, Columns, Constants, LinesFile, OrderFormat, parse_formats
from aftersale.reports.service_logs.formats import ReturnFormat, parse_return_formats
from aftersale.rules import Condition, Rule, RuleSet, parse_rules
from aftersale.scaffold.new_plugin import NewPlugin
from aftersale.testing import fact, order, orders, reference
from aftersale.views.rule_tables import demand
from aftersale.worth.parameters import OTHER_GRADE, default_parameters
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.books.money import COUNTS, MONEY
from aftersale_simulator.kernel import kernel_is_compiled
from aftersale_simulator.runs.results import METRICS
from aftersale_simulator.scenario import model as scenarios
from aftersale_simulator.scenario.document import load_scenario, parse_scenario
from aftersale_simulator.scenario.events import Event
from aftersale_simulator.show.wording import text as engine_text
from aftersale_simulator.world.checks import check_marketplaces

ROOT = Path(__file__).parents[1]
PATTERNS = ("*.md", "*/*.md", "*/docs/*.md", "*/docs/*/*.md", "plugins/*/*.md")
PAGES = sorted(
    page
    for pattern in PATTERNS
    for page in ROOT.glob(pattern)
    if not page.relative_to(ROOT).parts[0].startswith(".")  # what tools keep beside the project
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
README, RULES, JOURNAL = ROOT / "README.md", ROOT / "core/docs/rules.md", ROOT / "core/docs/journal.md"
CASES, HANDBOOK = ROOT / "core/docs/cases.md", ROOT / "core/docs/handbook.md"
HOOKS_PAGE, FIELDS = ROOT / "core/docs/hooks.md", ROOT / "core/docs/fields.md"
COSTS = ROOT / "core/docs/costs.md"
STRESS = ROOT / "simulator/docs/stress.md"
STAFF = ROOT / "simulator/docs/staff.md"
SCENARIO, WHATIF = ROOT / "simulator/docs/scenario.md", ROOT / "simulator/docs/whatif-json.md"
# Newer releases of click keep stderr apart by themselves.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
SHELL = frozenset("|&;<>()$`\\*?[]{}~#!\n")
"""What has a meaning to a shell."""
UNCOMPILED = "" if kernel_is_compiled() else engine_text("engine.uncompiled") + "\n"
"""What is told on stderr where the kernel could not be compiled."""
CLASSES = ("Scenario", "Period", "Price", "Sales", "Shift", "Team", "Allowed", "Handling")
CLASSES = (*CLASSES, "Goods", "Product", "SoldProduct", "Leave", "OrderSource", "Targets", "DeclaredVariant")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def everything() -> str:
    return "\n".join(map(text, PAGES))


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(text(page)) if kind == language]


def block(page: Path, begins: str) -> str:
    """Return the one TOML block of a page that begins with these words."""
    (found,) = (body for body in blocks(page, "toml") if body.startswith(begins))
    return found


def every(language: str) -> Iterator[Any]:
    for page in PAGES:
        for number, body in enumerate(blocks(page, language)):
            yield pytest.param(body, id=f"{page.relative_to(ROOT)}-{number}")


def names(*classes: type) -> set[str]:
    return {field.name for cls in classes for field in attrs.fields(cls) if is_written(field)}


def undescribed(words: Any, page: Path) -> list[str]:
    """Return the words that the page does not have in backticks, alone or as the end of a path."""
    ticked = re.findall(r"`([^`\n]+)`", text(page))
    found = {word.rpartition(".")[2] for word in ticked}
    return sorted(set(words) - found)


@cache
def installed() -> Plugins:
    return load_plugins()


def printed(command: str, program: bool) -> tuple[str, str]:
    """Return what a command prints to stdout and to stderr; one that needs no shell runs in this process.

    With `program` every command is typed into a shell, as users do.
    """
    if program or SHELL & set(command) or not command.startswith("aftersale "):
        ended = typed(command, Path.cwd())
        return ended.stdout, ended.stderr
    found = CliRunner(**APART).invoke(
        cli, shlex.split(command)[1:], obj=installed(), env={"COLUMNS": "100"}, catch_exceptions=False
    )
    return found.stdout, found.stderr


def typed(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    env = {**os.environ, "PATH": path, "COLUMNS": "100"}
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, cwd=folder, check=False)


def sessions() -> Iterator[Any]:
    """Yield the pages with sessions; what stands on the first of them is run as users install it, too."""
    for page in PAGES:
        if blocks(page, "console"):
            yield pytest.param(page, id=page.name, marks=[] if page == README else [pytest.mark.once])


@pytest.mark.parametrize("page", list(sessions()))
def test_a_session_prints_what_its_page_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page are one session in one folder; those of the first page are typed into a shell throughout."""
    monkeypatch.chdir(tmp_path)
    session = "\n".join(blocks(page, "console"))
    for step in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, expected = _step(step)
        told, complaints = printed(command, page == README)
        assert complaints.replace(UNCOMPILED, "") == ""
        assert "\n".join(line.rstrip() for line in told.rstrip("\n").split("\n")) == expected.rstrip("\n")


def _step(step: str) -> tuple[str, str]:
    """Return what is typed, lines that go on after `> ` among it, and what is printed then."""
    first, *others = step.split("\n")
    more = list(takewhile(lambda line: line.startswith("> "), others))
    return "\n".join([first, *(line[2:] for line in more)]), "\n".join(others[len(more) :])


def test_there_are_sessions_to_check() -> None:
    assert blocks(README, "console")
    assert blocks(CASES, "console")


@pytest.mark.parametrize("block", list(every("toml")))
def test_a_shown_document_is_read_by_what_reads_it(block: str, tmp_path: Path) -> None:
    document = tomli.loads(block)
    if "project" in document:
        assert document["project"]["entry-points"].keys() == {PROJECT}
    elif "period" in document:
        scenario = parse_scenario(document, "shown")
        check_marketplaces(scenario, load_plugins(), "shown")
    elif "event" in document:
        shown = tomli.loads(blocks(SCENARIO, "toml")[0])
        parse_scenario({**shown, "event": document["event"]}, "shown")
    elif "reaction" in document:
        shown = tomli.loads(blocks(SCENARIO, "toml")[0])
        shown["marketplace"]["DE"]["categories"] = {"general": 0.5, "electronics": 0.5}
        parse_scenario({**shown, **document}, "shown")
    elif any("product" in sales for sales in document.get("marketplace", {}).values()):
        shown = tomli.loads(blocks(SCENARIO, "toml")[0])
        for name, sales in document["marketplace"].items():
            shown["marketplace"][name] |= sales
        parse_scenario(shown, "shown")
    elif isinstance(document.get("orders"), dict) or "staffing" in document:
        shown = tomli.loads(blocks(SCENARIO, "toml")[0])
        parse_scenario({**shown, **document}, "shown")
    elif "orders" in document:
        assert parse_formats(document, "shown")
    elif "returns" in document:
        assert parse_return_formats(document, "shown")
    elif "cost" in document:
        assert parse_costs(document, "shown")
    elif "labour_cost" in document:
        (tmp_path / "costs.toml").write_text(block, encoding="utf-8")
        assert isinstance(read_own_numbers(tmp_path), OwnNumbers)
    elif "marketplace" in document:
        assert parse_marketplaces(document, "shown")
    elif "*" in (document.get("rule") or document["metric"])[0]["marketplaces"]:
        (tmp_path / "handbook.toml").write_text(block, encoding="utf-8")
        load_handbook(tmp_path / "handbook.toml")
    else:
        assert parse_rules(document, "shown")


def test_the_shown_lines_say_for_which_orders_and_days_they_are() -> None:
    shown = next(body for body in blocks(RULES, "toml") if "judged_on" in body)
    rules = RuleSet(parse_rules(tomli.loads(shown), "shown")).history()
    said = next(body for body in blocks(RULES, "text") if "judged on day" in body)
    assert [demand(rule) for rule in rules] == said.splitlines()
    assert [[rule.is_for(orders) for orders in (0, 399, 400)] for rule in rules] == [
        [False, False, True],
        [True, True, False],
    ]


def test_the_shown_house_plugin_decides_on_somebody_s_marketplace() -> None:
    (shown,) = blocks(README, "python")
    house = ModuleType("house")
    exec(compile(shown, "README.md", "exec"), house.__dict__)
    policies = load_plugins((), {"house": house, "reference": reference}).policies()
    docket = Docket(policies)
    found = {
        category: docket.record(
            fact("return_requested", case=category, order=category, marketplace="ALT"),
            order(category, "ALT", category=category, currency="CLP"),
        )
        for category in ("spare_parts", "general")
    }
    assert {category: outcome and outcome.case.decided_by for category, outcome in found.items()} == {
        "spare_parts": "plugin: house",
        "general": "",
    }


def test_the_shown_rules_and_profile_make_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = NewPlugin("shown_corner_shop", "US").texts()["src/aftersale_shown_corner_shop/__init__.py"]
    package = tmp_path / "shown_corner_shop"
    package.mkdir()
    (package / "__init__.py").write_text(module, encoding="utf-8")
    for name in ("costs", "kinds", "metrics", "world"):
        (package / f"{name}.toml").touch()
    (package / "rules.toml").write_text(block(RULES, '[[rule]]\nname = "refund'), encoding="utf-8")
    (package / "profile.toml").write_text(block(RULES, "[marketplace"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    shown = importlib.import_module(package.name)
    plugins = load_plugins(names=(), extra={"corner_shop": shown})
    assert list(plugins.marketplaces) == ["US"]
    assert {rule.name for rule in plugins.policy("US").rules.history("US")} == {
        "refund_after_receipt",
        "auto_authorise",
        "order_defect_rate",
    }


def test_every_key_of_a_scenario_is_described() -> None:
    classes = (*(getattr(scenarios, name) for name in CLASSES), OrderFormat, Columns, Constants, CancelMark, LinesFile)
    top = {"period", "marketplace", "team", "handling", "staffing"}  # tables, each named with what is in it
    assert set(undescribed(names(*classes), SCENARIO)) <= top
    assert all(re.search(rf"\| `{name}(\.[A-Z]+)?` \|", text(SCENARIO)) for name in top)


def test_every_key_stands_in_the_table_in_which_the_program_takes_it() -> None:
    assert {(table, key) for table, key in keys_by_table() if not is_taken(table, key)} == set()
    written = {(table, key) for table, key in keys_by_table()}
    for table, kind in TABLES.items():
        assert {key for key in names(kind) - TOP if (table, key) not in written} == set()


TOP = {"period", "marketplace", "team", "handling", "world", "targets", "orders", "staffing", "event", "variant"}
TOP |= {"reaction"}
TOP |= {"rates", "costs", "goods"}
"""The tables of a scenario, each named with what is in it."""
TABLES = {"the file": scenarios.Scenario, "period": scenarios.Period, "marketplace.NAME": scenarios.Sales}
TABLES |= {"team.NAME": scenarios.Team, "handling.TASK": scenarios.Handling, "targets": scenarios.Targets}
TABLES |= {"goods": scenarios.Goods, "staffing.NAME": scenarios.Allowed, "variant": scenarios.DeclaredVariant}


def keys_by_table() -> list[tuple[str, str]]:
    """Return the (table, key) pairs of the table of a scenario's keys; rows without a table go on with the last one."""
    section = text(SCENARIO).partition("| table | key |")[2].partition("\n\n")[0]
    pairs, table = [], ""
    for line in section.splitlines()[2:]:
        first, second = (cell.strip() for cell in line.split("|")[1:3])
        table = first.strip("`") or table
        pairs += [(table, key) for key in re.findall(r"`([a-z_0-9]+)`", second)]
    return pairs


def is_taken(table: str, key: str) -> bool:
    """Whether the program takes a key there: it tells an unknown key of a table with the keys that it takes."""
    raw = deepcopy(dict(load_scenario().raw))
    node: Any = raw
    node.pop("variant", None)
    for step in [] if table == "the file" else table.split("."):
        name = {"NAME": next(iter(node), "x"), "TASK": "reply"}.get(step, step)
        node = node.setdefault(name, [{}] if name == "variant" else {})
        node = node[0] if isinstance(node, list) else node
    node[key] = object()
    with pytest.raises(DocumentError) as caught:
        parse_scenario(raw, "s.toml")
    return not any(problem.path.endswith(key) and "unknown" in problem.what for problem in caught.value.problems)


def test_every_number_of_the_world_is_described() -> None:
    assert undescribed((parameter.name for parameter in load_parameters()), ROOT / "simulator/docs/world.md") == []


def test_every_key_of_rules_and_profiles_is_described() -> None:
    inner = {"kind", "origin", "marketplace"}  # told by the other keys, by the file, by `marketplaces`
    rows = names(Rule) - inner | {"marketplaces"}
    profile = names(Marketplace) - {"name", "calendar"} | {"holidays", "subdivision"}
    assert undescribed(rows | profile, RULES) == []
    assert [key for key in names(Condition) if f"{key} = " not in text(RULES)] == []


def test_every_key_of_a_format_of_returns_is_described() -> None:
    assert undescribed(names(ReturnFormat) - {"name", "columns", "required"}, RULES) == []


def test_every_name_that_a_rule_or_metric_may_have_is_described() -> None:
    opened = {name for kind in default_workflow().kinds.values() for state in kind.state for name in state.opens}
    asked = opened | {"return_window", "auto_authorise"} | set(default_metrics())
    assert undescribed(asked, RULES) == []


def test_every_hook_is_described_with_its_arguments() -> None:
    assert [name for name, words in HOOKS.items() if f"`{name}({', '.join(words)})`" not in text(HOOKS_PAGE)] == []


HANDED: tuple[Any, ...] = (Order, OrderLine, Case, Deadline, Task, Fact)
"""What hooks are given, each with a table of its own."""
NEVER = "never"
"""How the cell on emptiness begins of what always holds something."""


def rows_below(heading: str, page: Path) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its header; a bar in a cell is written `\\|`."""
    section = text(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]
    return [[cell.replace("\\|", "|") for cell in row] for row in cells]


def written(hint: Any) -> str:
    """Return a type as the code writes it."""
    return hint.__forward_arg__ if isinstance(hint, ForwardRef) else str(getattr(hint, "__name__", hint))


def fields_of(kind: Any) -> list[tuple[str, str]]:
    """Return the fields of a class with their types, and its properties."""
    made = [(name, written(hint)) for name, hint in inspect.get_annotations(kind).items()]
    counted = inspect.getmembers(kind, lambda member: isinstance(member, property))
    return made + [(name, written(inspect.get_annotations(member.fget)["return"])) for name, member in counted]


@pytest.mark.parametrize("kind", HANDED, ids=lambda kind: kind.__name__)
def test_every_field_of_what_hooks_are_given_is_described_with_its_type(kind: Any) -> None:
    rows = rows_below(kind.__name__, FIELDS)
    assert [(name.strip("`"), hint.strip("`")) for name, hint, _, _ in rows] == fields_of(kind)
    assert [name for name, _, meaning, empty in rows if not (meaning and empty)] == []


def test_a_field_that_may_hold_nothing_is_described_with_when() -> None:
    for kind in HANDED:
        empty = {name.strip("`"): cell for name, _, _, cell in rows_below(kind.__name__, FIELDS)}
        defaults = getattr(kind, "_field_defaults", {})
        may = {name for name, hint in fields_of(kind) if "None" in hint or not defaults.get(name, True)}
        assert {name for name in may if empty[name].startswith(NEVER)} == set()


def test_every_argument_of_a_hook_is_described_with_its_type() -> None:
    rows = rows_below("Arguments", FIELDS)
    described = [
        (f"{PROJECT}_{hook}", argument.strip("`"), hint.strip("`"))
        for argument, hooks, hint, meaning, empty in rows
        for hook in re.findall(r"`(\w+)`", hooks)
        if meaning and empty
    ]
    expected = [
        (hook, name, parameter.annotation)
        for hook in HOOKS
        for name, parameter in inspect.signature(getattr(hookspecs, hook)).parameters.items()
    ]
    assert sorted(described) == sorted(expected)


def test_every_argument_of_a_deadline_function_is_described_with_its_type() -> None:
    rows = rows_below("Arguments of deadline functions", FIELDS)
    assert {name.strip("`"): hint.strip("`") for name, hint, meaning, empty in rows if meaning and empty} == ARGUMENTS


def test_what_a_deciding_hook_may_answer_about_returns_is_described() -> None:
    assert undescribed(RETURNS, FIELDS) == undescribed(RETURNS, HOOKS_PAGE) == []


def test_the_shown_bracket_of_prices_holds_as_it_is_described() -> None:
    (rule,) = parse_rules(tomli.loads(block(FIELDS, '[[rule]]\nname = "returnless"')), "shown")
    prices = (500, 501, 1500, 1501)
    assert [rule.when.holds(order(price=price)) for price in prices] == [False, True, True, False]
    about_prices = {name for name in names(Condition) if name.startswith("price")} | {"currency"}
    assert [name for name in about_prices if f"| `{name} = " not in text(FIELDS)] == []


def test_the_shown_rows_about_buyers_hold_as_they_are_described(tmp_path: Path) -> None:
    (rule,) = parse_rules(tomli.loads(block(FIELDS, '[[rule]]\nname = "auto_authorise"')), "shown")
    assert [rule.when.holds(order(buyer=name)) for name in ("17", "240", "1", "2400", "")] == [True, True, *[False] * 3]
    assert '| `buyer = "17"` |' in text(FIELDS)
    (tmp_path / "own.toml").write_text(block(RULES, '[[rule]]\nname = "returnless"'), encoding="utf-8")
    plugins = load_plugins((), {"reference": reference})
    docket = Docket(plugins.policies(handbook=load_handbook(tmp_path / "own.toml")))
    asks = [("7", 4000, "EUR", "REF"), ("7", 4001, "EUR", "REF"), ("8", 4000, "EUR", "REF"), ("7", 4000, "CLP", "ALT")]
    found = []
    for number, (buyer, price, currency, place) in enumerate(asks):
        sold = order(str(number), place, buyer=buyer, price=price, currency=currency, exempt=True)
        outcome = docket.record(
            fact("return_requested", case=f"R-{number}", order=sold.id, marketplace=place, detail="defective"), sold
        )
        found.append(outcome.case.state if outcome else "")
    assert found == ["refunded", "requested", "requested", "requested"]


def test_the_shown_list_of_buyers_is_made_from_a_journal_and_sends_their_returns_to_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, listing = blocks(HOOKS_PAGE, "python")[1:]
    who = ["7"] * 3 + ["8"] * 2 + [""] * 4
    sold = [order(f"O-{row}", buyer=name) for row, name in enumerate(who)]
    asked = [fact("return_requested", order=one.id, case=f"R-{one.id}") for one in sold]
    (tmp_path / "shop").mkdir()
    for name, frame in (("orders", order_frame(orders(*sold))), ("facts", fact_frame(asked))):
        write_table(frame, tmp_path / "shop", name)
    monkeypatch.chdir(tmp_path)
    exec(compile(listing, "hooks.md", "exec"), {})
    assert (tmp_path / "suspects.txt").read_text(encoding="utf-8") == "7"
    house = ModuleType("house")
    house.__file__ = str(tmp_path / "house.py")
    exec(compile(plugin, "hooks.md", "exec"), house.__dict__)
    docket = Docket(load_plugins((), {"house": house, "reference": reference}).policies())
    outcomes = [docket.record(told, one) for told, one in zip(asked, sold, strict=True)]
    decided = {one.buyer: outcome and outcome.case.decided_by for one, outcome in zip(sold, outcomes, strict=True)}
    assert decided["7"] == "plugin: house, over rule: REF auto_authorise True …–…"
    assert "house" not in f"{decided['8']}{decided['']}"


def test_the_picture_of_when_hooks_are_called_is_the_one_that_the_program_draws() -> None:
    assert blocks(HOOKS_PAGE, "mermaid") == ["\n".join(lifecycle_diagram()) + "\n"]


def test_every_key_of_a_plugin_s_data_is_described() -> None:
    kinds = (CaseKind, State, Move)
    worlds = (Parameter, Contact, Answer, Absence, Codes, Sale, DatedSale, WorldDefaults)
    assert undescribed(names(MetricKind, *kinds, *worlds) - {"origin"}, HOOKS_PAGE) == []


def test_every_key_of_what_happens_of_itself_is_described() -> None:
    # Names of random numbers are ours, and a plugin states what a scenario cannot: what it follows, and brings.
    by_plugins = {"kind", "state", "fact", "name", "missed", "after", "since", "done", "event", "choice"}
    of_chance = {"draw", "delay_draw", "fresh", "hourly", "repeats", "by_category"}
    assert undescribed(by_plugins, HOOKS_PAGE) == []
    assert undescribed(names(Reaction) - by_plugins - of_chance, SCENARIO) == []


def test_every_line_of_costs_stands_in_the_table_with_its_group_and_every_key_is_described() -> None:
    table = text(COSTS).split("## Who bears it")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|[^|]+\|[^|]*\|[^|]*\|$", table, re.MULTILINE)
    assert rows == [(kind.name, kind.group) for kind in default_cost_kinds().values()]
    assert undescribed(names(CostKind, Estimate), COSTS) == []
    assert undescribed(GROUPS, COSTS) == []


def test_every_column_and_fact_of_a_journal_is_described() -> None:
    facts, orders = text(JOURNAL).split("`orders.parquet`")
    assert unlisted(FACT_COLUMNS, facts) == []
    assert unlisted(ORDER_COLUMNS, orders) == []
    assert [name for name in default_workflow().openers() if f"`{name}`" not in text(CASES)] == []


def unlisted(words: Iterable[str], told: str) -> list[str]:
    """Return the words that stand in no first cell of a table."""
    cells = "".join(re.findall(r"^\| (`[^|]*) \|", told, flags=re.MULTILINE))
    return [word for word in words if f"`{word}`" not in cells]


def test_every_kind_of_case_is_described_with_its_tasks_deadlines_and_guards() -> None:
    kinds = default_workflow().kinds
    for kind in kinds.values():
        (told,) = (part for part in text(CASES).split("\n\n") if part.startswith(f"**{kind.name}**"))
        words = {word for state in kind.state for word in (state.task, *state.opens) if word}
        openers = {move.fact for move in kind.opening}
        general = {"silence"}  # of all contacts, told once
        assert sorted(word for word in (words | openers) - general if f"`{word}`" not in told) == []
    assert unlisted(GUARDS, text(CASES)) == []


def test_every_fact_whose_detail_or_amount_speaks_is_described() -> None:
    details, amounts = text(CASES).split("| fact | `detail` |")[1].split("| fact | `amount` |")
    asked = ("return_requested", "claim_filed", "chargeback_filed", SUBMITTED, "return_inspected", "replacement_sent")
    assert unlisted(asked, details) == []
    # These book what others tell, a fee by rule, or take back what was estimated.
    silent = {"order_cancelled", "return_received", "claim_denied", "claim_withdrawn", "claim_granted_by_marketplace"}
    assert unlisted(sorted(CHARGES.keys() - silent), amounts) == []


def test_every_word_that_rules_ask_facts_for_is_described() -> None:
    plugins = load_plugins()
    rows = [rule for name in plugins.marketplaces for rule in plugins.policy(name).rules.history(name)]
    asked = {word for rule in rows for words in (rule.when.reason, rule.when.claim) for word in words or ()}
    evidence = {word for rule in rows if rule.name == "evidence" for word in rule.words}
    grades = default_parameters().grades.keys() - {OTHER_GRADE}
    assert undescribed(asked | evidence | grades, CASES) == []


def test_every_row_of_the_shipped_handbook_is_described_as_it_stands() -> None:
    lines = text(HANDBOOK).splitlines()
    rows = default_handbook().rules.history()
    missing = [
        str(rule)
        for rule in rows
        if not any(
            line.startswith(f"| `{rule.name}`")
            and all(f"`{word}`" in line for word in map(str, rule.when.asks.values()))
            and f"| {demand(rule)} | {rule.source} | {rule.grade} |" in line
            for line in lines
        )
    ]
    assert missing == []
    assert sum(line.count(" | S | ") + line.count(" | assumed | ") > 0 for line in lines) == len(rows)


def test_the_shown_handbook_binds_and_the_shown_looser_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "handbook.toml"
    own, looser = blocks(HANDBOOK, "toml")
    path.write_text(own, encoding="utf-8")
    plugins = load_plugins()
    assert plugins.policies(handbook=load_handbook(path)).keys() == plugins.marketplaces.keys()
    path.write_text(looser, encoding="utf-8")
    with pytest.raises(DocumentError, match="is looser than what the marketplace demands"):
        plugins.policies(handbook=load_handbook(path))


def test_every_metric_of_whatif_is_described() -> None:
    assert undescribed((*METRICS, *MONEY, *COUNTS), WHATIF) == []


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's scenario, with the orders that scenario.md maps."""
    folder = tmp_path_factory.mktemp("shop")
    mapped, _ = (body for body in blocks(SCENARIO, "toml") if body.startswith("[orders]"))
    scenario = f"{block(README, 'name')}\n{mapped}"
    (folder / "mine.toml").write_text(scenario, encoding="utf-8")
    rows = (
        "InvoiceNo,InvoiceDate,StockCode,Quantity,UnitPrice,CustomerID",
        *(f"{number},2026-01-05 10:00,cup,1,9.50,ann{number}" for number in range(40)),
        "C1,2026-01-12 10:00,cup,-1,9.50,ann1",
        "99,2026-01-05 10:00,POSTAGE,1,3.00,ann1",
        "100,soon,cup,1,9.50,ann2",
    )
    (folder / "orders.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_every_key_of_an_event_is_described() -> None:
    assert undescribed(names(Event), STRESS) == []


@pytest.mark.once
def test_every_key_of_the_document_of_staff_is_described(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    told, _ = printed("aftersale staff mine.toml --replications 2 --probability 0.5 --workers 1 --json", False)
    found = json.loads(told)
    assert undescribed((*found, *found["roster"][0], *found["frontier"][0], *found["erlang_c"]), STAFF) == []


@pytest.mark.once
def test_every_key_of_the_document_of_whatif_is_described(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    told, complaints = printed("aftersale whatif mine.toml --replications 2 --workers 1 --json", False)
    assert complaints.replace(UNCOMPILED, "") == ""
    found = json.loads(told)
    variant = found["variants"][0]
    figure = variant["metrics"]["claims"]
    assert undescribed((*found, *variant, *figure, *figure["difference"], *found["orders"]), WHATIF) == []
    assert found["orders"]["fitted"]
    assert found["orders"]["skipped"]
    assert undescribed(found["orders"]["rejected"][0], WHATIF) == []


@pytest.mark.once
def test_every_file_and_column_of_a_run_is_described(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    _, complaints = printed("aftersale simulate mine.toml --csv --out run", False)
    assert complaints == ""
    tables = {path.stem: path for path in (shop / "run").glob("*.csv")}
    others = {path.name for path in (shop / "run").iterdir() if path.suffix != ".csv"}
    assert [name for name in {*tables, *others} if f"`{name}`" not in text(SCENARIO)] == []
    for name in ("cases", "returns", "claims", "messages"):
        with tables[name].open(encoding="utf-8", newline="") as lines:
            assert undescribed(next(csv.reader(lines)), SCENARIO) == []


def test_every_command_is_shown_somewhere() -> None:
    shown = everything()
    commands = [*cli.commands, *load_plugins().commands()]
    assert [name for name in commands if f"aftersale {name}" not in shown] == []


def test_every_option_and_variable_is_named_somewhere() -> None:
    shown = everything()
    commands = {**cli.commands, **load_plugins().commands()}
    options = {word for command in commands.values() for option in command.params for word in option.opts}
    words = {word for word in options if word.startswith("--")} | {ALLOW_LIST, LIMIT, TRACE}
    assert sorted(word for word in words if not re.search(rf"{word}\b(?!-)", shown)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for place, anchor in LINK.findall(text(page)):
        if "://" not in place:
            target = page.parent / place if place else page
            assert target.exists(), place
            assert not anchor or anchor in anchors(target), f"{place}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the names by which the headings of a page are linked: lower case, hyphens for spaces, no signs."""
    headings = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(text(page)))
    return {heading.strip().replace(" ", "-") for heading in headings}


def test_the_page_on_journals_lists_every_sort_of_what_looks_wrong() -> None:
    table = text(JOURNAL).partition("## What looks wrong")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    sorts = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    messages = tomli.loads((ROOT / "core/src/aftersale/messages.toml").read_text(encoding="utf-8"))
    assert sorts == messages["en"]["doubts"].keys() - {"title", "more"}
