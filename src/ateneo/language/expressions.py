"""Calculations as people write them → tokens → trees: Spanish and English prose, symbols, LaTeX.

Nothing is evaluated here. A text is first made plain, letter for letter, so that places stay what they are: marks of
LaTeX that say nothing become spaces. What has the shape of a date, a time or a version is one token that no
calculation has.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ateneo.language.quantities import unit_at

LETTER = "A-Za-zÀ-ÖØ-öø-ÿ"
LONGEST_LIST = 40  # numbers of a sum in words
DEEPEST = 40  # brackets within brackets
LABELS = 2  # words that may follow a number and say of what it is

Tree: TypeAlias = tuple[Any, ...]  # ("num", n) of token n, ("neg", tree), ("+", tree, tree), ("sqrt", tree) ...


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a text. `kind`: num, unit, pct, scale, op, open, close, root, frac, call, sup, post, of, all, part,
    rel, word, stop; `value` says which."""

    kind: str
    value: str
    start: int
    end: int


_SYMBOLS = {
    r"\times": "×", r"\cdot": "·", r"\div": "÷", r"\approx": "≈", r"\simeq": "≈", r"\%": "%", r"^\circ": "°",
    r"^{\circ}": "°",
    r"\pi": "π", r"\left": "", r"\right": "", r"\,": "", r"\;": "", r"\:": "", r"\!": "", r"\quad": "", r"\qquad": "",
    r"\ ": "",
    r"\(": "", r"\)": "", r"\[": "\n", r"\]": "\n", r"\dfrac": r"\frac", r"\tfrac": r"\frac", r"\displaystyle": "",
    "$": "",
    "&": "", r"\\": "\n", r"\Rightarrow": ";", r"\implies": ";", r"\to": ";", "⇒": ";", r"\lg": r"\log",
    r"\sen": "sen",
    "’’": "''", "″": '"', "”": '"', "′": "'", "’": "'", "−": "-", "–": "-", "—": "-", "\u00a0": " ", "\u2009": " ",
    "\u202f": " ",
    "~": " ", "`": " ", "€": " ", "£": " ",
}  # fmt: skip
_PLAIN = re.compile("|".join(re.escape(mark) for mark in sorted(_SYMBOLS, key=len, reverse=True)))
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mathit|operatorname|boxed|underline|si|unit)\s*\{")
_BOLD = re.compile(r"(?<![\w)\]\s])\*\*|\*\*(?![\d(\s])|(?<![\w)])\*\*|(?<=\S)\*\*(?=[\s,.;:|]|$)|__")
_CELL = re.compile(r"\|\s?(?=\d[\d.,]*\s?(?:m²|m2|m\^|ft²|sq))")

_OPAQUE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/-]\d{1,2}[/-]\d{2,4}|\d{1,2}\.\d{1,2}\.\d{2,4}(?!\d)|\d{1,2}:\d{2}(?::\d{2})?(?!\d)"
    rf"|[{LETTER}_#@][\w]*[-.]?\d[\w.]*|https?://\S+|\S+@\S+|(?:\d+\.){{2,}}\d*[{LETTER}]\w*"
)
_NUMBER = re.compile(
    r"\d{1,3}(?:[ ']\d{3})+(?![\d])(?:[.,]\d+)?|\d+(?:(?:[.,]|\{,\})\d+)*(?:[eE][+-]?\d{1,3}(?!\w))?[½¼¾⅓⅔⅛]?|[½¼¾⅓⅔⅛]"
)
_PERCENT = re.compile(r"\s{0,6}(?:%|(?i:por ciento|percent|per cent)(?!\w))")
_SCALE = re.compile(
    r"\s(?i:(?P<name>mil millones|thousand million|millones|millón|millon|million|millions|billones|billón|billion"
    r"|billions|mil|thousand|trillion|trillions))(?!\w)"
)
_EQUALS = (
    "(?:es|son|is|are) (?:exactamente |exactly )?(?:igual(?:es)? a|equal to)|equals?|igual a"
    "|(?:(?:y )?nos |lo que |que )?dan?(?: como resultado)?|hacen|equivalen? a|suman|resultan?(?: en)?|asciende a"
    "|quedan?(?: en)?|(?:se )?obtienen?|obtenemos|tenemos"
    "|makes?|(?:which )?gives?|comes? to|yields?|add up to|totals?|amounts? to|results? in|we (?:get|obtain|have)"
    "|you get"
    r"|(?:,\s?)?(?:es decir|o sea|esto es|que son|that is|i\.e\.|namely|which is),?"
)
_IS = "es|son|fue|fueron|representan?|supone|suponen|sería|serían|is|are|was|were|represents?|would be"
_RELATION = re.compile(rf"(?P<symbol>≈|≃|≅|≡|~=|=)|(?i:(?P<words>{_EQUALS})|(?P<weak>{_IS}))(?!\w)")
_ABOUT = (
    r"aproximadamente|approximately|approx\.|about|around|roughly|unos|unas|cerca de|alrededor de|casi|nearly|almost|≈"
)
_FILLER = re.compile(
    rf"\s*(?i:(?:(?P<near>{_ABOUT})|un total de|a total of|exactamente|exactly|exact|de|el|la|un|una|a|an|the|to|:)"
    r"(?=\W|\d)\s*)"
)
_OPERATOR = re.compile(
    r"(?P<times>[×·⋅∙✕✖]|\*(?!\*)|[xX](?=\s?[\d(√\\½¼¾]))|(?P<over>[÷/])|(?P<power>\^|\*\*)|(?P<plus>\+)|(?P<minus>-)"
    r"|(?i:(?P<wtimes>multiplicad[oa]s? por|multiplied by|times|por|veces)"
    r"|(?P<wover>dividid[oa]s? (?:por|entre)|divided by|entre)|(?P<wby>by)(?=\s\d)|(?P<wplus>más|mas|plus)"
    r"|(?P<wminus>menos|minus)"
    r"|(?P<wpower>elevad[oa] a(?: la)?(?: potencia de)?|(?:raised )?to the power(?: of)?))(?!\w)"
)
_ROOT = re.compile(
    r"\\sqrt|√|(?P<three>∛)|(?i:sqrt|(?:la |the )?(?:raíz cuadrada|raiz cuadrada|square root|raíz|raiz) (?:de|of)"
    r"|(?P<cube>cbrt|(?:la |the )?(?:raíz cúbica|raiz cubica|cube root|cubic root) (?:de|of)))(?!\w)"
)
_CALL = re.compile(r"\\?(?P<name>log_\{?(?:10|2)\}?|log|ln|sin|sen|cos|tan|tg|exp|abs)(?=\s*[({\d])")
_POST = re.compile(r"(?i:(?P<two>al cuadrado|squared)|(?P<three>al cubo|cubed))(?!\w)")
_ALL = re.compile(
    r"(?i:(?:la |el |the )?(?:(?P<sum>suma|sum|total)|(?P<mean>media|average|mean|promedio)"
    r"|(?P<product>producto|product)|(?P<difference>diferencia|difference)"
    r"|(?P<quotient>cociente|quotient)) (?:of|de|entre|between)"
    r"|(?P<add>(?:si )?(?:sumando|sumar|sumamos)|adding|if (?:we|you) add)"
    r"|(?P<multiply>(?:si )?(?:multiplicando|multiplicar|multiplicamos)|multiplying|if (?:we|you) multiply)"
    r"|(?P<divide>(?:si )?(?:dividiendo|dividir|dividimos)|dividing|if (?:we|you) divide)"
    r"|(?P<subtract>(?:si )?(?:restando|restar|restamos)|subtracting|if (?:we|you) subtract))(?=\s+[\d\\$])"
)
_JOINED = frozenset(("y", "e", "and", ",", "con", "with", "from", "to", "a", "de", "del"))
_PART = re.compile(
    r"(?i:(?P<half>la mitad de|half of|half)|(?P<twice>el doble de|twice|double)"
    r"|(?P<thrice>el triple de|triple|three times)|(?P<third>un tercio de|(?:a|one) third of)"
    r"|(?P<quarter>un cuarto de|(?:a|one) quarter of|la cuarta parte de))(?=\s+\d)"
)
_OF = re.compile(r"(?i:out of|of|del?(?: (?:cada|un total de))?|sobre)(?!\w)")
_WORD = re.compile(rf"[{LETTER}]+|\\[A-Za-z]+|\S")


def plain(text: str) -> str:
    """The text letter for letter, marks of LaTeX and of typography put plainly; of the same length."""
    made = list(text)
    for found in _WRAPPED.finditer(text):
        depth, place = 1, found.end()
        while place < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            place += 1
        if depth == 0:
            made[found.start() : found.end()] = " " * (found.end() - found.start())
            made[place - 1] = " "
    wrapped = _BOLD.sub(lambda found: " " * len(found[0]), "".join(made))
    return _PLAIN.sub(lambda found: _SYMBOLS[found[0]].ljust(len(found[0])), wrapped)


def tokens(text: str) -> list[Token]:
    """The tokens of a plain text."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place] != "\n" and text[place].isspace():
            place += 1
            continue
        made = _next(text, place, found[-1] if found else None)
        found += made
        place = made[-1].end
    return found


def _next(text: str, place: int, before: Token | None) -> list[Token]:
    """The token that begins here; of a number also the unit, the percent sign, the scale."""
    letter = text[place]
    if letter == "\n":
        return [Token("stop", "\n", place, place + 1)]
    after_number = before is not None and before.kind == "num" and before.end == place
    if not after_number and (opaque := _OPAQUE.match(text, place)):
        return [Token("word", opaque[0], place, opaque.end())]
    if letter in "0123456789½¼¾⅓⅔⅛":
        return _numbered(text, place)
    if letter in "([{":
        return [Token("open", letter, place, place + 1)]
    if letter in ")]}":
        return [Token("close", letter, place, place + 1), *_measured(text, place + 1)]
    if letter in "²³" or (letter == "⁻" and text[place + 1 : place + 2] in "¹²³"):
        return [Token("sup", {"²": "2", "³": "3"}.get(letter, "-1"), place, place + (2 if letter == "⁻" else 1))]
    if letter == "π":
        return [Token("num", "π", place, place + 1)]
    return [_worded(text, place, before)]


def _numbered(text: str, place: int) -> list[Token]:
    number = _NUMBER.match(text, place)
    assert number is not None
    end = number.end()
    made = [Token("num", number[0], place, end)]
    if scale := _SCALE.match(text, end):
        made.append(Token("scale", scale["name"].lower(), scale.start("name"), scale.end()))
        end = scale.end()
    return [*made, *_measured(text, end)]


def _measured(text: str, end: int) -> list[Token]:
    """The percent sign or the unit after a number or a bracket; 12' 6" is feet and inches."""
    if percent := _PERCENT.match(text, end):
        return [Token("pct", "%", end, percent.end())]
    if feet := re.compile(rf"\s?'(?![{LETTER}'])").match(text, end):
        return [Token("unit", "foot", feet.end() - 1, feet.end()), *_inches(text, feet.end())]
    if inch := re.compile(r"\s?(?:\"|'')(?=\s*[×x*+-])").match(text, end):
        return [Token("unit", "inch", inch.end() - 1, inch.end())]
    start = end
    while start < len(text) and start - end < 12 and text[start] in " \t":
        start += 1
    if start < len(text) and (unit := unit_at(text, start)):
        return [Token("unit", unit[1], start, unit[0])]
    return []


def _inches(text: str, place: int) -> list[Token]:
    inches = re.compile(r"\s?-?\s?(\d{1,2}(?:[.,]\d+)?[½¼¾]?)\s?(?:\"|''|in\b|(?=\s*[x×*=]))").match(text, place)
    if not inches:
        return []
    return [Token("num", inches[1], inches.start(1), inches.end(1)), Token("unit", "inch", inches.end(1), inches.end())]


def _worded(text: str, place: int, before: Token | None) -> Token:
    """A root, an operator, a relation, a word, a mark."""
    glued = place > 0 and text[place - 1].isalpha() and text[place].isalpha()
    if text.startswith(r"\frac", place):
        return Token("frac", "frac", place, place + 5)
    if cell := _CELL.match(text, place):
        return Token("rel", "strong", place, cell.end())
    if text[place] == "," and (found := _RELATION.match(text, place)):
        return _filled(text, Token("rel", "strong", place, found.end()))
    after_value = before is not None and before.kind in ("num", "unit", "pct", "scale", "close", "sup", "post", "word")
    for kind, pattern in (("all", _ALL), ("part", _PART), ("root", _ROOT), ("call", _CALL), ("post", _POST)):
        if not glued and (found := pattern.match(text, place)):
            if kind == "call":
                return Token(kind, found["name"].strip("\\"), place, found.end())
            return Token(kind, found.lastgroup or "", place, found.end())
    if after_value and not glued and (found := _OPERATOR.match(text, place)):
        value = {"times": "×", "by": "×", "over": "/", "power": "^", "plus": "+", "minus": "-"}[
            (found.lastgroup or "").lstrip("w")
        ]
        return Token("op", value, place, found.end())
    if text[place] in "+-":
        return Token("op", text[place], place, place + 1)
    if not glued and (found := _RELATION.match(text, place)):
        strength = "weak" if found["weak"] else "near" if found["symbol"] in ("≈", "≃", "≅", "~=") else "strong"
        return _filled(text, Token("rel", strength, place, found.end()))
    if not glued and after_value and (found := _OF.match(text, place)):
        return Token("of", found[0].lower(), place, found.end())
    word = _WORD.match(text, place)
    assert word is not None
    return Token("word" if word[0][0].isalpha() or word[0][0] == "\\" else "stop", word[0], place, word.end())


def _filled(text: str, relation: Token) -> Token:
    """The relation with the words that say nothing before the number: "es de unos"."""
    strength, end = relation.value, relation.end
    while found := _FILLER.match(text, end):
        strength = "near" if found["near"] else strength
        end = found.end()
    return Token("rel", strength, relation.start, end)


class Unparsed(Exception):
    """There is no calculation at this place."""


class Parser:
    """Tokens → trees."""

    def __init__(self, found: Sequence[Token], *, wide: bool = False) -> None:
        """`wide`: a root without brackets is of the whole product after it: √2·9,81·40."""
        self.tokens, self.wide = found, wide
        self.depth = 0

    def kind(self, at: int) -> str:
        """Of the token, "" beyond the end."""
        return self.tokens[at].kind if at < len(self.tokens) else ""

    def value(self, at: int) -> str:
        """Of the token, "" beyond the end."""
        return self.tokens[at].value if at < len(self.tokens) else ""

    def sums(self, at: int) -> list[tuple[Tree, int]]:
        """All calculations that begin at a token and end before a plus, a minus or where it is over, the shortest
        first, each with the token after it. Raises Unparsed where there is none."""
        tree, at = self._term(at)
        found = [(tree, at)]
        while self.kind(at) == "op" and self.value(at) in "+-":
            try:
                other, after = self._term(at + 1)
            except Unparsed:
                break
            tree = (self.value(at), tree, other)
            at = after
            found.append((tree, at))
        return found

    def _term(self, at: int) -> tuple[Tree, int]:
        tree, at = self._factor(at)
        while True:
            kind, value = self.kind(at), self.value(at)
            try:
                if kind == "op" and value in "×/":
                    other, after = self._factor(at + 1)
                    tree, at = (value, tree, other), after
                elif kind == "of":
                    other, after = self._factor(at + 1)
                    tree, at = ("of" if tree[0] == "%" else "share", tree, other), after
                elif kind in ("open", "root", "frac") and self._touches(at):
                    other, after = self._factor(at)
                    tree, at = ("×", tree, other), after
                elif kind == "num" and value == "π":
                    tree, at = ("×", tree, ("num", at)), at + 1
                else:
                    return tree, at
            except Unparsed:
                return tree, at

    def _touches(self, at: int) -> bool:
        """Whether a bracket or a root multiplies what stands before it."""
        return self.kind(at) != "open" or self.tokens[at - 1].end == self.tokens[at].start or self.value(at) == "("

    def _factor(self, at: int) -> tuple[Tree, int]:
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                raise Unparsed
            return self._signed(at)
        finally:
            self.depth -= 1

    def _signed(self, at: int) -> tuple[Tree, int]:
        if self.kind(at) == "op" and self.value(at) == "-":
            tree, at = self._factor(at + 1)
            return ("neg", tree), at
        tree, at = self._primary(at)
        while True:
            kind = self.kind(at)
            if kind == "sup":
                tree, at = ("^", tree, ("const", self.value(at))), at + 1
            elif kind == "post":
                tree, at = ("^", tree, ("const", "2" if self.value(at) == "two" else "3")), at + 1
            elif kind == "op" and self.value(at) == "^":
                other, at = self._factor(at + 1)
                tree = ("^", tree, other)
            elif kind == "unit":
                tree, at = ("unit", tree, self.value(at)), at + 1
            else:
                return tree, at

    def _primary(self, at: int) -> tuple[Tree, int]:
        kind = self.kind(at)
        if kind == "num":
            return self._number(at)
        if kind == "open":
            return self._bracket(at)
        if kind == "root":
            return self._root(at)
        if kind == "frac":
            top, at = self._bracket(at + 1)
            bottom, at = self._bracket(at)
            return ("/", top, bottom), at
        if kind == "call":
            name = self.value(at)
            tree, at = self._bracket(at + 1) if self.kind(at + 1) == "open" else self._number(at + 1)
            return ("call", name, tree), at
        if kind == "part":
            tree, after = self._factor(at + 1)
            return ("part", self.value(at), tree), after
        if kind == "all":
            return self._list(at)
        raise Unparsed

    def _number(self, at: int) -> tuple[Tree, int]:
        """A number with its scale, percent sign or unit, the rest of a measure in smaller units, and what it is of."""
        if self.kind(at) != "num":
            raise Unparsed
        tree: Tree = ("num", at)
        at += 1
        if self.kind(at) == "scale":
            tree, at = ("scale", tree, self.value(at)), at + 1
        if self.kind(at) == "pct":
            tree, at = ("%", tree), at + 1
        if self.kind(at) == "unit":
            tree, at = ("unit", tree, self.value(at)), at + 1
            while self.kind(at) == "num" and self.kind(at + 1) == "unit":
                tree, at = ("and", tree, ("unit", ("num", at), self.value(at + 1))), at + 2
            if self.kind(at) == "pct":
                raise Unparsed
        return tree, self._labelled(at)

    def _labelled(self, at: int) -> int:
        """Past the words that say of what a number is, where a calculation goes on after them."""
        for words in range(1, LABELS + 1):
            if not all(self.kind(at + n) == "word" and len(self.value(at + n)) > 2 for n in range(words)):
                break
            after = at + words
            if self.kind(after) == "rel" or (
                self.kind(after) == "op" and self.kind(after + 1) in ("num", "open", "root")
            ):
                return after
        return at

    def _bracket(self, at: int) -> tuple[Tree, int]:
        if self.kind(at) != "open":
            raise Unparsed
        tree, after = self.sums(at + 1)[-1]
        if self.kind(after) != "close":
            raise Unparsed
        return tree, after + 1

    def _root(self, at: int) -> tuple[Tree, int]:
        degree: Tree = ("const", "3" if self.value(at) in ("three", "cube") else "2")
        at += 1
        if self.kind(at) == "open" and self.value(at) == "[":
            degree, at = self._bracket(at)
        if self.kind(at) == "open":
            tree, at = self._bracket(at)
        else:
            tree, at = self._term(at) if self.wide else self._primary(at)
        return ("root", tree, degree), at

    def _list(self, at: int) -> tuple[Tree, int]:
        """The sum, mean, product ... of numbers in a row: 3, 4 y 5."""
        name, at = self.value(at), at + 1
        trees: list[Tree] = []
        while len(trees) < LONGEST_LIST:
            tree, at = self._number(at)
            trees.append(tree)
            joined = at
            while self.value(joined).lower() in _JOINED or (self.kind(joined) == "op" and self.value(joined) in "×/"):
                joined += 1
            if joined == at or self.kind(joined) != "num":
                break
            at = joined
        if len(trees) < 2:
            raise Unparsed
        return ("all", name, *trees), at
