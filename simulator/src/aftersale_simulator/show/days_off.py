"""Days off in words: whose holidays teams take, on which days that matters, and what is not known of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aftersale_simulator.resolved.days_off import Remark, TeamDays, remarks, team_days
from aftersale_simulator.scenario.model import Scenario
from aftersale_simulator.show.wording import text


def day_notes(scenarios: Sequence[Scenario], without: Sequence[str] = ()) -> list[str]:
    """Return what there is to say of the holidays of all teams, each thing once, but for the kinds `without`."""
    said = (remark for remark in remarks(scenarios) if remark["kind"] not in without)
    return [_words(remark) for remark in said]


def _words(remark: Remark) -> str:
    values = {"team": remark["team"], "place": remark["place"], "what": remark["what"]}
    return text(f"days_off.{remark['kind']}", **{name: value for name, value in values.items() if value})


def day_lines(scenario: Scenario) -> Iterator[str]:
    """Yield for each team whose holidays it takes, and the simulated days that are closed or worked because of them."""
    for days in team_days(scenario):
        place = days["holidays"] or text("days_off.none")
        closed, worked = (", ".join(days[key]) or "–" for key in ("closed", "worked"))
        line = text("days_off.team", team=days["team"], place=place, closed=closed, worked=worked)
        yield f"{line} {_source(days)}".rstrip()


def _source(days: TeamDays) -> str:
    if not days["holidays"]:
        return ""
    return text("days_off.source", source=days["source"]) if days["source"] else text("days_off.library")
