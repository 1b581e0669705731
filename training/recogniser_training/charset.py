"""The signs that the recogniser knows, in the order of its outputs, and how a text is brought to them."""

import re
import unicodedata

ASCII = "".join(map(chr, range(0x21, 0x7F)))
LATIN_1 = "".join(chr(code) for code in range(0xA1, 0x100) if chr(code) not in "\u00a8\u00ad\u00af\u00b4\u00b8")
BEYOND = "ŒœŸŠšŽž‘’‚“”„–—…•‹›€™†‡‰←→↑↓✓✗≤≥≠≈∞"
SIGNS = ASCII + LATIN_1 + BEYOND + " "

# A new sign starts from the head's row of the sign that looks most like it. Only used where PP-OCR lacks the sign.
KIN = {
    "¿": "?", "¡": "!", "«": "《", "»": "》", "‹": "<", "›": ">", "¦": "|", "¬": "-", "ª": "a", "º": "o", "¹": "1",
    "²": "2", "³": "3", "¼": "4", "½": "2", "¾": "4", "µ": "u", "¢": "c", "¶": "P", "Æ": "A", "æ": "a", "Ð": "D",
    "ð": "o", "Ø": "O", "ø": "o", "Þ": "P", "þ": "p", "ß": "B", "Œ": "O", "œ": "o", "‚": ",", "„": '"', "†": "+",
    "‡": "+", "•": "·", "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": ".", "✗": "×", "✓": "√",
    "¤": "o", "‰": "%", "←": "<", "→": ">", "↑": "^", "↓": "v", "≠": "=", "≈": "=", "∞": "8", "™": "T", "€": "E",
    "¥": "Y", "£": "E", "±": "+", "·": ".", "÷": "+", "×": "x", "§": "S", "©": "C", "®": "R", "°": "o",
}

# Signs that look the same as a known one, and those of typesetting, are read as the known one.
SAME = {
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u00ad": "", "\ufb01": "fi", "\ufb02": "fl", "\u2032": "'",
    "\u2033": '"', "\u2044": "/", "\u201b": "'", "\u22c5": "·", "\u2219": "·", "\u25cf": "•", "\u03bc": "µ",
    "\u2713": "✓", "\u2714": "✓", "\u2717": "✗", "\u2718": "✗", "\u200b": "", "\ufeff": "", "\u00b4": "'",
}
CODES = {sign: index + 1 for index, sign in enumerate(SIGNS)}
BLANK = 0
CLASSES = len(SIGNS) + 1


def kin(sign: str) -> str:
    """The sign whose row starts the row of `sign`: itself without accents, or its likeness from `KIN`."""
    plain = unicodedata.normalize("NFD", sign)[0]
    return KIN.get(sign, plain)


def clean(text: str) -> str:
    """What the recogniser should read: NFC, look-alikes unified, no blank at the ends. A run of blanks, however wide
    the gap, is one blank, since its length cannot be seen in a proportional font."""
    text = unicodedata.normalize("NFC", text)
    return re.sub(r"\s+", " ", "".join(SAME.get(sign, sign) for sign in text)).strip()


def known(text: str) -> bool:
    """Whether every sign of a cleaned text is one of the recogniser's."""
    return all(sign in CODES for sign in text)


def encode(text: str) -> list[int]:
    """The outputs that spell a cleaned text."""
    return [CODES[sign] for sign in text]


def decode(best: list[int]) -> str:
    """Greedy CTC: repeated outputs are one sign, blanks of CTC are dropped."""
    kept = [code for index, code in enumerate(best) if code != BLANK and (index == 0 or best[index - 1] != code)]
    return "".join(SIGNS[code - 1] for code in kept)
