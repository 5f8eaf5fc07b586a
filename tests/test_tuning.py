"""WeasyPrint with our tuning makes what it makes without."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from communique.pdf import load_weasyprint
from conftest import ROOT

weasyprint = load_weasyprint()

from weasyprint import css  # noqa: E402
from weasyprint.text.fonts import FontConfiguration  # noqa: E402

from communique import tuning  # noqa: E402

FONTS = (ROOT / "templates/fonts/fonts.css").as_uri()
STYLE = """
    @page { size: A5; margin: 15mm; @bottom-center { content: counter(page) " / " counter(pages) }
            @top-left { content: string(title) } }
    @page :first { margin-top: 40mm }
    html { font: 10pt/1.5 "Pretendard GOV"; --far: 3em; --ink: #123456; font-feature-settings: "ss05" }
    h1 { string-set: title content(); font-size: 2em; color: var(--ink); margin-left: var(--far) }
    h1::first-letter { font-size: 2em } h2 { letter-spacing: .1em; text-transform: uppercase }
    .full { text-align: justify } .wide { word-spacing: .5em } .short { width: 20vw; border: 1pt solid }
    .cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; width: 30mm }
    .note { float: footnote } ul { columns: 2 } td { padding: inherit; border: calc(1pt + .1em) solid }
    .out { position: absolute; right: 0; font-size: smaller } img { width: 40mm } .small { width: 10mm }
"""
WORDS = "정부는 스타트업 기금을 fund of €12 million for 1,200 companies, « œuvres d’été » ouvertes à 10:30 and more. "
BODY = f"""
    <h1 id="top">Fund 기금 launched</h1><h2>Much of it</h2><p class="out">out</p>
    <p class="full">{WORDS * 6}</p><p class="wide">{WORDS * 3}<b>{WORDS}</b> <u>under</u> <s>out</s></p>
    <div class="short">short</div><p class="cut">{WORDS}</p><pre>one\n  two\n\tthree</pre>
    <p>Noted<span class="note">{WORDS}</span>, <a href="#top">up</a>, x<sup>2</sup></p>
    <ul><li>{WORDS}</li><li lang="fr">{WORDS}</li></ul>
    <table><tr><th>a</th><td>{WORDS}</td></tr></table>
    <img src="photo.jpg" alt="a"><img class="small" src="photo.jpg" alt="b"><img class="small" src="cut.png" alt="c">
    <p style="page-break-before: always; margin-left: 10vw">{WORDS * 20}</p>
"""


@pytest.fixture
def untuned(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Yield a function that puts WeasyPrint's own parts back."""

    def undo() -> None:
        for part in tuning.PARTS:
            monkeypatch.setattr(part.module, part.name, part.plain)

    tuning.forget()
    return undo


class Press:
    """Prints pages with one font configuration and one cache, as a process does for a release's languages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fonts = FontConfiguration()
        self.cache: dict[str, Any] = {}
        self.sheets = [weasyprint.CSS(url=FONTS, font_config=self.fonts)]
        light = Image.radial_gradient("L").resize((900, 600))
        light.convert("RGB").save(folder / "photo.jpg", quality=95)
        Image.merge("RGBA", [light, light, light, light]).save(folder / "cut.png")

    def print(self, body: str = BODY, style: str = STYLE, base: Path | None = None) -> bytes:
        """Return the PDF of a page."""
        html = f'<html lang="ko"><title>t</title><style>{style}</style><body>{body}'
        document = weasyprint.HTML(string=html, base_url=f"{(base or self.folder).as_uri()}/")
        pdf: bytes = document.write_pdf(
            stylesheets=self.sheets,
            font_config=self.fonts,
            cache=self.cache,
            pdf_variant="pdf/a-3a",
            pdf_identifier=b"0" * 16,
            dpi=150,
            jpeg_quality=85,
        )
        return pdf


def pictures(pdf: bytes) -> list[bytes]:
    """Return the pages as pictures, drawn by Poppler."""
    drawn = subprocess.run(["pdftoppm", "-r", "90", "-png", "-"], input=pdf, capture_output=True, check=True).stdout
    return [b"\x89PNG" + page for page in drawn.split(b"\x89PNG")[1:]]


def text(pdf: bytes) -> str:
    return subprocess.run(
        ["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True, text=False
    ).stdout.decode()


def without_fonts(pdf: bytes) -> list[str]:
    """Return what a PDF holds but for its fonts."""
    said = []
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for thing in opened.objects:
            data = isinstance(thing, pikepdf.Stream)
            if (data and thing.get("/Type") in ("/ObjStm", "/XRef")) or "/Length1" in repr(thing):
                continue
            said.append(repr(thing.read_raw_bytes() if data else thing))
    return said


def unpacked(pdf: bytes) -> bytes:
    """Return a PDF without compression, as qpdf writes it; its identifier is of its bytes before."""
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        del opened.trailer["/ID"]
        opened.save(made, static_id=True, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.all)
    return made.getvalue()


def test_a_page_is_the_same_tuned_or_not_but_for_a_smaller_font(tmp_path: Path, untuned: Callable[[], None]) -> None:
    tuned = Press(tmp_path).print()
    untuned()
    plain = Press(tmp_path).print()
    assert pictures(tuned) == pictures(plain)
    assert text(tuned) == text(plain)
    assert len(pictures(tuned)) > 2
    assert without_fonts(tuned) == without_fonts(plain)
    assert len(tuned) < len(plain)


@pytest.mark.parametrize("sizing", ["content-box", "border-box", "padding-box"])
def test_lengths_and_corners_are_the_same_whatever_they_are_a_share_of(
    sizing: str, tmp_path: Path, untuned: Callable[[], None]
) -> None:
    style = f"""
        @page {{ size: 120mm 200mm; margin: 5% 10%; @top-center {{ content: "top"; width: 50%; border: 1pt solid }} }}
        * {{ box-sizing: {sizing} }} html {{ font: 9pt "Pretendard GOV" }}
        div, p, td, img, li {{ border: 1pt solid; padding: 1% 2mm }} p {{ margin: 3% auto 2mm calc(1em + 2%) }}
        .half {{ width: 50%; min-height: 20mm; max-width: 40mm; border-radius: 2mm }}
        .tall {{ height: 40mm }} .tall > * {{ height: 50%; min-width: calc(10% + 1mm); border-radius: 50% / 20% }}
        .out {{ position: absolute; right: 5%; top: 10%; width: 20%; overflow: hidden }}
        .side {{ float: left; width: 30%; margin: 1mm; border-top-left-radius: 3mm }}
        .row {{ display: flex }} .row > * {{ flex: 1 1 20%; margin: auto }} .net {{ display: grid;
        grid-template-columns: 1fr 30% }} .net > * {{ width: 50% }} .two {{ columns: 2 }}
        b {{ padding: 0 2%; border: 0 }} .one td {{ width: 30% }}
        .shut {{ border-collapse: collapse; width: 80% }} img {{ max-width: 30%; height: auto }}
    """
    body = """
        <div class="out">out <img src="photo.jpg" alt="a"></div><div class="half">half</div><p>one</p><p>two</p>
        <div class="tall"><div>a</div><p class="half">b</p></div><div class="side">side</div><p>beside</p>
        <div class="row"><div>a</div><p>b</p><div class="half">c</div></div><div class="net"><div>a</div><p>b</p></div>
        <div class="two"><p>a</p><p>b <b>c</b></p></div><table class="one"><tr><td>a<td>b</table>
        <table class="shut"><tr><td>a<td>b<tr><td>c<td>d</table><ul><li>one<li>two</ul><img src="photo.jpg" alt="b">
    """
    tuned = Press(tmp_path).print(body, style)
    untuned()
    assert without_fonts(tuned) == without_fonts(Press(tmp_path).print(body, style))


def test_a_file_is_the_same_where_its_objects_are_written_once(tmp_path: Path) -> None:
    document = weasyprint.HTML(string=f"<html lang=ko><title>t</title><body>{BODY}", base_url=f"{tmp_path.as_uri()}/")
    rendered = document.render(stylesheets=[FONTS])
    options = {"pdf_variant": "pdf/a-3a", "pdf_identifier": b"0" * 16}
    once, twice = rendered.write_pdf(finisher=tuning.written_once, **options), rendered.write_pdf(**options)
    assert unpacked(once) == unpacked(twice)
    assert len(once) < 1.02 * len(twice)
    plain = {"uncompressed_pdf": True, "pdf_version": "1.4", "pdf_identifier": True}
    assert rendered.write_pdf(finisher=tuning.written_once, **plain) == rendered.write_pdf(**plain)


def test_a_page_is_the_same_after_others_as_alone(tmp_path: Path) -> None:
    other = STYLE.replace("A5", "A4").replace("#123456", "#654321").replace("3em", "1em")
    tuning.forget()
    alone = Press(tmp_path).print(style=other)
    tuning.forget()
    press = Press(tmp_path)
    first = press.print()
    assert press.print(style=other) == alone
    assert press.print() == first


def test_a_share_of_the_page_is_of_its_own_page(tmp_path: Path, untuned: Callable[[], None]) -> None:
    # A stylesheet that both documents share names no size; the pages have two.
    def both() -> list[bytes]:
        press = Press(tmp_path)
        press.sheets.append(weasyprint.CSS(string="p { width: 50vw; border: 1pt solid }", font_config=press.fonts))
        return [press.print("<p>x", f"@page {{ size: {size} }}") for size in ("A6", "A4")]

    tuned = both()
    untuned()
    assert list(map(pictures, tuned)) == list(map(pictures, both()))


@pytest.mark.parametrize(
    "background",
    ["--there: url(a.png); background: var(--there)", "background-image: var(--none, url(a.png))"],
)
def test_an_address_in_a_property_of_the_authors_is_read_from_where_the_page_is(
    background: str, tmp_path: Path, untuned: Callable[[], None]
) -> None:
    style = f"@page {{ size: A6 }} div {{ {background}; height: 30mm }}"
    folders = [tmp_path / "red", tmp_path / "blue"]
    for folder in folders:
        folder.mkdir()
        Image.new("RGB", (50, 50), folder.name).save(folder / "a.png")
    press = Press(tmp_path)
    tuned = [press.print("<div>x", style, folder) for folder in folders]
    untuned()
    press = Press(tmp_path)
    plain = [press.print("<div>x", style, folder) for folder in folders]
    assert list(map(pictures, tuned)) == list(map(pictures, plain))
    assert pictures(tuned[0]) != pictures(tuned[1])


def test_a_picture_is_scaled_from_its_file_for_each_document(tmp_path: Path) -> None:
    def scaled(pdf: bytes) -> list[bytes]:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            return [image.read_raw_bytes() for _, image in sorted(opened.pages[0].get_images().items())]

    large, small = '<img src="photo.jpg">', '<img class="small" src="photo.jpg">'
    alone = [scaled(Press(tmp_path).print(body)) for body in (large, small)]
    press = Press(tmp_path)
    assert [scaled(press.print(body)) for body in (small, large, small)] == [alone[1], alone[0], alone[1]]


def test_a_font_is_the_same_before_and_after_it_is_made_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "SUBSETS", 3)
    press = Press(tmp_path)
    first, *others = (press.print() for _ in range(4))
    assert others == [first] * 3


def test_styles_of_documents_that_differ_are_not_kept_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuning.forget()
    monkeypatch.setattr(tuning, "KEPT_STYLES", 120)
    press = Press(tmp_path)
    for size in range(20):
        press.print("<p>x", f"html {{ --a: {size}; font-size: {size + 5}pt }}")
    assert len(tuning.Style.twins) <= 120


def test_another_version_of_weasyprint_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, untuned: Callable[[], None]
) -> None:
    untuned()
    monkeypatch.setattr(weasyprint, "__version__", "70.1")
    tuning.tune()
    assert css.ComputedStyle is tuning.ComputedStyle
    monkeypatch.setattr(weasyprint, "__version__", tuning.VERSION)
    tuning.tune()
    assert css.ComputedStyle is tuning.Style


def test_a_variable_font_comes_out_though_what_it_needs_is_loaded_no_sooner(tmp_path: Path) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib.tables.TupleVariation import TupleVariation

    def box(width: int) -> Any:
        pen = TTGlyphPen(None)
        pen.moveTo((100, 0))
        for corner in ((100, 700), (width, 700), (width, 0)):
            pen.lineTo(corner)
        pen.closePath()
        return pen.glyph()

    font = FontBuilder(1000)
    font.setupGlyphOrder([".notdef", "A"])
    font.setupCharacterMap({ord("A"): "A"})
    font.setupGlyf({".notdef": box(200), "A": box(200)})
    font.setupHorizontalMetrics({".notdef": (1000, 100), "A": (1000, 100)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.setupFvar([("wght", 100, 100, 900, "Weight")], [])
    wider = TupleVariation({"wght": (0, 1, 1)}, [(0, 0), (0, 0), (600, 0), (600, 0), *[None] * 4])
    font.setupGvar({"A": [wider], ".notdef": []})
    font.save(tmp_path / "boxes.ttf")
    style = "@font-face { font-family: Boxes; src: url(boxes.ttf); font-weight: 100 900 } p { font: 100 60pt Boxes }"
    light, heavy = (
        pictures(Press(tmp_path).print(body="<p>A</p>", style=style.replace("font: 100", f"font: {weight}")))
        for weight in (100, 900)
    )
    dark = [sum(Image.open(io.BytesIO(page)).convert("1").histogram()[:1]) for page in (*light, *heavy)]
    assert dark[1] > 3 * dark[0] > 0
