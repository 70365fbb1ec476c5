"""A sentence of a telling against the panel: what it claims of the score, the lead, the clock and the period must have
been so around the seconds that it rests on, and its numbers and names must stand in its evidence.

Claims are found by the words of match reports in Spanish and English. What says nothing that can be checked passes;
what is claimed and was not so is told with the panel's own words. A wish ("looking to take the lead") claims nothing.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ateneo.describing import match_words as words
from ateneo.describing.events import state_line
from ateneo.describing.match import Moment, Panel
from ateneo.describing.names import numbers, teams_in, unknown_name
from ateneo.describing.sentence import Sentence, clause_of
from ateneo.describing.set_claims import wrong_in_sets
from ateneo.describing.wording import counted
from ateneo.text import fold

AROUND = 2.0  # s before and after the evidence of a sentence in which its claims may have been so
CLOCK = 1.2  # s that a clock may be off
BUZZER = 3.0  # s on the clock at the buzzer
SECONDS = 10.0  # s on the clock in the last seconds


class Checker:
    """Checks sentences against one panel, or against their evidence alone where there is none."""

    def __init__(self, panel: Panel | None, language: str, *, known: Sequence[str] = ()) -> None:
        """`known` are names that need no further evidence: the talk's title, its speakers."""
        self.panel, self.language = panel, language
        self.known = " ".join(fold(text) for text in known)

    def against(self, sentence: str, *, start: float, end: float, evidence: Sequence[str], exact: bool = False) -> str:
        """What speaks against a sentence that rests on evidence from `start` to `end` (s); "" where nothing does. Its
        claims may have been so a little before or after; where `exact`, as facts of the panel are, then alone."""
        plain, said = counted(fold(sentence), self.language), _SAID[self.language]
        evident = counted(fold(" \n ".join(evidence)), self.language)
        allowed = {*numbers(evident), *numbers(self.known)}
        if self.panel and self.panel.moments:
            around = 0.0 if exact else AROUND
            window = self._window(start - around, end + around)
            read = Sentence(plain, tuple(teams_in(sentence, plain, self.panel.teams)))
            if any(self._wrong(read, window)):
                return self._panel_says(window[-1])
            allowed |= self._numbers(window)
        missing = [number for number in numbers(plain) if number not in allowed]
        if missing:
            return said["unknown"].format(missing[0].replace(".", "," if self.language == "es" else "."))
        name = unknown_name(sentence, f"{evident} {self.known}", self.panel.teams if self.panel else ())
        return said["unknown"].format(name) if name else ""

    def _window(self, start: float, end: float) -> list[Moment]:
        assert self.panel
        inside = [m for m in self.panel.moments if start <= m.second <= end]
        return inside or [self.panel.at(start)]

    def _panel_says(self, moment: Moment) -> str:
        assert self.panel
        return _SAID[self.language]["panel"].format(state_line(self.panel, moment, self.language))

    # what was claimed and was not so

    def _wrong(self, read: Sentence, window: Sequence[Moment]) -> Iterator[bool]:
        assert self.panel
        if self.panel.in_sets:
            yield from wrong_in_sets(read, window, list(self._changes(window)), panel=self.panel)
            return
        yield self._pairs(read, window)
        yield self._ties(read, window)
        yield self._leads(read, window)
        yield self._margins(read, window)
        yield self._clocks(read, window)
        yield self._periods(read, window)
        yield self._gains(read, window)
        yield self._won(read, window)

    def _pairs(self, read: Sentence, window: Sequence[Moment]) -> bool:
        """Two numbers that are not the score, or are not each its team's."""
        series = {m.series for m in window if m.series}
        for match in words.PAIR.finditer(read.text):
            pair = int(match[1]), int(match[2])
            near = read.text[max(0, match.start() - 30) : match.end() + 30]
            if words.SERIES.search(near) and (pair in series or pair[::-1] in series):
                continue
            scores = [m.scores for m in window if m.scores and sorted(m.scores) == sorted(pair)]
            if not scores or not self._owned(read, match, pair, scores):
                return True
        return self._after_names(read, window)

    def _owned(
        self, read: Sentence, match: re.Match[str], pair: tuple[int, int], scores: list[tuple[int, int]]
    ) -> bool:
        """Whether "A 115-113 B" gives each team its own."""
        left = next(
            (t for t, _, stop in reversed(read.teams) if stop <= match.start() and match.start() - stop <= 2), None
        )
        right = next((t for t, start, _ in read.teams if 0 <= start - match.end() <= 2), None)
        owner = left if left is not None else 1 - right if right is not None else None
        return owner is None or any(one[owner] == pair[0] for one in scores)

    def _after_names(self, read: Sentence, window: Sequence[Moment]) -> bool:
        """ "Lakers 115, Celtics 113": a number after a name that was not its score."""
        for team, _, stop in read.teams:
            found = re.match(
                r",? (\d{1,3})(?![\d:.–-]|,\d| ?(?:-|–|a|to) ?\d| \w*(?:point|punto|goal|gol|sec|seg|min|s\b))",
                read.text[stop:],
            )
            if found and not any(m.scores and m.scores[team] == int(found[1]) for m in window):
                return True
        return False

    def _ties(self, read: Sentence, window: Sequence[Moment]) -> bool:
        for match in words.TIED.finditer(read.text):
            clause = clause_of(read.text, match.start())
            if words.SERIES.search(clause):
                if not any(m.series and m.series[0] == m.series[1] for m in window):
                    return True
                continue
            level = [m for m in window if m.scores and m.leader is None]
            if words.UNTIED.search(read.text[: match.start()]) or match[0].startswith("desempat"):
                if len(level) == len(window):
                    return True
                continue
            if read.wished(match.start()):
                continue
            if words.NOT.search(read.text[: match.start()]):
                if len(level) == len(window):
                    return True
                continue
            each = re.match(
                r"\W*(?:\w+\W+){0,3}?(?:at|a|en) (\d{1,3})\b(?! ?(?:s\b|sec|seg|min|:|point|punto))",
                read.text[match.end() :],
            )
            if not level or (each and not any(m.scores and m.scores[0] == int(each[1]) for m in level)):
                return True
        return False

    def _leads(self, read: Sentence, window: Sequence[Moment]) -> bool:
        claims = [(m, True) for m in words.LEADS.finditer(read.text)] + [
            (m, False) for m in words.TRAILS.finditer(read.text)
        ]
        for match, ahead in claims:
            if read.wished(match.start()) or re.match(r" (?:change|cambio)", read.text[match.end() :]):
                continue
            if words.SERIES.search(clause_of(read.text, match.start())):
                continue
            team = read.subject(match.start())
            denied = bool(words.NOT.search(read.text[: match.start()]))
            if team is None:
                wrong = not any(m.leader is not None for m in window) and not denied
            else:
                leader = team if ahead else 1 - team
                so = [m.leader == leader for m in window]
                wrong = all(so) if denied else not any(so)
            if wrong:
                return True
        return False

    def _margins(self, read: Sentence, window: Sequence[Moment]) -> bool:
        gaps = {abs(m.scores[0] - m.scores[1]) for m in window if m.scores}
        for match in words.MARGIN.finditer(read.text):
            number = next(int(group) for group in match.groups() if group)
            if number not in gaps and not (match[1] and not _about_lead(read.text, match.start())):
                return True
        return False

    def _clocks(self, read: Sentence, window: Sequence[Moment]) -> bool:
        assert self.panel
        clocks = [m.clock for m in window if m.clock is not None]
        if self.panel.runs >= 0:
            return False
        for match in words.LEFT.finditer(read.text):
            told = _seconds(match)
            slack = 30.0 if match[4] or match[8] else CLOCK
            if not any(abs(told - clock) <= slack for clock in clocks):
                return True
        buzzer = words.BUZZER.search(read.text)
        if buzzer is None or read.wished(buzzer.start()):
            return False
        most = SECONDS if re.search("second|segundo", buzzer[0]) else BUZZER
        return not any(clock <= most for clock in clocks)

    def _periods(self, read: Sentence, window: Sequence[Moment]) -> bool:
        periods = [m.period for m in window if m.period]
        if not periods:
            return bool(words.PERIOD.search(read.text) or words.OVERTIME.search(read.text))
        if (over := words.OVERTIME.search(read.text)) and not read.wished(over.start()):
            return not any(p.unit == "overtime" for p in periods)
        for match in words.PERIOD.finditer(read.text):
            number = int(match[1]) if match[1] else words.ORDINALS[match[2]]
            last = (match[2] or "") in ("ultimo", "final", "last")
            half = match[3] in words.HALVES
            fits = [_fits_period(p.number, p.unit, number, half=half, last=last) for p in periods]
            if not any(fits):
                return True
        return False

    def _gains(self, read: Sentence, window: Sequence[Moment]) -> bool:
        """Who scored, and how many."""
        gains = list(self._gained(window))
        for match in words.SCORES.finditer(read.text):
            if read.wished(match.start()) or words.NOT.search(read.text[: match.start()]):
                continue
            team = read.after(match.end()) if words.BACKWARD.search(match[0]) else read.subject(match.start())
            if not gains or (team is not None and not any(gain[team] for gain in gains)):
                return True
        for match in words.POINTS.finditer(read.text):
            number = int(match[1]) if match[1] else 3
            gaps = {abs(m.scores[0] - m.scores[1]) for m in window if m.scores}
            whole = gaps | {n for m in window for n in m.scores or ()} if match[1] else set()
            own = {n for gain in gains for n in gain} | whole
            if number not in own and not read.wished(match.start()):
                return True
        return False

    def _won(self, read: Sentence, window: Sequence[Moment]) -> bool:
        """Who is said to have won: only at the end, and who then leads."""
        assert self.panel
        for match in words.WINS.finditer(read.text):
            if read.wished(match.start()) or words.NOT.search(read.text[: match.start()]):
                continue
            over = self.panel.ended is not None and window[-1].second >= self.panel.ended - AROUND
            up = self.panel.runs < 0 and any(m.clock is not None and m.clock < 0.1 and _last(m) for m in window)
            team = read.subject(match.start())
            if not (over or up) or (team is not None and window[-1].leader != team):
                return True
        return False

    # numbers and names

    def _numbers(self, window: Sequence[Moment]) -> set[str]:
        """The numbers that the panel has around there, as they may be written."""
        found: list[object] = [n for gain in self._gained(window) for n in gain if n]
        for m in window:
            if m.scores:
                found += [*m.scores, abs(m.scores[0] - m.scores[1])]
            if m.clock is not None:
                whole = int(m.clock)
                found += [f"{m.clock:.1f}", round(m.clock), whole, whole + 1, whole // 60, whole // 60 + 1]
                found.append(f"{whole // 60}:{whole % 60:02d}")
            found += [*([m.period.number] if m.period else []), *(m.series or ()), *(m.points or ()), *(m.won or ())]
            found += [games for ended in m.sets for games in ended]
        return {number for one in found for number in numbers(str(one))}

    def _changes(self, window: Sequence[Moment]) -> Iterator[tuple[Moment, Moment]]:
        """Each moment of the window with the one before it."""
        assert self.panel
        first = self.panel.moments.index(window[0])
        yield from pairwise([*self.panel.moments[max(0, first - 1) : first], *window])

    def _gained(self, window: Sequence[Moment]) -> Iterator[tuple[int, int]]:
        """What each team gained, at each change within the window and into it."""
        for before, now in self._changes(window):
            if before.scores and now.scores and before.scores != now.scores:
                yield now.scores[0] - before.scores[0], now.scores[1] - before.scores[1]


_SAID = {
    "es": {"panel": "el panel dice {}", "unknown": "{} no está ni en el panel ni en lo dicho",
           "nothing": "no se apoya en nada"},
    "en": {"panel": "the panel says {}", "unknown": "{} is neither on the panel nor in what was said",
           "nothing": "it rests on nothing"},
}  # fmt: skip


def unfounded(language: str) -> str:
    """What is told of a sentence without evidence."""
    return _SAID[language]["nothing"]


def _about_lead(text: str, place: int) -> bool:
    """Whether "by 5" is said of a lead."""
    clause = clause_of(text, place)
    return bool(words.LEADS.search(clause) or words.TRAILS.search(clause) or words.WINS.search(clause))


def _seconds(match: re.Match[str]) -> float:
    """What a clock was said to show."""
    for minutes, seconds in ((1, 2), (5, 6)):
        if match[minutes]:
            return int(match[minutes]) * 60.0 + int(match[seconds])
    plain = match[3] or match[7]
    return float(plain.replace(",", ".")) if plain else int(match[4] or match[8]) * 60.0


def _fits_period(now: int, unit: str, told: int, *, half: bool, last: bool) -> bool:
    if unit == "overtime":
        return False
    if unit == "half":
        return half and (now == told or (last and now == 2))
    if half:
        return unit == "quarter" and (now + 1) // 2 == told
    return now == (3 if last and unit == "period" else told)


def _last(moment: Moment) -> bool:
    """Whether a match can end here: no period known, or the last one of its kind."""
    ends = {"quarter": 4, "half": 2, "period": 3, "overtime": 1}
    return moment.period is None or moment.period.number >= ends[moment.period.unit]
