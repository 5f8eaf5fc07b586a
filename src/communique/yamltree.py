"""YAML → a tree of scalars that keep their text and their line.

PyYAML's events are read instead of its values, because authors do not mean what YAML 1.1 hears: ``title: No``
is a headline, not a boolean, and ``2023-11-21`` is read as a date only where a date belongs. Anchors and tags,
which a newsroom never needs and a YAML bomb is made of, are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from communique.errors import InputError, Problem

MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as written. ``content_line`` is where its text begins: below the ``|`` of a block.

    ``cut`` is what follows in the line behind " #" without a space, as in ``title: We are #1``: a comment to YAML.
    """

    value: str
    line: int
    content_line: int
    plain: bool
    cut: str = ""

    @property
    def absent(self) -> bool:
        """Whether nothing is written, as in ``subtitle:``."""
        return self.plain and not self.cut and self.value in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: tuple[tuple[Scalar, Node], ...]
    line: int


Node = Scalar | Sequence | Mapping


def _mark_problem(path: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    """Return PyYAML's error in an author's words."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    problem, context = str(error.problem or ""), str(error.context or "")
    here = text.split("\n")[mark.line] if mark and mark.line < text.count("\n") + 1 else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or "tab" in problem:
        return Problem(path, line, "a tab stands where spaces belong", "indent with spaces")
    if "mapping values are not allowed" in problem:
        hint = 'put a text that holds one in quotes (title: "Results: better"), and begin keys at the left edge'
        return Problem(path, line, "a colon stands where none belongs", hint)
    if "could not find expected ':'" in problem:
        return Problem(path, line, "a colon is missing after a key", "or the line before needs quotes")
    if "alias" in context or "anchor" in context:
        return Problem(path, line, "a text begins with * or &", "put it in quotes")
    if "quoted scalar" in context:
        start = error.context_mark.line + 1 if error.context_mark else line
        return Problem(path, start, "a quotation mark is never closed", "close it, or leave both out")
    if "cannot start any token" in problem and mark and here[mark.column :]:
        message = f"a text begins with {here[mark.column]}"
        return Problem(path, line, message, "put it in quotes")
    if "block mapping" in context or "block collection" in context:
        return Problem(path, line, "this line does not fit what is above it", "check its indentation and quotes")
    return Problem(path, line, f"is not YAML: {problem or context}", "check the indentation and the quotes")


def _cut(lines: list[str], end: Any) -> str:
    """Return what stands behind a plain scalar's end as a comment that is not written as one."""
    rest = lines[end.line][end.column :] if end.line < len(lines) else ""
    found = re.match(r"\s+(#[^\s#].*)", rest)
    return found[1].rstrip() if found else ""


class _Builder:
    """Builds the tree from events, with a limit on depth and duplicate keys told."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def build(self, text: str) -> Node | None:
        root: Node | None = None
        # One open collection a level: what it has so far, and the line it began on.
        stack: list[tuple[list[Node], int, bool]] = []
        documents, lines = 0, text.splitlines()
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            line = event.start_mark.line + 1 if event.start_mark else 0
            node: Node | None = None
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self.stop(line, "a second document begins (---)", "one file holds one")
                case yaml.AliasEvent():
                    self.stop(
                        line,
                        f"*{event.anchor} is a YAML alias, which is not used here",
                        "a text that begins with * needs quotes",
                    )
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self.plain_only(event, line)
                    stack.append(([], line, isinstance(event, yaml.MappingStartEvent)))
                    if len(stack) > MAX_DEPTH:
                        self.stop(line, "lists or keys lie too deep in each other", "see docs/authoring.md")
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    items, begun, is_mapping = stack.pop()
                    node = self.mapping(items, begun) if is_mapping else Sequence(tuple(items), begun)
                case yaml.ScalarEvent():
                    self.plain_only(event, line)
                    block = event.style in ("|", ">")
                    cut = "" if event.style else _cut(lines, event.end_mark)
                    node = Scalar(event.value, line, line + block, not event.style, cut)
            if node is not None:
                if stack:
                    stack[-1][0].append(node)
                else:
                    root = node
        return root

    def plain_only(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        if event.anchor is not None:
            self.stop(
                line,
                f"&{event.anchor} is a YAML anchor, which is not used here",
                "a text that begins with & needs quotes",
            )
        if event.tag not in (None, "!"):
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self.stop(line, f"{tag} is a YAML tag, which is not used here", "a text that begins with ! needs quotes")

    def mapping(self, items: list[Node], line: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        for name, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(name, Scalar):
                self.problems.append(Problem(self.path, name.line, "a key must be a word"))
            elif name.value in entries:
                first = entries[name.value][0].line
                message = f"'{name.value}' stands here a second time"
                self.problems.append(Problem(self.path, name.line, message, f"the first is in line {first}"))
            else:
                entries[name.value] = (name, value)
        return Mapping(tuple(entries.values()), line)

    def stop(self, line: int, message: str, hint: str) -> None:
        raise InputError(Problem(self.path, line, message, hint))


def parse(text: str, path: str) -> Mapping:
    """Return the tree of a YAML file whose top is a mapping; raises InputError."""
    if not text.strip():
        raise InputError(Problem(path, 0, "is empty", "python build.py new writes one to start from"))
    builder = _Builder(path)
    try:
        root = builder.build(text)
    except yaml.MarkedYAMLError as error:
        raise InputError(_mark_problem(path, text, error)) from None
    except yaml.YAMLError as error:
        raise InputError(Problem(path, 0, f"is not YAML: {str(error).splitlines()[0]}")) from None
    if builder.problems:
        raise InputError(*builder.problems)
    if not isinstance(root, Mapping):
        line = root.line if root is not None else 1
        raise InputError(Problem(path, line, "holds no keys", "write 'title: …' and so on, one key a line"))
    return root
