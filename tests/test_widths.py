"""Every command's tables are as wide as there is room, in a terminal and in a pipe, with no word or number broken."""

import inspect
import re
from functools import cache

import pytest
from click.testing import CliRunner

from aftersale.base.tables import PLAIN_WIDTH
from aftersale.cli import cli
from aftersale.plugins.plugins import Plugins, load_plugins

pytestmark = pytest.mark.once
APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
COMMANDS = (
    ["parameters"],
    ["scenario", "--explain"],
    ["scenario"],
    ["plugins", "show", "amazon_jp"],
)


@cache
def installed() -> Plugins:
    """The installed plugins, loaded once: to load them takes longer than most of these commands."""
    return load_plugins()


def printed(words: list[str], columns: str) -> list[str]:
    ended = CliRunner(env={"COLUMNS": columns}, **APART).invoke(cli, words, obj=installed())
    assert (ended.exit_code, ended.stderr) == (0, "")
    return ended.stdout.splitlines()


def words_of(lines: list[str]) -> set[str]:
    # Where not even one column fits beside the first, its header is followed by a colon.
    return {word.rstrip(":") for line in lines for word in line.split() if not re.fullmatch("─+", word)}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_follows_the_width_and_breaks_nothing(words: list[str]) -> None:
    wide = printed(words, "1000")
    for columns in (48, 72, 100):
        lines = printed(words, str(columns))
        assert [line for line in lines if len(line) > columns and len(line.split()) > 1] == []
        assert words_of(wide) <= words_of(lines)
    unasked = printed(words, "")
    assert [line for line in unasked if len(line) > PLAIN_WIDTH and len(line.split()) > 1] == []
