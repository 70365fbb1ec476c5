"""What a run leaves on disk as it goes: checkpoints, whole at any moment, and a line of figures now and then."""

import json
from pathlib import Path
from typing import Any

import torch

from ateneo.errors import InputError
from ateneo.models.train.files import write_whole

KEPT = 2  # checkpoints: the newest, and the one before it


class Metrics:
    """metrics.jsonl: one line of figures a moment; lines after the step that a run goes on from are cut away."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, record: dict[str, float]) -> None:
        """One more line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def read(self) -> list[dict[str, float]]:
        """All whole lines; a kill may have left half a one."""
        records = []
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else ():
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return records

    def cut(self, step: int) -> None:
        """Keeps what was noted up to this step."""
        kept = [record for record in self.read() if record["step"] <= step]
        if self.path.exists():
            write_whole(self.path, "".join(json.dumps(record) + "\n" for record in kept).encode())


class Checkpoints:
    """checkpoints/step-N.pt, the newest two."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Path]:
        """Oldest first."""
        return sorted(self.folder.glob("step-*.pt"))

    def newest(self) -> Path | None:
        """The last one that is there."""
        found = self.all()
        return found[-1] if found else None

    def read(self, path: Path, *, device: torch.device) -> dict[str, Any]:
        """A checkpoint's state. Raises InputError where it is damaged."""
        try:
            return torch.load(path, map_location=device, weights_only=True)  # type: ignore[no-any-return]
        except Exception as error:
            raise InputError(
                f"cannot go on from {path}: {error}; remove that file to go on from the one before"
            ) from error

    def write(self, step: int, state: dict[str, Any]) -> None:
        """Beside, synced, renamed; then those before the last two go."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob("*.partial"):
            leftover.unlink()
        write_whole(self.folder / f"step-{step:09}.pt", lambda file: torch.save(state, file))
        for old in self.all()[:-KEPT]:
            old.unlink()
