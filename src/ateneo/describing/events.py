"""What happened on a panel, told in Spanish or English: who scores, ties, changes of the lead, periods, the end."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ateneo.describing.panel import Moment, Panel, Period

Happened = Literal["opening", "score", "tie", "lead", "corrected", "period", "time up", "series", "closing", "final"]
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
        "at": "minuto {clock}", "seconds": "{} s", "overtime": "prórroga", "quarter": "{}.º cuarto",
        "half": "{}.ª parte", "period name": "{}.º periodo", "first": "primer equipo", "second": "segundo equipo",
    },
    "en": {
        "tie": "Tied at {each}", "lead": "{leader} take the lead: {score}", "score": "{score}",
        "corrected": "The score is corrected: {score}", "period": "{period} begins. {score}",
        "time up": "Time is up: {score}", "series": "Series {series}", "opening": "{score}",
        "closing": "At the end of the stretch: {score}", "final": "Final score: {score}", "left": "{clock} left",
        "at": "at {clock}", "seconds": "{} s", "overtime": "overtime", "quarter": "{} quarter", "half": "{} half",
        "period name": "{} period", "first": "first team", "second": "second team",
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
    line = said[event.kind].format(**values)
    if event.kind == "series":
        return line
    parts = [line + _gain(event, panel, language)]
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


def score_line(panel: Panel, moment: Moment, language: str) -> str:
    """ "LAKERS 115–113 CELTICS"."""
    if moment.scores is None:
        return ""
    one, other = (team(panel, n, language) for n in (0, 1))
    return f"{one} {moment.scores[0]}–{moment.scores[1]} {other}"


def team(panel: Panel, number: int, language: str) -> str:
    """A team's name, as it stands on the panel."""
    said = _SAID[language if language in _SAID else "en"]
    return panel.teams[number] or said["first" if number == 0 else "second"]


def period_name(period: Period, language: str) -> str:
    """ "4th quarter", "2.ª parte"."""
    said = _SAID[language if language in _SAID else "en"]
    if period.unit == "overtime":
        return said["overtime"]
    number = str(period.number) if language == "es" else ordinal(period.number)
    return said["period name" if period.unit == "period" else period.unit].format(number)


def ordinal(number: int) -> str:
    """ "1st", "2nd", "11th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def clock_text(clock: float, language: str) -> str:
    """Under a minute "13.4 s", else "2:31"."""
    if clock < 60:
        return f"{clock:.1f} s".replace(".", "," if language == "es" else ".").replace(",0 ", " ").replace(".0 ", " ")
    return f"{int(clock) // 60}:{int(clock) % 60:02d}"
