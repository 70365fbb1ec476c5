"""Whisper, run by faster-whisper: the recogniser that Ateneo uses where a talk has no captions.

The size follows the machine. Weights are looked for in a folder that is named, then in Ateneo's cache, then fetched
from the hub once; where that fails it fails fast, once a process, with the ways out. Nothing heavy is imported before
it is needed. Sources: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision".
"""

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from ateneo.errors import EngineError, ModelMissing
from ateneo.records import Word

ENVIRONMENT = "ATENEO_WHISPER_MODEL"  # a size, a repository of the hub, or a folder with the weights
REPOSITORIES = {
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
NEEDED = ("model.bin", "config.json", "tokenizer.json")
PATIENCE = 5.0  # s to wait for an answer of the hub
SILENCE = 1500  # ms of silence inside a chunk that the model does not get to hear, since it invents words there
NEAR = {"an": "es", "ast": "es", "ext": "es", "lad": "es", "mwl": "pt"}  # what Whisper knows next to what it does not

Samples = NDArray[np.float32]

_unreachable: dict[str, str] = {}  # repository → why it could not be fetched in this process


class FasterWhisper:
    """The speech engine `faster-whisper`. Made without arguments it chooses by hardware and environment."""

    name = "faster-whisper"

    def __init__(
        self,
        model: str = "",
        *,
        cache: Path | None = None,
        hub: str | None = None,
        device: str = "auto",
        threads: int = 0,
    ) -> None:
        """`model` is a size ("small"), a repository of the hub or a folder; `cache` is where weights are kept; `hub` is
        the address that they are fetched from, else the library's own; `threads` 0 leaves their number to the library.
        """
        chosen = model or os.environ.get(ENVIRONMENT, "")
        self._folder = Path(chosen).expanduser() if chosen and Path(chosen).expanduser().is_dir() else None
        self._cache = cache or user_cache_path("ateneo") / "whisper"
        self._hub, self._device, self._threads = hub, device, threads
        self._loaded: Any = None
        self._chosen = chosen

    @property
    def size(self) -> str:
        """The size, repository or folder that is used."""
        if self._folder:
            return self._folder.name
        self._chosen = self._chosen or size_for_hardware()
        return self._chosen

    @property
    def version(self) -> str:
        """Of the library and the model: another one makes other transcripts."""
        return f"{installed_version('faster-whisper')} {self.size}"

    @property
    def repository(self) -> str:
        """Where the hub has the weights."""
        return self.size if "/" in self.size else REPOSITORIES.get(self.size, f"Systran/faster-whisper-{self.size}")

    def weights(self) -> Path | None:
        """The folder on this machine that holds the weights; None where there is none."""
        return self._folder or self._fetched(local=True)

    def languages(self, samples: Samples) -> Mapping[str, float]:
        """BCP 47 tag → probability, for the first half minute of these samples."""
        model = self._model()
        if not model.model.is_multilingual:
            return {"en": 1.0}
        *_, probabilities = model.detect_language(audio=samples)
        return {"jv" if name == "jw" else name: float(probability) for name, probability in probabilities}

    def recognise(self, samples: Samples, *, language: str | None) -> Sequence[Word]:
        """The words heard, in order, with times relative to the samples.

        Raises ModelMissing where the weights are absent and cannot be fetched, EngineError where the model fails.
        """
        model = self._model()
        try:
            segments, _ = model.transcribe(
                samples,
                language=self._known(language),
                word_timestamps=True,
                condition_on_previous_text=False,  # a loop would go on into the next window
                vad_filter=True,
                vad_parameters={"min_silence_duration_ms": SILENCE},
            )
            words = [word for segment in segments for word in segment.words or ()]
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"cannot recognise speech with Whisper {self.size}: {error}; try another size") from error
        return [
            Word(float(w.start), float(w.end), w.word.strip(), float(w.probability)) for w in words if w.word.strip()
        ]

    def _known(self, language: str | None) -> str | None:
        """Whisper's code for a language; None, and Whisper decides, where it has none."""
        if language is None:
            return None
        code = language.split("-")[0].lower()
        code = {"jv": "jw", "nb": "no"}.get(NEAR.get(code, code), NEAR.get(code, code))
        return code if code in self._model().supported_languages else None

    def _model(self) -> Any:
        """The loaded model."""
        if self._loaded is None:
            folder = self._folder or self._fetched(local=True) or self._fetched(local=False)
            missing = [name for name in NEEDED if folder is None or not (folder / name).is_file()]
            if folder is None or missing:
                raise ModelMissing(self._ways_out(f"{missing[0]} is not in {folder}" if folder else ""))
            self._loaded = self._load(folder)
        return self._loaded

    def _load(self, folder: Path) -> Any:
        from faster_whisper import WhisperModel  # type: ignore[import-untyped]

        kind = "default" if cuda_devices() and self._device != "cpu" else "int8"
        try:
            return WhisperModel(str(folder), device=self._device, compute_type=kind, cpu_threads=self._threads)
        except (RuntimeError, ValueError, OSError) as error:
            why = " ".join(str(error).split())
            raise EngineError(
                f"cannot load Whisper from {folder}: {why}; remove the folder and fetch it again"
            ) from error

    def _fetched(self, *, local: bool) -> Path | None:
        """The folder of the weights in the cache, or fetched into it; None where that is not possible."""
        from huggingface_hub import snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars

        repository = self.repository
        if not local and repository in _unreachable:
            return None
        try:
            disable_progress_bars()
            found = snapshot_download(
                repository,
                cache_dir=self._cache,
                allow_patterns=list(FILES),
                local_files_only=local,
                etag_timeout=PATIENCE,
                endpoint=self._hub,
            )
        except Exception as error:  # the hub's client raises what its transport raises
            if not local:
                unknown = "RepositoryNotFound" in type(error).__name__
                _unreachable[repository] = "the hub does not know them" if unknown else "no connection to the hub"
            return None
        folder = Path(str(found))
        return folder if all((folder / name).is_file() for name in NEEDED) else None

    def _ways_out(self, why: str) -> str:
        reason = why or f"not on this machine and cannot be fetched ({_unreachable.get(self.repository, 'incomplete')})"
        return (
            f"cannot recognise speech: the weights of Whisper {self.size} are missing: {reason}; put captions "
            f"(NAME.vtt or .srt) beside the recording, or fetch them elsewhere with `hf download {self.repository} "
            f"--local-dir FOLDER` and set {ENVIRONMENT}=FOLDER, or pass --no-speech"
        )


def size_for_hardware(*, cores: int | None = None, memory: float | None = None, cuda: int | None = None) -> str:
    """The largest size that keeps up with speech on this machine, or on one of these cores, GB and CUDA devices."""
    cores = _cores() if cores is None else cores
    memory = _memory() if memory is None else memory
    if (cuda if cuda is not None else cuda_devices()) or (cores >= 8 and memory >= 8):
        return "large-v3-turbo"
    if cores >= 2 and memory >= 3:
        return "small"
    return "base" if memory >= 1.5 else "tiny"


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cuda_devices() -> int:
    """How many CUDA devices the runtime can use."""
    import ctranslate2  # type: ignore[import-untyped]

    try:
        return int(ctranslate2.get_cuda_device_count())
    except RuntimeError:
        return 0


def _memory() -> float:
    """This machine's memory in GB."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return 4.0  # where it cannot be told, what most machines have at least
