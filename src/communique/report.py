"""What the user sees while a build runs, and at its end: results on stdout, problems and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from communique.engine import Outcome
from communique.errors import Problem
from communique.plan import Edition, State


@contextmanager
def progress(total: int, *, quiet: bool, verbose: bool) -> Iterator[Callable[[Edition], None]]:
    """Yield what is told of each finished edition: a bar on a terminal, a line elsewhere, nothing when quiet."""
    if quiet or not total:
        yield lambda edition: None
    elif sys.stderr.isatty() and not verbose:
        # Imported here since a build without a terminal has no use for it.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("building", total=total)
            yield lambda edition: bar.update(task, advance=1, description=str(edition))
    else:
        done = 0

        def line(edition: Edition) -> None:
            nonlocal done
            done += 1
            print(f"[{done}/{total}] {edition}", file=sys.stderr, flush=True)
            for target in edition.targets if verbose else ():
                print(f"    {target.path}", file=sys.stderr)

        yield line


def tell(problems: Iterable[Problem]) -> None:
    """Print problems, one a line, by file and line."""
    for problem in sorted(problems):
        print(problem, file=sys.stderr)


def summary(editions: Iterable[Edition], outcome: Outcome, output: str) -> Iterator[str]:
    """Yield the lines that end a build: what was made, where, and what was held back and why."""
    editions = list(editions)
    made = {path for path in outcome.made if not path.startswith("site/assets/")}
    releases = {path.split("/")[1] for path in made if path.startswith("press/")}
    press, site = (sum(path.startswith(part) for path in made) for part in ("press/", "site/"))
    if made:
        yield f"Made {_count(len(made), 'file')} of {_count(len(releases) or 1, 'release')}:"
        if press:
            yield f"  {_count(press, 'file')} for journalists in {output}/press"
        if site:
            yield f"  {_count(site, 'file')} for the public in {output}/site"
    else:
        yield "Nothing was made."
    for state, title in (
        (State.EMBARGO, "Under embargo, not public yet:"),
        (State.DRAFT, "Drafts, built with --drafts only:"),
        (State.RETRACTED, "Retracted, with a notice on the page:"),
        (State.HELD, "Held back:"),
    ):
        lines = [_state_line(e) for e in editions if e.state is state]
        if lines:
            yield title
            yield from dict.fromkeys(lines)
    if outcome.removed:
        yield f"Taken out of {output} ({_count(len(outcome.removed), 'file')}):"
        yield from (f"  {path}" for path in outcome.removed)


def _state_line(edition: Edition) -> str:
    match edition.state:
        case State.HELD:
            return f"  {edition.release.id} {edition.language}: {edition.because}"
        case State.EMBARGO if edition.release.embargo:
            return f"  {edition.release.id}: until {edition.release.embargo.at.isoformat()}"
        case _:
            return f"  {edition.release.id}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)
