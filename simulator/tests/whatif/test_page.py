"""The page of `whatif --report`: what stands on it, in which language, and that names cannot break out of it."""

import inspect
import json
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from click.testing import CliRunner

import aftersale_simulator
from aftersale.base.errors import DocumentError
from aftersale.base.translations import Catalogue
from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale_simulator.assumptions.parameters import load_parameters
from aftersale_simulator.judging.outcomes import ClosureOutcome
from aftersale_simulator.output_files import as_toml, check_file, write_file
from aftersale_simulator.resolved.scenario import resolve
from aftersale_simulator.runs import series
from aftersale_simulator.runs.run import run
from aftersale_simulator.scenario.document import ScenarioFile
from aftersale_simulator.show.section import Section, Table
from aftersale_simulator.show.wording import LANGUAGES, speaking, spoken, text
from aftersale_simulator.whatif import charts
from aftersale_simulator.whatif.comparison import Comparison, compare_variants
from aftersale_simulator.whatif.day_charts import defects
from aftersale_simulator.whatif.drawing import Lines, lines_of
from aftersale_simulator.whatif.page import page, parts
from aftersale_simulator.whatif.record import record
from aftersale_simulator.whatif.variants import plan

# Newer releases of click keep stderr apart by themselves.
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
RUNNER = CliRunner(**APART)
HOSTILE = '<script>alert("x")</script> & %{x}'
RAW: dict[str, Any] = {
    "name": f"shop {HOSTILE}",
    "currency": "EUR",
    "replications": 3,
    "period": {"start": date(2026, 1, 5), "measured": "21 d", "warm_up": "14 d"},
    "marketplace": {
        "REF": {"orders_per_day": 40.0, "price": {"median": "25"}},
        "ALT": {"orders_per_day": 20.0, "price": {"median": "2000"}},
    },
    "team": {
        "day": {
            "zone": "Asia/Shanghai",
            "agents": 1,
            "cost_per_hour": "10",
            "shifts": [{"days": "Mon-Fri", "hours": "09:00-18:00"}],
        }
    },
    "handling": {"reply": {"mean": "15 min"}},
    "targets": {"late_reply_rate": 0.2, "order_defect_rate": 0.05, "occupancy": 0.9},
    "variant": [
        {"name": f"every day {HOSTILE}", "set": {"team.day.shifts.0.days": "Mon-Sun"}},
        {"name": "three", "set": {"team.day.agents": 3, "world.lost_rate": 0.01}},
    ],
}
NAMES = [
    "variants",
    "chances",
    "trade",
    "backlog",
    "late",
    "hours",
    "defects",
    "replies",
    "occupancy",
    "warmup",
    "assumptions",
]


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    from aftersale.testing import reference

    return load_plugins((), {"reference": reference})


@pytest.fixture(scope="module")
def comparison(plugins: Plugins) -> Comparison:
    return compared(plugins)


def compared(plugins: Plugins, **changes: Any) -> Comparison:
    raw = {**RAW, **changes}
    file = ScenarioFile.of("test", raw, Path())

    def compare(variants: Any, numbers: Any) -> Any:
        return [[run(resolve(scenario, plugins), number) for number in numbers] for _, scenario in variants]

    return compare_variants(plan(file), compare)


def made(comparison: Comparison, language: str = "en") -> str:
    with speaking(language):
        return page(comparison, record(comparison, ["the file ends early"]), parts(load_parameters()))


class Outline(HTMLParser):
    """What a page holds, but for the library's own script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.charts: list[str] = []
        self.scripts = 0
        self.addresses: list[str] = []
        self.words: list[str] = []
        self._silent = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._silent = tag in ("script", "style")
        self.scripts += tag == "script"
        self.addresses += [str(found[name]) for name in ("src", "href", "action", "data") if name in found]
        if found.get("class") == "plotly-graph-div":
            self.charts.append(str(found["id"]))
        elif "id" in found:
            self.ids.append(str(found["id"]))

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.words.append(data.strip())


def test_every_section_is_there_in_order_with_its_charts_and_a_link_to_it(comparison: Comparison) -> None:
    found = Outline(made(comparison))
    assert found.ids == NAMES
    assert found.addresses == [f"#{name}" for name in NAMES]
    assert found.charts == [
        "variants-1",
        "variants-2",
        "variants-3",
        "variants-4",
        "chances-1",
        "chances-2",
        "chances-3",
        "trade-1",
        "backlog-1",
        "late-1",
        "hours-1",
        "hours-2",
        "defects-1",
        "defects-2",
        "replies-1",
        "occupancy-1",
        "warmup-1",
        "warmup-2",
    ]


def test_the_answer_and_the_warnings_stand_before_the_first_section(comparison: Comparison) -> None:
    told = record(comparison, ["the file ends early"])
    words = Outline(made(comparison)).words
    first = words.index("Variants side by side")
    assert words.index(told["answer"]) < words.index("the file ends early") < first
    assert [words.index(warning) < first for warning in told["warnings"]] == [True] * len(told["warnings"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_comparison_gives_the_same_bytes(comparison: Comparison, language: str) -> None:
    assert made(comparison, language) == made(comparison, language)


def test_names_cannot_break_out_of_the_page(comparison: Comparison) -> None:
    text = made(comparison)
    tame = evolve(comparison, variant_results=tuple(evolve(one, name="tame") for one in comparison.variant_results))
    assert "<script>alert" not in text
    assert Outline(text).scripts == Outline(made(tame)).scripts
    assert f"shop {HOSTILE}" in Outline(text).words


def test_the_page_may_ask_nothing_of_any_address(comparison: Comparison) -> None:
    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in made(comparison)


def test_a_chinese_page_says_so_and_has_the_same_sections(comparison: Comparison) -> None:
    text = made(comparison, "zh")
    assert '<html lang="zh-Hans">' in text
    assert Outline(text).ids == NAMES
    assert Outline(text).charts == Outline(made(comparison)).charts
    assert "各站点订单缺陷率\uff08ODR\uff09" in Outline(text).words


def test_a_seller_with_one_variant_and_no_replication_to_spare_gets_a_page(plugins: Plugins) -> None:
    alone = compared(plugins, variant=[], replications=1, period={"start": date(2026, 1, 5), "measured": "3 d"})
    assert [name for name in NAMES if name not in Outline(made(alone)).ids] == ["trade"]


def test_a_page_without_timelines_leaves_the_days_out(comparison: Comparison) -> None:
    bare = evolve(comparison, variant_results=tuple(evolve(one, timelines=()) for one in comparison.variant_results))
    assert Outline(made(bare)).ids == ["variants", "chances", "trade", "assumptions"]


def test_parts_of_others_stand_where_they_are_put(comparison: Comparison) -> None:
    table = Table(("what", "how much"), (("lost_rate <b>", "1"), ("return_rate", "2")), frozenset({1}))
    own = Section("sensitivity", "What moves it", "A sentence.", tables=(table,), note="A note.")
    found = page(comparison, record(comparison), [lambda _: own, lambda _: None])
    assert Outline(found).ids == ["sensitivity"]
    assert '<tr class="marked"><td class="word">return_rate</td><td >2</td></tr>' in found
    assert "lost_rate &lt;b&gt;" in found


def test_the_numbers_that_were_changed_are_marked_among_the_assumptions(comparison: Comparison) -> None:
    found = charts.assumptions(comparison, load_parameters())
    assert found is not None
    (table,) = found.tables
    changed = [row[:3] for number, row in enumerate(table.rows) if number in table.marked]
    assert changed == [("lost_rate", "0.002 / 0.01", "0.002")]
    assert len(table.rows) == len(load_parameters())


def test_the_lines_of_marketplaces_are_drawn_where_the_scenario_sets_none(plugins: Plugins) -> None:
    free = compared(plugins, targets={"late_reply_rate": 0.2}, replications=1, variant=[])
    found = defects(free, Lines({"REF": {"order_defect_rate": 0.01}, "ALT": {}}))
    assert found is not None
    told = [[note.text for note in picture.figure.layout.annotations] for picture in found.pictures]
    unit = "order defect rate, %"
    assert told == [[unit, "target 1 %"], [unit]]


def test_a_line_of_all_marketplaces_is_one_that_they_share() -> None:
    lines = Lines({"REF": {"late_reply_rate": 0.1, "occupancy": 0.8}, "ALT": {"late_reply_rate": 0.1}})
    assert (lines.everywhere("late_reply_rate"), lines.everywhere("occupancy")) == (0.1, None)
    assert (lines.at("REF", "occupancy"), lines.at("NONE", "occupancy")) == (0.8, None)


def test_no_other_is_cheaper_and_safer_than_the_unbeaten() -> None:
    assert charts.unbeaten([5.0, 1.0, 3.0, 3.0, 4.0], [1.0, 0.2, 0.5, 0.6, 0.6]) == [1, 3, 0]
    assert charts.unbeaten([2.0, 2.0], [0.5, 0.5]) == [0]


def test_a_course_is_the_mean_and_the_middle_of_what_is_known() -> None:
    rows = np.array([[1.0, np.nan, np.nan], [3.0, 4.0, np.nan]])
    found = series.band(rows)
    np.testing.assert_allclose(found.mean, [2.0, 4.0, np.nan])
    np.testing.assert_allclose(found.low, [1.2, 4.0, np.nan])
    np.testing.assert_allclose(found.high, [2.8, 4.0, np.nan])
    assert found.top == 4.0


def test_a_rolled_share_is_of_all_that_fell_into_the_window() -> None:
    found = series.rolled(np.array([[1.0, 0.0, 3.0, 0.0]]), np.array([[2.0, 0.0, 4.0, 0.0]]), window=2)
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.75, 0.75]])
    np.testing.assert_allclose(series.rolled(np.zeros((1, 1)), np.zeros((1, 1))), [[np.nan]])


def test_english_and_chinese_have_the_same_messages_with_the_same_values() -> None:
    from aftersale.base.toml_files import read
    from aftersale.base.translations import _flat

    path = Path(inspect.getfile(aftersale_simulator)).with_name("messages.toml")
    english, chinese = (dict(_flat(read(path)[language])) for language in LANGUAGES)
    assert list(english) == list(chinese)
    assert {key: _asked(text) for key, text in english.items()} == {key: _asked(text) for key, text in chinese.items()}
    assert Catalogue.load("aftersale_simulator").languages == LANGUAGES


def _asked(text: str) -> set[tuple[str, str]]:
    return {(name, form or "") for _, name, form, _ in Formatter().parse(text) if name is not None}


def test_what_accounts_come_to_stands_beside_the_targets(comparison: Comparison) -> None:
    calm = evolve(
        comparison,
        variant_results=tuple(evolve(one, reached={}, orders_lost=0.0) for one in comparison.variant_results),
    )
    found = charts.target_chances(calm)
    assert found is not None
    assert found.tables == ()
    first, *others = calm.variant_results
    near = ClosureOutcome("Prime", "REF", "cancellation_rate", 0.005, False, 3, ((2, date(2026, 1, 9)),), 0.004, 0.0061)
    closed = evolve(
        first,
        reached={"review": 3, "deactivated": 1, "Prime": 1},
        orders_lost=1234.4,
        closures=(near,),
        units={"cancellation_rate": "share"},
    )
    found = charts.target_chances(evolve(calm, variant_results=(closed, *others)))
    assert found is not None
    reviews, closures = found.tables
    assert reviews.header[2:] == ("a review is due, in replications", "orders missed while closed, on average")
    assert reviews.rows[0] == ("1", first.name, "3/3 (44–100 %)", "1,234")
    assert reviews.rows[1][2:] == ("0/3 (0–56 %)", "0")
    nearest = ("cancellation_rate, REF", "0.40 %", "0.61 %", "0.5 %")
    assert closures.rows == (("1", first.name, "Prime", "1/3 (6–79 %)", *nearest),)


def test_a_language_is_spoken_for_a_while_only() -> None:
    with speaking("zh"):
        assert (spoken(), text("report.targets")) == ("zh", "目标达成")
        with speaking("en"):
            assert text("report.targets") == "targets met"
        assert spoken() == "zh"
    assert spoken() == "en"


@pytest.fixture
def shop(tmp_path: Path, plugins: Plugins) -> tuple[Path, Plugins]:
    file = tmp_path / "shop.toml"
    raw = {**RAW, "name": "shop", "replications": 2, "variant": [{"name": "three", "set": {"team.day.agents": 3}}]}
    file.write_text(as_toml({**raw, "world": {"lost_rate": 0.02}}), encoding="utf-8")
    return file, plugins


def asked(shop: tuple[Path, Plugins], *options: str) -> Any:
    from aftersale_simulator.cli.whatif import whatif

    file, plugins = shop
    return RUNNER.invoke(whatif, [str(file), "--workers", "1", *options], obj=plugins)


def test_whatif_writes_the_page_beside_the_text_and_over_an_older_one(shop: tuple[Path, Plugins]) -> None:
    target = shop[0].with_name("report.html")
    target.write_text("old")
    ended = asked(shop, "--report", str(target))
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.endswith(f"Written to {target}.\n")
    assert Outline(target.read_text(encoding="utf-8")).ids == NAMES
    assert sorted(path.name for path in target.parent.iterdir()) == ["report.html", "shop.toml"]


def test_whatif_speaks_chinese_in_aligned_columns(shop: tuple[Path, Plugins]) -> None:
    from rich.cells import cell_len

    ended = asked(shop, "--lang", "zh")
    assert (ended.exit_code, ended.stderr) == (0, "")
    lines = ended.stdout.split("\n")
    rule = next(line for line in lines if line.startswith("──"))
    first = next(line for line in lines if line.startswith("base"))
    assert cell_len(first.rstrip()) == cell_len(rule)
    head = lines.index(next(line for line in lines if line.startswith("方案")))
    assert (lines[head].rstrip()[-2:], lines[head + 1].rstrip()[-2:]) == ("目标", "达成")


def test_the_answer_of_the_json_document_is_in_the_language_too(shop: tuple[Path, Plugins]) -> None:
    ended = asked(shop, "--lang", "zh", "--json")
    assert "方案" in json.loads(ended.stdout)["answer"]


def test_a_page_that_cannot_be_written_is_refused_before_anything_runs(shop: tuple[Path, Plugins]) -> None:
    ended = asked(shop, "--report", str(shop[0].parent))
    assert isinstance(ended.exception, DocumentError)
    assert str(ended.exception) == f"{shop[0].parent}: is a folder (name a file; nothing was written)"


def test_a_file_in_no_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "none" / "report.html"
    with pytest.raises(DocumentError) as caught:
        check_file(file)
    assert str(caught.value) == (
        f"{file}: is in a folder that is not there (make the folder first; nothing was written)"
    )


def test_a_file_of_a_name_that_cannot_be_looked_up_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 5000)
    with pytest.raises(DocumentError) as caught:
        check_file(file)
    assert (
        str(caught.value) == f"{file}: cannot be written: File name too long (name another file; nothing was written)"
    )


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_file(file, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_file(file, "new \ud800")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.html", "old\n")]


def test_the_program_names_both_options() -> None:
    ended = RUNNER.invoke(cli, ["whatif", "--help"])
    assert "--report" in ended.output
    assert "--lang [en|zh]" in ended.output


def test_without_targets_of_its_own_a_scenario_is_drawn_against_the_handbook(plugins: Plugins) -> None:
    free = compared(plugins, targets={}, replications=1, variant=[])
    names = ("late_reply_rate", "mean_first_reply_hours")
    assert [lines_of(resolve(free.scenario, plugins)).everywhere(name) for name in names] == [0.1, 3.2]
    own = compared(plugins, targets={"occupancy": 0.9}, replications=1, variant=[])
    assert lines_of(resolve(own.scenario, plugins)).everywhere("mean_first_reply_hours") is None
