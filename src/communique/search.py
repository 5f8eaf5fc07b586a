"""Entries with their full texts → the index that the search page reads, made by Pagefind where it is installed.

Pagefind finds words by their beginnings, in a language's own stems. Korean compounds are written as one word, so
that each of a word's endings is indexed, too; accents and ligatures are taken off here and, by search.js, off what a
reader types. The page shows title, day and lead, never what is indexed.

Each year has an index of its own, or a few years together where they are small; search.js joins them. A new release
costs the newest one alone.
"""

from __future__ import annotations

import contextlib
import html
import importlib.util
import json
import re
import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

from communique.errors import InputError, Problem
from communique.jobs import Entry

FOLDER = "site/assets/search"
#: Where its program comes from.
PACKAGES = ("pagefind_bin_extended", "pagefind_bin")
PROGRAMS = ("pagefind_extended", "pagefind")
#: Of Pagefind's files: the index, and for the newest year the library; its own interfaces never.
_INDEX = re.compile(r"pagefind-entry\.json|.*\.pf_(?:meta|index|fragment)")
_LIBRARY = re.compile(r"pagefind(?:-worker)?\.js|wasm\..*\.pagefind")
#: Seconds after which it is taken to hang. A thousand texts take a second.
PATIENCE = 600
#: An index with fewer entries takes in the next year, too.
LEAST = 100
#: The text of a page that nobody looks for: Pagefind leaves out a language that has no words.
_FILLER = "zzqzzq"
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"})
_HANGUL = re.compile("[\uac00-\ud7a3]{3,24}")


def is_installed() -> bool:
    """Whether the extra ``search`` is installed, or Pagefind's program by itself."""
    return any(map(importlib.util.find_spec, PACKAGES)) or any(map(shutil.which, PROGRAMS))


def _program() -> str:
    """Return where Pagefind's program is; raises OSError when it is not where it should be."""
    for package in PACKAGES:
        with contextlib.suppress(ImportError):
            return str(importlib.import_module(package).get_executable())
    return next(filter(None, map(shutil.which, PROGRAMS)))


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
    parts += [full.get("notes", ""), *full.get("topics", ()), *(text for _, text in full.get("corrections", ()))]
    parts += [part for _, *some in full.get("images", ()) for part in some]
    text = folded(html.unescape(re.sub(r"<[^>]+>", " ", " . ".join(filter(None, parts)))))
    return f"{text} {endings(text)}" if entry.language == "ko" else text


def index(
    folder: str,
    entries: Iterable[Entry],
    content: Callable[[str, str], str],
    languages: Iterable[str],
    *,
    library: bool,
) -> dict[str, bytes]:
    """Return the files of an index by their paths below output/; raises InputError when Pagefind does not run.

    ``library`` puts in what reads indexes. Pagefind's Python package waits a tenth of a second for each text; its
    program reads pages from a folder, all at once.
    """
    with tempfile.TemporaryDirectory() as name:
        pages, made = Path(name, "pages"), Path(name, "index")
        for language in languages:
            # An index that lacks a language would answer in another one.
            (pages / language).mkdir(parents=True)
            page = f'<!doctype html><html lang="{language}"><body data-pagefind-body>{_FILLER}</body></html>'
            (pages / language / "index.html").write_text(page, "utf-8")
        for entry in entries:
            place = pages / entry.language / f"{entry.release}.html"
            place.write_text(_page(entry, content(entry.release, entry.language)), "utf-8")
        options = ["--site", str(pages), "--output-path", str(made), "--silent"]
        try:
            command = [_program(), *options]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
            told = (done.stderr or done.stdout).strip().splitlines()[-1:] if done.returncode else []
        except (OSError, subprocess.TimeoutExpired) as error:
            told = [str(error)]
        files = {place.relative_to(made).as_posix(): place for place in made.rglob("*") if place.is_file()}
        if told or "pagefind-entry.json" not in files:
            problem = f"the search index cannot be made, Pagefind failed: {' '.join(told) or 'it wrote nothing'}"
            raise InputError(Problem("newsroom.yaml", 0, problem, "pip install --force-reinstall 'communique[search]'"))
        found = {
            f"{folder}/{path}": place.read_bytes()
            for path, place in files.items()
            if _INDEX.fullmatch(path) or (library and _LIBRARY.fullmatch(path))
        }
    # Its languages come in another order each time.
    table = f"{folder}/pagefind-entry.json"
    return {**found, table: json.dumps(json.loads(found[table]), sort_keys=True).encode()}


def _page(entry: Entry, content: str) -> str:
    """Return a page for Pagefind alone: what a release is found by, and what the search shows of it."""
    shown = {"title": entry.title, "day": entry.day, "summary": entry.summary}
    meta = "".join(
        f'<meta data-pagefind-meta="{name}[content]" content="{html.escape(value)}">' for name, value in shown.items()
    )
    text = html.escape(words(entry, content))
    return (
        f'<!doctype html><html lang="{entry.language}"><head>{meta}</head><body data-pagefind-body>{text}</body></html>'
    )
