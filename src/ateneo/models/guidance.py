"""Guidance: denoisers that are drawn towards what one asks for (Dhariwal & Nichol 2021; Ho & Salimans 2021).

`Guided` wraps a denoiser with log p(y | x_t), whatever it is: a classifier of noisy pictures (`ClassifierLogP`), a CLIP
of noisy pictures (`NoisyClipLogP`), CLIP looking at what the picture will be (`ClipLogP`), or any function of the same
form. Its gradient g = s ∇ log p(y | x_t) enters in one of two forms. The mean form, for the ancestral sampler:
μ′ = μ + Σ g. The score form, for DDIM and the samplers that follow the probability flow: ε′ = ε - σ g, from which x₀′
follows and is not clipped again.
`ClassifierFree` needs no gradient: it wraps a network, and asks it with the condition and without in one batch.

A scale s of 0 is the unguided denoiser itself, bit for bit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import EngineError, InputError, SettingsError
from ateneo.models.diffusion import DenoiserLike, Prediction, scaled_sum
from ateneo.models.schedules import Level

M = TypeVar("M", bound=nn.Module)
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the pixels that the published CLIPs were trained on
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class LogP(Protocol):
    """log p(y | x_t), up to a constant, of each picture; differentiable in x_t."""

    def __call__(self, x_t: Tensor, level: Level, prediction: Prediction, /) -> Tensor:
        """(B, C, H, W), its level, and what the denoiser makes of it → (B,)."""


@dataclass(frozen=True)
class Guided:
    """A denoiser with guidance; itself a denoiser, so that several guidances may be put around each other.

    form: "mean" or "score", see above. scale: s. through_network: whether log p may be differentiated through the
    denoiser, as CLIP guidance on x₀ asks for in full; otherwise ε is held fixed there, which spares the backward pass
    through the network (∂x₀/∂x_t = 1/α). Raises EngineError where log p does not depend on x_t or is not finite.
    """

    denoiser: DenoiserLike
    log_p: LogP
    form: Literal["mean", "score"]
    scale: float = 1.0
    through_network: bool = False

    def __post_init__(self) -> None:
        """SettingsError where there is no such form."""
        if self.form not in ("mean", "score"):
            raise SettingsError(
                f"there is no form of guidance {self.form!r}; choose mean (ancestral) or score (others)"
            )

    def __call__(self, x_t: Tensor, level: Level, /) -> Prediction:
        """The guided prediction."""
        if self.scale == 0:
            return self.denoiser(x_t, level)
        prediction, g = self.gradient(x_t, level)
        kept, before = prediction.gradient, prediction.unguided  # of a guidance further in
        if self.form == "mean":
            both = g if kept is None else kept + g
            return Prediction(x_t, level, x0=prediction.x0, nu=prediction.nu, gradient=both, unguided=before)
        eps = scaled_sum(prediction.eps, 1.0, g, -level.sigma)
        return Prediction(x_t, level, eps=eps, nu=prediction.nu, gradient=kept, unguided=before or prediction)

    def gradient(self, x_t: Tensor, level: Level) -> tuple[Prediction, Tensor]:
        """The unguided prediction, and s ∇ log p(y | x_t), (B, C, H, W)."""
        with torch.enable_grad():
            x = x_t.detach().requires_grad_()
            if self.through_network:
                prediction = seen = self.denoiser(x, level)
            else:
                with torch.no_grad():
                    prediction = self.denoiser(x_t, level)
                seen = Prediction(x, level, eps=prediction.eps, nu=prediction.nu)
            log_p = self.log_p(x, level, seen)
            if log_p.shape != x.shape[:1]:
                raise InputError(
                    f"log p must be one number for each of {x.shape[0]} pictures, not {tuple(log_p.shape)}"
                )
            if not log_p.requires_grad:
                raise EngineError(
                    "log p does not depend on x_t, so there is no gradient to guide by; let it use x_t or x₀ without"
                    " detaching them, and do not sample inside torch.inference_mode"
                )
            (gradient,) = torch.autograd.grad(log_p.sum(), x)
        if not bool(torch.isfinite(gradient).all()):
            raise EngineError(f"the gradient of log p is not finite at t = {level.t}: check x_t and what log p asks")
        if self.through_network:
            nu, kept, before = _detached(prediction.nu), prediction.gradient, prediction.unguided
            prediction = Prediction(x_t, level, x0=prediction.x0.detach(), nu=nu, gradient=kept, unguided=before)
        return prediction, gradient * self.scale


def frozen(module: M) -> M:
    """The module, in evaluation and with gradients to its input only, so that a backward pass costs half."""
    return module.eval().requires_grad_(False)


def _freeze_owner(function: Callable[..., Tensor]) -> None:
    """Freezes the module that is called, or whose method is."""
    owner = getattr(function, "__self__", function)
    if isinstance(owner, nn.Module):
        frozen(owner)


def _each_t(level: Level, x_t: Tensor) -> Tensor:
    """t of each picture: (B,)."""
    t = level.t if isinstance(level.t, Tensor) else torch.full((1,), level.t, device=x_t.device)
    return t.expand(x_t.shape[0])


class ClassifierLogP:
    """log p(y | x_t) by a classifier of noisy pictures, (x_t, t (B,)) → logits (B, classes). Freezes its weights."""

    def __init__(self, classifier: Callable[[Tensor, Tensor], Tensor], labels: Tensor) -> None:
        self.classifier, self.labels = classifier, labels
        self._least, self._most = int(labels.min()), int(labels.max())  # read once: a device would be waited for
        _freeze_owner(classifier)

    def __call__(self, x_t: Tensor, level: Level, prediction: Prediction, /) -> Tensor:
        """(B,); InputError where a label is not among the classes."""
        logits = self.classifier(x_t, _each_t(level, x_t))
        if not 0 <= self._least <= self._most < logits.shape[1]:
            raise InputError(f"labels must lie between 0 and {logits.shape[1] - 1}, the classes of this classifier")
        self.labels = self.labels.to(x_t.device)
        return F.log_softmax(logits.float(), dim=1).gather(1, self.labels.expand(x_t.shape[0])[:, None])[:, 0]


class Cutouts:
    """Square pieces of pictures in random places and sizes, all at one size, so that CLIP sees whole and parts.

    size: of the pieces, pixels, as CLIP takes them. count: how many of each picture. smallest: the least side of a
    piece, as a part of the picture's shorter side. power: above 1, small pieces are more frequent. whole: the first
    piece is as large as can be, in the middle. Differentiable. With count=1 the picture is merely resized.
    """

    def __init__(
        self,
        size: int,
        *,
        count: int = 16,
        smallest: float = 0.5,
        power: float = 1.0,
        whole: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        if count < 1 or not 0 < smallest <= 1:
            raise SettingsError(f"cutouts need a count of 1 or more and 0 < smallest ≤ 1, not {count} and {smallest}")
        self.size, self.count, self.smallest, self.power, self.whole = size, count, smallest, power, whole
        self.generator = generator

    def __call__(self, pictures: Tensor) -> Tensor:
        """(B, C, H, W) → (count·B, C, size, size), the first B being the first piece of each picture."""
        height, width = pictures.shape[2:]
        pieces = []
        for top, left, side in self.places(height, width):
            piece = pictures[:, :, top : top + side, left : left + side]
            if side != self.size:
                piece = F.interpolate(piece, size=(self.size, self.size), mode="bilinear", antialias=side > self.size)
            pieces.append(piece)
        return torch.cat(pieces)

    def places(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """Top, left and side of each piece."""
        longest = min(height, width)
        shortest = max(1, round(self.smallest * longest))
        places = [((height - longest) // 2, (width - longest) // 2, longest)] if self.whole else []
        drawn_on = self.generator.device if self.generator is not None else "cpu"
        drawn = torch.rand(self.count - len(places), 3, generator=self.generator, device=drawn_on)
        for size, down, across in drawn.tolist():
            side = round(shortest + (longest - shortest) * size**self.power)
            places.append((int(down * (height - side + 1)), int(across * (width - side + 1)), side))
        return places


def _check_numbers(seen: Tensor, words: Tensor) -> None:
    """InputError where the vectors of pictures (..., E) and words (..., E) are of different spaces."""
    if seen.shape[-1] != words.shape[-1]:
        raise InputError(f"the pictures' vectors have {seen.shape[-1]} numbers, the words' {words.shape[-1]}")


def spherical_distance(x: Tensor, y: Tensor) -> Tensor:
    """Half the squared angle between x and y (..., D), of any length: (...). From 0 to π²/2.

    The angle is 2 atan2(‖x̂ - ŷ‖, ‖x̂ + ŷ‖), which keeps value and gradient finite where they meet or are opposite.
    """
    x, y = F.normalize(x, dim=-1), F.normalize(y, dim=-1)
    angle = 2 * torch.atan2((x - y).norm(dim=-1), (x + y).norm(dim=-1))
    return angle**2 / 2


class ClipLogP:
    """log p(words | x_t) up to a constant, by CLIP: minus the spherical distance of the picture to come from the words.

    encode_image: (pixels (N, 3, size, size), normalised as CLIP takes them) → (N, E). words: the vectors of one or more
    texts (P, E), encoded once by the caller; weights: how much each counts (P,), which may be negative; evenly by
    default. cutouts: the pieces that CLIP looks at, all in one call. The distance is averaged over the pieces. Freezes
    the weights of the module whose method encode_image is.
    """

    def __init__(
        self,
        encode_image: Callable[[Tensor], Tensor],
        words: Tensor,
        *,
        cutouts: Callable[[Tensor], Tensor],
        weights: Sequence[float] | None = None,
        mean: Sequence[float] = CLIP_MEAN,
        std: Sequence[float] = CLIP_STD,
    ) -> None:
        self.encode_image, self.cutouts = encode_image, cutouts
        _freeze_owner(encode_image)
        self.words = F.normalize(words.detach().reshape(-1, words.shape[-1]), dim=-1)  # (P, E)
        count = len(self.words)
        self.weights = torch.tensor([1 / count] * count if weights is None else list(weights))
        if self.weights.shape != (count,):
            raise InputError(f"{count} texts need as many weights, not {len(self.weights)}")
        # CLIP takes ((x + 1)/2 - mean)/std of pictures in [-1, 1]
        std_ = torch.tensor(std).reshape(-1, 1, 1)
        self.scale, self.shift = 0.5 / std_, (0.5 - torch.tensor(mean).reshape(-1, 1, 1)) / std_

    def __call__(self, x_t: Tensor, level: Level, prediction: Prediction, /) -> Tensor:
        """(B,), never above 0 with positive weights."""
        return -self.distance(prediction.x0)

    def distance(self, pictures: Tensor) -> Tensor:
        """The weighted distance of pictures (B, 3, H, W) in [-1, 1] from the words: (B,)."""
        if pictures.shape[1] != len(self.scale):
            raise InputError(f"CLIP looks at pictures of {len(self.scale)} channels, not {pictures.shape[1]}")
        pieces = self.cutouts(pictures) * self.scale.to(pictures) + self.shift.to(pictures)
        seen = self.encode_image(pieces).float()  # (count·B, E)
        _check_numbers(seen, self.words)
        distances = spherical_distance(seen[:, None], self.words.to(seen))  # (count·B, P)
        return (distances @ self.weights.to(seen)).reshape(-1, len(pictures)).mean(dim=0)


class NoisyClipLogP:
    """log p(y | x_t) up to a constant, by a CLIP that learned from noisy pictures: the product of the vectors of x_t
    and of what is asked for (Nichol et al. 2021, "GLIDE", section 2.4).

    encode_image: (x_t (B, C, H, W), t (B,)) → (B, E). asked: the vector of a text (E,), or one for each picture (B, E).
    unit: whether both are taken at unit length; the vectors of a tower whose gradient was learned are as long as it is
    sure. Freezes the weights of the module whose method encode_image is.
    """

    def __init__(self, encode_image: Callable[[Tensor, Tensor], Tensor], asked: Tensor, *, unit: bool = True) -> None:
        self.encode_image, self.unit = encode_image, unit
        _freeze_owner(encode_image)
        self.asked = F.normalize(asked.detach(), dim=-1) if unit else asked.detach()

    def __call__(self, x_t: Tensor, level: Level, prediction: Prediction, /) -> Tensor:
        """(B,); InputError where the vectors of pictures and words have not as many numbers."""
        seen = self.encode_image(x_t, _each_t(level, x_t)).float()
        _check_numbers(seen, self.asked)
        return ((F.normalize(seen, dim=-1) if self.unit else seen) * self.asked.to(seen)).sum(-1)


@dataclass(frozen=True)
class ClassifierFree:
    """A network guided by itself: out = out(∅) + s (out(y) - out(∅)) (Ho & Salimans 2021, equation 6, s = 1 + w).

    network: (x_t, t, **condition) → prediction. conditional and unconditional: the same names, tensors (B, ...) or of
    one row. s = 0 is the network without the condition, s = 1 with it, and both cost one call of B pictures; others ask
    2B at once. Of a network that learns Σ, that of the conditional half is kept. Itself a network: for a Denoiser to
    wrap.
    """

    network: Callable[..., Tensor]
    conditional: Mapping[str, Tensor]
    unconditional: Mapping[str, Tensor]
    scale: float

    def __post_init__(self) -> None:
        """SettingsError where the two conditions do not have the same names."""
        if self.conditional.keys() != self.unconditional.keys():
            raise SettingsError(
                f"the conditions must have the same names, not {sorted(self.conditional)} and"
                f" {sorted(self.unconditional)}"
            )

    def __call__(self, x_t: Tensor, t: Tensor, /) -> Tensor:
        """The network's output, guided."""
        if self.scale == 0:
            return self.network(x_t, t, **self.unconditional)
        if self.scale == 1:
            return self.network(x_t, t, **self.conditional)
        B = x_t.shape[0]
        both = {name: torch.cat([_rows(value, B), _rows(self.unconditional[name], B)])
                for name, value in self.conditional.items()}  # fmt: skip
        times = t[:1].expand(2 * B) if t.ndim and t.stride(0) == 0 else torch.cat([_rows(t, B)] * 2)
        with_y, without = self.network(torch.cat([x_t, x_t]), times, **both).chunk(2)
        C = x_t.shape[1]
        guided = torch.lerp(without[:, :C], with_y[:, :C], self.scale)
        return torch.cat([guided, with_y[:, C:]], dim=1) if with_y.shape[1] > C else guided


def _rows(x: Tensor, B: int) -> Tensor:
    """x with B rows, repeated where it has one."""
    return x.expand(B, *x.shape[1:]) if x.ndim else x.expand(B)


def _detached(nu: float | Tensor) -> float | Tensor:
    return nu.detach() if isinstance(nu, Tensor) else nu
