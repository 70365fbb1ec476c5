"""Tiny models of random weights, saved as `transformers serve` reads them: one of language, one that sees pictures."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

WORDS = [
    "la charla dice que el agua es limpia y el coche no hace humo", "the talk says that water is clean",
    '{"[]}:,0123456789',
]  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {% if m.content is string %}{{ m.content }}{% else %}"
    "{% for p in m.content %}{% if p.type == 'image' %}<image>{% else %}{{ p.text }}{% endif %}{% endfor %}{% endif %}"
    "\n{% endfor %}assistant:"
)
SPECIAL = ["<pad>", "<s>", "</s>", "<image>"]


def _tokenizer(folder: Path) -> Any:
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE(unk_token=None))
    made.pre_tokenizer = pre_tokenizers.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=SPECIAL, show_progress=False, initial_alphabet=letters)
    made.train_from_iterator(WORDS, trainer)
    made.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return fast


def _quiet(folder: Path) -> None:
    """Special tokens are never made: a reader would not see them, and </s> would end the answer at once."""
    place = folder / "generation_config.json"
    config = json.loads(place.read_text())
    config |= {"suppress_tokens": list(range(len(SPECIAL))), "eos_token_id": 2, "pad_token_id": 0, "bos_token_id": 1}
    place.write_text(json.dumps(config))


def _language_config(vocabulary: int) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocabulary, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=8192, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip


def save_language(folder: Path) -> Path:
    """A Llama of two layers."""
    import torch
    from transformers import LlamaForCausalLM

    folder.mkdir(parents=True)
    tokenizer = _tokenizer(folder)
    torch.manual_seed(0)
    LlamaForCausalLM(_language_config(len(tokenizer))).save_pretrained(folder)
    _quiet(folder)
    return folder


def save_vision(folder: Path) -> Path:
    """A Llava of two layers that sees 28 x 28 pixels."""
    import torch
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    folder.mkdir(parents=True)
    tokenizer = _tokenizer(folder)
    sight = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    config = LlavaConfig(
        vision_config=sight, text_config=_language_config(len(tokenizer)), image_token_id=3, vision_feature_layer=-1
    )
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    LlavaProcessor(
        pictures, tokenizer, patch_size=14, vision_feature_select_strategy="default", image_token="<image>",
        chat_template=TEMPLATE, num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    _quiet(folder)
    return folder
