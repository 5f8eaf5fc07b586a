"""LocalizedRelease → the picture that social media show beside a link to it."""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING

from communique.localize import LocalizedRelease
from communique.reader import Reader

if TYPE_CHECKING:
    from PIL import ImageFont

#: Pixels, as Open Graph's readers want them: https://ogp.me, and 1.91:1 of Facebook's and LinkedIn's guides.
SIZE = (1200, 630)
MARGIN = 80
INK, MUTED, PAPER = "#1a1d21", "#565d66", "#ffffff"
REGULAR, BOLD = ("templates/fonts/PretendardGOV-Regular.ttf", "templates/fonts/PretendardGOV-Bold.ttf")
#: From where the headline may reach down to where, and its sizes: the largest that fits. All in pixels.
TOP, BOTTOM, SIZES = 158, 500, (66, 54, 44)
#: Steps between paper and a colour. Three colours of 16 steps are a palette of 48.
STEPS = 16


@cache
def _font(data: bytes, size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    # The basic layout is in every Pillow; Raqm's, where it is there, sets other pixels.
    return ImageFont.truetype(io.BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


def draw(release: LocalizedRelease, reader: Reader) -> bytes:
    """Return the card as PNG; raises InputError for a missing font.

    It is drawn as how much colour each pixel has, and each of its three bands has one colour: a palette from the
    start, for finding the best one afterwards takes longer than all the rest.
    """
    from PIL import Image, ImageDraw

    regular, bold = _font(reader.read(REGULAR), 30), reader.read(BOLD)
    cover = Image.new("L", SIZE, 0)
    pen = ImageDraw.Draw(cover)
    room = SIZE[0] - 2 * MARGIN
    pen.rectangle((0, 0, SIZE[0], 18), fill=255)
    pen.text((MARGIN, 80), _lines(str(release.office.name), regular, room, 1)[0], font=regular, fill=255)
    for size in SIZES:
        font, step = _font(bold, size), round(size * 1.3)
        lines = _lines(str(release.title), font, room, (BOTTOM - TOP) // step)
        if not lines[-1].endswith("…"):
            break
    for number, line in enumerate(lines):
        pen.text((MARGIN, TOP + number * step), line, font=font, fill=255)
    pen.line((MARGIN, 528, SIZE[0] - MARGIN, 528), fill=80, width=2)
    pen.text((MARGIN, 548), release.day.text, font=regular, fill=255)
    bands = ((0, TOP - 20, release.office.accent), (TOP - 20, 515, INK), (515, SIZE[1], MUTED))
    card = Image.new("P", SIZE)
    palette: list[int] = []
    for number, (top, bottom, colour) in enumerate(bands):
        steps = [number * STEPS + level * STEPS // 256 for level in range(256)]
        card.paste(cover.crop((0, top, SIZE[0], bottom)).point(steps), (0, top))
        palette += _ramp(colour)
    card.putpalette(palette)
    made = io.BytesIO()
    # Long runs of paper: looking for these alone makes files almost as small in a fraction of the time.
    card.save(made, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return made.getvalue()


def _ramp(colour: str) -> list[int]:
    """Return the steps from paper to a colour, as red, green and blue one after the other."""
    from PIL import ImageColor

    paper, ink = ImageColor.getrgb(PAPER), ImageColor.getrgb(colour)
    pairs = list(zip(paper[:3], ink[:3], strict=True))
    return [round(a + (b - a) * step / (STEPS - 1)) for step in range(STEPS) for a, b in pairs]


def _lines(text: str, font: ImageFont.FreeTypeFont, width: int, most: int) -> list[str]:
    """Return a text broken between words; what is more than the most lines ends in an ellipsis."""
    # The fonts have U+202F, but Pillow breaks at no space of these anyway: only U+0020 is a place to break.
    space, lines, taken = font.getlength(" "), [""], 0.0
    for word in text.split(" "):
        length = font.getlength(word)
        if lines[-1] and taken + space + length > width:
            lines.append("")
        taken = taken + space + length if lines[-1] else length
        lines[-1] = f"{lines[-1]} {word}".strip()
    cut, lines = len(lines) > most, lines[:most]
    lines[-1] += "…" * cut
    return [line if font.getlength(line) <= width else _shortened(line, font, width) for line in lines]


def _shortened(line: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Return as much of a line as there is room for, with an ellipsis."""
    kept = bisect_right(range(len(line)), float(width), key=lambda end: font.getlength(line[:end] + "…"))
    return line[: max(kept - 1, 0)].rstrip(" …") + "…"
