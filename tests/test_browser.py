"""Pages in a real browser, and as checkers of HTML see them: each kind of page, in each language."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from communique import cli, search
from conftest import Room

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
VALLEY, THREE = "2023-11-21-cosmetic-valley", "2026-11-16-three-languages"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="not on this machine: chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The samples with one release more that is retracted, one that is in English alone, and an address of old."""
    from conftest import ROOT, copy

    room = copy(ROOT, tmp_path_factory.mktemp("site"))
    room.write("releases/gone.yaml", "title: Gone\ndate: 2026-03-01\nstatus: retracted\nlanguages: [en]\nbody: Text.\n")
    room.write(
        "releases/alone.yaml",
        "title: In English alone\ndate: 2026-03-02\naliases: [old/alone]\nlanguages: [en, fr]\nbody: Text.\n",
    )
    room.write(
        "locales/fr/LC_MESSAGES/alone.po",
        'msgid "In English alone"\nmsgstr "Au cœur"\n\nmsgid "Text."\nmsgstr "Texte."\n',
    )
    with pytest.MonkeyPatch.context() as patch:
        # One index a year, as in a large newsroom.
        patch.setattr(search, "LEAST", 1)
        assert cli.main(["-q", "--root", str(room.path), "--jobs", "1", "--now", "2026-11-23"]) == 0
    return room


@pytest.fixture(scope="module")
def address(site: Room) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(site.path / "output/site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


KINDS = [
    *(f"{lang}/{path}index.html" for lang in ("ko", "en", "fr") for path in ("", f"{VALLEY}/", f"{THREE}/",
      "archive/2026/", "tag/press/", "search/")),
    "en/gone/index.html", "en/alone/index.html", "404.html", "index.html", "old/alone/index.html",
]  # fmt: skip


def opened(browser: object, **options: object) -> Any:
    """Return a page that stays where it goes: not in a language of the newsroom, and at addresses of old."""
    page = browser.new_page(locale="de-DE", **options)  # type: ignore[attr-defined]

    def staying(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub("<meta http-equiv=[^>]*>", "", answer.text()))

    page.route("**/old/alone/index.html", staying)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: object, address: str, npm: Path, scheme: str) -> None:
    page = opened(browser, color_scheme=scheme)
    axe = (npm / "axe-core/axe.min.js").read_text("utf-8")
    found = {}
    for path in KINDS:
        page.goto(f"{address}/{path}")
        assert page.url == f"{address}/{path}"
        page.evaluate(axe)
        told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        if told["violations"]:
            found[path] = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in told["violations"]]
    page.close()
    assert found == {}


def test_no_page_scrolls_sideways_at_320_pixels(browser: object, address: str) -> None:
    page = opened(browser, viewport={"width": 320, "height": 640})
    wide = {}
    for path in KINDS:
        page.goto(f"{address}/{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[path] = width
    page.close()
    assert wide == {}


def test_dark_mode_and_print_are_other_colours(browser: object, address: str) -> None:
    page = browser.new_page(color_scheme="dark")  # type: ignore[attr-defined]
    page.goto(f"{address}/en/{VALLEY}/index.html")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(ground) == "rgb(20, 23, 27)"
    page.emulate_media(media="print", color_scheme="light")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    assert not page.locator("nav").first.is_visible()
    assert page.locator("h1").is_visible()
    page.close()


@pytest.mark.parametrize(("locale", "expected"), [("ko-KR", "ko"), ("fr-CA", "fr"), ("de-DE", "")])
def test_the_root_goes_on_to_the_browsers_language(browser: object, address: str, locale: str, expected: str) -> None:
    page = browser.new_page(locale=locale)  # type: ignore[attr-defined]
    page.goto(f"{address}/")
    page.wait_for_load_state("networkidle")
    assert page.url == (f"{address}/{expected}/index.html" if expected else f"{address}/")
    page.close()


def test_without_scripts_the_root_offers_every_language(browser: object, address: str) -> None:
    page = browser.new_page(java_script_enabled=False, locale="ko-KR")  # type: ignore[attr-defined]
    page.goto(f"{address}/")
    assert [link.inner_text() for link in page.locator("h2 a").all()] == ["한국어", "English", "Français"]
    page.locator("h2 a").nth(2).click()
    assert page.url == f"{address}/fr/index.html"
    page.close()


def test_with_the_keyboard_alone_one_switches_the_language(browser: object, address: str) -> None:
    page = browser.new_page()  # type: ignore[attr-defined]
    page.goto(f"{address}/en/{VALLEY}/index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    for _ in range(4):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hreflang") == "fr"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/fr/{VALLEY}/index.html")
    page.close()


@pytest.mark.parametrize(
    ("language", "query", "expected"),
    [
        ("ko", "벤처기업부", VALLEY),  # inside 중소벤처기업부
        ("ko", "화장품", VALLEY),
        ("ko", "중소벤처", VALLEY),
        ("fr", "cosmetique", VALLEY),
        ("fr", "cosmétique", VALLEY),
        ("fr", "COSMÉTIQUES", VALLEY),
        ("fr", "coeur", "alone"),
        ("fr", "cœur", "alone"),
        ("en", "cosmetics", VALLEY),
    ],
)
def test_search_finds(browser: object, address: str, language: str, query: str, expected: str) -> None:
    pytest.importorskip("pagefind", reason="the extra search is not installed")
    page = browser.new_page()  # type: ignore[attr-defined]
    page.goto(f"{address}/{language}/index.html")
    page.locator("form.search input").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_selector("#found a")
    page.wait_for_function("document.getElementById('told').textContent !== ''")
    links = [link.get_attribute("href") for link in page.locator("#found a").all()]
    assert f"{address}/{language}/{expected}/index.html" in links
    page.locator("#found a").first.click()
    page.wait_for_url(f"{address}/{language}/*/index.html")
    page.close()


def test_search_says_when_nothing_is_found(browser: object, address: str) -> None:
    pytest.importorskip("pagefind", reason="the extra search is not installed")
    page = browser.new_page()  # type: ignore[attr-defined]
    page.goto(f"{address}/en/search/index.html?q=zebrafinchxyz")
    page.wait_for_function("document.getElementById('told').textContent !== ''")
    assert page.locator("#told").inner_text() == "Nothing was found."
    page.close()


def test_an_old_address_leads_on(browser: object, address: str) -> None:
    page = browser.new_page()  # type: ignore[attr-defined]
    page.goto(f"{address}/old/alone/index.html")
    page.wait_for_url(f"{address}/en/alone/index.html")
    page.close()


@pytest.mark.skipif(not shutil.which("java"), reason="not on this machine: java")
def test_the_nu_html_checker_finds_nothing(site: Room, npm: Path) -> None:
    jar = npm / "vnu-jar/build/dist/vnu.jar"
    folder = site.path / "output/site"
    command = ["java", "-jar", str(jar), "--format", "json", "--also-check-css"]
    command += [str(path) for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".css")]
    done = subprocess.run(command, capture_output=True, check=False)
    told = [
        (m["url"].rpartition("/site/")[2], m.get("lastLine"), m["message"])
        for m in json.loads(done.stderr)["messages"]
        if m["type"] == "error"
    ]
    assert told == []


def test_a_page_is_small_and_waits_for_one_style_alone(browser: object, address: str, site: Room) -> None:
    import gzip

    page = browser.new_page()  # type: ignore[attr-defined]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(address)))
    page.goto(f"{address}/en/{VALLEY}/index.html")
    page.wait_for_load_state("networkidle")
    page.close()
    paths = [f"/en/{VALLEY}/index.html", "/assets/site.css", "/assets/copy.js"]
    assert [path for path in asked if "icon" not in path] == paths
    assert re.findall("<script(?![^>]*(?: defer| type=)).*", site.read(f"output/site/en/{VALLEY}/index.html")) == []
    sent = sum(len(gzip.compress((site.path / f"output/site{path}").read_bytes())) for path in paths)
    assert sent < 30 * 1024


def test_quotations_and_contacts_are_copied_by_a_button(browser: object, address: str) -> None:
    page = browser.new_page()  # type: ignore[attr-defined]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address}/en/{VALLEY}/index.html")
    contact = "Rachel Minjo Chun\nSpokesperson for Foreign Media\npress@example.org"
    for name, start in (("Copy the quotation", "“The cosmetics industry"), ("Copy the contact", contact)):
        button = page.get_by_role("button", name=name).first
        button.click()
        page.wait_for_function("document.querySelector('button.copy:focus').textContent === 'Copied'")
        assert page.evaluate("navigator.clipboard.readText()").startswith(start)
    page.close()
    page = browser.new_page(java_script_enabled=False)  # type: ignore[attr-defined]
    page.goto(f"{address}/en/{THREE}/index.html")
    assert page.locator("button").count() == 0
    page.close()


@pytest.mark.parametrize("path", ["en/index.html", f"ko/{THREE}/index.html"])
def test_lighthouse_gives_95_and_more(address: str, npm: Path, tmp_path: Path, path: str) -> None:
    told = tmp_path / "told.json"
    command = ["node", str(npm / "lighthouse/cli/index.js"), f"{address}/{path}", "--quiet", "--output=json"]
    command += [f"--output-path={told}", "--chrome-flags=--headless=new --no-sandbox"]
    scores: dict[str, float] = {}
    # Speed is measured: what else a machine is at counts, too, so the best of three.
    for _ in range(3):
        environment = {**os.environ, "CHROME_PATH": CHROMIUM}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found = {name: one["score"] for name, one in json.loads(told.read_text("utf-8"))["categories"].items()}
        scores = {name: max(score, scores.get(name, 0)) for name, score in found.items()}
        if min(scores.values()) >= 0.95:
            break
    assert scores.keys() == {"performance", "accessibility", "best-practices", "seo"}
    assert {name: score for name, score in scores.items() if score < 0.95} == {}
