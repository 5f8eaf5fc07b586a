"""What the user sees while a build runs, and at its end: results on stdout, problems and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from communique.errors import Problem
from communique.jobs import Standing
from communique.keeper import Outcome


class Progress:
    """Tells of each finished release: a bar on a terminal, a line elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._total = self._done = 0
        self._bar: Any = None

    def start(self, total: int) -> None:
        """Begin: ``total`` releases are due."""
        self._total = total
        if total and not self._quiet and not self._verbose and sys.stderr.isatty():
            # Imported here since a build without a terminal has no use for it.
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("building", total=total)

    def done(self, release: str, made: list[str]) -> None:
        """Tell that a release is finished, and with ``verbose`` which files were made."""
        self._done += 1
        if self._bar:
            self._bar.update(self._task, advance=1, description=release)
        elif not self._quiet:
            print(f"[{self._done}/{self._total}] {release}", file=sys.stderr, flush=True)
            for path in sorted(made) if self._verbose else ():
                print(f"    {path}", file=sys.stderr)

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()


def waiting(words: str) -> Callable[[], None]:
    """Return what tells that something else is at work, when it is called."""
    return lambda: print(f"communique: {words}; waiting for it", file=sys.stderr, flush=True)


def tell(problems: Iterable[Problem]) -> None:
    """Print problems, one a line, by file and line."""
    for problem in sorted(problems):
        print(problem, file=sys.stderr)


def summary(outcome: Outcome, output: str, languages: Collection[str]) -> Iterator[str]:
    """Yield the lines that end a build: what was made, where, and what was held back and why."""
    shelved = set(outcome.shelved)
    made = [path for path in outcome.made if path not in shelved]
    releases = {_release(path) for path in made}
    press, site = (sum(path.startswith(part) for path in made) for part in ("press/", "site/"))
    if made:
        yield f"Made {count(len(made), 'file')} of {count(len(releases), 'release')}:"
        if press:
            yield f"  {count(press, 'file')} for journalists in {output}/press"
        if site:
            yield f"  {count(site, 'file')} for the public in {output}/site"
        if shelved:
            yield f"  and {count(len(shelved), 'file')} of the newsroom: front pages, topics, feeds"
    elif shelved:
        yield f"Made {count(len(shelved), 'file')} of the newsroom: front pages, topics, feeds."
    elif outcome.standing:
        yield f"Everything is up to date: {count(outcome.standing, 'file')} in {output}."
    else:
        yield "Nothing was made."
    for state, title in (
        ("under embargo", "Under embargo, not public yet:"),
        ("draft", "Drafts, built with --drafts only:"),
        ("retracted", "Retracted, with a notice:"),
        ("held back", "Held back:"),
    ):
        lines = [_line(s) for s in outcome.standings if s.state == state and s.language in languages]
        if lines:
            yield title
            yield from dict.fromkeys(lines)
    if outcome.removed:
        yield f"Taken out of {output} ({count(len(outcome.removed), 'file')}):"
        yield from (f"  {path}" for path in sorted(outcome.removed))


def _release(path: str) -> str:
    """Return the release that a file belongs to: press/ID/…, site/packs/ID.zip, site/LANG/ID/…"""
    parts = path.split("/")
    return parts[1] if parts[0] == "press" else parts[2].removesuffix(".zip")


def _line(standing: Standing) -> str:
    match standing.state:
        case "held back":
            return f"  {standing.release} {standing.language}: {standing.because}"
        case "under embargo":
            return f"  {standing.release}: until {standing.embargo}"
        case _:
            return f"  {standing.release}"


def count(number: int, what: str) -> str:
    """Return a number of things: ``1 file``, ``2 files``."""
    return f"{number} {what}" + "s" * (number != 1)
