"""English sentences of any subject from WordNet: what a word means, how it is used, and questions made of meanings.

WordNet 3.0, Debian's wordnet-base; its licence lets anybody use, copy and change it.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path

_CLAUSE = re.compile(r"^(?:an?|the|any|one of the) ((?:[\w'-]+ ){1,4}?)(?:who|that|which) ([\w'-]+ .+)$")
_QUESTIONS = {"18": "Who was", "15": "Where is"}  # by WordNet's files noun.person and noun.location


def sentences(folder: Path) -> list[str]:
    """All of them, in an order that is random and always the same."""
    found: dict[str, None] = {}
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{part}").read_text(encoding="latin-1").splitlines():
            if "|" in line and not line.startswith("  "):
                found.update(dict.fromkeys(_of_line(line, part)))
    listed = list(found)
    random.Random(1).shuffle(listed)
    return listed


def _of_line(line: str, part: str) -> Iterator[str]:
    head, gloss = line.split("|", 1)
    fields = head.split()
    proper = _QUESTIONS.get(fields[1]) if part == "noun" else None
    words = [fields[4 + 2 * n].replace("_", " ") for n in range(int(fields[3], 16))]
    gloss = re.sub(r"\([^)]*\)", "", gloss).strip()
    meaning = re.split(r'[;:]? *"', gloss)[0].strip(" ;:").split("; ")[0]
    yield from (f"{e[:1].upper()}{e[1:]}." for e in re.findall(r'"([^"]+)"', gloss) if e.count(" ") > 2)
    if len(meaning.split()) < 3:
        return
    word = words[0] if part == "noun" else words[-1]
    if part == "noun":
        yield _defined(word, meaning)
        yield from _asked(word, meaning, proper)
    else:
        yield f"{word}: {meaning}."


def _defined(word: str, meaning: str) -> str:
    if word[0].isupper() and re.search(r"\(\d|\d{3}", meaning):
        return f"{word} was {meaning}."
    return f"{word} is {meaning}." if word[0].isupper() or word.endswith("ing") else f"{word}: {meaning}."


def _asked(word: str, meaning: str, proper: str | None) -> Iterator[str]:
    if clause := _CLAUSE.match(meaning):
        noun, rest = clause.groups()
        yield f"Which {noun}{rest}?" if len(rest) % 2 else f"What {noun}{rest}?"
    elif word[0].isupper() and proper:
        yield f"{proper} {word}?"
    elif len(meaning) % 3 == 0:
        yield f"What is {word}?"
