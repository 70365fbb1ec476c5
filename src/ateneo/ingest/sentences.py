"""Captions → whole sentences, each with its seconds.

A caption breaks where the screen is full, not where the sentence ends, so the text of the cues is joined and cut again
by rule: Spanish and English punctuation, abbreviations, initials, decimals, ¿ and ¡. Where the captions carry no
punctuation at all (most automatic ones), pauses and the borders of cues stand in for it. The time of a sentence comes
from the place of its letters inside its cues. A sentence is always word for word a part of the joined text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ateneo.records import Cue, MarkedSpan

LONGEST = 60  # words; a longer sentence is cut at a border between cues
PIECE = 25  # words; what such a cut aims at
PAUSE = 0.6  # seconds between cues that end a sentence where punctuation is absent
SILENCE = 4.0  # seconds between cues that end a sentence in any text
WORDS_PER_STOP = 45  # more words to a full stop than this: the text is taken as not punctuated

_STOP = re.compile(r"(?:[.!?…]+[\"'»”’)\]]*(?=\s|$)|[。！？]+)\s*")
_ABBREVIATED = """
a.c adj admón al apdo approx aprox art arts av avda c.v ca cap caps capt cf cfr co col corp d.c dept depto dr dra dras
dres dña e.g ed eds ee ej est etc excma excmo fig figs gen gob gobno gov gral hnos i.e ilmo inc ing jr ldo lic lt ltd
lám mr mrs ms mt máx mín no nº núm núms op p pag pp prof profa prov pág págs ref rep rev sen sgt sr sra sras sres srta
st sta sto tel trad tít ud uds univ v vd vds vol vols vs
"""
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_INITIALS = re.compile(r"(?:[^\W\d_]{1,2}\.)*(?:[A-ZÁÉÍÓÚÑ]|(?<=\.)[^\W\d_]{1,2})")  # J. or U.S. or EE.UU.
_SOUND = re.compile(r"^[\s\-–—>♪♫]*(?:[\[(][^\])]*[\])][\s.♪♫]*)*$")

Span = tuple[int, int]  # first letter and the one after the last, in the joined text


def sentences(cues: Sequence[Cue], *, marks: Sequence[MarkedSpan] = ()) -> list[Cue]:
    """The sentences of a transcript in order of time, each with its seconds.

    A sentence that touches a loop or a gap is left out, and so is one that only names a sound ("[Música]").
    """
    text = _Joined(cues)
    unciteable = [mark for mark in marks if mark.mark in ("loop", "gap")]
    found = (text.cue(span) for part in text.spoken_parts() for span in _spans(text, part))
    return [s for s in found if not _SOUND.match(s.text) and not any(_touches(s, mark) for mark in unciteable)]


def split(text: str) -> list[str]:
    """The sentences of a text without times: a slide's line, a summary."""
    return [text[start:end].strip() for start, end in _by_stops(text, (0, len(text))) if text[start:end].strip()]


class _Joined:
    """Cue texts joined by single spaces, with the way back from a letter to its second."""

    def __init__(self, cues: Sequence[Cue]) -> None:
        pairs = ((cue, " ".join(cue.text.split())) for cue in sorted(cues, key=lambda cue: (cue.start, cue.end)))
        filled = [(cue, text) for cue, text in pairs if text]
        self.cues = [cue for cue, _ in filled]
        self.text = " ".join(text for _, text in filled)
        self.starts: list[int] = []
        place = 0
        for _, text in filled:
            self.starts.append(place)
            place += len(text) + 1
        self.ends = [start + len(text) for start, (_, text) in zip(self.starts, filled, strict=True)]
        words = self.text.count(" ") + 1
        self.punctuated = words < WORDS_PER_STOP * sum(1 for _ in _STOP.finditer(self.text)) or words < PIECE
        letters = sum(map(str.isalpha, self.text[:20_000]))
        self.capitals = sum(map(str.isupper, self.text[:20_000])) > 0.005 * letters

    def second(self, place: int, *, end: bool = False) -> float:
        """The second at which the letter at `place` is said; with `end`, at which the one before it has been said."""
        n = max(0, bisect_right(self.starts, place - end) - 1)
        cue, length = self.cues[n], max(1, self.ends[n] - self.starts[n])
        part = min(1.0, max(0.0, (place - self.starts[n]) / length))
        return cue.start + part * max(0.0, cue.end - cue.start)

    def cue(self, span: Span) -> Cue:
        start, end = span
        begin = self.second(start)
        return Cue(round(begin, 3), round(max(begin, self.second(end, end=True)), 3), self.text[start:end])

    def pause_before(self, n: int) -> float:
        return self.cues[n].start - max(cue.end for cue in self.cues[max(0, n - 3) : n])

    def spoken_parts(self) -> Iterator[Span]:
        """Stretches without a long silence in them (or, in a text without punctuation, without any pause)."""
        longest = SILENCE if self.punctuated else PAUSE
        start = 0
        for n in range(1, len(self.cues)):
            if self.pause_before(n) > longest or self.turns(n):
                yield start, self.ends[n - 1]
                start = self.starts[n]
        if self.cues:
            yield start, len(self.text)

    def turns(self, n: int) -> bool:
        """Whether another voice begins with this cue, or it or the one before only names a sound."""
        before, cue = self.cues[n - 1].text, self.cues[n].text
        return cue.startswith((">>", "- ", "– ", "— ")) or bool(_SOUND.match(cue) or _SOUND.match(before))

    def borders(self, span: Span) -> list[int]:
        """Where a cue begins inside the span."""
        return [start for start in self.starts if span[0] < start < span[1]]


def _touches(sentence: Cue, mark: MarkedSpan) -> bool:
    return sentence.start < mark.end and mark.start < sentence.end


def _spans(text: _Joined, part: Span) -> Iterator[Span]:
    for span in _by_stops(text.text, part, capitals=text.capitals):
        if text.text.count(" ", *span) < LONGEST:
            yield span
        else:
            yield from _cut(text, span)


def _by_stops(text: str, part: Span, *, capitals: bool = True) -> Iterator[Span]:
    start, last = part
    for stop in _STOP.finditer(text, start, last):
        if stop.end() < last and stop.end() > start and _ends_sentence(text, stop, capitals=capitals):
            yield start, start + len(text[start : stop.end()].rstrip())
            start = stop.end()
    if text[start:last].strip():
        yield start, start + len(text[start:last].rstrip())


def _ends_sentence(text: str, stop: "re.Match[str]", *, capitals: bool) -> bool:
    after = text[stop.end() : stop.end() + 4].lstrip("\"'«“‘([-–—> ")
    if capitals and after[:1].islower():
        return False
    if not stop.group().startswith(".") or stop.group().startswith(".."):
        return True
    before = text[max(0, stop.start() - 12) : stop.start()].split()
    word = before[-1].lstrip("\"'«“‘([¿¡") if before else ""
    return not (word.lower() in _ABBREVIATIONS or _INITIALS.fullmatch(word))


def _cut(text: _Joined, span: Span) -> Iterator[Span]:
    """Pieces of about PIECE words, cut between cues, or between words inside a cue that is longer than that."""
    start, last = span
    borders = text.borders(span)
    while text.text.count(" ", start, last) >= LONGEST:
        reach = [b for b in borders if b > start and text.text.count(" ", start, b) <= LONGEST]
        near = [b for b in reach if text.text.count(" ", start, b) >= PIECE]
        cut = near[0] if near else reach[-1] if reach else _nth_space(text.text, start, PIECE)
        yield start, start + len(text.text[start:cut].rstrip())
        start = cut
    yield start, last


def _nth_space(text: str, start: int, count: int) -> int:
    for _ in range(count):
        start = text.index(" ", start) + 1
    return start
