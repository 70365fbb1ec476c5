"""A picture → its names, its text, and where it is a riddle the word: all that can be told without a vision model.

Names are by zero-shot: the picture's vector against those of all labels. Cosines of different models do not compare, so
they are taken as standard deviations over the labels before they become probabilities.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ateneo import text
from ateneo.engines import Picture, PictureEngine
from ateneo.engines.reading import text_of, upright
from ateneo.errors import EngineError, InputError
from ateneo.looking import labels as naming
from ateneo.looking.drawings import Box, cut, separate
from ateneo.looking.labels import Labels
from ateneo.looking.riddle import Guess, letters, solve, usual
from ateneo.looking.words import word_list
from ateneo.records import Drawing, Looked, Named

SHARPNESS = 1.5  # how much likelier a label is that is nearer by one standard deviation: e to this
NAMES = 5  # told of a picture
FEWEST = 3  # drawings of a riddle
SURE = 0.5  # of a name or word; a less likely one is offered as a guess

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
) -> Looked:
    """What a picture shows and says. `question` and `language` ("es", "en") choose the language and what is answered:
    the names, the text where the question asks for it, the word where it is a riddle. `labels` is a file of labels and
    `words` one of words in place of those that Ateneo has; `ocr` names the engine that reads.

    Raises InputError where the picture or a file cannot be used, or a riddle has no separate drawings; EngineError
    where a riddle is asked for and `pictures` is None.
    """
    opened = upright(image)
    spoken = (language or text.guess_language(question) or "es").split("-")[0].lower()
    known = naming.read(labels) if labels else naming.shipped(spoken)
    if riddle or _RIDDLE.search(text.fold(question)):
        return _riddle(opened, pictures, known, words=words, language=spoken)
    written = text_of(opened, engine=ocr)
    names = _names(_weights(_framed(opened), pictures, known), known) if pictures else ()
    return Looked(_answer(names, written, question=question, language=spoken), written, names=names)


def _riddle(
    image: Image, pictures: PictureEngine | None, labels: Labels, *, words: Path | None, language: str
) -> Looked:
    """The riddle's word and its drawings."""
    if pictures is None:
        raise EngineError(
            "cannot solve a riddle: there is no picture model to name its drawings; see `ateneo models list`"
        )
    boxes = separate(image)
    if len(boxes) < FEWEST:
        raise InputError(
            f"cannot solve this as a riddle: {len(boxes)} separate drawings are on it, at least {FEWEST} are needed; "
            "give a picture whose drawings stand apart on a plain ground"
        )
    listed = word_list(language, path=words)
    weights = _weights([cut(image, box) for box in boxes], pictures, labels)
    guesses = solve([letters(row.tolist(), labels) for row in weights], listed, before=usual(labels))
    spelt = text.fold(guesses[0].word) if guesses else ""
    drawings = tuple(
        _drawing(box, row, labels, letter=spelt[n] if spelt else "")
        for n, (box, row) in enumerate(zip(boxes, weights, strict=True))
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
    return probabilities(engine.embed_pictures(images).astype(np.float64) @ naming.vectors(labels, engine).T)


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
