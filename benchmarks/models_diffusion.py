"""Samplers, guidance and U-Nets against Diffusers and against the way guided-diffusion arranges its work.

    python benchmarks/models_diffusion.py [--rounds N]

One thread, processor time, the two sides in turn, the least of N rounds each; quote the ratios, since machines differ.
Before anything is timed, both sides must give the same picture. guided-diffusion is not on PyPI: what it does in a step
is written out here from its description, in our words (tables in float64 that are sent to the device and expanded in
every step, ε derived again from x₀, noise drawn whether or not it is used, one embedding for each picture, attention by
products over (B·H, C, N), a classifier whose weights ask for gradients). Weights are random.
"""

import argparse
import copy
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel
from torch import Tensor, nn

from ateneo.models.diffusion import Denoiser
from ateneo.models.guidance import ClassifierLogP, Guided, frozen
from ateneo.models.loading import load
from ateneo.models.samplers import ancestral, ddim
from ateneo.models.schedules import Schedule, linear_betas, spaced
from ateneo.models.unet import Classifier, PictureAttention, UNet, UNetConfig

STEPS = 20
LINEAR = Schedule(linear_betas(1000, start=1e-4, end=0.02))
SPACED = spaced(1000, STEPS)
LEVELS = LINEAR.levels(SPACED)
SMALL = UNetConfig(
    image_size=32, channels=64, widths=(64, 128, 128), blocks=1, attention=(1, 2), head_channels=32, out_channels=6,
    scale_shift=True, resample="block",
)  # fmt: skip

Run = Callable[[], Tensor]
M = TypeVar("M", bound=nn.Module)


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


# --- Diffusers ---


def diffusers_loop(scheduler: DDIMScheduler | DDPMScheduler, x: Tensor, eps: Tensor, **choices: bool) -> Run:
    """A loop over a scheduler's steps, with the model's answer at hand."""
    scheduler.set_timesteps(STEPS)

    def run() -> Tensor:
        generator, sample = torch.Generator().manual_seed(0), x
        for t in scheduler.timesteps:
            sample = scheduler.step(eps, t, sample, generator=generator, **choices).prev_sample
        return sample

    return run


# --- guided-diffusion, as it arranges a step ---


class Published:
    """Its tables and steps, respaced: learned or fixed variance by the number of channels that the model returns."""

    def __init__(self, schedule: Schedule) -> None:
        names = ("alpha_bar", "alpha_bar_prev", "posterior_x0", "posterior_x_t", "posterior_log_variance", "log_betas",
                 "posterior_variance")  # fmt: skip
        self.tables = {name: getattr(schedule, name).numpy() for name in names}
        bar = self.tables["alpha_bar"]
        self.tables |= {"inverse": np.sqrt(1 / bar), "inverse_less_1": np.sqrt(1 / bar - 1)}
        self.timesteps = np.array(schedule.timesteps)

    def at(self, name: str, i: Tensor, shape: torch.Size) -> Tensor:
        """A table's entry for each picture, expanded to every pixel."""
        entries = torch.from_numpy(self.tables[name]).to(i.device)[i].float()
        return entries.reshape(-1, 1, 1, 1).expand(shape)

    def prediction(self, model: Callable[..., Tensor], x: Tensor, i: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """μ, Σ, log Σ and x₀."""
        output = model(x, torch.tensor(self.timesteps)[i])
        if output.shape[1] == 2 * x.shape[1]:
            output, v = output.split(x.shape[1], dim=1)
            least, most = self.at("posterior_log_variance", i, x.shape), self.at("log_betas", i, x.shape)
            log_variance = (v + 1) / 2 * most + (1 - (v + 1) / 2) * least
            variance = torch.exp(log_variance)
        else:
            variance = self.at("posterior_variance", i, x.shape)
            log_variance = self.at("posterior_log_variance", i, x.shape)
        x0 = (self.at("inverse", i, x.shape) * x - self.at("inverse_less_1", i, x.shape) * output).clamp(-1, 1)
        return self.mean(x0, x, i), variance, log_variance, x0

    def mean(self, x0: Tensor, x: Tensor, i: Tensor) -> Tensor:
        """Of q(x_{t-1} | x_t, x₀)."""
        return self.at("posterior_x0", i, x.shape) * x0 + self.at("posterior_x_t", i, x.shape) * x

    def eps(self, x0: Tensor, x: Tensor, i: Tensor) -> Tensor:
        """From x₀."""
        return (self.at("inverse", i, x.shape) * x - x0) / self.at("inverse_less_1", i, x.shape)

    def ancestral(self, model: Callable[..., Tensor], x: Tensor) -> Tensor:
        """The loop."""
        generator = torch.Generator().manual_seed(0)
        for step in reversed(range(len(self.timesteps))):
            i = torch.tensor([step] * x.shape[0])
            with torch.no_grad():
                mean, _, log_variance, _ = self.prediction(model, x, i)
                mask = (i != 0).float().reshape(-1, 1, 1, 1)
                noise = torch.randn(x.shape, generator=generator) if step else torch.zeros_like(x)  # so that they agree
                x = mean + mask * torch.exp(0.5 * log_variance) * noise
        return x

    def ddim(self, model: Callable[..., Tensor], x: Tensor, *, gradient: Callable[..., Tensor] | None = None) -> Tensor:
        """The loop at η = 0; with a gradient of log p, in the score form."""
        for step in reversed(range(len(self.timesteps))):
            i = torch.tensor([step] * x.shape[0])
            with torch.no_grad():
                _, _, _, x0 = self.prediction(model, x, i)
                if gradient is not None:
                    bar = self.at("alpha_bar", i, x.shape)
                    eps = self.eps(x0, x, i) - (1 - bar).sqrt() * gradient(x, torch.tensor(self.timesteps)[i])
                    x0 = self.at("inverse", i, x.shape) * x - self.at("inverse_less_1", i, x.shape) * eps
                    self.mean(x0, x, i)
                eps = self.eps(x0, x, i)
                bar, before = self.at("alpha_bar", i, x.shape), self.at("alpha_bar_prev", i, x.shape)
                sigma = 0.0 * torch.sqrt((1 - before) / (1 - bar)) * torch.sqrt(1 - bar / before)
                noise = torch.randn_like(x)
                mean = x0 * torch.sqrt(before) + torch.sqrt(1 - before - sigma**2) * eps
                x = mean + (i != 0).float().reshape(-1, 1, 1, 1) * sigma * noise
        return x


class PublishedAttention(nn.Module):
    """The same attention as a convolution over (B, C, N) and two products over (B·H, C, N)."""

    def __init__(self, ours: PictureAttention) -> None:
        super().__init__()
        self.norm, self.heads = ours.norm, ours.attention.heads
        width = ours.attention.out.weight.shape[0]
        self.qkv, self.out = nn.Conv1d(width, 3 * width, 1), nn.Conv1d(width, width, 1)
        own = ours.attention
        for theirs, parts in ((self.qkv, (own.q, own.k, own.v)), (self.out, (own.out,))):
            theirs.weight.data = torch.cat([part.weight.data for part in parts])[:, :, None]
            theirs.bias.data = torch.cat([part.bias.data for part in parts])

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H, W)."""
        B, C = x.shape[:2]
        flat = x.reshape(B, C, -1)
        q, k, v = self.qkv(self.norm(flat.float()).type(flat.dtype)).chunk(3, dim=1)
        scale = (C // self.heads) ** -0.25
        q, k, v = (part.reshape(B * self.heads, C // self.heads, -1) for part in (q, k, v))
        weights = torch.softmax(torch.einsum("bct,bcs->bts", q * scale, k * scale).float(), dim=-1)
        seen = torch.einsum("bts,bcs->bct", weights, v).reshape(B, C, -1)
        return (flat + self.out(seen)).reshape(x.shape)


def as_published(model: M) -> M:
    """A copy with the attention of guided-diffusion and weights that ask for gradients."""
    model = copy.deepcopy(model).requires_grad_(True)
    for stage in model.modules():
        if isinstance(getattr(stage, "attention", None), PictureAttention):
            stage.attention = PublishedAttention(stage.attention)  # type: ignore[assignment,arg-type]
    return model


def randomised(model: M) -> M:
    """Random weights everywhere, also where a fresh network has zeros."""
    for name, weights in model.named_parameters():
        if weights.ndim > 1:
            nn.init.normal_(weights, std=weights[0].numel() ** -0.5)
        elif name.endswith("weight"):
            nn.init.ones_(weights)
    return model.eval()


# --- the table ---


def sampler_rows(rounds: int) -> list[str]:
    """20 steps on 4 x 3 x 64 x 64, the model's answer at hand."""
    x, eps = torch.randn(4, 3, 64, 64), torch.randn(4, 3, 64, 64)
    denoiser, published = Denoiser(lambda x, t: eps), Published(LINEAR.respaced(SPACED))

    def our_ancestral() -> Tensor:
        return ancestral(denoiser, x, levels=LEVELS, noise=torch.Generator().manual_seed(0))

    def our_ddim() -> Tensor:
        return ddim(denoiser, x, levels=LEVELS)

    free = Denoiser(lambda x, t: eps, clip=None)
    betas = {"beta_start": 1e-4, "beta_end": 0.02}
    their_ddim = diffusers_loop(DDIMScheduler(**betas), x, eps, use_clipped_model_output=True)
    their_free_ddim = diffusers_loop(DDIMScheduler(**betas, clip_sample=False), x, eps)
    their_ancestral = diffusers_loop(DDPMScheduler(**betas), x, eps)
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
    reference = UNet2DModel(
        sample_size=32, block_out_channels=(128, 256, 256, 256), layers_per_block=2, norm_eps=1e-6, freq_shift=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"), flip_sin_to_cos=False,
        up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"), attention_head_dim=None,
        downsample_padding=0,
    ).eval()  # fmt: skip
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
    print("| what, against what | ours, ms | theirs, ms | ratio | asked | difference |")
    print("|---|---|---|---|---|---|")
    for rows in (sampler_rows, guided_rows, unet_rows):
        print("\n".join(rows(rounds)), flush=True)


if __name__ == "__main__":
    main()
