"""Learning to draw, and the command that does all three kinds of training."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from ateneo.cli.train import app
from ateneo.errors import EngineError, InputError, SettingsError
from ateneo.models.formats.own import about
from ateneo.models.loading import load
from ateneo.models.samplers import ddim
from ateneo.models.train.data import Pictures
from ateneo.models.train.diffusion import DiffusionTask, unet_config_by_name
from ateneo.models.train.items import find_items, hold_apart
from ateneo.models.train.loop import Settings, train
from ateneo.models.unet import UNet, UNetConfig
from tests.models.pictures import class_folders, shards

TINY = UNetConfig(
    image_size=16, widths=(16, 32), channels=16, blocks=1, attention=(), middle_attention=False, groups=8, classes=2,
    unlabelled=True,
)  # fmt: skip
SHORT = ["--steps", "2", "--batch", "4", "--image-size", "16", "--device", "cpu"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("data"))


def test_a_network_learns_to_draw_each_of_two_colours(data: Path, tmp_path: Path) -> None:
    learn, held = (Pictures(part, 16) for part in hold_apart(find_items(data), 0.25))
    torch.manual_seed(0)
    task = DiffusionTask(TINY, classes=["blue", "red"], predicts="v")
    settings = Settings(steps=100, batch=16, lr=4e-3, warmup=10, ema=0.95, test_every=50, show_every=100)
    folder = train(task, learn, held, out=tmp_path, settings=settings)
    model = load(folder)
    assert isinstance(model, UNet)
    assert model.config == TINY
    drawn = ddim(
        task.denoiser(task.network(model, torch.tensor([0, 0, 1, 1]))),
        torch.randn(4, 3, 16, 16),
        levels=task.schedule.levels("ddim20"),
    )
    red, blue = drawn.mean((2, 3))[:, 0], drawn.mean((2, 3))[:, 2]
    assert (blue - red > 0.3).tolist() == [True, True, False, False]
    assert (red - blue > 0.3).tolist() == [False, False, True, True]
    losses = [json.loads(line).get("held loss") for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    first, last = (loss for loss in losses if loss is not None)
    assert last < first < 1
    said = about(folder)
    assert (said["predicts"], said["schedule"], said["T"], said["classes"]) == ("v", "cosine", 1000, ["blue", "red"])


def test_a_learned_variance_is_trained_with_the_hybrid_loss(data: Path) -> None:
    learn, held = (Pictures(part, 16) for part in hold_apart(find_items(data), 0.25))
    config = unet_config_by_name("small", image_size=16, classes=None, variance="learned")
    task = DiffusionTask(config, variance="learned", noise="linear")
    loss = task(learn.batch(range(4)))
    loss.backward()
    assert config.out_channels == 6
    assert loss.item() > 0.5
    assert task.test(task.model.eval(), held)["loss"] > 0.5


def test_weights_that_are_lost_stop_the_run_and_name_its_step(data: Path, tmp_path: Path) -> None:
    learn, held = (Pictures(part, 16) for part in hold_apart(find_items(data), 0.25))
    task = DiffusionTask(TINY, classes=["blue", "red"])
    with torch.no_grad():
        task.model.stem.weight.fill_(float("nan"))
    with pytest.raises(
        EngineError, match=r"stopped at step 0: the loss is not finite at steps .*no checkpoint was written"
    ):
        train(task, learn, held, out=tmp_path, settings=Settings(steps=2, batch=4))


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(SettingsError, match="there is no size 'giant'; give one of small"):
        unet_config_by_name("giant", image_size=32, classes=None)
    with pytest.raises(SettingsError, match="a multiple of 4"):
        unet_config_by_name("small", image_size=30, classes=None)


def test_the_command_trains_each_kind_and_says_where_it_lies(data: Path, tmp_path: Path) -> None:
    for kind, extra in (("vit", []), ("clip", ["--vocabulary", "600"]), ("diffusion", [])):
        out = tmp_path / kind
        done = CliRunner().invoke(app, [kind, "--data", str(data), "--out", str(out), *SHORT, *extra])
        assert done.exit_code == 0, done.output
        assert done.stdout.strip() == str(out / "model")
        assert "measuring on" in done.stderr
        assert "step 2  loss" in done.stderr
        assert about(out / "model")["ateneo"] == kind


def test_the_command_names_what_is_wrong_with_the_data(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["vit", "--data", str(tmp_path), "--out", str(tmp_path / "out"), *SHORT])
    assert isinstance(done.exception, InputError)
    assert "no pictures found" in str(done.exception)
    shards(tmp_path / "data")
    done = CliRunner().invoke(
        app, ["clip", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), *SHORT, "--context", "4"]
    )
    assert done.exit_code == 0, done.output


def test_a_folder_that_is_no_trained_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no model trained by"):
        about(tmp_path)
    (tmp_path / "config.json").write_text('{"ateneo": "vit", "config": {"colour": "red"}}')
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"config\.json: a ViTConfig has no field 'colour'"):
        load(tmp_path)
