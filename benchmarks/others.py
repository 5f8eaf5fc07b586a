"""What builds are measured beside: WeasyPrint, Chromium, Hugo and Pelican, with the same texts."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import LANGUAGES, ROOT, median, seconds
from communique import inventory, plan, press, recipe, source
from communique.catalog import Translator
from communique.errors import Problems
from communique.localize import localize
from communique.pdf import Printer
from communique.reader import Reader, on_disk
from communique.templates import Templates

#: Prints the mean time of a PDF, by the wall and of the processor. Given "links", each page brings its stylesheets;
#: given "once", they are parsed once; given "plain", a page has WeasyPrint's own style and the fonts alone.
BARE = """
import sys, time, weasyprint
from weasyprint.text.fonts import FontConfiguration
fonts = FontConfiguration()
way, sheets, pages = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
parsed = [weasyprint.CSS(sheet, font_config=fonts) for sheet in sheets]
plain = weasyprint.CSS(string='html, @page { font-family: "Pretendard GOV" } img { max-width: 100%; max-height: 64mm }')
def write(page):
    name = "bodo" if page.endswith(".ko.html") else "release"
    wanted = {"once": ("fonts/", f"print/{name}."), "plain": ("fonts/",), "links": ()}[way]
    given = [css for css, sheet in zip(parsed, sheets) if any(part in sheet for part in wanted)]
    if way == "plain":
        given.append(plain)
    weasyprint.HTML(page).write_pdf(stylesheets=given, font_config=fonts, pdf_variant="pdf/ua-1")
write(pages[0])
begun, processor = time.perf_counter(), time.process_time()
for page in pages:
    write(page)
print((time.perf_counter() - begun) / len(pages), (time.process_time() - processor) / len(pages))
"""


def pages(root: Path, target: Path, most: int, *, linked: bool = True) -> list[Path]:
    """Write the print pages of some releases, as other programs read them, and return their paths.

    Their stylesheets are linked, or left for the program to be given.
    """
    target.mkdir(exist_ok=True)
    places = {path: file.place for path, file in inventory.scan(root).items()}
    reader, problems = Reader(on_disk(places)), Problems()
    newsroom = source.load_newsroom(reader, problems)
    assert newsroom is not None
    templates = Templates(reader, press.FILTERS, recipe.digest())
    desk = plan.Desk(reader, newsroom, templates.messages(), problems)
    printer = Printer(reader, templates)
    written = []
    for id_, path in list(source.find(reader, problems).items())[:most]:
        release = source.load_release(reader, id_, path, newsroom, problems)
        assert release is not None, list(problems)
        for edition in desk.editions(reader, release, datetime.now(UTC), problems):
            layout = printer.layout(newsroom, edition.language)
            html = printer.page(layout, localize(edition, newsroom), newsroom, Translator(edition.words))
            links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in _sheets(layout) if linked)
            folder = (root / path).with_suffix("").as_uri()
            html = html.replace(f"https://release.invalid/{id_}", folder).replace("</head>", f"{links}</head>")
            written.append(target / f"{id_}.{edition.language}.html")
            written[-1].write_text(html, "utf-8")
    return written


def _sheets(*layouts: str) -> list[str]:
    return [(ROOT / "templates" / path).as_uri() for path in ("fonts/fonts.css", *(f"print/{x}.css" for x in layouts))]


@dataclass(frozen=True)
class Bare:
    """The time of a PDF in a warm process of WeasyPrint, by the wall and of the processor."""

    seconds: float
    processor: float


def bare(some: list[Path], way: str, processes: int = 1) -> Bare:
    """Return the mean time of a PDF in a warm process, or in several at once; for ``way`` see BARE."""
    sheets = " ".join(_sheets("bodo", "release"))
    command = [sys.executable, "-c", BARE, way, sheets, *map(str, some)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    told = [process.communicate()[0].split() for process in running]
    return Bare(*(statistics.mean(map(float, times)) for times in zip(*told, strict=True)))


def weasyprint(page: Path, pdf: Path) -> float:
    """Return the time of WeasyPrint's command line on one page."""
    return seconds(sys.executable, "-m", "weasyprint", "--pdf-variant", "pdf/ua-1", page, pdf)


def chromium(page: Path, folder: Path) -> float | None:
    """Return the time of Chromium's print to PDF, or None where it is not installed."""
    program = shutil.which("chromium")
    if not program:
        return None
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/chromium")
    return median(3, lambda: seconds(program, *flags, f"--print-to-pdf={folder}/c.pdf", page.as_uri()))


def hugo(root: Path, site: Path, runs: int) -> float | None:
    """Return the time Hugo takes for the same texts, once for each language, as HTML alone; None without Hugo."""
    program = shutil.which("hugo")
    if not program:
        return None
    settings = 'baseURL = "https://example.org/"\ndisableKinds = ["taxonomy", "term", "RSS"]\n'
    _write(site, "hugo.toml", settings)
    _write(site, "config.toml", settings)
    _write(site, "layouts/_default/single.html", "<h1>{{ .Title }}</h1>{{ .Content }}")
    listing = "{{ range .Pages }}<a href={{ .RelPermalink }}>{{ .Title }}</a>{{ end }}"
    _write(site, "layouts/_default/list.html", listing)
    _texts(root, site / "content", "---\ntitle: {title}\n---\n{text}")
    return median(runs, lambda: _anew(site / "public", program, "--source", site, "--quiet"))


def pelican(root: Path, site: Path, runs: int) -> float:
    """Return the time Pelican takes for the same texts, once for each language, as HTML alone."""
    off = ("FEED_ALL_ATOM", "CATEGORY_FEED_ATOM", "TRANSLATION_FEED_ATOM", "AUTHOR_FEED_ATOM", "AUTHOR_FEED_RSS")
    unsaved = ("CATEGORY_SAVE_AS", "TAG_SAVE_AS", "AUTHOR_SAVE_AS")
    settings = [
        "THEME = 'theme'",
        "DIRECT_TEMPLATES = ['index']",
        "TIMEZONE = 'UTC'",
        "ARTICLE_URL = ARTICLE_SAVE_AS = '{category}/{slug}.html'",
        *(f"{name} = None" for name in off),
        *(f"{name} = ''" for name in unsaved),
    ]
    _write(site, "pelicanconf.py", "\n".join(settings))
    _write(site, "theme/templates/article.html", "<h1>{{ article.title }}</h1>{{ article.content }}")
    listing = '{% for a in articles %}<a href="{{ a.url }}">{{ a.title }}</a>{% endfor %}'
    _write(site, "theme/templates/index.html", listing)
    _texts(root, site / "content", "Title: {title}\nDate: {day}\nSlug: {title}\n\n{text}")
    program = (sys.executable, "-m", "pelican", site / "content", "-s", site / "pelicanconf.py")
    measured = median(runs, lambda: _anew(site / "output", *program, "-o", site / "output", "--quiet"))
    assert len(list((site / "output").rglob("*.html"))) == 1 + LANGUAGES * len(list((root / "releases").glob("*.md")))
    return measured


def _write(site: Path, path: str, text: str) -> None:
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    (site / path).write_text(text, "utf-8")


def _texts(root: Path, content: Path, form: str) -> None:
    for path in (root / "releases").glob("*.md"):
        text = form.format(title=path.stem, day=path.stem[:10], text=path.read_text("utf-8"))
        for language in range(LANGUAGES):
            _write(content, f"{language}/{path.name}", text)


def _anew(output: Path, *command: str | Path) -> float:
    shutil.rmtree(output, ignore_errors=True)
    return seconds(*command)
