"""Checkpoints of every kind of file are loaded strictly, lightly, and refused with the key or file that is wrong."""

import json
import pickle
import re
import subprocess
import sys
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import open_checkpoint
from ateneo.models.loading import load
from ateneo.models.vit import ViT, ViTConfig
from tests.models import recipe

SHAPES = recipe.openai_clip(vocabulary=100, layers=1, text_layers=1)
QUICK = {"activation": "quick_gelu"}


@pytest.fixture
def weights() -> dict[str, Tensor]:
    return recipe.weights(SHAPES)


def alike(a: nn.Module, b: nn.Module) -> bool:
    """Whether two models have the same weights, bit for bit."""
    one, other = a.state_dict(), b.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_every_kind_of_file_gives_the_same_model(tmp_path: Path, weights: dict[str, Tensor]):
    save_file(weights, tmp_path / "a.safetensors")
    torch.save(weights, tmp_path / "b.pt")
    torch.save({"state_dict": weights, "epoch": 1}, tmp_path / "c.pt", _use_new_zipfile_serialization=False)
    torch.save({"model": {f"_orig_mod.{name}": value for name, value in weights.items()}}, tmp_path / "d.bin")
    np.savez(tmp_path / "e.npz", **{name: value.numpy() for name, value in weights.items()})
    first, *others = (load(tmp_path / name, **QUICK) for name in
                      ("a.safetensors", "b.pt", "c.pt", "d.bin", "e.npz"))  # fmt: skip
    assert all(alike(first, other) for other in others)


def test_q_k_and_v_lie_where_the_file_has_them(tmp_path: Path, weights: dict[str, Tensor]):
    save_file(weights, tmp_path / "a.safetensors")
    attention = load(tmp_path / "a.safetensors", **QUICK).text_encoder.transformer.blocks[0].attention
    joined = weights["transformer.resblocks.0.attn.in_proj_weight"]
    assert torch.equal(torch.cat([attention.q.weight, attention.k.weight, attention.v.weight]), joined)
    assert attention.k.weight.data_ptr() == attention.q.weight.data_ptr() + joined.nbytes // 3


def test_weights_kept_with_q_k_and_v_joined_are_still_read(tmp_path: Path):
    torch.manual_seed(0)
    model = ViT(ViTConfig(image_size=16, patch_size=8, width=16, layers=2, heads=2, mlp_width=32, classes=3))
    state = model.state_dict()
    for name in [name for name in state if ".q." in name]:
        state[name.replace(".q.", ".qkv.")] = torch.cat([state.pop(name.replace(".q.", f".{one}.")) for one in "qkv"])
    save_file(state, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"ateneo": "vit", "config": asdict(model.config)}))
    again = ViT(model.config)
    again.load_state_dict(state)
    assert alike(model, again)
    assert alike(model, load(tmp_path))


def test_the_content_counts_not_the_name(tmp_path: Path, weights: dict[str, Tensor]):
    save_file(weights, tmp_path / "weights.pt")
    assert torch.equal(load(tmp_path / "weights.pt", **QUICK).W_i, weights["visual.proj"])


class QuickGELU(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class Part(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


def archive(path: Path, weights: dict[str, Tensor], activation: nn.Module) -> None:
    """A TorchScript archive whose modules and half-precision weights have these names."""
    root = Part()
    for name, value in weights.items():
        *parts, leaf = name.split(".")
        place: nn.Module = root
        for part in parts:
            if not hasattr(place, part):
                place.add_module(part, Part())
            place = getattr(place, part)
        place.register_parameter(leaf, nn.Parameter(value.half()))
    for name in ("input_resolution", "context_length", "vocab_size"):
        root.register_buffer(name, torch.tensor(32))
    root.activation = activation
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit", category=DeprecationWarning)
        torch.jit.script(root).save(str(path))


def test_openai_archives_say_their_activation_and_keep_their_half_precision(tmp_path: Path, weights: dict[str, Tensor]):
    archive(tmp_path / "ViT.pt", weights, QuickGELU())
    save_file({name: value.half().float() for name, value in weights.items()}, tmp_path / "plain.safetensors")
    model = load(tmp_path / "ViT.pt")
    assert {p.dtype for p in model.parameters()} == {torch.float16}
    full = load(tmp_path / "ViT.pt", dtype=torch.float32)
    assert {p.dtype for p in full.parameters()} == {torch.float32}
    assert alike(full, load(tmp_path / "plain.safetensors", **QUICK))


def test_archives_without_quickgelu_are_asked_about(tmp_path: Path, weights: dict[str, Tensor]):
    archive(tmp_path / "ViT.pt", weights, nn.GELU())
    with pytest.raises(InputError, match=r"activation=\.\.\.\): \"quick_gelu\" for OpenAI"):
        load(tmp_path / "ViT.pt")


def test_folders_and_shards_of_hugging_face(tmp_path: Path, weights: dict[str, Tensor]):
    names = sorted(weights)
    parts = {"model-00001-of-00002.safetensors": names[:7], "model-00002-of-00002.safetensors": names[7:]}
    for file, part in parts.items():
        save_file({name: weights[name] for name in part}, tmp_path / file)
    index = {"weight_map": {name: file for file, part in parts.items() for name in part}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    save_file(weights, tmp_path / "whole.safetensors")
    assert alike(load(tmp_path, **QUICK), load(tmp_path / "whole.safetensors", **QUICK))
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(InputError, match=r"part model-00002-of-00002.safetensors is not there \(1 of 2 parts are\)"):
        load(tmp_path, **QUICK)


def test_safetensors_come_first_and_several_files_are_not_guessed_between(tmp_path: Path, weights: dict[str, Tensor]):
    save_file(weights, tmp_path / "model.safetensors")
    torch.save({}, tmp_path / "pytorch_model.bin")
    assert open_checkpoint(tmp_path).path.name == "model.safetensors"
    (tmp_path / "model.safetensors").rename(tmp_path / "x.safetensors")
    (tmp_path / "pytorch_model.bin").rename(tmp_path / "y.bin")
    with pytest.raises(InputError, match=r"holds several: x\.safetensors, y\.bin"):
        open_checkpoint(tmp_path)


def test_weights_can_be_trained_without_touching_the_file(tmp_path: Path, weights: dict[str, Tensor]):
    for name, save in (("a.safetensors", save_file), ("b.pt", torch.save)):
        save(weights, tmp_path / name)
        before = (tmp_path / name).read_bytes()
        model = load(tmp_path / name, **QUICK)
        with torch.no_grad():
            for parameter in model.parameters():
                assert parameter.requires_grad
                parameter.add_(1)
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("visual.ln_post.bias"), r"lacks weights for image_encoder\.norm\.bias"),
        (lambda w: w.pop("text_projection"), r"has no key 'text_projection'"),
        (lambda w: w.update({"visual.extra": torch.ones(2)}), r"no place for: visual\.extra"),
        (lambda w: w.update({"visual.proj": torch.ones(128, 65)}), r"W_i are \(128, 65\), .* has \(128, 64\)"),
        (lambda w: w.update({"logit_scale": torch.ones(3)}), r"logit_scale \(3,\) cannot become t"),
        (lambda w: w.update({"visual.positional_embedding": torch.ones(18, 128)}), r"image_size=.*17 patches of 8"),
        (lambda w: w.clear(), "holds no weights"),
        (lambda w: [w.pop(n) for n in list(w) if "visual" in n], r"of no known layout: its keys are .* known are"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, weights: dict[str, Tensor], change, words: str):
    change(weights)
    torch.save(weights, tmp_path / "clip.pt")
    with pytest.raises(InputError, match=words) as error:
        load(tmp_path / "clip.pt", **QUICK)
    assert "clip.pt" in str(error.value)


def test_a_missing_layer_is_named(tmp_path: Path):
    weights = recipe.weights(recipe.openai_clip(vocabulary=100, layers=3))
    save_file({n: v for n, v in weights.items() if ".resblocks.1." not in n}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=r"lacks the layer visual\.transformer\.resblocks\.1\."):
        load(tmp_path / "a.safetensors", **QUICK)


def test_what_the_file_cannot_tell_is_asked_for_and_strangers_are_refused(tmp_path: Path, weights: dict[str, Tensor]):
    save_file(weights, tmp_path / "clip.safetensors")
    with pytest.raises(InputError, match=r"does not say its activation.*pass load\(\.\.\., activation="):
        load(tmp_path / "clip.safetensors")
    with pytest.raises(InputError, match=r"load\(\) got activaton, but .* takes activation, eps"):
        load(tmp_path / "clip.safetensors", activaton="gelu", **QUICK)
    (tmp_path / "open_clip_config.json").write_text('{"model_cfg": {"quick_gelu": true}}')
    assert load(tmp_path / "clip.safetensors").config.text.activation == "quick_gelu"
    asked = '{"model_cfg": {"text_cfg": {"no_causal_mask": true}}}'
    (tmp_path / "open_clip_config.json").write_text(asked)
    with pytest.raises(InputError, match="no_causal_mask = True, which is not handled"):
        load(tmp_path / "clip.safetensors")


def test_widths_that_64_does_not_divide_are_asked_about(tmp_path: Path):
    save_file(recipe.weights(recipe.openai_clip(width=96, vocabulary=100)), tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=r"does not say its image_heads.*width / 64"):
        load(tmp_path / "a.safetensors", **QUICK)
    assert load(tmp_path / "a.safetensors", image_heads=3, **QUICK).config.image.heads == 3


def test_eps_of_a_hugging_face_vit_without_configuration_is_asked_about(tmp_path: Path):
    shapes = {
        "embeddings.patch_embeddings.projection.weight": (64, 3, 8, 8), "embeddings.position_embeddings": (1, 17, 64),
        "encoder.layer.0.intermediate.dense.weight": (128, 64),
    }  # fmt: skip
    save_file(recipe.weights(shapes), tmp_path / "vit.safetensors")
    with pytest.raises(InputError, match="does not say its heads"):
        load(tmp_path / "vit.safetensors")
    with pytest.raises(InputError, match=r"does not say its eps.*1e-12 in the published files"):
        load(tmp_path / "vit.safetensors", heads=4, activation="gelu")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><title>404</title>", "web page"),
        (b"PK\x03\x04 but then nothing", "cannot read"),
        (b"\x80\x02 no pickle", "cannot read"),
        (b"\x40\x00\x00\x00\x00\x00\x00\x00{ no JSON", "cannot read"),
        (b"MZ\x90\x00" * 50, "neither safetensors nor a PyTorch file"),
    ],
)
def test_files_that_are_no_checkpoints_are_named(tmp_path: Path, content: bytes, words: str):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"(?s)model\.safetensors.*{words}|{words}.*model\.safetensors"):
        load(path)


@pytest.mark.parametrize("part", [0.001, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["safetensors", "pt", "old", "npz", "archive"])
def test_truncated_checkpoints_are_named(tmp_path: Path, weights: dict[str, Tensor], kind: str, part: float):
    path = tmp_path / f"cut.{kind}"
    match kind:
        case "safetensors":
            save_file(weights, path)
        case "npz":
            with path.open("wb") as file:
                np.savez(file, **{name: value.numpy() for name, value in weights.items()})
        case "archive":
            archive(path, weights, QuickGELU())
        case _:
            torch.save(weights, path, _use_new_zipfile_serialization=kind == "pt")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(InputError, match=r"cannot read .*cut\."):
        load(path, **QUICK)


class Stranger:
    """Something that a pickle can hold beside weights."""


def test_pickles_with_other_objects_are_not_run(tmp_path: Path, weights: dict[str, Tensor]):
    torch.save({"state_dict": weights, "args": Stranger()}, tmp_path / "trainer.pt")
    with pytest.raises(InputError, match=r"trainer\.pt holds Python objects that are not weights"):
        load(tmp_path / "trainer.pt", **QUICK)
    (tmp_path / "plain.pt").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(InputError, match=r"plain\.pt"):
        load(tmp_path / "plain.pt")


def test_absent_files_and_empty_folders_are_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere\.pt is not there"):
        load(tmp_path / "nowhere.pt")
    with pytest.raises(InputError, match="it holds none"):
        load(tmp_path)


MEASURE = """
import resource, sys, torch
from ateneo.models.loading import load
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024
warm, path, answers = sys.argv[1], sys.argv[2], eval(sys.argv[3])
load(warm, **answers)  # what is imported and allocated at the first use
before = peak()
model = load(path, **answers)
total = sum(p.sum().item() for p in model.parameters())  # every page is read
print(peak() - before)
"""


def big(kind: str, path: Path) -> tuple[Path, dict[str, object]]:
    """A checkpoint of some 100 MB, whose weights are one number."""
    if kind == "npz":
        shapes = recipe.google_vit(width=512, layers=8, heads=8, patch=16, size=64)
        np.savez(path / "a.npz", **{name: np.full(shape, 0.01, np.float32) for name, shape in shapes.items()})
        return path / "a.npz", {}
    shapes = recipe.openai_clip(width=768, layers=3, vocabulary=1000, text_width=512, text_layers=2, embed=512)
    if kind == "hugging face":
        shapes = hugging_face_names(shapes)
    weights = {name: torch.full(shape, 0.01) for name, shape in shapes.items()}
    if kind == "archive":
        archive(path / "a.pt", weights, QuickGELU())
        return path / "a.pt", {}
    (torch.save if kind == "pt" else save_file)(weights, path / "a.file")
    return path / "a.file", QUICK


def hugging_face_names(shapes: recipe.Shapes) -> dict[str, tuple[int, ...]]:
    """The same model under the names of Hugging Face."""
    names: dict[str, tuple[int, ...]] = {}
    table = [
        ("visual.class_embedding", "vision_model.embeddings.class_embedding"),
        ("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
        ("visual.proj", "visual_projection.weight"), ("visual.conv1", "vision_model.embeddings.patch_embedding"),
        ("visual.ln_pre", "vision_model.pre_layrnorm"), ("visual.ln_post", "vision_model.post_layernorm"),
        ("visual.transformer.resblocks", "vision_model.encoder.layers"),
        ("transformer.resblocks", "text_model.encoder.layers"), ("text_projection", "text_projection.weight"),
        ("token_embedding", "text_model.embeddings.token_embedding"), ("ln_final", "text_model.final_layer_norm"),
        ("positional_embedding", "text_model.embeddings.position_embedding.weight"),
        (".attn.", ".self_attn."), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("c_fc", "fc1"), ("c_proj", "fc2"),
    ]  # fmt: skip
    for name, shape in shapes.items():
        for old, new in table:
            name = name if new in name else re.sub(rf"(^|(?<=\.)|(?=\.)){re.escape(old)}", new, name, count=1)
        shape = shape[::-1] if name in ("visual_projection.weight", "text_projection.weight") else shape
        if "in_proj_" in name:
            third = (shape[0] // 3, *shape[1:])
            names |= {name.replace("in_proj_", f"{letter}_proj."): third for letter in "qkv"}
        else:
            names[name] = shape
    return names


@pytest.mark.parametrize("kind", ["safetensors", "pt", "hugging face", "npz", "archive"])
def test_loading_takes_at_most_a_fifth_more_memory_than_the_file(tmp_path: Path, kind: str):
    path, answers = big(kind, tmp_path)
    small = recipe.weights(SHAPES)
    warm = tmp_path / "warm"
    archive(warm, small, QuickGELU())
    size = path.stat().st_size
    assert size > (40e6 if kind == "archive" else 90e6)
    run = [sys.executable, "-c", MEASURE, warm, path, repr(answers)]
    taken = int(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    assert taken < 1.2 * size, f"{taken / size:.2f} of the file"
