"""The files that ship: the tower as ONNX, how pictures are prepared, and a card with figures."""

import json
import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import sources
import torch
from safetensors.torch import load_file, save_file

from ateneo.errors import EngineError
from ateneo.models.preprocess import HALF, Preprocess
from ateneo.models.tower import Convolution, Tower, TowerConfig

FILE = "vision_model.onnx"
CLOSE = 1e-3  # the greatest difference of a number from torch
ALIKE = 0.99  # cosine with torch that weights of 8 bits must keep
LARGE = 4096  # numbers of a weight that is kept in 8 bits


def read(folder: Path) -> Tower:
    """The tower of a run's `model` folder."""
    said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tower = Tower(TowerConfig(**said["config"]))
    tower.load_state_dict(load_file(folder / "model.safetensors"))
    return tower.eval()


def between(tower: Tower, begun: Path, *, share: float) -> None:
    """Moves the weights back towards those that the run began with, by this share of the way ("WiSE-FT", Wortsman et
    al. 2022): what was known before is kept, for a part of what is new."""
    old = load_file(begun)
    tower.load_state_dict(
        {
            name: torch.lerp(value, old[name].float(), share) if value.is_floating_point() else value
            for name, value in tower.state_dict().items()
        }
    )


def halve(tower: Tower, path: Path) -> None:
    """Writes the weights in half precision, for a run that goes on from them (`--begin`)."""
    save_file(
        {name: value.half() if value.is_floating_point() else value for name, value in tower.state_dict().items()}, path
    )


def write(tower: Tower, out: Path, *, space: str, size: int = 0, small: bool = True) -> float:
    """Writes model, preprocessor_config.json and config.json; returns the least cosine of ONNX with torch. `size`:
    pixels of the pictures that it will read, where these are not those that it learned from last.

    Input `pixel_values` (N, 3, S, S) float32, output `image_embeds` (N, d), unit length. Raises EngineError where the
    written file gives something else than torch.
    """
    out.mkdir(parents=True, exist_ok=True)
    size = size or tower.config.image_size
    preprocess = Preprocess(size, mean=HALF, std=HALF, resample="bilinear", crop=False)
    (out / "preprocessor_config.json").write_text(json.dumps(preprocess.document(), indent=2) + "\n")
    about = {"model_type": "ateneo_pictures", "projection_dim": tower.config.embed, "text_space": space}
    (out / "config.json").write_text(json.dumps(about, indent=2) + "\n")
    whole = out / ("draft.onnx" if small else FILE)
    export(tower, whole, size=size)
    exact = compare(tower, whole, size=size)
    if exact < 1 - CLOSE:
        raise EngineError(f"{whole} differs from torch (cosine {exact:.5f}); report it with the tower's configuration")
    if small:
        _eight_bits(whole, out / FILE)
        whole.unlink()
    cosine = compare(tower, out / FILE, size=size)
    if cosine < ALIKE:
        raise EngineError(f"with 8 bits {out / FILE} differs too much from torch (cosine {cosine:.4f}); use --whole")
    return cosine


def export(tower: Tower, path: Path, *, size: int) -> None:
    """The tower in float32, normalisations merged into the convolutions before them."""
    import warnings

    whole, pixels = merged(tower), torch.zeros(2, 3, size, size)
    with warnings.catch_warnings(), torch.no_grad():  # of PyTorch's exporter, about its own parts
        warnings.simplefilter("ignore")
        torch.onnx.export(
            whole, (), str(path), kwargs={"pixels": pixels},
            input_names=["pixel_values"], output_names=["image_embeds"],
            dynamic_shapes={"pixels": {0: torch.export.Dim("n")}},
            dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip


def merged(tower: Tower) -> Tower:
    """A copy without normalisations, to be run and not to be trained."""
    made = deepcopy(tower).eval()
    for module in list(made.modules()):
        if isinstance(module, Convolution):
            module.plain = module.merged()
    return made


def _eight_bits(whole: Path, path: Path) -> None:
    """Large weights as 8 bits with a scale for each filter, that is each column of a matrix. They are made float32
    again when the file is opened, so that nothing is lost in speed, and of the numbers only their rounding."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(whole)
    graph, kept = model.graph, []
    for held in graph.initializer:
        weight = numpy_helper.to_array(held)
        if weight.dtype != np.float32 or weight.size < LARGE:
            kept.append(held)
            continue
        axes = tuple(range(1, weight.ndim)) if weight.ndim == 4 else (0,)
        scale = np.maximum(np.abs(weight).max(axes, keepdims=True) / 127, 1e-12).astype(np.float32)
        name = held.name
        kept += [
            numpy_helper.from_array(np.rint(weight / scale).astype(np.int8), f"{name}.bits"),
            numpy_helper.from_array(scale, f"{name}.scale"),
        ]
        graph.node.insert(0, helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name]))
        graph.node.insert(0, helper.make_node("Cast", [f"{name}.bits"], [f"{name}.float"], to=onnx.TensorProto.FLOAT))
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def session(path: Path, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """The file, ready to run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compare(tower: Tower, path: Path, *, size: int) -> float:
    """The least cosine of the file's vectors with torch's, on eight noisy pictures."""
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
near what is said of it, in Spanish or English. {about["parameters"] / 1e6:.1f} million parameters: a residual network
of convolutions with up to {max(about["widths"])} channels, its weights in 8 bits. The whole picture is squeezed into
{about["image size"]} x {about["image size"]} pixels.

`{FILE}` ({size:.1f} MB): float32 `pixel_values` (N, 3, {about["image size"]}, {about["image size"]}) →
`image_embeds` (N, {about["embed"]}), unit length. Made by `python recipes/pictures/make.py`: {about["steps"]} steps of
{about["batch"]} pictures{_begun(about)}.
It belongs to that sentence encoder alone: with another one it must be trained anew.

## Data and licences

Slides, charts, landscapes, people and composed scenes are drawn by the recipe. Drawings and photographs learned from:

| source | licence |
|---|---|
{sets}
{debian}

The photographs are under the GPL, version 2 or 3 or later, some of them under CC BY-SA, and some drawings under
licences that ask for attribution. None of these pictures is in the file, which is distributed with Ateneo under
Apache-2.0. Who holds that weights derive from the pictures they were learned from finds here what they were, and can
leave a source out: each is one line of `recipes/pictures/sources.py`.

Kept apart: the style {about["held style"]}, on which choices were made; OpenMoji (CC BY-SA 4.0), on
which the figures are.

## Measured

| | |
|---|---|
{rows}

## Limits

Trained on drawings, generated slides and made scenes, with few photographs of a camera: it knows kinds of slides,
charts and named drawings, not faces, places or what is written. Text on a slide is a pattern to it; reading is OCR's.
""",
        encoding="utf-8",
    )


def _begun(about: dict[str, Any]) -> str:
    if not about["begun"]:
        return ""
    back = f", then {about['keep']:.0%} of the way back to it" if about["keep"] else ""
    return f", beginning with the tower that shipped before{back}"


def _plain(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) and math.isfinite(value) else str(value)
