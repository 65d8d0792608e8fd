"""Deadlines that a plugin's function sets: how rows ask for it, what is refused, and what is told where it fails."""

import sys
from datetime import timedelta

import pytest
from attrs import evolve

from aftersale.base.errors import DocumentError, PluginError
from aftersale.base.watch import Watch
from aftersale.cases.workflow import CaseKind, Move, State
from aftersale.clocks import DAY, HOUR, instant, local_date, start_of_day
from aftersale.engine.docket import Docket
from aftersale.journal.reading import Journal
from aftersale.journal.replay import replay
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.deadline_functions import ARGUMENTS, LONGEST, DeadlineFunction
from aftersale.policies.handbook import default_handbook, load_handbook
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.rules import as_document, digest_of, load_rules, parse_rules, record
from aftersale.testing import fact, order, orders, plugin
from aftersale.testing.conformance import Subject
from aftersale.testing.conformance.checks import CHECKS, examine
from aftersale.testing.factories import MONDAY
from aftersale.views.case import case_listing, case_records
from aftersale.views.plugins import plugin_view
from aftersale.views.rule_tables import demand

DEDUCTION = CaseKind(
    "deduction",
    (State("open", task="dispute_deduction", opens=("deduction_answer",)), State("lost", final=True)),
    (Move("deduction_announced", "open"), Move("deduction_final", "lost", after=("open",))),
)


def second_tuesday(start, amount, calendar):
    """The end of the so many-th Tuesday after the start's day."""
    day = local_date(start, calendar.zone)
    tuesday = day + timedelta((0 - day.weekday()) % 7 + 1 + 7 * (amount - 1))
    return start_of_day(tuesday + timedelta(1), calendar.zone)


def row(**changes):
    usual = {
        "name": "deduction_answer",
        "marketplaces": ["ALT"],
        "due": "second_tuesday",
        "amount": 2,
        "starts": "deduction_announced",
        "on_expiry": "deduction_final",
        "source": "made up",
        "grade": "assumed",
    }
    return {key: value for key, value in {**usual, **changes}.items() if value is not None}


def parsed(**changes):
    return parse_rules({"rule": [row(**changes)]}, "rules.toml")


def function(of=second_tuesday, name="second_tuesday", **changes):
    return evolve(DeadlineFunction(name, of, "the end of a Tuesday", "某个星期二结束时"), **changes)


def wholesale(*functions, **changes):
    """A plugin with a store, a kind of case with a deadline, its row, and these functions."""
    places = [place for place in load_marketplaces("aftersale.testing.reference") if place.name == "ALT"]
    shipped = [rule for rule in load_rules("aftersale.testing.reference") if rule.marketplace == "ALT"]
    rules = parsed(**changes)
    return plugin(
        "wholesale",
        aftersale_marketplaces=lambda: places,
        aftersale_rules=lambda: [*shipped, *rules],
        aftersale_workflow=lambda: [DEDUCTION],
        aftersale_deadlines=lambda: list(functions),
    )


def refusals(*functions, **changes):
    try:
        load_plugins((), {"w": wholesale(*functions, **changes)})
    except PluginError as error:
        return [str(problem).removeprefix("plugin 'w' (not installed): ") for problem in error.problems]
    return []


SHOP = load_plugins((), {"w": wholesale(function())})
SOLD = order(marketplace="ALT", currency="CLP", price=1000)
ZONE = SHOP.marketplaces["ALT"].zone
OPENED = fact("deduction_announced", MONDAY + 10 * HOUR, marketplace="ALT")


def opened(policy, first=OPENED):
    docket = Docket({"ALT": policy})
    docket.record(first, SOLD)
    return docket


def test_a_row_s_deadline_ends_when_its_function_says():
    (deadline,) = opened(SHOP.policy("ALT")).cases["C-1"].deadlines
    day = local_date(OPENED.occurred_at, ZONE)
    tuesdays = [day + timedelta(n) for n in range(1, 22) if (day + timedelta(n)).weekday() == 1]
    assert deadline.due == deadline.expires_at == start_of_day(tuesdays[1] + timedelta(1), ZONE)
    assert (deadline.name, deadline.set_by, deadline.on_expiry) == ("deduction_answer", "rule", "deduction_final")


def test_when_it_ends_the_case_goes_on_as_after_any_deadline():
    docket = opened(SHOP.policy("ALT"))
    end = docket.cases["C-1"].deadlines[0].expires_at
    docket.advance(end)
    assert docket.cases["C-1"].state == "open"
    docket.advance(end + 1)
    assert docket.cases["C-1"].state == "lost"


def test_a_stricter_handbook_binds_before_the_function(tmp_path):
    path = tmp_path / "sop.toml"
    path.write_text(
        '[[rule]]\nname = "deduction_answer"\nmarketplaces = ["*"]\nclock = "wall_hours"\namount = 24\n'
        'starts = "deduction_announced"\non_expiry = "late"\nsource = "ours"\ngrade = "S"\n',
        encoding="utf-8",
    )
    book = load_handbook(path, SHOP.workflow, SHOP.metrics)
    (deadline,) = opened(SHOP.policy("ALT", default_handbook().overlaid(book))).cases["C-1"].deadlines
    assert (deadline.due, deadline.set_by) == (OPENED.occurred_at + DAY, "handbook")
    assert deadline.expires_at > deadline.due


def test_a_function_gets_what_it_names():
    got = {}

    def asks(start, amount, order, calendar):
        got.update(start=start, amount=amount, order=order, calendar=calendar)
        return start

    opened(load_plugins((), {"w": wholesale(function(asks))}).policy("ALT"))
    place = SHOP.marketplaces["ALT"]
    assert got == {"start": OPENED.occurred_at, "amount": 2, "order": SOLD, "calendar": place.calendar}
    assert set(got) == set(ARGUMENTS)

    def asks_less(start):
        return start + HOUR

    shop = load_plugins((), {"w": wholesale(function(asks_less), amount=None)})
    assert opened(shop.policy("ALT")).cases["C-1"].deadlines[0].due == OPENED.occurred_at + HOUR


# --- what is shown ---


def test_rules_and_cases_name_the_function():
    (rule,) = parsed()
    assert (str(rule), demand(rule)) == ("ALT deduction_answer second_tuesday(2) …–…", "by second_tuesday(2)")
    assert (record(rule)["due"], record(rule)["clock"], record(rule)["amount"]) == ("second_tuesday", None, 2)
    assert demand(parsed(amount=None)[0]) == "by second_tuesday()"
    found = Journal(orders(SOLD), [OPENED], "shop")
    policies = SHOP.policies()
    cases = case_records("C-1", found, replay(found, policies), policies)
    assert [each["function"] for each in cases[0]["deadlines"]] == ["second_tuesday(2)"]
    assert any("(rule: second_tuesday(2))" in str(line) for line in case_listing(cases))
    assert plugin_view(SHOP, "w")["functions"] == ["second_tuesday: the end of a Tuesday"]


def test_a_row_with_a_function_reads_back_and_tells_itself_from_others():
    rows = parsed()
    assert parse_rules(as_document(rows), "rules.toml") == rows
    assert len({digest_of(parsed()), digest_of(parsed(amount=3)), digest_of(parsed(due="other"))}) == 3


# --- what rows may not say ---


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"clock": "wall_hours"}, "due names a function, which counts by itself: leave out clock, ends and without"),
        ({"ends": "end_of_day"}, "due names a function, which counts by itself: leave out clock, ends and without"),
        ({"without": "Sun"}, "due names a function, which counts by itself: leave out clock, ends and without"),
        ({"on_expiry": None}, "a function sets a deadline: say what follows when it is over, on_expiry = 'late'"),
        ({"starts": None}, "say which fact starts the clock: starts = 'buyer_message'"),
        ({"value": True}, "a rule has exactly one of"),
        ({"due": " "}, "expected a text that is not empty"),
        ({"pauses": "buyer"}, "unknown key"),
    ],
)
def test_a_row_that_says_more_or_less_than_a_function_needs_is_refused(changes, told):
    with pytest.raises(DocumentError) as caught:
        parsed(**changes)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"due": "second_tuseday"},
            "no plugin has a deadline function 'second_tuseday' (did you mean 'second_tuesday'?)",
        ),
        ({"due": "payout"}, "no plugin has a deadline function 'payout' (known: second_tuesday)"),
        ({"amount": None}, "'second_tuesday' takes an amount, and the row has none (add one: amount = 2)"),
    ],
)
def test_a_row_that_asks_for_a_function_that_is_not_there_is_refused(changes, told):
    (problem,) = refusals(function(), **changes)
    assert problem.startswith("rules.toml: ALT deduction_answer ")
    assert problem.endswith(f": {told}")


def test_an_amount_that_the_function_does_not_take_is_refused_and_so_is_a_row_without_any_function():
    assert refusals(function(lambda start: start))[0].endswith("so that of the row has no effect (leave it out)")
    assert refusals()[0].endswith("'second_tuesday' (a plugin adds them by aftersale_deadlines)")


# --- what functions may not be ---


ALL = "start, amount, order, calendar"
WORD = "(write a word such as second_tuesday, none of the clocks)"


def untyped(beginning):
    return beginning


async def later(start):
    return start


def default(start, amount=1):
    return start


def everything(**known):
    return known["start"]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (function(untyped), "unknown argument 'beginning' (it may take start, amount, order, calendar)"),
        (function(later), "is async or a generator (return the instant)"),
        (function(default), "argument 'amount' has a default (drop it; leave the argument out if you do not need it)"),
        (function(everything), "takes '**known', which gets nothing by name (name what you need: " + ALL + ")"),
        (function(en=" "), "does not say what it is in English and Chinese (add en and zh)"),
        (function(name="wall_hours"), f"cannot be named 'wall_hours' {WORD}"),
        (function(name="2nd"), f"cannot be named '2nd' {WORD}"),
    ],
)  # fmt: skip
def test_a_function_that_cannot_be_called_is_refused_with_its_line(made, told):
    line = f"test_deadline_functions.py:{made.code.co_firstlineno} {made.name}: {told}"
    assert line in refusals(made)


@pytest.mark.parametrize("made", [12, "second_tuesday", int, Watch().call])
def test_what_is_no_plain_function_is_refused(made):
    told = refusals(function(made))
    assert any(
        f"is {made!r}, not a plain function (give it a function that is defined by def)" in each for each in told
    )


def test_two_plugins_have_no_function_of_one_name():
    other = plugin("other", aftersale_deadlines=lambda: [function()])
    with pytest.raises(PluginError, match=r"deadline function 'second_tuesday'.* is added by plugin 'other'"):
        load_plugins((), {"w": wholesale(function()), "other": other})


# --- what fails ---


def raises(start):
    raise ValueError("no such cycle")


def leaves():
    sys.exit(3)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda start: None, "answered a NoneType (return an instant: whole microseconds since 1970), by FILE"),
        (lambda start: True, "answered a bool (return an instant: whole microseconds since 1970), by FILE"),
        (lambda start: start + 0.5, "answered a float (return an instant: whole microseconds since 1970), by FILE"),
        (lambda start: start - 1, "answered an instant before the start (return the start or a later one), by FILE"),
        (
            lambda start: start + LONGEST + 1,
            "answered an instant more than a hundred years later (an instant counts microseconds), by FILE",
        ),
        (raises, "ValueError: no such cycle, at FILE"),
        (leaves, "SystemExit: 3, at FILE"),
    ],
)
def test_a_function_that_fails_sets_nothing_on_that_case_and_is_told(broken, told):
    watch = Watch()
    shop = load_plugins((), {"w": wholesale(function(broken), amount=None)})
    case = opened(shop.policy("ALT", watch=watch)).cases["C-1"]
    assert (case.deadlines, case.task) == ((), None)
    line = broken.__code__.co_firstlineno + (broken in (raises, leaves))
    place = f"test_deadline_functions.py:{line}"
    assert list(watch.told()) == [
        f"case C-1: deadline function second_tuesday of plugin 'w' (not installed): {told.replace('FILE', place)}"
    ]
    assert watch.failed_cases() == {"C-1"}


# --- the suite ---


def offences(made, check="deadlines_are_monotone", **changes):
    subject = Subject("w", wholesale(made, **changes), {})
    subject.__dict__["samples"] = subject.samples[::8]
    (found,) = (examine(each, subject) for each in CHECKS if each.name == check)
    return list(found.problems)


def test_a_good_function_passes_the_suite():
    for check in ("loads", "is_total", "is_pure", "deadlines_are_monotone", "reads_no_clock", "draws_nothing"):
        assert offences(function(), check) == []


def naive(start, calendar):
    """Days of 24 hours from midnight to a Thursday: over a change of clocks later starts may end earlier."""
    day = local_date(start, calendar.zone)
    return start_of_day(day, calendar.zone) + (10 - day.weekday()) % 7 * DAY + DAY


def backwards(start):
    return start + (10 * DAY if start < instant("2027-06-01T00:00+00:00") else DAY)


seen = []


def fickle(start):
    seen.append(start)
    return start + len(seen) * HOUR


def leap(start, calendar):
    day = local_date(start, calendar.zone)
    return start_of_day(day.replace(year=day.year + 1), calendar.zone)


def drawing(start):
    import random  # noqa: TID251

    return start + DAY + int(0 * random.random())


def timing(start):
    import time

    return start + DAY + 0 * int(time.time())  # noqa: TID251


@pytest.mark.parametrize(
    ("broken", "check", "told"),
    [
        (naive, "deadlines_are_monotone", "before the one begun at"),
        (backwards, "deadlines_are_monotone", "before the one begun at"),
        (fickle, "deadlines_are_monotone", "and asked again at"),
        (leap, "deadlines_are_monotone", "ValueError: day is out of range for month, at test_deadline_functions.py"),
        (drawing, "draws_nothing", "deadline function second_tuesday: test_deadline_functions.py:"),
        (timing, "reads_no_clock", "deadline function second_tuesday: test_deadline_functions.py:"),
    ],
)
def test_the_suite_finds_what_is_wrong_with_a_function(broken, check, told):
    found = offences(function(broken), check, amount=None)
    assert found
    assert told in found[0]


def test_the_suite_tries_a_function_that_no_row_asks_for():
    module = wholesale(function(), function(backwards, "unused"))
    subject = Subject("w", module, {})
    (found,) = (examine(each, subject) for each in CHECKS if each.name == "deadlines_are_monotone")
    assert len(found.problems) == 1
    assert found.problems[0].startswith("deadline function unused, test_deadline_functions.py:")
