"""A journal says what it was written with, and readers are told what they have otherwise."""

import json
import subprocess
import sys

import pytest
from attrs import asdict, evolve

from aftersale.base.errors import Problem
from aftersale.journal.provenance import (
    FILE,
    Difference,
    as_text,
    by_shipped_handbook,
    differences,
    provenance,
    read_provenance,
)
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.handbook import load_handbook
from aftersale.testing import reference

PLUGINS = load_plugins((), {"reference": reference})
POLICIES = PLUGINS.policies()
OWN = """
[[rule]]
name = "{name}"
marketplaces = ["{place}"]
clock = "wall_hours"
amount = 12
starts = "buyer_message"
on_expiry = "late"
source = "our handbook"
grade = "S"
"""


@pytest.fixture
def own(tmp_path):
    """Writes a handbook and returns the policies with it."""

    def policies(place="*", name="first_reply", file="mine.toml"):
        path = tmp_path / file
        path.write_text(OWN.format(place=place, name=name), encoding="utf-8")
        return PLUGINS.policies(handbook=load_handbook(path, PLUGINS.workflow, PLUGINS.metrics))

    return policies


def test_what_is_written_is_read_again(tmp_path):
    written = provenance(POLICIES)
    (tmp_path / FILE).write_text(as_text(written), encoding="utf-8")
    assert read_provenance(tmp_path) == written
    assert list(differences(written, POLICIES)) == []


def test_a_journal_of_which_nobody_says_so_was_written_with_nothing_known(tmp_path):
    assert read_provenance(tmp_path) is None


def test_another_process_makes_the_same_digests():
    code = (
        "from aftersale.journal.provenance import *; from aftersale.plugins.plugins import load_plugins;"
        "from aftersale.testing import reference;"
        "print(as_text(provenance(load_plugins((), {'reference': reference}).policies())))"
    )
    # Texts are hashed anew in each process, so that whatever hangs on the order of a set differs.
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.rstrip() == as_text(provenance(POLICIES)).rstrip()


def test_the_handbook_is_named_by_its_file_alone(own):
    assert (provenance(POLICIES).handbook, provenance(own()).handbook) == ("", "mine.toml")


def test_another_handbook_differs_where_it_speaks(own):
    written = provenance(POLICIES)
    assert list(differences(written, own())) == [Difference("handbooks", ("ALT", "REF"))]
    assert list(differences(written, own("ALT"))) == [Difference("handbooks", ("ALT",))]
    assert list(differences(provenance(own("ALT")), own("ALT", file="the same.toml"))) == []


def test_a_handbook_about_other_places_only_does_not_differ(own):
    written = provenance({"REF": POLICIES["REF"]})
    assert list(differences(written, own("ALT"))) == []


def test_whether_it_was_the_shipped_handbook_is_known(own):
    assert by_shipped_handbook(provenance(POLICIES))
    assert not by_shipped_handbook(provenance(own()))


@pytest.mark.parametrize("what", ["rules", "kinds", "metrics", "deciders", "versions"])
def test_whatever_else_is_otherwise_is_named(what):
    written = provenance(POLICIES)
    table = getattr(written, what)
    first = min(table)
    other = evolve(written, **{what: {**table, first: "another"}})
    assert list(differences(other, POLICIES)) == [Difference(what, (first,))]


def test_what_the_reader_lacks_differs_but_places_do_not():
    written = provenance(POLICIES, ["a-plugin"])
    missing = evolve(written, kinds={**written.kinds, "warranty": "x"}, rules={**written.rules, "XX": "x"})
    assert written.versions["a-plugin"] == ""
    assert list(differences(missing, POLICIES)) == [Difference("kinds", ("warranty",))]


def test_keys_of_later_versions_are_left_alone(tmp_path):
    written = provenance(POLICIES)
    (tmp_path / FILE).write_text(json.dumps({**asdict(written), "weather": 1}), encoding="utf-8")
    assert read_provenance(tmp_path) == written


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"null",
        b'{"versions": {}}',
        b"[" * 100_000,
        as_text(provenance(POLICIES)).replace('"handbook": ""', '"handbook": 1').encode(),
        as_text(provenance(POLICIES)).replace('"versions": {', '"versions": {"x": 1,').encode(),
    ],
    ids=range(9),
)
def test_a_damaged_file_is_a_problem_and_no_crash(content, tmp_path):
    (tmp_path / FILE).write_bytes(content)
    found = read_provenance(tmp_path)
    assert isinstance(found, Problem)
    assert str(found) == (
        f"{tmp_path / FILE}: is damaged (write the journal again, or remove the file: what it was written with is not "
        "known then)"
    )


def test_a_folder_in_its_place_is_a_problem(tmp_path):
    (tmp_path / FILE).mkdir()
    found = read_provenance(tmp_path)
    assert isinstance(found, Problem)
    assert "is a folder" in str(found)
