"""Words as the index and the answers see them: folded, split, stemmed.

Accents and capitals never change a result, so everything is folded before anything else looks at it: composed and
decomposed letters, á and a, are one from then on. The ñ is a letter of its own (año is not ano) in stems; only the
light form of a word, a weaker field of the index, has n in its place, so that "espana" still finds España.
Stemming is Snowball's, on folded words. Every function here is pure and the per-word ones are cached.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise

import Stemmer  # type: ignore[import-not-found]

from ateneo.common_words import ENGLISH_FUNCTION, SPANISH_FUNCTION

MAX_TOKEN = 40  # letters; longer runs are addresses or noise, and their first part is enough to find them
GRAM = 4  # letters of a character n-gram: long enough to tell word families apart, short enough to join them

_MARKS = re.compile("[\u0300-\u036f]")
_TOKEN = re.compile(r"[^\W_]+")
_OTHER_LATIN = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "ŀ": "l", "ʼ": "'", "’": "'"}
)
_STEMMERS = {
    "ca": "catalan",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "pt": "portuguese",
}


def fold(text: str) -> str:
    """The text in small letters without diacritics, ñ kept; equal for every way of writing the same letters."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    text = _MARKS.sub("", text.replace("n\u0303", "ñ"))
    return text.translate(_OTHER_LATIN)


def tokens(text: str) -> list[str]:
    """The folded words and numbers of a text, in order."""
    return [token[:MAX_TOKEN] for token in _TOKEN.findall(fold(text))]


def light(token: str) -> str:
    """A folded word with ñ as n."""
    return token.replace("ñ", "n")


@lru_cache(maxsize=200_000)
def stem(token: str, language: str = "es") -> str:
    """The stem of a folded word; the word itself in a language without a stemmer (`language` is a BCP 47 tag)."""
    stemmer = _stemmer(language.split("-")[0].lower())
    return stemmer.stemWord(token) if stemmer and not token.isdigit() else token


def stems(words: Iterable[str], language: str = "es") -> list[str]:
    """The stems of folded words, in order."""
    return [stem(word, language) for word in words]


@lru_cache(maxsize=200_000)
def grams(token: str) -> tuple[str, ...]:
    """The character n-grams of a folded word, ñ as n; empty for words that are no longer than one."""
    word = light(token)
    return tuple(word[n : n + GRAM] for n in range(len(word) - GRAM + 1)) if len(word) > GRAM else ()


def pairs(stemmed: Sequence[str]) -> list[str]:
    """Neighbouring stems, joined."""
    return [f"{one}_{two}" for one, two in pairwise(stemmed)]


def content(words: Iterable[str]) -> list[str]:
    """The folded words that carry a subject, without repeats: no articles, prepositions, question words."""
    return [word for word in dict.fromkeys(words) if word not in SPANISH_FUNCTION and word not in ENGLISH_FUNCTION]


def guess_language(text: str) -> str | None:
    """es or en by the function words of a short text such as a question; None where they do not tell."""
    words = tokens(text)
    spanish = sum(w in SPANISH_FUNCTION for w in words) + 2 * ("¿" in text or "¡" in text or "ñ" in fold(text))
    english = sum(w in ENGLISH_FUNCTION for w in words)
    if spanish == english:
        return None
    return "es" if spanish > english else "en"


@cache
def _stemmer(language: str) -> "Stemmer.Stemmer | None":
    name = _STEMMERS.get(language)
    return Stemmer.Stemmer(name) if name else None
