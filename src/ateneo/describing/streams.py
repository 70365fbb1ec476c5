"""What the cells of a scoreboard say over time: pieces of one kind at one place of a cell."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ateneo.describing.steady import Timed
from ateneo.describing.tokens import Token, tokens
from ateneo.describing.watching import Cell


@dataclass
class Stream:
    """One kind of token at one place of a cell, over time."""

    cell: Cell
    kind: str
    order: int
    tokens: list[tuple[float, Token, float]]  # time, token, how sure

    @property
    def x(self) -> float:
        left, _, right, _ = self.cell.box
        places = sorted(token.place for _, token, _ in self.tokens)
        return left + (right - left) * places[len(places) // 2]

    @property
    def y(self) -> float:
        return (self.cell.box[1] + self.cell.box[3]) / 2

    def timed(self, which: int = 0) -> list[Timed]:
        return [(time, token.values[which], sure) for time, token, sure in self.tokens]


def streams_of(cells: Sequence[Cell]) -> list[Stream]:
    """What each cell says over time, by kind. Two numbers that may be a clock or a score are kept as both."""
    made: dict[tuple[int, str, int], Stream] = {}
    for number, cell in enumerate(cells):
        for reading in cell.readings:
            counts: Counter[str] = Counter()
            for token in tokens(reading.text):
                kinds = [token]
                if token.kind == "clock" and ":" in token.text and "." not in token.text:
                    minutes, seconds = divmod(token.values[0], 60)
                    kinds.append(replace(token, kind="pair", values=(minutes, seconds)))
                for one in kinds:
                    order = counts[one.kind]
                    counts[one.kind] += 1
                    stream = made.setdefault((number, one.kind, order), Stream(cell, one.kind, order, []))
                    stream.tokens.append((reading.time, one, reading.sure))
    return list(made.values())


def said_most(stream: Stream) -> str:
    """What a word's stream says most, by how sure the readings are."""
    weights: defaultdict[str, float] = defaultdict(float)
    for _, token, sure in stream.tokens:
        weights[token.text] += sure
    return max(weights, key=lambda text: (weights[text], text))


def stacked(one: Stream, other: Stream) -> bool:
    height = max(one.cell.height, other.cell.height)
    return abs(one.x - other.x) < 1.5 * height and 0.5 * height < abs(one.y - other.y) < 3 * height
