"""What is valid in a journal and hardly true is told, and what is true is not."""

import polars as pl
import pytest

from aftersale.cases.workflow import default_workflow
from aftersale.clocks import DAY, HOUR
from aftersale.costs.charges import CHARGES
from aftersale.journal.columns import TIME
from aftersale.journal.plausibility import OF_GOODS, PAID_ON_CONDITION, WITH_AMOUNT
from aftersale.journal.reading import read_journal
from aftersale.journal.writing import fact_frame, order_frame, write_table
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, orders, reference
from aftersale.testing.factories import MONDAY
from aftersale.views.journal_notes import doubt_lines, doubt_records

POLICIES = load_plugins((), {"reference": reference}).policies()
YEAR = 365 * DAY


@pytest.fixture
def told(tmp_path):
    """Writes a journal and returns what looks wrong in it, by sort."""

    def said(*facts, sold=None, cells=False, **instants):
        frame = order_frame(orders(*(sold or [bought()])))
        write_table(
            frame.with_columns(**{name: pl.lit(at).cast(TIME) for name, at in instants.items()}), tmp_path, "orders"
        )
        write_table(fact_frame(facts), tmp_path, "facts")
        found = doubt_records(read_journal(tmp_path), POLICIES, cells)
        return {doubt["sort"]: doubt["says"] for doubt in found}

    return said


def bought(name="O-1", **changes):
    return order(name, **{"price": 1999, **changes})


def paid(kind, amount, at=MONDAY + 5 * DAY, **changes):
    return fact(kind, at, case=f"{kind}-1", amount=amount, **changes)


def test_a_usual_journal_has_nothing_that_looks_wrong(told):
    facts = [
        fact("refund_requested", MONDAY + 4 * DAY, case="W"),
        paid("refunded", 1999),
        paid("label_sent", 2500),
        fact("feedback_left", MONDAY + 6 * DAY, case="F", value=1.0),
        fact("feedback_left", MONDAY + 6 * DAY, case="G"),  # counts as negative
        fact("chargeback_lost", MONDAY + 540 * DAY, case="B", about="W"),
    ]
    assert told(*facts) == {}


BOUGHT = "2026-03-02T09:00:00+00:00"
BEFORE = "correct the row, or leave the cell empty"


@pytest.mark.parametrize(
    ("instants", "sort", "says"),
    [
        (
            {"delivered_at": MONDAY - DAY},
            "before",
            f"delivered_at 2026-03-01T09:00:00+00:00 lies before purchased_at {BOUGHT}; {BEFORE}",
        ),
        (
            {"shipped_at": MONDAY + 5 * DAY},
            "before",
            f"delivered_at 2026-03-06T09:00:00+00:00 lies before shipped_at 2026-03-07T09:00:00+00:00; {BEFORE}",
        ),
        (
            {"shipped_at": MONDAY - 1},
            "before",
            f"shipped_at 2026-03-02T08:59:59.999999+00:00 lies before purchased_at {BOUGHT}; {BEFORE}",
        ),
        (
            {"promised_at": MONDAY - DAY},
            "before",
            f"promised_at 2026-03-01T09:00:00+00:00 lies before purchased_at {BOUGHT}; {BEFORE}",
        ),
        (
            {"ship_by": MONDAY - DAY},
            "before",
            f"ship_by 2026-03-01T09:00:00+00:00 lies before purchased_at {BOUGHT}; {BEFORE}",
        ),
        (
            {"cancelled_at": MONDAY - DAY, "delivered_at": None},
            "before",
            f"cancelled_at 2026-03-01T09:00:00+00:00 lies before purchased_at {BOUGHT}; {BEFORE}",
        ),
        (
            {"delivered_at": MONDAY + YEAR + 3 * DAY},
            "long_after",
            f"delivered_at 2027-03-05T09:00:00+00:00 lies more than a year after purchased_at {BOUGHT}; look at "
            "the year",
        ),
        (
            {"cancelled_at": MONDAY + HOUR},
            "cancelled_and_left",
            "cancelled at 2026-03-02T10:00:00+00:00, and it left or arrived at 2026-03-06T09:00:00+00:00; keep what "
            "happened",
        ),
    ],
)
def test_an_order_whose_instants_are_out_of_order_is_told(told, instants, sort, says):
    assert told(**instants) == {sort: [f"order O-1: {says}"]}


@pytest.mark.parametrize(
    ("changes", "sort", "says"),
    [
        ({"price": 0}, "no_price", "order O-1: costs 0.00 EUR, so that whatever is a share of its price is nothing; "),
        ({"price": -1999}, "no_price", "order O-1: costs -19.99 EUR, so that whatever is a share of its price is "),
        ({"price": 20}, "small_prices", "order O-1: costs 0.20 EUR, as little as half of the orders there; prices "),
        (
            {"channel": "mfn"},
            "channel",
            "order O-1: nobody declares its channel (left out), so that no rule about channels holds; the channels "
            "are MFN, FBA, SFP",
        ),
        (
            {"marketplace": "Narnia"},
            "no_marketplace",
            "order O-1: no installed plugin has its marketplace (left out), so that it counts nowhere; install the ",
        ),
        ({"currency": "USD"}, "other_money", "order O-1: was paid in USD, and REF sells in EUR; write the currency "),
    ],
)
def test_an_order_that_is_hardly_true_is_told(told, changes, sort, says):
    found = told(sold=[bought(**changes)])
    assert found.keys() == {sort}
    assert found[sort][0].startswith(says)


def test_words_that_nobody_knows_are_shown_on_demand(told):
    (says,) = told(sold=[bought(channel="x\x1b[2J")], cells=True)["channel"]
    assert says.startswith(r"order O-1: nobody declares its channel x\x1b[2J, so that")


@pytest.mark.parametrize(
    ("happened", "sort", "says"),
    [
        (
            [fact("buyer_message", MONDAY - DAY, case="M")],
            "before_purchase",
            "case M of order O-1: buyer_message occurred at 2026-03-01T09:00:00+00:00, before the order was bought at "
            "2026-03-02T09:00:00+00:00; correct one of the two",
        ),
        (
            [fact("buyer_message", MONDAY + 3 * YEAR, case="M")],
            "years_after",
            "case M of order O-1: buyer_message occurred at 2029-03-01T09:00:00+00:00, more than two years after the "
            "order was bought at 2026-03-02T09:00:00+00:00; look at the year",
        ),
        (
            [fact("buyer_message", MONDAY + DAY, case="M", known_at=MONDAY + YEAR + 2 * DAY)],
            "known_long_after",
            "case M of order O-1: buyer_message became known at 2027-03-04T09:00:00+00:00, more than a year after it "
            "occurred at 2026-03-03T09:00:00+00:00; look at the year",
        ),
        (
            [fact("buyer_message", MONDAY + DAY, case="M", known_at=MONDAY + late * DAY) for late in (2, 3)],
            "twice",
            "case M of order O-1: buyer_message of 2026-03-03T09:00:00+00:00 stands there once more and counts once; "
            "if it happened again, write when",
        ),
        (
            [fact("feedback_left", MONDAY + DAY, case="F", value=7.0)],
            "stars",
            "case F of order O-1: a rating of 7 stars; value is a whole number from 1 to 5",
        ),
        (
            [fact("feedback_left", MONDAY + DAY, case="F", value=2.5)],
            "stars",
            "case F of order O-1: a rating of 2.5 stars; value is a whole number from 1 to 5",
        ),
        (
            [fact("feedback_left", MONDAY + DAY, case="F", value=0.0)],
            "stars",
            "case F of order O-1: a rating of 0 stars; value is a whole number from 1 to 5",
        ),
        (
            [fact("claim_filed", MONDAY + DAY, case="C", about="M-7")],
            "about",
            "case C of order O-1: grew out of case M-7, which no fact is about; correct the name",
        ),
        (
            [fact("return_inspected", MONDAY + DAY, case="R", detail="as_new")],
            "grade",
            "case R of order O-1: nobody declares the grade (left out), so that the goods count as not inspected; the ",
        ),
        (
            [fact("refunded", MONDAY + DAY, case="W", value=19.99)],
            "value_nowhere",
            "case W of order O-1: refunded has a value of 19.99, which counts nowhere; money is an amount, in minor ",
        ),
        (
            [fact("return_requested", MONDAY + DAY, case=case, detail="defective") for case in ("R-1", "R-2")],
            "opened_twice",
            "case R-2 of order O-1: return_requested of 2026-03-03T09:00:00+00:00 opened case R-1 too; give both the ",
        ),
        (
            [paid("seller_reply", 500)],
            "amount_nowhere",
            "case seller_reply-1 of order O-1: seller_reply has an amount of 5.00 EUR, which counts nowhere; name the ",
        ),
        (
            [paid("refunded", 199900)],
            "above_price",
            "case refunded-1 of order O-1: refunded moves 1999.00 EUR, and the order cost 19.99 EUR; correct one of ",
        ),
        (
            [paid("safe_t_granted", 2000)],
            "above_price",
            "case safe_t_granted-1 of order O-1: safe_t_granted moves 20.00 EUR, and the order cost 19.99 EUR; correct",
        ),
        (
            [paid("label_sent", 50000)],
            "dear_parcel",
            "case label_sent-1 of order O-1: label_sent cost 500.00 EUR, more than ten times the order's 19.99 EUR; ",
        ),
        (
            [paid("refunded", 1999), paid("claim_granted", 1999)],
            "sum_above_price",
            "order O-1: the buyer got 39.98 EUR back in all, and paid 19.99 EUR; look for a refund that stands there ",
        ),
        (
            [paid("claim_granted", 900)._replace(case="C-1"), paid("money_reversed", 1000)._replace(case="C-1")],
            "reversed_above",
            "case C-1 of order O-1: 10.00 EUR came back, and 9.00 EUR had been taken; no more than that counts, ",
        ),
        (
            [paid("refunded", 19)],
            "major_units",
            "case refunded-1 of order O-1: refunded moves 0.19 EUR of 19.99 EUR, which looks like major units; write ",
        ),
        (
            [paid("returnless_refund", 20)],
            "major_units",
            "case returnless_refund-1 of order O-1: returnless_refund moves 0.20 EUR of 19.99 EUR, which looks like ",
        ),
        (
            [paid("refunded", 5 + n, MONDAY + (5 + n) * DAY) for n in range(3)],
            "all_small",
            "case refunded-1 of order O-1: refunded moves 0.05 EUR of 19.99 EUR, and so little do all refunds there; ",
        ),
    ],
)
def test_a_fact_that_is_hardly_true_or_counts_nowhere_is_told(told, happened, sort, says):
    found = told(*happened)
    assert found.keys() == {sort}
    assert found[sort][0].startswith(says)


def test_what_was_given_back_twice_and_taken_back_once_is_no_doubt(told):
    assert told(paid("refunded", 1999), paid("claim_granted", 1999), paid("money_reversed", 1999)) == {}


def test_the_same_refund_known_twice_is_a_repetition_and_no_double_refund(told):
    facts = [paid("refunded", 1999, known_at=MONDAY + late * DAY) for late in (6, 9)]
    assert told(*facts).keys() == {"twice"}


def test_a_refund_of_one_per_cent_in_a_money_without_decimals_is_none_in_major_units(told):
    sold = [bought(marketplace="ALT", currency="CLP", price=1999)]
    assert told(paid("refunded", 20, marketplace="ALT"), sold=sold) == {}


def test_rows_half_a_year_apart_from_all_others_are_told(told):
    sold = [bought(f"O-{n}", purchased_at=MONDAY + n * HOUR) for n in range(40)]
    far = bought("FAR", purchased_at=MONDAY + 200 * DAY, delivered_at=None, promised_at=None)
    late = fact("buyer_message", MONDAY + 199 * DAY, case="M", order="O-1")
    found = told(late, sold=[*sold, far])
    assert found == {
        "order_apart": [
            "order FAR: bought at 2026-09-18T09:00:00+00:00, half a year or more from all other rows; look at the year"
        ],
        "fact_apart": [
            "case M of order O-1: buyer_message became known at 2026-09-17T09:00:00+00:00, half a year or more from "
            "all other rows; look at the year"
        ],
    }


def test_a_pause_of_a_shop_is_no_doubt(told):
    half = [MONDAY + n * HOUR + later for later in (0, 300 * DAY) for n in range(20)]
    sold = [bought(f"O-{n}", purchased_at=at, delivered_at=None, promised_at=None) for n, at in enumerate(half)]
    assert told(sold=sold) == {}


def test_of_many_rows_the_first_are_told_and_the_rest_counted(tmp_path):
    facts = [fact("feedback_left", MONDAY + n * HOUR, case=f"F-{n}", value=9.0) for n in range(1, 8)]
    write_table(order_frame(orders(bought())), tmp_path, "orders")
    write_table(fact_frame(facts), tmp_path, "facts")
    (doubt,) = doubt_records(read_journal(tmp_path), POLICIES)
    assert (doubt["sort"], doubt["rows"], len(doubt["says"])) == ("stars", 7, 3)
    assert doubt_lines([doubt]) == [
        "",
        "Looks wrong in this journal: 7",
        *doubt["says"],
        "… and 4 more like it.",
    ]


def test_the_facts_that_move_money_are_those_of_the_costs_and_all_exist():
    known = {move.fact for kind in default_workflow().kinds.values() for move in kind.move}
    assert set(WITH_AMOUNT) <= known
    # Facts that the costs know without an amount, or by another fact's.
    beside = {"return_received", "order_cancelled", "claim_denied", "claim_withdrawn", "claim_granted_by_marketplace"}
    assert set(CHARGES) - beside <= set(WITH_AMOUNT)
    assert set(WITH_AMOUNT) - set(CHARGES) == {"partial_refund_offered", "return_inspected"}
    assert not set(OF_GOODS) & set(PAID_ON_CONDITION)
