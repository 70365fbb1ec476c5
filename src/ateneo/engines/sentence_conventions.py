"""How a published sentence encoder wants to be used: how its tokens become one vector, and what is written before a
question or a passage.

Read from the files that say it (`1_Pooling/config.json`, `config_sentence_transformers.json`,
`sentence_bert_config.json`), else known of the model's family by its name, else asked for: another pooling gives
vectors that look right and find little.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ateneo.errors import EngineError
from ateneo.models.config import read_config

POOLINGS = ("mean", "cls", "max", "lasttoken", "mean_sqrt_len_tokens")
LONGEST = 512  # tokens, where no file names the longest text
E5, WEB = "query: ", "Represent this sentence for searching relevant passages: "
INSTRUCT = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "


@dataclass(frozen=True, slots=True)
class Family:
    """What a family's authors publish: its pooling, and what goes before a query and a passage."""

    name: str
    pattern: str  # a regular expression, searched for in the model's name without its case
    pooling: str
    query: str = ""
    passage: str = ""


FAMILIES = (
    Family("multilingual-e5-large-instruct", r"multilingual-e5-large-instruct", "mean", INSTRUCT),
    Family("E5", r"\be5-(small|base|large)\b", "mean", E5, "passage: "),
    Family("BGE-M3", r"\bbge-m3\b", "cls"),
    Family("BGE", r"\bbge-(small|base|large)-en\b", "cls", WEB),
    Family("Arctic Embed 2", r"snowflake-arctic-embed-(m|l)-v2", "cls", E5),
    Family("Arctic Embed", r"snowflake-arctic-embed-(xs|s|m|l)\b", "cls", WEB),
    Family("Nomic Embed", r"nomic-embed-text", "mean", "search_query: ", "search_document: "),
    Family("MiniLM", r"all-minilm-l\d+-v\d|multi-qa-minilm|paraphrase-multilingual-minilm", "mean"),
    Family("MPNet", r"all-mpnet-base-v\d|paraphrase-multilingual-mpnet", "mean"),
)


@dataclass(frozen=True, slots=True)
class Conventions:
    """How texts become vectors. `told` says where each came from."""

    pooling: str
    query: str
    passage: str
    longest: int  # tokens, start and end among them
    lower: bool
    told: str


def conventions(
    folder: Path, name: str, *, pooled: bool, pooling: str = "", query: str | None = None, passage: str | None = None
) -> Conventions:
    """Of the encoder in a folder, called `name`. `pooled`: the model's output is one vector a text already. The rest is
    what a person said, and goes first. Raises EngineError where the pooling is not known."""
    family = _family(folder, name)
    how, told = ("none", "by the model itself") if pooled else _pooling(folder, name, said=pooling, family=family)
    prompts = _prompts(folder)
    before = prompts or ({"query": family.query, "passage": family.passage} if family else {})
    source = "config_sentence_transformers.json" if prompts else f"known of {family.name}" if family else "none known"
    if query is not None or passage is not None:
        before, source = {"query": query or "", "passage": passage or ""}, "as asked for"
    bert = _said(folder / "sentence_bert_config.json")
    first, second = before.get("query", ""), before.get("passage", "")
    told = f"pooling {how} ({told}), before a query {first!r}, before a passage {second!r} ({source})"
    return Conventions(how, first, second, _longest(folder, bert), bool(bert.get("do_lower_case")), told)


def pool(tokens: NDArray[np.float32], mask: NDArray[np.int64], *, how: str) -> NDArray[np.float32]:
    """Vectors of tokens (B, T, D) → vectors of texts (B, D); the mask (B, T) is 1 where there is a token."""
    kept = mask[:, :, None].astype(np.float32)  # (B, T, 1)
    counts = np.maximum(kept.sum(1), 1e-9)  # (B, 1)
    pooled: NDArray[np.float32]
    if how == "cls":
        pooled = tokens[:, 0]
    elif how == "max":
        pooled = np.where(kept > 0, tokens, np.float32(-np.inf)).max(1)
    elif how == "lasttoken":
        pooled = tokens[np.arange(len(tokens)), np.maximum(mask.sum(1) - 1, 0)]
    else:
        pooled = (tokens * kept).sum(1) / (counts if how == "mean" else np.sqrt(counts))
    return pooled


def _pooling(folder: Path, name: str, *, said: str, family: Family | None) -> tuple[str, str]:
    if said:
        return said, "as asked for"
    files = sorted(folder.glob("*_Pooling/config.json"))
    if files:
        return _pooling_of(files[0]), f"{files[0].parent.name}/config.json"
    if family:
        return family.pooling, f"known of {family.name}"
    raise EngineError(
        f"cannot use {name}: no file of it says how its tokens become one vector (1_Pooling/config.json), and its "
        f"family is not known; look it up in its description and say it with --pooling {'|'.join(POOLINGS[:4])}"
    )


def _pooling_of(path: Path) -> str:
    """From 1_Pooling/config.json, in its older and newer spellings."""
    said = read_config(path)
    newer = said.get("pooling_mode")
    older = [key.removeprefix("pooling_mode_") for key, on in said.items() if key.startswith("pooling_mode_") and on]
    modes = [newer] if isinstance(newer, str) else newer if isinstance(newer, list) else older
    plain = [str(mode).removesuffix("_token").removesuffix("_tokens") for mode in modes]
    known = {mode.removesuffix("_tokens"): mode for mode in POOLINGS}
    if len(plain) != 1 or plain[0] not in known:
        raise EngineError(f"cannot use {path}: its pooling is {modes}; one of {', '.join(POOLINGS)} is handled")
    return known[plain[0]]


def _prompts(folder: Path) -> dict[str, str]:
    """What goes before queries and passages by config_sentence_transformers.json; {} where it does not say it."""
    prompts = _said(folder / "config_sentence_transformers.json").get("prompts") or {}
    passage = next((prompts[key] for key in ("passage", "document", "corpus") if prompts.get(key)), "")
    return {"query": prompts.get("query") or "", "passage": passage} if prompts.get("query") or passage else {}


def _family(folder: Path, name: str) -> Family | None:
    """By the model's name, else by the name that its configuration has kept."""
    known = [name, str(_said(folder / "config.json").get("_name_or_path", ""))]
    return next((f for one in known for f in FAMILIES if re.search(f.pattern, one, re.IGNORECASE)), None)


def _longest(folder: Path, bert: dict[str, Any]) -> int:
    """Tokens of the longest text: as the encoder was published, else as many as its tokenizer or positions allow."""
    config = _said(folder / "config.json")
    positions = config.get("max_position_embeddings")
    if positions and config.get("model_type") in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        positions -= config.get("pad_token_id", 1) + 1  # their positions begin behind the padding's number
    tokenizer = _said(folder / "tokenizer_config.json").get("model_max_length")
    asked = [bert.get("max_seq_length"), tokenizer, positions, LONGEST]
    lengths = [n for n in asked if isinstance(n, int) and 0 < n < 100_000]
    return min(lengths[0], positions) if positions in lengths else lengths[0]


def _said(path: Path) -> dict[str, Any]:
    return read_config(path) if path.is_file() else {}
