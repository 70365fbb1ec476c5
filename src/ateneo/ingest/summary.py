"""A talk's summary and chapters, out of its own sentences: what was said, never what might have been.

The summary is the sentences that share most with the rest of the talk (LexRank: Erkan and Radev, 2004), no two of them
alike, in order of time. Chapters begin where the words change most (TextTiling: Hearst, 1997), drawn to a slide change
where one is near, and are named by the heading of the slide, else by the words that tell this stretch from the others;
a single one is named as the talk.
The same input always gives the same output.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.archive.store import Summary
from ateneo.common_words import share
from ateneo.ingest.sentences import sentences
from ateneo.records import Chapter, Cue, Frame, Talk, Track

FEWEST, MOST = 3, 5  # sentences of a summary
SECONDS_A_SENTENCE = 180.0  # a talk of 15 minutes or more has the most
MOST_SENTENCES = 1500  # compared with one another; of a longer talk every n-th
WORDS = (6, 45)  # a sentence with fewer says too little, with more too much
ALIKE = 0.5  # cosine: two sentences this near say the same
DAMPING = 0.85  # of the random walk, as PageRank has it

SHORTEST_CHAPTER = 60.0  # seconds
SECONDS_A_CHAPTER = 240.0  # aimed at
BLOCK = 8  # sentences compared on either side of a border
NEAR_SLIDE = 15.0  # seconds: a border this near to a slide change is put there
TITLE_WORDS = 8
TITLE_LETTERS = 60

Vector = dict[str, float]


def summarise(talk: Talk, track: Track) -> Summary:
    """Three to five sentences of the talk in order of time; all of them where there are no more than three."""
    said = sentences(track.cues, marks=track.marks)
    fit = [s for s in said if WORDS[0] <= s.text.count(" ") + 1 <= WORDS[1]] or said
    fit = fit[:: 1 + len(fit) // MOST_SENTENCES]
    length = max((s.end for s in said), default=0.0) - min((s.start for s in said), default=0.0)
    count = min(MOST, max(FEWEST, round(length / SECONDS_A_SENTENCE)))
    return Summary(track.language, tuple(_central(fit, track.language, about=talk.title, count=count)))


def chapters(talk: Talk, track: Track, frames: Sequence[Frame] = ()) -> list[Chapter]:
    """The chapters in order of time, the first at 0; none where nothing was said."""
    said = sentences(track.cues, marks=track.marks)
    if not said:
        return []
    vectors = _vectors([s.text for s in said], track.language)
    borders = _borders(said, vectors)
    stretches = list(zip(borders, [*borders[1:], len(said)], strict=True))
    starts = [0.0, *(_drawn_to_slide(said[first].start, frames) for first, _ in stretches[1:])]
    ends = [*starts[1:], said[-1].end + 1]
    if len(starts) == 1:
        return [Chapter(0.0, talk.title)]
    titles = [_title(said[first:last], vectors[first:last], [f for f in frames if start - 1 <= f.start < end - 1], talk)
              for (first, last), start, end in zip(stretches, starts, ends, strict=True)]  # fmt: skip
    return [Chapter(round(start, 3), title) for start, title in zip(starts, _told_apart(titles), strict=True)]


def _central(said: Sequence[Cue], language: str, *, about: str, count: int) -> list[Cue]:
    if len(said) <= FEWEST:
        return list(said)
    vectors = _vectors([*(s.text for s in said), about], language)
    alike = _similarities(vectors)
    scores = _walk(alike[:-1, :-1]) * (1 + alike[-1, :-1])
    chosen: list[int] = []
    for n in sorted(range(len(said)), key=lambda n: (-scores[n], n)):
        if len(chosen) < count and all(alike[n, other] < ALIKE for other in chosen):
            chosen.append(n)
    return [said[n] for n in sorted(chosen)]


def _vectors(texts: Sequence[str], language: str) -> list[Vector]:
    """Unit vectors of stems, each weighed by how rare it is here and anywhere."""
    counts = [Counter(text.stem(w, language) for w in text.content(text.tokens(t))) for t in texts]
    common = {text.stem(w, language): share(w) for t in texts for w in text.content(text.tokens(t))}
    present = Counter(stem for count in counts for stem in count)
    rare = {stem: math.log((len(texts) + 1) / (n + len(texts) * common[stem])) for stem, n in present.items()}
    return [_unit({stem: n * max(rare[stem], 0.0) for stem, n in count.items()}) for count in counts]


def _unit(vector: Vector) -> Vector:
    length = math.sqrt(sum(v * v for v in vector.values()))
    return {stem: v / length for stem, v in vector.items()} if length else {}


def _similarities(vectors: Sequence[Vector]) -> NDArray[np.float64]:
    """Cosines of all pairs, (n, n), with 0 on the diagonal."""
    columns = {stem: n for n, stem in enumerate(sorted({stem for v in vectors for stem in v}))}
    alike = np.zeros((len(vectors), len(vectors)))
    holders: dict[int, list[tuple[int, float]]] = {}
    for row, vector in enumerate(vectors):
        for stem, value in vector.items():
            holders.setdefault(columns[stem], []).append((row, value))
    for held in holders.values():
        rows = np.array([row for row, _ in held])
        values = np.array([value for _, value in held])
        alike[np.ix_(rows, rows)] += np.outer(values, values)
    np.fill_diagonal(alike, 0.0)
    return alike


def _walk(alike: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often a random walk between similar sentences comes by each, (n,)."""
    n = len(alike)
    sums = alike.sum(axis=1, keepdims=True)
    steps = np.divide(alike, sums, out=np.full_like(alike, 1 / n), where=sums > 0)
    scores = np.full(n, 1 / n)
    for _ in range(50):
        scores = (1 - DAMPING) / n + DAMPING * (scores @ steps)
    return scores


def _borders(said: Sequence[Cue], vectors: Sequence[Vector]) -> list[int]:
    """The sentences with which a chapter begins: the deepest valleys of likeness, not too near to one another."""
    length = said[-1].end - said[0].start
    wanted = max(round(length / SECONDS_A_CHAPTER), min(2, int(length / SHORTEST_CHAPTER)), 1)
    depths = {n: -_cosine(_sum(vectors[max(0, n - BLOCK) : n]), _sum(vectors[n : n + BLOCK]))
              for n in range(1, len(said))}  # fmt: skip
    borders = [0]
    for n in sorted(depths, key=lambda n: (-depths[n], n)):
        times = [said[b].start for b in borders] + [said[-1].end]
        if len(borders) < wanted and all(abs(said[n].start - t) >= SHORTEST_CHAPTER for t in times):
            borders.append(n)
    return sorted(borders)


def _sum(vectors: Iterable[Vector]) -> Vector:
    total: Counter[str] = Counter()
    for vector in vectors:
        total.update(vector)
    return dict(total)


def _cosine(one: Vector, other: Vector) -> float:
    return _dot(_unit(one), _unit(other))


def _dot(one: Vector, other: Vector) -> float:
    return sum(value * other.get(stem, 0.0) for stem, value in one.items())


def _drawn_to_slide(second: float, frames: Sequence[Frame]) -> float:
    near = min((f.start for f in frames), key=lambda start: abs(start - second), default=math.inf)
    return near if near > 0 and abs(near - second) <= NEAR_SLIDE else second


def _title(said: Sequence[Cue], vectors: Sequence[Vector], frames: Sequence[Frame], talk: Talk) -> str:
    headings = (_heading(frame.text) for frame in frames)
    heading = next((h for h in headings if h and text.fold(h) not in text.fold(talk.title)), None)
    return heading or _phrase(said, vectors) or talk.title


def _heading(slide: str) -> str | None:
    """The first line of a slide that reads like a title."""
    lines = (" ".join(line.split()) for line in slide.splitlines())
    return next((x for x in lines if 3 <= len(x) <= TITLE_LETTERS and sum(map(str.isalpha, x)) > len(x) / 2), None)


def _phrase(said: Sequence[Cue], vectors: Sequence[Vector]) -> str:
    """The beginning of the sentence that shares most with its stretch, cut at a word."""
    middle = _unit(_sum(vectors))
    best = max(range(len(said)), key=lambda n: (_dot(vectors[n], middle), -n))
    words = said[best].text.split()
    short = " ".join(words[:TITLE_WORDS]).rstrip(" ,;:.")
    return short if len(words) <= TITLE_WORDS else short + " …"


def _told_apart(titles: Sequence[str]) -> list[str]:
    """The titles, those that come again numbered: "Results (2)"."""
    seen: Counter[str] = Counter()
    told = []
    for title in titles:
        seen[title] += 1
        told.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return told
