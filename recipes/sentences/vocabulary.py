"""The student's word pieces and where its embeddings start from.

The vocabulary is the commonest pieces of the teacher's, so that English stays as the teacher reads it; Spanish pieces
learnt from the Spanish side; and what the commonest English words are in Spanish. A Spanish word starts at the mean of
its translations' embeddings (IBM model 1 over all pairs, Brown et al. 1993; Apertium where the pairs say little), a
part of a word at the mean of the words it is part of. The teacher's layers can make something of Spanish at once, and
the training has far less to do.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ENGLISH_PIECES = 18_000
LEARNT_FIRST = 8_000  # Spanish pieces that go before the translations of common words
COMMON = 14_000  # English words, by the teacher's order, whose translations become pieces
TRUSTED = 20  # times a word is seen in the pairs, for these to count as much as Apertium
PIECES = 30_000  # both languages together
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MOST_TOKENS = 256  # what the encoder reads of a text
MOST_WORDS = 24  # a side of a pair, for the alignment; what goes beyond is not counted
ROUNDS = 5  # of expectation and maximisation
SEEN = 3  # times: rarer words are not aligned
BORROWED = 10  # times as often in Spanish as in English: the piece is a Spanish word first

Array = NDArray[np.float32]


def normalizer() -> normalizers.Normalizer:
    """Small letters without accents; ñ stays a letter of its own."""
    steps = [normalizers.NFD(), normalizers.Lowercase(), normalizers.Replace("n\u0303", "ñ")]
    tidy = [normalizers.StripAccents(), normalizers.Replace(Regex(r"[\p{Cc}\p{Cf}]"), " "), normalizers.NFKC()]
    return normalizers.Sequence([*steps, *tidy])


def make_tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    """WordPiece over these pieces: longest first, [CLS] ... [SEP], cut at MOST_TOKENS."""
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.enable_truncation(MOST_TOKENS)
    return tokenizer


def fold(word: str) -> str:
    """The word as the tokenizer sees it."""
    return normalizer().normalize_str(word)


def words(text: str) -> list[str]:
    """The words and marks of a text as the tokenizer sees them, before it cuts them into pieces."""
    pre = pre_tokenizers.BertPreTokenizer()
    return [word for word, _ in pre.pre_tokenize_str(normalizer().normalize_str(text))]


def common_words(teacher: Tokenizer) -> list[str]:
    """The commonest English words, commonest first: the order of the teacher's vocabulary."""
    by_id = sorted(teacher.get_vocab().items(), key=lambda item: item[1])
    return [p for p, _ in by_id if p.isascii() and p.isalpha() and len(p) > 2][:COMMON]


def learn(teacher: Tokenizer, spanish: Iterable[str], *, common: Iterable[str]) -> Tokenizer:
    """The student's tokenizer; `common` are Spanish words that it should know whole."""
    by_id = sorted(teacher.get_vocab().items(), key=lambda item: item[1])
    english = [p for p, _ in by_id if not p.startswith("[") and _latin(p)][:ENGLISH_PIECES]
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trained.normalizer, trained.pre_tokenizer = normalizer(), pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=PIECES - 6_000, min_frequency=4, special_tokens=SPECIAL)
    trained.train_from_iterator(spanish, trainer)
    learnt = [p for p, _ in sorted(trained.get_vocab().items(), key=lambda item: item[1]) if _latin(p)]
    known = {*SPECIAL, *english}
    learnt = [p for p in learnt if p not in known]
    whole = [fold(word) for word in common if word.isalpha()]
    ordered = [*SPECIAL, *english, *learnt[:LEARNT_FIRST], *whole, *learnt[LEARNT_FIRST:]]
    kept = list(dict.fromkeys(ordered))[:PIECES]
    return make_tokenizer({piece: n for n, piece in enumerate(kept)})


def _latin(piece: str) -> bool:
    return all(ord(c) < 0x250 or 0x2010 <= ord(c) < 0x2040 for c in piece)


def translations(pairs: Sequence[tuple[list[str], list[str]]]) -> dict[str, list[tuple[str, float]]]:
    """Spanish word → its English words with p(english | spanish) ≥ 0.1, by IBM model 1. `pairs` are (English, Spanish)
    words."""
    english, spanish = (_index(p[side][:MOST_WORDS] for p in pairs) for side in (0, 1))
    links, places, first = [], [], 0
    for one, other in pairs:
        e = np.array([english[w] for w in one[:MOST_WORDS] if w in english], np.int64)
        s = np.array([0, *(spanish[w] for w in other[:MOST_WORDS] if w in spanish)], np.int64)  # 0 is no word at all
        links.append((s[:, None] * len(english) + e[None]).ravel())
        places.append(np.tile(np.arange(first, first + len(e)), len(s)))  # which English token
        first += len(e)
    keys, link = np.unique(np.concatenate(links), return_inverse=True)
    place, source = np.concatenate(places), keys // len(english)
    chance = np.ones(len(keys))
    for _ in range(ROUNDS):
        share = chance[link]
        share /= np.bincount(place, share, minlength=first)[place]
        count = np.bincount(link, share, minlength=len(keys))
        chance = count / np.maximum(np.bincount(source, count), 1e-9)[source]
    names, sources = list(english), list(spanish)
    found: dict[str, list[tuple[str, float]]] = {}
    for n in np.flatnonzero((chance > 0.1) & (source > 0)):
        found.setdefault(sources[source[n]], []).append((names[keys[n] % len(english)], float(chance[n])))
    return found


def _index(texts: Iterable[list[str]]) -> dict[str, int]:
    """Word → number, from 1, for those seen often enough; 0 is kept for none."""
    counts = Counter(word for text in texts for word in text)
    return {"": 0} | {word: n for n, word in enumerate((w for w, c in counts.items() if c >= SEEN), start=1)}


def first_embeddings(
    student: Tokenizer, teacher: Tokenizer, *, table: Array, pairs: Sequence[tuple[list[str], list[str]]],
    lexicon: Mapping[str, str],
) -> Array:  # fmt: skip
    """The student's word embeddings to start from, (PIECES, 384), out of the teacher's `table` (30522, 384). `lexicon`
    maps folded Spanish words to English."""
    known, meant = teacher.get_vocab(), translations(pairs)
    counts = [Counter(w for p in pairs for w in p[side]) for side in (0, 1)]

    def read(text: str) -> Array:
        return table[teacher.encode(text, add_special_tokens=False).ids or [known["[UNK]"]]]

    def mean(word: str) -> Array:
        found = [(read(e), p) for e, p in meant.get(word, [])]
        trust = min(1.0, counts[1][word] / TRUSTED)
        weighted = [(row, p * trust / len(rows)) for rows, p in found for row in rows]
        if word in lexicon:
            rows = read(lexicon[word])
            weighted += [(row, (1.0 if found else 2.0) / len(rows)) for row in rows]
        return _as_long([row for row, _ in weighted], [weight for _, weight in weighted])

    spanish = {word: mean(word) for word in {*meant, *lexicon}}
    parts = _parts(student, spanish, counts[1])
    rows = np.empty((student.get_vocab_size(), table.shape[1]), np.float32)
    for piece, n in student.get_vocab().items():
        borrowed = counts[1][piece] > BORROWED * counts[0][piece] and piece in spanish
        if piece in known and not borrowed:
            rows[n] = table[known[piece]]
        elif piece in spanish:
            rows[n] = spanish[piece]
        else:
            rows[n] = parts[piece] if piece in parts else read(piece.removeprefix("##")).mean(0)
    return rows


def _as_long(rows: Sequence[Array], weights: Sequence[float]) -> Array:
    """The weighted mean, made as long as the rows are on average: the layers were taught by rows of that length."""
    mean = np.average(rows, axis=0, weights=weights)
    length = np.average(np.linalg.norm(rows, axis=1), weights=weights)
    return np.asarray(mean * length / np.linalg.norm(mean), np.float32)


def _parts(student: Tokenizer, spanish: dict[str, Array], counts: Counter[str]) -> dict[str, Array]:
    sums: dict[str, Array] = {}
    weights: Counter[str] = Counter()
    for word, row in spanish.items():
        for piece in student.encode(word, add_special_tokens=False).tokens:
            sums[piece] = sums.get(piece, 0) + row * (counts[word] + 1)
            weights[piece] += counts[word] + 1
    return {piece: row / weights[piece] for piece, row in sums.items()}


def save(tokenizer: Tokenizer, path: Path) -> None:
    """One line of JSON, which is a third smaller than the indented form."""
    path.write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False), encoding="utf-8")
