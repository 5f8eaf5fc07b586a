"""The templates: a Jinja environment over templates/, and the messages in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from typing import Any

from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemBytecodeCache,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.bccache import Bucket

from communique.catalog import Translator
from communique.errors import InputError, Problem
from communique.messages import Message, united
from communique.reader import Reader

FOLDER = "templates"


class _Loader(BaseLoader):
    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = f"{FOLDER}/{template}"
        if not self.reader.exists(path):
            raise TemplateNotFound(template)
        return self.reader.text(path), path, lambda: True


class _Compiled(FileSystemBytecodeCache):
    """Keeps compiled templates where Jinja does: in a folder for temporary files that this user alone can write to.

    They are code, so output/ is no place for them: it may come from elsewhere. Raises OSError or RuntimeError when
    there is no such folder.
    """

    def __init__(self, recipe: str) -> None:
        super().__init__(pattern="__communique_%s.cache")
        self._recipe = recipe

    def get_source_checksum(self, source: str) -> str:
        # Another Jinja may compile otherwise, and filters of constants are run by the compiler.
        return super().get_source_checksum(self._recipe + source)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # a full disk: the next process compiles again
            super().dump_bytecode(bucket)


class _Environment(Environment):
    """Notes each template that is used, also when Jinja has it in its cache and asks no loader.

    A template is parsed once: its messages and its code come of the same tree.
    """

    reader: Reader

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._trees: dict[str, nodes.Template] = {}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        # Jinja's one way to a tree, for parse, compile and extraction alike.
        if source not in self._trees:
            self._trees[source] = super()._parse(source, name, filename)
        return self._trees[source]

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:
        # Jinja's one way to a template, for get_template, extends, include and import alike.
        self.reader.note(f"{FOLDER}/{name}")
        return super()._load_template(name, globals)


class Templates:
    """Renders templates with a language's words; a template's fault is an InputError with its line.

    ``recipe`` stands for the program and its libraries: what they compiled is used again by later processes.
    """

    def __init__(self, reader: Reader, filters: dict[str, Callable[..., Any]], recipe: str) -> None:
        self.reader = reader
        self.environment = _Environment(
            loader=_Loader(reader),
            autoescape=lambda name: not (name or "").endswith((".txt.j2", ".css")),
            extensions=["jinja2.ext.i18n"],
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        with suppress(OSError, RuntimeError):
            self.environment.bytecode_cache = _Compiled(recipe)
        self.environment.reader = reader
        self.environment.filters.update(filters)
        self._words = Translator()
        self.environment.install_gettext_callables(  # type: ignore[attr-defined]
            self._gettext, self._ngettext, newstyle=True, pgettext=self._pgettext
        )

    # Jinja knows one set of gettext functions an environment: these speak the language of the render under way.

    def _gettext(self, text: str) -> str:
        return self._words.gettext(text)

    def _ngettext(self, singular: str, plural: str, number: int) -> str:
        return self._words.ngettext(singular, plural, number)

    def _pgettext(self, context: str, text: str) -> str:
        return self._words.pgettext(context, text)

    def render(self, name: str, words: Translator, **context: object) -> str:
        """Return a template's text; raises InputError when it is missing or wrong."""
        self._words = words
        try:
            return self.environment.get_template(name).render(**context)
        except TemplateSyntaxError as error:
            path = f"{FOLDER}/{error.name or name}"
            raise InputError(Problem(path, error.lineno, f"is not a Jinja template: {error.message}")) from None
        except TemplateNotFound as error:
            raise InputError(Problem(f"{FOLDER}/{error.name}", 0, f"is missing; {name} needs it")) from None
        except InputError:
            raise
        except Exception as error:
            path, line = _place(error, f"{FOLDER}/{name}")
            raise InputError(Problem(path, line, f"cannot be rendered: {error}")) from error

    def messages(self) -> tuple[Message, ...]:
        """Return the templates' messages, each once, in the order of the files; raises InputError."""
        return united(message for path in self._files(FOLDER) for message in self._extracted(path))

    def _extracted(self, path: str) -> Iterator[Message]:
        try:
            found = list(self.environment.extract_translations(self.reader.text(path)))  # type: ignore[attr-defined]
        except TemplateSyntaxError as error:
            raise InputError(Problem(path, error.lineno, f"is not a Jinja template: {error.message}")) from None
        for line, function, arguments in found:
            words = [arguments] if isinstance(arguments, str) else [a for a in arguments if a is not None]
            context = words.pop(0) if "pgettext" in function else None
            plural = words[1] if "ngettext" in function or "npgettext" in function else None
            yield Message(words[0], (), ((path, line),), context, plural)

    def _files(self, folder: str) -> list[str]:
        files = []
        for name in self.reader.listing(folder):
            path = f"{folder}/{name}".rstrip("/")
            files += self._files(path) if name.endswith("/") else [path] if name.endswith(".j2") else []
        return files


def _place(error: BaseException, fallback: str) -> tuple[str, int]:
    """Return the template line that an error came from, read off the traceback Jinja rewrote."""
    place, trace = (fallback, 0), error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(FOLDER + "/"):
            place = (file, trace.tb_lineno)
        trace = trace.tb_next
    return place
