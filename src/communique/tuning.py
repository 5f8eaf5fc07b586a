"""WeasyPrint's dearest steps, taken once for many documents, or left out where nothing comes of them.

What :func:`tune` puts in place stands in for WeasyPrint's own, and pages look the same with and without it. It leans on
WeasyPrint 70's insides, so it is left out of any other version: that is slower, and right.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterable
from functools import cached_property
from operator import itemgetter
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import pydyf
import weasyprint
from tinycss2 import serialize
from tinycss2.ast import Node
from weasyprint import css, images
from weasyprint.css import AnonymousStyle, ComputedStyle
from weasyprint.css.properties import INHERITED, INITIAL_NOT_COMPUTED, INITIAL_VALUES
from weasyprint.css.tokens import Pending
from weasyprint.draw import text
from weasyprint.layout import absolute, background, block, column, float, grid, inline, page, percent, preferred, table
from weasyprint.pdf import fonts, stream
from weasyprint.text import line_break
from weasyprint.text.ffi import ffi, harfbuzz, harfbuzz_subset
from weasyprint.text.fonts import get_hb_object_data

from communique import glyphs, lines

#: The version whose parts these are.
VERSION = "70.0"
#: Styles that are kept for the documents to come. One with an address or a style of its own is used only once.
KEPT_STYLES = 5000
#: Faces that are kept ready for subsets, of some megabytes each. The print layouts have two.
KEPT_FACES = 8
#: A face is made ready, which takes as long as a dozen subsets, when so many of it were asked for.
SUBSETS = 16
#: Sets of lengths whose used values are kept. The print layouts have a few dozen.
KEPT_LENGTHS = 5000
#: How hard zlib tries: 9, as pydyf has it, takes a quarter longer than 6 for files that are less than 1 % smaller.
COMPRESSION = 6
#: Tables of a font that mean nothing in a PDF (ISO 32000-1, 9.9): what places and replaces letters is done by then.
UNUSED_TABLES = "BASE DSIG EBDT EBLC EBSC GDEF GPOS GSUB JSTF LTSH PCLT vhea vmtx".split()

# What WeasyPrint does not declare of HarfBuzz.
ffi.cdef("hb_face_t * hb_subset_preprocess (hb_face_t *source);")


def forget() -> None:
    """Forget the styles of earlier documents: what WeasyPrint warns of in one, it tells of only when computing it."""
    Style.twins.clear()


class _PageSizeError(BaseException):
    """A length is a share of the page's, which a twin does not know; not for any ``except Exception`` on its way."""


class _NoPage(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        raise _PageSizeError


class Style(ComputedStyle):  # type: ignore[misc]
    """Computed values, looked up in a twin: a style of the same declarations that is no document's and outlives them.

    A document's own values stay in the document: layout changes some of them.
    """

    twins: ClassVar[dict[tuple[Any, ...], Any]] = {}

    @cached_property
    def twin(self) -> ComputedStyle:
        """The style that values are looked up in, found when the first is: most pseudo-elements never ask for one."""
        twin = self._twin()
        if self.pseudo_type not in ("first-line", "first-letter"):
            # What other documents asked for, this one is likely to; of these two, layout copies all there is.
            self.update({**twin, **self})
        return twin

    def _twin(self) -> ComputedStyle:
        above = getattr(self.parent_style, "twin", None)
        declared = tuple(
            (name, _frozen(value), order, layer, *weight)
            for name, (value, (order, layer, weight)) in self.cascaded.items()
        )
        # An address in a property of the author's, or beside one, is read from where the document is.
        bound = any("url(" in serialize(tokens) for tokens in self._unread())
        source = self.base_url if bound else None
        key = (id(self.font_config if above is None else above), self.pseudo_type, source, declared)
        if key not in self.twins:
            if len(self.twins) >= KEPT_STYLES:
                self.twins.clear()
            top = getattr(self.root_style, "twin", self.root_style)
            self.twins[key] = ComputedStyle(
                above, self.cascaded, self.pseudo_type, top, self.base_url, self.font_config, _NoPage()
            )
        return self.twins[key]

    def _unread(self) -> Iterable[Any]:
        """Yield the tokens of what is yet to be read: declarations with variables, and of them."""
        for name, (value, _) in self.cascaded.items():
            if isinstance(value, Pending):
                yield value.tokens
            elif name.startswith("__"):
                yield value

    @property
    def specified(self) -> dict[str, Any]:
        specified: dict[str, Any] = self.twin.specified
        return specified

    @specified.setter
    def specified(self, _: dict[str, Any]) -> None:
        """Let WeasyPrint begin, or copy, what the twin has."""

    def __missing__(self, key: str) -> Any:
        if key == "anchor" and key not in self.cascaded:
            # Asked of each style as soon as there is one, and for most all that ever is.
            return self.setdefault(key, None)
        try:
            value = self[key] = self.twin[key]
        except _PageSizeError:
            value = super().__missing__(key)
        return value


class Anonymous(AnonymousStyle):  # type: ignore[misc]
    """Computed values of a box that no element has: from the start all those that are the same in each."""

    same: ClassVar[dict[str, Any]] = {
        name: value
        for name, value in INITIAL_VALUES.items()
        if name not in INHERITED | INITIAL_NOT_COMPUTED | {"page"} and not name.startswith("text_decoration_")
    }

    def __init__(self, parent_style: Any) -> None:
        self.update(self.same)
        super().__init__(parent_style)


def _frozen(value: Any) -> Any:
    """Return what stands for a declared value: equal for two that were parsed from the same text."""
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    if isinstance(value, set):
        return frozenset(value)
    return value.serialize() if isinstance(value, Node) else value


_plainly_resolved = percent.resolve_percentages
_plainly_rounded = background.resolve_radii_percentages
SIDES = ("top", "right", "bottom", "left")
LENGTHS = [f"{what}_{side}" for what in ("margin", "padding") for side in SIDES]
LENGTHS += [f"{limit}{size}" for limit in ("", "min_", "max_") for size in ("width", "height")]
BORDERS = [f"border_{side}_width" for side in SIDES]
RADII = [f"border_{corner}_radius" for corner in ("top_left", "top_right", "bottom_right", "bottom_left")]
_sizes = itemgetter(*("border_collapse", "box_sizing", *BORDERS, *LENGTHS))
_radii = itemgetter(*RADII)
_square = (INITIAL_VALUES[RADII[0]],) * len(RADII)
#: What a box has of computed values where none is a share of something, None where one is.
_used: dict[tuple[Any, ...], dict[str, Any] | None] = {}


def resolve_percentages(box: Any, containing_block: Any) -> None:
    """Give a box its used margins, borders, paddings and sizes as WeasyPrint's function of this name does.

    Where none of them is a share of something, equal computed values have equal used ones.
    """
    computed = _sizes(box.style)
    try:
        used = _used[computed]
    except KeyError:
        if len(_used) >= KEPT_LENGTHS:
            _used.clear()
        used = _used[computed] = _found(box.style, computed)
    if used is None:
        _plainly_resolved(box, containing_block)
    else:
        for name, value in used.items():
            setattr(box, name, value)


def _found(style: Any, computed: tuple[Any, ...]) -> dict[str, Any] | None:
    """Return what WeasyPrint finds for a box of a style, None where it depends on more than the style."""
    lengths = computed[-len(LENGTHS) :]
    if computed[0] == "collapse" or any(x not in ("auto", None) and getattr(x, "unit", "") != "px" for x in lengths):
        return None
    box = SimpleNamespace(style=style)
    _plainly_resolved(box, (0, 0))
    return {name: value for name, value in vars(box).items() if name != "style"}


def resolve_radii_percentages(box: Any) -> None:
    """Give a box its round corners as WeasyPrint's function of this name does; most have none."""
    if _radii(box.style) == _square:
        for name in RADII:
            setattr(box, name, (0, 0))
    else:
        _plainly_rounded(box)


class _Face:
    """A font file that is open: its bytes, and the form of it that subsets are quickly made of."""

    _kept: ClassVar[dict[Any, _Face]] = {}

    def __init__(self, face: Any) -> None:
        self._face = ffi.gc(harfbuzz.hb_face_reference(face), harfbuzz.hb_face_destroy)
        self._subsets = 0

    @classmethod
    def of(cls, face: Any) -> _Face:
        """Return what is kept of a face; as long as it is kept, no other face has its address."""
        if face not in cls._kept:
            if len(cls._kept) >= KEPT_FACES:
                cls._kept.pop(next(iter(cls._kept)))
            cls._kept[face] = cls(face)
        return cls._kept[face]

    @cached_property
    def data(self) -> bytes:
        whole: bytes = get_hb_object_data(self._face)
        return whole

    @cached_property
    def _ready(self) -> Any:
        if not harfbuzz.hb_version_atleast(6, 0, 0):
            return self._face
        return ffi.gc(harfbuzz_subset.hb_subset_preprocess(self._face), harfbuzz.hb_face_destroy)

    def subset(self, wanted: Any) -> bytes | None:
        """Return the font of the wanted glyphs, None where that fails; it is the same before and after SUBSETS."""
        self._subsets += 1
        face = self._face if self._subsets < SUBSETS else self._ready
        subset = harfbuzz_subset.hb_subset_or_fail(face, wanted)
        return get_hb_object_data(ffi.gc(subset, harfbuzz.hb_face_destroy)) if subset != ffi.NULL else None


def _whole(face: Any) -> bytes:
    """Return the bytes of a font file."""
    return _Face.of(face).data


class Font(stream.Font):  # type: ignore[misc]
    """A font in a PDF, whose subset is made at one go, and how its glyphs are written at each size.

    WeasyPrint makes a second subset of the first, to leave out the empty glyphs after the last that is used: in a font
    that has its punctuation at its end these are few, and finding them takes five times as long as all the rest.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.strings: dict[float, dict[bytes, str]] = {}

    def _harfbuzz_subset(self, to_unicode: dict[int, str], hinting: bool) -> None:
        wanted = ffi.gc(harfbuzz_subset.hb_subset_input_create_or_fail(), harfbuzz_subset.hb_subset_input_destroy)
        _add(harfbuzz_subset.hb_subset_input_glyph_set(wanted), to_unicode)
        dropped = harfbuzz_subset.HB_SUBSET_SETS_DROP_TABLE_TAG
        tags = (harfbuzz.hb_tag_from_string(name.encode(), -1) for name in UNUSED_TABLES)
        _add(harfbuzz_subset.hb_subset_input_set(wanted, dropped), tags)
        flags = harfbuzz_subset.HB_SUBSET_FLAGS_RETAIN_GIDS | harfbuzz_subset.HB_SUBSET_FLAGS_DESUBROUTINIZE
        flags |= 0 if hinting else harfbuzz_subset.HB_SUBSET_FLAGS_NO_HINTING
        flags |= harfbuzz_subset.HB_SUBSET_FLAGS_NOTDEF_OUTLINE if self.missing else 0
        harfbuzz_subset.hb_subset_input_set_flags(wanted, flags)
        if data := _Face.of(self.hb_face).subset(wanted):
            self.file_content = data
        else:
            super()._harfbuzz_subset(to_unicode, hinting)


def _add(numbers: Any, added: Iterable[int]) -> None:
    """Add numbers to a set of HarfBuzz."""
    ordered = sorted(added)
    harfbuzz.hb_set_add_sorted_array(numbers, ffi.new("hb_codepoint_t[]", ordered), len(ordered))


class Picture(images.RasterImage):  # type: ignore[misc]
    """A picture that is scaled once for all languages of a release, from the file itself each time.

    WeasyPrint scales what it scaled for the document before.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._whole: bytes = self.image_data.data
        self._made: dict[tuple[bool, float], Any] = {}

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        size = (interpolate, dpi_ratio)
        if size not in self._made:
            self.image_data = self.cache_image_data(self._whole)
            made = super().get_x_object(interpolate, dpi_ratio)
            for part in (made, *filter(None, [made.extra.get("SMask")])):
                part.stream = [data.data for data in part.stream]
            self._made[size] = made
        # A document numbers what it is given, and puts numbers of its own into it.
        return copy.deepcopy(self._made[size])


class Written(pydyf.Object):  # type: ignore[misc]
    """An object of a PDF as bytes."""

    data = b""
    compressible = False

    def __init__(self, written: pydyf.Object) -> None:
        super().__init__()
        self.number, self.generation, self.free = written.number, written.generation, written.free
        self.compressible = written.compressible
        if written.free == "n":
            self.data = _deflated(written) if getattr(written, "compress", False) else written.data


def _deflated(stream: pydyf.Stream) -> bytes:
    data = zlib.compress(b"\n".join(map(pydyf._to_bytes, stream.stream)), COMPRESSION)
    whole: bytes = pydyf.Stream([data], {**stream.extra, "Filter": "/FlateDecode"}).data
    return whole


def written_once(_: Any, pdf: pydyf.PDF) -> None:
    """Turn the objects of a finished PDF into bytes: pydyf would do so twice, for the file and for its identifier."""
    pdf.objects[:] = map(Written, pdf.objects)


class Part(NamedTuple):
    """Something of WeasyPrint's: the module that it is found in, its name, WeasyPrint's own, and ours."""

    module: ModuleType
    name: str
    plain: Any
    tuned: Any


PARTS = [
    Part(module, name, getattr(module, name), tuned)
    for module, name, tuned in (
        (css, "ComputedStyle", Style),
        (css, "AnonymousStyle", Anonymous),
        (line_break, "Layout", lines.Layout),
        (inline, "split_first_line", lines.split_first_line),
        (preferred, "split_first_line", lines.split_first_line),
        (inline, "strut", lines.strut),
        *((m, "resolve_percentages", resolve_percentages) for m in (absolute, block, column, float, grid, inline)),
        *((m, "resolve_percentages", resolve_percentages) for m in (page, percent, table)),
        (background, "resolve_radii_percentages", resolve_radii_percentages),
        (text, "draw_first_line", glyphs.draw_first_line),
        (stream, "Font", Font),
        (fonts, "get_hb_object_data", _whole),
        (images, "RasterImage", Picture),
    )
]


def tune() -> None:
    """Have WeasyPrint use what is tuned, if it is of the version that this is made for."""
    if weasyprint.__version__ == VERSION:
        for part in PARTS:
            setattr(part.module, part.name, part.tuned)
