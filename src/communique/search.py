"""Entries with their full texts → the index that the search page reads, made by Pagefind where it is installed.

Pagefind finds words by their beginnings, in a language's own stems. Korean compounds are written as one word, so
that each of a word's endings is indexed, too; accents and ligatures are taken off here and, by search.js, off what a
reader types. The page shows title, day and lead, never what is indexed.
"""

from __future__ import annotations

import asyncio
import html
import importlib.util
import json
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable

from communique.jobs import Entry

FOLDER = "site/assets/search"
#: Of Pagefind's files: the library and the index, not its own interfaces.
_LEFT_OUT = re.compile(r".*-(?:ui|highlight)\..*")
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"})
_HANGUL = re.compile("[\uac00-\ud7a3]{3,24}")


def is_installed() -> bool:
    """Whether the extra ``search`` is installed."""
    return importlib.util.find_spec("pagefind") is not None


def folded(text: str) -> str:
    """Return a text without accents, ligatures and capitals, as search.js folds what is typed."""
    bare = unicodedata.normalize("NFD", text.translate(_LIGATURES))
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", bare)).lower()


def endings(text: str) -> str:
    """Return the endings, of two syllables and more, of each Korean word: what prefixes alone do not find."""
    words = dict.fromkeys(word[n:] for word in _HANGUL.findall(text) for n in range(1, len(word) - 1))
    return " ".join(words)


def words(entry: Entry, content: str) -> str:
    """Return what a release is found by."""
    full = json.loads(content or "{}")
    parts = [entry.title, full.get("summary", ""), *full.get("highlights", ()), full.get("body", "")]
    parts += [full.get("notes", ""), *entry.tags, *(text for _, text in full.get("corrections", ()))]
    parts += [part for _, *some in full.get("images", ()) for part in some]
    text = folded(html.unescape(re.sub(r"<[^>]+>", " ", " . ".join(filter(None, parts)))))
    return f"{text} {endings(text)}" if entry.language == "ko" else text


def index(entries: Iterable[Entry], content: Callable[[str, str], str]) -> dict[str, bytes]:
    """Return the files of the index by their paths below output/."""
    # Pagefind also writes its index to a folder when it ends, and there is no way to ask it not to.
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_index(sorted(entries, key=lambda e: (e.language, e.order)), content, folder))


async def _index(entries: list[Entry], content: Callable[[str, str], str], folder: str) -> dict[str, bytes]:
    from pagefind.index import IndexConfig, PagefindIndex

    async with PagefindIndex(config=IndexConfig(output_path=folder)) as made:
        for entry in entries:
            await made.add_custom_record(
                url=f"{entry.language}/{entry.release}/index.html",
                content=words(entry, content(entry.release, entry.language)),
                language=entry.language,
                meta={"title": entry.title, "day": entry.day, "summary": entry.summary},
            )
        files = await made.get_files()
    found = {f"{FOLDER}/{file['path']}": file["content"] for file in files if not _LEFT_OUT.fullmatch(file["path"])}
    # Its languages come in another order each time.
    table = f"{FOLDER}/pagefind-entry.json"
    return {**found, table: json.dumps(json.loads(found[table]), sort_keys=True).encode()}
