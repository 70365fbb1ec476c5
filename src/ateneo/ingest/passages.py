"""Transcripts, slides and summaries → passages: what the index holds and an answer cites.

A passage is whole sentences, about 45 to 90 seconds of speech: long enough to say what it is about, short enough that
its second is worth jumping to. Neighbours share a sentence, so that an answer which straddles a border is found too.
Where a slide changes or the speaker pauses, the passage ends there if it is long enough already.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from ateneo.ingest.sentences import sentences
from ateneo.records import Cue, Frame, Passage, Talk, Track

SHORTEST = 45.0  # seconds; a passage does not end by itself before this
LONGEST = 90.0  # seconds; it does not go on after this
MOST_WORDS = 260  # the same in words, for captions whose times are wrong: 90 s of fast speech
PAUSE = 1.5  # seconds between sentences at which a passage may end
SILENCE = 30.0  # seconds: what lies on both sides of it shares no passage
OVERLAP = 15.0  # seconds; the last sentence is said again in the next passage where it is not longer
TAIL = 15.0  # seconds; a shorter rest joins the passage before it


def make_passages(talk: Talk, track: Track, *, slide_changes: Sequence[float] = ()) -> list[Passage]:
    """The passages of a track in order of time; nothing that touches a loop or a gap is in any of them."""
    said = sentences(track.cues, marks=track.marks)
    if not said:
        return []
    changes = sorted(slide_changes)
    language = track.language
    return [
        Passage(talk, group[0].start, max(s.end for s in group), language, "speech", tuple(group))
        for group in _groups(said, changes)
    ]


def slide_passages(talk: Talk, frames: Sequence[Frame], language: str) -> list[Passage]:
    """One passage a slide that has text; each line of the slide is a sentence, shown from its start to its end."""
    passages = []
    for frame in frames:
        lines = [" ".join(line.split()) for line in frame.text.splitlines()]
        said = tuple(Cue(frame.start, frame.end, line) for line in lines if line)
        if said:
            passages.append(Passage(talk, frame.start, frame.end, language, "slide", said))
    return passages


def summary_passages(talk: Talk, summary: Sequence[Cue], language: str) -> list[Passage]:
    """The sentences of the summary as one passage; none where there are no sentences."""
    if not summary:
        return []
    start, end = min(s.start for s in summary), max(s.end for s in summary)
    return [Passage(talk, start, end, language, "summary", tuple(summary))]


def _groups(said: Sequence[Cue], changes: Sequence[float]) -> Iterator[list[Cue]]:
    starts = _borders(said, changes)
    for first, last in zip(starts, [*starts[1:], len(said)], strict=True):
        yield list(said[_overlapping(said, first) : last])


def _borders(said: Sequence[Cue], changes: Sequence[float]) -> list[int]:
    """The sentences with which a new passage begins."""
    starts = [0]
    words = 0
    for n in range(1, len(said)):
        words += said[n - 1].text.count(" ") + 1
        length, next_length = said[n - 1].end - said[starts[-1]].start, said[n].end - said[starts[-1]].start
        full = next_length > LONGEST or words > MOST_WORDS
        may_end = length >= SHORTEST and _breaks(said[n - 1], said[n], changes)
        rest = said[-1].end - said[n].start
        if _silent(said[n - 1], said[n]) or ((full or may_end) and (rest > TAIL or next_length > LONGEST + TAIL)):
            starts.append(n)
            words = 0
    return starts


def _breaks(before: Cue, after: Cue, changes: Sequence[float]) -> bool:
    middle = bisect_right(changes, after.start + 1.0) > bisect_left(changes, before.end - 1.0)
    return middle or after.start - before.end >= PAUSE


def _silent(before: Cue, after: Cue) -> bool:
    return after.start - before.end > SILENCE


def _overlapping(said: Sequence[Cue], first: int) -> int:
    if first == 0 or _silent(said[first - 1], said[first]):
        return first
    return first - 1 if said[first - 1].end - said[first - 1].start <= OVERLAP else first
