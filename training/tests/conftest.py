"""Small texts and three fonts that matplotlib brings, so that drawing lines needs nothing installed."""

import json
from pathlib import Path

import matplotlib
import pytest

TEXTS = {
    "en": ["Could not open the file", "Save as", "keyboard", "The connection was closed before it was ready."],
    "es": ["¿No se pudo abrir el archivo?", "Guardar como…", "Ñandú", "La dirección «https» no es válida: inténtelo más tarde."],
    "any": ["const total = items[0].price * 2;", "/usr/share/doc/README.md", "https://example.org/a?b=1", "user.name@example.org"],
}


@pytest.fixture(scope="session")
def line_data(tmp_path_factory) -> Path:
    """A folder as `recogniser_training.fetch` and `.corpus` leave it, in small."""
    folder = tmp_path_factory.mktemp("lines")
    for split in ("train", "test"):
        (folder / "texts" / split).mkdir(parents=True)
        for kind in ("prose", "message", "interface", "word", "code", "path", "address"):
            for language in ("any",) if kind in ("code", "path", "address") else ("en", "es"):
                rows = [f"{text} {split}" if kind == "prose" else text for text in TEXTS[language]]
                (folder / "texts" / split / f"{kind}-{language}.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    from recogniser_training.fonts import read_font

    rows = []
    for families in ({"sans": "dejavusans", "mono": "dejavusansmono", "serif": "dejavuserif", "other": "humorsans"}, {"sans": "karla", "mono": "hack", "serif": "caladea", "other": "kalam"}):
        for file, (group, family) in zip(("DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "DejaVuSans-Oblique"), families.items(), strict=True):
            font = read_font(str(fonts / f"{file}.ttf"), family, False, False)
            rows.append({**font.__dict__, "group": group, "signs": "".join(sorted(font.signs))})
    (folder / "npm").mkdir()
    (folder / "npm" / "fonts-found.json").write_text(json.dumps(rows))
    return folder
