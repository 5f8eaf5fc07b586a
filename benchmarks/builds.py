"""The program's own builds: cold, unchanged, one thing changed; of newsrooms of several sizes."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from benchmarks import archive, others
from benchmarks.measure import BUILD, LANGUAGES, ROOT, Ran, median, row, seconds, watched
from benchmarks.others import Bare
from communique import executors

#: A newsroom of so many releases shows what the second core brings, often enough for a median.
PAIRED = 120


@dataclass(frozen=True)
class Cold:
    """A cold build on all cores of so many documents, and bare WeasyPrint around it."""

    documents: int
    ran: Ran
    bare: Bare

    @property
    def document(self) -> float:
        """The seconds that a document takes."""
        return self.ran.seconds / self.documents

    @property
    def processor(self) -> float:
        """The processor's seconds that a document takes, on all cores together."""
        return self.ran.processor / self.documents


@contextmanager
def generated(releases: int) -> Iterator[tuple[Path, Path]]:
    """Yield a newsroom of so many releases with templates of its own, and a folder for whatever else."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "newsroom"
        root.mkdir()
        archive.write(root, releases)
        shutil.copytree(ROOT / "templates", root / "templates")
        yield root, Path(folder)


def samples(runs: int) -> None:
    """Measure the sample newsroom beside WeasyPrint's command line on one of its pages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = next(p for p in others.pages(ROOT, folder / "pages", 1) if p.name.endswith(".en.html"))

        def build() -> float:
            shutil.rmtree(folder / "output", ignore_errors=True)
            return seconds(*BUILD, "--output", folder / "output")

        def one() -> float:
            return others.weasyprint(page, folder / "page.pdf")

        build(), one()
        builds, singles = zip(*((build(), one()) for _ in range(runs)), strict=True)
    single, built = statistics.median(singles), statistics.median(builds)
    row("weasyprint on the command line, one sample page", single, "s")
    row("2 sample releases, all languages and formats", built, "s", built / single, "that", "at most 2.5")


def newsroom(releases: int, runs: int) -> Cold:
    """Measure a generated newsroom: cold, unchanged, one release changed, one template changed."""
    with generated(releases) as (root, folder):
        build, documents = (*BUILD, "--root", root), releases * LANGUAGES
        some = others.pages(root, folder / "pages", 6)
        loop = statistics.median(others.weasyprint(page, folder / "x.pdf") for page in some[:9])
        row(f"weasyprint on the command line, a document of {releases}", loop, "s")
        if printed := others.chromium(some[0], folder):
            row("Chromium's print to PDF, a document", printed, "s", printed / loop, "that")
        _paired(min(releases, PAIRED), min(runs, 3))

        plain = others.pages(root, folder / "plain", 6, linked=False)
        once, plainly = others.bare(plain, "once").seconds, others.bare(plain, "plain").seconds
        cold = _cold(root, some)
        bare = cold.bare.seconds
        row("bare WeasyPrint in one warm process, a PDF", bare, "s")
        row("  the same, stylesheets parsed once", once, "s", once / plainly, "a plain page", "at most 1.6")
        row("cold, all cores: a document in all formats", cold.document, "s", cold.document / bare, "bare PDF alone")
        _told(cold)
        row("  the command line's loop beside it", loop / cold.document, "×", bar="at least 15")

        pelican = others.pelican(root, folder / "pelican", 1 if releases > 500 else runs)
        row(f"Pelican, the {documents} texts as HTML alone", pelican, "s")
        alone = seconds(*build, "--format", "html", "--output", folder / "html")
        row("HTML alone, cold, all cores", alone, "s", alone / pelican, "Pelican")
        hugo = others.hugo(root, folder / "hugo", runs)
        if hugo:
            row(f"Hugo, the {documents} texts as HTML alone", hugo, "s")
            row("HTML alone, cold, all cores", alone, "s", alone / hugo, "Hugo")
        nothing = _unchanged(build, runs)
        bar = "at most 0.3 at 1,000 releases"
        row("nothing changed", nothing, "s", hugo and nothing / hugo, "Hugo", bar)
        _changed(root, build, runs, loop)
        # That of the text would have the PDFs made anew: they carry it.
        style = root / "templates/mail/release.html.j2"
        style.write_text(style.read_text("utf-8") + "\n<!-- . -->", "utf-8")
        restyled = seconds(*build) / documents
        row("one mail template changed, a document", restyled, "s", restyled / cold.document, "cold")
        _sizes_on_disk(root, releases, "releases", "locales", "output/press", "output/site", "output/.build")
    return cold


def _paired(releases: int, runs: int) -> None:
    """Measure one process beside all cores, turn by turn, so that a machine's drift falls on both."""
    with generated(releases) as (root, folder):
        some, documents = others.pages(root, folder / "pages", 6), releases * LANGUAGES
        cores = executors.cores()
        ones, bares, ratios, ceilings = [], [], [], []
        for _ in range(runs):
            bares.append(others.bare(some, "links").seconds)
            ones.append(_anew(root, "--jobs", "1"))
            ratios.append(ones[-1] / _anew(root))
            ceilings.append(cores * bares[-1] / others.bare(some, "links", cores).seconds)
    one, bare = statistics.median(ones) / documents, statistics.median(bares)
    ratio = statistics.median(o / documents / b for o, b in zip(ones, bares, strict=True))
    row(f"bare WeasyPrint, a PDF of {releases}", bare, "s")
    row(f"cold, one process, a document of {releases}", one, "s", ratio, "bare PDF alone", "at most 1.1")
    row("  one process beside all cores", statistics.median(ratios), "×", bar="at least 1.8 on 2 cores")
    row("  the same of bare WeasyPrint: the machine's own", statistics.median(ceilings), "×")


def _told(cold: Cold) -> None:
    """Print what else is known of a cold build."""
    ratio = cold.processor / cold.bare.processor
    row("  processor time of a document, all cores", cold.processor, "s", ratio, "bare PDF alone")
    row("  of the cores, other programs took", 100 * cold.ran.others, "%")
    row("  peak memory of any process", cold.ran.megabytes, "MB", bar="under 350")


def _anew(root: Path, *options: str) -> float:
    shutil.rmtree(root / "output", ignore_errors=True)
    return seconds(*BUILD, "--root", root, *options)


def _cold(root: Path, some: list[Path]) -> Cold:
    """Return a newsroom's cold build on all cores; bare WeasyPrint is taken before and after."""
    before = others.bare(some, "links")
    ran = watched(*BUILD, "--root", root)
    after = others.bare(some, "links")
    bare = Bare((before.seconds + after.seconds) / 2, (before.processor + after.processor) / 2)
    return Cold(LANGUAGES * len(list((root / "releases").glob("*.md"))), ran, bare)


def _unchanged(build: tuple[str | Path, ...], runs: int) -> float:
    """Return the median time of a build when nothing changed; raises AssertionError when it loads what renders."""
    # Files younger than two seconds are looked at again, and then known.
    time.sleep(2.5)
    seconds(*build)
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", *build[1:]], capture_output=True, check=True, text=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in traced.stderr.splitlines()}
    assert "communique.engine" in loaded and not loaded & {"weasyprint", "jinja2", "markdown"}, sorted(loaded)
    return median(runs, lambda: seconds(*build))


def _changed(root: Path, build: tuple[str | Path, ...], runs: int, loop: float) -> None:
    """Measure one release changed, one with a picture."""
    text = min((root / "releases").glob("*.md"))
    whole = text.read_text("utf-8")
    last = whole.rstrip().rpartition("\n\n")[2]

    edits = cycle((f"{whole}\n{last}\n", whole))

    def edited() -> float:
        # The paragraph stands twice, or once again: each of its messages is translated, so all languages come out.
        text.write_text(next(edits), "utf-8")
        return seconds(*build)

    changed = median(runs, edited)
    row(
        "one release changed, all languages and formats",
        changed,
        "s",
        changed / loop,
        "one command-line PDF",
        "at most 2",
    )


def _sizes_on_disk(root: Path, releases: int, *parts: str) -> None:
    """Print what a release takes in some folders of a newsroom."""
    for part in parts:
        size = sum(p.stat().st_size for p in (root / part).rglob("*") if p.is_file())
        row(f"{part}, a release", size / 1024 / releases, "KB")


def sizes(wanted: Iterable[int], known: dict[int, Cold]) -> None:
    """Measure cold builds of several sizes, and how flat the cost of a release is; ``known`` sizes are not run anew.

    The cost is the processor's time, taken beside bare WeasyPrint's around each build: a machine's speed drifts in
    the hour this takes, and other programs may be at work.
    """
    costs = []
    for releases in wanted:
        cold = known.get(releases)
        if cold is None:
            with generated(releases) as (root, folder):
                cold = _cold(root, others.pages(root, folder / "pages", 6))
        costs.append(cold.processor / cold.bare.processor)
        seconds_ = cold.document * LANGUAGES
        row(f"cold, {releases} releases: a release", seconds_, "s", cold.document / cold.bare.seconds, "bare PDF alone")
        _told(cold)
    middle = (max(costs) + min(costs)) / 2
    row("cost of a release, farthest from the middle", 100 * (max(costs) / middle - 1), "%", bar="at most 15")


def unchanged(releases: int, runs: int) -> None:
    """Measure an archive in which nothing changed, and then one release.

    Its first build takes each page's own bytes for the PDF: printing would take an hour, and the journal knows no
    difference.
    """
    from benchmarks import unprinted

    with generated(releases) as (root, folder):
        build = (*BUILD, "--root", root)
        time.sleep(2.5)
        unprinted.build(root)
        nothing = _unchanged(build, runs)
        row(f"nothing changed, {releases} releases (PDFs not printed)", nothing, "s", bar="at most 2 at 10,000")
        if hugo := others.hugo(root, folder / "hugo", 1):
            row("  Hugo, the texts as HTML alone", hugo, "s", nothing / hugo, "it is", "at most 0.3 at 1,000 releases")
        some = others.pages(root, folder / "pages", 3)
        _changed(root, build, runs, median(3, lambda: others.weasyprint(some[0], folder / "x.pdf")))
        _sizes_on_disk(root, releases, "output/.build")
