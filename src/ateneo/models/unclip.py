"""unCLIP: a picture from its CLIP vector (Ramesh et al. 2022, "Hierarchical text-conditional image generation").

The prior (`models.prior`) makes the image vector of a text vector; the Decoder below draws the picture that has it. A
vector enters the decoder standardised, so that zeros, the mean of all pictures, stand for none: the same network draws
anything (unguided), what the gradient of CLIP asks for (`guidance.Guided`), or what a vector says, under
classifier-free guidance. Between two pictures lie the vectors of `slerp`.
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
    predicts: Predicts = "x0"  # a narrow network can say what a block shows, but not all of its noise (Li & He 2025)


class Decoder(nn.Module):
    """Predicts x₀ of noisy pictures, given the CLIP vector of the picture or none.

    Its U-Net works on blocks of pixels: (3, H, W) as (3·patch², H/patch, W/patch), which is the same numbers in another
    order, so that noise stays noise and every sampler and guidance works on pixels. A U-Net that knows a vector by
    scales and shifts alone learns slowly where things are; a sketch, linear in the vector, tells it.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = UNet(config.unet)
        E = config.unet.vector or 0
        self.mean, self.std = nn.Buffer(torch.zeros(E)), nn.Buffer(torch.ones(E))
        self.sketch = nn.Linear(E, 3 * config.sketch**2) if config.sketch else None

    def forward(self, x: Tensor, t: Tensor, *, vector: Tensor) -> Tensor:
        """x (B, 3, H, W) at t (B,), vector (B, E) as `standardised` gives it, zeros for none → x₀ (B, 3, H, W)."""
        if x.shape[-1] % self.config.patch or x.shape[-2] % self.config.patch:
            raise InputError(
                f"cannot draw pictures of {x.shape[-1]} x {x.shape[-2]} pixels: give a multiple of {self.stride}"
            )
        blocks, vector = F.pixel_unshuffle(x, self.config.patch), vector.expand(len(x), -1)
        if self.sketch is not None:
            seen = self.sketch(vector).unflatten(1, (3, self.config.sketch, self.config.sketch))
            seen = seen if seen.shape[2:] == blocks.shape[2:] else F.interpolate(seen, size=blocks.shape[2:])
            blocks = torch.cat([blocks, seen.to(blocks.dtype)], dim=1)
        return F.pixel_shuffle(self.unet(blocks, t, vector=vector), self.config.patch)

    @property
    def stride(self) -> int:
        """Height and width of pictures are multiples of this."""
        return self.config.patch * self.config.unet.stride

    def standardised(self, vectors: Tensor) -> Tensor:
        """CLIP vectors (B, E) of unit length with the mean and deviation of those learned from taken out."""
        return (vectors - self.mean) / self.std

    def network(self, vectors: Tensor | None, *, scale: float = 1.0) -> Network:
        """What a Denoiser wraps: given CLIP vectors (B or 1, E), with classifier-free guidance of this scale; None is
        the unconditional model."""
        nothing = torch.zeros(1, len(self.mean), device=self.mean.device)
        if vectors is None:
            return partial(self, vector=nothing)
        given = {"vector": self.standardised(vectors)}
        return ClassifierFree(self, given, {"vector": nothing}, scale=scale)

    def denoiser(self, vectors: Tensor | None = None, *, scale: float = 1.0, clip: float | None = 1.0) -> Denoiser:
        """A denoiser of the one contract; see `network`."""
        return Denoiser(self.network(vectors, scale=scale), predicts=self.config.predicts, clip=clip)


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
