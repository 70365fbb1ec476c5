"""Pictures from words: what may be asked for, the methods that draw it, the files that come of it (docs/drawing.md)."""

from ateneo.drawing.draw import Drawn, draw
from ateneo.drawing.order import METHODS, Order

__all__ = ["METHODS", "Drawn", "Order", "draw"]
