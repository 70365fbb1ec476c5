"""The frames of an archive with the vectors of their pictures, as finding them asks for beside the index."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo.archive.store import TalkStore
from ateneo.ingest import vectors
from ateneo.records import Frame


class Gallery:
    """A `search.see.Frames`, out of the talks' folders and the cache of vectors."""

    def __init__(self, store: TalkStore) -> None:
        self._store = store
        self._samples: dict[str, NDArray[np.float32]] = {}

    def of(self, talk_id: str) -> Sequence[Frame]:
        """See Frames.of."""
        return self._store.frames(talk_id)

    def any(self) -> bool:
        """Whether any talk has frames."""
        return any(self._store.frames(talk_id) for talk_id in self._store.ids())

    def vector(self, talk_id: str, frame: Frame, space: str) -> NDArray[np.float32] | None:
        """See Frames.vector."""
        return vectors.picture_vector(frame, space=space, talk_id=talk_id, storage=self._store.storage)

    def sample(self, space: str) -> NDArray[np.float32]:
        """See Frames.sample. What is usual changes little, so it is read once."""
        if not len(self._samples.get(space, ())):
            self._samples[space] = vectors.sample(space, storage=self._store.storage)
        return self._samples[space]
