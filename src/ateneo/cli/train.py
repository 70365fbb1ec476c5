"""`ateneo train vit|clip|diffusion`: parses and calls ateneo.models.train; torch is imported inside the commands."""

from pathlib import Path
from typing import Annotated

import typer

from ateneo.cli import needs_torch

app = typer.Typer(
    help="Train a ViT, a CLIP or a diffusion model on pictures with classes or captions.", no_args_is_help=True
)

Data = Annotated[
    Path, typer.Option(help="Class folders, a zip of them, pictures with .txt captions, .tar shards, or a CSV.")
]
Out = Annotated[Path, typer.Option(help="The run's folder; a run that stopped goes on from there.")]
Size = Annotated[str, typer.Option(help="small, medium, large, or a published name such as ViT-B/16.")]
ImageSize = Annotated[int, typer.Option(min=8, help="Pixels a side.")]
Patch = Annotated[int, typer.Option(min=1, help="Pixels a side of a patch, for small, medium and large.")]
Keep = Annotated[float, typer.Option(help="The part of the patches read while learning; all are read in use.")]
Whole = Annotated[float, typer.Option(help="The last part of the steps, in which all patches are read.")]
Jitter = Annotated[float, typer.Option(min=0, max=1, help="How far brightness, contrast and colour change by chance.")]
Steps = Annotated[int, typer.Option(help="How many steps in all.")]
BatchSize = Annotated[int, typer.Option("--batch", help="Pictures a step, in each process.")]
Lr = Annotated[float, typer.Option(help="The highest learning rate.")]
Warmup = Annotated[int, typer.Option(min=0, help="Steps until the learning rate is reached.")]
Decay = Annotated[float, typer.Option(min=0, help="Weight decay of matrices.")]
MaxNorm = Annotated[float, typer.Option(min=0, help="Longest gradient; 0 for any.")]
Optimizer = Annotated[str, typer.Option(help="adamw, or muon for the matrices of the blocks.")]
Ema = Annotated[float, typer.Option(help="Decay of the average of weights; 0 for none.")]
Precision = Annotated[str, typer.Option(help="fp32, bf16 or fp16.")]
Holdout = Annotated[float, typer.Option(help="The part of the pictures held apart to measure on.")]
HeldData = Annotated[Path | None, typer.Option("--held-data", help="Pictures to measure on, instead of --holdout.")]
Seed = Annotated[int, typer.Option(help="Of all that is random.")]
SaveEvery = Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")]
TestEvery = Annotated[int, typer.Option(min=1, help="Steps between measurements.")]
ShowEvery = Annotated[int, typer.Option(min=1, help="Steps between pictures of what the model does.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or mps; else CUDA where there is one.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads that read pictures.")]


@app.command()
def vit(
    data: Data,
    out: Out,
    size: Size = "small",
    image_size: ImageSize = 32,
    patch: Patch = 4,
    stem: Annotated[str, typer.Option(help="What makes tokens of pixels: patches, or convolutions.")] = "patches",
    keep: Keep = 1.0,
    whole: Whole = 0.0,
    jitter: Jitter = 0.2,
    erase: Annotated[float, typer.Option(min=0, max=1, help="Side of a square wiped out, as a part of the width.")] = 0,
    smoothing: Annotated[float, typer.Option(min=0, max=1, help="Of the labels.")] = 0.1,
    steps: Steps = 10_000,
    batch: BatchSize = 128,
    lr: Lr = 1e-3,
    warmup: Warmup = 500,
    weight_decay: Decay = 0.05,
    max_norm: MaxNorm = 1.0,
    ema: Ema = 0.999,
    optimizer: Optimizer = "adamw",
    precision: Precision = "fp32",
    holdout: Holdout = 0.1,
    held_data: HeldData = None,
    seed: Seed = 0,
    save_every: SaveEvery = 500,
    test_every: TestEvery = 500,
    show_every: ShowEvery = 2_000,
    device: Device = "",
    threads: Threads = 1,
) -> None:
    """Learn classes: a Vision Transformer."""
    needs_torch()
    from ateneo.cli.training import go
    from ateneo.models.train.items import class_names, split
    from ateneo.models.train.loop import Settings, seed_weights
    from ateneo.models.train.vit import VitTask, config_by_name

    learn, held = split(data, held_data, holdout=holdout)
    names = class_names(learn + held)
    config = config_by_name(size, image_size=image_size, patch_size=patch, classes=len(names), stem=stem)  # type: ignore[arg-type]
    settings = Settings(
        steps=steps, batch=batch, lr=lr, warmup=warmup, weight_decay=weight_decay, max_norm=max_norm, ema=ema,
        optimizer=optimizer, precision=precision, seed=seed, save_every=save_every, test_every=test_every,
        show_every=show_every,
    )  # fmt: skip
    seed_weights(seed)
    task = VitTask(config, names, keep=keep, whole=whole, smoothing=smoothing, jitter=jitter, erase=erase)
    go(task, learn, held, out=out, image_size=image_size, settings=settings, device=device, threads=threads)


@app.command()
def clip(
    data: Data,
    out: Out,
    size: Size = "small",
    image_size: ImageSize = 32,
    patch: Patch = 4,
    keep: Keep = 1.0,
    whole: Whole = 0.0,
    jitter: Jitter = 0.2,
    wordings: Annotated[
        Path | None, typer.Option(help="Captions for classes: a JSON file of templates and names, see docs.")
    ] = None,
    held_wordings: Annotated[
        Path | None, typer.Option(help="Captions never learned from, to measure zero-shot accuracy with.")
    ] = None,
    vocabulary: Annotated[int, typer.Option(help="Tokens of the tokenizer that is trained on the captions.")] = 2_048,
    context: Annotated[int, typer.Option(min=4, help="Tokens of a caption.")] = 32,
    tokenizer: Annotated[Path | None, typer.Option(help="A tokenizer to use instead of training one.")] = None,
    part: Annotated[int, typer.Option(min=0, help="Pairs held in memory at once (gradient caching); 0 for all.")] = 0,
    steps: Steps = 10_000,
    batch: BatchSize = 128,
    lr: Lr = 1e-3,
    warmup: Warmup = 500,
    weight_decay: Decay = 0.1,
    max_norm: MaxNorm = 1.0,
    ema: Ema = 0.999,
    optimizer: Optimizer = "adamw",
    precision: Precision = "fp32",
    holdout: Holdout = 0.1,
    held_data: HeldData = None,
    seed: Seed = 0,
    save_every: SaveEvery = 500,
    test_every: TestEvery = 500,
    show_every: ShowEvery = 2_000,
    device: Device = "",
    threads: Threads = 1,
) -> None:
    """Learn pictures and words together: a CLIP."""
    needs_torch()
    from ateneo.cli.training import go
    from ateneo.models.tokenizer import Tokenizer
    from ateneo.models.train.clip import ClipTask, clip_config_by_name, learned_tokenizer
    from ateneo.models.train.items import split
    from ateneo.models.train.loop import Settings, seed_weights
    from ateneo.models.train.wordings import captioned

    learn, held = split(data, held_data, holdout=holdout)
    classes, learned, unseen = captioned(learn + held, wordings, held_wordings)
    words = (
        Tokenizer.load(tokenizer, context=context)
        if tokenizer
        else learned_tokenizer(learn, learned, classes, vocabulary=vocabulary, context=context)
    )
    config = clip_config_by_name(size, image_size=image_size, patch_size=patch, tokenizer=words)
    settings = Settings(
        steps=steps, batch=batch, lr=lr, warmup=warmup, weight_decay=weight_decay, max_norm=max_norm, ema=ema,
        optimizer=optimizer, precision=precision, seed=seed, save_every=save_every, test_every=test_every,
        show_every=show_every,
    )  # fmt: skip
    seed_weights(seed)
    task = ClipTask(
        config, words, classes=classes, wordings=learned, held_wordings=unseen, keep=keep, whole=whole, jitter=jitter,
        part=part,
    )  # fmt: skip
    go(task, learn, held, out=out, image_size=image_size, settings=settings, device=device, threads=threads)


@app.command()
def diffusion(
    data: Data,
    out: Out,
    size: Annotated[str, typer.Option(help="small, medium, large, or a published name: ddpm-cifar10-32.")] = "small",
    image_size: ImageSize = 32,
    labels: Annotated[bool, typer.Option(help="Learn the classes too, where the pictures have some.")] = True,
    noise: Annotated[str, typer.Option(help="The noise schedule: linear or cosine.")] = "cosine",
    timesteps: Annotated[int, typer.Option(min=2, help="T, the steps of the noise schedule.")] = 1_000,
    predicts: Annotated[str, typer.Option(help="What the network predicts: eps, x0 or v.")] = "eps",
    variance: Annotated[str, typer.Option(help="small, large, or learned.")] = "small",
    min_snr: Annotated[float, typer.Option(min=0, help="Bounds the weight of nearly clean pictures; 0 for none.")] = 0,
    mirror: Annotated[bool, typer.Option(help="Mirror pictures by chance.")] = True,
    steps: Steps = 100_000,
    batch: BatchSize = 64,
    lr: Lr = 2e-4,
    warmup: Warmup = 500,
    weight_decay: Decay = 0.0,
    max_norm: MaxNorm = 1.0,
    ema: Ema = 0.9995,
    precision: Precision = "fp32",
    holdout: Holdout = 0.1,
    held_data: HeldData = None,
    seed: Seed = 0,
    save_every: SaveEvery = 500,
    test_every: TestEvery = 1_000,
    show_every: ShowEvery = 5_000,
    device: Device = "",
    threads: Threads = 1,
) -> None:
    """Learn to draw: a U-Net that takes noise away."""
    needs_torch()
    from ateneo.cli.training import go
    from ateneo.models.train.diffusion import DiffusionTask, unet_config_by_name
    from ateneo.models.train.items import class_names, split
    from ateneo.models.train.loop import Settings, seed_weights

    learn, held = split(data, held_data, holdout=holdout)
    labelled = labels and all(item.label is not None for item in learn + held)
    names = class_names(learn + held) if labelled else []
    config = unet_config_by_name(
        size,
        image_size=image_size,
        classes=len(names) or None,
        variance=variance,  # type: ignore[arg-type]
    )
    settings = Settings(
        steps=steps, batch=batch, lr=lr, warmup=warmup, weight_decay=weight_decay, max_norm=max_norm, ema=ema,
        precision=precision, seed=seed, save_every=save_every, test_every=test_every, show_every=show_every,
    )  # fmt: skip
    seed_weights(seed)
    task = DiffusionTask(
        config, classes=names, noise=noise, T=timesteps, predicts=predicts, variance=variance,  # type: ignore[arg-type]
        min_snr=min_snr or None, mirrored=mirror,
    )  # fmt: skip
    go(task, learn, held, out=out, image_size=image_size, settings=settings, device=device, threads=threads)
