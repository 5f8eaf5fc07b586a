"""The contract's types → parsed values, and → JSON Schema: one declaration serves both.

A dataclass field made by :func:`communique.model.key` is a key that authors write; its annotation says
how the value is read.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from communique import model
from communique.errors import Problems, nearest
from communique.letters import fold
from communique.model import LANGUAGES, Located, Markdown, Moment, Text
from communique.yamltree import Mapping, Node, Scalar, Sequence


@dataclass(frozen=True)
class Setting:
    """Where a file is being read, and what its values depend on."""

    path: str
    problems: Problems
    zone: tzinfo = UTC

    def tell(self, node: Node, message: str, hint: str = "") -> Any:
        """Note a problem, and return the None that stands for the value."""
        self.problems.add(self.path, node.line, message, hint)


@dataclass(frozen=True)
class Kind:
    """A scalar type: the pattern it must match, what it is called in a problem, and an example."""

    pattern: str
    name: str
    example: str
    json: dict[str, object] = dataclasses.field(default_factory=dict)


KINDS: dict[object, Kind] = {
    model.Language: Kind("|".join(LANGUAGES), "a language", "one of " + ", ".join(LANGUAGES)),
    model.ContactKey: Kind(r"\S+", "a contact's key", "foreign-media"),
    model.Tag: Kind(r"(?!\.)[^\s/\\?#%&,<>:\"|*\x00-\x1f]+", "a tag", "small-business"),
    model.Alias: Kind(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*/?", "an address", "2023/cosmetic-valley"),
    model.FileName: Kind(r"(?!\.)[^/\\<>:\"|?*\x00-\x1f]+(?<![. ])", "a file name", "signing.jpg, without a folder"),
    model.Email: Kind(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+", "an email address", "press@example.org"),
    model.Phone: Kind(r"\+?[0-9][0-9 ()./-]{3,30}", "a telephone number", '"+82 44 000 0000", in quotes'),
    model.WebAddress: Kind(r"https?://[^\s/?#\"'<>]+[^\s?#\"'<>]*", "a web address", "https://newsroom.example.org/"),
    model.Colour: Kind(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})", "a colour", '"#0b4da2", in quotes'),
    model.HostName: Kind(r"[A-Za-z0-9.:-]+", "a server's name", "mail.example.org"),
    model.FilePath: Kind(r"[^\x00-\x1f]+", "a file's path", "/etc/dkim/press.key"),
    model.OneClick: Kind(
        r"https://[^\s/\"'<>{}]+/[^\s\"'<>{}]*\{address\}[^\s\"'<>{}]*",
        "an https address with {address} in it",
        "https://news.example.org/unsubscribe?who={address}",
    ),
    model.Word: Kind(r"\S+", "a word without spaces", "press"),
}

MOMENT_PATTERN = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?)?"
_MOMENT = re.compile(MOMENT_PATTERN)


def moment(text: str, zone: tzinfo) -> Moment:
    """Return a day or an instant; one without an offset is in ``zone``.

    Raises ValueError with a hint for an author, also for an hour that a clock change skips or repeats.
    """
    value = text.strip()
    if not _MOMENT.fullmatch(value):
        raise ValueError("write 2026-11-23, 2026-11-23T09:00 or 2026-11-23T09:00+09:00")
    try:
        at = datetime.fromisoformat(value.replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        raise ValueError("there is no such day or hour") from None
    if not 1900 <= at.year <= 2999:
        raise ValueError("years from 1900 to 2999 are known here")
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
        if at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != at.replace(tzinfo=None):
            raise ValueError(f"clocks in {zone} skip this time; name the offset, such as {_offset(at)}")
        if at.utcoffset() != at.replace(fold=1).utcoffset():
            raise ValueError(f"clocks in {zone} show this time twice; name the offset, such as {_offset(at)}")
    return Moment(at, precise=len(value) > 10)


def _offset(at: datetime) -> str:
    """Return an instant's offset from UTC as it is written, such as +09:00."""
    return at.isoformat()[-6:]


def _fields(cls: type) -> dict[str, dataclasses.Field[Any]]:
    return {f.name: f for f in dataclasses.fields(cls) if "doc" in f.metadata}


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _required(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _unwrap(annotation: Any) -> Any:
    """Return X of ``X | None``."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return next(a for a in typing.get_args(annotation) if a is not types.NoneType)
    return annotation


def read(node: Mapping, cls: type, setting: Setting, **given: object) -> Any:
    """Return an instance of ``cls``, or None where a value was bad: its problems are in ``setting``.

    ``given`` holds the fields that are no keys, and keys that come from elsewhere.
    """
    known, hints = _fields(cls), _hints(cls)
    values: dict[str, object] = dict(given)
    before = len(setting.problems)
    for name, value in node.entries:
        if name.value not in known:
            setting.tell(name, f"unknown key '{name.value}'", nearest(name.value, known))
        elif not (isinstance(value, Scalar) and value.absent):
            values[name.value] = _value(value, hints[name.value], setting, name.value)
    for name_, item in known.items():
        if name_ not in values and _required(item):
            setting.tell(node, f"{name_} is missing", item.metadata["doc"][0].lower() + item.metadata["doc"][1:-1])
    if len(setting.problems) > before:
        return None
    return cls(**values)


def _value(node: Node, annotation: Any, setting: Setting, name: str) -> Any:
    kind = _unwrap(annotation)
    origin = typing.get_origin(kind)
    if origin is tuple:
        return _list(node, typing.get_args(kind)[0], setting, name)
    if origin is dict:
        return _dict(node, kind, setting, name)
    if dataclasses.is_dataclass(kind) and kind not in (Text, Markdown, Moment):
        if isinstance(node, Mapping):
            return read(node, typing.cast(type, kind), setting)
        return setting.tell(node, f"{name} must hold keys", ", ".join(_fields(typing.cast(type, kind))))
    if not isinstance(node, Scalar):
        what = "a list" if isinstance(node, Sequence) else "a set of keys"
        hint = "put the text in quotes if it holds a colon or begins with [ or {"
        return setting.tell(node, f"{name} must be one value, not {what}", hint)
    return _scalar(node, kind, setting, name)


def _list(node: Node, item: Any, setting: Setting, name: str) -> Any:
    if not isinstance(node, Sequence):
        return setting.tell(
            node, f"{name} must be a list", f"write {name}: [one, another], or one line each behind '- '"
        )
    values = []
    for position, child in enumerate(node.items, 1):
        if isinstance(child, Scalar) and child.absent:
            setting.tell(child, f"entry {position} of {name} is empty")
        else:
            values.append(_value(child, item, setting, f"entry {position} of {name}"))
    scalars = [v for v in values if isinstance(v, Located)]
    for position, value in enumerate(scalars):
        if value in scalars[:position]:
            setting.problems.add(setting.path, value.line, f"{name} names '{value}' twice")
    return tuple(values)


def _dict(node: Node, kind: Any, setting: Setting, name: str) -> Any:
    if not isinstance(node, Mapping):
        return setting.tell(node, f"{name} must hold keys")
    key_kind, value_kind = typing.get_args(kind)
    return {
        _scalar(k, key_kind, setting, f"a key of {name}"): _value(v, value_kind, setting, f"{name}.{k.value}")
        for k, v in node.entries
    }


def _scalar(node: Scalar, kind: Any, setting: Setting, name: str) -> Any:
    value = node.value.strip()
    if node.cut:
        hint = "put the whole text in quotes; a comment has a space behind its #"
        return setting.tell(node, f"{name}: YAML leaves out what follows: {node.cut}", hint)
    if not value:
        return setting.tell(node, f"{name} is empty", "write something, or leave the key out")
    if kind is Text:
        return Text(fold(value), setting.path, node.content_line)
    if kind is Markdown:
        return Markdown(node.value, setting.path, node.content_line)
    if kind is Moment:
        try:
            return dataclasses.replace(moment(value, setting.zone), line=node.line)
        except ValueError as error:
            return setting.tell(node, f"{name}: '{value}' is no date", str(error))
    if kind is ZoneInfo:
        try:
            return ZoneInfo(value)
        except (KeyError, ValueError, OSError):  # OSError for a folder's name, such as Asia
            zones = sorted(available_timezones())
            return setting.tell(node, f"{name} '{value}' is no timezone", nearest(value, zones))
    if kind is bool:
        if value.lower() in ("true", "yes", "on", "false", "no", "off"):
            return value.lower() in ("true", "yes", "on")
        return setting.tell(node, f"{name} must be true or false, not '{value}'")
    if kind is int:
        if re.fullmatch(r"\d{1,9}", value):
            return int(value)
        return setting.tell(node, f"{name} must be a whole number, not '{value}'")
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        return value if value in choices else setting.tell(node, f"{name} cannot be '{value}'", nearest(value, choices))
    rule = KINDS[kind]
    if not re.fullmatch(rule.pattern, value):
        return setting.tell(node, f"{name} '{value}' is not {rule.name}", f"like this: {rule.example}")
    return Located(value, node.line)


# --- JSON Schema -------------------------------------------------------------------------------------


def json_schema(cls: type, title: str) -> dict[str, object]:
    """Return a JSON Schema (draft 2020-12) of the files that are read into ``cls``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **_object_schema(cls)}


def _object_schema(cls: type) -> dict[str, object]:
    hints = _hints(cls)
    properties = {
        name: {"description": item.metadata["doc"], **_value_schema(hints[name])} for name, item in _fields(cls).items()
    }
    schema: dict[str, object] = {"type": "object", "additionalProperties": False, "properties": properties}
    if required := [name for name, item in _fields(cls).items() if _required(item)]:
        schema["required"] = required
    return schema


def _value_schema(annotation: Any) -> dict[str, object]:
    kind = _unwrap(annotation)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return {"type": "array", "items": _value_schema(arguments[0])}
    if origin is dict:
        keys = {"propertyNames": {"pattern": _anchored(arguments[0])}}
        return {"type": "object", **keys, "additionalProperties": _value_schema(arguments[1])}
    if origin is Literal:
        return {"enum": list(arguments)}
    simple: dict[object, dict[str, object]] = {
        # An editor reads `title: 2024` as a number; the program takes it as the text it is.
        Text: {"type": ["string", "number", "boolean"]},
        Markdown: {"type": "string"},
        Moment: {"type": "string", "pattern": f"^{MOMENT_PATTERN}$"},
        ZoneInfo: {"type": "string"},
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        model.Language: {"enum": list(LANGUAGES)},
    }
    if kind in simple:
        return simple[kind]
    if kind in KINDS:
        return {"type": "string", "pattern": _anchored(kind)}
    return _object_schema(kind)


def _anchored(kind: object) -> str:
    return f"^(?:{KINDS[kind].pattern})$"


def files() -> dict[str, str]:
    """Return the schema files' texts by their names in schemas/."""
    schemas = {
        "newsroom.schema.json": json_schema(model.Newsroom, "communique: newsroom.yaml"),
        "release.schema.json": json_schema(model.Release, "communique: a release"),
    }
    return {name: json.dumps(s, indent=2, ensure_ascii=False) + "\n" for name, s in schemas.items()}
