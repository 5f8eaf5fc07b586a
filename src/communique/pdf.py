"""LocalizedRelease → PDF, by WeasyPrint; what it warns of is a problem."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from communique import codes, native, paper, tagging, xmp
from communique.catalog import Translator
from communique.errors import InputError, Problem
from communique.later import loaded_later
from communique.letters import width
from communique.localize import LocalizedRelease, detached
from communique.model import Newsroom, Release
from communique.reader import Reader
from communique.templates import FOLDER, Templates

if TYPE_CHECKING:
    import weasyprint

#: Nothing is fetched from these: they stand for templates/, a release's folder and the newsroom's folder while a
#: PDF is made. A picture has one address in all languages, so that WeasyPrint's cache knows it again.
TEMPLATES_URL = "https://templates.invalid/"
RELEASE_URL = "https://release.invalid/"
ROOT_URL = "https://newsroom.invalid/"

#: The resolution of pictures on paper, in dots an inch.
DPI = 220

LAYOUTS = {"ko": "bodo", "en": "release", "fr": "release"}


#: What WeasyPrint needs for variable fonts, or where HarfBuzz makes no subsets: a sixth of the time it takes to load.
RARE = ("fontTools.subset", "fontTools.varLib.instancer")


def load_weasyprint() -> Any:
    """Return the weasyprint module; raises InputError that names the packages of missing libraries.

    It is imported when the first PDF is due, since importing takes longer than making a document.
    """
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    try:
        with native.found_by_name(), loaded_later(*RARE):
            import weasyprint

            from communique import tuning
    except OSError:
        raise InputError(Problem("the machine", 0, f"lacks libraries: {native.HELP}")) from None
    tagging.complete()
    tuning.tune()
    return weasyprint


class Printer:
    """Makes PDFs in one process, sharing fonts and parsed stylesheets among them."""

    def __init__(self, reader: Reader, templates: Templates) -> None:
        self.reader = reader
        self.templates = templates
        self._fonts: Any = None
        self._counters: Any = None
        self._parsed: dict[str, tuple[Any, frozenset[str]]] = {}
        self._cached: tuple[str, dict[str, Any]] = ("", {})

    def print(
        self,
        page: str,
        layout: str,
        release: LocalizedRelease,
        source: Release,
        files: Reader,
        variant: str,
        attached: Mapping[str, bytes],
    ) -> bytes:
        """Return the PDF of a page; ``files`` has the release's pictures, ``attached`` is what the file carries along.

        Raises InputError for a missing picture or font, for a letter that no font has, and for whatever else
        WeasyPrint warns of.
        """
        weasyprint = self._load()
        from communique import tuning

        fetcher = _fetcher(self.reader, files, source)
        options = {
            "pdf_variant": variant,
            "pdf_identifier": hashlib.sha256(page.encode()).hexdigest()[:32].encode(),
            "cache": self._pictures(source.id, codes.code(release.url)),
            # Pictures are seen at 64 mm: more than this nobody sees on paper.
            "dpi": DPI,
            "jpeg_quality": 85,
        }
        with _warnings() as warnings:
            sheets = self._stylesheets(layout, fetcher)
            document = weasyprint.HTML(string=page, base_url=release.url, url_fetcher=fetcher)
            rendered = self._rendered(document, sheets, options)
            # An annex has a page of its own, however short it is.
            if 'class="annex"' not in page and _overruns(rendered):
                drawn_in = self._rendered(document, [*sheets, self._stylesheet("print/tight.css", fetcher)], options)
                rendered = drawn_in if len(drawn_in.pages) < len(rendered.pages) else rendered
            metadata = rendered.metadata
            rdf, said = metadata.generate_rdf_metadata, metadata.custom.get("instructions", "").strip()
            metadata.generate_rdf_metadata = lambda *told: xmp.complete(rdf(*told), release, variant, said)
            if variant.startswith("pdf/a-3"):
                metadata.attachments = [_attachment(name, data, release, fetcher) for name, data in attached.items()]
            pdf: bytes = rendered.write_pdf(finisher=tuning.written_once, **options)
        if warnings:
            # A picture that failed is remembered as none, and would be missed without a word in the next language;
            # a stylesheet's fault is told by whoever reads it, not by the next document.
            self._cached, self._parsed = ("", {}), {}
            tuning.forget()
        self._check(rendered, warnings, source)
        return pdf

    def _rendered(self, document: Any, sheets: list[Any], options: dict[str, Any]) -> Any:
        return document.render(stylesheets=sheets, font_config=self._fonts, counter_style=self._counters, **options)

    def _load(self) -> Any:
        """Return the weasyprint module, and make what its documents share at the first call."""
        weasyprint = load_weasyprint()
        if self._fonts is None:
            from weasyprint.css.counters import CounterStyle
            from weasyprint.text.fonts import FontConfiguration

            self._fonts, self._counters = FontConfiguration(), CounterStyle()
        return weasyprint

    def _pictures(self, id_: str, code: codes.Code) -> dict[str, Any]:
        """Return WeasyPrint's cache of pictures for a release: its languages follow each other and share them."""
        if self._cached[0] != id_:
            self._cached = (id_, {})
        self._cached[1][code.url] = code
        return self._cached[1]

    def layout(self, newsroom: Newsroom, language: str) -> str:
        """Return the name of a language's layout; raises InputError when templates/print/ has none of that name."""
        named = {str(key): str(value) for key, value in newsroom.pdf.layout.items()}
        name = named.get(language, LAYOUTS[language])
        files = self.reader.listing(f"{FOLDER}/print")
        if f"{name}.html.j2" not in files or f"{name}.css" not in files:
            known = [file.removesuffix(".html.j2") for file in files if file.endswith(".j2") and file != "base.html.j2"]
            hint = f"layouts here: {', '.join(known)}"
            raise InputError(Problem(newsroom.path, 0, f"there is no print layout '{name}'", hint))
        return name

    def page(self, layout: str, release: LocalizedRelease, newsroom: Newsroom, words: Translator) -> str:
        """Return the HTML that the PDF is made of."""
        shown = detached(release, f"{RELEASE_URL}{release.id}/")
        html = self.templates.render(
            f"print/{layout}.html.j2", words, release=shown, paper=newsroom.pdf.paper, code=codes.code(release.url).url
        )
        return paper.balance(paper.prepare(html, release.language, newsroom.pdf.spacing), self._width)

    @cached_property
    def _width(self) -> Callable[[str], float]:
        """How wide a text is, in em, in the last face that fonts.css declares: the bold one."""
        from PIL import ImageFont

        declared = self.reader.text(f"{FOLDER}/fonts/fonts.css")
        file = f"{FOLDER}/fonts/" + re.findall(r"url\(\s*[\"']?([^\"')]*)", f"url(){declared}")[-1]
        if not self.reader.exists(file):
            return lambda text: width(text) / 2
        face = ImageFont.truetype(BytesIO(self.reader.read(file)), 100, layout_engine=ImageFont.Layout.BASIC)
        return lambda text: face.getlength(text) / 100

    def _stylesheets(self, layout: str, fetcher: Any) -> list[Any]:
        """Return the fonts and a layout's stylesheet; each is parsed once in a process, with what it declares."""
        return [self._stylesheet("fonts/fonts.css", fetcher), self._stylesheet(f"print/{layout}.css", fetcher)]

    def _stylesheet(self, path: str, fetcher: Any) -> Any:
        import weasyprint

        if path not in self._parsed:
            with self.reader.noting() as used:
                css = weasyprint.CSS(
                    string=self.reader.text(f"{FOLDER}/{path}"),
                    base_url=TEMPLATES_URL + path,
                    url_fetcher=fetcher,
                    font_config=self._fonts,
                    counter_style=self._counters,
                )
            self._parsed[path] = css, frozenset(used)
        css, files = self._parsed[path]
        self.reader.note(*files)
        return css

    def _check(self, rendered: weasyprint.Document, warnings: list[str], source: Release) -> None:
        """Raise InputError for WeasyPrint's warnings and for letters that no font of the templates has."""
        problems = [Problem(source.path, 0, f"the PDF would be wrong: {warning}") for warning in warnings]
        declared = self.reader.text(f"{FOLDER}/fonts/fonts.css")
        families = re.findall(r"font-family:\s*[\"']?([^;\"']+)", declared)
        foreign = sorted(
            {
                letter
                for font in rendered.fonts.values()
                if font.family not in families
                for letter in "".join(font.to_unicode.values())
                if not letter.isspace()
            }
        )
        if foreign:
            named = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in foreign)
            hint = "use another letter, or add a font to templates/fonts/"
            problems.insert(0, Problem(source.path, 0, f"no font of the PDF has {named}", hint))
        if problems:
            raise InputError(*problems)


#: A last page that is filled no further than this is drawn in, if that is possible: a line or two sent it there.
OVERRUN = 0.27


def _overruns(rendered: weasyprint.Document) -> bool:
    """Whether the last of several pages is nearly empty; footnotes and margins do not count."""
    if len(rendered.pages) < 2:
        return False
    from weasyprint.formatting_structure.boxes import FootnoteAreaBox, LineBox, MarginBox

    last = rendered.pages[-1]
    lowest = 0.0
    waiting = list(last._page_box.children)
    while waiting:
        box = waiting.pop()
        if isinstance(box, LineBox):
            lowest = max(lowest, box.position_y + box.height)
        elif not isinstance(box, MarginBox | FootnoteAreaBox):
            waiting += getattr(box, "children", ())
    return bool(lowest < OVERRUN * last.height)


def _attachment(name: str, data: bytes, release: LocalizedRelease, fetcher: Any) -> Any:
    """Return a file for a PDF to carry along (ISO 19005-3, 6.8): the release as data, or in another form."""
    from weasyprint import Attachment

    kind, relation = (
        ("the release as IPTC ninjs 3.1", "Data") if name.endswith(".json") else ("the text", "Alternative")
    )
    made, changed = (datetime.fromisoformat(at) for at in (release.created, release.modified))
    return Attachment(
        string=data,
        url_fetcher=fetcher,
        name=name,
        description=f"{release.id}: {kind}",
        relationship=relation,
        created=made,
        modified=changed,
    )


def _fetcher(shared: Reader, own: Reader, source: Release) -> Any:
    """Return a fetcher that serves the release's own files and templates/, and nothing else."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    places = {
        f"{RELEASE_URL}{source.id}/": (own, f"{source.folder}/"),
        TEMPLATES_URL: (shared, f"{FOLDER}/"),
        ROOT_URL: (shared, ""),
    }

    class Fetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            if url.startswith("data:"):  # the page's own
                return super().fetch(url, headers)
            for prefix, (reader, place) in places.items():
                if url.startswith(prefix):
                    path = place + unquote(url.removeprefix(prefix))
                    if ".." not in path.split("/") and reader.exists(path):
                        kind = {"svg": "image/svg+xml", "css": "text/css"}.get(path.rpartition(".")[2].lower(), "")
                        return URLFetcherResponse(url, reader.read(path), {"Content-Type": kind} if kind else None)
            raise ValueError("it is not among the release's files")

    return Fetcher()


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what WeasyPrint logs as a warning or worse, and keep it off the terminal."""
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(" ".join(record.getMessage().split()))

    logger, collector = logging.getLogger("weasyprint"), Collector(logging.WARNING)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(collector)
    try:
        yield found
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate
