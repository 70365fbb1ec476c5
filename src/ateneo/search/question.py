"""A question as the answer sees it: its subject words, how much each weighs, and what kind of thing is asked for.

The weight of a word is how surprising it is, from the archive and, because ten talks say little about that, from a
prior of how common the word is anywhere. Question words weigh nothing, and so do the words in which people speak to an
archive ("qué se ha presentado sobre ..."), next to a subject.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ateneo import text
from ateneo.archive.index import Index
from ateneo.common_words import SPEAKING, share
from ateneo.search.lexicon import Lexicon

PRIOR = 500  # passages that the prior counts as: an archive of some 20 talks weighs as much as it
Asks = Literal["number", "date", "name", "anything"]


@dataclass(frozen=True, slots=True)
class QuestionWord:
    """A subject word: folded, and its weight."""

    token: str
    weight: float
    name: bool  # written with a capital, or a number: it must be met as it is


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read. `words` are its subject words in order; `pairs` join those that stand side by side."""

    text: str
    language: str | None
    words: tuple[QuestionWord, ...]
    pairs: tuple[tuple[int, int], ...]
    asks: Asks
    archive: int  # passages and frames in the archive that is asked

    @property
    def weight(self) -> float:
        """The sum over the words; never 0."""
        return sum(word.weight for word in self.words) or 1.0


def read_question(question: str, index: Index, *, lexicon: Lexicon | None = None) -> Question:
    """The question with its words weighed by the archive; with a lexicon, by what they translate to as well."""
    language = text.guess_language(question)
    tokens = text.tokens(question)
    content = text.content(tokens) or list(dict.fromkeys(tokens))
    subject = [token for token in content if token not in SPEAKING] or content
    names = _names(question)
    words = tuple(_weigh(token, index, language, name=token in names, lexicon=lexicon) for token in subject)
    places = {token: n for n, token in enumerate(subject)}
    return Question(question, language, words, tuple(_neighbours(tokens, places)), _asks(question), index.size())


def _weigh(token: str, index: Index, language: str | None, *, name: bool, lexicon: Lexicon | None) -> QuestionWord:
    frequency = index.frequency(token, language=language)
    if not frequency and lexicon:  # said in the other language only
        [others] = lexicon.translations([token])
        frequency = max(map(index.frequency, others), default=0)
    expected = PRIOR * share(token)
    weight = math.log((index.size() + PRIOR + 1) / (frequency + expected + 0.5))
    return QuestionWord(token, max(weight, 0.0), name)


def _names(question: str) -> set[str]:
    """Folded words written with a capital inside the question, and numbers; none where all is in capitals."""
    if question.isupper():
        return set()
    first, *rest = re.findall(r"[^\W_]+", question) or [""]
    names = {word for word in rest if word[:1].isupper() or word[:1].isdigit()} | (
        {first} if first.isdigit() else set()
    )
    return {token for word in names for token in text.tokens(word)}


def _neighbours(tokens: list[str], places: dict[str, int]) -> list[tuple[int, int]]:
    """Subject words that follow one another, function words between them aside."""
    order = [places[token] for token in tokens if token in places]
    return [(one, two) for one, two in pairwise(order) if one != two]


_DATE = r"^(?:\W*(?:y|en|desde|hasta|a|de|in|since|until)\s+)*(?:cuando|when|(?:que|cual|what|which)\s+(?:\w+\s+)?(?:ano|anos|fecha|siglo|mes|dia|decada|year|date|month|day|century|decade))\b"  # noqa: E501
_NUMBER = r"\b(?:cuant[oa]s?|how\s+(?:many|much|old|long|far|tall)|(?:que|cual|what)\s+(?:es\s+el\s+|is\s+the\s+)?(?:porcentaje|numero|cantidad|proporcion|altura|longitud|temperatura|velocidad|distancia|poblacion|percentage|number|amount))\b"  # noqa: E501
_NAME = r"\b(?:quien|quienes|donde|who|whom|whose|where|como\s+se\s+llama\w*|(?:que|which|what)\s+(?:ciudad|pais|persona|city|country|person))\b"  # noqa: E501


def _asks(question: str) -> Asks:
    folded = text.fold(question).lstrip("¿ ")
    if re.search(_DATE, folded):
        return "date"
    if re.search(_NUMBER, folded):
        return "number"
    return "name" if re.search(_NAME, folded) else "anything"


_FIGURE = re.compile(r"\d")
_NUMERAL = re.compile(
    r"\b(?:dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|veinte|treinta|cien|cientos|mil|miles|millon|"
    r"millones|mitad|tercio|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred|thousand|"
    r"million|half|third)\b"
)
_CALENDAR = re.compile(
    r"\b(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|siglo|ano|decada|"
    r"january|february|march|april|june|july|august|september|october|november|december|century|decade|year)\b"
)
_CAPITAL = re.compile(r"\w\W+[A-ZÁÉÍÓÚÑ]\w")

_HOLDS: dict[Asks, Callable[[str], bool]] = {
    "date": lambda s: bool(_FIGURE.search(s) or _CALENDAR.search(text.fold(s))),
    "number": lambda s: bool(_FIGURE.search(s) or _NUMERAL.search(text.fold(s))),
    "name": lambda s: bool(_CAPITAL.search(s)),
    "anything": lambda s: True,
}


def holds(asks: Asks, sentence: str) -> bool:
    """Whether a sentence has the kind of thing that is asked for: a figure, a date, a name."""
    return _HOLDS[asks](sentence)
