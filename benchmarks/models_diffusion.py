"""Samplers, guidance and U-Nets against Diffusers and against the way guided-diffusion arranges its work.

    python -m benchmarks.models_diffusion [--rounds N]

One thread, processor time, the two sides in turn, the least of N rounds each; quote the ratios, since machines differ.
Before anything is timed, both sides must give the same picture. What guided-diffusion does is written out in
models_published.py. Weights are random.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor

from ateneo.models.diffusion import Denoiser
from ateneo.models.guidance import ClassifierLogP, Guided, frozen
from ateneo.models.loading import load
from ateneo.models.samplers import ancestral, ddim
from ateneo.models.unet import Classifier, UNet, UNetConfig
from benchmarks.models_peers import diffusers, diffusers_loop, diffusers_unet
from benchmarks.models_published import LEVELS, LINEAR, SMALL, SPACED, STEPS, Published, as_published, randomised

Run = Callable[[], Tensor]


def least(ours: Run, theirs: Run, *, rounds: int) -> tuple[float, float]:
    """The least processor time of each, in milliseconds, run in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for side, run in enumerate((ours, theirs)):
            start = time.process_time()
            run()
            times[side].append(1000 * (time.process_time() - start))
    return min(times[0]), min(times[1])


def row(name: str, ours: Run, theirs: Run, *, rounds: int, asked: str = "") -> str:
    """A line of the table; the two sides must agree first."""
    a, b = ours(), theirs()
    difference = float((a - b).abs().max() / b.abs().max())
    if difference > 1e-4:
        raise SystemExit(f"{name}: the sides differ by {difference:.1e} of the largest value; nothing was timed")
    mine, other = least(ours, theirs, rounds=rounds)
    return f"| {name} | {mine:.2f} | {other:.2f} | {other / mine:.2f} | {asked} | {difference:.0e} |"


# --- the table ---


def sampler_rows(rounds: int) -> list[str]:
    """20 steps on 4 x 3 x 64 x 64, the model's answer at hand."""
    x, eps = torch.randn(4, 3, 64, 64), torch.randn(4, 3, 64, 64)
    denoiser, published = Denoiser(lambda x, t: eps), Published(LINEAR.respaced(SPACED))

    def our_ancestral() -> Tensor:
        return ancestral(denoiser, x, levels=LEVELS, noise=torch.Generator().manual_seed(0))

    def our_ddim() -> Tensor:
        return ddim(denoiser, x, levels=LEVELS)

    library = diffusers()
    assert library is not None
    free = Denoiser(lambda x, t: eps, clip=None)
    betas = {"beta_start": 1e-4, "beta_end": 0.02}
    their_ddim = diffusers_loop(library.DDIMScheduler(**betas), x, eps, steps=STEPS, use_clipped_model_output=True)
    their_free_ddim = diffusers_loop(library.DDIMScheduler(**betas, clip_sample=False), x, eps, steps=STEPS)
    their_ancestral = diffusers_loop(library.DDPMScheduler(**betas), x, eps, steps=STEPS)
    name = f"{STEPS} steps of {{}}, 4 x 3 x 64 x 64, {{}}"
    way, many = "guided-diffusion's way", 20 * rounds
    return [
        row(name.format("DDIM", "Diffusers"), our_ddim, their_ddim, rounds=many, asked="4"),
        row(name.format("DDIM, x₀ not clipped", "Diffusers"), lambda: ddim(free, x, levels=LEVELS), their_free_ddim,
            rounds=many, asked="4"),
        row(name.format("DDIM", way), our_ddim, lambda: published.ddim(lambda x, t: eps, x), rounds=many),
        row(name.format("ancestral", "Diffusers"), our_ancestral, their_ancestral, rounds=many, asked="1.8"),
        row(name.format("ancestral", way), our_ancestral, lambda: published.ancestral(lambda x, t: eps, x),
            rounds=many),
    ]  # fmt: skip


def guided_rows(rounds: int) -> list[str]:
    """One guided DDIM step with a small U-Net and a classifier, the backward pass included."""
    torch.manual_seed(0)
    unet = randomised(UNet(SMALL))
    judge = randomised(Classifier(UNetConfig(**{**SMALL.__dict__, "out_channels": 10})))
    their_unet, their_judge = as_published(unet), as_published(judge)
    frozen(unet)
    kept, rows = LINEAR.respaced([500]), []
    levels, published = LINEAR.levels([500]), Published(kept)
    for batch in (1, 4):
        x, labels = torch.randn(batch, 3, 32, 32), torch.arange(batch)
        guided = Guided(Denoiser(unet, variance="learned"), ClassifierLogP(judge, labels), "score", scale=2.0)

        def gradient(x: Tensor, t: Tensor, labels: Tensor = labels) -> Tensor:
            with torch.enable_grad():
                x = x.detach().requires_grad_(True)
                log_p = torch.log_softmax(their_judge(x, t), dim=-1)[range(len(labels)), labels]
                return torch.autograd.grad(log_p.sum(), x)[0] * 2.0

        name = f"a guided DDIM step with backward pass, batch {batch}, guided-diffusion's way"
        ours: Run = lambda guided=guided, x=x: ddim(guided, x, levels=levels)  # type: ignore[misc]  # noqa: E731
        theirs: Run = lambda x=x, gradient=gradient: published.ddim(their_unet, x, gradient=gradient)  # type: ignore[misc]  # noqa: E731
        rows.append(row(name, ours, theirs, rounds=4 * rounds, asked="1"))
    return rows


def unet_rows(rounds: int) -> list[str]:
    """The forward pass of ddpm-cifar10-32 against Diffusers, the same weights in both."""
    reference = diffusers_unet()
    with TemporaryDirectory() as folder:
        reference.save_pretrained(folder)
        model = load(Path(folder))
        rows = []
        for batch in (1, 4):
            x, t = torch.randn(batch, 3, 32, 32), torch.tensor([500])

            def ours(x: Tensor = x, t: Tensor = t) -> Tensor:
                with torch.no_grad():
                    return model(x, t.expand(x.shape[0]))  # type: ignore[no-any-return]

            def theirs(x: Tensor = x, t: Tensor = t) -> Tensor:
                with torch.no_grad():
                    return reference(x, t).sample  # type: ignore[no-any-return]

            rows.append(row(f"ddpm-cifar10-32, batch {batch}, Diffusers", ours, theirs, rounds=max(3, rounds)))
    return rows


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if diffusers() is None:
        sys.exit(1)
    print("| what, against what | ours, ms | theirs, ms | ratio | asked | difference |")
    print("|---|---|---|---|---|---|")
    for rows in (sampler_rows, guided_rows, unet_rows):
        print("\n".join(rows(rounds)), flush=True)


if __name__ == "__main__":
    main()
