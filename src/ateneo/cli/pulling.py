"""The bar that a pull shows: one for all its bytes."""

import sys
from typing import Any


def bytes_bar(label: str) -> type | None:
    """A class like tqdm, for `hub.pull`, that shows the bytes of all files together; None where stderr is no
    terminal."""
    if not sys.stderr.isatty():
        return None
    from huggingface_hub.utils.tqdm import tqdm

    class Bytes(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            whole = options.get("unit") == "B" and str(options.get("name")).endswith("snapshot_download")
            options |= {"desc": label, "bar_format": None}
            super().__init__(*args, **options | ({} if whole else {"disable": True}))  # type: ignore[no-untyped-call]

        def set_description(self, desc: str | None = None, refresh: bool = True) -> None:
            """The label stays."""

    return Bytes
