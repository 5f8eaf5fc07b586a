"""How far each release is in each language, and the very next thing to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from communique.catalog import Gaps, Open, Want, counted
from communique.plan import Edition, State

#: What comes out by itself when an embargo ends: a release, or the notice that it was retracted.
OUT_LATER = (State.EMBARGO, State.RETRACTED)


@dataclass(frozen=True, slots=True)
class Row:
    """A release in one language. ``state`` is ``complete`` or one of :class:`State`'s words; ``next`` may be empty.

    ``embargo_instant`` (ISO 8601) is when a build would publish it, as things are; empty where none would. The
    earliest of all rows is the instant to plan the next build for.
    """

    release: str
    language: str
    state: str
    missing: int
    fuzzy: int
    errors: int
    warnings: int
    catalogs: tuple[str, ...]
    because: str
    embargo: str
    next: str
    embargo_instant: str

    @property
    def complete(self) -> bool:
        return not (self.missing or self.fuzzy or self.errors or self.state == State.HELD.value)

    @property
    def cell(self) -> str:
        """What the table shows."""
        counts = {Want.MISSING: self.missing, Want.FUZZY: self.fuzzy, Want.ERROR: self.errors}
        open_ = counted(counts)
        match self.state:
            case State.HELD.value:
                return open_ or self.because.removeprefix("together: ")
            case State.EMBARGO.value:
                return f"under embargo until {self.embargo}"
            case State.DRAFT.value:
                return f"draft, {open_}" if open_ else "draft"
            case _:
                return self.state


def row(edition: Edition) -> Row:
    """Return how an edition stands."""
    gaps = edition.gaps
    state = "complete" if edition.state is State.PUBLIC else edition.state.value
    return Row(
        release=edition.release.id,
        language=edition.language,
        state=state,
        missing=sum(g.count(Want.MISSING) for g in gaps),
        fuzzy=sum(g.count(Want.FUZZY) for g in gaps),
        errors=sum(g.count(Want.ERROR) for g in gaps),
        warnings=sum(len(g.warnings) for g in gaps),
        catalogs=tuple(g.path for g in gaps if g),
        because=edition.because,
        embargo=edition.embargo.strftime("%Y-%m-%d %H:%M %Z") if edition.embargo else "",
        next=_next(edition),
        embargo_instant=edition.embargo.isoformat() if edition.embargo and edition.state in OUT_LATER else "",
    )


def _next(edition: Edition) -> str:
    id_ = edition.release.id
    for gaps in edition.gaps:
        if gaps.faults:
            return f"mend {gaps.faults[0]}"
        for want, verb in ((Want.MISSING, "translate"), (Want.FUZZY, "look at"), (Want.ERROR, "correct")):
            items = [item for item in gaps.open if item.want is want]
            if any(item.entry is None for item in items):
                own = gaps.path.endswith(f"/{id_}.po")
                return f"python build.py translate{f' {id_}' if own else ''} (brings {gaps.path} up to date)"
            if items:
                return f"{verb} {_place(items[0], gaps)}" + (f" and {len(items) - 1} more" if len(items) > 1 else "")
    if edition.state is State.DRAFT:
        return f"write status: ready in {edition.release.path} when it is"
    return ""


def _place(item: Open, gaps: Gaps) -> str:
    """Return where a message is: in its catalog, or in its source while the catalog does not have it."""
    path, line = (gaps.path, item.entry.line) if item.entry else item.message.places[0]
    return f"{path}:{line}"


def table(rows: Iterable[Row], languages: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a table, a release a line, and below it what to do next."""
    known = list(rows)
    cells: dict[str, dict[str, str]] = {}
    for one in known:
        cells.setdefault(one.release, {})[one.language] = one.cell
    lines = [["release", *languages]]
    lines += [[id_, *(found.get(language, "–") for language in languages)] for id_, found in cells.items()]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
    if todo := [one for one in known if one.next]:
        yield ""
        yield "Next:"
        yield from dict.fromkeys(f"  {one.release} {one.language}: {one.next}" for one in todo)


def listing(edition: Edition, colour: bool = False) -> Iterator[str]:
    """Yield an edition's open messages: place and what it wants, the source, the translation under it."""
    for gaps in edition.gaps:
        for problem in gaps.faults:
            yield str(problem)
        for item in gaps.open:
            what = "; ".join(item.message.comments) or "a word of the templates"
            yield f"{_place(item, gaps)}: {item.want.value} ({what})"
            yield from (f"    {problem.message}; {problem.hint}" for problem in item.problems)
            yield f"    {gaps.source_language}: {item.message.text}"
            if item.want is Want.FUZZY and item.entry and item.entry.previous is not None:
                yield f"    was: {difference(item.entry.previous, item.message.text, colour=colour)}"
            if item.entry and item.entry.translated:
                yield from (f"    {edition.language}: {string}" for string in item.entry.strings)
            yield ""


def difference(before: str, after: str, *, colour: bool = False) -> str:
    """Return a text with what changed marked by words: ``[-old-]`` and ``{+new+}``, the marks of wdiff."""
    marks = ("\x1b[31m[-", "-]\x1b[0m", "\x1b[32m{+", "+}\x1b[0m") if colour else ("[-", "-]", "{+", "+}")
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", text) for text in (before, after))
    parts = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal":
            parts.append(come)
            continue
        parts.append(f"{marks[0]}{gone}{marks[1]}" if gone else "")
        parts.append(f"{marks[2]}{come}{marks[3]}" if come else "")
    return "".join(parts)
