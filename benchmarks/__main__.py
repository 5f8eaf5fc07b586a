"""``python -m benchmarks``: how long builds take, each beside something that the reader knows, in the same run.

What counts are the ratios of medians: machines differ, and one machine's speed drifts. Seconds are of whole
processes. Hugo and Chromium are measured where they are installed.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import archive
from communique import inventory, plan, press, source
from communique.catalog import Translator
from communique.errors import Problems
from communique.localize import localize
from communique.pdf import Printer
from communique.reader import Reader, on_disk
from communique.templates import Templates

ROOT = Path(__file__).parents[1]
BUILD = (sys.executable, str(ROOT / "build.py"), "--quiet")
LANGUAGES = 3


def pages(root: Path, target: Path, most: int) -> list[Path]:
    """Write the English print pages of a newsroom, with their stylesheets linked, as other programs read them."""
    places = {path: file.place for path, file in inventory.scan(root).items()}
    reader, problems = Reader(on_disk(places)), Problems()
    newsroom = source.load_newsroom(reader, problems)
    assert newsroom is not None
    templates = Templates(reader, press.FILTERS)
    desk = plan.Desk(reader, newsroom, templates.messages(), problems)
    sheets = [(ROOT / "templates" / path).as_uri() for path in ("fonts/fonts.css", "print/release.css")]
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    written = []
    for id_, path in list(source.find(reader, problems).items())[:most]:
        release = source.load_release(reader, id_, path, newsroom, problems)
        assert release is not None, list(problems)
        editions = desk.editions(reader, release, datetime.now(UTC), problems)
        edition = next(e for e in editions if e.language == "en")
        shown = localize(edition, newsroom)
        html = Printer(reader, templates).page("release", shown, newsroom, Translator(edition.words))
        folder = (root / path).with_suffix("").as_uri()
        html = html.replace(f"https://release.invalid/{id_}", folder).replace("</head>", f"{links}</head>")
        written.append(target / f"{id_}.html")
        written[-1].write_text(html, "utf-8")
    return written


def seconds(*command: str | Path) -> float:
    """Return the wall time of one process; raises CalledProcessError when it fails."""
    begun = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - begun


def median(runs: int, measure: Callable[[], float]) -> float:
    """Return the median of several measurements."""
    return statistics.median(measure() for _ in range(runs))


def row(name: str, value: float, unit: str, ratio: float | None = None, of: str = "", bar: str = "") -> None:
    """Print one row of the table."""
    compared = f"{ratio:7.2f} × {of}" if ratio is not None else ""
    print(f"{name:52} {value:9.3f} {unit:4} {compared:46} {bar}", flush=True)


def samples(runs: int) -> None:
    """Measure the sample newsroom beside WeasyPrint's command line on one of its pages."""
    with tempfile.TemporaryDirectory() as folder:
        (page,) = pages(ROOT, Path(folder), 1)
        output = Path(folder) / "output"

        def build() -> float:
            shutil.rmtree(output, ignore_errors=True)
            return seconds(*BUILD, "--output", output)

        def weasyprint() -> float:
            command = (sys.executable, "-m", "weasyprint", "--pdf-variant", "pdf/ua-1")
            return seconds(*command, page, Path(folder) / "page.pdf")

        build(), weasyprint()
        builds, singles = zip(*((build(), weasyprint()) for _ in range(runs)), strict=True)
    single = statistics.median(singles)
    row("weasyprint on the command line, one page", single, "s")
    built = statistics.median(builds)
    row("2 sample releases, all languages and formats", built, "s", built / single, "that", "at most 2.5")


BARE = """
import sys, time, weasyprint
from weasyprint.text.fonts import FontConfiguration
fonts = FontConfiguration()
pages = sys.argv[1:]
weasyprint.HTML(pages[0]).write_pdf(font_config=fonts, pdf_variant="pdf/ua-1")
begun = time.perf_counter()
for page in pages:
    weasyprint.HTML(page).write_pdf(font_config=fonts, pdf_variant="pdf/ua-1")
print((time.perf_counter() - begun) / len(pages))
"""


def newsroom(releases: int, runs: int) -> None:
    """Measure a generated newsroom: cold, unchanged, one release changed, one template changed."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "newsroom"
        root.mkdir()
        archive.write(root, releases)
        shutil.copytree(ROOT / "templates", root / "templates")
        build = (*BUILD, "--root", root)
        some = pages(root, Path(folder), 12)
        documents = releases * LANGUAGES

        loop = statistics.median(
            seconds(sys.executable, "-m", "weasyprint", page, Path(folder) / "x.pdf") for page in some[:6]
        )
        row(f"weasyprint on the command line, a document of {releases}", loop, "s")
        out = subprocess.run([sys.executable, "-c", BARE, *map(str, some)], capture_output=True, check=True, text=True)
        bare = float(out.stdout)
        row("bare WeasyPrint in one warm process, a PDF", bare, "s")
        if chromium := shutil.which("chromium"):
            flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/chromium")
            printed = median(3, lambda: seconds(chromium, *flags, f"--print-to-pdf={folder}/c.pdf", some[0].as_uri()))
            row("Chromium's print to PDF, a document", printed, "s")

        one = seconds(*build, "--jobs", "1", "--output", Path(folder) / "one") / documents
        row("cold, one process: a document in all formats", one, "s", one / bare, "bare PDF alone")
        cold = seconds(*build) / documents
        row("cold, all cores: a document in all formats", cold, "s", cold / bare, "bare PDF alone", "at most 1.1")
        row("  the command line's loop beside it", loop / cold, "×", None, "", "at least 15")
        row("  one process beside all cores", one / cold, "×", None, "", "at least 1.8 on 2 cores")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        row("  peak memory of a process so far", peak, "MB", None, "", "under 350")

        time.sleep(2.5)
        seconds(*build)
        nothing = median(runs, lambda: seconds(*build))
        if hugo := shutil.which("hugo"):
            hugo_time = _hugo(hugo, root, Path(folder) / "hugo", runs)
            row(f"Hugo, the same {documents} texts as HTML alone", hugo_time, "s")
            row("nothing changed", nothing, "s", nothing / hugo_time, "Hugo", "at most 0.3 at 1,000 releases")
        else:
            row("nothing changed", nothing, "s")

        text = next((root / "releases").glob("*.md"))

        def edited() -> float:
            text.write_text(text.read_text("utf-8") + "\nMore.\n", "utf-8")
            return seconds(*build)

        changed = median(runs, edited)
        row("one release changed", changed, "s", changed / loop, "one command-line PDF", "at most 2")
        style = root / "templates/mail/release.txt.j2"

        def restyled() -> float:
            style.write_text(style.read_text("utf-8") + "\n.", "utf-8")
            return seconds(*build)

        restyling = median(1, restyled) / documents
        row("one mail template changed, a document", restyling, "s", restyling / cold, "cold")


def _hugo(hugo: str, root: Path, site: Path, runs: int) -> float:
    """Return the time Hugo takes to build the same texts, three times over for three languages, as HTML alone."""
    (site / "layouts/_default").mkdir(parents=True)
    (site / "hugo.toml").write_text('baseURL = "https://example.org/"\ndisableKinds = ["taxonomy", "term", "RSS"]\n')
    (site / "config.toml").write_text((site / "hugo.toml").read_text())
    (site / "layouts/_default/single.html").write_text("<h1>{{ .Title }}</h1>{{ .Content }}")
    (site / "layouts/_default/list.html").write_text(
        "{{ range .Pages }}<a href={{ .RelPermalink }}>{{ .Title }}</a>{{ end }}"
    )
    for language in range(LANGUAGES):
        (site / f"content/{language}").mkdir(parents=True)
        for path in (root / "releases").glob("*.md"):
            (site / f"content/{language}/{path.name}").write_text(
                f"---\ntitle: {path.stem}\n---\n{path.read_text('utf-8')}"
            )

    def once() -> float:
        shutil.rmtree(site / "public", ignore_errors=True)
        return seconds(hugo, "--source", site, "--quiet")

    return median(runs, once)


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--releases", type=int, default=1000, help="the size of the generated newsroom")
    options.add_argument("--runs", type=int, default=5, help="runs of what is quick")
    options.add_argument("--quick", action="store_true", help="a newsroom of 60 releases, 3 runs")
    chosen = options.parse_args()
    runs = 3 if chosen.quick else chosen.runs
    samples(runs)
    newsroom(60 if chosen.quick else chosen.releases, runs)


if __name__ == "__main__":
    main()
