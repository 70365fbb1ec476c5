"""`ateneo models`: what an archive can use, pulled and chosen by name; checkpoints, looked at and exported.

torch is imported only inside the commands that need it.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ateneo.cli import needs_torch
from ateneo.errors import InputError

if TYPE_CHECKING:
    from ateneo.api import Archive

app = typer.Typer(help="The models that an archive uses; checkpoints, looked at and exported.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="ORG/NAME on the hub, or the last part of a listed name.")]

Checkpoint = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A checkpoint file, or a folder with one.")]
Answer = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="What the file does not tell, such as activation=quick_gelu."),
]
PREPROCESSING = ("preprocessor_config.json", "open_clip_config.json")  # else it is the published one


@app.command("list")
def list_command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON document described in docs/json.md.")] = False,
) -> None:
    """List what ships, what was pulled and what else is known to work; * marks what this archive uses."""
    from ateneo import documents
    from ateneo.cli import render
    from ateneo.engines import catalogue

    found = catalogue.rows(_chosen(context.obj))
    if as_json:
        json.dump(documents.models(found), sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        sys.stdout.write(render.models(found))


@app.command()
def pull(
    name: Annotated[
        str, typer.Argument(metavar="NAME[@REVISION]", help="ORG/NAME on the hub, or the last part of a listed name.")
    ],
    quantized: Annotated[bool, typer.Option(help="Weights of 8 bits, where they are published: a quarter.")] = False,
    pooling: Annotated[
        str, typer.Option(help="How tokens become one vector, where no file says it: mean, cls, max or lasttoken.")
    ] = "",
    query: Annotated[str | None, typer.Option(help="What goes before a query, where no file says it.")] = None,
    passage: Annotated[str | None, typer.Option(help="What goes before a passage, where no file says it.")] = None,
) -> None:
    """Fetch a model from the hub, once. Interrupted, the same command goes on."""
    from ateneo.cli.pulling import bytes_bar
    from ateneo.cli.render import pulled
    from ateneo.engines import catalogue, hub, model_store
    from ateneo.engines.sentence_conventions import POOLINGS

    if pooling and pooling not in POOLINGS:
        raise InputError(f"cannot pool by {pooling!r}; one of {', '.join(POOLINGS)} is handled")
    plain, _, revision = catalogue.full_name(name).partition("@")
    wanted = hub.Wanted(plain, revision or None, quantized, pooling, query, passage)
    model = hub.pull(wanted, bar=bytes_bar(plain))
    print(pulled(model), file=sys.stderr)
    print(model_store.place(model.name, model.revision))


@app.command()
def use(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A listed model's name, or a folder that holds one.")],
    now: Annotated[bool, typer.Option("--now", help="Embed again at once what has to be.")] = False,
) -> None:
    """Choose the model that this archive finds talks or pictures by, in its ateneo.toml."""
    from ateneo import engines
    from ateneo.api import Archive
    from ateneo.cli.render import chosen
    from ateneo.engines import catalogue
    from ateneo.engines.model_store import SETTINGS

    archive = Archive(context.obj, make=False)
    kind, engine = catalogue.choice(name)
    tried = engines.load(kind, engine)  # what cannot be used is not written down
    tried.embed([""]) if kind == "text" else tried.embed_texts([""])
    archive.choose(SETTINGS[kind], engine)
    if (variable := f"ATENEO_{SETTINGS[kind].upper()}") in os.environ:
        print(f"ateneo: {variable} is set, and goes before ateneo.toml; unset it", file=sys.stderr)
    due = archive.pending()
    print(chosen(archive.path, SETTINGS[kind], engine, due=len(due), kept=archive.embedded(kind, due)), file=sys.stderr)
    if now and due:
        _reindex(archive)


@app.command()
def remove(name: Name) -> None:
    """Take a pulled model off this machine."""
    from ateneo.engines import catalogue, model_store

    model = model_store.named(catalogue.full_name(name))
    if model is None:
        raise InputError(f"no model named {name} was pulled; `ateneo models list` lists those that were")
    model_store.remove(model)
    print(f"removed {model.name}@{model.revision[:12]}, {model.size / 1e6:,.0f} MB", file=sys.stderr)


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


def _chosen(archive: Path) -> dict[str, str]:
    """Each setting of a model, of the archive where there is one."""
    from ateneo.engines.model_store import SETTINGS
    from ateneo.settings import FILE, load

    file = archive / FILE
    settings = load(file.read_text(encoding="utf-8") if file.is_file() else "")
    return {name: getattr(settings, name) for name in SETTINGS.values()}


def _reindex(archive: "Archive") -> None:
    from ateneo.cli.bars import Bars
    from ateneo.cli.render import closing

    with Bars() as bars:
        report = archive.reindex(progress=bars)
    print(closing(report), file=sys.stderr)
    if any(outcome.problems for outcome in report.outcomes):
        raise typer.Exit(1)


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
