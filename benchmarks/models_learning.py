"""What the small models of recipes/cifar10 learned, on pictures held apart; and words that guide what is drawn.

    python benchmarks/models_learning.py RUNS --data PICTURES --wordings HELD.json --out FOLDER

RUNS holds the runs vit/, clip/ and diffusion/ as the recipe makes them. Prints Markdown tables and writes pictures;
what words drew is kept in RUNS/drawn and judged again from there: delete it when the CLIP or the drawing model changes.
The CLIP guides the drawing; the ViT, trained apart from it on the same pictures, judges what was drawn.
"""

import argparse
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ateneo.models.clip import Clip, l2_normalize
from ateneo.models.diffusion import Denoiser
from ateneo.models.formats.own import about
from ateneo.models.guidance import ClassifierFree, ClipLogP, Cutouts, Guided, frozen
from ateneo.models.loading import load
from ateneo.models.samplers import Callback, Step, ancestral, ddim
from ateneo.models.schedules import Schedule, schedule
from ateneo.models.tokenizer import Tokenizer
from ateneo.models.train.clip import accuracy, wording_vectors
from ateneo.models.train.data import Pictures
from ateneo.models.train.items import find_items, hold_apart
from ateneo.models.train.pictures import normalised, sheet, to_bytes
from ateneo.models.train.wordings import Wording, read_wordings
from ateneo.models.unet import UNet
from ateneo.models.vit import ViT

SCALES = (0, 10, 30, 100, 300)
FREE_SCALES = (0, 1, 2, 4)
WORDS = {  # what the guide is told, of each class
    "airplane": "una foto de un avión", "automobile": "una foto de un coche", "bird": "una foto de un pájaro",
    "cat": "una foto de un gato", "deer": "una foto de un ciervo", "dog": "una foto de un perro",
    "frog": "una foto de una rana", "horse": "una foto de un caballo", "ship": "una foto de un barco",
    "truck": "una foto de un camión",
}  # fmt: skip
SEEN = (0.9, 0.6, 0.4, 0.2, 0.1, 0.02)  # of the way from noise to picture, where μ and μ′ are shown
MAGNIFIED = 10  # how many times larger the difference μ′ - μ is shown than it is


class Runs:
    """The three models and what their folders say of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vit, self.clip, self.unet = (
            frozen(load(folder / name / "model")) for name in ("vit", "clip", "diffusion")
        )
        assert isinstance(self.vit, ViT)
        assert isinstance(self.clip, Clip)
        assert isinstance(self.unet, UNet)
        self.tokenizer = Tokenizer.load(folder / "clip" / "model")
        said = about(folder / "diffusion" / "model")
        self.classes: list[str] = said["classes"]
        self.schedule: Schedule = schedule(said["schedule"], said["T"])
        self.denoiser = partial(Denoiser, predicts=said["predicts"], variance=said["variance"])

    @torch.no_grad()
    def vectors(self, texts: Sequence[str]) -> Tensor:
        """(n, d_e): texts in the CLIP's space."""
        return self.clip.encode_text(self.tokenizer.encode(list(texts)), normalize=True)

    @torch.no_grad()
    def similarity(self, drawn: Tensor, words: Tensor) -> Tensor:
        """(B,): the cosine between each picture and its words (B, d_e)."""
        return (self.clip.encode_image(drawn.clamp(-1, 1), normalize=True) * words).sum(1)

    @torch.no_grad()
    def judged(self, drawn: Tensor, labels: Tensor) -> tuple[float, float]:
        """The ViT's probability of the class asked for, and how often it is its first guess."""
        p = self.vit(drawn.clamp(-1, 1)).softmax(1)
        return p.gather(1, labels[:, None]).mean().item(), (p.argmax(1) == labels).float().mean().item()


@torch.no_grad()
def held_accuracy(runs: Runs, held: Pictures, wordings: list[Wording]) -> None:
    """The ViT's accuracy, the CLIP's with all held wordings together, and with each wording alone."""
    rows, right, labels = [], [], []
    for batch in held.in_order(256):
        pixels = normalised(batch.pixels)
        labels.append(torch.tensor([runs.classes.index(item.label or "") for item in batch.items]))
        right.append(runs.vit(pixels).argmax(1) == labels[-1])
        rows.append(runs.clip.encode_image(pixels, normalize=True))
    I_e, truth = torch.cat(rows), torch.cat(labels)
    print(f"\nOn {len(truth):,} pictures held apart:\n")
    print("| model | accuracy |\n|---|---|")
    print(f"| ViT | {torch.cat(right).float().mean():.1%} |")
    each = [wording_vectors(runs.clip, runs.tokenizer, wording, runs.classes) for wording in wordings]
    print(f"| CLIP, all held wordings together | {accuracy(I_e, l2_normalize(sum(each)), truth):.1%} |")
    for wording, vectors in zip(wordings, each, strict=True):
        print(f"| CLIP, held wordings in {wording.language} | {accuracy(I_e, vectors, truth):.1%} |")
        alone = [
            Wording(wording.language, (template,), {label: (names[n],) for label, names in wording.names.items()})
            for template in wording.templates
            for n in range(min(map(len, wording.names.values())))
        ]
        found = [accuracy(I_e, wording_vectors(runs.clip, runs.tokenizer, one, runs.classes), truth) for one in alone]
        print(f"| CLIP, one wording in {wording.language}: worst, mean and best of {len(found)} | "
              f"{min(found):.1%}, {sum(found) / len(found):.1%}, {max(found):.1%} |")  # fmt: skip


def free_guidance(runs: Runs, out: Path, *, each: int, steps: str) -> None:
    """Classes drawn with classifier-free guidance, judged by the ViT; a row a class, s growing to the right."""
    rows = []
    labels = torch.arange(len(runs.classes)).repeat_interleave(each)
    none = torch.full_like(labels, len(runs.classes))
    x_T = noise(len(labels), runs.unet, seed=1)
    print("\n| classifier-free s | ViT: probability of the class | ViT: first guess |\n|---|---|---|")
    for s in FREE_SCALES:
        network = ClassifierFree(runs.unet, {"labels": labels}, {"labels": none}, s)
        drawn = ddim(runs.denoiser(network), x_T, levels=runs.schedule.levels(steps))
        print("| {} | {:.3f} | {:.1%} |".format(s, *runs.judged(drawn, labels)), flush=True)
        rows.append(drawn.unflatten(0, (len(runs.classes), each)))
    page(torch.cat(rows, 1).flatten(0, 1), columns=each * len(FREE_SCALES)).save(out / "classes.png")


def word_guidance(runs: Runs, out: Path, *, each: int, steps: str) -> None:
    """Words guide the network that was told no class: similarity and judgement over s, pictures side by side."""
    rows = []
    labels = torch.arange(len(runs.classes)).repeat_interleave(each)
    words = runs.vectors([WORDS[name] for name in runs.classes]).repeat_interleave(each, 0)
    print("\n| s | similarity, guiding CLIP | ViT: probability of the class | ViT: first guess | processor s |")
    print("|---|---|---|---|---|")
    for s in SCALES:
        drawn, spent = drawn_once(runs, s, each=each, steps=steps)
        figures = (runs.similarity(drawn, words).mean().item(), *runs.judged(drawn, labels))
        print("| {} | {:.3f} | {:.3f} | {:.1%} | {:.0f} |".format(s, *figures, spent), flush=True)
        rows.append(drawn[::each])
    page(torch.cat(rows), columns=len(runs.classes)).save(out / "guided.png")


def drawn_once(runs: Runs, s: float, *, each: int, steps: str) -> tuple[Tensor, float]:
    """All classes' pictures at s, and the processor time they took; kept beside the runs, to be judged again."""
    path = runs.folder / "drawn" / f"s{s}-each{each}-steps{steps}.pt"
    if not path.exists():
        since = time.process_time()
        drawn = torch.cat([towards(runs, name, s, count=each, steps=steps) for name in runs.classes])
        path.parent.mkdir(exist_ok=True)
        torch.save((drawn, time.process_time() - since), path)
    kept: tuple[Tensor, float] = torch.load(path, weights_only=True)
    return kept


def means(runs: Runs, out: Path, *, name: str, s: float, steps: str) -> None:
    """One drawing under guidance: x₀ as predicted, μ, μ′ and their difference at moments on the way."""
    taken: list[Step] = []
    towards(runs, name, s, count=1, steps=steps, callback=taken.append)
    shown = [taken[round((1 - place) * (len(taken) - 1))] for place in SEEN]
    pairs = [(step.mu, step.mu_guided) for step in shown if step.mu_guided is not None]
    rows = [
        *(step.prediction.x0 for step in shown),
        *(mu for mu, _ in pairs),
        *(mu_guided for _, mu_guided in pairs),
        *(MAGNIFIED * (mu_guided - mu) for mu, mu_guided in pairs),
    ]
    page(torch.cat(rows), columns=len(shown)).save(out / "means.png")


def towards(runs: Runs, name: str, s: float, *, count: int, steps: str, callback: Callback | None = None) -> Tensor:
    """Pictures (count, 3, H, W) drawn towards the words of a class, from the same noise for every class and every s."""
    cutouts = Cutouts(runs.clip.image_size, count=4, smallest=0.8, generator=torch.Generator().manual_seed(4))
    half = [0.5] * 3  # mean and deviation of the pixels that models trained here take
    log_p = ClipLogP(runs.clip.encode_image, runs.vectors([WORDS[name]]), cutouts=cutouts, mean=half, std=half)
    guided = Guided(runs.denoiser(runs.unet), log_p, "mean", s, through_network=True)
    levels, chance = runs.schedule.levels(steps), torch.Generator().manual_seed(3)
    return ancestral(guided, noise(count, runs.unet, seed=2), levels=levels, noise=chance, callback=callback)


def noise(n: int, unet: UNet, *, seed: int) -> Tensor:
    """x_T (n, C, H, W)."""
    size = unet.config.image_size
    return torch.randn(n, unet.config.in_channels, size, size, generator=torch.Generator().manual_seed(seed))


def page(drawn: Tensor, *, columns: int) -> Any:
    """Drawn pictures in rows."""
    return sheet(to_bytes(drawn), columns=columns)


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--wordings", type=Path, required=True, help="wordings never learned from")
    parser.add_argument("--out", type=Path, default=Path("docs/models"))
    parser.add_argument("--holdout", type=float, default=0.1)
    parser.add_argument("--each", type=int, default=3, help="drawn pictures of each class for each s")
    parser.add_argument("--steps", default="30", help="steps of drawing, as Schedule.levels takes them")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    runs = Runs(arguments.runs)
    _, held = hold_apart(find_items(arguments.data), arguments.holdout)
    arguments.out.mkdir(parents=True, exist_ok=True)
    held_accuracy(runs, Pictures(held, runs.vit.config.image_size), read_wordings(arguments.wordings, runs.classes))
    free_guidance(runs, arguments.out, each=arguments.each, steps="ddim50")
    word_guidance(runs, arguments.out, each=arguments.each, steps=arguments.steps)
    means(runs, arguments.out, name="ship", s=SCALES[-2], steps=arguments.steps)


if __name__ == "__main__":
    main()
