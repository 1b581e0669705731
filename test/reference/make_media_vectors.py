"""Writes test/reference/media/pictures.json: small files of every kind and the RGB pixels of each frame as
transformers takes them from Pillow.

pip install pillow==13.0.0 transformers==5.23.0 numpy
Run: python test/reference/make_media_vectors.py
"""

import base64
import io
import json
import struct
import zlib
from pathlib import Path

import PIL
import transformers
from PIL import Image, ImageOps, ImageSequence
from transformers.image_transforms import convert_to_rgb

OUT = Path(__file__).parent / "media" / "pictures.json"
# Made by hand: 128 x 64 of two tiles, red and blue, in 4:2:0.
GRID = Path(__file__).parent / "media" / "grid.avif"
WIDTH, HEIGHT = 16, 8
ORIENTATION = 0x0112


def drawn(mode: str, turn: int = 0, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """Every pixel differs from its neighbours, and no turn or mirror image of the picture equals it."""
    image = Image.new(mode, size)
    bands = len(image.getbands())
    for y in range(size[1]):
        for x in range(size[0]):
            value = tuple((x * 37 + y * 53 + band * 71 + x * y * 5 + turn * 91) % 256 for band in range(bands))
            image.putpixel((x, y), value if bands > 1 else value[0])
    return image


def smooth(mode: str) -> Image.Image:
    """Slopes, of which little is lost in a JPEG."""
    image = Image.new(mode, (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            value = (x * 15, y * 30, 255 - x * 8 - y * 10, x * 4 + y * 6)[: len(image.getbands())]
            image.putpixel((x, y), value if len(value) > 1 else value[0])
    return image


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, depth: int, colour: int, rows: list[bytes], chunks: bytes = b"") -> bytes:
    """A PNG of kinds that Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deep(bands: int) -> list[bytes]:
    values = lambda y: [(x * 4099 + y * 7001 + band * 15013) % 65536 for x in range(WIDTH) for band in range(bands)]
    return [struct.pack(f">{WIDTH * bands}H", *values(y)) for y in range(HEIGHT)]


def orientation_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def turned(orientation: int, kind: str) -> bytes:
    exif = orientation_exif(orientation)
    image = drawn("RGB") if kind == "PNG" else smooth("RGB")
    return encoded(image, kind, exif=exif, **({} if kind == "PNG" else {"quality": 95, "subsampling": 0}))


def moving(kind: str, frames: list[Image.Image], **options) -> bytes:
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, loop=0, **options)


def palette_frame(turn: int) -> Image.Image:
    """A frame whose colours fit exactly into the 256 of a GIF."""
    return drawn("RGB", turn).quantize(128, dither=Image.Dither.NONE).convert("RGB")


def sheer(alpha: list[int] | None = None) -> Image.Image:
    """Every opacity over every colour, or the given ones in turn."""
    image = drawn("RGBA")
    opacities = alpha or [(x * 2 + y * 32) % 256 for y in range(HEIGHT) for x in range(WIDTH)]
    image.putalpha(Image.frombytes("L", image.size, bytes(opacities[i % len(opacities)] for i in range(WIDTH * HEIGHT))))
    return image


def patched_gif(disposal: int) -> bytes:
    """Three frames, of which the later ones cover only a part and let the one below show through."""
    frames = []
    for turn in range(3):
        frame = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0) if turn else (200, 30, 60, 255))
        colour = [(10, 200, 30, 255), (20, 40, 220, 255), (250, 240, 10, 255)][turn]
        frame.paste(Image.new("RGBA", (5, 4), colour), (turn * 5, turn * 2))
        frames.append(frame)
    return moving("GIF", frames, disposal=disposal, optimize=False)


def pictures() -> dict[str, bytes]:
    palette = drawn("RGB").quantize(16, dither=Image.Dither.NONE)
    frames = [palette_frame(turn) for turn in range(5)]
    files = {f"{kind} with EXIF orientation {o}": turned(o, kind) for kind in ("PNG", "JPEG") for o in range(1, 9)}
    return files | {
        "PNG in colour": encoded(drawn("RGB"), "PNG"),
        "PNG with alpha": encoded(drawn("RGBA"), "PNG"),
        "PNG in grey": encoded(drawn("L"), "PNG"),
        "PNG in grey with alpha": encoded(drawn("LA"), "PNG"),
        "PNG in black and white": encoded(drawn("L").point(lambda v: 255 * (v > 127), "1"), "PNG"),
        "PNG with a palette": encoded(palette, "PNG"),
        "PNG with a palette and transparency": encoded(palette, "PNG", transparency=bytes([0, 90, 255] * 5)),
        "PNG in colour with a transparent colour": encoded(drawn("RGB"), "PNG", transparency=drawn("RGB").getpixel((3, 2))),
        "PNG in colour, 16 bits": png(WIDTH, HEIGHT, 16, 2, deep(3)),
        "PNG in colour with alpha, 16 bits": png(WIDTH, HEIGHT, 16, 6, deep(4)),
        "PNG in grey, 16 bits": png(WIDTH, HEIGHT, 16, 0, deep(1)),
        "PNG in grey with alpha, 16 bits": png(WIDTH, HEIGHT, 16, 4, deep(2)),
        "PNG with hidden colours": encoded(sheer([0, 255]), "PNG"),
        "PNG with every opacity": encoded(sheer(), "PNG"),
        "PNG in grey with a transparent grey": encoded(drawn("L"), "PNG", transparency=drawn("L").getpixel((3, 2))),
        "PNG in black and white with a transparent black": encoded(
            drawn("L").point(lambda v: 255 * (v > 127), "1"), "PNG", transparency=0
        ),
        "PNG with alpha and EXIF orientation 6": encoded(sheer(), "PNG", exif=orientation_exif(6)),
        "PNG of one pixel": encoded(drawn("RGB", size=(1, 1)), "PNG"),
        "JPEG in colour": encoded(smooth("RGB"), "JPEG", quality=95, subsampling=0),
        "JPEG in colour, subsampled": encoded(smooth("RGB"), "JPEG", quality=85, subsampling=2),
        "JPEG in colour, progressive": encoded(smooth("RGB"), "JPEG", quality=90, subsampling=0, progressive=True),
        "JPEG in grey": encoded(smooth("L"), "JPEG", quality=95),
        "JPEG in CMYK": encoded(smooth("CMYK"), "JPEG", quality=95),
        "WebP without loss": encoded(drawn("RGB"), "WEBP", lossless=True),
        "WebP without loss, with alpha": encoded(drawn("RGBA"), "WEBP", lossless=True, exact=True),
        "WebP without loss, with every opacity": encoded(sheer(), "WEBP", lossless=True, exact=True),
        "WebP": encoded(smooth("RGB"), "WEBP", quality=90),
        "GIF": encoded(frames[0], "GIF"),
        "GIF of five frames": moving("GIF", frames),
        "GIF of frames that cover a part": patched_gif(1),
        "GIF of frames that are cleared": patched_gif(2),
        "GIF of frames that are taken back": patched_gif(3),
        "WebP of frames with alpha": moving("WEBP", [sheer(), sheer([0, 128, 255]), sheer([255, 0])], lossless=True, exact=True),
        "GIF with a transparent colour": encoded(
            palette_frame(0).quantize(100, dither=Image.Dither.NONE), "GIF", transparency=palette_frame(0).quantize(100, dither=Image.Dither.NONE).getpixel((3, 2))
        ),
        "WebP of five frames": moving("WEBP", frames, lossless=True),
        "WebP of five frames with EXIF orientation 6": moving("WEBP", frames, lossless=True, exif=orientation_exif(6)),
    }


def avif(image: Image.Image, subsampling: str = "4:4:4", **options) -> bytes:
    return encoded(image, "AVIF", quality=100, subsampling=subsampling, **options)


def wide(mode: str) -> Image.Image:
    """Gentle slopes on more pixels than `smooth` has, as photographs have them."""
    return smooth(mode).resize((64, 32), Image.Resampling.BICUBIC)


def avif_pictures() -> dict[str, tuple[bytes, int]]:
    """Files, and how far their pixels may be from Pillow's: rounding, and for 4:2:0 that chroma is not interpolated."""
    moving_avif = moving("AVIF", [wide("RGB"), wide("RGB").rotate(180)], quality=100, subsampling="4:4:4")
    return {
        "AVIF": (avif(wide("RGB")), 1),
        "AVIF of limited range": (avif(wide("RGB"), range="limited"), 3),
        "AVIF in grey": (avif(wide("L"), "4:0:0"), 0),
        "AVIF with alpha": (avif(wide("RGBA")), 1),
        "AVIF with alpha that is multiplied already": (avif(wide("RGBA"), alpha_premultiplied=True), 1),
        "AVIF with chroma of half the size": (avif(wide("RGB"), "4:2:0"), 7),
        "AVIF of two tiles": (GRID.read_bytes(), 128),
        "AVIF that moves": (moving_avif, 1),
        **{
            f"AVIF with orientation {o}": (avif(wide("RGB"), exif=orientation_exif(o)), 1) for o in range(1, 9)
        },
    }


def shown(file: bytes) -> list[Image.Image]:
    """Each frame as viewers show it, as the reference's processor takes it: turned by EXIF, then laid on white."""
    image = Image.open(io.BytesIO(file))
    return [in_colour(ImageOps.exif_transpose(frame)) for frame in ImageSequence.Iterator(image)]


def in_colour(image: Image.Image) -> Image.Image:
    """Pillow makes white of every 16-bit grey above 255; viewers, and Vistazo, show its high byte."""
    if image.mode == "I;16":
        image = Image.frombytes("L", image.size, image.tobytes()[1::2])
    return Image.fromarray(convert_to_rgb(image, return_numpy=True))


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def case_of(name: str, file: bytes, max_difference: int, frames: list[Image.Image]) -> dict:
    return {
        "name": name,
        "size": list(frames[0].size),
        "maxDifference": max_difference,
        "file": base64_of(file),
        "frames": [base64_of(zlib.compress(frame.tobytes(), 9)) for frame in frames],
    }


def main():
    cases = [case_of(name, file, 0, shown(file)) for name, file in pictures().items()]
    # Of an AVIF that moves Vistazo sees the first frame.
    cases += [case_of(name, file, most, shown(file)[:1]) for name, (file, most) in avif_pictures().items()]
    versions = {"pillow": PIL.__version__, "transformers": transformers.__version__}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({**versions, "pictures": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
