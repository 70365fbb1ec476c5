"""`ateneo models`: checkpoints of models, looked at and exported. torch is imported only inside the commands."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ateneo.cli import needs_torch
from ateneo.errors import InputError

app = typer.Typer(help="Look at checkpoints of models, and export them for search without torch.", no_args_is_help=True)

Checkpoint = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A checkpoint file, or a folder with one.")]
Answer = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="What the file does not tell, such as activation=quick_gelu."),
]
PREPROCESSING = ("preprocessor_config.json", "open_clip_config.json")  # else it is the published one


@app.command("export")
def export_command(
    checkpoint: Checkpoint,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for the ONNX files.")],
    tokenizer: Annotated[
        Path | None, typer.Option(help="The tokenizer's file or folder, where it is not beside the checkpoint.")
    ] = None,
    quantize: Annotated[bool, typer.Option(help="Also write weights of 8 bits: a quarter of the size.")] = False,
    answer: Answer = None,
) -> None:
    """Write both towers of a CLIP as ONNX, with tokenizer and preprocessing, each compared with torch."""
    needs_torch()
    from ateneo.models.clip import Clip
    from ateneo.models.export import export_onnx
    from ateneo.models.loading import load
    from ateneo.models.preprocess import Preprocess
    from ateneo.models.tokenizer import Tokenizer

    model = load(checkpoint, **answers(answer))
    if not isinstance(model, Clip):
        raise InputError(
            f"cannot export {checkpoint}: it is a {type(model).__name__}, not a CLIP; give a CLIP's weights"
        )
    beside = checkpoint if checkpoint.is_dir() else checkpoint.parent
    said = any((beside / name).is_file() for name in PREPROCESSING)
    preprocess = Preprocess.beside(checkpoint) if said else Preprocess(model.image_size)
    words = Tokenizer.load(tokenizer or checkpoint)
    for made in export_onnx(model, words, folder, preprocess=preprocess, quantize=quantize):
        print(f"{made.path}  differs from torch by {made.difference:.1e}, cosine {made.cosine:.6f}")


@app.command()
def inspect(
    checkpoint: Checkpoint,
    answer: Answer = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what a checkpoint is: its layout, the model that it makes, its parameters."""
    needs_torch()
    from ateneo.models.loading import load

    model = load(checkpoint, **answers(answer))
    parameters = sum(p.numel() for p in model.parameters())
    if as_json:
        found = {"version": 1, "model": type(model).__name__, "parameters": parameters, "config": repr(model.config)}
        json.dump(found, sys.stdout, indent=1)
        print()
    else:
        print(f"{type(model).__name__}, {parameters:,} parameters\n{model.config}")


def answers(given: list[str] | None) -> dict[str, Any]:
    """NAME=VALUE as keyword arguments: numbers, true and false as such, the rest as text."""
    found: dict[str, Any] = {}
    for one in given or []:
        name, equals, value = one.partition("=")
        if not equals or not name.isidentifier():
            raise InputError(f"cannot use --set {one}: write NAME=VALUE, such as activation=quick_gelu")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
