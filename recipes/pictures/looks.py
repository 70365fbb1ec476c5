"""The look of a generated page: colours, fonts, sizes and words, all drawn by chance from a seed."""

import colorsys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]
WORDS = {
    "es": (
        "datos resultados método estudio personas tiempo trabajo equipo modelo sistema pruebas análisis proyecto "
        "energía agua ciudad escuela salud historia lengua futuro cambio coste precio mercado red señal imagen archivo "
        "código error usuario diseño calidad ejemplo pregunta respuesta objetivo riesgo ventaja límite medida "
        "valor grupo año mes semana primera segunda mejor nuevo gran común según entre para con sin sobre cada desde "
        "hasta cuando donde podemos debemos queremos muestra indica aumenta reduce depende mejora participa "
        "encuesta entrevista región provincia montaña río valle vuelo motor batería hidrógeno planta hospital paciente "
        "célula materia"
    ).split(),
    "en": (
        "data results method study people time work team model system tests analysis project energy water city school "
        "health history language future change cost price market network signal image file code error user design "
        "quality example question answer goal risk benefit limit measure value group year month week first second best "
        "new large common after between for with without about each from until when where we can must want shows "
        "suggests increases reduces depends improves takes survey interview sample region valley flight engine battery "
        "hydrogen plant hospital patient cell matter software developers review process memory student teacher"
    ).split(),
}
PLACES = (
    "Alba Borja Caspe Daroca Ejea Fraga Graus Huesca Illueca Jaca Luna Monzón Orés Pina Riglos Sos Tauste Uncastillo"
).split()


@dataclass
class Look:
    """One page's colours (RGB), fonts and language; `size` is (width, height) in pixels."""

    rng: np.random.Generator
    size: tuple[int, int]
    faces: tuple[str, ...]
    dark: bool = False
    ground: Colour = (255, 255, 255)
    ink: Colour = (30, 30, 30)
    muted: Colour = (120, 120, 120)
    palette: list[Colour] = field(default_factory=list)
    language: str = "en"

    def face(
        self, pixels: float, *, head: bool = False, mono: bool = False, maths: bool = False, italic: bool = False
    ) -> FreeTypeFont:
        """The page's font at this size; that of headings, one for code, one that has the signs of formulas, one that
        leans."""
        place = 4 if italic else 3 if maths else 2 if mono else 0 if head else 1
        return font(self.faces[place], max(6, round(pixels)))

    def words(self, least: int, most: int) -> str:
        """A run of words, the first with a capital."""
        chosen = self.rng.choice(WORDS[self.language], self.rng.integers(least, most + 1))
        return str(" ".join(chosen)).capitalize()

    def chance(self, share: float) -> bool:
        """Whether it happens."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number by chance."""
        return float(self.rng.uniform(low, high))

    def colour(self, n: int) -> Colour:
        """A series' colour."""
        return self.palette[n % len(self.palette)]


@cache
def font(path: str, pixels: int) -> FreeTypeFont:
    """A font file at a size."""
    return ImageFont.truetype(path, pixels)


@cache
def families(files: tuple[Path, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(proportional, monospaced) among font files that can write Spanish; DejaVu of matplotlib where there are none."""
    if not files:
        import matplotlib

        files = tuple(sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf")))
    mono = tuple(str(f) for f in files if any(w in f.name for w in ("Mono", "Fira", "Incons")))
    odd = ("Mono", "Fira", "Incons", "Display", "STIX", "cm", "Hairline", "SmallCaps", "Initials")
    plain = tuple(str(f) for f in files if not any(word in f.name for word in odd))
    return plain, mono or plain


def look(rng: np.random.Generator, files: tuple[Path, ...]) -> Look:
    """A page's look."""
    wide = rng.random() < 0.8
    plain, mono = families(files)
    dark, hue = rng.random() < 0.25, rng.random()
    maths = next((face for face in plain if "DejaVuS" in face), plain[0])
    bold, leaning = ([face for face in plain if kind in Path(face).name] or plain for kind in ("Bold.", "Italic."))
    head = str(rng.choice(bold if rng.random() < 0.5 else plain))
    faces = (head, str(rng.choice(plain)), str(rng.choice(mono)), maths, str(rng.choice(leaning)))
    made = Look(rng, (384, 216) if wide else (320, 240), faces)
    made.dark, made.language = bool(dark), str(rng.choice(["es", "en"]))
    made.palette = _palette(rng, hue, dark=made.dark)
    if made.dark:
        made.ground, made.ink = rgb(hue, rng.uniform(0, 0.7), rng.uniform(0.03, 0.25)), rgb(hue, 0.05, 0.95)
    else:
        tint = 0.0 if rng.random() < 0.5 else rng.uniform(0, 0.12)
        made.ground, made.ink = rgb(hue, tint, rng.uniform(0.93, 1.0)), rgb(hue, 0.4, rng.uniform(0.0, 0.3))
    made.muted = tuple((2 * a + 3 * b) // 5 for a, b in zip(made.ink, made.ground, strict=True))  # type: ignore[assignment]
    return made


def _palette(rng: np.random.Generator, hue: float, *, dark: bool) -> list[Colour]:
    kind, value = rng.random(), 0.9 if dark else 0.75
    if kind < 0.2:  # shades of one colour
        return [rgb(hue, 0.75 - 0.12 * n, value - 0.45 + 0.15 * n) for n in range(5)]
    step = rng.choice([0.5, 0.33, 0.22, 0.13])
    return [
        rgb(hue + 0.05 + n * step + 0.04 * rng.random(), rng.uniform(0.45, 0.95), value * rng.uniform(0.7, 1.1))
        for n in range(6)
    ]


def rgb(hue: float, saturation: float, value: float) -> Colour:
    r, g, b = colorsys.hsv_to_rgb(hue % 1, min(1, max(0, saturation)), min(1, max(0, value)))
    return round(r * 255), round(g * 255), round(b * 255)


def page(look: Look) -> Image.Image:
    """An empty page with its decoration."""
    w, h = look.size
    made = Image.new("RGB", look.size, look.ground)
    pen, kind = ImageDraw.Draw(made), look.rng.integers(0, 17)
    if kind == 0:
        pen.rectangle((0, 0, w, h * 0.17), fill=look.colour(0))
    elif kind == 1:
        pen.rectangle((0, 0, w * 0.02, h), fill=look.colour(0))
    elif kind == 2:
        pen.rectangle((0, h * 0.93, w, h), fill=look.colour(0))
    elif kind == 3:
        pen.line((w * 0.06, h * 0.19, w * 0.94, h * 0.19), fill=look.colour(0), width=2)
    elif kind == 4:
        r = look.between(0.2, 0.5) * h
        pen.ellipse((w - r, -r, w + r, r), fill=look.colour(1))
    elif kind == 5:
        other = tuple(max(0, c - 26) for c in look.ground)
        shade = Image.linear_gradient("L").resize(look.size)
        made = Image.composite(Image.new("RGB", look.size, other), made, shade)
    elif kind == 6:
        pen.rectangle((0, 0, w, h * 0.045), fill=look.colour(0))
        pen.rectangle((0, h * 0.955, w, h), fill=look.colour(1))
    elif kind == 7:
        pen.rectangle((2, 2, w - 3, h - 3), outline=look.colour(0), width=int(look.rng.integers(1, 5)))
    elif kind == 8:
        pen.polygon([(w, h), (w - look.between(0.1, 0.5) * w, h), (w, h * look.between(0.3, 0.9))], fill=look.colour(0))
    elif kind == 9:
        _slope(made, look)
    elif kind in (10, 11):
        if look.chance(0.5):
            _slope(made, look)
        _rounds(made, look)
    _margins(pen, look)
    return made


def _slope(made: Image.Image, look: Look) -> None:
    """The ground passes into another colour, as dark or as light, down, across or aslant."""
    w, h = look.size
    hue, value = look.between(0, 1), look.between(0.1, 0.6) if look.dark else look.between(0.82, 1)
    other = rgb(hue, look.between(0.3, 0.9) if look.dark else look.between(0.03, 0.25), value)
    shade = Image.linear_gradient("L").rotate(float(look.rng.choice([0, 45, 90, 135, 180, 270])))
    shade = shade.crop((48, 48, 208, 208)).resize((w, h))
    made.paste(Image.composite(Image.new("RGB", look.size, other), Image.new("RGB", look.size, look.ground), shade))


def _rounds(made: Image.Image, look: Look) -> None:
    """Large discs or rings, faint or strong, most of them cut by the edges."""
    (w, h), pen = look.size, ImageDraw.Draw(made, "RGBA")
    ringed, strength = look.chance(0.3), int(look.rng.choice([40, 70, 110, 255]))
    for n in range(int(look.rng.integers(1, 5))):
        r, edge = look.between(0.12, 0.75) * h, look.chance(0.5)
        x = look.between(-0.1, 1.1) * w if edge else float(look.rng.choice([0, w]))
        y = float(look.rng.choice([0, h])) if edge else look.between(0, h)
        r = min(r, h * 0.3) if strength == 255 else r  # what is written keeps most of the page
        colour, box = (*look.colour(n), strength), (x - r, y - r, x + r, y + r)
        pen.ellipse(box, fill=None if ringed else colour, outline=colour, width=4 if ringed else 1)


def _margins(pen: ImageDraw.ImageDraw, look: Look) -> None:
    """What a template puts at the edges: a mark in a corner, a line of small words below."""
    w, h = look.size
    if look.chance(0.3):
        side = look.between(0.05, 0.13) * h
        x, y = (w - side - 6, 5.0) if look.chance(0.6) else (6.0, h - side - 4)
        box, colour = (x, y, x + side, y + side), look.colour(int(look.rng.integers(0, 6)))
        (pen.ellipse if look.chance(0.5) else pen.rectangle)(box, fill=colour)
        if look.chance(0.5):
            face = look.face(side / 2, head=True)
            pen.text((x + side / 2, y + side / 2), look.words(1, 1)[:2], font=face, fill=look.ground, anchor="mm")
    if look.chance(0.3):
        face = look.face(h * look.between(0.03, 0.045))
        for x, anchor in ((w * 0.03, "lm"), (w * 0.5, "mm"), (w * 0.97, "rm")):
            if look.chance(0.6):
                pen.text((x, h * 0.965), look.words(1, 3), font=face, fill=look.muted, anchor=anchor)


def heading(made: Image.Image, look: Look) -> float:
    """Writes the head of a page, where it has one; returns where its body begins (pixels)."""
    w, h = look.size
    if look.chance(0.12):
        return h * 0.06
    pen, text = ImageDraw.Draw(made), look.words(2, 6)
    face = look.face(look.between(0.075, 0.12) * h, head=True)
    while face.getlength(text) > w * 0.88 and " " in text:
        text = text.rpartition(" ")[0]
    over = made.getpixel((int(w * 0.5), int(h * 0.05))) != look.ground and not look.dark
    ink = (255, 255, 255) if over and sum(made.getpixel((int(w * 0.5), int(h * 0.05)))) < 450 else look.ink  # type: ignore[arg-type]
    centred = look.chance(0.3)
    at = (w / 2, h * 0.1) if centred else (w * 0.06, h * 0.1)
    pen.text(at, text, font=face, fill=ink, anchor="mm" if centred else "lm")
    if look.chance(0.5):
        pen.text(
            (w * 0.95, h * 0.96), str(look.rng.integers(1, 60)), font=look.face(h * 0.045), fill=look.muted, anchor="rm"
        )
    return h * 0.22


def write(
    pen: ImageDraw.ImageDraw,
    look: Look,
    box: tuple[float, float, float, float],
    *,
    size: float,
    mark: str = "",
    gap: float = 0.4,
) -> None:
    """Fills a box with wrapped lines of words in paragraphs, each with its mark."""
    left, top, right, bottom = box
    face, y = look.face(size), top
    while y + size < bottom:
        text, indent = look.words(3, 14), (face.getlength(mark + " ") if mark else 0)
        if mark:
            pen.text((left, y), mark, font=face, fill=look.colour(0) if look.chance(0.5) else look.ink)
        for line in wrapped(text, face, right - left - indent):
            if y + size > bottom:
                return
            pen.text((left + indent, y), line, font=face, fill=look.ink)
            y += size * 1.25
        y += size * gap


def wrapped(text: str, face: FreeTypeFont, width: float) -> list[str]:
    """The text in lines of at most this width."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and face.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
