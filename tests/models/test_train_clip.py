"""Learning pictures and words together, alone and in several processes, at once and part by part."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ateneo.errors import InputError
from ateneo.models.clip import Clip, ClipConfig, TextConfig, contrastive_loss, l2_normalize
from ateneo.models.loading import load
from ateneo.models.preprocess import Preprocess
from ateneo.models.tokenizer import Tokenizer
from ateneo.models.train.clip import HIGHEST, ClipTask, clip_config_by_name, joint_loss, learned_tokenizer
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.items import File, Item, find_items, hold_apart
from ateneo.models.train.loop import Settings, train
from ateneo.models.train.pictures import decode, normalised
from ateneo.models.train.wordings import Wording
from ateneo.models.vit import ViTConfig
from tests.models.pictures import class_folders, png, shards

LEARNED = [
    Wording(
        "es", ("una foto de {}", "esto es {}"), {"red": ("algo rojo", "un rojo"), "blue": ("algo azul", "un azul")}
    ),
    Wording(
        "en", ("a photo of {}", "this is {}"), {"red": ("something red", "red"), "blue": ("something blue", "blue")}
    ),
]
HELD = [
    Wording("es", ("mira {}",), {"red": ("lo rojo",), "blue": ("lo azul",)}),
    Wording("en", ("look at {}",), {"red": ("the red one",), "blue": ("the blue one",)}),
]
CLASSES = ["blue", "red"]


class Still(ClipTask):
    """Without chance in pictures and words, so that two ways to the same gradients can be compared."""

    def inputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The pictures as they are, each with its own caption."""
        return batch.pixels.float() / 127.5 - 1, self.tokenizer.encode([item.captions[0] for item in batch.items])


def task(*, part: int = 0, keep: float = 1.0) -> Still:
    """A tiny CLIP with the same weights every time."""
    words = Tokenizer.train([f"number {n} is {n * 7}" for n in range(16)], vocabulary=540, context=16)
    image = ViTConfig(image_size=16, patch_size=4, width=32, layers=2, heads=2, mlp_width=64, pool="mean")
    text = TextConfig(vocabulary=words.vocabulary, context=16, width=32, layers=2, heads=2, mlp_width=64)
    torch.manual_seed(0)
    return Still(ClipConfig(24, image, text), words, part=part, keep=keep)


def sixteen() -> Batch:
    """Sixteen pairs."""
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (16, 3, 16, 16), generator=generator).to(torch.uint8)
    return Batch(pixels, [Item(str(n), File(Path()), (f"number {n} is {n * 7}",)) for n in range(16)])


def gradients(one: ClipTask) -> dict[str, Tensor]:
    """Loss and gradients of the sixteen pairs."""
    torch.manual_seed(5)
    loss = one.backward(one, sixteen(), lambda x: x)
    return {"loss": loss} | {name: p.grad for name, p in one.named_parameters() if p.grad is not None}


def close(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """The same names, and tensors equal to the rounding of float32."""
    return one.keys() == other.keys() and all(
        torch.allclose(one[name], other[name], rtol=1e-4, atol=1e-6 * float(one[name].abs().max() + 1)) for name in one
    )


@pytest.mark.parametrize(("part", "keep"), [(4, 1.0), (5, 1.0), (4, 0.5)])
def test_gradients_in_parts_equal_those_at_once(part: int, keep: float) -> None:
    at_once, in_parts = gradients(task(keep=keep)), gradients(task(keep=keep, part=part))
    if keep == 1:
        assert close(at_once, in_parts)
    else:  # chance leaves out other patches in parts than at once, but must be the same in both passes of a part
        first, again = in_parts, gradients(task(keep=keep, part=part))
        assert close(first, again)
        assert close(first, by_hand(task(keep=keep), part))


def by_hand(one: ClipTask, part: int) -> dict[str, Tensor]:
    """All parts embedded with gradients, in the order of the cached way, and the loss of all."""
    torch.manual_seed(5)
    pixels, tokens = one.inputs(sixteen())
    rows = [one.embed(*pair) for pair in zip(pixels.split(part), tokens.split(part), strict=True)]
    loss = contrastive_loss(*(torch.cat(column) for column in zip(*rows, strict=True)), one.model.t)  # type: ignore[misc]
    loss.backward()
    return {"loss": loss.detach()} | {name: p.grad for name, p in one.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("part", [0, 4])
def test_two_processes_have_the_loss_and_gradients_of_one_with_the_joint_batch(tmp_path: Path, part: int) -> None:
    torchrun = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = ["-m", "tests.models.two_processes", str(tmp_path / "two.pt"), str(part)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    root = Path(__file__).parents[2]
    done = subprocess.run([*torchrun, *script], cwd=root, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert close(gradients(task()), torch.load(tmp_path / "two.pt", weights_only=True))


def test_alone_the_joint_loss_is_the_contrastive_loss() -> None:
    I_e, T_e = (l2_normalize(torch.randn(5, 8)) for _ in range(2))
    t = torch.tensor(1.0)
    assert torch.equal(joint_loss(I_e, T_e, t), contrastive_loss(I_e, T_e, t))


def test_the_temperature_stays_within_its_bounds() -> None:
    one = task()
    for given, kept in ((9.0, HIGHEST), (-1.0, 0.0), (2.0, 2.0)):
        with torch.no_grad():
            one.model.t.fill_(given)
        one.after_step()
        assert one.model.t.item() == pytest.approx(kept)


def test_a_clip_learns_two_colours_and_is_asked_with_words_it_never_saw(tmp_path: Path) -> None:
    learn, held = hold_apart(find_items(class_folders(tmp_path / "data")), 0.25)
    words = learned_tokenizer(learn, LEARNED, CLASSES, vocabulary=600, context=16)
    config = clip_config_by_name("small", image_size=16, patch_size=4, tokenizer=words)
    torch.manual_seed(0)
    one = ClipTask(config, words, classes=CLASSES, wordings=LEARNED, held_wordings=HELD, keep=0.5, part=8)
    settings = Settings(steps=30, batch=16, lr=1e-3, warmup=5, ema=0.8, test_every=30, show_every=30)
    pictures = [Pictures(part, 16) for part in (learn, held)]
    folder = train(one, *pictures, out=tmp_path / "run", settings=settings)
    model = load(folder)
    assert isinstance(model, Clip)
    assert model.config == config
    assert one.test(model, pictures[1]) == {"accuracy": 1.0, "accuracy es": 1.0, "accuracy en": 1.0}
    again = Tokenizer.load(folder)
    assert torch.equal(again.encode(["una foto de algo rojo"]), words.encode(["una foto de algo rojo"]))
    seen = normalised(decode(png("red", 0), 16)[None])
    torch.testing.assert_close(Preprocess.beside(folder)(png("red", 0)), seen, atol=1e-6, rtol=0)
    assert (tmp_path / "run" / "shown" / "0000030.png").exists()


def test_pictures_with_captions_are_measured_by_finding_them(tmp_path: Path) -> None:
    learn, held = hold_apart(find_items(shards(tmp_path / "data")), 0.25)
    words = learned_tokenizer(learn, [], [], vocabulary=600, context=16)
    config = clip_config_by_name("small", image_size=16, patch_size=4, tokenizer=words)
    one = ClipTask(config, words)
    figures = one.test(one.model.eval(), Pictures(held, 16))
    assert list(figures) == ["first of 256"]
    assert 0 <= figures["first of 256"] <= 1
    one.show(one.model, Pictures(held, 16), tmp_path / "shown.png")
    assert (tmp_path / "shown.png").exists()


def test_words_are_needed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png("red", 0))
    with pytest.raises(InputError, match="no picture has a caption"):
        learned_tokenizer(find_items(tmp_path), [], [], vocabulary=600, context=16)
