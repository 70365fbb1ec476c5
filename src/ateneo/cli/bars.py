"""Progress of a long run on stderr: a bar per talk and stage on a terminal, a line per talk elsewhere."""

import sys
import time
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from ateneo.cli import printable
from ateneo.ingest.run import Progress
from ateneo.ingest.stages import Outcome

LABEL = 32  # characters of a talk's name shown beside its bar


class Bars:
    """A progress callback. Bars go as their talks end; problems and results stay as lines."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.progress = RichProgress(
            TextColumn("{task.fields[label]:<" + str(LABEL) + "}", markup=False),
            TextColumn("{task.description:<10}", markup=False),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[count]}", markup=False),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.tasks: dict[int, TaskID] = {}
        self.began: dict[int, float] = {}
        self.said: set[str] = set()

    def __enter__(self) -> "Bars":
        self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.progress.stop()

    def __call__(self, event: Progress) -> None:
        if event.outcome is not None:
            self._end(event, event.outcome)
            return
        if event.item not in self.tasks:
            label = printable(Path(event.label).name)[:LABEL]
            count = f"{event.item}/{event.total}"
            self.tasks[event.item] = self.progress.add_task(event.stage, total=1.0, label=label, count=count)
            self.began[event.item] = time.monotonic()
        self.progress.update(self.tasks[event.item], description=event.stage, completed=event.fraction)

    def _end(self, event: Progress, outcome: Outcome) -> None:
        if event.item in self.tasks:
            self.progress.remove_task(self.tasks.pop(event.item))
        spent = time.monotonic() - self.began.pop(event.item, time.monotonic())
        if outcome.state == "indexed":
            self._line(f"{event.item}/{event.total} {outcome.talk_id} ({spent:.1f} s)")
        for line in (*outcome.problems, *outcome.notes):
            if line not in self.said:  # what is wrong with the machine is said once, not for each talk
                self.said.add(line)
                self._line(f"ateneo: {line}")

    def _line(self, text: str) -> None:
        if self.progress.disable:
            print(printable(text), file=sys.stderr, flush=True)
        else:
            self.console.print(printable(text), markup=False)
