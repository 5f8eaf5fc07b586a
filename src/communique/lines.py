"""Lines of text as WeasyPrint breaks them, with less asked of Pango.

For each line WeasyPrint has two lines' worth of text shaped, then the line with a word more that may still fit, and
then the line alone. A :class:`Paragraph` is shaped once: it knows where each of its words ends, and its lines are drawn
from it. Where a line might be another by itself, and for texts that are not of the plain kind, WeasyPrint's own way is
taken; pages are the same either way.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from weasyprint.text import line_break
from weasyprint.text.ffi import FROM_UNITS, TO_UNITS, ffi, gobject, pango

from communique.glyphs import GLYPH, Run, runs

# What WeasyPrint does not declare of Pango.
ffi.cdef("""
    PangoContext * pango_layout_get_context (PangoLayout *layout);
    PangoFontDescription * pango_layout_get_font_description (PangoLayout *layout);
    PangoFontDescription * pango_font_description_copy (PangoFontDescription *desc);
    PangoAttrList * pango_attr_list_copy (PangoAttrList *list);
    void * g_object_ref (void *object);
""")

#: What no line is wider than, in CSS pixels; WeasyPrint has the same limit.
WIDEST = 2**21
#: How much wider or narrower, in em, a text may be alone than beside others.
NEAR = 0.1
#: What looks the same beside anything: fonts have other forms of dashes, colons and quotation marks beside capitals,
#: digits and Hangul, and see them across spaces.
PLAIN = re.compile(r"[\w\s,.\u2060]+")
#: How many letters away a font sees something.
SEEN = 8
#: What ends a paragraph, has a width of its own rules, or a hyphen that is not always seen.
UNUSUAL = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\xad\u2028\u2029]")
#: The bit of a letter before which a line may end.
LINE_BREAK = 1

_plainly_split = line_break.split_first_line
_plain_strut = line_break.strut


class Layout(line_break.Layout):  # type: ignore[misc]
    """A text's layout by Pango, kept from measuring to drawing; those of one style share what the style gives."""

    def setup(self, style: Any) -> None:
        shared = getattr(style, "shared", None)
        if shared is None:
            super().setup(style)
            if style["text_decoration_line"] == "none":
                style.shared = self._shared()
        else:
            self.style = style
            self.first_line_direction = 0
            self.ascent = self.underline_position = self.strikethrough_position = None
            self.underline_thickness = self.strikethrough_thickness = None
            context, description, attributes, self.language = shared
            self.layout = ffi.gc(pango.pango_layout_new(context), gobject.g_object_unref)
            pango.pango_layout_set_auto_dir(self.layout, False)
            pango.pango_layout_set_font_description(self.layout, description)
            if attributes != ffi.NULL:
                # A text adds attributes of its own.
                own = ffi.gc(pango.pango_attr_list_copy(attributes), pango.pango_attr_list_unref)
                pango.pango_layout_set_attributes(self.layout, own)

    def _shared(self) -> tuple[Any, ...]:
        """Return what a new layout has of its style, before it has a text."""
        context = gobject.g_object_ref(pango.pango_layout_get_context(self.layout))
        description = pango.pango_font_description_copy(pango.pango_layout_get_font_description(self.layout))
        attributes = pango.pango_layout_get_attributes(self.layout)
        if attributes != ffi.NULL:
            attributes = ffi.gc(pango.pango_attr_list_copy(attributes), pango.pango_attr_list_unref)
        return (
            ffi.gc(ffi.cast("PangoContext *", context), gobject.g_object_unref),
            ffi.gc(description, pango.pango_font_description_free),
            attributes,
            self.language,
        )

    def set_text(self, text: str, justify: bool = False) -> None:
        # Drawing asks for one paragraph, and has the text laid out anew where that is a change.
        single = not any(end in text for end in "\n\r\u2029")
        pango.pango_layout_set_single_paragraph_mode(self.layout, single)
        super().set_text(text, justify)

    def deactivate(self) -> None:
        if self.justification_spacing:
            super().deactivate()
        else:
            pango.pango_layout_set_width(self.layout, -1)

    def reactivate(self, style: Any) -> None:
        if self.justification_spacing:
            super().reactivate(style)

    def runs(self) -> Iterator[Run]:
        """Yield the runs of the first line."""
        pango.pango_layout_set_single_paragraph_mode(self.layout, True)
        line, _ = self.get_first_line()
        return runs(line, self.text.encode())


class Shaped(NamedTuple):
    """A text's layout as one line, the line, and its size and baseline in CSS pixels."""

    layout: Layout
    line: Any
    width: float
    height: float
    baseline: float

    @classmethod
    def of(cls, text: str, style: Any, max_width: float) -> Shaped:
        """Return a text shaped as one line; the width is for whoever puts an ellipsis to its end."""
        layout = Layout(style, 0, max_width)
        layout.set_text(text)
        line, _ = layout.get_first_line()
        width, height = line_break.line_size(line, style)
        return cls(layout, line, width, height, pango.pango_layout_get_baseline(layout.layout) * FROM_UNITS)

    def split(self, after: int | None) -> tuple[Any, ...]:
        """Return it as WeasyPrint has a line that was split from a text, whose rest begins at a byte."""
        self.layout.deactivate()
        return self.layout, self.line.length, after, self.width, self.height, self.baseline


class Paragraph:
    """A text of one style, shaped as one line, and where in it lines may end.

    Places in the text are counted in letters, ``bytes`` has them in bytes; widths are in Pango's units.
    """

    def __init__(self, shaped: Shaped) -> None:
        text = self.text = shaped.layout.text
        size, encoded = len(text), text.encode()
        self.bytes: Any = range(size + 1)
        if not text.isascii():
            self.bytes = [place for place, byte in enumerate(encoded) if byte & 0xC0 != 0x80] + [len(encoded)]
        length = ffi.new("int *")
        letters = pango.pango_layout_get_log_attrs_readonly(shaped.layout.layout, length)
        bits = memoryview(ffi.buffer(letters, length[0] * ffi.sizeof("PangoLogAttr"))).cast("I")[1:size]
        #: Where the next line may begin, and after the last of these the end of the text.
        self.starts = [place for place, bit in enumerate(bits, 1) if bit & LINE_BREAK] + [size]
        #: Where the line before each of these ends: a space there is in no line.
        self.ends = [place - (text[place - 1] == " ") for place in self.starts]
        #: Where a line may begin.
        self.begins = {0, *self.starts}
        self.runs = list(runs(shaped.line, encoded))
        self._clusters = [cluster for run in self.runs for cluster in run.clusters]
        self._glyphs = [glyph for run in self.runs for glyph in run.glyphs]
        self._fonts = [run.font for run in self.runs for _ in run.glyphs]
        widths = (width for _, width, _, _ in GLYPH.iter_unpack(b"".join(self._glyphs)))
        self._widths: list[int] = [0, *accumulate(widths)]
        #: Whether lines of it are found here.
        self.plain = not any(run.leftward for run in self.runs)
        self.plain &= not any(text[end - 1].isspace() for end in self.ends if end)
        self._edges = list(map(self.before, self.ends))
        self._seams = {run.clusters[0] for run in self.runs}
        #: Lines of one font have its style, direction, height and baseline. It keeps the fonts, too.
        self.shaped = shaped
        self.one_font = len(set(self._fonts)) == 1
        self._near = int(NEAR * shaped.layout.style["font_size"] * TO_UNITS)
        self._alone = ffi.new("PangoRectangle *")

    def _glyph(self, letter: int) -> int:
        """Return the number of the glyph that begins with a letter."""
        return bisect_left(self._clusters, self.bytes[letter])

    def before(self, letter: int) -> int:
        """Return the width of the text before a letter."""
        return self._widths[self._glyph(letter)]

    def line(self, start: int, width: int) -> tuple[int, int] | None:
        """Return where the line ends that begins at ``start``, and where the next begins, of the most that fits.

        None where nothing fits, where Pango may end it sooner (between two scripts), and where something just fits or
        just does not, and may by itself be wider or narrower than here.
        """
        edge = self.before(start) + width
        if self._widths[-1] <= edge:
            return self.starts[-1], self.starts[-1]
        last = bisect_right(self._edges, edge) - 1
        if not 0 <= last < len(self.ends) - 1 or self.ends[last] <= start or self.bytes[self.ends[last]] in self._seams:
            return None
        close = bisect_right(self._edges, edge - self._near) != bisect_right(self._edges, edge + self._near)
        if close and not all(self.is_alike(start, end) for end in self.ends[last : last + 2]):
            return None
        return self.ends[last], self.starts[last]

    def word(self, start: int) -> tuple[int, int] | None:
        """Return where the word that begins at a place ends, and where the next begins; None as in :meth:`line`."""
        first = bisect_right(self.starts, start)
        if self.ends[first] <= start or self.bytes[self.ends[first]] in self._seams:
            return None
        return self.ends[first], self.starts[first]

    def is_alike(self, start: int, end: int) -> bool:
        """Tell whether the letters between two places look the same alone as with what is around them."""
        if end - start == len(self.text):
            return True
        near = min(start + SEEN, end), max(end - SEEN, start)
        plain = PLAIN.fullmatch(self.text, start, near[0]) and PLAIN.fullmatch(self.text, near[1], end)
        # A space that begins a line is of the font of what it follows, and alone of another.
        return bool(plain) and self.text[start] != " " and self._stands_alone(end)

    def _stands_alone(self, end: int) -> bool:
        """Tell whether the letter before a place is as wide as alone: a space after it may have drawn it nearer."""
        place = self._glyph(end) - 1
        what, width, _, _ = GLYPH.unpack(self._glyphs[place])
        pango.pango_font_get_glyph_extents(self._fonts[place], what, ffi.NULL, self._alone)
        return bool(self._alone.width == width)

    def part(self, start: int, end: int) -> Iterator[Run]:
        """Yield the runs between two letters, cut there."""
        first, last = self._glyph(start), self._glyph(end)
        for run in self.runs:
            cut = slice(max(first, 0), max(last, 0))
            if glyphs := run.glyphs[cut]:
                ends = min(run.end, self.bytes[end])
                yield Run(run.font, glyphs, run.clusters[cut], ends, run.text, run.leftward)
            first -= len(run.glyphs)
            last -= len(run.glyphs)


class Line(Layout):
    """A line of a paragraph of one font, drawn from there, and laid out by Pango only if more is wanted of it."""

    def __init__(self, paragraph: Paragraph, start: int, end: int, max_width: float) -> None:
        self.text = paragraph.text[start:end]
        self.style = paragraph.shaped.layout.style
        self.max_width = max_width
        self.justification_spacing = 0
        self.first_line_direction = paragraph.shaped.layout.first_line_direction
        self.ascent = self.underline_position = self.strikethrough_position = None
        self._drawn = paragraph, start, end

    @cached_property
    def layout(self) -> Any:
        return Shaped.of(self.text, self.style, self.max_width).layout.layout

    def deactivate(self) -> None:
        if "layout" in vars(self):
            super().deactivate()

    def runs(self) -> Iterator[Run]:
        paragraph, start, end = self._drawn
        return paragraph.part(start, end)


def split_first_line(
    text: str,
    style: Any,
    context: Any,
    max_width: float | None,
    justification_spacing: float,
    is_line_start: bool = True,
    minimum: bool = False,
) -> tuple[Any, ...]:
    """Return what WeasyPrint's function of this name does: a line's layout, length, next start, size and baseline."""
    line = None
    room = WIDEST if max_width is None else min(max_width, WIDEST)
    if text and (room >= style["font_size"] or (minimum and not room)) and not justification_spacing:
        line = _line(text, style, room)
    return line or _plainly_split(text, style, context, max_width, justification_spacing, is_line_start, minimum)


def _line(text: str, style: Any, max_width: float) -> tuple[Any, ...] | None:
    """Return a line where it is certain, in a text of the plain kind; one of a single word where there is no room."""
    paragraph = getattr(style, "paragraph", None)
    if paragraph is None or not paragraph.text.endswith(text):
        if UNUSUAL.search(text) or not _is_plain(style):
            return None
        shaped = Shaped.of(text, style, max_width)
        if shaped.width <= max_width:
            return shaped.split(None)
        paragraph = style.paragraph = Paragraph(shaped)
    start = len(paragraph.text) - len(text)
    if start not in paragraph.begins or not paragraph.plain:
        return None
    found = paragraph.line(start, int(max_width * TO_UNITS)) if max_width else paragraph.word(start)
    if not found:
        return None
    end, after = found
    rest = paragraph.bytes[after] - paragraph.bytes[start] if after < len(paragraph.text) else None
    if not paragraph.one_font or not paragraph.is_alike(start, end):
        shaped = Shaped.of(paragraph.text[start:end], style, max_width)
        return shaped.split(rest) if shaped.width <= max_width or not max_width else None
    width = (paragraph.before(end) - paragraph.before(start)) * FROM_UNITS
    length = paragraph.bytes[end] - paragraph.bytes[start]
    line = Line(paragraph, start, end, max_width)
    return line, length, rest, width, paragraph.shaped.height, paragraph.shaped.baseline


def _is_plain(style: Any) -> bool:
    """Tell whether lines of this style are as wide as their letters, and end at spaces and between letters alone."""
    return (
        style["white_space"] in ("normal", "pre-line")
        and style["overflow_wrap"] != "anywhere"
        and style["word_break"] != "break-all"
        and style["direction"] == "ltr"
        and style["hyphens"] != "auto"
        and style["letter_spacing"] == "normal"
        and style["text_decoration_line"] == "none"
        and not style["word_spacing"]
    )


def strut(style: Any) -> tuple[float, float]:
    """Return what WeasyPrint's function of this name does, a line's height and baseline, found once for each style."""
    found: tuple[float, float] | None = getattr(style, "strut", None)
    if found is None:
        found = style.strut = _plain_strut(style)
    return found
