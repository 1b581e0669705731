"""Error dialogs and windows as people post them from their screens."""

from . import fonts
from .canvas import DESCRIBE, UNKNOWN, Canvas, Sample, ask, wrap
from .words import code, word

APPS = ["Nimbus", "Paint Studio", "Orbit Mail", "DataSync", "Photo Box", "Ledger", "Notes", "Terminal", "Calendar", "Cloud Drive", "Player", "Updater", "Installer", "Bank App", "Chat", "Settings", "Editor", "Map View"]
TEST_APPS = ["Quill", "Skyline Backup", "Tidal Player", "Ink Writer", "Vault", "Pulse Monitor", "Recipe Book"]
MESSAGES = ["The connection was lost.", "File not found.", "Access denied.", "The disk is full.", "The server did not respond.", "Could not save the file.", "Login failed.", "Invalid password.", "The update failed.", "Out of memory.", "The printer is offline.", "An unknown error occurred.", "The session has expired.", "Unable to open the file.", "The request timed out.", "Payment declined.", "Network unavailable.", "Cannot load the page."]
MESSAGES_ES = ["Se perdió la conexión.", "Archivo no encontrado.", "Acceso denegado.", "El disco está lleno.", "El servidor no responde.", "No se pudo guardar el archivo.", "Contraseña incorrecta.", "La actualización falló.", "La sesión ha caducado."]
TEST_MESSAGES = ["The backup did not finish.", "Your account is locked.", "The file is too large.", "No camera was found.", "Sync has stopped.", "The license is not valid.", "El archivo está dañado.", "No hay espacio libre."]
BUTTONS = ["OK", "Cancel", "Retry", "Close", "Yes", "No", "Save", "Help", "Ignore", "Abort", "Continue", "Update", "Restart", "Details", "Try again", "Aceptar", "Cancelar", "Reintentar", "Cerrar", "Guardar"]
TEST_BUTTONS = ["OK", "Cancel", "Retry", "Close", "Report", "Skip", "Send", "Salir", "Later"]


def message(rng, split):
    if rng.random() < 0.35:
        subject = word(rng, split)
        return rng.choice(["Cannot open {}.", "{} was not found.", "{} has stopped.", "Could not read {}.", "No se pudo abrir {}.", "{} is missing.", "Failed to load {}."]).format(subject)
    if split == "test":
        return rng.choice(TEST_MESSAGES)
    return rng.choice(MESSAGES if rng.random() < 0.7 else MESSAGES_ES)


def draw(rng, split: str, level: float) -> Sample:
    """One dialog on a desktop, filling the picture more or less."""
    width, height = rng.choice([(480, 240), (520, 280), (400, 220), (560, 280), (640, 360), (600, 300), (420, 260), (640, 400), (360, 240)])
    dark = rng.random() < 0.2
    desktop = tuple(rng.randint(60, 220) for _ in range(3)) if rng.random() < 0.7 else (240, 240, 240)
    canvas = Canvas(width, height, desktop)
    path = fonts.pick(rng, split, "sans sans sans sans mono")
    margin = 0 if rng.random() < 0.25 else rng.randint(6, max(8, height // 10))
    left, top, right, bottom = margin, margin, width - margin, height - margin
    face = (45, 45, 50) if dark else rng.choice([(255, 255, 255), (240, 240, 240), (250, 250, 252)])
    ink = (240, 240, 240) if dark else rng.choice([(0, 0, 0), (30, 30, 30), (50, 50, 60)])
    radius = rng.choice([0, 0, 6, 12])
    canvas.draw.rounded_rectangle((left, top, right, bottom), radius, fill=face, outline=(120, 120, 120))
    size = int((26 if level < 0.4 else rng.uniform(14, 22)) * width / 520)
    app = rng.choice(APPS if split == "train" else TEST_APPS) if rng.random() < 0.6 else word(rng, split).capitalize()
    y = top
    bar = rng.random() < 0.8
    if bar:
        tall = int(size * 1.8)
        tone = rng.choice([(0, 90, 180), (60, 60, 65), (225, 228, 232), (200, 210, 225), (180, 30, 40)])
        canvas.draw.rounded_rectangle((left, top, right, top + tall), radius, fill=tone)
        title_ink = (255, 255, 255) if sum(tone) < 380 else (10, 10, 10)
        centred = rng.random() < 0.35
        canvas.text((left + right) / 2 if centred else left + size * 0.7, top + tall / 2, app, path, size, title_ink, "mm" if centred else "lm")
        controls(rng, canvas, left, right, top + tall / 2, size, title_ink, centred)
        y = top + tall
    else:
        canvas.text(left + size, top + size * 0.8, app, path, int(size * 1.2), ink, "lt")
        y = top + size * 2
    text, number = message(rng, split), code(rng) if rng.random() < 0.8 else None
    indent = size * 1.2
    if rng.random() < 0.55:
        r = size * 0.95
        mark, tone = rng.choice([("!", (200, 160, 0)), ("x", (200, 30, 40)), ("!", (200, 30, 40)), ("i", (30, 90, 200))])
        canvas.draw.ellipse((left + size, y + size * 1.1, left + size + 2 * r, y + size * 1.1 + 2 * r), fill=tone)
        canvas.draw.text((left + size + r, y + size * 1.1 + r), mark, font=fonts.load(path, int(size * 1.2)), fill=(255, 255, 255), anchor="mm")
        indent = size * 3.6
    y += size * 1.1
    for row in wrap(text, path, size, right - left - indent - size):
        canvas.text(left + indent, y, row, path, size, ink, "lt")
        y += size * 1.4
    if number:
        shown = rng.choice(["Error code: {}", "Code: {}", "Error {}", "({})", "{}", "Código: {}", "Error: {}", "Código de error: {}"]).format(number)
        canvas.text(left + indent, y + size * 0.2, shown, path, int(size * rng.choice([0.9, 1, 1])), ink if rng.random() < 0.6 else tuple(int(c * 0.7 + 40) for c in ink), "lt")
    pool = BUTTONS if split == "train" else TEST_BUTTONS
    buttons = rng.sample(pool, rng.choice([1, 1, 2, 2, 3]))
    primary = draw_buttons(rng, canvas, buttons, (left, right, bottom), path, size, dark)
    sample = canvas.sample(turns_of(rng, app, text, number, buttons, primary))
    sample.facts = facts(app, text, number)
    return sample


def facts(app: str, text: str, number: str | None) -> dict[str, str]:
    """What a dialog says, by the names of the fields of a ticket."""
    spanish = text in MESSAGES_ES or text.startswith(("El ", "No hay", "No se "))
    return {"product": app, "errorMessage": text, "errorCode": number or "", "language": "es" if spanish else "en"}


def controls(rng, canvas, left, right, y, size, ink, centred):
    """The small marks that close a window."""
    if rng.random() < 0.5 and centred:
        for i, tone in enumerate([(255, 95, 86), (255, 189, 46), (39, 201, 63)]):
            x = left + size * (0.8 + i)
            canvas.draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=tone)
    else:
        x, r = right - size, size * 0.28
        canvas.draw.line((x - r, y - r, x + r, y + r), fill=ink, width=2)
        canvas.draw.line((x - r, y + r, x + r, y - r), fill=ink, width=2)


def draw_buttons(rng, canvas, buttons, place, path, size, dark):
    left, right, bottom = place
    widths = [fonts.load(path, size).getlength(text) + size * 1.8 for text in buttons]
    total = sum(widths) + size * 0.8 * (len(buttons) - 1)
    x = rng.choice([right - size - total, (left + right - total) / 2])
    tall = size * 1.9
    y = bottom - tall - size * 0.8
    primary = rng.randrange(len(buttons)) if rng.random() < 0.6 else None
    tone = rng.choice([(0, 103, 192), (31, 95, 214), (40, 140, 70), (200, 40, 50)])
    for i, (text, wide) in enumerate(zip(buttons, widths)):
        strong = i == primary
        plain = (70, 70, 78) if dark else rng.choice([(225, 225, 225), (235, 238, 242), (255, 255, 255)])
        canvas.draw.rounded_rectangle((x, y, x + wide, y + tall), rng.choice([0, 4, 4, 8]), fill=tone if strong else plain, outline=tone if strong else (150, 150, 150))
        canvas.text(x + wide / 2, y + tall / 2, text, path, size, (255, 255, 255) if strong or dark else (15, 15, 15), "mm")
        x += wide + size * 0.8
    return primary


def turns_of(rng, app, text, number, buttons, primary):
    t = "screenshots"
    listed = ", ".join(buttons)
    turns = [
        ask(rng, ["What does the message say?", "What is the error message?", "What is the message?", "Read the message.", "What does the error say?"], ["¿Qué dice el mensaje?", "¿Cuál es el mensaje de error?", "Lee el mensaje."], text, t),
        ask(rng, ["What is the app's name?", "Which app is this?", "What is the name of the app?", "What is the title of the window?", "Which program shows the error?"], ["¿Cómo se llama la aplicación?", "¿Qué aplicación es?", "¿Cuál es el título de la ventana?"], app, t),
    ]
    for _ in range(2):
        turns.append(ask(rng, ["What is the error code?", "What's the error code?", "Which error code is shown?", "What is the code?", "error code?"], ["¿Cuál es el código de error?", "¿Qué código de error aparece?", "¿Cuál es el código?"], number or UNKNOWN[0], t, number or UNKNOWN[1]) if number or rng.random() < 0.5 else turns[0])
    if len(buttons) == 1:
        turns.append(ask(rng, ["What is on the button?", "What does the button say?", "Which button can I press?", "What is the button?"], ["¿Qué dice el botón?", "¿Qué botón puedo pulsar?"], listed, t))
    else:
        turns.append(ask(rng, ["Which buttons are there?", "What are the buttons?", "What do the buttons say?"], ["¿Qué botones hay?", "¿Qué dicen los botones?"], listed, t))
        turns.append(ask(rng, ["What is the first button?", "What does the left button say?"], ["¿Cuál es el primer botón?"], buttons[0], t))
        turns.append(ask(rng, ["What is the last button?", "What does the right button say?"], ["¿Cuál es el último botón?"], buttons[-1], t))
    turns.append(ask(rng, ["How many buttons are there?"], ["¿Cuántos botones hay?"], str(len(buttons)), t))
    if primary is not None:
        turns.append(ask(rng, ["Which button is highlighted?", "Which button is colored?", "What is the main button?"], ["¿Qué botón está resaltado?", "¿Cuál es el botón principal?"], buttons[primary], t))
    if rng.random() < 0.6:
        turns.append(ask(rng, DESCRIBE[0], DESCRIBE[1], f'An error dialog from {app} saying "{text}"', "caption", f'Un diálogo de error de {app} que dice "{text}"'))
    turns = list({turn.question: turn for turn in turns}.values())
    rng.shuffle(turns)
    return turns
