"""Effects in words: the settings of a scenario that changed nothing in a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aftersale_simulator.effects.trace import Setting
from aftersale_simulator.show.wording import text


def idle_settings(settings: Iterable[Setting]) -> list[str]:
    """Return each setting that changed nothing, with the reason."""
    return [text("effects.setting", setting=each.path, reason=text(f"effects.{each.reason}")) for each in settings]


def idle_sentence(named: Sequence[str]) -> str:
    """Return these settings as one sentence."""
    return text("effects.sentence", settings=text("effects.between").join(named))
