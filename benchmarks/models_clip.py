"""CLIP and ViT beside open_clip, transformers and timm: one run, one thread, the same random weights on every side.

Each pair is first checked for equal outputs, then timed in turn, and the least processor time of each counts, so that
only ratios are to be read: they hold where the milliseconds of a busy machine do not.

    python -m benchmarks.models_clip [--rounds 15]

Peers that are absent are left out with a line that says how to install them.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

os.environ |= {
    "OMP_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}

import torch
from safetensors.torch import save_file
from torch import Tensor

from ateneo.models.clip import Clip, clip
from ateneo.models.layers import pack
from ateneo.models.loading import load
from ateneo.models.tokenizer import Tokenizer
from ateneo.models.vit import vit
from benchmarks.models_peers import embedding, hugging_face_clip, open_clip, openai_names, timm, transformers

WORDS = "a photo of small dog cat horse house with the red old tree in front mountain river street two people".split()
PROMPTS = ["a photo of a dog", "a diagram", "a red house", "two people in front of a tree"]  # at most 9 tokens
Call = Callable[[], Any]
Row = tuple[str, str, float, float]  # what, peer, our milliseconds, the peer's


def fastest(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Least processor milliseconds of each call, the calls taken in turn."""
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            least[name] = min(least[name], 1000 * (time.process_time() - start))
    return least


def compare(what: str, calls: dict[str, Call], rounds: int, *, equal: bool = True) -> list[Row]:
    """Rows of ours against each peer; first whether all give the same, to 1e-5 of the largest number."""
    outputs = {name: call() for name, call in calls.items()}
    ours = outputs["ateneo"]
    for name, output in outputs.items() if equal else ():
        difference = float((output - ours).abs().max() / ours.abs().max())
        if difference > 1e-5:
            sys.exit(f"{what}: {name} differs from ateneo by {difference:.1e} of the largest number")
    least = fastest(calls, rounds)
    ways = [name for name in least if name.startswith("ateneo")]  # "ateneo", and "ateneo, packed"
    peers = [name for name in least if name not in ways]
    return [(what + way.removeprefix("ateneo"), peer, least[way], least[peer]) for way in ways for peer in peers]


def clip_rows(folder: Path, rounds: int) -> list[Row]:
    """Short prompts, and pictures one at a time and eight at a time, through ViT-B/32."""
    theirs = hugging_face_clip(folder)
    ours = load(folder) if theirs is not None else clip("ViT-B/32").eval()
    packed = pack(deepcopy(ours))
    assert isinstance(ours, Clip)
    assert isinstance(packed, Clip)
    other = open_clip()
    if other is not None:
        other_model = other.create_model("ViT-B-32-quickgelu", pretrained=None).eval()
        other_model.load_state_dict(openai_names(ours))
    words = Tokenizer.published().encode(PROMPTS)
    rows = []
    for batch in (1, 4):
        calls: dict[str, Call] = {
            "ateneo": lambda t=words[:batch]: ours.encode_text(t),
            "ateneo, packed": lambda t=words[:batch]: packed.encode_text(t),
        }
        if other is not None:
            calls["open_clip"] = lambda t=words[:batch]: other_model.encode_text(t)
        if theirs is not None:
            calls["transformers"] = lambda t=words[:batch]: embedding(theirs.get_text_features(t))
        rows += compare(f"text, {batch} short prompt{'s' * (batch > 1)}", calls, rounds)
    for batch in (1, 8):
        x = torch.randn(batch, 3, 224, 224, generator=torch.Generator().manual_seed(0))
        calls = {
            "ateneo": lambda x=x: ours.encode_image(x),
            "ateneo, packed": lambda x=x: packed.encode_image(x),
        }
        if other is not None:
            calls["open_clip"] = lambda x=x: other_model.encode_image(x)
        if theirs is not None:
            calls["transformers"] = lambda x=x: embedding(theirs.get_image_features(x))
        rows += compare(f"image B/32, batch {batch}", calls, rounds)
    return rows


def vit_rows(folder: Path, rounds: int) -> list[Row]:
    """ViT-B/16, one picture and four, with the same weights in timm and transformers."""
    ours = vit("ViT-B/16").eval()
    x = torch.randn(4, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    calls: dict[str, Callable[[Tensor], Tensor]] = {"ateneo": ours}
    if (library := timm()) is not None:
        model = library.create_model("vit_base_patch16_224", pretrained=False).eval()
        torch.nn.init.normal_(model.head.weight, std=0.02)
        save_file(model.state_dict(), folder / "timm.safetensors")
        ours = calls["ateneo"] = load(folder / "timm.safetensors")
        calls["timm"] = model
    calls["ateneo, packed"] = pack(deepcopy(ours))
    rows = []
    for batch in (1, 4):
        run = {name: (lambda call=call, x=x[:batch]: call(x)) for name, call in calls.items()}
        rows += compare(f"ViT-B/16, batch {batch}", run, rounds)
    return rows


LOADING = """
import json, time, torch
torch.set_num_threads(1)
{imports}
tokens, pixels = torch.tensor([[49406, 320, 1125, 539, 320, 1929, 49407]]), torch.ones(1, 3, 224, 224)
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024
before, start, wall = peak(), time.process_time(), time.perf_counter()
model = {call}
loaded, wall, held = 1000 * (time.process_time() - start), 1000 * (time.perf_counter() - wall), peak() - before
with torch.inference_mode():
    vectors = {embed}
embedded, used = 1000 * (time.process_time() - start), peak() - before
with torch.inference_mode():
    total, size = sum(float(p.sum()) for p in model.parameters()), sum(float(v.abs().sum()) for v in vectors)
print(json.dumps([loaded, wall, embedded, held, used, peak() - before, total, size]))
"""
LOADERS = {
    "ateneo": (
        "from ateneo.models.formats import formats; from ateneo.models.loading import load; formats()",
        "load({path!r})",
        "model.encode_text(tokens), model.encode_image(pixels)",
    ),
    "transformers": (
        "from benchmarks.models_peers import transformers; CLIPModel = transformers().CLIPModel",
        "CLIPModel.from_pretrained({path!r})",
        "[f(x) for f, x in ((model.get_text_features, tokens), (model.get_image_features, pixels))]; "
        "vectors = [getattr(v, 'pooler_output', v) for v in vectors]",
    ),
}
LOADED = (  # what LOADING prints: the processor, the clock, and peaks of resident memory above that before loading
    "ms to load", "by the clock", "ms until one text and one picture are embedded", "MB, loaded", "MB, embedded",
    "MB, every weight read",
)  # fmt: skip


def loading_rows(folder: Path, rounds: int) -> dict[str, list[float]]:
    """A B/32-size file in fresh processes, in turn: for each library the least of each figure of LOADED."""
    best: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, (imports, call, embed) in LOADERS.items():
            code = LOADING.format(imports=imports, call=call.format(path=str(folder)), embed=embed)
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
            )
            found = json.loads(done.stdout.splitlines()[-1])
            best[name] = [min(pair) for pair in zip(best.get(name, found), found, strict=True)]
    for check in (-1, -2):  # the vectors, and the sum of all weights
        sums = [values[check] for values in best.values()]
        if max(sums) - min(sums) > 1e-3 * abs(sums[0]):
            sys.exit(f"loading: both libraries should give the same sum, these are {sums}")
    return {name: values[: len(LOADED)] for name, values in best.items()}


def tokenizer_rows(rounds: int) -> list[Row]:
    """Construction, 2,000 captions of 12 words for the first time, and again."""
    library = open_clip()
    if library is None:
        return []
    captions = [
        " ".join(WORDS[(n * 7 + k * (3 + n % 5)) % len(WORDS)] + str(n % 97) * (k == 5) for k in range(12))
        for n in range(2000)
    ]
    make: dict[str, Callable[[], Any]] = {"ateneo": Tokenizer.published, "open_clip": library.tokenizer.SimpleTokenizer}
    rows = compare("tokenizer: construction", dict(make), rounds, equal=False)
    cold = dict.fromkeys(make, float("inf"))
    for _ in range(max(3, rounds // 3)):
        for name, build in make.items():
            tokenizer = build()
            run = tokenizer.encode if name == "ateneo" else tokenizer
            start = time.process_time()
            run(captions)
            cold[name] = min(cold[name], 1000 * (time.process_time() - start))
    rows.append(("tokenizer: 2,000 captions, cold", "open_clip", cold["ateneo"], cold["open_clip"]))
    ours, theirs = make["ateneo"](), make["open_clip"]()
    warm = {"ateneo": lambda: ours.encode(captions), "open_clip": lambda: theirs(captions)}
    return rows + compare("tokenizer: 2,000 captions, warm", warm, rounds)


def table(rows: list[Row]) -> Iterator[str]:
    """Markdown."""
    yield "| what | beside | Ateneo, ms | peer, ms | times faster |"
    yield "|---|---|---:|---:|---:|"
    for what, peer, ours, theirs in rows:
        yield f"| {what} | {peer} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.2f} |"


def main() -> None:
    """Everything, then the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, torch.inference_mode(), contextlib.redirect_stderr(sys.stderr):
        folder = Path(name)
        rows = clip_rows(folder, rounds) + vit_rows(folder, rounds) + tokenizer_rows(rounds)
        (folder / "timm.safetensors").unlink(missing_ok=True)
        loading = loading_rows(folder, max(3, rounds // 4)) if transformers() is not None else {}
    print("\n".join(table(rows)))
    if loading:
        print(f"\n| loading B/32, 605 MB | {' | '.join(LOADED)} |\n|---|{'---:|' * len(LOADED)}")
        for name, values in loading.items():
            print(f"| {name} | {' | '.join(f'{value:.0f}' for value in values)} |")


if __name__ == "__main__":
    main()
