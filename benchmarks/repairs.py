"""Words misheard by a recogniser: how many are put right, and how many right ones are made wrong?

    python benchmarks/repairs.py [--seed 1] [--language en|es] [--show]

Errors are planted into the captions of talks_nwit, one in every caption that has a word of the archive's titles and
speakers or of the talk's slide (its title, speaker and what is known of them), as far as it is no common word: one or
two letters are heard as others that sound alike (b and v, c and k, m and n, d and t, vowels), or one is lost. The
recogniser is unsure of nine in ten of them, and of one in twenty right words. By itself, Ateneo repairs what it can;
then a stand-in for a model proposes, for each planted word, the right one, and as often a wrong one that sounds alike:
another word of the archive's vocabulary, a word or number of nowhere, and right words changed into their neighbours.
"""

import argparse
import difflib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from talk_pairs import PairedTalk, nwit

from ateneo.common_words import SUBJECT_SHARE, share
from ateneo.ingest.repairs import Evidence, Proposal, applied, from_slides
from ateneo.records import Cue, Frame, Repair, Track, Word
from ateneo.text import fold

ALIKE = ("bv", "ck", "ks", "mn", "dt", "pb", "gk", "fv", "sz", "rl", "ae", "ei", "ou", "iy", "ao")  # heard for another
UNSURE, SURE = 0.3, 0.95
SLIDE = 30.0  # s that the slide is shown
LEAST = 5  # letters of a word that is misheard


@dataclass(frozen=True)
class Planted:
    """A word as it was said and as it was heard, in the caption that begins at `start` (s)."""

    start: float
    said: str
    heard: str


def misheard(word: str, dice: random.Random) -> str:
    """The word with one or two letters heard otherwise, or one lost; as it was where nothing can be."""
    letters = list(word)
    for _ in range(dice.choice((1, 1, 2))):
        n = dice.randrange(1, len(letters))
        others = [pair.replace(letters[n].lower(), "") for pair in ALIKE if letters[n].lower() in pair]
        if others:
            letters[n] = dice.choice(others)
        elif len(letters) > LEAST:
            del letters[n]
    return "".join(letters)


def heard(talk: PairedTalk, language: str, known: set[str], dice: random.Random) -> tuple[Track, list[Planted]]:
    """The talk as a recogniser heard it, with the errors."""
    cues, words, planted = [], [], []
    for cue in talk.said[language]:
        written = cue.text.split()
        places = [n for n, word in enumerate(written) if fold(bare(word)) in known and bare(word).isalpha()]
        if places:
            n = dice.choice(places)
            said = bare(written[n])
            if (wrong := misheard(said, dice)) != said and fold(wrong) not in known:
                written[n] = written[n].replace(said, wrong)
                planted.append(Planted(cue.start, said, wrong))
        last = planted[-1] if planted and planted[-1].start == cue.start else None
        step = (cue.end - cue.start) / max(1, len(written))
        for n, word in enumerate(written):
            unsure = dice.random() < (0.9 if last and bare(word) == last.heard else 0.05)
            begin = cue.start + n * step
            words.append(Word(begin, begin + step, word, UNSURE if unsure else SURE))
        cues.append(Cue(cue.start, cue.end, " ".join(written)))
    return Track(language, tuple(cues), words=tuple(words), origin="speech"), planted


def bare(word: str) -> str:
    """Without what stands around it."""
    return word.strip(".,;:!?¡¿\"'()«»…-")


def proposals(
    track: Track, planted: Sequence[Planted], vocabulary: Sequence[str], dice: random.Random
) -> list[Proposal]:
    """What a model would propose: the right word, or one that sounds alike and is wrong; and right words changed."""
    found = []
    for one in planted:
        near = [
            w for w in difflib.get_close_matches(one.heard, vocabulary, n=4, cutoff=0.4) if fold(w) != fold(one.said)
        ]
        wrong = dice.choice([*near[:2], misheard(one.heard, dice), str(dice.randint(10, 99))])
        found.append(Proposal(one.start, one.heard, dice.choice((one.said, wrong)), "stand-in"))
    for cue in dice.sample(track.cues, min(len(planted), len(track.cues))):
        plain = [word for word in map(bare, cue.text.split()) if len(word) >= LEAST and word.isalpha()]
        if plain and cue.start not in {one.start for one in planted}:
            word = dice.choice(plain)
            near = difflib.get_close_matches(
                word.lower(), [v for v in vocabulary if fold(v) != fold(word)], n=1, cutoff=0.4
            )
            found.append(Proposal(cue.start, word, (near or [misheard(word, dice)])[0], "stand-in"))
    return found


def judged(made: Sequence[Repair], planted: Sequence[Planted]) -> tuple[int, int]:
    """How many repairs are right and wrong."""
    truth = {(one.start, one.heard): fold(one.said) for one in planted}
    right = sum(truth.get((one.start, one.was)) == fold(one.now) for one in made)
    return right, len(made) - right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--language", choices=("en", "es"), default="en")
    parser.add_argument("--show", action="store_true", help="print wrong repairs")
    given = parser.parse_args()
    dice, talks = random.Random(given.seed), nwit()
    vocabulary = [talk.title for talk in talks]
    total, offered, every, counts = 0, 0, 0, {"by itself": [0, 0], "model": [0, 0]}
    for talk in talks:
        frames = [Frame(0.0, SLIDE, "frames/0.jpg", talk.title)]
        written = sorted({word for text in vocabulary for word in re.findall(r"[^\W\d_]+", text)})
        known = {fold(word) for word in written if len(word) >= LEAST and share(fold(word)) <= SUBJECT_SHARE}
        track, planted = heard(talk, given.language, known, dice)
        total += len(planted)
        evidence = Evidence(track, frames, vocabulary)
        asked = proposals(track, planted, written, dice)
        truth = {(one.start, one.heard): fold(one.said) for one in planted}
        offered += sum(truth.get((one.start, one.was)) == fold(one.now) for one in asked)
        for name, proposed in (("by itself", list(from_slides(track, frames, vocabulary))), ("model", asked)):
            _, made = applied(track, proposed, evidence, first=1)
            right, wrong = judged(made, planted)
            counts[name][0] += right
            counts[name][1] += wrong
            for one in made if given.show else ():
                if truth.get((one.start, one.was)) != fold(one.now):
                    print(f"{name}: {one.was} → {one.now} ({one.source}); said: {truth.get((one.start, one.was))}")
        every += len(asked)
    right, wrong = counts["by itself"]
    print(f"{given.language}: {total} misheard words in {len(talks)} talks")
    print(f"without a model: {right} put right ({right / total:.1%}), {wrong} wrong repairs")
    right, wrong = counts["model"]
    bad = every - offered
    print(f"with a stand-in: of {offered} right proposals {right} made ({right / offered:.1%}); of {bad} wrong {wrong}")


if __name__ == "__main__":
    main()
