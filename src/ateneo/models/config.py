"""The JSON files beside a checkpoint."""

import json
from pathlib import Path
from typing import Any

from ateneo.errors import InputError


def read_config(path: Path) -> dict[str, Any]:
    """A JSON file with an object in it; InputError that names the file where it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} is not a configuration: it holds a {type(found).__name__}, not an object")
    return found
