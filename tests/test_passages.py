"""Sentences are whole and word for word, passages are of a useful length, and what is marked is never in them."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ateneo.ingest.passages import LONGEST, make_passages, slide_passages, summary_passages
from ateneo.ingest.sentences import sentences
from ateneo.records import Cue, Frame, MarkedSpan, Talk, Track

TALK = Talk("t", "Una charla")


def cues(*texts: str, seconds: float = 5.0, pause: float = 0.0) -> tuple[Cue, ...]:
    return tuple(Cue(n * (seconds + pause), n * (seconds + pause) + seconds, said) for n, said in enumerate(texts))


def said(*texts: str) -> list[str]:
    return [sentence.text for sentence in sentences(cues(*texts))]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("Hola a todos. ¿Qué tal? ¡Bien!",), ["Hola a todos.", "¿Qué tal?", "¡Bien!"]),
        (("El Dr. Pérez y la Sra. Gil.", "Hablan."), ["El Dr. Pérez y la Sra. Gil.", "Hablan."]),
        (("Cuesta 3.5 millones. Es caro.",), ["Cuesta 3.5 millones.", "Es caro."]),
        (("Lo dijo J. F. Kennedy. Era 1962.",), ["Lo dijo J. F. Kennedy.", "Era 1962."]),
        (("Pues... no sé. «Sí.» Bien.",), ["Pues... no sé.", "«Sí.»", "Bien."]),
        (("The U.S. Navy, e.g. Mr. Smith.", "Left."), ["The U.S. Navy, e.g. Mr. Smith.", "Left."]),
        (("Una frase que sigue", "en otro cue. Otra."), ["Una frase que sigue en otro cue.", "Otra."]),
        (("[Música]", "Buenas tardes."), ["Buenas tardes."]),
    ],
)
def test_sentences_are_cut_where_they_end(texts: tuple[str, ...], expected: list[str]) -> None:
    assert said(*texts) == expected


def test_a_sentence_is_timed_by_its_place_in_its_cues() -> None:
    first, second = sentences([Cue(10, 20, "Son diez. Son otras diez y"), Cue(20, 22, "dos más.")])
    assert (first.start, second.end) == (10, 22)
    assert 13 < first.end <= second.start < 15


def test_text_without_punctuation_is_cut_at_pauses() -> None:
    parts = cues(*["y entonces el coche va por la calle"] * 20, seconds=3.0, pause=0.0)
    later = tuple(Cue(cue.start + 70, cue.end + 70, cue.text) for cue in parts)
    found = sentences((*parts, *later))
    assert all(sentence.text.count(" ") < 60 for sentence in found)
    assert any(sentence.start == 70 for sentence in found)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text("aAbñ .?¿!,3", min_size=1, max_size=60), st.floats(0, 9)), max_size=30))
def test_every_sentence_is_a_part_of_the_transcript_and_of_its_time(rows: list[tuple[str, float]]) -> None:
    track = Track("es", tuple(Cue(n * 4.0, n * 4.0 + length, text) for n, (text, length) in enumerate(rows)))
    joined = " ".join(" ".join(cue.text.split()) for cue in track.cues if cue.text.split())
    for passage in make_passages(TALK, track):
        assert all(sentence.text in joined for sentence in passage.sentences)
        assert all(passage.start <= s.start <= s.end <= passage.end for s in passage.sentences)


def test_passages_hold_all_sentences_and_share_one_with_the_next() -> None:
    track = Track("es", cues(*[f"Esta es la frase número {n}." for n in range(60)]))
    passages = make_passages(TALK, track)
    assert {s for p in passages for s in p.sentences} == set(sentences(track.cues))
    assert all(a.sentences[-1] == b.sentences[0] for a, b in pairwise(passages))
    assert all(40 <= p.end - p.start <= LONGEST + 30 for p in passages[:-1])


def test_a_passage_ends_where_the_slide_changes() -> None:
    track = Track("es", cues(*[f"Esta es la frase número {n}." for n in range(40)]))
    assert make_passages(TALK, track, slide_changes=[60.0])[0].end == 60.0


def test_loops_and_gaps_are_in_no_passage_but_repaired_words_are() -> None:
    track = Track(
        "es", cues("Uno.", "Dos dos dos.", "Tres.", "Cuatro."),
        marks=(MarkedSpan(6, 9, "loop"), MarkedSpan(15, 20, "gap"), MarkedSpan(10, 15, "repaired")),
    )  # fmt: skip
    assert [p.text for p in make_passages(TALK, track)] == ["Uno. Tres."]


def test_overlapping_unordered_and_empty_cues_do_no_harm() -> None:
    track = Track("es", (Cue(9, 8, "Tres."), Cue(0, 5, "Uno."), Cue(2, 6, "Dos."), Cue(3, 3, "  ")))
    assert [p.text for p in make_passages(TALK, track)] == ["Uno. Dos. Tres."]
    assert make_passages(TALK, Track("es", ())) == []


def test_each_line_of_a_slide_is_a_sentence_shown_as_long_as_the_slide() -> None:
    frames = [Frame(3, 9, "a.jpg", "El título\n\n  una   línea"), Frame(9, 12, "b.jpg")]
    [passage] = slide_passages(TALK, frames, "es")
    assert passage.source == "slide"
    assert passage.sentences == (Cue(3, 9, "El título"), Cue(3, 9, "una línea"))


def test_a_summary_is_one_passage_and_an_empty_one_is_none() -> None:
    [passage] = summary_passages(TALK, [Cue(1, 2, "Una."), Cue(7, 9, "Otra.")], "es")
    assert (passage.source, passage.start, passage.end) == ("summary", 1, 9)
    assert summary_passages(TALK, [], "es") == []
