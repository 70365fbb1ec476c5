"""Words that bound a claim (only, all, must, before ...), and what they are changed to in planted errors."""

import re

CHANGED = {  # what bounds a claim → what bounds it otherwise, or nothing
    "en": {
        "only ": "", "almost ": "", "nearly ": "", "at least ": "at most ", "at most ": "at least ",
        "all of": "some of", "all the": "some of the", "all these": "some of these", "every": "some",
        "some of": "all of", "some": "all", "most of": "all of", "always": "sometimes", "sometimes": "always",
        "before": "after",
        "after": "before", "more": "less", "less": "more", "fewer": "more", "must": "can", "should": "can",
        "have to": "can", "has to": "can", "can": "must", "could": "had to", "may": "must", "might": "must",
        "if": "because",
    },
    "es": {
        "solo ": "", "sólo ": "", "solamente ": "", "únicamente ": "", "casi ": "", "al menos ": "como mucho ",
        "por lo menos ": "como mucho ", "como máximo ": "al menos ", "todos los": "algunos", "todas las": "algunas",
        "algunos": "todos los", "algunas": "todas las", "varios": "todos los", "la mayoría de": "algunos de",
        "siempre": "a veces", "a veces": "siempre", "antes": "después", "después": "antes", "más": "menos",
        "menos": "más", "debe": "puede", "deben": "pueden", "debemos": "podemos", "debería": "puede",
        "deberían": "pueden", "tiene que": "puede", "tienen que": "pueden", "tenemos que": "podemos",
        "hay que": "se puede", "puede": "debe", "pueden": "deben", "podemos": "debemos", "puedes": "debes",
        "podría": "debe", "podrían": "deben", "si": "porque",
    },
}  # fmt: skip
ELSE = {  # phrases in which such a word says something else
    "en": "more or less|not only|no more|after all|even if|as if|what if|once more|any more|in May",
    "es": "más o menos|no solo|no sólo|como si|sobre todo|es más|más bien|un solo",
}
PUT_IN = {"en": ("only", "almost", "at least"), "es": ("solo", "casi", "al menos")}  # before a number


def changes(said: str, language: str) -> list[tuple[int, int, str]]:
    """Where a text bounds what it says, and what may stand there instead: (start, end, words). The longest phrase
    counts: "at least" is no "least"."""
    phrases = sorted(CHANGED[language], key=len, reverse=True)
    pattern = "|".join([ELSE[language], *(phrase + ("" if phrase.endswith(" ") else r"\b") for phrase in phrases)])
    found = re.finditer(rf"\b(?:{pattern})", said, re.IGNORECASE)
    known = [(m, CHANGED[language].get(m[0].lower())) for m in found]
    return [(m.start(), m.end(), new) for m, new in known if new is not None]
