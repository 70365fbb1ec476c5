"""What the shipped files can do, on data that the recipe never learns from.

python recipes/pictures/measure.py --model FOLDER --work CACHE [--encoder FOLDER]

Drawings: OpenMoji, all its concepts in the gallery. Slides: pages and frames made by other hands, below ATENEO_SHARED.
The wordings for zero-shot were written once, before anything was measured, and are not among the captions learned from.
Contact sheets of what was found go to CACHE/sheets.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import drawings
import learn
import names
import numpy as np
import shipped
from mixture import on_white
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ateneo.engines.sentence_vectors import SHIPPED, SentenceVectors
from ateneo.models.preprocess import Preprocess

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ATENEO_SHARED", ROOT.parent / "shared")) / "data"
SAMPLE, TRUTH = ROOT / "src" / "ateneo" / "sample", ROOT / "recipes" / "sample" / "truth.json"
TYPES = {  # of slides: what each is said to be
    "plot": ("a slide that consists of a statistical chart", "diapositiva dedicada a un gráfico estadístico"),
    "table": ("a slide that consists of a data table", "diapositiva dedicada a una tabla de datos"),
    "photo": ("a camera photograph of people, animals or things", "una fotografía de personas, animales o cosas"),
    "text": ("a slide full of written text and bullet points", "diapositiva llena de texto y viñetas"),
    "title": ("an opening slide with the name of the talk", "diapositiva inicial con el nombre de la charla"),
}
LABELS = {"chart": "plot", "table": "table", "photo": "photo", "text": "text", "title": "title"}  # of slides_images
Vectors = NDArray[np.float32]
Picture = Path | Image.Image


@dataclass
class Pictures:
    """The tower's files, and how pictures become its vectors."""

    folder: Path

    def __post_init__(self) -> None:
        """Opens the files."""
        self.session = shipped.session(self.folder / shipped.FILE)
        self.prepare = Preprocess.beside(self.folder)

    def embed(self, pictures: Sequence[Picture]) -> Vectors:
        """(n, d), unit length."""
        found = []
        for first in range(0, len(pictures), 16):
            given = self.prepare.arrays(list(pictures[first : first + 16]))
            found.append(self.session.run(["image_embeds"], {"pixel_values": given})[0])
        return np.concatenate(found)


def everything(folder: Path, encoder: SentenceVectors, *, work: Path) -> dict[str, float]:
    """All figures; what cannot be measured for want of data is said on stderr and left out."""
    tower, figures = Pictures(folder), {}
    steps: tuple[Callable[[Pictures, SentenceVectors, Path], dict[str, float]], ...] = (
        speed,
        emoji,
        types,
        queries,
        sights,
    )
    for step in steps:
        try:
            figures |= step(tower, encoder, work)
        except FileNotFoundError as error:
            print(f"not measured: {step.__name__}: {error}; set ATENEO_SHARED, or fetch first", file=sys.stderr)
    return figures


def speed(tower: Pictures, encoder: SentenceVectors, work: Path) -> dict[str, float]:
    """Pictures a second of one thread (the tower alone, processor time, the best of five)."""
    del encoder, work
    size = tower.prepare.size
    given, best = np.zeros((16, 3, size, size), np.float32), np.inf
    for _ in range(6):  # the first warms up
        began = time.process_time()
        tower.session.run(["image_embeds"], {"pixel_values": given})
        best = min(best, time.process_time() - began)
    return {"pictures a second, one thread": 16 / best}


def emoji(tower: Pictures, encoder: SentenceVectors, work: Path) -> dict[str, float]:
    """Recall@1 and @5 of names on OpenMoji, every concept that it draws in the gallery."""
    known, figures = names.emoji(work), {}
    first: dict[str, int] = {}
    style = drawings.load(work, [learn.MEASURED_STYLE])
    for n, key in enumerate(style.concepts[0]):
        first.setdefault(key, n)
    pictures = [Image.fromarray(on_white(style.at(n)[0], tower.prepare.size)) for n in first.values()]
    I_e = tower.embed(pictures)
    for language in names.LANGUAGES:
        said = [known[key].names[language] for key in first]
        scores = encoder.embed(said) @ I_e.T  # (n, n)
        order = np.argsort(-scores, 1)[:, :5]
        right = order == np.arange(len(first))[:, None]
        figures[f"OpenMoji, {len(first)} pictures, {language}, recall@1"] = float(right[:, 0].mean())
        figures[f"OpenMoji, {len(first)} pictures, {language}, recall@5"] = float(right.any(1).mean())
        asked = range(0, len(first), max(1, len(first) // 40))
        sheet([(said[q], [pictures[n] for n in order[q]]) for q in asked], work / "sheets" / f"openmoji-{language}.png")
    return figures


def types(tower: Pictures, encoder: SentenceVectors, work: Path) -> dict[str, float]:
    """Accuracy of the type of slides by zero-shot, by kind and as the mean over the kinds."""
    shown = list(typed())
    vectors = np.stack([encoder.embed(list(said)).mean(0) for said in TYPES.values()])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    I_e, kinds = tower.embed([path for path, _ in shown]), list(TYPES)
    guessed = [kinds[n] for n in (I_e @ vectors.T).argmax(1)]
    right: dict[str, list[bool]] = defaultdict(list)
    for (_, kind), guess in zip(shown, guessed, strict=True):
        right[kind].append(kind == guess)
    figures = {f"slide type: {kind} ({len(hits)} pictures)": float(np.mean(hits)) for kind, hits in right.items()}
    groups = {
        kind: [path for (path, _), guess in zip(shown, guessed, strict=True) if guess == kind][:8] for kind in kinds
    }
    sheet(list(groups.items()), work / "sheets" / "types.png")
    return figures | {"slide type: mean of kinds": float(np.mean([np.mean(hits) for hits in right.values()]))}


def typed() -> list[tuple[Path, str]]:
    """Pictures of known type: pages of slides_images, charts of OpenCQA, photographs of COCO."""
    folder = SHARED / "slides_images"
    pages = json.loads((folder / "slides.json").read_text(encoding="utf-8"))
    found = [(folder / "images" / p["image"], LABELS[p["labels"][0]]) for p in pages if p["labels"][0] in LABELS]
    charts = sorted((SHARED / "img_charts_opencqa" / "images").iterdir())[::4]
    photos = sorted((SHARED / "img_coco70" / "images").iterdir())
    return [*found, *((path, "plot") for path in charts), *((path, "photo") for path in photos)]


def queries(tower: Pictures, encoder: SentenceVectors, work: Path) -> dict[str, float]:
    """Recall@1 and @5 of the Spanish queries of slides_images by picture vector alone."""
    folder = SHARED / "slides_images"
    asked = json.loads((folder / "queries_es.json").read_text(encoding="utf-8"))
    paths = sorted((folder / "images").iterdir())
    order = np.argsort(-(encoder.embed([q["query"] for q in asked]) @ tower.embed(paths).T), 1)
    places = [[path.name for path in paths].index(q["image"]) for q in asked]
    right = order[:, :5] == np.array(places)[:, None]
    rows = [(q["query"], [paths[n] for n in row[:5]]) for q, row in zip(asked, order, strict=True)]
    sheet(rows, work / "sheets" / "slides.png")
    return {"slides_images, recall@1": float(right[:, 0].mean()), "slides_images, recall@5": float(right.any(1).mean())}


def sights(tower: Pictures, encoder: SentenceVectors, work: Path) -> dict[str, float]:
    """Whether a right frame of the sample archive comes first, for each visual query; and the place of the best one."""
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    frames = [frame for talk in truth["talks"] for frame in _frames(talk)]
    I_e, figures, rows = tower.embed([picture for _, _, picture in frames]), {}, []
    for sight in truth["sights"]:
        order = np.argsort(-(encoder.embed([sight["query"]]) @ I_e.T)[0])
        right = [any(_in(frames[n], span) for span in sight["right"]) for n in order]
        figures[f"sample archive, “{sight['query']}”: place of the first right frame"] = float(right.index(True) + 1)
        rows.append((sight["query"], [frames[n][2] for n in order[:6]]))
    sheet(rows, work / "sheets" / "sample.png")
    return figures


def _in(frame: tuple[str, float, Image.Image], span: dict[str, object]) -> bool:
    file, second, _ = frame
    return span["file"] == file and float(str(span["start"])) <= second <= float(str(span["end"]))


def _frames(talk: dict[str, object]) -> list[tuple[str, float, Image.Image]]:
    """(file, second, picture): the middle of every slide, and of every moment with hands raised."""
    import av  # only here: learning does without

    spans = [(s["start"], s["end"]) for s in talk["slides"]] + list(talk["hands_raised"])  # type: ignore[attr-defined,call-overload]
    seconds, found = sorted((a + b) / 2 for a, b in spans), []
    with av.open(str(SAMPLE / str(talk["file"]))) as container:
        for second in seconds:
            container.seek(int(second * 1_000_000))
            frame = next(f for f in container.decode(video=0) if f.time is not None and f.time >= second - 0.15)
            picture = frame.to_image()
            picture.thumbnail((320, 320))
            found.append((str(talk["file"]), second, picture))
    return found


def sheet(rows: Sequence[tuple[str, Sequence[Picture]]], path: Path) -> None:
    """A row for each query: its words above the pictures found, the best first."""
    side, line = 132, 14
    page = Image.new("RGB", (6 * (side + 4) + 200, len(rows) * (side + line)), "white")
    pen = ImageDraw.Draw(page)
    for row, (said, pictures) in enumerate(rows):
        y = row * (side + line)
        pen.text((4, y), said, fill="black", font_size=11)
        for n, picture in enumerate(pictures):
            with Image.open(picture) if isinstance(picture, Path) else picture.copy() as shown:
                small = shown.convert("RGB")
            small.thumbnail((side, side))
            page.paste(small, (4 + n * (side + 4), y + line))
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of vision_model.onnx")
    parser.add_argument("--work", type=Path, required=True, help="where drawings are kept and sheets go")
    parser.add_argument("--encoder", type=Path, default=SHIPPED)
    options = parser.parse_args()
    for name, value in everything(options.model, SentenceVectors(options.encoder), work=options.work).items():
        print(f"{value:.3f}  {name}")


if __name__ == "__main__":
    main()
