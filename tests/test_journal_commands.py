"""The commands that read a journal, as people and programs meet them."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aftersale.cases.facts import Fact
from aftersale.cli import cli
from aftersale.clocks import DAY, HOUR, instant
from aftersale.engine.dossiers import Dossier
from aftersale.journal.provenance import FILE, HANDBOOK, as_text, provenance
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.orders import Order
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.handbook import load_handbook
from aftersale.testing import order, orders

# Before click 8.2 a runner mixes the two streams unless it is told not to.
APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
NOON = "2026-03-11T17:00:00Z"
OWN = """
[[rule]]
name = "prepaid_label"
marketplaces = ["*"]
word = "automatic"
source = "our handbook"
grade = "S"

[[rule]]
name = "priority"
marketplaces = ["*"]
count = 2
when = { situation = "claim" }
source = "our handbook"
grade = "S"
"""


def run(command: str, *args: object, columns: int = 80) -> Result:
    env = {"COLUMNS": str(columns), "TERM": "dumb"}
    return CliRunner(**APART).invoke(cli, [command, *map(str, args)], obj=installed(), env=env, prog_name="aftersale")


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


def asked(command: str, *args: object) -> Any:
    result = run(command, *args, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def refused(command: str, *args: object) -> str:
    result = run(command, *args)
    assert (result.exit_code, result.stdout) == (2, "")
    return str(result.stderr.splitlines()[-1])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "sop.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


# --- tasks ---


def test_the_last_day_of_all_is_refused(shop_journal: Path) -> None:
    assert refused("health", shop_journal, "--on", "9999-12-31") == (
        "Error: no day follows 9999-12-31 (name an earlier one)"
    )


def test_a_name_that_cannot_be_looked_up_is_refused() -> None:
    for command in ("replay", "health"):
        assert ": cannot be read: File name too long (name the folder that" in refused(command, "x" * 5000)


def test_a_task_says_what_is_due_when_by_whose_word_and_what_is_advised(shop_journal: Path) -> None:
    found = asked("tasks", shop_journal, "--until", NOON)
    assert (found["journal"], found["until"]) == (str(shop_journal), "2026-03-11T17:00:00+00:00")
    (evidence,) = [each for each in found["tasks"] if each["case"] == "MISSING-C"]
    assert evidence == {
        "task": "submit_evidence",
        "case": "MISSING-C",
        "kind": "claim",
        "marketplace": "US",
        "order": "MISSING",
        "due": "2026-03-11T23:00:00+00:00",
        "hours_left": 6.0,
        "deadline": "information_request",
        "set_by": "rule",
        "classification": "claim",
        "priority": 0,
        "risk": ["late_shipment_rate"],
        "advice": {
            "evidence_missing": "proof_of_shipment, messages",
            "contest_claim": "complete the evidence",
        },
    }
    assert [each["due"] for each in found["tasks"]] == sorted(each["due"] for each in found["tasks"])


def test_the_handbook_s_priority_goes_before_the_deadline(shop_journal: Path, own: Path) -> None:
    found = asked("tasks", shop_journal, "--until", NOON, "--handbook", own)
    assert [(each["case"], each["priority"]) for each in found["tasks"]][:3] == [
        ("MISSING-C", 2),
        ("CLAIMED-C", 2),
        ("CANCEL-K", 0),
    ]


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_the_list_of_tasks_fits_terminals_and_loses_no_case(shop_journal: Path, columns: int) -> None:
    result = run("tasks", shop_journal, "--until", NOON, columns=columns)
    assert max(map(len, result.stdout.splitlines())) <= columns
    for case in ("CANCEL-K", "CLAIMED-M", "MISSING-C", "PRIME-R", "LOSS-S"):
        assert case in result.stdout
    assert ("Deadline (set by)" in result.stdout) is (columns == 140)


def test_a_journal_without_open_tasks_says_so(shop_journal: Path) -> None:
    assert run("tasks", shop_journal, "--until", "2026-03-02T17:00Z").stdout == (
        "No open tasks as of 2026-03-02T17:00:00+00:00.\n"
    )


@pytest.mark.parametrize("command", ["replay", "tasks", "health", "costs"])
def test_a_folder_that_is_none_is_refused_with_what_to_name(command: str, tmp_path: Path) -> None:
    assert refused(command, tmp_path / "nowhere").startswith(f"Error: {tmp_path / 'nowhere'}: is no folder (name the ")


# --- case ---


def test_a_case_tells_its_steps_its_deadlines_its_evidence_and_until_when_it_is_kept(shop_journal: Path) -> None:
    (claim,) = asked("case", shop_journal, "MISSING-C", "--until", NOON)
    assert [(step["fact"], step["said"], step["state"]) for step in claim["steps"]] == [
        ("claim_filed", "not_received", "filed"),
        ("information_requested", "", "information_requested"),
    ]
    assert claim["deadlines"] == [
        {
            "deadline": "information_request",
            "due": "2026-03-11T23:00:00+00:00",
            "set_by": "rule",
            "function": None,
            "expires_at": "2026-03-11T23:00:00+00:00",
            "on_expiry": "claim_granted",
            "missed": False,
        }
    ]
    assert claim["evidence_asked"] == ["carrier_confirmation", "proof_of_shipment", "messages"]
    assert claim["evidence_at_hand"] == ["carrier_confirmation"]
    assert claim["evidence_missing"] == ["proof_of_shipment", "messages"]
    assert claim["keep_until"][:10] == "2026-09-04"
    assert (claim["claim_from"], claim["claim_until"], claim["refused"]) == (None, None, [])


def test_an_order_shows_all_its_cases_in_the_order_in_which_they_opened(shop_journal: Path) -> None:
    assert [each["case"] for each in asked("case", shop_journal, "REPLACED")] == [
        "REPLACED-N",
        "REPLACED-P",
        "REPLACED-W",
    ]
    assert run("case", shop_journal, "REPLACED").stdout.count(" on order REPLACED, US, ") == 3


def test_an_order_is_gone_through_once_for_all_its_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = [happened("buyer_message", 100 + n, f"M-{n}") for n in range(20)]
    folder, times = journal_of(tmp_path / "j", *facts), []
    replayed = Dossier.replayed
    monkeypatch.setattr(Dossier, "replayed", lambda *args: times.append(1) or replayed(*args))
    assert len(asked("case", folder, "O-1")) == 20
    assert times == [1]


def test_a_case_that_is_not_there_is_refused_with_the_closest(shop_journal: Path) -> None:
    assert refused("case", shop_journal, "LOSX") == (
        "Error: no case and no order is named 'LOSX' (did you mean 'LOSS-S'?)"
    )


def test_the_fee_that_may_be_kept_is_advised_by_what_came_back(shop_journal: Path) -> None:
    case, *_ = asked("case", shop_journal, "LOSS", "--until", "2026-03-11T10:00:00Z")
    assert case["advice"] == {"fault": "buyer", "restocking_fee": "0.50"}
    (whole,) = asked("case", shop_journal, "AUTO-R", "--until", "2026-03-11T12:00:00Z")
    assert whole["advice"] == {"fault": "seller", "restocking_fee": "0"}


# --- health ---


FLOOR = """
[[rule]]
name = "metric_floor"
marketplaces = ["*"]
count = 1
when = { situation = "%s" }
source = "house"
grade = "S"
"""


def test_health_tells_the_state_the_metrics_behind_it_and_the_room_that_is_left(
    shop_journal: Path, tmp_path: Path
) -> None:
    floors = tmp_path / "floors.toml"
    floors.write_text("".join(FLOOR % name for name in ("order_defect_rate", "late_shipment_rate")), encoding="utf-8")
    args = ("health", shop_journal, "--on", "2026-03-20", "--handbook", floors)
    (account,) = asked(*args)["accounts"]
    assert (account["marketplace"], account["state"]) == ("US", "deactivated")
    assert account["unjudged"] == ["late_reply_rate (handbook)"]
    assert "late_shipment_rate, 30 d (rule)" in account["because"]
    rates = [each for each in account["metrics"] if (each["metric"], each["set_by"]) == ("late_shipment_rate", "rule")]
    assert [(rate["window_days"], rate["numerator"], rate["denominator"], rate["met"]) for rate in rates] == [
        (30, 2, 14, False),
        (10, 0, 0, None),
    ]
    # Four of sixteen orders are defective, and under 1 % sixteen bear none.
    assert account["bearable"] == -4
    assert "4 defective orders over the line." in run(*args).stdout


def test_a_few_orders_close_no_account_and_health_says_from_how_many_on_they_could(shop_journal: Path) -> None:
    (account,) = asked("health", shop_journal, "--on", "2026-03-20")["accounts"]
    assert (account["state"], account["because"], account["bearable"]) == ("healthy", [], None)
    assert account["unjudged"] == [
        "order_defect_rate (rule)",
        "late_shipment_rate, 30 d (rule)",
        "late_reply_rate (handbook)",
        "order_defect_rate (handbook)",
    ]
    told = run("health", shop_journal, "--on", "2026-03-20", columns=140).stdout
    assert "Over the line, and too few to be judged: order_defect_rate (rule), late_shipment_rate, 30 d (rule)" in told
    assert re.search(r"late_shipment_rate, 30 d +14\.29 % +2 / 14 +4 % \(rule\) +14, judged from 26", told)


def test_before_any_order_counts_nothing_is_met_missed_or_over_a_line(shop_journal: Path) -> None:
    (account,) = asked("health", shop_journal, "--on", "2026-03-05")["accounts"]
    assert account["bearable"] is None
    told = run("health", shop_journal, "--on", "2026-03-05", columns=140).stdout
    assert re.search(r"order_defect_rate +– +0 / 0 +1 % \(rule\) +– ", told)
    assert "over the line" not in told
    assert "Room for" not in told


def test_health_takes_one_word_on_when(shop_journal: Path) -> None:
    told = refused("health", shop_journal, "--on", "2026-03-05", "--until", NOON)
    assert told == "Error: --on and --until both say when: keep one of them"


def test_why_names_causes_products_and_bad_ratings(shop_journal: Path) -> None:
    found = asked("health", shop_journal, "--why")
    causes = {each["cause"]: (each["orders"], each["money"]) for each in found["causes"]}
    assert causes["refused_return"] == (1, {"USD": "40.00"})
    assert found["products"][0]["product"] == "kettle"
    assert [(each["order"], each["stars"], each["causes"]) for each in found["feedback"]] == [
        ("RATED", 1.0, ["late_delivery"])
    ]
    assert asked("health", shop_journal)["causes"] == []


def test_a_marketplace_s_report_is_read_by_the_same_command(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"accountStatuses": [], "performanceMetrics": []}', encoding="utf-8")
    assert asked("health", path)["accounts"] == []
    path.write_text('{"weather": "fine"}', encoding="utf-8")
    assert "report.json" in refused("health", path)


# --- costs ---


WAGE = ("--set", "labour_cost_per_hour=45.00 CNY")


def test_costs_add_up_by_what_is_asked_and_keep_currencies_apart(shop_journal: Path) -> None:
    told = run("costs", shop_journal, "--by", "case", *WAGE, columns=140).stdout
    assert re.search(r"LOSS-R +MFN +USD ", told)
    assert re.search(r"all +CNY +(.*)\nall +USD ", told)
    rates = ("--into", "EUR", "--rate", "USD=0.9", "--rate", "CNY=0.125")
    sums = {each["currency"]: each["amount"] for each in asked("costs", shop_journal, *WAGE)["sums"]}
    assert sums == {"CNY": "101.25", "USD": "325.08"}
    # 101.25 * 0.125 + 325.08 * 0.9, in whole cents.
    together = "Together 305.23 EUR, at 1 CNY = 0.125 EUR, 1 USD = 0.9 EUR"
    assert together in run("costs", shop_journal, *WAGE, *rates).stdout.splitlines()


def test_costs_of_a_month_are_those_of_the_cases_that_were_opened_in_it(shop_journal: Path) -> None:
    def amount(*options: str) -> Decimal:
        return sum((Decimal(each["amount"]) for each in asked("costs", shop_journal, *options)["sums"]), Decimal(0))

    months = [amount("--month", month) for month in ("2026-02", "2026-03", "2026-04")]
    assert months == [0, amount(), 0]
    assert amount("--since", "2026-03-01", "--before", "2026-04-01") == months[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            (*WAGE, "--into", "EUR"),
            "Error: cannot add CNY and EUR and USD: no rate for CNY, USD (say what one CNY is worth in ",
        ),
        (("--rate", "USD"), "Error: --rate takes NAME=VALUE, not 'USD'"),
        (("--rate", "USD=-1"), "Error: a rate is a number above 0: USD=-1"),
        (("--month", "May"), "Error: a month is written like 2026-05, not 'May'"),
        (("--month", "2026-05", "--since", "2026-05-01"), "Error: --month says both days: leave out --since and"),
        (
            ("--since", "2026-05-02", "--before", "2026-05-02"),
            "Error: no day lies between 2026-05-02 and 2026-05-02: --before is the first day that does not count",
        ),
        (("--since", "May"), "Error: Invalid value for '--since': 'May' is not a date"),
        (("--set", "labour_cost_per_hour"), "Error: --set takes NAME=VALUE, not 'labour_cost_per_hour'"),
    ],
)
def test_costs_refuse_what_they_cannot_reckon_with(shop_journal: Path, options: tuple[str, ...], told: str) -> None:
    assert refused("costs", shop_journal, *options).startswith(told)


def test_costs_name_every_number_that_cannot_be_set(shop_journal: Path) -> None:
    result = run("costs", shop_journal, "--set", "foo=1", "--set", "return_label_share=3")
    assert result.exit_code == 2
    assert "--set cannot be used, 2 problems:" in result.stderr
    assert "--set: foo: no such parameter" in result.stderr
    assert "--set: return_label_share: 3 lies outside its range" in result.stderr


# --- what every command says beside its answer ---

BOUGHT = instant("2026-03-02T17:00:00Z")


def sold(name: str = "O-1", **changes: Any) -> Order:
    usual = {"marketplace": "US", "currency": "USD", "purchased_at": BOUGHT, "price": 1999, "category": "general"}
    times = {"delivered_at": BOUGHT + 3 * DAY, "promised_at": BOUGHT + 4 * DAY}
    return order(name, **{**usual, **times, **changes})


def happened(kind: str, hours: int, case: str, **changes: Any) -> Fact:
    at = BOUGHT + hours * HOUR
    return Fact(kind, "US", "O-1", case, at, at)._replace(**changes)


MESSAGE = happened("buyer_message", 100, "M-1")
ANSWERS_NOTHING = [happened("seller_reply", 101, "M-2"), happened("seller_reply", 102, "M-3")]


def journal_of(folder: Path, *facts: Fact, bought: tuple[Order, ...] = (sold(),)) -> Path:
    folder.mkdir(exist_ok=True)
    write_table(order_frame(orders(*bought)), folder, "orders")
    write_table(fact_frame(sorted(facts, key=lambda fact: fact.known_at)), folder, "facts")
    return folder


COMMANDS = (["tasks"], ["case", "M-1"], ["health"], ["health", "--why"], ["health", "--on", "2026-03-20"], ["costs"])
EACH = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


def answer(command: list[str], journal: Path, *args: object) -> str:
    result = run(command[0], journal, *command[1:], *args, columns=200)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def notes(command: list[str], journal: Path, *args: object) -> Any:
    found = asked(command[0], journal, *command[1:], *args)
    return found[0]["notes"] if isinstance(found, list) else found


@EACH
def test_every_command_says_how_many_facts_were_refused_and_where_to_read_why(
    command: list[str], tmp_path: Path
) -> None:
    journal = journal_of(tmp_path / "j", MESSAGE, *ANSWERS_NOTHING)
    told = "Refused facts: 2; 'aftersale replay JOURNAL' says why."
    assert answer(command, journal).splitlines()[-2:] == ["", told]
    assert notes(command, journal)["refused"] == 2


@EACH
def test_without_refused_facts_no_command_speaks_of_them(command: list[str], tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "j", MESSAGE)
    assert "Refused facts" not in answer(command, journal)
    assert notes(command, journal)["refused"] == 0


def test_replay_lists_what_the_others_count(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "j", MESSAGE, *ANSWERS_NOTHING)
    assert [each["case"] for each in asked("replay", journal)["refused"]] == ["M-2", "M-3"]


def test_facts_that_are_refused_later_are_not_told_before(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "j", MESSAGE, *ANSWERS_NOTHING)
    assert notes(["tasks"], journal, "--until", "2026-03-06T22:30:00Z")["refused"] == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("M-2", "no case and no order is named 'M-2' (facts about it that were refused: 1; 'aftersale replay JOURNAL'"),
        ("O-1", "order 'O-1' has no case (facts about it that were refused: 2; 'aftersale replay JOURNAL' says why)"),
        ("O-2", "order 'O-2' has no case (no fact is about it; 'aftersale tasks JOURNAL' lists open cases)"),
        ("O-3", "no case and no order is named 'O-3' ("),
    ],
)
def test_a_name_without_a_case_is_refused_with_what_became_of_its_facts(name: str, told: str, tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "j", *ANSWERS_NOTHING, bought=(sold(), sold("O-2")))
    assert refused("case", journal, name).startswith(f"Error: {told}")


RATED_TWICE = [happened("feedback_left", 120 + hours, f"F-{hours}", value=7.0) for hours in range(5)]
LOOKS_WRONG = "Looks wrong in this journal: 6"


@EACH
def test_every_command_says_how_much_of_the_journal_looks_wrong(command: list[str], tmp_path: Path) -> None:
    paid = happened("refunded", 130, "W-1", amount=199900)
    journal = journal_of(tmp_path / "j", MESSAGE, happened("refund_requested", 110, "W-1"), paid, *RATED_TWICE)
    assert answer(command, journal).splitlines()[-1] == f"{LOOKS_WRONG}; 'aftersale replay JOURNAL' lists it."
    assert notes(command, journal)["implausible"] == 6


@EACH
def test_a_journal_that_looks_right_is_not_spoken_of(command: list[str], shop_journal: Path) -> None:
    command = ["case", "LOSS-R"] if command[0] == "case" else command
    assert "Looks wrong" not in answer(command, shop_journal)
    assert notes(command, shop_journal)["implausible"] == 0


def test_replay_lists_what_looks_wrong_the_first_of_each_sort(tmp_path: Path) -> None:
    paid = happened("refunded", 130, "W-1", amount=199900)
    journal = journal_of(tmp_path / "j", MESSAGE, happened("refund_requested", 110, "W-1"), paid, *RATED_TWICE)
    lines = answer(["replay"], journal).splitlines()
    assert lines[lines.index(LOOKS_WRONG) + 1 :] == [
        "case W-1 of order O-1: refunded moves 1999.00 USD, and the order cost 19.99 USD; correct one of the two",
        *(f"case F-{n} of order O-1: a rating of 7 stars; value is a whole number from 1 to 5" for n in range(3)),
        "… and 2 more like it.",
    ]
    found = asked("replay", journal)["implausible"]
    assert [(each["sort"], each["rows"], len(each["says"])) for each in found] == [
        ("above_price", 1, 1),
        ("stars", 5, 3),
    ]


def test_a_word_that_nobody_knows_is_shown_on_demand_and_harmless(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "j", MESSAGE, bought=(sold(channel="jane@example.org\x1b[2J"),))
    hidden = answer(["replay"], journal)
    assert "nobody declares its channel (left out), so that" in hidden
    assert "jane" not in hidden + answer(["tasks"], journal)
    shown = CliRunner(**APART).invoke(cli, ["--show-cells", "replay", str(journal)], env={"COLUMNS": "200"})
    assert r"nobody declares its channel jane@example.org\x1b[2J, so that" in shown.stdout


@pytest.fixture
def written(shop_journal: Path, tmp_path: Path) -> Path:
    """The shop's journal, which says that it was written with the shipped handbook."""
    folder = tmp_path / "journal"
    shutil.copytree(shop_journal, folder)
    (folder / FILE).write_text(as_text(provenance(installed().policies(["US"]))), encoding="utf-8")
    return folder


OTHERWISE = "Written with another handbook (US) than it is read with here: states, deadlines and costs may differ."


@EACH
def test_every_command_says_that_a_journal_was_written_with_another_handbook(
    command: list[str], written: Path, own: Path
) -> None:
    command = ["case", "LOSS-R"] if command[0] == "case" else command
    says = f"{OTHERWISE} It was written with the shipped one: leave --handbook out."
    assert answer(command, written, "--handbook", own).splitlines()[-1] == says
    found = notes(command, written, "--handbook", own)["written_with"]
    assert found == {"same": False, "differs": {"handbooks": ["US"]}, "says": says}


@EACH
def test_a_journal_that_is_read_as_it_was_written_is_not_spoken_of(command: list[str], written: Path) -> None:
    command = ["case", "LOSS-R"] if command[0] == "case" else command
    assert "ritten with" not in answer(command, written)
    assert notes(command, written)["written_with"] == {"same": True, "differs": {}, "says": ""}


@EACH
def test_every_command_takes_the_journal_s_own_handbook_and_says_so(
    command: list[str], written: Path, own: Path, tmp_path: Path
) -> None:
    command = ["case", "LOSS-R"] if command[0] == "case" else command
    beside = written / HANDBOOK
    shutil.copy(own, beside)
    handbook = load_handbook(beside, installed().workflow, installed().metrics)
    (written / FILE).write_text(as_text(provenance(installed().policies(["US"], handbook))), encoding="utf-8")
    says = f"Read with the journal's own handbook, {beside}; --handbook FILE takes another, --plain the shipped one."
    assert says in unfolded(command, written)
    found = notes(command, written)
    assert (found["own_handbook"], found["written_with"]["same"]) == ({"taken": True, "says": says}, True)

    other = tmp_path / "other.toml"
    other.write_text(OWN.replace("count = 2", "count = 3"), encoding="utf-8")
    remedy = f"{OTHERWISE} Without --handbook and --plain it is read with the journal's own, {beside}."
    for options in (("--handbook", other), ("--plain",)):
        found = notes(command, written, *options)
        assert (found["own_handbook"], found["written_with"]["says"]) == (None, remedy)
        assert "Read with" not in answer(command, written, *options)


def unfolded(command: list[str], journal: Path, *args: object) -> str:
    return " ".join(answer(command, journal, *args).split())


def test_the_journal_s_own_handbook_is_read_as_the_one_that_is_named(written: Path, own: Path) -> None:
    named = asked("tasks", written, "--until", NOON, "--handbook", own)["tasks"]
    assert named != asked("tasks", written, "--until", NOON)["tasks"]
    shutil.copy(own, written / HANDBOOK)
    assert asked("tasks", written, "--until", NOON)["tasks"] == named
    assert asked("tasks", written, "--until", NOON, "--plain")["tasks"] != named


@pytest.mark.parametrize("content", ["{", OWN.replace("priority", "prioritee"), OWN.replace("automatic", "none")])
def test_an_own_handbook_that_cannot_be_taken_is_told_and_the_shipped_one_is(written: Path, content: str) -> None:
    (written / HANDBOOK).write_text(content, encoding="utf-8")
    found = asked("tasks", written)
    assert found["own_handbook"]["taken"] is False
    assert found["own_handbook"]["says"].startswith(
        f"The journal's own handbook cannot be taken, and the shipped one is: {written / HANDBOOK}"
    )
    assert found["written_with"] == {"same": True, "differs": {}, "says": ""}
    assert found["tasks"] == asked("tasks", written, "--plain")["tasks"]


def test_replay_and_changes_of_rules_take_it_too(written: Path, own: Path) -> None:
    shutil.copy(own, written / HANDBOOK)
    assert "Read with the journal's own handbook" in answer(["replay"], written)
    assert asked("replay", written)["own_handbook"]["taken"] is True
    changes = ("--changes-since", "2026-01-01", "--journal", written)
    assert asked("rules", *changes)["own_handbook"]["taken"] is True
    assert asked("rules", *changes, "--plain")["own_handbook"] is None
    assert refused("rules", "US", "--plain") == (
        "Error: --plain takes nothing from a journal: name one with --journal FOLDER"
    )


def test_of_a_journal_that_does_not_say_what_wrote_it_nothing_is_told(shop_journal: Path, own: Path) -> None:
    assert "ritten with" not in answer(["costs"], shop_journal, "--handbook", own)
    assert notes(["costs"], shop_journal, "--handbook", own)["written_with"] is None


def test_a_damaged_word_of_what_wrote_it_is_told_and_the_journal_read(written: Path) -> None:
    (written / FILE).write_text("{", encoding="utf-8")
    assert "What this journal was written with is not known: " in answer(["tasks"], written)
    found = notes(["tasks"], written)["written_with"]
    assert (found["same"], found["differs"]) == (None, {})
    assert f"{written / FILE}: is damaged (write the journal again, or " in found["says"]


def test_replay_tells_it_too(written: Path, own: Path) -> None:
    assert OTHERWISE in answer(["replay"], written, "--handbook", own)
    assert asked("replay", written, "--handbook", own)["written_with"]["same"] is False


IDLE = (
    "Rows of the handbook without effect on this journal: 2 (DE first_reply: no order of that marketplace, "
    "US priority [category=shoes]: no such order)."
)


@EACH
def test_every_command_says_which_rows_of_the_handbook_had_no_effect(
    command: list[str], shop_journal: Path, own: Path
) -> None:
    command = ["case", "LOSS-R"] if command[0] == "case" else command
    assert notes(command, shop_journal, "--handbook", own)["without_effect"] == []
    more = """
[[rule]]
name = "first_reply"
marketplaces = ["DE"]
clock = "wall_hours"
amount = 12
starts = "buyer_message"
on_expiry = "late"
source = "our handbook"
grade = "S"

[[rule]]
name = "priority"
marketplaces = ["US"]
count = 1
when = { category = "shoes" }
source = "our handbook"
grade = "S"
"""
    own.write_text(OWN + more, encoding="utf-8")
    assert answer(command, shop_journal, "--handbook", own).splitlines()[-1] == IDLE
    assert notes(command, shop_journal, "--handbook", own)["without_effect"] == [IDLE]
    assert asked("replay", shop_journal, "--handbook", own)["without_effect"] == [IDLE]


RATES = ("--into", "EUR", "--rate", "USD=0.9", "--rate", "CNY=0.125")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (RATES, []),
        (("--set", "repackaging_share=0.5"), []),
        # A number of 0 leaves no amount behind that could rest on it, and has an effect all the same.
        (("--set", "minutes_reply=0"), []),
        (
            ("--set", "minutes_send_invoice=2", "--set", "loss_share_missing=0.9", "--set", "minutes_reply=5"),
            ["Numbers of your own without effect: loss_share_missing, minutes_send_invoice; no cost rests on them."],
        ),
        (
            (*RATES, "--rate", "SEK=0.1", "--rate", "EUR=1"),
            ["Rates without effect: EUR, SEK; no cost is in that currency, or it is the currency of the sum."],
        ),
        (
            ("--rate", "USD=0.9"),
            ["Rates without effect: USD; no currency is named to add everything up in (--into)."],
        ),
    ],
)
def test_costs_tell_numbers_and_rates_without_effect(
    options: tuple[str, ...], told: list[str], shop_journal: Path
) -> None:
    assert asked("costs", shop_journal, *WAGE, *options)["without_effect"] == told
    assert answer(["costs", *WAGE, *options], shop_journal).splitlines()[-1:] == told or not told


@pytest.mark.parametrize(
    ("option", "values"), [("--rate", ("USD=1", "USD=2")), ("--set", ("minutes_reply=1", " minutes_reply=2"))]
)
def test_what_is_set_twice_is_refused(option: str, values: tuple[str, ...], shop_journal: Path) -> None:
    told = refused("costs", shop_journal, *(word for value in values for word in (option, value)))
    assert told == f"Error: {option} has {values[0].partition('=')[0]} twice: keep one of them"


def test_options_that_a_report_leaves_without_effect_are_told(tmp_path: Path, own: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"accountStatuses": [], "performanceMetrics": []}', encoding="utf-8")
    assert asked("health", path)["without_effect"] == []
    told = "Without effect: --on, --why, --handbook; a report is read as it stands."
    options = ("--why", "--on", "2026-03-05", "--handbook", own)
    assert asked("health", path, *options)["without_effect"] == [told]
    assert answer(["health", *map(str, options)], path).splitlines()[-1] == told
