"""`ateneo models`: a checkpoint inspected and exported by the command, and what bad input gets."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ateneo.engines.onnx_clip import OnnxClip
from ateneo.models.tokenizer import Tokenizer

WORDS = Tokenizer.train(["una montaña nevada", "un pueblo"] * 3, vocabulary=540, context=16)


def openai_state() -> dict[str, torch.Tensor]:
    """A tiny CLIP under OpenAI's names: 32 px, patches of 8, width 64."""
    D, E, L = 64, 24, WORDS.vocabulary
    state = {
        "logit_scale": torch.tensor(2.0), "text_projection": torch.randn(D, E), "visual.proj": torch.randn(D, E),
        "token_embedding.weight": torch.randn(L, D), "positional_embedding": torch.randn(16, D),
        "visual.class_embedding": torch.randn(D), "visual.positional_embedding": torch.randn(17, D),
        "visual.conv1.weight": torch.randn(D, 3, 8, 8),
    }  # fmt: skip
    for name in ("ln_final", "visual.ln_pre", "visual.ln_post"):
        state |= {f"{name}.weight": torch.ones(D), f"{name}.bias": torch.zeros(D)}
    for block in ("transformer.resblocks.0", "visual.transformer.resblocks.0"):
        shapes = {
            "attn.in_proj_weight": (3 * D, D), "attn.in_proj_bias": (3 * D,), "attn.out_proj.weight": (D, D),
            "attn.out_proj.bias": (D,), "ln_1.weight": (D,), "ln_1.bias": (D,), "ln_2.weight": (D,), "ln_2.bias": (D,),
            "mlp.c_fc.weight": (4 * D, D), "mlp.c_fc.bias": (4 * D,), "mlp.c_proj.weight": (D, 4 * D),
            "mlp.c_proj.bias": (D,),
        }  # fmt: skip
        state |= {f"{block}.{name}": 0.1 * torch.randn(shape) for name, shape in shapes.items()}
    return state


def ateneo(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, run."""
    command = [sys.executable, "-c", "from ateneo.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The tiny CLIP with its tokenizer."""
    torch.manual_seed(0)
    save_file(openai_state(), tmp_path / "tiny.safetensors")
    WORDS.save(tmp_path)
    return tmp_path / "tiny.safetensors"


def test_a_checkpoint_is_exported_by_the_command(checkpoint: Path, tmp_path: Path) -> None:
    ended = ateneo("models", "export", checkpoint, tmp_path / "out", "--set", "activation=quick_gelu")
    assert ended.returncode == 0, ended.stderr
    assert "text_model.onnx" in ended.stdout
    assert "vision_model.onnx" in ended.stdout
    assert OnnxClip(tmp_path / "out").embed_texts(["una montaña"]).shape == (1, 24)


def test_what_the_file_does_not_tell_is_asked_for(checkpoint: Path, tmp_path: Path) -> None:
    ended = ateneo("models", "export", checkpoint, tmp_path / "out")
    assert ended.returncode == 2
    assert "activation" in ended.stderr
    assert "quick_gelu" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "out").exists()


def test_inspect_says_what_a_checkpoint_is(checkpoint: Path) -> None:
    ended = ateneo("models", "inspect", checkpoint, "--set", "activation=quick_gelu")
    assert ended.stdout.startswith("Clip, ")
    wanted = sum(tensor.numel() for tensor in openai_state().values())
    assert f"{wanted:,} parameters" in ended.stdout


@pytest.mark.parametrize("wrong", ["activation", "=3", "a b=1"])
def test_an_answer_of_no_form_is_refused(checkpoint: Path, wrong: str) -> None:
    ended = ateneo("models", "inspect", checkpoint, "--set", wrong)
    assert ended.returncode == 2
    assert "NAME=VALUE" in ended.stderr


def test_help_imports_no_torch() -> None:
    script = (
        "import sys; from ateneo.cli.app import app; "
        "app(['models', '--help'], standalone_mode=False); print('torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.rstrip().endswith("False")
