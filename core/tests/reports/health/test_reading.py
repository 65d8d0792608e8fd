import json
from copy import deepcopy
from typing import get_args

import pytest
from attrs import evolve
from hypothesis import HealthCheck, example, given, settings, strategies as st

from aftersale.base.errors import DocumentError, PluginError
from aftersale.base.tables import show
from aftersale.clocks import instant
from aftersale.hookspecs import hookimpl
from aftersale.metrics.readings import STATES
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.marketplaces import load_marketplaces
from aftersale.reports.health.fields import Disagreement
from aftersale.reports.health.figures import AccountStatus, AccountWarning, HealthMetric, HealthRating
from aftersale.reports.health.formats import (
    StateName,
    load_health_formats,
    merge_health_formats,
    parse_health_formats,
)
from aftersale.reports.health.reading import read_health_report
from aftersale.views.health_report import listing, record

FORMATS = load_health_formats("aftersale.testing.reference")
PLACES = {place.name: place for place in load_marketplaces("aftersale.testing.reference")}
REF, ALT = PLACES["REF"].id, PLACES["ALT"].id
FIRST, LAST = instant("2026-01-01T00:00Z"), instant("2026-01-30T23:59Z")
DAYS = {"first": "2026-01-01T00:00Z", "last": "2026-01-30T23:59Z"}


def judged(word, goal, must_be="under", **more):
    return {"days": DAYS, "word": word, "goal": goal, "must_be": must_be, **more}


def defects(ships, orders, bad, claims, stars, share):
    counts = {"orders": orders, "bad": {"orders": bad, "word": "fine"}, "claims": claims, "stars": stars}
    return judged("fine", 0.01, ships=ships, share=share, **counts)


def sound():
    """Return a report in which everything fits together, with no table in two of its places."""
    return json.loads(json.dumps(_sound()))


def _sound():
    return {
        "standing": [{"store": REF, "word": "calm"}],
        "stores": [
            {
                "store": REF,
                "rating": {"days": DAYS, "word": "calm", "points": 250},
                "defects": {
                    "own": defects("own", 1000, 7, 5, 4, 0.007),
                    "ours": defects("ours", 3000, 10, 10, 0, 0.0033),
                },
                "tracking": judged("fine", 0.95, "over", tracked=97, parcels=100, share=0.97),
                "on_time": judged("bad", 0.9, "over", arrived=86, tracked=97, share=0.8866),
                "complaints": judged("bad", 0, "exactly", count=3),
                "warnings": [{"about": "spam", "word": "open"}],
            }
        ],
    }


@pytest.fixture
def read(tmp_path):
    """Reads a report given as data or text."""

    def done(data, formats=FORMATS):
        path = tmp_path / "health.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return read_health_report(path, formats, PLACES)

    return done


def changed(at, value):
    """Return the sound report with one value changed; `at` are keys and indexes from the top."""
    data = sound()
    place = data
    for step in at[:-1]:
        place = place[step]
    place[at[-1]] = value
    return data


STORE = ("stores", 0)


def disagreements(report):
    return [
        (each.where.removeprefix("stores[0]."), each.told, each.counted, each.what) for each in report.disagreements
    ]


def problems(read, data):
    with pytest.raises(DocumentError) as caught:
        read(data)
    return [(each.path, each.what) for each in caught.value.problems]


def cells(read, data):
    with pytest.raises(DocumentError) as caught:
        read(data)
    assert caught.value.leaves_out
    return [(each.path, each.what, each.cell) for each in caught.value.problems]


def test_a_list_of_more_tables_than_there_are_marketplaces_is_refused(read):
    many = changed(("stores",), [{}] * 1001)
    assert problems(read, many) == [("stores", "expected a list of 1,000 tables at most, found a list")]


# --- what is read ---


def test_a_report_that_fits_together_has_nothing_to_tell(read):
    report = read(sound())
    assert (report.disagreements, report.missing, report.ignored, report.unknown) == ((), (), (), ())
    assert report.accounts == (AccountStatus("REF", "calm", "healthy"),)
    assert report.ratings == (HealthRating("REF", FIRST, LAST, "calm", "healthy", 250),)
    assert report.warnings == (AccountWarning("REF", "spam", "open", "unjudged"),)
    assert report.format == "reference_health"


def test_a_metric_has_the_rate_that_is_told_beside_the_one_that_its_counts_come_to(read):
    own, claims, *_ = read(sound()).metrics
    assert own == HealthMetric(
        "order_defect_rate", "REF", "MFN", "stores[0].defects.own", FIRST, LAST, 7, 1000,
        0.007, 0.007, 0.01, "below", "fine", "met", True, {"claim": 5, "negative_feedback": 4},
    )  # fmt: skip
    assert claims == HealthMetric(
        "claim_rate", "REF", "MFN", "stores[0].defects.own.claims", FIRST, LAST, 5, 1000,
        None, 0.005, None, None, "", None, None,
    )  # fmt: skip


def test_every_metric_and_every_part_that_we_have_a_metric_for_is_there(read):
    assert [(each.metric, each.channel, each.counted, each.met) for each in read(sound()).metrics] == [
        ("order_defect_rate", "MFN", 0.007, True),
        ("claim_rate", "MFN", 0.005, None),
        ("order_defect_rate", "FBA", 10 / 3000, True),
        ("claim_rate", "FBA", 10 / 3000, None),
        ("valid_tracking_rate", "", 0.97, True),
        ("on_time_delivery_rate", "", 86 / 97, False),
        ("complaints", "", 3, False),
    ]


def test_both_spellings_of_a_name_are_read(read):
    data = sound()
    data["stores"][0]["tracked"] = data["stores"][0].pop("tracking")
    report = read(data)
    assert report.missing == report.ignored == ()
    assert report.metrics[4].where == "stores[0].tracked"


def test_a_marketplace_that_nobody_knows_keeps_its_id(read):
    data = sound()
    data["standing"].append({"store": "A-NEW-ONE", "word": "calm"})
    report = read(data)
    assert report.accounts[1] == AccountStatus("A-NEW-ONE", "calm", "healthy")
    assert report.unknown == (("standing[1].store", "A-NEW-ONE"),)
    assert report.missing == ("stores[store=A-NEW-ONE]",)


def test_times_without_an_offset_are_of_the_zone_that_the_format_names(read):
    report = read(changed((*STORE, "tracking", "days"), {"first": "2026-01-01", "last": "2026-01-30T23:59"}))
    assert (report.metrics[4].since, report.metrics[4].until) == (FIRST, LAST)


def test_words_that_the_format_does_not_explain_are_kept_and_told(read):
    data = changed(("standing", 0, "word"), "frozen")
    data["stores"][0]["tracking"]["must_be"] = "near"
    report = read(data)
    assert report.accounts == (AccountStatus("REF", "frozen", None),)
    assert report.unknown == (("standing[0].word", "frozen"), ("stores[0].tracking.must_be", "near"))
    assert report.metrics[4].met is None


def test_fields_that_nobody_knows_are_ignored_by_name_at_every_depth(read):
    data = sound()
    data["extra"] = data["standing"][0]["why?"] = data["stores"][0]["defects"]["own"]["bad"]["more"] = 1
    assert read(data).ignored == ("extra", 'standing[0]."why?"', "stores[0].defects.own.bad.more")


def test_fields_that_are_not_there_or_null_are_missing_by_name(read):
    data = changed((*STORE, "tracking", "share"), None)
    del data["stores"][0]["defects"]["ours"], data["stores"][0]["defects"]["own"]["bad"]
    del data["stores"][0]["complaints"]
    report = read(data)
    assert report.missing == (
        "stores[0].defects.own.bad.orders",
        "stores[0].defects.own.bad.word",
        "stores[0].defects.ours",
        "stores[0].tracking.share",
    )
    assert (report.metrics[0].numerator, report.metrics[0].counted, report.metrics[0].met) == (None,) * 3
    assert (report.disagreements, report.ignored) == ((), ())


def test_an_account_without_metrics_and_metrics_without_an_account_are_missing(read):
    report = read(changed(("standing", 0, "store"), ALT))
    assert report.missing == (f"stores[store={ALT}]", f"standing[store={REF}]")


# --- what does not fit together ---


@pytest.mark.parametrize(
    ("at", "value", "expected"),
    [
        (("tracking", "share"), 0.95, [("tracking.share", "0.95", "97/100 = 0.97", "rate")]),
        (
            ("tracking", "share"),
            0.9,
            [
                ("tracking.share", "0.9", "97/100 = 0.97", "rate"),
                ("tracking.word", "fine", "0.9 (> 0.95)", "status"),
            ],
        ),
        (("tracking", "word"), "bad", [("tracking.word", "bad", "0.97; 97/100 = 0.97 (> 0.95)", "status")]),
        (("tracking", "goal"), 0.97, [("tracking.word", "fine", "97/100 = 0.97 (> 0.97)", "status")]),
        (("complaints", "word"), "fine", [("complaints.word", "fine", "3 (= 0)", "status")]),
        (("complaints", "count"), 0, [("complaints.word", "bad", "0 (= 0)", "status")]),
        (
            ("tracking", "tracked"),
            101,
            [
                ("tracking.tracked", "101", "100", "more_than_all"),
                ("tracking.share", "0.97", "101/100 = 1.01", "rate"),
                ("on_time.tracked", "97", "101 (stores[0].tracking.tracked)", "base"),
            ],
        ),
        (("defects", "own", "claims"), 8, [("defects.own.claims", "8", "7", "part")]),
        (("defects", "own", "claims"), 2, [("defects.own.bad.orders", "7", "2 + 4", "parts")]),
        (("defects", "ours", "ships"), "own", [("defects.ours.ships", "own", "ours", "channel")]),
        (
            ("defects", "own", "bad"),
            {"orders": 7, "word": "bad"},
            [("defects.own.bad.word", "bad", "fine", "statuses")],
        ),
        (
            ("complaints", "days"),
            {"first": "2026-02-01T00:00Z", "last": "2026-01-30T23:59Z"},
            [
                (
                    "complaints.days.first",
                    "2026-02-01T00:00:00+00:00",
                    "2026-01-30T23:59:00+00:00",
                    "window",
                )
            ],
        ),
        (("tracked",), {}, [("tracked", "a table", "a table (stores[0].tracking)", "twice")]),
    ],
)
def test_each_disagreement_is_told_with_its_place_and_both_sides(read, at, value, expected):
    report = read(changed((*STORE, *at), value))
    assert disagreements(report) == expected
    assert {each.marketplace for each in report.disagreements} == {"REF"}


def test_sorts_that_add_up_to_more_than_the_whole_are_no_disagreement(read):
    data = changed((*STORE, "defects", "own", "stars"), 7)
    assert read(data).disagreements == ()


@pytest.mark.parametrize(
    ("share", "agrees"),
    [("0.8866", True), ("0.88", False), ("0.89", True), ("0.886597938144", True), ("0.8867", False), ("0.9", False)],
)
def test_a_rate_may_lie_half_a_unit_of_its_last_digit_from_its_counts(read, share, agrees):
    text = json.dumps(sound()).replace("0.8866", share)
    assert ([each.what for each in read(text).disagreements if each.what == "rate"] == []) is agrees


def test_rounding_alone_does_not_make_a_status_wrong(read):
    data = changed((*STORE, "tracking"), judged("fine", 0.95, "over", tracked=951, parcels=1000, share=0.95))
    data["stores"][0]["on_time"]["tracked"] = 951
    data["stores"][0]["on_time"]["share"] = 0.0904
    assert disagreements(read(data)) == []


@pytest.mark.parametrize(("share", "expected"), [(0, []), (1, [("tracking.share", "1", "0/0", "rate")])])
def test_a_rate_of_nothing_at_all_can_only_be_zero(read, share, expected):
    data = changed((*STORE, "tracking"), judged("open", 0.95, "over", tracked=0, parcels=0, share=share))
    del data["stores"][0]["on_time"]
    assert disagreements(read(data)) == expected


def test_denominators_are_compared_over_the_same_days_only(read):
    data = changed((*STORE, "tracking", "tracked"), 96)
    data["stores"][0]["tracking"]["share"] = 0.96
    data["stores"][0]["tracking"]["days"] = {**DAYS, "first": "2026-01-02T00:00Z"}
    assert disagreements(read(data)) == []


def test_a_marketplace_that_stands_in_a_list_twice_is_told_and_both_are_kept(read):
    data = sound()
    data["standing"].append({"store": REF, "word": "shut"})
    report = read(data)
    assert [each.state for each in report.accounts] == ["healthy", "deactivated"]
    assert report.disagreements == (Disagreement("standing[1].store", REF, "standing[0].store", "listed_twice", "REF"),)


# --- what is refused ---


def test_all_values_of_the_wrong_kind_are_told_at_once(read):
    data = sound()
    tracking = data["stores"][0]["tracking"]
    tracking |= {"tracked": 9.5, "parcels": True, "share": "97 %", "goal": [], "word": 1}
    tracking["days"] = {"first": "yesterday", "last": "0001-01-01T00:00+05:00"}
    data["stores"][0]["warnings"] = {"about": "spam"}
    data["standing"].append("REF")
    data["stores"][0]["defects"]["own"]["bad"] = 7
    asked = "expected a date and time such as 2020-11-19T23:59Z"
    assert sorted(cells(read, data)) == sorted(
        [
            ("standing[1]", "expected a table", '"REF"'),
            ("stores[0].defects.own.bad", "expected a table", "7"),
            ("stores[0].tracking.days.first", asked, '"yesterday"'),
            ("stores[0].tracking.days.last", asked, '"0001-01-01T00:00+05:00"'),
            ("stores[0].tracking.word", "expected a text that is not empty", "1"),
            ("stores[0].tracking.tracked", "expected a whole number of 0 or more", "9.5"),
            ("stores[0].tracking.parcels", "expected a whole number of 0 or more", "true"),
            ("stores[0].tracking.share", "expected a number", '"97 %"'),
            ("stores[0].tracking.goal", "expected a number, found a list", ""),
            ("stores[0].warnings", "expected a list, found a table", ""),
        ]
    )


@pytest.mark.parametrize(
    ("text", "path", "what"),
    [
        ("", "line 1", "is no valid JSON: expecting value"),
        ('{"a": 1,\n', "line 2", "is no valid JSON: expecting property name enclosed in double quotes"),
        ('{"standing": [], "standing": []}', "", 'is no valid JSON: the key "standing" stands twice in one table'),
        ('{"standing": NaN}', "", "is no valid JSON: NaN is no number"),
        ('{"standing": 1e999999999}', "", "is no valid JSON: a number is out of reach"),
        (f'{{"standing": 1e{"9" * 30}}}', "", "is no valid JSON: a number is out of reach"),
        (f'{{"standing": {"9" * 100_000}}}', "", "is no valid JSON: a number is out of reach"),
        ("[" * 100_000, "", "is no valid JSON: nested too deeply"),
        ('{"standing":' * 101 + "1" + "}" * 101, "", "is no valid JSON: nested too deeply"),
        ("[]", "", "expected a table, found a list"),
        ("{}", "", "is no account health report that an installed plugin describes"),
    ],
)
def test_a_file_that_is_no_report_is_refused(read, text, path, what):
    assert problems(read, text) == [(path, what)]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path, what in ((tmp_path / "none.json", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(DocumentError) as caught:
            read_health_report(path, FORMATS, PLACES)
        assert (caught.value.problems[0].where, caught.value.problems[0].what) == (str(path), what)


def test_without_formats_the_plugin_is_asked_for(read):
    with pytest.raises(DocumentError, match="install the plugin of its marketplace"):
        read(sound(), [])


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(REF),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def _spots(value):
    """Yield every table or list inside a value, with each of its keys."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _spots(value[key])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_whatever_becomes_of_a_report_it_is_read_or_refused(read, data):
    report = sound()
    for _ in range(data.draw(st.integers(1, 4))):
        spots = list(_spots(report))
        place, key = spots[data.draw(st.integers(0, len(spots) - 1))] if spots else (report, "standing")
        if data.draw(st.booleans()):
            place.pop(key, None) if isinstance(place, dict) else place.pop(key)
        else:
            place[key] = data.draw(_values)
    try:
        found = read(report)
    except DocumentError:
        return
    json.dumps(record(found))
    listing(found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60))
@example(b"\xff\xfe{}")
@example(b'{"standing": "\\ud800"}')
def test_any_bytes_are_a_report_or_refused(tmp_path, content):
    path = tmp_path / "health.json"
    path.write_bytes(content)
    try:
        listing(read_health_report(path, FORMATS, PLACES))
    except DocumentError:
        return


# --- formats ---


def test_a_format_says_what_is_wrong_with_it_all_at_once():
    table = {"reports": []}
    with pytest.raises(DocumentError, match="unknown key"):
        parse_health_formats(table, "health.toml")


def test_states_are_the_words_of_our_own_metrics():
    assert get_args(StateName) == STATES


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"blocks": ()}, "blocks lists at least one spelling"),
        ({"marketplace": ("a..b",)}, "marketplace has 'a..b': write keys with dots between them"),
    ],
)
def test_a_format_needs_a_spelling_for_what_everything_hangs_on(changes, message):
    with pytest.raises(ValueError, match=message):
        evolve(FORMATS[0], **changes)


def test_a_metric_has_one_name_and_compares_with_one_that_is_there():
    first, *others = FORMATS[0].metrics
    with pytest.raises(ValueError, match="metrics has 'claim_rate' twice"):
        evolve(FORMATS[0], metrics=(evolve(first, name="claim_rate"), *others))
    with pytest.raises(ValueError, match=r"complaints\.denominator_of is 'nothing'; the metrics are "):
        evolve(FORMATS[0], metrics=(first, *others[:-1], evolve(others[-1], denominator_of="nothing")))


def test_plugins_that_bring_the_same_format_must_agree():
    (form,) = FORMATS
    assert merge_health_formats([("a", form), ("b", deepcopy(form))]) == [form]
    with pytest.raises(PluginError) as caught:
        merge_health_formats([("a", form), ("b", evolve(form, decimals=4))])
    assert [str(each) for each in caught.value.problems] == [
        "b: health format reference_health: decimals is not what it is in another plugin "
        "(let b and a agree, or give the format of b a name of its own)"
    ]


def test_plugins_hand_out_what_plugins_contribute(plugin_module):
    module = plugin_module(lambda: FORMATS)
    assert load_plugins((), {"shop": module}).health_reports() == FORMATS


def test_plugins_that_do_not_agree_are_refused(plugin_module):
    other = plugin_module(lambda: [evolve(FORMATS[0], decimals=4)])
    with pytest.raises(PluginError) as caught:
        load_plugins((), {"shop": plugin_module(lambda: FORMATS), "zoo": other})
    (problem,) = caught.value.problems
    assert str(problem).startswith("plugin 'zoo' (not installed): health format reference_health: decimals ")


@pytest.fixture
def plugin_module():
    """Makes a plugin of a function that returns its health formats."""
    from types import ModuleType

    def made(answer):
        module = ModuleType("made")
        module.AFTERSALE_API = 1

        def aftersale_health_reports():
            return answer()

        module.aftersale_health_reports = hookimpl(aftersale_health_reports)
        return module

    return made


# --- as data and as text ---


def test_the_record_is_plain_data(read):
    found = record(read(sound()))
    assert json.loads(json.dumps(found)) == found
    assert found["accounts"] == [{"marketplace": "REF", "status": "calm", "state": "healthy"}]
    assert found["metrics"][5] == {
        "metric": "on_time_delivery_rate",
        "marketplace": "REF",
        "channel": "",
        "where": "stores[0].on_time",
        "since": "2026-01-01T00:00:00+00:00",
        "until": "2026-01-30T23:59:00+00:00",
        "numerator": 86,
        "denominator": 97,
        "told_rate": 0.8866,
        "counted": 86 / 97,
        "target": 0.9,
        "condition": "above",
        "status": "bad",
        "verdict": "missed",
        "met": False,
        "components": {},
    }
    assert sorted(found) == [
        "accounts", "disagreements", "format", "ignored", "metrics", "missing", "ratings", "source", "unknown",
        "warnings",
    ]  # fmt: skip


def test_the_listing_shows_all_that_does_not_fit_together(read, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    data = sound()
    store = data["stores"][0]
    store["tracking"] |= {"tracked": 101, "word": "bad"}
    store["defects"]["own"] |= {"claims": 8, "ships": "ours", "bad": {"orders": 7, "word": "bad"}}
    store["defects"]["ours"]["claims"] = 9
    store["complaints"]["days"] = {"first": "2026-02-01T00:00Z", "last": "2026-01-30T23:59Z"}
    store["tracked"] = data["more"] = 1
    del store["rating"]["word"]
    data["standing"] += [{"store": REF, "word": "odd"}]
    report = read(data)
    show(*listing(report))
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("What does not fit together: 11") :] == [
        "What does not fit together: 11",
        "  REF standing[1].store: " + f"{REF} stands in the list twice, first at standing[0].store",
        "  REF stores[0].defects.own.ships: says that it is ours, and stands under own",
        "  REF stores[0].defects.own.bad.word: the count is bad, the metric fine",
        "  REF stores[0].defects.own.claims: 8 of one sort are more than the 7 of all sorts",
        "  REF stores[0].defects.ours.bad.orders: 10 are counted, all sorts together are only 9 + 0",
        "  REF stores[0].tracked: says 1, under another name a table (stores[0].tracking)",
        "  REF stores[0].tracking.tracked: 101 are counted out of 100",
        "  REF stores[0].tracking.share: the rate is told as 0.97, its counts come to 101/100 = 1.01",
        "  REF stores[0].tracking.word: the status is bad, but value and target are 0.97; 101/100 = 1.01 (> 0.95)",
        "  REF stores[0].complaints.days.first: the days begin on 2026-02-01T00:00:00+00:00 and end on "
        "2026-01-30T23:59:00+00:00",
        "  REF stores[0].on_time.tracked: says 97, the other metric that counts the same over the same days says 101 "
        "(stores[0].tracking.tracked)",
        "",
        "Missing: 1",
        "  stores[0].rating.word",
        "",
        "Ignored: 1",
        "  more",
        "",
        "Unknown words: 1",
        "  standing[1].word: odd",
    ]


def test_the_listing_of_an_empty_report_says_so(read):
    assert listing(read({"standing": []}))[1:5] == ["", "No account statuses.", "", "No metrics."]


def test_the_listing_shows_metrics_beside_what_they_come_to(read, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    show(*listing(read(sound())))
    lines = capsys.readouterr().out.splitlines()
    lines = lines[lines.index("") :]
    assert lines[1:4] == [
        "Marketplace  Of                               Status  State    Score",
        "REF          account                          calm    healthy      –",
        "REF          rating, 2026-01-01 – 2026-01-30  calm    healthy    250",
    ]
    assert lines[5:10] == [
        "REF, as the marketplace tells it and as its own counts come to",
        "Metric                   Counts     Told  Counted  Target  Status  Verdict",
        "order_defect_rate MFN    7/1000   0.0070   0.0070  < 0.01  fine    met",
        "2026-01-01 – 2026-01-30",
        "claim_rate MFN           5/1000        –   0.0050  –       –       –",
    ]
