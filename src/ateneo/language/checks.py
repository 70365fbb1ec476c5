"""A sentence against the evidence that it names: does the evidence say it?

Code alone decides, across Spanish and English, by what can be compared: numbers, names, negations and words, each word
with those that mean nearly the same (`search.lexicon`). The evidence that a sentence does not name is the measure:
words in a row that fit another piece of it clearly better than those named are not from these.
"""

import difflib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.language.changes import changed
from ateneo.language.doubts import Doubt
from ateneo.language.figures import values
from ateneo.language.negation import contrary
from ateneo.language.qualifiers import qualified
from ateneo.language.reading import Token, read
from ateneo.language.roles import exchanged, turned
from ateneo.search.lexicon import Lexicon

FAMILY = 0.8  # of a word that begins as another does
MEANS = 0.45  # cosine of words that may mean the same
COVERED = {
    True: 0.5,
    False: 0.2,
}  # share of a sentence's weight that must be met, in the language of its evidence or not
ROWS = (3, 4, 5, 6)  # words of weight in a row that are looked at together
ELSEWHERE = 0.55  # by how much more another piece may meet such a row, times the root of its weight
NATIVE = 0.8  # of how well a piece in the sentence's language meets it, where those named are in the other
WHOLE = 0.1  # ... or the whole sentence, as a share
NAME = 0.75  # cosine of a name and its translation
SPELLED = 0.7  # likeness of the letters of a name in two languages
_SHORT_NAMES = (
    "ee uu us usa eeuu",
    "ue eu",
    "ru uk",
    "onu un",
    "otan nato",
    "oms who",
    "ia ai",
    "adn dna",
    "sida aids",
    *"enero january|febrero february|marzo march|abril april|mayo may|junio june|julio july|agosto august".split("|"),
    *"septiembre september|octubre october|noviembre november|diciembre december|lunes monday|martes tuesday".split(
        "|"
    ),
    *"miercoles wednesday|jueves thursday|viernes friday|sabado saturday|domingo sunday".split("|"),
)
SAME_NAMES = {
    name: alike.split() for alike in _SHORT_NAMES for name in alike.split()
}  # they differ in the two languages
ENOUGH = 3.0  # weight of a sentence of which a share can be told across languages; of less, one word must be met

Matrix = NDArray[np.float32]


def check(
    sentence: str, named: Sequence[str], others: Sequence[str] = (), *, lexicon: Lexicon | None = None,
    about: Sequence[str] = (),
) -> list[Doubt]:  # fmt: skip
    """What the named pieces of evidence do not say of a sentence; empty where they say all of it. `others` are the
    pieces that it does not name; `about` are texts whose names and numbers may be used too (title, speakers, date)."""
    said = read(sentence)
    evidence = [token for piece in named for token in read(piece)]
    known = [token for piece in about for token in read(piece)]
    met = support(said, evidence, lexicon)
    doubts = [*_numbers(said, [*evidence, *known]), *_names(said, [*evidence, *known], met)]
    same = _same(sentence, named)
    doubts += changed(said, evidence) if same else []
    if contrary(said, evidence, met):
        doubts.append(Doubt("negation", sentence))
    doubts += qualified(said, evidence, met, same=same)
    doubts += _roles(said, named, met, same=same)
    fits = [
        support(said, read(piece), lexicon) * (NATIVE if not same and _same(sentence, [piece]) else 1.0)
        for piece in others
    ]
    subjects = [token.weight > 0 for token in evidence]
    return doubts + _words(said, met, fits, same, subjects)


def support(sentence: Sequence[Token], evidence: Sequence[Token], lexicon: Lexicon | None) -> Matrix:
    """(N, M): how well each word of the sentence is met by each of the evidence, in [0, 1]."""
    words, said = [token.word for token in sentence], [token.word for token in evidence]
    if not words or not said:
        return np.zeros((len(words), len(said)), np.float32)
    met = lexicon.cosines(words, said) if lexicon else np.zeros((len(words), len(said)), np.float32)
    met[met < MEANS] = 0
    for n, token in enumerate(sentence):
        for m, other in enumerate(evidence):
            if set(token.stems) & set(other.stems) or (token.figure is not None and token.figure == other.figure):
                met[n, m] = 1.0
            elif met[n, m] < FAMILY and _family(token.word, other.word):
                met[n, m] = FAMILY
    return met


def _roles(said: Sequence[Token], named: Sequence[str], met: Matrix, *, same: bool) -> list[Doubt]:
    """Roles that are turned round, of one piece of the evidence."""
    if same and (swapped := exchanged(said, [token for piece in named for token in read(piece)])):
        return [Doubt("roles", swapped)]
    first = 0
    for tokens in map(read, named):
        part = met[:, first : first + len(tokens)]
        first += len(tokens)
        if swapped := turned(said, tokens, part, same=same):
            return [Doubt("roles", swapped)]
    return []


def _family(one: str, other: str) -> bool:
    if one[:5] != other[:5] or len(one) < 5:
        return False
    common = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return common >= 0.6 * max(len(one), len(other))


def _numbers(said: Sequence[Token], evidence: Sequence[Token]) -> list[Doubt]:
    """Numbers that the evidence does not have."""
    there = values(tuple(token.written for token in evidence))
    own = [token for token in said if token.figure is not None]
    if repeated := _repeated(own, [token for token in evidence if token.figure is not None]):
        return [Doubt("number", repeated)]
    whole = values(tuple(token.written for token in said))
    if all(token.figure in there for token in own):
        return []
    joined = whole & there  # "2 million" for 2,000,000
    return [
        Doubt("number", token.written) for token in own
        if token.figure not in there and not any(_part(token.figure or "", value) for value in joined)
    ]  # fmt: skip


def _repeated(own: Sequence[Token], theirs: Sequence[Token]) -> str:
    """A number that is said more often than in the evidence, where the evidence has one more that is not said."""
    counts, others = Counter(t.figure for t in own), Counter(t.figure for t in theirs)
    unsaid = others.keys() - counts.keys()
    more = [figure for figure, count in counts.items() if figure in others and count > others[figure]]
    return str(more[0]) if more and unsaid else ""


def _part(figure: str, value: str) -> bool:
    """Whether a number word is a part of a joined value: "two" of 2000000."""
    return figure != value and value.strip("0").startswith(figure.replace(".", "").strip("0") or "-")


def _names(said: Sequence[Token], evidence: Sequence[Token], met: Matrix) -> list[Doubt]:
    """Names that the evidence does not have."""
    there = {token.word for token in evidence}
    short = _initials(evidence) | {known for word in there for known in SAME_NAMES.get(word, ())}
    joined = "".join(token.word for token in evidence)
    runs = _runs(said)
    named = {token.word for token in evidence if token.written[:1].isupper()}
    doubts = []
    for n, token in enumerate(said):
        if not token.name or token.word in there or token.weight == 0:
            continue
        run = next((r for r in runs if n in r), range(0))
        if (
            token.word in short or "".join(said[k].word[0] for k in run) in there
            or (met.size and met[n].max() >= NAME) or (len(token.word) > 4 and token.word in joined)
            or (len(token.word) > 4 and difflib.get_close_matches(token.word, named, n=1, cutoff=SPELLED))
        ):  # fmt: skip
            continue
        doubts.append(Doubt("name", token.written))
    return doubts


def _runs(tokens: Sequence[Token]) -> list[range]:
    """Words with capitals side by side, two or more."""
    found, first = [], 0
    for n in range(len(tokens) + 1):
        if n == len(tokens) or not tokens[n].written[:1].isupper():
            if n - first > 1:
                found.append(range(first, n))
            first = n + 1
    return found


def _initials(tokens: Sequence[Token]) -> set[str]:
    return {"".join(tokens[k].word[0] for k in run) for run in _runs(tokens)}


def _words(
    said: Sequence[Token], met: Matrix, others: Sequence[Matrix], same: bool, subjects: Sequence[bool]
) -> list[Doubt]:
    """Too little of the sentence is met, or a row of its words is met elsewhere. `subjects` (M,): which words of the
    evidence weigh something."""
    places = [n for n, token in enumerate(said) if token.weight > 0]
    if not places:
        return []
    weights = np.array([said[n].weight for n in places], np.float32)
    own = met[places].max(1) if met.size else np.zeros(len(places), np.float32)
    covered = float((weights * own).sum() / weights.sum())
    doubts = []
    nothing = len(places) > 1 and not met[places][:, np.flatnonzero(subjects)].any()
    if covered < COVERED[same] and (same or nothing or weights.sum() >= ENOUGH):
        doubts.append(Doubt("words", " ".join(said[n].written for n, o in zip(places, own, strict=True) if o == 0)))
    theirs = [o[places].max(1) for o in others if o.size]
    if theirs:
        doubts += _elsewhere(said, places, weights, own, np.stack(theirs))
    return doubts


def _elsewhere(said: Sequence[Token], places: list[int], weights: Matrix, own: Matrix, theirs: Matrix) -> list[Doubt]:
    """The row of words that another piece of evidence, (K, N) of them, meets better by more than it may."""
    if float((theirs @ weights).max() - own @ weights) / float(weights.sum()) > WHOLE:
        return [Doubt("elsewhere", " ".join(said[n].written for n in places))]
    worst, where = 0.0, (0, 0)
    for length in ROWS:
        for first in range(len(places) - length + 1):
            part = slice(first, first + length)
            weight = float(weights[part].sum())
            more = float((theirs[:, part] @ weights[part]).max() - own[part] @ weights[part]) / weight**0.5
            if more > worst:
                worst, where = more, (first, first + length)
    if worst <= ELSEWHERE:
        return []
    return [Doubt("elsewhere", " ".join(said[n].written for n in places[slice(*where)]))]


def _same(sentence: str, named: Sequence[str]) -> bool:
    """Whether the sentence is in the language of its evidence, as far as can be told."""
    own = text.guess_language(sentence)
    return own is None or text.guess_language(" ".join(named)) in (own, None)
