"""What is said of a floor plan: the table of its rooms, and answers to questions about measures, by code alone.

Rooms are known by the names that the plan has and by what kind of room they are, whatever the language of either.
"""

import csv
import io
import re
from collections.abc import Sequence

from ateneo import text
from ateneo.looking.floor_plan import FEWEST, FOOT, Plan, Room
from ateneo.records import Arithmetic

Table = tuple[tuple[str, ...], ...]

KINDS = [  # names of the same kind of room, folded; the first that fits counts
    "dormitorio dormitorios alcoba bedroom bedrooms bed sovrum chambre chambres schlafzimmer kinderzimmer quarto "
    "habitacion habitaciones"
    " habitacio cuarto camera suite",
    "comedor comedores dining matplats esszimmer menjador jantar",
    "salon sala estar living lounge vardagsrum sejour wohnzimmer family",
    "cocina cocinas kitchen kitchens kok cuisine kuche cozinha cuina",
    "baño baños aseo aseos bathroom bathrooms bath wc toilet shower ducha badrum bain bad banheiro bany",
    "balcon balcones balcony balkong balkon varanda veranda galeria porch",
    "terraza terrazas terrace terrasse terrassa patio deck",
    "vestidor armario closet closets klk wardrobe dressing",
    "pasillo hall hallway corridor flur diele corredor distribuidor landing",
    "entrada recibidor entry entre entree rebedor vestibulo",
    "despacho estudio study office bureau arbeitszimmer estudi",
    "lavadero laundry lavanderia utility tvatt",
    "trastero store storage cellier despensa pantry",
    "garaje garage",
]
_ABOUT_PLANS = re.compile(
    r"\b(?:plano|planta|floor ?plan|metros cuadrados|square (?:met|f)\w*|sq\.? ?(?:m|ft|met\w*)|m2|superficie\w*"
    r"|area|areas"
    r"|estancias?|habitaciones|rooms?|cuartos|miden?|medidas|dimension\w*|measure\w*|largo|ancho|grande|big|large"
    r"|size)\b|m²"
)
_MEASURED = re.compile(
    r"\b(?:metros|met(?:re|er)s?|square|sq|m2|superficies?|area|areas|miden?|medidas|dimension\w*|measure\w*|largo"
    r"|ancho|grande|big|large|size)\b|m²"
)
SHORT = 3  # words of a question that only says what the picture is: "plano", "rooms of this plan"
_ADDED = re.compile(r"\b(?:suman?|sumar|total|juntos|juntas|together|sum|add up|combined|en conjunto)\b")
_COUNTED = re.compile(r"\b(?:cuant[oa]s|how many)\s+(\w+)")
_EVERY = re.compile(r"\b(?:every|each|all|cada|tod[oa]s?)\b")
_MEASURE = frozenset("metros meters metres m2 sq square pies feet".split())
_SAID = {
    "es": {"room": "estancia", "as": "en el plano", "width": "ancho (m)", "length": "largo (m)",
           "area": "superficie (m²)",
           "feet": "superficie (ft²)", "printed": "superficie impresa", "total": "total",
           "of": "{} mide {} m².", "all": "{} estancias; en total {} m².", "sum": "{} = {} m².", "count": "Hay {}: {}.",
           "bare": "No: en el plano no se leen medidas ni superficies. Pone: {}.",
           "unread": "No se lee la superficie de: {}.", "unlike": "En {} el plano pone {}, y {} son {}."},
    "en": {"room": "room", "as": "on the plan", "width": "width (m)", "length": "length (m)", "area": "area (m²)",
           "feet": "area (ft²)", "printed": "printed area", "total": "total",
           "of": "{} has {} m².", "all": "{} rooms; {} m² in all.", "sum": "{} = {} m².", "count": "There are {}: {}.",
           "bare": "No: no measures or areas can be read on the plan. It says: {}.",
           "unread": "No area can be read for: {}.",
           "unlike": "For {} the plan says {}, and {} is {}."},
}  # fmt: skip


def is_about_plans(question: str) -> bool:
    """Whether a question may be about the measures of a floor plan."""
    folded = text.fold(question)
    return any(pattern.search(folded) for pattern in (_ABOUT_PLANS, _COUNTED, _ADDED))


def is_plan(plan: Plan) -> bool:
    """Whether it is a plan at all: rooms with measures, or at least names of several kinds of rooms."""
    known = {word for names in KINDS for word in names.split()}
    return len(plan.rooms) >= FEWEST or sum(bool(set(text.tokens(name)) & known) for name in plan.names) >= FEWEST


def table(plan: Plan, language: str) -> Table:
    """The rooms with a header and a total, numbers with a point; square feet too where the plan measures in feet."""
    said = _SAID.get(language, _SAID["en"])
    feet = any(room.feet for room in plan.rooms)
    printed = any(room.printed_as for room in plan.rooms)
    header = [said["room"], said["as"], said["width"], said["length"], said["area"]]
    header += [said["feet"]] if feet else []
    header += [said["printed"]] if printed else []
    rows = [header]
    for room in plan.rooms:
        sides = ["" if side is None else f"{side:.2f}" for side in (room.width, room.length)]
        row = [room.name, room.written, *sides, _number(room.area)]
        row += [_number(room.area and room.area / FOOT**2)] if feet else []
        rows.append(row + ([room.printed_as] if printed else []))
    last = [said["total"], "", "", "", _number(plan.total)] + ([_number(plan.total / FOOT**2)] if feet else [])
    return tuple(tuple(row) for row in [*rows, last + ([""] if printed else [])])


def to_csv(tables: Sequence[Table]) -> str:
    """Tables as CSV, with a line between them."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    for n, one in enumerate(tables):
        writer.writerows([[]] * (n > 0))
        writer.writerows(_safe(row) for row in one)
    return page.getvalue()


def _safe(row: Sequence[str]) -> list[str]:
    """What was read from a picture, so that a spreadsheet takes it for no formula."""
    return [
        f"'{cell}" if cell and cell[0] in "=+-@\t" and not re.fullmatch(r"-?[\d.]+", cell) else cell for cell in row
    ]


def answer(plan: Plan, question: str, language: str) -> str | None:
    """The answer to a question about the rooms; None where it is about something else."""
    said = _SAID.get(language, _SAID["en"])
    folded = text.fold(question)
    if (counted := _COUNTED.search(folded)) and counted[1] not in _MEASURE:
        return _count(plan, counted[1], said)
    measured = [room for room in plan.rooms if room.area is not None]
    names_it = len(folded.split()) <= SHORT and _ABOUT_PLANS.search(folded)
    if question and not (names_it or any(one.search(folded) for one in (_MEASURED, _ADDED, _EVERY))):
        return None
    if not measured:
        return said["bare"].format(", ".join(plan.names))
    unlike = [
        said["unlike"].format(room.name, room.printed_as, room.written, _number(_in_its_unit(room)))
        for room in measured if not room.agrees
    ]  # fmt: skip
    asked = [] if _EVERY.search(folded) else _asked(measured, folded)
    if asked and _ADDED.search(folded) and len(asked) > 1:
        sum_of = " + ".join(_number(room.area) for room in asked)
        names = ", ".join(room.name for room in asked)
        told = [f"{names}: {said['sum'].format(sum_of, _number(sum(room.area or 0 for room in asked)))}"]
        return " ".join([*told, *_unread(measured, folded, said)])
    if asked:
        told = [said["of"].format(room.name, _number(room.area)) for room in asked]
        return " ".join([*told, *_unread(measured, folded, said)])
    return " ".join([said["all"].format(len(measured), _number(plan.total)), *unlike])


def arithmetic(plan: Plan) -> tuple[Arithmetic, ...]:
    """The areas that the plan prints beside measures, each calculated again; where it prints none, the calculations."""
    found = []
    for room in plan.rooms:
        if room.width is None or room.length is None:
            continue
        value = _in_its_unit(room)
        unit = "ft²" if room.feet else "m²"
        stated = room.printed_as or f"{_number(value)} {unit}"
        found.append(Arithmetic(f"{room.written} = {stated}", round(value, 6), room.agrees))
    return tuple(found)


def _count(plan: Plan, word: str, said: dict[str, str]) -> str | None:
    """How many rooms of a kind there are, of all labels, measured or not."""
    kind = next((names.split() for names in KINDS if word in names.split()), None)
    if kind is None:
        return None
    names = [name for name in (*(room.name for room in plan.rooms), *plan.names) if set(text.tokens(name)) & set(kind)]
    return said["count"].format(len(names), ", ".join(names)) if names else None


def _asked(rooms: Sequence[Room], question: str) -> list[Room]:
    """The rooms that a question names, in its order: by the names on the plan, else by their kind."""
    places: dict[int, int] = {}
    for n, room in enumerate(rooms):
        name = text.fold(room.name)
        if len(name) > 1 and (found := re.search(rf"\b{re.escape(name)}\b", question)):
            places[n] = found.start()
    named = {word for n in places for word in text.tokens(rooms[n].name)}
    for kind in map(str.split, KINDS):
        found = next(
            (re.search(rf"\b{word}\b", question) for word in kind if re.search(rf"\b{word}\b", question)), None
        )
        if found is None or named & set(kind):
            continue
        for n, room in enumerate(rooms):
            if set(text.tokens(room.name)) & set(kind):
                places.setdefault(n, found.start())
    return [rooms[n] for n in sorted(places, key=lambda n: (places[n], n))]


def _unread(rooms: Sequence[Room], question: str, said: dict[str, str]) -> list[str]:
    """A sentence on what a question names and no room with an area is."""
    names = {word for room in rooms for word in text.tokens(room.name)}
    words = [
        word for kind in map(str.split, KINDS) if not names & set(kind)
        for word in text.tokens(question) if word in kind
    ]  # fmt: skip
    return [said["unread"].format(", ".join(words))] if words else []


def _in_its_unit(room: Room) -> float:
    """The calculated area, in square feet where the room is measured in feet."""
    assert room.width is not None
    assert room.length is not None
    return room.width * room.length / (FOOT**2 if room.feet else 1)


def _number(value: float | None) -> str:
    """With two places at most."""
    if value is None:
        return ""
    return f"{round(value + 1e-9, 2):.2f}".removesuffix(".00")
