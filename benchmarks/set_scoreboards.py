"""A match in sets with a scoreboard that changes: are the facts of the panel right, read without any model?

    python benchmarks/set_scoreboards.py [--keep FOLDER] [--only NAME] [--clips 2]

Clips of tennis and volleyball, made as those of scoreboards.py, in layouts of broadcasts: a row for each player,
columns for the sets or the number of sets won, the points of the game in a box, a mark beside who serves. Games, a set
and its break fall into each clip, and a replay hides the scoreboard. A fact is right where all that it tells was so
within a second: names, points, games, sets, who serves; one that is not told counts as wrong. The reader was made on
`slam` and `superliga`; the other four were drawn after that, and it was corrected by what `davis` and `tour` showed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from scoreboards import BLACK, RATE, SECONDS, TOLERANCE, WHITE, Count, Pen, Truth, film, font, pictures, run

from ateneo.describing.events import Event, events, told
from ateneo.describing.match import Panel
from ateneo.describing.panel import read_panel

MADE_ON = ("slam", "superliga")
CORRECTED_BY = ("davis", "tour")
POINTS = ("0", "15", "30", "40")
BREAK = 3.0  # s after a game in which there are no points,
SET_BREAK = 5.0  # and after a set in which the next one has not begun

Sets = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class State:
    """What the scoreboard shows. The last of `sets` is being played, or has just ended; `points` are those of the game,
    None between two games and in volleyball; `shown` is False during a replay."""

    sets: Sets
    points: tuple[str, str] | None
    server: int
    shown: bool = True

    @property
    def won(self) -> tuple[int, int]:
        """The sets won by each."""
        tennis = max(map(max, self.sets)) < 11
        ended = [s for n, s in enumerate(self.sets) if over(s, tennis=tennis, number=n)]
        return sum(a > b for a, b in ended), sum(b > a for a, b in ended)


@dataclass(frozen=True)
class Design:
    """A scoreboard: its first state, the seconds between points, and what draws it."""

    name: str
    size: tuple[int, int]
    teams: tuple[tuple[str, str], ...]
    start: State
    pace: float
    paint: Callable[[Pen, tuple[str, str], State], None]

    @property
    def tennis(self) -> bool:
        return self.start.points is not None


def over(games: tuple[int, int], *, tennis: bool, number: int) -> bool:
    """Whether a set is over."""
    high, low = max(games), min(games)
    if tennis:
        return (high == 6 and low < 5) or high == 7
    return high >= (15 if number == 4 else 25) and high - low > 1


def played(state: State, side: int) -> State:
    """The state after a point for one side in tennis, else in volleyball."""
    if state.points is None:
        games = list(state.sets[-1])
        games[side] += 1
        return replace(state, sets=(*state.sets[:-1], (games[0], games[1])), server=side)
    if state.sets[-1] == (6, 6):
        tie = [int(p) for p in state.points]
        tie[side] += 1
        if tie[side] >= 7 and tie[side] - tie[1 - side] > 1:
            return _game(state, side)
        turn = sum(tie) % 2
        return replace(state, points=(str(tie[0]), str(tie[1])), server=1 - state.server if turn else state.server)
    own, other = state.points[side], state.points[1 - side]
    if own == "AD" or (own == "40" and other not in ("40", "AD")):
        return _game(state, side)
    own, other = (
        ("40", "40") if other == "AD" else ("AD", "40") if own == "40" else (POINTS[POINTS.index(own) + 1], other)
    )
    return replace(state, points=(own, other) if side == 0 else (other, own))


def _game(state: State, side: int) -> State:
    games = list(state.sets[-1])
    games[side] += 1
    return replace(state, sets=(*state.sets[:-1], (games[0], games[1])), points=None, server=1 - state.server)


def timeline(design: Design, seed: int) -> list[State]:
    """The states of a clip, one a picture."""
    rng = np.random.default_rng(seed)
    state, states = design.start, []
    if seed % 2:
        state = replace(state, sets=tuple((b, a) for a, b in state.sets), server=1 - state.server)
        state = replace(state, points=state.points[::-1] if state.points else None)
    following = rng.uniform(0.6, 1.4) * design.pace
    replay = following + design.pace + 1.5
    resumes: float | None = None
    for n in range(SECONDS * RATE):
        now = n / RATE
        if resumes is not None and now >= resumes:
            ended = over(state.sets[-1], tennis=design.tennis, number=len(state.sets) - 1)
            sets = (*state.sets, (0, 0)) if ended else state.sets
            state = replace(state, sets=sets, points=("0", "0") if design.tennis else None)
            resumes, following = None, now + rng.uniform(0.6, 1.4) * design.pace
        elif resumes is None and now >= following:
            behind = int(sum(state.sets[-1][:1]) > sum(state.sets[-1][1:]))
            side = behind if rng.random() < 0.3 else int(rng.integers(2))
            state = played(state, side)
            following = now + rng.uniform(0.6, 1.4) * design.pace
            if over(state.sets[-1], tennis=design.tennis, number=len(state.sets) - 1):
                resumes = now + SET_BREAK
            elif design.tennis and state.points is None:
                resumes = now + BREAK
        states.append(replace(state, shown=not replay <= now < replay + 4.0))
    return states


def draw_slam(pen: Pen, teams: tuple[str, str], s: State) -> None:
    """Columns for the sets, that of the present one lighter; the points in a yellow box that moves on with the sets."""
    face, x, y = font("LiberationSans-Bold", 24), 70, 590
    for row in range(2):
        top = y + 42 * row
        pen.cell((x, top, 230, 40), "", face, WHITE, (0, 38, 77, 235))
        pen.draw.text((x + 34, top + 20), teams[row], font=face, fill=WHITE, anchor="lm")
        if s.server == row:
            pen.draw.ellipse((x + 12, top + 14, x + 24, top + 26), fill=(225, 255, 60, 255))
        for n, games in enumerate(s.sets):
            ground = (0, 90, 160, 255) if n == len(s.sets) - 1 else (0, 55, 105, 255)
            pen.cell((x + 232 + 44 * n, top, 42, 40), str(games[row]), face, WHITE, ground)
        if s.points:
            pen.cell((x + 232 + 44 * len(s.sets), top, 58, 40), s.points[row], face, BLACK, (255, 225, 0, 255))


def draw_superliga(pen: Pen, teams: tuple[str, str], s: State) -> None:
    """Sets won in a small dark box, the points of the set large."""
    face, big, x, y = font("DejaVuSans-Bold", 21), font("DejaVuSans-Bold", 25), 50, 36
    for row in range(2):
        top = y + 40 * row
        pen.cell((x, top, 190, 38), teams[row], face, WHITE, (150, 15, 30, 255), anchor="lm")
        pen.cell((x + 190, top, 38, 38), str(s.won[row]), face, WHITE, (60, 5, 12, 255))
        pen.cell((x + 228, top, 60, 38), str(s.sets[-1][row]), big, BLACK, (245, 245, 245, 255))
        if s.server == row:
            pen.draw.polygon([(x + 296, top + 10), (x + 296, top + 28), (x + 310, top + 19)], fill=(255, 225, 0, 255))


def draw_davis(pen: Pen, teams: tuple[str, str], s: State) -> None:
    """Sets won, games of the present set, points in green; who has no advantage has nothing."""
    face, small, x, y = font("LiberationSansNarrow-Bold", 23), font("LiberationSansNarrow-Bold", 21), 40, 34
    for row in range(2):
        top = y + 36 * row
        pen.cell((x, top, 180, 34), teams[row], face, WHITE, (20, 20, 24, 190), anchor="lm")
        if s.server == row:
            pen.draw.polygon([(x + 166, top + 10), (x + 166, top + 24), (x + 156, top + 17)], fill=(120, 255, 90, 255))
        pen.cell((x + 180, top, 34, 34), str(s.won[row]), face, (255, 210, 60, 255), (20, 20, 24, 190))
        pen.cell((x + 214, top, 34, 34), str(s.sets[-1][row]), face, WHITE, (20, 20, 24, 190))
        if s.points:
            points = "" if s.points[1 - row] == "AD" else s.points[row]
            pen.cell((x + 250, top, 46, 34), points, small, WHITE, (0, 120, 60, 255))


def draw_tour(pen: Pen, teams: tuple[str, str], s: State) -> None:
    """A country before the name, a small raised number beside a set that a tie-break ended, a line under who serves."""
    face, tiny, x, y = font("DejaVuSans-Bold", 17), font("DejaVuSans", 11), 470, 380
    countries = {"RUUD": "NOR", "FRITZ": "USA", "GAUFF": "USA", "PAOLINI": "ITA"}
    for row in range(2):
        top = y + 32 * row
        pen.cell((x, top, 46, 30), countries[teams[row]], tiny, (200, 200, 210, 255), (30, 10, 60, 255))
        pen.cell((x + 46, top, 120, 30), teams[row], face, WHITE, (45, 15, 90, 255), anchor="lm")
        if s.server == row:
            pen.draw.rectangle((x + 48, top + 27, x + 160, top + 29), fill=(255, 255, 90, 255))
        for n, games in enumerate(s.sets):
            ink = WHITE if n == len(s.sets) - 1 else (180, 170, 200, 255)
            pen.cell((x + 166 + 36 * n, top, 36, 30), str(games[row]), face, ink, (45, 15, 90, 255))
            if set(games) == {6, 7} and games[row] == 6:
                pen.draw.text((x + 192 + 36 * n, top + 8), "4", font=tiny, fill=ink, anchor="mm")
        if s.points:
            pen.cell((x + 168 + 36 * len(s.sets), top, 44, 30), s.points[row], face, (45, 15, 90, 255), WHITE)


def draw_nations(pen: Pen, teams: tuple[str, str], s: State) -> None:
    """One row: sets won beside the names, the points in the middle, which set it is below."""
    face, big, x, y = font("LiberationSans-Bold", 24), font("LiberationSans-Bold", 28), 400, 630
    white, blue = (250, 250, 250, 255), (10, 60, 160, 255)
    pen.cell((x, y, 90, 44), teams[0], face, WHITE, blue)
    pen.cell((x + 90, y, 40, 44), str(s.won[0]), face, BLACK, (255, 200, 0, 255))
    pen.cell((x + 130, y, 140, 44), f"{s.sets[-1][0]} - {s.sets[-1][1]}", big, blue, white)
    pen.cell((x + 270, y, 40, 44), str(s.won[1]), face, BLACK, (255, 200, 0, 255))
    pen.cell((x + 310, y, 90, 44), teams[1], face, WHITE, blue)
    pen.cell((x + 130, y + 44, 140, 24), f"SET {len(s.sets)}", font("LiberationSans-Regular", 17), WHITE, BLACK)


def draw_cev(pen: Pen, teams: tuple[str, str], s: State) -> None:
    """Sets won in front, then a column for each set."""
    face, x, y = font("DejaVuSans-Bold", 18), 40, 440
    for row in range(2):
        top = y + 32 * row
        pen.cell((x, top, 150, 30), teams[row], face, WHITE, (0, 70, 70, 235), anchor="lm")
        pen.cell((x + 150, top, 32, 30), str(s.won[row]), face, (0, 70, 70, 255), (255, 255, 255, 255))
        for n, points in enumerate(s.sets):
            ground = (230, 120, 0, 255) if n == len(s.sets) - 1 else (0, 45, 45, 235)
            pen.cell((x + 184 + 42 * n, top, 40, 30), str(points[row]), face, WHITE, ground)


DESIGNS = {
    design.name: design for design in (
        Design("slam", (1280, 720), (("ALCARAZ", "SINNER"), ("SWIATEK", "BADOSA")),
               State(((6, 4), (3, 6), (4, 4)), ("30", "15"), 0), 3.2, draw_slam),
        Design("superliga", (1280, 720), (("TERUEL", "GUAGUAS"), ("SORIA", "MANACOR")),
               State(((25, 21), (20, 25), (22, 23)), None, 0), 4.5, draw_superliga),
        Design("davis", (960, 540), (("NADAL", "MEDVEDEV"), ("MUGURUZA", "KERBER")),
               State(((6, 3), (5, 5)), ("40", "30"), 1), 3.0, draw_davis),
        Design("tour", (854, 480), (("RUUD", "FRITZ"), ("GAUFF", "PAOLINI")),
               State(((6, 7), (6, 6)), ("3", "4"), 0), 3.4, draw_tour),
        Design("nations", (1280, 720), (("ITA", "POL"), ("BRA", "JPN")),
               State(((25, 19), (25, 27), (23, 25), (23, 22)), None, 1), 4.5, draw_nations),
        Design("cev", (960, 540), (("PERUGIA", "TRENTO"), ("VAKIF", "CONEGLIANO")),
               State(((25, 23), (24, 23)), None, 0), 4.2, draw_cev),
    )
}  # fmt: skip


def expected(states: list[State], design: Design) -> list[Truth]:
    """The changes that a viewer can see; what happens during a replay is seen when the scoreboard is back."""
    visible = [(n / RATE, s) for n, s in enumerate(states) if s.shown]
    found, leader = [Truth(0.0, "opening")], _leader(states[0])
    for (_, before), (now, state) in pairwise(visible):
        begun = len(state.sets) > len(before.sets)
        if state.won != before.won:
            found.append(Truth(now, "set"))
        elif state.sets != before.sets and state.sets[-1] != (0, 0):
            ahead = _leader(state)
            other = "score" if begun else "tie" if ahead is None else "lead" if ahead != leader else "score"
            found.append(Truth(now, "game" if design.tennis else other))
        elif state.points not in (before.points, None, ("0", "0")):
            found.append(Truth(now, "point"))
        leader = _leader(state) if begun or _leader(state) is not None else leader
    return [*found, Truth(visible[-1][0], "closing")]


def _leader(state: State) -> int | None:
    one, other = state.sets[-1]
    return None if one == other else int(other > one)


def right(event: Event, panel: Panel, teams: tuple[str, str], states: list[State]) -> bool:
    """Whether all that a fact tells was so within the tolerance: names, points, games, sets, who serves."""
    now = event.moment
    low, high = (round((now.second + d) * RATE) for d in (-TOLERANCE, TOLERANCE))
    return panel.teams == teams and any(
        (now.scores, now.won, now.period and now.period.number) == (s.sets[-1], s.won, len(s.sets))
        and now.points in (s.points, None if s.points == ("0", "0") else s.points)
        and now.server in (None, s.server)
        for s in states[max(0, low) : high + 1] if s.shown
    )  # fmt: skip


def judge(panel: Panel | None, design: Design, teams: tuple[str, str], states: list[State]) -> tuple[Count, list[str]]:
    """The count of one clip, and a line for each error. `clocks` of the count is how many tell who serves."""
    open_ = expected(states, design)
    if panel is None:
        return Count(missed=len(open_)), ["no scoreboard was found"]
    count, lines = Count(), []
    for event in events(panel):
        fits = [t for t in open_ if t.kind == event.kind and abs(t.second - event.second) <= TOLERANCE]
        if fits and right(event, panel, teams, states):
            open_.remove(min(fits, key=lambda t: abs(t.second - event.second)))
            count.right += 1
            count.clocks += event.moment.server is not None
        else:
            count.wrong += 1
            lines.append(f"wrong at {event.second:.1f}: {told(event, panel, 'en')}")
    count.missed = len(open_)
    return count, [*lines, *(f"missed at {t.second:.1f}: {t.kind} {states[round(t.second * RATE)]}" for t in open_)]


def measure(design: Design, folder: Path, clips: int) -> Count:
    """The clips of one design, made where they are not there yet, and read."""
    total = Count()
    for clip in range(clips):
        path, states, teams = folder / f"{design.name}-{clip}.mp4", timeline(design, clip), design.teams[clip % 2]
        if not path.is_file():
            paints = [partial(design.paint, teams=teams, s=state) if state.shown else None for state in states]
            film(path, pictures(paints, design.size, grass=True, seed=clip), design.size)
        began = time.process_time()
        count, lines = judge(read_panel(path, 0.0, float(SECONDS)), design, teams, states)
        count.seconds = time.process_time() - began
        print(
            f"{design.name} {clip}: {count.right} right, {count.wrong} wrong, {count.missed} missed", *lines, sep="\n  "
        )
        total += count
    return total


def main() -> None:
    run(__doc__, DESIGNS, measure, made_on=MADE_ON, corrected_by=CORRECTED_BY, also="who serves")


if __name__ == "__main__":
    main()
