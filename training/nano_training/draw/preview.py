"""python -m nano_training.draw.preview TASK OUT.png [--split test] [--level 1] [--count 12]: a contact sheet with boxes and turns."""

import argparse
import textwrap

from PIL import Image, ImageDraw

from . import draw


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("out")
    parser.add_argument("--split", default="train", choices=["train", "test"])
    parser.add_argument("--level", type=float, default=1.0)
    parser.add_argument("--count", type=int, default=12)
    args = parser.parse_args()
    sheet = Image.new("RGB", (4 * 340, -(-args.count // 4) * 420), (230, 230, 230))
    for i in range(args.count):
        sample = draw(args.task, i, args.split, args.level)
        pen = ImageDraw.Draw(sample.image)
        for g in sample.glyphs:
            pen.rectangle((g.x0, g.y0, g.x1, g.y1), outline=(255, 0, 255))
        sample.image.thumbnail((330, 250))
        x, y = i % 4 * 340, i // 4 * 420
        sheet.paste(sample.image, (x + 4, y + 4))
        lines = [line for turn in sample.turns for line in textwrap.wrap(f"{turn.question} | {turn.answer}", 58)]
        ImageDraw.Draw(sheet).text((x + 4, y + 258), "\n".join(lines[:14]), fill=(0, 0, 0))
    sheet.save(args.out)


if __name__ == "__main__":
    main()
