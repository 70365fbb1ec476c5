"""The names and numbers of a sentence: which are teams of the panel, and which stand in no evidence."""

import re
from collections.abc import Iterator, Sequence

from ateneo.common_words import SUBJECT_SHARE, share
from ateneo.describing import match_words as claimed
from ateneo.text import fold

_NUMBER = re.compile(r"(?<![\w])\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"[^\W\d_][\w'’-]*(?:\s+(?:de|del|la)?\s*[A-ZÁÉÍÓÚÑ][\w'’-]*)*")
_CAPITAL = r"[A-ZÁÉÍÓÚÑÜ][\w'’]*[a-záéíóúñü][\w'’]*"  # LeBron, but not GOAL
_INSIDE = re.compile(rf"(?<=[\w,;)] )({_CAPITAL}(?:[ -]{_CAPITAL})*)")
_FIRST = re.compile(rf"\W*({_CAPITAL}(?: {_CAPITAL})?)")
_VERBS = (claimed.SCORES, claimed.LEADS, claimed.WINS, claimed.TAKES, claimed.SERVES, claimed.BREAKS, claimed.HOLDS)
_DOES = [re.compile(" " + one.pattern) for one in _VERBS]
_NO_NAMES = frozenset(
    "i i'm i'll i've monday tuesday wednesday thursday friday saturday sunday nba acb nobody somebody someone "
    "everybody everyone nadie alguien todos ambos they ellos both".split()
)
MOST_LETTERS = 4  # of an abbreviation on a panel


def numbers(text: str) -> Iterator[str]:
    """The numbers of a text in one way of writing: 13,4 as 13.4, without zeros before."""
    for match in _NUMBER.finditer(text):
        yield re.sub(r"(?<=\d),(?=\d)", ".", match[0]).lstrip("0") or "0"


def teams_in(sentence: str, folded: str, teams: Sequence[str]) -> list[tuple[int, int, int]]:
    """(team, from, to) in the folded sentence, in order; also where a team is named at length: Real Madrid for RMA."""
    found = [(number, match.start(), match.end()) for number, name in enumerate(teams) if name
             for match in re.finditer(rf"\b{re.escape(fold(name))}\b", folded)]  # fmt: skip
    for match in _NAME.finditer(sentence):
        fits = [number for number, name in enumerate(teams) if abbreviates(name, match[0])]
        place = folded.find(fold(match[0]))
        if len(fits) == 1 and place >= 0 and not any(start <= place < end for _, start, end in found):
            found.append((fits[0], place, place + len(fold(match[0]))))
    return sorted(found, key=lambda one: one[1])


def unknown_name(sentence: str, known: str, teams: Sequence[str]) -> str:
    """The first name that stands nowhere in `known` (folded) and is no team's; "" where there is none."""
    for match in _INSIDE.finditer(sentence):
        words = [word for word in re.split(r"[ -]", fold(match[0])) if len(word) > 1 and word not in _NO_NAMES]
        strange = any(not re.search(rf"\b{re.escape(word)}", known) for word in words)
        if strange and not any(abbreviates(team, match[0]) for team in teams):
            return match[0]
    return _unknown_first(sentence, known, teams)


def _unknown_first(sentence: str, known: str, teams: Sequence[str]) -> str:
    """A name with which a sentence begins: two words with capitals, or one that does something in the match."""
    match = _FIRST.match(sentence)
    if match is None or any(abbreviates(team, match[1]) for team in teams):
        return ""
    words = fold(match[1]).split()
    strange = [w for w in words if w not in known and share(w) <= SUBJECT_SHARE and w not in _NO_NAMES]
    does = any(one.match(fold(sentence[match.end() :])) for one in _DOES)
    return match[1] if strange and (does if len(words) == 1 else words[-1] in strange) else ""


def abbreviates(team: str, name: str) -> bool:
    """Whether a team's name on the panel may stand for this one: RMA for Real Madrid, BAR for Barcelona."""
    short, letters = fold(team), "".join(c for c in fold(name) if c.isalnum())
    if not short or not letters:
        return False
    if short == fold(name) or short in fold(name).split():
        return True
    if len(short) > MOST_LETTERS or len(letters) <= MOST_LETTERS or short[0] != letters[0]:
        return False
    rest = iter(letters)
    return all(c in rest for c in short)
