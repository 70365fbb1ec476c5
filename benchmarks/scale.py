"""How adding, asking and the index grow with the archive.

    python benchmarks/scale.py [--talks 40 364] [--passages 110] [--questions 200] [--keep DIR]
    python benchmarks/scale.py --talks 40 364 3640 --passages 11
    python benchmarks/scale.py --asking [--talks 364]

The talks are caption files of 5-second sentences drawn with a seed from the paragraphs of ../shared (SQuAD-es and the
transcripts of talks_nwit), added through `Archive.add` as a user's own would be. The questions are SQuAD-es's. Prints
one row an archive; times are process seconds for building, wall milliseconds for asking. With --asking only that is
measured, over passages whose vectors are drawn by chance: to embed them takes most of the time, and says nothing of it.
"""

import argparse
import dataclasses
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from squad_talks import Meaning

from ateneo import Archive
from ateneo.answer.ask import ask
from ateneo.archive.local_index import LocalIndex
from ateneo.archive.store import Recording
from ateneo.ingest.captions import read
from ateneo.ingest.passages import make_passages
from ateneo.records import Talk

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).parent.parent.parent / "shared")) / "data"
SENTENCES = 12.2  # of 5 s each to a passage
COLD = 7  # runs of the command


def material() -> tuple[list[str], list[str]]:
    """Sentences to make talks of, and questions to ask."""
    articles = json.loads((SHARED / "qa_squad_es" / "squad-es-v1.1.json").read_text())["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    texts = [paragraph["context"] for paragraph in paragraphs]
    texts += [re.sub(r"[\d:.,]{15,}", " ", path.read_text()) for path in (SHARED / "talks_nwit").rglob("*.sbv")]
    sentences = [s for text in texts for s in re.split(r"(?<=[.?!])\s+", " ".join(text.split())) if 20 < len(s) < 200]
    return sentences, [qa["question"] for paragraph in paragraphs for qa in paragraph["qas"]]


def write_talks(folder: Path, count: int, sentences: list[str], *, passages: int) -> None:
    """`count` caption files of about so many minutes each."""
    dice = random.Random(count)
    for number in range(count):
        cues = []
        for n, sentence in enumerate(dice.choices(sentences, k=round(SENTENCES * passages))):
            start, end = 5 * n, 5 * n + 5
            stamps = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}.000" for s in (start, end)]
            cues.append(f"{stamps[0]} --> {stamps[1]}\n{sentence}\n")
        (folder / f"charla {number:04d}.es.vtt").write_text("WEBVTT\n\n" + "\n".join(cues))


def size(folder: Path) -> float:
    """MB of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def timed(command: list[str]) -> float:
    """Wall seconds of a command."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def measure(count: int, folder: Path, questions: list[str], sentences: list[str], *, passages: int) -> str:
    """One row of the table."""
    talks, place = folder / f"talks-{count}-{passages}", folder / f"archive-{count}-{passages}"
    if not place.exists():
        talks.mkdir(parents=True)
        write_talks(talks, count, sentences, passages=passages)
    began = time.process_time()
    archive = Archive(place)
    archive.add(talks)
    built = time.process_time() - began
    began = time.process_time()
    archive.add(talks)
    again = time.process_time() - began
    archive.storage.remove("index")
    archive = Archive(place)
    began = time.process_time()
    archive.reindex()
    reindexed = time.process_time() - began
    spent = []
    for question in questions:
        began = time.perf_counter()
        archive.ask(question)
        spent.append(1000 * (time.perf_counter() - began))
    spent.sort()
    return (
        f"{count:6d} {archive.index.size():9d} {built:8.1f} {again:8.1f} {reindexed:9.1f} {size(place / 'index'):9.1f} "
        f"{spent[len(spent) // 2]:7.1f} {spent[int(len(spent) * 0.95)]:7.1f} {cold(place, questions):7.2f}"
    )


def asking(count: int, folder: Path, questions: list[str], sentences: list[str], *, passages: int) -> str:
    """Wall and processor milliseconds of `ask` with vectors and lexicon, over passages with random vectors, and the
    wall seconds of the command."""
    meaning, dice = Meaning.shipped(), np.random.default_rng(0)
    assert meaning.engine
    talks, place = folder / "files", folder / "archive"
    talks.mkdir()
    write_talks(talks, count, sentences, passages=passages)
    archive = Archive(place)
    archive.reindex()
    index = LocalIndex(place / "index")
    with index.batch():
        for path in sorted(talks.glob("*.vtt")):
            talk = Talk(path.name.split(".")[0].replace(" ", "-"), path.stem, language="es")
            archive.store.save_recording(Recording(talk, str(path), "", size=0, mtime=0.0, captions=(str(path),)))
            made = make_passages(talk, read(path))
            vectors = dice.standard_normal((len(made), 384)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            rows = zip(made, vectors, strict=True)
            index.upsert(talk.id, [dataclasses.replace(p, vectors={meaning.engine.space: v}) for p, v in rows])
    index.refresh()
    wall, process = [], []
    for question in questions:
        began, spent = time.perf_counter(), time.process_time()
        ask(index, question, vectors=meaning.vectors(question), lexicon=meaning.lexicon)
        wall.append(1000 * (time.perf_counter() - began))
        process.append(1000 * (time.process_time() - spent))
    figures = [np.percentile(times, share) for times in (wall, process) for share in (50, 95)]
    return (
        f"{count} talks, {index.size()} passages: wall p50 {figures[0]:.0f}, p95 {figures[1]:.0f}; "
        f"processor p50 {figures[2]:.0f}, p95 {figures[3]:.0f} ms; cold {cold(place, questions):.2f} s"
    )


def cold(archive: Path, questions: list[str]) -> float:
    """Median wall seconds of `ateneo ask`."""
    command = [str(Path(sys.executable).with_name("ateneo")), "--archive", str(archive)]
    return statistics.median(timed([*command, "ask", question]) for question in questions[:COLD])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--talks", type=int, nargs="+", default=[40, 364])
    parser.add_argument("--passages", type=int, default=110, help="a talk")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--asking", action="store_true", help="measure asking alone")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"no shared data at {SHARED}; set ATENEO_SHARED")
    sentences, questions = material()
    questions = random.Random(1).sample(questions, arguments.questions)
    if arguments.asking:
        for count in arguments.talks:
            with tempfile.TemporaryDirectory() as temporary:
                print(asking(count, Path(temporary), questions, sentences, passages=arguments.passages), flush=True)
        return
    helps = statistics.median(timed([str(Path(sys.executable).with_name("ateneo")), "--help"]) for _ in range(COLD))
    print(f"ateneo --help: {helps:.2f} s (median of {COLD})")
    print(" talks  passages  add s  again s  reindex s  index MB  ask p50  p95 ms  cold s")
    with tempfile.TemporaryDirectory() as temporary:
        for count in arguments.talks:
            folder = arguments.keep or Path(temporary)
            print(measure(count, folder, questions, sentences, passages=arguments.passages), flush=True)


if __name__ == "__main__":
    main()
