"""What the recipe learns from, and that its three tasks learn."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

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


def small_stock(stock: ModuleType) -> object:
    """Twelve drawings of six things, the last of them kept apart."""
    chance = np.random.default_rng(0)
    colours = chance.integers(0, 255, (12, 3, 1, 1))
    pixels = np.full((12, 3, 64, 64), 255, np.uint8)
    pixels[:, :, 16:48, 16:48] = colours
    vectors = chance.standard_normal((12, 2, 384)).astype(np.float32)
    concept = np.arange(12) // 2
    names = tuple({"es": f"cosa {n}", "en": f"thing {n}"} for n in range(6))
    texts = chance.standard_normal((12, 384)).astype(np.float32)
    held_texts = tuple((f"{n} {language}", n, language) for n in range(6) for language in ("es", "en"))
    return stock.Stock(pixels, vectors, concept, concept % 3, names, texts, concept, held_texts, frozenset({5}))


def test_what_is_kept_apart_is_in_no_batch_and_vectors_follow_the_mirror(recipe: tuple[ModuleType, ModuleType]) -> None:
    stock, _ = recipe
    made = small_stock(stock)
    learned, held = stock.Drawings(made), stock.Drawings(made, held=True)
    assert (len(learned), len(held)) == (10, 2)
    batch = learned.batch(range(10))
    assert all(made.concept[item.place] != 5 for item in batch.items)
    for item in batch.items:
        assert any(torch.equal(item.vector, torch.from_numpy(made.vectors[item.place, side])) for side in (0, 1))
    again = learned.batch(range(10))
    assert torch.equal(batch.pixels, again.pixels)


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
    adam = torch.optim.Adam([p for p in task.parameters() if p.requires_grad], lr=2e-3)
    losses = []
    for _ in range(8):
        torch.manual_seed(1)
        loss = task(pictures.batch(range(8)))
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert sum(losses[-2:]) < 0.95 * sum(losses[:2])


def test_vectors_are_left_out_at_times_so_that_one_network_draws_anything(
    recipe: tuple[ModuleType, ModuleType],
) -> None:
    stock, tasks = recipe
    made = replace(small_stock(stock))  # type: ignore[type-var]
    task = tasks.DecoderTask(made)
    seen: list[torch.Tensor] = []
    task.model.register_forward_pre_hook(lambda module, args, kwargs: seen.append(kwargs["vector"]), with_kwargs=True)
    torch.manual_seed(0)
    with torch.no_grad():
        for _ in range(4):
            task(stock.Drawings(made).batch(range(10)))
    empty = (torch.cat(seen) == 0).all(1).float().mean()
    assert 0 < empty < 0.5
