import inspect
import json
from datetime import date

import pytest
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.clocks import DAY, HOUR
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.metrics.readings import Reading
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.views.readings import reading_records, target_text, value_text

# Before click 8.2 a runner mixes the two streams unless it is told not to.
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
PLUGINS = load_plugins((), {"reference": reference})
SOLD = [order("O-1", category="bulky"), order("O-2"), order("O-9", marketplace="XX", currency="USD")]
FACTS = [
    fact("buyer_message", MONDAY, case="M-1"),
    fact("buyer_message", MONDAY, case="M-2", order="O-2"),
    fact("return_requested", MONDAY, case="R-1"),
    fact("seller_reply", MONDAY + 2 * HOUR, case="M-2", order="O-2"),
    fact("refunded", MONDAY + 3 * HOUR, case="M-1"),
    fact("claim_filed", MONDAY + 3 * DAY, case="C-1", about="M-1"),
]


@pytest.fixture
def journal(tmp_path):
    """Writes a journal of these facts and returns its folder."""

    def written(facts=FACTS, sold=SOLD):
        write_table(order_frame(orders(*sold)), tmp_path, "orders")
        write_table(fact_frame(facts), tmp_path, "facts")
        return tmp_path

    return written


def replayed(folder, *args):
    env = {"COLUMNS": "100", "TERM": "dumb"}
    found = CliRunner(**APART).invoke(cli, ["replay", str(folder), *args], obj=PLUGINS, env=env, prog_name="aftersale")
    assert (found.exit_code, found.stderr) == (0, "")
    return found.stdout


def as_json(folder, *args):
    return json.loads(replayed(folder, "--json", *args))


REFUSED = (
    "case M-1 (message) in state 'awaiting_reply' cannot take the fact 'refunded' "
    "(allowed: automatic_reply, buyer_message, no_reply_needed, seller_reply)"
)


def test_a_replay_as_json_says_where_cases_stand_what_was_refused_and_how_metrics_read(journal):
    folder = journal()
    found = as_json(folder)
    metrics = found.pop("metrics")
    # M-2 was answered after 2 hours; M-1 waits for 72, and R-1 with it: two of three contacts are silent for 48.
    assert found.pop("replies") == [
        {
            "marketplace": "REF",
            "contacts": 2,
            "open": 1,
            "late_reply_rate": 0.5,
            "silence_48h_rate": pytest.approx(2 / 3),
            "mean_first_reply_hours": pytest.approx(37),
            "p50_first_reply_hours": pytest.approx(37),
            "p90_first_reply_hours": pytest.approx(65),
            "p95_first_reply_hours": pytest.approx(68.5),
        }
    ]
    assert found == {
        "journal": str(folder),
        "until": "2026-03-05T09:00:00+00:00",
        "orders": 3,
        "facts": 6,
        "cases": [
            {"kind": "claim", "state": "granted", "cases": 1},
            {"kind": "message", "state": "answered", "cases": 1},
            {"kind": "message", "state": "awaiting_reply", "cases": 1},
            {"kind": "return", "state": "requested", "cases": 1},
        ],
        "refused": [
            {
                "fact": "refunded",
                "marketplace": "REF",
                "order": "O-1",
                "case": "M-1",
                "occurred_at": "2026-03-02T12:00:00+00:00",
                "known_at": "2026-03-02T12:00:00+00:00",
                "reason": REFUSED,
            }
        ],
        "implausible": [
            {
                "sort": "no_marketplace",
                "rows": 1,
                "says": [
                    "order O-9: no installed plugin has its marketplace (left out), so that it counts nowhere; "
                    "install the plugin that has it, or correct the name"
                ],
            }
        ],
        "written_with": None,
        "own_handbook": None,
        "without_effect": [],
    }
    assert [(each["metric"], each["marketplace"], each["set_by"]) for each in metrics] == [
        ("order_defect_rate", "REF", "rule"),
        ("late_reply_rate", "REF", "handbook"),
        ("mean_first_reply_hours", "REF", "handbook"),
        ("order_defect_rate", "REF", "handbook"),
    ]
    assert metrics[1] == {
        "metric": "late_reply_rate",
        "line": "late_reply_rate",
        "unit": "share",
        "marketplace": "REF",
        "set_by": "handbook",
        "day": "2026-03-05",
        "value": 0.5,
        "numerator": 1.0,
        "denominator": 2,
        "target": 0.1,
        "window_days": 30,
        "floor_orders": 10,
        "floor_cases": 0,
        "left_out": 0,
        "over": True,
        "met": None,
        "running_days": 0,
        "triggered": False,
        "components": {},
        "fulfilment": {},
        "bearable": None,
        "state": "healthy",
        "consequence": "account review",
        "by_marketplace": None,
        "volume": None,
        "evaluation": None,
    }


def test_a_replay_until_an_instant_shows_what_was_known_then(journal):
    found = as_json(journal(), "--until", "2026-03-02T09:30:00+00:00")
    assert (found["until"], found["facts"], found["refused"]) == ("2026-03-02T09:30:00+00:00", 3, [])
    (replies,) = found["replies"]
    assert (replies["contacts"], replies["open"], replies["silence_48h_rate"]) == (2, 2, None)
    assert replies["mean_first_reply_hours"] == pytest.approx(0.5)
    assert found["cases"] == [
        {"kind": "message", "state": "awaiting_reply", "cases": 2},
        {"kind": "return", "state": "requested", "cases": 1},
    ]


def test_defects_show_in_the_metrics_once_their_orders_stand_in_the_window(journal):
    found = as_json(journal(), "--until", "2026-03-20T00:00:00+00:00")
    assert [(each["value"], each["components"], each["met"]) for each in found["metrics"][::3]] == [
        (0.5, {"claim": 1, "negative_feedback": 0, "chargeback": 0}, met)
        for met in (False, None)  # the handbook's line is judged from 200 orders on
    ]


def test_a_replay_as_tables(journal):
    folder = journal()
    lines = replayed(folder).splitlines()
    title = " ".join(lines[: lines.index("")])
    assert title.replace(" ", "") == f"{folder} as of 2026-03-05T09:00:00+00:00: 3 orders, 6 facts".replace(" ", "")
    assert lines[lines.index("") + 1 : lines.index("Refused facts: 1")] == [
        "Kind     State           Cases",
        "claim    granted             1",
        "message  answered            1",
        "message  awaiting_reply      1",
        "return   requested           1",
        "",
        "Marketplace  Metric                    Value  Target (set by)   Verdict",
        "REF          order_defect_rate             –  1 % (rule)        –",
        "REF          late_reply_rate         50.00 %  10 % (handbook)   2, judged from 10",
        "REF          mean_first_reply_hours    2.0 h  3.2 h (handbook)  met",
        "REF          order_defect_rate             –  0.5 % (handbook)  –",
        "",
        "Marketplace  Contacts  Open  Late %  Silent %  Mean h  P50 h  P90 h  P95 h",
        "REF                 2     1    50.0      66.7    37.0   37.0   65.0   68.5",
        "",
    ]
    begin = lines.index("Refused facts: 1") + 1
    refused = "".join(lines[begin : lines.index("", begin)])
    assert refused.replace(" ", "") == f"2026-03-02T12:00:00+00:00 refunded: {REFUSED}".replace(" ", "")


@pytest.mark.parametrize(
    ("name", "unit", "shown"),
    [("answers_rate", "hours", ("3.5 h", "4 h (rule)")), ("lost_hours", "share", ("350.00 %", "400 % (rule)"))],
)
def test_a_metric_is_shown_in_the_unit_of_what_it_counts_whatever_its_name(name, unit, shown):
    reading = Reading(name, "REF", "rule", date(2026, 3, 5), 3.5, 7.0, 2, 4.0, True, unit=unit)
    (record,) = reading_records([reading])
    assert (record["unit"], value_text(record), target_text(record)) == (unit, *shown)


def test_of_many_refused_facts_the_table_shows_the_first_and_counts_the_rest(journal):
    folder = journal([fact("refunded", MONDAY + n) for n in range(25)])
    assert "… and 5 more; --json lists all." in replayed(folder).splitlines()
    assert len(as_json(folder)["refused"]) == 25


def test_a_journal_without_cases_and_metrics_says_so(journal):
    lines = replayed(journal([], SOLD[2:])).splitlines()
    assert lines[lines.index("") + 1 :][:3] == [
        "No cases.",
        "",
        "No metrics: no installed plugin owns a marketplace of these orders.",
    ]


def test_a_triggered_consequence_shows(journal):
    facts = [fact("buyer_message", MONDAY + day * DAY, case=f"M-{day}") for day in range(40)]
    assert "missed, 30 days running: triggered" in replayed(journal(facts))


def test_a_target_missed_on_few_days_says_on_how_many(journal):
    facts = [fact("buyer_message", MONDAY + hour * HOUR, case=f"M-{hour}") for hour in range(12)]
    assert "missed, 3 days running" in replayed(journal([*facts, fact("refunded", MONDAY + 84 * HOUR)]))


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["none"], "none: is no folder (name the folder that 'aftersale simulate --out FOLDER' wrote, or one like it)"),
        ([".", "--until", "tomorrow"], "'tomorrow' is not an instant: write it as 2026-01-26T12:00:00+01:00"),
        ([".", "--until", "2026-01-26"], "'2026-01-26' is not an instant: write it as 2026-01-26T12:00:00+01:00"),
    ],
)
def test_a_replay_that_cannot_be_is_refused_with_what_to_do(args, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = CliRunner(**APART).invoke(cli, ["replay", *args], obj=PLUGINS, prog_name="aftersale")
    assert (found.exit_code, found.stdout) == (2, "")
    assert told in found.stderr


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_end_before_all_facts_or_beyond_every_clock_is_no_traceback(journal, until):
    args = ["replay", str(journal()), "--until", until]
    found = CliRunner(**APART).invoke(cli, args, obj=PLUGINS, prog_name="aftersale")
    assert found.exit_code in (0, 2)
    assert found.exception is None or isinstance(found.exception, SystemExit)


def test_a_replay_with_the_sellers_own_handbook_measures_by_its_targets(journal, tmp_path):
    own = tmp_path / "sop.toml"
    own.write_text(
        '[[metric]]\nname = "mean_first_reply_hours"\nmarketplaces = ["*"]\namount = 30\ntarget = "1.0"\n'
        'strict = false\nsource = "house"\ngrade = "S"\n',
        encoding="utf-8",
    )
    targets = {
        row["target"]
        for row in as_json(journal(), "--handbook", str(own))["metrics"]
        if row["marketplace"] == "REF" and row["metric"] == "mean_first_reply_hours"
    }
    assert targets == {1.0}
