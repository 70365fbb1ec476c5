"""Loops and gaps in recognised speech: how many that were put in are marked, and how much clean speech is marked.

    python benchmarks/marks.py [--seeds N ...] [--changed SHARE ...]

The transcripts of talks_nwit (30 talks, Spanish and English) are taken as words with times. Clean, every mark is false;
then loops (1 to 25 words a turn) and gaps (4 to 40 s) are put in at random places. Of the words after a loop's first
turn the given share is replaced by other words of the talk, in every loop. A loop or gap counts as marked when at least
four fifths of its seconds are. What could still be cited of a loop is the sentences that lie in its second and later
turns and are left after marking.
"""

import argparse
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ateneo.ingest import captions, marks, speech
from ateneo.ingest.sentences import sentences
from ateneo.records import Cue, MarkedSpan, Word

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).parent.parent.parent / "shared"))
TURNS = [1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25]  # words a turn
A_TALK = 4  # loops, and gaps, put into each transcript
ENOUGH = 0.8  # of the seconds

Span = tuple[float, float]


def words_of(cues: Sequence[Cue]) -> list[Word]:
    """The words of captions, their times by the letters before them."""
    words = []
    for cue in cues:
        texts = cue.text.split()
        letters, at = sum(len(text) + 1 for text in texts), cue.start
        for text in texts:
            end = at + (cue.end - cue.start) * (len(text) + 1) / letters
            words.append(Word(at, end, text))
            at = end
    return words


def voiced_of(cues: Sequence[Cue]) -> list[Span]:
    """When somebody speaks: the cues, those that touch made one."""
    spans: list[Span] = []
    for cue in cues:
        if spans and cue.start - spans[-1][1] < 0.3:
            spans[-1] = spans[-1][0], cue.end
        else:
            spans.append((cue.start, cue.end))
    return spans


def with_loop(words: Sequence[Word], dice: random.Random, at: int, *, changed: float) -> tuple[list[Word], Span, Span]:
    """The words with those after `at` replaced by a loop: also its seconds, and those of its turns after the first."""
    period = dice.choice(TURNS)
    count = max(dice.randint(3, 8) * period, 8)
    turn = [word.text for word in words[at : at + period]]
    others = [word.text for word in words[:at]] or turn
    place = words[at : at + count]
    texts = [turn[n % period] for n in range(len(place))]
    texts = [dice.choice(others) if n >= period and dice.random() < changed else text for n, text in enumerate(texts)]
    loop = [Word(word.start, word.end, text) for word, text in zip(place, texts, strict=True)]
    whole = loop[0].start, loop[-1].end
    return [*words[:at], *loop, *words[at + len(place) :]], whole, (loop[min(period, len(loop) - 1)].start, whole[1])


def with_gap(words: Sequence[Word], dice: random.Random, at: int) -> tuple[list[Word], Span]:
    """The words without those of some seconds after `at`, and these seconds."""
    left = words[at].start
    right = left + dice.uniform(4, 40)
    gone = [word for word in words if left <= word.start < right]
    return [word for word in words if not left <= word.start < right], (gone[0].start, gone[-1].end)


def covered(span: Span, found: Sequence[MarkedSpan], kind: str) -> float:
    """The share of these seconds that marks of a kind hold."""
    inside = sum(max(0.0, min(span[1], m.end) - max(span[0], m.start)) for m in found if m.mark == kind)
    return inside / (span[1] - span[0])


def transcripts() -> Iterator[tuple[list[Word], list[Span]]]:
    """Words and voiced seconds of each transcript."""
    for path in sorted((SHARED / "data" / "talks_nwit").rglob("*.sbv")):
        cues = captions.read(path).cues
        yield words_of(cues), voiced_of(cues)


def places(words: Sequence[Word], dice: random.Random) -> list[int]:
    """Where to put something in: from the last to the first, far from one another."""
    step = len(words) // A_TALK
    return [n * step + dice.randrange(step // 8, step // 3) for n in reversed(range(A_TALK))]


def clean(count: Counter[str], words: Sequence[Word], voiced: Sequence[Span]) -> None:
    """Counts the captions of clean speech, and those marked."""
    found = marks.find(words, voiced)
    cues = speech.cues_of(words, marks=found)
    count["clean"] += len(cues)
    count["false"] += sum(any(m.start < cue.end and cue.start < m.end for m in found) for cue in cues)


def put_in(
    count: Counter[str], words: Sequence[Word], voiced: Sequence[Span], dice: random.Random, share: float
) -> None:
    """Counts the loops and gaps put in, those marked, and the sentences of loops that are left."""
    for at in places(words, dice):
        looped, whole, later = with_loop(words, dice, at, changed=share)
        found = marks.find(looped, voiced)
        count["loops"] += 1
        count["loops marked"] += covered(whole, found, "loop") >= ENOUGH
        left = sentences(speech.cues_of(looped, marks=found), marks=found)
        count["cited"] += sum(later[0] + 0.5 < s.start and s.end < later[1] - 0.5 for s in left)
    for at in places(words, dice):
        holed, span = with_gap(words, dice, at)
        count["gaps"] += 1
        count["gaps marked"] += covered(span, marks.find(holed, voiced), "gap") >= ENOUGH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--changed", type=float, nargs="+", default=[0.0, 0.1, 0.15])
    given = parser.parse_args()
    if not (SHARED / "data" / "talks_nwit").is_dir():
        raise SystemExit(f"no talks_nwit under {SHARED}; set ATENEO_SHARED")
    talks = list(transcripts())
    for share in given.changed:
        for seed in given.seeds:
            count, dice = Counter[str](), random.Random(seed)
            for words, voiced in talks:
                put_in(count, words, voiced, dice, share)
            loops, gaps = (f"{count[k + ' marked']} of {count[k]} {k}" for k in ("loops", "gaps"))
            shares = [count[f"{kind} marked"] / count[kind] for kind in ("loops", "gaps")]
            print(f"{share:.0%} changed, seed {seed}: {loops} marked ({shares[0]:.1%}), {gaps} ({shares[1]:.1%}), "
                  f"{count['cited']} sentences of loops left to cite", flush=True)  # fmt: skip
    count = Counter[str]()
    for words, voiced in talks:
        clean(count, words, voiced)
    print(f"clean speech: {count['false']} of {count['clean']} captions marked ({count['false'] / count['clean']:.2%})")


if __name__ == "__main__":
    main()
