import inspect
import json
from datetime import date

import pytest
from attrs import evolve
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.plugins.plugins import load_plugins
from aftersale.rules import Change, Comparison
from aftersale.testing import reference
from aftersale.views.rule_tables import change_listing, comparison_listing

APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
RUNNER = CliRunner(**APART)


def run(*args, columns="100"):
    plugins = load_plugins((), {"reference": reference})
    env = {"COLUMNS": columns, "TERM": "dumb", "AFTERSALE_PLUGINS": ""}
    return RUNNER.invoke(cli, ["rules", *args], obj=plugins, env=env, prog_name="aftersale")


def lines(*args, **more):
    result = run(*args, **more)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.splitlines()


def document(*args):
    return json.loads("\n".join(lines(*args, "--json")))


def refused(*args):
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr.splitlines()[-1]


# --- one rule over time ---


def test_a_rule_is_shown_with_its_meaning_and_its_rows_over_time_on_all_marketplaces():
    shown = lines("--rule", "refund_after_receipt", columns="200")
    assert shown[0] == "refund_after_receipt: when a returned item must be refunded"
    told = " ".join(" ".join(shown).split())
    assert "REF 2 business days until 2025-12-31 made up (assumed)" in told
    assert "REF 4 calendar days since 2026-01-01 made up (assumed)" in told
    assert "* 2 business days [channel=SFP] undated seller's standard (S)" in told


def test_places_that_say_the_same_share_a_row():
    (row,) = [line for line in lines("--rule", "appeal") if "30 calendar days" in line]
    assert row.split()[:2] == ["ALT", "REF"]


def test_a_rule_as_json_has_kind_meaning_and_rows():
    found = document("REF", "--rule", "refund_after_receipt", "--on", "2026-01-01")
    assert (found["name"], found["kind"]) == ("refund_after_receipt", "deadline")
    assert found["meaning"] == "when a returned item must be refunded"
    assert [(row["marketplace"], row["amount"], row["set_by"]) for row in found["rows"]] == [
        ("REF", 4, "rule"),
        ("*", 2, "handbook"),
    ]


def test_hours_that_leave_days_of_the_week_out_are_told_with_these(tmp_path):
    row = 'name = "first_reply"\nmarketplaces = ["*"]\nclock = "wall_hours"\namount = 12\nwithout = "Sat,Sun"\n'
    row += 'starts = "buyer_message"\non_expiry = "late"\nsource = "our own"\ngrade = "S"\n'
    (tmp_path / "own.toml").write_text(f"[[rule]]\n{row}", encoding="utf-8")
    shown = lines("REF", "--rule", "first_reply", "--handbook", str(tmp_path / "own.toml"), columns="200")
    assert "12 wall hours, not counting Sat, Sun" in " ".join(" ".join(shown).split())


def test_a_rule_that_nobody_has_set_is_told_as_such():
    assert lines("--rule", "claim_cover")[1:] == ["nothing is known"]


# --- changes ---


def test_changes_tell_what_was_and_what_becomes_from_a_day_on():
    assert lines("--changes-since", "2026-01-01") == [
        "What changes on 2026-01-01 or later",
        "2026-01-01  REF  refund_after_receipt",
        "  2 business days → 4 calendar days",
        "  made up (assumed)",
    ]
    assert lines("--changes-since", "2026-01-02")[1:] == ["Nothing that is known."]
    assert lines("ALT", "--changes-since", "2000-01-01")[1:] == ["Nothing that is known."]


def test_changes_as_json_have_both_rows():
    (found,) = document("--changes-since", "2026-01-01")
    assert {key: found[key] for key in ("day", "marketplace", "name", "when")} == {
        "day": "2026-01-01",
        "marketplace": "REF",
        "name": "refund_after_receipt",
        "when": {},
    }
    assert (found["old"]["amount"], found["new"]["amount"]) == (2, 4)


# --- side by side ---


def test_marketplaces_stand_side_by_side_and_differing_rows_are_marked():
    shown = [" ".join(line.split()) for line in lines("--compare", "REF,ALT", "--on", "2026-01-01")]
    assert shown[:2] == ["REF ALT on 2026-01-01", "Rule REF ALT"]
    assert "appeal 30 calendar days ? 30 calendar days ?" in shown
    assert "≠ refund_after_receipt 4 calendar days ? 2 business days ?" in shown
    assert "≠ auto_authorise [category=bulky] no ? –" in shown


def test_side_by_side_is_each_on_its_day():
    shown = [" ".join(line.split()) for line in lines("--compare", "REF,ALT", "--on", "2025-12-31")]
    assert "refund_after_receipt 2 business days ? 2 business days ?" in shown


@pytest.mark.parametrize("columns", ["40", "60", "100", "200"])
def test_a_comparison_keeps_to_the_width_and_its_names_whole(columns):
    shown = lines("REF", "--compare", "ALT", "--on", "2026-01-01", columns=columns)
    assert max(map(len, shown)) <= int(columns)
    assert [line for line in shown if "refund_after_receipt" in line] != []


def test_a_comparison_as_json_has_the_days_and_each_answer():
    found = document("--compare", "REF,ALT,REF", "--on", "2026-01-01", "--rule", "refund_after_receipt")
    assert found["days"] == {"REF": "2026-01-01", "ALT": "2026-01-01"}
    (row,) = found["rules"]
    assert (row["name"], row["when"], row["differs"]) == ("refund_after_receipt", "", True)
    assert {place: rule["amount"] for place, rule in row["rules"].items()} == {"REF": 4, "ALT": 2}


# --- the seller's handbook ---


def test_the_seller_s_own_handbook_takes_the_place_of_the_shipped_one(tmp_path):
    (tmp_path / "sop.toml").write_text(
        '[[rule]]\nname = "first_reply"\nmarketplaces = ["*"]\nclock = "wall_hours"\namount = 6\n'
        'starts = "buyer_message"\non_expiry = "late"\nsource = "page 3"\ngrade = "S"\n',
        encoding="utf-8",
    )
    book = "--handbook", str(tmp_path / "sop.toml")
    found = document("REF", "--rule", "first_reply", *book)
    assert [(row["set_by"], row["amount"]) for row in found["rows"]] == [("rule", 24), ("handbook", 6)]
    compared = document("--compare", "REF,ALT", "--rule", "first_reply", *book)
    (row,) = compared["rules"]
    assert {place: rule["amount"] for place, rule in row["rules"].items()} == {"REF": 24, "ALT": 24, "handbook": 6}


# --- what is refused ---


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ((), "Error: name a marketplace, or --rule, --changes-since or --compare; the marketplaces are: ALT, REF"),
        (("--rule", "silense"), "Error: no rule 'silense'; did you mean 'silence'?"),
        (("--compare", ","), "Error: name one marketplace at least: --compare US,DE"),
        (
            ("--compare", "REF", "--changes-since", "2026-01-01"),
            "Error: --compare and --changes-since show different things: choose one",
        ),
        (
            ("--on", "2026-01-01", "--changes-since", "2026-01-01"),
            "Error: --on shows one day, --changes-since all from a day on: choose one",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_with_what_can(args, told):
    assert refused(*args) == told


@pytest.mark.parametrize(
    "args", [("--compare", "REF,ALTO"), ("ALTO", "--rule", "silence"), ("ALTO", "--changes-since", "2026-01-01")]
)
def test_an_unknown_marketplace_is_refused_with_the_one_that_may_be_meant(args):
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: unknown marketplace 'ALTO' (did you mean 'ALT'? known: ALT, REF; ")


# --- how sure each row is ---


@pytest.mark.parametrize(
    ("grade", "source", "told"),
    [
        ("A", "help page 17", "  help page 17 (A)"),
        ("assumed", "assumed; copied from help page 17", "  assumed; copied from help page 17"),
        ("unknown", "unknown; told elsewhere only", "  unknown; told elsewhere only"),
        ("assumed", "made up", "  made up (assumed)"),
    ],
)
def test_a_listing_tells_what_an_assumed_row_is_copied_from_and_compared_answers_are_marked(grade, source, told):
    (rule, *_) = reference.aftersale_rules()
    row = evolve(rule, valid_from=date(2026, 1, 1), grade=grade, source=source)
    assert list(change_listing([Change(date(2026, 1, 1), None, row)]))[-1] == told
    (shown, legend) = comparison_listing(["REF"], [Comparison(row.name, row.when, {"REF": row})])
    assert [row[-1] for row in shown.rows] == ["24 wall hours" if grade == "A" else "24 wall hours ?"]
    assert legend == "≠ not the same everywhere; – nothing is said; ? assumed or unknown"
