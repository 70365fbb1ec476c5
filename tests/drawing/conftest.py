"""A folder of tiny models that draw, for the sentence encoder that ships."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.models.noisy_tower import NoisyTower, NoisyTowerConfig
from ateneo.models.prior import Prior, PriorConfig
from ateneo.models.unclip import Decoder, DecoderConfig
from ateneo.models.unet import UNetConfig
from ateneo.models.vqgan import Vqgan, VqganConfig

UNET = UNetConfig(
    in_channels=48, out_channels=48, channels=8, widths=(8, 16), blocks=1, attention=(1,), groups=4, vector=384
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """decoder, prior, vqgan and tower with fresh weights, in half precision as those that ship."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("drawing")
    put(place, "decoder", Decoder(DecoderConfig(patch=4, unet=UNET)), asdict(DecoderConfig(patch=4, unet=UNET)))
    prior = PriorConfig(embed=384, text=384, tokens=0, heads=2, head_width=8, layers=1)
    put(place, "prior", Prior(prior), asdict(prior))
    vqgan = VqganConfig(widths=(8, 16), blocks=1, attention=(), z_channels=4, codes=16, embed=4, groups=4)
    put(place, "vqgan", Vqgan(vqgan), asdict(vqgan))
    tower = NoisyTowerConfig(image_size=32, widths=(8, 16), blocks=(1, 1), hidden=16, times=16)
    put(place, "tower", NoisyTower(tower), asdict(tower), kind="noisy tower")
    said = {"text_space": SentenceVectors().space, "schedule": "cosine", "T": 1000}
    (place / "config.json").write_text(json.dumps(said))
    return place


def put(place: Path, name: str, model: nn.Module, config: dict[str, object], *, kind: str = "") -> None:
    """One model as a file with its JSON."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.1)
    half = {key: value.half() if value.is_floating_point() else value for key, value in model.state_dict().items()}
    save_file(half, place / f"{name}.safetensors")
    (place / f"{name}.json").write_text(json.dumps({"ateneo": kind or name, "config": config}))
