"""How well the small models draw.

python benchmarks/drawing.py recall|scale|frechet|speed|sheets [--count N] [--out FOLDER]

recall: pictures of captions kept out of training find their own words among 100 others, by an image tower that did not
guide them (the one that ships for searching). scale: how near guided pictures come to their words as s grows. frechet:
distance between drawings and pictures kept apart, by features of that tower. speed: seconds a picture, and the same
networks and walks by diffusers, in one run. sheets: pictures of each method to be looked at.
"""

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ateneo.drawing import METHODS, Order, draw, trace
from ateneo.engines.tower import PictureTower

ROOT = Path(__file__).resolve().parents[1]
HELD = ROOT / "recipes" / "drawing" / "held.json"
SHOWN = ("unclip", "guided", "vqgan")
OTHERS = 100
SCALES = (0.0, 15.0, 60.0, 250.0, 1000.0, 4000.0)
ENOUGH = 3  # pairs of timings; the least of each counts
Vectors = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["recall", "scale", "frechet", "speed", "sheets"])
    parser.add_argument("--count", type=int, default=200, help="pictures of each method")
    parser.add_argument("--methods", default=",".join(SHOWN))
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "drawings")
    parser.add_argument("--pictures", type=Path, help="stock.npz of recipes/drawing, for frechet")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    {"recall": recall, "scale": scale, "frechet": frechet, "speed": speed, "sheets": sheets}[options.what](options)


def captions(count: int) -> list[tuple[str, str, bool]]:
    """Caption, language, and whether the thing was learned from in other words; both kinds in turn."""
    held = json.loads(HELD.read_text(encoding="utf-8"))
    pairs = zip(held["seen"], held["unseen"], strict=True)
    rows = [
        (text, language, kind) for pair in pairs for (text, language), kind in zip(pair, (True, False), strict=True)
    ]
    return rows[:count]


def drawn(order: Order) -> NDArray[np.uint8]:
    """One picture (H, W, 3)."""
    return draw(order).pixels[0]


def embedded(tower: PictureTower, pictures: Sequence[NDArray[np.uint8]]) -> Vectors:
    """What the tower that did not guide sees, (n, E)."""
    return tower.embed_pictures([Image.fromarray(one) for one in pictures])


def recall(options: argparse.Namespace) -> None:
    """recall@1 and @5 among 101, for captions of things learned in other words and for things never seen."""
    tower, rows = PictureTower(), captions(options.count)
    texts = tower.embed_texts([text for text, _, _ in rows])
    others = tower.embed_texts([text for text, _, _ in captions(10_000)])
    print("| method | captions | recall@1 | recall@5 | known things @1 | new things @1 | cosine | s a picture |")
    print(f"{'|---' * 8}|")
    for method in [*options.methods.split(","), "unguided"]:
        plain = method == "unguided"
        kept, began = [], time.process_time()
        for n, (text, _, _) in enumerate(rows):
            order = Order(text, "unclip" if plain else method, seed=n, scale=0.0 if plain else None)
            kept.append(drawn(order))
        spent = (time.process_time() - began) / len(rows)
        found = embedded(tower, kept)
        np.save(options.out / f"recall-{method}.npy", np.stack(kept))
        trace.sheet(kept[:64]).save(options.out / f"recall-{method}.png")
        places = np.array([_place(found[n], texts[n], others, seed=n) for n in range(len(rows))])
        known = np.array([kind for _, _, kind in rows])
        near = float((found * texts).sum(1).mean())
        print(
            f"| {method} | {len(rows)} | {(places < 1).mean():.3f} | {(places < 5).mean():.3f}"
            f" | {(places[known] < 1).mean():.3f} | {(places[~known] < 1).mean():.3f} | {near:.3f} | {spent:.1f} |",
            flush=True,
        )


def _place(picture: Vectors, text: Vectors, others: Vectors, *, seed: int) -> int:
    """How many of 100 other captions are nearer."""
    different = others[(others @ text) < 0.95]  # not the same thing in other words
    chosen = np.random.default_rng(seed).choice(len(different), OTHERS, replace=False)
    return int((different[chosen] @ picture >= text @ picture).sum())


def scale(options: argparse.Namespace) -> None:
    """The mean cosine of guided pictures with their words, by the tower that guides and by the one that does not."""
    from ateneo.models.drawing import Studio

    studio, tower, rows = Studio(), PictureTower(), captions(options.count)
    texts = tower.embed_texts([text for text, _, _ in rows])
    print(f"| s | cosine, tower that guides | cosine, tower apart |\n{'|---' * 3}|")
    sheet, points = [], []
    for s in SCALES:
        kept = [drawn(Order(text, "guided", seed=n, scale=s)) for n, (text, _, _) in enumerate(rows)]
        own = studio.vectors(kept).numpy()
        near = [float((found * texts).sum(1).mean()) for found in (own, embedded(tower, kept))]
        points.append((s, *near))
        sheet += kept[:8]
        print(f"| {s:g} | {near[0]:.3f} | {near[1]:.3f} |", flush=True)
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
    tower = PictureTower()
    wanted = embedded(tower, list(stock["pixels"][held].transpose(0, 2, 3, 1)))
    learned = embedded(
        tower, list(stock["pixels"][~held][:: max(1, (~held).sum() // held.sum())].transpose(0, 2, 3, 1))
    )
    _, _, axes = np.linalg.svd(wanted - wanted.mean(0), full_matrices=False)
    print(f"| drawings | pictures | Fréchet distance x 1000 |\n{'|---' * 3}|")
    sets = {"drawings learned from": learned}
    for method in (*SHOWN, "unguided"):
        path = options.out / f"recall-{method}.npy"
        if path.is_file():
            sets[method] = embedded(tower, list(np.load(path)))
    for name, found in sets.items():
        print(
            f"| {name} | {len(found)} | {1000 * distance(wanted @ axes[:32].T, found @ axes[:32].T):.1f} |", flush=True
        )


def distance(a: Vectors, b: Vectors) -> float:
    """‖μ - μ'‖² + tr(C + C' - 2 (C C')^½) (Heusel et al. 2017)."""
    first, second = np.cov(a.T.astype(float)), np.cov(b.T.astype(float))
    values = np.linalg.eigvals(first @ second).real.clip(min=0)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second) - 2 * np.sqrt(values).sum())


def speed(options: argparse.Namespace) -> None:
    """Seconds a picture by method and steps, one thread; then the same weights by diffusers."""
    print(f"| method | steps | s a picture, one thread |\n{'|---' * 3}|")
    for method, steps in (
        ("unclip", 10),
        ("unclip", 25),
        ("unclip", 50),
        ("guided", 25),
        ("guided", 50),
        ("vqgan", 60),
    ):
        order = Order("un avión rojo", method, seed=0, steps=steps)
        draw(replace(order, steps=1))
        print(f"| {method} | {steps} | {_least(lambda order=order: draw(order), times=1):.2f} |", flush=True)
    print(f"\n| pair, same weights | diffusers s | Ateneo s | ratio |\n{'|---' * 4}|")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, theirs, ours in (_ddim_pair(), _prior_pair(), _vqgan_pair()):
            a, b = _paired(theirs, ours)
            print(f"| {name} | {a:.3f} | {b:.3f} | {a / b:.2f} |", flush=True)


def _paired(theirs: Callable[[], object], ours: Callable[[], object]) -> tuple[float, float]:
    times = [(_least(theirs, times=1), _least(ours, times=1)) for _ in range(ENOUGH + 1)][1:]
    return min(a for a, _ in times), min(b for _, b in times)


def _least(run: Callable[[], object], *, times: int = ENOUGH) -> float:
    found = []
    for _ in range(times):
        began = time.process_time()
        run()
        found.append(time.process_time() - began)
    return min(found)


def _ddim_pair() -> tuple[str, Callable[[], object], Callable[[], object]]:
    """diffusers' DDIMPipeline and ours, 10 steps at 64 pixels."""
    from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel

    from ateneo.models import Denoiser, ddim, load, schedule

    theirs = UNet2DModel(
        sample_size=64, block_out_channels=(64, 128, 128), layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
    ).eval()  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        network = load(folder, dtype=torch.float32)
        pipe = DDIMPipeline(theirs, DDIMScheduler())
    pipe.set_progress_bar_config(disable=True)
    levels = schedule("linear").levels([900, 800, 700, 600, 500, 400, 300, 200, 100, 0])
    x = torch.randn(1, 3, 64, 64)
    return (
        "DDIM, U-Net 64 px, 10 steps",
        lambda: pipe(num_inference_steps=10, output_type="np"),
        lambda: ddim(Denoiser(network), x, levels=levels),
    )


def _prior_pair() -> tuple[str, Callable[[], object], Callable[[], object]]:
    """diffusers' PriorTransformer with its UnCLIP scheduler, as UnCLIPPipeline walks them, and ours."""
    from diffusers import PriorTransformer, UnCLIPScheduler

    from ateneo.models import load, schedule
    from ateneo.models.prior import prior_steps
    from ateneo.models.samplers import ancestral

    theirs = PriorTransformer(num_attention_heads=8, attention_head_dim=64, num_layers=6, embedding_dim=384,
                              num_embeddings=77).eval()  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = load(folder, dtype=torch.float32)
    text, tokens, start = torch.randn(1, 384), torch.randn(1, 77, 384), torch.randn(1, 384)
    mask, noise = torch.ones(1, 77).bool(), schedule("cosine")
    walk = UnCLIPScheduler(prediction_type="sample", clip_sample_range=5.0)

    asked = {"proj_embedding": text, "encoder_hidden_states": tokens, "attention_mask": mask}
    twice = {name: torch.cat([value] * 2) for name, value in asked.items()}

    @torch.no_grad()
    def diffusers_way() -> None:
        walk.set_timesteps(25)
        x, times = start, walk.timesteps
        for n, t in enumerate(times):
            both = theirs(torch.cat([x] * 2), t, **twice)
            without, given = both.predicted_image_embedding.chunk(2)
            before = None if n + 1 == len(times) else times[n + 1]
            x = walk.step(without + 4 * (given - without), t, x, prev_timestep=before).prev_sample

    given = {"text": text, "tokens": tokens, "mask": mask}
    denoiser = ours.denoiser(given, nothing=given, scale=4.0)
    levels = noise.levels(prior_steps(1000, 25))
    return "prior, 25 steps, guided", diffusers_way, lambda: ancestral(denoiser, start, levels=levels)


def _vqgan_pair() -> tuple[str, Callable[[], object], Callable[[], object]]:
    """diffusers' VQModel and ours: a picture to codes and back."""
    from diffusers import VQModel

    from ateneo.models import load

    theirs = VQModel(
        block_out_channels=(32, 64, 64), layers_per_block=2, down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3, num_vq_embeddings=1024,
    ).eval()  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = load(folder, dtype=torch.float32)
    x = torch.randn(1, 3, 128, 128)
    return "VQGAN, 128 px there and back", torch.no_grad()(lambda: theirs(x)), torch.no_grad()(lambda: ours(x))


def sheets(options: argparse.Namespace) -> None:
    """64 pictures of each method, the same words."""
    rows = captions(min(options.count, 64))
    for method in options.methods.split(","):
        kept = [drawn(Order(text, method, seed=n)) for n, (text, _, _) in enumerate(rows)]
        trace.sheet(kept).save(options.out / f"{method}.png")
        print(f"{options.out / f'{method}.png'}: {', '.join(text for text, _, _ in rows[:8])} ...")


if __name__ == "__main__":
    assert set(SHOWN) <= set(METHODS)
    main()
