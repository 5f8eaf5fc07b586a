"""python build.py new: a release to start from."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from communique import schema
from conftest import ROOT, Room


def test_what_new_writes_builds_at_once(room: Room) -> None:
    done = room.run("new", "--title", "Éléphants: 100% « œuvre »", "--date", "2026-05-01", "--language", "en")
    id_ = "2026-05-01-elephants-100-oeuvre"
    assert (done.code, done.out) == (0, [f"releases/{id_}.yaml", f"releases/{id_}.md"])
    built = room.run("build", id_)
    assert (built.code, built.err[:1]) == (0, [f"[1/1] {id_}"])
    assert f"{id_}.en.pdf" in room.files(f"output/press/{id_}")
    assert "Éléphants: 100% « œuvre »" in room.read(f"output/press/{id_}/{id_}.en.txt")


def test_new_asks_for_what_is_not_given(room: Room) -> None:
    done = room.run("new", stdin="The headline\n2026-06-01\nko\n")
    assert done.out == ["releases/2026-06-01-the-headline.yaml", "releases/2026-06-01-the-headline.md"]
    assert "Headline: Day of issue [" in done.err[0]
    written = yaml.safe_load(room.read("releases/2026-06-01-the-headline.yaml"))
    assert (written["title"], written["source_language"]) == ("The headline", "ko")


def test_a_korean_headline_has_an_id_of_its_day(room: Room) -> None:
    first, second = (
        room.run("new", "--title", "새 소식", "--date", "2026-06-01", "--language", "ko").out[0] for _ in range(2)
    )
    assert (first, second) == ("releases/2026-06-01-release.yaml", "releases/2026-06-01-release-2.yaml")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--title", "A", "--date", "soon", "--language", "en"], "'soon' is no day"),
        (["--title", "A", "--date", "2026-05-01", "--language", "fr"], "'fr' is not among newsroom.yaml's languages"),
        (["--title", "A", "--date", "2026-05-01", "--language", "en", "--id", "../x"], "'../x' cannot be an ID"),
        (["--title", "A", "--date", "2026-05-01", "--language", "en", "--id", "good"], "there is a release good"),
        (["--title", " ", "--date", "2026-05-01", "--language", "en"], "a release needs a headline"),
        ([], "new asks for headline, day and language"),
    ],
)
def test_new_refuses_what_makes_no_release(room: Room, arguments: list[str], told: str) -> None:
    before = room.files(".")
    done = room.run("new", *arguments)
    assert done.code == 2
    assert told in done.err[-1]
    assert room.files(".") == before


def test_the_schemas_in_the_repository_are_those_of_the_program() -> None:
    for name, text in schema.files().items():
        assert (ROOT / "schemas" / name).read_text("utf-8") == text, "run make schemas"


@pytest.mark.parametrize("path", ["newsroom.yaml", *(p.as_posix() for p in ROOT.glob("releases/*.yaml"))])
def test_the_samples_follow_the_schema_that_they_name(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    place = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    named = json.loads(((ROOT / path).parent / place).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(named)
    # Editors read YAML without turning dates into objects, and so does this.
    jsonschema.Draft202012Validator(named).validate(yaml.load(text, Loader=yaml.BaseLoader) | _types(text))


def _types(text: str) -> dict[str, object]:
    loaded = yaml.safe_load(text)
    return {k: v for k, v in loaded.items() if isinstance(v, bool | int)}


def test_the_schema_refuses_what_the_program_refuses() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema.files()["release.schema.json"]))
    for wrong in (
        {"title": "A"},
        {"title": "A", "date": "soon"},
        {"title": "A", "date": "2026-05-01", "titel": "B"},
        {"title": "A", "date": "2026-05-01", "status": "public"},
        {"title": "A", "date": "2026-05-01", "images": [{"file": "a.jpg"}]},
        {"title": "A", "date": "2026-05-01", "languages": ["de"]},
    ):
        assert list(validator.iter_errors(wrong)), wrong
    assert not list(validator.iter_errors({"title": "A", "date": "2026-05-01"}))
