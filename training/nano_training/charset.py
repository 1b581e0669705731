"""Characters the auxiliary reading loss tells apart. Class 0 means "no glyph centre here"."""

CHARACTERS = (
    "".join(chr(code) for code in range(33, 127)) + "áéíóúñüÁÉÍÓÚÑÜ¿¡€£°×÷−·…“”–—%‰"
)
CLASSES = {character: index + 2 for index, character in reversed(list(enumerate(CHARACTERS)))}
OTHER = 1
NUM_CLASSES = len(CHARACTERS) + 2


def glyph_class(character: str) -> int:
    """Class of a drawn character; characters outside the set share one class."""
    return CLASSES.get(character, OTHER)
