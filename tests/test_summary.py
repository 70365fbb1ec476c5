"""A summary is sentences of the talk, chapters begin where its subject changes, and both are always the same."""

from ateneo.ingest.sentences import sentences
from ateneo.ingest.summary import FEWEST, MOST, chapters, summarise
from ateneo.records import Cue, Frame, MarkedSpan, Talk, Track

TALK = Talk("t", "Hidrógeno y lenguas")
HYDROGEN = [
    "El hidrógeno mueve el coche con una pila.",
    "La pila de hidrógeno pesa menos que la batería del coche.",
    "Una estación de hidrógeno llena el depósito del coche.",
    "El depósito guarda hidrógeno a mucha presión.",
]
LANGUAGES = [
    "El aragonés es una lengua de los valles.",
    "La escuela enseña poco la lengua aragonesa.",
    "Los niños aprenden el aragonés en casa con sus abuelos.",
    "Una lengua vive si la hablan los niños.",
]


def track(*said: str, seconds: float = 15.0) -> Track:
    return Track("es", tuple(Cue(n * seconds, (n + 1) * seconds, text) for n, text in enumerate(said)))


def test_a_summary_is_a_few_sentences_of_the_talk_in_order_of_time() -> None:
    whole = track(*HYDROGEN * 5, *LANGUAGES * 5)
    found = summarise(TALK, whole).sentences
    assert FEWEST <= len(found) <= MOST
    assert set(found) <= set(sentences(whole.cues))
    assert list(found) == sorted(found, key=lambda s: s.start)
    assert len({s.text for s in found}) == len(found)


def test_a_short_talk_is_its_own_summary_and_silence_has_none() -> None:
    assert [s.text for s in summarise(TALK, track(*HYDROGEN[:2])).sentences] == HYDROGEN[:2]
    assert summarise(TALK, track()).sentences == ()
    assert chapters(TALK, track()) == []


def test_a_loop_is_in_no_summary() -> None:
    said = track(*HYDROGEN)
    marked = Track("es", said.cues, marks=(MarkedSpan(0.0, 20.0, "loop"),))
    assert all(s.start >= 30 for s in summarise(TALK, marked).sentences)


def test_a_chapter_begins_where_the_subject_changes() -> None:
    whole = track(*HYDROGEN * 4, *LANGUAGES * 4)
    assert [chapter.start for chapter in chapters(TALK, whole)] == [0.0, 240.0]


def test_a_talk_of_one_chapter_names_it() -> None:
    found = chapters(TALK, track(*HYDROGEN), [Frame(0.0, 40.0, "", "Resultados", "")])
    assert [(chapter.start, chapter.title) for chapter in found] == [(0.0, TALK.title)]


def test_a_talk_of_a_few_minutes_has_two_chapters() -> None:
    found = chapters(TALK, track(*HYDROGEN, *HYDROGEN[:1], *LANGUAGES, *LANGUAGES[:1]))
    assert len(found) == 2


def test_a_chapter_is_drawn_to_the_slide_and_named_by_its_heading() -> None:
    frames = [Frame(0.0, 232.0, "a.jpg", "El coche\ndel futuro"), Frame(232.0, 480.0, "b.jpg", "Una lengua viva\nuno")]
    found = chapters(TALK, track(*HYDROGEN * 4, *LANGUAGES * 4), frames)
    assert [(chapter.start, chapter.title) for chapter in found] == [(0.0, "El coche"), (232.0, "Una lengua viva")]


def test_chapters_with_the_same_heading_are_told_apart() -> None:
    frames = [Frame(0.0, 240.0, "a.jpg", "Resultados"), Frame(240.0, 480.0, "b.jpg", "Resultados")]
    found = chapters(TALK, track(*HYDROGEN * 4, *LANGUAGES * 4), frames)
    assert [chapter.title for chapter in found] == ["Resultados", "Resultados (2)"]
