"""Three ways to draw with the models of one folder: vectors and seeds in, pictures as bytes out.

guided: an unconditional diffusion model, its mean moved by the gradient of a CLIP that knows noise,
N(μ + sΣ∇ log p(y | x_t), Σ) (Dhariwal & Nichol 2021). vqgan: the codes of a VQGAN changed under CLIP. unclip: a prior
makes an image vector of the words' vector, and a decoder draws it. `Studio` holds the models; whatever is drawn hangs
on its seed alone, so that the third picture of a seed is the first of seed + 2. This is the door for those parts of
Ateneo that know no torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ateneo.errors import InputError, ModelMissing, SettingsError
from ateneo.models.appearance import InRange, Smooth, Sum
from ateneo.models.clip import Clip
from ateneo.models.config import read_config
from ateneo.models.diffusion import Denoiser, DenoiserLike, Prediction
from ateneo.models.guidance import ClipLogP, Cutouts, Guided, NoisyClipLogP, frozen
from ateneo.models.loading import load
from ateneo.models.losses import add_noise
from ateneo.models.noisy_tower import NoisyTower
from ateneo.models.prior import Prior, image_vectors
from ateneo.models.samplers import Step, ancestral, ddim
from ateneo.models.schedules import Level, Schedule, schedule
from ateneo.models.tokenizer import Tokenizer
from ateneo.models.unclip import Decoder, slerp
from ateneo.models.unet import UNet
from ateneo.models.vqgan import Vqgan
from ateneo.models.vqgan_clip import Change, random_grid, vqgan_clip

SMALL = Path(__file__).resolve().parents[1] / "small" / "drawing"
SMOOTH, RANGE = 0.5, 5.0  # what Smooth and InRange count for beside the distance of a published CLIP
DRAFTS = 4  # pictures drawn for each one under guidance, of which the one nearest to what is asked is kept
APART = 2**32  # between the seeds of drafts
LOOKED = (100, 200, 300, 400)  # steps of noise under which drafts are looked at ...
LOOKS = 4  # ... and how often
CALM, RATE = 0.1, 0.1  # of VQGAN+CLIP: what grain counts for beside the distance; the learning rate at scale 1
TRIED, LED = 4, 2.0  # image vectors made for each picture, the nearest to be drawn; the scale of the prior's guidance
MANY = 16  # image vectors whose mean guides
DISC = 0.7  # radius, of half the side, within which VQGAN+CLIP begins with codes of chance
LEAST, MOST = 0.3, 0.9  # of the steps of noise: how noisy what VQGAN+CLIP looks at is
PULL = 0.01  # what that counts for beside CALM
SHARE = 0.5  # side of the smallest cutout, as a part of the picture's
M = TypeVar("M", bound=nn.Module)
Bytes = NDArray[np.uint8]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Moment:
    """What can be seen after a step: the picture to come, and what the trace keeps, each (n, H, W, 3) float32 from
    about -1 to 1. Σ is the variance of the noise, a number where it is the same for all pixels; mu_guided is None where
    nothing guides. distance: of the picture from the words, where it is known. draft: whether another picture may
    be kept. drafts: which of the drafts of their seeds the pictures are, where there are several."""

    index: int
    total: int
    x0: Vectors
    x_t: Vectors
    mu: Vectors | None = None
    mu_guided: Vectors | None = None
    Sigma: float | Vectors = 0.0
    distance: tuple[float, ...] = ()
    draft: bool = False
    drafts: tuple[int, ...] = ()


Watch = Callable[[Moment], None]


@dataclass(frozen=True, slots=True)
class How:
    """How one picture or several are drawn. `scale` is s of guidance: 0 is the unguided model. drafts: of each picture,
    which of the drafts of its seed it is; the first where nothing is said."""

    seed: int = 0
    n: int = 1
    steps: int = 50
    scale: float = 1.0
    size: int = 64
    cutouts: int = 4
    drafts: tuple[int, ...] = ()


class Studio:
    """The models of a folder: decoder, prior, vqgan and tower, each NAME.safetensors with NAME.json, and config.json
    that names the space of the texts. Each is read when it is first needed. Raises ModelMissing where it is absent."""

    def __init__(self, folder: Path | str | None = None, *, threads: int | None = None) -> None:
        self.folder = Path(folder or SMALL)
        if threads:
            torch.set_num_threads(threads)

    @cached_property
    def text_space(self) -> str:
        """The name of the space of the vectors of texts that the models were trained on."""
        path = self.folder / "config.json"
        if not path.is_file():
            raise ModelMissing(self._missing("config.json"))
        return str(read_config(path).get("text_space", ""))

    @cached_property
    def tower(self) -> NoisyTower:
        """The image tower that guides, and whose vectors are drawn."""
        return frozen(self._read("tower", NoisyTower))

    @cached_property
    def decoder(self) -> Decoder:
        """The diffusion model, with a vector or without."""
        return self._read("decoder", Decoder)

    @cached_property
    def prior(self) -> Prior:
        """From vectors of texts to vectors of pictures."""
        return self._read("prior", Prior)

    @cached_property
    def vqgan(self) -> Vqgan:
        """Pictures as codes."""
        return self._read("vqgan", Vqgan)

    @cached_property
    def schedule(self) -> Schedule:
        """The noise of decoder and prior."""
        said = read_config(self.folder / "decoder.json") if (self.folder / "decoder.json").is_file() else {}
        return schedule(str(said.get("schedule", "cosine")), int(said.get("T", 1000)))

    def strides(self, method: str) -> int:
        """Pixels of which the side of a picture is a multiple."""
        return self.vqgan.config.stride if method == "vqgan" else self.decoder.stride

    # --- the three ways ---

    def guided(self, words: Vectors, how: How, *, watch: Watch | None = None) -> Bytes:
        """Pictures (n, H, W, 3) of the unconditional model, led by the words' vector (E,) and by the mean vector of
        pictures that the prior makes of it; of several drafts of each the one that the tower finds nearest to both."""
        if not how.scale:
            return sampled(frozen(self.decoder).denoiser(), self.schedule, how, watch=watch)
        kept, best, wanted = [], [], self.usual_vectors(words, how)
        for n, seed in enumerate(_seeds(how)):
            alike = replace(how, n=DRAFTS, seed=-1 - seed, drafts=tuple(range(DRAFTS)))
            drafts = self._led(words, wanted[n : n + 1].expand(DRAFTS, -1), alike, _as_draft(watch))
            best.append(int(self.nearness(drafts, words, wanted[n]).argmax()))
            kept.append(drafts[best[-1]])
        if watch:  # once more, for the way of the one that is kept
            return self._led(words, wanted, replace(how, drafts=tuple(best)), watch)
        return np.stack(kept)

    def _led(self, words: Vectors, vectors: Tensor, how: How, watch: Watch | None) -> Bytes:
        asked = self.tower.asked(vectors, _text(words).expand(how.n, -1))
        log_p = NoisyClipLogP(self._leads, asked, unit=False)
        guided = Guided(frozen(self.decoder).denoiser(), log_p, form="mean", scale=how.scale)
        return sampled(guided, self.schedule, how, watch=watch)

    @torch.no_grad()
    def nearness(self, pictures: Bytes, words: Vectors, vector: Tensor) -> Tensor:
        """How near pictures (n, H, W, 3), each under some noise, are to words (E,) and to what sets the vector of a
        picture (E,) apart from all others, on average: (n,)."""
        x, generator = torch.cat([_tensor(picture) for picture in pictures]), torch.Generator().manual_seed(0)
        asked, seen = _text(words)[0] + vector - self.tower.mean, []
        for t in LOOKED * LOOKS:
            i, noise = torch.full((len(x),), t), torch.randn(x.shape[1:], generator=generator).expand_as(x)
            seen.append(self._as_tower_sees(add_noise(self.schedule, x, i=i, noise=noise), i))
        return torch.stack(seen).mean(0) @ asked

    def unclip(self, words: Vectors, how: How, *, watch: Watch | None = None) -> Bytes:
        """Pictures of the vectors that the prior makes of the words' vector (E,), which the decoder is told as well."""
        text = _text(words)
        told = text if self.decoder.config.text else None
        return self.of_vectors(self.prior_vectors(words, how), how, texts=told, watch=watch)

    def vqgan_clip(self, words: Vectors, how: How, *, watch: Watch | None = None) -> Bytes:
        """Pictures by changing codes under the words' vector (E,)"""
        return drawn_by_codes(self.vqgan, self.unlikeness(words, how), how, watch=watch, on_white=True)

    # --- parts of them ---

    def prior_vectors(self, words: Vectors, how: How) -> Tensor:
        """An image vector (n, E) for each picture, of unit length: of several that the prior makes, the one nearest to
        the words (Ramesh et al. 2022, section 2.2)."""
        tried = self._tried(words, how, TRIED)
        nearest = (tried @ _text(words)[0]).argmax(1)
        return tried[torch.arange(how.n), nearest]

    def usual_vectors(self, words: Vectors, how: How) -> Tensor:
        """The mean of many image vectors that the prior makes for each picture, (n, E), of unit length."""
        return F.normalize(self._tried(words, how, MANY).mean(1), dim=-1)

    def _tried(self, words: Vectors, how: How, count: int) -> Tensor:
        """So many image vectors for each picture: (n, count, E), of unit length."""
        generators = [one for one in _generators(how) for _ in range(count)]
        start = _noise((self.prior.config.embed,), generators)
        with torch.no_grad():
            made = image_vectors(
                self.prior, _text(words).expand(len(start), -1), schedule=self.schedule, scale=LED, x_T=start,
                noise=_each(generators),
            )  # fmt: skip
        return F.normalize(made, dim=-1).view(how.n, count, -1)

    def of_vectors(
        self, vectors: Tensor, how: How, *, texts: Tensor | None = None, watch: Watch | None = None
    ) -> Bytes:
        """Pictures of image vectors (n, E), and of texts (n or 1, E) if any, under classifier-free guidance."""
        denoiser = self.decoder.denoiser(vectors, texts=texts, scale=how.scale)
        followed: DenoiserLike = Contrasted(denoiser, self.decoder) if watch else denoiser
        return sampled(followed, self.schedule, how, watch=watch, flow=True)

    def between(self, pictures: Sequence[Bytes], how: How, *, watch: Watch | None = None) -> Bytes:
        """Variations of one picture (H, W, 3), or n pictures on the way from one to another, which begin in one
        noise."""
        if not 1 <= len(pictures) <= 2:
            raise InputError(f"give one picture to vary or two to go between, not {len(pictures)}")
        vectors = self.vectors(pictures)  # (1 or 2, E)
        if len(pictures) == 1:
            return self.of_vectors(vectors.expand(how.n, -1), how, watch=watch)
        part = torch.linspace(0, 1, how.n)[:, None] if how.n > 1 else torch.tensor([[0.5]])
        way = slerp(vectors[:1], vectors[1:], part)
        return self.of_vectors(way, replace(how, seed=-1 - how.seed), watch=watch)

    @torch.no_grad()
    def vectors(self, pictures: Sequence[Bytes]) -> Tensor:
        """What the tower sees: pictures (H, W, 3) of any size → (B, E)."""
        return torch.cat([self._as_tower_sees(_tensor(picture)) for picture in pictures])

    def _as_tower_sees(self, x: Tensor, t: Tensor | None = None) -> Tensor:
        """Pictures (B, 3, H, W) of any size with the noise of step t (B,), none by default → (B, E)."""
        t = torch.zeros(len(x), device=x.device) if t is None else t
        return self.tower(*self.tower.resized(x, t))  # type: ignore[no-any-return]

    def _leads(self, x: Tensor, t: Tensor) -> Tensor:
        """The same pictures → what leads."""
        return self.tower.leading(*self.tower.resized(x, t))

    def unlikeness(self, words: Vectors, how: How) -> Callable[[Tensor], Tensor]:
        """Pictures (B, 3, H, W) → how far each is from what is asked for (B,), by what leads under noise of chance: its
        gradient is how the decoder, told of it, would change them (score distillation, Poole et al. 2022)."""
        generator, T = torch.Generator().manual_seed(abs(how.seed)), len(self.schedule)
        asked = self.tower.asked(self.usual_vectors(words, how), _text(words).expand(how.n, -1))

        def distance(pictures: Tensor) -> Tensor:
            x = pictures.repeat(how.cutouts, 1, 1, 1)
            i = torch.randint(int(LEAST * T), int(MOST * T), (len(x),), generator=generator)
            noise = torch.randn(x.shape, generator=generator)
            led = (self._leads(add_noise(self.schedule, x, i=i, noise=noise), i) * asked.repeat(how.cutouts, 1)).sum(1)
            alpha, sigma = self.schedule.at("alpha", i, led), self.schedule.at("sigma", i, led)
            return -PULL * (led * (sigma / alpha) ** 2).view(how.cutouts, -1).mean(0)

        return distance

    def _read(self, name: str, kind: type[M]) -> M:
        path = self.folder / f"{name}.safetensors"
        if not path.is_file() or not path.with_suffix(".json").is_file():
            raise ModelMissing(self._missing(path.name))
        model = load(path, dtype=torch.float32)
        if not isinstance(model, kind):
            raise InputError(f"{path} is a {type(model).__name__} where a {kind.__name__} is needed; install it again")
        return model

    def _missing(self, file: str) -> str:
        return (
            f"cannot draw: {self.folder / file} is missing; install Ateneo again, or make the models with"
            " recipes/drawing"
        )


class Published:
    """Published weights: a U-Net of guided-diffusion or Diffusers, or a VQGAN, led by a CLIP of any layout.

    Learned or fixed variance is told by the U-Net's channels; noise is the linear schedule that all of them have.
    A file of guided-diffusion is read as its 256 x 256 models are. Raises InputError where a file holds something else.
    """

    def __init__(self, model: Path, clip: Path) -> None:
        given: dict[str, object] = {"use_new_attention_order": False, "num_head_channels": 64}
        found = load(model, dtype=torch.float32, **given if "diffusion" in model.stem else {})  # type: ignore[arg-type]
        sees = load(clip, dtype=torch.float32)
        if not isinstance(found, UNet | Vqgan):
            raise InputError(f"{model} holds a {type(found).__name__}; a U-Net or a VQGAN is needed")
        if not isinstance(sees, Clip):
            raise InputError(f"{clip} holds a {type(sees).__name__}; a CLIP is needed")
        self.model: UNet | Vqgan = found
        self.clip = sees
        self.tokenizer = Tokenizer.load(clip)

    def draw(self, words: str, how: How, *, watch: Watch | None = None) -> Bytes:
        """Pictures (n, H, W, 3) of words."""
        log_p = self.log_p(words, how)
        if isinstance(self.model, Vqgan):
            return drawn_by_codes(self.model, log_p.distance, how, watch=watch)
        _check_stride(how.size, self.model.config.stride)
        learned = self.model.config.out_channels == 6
        denoiser: DenoiserLike = Denoiser(frozen(self.model), variance="learned" if learned else "small")
        if how.scale:
            terms = Sum(((1.0, log_p), (SMOOTH, Smooth()), (RANGE, InRange())))
            denoiser = Guided(denoiser, terms, form="mean", scale=how.scale, through_network=True)
        return sampled(denoiser, schedule("linear"), how, watch=watch)

    def log_p(self, words: str, how: How) -> ClipLogP:
        """log p(words | x_t) by CLIP."""
        model = self.clip
        with torch.no_grad():
            vector = model.encode_text(torch.from_numpy(self.tokenizer.rows([words], truncate=True)))
        size = model.config.image.image_size
        cutouts = Cutouts(
            size if isinstance(size, int) else size[0], count=how.cutouts, smallest=SHARE,
            generator=torch.Generator().manual_seed(how.seed),
        )  # fmt: skip
        return ClipLogP(model.encode_image, vector, cutouts=cutouts)


def drawn_by_codes(
    model: Vqgan, unlike: Callable[[Tensor], Tensor], how: How, *, watch: Watch | None, on_white: bool = False
) -> Bytes:
    """VQGAN+CLIP: pictures by changing codes, drawn by chance at first, so that they are less unlike what is asked for;
    the scale multiplies the learning rate.

    on_white: only a disc in the middle is by chance, what is around it the codes of white, as small models know it.
    """
    stride = model.config.stride
    _check_stride(how.size, stride)
    grid = random_grid(frozen(model), how.size // stride, how.size // stride, generators=_generators(how))
    grid = _on_white(model, grid, how.size) if on_white else grid

    def distance(pictures: Tensor) -> Tensor:
        return unlike(pictures) + CALM * pictures.diff(dim=3).square().mean(dim=(1, 2, 3))

    def seen(change: Change) -> None:
        if watch:
            picture = _pixels(change.pictures)
            watch(Moment(change.index, change.total, picture, picture, distance=tuple(change.distance.tolist())))

    return to_bytes(vqgan_clip(model, distance, grid, steps=how.steps, lr=RATE * how.scale, callback=seen))


@torch.no_grad()
def _on_white(model: Vqgan, grid: Tensor, size: int) -> Tensor:
    """The grid (B, embed, h, w) within a disc, the grid of a white picture around it."""
    white = model.quantize(model.encode(torch.ones(1, model.config.channels, size, size))).z
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, n) for n in grid.shape[2:]), indexing="ij")
    return torch.where(x**2 + y**2 < DISC**2, grid, white)


def sampled(denoiser: DenoiserLike, noise: Schedule, how: How, *, watch: Watch | None, flow: bool = False) -> Bytes:
    """Pictures from the noise of their seeds by `ancestral`, the reverse process itself; with `flow` by DDIM."""
    generators = _generators(how)
    x_T = _noise((3, how.size, how.size), generators)
    levels = noise.levels(str(how.steps))
    callback = (lambda step: watch(replace(moment(step), drafts=how.drafts))) if watch else None
    if flow:
        return to_bytes(ddim(denoiser, x_T, levels=levels, callback=callback))
    return to_bytes(ancestral(denoiser, x_T, levels=levels, noise=_each(generators), callback=callback))


def _as_draft(watch: Watch | None) -> Watch | None:
    """The same, told that it is a draft."""
    return (lambda moment: watch(replace(moment, draft=True))) if watch else None


def _text(words: Vectors) -> Tensor:
    """The vector of words (E,) as (1, E)."""
    return torch.from_numpy(np.ascontiguousarray(words)).float().reshape(1, -1)


def _check_stride(size: int, stride: int) -> None:
    if size % stride:
        raise SettingsError(f"cannot draw {size} x {size} pixels with this model: give a multiple of {stride}")


@dataclass(frozen=True)
class Contrasted:
    """A denoiser given a vector that also tells what the model says without one, for a trace to show both."""

    denoiser: Denoiser
    decoder: Decoder

    def __call__(self, x_t: Tensor, level: Level, /) -> Prediction:
        """The guided prediction, with the unguided beside it."""
        with_vector, without = self.denoiser(x_t, level), self.decoder.denoiser()(x_t, level)
        return Prediction(x_t, level, x0=with_vector.x0, unguided=without)


def moment(step: Step) -> Moment:
    """A step of a sampler as numbers without torch."""
    Sigma = _pixels(step.Sigma) if isinstance(step.Sigma, Tensor) else step.Sigma
    guided = None if step.mu_guided is None else _pixels(step.mu_guided)
    x0, x_t, mu = _pixels(step.prediction.x0), _pixels(step.x_t), _pixels(step.mu)
    return Moment(step.index, step.total, x0, x_t, mu, guided, Sigma)


def to_bytes(x: Tensor) -> Bytes:
    """Pictures (n, 3, H, W) from -1 to 1 as bytes (n, H, W, 3)."""
    return ((_pixels(x).clip(-1, 1) + 1) * 127.5).round().astype(np.uint8)


def generator(seed: int) -> torch.Generator:
    """A source of noise for pipelines that take torch's."""
    return torch.Generator().manual_seed(seed)


def _pixels(x: Tensor) -> Vectors:
    """(n, 3, H, W) → (n, H, W, 3)."""
    found: Vectors = x.detach().permute(0, 2, 3, 1).float().cpu().numpy().copy()
    return found


def _tensor(picture: Bytes) -> Tensor:
    """Bytes (H, W, 3) → (1, 3, H, W) from -1 to 1."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1


def _seeds(how: How) -> list[int]:
    """seed, seed + 1 and so on; a negative seed -1 - s is s for all."""
    return [how.seed + n if how.seed >= 0 else -1 - how.seed for n in range(how.n)]


def _generators(how: How) -> list[torch.Generator]:
    """One for each picture: of its seed and its draft."""
    drafts = how.drafts or (0,) * how.n
    return [torch.Generator().manual_seed(seed + APART * one) for seed, one in zip(_seeds(how), drafts, strict=True)]


def _noise(shape: tuple[int, ...], generators: list[torch.Generator]) -> Tensor:
    return torch.stack([torch.randn(shape, generator=one) for one in generators])


def _each(generators: list[torch.Generator]) -> Callable[[Tensor], Tensor]:
    """Noise for a batch, each row from its own source."""
    return lambda x: torch.stack([torch.randn(x.shape[1:], generator=one) for one in generators])
