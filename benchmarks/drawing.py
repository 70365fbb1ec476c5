"""How well the small models draw.

python benchmarks/drawing.py recall|scale|steps|colours|styles|frechet|sheets [--count N] [--out FOLDER]

recall: pictures of captions kept out of training find their own words among 100 others, by an image tower that did not
guide them (recipes/drawing/judge.py: another seed, other drawings). scale: how near guided pictures come to their words
as s grows. steps: quality of each method by the number of its steps. colours: whether what is asked for in a colour is
drawn in it. styles: what words of style do to the same things. frechet: distance between drawings and pictures kept
apart, by features of the judge. sheets: pictures of each method to be looked at.
--pictures names stock.npz of recipes/drawing, with which drawings by people are measured too; with --development the
captions are others of it, which settings may be chosen on. Pictures once drawn are kept in the folder.
"""

import argparse
import hashlib
import json
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ateneo.drawing import METHODS, Order, draw, trace
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.models.loading import load
from ateneo.models.tower import Tower

ROOT = Path(__file__).resolve().parents[1]
HELD = ROOT / "recipes" / "drawing" / "held.json"
SMALL = ROOT / "src" / "ateneo" / "small" / "drawing"
JUDGE = ROOT / "recipes" / "drawing" / "judge.safetensors"
SHOWN = ("unclip", "guided", "vqgan")
OTHERS = 100
SCALES = (0.0, 2.0, 4.0, 9.0, 18.0, 36.0)
STEPS = {"unclip": (3, 6, 12, 25, 50), "guided": (10, 25, 50), "vqgan": (15, 60)}
COLOURS = {
    "red": ("rojo", (0, 1 / 12)),
    "yellow": ("amarillo", (1 / 9, 1 / 5)),
    "green": ("verde", (1 / 5, 0.47)),
    "blue": ("azul", (0.5, 0.7)),
    "purple": ("morado", (0.7, 0.87)),
}  # hues from 0 to 1, with red on both sides of 0
COLOURED = (("plane", "avión"), ("car", "coche"), ("hat", "sombrero"), ("fish", "pez"), ("book", "libro"),
            ("bird", "pájaro"), ("boat", "barco"), ("balloon", "globo"))  # fmt: skip
STYLES = ("", ", unreal engine", ", in the style of studio ghibli", ", emoji", ", an illustration", ", watercolour")
Vectors = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(PARTS))
    parser.add_argument("--count", type=int, default=200, help="pictures of each method")
    parser.add_argument("--methods", default=",".join(SHOWN))
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "drawings")
    parser.add_argument("--pictures", type=Path, help="stock.npz of recipes/drawing")
    parser.add_argument("--development", action="store_true", help="captions of things learned, none of held.json")
    parser.add_argument("--scale", type=float, help="in place of each method's own")
    parser.add_argument("--steps", type=int, help="in place of each method's own")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    PARTS[options.what](options)


Row = tuple[str, str, bool]  # caption, language, whether the thing was learned from in other words


class Judge:
    """The tower that guided nothing, and the sentence encoder."""

    def __init__(self) -> None:
        found = load(JUDGE, dtype=torch.float32)
        assert isinstance(found, Tower)
        self.tower, self.encoder = found, SentenceVectors()

    @torch.no_grad()
    def pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> Vectors:
        """Pictures (64, 64, 3), (n, E)."""
        x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
        return torch.cat([self.tower(part) for part in x.split(64)]).numpy()

    def texts(self, texts: Sequence[str]) -> Vectors:
        """(n, E)."""
        return self.encoder.embed(texts)


def captions(options: argparse.Namespace, count: int) -> list[Row]:
    """Captions, both kinds in turn; of the stock, with --development."""
    held = json.loads(HELD.read_text(encoding="utf-8"))
    if options.development:
        stock = np.load(options.pictures, allow_pickle=False)
        said, known = json.loads(str(stock["said"])), {text for pair in held.values() for text, _ in pair}
        free = [
            (text, language, True)
            for text, concept, language in said["held texts"]
            if concept not in said["held"] and text not in known
        ]
        return [free[n] for n in np.random.default_rng(5).permutation(len(free))[:count]]
    pairs = zip(held["seen"], held["unseen"], strict=True)
    rows = [
        (text, language, kind) for pair in pairs for (text, language), kind in zip(pair, (True, False), strict=True)
    ]
    return rows[:count]


def drawn(order: Order) -> NDArray[np.uint8]:
    """One picture (H, W, 3)."""
    return draw(order).pixels[0]


def by_people(path: Path, rows: Sequence[Row]) -> list[NDArray[np.uint8]]:
    """A drawing of the stock for each caption."""
    stock = np.load(path, allow_pickle=False)
    concept, pixels = stock["concept"], stock["pixels"]
    places = {text: n for text, n, _ in json.loads(str(stock["said"]))["held texts"]}
    found = []
    for n, (text, _, _) in enumerate(rows):
        choices = np.flatnonzero(concept == places[text])
        found.append(pixels[choices[n % len(choices)]].transpose(1, 2, 0))
    return found


def made(method: str, rows: Sequence[Row], options: argparse.Namespace, name: str = "") -> list[NDArray[np.uint8]]:
    """A picture for each caption, kept in NAME.npy; NAME.json says the processor seconds of one, and of what the
    pictures are: others are drawn anew."""
    path, of = options.out / f"{name or f'recall-{method}'}.npy", [method, options.scale, options.steps, _weights()]
    of.append([text for text, _, _ in rows])
    if path.is_file() and json.loads(path.with_suffix(".json").read_text())["of"] == of:
        return list(np.load(path))
    kept, began = [], time.process_time()
    for n, (text, _, _) in enumerate(rows):
        plain = method == "unguided"
        order = Order(text, "unclip" if plain else method, seed=n, scale=0.0 if plain else options.scale)
        kept.append(drawn(replace(order, steps=options.steps)))
    np.save(path, np.stack(kept))
    path.with_suffix(".json").write_text(json.dumps({"seconds": (time.process_time() - began) / len(rows), "of": of}))
    return kept


@cache
def _weights() -> str:
    """The digest of the small models."""
    files = sorted(SMALL.glob("*.safetensors"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:10]


def places(judge: Judge, found: Vectors, texts: Vectors, others: Vectors) -> NDArray[np.int64]:
    """For each picture how many of 100 other captions are nearer than its own, (n,)."""
    return np.array(
        [_place(picture, text, others, seed=n) for n, (picture, text) in enumerate(zip(found, texts, strict=True))]
    )


def recall(options: argparse.Namespace) -> None:
    """recall@1 and @5 among 101, for captions of things learned in other words and for things never seen."""
    judge, rows = Judge(), captions(options, options.count)
    texts = judge.texts([text for text, _, _ in rows])
    others = judge.texts([text for text, _, _ in captions(options, 10_000)])
    known = np.array([kind for _, _, kind in rows])
    print("| method | captions | recall@1 | recall@5 | known things @1 | new things @1 | cosine | s a picture |")
    print(f"{'|---' * 8}|")
    for method in [*options.methods.split(","), "unguided", *(["people"] if options.pictures else [])]:
        kept = by_people(options.pictures, rows) if method == "people" else made(method, rows, options)
        timed = options.out / f"recall-{method}.json"
        spent = json.loads(timed.read_text())["seconds"] if timed.is_file() else math.nan
        found = judge.pictures(kept)
        trace.sheet(kept[:64]).save(options.out / f"recall-{method}.png")
        nearer = places(judge, found, texts, others)
        near = float((found * texts).sum(1).mean())
        print(
            f"| {method} | {len(rows)} | {(nearer < 1).mean():.3f} | {(nearer < 5).mean():.3f}"
            f" | {(nearer[known] < 1).mean():.3f} | {(nearer[~known] < 1).mean():.3f} | {near:.3f} | {spent:.1f} |",
            flush=True,
        )


def steps(options: argparse.Namespace) -> None:
    """recall@1, cosine and time of each method by the number of its steps."""
    judge, rows = Judge(), captions(options, options.count)
    texts = judge.texts([text for text, _, _ in rows])
    others = judge.texts([text for text, _, _ in captions(options, 10_000)])
    print(f"| method | steps | recall@1 | cosine | s a picture |\n{'|---' * 5}|")
    for method in options.methods.split(","):
        for count in STEPS[method]:
            name = f"steps-{method}-{count}"
            asked = argparse.Namespace(**{**vars(options), "steps": count})
            found = judge.pictures(made(method, rows, asked, name))
            near = float((found * texts).sum(1).mean())
            first = (places(judge, found, texts, others) < 1).mean()
            spent = json.loads((options.out / f"{name}.json").read_text())["seconds"]
            print(f"| {method} | {count} | {first:.3f} | {near:.3f} | {spent:.1f} |", flush=True)


def colours(options: argparse.Namespace) -> None:
    """Of things asked for in a colour, the part whose coloured pixels are mostly of its hue."""
    print(f"| method | language | pictures | in the colour |\n{'|---' * 4}|")
    for method in options.methods.split(","):
        for place, language in enumerate(("en", "es")):
            kept, right = [], []
            for thing in COLOURED:
                for name, (es, hues) in COLOURS.items():
                    words = f"{name} {thing[0]}" if language == "en" else f"{thing[1]} {es}"
                    kept.append(drawn(Order(words, method, seed=place)))
                    right.append(_in_hue(kept[-1], hues))
            trace.sheet(kept).save(options.out / f"colours-{method}-{language}.png")
            print(f"| {method} | {language} | {len(kept)} | {np.mean(right):.3f} |", flush=True)


def _in_hue(picture: NDArray[np.uint8], hues: tuple[float, float]) -> bool:
    """Whether most of the pixels that have a colour have this."""
    h, s, v = (np.asarray(channel) / 255 for channel in Image.fromarray(picture).convert("HSV").split())
    coloured = h[(s > 0.25) & (v > 0.2)]
    low, high = hues
    inside = ((coloured >= low) & (coloured <= high)) | ((low == 0) & (coloured >= 1 - high))
    return bool(len(coloured) > 20 and inside.mean() > 0.5)


def _place(picture: Vectors, text: Vectors, others: Vectors, *, seed: int) -> int:
    """How many of 100 other captions are nearer."""
    different = others[(others @ text) < 0.95]  # not the same thing in other words
    chosen = np.random.default_rng(seed).choice(len(different), OTHERS, replace=False)
    return int((different[chosen] @ picture >= text @ picture).sum())


def scale(options: argparse.Namespace) -> None:
    """The mean cosine of guided pictures with their words, by the tower that guides and by the one that does not."""
    from ateneo.models.drawing import Studio

    studio, judge, rows = Studio(), Judge(), captions(options, options.count)
    texts = judge.texts([text for text, _, _ in rows])
    others = judge.texts([text for text, _, _ in captions(options, 10_000)])
    print(f"| s | cosine, tower that guides | cosine, tower apart | recall@1, tower apart |\n{'|---' * 4}|")
    sheet, points = [], []
    for s in SCALES:
        asked = argparse.Namespace(**{**vars(options), "scale": s})
        kept = made("guided", rows, asked, f"scale-{s:g}")
        own, apart = studio.vectors(kept).numpy(), judge.pictures(kept)
        near = [float((found * texts).sum(1).mean()) for found in (own, apart)]
        points.append((s, *near))
        sheet += kept[:8]
        first = (places(judge, apart, texts, others) < 1).mean()
        print(f"| {s:g} | {near[0]:.3f} | {near[1]:.3f} | {first:.3f} |", flush=True)
    trace.sheet(sheet).save(options.out / "scale.png")
    _plot(points, options.out / "scale-plot.png")


def _plot(points: Sequence[tuple[float, ...]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots()
    for column, label in ((1, "tower that guides"), (2, "tower apart")):
        axes.plot([max(p[0], 1) for p in points], [p[column] for p in points], marker="o", label=label)
    axes.set(xscale="log", xlabel="s (1 stands for 0)", ylabel="cosine with the words")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=90)


def frechet(options: argparse.Namespace) -> None:
    """Between drawings that `recall` left and drawings of things kept apart; the first 32 principal directions."""
    stock = np.load(options.pictures, allow_pickle=False)
    said = json.loads(str(stock["said"]))
    held = np.isin(stock["concept"], said["held"])
    judge = Judge()
    wanted = judge.pictures(list(stock["pixels"][held].transpose(0, 2, 3, 1)))
    every = max(1, (~held).sum() // held.sum())
    learned = judge.pictures(list(stock["pixels"][~held][::every].transpose(0, 2, 3, 1)))
    _, _, axes = np.linalg.svd(wanted - wanted.mean(0), full_matrices=False)
    print(f"| drawings | pictures | Fréchet distance x 1000 |\n{'|---' * 3}|")
    sets = {"drawings learned from": learned}
    for method in (*SHOWN, "unguided"):
        path = options.out / f"recall-{method}.npy"
        if path.is_file():
            sets[method] = judge.pictures(list(np.load(path)))
    for name, found in sets.items():
        print(
            f"| {name} | {len(found)} | {1000 * distance(wanted @ axes[:32].T, found @ axes[:32].T):.1f} |", flush=True
        )


def distance(a: Vectors, b: Vectors) -> float:
    """‖μ - μ'‖² + tr(C + C' - 2 (C C')^½) (Heusel et al. 2017)."""
    first, second = np.cov(a.T.astype(float)), np.cov(b.T.astype(float))
    values = np.linalg.eigvals(first @ second).real.clip(min=0)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second) - 2 * np.sqrt(values).sum())


def styles(options: argparse.Namespace) -> None:
    """Words of style behind captions: whether the thing is still found, and how near the pictures stay to those without
    such words."""
    judge, rows = Judge(), captions(options, options.count)
    texts = judge.texts([text for text, _, _ in rows])
    others = judge.texts([text for text, _, _ in captions(options, 10_000)])
    print(f"| method | words of style | recall@1 | cosine with the thing | with its plain picture |\n{'|---' * 5}|")
    for method in options.methods.split(","):
        plain = None
        for n, style in enumerate(STYLES):
            said = [(text + style, language, kind) for text, language, kind in rows]
            found = judge.pictures(made(method, said, options, f"styles-{method}-{n}"))
            plain = found if plain is None else plain
            first = (places(judge, found, texts, others) < 1).mean()
            thing, same = float((found * texts).sum(1).mean()), float((found * plain).sum(1).mean())
            print(f"| {method} | {style[2:] or 'none'} | {first:.3f} | {thing:.3f} | {same:.3f} |", flush=True)


def sheets(options: argparse.Namespace) -> None:
    """64 pictures of each method, the same words."""
    rows = captions(options, min(options.count, 64))
    for method in options.methods.split(","):
        trace.sheet(made(method, rows, options, f"sheet-{method}")).save(options.out / f"{method}.png")
        print(f"{options.out / f'{method}.png'}: {', '.join(text for text, _, _ in rows[:8])} ...")


PARTS = {
    "recall": recall, "scale": scale, "steps": steps, "colours": colours, "styles": styles, "frechet": frechet,
    "sheets": sheets,
}  # fmt: skip

if __name__ == "__main__":
    assert set(SHOWN) <= set(METHODS)
    main()
