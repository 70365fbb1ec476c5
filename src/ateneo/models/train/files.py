"""Files that are whole or absent, whenever the process ends: written beside, synced, renamed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_whole(path: Path, content: bytes | Callable[[IO[bytes]], object]) -> None:
    """Writes bytes, or what a function writes into the open file."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        if callable(content):
            content(file)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
