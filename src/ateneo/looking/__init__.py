"""One picture, looked at without a vision model: what it shows, what is written on it, and the riddle it may be."""

from ateneo.looking.look import look

__all__ = ["look"]
