"""How fast `see` is over a large archive, and what picture, slide text and speech find alone and together.

    python benchmarks/see.py --scale [--frames 100000] [--keep DIR]
    python benchmarks/see.py --quality [--model FOLDER] [--sheet FILE.png]

Scale: talks of 50 frames and 20 passages, with random vectors of 384 numbers and words drawn with a seed; processor
milliseconds of `Archive.see` on one thread, everything in it: the query's vector, three searches, fusion, folding.

Quality: slides_images below ATENEO_SHARED, 76 pages of 22 decks as frames of 22 talks, 22 Spanish queries; nothing was
chosen on it. Pages hold the text that OCR reads. `--model` is a folder of the image tower; else the one that ships.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo import Archive
from ateneo.archive.store import Recording
from ateneo.common_words import ENGLISH_COMMON, SPANISH_COMMON
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.records import Cue, Frame, Passage, Talk

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
FRAMES, PASSAGES, WIDTH = 50, 20, 384  # of a talk; numbers of a vector
SECONDS = 20.0  # a frame is in view
ROUNDS = 30


class Anything:
    """A picture engine that gives every text a random direction: only its speed is of use."""

    name, space = "anything", "anything-1"

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, WIDTH) unit vectors."""
        return units(np.random.default_rng(abs(hash(texts[0])) % 2**32), len(texts))

    def embed_pictures(self, pictures: Sequence[object]) -> NDArray[np.float32]:
        """(N, WIDTH) unit vectors."""
        return units(np.random.default_rng(0), len(pictures))


def units(dice: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Random unit vectors (count, WIDTH)."""
    rows = dice.standard_normal((count, WIDTH)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fill(archive: Archive, frames: int) -> None:
    """Talks of random frames and passages, straight into store and index."""
    dice, numbers = random.Random(1), np.random.default_rng(1)
    words = sorted(SPANISH_COMMON | ENGLISH_COMMON)
    assert archive.text_engine
    text_space = archive.text_engine.space
    with archive.index.batch(every=500):
        for n in range(frames // FRAMES):
            talk = Talk(f"charla-{n:05}", f"Charla {n}", language="es", duration=FRAMES * SECONDS)
            shown = [
                Frame(SECONDS * k, SECONDS * (k + 1), f"frames/{k}.jpg", " ".join(dice.choices(words, k=20)))
                for k in range(FRAMES)
            ]
            archive.store.save_recording(Recording(talk, "/nowhere.mp4", f"{n:064}", 0, 0.0))
            archive.store.save_frames(talk.id, shown)
            vectors = units(numbers, 2 * FRAMES + PASSAGES)
            slides = [
                Passage(talk, f.start, f.end, "es", "slide", (Cue(f.start, f.end, f.text),), {text_space: v})
                for f, v in zip(shown, vectors, strict=False)
            ]
            said = [_said(talk, k, dice, words, {text_space: vectors[FRAMES + k]}) for k in range(PASSAGES)]
            pictured = [{Anything.space: v} for v in vectors[FRAMES + PASSAGES :]]
            archive.index.upsert(talk.id, [*slides, *said], shown, talk=talk, vectors=pictured, state="made")


def _said(talk: Talk, k: int, dice: random.Random, words: list[str], vectors: dict[str, NDArray[np.float32]]) -> Passage:
    """A passage of ten sentences."""
    length = FRAMES * SECONDS / PASSAGES
    cues = [
        Cue(length * k + length * s / 10, length * k + length * (s + 1) / 10, " ".join(dice.choices(words, k=14)) + ".")
        for s in range(10)
    ]
    return Passage(talk, cues[0].start, cues[-1].end, "es", "speech", tuple(cues), vectors)


def scale(frames: int, folder: Path) -> None:
    """Prints what `see` costs."""
    archive = Archive(folder)
    archive.__dict__["picture_engine"] = Anything()
    if not archive.storage.exists("index"):
        began = time.process_time()
        fill(archive, frames)
        print(f"made in {time.process_time() - began:.0f} s")
    words = sorted(SPANISH_COMMON)
    dice = random.Random(2)
    queries = ["diapositiva con " + " ".join(dice.choices(words, k=4)) for _ in range(ROUNDS)]
    archive.see("la primera pregunta abre los archivos")
    spent, wall = [], []
    for query in queries:
        began, clock = time.process_time(), time.perf_counter()
        assert len(archive.see(query)) == 10
        spent.append(1000 * (time.process_time() - began))
        wall.append(1000 * (time.perf_counter() - clock))
    spent.sort()
    print(
        f"{archive.index.size()} entries, {frames} frames: see {statistics.median(spent):.0f} ms of processor time, "
        f"95 % below {spent[int(0.95 * len(spent))]:.0f}; least {spent[0]:.0f}; wall {statistics.median(wall):.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--model", help="folder of the image tower")
    parser.add_argument("--sheet", type=Path, help="write what was found on one page")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        if arguments.scale:
            scale(arguments.frames, folder / f"scale-{arguments.frames}-{SentenceVectors().space}")


if __name__ == "__main__":
    main()
