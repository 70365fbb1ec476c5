"""What a language model costs: calls and tokens for an hour of talk, for summaries and for repairs.

    python benchmarks/cost.py [--language en|es]

The talks of talks_nwit, their chapters as without slides. The stand-in answers each call with three sentences of the
talk, or with five repairs; tokens are counted at four letters each, so a model's own count will differ.
"""

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from talk_pairs import nwit

from ateneo.engines import Message
from ateneo.ingest import repairs, summary, written
from ateneo.language.calls import Calls
from ateneo.records import Talk, Track


class Brief:
    """Says the first sentences that it reads, and repairs nothing that may be repaired."""

    name, sees = "brief", False

    def stream(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, max_tokens: int
    ) -> Iterator[str]:
        """See ChatEngine."""
        evidence = re.findall(r"(?m)^\[(\d+)\] (.*)$", messages[-1].text)
        if "repairs" in (schema or {}).get("properties", {}):
            one = {"caption": 1, "was": "a word", "now": "another", "reason": "it stands on a slide"}
            yield json.dumps({"repairs": [one] * 5})
            return
        sentences = [{"text": text, "evidence": [int(number)]} for number, text in evidence[:3]]
        yield json.dumps({"title": evidence[0][1][:60], "sentences": sentences}, ensure_ascii=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", choices=("en", "es"), default="en")
    language = parser.parse_args().language
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
    for what, (count, read, wrote) in spent.items():
        print(f"{what}: an hour {count / hours:.0f} calls, {read / hours:.0f} tokens read, {wrote / hours:.0f} written")


if __name__ == "__main__":
    main()
