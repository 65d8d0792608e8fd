import inspect
import json
import os
import subprocess
import sys
from datetime import date
from errno import ENOSPC
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aftersale.base.errors import AftersaleError
from aftersale.cases.workflow import default_workflow
from aftersale.cli import cli, policies
from aftersale.clocks import HOUR, instant
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.plugins.contributions import CORE_COMMANDS
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, orders, plugin, reference

ALONE = {"AFTERSALE_PLUGINS": "", "AFTERSALE_TRACE": "", "COLUMNS": "80", "TERM": "dumb"}


# Before click 8.2 a runner mixes the two streams unless it is told not to.
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
RUNNER = CliRunner(**APART)


def run(*args, extra=None, **env):
    """Run the program in this process, with the reference plugin or with those of `extra`."""
    plugins = load_plugins((), {"reference": reference} if extra is None else extra)
    return RUNNER.invoke(cli, list(args), obj=plugins, env={**ALONE, **env}, prog_name="aftersale")


def run_installed(*args, **env):
    """Run the program in this process, with the installed plugins that the environment allows."""
    return RUNNER.invoke(cli, list(args), env={**ALONE, **env}, prog_name="aftersale")


def start(*args, **env):
    """Run the program in a process of its own."""
    command = [sys.executable, "-m", "aftersale", *args]
    env = {**os.environ, **ALONE, **env}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, encoding="utf-8")


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Two installed plugins with a mistake each, and the environment that allows both."""
    for name in ("corner_shop", "kiosk"):
        (tmp_path / f"{name}.py").write_text("AFTERSALE_API = 0\n", encoding="utf-8")
        about = tmp_path / f"{name}-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
        (about / "entry_points.txt").write_text(f"[aftersale]\n{name} = {name}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield {"AFTERSALE_PLUGINS": "corner_shop, kiosk", "PYTHONPATH": str(tmp_path)}
    for name in ("corner_shop", "kiosk"):
        sys.modules.pop(name, None)


PROBLEM = "is built for hook API 0, this is API 1 (install a release of the plugin for API 1)"
PROBLEMS = [f"plugin '{name}' ({name} 1.2): {PROBLEM}" for name in ("corner_shop", "kiosk")]


# --- the program as such ---


def test_the_version_is_that_of_the_distribution():
    result = start("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"aftersale {__import__('aftersale').__version__}\n"


def test_help_says_what_the_program_does_and_lists_its_commands():
    result = run("--help")
    assert result.exit_code == 0
    assert "After-sales cases of marketplace sellers." in result.output
    assert {line.split()[0] for line in result.output.split("Commands:\n")[1].splitlines()} == CORE_COMMANDS


def test_names_that_plugins_may_not_take_are_exactly_the_program_s_own_commands():
    assert set(cli.commands) == CORE_COMMANDS


def test_a_command_of_a_plugin_stands_beside_the_others_and_is_given_the_plugins():
    @click.command()
    @click.pass_obj
    def stores(plugins):
        """List the stores."""
        click.echo(" ".join(plugins.marketplaces))

    extra = {"reference": reference, "shop": plugin(aftersale_commands=lambda: [stores])}
    assert "List the stores." in run("--help", extra=extra).output
    assert run("stores", extra=extra).output == "REF ALT\n"


def test_an_unknown_command_is_refused_with_the_one_that_was_meant():
    result = run("ruls", "REF")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        "Error: no command 'ruls'; did you mean 'rules'?",
    )


@pytest.mark.parametrize("command", ["whatif", "simulate"])
def test_a_command_of_the_simulator_says_what_to_install(command, monkeypatch):
    monkeypatch.delenv("AFTERSALE_PLUGINS", raising=False)
    plugins = load_plugins(())
    result = RUNNER.invoke(cli, [command], obj=plugins, prog_name="aftersale")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        f"Error: '{command}' comes with another distribution: python -m pip install aftersale-simulator",
    )


def test_a_command_of_a_plugin_that_is_left_out_says_so():
    result = run_installed("whatif")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        "Error: 'whatif' belongs to a plugin that AFTERSALE_PLUGINS does not name: it names none",
    )


def test_an_error_of_the_project_ends_the_program_with_2_and_no_traceback():
    result = start("rules", "US")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: unknown marketplace 'US' (")
    assert "Traceback" not in result.stderr


def test_what_was_noted_on_an_error_is_shown_with_it():
    def fails():
        error = AftersaleError("no")
        error.add_note("in the corner shop")
        raise error

    extra = {"shop": plugin(aftersale_commands=lambda: [click.Command("fail", callback=fails)])}
    result = run("fail", extra=extra)
    assert (result.exit_code, result.stderr) == (2, "Error: no\nin the corner shop\n")


def test_an_interrupt_ends_the_program_with_130_and_one_line():
    def interrupted():
        raise KeyboardInterrupt

    extra = {"shop": plugin(aftersale_commands=lambda: [click.Command("wait", callback=interrupted)])}
    result = run("wait", extra=extra)
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "Interrupted.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_one_line():
    words = [sys.executable, "-m", "aftersale", "workflow"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        result = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env={**os.environ, **ALONE}
        )
    line = "Error: the output cannot be written: No space left on device (free some room, or write elsewhere)\n"
    assert (result.returncode, result.stderr) == (2, line)


def test_a_file_that_does_not_fit_is_named():
    def full():
        raise OSError(ENOSPC, "No space left on device", "notes.txt")

    extra = {"shop": plugin(aftersale_commands=lambda: [click.Command("fill", callback=full)])}
    result = run("fill", extra=extra)
    line = "Error: notes.txt cannot be written: No space left on device (free some room, or write elsewhere)\n"
    assert (result.exit_code, result.stderr) == (2, line)


def test_a_reader_that_goes_away_is_no_error():
    script = f"{sys.executable} -m aftersale workflow | {sys.executable} -c pass"
    result = subprocess.run(
        script, shell=True, capture_output=True, text=True, check=False, env={**os.environ, **ALONE}
    )
    assert result.stderr == ""


def test_a_terminal_that_cannot_show_a_character_is_no_error():
    result = start("workflow", "message", PYTHONIOENCODING="latin-1")
    assert (result.returncode, result.stderr) == (0, "")
    assert "buyer_message \\u2192 awaiting_reply" in result.stdout


def test_tracing_is_switched_on_by_the_environment(broken, tmp_path):
    marked = "@hookimpl\ndef aftersale_commands():\n    return []\n"
    source = f"from aftersale import hookimpl\nAFTERSALE_API = 1\n{marked}"
    (tmp_path / "kiosk.py").write_text(source, encoding="utf-8")
    allowed = {**broken, "AFTERSALE_PLUGINS": "kiosk"}
    traced = [start("workflow", AFTERSALE_TRACE=value, **allowed).stderr for value in ("1", "0", "")]
    assert traced == ["aftersale_commands() asks kiosk\naftersale_commands answered [[]]\n", "", ""]


# --- a broken installation ---


LEFT_OUT = [
    f"Left out: plugin '{name}' ({name} 1.2) has 1 problems, which 'aftersale plugins' lists; "
    "AFTERSALE_PLUGINS= leaves it out without this line."
    for name in ("corner_shop", "kiosk")
]


def test_what_no_broken_plugin_has_a_say_in_works_and_says_who_is_left_out(broken):
    result = start("workflow", "message", **broken)
    assert (result.returncode, result.stderr.splitlines()) == (0, LEFT_OUT)
    assert result.stdout.startswith("message")


def test_what_needs_a_broken_plugin_is_refused_with_all_problems_and_the_way_out(broken):
    for command in (["rules", "REF"], ["whatif"], ["nonsense"], ["plugins", "show", "kiosk"]):
        result = run_installed(*command, **broken)
        assert (result.exit_code, result.stdout) == (2, "")
        *left_out, way_out = result.stderr.splitlines()
        assert left_out[:2] == LEFT_OUT
        assert way_out == "To go on without it: AFTERSALE_PLUGINS="
        problems = PROBLEMS[1:] if "kiosk" in command else PROBLEMS
        assert [line.strip().removeprefix("Error: ") for line in left_out[-len(problems) :]] == problems


def test_the_listing_of_plugins_works_while_they_are_broken(broken):
    result = run_installed("plugins", **broken)
    assert (result.exit_code, result.stderr) == (0, "")
    told = " ".join(result.stdout.split())
    assert [problem for problem in PROBLEMS if problem not in told] == []


def test_the_json_listing_of_plugins_works_while_they_are_broken(broken):
    result = run_installed("plugins", "--json", **broken)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {
            "name": name,
            "distribution": name,
            "version": "1.2",
            "marketplaces": [],
            "hooks": [],
            "problems": [problem],
        }
        for name, problem in zip(("corner_shop", "kiosk"), PROBLEMS, strict=True)
    ]


def test_help_works_while_plugins_are_broken_and_says_so(broken):
    result = run_installed("--help", **broken)
    assert result.exit_code == 0
    assert result.output.endswith("Some plugins cannot be used: 'aftersale plugins' says why.\n")


# --- plugins ---


def test_plugins_are_listed_with_what_they_bring():
    assert run("plugins").output.splitlines() == [
        "Plugin         Marketplaces  Hooks                                      Problems",
        "reference      REF ALT       marketplaces order_formats return_reports         0",
        "not installed                rules",
    ]


def test_plugins_as_json_are_the_records_of_the_loader():
    assert json.loads(run("plugins", "--json").output) == load_plugins((), {"reference": reference}).about()


def test_no_plugins_at_all_is_told():
    result = run_installed("plugins")
    assert (result.exit_code, result.output.startswith("No plugins are installed.")) == (0, True)
    assert run_installed("plugins", "--json").output == "[]\n"


# --- rules ---


def rules_on(day, marketplace="REF"):
    return json.loads(run("rules", marketplace, "--on", day, "--json").output)


def test_rules_of_a_day_are_those_in_force_on_it():
    before, after = (" ".join(run("rules", "REF", "--on", day).output.split()) for day in ("2025-12-31", "2026-01-01"))
    assert "refund_after_receipt 2 business days until 2025-12-31 made up (assumed)" in before
    assert "refund_after_receipt 4 calendar days since 2026-01-01 made up (assumed)" in after


def test_the_marketplace_s_rules_come_before_the_handbook_s():
    records = rules_on("2026-01-01")
    set_by = [record["set_by"] for record in records]
    assert set(set_by) == {"rule", "handbook"}
    assert set_by == sorted(set_by, reverse=True)
    assert {record["marketplace"] for record in records if record["set_by"] == "rule"} == {"REF"}
    assert {record["marketplace"] for record in records if record["set_by"] == "handbook"} == {"*"}


def test_a_rule_as_json_has_clock_dates_source_and_grade():
    (record,) = [
        record
        for record in rules_on("2026-01-01")
        if (record["name"], record["set_by"]) == ("refund_after_receipt", "rule")
    ]
    wanted = (
        "marketplace",
        "kind",
        "clock",
        "amount",
        "starts",
        "valid_from",
        "valid_until",
        "source",
        "grade",
    )
    assert [record[key] for key in wanted] == [
        "REF",
        "deadline",
        "calendar_days",
        4,
        ["return_received"],
        "2026-01-01",
        None,
        "made up",
        "assumed",
    ]


def test_rules_without_a_day_are_today_s_in_the_marketplace_s_own_zone(monkeypatch):
    asked = []

    class Clock:
        @staticmethod
        def now(zone):
            asked.append(str(zone))
            return Clock

        @staticmethod
        def date():
            return date(2025, 12, 31)

    monkeypatch.setattr(policies, "datetime", Clock)
    assert run("rules", "ALT").output.startswith("ALT on 2025-12-31: ")
    assert asked == ["America/Santiago"]


@pytest.mark.parametrize("day", ["2026-13-01", "tomorrow", "26/01/2026", ""])
def test_a_day_that_is_none_is_refused_with_how_to_write_one(day):
    result = run("rules", "REF", "--on", day)
    assert result.exit_code == 2
    assert f"'{day}' is not a date: write it as 2026-01-26" in result.stderr


def test_an_unknown_marketplace_is_refused_with_those_that_are_known():
    result = run("rules", "RFE")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: unknown marketplace 'RFE' (")
    assert "ALT, REF" in result.stderr


@pytest.mark.parametrize("day", ["1900-01-01", "2199-12-31"])
def test_days_long_ago_and_far_ahead_have_rules(day):
    for marketplace in ("REF", "ALT"):
        result = run("rules", marketplace, "--on", day)
        assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_that_no_clock_reaches_are_refused_without_traceback(day):
    result = run("rules", "REF", "--on", day)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")


@pytest.mark.parametrize("columns", ["30", "60", "200"])
def test_a_table_keeps_to_the_width_and_loses_nothing(columns):
    result = run("rules", "REF", "--on", "2026-01-01", COLUMNS=columns)
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= max(int(columns), 45)
    assert "…" not in result.output
    if columns != "30":
        assert [record["name"] for record in rules_on("2026-01-01") if record["name"] not in result.output] == []


def test_a_table_through_a_pipe_is_plain_text():
    result = start("workflow")
    assert "\x1b" not in result.stdout
    assert [line for line in result.stdout.splitlines() if line != line.rstrip()] == []


# --- workflow ---


def test_the_workflow_of_a_kind_shows_states_duties_and_moves():
    lines = run("workflow", "message").output.splitlines()
    assert lines[:5] == [
        "message",
        "  opens with",
        "    buyer_message [with_marketplace] → with_marketplace",
        "    buyer_message → awaiting_reply",
        "  awaiting_reply; task reply; deadlines first_reply, silence",
    ]


def test_the_workflow_without_a_kind_shows_every_kind():
    output = run("workflow").output
    assert [line for line in output.splitlines() if line and line[0] != " "] == list(default_workflow().kinds)


def test_the_workflow_as_a_diagram_names_every_move_and_task():
    lines = run("workflow", "invoice", "--mermaid").output.splitlines()
    assert lines == [
        "---",
        "title: invoice",
        "---",
        "stateDiagram-v2",
        "  [*] --> with_marketplace: invoice_requested [with_marketplace]",
        "  [*] --> due: invoice_requested",
        "  due --> sent: invoice_sent",
        "  due --> not_needed: invoice_not_needed",
        "  sent --> due: invoice_requested",
        "  not_needed --> due: invoice_requested",
        "  sent --> [*]",
        "  not_needed --> [*]",
        "  with_marketplace --> [*]",
        "  note right of due: send_invoice by invoice",
    ]


def test_an_unknown_kind_is_refused_with_the_kinds_there_are():
    result = run("workflow", "complaint")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        f"Error: no case kind 'complaint'; the kinds are: {', '.join(default_workflow().kinds)}",
    )


# --- plugins that fail on a case ---


def test_a_plugin_that_fails_on_a_case_is_named_beside_the_answer_that_was_given_without_it(tmp_path):
    def classify(order):
        raise KeyError(order.category)

    write_table(order_frame(orders(order())), tmp_path, "orders")
    write_table(fact_frame([fact()]), tmp_path, "facts")
    house = {"reference": reference, "house": plugin(aftersale_classify=classify)}
    result = run("tasks", str(tmp_path), "--json", extra=house)
    (task,) = json.loads(result.stdout)["tasks"]
    assert (result.exit_code, task["classification"], task["advice"]) == (0, "message", {})
    assert result.stderr == (
        "A plugin failed, and was left out there: case C-1: aftersale_classify of plugin 'house' (not installed): "
        f"KeyError: 'general', at test_cli.py:{classify.__code__.co_firstlineno + 1}\n"
    )


# --- one plugin in full ---

HOUSE = plugin("house", aftersale_decide_return=lambda proposed: None, aftersale_fact_recorded=lambda fact: None)
SHOP = plugin(
    "shop",
    aftersale_marketplaces=reference.aftersale_marketplaces,
    aftersale_rules=reference.aftersale_rules,
    aftersale_decide_return=lambda in_policy: None,
)


def test_a_plugin_is_shown_with_its_marketplaces_its_hooks_and_its_dated_sourced_rules():
    told = run("plugins", "show", "shop", extra={"shop": SHOP, "house": HOUSE}, COLUMNS="120").output
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert lines[:5] == [
        "shop: not installed",
        "",
        "Marketplace Id Country Currency Time zone",
        "REF REFERENCE-1 IS EUR Atlantic/Reykjavik",
        "ALT REFERENCE-2 CL CLP America/Santiago",
    ]
    assert "aftersale_decide_return order, requested_at, in_policy, proposed decides, overruled by house" in lines
    assert "first_reply: when a buyer's message must be answered" in lines
    stated = {rule.name for rule in reference.aftersale_rules()}
    assert {name for name in stated if any(line.startswith(f"{name}: ") for line in lines)} == stated


def test_a_house_plugin_is_shown_with_whom_it_overrules():
    found = json.loads(run("plugins", "show", "house", "--json", extra={"shop": SHOP, "house": HOUSE}).output)
    assert (found["marketplaces"], found["rules"], found["kinds"], found["elsewhere"]) == ([], [], [], [])
    assert found["hooks"] == [
        {"hook": "aftersale_decide_return", "does": "decide", "over": ["shop"], "under": []},
        {"hook": "aftersale_fact_recorded", "does": "observe", "over": [], "under": []},
    ]


def test_a_plugin_that_is_not_loaded_is_refused_with_the_one_that_was_meant():
    result = run("plugins", "show", "referense")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        "Error: no plugin 'referense' is loaded; did you mean 'reference'?",
    )


# --- files ---


def test_the_environment_sets_how_large_a_file_may_be(tmp_path):
    book = tmp_path / "handbook.toml"
    book.write_text("#" * 2**20 + "\n", encoding="utf-8")
    for megabytes, code in (("1", 2), ("2", 0), ("", 0)):
        ended = run("rules", "REF", "--handbook", str(book), AFTERSALE_MOST_MB=megabytes)
        assert ended.exit_code == code
    assert run("rules", "REF", "--handbook", str(book), AFTERSALE_MOST_MB="1").stderr == (
        f"Error: {book}: is larger than the limit of 1 MB "
        "(if it is meant to be so large, set AFTERSALE_MOST_MB to more, such as AFTERSALE_MOST_MB=2)\n"
    )


@pytest.mark.parametrize("value", ["0", "-1", "2.5", "many", "9" * 10, "٣"])
def test_a_limit_that_is_none_is_refused(value):
    ended = run("rules", "REF", AFTERSALE_MOST_MB=value)
    assert ended.exit_code == 2
    assert f"AFTERSALE_MOST_MB is a whole number of megabytes above 0, not '{value}'" in ended.stderr


@pytest.mark.parametrize("command", ["replay", "health"])
def test_a_pipe_in_place_of_a_journal_is_refused_and_not_waited_for(tmp_path, command):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ended = run(command, str(pipe))
    assert (ended.exit_code, ended.stderr.split(" (")[0]) == (2, f"Error: {pipe}: is no folder")


# --- cells ---


def test_cells_that_cannot_be_read_are_shown_only_to_who_asks(tmp_path):
    write_table(order_frame(orders(order("O-1"))), tmp_path, "orders", csv=True)
    facts = [fact("buyer_message", case=f"M-{number}") for number in range(3)]
    write_table(fact_frame(facts), tmp_path, "facts", csv=True)
    file = tmp_path / "facts.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("2026-", "Anna-"), encoding="utf-8")
    row = f"{file}: row 1, occurred_at: expected an instant of 1900 to 2199 such as 2026-03-29T15:00:00+02:00"
    ended = run("replay", str(tmp_path))
    hint = "The cells themselves are left out: 'aftersale --show-cells COMMAND …' shows them."
    assert ended.exit_code == 2
    assert f"  {row} (correct the row, or leave it out)\n" in ended.stderr
    assert "Anna" not in ended.stderr
    assert ended.stderr.endswith(f"\n{hint}\n")
    assert ended.stderr.count(hint) == 1
    asked = run("--show-cells", "replay", str(tmp_path))
    assert asked.exit_code == 2
    assert f"  {row} (the cell: 'Anna-" in asked.stderr
    assert hint not in asked.stderr


def test_refused_facts_show_kinds_and_marketplaces_that_nobody_knows_only_to_who_asks(tmp_path):
    sold = [order("O-1"), order("O-2", marketplace="Anna's")]
    write_table(order_frame(orders(*sold)), tmp_path, "orders")
    odd = [
        fact("Anna", case="M-1"),
        fact("Anna", case="M-2"),
        fact("buyer_message", case="M-3"),
        fact("Anna", case="M-3"),
        fact("buyer_message", case="M-4", order="O-2", marketplace="Anna's"),
    ]
    write_table(fact_frame(odd), tmp_path, "facts")
    for words in (["replay", str(tmp_path)], ["case", str(tmp_path), "M-3"]):
        for more in ([], ["--json"]):
            left_out, asked = run(*words, *more), run("--show-cells", *words, *more)
            assert (left_out.exit_code, asked.exit_code) == (0, 0), left_out.stderr
            assert "Anna" not in left_out.stdout + left_out.stderr
            assert "Anna" in asked.stdout
            assert ("--show-cells" in left_out.stdout) == (words[0] == "replay" and not more)


# --- versions of rules ---


def test_rules_tell_of_versions_whose_dates_nobody_knows_and_take_them_where_they_are_named():
    page = run("rules", "REF", "--on", "2026-01-01", COLUMNS="200").output
    assert page.splitlines()[-3:] == [
        "",
        "Not taken, for nobody knows their dates (--version NAME takes one, rule_versions of a scenario too):",
        "  longer_appeal: appeal",
    ]
    taken = run("rules", "REF", "--on", "2026-01-01", "--version", "longer_appeal", COLUMNS="200").output
    assert "Not taken" not in taken
    assert "appeal 60 calendar days version longer_appeal made up (assumed)" in " ".join(taken.split())


def test_the_rows_of_a_rule_end_with_those_held_back_and_json_says_which_are_taken():
    told = " ".join(run("rules", "REF", "--rule", "appeal", COLUMNS="200").output.split())
    assert "Held back, for nobody knows their dates; --version NAME takes them" in told
    rows = json.loads(run("rules", "REF", "--rule", "appeal", "--json").output)["rows"]
    assert [(row["amount"], row["version"], row["taken"]) for row in rows if row["set_by"] == "rule"] == [
        (30, None, True),
        (60, "longer_appeal", False),
    ]
    argv = ("rules", "REF", "--rule", "appeal", "--version", "longer_appeal", "--json")
    rows = json.loads(run(*argv).output)["rows"]
    assert [(row["amount"], row["taken"]) for row in rows if row["set_by"] == "rule"] == [(60, True)]


def test_an_unknown_version_is_refused_with_those_that_there_are():
    result = run("rules", "REF", "--version", "longer_apeal")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        "Error: no rule has a version 'longer_apeal' (did you mean 'longer_appeal'? known: longer_appeal)",
    )


# --- changes of rules, and the cases that they touch ---


@pytest.fixture
def returns(tmp_path):
    """A journal with three returns: received before the rule of 2026, received after it, and only asked for."""
    day = instant("2025-12-20T12:00+00:00")
    sold = order(price=1999, purchased_at=day, promised_at=day, delivered_at=day)
    write_table(order_frame(orders(sold)), tmp_path, "orders")
    steps = [("early", "2025-12-30T12:00+00:00"), ("late", "2026-01-02T12:00+00:00"), ("open", "")]
    facts = [fact("return_requested", day + n * HOUR, case=steps[n][0], detail="defective") for n in range(3)]
    facts += [fact("return_received", instant(at), case=name) for name, at in steps if at]
    write_table(fact_frame(facts), tmp_path, "facts")
    return tmp_path


def test_changes_tell_which_open_cases_of_a_journal_they_touch(returns):
    argv = ("rules", "REF", "--changes-since", "2026-01-01", "--journal", returns)
    lines = run(*argv, "--rule", "refund_after_receipt", COLUMNS="200").output.splitlines()
    assert lines == [
        f"Changes on 2026-01-01 or later that touch open cases of {returns}, as of 2026-01-02T12:00:00+00:00: "
        "2 of 3 open cases",
        "2026-01-01  REF  refund_after_receipt",
        "  2 business days → 4 calendar days",
        "  made up (assumed)",
        "  runs by the new row: 1 (late)",
        "  still to come by the new row: 1 (open)",
        "  begun before and kept as it was: 1 (early)",
    ]
    document = json.loads(run(*argv, "--json").output)
    assert (document["open_cases"], document["touched_cases"], document["since"]) == (3, 2, "2026-01-01")
    cases = {change["name"]: change["cases"] for change in document["changes"]}["refund_after_receipt"]
    assert [(case["case"], case["kind"], case["state"], case["how"]) for case in cases] == [
        ("early", "return", "received", "kept"),
        ("late", "return", "received", "runs"),
        ("open", "return", "authorised", "ahead"),
    ]
    assert cases[1]["due"] == "2026-01-06T12:00:00+00:00"


def test_changes_that_touch_nothing_are_counted(returns):
    argv = ("rules", "--changes-since", "2026-01-02", "--journal", returns)
    assert run(*argv, "--rule", "refund_after_receipt", COLUMNS="200").output.splitlines()[1:] == [
        "Nothing that is known."
    ]
    lines = run(
        "rules", "ALT", "--changes-since", "2020-01-01", "--journal", returns, COLUMNS="200"
    ).output.splitlines()
    assert lines[0].endswith("0 of 0 open cases")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ("--journal", "."),
            "tells which open cases a change touches: name the day with --changes-since DATE",
        ),
        (("--changes-since", "soon", "--journal", "."), "'soon' is not a date: write it as 2026-01-26"),
        (("--changes-since", "2026-01-01", "--journal", "nowhere"), "nowhere: is no folder"),
        (
            ("--changes-since", "2026-01-01", "--compare", "REF,ALT", "--journal", "."),
            "--compare and --changes-since show different things: choose one",
        ),
    ],
)
def test_a_bad_day_or_journal_is_refused_with_what_to_do(argv, message):
    result = run("rules", *argv)
    assert result.exit_code == 2
    assert message in result.stderr


# --- fees ---


def told_fees(*args):
    result = run("fees", *args)
    return result.exit_code, result.stderr


def test_fees_of_a_marketplace_without_rows_are_the_parameter_or_a_dash():
    result = run("fees", "REF", "--price", "20", "--on", "2026-06-01", COLUMNS="100")
    assert result.stdout.splitlines()[:8] == [
        "REF on 2026-06-01: fees for an order of 20.00 EUR, category –",
        "",
        "Fee                        Amount  Currency  Rests on",
        "referral_fee                 3.00  EUR       referral_fee_share",
        "closing_fee                     –            no row says that it is charged",
        "digital_services_fee            –            no row says that it is charged",
        "refund_administration_fee       –            no row says that it is charged",
        "returns_processing_fee          –            no row says that it is charged",
    ]


def test_fees_as_json_tell_numbers_without_effect():
    result = run("fees", "REF", "--price", "20", "--on", "2026-06-01", "--json", "--set", "restocking_kept_share=0.5")
    found = json.loads(result.stdout)
    assert (found["marketplace"], found["price"], found["currency"]) == ("REF", "20.00", "EUR")
    assert found["fees"][0] == {
        "name": "referral_fee",
        "amount": "3.00",
        "currency": "EUR",
        "basis": ["referral_fee_share"],
    }
    assert [row["name"] for row in found["assumptions"]] == ["referral_fee_share"]
    assert found["without_effect"] == [
        "Numbers of your own without effect: restocking_kept_share; no fee rests on them."
    ]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("REF", "--price", "0", "--on", "2026-06-01"), "the price has to be above 0, and a refund not below it"),
        (("REF", "--price", "5", "--refund", "-1", "--on", "2026-06-01"), "the price has to be above 0"),
        (("REF", "--price", "1.234", "--on", "2026-06-01"), "1.234 has too many decimals for EUR"),
        (("REF", "--price", "much", "--on", "2026-06-01"), "'much' is no amount"),
        (("NOWHERE", "--price", "5", "--on", "2026-06-01"), "unknown marketplace 'NOWHERE'"),
        (("REF", "--price", "5", "--on", "yesterday"), "yesterday"),
        (("REF", "--price", "5"), "Missing option '--on'"),
        (("REF", "--price", "5", "--on", "2026-06-01", "--version", "no_such_page"), "no_such_page"),
    ],
)
def test_bad_arguments_of_fees_are_refused_with_what_is_wrong(args, problem):
    code, told = told_fees(*args)
    assert code != 0
    assert problem in told
