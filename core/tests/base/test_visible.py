import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from aftersale.base.tables import show, table
from aftersale.base.translations import Catalogue
from aftersale.base.visible import lines, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x7f\x80\x9b", r"\x00\x7f\x80\x9b"),
        (
            "\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069",
            r"\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069",
        ),
        ("\ud800\udcff", r"\ud800\udcff"),
        ("Größe 尺寸 👩‍🔧 \\n C:\\x", "Größe 尺寸 👩‍🔧 \\n C:\\x"),
        ("", ""),
    ],
)
def test_what_steers_is_shown_as_an_escape_and_all_else_as_it_is(text, shown):
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_what_is_visible_is_one_line_in_every_encoding_and_stays_as_it_is(text):
    once = visible(text)
    assert once.splitlines() in ([], [once])
    assert visible(once) == once
    assert once.encode("utf-8").decode("utf-8") == once


def test_every_character_but_those_that_steer_is_left():
    changed = {code for code in range(sys.maxunicode + 1) if visible(chr(code)) != chr(code)}
    expected = {*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)}
    assert changed == expected | set(range(0xD800, 0xE000))


def test_lines_keep_their_own_breaks_only():
    assert lines("a\nb", "c") == "a\\nb\nc"
    assert visible(lines("a\nb", "c")) == "a\\nb\nc"


def test_tables_lines_and_messages_show_what_they_are_given(capsys):
    show(table(["Na\nme"], [("a\x1b\nb",), (lines("c\n", "d"),)]), "e\nf", lines("g", "h"))
    assert capsys.readouterr().out == "Na\\nme\na\\x1b\\nb\nc\\n\nd\ne\\nf\ng\nh\n"
    catalogue = Catalogue({"en": {"told": "{name}:\n{count:03d} {path}"}}, "messages")
    assert catalogue.text("told", name="a\nb", count=7, path=Path("x\ny")) == "a\\nb:\n007 x\\ny"
