"""How many rooms of drawn floor plans are read with their name, dimensions and area right, without any model.

    python benchmarks/floor_plans.py [--plans 30] [--seed 3] [--wrong] [--keep FOLDER]

Thirty plans: the course's seventeen rooms in two of them (with the patio's 28.54 printed in one), the others at
random, in five styles (ink, blueprint, estate agent's, photographed sketch, architect's with measures along the
walls), in metres, centimetres, millimetres, feet and inches, and in Spanish, English, French, German, Catalan and
Portuguese. A room counts where its row has the name, both measures within half a centimetre (a quarter of an inch)
and the area within 0.01 m². The plans of ATENEO_SHARED/data/vqa_floorplans come after them, as they are.
"""

import argparse
import json
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ateneo import text
from ateneo.looking import look
from ateneo.looking.floor_plan import Room, read_plan

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
FOOT = 0.3048  # m

NAMES = {
    "es": [
        "Salón",
        "Cocina",
        "Dormitorio 1",
        "Dormitorio 2",
        "Dormitorio 3",
        "Baño",
        "Aseo",
        "Pasillo",
        "Terraza",
        "Despacho",
        "Comedor",
        "Vestidor",
        "Lavadero",
        "Entrada",
        "Trastero",
        "Galería",
    ],
    "en": [
        "Living Room",
        "Kitchen",
        "Bedroom 1",
        "Bedroom 2",
        "Bedroom 3",
        "Bathroom",
        "WC",
        "Hall",
        "Terrace",
        "Study",
        "Dining Room",
        "Closet",
        "Laundry",
        "Entry",
        "Store",
        "Porch",
    ],
    "fr": [
        "Séjour",
        "Cuisine",
        "Chambre 1",
        "Chambre 2",
        "Salle de bain",
        "WC",
        "Entrée",
        "Bureau",
        "Cellier",
        "Balcon",
    ],
    "de": ["Wohnzimmer", "Küche", "Schlafzimmer", "Kinderzimmer", "Bad", "Flur", "Balkon", "Arbeitszimmer", "Diele"],
    "ca": ["Sala d'estar", "Cuina", "Habitació 1", "Habitació 2", "Bany", "Rebedor", "Menjador", "Terrassa", "Estudi"],
    "pt": ["Sala de estar", "Cozinha", "Quarto 1", "Quarto 2", "Banheiro", "Varanda", "Lavanderia", "Corredor"],
}
COURSE = [
    ("Room", 3.24, 3.46),
    ("Veranda", 7.15, 5.16),
    ("Store", 4.37, 1.52),
    ("Patio", 5.53, 5.16),
    ("Bedroom 1", 2.58, 3.74),
    ("Utility", 2.17, 1.28),
    ("Kitchen", 2.13, 2.74),
    ("Laundry", 2.11, 3.74),
    ("Bathroom 1", 2.05, 2.71),
    ("Hallway", 2.05, 0.88),
    ("Bedroom 2", 2.63, 3.74),
    ("Bathroom 2", 2.44, 1.29),
    ("Entry", 1.56, 3.55),
    ("Living Room", 2.36, 3.55),
    ("Dining", 3.29, 3.55),
    ("Primary Bedroom", 3.64, 3.55),
    ("Bedroom 3", 3.00, 3.55),
]
STYLES = ("ink", "blueprint", "agent", "sketch", "architect")
UNITS = ("m", "m,", "cm", "mm", "ft", "ft-in", "m bare")
FONTS = (
    "LiberationSans-Regular",
    "LiberationSerif-Regular",
    "DejaVuSans",
    "LiberationSansNarrow-Regular",
    "DejaVuSansMono",
    "DejaVuSansCondensed-Bold",
    "LiberationSans-Bold",
)


@dataclass(frozen=True)
class Drawn:
    """A room as it was drawn: its measures in metres, its box in pixels, what is written in it."""

    name: str
    width: float
    length: float
    lines: tuple[str, ...]
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Plan:
    """A drawn plan."""

    image: Image.Image
    rooms: tuple[Drawn, ...]
    style: str
    unit: str
    language: str


def split(width: float, length: float, count: int, dice: random.Random) -> list[tuple[float, float, float, float]]:
    """A rectangle cut into rooms: left, top, width, length in metres."""
    found = [(0.0, 0.0, width, length)]
    while len(found) < count:
        found.sort(key=lambda r: r[2] * r[3])
        x, y, w, h = found.pop()
        share = dice.uniform(0.38, 0.62)
        if w * dice.uniform(0.8, 1.25) > h:
            found += [(x, y, w * share, h), (x + w * share, y, w * (1 - share), h)]
        else:
            found += [(x, y, w, h * share), (x, y + h * share, w, h * (1 - share))]
    return sorted(found, key=lambda r: (r[1], r[0]))


def measured(value: float, unit: str) -> tuple[str, float]:
    """A measure as it is written, and what is then meant, in metres."""
    if unit in ("m", "m bare"):
        return f"{value:.2f}", round(value, 2)
    if unit == "m,":
        return f"{value:.2f}".replace(".", ","), round(value, 2)
    if unit in ("cm", "mm"):
        ratio = 100 if unit == "cm" else 1000
        return f"{round(value * ratio)}", round(value * ratio) / ratio
    inches = round(value / FOOT * 12)
    if unit == "ft":
        return f"{value / FOOT:.1f}", round(value / FOOT, 1) * FOOT
    return f"{inches // 12}'{inches % 12}\"", inches * FOOT / 12


def written(name: str, sides: tuple[str, str], area: str, unit: str, dice: random.Random) -> tuple[str, ...]:
    """The lines in a room, in one of the ways in which they are arranged."""
    by = dice.choice(["x", "×", " x ", " × ", " X "])
    mark = {"m": " m", "m,": " m", "cm": " cm", "mm": " mm", "ft": " ft", "ft-in": "", "m bare": ""}[unit]
    one, other = sides
    dimensions = dice.choice([f"{one}{mark}{by}{other}{mark}", f"{one}{by}{other}{mark}"])
    return {
        "below": (name, dimensions),
        "area": (name, dimensions, area),
        "line": (f"{name} {dimensions}",),
        "colon": (f"{name}:", dimensions),
        "first": (dimensions, name),
    }[dice.choice(["below", "below", "area", "line", "colon", "first"])]


def random_rooms(language: str, unit: str, dice: random.Random) -> tuple[list[Drawn], tuple[int, int]]:
    """A house at random, and the size of its page."""
    count = dice.randint(6, min(10, len(NAMES[language])))
    width, length = dice.uniform(10.5, 14), dice.uniform(8, 11)
    scale, margin = 96, 90  # px a metre, px
    names = dice.sample(NAMES[language], count)
    upper = dice.random() < 0.3
    rooms, state = [], dice.getrandbits(32)
    for name, (x, y, w, h) in zip(names, split(width, length, count, dice), strict=True):
        shown = name.upper() if upper else name
        (one, a), (other, b) = measured(w, unit), measured(h, unit)
        area = f"{a * b:.2f} m²" if not unit.startswith("ft") else f"{a * b / FOOT**2:.1f} sq ft"
        lines = written(
            shown, (one, other), area.replace(".", ",") if unit == "m," else area, unit, random.Random(state)
        )
        box = (
            margin + round(x * scale),
            margin + round(y * scale),
            margin + round((x + w) * scale),
            margin + round((y + h) * scale),
        )
        rooms.append(Drawn(shown, a, b, lines, box))
    return rooms, (2 * margin + round(width * scale), 2 * margin + round(length * scale))


def course_rooms(*, printed: bool) -> tuple[list[Drawn], tuple[int, int]]:
    """The seventeen rooms of the slides, in five rows; with `printed` their areas as the slides have them."""
    cells = 230, 170
    rooms = []
    for n, (name, a, b) in enumerate(COURSE):
        x, y = 60 + n % 4 * cells[0], 60 + n // 4 * cells[1]
        area = 28.54 if name == "Patio" else a * b
        lines = (name, f"{a:.2f} m x {b:.2f} m", *((f"{area:.2f} m²",) if printed else ()))
        rooms.append(Drawn(name, a, b, lines, (x, y, x + cells[0], y + cells[1])))
    return rooms, (120 + 4 * cells[0], 120 + 5 * cells[1])


def draw(
    rooms: Sequence[Drawn], size: tuple[int, int], style: str, dice: random.Random, *, title: str = ""
) -> Image.Image:
    """The page."""
    ground, ink = {"blueprint": ((24, 58, 120), (235, 240, 250)), "agent": ((252, 248, 238), (40, 40, 40))}.get(
        style, ((255, 255, 255), (0, 0, 0))
    )
    page = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(page)
    face = dice.choice(FONTS)
    thick = {"ink": 9, "blueprint": 3, "agent": 7, "sketch": 4, "architect": 5}[style]
    for n, room in enumerate(rooms):
        if style == "agent":
            pen.rectangle(room.box, fill=[(236, 224, 205), (214, 228, 236), (226, 236, 214), (240, 230, 240)][n % 4])
        pen.rectangle(room.box, outline=ink, width=thick)
        furnish(pen, room.box, ink, dice)
        label(pen, room, face, ink, ground if style != "agent" else None)
    if style == "architect":
        outside(pen, rooms, face, ink)
    pen.text((size[0] / 2, 34), title, font=font(face, 26), fill=ink, anchor="mm")
    pen.text((size[0] - 90, size[1] - 30), "E 1:50", font=font(face, 16), fill=ink, anchor="mm")
    return photographed(page, dice) if style == "sketch" else page


def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of the system, or else of matplotlib."""
    try:
        return ImageFont.truetype(f"{face}.ttf", size)
    except OSError:
        import matplotlib

        return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def label(pen: ImageDraw.ImageDraw, room: Drawn, face: str, ink: tuple[int, ...], _: object) -> None:
    """What is written in a room, as large as fits."""
    left, top, right, bottom = room.box
    size = 24
    while size > 12 and max(pen.textlength(line, font(face, size)) for line in room.lines) > 0.88 * (right - left):
        size -= 1
    y = (top + bottom) / 2 - size * 1.25 * (len(room.lines) - 1) / 2
    for line in room.lines:
        pen.text(((left + right) / 2, y), line, font=font(face, size), fill=ink, anchor="mm")
        y += size * 1.25


def furnish(
    pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], ink: tuple[int, ...], dice: random.Random
) -> None:
    """A door, and perhaps a bed or a table in a corner."""
    left, top, right, bottom = box
    pen.arc((left - 34, bottom - 40, left + 34, bottom + 28), 270, 0, fill=ink, width=2)
    if dice.random() < 0.5 and right - left > 170 and bottom - top > 170:
        pen.rectangle((right - 62, top + 14, right - 16, top + 54), outline=ink, width=2)
        pen.line((right - 62, top + 30, right - 16, top + 30), fill=ink, width=1)
    if dice.random() < 0.3 and bottom - top > 200:
        pen.ellipse((left + 16, top + 16, left + 52, top + 52), outline=ink, width=2)


def outside(pen: ImageDraw.ImageDraw, rooms: Sequence[Drawn], face: str, ink: tuple[int, ...]) -> None:
    """Measures along the walls, which belong to no room."""
    right, bottom = max(r.box[2] for r in rooms), max(r.box[3] for r in rooms)
    left, top = min(r.box[0] for r in rooms), min(r.box[1] for r in rooms)
    pen.line((left, bottom + 30, right, bottom + 30), fill=ink, width=1)
    pen.text(
        ((left + right) / 2, bottom + 48), f"{(right - left) / 96:.2f}", font=font(face, 17), fill=ink, anchor="mm"
    )
    pen.line((left - 28, top, left - 28, bottom), fill=ink, width=1)
    side = Image.new("L", (90, 24), 0)
    ImageDraw.Draw(side).text((45, 12), f"{(bottom - top) / 96:.2f}", font=font(face, 17), fill=255, anchor="mm")
    pen.bitmap((left - 58, (top + bottom) // 2 - 45), side.rotate(90, expand=True), fill=ink)


def photographed(page: Image.Image, dice: random.Random) -> Image.Image:
    """The page as a phone sees it: a little turned, uneven light, noise, JPEG."""
    turned = page.rotate(dice.uniform(-1.2, 1.2), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    pixels = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.6)), np.float32)
    light = np.linspace(0.78, 1.0, pixels.shape[1], dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(dice.getrandbits(32)).normal(0, 5, pixels.shape)
    buffer = BytesIO()
    Image.fromarray((pixels * light + noise).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=82)
    return Image.open(buffer).convert("RGB")


def plans(count: int, seed: int) -> list[Plan]:
    """So many plans; the course's are the first two."""
    made = []
    for n in range(count):
        dice = random.Random(seed * 1000 + n)
        style, unit = STYLES[n % len(STYLES)], UNITS[n % len(UNITS)]
        language = "en" if n < 2 else list(NAMES)[n % len(NAMES)]
        rooms, size = course_rooms(printed=n == 1) if n < 2 else random_rooms(language, unit, dice)
        title = "" if n < 2 else {"es": "PLANTA BAJA", "en": "GROUND FLOOR"}.get(language, "") if n % 2 else ""
        made.append(
            Plan(draw(rooms, size, style, dice, title=title), tuple(rooms), style, "m" if n < 2 else unit, language)
        )
    return made


def right(drawn: Drawn, found: Sequence[Room]) -> bool:
    """Whether a row has the room."""
    slack = 0.0051
    return any(
        plain(room.name) == plain(drawn.name)
        and room.width is not None
        and room.length is not None
        and room.area is not None
        and abs(room.width - drawn.width) <= slack + 0.0064 * (drawn.width > 0)
        and abs(room.length - drawn.length) <= slack + 0.0064
        and abs(room.area - drawn.width * drawn.length) <= 0.0101
        for room in found
    )


def plain(name: str) -> str:
    """For comparing: small, no accents, single spaces."""
    return " ".join(text.fold(name).replace("'", "").split())


def shared() -> None:
    """The plans of other hands with their questions, as they come."""
    folder = SHARED / "data" / "vqa_floorplans"
    if not folder.is_dir():
        print(f"no plans at {folder}: left out", file=sys.stderr)
        return
    for path in sorted(folder.glob("*.png")):
        found = look(path, "metros cuadrados", pictures=None, language="es")
        print(f"\n{path.name}")
        for row in (
            found.tables[0]
            if found.tables
            else [("no rooms with measures; text:", found.text_in_image.replace("\n", " / "))]
        ):
            print("  " + " | ".join(row))
    print()
    for one in json.loads((folder / "questions.json").read_text(encoding="utf-8")):
        found = look(folder / one["image"], one["question"], pictures=None, language="es")
        print(f"{one['image']}: {one['question']}\n  wanted {one['answer']!r}, said {found.answer!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=30)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--wrong", action="store_true", help="print the rooms that are missed")
    parser.add_argument("--keep", type=Path, help="a folder to write the plans to")
    arguments = parser.parse_args()
    good: defaultdict[str, list[bool]] = defaultdict(list)
    extra, start = 0, time.process_time()
    for n, plan in enumerate(plans(arguments.plans, arguments.seed)):
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
            plan.image.save(arguments.keep / f"plan-{n:02d}-{plan.style}-{plan.unit.strip(',')}-{plan.language}.png")
        found = read_plan(plan.image).rooms
        hits = [right(room, found) for room in plan.rooms]
        extra += max(0, len(found) - len(plan.rooms))
        for name in (plan.style, plan.unit, plan.language, "all"):
            good[name] += hits
        if arguments.wrong and not all(hits):
            print(f"plan {n} ({plan.style}, {plan.unit}, {plan.language}): {sum(hits)} of {len(hits)}")
            for room, hit in zip(plan.rooms, hits, strict=True):
                if not hit:
                    print(f"   missed {room.lines} {room.width:.3f} {room.length:.3f}")
            print("   found ", [(r.name, r.written, r.width, r.length, r.area) for r in found])
    for name, hits in good.items():
        print(
            f"{name:<10} {sum(hits):>4} of {len(hits):>4} rooms  "
            f"{np.mean(hits):.3f}{'   wanted: 0.95' if name == 'all' else ''}"
        )
    print(
        f"rows that are no room: {extra}; {(time.process_time() - start) / arguments.plans:.1f} s of processor "
        f"time a plan"
    )
    shared()


if __name__ == "__main__":
    main()
