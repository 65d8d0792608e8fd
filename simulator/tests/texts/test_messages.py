"""Texts: every topic in every language, answers that belong to what was asked, names of the buyer's language."""

from datetime import UTC, datetime, timedelta
from string import Formatter

import polars as pl
import pytest

from aftersale.clocks import Calendar
from aftersale.policies.marketplaces import Marketplace
from aftersale_simulator.assumptions.reactions import load_reactions
from aftersale_simulator.texts.messages import locale_of, with_texts
from aftersale_simulator.texts.templates import LANGUAGES, REMINDER, TOPICS, Exchange, load_templates

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
LETTERS = {
    "en": "abc",
    "de": "äöüß",
    "fr": "éèàç",
    "it": "èàùò",
    "es": "ñ¿¡ó",
    "ja": "のはをす",
    "zh": "的您订单",
}
"""Letters by which a language is told from the others."""


def marketplace(language: str, country: str) -> Marketplace:
    return Marketplace("HERE", "id", country, "EUR", "UTC", (language,), Calendar("UTC", None))


def exchanges(language: str) -> dict[str, tuple[Exchange, ...]]:
    return {topic: load_templates(language).of(topic) for topic in TOPICS}


def messages(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Return messages of (order, sender, topic), an hour apart."""
    orders, senders, topics = zip(*rows, strict=True)
    return pl.DataFrame(
        {
            "case": [f"{order}-M" for order in orders],
            "order": orders,
            "marketplace": ["HERE"] * len(rows),
            "sender": senders,
            "topic": topics,
            "sent_at": [AT + timedelta(hours=hour) for hour in range(len(rows))],
        }
    )


def test_the_topics_are_what_messages_say() -> None:
    said = {word for row in load_reactions().reaction if row.fact == "buyer_message" for word in row.details or {}}
    assert said == set(TOPICS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_topic_has_several_texts_and_an_answer_to_each(language: str) -> None:
    of_language, english = exchanges(language), exchanges("en")
    for topic, pairs in of_language.items():
        assert len(pairs) == len(english[topic]) >= 3
        assert len({pair.buyer for pair in pairs}) == len(pairs)
        assert all((pair.seller is None) == (topic == REMINDER) for pair in pairs)
    texts = [text for pairs in of_language.values() for pair in pairs for text in (pair.buyer, pair.seller) if text]
    assert len(set(texts)) == len(texts)
    assert all(letter in "".join(texts) for letter in LETTERS[language])
    if language != "en":
        assert not set(texts) & {
            text for pairs in english.values() for pair in pairs for text in (pair.buyer, pair.seller)
        }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_names_the_buyer_and_nothing_that_is_not_filled(language: str) -> None:
    for topic, pairs in exchanges(language).items():
        for pair in pairs:
            for text in filter(None, (pair.buyer, pair.seller)):
                fields = {field for _, field, _, _ in Formatter().parse(text) if field is not None}
                assert {"name"} <= fields <= {"name", "order"}, (topic, text)


def test_answers_belong_to_what_was_asked_and_reminders_leave_the_question_open() -> None:
    rows = [
        ("1", "buyer", "problem"),
        ("1", "buyer", "reminder"),
        ("2", "buyer", "late"),
        ("1", "seller", ""),
        ("2", "seller", ""),
    ]
    told = with_texts(messages(*rows), {"HERE": marketplace("de", "DE")}, seed=5, replication=1)
    asked, reminded, late, answer, late_answer = told.select("order", "buyer", "text").iter_rows()

    def filled(topic: str, order: str, name: str) -> dict[str, str]:
        pairs = load_templates("de").of(topic)
        values = {"name": name, "order": order}
        return {pair.buyer.format(**values): (pair.seller or "").format(**values) for pair in pairs}

    assert answer[2] == filled("problem", "1", asked[1])[asked[2]]
    assert late_answer[2] == filled("late", "2", late[1])[late[2]]
    assert reminded[2] in filled("reminder", "1", asked[1])


def test_all_texts_of_a_topic_are_written() -> None:
    rows = [(str(order), "buyer", "lost") for order in range(300)]
    told = with_texts(messages(*rows), {"HERE": marketplace("fr", "FR")}, seed=5, replication=1)
    written = {text.replace(name, "{name}") for name, text in told.select("buyer", "text").iter_rows()}
    begins = [pair.buyer[:8] for pair in load_templates("fr").lost]
    assert all(any(text.startswith(begin) for text in written) for begin in begins)


def test_a_language_and_a_topic_without_texts_have_others() -> None:
    rows = [("1", "buyer", "a topic of a plugin"), ("1", "seller", "")]
    told = with_texts(messages(*rows), {"HERE": marketplace("sv", "SE")}, seed=5, replication=1)
    name = told["buyer"][0]
    pairs = {pair.buyer.format(name=name, order="1"): pair.seller for pair in load_templates("en").question}
    answer = pairs[told["text"][0]]
    assert answer is not None
    assert told["text"][1] == answer.format(name=name, order="1")


def test_texts_are_in_the_buyers_language_and_the_same_for_the_same_order() -> None:
    rows = messages(("1", "buyer", "question"), ("2", "buyer", "question"), ("1", "seller", ""))
    japan = {"HERE": marketplace("ja", "JP")}
    first, again = (with_texts(rows, japan, seed=5, replication=1) for _ in range(2))
    assert first.equals(again)
    assert first["buyer"][0] == first["buyer"][2]
    assert any("\u3040" <= letter <= "\u9fff" for letter in first["text"][0])
    assert first["buyer"].to_list() != with_texts(rows, japan, seed=6, replication=1)["buyer"].to_list()


@pytest.mark.parametrize(
    ("language", "country", "locale"),
    [("de", "DE", "de_DE"), ("ja", "JP", "ja_JP"), ("en", "GB", "en_GB"), ("xx", "XX", "en_US")],
)
def test_each_language_has_its_locale(language: str, country: str, locale: str) -> None:
    assert locale_of(marketplace(language, country)) == locale
