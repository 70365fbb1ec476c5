"""Drawing in a process of its own, for the web: `python -m ateneo.drawing.worker` reads one order as JSON from stdin
and writes a JSON line for each step, then one with the picture, or one that says why there is none.

A server stays as it is whatever happens here, and ends the process where nobody waits for the picture any more.
"""

import base64
import io
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ateneo.drawing import Order, draw, files, trace
from ateneo.errors import AteneoError

if TYPE_CHECKING:
    from ateneo.models.drawing import Moment

EVERY = 0.15  # s between pictures on the way
LOWER = 5  # niceness: people who search go first


def main() -> None:
    """Reads, draws, writes."""
    os.nice(LOWER) if hasattr(os, "nice") else None
    asked = json.loads(sys.stdin.read())
    keep = asked.pop("trace", False)
    try:
        run(Order(**asked), keep=keep)
    except AteneoError as error:
        fields = {name: value if isinstance(value, int | float) else str(value) for name, value in error.fields.items()}
        say({"failed": error.template, "fields": fields, "kind": type(error).__name__})


def run(order: Order, *, keep: bool) -> None:
    """Draws, and says each step and what came of it."""
    since = 0.0

    def watch(moment: "Moment") -> None:
        nonlocal since
        if time.monotonic() - since > EVERY or moment.index == moment.total - 1:
            since = time.monotonic()
            say({"step": moment.index + 1, "steps": moment.total, "picture": seen(moment.x0[0])})

    if not keep:
        drawn = draw(order, watch=watch)
        say({"drawn": png(drawn.pictures()[0], drawn.told(0)), "settings": drawn.told(0)})
        return
    found = trace.traced(order, watch=watch)
    told = found.guided.told(0)
    frames = trace.animation(found)
    held = io.BytesIO()
    frames[0].save(held, "GIF", save_all=True, append_images=[*frames[1:], *frames[-1:] * trace.LAST],
                   duration=trace.MS, loop=0)  # fmt: skip
    say({
        "drawn": png(found.guided.pictures()[0], told), "settings": told,
        "unguided": png(found.unguided.pictures()[0], {}) if found.guided is not found.unguided else None,
        "strip": png(trace.strip(found), {}), "animation": data("image/gif", held.getvalue()),
    })  # fmt: skip


def seen(values: Any) -> str:
    """A picture on the way (H, W, 3) from -1 to 1 as a data URL."""
    pixels = ((np.asarray(values).clip(-1, 1) + 1) * 127.5).round().astype(np.uint8)
    return png(Image.fromarray(pixels), {})


def png(picture: Image.Image, said: dict[str, str]) -> str:
    """A PNG as a data URL, with what is said of it."""
    held = io.BytesIO()
    picture.save(held, "PNG", pnginfo=files.text(said))
    return data("image/png", held.getvalue())


def data(kind: str, content: bytes) -> str:
    """A data URL."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def say(document: dict[str, Any]) -> None:
    """One line."""
    print(json.dumps(document, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
