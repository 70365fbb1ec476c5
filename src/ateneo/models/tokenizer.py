"""CLIP's tokenizer: the published one from its merges, or one trained on a person's own words.

Byte-level BPE on lower-case words, each ending in </w>. Both kinds have one layout: 256 bytes, 256 bytes that end a
word, one token for each merge, then the start and the end of a text, so that the end has the highest id. The work is
done by the `tokenizers` library; what comes before it (HTML entities, spaces, lower case) is done as published.

The published code first repairs texts with ftfy. Here what ftfy does to intact texts is done without it: curly quotes,
ligatures and full-width letters become plain ones, and accents are composed (NFC). Broken encodings are not repaired.
"""

import gzip
import html
import importlib.util
import json
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tokenizers
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers, processors, trainers

from ateneo.errors import InputError

if TYPE_CHECKING:  # searching needs tokens but no torch
    from torch import Tensor

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
CONTEXT = 77  # tokens of a text, start and end among them, in every published model
PUBLISHED_MERGES = 48894  # of the lines in the published file, only these are used
WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
MERGES_FILE = "bpe_simple_vocab_16e6.txt.gz"

PLAIN = {ord(c): "'" for c in "\u02bc\u2018\u2019\u201a\u201b"} | {ord(c): '"' for c in "\u201c\u201d\u201e\u201f"}
LIGATURES = [0x132, 0x133, 0x149, *range(0x1C4, 0x1CD), *range(0x1F1, 0x1F4), *range(0xFB00, 0xFB07)]
WIDE = [0x3000, *range(0xFF01, 0xFFF0)]
PLAIN |= {letter: unicodedata.normalize("NFKC", chr(letter)) for letter in [*LIGATURES, *WIDE]}
CONTROL = dict.fromkeys([*range(9), 11, *range(14, 32), 127, 0xFEFF])


class Tokenizer:
    """Texts → tokens. `vocabulary` is the number of tokens, `start` and `end` are the ids around each text."""

    def __init__(
        self, merges: Sequence[tuple[str, str]], vocab: dict[str, int] | None = None, *, context: int = CONTEXT
    ) -> None:
        """From merges, best first; `vocab` (token → id) only where it is not the published layout."""
        self.vocab = vocab or _layout(merges)
        self.merges = list(merges)
        self.context = context
        if absent := [token for token in (START, END) if token not in self.vocab]:
            raise InputError(f"the vocabulary has no {absent[0]}; it is not of CLIP's kind")
        self.start, self.end = self.vocab[START], self.vocab[END]
        self.vocabulary = max(self.vocab.values()) + 1
        self._fast = _bpe(self.vocab, self.merges)
        self._tokens = {number: token for token, number in self.vocab.items()}
        self._bytes = {letter: byte for byte, letter in enumerate(_alphabet())}

    @classmethod
    def train(cls, texts: Iterable[str], *, vocabulary: int = 8192, context: int = CONTEXT) -> "Tokenizer":
        """Learns merges from texts. Few texts give fewer tokens than asked for; at least 514 are needed."""
        if vocabulary < 514:
            raise InputError(f"vocabulary is {vocabulary}; 512 bytes, the start and the end need 514")
        learner = _bpe({}, [])
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary + 512, end_of_word_suffix=WORD_END, initial_alphabet=_alphabet(),
            min_frequency=2, show_progress=False,
        )  # fmt: skip
        learner.train_from_iterator((clean(text) for text in texts), trainer)
        merges = _pairs(json.loads(learner.to_str())["model"]["merges"])
        return cls(merges[: vocabulary - 514], context=context)

    @classmethod
    def published(cls, path: str | Path | None = None, *, context: int | None = None) -> "Tokenizer":
        """The tokenizer of OpenAI's, open_clip's and Hugging Face's CLIPs.

        Without a path, from an installed open_clip. Raises InputError where it is found nowhere.
        """
        if path is not None:
            return cls.load(path, context=context)
        found = importlib.util.find_spec("open_clip")
        for folder in (found.submodule_search_locations or []) if found else []:
            if (Path(folder) / MERGES_FILE).is_file():
                return cls.load(Path(folder) / MERGES_FILE, context=context)
        raise InputError(
            f"the published merges are not on this machine; pass a path to {MERGES_FILE}, to tokenizer.json or to "
            "vocab.json beside merges.txt, or run: pip install --no-deps open_clip_torch"
        )

    @classmethod
    def load(cls, path: str | Path, *, context: int | None = None) -> "Tokenizer":
        """From tokenizer.json, vocab.json and merges.txt, or the published merges; or from the folder of these.

        A checkpoint's path serves too: what lies beside it is read. `context` is read from tokenizer_config.json, and
        is 77 where nothing says it.
        """
        path = Path(path)
        if path.suffix not in (".json", ".txt", ".gz"):
            path = _tokenizer_in(path if path.is_dir() else path.parent)
        if not path.is_file():
            raise InputError(f"{path} is not there; give tokenizer.json, merges.txt or {MERGES_FILE}, or their folder")
        try:
            merges, vocab, said = _read(path)
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise InputError(f"cannot read the tokenizer in {path}: {error}") from error
        return cls(merges, vocab, context=context or said or CONTEXT)

    def save(self, folder: str | Path) -> None:
        """Writes tokenizer.json and tokenizer_config.json, which `load`, tokenizers and transformers read."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (folder / name).write_bytes(content)

    def files(self) -> dict[str, bytes]:
        """What `save` writes: name → content."""
        whole = tokenizers.Tokenizer.from_str(self._fast.to_str())
        whole.normalizer = normalizers.Sequence(
            [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
        )
        whole.post_processor = processors.TemplateProcessing(
            single=f"{START} $A {END}", special_tokens=[(START, self.start), (END, self.end)]
        )
        config = {
            "tokenizer_class": "CLIPTokenizer", "model_max_length": self.context, "bos_token": START,
            "eos_token": END, "unk_token": END, "pad_token": END, "do_lower_case": True,
        }  # fmt: skip
        return {
            "tokenizer.json": whole.to_str().encode(),
            "tokenizer_config.json": (json.dumps(config, indent=1) + "\n").encode(),
        }

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, without start, end and filling."""
        return [found.ids for found in self._fast.encode_batch_fast([clean(text) for text in texts])]

    def rows(self, texts: str | Sequence[str], *, context: int | None = None, truncate: bool = False) -> np.ndarray:
        """(B, L) int64: start, tokens, end, zeros up to the context. See `encode`, which gives the same as a tensor."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        length = context or self.context
        rows = np.zeros((len(texts), length), dtype=np.int64)
        for row, text, found in zip(rows, texts, self.ids(texts), strict=True):
            if len(found) > length - 2 and not truncate:
                shown = text if len(text) <= 60 else text[:57] + "..."
                raise InputError(
                    f"{shown!r} is too long for context length {length}: it has {len(found) + 2} tokens with start "
                    "and end; shorten it, or pass truncate=True"
                )
            tokens = [self.start, *found[: length - 2], self.end]
            row[: len(tokens)] = tokens
        return rows

    def encode(self, texts: str | Sequence[str], *, context: int | None = None, truncate: bool = False) -> "Tensor":
        """(B, L) int64: start, tokens, end, zeros up to the context L.

        Raises InputError for a text that is longer, unless truncate: then its tokens are cut and the end stays.
        """
        import torch

        return torch.from_numpy(self.rows(texts, context=context, truncate=truncate))

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens: lower case, a space after every word."""
        letters = "".join(self._tokens[int(token)] for token in tokens)
        words = letters.split(WORD_END)
        return " ".join(bytes(self._bytes[c] for c in word).decode("utf-8", errors="replace") for word in words)


def clean(text: str) -> str:
    """As published: entities twice, one space for any white space, lower case; and what ftfy does to intact texts."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(PLAIN))
    if "&" in text:
        text = html.unescape(html.unescape(text))
    return " ".join(text.translate(CONTROL).split()).lower()


def _alphabet() -> list[str]:
    """A visible letter for each byte: itself where it is visible in Latin-1, else one from 256 on, in order."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    letters = {byte: chr(byte) for byte in visible} | {byte: chr(256 + n) for n, byte in enumerate(hidden)}
    return [letters[byte] for byte in range(256)]


def _layout(merges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The published order: bytes (visible ones first), bytes that end a word, merges, start, end."""
    letters = sorted(_alphabet(), key=ord)
    tokens = [*letters, *(letter + WORD_END for letter in letters), *(a + b for a, b in merges), START, END]
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def _bpe(vocab: dict[str, int], merges: Sequence[tuple[str, str]]) -> tokenizers.Tokenizer:
    """The fast tokenizer, for texts that `clean` has prepared."""
    fast = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=list(merges), end_of_word_suffix=WORD_END))
    fast.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    if vocab:
        fast.add_special_tokens([AddedToken(START, normalized=False), AddedToken(END, normalized=False)])
    return fast


def _tokenizer_in(folder: Path) -> Path:
    """The tokenizer's file in a folder; InputError where there is none."""
    for name in ("tokenizer.json", "merges.txt", MERGES_FILE):
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{folder} has no tokenizer: neither tokenizer.json nor merges.txt nor {MERGES_FILE} is in it")


def _read(path: Path) -> tuple[list[tuple[str, str]], dict[str, int] | None, int | None]:
    """Merges, the vocabulary where it is given, and the context where it is said."""
    said = _context(path.parent / "tokenizer_config.json")
    if path.name == "vocab.json":
        path = path.with_name("merges.txt")
    if path.suffix == ".json":
        found = json.loads(path.read_text(encoding="utf-8"))
        model = found["model"]
        if model.get("end_of_word_suffix") != WORD_END:
            raise ValueError(f"it is not CLIP's kind: its words do not end in {WORD_END}")
        return _pairs(model["merges"]), model["vocab"], said or (found.get("truncation") or {}).get("max_length")
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        lines = list(islice(file, 1, 1 + PUBLISHED_MERGES))  # the first is a header
    merges = _pairs([line.rstrip("\n") for line in lines if line.strip()])
    vocab = path.with_name("vocab.json")
    return merges, json.loads(vocab.read_text(encoding="utf-8")) if vocab.is_file() else None, said


def _context(config: Path) -> int | None:
    """The longest text that tokenizer_config.json names, if it names one."""
    if not config.is_file():
        return None
    longest = json.loads(config.read_text(encoding="utf-8")).get("model_max_length")
    return longest if isinstance(longest, int) and longest < 100_000 else None


def _pairs(merges: Sequence[Any]) -> list[tuple[str, str]]:
    """Merges as pairs, which files give as "a b" or as ["a", "b"]."""
    pairs = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in merges]
    if wrong := [pair for pair in pairs if len(pair) != 2]:
        raise ValueError(f"{wrong[0]!r} is not a merge of two tokens")
    return pairs  # type: ignore[return-value]
