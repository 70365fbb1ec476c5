"""Text of recordings and pictures, so that a model reads it as material: between fences, and unable to end them.

Whoever speaks in a talk, or writes on a slide, may say anything: "ignore your instructions", a made-up piece of
evidence, the marks by which a chat is divided. Inside a fence the marks are taken apart, visibly and without loss of a
word; the fence itself carries a sign made of its content, which nobody can write into it beforehand.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

SIGN = 8  # hexadecimal digits
_ANGLES = {"<": "‹", ">": "›", "＜": "‹", "＞": "›", "«": "“", "»": "”"}
_BRACES = {"{": "(", "}": ")", "`": "'", "|": "¦"}  # of tool calls, code blocks and chat templates
_NUMBER = re.compile(r"[\[［【〔⟦]\s*(\d[\d\s,;.–-]*)[\]］】〕⟧]")  # what looks like the number of a piece of evidence
_BRACKETS = str.maketrans({"[": "(", "]": ")", "［": "(", "］": ")", "【": "(", "】": ")", "〔": "(", "〕": ")"})
_MARKS = str.maketrans(_ANGLES | _BRACES)
_ROLE = re.compile(
    r"\b(system|assistant|user|developer|tool|sistema|asistente|usuario|evidence|evidencia|human|inst)\s*[:：]",
    re.IGNORECASE,
)
_RULE = re.compile(r"([=\-_#*~])\1{2,}")  # a line that looks like a division


_ABOUT = (
    r"(?:instrucci|instruction|regla|rules?\b|prompt|directri|guideline|evidenc|prueba|asistente|assistant|"
    r"respuesta|answer)"
)
_ORDERS = re.compile(
    rf"\b(?:ignor\w*|olvid\w*|forget|disregard|override|desobede\w*)\W+(?:\w+\W+){{0,5}}{_ABOUT}"
    r"|\b(?:you are now|eres ahora|a partir de ahora eres|system prompt|no cites|do not cite)\b"
    r"|(?:^|[.:;,>\])]|\by\b|\band\b)\s*"
    r"(?:di|say|responde|contesta|answer|reply|respond|print|repite|repeat|cita|cite)\b"
    rf"(?=.*{_ABOUT}|\W+(?:only|solo|with|con)\b)"
    r"|<\|?(?:im_start|im_end|system|assistant)|\[/?INST\]|</?(?:instructions?|system|evidence)>"
    r"|\"(?:arguments|tool_calls)\"",
    re.IGNORECASE | re.DOTALL,
)


class Block(str):
    """Text that was fenced, or is Ateneo's own: it goes into a prompt as it is."""

    __slots__ = ()


def clean(text: str) -> str:
    """The text in one line, its words as they are, without anything that divides a prompt."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs") else c for c in text)
    plain = _NUMBER.sub(r"(\1)", visible).translate(_BRACKETS).translate(_MARKS)
    return " ".join(_RULE.sub(r"\1", _ROLE.sub(r"\1 –", plain)).split())


def orders(text: str) -> bool:
    """Whether a text sounds like an order to a language model, or has the marks of one. Some such text is innocent (a
    talk about these very attacks); it is still found and shown, only not given to a model that writes."""
    return bool(_ORDERS.search(text))


def fenced(text: str, name: str = "material") -> Block:
    """The text, line by line, between fences."""
    return _fence([clean(line) for line in text.splitlines()], name)


def numbered(texts: Sequence[str], *, numbers: Sequence[int] | None = None, name: str = "evidence") -> Block:
    """Pieces of evidence, one a line, each after its number in brackets: 1, 2, ... where none are given. No line has
    another such number."""
    counted = numbers or range(1, len(texts) + 1)
    return _fence([f"[{n}] {clean(text)}" for n, text in zip(counted, texts, strict=True)], name)


def _fence(lines: Sequence[str], name: str) -> Block:
    inside = "\n".join(line for line in lines if line)
    sign = hashlib.sha256(inside.encode()).hexdigest()[:SIGN]
    return Block(f"<<<{name} {sign}\n{inside}\n{sign} {name}>>>")
