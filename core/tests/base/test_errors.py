import pickle

import pytest

from aftersale.base.errors import (
    AftersaleError,
    ClockError,
    DocumentError,
    FactRefused,
    HookHangs,
    JournalError,
    MoneyError,
    OtherOrder,
    PluginError,
    Problem,
    UnknownCase,
    UnknownMarketplace,
    did_you_mean,
)

CLOCK = Problem("rules.toml", "rule[3].clock", "expected a text, found 3", "put it in quotes")
WHOLE = Problem("plugin house", "", "no such marketplace", "")
EXAMPLES = [
    DocumentError("rules.toml", (CLOCK,)),
    PluginError((CLOCK, WHOLE)),
    HookHangs("aftersale_classify", "plugin 'shop'", "case C-1", "shop.py:7", 30.0),
    ClockError("the amount -1 is negative", "count forward from the start"),
    MoneyError("unknown currency 'EURO'", ""),
    UnknownMarketplace("DEE", ("DE", "US")),
    FactRefused("R-1", "return", "refunded", "return_received", ()),
    OtherOrder("seller_reply", "O-2", "M-1", "O-1"),
    UnknownCase("M-9", "did you mean 'M-1'?"),
    JournalError("runs/7", (WHOLE,)),
]


def every_error(kind=AftersaleError):
    return {kind} | {each for child in kind.__subclasses__() for each in every_error(child)}


def test_examples_cover_every_error_of_the_module():
    own = {kind for kind in every_error() if kind.__module__ == "aftersale.base.errors"}
    assert {type(each) for each in EXAMPLES} == own - {AftersaleError}


def test_docstring_of_the_module_draws_every_error():
    import aftersale.base.errors as module

    drawn = {line.split()[1] for line in module.__doc__.splitlines() if "├" in line or "└" in line}
    assert drawn == {type(each).__name__ for each in EXAMPLES}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_error_survives_being_made_again_and_pickled(error):
    again = type(error)(*error.args)
    pickled = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))
    assert (str(pickled), vars(pickled), pickled.args) == (str(error), vars(error), error.args)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (CLOCK, "rules.toml: rule[3].clock: expected a text, found 3 (put it in quotes)"),
        (WHOLE, "plugin house: no such marketplace"),
        (Problem("", "", "no rules", ""), "no rules"),
    ],
)
def test_problem_reads_where_path_what_and_hint(problem, text):
    assert str(problem) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DocumentError("rules.toml", (CLOCK,)), str(CLOCK)),
        (
            DocumentError("rules.toml", (CLOCK, WHOLE)),
            "rules.toml cannot be used, 2 problems:\n"
            "  rules.toml: rule[3].clock: expected a text, found 3 (put it in quotes)\n"
            "  plugin house: no such marketplace",
        ),
        (
            PluginError((WHOLE, WHOLE)),
            "the installed plugins cannot be used together, 2 problems:\n"
            "  plugin house: no such marketplace\n"
            "  plugin house: no such marketplace",
        ),
        (
            JournalError("runs/7", (WHOLE, WHOLE)),
            "the journal runs/7 cannot be used, 2 problems:\n"
            "  plugin house: no such marketplace\n"
            "  plugin house: no such marketplace",
        ),
        (ClockError("no zone", "add one"), "no zone (add one)"),
        (ClockError("no zone", ""), "no zone"),
        (MoneyError("no amount", "add one"), "no amount (add one)"),
        (MoneyError("no amount", ""), "no amount"),
        (
            UnknownMarketplace("DEE", ("DE", "US")),
            "unknown marketplace 'DEE' (did you mean 'DE'? known: DE, US; or install the plugin that brings it)",
        ),
        (
            UnknownMarketplace("XX", ("DE", "US")),
            "unknown marketplace 'XX' (known: DE, US; or install the plugin that brings it)",
        ),
        (
            UnknownMarketplace("XX", ()),
            "unknown marketplace 'XX' (no installed plugin brings any; install the one that brings it)",
        ),
        (
            FactRefused("R-1", "return", "requested", "claim_won", ("return_authorised", "return_declined")),
            "case R-1 (return) in state 'requested' cannot take the fact 'claim_won' "
            "(allowed: return_authorised, return_declined)",
        ),
        (
            FactRefused("R-1", "return", "refunded", "claim_won", ()),
            "case R-1 (return) in state 'refunded' cannot take the fact 'claim_won' "
            "(no fact is allowed there any more)",
        ),
        (
            FactRefused("R-1", "new case", "", "seller_reply", ("buyer_message",)),
            "case R-1 (new case) cannot take the fact 'seller_reply' (allowed: buyer_message)",
        ),
    ],
)
def test_error_says_who_what_and_what_to_do(error, text):
    assert str(error) == text


def test_closest_known_word_is_offered_and_nothing_when_none_is_close():
    assert did_you_mean("clok", ["clock", "amount"]) == "did you mean 'clock'?"
    assert did_you_mean("zzz", ["clock", "amount"]) == ""


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_line_breaks_of_an_error_are_its_own(error):
    evil = "\x1b[2J\nX"

    def spoilt(value):
        if isinstance(value, Problem):
            return Problem(*(part + evil for part in (value.where, value.path, value.what, value.hint)))
        if isinstance(value, bool | float):
            return value
        return tuple(map(spoilt, value)) if isinstance(value, tuple) else value + evil

    text = str(type(error)(*map(spoilt, error.args)))
    assert "\x1b" not in text
    assert text.count("\n") == str(error).count("\n")
    assert r"\x1b[2J\nX" in text


# --- cells of data ---


CELL = Problem("facts.csv", "row 3, price", "expected a whole number", "correct the row", "'Anna Schmidt'")


def test_a_problem_shows_its_cell_only_to_who_asks():
    assert str(CELL) == "facts.csv: row 3, price: expected a whole number (correct the row)"
    assert CELL.text(cells=True) == (
        "facts.csv: row 3, price: expected a whole number (the cell: 'Anna Schmidt'; correct the row)"
    )
    assert Problem("", "line 2", "no", "", "'x'").text(cells=True) == "line 2: no (the cell: 'x')"
    assert CLOCK.text(cells=True) == str(CLOCK)


@pytest.mark.parametrize(
    "error",
    [
        DocumentError("a.json", (CELL,)),
        JournalError("runs/7", (WHOLE, CELL)),
        UnknownMarketplace("Anna Schmidt", ("DE",), cell=True),
        FactRefused("R-1", "return", "requested", "Anna Schmidt", ("refunded",), cell=True),
        OtherOrder("Anna Schmidt", "O-2", "M-1", "O-1", cell=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_shows_its_cells_only_to_who_asks_and_says_that_it_leaves_them_out(error):
    again = pickle.loads(pickle.dumps(error))
    for each in (error, again):
        assert each.leaves_out
        assert "Anna" not in str(each)
        assert each.text() == str(each)
        assert "'Anna Schmidt'" in each.text(cells=True)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_without_cells_has_one_text(error):
    assert not error.leaves_out
    assert error.text(cells=True) == error.text() == str(error)
