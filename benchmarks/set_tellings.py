"""A telling of a match in sets against the panel: is what is not so marked, and what is so let through?

    python benchmarks/set_tellings.py [--seeds 10] [--show 20]

The panels are those of the made matches of set_scoreboards.py, as they truly were. Of each fact, sentences in Spanish
and English tell what is so, and others what is not: points, games or sets of another number or of the other side, a
deuce, an advantage, a break or set point that is none, another set, who did not take the game or the set, who does not
serve, a match that is not over, a player or a number that nobody mentioned. Each is checked as a sentence of a telling
that rests on this fact.
"""

import argparse
from collections import Counter
from collections.abc import Iterator

import numpy as np
from scoreboards import RATE
from set_scoreboards import DESIGNS, Design, State, timeline

from ateneo.describing.account import panel_pieces
from ateneo.describing.claims import Checker
from ateneo.describing.events import Event, events, ordinal, ordinal_es
from ateneo.describing.match import Moment, Panel, Period

EVERY = 0.5  # s
WORDS = ("first", "second", "third", "fourth", "fifth")

Form = tuple[str, str, str]  # what it claims; in English; in Spanish


def panel_of(design: Design, states: list[State], teams: tuple[str, str]) -> Panel:
    """The panel as it truly was, looked at as the reader looks."""
    moments = [
        Moment(n / RATE, s.sets[-1], period=Period(len(s.sets), "set"), points=s.points, won=s.won,
               sets=s.sets[: sum(s.won)], server=s.server)
        for n in range(0, len(states), round(EVERY * RATE)) if (s := states[n]).shown
    ]  # fmt: skip
    return Panel(teams, tuple(moments), games=design.tennis)


def so(event: Event, panel: Panel) -> Iterator[Form]:
    """What is so at an event."""
    now, (one, two) = event.moment, panel.teams
    assert now.scores
    assert now.won
    assert now.period
    nth, a, b = now.period.number, *now.scores
    yield "set number", f"We are in the {WORDS[nth - 1]} set.", f"Estamos en el {ordinal_es(nth)} set."
    yield "set number", f"This {ordinal(nth)} set has it all!", f"¡Qué {ordinal_es(nth)} set!"
    yield "nothing", "What a rally, the crowd is on its feet!", "¡Qué punto, la grada en pie!"
    yield "sets", f"{one} {now.won[0]}-{now.won[1]} {two} in sets.", f"Sets {now.won[0]}-{now.won[1]}."
    yield "games", f"The board says {one} {a}, {two} {b}.", f"El marcador dice {one} {a}, {two} {b}."
    if a != b:
        ahead, high, low = (one, a, b) if a > b else (two, b, a)
        yield "lead", f"{ahead} are {high}-{low} up in the set.", f"{ahead} gana {high}-{low} en este set."
    if now.points == ("40", "40"):
        yield "deuce", "Deuce!", "¡Iguales!"
    elif now.points and "AD" in now.points:
        name = panel.teams[now.points.index("AD")]
        yield "advantage", f"Advantage {name}!", f"¡Ventaja para {name}!"
    elif now.points:
        yield "points", f"It is {now.points[0]}-{now.points[1]}.", f"{now.points[0]} a {now.points[1]}."
    if now.server is not None:
        yield "server", f"{panel.teams[now.server]} to serve.", f"Saca {panel.teams[now.server]}."
    if name := gainer(event, panel):
        if event.kind == "set":
            yield "taken", f"{name} take the set!", f"¡Set para {name}!"
        elif event.kind == "game":
            yield "taken", f"{name} win the game!", f"¡{name} se lleva el juego!"
            holds = event.before is not None and panel.teams[event.before.server or 0] == name
            yield "serve", *((f"{name} hold serve.", f"{name} mantiene el saque.") if holds else
                             (f"{name} break serve!", f"¡{name} rompe el saque!"))  # fmt: skip
        else:
            yield "taken", f"{name} win the point!", f"¡Punto para {name}!"


def not_so(event: Event, panel: Panel) -> Iterator[Form]:
    """What is not so at an event."""
    now, (one, two) = event.moment, panel.teams
    assert now.scores
    assert now.won
    assert now.period
    nth, a, b = now.period.number, *now.scores
    wrong = nth % 5 + 1
    yield "set number", f"We are in the {WORDS[wrong - 1]} set.", f"Estamos en el {ordinal_es(wrong)} set."
    yield "sets", f"{one} {now.won[0] + 2}-{now.won[1]} {two} in sets.", f"Sets {now.won[0]}-{now.won[1] + 2}."
    yield "games", f"The board says {one} {a + 3}, {two} {b}.", f"El marcador dice {one} {a}, {two} {b + 3}."
    yield "match", f"{one} have won the match!", f"¡{two} gana el partido!"
    yield "name", "What a shot from Rafael Navarro!", "¡Qué golpe de Martina Ferrer!"
    yield "number", "His 733rd ace of the season!", "¡Su saque directo número 733!"
    if a != b:
        behind, high, low = (two, a, b) if a > b else (one, b, a)
        yield "lead", f"{behind} are {high}-{low} up in the set.", f"{behind} gana {high}-{low} en este set."
    if now.points != ("40", "40"):
        yield "deuce", "Deuce!", "¡Iguales a cuarenta!"
    if now.points and "AD" in now.points:
        name = panel.teams[1 - now.points.index("AD")]
        yield "advantage", f"Advantage {name}!", f"¡Ventaja para {name}!"
    if now.points and now.points.count("40") + now.points.count("AD") == 0 and min(now.scores) < 6:
        yield "near", f"Break point for {one}!", f"¡Bola de set para {two}!"
        yield "points", f"It is 40-{now.points[1]}.", f"{now.points[0]} a 40."
    if now.server is not None:
        yield "server", f"{panel.teams[1 - now.server]} to serve.", f"Saca {panel.teams[1 - now.server]}."
    if name := gainer(event, panel):
        other = one if name == two else two
        if event.kind == "set":
            yield "taken", f"{other} take the set!", f"¡Set para {other}!"
        elif event.kind == "game":
            yield "taken", f"{other} win the game!", f"¡{other} se lleva el juego!"
            holds = event.before is not None and panel.teams[event.before.server or 0] == name
            yield "serve", *((f"{name} break serve!", f"¡{name} rompe el saque!") if holds else
                             (f"{name} hold serve.", f"{name} mantiene el saque."))  # fmt: skip
        else:
            yield "taken", f"{other} win the point!", f"¡Punto para {other}!"
            yield "taken", f"{name} take the set!", f"¡Set para {name}!"


def gainer(event: Event, panel: Panel) -> str:
    """Who took the point, game or set; "" where the scoreboard was hidden for more than that."""
    before, now = event.before, event.moment
    if before is None or now.second - before.second > 2 * EVERY:
        return ""
    one, other = {"set": (before.won, now.won), "point": (None, None)}.get(event.kind, (before.scores, now.scores))
    if event.kind == "point":
        order = ("0", "15", "30", "40", "AD")
        if not (before.points and now.points) or min(now.scores or (0, 0)) > 5:
            return ""
        one, other = (tuple(order.index(p) for p in m.points or ()) for m in (before, now))  # type: ignore[assignment]
    gains = [b - a for a, b in zip(one or (), other or (), strict=True)]
    return "" if len(gains) < 2 or gains[0] == gains[1] else panel.teams[int(gains[1] > gains[0])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="matches of each design")
    parser.add_argument("--show", type=int, default=20, help="errors to print")
    given = parser.parse_args()
    rng, counts, errors = np.random.default_rng(0), Counter[tuple[bool, str, bool]](), list[str]()
    for design in DESIGNS.values():
        for seed in range(given.seeds):
            panel = panel_of(design, timeline(design, seed), design.teams[seed % 2])
            for language, column in (("en", 1), ("es", 2)):
                checker = Checker(panel, language)
                for event, piece in zip(events(panel), panel_pieces(panel, language), strict=True):
                    for wrong, forms in ((False, list(so(event, panel))), (True, list(not_so(event, panel)))):
                        for n in rng.choice(len(forms), size=min(3, len(forms)), replace=False):
                            said = forms[n][column]
                            against = checker.against(said, start=piece.start, end=piece.end, evidence=[piece.text],
                                                      exact=True)  # fmt: skip
                            counts[wrong, forms[n][0], bool(against)] += 1
                            if bool(against) != wrong:
                                errors.append(f"{'not so' if wrong else 'is so'}: {said} [{against}] {piece.text}")
    print("| sentences | of | marked |\n|---|---|---|")
    for wrong, kind in sorted({(wrong, kind) for wrong, kind, _ in counts}):
        of, marked = counts[wrong, kind, True] + counts[wrong, kind, False], counts[wrong, kind, True]
        print(f"| {'not so' if wrong else 'so'}: {kind} | {of} | {marked / of:.1%} |")
    for wrong in (True, False):
        of, marked = (sum(n for (w, _, m), n in counts.items() if w == wrong and m in which) for which in ({0, 1}, {1}))
        print(f"| {'not so' if wrong else 'so'}, all | {of} | {marked}: {marked / of:.2%} |")
    print(*errors[: given.show], sep="\n")


if __name__ == "__main__":
    main()
