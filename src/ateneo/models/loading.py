"""load(path): a checkpoint of any known layout becomes a ready module.

The model is built on the meta device, which costs nothing; tensors are mapped from the file where the file allows it
and put in place, so that memory stays near the size of the file. Those that must be rearranged (matrices transposed,
rows in another order) are copied first, in small groups between which the mapping is renewed, because pages that were
read once count as memory until their mapping goes.

Mapped weights are read from the file when they are first used: keep it in place, and replace it by renaming rather
than by writing into it, as long as the model lives.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint, open_checkpoint
from ateneo.models.formats import Answers, Format, fill, formats, pattern

GROUP = 8 * 2**20  # bytes that are rearranged between two renewals of the mapping
DRAWS = ("normal_", "uniform_", "erfinv_", "clamp_")  # what torch.nn.init calls on a tensor
SHOWN = 4  # keys that an error lists


def load(
    path: str | Path, *, dtype: torch.dtype | None = None, device: str | torch.device = "cpu", **answers: object
) -> nn.Module:
    """A checkpoint file, or a folder with one (sharded or not), as a module in evaluation mode.

    Args:
        path: .safetensors, .pt, .pth, .bin, a TorchScript archive of OpenAI's, a .npz of Google's, or a folder.
        dtype: the type of the weights; None keeps the file's.
        device: where the weights go.
        answers: what neither the file nor a configuration beside it tells, such as activation="quick_gelu". An error
            names what is missing and its usual values.

    Raises InputError: the file is absent, damaged, of no known layout, or does not fit its layout; it names the keys.
    """
    checkpoint = open_checkpoint(Path(path))
    known = recognise(checkpoint)
    checkpoint.strip(known.strip)
    model = build(checkpoint, known, answers)
    steps = plan(checkpoint, known, model)
    state = read(checkpoint, steps, dtype=dtype, device=torch.device(device))
    check(checkpoint, known, model=model, state=state)
    model.load_state_dict(state, assign=True)
    return model.eval()


@dataclass(frozen=True, slots=True)
class Step:
    """One tensor of the model and where it comes from."""

    new: str
    olds: tuple[str, ...]
    transform: Callable[..., Tensor] | None
    part: tuple[int, int] = (0, 1)  # which of how many equal parts of the rows


def recognise(checkpoint: Checkpoint) -> Format:
    """The layout of a checkpoint; InputError where none fits."""
    for known in formats():
        if known.recognise(checkpoint):
            return known
    names = ", ".join(sorted({known.name for known in formats()}))
    raise InputError(
        f"{checkpoint.path} is of no known layout: its keys are {some(sorted(checkpoint.shapes))}; known are {names}"
    )


def build(checkpoint: Checkpoint, known: Format, given: dict[str, Any]) -> nn.Module:
    """The model that the file is for, on the meta device."""
    answers = Answers(checkpoint, given)
    try:
        with torch.device("meta"), _Undrawn():
            model = known.build(checkpoint, answers)
    except KeyError as error:
        raise InputError(
            f"{checkpoint.path} looks like {known.name} but has no key {error.args[0]!r}; "
            "it may be a part of a model or an unfinished download"
        ) from error
    if unknown := sorted(set(given) - answers.asked):
        takes = ", ".join(sorted(answers.asked)) or "no arguments"
        raise InputError(f"load() got {', '.join(unknown)}, but {known.name} ({checkpoint.path}) takes {takes}")
    return model


class _Undrawn(TorchFunctionMode):
    """Leaves out torch.nn.init: on the meta device it fills nothing, but would first import for a second."""

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.__name__ in DRAWS or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def plan(checkpoint: Checkpoint, known: Format, model: nn.Module) -> list[Step]:
    """Every key of the file in its place; InputError for keys that have none, or that share one."""
    steps: dict[str, Step] = {}
    used: set[str] = set()
    renames = known.renames(model)
    for key in checkpoint.shapes:
        for rename in renames:
            stars = rename.match(key)
            if stars is None:
                continue
            olds, news = ([fill(name, stars) for name in names] for names in (rename.olds, rename.news))
            if absent := [old for old in olds if old not in checkpoint.shapes]:
                raise InputError(
                    f"{checkpoint.path} looks like {known.name} but has no key {some(absent)} beside {key}"
                )
            for n, new in enumerate(news):
                if new in steps:
                    raise InputError(f"{checkpoint.path}: {key} and {steps[new].olds[0]} are the same weights twice")
                steps[new] = Step(new, tuple(olds), rename.transform, (n, len(news)))
            used.update(olds)
            break
    ignored = [pattern(name) for name in known.ignored]
    left = [key for key in checkpoint.shapes if key not in used and not any(p.fullmatch(key) for p in ignored)]
    if left:
        raise InputError(
            f"{checkpoint.path} looks like {known.name} but has keys that this layout has no place for: "
            f"{some([checkpoint.original(key) for key in left])}"
        )
    return list(steps.values())


def read(
    checkpoint: Checkpoint, steps: Sequence[Step], *, dtype: torch.dtype | None, device: torch.device
) -> dict[str, Tensor]:
    """The state of the model: first what must be copied, in groups, then what stays a view of the file."""
    state: dict[str, Tensor] = {}
    for copies in (True, False):
        tensors, since = checkpoint.open(), 0  # bytes copied since the file was mapped
        for step in steps:
            if (step.transform is not None) is not copies:
                continue
            if since > GROUP and checkpoint.mapped:
                tensors, since = checkpoint.open(), 0
            made, copied = _make(checkpoint, step, sources=[tensors(old) for old in step.olds], dtype=dtype)
            state[step.new] = made.to(device)
            since += copied
    return state


def _make(
    checkpoint: Checkpoint, step: Step, *, sources: list[Tensor], dtype: torch.dtype | None
) -> tuple[Tensor, int]:
    """One tensor of the model, and how many bytes were copied for it."""
    n, of = step.part
    try:
        whole = step.transform(*sources) if step.transform else sources[0]
        own = whole.reshape(of, -1, *whole.shape[1:])[n] if of > 1 else whole
        made = _cast(own, dtype)
        if step.transform is None:
            return made, 0 if made is own else made.nbytes
        made = made.contiguous()
    except (RuntimeError, IndexError, ValueError) as error:
        shapes = ", ".join(f"{checkpoint.original(old)} {checkpoint.shapes[old]}" for old in step.olds)
        raise InputError(f"{checkpoint.path}: {shapes} cannot become {step.new}: {error}") from error
    if made.untyped_storage().data_ptr() == sources[0].untyped_storage().data_ptr():
        made = made.clone()  # a view would keep the whole mapping, and the pages that were read through it
    return made, made.nbytes


def _cast(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Floating-point weights in the type that was asked for; counters stay what they are."""
    return tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor


def check(checkpoint: Checkpoint, known: Format, *, model: nn.Module, state: dict[str, Tensor]) -> None:
    """Every parameter is filled, in its shape; InputError that names the keys where not."""
    wanted = model.state_dict()
    if missing := [name for name in wanted if name not in state]:
        raise InputError(
            f"{checkpoint.path} looks like {known.name} but lacks weights for {some(missing)}; "
            "it may be a part of a model or an unfinished download"
        )
    if unknown := [name for name in state if name not in wanted]:
        raise InputError(f"{checkpoint.path} looks like {known.name}, whose model has no {some(unknown)}")
    for name, tensor in state.items():
        if tensor.shape != wanted[name].shape:
            raise InputError(
                f"{checkpoint.path}: the weights for {name} are {tuple(tensor.shape)}, the model that the rest of the "
                f"file and its configuration describe has {tuple(wanted[name].shape)}"
            )


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
