"""Words, names, codes and colours that pictures are filled with."""

COLORS = {
    "red": ("rojo", (214, 39, 40)), "green": ("verde", (44, 160, 44)), "blue": ("azul", (31, 95, 214)), "yellow": ("amarillo", (245, 214, 30)),
    "orange": ("naranja", (255, 127, 14)), "purple": ("morado", (128, 50, 170)), "pink": ("rosa", (240, 130, 190)), "brown": ("marrón", (125, 75, 40)),
    "black": ("negro", (10, 10, 10)), "white": ("blanco", (255, 255, 255)), "gray": ("gris", (128, 128, 128)), "teal": ("turquesa", (0, 128, 128)),
}
VARIANTS = {
    "red": [(255, 0, 0), (214, 39, 40), (200, 20, 30), (229, 57, 53)], "green": [(0, 128, 0), (0, 255, 0), (44, 160, 44), (34, 139, 34), (76, 175, 80)],
    "blue": [(0, 0, 255), (31, 119, 180), (31, 95, 214), (33, 150, 243), (20, 40, 160)], "yellow": [(255, 255, 0), (245, 214, 30), (255, 235, 59)],
    "orange": [(255, 165, 0), (255, 127, 14), (255, 140, 0)], "purple": [(128, 0, 128), (148, 103, 189), (128, 50, 170)],
    "pink": [(255, 192, 203), (255, 105, 180), (240, 130, 190)], "brown": [(165, 42, 42), (139, 69, 19), (125, 75, 40)],
    "black": [(0, 0, 0), (20, 20, 20)], "white": [(255, 255, 255)], "gray": [(128, 128, 128), (150, 150, 150), (110, 110, 110)], "teal": [(0, 128, 128), (23, 150, 160)],
}
FEMININE = {"rojo": "roja", "amarillo": "amarilla", "morado": "morada", "negro": "negra", "blanco": "blanca"}

REAL = """time year people way day man thing woman life child world school state family student group country problem hand part place case week company
system program question work number night point home water room mother area money story fact month lot right study book eye job word business issue
side kind head house service friend father power hour game line end member law car city community name president team minute idea body information
back parent face others level office door health person art war history party result change morning reason research girl guy moment air teacher force
open closed exit push pull sale free new hot cold fresh daily coffee bakery market garden street river north south east west parking hotel library
casa perro gato libro mesa agua calle ciudad mundo tiempo noche playa cielo fuego tierra monte puente tren coche barco flor fruta leche queso
abierto cerrado salida entrada gratis nuevo oferta hoy precio aviso cuidado silencio peligro escuela cocina ventana puerta camino jardín café niño año""".split()
TEST_REAL = """apple silver window planet bridge summer winter forest island engine camera pencil mirror button planet rocket castle dragon monkey orange
temple violin basket anchor hammer ladder pillow saddle turtle walnut zebra naranja zapato camisa espejo botella lápiz tijera manzana limón ratón""".split()
SYLLABLES = [c + v for c in "b c d f g h j k l m n p r s t v w z br cl dr fr gl pl st tr".split() for v in "a e i o u".split()]
ENDINGS = ["", "", "n", "r", "s", "x", "l", "t", "m"]


def pseudo(rng) -> str:
    """A pronounceable word that exists nowhere."""
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 3))) + rng.choice(ENDINGS)


def word(rng, split: str) -> str:
    """A real or made-up word in some casing."""
    real = REAL if split == "train" else TEST_REAL
    text = rng.choice(real) if rng.random() < 0.45 else pseudo(rng)
    return rng.choice([str.lower, str.capitalize, str.capitalize, str.upper])(text)


def label(rng, split: str) -> str:
    """A short name as on an axis or in a legend."""
    return word(rng, split)[:9] if rng.random() < 0.85 else rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") + str(rng.randint(1, 20))


def code(rng) -> str:
    """An error code in one of the common forms."""
    digits = lambda n: "".join(rng.choice("0123456789") for _ in range(n))
    letters = lambda n: "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(n))
    return rng.choice([
        lambda: f"E-{digits(4)}", lambda: f"E-{digits(rng.randint(2, 5))}", lambda: f"0x{''.join(rng.choice('0123456789ABCDEF') for _ in range(8))}",
        lambda: "ERR_" + rng.choice(["TIMEOUT", "NETWORK", "DISK", "AUTH", "MEMORY", letters(5)]), lambda: str(rng.randint(100, 599)), lambda: digits(4),
        lambda: f"{letters(rng.randint(2, 4))}-{digits(rng.randint(2, 4))}", lambda: f"{letters(1)}{digits(3)}", lambda: f"{letters(3)}{digits(3)}",
    ])()


def random_string(rng) -> str:
    """Letters and digits without any sense."""
    alphabet = rng.choice(["ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "abcdefghijklmnopqrstuvwxyz", "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-/#"])
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(1, 7)))


def number(rng) -> str:
    """A number as printed on signs: prices, dates, times, phone numbers, counts."""
    r = rng.randint
    return rng.choice([
        lambda: str(r(0, 9)), lambda: str(r(10, 99)), lambda: str(r(100, 9999)), lambda: f"{r(0, 99)}.{r(0, 99):02d}", lambda: f"${r(1, 99)}.{r(0, 99):02d}",
        lambda: f"{r(1, 99)} €", lambda: f"{r(0, 23)}:{r(0, 59):02d}", lambda: f"{r(1, 28)}/{r(1, 12)}/{r(1990, 2030)}", lambda: f"{r(5, 90)}%",
        lambda: f"{r(200, 999)}-{r(1000, 9999)}",
    ])()
