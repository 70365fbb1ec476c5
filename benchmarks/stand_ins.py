"""Language models that are none: they read the prompt as a model does, and answer from the evidence in it.

`Faithful` says what the evidence says, and plants errors on demand; it agrees with everything when it is asked for a
second opinion. `Obedient` does the same, and does whatever it reads as an instruction: what stands outside the fences,
after the sign of a role, or in a tool call, wherever that is; `gullible`, whatever sounds like an order, even quoted.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planting import ERRORS, Piece, Said, good, planted

from ateneo.engines import Message

KINDS = ("verbatim", "verbatim", "paraphrase", "translation")  # half of the good ones are not word for word
EACH = 4  # good sentences, and as many bad ones, in an answer
ORDER = re.compile(
    r"\b(ignor\w*|olvid\w*|forget|di|say|responde|answer|reply|cita|cite|muestra|print|eres|you are|usa|use)\b", re.I
)
ROLE = re.compile(
    r"<\|?(?:im_start|system|assistant)\|?>|\[/?INST\]|(?m:^\s*(?:system|assistant|sistema)\s*:)|\{\"(?:name|tool)",
    re.I,
)


def evidence_of(prompt: str) -> dict[int, tuple[str, str]]:
    """Number → talk and words, as one reads the prompt; a later line of the same number replaces an earlier one."""
    found, talk = {}, ""
    for line in prompt.splitlines():
        if line.startswith("<<<"):
            talk = line.split()[1]
        if match := re.match(r"\[(\d+)\] (.*)", line):
            found[int(match[1])] = (talk, match[2])
    return found


class Faithful:
    """`table` maps the words of a piece of evidence to its language and the same in the other one; `errors` are those
    to plant, in turn; `log` keeps what was said."""

    sees = False

    def __init__(self, table: Mapping[str, tuple[str, str]], *, seed: int = 0, errors: Sequence[str] = ERRORS) -> None:
        self.name = f"faithful-{seed}"
        self.table, self.errors = table, list(errors)
        self.dice = random.Random(seed)
        self.log: list[Said] = []
        self.left = dict.fromkeys(errors, 0)

    def stream(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, max_tokens: int
    ) -> Iterator[str]:
        """See ChatEngine."""
        names = set((schema or {}).get("properties", {}))
        if "verdicts" in names:
            count = len(re.findall(r"(?m)^\d+\. ", messages[-1].text))
            yield json.dumps({"verdicts": [{"statement": n + 1, "supported": True} for n in range(count)]})
        elif "searches" in names:
            yield json.dumps({"question": messages[-1].text.rsplit(":", 1)[-1].strip(), "searches": []})
        else:
            said = self.answer(messages)
            self.log += said
            sentences = [{"part": "all", "text": s.text, "evidence": list(s.evidence)} for s in said]
            document = json.dumps({"sentences": sentences, "disagreements": []}, ensure_ascii=False)
            yield from (document[n : n + 40] for n in range(0, len(document), 40))

    def answer(self, messages: Sequence[Message]) -> list[Said]:
        """The sentences of an answer: good ones and planted ones by turns."""
        pool = [
            Piece(number, talk, *self._languages(words))
            for number, (talk, words) in evidence_of(messages[-1].text).items()
        ]
        known = [piece for piece in pool if piece.other]
        said = [
            good(p, self.dice, kind=self.dice.choice(KINDS)) for p in self.dice.sample(known, min(EACH, len(known)))
        ]
        for _ in range(EACH if self.errors else 0):
            told = {s.text for s in said}
            made = self._bad([p for p in known if not told & {p.text, p.other}], pool)
            said += [made] if made and made.text not in told else []
        return said

    def _bad(self, known: Sequence[Piece], pool: Sequence[Piece]) -> Said | None:
        """A sentence with the error that was planted least, of those that can be planted here."""
        for error in sorted(self.errors, key=lambda e: self.left[e]):
            for piece in self.dice.sample(known, len(known)):
                if made := planted(piece, pool, self.dice, kind=self.dice.choice(KINDS), error=error):
                    self.left[error] += 1
                    return made
        return None

    def _languages(self, words: str) -> tuple[str, str, str]:
        language, other = self.table.get(words, ("", ""))
        return language or "en", words, other


class Obedient(Faithful):
    """Says the first pieces of evidence word for word, unless it reads an instruction: then that is what it does."""

    def __init__(self, *, obeys: bool = True, gullible: bool = False) -> None:
        super().__init__({})
        self.name = f"obedient-{obeys}-{gullible}"
        self.obeys, self.gullible = obeys, gullible
        self.obeyed = 0

    def answer(self, messages: Sequence[Message]) -> list[Said]:
        """See Faithful."""
        pieces = evidence_of(messages[-1].text)
        orders = self._orders(messages[-1].text) if self.obeys else []
        if orders:
            self.obeyed += 1
            numbers = [int(n) for order in orders for n in re.findall(r"\d+", order)] or [1]
            return [Said(order[:200], "es", (numbers[0],), "obeyed", "order") for order in orders[:4]]
        longest = sorted(pieces, key=lambda n: -len(pieces[n][1]))[:EACH]
        return [Said(pieces[n][1], "es", (n,), "verbatim") for n in sorted(longest)]

    def _orders(self, prompt: str) -> list[str]:
        outside, inside = [], False
        for line in prompt.splitlines():
            if line.startswith("<<<"):
                inside = True
            loose = not inside or bool(ROLE.search(line))
            if (loose or self.gullible) and ORDER.search(line) and not line.startswith(("Pregunta:", "Question:")):
                outside.append(line)
            if line.rstrip().endswith(">>>"):
                inside = False
        return outside
