"""The report page in a real browser: everything is drawn, at a desk's and a phone's width, and nothing is fetched."""

import inspect
import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aftersale.cli import cli

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser here: none of {', '.join(BROWSERS)}")
# Newer releases of click keep stderr apart by themselves.
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
# Marks are what shows a value: lines, bands, dots, bars, and the picture of a heat map.
FRAME = """<!DOCTYPE html>
<body style="margin: 0"><iframe src="report.html" style="border: 0; width: {width}px; height: 900px"></iframe>
<script>
window.addEventListener("load", () => setTimeout(() => {{
  const page = document.querySelector("iframe").contentDocument;
  const charts = Array.from(page.querySelectorAll(".plotly-graph-div")).map((chart) => ({{
    id: chart.id,
    drawn: chart.querySelectorAll("svg.main-svg").length > 0,
    marks: chart.querySelectorAll(".js-line, .js-fill, .point, .hm image").length,
    room: Math.round(chart.closest("figure").getBoundingClientRect().width),
    wide: Math.round(chart.querySelector("svg.main-svg").getBoundingClientRect().width),
  }}));
  const all = page.scrollingElement;
  const found = {{ charts: charts, broad: all.scrollWidth, sheet: all.clientWidth }};
  const told = document.createElement("pre");
  told.id = "found";
  told.textContent = JSON.stringify(found);
  document.body.append(told);
}}, 2000));
</script>
"""
CHARTS = [
    *(f"variants-{number}" for number in (1, 2, 3, 4, 5)),
    *(f"chances-{number}" for number in (1, 2, 3)),
    "money-1",
    "trade-1",
    "backlog-1",
    "late-1",
    "hours-1",
    "hours-2",
    *(f"defects-{number}" for number in (1, 2, 3)),
    "replies-1",
    "occupancy-1",
    "warmup-1",
    "warmup-2",
]


@pytest.fixture(scope="module", params=["en", "zh"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the page of the scenario that is shipped, over a short period."""
    place = tmp_path_factory.mktemp(request.param)
    days = ["--set", 'period.measured="14 d"', "--set", 'period.warm_up="70 d"', "--replications", "2"]
    page = ["--report", str(place / "report.html"), "--lang", request.param]
    ended = CliRunner(**APART).invoke(cli, ["whatif", *days, *page, "--workers", "1"])
    assert ended.exit_code == 0
    return place


def opened(folder: Path, width: int, scratch: Path) -> tuple[dict[str, Any], str, list[str]]:
    """Return what is found in the page at this width, what the browser complained of, and what it asked the net for."""
    frame, net = folder / f"frame-{width}.html", scratch / "net.json"
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    assert BROWSER is not None
    ended = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--allow-file-access-from-files",  # the frame reads the page that it shows
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={scratch / 'profile'}",
            f"--log-net-log={net}",
            "--virtual-time-budget=20000",
            "--enable-logging=stderr",
            "--v=0",
            "--window-size=1400,1000",
            "--dump-dom",
            frame.as_uri(),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=True,
    )
    told = re.search(r'<pre id="found">(.*?)</pre>', ended.stdout, re.DOTALL)
    assert told is not None, ended.stderr
    console = "\n".join(line for line in ended.stderr.splitlines() if "CONSOLE" in line)
    return json.loads(unescape(told[1])), console, requests(net)


def requests(net: Path) -> list[str]:
    """Return the addresses of the log that a page asked for; the browser's own requests come from no origin."""
    events = [event.get("params", {}) for event in json.loads(net.read_text(encoding="utf-8"))["events"]]
    asked = {event["url"] for event in events if event.get("initiator", "not an origin") != "not an origin"}
    return sorted(address for address in asked if not address.startswith("file:"))


@pytest.mark.parametrize("width", [1200, 390])
def test_every_chart_is_drawn_within_its_room_without_a_complaint_or_a_request(
    folder: Path, width: int, tmp_path: Path
) -> None:
    found, console, asked = opened(folder, width, tmp_path)
    assert (console, asked) == ("", [])
    assert [chart["id"] for chart in found["charts"]] == CHARTS
    empty = [chart["id"] for chart in found["charts"] if not chart["drawn"] or not chart["marks"]]
    assert empty == []
    assert [chart for chart in found["charts"] if abs(chart["wide"] - chart["room"]) > 1] == []
    assert found["broad"] <= found["sheet"]


def test_a_page_that_asks_and_complains_would_be_seen(tmp_path: Path) -> None:
    image = '<img src="http://fonts.googleapis.com/none.png">'
    (tmp_path / "report.html").write_text(f"<body>{image}<script>console.error('ouch')</script>", encoding="utf-8")
    found, console, asked = opened(tmp_path, 390, tmp_path)
    assert found["charts"] == []
    assert '"ouch"' in console
    assert asked == ["http://fonts.googleapis.com/none.png"]
