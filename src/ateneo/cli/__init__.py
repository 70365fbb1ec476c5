"""The command line: parses, calls `ateneo.Archive`, prints. stdout carries results only, stderr the rest."""

import os
import sys


def main() -> None:
    """The entry point of the command `ateneo`. Exit status: 0 all done; 1 some items failed; 2 nothing done."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that is not text still has to be printed
    from ateneo.cli.app import app
    from ateneo.errors import AteneoError

    try:
        app()
    except AteneoError as error:
        print(f"ateneo: {printable(str(error))}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("ateneo: stopped; what is done stays done, the same command goes on from there", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of stdout has left
        sys.exit(0)


def printable(text: str) -> str:
    """Text on one line, control characters escaped, so that a file's name cannot forge output or drive a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def needs_torch() -> None:
    """Raises EngineError where the models' part of the installation is absent."""
    from importlib.util import find_spec

    from ateneo.errors import EngineError

    if find_spec("torch") is None or find_spec("safetensors") is None:
        raise EngineError("this needs torch, which is not installed; run: pip install 'ateneo[models]'")
