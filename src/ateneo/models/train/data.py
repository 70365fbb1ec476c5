"""Batches of pictures: read with threads, a few batches ahead, in an order that hangs on the seed alone.

A picture that cannot be read costs one line on stderr, and the next in line takes its place: always the same, so that
a run that is taken up again sees what it would have seen.
"""

import sys
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

import torch
from PIL import UnidentifiedImageError
from torch import Tensor

from ateneo.errors import InputError
from ateneo.models.train.items import Item
from ateneo.models.train.pictures import decode

MOST_BROKEN = 100  # pictures in a row: then it is the data, not a picture


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures as bytes (B, 3, H, W) and their items."""

    pixels: Tensor
    items: Sequence[Item]


def _complain(line: str) -> None:
    print(line, file=sys.stderr)


class Pictures:
    """Items as pictures (3, size, size), uint8: read with threads, a few batches ahead, the decoded kept in memory."""

    def __init__(
        self,
        items: Sequence[Item],
        size: int,
        *,
        threads: int = 1,
        cache_bytes: int = 1 << 30,
        complain: Callable[[str], None] = _complain,
    ) -> None:
        self.items, self.size, self.threads = items, size, threads
        self._room = cache_bytes // (3 * size * size)
        self._cache: dict[int, Tensor | None] = {}
        self._complain = complain

    def __len__(self) -> int:
        return len(self.items)

    def batch(self, indices: Iterable[int]) -> Batch:
        """The pictures at these places; a broken one is replaced by the next that can be read."""
        found = [self._readable(index) for index in indices]
        return Batch(torch.stack([picture for _, picture in found]), [self.items[index] for index, _ in found])

    def shuffled(self, batch: int, *, seed: int, start: int = 0, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """Batches without end from step `start` on; every epoch in an order of its own that hangs on the seed alone.

        `batch` is what one rank gets; all ranks together go through the data once an epoch.
        """
        return self._ahead(self._order(count(start), batch, seed=seed, rank=rank, ranks=ranks))

    def in_order(self, batch: int) -> Iterator[Batch]:
        """All pictures that can be read, once, as they stand."""
        steps = (range(at, min(at + batch, len(self))) for at in range(0, len(self), batch))
        for indices in steps:
            readable = [index for index in indices if self._read(index) is not None]
            if readable:
                yield self.batch(readable)

    def _order(self, steps: Iterable[int], batch: int, *, seed: int, rank: int, ranks: int) -> Iterator[list[int]]:
        def place(position: int) -> int:
            epoch, at = divmod(position, len(self))
            return int(_permutation(len(self), seed, epoch)[at])

        for step in steps:
            first = (step * ranks + rank) * batch
            yield [place(position) for position in range(first, first + batch)]

    def _ahead(self, orders: Iterator[list[int]]) -> Iterator[Batch]:
        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[Future[Batch]] = deque()
            for indices in orders:
                waiting.append(pool.submit(self.batch, indices))
                if len(waiting) > self.threads:
                    yield waiting.popleft().result()

    def _readable(self, index: int) -> tuple[int, Tensor]:
        for at in (i % len(self) for i in range(index, index + min(MOST_BROKEN, len(self)))):
            picture = self._read(at)
            if picture is not None:
                return at, picture
        raise InputError(f"cannot train: {self.items[index].key} and those after it cannot be read as pictures")

    def _read(self, index: int) -> Tensor | None:
        if index in self._cache:
            return self._cache[index]
        item = self.items[index]
        try:
            picture = decode(item.picture.read(), self.size)
        except (OSError, ValueError, SyntaxError, KeyError, zipfile.BadZipFile) as error:
            picture = None
            self._complain(f"ateneo: skipped {item.key}: {_reason(error)}")
        if picture is None or len(self._cache) < self._room:
            self._cache[index] = picture
        return picture


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is not a picture, or a damaged one"
    return " ".join(str(error).split()) or type(error).__name__


@lru_cache(maxsize=2)
def _permutation(n: int, seed: int, epoch: int) -> Tensor:
    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed} {epoch}".encode()))
    return torch.randperm(n, generator=generator)
