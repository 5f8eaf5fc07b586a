"""Entries of all public releases → the pages that show several: what each of them shows, not how.

Lists are paged so that old pages stay as they are: a year's and a tag's pages are counted from the oldest release, and
only the newest of them, which has no number, takes new ones in. No page tells how many there are, and a year links
to its neighbours alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from urllib.parse import urlsplit

from communique.errors import Problems
from communique.jobs import Entry
from communique.localize import Office

PAGE_SIZE = 20
FEED_SIZE = 20
#: The sitemap protocol's limit is 50,000 addresses a file (sitemaps.org, 0.9).
SITEMAP_SIZE = 45_000
#: More addresses than these have a sitemap for each year: a new release is written into its own year's alone.
ONE_SITEMAP = 1_500
#: Google's news sitemaps are for articles of two days. The newest release stands for now: outputs know no clock.
NEWS = timedelta(days=2)


@dataclass(frozen=True)
class Page:
    """A file below output/: the template that makes it and what it is shown.

    ``language`` is empty for pages in several; ``full`` are the entries whose full texts are shown, too.
    """

    path: str
    template: str
    language: str
    shown: Mapping[str, object]
    full: tuple[Entry, ...] = ()

    @property
    def root(self) -> str:
        """What leads from the page to the web root."""
        return "../" * (self.path.count("/") - 1)


@dataclass(frozen=True)
class Sheet:
    """One page of a list, newest first; ``older`` and ``newer`` are its neighbours' addresses below the web root."""

    address: str
    entries: tuple[Entry, ...]
    older: str = ""
    newer: str = ""


@dataclass
class Shelf:
    """What a newsroom has out. ``offices`` are the languages that anything is out in, in the newsroom's order."""

    base_url: str
    offices: dict[str, Office]
    entries: list[Entry]
    #: The names of the search's indexes, newest first.
    search: tuple[str, ...] = ()
    problems: Problems = field(default_factory=Problems)

    def __post_init__(self) -> None:
        self.entries.sort(key=lambda entry: (entry.order, entry.language))
        self.by_language = {
            language: [entry for entry in self.entries if entry.language == language] for language in self.offices
        }

    def pages(self) -> list[Page]:
        """Return every page, none when nothing is out; aliases that cannot be had are problems."""
        if not self.entries:
            return []
        pages = [*self._lists(), *self._feeds(), *self._sitemaps()]
        pages.append(Page("site/robots.txt", "web/robots.txt.j2", "", {"base_url": self.base_url}))
        newest = {language: tuple(entries[:-4:-1]) for language, entries in self.by_language.items()}
        pages.append(Page("site/index.html", "web/root.html.j2", "", {"newest": newest, **self._common()}))
        pages.append(Page("site/404.html", "web/missing.html.j2", "", self._common()))
        if self.search:
            for language, office in self.offices.items():
                shown = {"office": office, "languages": tuple(self.offices), "indexes": self.search}
                pages.append(Page(f"site/{language}/search/index.html", "web/search.html.j2", language, shown))
        return [*pages, *self._moved({page.path for page in pages})]

    def _common(self) -> dict[str, object]:
        path = urlsplit(self.base_url).path
        return {"base_url": self.base_url, "base_path": path, "offices": self.offices}

    # --- lists ---

    def _lists(self) -> Iterator[Page]:
        years = {lang: sorted({e.iso[:4] for e in entries}) for lang, entries in self.by_language.items()}
        tags = {
            lang: sorted({t for e in entries for t in e.tags}, key=lambda tag: (self.offices[lang].topic(tag), tag))
            for lang, entries in self.by_language.items()
        }
        for language, entries in self.by_language.items():
            front = Sheet(f"{language}/", tuple(entries[: -PAGE_SIZE - 1 : -1]))
            more = {"years": years[language][::-1], "tags": tags[language]}
            yield self._list(language, "front", "", front, {lang: f"{lang}/" for lang in self.offices}, **more)
            neighbours = dict(pairwise(years[language]))
            before = {newer: older for older, newer in neighbours.items()}
            for year, of_year in groupby(entries, key=lambda entry: entry.iso[:4]):
                near = {
                    "older_year": before.get(year, ""),
                    "newer_year": neighbours.get(year, ""),
                }
                same = {lang: f"{lang}/archive/{year}/" for lang in self.offices if year in years[lang]}
                for sheet in sheets(f"{language}/archive/{year}/", list(of_year)):
                    yield self._list(language, "year", year, sheet, same, **near)
            for tag in tags[language]:
                same = {lang: f"{lang}/tag/{tag}/" for lang in self.offices if tag in tags[lang]}
                for sheet in sheets(f"{language}/tag/{tag}/", [entry for entry in entries if tag in entry.tags]):
                    yield self._list(language, "tag", tag, sheet, same)

    def _list(self, language: str, kind: str, name: str, sheet: Sheet, same: Mapping[str, str], **more: object) -> Page:
        shown = {"kind": kind, "term": name, "sheet": sheet, "office": self.offices[language], "same": dict(same)}
        shown |= {"languages": tuple(self.offices), "years": (), "tags": (), "older_year": "", "newer_year": "", **more}
        shown["search"] = bool(self.search)
        return Page(f"site/{sheet.address}index.html", "web/list.html.j2", language, shown)

    # --- for machines ---

    def _feeds(self) -> Iterator[Page]:
        for language, entries in self.by_language.items():
            yield self._feed(language, f"{language}/", "", entries)
            for tag in sorted({tag for entry in entries for tag in entry.tags}):
                yield self._feed(language, f"{language}/tag/{tag}/", tag, [e for e in entries if tag in e.tags])

    def _feed(self, language: str, address: str, tag: str, entries: Iterable[Entry]) -> Page:
        # By the last change, so that the correction of an old release is news.
        latest = sorted(entries, key=lambda e: (datetime.fromisoformat(e.modified), e.order), reverse=True)[:FEED_SIZE]
        shown = {"address": address, "tag": tag, "office": self.offices[language], "entries": tuple(latest)}
        return Page(f"site/{address}feed.xml", "web/feed.xml.j2", language, shown, tuple(latest))

    def _sitemaps(self) -> Iterator[Page]:
        newest = max(datetime.fromisoformat(entry.published) for entry in self.entries)
        news = {e.release for e in self.entries if newest - datetime.fromisoformat(e.published) <= NEWS}
        names = {language: office.name for language, office in self.offices.items()}
        shown: dict[str, object] = {"base_url": self.base_url, "names": names}
        maps = {"sitemap.xml": self.entries}
        if len(self.entries) > ONE_SITEMAP:
            maps = {}
            for year, of_year in groupby(self.entries, key=lambda entry: entry.iso[:4]):
                some = list(of_year)
                for part, start in enumerate(range(0, len(some), SITEMAP_SIZE), 1):
                    maps[f"sitemap-{year}-{part}.xml"] = some[start : start + SITEMAP_SIZE]
            index = {"base_url": self.base_url, "maps": tuple(maps)}
            yield Page("site/sitemap.xml", "web/sitemaps.xml.j2", "", index)
        last = list(maps)[-1]
        for name, entries in maps.items():
            lines = {
                "entries": tuple(entries[::-1]),
                "news": sorted({e.release for e in entries if e.release in news and not e.retracted}),
                "fronts": tuple(self.offices) if name == last else (),
            }
            yield Page(f"site/{name}", "web/sitemap.xml.j2", "", {**shown, **lines})

    # --- addresses that lead on ---

    def _moved(self, taken: set[str]) -> Iterator[Page]:
        """Yield a page for each alias; one that is somebody else's address is a problem."""
        folders = {e.folder for e in self.entries} | {"site/assets", "site/packs"}
        above = {folder for path in taken for folder in _above(path)}
        owners: dict[str, str] = {}
        for id_, grouped in groupby(sorted(self.entries, key=lambda e: e.release), key=lambda e: e.release):
            editions = list(grouped)
            for alias in editions[0].aliases:
                path = alias_path(alias)
                if owners.get(path) == id_:
                    continue
                over = _above(path)
                if path in taken or path in above or not (over.isdisjoint(folders) and over.isdisjoint(taken)):
                    owner = owners.get(path, "")
                    whose = f"{owner}'s too" if owner else "the address of another page"
                    self.problems.add(f"releases/{id_}.yaml", 0, f"the alias {alias} is {whose}", "take it out")
                    continue
                taken.add(path)
                above |= over
                owners[path] = id_
                yield self._redirect(path, alias, editions)

    def _redirect(self, path: str, alias: str, editions: list[Entry]) -> Page:
        first = editions[0]
        wanted = alias.partition("/")[0]
        choices = (wanted, first.source_language, *first.alternates)
        language = next(choice for choice in choices if choice in first.alternates)
        titles = {e.language: e.title for e in editions}
        shown = {"base_url": self.base_url, "release": first.release, "language": language, "titles": titles}
        return Page(path, "web/moved.html.j2", "", shown)


def _above(path: str) -> set[str]:
    """Return the folders that a file lies in."""
    return {path.rsplit("/", n)[0] for n in range(1, path.count("/") + 1)}


def alias_path(alias: str) -> str:
    """Return the file, below output/, that answers at an address."""
    return f"site/{alias}" if alias.endswith((".html", ".htm")) else f"site/{alias.rstrip('/')}/index.html"


def sheets(address: str, entries: list[Entry]) -> list[Sheet]:
    """Return a list's pages, oldest first; ``entries`` come oldest first.

    All but the last are full and numbered, the last holds at least a page's worth where there is so much, and at
    most two.
    """
    full = max(0, len(entries) // PAGE_SIZE - 1)
    cuts = [entries[n * PAGE_SIZE : (n + 1) * PAGE_SIZE] for n in range(full)] + [entries[full * PAGE_SIZE :]]
    names = [*(f"{address}{n}/" for n in range(1, full + 1)), address]
    return [
        Sheet(name, tuple(cut[::-1]), names[n - 1] if n else "", names[n + 1] if n + 1 < len(names) else "")
        for n, (name, cut) in enumerate(zip(names, cuts, strict=True))
    ]
