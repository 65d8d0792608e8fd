"""The account health report of these stores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import aftersale_amazon_eu as plugin
from aftersale.reports.health.reading import read_health_report

DAYS = {"reportingDateFrom": "2026-01-01T00:00Z", "reportingDateTo": "2026-01-30T23:59Z"}
SHIPPED = {
    "reportingDateRange": DAYS,
    "orderCount": 1000,
    "lateShipmentCount": 45,
    "rate": 0.045,
    "status": "GOOD",
    "targetValue": 0.04,
    "targetCondition": "LESS_THAN",
}


@pytest.mark.parametrize(
    ("status", "state"), [("NORMAL", "healthy"), ("AT_RISK", "at_risk"), ("SUSPENDED", "deactivated")]
)
def test_a_report_of_a_store_is_read_and_a_store_of_another_plugin_keeps_its_id(
    tmp_path: Path, status: str, state: str
) -> None:
    path = tmp_path / "health.json"
    accounts = [{"marketplaceId": id_, "status": status} for id_ in ("A1PA6795UKMFR9", "ATVPDKIKX0DER")]
    block = {"marketplaceId": "A1PA6795UKMFR9", "lateShipmentRate": SHIPPED}
    path.write_text(json.dumps({"accountStatuses": accounts, "performanceMetrics": [block]}), encoding="utf-8")
    stores = {store.name: store for store in plugin.aftersale_marketplaces()}
    report = read_health_report(path, plugin.aftersale_health_reports(), stores)
    assert [(each.marketplace, each.state) for each in report.accounts] == [("DE", state), ("ATVPDKIKX0DER", state)]
    assert report.unknown == (("accountStatuses[1].marketplaceId", "ATVPDKIKX0DER"),)
    (metric,) = report.metrics
    assert (metric.marketplace, metric.told_rate, metric.counted, metric.met) == ("DE", 0.045, 0.045, False)
    assert [(each.where, each.told, each.counted, each.what) for each in report.disagreements] == [
        ("performanceMetrics[0].lateShipmentRate.status", "GOOD", "0.045; 45/1000 = 0.0450 (< 0.04)", "status")
    ]
