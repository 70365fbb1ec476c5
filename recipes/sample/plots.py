"""Bar plots, line plots and equations of the sample slides, drawn by matplotlib in the colours of a theme."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from themes import Theme

DPI = 100


def plot(spec: Mapping[str, Any], theme: Theme, *, size: tuple[int, int]) -> Image.Image:
    """The plot of a slide (`kind` bars or lines, with x, series, ylabel), a transparent picture of `size` pixels."""
    with plt.rc_context(
        {
            "font.family": [theme.body, "DejaVu Sans"],
            "font.size": 15,
            "text.color": theme.ink,
            "axes.labelcolor": theme.ink,
            "xtick.color": theme.ink,
            "ytick.color": theme.ink,
        }
    ):
        figure, axes = plt.subplots(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, layout="constrained")
        _dress(axes, theme)
        {"bars": _bars, "lines": _lines}[spec["kind"]](axes, spec, theme)
        axes.set_ylabel(spec["ylabel"])
        if len(spec["series"]) > 1:
            axes.legend(frameon=False, labelcolor=theme.ink, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return _picture(figure)


def _dress(axes: Axes, theme: Theme) -> None:
    axes.set_facecolor("none")
    axes.grid(axis="y", color=theme.muted, alpha=0.3, linewidth=1)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.muted)


def _bars(axes: Axes, spec: Mapping[str, Any], theme: Theme) -> None:
    x, n = np.arange(len(spec["x"])), len(spec["series"])
    width = 0.7 / n
    for i, (name, values) in enumerate(spec["series"].items()):
        bars = axes.bar(x + (i - (n - 1) / 2) * width, values, width * 0.92, label=name, color=theme.palette[i])
        labels = [str(v).replace(".", ",") if isinstance(v, float) else f"{v:,}".replace(",", ".") for v in values]
        axes.bar_label(bars, labels=labels, padding=3, fontsize=14)
    axes.set_xticks(x, spec["x"])
    axes.margins(y=0.15)


def _lines(axes: Axes, spec: Mapping[str, Any], theme: Theme) -> None:
    for i, (name, values) in enumerate(spec["series"].items()):
        axes.plot(spec["x"], values, label=name, color=theme.palette[i], linewidth=3.5, marker="o", markersize=7)
    axes.set_xlabel(spec["xlabel"])
    axes.margins(x=0.03, y=0.12)
    if spec.get("log"):
        axes.set_xscale("log")
        axes.set_yscale("log")


def equation(tex: str, theme: Theme, *, points: int) -> Image.Image:
    """One equation in mathtext, a transparent picture cut to its ink."""
    with plt.rc_context({"mathtext.fontset": "stix"}):
        figure = plt.figure(dpi=DPI)
        figure.text(0, 0, f"${tex}$", fontsize=points, color=theme.ink)
        return _picture(figure, bbox_inches="tight", pad_inches=0.05)


def _picture(figure: Figure, **options: Any) -> Image.Image:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", transparent=True, **options)
    plt.close(figure)
    return Image.open(buffer).convert("RGBA")
