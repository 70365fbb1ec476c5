"""How a match stood, moment by moment: what a scoreboard shows through a stretch."""

from dataclasses import dataclass

from ateneo.describing.tokens import Unit

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Period:
    """A part of a match. `unit` is quarter, half, period, overtime or set."""

    number: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Moment:
    """What the panel showed at `second`. `scores` are in the order of the panel's teams; `clock` in seconds.

    Of a match in sets `scores` are the games, or where there are none the points, of the set that is being played or
    has just ended, `points` those of the game, `won` the sets won, that one included, and `sets` those that are over,
    where they are shown. `server` is 0 or 1."""

    second: float
    scores: Pair | None = None
    clock: float | None = None
    period: Period | None = None
    series: Pair | None = None
    points: tuple[str, str] | None = None
    won: Pair | None = None
    sets: tuple[Pair, ...] = ()
    server: int | None = None

    @property
    def leader(self) -> int | None:
        """0 or 1, who leads; None where the score is level or not known."""
        if self.scores is None or self.scores[0] == self.scores[1]:
            return None
        return int(self.scores[1] > self.scores[0])


@dataclass(frozen=True, slots=True)
class Panel:
    """A scoreboard through a stretch. `runs` is -1 where the clock counts down, 1 up, 0 where there is none. `ended` is
    the second from which it says that the match is over; `games` whether a set is made of games, as in tennis."""

    teams: tuple[str, str]
    moments: tuple[Moment, ...]
    runs: int = 0
    ended: float | None = None
    games: bool = False

    @property
    def in_sets(self) -> bool:
        return any(moment.won is not None for moment in self.moments)

    def at(self, second: float) -> Moment:
        """The last moment at or before a second, else the first."""
        before = [moment for moment in self.moments if moment.second <= second + 1e-6]
        return before[-1] if before else self.moments[0]
