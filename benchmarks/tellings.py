"""A model that exaggerates, against the panel: does anything that is not so reach a reader unmarked?

    python benchmarks/tellings.py [--seeds 10] [--other] [--show 20]

The panels are those of the made matches of scoreboards.py, as they truly were. A stand-in tells them in Spanish and
English; half of its sentences are so, in other words, and half are not: another score, leader, margin, clock, period or
scorer, a tie or a win that is none, a player or a number that nobody mentioned. Every sentence takes the way of a real
model's: asked by Ateneo's prompt, read as a stream, checked by code.
"""

import argparse
from collections import Counter

from ateneo_test_engines.exaggerating import Exaggerating
from scoreboards import DESIGNS, RATE, Design, State, timeline

from ateneo.describing.account import panel_pieces
from ateneo.describing.claims import Checker
from ateneo.describing.match import Moment, Panel, Period
from ateneo.describing.telling import Style, tell
from ateneo.describing.tokens import Unit
from ateneo.language.calls import Calls

EVERY = 0.5  # s


def panel_of(design: Design, states: list[State], teams: tuple[str, str]) -> Panel:
    """The panel as it truly was, looked at as the reader looks."""
    units: dict[str, Unit] = {
        "nba": "quarter",
        "acb": "quarter",
        "hockey": "period",
        "lbf": "quarter",
        "finals": "quarter",
    }
    unit = units.get(design.name, "half")
    moments = []
    for n in range(0, len(states), round(EVERY * RATE)):
        state = states[n]
        if state.shown:
            series = tuple(map(int, state.series.split()[-1].split("-"))) if state.series else None
            moments.append(Moment(n / RATE, state.scores, state.clock, Period(state.period, unit), series))  # type: ignore[arg-type]
    return Panel(teams, tuple(moments), -1 if design.down else 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="tellings of each design and language")
    parser.add_argument("--other", action="store_true", help="the wordings that were written after the checker")
    parser.add_argument("--show", type=int, default=20, help="errors to print")
    given = parser.parse_args()
    counts: Counter[tuple[str, str, bool]] = Counter()
    errors: list[str] = []
    for design in DESIGNS.values():
        for seed in range(given.seeds):
            teams = design.teams[seed % len(design.teams)]
            panel = panel_of(design, timeline(design, seed), teams)
            for language in ("es", "en"):
                engine = Exaggerating(seed=seed, other=given.other)
                told = tell(panel_pieces(panel, language), {}, calls=Calls(engine),
                            style=Style("", language), checker=Checker(panel, language))  # fmt: skip
                for sentence, (said, kind) in zip(list(told), engine.told, strict=True):
                    assert sentence.text == said
                    counts[language, kind, bool(sentence.against)] += 1
                    if bool(sentence.against) != bool(kind):
                        stood = panel.at(sentence.start)
                        errors.append(f"{kind or 'is so'}: {said} [{sentence.against}] {teams} {stood}")
    print("| sentences | es | en | marked |\n|---|---|---|---|")
    for kind in sorted({kind for _, kind, _ in counts}):
        of = {language: counts[language, kind, True] + counts[language, kind, False] for language in ("es", "en")}
        marked = sum(counts[language, kind, True] for language in of)
        print(f"| {kind or 'that are so'} | {of['es']} | {of['en']} | {marked / sum(of.values()):.1%} |")
    wrong = sum(n for (_, kind, _), n in counts.items() if kind)
    caught = sum(n for (_, kind, marked), n in counts.items() if kind and marked)
    print(f"| not so, all | | | {caught} of {wrong}: {caught / wrong:.2%} |")
    print(*errors[: given.show], sep="\n")


if __name__ == "__main__":
    main()
