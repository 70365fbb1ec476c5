"""Published sentence encoders, CLIPs and SigLIPs by ONNX Runtime: the vectors that transformers makes."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from ateneo import engines
from ateneo.engines import onnx_files
from ateneo.engines.onnx_clip import OnnxClip
from ateneo.engines.onnx_text import OnnxText
from ateneo.errors import EngineError, InputError, ModelMissing
from tests.tiny_models import (
    SAID,
    SEQUENCE,
    Encoder,
    SiglipPictures,
    SiglipTexts,
    clip_folder,
    encoder_folder,
    siglip_folder,
    write_json,
)

LONG = "las abejas y los trenes " * 30


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder whose files do not say how it is used."""
    return encoder_folder(tmp_path_factory.mktemp("models") / "encoder")


@pytest.fixture
def encoder(published: Path, tmp_path: Path) -> Path:
    """A copy that says that it is pooled by mean."""
    folder = Path(shutil.copytree(published, tmp_path / "encoder"))
    (folder / "1_Pooling").mkdir()
    write_json(folder / "1_Pooling/config.json", {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False})
    return folder


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return siglip_folder(tmp_path_factory.mktemp("models") / "siglip")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip_folder(tmp_path_factory.mktemp("models") / "clip")


def by_transformers(folder: Path, texts: Sequence[str], *, how: str) -> np.ndarray:
    """What sentence-transformers does: tokens, the model, pooling by the mask, length 1."""
    from transformers import PreTrainedTokenizerFast

    words = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), pad_token="[PAD]")
    given = words(list(texts), padding=True, truncation=True, max_length=SEQUENCE, return_tensors="pt")
    with torch.no_grad():
        tokens = Encoder().bert(given["input_ids"], given["attention_mask"]).last_hidden_state
    mask = given["attention_mask"][:, :, None].float()
    pooled = tokens[:, 0] if how == "cls" else (tokens * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(pooled, dim=-1).numpy()


def test_a_published_encoder_gives_the_vectors_of_transformers(encoder: Path) -> None:
    texts = [*SAID, LONG, ""]
    found = OnnxText(encoder).embed(texts)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_transformers(encoder, texts, how="mean"), atol=1e-4)


@pytest.mark.parametrize("said", [{"pooling_mode_cls_token": True}, {"pooling_mode": "cls"}, {"pooling_mode": ["cls"]}])
def test_the_first_token_is_taken_where_the_files_say_so(encoder: Path, said: dict[str, object]) -> None:
    write_json(encoder / "1_Pooling/config.json", said)
    np.testing.assert_allclose(OnnxText(encoder).embed(SAID), by_transformers(encoder, SAID, how="cls"), atol=1e-4)


def test_queries_and_passages_get_what_the_model_wants_before_them(encoder: Path) -> None:
    prompts = {"query": "query: ", "document": "passage: "}
    write_json(encoder / "config_sentence_transformers.json", {"prompts": prompts})
    engine = OnnxText(encoder)
    passages = by_transformers(encoder, [f"passage: {text}" for text in SAID], how="mean")
    queries = by_transformers(encoder, [f"query: {text}" for text in SAID], how="mean")
    np.testing.assert_allclose(engine.embed(SAID), passages, atol=1e-4)
    np.testing.assert_allclose(engine.embed(SAID, query=True), queries, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "pooling", "query", "passage"),
    [
        ("multilingual-e5-small", "mean", "query: ", "passage: "),
        ("multilingual-e5-large-onnx", "mean", "query: ", "passage: "),
        ("bge-m3", "cls", "", ""),
        ("all-MiniLM-L6-v2-onnx", "mean", "", ""),
        ("bge-small-en-v1.5", "cls", "Represent this sentence for searching relevant passages: ", ""),
    ],
)
def test_a_familys_way_is_known_by_its_name(
    published: Path, tmp_path: Path, name: str, pooling: str, query: str, passage: str
) -> None:
    known = OnnxText(shutil.copytree(published, tmp_path / name)).conventions
    assert (known.pooling, known.query, known.passage) == (pooling, query, passage)
    assert "known of" in known.told


def test_an_encoder_of_which_nothing_is_known_is_refused(published: Path) -> None:
    with pytest.raises(EngineError, match=r"no file of it says how its tokens become one vector.*--pooling"):
        OnnxText(published).embed(["hola"])


def test_an_encoder_with_more_layers_than_its_file_holds_is_refused(encoder: Path) -> None:
    (encoder / "modules.json").write_text('[{"type": "sentence_transformers.models.Dense"}]')
    with pytest.raises(EngineError, match="a dense layer follows"):
        OnnxText(encoder).embed(["hola"])


def test_a_model_that_pools_itself_is_left_to_it(encoder: Path) -> None:
    path = encoder / "onnx/model.onnx"
    model = onnx.load(path)
    model.graph.node.append(
        onnx.helper.make_node("ReduceMax", ["last_hidden_state", "axes"], ["sentence_embedding"], keepdims=0)
    )
    model.graph.initializer.append(onnx.helper.make_tensor("axes", onnx.TensorProto.INT64, [1], [1]))
    model.graph.output.append(
        onnx.helper.make_tensor_value_info("sentence_embedding", onnx.TensorProto.FLOAT, ["b", 32])
    )
    onnx.save(model, path)
    engine = OnnxText(encoder)
    assert engine.conventions.pooling == "none"
    assert engine.embed(SAID).shape == (len(SAID), 32)
    assert engine.width == 32


def test_weights_beside_the_model_belong_to_it(encoder: Path, tmp_path: Path) -> None:
    whole, path = OnnxText(encoder), tmp_path / "split/onnx/model.onnx"
    shutil.copytree(encoder, tmp_path / "split")
    onnx.save_model(
        onnx.load(path), path, save_as_external_data=True, location="Constant_7_attr__value", size_threshold=1024
    )
    assert onnx_files.external(path) == ["Constant_7_attr__value"]
    split = OnnxText(tmp_path / "split")
    np.testing.assert_allclose(split.embed(SAID), whole.embed(SAID), atol=1e-6)
    weights = path.with_name("Constant_7_attr__value")
    before = split.space
    weights.write_bytes(b"\x01" + weights.read_bytes()[1:])
    assert OnnxText(tmp_path / "split").space != before
    weights.unlink()
    with pytest.raises(EngineError, match="Constant_7_attr__value"):
        _ = OnnxText(tmp_path / "split").space


def test_the_space_follows_weights_and_conventions(encoder: Path, tmp_path: Path) -> None:
    space = OnnxText(encoder).space
    assert space == OnnxText(shutil.copytree(encoder, tmp_path / "copy/encoder")).space
    assert space.startswith("encoder@")
    write_json(encoder / "1_Pooling/config.json", {"pooling_mode_cls_token": True})
    assert OnnxText(encoder).space != space


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json"])
def test_an_encoder_without_a_file_says_which(encoder: Path, name: str) -> None:
    (encoder / name).unlink()
    with pytest.raises(ModelMissing, match=Path(name).name):
        OnnxText(encoder)


def test_an_encoder_is_found_by_its_engines_name(encoder: Path) -> None:
    assert engines.load("text", f"onnx:{encoder}").embed(["hola"]).shape == (1, 32)
    with pytest.raises(EngineError, match="needs a model: onnx:NAME"):
        engines.load("text", "onnx")
    with pytest.raises(ModelMissing, match="ateneo models pull org/absent"):
        engines.load("text", "onnx:org/absent")


def test_siglip_texts_have_the_vectors_of_transformers(siglip: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    texts = [*SAID, "UNA Abeja", LONG, ""]
    file = str(siglip / "tokenizer.json")
    words = PreTrainedTokenizerFast(tokenizer_file=file, eos_token="</s>", pad_token="</s>")
    given = words(texts, padding="max_length", truncation=True, max_length=64, return_tensors="pt")
    with torch.no_grad():
        wanted = torch.nn.functional.normalize(SiglipTexts()(given["input_ids"]), dim=-1).numpy()
    np.testing.assert_allclose(OnnxClip(siglip).embed_texts(texts), wanted, atol=1e-4)


def test_siglip_pictures_have_the_vectors_of_transformers(siglip: Path) -> None:
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    noise = np.random.default_rng(0).integers(0, 255, (3, 50, 70, 3), np.uint8)
    pictures = [Image.fromarray(pixels) for pixels in noise]
    pixels = SiglipImageProcessorPil.from_pretrained(siglip)(pictures, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        wanted = torch.nn.functional.normalize(SiglipPictures()(pixels), dim=-1).numpy()
    np.testing.assert_allclose(OnnxClip(siglip).embed_pictures(pictures), wanted, atol=1e-4)


def test_siglip_2_reads_small_letters_whatever_its_tokenizer_does(siglip: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(siglip, tmp_path / "siglip2"))
    words = {"tokenizer_class": "GemmaTokenizer", "eos_token": "</s>", "pad_token": "<pad>"}
    write_json(folder / "tokenizer_config.json", words)
    file = folder / "tokenizer.json"
    file.write_text(file.read_text().replace('"normalizer":{"type":"Lowercase"}', '"normalizer":null'))
    engine = OnnxClip(folder)
    upper, lower = engine.embed_texts(["UNA ABEJA", "una abeja"])
    np.testing.assert_array_equal(upper, lower)
    assert not np.allclose(lower, OnnxClip(siglip).embed_texts(["una abeja"])[0])  # another filling


def test_one_file_with_both_towers_serves_too(clip: Path, tmp_path: Path) -> None:
    one = Path(shutil.copytree(clip, tmp_path / "one"))
    towers = [onnx.compose.add_prefix(onnx.load(clip / f"onnx/{n}_model.onnx"), f"{n}_") for n in ("text", "vision")]
    joined = onnx.compose.merge_models(*towers, io_map=[])
    back = {"text_input_ids": "input_ids", "vision_pixel_values": "pixel_values"}
    back |= {"text_text_embeds": "text_embeds", "vision_image_embeds": "image_embeds"}
    for value in [*joined.graph.input, *joined.graph.output]:
        value.name = back[value.name]
    for node in joined.graph.node:
        node.input[:] = [back.get(name, name) for name in node.input]
        node.output[:] = [back.get(name, name) for name in node.output]
    shutil.rmtree(one / "onnx")
    (one / "onnx").mkdir()
    onnx.save(joined, one / "onnx/model.onnx")
    picture = Image.new("RGB", (40, 30), "red")
    np.testing.assert_allclose(OnnxClip(one).embed_texts(SAID), OnnxClip(clip).embed_texts(SAID), atol=1e-5)
    np.testing.assert_allclose(
        OnnxClip(one).embed_pictures([picture]), OnnxClip(clip).embed_pictures([picture]), atol=1e-5
    )


def test_a_tower_before_its_projection_is_refused(clip: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(clip, tmp_path / "bare"))
    path = folder / "onnx/text_model.onnx"
    model = onnx.load(path)
    model.graph.output[0].name = "pooler_output"
    for node in model.graph.node:
        node.output[:] = ["pooler_output" if name == "text_embeds" else name for name in node.output]
    extra = onnx.helper.make_tensor_value_info("last", onnx.TensorProto.FLOAT, None)
    model.graph.node.append(onnx.helper.make_node("Identity", ["pooler_output"], ["last"]))
    model.graph.output.append(extra)
    onnx.save(model, path)
    with pytest.raises(EngineError, match="text_embeds is needed"):
        OnnxClip(folder).embed_texts(["hola"])


def test_a_model_of_another_kind_is_refused(siglip: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(siglip, tmp_path / "other"))
    write_json(folder / "config.json", {"model_type": "blip"})
    with pytest.raises(InputError, match="model_type 'blip'"):
        OnnxClip(folder)
