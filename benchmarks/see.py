"""How fast `see` is over a large archive, and what picture, slide text and speech find alone and together.

    python benchmarks/see.py --scale [--frames 100000] [--keep DIR]
    python benchmarks/see.py --fit [--model FOLDER] [--keep DIR]
    python benchmarks/see.py --quality [--model FOLDER] [--keep DIR] [--sheet FILE.png]

Scale: talks of 50 frames and 20 passages, with random vectors of 384 numbers and words drawn with a seed; processor
milliseconds of `Archive.see` on one thread, everything in it: the query's vector, three searches, fusion, folding.

Quality: slides_images below ATENEO_SHARED, each deck a talk and each page a frame with the text that OCR reads; 22
Spanish queries, each with one right page; nothing was chosen on it. Then the three visual queries over the sample
recordings, whose frames have speech as well. `--model` is a folder of the image tower, or NAME:MODEL of a picture
engine; else the tower that ships. What is not there is said and left out.
"""

import argparse
import itertools
import json
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo import Archive, text
from ateneo.archive.store import Recording
from ateneo.common_words import ENGLISH_COMMON, SPANISH_COMMON
from ateneo.engines.rapid_ocr import RapidOcr
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.ingest.passages import slide_passages
from ateneo.ingest.run import index_talk
from ateneo.records import Cue, Frame, Passage, Sight, Sights, Talk
from ateneo.search import see

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ATENEO_SHARED", ROOT.parent / "shared")) / "data"
FRAMES, PASSAGES, WIDTH = 50, 20, 384  # of a talk; numbers of a vector
SECONDS = 20.0  # a frame is in view
ROUNDS = 30
RAISED = (106, 128)  # s; frames of aragones-retos.mp4 whose pictures, looked at by eye, show the hands raised


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


def _said(
    talk: Talk, k: int, dice: random.Random, words: list[str], vectors: dict[str, NDArray[np.float32]]
) -> Passage:
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


def archive_of_pages(folder: Path, engine: str | None) -> Archive:
    """slides_images as an archive: a talk for each deck, a frame for each page."""
    archive = Archive(folder)
    if engine:
        archive.choose("picture_engine", engine)
    pages = json.loads((SHARED / "slides_images" / "slides.json").read_text(encoding="utf-8"))
    if not archive.talks():
        ocr = RapidOcr()
        decks: dict[str, list[Frame]] = {}
        for page in pages:
            picture = SHARED / "slides_images" / "images" / page["image"]
            frames = decks.setdefault(page["deck"], [])
            name = f"frames/{page['image']}"
            archive.storage.write(f"talks/{page['deck']}/{name}", picture.read_bytes())
            start = SECONDS * len(frames)
            frames.append(Frame(start, start + SECONDS, name, ocr.read(picture, languages=())))
        for deck, frames in decks.items():
            talk = Talk(deck, deck.replace("-", " "), language=text.guess_language(" ".join(f.text for f in frames)))
            archive.store.save_frames(deck, frames)
            archive.store.save_passages(deck, slide_passages(talk, frames, talk.language or "es"))
            archive.store.save_recording(Recording(talk, "/nowhere.mp4", deck, 0, 0.0))
    with archive.storage.lock():
        for talk_id in archive.store.ids():
            index_talk(talk_id, store=archive.store, index=archive.index, engine=archive.text_engine,
                       pictures=archive.picture_engine)  # fmt: skip
    return archive


Way = Callable[[see.Scores, float], float]  # a frame's scores, and how far the farthest of the nearest pictures is
WAYS: dict[str, Way] = {
    "picture alone": lambda s, farthest: math.exp(farthest if s.picture is None else s.picture),
    "slide text alone": lambda s, farthest: s.shown,
    "speech alone": lambda s, farthest: s.said,
    "fused": see.total,
}


def table_of(archive: Archive, query: str) -> see.Table:
    """All frames that a query has to do with, with their scores."""
    archive.index.refresh()
    sought = see.by_words(query, archive.index, pictures=archive.picture_engine, texts=archive.text_engine)
    return see.score_all(archive.index, sought, frames=archive.gallery, depth=200, where=None, lexicon=archive.lexicon)


def ranked(table: see.Table, way: Way) -> list[Sight]:
    """The frames in order; those to which a way gives nothing are left out."""
    farthest = min((s.picture for s in table.values() if s.picture is not None), default=0.0)
    found = [Sight(s.talk, s.frame, way(s, farthest)) for s in table.values()]
    return sorted((one for one in found if one.score > 0), key=lambda one: -one.score)


def quality(folder: Path, engine: str | None, sheet: Path | None) -> None:
    """Prints what each way finds."""
    archive = archive_of_pages(folder, engine)
    asked = json.loads((SHARED / "slides_images" / "queries_es.json").read_text(encoding="utf-8"))
    print(f"slides_images, {len(asked)} queries, {archive.picture_engine and archive.picture_engine.space}")
    tables = [table_of(archive, q["query"]) for q in asked]
    for name, way in WAYS.items():
        if name == "speech alone" or (name == "picture alone" and archive.picture_engine is None):
            continue
        orders = [[one.frame.path.rpartition("/")[2] for one in ranked(table, way)] for table in tables]
        at = {k: np.mean([q["image"] in order[:k] for q, order in zip(asked, orders, strict=True)]) for k in (1, 5)}
        print(f"  {name:<18} recall@1 {at[1]:.3f}  recall@5 {at[5]:.3f}")
    if sheet:
        best = [one for q in asked for one in archive.see(q["query"], limit=2)]
        archive.write_sheet(sheet, Sights("22 queries, two frames each", tuple(best)))


def sample_archive(folder: Path, engine: str | None) -> Archive:
    """The sample recordings as an archive."""
    archive = Archive(folder)
    if engine:
        archive.choose("picture_engine", engine)
    archive.add(ROOT / "src" / "ateneo" / "sample")
    archive.reindex()
    return archive


def visual(folder: Path, engine: str | None, sheet: Path | None) -> None:
    """The place of the first right frame of the sample recordings, by each way."""
    truth = json.loads((ROOT / "recipes" / "sample" / "truth.json").read_text(encoding="utf-8"))
    archive = sample_archive(folder, engine)
    best: list[Sight] = []
    for sight in truth["sights"]:
        places = {}
        table = table_of(archive, sight["query"])
        for name, way in WAYS.items():
            order = ranked(table, way)
            right = [any(_shown(archive, one, sight["kinds"], span) for span in sight["right"]) for one in order]
            places[name] = str(right.index(True) + 1) if True in right else "none"
        print(f"  {sight['query']}: " + ", ".join(f"{name} {place}" for name, place in places.items()))
        best += archive.see(sight["query"], limit=4)
    if sheet:
        archive.write_sheet(sheet, Sights("three visual queries, four frames each", tuple(best)))


def _shown(archive: Archive, one: Sight, kinds: list[str], span: dict[str, object]) -> bool:
    """Whether a frame was in view in a span of the truth for most of the shorter of the two; of a moment within a
    slide, whether the picture that was kept of the slide shows it."""
    if Path(archive.source(one.talk.id)).name != span["file"]:
        return False
    start, end = float(str(span["start"])), float(str(span["end"]))
    shared = min(one.frame.end, end) - max(one.frame.start, start)
    seen = kinds != ["hands_raised"] or round(one.frame.start) in RAISED
    return seen and shared > 0.5 * min(one.frame.end - one.frame.start, end - start)


CHOSEN_ON = (  # frames of the sample recordings (a part of the talk's id, a second), what was asked for each by hand
    ("estrellas", 44.6, "código Python que calcula la luminosidad"),
    ("estrellas", 92.2, "tabla de tipos de estrellas con color y temperatura"),
    ("aeropuerto", 16.4, "mapa con Huesca y Teruel"),
    ("aeropuerto", 50.6, "diagrama de flujo de la vida de un avión"),
    ("aeropuerto", 0.0, "aviones aparcados en un aeropuerto"),
    ("cuerda", 106.5, "table of a word in three spellings"),
    ("ruedas", 15.2, "flow diagram from water to wheel"),
    ("ruedas", 53.8, "tabla que compara hidrógeno y batería"),
    ("ruedas", 0.0, "drawing of a car with fuel cell"),
    ("viento", 72.8, "fórmula de la energía de un embalse"),
    ("viento", 95.6, "foto de molinos de viento"),
    ("silico", 43.8, "code that simulates ten thousand patients"),
    ("silico", 67.0, "gráfico de concentración tras una dosis"),
    ("bateria", 45.4, "chart of battery price over the years"),
    ("empleo", 14.6, "gráfico de barras del empleo por sector"),
    ("empleo", 72.4, "table of old and new car parts"),
    ("pueblos", 38.4, "glaciers shrinking bar chart"),
    ("rockets", 42.8, "thrust curve of a rocket test"),
    ("pantalla", 61.4, "retrato de una anciana"),
    ("rockets", 13.2, "the rocket equation"),
)


def written(archive: Archive) -> list[tuple[str, float, str]]:
    """Frames with three words by chance of those that stand on each, as (talk, second, query): what is asked for is
    written, and looks must not get in the way."""
    dice, found = random.Random(3), []
    for talk in archive.talks():
        for frame in archive.gallery.of(talk.id):
            words = [w for w in dict.fromkeys(text.tokens(frame.text)) if len(w) > 4 and text.content([w])]
            if len(words) > 4:
                found.append((talk.id, frame.start, " ".join(dice.sample(words, 3))))
    return found


def fit(folder: Path, engine: str | None) -> None:
    """Prints how weights do on CHOSEN_ON and on what is written: the mean of 1 over the place of the right frame, how
    often it is first."""
    archive = sample_archive(folder, engine)
    sets = {"by hand": list(CHOSEN_ON), "written": written(archive)}
    tables = {name: [table_of(archive, query) for _, _, query in rows] for name, rows in sets.items()}
    tried: dict[str, Way] = dict(WAYS)
    for p, s in itertools.product((0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4), (0.25, 0.5, 1.0)):
        tried[f"picture {p}, said {s}"] = partial(see.total, weights=(p, 1.0, s))
    for way_name, way in tried.items():
        line = f"  {way_name:<24}"
        for name, rows in sets.items():
            places = [_place(table, talk, second, way)
                      for table, (talk, second, _) in zip(tables[name], rows, strict=True)]  # fmt: skip
            mean, first = np.mean([1 / place for place in places]), np.mean([place == 1 for place in places])
            line += f"  {name} {mean:.3f} first {first:.2f}"
        print(line)


def _place(table: see.Table, talk: str, second: float, way: Way) -> int:
    order = ranked(table, way)
    right = [n for n, s in enumerate(order, 1) if talk in s.talk.id and abs(s.frame.start - second) < 1]
    return right[0] if right else len(table) + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--fit", action="store_true", help="show how weights do on the queries they were chosen on")
    parser.add_argument("--model", help="folder of the image tower")
    parser.add_argument("--sheet", type=Path, help="write what was found in slides_images on one page")
    parser.add_argument("--sample-sheet", type=Path, help="write what was found in the sample recordings on one page")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        if arguments.scale:
            scale(arguments.frames, folder / f"scale-{arguments.frames}-{SentenceVectors().space}")
        engine = arguments.model
        engine = f"tower:{Path(engine).absolute()}" if engine and Path(engine).is_dir() else engine
        if arguments.fit:
            fit(folder / "sample", engine)
        if arguments.quality:
            if not SHARED.is_dir():
                print(f"not measured: slides_images: no shared data at {SHARED}; set ATENEO_SHARED", file=sys.stderr)
            else:
                quality(folder / "pages", engine, arguments.sheet)
            visual(folder / "sample", engine, arguments.sample_sheet)


if __name__ == "__main__":
    main()
