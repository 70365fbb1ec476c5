"""Drawing with tiny models: what is asked for, the three methods, the files."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ateneo.drawing import Order, draw, files, trace
from ateneo.errors import AteneoError, EngineError, InputError, ModelMissing, SettingsError
from ateneo.models.drawing import Moment

ORDER = Order("un avión rojo", seed=3, steps=4, size=32)
LEAD = {
    "unclip": {"scale": 2.0},
    "guided": {"scale": 5000.0},
    "vqgan": {"scale": 5.0, "steps": 12},
}  # felt by fresh weights


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (Order(""), "no words"),
        (Order(" ¿?... "), "no words"),
        (Order("perro " * 10_000), "10000 words"),
        (Order("x" * 100_000), "200 or fewer"),
        (Order("a", method="dall-e"), "choose unclip"),
        (Order("a", size=0), "0 x 0"),
        (Order("a", size=100_000), "16 to 256"),
        (Order("a", steps=0), "0 steps"),
        (Order("a", scale=float("nan")), "scale nan"),
        (Order("a", scale=-1), "scale -1"),
        (Order("a", seed=-1), "seed -1"),
        (Order("a", n=0), "0 pictures"),
        (Order("a", pictures=(Path("a.png"),)), "not both"),
        (Order(pictures=(Path("a.png"),), method="guided"), "only unclip"),
        (Order(pictures=(Path("a.png"),) * 3), "not 3"),
        (Order("a", clip="x"), "--model"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line(order: Order, said: str) -> None:
    with pytest.raises((InputError, SettingsError)) as caught:
        order.checked()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", LEAD)
def test_a_seed_draws_the_same_picture_again_and_words_change_it(folder: Path, method: str) -> None:
    order = replace(ORDER, method=method, **LEAD[method])
    first, again = draw(order, folder=folder), draw(order, folder=folder)
    assert first.pixels.shape == (1, 32, 32, 3)
    assert first.pixels.dtype == np.uint8
    assert np.array_equal(first.pixels, again.pixels)
    other = draw(replace(order, words="a green boat"), folder=folder)
    assert not np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize("method", ["unclip", "guided"])
def test_the_second_of_two_pictures_is_the_first_of_the_next_seed(folder: Path, method: str) -> None:
    order = replace(ORDER, method=method, n=2, scale=0.0)
    both = draw(order, folder=folder)
    second = draw(replace(order, n=1, seed=4), folder=folder)
    assert np.abs(both.pixels[1].astype(int) - second.pixels[0]).max() <= 1
    assert [both.told(k)["seed"] for k in (0, 1)] == ["3", "4"]


def test_guidance_brings_the_picture_nearer_to_the_words(folder: Path) -> None:
    order = replace(ORDER, method="vqgan", steps=15, scale=3.0)
    seen: list[float] = []
    draw(order, folder=folder, watch=lambda moment: seen.extend(moment.distance))
    assert min(seen[5:]) < seen[0]


def test_a_scale_of_zero_does_not_hang_on_the_words(folder: Path) -> None:
    for method in ("guided", "unclip"):
        order = replace(ORDER, method=method, scale=0.0)
        other = replace(order, words="a green boat")
        assert np.array_equal(draw(order, folder=folder).pixels, draw(other, folder=folder).pixels)


def test_pictures_are_varied_and_led_into_one_another(folder: Path, tmp_path: Path) -> None:
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (50, 30), colour).save(tmp_path / name)
    a, b = tmp_path / "a.png", tmp_path / "b.png"
    order = replace(ORDER, words="", n=3, scale=1.0)
    varied = draw(replace(order, pictures=(a,)), folder=folder)
    assert not np.array_equal(varied.pixels[0], varied.pixels[1])
    way = draw(replace(order, pictures=(a, b)), folder=folder)
    back = draw(replace(order, pictures=(b, a)), folder=folder)
    assert np.abs(way.pixels.astype(int) - back.pixels[::-1]).max() <= 1
    with pytest.raises(InputError, match="no such file"):
        draw(replace(order, pictures=(tmp_path / "c.png",)), folder=folder)


def test_seed_and_settings_are_written_into_the_file(folder: Path, tmp_path: Path) -> None:
    drawn = draw(replace(ORDER, n=2), folder=folder)
    places = files.save(drawn, tmp_path / "avión.png")
    assert [place.name for place in places] == ["avión-1.png", "avión-2.png"]
    said = files.read(places[1])
    assert said["words"] == "un avión rojo"
    order = Order(said["words"], said["method"], seed=int(said["seed"]), scale=float(said["scale"]),
                  steps=int(said["steps"]), size=int(said["size"]))  # fmt: skip
    again = draw(order, folder=folder).pixels[0].astype(int)
    assert np.abs(np.asarray(Image.open(places[1])) - again).max() <= 1
    assert files.name(drawn) == Path("un-avion-rojo.png")
    with pytest.raises(InputError, match=r"\.png"):
        files.save(drawn, tmp_path / "a.jpg")


def test_a_trace_keeps_both_ways_and_the_equations_hold(folder: Path, tmp_path: Path) -> None:
    found = trace.traced(replace(ORDER, method="guided", scale=30.0), folder=folder)
    kept = trace.numbers(found)
    assert np.array_equal(kept["x_t"][0], kept["unguided_x_t"][0])  # one seed
    assert np.allclose(kept["mu"][0], kept["unguided_mu"][0], atol=1e-5)  # before guidance nothing differs
    assert not np.array_equal(kept["mu"][0], kept["mu_guided"][0])
    assert "unguided_mu_guided" not in kept
    places = trace.save(found, tmp_path / "a.png")
    assert [place.name for place in places] == ["a-trace.png", "a-trace.gif", "a-trace.npz"]
    with Image.open(places[1]) as animation:
        assert animation.n_frames >= 4  # type: ignore[attr-defined]


def test_of_several_drafts_the_nearest_is_kept_and_its_way_is_shown_last(folder: Path) -> None:
    moments: list[Moment] = []
    order = replace(ORDER, method="guided", scale=2000.0, n=2)
    watched, alone = draw(order, folder=folder, watch=moments.append), draw(order, folder=folder)
    assert np.abs(watched.pixels.astype(int) - alone.pixels).max() <= 3  # one batch of four or of two
    steps = moments[0].total
    drafts, last = [m for m in moments if m.draft], moments[-steps:]
    assert len(moments) == len(drafts) + steps == 3 * steps
    assert all(m.drafts == tuple(range(4)) for m in drafts)
    chosen = last[0].drafts
    for n, draft in enumerate(chosen):
        begun = [m.x_t[draft] for m in drafts if m.index == 0][n]
        assert np.array_equal(last[0].x_t[n], begun)
    way = trace.Trace()
    way(drafts[0])
    assert way.kept == []


@pytest.mark.parametrize("seed", range(3))
def test_the_unguided_way_begins_in_the_noise_of_the_draft_that_was_kept(folder: Path, seed: int) -> None:
    found = trace.traced(replace(ORDER, method="guided", scale=2000.0, seed=seed), folder=folder)
    kept = trace.numbers(found)
    assert np.array_equal(kept["x_t"][0], kept["unguided_x_t"][0])


@pytest.mark.parametrize("method", ["unclip", "vqgan"])
def test_every_method_can_be_traced(folder: Path, tmp_path: Path, method: str) -> None:
    found = trace.traced(replace(ORDER, method=method), folder=folder)
    assert all(place.stat().st_size > 500 for place in trace.save(found, tmp_path / "a.png"))


def test_absent_models_and_those_of_another_encoder_are_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "models"
    shutil.copytree(folder, other)
    (other / "config.json").write_text(json.dumps({"text_space": "sentences-0000000000"}))
    with pytest.raises(EngineError, match="sentences-0000000000"):
        draw(ORDER, folder=other)
    (other / "vqgan.safetensors").unlink()
    with pytest.raises(ModelMissing, match=r"vqgan\.safetensors is missing"):
        draw(replace(ORDER, method="vqgan"), folder=other)


def test_a_size_that_the_models_cannot_have_is_refused_with_one_they_can(folder: Path) -> None:
    with pytest.raises(SettingsError, match="multiple of 8, such as 32"):
        draw(replace(ORDER, size=30), folder=folder)


def test_published_weights_are_asked_for_by_name() -> None:
    order = replace(ORDER, method="guided", model="ADM-256-uncond")
    with pytest.raises(AteneoError, match="--clip"):
        draw(order)
    with pytest.raises(ModelMissing, match=r"256x256_diffusion_uncond\.pt"):
        draw(replace(order, clip="ViT-B-32"))
    with pytest.raises(InputError, match="not for unclip"):
        draw(replace(order, method="unclip", clip="x"))
