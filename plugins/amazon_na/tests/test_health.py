"""The account health report, as Amazon's own example of it reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import aftersale_amazon_na as plugin
from aftersale.reports.health.figures import HealthReport
from aftersale.reports.health.reading import read_health_report

EXAMPLE = Path(__file__).parents[4] / "shared/data/spapi/report_schemas/accountHealthReport-2020-11-18.json"
DAYS = {"reportingDateFrom": "2026-01-01T00:00Z", "reportingDateTo": "2026-01-07T23:59Z"}
BLOCK = "performanceMetrics[0]."


def read(folder: Path, data: dict[str, Any]) -> HealthReport:
    path = folder / "health.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    stores = {store.name: store for store in plugin.aftersale_marketplaces()}
    return read_health_report(path, plugin.aftersale_health_reports(), stores)


def cancellations(count: int, rate: float) -> dict[str, Any]:
    judged = {"status": "GOOD", "targetValue": 0.025, "targetCondition": "LESS_THAN"}
    return {"reportingDateRange": DAYS, "orderCount": 1000, "cancellationCount": count, "rate": rate, **judged}


@pytest.mark.parametrize("key", ["preFulfillmentCancellationRate", "prefulfillmentCancelRate"])
@pytest.mark.parametrize("status", ["SUSPENDED", "DEACTIVATED"])
def test_a_report_is_read_in_the_words_of_the_schema_and_of_its_example(tmp_path: Path, key: str, status: str) -> None:
    block = {"marketplaceId": "A2EUQ1WTGCTBG2", key: cancellations(12, 0.012)}
    account = {"marketplaceId": "A2EUQ1WTGCTBG2", "status": status}
    report = read(tmp_path, {"accountStatuses": [account], "performanceMetrics": [block]})
    (metric,) = report.metrics
    assert (metric.metric, metric.marketplace, metric.told_rate, metric.counted) == (
        "cancellation_rate", "CA", 0.012, 0.012,
    )  # fmt: skip
    assert [(each.marketplace, each.status, each.state) for each in report.accounts] == [("CA", status, "deactivated")]
    assert (report.disagreements, report.ignored, report.unknown) == ((), (), ())


def test_metrics_that_not_every_store_has_are_not_missing(tmp_path: Path) -> None:
    report = read(tmp_path, {"accountStatuses": [], "performanceMetrics": [{"marketplaceId": "ATVPDKIKX0DER"}]})
    assert f"{BLOCK}orderDefectRate" in report.missing
    assert {f"{BLOCK}unitOnTimeDeliveryRate", f"{BLOCK}invoiceDefectRate"}.isdisjoint(report.missing)


@pytest.fixture
def example(tmp_path: Path) -> HealthReport:
    if not EXAMPLE.exists():
        pytest.skip("Amazon's schema of the report is not here")
    return read(tmp_path, json.loads(EXAMPLE.read_text(encoding="utf-8"))["examples"][0])


def test_all_that_does_not_fit_together_in_amazon_s_example_is_told(example: HealthReport) -> None:
    told = [(each.where.removeprefix(BLOCK), each.told, each.counted, each.what) for each in example.disagreements]
    tracked = "validTrackingRate.validTrackingCount"
    assert told == [
        ("orderDefectRate.mfn.rate", "0.009", "1078/539000 = 0.0020", "rate"),
        ("orderDefectRate.afn.fulfillmentType", "mfn", "afn", "channel"),
        ("orderDefectRate.afn.rate", "0.009", "1078/539000 = 0.0020", "rate"),
        ("prefulfillmentCancelRate.rate", "0.005", "551/17197 = 0.0320", "rate"),
        ("prefulfillmentCancelRate.status", "GOOD", "551/17197 = 0.0320 (< 0.01)", "status"),
        (tracked, "896462", "878443", "more_than_all"),
        ("validTrackingRate.rate", "0.9529", "896462/878443 = 1.0205", "rate"),
        ("onTimeDeliveryRate.onTimeDeliveryCount", "847987", "808046", "more_than_all"),
        ("onTimeDeliveryRate.rate", "0.9529", "847987/808046 = 1.0494", "rate"),
        ("unitOnTimeDeliveryRate.status", "GOOD", "0.8848; 146/165 = 0.8848 (> 0.9)", "status"),
        (
            "documentRequest.reportingDateRange.reportingDateFrom",
            "2020-11-21T00:00:00+00:00",
            "2020-11-19T23:59:00+00:00",
            "window",
        ),
        ("documentRequest.status", "GOOD", "8 (= 0)", "status"),
        ("onTimeDeliveryRate.shipmentCountWithValidTracking", "808046", f"896462 ({BLOCK}{tracked})", "base"),
    ]


def test_what_amazon_s_example_lacks_is_missing_and_nothing_in_it_is_ignored_or_unknown(
    example: HealthReport,
) -> None:
    assert example.missing == (
        "performanceMetrics[marketplaceId=A1AM78C64UM0Y8]",
        "performanceMetrics[marketplaceId=A2EUQ1WTGCTBG2]",
        f"{BLOCK}suspectedIntellectualPropertyViolations",
        f"{BLOCK}restrictedProductPolicyViolations",
    )
    assert (example.ignored, example.unknown) == ((), ())


def test_accounts_rating_and_warnings_of_amazon_s_example_are_read(example: HealthReport) -> None:
    assert [(each.marketplace, each.state) for each in example.accounts] == [
        ("US", "at_risk"), ("CA", "healthy"), ("MX", "deactivated"),
    ]  # fmt: skip
    assert [(each.status, each.state, each.score) for each in example.ratings] == [("WARNED", "at_risk", None)]
    assert [(each.kind, each.verdict) for each in example.warnings] == [("spammingSellerMessaging", "missed")]


def test_the_rates_of_amazon_s_example_that_are_sound_stay_so(example: HealthReport) -> None:
    found = {each.metric: each for each in example.metrics}
    for name, rate in (("late_shipment_rate", 0.03203973037), ("invoice_defect_rate", 0.03499611)):
        assert found[name].told_rate == rate
        assert found[name].counted == pytest.approx(rate, abs=1e-8)
        assert (found[name].verdict, found[name].met) == ("met", True)
    assert found["order_defect_rate"].components == {"claim": 442, "chargeback": 15, "negative_feedback": 628}
