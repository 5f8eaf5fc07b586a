"""The only door to input files: the newsroom's folder first, what comes with the program where it has none.

Every path is relative to the newsroom's folder and has forward slashes, as in problems.
"""

from __future__ import annotations

import os
from pathlib import Path

from communique.errors import InputError, Problem

MAX_TEXT_BYTES = 4 * 1024 * 1024


def bundled() -> Path:
    """Return the folder of the templates and catalogs that come with the program.

    In a wheel they lie inside the package; in a checkout they are the checkout's own.
    """
    inside = Path(__file__).parent / "bundled"
    return inside if inside.is_dir() else Path(__file__).parents[2]


class Reader:
    """Reads each file once and keeps it for the run, so that one build sees one state of the newsroom."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._bundled = bundled()
        self._files: dict[str, bytes] = {}
        self._own_templates = (root / "templates").is_dir()

    def locate(self, path: str) -> Path:
        """Return where ``path`` is read from: templates/ as a whole, messages.po one by one, may be the program's."""
        own = self.root / path
        if path == "templates" or path.startswith("templates/"):
            return own if self._own_templates else self._bundled / path
        if path.endswith("/LC_MESSAGES/messages.po") and not own.is_file():
            return self._bundled / path
        return own

    def exists(self, path: str) -> bool:
        return self.locate(path).is_file()

    def listing(self, path: str) -> tuple[str, ...]:
        """Return the names in a folder, sorted, folders with a closing slash; hidden ones are left out."""
        try:
            with os.scandir(self.locate(path)) as entries:
                names = [e.name + "/" * e.is_dir() for e in entries if not e.name.startswith((".", "~"))]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise InputError(Problem(path, 0, f"cannot be listed: {error.strerror}")) from error
        return tuple(sorted(names))

    def read(self, path: str) -> bytes:
        """Return a file's bytes; raises InputError when it cannot be read."""
        if path not in self._files:
            try:
                self._files[path] = self.locate(path).read_bytes()
            except FileNotFoundError:
                raise InputError(Problem(path, 0, "there is no such file")) from None
            except OSError as error:
                raise InputError(Problem(path, 0, f"cannot be read: {error.strerror}")) from error
        return self._files[path]

    def text(self, path: str) -> str:
        """Return a file as text with ``\\n`` line ends; raises InputError with the line that is not UTF-8."""
        data = self.read(path)
        if len(data) > MAX_TEXT_BYTES:
            raise InputError(Problem(path, 0, f"is larger than {MAX_TEXT_BYTES >> 20} MB", "is it a text file?"))
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            hint = "save the file as UTF-8 in your editor"
            raise InputError(Problem(path, line, "is not UTF-8 text", hint)) from None
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        for number, line_text in enumerate(text.split("\n"), 1):
            if bad := next((c for c in line_text if (c < " " and c != "\t") or c in "\x7f\ufffe\uffff"), None):
                message = f"holds a control character (U+{ord(bad):04X})"
                raise InputError(Problem(path, number, message, "delete it; it came with a copied text"))
        return text
