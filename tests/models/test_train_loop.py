"""The loop of all training: it goes on where it was killed, it stops where the loss is lost, it leaves what it says."""

import json
import math
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ateneo.errors import EngineError, InputError, SettingsError
from ateneo.models.loading import load
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.items import find_items, hold_apart
from ateneo.models.train.loop import Settings, average, learning_rate, through, train
from ateneo.models.train.optimizers import groups_of, optimizers_of
from ateneo.models.train.vit import VitTask
from ateneo.models.vit import ViT, ViTConfig
from tests.models.pictures import class_folders

TINY = ViTConfig(image_size=16, patch_size=4, width=32, layers=2, heads=2, mlp_width=64, classes=2, pool="mean")
SETTINGS = Settings(steps=12, batch=8, lr=3e-3, warmup=2, log_every=2, save_every=4, test_every=6, show_every=6)


class Stop(Exception):
    """What a run is stopped with in the middle."""


def run(data: Path, out: Path, *, settings: Settings = SETTINGS, stop_at: int | None = None, keep: float = 0.5) -> Path:
    """A tiny ViT on two colours; stopped at a step where that is wanted."""

    def report(record: dict[str, float]) -> None:
        if stop_at is not None and record["step"] >= stop_at:
            raise Stop

    torch.manual_seed(0)
    task = VitTask(TINY, ["blue", "red"], keep=keep)
    learn, held = (Pictures(part, 16) for part in hold_apart(find_items(data), 0.25))
    return train(task, learn, held, out=out, settings=settings, report=report)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("data"))


def test_a_run_that_stopped_ends_with_the_weights_of_one_that_did_not(data: Path, tmp_path: Path) -> None:
    whole = load_file(run(data, tmp_path / "whole") / "model.safetensors")
    for stop_at in (6, 10):
        with pytest.raises(Stop):
            run(data, tmp_path / "stopped", stop_at=stop_at)
    resumed = load_file(run(data, tmp_path / "stopped") / "model.safetensors")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    steps = [json.loads(line)["step"] for line in (tmp_path / "stopped" / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)
    assert steps.count(6) == 2  # the loss, and what was measured


def test_a_run_with_muon_that_stopped_ends_with_the_weights_of_one_that_did_not(data: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, optimizer="muon")
    whole = load_file(run(data, tmp_path / "whole", settings=settings) / "model.safetensors")
    with pytest.raises(Stop):
        run(data, tmp_path / "stopped", settings=settings, stop_at=6)
    with pytest.raises(SettingsError, match="there optimizer is muon, now it is adamw"):
        run(data, tmp_path / "stopped")
    resumed = load_file(run(data, tmp_path / "stopped", settings=settings) / "model.safetensors")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_checkpoint_from_before_there_was_a_choice_of_optimizers_goes_on(data: Path, tmp_path: Path) -> None:
    whole = load_file(run(data, tmp_path / "whole") / "model.safetensors")
    with pytest.raises(Stop):
        run(data, tmp_path / "stopped", stop_at=6)
    path = tmp_path / "stopped" / "checkpoints" / "step-000000004.pt"
    state = torch.load(path, weights_only=True)
    del state["about"]["optimizer"]
    torch.save(state, path)
    resumed = load_file(run(data, tmp_path / "stopped") / "model.safetensors")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_the_last_part_of_the_steps_reads_whole_pictures(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    task, seen = VitTask(TINY, ["blue", "red"], keep=0.5, whole=0.25), []
    task.model.transformer.register_forward_hook(lambda module, given, output: seen.append(given[0].shape[1]))
    learn, held = (Pictures(part, 16) for part in hold_apart(find_items(data), 0.25))
    train(task, learn, held, out=tmp_path, settings=Settings(steps=8, batch=2, warmup=0, ema=0.9))
    assert seen[:8] == [9] * 6 + [17] * 2  # the class token, and 8 or all 16 patches; then it is measured
    with pytest.raises(SettingsError, match=r"whole pictures for 2 of the steps: give --whole from 0 to 1"):
        VitTask(TINY, ["blue", "red"], whole=2)


OFTEN = Settings(steps=60, batch=8, lr=3e-3, warmup=2, save_every=1, test_every=60, show_every=60)
KILLED = """
import sys
from pathlib import Path
from tests.models.test_train_loop import OFTEN, run
run(Path(sys.argv[1]), Path(sys.argv[2]), settings=OFTEN)
"""


def test_a_run_killed_at_any_moment_goes_on_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", KILLED, str(data), str(tmp_path / "killed")]
    root = Path(__file__).parents[2]
    for kill in range(2):
        process = subprocess.Popen(command, cwd=root)  # as many threads as here: sums are rounded alike
        begun = len(list((tmp_path / "killed").rglob("step-*.pt")))
        while process.poll() is None and newest(tmp_path / "killed") < 7 + 20 * kill + begun:
            time.sleep(0.003)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    resumed = load_file(run(data, tmp_path / "killed", settings=OFTEN) / "model.safetensors")
    whole = load_file(run(data, tmp_path / "whole", settings=OFTEN) / "model.safetensors")
    assert all(torch.allclose(whole[name], resumed[name], rtol=0, atol=1e-6) for name in whole)


def newest(out: Path) -> int:
    """The step of the newest checkpoint."""
    return max((int(path.stem.split("-")[1]) for path in out.rglob("step-*.pt")), default=0)


def test_a_run_leaves_a_model_curves_figures_and_pictures(data: Path, tmp_path: Path) -> None:
    folder = run(data, tmp_path, settings=Settings(steps=40, batch=16, lr=3e-3, warmup=4, ema=0.9, test_every=20))
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert records[-1]["held accuracy"] == 1.0
    assert records[-1]["processor seconds"] > 0
    assert (tmp_path / "curves.png").stat().st_size > 5_000
    assert (tmp_path / "shown" / "0000040.png").exists()
    model = load(folder)
    assert isinstance(model, ViT)
    assert model.config == TINY
    said = json.loads((folder / "config.json").read_text())
    assert (said["classes"], said["mean"], said["std"]) == (["blue", "red"], 0.5, 0.5)


def test_a_loss_that_is_lost_stops_the_run_and_names_step_and_checkpoint(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path)
    path = tmp_path / "checkpoints" / "step-000000012.pt"
    state = torch.load(path, weights_only=True)
    state["task"]["model.norm.weight"][:] = math.nan
    torch.save(state, path)
    with pytest.raises(
        EngineError, match=r"stopped at step 12: the loss is nan; the last good checkpoint is .*000012\.pt"
    ):
        run(data, tmp_path, settings=Settings(steps=20, batch=8, lr=3e-3, warmup=2))


def test_a_damaged_checkpoint_is_named(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path)
    path = tmp_path / "checkpoints" / "step-000000012.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(
        InputError, match=r"cannot go on from .*000012\.pt.*remove that file to go on from the one before"
    ):
        run(data, tmp_path)
    path.unlink()
    run(data, tmp_path)
    assert path.exists()


def test_a_run_does_not_go_on_with_other_settings(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path)
    with pytest.raises(SettingsError, match=r"there batch is 8, now it is 4; give the same settings, or another --out"):
        run(data, tmp_path, settings=Settings(steps=12, batch=4, lr=3e-3, warmup=2))
    with pytest.raises(SettingsError, match="cannot use precision 'fp8'"):
        Settings(precision="fp8")
    with pytest.raises(SettingsError, match="give at least 1"):
        Settings(batch=0)


def test_only_whole_files_are_left_behind(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path)
    assert [path.name for path in sorted((tmp_path / "checkpoints").iterdir())] == [
        "step-000000008.pt",
        "step-000000012.pt",
    ]
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_learns_and_keeps_its_weights_in_float32(data: Path, tmp_path: Path, precision: str) -> None:
    settings = Settings(steps=30, batch=16, lr=3e-3, warmup=2, ema=0.9, precision=precision, test_every=30)
    weights = load_file(run(data, tmp_path, settings=settings) / "model.safetensors")
    assert {value.dtype for value in weights.values()} == {torch.float32}
    assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["held accuracy"] > 0.9


def test_the_learning_rate_warms_up_and_falls_as_half_a_cosine() -> None:
    settings = Settings(steps=110, lr=1.0, warmup=10, last_lr=0.1)
    rates = [learning_rate(step, settings) for step in range(111)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[60] == pytest.approx((1 + 0.1) / 2)
    assert rates[110] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_seconds_bring_the_rate_down_where_steps_would_not() -> None:
    settings = Settings(steps=1_000_000, seconds=8.0, lr=1.0, warmup=10, last_lr=0.1)
    rates = [learning_rate(20, settings, elapsed=elapsed) for elapsed in (0.0, 4.0, 8.0, 9.0)]
    assert rates == pytest.approx([1.0, 0.55, 0.1, 0.1], abs=1e-6)
    assert through(500_000, 2.0, settings) == 0.5
    assert through(20, 6.0, settings) == 0.75


def test_a_run_of_seconds_ends_in_time_and_one_taken_up_again_has_only_what_is_left(data: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, steps=1_000_000, seconds=3.0, save_every=1, test_every=10**6, show_every=10**6)

    def records() -> list[dict[str, float]]:
        return [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]

    with pytest.raises(Stop):
        run(data, tmp_path, settings=settings, stop_at=10)
    began = time.perf_counter()
    run(data, tmp_path, settings=replace(settings, seconds=3.5))
    assert time.perf_counter() - began < 30
    last = [record for record in records() if "lr" in record][-1]
    assert 10 < last["step"] < settings.steps
    assert last["lr"] == pytest.approx(settings.lr * settings.last_lr, rel=1e-3)
    run(data, tmp_path, settings=replace(settings, seconds=3.5))  # nothing is left
    assert records()[-1]["step"] == last["step"]


def test_only_matrices_decay() -> None:
    model = nn.Module()
    model.vit = ViT(TINY)
    model.words = nn.Embedding(3, 4)
    model.t = nn.Parameter(torch.zeros(()))
    decayed, kept = (set(map(id, group["params"])) for group in groups_of(model, 0.1))
    names = {name: id(parameter) for name, parameter in model.named_parameters()}
    assert {name for name, key in names.items() if key in decayed} == {
        name for name in names if name.startswith("vit.") and name.endswith("weight") and "norm" not in name
    }
    assert {"words.weight", "t", "vit.positions", "vit.class_token", "vit.head.bias"} <= {
        name for name, key in names.items() if key in kept
    }


def test_muon_takes_the_matrices_of_the_blocks_and_adamw_the_rest() -> None:
    model = ViT(TINY)
    adamw, muon = optimizers_of(model, "muon", lr=1e-3, weight_decay=0.1, betas=(0.9, 0.99)).values()
    taken = {id(p) for group in muon.param_groups for p in group["params"]}
    names = {name for name, parameter in model.named_parameters() if id(parameter) in taken}
    layers = ("attention.q", "attention.k", "attention.v", "attention.out", "mlp.up", "mlp.down")
    assert names == {f"transformer.blocks.{i}.{layer}.weight" for i in range(2) for layer in layers}
    left = [p for group in adamw.param_groups for p in group["params"]]
    assert len(left) + len(taken) == len(list(model.parameters()))
    assert taken.isdisjoint(map(id, left))


def test_a_step_of_muon_is_as_long_as_one_of_adamw_and_goes_in_all_directions_alike() -> None:
    model = ViT(TINY)
    up = model.transformer.blocks[0].mlp.up.weight  # type: ignore[union-attr]
    before = up.detach().clone()  # type: ignore[operator, union-attr]
    up.grad = torch.randn(64, 32, generator=torch.Generator().manual_seed(0)) ** 3  # type: ignore[union-attr]
    optimizers_of(model, "muon", lr=1e-3, weight_decay=0.0, betas=(0.9, 0.99))["muon"].step()
    singular = torch.linalg.svdvals((before - up.detach()) / (1e-3 * 0.2 * math.sqrt(64)))  # type: ignore[operator, union-attr]
    assert 0.5 < singular.min() <= singular.max() < 1.3


def test_muon_is_refused_where_there_are_no_blocks() -> None:
    with pytest.raises(SettingsError, match="the model has no transformer blocks; give 'adamw'"):
        optimizers_of(nn.Linear(3, 2), "muon", lr=1e-3, weight_decay=0.1, betas=(0.9, 0.99))
    with pytest.raises(SettingsError, match="cannot use optimizer 'sgd': give one of adamw, muon"):
        Settings(optimizer="sgd")


def test_the_average_follows_the_weights_and_copies_buffers() -> None:
    ema, model = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    with torch.no_grad():
        model.weight.fill_(3.0)
        model.running_mean.fill_(7.0)  # type: ignore[union-attr]
    average(ema, model, 0.75)
    assert torch.equal(ema.weight, torch.full((2,), 1.5))
    assert torch.equal(ema.running_mean, torch.full((2,), 7.0))  # type: ignore[arg-type]


class Quadratic(VitTask):
    """A loss whose gradient is known, for clipping."""

    def forward(self, batch: Batch) -> Tensor:
        """100 times the sum of the head's bias."""
        return 100 * self.model.head.bias.sum()  # type: ignore[union-attr, no-any-return]


def test_a_long_gradient_is_noted_in_full_and_clipped(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    task = Quadratic(TINY, ["blue", "red"])
    learn, held = (Pictures(part, 16) for part in hold_apart(find_items(data), 0.25))
    train(task, learn, held, out=tmp_path, settings=Settings(steps=1, batch=2, lr=1e-3, warmup=0, log_every=1))
    record = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    assert record["gradient norm"] == pytest.approx(100 * math.sqrt(2))
    gradient = torch.cat([p.grad.flatten() for p in task.parameters() if p.grad is not None])
    assert gradient.norm().item() == pytest.approx(1, abs=1e-3)
