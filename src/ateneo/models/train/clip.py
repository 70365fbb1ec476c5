"""Learning pictures and words together: CLIP's symmetric loss over all processes, temperature held at most at ln 100.

Each process embeds its own pairs; all embeddings are gathered with their gradients, and each process scores its own
rows against all. The mean over processes, which is what their joined gradients are of, is the loss of the joint batch.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import InputError, SettingsError
from ateneo.models.clip import Clip, ClipConfig, TextConfig, clip_config, contrastive_loss, l2_normalize
from ateneo.models.tokenizer import Tokenizer
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.distributed import gather
from ateneo.models.train.gradcache import Part, cached_backward
from ateneo.models.train.items import Item
from ateneo.models.train.loop import Task
from ateneo.models.train.pictures import jittered, normalised, preprocessing, sheet, varied
from ateneo.models.train.vit import captions_of, config_by_name, logits_of_some, sine_positions
from ateneo.models.train.wordings import Wording
from ateneo.models.vit import ViT

HIGHEST = math.log(100)  # of the temperature t, as in the paper
TEST_BATCH = 256
SHOWN = 48
TEXT_SIZES = {"small": (128, 2, 4, 128), "medium": (192, 3, 4, 192), "large": (384, 6, 6, 384)}  # and the space's width


def clip_config_by_name(name: str, *, image_size: int, patch_size: int, tokenizer: Tokenizer) -> ClipConfig:
    """A published CLIP such as ViT-B/32 with another vocabulary, or a small one: small, medium, large."""
    if name not in TEXT_SIZES:
        config = clip_config(name)
        image = replace(config.image, image_size=image_size)
        text = replace(config.text, vocabulary=tokenizer.vocabulary, context=tokenizer.context)
        return replace(config, image=image, text=text)
    width, layers, heads, embed = TEXT_SIZES[name]
    image = config_by_name(name, image_size=image_size, patch_size=patch_size, classes=None)
    text = TextConfig(
        vocabulary=tokenizer.vocabulary, context=tokenizer.context, width=width, layers=layers, heads=heads,
        mlp_width=4 * width, activation="gelu",
    )  # fmt: skip
    return ClipConfig(embed, image, text)


class ClipTask(Task):
    """A CLIP, its tokenizer, and where pictures have classes, the wordings that turn them into captions.

    `held_wordings` are captions never learned from; zero-shot accuracy is measured with them.
    """

    name = "clip"
    model: Clip

    def __init__(
        self,
        config: ClipConfig,
        tokenizer: Tokenizer,
        *,
        classes: Sequence[str] = (),
        wordings: Sequence[Wording] = (),
        held_wordings: Sequence[Wording] = (),
        keep: float = 1.0,
        whole: float = 0.0,
        jitter: float = 0.2,
        part: int = 0,
    ) -> None:
        super().__init__()
        if not 0 < keep <= 1:
            raise SettingsError(f"cannot keep {keep} of the patches: give --keep above 0 and at most 1")
        if not 0 <= whole <= 1:
            raise SettingsError(f"cannot read whole pictures for {whole} of the steps: give --whole from 0 to 1")
        self.model = Clip(config)
        if isinstance(self.model.image_encoder, ViT):
            sine_positions(self.model.image_encoder)
        self.tokenizer, self.classes = tokenizer, list(classes)
        self.wordings, self.held_wordings = list(wordings), list(held_wordings) or list(wordings)
        self.keep, self.whole, self.jitter, self.part = keep, whole, jitter, part
        self.read = keep  # the part of the patches read in this step

    def before_step(self, through: float) -> None:
        """All patches are read in the last part of the steps, and `keep` of them before."""
        self.read = 1.0 if through >= 1 - self.whole else self.keep

    def forward(self, given: Batch | Part) -> Tensor:
        """The loss of a batch; or for gradient caching, the surrogate of a part of one."""
        if isinstance(given, Part):
            return given.surrogate(self.embed, self.model.t)
        return joint_loss(*self.embed(*self.inputs(given)), self.model.t)

    def backward(self, forward: Callable[[Any], Tensor], batch: Batch, scale: Callable[[Tensor], Tensor]) -> Tensor:
        """Direct, or part by part where `part` is smaller than the batch."""
        if not 0 < self.part < len(batch.items):
            return super().backward(forward, batch, scale)
        pixels, tokens = self.inputs(batch)
        return cached_backward(
            forward, self.embed, joint_loss, pixels=pixels, tokens=tokens, t=self.model.t, size=self.part, scale=scale
        )

    def inputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Varied pictures (B, 3, H, W) and a caption of each as tokens (B, L)."""
        pixels = jittered(normalised(varied(batch.pixels)), self.jitter)
        chance = random.Random(int(torch.randint(1 << 31, ()).item()))
        tokens = self.tokenizer.encode([self.caption(item, chance) for item in batch.items], truncate=True)
        return pixels.to(self.model.t.device), tokens.to(self.model.t.device)

    def caption(self, item: Item, chance: random.Random) -> str:
        """One of the picture's own captions, else a wording of its class in a language of chance."""
        if item.captions:
            return chance.choice(item.captions)
        wording = chance.choice(self.wordings)
        return chance.choice(wording.templates).replace("{}", chance.choice(wording.names[item.label or ""]))

    def embed(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """I_e and T_e (B, d_e) in float32, of a part of the patches."""
        tower = self.model.image_encoder
        if isinstance(tower, ViT) and self.read < 1 and self.model.W_i is not None:
            I_e = l2_normalize(logits_of_some(tower, pixels, keep=self.read) @ self.model.W_i)
        else:
            I_e = self.model.encode_image(pixels, normalize=True)
        return I_e.float(), self.model.encode_text(tokens, normalize=True).float()

    def after_step(self) -> None:
        """Holds the temperature within its bounds."""
        with torch.no_grad():
            self.model.t.clamp_(0, HIGHEST)

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """Zero-shot accuracy with the held wordings, joint and by language; with captions, retrieval at first place."""
        assert isinstance(model, Clip)
        if not self.classes:
            return {"first of 256": retrieval(model, self.tokenizer, held)}
        I_e, labels = self.embedded(model, held)
        figures = {"accuracy": accuracy(I_e, self.vectors(model), labels)}
        for wording in self.held_wordings:
            vectors = wording_vectors(model, self.tokenizer, wording, self.classes)
            figures[f"accuracy {wording.language}"] = accuracy(I_e, vectors, labels)
        return figures

    def vectors(self, model: Clip) -> Tensor:
        """(C, d_e): the direction of each class in the held wordings of all languages together."""
        each = [wording_vectors(model, self.tokenizer, wording, self.classes) for wording in self.held_wordings]
        return l2_normalize(torch.stack(each).sum(0))

    def embedded(self, model: Clip, held: Pictures) -> tuple[Tensor, Tensor]:
        """All held pictures: I_e (n, d_e) and the places of their classes (n,)."""
        device, rows, labels = self.model.t.device, [], []
        for batch in held.in_order(TEST_BATCH):
            rows.append(model.encode_image(normalised(batch.pixels).to(device), normalize=True).float())
            labels += [self.classes.index(item.label or "") for item in batch.items]
        return torch.cat(rows), torch.tensor(labels, device=device)

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """A sheet of held pictures, each with the class, or the caption among those shown, that it is nearest to."""
        assert isinstance(model, Clip)
        batch = held.batch(range(0, len(held), max(1, len(held) // SHOWN))[:SHOWN])
        I_e = model.encode_image(normalised(batch.pixels).to(self.model.t.device), normalize=True).float()
        if self.classes:
            lines = captions_of((I_e @ self.vectors(model).T).argmax(1).tolist(), batch.items, self.classes)
        else:
            texts = [item.captions[0] for item in batch.items]
            T_e = model.encode_text(self.tokenizer.encode(texts, truncate=True).to(I_e.device), normalize=True).float()
            lines = [texts[n][:24] for n in (I_e @ T_e.T).argmax(1).tolist()]
        sheet(batch.pixels, columns=12, under=lines).save(path)

    def config(self) -> dict[str, Any]:
        """Both towers, the classes where there are some, and how pixels are normalised."""
        return {"ateneo": "clip", "config": asdict(self.model.config), "classes": self.classes, "mean": 0.5, "std": 0.5}

    def companions(self) -> dict[str, bytes]:
        """The tokenizer, and how pictures are prepared."""
        return {**self.tokenizer.files(), **preprocessing(self.model.image_size)}


def joint_loss(I_e: Tensor, T_e: Tensor, t: Tensor) -> Tensor:
    """The part of the joint batch's contrastive loss that this process's rows (n, d_e) make; alone, all of it."""
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return contrastive_loss(I_e, T_e, t)
    I_all, T_all = gather(I_e), gather(T_e)  # (ranks · n, d_e)
    labels = torch.arange(len(I_e), device=I_e.device) + dist.get_rank() * len(I_e)
    loss_i = F.cross_entropy(I_e @ T_all.T * t.exp(), labels)
    loss_t = F.cross_entropy(T_e @ I_all.T * t.exp(), labels)
    return (loss_i + loss_t) / 2


def wording_vectors(model: Clip, tokenizer: Tokenizer, wording: Wording, classes: Sequence[str]) -> Tensor:
    """(C, d_e): for each class the direction of the mean of all its captions."""
    rows = []
    for label in classes:
        tokens = tokenizer.encode(wording.captions(label), truncate=True).to(model.t.device)
        rows.append(model.encode_text(tokens, normalize=True).float().mean(0))
    return l2_normalize(torch.stack(rows))


def accuracy(I_e: Tensor, vectors: Tensor, labels: Tensor) -> float:
    """The part of the pictures whose nearest class is theirs."""
    return ((I_e @ vectors.T).argmax(1) == labels).float().mean().item()


def retrieval(model: Clip, tokenizer: Tokenizer, held: Pictures) -> float:
    """The part of the held pictures whose own caption is the nearest among those of up to 256 pictures."""
    right, seen = 0, 0
    for batch in held.in_order(TEST_BATCH):
        tokens = tokenizer.encode([item.captions[0] for item in batch.items], truncate=True).to(model.t.device)
        I_e, T_e = model(normalised(batch.pixels).to(model.t.device), tokens)
        right += int(((I_e @ T_e.T).argmax(1).cpu() == torch.arange(len(batch.items))).sum())
        seen += len(batch.items)
    return right / seen


def learned_tokenizer(
    items: Iterable[Item], wordings: Sequence[Wording], classes: Sequence[str], *, vocabulary: int, context: int
) -> Tokenizer:
    """A tokenizer trained on the captions of these pictures and on all wordings of their classes."""
    texts = [caption for item in items for caption in item.captions]
    texts += [caption for wording in wordings for label in classes for caption in wording.captions(label)]
    if not texts:
        raise InputError("cannot learn words: no picture has a caption; add NAME.txt beside NAME.jpg, or classes")
    return Tokenizer.train(texts, vocabulary=vocabulary, context=context)
