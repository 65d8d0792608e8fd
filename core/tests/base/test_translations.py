import re
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from aftersale.base.errors import DocumentError
from aftersale.base.translations import Catalogue, core_text

SHOP = Catalogue({"en": {"late": "{count} of {total:.1f} late", "rules": {"title": "Rules"}}}, "shop/messages.toml")


def refusal(data):
    with pytest.raises(DocumentError) as caught:
        Catalogue(data, "shop/messages.toml")
    return [str(problem) for problem in caught.value.problems]


def test_a_message_is_filled_in():
    assert SHOP.text("late", count=3, total=4) == "3 of 4.0 late"
    assert SHOP.text("rules.title", "en") == "Rules"


def test_a_message_that_is_not_there_is_an_error_with_the_one_that_was_meant():
    with pytest.raises(DocumentError) as caught:
        SHOP.text("rules.titel")
    assert str(caught.value) == "shop/messages.toml: en.rules.titel: no such message (did you mean 'rules.title'?)"


def test_a_language_that_is_not_there_is_an_error():
    with pytest.raises(DocumentError) as caught:
        SHOP.text("late", language="fr", count=3, total=4)
    assert str(caught.value) == "shop/messages.toml: fr: no messages in this language (the languages are: en)"


@pytest.mark.parametrize(
    ("values", "given"),
    [({}, "nothing"), ({"count": 1}, "count"), ({"count": 1, "total": 2, "more": 3}, "count, more, total")],
)
def test_values_must_be_exactly_those_that_the_message_names(values, given):
    with pytest.raises(DocumentError) as caught:
        SHOP.text("late", **values)
    assert str(caught.value) == (
        f"shop/messages.toml: en.late: asks for count, total and is given {given} "
        "(pass exactly the values that it names)"
    )


def test_a_value_of_the_wrong_kind_is_an_error_that_names_the_message():
    with pytest.raises(DocumentError, match=r"^shop/messages.toml: en.late: cannot be filled in: "):
        SHOP.text("late", count=1, total="many")


def test_every_language_has_every_message():
    assert refusal({"en": {"yes": "yes", "no": "no"}, "zh": {"yes": "是"}}) == [
        "shop/messages.toml: zh.no: is missing (it stands in en)"
    ]


def test_a_message_asks_for_the_same_values_in_every_language():
    assert refusal({"en": {"late": "{count} late"}, "zh": {"late": "迟到"}}) == [
        "shop/messages.toml: late: asks for different values (en: count; zh: nothing) "
        "(let every language ask for the same)"
    ]


def test_the_keys_of_a_catalogue_are_sorted():
    assert SHOP.keys == ("late", "rules.title")


def test_languages_may_put_the_values_in_another_order():
    both = Catalogue({"en": {"of": "{a} of {b}"}, "zh": {"of": "{b} 之 {a}"}}, "shop/messages.toml")
    assert both.languages == ("en", "zh")
    assert both.text("of", "zh", a=1, b=2) == "2 之 1"


def test_all_that_cannot_be_read_is_told_at_once():
    hint = '(write "… {count} …"; a brace itself is {{ or }})'
    assert refusal({"title": "x", "en": {"a": "{", "b": "{}", "c": 1, "d": "{x.y}", "e": "{x:{y}}"}}) == [
        "shop/messages.toml: title: is in no language (put it under [en])",
        f"shop/messages.toml: en.a: cannot be filled in: Single '{{' encountered in format string {hint}",
        f"shop/messages.toml: en.b: '{{}}' is more than a name and a plain format {hint}",
        f"shop/messages.toml: en.c: is 1, not a text {hint}",
        f"shop/messages.toml: en.d: '{{x.y}}' is more than a name and a plain format {hint}",
        f"shop/messages.toml: en.e: '{{x}}' is more than a name and a plain format {hint}",
    ]


_texts = st.text(max_size=20) | st.integers() | st.lists(st.text(max_size=3), max_size=2)
_tables = st.recursive(_texts, lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8)


@given(st.dictionaries(st.text(max_size=5), _tables, max_size=3))
def test_whatever_a_document_holds_it_is_a_catalogue_or_refused(data):
    with suppress(DocumentError):
        Catalogue(data, "shop/messages.toml")


def test_every_message_of_the_program_is_used_and_every_one_used_is_there():
    package = Path(str(files("aftersale")))
    code = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    keys = Catalogue.load("aftersale").keys
    quoted = set(re.findall(r'"([\w.]+)"', code))
    for section, names in re.findall(r'headers_of\("(\w+)", ([^)]+)\)', code):
        quoted |= {f"{section}.{name}" for name in re.findall(r"\w+", names)}
    assert [key for key in keys if key not in quoted] == []
    assert [key for key in re.findall(r'\btext\(\s*"([\w.]+)"', code) if key not in keys] == []


def test_the_program_speaks_english():
    assert core_text("commands.interrupted") == "Interrupted."
