"""A language model that says what a script says, so that tests know what must become of it.

The script is a JSON file, named by the setting `language_url`: {"sentences": [{"part", "text", "on": [WORDS]}],
"disagreements": [[{"text", "on"}]], "missing": [SEARCH], "then": [SENTENCE], "plan": {"question", "searches"},
"supported": BOOL}. A sentence rests on the pieces of evidence that hold these words; a whole number in their place is
named as it is. `then` is what is written of evidence that a further search found. Where "says" is a text, that is all
that is answered.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ateneo.engines import Message


class Assistant:
    """The engine `scripted`; `asked` keeps what it was sent."""

    sees = False

    def __init__(self, url: str = "", model: str = "") -> None:
        self.name = f"scripted:{model}"
        self.script: dict[str, Any] = json.loads(Path(url).read_text(encoding="utf-8")) if url else {}
        self.asked: list[Sequence[Message]] = []

    def stream(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, max_tokens: int
    ) -> Iterator[str]:
        """See ChatEngine."""
        self.asked.append(messages)
        text = self._answer(messages[-1].text, set((schema or {}).get("properties", {})))
        yield from (text[n : n + 16] for n in range(0, len(text), 16))

    def _answer(self, prompt: str, names: set[str]) -> str:
        if "says" in self.script:
            return str(self.script["says"])
        if "searches" in names:
            return json.dumps(self.script["plan"], ensure_ascii=False)
        if "verdicts" in names:
            count = len(re.findall(r"(?m)^\d+\. ", prompt))
            verdicts = [{"statement": n + 1, "supported": self.script.get("supported", True)} for n in range(count)]
            return json.dumps({"verdicts": verdicts})
        evidence = [(int(n), words) for n, words in re.findall(r"(?m)^\[(\d+)\] (.*)$", prompt)]

        def placed(said: Mapping[str, Any]) -> dict[str, Any]:
            numbers = [n for on in said["on"] for n, words in evidence if isinstance(on, str) and on in words]
            return {**said, "evidence": numbers + [on for on in said["on"] if isinstance(on, int)]}

        sides = [{"sides": [placed(side) for side in one]} for one in self.script.get("disagreements", [])]
        further = bool(evidence) and evidence[0][0] > 1
        sentences = [placed(said) for said in self.script["then" if further else "sentences"]]
        missing = [] if further else self.script.get("missing", [])
        return json.dumps({"sentences": sentences, "disagreements": sides, "missing": missing}, ensure_ascii=False)
