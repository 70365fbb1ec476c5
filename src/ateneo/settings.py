"""Settings: variables ATENEO_*, then `ateneo.toml` of the archive, then these defaults. Frozen once read."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ateneo.errors import ArchiveNotFound, NewerFormat, SettingsError

FORMAT = 1  # of the archive on disk; a newer one is refused
FILE = "ateneo.toml"


class Settings(BaseSettings):
    """What can be set. docs/settings.md lists the same fields; a test compares."""

    model_config = SettingsConfigDict(env_prefix="ATENEO_", frozen=True, extra="ignore")

    speech_engine: str = Field("faster-whisper", description="engine that turns speech into words, NAME or NAME:MODEL")
    ocr_engine: str = Field(
        "auto", description="engine that reads slides: auto, tesseract, rapidocr, or a registered one"
    )
    text_engine: str = Field("sentences", description="engine that turns sentences into vectors, NAME or NAME:MODEL")
    picture_engine: str = Field("tower", description="engine that turns pictures into vectors, NAME or NAME:MODEL")
    language_engine: str = Field(
        "none", description="engine of the language model: none, openai (for any server that speaks so), or another"
    )
    language_url: str = Field(
        "", description="address of the server, such as http://localhost:11434/v1; empty is OpenAI itself"
    )
    language_model: str = Field("", description="name of the model there; empty takes the only one there is")
    language_key: str | None = Field(None, repr=False, description="key of the server, where it asks for one")
    vision_engine: str = Field("", description="engine of the model that sees pictures; empty is language_engine")
    vision_url: str = Field("", description="address of its server; empty is language_url")
    vision_model: str = Field("", description="name of the model there; empty is language_model")
    vision_key: str | None = Field(None, repr=False, description="key of that server; none is language_key")
    language_timeout: float = Field(
        120.0, gt=0, description="seconds that one call of a language model may take, and a vision model's"
    )
    language: str | None = Field(None, description="language of the talks where nothing else tells it (BCP 47)")
    drawing_model: str = Field(
        "", description="model of diffusers that draws for stable-diffusion, a folder or a name on the hub"
    )
    stall: float = Field(1800.0, gt=0, description="seconds without any progress after which a talk is given up")
    password: str | None = Field(
        None, repr=False, description="what the web page asks for: a password, or its hash from `ateneo password`"
    )
    token: str | None = Field(None, repr=False, description="what programs send to the web page's interface")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings  # the environment goes before the archive's file


def load(toml: str = "") -> Settings:
    """The settings, given the text of the archive's `ateneo.toml`. Raises SettingsError, NewerFormat."""
    try:
        values: dict[str, Any] = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"cannot read {FILE}: {error}; correct that line") from error
    found = values.pop("format", FORMAT)
    if not isinstance(found, int):
        raise SettingsError(f"cannot read {FILE}: format is {found!r}, not a number; it should be {FORMAT}")
    if found > FORMAT:
        raise NewerFormat(
            f"cannot open the archive: its format is {found}, this Ateneo knows up to {FORMAT}; install a newer Ateneo"
        )
    unknown = sorted(set(values) - set(Settings.model_fields))
    if unknown:
        known = ", ".join(sorted(Settings.model_fields))
        raise SettingsError(f"cannot use {FILE}: unknown setting {unknown[0]!r}; known: {known}")
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"cannot use the setting {first['loc'][0]}: {first['msg']}; correct it") from error


def edited(toml: str, name: str, value: str) -> str:
    """The text of an `ateneo.toml` with one setting changed: its line alone, comments and all else as they were.

    Raises SettingsError where the file is written so that this cannot be done safely.
    """
    text = json.dumps(value, ensure_ascii=False)  # a TOML string, too
    lines = toml.splitlines(keepends=True)
    found = [re.match(rf"(\s*)(#\s*)?{name}\s*=\s*(\"[^\"]*\"|'[^']*')(.*)", line, re.DOTALL) for line in lines]
    places = [n for n, m in enumerate(found) if m and not m[2]] or [n for n, m in enumerate(found) if m]
    if places:
        match = found[places[0]]
        lines[places[0]] = f"{match[1]}{name} = {text}{match[4]}" if match else ""
    else:
        table = next((n for n, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
        before = "" if not lines or table == 0 or lines[table - 1].endswith("\n") else "\n"
        lines.insert(table, f"{before}{name} = {text}\n")
    made = "".join(lines)
    try:
        if tomllib.loads(made) == tomllib.loads(toml) | {name: value}:
            return made
    except tomllib.TOMLDecodeError:
        pass
    raise SettingsError(
        f"cannot change {FILE}: it is written in a way of its own; write the line {name} = {text} in it"
    )


def new_file() -> str:
    """The text of a new archive's `ateneo.toml`."""
    lines = [f"format = {FORMAT}", "", "# Settings of this archive; ATENEO_* variables go before them. Defaults:"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else field.default
        shown = f'"{default}"' if isinstance(default, str) else f"{default}"
        lines.append(f"# {name} = {shown}  # {field.description}")
    return "\n".join(lines) + "\n"


def absent(path: Path) -> ArchiveNotFound:
    """The error for a place that holds no archive."""
    return ArchiveNotFound(f"no archive at {path}; make one with `ateneo --archive {path} add FOLDER`")
