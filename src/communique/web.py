"""LocalizedRelease → the public page, and what machines read of it; pages of several releases."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from html import unescape
from urllib.parse import unquote

from markupsafe import Markup

from communique.catalog import Translator
from communique.localize import Files, LocalizedRelease, Picture, detached
from communique.shelf import Page
from communique.templates import Templates

#: Open Graph's names of the languages: language_TERRITORY.
LOCALES = {"ko": "ko_KR", "en": "en_GB", "fr": "fr_FR"}
#: How wide a picture is shown: a column of text, or most of a narrow screen. site.css says the same.
SIZES = "(min-width: 45rem) 42rem, 92vw"
#: What each language calls itself.
NAMES = {"ko": "한국어", "en": "English", "fr": "Français"}


def page(release: LocalizedRelease, templates: Templates, words: Translator) -> bytes:
    """Return the page as HTML in UTF-8."""
    switch = [
        (language, f"../../{language}/{release.id}/index.html" if language in release.alternates else "")
        for language in release.languages
    ]
    context = {
        "root": "../../",
        "language": release.language,
        "office": release.office,
        "switch": switch,
        "linked_data": script(linked_data(release)),
        "locales": LOCALES,
        "language_names": NAMES,
        "sizes": SIZES,
    }
    body, footnotes, notes = (
        _with_sources(t, release.inline) for t in (release.body, release.footnotes, release.notes)
    )
    shown = replace(release, body=body, footnotes=footnotes, notes=notes)
    return templates.render("web/release.html.j2", words, release=shown, **context).encode()


def _with_sources(html: Markup, inline: Iterable[Picture]) -> Markup:
    """Return clean HTML whose pictures have their sizes, come late, and in as many pixels as a screen has."""
    known = {picture.file: picture for picture in inline}

    def tag(found: re.Match[str]) -> str:
        picture = known.get(unescape(found[1]))
        if not picture:
            return found[0]
        more = f' width="{picture.width}" height="{picture.height}"' if picture.width else ""
        if picture.renditions:
            every = [*picture.renditions, (picture.file, picture.width)]
            more += f' srcset="{", ".join(f"{file} {width}w" for file, width in every)}" sizes="{SIZES}"'
        return f'<img loading="lazy"{more}{found[0].removeprefix("<img")}'

    return Markup(re.sub(r'<img(?: [a-z]+="[^"]*")*? src="([^"]*)"', tag, html))


def shown(release: LocalizedRelease, there: Set[str], languages: Set[str]) -> LocalizedRelease:
    """Return a release whose page leads only to the files that are there, by their paths, and to pages in languages."""
    page = f"site/{release.language}/{release.id}"

    def only(path: str, address: str) -> str:
        return address if path in there else ""

    alternates = tuple(language for language in release.alternates if language in languages)
    first = sorted(alternates, key=lambda language: language != release.language)
    downloads = []
    for language in () if release.retracted else first:
        stem, folder = (
            f"{release.id}.{language}",
            "" if language == release.language else f"../../{language}/{release.id}/",
        )
        files = [only(f"site/{language}/{release.id}/{stem}.{end}", f"{folder}{stem}.{end}") for end in ("pdf", "txt")]
        downloads += [Files(language, *files)] if any(files) else []
    return replace(
        release,
        alternates=alternates,
        downloads=tuple(downloads),
        images=tuple(_narrowed(picture, page, there) for picture in release.images),
        inline=tuple(_narrowed(picture, page, there) for picture in release.inline),
        card=only(f"{page}/{release.card}", release.card),
        pack=only(f"site/{release.pack.removeprefix('../../')}", release.pack),
    )


def _narrowed(picture: Picture, page: str, there: Set[str]) -> Picture:
    """Return a picture with those of its smaller ones that are there."""
    return replace(picture, renditions=tuple(r for r in picture.renditions if f"{page}/{unquote(r[0])}" in there))


def content(release: LocalizedRelease) -> str:
    """Return the full text with absolute addresses as JSON, for a feed to show."""
    shown = detached(release)
    return json.dumps(
        {
            "corrections": [[notice.day.text, notice.note] for notice in shown.corrections],
            "summary": shown.summary,
            "highlights": shown.highlights,
            "body": shown.body + shown.footnotes,
            "notes": shown.notes,
            "topics": shown.topics,
            "images": [[i.file, i.alt, i.caption, i.credit] for i in shown.images],
        },
        ensure_ascii=False,
        default=str,
    )


def listed(
    page: Page, templates: Templates, words: Translator, others: Mapping[str, Translator], text: Callable[..., str]
) -> bytes:
    """Return a page of several releases; ``others`` are the words of each language, ``text`` an entry's full text."""
    context = dict(page.shown) | {"root": page.root, "page_language": page.language, "locales": LOCALES}
    context["language_names"] = NAMES
    if page.full:
        texts = {entry.release: json.loads(text(entry.release, entry.language) or "{}") for entry in page.full}
        context["texts"] = {
            id_: {key: Markup(value) if key in ("body", "notes") else value for key, value in found.items()}
            for id_, found in texts.items()
        }
    if page.template == "web/missing.html.j2":
        context["parts"] = {
            language: Markup(templates.render("web/missing-part.html.j2", own, **context, language=language))
            for language, own in others.items()
        }
    return templates.render(page.template, words, **context).encode()


def script(data: object) -> Markup:
    """Return data as JSON that can stand in a script element (HTML 4.12.1.3: no ``</script``, no ``<!--``)."""
    return Markup(json.dumps(data, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c"))


def linked_data(release: LocalizedRelease) -> dict[str, object]:
    """Return what search engines read: schema.org's NewsArticle, for it has no type for press releases."""
    office = release.office
    publisher: dict[str, object] = {"@type": "GovernmentOrganization", "name": office.name, "url": office.url}
    if office.logo:
        publisher["logo"] = {"@type": "ImageObject", "url": f"{office.url}assets/{office.logo}"}
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "@id": release.url,
        "url": release.url,
        "mainEntityOfPage": release.url,
        "headline": release.title,
        "inLanguage": release.language,
        "datePublished": release.published,
        "dateModified": release.modified,
        "version": release.version,
        "author": publisher,
        "publisher": publisher,
        "isAccessibleForFree": True,
    }
    others = {lang: f"{office.url}{lang}/{release.id}/" for lang in release.alternates if lang != release.language}
    if release.language == release.source_language:
        if others:
            data["workTranslation"] = [{"@type": "NewsArticle", "@id": url} for url in others.values()]
    elif release.source_language in others:
        data["translationOfWork"] = {"@type": "NewsArticle", "@id": others[release.source_language]}
    if release.corrections:
        data["correction"] = [
            {"@type": "CorrectionComment", "text": notice.note, "datePublished": notice.day.iso}
            for notice in release.corrections
        ]
    if release.retracted:
        return {**data, "creativeWorkStatus": "Retracted"}
    if release.summary:
        data["description"] = release.summary
    if release.dateline:
        data["dateline"] = release.dateline.rstrip(" –")
    if release.tags:
        data["keywords"] = list(release.topics)
    pictures = [f"{release.url}{image.file}" for image in release.images]
    data["image"] = [*pictures, *([f"{release.url}{release.card}"] if release.card else [])]
    return data
