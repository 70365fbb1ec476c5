"""Vectors of the local index: the fast search, and what is kept between two refreshes."""

from pathlib import Path

import numpy as np
import pytest

from ateneo.archive.local_index import LocalIndex
from ateneo.archive.vectors import Row, Segment, nearest
from tests.test_index import passage, vector

LARGE = 40_000  # rows


@pytest.mark.parametrize("seed", range(20))
def test_rows_that_rounding_would_exchange_are_in_their_true_order(seed: int) -> None:
    dice = np.random.default_rng(seed)
    v = dice.standard_normal(384).astype(np.float32)
    v /= np.linalg.norm(v)
    aside = dice.standard_normal((500, 384))
    aside -= (aside @ v)[:, None] * v
    near = v + aside / np.linalg.norm(aside, axis=1, keepdims=True)  # equally near, but for the rounding of rows and v
    vectors = (near / 2**0.5).astype(np.float16)
    rows = [Row("u", f"k{n}", "frame", "") for n in range(len(vectors))]
    rounded = vectors.astype(np.float32) @ v.astype(np.float16).astype(np.float32)
    exact = vectors.astype(np.float64) @ v.astype(np.float64)
    highest = np.sort(exact)[::-1][:10]
    assert np.abs(exact[np.argsort(-rounded)[:10]] - highest).max() > 5e-6
    found = Segment(Path(), "s", vectors, rows).nearest(v, np.arange(500), 10)
    np.testing.assert_allclose(exact[[row for row, _ in found]], highest, atol=2e-7)
    np.testing.assert_allclose([score for _, score in found], highest, atol=2e-7)


@pytest.mark.parametrize("part", [3, 40, 1000])
def test_a_part_of_the_rows_is_searched_like_all(part: int) -> None:
    dice = np.random.default_rng(part)
    vectors = dice.standard_normal((1000, 24))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    segment = Segment(Path(), "s", vectors, [Row("u", f"k{n}", "frame", "") for n in range(1000)])
    v = vectors[7].astype(np.float32)
    rows = np.sort(dice.choice(1000, part, replace=False))
    exact = vectors[rows].astype(np.float32) @ v
    assert [row for row, _ in segment.nearest(v, rows, 5)] == list(rows[np.argsort(-exact, kind="stable")[:5]])
    assert segment.nearest(v, rows, 0) == segment.nearest(v, rows[:0], 5) == []


def test_the_fast_search_finds_what_a_plain_loop_finds() -> None:
    dice = np.random.default_rng(0)
    vectors = dice.standard_normal((LARGE, 16)).astype(np.float16)
    rows = [
        Row(f"u{n % 7}", f"k{n}", "frame" if n % 3 else "speech", ["es", "en", "es-MX"][n % 5 % 3])
        for n in range(LARGE)
    ]
    v = dice.standard_normal(16).astype(np.float32)
    wanted = [
        n for n, row in enumerate(rows) if row.upsert in ("u1", "u4") and row.kind == "frame" and row.language != "en"
    ]
    slow = sorted(((rows[n].key, float(vectors[n].astype(np.float32) @ v)) for n in wanted), key=lambda one: -one[1])[
        :9
    ]
    found = nearest([Segment(Path(), "s", vectors, rows)], v, upserts={"u1", "u4"}, kinds=frozenset({"frame"}),
                    language="es", limit=9)  # fmt: skip
    assert [key for key, _ in found] == [key for key, _ in slow]
    np.testing.assert_allclose([score for _, score in found], [score for _, score in slow], rtol=1e-4)


def test_a_refresh_reads_again_only_what_was_committed_since(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path / "index")
    index.upsert("a", [passage("a", "uno", space="s", at=(1, 0))])
    [before] = index._segments()["s"]
    index.refresh()
    assert index._segments()["s"] == [before]
    LocalIndex(tmp_path / "index").upsert("bb", [passage("bb", "dos", space="s", at=(0, 1))])
    index.refresh()
    assert before in index._segments()["s"]
    assert [one.talk.id for one in index.near(vector(0, 1), space="s", limit=1)] == ["bb"]
