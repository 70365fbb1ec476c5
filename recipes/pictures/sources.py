"""What the image tower learns from, by ordinary clients: npm for drawings as SVG, apt for photographs, names and
fonts. Packages are downloaded and opened below a folder, never installed; what is there is not fetched again.

Only sources whose licences allow use, change and redistribution for any purpose. OpenMoji is fetched to measure on and
is never learned from.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

DRAWINGS = {  # npm package: version, licence
    "noto": ("1.2.9", "Apache-2.0"),
    "noto-v1": ("1.2.5", "Apache-2.0"),
    "emojione-v1": ("1.2.3", "CC-BY-SA-4.0"),
    "emojione": ("1.2.3", "CC-BY-4.0"),
    "emojione-monotone": ("1.2.1", "CC-BY-4.0"),
    "fluent-emoji": ("1.2.7", "MIT"),
    "fluent-emoji-flat": ("1.2.6", "MIT"),
    "fluent-emoji-high-contrast": ("1.2.6", "MIT"),
    "fxemoji": ("1.2.2", "Apache-2.0"),
    "twemoji": ("1.2.5", "CC-BY-4.0"),
    "streamline-emojis": ("1.2.4", "CC-BY-4.0"),
    "game-icons": ("1.2.4", "CC-BY-3.0"),
    "flat-color-icons": ("1.2.3", "MIT"),
    "icon-park": ("1.2.4", "Apache-2.0"),
    "streamline-color": ("1.2.2", "CC-BY-4.0"),
    "streamline-cyber-color": ("1.2.2", "CC-BY-4.0"),
    "marketeq": ("1.2.2", "MIT"),
    "ph": ("1.2.2", "MIT"),
    "tabler": ("1.2.41", "MIT"),
    "hugeicons": ("1.2.35", "MIT"),
    "mdi": ("1.2.3", "Apache-2.0"),
    "mingcute": ("1.2.8", "Apache-2.0"),
    "boxicons": ("1.2.0", "MIT"),
    "fa6-solid": ("1.2.4", "CC-BY-4.0"),
    "lucide": ("1.2.137", "ISC"),
}
MEASURED = {"openmoji": ("1.2.29", "CC-BY-SA-4.0")}
DEBIAN = {  # package: licence, what it is taken for
    "unicode-cldr-core": ("Unicode", "names and keywords in Spanish and English"),
    "mate-backgrounds": ("GPL-2+", "photographs of nature"),
    "gcompris-qt-data": ("GPL-3+, parts CC BY-SA and public domain", "photographs of animals, buildings, tools"),
}
FONTS = (
    "fonts-lato", "fonts-open-sans", "fonts-firacode", "fonts-liberation", "fonts-dejavu-core",
    "fonts-crosextra-carlito", "fonts-crosextra-caladea", "fonts-ebgaramond", "fonts-inconsolata",
    "fonts-comic-neue", "fonts-cantarell",
)  # fmt: skip
KEPT = (
    "./usr/share/unicode/cldr/common/annotations*", "./usr/share/backgrounds/mate/nature/*", "*.ttf", "*.otf",
    "./usr/share/gcompris-qt/rcc/categorization.rcc", "./usr/share/gcompris-qt/rcc/erase.rcc",
    "./usr/share/gcompris-qt/rcc/explore_*.rcc",
)  # fmt: skip


def fetch(work: Path) -> None:
    """Everything, below work/npm and work/root. Ends the program with one line where something cannot be had."""
    fetch_npm(work)
    fetch_debian(work)


def fetch_npm(work: Path) -> None:
    """The SVG collections of Iconify, as folders that hold icons.json."""
    sets = DRAWINGS | MEASURED
    missing = {name: version for name, (version, _) in sets.items() if not icons(work, name).exists()}
    if not missing:
        return
    if not shutil.which("npm"):
        sys.exit(f"cannot fetch the drawings {', '.join(missing)}: there is no npm; install nodejs and npm")
    folder = work / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [f"@iconify-json/{name}" + (f"@{version}" if version else "") for name, version in missing.items()]
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), *wanted]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"cannot fetch the drawings {', '.join(missing)}: {result.stderr.strip()[-400:]}")


def icons(work: Path, name: str) -> Path:
    """Where a collection's drawings lie."""
    return work / "npm" / "node_modules" / "@iconify-json" / name / "icons.json"


def fetch_debian(work: Path) -> None:
    """The Debian packages, opened as one tree."""
    root, debs = work / "root", work / "debs"
    for folder in (root, debs, work / "opened"):
        folder.mkdir(parents=True, exist_ok=True)
    missing = [package for package in (*DEBIAN, *FONTS) if not (work / "opened" / package).exists()]
    if missing and not shutil.which("apt-get"):
        sys.exit(f"cannot fetch {missing[0]}: there is no apt-get; run this recipe on Debian or Ubuntu")
    for package in missing:
        _open(package, debs, root)
        (work / "opened" / package).touch()


def _open(package: str, debs: Path, root: Path) -> None:
    if not list(debs.glob(f"{package}_*.deb")):
        result = subprocess.run(["apt-get", "download", "-q", package], cwd=debs, capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"cannot download {package}: {result.stderr.strip()}; run `apt-get update` first")
    deb = next(debs.glob(f"{package}_*.deb"))
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as archive:
        command = ["tar", "-x", "-C", os.fspath(root), "--wildcards", "--no-anchored", *KEPT]
        subprocess.run(command, stdin=archive.stdout, stderr=subprocess.DEVNULL, check=False)  # no match is an error
    if not any(root.rglob("*")):
        sys.exit(f"cannot open {deb}: nothing of what is needed is in it; remove the file and run this again")


def font_files(work: Path) -> list[Path]:
    """The fonts that slides are set in, by path."""
    return sorted(path for path in (work / "root").rglob("*") if path.suffix in (".ttf", ".otf"))
