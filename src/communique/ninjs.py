"""LocalizedRelease → IPTC ninjs 3.1, the JSON that newsroom systems take in (https://iptc.org/standards/ninjs/)."""

from __future__ import annotations

import json
from typing import Any

from communique.localize import LocalizedRelease, Person, detached

SCHEMA = "https://iptc.org/std/ninjs/ninjs-schema_3.1.json"


def item(release: LocalizedRelease) -> bytes:
    """Return the item as JSON in UTF-8; only what is there is told."""
    shown = detached(release)
    found: dict[str, Any] = {
        "uri": release.url,
        "standard": {"name": "ninjs", "version": "3.1", "schema": SCHEMA},
        "type": "text",
        "representationType": "full",
        "version": str(release.version),
        "firstCreated": release.created,
        "versionCreated": release.modified,
        "embargoedUntil": release.embargo_at,
        # Withheld: not to be published until further notice. Canceled: to be taken back where it was published.
        "pubStatus": "canceled" if release.retracted else "withheld" if release.draft else "usable",
        "language": release.language,
        "slugline": release.id,
        "located": str(release.city),
        "headlines": _texts(("main", release.title), ("subtitle", release.subtitle)),
        "descriptions": _texts(("summary", release.summary), *(("highlight", text) for text in release.highlights)),
        "bodies": [
            {"role": "main", "contentType": "text/html", "value": str(shown.body + shown.footnotes)},
        ]
        if shown.body
        else [],
        "edNote": "\n".join(f"{notice.day.text}: {notice.note}" for notice in release.corrections),
        "genres": [{"name": "Press Release"}],
        "subjects": [{"name": topic, "rel": "about"} for topic in release.topics],
        "organisations": [
            {
                "name": str(release.office.name),
                "rel": "issuer",
                "uri": release.office.url,
                "contactInfo": [entry for person in release.contacts for entry in _contact(person, release.language)],
            }
        ],
        "copyrightHolder": str(release.office.name),
        "renditions": [
            {
                "name": "pdf",
                "href": f"{release.url}{release.id}.{release.language}.pdf",
                "contentType": "application/pdf",
            }
        ],
        "associations": [
            {
                "name": image.file.removeprefix(release.url),
                "uri": image.file,
                "type": "picture",
                "descriptions": _texts(("alternative", image.alt), ("caption", image.caption)),
                "by": str(image.credit),
                "renditions": [
                    {"name": "original", "href": image.file}
                    | ({"width": image.width, "height": image.height} if image.width else {})
                ],
            }
            for image in shown.images
        ],
        "altIds": [{"role": "release", "value": release.id}],
    }
    return json.dumps(_told(found), ensure_ascii=False, indent=1).encode() + b"\n"


def _texts(*texts: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "value": str(text)} for role, text in texts if text]


def _contact(person: Person, language: str) -> list[dict[str, str]]:
    name = ", ".join(filter(None, (person.name, person.role)))
    return [
        {"type": kind, "role": "media", "lang": language, "name": name, "value": value}
        for kind, value in (("email", person.email), ("phone", person.phone))
        if value
    ]


def _told(value: Any) -> Any:
    """Return a value without what is empty."""
    if isinstance(value, dict):
        return {key: told for key, one in value.items() if (told := _told(one)) not in ("", [], {}, None)}
    return [_told(one) for one in value] if isinstance(value, list) else value
