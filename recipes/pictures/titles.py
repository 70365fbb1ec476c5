"""Pages laid out as a whole: the title of a talk, the name of a section, a head with a few points in the middle.

Each draws on the page and returns the facts to be seen; `scene` makes a photograph with its facts.
"""

from collections.abc import Callable

import looks
import numpy as np
import written
from looks import Look, wrapped
from PIL import Image, ImageDraw

Scene = Callable[[np.random.Generator], tuple[Image.Image, set[str]]]


def title(made: Image.Image, look: Look, scene: Scene) -> set[str]:
    """A title page: title, speaker, place; sometimes a photograph."""
    w, h = look.size
    pen, seen, width = ImageDraw.Draw(made), {"title"}, w * 0.86
    if look.chance(0.25):
        picture, more = scene(look.rng)
        made.paste(picture.resize((int(w * 0.4), h)), (int(w * 0.6), 0))
        seen, width = seen | more, w * 0.48
    size, centred = look.between(0.1, 0.16) * h, look.chance(0.5) and width > w / 2
    y, x, anchor = h * look.between(0.2, 0.36), w / 2 if centred else w * 0.07, "ma" if centred else "la"
    for line in looks.wrapped(look.words(3, 8), look.face(size, head=True), width)[:3]:
        pen.text((x, y), line, font=look.face(size, head=True), fill=look.ink, anchor=anchor)
        y += size * 1.2
    for n in range(int(look.rng.integers(1, 4))):
        text = f"{look.words(1, 1)} {look.words(1, 1)}" if n else look.words(2, 2).title()
        pen.text(
            (x, y + h * 0.05), text, font=look.face(h * 0.065), fill=look.ink if n == 0 else look.muted, anchor=anchor
        )
        y += h * 0.085
    return seen


def section(made: Image.Image, look: Look, scene: Scene) -> set[str]:
    """A page with a line or two in large letters, perhaps a smaller one, a number or a rule, and nothing else."""
    del scene
    (w, h), pen = look.size, ImageDraw.Draw(made)
    face, centred = look.face(look.between(0.1, 0.24) * h, head=True), look.chance(0.6)
    lines = wrapped(look.words(1, 6), face, w * 0.84)[:3]
    while max(face.getlength(line) for line in lines) > w * 0.92:
        face = look.face(face.size * 0.85, head=True)
    high = len(lines) * face.size * 1.15
    x, y = (w / 2 if centred else w * look.between(0.05, 0.12)), (h - high) * look.between(0.3, 0.62)
    anchor, ink = "ma" if centred else "la", look.colour(0) if look.chance(0.15) else look.ink
    if look.chance(0.2):
        small = look.face(face.size * look.between(0.4, 0.7))
        pen.text((x, y - small.size * 1.5), str(look.rng.integers(1, 12)), font=small, fill=look.muted, anchor=anchor)
    for line in lines:
        pen.text((x, y), line, font=face, fill=ink, anchor=anchor)
        y += face.size * 1.15
    if look.chance(0.2):
        start = x - w * 0.1 if centred else x
        pen.rectangle((start, y + h * 0.03, start + w * 0.2, y + h * 0.045), fill=look.colour(1))
        y += h * 0.04
    if look.chance(0.35):
        small = look.face(h * look.between(0.05, 0.075))
        pen.text((x, y + h * 0.04), wrapped(look.words(2, 7), small, w * 0.8)[0], font=small, fill=look.muted,
                 anchor=anchor)  # fmt: skip
    return {"heading", "title"}


def centred(made: Image.Image, look: Look, scene: Scene) -> set[str]:
    """A page as slides for the web have it: a head in the middle of the page and right below it a few points."""
    del scene
    (w, h), size = look.size, look.between(0.1, 0.17) * look.size[1]
    lines = wrapped(look.words(1, 5), look.face(size, head=True), w * 0.86)[:2]
    y = h * look.between(0.08, 0.34)
    for line in lines:
        said = line.upper() if size < h * 0.13 and len(line) < 20 else line
        ImageDraw.Draw(made).text((w / 2, y), said, font=look.face(size, head=True), fill=look.ink, anchor="ma")
        y += size * 1.15
    draw = written.short_list if look.chance(0.8) else written.scattered
    return draw(made, look, (w * 0.1, y + h * 0.03, w * 0.9, max(h * 0.92, y + h * 0.25)))
