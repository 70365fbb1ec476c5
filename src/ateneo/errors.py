"""Every error that Ateneo raises on purpose, in one tree.

A message says what failed, on which item, why, and the next step. It is a template with the fields that fill it, so
that the web can say it in Spanish (spanish.py). Only the command line prints and exits; only the web maps errors to
status codes. This module imports nothing, so that every other one can import it.
"""


class AteneoError(Exception):
    """The root: whatever Ateneo refuses to do, it refuses with a subclass of this.

    `template` is the message, or what `fields` make one of by `str.format`.
    """

    def __init__(self, template: str = "", /, **fields: object) -> None:
        super().__init__(template.format(**fields) if fields else template)
        self.template, self.fields = template, fields


class ArchiveError(AteneoError):
    """The archive as a whole cannot be used: absent, locked, of a newer format, unreadable, or its disk is full."""


class ArchiveNotFound(ArchiveError):
    """There is no archive at the given place."""


class ArchiveLocked(ArchiveError):
    """Another living process is writing to this archive."""


class NewerFormat(ArchiveError):
    """The archive was written by a later version of Ateneo."""


class TalkNotFound(AteneoError):
    """No talk of the archive has this id."""


class InputError(AteneoError):
    """A given file or argument cannot be used: missing, empty, damaged, or of a kind that is not handled."""


class EngineError(AteneoError):
    """An engine (speech, OCR, vectors, language model) is absent or failed."""


class ModelMissing(EngineError):
    """An engine's weights are not on this machine and cannot be fetched."""


class CannotSee(EngineError):
    """A language model was given a picture and takes none."""


class Unavailable(EngineError):
    """An engine on a server did not answer this time: busy, cut off, out of time. `after` is the seconds it asks to
    wait, where it says."""

    def __init__(self, template: str, /, *, after: float | None = None, **fields: object) -> None:
        super().__init__(template, **fields)
        self.after = after


class BudgetSpent(EngineError):
    """What was asked for would need more calls of a language model than it may make."""


class SettingsError(AteneoError):
    """A setting has a value that Ateneo cannot use."""
