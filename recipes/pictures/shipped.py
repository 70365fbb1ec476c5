"""The files that ship: the tower as ONNX, how pictures are prepared, and a card with figures."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import sources
import torch
from safetensors.torch import load_file
from tower import Tower, TowerConfig

from ateneo.errors import EngineError
from ateneo.models.preprocess import HALF, Preprocess

FILE = "vision_model.onnx"
CLOSE = 1e-3  # the greatest difference of a number from torch
ALIKE = 0.98  # cosine with torch that weights of 8 bits must keep


def read(folder: Path) -> Tower:
    """The tower of a run's `model` folder."""
    said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tower = Tower(TowerConfig(**said["config"]))
    tower.load_state_dict(load_file(folder / "model.safetensors"))
    return tower.eval()


def write(tower: Tower, out: Path, *, space: str, small: bool = True) -> float:
    """Writes model, preprocessor_config.json and config.json; returns the least cosine of ONNX with torch.

    Input `pixel_values` (N, 3, S, S) float32, output `image_embeds` (N, d), unit length. Raises EngineError where the
    written file gives something else than torch.
    """
    out.mkdir(parents=True, exist_ok=True)
    size = tower.config.image_size
    preprocess = Preprocess(size, mean=HALF, std=HALF, resample="bilinear", crop=False)
    (out / "preprocessor_config.json").write_text(json.dumps(preprocess.document(), indent=2) + "\n")
    about = {"model_type": "ateneo_pictures", "projection_dim": tower.config.embed, "text_space": space}
    (out / "config.json").write_text(json.dumps(about, indent=2) + "\n")
    whole = out / ("draft.onnx" if small else FILE)
    export(tower, whole)
    exact = compare(tower, whole)
    if exact < 1 - CLOSE:
        raise EngineError(f"{whole} differs from torch (cosine {exact:.5f}); report it with the tower's configuration")
    if small:
        _eight_bits(whole, out / FILE)
        whole.unlink()
    cosine = compare(tower, out / FILE)
    if cosine < ALIKE:
        raise EngineError(f"with 8 bits {out / FILE} differs too much from torch (cosine {cosine:.4f}); use --whole")
    return cosine


def export(tower: Tower, path: Path) -> None:
    """The tower in float32."""
    import warnings

    size = tower.config.image_size
    pixels = torch.zeros(2, 3, size, size)
    with warnings.catch_warnings(), torch.no_grad():  # of PyTorch's exporter, about its own parts
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tower.eval(), (), str(path), kwargs={"pixels": pixels},
            input_names=["pixel_values"], output_names=["image_embeds"],
            dynamic_shapes={"pixels": {0: torch.export.Dim("n")}},
            dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip


def _eight_bits(whole: Path, path: Path) -> None:
    """Weights of matrices as 8 bits, unsigned, a scale for each column; convolutions stay as they are."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(str(whole), str(whole), skip_symbolic_shape=True)
    quantize_dynamic(
        str(whole), str(path), op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, weight_type=QuantType.QUInt8
    )


def session(path: Path, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """The file, ready to run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compare(tower: Tower, path: Path) -> float:
    """The least cosine of the file's vectors with torch's, on eight noisy pictures."""
    size = tower.config.image_size
    pixels = torch.rand(8, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    pixels = torch.nn.functional.interpolate(pixels, size=(size, size), mode="bilinear")
    with torch.no_grad():
        wanted = tower(pixels).numpy()
    [found] = session(path).run(["image_embeds"], {"pixel_values": pixels.numpy()})
    return float((wanted * np.asarray(found)).sum(1).min())


def card(out: Path, *, figures: dict[str, Any], about: dict[str, Any]) -> None:
    """card.md: what the model is, its data and licences, and what was measured."""
    sets = "\n".join(
        f"| @iconify-json/{name} {version} | {licence} |"
        for name, (version, licence) in sources.DRAWINGS.items()
        if name != about["held style"]
    )
    debian = "\n".join(f"| {name}: {what} | {licence} |" for name, (licence, what) in sources.DEBIAN.items())
    rows = "\n".join(f"| {name} | {_plain(value)} |" for name, value in figures.items())
    size = (out / FILE).stat().st_size / 1e6
    (out / "card.md").write_text(
        f"""# Pictures in the space of the sentence encoder

Puts slides, frames and drawings into the space of the bilingual sentence encoder ({about["space"]}): a picture lies
near what is said of it, in Spanish or English. {about["parameters"] / 1e6:.1f} million parameters: four convolutions,
then {about["layers"]} transformer layers of width {about["width"]}. The whole picture is squeezed into
{about["image size"]} x {about["image size"]} pixels.

`{FILE}` ({size:.1f} MB): float32 `pixel_values` (N, 3, {about["image size"]}, {about["image size"]}) →
`image_embeds` (N, {about["embed"]}), unit length. Made by `python recipes/pictures/make.py`: {about["steps"]} steps of
{about["batch"]} pictures.
It belongs to that sentence encoder alone: with another one it must be trained anew.

## Data and licences

Slides, charts, landscapes and people are drawn by the recipe. Drawings and photographs learned from:

| source | licence |
|---|---|
{sets}
{debian}

Kept apart: the style {about["held style"]}, on which choices were made; OpenMoji (CC BY-SA 4.0), on
which the figures are.

## Measured

| | |
|---|---|
{rows}

## Limits

Trained on drawings and generated slides, with few photographs: it knows kinds of slides, charts and named drawings, not
faces, places or what is written. Text on a slide is a pattern to it; reading is OCR's.
""",
        encoding="utf-8",
    )


def _plain(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) and math.isfinite(value) else str(value)
