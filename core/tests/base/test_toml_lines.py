"""TOML lines: every key and item of a text has the line on which it was written."""

import pickle
import string

import pytest
import tomli
from hypothesis import given, settings, strategies as st

from aftersale.base.errors import Problem
from aftersale.base.toml_files import read
from aftersale.base.toml_lines import Lines, Place, TomlDocument, below, lines_of, located, positions

TEXT = '''\
# a scenario
name = "shop"

[team.berlin]
agents = 2
shifts = [
  { days = "Mon-Fri", hours = "09:00-18:00" },
  # the weekend
  { days = "Sat" },
]

[[event]]
name = """
[no.header]
also = 'no key'
"""
factors.return_rate = 2

[[event]]
"a.b".'c d' = 1
[event.world]
x = 1979-05-27 07:32:00 # , ] }
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 1),
        ("name", 2),
        ("team", 4),
        ("team.berlin", 4),
        ("team.berlin.agents", 5),
        ("team.berlin.shifts", 6),
        ("team.berlin.shifts[0].hours", 7),
        ("team.berlin.shifts[1]", 9),
        ("team.berlin.shifts[1].days", 9),
        ("event", 12),
        ("event[0].name", 13),
        ("event[0].factors.return_rate", 17),
        ("event[1]", 19),
        ("event[1].'a.b'.'c d'", 20),
        ("event[1].a.b.c d", 20),
        ("event[1].world", 21),
        ("event[1].world.x", 22),
        # What is missing would stand in what holds it.
        ("team.berlin.zone", 4),
        ("team.berlin.shifts[1].hours", 9),
        ("event[0].factors.'no such.key'", 17),
        ("currency", 1),
        ("world.return_rate", 1),
    ],
)
def test_a_path_has_the_line_on_which_it_begins(path, line):
    assert Lines(TEXT).of(path) == line
    assert Lines(TEXT.replace("\n", "\r\n")).of(path) == line


def test_a_file_that_was_read_knows_its_lines_and_other_data_none(tmp_path):
    path = tmp_path / "some.toml"
    path.write_text(TEXT, encoding="utf-8-sig")
    document = read(path)
    assert document == tomli.loads(TEXT)
    again = pickle.loads(pickle.dumps(document))
    assert again == document
    problem = Problem("some.toml", "team.berlin.agents", "too many", "")
    for data in (document, again):
        assert [str(each) for each in located([problem], data)] == ["some.toml:5: team.berlin.agents: too many"]
    assert located([problem], dict(document)) == (problem,)
    assert (lines_of({}), Place().line, Place(lines_of(document), "name").line) == (None, 0, 2)
    assert TomlDocument({"name": "other"}, Lines(TEXT)).lines.of("name") == 2


WORDS = st.text(string.ascii_letters, min_size=1, max_size=3)
ODD_WORDS = st.text(st.sampled_from("ab.[]#='\"\\ \té"), max_size=4)
TEXTS = st.text(st.sampled_from("ab.[]{}#=,'\"\\ \n"), max_size=8)
BREAKS = st.sampled_from(["", " ", "\n", "# no = 1, ]\n", " # '\n\n"])


def _basic(text):
    return '"' + "".join(f"\\u{ord(each):04x}" if each in '"\\\n\t' else each for each in text) + '"'


@st.composite
def scalars(draw):
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return draw(st.sampled_from(["1", "-2.5e3", "true", "1979-05-27", "1979-05-27 07:32:00Z", "inf", "0x1f"]))
    text = draw(TEXTS)
    if kind == 1 and not set("'\n") & set(text):
        return f"'{text}'"
    if kind == 2 and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    if kind == 3:
        plain = text.replace("\\", "\\\\").replace('"""', '""\\"')
        return f'"""{plain}"""' if plain[-3:] != '""\\' and '"""' not in plain else _basic(text)
    return _basic(text)


@st.composite
def key_texts(draw, key):
    if set(key) <= set(string.ascii_letters) and key and draw(st.booleans()):
        return key
    return f"'{key}'" if not set("'\n\t\\") & set(key) and draw(st.booleans()) else _basic(key)


class Writer:
    """A document that is being written, with the line of every path."""

    def __init__(self, draw):
        self.draw, self.text, self.lines = draw, "", {}

    def note(self, *steps):
        self.lines.setdefault(steps, self.text.count("\n") + 1)

    def key(self, key):
        self.text += self.draw(key_texts(key))

    def keys(self, base, keys):
        for number, key in enumerate(keys):
            self.text += self.draw(st.sampled_from([".", " . "])) if number else ""
            self.note(*base, *keys[: number + 1])
            self.key(key)

    def gap(self):
        self.text += self.draw(BREAKS)

    def value(self, steps, depth):
        kind = self.draw(st.integers(0, 3)) if depth else 0
        if kind < 2:
            self.text += self.draw(scalars())
        elif kind == 2:
            self.text += "["
            size = self.draw(st.integers(0, 3))
            for index in range(size):
                self.gap()
                self.note(*steps, index)
                self.value((*steps, index), depth - 1)
                self.gap()
                self.text += "," if index < size - 1 or self.draw(st.booleans()) else ""
            self.gap()
            self.text += "]"
        else:
            self.text += "{"
            self.pairs(steps, depth - 1, ", ")
            self.text += " }"

    def pairs(self, table, depth, between):
        keys = self.draw(st.lists(st.one_of(WORDS, ODD_WORDS), max_size=3, unique=True))
        for number, key in enumerate(keys):
            self.text += between if number else " "
            more = self.draw(st.lists(WORDS, max_size=1)) if self.draw(st.booleans()) else []
            self.keys(table, [key, *more])
            self.text += self.draw(st.sampled_from(["=", " = "]))
            self.value((*table, key, *more), depth)
        return keys


@st.composite
def documents(draw):
    writer = Writer(draw)
    names = draw(
        st.lists(st.one_of(WORDS, ODD_WORDS), max_size=3, unique=True).map(lambda each: [f"T{n}" for n in each])
    )
    writer.pairs((), 2, "\n")
    for name in names:
        items = draw(st.integers(0, 2))
        for index in range(max(items, 1)):
            writer.text += "\n"
            writer.gap()
            writer.text += "\n"
            steps = (name, index) if items else (name,)
            writer.note(name)
            writer.note(*steps)
            writer.text += "[[" if items else "["
            writer.key(name)
            writer.text += " ]] # x\n" if items else " ]\n"
            inner = writer.pairs(steps, 2, "\n")
            for sub in draw(st.lists(WORDS, max_size=2, unique=True)):
                if sub in inner:
                    continue
                writer.text += "\n"
                writer.note(*steps, sub)
                writer.text += "["
                writer.key(name)
                writer.text += " . "
                writer.key(sub)
                writer.text += "]\n"
                writer.pairs((*steps, sub), 1, "\n")
    return writer.text, writer.lines


def paths(data, steps=()):
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in items:
        yield (*steps, step)
        yield from paths(value, (*steps, step))


@pytest.mark.once
@settings(max_examples=200, deadline=None)
@given(documents())
def test_every_path_of_a_document_has_the_line_on_which_it_was_written(document):
    text, lines = document
    places = {}
    for steps, line in positions(text):
        places.setdefault(steps, line)
    assert places == lines
    assert places.keys() == set(paths(tomli.loads(text)))
    for steps, line in lines.items():
        path = ""
        for step in steps:
            path = below(path, step)
        assert Lines(text).of(path) == line
