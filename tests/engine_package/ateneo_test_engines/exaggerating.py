"""A language model that tells a match as an excited commentator: half of what it says is so, and half is not.

It reads the facts of the panel among its numbered pieces, and makes of each one sentences that are so, in other words,
and sentences that are not. `told` keeps every sentence with its kind, "" where it is so. Speech and slides it repeats.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ateneo.engines import Message

_PIECE = re.compile(r"^\[(\d+)\] \S+ (panel|speech|slide|picture): (.*)$", re.MULTILINE)
_SCORE = re.compile(r"([^\W\d_][\w .ª]*?) (\d+)–(\d+) ([^\W\d_][\w .ª]*?)(?: \(|,|$)")
_TIE = re.compile(r"(?:Tied at|Empate a) (\d+)")
_GAIN = re.compile(r"\((\w[\w ]*) \+(\d+)\)")
_LEFT = re.compile(r"(?:quedan )?(\d+(?:[.,]\d)?) s(?: left)?\b|(?:quedan )(\d+:\d\d)|(\d+:\d\d) left")
_PERIOD = re.compile(r"(\d)(?:st|nd|rd|th|\.[ºª]) (quarter|half|period|cuarto|parte|periodo)")

PAIRS = [("LeBron James", "Michael Jordan"), ("Pau Gasol", "Iker Casillas")]
SO = {
    "en": {
        "lead": ["{leader} lead {high}–{low}!", "{leader} are in front, {high} to {low}.", "{trailer} trail by {gap}.",
                 "It is {one} {a}, {two} {b}.", "{leader} have a {gap}-point lead, {trailer} are chasing."],
        "tie": ["All square at {a}!", "We are level, {a} apiece!", "It is tied, {a}–{b}."],
        "gain": ["{scorer} score!", "What a moment: {scorer} make it {gain} more.", "{scorer} could not miss."],
        "clock": ["{clock} left, what drama!", "With {clock} to go, nobody sits."],
        "period": ["We are in the {nth} {unit}.", "This {nth} {unit} is a thriller."],
        "none": ["The crowd is on its feet!", "Listen to that noise!", "{trailer} need an answer now."],
    },
    "es": {
        "lead": ["¡{leader} manda {high}–{low}!", "{leader} va por delante, {high} a {low}.",
                 "{trailer} pierde por {gap}.", "Van {one} {a}, {two} {b}.", "Ventaja de {gap} para {leader}."],
        "tie": ["¡Empate a {a}!", "¡Todo igualado, {a} iguales!", "Tablas en el marcador: {a}–{b}."],
        "gain": ["¡Anota {scorer}!", "Suma {gain} más {scorer}.", "{scorer} no podía fallar."],
        "clock": ["¡Quedan {clock}, qué final!", "A falta de {clock}, nadie se sienta."],
        "period": ["Estamos en {art} {nth} {unit}.", "Qué {nth} {unit}."],
        "none": ["¡La grada está en pie!", "¡Qué ruido!", "{trailer} necesita una respuesta."],
    },
}  # fmt: skip
NOT_SO = {
    "en": {
        "swapped": ["{trailer} lead {high}–{low}!", "{trailer} are ahead!", "{leader} trail by {gap}!",
                    "It is {one} {b}, {two} {a}!"],
        "score": ["{leader} lead {wrong}–{low}!", "It is {one} {wrong}, {two} {b}.", "{wrong} to {low}, unbelievable!"],
        "margin": ["{leader} are up by {wrong_gap}!", "A {wrong_gap}-point lead, it is a massacre!"],
        "tied": ["It is all tied up!", "{trailer} have levelled it!", "Tied at {high}!"],
        "broken": ["{one} lead by {wrong_gap}!", "{two} go ahead!", "{one} are in front at last!"],
        "clock": ["{wrong_clock} seconds left!", "With {wrong_clock} seconds to go, they need a miracle."],
        "period": ["We are in the {wrong_nth} {unit}!"],
        "scorer": ["{silent} score!", "A three by {silent}!", "{silent} hit a huge shot!"],
        "won": ["{leader} win the game!", "{leader} are the champions!", "It is over, {leader} have won!"],
        "name": ["{player} does it again!", "What a shot from {player}!", "And {first} scores!"],
        "number": ["His {big}th point tonight!", "{big} thousand people are singing!"],
    },
    "es": {
        "swapped": ["¡{trailer} manda {high}–{low}!", "¡{trailer} va por delante!", "¡{leader} pierde por {gap}!",
                    "¡Van {one} {b}, {two} {a}!"],
        "score": ["¡{leader} gana {wrong}–{low}!", "Van {one} {wrong}, {two} {b}.", "¡{wrong} a {low}, increíble!"],
        "margin": ["¡{leader} va {wrong_gap} arriba!", "¡Ventaja de {wrong_gap} puntos, una paliza!"],
        "tied": ["¡Está todo empatado!", "¡{trailer} ha igualado!", "¡Empate a {high}!"],
        "broken": ["¡{one} gana de {wrong_gap}!", "¡{two} se adelanta!", "¡{one} se pone por delante!"],
        "clock": ["¡Quedan {wrong_clock} segundos!", "A falta de {wrong_clock} segundos, hace falta un milagro."],
        "period": ["¡Estamos en {art} {wrong_nth} {unit}!"],
        "scorer": ["¡Anota {silent}!", "¡Triple de {silent}!", "¡Canasta de {silent}!"],
        "won": ["¡{leader} gana el partido!", "¡{leader}, campeón!", "¡Victoria de {leader}!"],
        "name": ["¡Otra vez {player}!", "¡Qué jugada de {player}!", "¡Y marca {first}!"],
        "number": ["¡Su punto número {big}!", "¡{big} mil personas cantan!"],
    },
}  # fmt: skip

OTHER_SO = {  # other words for the same, written after the checker was made
    "en": {
        "lead": ["{leader} hold the advantage, {high} points to {low}.", "{gap} between them, and {leader} on top.",
                 "The board reads {one} {a}, {two} {b}.", "{leader} stay ahead of {trailer}."],
        "tie": ["Nothing between them at {a}!", "Even at {a}, folks!", "It is {a} apiece."],
        "gain": ["{scorer} with the answer!", "And {scorer} keep going.", "{scorer} strike!"],
        "clock": ["The clock shows {clock}.", "{clock} remaining and hearts are pounding."],
        "period": ["It is the {nth} {unit}, and what a {unit} it is."],
        "none": ["Unbelievable scenes!", "You could cut the tension with a knife.", "{leader} dream of more."],
    },
    "es": {
        "lead": ["{leader} está arriba, {high}-{low}.", "{leader} gana por {gap}.",
                 "El marcador dice {one} {a}, {two} {b}.", "{leader} sigue por delante de {trailer}."],
        "tie": ["¡Nada los separa, {a} a {b}!", "¡Igualdad a {a}!", "¡{a} iguales!"],
        "gain": ["¡Responde {scorer}!", "¡Golpe de {scorer}!", "Vuelve a sumar {scorer}."],
        "clock": ["El reloj marca {clock}.", "Restan {clock} y el corazón no aguanta."],
        "period": ["Es {art} {nth} {unit}, y menudo espectáculo."],
        "none": ["¡No se lo pierdan!", "La tensión se corta con un cuchillo.", "{leader} sueña con más."],
    },
}  # fmt: skip
OTHER_NOT_SO = {
    "en": {
        "swapped": ["{trailer} hold the lead!", "{leader} have fallen behind!", "Advantage {trailer}!",
                    "{trailer} are on top of {leader}!"],
        "score": ["The board reads {one} {wrong}, {two} {b}.", "{wrong} points for {leader} already!"],
        "margin": ["A gap of {wrong_gap} now!", "{leader} are {wrong_gap} clear!"],
        "tied": ["Nothing between them now!", "{trailer} draw level!", "We have a tie game!"],
        "broken": ["{two} edge ahead!", "{one} have the advantage now!"],
        "clock": ["The clock shows {wrong_clock} seconds.", "Only {wrong_clock} seconds remain!"],
        "period": ["Deep into the {wrong_nth} {unit} now."],
        "scorer": ["{silent} with the basket!", "That one belongs to {silent}, they score again!"],
        "won": ["That is the ball game, {leader} win it!", "The trophy goes to {leader}, winners tonight!"],
        "name": ["Magic from {player}!", "Only {player} can do that."],
        "number": ["{big} fans cannot believe it!", "That makes {big} this season!"],
    },
    "es": {
        "swapped": ["¡{trailer} toma la delantera!", "¡{leader} va por detrás!", "¡Ventaja para {trailer}!",
                    "¡{trailer} está por encima de {leader}!"],
        "score": ["El marcador dice {one} {wrong}, {two} {b}.", "¡Ya son {wrong} puntos de {leader}!"],
        "margin": ["¡Una diferencia de {wrong_gap}!", "¡{leader} saca {wrong_gap} puntos!"],
        "tied": ["¡Nada los separa ahora, empate!", "¡{trailer} empata el partido!", "¡Tenemos tablas!"],
        "broken": ["¡{two} toma ventaja!", "¡{one} rompe el empate y manda!"],
        "clock": ["El reloj marca {wrong_clock} segundos.", "¡Restan solo {wrong_clock} segundos!"],
        "period": ["Ya en {art} {wrong_nth} {unit}."],
        "scorer": ["¡Encesta {silent}!", "¡Gol de {silent}!"],
        "won": ["¡Se acabó, gana {leader} el partido!", "¡El título es para {leader}, campeón!"],
        "name": ["¡Magia de {player}!", "Solo {player} hace eso."],
        "number": ["¡{big} aficionados no se lo creen!", "¡Y van {big} esta temporada!"],
    },
}  # fmt: skip


class Exaggerating:
    """The engine `exaggerating`; `share` is how much of what it says is not so, `other` takes the other words."""

    name = "exaggerating"
    sees = False

    def __init__(self, *, share: float = 0.5, seed: int = 0, other: bool = False) -> None:
        self.share = share
        self.so, self.not_so = (OTHER_SO, OTHER_NOT_SO) if other else (SO, NOT_SO)
        self.random = random.Random(seed)
        self.told: list[tuple[str, str]] = []

    def stream(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, max_tokens: int
    ) -> Iterator[str]:
        """Sentences for each piece, in pieces of 40 characters."""
        asked = messages[-1].text
        language = "es" if "Estilo:" in asked else "en"
        sentences = []
        known: dict[str, Any] = {}
        for number, kind, text in _PIECE.findall(asked):
            for said, of in self._on(kind, text, known, language):
                self.told.append((said, of))
                sentences.append({"text": said, "evidence": [int(number)]})
        written = json.dumps({"sentences": sentences}, ensure_ascii=False)
        for n in range(0, len(written), 40):
            yield written[n : n + 40]

    def _on(self, kind: str, text: str, known: dict[str, Any], language: str) -> Iterator[tuple[str, str]]:
        if kind != "panel":
            yield text, ""
            return
        if not _read(text, known, language):
            return
        known["player"] = self.random.choice(PAIRS[language == "es"])
        known["first"] = known["player"].split()[0]
        for _ in range(3):
            wrong = self.random.random() < self.share
            forms = (self.not_so if wrong else self.so)[language]
            fitting = [(of, form) for of, some in forms.items() if _fits(of, known, wrong) for form in some]
            of, form = self.random.choice(fitting)
            said = form.format(**known)
            yield said[:1].upper() + said[1:] if said[0].isalpha() else said, of if wrong else ""


def _read(text: str, known: dict[str, Any], language: str) -> bool:
    """Takes from a fact what sentences are made of; whether the score is known by now."""
    tie, score = _TIE.search(text), _SCORE.search(text.split(": ")[-1].split(". ")[-1])
    if score:
        known["one"], known["two"] = score[1], score[4]
        known["a"], known["b"] = int(score[2]), int(score[3])
    elif tie and "one" in known:
        known["a"] = known["b"] = int(tie[1])
    else:
        return False
    a, b = known["a"], known["b"]
    ahead = a >= b
    known["leader"], known["trailer"] = (known["one"], known["two"]) if ahead else (known["two"], known["one"])
    known["high"], known["low"], known["gap"] = max(a, b), min(a, b), abs(a - b)
    known["wrong"], known["wrong_gap"], known["big"] = max(a, b) + 5, abs(a - b) + 9, 733
    gain = _GAIN.search(text)
    known["scorer"], known["gain"] = (gain[1], int(gain[2])) if gain else ("", 0)
    known["silent"] = known["two"] if known["scorer"] == known["one"] else known["one"]
    left = _LEFT.search(text)
    seconds = {"es": "segundos", "en": "seconds"}[language]
    known["clock"] = "" if not left else f"{left[1]} {seconds}" if left[1] else left[2] or left[3]
    known["wrong_clock"] = (float(left[1].replace(",", ".")) + 31 if left[1] else 7) if left else 0
    if isinstance(known["wrong_clock"], float):
        known["wrong_clock"] = int(known["wrong_clock"])
    period = _PERIOD.search(text)
    known["nth"] = ""
    if period:
        number, known["unit"] = int(period[1]), period[2]
        known["art"] = "la" if period[2] == "parte" else "el"
        known["nth"], known["wrong_nth"] = (_nth(n, known["unit"], language) for n in (number, number % 2 + 1))
    return True


def _nth(number: int, unit: str, language: str) -> str:
    if language == "en":
        return ["first", "second", "third", "fourth"][number - 1]
    return f"{number}.{'ª' if unit == 'parte' else 'º'}"


def _fits(of: str, known: Mapping[str, Any], wrong: bool) -> bool:
    """Whether a kind of sentence can be said of the moment, so that it is what its name says."""
    level = known["a"] == known["b"]
    if of in ("lead", "swapped", "margin", "tied", "score"):
        return not level and bool(known["leader"])
    if of in ("tie", "broken"):
        return level
    if of in ("gain", "scorer"):
        return bool(known["scorer"])
    if of == "clock":
        return bool(known["clock"])
    if of == "period":
        return bool(known["nth"])
    return of != "won" or not level
