"""Bar, line and pie charts in the looks that people post."""

import math

from . import fonts
from .canvas import DESCRIBE, UNKNOWN, Canvas, Sample, ask, fit_size, pale
from .words import COLORS, VARIANTS, label, word

TAB10 = [((31, 119, 180), "blue"), ((255, 127, 14), "orange"), ((44, 160, 44), "green"), ((214, 39, 40), "red"), ((148, 103, 189), "purple"), ((140, 86, 75), "brown"), ((227, 119, 194), "pink"), ((127, 127, 127), "gray")]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
TITLES = ["Sales", "Monthly sales", "Visitors", "Visitors per day", "Revenue", "Results", "Votes", "Rainfall", "Temperature", "Sales by region", "Orders", "Survey results", "Population", "Scores", "Profit", "Ventas", "Visitas", "Ventas por mes", "Resultados", "Ingresos", "Fruit sold", "Books read"]
TEST_TITLES = ["Tickets closed", "Energy use", "Website traffic", "Downloads", "Market share", "Gastos del mes", "Students per class", "Budget", "Favourite sport", "Costs"]


def labels(rng, split, count):
    """Names for the axis, all different."""
    roll = rng.random()
    if roll < 0.2:
        start = rng.randrange(0, 13 - count) if count <= 12 else 0
        return MONTHS[start : start + count]
    if roll < 0.27 and count <= 7:
        return DAYS[:count]
    if roll < 0.38:
        return [chr(65 + i) for i in range(count)]
    if roll < 0.45:
        year = rng.randint(1995, 2022)
        return [str(year + i) for i in range(count)]
    if roll < 0.5:
        return [f"Q{i + 1}" for i in range(count)] if count <= 4 else [f"G{i + 1}" for i in range(count)]
    names = []
    while len(names) < count:
        name = label(rng, split)
        if name.lower() not in [each.lower() for each in names]:
            names.append(name)
    return names


def values(rng, count, tick):
    """Different values; on ticks of the axis where they are not printed."""
    top = rng.choice([10, 20, 50, 50, 100, 100, 100, 500, 1000])
    if tick:
        step = max(1, top // rng.choice([5, 10]))
        pool = list(range(step, top + 1, step))
        return rng.sample(pool, count) if len(pool) >= count else rng.sample(range(1, top * 2), count)
    return rng.sample(range(max(1, top // 20), top + max(1, count - top)), count)


def draw(rng, split: str, level: float) -> Sample:
    """A chart of a random kind."""
    kind = rng.choice(["bar", "bar", "bar", "hbar", "line", "pie"]) if level > 0.15 else "bar"
    width, height = rng.choice([(640, 480), (640, 480), (600, 400), (800, 600), (400, 300), (480, 360), (500, 500)])
    background = (255, 255, 255) if rng.random() < 0.75 else pale(rng)
    canvas = Canvas(width, height, background)
    ink = rng.choice([(0, 0, 0), (0, 0, 0), (40, 40, 40), (70, 70, 90)])
    path = fonts.pick(rng, split, "sans sans sans sans serif mono")
    unit = width / 640
    size = max(int(rng.uniform(13, 20) * unit), int(10 * width / 384) if level < 0.5 else int(9 * unit))
    if level < 0.5:
        size = int(22 * unit)
    count = rng.randint(2, 4) if level < 0.3 else rng.randint(2, 7)
    names = labels(rng, split, count)
    printed = rng.random() < 0.65 or kind == "pie"
    numbers = values(rng, count, not printed)
    title = None
    top = 12 * unit
    if rng.random() < 0.85:
        title = rng.choice(TITLES if split == "train" else TEST_TITLES) if rng.random() < 0.6 else " ".join(word(rng, split) for _ in range(rng.randint(1, 3)))
        title_size = fit_size(title, path, int(size * rng.uniform(1.1, 1.4)), width * 0.8)
        canvas.text(width / 2 if rng.random() < 0.85 else width * 0.42, 10 * unit, title, path, title_size, ink, "mt")
        top = 10 * unit + title_size * 1.5
    single = rng.random() < 0.5
    scheme = TAB10 if rng.random() < 0.6 else [(rng.choice(VARIANTS[name]), name) for name in rng.sample([n for n in COLORS if n not in ("white", "black")], 8)]
    colors = [scheme[0]] * count if single and kind != "pie" else [scheme[i % 8] for i in range(count)]
    chart = {"bar": bars, "hbar": level_bars, "line": line, "pie": pie}[kind]
    axis_names = chart(rng, canvas, (top, size, path, ink, unit, split), names, numbers, colors, printed)
    return canvas.sample(turns_of(rng, split, kind, names, numbers, colors, title, single, axis_names))


def nice_step(top):
    """A tick distance of 1, 2 or 5 times a power of ten that gives about five ticks."""
    power = 10 ** math.floor(math.log10(max(1, top / 5)))
    return next(max(1, int(power * m)) for m in (1, 2, 5, 10) if top / (power * m) <= 6)


def value_axis(rng, canvas, box, top_value, style, horizontal=False):
    """Ticks, numbers and grid of the value axis."""
    left, top, right, bottom = box
    size, path, ink, grid, frame = style
    step = nice_step(top_value)
    for value in range(0, int(top_value * 1.08) + 1, step):
        share = value / (top_value * 1.1)
        if horizontal:
            x = left + (right - left) * share
            if grid:
                canvas.draw.line((x, top, x, bottom), fill=(215, 215, 215))
            canvas.draw.line((x, bottom, x, bottom + 4), fill=ink)
            canvas.text(x, bottom + 7, str(value), path, size, ink, "mt")
        else:
            y = bottom - (bottom - top) * share
            if grid:
                canvas.draw.line((left, y, right, y), fill=(215, 215, 215))
            canvas.draw.line((left - 4, y, left, y), fill=ink)
            canvas.text(left - 7, y, str(value), path, size, ink, "rm")
    if frame:
        canvas.draw.rectangle((left, top, right, bottom), outline=ink)


def plot_box(rng, canvas, top, size, unit, wide=False):
    left = size * (5.5 if wide else 3.6)
    return left, top + size * 0.8, canvas.width - size * rng.uniform(0.6, 1.8), canvas.height - size * 2.6


def axis_titles(rng, canvas, box, style, split):
    """At times a name below and beside the axes."""
    left, top, right, bottom = box
    _, size, path, ink, unit, _ = style
    if rng.random() > 0.25:
        return None
    name = rng.choice(["Month", "Day", "Year", "Region", "Product", "Name", word(rng, split)])
    canvas.text((left + right) / 2, canvas.height - 3, name, path, int(size * 0.9), ink, "mb")
    return name


def bars(rng, canvas, style, names, numbers, colors, printed):
    top, size, path, ink, unit, split = style
    left, ptop, right, bottom = box = plot_box(rng, canvas, top, size, unit)
    limit = max(numbers)
    if not printed or rng.random() < 0.55:
        value_axis(rng, canvas, box, limit, (int(size * 0.85), path, ink, rng.random() < 0.35 or not printed and rng.random() < 0.6, rng.random() < 0.5))
    canvas.draw.line((left, bottom, right, bottom), fill=ink)
    canvas.draw.line((left, ptop, left, bottom), fill=ink)
    slot = (right - left) / len(names)
    share = rng.uniform(0.45, 0.85)
    outline = ink if rng.random() < 0.2 else None
    name_size = min([size, *[fit_size(name, path, size, slot * 0.95) for name in names]])
    for i, (name, number, (color, _)) in enumerate(zip(names, numbers, colors)):
        x = left + slot * (i + 0.5)
        y = bottom - (bottom - ptop) * number / (limit * 1.1)
        canvas.draw.rectangle((x - slot * share / 2, y, x + slot * share / 2, bottom), fill=color, outline=outline)
        canvas.text(x, bottom + 6, name, path, name_size, ink, "mt")
        if printed:
            canvas.text(x, y - 4, str(number), path, min(size, fit_size(str(number), path, size, slot * 0.95)), ink, "mb")
    return axis_titles(rng, canvas, box, style, split)


def level_bars(rng, canvas, style, names, numbers, colors, printed):
    top, size, path, ink, unit, split = style
    left, ptop, right, bottom = box = plot_box(rng, canvas, top, size, unit, wide=True)
    right -= size * 1.5
    box = (left, ptop, right, bottom)
    limit = max(numbers)
    if not printed or rng.random() < 0.55:
        value_axis(rng, canvas, box, limit, (int(size * 0.85), path, ink, rng.random() < 0.5, rng.random() < 0.4), horizontal=True)
    canvas.draw.line((left, ptop, left, bottom), fill=ink)
    slot = (bottom - ptop) / len(names)
    share = rng.uniform(0.45, 0.85)
    for i, (name, number, (color, _)) in enumerate(zip(names, numbers, colors)):
        y = ptop + slot * (i + 0.5)
        x = left + (right - left) * number / (limit * 1.1)
        canvas.draw.rectangle((left, y - slot * share / 2, x, y + slot * share / 2), fill=color)
        canvas.text(left - 7, y, name, path, fit_size(name, path, size, left * 0.92), ink, "rm")
        if printed:
            canvas.text(x + 5, y, str(number), path, size, ink, "lm")
    return None


def line(rng, canvas, style, names, numbers, colors, printed):
    top, size, path, ink, unit, split = style
    left, ptop, right, bottom = box = plot_box(rng, canvas, top, size, unit)
    limit = max(numbers)
    value_axis(rng, canvas, box, limit, (int(size * 0.85), path, ink, rng.random() < 0.5, rng.random() < 0.6))
    canvas.draw.line((left, bottom, right, bottom), fill=ink)
    slot = (right - left) / len(names)
    name_size = min([size, *[fit_size(name, path, size, slot * 0.95) for name in names]])
    points = [(left + slot * (i + 0.5), bottom - (bottom - ptop) * n / (limit * 1.15)) for i, n in enumerate(numbers)]
    color = colors[0][0]
    canvas.draw.line(points, fill=color, width=rng.randint(2, 4), joint="curve")
    r = rng.randint(3, 6) if printed or rng.random() < 0.8 else 0
    for (x, y), name, number in zip(points, names, numbers):
        if r:
            canvas.draw.ellipse((x - r, y - r, x + r, y + r), fill=color)
        canvas.text(x, bottom + 6, name, path, name_size, ink, "mt")
        if printed:
            canvas.text(x, y - r - 5, str(number), path, size, ink, "mb")
    return axis_titles(rng, canvas, box, style, split)


def pie(rng, canvas, style, names, numbers, colors, printed):
    top, size, path, ink, unit, split = style
    total = sum(numbers)
    legend = rng.random() < 0.4
    cx = canvas.width * (0.38 if legend else 0.5)
    cy = (top + canvas.height) / 2
    radius = min(canvas.height - top - size * 2, canvas.width * (0.62 if legend else 0.6)) / 2 * 0.92
    angle = rng.choice([-90, 0, 0, rng.randint(0, 359)])
    edge = rng.choice([None, (255, 255, 255)])
    for i, (name, number, (color, _)) in enumerate(zip(names, numbers, colors)):
        sweep = 360 * number / total
        canvas.draw.pieslice((cx - radius, cy - radius, cx + radius, cy + radius), angle, angle + sweep, fill=color, outline=edge)
        middle = math.radians(angle + sweep / 2)
        if sweep > 16:
            tone = (255, 255, 255) if sum(color) < 380 else (0, 0, 0)
            canvas.text(cx + math.cos(middle) * radius * 0.62, cy + math.sin(middle) * radius * 0.62, str(number), path, size, tone, "mm")
        if not legend:
            side = "l" if math.cos(middle) > 0 else "r"
            canvas.text(cx + math.cos(middle) * radius * 1.08, cy + math.sin(middle) * radius * 1.08, name, path, size, ink, side + "m")
        angle += sweep
    if legend:
        x, y = canvas.width * 0.76, cy - len(names) * size * 0.85
        for name, (color, _) in zip(names, colors):
            canvas.draw.rectangle((x, y, x + size, y + size), fill=color)
            canvas.text(x + size * 1.4, y + size / 2, name, path, fit_size(name, path, size, canvas.width * 0.24 - size * 1.5), ink, "lm")
            y += size * 1.7
    return None


def turns_of(rng, split, kind, names, numbers, colors, title, single, axis_name):
    noun, noun_es, plural, plural_es = {"bar": ("bar", "barra", "bars", "barras"), "hbar": ("bar", "barra", "bars", "barras"), "line": ("point", "punto", "points", "puntos"), "pie": ("slice", "sector", "slices", "sectores")}[kind]
    chart, chart_es = {"bar": ("bar chart", "gráfico de barras"), "hbar": ("bar chart", "gráfico de barras"), "line": ("line chart", "gráfico de líneas"), "pie": ("pie chart", "gráfico circular")}[kind]
    high, low = numbers.index(max(numbers)), numbers.index(min(numbers))
    many_es = "Cuántas" if noun == "bar" else "Cuántos"
    group = "month" if names[0] in MONTHS else "day" if names[0] in DAYS else "year" if names[0].isdigit() else noun
    group_es = {"month": "mes", "day": "día", "year": "año"}.get(group, noun_es)
    largest, smallest = ("largest", "smallest") if kind == "pie" else ("highest", "lowest")
    turns = []
    add = lambda *args: turns.append(ask(rng, *args))
    named = lambda: rng.randrange(len(names))
    for _ in range(7):
        i, j = named(), named()
        choice = rng.choice(["high", "low", "top", "bottom", "value", "value", "value", "title", "count", "kind", "compare", "color", "caption", "absent", "axis"])
        if choice == "high":
            add([f"Which {group} has the {largest} value?", f"Which {noun} is the {largest}?", f"Which {group} is highest?", f"What is the {largest} {noun}?"], [f"¿Qué {group_es} tiene el valor más alto?", f"¿Cuál es {'la' if noun == 'bar' else 'el'} {noun_es} más {'alta' if noun == 'bar' else 'alto'}?"], names[high], "charts")
        elif choice == "low":
            add([f"Which {group} has the {smallest} value?", f"Which {noun} is the {smallest}?", f"Which {group} is lowest?"], [f"¿Qué {group_es} tiene el valor más bajo?", f"¿Cuál es {'la' if noun == 'bar' else 'el'} {noun_es} más {'baja' if noun == 'bar' else 'bajo'}?"], names[low], "charts")
        elif choice == "top":
            add([f"What is the highest value in the {chart}?", "What is the highest value?", "What is the maximum value?", "What is the largest value?"], ["¿Cuál es el valor más alto?", "¿Cuál es el valor máximo?", f"¿Cuál es el valor más alto del {chart_es}?"], str(numbers[high]), "charts")
        elif choice == "bottom":
            add([f"What is the lowest value in the {chart}?", "What is the lowest value?", "What is the minimum value?", "What is the smallest value?"], ["¿Cuál es el valor más bajo?", "¿Cuál es el valor mínimo?"], str(numbers[low]), "charts")
        elif choice == "value":
            name = names[i]
            add([f"What is the value of {name}?", f"What is the value for {name}?", f"How much is {name}?", f"What value does {name} have?", f"What is the value of the {noun} {name}?"], [f"¿Cuál es el valor de {name}?", f"¿Cuánto vale {name}?", f"¿Qué valor tiene {name}?"], str(numbers[i]), "charts")
        elif choice == "title" and title:
            add(["What is the title?", "What is the title of the chart?", f"What is the title of the {chart}?", "What is the chart called?"], ["¿Cuál es el título?", "¿Cuál es el título del gráfico?", "¿Cómo se llama el gráfico?"], title, "charts")
        elif choice == "count":
            add([f"How many {plural} are there?", f"How many {plural} are in the chart?", f"How many {plural} does the chart have?", "How many categories are there?"], [f"¿{many_es} {plural_es} hay?", f"¿{many_es} {plural_es} tiene el gráfico?"], str(len(names)), "charts")
        elif choice == "kind":
            add(["What kind of chart is this?", "What type of chart is it?", "What kind of chart is it?"], ["¿Qué tipo de gráfico es?"], chart, "charts", chart_es)
        elif choice == "compare" and i != j:
            yes = numbers[i] > numbers[j]
            add([f"Is {names[i]} higher than {names[j]}?", f"Is {names[i]} greater than {names[j]}?"], [f"¿Es {names[i]} mayor que {names[j]}?"], "yes" if yes else "no", "charts", "sí" if yes else "no")
        elif choice == "color" and not single:
            add([f"What color is {names[i]}?", f"What color is the {noun} {names[i]}?"], [f"¿De qué color es {names[i]}?"], colors[i][1], "charts", COLORS[colors[i][1]][0])
        elif choice == "absent" and rng.random() < 0.3:
            name = word(rng, split)
            if name.lower() not in [each.lower() for each in names]:
                add([f"What is the value of {name}?"], [f"¿Cuál es el valor de {name}?"], UNKNOWN[0], "charts", UNKNOWN[1])
        elif choice == "axis" and axis_name:
            add(["What is the label of the x axis?", "What is the x axis called?"], ["¿Cómo se llama el eje x?"], axis_name, "charts")
        elif choice == "caption":
            called, called_es = (f' titled "{title}"', f' titulado "{title}"') if title else ("", "")
            add(DESCRIBE[0], DESCRIBE[1], f"A {chart}{called} with {len(names)} {plural}; the {largest} is {names[high]}.", "caption", f"Un {chart_es}{called_es} con {len(names)} {plural_es}; el mayor es {names[high]}.")
    add([f"What is the highest value in the {chart}?"], ["¿Cuál es el valor más alto?"], str(numbers[high]), "charts")
    add([f"How many {plural} are there?"], [f"¿{many_es} {plural_es} hay?"], str(len(names)), "charts")
    add([f"What is the value of {names[0]}?"], [f"¿Cuál es el valor de {names[0]}?"], str(numbers[0]), "charts")
    return list({turn.question: turn for turn in turns}.values())
