"""In which of the two languages of the model a question is asked."""

SPANISH_MARKS = "¿¡áéíóúñ"
SPANISH_STARTS = ("lee", "resuelve", "di ", "dime", "describe la", "describe esta", "describe el", "cuenta", "escribe", "calcula")


def language(question: str) -> str:
    """`es` or `en`, by the marks and first words of Spanish questions."""
    lowered = question.lower()
    return "es" if any(mark in lowered for mark in SPANISH_MARKS) or lowered.startswith(SPANISH_STARTS) else "en"
