"""Colours by name: how a drawing is shown in one, and how that is said."""

import re
from dataclasses import dataclass

import torch
from torch import Tensor

LIGHT = torch.tensor([0.299, 0.587, 0.114])  # of red, green and blue, as the eye weighs them
KEPT = 0.15  # of its own colours, so that parts can still be told apart


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour: red, green, blue from 0 to 1, its English word, its Spanish words for a masculine and a feminine."""

    rgb: tuple[float, float, float]
    en: str
    es: tuple[str, str]

    def named_in(self, names: dict[str, str]) -> bool:
        """Whether a thing's names have this colour's word in them."""
        return bool(
            re.search(rf"\b{self.en}\b", names["en"].lower())
            or re.search(rf"\b({'|'.join(self.es)})s?\b", names["es"].lower())
        )


COLOURS = (
    Colour((0.86, 0.12, 0.15), "red", ("rojo", "roja")),
    Colour((0.96, 0.52, 0.10), "orange", ("naranja", "naranja")),
    Colour((0.98, 0.80, 0.15), "yellow", ("amarillo", "amarilla")),
    Colour((0.25, 0.65, 0.25), "green", ("verde", "verde")),
    Colour((0.15, 0.40, 0.85), "blue", ("azul", "azul")),
    Colour((0.55, 0.25, 0.75), "purple", ("morado", "morada")),
    Colour((0.96, 0.50, 0.70), "pink", ("rosa", "rosa")),
    Colour((0.50, 0.30, 0.15), "brown", ("marrón", "marrón")),
    Colour((0.55, 0.55, 0.57), "grey", ("gris", "gris")),
    Colour((0.12, 0.12, 0.14), "black", ("negro", "negra")),
)


def coloured(pixels: Tensor, to: int) -> Tensor:
    """Pictures on white, bytes (B, 3, H, W), in the colour at this place of COLOURS: the lightness that most of the
    drawing has becomes the colour, what is darker goes to black and what is lighter to white, as white does."""
    x = pixels.float() / 255
    light = (x * LIGHT.to(x.device)[:, None, None]).sum(1, keepdim=True)  # (B, 1, H, W)
    drawn = (x.amin(1, keepdim=True) < 0.97).flatten(1)
    flat = light.flatten(1).where(drawn, torch.full_like(light.flatten(1), torch.nan))
    middle = flat.nanmedian(1).values.nan_to_num(0.5).clamp(0.15, 0.9)[:, None, None, None]
    rgb = torch.tensor(COLOURS[to].rgb, device=x.device)[:, None, None]
    below, above = light / middle, ((light - middle) / (1 - middle)).clamp(0, 1)
    toned = torch.where(light < middle, rgb * below, rgb + (1 - rgb) * above)
    mixed = toned + KEPT * (x - toned) * (light < 0.97)
    return (mixed.clamp(0, 1) * 255).round().to(torch.uint8)


def said_of(names: dict[str, str], to: int) -> list[str]:
    """That a thing has the colour, in both languages."""
    colour = COLOURS[to]
    feminine = re.split(r"[ :,]", names["es"])[0].endswith(("a", "ción", "dad", "tud", "as"))
    word = colour.es[int(feminine)]
    return [f"{colour.en} {names['en']}", f"{names['es']} {word}"]
