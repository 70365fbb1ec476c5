"""What a language model costs: calls and tokens of an answer, and for an hour of talk, for summaries and for repairs.

    python benchmarks/cost.py [--language en|es] [--questions 60]

The talks of talks_nwit, all in one language, their chapters as without slides. The stand-in answers each call with
three sentences of the talk, with eight of an answer, or with five repairs; tokens are counted at four letters each, so
that a model's own count will differ.
"""

import argparse
import json
import random
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant import Asking, questions
from talk_pairs import PairedTalk, nwit

from ateneo.engines import Message
from ateneo.ingest import repairs, summary, written
from ateneo.language.calls import Calls
from ateneo.records import Talk, Track

SUMS_UP, ANSWERS = 3, 8  # sentences of the stand-in


class Brief:
    """Says the first sentences that it reads, and repairs nothing that may be repaired."""

    name, sees = "brief", False

    def stream(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, max_tokens: int
    ) -> Iterator[str]:
        """See ChatEngine."""
        evidence = re.findall(r"(?m)^\[(\d+)\] (.*)$", messages[-1].text)
        names = set((schema or {}).get("properties", {}))
        said = [{"text": text, "evidence": [int(number)]} for number, text in evidence]
        if "repairs" in names:
            one = {"caption": 1, "was": "a word", "now": "another", "reason": "it stands on a slide"}
            document: dict[str, Any] = {"repairs": [one] * 5}
        elif "verdicts" in names:
            document = {"verdicts": [{"statement": 1, "supported": True}]}
        elif "searches" in names:
            document = {"question": "", "searches": ["another search", "and one more"]}
        elif "disagreements" in names:
            document = {"sentences": [{"part": "all", **one} for one in said[:ANSWERS]]}
        else:
            document = {"title": evidence[0][1][:60], "sentences": said[:SUMS_UP]}
        yield json.dumps(document, ensure_ascii=False)


def answers(talks: Sequence[PairedTalk], language: str, *, count: int) -> str:
    """What answers to so many questions cost, on average and at most."""
    spent = []
    with tempfile.TemporaryDirectory() as folder:
        asking = Asking(Path(folder))
        with asking.index.batch(every=10_000):
            for one in talks:
                asking.add(Talk(one.id, one.title, language=language), one.said[language])
        asking.index.refresh()
        for question in questions(talks, random.Random(1), language=language)[:count]:
            calls = Calls(Brief())
            asking.ask(question, calls)
            spent.append(calls.spent)
    tokens = [one.read + one.written for one in spent]
    read = sum(one.read for one in spent) / count
    return (
        f"{count} answers: {sum(one.calls for one in spent) / count:.1f} calls each, {sum(tokens) / count:.0f} tokens, "
        f"{read:.0f} of them read; at most {max(tokens)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", choices=("en", "es"), default="en")
    parser.add_argument("--questions", type=int, default=60)
    given = parser.parse_args()
    language = given.language
    hours, spent = 0.0, {"summaries": [0, 0, 0], "repairs": [0, 0, 0]}
    talks = nwit()
    for one in talks:
        said = one.said[language]
        talk, track = Talk(one.id, one.title, language=language), Track(language, tuple(said))
        chapters = summary.chapters(talk, track, [])
        hours += said[-1].end / 3600
        for what in spent:
            calls = Calls(Brief(), budget=1000)
            if what == "summaries":
                written.write(talk, said, chapters, language=language, calls=calls)
            else:
                list(repairs.from_model(track, [], [other.title for other in talks], calls))
            for n, count in enumerate((calls.spent.calls, calls.spent.read, calls.spent.written)):
                spent[what][n] += count
    print(f"{len(talks)} talks, {hours:.1f} hours, {language}")
    print(answers(talks, language, count=given.questions))
    for what, (count, read, wrote) in spent.items():
        print(f"{what}: an hour {count / hours:.0f} calls, {read / hours:.0f} tokens read, {wrote / hours:.0f} written")


if __name__ == "__main__":
    main()
