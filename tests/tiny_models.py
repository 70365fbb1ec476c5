"""Tiny models laid out as published, with random weights, as ONNX: a BERT sentence encoder, a SigLIP and a CLIP."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from torch.export import Dim

SAID = [
    "Las abejas fabrican miel en la colmena.", "El ferrocarril une las dos ciudades.", "Bees make honey in a hive.",
    "query: passage: ¿Qué dice de los trenes?", "En otoño llueve mucho en el norte.", "A bar chart, una gráfica.",
]  # fmt: skip
SEQUENCE = 48  # tokens of the longest text that the encoder reads


@contextmanager
def quiet() -> Iterator[None]:
    """Torch's exporter speaks of torchvision and of its own deprecations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def tokenizer(kind: str) -> Tokenizer:
    """Learned from SAID: "bert" puts [CLS] and [SEP] around a text, "siglip" </s> behind it, in small letters."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] if kind == "bert" else ["<unk>", "</s>", "<pad>"]
    made = Tokenizer(models.WordPiece(unk_token="[UNK]") if kind == "bert" else models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Whitespace() if kind == "bert" else pre_tokenizers.Metaspace()
    if kind == "bert":
        trainer: Any = trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False)
        around = "[CLS] $A [SEP]"
    else:
        made.normalizer = normalizers.Lowercase()
        trainer = trainers.UnigramTrainer(
            vocab_size=120, special_tokens=special, unk_token="<unk>", show_progress=False
        )
        around = "$A </s>"
    made.train_from_iterator(SAID * 4, trainer)
    known = [(token, made.token_to_id(token)) for token in special]
    made.post_processor = processors.TemplateProcessing(single=around, special_tokens=known)
    return made


class Encoder(nn.Module):
    """BERT's vectors of tokens."""

    def __init__(self, *, seed: int = 0) -> None:
        from transformers import BertConfig, BertModel

        super().__init__()
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=200, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
            max_position_embeddings=SEQUENCE, initializer_range=0.2,
        )  # fmt: skip
        self.bert = BertModel(config, add_pooling_layer=False).eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        found: Tensor = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        return found


def encoder_folder(folder: Path, *, seed: int = 0, **files: dict[str, Any]) -> Path:
    """A sentence encoder as Hugging Face publishes it; `files` are further JSON files, `1_Pooling/config.json` as
    `pooling`."""
    (folder / "onnx").mkdir(parents=True)
    ids = torch.randint(5, 200, (2, 7))
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": ids * 0}
    shape = {0: Dim("batch"), 1: Dim("sequence", max=SEQUENCE)}
    model = Encoder(seed=seed).eval()
    with torch.no_grad(), quiet():
        torch.onnx.export(
            model, (), folder / "onnx/model.onnx", kwargs=given, input_names=list(given), dynamo=True, verbose=False,
            output_names=["last_hidden_state"], dynamic_shapes=dict.fromkeys(given, shape), external_data=False,
        )  # fmt: skip
    model.bert.config.save_pretrained(folder)
    tokenizer("bert").save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {"model_max_length": SEQUENCE})
    for name, content in files.items():
        path = folder / ("1_Pooling/config.json" if name == "pooling" else f"{name}.json")
        path.parent.mkdir(exist_ok=True)
        write_json(path, content)
    return folder


class Siglip(nn.Module):
    """A SigLIP of 32 pixels."""

    def __init__(self) -> None:
        from transformers import SiglipConfig, SiglipModel

        super().__init__()
        torch.manual_seed(1)
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        text = {"vocab_size": 120, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1} | sizes
        self.siglip = SiglipModel(
            SiglipConfig(text_config=text, vision_config=sizes | {"image_size": 32, "patch_size": 8})
        )
        self.siglip.eval()


class SiglipTexts(Siglip):
    """Its text tower."""

    def forward(self, input_ids: Tensor) -> Tensor:
        found: Tensor = self.siglip.text_model(input_ids=input_ids).pooler_output
        return found


class SiglipPictures(Siglip):
    """Its vision tower."""

    def forward(self, pixel_values: Tensor) -> Tensor:
        found: Tensor = self.siglip.vision_model(pixel_values=pixel_values).pooler_output
        return found


def siglip_folder(folder: Path) -> Path:
    """A SigLIP as Hugging Face publishes it for ONNX Runtime: two towers whose outputs are pooled."""
    (folder / "onnx").mkdir(parents=True)
    towers = {
        "text_model": (SiglipTexts(), {"input_ids": torch.randint(3, 120, (2, 64))}),
        "vision_model": (SiglipPictures(), {"pixel_values": torch.zeros(2, 3, 32, 32)}),
    }
    for name, (tower, given) in towers.items():
        with torch.no_grad(), quiet():
            torch.onnx.export(
                tower.eval(), (), folder / f"onnx/{name}.onnx", kwargs=given, input_names=list(given), dynamo=True,
                verbose=False, output_names=["pooler_output"], dynamic_shapes={n: {0: Dim("batch")} for n in given},
                external_data=False,
            )  # fmt: skip
    towers["text_model"][0].siglip.config.save_pretrained(folder)
    tokenizer("siglip").save(str(folder / "tokenizer.json"))
    words = {"tokenizer_class": "SiglipTokenizer", "eos_token": "</s>", "pad_token": {"content": "</s>"}}
    write_json(folder / "tokenizer_config.json", words | {"model_max_length": 64})
    pictures = {"image_processor_type": "SiglipImageProcessor", "do_resize": True, "resample": 3, "do_rescale": True}
    sizes = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_normalize": True}
    write_json(folder / "preprocessor_config.json", pictures | sizes | {"rescale_factor": 1 / 255})
    return folder


def clip_folder(folder: Path, *, quantize: bool = False) -> Path:
    """A CLIP of our own export."""
    from ateneo.models.clip import Clip, ClipConfig, TextConfig
    from ateneo.models.export import export_onnx
    from ateneo.models.preprocess import Preprocess
    from ateneo.models.tokenizer import Tokenizer as ClipTokenizer
    from ateneo.models.vit import ViTConfig

    words = ClipTokenizer.train(SAID * 3, vocabulary=560, context=16)
    torch.manual_seed(0)
    text = TextConfig("transformer", words.vocabulary, 16, width=32, layers=2, heads=2, mlp_width=64)
    vit = ViTConfig(32, 8, 48, 2, 2, 96, activation="quick_gelu", eps=1e-5, pre_norm=True, patch_bias=False)
    export_onnx(Clip(ClipConfig(24, vit, text)).eval(), words, folder, preprocess=Preprocess(32), quantize=quantize)
    return folder


def write_json(path: Path, content: dict[str, Any]) -> None:
    """A JSON file."""
    path.write_text(json.dumps(content), encoding="utf-8")
