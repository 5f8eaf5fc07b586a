"""All public entries → what is due of the pages that show them, and of the files that all pages share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import groupby

from communique import localize, search, web
from communique.catalog import Translator, path_of
from communique.errors import InputError, Problem
from communique.inventory import digest
from communique.jobs import Entry, Result, Shared, Trace
from communique.localize import Office
from communique.model import Newsroom
from communique.plan import Desk
from communique.reader import Reader
from communique.shelf import Page, Shelf
from communique.templates import Templates


class Newsstand:
    """Fills one result; ``traces`` are those of pages in place whose files have not changed."""

    def __init__(self, shared: Shared, reader: Reader, templates: Templates, traces: Mapping[str, Trace]) -> None:
        self.shared = shared
        self.reader = reader
        self.templates = templates
        self.traces = traces
        self.result = Result("")

    def fill(self, newsroom: Newsroom, desk: Desk, entries: list[Entry], content: Callable[[str, str], str]) -> Result:
        """Return the result; nothing is planned when nothing is out. ``content`` gives an entry's full text."""
        out = {entry.language for entry in entries}
        offices: dict[str, Office] = {}
        words: dict[str, Translator] = {}
        for language in (lang for lang in newsroom.languages if lang in out):
            room, own = desk.shared(language)
            offices[str(language)] = localize.office(newsroom, language, room)
            words[str(language)] = Translator(own)
        known = [entry for entry in entries if entry.language in offices]
        # A page offers no search that there is not.
        searched = self._index(known, content) if known and search.is_installed() else ()
        shelf = Shelf(newsroom.base_url, offices, known, searched)
        for page in shelf.pages():
            self._page(page, words, content)
        if known:
            accent = str(newsroom.accent)
            for name in ("site.css", "icon.svg"):
                self._put(f"site/assets/{name}", accent, partial(self._coloured, name, accent))
            for script in ("root.js", "copy.js"):
                self._copy(f"site/assets/{script}", f"templates/web/{script}")
            if newsroom.logo:
                self._copy(f"site/assets/{newsroom.logo}", str(newsroom.logo))
        if searched:
            self._copy("site/assets/search.js", "templates/web/search.js")
        self.result.problems += shelf.problems
        return self.result

    def _page(self, page: Page, words: Mapping[str, Translator], content: Callable[[str, str], str]) -> None:
        def render() -> bytes:
            own = words.get(page.language, Translator())
            return web.listed(page, self.templates, own, {} if page.language else words, content)

        self._put(page.path, (page.template, page.shown), render, [page.language] if page.language else words)

    def _coloured(self, name: str, accent: str) -> bytes:
        return self.templates.render(f"web/{name}.j2", Translator(), accent=accent).encode()

    def _put(self, path: str, shown: object, render: Callable[[], bytes], languages: Iterable[str] = ()) -> None:
        """Put a page into the result: its trace where it stands, else its bytes."""
        result = self.result
        subject = digest(repr((shown, self.shared.recipe)).encode())
        result.planned.append(path)
        if path in self.traces and self.traces[path].subject == subject:
            result.traces[path] = self.traces[path]
            return
        try:
            with self.reader.noting() as used:
                data = render()
        except InputError as error:
            result.fail(path, *error.problems)
            return
        used |= {path_of(language, "messages") for language in languages if language != "en"}
        files = {one: self.shared.digests.get(one, "absent") for one in sorted(used)}
        result.made[path], result.traces[path] = data, Trace(files, subject, digest(data))

    def _index(self, entries: list[Entry], content: Callable[[str, str], str]) -> tuple[str, ...]:
        """Put the files of the search into the result and return the names of its indexes, newest first.

        There are none when an index cannot be made: then no file may stay, for they show what was public before.
        """
        indexes: dict[str, list[Entry]] = {}
        newest = ""
        ordered = sorted(entries, key=lambda e: (e.iso[:4], e.language, e.release))
        for year, of_year in groupby(ordered, key=lambda e: e.iso[:4]):
            if not newest or len(indexes[newest]) >= search.LEAST:
                newest = year
            indexes.setdefault(newest, []).extend(of_year)
        languages = sorted({entry.language for entry in entries})
        stands: dict[str, dict[str, Trace]] = {name: {} for name in indexes}
        for path, trace in self.traces.items():
            if path.startswith(f"{search.FOLDER}/") and (name := path.split("/")[3]) in stands:
                stands[name][path] = trace
        made: dict[str, bytes] = {}
        traces: dict[str, Trace] = {}
        for name, some in indexes.items():
            subject = digest(repr((some, languages, name == newest, self.shared.recipe)).encode())
            # Each trace knows the whole set: a file that was lost is missed.
            whole = digest("\n".join(sorted(stands[name])).encode())
            if stands[name] and all((t.subject, t.page) == (subject, whole) for t in stands[name].values()):
                traces |= stands[name]
                continue
            folder = f"{search.FOLDER}/{name}"
            try:
                files = search.index(folder, some, content, languages, library=name == newest)
            except InputError as error:
                self.result.failures += error.problems
                self.result.passing = True
                return ()
            whole = digest("\n".join(sorted(files)).encode())
            made |= files
            traces |= {path: Trace({}, subject, digest(data), whole) for path, data in files.items()}
        self.result.made |= made
        self.result.traces |= traces
        self.result.planned += traces
        return tuple(reversed(indexes))

    def _copy(self, path: str, source: str) -> None:
        """Put a file that is copied into the result."""
        now = self.shared.digests.get(source, "absent")
        self.result.planned.append(path)
        if now == "absent":
            self.result.fail(path, Problem(source, 0, "is missing; the public pages need it"))
            return
        self.result.traces[path] = Trace({}, now, now)
        if self.traces.get(path) != self.result.traces[path]:
            self.result.copies[path] = source
