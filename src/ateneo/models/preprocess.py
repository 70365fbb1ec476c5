"""Pictures → the numbers that the models were trained on.

Equal to the published preprocessing, step by step and in its order: PIL resizes the short side (bicubic), the middle is
cut out, then RGB, then mean and deviation of each channel. PIL rather than tensors, because the two differ by a grey
level. As published, a picture's EXIF rotation is not applied.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from ateneo.errors import InputError
from ateneo.models.config import read_config

if TYPE_CHECKING:  # searching needs pixels but no torch
    from torch import Tensor

Picture = str | Path | bytes | Image.Image
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
HALF = (0.5, 0.5, 0.5)
FILTERS = {2: "bilinear", 3: "bicubic"}  # as PIL numbers them
LARGEST = 2 * 89_478_485  # pixels; where PIL itself takes a picture for an attack
RESAMPLE = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True, slots=True)
class Preprocess:
    """Pictures → (B, 3, size, size), float32, normalised. The defaults are CLIP's; see `vit` for the ViTs'."""

    size: int = 224  # pixels, both sides
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD
    resample: Literal["bicubic", "bilinear"] = "bicubic"
    crop: bool = True  # cut the middle out; False squeezes the whole picture into the square
    short: int | None = None  # pixels of the short side before the cut; None: size

    @classmethod
    def vit(cls, size: int = 224) -> "Preprocess":
        """What Google's ViTs and their Hugging Face files expect: the whole picture squeezed, values from -1 to 1."""
        return cls(size, mean=HALF, std=HALF, resample="bilinear", crop=False)

    @classmethod
    def beside(cls, path: str | Path) -> "Preprocess":
        """From preprocessor_config.json, open_clip_config.json or timm's config.json in a checkpoint's folder.

        Raises InputError where none is there, or where it says something else than is done here.
        """
        folder = Path(path) if Path(path).is_dir() else Path(path).parent
        if (folder / "preprocessor_config.json").is_file():
            return _hugging_face(folder / "preprocessor_config.json")
        if (folder / "open_clip_config.json").is_file():
            return _open_clip(folder / "open_clip_config.json")
        if (folder / "config.json").is_file() and "pretrained_cfg" in read_config(folder / "config.json"):
            return _timm(folder / "config.json")
        raise InputError(
            "{folder} has neither preprocessor_config.json nor open_clip_config.json nor timm's "
            "config.json; make Preprocess(size) yourself",
            folder=folder,
        )

    def document(self) -> dict[str, Any]:
        """What preprocessor_config.json holds, as transformers' CLIPImageProcessor and ViTImageProcessor read it."""
        square = {"height": self.size, "width": self.size}
        cut = {"do_center_crop": True, "crop_size": square, "size": {"shortest_edge": self.short or self.size}}
        kind = {"image_processor_type": "CLIPImageProcessor" if self.crop else "ViTImageProcessor"}
        sizes = cut if self.crop else {"size": square}
        return {
            **kind, **sizes, "do_resize": True, "resample": int(RESAMPLE[self.resample]),
            "do_rescale": True, "rescale_factor": 1 / 255, "do_convert_rgb": True,
            "do_normalize": True, "image_mean": list(self.mean), "image_std": list(self.std),
        }  # fmt: skip

    def __call__(self, pictures: Picture | Sequence[Picture]) -> "Tensor":
        """Files, bytes or PIL images → (B, 3, size, size). InputError that names the picture which cannot be used."""
        import torch

        return torch.from_numpy(self.arrays(pictures))

    def arrays(self, pictures: Picture | Sequence[Picture]) -> np.ndarray:
        """The same as a float32 array, without torch."""
        several = [pictures] if isinstance(pictures, str | Path | bytes | Image.Image) else list(pictures)
        if not several:
            raise InputError("there are no pictures to prepare")
        return np.stack([self._array(picture, number=number) for number, picture in enumerate(several)])

    def _array(self, picture: Picture, *, number: int) -> np.ndarray:
        """One picture → (3, size, size)."""
        name = str(picture) if isinstance(picture, str | Path) else f"picture {number}"
        image = open_picture(picture, name=name)
        image = self._fitted(image, name=name).convert("RGB")
        values = np.array(image, dtype=np.float32)  # (size, size, 3)
        values /= np.float32(255)
        values -= np.asarray(self.mean, np.float32)
        values /= np.asarray(self.std, np.float32)
        return np.ascontiguousarray(values.transpose(2, 0, 1))

    def _fitted(self, image: Image.Image, *, name: str) -> Image.Image:
        """Resized to the square, or so that the short side fits, and the middle of that."""
        S, filter_ = self.size, RESAMPLE[self.resample]
        if not self.crop:
            return image.resize((S, S), filter_)
        w, h = image.size
        short = self.short or S
        width, height = (short, int(short * h / w)) if w <= h else (int(short * w / h), short)
        if width * height > LARGEST:
            raise InputError(
                "{name} is {w} x {h} pixels: too narrow to be resized to a short side of {s}; cut it first",
                name=name,
                w=w,
                h=h,
                s=S,
            )
        image = image if (width, height) == (w, h) else image.resize((width, height), filter_)
        left, top = round((width - S) / 2), round((height - S) / 2)
        return image.crop((left, top, left + S, top + S))


def open_picture(picture: Picture, *, name: str) -> Image.Image:
    """The decoded picture; InputError with its name where it is none, is damaged, or is too large."""
    if isinstance(picture, Image.Image):
        return picture
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit is ours, below
            opened = Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture)
        with opened as image:
            image.load()
            return image
    except UnidentifiedImageError as error:
        raise InputError(
            "cannot read {name}: it is no picture that can be read; give a JPEG, PNG, WebP, GIF, TIFF or BMP "
            "(a HEIC photo saved as JPEG)",
            name=name,
        ) from error
    except Image.DecompressionBombError as error:
        raise InputError("cannot read {name}: it has too many pixels; make it smaller first", name=name) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(
            "cannot read {name}: it is cut short or damaged ({error}); get it again", name=name, error=error
        ) from error


def _hugging_face(path: Path) -> Preprocess:
    """preprocessor_config.json, in its older and newer spellings."""
    config = read_config(path)
    crop = bool(config.get("do_center_crop", "crop_size" in config))
    resized, cut = _side(config.get("size", 224)), _side(config.get("crop_size", 224))
    return _made(
        path, size=cut if crop else resized, short=resized if crop else None,
        mean=config.get("image_mean"), std=config.get("image_std"),
        resample=FILTERS.get(config.get("resample", 3 if crop else 2)), crop=crop,
    )  # fmt: skip


def _open_clip(path: Path) -> Preprocess:
    """open_clip_config.json: preprocess_cfg, whose defaults are CLIP's."""
    whole = read_config(path)
    config, vision = whole.get("preprocess_cfg", {}), whole.get("model_cfg", {}).get("vision_cfg", {})
    mode = config.get("resize_mode", "shortest")
    if mode not in ("shortest", "squash"):
        raise InputError("{path} resizes by {mode!r}; only shortest and squash are handled", path=path, mode=mode)
    return _made(
        path, size=_side(config.get("size", vision.get("image_size", 224))),
        mean=config.get("mean", CLIP_MEAN), std=config.get("std", CLIP_STD),
        resample=config.get("interpolation", "bicubic"), crop=mode == "shortest",
    )  # fmt: skip


def _timm(path: Path) -> Preprocess:
    """timm's config.json: pretrained_cfg."""
    config = read_config(path)["pretrained_cfg"]
    size = _side(list(config.get("input_size", (3, 224, 224)))[1:])
    short = int(size / config.get("crop_pct", 0.875)) if isinstance(size, int) else None
    if config.get("crop_mode", "center") != "center":
        raise InputError("{path} cuts by {config!r}; only center is handled", path=path, config=config["crop_mode"])
    return _made(
        path, size=size, short=short, mean=config.get("mean"), std=config.get("std"),
        resample=config.get("interpolation", "bicubic"), crop=True,
    )  # fmt: skip


def _side(size: Any) -> Any:
    """The side of a square from any of its spellings; what is no square stays as it is."""
    if isinstance(size, dict):
        size = [size["shortest_edge"]] if "shortest_edge" in size else list(size.values())
    return size[0] if isinstance(size, list) and size and len(set(size)) == 1 else size


def _made(
    path: Path, *, size: Any, mean: Any, std: Any, resample: Any, crop: bool, short: int | None = None
) -> Preprocess:
    """A Preprocess of values from a file, each checked."""
    if not isinstance(size, int) or size < 1 or not isinstance(short, int | None):
        raise InputError("{path}: the size is {size!r}; one number of pixels is needed", path=path, size=size)
    if resample not in RESAMPLE:
        raise InputError(
            "{path}: the resampling is {resample!r}; bicubic and bilinear are handled", path=path, resample=resample
        )
    for values in (mean, std):
        if not isinstance(values, list | tuple) or len(values) != 3:
            raise InputError("{path}: mean or std is {values!r}; three numbers are needed", path=path, values=values)
    return Preprocess(size, mean=tuple(mean), std=tuple(std), resample=resample, crop=crop, short=short)
