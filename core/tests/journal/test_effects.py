"""Rows of the seller's handbook that change nothing about a journal are told with the reason."""

import pytest

from aftersale.clocks import DAY, instant
from aftersale.journal.effects import idle_rows
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import load_handbook
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY

PLUGINS = load_plugins((), {"reference": reference})
JOURNAL = Journal(
    orders(order(price=1999, buyer="7")), [fact("buyer_message", MONDAY + DAY), fact("seller_reply", MONDAY + DAY)]
)
DEADLINE = {"clock": "wall_hours", "amount": 2, "starts": "buyer_message", "on_expiry": "late"}


def reasons(tmp_path, *rows, until=None):
    """The reasons why rows of a handbook change nothing about the journal, in their order."""
    path = tmp_path / "own.toml"
    path.write_text("\n".join(map(written, rows)), encoding="utf-8")
    policies = PLUGINS.policies(handbook=load_handbook(path, PLUGINS.workflow, PLUGINS.metrics))
    replayed = replay(JOURNAL, policies, until)
    return [row.reason for row in idle_rows(JOURNAL.orders, replayed.docket, policies, replayed.until)]


def written(row):
    row = {"name": "first_reply", "marketplaces": ["*"], "source": "us", "grade": "S", **row}
    dates = {"valid_from", "valid_until"}
    lines = [f"{name} = {value if name in dates else toml(value)}" for name, value in row.items()]
    return "\n".join(["[[rule]]", *lines])


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + " }"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def test_the_shipped_handbook_is_never_told(tmp_path):
    policies = PLUGINS.policies()
    replayed = replay(JOURNAL, policies)
    assert list(idle_rows(JOURNAL.orders, replayed.docket, policies, replayed.until)) == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (DEADLINE, []),
        (DEADLINE | {"marketplaces": ["REF"]}, []),
        (DEADLINE | {"marketplaces": ["ALT"]}, ["place"]),
        (DEADLINE | {"marketplaces": ["REFF"]}, ["place"]),
        (DEADLINE | {"when": {"channel": "MFN"}}, []),
        (DEADLINE | {"when": {"channel": "SFP"}}, ["order"]),
        (DEADLINE | {"when": {"category": ["general", "shoes"]}}, []),
        (DEADLINE | {"when": {"category": "shoes"}}, ["order"]),
        (DEADLINE | {"when": {"buyer": ["6", "7"]}}, []),
        (DEADLINE | {"when": {"buyer": "77"}}, ["order"]),
        (DEADLINE | {"when": {"cross_border": True}}, ["order"]),
        (DEADLINE | {"when": {"price_up_to": "19.99", "currency": "CLP"}}, ["order"]),
        (DEADLINE | {"when": {"price_up_to": "19.99", "currency": "EUR"}}, []),
        (DEADLINE | {"when": {"price_up_to": "19.98", "currency": "EUR"}}, ["order"]),
        (DEADLINE | {"when": {"price_above": "19.98", "currency": "EUR"}}, []),
        (DEADLINE | {"when": {"price_above": "19.99", "currency": "EUR"}}, ["order"]),
        (DEADLINE | {"valid_from": "2026-03-03"}, []),
        (DEADLINE | {"valid_from": "2026-04-01"}, ["day"]),
        (DEADLINE | {"valid_until": "2026-02-01"}, ["day"]),
        (DEADLINE | {"name": "information_request", "starts": "information_requested"}, ["case"]),
        ({"name": "auto_authorise", "value": True}, ["case"]),
        ({"name": "priority", "count": 2}, []),
    ],
)
def test_a_row_that_changes_nothing_is_told_with_the_reason(row, reason, tmp_path):
    assert reasons(tmp_path, row) == reason


def test_before_any_case_is_known_no_row_is_asked_for(tmp_path):
    assert reasons(tmp_path, DEADLINE, until=MONDAY) == ["case"]


def test_the_last_instant_of_all_is_no_crash(tmp_path):
    assert reasons(tmp_path, DEADLINE, until=instant("9999-12-31T00:00:00Z")) == []
