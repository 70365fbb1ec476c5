"""Vectors of the local index: the fast product, and what is kept between two refreshes."""

from pathlib import Path

import numpy as np

from ateneo.archive.local_index import LocalIndex
from ateneo.archive.vectors import Row, Segment, _times, nearest
from tests.test_index import passage, vector

LARGE = 40_000  # rows; more than are multiplied at a time


def test_products_with_halves_equal_numpys_for_every_finite_number() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)].reshape(-1, 8)
    v = np.linspace(-1, 1, 8, dtype=np.float32)
    np.testing.assert_allclose(_times(halves, v), halves.astype(np.float32) @ v, rtol=1e-5, atol=1e-6)


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
