"""CLIP equals its references, its loss is the source's, and its short cuts change nothing."""

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from ateneo.errors import InputError, SettingsError
from ateneo.models.clip import (
    Clip,
    ClipConfig,
    TextConfig,
    class_vectors,
    clip,
    contrastive_loss,
    l2_normalize,
    zero_shot,
)
from ateneo.models.loading import load
from ateneo.models.resnet import ResNetConfig
from ateneo.models.vit import ViTConfig
from tests.models import recipe
from tests.models.test_vit import close, measured

IMAGE = ViTConfig(image_size=16, patch_size=8, width=32, layers=2, heads=2, mlp_width=64, pre_norm=True)
TEXT = TextConfig(vocabulary=100, context=12, width=32, layers=2, heads=2, mlp_width=64)
TINY = ClipConfig(16, IMAGE, TEXT)


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("RN50", 102_007_137), ("RN101", 119_688_033), ("RN50x4", 178_300_601), ("RN50x16", 290_979_217),
        ("RN50x64", 623_258_305), ("ViT-B/32", 151_277_313), ("ViT-B/16", 149_620_737), ("ViT-L/14", 427_616_513),
        ("ViT-L/14@336px", 427_944_193), ("ViT-H/14", 986_109_441), ("ViT-g/14", 1_366_678_273),
        ("ViT-bigG/14", 2_539_567_105),
    ],
)  # fmt: skip
def test_published_models_by_name_have_their_parameters(name: str, parameters: int):
    with torch.device("meta"):
        assert sum(p.numel() for p in clip(name).parameters()) == parameters


@pytest.mark.parametrize(("name", "visual"), [("RN50", 38_316_896), ("ViT-B/32", 87_849_216)])
def test_the_image_tower_with_its_projection_has_its_share(name: str, visual: int):
    with torch.device("meta"):
        model = clip(name)
    image = [*model.image_encoder.parameters(), *([] if model.W_i is None else [model.W_i])]
    assert sum(p.numel() for p in image) == visual


def small(tmp_path: Path) -> Clip:
    save_file(recipe.weights(recipe.openai_clip()), tmp_path / "clip.safetensors")
    model = load(tmp_path / "clip.safetensors", activation="quick_gelu")
    assert isinstance(model, Clip)
    return model


def test_small_openai_clip_gives_the_published_numbers(tmp_path: Path):
    model, x, words = small(tmp_path), recipe.pixels(2, 32), recipe.tokens(*recipe.TWO_TEXTS)
    assert measured(model.encode_image(x), 36.482801, 149.897858, [1.2505152, 0.8424535, -1.4454366])
    texts = model.encode_text(words)
    assert [texts.sum().item(), texts.abs().sum().item()] == pytest.approx([12.954872, 99.099713], rel=1e-5)
    logits = model.similarities(x, words)
    assert close(logits, torch.tensor([[0.46501380, 0.24516058], [1.00192463, 1.14948606]]))
    assert contrastive_loss(*model(x, words), model.t).item() == pytest.approx(0.63711345, rel=1e-5)


def test_vit_b_32_gives_the_published_numbers(tmp_path: Path):
    shapes = recipe.openai_clip(embed=512, size=224, layers=12, width=768, patch=32, text_width=512, text_layers=12)
    assert len(shapes) == 302
    torch.save(recipe.weights(shapes), tmp_path / "ViT-B-32.pt")
    model = load(tmp_path / "ViT-B-32.pt", activation="quick_gelu")
    assert model.config == clip_config_of("ViT-B/32")
    x = model.encode_image(recipe.pixels(1, 224))
    assert measured(x, 15.627950, 481.924375, [-1.2502388, 0.1885164, 0.2970699])
    texts = model.encode_text(recipe.tokens(*recipe.TWO_TEXTS))
    assert [texts.sum().item(), texts.abs().sum().item()] == pytest.approx([-50.964360, 882.986234], rel=1e-5)


def clip_config_of(name: str) -> ClipConfig:
    with torch.device("meta"):
        return clip(name).config


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
@pytest.mark.parametrize("end", [2, 999])
def test_hugging_face_clip_is_equalled(tmp_path: Path, activation: str, end: int):
    shared = {"hidden_act": activation, "num_hidden_layers": 2}
    vision = shared | {
        "hidden_size": 96,
        "num_attention_heads": 3,
        "intermediate_size": 128,
        "image_size": 32,
        "patch_size": 8,
    }
    text = shared | {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 96, "vocab_size": 1000,
                     "eos_token_id": end}  # fmt: skip
    reference = CLIPModel(CLIPConfig(vision_config=vision, text_config=text, projection_dim=48)).eval()
    shapes = {name: tuple(tensor.shape) for name, tensor in reference.state_dict().items()}
    reference.load_state_dict(recipe.weights(shapes))
    reference.save_pretrained(tmp_path)
    x, words = recipe.pixels(3, 32), recipe.tokens([3, 4], [5, 6, 7], [], start=998, end=999)
    wanted, model = reference(input_ids=words, pixel_values=x), load(tmp_path)
    assert close(model.encode_image(x, normalize=True), wanted.image_embeds)
    assert close(model.encode_text(words, normalize=True), wanted.text_embeds)
    assert close(model.similarities(x, words), wanted.logits_per_image)
    assert close(model.similarities(x, words).T, wanted.logits_per_text)


def test_open_clip_with_gelu_is_equalled_under_every_name_it_is_saved_with(tmp_path: Path):
    plain = recipe.weights(recipe.openai_clip(vocabulary=1000))
    config = '{"model_cfg": {"embed_dim": 64, "vision_cfg": {"head_width": 64}, "text_cfg": {"heads": 1}}}'
    (tmp_path / "open_clip_config.json").write_text(config)
    visual = ("visual.", "logit_scale")
    custom = {name if name.startswith(visual) else f"text.{name}": value for name, value in plain.items()}
    trained = {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in custom.items()}}
    for number, saved in enumerate((plain, custom, trained)):
        path = tmp_path / f"{number}.pt"
        torch.save(saved, path)
        model = load(path)
        x = model.encode_image(recipe.pixels(2, 32))
        assert measured(x, 36.520318, 149.832863, [1.2402163, 0.8555335, -1.4378809])
        words = model.encode_text(recipe.tokens([3, 4], [5, 6, 7], start=998, end=999))
        assert measured(words, 9.538249, 110.939214, [-1.1832075, 0.0940068, -0.9959704])


def test_modified_resnet_is_equalled(tmp_path: Path):
    save_file(recipe.weights(recipe.openai_resnet()), tmp_path / "resnet.safetensors")
    model = load(tmp_path / "resnet.safetensors", activation="quick_gelu")
    assert isinstance(model.config.image, ResNetConfig)
    x = model.encode_image(recipe.pixels(2, 64))
    assert measured(x, 4.535502, 23.297264, [0.1470424, -0.3931630, 0.2422399])
    words = model.encode_text(recipe.tokens([3, 4], [5, 6, 7], start=998, end=999))
    assert measured(words, 9.798410, 111.061032, [-1.1679806, 0.1027904, -0.9963865])


def test_texts_are_cut_at_the_longest_end_without_any_change(tmp_path: Path):
    model = small(tmp_path)
    words = recipe.tokens(*recipe.TWO_TEXTS, list(range(1, 60)))
    together = model.encode_text(words)
    alone = torch.cat([model.encode_text(row[None]) for row in words])
    end = words.argmax(1)
    uncut = model.text_encoder.read(words, end) @ model.W_t
    assert close(together, uncut)
    assert close(alone, uncut)


def test_what_follows_the_end_of_a_text_does_not_matter(tmp_path: Path):
    model, words = small(tmp_path), recipe.tokens(*recipe.TWO_TEXTS)
    padded = torch.where(torch.arange(77) > words.argmax(1, keepdim=True), 49407, words)
    assert torch.equal(model.encode_text(padded), model.encode_text(words))


def test_bag_of_words_does_not_see_order_or_padding():
    model = Clip(ClipConfig(16, IMAGE, TextConfig(tower="bag of words", vocabulary=100, context=12, width=32)))
    rows = recipe.tokens([7, 8, 9], [9, 7, 8], [9, 9, 8], start=98, end=99, context=12)
    a, b, c = model.encode_text(rows)
    assert torch.allclose(a, b, atol=1e-6)
    assert not torch.allclose(a, c, atol=1e-2)
    assert torch.allclose(model.encode_text(rows[:1, :5])[0], a, atol=1e-6)
    assert model.encode_text(recipe.tokens([], start=98, end=99, context=12)).isfinite().all()


def test_loss_is_the_source_s_pseudo_code():
    I_e, T_e, t = l2_normalize(torch.randn(6, 8)), l2_normalize(torch.randn(6, 8)), torch.tensor(1.3)
    logits = I_e.numpy() @ T_e.numpy().T * np.exp(1.3)
    losses = [np.mean(np.log(np.exp(x).sum(1)) - np.diag(x)) for x in (logits, logits.T)]
    assert contrastive_loss(I_e, T_e, t).item() == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("n", [1, 2, 17])
def test_loss_of_n_equal_pairs_is_log_n(n: int):
    same = l2_normalize(torch.randn(1, 8)).expand(n, 8)
    assert contrastive_loss(same, same, torch.tensor(4.0)).item() == pytest.approx(math.log(n), abs=1e-5)


def test_checkpointing_gives_the_same_gradients():
    plain = Clip(TINY)
    saving = copy.deepcopy(plain)
    saving.set_checkpointing()
    x, words = torch.randn(3, 3, 16, 16), recipe.tokens([1], [2, 3], [4], start=98, end=99, context=12)
    with torch.enable_grad():
        for model in (plain, saving):
            contrastive_loss(*model(x, words), model.t).backward()
    for a, b in zip(plain.parameters(), saving.parameters(), strict=True):
        assert torch.allclose(a.grad, b.grad, atol=1e-6)


class Letters:
    """Texts of one letter each as tokens."""

    def encode(self, texts: list[str]) -> Tensor:
        return recipe.tokens(*([ord(text[-1]) - 96] for text in texts), start=98, end=99, context=12)


def test_zero_shot_finds_the_class_whose_text_lies_nearest():
    model, x = Clip(TINY), torch.randn(5, 3, 16, 16)
    vectors = class_vectors(model, Letters(), classes=["a", "b", "c"], templates=["{}", "un {}"])
    I_e = model.encode_image(x, normalize=True)
    probabilities = zero_shot(model, x, vectors=vectors)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3))
    assert torch.allclose(probabilities.sum(1), torch.ones(5))
    assert torch.equal(probabilities.argmax(1), (I_e @ vectors.T).argmax(1))


def test_zero_shot_wants_a_place_for_the_class():
    with pytest.raises(InputError, match=r"template with \{\}"):
        class_vectors(Clip(TINY), Letters(), classes=["a"], templates=["a photo"])


@pytest.mark.parametrize(
    "wrong", [torch.zeros(2, 13, dtype=torch.long), torch.zeros(2, 5), torch.zeros(5, dtype=torch.long)]
)
def test_tokens_that_do_not_fit_are_refused(wrong: Tensor):
    with pytest.raises(InputError, match="up to 12 tokens"):
        Clip(TINY).encode_text(wrong)


def test_tokens_beyond_the_vocabulary_are_refused():
    for row in ([1, 2, 100], [1, -1, 2]):
        with pytest.raises(InputError, match="knows 100 tokens"):
            Clip(TINY).encode_text(torch.tensor([row]))


def test_pictures_of_another_size_are_refused_by_a_resnet():
    model = Clip(ClipConfig(8, ResNetConfig(64, layers=(1, 1, 1, 1), width=8, heads=4, output=8), TEXT))
    with pytest.raises(InputError, match=r"\(batch, 3, 64, 64\)"):
        model.encode_image(torch.zeros(1, 3, 32, 32))


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"ViT-B/33.*ViT-B/32.*RN50x64"):
        clip("ViT-B/33")
