"""A Whisper with small random weights in CTranslate2's format: it speaks no language, but walks the whole path.

The vocabulary has Whisper's size and special words.
"""

import json
from pathlib import Path

import numpy as np
from ctranslate2.specs import whisper_spec
from ctranslate2.specs.model_spec import LayerSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH, HEADS, LAYERS, MELS = 16, 2, 2, 80
SURE = 3.0  # scale of the embeddings: high enough that the model does not try again at every temperature
TEXT_TOKENS, LANGUAGES, TIMESTAMPS = 50257, 99, 1501

Weights = NDArray[np.float32]


def write(folder: Path, *, seed: int = 0) -> Path:
    """The model's folder, as `ATENEO_WHISPER_MODEL` takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [*_text_tokens(), *_special_tokens()]
    spec = whisper_spec.WhisperSpec(LAYERS, HEADS, LAYERS, HEADS)
    _fill(spec, np.random.default_rng(seed), size=len(tokens))
    spec.register_vocabulary([*tokens, *(f"<|{n * 0.02:.2f}|>" for n in range(TIMESTAMPS))])
    first = TEXT_TOKENS + 2
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [TEXT_TOKENS]
    spec.config.lang_ids = list(range(first, first + LANGUAGES))
    spec.config.alignment_heads = [(layer, head) for layer in range(LAYERS) for head in range(HEADS)]
    spec.validate()
    spec.save(str(folder))
    _tokenizer(tokens).save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS, "n_fft": 400}))
    return folder


def _text_tokens() -> list[str]:
    """The bytes, made-up words with a space before them, and the empty word that multilingual models end with."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    return [*letters, *(f"Ġpal{n}" for n in range(TEXT_TOKENS - len(letters) - 1)), ""]


def _special_tokens() -> list[str]:
    names = ["endoftext", "startoftranscript", *_LANGUAGE_CODES[:LANGUAGES], "translate", "transcribe", "startoflm"]
    return [f"<|{name}|>" for name in [*names, "startofprev", "nospeech", "notimestamps"]]


def _tokenizer(tokens: list[str]) -> Tokenizer:
    text, special = tokens[:TEXT_TOKENS], tokens[TEXT_TOKENS:]
    tokenizer = Tokenizer(models.BPE(vocab={token: n for n, token in enumerate(text)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    stamps = [f"<|{n * 0.02:.2f}|>" for n in range(TIMESTAMPS)]
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in [*special, *stamps]])
    return tokenizer


def _fill(spec: LayerSpec, dice: np.random.Generator, *, size: int) -> None:
    """Random weights of the right shapes in every layer."""

    def random(*shape: int) -> Weights:
        return dice.normal(0, 0.3, shape).astype(np.float32)

    def linear(layer: LayerSpec, rows: int, columns: int) -> None:
        layer.weight, layer.bias = random(rows, columns), np.zeros(rows, np.float32)

    def norm(layer: LayerSpec) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def attention(layer: LayerSpec) -> None:
        norm(layer.layer_norm)
        itself = len(layer.linear) == 2
        for part, width in zip(layer.linear, (3, 1) if itself else (1, 2, 1), strict=True):
            linear(part, width * WIDTH, WIDTH)

    def forward(layer: LayerSpec) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * WIDTH, WIDTH)
        linear(layer.linear_1, WIDTH, 4 * WIDTH)

    encoder, decoder = spec.encoder, spec.decoder
    for convolution, channels in ((encoder.conv1, MELS), (encoder.conv2, WIDTH)):
        convolution.weight, convolution.bias = random(WIDTH, channels, 3), np.zeros(WIDTH, np.float32)
    encoder.position_encodings.encodings, decoder.position_encodings.encodings = random(1500, WIDTH), random(448, WIDTH)
    decoder.embeddings.weight = SURE * random(size + TIMESTAMPS, WIDTH)
    decoder.projection.weight = decoder.embeddings.weight
    for side in (encoder, decoder):
        norm(side.layer_norm)
        for layer in side.layer:
            attention(layer.self_attention)
            forward(layer.ffn)
    for layer in decoder.layer:
        attention(layer.attention)
