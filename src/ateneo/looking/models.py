"""What a model says of a picture: general answers, care of what it shows, solutions marked step by step.

A model sees the picture with its text between fences. What it calculates is calculated again; of a marked solution it
is said what code has checked, the arithmetic, and what only the model says, whether the formulas are the right ones.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ateneo import text
from ateneo.language import arithmetic
from ateneo.language.calls import Calls
from ateneo.language.forms import form, many
from ateneo.looking.prepared import Prepared
from ateneo.records import Arithmetic, Looked, Named

_CARE = re.compile(r"\b(?:cuidad\w*|cuidar\w*|riego|regar|care|caring|look after|water(?:ing)?|abono|poda\w*)\b")
_SOLUTION = re.compile(
    r"\b(?:solucion\w*|solution|alumn[oa]|estudiante|student|correg\w*|corrig\w*|(?:is|are) (?:it|this|that|they) "
    r"(?:right|correct)"
    r"|esta bien|correct\w*|mark this|worked|mistake|error|fallo|check (?:the|this|my))\b"
)
VERDICT = {"type": "string", "enum": ["yes", "no", "unsure"]}
TEXT = {"type": "string", "maxLength": 1500}
MARKED = form({
    "problem": TEXT, "steps": many(form({"latex": TEXT, "holds": VERDICT, "why": TEXT}), maxItems=30), "right": VERDICT,
    "mistake": TEXT, "solution": many(TEXT, maxItems=30), "answer": TEXT,
})  # fmt: skip
_SAID = {
    "es": {
        "none": "ninguno", "by": "Lo dice {}, a partir de la imagen; no es del archivo.",
        "care": "Los consejos de cuidado son de {}; no son del archivo.",
        "no model": "La pregunta en sí no se ha contestado: hace falta un modelo de visión (vision_engine, "
                    "vision_model). Esto es lo que se reconoce y se lee.",
        "no care": "Para consejos de cuidado hace falta un modelo de lenguaje: ajusta language_engine y "
                   "language_model.",
        "yes": "Según {}, la solución es correcta.", "no": "Según {}, la solución no es correcta: {}",
        "unsure": "{} no está seguro de que la solución sea correcta. {}",
        "against": "La solución no es correcta: hay cuentas mal hechas. ({} la daba por buena.)",
        "own": "Resolución del modelo:", "result": "Resultado: {}",
        "checked": "Comprobado con código: la aritmética ({} de {} cuentas de la solución son correctas). Que las "
                   "fórmulas sean "
                   "las adecuadas no lo comprueba el código; lo juzga el modelo.",
        "nothing": "Comprobado con código: nada, no hay cuentas que se lean en la solución. El juicio es del modelo.",
        "alone": "Comprobado: solo la aritmética que se lee ({} de {} cuentas son correctas). No se ha comprobado "
                 "si la "
                 "solución es correcta: que una cuenta esté bien hecha no dice que la fórmula sea la adecuada. "
                 "Para eso hace "
                 "falta un modelo de visión (vision_engine, vision_model).",
        "unread": "No se leen cuentas en la imagen, y no se ha comprobado si la solución es correcta: hace falta "
                  "un modelo de "
                  "visión (vision_engine, vision_model).",
    },
    "en": {
        "none": "none", "by": "{} says so, from the picture; it is not from the archive.",
        "care": "The advice on care is {}'s; it is not from the archive.",
        "no model": "The question itself is not answered: that needs a vision model (vision_engine, vision_model). "
                    "This is what is recognised and read.",
        "no care": "Advice on care needs a language model: set language_engine and language_model.",
        "yes": "According to {}, the solution is right.", "no": "According to {}, the solution is not right: {}",
        "unsure": "{} is not sure that the solution is right. {}",
        "against": "The solution is not right: there are errors of arithmetic. ({} took it for right.)",
        "own": "The model's own solution:", "result": "Result: {}",
        "checked": "Checked by code: the arithmetic ({} of {} calculations of the solution are right). Whether the "
                   "formulas are "
                   "the right ones is not checked by code; the model judges that.",
        "nothing": "Checked by code: nothing, no calculations can be read in the solution. The judgement is the "
                   "model's.",
        "alone": "Checked: only the arithmetic that can be read ({} of {} calculations are right). Whether the "
                 "solution is right "
                 "was not checked: a calculation done rightly does not say that its formula is the right one. That "
                 "needs a "
                 "vision model (vision_engine, vision_model).",
        "unread": "No calculations can be read on the picture, and whether the solution is right was not checked: "
                  "that needs a "
                  "vision model (vision_engine, vision_model).",
    },
}  # fmt: skip


def said(language: str) -> Mapping[str, str]:
    """Ateneo's own words in a language."""
    return _SAID.get(language, _SAID["en"])


def asks_care(question: str) -> bool:
    """Whether a question asks how to look after what is shown."""
    return bool(_CARE.search(text.fold(question)))


def asks_marking(question: str) -> bool:
    """Whether a question asks whether a worked solution is right."""
    return bool(_SOLUTION.search(text.fold(question)))


def answer(
    picture: Prepared, question: str, calls: Calls, *, language: str, names: Sequence[Named] = (),
    tables: Sequence[Sequence[Sequence[str]]] = (),
) -> Looked:  # fmt: skip
    """A general answer, its calculations checked. Raises EngineError."""
    values = {
        "written": picture.fenced, "question": question or {"es": "¿Qué muestra?"}.get(language, "What does it show?"),
        "names": _listed(names) or said(language)["none"],
        "table": "; ".join(" · ".join(row) for table in tables for row in table) or said(language)["none"],
    }  # fmt: skip
    told, sums = arithmetic.corrected(calls.text("look", language, values, images=[picture.sent]), language)
    note = said(language)["by"].format(calls.engine.name)
    return Looked(told, picture.text, arithmetic=records(sums), names=tuple(names), notes=(note,))


def care(question: str, names: Sequence[Named], calls: Calls, *, language: str) -> tuple[str, str]:
    """Advice on the care of what was named, and the note that it is not from the archive. Raises EngineError."""
    told = calls.text("look_care", language, {"names": _listed(names), "question": question})
    return told, said(language)["care"].format(calls.engine.name)


def marked(picture: Prepared, question: str, calls: Calls, *, language: str) -> Looked:
    """A worked solution, marked. Raises EngineError."""
    values = {"written": picture.fenced, "question": question}
    found = calls.structured("look_solution", language, values, MARKED, images=[picture.sent], max_tokens=2500)
    words, model = said(language), calls.engine.name
    steps = [_math(step["latex"]) for step in found["steps"]]
    sums = [arithmetic.check(step, language) for step in steps]
    flat = [one for step in sums for one in step]
    wrong = any(not one.right for one in flat)
    lines = [_verdict(found, words, model, wrong=wrong), ""]
    for n, (step, shown) in enumerate(zip(found["steps"], steps, strict=True), start=1):
        mark = {"yes": "✓", "no": "✗", "unsure": "?"}[step["holds"]]
        lines.append(f"{n}. {mark} {arithmetic.corrected(shown, language)[0]} {step['why']}".rstrip())
    own = [arithmetic.corrected(_math(line), language) for line in found["solution"]]
    if own:
        lines += ["", words["own"], *(line for line, _ in own)]
    if found["answer"]:
        lines.append(words["result"].format(arithmetic.corrected(_result(found["answer"]), language)[0]))
    right = sum(one.right for one in flat)
    note = words["checked"].format(right, len(flat)) if flat else words["nothing"]
    every = [*flat, *(one for _, found_sums in own for one in found_sums)]
    return Looked("\n".join(lines), picture.text, arithmetic=records(every), notes=(note, words["by"].format(model)))


def unmarked(written: str, *, language: str) -> tuple[str, tuple[Arithmetic, ...]]:
    """What can be said of a worked solution without a model that sees: whether its arithmetic, as far as it is read, is
    right, and that this is all that was checked."""
    sums = arithmetic.check(written, language)
    words = said(language)
    right = sum(one.right for one in sums)
    return (words["alone"].format(right, len(sums)) if sums else words["unread"]), records(sums)


def records(sums: Sequence[arithmetic.Sum]) -> tuple[Arithmetic, ...]:
    """Calculations as the documents have them."""
    return tuple(Arithmetic(one.found, one.value, one.right) for one in sums)


def _verdict(found: Mapping[str, Any], words: Mapping[str, str], model: str, *, wrong: bool) -> str:
    """The judgement. Errors of arithmetic go before what the model says."""
    if found["right"] == "yes":
        return words["against" if wrong else "yes"].format(model)
    return words[found["right"]].format(model, found["mistake"]).strip()


def _math(latex: str) -> str:
    """A line of LaTeX as mathematics."""
    bare = latex.strip().strip("$").strip()
    return f"${bare}$" if bare else ""


def _result(written: str) -> str:
    """The result as it is written, as mathematics where it has marks of LaTeX."""
    return _math(written) if "\\" in written else written


def _listed(names: Sequence[Named]) -> str:
    return ", ".join(f"{one.name} ({one.probability:.0%})" for one in names[:3])
