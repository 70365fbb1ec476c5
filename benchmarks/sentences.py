"""The sentence encoder: across languages on talks kept apart from its training, on SQuAD-es, and its speed.

    python benchmarks/sentences.py                         the model that ships
    python benchmarks/sentences.py --model DIR [DIR ...]   others beside it (folders with model.onnx, tokenizer.json)
    python benchmarks/sentences.py --teacher DIR           and its teacher: folder with model.safetensors
    python benchmarks/sentences.py --translator DIR        and questions put into English by Apertium: the opened
                                                           packages that recipes/sentences fetches (WORK/root)
    python benchmarks/sentences.py --fused                 and words with vectors, by a weighted sum
    python benchmarks/sentences.py --fit --every 2         derives FUSED and MEANING of ateneo/search/evidence.py from
                                                           the questions that `--fused --every 2` leaves out
    python benchmarks/sentences.py --speed                 sentences a second on one thread, the teacher by transformers

Talks: an English caption of talks_nwit 2022-09 must find the Spanish one with the same times among all Spanish captions
of those talks, as they are broken, not at sentences. Passages: a question of SQuAD-es v1.1 must find its paragraph
among 1766. Fused is what `ateneo search` does: words, what they translate to, and vectors together.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from squad_talks import SHARED, Corpus, build, corpus, table

from ateneo.archive.local_index import LocalIndex
from ateneo.engines.sentence_vectors import SHIPPED, SentenceVectors
from ateneo.engines.word_vectors import WordVectors
from ateneo.search.lexicon import Lexicon
from ateneo.search.question import read_question
from ateneo.search.search import find

SPED = 256  # captions that the speed is measured on
DEPTH = 40  # passages by words, and by vectors
PENALTY = 1e-4  # of the squares of the weights that are fitted
FARTHEST = 2.0  # that a step of the fit moves them
Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


def segments() -> list[tuple[str, str]]:
    """(English, Spanish) captions of the talks of 2022-09 with the same times."""
    found = []
    for folder in sorted((SHARED / "data" / "talks_nwit" / "2022-09").iterdir()):
        english, spanish = (_cues(next(folder.glob(f"*{language}.sbv"), None)) for language in ("en", "es"))
        found += [(english[t], spanish[t]) for t in english if t in spanish]
    return found


def _cues(path: Path | None) -> dict[str, str]:
    blocks = path.read_text(encoding="utf-8").replace("\r", "").split("\n\n") if path else []
    split = [block.strip().split("\n", 1) for block in blocks]
    return {parts[0]: " ".join(parts[1].split()) for parts in split if len(parts) == 2}


def places(queries: Vectors, gallery: Vectors, *, right: Sequence[int]) -> list[int]:
    """The place, from 1, of the right row of the gallery for each query."""
    scores = queries @ gallery.T  # (Q, G)
    return [int((row > row[n]).sum()) + 1 for row, n in zip(scores, right, strict=True)]


def figures(found: Sequence[int]) -> list[float]:
    """R@1, R@10, nDCG@10."""
    return [
        float(np.mean([p <= 1 for p in found])), float(np.mean([p <= 10 for p in found])),
        float(np.mean([1 / math.log2(p + 1) if p <= 10 else 0.0 for p in found])),
    ]  # fmt: skip


def teacher(folder: Path) -> Embed:
    """The teacher by transformers, in float32."""
    import torch
    from tokenizers import Tokenizer
    from transformers import BertModel, logging

    logging.set_verbosity_error()
    torch.set_num_threads(1)
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.no_padding()

    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> Vectors:
        tokens = [e.ids for e in tokenizer.encode_batch(list(texts))]
        order, rows = sorted(range(len(tokens)), key=lambda n: len(tokens[n])), {}
        for first in range(0, len(order), 16):
            part = order[first : first + 16]
            ids = torch.zeros(len(part), max(len(tokens[n]) for n in part), dtype=torch.long)
            mask = torch.zeros_like(ids)
            for row, n in enumerate(part):
                ids[row, : len(tokens[n])], mask[row, : len(tokens[n])] = torch.tensor(tokens[n]), 1
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
            mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            rows.update(zip(part, torch.nn.functional.normalize(mean, dim=-1).numpy(), strict=True))
        return np.stack([rows[n] for n in range(len(rows))])

    return embed


def translated(questions: Sequence[str], root: Path) -> list[str]:
    """The questions put into English by Apertium."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "recipes" / "sentences"))
    from apertium import translate_all

    cache = Path(tempfile.gettempdir()) / "ateneo-questions-in-english"
    return [t.replace("*", "") for t in translate_all(root, "spa-eng", sentences=questions, cache=cache)]


def talks_row(embed: Embed, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """English → Spanish and Spanish → English: R@1, R@10 each."""
    english, spanish = embed([e for e, _ in pairs]), embed([s for _, s in pairs])
    right = range(len(pairs))
    there, back = figures(places(english, spanish, right=right)), figures(places(spanish, english, right=right))
    return [*there[:2], *back[:2]]


def squad_row(embed: Embed, data: Corpus, *, english: Sequence[str] | None) -> list[float]:
    """Spanish questions, and English ones where given, over the Spanish paragraphs: R@1, R@10, nDCG@10 each."""
    number = {talk: n for n, talk in enumerate(data.texts)}
    gallery, right = embed(list(data.texts.values())), [number[q.talk] for q in data.questions]
    asked = [[q.text for q in data.questions], *([english] if english else [])]
    return [figure for texts in asked for figure in figures(places(embed(texts), gallery, right=right))]


def fused(engine: SentenceVectors, data: Corpus, *, asked: dict[str, Sequence[str]]) -> list[list[object]]:
    """Language of the questions, what is searched with, and R@1, R@10, nDCG@10, as `Archive.search` finds."""
    lexicon, rows = Lexicon(WordVectors()), []
    with tempfile.TemporaryDirectory() as folder:
        index = build(data.texts, Path(folder), engine=engine)
        for language, texts in asked.items():
            places: dict[str, list[int]] = {}
            for question, text, vector in zip(data.questions, texts, engine.embed(texts, query=True), strict=True):
                for name, talks in _found(index, text, vectors={engine.space: vector}, lexicon=lexicon).items():
                    place = talks.index(question.talk) + 1 if question.talk in talks else 10**6
                    places.setdefault(name, []).append(place)
            rows += [[language, name, *figures(found)] for name, found in places.items()]
    return rows


def _found(index: LocalIndex, text: str, *, vectors: dict[str, Vectors], lexicon: Lexicon) -> dict[str, list[str]]:
    """What is searched with → the talks found, best first."""
    [(space, vector)] = vectors.items()
    found = {"vectors": [one.talk.id for one in index.near(vector, space=space, limit=DEPTH)]}
    for name, v, known in (("words", None, None), ("words, lexicon", None, lexicon), ("all", vectors, lexicon)):
        query = read_question(text, index, lexicon=known)
        ranked = find(index, query, kinds=("speech",), where=None, limit=DEPTH, vectors=v, lexicon=known)
        found[name] = [one.found.talk.id for one in ranked]
    return {name: list(dict.fromkeys(talks)) for name, talks in found.items()}


def fit(engine: SentenceVectors, data: Corpus) -> tuple[Vectors, float]:
    """FUSED, its first weight 1, and MEANING: those under which the right paragraph of each question is the likeliest
    of what was found, the softmax of the totals being the likelihood (Cao et al. 2007, "ListNet"; Newton's method)."""
    lexicon, lists = Lexicon(WordVectors()), []
    with tempfile.TemporaryDirectory() as folder:
        index = build(data.texts, Path(folder), engine=engine)
        for question, vector in zip(
            data.questions, engine.embed([q.text for q in data.questions], query=True), strict=True
        ):
            query, vectors = read_question(question.text, index, lexicon=lexicon), {engine.space: vector}
            ranked = find(index, query, kinds=("speech",), where=None, limit=DEPTH, vectors=vectors, lexicon=lexicon)
            right = np.array([one.found.talk.id == question.talk for one in ranked])
            if right.any():
                lists.append((np.array([[*one.parts, one.cosine or 0.0] for one in ranked]), right / right.sum()))
    weights = np.zeros(5)
    for _ in range(20):
        slope, curve = PENALTY * weights, PENALTY * np.eye(5)
        for x, y in lists:
            p = np.exp((totals := x @ weights) - totals.max())
            p /= p.sum()
            mean = p @ x
            slope += (mean - y @ x) / len(lists)
            curve += ((x.T * p) @ x - np.outer(mean, mean)) / len(lists)
        step = np.linalg.solve(curve, slope)
        weights -= step * min(1, FARTHEST / np.linalg.norm(step))
    return (weights[:4] / weights[0]).astype(np.float32), float(weights[4] / weights[:4].sum())


def speed(models: dict[str, Embed], texts: Sequence[str], *, rounds: int = 3) -> list[list[object]]:
    """Texts a processor second, the best of several rounds in turn."""
    best = dict.fromkeys(models, 0.0)
    for embed in models.values():
        embed(texts[:8])
    for _ in range(rounds):
        for name, embed in models.items():
            start = time.process_time()
            embed(texts)
            best[name] = max(best[name], len(texts) / (time.process_time() - start))
    return [[name, round(rate, 1)] for name, rate in best.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, nargs="*", default=[])
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--translator", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only every n-th question of SQuAD-es")
    parser.add_argument("--talks-only", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--fused", action="store_true")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    folders = [*([SHIPPED] if (SHIPPED / "model.onnx").exists() else []), *options.model]
    models: dict[str, Embed] = {folder.name: SentenceVectors(folder).embed for folder in folders}
    if options.teacher:
        models["teacher"] = teacher(options.teacher)
    if options.fit:
        whole = corpus()
        fused_by, meaning = fit(SentenceVectors(folders[0]), Corpus(whole.texts, whole.questions[1 :: options.every]))
        print(f"FUSED {fused_by}, MEANING {meaning:.2f}")
        return
    pairs = segments()
    if options.speed:
        print(table(["", "texts/s"], speed(models, [text for pair in pairs for text in pair][:SPED])))
        return
    print(f"{len(pairs)} captions of talks_nwit 2022-09")
    rows = [[name, *talks_row(embed, pairs)] for name, embed in models.items()]
    print(table(["", "en → es R@1", "R@10", "es → en R@1", "R@10"], rows), flush=True)
    if options.talks_only:
        return
    whole = corpus()
    data = Corpus(whole.texts, whole.questions[:: options.every])
    english = translated([q.text for q in data.questions], options.translator) if options.translator else None
    print(f"{len(data.questions)} questions, {len(data.texts)} paragraphs of SQuAD-es")
    head = ["", *(f"{q} {f}" for q in ("es", "en")[: 1 + bool(english)] for f in ("R@1", "R@10", "nDCG@10"))]
    print(table(head, [[name, *squad_row(embed, data, english=english)] for name, embed in models.items()]), flush=True)
    if options.fused:
        asked = {"es": [q.text for q in data.questions]} | ({"en": english} if english else {})
        for folder in folders:
            print(folder.name)
            head = ["questions", "searched with", "R@1", "R@10", "nDCG@10"]
            print(table(head, fused(SentenceVectors(folder), data, asked=asked)), flush=True)


if __name__ == "__main__":
    main()
