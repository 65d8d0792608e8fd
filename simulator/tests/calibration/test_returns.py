"""Return fit: which purchase a cancellation belongs to, and what follows for rate and lag."""

from __future__ import annotations

from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aftersale.clocks import Calendar
from aftersale.policies.marketplaces import Marketplace
from aftersale.reports.orders.formats import parse_formats
from aftersale.reports.orders.reading import read_orders
from aftersale_simulator.calibration.returns import ReturnFit, fit_returns

RETAIL = Path(__file__).parents[4] / "shared/data/online_retail/online_retail_2010-12_2011-08.csv.gz"
SHOP = {"UK": Marketplace("UK", "id", "GB", "GBP", "Europe/London", ("en",), Calendar("Europe/London", None, None))}


def fitted(path: Path, skip: dict[str, list[str]] | None = None) -> ReturnFit | None:
    columns = {
        "order": "InvoiceNo",
        "purchased_at": "InvoiceDate",
        "price": "UnitPrice",
        "sku": "StockCode",
        "quantity": "Quantity",
        "buyer": "CustomerID",
    }
    table: dict[str, Any] = {
        "name": "retail",
        "columns": columns,
        "values": {"marketplace": "UK", "channel": "MFN"},
        "price_is": "unit",
        "cancelled": {"column": "order", "starts_with": "C"},
        "skip": skip or {},
    }
    (form,) = parse_formats({"orders": [table]}, "formats.toml")
    return fit_returns(read_orders(path, form, SHOP))


def fit(tmp_path: Path, *rows: str) -> ReturnFit | None:
    path = tmp_path / "orders.csv"
    header = "InvoiceNo,InvoiceDate,CustomerID,StockCode,Quantity,UnitPrice"
    path.write_text("\n".join([header, *(f"{row},1.00" for row in rows), ""]), encoding="utf-8")
    return fitted(path)


def lags(found: ReturnFit | None) -> tuple[int, int, float]:
    """Return (matched, unmatched, mean lag)."""
    assert found is not None
    return found.matched, found.unmatched, round(found.lag_mean_days, 9)


def test_rate_and_lag_are_those_of_the_matched_cancellations(tmp_path: Path) -> None:
    found = fit(
        tmp_path,
        "A,2026-01-01 12:00,ann,s1,5",
        "A,2026-01-01 12:00,ann,s2,5",
        "B,2026-01-01 12:00,bob,s1,5",
        "D,2026-01-01 12:00,dan,s1,5",
        "E,2026-01-01 12:00,eve,s1,5",
        "F,2026-01-01 12:00,,s1,5",
        "C1,2026-01-02 12:00,ann,s1,-1",
        "C2,2026-01-03 12:00,ann,s2,-1",
        "C3,2026-01-05 12:00,bob,s1,-1",
        "C4,2026-01-05 12:00,,s1,-1",
    )
    mean, sigma = log(8) / 3, sqrt(2 / 3) * log(2)
    assert found is not None
    assert found.lags.tolist() == [1.0, 2.0, 4.0]
    assert found == ReturnFit(
        orders=4,
        orders_returned=2,
        rate=0.5,
        matched=3,
        unmatched=1,
        lag_median_days=2.0,
        lag_mean_days=pytest.approx(7 / 3),
        lag_p90_days=pytest.approx(3.6),
        lognormal_median_days=pytest.approx(exp(mean)),
        lognormal_sigma=pytest.approx(sigma),
        quantile_sigma=pytest.approx(0.8 * log(2) / 1.2815515655446004),
        lags=np.array([1.0, 2.0, 4.0]),
    )


def test_a_cancellation_belongs_to_the_latest_purchase_before_it(tmp_path: Path) -> None:
    rows = "A,2026-01-01,ann,s,1", "B,2026-01-05,ann,s,1", "D,2026-01-09,ann,s,1"
    assert lags(fit(tmp_path, *rows, "C,2026-01-07,ann,s,-1")) == (1, 0, 2.0)


def test_a_second_cancellation_belongs_to_the_purchase_before_when_nothing_is_left(tmp_path: Path) -> None:
    rows = "A,2026-01-01,ann,s,1", "B,2026-01-05,ann,s,1", "C1,2026-01-07,ann,s,-1", "C2,2026-01-07,ann,s,-1"
    assert lags(fit(tmp_path, *rows)) == (2, 0, 4.0)
    assert lags(fit(tmp_path, *rows, "C3,2026-01-08,ann,s,-1")) == (2, 1, 4.0)


def test_a_large_cancellation_passes_over_a_purchase_that_is_too_small(tmp_path: Path) -> None:
    rows = "A,2026-01-01,ann,s,9", "B,2026-01-05,ann,s,1", "C,2026-01-07,ann,s,-5"
    assert lags(fit(tmp_path, *rows)) == (1, 0, 6.0)


def test_rows_of_one_product_in_one_order_are_one_purchase(tmp_path: Path) -> None:
    rows = "A,2026-01-01,ann,s,6", "A,2026-01-01,ann,s,6", "C,2026-01-03,ann,s,-12"
    assert lags(fit(tmp_path, *rows)) == (1, 0, 2.0)


@pytest.mark.parametrize(
    "cancelled",
    ["C,2026-01-03,bob,s,-1", "C,2026-01-03,ann,other,-1", "C,2025-12-31,ann,s,-1", "C,2026-01-03,,s,-1"],
)
def test_another_buyer_another_product_or_an_earlier_time_is_no_match(tmp_path: Path, cancelled: str) -> None:
    assert fit(tmp_path, "A,2026-01-01,ann,s,1", cancelled) is None


def test_a_file_without_cancellations_teaches_nothing(tmp_path: Path) -> None:
    assert fit(tmp_path, "A,2026-01-01,ann,s,1") is None


@pytest.mark.parametrize(
    ("times", "unit_days"),
    [
        (("2026-03-01", "2026-04-01", "2026-04-01"), 1.0),
        (("2026-03-01 04:00", "2026-03-01 11:00", "2026-03-01 11:00"), 1 / 24),
        (("2026-03-01 04:00", "2026-03-01 11:07", "2026-03-01 11:07"), 1 / 1440),
        (("2026-03-01 04:00:00", "2026-03-01 11:07:09", "2026-03-01 11:07:09"), 1 / 86400),
    ],
)
def test_a_lag_of_zero_counts_as_half_of_the_finest_unit_of_the_file(
    tmp_path: Path, times: tuple[str, str, str], unit_days: float
) -> None:
    other, bought, cancelled = times
    found = fit(tmp_path, f"A,{other},bob,s,1", f"B,{bought},ann,s,1", f"C,{cancelled},ann,s,-1")
    assert found is not None
    assert (found.lag_median_days, found.lag_mean_days, found.lognormal_sigma) == (0.0, 0.0, 0.0)
    assert found.lognormal_median_days == pytest.approx(unit_days / 2)


def test_a_lognormal_lag_is_found_again(tmp_path: Path) -> None:
    days = np.exp(np.log(5.0) + 0.8 * np.random.default_rng(7).standard_normal(4000))
    starts = np.datetime64("2026-01-01T00:00:00")
    ends = starts + (days * 86400).astype("timedelta64[s]")
    bought = [f"A{i},{starts}+00:00,b{i},s,1" for i in range(len(days))]
    cancelled = [f"C{i},{end}+00:00,b{i},s,-1" for i, end in enumerate(ends)]
    found = fit(tmp_path, *bought, *cancelled)
    assert found is not None
    assert (found.rate, found.matched, found.unmatched) == (1.0, 4000, 0)
    assert found.lognormal_median_days == pytest.approx(5.0, rel=0.05)
    assert found.lognormal_sigma == pytest.approx(0.8, rel=0.05)
    assert found.quantile_sigma == pytest.approx(0.8, rel=0.1)


@pytest.mark.once
def test_a_sixth_of_a_real_shop_s_orders_are_hit_by_a_return_after_eight_days_in_the_middle() -> None:
    """The full year of this shop gives 17 %, and lags of 9.4 (median), 25.8 (mean), 66 days (p90).

    Nine months of it give the same rate, and shorter lags, as their end cuts off the long ones.
    """
    if not RETAIL.is_file():
        pytest.skip("the real order lines (UCI Online Retail) are no part of the repository")
    no_products = ["POST", "DOT", "M", "D", "S", "C2", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"]
    found = fitted(RETAIL, {"sku": no_products})
    assert found is not None
    assert (found.orders, found.orders_returned, found.matched, found.unmatched) == (11342, 1979, 4420, 1034)
    figures = found.rate, found.lag_median_days, found.lag_mean_days, found.lag_p90_days
    assert [round(figure, 3) for figure in figures] == [0.174, 8.149, 19.481, 48.945]
    spread = found.lognormal_median_days, found.lognormal_sigma, found.quantile_sigma
    assert [round(figure, 3) for figure in spread] == [5.406, 2.448, 1.399]
