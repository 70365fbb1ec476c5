"""A CLIP as ONNX, in the layout in which Hugging Face publishes ONNX CLIPs, so that it searches without torch.

    FOLDER/config.json  preprocessor_config.json  tokenizer.json  tokenizer_config.json
    FOLDER/onnx/text_model.onnx          input_ids (B, L) int64 → text_embeds (B, d_e), not normalised
    FOLDER/onnx/vision_model.onnx        pixel_values (B, 3, S, S) → image_embeds (B, d_e), not normalised
    FOLDER/onnx/*_quantized.onnx         the same with weights of 8 bits, where asked for

Every file is run and compared with torch before the folder gets its name: a folder that is there is right.
"""

import contextlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim

from ateneo.errors import EngineError, InputError
from ateneo.models.clip import Clip, TextConfig, ends
from ateneo.models.preprocess import Preprocess
from ateneo.models.resnet import ResNetConfig
from ateneo.models.tokenizer import Tokenizer

CLOSE = 1e-3  # of the largest number: the greatest difference from torch in float32 that passes
ALIKE = 0.99  # cosine with torch that weights of 8 bits must keep
CHECKED = 3  # pictures and texts that are compared: another batch than the traced one


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written: how far it is from torch, relative to the largest number, and the least cosine."""

    path: Path
    difference: float
    cosine: float


class _Texts(nn.Module):
    def __init__(self, model: Clip) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor) -> Tensor:
        tower = self.model.text_encoder
        return tower.read(input_ids, ends(input_ids, tower.config)) @ self.model.W_t


class _Pictures(nn.Module):
    def __init__(self, model: Clip) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.model.encode_image(pixel_values)


def export_onnx(
    model: Clip, tokenizer: Tokenizer, folder: Path | str, *, preprocess: Preprocess, quantize: bool = False
) -> list[Exported]:
    """Both towers with all that searching needs, in a new folder; what was compared with torch, file by file.

    Raises InputError where the folder is there already or tokenizer and model do not belong together, EngineError
    where ONNX Runtime gives something else than torch.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"cannot export to {folder}: it is there and not empty; name a new folder")
    _check_tokenizer(model, tokenizer)
    model = model.float().eval()
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        (draft / "onnx").mkdir()
        _write_settings(model, tokenizer, draft, preprocess=preprocess)
        made = [_export_texts(model, draft / "onnx"), _export_pictures(model, draft / "onnx")]
        if quantize:
            made += [_quantize(model, one.path) for one in made]
        draft.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return [Exported(folder / "onnx" / one.path.name, one.difference, one.cosine) for one in made]


def _check_tokenizer(model: Clip, tokenizer: Tokenizer) -> None:
    text = model.config.text
    if tokenizer.vocabulary != text.vocabulary:
        raise InputError(
            f"the tokenizer has {tokenizer.vocabulary} tokens and the model's text tower {text.vocabulary}; "
            "export with the tokenizer that the model was trained with"
        )


def _export_texts(model: Clip, folder: Path) -> Exported:
    context = model.config.text.context
    tokens = _tokens(model, rows=2, length=min(8, context))
    shapes = {"input_ids": {0: Dim("batch"), 1: Dim("sequence", min=2, max=context)}}
    path = folder / "text_model.onnx"
    _trace(_Texts(model), path, given={"input_ids": tokens}, output="text_embeds", shapes=shapes)
    return _compare(model, path)


def _export_pictures(model: Clip, folder: Path) -> Exported:
    path = folder / "vision_model.onnx"
    given = {"pixel_values": _pixels(model, rows=2)}
    shapes = {"pixel_values": {0: Dim("batch")}}
    _trace(_Pictures(model), path, given=given, output="image_embeds", shapes=shapes)
    return _compare(model, path)


def _trace(module: nn.Module, path: Path, *, given: dict[str, Tensor], output: str, shapes: dict[str, Any]) -> None:
    with torch.no_grad(), _quiet():
        torch.onnx.export(
            module.eval(), (), path, kwargs=given, input_names=list(given), output_names=[output],
            dynamic_shapes=shapes, dynamo=True, external_data=_heavy(module), verbose=False,
        )  # fmt: skip


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's word on torchvision, and its own deprecations, tell a user nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        import logging

        logger = logging.getLogger("torch.onnx")
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _heavy(module: nn.Module) -> bool:
    """Whether the weights exceed the 2 GB of one ONNX file."""
    return sum(p.numel() * p.element_size() for p in module.parameters()) > 1.9e9


def _quantize(model: Clip, path: Path) -> Exported:
    """Weights of 8 bits, unsigned: right on processors with and without VNNI, which signed ones are not."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target = path.with_name(f"{path.stem}_quantized.onnx")
    with _quiet():
        quantize_dynamic(path, target, weight_type=QuantType.QUInt8, op_types_to_quantize=["MatMul", "Gemm", "Gather"])
    return _compare(model, target, exact=False)


def _compare(model: Clip, path: Path, *, exact: bool = True) -> Exported:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    texts = path.name.startswith("text")
    given = _tokens(model, rows=CHECKED, length=model.config.text.context) if texts else _pixels(model, rows=CHECKED)
    with torch.no_grad():
        wanted = (model.encode_text if texts else model.encode_image)(given).numpy()
    found = session.run(None, {session.get_inputs()[0].name: given.numpy()})[0]
    difference, cosine = _distance(wanted, found)
    if not (difference < CLOSE if exact else cosine > ALIKE):
        raise EngineError(
            f"{path.name} differs from torch by {difference:.2g} of the largest number (cosine {cosine:.4f}); "
            + ("report it with the model's configuration" if exact else "export without quantizing")
        )
    return Exported(path, difference, cosine)


def _distance(wanted: NDArray[np.float32], found: NDArray[np.float32]) -> tuple[float, float]:
    """The greatest difference relative to the largest number, and the least cosine over the rows."""
    lengths = np.linalg.norm(wanted, axis=1) * np.linalg.norm(found, axis=1)
    cosine = float(((wanted * found).sum(1) / np.maximum(lengths, 1e-12)).min())
    return float(np.abs(wanted - found).max() / max(np.abs(wanted).max(), 1e-12)), cosine


def _tokens(model: Clip, *, rows: int, length: int) -> Tensor:
    """Texts (rows, length) of random words, of different lengths, ended and padded."""
    text = model.config.text
    end = text.vocabulary - 1 if text.end is None else text.end
    tokens = torch.randint(0, end, (rows, length), generator=torch.Generator().manual_seed(0))
    for row in range(rows):
        tokens[row, max(1, length - 1 - 2 * row) :] = 0 if end else 1
        tokens[row, max(1, length - 1 - 2 * row)] = end
    return tokens


def _pixels(model: Clip, *, rows: int) -> Tensor:
    size = model.config.image.image_size
    height, width = (size, size) if isinstance(size, int) else size
    return torch.randn(rows, 3, height, width, generator=torch.Generator().manual_seed(0))


def _write_settings(model: Clip, tokenizer: Tokenizer, folder: Path, *, preprocess: Preprocess) -> None:
    tokenizer.save(folder)
    documents = {"config.json": _config(model, tokenizer), "preprocessor_config.json": preprocess.document()}
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _config(model: Clip, tokenizer: Tokenizer) -> dict[str, Any]:
    """config.json as transformers' CLIPConfig has it; a ResNet or a bag of words is named as such."""
    return {
        "model_type": "clip",
        "architectures": ["CLIPModel"],
        "projection_dim": model.config.embed,
        "logit_scale_init_value": float(model.t.detach()),
        "text_config": _text_config(model.config.text, tokenizer, embed=model.config.embed),
        "vision_config": _vision_config(model),
    }


def _text_config(text: TextConfig, tokenizer: Tokenizer, *, embed: int) -> dict[str, Any]:
    return {
        "model_type": "clip_text_model" if text.tower == "transformer" else "bag_of_words",
        "vocab_size": text.vocabulary,
        "max_position_embeddings": text.context,
        "hidden_size": text.width,
        "intermediate_size": text.mlp_width,
        "num_hidden_layers": text.layers,
        "num_attention_heads": text.heads,
        "hidden_act": text.activation,
        "layer_norm_eps": text.eps,
        "projection_dim": embed,
        "bos_token_id": tokenizer.start,
        "eos_token_id": tokenizer.end,
        "pad_token_id": tokenizer.end,
    }


def _vision_config(model: Clip) -> dict[str, Any]:
    image = model.config.image
    if isinstance(image, ResNetConfig):
        return {"model_type": "modified_resnet", "image_size": image.image_size, "projection_dim": model.config.embed}
    return {
        "model_type": "clip_vision_model",
        "image_size": image.image_size,
        "patch_size": image.patch_size,
        "hidden_size": image.width,
        "intermediate_size": image.mlp_width,
        "num_hidden_layers": image.layers,
        "num_attention_heads": image.heads,
        "hidden_act": image.activation,
        "layer_norm_eps": image.eps,
        "projection_dim": model.config.embed,
    }
