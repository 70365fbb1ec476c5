"""Words are the same however they are written, and ñ is a letter of its own."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ateneo import text

ACCENTS = str.maketrans("áéíóúüÁÉÍÓÚÜ", "aeiouuAEIOUU")
SPANISH = st.text("abcdeghilmnorstuvñáéíóúü ÁÉÍÓÚÜÑ", max_size=40)


@given(SPANISH)
def test_accents_never_change_the_words(said: str) -> None:
    assert text.tokens(said) == text.tokens(said.translate(ACCENTS))


@given(st.text(max_size=40))
def test_composed_and_decomposed_letters_are_one(said: str) -> None:
    assert text.fold(unicodedata.normalize("NFC", said)) == text.fold(unicodedata.normalize("NFD", said))


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(said: str) -> None:
    assert text.fold(text.fold(said)) == text.fold(said)


@given(st.text(max_size=60))
def test_any_text_can_be_split_and_stemmed(said: str) -> None:
    words = text.tokens(said)
    assert len(text.stems(words, "es")) == len(words)
    assert all(word and word.strip() == word for word in words)


def test_n_with_tilde_is_another_letter_but_light_as_n() -> None:
    assert text.tokens("AÑO ano an\u0303o") == ["año", "ano", "año"]
    assert text.stem("año") != text.stem("ano")
    assert text.light("españa") == "espana"


@pytest.mark.parametrize(
    ("one", "other"),
    [("oportunidades", "oportunidad"), ("aeronáutica", "aeronáutico"), ("canciones", "canción"), ("lenguas", "lengua")],
)
def test_forms_of_a_spanish_word_share_a_stem(one: str, other: str) -> None:
    assert text.stems(text.tokens(one)) == text.stems(text.tokens(other))


def test_question_words_are_not_content() -> None:
    assert text.content(text.tokens("¿Cuáles son los retos del aragonés?")) == ["retos", "aragones"]
    assert text.content(text.tokens("What does the talk say?")) == ["talk", "say"]


@pytest.mark.parametrize(
    ("question", "language"),
    [("¿Quién habló?", "es"), ("que es un coche", "es"), ("what is a car", "en"), ("Higgs", None), ("", None)],
)
def test_the_language_of_a_question_is_guessed_or_left_open(question: str, language: str | None) -> None:
    assert text.guess_language(question) == language
