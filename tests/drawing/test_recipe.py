"""What the recipe learns from, and that its three tasks learn."""

import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ateneo.models.noisy_tower import NoisyTowerConfig
from ateneo.models.unclip import Decoder, DecoderConfig
from ateneo.models.unet import UNetConfig

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "drawing"


@pytest.fixture(scope="module")
def recipe() -> tuple[ModuleType, ModuleType]:
    """stock and tasks, imported from the recipe's folder."""
    sys.path.insert(0, str(RECIPE))
    try:
        import stock
        import tasks
    finally:
        sys.path.remove(str(RECIPE))
    return stock, tasks


@pytest.fixture(scope="module")
def others() -> tuple[ModuleType, ModuleType, ModuleType]:
    """judge, colours and make, imported from the recipe's folder."""
    sys.path.insert(0, str(RECIPE))
    try:
        import colours
        import judge
        import make
    finally:
        sys.path.remove(str(RECIPE))
    return judge, colours, make


def small_stock(stock: ModuleType) -> object:
    """Twelve drawings of six things, the last of them kept apart, and a red one of each of the first two things."""
    chance = np.random.default_rng(0)
    own = torch.full((12, 3, 64, 64), 255, dtype=torch.uint8)
    own[:, :, 16:48, 16:40] = torch.from_numpy(chance.integers(0, 255, (12, 3, 1, 1), np.uint8))
    vectors = torch.from_numpy(chance.standard_normal((14, 2, 384)).astype(np.float32))
    concept = np.array([*range(6), *range(6), 0, 1])
    texts = torch.from_numpy(chance.standard_normal((14, 384)).astype(np.float32))
    return stock.Stock(
        pixels=torch.cat([own, own[:2] // 2]),
        concept=concept,
        style=np.arange(14) % 4,
        colour=np.array([-1] * 12 + [0, 0]),
        names=tuple({"es": f"cosa {n}", "en": f"thing {n}"} for n in range(6)),
        texts=texts,
        of=concept.copy(),
        of_colour=np.array([-1] * 12 + [0, 0]),
        held_texts=tuple((f"{n} {language}", n, language) for n in range(6) for language in ("es", "en")),
        held=frozenset({5}),
        vectors=vectors,
    )


def losses_of(task: torch.nn.Module, batch: object, *, steps: int, lr: float = 2e-3) -> list[float]:
    """The loss at each step of learning from one batch, with the same chance each time."""
    adam = torch.optim.Adam([p for p in task.parameters() if p.requires_grad], lr=lr)
    losses = []
    for _ in range(steps):
        torch.manual_seed(1)
        loss = task(batch)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return losses


def test_what_is_kept_apart_is_in_no_batch_and_vectors_follow_the_mirror(recipe: tuple[ModuleType, ModuleType]) -> None:
    stock, _ = recipe
    made = small_stock(stock)
    learned, held = stock.Drawings(made), stock.Drawings(made, held=True)
    assert (len(learned), len(held)) == (12, 2)
    assert all(made.concept[row] != 5 for row in learned.rows.tolist())
    batch = learned.batch(range(12))
    sides = set()
    for picture, vector, row in zip(batch.pixels, batch.vectors, learned.rows.tolist(), strict=True):
        [side] = [side for side in (0, 1) if torch.equal(vector, made.vectors[row, side])]
        left = (picture[0] != picture[0, 0, 0]).nonzero()[:, 1].float().mean() < 31.5
        assert left == (side == 0)  # the square stands left of the middle
        sides.add(side)
    assert sides == {0, 1}
    assert torch.equal(batch.pixels, learned.batch(range(12)).pixels)


def test_batches_hang_on_seed_and_step_so_that_a_run_taken_up_again_sees_the_same(
    recipe: tuple[ModuleType, ModuleType],
) -> None:
    stock, _ = recipe
    for kind in (stock.Drawings, stock.Pairs):
        pictures = kind(small_stock(stock))
        whole = pictures.shuffled(4, seed=3)
        three = [next(whole) for _ in range(3)]
        again = next(pictures.shuffled(4, seed=3, start=2))
        assert torch.equal(three[2].vectors, again.vectors)
        assert not torch.equal(three[1].vectors, again.vectors)


def test_a_text_that_names_a_colour_is_of_drawings_in_it(recipe: tuple[ModuleType, ModuleType]) -> None:
    stock, _ = recipe
    made = small_stock(stock)
    pairs = stock.Pairs(made)
    for _ in range(20):
        batch = pairs.batch(range(len(pairs)))
        for text, vector in zip(batch.texts, batch.vectors, strict=True):
            [said] = [n for n in range(14) if torch.equal(text, made.texts[n])]
            [seen] = {n for n in range(14) for side in (0, 1) if torch.equal(vector, made.vectors[n, side])}
            assert made.concept[seen] == made.of[said]
            assert made.colour[seen] == made.of_colour[said]


def test_a_drawing_in_another_colour_keeps_its_white_and_its_darks(
    others: tuple[ModuleType, ModuleType, ModuleType],
) -> None:
    _, colours, _ = others
    page = torch.full((1, 3, 8, 8), 255, dtype=torch.uint8)
    page[:, :, 2:6, 2:6] = torch.tensor([90, 160, 220], dtype=torch.uint8)[:, None, None]
    page[:, :, 3, 3] = 0
    red = colours.coloured(page, 0)
    assert red[0, :, 0, 0].tolist() == [255, 255, 255]
    assert red[0, :, 3, 3].max() < 40
    r, g, b = red[0, :, 5, 5].tolist()
    assert r > 180
    assert max(g, b) < 80


def test_colours_are_said_with_their_gender(others: tuple[ModuleType, ModuleType, ModuleType]) -> None:
    _, colours, _ = others
    assert colours.said_of({"es": "avión", "en": "airplane"}, 0) == ["red airplane", "avión rojo"]
    assert colours.said_of({"es": "casa con jardín", "en": "house"}, 0) == ["red house", "casa con jardín roja"]
    assert colours.COLOURS[0].named_in({"es": "corazón rojo", "en": "heart"})
    assert not colours.COLOURS[0].named_in({"es": "arrojo", "en": "reddish"})


def test_the_judge_lessens_its_loss_and_never_sees_its_held_style(
    recipe: tuple[ModuleType, ModuleType], others: tuple[ModuleType, ModuleType, ModuleType],
) -> None:  # fmt: skip
    (stock, _), (judge, _, _) = recipe, others
    torch.manual_seed(0)
    made = small_stock(stock)
    learned, held = judge.Judged(made), judge.Judged(made, held=True)
    assert {made.style[row] for row in learned.rows.tolist()} == {0, 1, 2}
    assert {made.style[row] for row in held.rows.tolist()} == {3}
    task = judge.JudgeTask(made)
    losses = losses_of(task, learned.batch(range(len(learned))), steps=8)
    assert losses[-1] < 0.9 * losses[0]
    assert 0 <= task.test(task.model, held)["names"] <= 1


def tower_task(stock: ModuleType, noise: ModuleType) -> torch.nn.Module:
    """A task of few numbers, with a decoder that believes what it is told."""
    torch.manual_seed(0)
    unit, made = torch.nn.functional.normalize, small_stock(stock)
    made = stock.replace(made, vectors=unit(made.vectors, dim=-1), texts=unit(made.texts, dim=-1))
    unet = UNetConfig(in_channels=48, out_channels=48, channels=8, widths=(8, 16), blocks=1, attention=(), groups=4,
                      vector=384)  # fmt: skip
    decoder = Decoder(DecoderConfig(patch=4, unet=unet, text=384))
    for weights in decoder.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.1)
    return noise.TowerTask(made, decoder, NoisyTowerConfig(widths=(16, 32), blocks=(1, 1), hidden=32, times=16))


def test_the_tower_learns_what_is_seen_what_it_is_called_and_which_way_it_leads(
    recipe: tuple[ModuleType, ModuleType], others: tuple[ModuleType, ModuleType, ModuleType],
) -> None:  # fmt: skip
    (stock, _), noise = recipe, others[2].through_noise
    task = tower_task(stock, noise)
    learned, held = stock.Drawings(task.stock), stock.Drawings(task.stock, held=True)
    batch = learned.batch(range(5))
    torch.manual_seed(1)
    i = torch.randint(1, 1000, (5,))
    x = task._noisy(batch.pixels, i)

    def alike() -> float:
        moved, _ = task._moved(x, i, task.model.asked(batch.vectors, batch.texts), learn=False)
        wanted = task._wanted(x, i, batch.vectors, batch.texts)
        return float(torch.cosine_similarity(moved.flatten(1), wanted.flatten(1), dim=1).mean())

    before, losses = alike(), losses_of(task, batch, steps=100, lr=1e-2)
    assert losses[-1] < 0.9 * losses[0]
    assert alike() > before + 0.1
    found = task.test(task.model.eval(), held)
    assert -1 <= found["alike"] <= 1
    assert -1 <= found["gradient"] <= 1
    assert 0 <= found["names"] <= 1
    assert not any(name.startswith("_decoder") for name, _ in task.named_parameters())


def test_a_convolutions_gradient_has_the_gradient_that_torchs_has(
    others: tuple[ModuleType, ModuleType, ModuleType],
) -> None:
    twice = sys.modules[others[2].through_noise.Convolution.__module__]
    torch.manual_seed(0)
    for stride, side in ((1, 3), (2, 2)):
        ours = twice.Convolution(3, 5, side, stride=stride, padding=1 if stride == 1 else 0).double()
        torchs = torch.nn.Conv2d(3, 5, side, stride=stride, padding=ours.padding).double()
        torchs.load_state_dict(ours.state_dict())
        x, found = torch.randn(2, 3, 8, 8, dtype=torch.float64), []
        for one in (ours, torchs):
            y = x.clone().requires_grad_()
            with twice.Convolution.to_input_alone():
                (g,) = torch.autograd.grad(torch.tanh(one(y)).sum(), y, create_graph=True)
            (g**2).sum().backward()
            found.append((g.detach(), one.weight.grad, one.bias.grad))
        for mine, theirs in zip(*found, strict=True):
            torch.testing.assert_close(mine, theirs)


def test_what_is_as_true_as_a_pictures_own_text_is_no_other_choice(
    recipe: tuple[ModuleType, ModuleType], others: tuple[ModuleType, ModuleType, ModuleType],
) -> None:  # fmt: skip
    (stock, _), noise = recipe, others[2].through_noise
    task = tower_task(stock, noise)
    made = task.stock
    batch = stock.Drawn(
        made.pixels[:3], (), vectors=made.vectors[:3, 0], texts=torch.eye(384)[:3],
        concept=torch.tensor([2, 2, 3]), colour=torch.tensor([-1, -1, -1]),
    )  # fmt: skip
    for text in (1, 2):  # seen as the text of another picture: of the same thing, then of another
        seen = torch.eye(384)[[text, text, text]]
        lost = task._called(seen, batch)[0].item()
        assert (lost < 20) == (text == 1)


def test_seconds_take_the_place_of_steps_and_the_batch_is_shared_out(
    others: tuple[ModuleType, ModuleType, ModuleType],
) -> None:
    make = others[2]
    options = make.arguments("--work w --pictures p --batch 512 --seconds 240".split())
    found = {name: make.settings_of(run, options) for name, run in make.RUNS.items()}
    assert {name: one.seconds for name, one in found.items()} == {
        "decoder": 240, "vqgan": 60, "prior": 30, "judge": 60, "tower": 480,
    }  # fmt: skip
    assert found["prior"].batch == 2048
    assert min(one.steps for one in found.values()) > 10**6


def test_what_has_a_run_is_shipped_and_what_it_learned_before_is_remembered(
    recipe: tuple[ModuleType, ModuleType], others: tuple[ModuleType, ModuleType, ModuleType], tmp_path: Path
) -> None:
    ship, out = others[2].ship, tmp_path / "out"
    shutil.copytree(RECIPE.parents[1] / "src" / "ateneo" / "small" / "drawing", out)
    before, run = ship.learned(out, "prior"), tmp_path / "runs" / "prior"
    (run / "model").mkdir(parents=True)
    save_file({"weight": torch.ones(2)}, run / "model" / "model.safetensors")
    (run / "model" / "config.json").write_text('{"ateneo": "prior"}')
    (run / "metrics.jsonl").write_text('{"step": 20}\n{"step": 31, "loss": 1.0}\n')
    decoder = (out / "decoder.safetensors").read_bytes()
    given = {"stock": small_stock(recipe[0]), "batches": {"prior": 256}}
    ship.write(tmp_path, out, **given, begun=True, held=tmp_path / "held.json")
    assert ship.learned(out, "prior") == [*before, [31, 256]]
    told = ", then ".join(f"{steps} steps of {batch}" for steps, batch in [*before, [31, 256]])
    assert told in (out / "card.md").read_text()
    assert load_file(out / "prior.safetensors")["weight"].dtype == torch.float16
    assert (out / "decoder.safetensors").read_bytes() == decoder
    ship.write(tmp_path, out, **given, held=tmp_path / "held.json")
    assert ship.learned(out, "prior") == [[31, 256]]


def test_a_drawing_lies_in_the_middle_of_white(recipe: tuple[ModuleType, ModuleType]) -> None:
    stock, _ = recipe
    drawing = np.zeros((96, 96, 4), np.uint8)
    drawing[24:72, 24:72] = (200, 0, 0, 255)
    page = stock.on_white(drawing)
    assert page.shape == (3, 64, 64)
    assert page[:, 0, 0].tolist() == [255, 255, 255]
    assert page[:, 32, 32].tolist() == [200, 0, 0]


@pytest.mark.parametrize("name", ["DecoderTask", "VqganTask", "PriorTask"])
def test_each_task_lessens_its_loss(recipe: tuple[ModuleType, ModuleType], name: str) -> None:
    stock, tasks = recipe
    torch.manual_seed(0)
    made = small_stock(stock)
    task = getattr(tasks, name)(made)
    pictures = stock.Pairs(made) if name == "PriorTask" else stock.Drawings(made)
    losses = losses_of(task, pictures.batch(range(4)), steps=12)
    assert sum(losses[-2:]) < 0.95 * sum(losses[:2])


def test_vectors_are_left_out_at_times_so_that_one_network_draws_anything(
    recipe: tuple[ModuleType, ModuleType],
) -> None:
    stock, tasks = recipe
    made = small_stock(stock)
    task = tasks.DecoderTask(made)
    seen: list[torch.Tensor] = []
    task.model.register_forward_pre_hook(lambda module, args, kwargs: seen.append(kwargs["vector"]), with_kwargs=True)
    torch.manual_seed(0)
    with torch.no_grad():
        for _ in range(4):
            task(stock.Drawings(made).batch(range(12)))
    empty = (torch.cat(seen) == 0).all(1).float().mean()
    assert 0 < empty < 0.5
