"""Where recognised speech is not to be trusted: loops and gaps.

A recogniser that loses the thread says the same again and again, or says nothing while somebody speaks. People repeat
themselves too ("muy, muy, muy"; "bla, bla, bla"), but seldom whole phrases one upon the other. A loop is found by how
much of a stretch is word for word what was said one turn before, so that a word changed here and there does not hide
it; a gap by voice that no word covers. The marks hold the whole loop, with its first turn, since which turn was really
spoken cannot be told.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo.records import Cue, MarkedSpan, Word
from ateneo.text import tokens

Span = tuple[float, float]  # seconds

LONGEST_TURN = 60  # words; what comes back after more is a refrain
EXACT = (1.6, 9, 0.8)  # turns after the first, words in all, and share of the words that are the same, to be a loop
INEXACT = (2.2, 14, 0.62)  # people do say "one kind of value, one kind of cost, one kind of time"
UNEVEN, UNEVEN_WORDS, UNEVEN_ALIKE = 4, 12, 0.75  # turns of so many words, some one longer or shorter
EITHER = (1.6, 12, 0.77), (2.3, 15, 0.68)  # a word may be that of one turn before or of two: a changed one costs less
SHORT = 3  # words; of shorter turns too much is the same by chance
GOES_ON = 0.45  # of a turn beside a loop that is the same belongs to it
TWICE, SAME, LONG = 0.9, 0.9, 12  # long turns: nobody says a sentence twice without a word between
POOR = {5: 1, 8: 3}  # words, and how few different ones make a loop; people say "no, no, no, no"
MOSTLY = (8, 1, 5), (10, 2, 8), (14, 3, 11)  # of so many words, so few different ones are so many
LEAST = 2.0  # s of voice without a word that make a gap: five or six words lost
SLOW_WORD = (1.0, 0.1)  # s, and s a letter: the longest that a word may take; what lasts longer hides a gap
EDGE = 0.35  # s; how far words and voice may disagree about where they begin
RATE = (14, 1.0)  # so many words in so many seconds are faster than anybody speaks
UNSURE = 0.5  # probability below which a recognised word is shown as doubtful
APART = 1.5  # s from any voice at which words are invented


def find(words: Sequence[Word], voiced: Sequence[Span]) -> list[MarkedSpan]:
    """The loops and gaps of a transcript, in order of time, those of one kind without overlaps.

    `voiced` are the seconds in which somebody speaks; they and the words are in order of time.
    """
    marks = [*_loops(words), *_rushed(words), *_gaps(words, voiced), *_invented(words, voiced)]
    return _joined(marks)


def _loops(words: Sequence[Word]) -> list[MarkedSpan]:
    """Stretches in which the same is said over and over."""
    said = [" ".join(tokens(word.text)) for word in words]
    spoken = [n for n, text in enumerate(said) if text]
    texts = [said[n] for n in spoken]
    return [
        MarkedSpan(words[spoken[first]].start, _end(words, spoken[last]), "loop", _note(texts[first : last + 1]))
        for first, last in [*_turns(texts), *_poor(texts)]
    ]


def _turns(texts: Sequence[str]) -> list[tuple[int, int]]:
    """First and last word of stretches that say the same turn after turn, from the first turn on."""
    numbers = {text: n for n, text in enumerate(dict.fromkeys(texts))}
    said = np.array([numbers[text] for text in texts], dtype=np.int64)
    runs: list[tuple[int, int]] = []
    for turn in range(1, min(LONGEST_TURN, len(texts) - 1) + 1):
        again = either = _shifted(said, turn)
        if 2 * turn <= LONGEST_TURN:
            either = again | _shifted(said, 2 * turn)
        found: list[tuple[int, int]] = []
        for turns, words, share in (EXACT, INEXACT):
            found += _dense(again, turn, length=max(math.ceil(turns * turn), words - turn), share=share)
        for turns, words, share in EITHER if turn >= SHORT else ():
            found += _dense(either, turn, length=max(math.ceil(turns * turn), words - turn), share=share)
        if turn >= UNEVEN:
            around = again | _shifted(said, turn - 1) | _shifted(said, turn + 1)
            found += _dense(around, turn, length=max(math.ceil(EXACT[0] * turn), UNEVEN_WORDS), share=UNEVEN_ALIKE)
        if turn >= LONG:
            found += _dense(again, turn, length=math.ceil(TWICE * turn), share=SAME)
        runs += [_whole(either, turn, first, last) for first, last in found]
    return runs


def _shifted(said: NDArray[np.int64], turn: int) -> NDArray[np.bool_]:
    """For each word whether it is the one that many words before."""
    again = np.zeros(len(said), dtype=np.bool_)
    again[turn:] = said[turn:] == said[: max(0, len(said) - turn)]
    return again


def _dense(again: NDArray[np.bool_], turn: int, *, length: int, share: float) -> list[tuple[int, int]]:
    """First and last word of the stretches in which so large a share of each `length` words was said a turn before."""
    if len(again) < length:
        return []
    sums = np.convolve(again, np.ones(length, dtype=np.int64), mode="valid")
    firm = again & (np.convolve(again, np.ones(9, dtype=np.int64))[4:-4] >= 4)  # no chance match at an edge
    runs: list[tuple[int, int]] = []
    for start in np.flatnonzero(sums >= share * length):
        hits = np.flatnonzero(firm[start : start + length])
        if not len(hits):
            continue
        first, last = int(start + hits[0]) - turn, int(start + hits[-1])
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = runs[-1][0], max(last, runs[-1][1])
        else:
            runs.append((max(first, 0), last))
    return runs


def _whole(either: NDArray[np.bool_], turn: int, first: int, last: int) -> tuple[int, int]:
    """A loop with the turns before and after it in which more words were changed."""
    while (after := either[last + 1 : last + 1 + turn]).sum() > GOES_ON * turn:
        last += 1 + int(np.flatnonzero(after)[-1])
    while (before := either[first : first + turn]).sum() > GOES_ON * turn and first > 0:
        first = max(0, first + int(np.flatnonzero(before)[0]) - turn)
    return first, last


def _poor(texts: Sequence[str]) -> list[tuple[int, int]]:
    """First and last word of stretches with hardly any different words, where the turns are too short to tell apart."""
    runs: list[tuple[int, int]] = []
    for length, different in POOR.items():
        for n in range(len(texts) - length + 1):
            if len(set(texts[n : n + length])) <= different:
                runs.append((n, n + length - 1))
    for length, different, same in MOSTLY:
        for n in range(len(texts) - length + 1):
            common = Counter(texts[n : n + length]).most_common(different)
            if sum(count for _, count in common) >= same and common[-1][1] > 1:
                usual = {word for word, _ in common}
                places = [n + at for at, text in enumerate(texts[n : n + length]) if text in usual]
                runs.append((places[0], places[-1]))
    return runs


def _rushed(words: Sequence[Word]) -> list[MarkedSpan]:
    """Stretches faster than speech, as where a recogniser puts a page of text on one second."""
    count, seconds = RATE
    marks = []
    for first, last in zip(words, words[count - 1 :], strict=False):
        if last.start - first.start < seconds:
            marks.append(MarkedSpan(first.start, max(last.end, first.start + 0.1), "loop", "faster than speech"))
    return marks


def _gaps(words: Sequence[Word], voiced: Sequence[Span]) -> list[MarkedSpan]:
    """Holes between words in which there is voice for long."""
    whole, letter = SLOW_WORD
    covered = [(word.start, min(word.end, word.start + whole + letter * len(word.text))) for word in words]
    holes, end = [], 0.0
    for start, stop in covered:
        if start > end:
            holes.append((end, start))
        end = max(end, stop)
    holes.append((end, max([end, *(stop for _, stop in voiced[-1:])])))
    marks = []
    for left, right, inside in _within(holes, voiced):
        if sum(stop - start for start, stop in inside) >= LEAST:
            start, stop = max(left, inside[0][0]), min(right, inside[-1][1])
            marks.append(MarkedSpan(start, stop, "gap", f"{stop - start:.0f} s of voice without words"))
    return marks


def _within(holes: Iterable[Span], voiced: Sequence[Span]) -> Iterator[tuple[float, float, list[Span]]]:
    """Each hole with the voice inside it, a little away from the words at its edges."""
    first = 0
    for left, right in holes:
        while first < len(voiced) and voiced[first][1] <= left:
            first += 1
        last = first
        while last < len(voiced) and voiced[last][0] < right:
            last += 1
        cuts = [(max(start, left + EDGE), min(stop, right - EDGE)) for start, stop in voiced[first:last]]
        inside = [(start, stop) for start, stop in cuts if stop > start]
        if inside:
            yield left, right, inside


def _invented(words: Sequence[Word], voiced: Sequence[Span]) -> list[MarkedSpan]:
    """Words far from any voice: what a recogniser hears in silence and music."""
    if not voiced:
        return []
    marks, at = [], 0
    for word in words:
        while at < len(voiced) - 1 and voiced[at][1] < word.start - APART:
            at += 1
        start, stop = voiced[at]
        if word.end < start - APART or word.start > stop + APART:
            marks.append(MarkedSpan(word.start, max(word.end, word.start + 0.01), "gap", "words where nobody speaks"))
    return marks


def _joined(marks: Iterable[MarkedSpan]) -> list[MarkedSpan]:
    """Marks in order of time, those of one kind that touch made one."""
    joined: list[MarkedSpan] = []
    for mark in sorted(marks, key=lambda mark: (mark.mark, mark.start)):
        last = joined[-1] if joined else None
        if last and last.mark == mark.mark and mark.start <= last.end + EDGE:
            joined[-1] = MarkedSpan(last.start, max(last.end, mark.end), last.mark, last.note)
        else:
            joined.append(mark)
    return sorted(joined, key=lambda mark: (mark.start, mark.end))


def _end(words: Sequence[Word], last: int) -> float:
    return max(words[last].end, words[last].start + 0.01)


def _note(texts: Sequence[str]) -> str:
    """The first words of a loop."""
    return re.sub(r"\s+", " ", f"said again and again: {' '.join(texts[:8])}")


def doubtful(cue: Cue, words: Sequence[Word]) -> list[tuple[int, int]]:
    """Where in a caption's text stand words of which the recogniser was not sure: first letter, letter after the last.
    Words that are no longer there, because a person corrected the caption, are passed over."""
    spans, at = [], 0
    for word in words:
        if not cue.start - 0.05 <= (word.start + word.end) / 2 <= cue.end + 0.05:
            continue
        said = word.text.strip()
        place = cue.text.find(said, at) if said else -1
        if place >= 0:
            at = place + len(said)
            if word.probability < UNSURE:
                spans.append((place, at))
    return spans
