"""Numbers of cells: what they are in the style of their file, and what shows that style."""

import polars as pl
import pytest

from aftersale.reports.sheets.numbers import (
    MILLION,
    POINT,
    NumberStyle,
    StyleEvidence,
    belongs,
    currency_signs,
    is_plain,
    millionths,
    plain_millionths,
    sign_of,
    whole_number,
)

COMMA = NumberStyle(",")


def values(expression, *cells):
    return pl.DataFrame({"cell": cells}).select(expression.alias("value"))["value"].to_list()


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        ("1024.5", POINT, 1024.5),
        ("1,024.50", POINT, 1024.5),
        ("1,02,450.00", POINT, 102450),  # lakhs, as in India
        ("1.024,50", COMMA, 1024.5),
        ("1 024,50", COMMA, 1024.5),
        ("1\u202f024,50 €", COMMA, 1024.5),
        ("1'024.50", POINT, 1024.5),
        ("1’024.50 CHF", POINT, 1024.5),
        ("$12.50", POINT, 12.5),
        ("US$ 12.50", POINT, 12.5),
        ("EUR 5,00", COMMA, 5),
        ("5,00 kr", COMMA, 5),
        ("￥１，２００", POINT, 1200),
        ("1200円", POINT, 1200),
        (".50", POINT, 0.5),
        ("5.", POINT, 5),
        ("29,-", POINT, 29),
        ("29.–", POINT, 29),
        ("US $24.90", POINT, 24.9),
        ("-5.00", POINT, -5),
        ("5.00-", POINT, -5),
        ("−$5.00", POINT, -5),
        ("$-5.00", POINT, -5),
        ("(5.00)", POINT, -5),
        ("+5", POINT, 5),
        ("1,024", POINT, 1024),
        ("1,024", COMMA, 1.024),
        ("5.1000000000", POINT, 5.1),
    ],
)
def test_a_number_is_read_in_the_style_of_its_file(text, style, value):
    assert values(millionths(pl.col("cell"), style), text) == [round(value * MILLION)]


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", POINT),
        ("abc", POINT),
        ("12,5", POINT),
        ("12.5", COMMA),
        ("1,02", POINT),
        ("1,0245", POINT),
        ("1.024.5", POINT),
        ("1,024,50", POINT),
        ("1e3", POINT),
        ("5.0000001", POINT),
        ("--5", POINT),
        ("(-5)", POINT),
        ("(5", POINT),
        ("5)", POINT),
        ("5 5", POINT),
        ("5-5", POINT),
        ("1234567890123", POINT),
        ("٣٫٥", POINT),
        (".", POINT),
        ("1,024.50", NumberStyle(".", "'")),
    ],
)
def test_what_is_no_number_in_that_style_is_none(text, style):
    assert values(millionths(pl.col("cell"), style), text) == [None]


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        ([], POINT),
        (["5", "1200"], POINT),
        (["12.50", "1,024"], POINT),
        (["12,50", "1.024"], COMMA),
        (["1,024.50"], POINT),
        (["1.024,50"], COMMA),
        (["1,024,500"], POINT),
        (["1.024.500"], COMMA),
        (["0.125"], POINT),
        (["1234,567"], COMMA),
        # Five or five thousand, 1.299 or 1299 (net prices have three decimals): nothing says.
        (["5.000"], NumberStyle(open=True)),
        (["1.299"], NumberStyle(open=True)),
        (["5,000", "12"], NumberStyle(open=True)),
        (["$5.00", "€1,5", "7.25"], POINT),
    ],
)
def test_the_style_of_a_file_is_what_its_cells_show(cells, style):
    evidence = StyleEvidence()
    evidence.add(pl.Series(cells, dtype=pl.String), pl.Series([2] * len(cells), dtype=pl.Int64))
    assert evidence.style(None) == style


def test_currencies_with_three_decimals_or_none_show_what_others_do_not():
    fine = StyleEvidence()
    fine.add(pl.Series(["1.299"]), pl.Series([3]))
    assert (fine.style(None), fine.style(".")) == (POINT, NumberStyle(",", "."))
    whole = StyleEvidence()
    whole.add(pl.Series(["1,280"]), pl.Series([0]))
    assert whole.style(None) == POINT
    whole.add(pl.Series(["1.280", "2.980"]), pl.Series([0, 0]))
    assert whole.style(None) == COMMA


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("2.0", 2), ("1,000", 1000), ("+3", 3), ("2.5", None), ("two", None), ("$2", None), ("9" * 10, None)],
)
def test_a_whole_number_may_have_a_decimal_zero(text, value):
    assert values(whole_number(pl.col("cell"), POINT), text) == [value]


def test_the_short_way_reads_what_the_long_way_reads():
    cells = ["0", "5", "5.", "12.50", "+7.1", "-3.000001", "5.1000000000", "999999999999.999999", "007"]
    assert is_plain(pl.Series(cells), POINT)
    assert values(plain_millionths(pl.col("cell")), *cells) == values(millionths(pl.col("cell"), POINT), *cells)
    assert not is_plain(pl.Series(["1,024"]), POINT)
    assert not is_plain(pl.Series(["5"]), COMMA)
    assert not is_plain(pl.Series(["5"]), NumberStyle(open=True))


@pytest.mark.parametrize(
    ("currency", "country", "right", "wrong"),
    [
        ("USD", "US", ["$", "us$", "us $", "usd", "us dollars"], ["€", "ca$", "£"]),
        ("CAD", "CA", ["$", "ca$", "cad"], ["us$", "€"]),
        ("EUR", "DE", ["€", "eur", "euro"], ["$", "£"]),
        ("GBP", "GB", ["£", "gbp"], ["€"]),
        ("JPY", "JP", ["¥", "jp¥", "円", "jpy"], ["$"]),
        ("SEK", "SE", ["kr", "sek"], ["€"]),
        ("PLN", "PL", ["zł", "pln"], ["€"]),
        ("BRL", "BR", ["r$", "brl"], ["€"]),
    ],
)
def test_a_currency_s_signs_are_those_of_its_country_and_of_large_languages(currency, country, right, wrong):
    signs = currency_signs(currency, country)
    assert [sign for sign in right if sign not in signs] == []
    assert [sign for sign in wrong if sign in signs] == []


def test_a_sign_belongs_to_the_marketplace_of_its_row():
    frame = pl.DataFrame({"cell": ["$5", "5 €", "€5", "5", "5 owls"], "place": [0, 1, 0, 1, 1]})
    checked = belongs(sign_of(pl.col("cell")), pl.col("place"), [{"$"}, {"€"}])
    assert frame.select(checked.alias("ok"))["ok"].to_list() == [True, True, False, True, False]
