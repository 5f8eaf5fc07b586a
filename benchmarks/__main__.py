"""How long the sample newsroom's build takes, beside WeasyPrint's command line on one of its pages.

Both are whole processes, run in turn, so that a machine whose speed drifts does not favour either. What counts
is the ratio of the medians; seconds are this machine's alone.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from communique import inventory, plan, press, source
from communique.catalog import Translator
from communique.errors import Problems
from communique.localize import localize
from communique.pdf import Printer
from communique.reader import Reader, on_disk
from communique.templates import Templates

ROOT = Path(__file__).parents[1]
BAR = 2.5


def write_page(place: Path) -> None:
    """Write one English sample's print page, with its stylesheet linked, as WeasyPrint's command line reads it."""
    places = {path: file.place for path, file in inventory.scan(ROOT).items()}
    reader, problems = Reader(on_disk(places)), Problems()
    newsroom = source.load_newsroom(reader, problems)
    assert newsroom is not None
    id_, path = next(iter(source.find(reader, problems).items()))
    release_ = source.load_release(reader, id_, path, newsroom, problems)
    assert release_ is not None
    templates = Templates(reader, press.FILTERS)
    desk = plan.Desk(reader, newsroom, templates.messages(), problems)
    editions = desk.editions(reader, release_, datetime.now(UTC), problems)
    edition = next(e for e in editions if e.language == "en")
    release = localize(edition, newsroom)
    html = Printer(reader, templates).page("release", release, newsroom, Translator(edition.words))
    sheets = [(ROOT / "templates" / path).as_uri() for path in ("fonts/fonts.css", "print/release.css")]
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    place.write_text(html.replace("</head>", f"{links}</head>"), "utf-8")


def seconds(*command: str | Path) -> float:
    """Return the wall time of one process; raises CalledProcessError when it fails."""
    begun = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=7, help="runs of each command (after one that does not count)")
    runs = options.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        write_page(page)
        output = Path(folder) / "output"

        def build() -> float:
            shutil.rmtree(output, ignore_errors=True)
            return seconds(sys.executable, "build.py", "--quiet", "--output", output)

        def weasyprint() -> float:
            command = [sys.executable, "-m", "weasyprint", "--pdf-variant", "pdf/ua-1"]
            return seconds(*command, page, Path(folder) / "page.pdf")

        build(), weasyprint()
        pairs = [(build(), weasyprint()) for _ in range(runs)]
    builds, singles = zip(*pairs, strict=True)
    ratio = statistics.median(builds) / statistics.median(singles)
    print(f"{'':44}  {'median':>8}  {'fastest':>8}  {'slowest':>8}")
    for name, times in (
        ("build.py, 2 releases in 3 languages (42 files)", builds),
        ("weasyprint, one page of them", singles),
    ):
        print(f"{name:44}  {statistics.median(times):7.2f}s  {min(times):7.2f}s  {max(times):7.2f}s")
    print(f"ratio of the medians: {ratio:.2f} (bar: at most {BAR})")
    sys.exit(ratio > BAR)


if __name__ == "__main__":
    main()
