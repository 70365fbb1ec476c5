"""Language and vision models of any server that speaks OpenAI's protocol: Ollama, vLLM, llama.cpp, LM Studio,
`transformers serve`, OpenAI itself.

Servers differ in what they understand of a request. What one refuses by name (a schema, a temperature, the count of
tokens) is left out from then on; the answer is checked by whoever asked, whatever the server made of the request. A key
goes to the server that it was given for and into no message.
"""

import base64
import os
import re
from collections.abc import Generator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from ateneo.engines import Message, Usage
from ateneo.errors import CannotSee, EngineError, Unavailable

if TYPE_CHECKING:
    import openai

HOME = "https://api.openai.com/v1"  # where no address is given
KEY = "OPENAI_API_KEY"  # the variable that holds the key of HOME; it is never sent to another server
CONNECT = 10.0  # s to reach a server
TIMEOUT = 120.0  # s without a sign of an answer
SAID = 300  # characters of a server's own words in a message
SIGHT = re.compile(r"image|vision|multi-?modal|mmproj|content type", re.IGNORECASE)  # in a refusal of a picture
SECRETS = re.compile(r"key|token|secret|password|^sig", re.IGNORECASE)  # in a name of an address's query
OPTIONAL = ("response_format", "stream_options", "temperature")  # a server that refuses one gets none of it


class OpenAIChat:
    """A `ChatEngine`. `model` may be empty where the server has only one; `timeout` is in seconds."""

    sees = True  # it cannot tell beforehand; a server that refuses a picture raises CannotSee

    def __init__(self, url: str = "", model: str = "", key: str | None = None, timeout: float = TIMEOUT) -> None:
        self.url = url.rstrip("/") or HOME
        self.place = _without_secrets(self.url)  # as it is told to people
        self.name = f"openai:{model}@{self.place}"
        self._model = model
        self._key = key or (os.environ.get(KEY) if self.url == HOME else None)
        self._timeout = timeout
        self._refused: set[str] = set()
        self._count = "max_completion_tokens" if self.url == HOME else "max_tokens"

    def stream(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, max_tokens: int
    ) -> Generator[str, None, Usage | None]:
        """See ChatEngine."""
        sent = [_as_sent(message) for message in messages]
        pictures = any(message.images for message in messages)
        try:
            chunks = self._asked(sent, schema, max_tokens, pictures=pictures)
            return (yield from self._pieces(chunks))
        except Exception as error:
            raise self._told(error, pictures=pictures) from self._cause(error)

    def models(self) -> list[str]:
        """The names of the models that the server has. Raises EngineError, Unavailable."""
        try:
            return [model.id for model in self._client.models.list().data]
        except Exception as error:
            raise self._told(error) from self._cause(error)

    @property
    def model(self) -> str:
        """The model asked for, else the only one of the server. Raises EngineError."""
        if not self._model:
            found = self.models()
            if len(found) != 1:
                names = ", ".join(found[:8]) or "none"
                raise EngineError(
                    "{place} has {found} models ({names}); set language_model to one of them",
                    place=self.place,
                    found=len(found),
                    names=names,
                )
            self._model = found[0]
        return self._model

    @cached_property
    def _client(self) -> "openai.OpenAI":
        from openai import OpenAI, Timeout

        if not self._key and self.url == HOME:
            raise EngineError(
                "{place} needs a key, and none is set; set language_key or {key}", place=self.place, key=KEY
            )
        parts = urlsplit(self.url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if named := next(filter(SECRETS.search, query), None):
            raise EngineError(
                "{place} was given with a {named} in its address; give it as language_key instead",
                place=self.place,
                named=named,
            )
        wait = Timeout(self._timeout, connect=min(CONNECT, self._timeout))
        return OpenAI(
            base_url=self.place, api_key=self._key or "none", timeout=wait, max_retries=0, default_query=query,
            default_headers=_basic(parts.username, parts.password),
        )  # fmt: skip

    def _asked(self, sent: Any, schema: Mapping[str, Any] | None, max_tokens: int, *, pictures: bool) -> Any:
        """The stream of chunks; what the server refuses by name is left out, and asked without."""
        import openai

        model = self.model
        while True:
            options = self._options(schema, max_tokens)
            try:
                return self._client.chat.completions.create(model=model, messages=sent, stream=True, **options)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._leave_out(str(error), options, pictures=pictures):
                    raise

    def _options(self, schema: Mapping[str, Any] | None, max_tokens: int) -> dict[str, Any]:
        options: dict[str, Any] = {
            self._count: max_tokens, "temperature": 0, "stream_options": {"include_usage": True},
        }  # fmt: skip
        if schema is not None:
            wanted = {"name": "answer", "schema": dict(schema), "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": wanted}
        return {name: value for name, value in options.items() if name not in self._refused}

    def _leave_out(self, said: str, options: Mapping[str, Any], *, pictures: bool) -> bool:
        """Whether something can be left out after this refusal; it then is, for good."""
        if "max_completion_tokens" in said and self._count == "max_tokens":
            self._count = "max_completion_tokens"
            return True
        named = {name for name in OPTIONAL if name in options and (name in said or name.split("_")[-1] in said)}
        if not named and not (pictures and SIGHT.search(said)):
            named = {name for name in OPTIONAL if name in options}
        self._refused |= named
        return bool(named)

    def _pieces(self, chunks: Any) -> Generator[str, None, Usage | None]:
        """The pieces of text, and at the end the Usage. Raises Unavailable where the end never came."""
        usage, begun, ended = None, False, False
        with chunks:
            for chunk in chunks:
                begun = True
                if chunk.usage:
                    usage = Usage(chunk.usage.prompt_tokens or 0, chunk.usage.completion_tokens or 0)
                for choice in (chunk.choices or [])[:1]:
                    ended = ended or bool(choice.finish_reason)
                    if choice.delta and choice.delta.content:
                        yield choice.delta.content
        if not begun:
            raise EngineError(
                "{place} answers, but not as a language model does; check language_url (most end in /v1)",
                place=self.place,
            )
        if not ended:
            raise Unavailable("{place} stopped in the middle of an answer; try again", place=self.place)
        return usage

    def _told(self, error: Exception, *, pictures: bool = False) -> EngineError:
        """The error as Ateneo tells it: what, which server, why, the next step."""
        import openai

        if isinstance(error, EngineError):
            return error
        said = self._safe(str(error))
        model = self._model or "its model"
        match error:
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return EngineError("{place} refuses the key ({said}); set language_key", place=self.place, said=said)
            case openai.RateLimitError():
                after = _seconds(error.response.headers.get("retry-after"))
                return Unavailable(
                    "{place} is busy ({said}); wait, or use another server", after=after, place=self.place, said=said
                )
            case openai.APIStatusError() if pictures and SIGHT.search(said):
                step = 'set vision_model to one that does, or vision_engine = "none"'
                return CannotSee(
                    "{model} at {place} takes no pictures ({said}); {step}",
                    model=model,
                    place=self.place,
                    said=said,
                    step=step,
                )
            case openai.NotFoundError():
                return EngineError(
                    "{place} has no model {model} ({said}); check language_url and language_model",
                    place=self.place,
                    model=model,
                    said=said,
                )
            case openai.InternalServerError():
                return Unavailable("{place} failed ({said}); its log says more", place=self.place, said=said)
            case openai.APITimeoutError():
                return Unavailable(
                    "{place} did not answer within {timeout:.0f} s; set language_timeout",
                    place=self.place,
                    timeout=self._timeout,
                )
            case openai.APIStatusError():
                return EngineError(
                    "{place} refuses the request ({said}); see docs/assistant.md", place=self.place, said=said
                )
            case openai.APIConnectionError() if error.__cause__ is not None:
                why = self._safe(str(error.__cause__)).rstrip(".")
                return Unavailable(
                    "cannot reach {place}: {why}; start the server, or check language_url", place=self.place, why=why
                )
        return Unavailable(
            "{place} broke off or answered what cannot be read ({said}); check language_url",
            place=self.place,
            said=said,
        )

    def _cause(self, error: Exception) -> Exception | None:
        """The error, for who reads a traceback, unless the server's words in it have the key."""
        return None if any(secret in str(error) for secret in self._secrets) else error

    @property
    def _secrets(self) -> list[str]:
        return list(filter(None, (self._key, urlsplit(self.url).password)))

    def _safe(self, said: str) -> str:
        """A server's words without the key, in one line, shortened."""
        for secret in self._secrets:
            said = said.replace(secret, "…")
        return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in said)).strip()[:SAID]


def _as_sent(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}]
    for image in message.images:
        kind = "png" if image.startswith(b"\x89PNG") else "jpeg"
        address = f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": address}})
    return {"role": message.role, "content": parts}


def _basic(name: str | None, password: str | None) -> dict[str, str]:
    """The header for a name and password in an address, which the client would write into its log."""
    if name is None:
        return {}
    pair = f"{unquote(name)}:{unquote(password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def _seconds(said: str | None) -> float | None:
    try:
        return max(0.0, float(said)) if said else None
    except ValueError:
        return None
