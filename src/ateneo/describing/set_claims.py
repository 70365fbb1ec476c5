"""What a sentence claims of a match in sets: the points, the games, the sets, who leads, which set it is, who took a
point, a game or a set, who serves, how near an end is. Each must have been so within the window."""

import re
from collections.abc import Iterator, Sequence

from ateneo.describing import match_words as words
from ateneo.describing.match import Moment, Pair, Panel
from ateneo.describing.sentence import Sentence, clause_of

Changes = Sequence[tuple[Moment, Moment]]
GAME = {"0": 0, "15": 1, "30": 2, "40": 3, "AD": 4}  # points won


def wrong_in_sets(read: Sentence, window: Sequence[Moment], changes: Changes, *, panel: Panel) -> Iterator[bool]:
    """For each kind of claim, whether one was not so. `changes` are the moments of the window with those before."""
    yield _pairs(read, window)
    yield _ties(read, window)
    yield _leads(read, window)
    yield _margins(read, window)
    yield _numbers_of_sets(read, window, changes)
    yield _other_sports(read)
    yield _taken(read, changes, games=panel.games)
    yield _served(read, window, changes)
    yield _near_ends(read, window, games=panel.games)
    yield _match_won(read, window, panel)


def points(moment: Moment) -> Pair | None:
    """The points of a game as how many were won: 40–AD is 3–4; None where there are none."""
    if moment.points is None:
        return None
    one, other = (GAME.get(p, int(p) if p.isdecimal() else 0) for p in moment.points)
    return one, other


def _written(moment: Moment) -> Pair | None:
    """The points as they stand there, where both are numbers."""
    if moment.points is None or "AD" in moment.points:
        return None
    return int(moment.points[0]), int(moment.points[1])


def _standings(moment: Moment) -> list[Pair]:
    """Points, games and sets, those that are known."""
    return [pair for pair in (points(moment), moment.scores, moment.won) if pair is not None]


def _pairs(read: Sentence, window: Sequence[Moment]) -> bool:
    """Two numbers that are not the points, the games, the sets or a set that is over, or are not each its side's."""
    for match in words.PAIR.finditer(read.text):
        pair, clause = (int(match[1]), int(match[2])), clause_of(read.text, match.start())
        if re.search(r"\b(?:in|en) sets\b", clause) or read.text[: match.start()].endswith("sets "):
            known = [m.won for m in window if m.won]
        elif re.search(r"\b(?:in|en) (?:the|this|el|este) set\b", clause):
            known = [m.scores for m in window if m.scores]
        else:
            known = [p for m in window for p in (_written(m), m.scores, m.won, *m.sets) if p]
        owner = _owner(read, match)
        if not any(p[owner] == pair[0] if owner is not None else True for p in known if sorted(p) == sorted(pair)):
            return True
    return _after_names(read, window) or any(
        _miscounted(read, match, window) for match in words.COUNTED.finditer(read.text)
    )


def _after_names(read: Sentence, window: Sequence[Moment]) -> bool:
    """ "NADAL 5, KERBER 4": a number after a name that is none of that side."""
    for team, _, stop in read.teams:
        found = re.match(r",? (\d{1,2})(?![\d:–-]|[.,]\d| ?(?:-|–|a\b|to\b) ?\d| [^\W\d])", read.text[stop:])
        if found and not any(p[team] == int(found[1]) for m in window for p in (_written(m), m.scores, m.won) if p):
            return True
    return False


def _miscounted(read: Sentence, match: re.Match[str], window: Sequence[Moment]) -> bool:
    """ "Two sets to one", said of a side where one is named before it."""
    one, other = (words.COUNTS.get(match[n], int(match[n]) if match[n].isdecimal() else 0) for n in (1, 3))
    what, team = match[2], read.subject(match.start())
    known = [
        m.won if what in ("set", "manga") else m.scores if what in ("game", "juego") else _written(m) for m in window
    ]
    wanted = [(one, other)] if team == 0 else [(other, one)] if team == 1 else [(one, other), (other, one)]
    trails = words.TRAILS.search(clause_of(read.text, match.start()))
    return not any(pair in wanted or (trails and pair and pair[::-1] in wanted) for pair in known)


def _owner(read: Sentence, match: re.Match[str]) -> int | None:
    """Whose the first number of "A 6–4 B" is, or of "A are 6–4 up"."""
    left = next((t for t, _, stop in reversed(read.teams) if 0 <= match.start() - stop <= 2), None)
    right = next((t for t, start, _ in read.teams if 0 <= start - match.end() <= 2), None)
    if left is None and right is None and words.UP.search(clause_of(read.text, match.start())):
        return read.subject(match.start())
    return left if left is not None else 1 - right if right is not None else None


def _ties(read: Sentence, window: Sequence[Moment]) -> bool:
    for match in words.ALL.finditer(read.text):
        if not any(p[0] == p[1] == int(match[1]) for m in window for p in (_written(m), m.scores, m.won) if p):
            return True
    if words.DEUCE.search(read.text) and not any(m.points == ("40", "40") for m in window):
        return True
    for match in words.TIED.finditer(read.text):
        denied = words.NOT.search(read.text[: match.start()]) or words.UNTIED.search(read.text[: match.start()])
        if denied or read.wished(match.start()):
            continue
        in_sets = words.IN_SETS.search(clause_of(read.text, match.start()))
        level = [p for m in window for p in ([m.won] if in_sets else _standings(m)) if p and p[0] == p[1]]
        each = re.match(r"\W*(?:\w+\W+){0,3}?(?:at|a|en) (\d{1,2})\b", read.text[match.end() :])
        shown = [p for m in window for p in (_written(m), m.scores, m.won) if p]
        if not level or (each and (int(each[1]), int(each[1])) not in shown):
            return True
    return False


def _leads(read: Sentence, window: Sequence[Moment]) -> bool:
    claims = [(m, True) for m in words.LEADS.finditer(read.text)]
    claims += [(m, False) for m in words.TRAILS.finditer(read.text)]
    for match, ahead in claims:
        if read.wished(match.start()):
            continue
        team = read.subject(match.start())
        if (named := re.match(r"\W+(?:de |para |for |to )?(?:el |la |los |las )?", read.text[match.end() :])) and (
            words.ADVANTAGE.match(match[0])
        ):
            place = match.end() + named.end()
            team = next((t for t, start, _ in read.teams if start == place), team)
        advantage = words.ADVANTAGE.match(match[0]) and not re.match(r" (?:of|de) \d", read.text[match.end() :])
        in_sets = words.IN_SETS.search(clause_of(read.text, match.start()))
        denied = bool(words.NOT.search(read.text[: match.start()]))
        so = [_ahead(m, team if ahead else _other(team), in_sets=bool(in_sets), game=bool(advantage)) for m in window]
        if all(so) if denied else not any(so):
            return True
    return False


def _other(team: int | None) -> int | None:
    return None if team is None else 1 - team


def _ahead(moment: Moment, team: int | None, *, in_sets: bool, game: bool) -> bool:
    """Whether a side (None: any) is ahead in anything, or in what is meant."""
    meant = [moment.won] if in_sets else _standings(moment)
    if game and moment.points:
        meant = [points(moment)]
    leads = [int(p[1] > p[0]) for p in meant if p and p[0] != p[1]]
    return bool(leads) if team is None else team in leads


def _margins(read: Sentence, window: Sequence[Moment]) -> bool:
    gaps = {abs(p[0] - p[1]) for m in window for p in _standings(m)}
    return any(int(next(g for g in match.groups() if g)) not in gaps for match in words.MARGIN.finditer(read.text))


def _numbers_of_sets(read: Sentence, window: Sequence[Moment], changes: Changes) -> bool:
    """Which set it is said to be; of one that is over it may be told who took it."""
    numbers = {m.period.number for one, other in changes for m in (one, other) if m.period} | {
        m.period.number for m in window if m.period
    }
    for match in words.SET_NUMBER.finditer(read.text):
        number = int(match[1]) if match[1] else words.SET_ORDINALS[match[2]]
        taken = words.TAKES.search(read.text)
        if number not in numbers and not (taken and numbers and number < max(numbers)):
            return True
        if taken and (team := read.subject(taken.start())) is not None:
            over = [m.sets[number - 1] for m in window if len(m.sets) >= number]
            if over and not any(s[team] > s[1 - team] for s in over):
                return True
    return False


def _other_sports(read: Sentence) -> bool:
    """Quarters, halves, overtime and time that is left: there are none."""
    return any(one.search(read.text) for one in (words.PERIOD, words.OVERTIME, words.LEFT, words.BUZZER))


def took(before: Moment, now: Moment) -> list[tuple[str, int]]:
    """What was taken between two moments, and by whom: ("set", 0), ("game", 0), ("point", 0)."""
    found = []
    for what, one, other in (("set", before.won, now.won), ("game", before.scores, now.scores)):
        if one and other and one != other:
            found += [(what, side) for side in (0, 1) if other[side] > one[side]]
    one, other = points(before), points(now)
    if before.scores == now.scores and one and other:
        found += [("point", side) for side in (0, 1) if other[side] - one[side] > other[1 - side] - one[1 - side]]
    return found


def _taken(read: Sentence, changes: Changes, *, games: bool) -> bool:
    """Who is said to have taken a point, a game, a set, or to have scored."""
    taken = [one for before, now in changes for one in took(before, now)]
    for match in words.TAKES.finditer(read.text):
        if read.wished(match.start()) or words.NOT.search(read.text[: match.start()]):
            continue
        if match[1] in ("set", "manga") and words.SET_NUMBER.search(read.text, match.end()):
            continue  # told apart: it may be one before
        if not _took(taken, match[1], read.subject(match.start()), games=games):
            return True
    for side, start, _ in read.teams:
        if (to := words.TO.search(read.text[:start])) and not _took(taken, to[1], side, games=games):
            return True
    for match in words.SCORES.finditer(read.text):
        if read.wished(match.start()) or words.NOT.search(read.text[: match.start()]):
            continue
        team = read.after(match.end()) if words.BACKWARD.search(match[0]) else read.subject(match.start())
        if not taken or (team is not None and not any(side == team for _, side in taken)):
            return True
    return False


def _took(taken: Sequence[tuple[str, int]], what: str, team: int | None, *, games: bool) -> bool:
    """Whether a point, a game or a set was taken. Whoever takes a game takes a point; in volleyball points are all."""
    kinds = {"set": ("set",), "manga": ("set",)}.get(what, ("set", "game") if what in ("game", "juego") else ())
    return any(
        (not kinds or kind in kinds) and team in (None, side) and (games or what not in ("game", "juego"))
        for kind, side in taken
    )


def _served(read: Sentence, window: Sequence[Moment], changes: Changes) -> bool:
    """Who is said to serve, to hold or to break."""
    servers = {m.server for m in window}
    for match in words.SERVES.finditer(read.text):
        team = read.subject(match.start())
        if team is not None and None not in servers and team not in servers and not read.wished(match.start()):
            return True
    games = [(side, before.server) for before, now in changes for what, side in took(before, now) if what == "game"]
    for pattern, holds in ((words.BREAKS, False), (words.HOLDS, True)):
        for match in pattern.finditer(read.text):
            if read.wished(match.start()) or words.NOT.search(read.text[: match.start()]):
                continue
            team = read.subject(match.start())
            if not any(
                team in (None, side) and (server is None or (server == side) == holds) for side, server in games
            ):
                return True
    return False


def _near_ends(read: Sentence, window: Sequence[Moment], *, games: bool) -> bool:
    """Break point, set point, match point: somebody is one point from it."""
    kinds = {"rotura": "break", "partido": "match", "juego": "game"}
    for match in words.NEAR.finditer(read.text):
        what = match[1] or match[2]
        if read.wished(match.start()):
            continue
        if not any(kinds.get(what, what) in _one_point_from(m, games=games) for m in window):
            return True
    return False


def _one_point_from(moment: Moment, *, games: bool) -> set[str]:
    """What a side would take with the next point."""
    found: set[str] = set()
    for side in (0, 1):
        own = points(moment) if games else moment.scores
        if own is None or moment.scores is None or moment.won is None or moment.period is None:
            continue
        level = games and moment.scores == (6, 6)
        least = 3 if games and not level else 6 if games else (14 if moment.period.number == 5 else 24)
        if own[side] < least or own[side] <= own[1 - side]:
            continue
        ahead, behind = moment.scores[side] + 1, moment.scores[1 - side]
        ends = not games or level or (ahead == 6 and behind < 5) or ahead == 7
        found |= {"game"} if games else set()
        found |= {"break"} if games and not level and moment.server != side else set()
        found |= {"set"} if ends else set()
        found |= {"match"} if ends and moment.won[side] >= (1 if games else 2) else set()
    return found


def _match_won(read: Sentence, window: Sequence[Moment], panel: Panel) -> bool:
    """Who is said to have won the match: only where it is over, and by sets."""
    takes = [match.span() for match in words.TAKES.finditer(read.text)]
    for match in words.WINS.finditer(read.text):
        if read.wished(match.start()) or words.NOT.search(read.text[: match.start()]):
            continue
        if any(start <= match.start() < end for start, end in takes):
            continue
        over = panel.ended is not None and window[-1].second >= panel.ended
        won, team = window[-1].won, read.subject(match.start())
        if not over or (team is not None and won and won[team] <= won[1 - team]):
            return True
    return False
