"""Texts as vectors: the shipped encoder across languages, the engine's promises, and what it says of bad folders."""

from pathlib import Path

import numpy as np
import pytest

from ateneo.engines.sentence_vectors import SHIPPED, TABLES, SentenceVectors
from ateneo.errors import EngineError, ModelMissing

ALIKE = [
    ("The dog sleeps in the house.", "El perro duerme en la casa."),
    ("How much does green hydrogen cost?", "¿Cuánto cuesta el hidrógeno verde?"),
    ("The airport of Teruel keeps old planes.", "El aeropuerto de Teruel guarda aviones viejos."),
    ("Children learn to read at school.", "Los niños aprenden a leer en la escuela."),
    ("The patient took the medicine twice a day.", "El paciente tomaba la medicina dos veces al día."),
    ("The software tests found a bug.", "Las pruebas del programa encontraron un error."),
]


@pytest.fixture(scope="module")
def encoder() -> SentenceVectors:
    return SentenceVectors()


def test_a_sentence_lies_nearest_to_its_translation(encoder: SentenceVectors) -> None:
    english, spanish = (encoder.embed([pair[side] for pair in ALIKE]) for side in (0, 1))
    cosines = english @ spanish.T
    assert cosines.argmax(1).tolist() == cosines.argmax(0).tolist() == list(range(len(ALIKE)))


def test_a_question_lies_nearest_to_the_sentence_that_answers_it(encoder: SentenceVectors) -> None:
    [question] = encoder.embed(["Who wrote Don Quixote?"])
    answers = encoder.embed(
        ["Cervantes escribió el Quijote.", "Velázquez pintó Las meninas.", "La bolsa cayó un tres por ciento."]
    )
    assert (answers @ question).argmax() == 0


def test_vectors_are_float32_of_384_numbers_and_unit_length(encoder: SentenceVectors) -> None:
    vectors = encoder.embed(["hola", "a much longer sentence about nothing in particular " * 40, ""])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_accents_and_capitals_and_composition_never_change_a_vector(encoder: SentenceVectors) -> None:
    same = [
        "¿Dónde está el camión?",
        "¿Donde esta el camion?",
        "¿DÓNDE ESTÁ EL CAMIÓN?",
        "¿Do\u0301nde esta\u0301 el camio\u0301n?",
    ]
    vectors = encoder.embed(same)
    np.testing.assert_array_equal(vectors, np.broadcast_to(vectors[0], vectors.shape))


def test_enye_is_a_letter_of_its_own_however_it_is_written(encoder: SentenceVectors) -> None:
    composed, decomposed, without = encoder.embed(["un año", "un an\u0303o", "un ano"])
    np.testing.assert_array_equal(composed, decomposed)
    assert composed @ without < 0.99


def test_a_text_has_the_same_vector_alone_as_among_others(encoder: SentenceVectors) -> None:
    texts = [side for pair in ALIKE for side in pair] * 2
    together = encoder.embed(texts)
    alone = np.concatenate([encoder.embed([text]) for text in texts[:12]])
    assert (together[:12] * alone).sum(1).min() > 0.99  # activations are quantised by batch
    np.testing.assert_array_equal(together[:12].argmax(1), together[12:].argmax(1))


def test_no_texts_give_no_vectors(encoder: SentenceVectors) -> None:
    assert encoder.embed([]).shape == (0, 384)


def test_another_model_has_another_space(tmp_path: Path) -> None:
    for file in ("model.onnx", "tokenizer.json", *TABLES):
        (tmp_path / file).write_bytes((SHIPPED / file).read_bytes())
    same = SentenceVectors(tmp_path).space
    (tmp_path / "tokenizer.json").write_text((SHIPPED / "tokenizer.json").read_text("utf-8") + "\n", encoding="utf-8")
    assert same == SentenceVectors().space
    assert SentenceVectors(tmp_path).space != same


def test_a_folder_without_a_model_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"model\.onnx is missing; name a folder"):
        SentenceVectors(tmp_path)


def test_a_damaged_model_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((SHIPPED / "tokenizer.json").read_bytes())
    (tmp_path / "model.onnx").write_bytes((SHIPPED / "model.onnx").read_bytes()[:1000])
    with pytest.raises(EngineError, match=r"cannot read .*model\.onnx"):
        SentenceVectors(tmp_path).embed(["hola"])


def test_the_shipped_files_stay_small_and_have_a_card() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 25_000_000
    card = (SHIPPED / "card.md").read_text(encoding="utf-8")
    assert all(word in card for word in ("licence", "Data", "Limits", "recall@1"))
