"""python build.py, as a press officer types it."""

from __future__ import annotations

import html
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, Room, needs

VALLEY, THREE = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"


def press(id_: str, *languages: str) -> list[str]:
    kinds = ("pdf", "json", "html", "txt", "eml")
    files = (f"press/{id_}/{id_}.{lang}.{kind}" for lang in languages for kind in kinds)
    return sorted((*files, f"press/{id_}/SHA256SUMS"))


def site(id_: str, *languages: str, files: tuple[str, ...] = ()) -> list[str]:
    """Return the public files of a release, its press pack among them."""
    names = ("index.html", *files)
    made = [f"{id_}.{{}}.{ending}" for ending in ("pdf", "txt", "png")]
    own = [f"site/{lang}/{id_}/{name.format(lang)}" for lang in languages for name in (*names, *made)]
    return sorted([*own, f"site/packs/{id_}.zip"])


ALL = ("ko", "en", "fr")


def test_the_samples_come_out_in_every_language_and_format(built: Room) -> None:
    expected = [
        *press(VALLEY, *ALL),
        *press(THREE, *ALL),
        *site(VALLEY, *ALL),
        *site(THREE, *ALL, files=("workflow.png", "workflow-png-480.webp", "workflow-png-960.webp", "formats.csv")),
    ]
    assert built.own_files() == sorted(expected)


def test_a_build_ends_by_telling_what_was_made_and_where(room: Room) -> None:
    done = room.run()
    assert done.code == 0
    shared = len(room.files()) - len(room.own_files())
    assert done.out == [
        "Made 20 files of 1 release:",
        "  11 files for journalists in output/press",
        "  9 files for the public in output/site",
        f"  and {shared} files of the newsroom: front pages, topics, feeds",
    ]
    assert done.err == ["[1/1] good"]


def test_quiet_tells_nothing_and_verbose_every_file(room: Room) -> None:
    quiet, verbose = room.run("--quiet"), room.run("--verbose", "--force", "--output", "other")
    assert (quiet.code, quiet.out, quiet.err) == (0, [], [])
    assert "    press/good/good.en.pdf" in verbose.err


def test_a_new_release_is_all_that_is_new_in_output(room: Room) -> None:
    room.run()
    before = {f: (room.path / "output" / f).stat().st_mtime_ns for f in room.own_files()}
    room.write("releases/2026-04-01-new.yaml", "title: Something new\ndate: 2026-04-01\n")
    room.write("releases/2026-04-01-new.md", "It is told here.\n")
    done = room.run()
    assert done.code == 0
    assert sorted(set(room.own_files()) - set(before)) == sorted(
        [*press("2026-04-01-new", "en"), *site("2026-04-01-new", "en")]
    )
    assert {f: (room.path / "output" / f).stat().st_mtime_ns for f in before} == before


def test_the_same_input_gives_the_same_bytes(room: Room) -> None:
    room.run("--output", "one")
    room.run("--output", "two", env={"TZ": "America/New_York", "LC_ALL": "C", "PYTHONHASHSEED": "7"})
    one, two = ({f: (room.path / o / f).read_bytes() for f in room.files(o)} for o in ("one", "two"))
    assert [f for f in one if one[f] != two.get(f)] == []
    assert one.keys() == two.keys()


def test_an_incomplete_language_is_held_back_and_named_with_counts(samples: Room) -> None:
    catalog = f"locales/fr/LC_MESSAGES/{VALLEY}.po"
    samples.edit(catalog, 'msgid "The agreement has four key points."', 'msgid "The agreement has three key points."')
    samples.edit(catalog, "#. headline\n", "#. headline\n#, fuzzy\n")
    done = samples.run(VALLEY)
    assert done.code == 0
    assert done.out[-2:] == ["Held back:", f"  {VALLEY} fr: 1 missing, 1 fuzzy in {catalog}"]
    assert samples.own_files() == sorted([*press(VALLEY, "ko", "en"), *site(VALLEY, "ko", "en")])
    assert 'hreflang="fr"' not in samples.read(f"output/site/en/{VALLEY}/index.html")
    assert samples.run("--strict", VALLEY).code == 1
    assert samples.run("--strict", VALLEY, "--language", "en").code == 0


def test_what_is_held_back_again_leaves_the_output(samples: Room) -> None:
    samples.run(VALLEY, "--format", "email", "--format", "html")
    assert (samples.path / f"output/press/{VALLEY}/{VALLEY}.fr.eml").is_file()
    samples.edit(f"releases/{VALLEY}.md", "four key points", "four main points")
    done = samples.run(VALLEY, "--format", "email")
    gone = f"press/{VALLEY}/{VALLEY}.fr.eml"
    assert f"  {gone}" in done.out
    assert not [f for f in samples.files() if ".fr." in f or f.startswith("site/fr/")]


def test_a_file_of_somebody_else_in_output_is_never_removed(samples: Room) -> None:
    samples.run(VALLEY, "--format", "email")
    own = samples.write(f"output/press/{VALLEY}/my notes.txt", "mine")
    samples.edit(f"releases/{VALLEY}.yaml", "city: Sejong", "city: Sejong\nstatus: draft")
    samples.run(VALLEY)
    assert samples.own_files() == sorted([own.relative_to(samples.path / "output").as_posix()])


def test_together_holds_every_language_until_all_are_complete(samples: Room) -> None:
    samples.edit(f"releases/{VALLEY}.yaml", "city: Sejong", "city: Sejong\ntogether: true")
    assert samples.run(VALLEY).code == 0
    assert samples.own_files() == sorted([*press(VALLEY, *ALL), *site(VALLEY, *ALL)])
    (samples.path / f"locales/fr/LC_MESSAGES/{VALLEY}.po").unlink()
    done = samples.run(VALLEY)
    assert done.code == 0
    assert samples.files() == []
    assert f"  {VALLEY} en: together: waits for fr" in done.out


def test_under_embargo_only_journalists_get_it_and_every_file_says_so(samples: Room) -> None:
    samples.edit(f"releases/{VALLEY}.yaml", "city: Sejong", "city: Sejong\nembargo: 2023-11-21T09:00:00+09:00")
    before = samples.run(VALLEY, "--now", "2023-11-21T08:59:59")
    assert before.code == 0
    assert samples.files() == press(VALLEY, *ALL)
    told = {
        "ko": "2023. 11. 21.(화) 09:00 이후 보도",
        "en": "Embargoed until 09:00 KST, November 21, 2023",
        "fr": "Sous embargo jusqu’au 21\u00a0novembre 2023 à 9\u00a0h (heure de Séoul)",
    }
    for language, text in told.items():
        for kind in ("txt", "html"):
            assert text in html.unescape(samples.read(f"output/press/{VALLEY}/{VALLEY}.{language}.{kind}"))
    after = samples.run(VALLEY, "--now", "2023-11-21T09:00:00+09:00")
    assert after.code == 0
    assert samples.own_files() == sorted([*press(VALLEY, *ALL), *site(VALLEY, *ALL)])
    assert "embargo" not in samples.read(f"output/press/{VALLEY}/{VALLEY}.fr.txt").lower()
    # Back before the instant, nothing of it stays public.
    samples.run(VALLEY, "--now", "2023-11-20T00:00:00+09:00")
    assert samples.own_files() == sorted([*press(VALLEY, *ALL)])


@needs("pdftotext")
def test_drafts_are_built_on_request_for_journalists_alone_and_marked(samples: Room) -> None:
    import subprocess

    samples.edit(f"releases/{VALLEY}.yaml", "city: Sejong", "city: Sejong\nstatus: draft")
    assert samples.run(VALLEY).code == 0
    assert samples.files() == []
    assert samples.run(VALLEY, "--drafts").code == 0
    assert samples.files() == press(VALLEY, *ALL)
    for language, mark in {"ko": "초안", "en": "DRAFT", "fr": "PROJET"}.items():
        path = samples.path / f"output/press/{VALLEY}/{VALLEY}.{language}"
        assert mark in path.with_name(path.name + ".txt").read_text("utf-8")
        shown = subprocess.run(["pdftotext", f"{path}.pdf", "-"], capture_output=True, check=True).stdout.decode()
        assert mark in shown


def test_a_retracted_release_leaves_a_notice_on_its_page_and_for_journalists_and_nothing_else(samples: Room) -> None:
    samples.run(VALLEY)
    samples.edit(f"releases/{VALLEY}.yaml", "city: Sejong", "city: Sejong\nstatus: retracted")
    done = samples.run(VALLEY)
    assert done.code == 0
    pages = [f"site/{language}/{VALLEY}/index.html" for language in ALL]
    assert samples.own_files() == sorted([*press(VALLEY, *ALL), *pages])
    page = samples.read(f"output/site/en/{VALLEY}/index.html")
    assert "This press release has been retracted." in page
    assert "Cosmetic Valley was founded" not in page


def test_under_embargo_a_retraction_is_not_public_either(samples: Room) -> None:
    added = "city: Sejong\nstatus: retracted\nembargo: 2023-11-21T09:00:00+09:00"
    samples.edit(f"releases/{VALLEY}.yaml", "city: Sejong", added)
    assert samples.run(VALLEY, "--now", "2023-11-21T08:59:59").code == 0
    assert samples.files("output/press")
    assert [name for name in samples.files("output/site") if VALLEY in name] == []
    assert samples.run(VALLEY, "--now", "2023-11-21T09:00:00+09:00").code == 0
    assert f"en/{VALLEY}/index.html" in samples.files("output/site")


def test_languages_and_formats_can_be_chosen(samples: Room) -> None:
    assert samples.run(VALLEY, "--language", "fr", "--format", "pdf").code == 0
    assert samples.own_files() == sorted(
        [
            f"press/{VALLEY}/{VALLEY}.fr.json",
            f"press/{VALLEY}/{VALLEY}.fr.pdf",
            f"press/{VALLEY}/SHA256SUMS",
            f"site/fr/{VALLEY}/{VALLEY}.fr.pdf",
        ]
    )


def test_a_release_may_narrow_the_languages(samples: Room) -> None:
    samples.edit(f"releases/{VALLEY}.yaml", "city: Sejong", "city: Sejong\nlanguages: [en, fr]")
    samples.run(VALLEY)
    assert samples.own_files() == sorted([*press(VALLEY, "en", "fr"), *site(VALLEY, "en", "fr")])
    folders = sorted(p.name for p in (samples.path / "output/site").iterdir() if p.is_dir())
    assert folders == ["assets", "en", "fr", "packs"]


def test_releases_may_lie_in_folders(room: Room) -> None:
    (room.path / "releases/2026").mkdir()
    (room.path / "releases/good.yaml").rename(room.path / "releases/2026/good.yaml")
    assert room.run().code == 0
    assert room.own_files() == sorted([*press("good", "ko", "en"), *site("good", "ko", "en")])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--root", "{room}"],
        ["build", "--root", "{room}"],
        ["--root", "{room}", "build"],
        ["--root={room}", "build", "good"],
        ["good", "--root", "{room}"],
    ],
)
def test_root_may_stand_before_or_after_the_verb(room: Room, tmp_path: Path, arguments: list[str]) -> None:
    elsewhere = Room(tmp_path)
    done = elsewhere.run(*(word.format(room=room.path) for word in arguments))
    assert (done.code, len(room.own_files())) == (0, 20)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["goood"], "there is no release 'goood'; did you mean 'good'?"),
        (["--root", "nowhere"], "there is no folder nowhere"),
        (
            ["--now", "tomorrow"],
            "--now 'tomorrow' is no instant; write 2026-11-23, 2026-11-23T09:00 or 2026-11-23T09:00+09:00",
        ),
        (["--output", "releases"], "--output releases holds the newsroom's own files"),
        (["--output", "."], "--output . holds the newsroom's own files"),
    ],
)
def test_a_wrong_command_line_is_told_with_exit_2(room: Room, arguments: list[str], told: str) -> None:
    done = room.run(*arguments)
    assert (done.code, done.out, done.err) == (2, [], [f"communique: {told}"])
    assert room.files() == []


@pytest.mark.parametrize("arguments", [["--format", "docx"], ["--language", "de"], ["--jobs", "0"], ["--nonsense"]])
def test_an_unknown_option_or_choice_is_exit_2(room: Room, arguments: list[str]) -> None:
    assert room.run(*arguments).code == 2


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_folder_that_cannot_be_written_is_a_problem(room: Room) -> None:
    (room.path / "output").mkdir()
    (room.path / "output").chmod(stat.S_IRUSR | stat.S_IXUSR)
    done = room.run("--quiet")
    assert done.code == 1
    assert "cannot be written" in done.err[0]


def test_an_output_path_that_is_a_file_is_a_problem(room: Room) -> None:
    room.write("output", "a file")
    done = room.run("--quiet")
    assert done.code == 1
    assert all("cannot be written: " in line for line in done.err)


def test_no_temporary_file_is_left(built: Room) -> None:
    assert not [p for p in built.path.rglob("*.tmp") if p.is_file()]


def test_build_py_outside_of_the_environment_tells_what_to_do(tmp_path: Path) -> None:
    import subprocess

    done = subprocess.run(
        [sys.executable, "-S", "-I", str(ROOT / "build.py")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Type 'make' once; then 'source .venv/bin/activate'" in done.stderr
    assert "Traceback" not in done.stderr


def test_progress_is_a_bar_on_a_terminal(room: Room) -> None:
    pty = pytest.importorskip("pty")
    output = bytearray()

    def collect(descriptor: int) -> bytes:
        data = os.read(descriptor, 4096)
        output.extend(data)
        return data

    here = Path.cwd()
    os.chdir(room.path)
    devnull = os.open(os.devnull, os.O_WRONLY)
    saved = os.dup(1)
    try:
        os.dup2(devnull, 1)  # pty.spawn repeats what it reads
        status = pty.spawn([sys.executable, str(ROOT / "build.py")], collect)
    except OSError as error:
        pytest.skip(f"no terminal to be had: {error}")
    finally:
        os.dup2(saved, 1)
        os.chdir(here)
    assert os.waitstatus_to_exitcode(status) == 0
    text = output.decode(errors="replace")
    assert "━" in text
    assert "Made 20 files of 1 release:" in text
    assert "[1/2]" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes streams there by other means")
@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), (">&- 2>&-", 0), (">/dev/full", 1), ("2>/dev/full", 1)])
def test_streams_that_are_closed_or_full_bring_no_traceback(room: Room, closed: str, code: int) -> None:
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'build.py'))} {closed}"
    done = subprocess.run(command, shell=True, cwd=room.path, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    if code == 0:
        assert "press/good/good.en.pdf" in room.files()


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes there")
@pytest.mark.parametrize("folder", [b"releases", b"locales", b""])
def test_a_name_that_is_not_utf_8_is_told(room: Room, folder: bytes) -> None:
    path = os.path.join(os.fsencode(room.path), folder, b"caf\xe9.png")  # noqa: PTH118
    with open(path, "wb"):
        pass
    done = room.run("--quiet")
    assert (done.code, done.out) == (1, [])
    hint = "rename it; or, where other programs show it well, set LC_ALL=C.UTF-8"
    assert [line.rpartition("/")[2] for line in done.err] == [rf"caf\udce9.png: its name is not UTF-8; {hint}"]
