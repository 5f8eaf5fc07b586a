"""LocalizedRelease → the picture that social media show beside a link to it."""

from __future__ import annotations

import io
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


@cache
def _font(data: bytes, size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    # The basic layout is in every Pillow; Raqm's, where it is there, sets other pixels.
    return ImageFont.truetype(io.BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


def draw(release: LocalizedRelease, reader: Reader) -> bytes:
    """Return the card as PNG; raises InputError for a missing font. Few colours make it small."""
    from PIL import Image, ImageDraw

    regular, bold = reader.read(REGULAR), reader.read(BOLD)
    card = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(card)
    room = SIZE[0] - 2 * MARGIN
    pen.rectangle((0, 0, SIZE[0], 18), fill=release.office.accent)
    office = _lines(str(release.office.name), _font(bold, 34), room, 1)
    pen.text((MARGIN, 78), office[0], font=_font(bold, 34), fill=release.office.accent)
    for size in (68, 60, 52, 46):
        font, step = _font(bold, size), round(size * 1.3)
        lines = _lines(str(release.title), font, room, 99)
        if len(lines) * step <= 330:
            break
    else:
        lines = _lines(str(release.title), font, room, 330 // step)
    for number, line in enumerate(lines):
        pen.text((MARGIN, 158 + number * step), line, font=font, fill=INK)
    pen.line((MARGIN, 528, SIZE[0] - MARGIN, 528), fill="#c9ced6", width=2)
    pen.text((MARGIN, 548), release.day.text, font=_font(regular, 30), fill=MUTED)
    made = io.BytesIO()
    card.quantize(32, dither=Image.Dither.NONE).save(made, "PNG", compress_level=6)
    return made.getvalue()


def _lines(text: str, font: ImageFont.FreeTypeFont, width: int, most: int) -> list[str]:
    """Return a text broken between words; what is more than the most lines ends in an ellipsis."""
    # The fonts have U+202F, but Pillow breaks at no space of these anyway: only U+0020 is a place to break.
    words, lines = text.split(" "), [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    cut = len(lines) > most
    lines = lines[:most]
    for number, line in enumerate(lines):
        last = cut and number == most - 1
        if font.getlength(line + "…" * last) > width or last:
            kept = len(line)
            while kept and font.getlength(line[:kept] + "…") > width:
                kept -= 1
            lines[number] = line[:kept].rstrip() + "…"
    return lines
