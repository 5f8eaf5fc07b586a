"""``python -m benchmarks``: how long builds take, each beside something that the reader knows, in the same run.

What counts are the ratios: machines differ, and one machine's speed drifts. Seconds are of whole processes; what is
quick is run several times, and the median told. Hugo and Chromium are measured where they are installed.
"""

from __future__ import annotations

import argparse
import compileall

from benchmarks import builds
from benchmarks.measure import ROOT


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--releases", type=int, default=1000, help="the size of the generated newsroom; 0: none")
    options.add_argument("--runs", type=int, default=5, help="runs of what is quick")
    options.add_argument("--quick", action="store_true", help="a newsroom of 60 releases, fewer runs")
    options.add_argument("--sizes", type=_numbers, default=[], metavar="N,…", help="cold builds of these sizes as well")
    options.add_argument(
        "--unchanged", type=int, metavar="N", help="nothing and one release changed in an archive of N as well"
    )
    chosen = options.parse_args()
    runs, releases = (2, 60) if chosen.quick else (chosen.runs, chosen.releases)
    # As `make` does: what is measured is the program, not its compilation.
    compileall.compile_dir(ROOT / "src", quiet=1)
    known = {}
    if releases:
        builds.samples(runs)
        known[releases] = builds.newsroom(releases, runs)
    if chosen.unchanged:
        builds.unchanged(chosen.unchanged, runs)
    if chosen.sizes:
        builds.sizes(chosen.sizes, known)


if __name__ == "__main__":
    main()
