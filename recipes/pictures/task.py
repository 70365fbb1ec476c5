"""Learning with the text side locked: each picture finds what is true of it among all texts, and each text its
pictures.

CLIP's loss (Radford et al. 2021) with four changes. The texts are vectors that do not move ("LiT", Zhai et al. 2022),
so all of them are at hand at every step, not only those of a batch. A picture has many true texts: each is scored
against the false ones alone, so that true ones do not compete, and what is true of few pictures counts more than what
is true of most. And a false name that says nearly the same as the true one is left out.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mixture import Mixture, Shown
from numpy.typing import NDArray
from texts import NOTHING, Bank
from torch import Tensor, nn

from ateneo.models.tower import Tower, TowerConfig
from ateneo.models.train.clip import HIGHEST
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.loop import Task
from ateneo.models.train.pictures import normalised, sheet

CHOICE = 0.7  # of the loss: a picture's among the texts; the rest is a text's among the pictures
BARE = 0.5  # of the texts that stand for a concept are its bare name, which is what people type
NAMED = 0.7  # of the weight of a picture: the name of what is drawn
ALIKE = 0.9  # cosine from which two texts say nearly the same
TEST_BATCH = 128
SHOWN = 60
START, ENDED = 20.0, 50.0  # of the scale, which learns slowly: from nothing, and where a run that goes on takes it up


class LockedTask(Task):
    """A tower that learns to meet the vectors of a bank of texts; `rarity` (n,) weighs each text that is true."""

    name = "locked pictures"
    model: Tower
    vectors: Tensor
    concept: Tensor
    states: Tensor
    rarity: Tensor

    def __init__(self, config: TowerConfig, bank: Bank, *, rarity: NDArray[np.float32]) -> None:
        super().__init__()
        self.model = Tower(config)
        self.t = nn.Parameter(torch.tensor(float(np.log(START))))
        self.bank = bank
        said = {"vectors": bank.vectors, "concept": bank.said.concept, "states": bank.said.states, "rarity": rarity}
        for name, values in said.items():
            self.register_buffer(name, torch.from_numpy(np.array(values)), persistent=False)
        group = bank.said.concept * 2 + (np.array(bank.said.languages) == "en")  # a concept in a language
        order = np.argsort(group, kind="stable")
        self.order = torch.from_numpy(order[bank.said.concept[order] != NOTHING])
        _, counts = np.unique(group[self.order.numpy()], return_counts=True)
        self.counts = torch.from_numpy(counts)
        self.pages = torch.from_numpy(np.flatnonzero(bank.said.concept == NOTHING))

    def forward(self, batch: Batch) -> Tensor:
        """The loss of a batch against texts of every concept, drawn by chance, and all that is said of slides."""
        device = self.t.device
        concept, facts = truths(batch.items, device)
        chosen = self.choose().to(device)
        of = self.concept[chosen]
        true = matches(concept, facts, of, self.states[chosen])  # (B, C)
        I_e = self.model(normalised(batch.pixels.to(device))).float()
        same = (of[None] == concept[:, None]) & (of != NOTHING)  # of its thing, true or not
        with torch.autocast(device.type, enabled=False):
            return locked_loss(
                I_e, self.vectors[chosen], self.t, true=true, same=same, named=of != NOTHING, rarity=self.rarity[chosen]
            )

    def choose(self) -> Tensor:
        """The places of a text of each concept in each language, then of all that name none; torch's own generator."""
        starts = self.counts.cumsum(0) - self.counts
        any_of = starts + (torch.rand(len(self.counts)) * self.counts).long()
        bare = torch.rand(len(self.counts)) < BARE  # the first of each, as `texts.gather` puts them
        return torch.cat([self.order[torch.where(bare, starts, any_of)], self.pages])

    def after_step(self) -> None:
        """Holds the temperature within CLIP's bounds."""
        with torch.no_grad():
            self.t.clamp_(0, HIGHEST)

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """Of slides kept apart, the part whose nearest text is true; of a style kept apart, the names found first."""
        assert isinstance(held, Mixture)
        right = seen = 0
        pages = self.pages.to(self.t.device)
        for batch in held.in_order(TEST_BATCH):
            I_e = model(normalised(batch.pixels.to(self.t.device))).float()
            concept, facts = truths(batch.items, self.t.device)
            true = matches(concept, facts, self.concept[pages], self.states[pages])
            nearest = scores(I_e, self.vectors[pages]).argmax(1, keepdim=True)
            right += int(true.gather(1, nearest).sum())
            seen += len(true)
        return {"slides": right / max(seen, 1), **self._names(model, held)}

    def _names(self, model: nn.Module, held: Mixture) -> dict[str, float]:
        """Recall@1 of names among one picture of each concept of the held drawings."""
        pixels, places = held.gallery()
        if not len(places):
            return {}
        parts = [model(normalised(part.to(self.t.device))).float() for part in pixels.split(TEST_BATCH)]
        I_e = torch.cat(parts)
        return {f"names {n}": recall(I_e, places, self.bank, language=n) for n in ("es", "en")}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """A sheet of held slides with the nearest text of each."""
        batch = next(iter(held.in_order(SHOWN)))
        I_e = model(normalised(batch.pixels.to(self.t.device))).float()
        nearest = self.pages[scores(I_e, self.vectors[self.pages.to(I_e.device)]).argmax(1).cpu()]
        lines = [self.bank.said.texts[int(n)][:34] for n in nearest]
        sheet(batch.pixels, columns=10, under=lines, scale=1).save(path)

    def config(self) -> dict[str, Any]:
        """The tower, how pixels are normalised, and the space of the vectors that it was made to meet."""
        return {
            "ateneo": "pictures",
            "config": asdict(self.model.config),
            "mean": 0.5,
            "std": 0.5,
            "space": self.bank.space,
        }


def scores(a: Tensor, b: Tensor) -> Tensor:
    """Cosines of unit vectors (n, d) and (m, d), in float32 also where all else is computed in fewer bits: (n, m)."""
    with torch.autocast(a.device.type, enabled=False):
        return a.float() @ b.float().T


def truths(items: Sequence[Any], device: torch.device) -> tuple[Tensor, Tensor]:
    """The concepts and the facts of pictures, each (B,)."""
    assert all(isinstance(item, Shown) for item in items)
    rows = torch.tensor([(item.concept, item.facts) for item in items], dtype=torch.int64, device=device)
    return rows[:, 0], rows[:, 1]


def matches(concept: Tensor, facts: Tensor, of: Tensor, states: Tensor) -> Tensor:
    """(B, C): whether text c, of concept `of` (C,) and stating `states` (C,), is true of picture b."""
    named = (of[None] == NOTHING) | (of[None] == concept[:, None])
    return named & ((states[None] & ~facts[:, None]) == 0)


def locked_loss(
    I_e: Tensor, T_e: Tensor, t: Tensor, *, true: Tensor, same: Tensor, named: Tensor, rarity: Tensor
) -> Tensor:
    """Symmetric loss of pictures (B, d) and texts (C, d), `true` (B, C) saying which text is true of which picture.

    For each picture the weighted mean over its true texts p of -log(e^p / (e^p + Σ e^n)), n its false texts; the
    same for each text that is true of some picture of the batch. `same` (B, C): texts that name the
    picture's thing, which are never false of it; `named` (C,): texts that name a thing; `rarity` (C,): weights.
    """
    logits = I_e @ T_e.T * t.exp()  # (B, C)
    true = true & true.any(1, keepdim=True)
    alike = same | _alike(T_e, true, named)
    weights = _weights(true, named, rarity)
    pictures = _one_way(logits, true, ignored=alike, weights=weights)
    some = true.any(0)
    columns = (logits[:, some].T, true[:, some].T, alike[:, some].T)
    texts = _one_way(columns[0], columns[1], ignored=columns[2], weights=columns[1].float())
    return CHOICE * pictures + (1 - CHOICE) * texts


def _weights(true: Tensor, named: Tensor, rarity: Tensor) -> Tensor:
    """(B, C): how much each true text counts; what names the thing drawn has NAMED of the whole."""
    facts, names = true * ~named * rarity, (true & named).float()
    facts = facts / facts.sum(1, keepdim=True).clamp(min=1e-6)
    return facts * (1 - NAMED * names.any(1, keepdim=True).float()) + names * NAMED


def _alike(T_e: Tensor, true: Tensor, named: Tensor) -> Tensor:
    """(B, C): false texts that say nearly what the name of the picture's thing says."""
    own = true & named
    first = own.float().argmax(1)
    return (T_e[first] @ T_e.T > ALIKE) & ~true & own.any(1, keepdim=True)


def _one_way(logits: Tensor, true: Tensor, *, ignored: Tensor, weights: Tensor) -> Tensor:
    against = logits.masked_fill(true | ignored, -1e4).logsumexp(1, keepdim=True)  # (B, 1)
    each = F.softplus(against - logits)  # -log of the share of a true one among itself and the false ones
    total = weights.sum(1).clamp(min=1e-6)
    return ((each * weights).sum(1) / total)[true.any(1)].mean()


def rarities(bank: Bank, facts: NDArray[np.uint64]) -> NDArray[np.float32]:
    """(n,) the weight of each text that states facts: -ln of the part of the pictures that it is true of, 0.1 to 6."""
    kinds, counts = np.unique(facts.astype(np.int64), return_counts=True)
    shares = np.zeros(len(bank.said.states))
    for kind, number in zip(kinds, counts, strict=True):
        shares += number * ((bank.said.states & ~kind) == 0)
    return np.clip(-np.log(np.maximum(shares, 1) / counts.sum()), 0.1, 6).astype(np.float32)


def recall(I_e: Tensor, places: Tensor, bank: Bank, *, language: str) -> float:
    """The part of the concepts whose name in the language has its own picture nearest, of pictures (n, d), one each."""
    names = name_rows(bank, language)
    rows = torch.tensor([names[int(place)] for place in places])
    T_e = torch.from_numpy(bank.vectors)[rows].to(I_e.device)
    return (scores(T_e, I_e).argmax(1).cpu() == torch.arange(len(places))).float().mean().item()


def name_rows(bank: Bank, language: str) -> dict[int, int]:
    """Concept → the row of its bare name, which is the first text of each in a language."""
    found: dict[int, int] = {}
    for row, (concept, said) in enumerate(zip(bank.said.concept, bank.said.languages, strict=True)):
        if concept != NOTHING and said == language:
            found.setdefault(int(concept), row)
    return found
