"""The models on an accelerator beside open_clip, transformers, timm and Diffusers, in bf16 with fused attention.

    python -m benchmarks.models_accelerator [--out FILE] [--seconds 85] [--device cuda] [--quick]

The sides of a row have the same weights and inputs, are warmed up, and then run in turn; the device is waited for
before and after each call, and the median counts. "differs" is ‖ours - theirs‖ / ‖theirs‖ of the outputs, of the loss
for training. "attention" names the kernels that ran, as torch's dispatcher saw them. A peer that is absent or fails is
a row that says so, and so is what no time was left for. --quick is the same with tiny sizes, to see that it runs.
"""

import argparse
import copy
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "DIFFUSERS_VERBOSITY": "error"}

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from ateneo.models.clip import Clip, ClipConfig, TextConfig, contrastive_loss
from ateneo.models.diffusion import Denoiser
from ateneo.models.guidance import ClassifierLogP, Guided, frozen
from ateneo.models.layers import pack
from ateneo.models.loading import load
from ateneo.models.losses import simple_loss
from ateneo.models.samplers import ancestral, ddim
from ateneo.models.unet import CLASSIFIERS, UNETS, Classifier, UNet
from ateneo.models.vit import ViTConfig
from benchmarks.models_peers import (
    diffusers,
    diffusers_loop,
    diffusers_unet,
    embedding,
    hugging_face_clip,
    open_clip,
    openai_names,
    timm,
    timm_names,
)
from benchmarks.models_published import LEVELS, LINEAR, SMALL, SPACED, STEPS, Published, as_published, randomised

Call = Callable[[], Tensor]
Side = Call | str  # or why there is none


@dataclass(frozen=True)
class Sizes:
    """How large everything is."""

    layers: int
    pictures: tuple[int, ...]  # batches of the towers, the last for ViT-B/16 too
    pairs: int  # of a contrastive step
    drawn: tuple[int, int]  # batches of the U-Net's forward pass
    learned: int  # pictures of a U-Net's training step
    widths: tuple[int, ...]  # of that U-Net
    sampled: int
    pixels: tuple[int, ...]  # sides of the sampled pictures
    guided: int
    warm: int  # calls before the timed ones
    rounds: tuple[int, int]  # at least and at most


FULL = Sizes(12, (1, 8, 256), 256, (1, 64), 128, (128, 256, 256, 256), 16, (64, 256), 8, warm=3, rounds=(5, 60))
QUICK = Sizes(1, (1,), 2, (1,), 1, (32, 32, 32, 32), 1, (16,), 1, warm=0, rounds=(1, 1))


@dataclass(frozen=True)
class Case:
    """What is compared: "ateneo" and its peers."""

    what: str
    sides: dict[str, Side]
    items: int  # pictures or texts of a call
    gradients: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the table; times in milliseconds, None where a side did not run."""

    what: str
    peer: str
    ours: float | None = None
    theirs: float | None = None
    our_rate: float | None = None  # pictures or texts a second
    their_rate: float | None = None
    differs: float | None = None
    our_attention: str = ""
    their_attention: str = ""
    rounds: int = 0
    note: str = ""

    def line(self) -> str:
        """Markdown."""
        numbers = (self.ours, self.theirs, self.theirs / self.ours if self.ours and self.theirs else None)
        times = " | ".join("" if number is None else f"{number:.2f}" for number in numbers)
        rates = " | ".join("" if rate is None else f"{rate:.0f}" for rate in (self.our_rate, self.their_rate))
        differs = "" if self.differs is None else f"{self.differs:.0e}"
        attention = " / ".join(dict.fromkeys(name for name in (self.our_attention, self.their_attention) if name))
        return f"| {self.what} | {self.peer} | {times} | {rates} | {differs} | {attention} | {self.note} |"


HEAD = (
    "| what | beside | Ateneo, ms | peer, ms | times faster | Ateneo, 1/s | peer, 1/s | differs | attention | |"
    "\n|---|---|---:|---:|---:|---:|---:|---:|---|---|"
)


# --- measuring ---


class Kernels(TorchDispatchMode):
    """Notes which kernels of attention run."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operator; notes those of attention on the way forward."""
        name = func.name().split("::")[-1].split(".")[0]
        if "attention" in name and "backward" not in name:
            self.seen.add(name.removeprefix("_").removeprefix("scaled_dot_product_"))
        return func(*args, **(kwargs or {}))


def attention_of(call: Call) -> str:
    """The kernels of attention that a call runs; a call that cannot be watched is still timed."""
    try:
        with Kernels() as kernels:
            call()
    except Exception as error:
        return f"not seen ({short(error)})"
    return ", ".join(sorted(kernels.seen))


class Bench:
    """Runs cases on one device until its time is spent."""

    def __init__(self, sizes: Sizes, device: torch.device, *, seconds: float, each: float) -> None:
        self.sizes, self.device, self.each, self.end = sizes, device, each, time.perf_counter() + seconds

    def wait(self) -> None:
        """Until the device has done everything."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def run(self, case: Case) -> list[Row]:
        """Rows of ours beside each peer."""
        peers = [name for name in case.sides if name != "ateneo"]
        if time.perf_counter() > self.end:
            return [Row(case.what, peer, note="not run: no time left") for peer in peers]
        why: dict[str, str] = {}
        outputs: dict[str, Tensor] = {}
        kernels: dict[str, str] = {}
        calls: dict[str, Call] = {}
        for name, side in case.sides.items():
            if isinstance(side, str):
                why[name] = side
                continue
            try:
                with torch.set_grad_enabled(case.gradients):
                    outputs[name] = side().detach().float()
                    kernels[name] = attention_of(side)
                    for _ in range(self.sizes.warm):
                        side()
                    self.wait()
                calls[name] = side
            except Exception as error:
                why[name] = short(error)
        times = self.times(calls, gradients=case.gradients)
        rows = []
        for peer in peers:
            problems = [f"{name}: {why[name]}" for name in ("ateneo", peer) if name in why]
            pair = [statistics.median(times[name]) if name in times else None for name in ("ateneo", peer)]
            rates = [1000 * case.items / value if value else None for value in pair]
            differs = None if problems else difference(outputs["ateneo"], outputs[peer])
            attention = [kernels.get(name, "") for name in ("ateneo", peer)]
            rounds = len(times.get(peer, ()))
            rows.append(Row(case.what, peer, *pair, *rates, differs, *attention, rounds, "; ".join(problems)))
        return rows

    def times(self, calls: dict[str, Call], *, gradients: bool) -> dict[str, list[float]]:
        """Milliseconds of each call, the calls taken in turn."""
        taken: dict[str, list[float]] = {name: [] for name in calls}
        end = min(time.perf_counter() + self.each, self.end)
        least, most = self.sizes.rounds
        while calls:
            for name, call in calls.items():
                self.wait()
                start = time.perf_counter()
                with torch.set_grad_enabled(gradients):
                    call()
                self.wait()
                taken[name].append(1000 * (time.perf_counter() - start))
            count = len(next(iter(taken.values())))
            if count >= most or (count >= least and time.perf_counter() > end):
                break
        return taken


def difference(ours: Tensor, theirs: Tensor) -> float:
    """‖ours - theirs‖ / ‖theirs‖."""
    return float((ours - theirs).norm() / theirs.norm())


def short(error: BaseException) -> str:
    """The first line of an error."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:160]}".replace("|", "/")


def made(build: Callable[[], Any], device: torch.device) -> Any:
    """What `build` gives, made on the device or else on the CPU; or why there is none, as text."""
    why = ""
    for place in (device, torch.device("cpu")):
        try:
            with place:
                return build() or "not installed"
        except Exception as error:
            why = short(error)
    return why


def side(model: Any, call: Callable[[Any], Tensor]) -> Side:
    """A call of a model that was `made`, or why there is none."""
    return model if isinstance(model, str) else partial(call, model)


# --- CLIP and ViT ---


def our_clip(patch: int, layers: int, device: torch.device) -> Clip:
    """CLIP B with fresh weights."""
    image = ViTConfig(
        patch_size=patch, layers=layers, activation="quick_gelu", eps=1e-5, pre_norm=True, patch_bias=False
    )
    with device:
        return Clip(ClipConfig(512, image, TextConfig(layers=layers))).eval()


def their_clip(ours: Clip, patch: int, layers: int) -> Any:
    """The same in open_clip."""
    library = open_clip()
    if library is None:
        return None
    vision = {"layers": layers, "width": 768, "patch_size": patch, "image_size": 224}
    text = {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": layers}
    model = library.model.CLIP(512, vision_cfg=vision, text_cfg=text, quick_gelu=True).eval()
    model.load_state_dict(openai_names(ours))
    return model


def their_tower(ours: Clip, patch: int, layers: int) -> Any:
    """The image tower in timm."""
    library = timm()
    if library is None:
        return None
    model = library.models.vision_transformer.VisionTransformer(
        patch_size=patch, depth=layers, num_classes=512, pre_norm=True, norm_layer=partial(nn.LayerNorm, eps=1e-5),
        act_layer="quick_gelu",
    ).eval()  # fmt: skip
    model.load_state_dict(timm_names(ours))
    return model


def prompts(count: int, *, longest: int, device: torch.device) -> Tensor:
    """Texts of 5 to `longest` tokens, (count, 77), as the published tokenizer pads them."""
    tokens = torch.zeros(count, 77, dtype=torch.long)
    draw = torch.Generator().manual_seed(0)
    for row in tokens:
        length = int(torch.randint(5, longest + 1, (), generator=draw))
        row[0], row[length - 1] = 49406, 49407
        row[1 : length - 1] = torch.randint(1000, 40000, (length - 2,), generator=draw)
    return tokens.to(device)


def tower_cases(sizes: Sizes, device: torch.device) -> Iterator[Case]:
    """Image tower of B/32, text tower, image tower of B/16, in bf16."""
    for patch in (32, 16):
        with TemporaryDirectory() as name:
            hugging = made(partial(hugging_face_clip, Path(name), patch=patch, layers=sizes.layers), device)
            ours: Any = our_clip(patch, sizes.layers, device) if isinstance(hugging, str) else load(name)
            ours = ours.to(device)
            models = {
                "ateneo": ours,
                "open_clip": made(partial(their_clip, ours, patch, sizes.layers), device),
                "transformers": hugging,
                "timm": made(partial(their_tower, ours, patch, sizes.layers), device),
            }
            for key, model in models.items():
                models[key] = model if isinstance(model, str) else model.to(device, torch.bfloat16)
            pack(models["ateneo"])
        for batch in sizes.pictures if patch == 32 else sizes.pictures[-1:]:
            x = torch.randn(batch, 3, 224, 224, device=device).bfloat16()
            sides = {
                "ateneo": side(models["ateneo"], lambda m, x=x: m.encode_image(x)),
                "open_clip": side(models["open_clip"], lambda m, x=x: m.encode_image(x)),
                "transformers": side(models["transformers"], lambda m, x=x: embedding(m.get_image_features(x))),
                "timm": side(models["timm"], lambda m, x=x: m(x)),
            }
            yield Case(f"image tower B/{patch}, batch {batch}", sides, batch)
        for batch in sorted({sizes.pictures[0], sizes.pictures[-1]}) if patch == 32 else ():
            words = prompts(batch, longest=9, device=device)
            sides = {
                "ateneo": side(models["ateneo"], lambda m, t=words: m.encode_text(t)),
                "open_clip": side(models["open_clip"], lambda m, t=words: m.encode_text(t)),
                "transformers": side(models["transformers"], lambda m, t=words: embedding(m.get_text_features(t))),
            }
            yield Case(f"text tower, {batch} short prompt{'s' * (batch > 1)}", sides, batch)


class Learning:
    """A step of training, as often as asked: forward in bf16 where autocast says so, backward, AdamW in float32."""

    def __init__(self, model: nn.Module, loss: Callable[[nn.Module], Tensor], device: torch.device) -> None:
        self.model, self.loss, self.device = model.train(), loss, device
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)

    def __call__(self) -> Tensor:
        """The loss before the step."""
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            loss = self.loss(self.model)
        loss.backward()
        self.optimizer.step()
        return loss


def learning(model: Any, loss: Callable[[Any], Tensor], device: torch.device) -> Side:
    """A step of training for a model that was `made`."""
    return model if isinstance(model, str) else Learning(model.to(device), loss, device)


def contrastive_cases(sizes: Sizes, device: torch.device) -> Iterator[Case]:
    """A step of CLIP ViT-B/32 on pairs whose captions are short, or fill the context."""
    x = torch.randn(sizes.pairs, 3, 224, 224, device=device)
    for kind, longest in (("short captions", 12), ("captions up to 77 tokens", 77)):
        words = prompts(sizes.pairs, longest=longest, device=device)
        ours = our_clip(32, sizes.layers, device)
        theirs = made(partial(their_clip, ours, 32, sizes.layers), device)

        def our_loss(model: Clip, words: Tensor = words) -> Tensor:
            I_e, T_e = model(x, words)
            return contrastive_loss(I_e, T_e, model.t)

        def their_loss(model: Any, words: Tensor = words) -> Tensor:
            library = open_clip()
            assert library is not None
            return library.ClipLoss()(*model(x, words))  # type: ignore[no-any-return]

        sides = {"ateneo": learning(ours, our_loss, device), "open_clip": learning(theirs, their_loss, device)}
        yield Case(f"training step, CLIP B/32, {sizes.pairs} pairs, {kind}", sides, sizes.pairs, gradients=True)


# --- diffusion ---


def sampler_cases(sizes: Sizes, device: torch.device) -> Iterator[Case]:
    """Steps of DDIM and of the ancestral sampler, the model's answer at hand."""
    betas = {"beta_start": 1e-4, "beta_end": 0.02}
    library = made(diffusers, torch.device("cpu"))
    for pixels in sizes.pixels:
        shape = (sizes.sampled, 3, pixels, pixels)
        x, eps = torch.randn(shape, device=device), torch.randn(shape, device=device)
        denoiser, published = Denoiser(lambda x, t, eps=eps: eps), Published(LINEAR.respaced(SPACED))  # type: ignore[misc]

        def our_ancestral(denoiser: Denoiser = denoiser, x: Tensor = x) -> Tensor:
            return ancestral(denoiser, x, levels=LEVELS, noise=torch.Generator(device).manual_seed(0))

        their_ddim: Side = library
        their_ancestral: Side = library
        if not isinstance(library, str):
            theirs = library.DDIMScheduler(**betas)
            their_ddim = diffusers_loop(theirs, x, eps, steps=STEPS, use_clipped_model_output=True)
            their_ancestral = diffusers_loop(library.DDPMScheduler(**betas), x, eps, steps=STEPS)
        yield Case(
            f"{STEPS} steps of DDIM, {sizes.sampled} x 3 x {pixels} x {pixels}, float32",
            {
                "ateneo": partial(ddim, denoiser, x, levels=LEVELS),
                "Diffusers": their_ddim,
                "guided-diffusion's way": partial(published.ddim, lambda x, t, eps=eps: eps, x),  # type: ignore[misc]
            },
            sizes.sampled,
        )
        yield Case(
            f"{STEPS} steps of ancestral, {sizes.sampled} x 3 x {pixels} x {pixels}, float32",
            {
                "ateneo": our_ancestral,
                "Diffusers": their_ancestral,
                "guided-diffusion's way": partial(published.ancestral, lambda x, t, eps=eps: eps, x),  # type: ignore[misc]
            },
            sizes.sampled,
        )


def in_bf16(model: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """A network with weights in bf16 as the samplers ask it, in float32."""
    model.to(torch.bfloat16)
    return lambda x, t: model(x.bfloat16(), t).float()


def guided_cases(sizes: Sizes, device: torch.device, *, quick: bool) -> Iterator[Case]:
    """A guided DDIM step, the backward pass through the classifier included."""
    small = replace(SMALL, image_size=8, channels=32, widths=(32, 32, 32)) if quick else SMALL
    pairs = [("a small U-Net", small, replace(small, out_channels=10), 2 if quick else 4)]
    if not quick:
        kind = replace(UNETS["ADM-64"], classes=None), CLASSIFIERS["ADM-64-classifier"]
        pairs.append(("ADM-64", *kind, sizes.guided))
    levels, kept = LINEAR.levels([500]), Published(LINEAR.respaced([500]))
    for what, config, judge_config, batch in pairs:
        with device:
            network, judge = randomised(UNet(config)), randomised(Classifier(judge_config))
        their_network, their_judge = in_bf16(as_published(network)), in_bf16(as_published(judge))
        x = torch.randn(batch, 3, config.image_size, config.image_size, device=device)
        labels = torch.arange(batch, device=device)
        log_p = ClassifierLogP(in_bf16(frozen(judge)), labels)
        guided = Guided(Denoiser(in_bf16(frozen(network)), variance="learned"), log_p, "score", scale=2.0)

        def gradient(x: Tensor, t: Tensor, judge: Any = their_judge, labels: Tensor = labels) -> Tensor:
            with torch.enable_grad():
                x = x.detach().requires_grad_(True)
                log_p = torch.log_softmax(judge(x, t), dim=-1)[range(len(labels)), labels]
                return torch.autograd.grad(log_p.sum(), x)[0] * 2.0

        yield Case(
            f"a guided DDIM step with its backward pass, {what}, batch {batch}",
            {
                "ateneo": partial(ddim, guided, x, levels=levels),
                "guided-diffusion's way": partial(kept.ddim, their_network, x, gradient=gradient),
            },
            batch,
        )


def our_unet(theirs: Any, widths: tuple[int, ...]) -> UNet:
    """The U-Net that Diffusers' is, with its weights where there is one."""
    if isinstance(theirs, str):
        return randomised(UNet(replace(UNETS["ddpm-cifar10-32"], channels=widths[0], widths=widths)))
    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        return copy.deepcopy(load(folder))  # type: ignore[return-value]


def unet_cases(sizes: Sizes, device: torch.device) -> Iterator[Case]:
    """The forward pass of ddpm-cifar10-32 in bf16, and a step of training."""
    theirs = made(partial(diffusers_unet, block_out_channels=sizes.widths), device)
    ours = our_unet(theirs, sizes.widths)
    nets = [ours.to(device), theirs if isinstance(theirs, str) else theirs.to(device)]
    half = [net if isinstance(net, str) else copy.deepcopy(net).to(torch.bfloat16) for net in nets]
    for batch in sizes.drawn:
        x, t = torch.randn(batch, 3, 32, 32, device=device).bfloat16(), torch.tensor([500], device=device)
        sides = {
            "ateneo": side(half[0], lambda m, x=x, t=t: m(x, t.expand(len(x)))),
            "Diffusers": side(half[1], lambda m, x=x, t=t: m(x, t).sample),
        }
        yield Case(f"U-Net ddpm-cifar10-32, forward, batch {batch}", sides, batch)
    x0 = torch.rand(sizes.learned, 3, 32, 32, device=device) * 2 - 1
    noise = torch.randn_like(x0)
    i = torch.arange(sizes.learned, device=device) * 1000 // sizes.learned
    library = made(diffusers, torch.device("cpu"))
    scheduler = None if isinstance(library, str) else library.DDPMScheduler(beta_start=1e-4, beta_end=0.02)

    def our_loss(model: UNet) -> Tensor:
        return simple_loss(Denoiser(model), x0, schedule=LINEAR, i=i, noise=noise).mean()

    def their_loss(model: Any) -> Tensor:
        assert scheduler is not None
        return F.mse_loss(model(scheduler.add_noise(x0, noise, i), i).sample, noise)

    sides = {"ateneo": learning(nets[0], our_loss, device), "Diffusers": learning(nets[1], their_loss, device)}
    what = f"training step, U-Net ddpm-cifar10-32, {sizes.learned} pictures"
    yield Case(what, sides, sizes.learned, gradients=True)


# --- everything ---


def cases(sizes: Sizes, device: torch.device, *, quick: bool) -> Iterator[tuple[str, Iterator[Case]]]:
    """The groups, what matters most first."""
    yield "towers", tower_cases(sizes, device)
    yield "contrastive steps", contrastive_cases(sizes, device)
    yield "samplers", sampler_cases(sizes, device)
    yield "U-Nets", unet_cases(sizes, device)
    yield "guided steps", guided_cases(sizes, device, quick=quick)


def machine(device: torch.device) -> dict[str, Any]:
    """What the figures were taken on."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    versions = {"torch": torch.__version__} | {
        name: getattr(sys.modules[name], "__version__", "")
        for name in ("transformers", "timm", "open_clip", "diffusers", "numpy")
        if name in sys.modules
    }
    return {"device": name, "cuda": torch.version.cuda, "python": sys.version.split()[0]} | versions


def main() -> None:
    """Rows as they come; all of them in the file after each group."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="a file for the rows as JSON")
    parser.add_argument("--seconds", type=float, default=85, help="after so many, nothing more is begun")
    parser.add_argument("--each", type=float, default=1.5, help="seconds of a row")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    chosen = parser.parse_args()
    device, start = torch.device(chosen.device), time.perf_counter()
    sizes = QUICK if chosen.quick else FULL
    bench = Bench(sizes, device, seconds=chosen.seconds, each=chosen.each)
    torch.manual_seed(0)
    print(HEAD, flush=True)
    rows: list[Row] = []
    for name, group in cases(sizes, device, quick=chosen.quick):
        try:
            for case in group:
                found = bench.run(case)
                rows += found
                print("\n".join(row.line() for row in found), flush=True)
        except Exception as error:
            rows.append(Row(name, "", note=short(error)))
            print(rows[-1].line(), flush=True)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
        if chosen.out:
            whole = {"machine": machine(device), "seconds": time.perf_counter() - start}
            text = json.dumps(whole | {"rows": [asdict(row) for row in rows]}, indent=1, ensure_ascii=False)
            chosen.out.write_text(text + "\n", encoding="utf-8")
    print(f"\n{machine(device)}, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
