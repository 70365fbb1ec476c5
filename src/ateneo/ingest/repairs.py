"""Words that a recogniser misheard, put right: each a visible edit with its reason, which can be taken back.

Proposals come from two sides: words that the recogniser itself was unsure of and that a slide has almost alike, and a
language model that has read captions, slides and the archive's vocabulary. Code decides about both alike: the two must
sound alike, and every new word must stand on a slide, elsewhere in the talk, or in the archive's titles and speakers; a
number or a name on a slide shown about then, or in the archive; nothing is negated. What was written is kept in
repairs.json, and the recogniser's words with their times stay as they were. Captions made by people are not touched.
"""

import dataclasses
import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ateneo.archive.storage import Storage
from ateneo.common_words import SUBJECT_SHARE, share
from ateneo.ingest.marks import UNSURE
from ateneo.language.calls import Calls
from ateneo.language.fence import fenced, numbered
from ateneo.language.figures import WORDS as NUMBERS
from ateneo.language.forms import NUMBER, TEXT, form, many
from ateneo.records import Cue, Frame, MarkedSpan, Repair, Track, Word
from ateneo.text import fold, stem, tokens

FILE = "repairs.json"
ALIKE = 0.7  # likeness of the letters of what was written and what is put there
NEAR = 0.8  # ... of a doubtful word and a word of a slide, where no model has read them
SHORTEST = 5  # letters of such a word
MOST_WORDS = 5  # of one repair
AROUND = 60.0  # s before and after a slide in which its numbers and names are evidence
SAID_TWICE = 2  # captions that must have a word which is evidence by being said
BATCH = 60  # captions that a model reads at a time
MOST_BATCHES = 20  # of a talk
LONGEST_SHOWN = 4000  # characters of slides and vocabulary that a model reads with them
NEGATIONS = frozenset("no not never none nor nunca tampoco ni sin without".split())
FORM = form({"repairs": many(form({"caption": NUMBER, "was": TEXT, "now": TEXT, "reason": TEXT}))})


@dataclass(frozen=True, slots=True)
class Proposal:
    """A repair that is asked for."""

    start: float
    was: str
    now: str
    reason: str


class Evidence:
    """What a repair may rest on: slides with their time, the talk's own words, the archive's vocabulary."""

    def __init__(self, track: Track, frames: Sequence[Frame], vocabulary: Sequence[str]) -> None:
        self.slides = [(frame.start, frame.end, frozenset(tokens(frame.text))) for frame in frames if frame.text]
        self.said = Counter(token for cue in track.cues for token in set(tokens(cue.text)))
        self.archive = frozenset(token for text in vocabulary for token in tokens(text))
        shown = [tokens(text) for text in (*vocabulary, *(frame.text for frame in frames))]
        self.pairs = frozenset(pair for words in shown for pair in pairwise(words))

    def source(self, token: str, second: float, *, strict: bool) -> str:
        """Where a word stands: slide, archive, said; "" where nowhere. A `strict` one (a number, a name) must stand
        on a slide shown about then, or in the archive."""
        shown = [words for start, end, words in self.slides if not strict or start - AROUND <= second <= end + AROUND]
        if any(token in words for words in shown):
            return "slide"
        if token in self.archive:
            return "archive"
        return "said" if not strict and self.said[token] >= SAID_TWICE else ""

    def known(self, token: str) -> bool:
        """Whether a word may well be right as it was heard: a common one, or one of the talk or the archive."""
        there = token in self.archive or any(token in words for _, _, words in self.slides)
        return there or share(token) > SUBJECT_SHARE or self.said[token] >= SAID_TWICE

    def paired(self, text: str, come: Sequence[str]) -> bool:
        """Whether one of these words of a caption stands beside its neighbour there on a slide or in the archive."""
        return any(
            pair in self.pairs for pair in pairwise(tokens(text)) if set(pair) & set(come) and pair[0] != pair[1]
        )


def batches(track: Track) -> int:
    """How many calls of a model a track takes."""
    return min(MOST_BATCHES, -(-len(track.cues) // BATCH))


def from_slides(track: Track, frames: Sequence[Frame], vocabulary: Sequence[str]) -> Iterator[Proposal]:
    """Doubtful words that are almost a word of a slide, a title or a name."""
    written = {
        fold(word): word for text in (*vocabulary, *(f.text for f in frames)) for word in re.findall(r"\w+", text)
    }
    known = [word for word in written if len(word) >= SHORTEST and word.isalpha() and share(word) <= SUBJECT_SHARE]
    sure = {fold(_bare(word.text)) for word in track.words if word.probability >= UNSURE}
    for word in track.words:
        heard = fold(_bare(word.text))
        if word.probability >= UNSURE or len(heard) < SHORTEST or heard in written or heard in sure:
            continue
        near = difflib.get_close_matches(heard, known, n=2, cutoff=NEAR)
        cue = _covering(track.cues, word)
        if near and cue and near[0][0] == heard[0]:
            yield Proposal(cue.start, _bare(word.text), _cased(written[near[0]], _bare(word.text)),
                           f"heard with {word.probability:.0%} certainty")  # fmt: skip


def from_model(track: Track, frames: Sequence[Frame], vocabulary: Sequence[str], calls: Calls) -> Iterator[Proposal]:
    """What a language model would put right. Raises EngineError."""
    slides = fenced("\n".join(dict.fromkeys(f.text for f in frames if f.text))[:LONGEST_SHOWN], "slides")
    known = fenced("\n".join(vocabulary)[:LONGEST_SHOWN], "vocabulary")
    for first in range(0, batches(track) * BATCH, BATCH):
        part = track.cues[first : first + BATCH]
        values = {"slides": slides, "vocabulary": known, "captions": numbered([c.text for c in part], name="captions")}
        for item in calls.structured("repair", track.language, values, FORM)["repairs"]:
            if 1 <= item["caption"] <= len(part):
                yield Proposal(
                    part[item["caption"] - 1].start, item["was"].strip(), item["now"].strip(), item["reason"]
                )


def judged(proposal: Proposal, track: Track, evidence: Evidence) -> str:
    """Where the evidence of a proposal stands; "" where it may not be made."""
    cue = next((cue for cue in track.cues if cue.start == proposal.start), None)
    was, now = tokens(proposal.was), tokens(proposal.now)
    if cue is None or not was or not now or was == now or max(len(was), len(now)) > MOST_WORDS:
        return ""
    if len(_places(cue.text, proposal.was)) != 1 or not proposal.now.isprintable():
        return ""
    gone, come = [t for t in was if t not in now], [t for t in now if t not in was]
    alike = difflib.SequenceMatcher(None, "".join(gone), "".join(come), autojunk=False).ratio()
    if alike < ALIKE or NEGATIONS & {*gone, *come} or _form("".join(gone), "".join(come)):
        return ""
    if not set(was) <= _heard(track, cue):  # somebody has corrected it since
        return ""
    start, end = _places(cue.text, proposal.was)[0]
    whole = cue.text[:start] + proposal.now + cue.text[end:]
    if all(map(evidence.known, gone)) and not _unsure(track, cue, gone) and not evidence.paired(whole, come):
        return ""
    number = any(map(_is_number, gone))
    sources = [
        evidence.source(token, cue.start, strict=number or _is_number(token) or _is_name(token, proposal.now))
        for token in come
    ]
    return "" if not all(sources) else min(sources, key=("slide", "archive", "said").index)


def applied(
    track: Track, proposals: Sequence[Proposal], evidence: Evidence, *, first: int
) -> tuple[Track, list[Repair]]:
    """The track with what may be put right, and the repairs, numbered from `first`."""
    made: list[Repair] = []
    for proposal in proposals:
        if source := judged(proposal, track, evidence):
            reason = " ".join(f"{source}: {proposal.reason}".split())[:200]
            repair = Repair(
                first + len(made), track.language, proposal.start, proposal.was, proposal.now, source, reason
            )
            track = _changed(track, repair, proposal.was, proposal.now)
            mark = _mark(track, repair)
            track = dataclasses.replace(
                track, marks=tuple(sorted({*track.marks, mark}, key=lambda m: (m.start, m.end)))
            )
            made.append(repair)
    return track, made


def undone(track: Track, repair: Repair) -> Track | None:
    """The track as it was before a repair; None where the caption no longer says what was put there."""
    cue = next((cue for cue in track.cues if cue.start == repair.start), None)
    if cue is None or len(_places(cue.text, repair.now)) != 1:
        return None
    note = _mark(track, repair).note
    track = _changed(track, repair, repair.now, repair.was)
    return dataclasses.replace(track, marks=tuple(mark for mark in track.marks if mark.note != note))


def read(storage: Storage, talk_id: str) -> list[Repair]:
    """The repairs of a talk that stand."""
    name = f"talks/{talk_id}/{FILE}"
    if not storage.exists(name):
        return []
    return [Repair(**one) for one in json.loads(storage.read(name))["repairs"]]


def save(storage: Storage, talk_id: str, repairs: Sequence[Repair]) -> None:
    """Writes the repairs that stand."""
    content = {"version": 1, "repairs": [dataclasses.asdict(one) for one in repairs]}
    storage.write(f"talks/{talk_id}/{FILE}", (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def _mark(track: Track, repair: Repair) -> MarkedSpan:
    cue = next(cue for cue in track.cues if cue.start == repair.start)
    return MarkedSpan(cue.start, cue.end, "repaired", f"{repair.was} → {repair.now} ({repair.reason})")


def _changed(track: Track, repair: Repair, old: str, new: str) -> Track:
    def text(cue: Cue) -> str:
        start, end = _places(cue.text, old)[0]
        return cue.text[:start] + new + cue.text[end:]

    cues = (dataclasses.replace(cue, text=text(cue)) if cue.start == repair.start else cue for cue in track.cues)
    return dataclasses.replace(track, cues=tuple(cues))


def _heard(track: Track, cue: Cue) -> set[str]:
    """The words that the recogniser wrote about there."""
    near = [word for word in track.words if cue.start - 1 <= (word.start + word.end) / 2 <= cue.end + 1]
    return {token for word in near for token in tokens(word.text)}


def _form(one: str, other: str) -> bool:
    """Whether one is the other with more at its end: another form of the word is grammar, and was not misheard."""
    return bool(one and other) and (
        one.startswith(other) or other.startswith(one) or bool({*_stems(one)} & {*_stems(other)})
    )


def _stems(word: str) -> tuple[str, str]:
    return stem(word, "es"), stem(word, "en")


def _unsure(track: Track, cue: Cue, gone: Sequence[str]) -> bool:
    """Whether the recogniser was unsure of one of these words there."""
    near = [word for word in track.words if cue.start - 1 <= (word.start + word.end) / 2 <= cue.end + 1]
    return any(word.probability < UNSURE and set(tokens(word.text)) & set(gone) for word in near)


def _places(text: str, words: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text)]


def _covering(cues: Sequence[Cue], word: Word) -> Cue | None:
    middle = (word.start + word.end) / 2
    return next((cue for cue in cues if cue.start <= middle <= cue.end and _places(cue.text, _bare(word.text))), None)


def _bare(text: str) -> str:
    return text.strip().strip(".,;:!?¡¿\"'()«»…")


def _cased(word: str, like: str) -> str:
    """A word of a slide as it is written in running text."""
    plain = word.lower() if word.isupper() and len(word) > 4 else word
    return plain[:1].upper() + plain[1:] if like[:1].isupper() else plain


def _is_number(token: str) -> bool:
    return any(c.isdigit() for c in token) or token in NUMBERS


def _is_name(token: str, written: str) -> bool:
    return any(fold(word) == token and word[:1].isupper() for word in re.findall(r"\w+", written))
