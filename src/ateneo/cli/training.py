"""What a training command shows while it runs: a bar on a terminal, else a line for every measurement."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ateneo.models.train.data import Pictures
from ateneo.models.train.distributed import join, leave
from ateneo.models.train.items import Item
from ateneo.models.train.loop import Settings, Task, train


def go(
    task: Task,
    learn: Sequence[Item],
    held: Sequence[Item],
    *,
    out: Path,
    image_size: int,
    settings: Settings,
    device: str,
    threads: int,
) -> None:
    """Trains in this process's place of the group, and prints the folder of the finished model."""
    group = join(device)
    try:
        with Bar(settings.steps, shown=group.first) as bar:
            pictures = [Pictures(part, image_size, threads=threads, complain=bar.say) for part in (learn, held)]
            bar.say(
                f"learning from {len(learn):,} pictures, measuring on {len(held):,} held apart; the run is in {out}"
            )
            folder = train(task, *pictures, out=out, settings=settings, group=group, report=bar)
    finally:
        leave()
    if group.first:
        print(folder)


class Bar:
    """Told of each record of figures. Shows steps, time left, the last loss and what was last measured."""

    def __init__(self, steps: int, *, shown: bool) -> None:
        console = Console(stderr=True)
        self.live, self.shown = shown and console.is_terminal, shown
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        self.progress = Progress(*columns, console=console, disable=not self.live)
        self.task = self.progress.add_task("", total=steps)
        self.last: dict[str, float] = {}

    def __enter__(self) -> "Bar":
        """Begins to show."""
        self.progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Leaves the terminal as it was."""
        self.progress.stop()

    def __call__(self, record: dict[str, float]) -> None:
        """A record of figures."""
        self.last |= record
        told = {name: value for name, value in self.last.items() if name == "loss" or name.startswith("held ")}
        words = "  ".join(f"{name} {value:.3f}" for name, value in told.items())
        self.progress.update(self.task, completed=int(record["step"]), description=words)
        if any(name.startswith("held ") for name in record):
            self.say(f"step {int(record['step'])}  {words}")

    def say(self, line: str) -> None:
        """One line on stderr, above the bar."""
        if self.live:
            self.progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        elif self.shown:
            print(line, file=sys.stderr, flush=True)
