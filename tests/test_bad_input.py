"""Broken and odd files, alone and among good ones, full disks, unreadable folders: one clear line, no harm done."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ateneo import Archive
from tests.conftest import COMMAND, ROOT, Command, write_video, write_vtt

GOOD = ["El hidrógeno verde se produce con electricidad renovable.", "El coche de hidrógeno reposta en cinco minutos."]


def lines(text: str) -> list[str]:
    """What was printed, without the closing count and its list."""
    return [line for line in text.splitlines() if line.startswith("ateneo: ")]


def test_every_malformed_file_alone_is_a_talk_or_one_clear_line_as_documented(shared: Path, tmp_path: Path) -> None:
    documented = set(re.findall(r"^\| (\w+/\S+) \|", (ROOT / "docs" / "inputs.md").read_text(), re.MULTILINE))
    files = [path for path in sorted((shared / "malformed").rglob("*")) if path.is_file() and path.suffix != ".txt"]
    assert len(files) == 63
    refused = set()
    for path in files:
        (outcome,) = Archive(tmp_path / "archive").add(path, speech=False).outcomes
        if outcome.state == "skipped":
            (line,) = outcome.problems
            assert line.startswith(f"cannot read {path}: "), path
            assert "; " in line, "no next step"
            refused.add(str(path.relative_to(shared / "malformed")))
        else:
            assert outcome.problems == (), path
    assert refused == documented


def test_malformed_files_do_not_harm_good_ones(shared: Path, ateneo: Command, tmp_path: Path) -> None:
    write_video(tmp_path / "good.mp4", ["HIDRÓGENO"], seconds=1.0)
    write_vtt(tmp_path / "good.es.vtt", GOOD)
    ended = ateneo("add", "--no-speech", "--jobs", "2", shared / "malformed", tmp_path / "good.mp4")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "skipped" in ended.stderr.splitlines()[-1] or "indexed" in ended.stderr
    found = ateneo("search", "hidrógeno")
    assert "GOOD" in found.stdout


def test_an_empty_file_and_a_text_file_give_one_line_each(ateneo: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.mp4").write_text("these are notes, not a video\n")
    (tmp_path / "nothing.vtt").touch()
    ended = ateneo("add", tmp_path / "empty.mp4", tmp_path / "notes.mp4", tmp_path / "nothing.vtt")
    assert ended.returncode == 2
    assert len(lines(ended.stderr)) == 3
    assert all("cannot read" in line and "; " in line for line in lines(ended.stderr))


def test_a_path_that_is_not_there_is_named_and_the_rest_is_done(ateneo: Command, tmp_path: Path) -> None:
    good = write_vtt(tmp_path / "good.vtt", GOOD)
    ended = ateneo("add", tmp_path / "nowhere.mp4", good)
    assert ended.returncode == 1
    assert f"cannot read {tmp_path / 'nowhere.mp4'}: no such file" in ended.stderr
    assert "1 indexed" in ended.stderr


AS_NOBODY = """
import os, pathlib, sys
from ateneo import Archive
place = pathlib.Path(sys.argv[1])
Archive(place / "warm").add(place / "talks/good.vtt")  # everything is imported before the rights are given up
if os.geteuid() == 0:
    os.setegid(65534), os.seteuid(65534)
report = Archive(place / "archive").add(place / "talks")
print(report.count("indexed"), *report.problems, *(p for o in report.outcomes for p in o.problems), sep="\\n")
"""


def test_an_unreadable_folder_and_file_are_named_and_the_rest_is_done(tmp_path: Path) -> None:
    closed = tmp_path / "talks/closed"
    closed.mkdir(parents=True)
    write_vtt(tmp_path / "talks/good.vtt", GOOD)
    secret = write_vtt(tmp_path / "talks/secret.vtt", GOOD)
    for path, rights in [(closed, 0), (secret, 0), (tmp_path, 0o777), *((p, 0o755) for p in tmp_path.parents[:-2])]:
        path.chmod(rights)
    ended = subprocess.run([sys.executable, "-c", AS_NOBODY, tmp_path], capture_output=True, text=True, check=True)
    closed.chmod(0o700)
    count, *problems = ended.stdout.splitlines()
    assert count == "1"
    assert any(line.startswith(f"cannot read the folder {closed}: Permission denied; ") for line in problems)
    assert any(str(secret) in line and "ermission denied" in line for line in problems)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("cannot mount a small file system here; needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_stops_the_run_with_one_line_and_what_is_done_stays(small_disk: Path, tmp_path: Path) -> None:
    for number in range(12):
        write_vtt(tmp_path / f"charla {number:02d}.vtt", [f"{sentence} Toma {number}." for sentence in GOOD * 150])
    command = [COMMAND, "--archive", small_disk / "archive", "add", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "free some space and run the same command again" in ended.stderr
    kept = [talk.id for talk in Archive(small_disk / "archive").talks()]
    assert kept, "nothing was kept"
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode == 0, again.stderr
    assert len(Archive(small_disk / "archive").talks()) == 12
    assert Archive(small_disk / "archive").search("hidrógeno").hits


def test_captions_with_impossible_times_are_put_right(tmp_path: Path) -> None:
    (tmp_path / "charla.srt").write_text(
        "1\n00:00:10,000 --> 00:00:12,000\nDespués habla del hidrógeno.\n\n"
        "2\n00:00:01,000 --> 00:00:20,000\nPrimero saluda a todos.\n\n"
        "3\n00:00:30,000 --> 00:00:25,000\nTermina antes de empezar.\n\n"
        "4\n-00:00:05,000 --> 00:00:02,000\nEmpieza antes de cero.\n"
    )
    archive = Archive(tmp_path / "archive")
    assert archive.add(tmp_path / "charla.srt").count("indexed") == 1
    hits = archive.search("hidrógeno saluda empezar cero", limit=20)
    assert hits.hits
    assert all(0 <= hit.start <= hit.end for hit in hits)


def test_a_transcript_of_twelve_hours_is_taken_within_seconds(tmp_path: Path) -> None:
    sentences = [f"La frase número {n} habla de la hora {n // 900}." for n in range(10_800)]
    path = write_vtt(tmp_path / "larga.vtt", sentences)
    archive = Archive(tmp_path / "archive")
    assert archive.add(path).count("indexed") == 1
    assert archive.talk("larga").duration == pytest.approx(43_200, abs=1)
    hit = archive.search("frase número 9000")[0]
    assert hit.start <= 9000 * 4 <= hit.end
