"""From sound to words, by engines that come through the same door as anybody's."""

import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ateneo_test_engines import tiny_whisper
from ateneo_test_engines.scripted import Scripted
from ateneo_test_engines.sound import Voice, music, silence, write_wav

from ateneo import ModelMissing
from ateneo.engines import SAMPLE_RATE, load
from ateneo.engines.whisper import FasterWhisper, size_for_hardware
from ateneo.ingest import language, marks, speech
from ateneo.ingest.sentences import sentences
from ateneo.records import Track, Word

SPANISH = """
Buenos días a todos y gracias por venir. Hoy vamos a hablar del hidrógeno verde y de lo que puede hacer por nuestra
provincia. El coche de hidrógeno reposta en cinco minutos y su pila de combustible solo emite vapor de agua. Nadie dice
que sea fácil, porque producirlo con electricidad renovable cuesta todavía el doble que sacarlo del gas natural. Pero el
precio baja cada año y las montañas de Teruel tienen viento de sobra para intentarlo.
"""
ENGLISH = """
Good morning everybody and thank you for coming. Before we begin I would like to say a few words about the place where
we are and about those who made this meeting possible.
"""


def spoken(text: str, *, begin: float, end: float) -> list[Word]:
    """The words of a text, again and again from the last on where it is too short, evenly over these seconds."""
    pace = 0.4
    texts = list(itertools.islice(itertools.cycle(text.split()), int((end - begin) / pace)))
    return [Word(begin + n * pace, begin + (n + 0.9) * pace, word, 0.9) for n, word in enumerate(texts)]


@pytest.fixture(scope="session")
def voice(shared: Path) -> Voice:
    """People speaking Spanish and English."""
    return Voice(sorted((shared / "speech" / "azure").glob("*.wav")))


def cited(track: Track) -> str:
    """All that could be cited."""
    return " ".join(sentence.text for sentence in sentences(track.cues, marks=track.marks))


def test_pocketsphinx_hears_kennedy_at_the_right_seconds(shared: Path) -> None:
    path = shared / "speech" / "whisper_jfk" / "jfk.flac"
    track = speech.transcribe(path, engine=load("speech", "pocketsphinx"))
    assert track.language == "en"
    at = {word.text.removesuffix("ns"): word.start for word in track.words}
    assert at["america"] == pytest.approx(1.6, abs=0.3)
    assert at["country"] == pytest.approx(5.9, abs=0.3)
    assert all(0 <= word.start < word.end <= 11.0 for word in track.words)
    assert " ".join(" ".join(cue.text.split()) for cue in track.cues) == " ".join(word.text for word in track.words)


def test_faster_whisper_runs_from_sound_to_words_on_a_model_of_random_weights(shared: Path, tmp_path: Path) -> None:
    engine = FasterWhisper(str(tiny_whisper.write(tmp_path / "tiny")))
    track = speech.transcribe(shared / "speech" / "whisper_jfk" / "jfk.flac", engine=engine)
    assert len(track.words) > 5
    assert all(0 <= word.start <= word.end <= 11.0 and 0 <= word.probability <= 1 for word in track.words)
    assert track.origin == f"faster-whisper {engine.version}"
    told = engine.languages(music(5))
    assert len(told) > 90
    assert sum(told.values()) == pytest.approx(1.0)


def test_weights_that_cannot_be_fetched_cost_one_line_with_the_ways_out_and_little_time(tmp_path: Path) -> None:
    began = time.perf_counter()
    for _ in range(2):
        engine = FasterWhisper("tiny", cache=tmp_path, hub="http://127.0.0.1:9")
        with pytest.raises(ModelMissing, match=r"^[^\n]*put captions.*ATENEO_WHISPER_MODEL=FOLDER.*--no-speech$"):
            engine.recognise(silence(1.0), language="es")
    assert time.perf_counter() - began < 20
    assert engine.weights() is None


def test_a_folder_without_its_tokenizer_is_named_and_nothing_is_fetched(tmp_path: Path) -> None:
    (tiny_whisper.write(tmp_path / "tiny") / "tokenizer.json").unlink()
    with pytest.raises(ModelMissing, match=r"tokenizer.json is not in .*tiny"):
        FasterWhisper(str(tmp_path / "tiny")).recognise(silence(1.0), language="es")


def test_the_size_follows_the_machine() -> None:
    assert size_for_hardware(cores=2, memory=4.0, cuda=1) == "large-v3-turbo"
    assert size_for_hardware(cores=16, memory=32.0, cuda=0) == "large-v3-turbo"
    assert size_for_hardware(cores=2, memory=4.0, cuda=0) == "small"
    assert size_for_hardware(cores=1, memory=1.0, cuda=0) == "tiny"


def test_silence_and_music_are_never_given_to_an_engine_and_times_are_true_after_them(
    tmp_path: Path, voice: Voice
) -> None:
    path = write_wav(tmp_path / "x.wav", silence(20), music(40), voice(30), silence(10), voice(100, seed=2))
    words = [*spoken(SPANISH, begin=60, end=90), *spoken(SPANISH, begin=100, end=198)]
    engine = Scripted(recording=path, words=words)
    track = speech.transcribe(path, engine=engine, language="es")
    assert min(begin for begin, _ in engine.heard) > 55
    assert all(end - begin <= speech.LONGEST + 1 for begin, end in engine.heard)
    assert [word.text for word in track.words] == [word.text for word in words]
    assert max(abs(a.start - b.start) for a, b in zip(track.words, words, strict=True)) < 0.01
    assert track.marks == ()


def test_a_spanish_talk_that_begins_in_english_is_spanish(tmp_path: Path, voice: Voice) -> None:
    path = write_wav(tmp_path / "x.wav", music(15), voice(40), voice(320, seed=2))
    words = [*spoken(ENGLISH, begin=16, end=55), *spoken(SPANISH, begin=56, end=374)]
    answers = [{"en": 0.95, "es": 0.05}, *[{"es": 0.6, "en": 0.4}] * 5]
    assert speech.transcribe(path, engine=Scripted(recording=path, words=words, languages=answers)).language == "es"


def test_a_spanish_talk_is_spanish_even_where_the_engine_takes_all_of_it_for_english(
    tmp_path: Path, voice: Voice
) -> None:
    path = write_wav(tmp_path / "x.wav", voice(130))
    engine = Scripted(recording=path, words=spoken(SPANISH, begin=0, end=130), languages=[{"en": 0.9, "es": 0.1}])
    assert speech.transcribe(path, engine=engine).language == "es"
    assert engine.asked[-1] == "es"
    assert speech.transcribe(path, engine=engine, language="an").language == "an"


def test_an_engine_that_cannot_tell_languages_is_labelled_by_its_words(tmp_path: Path, voice: Voice) -> None:
    path = write_wav(tmp_path / "x.wav", voice(40))
    for text, tag in ((SPANISH, "es"), (ENGLISH, "en")):
        track = speech.transcribe(path, engine=Scripted(recording=path, words=spoken(text, begin=0, end=40)))
        assert track.language == tag


def test_loops_and_gaps_of_an_engine_are_marked_and_never_cited(tmp_path: Path, voice: Voice) -> None:
    path = write_wav(tmp_path / "x.wav", voice(180))
    loop = spoken("gracias por ver el vídeo", begin=60, end=90)
    words = [*spoken(SPANISH, begin=0, end=60), *loop, *spoken(SPANISH, begin=110, end=180)]
    track = speech.transcribe(path, engine=Scripted(recording=path, words=words), language="es")
    kinds = {mark.mark: (round(mark.start), round(mark.end)) for mark in track.marks}
    assert kinds["loop"] == (pytest.approx(60, abs=1), pytest.approx(90, abs=1))
    assert kinds["gap"] == (pytest.approx(90, abs=1), pytest.approx(110, abs=1))
    assert "ver el vídeo" not in cited(track)
    assert "vapor de agua" in cited(track)


def test_where_no_voice_is_found_what_is_loud_is_given_and_a_silent_recording_has_no_words(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "hum.wav", silence(5), music(20))
    engine = Scripted(recording=path, words=spoken(SPANISH, begin=6, end=20))
    assert len(speech.transcribe(path, engine=engine, language="es").words) == 35
    path = write_wav(tmp_path / "silence.wav", silence(20))
    assert speech.transcribe(path, engine=Scripted(recording=path)) == Track("und", (), origin="scripted 1")


def test_captions_have_two_lines_end_with_sentences_and_keep_all_words() -> None:
    words = spoken(SPANISH, begin=3, end=60)
    cues = speech.cues_of(words)
    assert " ".join(" ".join(cue.text.split()) for cue in cues) == " ".join(word.text for word in words)
    assert all(len(line) <= speech.LINE for cue in cues for line in cue.text.split("\n"))
    assert all(len(cue.text.split("\n")) <= speech.LINES and cue.end - cue.start <= speech.CUE for cue in cues)
    assert all(a.end <= b.start and a.start < a.end for a, b in itertools.pairwise(cues))
    assert cues[0].text.endswith("venir.")


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), -5.0, 1e9])
def test_times_that_an_engine_invents_stay_inside_the_recording(tmp_path: Path, voice: Voice, broken: float) -> None:
    path = write_wav(tmp_path / "x.wav", voice(10))

    class Broken(Scripted):
        def recognise(self, samples: np.ndarray, *, language: str | None) -> Sequence[Word]:  # type: ignore[type-arg]
            return [Word(1.0, 1.4, "uno"), Word(broken, broken, "dos"), Word(2.0, broken, "tres"), Word(0.5, 2.5, "")]

    track = speech.transcribe(path, engine=Broken(recording=path), language="es")
    assert "uno" in [word.text for word in track.words]
    assert all(0 <= word.start <= word.end <= 11 for word in track.words)
    assert [word.start for word in track.words] == sorted(word.start for word in track.words)


def test_a_long_recording_needs_no_more_memory_than_its_windows(tmp_path: Path, voice: Voice) -> None:
    path = write_wav(tmp_path / "long.wav", *[voice(60, seed=n) for n in range(20)])
    survey = speech.surveyed(path)
    assert survey.length == pytest.approx(1200, abs=1)
    assert speech.WINDOWS // 2 <= len(survey.windows) <= speech.WINDOWS
    assert sum(len(window) for window in survey.windows) <= speech.WINDOWS * speech.WINDOW * SAMPLE_RATE
    assert all(end - start <= speech.LONGEST + 1 for start, end in speech.chunks(survey.voiced))
    assert marks.find([], survey.voiced)[0].mark == "gap"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        (SPANISH, "es"),
        (ENGLISH, "en"),
        ("El deep learning es machine learning con redes", "es"),
        ("Bo día a todos, imos falar hoxe da lingua galega", "gl"),
        ("Bom dia a todos, vamos falar da língua portuguesa", "pt"),
        ("Bon dia a tothom, avui parlarem de la llengua", "ca"),
        ("O aragonés ye una luenga que se fabla en Aragón", "an"),
        ("1 2 3", "und"),
        ("", "und"),
    ],
)
def test_the_language_of_a_text(text: str, tag: str) -> None:
    assert language.of_text(text) == tag


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("es", "es"),
        ("spa", "es"),
        ("es_ES", "es-ES"),
        ("Español", "es"),
        ("pt-br", "pt-BR"),
        ("und", None),
        ("klingon", None),
    ],
)
def test_a_language_as_people_write_it_becomes_a_tag(written: str, tag: str | None) -> None:
    assert language.tag(written) == tag
