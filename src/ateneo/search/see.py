"""Words or a picture → the frames that show it, best first.

A frame is found by its picture (a picture engine puts words and pictures into one space), by the text on it, and by
what was said while it was in view. The three are added up. A cosine means little by itself, because engines differ in
what is near; so a picture counts by how many standard deviations it stands out of a sample of the archive's pictures,
beyond what the nearest do by chance. And a picture speaks for what is not written on it: the more of the query's words
stand on a frame, the less its looks add, so that they never push aside a page that says what is asked for.
The text and the speech count by the words of the query that they hold and by the cosine of their meaning. A picture as
the query is looked for by its vector and by the text that is read from it.

Frames that show the same (equal text, or hardly a difference between the pictures) are one hit, the best of them.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ateneo import text
from ateneo.archive.index import Found, Index, Where
from ateneo.engines import PictureEngine, TextEngine
from ateneo.engines.reading import text_of
from ateneo.errors import EngineError
from ateneo.records import Cue, Frame, Kind, Sight, Talk
from ateneo.search.evidence import Likeness, coverage, likeness, meets
from ateneo.search.lexicon import Lexicon
from ateneo.search.question import Question, read_question
from ateneo.search.search import candidates

DEPTH = 30  # candidates of each kind, however few hits are asked for
PER_HIT = 3  # candidates for each hit asked for: some fold together
PICTURE, SHOWN, SAID = 0.3, 1.0, 0.5  # weights: of a standard deviation, of the text on a frame, of what was said
CHANCE = 0.96  # times √ln n: the standard deviations that some of n pictures stand out by, whatever is asked for
LEAST_SPREAD = 0.02  # cosine; pictures of an archive of a few hardly differ
PASSAGE = 0.5  # of a sentence in view while a frame was: one that was only in the same passage
SAME_WORDS = 0.8  # of all the words on two frames are on both: they show the same
FEW_WORDS = 4  # so few are no text to tell frames by
SAME_PICTURE = 0.995  # cosine
BLANK = "blank"  # the kind of a frame that shows nothing, or hardly anything
MEDIUM = frozenset(  # words for the picture itself, folded: they say nothing of what it shows or tells
    "diapositiva diapositivas fotograma fotogramas frame frames image images imagen imagenes picture pictures slide"
    " slides transparencia transparencias".split()
)
FRAME: tuple[Kind, ...] = ("frame",)
SPEECH: tuple[Kind, ...] = ("speech",)
TEXTS: tuple[Kind, ...] = ("slide", "speech")

Vector = NDArray[np.float32]


class Frames(Protocol):
    """The frames of an archive, beside its index."""

    def of(self, talk_id: str) -> Sequence[Frame]:
        """The frames of a talk, in order of time."""

    def vector(self, talk_id: str, frame: Frame, space: str) -> Vector | None:
        """The vector (d,) of a frame's picture in a space; None where there is none."""

    def sample(self, space: str) -> Vector:
        """Vectors (n, d) of a part of the pictures, to know what is usual; no rows where there are none."""


@dataclass(frozen=True)
class Sought:
    """What is looked for: `words`, which may be empty; in the space of pictures the vector `picture` (d,), in that of
    texts `meaning` (d,), where there are such. `by_picture`: `words` is only what stands on the picture sought."""

    words: str
    space: str = ""
    picture: Vector | None = None
    text_space: str = ""
    meaning: Vector | None = None
    by_picture: bool = False


@dataclass
class Scores:
    """How a frame answers: `picture` in standard deviations beyond chance, None where it is not among the nearest;
    `shown` and `said` in [0, 2]; `met`, the share of the words of a query that stand on the frame."""

    talk: Talk
    frame: Frame
    picture: float | None = None
    shown: float = 0.0
    said: float = 0.0
    met: float = 0.0


Of = Callable[[str], Sequence[Frame]]  # Frames.of
Table = dict[tuple[str, float], Scores]  # by talk and second


def by_words(words: str, index: Index, *, pictures: PictureEngine | None, texts: TextEngine | None) -> Sought:
    """Words to look for, with their vectors in the spaces that the index has. Raises EngineError."""
    spaces = index.spaces()
    sought = Sought(words)
    if pictures and pictures.space in spaces:
        sought = replace(sought, space=pictures.space, picture=pictures.embed_texts([words])[0])
    if texts and texts.space in spaces:
        sought = replace(sought, text_space=texts.space, meaning=texts.embed([subject(words)], query=True)[0])
    return sought


def by_image(image: Image, index: Index, *, pictures: PictureEngine | None, ocr: str) -> Sought:
    """An upright picture to look for, with its vector where the index has its space, and the text that the OCR engine
    of this name reads from it. Raises EngineError where neither can be had."""
    vector = None
    if pictures and pictures.space in index.spaces():
        vector = pictures.embed_pictures([image])[0]
    try:
        words = text_of(image, engine=ocr)
    except EngineError:
        if vector is None:
            raise
        words = ""
    return Sought(words, space=pictures.space if pictures else "", picture=vector, by_picture=True)


def see(
    index: Index,
    sought: Sought,
    *,
    frames: Frames,
    limit: int = 10,
    where: Where | None = None,
    lexicon: Lexicon | None = None,
) -> tuple[Sight, ...]:
    """The frames that show what is sought; empty where nothing has to do with it. With a lexicon, words count in the
    other language too. Raises InputError for an unknown key of `where`."""
    table = score_all(index, sought, frames=frames, depth=max(DEPTH, PER_HIT * limit), where=where, lexicon=lexicon)
    farthest = min((s.picture for s in table.values() if s.picture is not None), default=0.0)
    ranked = sorted((Sight(s.talk, s.frame, total(s, farthest)) for s in table.values()), key=_order)
    return tuple(fold_same(ranked, frames, space=sought.space, limit=limit))


def total(scores: Scores, farthest: float, *, weights: tuple[float, float, float] = (PICTURE, SHOWN, SAID)) -> float:
    """The score of a frame; one that is not among the nearest pictures is as near as the `farthest` of them."""
    picture = max(farthest if scores.picture is None else scores.picture, 0.0) * (1 - scores.met)
    return weights[0] * picture + weights[1] * scores.shown + weights[2] * scores.said


def score_all(
    index: Index, sought: Sought, *, frames: Frames, depth: int, where: Where | None, lexicon: Lexicon | None = None
) -> Table:
    """Every candidate with its scores."""
    of = cache(frames.of)
    table: Table = {}
    _by_picture(table, index, sought, frames=frames, depth=depth, where=where)
    if about := subject(sought.words):
        query = replace(read_question(about, index, lexicon=lexicon), language=text.guess_language(sought.words))
        meant = _meant(index, sought, depth=depth, where=where)

        def held(kinds: Sequence[Kind]) -> list[Found]:
            return candidates(index, query, kinds=kinds, where=where, limit=depth, lexicon=lexicon)

        _by_text(table, query, held(FRAME), meant, of=of, lexicon=lexicon)
        if sought.by_picture:  # its looks count beside all that is written on it
            for scores in table.values():
                scores.met = 0.0
        else:
            _by_speech(table, query, held(SPEECH), meant, of=of, lexicon=lexicon)
    return {key: scores for key, scores in table.items() if scores.frame.kind != BLANK or scores.frame.text}


def subject(words: str) -> str:
    """The query without the words that only say that a picture is looked for; all of it where nothing else is left."""
    tokens = text.tokens(words)
    kept = [token for token in tokens if token not in MEDIUM]
    return " ".join(kept if text.content(kept) else tokens)


def _by_picture(table: Table, index: Index, sought: Sought, *, frames: Frames, depth: int, where: Where | None) -> None:
    if sought.picture is None:
        return
    sample = frames.sample(sought.space)
    middle, spread = _usual(sample, sought.picture)
    chance = CHANCE * math.sqrt(math.log(max(len(sample), 1)))
    for one in index.near(sought.picture, space=sought.space, kinds=FRAME, where=where, limit=depth):
        if one.frame:
            _entry(table, one.talk, one.frame).picture = (one.score - middle) / spread - chance


def _usual(sample: Vector, vector: Vector) -> tuple[float, float]:
    """Mean and standard deviation of the cosines of a sample of pictures with a vector."""
    if not len(sample):
        return 0.0, 1.0
    cosines = sample @ vector
    return float(cosines.mean()), max(float(cosines.std()), LEAST_SPREAD)


def _meant(index: Index, sought: Sought, *, depth: int, where: Where | None) -> list[Found]:
    """Slides and passages of speech by the meaning of their words: both in one search, which costs less than two."""
    if sought.meaning is None:
        return []
    return index.near(sought.meaning, space=sought.text_space, kinds=TEXTS, where=where, limit=2 * depth)


def _by_text(
    table: Table, query: Question, held: Sequence[Found], meant: Sequence[Found], *, of: Of, lexicon: Lexicon | None
) -> None:
    """Frames by the words on them and by the meaning of these words."""
    for one in held:
        if one.frame:
            _entry(table, one.talk, one.frame)
    cosines = {(one.talk.id, one.start): one.score for one in meant if one.kind == "slide"}
    for one in meant:
        for frame in of(one.talk.id) if one.kind == "slide" else ():
            if frame.start == one.start:
                _entry(table, one.talk, frame)
    farthest = min(cosines.values(), default=0.0)
    alike = likeness(query, ((s.frame.text, _language(s)) for s in table.values()), lexicon)
    for key, scores in table.items():
        if scores.frame.text.strip():
            scores.met = coverage(query, meets(query, scores.frame.text, _language(scores), alike=alike))
            scores.shown = scores.met + max(cosines.get(key, farthest), 0.0)


def _language(scores: Scores) -> str:
    return scores.talk.language or "es"


def _best_sentence(query: Question, passage: Found, alike: Likeness) -> tuple[Cue, float]:
    """The sentence that holds most of the query, and the share of it that it and all of the passage hold, averaged."""
    met = [meets(query, sentence.text, passage.language, alike=alike) for sentence in passage.sentences]
    shares = [coverage(query, row) for row in met]
    best = max(range(len(shares)), key=lambda n: shares[n])
    whole = coverage(query, [max(column) for column in zip(*met, strict=True)])
    return passage.sentences[best], (shares[best] + whole) / 2


def _by_speech(
    table: Table, query: Question, held: Sequence[Found], meant: Sequence[Found], *, of: Of, lexicon: Lexicon | None
) -> None:
    """Frames by what was said while they were in view: the sentence that holds the words, less the passage around it;
    of a passage that is found by its meaning alone, all of it."""
    cosines = {one.key: one.score for one in meant if one.kind == "speech"}
    farthest = min(cosines.values(), default=0.0)
    alike = likeness(query, ((s.text, one.language) for one in held for s in one.sentences), lexicon)
    for one in held:
        sentence, share = _best_sentence(query, one, alike)
        _in_view(table, one, share + max(cosines.pop(one.key, farthest), 0.0), of=of, sentence=sentence)
    for one in meant:
        if one.key in cosines:
            _in_view(table, one, max(one.score, 0.0), of=of)


def _in_view(table: Table, passage: Found, score: float, *, of: Of, sentence: Cue | None = None) -> None:
    """Gives the score of a passage to the frames that were in view, each by how much of it it saw."""
    for frame in of(passage.talk.id):
        if frame.end <= passage.start or frame.start >= passage.end:
            continue
        part = PASSAGE * _together(frame, passage.start, passage.end)
        if sentence:
            part = max(part, _together(frame, sentence.start, sentence.end))
        scores = _entry(table, passage.talk, frame)
        scores.said = max(scores.said, part * score)


def _entry(table: Table, talk: Talk, frame: Frame) -> Scores:
    return table.setdefault((talk.id, frame.start), Scores(talk, frame))


def _together(frame: Frame, start: float, end: float) -> float:
    """The share of the shorter of two stretches that both cover, in [0, 1]."""
    shorter = max(min(frame.end - frame.start, end - start), 1e-3)
    return max(0.0, min((min(frame.end, end) - max(frame.start, start)) / shorter, 1.0))


def fold_same(ranked: Iterable[Sight], frames: Frames, *, space: str, limit: int) -> list[Sight]:
    """The first `limit` that show different things, of sights in order."""
    kept: list[tuple[Sight, frozenset[str]]] = []
    for sight in ranked:
        words = frozenset(text.tokens(sight.frame.text))
        if not any(_same((sight, words), other, frames, space) for other in kept):
            kept.append((sight, words))
        if len(kept) == limit:
            break
    return [sight for sight, _ in kept]


def _same(one: tuple[Sight, frozenset[str]], other: tuple[Sight, frozenset[str]], frames: Frames, space: str) -> bool:
    """Whether two frames, each with the words on it, show the same."""
    (sight, words), (known, others) = one, other
    if (sight.talk.id, sight.frame.path) == (known.talk.id, known.frame.path):
        return True
    if min(len(words), len(others)) >= FEW_WORDS:
        return len(words & others) >= SAME_WORDS * len(words | others)
    if max(len(words), len(others)) >= 2 * FEW_WORDS:
        return False
    first, second = (frames.vector(s.talk.id, s.frame, space) for s in (sight, known))
    return first is not None and second is not None and float(first @ second) >= SAME_PICTURE


def _order(sight: Sight) -> tuple[float, str, float]:
    return -sight.score, sight.talk.id, sight.frame.start
