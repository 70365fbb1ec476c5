"""Ateneo: an assistant over an archive of recorded talks.

`from ateneo import Archive` is the library's door; the records that it returns and the errors that it raises are here
too. Nothing heavy is imported until it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ateneo.api import Archive
    from ateneo.errors import (
        ArchiveError,
        ArchiveLocked,
        ArchiveNotFound,
        AteneoError,
        EngineError,
        InputError,
        ModelMissing,
        NewerFormat,
        SettingsError,
        TalkNotFound,
    )
    from ateneo.ingest.run import AddReport, Progress
    from ateneo.ingest.stages import Outcome
    from ateneo.records import (
        Answer,
        Arithmetic,
        Asked,
        Caption,
        Chapter,
        Citation,
        Described,
        Drawing,
        Fact,
        Frame,
        Hit,
        Hits,
        Looked,
        Named,
        Repair,
        Sentence,
        Sight,
        Sights,
        StageState,
        Talk,
        TalkAnswer,
        TalkDetail,
        Told,
    )

__version__ = "0.1.0"

_HOMES = {
    "ateneo.api": ("Archive",),
    "ateneo.errors": (
        "ArchiveError", "ArchiveLocked", "ArchiveNotFound", "AteneoError", "EngineError", "InputError", "ModelMissing",
        "NewerFormat", "SettingsError", "TalkNotFound",
    ),
    "ateneo.ingest.run": ("AddReport", "Progress"),
    "ateneo.ingest.stages": ("Outcome",),
    "ateneo.records": (
        "Answer", "Arithmetic", "Asked", "Caption", "Chapter", "Citation", "Described", "Drawing", "Fact", "Frame",
        "Hit", "Hits", "Looked", "Named", "Repair", "Sentence", "Sight", "Sights", "StageState", "Talk",
        "TalkAnswer", "TalkDetail", "Told",
    ),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AddReport",
    "Answer",
    "Archive",
    "ArchiveError",
    "ArchiveLocked",
    "ArchiveNotFound",
    "Arithmetic",
    "Asked",
    "AteneoError",
    "Caption",
    "Chapter",
    "Citation",
    "Described",
    "Drawing",
    "EngineError",
    "Fact",
    "Frame",
    "Hit",
    "Hits",
    "InputError",
    "Looked",
    "ModelMissing",
    "Named",
    "NewerFormat",
    "Outcome",
    "Progress",
    "Repair",
    "Sentence",
    "SettingsError",
    "Sight",
    "Sights",
    "StageState",
    "Talk",
    "TalkAnswer",
    "TalkDetail",
    "TalkNotFound",
    "Told",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'ateneo' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
