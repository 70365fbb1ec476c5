"""The files that ship: half-precision weights of the tower, the decoder, the VQGAN and the prior, and their card."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from stock import STYLES, Stock
from tasks import NOISE, T

from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.models.formats.drawing import KINDS
from ateneo.models.noisy_tower import NoisyTower
from ateneo.models.tower import Tower, TowerConfig
from ateneo.models.train.files import write_whole

HELD = Path(__file__).with_name("held.json")  # what is measured on
CAPTIONS = 100  # of each kind
MODELS = ("decoder", "vqgan", "prior", "tower")
LICENCES = {"noto": "Apache-2.0", "twemoji": "CC-BY-4.0", "fluent-emoji-flat": "MIT"}


def tower(path: Path) -> Tower | NoisyTower:
    """The image tower from its weights, of any precision, with what the JSON beside them says of it, NAME.json or
    config.json; else in its usual configuration."""
    for beside in (path.with_suffix(".json"), path.with_name("config.json")):
        said = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
        if "widths" in said.get("config", {}):
            found = KINDS[said.get("ateneo", "tower")](said["config"], beside)
            break
    else:
        found = Tower(TowerConfig())
    assert isinstance(found, Tower | NoisyTower)
    found.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return found.eval()


def judge(work: Path) -> None:
    """Writes the judge of the run below work/runs beside this recipe, which benchmarks/drawing.py reads."""
    folder = work / "runs" / "judge" / "model"
    said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    put(Path(__file__).parent, "judge", load_file(folder / "model.safetensors"), said)


def write(
    work: Path, out: Path, *, stock: Stock, batches: Mapping[str, int], begun: bool = False, held: Path = HELD
) -> None:
    """Writes the models of the runs below work/runs, config.json and the card; what has no run stays as it is.

    batches: pictures of a step of each. begun: the runs started from the models that are there. held: where the
    captions that are measured on go.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        run = work / "runs" / name
        if not (run / "model").is_dir():
            continue
        said = json.loads((run / "model" / "config.json").read_text(encoding="utf-8"))
        last = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        said["learned"] = [*(learned(out, name) if begun else []), [int(last["step"]), batches[name]]]
        put(out, name, load_file(run / "model" / "model.safetensors"), said)
    about = {"text_space": SentenceVectors().space, "schedule": NOISE, "T": T}
    write_whole(out / "config.json", (json.dumps(about, indent=1) + "\n").encode())
    write_whole(held, (json.dumps(held_captions(stock), ensure_ascii=False, indent=0) + "\n").encode())
    write_whole(out / "card.md", card(out, stock=stock, about=about).encode())


def held_captions(stock: Stock) -> dict[str, list[tuple[str, str]]]:
    """Captions that nothing was learned from, with their language, Spanish and English in turn: of things that were
    learned in other words and drawings ("seen"), and of things that were not ("unseen")."""
    found: dict[str, list[tuple[str, str]]] = {"seen": [], "unseen": []}
    order = np.random.default_rng(1).permutation(len(stock.names)).tolist()
    captions = {(concept, language): text for text, concept, language in stock.held_texts}
    for n, concept in enumerate(order):
        kind, language = ("unseen" if concept in stock.held else "seen"), ("es", "en")[n % 2]
        if len(found[kind]) < CAPTIONS:
            found[kind].append((captions[concept, language], language))
    return found


def learned(out: Path, name: str) -> list[list[int]]:
    """Steps and pictures a step of each run that a model there has learned in."""
    said = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    found: list[list[int]] = said.get("learned", [])
    return found


def put(out: Path, name: str, weights: dict[str, torch.Tensor], said: dict[str, Any]) -> None:
    """NAME.safetensors in half precision, NAME.json."""
    half = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
    write_whole(out / f"{name}.safetensors", save({key: value.contiguous() for key, value in half.items()}))
    write_whole(out / f"{name}.json", (json.dumps(said, indent=1) + "\n").encode())


def card(out: Path, *, stock: Stock, about: dict[str, Any]) -> str:
    """card.md: what the models are, their data and licences, and how long they learned."""
    size = {name: (out / f"{name}.safetensors").stat().st_size / 1e6 for name in MODELS}
    sources = "\n".join(f"| @iconify-json/{style} | {LICENCES[style]} |" for style in STYLES)
    told = {name: ", then ".join(f"{n} steps of {batch}" for n, batch in learned(out, name)) for name in MODELS}
    rows = "\n".join(f"| {name}.safetensors | {size[name]:.1f} MB | {told[name]} |" for name in MODELS)
    held = ", ".join(stock.names[n]["es"] for n in sorted(stock.held)[:12])
    kept = int(stock.own)
    return f"""# Small models that draw

`ateneo draw` uses them: pictures of 64 x 64 pixels from words in Spanish or English, for the methods guided, vqgan and
unclip. Made by `python recipes/drawing/make.py`; in half precision. They belong to the sentence encoder
{about["text_space"]}, and to the image tower that lies here beside them, whose vectors the decoder draws and whose
gradient guides.

| file | size | learned |
|---|---|---|
{rows}

`decoder` is a U-Net over blocks of 2 x 2 pixels that predicts x₀ on the cosine schedule, given the standardised image
vector of the picture and the vector of what is said of it, zeros in place of either for none, and a sketch of
16 x 16 places that is linear in the two. `prior` is a transformer over four tokens that predicts an
image vector from a text vector. `vqgan` has 512 codes, each for 4 x 4 pixels, and learned from differences of pixels
and edges; it had no discriminator. `tower` is a network of convolutions that is told how much noise there is; without
noise it learned what the tower of recipes/pictures sees (the decoder learned from that one's vectors), in noise what is
seen is called and, by its gradient, what the decoder draws otherwise when it is told a vector and words.

## Data and licences

{kept} drawings of {len(stock.names)} things, on white, and {len(stock.pixels) - kept} of the same in other colours:

| source | licence |
|---|---|
{sources}
| unicode-cldr-core: names and keywords in Spanish and English | Unicode |

Kept apart: all drawings of {len(stock.held)} of the things ({held} ...), and one wording of every name in each
language.

## Limits

They know what emoji show, one thing on white, and little of how things go together: "a red plane above the sea" is at
best a plane. Words of style do nothing that they have not seen: there are three styles of emoji and no others.
docs/drawing.md has figures and pictures.
"""
