"""A sentence of a telling, read for its claims: who is named where, and what a verb speaks of."""

from dataclasses import dataclass

from ateneo.describing import match_words as words


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, folded with its numbers in figures, and which team is named where."""

    text: str
    teams: tuple[tuple[int, int, int], ...]  # team, from, to

    def subject(self, place: int) -> int | None:
        """The team that a verb at `place` speaks of: the last one named before it in its clause, else in the sentence,
        else the next one."""
        clause = max((m.end() for m in words.CLAUSE.finditer(self.text, 0, place)), default=0)
        before = [(start, team) for team, start, end in self.teams if end <= place]
        inside = [one for one in before if one[0] >= clause]
        if inside or before:
            return (inside or before)[-1][1]
        return next((team for team, start, _ in self.teams if start >= place), None)

    def after(self, place: int) -> int | None:
        """The first team named after `place`."""
        return next((team for team, start, _ in self.teams if start >= place), None)

    def wished(self, place: int) -> bool:
        return bool(words.WISH.search(self.text[:place]))


def clause_of(text: str, place: int) -> str:
    start = max((m.end() for m in words.CLAUSE.finditer(text, 0, place)), default=0)
    following = words.CLAUSE.search(text, place)
    return text[start : following.start() if following else len(text)]
