"""Several processes that learn as one: started by torchrun, with gradients equal to one process on the joint batch."""

import os
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import Tensor

from ateneo.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Group:
    """This process's place among those that learn together, and its device."""

    rank: int = 0
    ranks: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def mean(self, value: Tensor) -> Tensor:
        """The mean over all processes; without gradient."""
        value = value.detach().clone()
        if self.ranks > 1:
            dist.all_reduce(value)
            value /= self.ranks
        return value

    def wait(self) -> None:
        """Until all processes are here."""
        if self.ranks > 1:
            dist.barrier()


def join(device: str = "") -> Group:
    """The group that torchrun's environment names, else this process alone; NCCL on CUDA, gloo on a CPU."""
    ranks, rank, local = (
        int(os.environ.get(name, d)) for name, d in (("WORLD_SIZE", 1), ("RANK", 0), ("LOCAL_RANK", 0))
    )
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind.startswith("cuda") and not torch.cuda.is_available():
        raise SettingsError("cannot use --device cuda: torch sees no CUDA device here; leave --device out for the CPU")
    where = torch.device("cuda", local) if kind == "cuda" else torch.device(kind)
    if ranks > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if where.type == "cuda" else "gloo", rank=rank, world_size=ranks)
    return Group(rank, ranks, where)


def leave() -> None:
    """End the group, where there is one."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


class _Gather(torch.autograd.Function):
    """Concatenates over processes; the gradient of what came from here is the sum of what each process made of it."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        parts = [torch.empty_like(x) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> Tensor:
        gradient = gradients[0].contiguous()
        dist.all_reduce(gradient)
        return gradient.chunk(dist.get_world_size())[dist.get_rank()]


def gather(x: Tensor) -> Tensor:
    """Rows of all processes, (N, D) → (ranks · N, D), with gradients; alone, x itself."""
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return x
    joined: Tensor = _Gather.apply(x)  # type: ignore[no-untyped-call]
    return joined
