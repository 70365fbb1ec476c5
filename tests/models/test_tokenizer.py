"""The tokenizer gives the published tokens, and learns from a person's own words in the same layout."""

import gzip
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from ateneo.errors import InputError
from ateneo.models.tokenizer import Tokenizer, clean

WORDS = [
    "a dog and a cat",
    "the dog sleeps",
    "un perro y un gato",
    "el niño come una manzana",
    "it's the cat's 12",
] * 20


@pytest.fixture(scope="module")
def published() -> Tokenizer:
    try:
        return Tokenizer.published()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def own() -> Tokenizer:
    return Tokenizer.train(WORDS, vocabulary=600)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a photo of a cat", [320, 1125, 539, 320, 2368]),
        ("a diagram", [320, 22697]),
        ("a dog", [320, 1929]),
        ("Hello, world!", [3306, 267, 1002, 256]),
        ("hello world?", [3306, 1002, 286]),
        ("It's 2021 & I've 12 cats", [585, 568, 273, 271, 273, 272, 261, 328, 1200, 272, 273, 3989]),
        ("It’s “so”", [585, 568, 257, 706, 257]),
        ("A Photo of an Astronaut riding a horse", [320, 1125, 539, 550, 18376, 6765, 320, 4558]),
        ("naïve café", [1097, 35689, 563, 15304]),
        ("nai\u0308ve cafe\u0301", [1097, 35689, 563, 15304]),
        ("日本語", [39121, 44353, 34002, 508]),
        ("🙂", [14860]),
        ("&lt;b&gt; tea &amp; cake", [283, 321, 285, 3274, 261, 2972]),
        ("&amp;lt;b&amp;gt;", [283, 321, 285]),
        ("  a \t\n dog ", [320, 1929]),
        ("", []),
        ("<|startoftext|>x<|endoftext|>", [49406, 343, 49407]),
        ("xX_supercalifragilistic_Xx", [3553, 318, 1642, 2857, 13093, 2076, 1561, 318, 3553]),
        (
            "A\n'll 11p223RF☆ho!!to?'d'd",
            [320, 1342, 272, 272, 335, 273, 273, 274, 16368, 13439, 2971, 748, 531, 13610, 323, 1896],
        ),
    ],
)
def test_published_tokens(published: Tokenizer, text: str, tokens: list[int]):
    assert published.ids([text]) == [tokens]


def test_published_layout(published: Tokenizer):
    assert (published.vocabulary, published.start, published.end) == (49408, 49406, 49407)
    assert published.decode([320, 1929]) == "a dog "
    rows = published.encode(["a dog", ""])
    assert tuple(rows.shape) == (2, 77)
    assert rows[0, :5].tolist() == [49406, 320, 1929, 49407, 0]
    assert rows[1, :3].tolist() == [49406, 49407, 0]


def test_too_long_a_text_is_refused_and_cut_only_on_request(published: Tokenizer):
    assert published.encode("dog " * 75).shape == (1, 77)
    with pytest.raises(InputError, match=r"'dog dog.*is too long for context length 77: it has 78 tokens"):
        published.encode("dog " * 76)
    row = published.encode("dog " * 500, truncate=True)[0]
    assert row[:2].tolist() == [49406, 1929]
    assert row[-2:].tolist() == [1929, 49407]


def test_every_published_form_of_the_files_gives_one_tokenizer(published: Tokenizer, tmp_path: Path):
    merges = "\n".join(["#version: 0.2", *(" ".join(pair) for pair in published.merges), ""])
    for name in ("packed", "pair", "whole"):
        (tmp_path / name).mkdir()
    (tmp_path / "packed" / "bpe_simple_vocab_16e6.txt.gz").write_bytes(gzip.compress(merges.encode()))
    (tmp_path / "pair" / "merges.txt").write_text(merges, encoding="utf-8")
    (tmp_path / "pair" / "vocab.json").write_text(json.dumps(published.vocab), encoding="utf-8")
    published.save(tmp_path / "whole")
    (tmp_path / "whole" / "model.safetensors").touch()
    for place in ("packed", "pair/vocab.json", "pair/merges.txt", "whole/tokenizer.json", "whole/model.safetensors"):
        assert Tokenizer.published(tmp_path / place).vocab == published.vocab


def test_saved_tokenizer_serves_transformers(published: Tokenizer, tmp_path: Path):
    published.save(tmp_path)
    theirs = CLIPTokenizer.from_pretrained(tmp_path)
    texts = ["A  Photo of a Café", "it's 2021", "日本語 🙂", ""]
    assert [ids[1:-1] for ids in theirs(texts)["input_ids"]] == published.ids(texts)
    assert theirs.model_max_length == 77


def test_own_words_become_single_tokens_in_the_published_layout(own: Tokenizer):
    assert own.vocabulary <= 600
    assert (own.start, own.end) == (own.vocabulary - 2, own.vocabulary - 1)
    assert all(len(ids) == 1 for ids in own.ids(["perro", "gato", "dog"]))
    assert own.decode(own.ids(["El niño, 12!"])[0]) == "el niño , 1 2 ! "


def test_own_tokenizer_is_the_same_after_saving(own: Tokenizer, tmp_path: Path):
    own.context = 16
    own.save(tmp_path)
    again = Tokenizer.load(tmp_path)
    assert again.encode(WORDS).tolist() == own.encode(WORDS).tolist()
    assert again.context == 16


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_any_text_survives_but_for_spaces_and_case(own: Tokenizer, text: str):
    ids = own.ids([text])[0]
    if "text|>" not in text:
        assert own.decode(ids).replace(" ", "") == clean(text).replace(" ", "")
    assert all(0 <= token < own.vocabulary for token in ids)


def test_small_vocabularies_and_foreign_files_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="514"):
        Tokenizer.train(WORDS, vocabulary=100)
    with pytest.raises(InputError, match="has no tokenizer"):
        Tokenizer.load(tmp_path)
    with pytest.raises(InputError, match="is not there"):
        Tokenizer.load(tmp_path / "tokenizer.json")
    for name, content in (("tokenizer.json", '{"model": {"merges": [], "vocab": {}}}'), ("merges.txt", "#\na b c\n")):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=f"cannot read the tokenizer in .*{name}"):
            Tokenizer.load(tmp_path / name)
        shutil.move(tmp_path / name, tmp_path / f"{name}.old")
