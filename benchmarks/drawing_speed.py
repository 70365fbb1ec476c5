"""Seconds a picture of each method, and the same networks and walks by diffusers, in one run on one thread.

python benchmarks/drawing_speed.py
"""

import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace

import torch

from ateneo.drawing import Order, draw

ENOUGH = 3  # pairs of timings; the least of each counts


def main() -> None:
    torch.set_num_threads(1)
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


if __name__ == "__main__":
    main()
