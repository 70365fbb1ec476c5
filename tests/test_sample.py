"""The sample archive is complete, small, and its truth speaks of what is there."""

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pysubs2
import pytest

from ateneo.ingest.language import of_text

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "src" / "ateneo" / "sample"
MEGABYTE = 1_000_000
TRUTH: dict[str, Any] = json.loads((ROOT / "recipes" / "sample" / "truth.json").read_text(encoding="utf-8"))
TALKS = {talk["file"]: talk for talk in TRUTH["talks"]}
RECORDINGS = sorted(path.name for path in SAMPLE.glob("*.mp4"))


def listed() -> list[dict[str, str]]:
    with (SAMPLE / "talks.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_at_least_eight_talks_of_which_two_in_english() -> None:
    assert len(RECORDINGS) >= 8
    assert sum(row["language"] == "en" for row in listed()) == 2


def test_the_whole_sample_is_at_most_25_megabytes() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) <= 25 * MEGABYTE


def test_metadata_is_complete_and_equals_the_truth() -> None:
    rows = {row["file"]: row for row in listed()}
    assert sorted(rows) == RECORDINGS == sorted(TALKS)
    for name, row in rows.items():
        assert all(row[column] for column in ("title", "speakers", "date", "number", "language"))
        assert (row["title"], row["speakers"]) == (TALKS[name]["title"], "; ".join(TALKS[name]["speakers"]))
        assert "2015" <= row["date"] <= "2024-12-31"
    assert len({row["number"] for row in rows.values()}) == len(rows)


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recording_opens_with_picture_and_sound_of_the_right_length(name: str) -> None:
    with av.open(SAMPLE / name) as recording:
        picture, sound = recording.streams.video[0], recording.streams.audio[0]
        assert (picture.codec_context.name, picture.width, picture.height) == ("h264", 1280, 720)
        assert sound.codec_context.name == "aac"
        assert recording.duration is not None
        assert recording.duration / av.time_base == pytest.approx(TALKS[name]["duration"], abs=0.5)


@pytest.mark.parametrize("path", sorted(SAMPLE.glob("*.vtt")), ids=lambda path: path.name)
def test_captions_are_in_the_language_of_their_name(path: Path) -> None:
    text = " ".join(line.plaintext for line in pysubs2.load(str(path)))
    assert of_text(text) == path.suffixes[-2].removeprefix(".")


@pytest.mark.parametrize("name", RECORDINGS)
def test_captions_are_in_order_and_lie_within_the_recording(name: str) -> None:
    stem, languages = Path(name).stem, TALKS[name]["captions"]
    tracks = [list(pysubs2.load(str(SAMPLE / f"{stem}.{language}.vtt"))) for language in languages]
    assert TALKS[name]["language"] in languages
    for track in tracks:
        assert len(track) >= 20
        assert all(cue.text.strip() and cue.start < cue.end for cue in track)
        assert all(a.end <= b.start for a, b in pairwise(track))
        assert track[-1].end <= 1000 * TALKS[name]["duration"]
    assert len({tuple((cue.start, cue.end) for cue in track) for track in tracks}) == 1


@pytest.mark.parametrize("name", RECORDINGS)
def test_slides_fill_the_recording_and_last_long_enough_to_be_read(name: str) -> None:
    slides = TALKS[name]["slides"]
    assert 5 <= len(slides) <= 8
    assert slides[0]["start"] == 0
    assert all(a["end"] == b["start"] for a, b in pairwise(slides))
    assert all(slide["end"] - slide["start"] >= 8 for slide in slides)


def test_every_question_is_answered_by_some_talks_and_nearly_by_others() -> None:
    assert len(TRUTH["questions"]) == 3
    for question in TRUTH["questions"]:
        answers, misses = set(question["answers"]), set(question["near_misses"])
        assert len(answers) >= 2
        assert misses
        assert not answers & misses
        assert answers | misses <= set(TALKS)


def test_every_sight_lies_within_an_existing_talk() -> None:
    assert len(TRUTH["sights"]) == 3
    for sight in TRUTH["sights"]:
        assert sight["right"]
        for seen in sight["right"] + sight["near_misses"]:
            assert 0 <= seen["start"] < seen["end"] <= TALKS[seen["file"]]["duration"]


def test_the_readme_says_that_the_speakers_are_invented() -> None:
    text = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert "Every speaker is invented" in text
    assert all(speaker in text for talk in TALKS.values() for speaker in talk["speakers"])
