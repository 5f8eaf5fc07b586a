"""output/site → the address where the public reads it: only what differs, in an order that breaks no page.

A manifest beside the published files says what was sent, by digest. What is not in it is somebody else's and is never
touched. Before the first file goes the manifest forgets what it knew of those that will change, so that a publish that
is interrupted is made good by the next one.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from communique.errors import InputError, Problem, UsageError
from communique.inventory import digest_file

MANIFEST = ".communique-manifest.json"
#: Where a file is written beside its place and renamed. Object stores show a file only when it is whole.
RENAMING = frozenset({"file", "local", "sftp", "ssh"})
#: How object stores are told what a file is; without it browsers would save pages instead of showing them.
TYPED = {"s3": "ContentType", "s3a": "ContentType", "gs": "content_type", "gcs": "content_type"}
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "sftp": "sftp", "ssh": "sftp"}
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".txt": "text/plain; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".xml": "application/xml", ".webp": "image/webp"}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What a publish does, in this order: ``send``, then ``remove``; paths below the address."""

    send: tuple[str, ...]
    remove: tuple[str, ...]


def plan(local: dict[str, str], sent: dict[str, str]) -> Plan:
    """Return what brings an address from the files that were sent, by digest, to those of output/site.

    New files go first: until a page of before is changed nothing leads to them. Files go before pages, releases before
    the lists that show them. What is removed goes last, lists first.
    """
    changed = [path for path, digest in local.items() if sent.get(path) != digest]
    send = sorted(changed, key=lambda path: (bool(sent.get(path)), _rank(path), path))
    remove = sorted(sent.keys() - local.keys(), key=lambda path: (-_rank(path), path))
    return Plan(tuple(send), tuple(remove))


def _rank(path: str) -> int:
    """Return how late a file goes: what pages show, pages of releases, lists, and what leads to lists."""
    parts = path.split("/")
    if len(parts) == 1:
        return 3
    if path.endswith((".html", ".xml")):
        return 1 if len(parts) == 3 and parts[1] not in ("archive", "tag") else 2
    return 0


class Address:
    """A folder on any of fsspec's file systems; nothing outside of it is read or written."""

    def __init__(self, url: str) -> None:
        """Raises UsageError for an address that is none, or whose library is not installed."""
        import fsspec

        self.shown = re.sub(r"(?<=://)[^/@]*@", "", url)
        protocol = url.partition("://")[0] if "://" in url else "file"
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
        except ImportError:
            extra = EXTRAS.get(protocol)
            how = f"pip install 'communique[{extra}]'" if extra else "see fsspec's documentation"
            raise UsageError(f"{protocol}:// needs a library that is not installed: {how}") from None
        except (ValueError, OSError) as error:
            raise UsageError(f"{self.shown} cannot be used: {error}") from None
        self._root = root.rstrip("/")
        self._protocol = protocol
        if not self._root:
            raise UsageError(f"{self.shown} is the top of a disk or has no bucket; name a folder")
        # What another program wrote there meanwhile must be seen.
        self._fs.invalidate_cache()

    @property
    def folder(self) -> Path | None:
        """The folder on this machine, or None."""
        return Path(self._root) if self._protocol in ("file", "local") else None

    def manifest(self) -> dict[str, str]:
        """Return what was sent, by digest; raises InputError when it cannot be read."""
        place = f"{self._root}/{MANIFEST}"
        try:
            found = json.loads(self._fs.cat_file(place))
        except FileNotFoundError:
            return {}
        except ValueError:
            hint = "delete it there; then everything is sent anew, and nothing is removed"
            raise InputError(Problem(f"{self.shown}/{MANIFEST}", 0, "is damaged", hint)) from None
        except Exception as error:
            raise self._problem("read", error) from None
        return {path: str(digest) for path, digest in found.get("files", {}).items() if _inside(path)}

    def keep(self, files: dict[str, str]) -> None:
        """Write the manifest."""
        text = json.dumps({"files": dict(sorted(files.items()))}, ensure_ascii=False, indent=0)
        self.send(MANIFEST, text.encode())

    def send(self, path: str, data: bytes) -> None:
        """Write one file, whole whenever it is there; raises InputError."""
        place = f"{self._root}/{path}"
        try:
            if self._protocol in RENAMING:
                self._fs.makedirs(place.rpartition("/")[0], exist_ok=True)
                self._fs.pipe_file(f"{place}.part", data)
                self._fs.mv(f"{place}.part", place)
            elif name := TYPED.get(self._protocol):
                self._fs.pipe_file(place, data, **{name: content_type(path)})
            else:
                self._fs.makedirs(place.rpartition("/")[0], exist_ok=True)
                self._fs.pipe_file(place, data)
        except Exception as error:
            raise self._problem("written", error) from None

    def remove(self, path: str) -> None:
        """Remove one file, and the folders of this machine that this leaves empty; raises InputError."""
        try:
            self._fs.rm_file(f"{self._root}/{path}")
        except FileNotFoundError:
            pass
        except Exception as error:
            raise self._problem("removed", error) from None
        if self._protocol in RENAMING:
            for folder in [str(parent) for parent in PurePosixPath(path).parents][:-1]:
                try:
                    self._fs.rmdir(f"{self._root}/{folder}")
                except OSError:
                    break  # it is not empty

    def _problem(self, what: str, error: Exception) -> InputError:
        # Libraries of file systems raise errors of their own kinds.
        told = getattr(error, "strerror", None) or str(error) or type(error).__name__
        hint = "check the address and your rights there; what was sent is kept, and publishing again goes on"
        return InputError(Problem(self.shown, 0, f"cannot be {what}: {told}", hint))


def content_type(path: str) -> str:
    """Return a file's media type, as a web server would tell it."""
    if path.endswith("feed.xml"):
        return "application/atom+xml"
    ending = f".{path.rpartition('.')[2].lower()}"
    return TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and not path.startswith("/")


def files(site: Path) -> dict[str, str]:
    """Return the digests of all files of output/site by their paths; raises UsageError when nothing is public."""
    found = {
        place.relative_to(site).as_posix(): digest_file(str(place))
        for place in sorted(site.rglob("*") if site.is_dir() else ())
        if place.is_file()
    }
    if "index.html" not in found:
        raise UsageError(f"{site} has nothing to publish: build first; or nothing is public yet")
    return found


def run(site: Path, url: str, *, dry_run: bool, tell: Callable[[str], Any]) -> Plan:
    """Publish a folder and return what was done; each file is told when it is done, or at once with ``dry_run``.

    Raises UsageError for an address that cannot be used, InputError when it cannot be read or written.
    """
    local, address = files(site), Address(url)
    folder = address.folder
    if folder and (folder.resolve() == site.resolve() or site.resolve() in folder.resolve().parents):
        raise UsageError(f"{url} lies in the folder that is to be published")
    sent = address.manifest()
    todo = plan(local, sent)
    if dry_run:
        for line in lines(todo):
            tell(line)
        return todo
    if not todo.send and not todo.remove:
        return todo
    # Ours, but not known to be whole.
    known = {**sent, **dict.fromkeys((*todo.send, *todo.remove), "")}
    address.keep(known)
    for path in todo.send:
        address.send(path, (site / path).read_bytes())
        tell(f"sent {path}")
    for path in todo.remove:
        address.remove(path)
        tell(f"removed {path}")
    address.keep(local)
    return todo


def lines(todo: Plan) -> Iterator[str]:
    """Yield what a plan would do, in its order."""
    yield from (f"would send {path}" for path in todo.send)
    yield from (f"would remove {path}" for path in todo.remove)
