"""A release to start from: its YAML and its Markdown."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from datetime import date
from pathlib import Path

from communique import schema
from communique.errors import UsageError
from communique.model import Newsroom
from communique.source import ID_PATTERN, RESERVED_IDS

_STARTERS = {
    "ko": ("첫 문단에는 누가, 언제, 무엇을, 왜 했는지를 씁니다.", "이어지는 문단에는 배경과 세부 내용을 씁니다."),
    "en": (
        "Say in the first paragraph who does what, when, and why it matters.",
        "Give the background and the details in the next ones.",
    ),
    "fr": (
        "Dites dans le premier paragraphe qui fait quoi, quand et pourquoi.",
        "Donnez ensuite le contexte et les détails.",
    ),
}


def release_id(title: str, day: date) -> str:
    """Return an ID of the day and the headline's first words; letters beyond a-z lose their accents or are left out."""
    plain = (
        unicodedata.normalize("NFKD", title.replace("œ", "oe").replace("Œ", "oe")).encode("ascii", "ignore").decode()
    )
    words = re.findall(r"[a-z0-9]+", plain.lower())
    slug = ""
    for word in words:
        if len(slug) + len(word) > 40:
            break
        slug += f"-{word}"
    return f"{day.isoformat()}{slug or '-release'}"


def write_schemas(root: Path) -> None:
    """Write the JSON Schemas into schemas/, for editors; files that are right are left alone."""
    for name, text in schema.files().items():
        path = root / "schemas" / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")


def write(root: Path, newsroom: Newsroom, title: str, day: date, language: str, id_: str = "") -> tuple[Path, Path]:
    """Write a new release's two files and return their paths; raises UsageError rather than overwrite one."""
    wanted = id_ or release_id(title, day)
    free, number = wanted, 1
    while not id_ and _taken(root, free):
        number += 1
        free = f"{wanted}-{number}"
    if _taken(root, free):
        raise UsageError(f"there is a release {free} already")
    folder = root / "releases"
    folder.mkdir(exist_ok=True)
    # JSON's quoted strings are YAML's.
    lines = [
        f"# yaml-language-server: $schema={os.path.relpath(root / 'schemas/release.schema.json', folder)}",
        f"title: {json.dumps(title, ensure_ascii=False)}",
        f"date: {day.isoformat()}",
        f"source_language: {language}",
        f"contacts: [{next(iter(newsroom.contacts))}]",
        "# More keys: subtitle, summary, highlights, city, embargo, images, notes, tags (see docs/authoring.md).",
    ]
    paths = folder / f"{free}.yaml", folder / f"{free}.md"
    write_schemas(root)
    for path, text in zip(paths, ("\n".join(lines) + "\n", "\n\n".join(_STARTERS[language]) + "\n"), strict=True):
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return paths


def _taken(root: Path, id_: str) -> bool:
    return any((root / "releases").rglob(f"{id_}.yaml")) or (root / "releases" / f"{id_}.md").exists()


def is_id(text: str) -> bool:
    """Whether a text can be a release's ID."""
    return re.fullmatch(ID_PATTERN, text) is not None and text not in RESERVED_IDS
