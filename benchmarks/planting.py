"""Good sentences and planted errors: what a faithful writer would say of a piece of evidence, and what a careless one.

Good: the evidence word for word; said otherwise (synonyms, number words, another order, the third person, without
fillers); in the other language (the talk's own translation). Errors are planted into any of these, and use only words
and numbers that stand somewhere in the evidence given: another number, another talk's evidence, another name, a claim
added, a negation dropped, a time or year that the evidence does not give; apart from these, two words that change
places.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bounding import PUT_IN, changes

from ateneo import text
from ateneo.common_words import share

SUBJECT = 0.1  # share of passages; words that most talks use are above
FEWEST = 2  # words of a subject in a claim
ERRORS = ("number", "talk", "name", "claim", "negation", "time")
ROLES = "roles"  # planted apart: two words of the sentence change places
YEARS = 1900  # a number from here on counts nothing, as often as not
QUALIFIER = "qualifier"  # planted apart: a word that bounds the claim is changed, taken out or put in

SYNONYMS = {
    "en": {
        "important": "significant", "show": "demonstrate", "shows": "demonstrates", "showed": "demonstrated",
        "big": "large", "use": "employ", "using": "employing", "used": "employed", "help": "assist", "helps": "assists",
        "problem": "difficulty", "problems": "difficulties", "find": "discover", "found": "discovered",
        "many": "numerous", "people": "persons", "think": "believe", "get": "obtain", "gets": "obtains",
        "start": "begin", "started": "began", "need": "require", "needs": "requires", "want": "wish",
        "different": "distinct", "way": "manner", "ways": "manners", "kind": "sort", "good": "fine", "bad": "poor",
        "hard": "difficult", "easy": "simple", "study": "investigation", "work": "job", "company": "firm",
        "companies": "firms", "make": "create", "makes": "creates", "try": "attempt", "trying": "attempting",
        "look": "gaze", "looking": "gazing", "talk": "speak", "change": "modify", "changes": "modifications",
        "developers": "programmers", "developer": "programmer", "software": "programs", "create": "build",
        "understand": "comprehend", "question": "query", "questions": "queries", "answer": "reply", "money": "funds",
        "fast": "quick", "maybe": "perhaps", "example": "instance", "also": "too", "often": "frequently",
        "because": "since", "but": "however", "about": "regarding", "so": "therefore", "buy": "purchase",
        "error": "mistake", "errors": "mistakes", "test": "trial", "tests": "trials", "improve": "better",
    },
    "es": {
        "importante": "relevante", "importantes": "relevantes", "grande": "enorme", "usar": "utilizar",
        "usan": "utilizan", "usa": "utiliza", "ayudar": "asistir", "ayuda": "asistencia", "problema": "dificultad",
        "problemas": "dificultades", "encontrar": "hallar", "muchos": "numerosos", "muchas": "numerosas",
        "personas": "individuos", "gente": "personas", "creo": "pienso", "empezar": "comenzar", "empezó": "comenzó",
        "necesita": "requiere", "necesitan": "requieren", "diferente": "distinto", "diferentes": "distintos",
        "forma": "manera", "formas": "maneras", "tipo": "clase", "tipos": "clases", "difícil": "complicado",
        "fácil": "sencillo", "empresa": "compañía", "empresas": "compañías", "hacer": "realizar", "hace": "realiza",
        "intentar": "tratar", "cambio": "modificación", "cambios": "modificaciones", "crear": "construir",
        "entender": "comprender", "pregunta": "cuestión", "preguntas": "cuestiones", "respuesta": "contestación",
        "dinero": "fondos", "rápido": "veloz", "quizás": "tal vez", "también": "además", "porque": "ya que",
        "pero": "sin embargo", "sobre": "acerca de", "desarrolladores": "programadores", "error": "fallo",
        "errores": "fallos", "obtener": "conseguir", "mostrar": "enseñar", "muestra": "enseña",
        "mejorar": "perfeccionar",
        "estudio": "investigación", "ejemplo": "muestra", "realmente": "de verdad", "solo": "únicamente",
    },
}  # fmt: skip
FILLERS = {
    "en": r"\b(you know|i mean|sort of|kind of|actually|basically|really|just|well|okay|right|like)\b,?\s*",
    "es": r"\b(sabes|ya sabes|quiero decir|o sea|en realidad|básicamente|realmente|simplemente|bueno|bien|vale)\b,?\s*",
}
PERSONS = {
    "en": {"i": "the speaker", "we": "they", "my": "their", "our": "their", "me": "them", "us": "them",
           "i'm": "the speaker is", "we're": "they are", "i've": "the speaker has", "we've": "they have"},
    "es": {"yo": "quien habla", "nosotros": "ellos", "mi": "su", "mis": "sus", "nuestro": "su", "nuestra": "su",
           "nuestros": "sus", "nuestras": "sus"},
}  # fmt: skip
LONG_FORMS = {
    "n't": " not", "'re": " are", "'ve": " have", "'ll": " will", "it's": "it is", "that's": "that is",
    "there's": "there is", "can not": "cannot",
}  # fmt: skip
FRAMES = {
    "en": ("According to the talk, {}", "The talk says that {}", "As is told there, {}", "{}"),
    "es": ("Según la charla, {}", "En la charla se dice que {}", "Como se cuenta allí, {}", "{}"),
}
NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve".split(),
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce".split(),
}
SMALLEST = 2  # number words below are articles as often as numbers
NEGATIONS = {
    "en": r"\b(?:do not|does not|did not|(?:do|does|did|ca|is|are|was|wo)n['’]t|not|never|cannot)\b",
    "es": r"\b(?:no|nunca|tampoco)\b",
}
AFFIRMED = {"cannot": "can", "can't": "can", "can’t": "can", "isn't": "is", "isn’t": "is", "aren't": "are",
            "aren’t": "are", "wasn't": "was", "wasn’t": "was", "won't": "will", "won’t": "will"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence: its number, talk, language and words, and the same in the other language."""

    number: int
    talk: str
    language: str
    text: str
    other: str

    def said(self, language: str) -> str:
        """Its words in a language."""
        return self.text if language == self.language else self.other


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of an answer: `kind` is how it is said, `error` what was planted ("" where nothing)."""

    text: str
    language: str
    evidence: tuple[int, ...]
    kind: str
    error: str = ""


def other(language: str) -> str:
    """es for en, en for es."""
    return "es" if language == "en" else "en"


def good(piece: Piece, dice: random.Random, *, kind: str) -> Said:
    """A good sentence: `kind` is "verbatim", "paraphrase" or "translation"."""
    if kind == "translation":
        return Said(piece.other, other(piece.language), (piece.number,), kind)
    if kind == "paraphrase":
        return Said(paraphrased(piece.text, piece.language, dice), piece.language, (piece.number,), kind)
    return Said(piece.text, piece.language, (piece.number,), kind)


def paraphrased(text: str, language: str, dice: random.Random) -> str:
    """The sentence said otherwise."""
    said = re.sub(r"^(and|so|but|y|así que|pero|entonces),? ", "", text.strip(), flags=re.IGNORECASE)
    said = re.sub(FILLERS[language], "", said, flags=re.IGNORECASE)
    if language == "en":
        said = re.sub(r"\b([Cc])an['’]t\b", r"\1annot", re.sub(r"\b([Ww])on['’]t\b", r"\1ill not", said))
        for short, long in LONG_FORMS.items():
            said = re.sub(short.replace("'", "['’]") + r"\b", long, said)
    said = _mapped(said, SYNONYMS[language])
    said = _mapped(said, PERSONS[language])
    said = _numbers_otherwise(said, language)
    if dice.random() < 0.5:
        said = _reordered(said)
    said = said.strip(" ,.")
    frame = dice.choice(FRAMES[language])
    first = (
        said[:1].lower()
        if frame[0] != "{" and not said[:2].isupper() and not said.startswith("I ")
        else said[:1].upper()
    )
    return frame.format(first + said[1:]) + "."


def _mapped(text: str, words: dict[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        new = words.get(match[0].lower())
        return (
            match[0] if new is None else new[:1].upper() + new[1:] if match[0][0].isupper() and match[0] != "I" else new
        )

    return re.sub(r"[\w'’]+", one, text)


def _numbers_otherwise(text: str, language: str) -> str:
    words = NUMBERS[language]

    def digits(match: re.Match[str]) -> str:
        return words[int(match[0])] if SMALLEST <= int(match[0]) < len(words) else match[0]

    if re.search(r"\b\d\b", text):
        return re.sub(r"(?<![\d.,:/$€-])\b\d{1,2}\b(?![\d.,:/%-])", digits, text)
    return _mapped(text, {word: str(n) for n, word in enumerate(words) if n >= SMALLEST})


def _reordered(text: str) -> str:
    """The part after the last comma first, where both parts are long enough."""
    head, comma, tail = text.rstrip(" .").rpartition(", ")
    if not comma or len(tail.split()) < 4 or len(head.split()) < 4:
        return text
    return f"{tail}, {head}"


def planted(piece: Piece, pool: Sequence[Piece], dice: random.Random, *, kind: str, error: str) -> Said | None:
    """A sentence with an error, or None where this one cannot be planted here."""
    base = good(piece, dice, kind=kind)
    made = PLANTERS[error](base, piece, pool, dice)
    return made and Said(made.text, made.language, made.evidence, kind, error)


def _with(base: Said, text: str) -> Said:
    return Said(text, base.language, base.evidence, base.kind)


def numbers_in(text: str, language: str) -> list[re.Match[str]]:
    """Numbers in digits, and number words from two on."""
    words = "|".join(NUMBERS[language][SMALLEST:])
    return list(re.finditer(rf"(?<![\w.,:/-])\d+(?:[.,]\d+)*(?![\w/:-])|\b(?:{words})\b", text, re.IGNORECASE))


def value(number: str) -> str:
    """What tells two numbers apart."""
    lower = number.lower()
    for words in NUMBERS.values():
        if lower in words:
            return str(words.index(lower))
    return re.sub(r"[.,]", "", lower)


def names_in(text: str) -> list[re.Match[str]]:
    """Words with a capital inside a sentence, runs of them as one."""
    found = re.finditer(r"(?<=[\w,;:)»”\"'] )(?:[A-ZÁÉÍÓÚÑ][\w’'-]*[A-Za-zñáéíóú0-9])(?: [A-ZÁÉÍÓÚÑ][\w’'-]+)*", text)
    inside = (m for m in found if not re.search(r"[.?!:…¿¡\"'“”«»-]\W*$", text[: m.start()]))
    return [m for m in inside if m[0].lower() not in ("i'm", "i've", "i'd", "i'll", "ok") and len(m[0]) > 1]


def _number(base: Said, piece: Piece, pool: Sequence[Piece], dice: random.Random) -> Said | None:
    places = numbers_in(base.text, base.language)
    if not places:
        return None
    place = dice.choice(places)
    there = [m[0] for p in pool for m in numbers_in(p.text, p.language)]
    others = sorted(
        {n for n in there if value(n) != value(place[0]) and (n[0].isdigit() or n.lower() in NUMBERS[base.language])}
    )
    if not others:
        return None
    return _with(base, base.text[: place.start()] + dice.choice(others) + base.text[place.end() :])


def _talk(base: Said, piece: Piece, pool: Sequence[Piece], dice: random.Random) -> Said | None:
    others = [p for p in pool if p.talk != piece.talk]
    return Said(base.text, base.language, (dice.choice(others).number,), base.kind) if others else None


def _name(base: Said, piece: Piece, pool: Sequence[Piece], dice: random.Random) -> Said | None:
    places = names_in(base.text)
    if not places:
        return None
    place = dice.choice(places)
    others = sorted({m[0] for p in pool for m in names_in(p.text)} - {m[0] for m in places})
    others = [o for o in others if o.lower() not in place[0].lower() and place[0].lower() not in o.lower()]
    if not others:
        return None
    return _with(base, base.text[: place.start()] + dice.choice(others) + base.text[place.end() :])


def _claim(base: Said, piece: Piece, pool: Sequence[Piece], dice: random.Random) -> Said | None:
    clauses = [c for p in pool if p.number != piece.number for c in _clauses(p.said(base.language))]
    if not clauses:
        return None
    joined = {"en": (" and ", ", because ", ", so ", ", "), "es": (" y ", ", porque ", ", así que ", ", ")}[
        base.language
    ]
    clause = dice.choice(clauses)
    plain = clause if names_in(f"x, {clause}") else clause[:1].lower() + clause[1:]
    return _with(base, base.text.rstrip(" .?!") + dice.choice(joined) + plain + ".")


def _clauses(said: str) -> list[str]:
    parts = re.split(r"[,;:.?!()]| - | and | but | because | y | pero | porque ", said)
    return [part.strip() for part in parts if 5 <= len(part.split()) <= 14 and _says(part)]


def _says(clause: str) -> bool:
    """Whether a clause claims something: words of a subject in it."""
    return sum(share(word) < SUBJECT for word in text.tokens(clause)) >= FEWEST


def _negation(base: Said, piece: Piece, pool: Sequence[Piece], dice: random.Random) -> Said | None:
    places = list(re.finditer(NEGATIONS[base.language], base.text, re.IGNORECASE))
    places = [m for m in places if not re.match(r"[\s]*(only|sólo|solo|[,?])", base.text[m.end() :])]
    if not places:
        return None
    place = dice.choice(places)
    new = AFFIRMED.get(place[0].lower(), "")
    return _with(base, re.sub(r" {2,}", " ", base.text[: place.start()] + new + base.text[place.end() :]))


def _time(base: Said, piece: Piece, pool: Sequence[Piece], dice: random.Random) -> Said | None:
    own = {value(m[0]) for m in numbers_in(piece.text, piece.language)}
    there = sorted(
        {m[0] for p in pool for m in numbers_in(p.text, p.language) if m[0].isdigit() and value(m[0]) not in own}
    )
    if not there:
        return None
    n = dice.choice(there)
    forms = {
        "en": ("in minute {}", "in {}", "after {} minutes"),
        "es": ("en el minuto {}", "en {}", "a los {} minutos"),
    }
    return _with(base, f"{base.text.rstrip(' .?!')} {dice.choice(forms[base.language]).format(n)}.")


def _roles(base: Said, piece: Piece, pool: Sequence[Piece], dice: random.Random) -> Said | None:
    """Two names change places, or two words of one clause that carry its subject, with something said between them."""
    names = names_in(base.text)
    pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :] if a[0].lower() != b[0].lower()]
    if not pairs:
        words = [m for m in re.finditer(r"[^\W\d_]{3,}", base.text) if share(text.fold(m[0])) < SUBJECT]
        pairs = [(a, b) for n, a in enumerate(words) for b in words[n + 1 :] if a[0].lower() != b[0].lower()]
        pairs = [(a, b) for a, b in pairs if not re.search(r"[,;:.?!()]", base.text[a.end() : b.start()])]
    pairs = [(a, b) for a, b in pairs if re.search(r"\w{4}", base.text[a.end() : b.start()])]
    if not pairs:
        return None
    a, b = dice.choice(pairs)
    one, other = (b[0], a[0]) if names_in(base.text) else (_as(b[0], a[0]), _as(a[0], b[0]))
    return _with(base, base.text[: a.start()] + one + base.text[a.end() : b.start()] + other + base.text[b.end() :])


def _qualifier(base: Said, piece: Piece, pool: Sequence[Piece], dice: random.Random) -> Said | None:
    """A word that bounds the claim is changed or taken out, or one is put in before a number."""
    counts = [m for m in numbers_in(base.text, base.language) if value(m[0]).isdigit() and int(value(m[0])) < YEARS]
    places = [*changes(base.text, base.language), *((m.start(), m.start(), "") for m in counts)]
    if not places:
        return None
    start, end, new = dice.choice(places)
    new = new if end > start else dice.choice(PUT_IN[base.language]) + " "
    return _with(base, base.text[:start] + _as(new, base.text[start : start + 1]) + base.text[end:])


def _as(word: str, like: str) -> str:
    """A word with the capital of another."""
    return word[:1].upper() + word[1:] if like[:1].isupper() else word[:1].lower() + word[1:]


Planter = Callable[[Said, Piece, Sequence[Piece], random.Random], Said | None]
PLANTERS: dict[str, Planter] = {
    "number": _number, "talk": _talk, "name": _name, "claim": _claim, "negation": _negation, "time": _time,
    "roles": _roles, "qualifier": _qualifier,
}  # fmt: skip
