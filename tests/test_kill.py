"""kill -9 at every stage and at random moments: the next run finishes what was left, and the archive is the same as one
made without interruption."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ateneo import Archive
from ateneo.archive.store import STAGES
from tests.conftest import COMMAND, write_video, write_vtt

KILLS = int(os.environ.get("ATENEO_KILLS", "50"))
SENTENCES = ["El hidrógeno mueve el coche.", "La batería pesa mucho.", "Es una lengua.", "Teruel tiene aviones."]

SUICIDE = """
import os, signal, sys
from ateneo import Archive

def die(event):
    if event.stage == sys.argv[3] and event.outcome is None and event.fraction == float(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)

Archive(sys.argv[1]).add(sys.argv[2], progress=die)
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    for number, sentence in enumerate(SENTENCES):
        write_vtt(folder / f"charla {number}.es.vtt", [sentence, f"Esta es la charla número {number}."])
    write_video(folder / "charla 1.mp4", ["HIDRÓGENO", "BATERÍAS"], seconds=1.5)
    return folder


@pytest.fixture(scope="module")
def whole(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The archive made without interruption."""
    folder = tmp_path_factory.mktemp("whole") / "archive"
    Archive(folder).add(recordings)
    return content(folder)


def content(folder: Path) -> dict[str, object]:
    """All that an archive holds, times of writing and working apart, and what its index answers."""
    archive = Archive(folder)
    found: dict[str, object] = {}
    for path in sorted((folder / "talks").rglob("*")):
        if path.is_file() and path.name != "done.json":
            found[str(path.relative_to(folder))] = path.read_bytes()
    for talk_id in archive.store.ids():
        done = archive.store.done(talk_id)
        found[f"done {talk_id}"] = {name: (d.state, d.input, d.engine, d.note, d.outputs) for name, d in done.items()}
    found["states"] = archive.index.states()
    found["size"] = archive.index.size()
    found["hits"] = {s: sorted(h.talk.id for h in archive.search(s)) for s in SENTENCES}
    return found


def marks(folder: Path) -> dict[tuple[str, str], object]:
    """The stages that are done, each with all that done.json says of it."""
    found = {}
    for path in (folder / "talks").glob("*/done.json"):
        for stage, values in json.loads(path.read_text())["stages"].items():
            found[path.parent.name, stage] = values
    return found


def finish_and_compare(folder: Path, recordings: Path, whole: dict[str, object]) -> None:
    """The next run finishes, keeps every stage that was done, and ends with the same archive."""
    before = marks(folder)
    Archive(folder).add(recordings)
    after = marks(folder)
    assert {key: after[key] for key in before} == before, "a stage that was done was done again"
    assert content(folder) == whole


@pytest.mark.parametrize("fraction", [0.0, 1.0], ids=["begun", "ended"])
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "index"])
def test_killed_in_a_stage_the_next_run_finishes(
    stage: str, fraction: float, recordings: Path, whole: dict[str, object], tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    command = [sys.executable, "-c", SUICIDE, str(folder), str(recordings), stage, str(fraction)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    finish_and_compare(folder, recordings, whole)


@pytest.mark.timeout(1200)
def test_killed_at_random_moments_the_next_run_finishes(
    recordings: Path, whole: dict[str, object], tmp_path: Path
) -> None:
    command = [COMMAND, "--archive", tmp_path / "timed", "add", recordings]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    spent = time.monotonic() - began
    dice = random.Random(20)
    killed = 0
    for number in range(4 * KILLS):
        folder = tmp_path / f"archive-{number}"
        process = subprocess.Popen(
            [COMMAND, "--archive", folder, "add", recordings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(dice.uniform(0.1, spent))
        running = process.poll() is None
        process.kill()
        process.wait()
        finish_and_compare(folder, recordings, whole)
        killed += running
        spent *= 1.0 if running else 0.9  # the machine was busier when it was timed
        if killed == KILLS:
            return
    pytest.fail(f"only {killed} of {4 * KILLS} runs were still going when they were killed")
