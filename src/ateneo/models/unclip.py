"""unCLIP: a picture from its CLIP vector (Ramesh et al. 2022, "Hierarchical text-conditional image generation").

The prior (`models.prior`) makes the image vector of a text vector; the Decoder below draws the picture that has it. A
vector enters the decoder standardised, so that zeros, the mean of all pictures, stand for none: the same network draws
anything (unguided), what the gradient of CLIP asks for (`guidance.Guided`), or what a vector says, under
classifier-free guidance. As in the paper's decoder (section 2.1) the words may be told beside the vector: they know
what a vector of a picture says little of, such as colours. Between two pictures lie the vectors of `slerp`.
"""

from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import InputError
from ateneo.models.diffusion import Denoiser, Network, Predicts
from ateneo.models.guidance import ClassifierFree
from ateneo.models.unet import UNet, UNetConfig


@dataclass(frozen=True)
class DecoderConfig:
    """A U-Net over blocks of pixels."""

    image_size: int = 64  # pixels
    patch: int = 4  # blocks of patch² pixels are what the U-Net sees as one
    unet: UNetConfig = field(default_factory=UNetConfig)
    sketch: int = 0  # places along a side of a sketch that the vector gives, seen beside the noisy picture; 0 for none
    text: int = 0  # numbers of a text's vector, which is told beside that of the picture; 0 for none
    predicts: Predicts = "x0"  # a narrow network can say what a block shows, but not all of its noise (Li & He 2025)


class Decoder(nn.Module):
    """Predicts x₀ of noisy pictures, given the CLIP vector of the picture or none, and that of a text or none.

    Its U-Net works on blocks of pixels: (3, H, W) as (3·patch², H/patch, W/patch), which is the same numbers in another
    order, so that noise stays noise and every sampler and guidance works on pixels. A U-Net that knows a vector by
    scales and shifts alone learns slowly where things are; a sketch, linear in the vectors, tells it.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = UNet(config.unet)
        E = config.unet.vector or 0
        self.mean, self.std = nn.Buffer(torch.zeros(E)), nn.Buffer(torch.ones(E))
        self.sketch = nn.Linear(E, 3 * config.sketch**2) if config.sketch else None
        self.told = _told(config.text, E) if config.text else None
        places = 3 * config.sketch**2 if config.text else 0
        self.told_sketch = nn.Linear(config.text, places, bias=False) if places else None

    def forward(self, x: Tensor, t: Tensor, *, vector: Tensor, text: Tensor | None = None) -> Tensor:
        """x (B, 3, H, W) at t (B,), vector (B, E) as `standardised` gives it, text (B, config.text) of unit length,
        zeros for none of either → x₀ (B, 3, H, W)."""
        if x.shape[-1] % self.config.patch or x.shape[-2] % self.config.patch:
            raise InputError(
                f"cannot draw pictures of {x.shape[-1]} x {x.shape[-2]} pixels: give a multiple of {self.stride}"
            )
        if text is not None and self.told is None:
            raise InputError("this decoder was made to be told no text; set `text` in its config")
        blocks, vector = F.pixel_unshuffle(x, self.config.patch), vector.expand(len(x), -1)
        text = None if text is None else text.expand(len(x), -1)
        if self.sketch is not None:
            seen = self._sketched(vector, text)
            seen = seen if seen.shape[2:] == blocks.shape[2:] else F.interpolate(seen, size=blocks.shape[2:])
            blocks = torch.cat([blocks, seen.to(blocks.dtype)], dim=1)
        if self.told is not None and text is not None:
            vector = vector + self.told(text)
        return F.pixel_shuffle(self.unet(blocks, t, vector=vector), self.config.patch)

    def _sketched(self, vector: Tensor, text: Tensor | None) -> Tensor:
        """A small picture (B, 3, sketch, sketch) of the vectors."""
        assert self.sketch is not None
        seen: Tensor = self.sketch(vector)
        if text is not None and self.told_sketch is not None:
            seen = seen + self.told_sketch(text)
        return seen.view(-1, 3, self.config.sketch, self.config.sketch)

    @property
    def stride(self) -> int:
        """Height and width of pictures are multiples of this."""
        return self.config.patch * self.config.unet.stride

    def standardised(self, vectors: Tensor) -> Tensor:
        """CLIP vectors (B, E) of unit length with the mean and deviation of those learned from taken out."""
        return (vectors - self.mean) / self.std

    def network(self, vectors: Tensor | None, *, texts: Tensor | None = None, scale: float = 1.0) -> Network:
        """What a Denoiser wraps: given CLIP vectors (B or 1, E), and those of texts (B or 1, config.text) if any, with
        classifier-free guidance of this scale; None is the unconditional model."""
        nothing = {"vector": torch.zeros(1, len(self.mean), device=self.mean.device)}
        if vectors is None:
            return partial(self, **nothing)
        given = {"vector": self.standardised(vectors)}
        if texts is not None:
            given["text"], nothing["text"] = texts, torch.zeros_like(texts[:1])
        return ClassifierFree(self, given, nothing, scale=scale)

    def denoiser(
        self,
        vectors: Tensor | None = None,
        *,
        texts: Tensor | None = None,
        scale: float = 1.0,
        clip: float | None = 1.0,
    ) -> Denoiser:
        """A denoiser of the one contract; see `network`."""
        network = self.network(vectors, texts=texts, scale=scale)
        return Denoiser(network, predicts=self.config.predicts, clip=clip)


def _told(text: int, E: int) -> nn.Module:
    """What a text (B, text) adds to the vector of a picture (B, E): nothing for zeros, and nothing before learning."""
    last = nn.Linear(E // 2, E, bias=False)
    nn.init.zeros_(last.weight)
    return nn.Sequential(nn.Linear(text, E // 2, bias=False), nn.SiLU(), last)


def slerp(a: Tensor, b: Tensor, part: float | Tensor) -> Tensor:
    """The unit vectors (..., E) on the arc from a (part 0) to b (part 1), at even angles: what lies between two
    pictures (Ramesh et al. 2022, section 3.2). Opposite vectors have no arc: InputError."""
    a, b = F.normalize(a, dim=-1), F.normalize(b, dim=-1)
    angle = 2 * torch.atan2((a - b).norm(dim=-1, keepdim=True), (a + b).norm(dim=-1, keepdim=True))
    if bool((angle > torch.pi - 1e-4).any()):
        raise InputError("there is no one way between opposite vectors: choose other pictures")
    sine = angle.sin()
    small = sine < 1e-6
    sine = sine.where(~small, torch.ones_like(sine))
    first = torch.where(small, torch.as_tensor(1 - part, dtype=a.dtype), ((1 - part) * angle).sin() / sine)
    second = torch.where(small, torch.as_tensor(part, dtype=a.dtype), (part * angle).sin() / sine)
    return F.normalize(first * a + second * b, dim=-1)
