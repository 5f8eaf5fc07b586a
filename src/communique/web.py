"""LocalizedRelease → the public page."""

from __future__ import annotations

from communique.catalog import Translator
from communique.localize import LocalizedRelease
from communique.templates import Templates


def page(release: LocalizedRelease, templates: Templates, words: Translator) -> bytes:
    """Return the page as HTML in UTF-8."""
    return templates.render("web/release.html.j2", words, release=release).encode()
