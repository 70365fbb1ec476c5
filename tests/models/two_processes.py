"""Run by torchrun in the tests: this process's share of a contrastive batch; rank 0 saves loss and gradients."""

import sys
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel

from ateneo.models.train.clip import ClipTask
from ateneo.models.train.data import Batch
from ateneo.models.train.distributed import join, leave
from tests.models.test_train_clip import sixteen, task

out, part = Path(sys.argv[1]), int(sys.argv[2])
group = join("cpu")
model: ClipTask = task(part=part)
joined = DistributedDataParallel(model)
whole = sixteen()
n = len(whole.items) // group.ranks
mine = slice(group.rank * n, (group.rank + 1) * n)
loss = model.backward(joined, Batch(whole.pixels[mine], whole.items[mine]), lambda x: x)
loss = group.mean(loss)
if group.first:
    torch.save({"loss": loss} | {name: p.grad for name, p in model.named_parameters()}, out)
leave()
