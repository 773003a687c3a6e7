"""The pages in a browser, by the keyboard alone, wide and narrow; nothing but loopback is asked."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from imgedit_assets.pages.desk import Desk
from resources.schema import Quarantine
from tests.browser.dagster_api import wait_until
from tests.imgedit_assets.pages.homes import BAD, GOOD, HTML, TURNS, small_home
from tests.programs import IMGEDIT, free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH"),
]

TIMEOUT_MS = 30_000
WIDTHS = (1400, 390)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        yield small_home(tmp_path_factory.mktemp("pages") / "home", patch)


@pytest.fixture(scope="module")
def served(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`imgedit view` on the small home."""
    port, log = free_port(), tmp_path_factory.mktemp("log") / "view.log"
    env = os.environ | {"IMGEDIT_HOME": str(desk.factory.home.folder)}
    with log.open("wb") as sink:
        command = [*IMGEDIT, "view", "--no-browser", "--port", str(port)]
        process = subprocess.Popen(command, env=env, stdout=sink, stderr=sink)
    try:
        wait_until(lambda: f":{port}" in log.read_text(), what="the address", timeout_s=120)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture
def page(request: pytest.FixtureRequest, chromium: Browser, served: str) -> Iterator[Page]:
    """An empty page; whatever it asks of another host, or complains of, fails the test."""
    wrong: list[str] = []

    def asked(one: Request) -> None:
        if urlsplit(one.url).netloc != urlsplit(served).netloc:
            wrong.append(one.url)

    size = {"width": request.param, "height": 900}
    with chromium.new_context(base_url=served, viewport=size) as context:
        context.set_default_timeout(TIMEOUT_MS)
        expect.set_options(timeout=TIMEOUT_MS)
        page = context.new_page()
        page.on("request", asked)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: wrong.append(m.text) if "Security Policy" in m.text else None)
        yield page
    assert not wrong


def sound(page: Page) -> None:
    """Nothing serious by axe, and nothing wider than the window."""
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}
    ]
    assert not serious
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_pairs_are_walked_through_and_compared_by_keys(page: Page) -> None:
    page.goto("/gallery")
    assert page.get_by_role("article").count() == 4
    sound(page)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys of this page")
    expect(keys).to_contain_text("Quarantine the pair")
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    expect(page.locator(".whatif .answer")).to_contain_text("measured precision")
    page.keyboard.press("w")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/sample/{BAD}*")
    expect(page.locator("h1")).to_have_text(f"Remove {HTML}")
    viewer = page.locator(".viewer[data-ready]")
    stage = viewer.locator(".stage")
    expect(stage).to_have_attribute("aria-label", "Slider: the left 50 % is before, the rest after")
    page.keyboard.press("ArrowRight")
    expect(stage).to_have_attribute("aria-label", "Slider: the left 55 % is before, the rest after")
    page.keyboard.press("5")
    expect(viewer.locator(".measure")).to_contain_text("8.33 % of the pixels differ")
    colour = """canvas => canvas.getContext('2d')
        .getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data.join()"""
    page.keyboard.press("4")
    before = stage.locator("canvas").first.evaluate(colour)
    page.keyboard.press("2")
    assert stage.locator("canvas").first.evaluate(colour) != before
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Mask")).to_have_attribute("aria-pressed", "true")
    sound(page)
    page.keyboard.press("j")
    page.wait_for_url(f"**/sample/{TURNS[1]}*")
    page.keyboard.press("g")
    page.wait_for_url("**/gallery?*")


@pytest.mark.parametrize("page", WIDTHS[1:], indirect=True)
def test_other_pages_are_sound(page: Page) -> None:
    for path in ("/quarantines", "/leaderboard", "/dataset", "/sample/ffffffff"):
        page.goto(path)
        sound(page)
    page.goto("/leaderboard")
    first = page.locator("tbody th").first
    expect(first).to_have_text("oracle")
    page.get_by_role("button", name="overall").press("Enter")
    page.get_by_role("button", name="overall").press("Enter")
    expect(first).to_have_text("copy-input")
    page.get_by_role("button", name="Case by case").press("Enter")
    expect(page.locator(".cases")).to_contain_text(HTML)
    sound(page)


@pytest.mark.parametrize("page", WIDTHS[:1], indirect=True)
def test_two_keys_take_a_bad_picture_out(page: Page, desk: Desk) -> None:
    known = len(desk.store.select(Quarantine))
    page.goto("/gallery?sort=best")
    card = page.locator(f"[data-id='{GOOD}']")
    card.locator("a").focus()
    page.keyboard.press("q")
    expect(page.get_by_role("dialog")).to_contain_text("accepted pair would leave")
    page.keyboard.press("Enter")
    expect(card.locator(".state")).to_have_text("quarantined")
    made = desk.store.select(Quarantine)
    assert len(made) == known + 1
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("undone")
    assert all(mark.undone_by for mark in desk.store.select(Quarantine))
    page.goto("/quarantines")
    expect(page.locator("main")).to_contain_text("bad picture")
