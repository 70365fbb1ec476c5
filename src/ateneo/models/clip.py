"""CLIP (Radford et al. 2021, "Learning transferable visual models from natural language supervision").

Two towers are trained so that a picture and its words meet in one space. The names are those of the source's
pseudo-code: I_f and T_f are the features of pictures and texts, W_i and W_t project them, I_e and T_e are the
normalised embeddings, t is the learned temperature.

Two exact short cuts make it fast: texts are cut after the longest one's end (attention is causal and the text is read
at its end, so what follows cannot matter), and the last block of the image tower computes the class token alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import InputError, SettingsError
from ateneo.models.layers import Transformer
from ateneo.models.resnet import ModifiedResNet, ResNetConfig
from ateneo.models.vit import ViT, ViTConfig


@dataclass(frozen=True, slots=True)
class TextConfig:
    """What a text tower is made of; the defaults are those of ViT-B/32's. A bag of words has no layers."""

    tower: Literal["transformer", "bag of words"] = "transformer"
    vocabulary: int = 49408
    context: int = 77  # tokens, the start and the end of the text among them
    width: int = 512
    layers: int = 12
    heads: int = 8
    mlp_width: int = 2048
    activation: str = "quick_gelu"
    eps: float = 1e-5
    end: int | None = None  # token that ends a text; None: the highest id, as in the published tokenizer


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """Two towers and the width of the space in which they meet."""

    embed: int = 512  # d_e
    image: ViTConfig | ResNetConfig = field(
        default_factory=lambda: ViTConfig(
            patch_size=32, activation="quick_gelu", eps=1e-5, pre_norm=True, patch_bias=False
        )
    )
    text: TextConfig = field(default_factory=TextConfig)


# name: d_e, image tower, text tower (width, heads, layers); the first nine are OpenAI's, the others open_clip's
_VIT = {  # patch, width, layers, heads, MLP, image size
    "ViT-B/32": (512, (32, 768, 12, 12, 3072, 224), (512, 8, 12)),
    "ViT-B/16": (512, (16, 768, 12, 12, 3072, 224), (512, 8, 12)),
    "ViT-L/14": (768, (14, 1024, 24, 16, 4096, 224), (768, 12, 12)),
    "ViT-L/14@336px": (768, (14, 1024, 24, 16, 4096, 336), (768, 12, 12)),
    "ViT-H/14": (1024, (14, 1280, 32, 16, 5120, 224), (1024, 16, 24)),
    "ViT-g/14": (1024, (14, 1408, 40, 16, 6144, 224), (1024, 16, 24)),
    "ViT-bigG/14": (1280, (14, 1664, 48, 16, 8192, 224), (1280, 20, 32)),
}
_RESNET = {  # layers, width, image size
    "RN50": (1024, ((3, 4, 6, 3), 64, 224), (512, 8, 12)),
    "RN101": (512, ((3, 4, 23, 3), 64, 224), (512, 8, 12)),
    "RN50x4": (640, ((4, 6, 10, 6), 80, 288), (640, 10, 12)),
    "RN50x16": (768, ((6, 8, 18, 8), 96, 384), (768, 12, 12)),
    "RN50x64": (1024, ((3, 15, 36, 10), 128, 448), (1024, 16, 12)),
}
_GELU = ("ViT-H/14", "ViT-g/14", "ViT-bigG/14")


def clip_config(name: str, *, activation: str | None = None) -> ClipConfig:
    """The configuration of a published model: "ViT-B/32", "RN50x4" ...

    `activation` is what the checkpoint was trained with: OpenAI's models use "quick_gelu" (the default for the sizes
    that OpenAI published), most of open_clip's "gelu" (the default for the larger ones).
    """
    image: ViTConfig | ResNetConfig
    act = activation or ("gelu" if name in _GELU else "quick_gelu")
    if name in _VIT:
        embed, (patch, width, layers, heads, mlp, size), text = _VIT[name]
        image = ViTConfig(
            image_size=size, patch_size=patch, width=width, layers=layers, heads=heads, mlp_width=mlp,
            activation=act, eps=1e-5, pre_norm=True, patch_bias=False,
        )  # fmt: skip
    elif name in _RESNET:
        embed, (stages, width, size), text = _RESNET[name]
        image = ResNetConfig(image_size=size, layers=stages, width=width, heads=width // 2, output=embed)
    else:
        raise SettingsError(f"there is no CLIP named {name!r}; the names are {', '.join([*_VIT, *_RESNET])}")
    width, heads, layers = text
    return ClipConfig(
        embed, image, TextConfig(width=width, heads=heads, layers=layers, mlp_width=4 * width, activation=act)
    )


def clip(name: str, *, activation: str | None = None) -> "Clip":
    """A CLIP with fresh weights by name: clip("ViT-B/32")."""
    return Clip(clip_config(name, activation=activation))


class TextTransformer(nn.Module):
    """Tokens (B, L) → T_f (B, d_t): a causal transformer, read at the token that ends the text."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Parameter(torch.empty(config.context, config.width))
        self.transformer = Transformer(
            config.width, config.heads, layers=config.layers, mlp_width=config.mlp_width,
            activation_name=config.activation, eps=config.eps,
        )  # fmt: skip
        self.norm = nn.LayerNorm(config.width, eps=config.eps)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, L) → (B, d_t), L at most the context."""
        end = ends(tokens, self.config)  # (B,)
        last = check_vocabulary(tokens, self.config, end)
        return self.read(tokens[:, : last + 1], end)

    def read(self, tokens: Tensor, end: Tensor) -> Tensor:
        """All of the tokens (B, L), read at the place (B,) where each text ends → (B, d_t)."""
        x = self.tokens(tokens) + self.positions[: tokens.shape[1]]
        x = self.transformer(x, causal=True)
        return self.norm(x[torch.arange(x.shape[0], device=x.device), end])  # type: ignore[no-any-return]


class BagOfWords(nn.Module):
    """Tokens (B, L) → T_f (B, d_t): the mean of the words' vectors (CBOW), whatever their order."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.norm = nn.LayerNorm(config.width, eps=config.eps)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, L) → (B, d_t); the start and the end do not count, a text without words is the norm of zeros."""
        end = ends(tokens, self.config)  # (B,)
        check_vocabulary(tokens, self.config, end)
        return self.read(tokens, end)

    def read(self, tokens: Tensor, end: Tensor) -> Tensor:
        """The words (B, L) before the place (B,) where each text ends → (B, d_t)."""
        place = torch.arange(tokens.shape[1], device=tokens.device)
        words = (place > 0) & (place < end[:, None])  # (B, L)
        total = (self.tokens(tokens) * words[..., None]).sum(1)
        return self.norm(total / words.sum(1, keepdim=True).clamp(min=1))  # type: ignore[no-any-return]


def ends(tokens: Tensor, config: TextConfig) -> Tensor:
    """Where each text ends: (B, L) → (B,). InputError for what is not a batch of tokens within the context."""
    if tokens.ndim != 2 or not 1 <= tokens.shape[1] <= config.context or tokens.is_floating_point():
        raise InputError(
            f"texts must be whole numbers (batch, up to {config.context} tokens), this is a tensor "
            f"{tuple(tokens.shape)} of {tokens.dtype}; ateneo.models.Tokenizer makes it from texts"
        )
    if config.end is None:
        return tokens.argmax(1)
    return (tokens == config.end).int().argmax(1)


def check_vocabulary(tokens: Tensor, config: TextConfig, end: Tensor) -> int:
    """The place where the longest text ends; InputError for tokens that the tower has no vector for.

    All that is asked of the tokens is read at once, since reading waits for the device that they are on.
    """
    if not tokens.numel():
        return tokens.shape[1] - 1
    least, most, last = torch.stack([*torch.aminmax(tokens), end.max()]).tolist()
    if not 0 <= least <= most < config.vocabulary:
        wrong = most if least >= 0 else least
        raise InputError(
            f"there is a token {wrong}, this text tower knows {config.vocabulary} tokens; "
            "use the tokenizer that it was trained with"
        )
    return int(last)


def l2_normalize(x: Tensor) -> Tensor:
    """(..., D) → the same directions, of length 1."""
    return F.normalize(x, dim=-1)


class Clip(nn.Module):
    """Pictures and texts in one space."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.config = config
        image, text = config.image, config.text
        self.image_encoder: ViT | ModifiedResNet
        if isinstance(image, ResNetConfig):
            if image.output != config.embed:
                raise SettingsError(f"the ResNet gives vectors of {image.output}, the space is of {config.embed}")
            self.image_encoder = ModifiedResNet(image)
            self.register_parameter("W_i", None)  # the last layer of its attention pool is the projection
        else:
            self.image_encoder = ViT(replace(image, classes=None))
            self.W_i = nn.Parameter(torch.empty(image.width, config.embed))  # (d_i, d_e)
        self.text_encoder = (TextTransformer if text.tower == "transformer" else BagOfWords)(text)
        self.W_t = nn.Parameter(torch.empty(text.width, config.embed))  # (d_t, d_e)
        self.t = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.reset()

    def reset(self) -> None:
        """Fresh weights, scaled as the paper's authors do: projections by width, residual paths by depth."""
        for matrix in (self.W_i, self.W_t):
            if matrix is not None:
                nn.init.normal_(matrix, std=matrix.shape[0] ** -0.5)
        nn.init.normal_(self.text_encoder.tokens.weight, std=0.02)
        if isinstance(self.text_encoder, TextTransformer):
            nn.init.normal_(self.text_encoder.positions, std=0.01)
            D, depth = self.config.text.width, self.config.text.layers
            for block in self.text_encoder.transformer.blocks:
                for part in (block.attention.q, block.attention.k, block.attention.v):  # type: ignore[union-attr]
                    nn.init.normal_(part.weight, std=D**-0.5)  # type: ignore[union-attr, arg-type]
                nn.init.normal_(block.attention.out.weight, std=(2 * D * depth) ** -0.5)  # type: ignore[union-attr, arg-type]
                nn.init.normal_(block.mlp.up.weight, std=(2 * D) ** -0.5)  # type: ignore[union-attr, arg-type]
                nn.init.normal_(block.mlp.down.weight, std=(2 * D * depth) ** -0.5)  # type: ignore[union-attr, arg-type]

    @property
    def image_size(self) -> int:
        """Pixels along the side of the pictures that the image tower was made for."""
        size = self.config.image.image_size
        return size if isinstance(size, int) else size[0]

    def encode_image(self, pixels: Tensor, *, normalize: bool = False) -> Tensor:
        """Pictures (B, 3, H, W) → I_f · W_i (B, d_e); with normalize, I_e."""
        I_f = self.image_encoder(pixels)  # (B, d_i)
        x = I_f if self.W_i is None else I_f @ self.W_i
        return l2_normalize(x) if normalize else x

    def encode_text(self, tokens: Tensor, *, normalize: bool = False) -> Tensor:
        """Tokens (B, L) → T_f · W_t (B, d_e); with normalize, T_e."""
        T_f = self.text_encoder(tokens)  # (B, d_t)
        x = T_f @ self.W_t
        return l2_normalize(x) if normalize else x

    def forward(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """n pictures and m texts → I_e (n, d_e), T_e (m, d_e); with `t` they go into contrastive_loss."""
        return self.encode_image(pixels, normalize=True), self.encode_text(tokens, normalize=True)

    def similarities(self, pixels: Tensor, tokens: Tensor) -> Tensor:
        """n pictures and m texts → logits (n, m); their transpose is that of texts to pictures."""
        I_e, T_e = self(pixels, tokens)
        return I_e @ T_e.T * self.t.exp()  # type: ignore[no-any-return]

    def set_checkpointing(self, on: bool = True) -> None:
        """Trade time for memory while training, in whichever towers are transformers."""
        for module in self.modules():
            if isinstance(module, Transformer):
                module.checkpointing = on


def contrastive_loss(I_e: Tensor, T_e: Tensor, t: Tensor) -> Tensor:
    """The symmetric loss of n pairs: I_e, T_e (n, d_e), normalised, and the temperature t () → ().

    Equal pairs throughout give log n. `Clip.forward` makes I_e and T_e.
    """
    n = len(I_e)
    if I_e.shape != T_e.shape or n == 0:
        raise InputError(f"pairs are needed: the pictures are {tuple(I_e.shape)}, the texts {tuple(T_e.shape)}")
    # scaled pairwise cosine similarities (n, n)
    logits = I_e @ T_e.T * t.exp()

    # symmetric loss function
    labels = torch.arange(n, device=logits.device)
    loss_i = F.cross_entropy(logits, labels)  # each picture among the texts
    loss_t = F.cross_entropy(logits.T, labels)  # each text among the pictures
    return (loss_i + loss_t) / 2


class TextsToTokens(Protocol):
    """What turns texts into tokens: ateneo.models.Tokenizer, or anything that does the same."""

    def encode(self, texts: list[str]) -> Tensor:
        """Texts → (B, L)."""
        ...


@torch.no_grad()
def class_vectors(
    model: Clip,
    tokenizer: TextsToTokens,
    *,
    classes: Sequence[str],
    templates: Sequence[str] = ("a photo of a {}.",),
) -> Tensor:
    """One direction for each class: (C, d_e), the normalised mean over the templates (the paper's section 3.1.4)."""
    if not classes or not templates or not all("{}" in template for template in templates):
        raise InputError("give at least one class and one template with {} where the class goes, like 'a photo of {}'")
    texts = [template.replace("{}", name) for name in classes for template in templates]
    T_e = model.encode_text(tokenizer.encode(texts).to(model.t.device), normalize=True)
    return l2_normalize(T_e.view(len(classes), len(templates), -1).mean(1))


@torch.no_grad()
def zero_shot(model: Clip, pixels: Tensor, *, vectors: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) and class_vectors (C, d_e) → probabilities of the classes (B, C)."""
    I_e = model.encode_image(pixels, normalize=True)
    return (I_e @ vectors.T * model.t.exp()).softmax(dim=-1)
