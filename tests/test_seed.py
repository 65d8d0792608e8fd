"""What a seller's standard says, sentence by sentence, and the command that shows it.

Each row tells in our own words what the standard states, and the command whose output shows it on a small shop in
which all of it happens. The standard itself is checked for figures that no row names, where it is at hand.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins

STANDARD = Path(__file__).parents[2] / "shared" / "seed.zh.txt"
NOON, LATER = "2026-03-11T17:00:00Z", "2026-04-20T00:00:00Z"


class Row(NamedTuple):
    """One statement: what it says, its figures, the command (SHOP stands for the journal), what the output holds."""

    says: str
    figures: tuple[str, ...]
    command: str
    shows: str


ROWS = (
    Row("a first reply within 24 hours", ("24",), "rules US --on 2026-03-02", r"first_reply +24 wall hours"),
    Row("a later one counts as late", (), "case SHOP MESSAGE", r"first_reply: late"),
    Row(
        "late over 10 % on 30 days running may lead to an account review",
        ("10", "30"),
        "rules US --on 2026-03-02 --json",
        r'"name": "late_reply_rate"(.|\n)*"target": 0\.1,(.|\n)*"running": 30(.|\n)*"account review"',
    ),
    Row(
        "good sellers answer in 3.2 hours on average",
        ("3.2",),
        "health SHOP --on 2026-03-20",
        r"mean_first_reply_hours +\S+ +.*\n?.*3\.2",
    ),
    Row(
        "good sellers keep the order defect rate at 0.5 %, the marketplace's line is 1 %",
        ("0.5", "1"),
        "replay SHOP",
        r"order_defect_rate +[\d.]+ % +1 % \(rule\)(.|\n)*order_defect_rate +[\d.]+ % +0\.5 % \(handbook\)",
    ),
    Row(
        "replies, returns, refunds and claims move the rates",
        (),
        "health SHOP --on 2026-03-20 --handbook OWN",
        r"deactivation",
    ),
    Row("requests are watched as they come in", (), f"tasks SHOP --until {NOON}", r"reply +CLAIMED-M"),
    Row(
        "a return in the policy is decided by rule", (), "case SHOP AUTO", r"return_requested +CR-DEFECTIVE +authorised"
    ),
    Row("the marketplace handles the returns that it ships", (), "case SHOP STORED", r"with_marketplace"),
    Row(
        "a return of an own shipment gets a label or a solution within 48 hours",
        ("48",),
        "rules JP --on 2026-03-02",
        r"return_decision +48 wall hours(.|\n)*return_label +48 wall hours",
    ),
    Row(
        "whether labels are free is the seller's to set by rule", ("76",), "rules US --rule prepaid_label", r"automatic"
    ),
    Row("where tracking and story agree: refund and close", (), "case SHOP CLOSE", r"refunded +15\.00 USD +refunded"),
    Row("the replacement's tracking number is noted", (), "case SHOP REPLACED-P", r"tracking_noted +1Z999 +on_its_way"),
    Row("so that no second dispute is opened", (), "case SHOP REPLACED-W", r"covered_by_replacement"),
    Row(
        "sellers win 68 % to 73 % of claims",
        ("68", "73"),
        "parameters",
        r"claim_win_rate +0\.68(.|\n)*68 %(.|\n)*73",
    ),
    Row("claims are lost for want of evidence", (), "case SHOP MISSING-C", r"Evidence missing: proof_of_shipment"),
    Row("records are kept for 180 days", ("180",), "case SHOP AUTO", r"Evidence is kept until 2026-09-07"),
    Row(
        "not received although delivered: the carrier's confirmation at once",
        (),
        "case SHOP MISSING-L",
        r"carrier_asked(.|\n)*carrier_confirmed",
    ),
    Row(
        "and it goes with the claim",
        (),
        "case SHOP MISSING-C --json",
        r'"evidence_at_hand": \[\s*"carrier_confirmation"',
    ),
    Row(
        "orders under SFP are settled within 2 business days",
        ("2",),
        f"tasks SHOP --until {NOON}",
        r"refund +PRIME-R +2026-03-13",
    ),
    Row("evidence on a claim within 72 hours", ("72",), "rules US --on 2026-03-02", r"claim_evidence +72 wall hours"),
    Row(
        "one standard, dated and local in its rules",
        (),
        "rules --compare US,DE,JP --on 2026-03-02",
        r"refund_after_receipt",
    ),
    Row(
        "the marketplace bears the after-sales of what it ships, the seller all of his own",
        (),
        "costs SHOP",
        r"FBA(.|\n)*MFN",
    ),
    Row("6.5 % of orders come back", ("6.5",), "parameters", r"return_rate +0\.065"),
    Row(
        "returns cost shipping, repackaging and loss",
        (),
        "costs SHOP",
        r"loss_of_value(.|\n)*return_label(.|\n)*repackaging",
    ),
    Row(
        "a renewed sale recovers part of it",
        (),
        "costs SHOP --set renewed_recovery_share=0.5",
        r"renewed_recovery +MFN +USD +-",
    ),
    Row("cause: late replies", (), "health SHOP --why", r"late replies +\d"),
    Row("cause: valid returns refused", (), "health SHOP --why", r"returns refused within the policy +1 "),
    Row("cause: refunds not given", (), "health SHOP --why", r"refunds not given +\d"),
    Row("cause: evidence missing", (), "health SHOP --why", r"evidence missing +1 "),
    Row("orders behind bad feedback", (), "health SHOP --why", r"RATED +US +1 .*late or lost deliveries"),
    Row("products that come back most", (), "health SHOP --why", r"kettle +US +2"),
    Row("first: order, tracking and messages of the case", (), "case SHOP CLAIMED", r"buyer_message(.|\n)*claim_filed"),
    Row(
        "an unanswered contact makes the claim a loss",
        (),
        "case SHOP CLAIMED-C",
        r"claim_filed +not_as_described +granted",
    ),
    Row("own classes of tickets", (), "tasks SHOP --handbook OWN", r"dear glass"),
    Row(
        "automatic approval, in the seller's own longer window",
        (),
        "case SHOP BYHAND --handbook OWN",
        r"return_requested +\S+ +authorised",
    ),
    Row(
        "free labels where the marketplace leaves it to the seller",
        (),
        "rules DE --handbook OWN --on 2026-03-02",
        r"prepaid_label +seller choice(.|\n)*prepaid_label +automatic",
    ),
    Row(
        "cancellation and late shipment rates",
        (),
        "health SHOP --on 2026-03-05",
        r"cancellation_rate(.|\n)*late_shipment_rate",
    ),
    Row(
        "which, when high, mark cases as watched",
        (),
        "tasks SHOP --until 2026-03-05T17:00:00Z --json",
        r'"risk": \[\s*"cancellation_rate",\s*"late_shipment_rate"',
    ),
    Row(
        "what staffing keeps the standard",
        (),
        'whatif --replications 1 --set period.measured="7 d" --vary team.shenzhen.agents=1,3',
        r"late",
    ),
)

OWN = """
[[rule]]
name = "metric_floor"
marketplaces = ["*"]
count = 1
source = "house"
grade = "S"

[[rule]]
name = "classification"
marketplaces = ["*"]
word = "dear glass"
when = { price_above = "20", currency = "USD" }
source = "house"
grade = "S"

[[rule]]
name = "prepaid_label"
marketplaces = ["DE"]
word = "automatic"
source = "house"
grade = "S"

[[rule]]
name = "return_window"
marketplaces = ["*"]
clock = "calendar_days"
amount = 60
starts = "delivered"
source = "house"
grade = "S"
"""


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_a_command_shows_what_the_standard_says(row: Row, shop_journal: Path) -> None:
    own = shop_journal.parent / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    words = [word.strip('"') for word in re.findall(r'\S*"[^"]*"|\S+', row.command)]
    arguments = [{"SHOP": str(shop_journal), "OWN": str(own)}.get(word, word).replace('"', "") for word in words]
    ended = CliRunner().invoke(cli, arguments, obj=installed(), env={"COLUMNS": "160"})
    assert ended.exit_code == 0, ended.output
    assert re.search(row.shows, ended.output), ended.output


@pytest.mark.skipif(not STANDARD.exists(), reason="the standard itself is not at hand")
def test_every_figure_of_the_standard_is_in_a_row() -> None:
    text = STANDARD.read_text(encoding="utf-8")
    stated = set(re.findall(r"(\d+(?:\.\d+)?)\s*(?:%|小时|天|个工作日)", text))
    assert stated - {figure for row in ROWS for figure in row.figures} == set()
