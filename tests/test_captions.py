"""Caption files as people and programs write them, read without a word lost."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ateneo import InputError
from ateneo.ingest import captions, media
from ateneo.records import Cue, Track


def read(folder: Path, content: str | bytes, *, name: str = "charla.vtt") -> captions.Captions:
    """What is read from a file of this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return captions.read(path)


def texts(track: Track) -> list[str]:
    return [cue.text for cue in track.cues]


def test_every_caption_file_of_ableplayer_is_read_in_its_language_and_other_kinds_are_refused(shared: Path) -> None:
    for path in sorted((shared / "captions_ableplayer").glob("*.vtt")):
        if "_captions_" in path.name:
            track = captions.read(path)
            wanted = path.stem.split("_")[-1]
            assert wanted in ("test", track.language.lower()), path
            assert len(track.cues) >= 12, path
            assert not any("<" in text or "NOTE" in text for text in texts(track)), path
        else:
            assert not captions.is_caption_file(path), path
            with pytest.raises(InputError, match="chapters, descriptions or metadata"):
                captions.read(path)


def test_spans_notes_and_settings_of_webvtt_are_no_text(shared: Path) -> None:
    track = captions.read(shared / "captions_ableplayer" / "wwa_captions_es.vtt")
    assert track.cues[:2] == (Cue(0.429, 9.165, "[ música ]"), Cue(9.165, 10.792, "Usted quiere a esas personas."))
    assert track.cues[11] == Cue(39.132, 41.0, "Es importante tanto para diseñadores\ncomo para desarrolladores")


def test_srt_and_vtt_of_one_lecture_agree(shared: Path) -> None:
    pairs = [(path, path.with_suffix(".vtt")) for path in sorted((shared / "talks_pharo").glob("*.srt"))]
    assert len(pairs) == 18
    for one, other in ([captions.read(path) for path in pair] for pair in pairs):
        assert [(cue.start, cue.end) for cue in one.cues] == [(cue.start, cue.end) for cue in other.cues]
        same = sum(a == b for a, b in zip(texts(one), texts(other), strict=True))
        assert same >= 0.9 * len(one.cues)  # the .vtt were corrected here and there
        assert one.warnings == other.warnings == ()


def test_both_languages_of_a_talk_have_the_same_times(shared: Path) -> None:
    folders = {path.parent for path in (shared / "talks_nwit").rglob("*.sbv")}
    assert len(folders) == 30
    for folder in folders:
        spanish, english = (captions.read(folder / f"{tag}.sbv") for tag in ("es", "en"))
        assert (spanish.language, english.language) == ("es", "en")
        times = [{(cue.start, cue.end) for cue in track.cues} for track in (spanish, english)]
        assert len(times[0] ^ times[1]) <= 0.1 * len(times[0]), folder
        assert captions.split_name(folder / "es.sbv") == (folder.name, "es")


def test_what_rolls_is_said_once(tmp_path: Path) -> None:
    rolling = """WEBVTT
Kind: captions
Language: es

00:00:00.160 --> 00:00:02.310 align:start position:0%
 
hola<00:00:00.400><c> a</c><00:00:00.640><c> todos</c>

00:00:02.310 --> 00:00:02.320 align:start position:0%
hola a todos
 

00:00:02.320 --> 00:00:04.550 align:start position:0%
hola a todos
bienvenidos<00:00:03.000><c> a</c><00:00:03.400><c> Teruel</c>

00:00:04.550 --> 00:00:04.560 align:start position:0%
bienvenidos a Teruel
 

00:00:04.560 --> 00:00:06.000 align:start position:0%
bienvenidos a Teruel
gracias
"""
    assert texts(read(tmp_path, rolling)) == ["hola a todos", "bienvenidos a Teruel", "gracias"]


def test_what_somebody_says_twice_stays_twice(tmp_path: Path) -> None:
    cues = "".join(
        f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n\n" for n, text in enumerate("sí sí no tal vez".split())
    )
    assert texts(read(tmp_path, cues, name="x.srt")) == ["sí", "sí", "no", "tal", "vez"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_ending_is_read(tmp_path: Path, encoding: str, ending: str) -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n¿Qué ocurrió en Aragón, señor?\n\n2\n00:00:03,000 --> 00:00:04,000\nNada…\n"
    )
    track = read(tmp_path, text.replace("\n", ending).encode(encoding), name="x.srt")
    assert track.cues == (Cue(1.0, 2.0, "¿Qué ocurrió en Aragón, señor?"), Cue(3.0, 4.0, "Nada…"))


def test_entities_tags_and_short_times_are_understood(tmp_path: Path) -> None:
    head = "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n"
    cue = "uno\n01:02.500 --> 01:04.000 line:0\n<i>x</i> &lt; y &amp; z&nbsp;<b>AT&T</b>\n"
    assert read(tmp_path, head + cue).cues == (Cue(62.5, 64.0, "x < y & z AT&T"),)


def test_labels_and_sounds_beside_speech_go_and_the_words_stay(tmp_path: Path) -> None:
    lines = [
        "NARRADOR: Era un día [risas] de sol",
        "♪ La, la, la ♪",
        ">> Ponente: Hola",
        "CLIP: dos redes; a[0] = 1",
        "[Música]",
    ]
    blocks = [f"00:0{n}.000 --> 00:0{n}.900\n{line}\n" for n, line in enumerate(lines)]
    heard = texts(read(tmp_path, "WEBVTT\n\n" + "\n".join(blocks)))
    assert heard == ["Era un día de sol", "La, la, la", "Hola", "CLIP: dos redes; a[0] = 1", "[Música]"]


def test_substation_is_read_with_a_broken_time_in_it(tmp_path: Path) -> None:
    ass = (
        "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,nota\n"
        "Dialogue: 0,0:00:05.00,0:00:07.00,Default,Ana,0,0,0,,{\\i1}Hola{\\i0}, ¿qué\\Ntal?\n"
        "Dialogue: 0,NaN,0:00:09.00,Default,,0,0,0,,otra cosa\n"
    )
    assert sorted(texts(read(tmp_path, ass, name="x.ass"))) == ["Hola, ¿qué\ntal?", "otra cosa"]


def test_times_that_cannot_be_are_put_right_and_counted(tmp_path: Path) -> None:
    times = ["00:10.000 --> 00:05.000", "00:02.000 --> 00:12.000", "-00:03.000 --> 00:01.000", "NaN:NaN --> NaN:NaN"]
    blocks = [f"{time}\ntexto {n}\n" for n, time in enumerate([*times, "00:20.000 --> 00:20.000"])]
    track = read(tmp_path, "WEBVTT\n\n" + "\n".join(blocks))
    assert sorted("\n".join(texts(track)).split("\n")) == [f"texto {n}" for n in range(5)]
    assert all(0 <= cue.start < cue.end for cue in track.cues)
    assert all(a.end <= b.start for a, b in pairwise(track.cues))
    (line,) = track.warnings
    for fault in ("overlapping", "out of order", "negative", "without a time", "without a length"):
        assert fault in line


@pytest.mark.parametrize("content", ["", "\n\n", "WEBVTT\n\n", "a letter to a friend\n", "\0\0\0\0", b"\xff\xfe"])
def test_a_file_without_captions_is_refused_with_a_next_step(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(InputError, match=r"^cannot read .*charla.vtt: .*; give a .vtt"):
        read(tmp_path, content)


def test_twelve_hours_and_more_than_a_hundred_are_read_and_written(tmp_path: Path) -> None:
    cues = tuple(Cue(n * 3.0, n * 3.0 + 2.5, f"Frase número {n}.") for n in range(140 * 1200))
    path = tmp_path / "largo.es.vtt"
    path.write_text(captions.write_vtt(Track("es", cues)), encoding="utf-8")
    assert captions.read(path).cues == cues


def test_captions_inside_a_recording_are_read(shared: Path) -> None:
    path = shared / "video" / "torchcodec" / "nasa_13013.mp4"
    (track,) = captions.embedded(path, media.probe(path))
    assert track.language == "en"
    assert track.cues[1] == Cue(4.26, 8.35, "space telescope in one of the largest cleanrooms in the world")


@pytest.mark.parametrize(
    ("name", "stem", "language"),
    [
        ("talk.vtt", "talk", None),
        ("talk.es.vtt", "talk", "es"),
        ("talk.es-419.vtt", "talk", "es-419"),
        ("talk.en-US.srt", "talk", "en-US"),
        ("TALK.ES.VTT", "TALK", "es"),
        ("talk.spa.srt", "talk", "es"),
        ("talk.es-orig.vtt", "talk", "es"),
        ("talk.es.cc.vtt", "talk", "es"),
        ("talk.mp4.es.vtt", "talk", "es"),
        ("wwa_captions_pt-br.vtt", "wwa", "pt-BR"),
        ("Part.1.vtt", "Part.1", None),
        ("talk.2.vtt", "talk.2", None),
        ("talk.final.vtt", "talk.final", None),
        ("tema.VI.vtt", "tema.VI", None),
        ("qué_es.vtt", "qué_es", None),
        ("dos\nlíneas.es.vtt", "dos\nlíneas", "es"),
    ],
)
def test_the_name_of_a_caption_file_tells_talk_and_language(name: str, stem: str, language: str | None) -> None:
    assert captions.split_name(Path("/talks") / name) == (stem, language)


def test_each_recording_has_its_own_captions_and_no_other(tmp_path: Path) -> None:
    own = {
        "talk.mp4": ["talk.vtt", "talk.en-US.srt", "talk_es.VTT"],
        "talk.2.mp4": ["talk.2.vtt", "talk.2.es.vtt"],
        "talk.es.mkv": ["talk.es.vtt", "talk.es.en.vtt"],
        "talk final.mp3": ["talk final.es-419.vtt"],
    }
    for recording, files in own.items():
        (tmp_path / recording).touch()
        for name in [*files, "talk.txt", "talk_chapters_es.vtt", "talks.es.vtt"]:
            (tmp_path / name).write_text("WEBVTT\n")
    for recording, files in own.items():
        assert sorted(path.name for path in captions.beside(tmp_path / recording)) == sorted(files), recording


def test_a_file_named_by_its_language_belongs_to_the_only_recording(tmp_path: Path) -> None:
    for name in ("video.mp4", "es.vtt", "en.vtt"):
        (tmp_path / name).write_text("WEBVTT\n")
    assert [path.name for path in captions.beside(tmp_path / "video.mp4")] == ["en.vtt", "es.vtt"]
    (tmp_path / "otro.mp4").touch()
    assert captions.beside(tmp_path / "video.mp4") == []


LINE = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=30)
TEXT = st.lists(LINE, min_size=1, max_size=3).map(lambda lines: "\n".join(captions.lines_of("\n".join(lines))))


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    """Tracks as they come out of reading: in order, in whole milliseconds, with text."""
    steps = draw(st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**5), TEXT.filter(bool)), max_size=8))
    cues, at = [], 0
    for wait, length, text in steps:
        start = at + wait + (1 if cues and wait == 0 else 0)
        at = start + length
        cues.append(Cue(start / 1000, at / 1000, text))
    return Track("es", tuple(cues))


@given(track=tracks())
def test_what_is_written_is_read_back_cue_for_cue(tmp_path_factory: pytest.TempPathFactory, track: Track) -> None:
    path = tmp_path_factory.getbasetemp() / "transcript.es.vtt"
    path.write_text(captions.write_vtt(track), encoding="utf-8")
    if track.cues:
        assert captions.read(path).cues == track.cues
        assert captions.write_vtt(captions.read(path)) == captions.write_vtt(track)
    path = path.with_suffix(".srt")
    path.write_text(captions.write_srt(track), encoding="utf-8")
    plain = all(letter.isalnum() or letter in " ,." for cue in track.cues for letter in cue.text)
    if track.cues and plain:
        assert captions.read(path).cues == track.cues


@given(content=st.one_of(st.binary(max_size=300), st.text(st.sampled_from("0123:.,-> \nNaWEBVT<>&;[]"), max_size=200)))
def test_no_file_brings_the_reader_down(tmp_path_factory: pytest.TempPathFactory, content: bytes | str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.vtt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        track = captions.read(path)
    except InputError:
        return
    assert all(0 <= cue.start < cue.end and cue.text for cue in track.cues)
