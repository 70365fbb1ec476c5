"""What can be seen in a picture, as facts, and how each is said in Spanish and English.

A picture has a set of facts and a caption states some. The caption is true of every picture that has all of them: this
is what counts as a positive in training, so that two slides with a bar chart are never each other's negatives, and a
person beside a slide whose hands hang down is a true negative of "with hands raised".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

# fact: noun phrases (Spanish, English)
THINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "title": (("el título de la charla y el nombre de quien habla", "una portada con título y autor", "una portada"),
              ("the title of the talk and its speaker", "a title page with author", "a cover page")),
    "heading": (("una sola frase grande", "un rótulo de sección"), ("one big sentence", "a section heading")),
    "text": (("texto", "texto escrito", "frases escritas", "párrafos de texto"),
             ("text", "written text", "sentences", "paragraphs of text")),
    "words": (("solo texto", "nada más que texto"), ("only text", "nothing but text")),
    "bullets": (("una lista de puntos", "viñetas de texto", "una lista con viñetas", "una lista"),
                ("bullet points", "a bulleted list", "a list of points", "a list")),
    "numbered": (("una lista numerada", "puntos numerados"), ("a numbered list", "numbered points")),
    "quote": (("una cita entre comillas", "una cita textual"), ("a quotation", "a quote in quotation marks")),
    "table": (("una tabla", "una tabla de datos", "una tabla con filas y columnas", "un cuadro de cifras",
               "una tabla de números"),
              ("a table", "a table of data", "a table with rows and columns", "a grid of figures",
               "a table of numbers")),
    "plot": (("una gráfica", "un gráfico de datos", "una gráfica de resultados", "un gráfico estadístico"),
             ("a plot", "a chart", "a graph of data", "a chart of results")),
    "bars": (("un gráfico de barras", "un diagrama de barras", "barras que comparan valores"),
             ("a bar chart", "a bar graph", "bars that compare values")),
    "horizontal bars": (("un gráfico de barras horizontales",), ("a horizontal bar chart",)),
    "stacked bars": (("barras apiladas", "un gráfico de barras apiladas"), ("stacked bars", "a stacked bar chart")),
    "several colours": (("un gráfico de varios colores con leyenda",), ("a chart in several colours with a legend",)),
    "lines": (("un gráfico de líneas", "una curva", "líneas que suben y bajan con el tiempo"),
              ("a line chart", "a line graph", "a curve over time")),
    "area": (("un gráfico de áreas",), ("an area chart",)),
    "pie": (("un gráfico circular", "un gráfico de tarta", "un gráfico de sectores"),
            ("a pie chart", "a circle chart")),
    "ring": (("un gráfico de anillo",), ("a doughnut chart", "a ring chart")),
    "scatter": (("un diagrama de dispersión", "una nube de puntos"), ("a scatter plot", "a cloud of points")),
    "box plot": (("un diagrama de cajas", "cajas y bigotes"), ("a box plot", "boxes and whiskers")),
    "heat map": (("un mapa de calor", "una matriz de colores"), ("a heat map", "a matrix of colours")),
    "diagram": (("un diagrama", "un esquema", "un dibujo esquemático"),
                ("a diagram", "a schema", "a schematic drawing")),
    "flow chart": (("un diagrama de flujo", "cajas unidas por flechas", "los pasos de un proceso"),
                   ("a flow chart", "boxes joined by arrows", "the steps of a process")),
    "network": (("una red de nodos", "un grafo de nodos y aristas"),
                ("a network of nodes", "a graph of nodes and edges")),
    "tree": (("un árbol jerárquico", "un organigrama"), ("a tree diagram", "a hierarchy")),
    "cycle": (("un ciclo de pasos", "un diagrama circular con flechas"), ("a cycle of steps", "arrows in a circle")),
    "venn": (("un diagrama de Venn", "círculos que se cortan"), ("a Venn diagram", "overlapping circles")),
    "hexagons": (("hexágonos de colores", "un panal de hexágonos"), ("coloured hexagons", "a honeycomb of hexagons")),
    "pyramid": (("una pirámide de niveles",), ("a pyramid of levels",)),
    "circuit": (("un circuito", "un esquema de un circuito lógico"), ("a circuit", "a diagram of a logic circuit")),
    "time line": (("una línea de tiempo", "un cronograma"), ("a time line", "a schedule")),
    "equation": (("una ecuación", "fórmulas matemáticas", "una fórmula"), ("an equation", "mathematical formulas",
                                                                           "a formula")),
    "code": (("código fuente", "un programa", "líneas de código de programación"),
             ("source code", "a program listing", "lines of code")),
    "terminal": (("una terminal", "una ventana de terminal con órdenes"), ("a terminal", "a terminal window")),
    "screenshot": (("una captura de pantalla", "una ventana de un programa", "una página web"),
                   ("a screenshot", "a program window", "a web page")),
    "QR code": (("un código QR",), ("a QR code",)),
    "map": (("un mapa", "un mapa con lugares señalados"), ("a map", "a map with places marked")),
    "photo": (("una fotografía", "una foto"), ("a photograph", "a photo", "a picture from a camera")),
    "landscape": (("un paisaje", "una vista del campo"), ("a landscape", "a view of the countryside")),
    "mountains": (("montañas", "una sierra", "picos de montaña"), ("mountains", "a mountain range", "mountain peaks")),
    "snow": (("nieve en las cumbres", "montañas nevadas"), ("snow on the summits", "snowy mountains")),
    "village": (("un pueblo", "las casas de un pueblo", "una aldea con su iglesia"),
                ("a village", "the houses of a village", "a hamlet with its church")),
    "mountain village": (("un pueblo de montaña", "un pueblo entre montañas", "casas de un pueblo en la sierra"),
                         ("a village in the mountains", "houses below mountains", "an alpine village")),
    "sea": (("el mar", "la costa", "una playa"), ("the sea", "the coast", "a beach")),
    "city": (("una ciudad", "edificios altos", "rascacielos de una ciudad"), ("a city", "tall buildings", "a skyline")),
    "forest": (("un bosque", "árboles"), ("a forest", "trees")),
    "sunset": (("una puesta de sol", "un atardecer"), ("a sunset", "an evening sky")),
    "drawing": (("un dibujo", "una ilustración", "un icono"), ("a drawing", "an illustration", "an icon")),
    "portrait": (("el retrato de una persona", "la foto de una cara"),
                 ("the portrait of a person", "a photo of a face")),
    "person": (("una persona", "alguien que habla"), ("a person", "somebody speaking")),
}  # fmt: skip
POSES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "hands raised": (
        ("con las manos levantadas", "con los dos brazos en alto", "que alza las manos", "levantando los brazos"),
        ("with both hands up", "with arms raised", "raising both hands", "holding the hands up high")),
    "one hand raised": (("con una mano levantada", "que levanta un brazo"), ("with one hand up", "raising one arm")),
    "pointing": (("que señala la diapositiva", "apuntando a la pantalla"),
                 ("pointing at the slide", "who points to the screen")),
    "arms down": (("con los brazos caídos", "con las manos abajo"), ("with arms hanging down", "with hands down")),
    "hands joined": (("con las manos juntas", "con las manos delante"), ("with hands joined", "with hands in front")),
}  # fmt: skip
IN_PHOTOS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # said of photographs alone: drawings have names
    "animal": (("un animal", "animales"), ("an animal", "animals")),
    "food": (("comida", "algo de comer"), ("food", "something to eat")),
    "things": (("objetos", "cosas sobre una mesa"), ("objects", "things on a table")),
    "room": (("una habitación", "un interior"), ("a room", "an indoor scene")),
    "building": (("un edificio", "una calle con edificios"), ("a building", "a street with buildings")),
}  # fmt: skip
FRAMES = (  # a slide with something on it
    ("una diapositiva con {}", "diapositiva que muestra {}", "en la diapositiva hay {}", "una lámina con {}",
     "una transparencia de una charla con {}", "{} en una diapositiva"),
    ("a slide with {}", "a slide showing {}", "there is {} on the slide", "a presentation page with {}",
     "{} on a slide", "a slide of a talk that shows {}"),
)  # fmt: skip
BARE = (("{}", "imagen de {}", "aquí se ve {}"), ("{}", "a picture of {}", "this shows {}"))
BESIDE = (  # a person and a slide
    ("una persona junto a una diapositiva", "alguien de pie al lado de la pantalla",
     "quien habla, junto a su diapositiva",
     "un ponente delante de la proyección"),
    ("a person beside a slide", "somebody standing by the screen", "a speaker next to the slide",
     "a presenter in front of the projection"),
)  # fmt: skip
ALONE = (("una persona", "un hombre o una mujer de pie"), ("a person", "a standing man or woman"))
PHOTOS = (
    ("una diapositiva con una foto de {}", "foto en una diapositiva: {}", "una lámina con un paisaje: {}"),
    ("a slide with a photo of {}", "a slide with a landscape photo: {}", "{} in a photograph on a slide"),
)
WHOLE = (  # a photograph that fills the picture, or is all that is looked at
    ("una fotografía de {}", "una foto de {}", "foto de {}"),
    ("a photograph of {}", "a photo of {}", "{} photographed with a camera"),
)
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # of pictures, in a word or two
    "slide": (("una diapositiva", "diapositiva", "una página de una presentación"),
              ("a slide", "slide", "a page of a presentation")),
    "title": (("portada", "portada con el título", "la primera diapositiva de la charla"),
              ("title slide", "cover with the title", "the first slide of the talk")),
    "text": (("diapositiva de texto", "una página de texto"), ("text slide", "a page of text")),
    "words": (("solo palabras escritas", "una diapositiva sin imágenes, solo texto"),
              ("written words only", "a slide without pictures, only text")),
    "bullets": (("lista", "diapositiva de viñetas"), ("list", "bullet slide")),
    "table": (("tabla", "datos en filas y columnas"), ("table", "data in rows and columns")),
    "plot": (("gráfica", "gráfico"), ("chart", "plot", "graph")),
    "diagram": (("diagrama", "esquema"), ("diagram",)),
    "photo": (("foto", "fotografía", "una imagen tomada con una cámara"),
              ("photo", "photograph", "an image taken with a camera")),
}  # fmt: skip
GROUNDS = {
    "dark": (("una diapositiva de fondo oscuro",), ("a slide with a dark background",)),
    "light": (("una diapositiva de fondo claro",), ("a slide with a light background",)),
}
SCENES = ("landscape", "mountains", "snow", "village", "mountain village", "sea", "city", "forest", "sunset")
ALL = ("slide", *THINGS, *IN_PHOTOS, *POSES, *GROUNDS, "beside")
BIT = {fact: 1 << place for place, fact in enumerate(ALL)}
assert len(ALL) <= 63  # one number of 64 bits holds them


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and the facts that it states, as bits."""

    text: str
    states: int
    language: str


def bits(facts: Iterable[str]) -> int:
    """Facts as one number."""
    found = 0
    for fact in facts:
        found |= BIT[fact]
    return found


def implied(facts: Iterable[str]) -> set[str]:
    """The facts with what follows from them: bars are a plot, a mountain village is a village and mountains."""
    found = set(facts)
    if found & {"bars", "lines", "area", "pie", "scatter", "box plot", "heat map"}:
        found.add("plot")
    if found & {"flow chart", "network", "tree", "cycle", "venn", "hexagons", "pyramid", "circuit", "time line"}:
        found.add("diagram")
    if {"village", "mountains"} <= found:
        found.add("mountain village")
    if found & {"bullets", "numbered", "quote"} or ("heading" in found and "title" not in found):
        found.add("text")  # one big sentence alone on its page is its title
    if "city" in found:
        found.add("building")
    return found


def captions() -> list[Caption]:
    """All that is said of slides, photographs and people, without doubles."""
    found: dict[tuple[str, str], Caption] = {}
    for place, language in enumerate(("es", "en")):
        for text, facts in _said(place):
            found.setdefault((text, language), Caption(text, bits(facts), language))
    return list(found.values())


def _said(place: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(text, facts stated) in the language at this place of the tables."""
    for fact, words in THINGS.items():
        for frame, word in product(FRAMES[place], words[place]):
            yield frame.format(word), ("slide", fact)
        for frame, word in product(BARE[place], words[place]):
            yield frame.format(word), (fact,)
    for fact in SCENES:
        for frame, word in product(PHOTOS[place], THINGS[fact][place]):
            yield frame.format(word), ("slide", "photo", fact)
    photographed = {**{fact: THINGS[fact] for fact in (*SCENES, "person")}, **IN_PHOTOS}
    for fact, words in photographed.items():
        for frame, word in product(WHOLE[place], words[place]):
            yield frame.format(word), ("photo", fact)
        if fact in IN_PHOTOS:
            for frame, word in product(PHOTOS[place][:1], words[place]):
                yield frame.format(word), ("slide", "photo", fact)
    for fact, texts in KINDS.items():
        for text in texts[place]:
            yield text, (fact,)
    for fact, texts in GROUNDS.items():
        for text in texts[place]:
            yield text, ("slide", fact)
    yield from _people(place)
    yield from _pairs(place)


def _people(place: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    for text in BESIDE[place]:
        yield text, ("slide", "beside", "person")
        for pose, words in POSES.items():
            for word in words[place]:
                yield f"{text} {word}", ("slide", "beside", "person", pose)
    for text, (pose, words) in product(ALONE[place], POSES.items()):
        for word in words[place]:
            yield f"{text} {word}", ("person", pose)
    joins = ("{} con {}", "{}; en ella, {}") if place == 0 else ("{} that has {}", "{} on which there is {}")
    for fact in ("plot", "table", "text", "photo", "code", "diagram", "map", "bars", "lines"):
        for text, join in product(BESIDE[place][:2], joins):
            yield join.format(text, THINGS[fact][place][0]), ("slide", "beside", "person", fact)


def _pairs(place: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Two things on one slide."""
    joined = "{} y {}" if place == 0 else "{} and {}"
    pairs = [("bullets", other) for other in ("photo", "drawing", "plot", "diagram", "bars", "map", "QR code", "table")]
    for first, second in (
        *pairs,
        ("bars", "several colours"),
        ("lines", "several colours"),
        ("plot", "text"),
        ("text", "photo"),
        ("text", "drawing"),
        ("table", "text"),
    ):
        for frame in FRAMES[place][:3]:
            for n in range(2):
                words = [THINGS[fact][place][n % len(THINGS[fact][place])] for fact in (first, second)]
                yield frame.format(joined.format(*words)), ("slide", first, second)


NAMED = (  # a drawing of something that has a name: alone, then on a slide
    ("{}", "un dibujo de {}", "una imagen de {}", "emoji: {}", "un icono de {}", "la ilustración de {}"),
    ("{}", "a drawing of {}", "a picture of {}", "emoji: {}", "an icon of {}", "an illustration of {}"),
)
NAMED_SLIDES = (
    ("una diapositiva con un dibujo de {}", "en la diapositiva se ve {}"),
    ("a slide with a drawing of {}", "a slide that shows {}"),
)
