"""TOML files: keys of many parts are refused before a parser fills the memory with them."""

import pytest

from aftersale.base.errors import DocumentError
from aftersale.base.files import DEEPEST
from aftersale.base.toml_files import read

PARTS = ["a", '"b. c"', "'d'", "e-f "]


def written(tmp_path, text):
    path = tmp_path / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("form", ["{}=1\n", "[{}]\n", "[[{}]]\n", "x = {{ {} = 1 }}\n"])
def test_a_key_has_as_many_parts_as_a_document_may_be_deep(tmp_path, form, part):
    # Tables and lists around the key count too.
    assert read(written(tmp_path, form.format(".".join([part] * (DEEPEST - 2)))))
    with pytest.raises(DocumentError) as caught:
        read(written(tmp_path, form.format(".".join([part] * 100_000))))
    assert [problem.what for problem in caught.value.problems] == ["is no valid TOML: nested too deeply"]


def test_long_words_and_many_marks_take_no_time(tmp_path):
    word, marks, prose = "x" * 1_000_000, ", ".join(["''"] * 90_000), "m. n " * 100_000
    words = f'a = "{word}"\nb = [{marks}]\nc = "{prose}"\n'
    assert len(read(written(tmp_path, words))["a"]) == 1_000_000
