"""`ateneo draw`: parses and calls ateneo.drawing; torch is imported inside the command."""

from pathlib import Path
from typing import Annotated

import typer

from ateneo.cli import needs_torch

Words = Annotated[list[str] | None, typer.Argument(metavar="[WORDS...]", help="What the picture shows.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="A .png; else one named after the words.")]
Method = Annotated[str, typer.Option(help="unclip, guided, vqgan or stable-diffusion.")]
Seed = Annotated[int | None, typer.Option(min=0, help="The same seed draws the same picture; else by chance.")]
Scale = Annotated[float | None, typer.Option(help="How strongly the words lead; 0 for not at all.")]
Steps = Annotated[int | None, typer.Option(help="Steps from noise to picture.")]
Size = Annotated[int | None, typer.Option(help="Pixels a side.")]
Count = Annotated[int, typer.Option("--n", "-n", help="How many pictures: of this seed, the next, and so on.")]
Keep = Annotated[bool, typer.Option("--trace", help="Also a film strip, an animation and the numbers of the way.")]
FromPictures = Annotated[
    list[Path] | None, typer.Option("--image", help="In place of words: one to vary, two to go between.")
]
Model = Annotated[
    str, typer.Option(help="Published weights, a file, folder or name: a U-Net or VQGAN, or a pipeline of diffusers.")
]
Clip = Annotated[str, typer.Option(help="The CLIP that leads published weights: a folder or a name.")]


def draw(
    context: typer.Context,
    words: Words = None,
    output: Output = None,
    method: Method = "unclip",
    seed: Seed = None,
    scale: Scale = None,
    steps: Steps = None,
    size: Size = None,
    n: Count = 1,
    trace: Keep = False,
    image: FromPictures = None,
    model: Model = "",
    clip: Clip = "",
) -> None:
    """Draw a picture of these words, in Spanish or English; its seed and settings are written into the file."""
    from ateneo.cli.preview import Preview
    from ateneo.drawing import Order, files
    from ateneo.drawing import draw as drawn_of
    from ateneo.drawing import trace as tracing

    order = Order(
        " ".join(words or []), method, seed=seed, scale=scale, steps=steps, size=size, n=n,
        pictures=tuple(image or ()), model=model, clip=clip,
    ).checked()  # fmt: skip
    path = files.target(output) if output else None
    needs_torch()
    pipeline = _pipeline(context) if method == "stable-diffusion" and not model else ""
    with Preview() as preview:
        if trace:
            found = tracing.traced(order, watch=preview)
            drawn = found.guided
        else:
            drawn = drawn_of(order, watch=preview, pipeline=pipeline)
    path = path or files.name(drawn)
    for place in files.save(drawn, path):
        print(place)
    if trace:
        for place in tracing.save(found, path):
            print(place)


def _pipeline(context: typer.Context) -> str:
    """The model of diffusers that is set, by the archive's settings where there is one."""
    from ateneo.settings import FILE, load

    path: Path = context.obj / FILE
    return load(path.read_text(encoding="utf-8") if path.is_file() else "").drawing_model
