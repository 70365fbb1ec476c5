"""The student learns to put a text, in either language, where the teacher puts its English.

Loss: one minus the cosine to the teacher's vector of the English side, for the Spanish text and for an eighth of the
English ones (Reimers and Gurevych 2020, with unit vectors), and a contrastive term: the Spanish text must find its own
English among those of the batch (InfoNCE; van den Oord et al. 2018). What is drawn at a step hangs on the seed and the
step alone, so that a run that was killed goes on as if it had not been.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from pairs import Pair
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

SHARES = {
    "captions": 0.06, "stories": 0.14, "messages": 0.13, "documents": 0.21, "manuals": 0.01, "words": 0.03,
    "definitions": 0.34, "sayings": 0.08,
}  # fmt: skip
SCALE = 25.0  # of the cosines in the contrastive term
CONTRAST = 0.1  # weight of that term
ENGLISH = 0.125  # share of English texts that the student reads too
JOINED = 0.1  # share of examples made of several neighbouring texts, for passages
POOL = 32  # batches drawn and sorted by length together
KEEP_EVERY = 25  # steps between checkpoints


@dataclass(frozen=True)
class Plan:
    """How long and how fast. The rate rises over `warmup` steps and falls over the last fifth."""

    steps: int = 400
    batch: int = 64
    rate: float = 2e-4  # of the layers
    embedding_rate: float = 1e-3
    warmup: int = 20
    seed: int = 1

    def factor(self, step: int) -> float:
        """What the rates are multiplied by at a step."""
        return min(1.0, (step + 1) / self.warmup, 5 * (self.steps - step) / self.steps)


class Texts:
    """Draws examples of the pairs: a source by its share, then a pair, or a run of neighbours joined."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._by_source = {s: [p for p in pairs if p.source == s] for s in SHARES}
        self._by_source = {s: found for s, found in self._by_source.items() if found}
        self._shares = [SHARES[s] for s in self._by_source]

    def draw(self, count: int, *, seed: int) -> list[tuple[str, str]]:
        """So many (English, Spanish)."""
        dice = random.Random(seed)
        return [self._one(dice) for _ in range(count)]

    def _one(self, dice: random.Random) -> tuple[str, str]:
        [source] = dice.choices(list(self._by_source), self._shares)
        found = self._by_source[source]
        size = dice.randint(2, 4) if dice.random() < JOINED and source != "words" else 1
        first = dice.randrange(max(1, len(found) - size + 1))
        run = found[first : first + size]
        return " ".join(p.english for p in run), " ".join(p.spanish for p in run)


def batches(texts: Texts, plan: Plan, *, start: int) -> Iterator[list[tuple[str, str]]]:
    """The batch of each step from `start` on: alike in length, in random order within its pool."""
    for step in range(start, plan.steps):
        pool, place = divmod(step, POOL)
        if step == start or place == 0:
            drawn = texts.draw(plan.batch * POOL, seed=1_000_003 * plan.seed + pool)
            drawn.sort(key=lambda pair: len(pair[1]))
            cut = [drawn[n : n + plan.batch] for n in range(0, len(drawn), plan.batch)]
            random.Random(pool).shuffle(cut)
        yield cut[place]


def embed(model: BertModel, tokenizer: Tokenizer, *, texts: Sequence[str]) -> Tensor:
    """Unit vectors (N, 384): the mean over the tokens."""
    encodings = tokenizer.encode_batch(list(texts))
    longest = max(len(e.ids) for e in encodings)
    ids = torch.zeros(len(texts), longest, dtype=torch.long)  # (N, T); 0 is [PAD] in both vocabularies
    mask = torch.zeros_like(ids)
    for n, e in enumerate(encodings):
        ids[n, : len(e.ids)], mask[n, : len(e.ids)] = torch.tensor(e.ids), 1
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state  # (N, T, 384)
    weights = mask[..., None].float()
    return nn.functional.normalize((hidden.float() * weights).sum(1) / weights.sum(1), dim=-1)


def loss_of(student: Tensor, teacher: Tensor, *, english: Tensor) -> Tensor:
    """`student` are Spanish texts, `teacher` their English by the teacher, both (N, 384); `english` are the first of
    the English texts by the student, (M, 384)."""
    near = (1 - (student * teacher).sum(-1)).mean() + ENGLISH * (1 - (english * teacher[: len(english)]).sum(-1)).mean()
    contrast = nn.functional.cross_entropy(SCALE * student @ teacher.T, torch.arange(len(student)))
    return near + CONTRAST * contrast


def train(
    student: BertModel, teacher: BertModel, *, tokenizers: tuple[Tokenizer, Tokenizer], pairs: Sequence[Pair],
    plan: Plan, folder: Path, last: int | None = None,
) -> None:  # fmt: skip
    """Trains `student` in place; `tokenizers` are its own and the teacher's. Checkpoints go to `folder`;
    `last` is the step to stop at before the plan's end."""
    embeddings = [student.embeddings.word_embeddings.weight]
    rest = [p for p in student.parameters() if p is not embeddings[0]]
    groups = [{"params": rest, "lr": plan.rate}, {"params": embeddings, "lr": plan.embedding_rate}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    start = _resume(student, optimizer, folder)
    texts, began, mean = Texts(pairs), time.monotonic(), 0.0
    last = plan.steps if last is None else last
    for step, batch in enumerate(batches(texts, plan, start=start), start=start):
        if step >= last:
            break
        for group, rate in zip(optimizer.param_groups, (plan.rate, plan.embedding_rate), strict=True):
            group["lr"] = rate * plan.factor(step)
        loss = _step(student, teacher, tokenizers=tokenizers, batch=batch)
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        mean += (loss.item() - mean) / min(step - start + 1, 50)
        if (step + 1) % 25 == 0:
            print(f"step {step + 1}: loss {mean:.4f}, {time.monotonic() - began:.0f} s", flush=True)
        if (step + 1) % KEEP_EVERY == 0 or step + 1 == last:
            _keep(student, optimizer, folder, step=step + 1, plan=plan)


def _step(
    student: BertModel, teacher: BertModel, *, tokenizers: tuple[Tokenizer, Tokenizer], batch: list[tuple[str, str]]
) -> Tensor:
    ours, theirs = tokenizers
    english, spanish = [e for e, _ in batch], [s for _, s in batch]
    with torch.no_grad():
        target = embed(teacher, theirs, texts=english)
    again = embed(student, ours, texts=english[: max(1, int(ENGLISH * len(english)))])
    return loss_of(embed(student, ours, texts=spanish), target, english=again)


def _keep(student: BertModel, optimizer: torch.optim.Optimizer, folder: Path, *, step: int, plan: Plan) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: value.half() for name, value in student.state_dict().items() if value.is_floating_point()}
    torch.save(half, folder / f"step-{step:06}.pt")
    state = {"step": step, "model": student.state_dict(), "optimizer": optimizer.state_dict(), "plan": asdict(plan)}
    torch.save(state, folder / "last.tmp")
    (folder / "last.tmp").replace(folder / "last.pt")


def _resume(student: BertModel, optimizer: torch.optim.Optimizer, folder: Path) -> int:
    if not (folder / "last.pt").exists():
        return 0
    state = torch.load(folder / "last.pt", weights_only=True)
    student.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
