"""YAML and Markdown → Newsroom and Releases, with the line of every problem."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from urllib.parse import unquote, urlsplit

from communique import markup, pictures, schema, yamltree
from communique.errors import InputError, Problem, Problems, nearest
from communique.letters import host_in_ascii
from communique.model import Attachment, FileName, Image, InlinePicture, Located, Markdown, Newsroom, Release
from communique.reader import Reader, on_disk
from communique.schema import Setting

NEWSROOM = "newsroom.yaml"
RELEASES = "releases"
ID_PATTERN = r"[a-z0-9][a-z0-9-]*"
#: Names of catalogs, and of folders of the website, that are no release's.
RESERVED_IDS = ("messages", "newsroom", "archive", "tag", "search")


def load_newsroom(reader: Reader, problems: Problems) -> Newsroom | None:
    """Return the newsroom, or None when newsroom.yaml has a problem."""
    own = Problems()
    newsroom = _newsroom(reader, own)
    problems.extend(own)
    return None if len(own) else newsroom


def load_release(reader: Reader, id_: str, path: str, newsroom: Newsroom | None, problems: Problems) -> Release | None:
    """Return a release, or None when it has a problem, or when there is no newsroom to complete it with."""
    own = Problems()
    release = _release(reader, id_, path, newsroom, own)
    problems.extend(own)
    return None if len(own) else release


def find(reader: Reader, problems: Problems) -> dict[str, str]:
    """Return the release files under releases/ by ID, sorted."""
    found: dict[str, str] = {}
    for path in sorted(_walk(reader, RELEASES, problems), key=lambda p: (p.rpartition("/")[2], p)):
        id_ = path.rpartition("/")[2].removesuffix(".yaml")
        if not re.fullmatch(ID_PATTERN, id_):
            hint = "use small letters a-z, digits and hyphens, such as 2026-11-23-new-programme.yaml"
            problems.add(path, 0, "the file's name cannot be a release's ID", hint)
        elif id_ in RESERVED_IDS:
            problems.add(path, 0, f"'{id_}' is a name that the program uses itself", "give the file another name")
        elif id_ in found:
            problems.add(path, 0, f"a second release has the ID '{id_}'", f"rename it; the first is {found[id_]}")
        else:
            found[id_] = path
    return found


def find_among(paths: Iterable[str], problems: Problems) -> dict[str, str]:
    """Return the release files among paths as :func:`find` does: it asks for names alone."""
    return find(Reader(on_disk(dict.fromkeys(paths, ""))), problems)


def _walk(reader: Reader, folder: str, problems: Problems) -> Iterable[str]:
    names = reader.listing(folder)
    stems = {name.removesuffix(".yaml") for name in names if name.endswith(".yaml")}
    for name in names:
        path = f"{folder}/{name}".rstrip("/")
        if name.endswith("/"):
            if name[:-1] not in stems:  # otherwise it holds a release's pictures and files
                yield from _walk(reader, path, problems)
        elif name.endswith(".yaml"):
            yield path
        elif name.endswith(".yml"):
            problems.add(path, 0, "is not read", f"rename it to {name[:-4]}.yaml")
        elif name.endswith(".md") and name[:-3] not in stems and name != "README.md":
            problems.add(path, 0, "belongs to no release", f"{name[:-3]}.yaml is not beside it")


def _newsroom(reader: Reader, problems: Problems) -> Newsroom | None:
    try:
        if not reader.exists(NEWSROOM):
            hint = "a newsroom's folder has one; name the folder with --root"
            raise InputError(Problem(NEWSROOM, 0, "there is no such file", hint))
        tree = yamltree.parse(reader.text(NEWSROOM), NEWSROOM)
    except InputError as error:
        problems.extend(error.problems)
        return None
    setting = Setting(NEWSROOM, problems)
    newsroom: Newsroom | None = schema.read(tree, Newsroom, setting)
    if newsroom is None:
        return None
    before = len(problems)
    if not newsroom.languages:
        problems.add(NEWSROOM, 0, "languages is empty", "write languages: [ko, en, fr]")
    if not newsroom.contacts:
        problems.add(NEWSROOM, 0, "contacts is empty", "journalists need somebody to ask")
    try:
        host_in_ascii(urlsplit(newsroom.url).hostname or "")
    except ValueError as error:
        problems.add(NEWSROOM, newsroom.url.line, f"url: {newsroom.url} has no host that can be: {error}")
    if newsroom.logo:
        _picture(reader, "", newsroom.logo, NEWSROOM, problems)
        if newsroom.logo.lower() == "icon.svg":
            problems.add(NEWSROOM, newsroom.logo.line, "the pages have an icon.svg of their own", "rename the logo")
    if (contrast := _contrast(newsroom.accent)) < READABLE:
        told = f"its contrast is {contrast:.1f}, and {READABLE} is needed"
        message = f"the accent {newsroom.accent} cannot be read on white: {told}"
        problems.add(NEWSROOM, newsroom.accent.line, message, "take a darker colour (WCAG 2.2, 1.4.3)")
    if newsroom.boilerplate:
        list(_markdown(reader, newsroom.boilerplate, None, problems))
    return newsroom if len(problems) == before else None


#: The contrast of text that everybody can read: WCAG 2.2, 1.4.3, level AA.
READABLE = 4.5


def _contrast(colour: str) -> float:
    """Return the contrast of a colour (``#rrggbb``) with white, 1 to 21 (WCAG 2.2, contrast ratio)."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    red, green, blue = linear
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _release(reader: Reader, id_: str, path: str, newsroom: Newsroom | None, problems: Problems) -> Release | None:
    setting = Setting(path, problems, newsroom.timezone if newsroom else UTC)
    given: dict[str, object] = {"id": id_, "path": path}
    try:
        tree = yamltree.parse(reader.text(path), path)
    except InputError as error:
        problems.extend(error.problems)
        tree = None
    beside = path.removesuffix(".yaml") + ".md"
    if reader.exists(beside):
        try:
            given["body"] = _body(reader, beside)
        except InputError as error:
            problems.extend(error.problems)
        for name, _ in tree.entries if tree else ():
            if name.value == "body":
                hint = f"the text is already in {beside.rpartition('/')[2]}; keep one of the two"
                problems.add(path, name.line, "a body in both places", hint)
    release: Release | None = schema.read(tree, Release, setting, **given) if tree else None
    if release is None or newsroom is None:
        return None
    return _complete(reader, release, newsroom, problems)


def _body(reader: Reader, path: str) -> Markdown:
    source = reader.text(path)
    if not source.strip():
        raise InputError(Problem(path, 0, "is empty", "write the release's text, or delete the file"))
    return Markdown(source, path, 1)


def _complete(reader: Reader, release: Release, newsroom: Newsroom, problems: Problems) -> Release | None:
    """Return the release with what the newsroom and its files add to it."""
    path = release.path
    if release.body is None:
        hint = f"write {release.id}.md beside it, or body: | in it"
        problems.add(path, 0, "the release has no text", hint)
    for contact in release.contacts:
        if contact not in newsroom.contacts:
            problems.add(
                path, contact.line, f"newsroom.yaml has no contact '{contact}'", nearest(contact, newsroom.contacts)
            )
    languages = release.languages or newsroom.languages
    for language in release.languages or ():
        if language not in newsroom.languages:
            hint = f"the newsroom has {', '.join(newsroom.languages)}"
            problems.add(path, language.line, f"'{language}' is not among newsroom.yaml's languages", hint)
    if release.source_language is None:
        release = dataclasses.replace(release, source_language=newsroom.source_language)
    if release.embargo and not release.embargo.precise:
        hint = f"write embargo: {release.embargo.day}T09:00"
        problems.add(path, release.embargo.line, "an embargo needs a time of day", hint)
    for correction in release.corrections:
        if correction.date.day < release.date.day:
            problems.add(path, correction.date.line, "a correction is dated before the release", "check both dates")
    images = tuple(_image(reader, release.folder, image, problems) for image in release.images)
    for item in release.attachments:
        _attachment(reader, release.folder, item, problems)
    inline: dict[FileName, InlinePicture] = {}
    for text in (release.body, release.notes):
        if text is not None:
            inline |= {picture.file: picture for picture in _markdown(reader, text, release.folder, problems)}
    release = dataclasses.replace(release, languages=languages, images=images, inline_pictures=tuple(inline.values()))
    _same_names(release, problems)
    return release


def _image(reader: Reader, folder: str, image: Image, problems: Problems) -> Image:
    width, height = _picture(reader, folder, image.file, image.alt.path, problems)
    return dataclasses.replace(image, width=width, height=height)


def _picture(reader: Reader, folder: str, name: FileName, path: str, problems: Problems) -> tuple[int, int]:
    file = f"{folder}/{name}".lstrip("/")
    if not reader.exists(file):
        others = [n for n in reader.listing(folder) if not n.endswith(("/", ".yaml", ".py"))]
        close = nearest(name, others)
        place = f"put the picture into {folder}/" if folder else "put it beside newsroom.yaml"
        hint = close if "did you mean" in close else place
        problems.add(path, name.line, f"there is no picture {file}", hint)
        return 0, 0
    try:
        return pictures.size(reader.read(file), name)
    except ValueError as error:
        problems.add(path, name.line, f"{file} {error}", "JPEG, PNG, WebP, GIF and SVG are pictures")
    except InputError as error:
        problems.extend(error.problems)
    return 0, 0


def _attachment(reader: Reader, folder: str, item: Attachment, problems: Problems) -> None:
    file = f"{folder}/{item.file}"
    if not reader.exists(file):
        problems.add(item.title.path, item.file.line, f"there is no file {file}", f"put it into {folder}/")


def _same_names(release: Release, problems: Problems) -> None:
    """Tell files that would claim one place in output/, where upper and lower case may be one."""
    endings = ("pdf", "txt", "png")
    taken = {"index.html", *(f"{release.id}.{lang}.{end}" for lang in release.languages or () for end in endings)}
    taken |= {name.lower() for item in release.pictures.items() for name, _ in pictures.renditions(*item)}
    items: tuple[Image | Attachment, ...] = (*release.images, *release.attachments)
    for item in items:
        if item.file.lower() in taken:
            message = f"two files would be published as {item.file}"
            problems.add(release.path, item.file.line, message, "rename one of them")
        taken.add(item.file.lower())


def _markdown(reader: Reader, text: Markdown, folder: str | None, problems: Problems) -> Iterator[InlinePicture]:
    """Tell what of a text cannot be published, and yield the pictures in it that can."""
    rendered = markup.render(text.source)
    lines = text.source.split("\n")

    def line_of(what: str) -> int:
        return text.line + next((i for i, line in enumerate(lines) if what in line), 0)

    for what in rendered.dropped:
        if what.startswith("href="):
            bad = next((link for link in rendered.links if not _publishable(link)), "")
            problems.add(
                text.path, line_of(bad), f"the link to {bad} is not allowed", "http, https, mailto and tel are"
            )
        else:
            mark = what.rstrip(">") if what.startswith("<") else what.partition("=")[0]
            problems.add(text.path, line_of(mark), f"{what} is not allowed here", "write it in Markdown")
    for link in rendered.links:
        if not link.strip():
            problems.add(text.path, line_of("]()"), "a link leads nowhere", "write [text](https://…)")
        elif re.match(r"www\.", link, re.IGNORECASE):
            problems.add(text.path, line_of(link), f"the link to {link} lacks https://", f"write https://{link}")
    if re.search(r"<h(\d)></h\1>", rendered.html):
        place = text.line + next((i for i, line in enumerate(lines) if re.fullmatch(r"#[#\s]*", line)), 0)
        hint = "leave the line out; end marks are set by the program"
        problems.add(text.path, place, "a heading has no words", hint)
    for mark in dict.fromkeys(re.findall(r"\[\^[^\]\s]+\]", re.sub(r"(?s)<code>.*?</code>", "", rendered.html))):
        problems.add(text.path, line_of(mark), f"the footnote {mark} is not there", f"write {mark}: … at the end")
    for picture, alt in rendered.pictures:
        name = FileName(Located(unquote(picture), line_of(picture)))
        if not re.fullmatch(schema.KINDS[FileName].pattern, name):
            hint = f"put it into {folder}/ and write its file name" if folder else "the office's text has no pictures"
            problems.add(text.path, name.line, f"the picture {picture} is not one of the release's own", hint)
        elif folder:
            if not alt.strip():
                hint = f"write ![what it shows]({picture})"
                problems.add(
                    text.path, name.line, f"the picture {picture} has no text for people who cannot see it", hint
                )
            yield InlinePicture(name, *_picture(reader, folder, name, text.path, problems))


def _publishable(link: str) -> bool:
    scheme = re.match(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):", link)
    return scheme is None or scheme[1].lower() in ("http", "https", "mailto", "tel")
