"""Small pictures in two colours for tests of training, and the four ways in which they can lie on disk."""

import csv
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"red": (220, 40, 40), "blue": (40, 40, 220)}


def png(colour: str, number: int, *, size: int = 16) -> bytes:
    """A noisy picture of a colour; the number makes it one of many."""
    noise = np.random.default_rng(number).integers(-30, 30, (size, size, 3))
    pixels = np.clip(np.array(COLOURS[colour]) + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def named(each: int) -> list[tuple[str, str, bytes]]:
    """(class, file name, bytes) of so many pictures of each colour."""
    return [(colour, f"{n:03}.png", png(colour, n)) for colour in COLOURS for n in range(each)]


def class_folders(folder: Path, each: int = 40) -> Path:
    """FOLDER/red/000.png ..."""
    for colour, name, data in named(each):
        (folder / colour).mkdir(parents=True, exist_ok=True)
        (folder / colour / name).write_bytes(data)
    return folder


def zipped(path: Path, each: int = 40) -> Path:
    """The same in a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for colour, name, data in named(each):
            archive.writestr(f"{colour}/{name}", data)
    return path


def shards(folder: Path, each: int = 40) -> Path:
    """Two webdataset shards with NAME.png, NAME.txt and NAME.cls."""
    folder.mkdir(parents=True)
    for shard, colour in enumerate(COLOURS):
        with tarfile.open(folder / f"{shard:04}.tar", "w") as tar:
            for n in range(each):
                for suffix, data in (
                    (".png", png(colour, n)),
                    (".txt", f"a {colour} thing".encode()),
                    (".cls", colour.encode()),
                ):
                    info = tarfile.TarInfo(f"{n:03}{suffix}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    return folder


def table(folder: Path, each: int = 40) -> Path:
    """A CSV of files, captions and classes."""
    class_folders(folder, each)
    with (folder / "pictures.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "caption", "class"])
        writer.writerows((f"{colour}/{name}", f"a {colour} thing", colour) for colour, name, _ in named(each))
    return folder / "pictures.csv"
