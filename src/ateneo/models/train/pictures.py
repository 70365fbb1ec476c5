"""Pictures in and out: from bytes to tensors, chance variations while learning, sheets of pictures to look at."""

import io
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageOps
from torch import Tensor
from torch.nn import functional as F

from ateneo.models.preprocess import HALF, Preprocess

SHIFT = 1 / 8  # of the side: how far a picture is moved by chance, as usual for small pictures
LINE = 11  # pixels: a line of writing under a picture


def decode(data: bytes, size: int) -> Tensor:
    """A picture's bytes as (3, size, size) uint8: upright, RGB, short side resized (bicubic), the centre cut out.

    Raises OSError, ValueError or SyntaxError where Pillow cannot read it.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            picture = ImageOps.fit(
                ImageOps.exif_transpose(opened).convert("RGB"), (size, size), Image.Resampling.BICUBIC
            )
    except Image.DecompressionBombError as error:
        raise ValueError(str(error)) from error
    return torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(size, size, 3).permute(2, 0, 1)


def normalised(pixels: Tensor) -> Tensor:
    """Bytes (B, 3, H, W) as floats from -1 to 1: mean and deviation 0.5, which all models trained here use."""
    return pixels.float() / 127.5 - 1


def preprocessing(size: int) -> dict[str, bytes]:
    """What the models trained here expect of pictures, as the file that Preprocess.beside and transformers read."""
    document = Preprocess(size, mean=HALF, std=HALF).document()
    return {"preprocessor_config.json": (json.dumps(document, indent=1) + "\n").encode()}


def varied(pixels: Tensor) -> Tensor:
    """Each picture (B, 3, H, W) moved a little and mirrored by chance; draws from torch's own generator."""
    B, _, H, W = pixels.shape
    reach = max(1, round(W * SHIFT))
    padded = F.pad(pixels.float(), (reach,) * 4, mode="reflect").to(pixels.dtype)  # (B, 3, H + 2r, W + 2r)
    dy, dx = torch.randint(0, 2 * reach + 1, (2, B, 1))
    rows, columns = dy + torch.arange(H), dx + torch.arange(W)  # (B, H), (B, W)
    columns = torch.where(torch.rand(B, 1) < 0.5, columns, columns.flip(1))
    each = torch.arange(B)[:, None, None]
    moved: Tensor = padded.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]]  # (B, H, W, 3)
    return moved.permute(0, 3, 1, 2)


def jittered(pixels: Tensor, strength: float) -> Tensor:
    """Normalised pictures with brightness, contrast and saturation changed by chance, by up to `strength` of each."""
    if not strength:
        return pixels
    factors = 1 + strength * (2 * torch.rand(3, len(pixels), 1, 1, 1) - 1)  # brightness, contrast, saturation
    grey = pixels.mean(1, keepdim=True)
    pixels = grey + factors[2] * (pixels - grey)
    mean = pixels.mean((1, 2, 3), keepdim=True)
    return mean + factors[1] * (pixels - mean) + (factors[0] - 1)


def erased(pixels: Tensor, side: float) -> Tensor:
    """Pictures with a square of `side` (a part of their width) wiped out at a place of chance."""
    if not side:
        return pixels
    B, _, H, W = pixels.shape
    cy, cx = (torch.rand(B, 1) * H), (torch.rand(B, 1) * W)
    rows, columns = ((torch.arange(n) - c).abs() < side * n / 2 for n, c in ((H, cy), (W, cx)))
    return pixels.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


def to_bytes(pixels: Tensor) -> Tensor:
    """Floats from -1 to 1 (B, 3, H, W) as bytes."""
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def sheet(pixels: Tensor, *, columns: int, under: Sequence[str] = (), scale: int = 2) -> Image.Image:
    """Pictures (B, 3, H, W) uint8 in rows, each with its line of writing below."""
    B, _, H, W = pixels.shape
    H, W = H * scale, W * scale
    line = LINE * max((text.count("\n") + 1 for text in under), default=0)
    rows = -(-B // columns)
    page = Image.new("RGB", (columns * (W + 2), rows * (H + 2 + line)), "white")
    draw = ImageDraw.Draw(page)
    for n, picture in enumerate(pixels):
        x, y = (n % columns) * (W + 2), (n // columns) * (H + 2 + line)
        one = Image.fromarray(picture.permute(1, 2, 0).contiguous().cpu().numpy())
        page.paste(one.resize((W, H), Image.Resampling.NEAREST), (x, y))
        if n < len(under):
            draw.text((x + 1, y + H), under[n], fill="black", font_size=LINE - 2, spacing=1)
    return page


def curves(records: Sequence[dict[str, float]], path: Path) -> None:
    """The loss and what was measured on pictures held apart, over the steps, as a picture; none where there is no
    matplotlib."""
    if find_spec("matplotlib") is None:
        return
    from matplotlib.figure import Figure

    tested = sorted({name for record in records for name in record if name.startswith("held ")})
    figure = Figure(figsize=(4.2 * (1 + len(tested)), 3), layout="constrained")
    for axes, name in zip(figure.subplots(1, 1 + len(tested), squeeze=False)[0], ["loss", *tested], strict=True):
        points = [(record["step"], record[name]) for record in records if name in record]
        if points:
            axes.plot(*zip(*points, strict=True), color="tab:blue", linewidth=1)
        axes.set(xlabel="step", title=name)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=90)
