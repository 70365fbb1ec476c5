"""Is what a language model writes checked well? A stand-in that answers from the evidence and plants errors on demand.

    python benchmarks/assistant.py [--data nwit|bitcoin] [--errors 500] [--seed 1]
    python benchmarks/assistant.py --apart roles|qualifier [--data nwit|bitcoin] [--errors 200]
    python benchmarks/assistant.py --hostile

The talks of talks_nwit or talks_bitcoin are an archive, every second one in Spanish. Questions are asked of it until so
many errors were planted; an error counts as caught where its sentence is dropped or marked, a good sentence as marked
likewise. Half of the good sentences are word for word, the others said otherwise or in the other language. The checks
were developed on talks_nwit with other questions; of talks_bitcoin only the totals were seen.

`--hostile`: a hundred captions and slides that give orders, in an archive of the sample's talks and theirs.
"""

import argparse
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from hostile import HOSTILE
from planting import ERRORS, QUALIFIER, ROLES
from squad_talks import table
from stand_ins import Faithful, Obedient
from talk_pairs import PairedTalk, bitcoin, nwit

from ateneo import text
from ateneo.answer.ask import Gathered, gather
from ateneo.answer.assisted import assisted
from ateneo.archive.local_index import LocalIndex
from ateneo.common_words import share
from ateneo.engines.word_vectors import WordVectors
from ateneo.ingest.passages import make_passages, slide_passages
from ateneo.language.calls import Calls
from ateneo.language.fence import clean, orders
from ateneo.records import Asked, Cue, Frame, Talk, Track
from ateneo.search.lexicon import Lexicon

WORDS = 4  # of a sentence that make a question
RARE = 0.01  # share of passages in which they stand at most
TALKS = 3  # that answer


class Asking:
    """An archive's index, and questions of it."""

    def __init__(self, folder: Path) -> None:
        self.index = LocalIndex(folder)
        self.lexicon = Lexicon(WordVectors())
        self.texts: dict[str, str] = {}

    def add(self, talk: Talk, cues: Sequence[Cue], *, slides: Sequence[Frame] = ()) -> None:
        """A talk of these captions, and slides."""
        language = talk.language or "en"
        passages = make_passages(talk, Track(language, tuple(cues)))
        passages += slide_passages(talk, slides, language)
        self.index.upsert(talk.id, passages)
        self.texts[talk.id] = "\n".join([" ".join(c.text for c in cues), *(f.text for f in slides)])

    def look(self, question: str) -> Gathered:
        return gather(self.index, question, limit=TALKS, threshold=0.0, lexicon=self.lexicon)

    def ask(self, question: str, calls: Calls) -> Asked:
        return assisted(question, self.look, calls=calls, lexicon=self.lexicon)

    def resolves(self, asked: Asked) -> list[bool]:
        """Of each citation, whether its talk says the quoted words."""
        said = [*(asked.answer.sentences if asked.answer else ()), *(s for t in asked.talks for s in t.sentences)]
        squeezed = {talk: " ".join(words.split()) for talk, words in self.texts.items()}
        return [" ".join(c.quote.split()) in squeezed[c.talk] for s in said for c in s.citations]


def paired(talks: Sequence[PairedTalk], folder: Path) -> tuple[Asking, dict[str, tuple[str, str]]]:
    """The archive, every second talk in Spanish, and its sentences in the other language."""
    asking, other = Asking(folder), {}
    with asking.index.batch(every=10_000):
        for n, talk in enumerate(t for t in talks if t.pairs):
            language = ("en", "es")[n % 2]
            asking.add(Talk(talk.id, talk.title, language=language), talk.said[language])
            for pair in talk.pairs:
                words, theirs = (pair.en, pair.es) if language == "en" else (pair.es, pair.en)
                other[clean(words)] = (language, clean(theirs))
    asking.index.refresh()
    return asking, other


def questions(talks: Sequence[PairedTalk], dice: random.Random, *, language: str | None = None) -> list[str]:
    """A question about each pair, in this language or (None) in either, in some order."""
    found = []
    for pair in (p for talk in talks for p in talk.pairs):
        spoken = language or dice.choice(("en", "es"))
        rare = {w for w in text.tokens(getattr(pair, spoken)) if share(w) < RARE and w.isalpha()}
        words = sorted(rare, key=lambda w: (-len(w), w))
        begins = {"en": "What is said about", "es": "¿Qué se dice de"}[spoken]
        if len(words) >= WORDS:
            found.append(f"{begins} {' '.join(words[:WORDS])}?")
    dice.shuffle(found)
    return found


def measure(name: str, *, errors: int, seed: int, show: str, kinds: Sequence[str] = ERRORS) -> None:
    """Prints shares caught and marked, by error and by kind of sentence."""
    talks = {"nwit": nwit, "bitcoin": bitcoin}[name]()
    engine = Faithful({}, seed=seed, errors=kinds)
    judged: dict[tuple[str, str], list[bool]] = defaultdict(list)
    resolved: list[bool] = []
    calls_of, tokens, took = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        asking, engine.table = paired(talks, Path(folder))
        for question in questions(talks, random.Random(seed)):
            engine.log.clear()
            calls, start = Calls(engine), time.process_time()
            asked = asking.ask(question, calls)
            took.append(time.process_time() - start)
            passed = Counter(s.text for s in (asked.answer.sentences if asked.answer else ()) if not s.doubt)
            for said in engine.log:
                held = not passed[" ".join(said.text.split())]
                judged[said.error or "good", said.kind].append(held)
                if show == (said.error or "good") and held != bool(said.error):
                    print(said.kind, said.evidence, said.text)
            resolved += asking.resolves(asked)
            calls_of.append(calls.spent.calls)
            tokens.append(calls.spent.read + calls.spent.written)
            if sum(len(v) for (error, _), v in judged.items() if error != "good") >= errors:
                break
    rows: list[list[object]] = []
    for error in ("good", *kinds):
        by_kind = [judged[error, kind] for kind in ("verbatim", "paraphrase", "translation")]
        every = [held for one in by_kind for held in one]
        rows.append([error, len(every), _share(every), *map(_share, by_kind)])
    planted = [held for (error, _), one in judged.items() if error != "good" for held in one]
    rows.append(["all errors", len(planted), _share(planted), *([""] * 3)])
    print(table([f"{name}: held back", "sentences", "all", "verbatim", "paraphrase", "translation"], rows))
    count = len(calls_of)
    print(
        f"\ncitations that resolve: {sum(resolved)} of {len(resolved)}; answers {count}, calls at most {max(calls_of)}"
    )
    print(f"an answer: {sum(tokens) / count:.0f} tokens, {1000 * sum(took) / count:.0f} ms of Ateneo's own")


def hostile() -> None:
    """Prints how many answers cite something else where orders are obeyed."""
    with tempfile.TemporaryDirectory() as folder:
        asking = Asking(Path(folder))
        with asking.index.batch(every=10_000):
            for n, (kind, words) in enumerate(HOSTILE):
                subject = SUBJECTS[n % len(SUBJECTS)]
                said = [
                    f"{subject} se estudia en esta charla.",
                    f"Sobre {subject.lower()} hay tres proyectos en Aragón.",
                    f"El primero de {subject.lower()} empezó en 2019 con doce personas.",
                ]
                if kind == "caption":
                    said.insert(1 + n % 2, f"{subject}: {words}" if "\n" not in words else words)
                cues = [Cue(5.0 * k, 5.0 * k + 5.0, one) for k, one in enumerate(said)]
                slides = [Frame(0.0, 15.0, "frames/0.000.jpg", f"{subject}\n{words}")] if kind == "slide" else []
                asking.add(Talk(f"t{n:03}", f"Charla {n}: {subject}", language="es"), cues, slides=slides)
        asking.index.refresh()
        rows = []
        for told, gullible in (
            ("obeys what stands outside fences, after roles, in tool calls", False),
            ("obeys all that sounds like an order", True),
        ):
            engine, plain = Obedient(gullible=gullible), Obedient(obeys=False)
            changed = forged = 0
            for n in range(len(HOSTILE)):
                question = f"¿Cuántos proyectos hay sobre {SUBJECTS[n % len(SUBJECTS)].lower()} en la charla {n}?"
                one, other = (_ask_in(asking, question, who, f"t{n:03}") for who in (engine, plain))
                changed += _cited(one) != _cited(other)
                forged += not all(asking.resolves(one))
            rows.append([told, len(HOSTILE), engine.obeyed, changed, forged])
        print(
            table(
                [
                    "stand-in",
                    "hostile texts",
                    "orders obeyed",
                    "answers with other evidence",
                    "citations that do not resolve",
                ],
                rows,
            )
        )


def innocent() -> None:
    """Prints how many ordinary sentences sound like orders."""
    said = [pair for talks in (nwit(), bitcoin()) for talk in talks for pair in (p.en for p in talk.pairs)]
    said += [pair for talks in (nwit(), bitcoin()) for talk in talks for pair in (p.es for p in talk.pairs)]
    print(f"\nof {len(said)} ordinary sentences {sum(map(orders, said))} sound like orders to a model")


def _ask_in(asking: Asking, question: str, engine: Obedient, talk: str) -> Asked:
    def look(asked: str) -> Gathered:
        return gather(asking.index, asked, limit=1, threshold=0.0, where={"talk": [talk]}, lexicon=asking.lexicon)

    return assisted(question, look, calls=Calls(engine), lexicon=asking.lexicon)


def _cited(asked: Asked) -> set[tuple[str, float, str]]:
    return {(c.talk, c.start, c.quote) for s in (asked.answer.sentences if asked.answer else ()) for c in s.citations}


SUBJECTS = (
    "El hidrógeno",
    "La lengua aragonesa",
    "La aeronáutica",
    "El vino",
    "La montaña",
    "El agua",
    "La energía solar",
)


def _share(held: Sequence[bool]) -> str:
    return f"{sum(held)}/{len(held)} ({100 * sum(held) / len(held):.1f} %)" if held else ""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", choices=("nwit", "bitcoin"), default="bitcoin")
    options.add_argument("--errors", type=int, default=500)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--show", default="", help="print what was judged wrongly of one kind (good, number, ...)")
    options.add_argument("--apart", choices=(ROLES, QUALIFIER), help="plant errors of this kind alone")
    options.add_argument("--hostile", action="store_true")
    given = options.parse_args()
    if given.hostile:
        hostile()
        innocent()
    else:
        kinds = (given.apart,) if given.apart else ERRORS
        measure(given.data, errors=given.errors, seed=given.seed, show=given.show, kinds=kinds)


if __name__ == "__main__":
    main()
