"""The library as a whole: its names, its documentation, what it imports."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import ateneo.models

DOCS = Path(__file__).parents[2] / "docs" / "models.md"


def test_every_public_name_is_there_and_no_module_hides_one() -> None:
    assert sorted(ateneo.models.__all__) == ateneo.models.__all__
    for name in ateneo.models.__all__:
        assert getattr(ateneo.models, name).__module__.startswith("ateneo.models."), name
    with pytest.raises(AttributeError, match="nothing"):
        _ = ateneo.models.nothing


def test_importing_the_library_imports_no_torch() -> None:
    script = (
        "import sys, ateneo.models; ateneo.models.Tokenizer, ateneo.models.Preprocess; print('torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_the_examples_of_the_documentation_run() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, object] = {}
    torch.manual_seed(0)
    for block in [b for b in blocks if "foto.jpg" not in b]:
        exec(block, names)
    assert names["pictures"].shape == (4, 3, 32, 32)  # type: ignore[attr-defined]
    assert len(names["seen"]) == 10  # type: ignore[arg-type]
    for mu, guided in names["seen"][:-1]:  # type: ignore[index]
        assert not torch.equal(mu, guided)
