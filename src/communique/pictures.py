"""Is it a picture, how large is it, and smaller ones of it."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

KNOWN = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}

#: Widths (pixels) of the smaller pictures that browsers choose from: a telephone, a column, a column on a sharp screen.
WIDTHS = (480, 960, 1440)


def renditions(name: str, width: int) -> tuple[tuple[str, int], ...]:
    """Return the names and widths (pixels) of the smaller pictures made of one, narrowest first.

    The letters of the ending are a part of the name: a.jpg and a.png may lie side by side.
    """
    stem, _, ending = name.rpartition(".")
    if ending.lower() not in ("jpg", "jpeg", "png", "webp"):
        return ()
    return tuple((f"{stem}-{ending.lower()}-{narrow}.webp", narrow) for narrow in WIDTHS if narrow < width)


def narrowed(data: bytes, width: int) -> bytes:
    """Return a picture as WebP of so many pixels' width, without what a camera wrote into it.

    Raises ValueError, in an author's words, for one that cannot be read.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=list(KNOWN)) as picture:
            upright = ImageOps.exif_transpose(picture)
            sees_through = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
            colours = upright.convert("RGBA" if sees_through else "RGB")
            height = max(1, round(colours.height * width / colours.width))
            smaller = colours.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
            made = io.BytesIO()
            smaller.save(made, "WEBP", quality=80, method=2, exif=b"")
            return made.getvalue()
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise ValueError(f"is a damaged picture ({error})") from None


def size(data: bytes, name: str) -> tuple[int, int]:
    """Return a picture's width and height in pixels, zeros for a drawing that has no size of its own.

    Raises ValueError, in an author's words, for what is no JPEG, PNG, WebP, GIF or SVG.
    """
    if name.lower().endswith(".svg"):
        return _drawing(data)
    # Pillow is slow to import, and a release without pictures does not need it.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=list(KNOWN)) as picture:
            width, height = picture.size
            # A camera held upright writes that down beside the pixels (Exif 2.3, orientation 5 to 8).
            upright = picture.format == "JPEG" and picture.getexif().get(0x0112, 1) >= 5
            picture.verify()
            return (height, width) if upright else (width, height)
    except UnidentifiedImageError:
        raise ValueError("is no picture") from None
    except Image.DecompressionBombError:
        raise ValueError("is too large a picture") from None
    except (OSError, SyntaxError, ValueError, Warning) as error:
        raise ValueError(f"is a damaged picture ({error})") from None


def _drawing(data: bytes) -> tuple[int, int]:
    if b"<!ENTITY" in data:
        raise ValueError("is a drawing with XML entities")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError:
        raise ValueError("is no picture") from None
    if root.tag.rpartition("}")[2] != "svg":
        raise ValueError("is no picture")
    if any(e.tag.rpartition("}")[2] in ("script", "foreignObject") for e in root.iter()):
        raise ValueError("is a drawing with a script in it")
    box = root.get("viewBox", "").replace(",", " ").split()
    lengths = [root.get("width", ""), root.get("height", "")]
    if all(re.fullmatch(r"[\d.]+(px)?", length) for length in lengths):
        width, height = (round(float(length.removesuffix("px"))) for length in lengths)
        return width, height
    try:
        return (round(float(box[2])), round(float(box[3]))) if len(box) == 4 else (0, 0)
    except ValueError:
        return 0, 0
