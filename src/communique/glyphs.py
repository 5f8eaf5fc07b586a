"""Glyphs as Pango has them, read a run at a time, and as they stand in a PDF.

WeasyPrint asks Pango for each glyph by itself, and puts its string together anew each time; here each that a font has
at a width is put together once for a document. Where there is more to a line than letters side by side, WeasyPrint
draws it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from weasyprint.draw import text as drawing
from weasyprint.text.ffi import FROM_UNITS, ffi, pango

#: What Pango has of a glyph: which it is, its width, how far it is moved to the right and down, in Pango's units.
GLYPH = struct.Struct("=Iiii")
#: The bytes of a glyph, this and more, from one to the next.
EACH = ffi.sizeof("PangoGlyphInfo")

_plainly_drawn = drawing.draw_first_line


class Run(NamedTuple):
    """Letters side by side in one font. Places are in bytes of ``text``."""

    font: Any
    glyphs: list[bytes]  #: what Pango has of each, see GLYPH
    clusters: list[int]  #: where the letters of each begin
    end: int  #: where the last one's letters end
    text: bytes
    leftward: bool

    def letters(self, place: int) -> str:
        """Return the letters that the glyph at a place of the run stands for."""
        after = place + (-1 if self.leftward else 1)
        end = self.clusters[after] if 0 <= after < len(self.clusters) else self.end
        return self.text[self.clusters[place] : end].decode()


def runs(line: Any, text: bytes) -> Iterator[Run]:
    """Yield the runs of a line of Pango's."""
    run = line.runs[0]
    while run != ffi.NULL:
        item, string = run.data.item, run.data.glyphs
        numbers = bytes(ffi.buffer(string.glyphs, string.num_glyphs * EACH))
        glyphs = [numbers[place : place + GLYPH.size] for place in range(0, len(numbers), EACH)]
        clusters = [item.offset + cluster for cluster in ffi.unpack(string.log_clusters, string.num_glyphs)]
        leftward = item.analysis.level % 2 == 1
        yield Run(item.analysis.font, glyphs, clusters, item.offset + item.length, text, leftward)
        run = run.next


class UnusualGlyphError(Exception):
    """A line that has more to it than letters side by side."""


def draw_first_line(stream: Any, box: Any, overflow: str, ellipsis: Any, matrix: Any) -> list[Any]:
    """Draw a line as WeasyPrint's function of this name does, and return its emojis."""
    if overflow == "ellipsis" or ellipsis != "none" or not box.text.strip() or box.style["font_size"] < 1e-6:
        return list(_plainly_drawn(stream, box, overflow, ellipsis, matrix))
    try:
        drawn = [_drawn(stream, run) for run in box.pango_layout.runs()]
    except UnusualGlyphError:
        return list(_plainly_drawn(stream, box, overflow, ellipsis, matrix))
    stream.set_text_matrix(*matrix.values)
    string, previous = "", None
    for pango_font, font, size, glyphs in drawn:
        if pango_font != previous:
            if string:
                stream.show_text(string)
            stream.set_font_size(font.hash, size)
            string, previous = "", pango_font
        string += glyphs
    stream.show_text(string)
    return []


def _drawn(stream: Any, run: Run) -> tuple[Any, Any, float, str]:
    """Return Pango's font of a run, the PDF's and its size, and the string of the glyphs."""
    font, size = stream.add_font(run.font)
    if font.svg or font.png or font.colr or font.bitmap:
        raise UnusualGlyphError
    known = font.strings.setdefault(size, {})
    strings: list[Any] = list(map(known.get, run.glyphs))
    while None in strings:
        place = strings.index(None)
        glyph, *moves = GLYPH.unpack(run.glyphs[place])
        strings[place] = known[run.glyphs[place]] = _string(stream, run.font, font, size, glyph, *moves)
        if glyph not in font.to_unicode and glyph != pango.PANGO_GLYPH_EMPTY:
            font.to_unicode[glyph] = run.letters(place)
    string = f"<{''.join(strings)}"
    return run.font, font, size, string[:-1] if string[-1] == "<" else f"{string}>"


def _string(stream: Any, pango_font: Any, font: Any, size: float, glyph: int, width: int, right: int, down: int) -> str:
    """Return a glyph as it stands in the string of a line, with what its width differs by from the font's."""
    if glyph == pango.PANGO_GLYPH_EMPTY:
        return f">{-width / size}<"
    if down or not glyph or glyph & pango.PANGO_GLYPH_UNKNOWN_FLAG:
        raise UnusualGlyphError
    if glyph not in font.widths:
        pango.pango_font_get_glyph_extents(pango_font, glyph, stream.ink_rect, stream.logical_rect)
        font.widths[glyph] = round(stream.logical_rect.width * 1000 * FROM_UNITS / size)
    offset = right / size
    kerning = font.widths[glyph] + offset - width * 1000 * FROM_UNITS / size
    return (f">{-offset}<" if offset else "") + f"{glyph:04x}" + (f">{int(kerning)}<" if kerning else "")
