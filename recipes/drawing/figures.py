"""The pictures of docs/drawing.md, drawn by the models that ship.

python recipes/drawing/figures.py [--out docs/drawing]
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ateneo.drawing import Order, draw, trace
from ateneo.models.losses import add_noise
from ateneo.models.schedules import schedule

DOCS = Path(__file__).resolve().parents[2] / "docs" / "drawing"
WORDS = ("un avión rojo", "a green tree")
STYLES = ("", ", unreal engine", ", in the style of studio ghibli", ", emoji", ", an illustration")
SCALES = (0, 2, 9, 36)
SIDE = 96  # px
Pixels = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DOCS)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    seed = options.seed
    forward(draw(Order(WORDS[0], seed=seed)).pixels[0]).save(options.out / "forward.png", optimize=True)
    rows = [(style[2:] or "as it is", [_one(words + style, "unclip", seed) for words in WORDS]) for style in STYLES]
    table(rows, WORDS).save(options.out / "styles.png", optimize=True)
    for method in ("guided", "unclip"):
        found = trace.traced(Order(WORDS[0], method, seed=seed))
        trace.strip(found).save(options.out / f"trace-{method}.png", optimize=True)
    rows = [(method, [_one(words, method, seed) for words in WORDS]) for method in ("vqgan", "guided", "unclip")]
    table(rows, WORDS).save(options.out / "methods.png", optimize=True)
    rows = [(f"s = {s}", [_one(words, "guided", seed, scale=float(s)) for words in WORDS]) for s in SCALES]
    table(rows, WORDS).save(options.out / "scale.png", optimize=True)


def forward(picture: Pixels) -> Image.Image:
    """x_t of one picture at nine steps, from none to nothing recognisable."""
    noise = schedule("cosine")
    x0 = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    steps = np.linspace(0, 999, 9).round().astype(int).tolist()
    draws = torch.randn(x0.shape, generator=torch.Generator().manual_seed(0))
    noisy = [add_noise(noise, x0, i=torch.tensor([step]), noise=draws)[0] for step in steps]
    cells = [((x.permute(1, 2, 0).clamp(-1, 1) + 1) * 127.5).byte().numpy() for x in noisy]
    return table([("x_t", cells)], [f"t = {step}" for step in steps])


def _one(words: str, method: str, seed: int, *, scale: float | None = None) -> Pixels:
    return draw(Order(words, method, seed=seed, scale=scale)).pixels[0]


def table(rows: list[tuple[str, list[Pixels]]], heads: tuple[str, ...] | list[str]) -> Image.Image:
    """Pictures in rows with a name each, below the heads of their columns."""
    font, left = trace.font(12), 190
    page = Image.new("RGB", (left + len(heads) * (SIDE + 4), 22 + len(rows) * (SIDE + 4)), "white")
    pen = ImageDraw.Draw(page)
    for column, head in enumerate(heads):
        pen.text((left + column * (SIDE + 4), 4), head, fill=trace.INK, font=font)
    for row, (name, cells) in enumerate(rows):
        pen.text((4, 22 + row * (SIDE + 4) + SIDE // 2 - 8), name, fill=trace.INK, font=font)
        for column, cell in enumerate(cells):
            one = Image.fromarray(cell).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            page.paste(one, (left + column * (SIDE + 4), 22 + row * (SIDE + 4)))
    return page


if __name__ == "__main__":
    main()
