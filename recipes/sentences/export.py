"""The trained student as one ONNX file: `ids`, `mask` (N, T) → `vectors` (N, 384), unit length.

The word embeddings are kept as int8 with a scale for each row, in files of their own (tables.py); the matrices of the
layers as 8 bits with a scale for each column, multiplied with activations that are quantised as they come (ONNX
Runtime's dynamic quantisation), unsigned, which is right on processors with and without VNNI. What that costs is
measured by benchmarks/sentences.py, against the same checkpoint in float32.
"""

import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from tables import move_embeddings
from torch import Tensor, nn
from transformers import BertModel

FILE = "model.onnx"


class Encoder(nn.Module):
    """The student with its pooling; int8 rows in place of its word embeddings where `small`."""

    def __init__(self, model: BertModel, *, small: bool) -> None:
        super().__init__()
        self.model = model
        table = model.embeddings.word_embeddings.weight.detach().float()
        self.scale = nn.Parameter(
            table.abs().amax(1, keepdim=True) / 127 if small else torch.ones(len(table), 1), False
        )
        rows = (table / self.scale).round().to(torch.int8) if small else table
        self.table = nn.Parameter(rows, requires_grad=False)  # (V, 384)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        words = self.table[ids].float() * self.scale[ids]  # (N, T, 384)
        hidden = self.model(inputs_embeds=words, attention_mask=mask).last_hidden_state
        weights = mask[..., None].float()
        mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
        return nn.functional.normalize(mean, dim=-1)


def export(model: BertModel, path: Path, *, small: bool) -> None:
    """Writes the file; int8 where `small`, else float32."""
    encoder = Encoder(model.eval(), small=small).eval()
    ids, mask = torch.ones(2, 7, dtype=torch.long), torch.ones(2, 7, dtype=torch.long)
    sizes = {0: torch.export.Dim("n"), 1: torch.export.Dim("t", min=2, max=model.config.max_position_embeddings)}
    draft = path.with_suffix(".draft.onnx")
    with warnings.catch_warnings():  # of PyTorch's exporter, about its own parts
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            encoder, (ids, mask), str(draft), input_names=["ids", "mask"], output_names=["vectors"], dynamo=True,
            dynamic_shapes={"ids": sizes, "mask": sizes}, external_data=False, verbose=False,
        )  # fmt: skip
    if small:
        quant_pre_process(str(draft), str(draft), skip_symbolic_shape=True)
        quantize_dynamic(
            str(draft),
            str(path),
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QUInt8,
        )
        draft.unlink()
        move_embeddings(path)
    else:
        draft.replace(path)
    onnx.checker.check_model(str(path))
