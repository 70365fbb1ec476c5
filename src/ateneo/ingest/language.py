"""Which language: of a tag that somebody wrote, of a text, of a recording.

Languages are BCP 47 tags. A text is judged among languages in which people give talks; a Spanish talk full of English
terms stays Spanish, because its small words decide between the two. A recording is judged by several stretches of
voice from all over it, never by its first half minute, which is often music or a greeting in another language; then
the words that were recognised have the last say.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

import langcodes
import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from ateneo.common_words import ENGLISH_FUNCTION, SPANISH_FUNCTION
from ateneo.engines import SpeechEngine

UNKNOWN = "und"
_CANDIDATES = """
an ar ast bg bn ca cs da de el en es et eu fa fi fr gl he hi hr hu hy id is it
ja ka ko lt lv mk ms nl no oc pl pt ro ru sk sl sq sr sv sw ta th tl tr uk ur vi zh
"""
CANDIDATES = tuple(_CANDIDATES.split())
RARE = frozenset({"an", "ast", "gl", "oc"})  # near to Spanish or Catalan: short Spanish texts often look like them
SURE = 0.2  # probability below which a text is left undecided
NAMES = {
    "spanish": "es", "español": "es", "espanol": "es", "castellano": "es", "esp": "es", "english": "en", "inglés": "en",
    "ingles": "en", "ing": "en", "aragonés": "an", "aragones": "an", "catalán": "ca", "catalan": "ca", "català": "ca",
    "gallego": "gl", "galego": "gl", "euskera": "eu", "vasco": "eu", "basque": "eu", "portugués": "pt",
    "portugues": "pt", "português": "pt", "portuguese": "pt", "francés": "fr", "frances": "fr",
    "français": "fr", "french": "fr",
    "alemán": "de", "aleman": "de", "deutsch": "de", "german": "de", "italiano": "it", "italian": "it",
}  # fmt: skip

_ONLY_SPANISH = SPANISH_FUNCTION - ENGLISH_FUNCTION
_ONLY_ENGLISH = ENGLISH_FUNCTION - SPANISH_FUNCTION
_WORD = re.compile(r"[^\W\d_]+")

Samples = NDArray[np.float32]


def tag(written: str) -> str | None:
    """The BCP 47 tag for what somebody wrote (es, spa, es_ES, español); None where it is no language."""
    written = written.strip()
    if written.lower() in NAMES:
        return NAMES[written.lower()]
    try:
        found = langcodes.standardize_tag(written)
    except ValueError:
        return None
    valid = langcodes.tag_is_valid(found) and not found.startswith(("und", "mul", "zxx", "mis", "x-"))
    return found if valid else None


def primary(language: str) -> str:
    """The language without its region: es of es-419."""
    return language.split("-")[0].lower()


def same(one: str, other: str) -> bool:
    """Whether two tags are the same language, regions apart."""
    return primary(one) == primary(other)


def of_text(text: str) -> str:
    """The language of a text, as a BCP 47 tag; "und" where it has too little to tell."""
    best, probability = max(scores(text).items(), key=lambda item: item[1], default=(UNKNOWN, 0.0))
    return best if probability >= SURE else UNKNOWN


def scores(text: str) -> Mapping[str, float]:
    """BCP 47 tag → probability; empty where the text has no words."""
    words = [word.lower() for word in _WORD.findall(text)]
    if not words:
        return {}
    found = {name: value * (0.5 if name in RARE else 1.0) for name, value in _identifier().rank(" ".join(words))}
    small = Counter(word for word in words if word in _ONLY_SPANISH or word in _ONLY_ENGLISH)
    spanish = sum(count for word, count in small.items() if word in _ONLY_SPANISH)
    english = small.total() - spanish
    if spanish > 2 * english:
        found["es"] += found.pop("en", 0.0)
    elif english > 2 * spanish:
        found["en"] += found.pop("es", 0.0)
    total = sum(found.values())
    return {name: value / total for name, value in found.items()}


def vote(engine: SpeechEngine, windows: Iterable[Samples]) -> Mapping[str, float]:
    """BCP 47 tag → share of the votes of stretches of voice, each about half a minute; empty where none can tell.

    Each window gives its probabilities, so that a sure one weighs more than one of music or mumbling.
    """
    votes: Counter[str] = Counter()
    for window in windows:
        for name, probability in engine.languages(window).items():
            if known := tag(name):
                votes[known] += probability  # type: ignore[assignment]  # a Counter of probabilities
    total = sum(votes.values())
    return {name: value / total for name, value in votes.most_common()} if total > 0 else {}


@cache
def _identifier() -> LanguageIdentifier:
    """py3langid's model, with probabilities. Loaded once a process (0.4 s)."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([name for name in CANDIDATES if name in identifier.labels])
    return identifier
