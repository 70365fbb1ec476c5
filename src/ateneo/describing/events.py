"""What happened on a panel, told in Spanish or English: who scores, ties, changes of the lead, periods, the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ateneo.describing.match import Moment, Panel, Period

Happened = Literal[
    "opening",
    "score",
    "tie",
    "lead",
    "corrected",
    "period",
    "time up",
    "series",
    "point",
    "game",
    "set",
    "closing",
    "final",
]
LANGUAGES = ("es", "en")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a moment, with the moment before it."""

    kind: Happened
    moment: Moment
    before: Moment | None = None

    @property
    def second(self) -> float:
        return self.moment.second


def events(panel: Panel) -> list[Event]:
    """All that happened, in order: how it stood at first, each change, how it stood at last."""
    moments = panel.moments
    if not moments:
        return []
    found = [Event("opening", moments[0])]
    if moments[0].series:
        found.append(Event("series", moments[0]))
    leader, up = moments[0].leader, False
    for before, now in pairwise(moments):
        if now.won is not None:
            if kind := _in_sets(panel, before, now, leader):
                found.append(Event(kind, now, before))
            leader = now.leader if now.leader is not None or now.period != before.period else leader
            continue
        if now.period and before.period and now.period != before.period:
            found.append(Event("period", now, before))
        over = panel.runs < 0 and now.clock is not None and now.clock < 0.05
        if over and not up:
            found.append(Event("time up", now, before))
        up = over or (up and now.clock is None)
        if now.scores != before.scores:
            found.append(Event(_what(before, now, leader), now, before))
            leader = now.leader if now.leader is not None else leader
        if now.series and before.series and now.series != before.series:
            found.append(Event("series", now, before))
    return [*found, Event("final" if panel.ended is not None else "closing", moments[-1])]


def _in_sets(panel: Panel, before: Moment, now: Moment, leader: int | None) -> Happened | None:
    """A set, a game, a point; None where nothing happened, or a set or a game has only begun."""
    if now.won != before.won:
        return "set"
    if now.scores != before.scores:
        if now.period != before.period and now.scores == (0, 0):
            return None
        return "game" if panel.games else "score" if now.period != before.period else _what(before, now, leader)
    begun = now.points is None or now.points == ("0", "0")
    return None if begun or now.points == before.points else "point"


def _what(before: Moment, now: Moment, leader: int | None) -> Happened:
    """A tie, a change of the lead (against who led last), or one score more."""
    if before.scores is None or now.scores is None:
        return "score"
    if any(a < b for a, b in zip(now.scores, before.scores, strict=True)):
        return "corrected"
    if now.leader is None:
        return "tie"
    return "lead" if now.leader != leader else "score"


_SAID = {
    "es": {
        "tie": "Empate a {each}", "lead": "{leader} se pone por delante: {score}", "score": "{score}",
        "corrected": "El marcador se corrige: {score}", "period": "Empieza: {period}. {score}",
        "time up": "Se acaba el tiempo: {score}", "series": "La serie va {series}", "opening": "{score}",
        "closing": "Al final del tramo: {score}", "final": "Resultado final: {score}", "left": "quedan {clock}",
        "at": "minuto {clock}", "seconds": "{} s", "overtime": "prórroga", "quarter": "{} cuarto",
        "half": "{}.ª parte", "period name": "{} periodo", "set name": "{} set", "first": "primer equipo",
        "second": "segundo equipo", "point": "{points}: {score}", "game": "Juego para {gainer}: {score}",
        "set": "{ended} para {gainer}{final}", "to": "Punto para {gainer}, {points}", "deuce": "Iguales",
        "advantage": "Ventaja para {}", "points": "puntos {}", "sets": "sets {}", "serves": "saca {}",
    },
    "en": {
        "tie": "Tied at {each}", "lead": "{leader} take the lead: {score}", "score": "{score}",
        "corrected": "The score is corrected: {score}", "period": "{period} begins. {score}",
        "time up": "Time is up: {score}", "series": "Series {series}", "opening": "{score}",
        "closing": "At the end of the stretch: {score}", "final": "Final score: {score}", "left": "{clock} left",
        "at": "at {clock}", "seconds": "{} s", "overtime": "overtime", "quarter": "{} quarter", "half": "{} half",
        "period name": "{} period", "set name": "{} set", "first": "first team", "second": "second team",
        "point": "{points}: {score}", "game": "Game to {gainer}: {score}", "set": "{ended} to {gainer}{final}",
        "to": "Point to {gainer}, {points}", "deuce": "Deuce", "advantage": "Advantage {}", "points": "points {}",
        "sets": "sets {}", "serves": "{} to serve",
    },
}  # fmt: skip


def told(event: Event, panel: Panel, language: str) -> str:
    """An event as one line: "Tied at 115 (CELTICS +2), 13.4 s left, 4th quarter"."""
    said, now = _SAID[language if language in _SAID else "en"], event.moment
    period = period_name(now.period, language) if now.period else ""
    values = {"score": score_line(panel, now, language), "period": period[:1].upper() + period[1:], "each": "",
              "leader": "", "series": "–".join(map(str, now.series or ()))}  # fmt: skip
    if now.scores:
        values["each"] = str(now.scores[0])
        values["leader"] = team(panel, now.leader or 0, language)
    if now.won is not None:
        values |= _set_values(event, panel, language)
    line = said[event.kind].format(**values)
    if event.kind == "series":
        return line
    parts = [line + _gain(event, panel, language)]
    if now.won is not None:
        return ", ".join([*parts, *_set_parts(event, panel, language, period)])
    if now.clock is not None and event.kind != "time up":
        parts.append(said["left" if panel.runs < 0 else "at"].format(clock=clock_text(now.clock, language)))
    if period and event.kind != "period":
        parts.append(period)
    return ", ".join(parts)


def _gain(event: Event, panel: Panel, language: str) -> str:
    """Who scored how many: " (CELTICS +2)"."""
    if not (event.before and event.before.scores and event.moment.scores) or event.kind not in ("score", "tie", "lead"):
        return ""
    gains = [b - a for a, b in zip(event.before.scores, event.moment.scores, strict=True)]
    told_of = ", ".join(f"{team(panel, n, language)} +{gain}" for n, gain in enumerate(gains) if gain)
    return f" ({told_of})"


def _set_values(event: Event, panel: Panel, language: str) -> dict[str, str]:
    """What a line says of a point, a game or a set."""
    said, now, before = _SAID[language if language in _SAID else "en"], event.moment, event.before
    won = before is not None and before.won != now.won
    one, other = (before.won if won else before.scores, now.won if won else now.scores) if before else (None, None)
    gains = [side for side in (0, 1) if one and other and other[side] > one[side]]
    gainer = team(panel, gains[0], language) if len(gains) == 1 else "?"
    over = now.won is not None and now.period is not None and now.period.number == sum(now.won)
    final = f", {'–'.join(map(str, now.scores))}" if over and now.scores else ""
    number = Period(sum(now.won or ()), "set")
    return {
        "gainer": gainer,
        "final": final,
        "ended": period_name(number, language),
        "points": _points(event, panel, said),
    }


def _points(event: Event, panel: Panel, said: Mapping[str, str]) -> str:
    """ "Point to ALCARAZ, 40–15", "Deuce", "Advantage SINNER"; the points alone where it is open who won them."""
    now, before = event.moment.points, event.before.points if event.before else None
    if now is None:
        return ""
    names = [panel.teams[side] or said["first" if side == 0 else "second"] for side in (0, 1)]
    if now == ("40", "40"):
        return said["deuce"]
    if "AD" in now:
        return said["advantage"].format(names[now.index("AD")])
    points = "–".join(now)
    gains = [side for side in (0, 1) if before and now[side] != before[side]]
    return said["to"].format(gainer=names[gains[0]], points=points) if len(gains) == 1 else points


def _set_parts(event: Event, panel: Panel, language: str, period: str) -> list[str]:
    """What stands behind a line: points of the game, sets, which set it is, who serves."""
    said, now = _SAID[language if language in _SAID else "en"], event.moment
    parts = []
    if now.points and event.kind != "point" and now.points != ("0", "0"):
        parts.append(said["points"].format("–".join(now.points)))
    parts.append(said["sets"].format("–".join(map(str, now.won or ()))))
    if period and event.kind != "set":
        parts.append(period)
    if now.server is not None:
        parts.append(said["serves"].format(team(panel, now.server, language)))
    return parts


def score_line(panel: Panel, moment: Moment, language: str) -> str:
    """ "LAKERS 115–113 CELTICS"."""
    if moment.scores is None:
        return ""
    one, other = (team(panel, n, language) for n in (0, 1))
    return f"{one} {moment.scores[0]}–{moment.scores[1]} {other}"


def state_line(panel: Panel, moment: Moment, language: str) -> str:
    """The score, in a match in sets with the points of the game and the sets: "ALCARAZ 5–4 SINNER, 30–15, sets 1–1"."""
    if moment.won is None:
        return score_line(panel, moment, language)
    points = ["–".join(moment.points)] if moment.points else []
    return ", ".join([score_line(panel, moment, language), *points, f"sets {moment.won[0]}–{moment.won[1]}"])


def team(panel: Panel, number: int, language: str) -> str:
    """A team's name, as it stands on the panel."""
    said = _SAID[language if language in _SAID else "en"]
    return panel.teams[number] or said["first" if number == 0 else "second"]


def period_name(period: Period, language: str) -> str:
    """ "4th quarter", "2.ª parte"."""
    said = _SAID[language if language in _SAID else "en"]
    if period.unit == "overtime":
        return said["overtime"]
    number = ordinal(period.number)
    if language == "es":
        number = str(period.number) if period.unit == "half" else ordinal_es(period.number)
    return said[f"{period.unit} name" if period.unit in ("period", "set") else period.unit].format(number)


def ordinal(number: int) -> str:
    """ "1st", "2nd", "11th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def ordinal_es(number: int) -> str:
    """ "1.er", "2.º", "3.er": before a noun."""
    return f"{number}.{'er' if number in (1, 3) else 'º'}"


def clock_text(clock: float, language: str) -> str:
    """Under a minute "13.4 s", else "2:31"."""
    if clock < 60:
        return f"{clock:.1f} s".replace(".", "," if language == "es" else ".").replace(",0 ", " ").replace(".0 ", " ")
    return f"{int(clock) // 60}:{int(clock) % 60:02d}"
