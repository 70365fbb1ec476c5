"""A picture → its names, its text, the rooms of a floor plan, the word of a riddle; with a vision model any answer.

Names are by zero-shot: the picture's vector against those of all labels. Cosines of different models do not compare, so
they are taken as standard deviations over the labels before they become probabilities.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps
from PIL.Image import Image

from ateneo import spanish, text
from ateneo.engines import Picture, PictureEngine
from ateneo.engines.reading import upright
from ateneo.errors import EngineError, InputError
from ateneo.language.calls import Calls
from ateneo.looking import labels as naming
from ateneo.looking import models, plan_answers
from ateneo.looking.drawings import Box, cut, separate
from ateneo.looking.floor_plan import FEWEST as FEWEST_ROOMS
from ateneo.looking.floor_plan import measures
from ateneo.looking.labels import Labels
from ateneo.looking.prepared import Prepared
from ateneo.looking.riddle import Guess, letters, solve, usual
from ateneo.looking.words import word_list
from ateneo.records import Drawing, Looked, Named

SHARPNESS = 3.0  # how much likelier a label is that is nearer by one standard deviation: e to this
WARY = 2.0  # the same, of the drawings of a riddle: one that errs must not outweigh all others
NAMES = 5  # told of a picture
FEWEST = 3  # drawings of a riddle
SURE = 0.5  # of a name or word; a less likely one is offered as a guess
WORDY = 8  # words on a picture that is to be read; names that are only guesses say nothing of it

_RIDDLE = re.compile(
    r"\b(?:acertij\w*|adivinanza|jeroglific\w*|rebus|riddle|palabra (?:es|forma\w*|sale|se)|que palabra|"
    r"what word|which word|resuelve|solve)\b"
)
_READING = re.compile(r"\b(?:pone|dice|escrit[oa]s?|texto|lee|leer|letrero|written|says?|read|text|writing)\b")


def look(
    image: Picture,
    question: str = "",
    *,
    pictures: PictureEngine | None,
    ocr: str = "auto",
    labels: Path | None = None,
    words: Path | None = None,
    language: str | None = None,
    riddle: bool = False,
    plan: bool = False,
    vision: Calls | None = None,
    writer: Calls | None = None,
) -> Looked:
    """What a picture shows and says. `question` and `language` ("es", "en") choose the language and what is answered:
    the names, the text where the question asks for it, the word where it is a riddle, the areas of a floor plan (also
    where `plan`). `labels` is a file of labels and `words` one of words in place of those that Ateneo has; `ocr` names
    the engine that reads. `vision` are calls of a model that sees, `writer` of one that only writes: the first answers
    any question, either gives advice on care. A model that does not answer is told in the notes, and the rest stands.

    Raises InputError where the picture or a file cannot be used, or a riddle has no separate drawings; EngineError
    where a riddle is asked for and neither `pictures` nor `vision` is there.
    """
    picture = Prepared(upright(image), ocr=ocr)
    spoken = (language or text.guess_language(question) or "es").split("-")[0].lower()
    known = naming.read(labels) if labels else naming.for_question(question, spoken)
    if riddle or _RIDDLE.search(text.fold(question)):
        return _riddle(picture.image, pictures, known, words=words, language=spoken, vision=vision, question=question)
    asked = plan_answers.is_about_plans(question) if question else measures(picture.written) >= FEWEST_ROOMS
    if (plan or asked) and (found := _plan(picture, question, spoken, wanted=plan)):
        return found
    names = _names(_weights(_framed(picture.image), pictures, known), known) if pictures else ()
    if vision is not None:
        try:
            return _seen(picture, question, names, vision, language=spoken)
        except EngineError as error:
            return _unseen(picture, question, names, writer, language=spoken, why=spanish.in_language(error, spoken))
    return _unseen(picture, question, names, writer, language=spoken)


def _plan(picture: Prepared, question: str, language: str, *, wanted: bool) -> Looked | None:
    """The rooms of a floor plan and what is asked of them; None where it is none, or something else is asked."""
    plan = picture.plan
    if wanted and not plan.rooms:
        raise InputError(
            "cannot make a table of this picture: no room with measures or an area can be read on it; "
            "give a floor plan with written measures, larger or sharper"
        )
    if not wanted and not plan_answers.is_plan(plan):
        return None
    told = plan_answers.answer(plan, "" if wanted and not question else question, language)
    if told is None and not wanted:
        return None
    tables = (plan_answers.table(plan, language),) if plan.rooms else ()
    return Looked(told or plan_answers.answer(plan, "", language) or "", picture.text, tables=tables,
                  arithmetic=plan_answers.arithmetic(plan))  # fmt: skip


def _seen(picture: Prepared, question: str, names: Sequence[Named], calls: Calls, *, language: str) -> Looked:
    """What the vision model answers. Raises EngineError."""
    if models.asks_marking(question):
        return replace(models.marked(picture, question, calls, language=language), names=tuple(names))
    tables = (plan_answers.table(picture.plan, language),) if len(picture.plan.rooms) >= FEWEST_ROOMS else ()
    found = models.answer(picture, question, calls, language=language, names=names, tables=tables)
    if models.asks_care(question):
        found = replace(found, notes=(models.said(language)["care"].format(calls.engine.name), *found.notes))
    return replace(found, tables=tables)


def _unseen(
    picture: Prepared, question: str, names: Sequence[Named], writer: Calls | None, *, language: str, why: str = ""
) -> Looked:
    """What is told without a vision model; `why` there is none to answer."""
    found = Looked(_answer(names, picture.written, question=question, language=language), picture.written,
                   names=tuple(names), notes=(why,) if why else ())  # fmt: skip
    if models.asks_marking(question):
        told, sums = models.unmarked(picture.written, language=language)
        return replace(found, answer=told, arithmetic=sums)
    asks = question and not (why or models.asks_care(question) or _READING.search(text.fold(question)))
    if asks and not (names and names[0].probability >= SURE):
        found = replace(found, notes=(models.said(language)["no model"],))
    if not models.asks_care(question) or not names:
        return found
    if writer is None:
        return replace(found, notes=(*found.notes, models.said(language)["no care"]))
    try:
        told, note = models.care(question, names, writer, language=language)
    except EngineError as error:
        return replace(found, notes=(*found.notes, spanish.in_language(error, language)))
    return replace(found, answer=f"{found.answer}\n\n{told}", notes=(*found.notes, note))


def _riddle(
    image: Image, pictures: PictureEngine | None, labels: Labels, *, words: Path | None, language: str,
    vision: Calls | None = None, question: str = "",
) -> Looked:  # fmt: skip
    """The riddle's word and its drawings; where they are not to be had, what the vision model says."""
    boxes = separate(image) if pictures else []
    if vision is not None and len(boxes) < FEWEST:
        return models.answer(Prepared(image), question, vision, language=language)
    if pictures is None:
        raise EngineError(
            "cannot solve a riddle: there is no picture model to name its drawings; see `ateneo models list`"
        )
    if len(boxes) < FEWEST:
        raise InputError(
            "cannot solve this as a riddle: {boxes} separate drawings are on it, at least {fewest} are "
            "needed; give a picture whose drawings stand apart on a plain ground",
            boxes=len(boxes),
            fewest=FEWEST,
        )
    listed = word_list(language, path=words)
    cosines = _cosines([cut(image, box) for box in boxes], pictures, labels)
    doubted = probabilities(cosines, sharpness=WARY)
    guesses = solve([letters(row.tolist(), labels) for row in doubted], listed, before=usual(labels))
    spelt = text.fold(guesses[0].word) if guesses else ""
    drawings = tuple(
        _drawing(box, row, labels, letter=spelt[n] if spelt else "")
        for n, (box, row) in enumerate(zip(boxes, probabilities(cosines), strict=True))
    )
    return Looked(
        _word(guesses, drawings, language), "", names=(), drawings=drawings,
        words=tuple(Named(guess.word, guess.probability) for guess in guesses), word_list=listed.source,
    )  # fmt: skip


def _framed(image: Image) -> list[Image]:
    """A single drawing on a plain ground without what is around it; any other picture as it is."""
    boxes = separate(image)
    return [cut(image, boxes[0]) if len(boxes) == 1 else image]


def _weights(images: Sequence[Image], engine: PictureEngine, labels: Labels) -> NDArray[np.float64]:
    """(B, n): the probability of each label for each picture."""
    return probabilities(_cosines(images, engine, labels))


def _cosines(images: Sequence[Image], engine: PictureEngine, labels: Labels) -> NDArray[np.float64]:
    """(B, n): of each picture with each label."""
    return np.asarray(views(images, engine, labels) @ naming.vectors(labels, engine).T)


def views(images: Sequence[Image], engine: PictureEngine, labels: Labels) -> NDArray[np.float64]:
    """The vectors of pictures (B, d); where the labels are of things that may be mirrored, the mean of both views."""
    seen = engine.embed_pictures(images).astype(np.float64)
    if not labels.mirrored:
        return seen
    other = engine.embed_pictures([ImageOps.mirror(image) for image in images]).astype(np.float64)
    return (seen + other) / 2


def probabilities(cosines: NDArray[np.float64], *, sharpness: float = SHARPNESS) -> NDArray[np.float64]:
    """(B, n) cosines of pictures with labels → (B, n) the probability of each label."""
    spread = cosines.std(1, keepdims=True)
    z = (cosines - cosines.mean(1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    weights = np.exp(sharpness * (z - z.max(1, keepdims=True)))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _names(weights: NDArray[np.float64], labels: Labels, *, most: int = NAMES) -> tuple[Named, ...]:
    """The likeliest names of one picture; things of the same name count together."""
    summed: dict[str, float] = {}
    for name, weight in zip(labels.names, weights.ravel().tolist(), strict=True):
        summed[name] = summed.get(name, 0.0) + weight
    return tuple(Named(name, p) for name, p in sorted(summed.items(), key=lambda one: (-one[1], one[0]))[:most])


def _drawing(box: Box, weights: NDArray[np.float64], labels: Labels, *, letter: str) -> Drawing:
    """A drawing with its names, and the likeliest of those that begin with the letter of the word."""
    fitting = [
        (weight * share, name)
        for place, weight in enumerate(weights.tolist())
        for name, share in labels.shares(place)
        if text.fold(name).startswith(letter)
    ]
    name = max(fitting, default=(0.0, ""))[1]
    place = (box.left, box.top, box.right, box.bottom)
    return Drawing(place, letter, name, _names(weights, labels, most=3))


_SAID = {
    "es": {"name": "Parece: {}.", "guess": "No está claro; lo más parecido: {}.", "text": "Pone: {}", "or": "o",
           "nothing": "No se reconoce nada.", "no text": "No hay texto que se lea.", "unsure": "Quizá {} ({})",
           "no word": "Ninguna palabra de la lista tiene {} letras."},
    "en": {"name": "It looks like: {}.", "guess": "It is not clear; nearest: {}.", "text": "It says: {}", "or": "or",
           "nothing": "Nothing is recognised.", "no text": "There is no text that can be read.",
           "unsure": "Perhaps {} ({})", "no word": "No word of the list has {} letters."},
}  # fmt: skip


def _answer(names: Sequence[Named], written: str, *, question: str, language: str) -> str:
    """What is answered where it is no riddle."""
    said, line = _SAID.get(language, _SAID["en"]), " / ".join(written.split("\n"))
    if _READING.search(text.fold(question)):
        return said["text"].format(line) if written else said["no text"]
    if not names and not written:
        return said["nothing"]
    sure = bool(names) and names[0].probability >= SURE
    if not sure and len(written.split()) >= WORDY:
        return said["text"].format(line)
    told = ", ".join(f"{one.name} ({one.probability:.0%})" for one in names[: 1 if sure else 3])
    parts = [said["name" if sure else "guess"].format(told)] if names else []
    return " ".join([*parts, *([said["text"].format(line)] if written else [])])


def _word(guesses: Sequence[Guess], drawings: Sequence[Drawing], language: str) -> str:
    """The names and the word that they spell."""
    said = _SAID.get(language, _SAID["en"])
    if not guesses:
        return said["no word"].format(len(drawings))
    best, *others = guesses
    names = ", ".join(drawing.name for drawing in drawings)
    if best.probability >= SURE or not others:
        return f"{names}: {best.word.upper()}"
    maybe = f" {said['or']} ".join(guess.word.upper() for guess in others[:2])
    return f"{names}: " + said["unsure"].format(best.word.upper(), maybe)
