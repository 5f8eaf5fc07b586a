"""An edition → its files: the renderers wired together, for the engine to call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from communique import mail, plaintext, web
from communique.catalog import Translator
from communique.errors import InputError, Problem
from communique.localize import LocalizedRelease, localize
from communique.model import Newsroom, fold
from communique.pdf import Printer
from communique.plan import Edition, Kind, Target, assets
from communique.reader import Reader
from communique.templates import Templates

FILTERS: dict[str, Callable[..., Any]] = {
    "circled": plaintext.circled,
    "plain": plaintext.render,
    "wrap": plaintext.wrap,
    "columns": plaintext.width,
}


def templates(reader: Reader) -> Templates:
    """Return the newsroom's templates with the filters that they may use."""
    return Templates(reader, FILTERS)


class Press:
    """Renders editions in one process."""

    def __init__(self, reader: Reader, newsroom: Newsroom, templates: Templates) -> None:
        self.reader = reader
        self.newsroom = newsroom
        self.templates = templates
        self.printer = Printer(reader, templates)

    def render(self, edition: Edition) -> Iterator[tuple[Target, bytes | tuple[Problem, ...]]]:
        """Yield each target of an edition with its bytes or its problems; one's failure is not another's."""
        sheet = _Sheet(self, edition)
        for target in edition.targets:
            try:
                yield target, sheet.bytes_of(target)
            except InputError as error:
                yield target, error.problems

    def assets(self) -> Iterator[tuple[Target, bytes | tuple[Problem, ...]]]:
        """Yield the files that every public page shares."""
        for target in assets(self.newsroom):
            try:
                if target.kind is Kind.STYLE:
                    style = self.templates.render("web/site.css.j2", Translator(), accent=str(self.newsroom.accent))
                    yield target, style.encode()
                else:
                    yield target, self.reader.read(target.source)
            except InputError as error:
                yield target, error.problems


class _Sheet:
    """One edition while it is rendered: what several of its files need is made once."""

    def __init__(self, press: Press, edition: Edition) -> None:
        self.press = press
        self.edition = edition
        self.words = Translator(edition.words)

    @cached_property
    def release(self) -> LocalizedRelease:
        return localize(self.edition, self.press.newsroom)

    @cached_property
    def pdf(self) -> bytes:
        return self.press.printer.print(self.release, self.edition.release, self.press.newsroom, self.words)

    @cached_property
    def html(self) -> bytes:
        return mail.html(self.release, self.press.templates, self.words, self.edition.release.path)

    @cached_property
    def text(self) -> bytes:
        return mail.text(self.release, self.press.templates, self.words)

    def eml(self) -> bytes:
        subject = self.press.templates.render("mail/subject.txt.j2", self.words, release=self.release)
        parts = (self.text, self.html, self.pdf)
        return mail.message(self.release, self.edition.release, self.press.newsroom, fold(subject), parts)

    def bytes_of(self, target: Target) -> bytes:
        match target.kind:
            case Kind.PAGE:
                return web.page(self.release, self.press.templates, self.words)
            case Kind.PDF:
                return self.pdf
            case Kind.HTML:
                return self.html
            case Kind.TEXT:
                return self.text
            case Kind.EML:
                return self.eml()
            case Kind.COPY | Kind.STYLE:
                return self.press.reader.read(target.source)
