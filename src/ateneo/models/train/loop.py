"""The loop that all training shares: mixed precision, warm-up and cosine, EMA, checkpoints that survive kill -9.

What is random in a step (order, variation of pictures, noise) hangs on the seed and the number of the step alone. So a
checkpoint needs no state of generators, and a run that was killed and taken up again ends with the same weights as one
that never stopped. A checkpoint is written beside, synced and renamed: at any moment the newest one is whole. A run
may be given so many seconds: it then ends after them with the rate of its last step, wherever it has come to.
"""

import json
import math
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ateneo.errors import EngineError, SettingsError
from ateneo.models.formats.own import save
from ateneo.models.train.checkpoints import Checkpoints, Metrics
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.distributed import Group
from ateneo.models.train.optimizers import OPTIMIZERS, optimizers_of
from ateneo.models.train.pictures import curves

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
FREE = frozenset("steps seconds save_every test_every show_every log_every precision".split())  # may change on the way
Report = Callable[[dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run learns. Counts are in steps; `batch` is the pictures of one step in each process."""

    steps: int = 10_000
    seconds: float = 0.0  # that all its processes learn at most, one after the other; 0 for as long as the steps take
    batch: int = 128
    lr: float = 1e-3
    warmup: int = 500
    last_lr: float = 0.01  # of lr, where the cosine ends
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.99)
    max_norm: float = 1.0  # of the gradient; 0 leaves it as it is
    ema: float = 0.999  # 0 keeps no average
    optimizer: str = "adamw"
    precision: str = "fp32"
    seed: int = 0
    log_every: int = 20
    save_every: int = 500
    test_every: int = 500
    show_every: int = 2_000

    def __post_init__(self) -> None:
        """Raises SettingsError where a value cannot be."""
        if self.precision not in PRECISIONS:
            raise SettingsError(f"cannot use precision {self.precision!r}: give one of {', '.join(PRECISIONS)}")
        if self.optimizer not in OPTIMIZERS:
            raise SettingsError(f"cannot use optimizer {self.optimizer!r}: give one of {', '.join(OPTIMIZERS)}")
        for name in ("steps", "batch", "log_every", "save_every", "test_every", "show_every"):
            if getattr(self, name) < 1:
                raise SettingsError(f"cannot use {name} = {getattr(self, name)}: give at least 1")
        if not self.seconds >= 0:
            raise SettingsError(f"cannot learn for {self.seconds} seconds: give a number above 0, or 0 for no limit")
        if not (math.isfinite(self.lr) and self.lr > 0 and 0 <= self.ema < 1):
            raise SettingsError(f"cannot use lr = {self.lr}, ema = {self.ema}: lr is above 0, ema from 0 to below 1")


class Task(nn.Module, ABC):
    """What is learned: a model, the loss of a batch, and how it is measured and shown on pictures held apart."""

    model: nn.Module
    name = "task"

    @abstractmethod
    def forward(self, batch: Batch) -> Tensor:
        """The loss of a batch; draws from torch's own generator, which the loop seeds for each step."""

    def backward(self, forward: Callable[[Batch], Tensor], batch: Batch, scale: Callable[[Tensor], Tensor]) -> Tensor:
        """Adds the loss's gradients, scaled; returns the loss. `forward` is this task, joined to other processes'."""
        loss = forward(batch)
        scale(loss).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def before_step(self, through: float) -> None:
        """Called before each step with the part of the run that is through, from 0 to below 1."""

    def after_step(self) -> None:
        """Called when weights have changed, to keep them within bounds."""

    @abstractmethod
    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """Figures on pictures held apart."""

    @abstractmethod
    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """A picture of what the model does by now, written to the path."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """What `config.json` beside the weights says, so that the model can be built again."""

    def companions(self) -> dict[str, bytes]:
        """Other files of the model's folder: a tokenizer."""
        return {}


def seed_weights(seed: int) -> None:
    """Makes the fresh weights of a model that is built next hang on the seed."""
    torch.manual_seed(seed)


def through(step: int, elapsed: float, settings: Settings) -> float:
    """The part of the run that is behind, from 0 to 1: of its steps or of its seconds, whichever is more."""
    return min(1.0, max(step / settings.steps, elapsed / settings.seconds if settings.seconds else 0.0))


def learning_rate(step: int, settings: Settings, *, elapsed: float = 0.0) -> float:
    """Linear warm-up to lr, then half a cosine down to lr · last_lr at the last step, or after the last second where
    that comes first."""
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    part = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    if settings.seconds:
        part = max(part, elapsed / settings.seconds)
    return settings.lr * (settings.last_lr + (1 - settings.last_lr) * (1 + math.cos(math.pi * min(part, 1))) / 2)


def train(
    task: Task,
    learn: Pictures,
    held: Pictures,
    *,
    out: Path,
    settings: Settings,
    group: Group | None = None,
    report: Report | None = None,
) -> Path:
    """Learns, or goes on where an earlier run in `out` stopped, and returns the folder of the model.

    `out` gets metrics.jsonl, curves.png, shown/*.png, checkpoints/, and at every measurement model/, which
    `ateneo.models.load` reads.

    Raises:
        EngineError: the loss is not finite. InputError: no picture can be read, or a checkpoint is damaged.
        SettingsError: `out` holds a run with other settings.
    """
    run = Run(task, out, settings, group or Group(), report or (lambda record: None))
    run.resume()
    run.go(learn, held)
    return run.publish()


class Run:
    """One run in its folder."""

    def __init__(self, task: Task, out: Path, settings: Settings, group: Group, report: Report) -> None:
        self.task, self.out, self.settings, self.group, self.report = (
            task.to(group.device),
            out,
            settings,
            group,
            report,
        )
        self.step, self.spent = 0, 0.0  # steps done; seconds of processor time of earlier processes of this run
        self.elapsed = 0.0  # seconds of learning, those of earlier processes with them
        self.metrics = Metrics(out / "metrics.jsonl")
        self.checkpoints = Checkpoints(out / "checkpoints")
        self.ema = deepcopy(task.model).requires_grad_(False) if settings.ema else task.model
        self.optimizers = optimizers_of(
            task, settings.optimizer, lr=settings.lr, weight_decay=settings.weight_decay, betas=settings.betas
        )
        self.dtype = PRECISIONS[settings.precision]
        self.scaler = torch.amp.GradScaler(group.device.type, enabled=self.dtype is torch.float16)
        self.joined: nn.Module = task
        if group.ranks > 1:
            devices = [group.device.index] if group.device.type == "cuda" else None
            self.joined = DistributedDataParallel(task, device_ids=devices)

    def resume(self) -> None:
        """Takes the newest checkpoint, where there is one."""
        found = self.checkpoints.newest()
        if found is None:
            self._cut()
            return
        state = self.checkpoints.read(found, device=self.group.device)
        _same(state["about"], self._about(), found)
        self.step, self.elapsed = state["step"], state.get("elapsed", 0.0)
        self.task.load_state_dict(state["task"])
        if self.settings.ema:
            self.ema.load_state_dict(state["ema"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state[name])
        self.scaler.load_state_dict(state["scaler"])
        self._cut()
        self.spent = max((record.get("processor seconds", 0.0) for record in self.metrics.read()), default=0.0)

    def _cut(self) -> None:
        if self.group.first:
            self.metrics.cut(self.step)
        self.group.wait()

    def go(self, learn: Pictures, held: Pictures) -> None:
        """All steps that are left."""
        batches = learn.shuffled(
            self.settings.batch, seed=self.settings.seed, start=self.step, rank=self.group.rank, ranks=self.group.ranks
        )
        since, losses = time.perf_counter(), []
        began = since - self.elapsed
        while self.through < 1:
            loss, norm = self._learn(next(batches))
            self.elapsed = self._clock(time.perf_counter() - began)
            losses.append(loss)
            if self._due(self.settings.log_every):
                now, mean = time.perf_counter(), sum(losses) / len(losses)
                speed = len(losses) * self.settings.batch * self.group.ranks / (now - since)
                since, losses = now, []
                lr = learning_rate(self.step - 1, self.settings, elapsed=self.elapsed)
                self._note({"loss": mean, "lr": lr, "gradient norm": norm, "pictures a second": speed})
            if self._due(self.settings.test_every):
                self._test(held)
                self.publish()
            if self._due(self.settings.show_every) and self.group.first:
                self._show(held)
            if self._due(self.settings.save_every):
                self.save()
        batches.close()  # type: ignore[attr-defined]

    @property
    def through(self) -> float:
        """The part of the run that is behind."""
        return through(self.step, self.elapsed, self.settings)

    def _clock(self, elapsed: float) -> float:
        """The same time in all processes, so that they stop at one step."""
        if not self.settings.seconds:
            return elapsed
        return self.group.mean(torch.tensor(elapsed, device=self.group.device)).item()

    def _learn(self, batch: Batch) -> tuple[float, float]:
        torch.manual_seed(zlib.crc32(f"{self.settings.seed} {self.step} {self.group.rank}".encode()))
        lr = learning_rate(self.step, self.settings, elapsed=self.elapsed)
        for optimizer in self.optimizers.values():
            optimizer.zero_grad(set_to_none=True)
            for parameters in optimizer.param_groups:
                parameters["lr"] = lr
        self.task.train()
        self.task.before_step(self.through)
        try:
            with self._cast():
                loss = self.task.backward(self.joined, batch, self.scaler.scale)
        except EngineError as error:  # a loss that checks itself
            raise EngineError(self._diverged(str(error))) from error
        value = self.group.mean(loss).item()
        for optimizer in self.optimizers.values():
            self.scaler.unscale_(optimizer)
        limit = self.settings.max_norm or math.inf
        norm = nn.utils.clip_grad_norm_(self.task.parameters(), limit).item()
        if not math.isfinite(value) or not (math.isfinite(norm) or self.scaler.is_enabled()):
            why = "the gradient is not finite" if math.isfinite(value) else f"the loss is {value}"
            raise EngineError(self._diverged(why))
        for optimizer in self.optimizers.values():
            self.scaler.step(optimizer)
        self.scaler.update()
        self.task.after_step()
        self.step += 1
        if self.settings.ema:
            average(self.ema, self.task.model, min(self.settings.ema, (1 + self.step) / (10 + self.step)))
        return value, norm

    def _cast(self) -> AbstractContextManager[object]:
        """Mixed precision where it is asked for."""
        return nullcontext() if self.dtype is None else torch.autocast(self.group.device.type, dtype=self.dtype)

    def _diverged(self, why: str) -> str:
        newest = self.checkpoints.newest()
        good = f"the last good checkpoint is {newest}" if newest else "no checkpoint was written yet"
        return (
            f"stopped at step {self.step}: {why}; {good}; go on from it with --precision fp32, or anew with less --lr"
        )

    def _due(self, every: int) -> bool:
        return self.step % every == 0 or self.through >= 1

    def _note(self, figures: dict[str, float]) -> None:
        record = {"step": self.step, **figures, "processor seconds": round(self.spent + time.process_time(), 1)}
        if self.group.first:
            self.metrics.add(record)
            self.report(record)

    def _test(self, held: Pictures) -> None:
        if self.group.first:
            self.ema.eval()
            with torch.no_grad(), self._cast():
                torch.manual_seed(self.settings.seed)
                figures = self.task.test(self.ema, held)
            self._note({f"held {name}": value for name, value in figures.items()})
            curves(self.metrics.read(), self.out / "curves.png")
        self.group.wait()

    def _show(self, held: Pictures) -> None:
        path = self.out / "shown" / f"{self.step:07}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.ema.eval()
        with torch.no_grad(), self._cast():
            torch.manual_seed(self.settings.seed)
            self.task.show(self.ema, held, path)

    def save(self) -> None:
        """A checkpoint of this step."""
        if self.group.first:
            state = {
                "about": self._about(),
                "step": self.step,
                "elapsed": self.elapsed,
                "task": self.task.state_dict(),
                "ema": self.ema.state_dict() if self.settings.ema else {},
                **{name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
                "scaler": self.scaler.state_dict(),
            }
            self.checkpoints.write(self.step, state)
        self.group.wait()

    def publish(self) -> Path:
        """The averaged weights of this step as a folder that `ateneo.models.load` reads."""
        if self.group.first:
            save(self.out / "model", self.ema, self.task.config(), companions=self.task.companions())
        self.group.wait()
        return self.out / "model"

    def _about(self) -> dict[str, Any]:
        settings = {name: value for name, value in asdict(self.settings).items() if name not in FREE}
        plain = {"task": self.task.name, "processes": self.group.ranks, **settings, **self.task.config()}
        return json.loads(json.dumps(plain))  # type: ignore[no-any-return]


def _same(then: dict[str, Any], now: dict[str, Any], path: Path) -> None:
    then = {"optimizer": OPTIMIZERS[0], **then}  # checkpoints from before there was a choice do not name it
    for name in {**then, **now}:
        if then.get(name) != now.get(name):
            raise SettingsError(
                f"cannot go on from {path}: there {name} is {then.get(name)}, now it is {now.get(name)}; "
                "give the same settings, or another --out to begin anew"
            )


@torch.no_grad()
def average(ema: nn.Module, model: nn.Module, decay: float) -> None:
    """ema ← decay · ema + (1 - decay) · model; buffers are copied."""
    ours: list[Tensor] = list(ema.parameters())
    theirs: list[Tensor] = list(model.parameters())
    torch._foreach_lerp_(ours, theirs, 1 - decay)
    for buffer, new in zip(ema.buffers(), model.buffers(), strict=True):
        buffer.copy_(new)
