"""The recipe of the sentence encoder: what it cleans, aligns and learns, on tiny data."""

import gettext
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")

RECIPE = Path(__file__).parent.parent / "recipes" / "sentences"
sys.path.insert(0, str(RECIPE))

import apertium  # noqa: E402
import pairs as aligned  # noqa: E402
import train  # noqa: E402
import vocabulary  # noqa: E402
import wordnet  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from transformers import BertConfig, BertModel  # noqa: E402

LETTERS = "abcdefghijklmnopqrstuvwxyzñ"
TOY = [
    ("the house", "la casa"), ("the dog", "el perro"), ("the dog sleeps", "el perro duerme"),
    ("the house sleeps", "la casa duerme"), ("a dog", "un perro"), ("a house", "una casa"),
]  # fmt: skip


def toy_tokenizer() -> Tokenizer:
    pieces = [*vocabulary.SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), "casa", "house", "dog", "perro"]
    return vocabulary.make_tokenizer({piece: n for n, piece in enumerate(pieces)})


def toy_model(size: int) -> BertModel:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=size, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False)


def test_markup_placeholders_and_accelerators_are_cleaned_away() -> None:
    assert aligned.clean("<b>_Open</b> %s\n  the &amp;file %1$d") == "Open the file"


@pytest.mark.parametrize(
    ("english", "spanish"),
    [("File", "File"), ("Open the file and read all of it", "Abre"), ("yes", "una frase larguísima sin relación"),
     ("12:30 / 45.1", "12:30 / 45,1"), ("The house of the dog", "This is the house of the dog")],
)  # fmt: skip
def test_what_is_not_a_translation_is_left_out(english: str, spanish: str) -> None:
    assert not aligned.worth(aligned.Pair("messages", english, spanish))
    assert aligned.worth(aligned.Pair("messages", "The house of the dog", "La casa del perro"))


def test_a_catalogue_is_read_as_gettext_reads_it(tmp_path: Path) -> None:
    keys = [b"", b"Close", b"Open file"]
    values = [b"Content-Type: text/plain; charset=UTF-8\n", b"Cerrar", "Abrir archivo ñ".encode()]
    start, tables, texts = 28 + 16 * len(keys), b"", b""
    for part in (keys, values):
        for text in part:
            tables += struct.pack("<2I", len(text), start + len(texts))
            texts += text + b"\0"
    path = tmp_path / "toy.mo"
    path.write_bytes(struct.pack("<7I", 0x950412DE, 0, 3, 28, 28 + 8 * 3, 0, 0) + tables + texts)
    with path.open("rb") as file:
        known = gettext.GNUTranslations(file)
    read = dict(aligned.read_catalogue(path.read_bytes()))
    assert read == {key: known.gettext(key) for key in ("", "Close", "Open file")}


def test_documents_are_aligned_by_the_ids_of_their_blocks(tmp_path: Path) -> None:
    for language, blocks in (("en", ["1|A house", "2|A dog"]), ("es", ["2|Un perro", "3|Otra cosa", "1|Una casa"])):
        (tmp_path / language).mkdir()
        page = "".join(f'<p id="par_{b[0]}">{b[2:]}</p>' for b in blocks)
        (tmp_path / language / "x.html").write_text(page, encoding="utf-8")
    found = {(p.english, p.spanish) for p in aligned.documents(tmp_path)}
    assert found == {("A house", "Una casa"), ("A dog", "Un perro")}


def test_documents_without_ids_and_with_unequal_blocks_are_left_out(tmp_path: Path) -> None:
    for language, page in (("en", "<p>One</p><p>Two</p>"), ("es", "<p>Uno</p>")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "x.html").write_text(page, encoding="utf-8")
    assert list(aligned.documents(tmp_path)) == []


def test_captions_of_the_talks_kept_apart_are_never_read(shared: Path) -> None:
    talks = shared / "talks_nwit"
    apart = {text for f in (talks / "2022-09").glob("*/es.sbv") for text in aligned._cues(f).values()}
    read = " ".join(aligned.clean(p.spanish) for p in aligned.captions(talks))
    assert apart
    assert not [text for text in map(aligned.clean, apart) if len(text) > 40 and text in read]


def test_a_meaning_with_a_clause_becomes_a_question() -> None:
    line = '00 18 n 01 calculist 0 000 | an English mathematician who developed the calculus; "the man was a genius"  '
    found = list(wordnet._of_line(line, "noun"))
    assert "The man was a genius." in found
    assert {
        "What English mathematician developed the calculus?",
        "Which English mathematician developed the calculus?",
    } & {*found}


def test_a_translation_with_many_unknown_words_is_not_understood() -> None:
    assert apertium.understood("El *flurb *zork duerme") is None
    assert apertium.understood("Ana *Zork vive en la casa grande") == "Ana Zork vive en la casa grande"


def test_alignment_finds_what_words_mean() -> None:
    pairs = [(e.split(), s.split()) for e, s in TOY * 4]
    meant = vocabulary.translations(pairs)
    best = {word: max(found, key=lambda item: item[1])[0] for word, found in meant.items()}
    assert {word: best[word] for word in ("casa", "perro", "duerme")} == {
        "casa": "house", "perro": "dog", "duerme": "sleeps",
    }  # fmt: skip


def test_a_spanish_word_starts_where_its_translation_is() -> None:
    student = toy_tokenizer()
    teacher = vocabulary.make_tokenizer({p: n for n, p in enumerate([*vocabulary.SPECIAL, "dog", "house", "the"])})
    table = np.eye(8, dtype=np.float32)
    pairs = [(e.split(), s.split()) for e, s in TOY * 4]
    lexicon = {"perro": "dog"}
    rows = vocabulary.first_embeddings(student, teacher, table=table, pairs=pairs, lexicon=lexicon)
    ids, known = student.get_vocab(), teacher.get_vocab()
    assert rows[ids["perro"]].argmax() == known["dog"]
    assert rows[ids["casa"]].argmax() == known["house"]
    np.testing.assert_array_equal(rows[ids["dog"]], table[known["dog"]])


def test_accents_fold_and_enye_stays_in_the_tokenizer() -> None:
    read = toy_tokenizer()
    assert read.encode("CÁSA").ids == read.encode("casa").ids == read.encode("ca\u0301sa").ids
    assert read.encode("ñ").ids == read.encode("n\u0303").ids != read.encode("n").ids


def test_a_killed_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    tokenizer, pairs = toy_tokenizer(), [aligned.Pair("words", e, s) for e, s in TOY]
    plan = train.Plan(steps=6, batch=4, warmup=2)
    teacher = toy_model(tokenizer.get_vocab_size()).eval()

    def run(folder: Path, steps: int) -> dict[str, torch.Tensor]:
        student = toy_model(tokenizer.get_vocab_size())
        settings = {"tokenizers": (tokenizer, tokenizer), "pairs": pairs, "folder": folder}
        train.train(student, teacher, plan=plan, last=steps, **settings)
        return student.state_dict()

    run(tmp_path / "killed", 3)
    resumed, whole = run(tmp_path / "killed", 6), run(tmp_path / "whole", 6)
    assert all(torch.allclose(resumed[name], whole[name], atol=1e-6) for name in whole)


def test_the_loss_falls_when_the_student_learns(tmp_path: Path) -> None:
    tokenizer, pairs = toy_tokenizer(), [aligned.Pair("words", e, s) for e, s in TOY]
    teacher, student = (toy_model(tokenizer.get_vocab_size()) for _ in range(2))

    def distance() -> float:
        english, spanish = [e for e, _ in TOY], [s for _, s in TOY]
        with torch.no_grad():
            cosines = train.embed(student, tokenizer, texts=spanish) * train.embed(teacher, tokenizer, texts=english)
        return 1 - float(cosines.sum(-1).mean())

    before = distance()
    plan = train.Plan(steps=30, batch=8, rate=1e-3, embedding_rate=1e-2, warmup=5)
    train.train(student, teacher.eval(), tokenizers=(tokenizer, tokenizer), pairs=pairs, plan=plan, folder=tmp_path)
    assert distance() < 0.5 * before


def test_the_exported_file_does_what_the_student_does(tmp_path: Path) -> None:
    import export

    from ateneo.engines.sentence_vectors import SentenceVectors

    tokenizer = toy_tokenizer()
    model = toy_model(tokenizer.get_vocab_size()).eval()
    texts = ["la casa", "el perro duerme en la casa", "dog"]
    wanted = train.embed(model, tokenizer, texts=texts).detach().numpy()
    for small, least in ((False, 0.999), (True, 0.98)):
        folder = tmp_path / str(small)
        folder.mkdir()
        export.export(model, folder / "model.onnx", small=small)
        vocabulary.save(tokenizer, folder / "tokenizer.json")
        assert (SentenceVectors(folder).embed(texts) * wanted).sum(1).min() > least
