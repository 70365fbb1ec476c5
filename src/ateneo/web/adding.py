"""The process that adds recordings for the page: `python -m ateneo.web.adding ARCHIVE`.

It takes one line of JSON, {"paths", "options"}, and tells what happens in lines of JSON. It adds item by item, so that
between two of them the archive is free for corrections, gives way to those who ask (`nice`), and ends with its parent.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ateneo.api import Archive
from ateneo.errors import ArchiveError, AteneoError
from ateneo.ingest.discover import Item, discover
from ateneo.ingest.run import Progress
from ateneo.web.uploads import FOLDER

NICE = 10
WAIT = 24 * 3600.0  # s that it waits for another program that writes to the archive


def main() -> None:
    """Keeps the real stdout for messages: whatever a library prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICE)

    def tell(**message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    try:
        tell(end=add(Archive(Path(sys.argv[1]), wait=WAIT), task["paths"], task["options"], tell))
    except AteneoError as error:
        tell(problem=str(error), end="failed")
    out.flush()
    os._exit(0)


def add(archive: Archive, paths: list[str], options: dict[str, Any], tell: Callable[..., None]) -> str:
    """Adds everything under `paths`; "done" where all went well, else "failed". Raises ArchiveError."""
    found = discover([Path(path) for path in paths])
    tell(total=len(found.items), problem="; ".join(found.problems))
    for number, item in enumerate(found.items):
        tell(item=number, label=item.path.name, state="waiting")
    states = [_add_one(archive, number, item, options, tell) for number, item in enumerate(found.items)]
    return "done" if states and not found.problems and "failed" not in states else "failed"


def _add_one(archive: Archive, number: int, item: Item, options: dict[str, Any], tell: Callable[..., None]) -> str:
    def progress(now: Progress) -> None:
        tell(item=number, state="running", stage=now.stage, fraction=round(now.fraction, 3))

    try:
        report = archive.add(item.recording or list(item.captions), isolated=True, progress=progress, **options)
    except ArchiveError:
        raise
    except AteneoError as error:
        tell(item=number, state="failed", problems=[str(error)])
        return "failed"
    outcome = report.outcomes[0]
    state = "failed" if outcome.state == "skipped" or outcome.problems else "done"
    if outcome.state == "duplicate":
        state = "duplicate"
        _discard(archive, item)
    tell(item=number, state=state, talk=outcome.talk_id, problems=list(outcome.problems), fraction=1.0)
    return state


def _discard(archive: Archive, item: Item) -> None:
    """Removes an upload of a recording that the archive has already. Nothing else is ever removed."""
    if item.recording and item.recording.resolve().is_relative_to((archive.path / FOLDER).resolve()):
        item.recording.unlink(missing_ok=True)


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
