"""The recipe of the image tower: what it draws, says and learns, on tiny data made on the spot."""

import io
import json
import pickle
import shutil
import struct
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# ruff: noqa: N803, N806 (the symbols of the papers)
torch = pytest.importorskip("torch")
pytest.importorskip("cv2", reason="the recipe needs opencv-python-headless")

RECIPE = Path(__file__).parent.parent / "recipes" / "pictures"
sys.path.insert(0, str(RECIPE))

import drawings  # noqa: E402
import facts  # noqa: E402
import generated  # noqa: E402
import looks  # noqa: E402
import people  # noqa: E402
import photographs  # noqa: E402
import sheets  # noqa: E402
import survey  # noqa: E402
import task  # noqa: E402
import texts  # noqa: E402
import written  # noqa: E402
from mixture import Mixture, Small, varied_drawing  # noqa: E402
from names import Concept, icon_concepts  # noqa: E402

from ateneo.models.tower import Tower, TowerConfig  # noqa: E402
from ateneo.models.train.loop import Settings, seed_weights, train  # noqa: E402
from ateneo.models.train.optimizers import optimizers_of  # noqa: E402

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4" fill="#cc2222"/></svg>'
TINY = TowerConfig(image_size=32, widths=(8, 16), blocks=(0, 1), head=16, embed=8)
THINGS = [
    Concept("a", {"es": "círculo", "en": "circle"}, {"es": (), "en": ()}),
    Concept("b", {"es": "flecha", "en": "arrow"}, {"es": (), "en": ()}, directed=True),
]


GREY = photographs.Scenes(np.full((1, 8, 12, 3), 90, np.uint8), np.array([0], np.uint64))


def toy_bank() -> texts.Bank:
    said = texts.gather(THINGS)
    vectors = np.random.default_rng(0).standard_normal((len(said.texts), 8)).astype(np.float32)
    return texts.Bank(said, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), "toy")


@pytest.fixture(scope="session")
def toy_mixture(tmp_path_factory: pytest.TempPathFactory) -> Mixture:
    folder = tmp_path_factory.mktemp("slides")
    generated.make(folder, generated.Stock(scenes=GREY), count=12)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 96, 96, 4), dtype=np.uint8)
    toys = drawings.Drawings(("toy",), (pixels,), (("a", "b"),))
    return Mixture(toys, generated.load(folder, count=12), THINGS, size=32)


def learned(mixture: Mixture, out: Path, steps: int) -> dict[str, torch.Tensor]:
    bank = toy_bank()
    settings = Settings(steps=steps, batch=8, warmup=1, log_every=1, save_every=1, test_every=50, show_every=50)
    seed_weights(0)
    locked = task.LockedTask(TINY, bank, rarity=task.rarities(bank, mixture.slides.facts))
    train(locked, mixture, mixture, out=out, settings=settings)
    return {name: value.clone() for name, value in locked.state_dict().items()}


def test_the_same_number_gives_the_same_picture() -> None:
    stock = generated.Stock(scenes=GREY)
    one, again, other = (generated.draw(stock, seed=3, number=n) for n in (5, 5, 6))
    assert np.array_equal(one.pixels, again.pixels)
    assert one.facts == again.facts
    assert not np.array_equal(one.pixels, other.pixels)


def test_every_fact_is_said_in_both_languages() -> None:
    said = facts.captions()
    for fact in facts.BIT:
        languages = {c.language for c in said if c.states & facts.BIT[fact]}
        assert languages == {"es", "en"}, fact


def test_no_caption_is_one_of_the_queries_that_are_measured() -> None:
    measured = {
        "slide with a landscape picture of mountain village",
        "slide with a results graph plot",
        "image with a person standing next to a slide with hands raised",
    }
    assert not measured & {caption.text for caption in facts.captions()}


def test_raised_hands_are_to_be_seen() -> None:
    def top_of(pose: str) -> float:
        picture = np.asarray(people.person(np.random.default_rng(2), height=120, pose=pose, slide_on=-1))[..., 3]
        beside = picture.copy()
        beside[:, picture.shape[1] // 2 - 12 : picture.shape[1] // 2 + 12] = 0  # all but head and trunk
        return float(np.flatnonzero(beside.any(1))[0])

    assert top_of("hands raised") < top_of("arms down") - 15


def test_hands_that_hang_down_make_the_caption_of_raised_ones_false() -> None:
    seen = torch.tensor([facts.bits({"slide", "beside", "person", p}) for p in ("hands raised", "arms down")])
    states = torch.tensor([c.states for c in facts.captions() if c.text == "a person beside a slide with arms raised"])
    nothing = torch.full((len(states),), texts.NOTHING)
    true = task.matches(torch.tensor([-1, -1]), seen, nothing, states)
    assert true[:, 0].tolist() == [True, False]


def test_a_picture_with_its_true_text_nearest_has_the_lower_loss() -> None:
    T_e = torch.eye(3)
    true = torch.tensor([[True, False, False], [False, True, False]])
    given = {"same": true, "named": torch.tensor([True, True, False]), "rarity": torch.ones(3)}
    right, wrong = (task.locked_loss(I_e, T_e, torch.tensor(2.0), true=true, **given) for I_e in (T_e[:2], T_e[[1, 0]]))
    assert float(right) < float(wrong)


def test_a_true_text_is_no_rival_of_another_true_text() -> None:
    def loss(T_e: torch.Tensor, true: list[bool]) -> torch.Tensor:
        given = {"same": torch.zeros(1, len(true), dtype=torch.bool), "named": torch.zeros(len(true), dtype=torch.bool)}
        I_e = torch.tensor([[1.0, 0.0]])
        return task.locked_loss(
            I_e, T_e, torch.tensor(1.0), true=torch.tensor([true]), rarity=torch.ones(len(true)), **given
        )

    T_e = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert torch.isclose(loss(T_e, [True, True, False]), loss(T_e[[0, 2]], [True, False]))


def test_a_step_is_made_of_the_seed_alone(toy_mixture: Mixture) -> None:
    one, again = (toy_mixture.made(6, seed=(0, 3, 0)) for _ in range(2))
    assert torch.equal(one.pixels, again.pixels)
    assert one.pixels.shape == (6, 3, 32, 32)
    assert [item.key for item in one.items] == [item.key for item in again.items]


def test_processes_beside_make_the_same_steps_in_the_same_order(toy_mixture: Mixture) -> None:
    beside = Mixture(toy_mixture.drawings, toy_mixture.slides, THINGS, size=32, workers=2)
    alone = Mixture(toy_mixture.drawings, toy_mixture.slides, THINGS, size=32)
    for one, other in islice(zip(beside.shuffled(3, seed=1), alone.shuffled(3, seed=1), strict=True), 5):
        assert torch.equal(one.pixels, other.pixels)
        assert [item.key for item in one.items] == [item.key for item in other.items]


def test_slides_travel_to_another_process_by_the_paths_of_their_files(toy_mixture: Mixture) -> None:
    sent = pickle.dumps(toy_mixture.slides)
    assert len(sent) < toy_mixture.slides.pixels[0].nbytes / 10
    assert np.array_equal(pickle.loads(sent).at(7), toy_mixture.slides.at(7))


def test_icons_that_differ_in_look_alone_draw_one_thing(tmp_path: Path) -> None:
    horse = Concept("🐎", {"es": "caballo", "en": "horse"}, {"es": (), "en": ()})
    icons = {name: {} for name in ("horse", "horse-bold", "horse-fill-2", "horse-light", "horse-off")}
    (tmp_path / "icons.json").write_text(json.dumps({"icons": icons}))
    assert list(icon_concepts(tmp_path / "icons.json", {"🐎": horse})) == ["horse", "horse-bold", "horse-fill-2"]


def test_the_first_steps_learn_from_smaller_pictures(toy_mixture: Mixture) -> None:
    early = Mixture(toy_mixture.drawings, toy_mixture.slides, THINGS, size=32, small=Small(16, steps=2))
    batches = early.shuffled(4, seed=0)
    assert [next(batches).pixels.shape for _ in range(3)] == [(4, 3, 16, 16), (4, 3, 16, 16), (4, 3, 32, 32)]


def test_in_a_run_of_seconds_what_is_made_late_is_whole(toy_mixture: Mixture) -> None:
    late = Mixture(toy_mixture.drawings, toy_mixture.slides, THINGS, size=32, small=Small(16, steps=9, seconds=0.2))
    batches = late.shuffled(4, seed=0)
    assert next(batches).pixels.shape == (4, 3, 16, 16)
    time.sleep(0.3)
    assert [next(batches).pixels.shape for _ in range(9)][-1] == (4, 3, 32, 32)


def test_what_has_many_drawings_is_shown_less_often_than_it_has_them(toy_mixture: Mixture) -> None:
    pixels = np.full((8, 96, 96, 4), 255, np.uint8)
    many = drawings.Drawings(("one", "two"), (pixels[:1], pixels), (("a",), ("b",) * 8))
    shown = Mixture(many, toy_mixture.slides, THINGS, size=16, slides_share=0).made(600, seed=(0, 1))
    share = np.mean([item.key == "one/a" for item in shown.items])
    assert 1 / 9 < share < 1 / 2
    assert share == pytest.approx(1 / (1 + 8**0.6), abs=0.05)


def test_muon_learns_the_filters_but_those_of_the_pixels() -> None:
    model = Tower(TINY)
    muon = optimizers_of(model, "muon", lr=1e-3, weight_decay=0.1, betas=(0.9, 0.99))["muon"]
    taken = {id(p) for group in muon.param_groups for p in group["params"]}
    left = {name for name, p in model.named_parameters() if p.ndim == 2 and id(p) not in taken}
    assert left == {"body.0.weight"}


def test_the_tower_reads_pictures_of_another_size(toy_mixture: Mixture) -> None:
    tower = Tower(TINY).eval()
    for side in (16, 32, 48):
        assert torch.allclose(tower(torch.ones(2, 3, side, side)).norm(dim=1), torch.ones(2), atol=1e-4)


def test_a_run_that_was_stopped_ends_with_the_same_weights(toy_mixture: Mixture, tmp_path: Path) -> None:
    whole = learned(toy_mixture, tmp_path / "whole", 3)
    shutil.copytree(tmp_path / "whole", tmp_path / "stopped")
    (tmp_path / "stopped" / "checkpoints" / "step-000000003.pt").unlink()
    resumed = learned(toy_mixture, tmp_path / "stopped", 3)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_drawing_lies_within_its_picture_and_keeps_its_colour() -> None:
    pytest.importorskip("resvg_py", reason="drawings need resvg-py: pip install resvg-py")
    picture = drawings.svg(SVG)
    assert picture is not None
    assert picture.shape == (drawings.SIDE, drawings.SIDE, 4)
    middle = picture[drawings.SIDE // 2, drawings.SIDE // 2]
    assert middle.tolist() == [204, 34, 34, 255]
    assert picture[0, 0, 3] == 0
    laid = varied_drawing(picture, np.random.default_rng(0), size=64, tint=False, mirror=True)
    assert laid.shape == (64, 64, 3)


def test_the_file_that_ships_gives_what_torch_gives(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    import shipped

    seed_weights(0)
    tower = Tower(TINY)
    tower(torch.randn(8, 3, 32, 32))  # so that the normalisations have something to merge
    assert shipped.write(tower.eval(), tmp_path, space="toy", small=False) > 0.9999
    assert {path.name for path in tmp_path.iterdir()} == {
        "vision_model.onnx",
        "config.json",
        "preprocessor_config.json",
    }


def test_weights_in_eight_bits_are_a_quarter_of_the_size_and_hardly_differ(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    import shipped

    seed_weights(0)
    tower = Tower(replace(TINY, widths=(16, 128), head=256)).eval()
    cosines = [shipped.write(tower, tmp_path / name, space="toy", small=name == "small") for name in ("small", "whole")]
    sizes = [(tmp_path / name / "vision_model.onnx").stat().st_size for name in ("small", "whole")]
    assert 0.999 < cosines[0] < cosines[1]
    assert sizes[0] < 0.35 * sizes[1]


def test_cldr_names_drawings_in_both_languages(tmp_path: Path) -> None:
    for tool in ("apt-get", "npm"):
        if not shutil.which(tool):
            pytest.skip(f"no {tool}: names and drawings cannot be fetched here")
    import os

    work = os.environ.get("ATENEO_PICTURES", "")
    if not (Path(work) / "root" / "usr").is_dir() or not work:
        pytest.skip("no fetched names; run recipes/pictures/make.py --prepare and set ATENEO_PICTURES to its folder")
    import names
    import sources

    known = names.emoji(Path(work))
    assert known["🐘"].names == {"en": "elephant", "es": "elefante"}
    assert names.icon_concepts(sources.icons(Path(work), "noto"), known)["elephant"] == "🐘"


def test_photographs_in_a_bundle_of_resources_are_found_in_order(tmp_path: Path) -> None:
    entries = []
    for colour in ((200, 10, 10), (10, 10, 200)):
        held = io.BytesIO()
        Image.new("RGB", (160, 120), colour).save(held, "JPEG")
        entries.append(held.getvalue())
    entries.insert(1, b"a sound, not a picture")
    data = b"".join(struct.pack(">I", len(entry)) + entry for entry in entries)
    path = tmp_path / "some.rcc"
    path.write_bytes(b"qres" + struct.pack(">4I", 3, 20 + len(data), 20, 20 + len(data)) + data)
    found = list(photographs.bundled(path))
    assert [picture.shape for picture in found] == [(120, 160, 3)] * 2
    assert found[0][60, 80, 0] > 150 > found[1][60, 80, 0]
    (tmp_path / "other.rcc").write_bytes(b"PK")
    with pytest.raises(ValueError, match="no bundle"):
        list(photographs.bundled(tmp_path / "other.rcc"))


def test_composed_scenes_are_uneven_as_photographs_are_and_pages_are_not() -> None:
    given = photographs.Props([], [np.full((60, 30, 4), 200, np.uint8)])

    def flat(pixels: np.ndarray) -> float:
        """The part of the pixels that equal the one at their right."""
        return float((np.diff(pixels.astype(int), axis=1) == 0).all(-1).mean())

    scenes = [photographs.composed(np.random.default_rng(n), given) for n in range(8)]
    page = looks.page(looks.look(np.random.default_rng(0), ()))
    assert all("photo" in seen for _, seen in scenes)
    assert np.mean([flat(np.asarray(picture)) for picture, _ in scenes]) < 0.4 < flat(np.asarray(page))


def test_photographs_are_kept_and_drawn_as_often_as_asked(tmp_path: Path) -> None:
    counts = photographs.Counts(landscapes=1, composed=3, cuts=0)
    photographs.make(tmp_path, lambda: photographs.Props([], [np.full((60, 30, 4), 200, np.uint8)]), counts)
    kept, rng = photographs.load(tmp_path), np.random.default_rng(0)
    assert kept.pixels.shape == (4, 128, 192, 3)
    shown = [kept.some(rng, land=1.0)[1] for _ in range(5)]
    assert all(seen & {"landscape", "city"} for seen in shown)
    assert all("photo" in kept.some(rng, land=0.0)[1] for _ in range(5))
    with pytest.raises(FileNotFoundError, match="prepare"):
        photographs.load(tmp_path / "none")


@pytest.mark.parametrize("place", range(len(written.WRITTEN)))
def test_pages_of_words_are_text_and_written_within_their_box(place: int) -> None:
    draw, _ = written.WRITTEN[place]
    look = looks.look(np.random.default_rng(place), ())
    page = Image.new("RGB", look.size, look.ground)
    seen = draw(page, look, (40, 60, 280, 180))
    changed = np.argwhere((np.asarray(page) != look.ground).any(-1))
    assert "text" in facts.implied(seen)
    assert len(changed) > 50
    assert changed[:, 1].min() > 15


def test_a_big_sentence_is_text_below_a_head_and_a_title_alone() -> None:
    said = {c.text: c.states for c in facts.captions()}
    below, alone = (facts.bits(facts.implied({"slide", "heading", *more})) for more in ((), ("title",)))
    true = {text: ((states & ~below) == 0, (states & ~alone) == 0) for text, states in said.items()}
    assert true["a section heading"] == (True, True)
    assert true["text slide"] == (True, False)
    assert true["title slide"] == (False, True)


@pytest.mark.parametrize("place", range(len(survey.DRAWN)))
def test_charts_of_newspapers_grow_downwards_within_their_edges(place: int) -> None:
    draw, _ = survey.DRAWN[place]
    look = looks.look(np.random.default_rng(place), ())
    made = Image.new("RGB", (400, 1400), look.ground)
    sheet = sheets.Sheet(made, look, 14.0, 60, 340, sheets.colours(look), y=100)
    seen = facts.implied(draw(sheet))
    changed = np.argwhere((np.asarray(made) != look.ground).any(-1))
    assert seen & {"plot", "table"}
    assert sheet.y > 130
    assert changed[:, 0].min() > 60
    assert changed[:, 0].max() <= sheet.y + 20


def test_weights_on_the_way_back_are_between_both(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    import shipped

    old, new = Tower(TINY), Tower(TINY)
    wanted = (0.25 * old.W_i + 0.75 * new.W_i).detach()
    shipped.halve(old, tmp_path / "old.safetensors")
    shipped.between(new, tmp_path / "old.safetensors", share=0.25)
    assert torch.allclose(new.W_i, wanted, atol=1e-3)
